//! Rows of an old database that are moved: of every kind, across a batch's border, and those that can't be read.

use contactiq_domain::{
    Role, Started, Timestamp,
    ids::{CountingIds, Ids, SessionId},
};
use contactiq_guard::{Masked, ReviewKind};
use contactiq_store::{
    Store, access,
    conversations::{self, Conversation},
    interactions,
    moved::{self, Moved},
    page_sessions, review, sealing,
};

use crate::{
    engines::{Place, kek_of},
    old_database::{OLD_KEY, Old, quoted},
    samples::{NOW, conversation, masked, record, started},
};

/// Rows of one transaction of the move.
const BATCH: usize = 200;

async fn open(place: &Place) -> Store {
    Store::open(&place.location(), kek_of(&[[9; 32], OLD_KEY])).await.unwrap()
}

async fn all_moved(store: &Store) {
    while moved::step(store).await.unwrap() != Moved::All {}
    assert_eq!(moved::state(&mut store.read().await.unwrap()).await.unwrap(), Moved::All);
}

/// Whether a word is in a dump, as it is or as the hexadecimal digits in which PostgreSQL shows bytes.
fn holds(dump: &[u8], word: &[u8]) -> bool {
    let digits: String = word.iter().map(|byte| format!("{byte:02x}")).collect();
    [word, digits.as_bytes()].iter().any(|w| dump.windows(w.len()).any(|window| window == *w))
}

/// What begins every text that the old key sealed.
fn header(format: u8) -> Vec<u8> {
    use sha2::Digest;
    [&[format][..], &sha2::Sha256::digest(OLD_KEY)[..4]].concat()
}

fn of(ids: &dyn Ids, subject: &str) -> Conversation {
    Conversation { subject: subject.into(), ..conversation(ids) }
}

async fn session(old: &Old<'_>, id: SessionId, subject: &str, label: String) {
    let token = format!("{:0>64}", id.uuid().simple().to_string());
    old.insert(
        "page_sessions",
        &[
            ("id", quoted(id)),
            ("token_hash", quoted(token)),
            ("subject", quoted(subject)),
            ("label", label),
            ("role", quoted(Role::Banker)),
            ("from_ip", quoted("203.0.113.9")),
            ("created_at", "5".into()),
            ("seen_at", "5".into()),
            ("ends_at", "9000000000000000".into()),
        ],
    )
    .await;
}

async fn event(old: &Old<'_>, number: u128, actor: &str) {
    old.insert(
        "access_events",
        &[
            ("id", quoted(uuid::Uuid::from_u128(number))),
            ("occurred_at", number.to_string()),
            ("actor", quoted(actor)),
            ("from_ip", quoted("203.0.113.9")),
            ("method", quoted("GET")),
            ("route", quoted("/v1/costs")),
            ("result", quoted("allowed")),
            ("status", "200".into()),
        ],
    )
    .await;
}

