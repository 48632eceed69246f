//! Who asks to be forgotten is, on every way; what was kept long enough goes; figures stay; and a hold keeps all of it.

use std::sync::Arc;

use contactiq_domain::{
    Outcome, Record, Role, TicketState, Timestamp, Trigger,
    clock::FixedClock,
    ids::{AccessId, FeedbackId, Ids, InteractionId, SessionId},
};
use contactiq_guard::{Guard, GuardSettings, Masked, Raw, ReviewKind, TokenKey};
use contactiq_store::{
    Ledger, StoreError, Writer,
    access::{self, AccessEvent, AccessResult},
    conversations::{self, Conversation, Owner},
    feedback::{self, Feedback},
    interactions, keys,
    ledger::{self, Completion, Entry, Places, Start},
    page_sessions::{self, PageSession},
    pii_tokens, placeholders,
    privacy::{
        self,
        consent::{self, Consent, Purpose},
        erase::{self, Erased, Receipt},
        holds,
        purge::{self, Before, Purged},
        restored::{self, CameBack},
    },
    review::{self, Entry as Review},
    tickets,
    transcripts::{self, Transcript},
};

use crate::{
    engines::Bench,
    samples::{NOW, conversation, escalated, masked, record, started, ticket, translation},
};

const SUBJECT: &str = "jane-of-4711";
const JANE: Owner<'static> = Owner { subject: SUBJECT, key: None };
const DAY: i64 = 86_400;

fn of_jane(ids: &dyn Ids) -> Conversation {
    Conversation { subject: SUBJECT.into(), ..conversation(ids) }
}

/// A conversation in which everything hangs on one interaction that can hang on one.
async fn all_of_it(w: &mut Writer, ids: &dyn Ids, of: &Conversation) -> Record<Masked> {
    conversations::create(w, of).await.unwrap();
    let record =
        Record { translation: Some(translation()), ..escalated(&started(ids, of), Trigger::SecurityFraud) };
    interactions::complete(w, &record).await.unwrap();
    let own = ticket(ids, &record);
    tickets::open(w, &own).await.unwrap();
    for state in [TicketState::Taken, TicketState::Closed] {
        let note = masked("told in Dubbo");
        tickets::advance(w, own.id, state, "agent", Some(&note), NOW).await.unwrap();
    }
    for (subject, helpful) in [(of.subject.as_str(), Some(false)), ("somebody-else", None)] {
        let said = Feedback {
            id: FeedbackId::new(ids),
            interaction: record.id,
            subject: subject.into(),
            helpful,
            problem: Some(masked("wrong in Orange")),
            created_at: NOW,
        };
        feedback::save(w, &said).await.unwrap();
    }
    let refused = Review {
        id: ids.next(),
        interaction: record.id,
        kind: ReviewKind::Flagged,
        rules: vec!["rule".into()],
        message: masked("flagged in Bathurst"),
        at: NOW,
        decided: None,
    };
    review::save(w, &refused).await.unwrap();
    let key = TokenKey::new(&[7; 32]).unwrap();
    let guard = Guard::new(GuardSettings { token_key: Some(key), ..GuardSettings::default() });
    let found = guard.inspect(&Raw::new("mail jane@example.com")).unwrap();
    let tokens: Vec<_> = found.spans.iter().filter_map(|s| Some((s.kind, s.token?))).collect();
    assert!(!tokens.is_empty());
    pii_tokens::save(w, record.id, NOW, &tokens).await.unwrap();
    let transcript =
        Transcript { interaction: record.id, conversation: of.id, mark: "a".repeat(64), created_at: NOW };
    transcripts::keep(w, &transcript).await.unwrap();
    record
}

