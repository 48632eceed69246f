//! Both engines refuse the same: CHECK, foreign keys, primary keys and what is unique (B7). Columns and NOT NULL are
//! compared in `schema.rs`.

use std::collections::{BTreeMap, BTreeSet};

use contactiq_store::Location;
use sqlx::{Connection, PgConnection, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::engines::{Bench, Place};

/// What an engine refuses.
#[derive(Debug, Default, PartialEq, Eq)]
struct Laws {
    /// Table and name of each CHECK, with the words that it names.
    checks: BTreeMap<(String, String), BTreeSet<String>>,
    /// Table, columns, the table that they point at, its columns, and what becomes of the row when that one goes.
    foreign: BTreeSet<(String, String, String, String, String)>,
    /// Table and columns.
    primary: BTreeSet<(String, String)>,
    /// Table, columns, and whether only some rows.
    unique: BTreeSet<(String, String, bool)>,
}

/// The words in quotes of a condition.
fn words(condition: &str) -> BTreeSet<String> {
    condition.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The CHECKs of a table, from the text that made it. One without a name has the name of nothing.
fn checks(sql: &str) -> Vec<(String, BTreeSet<String>)> {
    let without_comments: Vec<&str> =
        sql.lines().map(|line| line.split_once("--").map_or(line, |(code, _)| code)).collect();
    let sql = without_comments.join(" ");
    let mut found = Vec::new();
    let mut rest = sql.as_str();
    while let Some(at) = rest.find("CHECK") {
        let named: Vec<&str> = rest[..at].split_whitespace().rev().take(2).collect();
        let name = if named.get(1) == Some(&"CONSTRAINT") { named[0] } else { "" };
        let condition = &rest[at + "CHECK".len()..];
        let mut depth = 0;
        let end = condition.char_indices().find_map(|(at, letter)| {
            depth += match letter {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            (depth == 0 && letter == ')').then_some(at)
        });
        let (condition, behind) = condition.split_at(end.unwrap());
        found.push((name.to_owned(), words(condition)));
        rest = behind;
    }
    found
}

async fn of_sqlite(location: &Location) -> Laws {
    let Location::Sqlite(path) = location else { unreachable!() };
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    let mut laws = Laws::default();
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'";
    for row in sqlx::query(sql).fetch_all(&mut raw).await.unwrap() {
        let (table, made): (String, String) = (row.get("name"), row.get("sql"));
        for (name, words) in checks(&made) {
            laws.checks.insert((table.clone(), name), words);
        }
    }
    let sql = "SELECT tab, other, gone, group_concat(own, ',') AS own, group_concat(theirs, ',') AS theirs FROM (
             SELECT t.name AS tab, f.id AS id, f.\"table\" AS other, f.on_delete AS gone, f.\"from\" AS own, f.\"to\" AS theirs
             FROM sqlite_master t JOIN pragma_foreign_key_list(t.name) f
             WHERE t.type = 'table' ORDER BY t.name, f.id, f.seq
         ) GROUP BY tab, id";
    for row in sqlx::query(sql).fetch_all(&mut raw).await.unwrap() {
        let text = |column: &str| row.get::<String, _>(column);
        laws.foreign.insert((text("tab"), text("own"), text("other"), text("theirs"), text("gone")));
    }
    let sql = "SELECT tab, group_concat(col, ',') AS columns FROM (
             SELECT t.name AS tab, c.name AS col FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' AND c.pk > 0 ORDER BY t.name, c.pk
         ) GROUP BY tab";
    for row in sqlx::query(sql).fetch_all(&mut raw).await.unwrap() {
        laws.primary.insert((row.get("tab"), row.get("columns")));
    }
    let sql = "SELECT tab, some, group_concat(col, ',') AS columns FROM (
             SELECT t.name AS tab, i.name AS idx, i.partial AS some, c.name AS col
             FROM sqlite_master t JOIN pragma_index_list(t.name) i JOIN pragma_index_info(i.name) c
             WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' AND i.\"unique\" = 1 AND i.origin <> 'pk'
             ORDER BY t.name, i.name, c.seqno
         ) GROUP BY tab, idx";
    for row in sqlx::query(sql).fetch_all(&mut raw).await.unwrap() {
        laws.unique.insert((row.get("tab"), row.get("columns"), row.get::<i64, _>("some") == 1));
    }
    laws
}

