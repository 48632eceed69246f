//! Purges beside holds, on a clock that jumps, and broken off (A7, E7).

use std::{future::Future, sync::Arc, time::Duration};

use contactiq_domain::{Record, Timestamp, clock::FixedClock, ids::AccessId};
use contactiq_guard::Masked;
use contactiq_store::{
    Ledger, Writer,
    access::{self, AccessEvent, AccessResult},
    conversations::{Conversation, Owner},
    interactions,
    ledger::{self, Completion, Entry, Places, dead},
    privacy::{
        self,
        erase::{self, Forgotten},
        holds,
        purge::{self, Before, Clock, Purged},
    },
};
use tokio::time::timeout;

use crate::{
    engines::Bench,
    samples::{NOW, conversation, masked, record, started},
};

const JANE: Owner<'static> = Owner { subject: "person:jane", key: None };
const ALSO_JANE: Owner<'static> = Owner { subject: "user-of-jane", key: None };
const DAY: i64 = 86_400;
/// So long the other one waits, as it must.
const WAITS: Duration = Duration::from_millis(300);

fn of(bench: &Bench, subject: &str) -> Conversation {
    Conversation { subject: subject.to_owned(), ..conversation(&bench.ids) }
}

fn completion(bench: &Bench, of: &Conversation) -> (Record<Masked>, Entry) {
    let record = Record { question: masked("lost in Dubbo"), ..record(&started(&bench.ids, of)) };
    let own = Completion {
        conversation: of.clone(),
        record: record.clone(),
        ticket: None,
        reviews: Vec::new(),
        claimed: None,
    };
    (record, Entry::Completion(Box::new(own)))
}

async fn say(w: &mut Writer, bench: &Bench, of: &Conversation) -> Record<Masked> {
    let (record, entry) = completion(bench, of);
    ledger::apply(w, &entry).await.unwrap();
    record
}

async fn question(bench: &Bench, of: &Record<Masked>) -> String {
    let left = interactions::get(&mut *bench.read().await, of.id).await.unwrap().unwrap();
    left.question.as_str().to_owned()
}

/// All that is from before this moment.
fn all_before(moment: Timestamp) -> Before {
    Before { texts: moment, figures: moment, access_events: moment }
}

fn event(bench: &Bench, actor: &str, target: Option<String>) -> AccessEvent {
    AccessEvent {
        id: AccessId::new(&bench.ids),
        at: NOW,
        actor: actor.to_owned(),
        from_ip: "local".to_owned(),
        method: "GET".to_owned(),
        route: "/v1/interactions/{id}".to_owned(),
        target,
        result: AccessResult::Allowed,
        status: 200,
        reason: None,
    }
}

async fn until_nothing_is_due(bench: &Bench, before: &Before, now: Timestamp) -> Purged {
    let mut all = Purged::default();
    loop {
        let done = purge::step(&bench.store, before, now).await.unwrap();
        all.texts += done.texts;
        all.figures += done.figures;
        all.access_events += done.access_events;
        if done == Purged::default() {
            return all;
        }
    }
}

