use contactiq_domain::{Mode, Priority, TicketState, Trigger, ids::TicketId};
use contactiq_store::{
    StoreError,
    tickets::{self, Filter},
};

use crate::samples::{NOW, ticket, told};

on_both_engines! {
    async fn a_ticket_moves_from_open_to_closed(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        let mut own = ticket(&bench.ids, &record);
        tickets::open(&mut w, &own).await.unwrap();
        tickets::open(&mut w, &own).await.unwrap();
        assert_eq!(tickets::get(&mut w, own.id).await.unwrap().unwrap(), own);
        assert_eq!(tickets::of_interaction(&mut w, record.id).await.unwrap().unwrap(), own);
        assert!(tickets::get(&mut w, TicketId::new(&bench.ids)).await.unwrap().is_none());

        let (soon, later) = (NOW.plus_seconds(60), NOW.plus_seconds(120));
        assert!(tickets::advance(&mut w, own.id, TicketState::Taken, "mara", soon).await.unwrap());
        (own.state, own.assignee, own.taken_at) = (TicketState::Taken, Some("mara".to_owned()), Some(soon));
        assert_eq!(tickets::get(&mut w, own.id).await.unwrap().unwrap(), own);
        // The first who takes it keeps it, and nothing goes back.
        assert!(!tickets::advance(&mut w, own.id, TicketState::Taken, "joe", later).await.unwrap());
        assert!(!tickets::advance(&mut w, own.id, TicketState::Open, "joe", later).await.unwrap());
        assert!(tickets::advance(&mut w, own.id, TicketState::Closed, "joe", later).await.unwrap());
        (own.state, own.closed_at) = (TicketState::Closed, Some(later));
        assert!(!tickets::advance(&mut w, own.id, TicketState::Closed, "ann", later).await.unwrap());
        assert!(!tickets::advance(&mut w, own.id, TicketState::Taken, "ann", later).await.unwrap());
        assert_eq!(tickets::get(&mut w, own.id).await.unwrap().unwrap(), own);
        let nobody = tickets::advance(&mut w, TicketId::new(&bench.ids), TicketState::Taken, "joe", NOW).await;
        assert_eq!(nobody, Err(StoreError::NotFound { what: "ticket" }));
    }

    async fn an_interaction_has_one_ticket(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        tickets::open(&mut w, &ticket(&bench.ids, &record)).await.unwrap();
        let second = tickets::open(&mut w, &ticket(&bench.ids, &record)).await.unwrap_err();
        assert!(matches!(second, StoreError::Conflict { .. }), "{second:?}");
    }

    async fn the_inbox_begins_with_what_can_wait_least(bench) {
        let mut w = bench.write().await;
        let mut made = Vec::new();
        for (priority, seconds, mode) in [
            (Priority::Normal, 0, Mode::Customer),
            (Priority::Urgent, 5, Mode::Customer),
            (Priority::Urgent, 2, Mode::Banker),
            (Priority::High, 1, Mode::Customer),
        ] {
            let record = told(&mut w, &bench.ids).await;
            let mut next = ticket(&bench.ids, &record);
            (next.priority, next.created_at, next.mode) = (priority, NOW.plus_seconds(seconds), mode);
            tickets::open(&mut w, &next).await.unwrap();
            made.push(next.id);
        }
        tickets::advance(&mut w, made[3], TicketState::Closed, "ann", NOW).await.unwrap();
        let mut seen = Vec::new();
        for (state, mode, limit) in [
            (None, None, 10),
            (Some(TicketState::Open), None, 10),
            (Some(TicketState::Open), Some(Mode::Customer), 10),
            (None, None, 1),
        ] {
            let filter = Filter { state, mode, trigger: None };
            let listed = tickets::list(&mut w, &filter, limit).await.unwrap();
            assert!(listed.len() as u64 <= tickets::count(&mut w, &filter).await.unwrap());
            seen.push(listed.iter().map(|t| t.id).collect::<Vec<_>>());
        }
        let [normal, urgent, banker, high] = made[..] else { unreachable!() };
        assert_eq!(seen[0], [banker, urgent, high, normal]);
        assert_eq!(seen[1], [banker, urgent, normal]);
        assert_eq!(seen[2], [urgent, normal]);
        assert_eq!(seen[3], [banker]);
        let fraud = Filter { trigger: Some(Trigger::SecurityFraud), ..Filter::default() };
        let advice = Filter { trigger: Some(Trigger::FinancialAdvice), ..Filter::default() };
        assert_eq!(tickets::count(&mut w, &fraud).await.unwrap(), 4);
        assert_eq!(tickets::count(&mut w, &advice).await.unwrap(), 0);
        assert!(tickets::list(&mut w, &advice, 10).await.unwrap().is_empty());
    }
}
