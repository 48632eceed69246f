//! The audit log on both engines: every event once and in order, one writer, and whatever is changed is found.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use contactiq_auditlog::{
    Checkpoint, Entry, Frontier, Hash, SigningKey, VerifyingKey,
    disclosure::{Disclosure, Record as Disclosed},
    export::What,
};
use contactiq_domain::{Clock, Ids, Record, clock::FixedClock, ids::InteractionId};
use contactiq_store::{
    access::{self, AccessEvent, AccessResult},
    audit::{
        self, AuditFault, AuditKind, AuditLog, Event, Filter, Ran, Rhythm, Sequencer, Unproved, Verified,
    },
    conversations::{self, Conversation, Owner},
    ledger::{self, Completion, Entry as LedgerEntry, Withdrawal},
    privacy::erase::{self, Erased},
};
use sqlx::{
    AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection, postgres::PgRow,
    sqlite::SqliteConnectOptions, sqlite::SqliteRow,
};

use crate::{
    engines::{Bench, Place},
    samples::{NOW, conversation, interrupt_unfinished, record, started, translation},
};

pub(crate) const ORIGIN: &str = "bank.example/audit";
const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(60), entries: 1_000 };

fn key() -> SigningKey {
    SigningKey::new(ORIGIN, &[5; 32]).unwrap()
}

pub(crate) fn keys() -> Vec<VerifyingKey> {
    vec![key().verifying_key()]
}

/// The log of a test, where it lies, and a clock that stands.
pub(crate) struct Desk<'b> {
    bench: &'b Bench,
    pub(crate) log: AuditLog,
    file: PathBuf,
    pub(crate) clock: Arc<FixedClock>,
    _folder: tempfile::TempDir,
}

impl<'b> Desk<'b> {
    pub(crate) async fn of(bench: &'b Bench) -> Desk<'b> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("audit.db");
        let log = AuditLog::open(&bench.store, &file).await.unwrap().with_keys(&keys());
        Desk { bench, log, file, clock: Arc::new(FixedClock(AtomicI64::new(NOW.micros()))), _folder: folder }
    }

    /// The log as a process opens it that begins now.
    pub(crate) async fn anew(&self) -> AuditLog {
        AuditLog::open(&self.bench.store, &self.file).await.unwrap().with_keys(&keys())
    }

    pub(crate) fn sequencer(&self, holder: &str) -> Sequencer {
        self.sequencer_with(holder, RHYTHM)
    }

    fn sequencer_with(&self, holder: &str, rhythm: Rhythm) -> Sequencer {
        let (store, log, clock) = (self.bench.store.clone(), self.log.clone(), Arc::clone(&self.clock));
        Sequencer::new(store, log, (key(), keys()), ORIGIN.to_owned(), rhythm, clock, holder.to_owned())
    }

    /// Notes so many events.
    pub(crate) async fn note(&self, many: usize) {
        let events: Vec<Event> = (0..many).map(|_| self.event()).collect();
        for some in events.chunks(500) {
            let mut w = self.bench.write().await;
            audit::note_all(&mut w, some).await.unwrap();
            w.save().await.unwrap();
        }
    }

    pub(crate) fn event(&self) -> Event {
        Event::new(
            self.bench.ids.next(),
            self.clock.now(),
            AuditKind::Key,
            &[("target", Some("k1".to_owned()))],
        )
    }

    pub(crate) async fn verify(&self, anchors: &[Checkpoint], records: bool) -> Result<Verified, AuditFault> {
        self.log.verify(&self.bench.store, (ORIGIN, &keys()), anchors, records).await
    }

    pub(crate) async fn entries(&self) -> Vec<Entry> {
        let size = self.log.size().await.unwrap();
        self.log.entries(0, size).await.unwrap().iter().map(|logged| logged.entry().unwrap()).collect()
    }

    /// A connection past the program, as somebody has who runs the database.
    async fn raw(&self) -> Raw {
        match self.bench.place.location() {
            contactiq_store::Location::Sqlite(_) => {
                let options = SqliteConnectOptions::new().filename(&self.file);
                Raw::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
            }
            contactiq_store::Location::Postgres(url) => {
                let mut raw = Raw::Postgres(PgConnection::connect(&url).await.unwrap());
                raw.run("SET search_path = contactiq_audit".to_owned()).await.unwrap();
                raw
            }
        }
    }

    /// The same without the triggers, which whoever owns the tables can take away.
    pub(crate) async fn unguarded(&self) -> Raw {
        let mut raw = self.raw().await;
        let found = raw.texts("SELECT name FROM sqlite_master WHERE type = 'trigger'").await;
        for trigger in found {
            raw.run(format!("DROP TRIGGER {trigger}")).await.unwrap();
        }
        if matches!(raw, Raw::Postgres(_)) {
            for table in ["audit_entries", "audit_tiles", "audit_checkpoints"] {
                raw.run(format!("ALTER TABLE {table} DISABLE TRIGGER ALL")).await.unwrap();
                let dropped =
                    raw.run(format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_once")).await;
                dropped.unwrap();
            }
        }
        raw
    }
}

/// A connection of either engine.
pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    pub(crate) async fn run(&mut self, sql: String) -> Result<u64, sqlx::Error> {
        match self {
            Raw::Sqlite(c) => {
                sqlx::query(AssertSqlSafe(sql)).execute(c).await.map(|done| done.rows_affected())
            }
            Raw::Postgres(c) => {
                sqlx::query(AssertSqlSafe(sql)).execute(c).await.map(|done| done.rows_affected())
            }
        }
    }

