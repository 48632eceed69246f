use contactiq_domain::{
    Mode, Role,
    ids::{Ids, SessionId},
};
use contactiq_guard::{Masked, Published};
use contactiq_store::{
    StoreError,
    conversations::Owner,
    page_sessions::{self, PageSession, Which},
    privacy::holds,
};

use crate::samples::NOW;

const IDLE: i64 = 1800;

pub(crate) fn session(ids: &dyn Ids, subject: &str) -> PageSession {
    let id = SessionId::new(ids);
    PageSession {
        id,
        token_hash: format!("{:0>64}", id.uuid().simple().to_string()),
        subject: subject.into(),
        label: Some(Masked::from_published(&Published::by_bank("mia.chen"))),
        role: Role::Banker,
        mode: Some(Mode::Banker),
        provider_session: Some("a".repeat(64)),
        from_ip: "192.0.2.7".into(),
        created_at: NOW,
        seen_at: NOW,
        ends_at: NOW.plus_seconds(3600),
        ended_at: None,
        ended_by: None,
    }
}

on_both_engines! {
    async fn a_session_is_found_by_its_token_and_open_until_it_is_idle_over_or_ended(bench) {
        let mut w = bench.write().await;
        let kept = session(&bench.ids, "person:1");
        page_sessions::begin(&mut w, &kept).await.unwrap();
        assert_eq!(page_sessions::find(&mut w, &kept.token_hash).await.unwrap().unwrap(), kept);
        assert!(page_sessions::find(&mut w, "0").await.unwrap().is_none());
        let at = |seconds| NOW.plus_seconds(seconds);
        assert!(kept.is_open(at(IDLE - 1), IDLE) && !kept.is_open(at(IDLE), IDLE));
        page_sessions::touch(&mut w, kept.id, at(1700)).await.unwrap();
        page_sessions::touch(&mut w, kept.id, at(1600)).await.unwrap();
        let seen = page_sessions::find(&mut w, &kept.token_hash).await.unwrap().unwrap();
        assert_eq!(seen, PageSession { seen_at: at(1700), ..kept.clone() });
        assert!(seen.is_open(at(3400), IDLE) && !seen.is_open(at(3600), IDLE), "it ends whoever uses it");
        let open = page_sessions::open(&mut w, at(3400), IDLE, 10).await.unwrap();
        assert_eq!(open.iter().collect::<Vec<_>>(), [&seen]);
        assert!(page_sessions::open(&mut w, at(3500), IDLE, 10).await.unwrap().is_empty());
        let ended = page_sessions::end(&mut w, Which::Token(&kept.token_hash), at(1800), "person:1").await.unwrap();
        assert_eq!(ended, [PageSession { ended_at: Some(at(1800)), ended_by: Some("person:1".into()), ..seen }]);
        assert!(!ended[0].is_open(at(1801), IDLE));
        assert!(page_sessions::open(&mut w, at(1801), IDLE, 10).await.unwrap().is_empty());
        let again = page_sessions::end(&mut w, Which::One(kept.id), at(1900), "other").await.unwrap();
        assert!(again.is_empty(), "who ended it first did");
        assert_eq!(page_sessions::forget(&mut w, at(3600)).await.unwrap(), 0);
        let owner = Owner { subject: &kept.subject, key: None };
        let hold = holds::place(&mut w, &owner, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        assert_eq!(page_sessions::forget(&mut w, at(3601)).await.unwrap(), 0, "accesses are found by it");
        holds::lift(&mut w, hold.id, "counsel", NOW).await.unwrap();
        assert_eq!(page_sessions::forget(&mut w, at(3601)).await.unwrap(), 1);
    }

    async fn all_sessions_of_a_person_or_of_a_provider_session_end_at_once(bench) {
        let mut w = bench.write().await;
        let mut all = Vec::new();
        for (subject, at_provider) in [("person:1", "a"), ("person:1", "b"), ("person:2", "b")] {
            let one = PageSession { provider_session: Some(at_provider.into()), ..session(&bench.ids, subject) };
            page_sessions::begin(&mut w, &one).await.unwrap();
            all.push(one);
        }
        let ended = page_sessions::end(&mut w, Which::Provider("b"), NOW, "provider").await.unwrap();
        assert_eq!(ended.len(), 2);
        let open = page_sessions::open(&mut w, NOW, IDLE, 10).await.unwrap();
        assert_eq!(open.iter().collect::<Vec<_>>(), [&all[0]]);
        let ended = page_sessions::end(&mut w, Which::Person("person:1"), NOW, "admin").await.unwrap();
        assert_eq!(ended.iter().map(|s| s.id).collect::<Vec<_>>(), [all[0].id]);
    }

    async fn a_session_is_no_back_ends_and_its_label_is_sealed(bench) {
        let mut w = bench.write().await;
        let back_end = PageSession { role: Role::Service, ..session(&bench.ids, "person:1") };
        let refused = page_sessions::begin(&mut w, &back_end).await;
        assert_eq!(refused, Err(StoreError::Refused { rule: "page_sessions_role".into() }));
        drop(w);
        let mut w = bench.write().await;
        let (one, other) = (session(&bench.ids, "person:1"), session(&bench.ids, "person:2"));
        page_sessions::begin(&mut w, &one).await.unwrap();
        page_sessions::begin(&mut w, &other).await.unwrap();
        w.save().await.unwrap();
        let moved = format!(
            "UPDATE page_sessions SET label = (SELECT label FROM page_sessions WHERE id = '{}') WHERE id = '{}'",
            other.id, one.id
        );
        bench.place.raw_of(moved).await;
        let mut r = bench.store.read().await.unwrap();
        assert!(page_sessions::find(&mut r, &one.token_hash).await.is_err(), "it is sealed for its row");
        assert_eq!(page_sessions::find(&mut r, &other.token_hash).await.unwrap().unwrap(), other);
    }

    async fn people_are_told_once_by_what_they_were_last(bench) {
        let mut w = bench.write().await;
        let at = |subject, role, seconds| {
            let ids = &bench.ids;
            PageSession { role, created_at: NOW.plus_seconds(seconds), ..session(ids, subject) }
        };
        for kept in [
            at("person:1", Role::Banker, 0),
            at("person:1", Role::Banker, 10),
            at("person:2", Role::Supervisor, 20),
            at("person:3", Role::Supervisor, 30),
            at("person:3", Role::Auditor, 40),
            at("person:4", Role::Banker, -10),
        ] {
            page_sessions::begin(&mut w, &kept).await.unwrap();
        }
        let roles = [Role::Banker, Role::Supervisor];
        let found = page_sessions::people(&mut w, &roles, NOW, 100).await.unwrap();
        let found: Vec<(&str, Role)> = found.iter().map(|one| (one.subject.as_str(), one.role)).collect();
        // The third is an auditor by now, and the fourth was not here for long.
        assert_eq!(found, [("person:2", Role::Supervisor), ("person:1", Role::Banker)]);
        w.save().await.unwrap();
        // Whose last one does not open is nobody, also by the one before, and the others are told.
        let last = "UPDATE page_sessions SET named = (SELECT named FROM page_sessions WHERE role = 'supervisor' LIMIT 1)
             WHERE role = 'banker' AND created_at = (SELECT MAX(created_at) FROM page_sessions WHERE role = 'banker')";
        bench.place.raw(last).await.unwrap();
        let found = page_sessions::people(&mut *bench.read().await, &roles, NOW, 100).await.unwrap();
        assert_eq!(found.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["person:2"]);
    }
}
