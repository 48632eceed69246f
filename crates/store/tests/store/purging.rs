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
        purge::{self, Before, Clock, Progress, Purged},
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
    let (mut all, mut progress) = (Purged::default(), Progress::default());
    loop {
        let done = progress.step(&bench.store, before, now).await.unwrap();
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

    async fn dead_letters_and_accesses_that_a_hold_concerns_stay_and_others_go(bench) {
        let mut w = bench.write().await;
        let hers = say(&mut w, bench, &of(bench, JANE.subject)).await;
        let theirs = say(&mut w, bench, &of(bench, "somebody")).await;
        let hold = holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
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
        let person = |owner| Some(format!("person:{}", privacy::person(&bench.store, owner)));
        let stays = [
            event(bench, JANE.subject, None),
            event(bench, "desk", person(&JANE)),
            event(bench, "desk", Some(hold.id.to_string())),
            event(bench, "supervisor", Some(hers.id.to_string())),
            event(bench, "supervisor", Some(hers.conversation.to_string())),
        ];
        let goes = [
            event(bench, "somebody", Some("own".to_owned())),
            event(bench, "desk", None),
            event(bench, "desk", person(&ALSO_JANE)),
            event(bench, "supervisor", Some(theirs.id.to_string())),
            event(bench, "supervisor", Some("list page=2".to_owned())),
        ];
        let mut w = bench.write().await;
        access::log_all(&mut w, &stays.iter().chain(&goes).collect::<Vec<_>>()).await.unwrap();
        w.save().await.unwrap();
        let later = NOW.plus_seconds(1000 * DAY);
        let before = Before { figures: NOW, ..all_before(later) };
        let due = async || purge::due(&mut *bench.read().await, &before).await.unwrap().access_events;
        // Where one can't say whom a hold is on, nothing can be told.
        bench.place.raw("CREATE TABLE hidden AS SELECT * FROM hold_traces").await.unwrap();
        bench.place.raw("DELETE FROM hold_traces").await.unwrap();
        bench.place.raw("UPDATE legal_holds SET data_key = 'damaged'").await.unwrap();
        assert_eq!((due().await, until_nothing_is_due(bench, &before, later).await.access_events), (0, 0));
        bench.place.raw("INSERT INTO hold_traces SELECT * FROM hidden").await.unwrap();
        bench.place.raw("DROP TABLE hidden").await.unwrap();
        // An event of an earlier version has no hash of who it is of.
        let old = format!("UPDATE access_events SET whose = NULL WHERE id = '{}'", goes[1].id);
        bench.place.raw(sqlx::AssertSqlSafe(old)).await.unwrap();
        assert_eq!((due().await, until_nothing_is_due(bench, &before, later).await.access_events), (4, 4));
        assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 1);
        let mut left: Vec<_> = access::recent(&mut *bench.read().await, 99).await.unwrap();
        left.sort_by_key(|event| event.id);
        assert_eq!(left, [&stays[..], &goes[1..2]].concat());
        let mut w = bench.write().await;
        holds::lift(&mut w, hold.id, "counsel", later).await.unwrap();
        w.save().await.unwrap();
        bench.place.raw("CREATE TABLE probe (found BIGINT CHECK (found = 0));
            INSERT INTO probe SELECT COUNT(*) FROM hold_traces; DROP TABLE probe;").await.expect("by what accesses were found went");
        assert_eq!((due().await, until_nothing_is_due(bench, &before, later).await.access_events), (6, 6));
        assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 0);
    }

    async fn what_a_hold_keeps_is_looked_at_once_in_a_purge_and_all_else_goes(bench) {
        let mut w = bench.write().await;
        holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        // More than a batch of each, in turns.
        let all: Vec<_> = (0..1200)
            .map(|number| event(bench, if number % 2 == 0 { JANE.subject } else { "somebody" }, None))
            .collect();
        for some in all.chunks(400) {
            access::log_all(&mut w, &some.iter().collect::<Vec<_>>()).await.unwrap();
        }
        w.save().await.unwrap();
        let later = NOW.plus_seconds(1000 * DAY);
        let mut progress = Progress::default();
        let first = progress.step(&bench.store, &all_before(later), later).await.unwrap();
        assert_eq!(first.access_events, 500);
        // Of a purge that has come so far, what it passed over is looked at by the next one alone.
        let (old, free) = (all[0].id, all[1199].id);
        let freed = "SELECT whose FROM access_events WHERE id =";
        bench.place.raw_of(format!("UPDATE access_events SET whose = ({freed} '{free}') WHERE id = '{old}'")).await;
        let mut rest = 0;
        loop {
            let done = progress.step(&bench.store, &all_before(later), later).await.unwrap();
            rest += done.access_events;
            if done.access_events == 0 {
                break;
            }
        }
        assert_eq!(rest, 100);
        assert_eq!(until_nothing_is_due(bench, &all_before(later), later).await.access_events, 1);
    }

    async fn who_saw_what_is_held_stays_named_until_the_hold_is_lifted(bench) {
        let reader = Owner { subject: "person:reader", key: None };
        let mut w = bench.write().await;
        let hers = say(&mut w, bench, &of(bench, JANE.subject)).await;
        let hold = holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        let (of_hers, own) = (event(bench, reader.subject, Some(hers.id.to_string())), event(bench, reader.subject, None));
        access::log_all(&mut w, &[&of_hers, &own]).await.unwrap();
        w.save().await.unwrap();
        let later = NOW.plus_seconds(1);
        erase::person(&bench.store, &reader, "desk", &bench.ids, later).await.unwrap();
        let named = async || access::recent(&mut *bench.read().await, 9).await.unwrap().into_iter()
            .filter(|event| event.actor != access::ERASED).collect::<Vec<_>>();
        assert_eq!(named().await, [of_hers]);
        // What is swept after the hold is remembered as long as it is in force.
        until_nothing_is_due(bench, &all_before(NOW.plus_seconds(1000 * DAY)), later).await;
        let mut w = bench.write().await;
        holds::lift(&mut w, hold.id, "counsel", later).await.unwrap();
        w.save().await.unwrap();
        erase::sweep(&bench.store, later).await.unwrap();
        assert_eq!(named().await, []);
    }

    async fn the_number_of_a_case_is_told_while_its_hold_is_in_force(bench) {
        let mut w = bench.write().await;
        holds::place(&mut w, &JANE, "17 of 2026", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        // Of an earlier version, and without a key.
        bench.place.raw("UPDATE legal_holds SET matter = '17 of 2026', words = NULL, data_key = NULL").await.unwrap();
        until_nothing_is_due(bench, &all_before(NOW), NOW).await;
        assert_eq!(holds::list(&mut *bench.read().await).await.unwrap()[0].matter, "17 of 2026");
    }

    async fn the_number_of_a_case_is_sealed_also_that_of_an_earlier_version(bench) {
        let mut w = bench.write().await;
        say(&mut w, bench, &of(bench, JANE.subject)).await;
        let hold = holds::place(&mut w, &JANE, "Quimby against Bank", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(hold.matter, "Quimby against Bank");
        assert!(!crate::data_keys::holds(&bench.place.dump().await, "Quimby"));
        bench.place.raw("UPDATE legal_holds SET matter = 'Quimby against Bank', words = NULL").await.unwrap();
        bench.place.raw("DELETE FROM hold_traces").await.unwrap();
        let told = async || holds::list(&mut *bench.read().await).await.unwrap()[0].matter.clone();
        assert_eq!(told().await, "Quimby against Bank");
        until_nothing_is_due(bench, &all_before(NOW), NOW).await;
        assert_eq!(told().await, "Quimby against Bank");
        if bench.store.engine() == "sqlite" {
            assert!(!crate::data_keys::holds(&bench.place.dump().await, "Quimby"));
        }
        // It is the same matter still.
        let mut w = bench.write().await;
        let again = holds::place(&mut w, &JANE, "Quimby against Bank", "counsel", &bench.ids, NOW).await.unwrap();
        assert_eq!(again.id, hold.id);
        holds::lift(&mut w, hold.id, "counsel", NOW).await.unwrap();
        w.save().await.unwrap();
        erase::person(&bench.store, &JANE, "desk", &bench.ids, NOW).await.unwrap();
        assert_eq!(told().await, "[erased]", "it went with the person");
    }

    async fn many_old_letters_are_gone_through_to_the_last_one(bench) {
        let ledger = Ledger::new(bench.store.clone(), Places::default(), Arc::new(FixedClock::at(NOW)));
        let strange = of(bench, "a stranger");
        ledger.write(completion(bench, &strange).1).await.unwrap();
        for number in 0..210 {
            let subject = if number == 0 { JANE.subject.to_owned() } else { format!("person-{number}") };
            ledger.write(completion(bench, &Conversation { subject, ..strange.clone() }).1).await.unwrap_err();
        }
        let mut w = bench.write().await;
        holds::place(&mut w, &JANE, "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        let later = NOW.plus_seconds(1000 * DAY);
        until_nothing_is_due(bench, &all_before(later), later).await;
        assert_eq!(dead::count(&mut *bench.read().await).await.unwrap(), 1);
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
