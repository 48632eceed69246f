use std::{sync::Arc, time::Duration};

use contactiq_domain::{Mode, Outcome, Trigger, clock::FixedClock};
use contactiq_guard::ReviewKind;
use contactiq_store::{
    Ledger, StoreError,
    conversations::{self, Owner},
    idempotency::{self, Claim, Fence, Slot},
    interactions,
    ledger::{
        Applied, Claimed, Compared, Completion, Entry, Places, Start, Withdrawal,
        dead::{self, Replayed},
        spool::{DEFAULT_MAX_BYTES, Spool},
    },
    placeholders,
    privacy::consent,
    review, tickets,
};
use uuid::Uuid;

use crate::{
    engines::Bench,
    samples::{NOW, conversation, escalated, masked, record, started, ticket},
};

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(NOW))
}

fn ledger(bench: &Bench) -> Ledger {
    Ledger::new(bench.store.clone(), Places::default(), clock())
}

fn fence(number: u128) -> Fence {
    Fence::of(Uuid::from_u128(number))
}

/// Both halves of one interaction, in a conversation of its own.
pub(crate) fn halves(bench: &Bench) -> (Start, Completion) {
    let conversation = conversation(&bench.ids);
    let started = started(&bench.ids, &conversation);
    let record = escalated(&started, Trigger::SecurityFraud);
    let ticket = Some(ticket(&bench.ids, &record));
    let review = review::Entry {
        id: Uuid::from_u128(u128::from_be_bytes(*record.id.uuid().as_bytes()) + 1),
        interaction: record.id,
        kind: ReviewKind::Flagged,
        rules: vec!["profanity/oath".into()],
        message: masked("my damned card in Wollongong"),
        at: NOW,
        decided: None,
    };
    let start = Start {
        conversation: conversation.clone(),
        placeholders: None,
        started,
        tokens: Vec::new(),
        shown: None,
    };
    (start, Completion { conversation, record, ticket, reviews: vec![review], claimed: None })
}

pub(crate) fn first(start: &Start) -> Entry {
    Entry::Start(Box::new(start.clone()))
}

pub(crate) fn second(completion: &Completion) -> Entry {
    Entry::Completion(Box::new(completion.clone()))
}

pub(crate) async fn is_whole(bench: &Bench, completion: &Completion) {
    let mut r = bench.read().await;
    let found = interactions::get(&mut r, completion.record.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&completion.record));
    assert_eq!(
        tickets::get(&mut r, completion.ticket.as_ref().unwrap().id).await.unwrap(),
        completion.ticket
    );
    let reviews = review::list(&mut r, &review::Filter::default(), 1000, 0).await.unwrap();
    assert_eq!(reviews.iter().filter(|l| l.entry.interaction == completion.record.id).count(), 1);
    let known = conversations::get_for_staff(&mut r, completion.conversation.id).await.unwrap();
    assert_eq!(known.as_ref(), Some(&completion.conversation));
}