/// What tells of a person in any column of any table. What is sealed can't be found by its words, but by standing there.
async fn traces(bench: &Bench, id: InteractionId) -> Vec<String> {
    let mut traces = Vec::new();
    for (table, column, condition) in [
        (
            "conversations",
            "subject",
            "id IN (SELECT conversation FROM interactions WHERE id = 'ID') AND (data_key IS NOT NULL OR subject <> 'erased:' || id)",
        ),
        (
            "conversations",
            "label",
            "label IS NOT NULL AND id IN (SELECT conversation FROM interactions WHERE id = 'ID')",
        ),
        (
            "conversations",
            "placeholders",
            "placeholders IS NOT NULL AND id IN (SELECT conversation FROM interactions WHERE id = 'ID')",
        ),
        ("interactions", "subject", "id = 'ID' AND subject <> 'erased:' || conversation"),
        ("interactions", "session", "id = 'ID' AND session <> 'erased'"),
        ("interactions", "correlation_id", "id = 'ID' AND correlation_id <> ''"),
        ("interactions", "question", "id = 'ID' AND length(question) > 1"),
        ("interactions", "answer", "id = 'ID' AND length(answer) > 1"),
        ("interactions", "shown", "id = 'ID' AND shown IS NOT NULL"),
        (
            "interactions",
            "words",
            "id = 'ID' AND (citations <> '[]' OR steps <> '[]' OR reason <> '' OR classification_reason <> '')",
        ),
        ("tickets", "question", "interaction = 'ID' AND length(question) > 1"),
        ("tickets", "told", "interaction = 'ID' AND length(told) > 1"),
        ("tickets", "notes", "interaction = 'ID' AND (length(taken_note) > 1 OR length(closed_note) > 1)"),
        ("feedback", "problem", "interaction = 'ID' AND problem IS NOT NULL"),
        ("feedback", "subject", "interaction = 'ID' AND subject <> 'erased:' || id"),
        ("refusals", "message", "interaction = 'ID' AND length(message) > 1"),
        ("pii_tokens", "token", "interaction = 'ID'"),
        ("transcripts", "mark", "interaction = 'ID'"),
        ("dead_letters", "entry", "interaction = 'ID'"),
        ("consents", "subject", "subject <> ''"),
    ] {
        let condition = condition.replace("ID", &id.to_string());
        // Division by zero tells that a row is there, on both engines, without reading it.
        let sql = format!(
            "CREATE TABLE probe (found BIGINT CHECK (found = 0));
             INSERT INTO probe SELECT COUNT(*) FROM {table} WHERE {condition}; DROP TABLE probe;"
        );
        if bench.place.raw(sqlx::AssertSqlSafe(sql)).await.is_err() {
            traces.push(format!("{table}.{column}"));
            let _ = bench.place.raw("DROP TABLE IF EXISTS probe").await;
        }
    }
    traces
}

/// Fails where an event has no hash of its actor.
const NO_EVENT_WITHOUT_A_HASH: &str = "CREATE TABLE probe (found BIGINT CHECK (found = 0));
    INSERT INTO probe SELECT COUNT(*) FROM access_events WHERE whose IS NULL; DROP TABLE probe;";

fn accessed(bench: &Bench, actor: String, seconds: i64, target: Option<&str>) -> AccessEvent {
    AccessEvent {
        id: AccessId::new(&bench.ids),
        at: NOW.plus_seconds(seconds),
        actor,
        from_ip: "192.0.2.7".into(),
        method: "GET".into(),
        route: "/chat/{mode}".into(),
        target: target.map(str::to_owned),
        result: AccessResult::Allowed,
        status: 200,
        reason: None,
    }
}

pub(crate) fn sitting(bench: &Bench, subject: &str) -> PageSession {
    PageSession {
        id: SessionId::new(&bench.ids),
        token_hash: "a".repeat(64),
        subject: subject.to_owned(),
        label: None,
        role: Role::Customer,
        mode: None,
        provider_session: None,
        from_ip: "192.0.2.7".into(),
        created_at: NOW,
        seen_at: NOW,
        ends_at: NOW.plus_seconds(3600),
        ended_at: None,
        ended_by: None,
    }
}

fn receipt(erased: Erased) -> Receipt {
    match erased {
        Erased::Now(receipt) => receipt,
        Erased::Held(matter) => panic!("held: {matter}"),
    }
}

