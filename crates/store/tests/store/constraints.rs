//! What the database itself refuses, should the code above it ever be wrong (B7).

use contactiq_domain::ids::{ConversationId, InteractionId};
use contactiq_store::{StoreError, interactions, tickets};

use crate::samples::{record, started, ticket, told};

on_both_engines! {
    async fn values_outside_their_range_are_refused(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        tickets::open(&mut w, &ticket(&bench.ids, &record)).await.unwrap();
        w.save().await.unwrap();
        bench.place.raw("UPDATE interactions SET confidence = 0.5").await.expect("a control: this one is allowed");
        for sql in [
            "UPDATE interactions SET confidence = 1.5",
            "UPDATE interactions SET confidence = -0.01",
            "UPDATE interactions SET intent_probability = 2",
            "UPDATE interactions SET processing_time_ms = -1",
            "UPDATE interactions SET cost_nano_usd = -1",
            "UPDATE interactions SET retrieved_passages = -1",
            "UPDATE interactions SET tokens_input = -1",
            "UPDATE interactions SET mode = 'root'",
            "UPDATE interactions SET outcome = 'done'",
            "UPDATE interactions SET category = 'x'",
            "UPDATE interactions SET routing = 'x'",
            "UPDATE interactions SET decisive_trigger = 'x'",
            "UPDATE interactions SET outcome = NULL",
            "UPDATE interactions SET outcome = 'escalated', decisive_trigger = NULL",
            "UPDATE interactions SET pii_masked = FALSE",
            "UPDATE interactions SET answer = NULL",
            "UPDATE interactions SET question = NULL",
            "UPDATE interactions SET conversation = 'nobody'",
            "DELETE FROM conversations",
            "DELETE FROM interactions",
            "UPDATE tickets SET priority = 'x'",
            "UPDATE tickets SET state = 'x'",
            "UPDATE tickets SET queue = ''",
            "UPDATE tickets SET interaction = 'nobody'",
            "INSERT INTO passages (document, position, headings, text) VALUES ('nobody', 0, '[]', '')",
        ] {
            let refused = bench.place.raw(sql).await.expect_err(sql);
            let refused = StoreError::from(refused);
            assert!(matches!(refused, StoreError::Refused { .. }), "{sql}: {refused:?}");
        }
    }

    async fn a_child_without_its_parent_is_refused(bench) {
        let mut w = bench.write().await;
        let own = told(&mut w, &bench.ids).await;
        w.save().await.unwrap();

        let mut orphan = started(&bench.ids, &crate::samples::conversation(&bench.ids));
        orphan.conversation = ConversationId::new(&bench.ids);
        let refused = interactions::start(&mut bench.write().await, &orphan).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
        let refused = interactions::complete(&mut bench.write().await, &record(&orphan)).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");

        let mut lost = ticket(&bench.ids, &own);
        lost.interaction = InteractionId::new(&bench.ids);
        let refused = tickets::open(&mut bench.write().await, &lost).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");

        let mut unowned = ticket(&bench.ids, &own);
        unowned.queue.clear();
        let refused = tickets::open(&mut bench.write().await, &unowned).await;
        assert_eq!(refused, Err(StoreError::Refused { rule: "tickets_owned".into() }));
    }
}
