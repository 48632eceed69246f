//! Any order of writes, outages, drains, restarts and rubbish, against a model of what was acknowledged: the writer chooses
//! among queue, spool and tables, each of which may be away, hang, be full and come back (B2, B5).

use std::{
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{Outcome, Record, clock::FixedClock};
use contactiq_guard::Masked;
use contactiq_store::{
    Ledger, Location, Store, StoreError, interactions,
    ledger::{Applied, Completion, Places, Start, dead, queue::Queue, spool::Spool},
};
use proptest::{collection, prelude::*};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use crate::{
    engines::{Bench, Place, kek},
    ledger::{first, halves, second},
    queue::redis,
    samples::NOW,
};

/// A spool of some entries: then it is full.
const SPOOL_BYTES: u64 = 12_000;
/// Nobody waits longer for a drain or a worker where a place hangs: it is broken off, as by a stop.
const PATIENCE: Duration = Duration::from_millis(400);
/// What is tested is not how fast this machine is.
const QUEUE_PATIENCE: Duration = Duration::from_millis(150);
/// A start takes no longer where the database is there.
const START: Duration = Duration::from_secs(5);

/// How a server behind a door stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stands {
    There,
    /// Every connection ends and none begins.
    Away,
    /// Nothing is answered, and nobody is told.
    Hangs,
}

/// A server behind a door.
struct Door {
    address: String,
    stands: watch::Sender<Stands>,
    _keeper: JoinSet<()>,
}

impl Door {
    async fn before(server: String) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (stands, seen) = watch::channel(Stands::There);
        let mut keeper = JoinSet::new();
        keeper.spawn(async move {
            let mut inside = JoinSet::new();
            while let Ok((mut from, _)) = listener.accept().await {
                let (server, mut seen) = (server.clone(), seen.clone());
                inside.spawn(async move {
                    if seen.wait_for(|s| *s != Stands::Hangs).await.is_ok_and(|s| *s == Stands::Away) {
                        return;
                    }
                    let Ok(mut to) = TcpStream::connect(&server).await else { return };
                    let changed = tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut from, &mut to) => None,
                        changed = seen.wait_for(|s| *s != Stands::There) => changed.ok().map(|s| *s),
                    };
                    if changed == Some(Stands::Hangs) {
                        // Both ends stay open for as long as it lasts, and what was asked may have been done.
                        let _ = seen.wait_for(|s| *s != Stands::Hangs).await;
                    }
                });
            }
        });
        Door { address, stands, _keeper: keeper }
    }

    fn will(&self, stands: Stands) {
        self.stands.send(stands).unwrap();
    }
}

/// A number for each process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The same URL by another door.
fn by(url: &str, door: &Door) -> String {
    let (user, rest) = url.rsplit_once('@').unwrap();
    let (_, path) = rest.split_once('/').unwrap();
    format!("{user}@{}/{path}", door.address)
}

fn address(url: &str) -> String {
    let (_, rest) = url.rsplit_once('@').unwrap();
    rest.split_once('/').map_or(rest, |(address, _)| address).to_owned()
}

#[derive(Debug, Clone)]
enum Operation {
    /// Both halves of a new interaction.
    Answer,
    /// Whoever was answered, or was told that it failed, asks again.
    AskAgain(prop::sample::Index),
    /// A place that was left alone is asked again.
    Later,
    Database(Stands),
    Queue(Stands),
    Drain,
    Work,
    /// The process ends and begins anew. Torn: the last of what its spool wrote is half a frame.
    Restart {
        torn: bool,
    },
    /// Bytes that are no entry, in the queue.
    Rubbish,
}

fn operation() -> impl Strategy<Value = Operation> {
    let stands = || prop_oneof![3 => Just(Stands::There), 2 => Just(Stands::Away), 2 => Just(Stands::Hangs)];
    prop_oneof![
        8 => Just(Operation::Answer),
        3 => any::<prop::sample::Index>().prop_map(Operation::AskAgain),
        1 => Just(Operation::Later),
        3 => stands().prop_map(Operation::Database),
        3 => stands().prop_map(Operation::Queue),
        2 => Just(Operation::Drain),
        2 => Just(Operation::Work),
        2 => any::<bool>().prop_map(|torn| Operation::Restart { torn }),
        1 => Just(Operation::Rubbish),
    ]
}