    /// Of SQLite; none of PostgreSQL, which has other tables.
    async fn texts(&mut self, sql: &'static str) -> Vec<String> {
        match self {
            Raw::Sqlite(c) => sqlx::query(sql)
                .fetch_all(c)
                .await
                .unwrap()
                .iter()
                .map(|row: &SqliteRow| row.get(0))
                .collect(),
            Raw::Postgres(_) => Vec::new(),
        }
    }

    pub(crate) async fn bytes(&mut self, sql: String) -> Vec<u8> {
        match self {
            Raw::Sqlite(c) => {
                let row: SqliteRow = sqlx::query(AssertSqlSafe(sql)).fetch_one(c).await.unwrap();
                row.get(0)
            }
            Raw::Postgres(c) => {
                let row: PgRow = sqlx::query(AssertSqlSafe(sql)).fetch_one(c).await.unwrap();
                row.get(0)
            }
        }
    }

    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        match self {
            Raw::Sqlite(_) => format!("X'{hex}'"),
            Raw::Postgres(_) => format!("decode('{hex}', 'hex')"),
        }
    }
}

fn attempt(bench: &Bench) -> AccessEvent {
    AccessEvent {
        id: contactiq_domain::ids::AccessId::new(&bench.ids),
        at: NOW,
        actor: "Jo Bloggs' key".to_owned(),
        from_ip: "203.0.113.7".to_owned(),
        method: "GET".to_owned(),
        route: "/v1/costs".to_owned(),
        target: None,
        result: AccessResult::Allowed,
        status: 200,
        reason: None,
    }
}

/// Completes an interaction as the ledger does; its completion.
pub(crate) async fn complete(bench: &Bench) -> Completion {
    complete_of(bench, "subject-1").await
}

pub(crate) async fn complete_of(bench: &Bench, subject: &str) -> Completion {
    let mut w = bench.write().await;
    let conversation = Conversation { subject: subject.to_owned(), ..conversation(&bench.ids) };
    conversations::create(&mut w, &conversation).await.unwrap();
    let started = started(&bench.ids, &conversation);
    let completion = Completion {
        record: record(&started),
        conversation,
        ticket: None,
        reviews: Vec::new(),
        claimed: None,
    };
    ledger::apply(&mut w, &LedgerEntry::Completion(Box::new(completion.clone()))).await.unwrap();
    w.save().await.unwrap();
    completion
}

