//! Opening, migrating, and that both engines have the same schema.

use std::{collections::BTreeMap, time::Duration};

use contactiq_store::{Location, Store, StoreError, deadline, meta};
use sqlx::{Connection, PgConnection, Row, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinSet;

use crate::engines::{Bench, Place, kek};

/// Table and column, with the type and whether it may be missing.
type Columns = BTreeMap<(String, String), (String, bool)>;

async fn sqlite_columns(location: &Location) -> Columns {
    let Location::Sqlite(path) = location else { unreachable!() };
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    let sql = "SELECT t.name AS tab, c.name AS col, lower(c.type) AS kind, c.\"notnull\" AS given
         FROM sqlite_master t JOIN pragma_table_info(t.name) c
         WHERE t.type IN ('table', 'view') AND t.name NOT LIKE 'sqlite_%' AND t.name <> '_sqlx_migrations'";
    let rows = sqlx::query(sql).fetch_all(&mut raw).await.unwrap();
    rows.iter()
        .map(|r| ((r.get("tab"), r.get("col")), (r.get("kind"), r.get::<i64, _>("given") == 0)))
        .collect()
}

/// Without what replicas share: SQLite has one process (docs/adr/0014). The audit log is in a file of its own there, and
/// in a schema of its own here (`audit.rs` compares it).
async fn postgresql_columns(location: &Location) -> Columns {
    let Location::Postgres(url) = location else { unreachable!() };
    let mut raw = PgConnection::connect(url).await.unwrap();
    let sql = "SELECT table_name::TEXT AS tab, column_name::TEXT AS col, data_type::TEXT AS kind,
             is_nullable::TEXT AS missing
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'
             AND table_name NOT IN ('vector_encoders', 'vectors', 'passage_vectors', 'unused_vectors')";
    let rows = sqlx::query(sql).fetch_all(&mut raw).await.unwrap();
    let columns = rows
        .iter()
        .map(|r| ((r.get("tab"), r.get("col")), (r.get("kind"), r.get::<String, _>("missing") == "YES")))
        .collect();
    raw.close().await.unwrap();
    columns
}

#[tokio::test]
async fn both_engines_have_the_same_columns() {
    let (one, other) = (Bench::at(Place::sqlite()).await, Bench::at(Place::postgresql().await).await);
    let columns = sqlite_columns(&one.place.location()).await;
    assert_eq!(columns, postgresql_columns(&other.place.location()).await);
    assert!(columns.len() > 100, "{}", columns.len());
    for ((table, column), (kind, _)) in &columns {
        assert!(!column.ends_with("_at") || kind == "bigint", "{table}.{column} is a moment");
    }
    one.end().await;
    other.end().await;
}

on_both_engines! {
    async fn a_healthy_store_says_so_and_a_closed_one_does_not(bench) {
        bench.store.health().await.unwrap();
        bench.store.can_write(crate::samples::NOW).await.unwrap();
        let figures = bench.store.connections();
        assert!(figures.open >= 1 && figures.idle <= figures.open && figures.open <= figures.most, "{figures:?}");
        assert!(format!("{:?}", bench.store).contains(bench.store.engine()));
        bench.store.close().await;
        let gone = bench.store.health().await.unwrap_err();
        assert!(gone.is_transient(), "{gone:?}");
    }

    async fn whoever_waits_for_a_connection_waits_no_longer_than_who_asked(bench) {
        let all = if bench.store.engine() == "sqlite" { 1 } else { bench.store.connections().most };
        let mut held = Vec::new();
        for _ in 0..all {
            held.push(bench.write().await);
        }
        let since = std::time::Instant::now();
        let soon = tokio::time::Instant::now() + Duration::from_millis(200);
        let refused = deadline::until(soon, bench.store.write()).await.err().unwrap();
        assert!(refused.is_transient(), "{refused:?}");
        assert!(since.elapsed() < Duration::from_secs(4), "{:?}", since.elapsed());
        drop(held);
        let later = tokio::time::Instant::now() + Duration::from_secs(30);
        deadline::until(later, bench.store.can_write(crate::samples::NOW)).await.unwrap();
    }

    async fn what_was_written_is_there_after_opening_again(bench) {
        let mut w = bench.write().await;
        meta::set_meta(&mut w, "kept", "yes").await.unwrap();
        w.save().await.unwrap();
        bench.store.close().await;
        let again = bench.place.open().await.unwrap();
        let mut r = again.read().await.unwrap();
        assert_eq!(meta::get_meta(&mut r, "kept").await.unwrap().as_deref(), Some("yes"));
        drop(r);
        again.close().await;
    }

    async fn a_database_of_a_newer_version_is_left_alone(bench) {
        bench.place.raw("UPDATE _sqlx_migrations SET version = 99 WHERE version = 6").await.unwrap();
        let refused = bench.place.open().await.unwrap_err();
        assert_eq!(refused, StoreError::NewerSchema { found: 99, known: newest() });
        assert!(refused.to_string().contains("start the newer version"));
    }

    async fn a_migration_that_was_changed_afterwards_is_noticed(bench) {
        bench.place.raw("UPDATE _sqlx_migrations SET checksum = CAST('x' AS BYTEA)").await.unwrap();
        assert!(bench.place.open().await.is_err());
    }
}

/// The number of the last file of the folder.
fn newest() -> i64 {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let number = |file: std::io::Result<std::fs::DirEntry>| {
        file.unwrap().file_name().to_string_lossy().split('_').next()?.parse().ok()
    };
    files.filter_map(number).max().unwrap()
}

async fn open_at_the_same_time(place: Place) {
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let location = place.location();
        tasks.spawn(async move { Store::open(&location, kek()).await });
    }
    for opened in tasks.join_all().await {
        opened.unwrap().close().await;
    }
    place.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_on_sqlite_migrate_once() {
    open_at_the_same_time(Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_on_postgresql_migrate_once() {
    open_at_the_same_time(Place::postgresql().await).await;
}

#[tokio::test]
async fn a_place_that_can_not_be_opened_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Location::Sqlite(folder.path().join("no such folder").join("contactiq.db"));
    let refused = Store::open(&missing, kek()).await.unwrap_err();
    assert!(refused.to_string().contains("check the data folder"), "{refused}");

    let no_database = folder.path().join("text.db");
    std::fs::write(
        &no_database,
        "this is a text file, and not a small one either: no database at all".repeat(99),
    )
    .unwrap();
    let refused = Store::open(&Location::Sqlite(no_database), kek()).await.unwrap_err();
    assert_eq!(refused, StoreError::Unavailable { why: "the file is damaged, or no database" });

    let refused = Store::open(&Location::Postgres("mysql://x".into()), kek()).await.unwrap_err();
    assert_eq!(refused, StoreError::BadUrl);

    let nobody_there = Location::Postgres("postgres://postgres:open-sesame@127.0.0.1:1/contactiq".into());
    let refused = Store::open(&nobody_there, kek()).await.unwrap_err();
    assert!(refused.is_transient() && refused.to_string().contains("check that it runs"), "{refused}");
}

#[tokio::test]
async fn a_password_that_is_wrong_is_named_and_not_shown() {
    let place = Place::postgresql().await;
    let Location::Postgres(url) = place.location() else { unreachable!() };
    let (_, address) = url.rsplit_once('@').unwrap();
    let location = Location::Postgres(format!("postgres://postgres:open-sesame@{address}"));
    let refused = Store::open(&location, kek()).await.unwrap_err();
    assert_eq!(refused, StoreError::Unavailable { why: "the server refused the user or the password" });
    assert!(!format!("{location:?} {refused:?} {refused}").contains("sesame"));
    place.end().await;
}
