//! Whoever has the rights of the database and not the root key: what they take out, mark or change by hand is named by
//! verification and done by nobody for them; what the house erased, purged, held and handed on is accounted for.

use contactiq_domain::{
    Record, TicketState, Trigger,
    ids::{InteractionId, TicketId},
};
use contactiq_guard::Masked;
use contactiq_store::{
    audit::{self, Apart, AuditFault, Verified},
    conversations::{self, Conversation, Owner},
    demo, interactions,
    ledger::{self, Completion, Entry},
    page_sessions,
    privacy::{
        self,
        consent::{self, Consent, Purpose},
        erase::{self, Erased, Receipt},
        holds,
        purge::{self, Before},
        restored,
    },
    tickets,
};

use crate::{
    audit::{Desk, complete_of},
    engines::Bench,
    samples::{NOW, conversation, escalated, started, ticket},
};

const DAY: i64 = 86_400;

pub(crate) fn owner(subject: &str) -> Owner<'_> {
    Owner { subject, key: None }
}

/// What an erasure leaves that is broken off behind its first transaction: the texts and salts stand, and nothing told that
/// they were closed.
pub(crate) async fn break_off(bench: &Bench, whose: &Owner<'_>) {
    let kept = "CREATE TABLE kept_texts AS SELECT * FROM interactions;
        CREATE TABLE kept_people AS SELECT * FROM conversations; CREATE TABLE kept_salts AS SELECT * FROM audit_salts;
        CREATE TABLE kept_tickets AS SELECT * FROM tickets";
    bench.place.raw(kept).await.unwrap();
    let erased = erase::person(&bench.store, whose, "desk", &bench.ids, NOW).await.unwrap();
    assert!(matches!(erased, Erased::Now(_)), "{erased:?}");
    let back = "UPDATE interactions SET (question, answer, citations, reason, steps, classification_reason, subject, session,
            correlation_id, anonymised_at) = (SELECT question, answer, citations, reason, steps, classification_reason,
            subject, session, correlation_id, anonymised_at FROM kept_texts WHERE kept_texts.id = interactions.id);
        UPDATE conversations SET (subject, label) = (SELECT subject, label FROM kept_people
            WHERE kept_people.id = conversations.id);
        DELETE FROM audit_salts; INSERT INTO audit_salts SELECT * FROM kept_salts;
        DELETE FROM audit_outbox WHERE body LIKE '{\"kind\":\"closing\"%\"marks\"%';
        DROP TABLE kept_texts; DROP TABLE kept_people; DROP TABLE kept_salts; DROP TABLE kept_tickets";
    bench.place.raw(back).await.unwrap();
}

pub(crate) async fn desk(bench: &Bench) -> Desk<'_> {
    let desk = Desk::of(bench).await;
    assert!(desk.log.take_over(&bench.store, NOW).await.unwrap());
    desk
}

/// The log with all that waits, verified with its records.
async fn whole(desk: &Desk<'_>) -> Verified {
    desk.sequencer("one").run(true).await.unwrap();
    let found = desk.verify(&[], true).await.unwrap();
    assert_eq!((found.untold, &found.unaccounted, &found.apart), (0, &Vec::new(), &Vec::new()));
    found
}

/// What is gone or stands otherwise, also while events wait.
pub(crate) async fn apart(desk: &Desk<'_>) -> (Vec<InteractionId>, Vec<(&'static str, String)>) {
    match desk.verify(&[], true).await {
        Err(AuditFault::Apart(found)) => {
            (found.unaccounted, found.apart.into_iter().map(|Apart { what, id }| (what, id)).collect())
        }
        other => panic!("{other:?}"),
    }
}

async fn erased(bench: &Bench, subject: &str) -> Receipt {
    match erase::person(&bench.store, &owner(subject), "desk", &bench.ids, NOW).await.unwrap() {
        Erased::Now(receipt) => receipt,
        Erased::Held(matter) => panic!("{matter}"),
    }
}