on_both_engines! {
    async fn a_hold_that_is_being_placed_is_waited_for_and_keeps_its_person(bench) {
        let mut w = bench.write().await;
        let hers = say(&mut w, bench, &of(bench, JANE.subject)).await;
        let theirs = say(&mut w, bench, &of(bench, "somebody")).await;
        w.save().await.unwrap();
        let later = NOW.plus_seconds(100 * DAY);
        let before = all_before(later);
        let mut w = bench.write().await;
        holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        let purges = purge::step(&bench.store, &before, later);
        tokio::pin!(purges);
        assert!(timeout(WAITS, &mut purges).await.is_err(), "it waits for the hold");
        w.save().await.unwrap();
        assert_eq!(purges.await.unwrap().texts, 1);
        assert_eq!(question(bench, &hers).await, "lost in Dubbo");
        let left = interactions::get(&mut *bench.read().await, theirs.id).await.unwrap();
        assert!(left.is_none_or(|record| record.question.as_str() == "[erased]"));
    }

    async fn dead_letters_and_accesses_of_whom_a_hold_is_on_stay(bench) {
        let mut w = bench.write().await;
        holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        // In a conversation of somebody else: the tables refuse both.
        let ledger = Ledger::new(bench.store.clone(), Places::default(), Arc::new(FixedClock::at(NOW)));
        let strange = of(bench, "a stranger");
        let (_, begun) = completion(bench, &strange);
        ledger.write(begun).await.unwrap();
        for subject in [JANE.subject, "somebody"] {
            let (_, entry) = completion(bench, &Conversation { subject: subject.to_owned(), ..strange.clone() });
            ledger.write(entry).await.unwrap_err();
        }
        assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 2);
        let person = privacy::person(&bench.store, &JANE);
        let mut w = bench.write().await;
        let events = [
            event(bench, JANE.subject, None),
            event(bench, "desk", Some(format!("person:{person}"))),
            event(bench, "desk", None),
            event(bench, "desk", Some("person:of-somebody-else".to_owned())),
        ];
        access::log_all(&mut w, &events.iter().collect::<Vec<_>>()).await.unwrap();
        w.save().await.unwrap();
        let later = NOW.plus_seconds(1000 * DAY);
        let before = all_before(later);
        assert_eq!(purge::due(&mut *bench.read().await, &before).await.unwrap().access_events, 2);
        assert_eq!(until_nothing_is_due(bench, &before, later).await.access_events, 2);
        let mut r = bench.read().await;
        let left = access::recent(&mut r, 10).await.unwrap();
        assert!(left.iter().all(|event| events[..2].contains(event)) && left.len() == 2, "{left:?}");
        assert_eq!(dead::count(&mut r).await.unwrap(), 1);
        drop(r);
        let mut w = bench.write().await;
        let hold = holds::list(&mut w).await.unwrap().remove(0);
        holds::lift(&mut w, hold.id, "counsel", later).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(until_nothing_is_due(bench, &before, later).await.access_events, 2);
        assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 0);
    }

    async fn a_hold_on_one_name_keeps_all_names_and_nothing_is_half_erased(bench) {
        let mut w = bench.write().await;
        let first = say(&mut w, bench, &of(bench, JANE.subject)).await;
        let second = say(&mut w, bench, &of(bench, ALSO_JANE.subject)).await;
        w.save().await.unwrap();
        let mut w = bench.write().await;
        let hold = holds::place(&mut w, &ALSO_JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        let names = [JANE, ALSO_JANE];
        let erases = erase::people(&bench.store, &names, "desk", &bench.ids, NOW);
        tokio::pin!(erases);
        assert!(timeout(WAITS, &mut erases).await.is_err(), "it waits for the hold");
        w.save().await.unwrap();
        assert_eq!(erases.await.unwrap(), Forgotten::Held("case 17".to_owned()));
        for record in [&first, &second] {
            assert_eq!(question(bench, record).await, "lost in Dubbo");
        }
        assert!(erase::receipts(&mut *bench.read().await, 9, 0).await.unwrap().is_empty());
        let mut w = bench.write().await;
        holds::lift(&mut w, hold.id, "counsel", NOW).await.unwrap();
        w.save().await.unwrap();
        let Forgotten::Now(receipts) =
            erase::people(&bench.store, &names, "desk", &bench.ids, NOW).await.unwrap() else { panic!("lifted") };
        assert_eq!(receipts.iter().map(|r| r.interactions).collect::<Vec<_>>(), [1, 1]);
        for record in [&first, &second] {
            assert_eq!(question(bench, record).await, "[erased]");
        }
    }

    async fn names_in_any_order_wait_for_each_other_and_nobody_for_ever(bench) {
        // Many at once, in both orders: each of them ends, and the same matter is one hold.
        let turns = (0..20).map(|turn| async move {
            let names = if turn % 2 == 0 { [JANE, ALSO_JANE] } else { [ALSO_JANE, JANE] };
            if turn % 4 < 2 {
                let mut w = bench.write().await;
                holds::place_on_all(&mut w, &names, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
                w.save().await.unwrap();
            } else {
                erase::people(&bench.store, &names, "desk", &bench.ids, NOW).await.unwrap();
            }
        });
        let all = async {
            let mut under_way: Vec<_> = turns.map(Box::pin).collect();
            std::future::poll_fn(|context| {
                under_way.retain_mut(|turn| turn.as_mut().poll(context).is_pending());
                if under_way.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        };
        timeout(Duration::from_secs(30), all).await.expect("none waits for ever");
        assert_eq!(holds::list(&mut *bench.read().await).await.unwrap().len(), 1);
    }

    async fn a_purge_that_is_broken_off_goes_on_with_the_next_one(bench) {
        let mut w = bench.write().await;
        let mut said = Vec::new();
        for number in 0..600 {
            said.push(say(&mut w, bench, &of(bench, &format!("person-{number}"))).await);
        }
        w.save().await.unwrap();
        let later = NOW.plus_seconds(100 * DAY);
        let before = Before { figures: NOW, ..all_before(later) };
        // One batch is done; the second is dropped wherever it stands.
        assert_eq!(purge::step(&bench.store, &before, later).await.unwrap().texts, 500);
        for millis in [0, 1, 3] {
            drop(timeout(Duration::from_millis(millis), purge::step(&bench.store, &before, later)).await);
        }
        let mut r = bench.read().await;
        for record in &said {
            let left = interactions::get(&mut r, record.id).await.unwrap().unwrap();
            let whole = left == *record;
            let gone = left.question.as_str() == "[erased]" && left.subject.starts_with("erased:") && left.steps.is_empty();
            assert!(whole || gone, "{left:?}");
        }
        drop(r);
        until_nothing_is_due(bench, &before, later).await;
        for record in &said {
            assert_eq!(question(bench, record).await, "[erased]");
        }
    }

    async fn a_clock_that_jumps_is_not_believed(bench) {
        let bound = 30 * DAY;
        let stands = async |now| purge::clock(&mut *bench.read().await, now, bound).await.unwrap();
        assert_eq!(stands(NOW.plus_seconds(9999 * DAY)).await, Clock::Sound, "nothing is kept yet");
        let mut w = bench.write().await;
        say(&mut w, bench, &of(bench, JANE.subject)).await;
        w.save().await.unwrap();
        assert_eq!(stands(NOW.plus_seconds(bound)).await, Clock::Sound);
        assert_eq!(stands(NOW.plus_seconds(bound + 1)).await, Clock::Ahead(NOW));
        purge::believe(&bench.store, NOW.plus_seconds(DAY)).await.unwrap();
        // What is asked on the wrong clock makes it no better.
        let mut w = bench.write().await;
        let jumped = Conversation { created_at: NOW.plus_seconds(3650 * DAY), ..of(bench, "late") };
        let start = contactiq_domain::Started { created_at: jumped.created_at, ..started(&bench.ids, &jumped) };
        let late = Record { completed_at: jumped.created_at, ..record(&start) };
        let entry = Completion { conversation: jumped.clone(), record: late, ticket: None, reviews: Vec::new(), claimed: None };
        ledger::apply(&mut w, &Entry::Completion(Box::new(entry))).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(stands(jumped.created_at).await, Clock::Ahead(NOW.plus_seconds(DAY)));
        assert_eq!(stands(NOW.plus_seconds(2 * DAY)).await, Clock::Sound);
        assert_eq!(stands(NOW).await, Clock::Back(NOW.plus_seconds(DAY)));
    }
}
