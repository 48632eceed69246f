//! The queue of a cluster, against a real Redis and a real PostgreSQL.

use std::{sync::Arc, time::Duration};

use contactiq_domain::{
    Outcome,
    clock::FixedClock,
    ids::{Ids, KeyId},
};
use contactiq_store::{
    Ledger,
    conversations::Owner,
    idempotency::{self, Claim, Fence, Slot},
    interactions::{self, Told},
    ledger::{
        Applied, Claimed, Claims, Compared, Entry, Made, Places, Withdrawal, dead,
        queue::{Durability, Queue},
        spool::{DEFAULT_MAX_BYTES, Spool},
    },
    privacy::erase,
};

use crate::{
    engines::{Bench, Place},
    ledger::{first, halves, is_whole, second},
    samples::{NOW, masked},
};

pub(crate) fn redis() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let url = std::env::var("CONTACTIQ_TEST_REDIS_URL");
    url.expect("CONTACTIQ_TEST_REDIS_URL names no server: run `make test`, which starts a private one")
}

/// A queue of its own for each test.
struct Cluster {
    bench: Bench,
    namespace: String,
}

impl Cluster {
    async fn new() -> Cluster {
        let bench = Bench::at(Place::postgresql().await).await;
        let Place::Postgres { database, .. } = &bench.place else { unreachable!() };
        Cluster { namespace: database.clone(), bench }
    }

    fn queue(&self, consumer: &str) -> Queue {
        let queue = Queue::connect(&redis(), &self.namespace, consumer.to_owned()).unwrap();
        // What is tested is not how fast this machine is.
        queue.with_patience(Duration::from_secs(10))
    }

    fn replica(&self, queue: Queue) -> Ledger {
        let places = Places { queue: Some(queue), spool: None };
        Ledger::new(self.bench.store.clone(), places, Arc::new(FixedClock::at(NOW)))
    }