on_both_engines! {
    async fn who_is_forgotten_leaves_figures_and_nobody_else_is(bench) {
        let mut w = bench.write().await;
        let (own, other) = (of_jane(&bench.ids), conversation(&bench.ids));
        let said = all_of_it(&mut w, &bench.ids, &own).await;
        let others = all_of_it(&mut w, &bench.ids, &other).await;
        consent::note(&mut w, &JANE, &Consent { purpose: Purpose::History, given: false, noted_by: "desk".into(), noted_at: NOW }, NOW).await.unwrap();
        w.save().await.unwrap();
        let before = traces(bench, said.id).await;
        for there in ["interactions.question", "tickets.notes", "feedback.problem", "pii_tokens.token", "transcripts.mark", "consents.subject", "conversations.label"] {
            assert!(before.contains(&there.to_owned()), "the search finds {there}: {before:?}");
        }

        let erased = receipt(erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW).await.unwrap());
        assert_eq!((erased.conversations, erased.interactions, erased.person.len()), (1, 1, 64));
        assert_eq!(traces(bench, said.id).await, Vec::<String>::new());
        let mut r = bench.read().await;
        let left = interactions::get(&mut r, said.id).await.unwrap().unwrap();
        assert_eq!((left.question.as_str(), left.answer.as_str()), ("[erased]", "[erased]"));
        assert_eq!(left.translation, None, "a translation goes with its answer");
        assert_eq!((left.outcome, left.trigger, left.intent, left.tokens, left.cost_usd), (said.outcome, said.trigger, said.intent, said.tokens, said.cost_usd));
        assert_eq!(conversations::list_of(&mut r, &JANE, 10).await.unwrap(), []);
        let ticket = tickets::of_interaction(&mut r, said.id).await.unwrap().unwrap();
        assert_eq!((ticket.told.as_str(), ticket.closed_note.unwrap().as_str()), ("[erased]", "[erased]"));
        let kept = feedback::of_interaction(&mut r, said.id).await.unwrap();
        assert_eq!(kept.iter().map(|f| f.helpful).collect::<Vec<_>>(), [Some(false)], "a complaint without a verdict is gone");
        assert_eq!(interactions::get(&mut r, others.id).await.unwrap().unwrap(), others);
        assert_eq!(feedback::of_interaction(&mut r, others.id).await.unwrap().len(), 2);
        drop(r);

        let again = receipt(erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW).await.unwrap());
        assert_eq!((again.conversations, again.interactions), (0, 0), "twice is no error");
        assert_eq!(again.person, erased.person);
        assert_eq!(erase::receipts(&mut *bench.read().await, 10, 0).await.unwrap().len(), 2);
    }

    async fn what_was_on_its_way_is_written_without_its_texts(bench) {
        let own = of_jane(&bench.ids);
        let begun = started(&bench.ids, &own);
        let start = Entry::Start(Box::new(Start { conversation: own.clone(), placeholders: None, started: begun.clone(), tokens: Vec::new(), shown: None }));
        let mut w = bench.write().await;
        ledger::apply(&mut w, &start).await.unwrap();
        w.save().await.unwrap();
        erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW).await.unwrap();

        let done = Record { translation: Some(translation()), ..escalated(&begun, Trigger::SecurityFraud) };
        let completion = Entry::Completion(Box::new(Completion {
            conversation: own.clone(),
            ticket: Some(ticket(&bench.ids, &done)),
            record: done.clone(),
            reviews: Vec::new(),
            claimed: None,
        }));
        let next = started(&bench.ids, &own);
        let next_start = Entry::Start(Box::new(Start { conversation: own.clone(), placeholders: Some(placeholders::sealed(&bench.store, own.id, &Default::default())), started: next.clone(), tokens: Vec::new(), shown: None }));
        let mut w = bench.write().await;
        ledger::apply(&mut w, &completion).await.unwrap();
        ledger::apply(&mut w, &next_start).await.unwrap();
        w.save().await.unwrap();
        for id in [done.id, next.id] {
            assert_eq!(traces(bench, id).await, Vec::<String>::new());
        }
        let left = interactions::get(&mut *bench.read().await, done.id).await.unwrap().unwrap();
        assert_eq!((left.outcome, left.answer.as_str()), (Outcome::Escalated, "[erased]"));
        assert_eq!(left.translation, None);
    }

    async fn a_conversation_that_arrives_after_its_person_was_erased_says_nothing(bench) {
        let (own, anew) = (of_jane(&bench.ids), Conversation { created_at: NOW.plus_seconds(10), ..of_jane(&bench.ids) });
        erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW.plus_seconds(1)).await.unwrap();
        for (of, said) in [(&own, "[erased]"), (&anew, "What does a replacement card cost in Wollongong?")] {
            let done = record(&started(&bench.ids, of));
            let completion = Completion { conversation: of.clone(), ticket: None, record: done.clone(), reviews: Vec::new(), claimed: None };
            let mut w = bench.write().await;
            ledger::apply(&mut w, &Entry::Completion(Box::new(completion))).await.unwrap();
            w.save().await.unwrap();
            let kept = interactions::get(&mut *bench.read().await, done.id).await.unwrap().unwrap();
            assert_eq!(kept.question.as_str(), said);
        }
        assert_eq!(conversations::list_of(&mut *bench.read().await, &JANE, 5).await.unwrap(), [anew]);
    }

    async fn who_returns_after_the_clock_was_set_back_is_not_who_was_erased(bench) {
        // The clock was two hours ahead when she was erased, and is right again.
        erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW.plus_seconds(7200)).await.unwrap();
        let (before, anew) = (Conversation { created_at: NOW.plus_seconds(7190), ..of_jane(&bench.ids) }, of_jane(&bench.ids));
        let clock = Arc::new(FixedClock::at(NOW.plus_seconds(5)));
        let its = Arc::clone(&clock);
        let ledger = Ledger::new(bench.store.clone(), Places::default(), its);
        let said = async |of: &Conversation| {
            let done = escalated(&started(&bench.ids, of), Trigger::SecurityFraud);
            let completion = Completion { conversation: of.clone(), ticket: Some(ticket(&bench.ids, &done)), record: done.clone(), reviews: Vec::new(), claimed: None };
            ledger.write(Entry::Completion(Box::new(completion))).await.unwrap();
            let mut r = bench.read().await;
            let kept = tickets::of_interaction(&mut r, done.id).await.unwrap().unwrap().question;
            (interactions::get(&mut r, done.id).await.unwrap().unwrap() == done, kept != Masked::erased())
        };
        assert_eq!(said(&before).await, (false, false), "what was on its way is nobody's");
        assert_eq!(said(&anew).await, (true, true));
        // The clock passes the erasure: what was begun before goes on.
        clock.advance_seconds(7200);
        assert_eq!(said(&anew).await, (true, true));
        assert_eq!(said(&before).await, (false, false));
    }

    async fn an_erasure_that_was_broken_off_is_finished(bench) {
        let mut w = bench.write().await;
        let own = of_jane(&bench.ids);
        let said = all_of_it(&mut w, &bench.ids, &own).await;
        w.save().await.unwrap();
        crate::proofs::break_off(bench, &JANE).await;
        assert_eq!(erase::sweep(&bench.store, NOW).await.unwrap(), 1);
        assert_eq!(traces(bench, said.id).await, Vec::<String>::new());
        assert_eq!(erase::sweep(&bench.store, NOW).await.unwrap(), 0);
    }

    async fn a_hold_keeps_everything_until_it_is_lifted(bench) {
        let mut w = bench.write().await;
        let refused = holds::place(&mut w, &JANE, "", "counsel", &bench.ids, NOW).await.unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
        drop(w);
        let mut w = bench.write().await;
        let own = of_jane(&bench.ids);
        let said = all_of_it(&mut w, &bench.ids, &own).await;
        let hold = holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        let later = NOW.plus_seconds(1000 * DAY);
        let before = Before { texts: later, figures: NOW, access_events: NOW };
        assert_eq!(erase::person(&bench.store, &JANE, "desk", &bench.ids, later).await.unwrap(), Erased::Held("case 17".into()));
        assert_eq!(purge::due(&mut *bench.read().await, &before).await.unwrap(), Purged { held: 1, ..Purged::default() });
        assert_eq!(purge::step(&bench.store, &before, later).await.unwrap(), Purged::default());
        assert_eq!(interactions::get(&mut *bench.read().await, said.id).await.unwrap().unwrap(), said);

        let mut w = bench.write().await;
        holds::lift(&mut w, hold.id, "counsel", later).await.unwrap();
        assert!(matches!(holds::lift(&mut w, hold.id, "counsel", later).await, Err(StoreError::NotFound { .. })));
        w.save().await.unwrap();
        let listed = holds::list(&mut *bench.read().await).await.unwrap();
        assert_eq!(listed[0].lifted, Some(("counsel".into(), later)));
        assert_eq!(purge::step(&bench.store, &before, later).await.unwrap().texts, 1);
        assert_eq!(traces(bench, said.id).await, Vec::<String>::new());
    }

    async fn texts_go_when_their_time_is_over_and_figures_later(bench) {
        let mut w = bench.write().await;
        let own = of_jane(&bench.ids);
        let old = all_of_it(&mut w, &bench.ids, &own).await;
        let young_start = contactiq_domain::Started { created_at: NOW.plus_seconds(50 * DAY), ..started(&bench.ids, &own) };
        let young = record(&young_start);
        interactions::complete(&mut w, &young).await.unwrap();
        let waiting = conversation(&bench.ids);
        conversations::create(&mut w, &waiting).await.unwrap();
        let waits = escalated(&started(&bench.ids, &waiting), Trigger::SecurityFraud);
        interactions::complete(&mut w, &waits).await.unwrap();
        tickets::open(&mut w, &ticket(&bench.ids, &waits)).await.unwrap();
        let event = AccessEvent {
            id: AccessId::new(&bench.ids), at: NOW, actor: "a".into(), from_ip: "local".into(), method: "GET".into(),
            route: "/".into(), target: None, result: AccessResult::Allowed, reason: None, status: 200,
        };
        access::log(&mut w, &event).await.unwrap();
        w.save().await.unwrap();

        let at = NOW.plus_seconds(91 * DAY);
        let before = Before { texts: NOW.plus_seconds(DAY), figures: Timestamp::from_micros(0), access_events: at };
        let due = purge::due(&mut *bench.read().await, &before).await.unwrap();
        assert_eq!(due, Purged { texts: 1, waiting_for_a_person: 1, access_events: 1, ..Purged::default() });
        assert_eq!(purge::step(&bench.store, &before, at).await.unwrap(), Purged { texts: 1, access_events: 1, ..Purged::default() });
        assert_eq!(purge::step(&bench.store, &before, at).await.unwrap(), Purged::default());
        let mut r = bench.read().await;
        let left = interactions::get(&mut r, old.id).await.unwrap().unwrap();
        assert_eq!((left.question.as_str(), left.subject.starts_with("erased:"), left.outcome), ("[erased]", true, old.outcome));
        assert_eq!(interactions::get(&mut r, young.id).await.unwrap().unwrap(), young);
        assert_eq!(interactions::get(&mut r, waits.id).await.unwrap().unwrap(), waits);
        assert_eq!(conversations::list_of(&mut r, &JANE, 5).await.unwrap().len(), 1, "its conversation goes on");
        drop(r);

        let before = Before { texts: at, figures: at, ..before };
        let done = purge::step(&bench.store, &before, at).await.unwrap();
        assert_eq!((done.texts, done.figures), (1, 2), "the young one lost its texts, and both their rows");
        let mut r = bench.read().await;
        assert_eq!(interactions::get(&mut r, old.id).await.unwrap(), None);
        assert_eq!(conversations::list_of(&mut r, &JANE, 5).await.unwrap(), []);
        assert_eq!(conversations::get_for_staff(&mut r, own.id).await.unwrap(), None);
        assert_eq!(interactions::get(&mut r, waits.id).await.unwrap().unwrap(), waits);
    }

    async fn who_comes_back_with_a_backup_is_forgotten_again(bench) {
        let mut w = bench.write().await;
        let said = all_of_it(&mut w, &bench.ids, &of_jane(&bench.ids)).await;
        let other = all_of_it(&mut w, &bench.ids, &conversation(&bench.ids)).await;
        w.save().await.unwrap();
        let erased_at = NOW.plus_seconds(DAY);
        let known = receipt(erase::person(&bench.store, &JANE, "desk", &bench.ids, erased_at).await.unwrap());

        // The backup of before, with the keyring of this database and no receipt; somebody has begun anew since.
        bench.place.raw("DELETE FROM erasures").await.unwrap();
        let mut w = bench.write().await;
        let back = all_of_it(&mut w, &bench.ids, &of_jane(&bench.ids)).await;
        w.save().await.unwrap();
        assert_eq!(restored::again(&bench.store, std::slice::from_ref(&known), None, &bench.ids, erased_at.plus_seconds(1)).await.unwrap(), CameBack { erased: 1, ..CameBack::default() });
        assert_eq!(traces(bench, back.id).await, Vec::<String>::new());
        let mut w = bench.write().await;
        let anew = Conversation { created_at: erased_at.plus_seconds(DAY), ..of_jane(&bench.ids) };
        conversations::create(&mut w, &anew).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(restored::again(&bench.store, &[known], None, &bench.ids, erased_at.plus_seconds(2 * DAY)).await.unwrap(), CameBack::default());
        assert_eq!(conversations::list_of(&mut *bench.read().await, &JANE, 5).await.unwrap(), [anew]);
        assert!(interactions::get(&mut *bench.read().await, said.id).await.unwrap().unwrap().question.as_str() == "[erased]");
        assert_eq!(interactions::get(&mut *bench.read().await, other.id).await.unwrap().unwrap(), other);
    }

    async fn whose_sitting_comes_back_with_a_backup_is_forgotten_again(bench) {
        let jane = Owner { subject: "person:jane", key: None };
        let known = receipt(erase::person(&bench.store, &jane, "desk", &bench.ids, NOW.plus_seconds(1)).await.unwrap());
        bench.place.raw("DELETE FROM erasures").await.unwrap();
        bench.place.raw("DELETE FROM erased_actors").await.unwrap();
        let seen = accessed(bench, jane.subject.to_owned(), 0, None);
        let mut w = bench.write().await;
        page_sessions::begin(&mut w, &sitting(bench, jane.subject)).await.unwrap();
        access::log(&mut w, &seen).await.unwrap();
        w.save().await.unwrap();
        let later = NOW.plus_seconds(2);
        let again = restored::again(&bench.store, std::slice::from_ref(&known), None, &bench.ids, later).await.unwrap();
        assert_eq!(again, CameBack { erased: 1, ..CameBack::default() });
        let mut r = bench.read().await;
        assert_eq!(page_sessions::of(&mut r, jane.subject).await.unwrap(), []);
        assert_eq!(access::recent(&mut r, 9).await.unwrap()[0].actor, access::ERASED);
    }

    async fn a_damaged_key_keeps_nobody_else_from_being_forgotten_again(bench) {
        let of = |subject: &str| Conversation { subject: subject.to_owned(), ..conversation(&bench.ids) };
        let wrecked = Owner { subject: "wrecked", key: None };
        let mut known = Vec::new();
        for owner in [&JANE, &wrecked] {
            known.push(receipt(erase::person(&bench.store, owner, "desk", &bench.ids, NOW.plus_seconds(DAY)).await.unwrap()));
        }
        bench.place.raw("DELETE FROM erasures").await.unwrap();
        let mut w = bench.write().await;
        let mut back = Vec::new();
        for subject in [SUBJECT, "wrecked", "stranger", "held"] {
            back.push(all_of_it(&mut w, &bench.ids, &of(subject)).await);
        }
        w.save().await.unwrap();
        for owner in [&wrecked, &Owner { subject: "stranger", key: None }] {
            let person = privacy::person(&bench.store, owner);
            bench.place.raw_of(format!("UPDATE data_keys SET wrapped = named WHERE person = '{person}'")).await;
        }
        // One that has opened none of the keys yet.
        let fresh = bench.place.open().await.unwrap();
        let again = restored::again(&fresh, &known, None, &bench.ids, NOW.plus_seconds(DAY + 1)).await.unwrap();
        assert_eq!((again.erased, again.held.len(), again.unread.len()), (2, 0, 1));
        for gone in &back[..2] {
            assert_eq!(traces(bench, gone.id).await, Vec::<String>::new());
        }
        let mut r = fresh.read().await.unwrap();
        assert!(interactions::get(&mut r, back[2].id).await.is_err(), "it stays, and does not open");
        assert_eq!(interactions::get(&mut r, back[3].id).await.unwrap().as_ref(), Some(&back[3]));
        let receipts = erase::receipts(&mut r, 9, 0).await.unwrap();
        let anew = receipts.iter().find(|receipt| receipt.person == known[1].person && receipt.id != known[1].id).unwrap();
        assert_eq!((anew.conversations, anew.interactions), (1, 1));
        drop(r);
        fresh.close().await;
    }

    async fn who_returned_after_the_clock_was_set_back_is_left_alone(bench) {
        let known = receipt(erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW.plus_seconds(DAY)).await.unwrap());
        let mut w = bench.write().await;
        let anew = of_jane(&bench.ids);
        conversations::create(&mut w, &anew).await.unwrap();
        w.save().await.unwrap();
        let again = async || restored::again(&bench.store, std::slice::from_ref(&known), None, &bench.ids, NOW.plus_seconds(9)).await.unwrap();
        assert_eq!(again().await, CameBack { undecided: vec![known.id], ..CameBack::default() });
        assert_eq!(conversations::list_of(&mut *bench.read().await, &JANE, 5).await.unwrap(), [anew]);
        // A database that does not know the receipt is a backup, and she is in it.
        bench.place.raw("DELETE FROM erasures").await.unwrap();
        assert_eq!(again().await, CameBack { erased: 1, ..CameBack::default() });
    }

    async fn who_comes_back_and_is_held_is_told(bench) {
        let mut w = bench.write().await;
        all_of_it(&mut w, &bench.ids, &of_jane(&bench.ids)).await;
        w.save().await.unwrap();
        let erased_at = NOW.plus_seconds(DAY);
        let known = receipt(erase::person(&bench.store, &JANE, "desk", &bench.ids, erased_at).await.unwrap());
        bench.place.raw("DELETE FROM erasures").await.unwrap();
        let mut w = bench.write().await;
        let back = all_of_it(&mut w, &bench.ids, &of_jane(&bench.ids)).await;
        holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, erased_at).await.unwrap();
        w.save().await.unwrap();
        let again = restored::again(&bench.store, std::slice::from_ref(&known), None, &bench.ids, erased_at).await.unwrap();
        assert_eq!(again, CameBack { held: vec![known.id], ..CameBack::default() });
        assert_eq!(interactions::get(&mut *bench.read().await, back.id).await.unwrap(), Some(back));
    }

    async fn accesses_and_sittings_of_whom_was_forgotten_name_nobody(bench) {
        let jane = Owner { subject: "site:www:4711", key: None };
        let event = |actor: String, seconds, target: Option<&str>| accessed(bench, actor, seconds, target);
        let names = access::actors(&jane);
        assert_eq!(names.len(), 2);
        let own: Vec<_> = names.iter().map(|name| event(name.clone(), 0, Some("own"))).collect();
        let (old, later) = (event(names[1].clone(), 1, None), event(names[1].clone(), 100, None));
        let others = event("desk".to_owned(), 0, None);
        let (before, by_key) = (event("desk".to_owned(), 0, None), event("person:of-a-key".to_owned(), 0, None));
        let by_admin = event(access::LOCAL_ADMIN.to_owned(), 0, None);
        let mut w = bench.write().await;
        let all = [&own[0], &own[1], &old, &later, &others, &before, &by_key, &by_admin];
        access::log_all(&mut w, &all).await.unwrap();
        let mut key = crate::keys::key(&bench.ids, "d");
        key.name = "person:of-a-key".to_owned();
        keys::create(&mut w, &key).await.unwrap();
        let sitting = sitting(bench, jane.subject);
        page_sessions::begin(&mut w, &sitting).await.unwrap();
        w.save().await.unwrap();
        // One of before there were hashes of actors.
        for event in [&old, &before] {
            bench.place.raw_of(format!("UPDATE access_events SET whose = NULL WHERE id = '{}'", event.id)).await;
        }
        erase::person(&bench.store, &jane, "desk", &bench.ids, NOW.plus_seconds(10)).await.unwrap();
        // Once more on a clock that was set back: until when somebody was forgotten goes no way back.
        erase::person(&bench.store, &jane, "desk", &bench.ids, NOW.plus_seconds(1)).await.unwrap();
        // Whoever is called like a key, or like the command line, takes no name out of their events.
        for subject in ["desk", "person:of-a-key", access::LOCAL_ADMIN] {
            let namesake = Owner { subject, key: None };
            erase::person(&bench.store, &namesake, "desk", &bench.ids, NOW.plus_seconds(10)).await.unwrap();
        }
        assert_eq!(access::actors(&Owner { subject: "command-line", key: None }), Vec::<String>::new());
        // A spool brings one of before.
        let late = event(names[0].clone(), 2, None);
        let mut w = bench.write().await;
        access::log(&mut w, &late).await.unwrap();
        w.save().await.unwrap();
        erase::sweep(&bench.store, NOW.plus_seconds(20)).await.unwrap();
        let mut r = bench.read().await;
        let found = access::of(&mut r, &names, &[]).await.unwrap();
        assert_eq!((found.events, found.unreadable), (vec![later.clone()], 0), "who came again is known again");
        for gone in own.iter().chain([&old, &late]) {
            let left = access::recent(&mut r, 99).await.unwrap().into_iter().find(|event| event.id == gone.id);
            let nobody = AccessEvent { actor: access::ERASED.into(), from_ip: access::ERASED.into(), ..gone.clone() };
            assert_eq!(left, Some(nobody), "that it was stays");
        }
        let left = access::recent(&mut r, 99).await.unwrap();
        assert!([&others, &before, &by_key, &by_admin].iter().all(|event| left.contains(event)), "{left:?}");
        bench.place.raw(NO_EVENT_WITHOUT_A_HASH).await.unwrap();
        assert_eq!(page_sessions::of(&mut r, jane.subject).await.unwrap(), []);
        assert_eq!(page_sessions::find(&mut r, &sitting.token_hash).await.unwrap(), None);
    }

    async fn of_whom_nothing_is_kept_nobody_is_known(bench) {
        let known = async |subject: &str| {
            let (one, other) = (Owner { subject, key: None }, Owner { subject: "an alias", key: None });
            privacy::is_known(&mut *bench.read().await, &[one, other]).await.unwrap()
        };
        let mut w = bench.write().await;
        all_of_it(&mut w, &bench.ids, &of_jane(&bench.ids)).await;
        consent::note(&mut w, &Owner { subject: "shy", key: None }, &Consent { purpose: Purpose::History, given: false, noted_by: "desk".into(), noted_at: NOW }, NOW).await.unwrap();
        w.save().await.unwrap();
        assert!(known(SUBJECT).await && known("shy").await && !known("jane-of-4712").await);
        // Who was forgotten was known; whom nobody knew is not by having been looked for.
        erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW).await.unwrap();
        erase::person(&bench.store, &Owner { subject: "jane-of-4712", key: None }, "desk", &bench.ids, NOW).await.unwrap();
        assert!(known(SUBJECT).await && !known("jane-of-4712").await);
    }

    async fn the_last_word_on_a_purpose_counts(bench) {
        let word = |given, days| Consent { purpose: Purpose::History, given, noted_by: "desk".into(), noted_at: NOW.plus_seconds(days * DAY) };
        let mut w = bench.write().await;
        let now = NOW.plus_seconds(2 * DAY);
        for (consent, counts) in [(word(true, 1), true), (word(false, 2), true), (word(true, 0), false), (word(true, 2), false)] {
            assert_eq!(consent::note(&mut w, &JANE, &consent, now).await.unwrap(), counts, "{consent:?}");
        }
        w.save().await.unwrap();
        let mut r = bench.read().await;
        assert_eq!(consent::of(&mut r, &JANE).await.unwrap(), [word(false, 2)]);
        assert_eq!(consent::refused(&mut r, Purpose::History).await.unwrap(), [consent::as_kept(&bench.store, &JANE)]);
    }

    async fn a_refusal_counts_against_a_word_of_a_clock_that_was_ahead(bench) {
        let word = |given, seconds| Consent { purpose: Purpose::History, given, noted_by: "desk".into(), noted_at: NOW.plus_seconds(seconds) };
        let mut w = bench.write().await;
        let stands = async |w: &mut Writer| consent::of(w, &JANE).await.unwrap().remove(0);
        assert!(consent::note(&mut w, &JANE, &word(true, DAY), NOW.plus_seconds(DAY)).await.unwrap());
        // The clock is right again. The refusal was said a little before it is noted.
        assert!(consent::note(&mut w, &JANE, &word(false, 5), NOW.plus_seconds(9)).await.unwrap());
        // Nobody can tell which clock is wrong: it is as late as the word that it takes the place of.
        assert_eq!(stands(&mut w).await, word(false, DAY));
        // The other way round the refusal stands, as of now; a later word counts again.
        assert!(consent::note(&mut w, &JANE, &word(false, DAY), NOW.plus_seconds(DAY)).await.unwrap());
        assert!(!consent::note(&mut w, &JANE, &word(true, 20), NOW.plus_seconds(20)).await.unwrap());
        assert_eq!(stands(&mut w).await, word(false, 20));
        assert!(consent::note(&mut w, &JANE, &word(true, 21), NOW.plus_seconds(21)).await.unwrap());
        assert_eq!(stands(&mut w).await, word(true, 21));
        // Of one moment the refusal counts, whichever is noted first; and a time that is to come is none.
        assert!(consent::note(&mut w, &JANE, &word(false, 21), NOW.plus_seconds(22)).await.unwrap());
        assert!(!consent::note(&mut w, &JANE, &word(true, 21), NOW.plus_seconds(22)).await.unwrap());
        assert!(consent::note(&mut w, &JANE, &word(true, DAY), NOW.plus_seconds(23)).await.unwrap());
        assert_eq!(stands(&mut w).await, word(true, 23));
        w.save().await.unwrap();
    }
}

