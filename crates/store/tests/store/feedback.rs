use contactiq_domain::ids::{FeedbackId, InteractionId};
use contactiq_store::{
    StoreError,
    conversations::Owner,
    feedback::{self, Feedback},
    privacy::consent,
};

use crate::samples::{NOW, masked, told};

on_both_engines! {
    async fn the_latest_word_of_each_subject_counts(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        let first = Feedback {
            id: FeedbackId::new(&bench.ids),
            interaction: record.id,
            subject: record.subject.clone(),
            helpful: Some(true),
            problem: None,
            created_at: NOW,
        };
        let later = Feedback {
            id: FeedbackId::new(&bench.ids),
            helpful: Some(false),
            problem: Some(masked("The fee is wrong.")),
            created_at: NOW.plus_seconds(5),
            ..first.clone()
        };
        let other = Feedback {
            id: FeedbackId::new(&bench.ids),
            subject: "subject-2".into(),
            helpful: None,
            created_at: NOW.plus_seconds(9),
            ..later.clone()
        };
        for said in [&first, &later, &other] {
            feedback::save(&mut w, said).await.unwrap();
        }
        // Who did not ask has no name here.
        let whose = Owner { subject: "subject-2", key: None };
        let other = Feedback { subject: consent::as_kept(&bench.store, &whose).0, ..other };
        assert_eq!(feedback::of_interaction(&mut w, record.id).await.unwrap(), [later, other]);
        let nothing = feedback::of_interaction(&mut w, InteractionId::new(&bench.ids)).await.unwrap();
        assert!(nothing.is_empty());

        let silent = Feedback { id: FeedbackId::new(&bench.ids), helpful: None, subject: "subject-3".into(), ..first };
        let refused = Err(StoreError::Refused { rule: "feedback_says_something".into() });
        assert_eq!(feedback::save(&mut w, &silent).await, refused);
    }
}
