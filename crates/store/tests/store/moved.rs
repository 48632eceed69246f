//! A database of the version before there were keys of people: it is read at once, and soon nothing in it opens with the
//! key that sealed everything, nor names anybody.

use contactiq_domain::ids::CountingIds;
use contactiq_guard::{Placeholders, seal::key_of};
use contactiq_store::{
    Store,
    conversations::{self, Owner},
    feedback,
    idempotency::Fence,
    interactions,
    ledger::{Claimed, Entry, dead},
    moved::{self, Moved},
    placeholders,
    privacy::{
        consent::{self, Purpose},
        holds,
    },
    rulings, sealing, tickets,
};

use crate::{
    engines::{Place, kek, kek_of},
    old_database::{OLD_KEY, Old, quoted},
    placeholders::numbered,
    samples::{escalated, masked, started, ticket},
};

async fn an_old_database_is_moved(place: Place) {
    let (old, ids) = (Old::at(&place).await, CountingIds::default());
    let key = old.key(&ids).await;
    let mut own = crate::samples::conversation(&ids);
    (own.subject, own.owner_key) = ("jane-4711".into(), Some(key));
    let mut begun = started(&ids, &own);
    begun.session = "jane-4711".into();
    let done = escalated(&begun, contactiq_domain::Trigger::SecurityFraud);
    let given = ticket(&ids, &done);
    let mut numbers = Placeholders::default();
    numbered(&mut numbers, "My name is Zorblat Quimby");
    let values = old.sealer.seal_placeholders(&numbers, &format!("conversations.placeholders/{}", own.id));
    old.conversation(&own).await;
    place
        .raw_of(format!(
            "UPDATE conversations SET placeholders = {} WHERE id = '{}'",
            old.bytes(&values),
            own.id
        ))
        .await;
    old.record(&done).await;
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
    let claimed = Claimed {
        caller: format!("key:{key}/jane-4711"),
        route: "r".into(),
        key: "n".into(),
        body: "b".into(),
        fence: Fence::of(uuid::Uuid::from_u128(10)),
        queued: true,
        shown: true,
    };
    let entry = serde_json::json!({
        "form": 1,
        "conversation": { "id": own.id, "mode": "customer", "subject": "jane-4711", "owner_key": key, "label": null, "demo": false, "created_at": own.created_at },
        "withdrawal": [done.id, done.completed_at],
        "withdrawn": claimed,
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
    old.end().await;

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
        let Ok(Entry::Withdrawal(letter)) = letter else { panic!("{letter:?}") };
        assert_eq!(letter.interaction, done.id);
        assert_eq!(letter.claimed.unwrap().caller, store.pseudonym(&format!("key:{key}/jane-4711")));
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
