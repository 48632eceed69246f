//! What is kept of one person is sealed with a key of that person, which the key-encryption key wraps: whoever destroys
//! it has forgotten the person (A6, E7; docs/adr/0023).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{
    Record, Started, Trigger,
    clock::FixedClock,
    ids::{ConversationId, FeedbackId},
};
use contactiq_guard::{Masked, seal::SealError};
use contactiq_store::{
    Ledger, Store, StoreError, access,
    access::{AccessEvent, AccessResult},
    conversations::{self, Conversation, Owner},
    feedback::{self, Feedback},
    interactions, keys,
    ledger::{self, Applied, Completion, Entry, Places, Start},
    placeholders,
    privacy::{
        consent::{self, Consent, Purpose},
        erase::{self, Erased},
        holds,
        purge::{self, Before, Purged},
    },
    sealing,
};
use tokio::task::JoinSet;

use crate::{
    engines::{Bench, Place},
    samples::{NOW, conversation, escalated, masked, record, started, ticket},
};

const DAY: i64 = 86_400;
const JANE: Owner<'static> = Owner { subject: "jane-4711", key: None };

pub(crate) fn of(bench: &Bench, subject: &str) -> Conversation {
    Conversation { subject: subject.to_owned(), ..conversation(&bench.ids) }
}

/// A finished record of this person, as the ledger writes it.
pub(crate) async fn said(bench: &Bench, of: &Conversation) -> Record<Masked> {
    said_in(&bench.store, bench, of).await
}

pub(crate) async fn said_in(store: &Store, bench: &Bench, of: &Conversation) -> Record<Masked> {
    let record = record(&Started { created_at: of.created_at, ..started(&bench.ids, of) });
    let completion = Completion {
        conversation: of.clone(),
        record: record.clone(),
        ticket: None,
        reviews: Vec::new(),
        claimed: None,
    };
    let mut w = store.write().await.unwrap();
    ledger::apply(&mut w, &Entry::Completion(Box::new(completion))).await.unwrap();
    w.save().await.unwrap();
    record
}

/// Whether an event that waits for the audit log has this field. PostgreSQL doubles the marks.
pub(crate) fn noted(dump: &[u8], field: &str, value: &str) -> bool {
    [format!("\"{field}\":\"{value}\""), format!("\"\"{field}\"\":\"\"{value}\"\"")]
        .iter()
        .any(|words| holds(dump, words))
}

/// So many people who began a conversation.
pub(crate) async fn people(bench: &Bench, many: u64) {
    let mut w = bench.write().await;
    for number in 0..many {
        conversations::create(&mut w, &of(bench, &format!("somebody-{number}"))).await.unwrap();
    }
    w.save().await.unwrap();
}

/// Whether a word is in a dump, as it is or as the hexadecimal digits in which PostgreSQL shows bytes.
pub(crate) fn holds(dump: &[u8], word: &str) -> bool {
    let digits: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    [word, &digits].iter().any(|w| dump.windows(w.len()).any(|window| window == w.as_bytes()))
}

pub(crate) async fn get(
    store: &Store,
    record: &Record<Masked>,
) -> Result<Option<Record<Masked>>, StoreError> {
    interactions::get(&mut store.read().await.unwrap(), record.id).await
}

