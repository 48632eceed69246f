//! Whoever can write to the database can say anything in the columns by which entries of the log are found: nothing is done
//! on the word of a log that was changed, and the honest way goes on.

use contactiq_auditlog::{Hash, export::What};
use contactiq_domain::ids::KeyId;
use contactiq_store::{
    DamagedKind, StoreError,
    audit::{self, AuditFault, AuditLog, Heard},
    keys,
    privacy::holds,
    tickets::{self, Filter},
};

use crate::{
    audit::{Desk, Raw, complete_of},
    engines::Bench,
    keys::key,
    proofs::{apart, desk, handed, owner},
    samples::NOW,
};

/// What holds are found to be by a process that begins now.
async fn holds_apart(desk: &Desk<'_>, bench: &Bench) -> Vec<&'static str> {
    let log = desk.anew().await;
    let found = log.holds_apart(&bench.store).await.unwrap();
    log.close().await;
    found.iter().map(|apart| apart.what).collect()
}

async fn changes(log: &AuditLog, bench: &Bench, heard: &mut Heard) -> Result<Vec<(KeyId, i64)>, StoreError> {
    let found = keys::changes(&bench.store, log, heard).await?;
    Ok(found.into_iter().collect())
}

async fn revoked(bench: &Bench, name: &str) -> KeyId {
    let new = key(&bench.ids, name);
    let mut w = bench.write().await;
    keys::create(&mut w, &new).await.unwrap();
    keys::revoke(&mut w, name, NOW).await.unwrap();
    w.save().await.unwrap();
    new.id
}

async fn place(desk: &Desk<'_>, of: impl Fn(&contactiq_auditlog::Entry) -> bool) -> usize {
    desk.entries().await.iter().position(of).unwrap()
}

/// Ways to hide the entry at `at`, each with how it is undone; `other` is one of another kind.
async fn ways(
    raw: &mut Raw,
    desk: &Desk<'_>,
    at: usize,
    other: usize,
) -> Vec<(&'static str, Vec<String>, Vec<String>)> {
    let (own, beside) = (desk.entries().await[at].clone(), desk.entries().await[other].clone());
    let set = |column: &str, to: &str, at: usize| {
        format!("UPDATE audit_entries SET {column} = '{to}' WHERE leaf_index = {at}")
    };
    let mut edited = own.clone();
    edited.fields.insert("seen".to_owned(), "otherwise".to_owned());
    let leaf = |raw: &Raw, entry: &contactiq_auditlog::Entry| {
        format!("UPDATE audit_entries SET leaf = {} WHERE leaf_index = {at}", raw.blob(&entry.to_bytes()))
    };
    let tile =
        raw.bytes("SELECT hashes FROM audit_tiles WHERE level = 0 AND tile_index = 0".to_owned()).await;
    let mut other_tile = tile.clone();
    other_tile[at * 32..(at + 1) * 32].copy_from_slice(&Hash::leaf(&edited.to_bytes()).0);
    let tile_is = |raw: &Raw, bytes: &[u8]| {
        format!("UPDATE audit_tiles SET hashes = {} WHERE level = 0 AND tile_index = 0", raw.blob(bytes))
    };
    raw.run(format!("CREATE TABLE kept_{at} AS SELECT * FROM audit_entries WHERE leaf_index = {at}"))
        .await
        .unwrap();
    vec![
        ("its kind", vec![set("kind", "access", at)], vec![set("kind", &own.kind, at)]),
        (
            "its kind, and another one's",
            vec![set("kind", "access", at), set("kind", &own.kind, other)],
            vec![set("kind", &own.kind, at), set("kind", &beside.kind, other)],
        ),
        ("its event", vec![set("event", "x", at)], vec![set("event", &own.event, at)]),
        (
            "its row",
            vec![format!("DELETE FROM audit_entries WHERE leaf_index = {at}")],
            vec![format!("INSERT INTO audit_entries SELECT * FROM kept_{at}")],
        ),
        ("its bytes", vec![leaf(raw, &edited)], vec![leaf(raw, &own)]),
        (
            "its bytes and their hash",
            vec![leaf(raw, &edited), tile_is(raw, &other_tile)],
            vec![leaf(raw, &own), tile_is(raw, &tile)],
        ),
    ]
}

/// What somebody does to the counts: as they stand, gone, older ones, made up ones.
const COUNTS: &[&str] = &[
    "UPDATE audit_counts SET tree_size = tree_size",
    "DELETE FROM audit_counts",
    "DELETE FROM audit_counts; INSERT INTO audit_counts SELECT * FROM old_counts",
    "DELETE FROM audit_counts WHERE tree_size < (SELECT MAX(tree_size) FROM new_counts);
     UPDATE audit_counts SET mac = (SELECT mac FROM old_counts LIMIT 1)",
];

async fn old_counts(bench: &Bench) {
    bench.place.raw("CREATE TABLE old_counts AS SELECT * FROM audit_counts").await.unwrap();
}

async fn new_counts(bench: &Bench) {
    bench.place.raw("CREATE TABLE new_counts AS SELECT * FROM audit_counts").await.unwrap();
}

async fn counts_back(bench: &Bench) {
    bench
        .place
        .raw("DELETE FROM audit_counts; INSERT INTO audit_counts SELECT * FROM new_counts")
        .await
        .unwrap();
}

on_both_engines! {
    async fn no_column_of_the_log_hides_a_hold(bench) {
        let desk = desk(bench).await;
        let mut one = desk.sequencer("one");
        desk.note(5).await;
        one.run(true).await.unwrap();
        old_counts(bench).await;
        let mut w = bench.write().await;
        holds::place(&mut w, &owner("jane"), "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        one.run(true).await.unwrap();
        desk.note(600).await;
        one.run(true).await.unwrap();
        new_counts(bench).await;
        assert_eq!(holds_apart(&desk, bench).await, [""; 0]);
        bench.place.raw("DELETE FROM hold_traces; DELETE FROM legal_holds").await.unwrap();
        let at = place(&desk, |entry| entry.kind == "hold").await;
        let mut raw = desk.unguarded().await;
        let ways = ways(&mut raw, &desk, at, at + 1).await;
        for counts in COUNTS {
            bench.place.raw(*counts).await.unwrap();
            assert_eq!(holds_apart(&desk, bench).await, ["hold_gone"], "{counts}");
            for (what, done, undone) in &ways {
                for sql in done {
                    raw.run(sql.clone()).await.unwrap();
                }
                assert_eq!(holds_apart(&desk, bench).await, ["holds_unread"], "{what}, {counts}");
                for sql in undone {
                    raw.run(sql.clone()).await.unwrap();
                }
            }
            counts_back(bench).await;
        }
        // The last checkpoints go too: the store remembers one.
        let found = bench.place.number("SELECT MAX(tree_size) FROM old_counts").await;
        raw.run(format!("DELETE FROM audit_checkpoints WHERE tree_size > {found}")).await.unwrap();
        bench.place.raw(COUNTS[2]).await.unwrap();
        assert_eq!(holds_apart(&desk, bench).await, ["holds_unread"]);
        desk.log.close().await;
    }

    async fn a_take_over_is_done_once_whatever_a_column_says(bench) {
        bench.place.raw("CREATE TABLE kept_keyring AS SELECT * FROM keyring").await.unwrap();
        let desk = desk(bench).await;
        let mut one = desk.sequencer("one");
        let gone = complete_of(bench, "jane").await.record.id;
        one.run(true).await.unwrap();
        old_counts(bench).await;
        desk.note(300).await;
        one.run(true).await.unwrap();
        new_counts(bench).await;
        bench.place.raw_of(format!("DELETE FROM audit_salts WHERE interaction = '{gone}'; DELETE FROM interactions WHERE id = '{gone}'")).await;
        let at = place(&desk, |entry| entry.kind == "closing" && entry.fields.contains_key("from")).await;
        let other = place(&desk, |entry| entry.kind == "key").await;
        let mut raw = desk.unguarded().await;
        let ways = ways(&mut raw, &desk, at, other).await;
        let before = "UPDATE keyring SET wrapped = (SELECT k.wrapped FROM kept_keyring k WHERE k.name = keyring.name)";
        // As long as the keyring says so, and also to whoever kept one of before.
        for keyring in ["UPDATE keyring SET kek = kek", before] {
            for counts in COUNTS {
                for (what, done, undone) in &ways {
                    bench.place.raw(keyring).await.unwrap();
                    bench.place.raw(*counts).await.unwrap();
                    for sql in done {
                        raw.run(sql.clone()).await.unwrap();
                    }
                    let log = desk.anew().await;
                    match log.take_over(&bench.store, NOW).await {
                        Ok(false) => {}
                        Err(error @ StoreError::AuditChanged { .. }) => {
                            assert!(error.to_string().contains("contactiq audit verify --records"), "{error}");
                        }
                        other => panic!("{what}, {counts}, {keyring}: {other:?}"),
                    }
                    log.close().await;
                    for sql in undone {
                        raw.run(sql.clone()).await.unwrap();
                    }
                    counts_back(bench).await;
                }
            }
        }
        assert_eq!(audit::waiting(&mut *bench.read().await).await.unwrap().events, 0, "nothing was noted");
        assert_eq!(apart(&desk).await, (vec![gone], Vec::new()), "and it is not from before the log");
        desk.log.close().await;
    }

    async fn a_log_that_is_gone_is_not_begun_anew_by_a_take_over(bench) {
        let desk = desk(bench).await;
        desk.note(3).await;
        desk.sequencer("one").run(true).await.unwrap();
        let here = |entry: &contactiq_auditlog::Entry| entry.fields.get("from").is_some_and(|word| word == "here");
        let takeover = desk.entries().await.into_iter().find(here).unwrap().event;
        let mut raw = desk.unguarded().await;
        for table in ["audit_entries", "audit_tiles", "audit_checkpoints"] {
            raw.run(format!("DELETE FROM {table}")).await.unwrap();
        }
        bench.place.raw("DELETE FROM audit_counts; DELETE FROM meta WHERE name = 'audit_checkpoint'").await.unwrap();
        let log = desk.anew().await;
        assert!(!log.take_over(&bench.store, NOW).await.unwrap());
        assert_eq!(holds_apart(&desk, bench).await, ["holds_unread"]);
        // Nor does it wait because somebody wrote its id where events wait.
        bench.place.raw_of(format!("INSERT INTO audit_outbox (happened_at, event, body) VALUES (9000000000000000, '{takeover}', 'x')")).await;
        assert_eq!(holds_apart(&desk, bench).await, ["holds_unread"]);
        assert!(matches!(changes(&log, bench, &mut Heard::default()).await, Err(StoreError::AuditChanged { .. })));
        // Whoever has the keys begins another one, where there is none.
        log.begin_anew(&bench.store, NOW).await.unwrap();
        desk.clock.advance_seconds(11);
        desk.sequencer("two").run(true).await.unwrap();
        assert_eq!(holds_apart(&desk, bench).await, [""; 0]);
        assert_eq!(changes(&log, bench, &mut Heard::default()).await.unwrap(), []);
        assert!(log.begin_anew(&bench.store, NOW).await.is_err(), "there is one");
        log.close().await;
        desk.log.close().await;
    }

    async fn how_far_a_key_was_changed_is_read_whole_or_not_at_all(bench) {
        let desk = desk(bench).await;
        let mut one = desk.sequencer("one");
        desk.note(5).await;
        one.run(true).await.unwrap();
        old_counts(bench).await;
        let id = revoked(bench, "leaver").await;
        one.run(true).await.unwrap();
        desk.note(300).await;
        one.run(true).await.unwrap();
        new_counts(bench).await;
        let at = place(&desk, |entry| entry.fields.contains_key("generation")).await;
        let other = place(&desk, |entry| entry.kind == "closing").await;
        let mut raw = desk.unguarded().await;
        let ways = ways(&mut raw, &desk, at, other).await;
        for counts in COUNTS {
            for (what, done, undone) in &ways {
                bench.place.raw(*counts).await.unwrap();
                let log = desk.anew().await;
                assert_eq!(changes(&log, bench, &mut Heard::default()).await.unwrap(), [(id, 1)], "{counts}");
                log.close().await;
                for sql in done {
                    raw.run(sql.clone()).await.unwrap();
                }
                let log = desk.anew().await;
                let found = changes(&log, bench, &mut Heard::default()).await;
                assert!(matches!(found, Err(StoreError::AuditChanged { .. })), "{what}, {counts}: {found:?}");
                log.close().await;
                for sql in undone {
                    raw.run(sql.clone()).await.unwrap();
                }
                counts_back(bench).await;
            }
        }
        desk.log.close().await;
    }

    async fn what_was_heard_of_keys_is_not_read_again(bench) {
        let desk = desk(bench).await;
        let mut one = desk.sequencer("one");
        let first = revoked(bench, "first").await;
        one.run(true).await.unwrap();
        let mut heard = Heard::default();
        assert_eq!(changes(&desk.log, bench, &mut heard).await.unwrap(), [(first, 1)]);
        assert_eq!(changes(&desk.log, bench, &mut heard).await.unwrap(), []);
        let second = revoked(bench, "second").await;
        assert_eq!(changes(&desk.log, bench, &mut heard).await.unwrap(), [(second, 1)], "while it waits");
        // In the log and not signed, then signed.
        one.run(false).await.unwrap();
        assert_eq!(changes(&desk.log, bench, &mut heard).await.unwrap(), [(second, 1)]);
        desk.note(700).await;
        one.run(true).await.unwrap();
        assert_eq!(changes(&desk.log, bench, &mut heard).await.unwrap(), []);
        // What was heard is another one now: nothing is believed, and then all is read.
        let mut raw = desk.unguarded().await;
        raw.run("CREATE TABLE kept AS SELECT * FROM audit_entries".to_owned()).await.unwrap();
        raw.run("DELETE FROM audit_entries WHERE leaf_index > 300".to_owned()).await.unwrap();
        assert!(matches!(changes(&desk.log, bench, &mut heard).await, Err(StoreError::AuditChanged { .. })));
        raw.run("INSERT INTO audit_entries SELECT * FROM kept WHERE leaf_index > 300".to_owned()).await.unwrap();
        let mut all = changes(&desk.log, bench, &mut heard).await.unwrap();
        all.sort();
        let mut both = vec![(first, 1), (second, 1)];
        both.sort();
        assert_eq!(all, both);
        desk.log.close().await;
    }

    async fn a_log_of_before_there_were_counts_is_counted_once_and_on_record(bench) {
        let desk = desk(bench).await;
        let mut w = bench.write().await;
        holds::place(&mut w, &owner("jane"), "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        desk.note(300).await;
        desk.sequencer("one").run(true).await.unwrap();
        bench.place.raw("DELETE FROM audit_counts").await.unwrap();
        assert_eq!(holds_apart(&desk, bench).await, [""; 0], "also before");
        for (holder, made) in [("two", 1), ("three", 1)] {
            desk.clock.advance_seconds(11);
            desk.note(1).await;
            desk.sequencer(holder).run(true).await.unwrap();
            let entries = desk.entries().await;
            let said = entries.iter().filter(|entry| entry.fields.get("counts").is_some_and(|counts| counts == "made"));
            assert_eq!(said.count(), made);
            assert!(bench.place.number("SELECT COUNT(*) FROM audit_counts").await > 0);
        }
        desk.verify(&[], true).await.unwrap();
        assert_eq!(holds_apart(&desk, bench).await, [""; 0]);
        desk.log.close().await;
    }

    async fn counts_that_are_not_those_of_the_entries_are_found(bench) {
        let desk = desk(bench).await;
        let mut one = desk.sequencer("one");
        for _ in 0..12 {
            desk.note(3).await;
            one.run(true).await.unwrap();
        }
        assert_eq!(bench.place.number("SELECT COUNT(*) FROM audit_counts").await, 8, "the newest are kept");
        desk.verify(&[], false).await.unwrap();
        new_counts(bench).await;
        for sql in ["UPDATE audit_counts SET mac = (SELECT mac FROM new_counts LIMIT 1)", "UPDATE audit_counts SET tree_size = tree_size + 1"] {
            bench.place.raw(sql).await.unwrap();
            let found = desk.verify(&[], false).await;
            assert!(matches!(found, Err(AuditFault::Found { what: What::Beside(_), .. })), "{sql}: {found:?}");
            counts_back(bench).await;
        }
        desk.verify(&[], false).await.unwrap();
        desk.log.close().await;
    }

    async fn what_stands_in_the_log_twice_is_found(bench) {
        let desk = Desk::of(bench).await;
        let mut one = desk.sequencer("one");
        let event = desk.event();
        let noted = async || {
            let mut w = bench.write().await;
            audit::note(&mut w, &event).await.unwrap();
            w.save().await.unwrap();
        };
        noted().await;
        one.run(true).await.unwrap();
        let mut raw = desk.unguarded().await;
        // It is not found when it comes again; then the column says what it said.
        raw.run("UPDATE audit_entries SET event = 'x'".to_owned()).await.unwrap();
        noted().await;
        assert_eq!(one.run(true).await.unwrap().entries, 1);
        if matches!(raw, Raw::Sqlite(_)) {
            for sql in [
                "CREATE TABLE anew AS SELECT * FROM audit_entries",
                "DROP TABLE audit_entries",
                "ALTER TABLE anew RENAME TO audit_entries",
            ] {
                raw.run(sql.to_owned()).await.unwrap();
            }
        }
        raw.run(format!("UPDATE audit_entries SET event = '{}'", event.id)).await.unwrap();
        let found = desk.verify(&[], false).await;
        assert!(matches!(found, Err(AuditFault::Found { entry: Some(1), what: What::Doubled })), "{found:?}");
        desk.log.close().await;
    }

    async fn what_waits_and_is_no_event_is_kept_aside_and_the_others_go_on(bench) {
        let desk = Desk::of(bench).await;
        let good = "{\"kind\":\"key\",\"fields\":{}}";
        let later = "00000000-0000-0000-0000-0000000000aa";
        let mut put = format!(
            "INSERT INTO audit_outbox (happened_at, event, body) VALUES (1, 'Jo Bloggs', '{good}'),
             (2, '00000000-0000-0000-0000-0000000000AB', '{good}'), (3, '00000000-0000-0000-0000-0000000000ac', 'no JSON'),
             (4, '{later}', '{{\"kind\":\"of a later version\",\"fields\":{{}}}}')");
        let is_sqlite = matches!(bench.place.location(), contactiq_store::Location::Sqlite(_));
        if is_sqlite {
            put.push_str(", ('no moment', X'ff', X'00ff')");
        }
        bench.place.raw_of(put).await;
        desk.note(3).await;
        let letters: u64 = if is_sqlite { 5 } else { 4 };
        assert_eq!(desk.sequencer("one").run(true).await.unwrap().entries, 3);
        let waiting = audit::waiting(&mut *bench.read().await).await.unwrap();
        assert_eq!((waiting.events, waiting.letters), (0, letters));
        let named = desk.verify(&[], true).await.unwrap().letters;
        assert_eq!(named.len() as u64, letters);
        assert!(!format!("{named:?}").contains("Bloggs"), "{named:?}");
        assert_eq!(named.iter().filter(|letter| letter.event.is_some()).count(), 3);
        // A version that knows its kind takes it in; another one is forgotten by whoever has seen to it.
        bench.place.raw_of(format!("UPDATE audit_dead_letters SET body = '{good}' WHERE event = '{later}'")).await;
        desk.clock.advance_seconds(11);
        assert_eq!(desk.sequencer("two").run(true).await.unwrap().entries, 1);
        assert_eq!(desk.entries().await.last().unwrap().event, later);
        let left = audit::letters(&mut *bench.read().await, 9).await.unwrap();
        assert_eq!(left.len() as u64, letters - 1);
        let mut w = bench.write().await;
        audit::forget_letter(&mut w, left[0].id).await.unwrap();
        assert!(matches!(audit::forget_letter(&mut w, left[0].id).await, Err(StoreError::NotFound { .. })));
        w.save().await.unwrap();
        assert_eq!(audit::waiting(&mut *bench.read().await).await.unwrap().letters, letters - 2);
        desk.log.close().await;
    }

    async fn one_damaged_row_hides_no_other_in_a_list(bench) {
        let desk = desk(bench).await;
        let (first, second) = (handed(bench, "a").await.1, handed(bench, "b").await.1);
        let mut w = bench.write().await;
        let mut placed = Vec::new();
        for subject in ["jane", "john"] {
            placed.push(holds::place(&mut w, &owner(subject), subject, "counsel", &bench.ids, NOW).await.unwrap());
        }
        w.save().await.unwrap();
        desk.sequencer("one").run(true).await.unwrap();
        assert!(bench.store.take_damaged().is_empty());
        bench.place.raw_of(format!(
            "UPDATE tickets SET id = 'nobody''s' WHERE id = '{first}'; DELETE FROM hold_traces;
             UPDATE legal_holds SET id = 'nobody''s' WHERE id = '{}'", placed[0].id)).await;
        let listed = tickets::list(&mut *bench.read().await, &Filter::default(), 9, 0).await.unwrap();
        assert_eq!(listed.iter().map(|ticket| ticket.id).collect::<Vec<_>>(), [second]);
        let listed = holds::list(&mut *bench.read().await).await.unwrap();
        assert_eq!(listed.iter().map(|hold| hold.id).collect::<Vec<_>>(), [placed[1].id]);
        let told: Vec<_> = bench.store.take_damaged().into_iter().map(|damaged| (damaged.kind, damaged.id)).collect();
        assert_eq!(told, [(DamagedKind::Ticket, None), (DamagedKind::Hold, None)]);
        let mut found: Vec<_> = apart(&desk).await.1.into_iter().map(|(what, _)| what).collect();
        found.sort_unstable();
        assert_eq!(found, ["hold_gone", "hold_unlogged", "ticket_damaged", "ticket_gone"]);
        desk.log.close().await;
    }
}

/// What a start, a purge and an upgrade take in a long log.
#[tokio::test]
#[ignore = "a figure: 200,000 entries"]
async fn figures_of_a_long_log() {
    use std::time::Instant;
    for place in [crate::engines::Place::sqlite(), crate::engines::Place::postgresql().await] {
        let bench = Bench::at(place).await;
        let desk = desk(&bench).await;
        let mut w = bench.write().await;
        holds::place(&mut w, &owner("jane"), "case 17", "counsel", &bench.ids, NOW).await.unwrap();
        w.save().await.unwrap();
        revoked(&bench, "leaver").await;
        let mut attempts = Vec::new();
        for _ in 0..200_000 {
            attempts.push(audit::Event::new(
                contactiq_domain::ids::Ids::next(&bench.ids),
                NOW,
                audit::AuditKind::Access,
                &[("target", Some("k1".to_owned()))],
            ));
        }
        for some in attempts.chunks(500) {
            let mut w = bench.write().await;
            audit::note_all(&mut w, some).await.unwrap();
            w.save().await.unwrap();
        }
        let since = Instant::now();
        desk.sequencer("one").run(true).await.unwrap();
        eprintln!("taken into the log: {:?}", since.elapsed());
        for counts in [COUNTS[0], COUNTS[1]] {
            bench.place.raw(counts).await.unwrap();
            let log = desk.anew().await;
            let since = Instant::now();
            assert!(log.holds_apart(&bench.store).await.unwrap().is_empty());
            eprintln!("holds, {counts}: {:?}", since.elapsed());
            let since = Instant::now();
            let found = changes(&log, &bench, &mut Heard::default()).await.unwrap();
            eprintln!("{} keys by the same process: {:?}", found.len(), since.elapsed());
            log.close().await;
        }
        let since = Instant::now();
        desk.verify(&[], false).await.unwrap();
        eprintln!("verified: {:?}", since.elapsed());
        desk.log.close().await;
        bench.end().await;
    }
}