async fn every_kind_is_moved_across_the_border_of_a_batch(place: Place) {
    let (old, ids) = (Old::at(&place).await, CountingIds::default());
    let key = old.key(&ids).await;
    // One more than a batch, of two people in turn.
    let (jane, john) = (of(&ids, "jane-4711"), of(&ids, "john-4712"));
    let mut records = Vec::new();
    for number in 0..=BATCH {
        let whose = if number % 2 == 0 { &jane } else { &john };
        records.push(record(&started(&ids, whose)));
    }
    // Where a back end named nobody, each conversation is a person.
    let nobody: Vec<Conversation> =
        (0..2).map(|_| Conversation { owner_key: Some(key), ..of(&ids, &key.subject()) }).collect();
    // Somebody who was forgotten before.
    let forgotten = Conversation { label: None, ..of(&ids, "zorblat-9") };
    for whose in nobody.iter().chain([&jane, &john, &forgotten]) {
        old.conversation(whose).await;
    }
    records.extend(nobody.iter().map(|whose| record(&started(&ids, whose))));
    for record in &records {
        old.record(record).await;
    }
    let mut gone = record(&Started { question: Masked::erased(), ..started(&ids, &forgotten) });
    (gone.answer, gone.subject, gone.session) =
        (Masked::erased(), format!("erased:{}", forgotten.id), "erased".into());
    old.record(&gone).await;
    place.raw_of(format!("UPDATE interactions SET anonymised_at = 5 WHERE id = '{}'", gone.id)).await;
    place.raw_of(format!("UPDATE conversations SET erased_at = 5 WHERE id = '{}'", forgotten.id)).await;
    let refusal = ids.next();
    old.insert(
        "refusals",
        &[
            ("id", quoted(refusal)),
            ("interaction", quoted(records[0].id)),
            ("kind", quoted(ReviewKind::Flagged)),
            ("rules", quoted("[]")),
            ("message", old.sealed(&masked("flagged in Bathurst"), &format!("refusals.message/{refusal}"))),
            ("created_at", "5".into()),
        ],
    )
    .await;
    let page = SessionId::new(&ids);
    let label = old.sealed(&masked("Mia of Dubbo"), &format!("page_sessions.label/{page}"));
    session(&old, page, "person:mia", label).await;
    old.end().await;

    let store = open(&place).await;
    let whole = async |store: &Store| {
        let mut r = store.read().await.unwrap();
        for record in records.iter().chain([&gone]) {
            assert_eq!(interactions::get(&mut r, record.id).await.unwrap().as_ref(), Some(record));
        }
        for own in nobody.iter().chain([&jane, &john]) {
            assert_eq!(conversations::get_for_staff(&mut r, own.id).await.unwrap().as_ref(), Some(own));
        }
        let left = conversations::get_for_staff(&mut r, forgotten.id).await.unwrap().unwrap();
        assert_eq!(left.subject, format!("erased:{}", forgotten.id));
        let listed = review::get(&mut r, refusal).await.unwrap().unwrap();
        assert_eq!(listed.entry.message, masked("flagged in Bathurst"));
        let token = format!("{:0>64}", page.uuid().simple().to_string());
        let found = page_sessions::find(&mut r, &token).await.unwrap().unwrap();
        assert_eq!((found.subject.as_str(), found.from_ip.as_str()), ("person:mia", "203.0.113.9"));
        assert_eq!(found.label, Some(masked("Mia of Dubbo")));
    };
    whole(&store).await;
    // In the middle, and at the end.
    let mut steps = 0;
    loop {
        steps += 1;
        if moved::step(&store).await.unwrap() == Moved::All {
            break;
        }
        if steps == 2 {
            whole(&store).await;
        }
    }
    whole(&store).await;
    let mut r = store.read().await.unwrap();
    assert_eq!(moved::unread(&mut r).await.unwrap(), 0);
    assert_eq!(sealing::count_people(&mut r).await.unwrap(), 4, "two of a name, and two of none");
    drop(r);
    store.close().await;
    let dump = place.dump().await;
    for word in ["jane-4711", "john-4712", "zorblat-9", "person:mia", "203.0.113.9", "Bathurst", "Dubbo"] {
        assert!(!holds(&dump, word.as_bytes()), "{word}");
    }
    assert!(!holds(&dump, &header(1)) && !holds(&dump, &header(2)));
    place.end().await;
}