#[tokio::test]
async fn no_old_text_stays_in_the_file() {
    let bench = Bench::at(crate::engines::Place::sqlite()).await;
    let mut w = bench.write().await;
    let jane = Owner { subject: "person:jane", key: None };
    let of = Conversation { subject: jane.subject.to_owned(), ..conversation(&bench.ids) };
    let said = all_of_it(&mut w, &bench.ids, &of).await;
    let event = accessed(&bench, jane.subject.to_owned(), 0, None);
    access::log(&mut w, &event).await.unwrap();
    page_sessions::begin(&mut w, &sitting(&bench, jane.subject)).await.unwrap();
    w.save().await.unwrap();
    // What is sealed stands there as bytes that can be looked for.
    let mut columns = Vec::new();
    for column in ["question", "answer"] {
        columns.push(
            bench.place.bytes(&format!("SELECT {column} FROM interactions WHERE id = '{}'", said.id)).await,
        );
    }
    columns.push(consent::as_kept(&bench.store, &jane).0.into_bytes());
    for (table, column) in
        [("access_events", "actor"), ("access_events", "from_ip"), ("page_sessions", "named")]
    {
        columns.push(bench.place.bytes(&format!("SELECT CAST({column} AS BLOB) FROM {table}")).await);
    }
    for column in ["wrapped", "named"] {
        columns.push(bench.place.bytes(&format!("SELECT {column} FROM data_keys")).await);
    }
    let folder = match bench.place.location() {
        contactiq_store::Location::Sqlite(path) => path.parent().unwrap().to_owned(),
        contactiq_store::Location::Postgres(_) => unreachable!(),
    };
    let files = || -> Vec<u8> {
        std::fs::read_dir(&folder).unwrap().flat_map(|f| std::fs::read(f.unwrap().path()).unwrap()).collect()
    };
    let found = |all: &[u8], text: &[u8]| all.windows(text.len()).any(|part| part == text);
    let before = files();
    assert!(columns.iter().all(|text| found(&before, text)), "the search finds what is there");
    erase::person(&bench.store, &jane, "desk", &bench.ids, NOW).await.unwrap();
    let left = access::recent(&mut *bench.read().await, 9).await.unwrap();
    assert_eq!(left.len(), 1, "that it was stays");
    let after = files();
    assert!(columns.iter().all(|text| !found(&after, text)));
    bench.end().await;
}
