use contactiq_domain::{Mode, Priority, Started, Ticket, TicketState, Trigger, ids::TicketId};
use contactiq_store::{
    StoreError, audit,
    conversations::{self, Conversation, Owner},
    demo::{self, Share},
    interactions,
    privacy::{erase, holds},
    tickets::{self, Filter},
};

use crate::samples::{NOW, begun, conversation, escalated, masked, record, started, ticket, told};

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

        let note = masked("Called back, card blocked.");
        let (soon, later) = (NOW.plus_seconds(60), NOW.plus_seconds(120));
        assert!(tickets::advance(&mut w, own.id, TicketState::Taken, "mara", Some(&note), soon).await.unwrap());
        (own.state, own.assignee, own.taken_at) = (TicketState::Taken, Some("mara".to_owned()), Some(soon));
        own.taken_note = Some(note);
        assert_eq!(tickets::get(&mut w, own.id).await.unwrap().unwrap(), own);
        // The first who takes it keeps it, and nothing goes back.
        assert!(!tickets::advance(&mut w, own.id, TicketState::Taken, "joe", None, later).await.unwrap());
        assert!(!tickets::advance(&mut w, own.id, TicketState::Open, "joe", None, later).await.unwrap());
        assert!(tickets::advance(&mut w, own.id, TicketState::Closed, "joe", None, later).await.unwrap());
        (own.state, own.closed_at, own.closed_by) = (TicketState::Closed, Some(later), Some("joe".to_owned()));
        assert!(!tickets::advance(&mut w, own.id, TicketState::Closed, "ann", None, later).await.unwrap());
        assert!(!tickets::advance(&mut w, own.id, TicketState::Taken, "ann", None, later).await.unwrap());
        assert_eq!(tickets::get(&mut w, own.id).await.unwrap().unwrap(), own);
        let nobody = tickets::advance(&mut w, TicketId::new(&bench.ids), TicketState::Taken, "joe", None, NOW).await;
        assert_eq!(nobody, Err(StoreError::NotFound { what: "ticket" }));
    }

    async fn a_ticket_of_a_cry_for_help_stands_again_and_is_in_the_audit_log(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        let before = ticket(&bench.ids, &record);
        let noted = async |w: &mut contactiq_store::Writer| audit::waiting(w).await.unwrap().events;
        let none = noted(&mut w).await;
        tickets::open_anew(&mut w, &before).await.unwrap();
        assert_eq!(tickets::get(&mut w, before.id).await.unwrap(), Some(before.clone()));
        assert_eq!(noted(&mut w).await, none + 1);
        // For the same reason and open: there is nothing new.
        tickets::open_anew(&mut w, &before).await.unwrap();
        assert_eq!(noted(&mut w).await, none + 1);
        let note = masked("called back");
        for state in [TicketState::Taken, TicketState::Closed] {
            tickets::advance(&mut w, before.id, state, "mara", Some(&note), NOW).await.unwrap();
        }
        let at = NOW.plus_seconds(60);
        let cry = Ticket { rule: "self_harm/feedback".to_owned(), question: masked("help me"), created_at: at, ..before };
        tickets::open_anew(&mut w, &cry).await.unwrap();
        let stands = tickets::get(&mut w, cry.id).await.unwrap().unwrap();
        assert_eq!(stands, Ticket { taken_note: Some(note.clone()), closed_note: Some(note), ..cry.clone() });
        assert_eq!(noted(&mut w).await, none + 4, "opened, taken, closed, opened again");
        w.save().await.unwrap();
        let dump = bench.place.dump().await;
        let ticket = cry.id.to_string();
        for (field, value) in [("rule", "self_harm/feedback"), ("ticket", &ticket), ("from", "feedback")] {
            assert!(crate::data_keys::noted(&dump, field, value), "{field}");
        }
    }

    async fn a_banker_sees_no_ticket_of_another_banker_unless_it_was_taken(bench) {
        let mut w = bench.write().await;
        let mut made = Vec::new();
        for (mode, subject) in [(Mode::Customer, "4711"), (Mode::Banker, "mia"), (Mode::Banker, "joe")] {
            let began = Conversation { mode, subject: subject.into(), ..conversation(&bench.ids) };
            conversations::create(&mut w, &began).await.unwrap();
            let record = escalated(&started(&bench.ids, &began), Trigger::HumanOnly);
            interactions::complete(&mut w, &record).await.unwrap();
            let next = Ticket { mode, ..ticket(&bench.ids, &record) };
            tickets::open(&mut w, &next).await.unwrap();
            made.push(next.id);
        }
        let [customers, mias, joes] = made[..] else { unreachable!() };
        let agent = |subject| Owner { subject, key: None };
        let seen = async |w: &mut contactiq_store::Writer, subject| {
            let filter = Filter { agent: Some(agent(subject)), ..Filter::default() };
            let listed = tickets::list(w, &filter, 10, 0).await.unwrap();
            assert_eq!(tickets::count(w, &filter).await.unwrap(), listed.len() as u64);
            let mut alone = Vec::new();
            for id in [customers, mias, joes] {
                alone.extend(tickets::get_for(w, id, &agent(subject)).await.unwrap().map(|t| t.id));
            }
            let listed: std::collections::BTreeSet<_> = listed.iter().map(|t| t.id).collect();
            assert_eq!(listed, alone.iter().copied().collect());
            alone
        };
        assert_eq!(seen(&mut w, "mia").await, [customers, mias]);
        assert_eq!(seen(&mut w, "joe").await, [customers, joes]);
        assert_eq!(seen(&mut w, "ann").await, [customers]);
        // What a key asked in somebody's name is that key's.
        let key = Owner { subject: "mia", key: Some(contactiq_domain::ids::KeyId::new(&bench.ids)) };
        assert!(tickets::get_for(&mut w, mias, &key).await.unwrap().is_none());
        // A name alone opens nothing: two people may be called the same.
        tickets::advance(&mut w, mias, TicketState::Taken, "joe", None, NOW).await.unwrap();
        assert_eq!(seen(&mut w, "joe").await, [customers, joes]);
        tickets::note_hands(&mut w, mias, &agent("joe")).await.unwrap();
        assert_eq!(seen(&mut w, "joe").await, [customers, mias, joes]);
        // Nobody holds what was not taken.
        tickets::note_hands(&mut w, joes, &agent("ann")).await.unwrap();
        assert_eq!(seen(&mut w, "ann").await, [customers]);
    }

    async fn a_ticket_goes_from_hand_to_hand_until_it_is_closed(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        let own = Ticket { mode: Mode::Banker, ..ticket(&bench.ids, &record) };
        tickets::open(&mut w, &own).await.unwrap();
        let agent = |subject| Owner { subject, key: None };
        let sees = async |w: &mut contactiq_store::Writer, subject| {
            tickets::get_for(w, own.id, &agent(subject)).await.unwrap().is_some()
        };
        assert!(!sees(&mut w, "mia").await && !sees(&mut w, "joe").await);
        let note = masked("Please call back.");
        let to = (&agent("mia"), "Mia");
        assert!(tickets::hand_over(&mut w, own.id, to, Some(&note), "sam", NOW.plus_seconds(1)).await.unwrap());
        assert!(sees(&mut w, "mia").await && !sees(&mut w, "joe").await);
        // Sent again, with the note or without one, it changes nothing and is no entry; with another note it is.
        let entries = async |w: &mut contactiq_store::Writer| audit::waiting(w).await.unwrap().events;
        let before = entries(&mut w).await;
        for again in [Some(&note), None] {
            assert!(tickets::hand_over(&mut w, own.id, to, again, "sam", NOW.plus_seconds(9)).await.unwrap());
        }
        let held = tickets::get(&mut w, own.id).await.unwrap().unwrap();
        assert_eq!((held.taken_at, held.taken_note.as_ref()), (Some(NOW.plus_seconds(1)), Some(&note)));
        assert_eq!(entries(&mut w).await, before);
        let other = masked("Call after five.");
        assert!(tickets::hand_over(&mut w, own.id, to, Some(&other), "sam", NOW.plus_seconds(1)).await.unwrap());
        assert!(tickets::hand_over(&mut w, own.id, to, Some(&note), "sam", NOW.plus_seconds(1)).await.unwrap());
        assert_eq!(entries(&mut w).await, before + 2);
        let to = (&agent("joe"), "Joe");
        assert!(tickets::hand_over(&mut w, own.id, to, None, "sam", NOW.plus_seconds(2)).await.unwrap());
        assert!(!sees(&mut w, "mia").await && sees(&mut w, "joe").await);
        let held = tickets::get(&mut w, own.id).await.unwrap().unwrap();
        assert_eq!((held.state, held.assignee.as_deref()), (TicketState::Taken, Some("Joe")));
        assert_eq!((held.taken_at, held.taken_note), (Some(NOW.plus_seconds(2)), Some(note)));
        assert!(tickets::advance(&mut w, own.id, TicketState::Closed, "joe", None, NOW).await.unwrap());
        assert!(!tickets::hand_over(&mut w, own.id, to, None, "sam", NOW).await.unwrap());
        assert!(!tickets::hand_over(&mut w, TicketId::new(&bench.ids), to, None, "sam", NOW).await.unwrap());
    }

    async fn who_held_a_ticket_is_forgotten_there_too(bench) {
        let mut w = bench.write().await;
        let record = told(&mut w, &bench.ids).await;
        let own = ticket(&bench.ids, &record);
        tickets::open(&mut w, &own).await.unwrap();
        let agent = |subject| Owner { subject, key: None };
        for state in [TicketState::Taken, TicketState::Closed] {
            tickets::advance(&mut w, own.id, state, "Joe Quokka", None, NOW).await.unwrap();
            tickets::note_hands(&mut w, own.id, &agent("joe")).await.unwrap();
        }
        w.save().await.unwrap();
        let named = || Some("Joe Quokka".to_owned());
        for (subject, left) in [("ann", named()), ("joe", None)] {
            erase::person(&bench.store, &agent(subject), "desk", &bench.ids, NOW).await.unwrap();
            let kept = tickets::get(&mut *bench.read().await, own.id).await.unwrap().unwrap();
            assert_eq!((kept.state, kept.closed_by, kept.assignee), (TicketState::Closed, left.clone(), left));
        }
        // Nor by the keyed hash.
        bench.place.raw("UPDATE tickets SET mode = 'banker'").await.unwrap();
        let filter = Filter { agent: Some(agent("joe")), ..Filter::default() };
        assert_eq!(tickets::count(&mut *bench.read().await, &filter).await.unwrap(), 0);
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
            next.trigger = Trigger::HumanOnly;
            tickets::open(&mut w, &next).await.unwrap();
            made.push(next.id);
        }
        tickets::advance(&mut w, made[3], TicketState::Closed, "ann", None, NOW).await.unwrap();
        let mut seen = Vec::new();
        for (state, mode, limit) in [
            (None, None, 10),
            (Some(TicketState::Open), None, 10),
            (Some(TicketState::Open), Some(Mode::Customer), 10),
            (None, None, 1),
        ] {
            let filter = Filter { state, mode, ..Filter::default() };
            let listed = tickets::list(&mut w, &filter, limit, 0).await.unwrap();
            assert!(listed.len() as u64 <= tickets::count(&mut w, &filter).await.unwrap());
            seen.push(listed.iter().map(|t| t.id).collect::<Vec<_>>());
        }
        let [normal, urgent, banker, high] = made[..] else { unreachable!() };
        assert_eq!(seen[0], [banker, urgent, normal, high], "what is closed comes last");
        assert_eq!(seen[1], [banker, urgent, normal]);
        assert_eq!(seen[2], [urgent, normal]);
        assert_eq!(seen[3], [banker]);
        let asked = Filter { trigger: Some(Trigger::HumanOnly), ..Filter::default() };
        let advice = Filter { trigger: Some(Trigger::FinancialAdvice), ..Filter::default() };
        assert_eq!(tickets::count(&mut w, &asked).await.unwrap(), 4);
        assert_eq!(tickets::count(&mut w, &advice).await.unwrap(), 0);
        assert!(tickets::list(&mut w, &advice, 10, 0).await.unwrap().is_empty());
    }

    async fn danger_to_life_is_above_fraud_and_fraud_above_what_else_is_urgent(bench) {
        let mut w = bench.write().await;
        let mut made = Vec::new();
        for (trigger, rule, priority, demo) in [
            (Trigger::EmotionalDistress, "emotional_distress/learned", Priority::Urgent, false),
            (Trigger::SecurityFraud, "security_fraud/learned", Priority::Urgent, false),
            (Trigger::EmotionalDistress, "emotional_distress/self-harm-pills", Priority::Urgent, false),
            (Trigger::LegalHardship, "legal_hardship/learned", Priority::High, false),
            (Trigger::EmotionalDistress, "emotional_distress/self-harm-pills", Priority::Urgent, true),
        ] {
            let conversation = begun(&mut w, &bench.ids).await;
            let record = escalated(&Started { demo, ..started(&bench.ids, &conversation) }, trigger);
            interactions::complete(&mut w, &record).await.unwrap();
            let seconds = made.len() as i64;
            let next = Ticket {
                trigger,
                rule: rule.into(),
                priority,
                created_at: NOW.plus_seconds(seconds),
                ..ticket(&bench.ids, &record)
            };
            tickets::open(&mut w, &next).await.unwrap();
            made.push(next.id);
        }
        let mut seen = Vec::new();
        for (demo, limit, skip) in [(None, 10, 0), (Some(true), 10, 0), (Some(false), 2, 1)] {
            let filter = Filter { demo, ..Filter::default() };
            let listed = tickets::list(&mut w, &filter, limit, skip).await.unwrap();
            seen.push(listed.iter().map(|t| t.id).collect::<Vec<_>>());
        }
        let [anger, fraud, life, hardship, played] = made[..] else { unreachable!() };
        assert_eq!(seen[0], [life, fraud, anger, hardship, played]);
        assert_eq!(seen[1], [played]);
        assert_eq!(seen[2], [fraud, anger]);
        let real = Filter { demo: Some(false), ..Filter::default() };
        assert_eq!(tickets::count(&mut w, &real).await.unwrap(), 4);
    }

    async fn demo_traffic_goes_and_what_people_asked_stays(bench) {
        let mut w = bench.write().await;
        let person = told(&mut w, &bench.ids).await;
        tickets::open(&mut w, &ticket(&bench.ids, &person)).await.unwrap();
        let mut played = Vec::new();
        for _ in 0..2 {
            let began = Conversation { demo: true, ..conversation(&bench.ids) };
            conversations::create(&mut w, &began).await.unwrap();
            let record = escalated(
                &Started { demo: true, ..started(&bench.ids, &began) },
                Trigger::SecurityFraud,
            );
            interactions::complete(&mut w, &record).await.unwrap();
            tickets::open(&mut w, &ticket(&bench.ids, &record)).await.unwrap();
            played.push((began, record));
        }
        // A person went on in a conversation that the demo began.
        let went_on = record(&started(&bench.ids, &played[1].0));
        interactions::complete(&mut w, &went_on).await.unwrap();
        let expected = Share { interactions: 2, tickets: 2, conversations: 1, held: 0 };
        assert_eq!(demo::count(&mut w).await.unwrap(), expected);
        // A hold on its person keeps what the demo played, too.
        let (of, matter) = (played[0].0.clone(), "case 17");
        let hold = holds::place(&mut w, &of.owner(), matter, "counsel", &bench.ids, NOW).await.unwrap();
        let kept = demo::clear(&mut w, NOW).await.unwrap();
        assert!(kept.interactions < 2 && kept.held == 2 - kept.interactions, "{kept:?}");
        assert!(interactions::get(&mut w, played[0].1.id).await.unwrap().is_some());
        holds::lift(&mut w, hold.id, "counsel", NOW).await.unwrap();
        assert_eq!(demo::clear(&mut w, NOW).await.unwrap(), expected);
        assert_eq!(demo::count(&mut w).await.unwrap(), Share::default());
        for kept in [&person, &went_on] {
            assert!(interactions::get(&mut w, kept.id).await.unwrap().is_some());
        }
        assert_eq!(tickets::list(&mut w, &Filter::default(), 10, 0).await.unwrap().len(), 1);
        let gone = conversations::get_for_staff(&mut w, played[0].0.id).await.unwrap();
        assert!(gone.is_none());
        assert!(conversations::get_for_staff(&mut w, played[1].0.id).await.unwrap().is_some());
    }
}