async fn what_cant_be_read_keeps_nothing_else(place: Place) {
    let (old, ids) = (Old::at(&place).await, CountingIds::default());
    let jane = of(&ids, "jane-4711");
    old.conversation(&jane).await;
    let records: Vec<_> = (0..3).map(|_| record(&started(&ids, &jane))).collect();
    for record in &records {
        old.record(record).await;
    }
    // One text that somebody changed, one that was moved from another row, and the same in every other place.
    let garbage = old.bytes(&[1, 2, 3, 4]);
    place
        .raw_of(format!("UPDATE interactions SET question = {garbage} WHERE id = '{}'", records[0].id))
        .await;
    let moved_here = old.sealed(&masked("told in Wagga"), "interactions.answer/elsewhere");
    place
        .raw_of(format!("UPDATE interactions SET answer = {moved_here} WHERE id = '{}'", records[1].id))
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
            ("note", garbage.clone()),
            ("ruled_by", quoted("desk")),
            ("ruled_at", "5".into()),
        ],
    )
    .await;
    session(&old, SessionId::new(&ids), "person:mia", garbage.clone()).await;
    event(&old, 9, "sealed:AAAA").await;
    event(&old, 10, "jane-4711").await;
    old.insert(
        "dead_letters",
        &[
            ("id", quoted("letter")),
            ("interaction", quoted(records[2].id)),
            ("phase", quoted("start")),
            ("entry", old.bytes(b"no entry")),
            ("reason", quoted("why")),
            ("tries", "1".into()),
            ("created_at", "5".into()),
            ("last_tried_at", "5".into()),
        ],
    )
    .await;
    old.end().await;

    let store = open(&place).await;
    assert_eq!(moved::unread(&mut store.read().await.unwrap()).await.unwrap(), 2, "a session and a ruling");
    all_moved(&store).await;
    let mut r = store.read().await.unwrap();
    assert_eq!(moved::unread(&mut r).await.unwrap(), 6);
    assert_eq!(interactions::get(&mut r, records[2].id).await.unwrap().as_ref(), Some(&records[2]));
    assert!(interactions::get(&mut r, records[0].id).await.is_err());
    assert!(interactions::get(&mut r, records[1].id).await.is_err());
    drop(r);
    place.raw_of("DELETE FROM access_events WHERE actor = 'sealed:AAAA'".to_owned()).await;
    let found = access::recent(&mut store.read().await.unwrap(), 9).await.unwrap();
    assert_eq!(found.iter().map(|event| event.actor.as_str()).collect::<Vec<_>>(), ["jane-4711"]);
    store.close().await;
    // Who it was is told by no row, and what could be read of the others is sealed anew.
    let dump = place.dump().await;
    assert!(!holds(&dump, b"jane-4711") && !holds(&dump, b"session-1"));
    let again = open(&place).await;
    assert_eq!(moved::step(&again).await.unwrap(), Moved::All, "it is done, and is not begun again");
    again.close().await;
    place.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_row_is_moved_sqlite() {
    every_kind_is_moved_across_the_border_of_a_batch(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_row_is_moved_postgresql() {
    every_kind_is_moved_across_the_border_of_a_batch(Place::postgresql().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cant_be_read_is_counted_sqlite() {
    what_cant_be_read_keeps_nothing_else(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_cant_be_read_is_counted_postgresql() {
    what_cant_be_read_keeps_nothing_else(Place::postgresql().await).await;
}

/// How long a start takes that hashes names. Run it with `--run-ignored all`, in a release build.
#[expect(clippy::print_stdout, reason = "a figure is printed")]
async fn names_of_many(place: Place) {
    const PEOPLE: usize = 20_000;
    let (old, ids) = (Old::at(&place).await, CountingIds::default());
    // One as it is, and as many copies of it as there are people; nothing of the texts is opened at the start.
    let own = Conversation { label: None, ..of(&ids, "person-0") };
    old.conversation(&own).await;
    let done = record(&started(&ids, &own));
    old.record(&done).await;
    let columns = place.columns("interactions").await;
    let numbered = |column: &str| match column {
        "id" => "'i' || n.i".to_owned(),
        "request_id" => "'r' || n.i".to_owned(),
        "conversation" => {
            "'00000000-0000-7000-9000-' || substr(CAST(1000000000000 + n.i AS TEXT), 2)".to_owned()
        }
        other => format!("t.{other}"),
    };
    let each: Vec<String> = columns.iter().map(|column| numbered(column)).collect();
    let people =
        format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE})");
    for sql in [
        format!(
            "INSERT INTO conversations (id, mode, subject, demo, created_at) {people}
             SELECT {}, 'customer', 'person-' || i, FALSE, {} FROM n",
            numbered("conversation"),
            NOW.micros()
        ),
        format!(
            "INSERT INTO interactions ({}) {people} SELECT {} FROM n CROSS JOIN interactions t",
            columns.join(", "),
            each.join(", ")
        ),
        format!(
            "INSERT INTO feedback (id, interaction, subject, helpful, created_at) {people}
             SELECT 'f' || i, 'i' || i, 'person-' || i, TRUE, {} FROM n",
            Timestamp::from_micros(5).micros()
        ),
    ] {
        place.raw_of(sql).await;
    }
    old.end().await;
    let since = std::time::Instant::now();
    let store = open(&place).await;
    println!("{}: the names of {PEOPLE} people were hashed in {:?}", store.engine(), since.elapsed());
    assert!(sealing::count_people(&mut store.read().await.unwrap()).await.unwrap() >= PEOPLE as u64);
    store.close().await;
    place.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: 20,000 people"]
async fn how_long_names_take_sqlite() {
    names_of_many(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: 20,000 people"]
async fn how_long_names_take_postgresql() {
    names_of_many(Place::postgresql().await).await;
}