on_both_engines! {
    async fn both_halves_are_written_once_in_either_order_and_however_often(bench) {
        let ledger = ledger(bench);
        let (start, completion) = halves(bench);
        assert_eq!(ledger.write(first(&start)).await, Ok(Applied::Written));
        assert_eq!(ledger.write(first(&start)).await, Ok(Applied::Written));
        assert_eq!(ledger.write(second(&completion)).await, Ok(Applied::Written));
        is_whole(bench, &completion).await;
        let again = Completion { record: record(&start.started), ..completion.clone() };
        let before = ledger.write(second(&again)).await;
        assert_eq!(before, Ok(Applied::Before(Box::new(completion.record.clone()))), "the first one stands");
        is_whole(bench, &completion).await;

        let (late, early) = halves(bench);
        assert_eq!(ledger.write(second(&early)).await, Ok(Applied::Written));
        assert_eq!(ledger.write(first(&late)).await, Ok(Applied::Written));
        is_whole(bench, &early).await;
    }

    async fn a_withdrawal_counts_also_where_it_is_written_before_what_it_takes_back(bench) {
        let ledger = ledger(bench);
        let (start, completion) = halves(bench);
        let withdrawal = Withdrawal {
            conversation: completion.conversation.clone(),
            interaction: completion.record.id,
            completed_at: completion.record.completed_at,
            claimed: None,
        };
        ledger.write(first(&start)).await.unwrap();
        ledger.write(Entry::Withdrawal(Box::new(withdrawal.clone()))).await.unwrap();
        ledger.write(second(&completion)).await.unwrap();
        let mut r = bench.read().await;
        assert_eq!(interactions::count_finished(&mut r).await.unwrap(), 0);
        assert_eq!(tickets::get(&mut r, completion.ticket.as_ref().unwrap().id).await.unwrap(), None);
        drop(r);
        // Another completion of the same interaction stands.
        let mut other = completion.clone();
        other.record.completed_at = other.record.completed_at.plus_micros(5);
        ledger.write(second(&other)).await.unwrap();
        ledger.write(Entry::Withdrawal(Box::new(withdrawal))).await.unwrap();
        is_whole(bench, &other).await;
        let mut w = bench.write().await;
        contactiq_store::ledger::purge_withdrawn(&mut w, NOW.plus_seconds(200_000)).await.unwrap();
        w.save().await.unwrap();
    }

    async fn of_the_claims_of_a_key_the_one_that_came_to_something_first_counts(bench) {
        let ledger = ledger(bench);
        let of = |number: u128, queued: bool| {
            let mut completion = halves(bench).1;
            completion.claimed = Some(Claimed {
                caller: "a".into(),
                route: "POST /v1/interactions".into(),
                key: "k".into(),
                body: "body".into(),
                fence: fence(number),
                queued,
                shown: false,
            });
            completion
        };
        let (of_table, of_queue, late) = (of(1, false), of(2, true), of(3, true));
        let slot = of_table.claimed.as_ref().unwrap().slot();
        let mut w = bench.write().await;
        let until = NOW.plus_seconds(3);
        let claim = idempotency::claim(&mut w, &slot, "body", NOW, until, fence(1)).await.unwrap();
        assert_eq!(claim, Claim::New);
        w.save().await.unwrap();
        // While the queue is back and the table away the key is claimed again, and that answer may have been shown.
        assert_eq!(ledger.write(second(&of_queue)).await, Ok(Applied::Written));
        is_whole(bench, &of_queue).await;
        for other in [of_table, late] {
            assert_eq!(ledger.write(second(&other)).await, Ok(Applied::Overtaken));
        }
        assert_eq!(interactions::count_finished(&mut *bench.read().await).await.unwrap(), 1);
    }

    async fn what_was_acknowledged_and_is_nowhere_is_found(bench) {
        let ledger = ledger(bench);
        let (kept, gone, unmade) = (halves(bench), halves(bench), halves(bench));
        for (start, completion) in [&kept, &gone, &unmade] {
            ledger.write(first(start)).await.unwrap();
            ledger.write(second(completion)).await.unwrap();
        }
        // Nobody is asked about what was said a moment ago.
        assert_eq!(ledger.compare(Duration::from_secs(60)).await, Ok(Compared::default()));
        let lost = |id: &str| format!("UPDATE interactions SET {id}");
        bench.place.raw_of(format!("DELETE FROM refusals WHERE interaction = '{}'", gone.1.record.id)).await;
        bench.place.raw_of(format!("DELETE FROM tickets WHERE interaction = '{}'", gone.1.record.id)).await;
        bench.place.raw_of(format!("DELETE FROM interactions WHERE id = '{}'", gone.1.record.id)).await;
        // As reconciliation leaves a start whose end it does not find.
        bench.place.raw_of(lost(&format!("outcome = 'interrupted' WHERE id = '{}'", unmade.1.record.id))).await;
        let found = ledger.compare(Duration::ZERO).await.unwrap();
        let lost = vec![gone.1.record.id, unmade.1.record.id];
        assert_eq!(found, Compared { written: 1, lost, ..Compared::default() });
        assert_eq!(ledger.compare(Duration::ZERO).await, Ok(Compared::default()), "it is told once");
    }

    async fn what_many_write_at_once_is_all_there(bench) {
        let ledger = ledger(bench);
        let all: Vec<_> = (0..300).map(|_| halves(bench)).collect();
        let mut tasks = tokio::task::JoinSet::new();
        for (start, completion) in all.clone() {
            let ledger = ledger.clone();
            tasks.spawn(async move {
                ledger.write(first(&start)).await.unwrap();
                ledger.write(second(&completion)).await.unwrap();
            });
        }
        tasks.join_all().await;
        for (_, completion) in all {
            let found = interactions::get(&mut *bench.read().await, completion.record.id).await.unwrap();
            assert_eq!(found, Some(completion.record));
        }
    }

    async fn one_that_is_refused_takes_no_other_with_it_and_is_a_dead_letter(bench) {
        let ledger = ledger(bench);
        let (start, completion) = halves(bench);
        ledger.write(first(&start)).await.unwrap();
        // In the same conversation, and somebody else's.
        let mut stranger = halves(bench).1;
        stranger.conversation.id = start.conversation.id;
        stranger.conversation.subject = "subject-2".into();
        stranger.record.conversation = start.conversation.id;
        stranger.ticket.as_mut().unwrap().conversation = start.conversation.id;
        let honest: Vec<_> = (0..20).map(|_| halves(bench)).collect();
        let (refused, ..) = tokio::join!(
            ledger.write(second(&stranger)),
            ledger.write(second(&completion)),
            futures(&ledger, &honest),
        );
        assert_eq!(refused, Err(StoreError::Conflict { rule: "conversations_id".into() }));
        is_whole(bench, &completion).await;
        for (_, completion) in &honest {
            is_whole(bench, completion).await;
        }

        let mut r = bench.read().await;
        let letters = dead::list(&mut r, 10, 0).await.unwrap();
        assert_eq!((letters.len(), dead::count(&mut r).await.unwrap()), (1, 1));
        let letter = &letters[0];
        assert_eq!((letter.interaction, letter.tries), (Some(stranger.record.id), 1));
        assert!(letter.reason.contains("conversations_id"), "{}", letter.reason);
        let (_, entry) = dead::get(&mut r, &letter.id).await.unwrap().unwrap();
        assert_eq!(entry, Ok(second(&stranger)), "nothing of it is lost");
        drop(r);

        assert!(dead::replay_in(&bench.store, &letter.id, None, NOW).await.unwrap().is_err(), "it is refused still");
        let (letter, _) = dead::get(&mut *bench.read().await, &letter.id).await.unwrap().unwrap();
        assert_eq!(letter.tries, 2);
        assert_eq!(dead::replay_in(&bench.store, "no such letter", None, NOW).await, Ok(Ok(Replayed::Missing)));

        // Who gives the conversation to its person past the store changes nothing: it is sealed for somebody else.
        let whose = Owner { subject: "subject-2", key: None };
        let (stands_for, _) = consent::as_kept(&bench.store, &whose);
        bench.place.raw_of(format!("UPDATE conversations SET subject = '{stands_for}'")).await;
        assert!(dead::replay_in(&bench.store, &letter.id, None, NOW).await.unwrap().is_err());
        // The reason is taken away, and it goes where it belongs.
        for table in ["feedback", "refusals", "pii_tokens", "tickets", "interactions", "conversations"] {
            bench.place.raw_of(format!("DELETE FROM {table}")).await;
        }
        assert_eq!(dead::replay_in(&bench.store, &letter.id, None, NOW).await, Ok(Ok(Replayed::Written)));
        let mut r = bench.read().await;
        assert!(interactions::get(&mut r, stranger.record.id).await.unwrap().is_some());
        assert_eq!(dead::count(&mut r).await.unwrap(), 0);
    }

    async fn what_its_caller_was_told_no_place_took_is_found_finished_by_nobody(bench) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
        let away = bench.place.open().await.unwrap();
        away.close().await;
        // A slow disk: both came to the spool after all, and the process died.
        let ledger = Ledger::new(away, spool.clone(), clock());
        let (start, mut completion) = halves(bench);
        let claimed = Claimed {
            caller: "a".into(),
            route: "POST /v1/interactions".into(),
            key: "withdrawn".into(),
            body: "body".into(),
            fence: fence(7),
            queued: true,
            shown: false,
        };
        completion.claimed = Some(claimed.clone());
        let withdrawal = Withdrawal {
            conversation: completion.conversation.clone(),
            interaction: completion.record.id,
            completed_at: completion.record.completed_at,
            claimed: completion.claimed.clone(),
        };
        for entry in [first(&start), second(&completion), Entry::Withdrawal(Box::new(withdrawal))] {
            ledger.write(entry).await.unwrap();
        }
        drop(ledger);
        let ledger = Ledger::new(bench.store.clone(), spool.clone(), clock());
        assert_eq!(ledger.drain().await.unwrap().written, 3);
        let mut r = bench.read().await;
        assert_eq!(interactions::count_finished(&mut r).await.unwrap(), 0);
        let found = interactions::get(&mut r, completion.record.id).await.unwrap().unwrap();
        assert_eq!(found.outcome, Outcome::Interrupted);
        let key = idempotency::look(&mut r, &claimed.slot(), "body", NOW).await.unwrap();
        assert!(matches!(key, None | Some(Claim::New)), "who asks again is answered: {key:?}");
        drop(r);

        // One that another worker's answer overtook is taken back from the places by itself.
        let mut late = halves(bench).1;
        late.claimed = Some(Claimed {
            caller: "a".into(),
            route: "POST /v1/interactions".into(),
            key: "k".into(),
            body: "body".into(),
            fence: fence(1),
            queued: false,
            shown: false,
        });
        assert!(!ledger.has_withdrawn(&late.record));
        assert_eq!(ledger.write(second(&late)).await, Ok(Applied::Overtaken));
        assert!(ledger.has_withdrawn(&late.record), "nobody who asks again is shown it");
        assert_eq!(ledger.state().spool.unwrap().entries, 1, "the withdrawal");
        let mut kept = late.clone();
        kept.claimed.as_mut().unwrap().shown = true;
        // As a place that took it before keeps it.
        ledger.write(second(&kept)).await.unwrap();
        ledger.drain().await.unwrap();
        assert_eq!(interactions::count_finished(&mut *bench.read().await).await.unwrap(), 0);
    }

    async fn a_claimed_key_is_settled_with_the_record(bench) {
        let ledger = ledger(bench);
        let (_, mut completion) = halves(bench);
        let lease_until = NOW.plus_seconds(30);
        let slot = Slot { caller: "a", route: "POST /v1/interactions", key: "k" };
        let mut w = bench.write().await;
        assert_eq!(idempotency::claim(&mut w, &slot, "body", NOW, lease_until, fence(1)).await, Ok(Claim::New));
        w.save().await.unwrap();
        completion.claimed = Some(Claimed {
            caller: slot.caller.into(),
            route: slot.route.into(),
            key: slot.key.into(),
            body: "body".into(),
            fence: fence(1),
            queued: false,
            shown: false,
        });
        ledger.write(second(&completion)).await.unwrap();
        let mut w = bench.write().await;
        let again = idempotency::claim(&mut w, &slot, "body", NOW, lease_until, fence(2)).await.unwrap();
        assert_eq!(again, Claim::Done { resource: completion.record.id.to_string(), status: 200 });
        w.save().await.unwrap();
        let twice = ledger.write(second(&completion)).await;
        assert_eq!(twice, Ok(Applied::Before(Box::new(completion.record))), "the queue may deliver twice");
    }

    async fn of_two_workers_on_one_request_the_answer_of_one_counts(bench) {
        let ledger = ledger(bench);
        let slot = Slot { caller: "a", route: "POST /v1/interactions", key: "k" };
        let (lease, later) = (NOW.plus_seconds(3), NOW.plus_seconds(4));
        let mut w = bench.write().await;
        idempotency::claim(&mut w, &slot, "body", NOW, lease, fence(1)).await.unwrap();
        let taken_over = idempotency::claim(&mut w, &slot, "body", later, later.plus_seconds(3), fence(2)).await;
        assert_eq!(taken_over, Ok(Claim::New));
        w.save().await.unwrap();
        let claimed = |number, shown| Claimed {
            caller: slot.caller.into(),
            route: slot.route.into(),
            key: slot.key.into(),
            body: "body".into(),
            fence: fence(number),
            queued: false,
            shown,
        };
        let (mut late, mut quick, mut shown) = (halves(bench).1, halves(bench).1, halves(bench).1);
        late.claimed = Some(claimed(1, false));
        quick.claimed = Some(claimed(2, false));
        assert_eq!(ledger.write(second(&late)).await, Ok(Applied::Overtaken));
        assert_eq!(ledger.write(second(&quick)).await, Ok(Applied::Written));
        // What somebody was shown is in the record, whoever holds the claim.
        shown.claimed = Some(claimed(1, true));
        assert_eq!(ledger.write(second(&shown)).await, Ok(Applied::Written));
        is_whole(bench, &quick).await;
        is_whole(bench, &shown).await;
        let mut r = bench.read().await;
        assert!(interactions::get(&mut r, late.record.id).await.unwrap().is_none());
    }

    async fn what_was_interrupted_stands_for_no_answer(bench) {
        let ledger = ledger(bench);
        let (start, mut completion) = halves(bench);
        let claimed = |shown| Some(Claimed {
            caller: "a".into(),
            route: "POST /v1/interactions".into(),
            key: "given-back".into(),
            body: "body".into(),
            fence: fence(1),
            queued: false,
            shown,
        });
        completion.claimed = claimed(false);
        ledger.write(first(&start)).await.unwrap();
        let marked = ledger.interrupt_unfinished(NOW.plus_seconds(200_000)).await.unwrap();
        assert_eq!(marked, [start.started.id]);
        let overtaken = ledger.write(second(&completion)).await;
        assert_eq!(overtaken, Ok(Applied::Overtaken), "nobody is shown an empty answer");
        // What somebody was shown counts more.
        completion.record.completed_at = completion.record.completed_at.plus_micros(5);
        completion.claimed = claimed(true);
        assert_eq!(ledger.write(second(&completion)).await, Ok(Applied::Written));
        is_whole(bench, &completion).await;
    }

    async fn while_the_database_is_away_the_spool_takes_it_and_nothing_is_lost(bench) {
        let folder = tempfile::tempdir().unwrap();
        let open = || async { Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap() };
        let away = bench.place.open().await.unwrap();
        away.close().await;
        let spool = open().await;
        let ledger = Ledger::new(away, spool.clone(), clock());
        let (start, completion) = halves(bench);
        ledger.write(first(&start)).await.unwrap();
        ledger.write(second(&completion)).await.unwrap();

        // Who asked reads on, and nobody else does.
        let id = completion.record.id;
        assert_eq!(ledger.pending(id).await.as_ref(), Some(&completion.record));
        let owner = completion.conversation.owner();
        assert!(ledger.pending_of(id, &owner).await.is_some());
        let other = Owner { subject: "subject-2", key: None };
        assert!(ledger.pending_of(id, &other).await.is_none());
        let mut r = bench.read().await;
        let said = ledger.said(completion.conversation.id).await;
        let said = said.after_tables(&mut r, completion.conversation.id, 6).await.unwrap();
        assert_eq!(said, std::slice::from_ref(&completion.record));
        drop(r);
        assert_eq!(ledger.state().spool.unwrap().entries, 2);
        assert!(ledger.drain().await.is_err(), "the database is away still");
        assert_eq!(ledger.state().spool.unwrap().entries, 2, "and nothing was taken from the spool");
        nothing_is_readable(folder.path());

        // The process dies; another finds what it left.
        drop(ledger);
        spool.close().await;
        let ledger = Ledger::new(bench.store.clone(), open().await, clock());
        let drained = ledger.drain().await.unwrap();
        assert_eq!((drained.written, drained.dead), (2, 0));
        is_whole(bench, &completion).await;
        assert_eq!((ledger.state().spool.unwrap().entries, ledger.state().pending), (0, 0));
        assert_eq!(ledger.drain().await.unwrap().written, 0, "once is enough");
    }

    async fn what_the_spool_can_not_write_is_a_dead_letter_with_its_reason(bench) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
        spool.append(b"no entry at all".to_vec()).await.unwrap();
        let ledger = Ledger::new(bench.store.clone(), spool, clock());
        let drained = ledger.drain().await.unwrap();
        assert_eq!((drained.written, drained.dead), (0, 1));
        let letters = dead::list(&mut *bench.read().await, 10, 0).await.unwrap();
        let reasons: Vec<_> = letters.iter().map(|l| l.reason.as_str()).collect();
        assert!(reasons.iter().any(|r| r.contains("no entry")), "{reasons:?}");
        assert!(letters.iter().all(|l| l.interaction.is_none() && l.id.starts_with("unreadable-")));
        let replayed = dead::replay_in(&bench.store, &letters[0].id, None, NOW).await.unwrap();
        assert!(matches!(replayed, Ok(Replayed::Unreadable(_))), "{replayed:?}");
        let mut w = bench.write().await;
        assert!(dead::discard(&mut w, &letters[0].id).await.unwrap());
        assert!(!dead::discard(&mut w, &letters[0].id).await.unwrap());
        w.save().await.unwrap();
        assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 0);
    }

    async fn what_a_newer_version_kept_waits_for_it(bench) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
        spool.append(br#"{"form":9}"#.to_vec()).await.unwrap();
        let ledger = Ledger::new(bench.store.clone(), spool, clock());
        assert!(ledger.drain().await.unwrap_err().to_string().contains("newer version"));
        assert_eq!(ledger.state().spool.unwrap().entries, 1);
        assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 0);
    }

    async fn placeholders_of_a_start_that_comes_late_are_kept(bench) {
        let ledger = ledger(bench);
        let given = |conversation| {
            Some(placeholders::sealed(&bench.store, conversation, &Default::default()))
        };
        let (mut start, completion) = halves(bench);
        start.placeholders = given(start.conversation.id);
        ledger.write(second(&completion)).await.unwrap();
        ledger.write(first(&start)).await.unwrap();
        // It fails where there are none: the completion had begun the conversation.
        let law = "UPDATE conversations SET mode = NULL WHERE placeholders IS NULL";
        bench.place.raw(law).await.unwrap();
    }
}

