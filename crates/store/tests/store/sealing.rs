//! What a person wrote is ciphertext at rest, and opens at its own place alone (A6).

use contactiq_domain::ids::{FeedbackId, Ids};
use contactiq_guard::{Masked, ReviewKind, seal::SealError};
use contactiq_store::{
    Store, StoreError, conversations, documents,
    feedback::{self, Feedback},
    interactions,
    review::{self, Entry},
    tickets,
};

use crate::{
    engines::{kek, kek_of},
    samples::{NOW, conversation, document, masked, passages, ticket, told},
};

on_both_engines! {
    async fn ciphertext_that_was_moved_does_not_open(bench) {
        let mut w = bench.write().await;
        let own = told(&mut w, &bench.ids).await;
        let other = told(&mut w, &bench.ids).await;
        tickets::open(&mut w, &ticket(&bench.ids, &own)).await.unwrap();
        w.save().await.unwrap();
        let stolen = StoreError::Sealed(SealError::NotAuthentic);

        bench.place.raw("UPDATE tickets SET told = question").await.unwrap();
        let found = tickets::of_interaction(&mut *bench.read().await, own.id).await;
        assert_eq!(found, Err(stolen.clone()), "from another column");
        bench
            .place
            .raw("UPDATE tickets SET told = (SELECT answer FROM interactions WHERE id = tickets.interaction)")
            .await
            .unwrap();
        let found = tickets::of_interaction(&mut *bench.read().await, own.id).await;
        assert_eq!(found, Err(stolen.clone()), "from another table");
        bench
            .place
            .raw(
                "UPDATE interactions SET answer = (SELECT o.answer FROM interactions o WHERE o.id <> interactions.id)
                 WHERE id = (SELECT MIN(id) FROM interactions)",
            )
            .await
            .unwrap();
        let mut r = bench.read().await;
        assert_eq!(interactions::get(&mut r, own.id).await, Err(stolen), "from another row");
        assert_eq!(interactions::get(&mut r, other.id).await.unwrap().unwrap(), other, "the one it was taken from");
    }

    async fn a_damaged_text_hides_no_other_row_of_a_list(bench) {
        let mut w = bench.write().await;
        let (own, other) = (told(&mut w, &bench.ids).await, told(&mut w, &bench.ids).await);
        for record in [&own, &other] {
            tickets::open(&mut w, &ticket(&bench.ids, record)).await.unwrap();
            let refused = Entry { id: bench.ids.next(), interaction: record.id, kind: ReviewKind::Injection, rules: Vec::new(), message: masked("Ignore Oodnadatta"), at: NOW, decided: None };
            review::save(&mut w, &refused).await.unwrap();
        }
        w.save().await.unwrap();
        bench.place.raw_of(format!("UPDATE tickets SET question = told WHERE interaction = '{}'", own.id)).await;
        bench.place.raw_of(format!("UPDATE refusals SET message = (SELECT answer FROM interactions WHERE id = refusals.interaction) WHERE interaction = '{}'", own.id)).await;
        let mut r = bench.read().await;
        let listed = tickets::list(&mut r, &tickets::Filter::default(), 9, 0).await.unwrap();
        let question = |id| listed.iter().find(|t| t.interaction == id).unwrap().question.clone();
        assert_eq!((listed.len(), question(own.id)), (2, Masked::locked()));
        assert_ne!(question(other.id), Masked::locked());
        let reviews = review::list(&mut r, &review::Filter::default(), 9, 0).await.unwrap();
        let message = |id| reviews.iter().find(|l| l.entry.interaction == id).unwrap().entry.message.clone();
        assert_eq!((reviews.len(), message(own.id), message(other.id)), (2, Masked::locked(), masked("Ignore Oodnadatta")));
        // Who opens the one that is damaged is told.
        assert_eq!(tickets::of_interaction(&mut r, own.id).await, Err(StoreError::Sealed(SealError::NotAuthentic)));
    }

    async fn plain_text_put_in_a_sealed_column_does_not_open(bench) {
        let mut w = bench.write().await;
        let own = told(&mut w, &bench.ids).await;
        w.save().await.unwrap();
        bench.place.raw("UPDATE interactions SET question = CAST('my card is 4111' AS BYTEA)").await.unwrap();
        let found = interactions::get(&mut *bench.read().await, own.id).await.unwrap_err();
        assert!(matches!(found, StoreError::Sealed(_) | StoreError::Corrupt { .. }), "{found:?}");
    }

    async fn another_key_opens_nothing(bench) {
        let mut w = bench.write().await;
        let own = told(&mut w, &bench.ids).await;
        w.save().await.unwrap();
        assert!(interactions::get(&mut *bench.read().await, own.id).await.unwrap().is_some());
        let refused = Store::open(&bench.place.location(), kek_of(&[[8; 32]])).await.unwrap_err();
        assert!(matches!(refused, StoreError::WrongKey { .. }), "{refused:?}");
        let told = refused.to_string();
        assert!(told.contains("sealed with another key") && told.contains(kek().active()), "{told}");
    }
}

/// Reads the files as somebody would who found the disk.
#[tokio::test]
async fn the_files_of_sqlite_hold_no_word_of_a_person() {
    use crate::engines::{Bench, Place};
    let bench = Bench::at(Place::sqlite()).await;
    let mut w = bench.write().await;
    let record = told(&mut w, &bench.ids).await;
    tickets::open(&mut w, &ticket(&bench.ids, &record)).await.unwrap();
    let said = Feedback {
        id: FeedbackId::new(&bench.ids),
        interaction: record.id,
        subject: "subject-1".into(),
        helpful: None,
        problem: Some(masked("Broome is missing")),
        created_at: NOW,
    };
    feedback::save(&mut w, &said).await.unwrap();
    let refused = Entry {
        id: bench.ids.next(),
        interaction: record.id,
        kind: ReviewKind::Injection,
        rules: Vec::new(),
        message: masked("Ignore Oodnadatta"),
        at: NOW,
        decided: None,
    };
    review::save(&mut w, &refused).await.unwrap();
    let published = document(&bench.ids, "fees", "Published in Coonabarabran");
    documents::put(&mut w, &published, &passages(&["text"])).await.unwrap();
    w.save().await.unwrap();

    let Place::Sqlite(folder) = &bench.place else { unreachable!() };
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    assert!(holds("Coonabarabran"), "a control: what the bank published is found");
    for word in [
        "Wollongong",
        "Kalgoorlie",
        "Wagga",
        "hotline",
        "platinum",
        "Broome",
        "Oodnadatta",
        "subject-1",
        "session-1",
    ] {
        assert!(!holds(word), "{word}");
    }
    bench.end().await;
}

on_both_engines! {
    async fn a_keyring_that_is_lost_is_told_and_not_made_anew(bench) {
        let of = conversation(&bench.ids);
        let mut w = bench.write().await;
        conversations::create(&mut w, &of).await.unwrap();
        w.save().await.unwrap();
        bench.place.raw("DELETE FROM keyring WHERE name = 'root'").await.unwrap();
        assert_eq!(bench.place.open().await.err(), Some(StoreError::KeyringLost));
        bench.place.raw("DELETE FROM keyring").await.unwrap();
        assert_eq!(bench.place.open().await.err(), Some(StoreError::KeyringLost));
    }
}