/// An interaction that a person is to look at, as the ledger writes it.
pub(crate) async fn handed(bench: &Bench, subject: &str) -> (Record<Masked>, TicketId) {
    let conversation = Conversation { subject: subject.to_owned(), ..conversation(&bench.ids) };
    let mut record = escalated(&started(&bench.ids, &conversation), Trigger::SecurityFraud);
    let ticket = ticket(&bench.ids, &record);
    record.ticket = Some(ticket.id);
    let (made, id) = (record.clone(), ticket.id);
    let completion =
        Completion { record, conversation, ticket: Some(ticket), reviews: Vec::new(), claimed: None };
    let mut w = bench.write().await;
    ledger::apply(&mut w, &Entry::Completion(Box::new(completion))).await.unwrap();
    w.save().await.unwrap();
    (made, id)
}

/// What stands for a person in the tables: as a conversation of theirs has it.
async fn privacy_subject(bench: &Bench, subject: &str) -> String {
    let other = complete_of(bench, subject).await.conversation.id;
    let sql = format!("SELECT subject FROM conversations WHERE id = '{other}'");
    match bench.place.location() {
        contactiq_store::Location::Sqlite(_) => {
            String::from_utf8(bench.place.bytes(&format!("SELECT CAST(({sql}) AS BLOB)")).await).unwrap()
        }
        contactiq_store::Location::Postgres(_) => {
            String::from_utf8(bench.place.bytes(&format!("SELECT convert_to(({sql}), 'UTF8')")).await)
                .unwrap()
        }
    }
}

async fn question(bench: &Bench, id: InteractionId) -> Option<Masked> {
    interactions::get(&mut *bench.read().await, id).await.unwrap().map(|record| record.question)
}

fn before(days: i64) -> Before {
    let moment = NOW.plus_seconds(days * DAY);
    Before { texts: moment, figures: NOW, access_events: NOW }
}

