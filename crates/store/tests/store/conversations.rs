use contactiq_domain::{Mode, ids::KeyId};
use contactiq_store::{
    StoreError,
    conversations::{self, Owner},
    keys,
};

use crate::{
    keys::key,
    samples::{NOW, begun, conversation},
};

on_both_engines! {
    async fn a_conversation_is_its_owners_alone(bench) {
        let mut w = bench.write().await;
        let service = key(&bench.ids, "service");
        keys::create(&mut w, &service).await.unwrap();
        let own = begun(&mut w, &bench.ids).await;
        let mut served = conversation(&bench.ids);
        served.owner_key = Some(service.id);
        served.label = None;
        served.created_at = NOW.plus_seconds(1);
        conversations::create(&mut w, &served).await.unwrap();
        w.save().await.unwrap();

        let mut r = bench.read().await;
        let c = &mut *r;
        assert_eq!(conversations::get(c, own.id, &own.owner()).await.unwrap().unwrap(), own);
        assert_eq!(conversations::get(c, served.id, &served.owner()).await.unwrap().unwrap(), served);
        assert!(conversations::get(c, served.id, &own.owner()).await.unwrap().is_none(), "same subject, other key");
        assert!(conversations::get(c, own.id, &served.owner()).await.unwrap().is_none());
        let stranger = Owner { subject: "subject-2", key: None };
        assert!(conversations::get(c, own.id, &stranger).await.unwrap().is_none());
        assert_eq!(conversations::get_for_staff(c, served.id).await.unwrap().unwrap(), served);

        assert_eq!(conversations::list_of(c, &own.owner(), 10).await.unwrap(), std::slice::from_ref(&own));
        assert_eq!(conversations::list_of(c, &served.owner(), 10).await.unwrap(), [served]);
        assert!(conversations::list_of(c, &stranger, 10).await.unwrap().is_empty());
    }

    async fn a_list_shows_the_latest_first_and_no_more_than_asked(bench) {
        let mut w = bench.write().await;
        let mut ids = Vec::new();
        for n in 0..4 {
            let mut next = conversation(&bench.ids);
            next.created_at = NOW.plus_seconds(n);
            conversations::create(&mut w, &next).await.unwrap();
            ids.push(next.id);
        }
        let owner = Owner { subject: "subject-1", key: None };
        let listed = conversations::list_of(&mut w, &owner, 2).await.unwrap();
        assert_eq!(listed.iter().map(|c| c.id).collect::<Vec<_>>(), [ids[3], ids[2]]);
    }

    async fn ensuring_makes_one_and_lets_nobody_into_anothers(bench) {
        let mut w = bench.write().await;
        let own = conversation(&bench.ids);
        assert!(conversations::ensure(&mut w, &own).await.unwrap());
        assert!(!conversations::ensure(&mut w, &own).await.unwrap());
        let conflict = Err(StoreError::Conflict { rule: "conversations_id".into() });
        let mut banker = own.clone();
        banker.mode = Mode::Banker;
        let mut stranger = own.clone();
        stranger.subject = "subject-2".into();
        for other in [banker, stranger] {
            assert_eq!(conversations::ensure(&mut w, &other).await, conflict);
        }
        assert_eq!(conversations::create(&mut w, &own).await, conflict.map(drop));
    }

    async fn the_key_of_an_owner_must_exist(bench) {
        let mut w = bench.write().await;
        let mut orphan = conversation(&bench.ids);
        orphan.owner_key = Some(KeyId::new(&bench.ids));
        let refused = conversations::create(&mut w, &orphan).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
    }
}