on_both_engines! {
    async fn people_have_one_key_each_and_read_as_they_were_written(bench) {
        let (jane, again, john) = (of(bench, "jane-4711"), of(bench, "jane-4711"), of(bench, "john-4712"));
        let records = [said(bench, &jane).await, said(bench, &again).await, said(bench, &john).await];
        for record in &records {
            assert_eq!(get(&bench.store, record).await.unwrap().as_ref(), Some(record));
        }
        assert_eq!(sealing::count_people(&mut *bench.read().await).await.unwrap(), 2);
        let mut r = bench.read().await;
        let found = conversations::list_of(&mut r, &JANE, 10).await.unwrap();
        assert_eq!(found.iter().map(|c| c.subject.as_str()).collect::<Vec<_>>(), ["jane-4711", "jane-4711"]);
        let own = interactions::get_of(&mut r, records[0].id, &JANE).await.unwrap();
        assert_eq!(own.as_ref(), Some(&records[0]));
        assert_eq!(interactions::get_of(&mut r, records[2].id, &JANE).await.unwrap(), None);
    }

    async fn where_nobody_is_named_each_conversation_has_a_key(bench) {
        let mut w = bench.write().await;
        let bank = crate::keys::key(&bench.ids, "branch app");
        keys::create(&mut w, &bank).await.unwrap();
        let key = bank.id;
        w.save().await.unwrap();
        let nobody = |id: ConversationId| Conversation {
            id,
            subject: key.subject(),
            owner_key: Some(key),
            ..conversation(&bench.ids)
        };
        for _ in 0..2 {
            let record = said(bench, &nobody(ConversationId::new(&bench.ids))).await;
            assert_eq!(get(&bench.store, &record).await.unwrap(), Some(record));
        }
        assert_eq!(sealing::count_people(&mut *bench.read().await).await.unwrap(), 2);
    }

    async fn a_destroyed_key_leaves_nothing_to_read_and_no_error(bench) {
        let own = said(bench, &of(bench, "jane-4711")).await;
        let other = said(bench, &of(bench, "john-4712")).await;
        // What an erasure does first, by hand: the texts are there still.
        bench
            .place
            .raw(
                "UPDATE conversations SET data_key = NULL WHERE id = (SELECT MIN(id) FROM conversations);
                 DELETE FROM data_keys WHERE id NOT IN (SELECT data_key FROM conversations WHERE data_key IS NOT NULL)",
            )
            .await
            .unwrap();
        let fresh = bench.place.open().await.unwrap();
        let left = get(&fresh, &own).await.unwrap().unwrap();
        assert_eq!((left.question.as_str(), left.answer.as_str()), ("[erased]", "[erased]"));
        assert_eq!(left.subject, format!("erased:{}", own.conversation));
        assert_eq!(left.session, "erased");
        assert_eq!(get(&fresh, &other).await.unwrap(), Some(other));
        fresh.close().await;
    }

    async fn a_wrapped_key_serves_nobody_else(bench) {
        let own = said(bench, &of(bench, "jane-4711")).await;
        said(bench, &of(bench, "john-4712")).await;
        bench
            .place
            .raw("UPDATE data_keys SET wrapped = (SELECT o.wrapped FROM data_keys o WHERE o.id <> data_keys.id)")
            .await
            .unwrap();
        let fresh = bench.place.open().await.unwrap();
        assert_eq!(get(&fresh, &own).await, Err(StoreError::Sealed(SealError::NotAuthentic)));
        fresh.close().await;
    }

    async fn a_key_that_was_destroyed_elsewhere_opens_nothing_two_seconds_later(bench) {
        let (own, other) = (said(bench, &of(bench, "jane-4711")).await, said(bench, &of(bench, "john-4712")).await);
        let replica = bench.place.open().await.unwrap();
        assert_eq!(get(&replica, &own).await.unwrap().as_ref(), Some(&own));
        // The key alone goes: the texts stand as they were, and name it.
        let (jane, _) = consent::as_kept(&bench.store, &JANE);
        let sql = format!(
            "UPDATE conversations SET data_key = NULL WHERE subject = '{jane}';
             DELETE FROM data_keys WHERE id NOT IN (SELECT data_key FROM conversations WHERE data_key IS NOT NULL)"
        );
        let since = Instant::now();
        bench.place.raw_of(sql).await;
        loop {
            let left = get(&replica, &own).await.unwrap().unwrap();
            if left.question == Masked::erased() {
                assert_eq!((left.answer.as_str(), left.session.as_str()), ("[erased]", "erased"));
                break;
            }
            assert!(since.elapsed() < Duration::from_secs(2));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(get(&replica, &other).await.unwrap(), Some(other));
        replica.close().await;
    }

    async fn an_erasure_is_seen_by_another_replica_within_two_seconds(bench) {
        let own = said(bench, &of(bench, "jane-4711")).await;
        let replica = bench.place.open().await.unwrap();
        assert_eq!(get(&replica, &own).await.unwrap().as_ref(), Some(&own));
        let erased = erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW).await.unwrap();
        assert!(matches!(erased, Erased::Now(_)));
        let since = Instant::now();
        loop {
            let left = get(&replica, &own).await.unwrap().unwrap();
            if left.question == Masked::erased() {
                break;
            }
            assert!(since.elapsed() < Duration::from_secs(2));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(sealing::count_people(&mut *bench.read().await).await.unwrap(), 0);
        // Who comes again gets another key.
        let again = Conversation { created_at: NOW.plus_seconds(60), ..of(bench, "jane-4711") };
        let anew = said(bench, &again).await;
        assert_eq!(get(&replica, &anew).await.unwrap(), Some(anew));
        assert_eq!(get(&replica, &own).await.unwrap().unwrap().question, Masked::erased());
        replica.close().await;
    }

    async fn a_dump_shows_nobody_and_no_word(bench) {
        let own = of(bench, "jane-4711");
        let begun = started(&bench.ids, &own);
        let given = placeholders::sealed(&bench.store, own.id, &Default::default());
        let start = Start { conversation: own.clone(), placeholders: Some(given), started: begun.clone(), tokens: Vec::new(), shown: None };
        let mut done = escalated(&begun, Trigger::SecurityFraud);
        done.reason = "asked about Toowoomba".to_owned();
        done.classification_reason = "near a question of Tamworth".to_owned();
        done.steps[0].detail = "read in the light of Goulburn".to_owned();
        let completion = Completion { conversation: own.clone(), ticket: Some(ticket(&bench.ids, &done)), record: done.clone(), reviews: Vec::new(), claimed: None };
        let (start, completion) = (Entry::Start(Box::new(start)), Entry::Completion(Box::new(completion)));
        let mut w = bench.write().await;
        ledger::apply(&mut w, &start).await.unwrap();
        ledger::apply(&mut w, &completion).await.unwrap();
        let said = Feedback { id: FeedbackId::new(&bench.ids), interaction: done.id, subject: "jane-4711".into(), helpful: None, problem: Some(masked("wrong in Orange")), created_at: NOW };
        feedback::save(&mut w, &said).await.unwrap();
        holds::place(&mut w, &JANE, "case 17", "desk", &bench.ids, NOW).await.unwrap();
        consent::note(&mut w, &JANE, &Consent { purpose: Purpose::History, given: false, noted_by: "desk".into(), noted_at: NOW }, NOW).await.unwrap();
        w.save().await.unwrap();
        let dump = bench.place.dump().await;
        assert!(holds(&dump, "security_fraud") && holds(&dump, &own.id.to_string()), "a control: what is no text is found");
        for word in ["jane-4711", "session-1", "Wollongong", "Kalgoorlie", "hotline", "platinum", "Orange", "Toowoomba", "Tamworth", "Goulburn"] {
            assert!(!holds(&dump, word), "{word}");
        }
        let found = feedback::of_interaction(&mut *bench.read().await, done.id).await.unwrap();
        assert_eq!(found, [said]);
        assert_eq!(interactions::get(&mut *bench.read().await, done.id).await.unwrap(), Some(done));
    }

    async fn a_hold_names_its_person_until_the_person_is_forgotten(bench) {
        let mut w = bench.write().await;
        let hold = holds::place(&mut w, &JANE, "case 17", "desk", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(holds::list(&mut *bench.read().await).await.unwrap(), std::slice::from_ref(&hold));
        let mut w = bench.write().await;
        holds::lift(&mut w, hold.id, "desk", NOW).await.unwrap();
        w.save().await.unwrap();
        erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW).await.unwrap();
        assert_eq!(holds::list(&mut *bench.read().await).await.unwrap()[0].subject, "[erased]");
    }

    async fn keys_of_people_of_whom_nothing_is_left_are_destroyed_and_no_others(bench) {
        let old = said(bench, &of(bench, "gone")).await;
        said(bench, &of(bench, "held")).await;
        let young = Conversation { created_at: NOW.plus_seconds(50 * DAY), ..of(bench, "young") };
        said(bench, &young).await;
        // More than one batch of people who began and said nothing.
        people(bench, 501).await;
        let mut w = bench.write().await;
        let held = Owner { subject: "held", key: None };
        holds::place(&mut w, &held, "case 17", "desk", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(sealing::count_people(&mut *bench.read().await).await.unwrap(), 504);
        let limit = NOW.plus_seconds(DAY);
        let before = Before { texts: limit, figures: limit, access_events: limit };
        while purge::step(&bench.store, &before, NOW.plus_seconds(91 * DAY)).await.unwrap() != Purged::default() {}
        assert_eq!(get(&bench.store, &old).await.unwrap(), None);
        assert_eq!(sealing::count_people(&mut *bench.read().await).await.unwrap(), 2);
        let mut r = bench.read().await;
        for subject in ["held", "young"] {
            let found = conversations::list_of(&mut r, &Owner { subject, key: None }, 9).await.unwrap();
            assert_eq!(found.iter().map(|c| c.subject.as_str()).collect::<Vec<_>>(), [subject]);
        }
        drop(r);
        assert!(noted(&bench.place.dump().await, "data_keys_destroyed", "500"), "in batches");
    }

    async fn a_keyring_that_was_changed_is_damaged(bench) {
        bench.place.raw("UPDATE keyring SET wrapped = (SELECT o.wrapped FROM keyring o WHERE o.name <> keyring.name)").await.unwrap();
        assert_eq!(bench.place.open().await.unwrap_err(), StoreError::Corrupt { what: "keyring" });
    }

    async fn who_came_from_where_is_not_read_in_the_table(bench) {
        let event = AccessEvent {
            id: contactiq_domain::ids::AccessId::new(&bench.ids),
            at: NOW,
            actor: "person:0123".into(),
            from_ip: "203.0.113.7".into(),
            method: "GET".into(),
            route: "/v1/costs".into(),
            target: None,
            result: AccessResult::Allowed,
            status: 200,
            reason: None,
        };
        let mut w = bench.write().await;
        access::log(&mut w, &event).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(access::recent(&mut *bench.read().await, 10).await.unwrap(), [event]);
        let dump = bench.place.dump().await;
        assert!(holds(&dump, "/v1/costs") && !holds(&dump, "203.0.113.7") && !holds(&dump, "person:0123"));
    }
}

/// One seal and one opening of a question. Run it with `--run-ignored all`, in a release build.
#[test]
#[ignore = "a figure"]
fn how_long_a_seal_and_an_opening_take() {
    use contactiq_guard::seal::{DataKey, Sealer};
    let (sealer, key) = (Sealer::new(&[1; 32], || [7; 12]), DataKey::new([2; 16], [3; 32], Vec::new()));
    let text = masked(&"What does a replacement card cost in Wollongong? ".repeat(8));
    let since = Instant::now();
    for _ in 0..20_000 {
        let sealed = sealer.seal_for(&key, &text, "interactions.question/0198");
        assert_eq!(sealer.open_for(&key, &sealed, "interactions.question/0198"), Ok(text.clone()));
    }
    let micros = since.elapsed().as_micros() as f64 / 20_000.0;
    println!("a seal and an opening of {} bytes: {micros:.2} us", text.as_str().len());
    assert!(micros < 20.0);
}

/// Finished records, so many of each of so many people; the first of each. As a busy server writes them: many at once,
/// which the ledger groups.
pub(crate) async fn fill(bench: &Bench, people: usize, each: usize) -> Vec<Record<Masked>> {
    const AT_ONCE: usize = 500;
    let ledger = Ledger::new(bench.store.at_work(), Places::default(), Arc::new(FixedClock::at(NOW)));
    let mut first = Vec::with_capacity(people);
    for some in (0..people).collect::<Vec<_>>().chunks(AT_ONCE.div_ceil(each)) {
        let mut writes = JoinSet::new();
        for number in some {
            let of = of(bench, &format!("person-{number}"));
            for turn in 0..each {
                let record = record(&started(&bench.ids, &of));
                let completion = Completion {
                    conversation: of.clone(),
                    record: record.clone(),
                    ticket: None,
                    reviews: Vec::new(),
                    claimed: None,
                };
                if turn == 0 {
                    first.push(record);
                }
                let (ledger, entry) = (ledger.clone(), Entry::Completion(Box::new(completion)));
                writes.spawn(async move { ledger.write(entry).await });
            }
        }
        for written in writes.join_all().await {
            assert_eq!(written.unwrap(), Applied::Written);
        }
    }
    first
}

#[expect(clippy::print_stdout, reason = "a figure is printed")]
async fn erase_among_many(place: Place) {
    let bench = Bench::at(place).await;
    fill(&bench, 5_000, 20).await;
    let (whose, since) = (Owner { subject: "person-17", key: None }, Instant::now());
    let erased = erase::person(&bench.store, &whose, "desk", &bench.ids, NOW).await.unwrap();
    let took = since.elapsed();
    let Erased::Now(receipt) = erased else { panic!("held") };
    println!("{}: {} of 100,000 interactions erased in {took:?}", bench.store.engine(), receipt.interactions);
    assert!(receipt.interactions == 20 && took < Duration::from_secs(10));
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: 100,000 interactions"]
async fn how_long_an_erasure_among_many_takes_sqlite() {
    erase_among_many(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a figure: 100,000 interactions"]
async fn how_long_an_erasure_among_many_takes_postgresql() {
    erase_among_many(Place::postgresql().await).await;
}