    /// Works until the queue is empty.
    async fn empty(&self, ledger: &Ledger) {
        while ledger.queued_entries().await.unwrap() != Some(0) {
            ledger.work().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_took_is_read_by_every_replica_and_written_by_one() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.replica(cluster.queue("one")), cluster.replica(cluster.queue("other")));
    let (start, completion) = halves(&cluster.bench);
    one.write(first(&start)).await.unwrap();
    let (id, owner) = (completion.record.id, completion.conversation.owner());
    let mode = Some(completion.conversation.mode);
    assert_eq!(other.begun_by(id, Told::Person(owner)).await, mode, "no table knows of it yet");
    for stranger in [
        Told::Person(Owner { subject: "subject-2", ..owner }),
        Told::Person(Owner { key: Some(KeyId::new(&cluster.bench.ids)), ..owner }),
        Told::BackEnd(KeyId::new(&cluster.bench.ids)),
    ] {
        assert_eq!(other.begun_by(id, stranger).await, None, "{stranger:?}");
    }
    one.write(second(&completion)).await.unwrap();
    assert_eq!(one.queued_entries().await.unwrap(), Some(2));
    assert!(interactions::get(&mut *cluster.bench.read().await, id).await.unwrap().is_none());

    let waits = Compared { waiting: 1, ..Compared::default() };
    assert_eq!(one.compare(Duration::ZERO).await, Ok(waits), "it is in no table, and not lost");
    assert_eq!(other.pending(id).await.as_ref(), Some(&completion.record));
    assert!(other.pending_of(id, &completion.conversation.owner()).await.is_some());
    let stranger = Owner { subject: "subject-2", key: None };
    assert!(other.pending_of(id, &stranger).await.is_none());
    let conversation = completion.conversation.id;
    let said = other.said(conversation).await;
    assert_eq!(said.conversation(), Some(&completion.conversation));
    let said = said.after_tables(&mut *cluster.bench.read().await, conversation, 6).await.unwrap();
    assert_eq!(said, std::slice::from_ref(&completion.record));

    cluster.empty(&other).await;
    is_whole(&cluster.bench, &completion).await;
    let written = Compared { written: 1, ..Compared::default() };
    assert_eq!(one.compare(Duration::ZERO).await, Ok(written));
    // It stays readable for some minutes: the conversation goes on should the tables be away.
    assert_eq!(one.pending(id).await.as_ref(), Some(&completion.record));
    assert_eq!(one.said(conversation).await.alone(6), std::slice::from_ref(&completion.record));
    let said = one.said(conversation).await;
    let said = said.after_tables(&mut *cluster.bench.read().await, conversation, 6).await.unwrap();
    assert_eq!(said, [completion.record], "and it is said once");
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_finished_is_told_also_while_the_queue_is_busy() {
    let cluster = Cluster::new().await;
    let ledger = cluster.replica(cluster.queue("gateway"));
    let (answered, waits) = halves(&cluster.bench);
    let (killed, _) = halves(&cluster.bench);
    for start in [&answered, &killed] {
        ledger.write(first(start)).await.unwrap();
    }
    cluster.empty(&ledger).await;
    ledger.write(second(&waits)).await.unwrap();
    assert_ne!(ledger.queued_entries().await.unwrap(), Some(0), "a busy queue is never empty");

    let later = NOW.plus_seconds(200_000);
    let away = Queue::connect("redis://127.0.0.1:1/", &cluster.namespace, "away".to_owned()).unwrap();
    let unknown = cluster.replica(away).interrupt_unfinished(later).await;
    assert!(unknown.is_err(), "nobody knows what waits there: {unknown:?}");
    assert_eq!(ledger.interrupt_unfinished(later).await, Ok(vec![killed.started.id]));
    assert_eq!(ledger.interrupt_unfinished(later).await, Ok(vec![]), "once is enough");
    cluster.empty(&ledger).await;
    is_whole(&cluster.bench, &waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_still_holds_of_who_was_erased_is_read_by_nobody() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.replica(cluster.queue("one")), cluster.replica(cluster.queue("other")));
    let (start, completion) = halves(&cluster.bench);
    one.write(first(&start)).await.unwrap();
    one.write(second(&completion)).await.unwrap();
    cluster.empty(&one).await;
    let (id, owner) = (completion.record.id, completion.conversation.owner());
    assert_eq!(other.pending(id).await.as_ref(), Some(&completion.record), "it is still there");
    erase::person(&cluster.bench.store, &owner, "desk", &cluster.bench.ids, NOW).await.unwrap();
    for replica in [&one, &other] {
        for left in [replica.pending(id).await, replica.to_show(id).await] {
            let left = left.unwrap();
            assert_eq!((left.question.as_str(), left.answer.as_str()), ("[erased]", "[erased]"));
        }
        assert_eq!(replica.pending_of(id, &owner).await, None);
        assert!(replica.said(completion.conversation.id).await.conversation().is_none(), "nobody goes on");
    }
    cluster.bench.end().await;
}

/// A gateway that heard nothing of its worker answered by itself, and its spool took the record: that answer was
/// shown, whatever the worker wrote meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_spool_took_was_shown_and_stands() {
    let cluster = Cluster::new().await;
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    let away = Queue::connect("redis://127.0.0.1:1/", &cluster.namespace, "gateway".to_owned()).unwrap();
    // Of the same database, which it can't reach any more.
    let none = cluster.bench.place.open().await.unwrap();
    none.close().await;
    let alone = Places { queue: Some(away), spool: Some(spool.clone()) };
    let alone = Ledger::new(none, alone, Arc::new(FixedClock::at(NOW)));
    let worker = cluster.replica(cluster.queue("worker"));
    let mut records = Vec::new();
    let (waits, is_written) = (Some(false), Some(true));
    for again in [None, waits, is_written] {
        let (start, completion) = halves(&cluster.bench);
        worker.write(first(&start)).await.unwrap();
        let mut shown = completion.clone();
        shown.record.reason = "by the gateway".to_owned();
        shown.record.completed_at = completion.record.completed_at.plus_micros(7);
        assert_eq!(alone.write(second(&shown)).await, Ok(Applied::Written));
        assert_eq!(worker.write_handed(completion.clone()).await, Ok(Applied::Written));
        // Who asks again is told what the queue has, or the table where the queue can't be asked.
        let other = match again {
            None => None,
            Some(false) => Some(cluster.replica(cluster.queue("other"))),
            Some(true) => {
                cluster.empty(&worker).await;
                let away = Queue::connect("redis://127.0.0.1:1/", &cluster.namespace, "other".to_owned());
                Some(cluster.replica(away.unwrap()))
            }
        };
        if let Some(other) = &other {
            let told = other.to_show_again(shown.record.id).await.unwrap();
            assert_eq!(told.as_ref(), Some(&completion.record));
        }
        records.push(if other.is_some() { completion.record } else { shown.record });
    }
    cluster.empty(&worker).await;
    spool.close().await;
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    let places = Places { queue: Some(cluster.queue("gateway")), spool: Some(spool) };
    let gateway = Ledger::new(cluster.bench.store.clone(), places, Arc::new(FixedClock::at(NOW)));
    gateway.drain().await.unwrap();
    for record in records {
        let mut reader = cluster.bench.read().await;
        assert_eq!(interactions::get(&mut reader, record.id).await.unwrap().as_ref(), Some(&record));
        let pending = worker.pending(record.id).await;
        assert!(pending.is_none_or(|p| p == record), "nor do readers hear another one");
    }
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_that_answered_one_request_the_first_counts() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.replica(cluster.queue("one")), cluster.replica(cluster.queue("other")));
    let (start, completion) = halves(&cluster.bench);
    one.write(first(&start)).await.unwrap();
    let mut slower = completion.clone();
    slower.record.reason = "by another worker".to_owned();
    assert_eq!(one.write(second(&completion)).await, Ok(Applied::Written));
    let before = Applied::Before(Box::new(completion.record.clone()));
    assert_eq!(other.write(second(&slower)).await, Ok(before.clone()));
    cluster.empty(&other).await;
    assert_eq!(other.write(second(&slower)).await, Ok(before), "also once the tables have it");
    cluster.empty(&one).await;
    is_whole(&cluster.bench, &completion).await;