async fn futures(ledger: &Ledger, halves: &[(Start, Completion)]) {
    let mut tasks = tokio::task::JoinSet::new();
    for (start, completion) in halves {
        let (ledger, start, completion) = (ledger.clone(), start.clone(), completion.clone());
        tasks.spawn(async move {
            ledger.write(first(&start)).await.unwrap();
            ledger.write(second(&completion)).await.unwrap();
        });
    }
    tasks.join_all().await;
}

/// What a person wrote and was told stands in no file.
fn nothing_is_readable(folder: &std::path::Path) {
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        seen += bytes.len();
        for word in ["Wollongong", "Kalgoorlie", "Wagga", "hotline", "platinum"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
        }
    }
    assert!(seen > 1000, "{seen}");
}

/// While another process writes for long, answers go on by the spool.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_another_process_holds_keeps_nobody_waiting() {
    let bench = Bench::at(crate::engines::Place::sqlite()).await;
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), DEFAULT_MAX_BYTES).await.unwrap();
    let ledger = Ledger::new(bench.store.clone(), spool, clock());
    let other = bench.place.open().await.unwrap();
    let held = other.write().await.unwrap();
    let (start, completion) = halves(&bench);
    let written = tokio::time::timeout(Duration::from_secs(4), async {
        ledger.write(first(&start)).await.unwrap();
        ledger.write(second(&completion)).await.unwrap();
    });
    written.await.expect("the store alone would have waited for 5 s");
    assert!(interactions::get(&mut *bench.read().await, completion.record.id).await.unwrap().is_none());
    assert_eq!(ledger.pending(completion.record.id).await.unwrap().mode, Mode::Customer);
    drop(held);
    ledger.drain().await.unwrap();
    is_whole(&bench, &completion).await;
    other.close().await;
    bench.end().await;
}
