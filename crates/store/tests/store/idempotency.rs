use contactiq_store::{
    StoreError,
    idempotency::{self, Claim, Fence, Slot},
};
use tokio::task::JoinSet;

use crate::samples::NOW;

fn fence(number: u128) -> Fence {
    Fence::of(uuid::Uuid::from_u128(number))
}

const SLOT: Slot<'static> = Slot { caller: "branch app", route: "/v1/interactions", key: "k-1" };

on_both_engines! {
    async fn a_repeated_request_gets_the_first_answer(bench) {
        let lease = NOW.plus_seconds(30);
        let mut w = bench.write().await;
        assert_eq!(idempotency::claim(&mut w, &SLOT, "body", NOW, lease, fence(1)).await.unwrap(), Claim::New);
        assert_eq!(
            idempotency::claim(&mut w, &SLOT, "body", NOW, NOW.plus_seconds(99), fence(2)).await.unwrap(),
            Claim::InFlight { until: lease }
        );
        assert_eq!(idempotency::claim(&mut w, &SLOT, "other", NOW, lease, fence(1)).await.unwrap(), Claim::Mismatch);
        for elsewhere in [
            Slot { caller: "another app", ..SLOT },
            Slot { route: "/v1/conversations", ..SLOT },
            Slot { key: "k-2", ..SLOT },
        ] {
            assert_eq!(idempotency::claim(&mut w, &elsewhere, "other", NOW, lease, fence(1)).await.unwrap(), Claim::New);
        }
        idempotency::settle(&mut w, &SLOT, fence(1), "id-1", 201).await.unwrap();
        let done = Claim::Done { resource: "id-1".into(), status: 201 };
        let later = NOW.plus_seconds(3600);
        assert_eq!(idempotency::claim(&mut w, &SLOT, "body", later, later, fence(3)).await.unwrap(), done);
        assert_eq!(idempotency::claim(&mut w, &SLOT, "other", later, later, fence(3)).await.unwrap(), Claim::Mismatch);
        assert!(!idempotency::release(&mut w, &SLOT, fence(1)).await.unwrap(), "what is done stays");
    }

    async fn a_lease_that_ran_out_passes_on_with_its_fence(bench) {
        let (first, second) = (NOW.plus_seconds(30), NOW.plus_seconds(70));
        let mut w = bench.write().await;
        idempotency::claim(&mut w, &SLOT, "body", NOW, first, fence(1)).await.unwrap();
        let after = NOW.plus_seconds(31);
        assert_eq!(idempotency::claim(&mut w, &SLOT, "other", after, second, fence(2)).await.unwrap(), Claim::Mismatch);
        assert_eq!(idempotency::claim(&mut w, &SLOT, "body", after, second, fence(2)).await.unwrap(), Claim::New);
        // The first worker wakes up: it has nothing to say any more.
        assert!(!idempotency::renew(&mut w, &SLOT, fence(1), second).await.unwrap());
        let lost = Err(StoreError::NotFound { what: "claim" });
        assert_eq!(idempotency::settle(&mut w, &SLOT, fence(1), "id-1", 201).await, lost);
        assert!(!idempotency::release(&mut w, &SLOT, fence(1)).await.unwrap());
        assert!(idempotency::release(&mut w, &SLOT, fence(2)).await.unwrap());
        assert_eq!(idempotency::claim(&mut w, &SLOT, "other", after, second, fence(2)).await.unwrap(), Claim::New);
    }

    async fn a_lease_that_is_renewed_passes_on_to_nobody(bench) {
        let mut w = bench.write().await;
        let (first, second) = (NOW.plus_seconds(3), NOW.plus_seconds(6));
        idempotency::claim(&mut w, &SLOT, "body", NOW, first, fence(1)).await.unwrap();
        assert!(idempotency::renew(&mut w, &SLOT, fence(1), second).await.unwrap());
        let later = NOW.plus_seconds(4);
        let found = idempotency::claim(&mut w, &SLOT, "body", later, second, fence(2)).await.unwrap();
        assert_eq!(found, Claim::InFlight { until: second });
        idempotency::settle(&mut w, &SLOT, fence(1), "id-1", 201).await.unwrap();
        assert!(!idempotency::renew(&mut w, &SLOT, fence(1), second).await.unwrap(), "it is done");
    }

    async fn keys_are_forgotten_after_a_day(bench) {
        let lease = NOW.plus_seconds(30);
        let (day, more) = (NOW.plus_seconds(24 * 3600), NOW.plus_seconds(25 * 3600));
        let mut w = bench.write().await;
        idempotency::claim(&mut w, &SLOT, "body", NOW, lease, fence(1)).await.unwrap();
        idempotency::settle(&mut w, &SLOT, fence(1), "id-1", 201).await.unwrap();
        assert_eq!(idempotency::purge(&mut w, NOW.plus_seconds(24 * 3600 - 1)).await.unwrap(), 0);
        assert_eq!(idempotency::claim(&mut w, &SLOT, "other", day, more, fence(2)).await.unwrap(), Claim::New);
        assert_eq!(idempotency::purge(&mut w, NOW.plus_seconds(48 * 3600)).await.unwrap(), 1);
        assert_eq!(idempotency::claim(&mut w, &SLOT, "body", NOW, lease, fence(1)).await.unwrap(), Claim::New);
    }

    async fn of_many_at_the_same_time_one_wins(bench) {
        let mut tasks = JoinSet::new();
        for number in 0..16 {
            let store = bench.store.clone();
            tasks.spawn(async move {
                let mut w = store.write().await.unwrap();
                let claim = idempotency::claim(&mut w, &SLOT, "body", NOW, NOW.plus_seconds(30), fence(number)).await.unwrap();
                w.save().await.unwrap();
                claim
            });
        }
        let claims = tasks.join_all().await;
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::New).count(), 1, "{claims:?}");
    }
}