on_both_engines! {
    async fn what_happened_is_an_entry_once_and_in_order(bench) {
        let desk = Desk::of(bench).await;
        let attempt = attempt(bench);
        for _ in 0..2 {
            let mut w = bench.write().await;
            access::log(&mut w, &attempt).await.unwrap();
            w.save().await.unwrap();
        }
        // What is not saved never happened.
        let mut w = bench.write().await;
        audit::note(&mut w, &desk.event()).await.unwrap();
        drop(w);
        let waiting = audit::waiting(&mut *bench.read().await).await.unwrap();
        assert_eq!((waiting.events, waiting.oldest), (1, Some(NOW)));

        let mut one = desk.sequencer("one");
        assert_eq!(one.run(false).await.unwrap(), Ran { leads: true, entries: 1, checkpoint: true });
        // It comes again, as from a spool that was drained twice.
        let mut w = bench.write().await;
        access::log(&mut w, &attempt).await.unwrap();
        w.save().await.unwrap();
        assert_eq!(one.run(false).await.unwrap(), Ran { leads: true, entries: 0, checkpoint: false });
        assert_eq!(audit::waiting(&mut *bench.read().await).await.unwrap().events, 0);

        desk.note(3).await;
        desk.clock.advance_seconds(-30);
        one.run(false).await.unwrap();
        desk.clock.advance_seconds(40);
        desk.note(1).await;
        one.run(true).await.unwrap();
        let entries = desk.entries().await;
        assert_eq!(entries.iter().map(|e| e.index).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(entries[0].fields["route"], "/v1/costs");
        let said = format!("{:?}", entries[0]);
        assert!(!said.contains("Bloggs") && !said.contains("203.0.113"), "{said}");
        assert_eq!(entries[0].fields["actor"], bench.store.pseudonym("Jo Bloggs' key"));
        // The clock was set back by 30 s: times stay, and the entries say so.
        assert_eq!(entries[1].logged_at_us, entries[0].logged_at_us);
        assert_eq!((entries[0].clock_back_us, entries[1].clock_back_us, entries[4].clock_back_us), (0, 30_000_000, 0));
        assert!(entries[4].logged_at_us > entries[3].logged_at_us);
        let found = desk.verify(&[], false).await.unwrap();
        assert_eq!((found.log.size, found.unsigned, found.log.clock_set_back), (5, 0, 3));
        assert_eq!(desk.log.verify_tail(&keys()).await.unwrap().0, 5);
        let only = desk.log.latest(&Filter { kind: Some(AuditKind::Access), before: None }, 9).await.unwrap();
        assert_eq!(only.iter().map(|logged| logged.index).collect::<Vec<_>>(), [0]);
        let before = desk.log.latest(&Filter { kind: None, before: Some(2) }, 9).await.unwrap();
        assert_eq!(before.iter().map(|logged| logged.index).collect::<Vec<_>>(), [1, 0]);
        desk.log.close().await;
    }

    async fn the_tables_refuse_whatever_is_no_addition(bench) {
        let desk = Desk::of(bench).await;
        desk.note(260).await;
        desk.sequencer("one").run(true).await.unwrap();
        let mut raw = desk.raw().await;
        let columns = "leaf_index, event, kind, logged_at, leaf";
        for sql in [
            "UPDATE audit_entries SET kind = 'access' WHERE leaf_index = 3".to_owned(),
            "DELETE FROM audit_entries WHERE leaf_index = 259".to_owned(),
            "DELETE FROM audit_tiles".to_owned(),
            "UPDATE audit_tiles SET tile_index = 7".to_owned(),
            "UPDATE audit_checkpoints SET tree_size = 9".to_owned(),
            "DELETE FROM audit_checkpoints".to_owned(),
            // A gap, and a place that is taken.
            format!("INSERT INTO audit_entries ({columns}) SELECT 300, 'x', kind, logged_at, leaf FROM audit_entries WHERE leaf_index = 0"),
            format!("INSERT INTO audit_entries ({columns}) SELECT 5, 'x', kind, logged_at, leaf FROM audit_entries WHERE leaf_index = 0"),
        ] {
            assert!(raw.run(sql.clone()).await.is_err(), "{sql}");
        }
        let own = match &raw {
            Raw::Postgres(_) => ["TRUNCATE audit_entries", "TRUNCATE audit_tiles", "TRUNCATE audit_checkpoints"],
            Raw::Sqlite(_) => [
                "REPLACE INTO audit_entries SELECT leaf_index, event, 'access', logged_at, leaf FROM audit_entries WHERE leaf_index = 0",
                "REPLACE INTO audit_tiles SELECT * FROM audit_tiles",
                "REPLACE INTO audit_checkpoints SELECT * FROM audit_checkpoints",
            ],
        };
        for sql in own {
            assert!(raw.run(sql.to_owned()).await.is_err(), "{sql}");
        }
        desk.verify(&[], false).await.unwrap();
        desk.log.close().await;
    }

    async fn the_log_stands_apart_from_what_the_house_writes(bench) {
        let desk = Desk::of(bench).await;
        desk.note(3).await;
        desk.sequencer("one").run(true).await.unwrap();
        // Beside the other tables there is none of its own to be changed.
        for table in ["audit_entries", "audit_tiles", "audit_checkpoints", "audit_lease"] {
            let sql = AssertSqlSafe(format!("SELECT * FROM {table}"));
            assert!(bench.place.raw(sql).await.is_err(), "{table}");
        }
        assert_eq!(desk.verify(&[], false).await.unwrap().log.size, 3);
        desk.log.close().await;
    }

    async fn one_sequencer_writes_and_one_that_lost_its_lease_can_not(bench) {
        let desk = Desk::of(bench).await;
        desk.note(5).await;
        let (mut one, mut other) = (desk.sequencer("one"), desk.sequencer("other"));
        assert!(one.run(false).await.unwrap().leads);
        desk.note(5).await;
        assert_eq!(other.run(false).await.unwrap(), Ran::default());
        // The first is paused for longer than its lease; the second takes over.
        desk.clock.advance_seconds(11);
        assert_eq!(other.run(true).await.unwrap(), Ran { leads: true, entries: 5, checkpoint: true });
        desk.note(5).await;
        assert_eq!(one.run(true).await.unwrap(), Ran::default(), "it believes in its lease and has none");
        assert_eq!(other.run(true).await.unwrap().entries, 5);
        // Who gives it back lets another one lead at once.
        other.stop().await.unwrap();
        desk.note(1).await;
        assert!(one.run(true).await.unwrap().leads);
        assert_eq!(desk.verify(&[], false).await.unwrap().log.size, 16);
        desk.log.close().await;
    }

    async fn many_sequencers_at_once_leave_no_gap_and_no_double(bench) {
        let desk = Desk::of(bench).await;
        let (mut tasks, over) = (tokio::task::JoinSet::new(), Arc::new(AtomicBool::new(false)));
        let signed = Arc::new(AtomicU64::new(0));
        for number in 0..4 {
            let mut sequencer = desk.sequencer(&format!("s{number}"));
            let (clock, over, signed) = (Arc::clone(&desk.clock), Arc::clone(&over), Arc::clone(&signed));
            tasks.spawn(async move {
                let (mut entries, mut turn) = (0, number);
                while !over.load(Ordering::SeqCst) {
                    turn += 1;
                    // Each believes now and then that the others died.
                    if turn % 5 == 0 {
                        clock.advance_seconds(11);
                    }
                    match sequencer.run(turn % 3 == 0).await {
                        Ok(ran) => {
                            entries += ran.entries;
                            signed.fetch_add(ran.checkpoint.into(), Ordering::SeqCst);
                        }
                        Err(error) => assert!(error.is_transient(), "{error}"),
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                entries
            });
        }
        // On a busy machine they take each other's turn before they sign.
        let mut noted = 0;
        while noted < 1_200 || signed.load(Ordering::SeqCst) < 3 {
            assert!(noted < 40_000, "they sign nothing");
            desk.note(40).await;
            noted += 40;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        over.store(true, Ordering::SeqCst);
        let appended: u64 = tasks.join_all().await.into_iter().sum();
        desk.clock.advance_seconds(11);
        let last = desk.sequencer("last").run(true).await.unwrap().entries;
        let found = desk.verify(&[], false).await.unwrap();
        assert_eq!((found.log.size, found.unsigned), (noted, 0));
        // An append whose answer was lost counts in the log and nowhere else.
        assert!(appended + last <= noted, "{appended} and {last}");
        assert!(found.log.checkpoints > 2, "{found:?}");
        desk.log.close().await;
    }

    async fn who_is_forgotten_leaves_a_log_that_verifies_and_who_is_only_deleted_does_not(bench) {
        let desk = Desk::of(bench).await;
        let (forgotten, deleted) = (complete(bench).await.record, complete_of(bench, "other").await.record);
        desk.sequencer("one").run(true).await.unwrap();
        let owner = Owner { subject: &forgotten.subject, key: None };
        let receipt = match erase::person(&bench.store, &owner, "desk", &bench.ids, NOW).await.unwrap() {
            Erased::Now(receipt) => receipt,
            Erased::Held(matter) => panic!("{matter}"),
        };
        desk.sequencer("one").run(true).await.unwrap();
        let whole = desk.verify(&[], true).await.unwrap();
        assert_eq!((whole.records, whole.closed), (1, 1));
        let entries = desk.entries().await;
        let erasure = entries.iter().find(|entry| entry.kind == "erasure").unwrap();
        assert_eq!((&erasure.fields["person"], erasure.fields["interactions"].as_str()), (&receipt.person, "1"));
        // A mark alone, without the form of what was erased, hides no change.
        bench.place.raw_of(format!("UPDATE interactions SET answer = question || question WHERE id = '{}'", forgotten.id)).await;
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == forgotten.id));
        bench.place.raw_of(format!("UPDATE interactions SET answer = question WHERE id = '{}'", forgotten.id)).await;
        desk.verify(&[], true).await.unwrap();
        bench.place.raw_of(format!("DELETE FROM interactions WHERE id = '{}'", deleted.id)).await;
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == deleted.id));
        desk.log.close().await;
    }

    async fn an_erasure_that_is_not_finished_is_no_false_alarm(bench) {
        let desk = Desk::of(bench).await;
        let (own, other) = (complete(bench).await.record, complete_of(bench, "other").await.record);
        desk.sequencer("one").run(true).await.unwrap();
        // What its first transaction does; the sweep never came.
        crate::proofs::break_off(bench, &Owner { subject: &own.subject, key: None }).await;
        let fresh = bench.place.open().await.unwrap();
        let verify = async || desk.log.verify(&fresh, (ORIGIN, &keys()), &[], true).await;
        let whole = verify().await.unwrap();
        assert_eq!((whole.records, whole.closed), (1, 1));
        let text = desk.log.prove(&fresh, own.id, &keys()).await.unwrap().to_text();
        assert_eq!(Disclosure::verify(&text, &keys()).unwrap().record, Disclosed::Closed);
        // Of others a change is told as before, and a mark alone hides none.
        bench.place.raw_of(format!("UPDATE interactions SET confidence = 0.01 WHERE id = '{}'", other.id)).await;
        assert!(matches!(verify().await, Err(AuditFault::Record(found)) if found == other.id));
        bench.place.raw("UPDATE conversations SET erased_at = 1, data_key = NULL").await.unwrap();
        assert!(matches!(verify().await, Err(AuditFault::Record(found)) if found == other.id));
        fresh.close().await;
        desk.log.close().await;
    }

    async fn an_interaction_is_committed_to_proved_and_erased(bench) {
        let desk = Desk::of(bench).await;
        let completion = complete(bench).await;
        let id = completion.record.id;
        desk.sequencer("one").run(true).await.unwrap();
        let entries = desk.entries().await;
        assert_eq!(entries[0].fields["interaction"], id.to_string());
        assert_eq!(entries[0].fields["sources"], "customer/card-fees@2");
        // The words of the person, and who it was, are nowhere in the log.
        let said = entries.iter().map(|e| String::from_utf8(e.to_bytes()).unwrap()).collect::<String>();
        for word in ["Wollongong", "Kalgoorlie", "subject-1", "session-1"] {
            assert!(!said.contains(word), "{word}");
        }
        let whole = desk.verify(&[], true).await.unwrap();
        assert_eq!((whole.records, whole.closed), (1, 0));

        let text = desk.log.prove(&bench.store, id, &keys()).await.unwrap().to_text();
        let proved = Disclosure::verify(&text, &keys()).unwrap();
        let Disclosed::Opened(opened) = &proved.record else { panic!("{proved:?}") };
        assert!(opened.contains("Wollongong") && opened.starts_with("{\"form\":\"1\",\"id\":"), "{opened}");

        // A record that somebody changes in its table is no longer the one that was committed to.
        bench.place.raw("UPDATE interactions SET confidence = 0.01").await.unwrap();
        assert!(matches!(desk.log.prove(&bench.store, id, &keys()).await, Err(Unproved::Changed(0))));
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == id));
        // Nor does it help to destroy its salt alone.
        let mut w = bench.write().await;
        assert_eq!(audit::destroy_salts(&mut w, &[id]).await.unwrap(), 1);
        w.save().await.unwrap();
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == id));
        // Erased whole, its entry stays and verifies, and says nothing.
        bench.place.raw("DELETE FROM interactions").await.unwrap();
        let whole = desk.verify(&[], true).await.unwrap();
        assert_eq!((whole.records, whole.closed), (0, 1));
        let text = desk.log.prove(&bench.store, id, &keys()).await.unwrap().to_text();
        assert_eq!(Disclosure::verify(&text, &keys()).unwrap().record, Disclosed::Closed);
        let other = InteractionId::new(&bench.ids);
        assert!(matches!(desk.log.prove(&bench.store, other, &keys()).await, Err(Unproved::Unknown)));

        // A record that nobody's answer came to is found; one whose entry waits is none.
        let late = complete(bench).await;
        assert_eq!(desk.verify(&[], true).await.unwrap().earlier, 0);
        bench.place.raw("DELETE FROM audit_outbox").await.unwrap();
        let at = late.record.completed_at.plus_seconds(3600).micros();
        bench.place.raw_of(format!("UPDATE interactions SET completed_at = {at}")).await;
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Unlogged(found)) if found == late.record.id));
        bench.place.raw("UPDATE interactions SET completed_at = 1").await.unwrap();
        assert_eq!(desk.verify(&[], true).await.unwrap().earlier, 1);
        desk.log.close().await;
    }

    async fn what_a_model_translated_is_committed_to_with_its_record(bench) {
        let desk = Desk::of(bench).await;
        let mut w = bench.write().await;
        let conversation = conversation(&bench.ids);
        conversations::create(&mut w, &conversation).await.unwrap();
        let record = Record { translation: Some(translation()), ..record(&started(&bench.ids, &conversation)) };
        let id = record.id;
        let completion = Completion { record, conversation, ticket: None, reviews: Vec::new(), claimed: None };
        ledger::apply(&mut w, &LedgerEntry::Completion(Box::new(completion))).await.unwrap();
        w.save().await.unwrap();
        desk.sequencer("one").run(true).await.unwrap();
        assert_eq!(desk.verify(&[], true).await.unwrap().records, 1, "the row gives back what was committed to");
        let proved = desk.log.prove(&bench.store, id, &keys()).await.unwrap().opened.unwrap();
        for said in ["What does a card cost in Gundagai?", "It costs $10 in Gundagai [1].", "a model/of 7b"] {
            assert!(proved.record.contains(said), "{}", proved.record);
        }
        // An answer may have the character that begins a bundle.
        let mut w = bench.write().await;
        let conversation = crate::samples::begun(&mut w, &bench.ids).await;
        let answer = crate::samples::masked("\u{1e}It costs\u{1e}$10\u{1e}or\u{1e}more [1].");
        let record = Record { answer, ..crate::samples::record(&started(&bench.ids, &conversation)) };
        let completion = Completion { record, conversation, ticket: None, reviews: Vec::new(), claimed: None };
        ledger::apply(&mut w, &LedgerEntry::Completion(Box::new(completion))).await.unwrap();
        w.save().await.unwrap();
        desk.sequencer("one").run(true).await.unwrap();
        assert_eq!(desk.verify(&[], true).await.unwrap().records, 2, "the row gives back what was committed to");
        desk.log.close().await;
    }

    async fn a_record_that_does_not_open_is_named(bench) {
        let desk = Desk::of(bench).await;
        let (own, other) = (complete(bench).await.record, complete_of(bench, "other").await.record);
        desk.sequencer("one").run(true).await.unwrap();
        bench.place.raw_of(format!("UPDATE interactions SET answer = question WHERE id = '{}'", own.id)).await;
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == own.id));
        // One that was changed beside it is not hidden by it.
        bench.place.raw_of(format!("DELETE FROM interactions WHERE id = '{}'", other.id)).await;
        assert!(matches!(desk.verify(&[], true).await, Err(AuditFault::Record(found)) if found == other.id));
        desk.log.close().await;
    }

    async fn a_last_checkpoint_that_is_taken_away_is_found(bench) {
        let desk = Desk::of(bench).await;
        let mut one = desk.sequencer("one");
        for _ in 0..2 {
            desk.note(5).await;
            one.run(true).await.unwrap();
        }
        desk.verify(&[], false).await.unwrap();
        let mut raw = desk.unguarded().await;
        assert_eq!(raw.run("DELETE FROM audit_checkpoints WHERE tree_size = 10".to_owned()).await.unwrap(), 1);
        let gone = desk.verify(&[], false).await;
        assert!(matches!(gone, Err(AuditFault::Found { entry: None, what: What::CheckpointGone { size: 10 } })), "{gone:?}");
        desk.log.close().await;
    }

    async fn a_lease_far_ahead_of_the_clock_stops_nobody(bench) {
        let desk = Desk::of(bench).await;
        let (mut one, mut other) = (desk.sequencer("one"), desk.sequencer("other"));
        desk.note(1).await;
        assert!(one.run(true).await.unwrap().leads);
        // The clock is set back by a day: the one that led before it died is silent till then.
        desk.clock.advance_seconds(-86_400);
        desk.note(1).await;
        assert_eq!(other.run(true).await.unwrap(), Ran { leads: true, entries: 1, checkpoint: true });
        desk.note(1).await;
        assert_eq!(one.run(true).await.unwrap(), Ran::default(), "it believes in its lease and has none");
        desk.log.close().await;
    }

    async fn what_was_withdrawn_and_what_never_ended_is_told(bench) {
        let desk = Desk::of(bench).await;
        let completion = complete(bench).await;
        let mut w = bench.write().await;
        let withdrawal = LedgerEntry::Withdrawal(Box::new(Withdrawal {
            conversation: completion.conversation.clone(),
            interaction: completion.record.id,
            completed_at: completion.record.completed_at,
            claimed: None,
        }));
        for _ in 0..2 {
            ledger::apply(&mut w, &withdrawal).await.unwrap();
        }
        let unfinished = started(&bench.ids, &completion.conversation);
        contactiq_store::interactions::start(&mut w, &unfinished).await.unwrap();
        interrupt_unfinished(&mut w, NOW.plus_seconds(9)).await;
        w.save().await.unwrap();
        desk.sequencer("one").run(true).await.unwrap();
        let entries = desk.entries().await;
        let mut kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, ["interaction", "interaction", "withdrawal"]);
        let interrupted = entries.iter().find(|e| e.fields["interaction"] == unfinished.id.to_string()).unwrap();
        assert_eq!((interrupted.fields["outcome"].as_str(), interrupted.commitment), ("interrupted", None));
        // Its record was changed by the withdrawal, which the log knows.
        desk.verify(&[], true).await.unwrap();
        desk.log.close().await;
    }

    async fn every_byte_of_every_column_counts(bench) {
        let desk = Desk::of(bench).await;
        let mut one = desk.sequencer("one");
        for _ in 0..2 {
            desk.note(2).await;
            one.run(true).await.unwrap();
        }
        desk.verify(&[], false).await.unwrap();
        let mut raw = desk.unguarded().await;
        let mut flips = 0;
        for (table, key, texts, numbers, blobs) in [
            ("audit_entries", "leaf_index", &["event", "kind"][..], &["logged_at", "leaf_index"][..], &["leaf"][..]),
            ("audit_checkpoints", "tree_size", &["note"][..], &["tree_size"][..], &[][..]),
        ] {
            let rows: &[i64] = if table == "audit_entries" { &[0, 1, 2, 3] } else { &[2, 4] };
            for row in rows {
                for column in texts.iter().chain(blobs) {
                    let is_blob = blobs.contains(column);
                    let cast = match (&raw, is_blob) {
                        (Raw::Sqlite(_), _) => format!("CAST({column} AS BLOB)"),
                        (Raw::Postgres(_), true) => (*column).to_owned(),
                        (Raw::Postgres(_), false) => format!("convert_to({column}, 'UTF8')"),
                    };
                    let before = raw.bytes(format!("SELECT {cast} FROM {table} WHERE {key} = {row}")).await;
                    for at in 0..before.len() {
                        let mut bytes = before.clone();
                        bytes[at] ^= 1 << (at % 7);
                        for (bytes, is_changed) in [(&bytes, true), (&before, false)] {
                            let blob = raw.blob(bytes);
                            let value = match (&raw, is_blob) {
                                (_, true) => blob,
                                (Raw::Sqlite(_), false) => format!("CAST({blob} AS TEXT)"),
                                (Raw::Postgres(_), false) => format!("convert_from({blob}, 'UTF8')"),
                            };
                            let set = raw.run(format!("UPDATE {table} SET {column} = {value} WHERE {key} = {row}")).await;
                            // What the engine itself takes for no text needs no verification.
                            if is_changed && set.is_ok() {
                                flips += 1;
                                let found = desk.verify(&[], false).await;
                                assert!(found.is_err(), "{table}.{column} of {row}, byte {at}");
                            }
                        }
                    }
                }
                for column in numbers {
                    for bit in [0, 3, 17, 40, 62] {
                        let change = 1_i64 << bit;
                        let set = format!("UPDATE {table} SET {column} = {column} + {change} WHERE {key} = {row}");
                        if raw.run(set).await.is_err() {
                            continue;
                        }
                        flips += 1;
                        assert!(desk.verify(&[], false).await.is_err(), "{table}.{column} of {row}, bit {bit}");
                        let key_now = if *column == key { row + change } else { *row };
                        raw.run(format!("UPDATE {table} SET {column} = {column} - {change} WHERE {key} = {key_now}")).await.unwrap();
                    }
                }
            }
        }
        desk.verify(&[], false).await.unwrap();
        assert!(flips > 1_000, "{flips}");
        desk.log.close().await;
    }

    async fn a_log_that_is_cut_edited_or_forked_is_found(bench) {
        let desk = Desk::of(bench).await;
        let mut one = desk.sequencer_with("one", Rhythm { every: Duration::from_secs(60), entries: 100 });
        for _ in 0..7 {
            desk.note(100).await;
            one.run(false).await.unwrap();
        }
        let anchors: Vec<Checkpoint> = desk.log.checkpoints(0, 99).await.unwrap().iter()
            .map(|(_, note)| Checkpoint::open(note, &keys()).unwrap()).collect();
        assert_eq!(anchors.iter().map(|anchor| anchor.size).collect::<Vec<_>>(), [100, 200, 300, 400, 500, 600, 700]);
        assert_eq!(desk.verify(&anchors, false).await.unwrap().log.anchors, 8, "the store remembers one itself");
        let mut raw = desk.unguarded().await;
        let place = |fault: AuditFault| match fault {
            AuditFault::Found { entry, what } => (entry, what),
            other => panic!("{other}"),
        };

        // Tiles: some bytes of each, a missing one, one that no entry made.
        for index in [0, 1] {
            let sql = format!("SELECT hashes FROM audit_tiles WHERE level = 0 AND tile_index = {index}");
            let before = raw.bytes(sql).await;
            for at in (0..before.len()).step_by(257) {
                let mut bytes = before.clone();
                bytes[at] ^= 0x10;
                for (bytes, is_changed) in [(&bytes, true), (&before, false)] {
                    let blob = raw.blob(bytes);
                    raw.run(format!("UPDATE audit_tiles SET hashes = {blob} WHERE level = 0 AND tile_index = {index}")).await.unwrap();
                    let found = desk.verify(&[], false).await;
                    assert_eq!(found.is_err(), is_changed, "tile {index}, byte {at}");
                }
            }
        }
        raw.run("UPDATE audit_tiles SET tile_index = 9 WHERE tile_index = 1".to_owned()).await.unwrap();
        let (entry, what) = place(desk.verify(&[], false).await.unwrap_err());
        assert!(entry == Some(511) && matches!(what, What::Beside(_)), "{entry:?} {what}");
        raw.run("UPDATE audit_tiles SET tile_index = 1 WHERE tile_index = 9".to_owned()).await.unwrap();
        raw.run("INSERT INTO audit_tiles SELECT 1, 0, hashes FROM audit_tiles WHERE tile_index = 0".to_owned()).await.unwrap();
        assert!(matches!(place(desk.verify(&[], false).await.unwrap_err()).1, What::Beside(_)));
        raw.run("DELETE FROM audit_tiles WHERE level = 1".to_owned()).await.unwrap();
        desk.verify(&[], false).await.unwrap();

        // A gap, and two in another order.
        raw.run("UPDATE audit_entries SET leaf_index = -1 - leaf_index WHERE leaf_index = 350".to_owned()).await.ok();
        raw.run("UPDATE audit_entries SET leaf_index = 100000 WHERE leaf_index = 350".to_owned()).await.ok();
        let (entry, what) = place(desk.verify(&[], false).await.unwrap_err());
        assert!(entry == Some(350) && matches!(what, What::Order { expected: 350, .. }), "{entry:?} {what}");
        raw.run("UPDATE audit_entries SET leaf_index = 350 WHERE leaf_index = 100000 OR leaf_index = -351".to_owned()).await.unwrap();
        for (from, to) in [(20, 100_000), (21, 20), (100_000, 21)] {
            raw.run(format!("UPDATE audit_entries SET leaf_index = {to} WHERE leaf_index = {from}")).await.unwrap();
        }
        let (entry, what) = place(desk.verify(&[], false).await.unwrap_err());
        assert!(entry == Some(20) && matches!(what, What::Order { expected: 20, found: 21 }), "{entry:?} {what}");
        for (from, to) in [(20, 100_000), (21, 20), (100_000, 21)] {
            raw.run(format!("UPDATE audit_entries SET leaf_index = {to} WHERE leaf_index = {from}")).await.unwrap();
        }
        desk.verify(&[], false).await.unwrap();

        // An edited entry is named where its hash stands in a tile.
        let mut edited = desk.entries().await[77].clone();
        let back = raw.blob(&edited.to_bytes());
        edited.fields.insert("target".to_owned(), "k2".to_owned());
        let blob = raw.blob(&edited.to_bytes());
        raw.run("DELETE FROM audit_checkpoints WHERE tree_size < 300".to_owned()).await.unwrap();
        raw.run(format!("UPDATE audit_entries SET leaf = {blob} WHERE leaf_index = 77")).await.unwrap();
        let (entry, what) = place(desk.verify(&[], false).await.unwrap_err());
        assert!(entry == Some(77) && matches!(what, What::Beside(_)), "{entry:?} {what}");
        raw.run(format!("UPDATE audit_entries SET leaf = {back} WHERE leaf_index = 77")).await.unwrap();

        // Somebody edits an entry with all that hangs on it, but for the signature.
        let mut edited = desk.entries().await[650].clone();
        let before = edited.to_bytes();
        edited.fields.insert("target".to_owned(), "k2".to_owned());
        let (blob, back) = (raw.blob(&edited.to_bytes()), raw.blob(&before));
        raw.run(format!("UPDATE audit_entries SET leaf = {blob} WHERE leaf_index = 650")).await.unwrap();
        let (entry, what) = place(desk.verify(&[], false).await.unwrap_err());
        assert!(entry == Some(699) && matches!(what, What::Root { after: 600, size: 700 }), "{entry:?} {what}");
        assert!(desk.log.verify_tail(&keys()).await.is_err());

        // Somebody who has the key signs the other history: what was kept elsewhere tells, and what the store remembers.
        let mut edge = Frontier::default();
        for logged in desk.log.entries(0, 700).await.unwrap() {
            edge.push(Hash::leaf(&logged.leaf));
        }
        let forged = Checkpoint { origin: ORIGIN.to_owned(), size: 700, root: edge.root(), made_at_us: 1 }.sign(&key()).unwrap();
        let honest = desk.log.checkpoint().await.unwrap().unwrap().1;
        let note = raw.blob(forged.as_bytes());
        let text = if matches!(raw, Raw::Sqlite(_)) { format!("CAST({note} AS TEXT)") } else { format!("convert_from({note}, 'UTF8')") };
        raw.run(format!("UPDATE audit_checkpoints SET note = {text} WHERE tree_size = 700")).await.unwrap();
        assert!(matches!(place(desk.verify(&[], false).await.unwrap_err()).1, What::Forked { size: 700 }));
        bench.place.raw_of(format!("UPDATE meta SET value = '{forged}' WHERE name = 'audit_checkpoint'")).await;
        // Without the root key there are no counts of it.
        assert!(matches!(place(desk.verify(&[], false).await.unwrap_err()), (Some(699), What::Beside(_))));
        bench.place.raw("CREATE TABLE kept_counts AS SELECT * FROM audit_counts; DELETE FROM audit_counts").await.unwrap();
        desk.verify(&[], false).await.unwrap();
        bench.place.raw("INSERT INTO audit_counts SELECT * FROM kept_counts").await.unwrap();
        assert!(matches!(place(desk.verify(&anchors, false).await.unwrap_err()).1, What::Forked { size: 700 }));
        raw.run(format!("UPDATE audit_entries SET leaf = {back} WHERE leaf_index = 650")).await.unwrap();
        let note = raw.blob(honest.as_bytes());
        let text = if matches!(raw, Raw::Sqlite(_)) { format!("CAST({note} AS TEXT)") } else { format!("convert_from({note}, 'UTF8')") };
        raw.run(format!("UPDATE audit_checkpoints SET note = {text} WHERE tree_size = 700")).await.unwrap();
        bench.place.raw_of(format!("UPDATE meta SET value = '{honest}' WHERE name = 'audit_checkpoint'")).await;
        desk.verify(&anchors, false).await.unwrap();

        // The end is cut off, with its checkpoints: the store remembers, and no sequencer goes on.
        raw.run("DELETE FROM audit_entries WHERE leaf_index >= 600".to_owned()).await.unwrap();
        raw.run("DELETE FROM audit_checkpoints WHERE tree_size > 600".to_owned()).await.unwrap();
        assert!(matches!(place(desk.verify(&[], false).await.unwrap_err()).1, What::Shortened { size: 700 }));
        desk.clock.advance_seconds(11);
        desk.note(1).await;
        let refused = desk.sequencer("next").run(true).await.unwrap_err();
        assert!(refused.to_string().contains("audit verify"), "{refused}");
        assert_eq!(audit::waiting(&mut *bench.read().await).await.unwrap().events, 1, "nothing is lost meanwhile");
        desk.log.close().await;
    }
}