/// Without what replicas share, as in `schema.rs`.
async fn of_postgresql(location: &Location) -> Laws {
    let Location::Postgres(url) = location else { unreachable!() };
    let mut raw = PgConnection::connect(url).await.unwrap();
    let mut laws = Laws::default();
    let sql = "SELECT r.relname::TEXT AS tab, c.conname::TEXT AS name, c.contype::TEXT AS kind,
             pg_get_constraintdef(c.oid) AS condition, o.relname::TEXT AS other,
             CASE c.confdeltype::TEXT WHEN 'c' THEN 'CASCADE' WHEN 'r' THEN 'RESTRICT' WHEN 'n' THEN 'SET NULL'
                 WHEN 'd' THEN 'SET DEFAULT' ELSE 'NO ACTION' END AS gone,
             (SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest(c.conkey) WITH ORDINALITY AS k (number, at)
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number) AS own,
             (SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest(c.confkey) WITH ORDINALITY AS k (number, at)
                 JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number) AS theirs
         FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid LEFT JOIN pg_class o ON o.oid = c.confrelid
         WHERE c.connamespace = 'public'::regnamespace AND r.relname <> '_sqlx_migrations'
             AND r.relname NOT IN ('vector_encoders', 'vectors', 'passage_vectors', 'unused_vectors')";
    for row in sqlx::query(sql).fetch_all(&mut raw).await.unwrap() {
        let text = |column: &str| row.get::<Option<String>, _>(column).unwrap_or_default();
        match text("kind").as_str() {
            "c" => drop(laws.checks.insert((text("tab"), text("name")), words(&text("condition")))),
            "p" => drop(laws.primary.insert((text("tab"), text("own")))),
            "f" => drop(laws.foreign.insert((
                text("tab"),
                text("own"),
                text("other"),
                text("theirs"),
                text("gone"),
            ))),
            _ => {}
        }
    }
    let sql = "SELECT r.relname::TEXT AS tab, i.indpred IS NOT NULL AS some,
             (SELECT string_agg(a.attname, ',' ORDER BY k.at) FROM unnest(i.indkey::INT2[]) WITH ORDINALITY AS k (number, at)
                 JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number) AS columns
         FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid
         WHERE i.indisunique AND NOT i.indisprimary AND r.relnamespace = 'public'::regnamespace
             AND r.relname <> '_sqlx_migrations'
             AND r.relname NOT IN ('vector_encoders', 'vectors', 'passage_vectors', 'unused_vectors')";
    for row in sqlx::query(sql).fetch_all(&mut raw).await.unwrap() {
        laws.unique.insert((row.get("tab"), row.get("columns"), row.get("some")));
    }
    raw.close().await.unwrap();
    laws
}

#[tokio::test]
async fn both_engines_have_the_same_constraints() {
    let (one, other) = (Bench::at(Place::sqlite()).await, Bench::at(Place::postgresql().await).await);
    let sqlite = of_sqlite(&one.place.location()).await;
    let postgresql = of_postgresql(&other.place.location()).await;
    assert_eq!(sqlite.checks, postgresql.checks);
    assert_eq!(sqlite.foreign, postgresql.foreign);
    assert_eq!(sqlite.primary, postgresql.primary);
    assert_eq!(sqlite.unique, postgresql.unique);
    // What is compared is there, and of each kind.
    let known = |table: &str, name: &str| (table.to_owned(), name.to_owned());
    assert!(sqlite.checks.len() > 80, "{}", sqlite.checks.len());
    assert!(sqlite.checks[&known("interactions", "interactions_mode")].contains("banker"));
    assert!(sqlite.unique.contains(&("interactions".to_owned(), "request_id".to_owned(), false)));
    assert!(sqlite.unique.contains(&("api_keys".to_owned(), "name".to_owned(), true)));
    assert!(sqlite.foreign.len() > 5 && sqlite.primary.len() > 20, "{sqlite:?}");
    one.end().await;
    other.end().await;
}

/// A control: a difference is seen.
#[tokio::test]
async fn a_constraint_that_one_engine_lacks_is_seen() {
    let other = Bench::at(Place::postgresql().await).await;
    let before = of_postgresql(&other.place.location()).await;
    for (sql, differs) in [
        ("ALTER TABLE tickets DROP CONSTRAINT tickets_owned", "checks"),
        ("ALTER TABLE interactions DROP CONSTRAINT interactions_request_once", "unique"),
        ("ALTER TABLE interactions DROP CONSTRAINT interactions_conversation", "foreign"),
    ] {
        other.place.raw(sql).await.unwrap();
        let now = of_postgresql(&other.place.location()).await;
        let same = match differs {
            "checks" => now.checks == before.checks,
            "unique" => now.unique == before.unique,
            _ => now.foreign == before.foreign,
        };
        assert!(!same, "{sql}");
    }
    other.end().await;
}
