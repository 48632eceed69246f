use contactiq_domain::{
    Budget, Mode, Permission, Role,
    ids::{Ids, KeyId},
    interaction::NanoUsd,
};
use contactiq_store::{
    StoreError,
    keys::{self, ApiKey, Before, Secret},
};

use crate::samples::NOW;

pub(crate) fn key(ids: &dyn Ids, name: &str) -> ApiKey {
    let id = KeyId::new(ids);
    ApiKey {
        id,
        name: name.into(),
        prefix: "ciq_abcd".into(),
        hash: format!("{:0>64}", id.uuid().simple().to_string()),
        role: Role::Service,
        mode: Some(Mode::Customer),
        scopes: Some(vec![Permission::AskAsCustomer, Permission::ScanText]),
        before: None,
        rate_per_minute: Some(30),
        budget: Budget { day: Some(NanoUsd(5_000_000_000)), month: None },
        created_at: NOW,
        expires_at: Some(NOW.plus_seconds(3600)),
        revoked_at: None,
        last_used_at: None,
        generation: 0,
    }
}

fn secret(hash: &str) -> Secret<'_> {
    Secret { prefix: "ciq_new", hash }
}

on_both_engines! {
    async fn a_secret_goes_on_beside_the_next_one_for_as_long_as_was_said(bench) {
        let mut w = bench.write().await;
        let first = key(&bench.ids, "branch app");
        keys::create(&mut w, &first).await.unwrap();
        let (next, last) = ("a".repeat(64), "b".repeat(64));
        let end = NOW.plus_seconds(600);
        let rotated = keys::rotate(&mut w, "branch app", secret(&next), Some(end), NOW).await.unwrap();
        let before = Before { prefix: first.prefix.clone(), hash: first.hash.clone(), ends_at: end };
        assert_eq!(rotated.before, Some(before));
        for hash in [&first.hash, &next] {
            assert_eq!(keys::find_by_hash(&mut w, hash).await.unwrap().as_ref(), Some(&rotated));
            assert!(rotated.opens_with(hash, NOW));
        }
        assert!(!rotated.opens_with(&first.hash, end) && rotated.opens_with(&next, end));
        assert!(!rotated.opens_with(&last, NOW));
        assert_eq!((rotated.overlaps_until(NOW), rotated.overlaps_until(end)), (Some(end), None));
        // A third beside two would end the first unannounced.
        let third = keys::rotate(&mut w, "branch app", secret(&last), Some(end), NOW).await;
        assert_eq!(third, Err(StoreError::SecretOverlaps { until: end }));
        assert_eq!(keys::find_by_hash(&mut w, &next).await.unwrap().as_ref(), Some(&rotated));
        // Once that has ended, there are two again.
        let later = end.plus_seconds(600);
        let rotated = keys::rotate(&mut w, "branch app", secret(&last), Some(later), end).await.unwrap();
        assert!(keys::find_by_hash(&mut w, &first.hash).await.unwrap().is_none());
        assert!(rotated.opens_with(&next, end) && !rotated.opens_with(&next, later));
        // Whoever ends the old one now ends both.
        let newest = "c".repeat(64);
        let alone = keys::rotate(&mut w, "branch app", secret(&newest), None, end).await.unwrap();
        assert!(alone.opens_with(&newest, end) && !alone.opens_with(&last, end) && alone.before.is_none());
        let rotated = keys::rotate(&mut w, "branch app", secret(&last), Some(end), NOW).await.unwrap();
        assert!(rotated.opens_with(&newest, NOW) && rotated.opens_with(&last, NOW));
        let revoked = keys::revoke(&mut w, "branch app", NOW).await.unwrap();
        assert!(!revoked.opens_with(&newest, NOW) && !revoked.opens_with(&last, NOW));
        assert_eq!(revoked.overlaps_until(NOW), None);
    }

    async fn a_rotated_key_is_the_same_key_with_another_secret(bench) {
        let mut w = bench.write().await;
        let old = key(&bench.ids, "branch app");
        keys::create(&mut w, &old).await.unwrap();
        let hash = "f".repeat(64);
        let new = keys::rotate(&mut w, "branch app", secret(&hash), None, NOW).await.unwrap();
        assert_eq!(new, ApiKey { prefix: "ciq_new".into(), hash: hash.clone(), generation: 1, ..old.clone() });
        assert!(keys::find_by_hash(&mut w, &old.hash).await.unwrap().is_none());
        assert_eq!(keys::find_by_hash(&mut w, &hash).await.unwrap().unwrap().id, old.id);
        keys::revoke(&mut w, "branch app", NOW).await.unwrap();
        let gone = keys::rotate(&mut w, "branch app", secret(&"0".repeat(64)), None, NOW).await;
        assert_eq!(gone, Err(StoreError::NotFound { what: "key" }));
    }

    async fn a_key_is_found_by_its_hash_until_it_is_revoked_and_after(bench) {
        let mut w = bench.write().await;
        let mut kept = key(&bench.ids, "branch app");
        let mut plain = key(&bench.ids, "admin");
        (plain.mode, plain.rate_per_minute, plain.expires_at) = (None, None, None);
        keys::create(&mut w, &kept).await.unwrap();
        keys::create(&mut w, &plain).await.unwrap();
        assert_eq!(keys::find_by_hash(&mut w, &kept.hash).await.unwrap().unwrap(), kept);
        assert!(keys::find_by_hash(&mut w, "0").await.unwrap().is_none());
        assert_eq!(keys::find_by_id(&mut w, kept.id).await.unwrap().unwrap(), kept);
        assert_eq!(keys::list(&mut w).await.unwrap(), [kept.clone(), plain.clone()]);
        assert!(kept.is_active(NOW) && !kept.is_active(NOW.plus_seconds(3600)) && plain.is_active(NOW));

        keys::touch(&mut w, kept.id, NOW.plus_seconds(9)).await.unwrap();
        keys::touch(&mut w, kept.id, NOW.plus_seconds(5)).await.unwrap();
        kept.last_used_at = Some(NOW.plus_seconds(9));
        kept.revoked_at = Some(NOW.plus_seconds(10));
        kept.generation = 1;
        assert_eq!(keys::revoke(&mut w, "branch app", NOW.plus_seconds(10)).await.unwrap(), kept);
        assert_eq!(keys::find_by_hash(&mut w, &kept.hash).await.unwrap().unwrap(), kept);
        assert!(!kept.is_active(NOW));
        assert_eq!(keys::revoke(&mut w, &plain.id.to_string(), NOW).await.unwrap().id, plain.id);
        let nobody = Err(StoreError::NotFound { what: "key" });
        assert_eq!(keys::revoke(&mut w, "branch app", NOW).await, nobody);
        assert_eq!(keys::revoke(&mut w, "never made", NOW).await, nobody);
    }

    async fn a_key_gets_another_budget_and_loses_it(bench) {
        let mut w = bench.write().await;
        let first = key(&bench.ids, "shop");
        keys::create(&mut w, &first).await.unwrap();
        let budget = Budget { day: None, month: Some(NanoUsd(1)) };
        let changed = ApiKey { budget, generation: 1, ..first.clone() };
        assert_eq!(keys::set_budget(&mut w, "shop", budget).await.unwrap(), changed);
        let none = keys::set_budget(&mut w, &first.id.to_string(), Budget::default()).await.unwrap();
        assert!(none.budget.is_none() && keys::find_by_hash(&mut w, &first.hash).await.unwrap() == Some(none));
        let gone = keys::set_budget(&mut w, "nobody", budget).await;
        assert_eq!(gone, Err(StoreError::NotFound { what: "key" }));
    }

    async fn a_name_is_free_again_once_its_key_is_revoked(bench) {
        let mut w = bench.write().await;
        keys::create(&mut w, &key(&bench.ids, "rotated")).await.unwrap();
        keys::revoke(&mut w, "rotated", NOW).await.unwrap();
        keys::create(&mut w, &key(&bench.ids, "rotated")).await.unwrap();
        w.save().await.unwrap();
        let mut w = bench.write().await;
        let taken = keys::create(&mut w, &key(&bench.ids, "rotated")).await.unwrap_err();
        assert!(matches!(taken, StoreError::Conflict { .. }), "{taken:?}");
    }
}
