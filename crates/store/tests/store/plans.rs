//! What is searched for has an index (C4; requirements, section S), as the plans of both engines show.

use contactiq_store::Location;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Row, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::engines::{Bench, Place};

/// A search and the index that carries it, by engine: keys have names of the engine's.
struct Search {
    sql: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const fn by(sql: &'static str, index: &'static str) -> Search {
    Search { sql, sqlite: index, postgres: index }
}

const SEARCHES: &[Search] = &[
    Search {
        sql: "SELECT * FROM interactions WHERE id = 'x' AND completed_at IS NOT NULL",
        sqlite: "sqlite_autoindex_interactions_1 (id=?)",
        postgres: "interactions_pkey",
    },
    Search {
        sql: "SELECT * FROM interactions WHERE request_id = 'x'",
        sqlite: "sqlite_autoindex_interactions_2 (request_id=?)",
        postgres: "interactions_request_once",
    },
    by("SELECT * FROM interactions WHERE correlation_id = 'x'", "interactions_by_correlation"),
    by("SELECT * FROM interactions WHERE created_at >= 1 AND created_at < 2", "interactions_by_time"),
    by(
        "SELECT * FROM interactions WHERE conversation = 'x' AND completed_at IS NOT NULL
         ORDER BY created_at DESC, id DESC LIMIT 6",
        "interactions_by_conversation",
    ),
    by("SELECT * FROM interactions WHERE intent = 'x' AND created_at >= 1", "interactions_by_intent"),
    by("SELECT * FROM interactions WHERE outcome = 'failed' AND created_at >= 1", "interactions_by_outcome"),
    by("SELECT * FROM interactions WHERE cost_nano_usd > 1000000", "interactions_by_cost"),
    by(
        "SELECT id FROM interactions WHERE completed_at IS NULL AND created_at < 5",
        "interactions_unfinished",
    ),
    by(
        "SELECT * FROM conversations WHERE subject = 'x' ORDER BY created_at DESC LIMIT 20",
        "conversations_by_owner",
    ),
    Search {
        sql: "SELECT * FROM tickets WHERE interaction = 'x'",
        sqlite: "sqlite_autoindex_tickets_2 (interaction=?)",
        postgres: "tickets_one_an_interaction",
    },
    by("SELECT * FROM tickets WHERE state = 'open' ORDER BY created_at LIMIT 50", "tickets_by_state"),
    Search {
        sql: "SELECT * FROM feedback WHERE interaction = 'x' AND subject = 'y'",
        sqlite: "sqlite_autoindex_feedback_2 (interaction=? AND subject=?)",
        postgres: "feedback_one_a_subject",
    },
    by("SELECT * FROM refusals ORDER BY created_at DESC LIMIT 50", "refusals_by_time"),
    by("SELECT * FROM access_events WHERE occurred_at >= 1 AND occurred_at < 2", "access_events_by_time"),
    by(
        "SELECT * FROM access_events WHERE whose IS NULL AND id > 'x' ORDER BY id LIMIT 500",
        "access_events_without_whose",
    ),
    by("DELETE FROM idempotency WHERE expires_at < 5", "idempotency_by_expiry"),
    by("SELECT * FROM dead_letters ORDER BY created_at LIMIT 100", "dead_letters_by_time"),
    by(
        "UPDATE page_sessions SET ended_at = 1, ended_by = 'x' WHERE subject = 'x'",
        "page_sessions_by_subject",
    ),
    by(
        "UPDATE page_sessions SET ended_at = 1, ended_by = 'x' WHERE provider_session = 'x'",
        "page_sessions_by_provider",
    ),
    by("SELECT * FROM pii_tokens WHERE type = 'CARD' AND token = 'x'", "pii_tokens_by_token"),
];

#[tokio::test]
async fn what_is_searched_for_has_an_index_on_sqlite() {
    let bench = Bench::at(Place::sqlite()).await;
    let Location::Sqlite(path) = bench.place.location() else { unreachable!() };
    let mut raw: SqliteConnection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
    for search in SEARCHES {
        let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", search.sql));
        let plan = sqlx::query(sql).fetch_all(&mut raw).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
        let plan = plan.join("\n");
        assert!(plan.contains(search.sqlite), "{} is searched by {plan}", search.sql);
        assert!(!plan.contains("TEMP B-TREE FOR ORDER BY"), "{} is sorted: {plan}", search.sql);
    }
    bench.end().await;
}

#[tokio::test]
async fn what_is_searched_for_has_an_index_on_postgresql() {
    let bench = Bench::at(Place::postgresql().await).await;
    let Location::Postgres(url) = bench.place.location() else { unreachable!() };
    let mut raw = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    // A table without rows is read faster than any index: what is asked here is whether there is one.
    for setting in ["enable_seqscan", "enable_bitmapscan"] {
        sqlx::raw_sql(AssertSqlSafe(format!("SET {setting} = off"))).execute(&mut raw).await.unwrap();
    }
    for search in SEARCHES {
        let sql = AssertSqlSafe(format!("EXPLAIN {}", search.sql));
        let plan = sqlx::query(sql).fetch_all(&mut raw).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains(search.postgres), "{} is searched by {plan}", search.sql);
    }
    bench.end().await;
}