    // A worker's answer goes there or nowhere: the database alone could not say which of two was shown.
    let alone = Ledger::new(cluster.bench.store.clone(), Places::default(), Arc::new(FixedClock::at(NOW)));
    let (_, other_completion) = halves(&cluster.bench);
    let refused = alone.write_handed(other_completion.clone()).await;
    assert!(refused.unwrap_err().is_transient());
    let id = other_completion.record.id;
    assert!(interactions::get(&mut *cluster.bench.read().await, id).await.unwrap().is_none());
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_newer_version_queued_or_nobody_did_keeps_nothing_else_waiting() {
    let cluster = Cluster::new().await;
    let one = cluster.replica(cluster.queue("one"));
    let (start, completion) = halves(&cluster.bench);
    one.write(first(&start)).await.unwrap();
    let mut raw = ::redis::Client::open(redis()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let stream = format!("contactiq:{}:ledger", cluster.namespace);
    for (field, bytes) in [("entry", r#"{"form":4}"#), ("else", "nothing")] {
        let mut add = ::redis::cmd("XADD");
        add.arg((&stream, "*", field, bytes));
        let _: String = add.query_async(&mut raw).await.unwrap();
    }
    one.write(second(&completion)).await.unwrap();
    one.work().await.unwrap();
    is_whole(&cluster.bench, &completion).await;
    assert_eq!(one.queued_entries().await.unwrap(), Some(1), "the newer one waits for its version");
    cluster.bench.end().await;
}

/// Where the queue was away for a moment, two may have answered: readers are told what the table says.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_answers_that_met_in_the_tables_readers_are_told_the_first() {
    let cluster = Cluster::new().await;
    let (one, alone) = (
        cluster.replica(cluster.queue("one")),
        Ledger::new(cluster.bench.store.clone(), Places::default(), Arc::new(FixedClock::at(NOW))),
    );
    for told_again in [false, true] {
        let (start, completion) = halves(&cluster.bench);
        alone.write(first(&start)).await.unwrap();
        alone.write(second(&completion)).await.unwrap();
        let mut other = completion.clone();
        other.record.reason = "by a worker".to_owned();
        other.record.completed_at = completion.record.completed_at.plus_micros(-7);
        assert_eq!(one.write_handed(other.clone()).await, Ok(Applied::Written));
        let id = completion.record.id;
        assert_eq!(one.pending(id).await.as_ref(), Some(&other.record));
        if told_again {
            assert_eq!(one.to_show_again(id).await.unwrap().as_ref(), Some(&other.record));
        }
        cluster.empty(&one).await;
        let standing = if told_again { &other } else { &completion };
        assert_eq!(one.pending(id).await, told_again.then(|| other.record.clone()), "readers hear the same");
        is_whole(&cluster.bench, standing).await;

        // What a gateway wrote and showed nobody is withdrawn: what was told is not.
        let withdrawal = Entry::Withdrawal(Box::new(Withdrawal {
            conversation: completion.conversation.clone(),
            interaction: id,
            completed_at: completion.record.completed_at,
            claimed: None,
        }));
        assert_eq!(alone.write(withdrawal).await, Ok(Applied::Written));
        let found = interactions::get(&mut *cluster.bench.read().await, id).await.unwrap().unwrap();
        assert_eq!(found.outcome == Outcome::Interrupted, !told_again);
    }
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_claimed_once_in_the_queue_and_a_lost_claim_shows_nothing() {
    const LEASE: Duration = Duration::from_millis(300);
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.replica(cluster.queue("one")), cluster.replica(cluster.queue("other")));
    let claimed = |body: &str| Claimed {
        caller: "key:1".to_owned(),
        route: "POST /v1/interactions".to_owned(),
        key: "k-1".to_owned(),
        body: body.to_owned(),
        fence: Fence::of(cluster.bench.ids.next()),
        queued: true,
        shown: false,
    };
    let now = NOW;
    let (first_claim, second_claim) = (claimed("body"), claimed("body"));
    assert_eq!(one.claim(&first_claim, LEASE, now).await, Ok(Some(Claims::New)));
    assert_eq!(other.claim(&second_claim, LEASE, now).await, Ok(Some(Claims::InFlight)));
    assert_eq!(other.claim(&claimed("another"), LEASE, now).await, Ok(Some(Claims::Mismatch)));
    tokio::time::sleep(LEASE / 2).await;
    one.renew(&first_claim, LEASE).await.unwrap();
    tokio::time::sleep(LEASE * 2 / 3).await;
    assert_eq!(other.claim(&second_claim, LEASE, now).await, Ok(Some(Claims::InFlight)), "it was renewed");
    tokio::time::sleep(LEASE).await;
    assert_eq!(other.claim(&second_claim, LEASE * 100, now).await, Ok(Some(Claims::New)), "its holder died");
    one.renew(&first_claim, LEASE).await.unwrap();
    one.unclaim(&first_claim).await;

    let (mut late, mut quick) = (halves(&cluster.bench).1, halves(&cluster.bench).1);
    late.claimed = Some(first_claim);
    quick.claimed = Some(second_claim);
    assert_eq!(other.write(second(&quick)).await, Ok(Applied::Written));
    assert_eq!(one.write(second(&late)).await, Ok(Applied::Overtaken));
    let done = Claims::Done(quick.record.id);
    assert_eq!(one.claim(&claimed("body"), LEASE, now).await, Ok(Some(done)));
    assert_eq!(one.claim(&claimed("another"), LEASE, now).await, Ok(Some(Claims::Mismatch)));
    cluster.empty(&one).await;
    is_whole(&cluster.bench, &quick).await;
    // The table knows as well, for whoever comes while the queue is away.
    let slot = quick.claimed.as_ref().unwrap().slot();
    let mut reader = cluster.bench.read().await;
    let found = idempotency::look(&mut reader, &slot, "body", now).await.unwrap();
    assert_eq!(found, Some(Claim::Done { resource: quick.record.id.to_string(), status: 200 }));
    drop(reader);
    cluster.bench.end().await;
}

/// Redis did not answer when the key was claimed, so the table holds the claim; when the question was handed over it did.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_of_a_worker_counts_though_its_gateway_gave_the_key_back_in_the_table() {
    let cluster = Cluster::new().await;
    let (gateway, worker) =
        (cluster.replica(cluster.queue("gateway")), cluster.replica(cluster.queue("worker")));
    let alone = Ledger::new(cluster.bench.store.clone(), Places::default(), Arc::new(FixedClock::at(NOW)));
    for (key, passes_on) in [("given-back", false), ("claimed-again", true)] {
        let claimed = || Claimed {
            caller: "a".to_owned(),
            route: "POST /v1/interactions".to_owned(),
            key: key.to_owned(),
            body: "body".to_owned(),
            fence: Fence::of(cluster.bench.ids.next()),
            queued: false,
            shown: false,
        };
        let (of_worker, of_other) = (claimed(), claimed());
        let slot = Slot { caller: "a", route: "POST /v1/interactions", key };
        let (mut completion, mut late) = (halves(&cluster.bench).1, halves(&cluster.bench).1);
        completion.claimed = Some(of_worker.clone());
        late.claimed = Some(of_other.clone());
        let later = NOW.plus_seconds(4);
        let mut w = cluster.bench.write().await;
        let claim =
            idempotency::claim(&mut w, &slot, "body", NOW, NOW.plus_seconds(3), of_worker.fence).await;
        assert_eq!(claim, Ok(Claim::New));
        w.save().await.unwrap();
        assert_eq!(worker.write_handed(completion.clone()).await, Ok(Applied::Written));
        // No table has it yet. Its gateway heard nothing, found no place for an answer of its own, and said 503; or it
        // died, and the next request claimed the key while Redis did not answer.
        let mut w = cluster.bench.write().await;
        if passes_on {
            let until = later.plus_seconds(3);
            let claim = idempotency::claim(&mut w, &slot, "body", later, until, of_other.fence).await;
            assert_eq!(claim, Ok(Claim::New));
        } else {
            assert_eq!(idempotency::release(&mut w, &slot, of_worker.fence).await, Ok(true));
        }
        w.save().await.unwrap();
        // Who asks again is told by the queue.
        let id = completion.record.id;
        assert_eq!(gateway.pending_claim(&slot).await, Some((id, "body".to_owned())));
        assert_eq!(gateway.pending(id).await.as_ref(), Some(&completion.record));
        cluster.empty(&worker).await;
        is_whole(&cluster.bench, &completion).await;
        let found = idempotency::look(&mut *cluster.bench.read().await, &slot, "body", later).await;
        assert_eq!(found, Ok(Some(Claim::Done { resource: id.to_string(), status: 200 })));
        if passes_on {
            assert_eq!(
                alone.write(second(&late)).await,
                Ok(Applied::Overtaken),
                "nobody is shown another one"
            );
        }
    }
    cluster.bench.end().await;
}

/// While the queue was away the key came to another answer in the table, of a server that may have been killed before it
/// showed it.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_queue_told_is_in_the_record_and_what_it_told_nobody_is_told_to_nobody() {
    let cluster = Cluster::new().await;
    let (gateway, worker) =
        (cluster.replica(cluster.queue("gateway")), cluster.replica(cluster.queue("worker")));
    let alone = Ledger::new(cluster.bench.store.clone(), Places::default(), Arc::new(FixedClock::at(NOW)));
    for told in [true, false] {
        let key = if told { "told" } else { "untold" };
        let claimed = || Claimed {
            caller: "a".to_owned(),
            route: "POST /v1/interactions".to_owned(),
            key: key.to_owned(),
            body: "body".to_owned(),
            fence: Fence::of(cluster.bench.ids.next()),
            queued: true,
            shown: false,
        };
        let slot = Slot { caller: "a", route: "POST /v1/interactions", key };
        let (mut completion, mut other) = (halves(&cluster.bench).1, halves(&cluster.bench).1);
        completion.claimed = Some(claimed());
        other.claimed = Some(claimed());
        let id = completion.record.id;
        assert_eq!(worker.write_handed(completion.clone()).await, Ok(Applied::Written));
        assert_eq!(alone.write(second(&other)).await, Ok(Applied::Written));
        if told {
            assert_eq!(gateway.to_show(id).await.as_ref(), Some(&completion.record));
        }
        cluster.empty(&worker).await;
        is_whole(&cluster.bench, &other).await;
        assert_eq!(gateway.is_taken_back(id).await, !told);
        if told {
            is_whole(&cluster.bench, &completion).await;
            assert_eq!(gateway.to_show(id).await, Some(completion.record));
        } else {
            assert_eq!(gateway.to_show(id).await, None);
            assert_eq!(gateway.pending_claim(&slot).await, None, "the table says what the key came to");
            let mut reader = cluster.bench.read().await;
            assert_eq!(interactions::get(&mut reader, id).await.unwrap(), None);
        }
    }
    let written = Compared { written: 1, ..Compared::default() };
    assert_eq!(worker.compare(Duration::ZERO).await, Ok(written), "what nobody was told is not lost");
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_workers_write_everything_once() {
    let cluster = Cluster::new().await;
    let ledger = cluster.replica(cluster.queue("answers"));
    let all: Vec<_> = (0..200).map(|_| halves(&cluster.bench)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for (start, completion) in all.clone() {
        let ledger = ledger.clone();
        tasks.spawn(async move {
            ledger.write(first(&start)).await.unwrap();
            ledger.write(second(&completion)).await.unwrap();
        });
    }
    for worker in 0..3 {
        let worker = cluster.replica(cluster.queue(&format!("worker-{worker}")));
        tasks.spawn(async move {
            while worker.work().await.unwrap().written > 0
                || worker.queued_entries().await.unwrap() != Some(0)
            {}
        });
    }
    tasks.join_all().await;
    cluster.empty(&ledger).await;
    let mut r = cluster.bench.read().await;
    assert_eq!(interactions::count_finished(&mut r).await.unwrap(), 200);
    drop(r);
    for (_, completion) in &all {
        is_whole(&cluster.bench, completion).await;
    }
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_worker_died_with_is_taken_by_another() {
    let cluster = Cluster::new().await;
    // Its database is gone: it takes entries and never gets them written, like one that was killed.
    let dead = cluster.bench.place.open().await.unwrap();
    dead.close().await;
    let places = Places { queue: Some(cluster.queue("dead")), spool: None };
    let dead = Ledger::new(dead, places, Arc::new(FixedClock::at(NOW)));
    let (start, completion) = halves(&cluster.bench);
    dead.write(first(&start)).await.unwrap();
    dead.write(second(&completion)).await.unwrap();
    assert!(dead.work().await.is_err());
    let alive = cluster.replica(cluster.queue("alive").silent_after(Duration::from_secs(3)));
    assert_eq!(alive.work().await.unwrap().written, 0, "they are another's still");
    tokio::time::sleep(Duration::from_millis(3200)).await;
    assert_eq!(alive.work().await.unwrap().written, 2);
    is_whole(&cluster.bench, &completion).await;
    assert_eq!(alive.queued_entries().await.unwrap(), Some(0));
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_the_database_takes_it_and_with_both_away_the_spool() {
    let cluster = Cluster::new().await;
    let folder = tempfile::tempdir().unwrap();
    let gone = || {
        // Nothing listens there.
        Queue::connect("redis://127.0.0.1:1/", "x", cluster.bench.ids.next().to_string()).unwrap()
    };
    let places = Places { queue: Some(gone()), spool: None };
    let ledger = Ledger::new(cluster.bench.store.clone(), places, Arc::new(FixedClock::at(NOW)));
    let (start, completion) = halves(&cluster.bench);
    ledger.write(first(&start)).await.unwrap();
    ledger.write(second(&completion)).await.unwrap();
    is_whole(&cluster.bench, &completion).await;
    assert!(ledger.work().await.is_err() && ledger.queued_entries().await.is_err());

    let away = cluster.bench.place.open().await.unwrap();
    away.close().await;
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    let places = Places { queue: Some(gone()), spool: Some(spool.clone()) };
    let ledger = Ledger::new(away, places, Arc::new(FixedClock::at(NOW)));
    let (start, completion) = halves(&cluster.bench);
    ledger.write(first(&start)).await.unwrap();
    ledger.write(second(&completion)).await.unwrap();
    assert_eq!(ledger.pending(completion.record.id).await.as_ref(), Some(&completion.record));
    let again = Ledger::new(cluster.bench.store.clone(), spool, Arc::new(FixedClock::at(NOW)));
    assert_eq!(again.drain().await.unwrap().written, 2);
    is_whole(&cluster.bench, &completion).await;
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tables_refuse_leaves_the_queue_as_a_dead_letter() {
    let cluster = Cluster::new().await;
    let ledger = cluster.replica(cluster.queue("one"));
    let (start, completion) = halves(&cluster.bench);
    let mut stranger = halves(&cluster.bench).1;
    stranger.conversation.id = start.conversation.id;
    stranger.conversation.subject = "subject-2".into();
    for entry in [first(&start), second(&stranger), second(&completion)] {
        ledger.write(entry).await.unwrap();
    }
    cluster.empty(&ledger).await;
    is_whole(&cluster.bench, &completion).await;
    let letters = dead::list(&mut *cluster.bench.read().await, 10, 0).await.unwrap();
    assert_eq!(
        letters.iter().map(|l| (l.interaction, l.tries)).collect::<Vec<_>>(),
        [(Some(stranger.record.id), 4)]
    );
    cluster.bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claimed_request_that_waits_in_the_queue_is_known_at_every_replica() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.replica(cluster.queue("one")), cluster.replica(cluster.queue("other")));
    let mut completion = halves(&cluster.bench).1;
    completion.claimed = Some(Claimed {
        caller: "a".into(),
        route: "POST /v1/interactions".into(),
        key: "k".into(),
        body: "body".into(),
        fence: Fence::of(cluster.bench.ids.next()),
        queued: false,
        shown: false,
    });
    let slot = Slot { caller: "a", route: "POST /v1/interactions", key: "k" };
    assert_eq!(other.pending_claim(&slot).await, None);
    one.write(second(&completion)).await.unwrap();
    assert_eq!(other.pending_claim(&slot).await, Some((completion.record.id, "body".to_owned())));
    assert_eq!(other.pending_claim(&Slot { key: "another", ..slot }).await, None);
    // Its claim passed to nobody and was never made: it was shown, so it is written.
    cluster.empty(&other).await;
    is_whole(&cluster.bench, &completion).await;
    cluster.bench.end().await;
}

#[tokio::test]
async fn how_surely_redis_keeps_is_known() {
    let queue = Queue::connect(&redis(), "x", "x".to_owned()).unwrap();
    // The private Redis of the tests has an append-only file, synced every second.
    assert_eq!(queue.durability().await.unwrap(), Some(Durability::EverySecond));
}

/// Counts agree while servers work, and a difference is told once.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_took_out_of_the_queue_or_put_into_it_is_counted() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.replica(cluster.queue("one")), cluster.replica(cluster.queue("other")));
    assert_eq!(one.count_places().await, Ok(0));
    for _ in 0..3 {
        let (start, completion) = halves(&cluster.bench);
        one.write(first(&start)).await.unwrap();
        one.write(second(&completion)).await.unwrap();
        // Of two answers the second is not kept, and not counted.
        other.write(second(&completion)).await.unwrap();
    }
    assert_eq!((one.count_places().await, other.count_places().await), (Ok(0), Ok(0)));
    cluster.empty(&other).await;
    assert_eq!(one.count_places().await, Ok(0));

    let (start, completion) = halves(&cluster.bench);
    one.write(first(&start)).await.unwrap();
    one.write(second(&completion)).await.unwrap();
    let mut raw = ::redis::Client::open(redis()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let stream = format!("contactiq:{}:ledger", cluster.namespace);
    let _: u64 = ::redis::cmd("XTRIM").arg((&stream, "MAXLEN", 0)).query_async(&mut raw).await.unwrap();
    assert_eq!(other.count_places().await, Ok(2));
    assert_eq!((one.count_places().await, other.state().miscounted), (Ok(0), 2), "once is enough");
    let _: String =
        ::redis::cmd("XADD").arg((&stream, "*", "entry", "x")).query_async(&mut raw).await.unwrap();
    assert_eq!(one.count_places().await, Ok(1));
    assert_eq!((one.state().miscounted, other.state().miscounted), (1, 2));
    cluster.bench.end().await;
}

#[tokio::test]
async fn what_somebody_took_out_of_the_spool_is_counted() {
    let bench = Bench::at(Place::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    let ledger = Ledger::new(bench.store.clone(), spool, Arc::new(FixedClock::at(NOW)));
    let (start, _) = halves(&bench);
    let held = bench.write().await;
    ledger.write(first(&start)).await.unwrap();
    assert_eq!((ledger.count_places().await, ledger.state().spool.unwrap().entries), (Ok(0), 1));
    let segment = std::fs::read_dir(folder.path()).unwrap().flatten();
    for file in segment.filter(|file| file.path().extension().is_some_and(|e| e == "spool")) {
        std::fs::remove_file(file.path()).unwrap();
    }
    assert_eq!((ledger.count_places().await, ledger.count_places().await), (Ok(1), Ok(0)));
    assert_eq!((ledger.state().miscounted, ledger.state().spool.unwrap().entries), (1, 0));
    drop(held);
    bench.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_made_is_found_by_its_question_and_step_and_is_sealed() {
    let cluster = Cluster::new().await;
    let (one, other) = (cluster.replica(cluster.queue("one")), cluster.replica(cluster.queue("other")));
    let (start, _) = halves(&cluster.bench);
    let id = start.started.id;
    let made = Made { text: masked("a card costs $9 in Wollongong"), about: "of a model".to_owned() };
    one.keep_made(id, "answer", &made).await;
    assert_eq!(other.made(id, "answer").await.as_ref(), Some(&made));
    assert_eq!(other.made(id, "again").await, None);
    let (another, _) = halves(&cluster.bench);
    assert_eq!(other.made(another.started.id, "answer").await, None);
    let mut raw = ::redis::Client::open(redis()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let key = |id| format!("contactiq:{}:made:{id}:answer", cluster.namespace);
    let bytes: String = ::redis::cmd("GET").arg(key(id)).query_async(&mut raw).await.unwrap();
    assert!(!bytes.contains("of a model") && !bytes.contains("Wollongong"), "{bytes}");
    let left: i64 = ::redis::cmd("TTL").arg(key(id)).query_async(&mut raw).await.unwrap();
    assert!((1..=180).contains(&left), "{left}");
    // Put under another question it opens nowhere.
    let _: () =
        ::redis::cmd("SET").arg((key(another.started.id), bytes)).query_async(&mut raw).await.unwrap();
    assert_eq!(other.made(another.started.id, "answer").await, None);
    cluster.bench.end().await;
}
