use contactiq_guard::{Guard, GuardSettings, Placeholders, Raw};
use contactiq_store::{
    StoreError, audit, conversations, interactions, placeholders,
    unmasking::{self, Asked, Unmasked},
};

use crate::samples::{NOW, begun, masked, record, started};

on_both_engines! {
    async fn an_unmasking_is_noted_with_what_it_shows(bench) {
        let guard = Guard::new(GuardSettings::default());
        let mut w = bench.write().await;
        let own = begun(&mut w, &bench.ids).await;
        let mut given = Placeholders::default();
        let mut said = Vec::new();
        for (text, noted) in [("My name is Zorblat Quimby", true), ("My wife is called Hannah Novak", false)] {
            let mut inspected = guard.inspect(&Raw::new(text)).unwrap();
            assert!(inspected.number(&mut given));
            let mut record = record(&started(&bench.ids, &own));
            record.question = inspected.masked.clone();
            if noted {
                given.note_message(record.id);
            }
            interactions::complete(&mut w, &record).await.unwrap();
            said.push(record.id);
        }
        placeholders::keep(&mut w, own.id, &given).await.unwrap();
        w.save().await.unwrap();

        let purpose = masked("a complaint");
        let asked = |interaction| Asked {
            interaction, actor: "sam", from: "203.0.113.7", purpose: &purpose, at: NOW,
        };
        let waits = async || audit::waiting(&mut *bench.read().await).await.unwrap().events;
        let before = waits().await;
        let shown = unmasking::unmask(bench.write().await, &asked(said[0])).await.unwrap();
        let Unmasked::Shown(shown) = shown else { panic!("{shown:?}") };
        let shown: Vec<_> = shown.iter().map(|o| (o.placeholder(), o.value())).collect();
        assert_eq!(shown, [("<PERSON_1>", Some("Zorblat Quimby"))]);
        assert_eq!(waits().await, before + 1);
        // Of a purpose that holds a word of what it would open the attempt alone is in the log.
        let naming = masked("the dispute of quimby");
        let named = Asked { purpose: &naming, ..asked(said[0]) };
        let named = unmasking::unmask(bench.write().await, &named).await.unwrap();
        assert!(matches!(named, Unmasked::NamedBefore), "{named:?}");
        assert_eq!(waits().await, before + 2);
        let dump = bench.place.dump().await;
        assert!(crate::data_keys::noted(&dump, "refused", unmasking::PERSONAL));
        assert!(!dump.windows(6).any(|word| word == b"quimby"));
        // Its numbers may be those of another message: nobody guesses.
        let other = unmasking::unmask(bench.write().await, &asked(said[1])).await.unwrap();
        assert!(matches!(other, Unmasked::NotKept), "{other:?}");
        assert_eq!(waits().await, before + 3, "that somebody looked is on record too");
        let unknown = started(&bench.ids, &own).id;
        let unknown = unmasking::unmask(bench.write().await, &asked(unknown)).await;
        assert_eq!(unknown.unwrap_err(), StoreError::NotFound { what: "interaction" });
        let owner = conversations::Owner { subject: &own.subject, key: own.owner_key };
        let found = conversations::get(&mut *bench.read().await, own.id, &owner).await.unwrap();
        assert!(found.is_some());
        bench.place.raw("UPDATE interactions SET anonymised_at = 1").await.unwrap();
        let gone = unmasking::unmask(bench.write().await, &asked(said[0])).await.unwrap();
        assert!(matches!(gone, Unmasked::Erased), "{gone:?}");
        assert_eq!(waits().await, before + 4);
    }
}
