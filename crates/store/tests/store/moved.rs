//! A database of the version before there were keys of people: it is read at once, and soon nothing in it opens with the
//! key that sealed everything, nor names anybody.

use std::str::FromStr;

use contactiq_domain::{
    Mode,
    ids::{CountingIds, KeyId},
};
use contactiq_guard::{
    Masked, Placeholders,
    seal::{Sealer, key_of},
};
use contactiq_store::{
    Location, Store, conversations,
    conversations::Owner,
    feedback, interactions,
    ledger::dead,
    moved::{self, Moved},
    placeholders,
    privacy::{
        consent::{self, Purpose},
        holds,
    },
    rulings, sealing, tickets,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqlSafeStr,
    migrate::{Migrate, Migration, MigrationType, Migrator},
    postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::{
    engines::{Place, kek, kek_of},
    placeholders::numbered,
    samples::{escalated, masked, started, ticket},
};

const OLD_KEY: [u8; 32] = [7; 32];
/// The migration that brought keys of people.
const DATA_KEYS: i64 = 28;
const POSTGRES_ALONE: [i64; 2] = [7, 22];

/// The migrations of that version.
fn migrator(postgres: bool) -> Migrator {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let migrations = files.iter().filter_map(|path| {
        let (number, name) = path.file_stem()?.to_str()?.split_once('_')?;
        let version: i64 = number.parse().ok()?;
        if version >= DATA_KEYS || (!postgres && POSTGRES_ALONE.contains(&version)) {
            return None;
        }
        let sql = AssertSqlSafe(std::fs::read_to_string(path).unwrap()).into_sql_str();
        Some(Migration::new(version, name.to_owned().into(), MigrationType::Simple, sql, false))
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_locking(false);
    migrator
}

async fn run<C: Migrate + Connection>(connection: &mut C, postgres: bool) {
    migrator(postgres).run_direct(None, connection, false).await.unwrap();
}

async fn migrate(place: &Place) {
    match place.location() {
        Location::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let mut raw = options.pragma("secure_delete", "ON").connect().await.unwrap();
            run(&mut raw, false).await;
            raw.close().await.unwrap();
        }
        Location::Postgres(url) => {
            let mut raw = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
            run(&mut raw, true).await;
            raw.close().await.unwrap();
        }
    }
}

/// Rows as that version wrote them.
struct Old<'p> {
    place: &'p Place,
    sealer: Sealer,
    postgres: bool,
}

impl Old<'_> {
    fn bytes(&self, bytes: &[u8]) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if self.postgres { format!("'\\x{digits}'::bytea") } else { format!("X'{digits}'") }
    }

    fn sealed(&self, text: &Masked, place: &str) -> String {
        self.bytes(&self.sealer.seal(text, place))
    }

    async fn insert(&self, table: &str, columns: &[(&str, String)]) {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
        self.place.raw(AssertSqlSafe(sql)).await.unwrap();
    }
}

fn quoted(text: impl std::fmt::Display) -> String {
    format!("'{}'", text.to_string().replace('\'', "''"))
}

fn json(value: &impl serde::Serialize) -> String {
    quoted(serde_json::to_string(value).unwrap())
}

