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
}