/// The file of SQLite and the tables of PostgreSQL are the same.
#[tokio::test]
async fn both_engines_keep_the_same_columns_of_the_log() {
    let columns = |sql: &str| -> Vec<String> {
        let lines = sql.lines().skip_while(|line| !line.starts_with("CREATE TABLE"));
        lines
            .take_while(|line| !line.starts_with("CREATE FUNCTION") && !line.starts_with("CREATE TRIGGER"))
            .map(str::to_owned)
            .collect()
    };
    let one = columns(include_str!("../../migrations/0022_audit_log.sql"));
    assert_eq!(one, columns(include_str!("../../migrations-audit/0001_audit_log.sql")));
    assert!(one.len() > 20);
}

/// What entries commit to can never be spelt otherwise: this is the text of a record as it was when the form was made.
#[tokio::test]
async fn the_form_of_committed_records_stays() {
    let bench = Bench::at(Place::sqlite()).await;
    let desk = Desk::of(&bench).await;
    let completion = complete(&bench).await;
    desk.sequencer("one").run(true).await.unwrap();
    let proof = desk.log.prove(&bench.store, completion.record.id, &keys()).await.unwrap();
    let record = proof.opened.unwrap().record;
    let expected = include_str!("committed_record_1.json").trim_end();
    assert_eq!(record, expected);
    assert_eq!(audit::RECORD_FORM, "1");
    desk.log.close().await;
    bench.end().await;
}