/// What became of an answer.
#[derive(Debug, Clone)]
struct Answered {
    start: Start,
    completion: Completion,
    /// What somebody was told is its record.
    told: Option<Record<Masked>>,
}

struct Run {
    bench: Bench,
    database: Door,
    queue: Door,
    namespace: String,
    folder: tempfile::TempDir,
    ledger: Option<(Ledger, Spool)>,
    answers: Vec<Answered>,
    rubbish: u64,
    miscounted: u64,
    clock: Arc<FixedClock>,
}

impl Run {
    async fn new() -> Run {
        let bench = Bench::at(Place::postgresql().await).await;
        let Place::Postgres { server, database } = &bench.place else { unreachable!() };
        let (namespace, database) = (database.clone(), Door::before(address(server)).await);
        let queue = Door::before(address(&redis())).await;
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(FixedClock::at(NOW)));
        let (ledger, answers, rubbish, miscounted) = (None, Vec::new(), 0, 0);
        let mut run =
            Run { bench, database, queue, namespace, folder, ledger, answers, rubbish, miscounted, clock };
        // What stood there before anybody counted would be no difference.
        let ledger = run.ledger().await.unwrap();
        ledger.count_places().await.unwrap();
        run
    }

    /// The ledger of a process; none where it can't start now, since the database must be there for that.
    async fn ledger(&mut self) -> Option<Ledger> {
        if self.ledger.is_none() {
            if *self.database.stands.borrow() != Stands::There {
                return None;
            }
            let Location::Postgres(url) = self.bench.place.location() else { unreachable!() };
            let location = Location::Postgres(by(&url, &self.database));
            let opening = tokio::time::timeout(START, Store::open(&location, kek()));
            let store = opening.await.ok()?.ok()?;
            let spool = Spool::open(self.folder.path(), SPOOL_BYTES).await.unwrap();
            let name = format!("process-{}", NEXT.fetch_add(1, Ordering::SeqCst));
            let queue = Queue::connect(&by(&redis(), &self.queue), &self.namespace, name).unwrap();
            // Whoever comes next is given at once what this one leaves.
            let queue = queue.silent_after(Duration::ZERO).with_patience(QUEUE_PATIENCE);
            let places = Places { queue: Some(queue), spool: Some(spool.clone()) };
            self.ledger = Some((Ledger::new(store, places, self.clock.clone()), spool));
        }
        self.ledger.as_ref().map(|(ledger, _)| ledger.clone())
    }

    async fn stop(&mut self) {
        let Some((ledger, spool)) = self.ledger.take() else { return };
        self.miscounted += ledger.state().miscounted;
        drop(ledger);
        spool.close().await;
    }

    async fn write(&mut self, number: usize) {
        let Some(ledger) = self.ledger().await else { return };
        let Answered { start, completion, told } = &mut self.answers[number];
        if ledger.write(first(start)).await.is_err() {
            return;
        }
        match ledger.write(second(completion)).await {
            Ok(Applied::Written) => *told = Some(completion.record.clone()),
            // Tried twice, since the first try was not heard.
            Ok(Applied::Before(record)) => {
                assert_eq!(*record, completion.record, "it was never another one");
                *told = Some(*record);
            }
            // Its caller heard an error.
            Err(StoreError::Unavailable { .. }) => {}
            other => panic!("{other:?}"),
        }
    }

    /// As the API does: what is told from now on stands, also where it was withdrawn and nobody here knows.
    async fn ask_again(&mut self, number: usize) {
        let Some(ledger) = self.ledger().await else { return };
        let Answered { completion, told, .. } = &mut self.answers[number];
        let asking = tokio::time::timeout(PATIENCE, ledger.to_show_again(completion.record.id)).await;
        if let Ok(Ok(Some(record))) = asking
            && record.outcome != Outcome::Interrupted
            && !ledger.has_withdrawn(&record)
        {
            assert_eq!(record, completion.record, "it was never another one");
            *told = Some(record);
        }
    }

    async fn step(&mut self, operation: Operation) {
        match operation {
            Operation::Answer => {
                let (start, completion) = halves(&self.bench);
                self.answers.push(Answered { start, completion, told: None });
                self.write(self.answers.len() - 1).await;
            }
            Operation::AskAgain(index) => {
                if !self.answers.is_empty() {
                    self.ask_again(index.index(self.answers.len())).await;
                }
            }
            Operation::Later => self.clock.advance_seconds(61),
            Operation::Database(stands) => self.database.will(stands),
            Operation::Queue(stands) => self.queue.will(stands),
            Operation::Drain => {
                if let Some(ledger) = self.ledger().await {
                    let _ = tokio::time::timeout(PATIENCE, ledger.drain()).await;
                }
            }
            Operation::Work => {
                if let Some(ledger) = self.ledger().await {
                    let _ = tokio::time::timeout(PATIENCE, ledger.work()).await;
                }
            }
            Operation::Restart { torn } => {
                self.stop().await;
                if torn {
                    self.tear();
                }
            }
            Operation::Rubbish => {
                let client = ::redis::Client::open(redis()).unwrap();
                let mut raw = client.get_multiplexed_async_connection().await.unwrap();
                let bytes = format!("no entry {}", self.rubbish);
                let stream = format!("contactiq:{}:ledger", self.namespace);
                let add = ::redis::cmd("XADD")
                    .arg((stream, "*", "entry", bytes))
                    .query_async::<String>(&mut raw)
                    .await;
                add.unwrap();
                self.rubbish += 1;
            }
        }
    }

    /// Half a frame at the end of each segment, as a crash leaves it.
    fn tear(&self) {
        for file in std::fs::read_dir(self.folder.path()).unwrap().flatten() {
            if file.path().extension().is_some_and(|e| e == "spool") {
                let mut segment = std::fs::OpenOptions::new().append(true).open(file.path()).unwrap();
                segment.write_all(&[0xC1, 0xD1, 0xF5, 0x9E, 0x40, 0x00]).unwrap();
            }
        }
    }

    /// Everything is there again: what was told is in its table, once and word for word.
    async fn finish(&mut self) {
        self.database.will(Stands::There);
        self.queue.will(Stands::There);
        // What a dead process had said to the servers is done by now, or never.
        let mut ledger = None;
        for _ in 0..100 {
            self.stop().await;
            if let Some(again) = self.ledger().await
                && again.queued_entries().await.is_ok()
            {
                ledger = Some(again);
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let ledger = ledger.expect("both servers are there");
        // A worker may come upon an entry before what it stands on.
        for _ in 0..40 {
            let drained = ledger.drain().await;
            let worked = ledger.work().await;
            let empty = ledger.queued_entries().await == Ok(Some(0))
                && ledger.state().spool.is_some_and(|depth| depth.entries == 0);
            if empty && drained.is_ok() && worked.is_ok() {
                break;
            }
        }
        let state = ledger.state();
        assert_eq!(state.spool.unwrap().entries, 0, "{state:?}");
        let mut queued = ledger.queued_entries().await;
        for _ in 0..20 {
            if queued.is_ok() {
                break;
            }
            queued = ledger.queued_entries().await;
        }
        assert_eq!(queued, Ok(Some(0)));
        let mut reader = self.bench.read().await;
        for Answered { completion, told, .. } in &self.answers {
            let id = completion.record.id;
            let found = interactions::get(&mut reader, id).await.unwrap();
            let found = found.filter(|record| record.outcome != Outcome::Interrupted);
            match (told, &found) {
                (Some(told), found) => assert_eq!(found.as_ref(), Some(told), "{id} was told"),
                // Nobody was shown it. Where its withdrawal found no place either it may be there, and is no other.
                (None, Some(found)) => assert_eq!(found, &completion.record, "{id}"),
                (None, None) => {}
            }
        }
        let rows = interactions::count_finished(&mut reader).await.unwrap();
        assert!(rows <= self.answers.len() as u64, "{rows}");
        assert_eq!(
            dead::count(&mut reader).await.unwrap(),
            self.rubbish,
            "what is no entry, and nothing else"
        );
        drop(reader);
        // What was put into the queue past the ledger is the only difference.
        ledger.count_places().await.unwrap();
        self.miscounted += ledger.state().miscounted;
        assert_eq!(self.miscounted, self.rubbish);
        let compared = ledger.compare(Duration::ZERO).await.unwrap();
        assert!(compared.lost.is_empty(), "{compared:?}");
        drop(ledger);
        self.stop().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_was_told_is_in_the_record_whatever_its_places_did(operations in collection::vec(operation(), 4..24)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let mut run = Run::new().await;
            for operation in operations {
                run.step(operation).await;
            }
            run.finish().await;
            run.bench.end().await;
        });
    }
}