async fn an_old_database_is_moved(place: Place) {
    migrate(&place).await;
    let ids = CountingIds::default();
    let postgres = matches!(place.location(), Location::Postgres(_));
    let nonces = std::sync::atomic::AtomicU8::new(1);
    let sealer =
        Sealer::new(&OLD_KEY, move || [nonces.fetch_add(1, std::sync::atomic::Ordering::SeqCst); 12]);
    let old = Old { place: &place, sealer, postgres };
    let key = KeyId::new(&ids);
    old.insert(
        "api_keys",
        &[
            ("id", quoted(key)),
            ("name", quoted("bank")),
            ("prefix", quoted("ciq")),
            ("hash", quoted("a".repeat(64))),
            ("role", quoted("service")),
            ("created_at", "1".into()),
        ],
    )
    .await;
    let mut own = crate::samples::conversation(&ids);
    (own.subject, own.owner_key) = ("jane-4711".into(), Some(key));
    let mut begun = started(&ids, &own);
    begun.session = "jane-4711".into();
    let done = escalated(&begun, contactiq_domain::Trigger::SecurityFraud);
    let given = ticket(&ids, &done);
    let mut numbers = Placeholders::default();
    numbered(&mut numbers, "My name is Zorblat Quimby");
    let values = old.sealer.seal_placeholders(&numbers, &format!("conversations.placeholders/{}", own.id));
    old.insert(
        "conversations",
        &[
            ("id", quoted(own.id)),
            ("mode", quoted(Mode::Customer)),
            ("subject", quoted(&own.subject)),
            ("owner_key", quoted(key)),
            ("label", old.sealed(own.label.as_ref().unwrap(), &format!("conversations.label/{}", own.id))),
            ("placeholders", old.bytes(&values)),
            ("demo", "FALSE".into()),
            ("created_at", own.created_at.micros().to_string()),
        ],
    )
    .await;
    old.insert(
        "interactions",
        &[
            ("id", quoted(done.id)),
            ("request_id", quoted(done.request_id)),
            ("correlation_id", quoted(&done.correlation_id)),
            ("conversation", quoted(done.conversation)),
            ("subject", quoted(&done.subject)),
            ("session", quoted(&done.session)),
            ("mode", quoted(done.mode)),
            ("question", old.sealed(&done.question, &format!("interactions.question/{}", done.id))),
            ("intent", quoted(done.intent.as_str())),
            ("category", quoted(done.category)),
            ("intent_probability", done.intent_probability.get().to_string()),
            ("classification_reason", quoted(&done.classification_reason)),
            ("routing", quoted(done.routing)),
            ("answer", old.sealed(&done.answer, &format!("interactions.answer/{}", done.id))),
            ("citations", json(&done.citations)),
            ("confidence", done.confidence.get().to_string()),
            ("outcome", quoted(done.outcome)),
            ("decisive_trigger", quoted(done.trigger.unwrap())),
            ("triggers", json(&done.triggers)),
            ("reason", quoted(&done.reason)),
            ("ticket", done.ticket.map_or("NULL".into(), quoted)),
            ("steps", json(&done.steps)),
            ("retrieved_passages", done.retrieved_passages.to_string()),
            ("model", quoted(&done.model)),
            ("tokens_input", done.tokens.input.to_string()),
            ("tokens_output", done.tokens.output.to_string()),
            ("cost_nano_usd", done.cost_usd.0.to_string()),
            ("pii_detected", "TRUE".into()),
            ("pii_masked", "TRUE".into()),
            ("knowledge_version", quoted(&done.knowledge_version)),
            ("retention_policy", quoted(&done.retention_policy)),
            ("demo", "FALSE".into()),
            ("processing_time_ms", done.processing_time_ms.to_string()),
            ("created_at", done.created_at.micros().to_string()),
            ("completed_at", done.completed_at.micros().to_string()),
        ],
    )
    .await;
    old.insert(
        "tickets",
        &[
            ("id", quoted(given.id)),
            ("interaction", quoted(given.interaction)),
            ("conversation", quoted(given.conversation)),
            ("mode", quoted(given.mode)),
            ("decisive_trigger", quoted(given.trigger)),
            ("rule", quoted(&given.rule)),
            ("queue", quoted(&given.queue)),
            ("priority", quoted(given.priority)),
            ("state", quoted(given.state)),
            ("question", old.sealed(&given.question, &format!("tickets.question/{}", given.id))),
            ("told", old.sealed(&given.told, &format!("tickets.told/{}", given.id))),
            ("created_at", given.created_at.micros().to_string()),
        ],
    )
    .await;
    let said = quoted(uuid::Uuid::from_u128(7));
    old.insert(
        "feedback",
        &[
            ("id", said.clone()),
            ("interaction", quoted(done.id)),
            ("subject", quoted("jane-4711")),
            ("helpful", "FALSE".into()),
            (
                "problem",
                old.sealed(
                    &masked("wrong in Orange"),
                    &format!("feedback.problem/{}", uuid::Uuid::from_u128(7)),
                ),
            ),
            ("created_at", "5".into()),
        ],
    )
    .await;
    old.insert(
        "legal_holds",
        &[
            ("id", quoted(uuid::Uuid::from_u128(8))),
            ("subject", quoted("jane-4711")),
            ("owner_key", quoted(key)),
            ("matter", quoted("case 17")),
            ("placed_by", quoted("desk")),
            ("placed_at", "5".into()),
        ],
    )
    .await;
    old.insert(
        "consents",
        &[
            ("subject", quoted("jane-4711")),
            ("owner_key", quoted(key)),
            ("purpose", quoted("history")),
            ("given", "FALSE".into()),
            ("noted_by", quoted("desk")),
            ("noted_at", "5".into()),
        ],
    )
    .await;
    old.insert(
        "rulings",
        &[
            ("conflict", quoted("c000000000000001")),
            ("collection", quoted("customer")),
            ("one_document", quoted("a")),
            ("one_sentence", quoted("s")),
            ("other_document", quoted("b")),
            ("other_sentence", quoted("t")),
            ("verdict", quoted("not_a_conflict")),
            ("note", old.sealed(&masked("both hold in Wagga"), "rulings.note/c000000000000001")),
            ("ruled_by", quoted("desk")),
            ("ruled_at", "5".into()),
        ],
    )
    .await;
    old.insert(
        "idempotency",
        &[
            ("caller", quoted(format!("key:{key}/jane-4711"))),
            ("route", quoted("r")),
            ("name", quoted("n")),
            ("body_hash", quoted("b")),
            ("lease_ends_at", "5".into()),
            ("expires_at", "9000000000000000".into()),
        ],
    )
    .await;
    old.insert(
        "access_events",
        &[
            ("id", quoted(uuid::Uuid::from_u128(9))),
            ("occurred_at", "5".into()),
            ("actor", quoted("jane-4711")),
            ("from_ip", quoted("203.0.113.7")),
            ("method", quoted("GET")),
            ("route", quoted("/v1/costs")),
            ("result", quoted("allowed")),
            ("status", "200".into()),
        ],
    )
    .await;
    let entry = serde_json::json!({
        "form": 1,
        "conversation": { "id": own.id, "mode": "customer", "subject": "jane-4711", "owner_key": key, "label": null, "demo": false, "created_at": own.created_at },
        "withdrawal": [done.id, done.completed_at],
    });
    old.insert(
        "dead_letters",
        &[
            ("id", quoted("letter")),
            ("interaction", quoted(done.id)),
            ("phase", quoted("withdrawal")),
            ("entry", old.bytes(&serde_json::to_vec(&entry).unwrap())),
            ("reason", quoted("why")),
            ("tries", "1".into()),
            ("created_at", "5".into()),
            ("last_tried_at", "5".into()),
        ],
    )
    .await;
    let fingerprint = {
        use sha2::{Digest, Sha256};
        let hash = Sha256::new().chain_update(OLD_KEY).chain_update(b"fingerprint").finalize();
        hash[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    old.insert("meta", &[("name", quoted("sealing_key")), ("value", quoted(fingerprint))]).await;

    let refused = Store::open(&place.location(), kek_of(&[[8; 32]])).await.unwrap_err();
    assert!(refused.to_string().contains("sealed with another key"), "{refused}");

    // A new key is in force, and the one of before stands by: at once everything reads as it was.
    let store = Store::open(&place.location(), kek_of(&[[9; 32], OLD_KEY])).await.unwrap();
    let owner = Owner { subject: "jane-4711", key: Some(key) };
    let whole = async |store: &Store| {
        let mut r = store.read().await.unwrap();
        assert_eq!(interactions::get(&mut r, done.id).await.unwrap().as_ref(), Some(&done));
        assert_eq!(conversations::list_of(&mut r, &owner, 9).await.unwrap(), [own.clone()]);
        assert_eq!(tickets::get(&mut r, given.id).await.unwrap().as_ref(), Some(&given));
        let mut kept = placeholders::of(&mut r, own.id).await.unwrap();
        let again = "My name is Zorblat Quimby, my wife is called Hannah Novak";
        assert_eq!(numbered(&mut kept, again), "My name is <PERSON_1>, my wife is called <PERSON_2>");
        let found = feedback::of_interaction(&mut r, done.id).await.unwrap();
        assert_eq!(
            (found[0].subject.as_str(), found[0].problem.clone()),
            ("jane-4711", Some(masked("wrong in Orange")))
        );
        assert_eq!(holds::of(&mut r, &owner).await.unwrap().unwrap().subject, "jane-4711");
        assert_eq!(consent::of(&mut r, &owner).await.unwrap()[0].purpose, Purpose::History);
        assert_eq!(rulings::list(&mut r).await.unwrap()[0].note, Some(masked("both hold in Wagga")));
        let (_, letter) = dead::get(&mut r, "letter").await.unwrap().unwrap();
        assert_eq!(letter.unwrap().interaction(), done.id);
        let event = &contactiq_store::access::recent(&mut r, 9).await.unwrap()[0];
        assert_eq!((event.actor.as_str(), event.from_ip.as_str()), ("jane-4711", "203.0.113.7"));
    };
    whole(&store).await;
    // Batch by batch, and broken off in the middle.
    assert_ne!(moved::step(&store).await.unwrap(), Moved::All);
    whole(&store).await;
    store.close().await;
    let store = Store::open(&place.location(), kek_of(&[[9; 32], OLD_KEY])).await.unwrap();
    while moved::step(&store).await.unwrap() != Moved::All {}
    assert_eq!(moved::state(&mut store.read().await.unwrap()).await.unwrap(), Moved::All);
    whole(&store).await;
    assert!(sealing::status(&store).await.unwrap()[1..].iter().all(|wrapped| wrapped.people == 0));
    store.close().await;

    // The old key is needed no more. Nothing names anybody, and nothing that it sealed is anywhere.
    let dump = place.dump().await;
    let holds = |word: &str| {
        let digits: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        [word, &digits].iter().any(|w| dump.windows(w.len()).any(|window| window == w.as_bytes()))
    };
    assert!(holds("security_fraud"), "a control");
    for word in ["jane-4711", "203.0.113.7", "Wollongong", "Orange", "Wagga", "Zorblat"] {
        assert!(!holds(word), "{word}");
    }
    let old_id = {
        use sha2::Digest;
        sha2::Sha256::digest(OLD_KEY)
    };
    for format in [1_u8, 2] {
        // The header of what the old key sealed: format and the key's id.
        let header = [&[format][..], &old_id[..4]].concat();
        let digits: String = header.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!dump.windows(5).any(|window| window == header), "format {format}");
        assert!(!dump.windows(10).any(|window| window == digits.as_bytes()), "format {format}");
    }
    assert!(key_of(&[3; 40]).is_some(), "a control: what a person's key sealed names it");
    let store = Store::open(&place.location(), kek_of(&[[9; 32]])).await.unwrap();
    whole(&store).await;
    store.close().await;
    assert!(Store::open(&place.location(), kek()).await.is_err());
    place.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_database_of_sqlite_is_moved() {
    an_old_database_is_moved(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_database_of_postgresql_is_moved() {
    an_old_database_is_moved(Place::postgresql().await).await;
}
