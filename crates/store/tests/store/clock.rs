//! Replicas whose clocks differ go by the one of the store.

use std::sync::Arc;

use contactiq_domain::{Clock, Timestamp, clock::FixedClock};
use contactiq_store::{
    Ledger, Store,
    idempotency::{self, Claim, Fence, Slot},
    interactions,
    ledger::Places,
};
use uuid::Uuid;

use crate::{
    engines::{Bench, Place},
    ledger::{first, halves},
    samples::NOW,
};

const MINUTE: i64 = 60_000_000;

/// A replica whose clock says this, by the store's.
async fn replica(place: &Place, says: Timestamp) -> (Store, Arc<dyn Clock>) {
    let store = place.open().await.unwrap();
    let own = FixedClock::at(says);
    store.compare_clocks(&own).await.unwrap();
    let clock = store.clock(Arc::new(own));
    (store, Arc::new(clock))
}

#[tokio::test]
async fn a_replica_with_a_wrong_clock_takes_nothing_over_that_another_works_on() {
    let bench = Bench::at(Place::postgresql().await).await;
    // A quarter of an hour before and behind.
    let (one, exact) = replica(&bench.place, NOW).await;
    let (other, fast) = replica(&bench.place, NOW.plus_seconds(900)).await;
    assert!(
        (exact.now().micros() - fast.now().micros()).abs() < MINUTE / 4,
        "{} {}",
        exact.now(),
        fast.now()
    );

    let slot = Slot { caller: "caller", route: "POST /", key: "key" };
    let claim = async |store: &Store, now: Timestamp, number: u128| {
        let mut w = store.write().await.unwrap();
        let fence = Fence::of(Uuid::from_u128(number));
        let claim =
            idempotency::claim(&mut w, &slot, "body", now, now.plus_seconds(60), fence).await.unwrap();
        w.save().await.unwrap();
        claim
    };
    assert_eq!(claim(&one, exact.now(), 1).await, Claim::New);
    assert!(matches!(claim(&other, fast.now(), 2).await, Claim::InFlight { .. }));
    // A control: by its own clock the lease had ended long ago.
    assert_eq!(claim(&other, exact.now().plus_seconds(900), 3).await, Claim::New);

    let ledger = Ledger::new(other, Places::default(), Arc::clone(&fast));
    let (mut start, _) = halves(&bench);
    start.started.created_at = exact.now();
    ledger.write(first(&start)).await.unwrap();
    assert_eq!(
        ledger.interrupt_unfinished(fast.now().plus_seconds(-180)).await,
        Ok(vec![]),
        "it is under way"
    );
    let late = fast.now().plus_seconds(1);
    assert_eq!(ledger.interrupt_unfinished(late).await, Ok(vec![start.started.id]), "a control");
    let mut reader = one.read().await.unwrap();
    assert!(interactions::started(&mut reader, start.started.id).await.unwrap().is_some());
    drop(reader);
    bench.end().await;
}

#[tokio::test]
async fn a_small_difference_moves_no_clock_and_sqlite_has_the_machines() {
    let bench = Bench::at(Place::postgresql().await).await;
    let (store, clock) = replica(&bench.place, NOW).await;
    // One that is right already, but for the time that the look takes.
    let near = FixedClock::at(clock.now());
    let right = bench.place.open().await.unwrap();
    let ahead = right.compare_clocks(&near).await.unwrap();
    let put_right = right.clock(Arc::new(FixedClock::at(near.now()))).now();
    assert_eq!(ahead.abs() > 250_000, put_right != near.now(), "{ahead} µs");
    right.close().await;
    store.close().await;
    bench.end().await;

    let bench = Bench::at(Place::sqlite()).await;
    let own = FixedClock::at(NOW);
    assert_eq!(bench.store.compare_clocks(&own).await, Ok(0));
    assert_eq!(bench.store.clock(Arc::new(FixedClock::at(NOW))).now(), NOW);
    bench.end().await;
}
