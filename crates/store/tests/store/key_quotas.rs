//! Quotas of a provider's keys: what is taken, given back and refused.

use contactiq_store::{
    Store,
    key_quotas::{self, Quota},
};
use time::macros::date;
use tokio::task::JoinSet;

async fn take(store: &Store, key: &str, quota: Quota, tokens: u64) -> bool {
    let mut w = store.write().await.unwrap();
    let taken = key_quotas::take(&mut w, key, date!(2027 - 01 - 31), quota, tokens).await.unwrap();
    if taken {
        w.save().await.unwrap();
    }
    taken
}

on_both_engines! {
    async fn a_day_of_a_key_has_so_many_requests_and_tokens(bench) {
        let quota = Quota { requests: Some(3), tokens: Some(100) };
        assert!(take(&bench.store, "a", quota, 60).await);
        assert!(!take(&bench.store, "a", quota, 60).await, "it may need more tokens than are left");
        let mut w = bench.store.write().await.unwrap();
        key_quotas::give_back(&mut w, "a", date!(2027 - 01 - 31), 50).await.unwrap();
        w.save().await.unwrap();
        assert!(take(&bench.store, "a", quota, 60).await);
        assert!(take(&bench.store, "a", quota, 1).await);
        assert!(!take(&bench.store, "a", quota, 1).await, "three requests were made, and refused ones took none");
        assert!(take(&bench.store, "b", quota, 1).await, "another key has its own");
        assert!(take(&bench.store, "a", Quota::default(), 1_000_000).await);
    }

    async fn many_at_once_never_take_more_than_the_day_has(bench) {
        let quota = Quota { requests: Some(25), tokens: Some(1000) };
        let mut tasks = JoinSet::new();
        for _ in 0..60 {
            let store = bench.store.clone();
            tasks.spawn(async move { take(&store, "k", quota, 50).await });
        }
        let taken = tasks.join_all().await.into_iter().filter(|taken| *taken).count();
        assert_eq!(taken, 20, "a thousand tokens are twenty times fifty");
    }

    async fn days_that_are_over_are_forgotten_and_other_counters_are_not(bench) {
        let quota = Quota { requests: Some(1), tokens: None };
        assert!(take(&bench.store, "a", quota, 0).await && !take(&bench.store, "a", quota, 0).await);
        let mut w = bench.store.write().await.unwrap();
        key_quotas::purge(&mut w, date!(2027 - 01 - 31)).await.unwrap();
        w.save().await.unwrap();
        assert!(!take(&bench.store, "a", quota, 0).await, "today is kept");
        let mut w = bench.store.write().await.unwrap();
        key_quotas::purge(&mut w, date!(2027 - 02 - 01)).await.unwrap();
        w.save().await.unwrap();
        assert!(take(&bench.store, "a", quota, 0).await);
        let mut reader = bench.store.read().await.unwrap();
        contactiq_store::documents::version(&mut reader).await.unwrap();
    }
}
