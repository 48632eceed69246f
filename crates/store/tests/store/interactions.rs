use contactiq_domain::{
    IntentName, Outcome, Record, Timestamp, Translation, Trigger,
    ids::{InteractionId, KeyId},
};
use contactiq_guard::Masked;
use contactiq_store::{
    StoreError, Writer,
    conversations::Owner,
    interactions::{self, Completed, Told},
};

use crate::samples::{NOW, begun, escalated, masked, record, started, told, translation};

on_both_engines! {
    async fn both_phases_give_back_every_field(bench) {
        let mut w = bench.write().await;
        let conversation = begun(&mut w, &bench.ids).await;
        let start = started(&bench.ids, &conversation);
        interactions::start(&mut w, &start).await.unwrap();
        interactions::start(&mut w, &start).await.unwrap();
        w.save().await.unwrap();

        let mut r = bench.read().await;
        assert_eq!(interactions::started(&mut r, start.id).await.unwrap().unwrap(), start);
        assert!(interactions::get(&mut r, start.id).await.unwrap().is_none(), "it is still under way");
        drop(r);

        let whole = escalated(&start, Trigger::AccountSpecific);
        let mut w = bench.write().await;
        assert_eq!(interactions::complete(&mut w, &whole).await.unwrap(), Completed::Now);
        w.save().await.unwrap();

        let mut r = bench.read().await;
        assert_eq!(interactions::get(&mut r, start.id).await.unwrap().unwrap(), whole);
        assert!(interactions::get(&mut r, InteractionId::new(&bench.ids)).await.unwrap().is_none());
        assert!(interactions::started(&mut r, InteractionId::new(&bench.ids)).await.unwrap().is_none());
    }

    async fn a_translation_comes_back_with_its_answer(bench) {
        let without = Translation { answer: Masked::empty(), ..translation() };
        for own in [translation(), without] {
            let mut w = bench.write().await;
            let conversation = begun(&mut w, &bench.ids).await;
            let start = started(&bench.ids, &conversation);
            interactions::start(&mut w, &start).await.unwrap();
            let whole = Record { translation: Some(own), ..record(&start) };
            assert_eq!(interactions::complete(&mut w, &whole).await.unwrap(), Completed::Now);
            w.save().await.unwrap();
            let mut r = bench.read().await;
            assert_eq!(interactions::get(&mut r, start.id).await.unwrap().unwrap(), whole);
        }
    }

    async fn an_answer_comes_back_whole_whatever_characters_it_has(bench) {
        let mark = "\u{1e}";
        let mut answers: Vec<String> = (0..=4).map(|n| format!("It costs{}$10 [1].", mark.repeat(n))).collect();
        answers.extend((1..=4).map(|n| format!("{}It costs $10{}", mark.repeat(n), mark.repeat(4 - n))));
        // What looks like four texts, or like lengths.
        answers.extend(["a\u{1e}b\u{1e}c\u{1e}d e".to_owned(), "\u{1e}1 1 1 1\u{1e}abcd".to_owned()]);
        for answer in answers {
            let own = Translation { question: masked(&answer), answer: masked(&answer), ..translation() };
            for translation in [None, Some(own)] {
                let mut w = bench.write().await;
                let conversation = begun(&mut w, &bench.ids).await;
                let start = started(&bench.ids, &conversation);
                interactions::start(&mut w, &start).await.unwrap();
                let whole = Record { answer: masked(&answer), translation, ..record(&start) };
                assert_eq!(interactions::complete(&mut w, &whole).await.unwrap(), Completed::Now);
                w.save().await.unwrap();
                let mut r = bench.read().await;
                assert_eq!(interactions::get(&mut r, start.id).await.unwrap().unwrap(), whole, "{answer:?}");
            }
        }
    }

    async fn what_is_begun_and_not_finished_is_known_to_who_asked_alone(bench) {
        let mut w = bench.write().await;
        let conversation = begun(&mut w, &bench.ids).await;
        let start = started(&bench.ids, &conversation);
        interactions::start(&mut w, &start).await.unwrap();
        w.save().await.unwrap();
        let mut r = bench.read().await;
        let mine = Told::Person(conversation.owner());
        assert_eq!(interactions::begun_by(&mut r, start.id, mine).await.unwrap(), Some(conversation.mode));
        let another = Told::Person(Owner { subject: "subject-2", key: conversation.owner_key });
        for stranger in [another, Told::BackEnd(KeyId::new(&bench.ids))] {
            assert_eq!(interactions::begun_by(&mut r, start.id, stranger).await.unwrap(), None);
        }
        let unknown = InteractionId::new(&bench.ids);
        assert_eq!(interactions::begun_by(&mut r, unknown, mine).await.unwrap(), None);
        drop(r);
        let mut w = bench.write().await;
        interactions::complete(&mut w, &escalated(&start, Trigger::AccountSpecific)).await.unwrap();
        w.save().await.unwrap();
        let mut r = bench.read().await;
        assert_eq!(interactions::begun_by(&mut r, start.id, mine).await.unwrap(), None, "it is finished");
    }

    async fn who_was_told_a_version_of_a_document_is_known(bench) {
        let mut w = bench.write().await;
        let first = told(&mut w, &bench.ids).await;
        let mine = Told::Person(Owner { subject: &first.subject, key: None });
        let cites = async |w: &mut Writer, told, document, version| {
            interactions::cites(w, told, document, version).await.unwrap()
        };
        assert!(cites(&mut w, mine, "customer/card-fees", 2).await);
        assert!(!cites(&mut w, mine, "customer/card-fees", 1).await, "another version");
        assert!(!cites(&mut w, mine, "customer/card_fees", 2).await, "no pattern");
        assert!(!cites(&mut w, mine, "banker/card-fees", 2).await);
        let other = Told::Person(Owner { subject: "subject-2", key: None });
        assert!(!cites(&mut w, other, "customer/card-fees", 2).await);
        let back_end = Told::BackEnd(KeyId::new(&bench.ids));
        assert!(!cites(&mut w, back_end, "customer/card-fees", 2).await);
    }

    async fn completing_twice_keeps_the_first(bench) {
        let mut w = bench.write().await;
        let first = told(&mut w, &bench.ids).await;
        let mut second = first.clone();
        second.outcome = Outcome::Failed;
        second.model = "another".into();
        let found = interactions::complete(&mut w, &second).await.unwrap();
        assert_eq!(found, Completed::Before(Box::new(first.clone())));
        w.save().await.unwrap();
        assert_eq!(interactions::get(&mut *bench.read().await, first.id).await.unwrap().unwrap(), first);
    }

    async fn a_request_id_belongs_to_one_interaction(bench) {
        let mut w = bench.write().await;
        let conversation = begun(&mut w, &bench.ids).await;
        let first = started(&bench.ids, &conversation);
        interactions::start(&mut w, &first).await.unwrap();
        w.save().await.unwrap();

        let mut other = started(&bench.ids, &conversation);
        other.request_id = first.request_id;
        let mut w = bench.write().await;
        let refused = interactions::start(&mut w, &other).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict { .. }), "{refused:?}");
        assert_eq!(w.save().await, Err(StoreError::Spoilt));
        let mut w = bench.write().await;
        let refused = interactions::complete(&mut w, &record(&other)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Conflict { .. }), "{refused:?}");
    }

    async fn what_never_finished_is_marked_and_may_still_finish(bench) {
        let mut w = bench.write().await;
        let conversation = begun(&mut w, &bench.ids).await;
        let mut old = started(&bench.ids, &conversation);
        old.created_at = NOW.plus_seconds(-120);
        let young = started(&bench.ids, &conversation);
        interactions::start(&mut w, &old).await.unwrap();
        interactions::start(&mut w, &young).await.unwrap();
        told(&mut w, &bench.ids).await;
        let found = interactions::unfinished(&mut w, NOW.plus_seconds(-60), None, 9).await.unwrap();
        let marked = interactions::interrupt(&mut w, &found, NOW).await.unwrap();
        assert_eq!(marked, [old.id]);
        assert!(interactions::unfinished(&mut w, NOW.plus_seconds(-60), None, 9).await.unwrap().is_empty());
        assert!(interactions::interrupt(&mut w, &found, NOW).await.unwrap().is_empty(), "once is enough");

        let shown = interactions::get(&mut w, old.id).await.unwrap().unwrap();
        assert_eq!((shown.outcome, shown.completed_at), (Outcome::Interrupted, NOW));
        assert_eq!(shown.question, old.question);
        assert!(shown.intent.is_unknown() && shown.answer.as_str().is_empty() && shown.steps.is_empty());
        assert!(interactions::get(&mut w, young.id).await.unwrap().is_none());

        // The worker that held it was only slow: its completion arrives from the queue.
        assert_eq!(interactions::complete(&mut w, &record(&old)).await.unwrap(), Completed::Now);
        assert_eq!(interactions::get(&mut w, old.id).await.unwrap().unwrap(), record(&old));
    }

    async fn a_conversation_reads_oldest_first_and_ends_with_the_latest(bench) {
        let mut w = bench.write().await;
        let conversation = begun(&mut w, &bench.ids).await;
        let mut ids = Vec::new();
        for n in 0..5 {
            let mut start = started(&bench.ids, &conversation);
            start.created_at = Timestamp::from_micros(NOW.micros() + n);
            interactions::complete(&mut w, &record(&start)).await.unwrap();
            ids.push(start.id);
        }
        interactions::start(&mut w, &started(&bench.ids, &conversation)).await.unwrap();
        told(&mut w, &bench.ids).await;
        let history = interactions::of_conversation(&mut w, conversation.id, 3).await.unwrap();
        assert_eq!(history.iter().map(|r| r.id).collect::<Vec<_>>(), ids[2..]);

        let first = interactions::get(&mut w, ids[0]).await.unwrap().unwrap().question;
        assert_eq!(interactions::first_question(&mut w, conversation.id).await.unwrap(), Some(first));
        let empty = begun(&mut w, &bench.ids).await;
        assert_eq!(interactions::first_question(&mut w, empty.id).await.unwrap(), None);
    }

    async fn an_owner_sees_only_its_own(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        let owner = Owner { subject: &record.subject, key: None };
        assert_eq!(interactions::get_of(&mut w, record.id, &owner).await.unwrap().unwrap(), record);
        for stranger in [
            Owner { subject: "subject-2", key: None },
            Owner { subject: &record.subject, key: Some(KeyId::new(&bench.ids)) },
        ] {
            assert!(interactions::get_of(&mut w, record.id, &stranger).await.unwrap().is_none());
        }
    }

    async fn numbers_and_text_at_the_ends_of_their_ranges_survive(bench) {
        let mut w = bench.write().await;
        let conversation = begun(&mut w, &bench.ids).await;
        let mut whole = record(&started(&bench.ids, &conversation));
        whole.intent = IntentName::unknown();
        whole.retrieved_passages = u32::MAX;
        whole.tokens.input = i64::MAX as u64;
        whole.cost_usd.0 = i64::MAX;
        whole.confidence = contactiq_domain::Probability::ONE;
        whole.intent_probability = contactiq_domain::Probability::clamped(0.1 + 0.2);
        whole.processing_time_ms = 1e-9;
        whole.reason = "'; DROP TABLE interactions; -- \u{1f3e6} \u{5bff}".into();
        interactions::complete(&mut w, &whole).await.unwrap();
        assert_eq!(interactions::get(&mut w, whole.id).await.unwrap().unwrap(), whole);
    }
}
