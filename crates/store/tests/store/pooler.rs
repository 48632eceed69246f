//! Behind a PgBouncer that gives every transaction another connection (C4).

use std::sync::Arc;

use contactiq_domain::{clock::FixedClock, ids::CountingIds};
use contactiq_store::{
    Ledger, Location, Store, StoreError, interactions,
    ledger::{Entry, Places},
};
use tokio::task::JoinSet;

use crate::{
    engines::{Bench, Place, kek},
    ledger::{first, halves, second},
    samples::NOW,
};

/// The database of this place, through the pooler.
fn through(place: &Place, parameters: &str) -> Location {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let pooler = std::env::var("CONTACTIQ_TEST_PGBOUNCER_URL")
        .expect("CONTACTIQ_TEST_PGBOUNCER_URL names no pooler: run `make test`, which starts one");
    let Place::Postgres { database, .. } = place else { unreachable!() };
    let (address, _) = pooler.rsplit_once('/').unwrap();
    Location::Postgres(format!("{address}/{database}{parameters}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everything_works_where_each_transaction_has_another_connection() {
    let place = Place::postgresql().await;
    let location = through(&place, "?statement-cache-capacity=0");
    let store = Store::open(&location, kek()).await.unwrap();
    let bench = Bench { store, place, ids: CountingIds::default() };
    // More at once than the pooler has connections.
    let ledger = Ledger::new(bench.store.clone(), Places::default(), Arc::new(FixedClock::at(NOW)));
    let all: Vec<_> = (0..60).map(|_| halves(&bench)).collect();
    let mut tasks = JoinSet::new();
    for (start, completion) in all.clone() {
        let (ledger, store) = (ledger.clone(), bench.store.clone());
        tasks.spawn(async move {
            ledger.write(first(&start)).await.unwrap();
            let Entry::Completion(completion) = second(&completion) else { unreachable!() };
            let mut w = store.write().await.unwrap();
            contactiq_store::ledger::apply(&mut w, &Entry::Completion(completion)).await.unwrap();
            w.save().await.unwrap();
            let mut r = store.read().await.unwrap();
            assert!(interactions::started(&mut r, start.started.id).await.unwrap().is_some());
        });
    }
    tasks.join_all().await;
    for (_, completion) in all {
        let found = interactions::get(&mut *bench.read().await, completion.record.id).await.unwrap();
        assert_eq!(found, Some(completion.record));
    }
    bench.end().await;
}

/// Statements that are kept by name are another connection's there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_the_url_lacks_is_told() {
    let place = Place::postgresql().await;
    let told = async {
        let store = Store::open(&through(&place, ""), kek()).await?;
        let mut tasks = JoinSet::new();
        for _ in 0..200 {
            let store = store.clone();
            tasks.spawn(async move { store.health().await });
        }
        let done: Result<Vec<()>, StoreError> = tasks.join_all().await.into_iter().collect();
        store.close().await;
        done
    };
    let why = told.await.unwrap_err().to_string();
    assert!(why.contains("?statement-cache-capacity=0"), "{why}");
    place.end().await;
}
