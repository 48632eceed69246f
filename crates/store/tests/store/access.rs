use contactiq_domain::ids::AccessId;
use contactiq_store::{
    StoreError,
    access::{self, AccessEvent, AccessResult},
};

use crate::samples::NOW;

on_both_engines! {
    async fn every_attempt_is_logged_and_the_latest_comes_first(bench) {
        let mut w = bench.write().await;
        let mut events = Vec::new();
        for (n, result) in (0..).zip(AccessResult::ALL) {
            let event = AccessEvent {
                id: AccessId::new(&bench.ids),
                at: NOW.plus_seconds(n),
                actor: "branch app".into(),
                from_ip: "2001:db8::1".into(),
                method: "POST".into(),
                route: "/v1/interactions".into(),
                target: (n % 2 == 0).then(|| "customer/replacement-card".into()),
                result: *result,
                status: 401,
                reason: (n % 2 == 1).then(|| "key_unknown".into()),
            };
            access::log(&mut w, &event).await.unwrap();
            access::log(&mut w, &event).await.unwrap();
            events.insert(0, event);
        }
        assert_eq!(access::recent(&mut w, 100).await.unwrap(), events);
        assert_eq!(access::recent(&mut w, 2).await.unwrap(), events[..2]);
        let odd = AccessEvent { id: AccessId::new(&bench.ids), status: 7, ..events[0].clone() };
        let refused = Err(StoreError::Refused { rule: "access_events_status".into() });
        assert_eq!(access::log(&mut w, &odd).await, refused);
    }

    async fn what_is_damaged_is_left_out_and_counted_once(bench) {
        let event = |actor: &str, target: &str, seconds| AccessEvent {
            id: AccessId::new(&bench.ids),
            at: NOW.plus_seconds(seconds),
            actor: actor.into(),
            from_ip: "local".into(),
            method: "GET".into(),
            route: "/v1/interactions/{id}".into(),
            target: Some(target.into()),
            result: AccessResult::Allowed,
            status: 200,
            reason: None,
        };
        let events = [
            event("jane", "own", 1),
            event("customer:5f", "own", 2),
            event("desk", "her record", 3),
            event("jane", "her record", 4),
            event("joe", "own", 5),
        ];
        let mut w = bench.write().await;
        access::log_all(&mut w, &events.iter().collect::<Vec<_>>()).await.unwrap();
        w.save().await.unwrap();
        let (names, targets) = (["jane".to_owned(), "customer:5f".to_owned()], ["her record".to_owned()]);
        let found = access::of(&mut *bench.read().await, &names, &targets).await.unwrap();
        let mut hers = events[..4].to_vec();
        hers.reverse();
        assert_eq!((found.events, found.unreadable), (hers.clone(), 0));
        // By an earlier version, which left no hash, and damaged: by both ways one and the same row.
        bench.place.raw("UPDATE access_events SET whose = NULL").await.unwrap();
        let damage = format!("UPDATE access_events SET actor = 'sealed:AAAA' WHERE id = '{}'", events[3].id);
        bench.place.raw(sqlx::AssertSqlSafe(damage)).await.unwrap();
        let found = access::of(&mut *bench.read().await, &names, &targets).await.unwrap();
        assert_eq!((found.events.as_slice(), found.unreadable), (&hers[1..], 1));
    }
}
