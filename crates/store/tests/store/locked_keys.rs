//! Somebody's key is wrapped by a key-encryption key that this server has not: it is said where that is opened, and
//! nobody else is harmed.

use std::sync::Arc;

use contactiq_domain::clock::FixedClock;
use contactiq_guard::{Masked, seal::SealError};
use contactiq_store::{
    Ledger, Store, StoreError,
    conversations::{self, Owner},
    ledger::{
        self, Completion, Places, dead,
        spool::{DEFAULT_MAX_BYTES, Spool},
    },
    review, tickets,
};

use crate::{
    data_keys::{get, of, said, said_in},
    engines::kek_of,
    ledger::{first, halves, second},
    samples::NOW,
};

on_both_engines! {
    async fn a_locked_key_hides_no_other_row_of_a_list(bench) {
        let (_, own) = halves(bench);
        let (_, mut newer) = halves(bench);
        (newer.conversation.subject, newer.record.subject) = ("john-4712".into(), "john-4712".into());
        let both = Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        for (store, completion) in [(&bench.store, &own), (&both, &newer)] {
            let mut w = store.write().await.unwrap();
            ledger::apply(&mut w, &second(completion)).await.unwrap();
            w.save().await.unwrap();
        }
        let mut r = bench.read().await;
        let listed = tickets::list(&mut r, &tickets::Filter::default(), 9, 0).await.unwrap();
        let question = |of: &Completion| listed.iter().find(|t| t.interaction == of.record.id).unwrap().question.clone();
        assert_eq!((listed.len(), question(&newer), Some(question(&own))), (2, Masked::locked(), own.ticket.as_ref().map(|t| t.question.clone())));
        let reviews = review::list(&mut r, &review::Filter::default(), 9, 0).await.unwrap();
        let message = |of: &Completion| reviews.iter().find(|l| l.entry.interaction == of.record.id).unwrap().entry.message.clone();
        assert_eq!((reviews.len(), message(&newer), message(&own)), (2, Masked::locked(), own.reviews[0].message.clone()));
        // Who opens it is told why, whoever it is, and whoever is beside it is read.
        let locked = Err(StoreError::Sealed(SealError::UnknownKey));
        assert_eq!(tickets::get(&mut r, newer.ticket.as_ref().unwrap().id).await, locked);
        assert_eq!(tickets::get(&mut r, own.ticket.as_ref().unwrap().id).await.unwrap(), own.ticket);
        let found = conversations::list_of(&mut r, &Owner { subject: "subject-1", key: None }, 9).await.unwrap();
        assert_eq!(found, [own.conversation]);
        drop(r);
        both.close().await;
    }

    async fn what_waits_for_a_key_encryption_key_is_no_dead_letter_and_keeps_nobody_back(bench) {
        let (start, newer) = halves(bench);
        let both = Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        let mut w = both.write().await.unwrap();
        ledger::apply(&mut w, &first(&start)).await.unwrap();
        w.save().await.unwrap();
        let others: Vec<Completion> = (0..6)
            .map(|number| {
                let mut completion = halves(bench).1;
                completion.conversation.subject = format!("person-{number}");
                completion.record.subject = format!("person-{number}");
                completion
            })
            .collect();
        let clock = || Arc::new(FixedClock::at(NOW));
        let (newer_entry, entry) = (second(&newer), second);

        // Without a spool nobody takes it; in one group with it the others are written.
        let alone = Ledger::new(bench.store.clone(), Places::default(), clock());
        let same_person = second(&halves(bench).1);
        let (refused, one, other) = tokio::join!(
            alone.write(same_person),
            alone.write(entry(&others[0])),
            alone.write(entry(&others[1]))
        );
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        assert!(one.is_ok() && other.is_ok());

        // With one it waits there, and the database is not taken for one that is away.
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
        let own = Ledger::new(bench.store.clone(), spool.clone(), clock());
        own.write(newer_entry.clone()).await.unwrap();
        own.write(entry(&others[2])).await.unwrap();
        assert_eq!(own.state().spool.unwrap().entries, 1);
        // Others came into the spool behind it while the database was away.
        let away = bench.place.open().await.unwrap();
        away.close().await;
        let during = Ledger::new(away, spool.clone(), clock());
        for completion in &others[3..] {
            during.write(entry(completion)).await.unwrap();
        }
        for _ in 0..2 {
            let waits = own.drain().await.unwrap_err();
            assert!(waits.is_transient() && waits.to_string().contains("server.sealing_key"), "{waits}");
            for completion in &others {
                assert_eq!(get(&bench.store, &completion.record).await.unwrap().as_ref(), Some(&completion.record));
            }
            assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 0);
            assert_eq!(own.state().spool.unwrap().entries, 1);
        }
        // Once it is configured it is written.
        let able = Ledger::new(both.clone(), spool, clock());
        assert_eq!(able.drain().await.unwrap().dead, 0);
        assert_eq!(get(&both, &newer.record).await.unwrap().as_ref(), Some(&newer.record));
        assert_eq!(able.state().spool.unwrap().entries, 0);
        both.close().await;
    }

    async fn a_key_that_is_missing_at_run_time_is_said_and_harms_nobody_else(bench) {
        let own = said(bench, &of(bench, "jane-4711")).await;
        let both = Store::open(&bench.place.location(), kek_of(&[[9; 32], [7; 32]])).await.unwrap();
        let newer = said_in(&both, bench, &of(bench, "john-4712")).await;
        assert_eq!(get(&bench.store, &newer).await, Err(StoreError::Sealed(SealError::UnknownKey)));
        assert_eq!(get(&bench.store, &own).await.unwrap(), Some(own));
        both.close().await;
    }
}