on_both_engines! {
    async fn records_that_are_taken_out_by_hand_are_named(bench) {
        let desk = desk(bench).await;
        let mut ids = Vec::new();
        for subject in ["jane", "john", "mia", "honest", "stays"] {
            ids.push(complete_of(bench, subject).await.record.id);
        }
        erased(bench, "honest").await;
        let found = whole(&desk).await;
        assert_eq!((found.records, found.accounted), (4, 1));
        // Gone with its salt; its salt gone and its texts like those of one that was erased; the same with its salt.
        let gone = format!("DELETE FROM audit_salts WHERE interaction = '{0}'; DELETE FROM interactions WHERE id = '{0}'", ids[0]);
        bench.place.raw_of(gone).await;
        let alike = |id| format!(
            "UPDATE interactions SET anonymised_at = 1, question = (SELECT question FROM interactions WHERE id = '{0}'),
                 answer = (SELECT answer FROM interactions WHERE id = '{0}') WHERE id = '{id}'", ids[3]);
        bench.place.raw_of(format!("{}; DELETE FROM audit_salts WHERE interaction = '{}'", alike(ids[1]), ids[1])).await;
        bench.place.raw_of(alike(ids[2])).await;
        assert_eq!(apart(&desk).await, (ids[..3].to_vec(), Vec::new()));
        // A mark of erasure accounts for nothing.
        bench.place.raw_of(format!("UPDATE conversations SET erased_at = 1, erasure = 'x' WHERE id IN (SELECT conversation FROM interactions WHERE id = '{}')", ids[2])).await;
        let (unaccounted, marked) = apart(&desk).await;
        assert_eq!((unaccounted, marked.len(), marked[0].0), (ids[..3].to_vec(), 1, "marked_by_hand"));
        desk.log.close().await;
    }

    async fn every_honest_end_of_a_record_is_accounted_for(bench) {
        let desk = desk(bench).await;
        for subject in ["jane", "broken", "old", "older", "demo"] {
            complete_of(bench, subject).await;
        }
        assert_eq!(whole(&desk).await.accounted, 0);
        erased(bench, "jane").await;
        assert_eq!(whole(&desk).await.accounted, 1);
        break_off(bench, &owner("broken")).await;
        let fresh = bench.place.open().await.unwrap();
        let found = desk.log.verify(&fresh, (crate::audit::ORIGIN, &crate::audit::keys()), &[], true).await.unwrap();
        assert_eq!((found.accounted, found.closed), (2, 2), "its mark is proved");
        fresh.close().await;
        assert_eq!(erase::sweep(&bench.store, NOW).await.unwrap(), 1);
        assert_eq!(whole(&desk).await.accounted, 2);
        bench.place.raw("UPDATE interactions SET demo = (id = (SELECT MAX(id) FROM interactions))").await.unwrap();
        let mut w = bench.write().await;
        assert_eq!(demo::clear(&mut w, NOW).await.unwrap().interactions, 1);
        w.save().await.unwrap();
        // Its record was changed above, and is gone now.
        assert_eq!(whole(&desk).await.accounted, 3);
        assert_eq!(purge::step(&bench.store, &before(1), NOW).await.unwrap().texts, 2);
        assert_eq!(whole(&desk).await.accounted, 5);
        let all = Before { figures: NOW.plus_seconds(DAY), ..before(1) };
        assert_eq!(purge::step(&bench.store, &all, NOW).await.unwrap().figures, 4);
        let found = whole(&desk).await;
        assert_eq!((found.records, found.accounted), (0, 5));
        desk.log.close().await;
    }

    async fn what_a_backup_brings_back_and_what_comes_late_is_accounted_for(bench) {
        let desk = desk(bench).await;
        let own = complete_of(bench, "jane").await.conversation;
        whole(&desk).await;
        let tables = ["data_keys", "conversations", "interactions", "audit_salts"];
        for table in tables {
            bench.place.raw_of(format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}")).await;
        }
        let receipt = erased(bench, "jane").await;
        assert_eq!(whole(&desk).await.closed, 1);
        for table in tables.iter().rev() {
            bench.place.raw_of(format!("DELETE FROM {table}")).await;
        }
        for table in tables {
            bench.place.raw_of(format!("INSERT INTO {table} SELECT * FROM kept_{table}")).await;
        }
        bench.place.raw("DELETE FROM erasures").await.unwrap();
        assert_eq!(apart(&desk).await, (Vec::new(), vec![("receipt_gone", receipt.id.to_string())]));
        let again = restored::again(&bench.store, &[receipt], None, &bench.ids, NOW.plus_seconds(1)).await.unwrap();
        assert_eq!(again.erased, 1);
        assert_eq!(whole(&desk).await.accounted, 1);
        // Said before, and written only now: without its texts, in a conversation that is nobody's.
        let record = crate::samples::record(&started(&bench.ids, &own));
        let id = record.id;
        let completion = Completion { record, conversation: own, ticket: None, reviews: Vec::new(), claimed: None };
        let mut w = bench.write().await;
        ledger::apply(&mut w, &Entry::Completion(Box::new(completion))).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(question(bench, id).await, Some(Masked::erased()));
        whole(&desk).await;
        erase::sweep(&bench.store, NOW).await.unwrap();
        whole(&desk).await;
        let all = Before { figures: NOW.plus_seconds(DAY), ..before(1) };
        assert!(purge::step(&bench.store, &all, NOW).await.unwrap().figures > 0);
        let found = whole(&desk).await;
        assert_eq!((found.records, found.accounted), (0, 2));
        desk.log.close().await;
    }

    async fn who_is_held_is_not_erased_in_the_name_of_somebody_else(bench) {
        let desk = desk(bench).await;
        let (held, _) = (complete_of(bench, "jane").await, complete_of(bench, "joe").await);
        let mut w = bench.write().await;
        holds::place(&mut w, &owner("jane"), "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        let theirs = held.conversation.id;
        let other = "SELECT subject FROM conversations o WHERE o.id <>";
        bench.place.raw_of(format!("UPDATE conversations SET subject = ({other} '{theirs}' LIMIT 1) WHERE id = '{theirs}'")).await;
        let receipt = erased(bench, "joe").await;
        assert_eq!(receipt.conversations, 1, "his own");
        erase::sweep(&bench.store, NOW).await.unwrap();
        purge::step(&bench.store, &before(1), NOW).await.unwrap();
        // Put right, all is there.
        let back = privacy_subject(bench, "jane").await;
        bench.place.raw_of(format!("UPDATE conversations SET subject = '{back}' WHERE id = '{theirs}'")).await;
        assert_eq!(question(bench, held.record.id).await.as_ref(), Some(&held.record.question));
        desk.log.close().await;
    }

    async fn a_mark_of_erasure_by_hand_takes_nothing_and_is_told(bench) {
        let desk = desk(bench).await;
        let said = complete_of(bench, "jane").await;
        let mut w = bench.write().await;
        let hold = holds::place(&mut w, &owner("jane"), "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        whole(&desk).await;
        assert!(erase::marked_by_hand(&mut *bench.read().await).await.unwrap().is_empty());
        bench.place.raw("UPDATE conversations SET erased_at = 1, erasure = id").await.unwrap();
        assert_eq!(erase::sweep(&bench.store, NOW).await.unwrap(), 0);
        assert_eq!(question(bench, said.record.id).await.as_ref(), Some(&said.record.question));
        // What comes for it is written as it was said, also where a receipt was made by hand.
        let person = privacy::person(&bench.store, &owner("jane"));
        let later = NOW.plus_seconds(DAY).micros();
        bench.place.raw_of(format!("INSERT INTO erasures (id, person, erased_by, erased_at, conversations, interactions) VALUES ('by-hand', '{person}', 'x', {later}, 1, 1)")).await;
        let record = crate::samples::record(&started(&bench.ids, &said.conversation));
        let (id, words) = (record.id, record.question.clone());
        let completion = Completion { record, conversation: said.conversation.clone(), ticket: None, reviews: Vec::new(), claimed: None };
        let mut w = bench.write().await;
        ledger::apply(&mut w, &Entry::Completion(Box::new(completion))).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(question(bench, id).await, Some(words));
        assert_eq!(erase::marked_by_hand(&mut *bench.read().await).await.unwrap(), [said.conversation.id]);
        bench.place.raw("DELETE FROM erasures WHERE id = 'by-hand'").await.unwrap();
        desk.sequencer("one").run(true).await.unwrap();
        assert_eq!(apart(&desk).await, (Vec::new(), vec![("marked_by_hand", said.conversation.id.to_string())]));
        // Erased by the house once nothing holds it, it is like any other.
        let mut w = bench.write().await;
        holds::lift(&mut w, hold.id, "counsel", NOW).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(erased(bench, "jane").await.conversations, 1);
        assert_eq!(whole(&desk).await.accounted, 2);
        desk.log.close().await;
    }

    async fn holds_that_are_changed_by_hand_are_told_before_anything_is_purged(bench) {
        let desk = desk(bench).await;
        let mut placed = Vec::new();
        let mut w = bench.write().await;
        for subject in ["gone", "lifted", "changed", "again", "stands", "over"] {
            // A case of its own each: what was placed together is lifted together.
            placed.push(holds::place(&mut w, &owner(subject), subject, "counsel", &bench.ids, NOW).await.unwrap().id.to_string());
        }
        for lifted in [3, 5] {
            holds::lift(&mut w, placed[lifted].parse().unwrap(), "counsel", NOW).await.unwrap();
        }
        w.save().await.unwrap();
        assert_eq!(desk.log.holds_apart(&bench.store).await.unwrap(), [], "while its entries wait");
        whole(&desk).await;
        assert_eq!(desk.log.holds_apart(&bench.store).await.unwrap(), []);
        bench.place.raw_of(format!(
            "DELETE FROM hold_traces; DELETE FROM legal_holds WHERE id = '{}'; UPDATE legal_holds SET lifted_by = 'x', lifted_at = placed_at WHERE id = '{}';
             UPDATE legal_holds SET subject = 'somebody else' WHERE id = '{}'; UPDATE legal_holds SET lifted_by = NULL, lifted_at = NULL WHERE id = '{}';
             INSERT INTO legal_holds (id, subject, owner_key, matter, placed_by, placed_at) VALUES ('by-hand', 'x', '', 'x', 'x', 1)",
            placed[0], placed[1], placed[2], placed[3])).await;
        let mut expected = vec![
            ("hold_gone", placed[0].clone()), ("hold_lifted_by_hand", placed[1].clone()), ("hold_changed", placed[2].clone()),
            ("hold_in_force_by_hand", placed[3].clone()), ("hold_unlogged", "by-hand".to_owned()),
        ];
        expected.sort();
        assert_eq!(apart(&desk).await, (Vec::new(), expected.clone()));
        let mut found: Vec<_> = desk.log.holds_apart(&bench.store).await.unwrap().into_iter().map(|apart| (apart.what, apart.id)).collect();
        found.sort();
        assert_eq!(found, expected);
        // Words that somebody puts where events wait lift nothing.
        let forged = format!("{{\"kind\":\"hold\",\"fields\":{{\"became\":\"lifted\",\"hold\":\"{}\",\"proof\":\"{}\"}}}}", placed[0], "0".repeat(64));
        bench.place.raw_of(format!("INSERT INTO audit_outbox (happened_at, event, body) VALUES (1, '00000000-0000-0000-0000-0000000000ff', '{forged}')")).await;
        assert!(desk.log.holds_apart(&bench.store).await.unwrap().iter().any(|apart| apart.what == "hold_gone"));
        // Nor do they place one that nobody could lift.
        let forged = format!("{{\"kind\":\"hold\",\"fields\":{{\"became\":\"placed\",\"hold\":\"00000000-0000-0000-0000-0000000000aa\",\"proof\":\"{}\"}}}}", "0".repeat(64));
        bench.place.raw_of(format!("INSERT INTO audit_outbox (happened_at, event, body) VALUES (2, '00000000-0000-0000-0000-0000000000fe', '{forged}')")).await;
        assert_eq!(desk.log.holds_apart(&bench.store).await.unwrap().len(), expected.len());
        // One whose row no backup has is lifted on the record; of one that stands its row is asked.
        let mut w = bench.write().await;
        assert!(holds::lift_without_a_row(&mut w, placed[4].parse().unwrap(), NOW).await.is_err());
        holds::lift_without_a_row(&mut w, placed[0].parse().unwrap(), NOW).await.unwrap();
        w.save().await.unwrap();
        assert!(!desk.log.holds_apart(&bench.store).await.unwrap().iter().any(|apart| apart.what == "hold_gone"));
        desk.log.close().await;
    }

    async fn tickets_stand_as_the_log_tells(bench) {
        let desk = desk(bench).await;
        let mut all = Vec::new();
        for subject in ["a", "b", "c", "d", "e", "f"] {
            all.push(handed(bench, subject).await);
        }
        let mut w = bench.write().await;
        for (at, state, minute) in [(0, TicketState::Taken, 1), (0, TicketState::Closed, 2), (1, TicketState::Taken, 1), (5, TicketState::Closed, 1)] {
            assert!(tickets::advance(&mut w, all[at].1, state, "mara", None, NOW.plus_seconds(60 * minute)).await.unwrap());
        }
        assert!(tickets::hand_over(&mut w, all[1].1, (&owner("joe"), "Joe"), None, "sam", NOW.plus_seconds(90)).await.unwrap());
        assert!(tickets::advance(&mut w, all[4].1, TicketState::Closed, "mara", None, NOW.plus_seconds(60)).await.unwrap());
        let cry = contactiq_domain::Ticket { id: all[4].1, created_at: NOW.plus_seconds(90), ..ticket(&bench.ids, &all[4].0) };
        tickets::open_anew(&mut w, &cry).await.unwrap();
        w.save().await.unwrap();
        whole(&desk).await;
        // The texts of one go, and its ticket stays; then its row goes, and its ticket with it.
        assert_eq!(purge::step(&bench.store, &before(1), NOW).await.unwrap().texts, 2);
        whole(&desk).await;
        let old = Before { figures: NOW.plus_seconds(DAY), ..before(0) };
        bench.place.raw_of(format!("UPDATE interactions SET created_at = created_at + {} WHERE id = '{}'", DAY * 3_000_000, all[5].0.id)).await;
        assert_eq!(purge::step(&bench.store, &old, NOW).await.unwrap().figures, 1);
        whole(&desk).await;
        bench.place.raw_of(format!(
            "UPDATE tickets SET state = 'closed', closed_by = 'x', closed_at = 1 WHERE id = '{}'; DELETE FROM tickets WHERE id = '{}';
             UPDATE tickets SET state = 'open', closed_by = NULL, closed_at = NULL WHERE id = '{}'",
            all[2].1, all[3].1, all[5].1)).await;
        let mut expected = vec![
            ("ticket_state", all[2].1.to_string()), ("ticket_gone", all[3].1.to_string()), ("ticket_state", all[5].1.to_string()),
        ];
        expected.sort();
        assert_eq!(apart(&desk).await, (Vec::new(), expected));
        desk.log.close().await;
    }

    async fn receipts_stand_as_the_log_tells(bench) {
        let desk = desk(bench).await;
        let mut made = Vec::new();
        for subject in ["a", "b", "c"] {
            complete_of(bench, subject).await;
            made.push(erased(bench, subject).await.id.to_string());
        }
        whole(&desk).await;
        bench.place.raw_of(format!(
            "DELETE FROM erasures WHERE id = '{}'; UPDATE erasures SET interactions = 9 WHERE id = '{}';
             INSERT INTO erasures (id, person, erased_by, erased_at, conversations, interactions)
             SELECT '00000000-0000-0000-0000-0000000000fe', person, 'x', 1, 1, 1 FROM erasures WHERE id = '{}'", made[0], made[1], made[2])).await;
        let mut expected = vec![
            ("receipt_gone", made[0].clone()), ("receipt_changed", made[1].clone()), ("receipt_unproved", made[1].clone()),
            ("receipt_unproved", "00000000-0000-0000-0000-0000000000fe".to_owned()),
        ];
        expected.sort();
        assert_eq!(apart(&desk).await, (Vec::new(), expected));
        desk.log.close().await;
    }

    async fn what_a_version_closed_that_did_not_tell_it_is_taken_over_once(bench) {
        let desk = Desk::of(bench).await;
        let (gone, _) = (complete_of(bench, "jane").await, complete_of(bench, "john").await);
        let (_, ticket) = handed(bench, "mia").await;
        let mut w = bench.write().await;
        tickets::advance(&mut w, ticket, TicketState::Closed, "mara", None, NOW).await.unwrap();
        holds::place(&mut w, &owner("john"), "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        erased(bench, "jane").await;
        // A version that told nothing of it.
        bench.place.raw("DELETE FROM audit_outbox WHERE body LIKE '{\"kind\":\"closing\"%' OR body LIKE '{\"kind\":\"hold\"%' OR body LIKE '{\"kind\":\"ticket\"%';
            UPDATE conversations SET erasure = NULL; UPDATE erasures SET proof = NULL").await.unwrap();
        desk.sequencer("one").run(true).await.unwrap();
        let found = desk.verify(&[], true).await.unwrap();
        assert_eq!((found.untold, found.accounted), (1, 0));
        assert!(desk.log.take_over(&bench.store, NOW.plus_seconds(60)).await.unwrap());
        assert!(!desk.log.take_over(&bench.store, NOW).await.unwrap());
        assert_eq!(whole(&desk).await.accounted, 1);
        assert!(!desk.log.take_over(&bench.store, NOW).await.unwrap(), "also behind the outbox");
        bench.place.raw("DELETE FROM hold_traces; DELETE FROM legal_holds").await.unwrap();
        bench.place.raw_of(format!("UPDATE tickets SET state = 'open', closed_by = NULL, closed_at = NULL WHERE id = '{ticket}'")).await;
        let (_, found) = apart(&desk).await;
        assert_eq!(found.iter().map(|(what, _)| *what).collect::<Vec<_>>(), ["hold_gone", "ticket_state"]);
        assert_eq!(question(bench, gone.record.id).await, Some(Masked::erased()));
        desk.log.close().await;
    }

    async fn a_word_counts_under_all_names_of_a_person_or_under_none(bench) {
        let word = |given, seconds| Consent { purpose: Purpose::History, given, noted_by: "desk".into(), noted_at: NOW.plus_seconds(seconds) };
        let mut w = bench.write().await;
        assert!(consent::note(&mut w, &owner("alias"), &word(true, 50), NOW.plus_seconds(50)).await.unwrap());
        w.save().await.unwrap();
        let names = [owner("jane"), owner("alias")];
        let now = NOW.plus_seconds(60);
        assert!(consent::note_on_all(&bench.store, &names, &word(false, 40), now).await.unwrap().is_none());
        assert_eq!(consent::of(&mut *bench.read().await, &names[0]).await.unwrap(), []);
        assert_eq!(consent::of(&mut *bench.read().await, &names[1]).await.unwrap(), [word(true, 50)]);
        consent::note_on_all(&bench.store, &names, &word(false, 55), now).await.unwrap().unwrap().save().await.unwrap();
        for name in &names {
            assert_eq!(consent::of(&mut *bench.read().await, name).await.unwrap(), [word(false, 55)]);
        }
    }

    async fn words_on_purposes_stand_as_the_log_tells(bench) {
        let desk = desk(bench).await;
        let word = |given| Consent { purpose: Purpose::History, given, noted_by: "desk".into(), noted_at: NOW };
        let mut w = bench.write().await;
        for subject in ["flipped", "deleted", "forgotten", "stands"] {
            assert!(consent::note(&mut w, &owner(subject), &word(true), NOW.plus_seconds(-10)).await.unwrap());
            assert!(consent::note(&mut w, &owner(subject), &word(false), NOW.plus_seconds(-5)).await.unwrap());
        }
        w.save().await.unwrap();
        erased(bench, "forgotten").await;
        whole(&desk).await;
        let row = |subject| consent::as_kept(&bench.store, &owner(subject)).0;
        bench.place.raw_of(format!(
            "UPDATE consents SET given = NOT given WHERE subject = '{}'; DELETE FROM consents WHERE subject = '{}'",
            row("flipped"), row("deleted"))).await;
        let (_, found) = apart(&desk).await;
        assert_eq!(found.iter().map(|(what, _)| *what).collect::<Vec<_>>(), ["word_changed", "word_gone"]);
        desk.log.close().await;
    }

    async fn words_in_the_outbox_hide_no_change_of_a_record(bench) {
        let desk = desk(bench).await;
        let id = complete_of(bench, "jane").await.record.id;
        whole(&desk).await;
        bench.place.raw("UPDATE interactions SET outcome = 'interrupted'").await.unwrap();
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == id));
        // As if nobody had been shown it, had the house said so.
        let forged = format!("{{\"kind\":\"withdrawal\",\"fields\":{{\"interaction\":\"{id}\"}}}}");
        bench.place.raw_of(format!("INSERT INTO audit_outbox (happened_at, event, body) VALUES (1, '00000000-0000-0000-0000-0000000000ff', '{forged}')")).await;
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == id));
        desk.sequencer("one").run(true).await.unwrap();
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == id));
        assert_eq!(audit::waiting(&mut *bench.read().await).await.unwrap().letters, 1, "it is kept aside");
        desk.log.close().await;
    }

    async fn what_was_erased_while_its_entry_waited_is_taken_over(bench) {
        let desk = Desk::of(bench).await;
        complete_of(bench, "jane").await;
        let erased = erase::person(&bench.store, &owner("jane"), "desk", &bench.ids, NOW).await.unwrap();
        assert!(matches!(erased, Erased::Now(_)), "{erased:?}");
        // As a version did it that did not tell which records it closed.
        bench.place.raw("DELETE FROM audit_outbox WHERE body LIKE '{\"kind\":\"closing\"%'").await.unwrap();
        assert!(desk.log.take_over(&bench.store, NOW).await.unwrap());
        let found = whole(&desk).await;
        assert_eq!((found.closed, found.accounted), (1, 1), "{found:?}");
        desk.log.close().await;
    }

    async fn an_event_counts_as_it_was_noted_and_from_the_first_start_on_with_its_proof(bench) {
        let unproved = |id: u8| format!(
            "INSERT INTO audit_outbox (happened_at, event, body)
             VALUES ({id}, '00000000-0000-0000-0000-0000000000{id:02x}', '{{\"kind\":\"key\",\"fields\":{{}}}}')"
        );
        // As a version noted it that proved nothing.
        bench.place.raw_of(unproved(1)).await;
        let desk = desk(bench).await;
        let waits = "SELECT COUNT(*) FROM audit_outbox";
        let noted = bench.place.number(waits).await;
        bench.place.raw_of(unproved(2)).await;
        assert_eq!(desk.sequencer("one").run(true).await.unwrap().entries as i64, noted);
        let proved = |entry: &contactiq_auditlog::Entry| entry.fields.get("events").is_some_and(|word| word == "proved");
        assert_eq!(desk.entries().await.iter().filter(|entry| proved(entry)).count(), 1, "on record");
        complete_of(bench, "jane").await;
        let noted = bench.place.number(waits).await;
        assert!(noted > 0);
        // Said again at another moment, under another id, and changed.
        bench.place.raw("INSERT INTO audit_outbox (happened_at, event, body) SELECT happened_at + 1, event, body FROM audit_outbox;
            INSERT INTO audit_outbox (happened_at, event, body)
                SELECT happened_at + 2, '00000000-0000-0000-0000-0000000000ff', body FROM audit_outbox LIMIT 1;
            INSERT INTO audit_outbox (happened_at, event, body) SELECT happened_at + 3, '00000000-0000-0000-0000-0000000000fe',
                REPLACE(body, 'fields\":{', 'fields\":{\"more\":\"words\",') FROM audit_outbox LIMIT 1").await.unwrap();
        let (waiting, before) = (bench.place.number(waits).await, desk.entries().await.len());
        desk.clock.advance_seconds(11);
        desk.sequencer("two").run(true).await.unwrap();
        assert_eq!((desk.entries().await.len() - before) as i64, noted);
        let letters = audit::waiting(&mut *bench.read().await).await.unwrap().letters;
        assert_eq!(letters as i64, waiting - noted + 1);
        // What lacks nothing but a proof is taken in where somebody answers for it; the rest stays aside.
        let mut w = bench.write().await;
        assert_eq!(audit::take_in_letters(&mut w, &[uuid::Uuid::nil()]).await.unwrap(), 0);
        assert_eq!(audit::take_in_letters(&mut w, &[]).await.unwrap(), 1);
        w.save().await.unwrap();
        desk.clock.advance_seconds(11);
        desk.sequencer("three").run(true).await.unwrap();
        let left = audit::waiting(&mut *bench.read().await).await.unwrap();
        assert_eq!((left.events, left.letters), (0, letters - 1));
        desk.verify(&[], true).await.unwrap();
        desk.log.close().await;
    }

    async fn a_refusal_by_a_clock_that_is_behind_is_not_weaker_than_what_it_refuses(bench) {
        let word = |given, seconds| Consent { purpose: Purpose::History, given, noted_by: "desk".into(), noted_at: NOW.plus_seconds(seconds) };
        let jane = owner("jane");
        let mut w = bench.write().await;
        assert!(consent::note(&mut w, &jane, &word(true, 100), NOW.plus_seconds(100)).await.unwrap());
        // This clock is behind; what was said before the refusal comes late, by a clock that is right.
        assert!(consent::note(&mut w, &jane, &word(false, 50), NOW.plus_seconds(50)).await.unwrap());
        assert!(!consent::note(&mut w, &jane, &word(true, 90), NOW.plus_seconds(110)).await.unwrap());
        assert!(!consent::of(&mut w, &jane).await.unwrap()[0].given);
        assert!(consent::note(&mut w, &jane, &word(true, 105), NOW.plus_seconds(110)).await.unwrap());
        w.save().await.unwrap();
    }

    async fn who_is_found_by_a_sitting_though_the_key_is_damaged_has_one_receipt(bench) {
        let known = erased(bench, "wrecked").await;
        bench.place.raw("DELETE FROM erasures").await.unwrap();
        let of = Conversation { subject: "wrecked".into(), ..conversation(&bench.ids) };
        let mut w = bench.write().await;
        conversations::create(&mut w, &of).await.unwrap();
        page_sessions::begin(&mut w, &crate::privacy::sitting(bench, "wrecked")).await.unwrap();
        w.save().await.unwrap();
        bench.place.raw("UPDATE data_keys SET wrapped = named").await.unwrap();
        let fresh = bench.place.open().await.unwrap();
        let again = restored::again(&fresh, std::slice::from_ref(&known), None, &bench.ids, NOW.plus_seconds(1)).await.unwrap();
        assert_eq!((again.erased, again.held.len(), again.unread.len()), (1, 0, 0));
        let receipts = erase::receipts(&mut fresh.read().await.unwrap(), 9, 0).await.unwrap();
        assert_eq!(receipts.iter().filter(|receipt| receipt.id != known.id).map(|receipt| receipt.conversations).collect::<Vec<_>>(), [1]);
        fresh.close().await;
    }
}
