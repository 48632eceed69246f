//! A purge as a process: a clock that jumped, and a kill in the middle (A7).

use std::{str::FromStr, time::Duration};

use contactiq_domain::Role;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::block_in_place;

use crate::{
    house::{REPLACEMENT, start},
    process::Terminal,
};

/// Copies of one interaction from before the retention. What is sealed in them belongs to the first one's row: a purge
/// opens nothing.
const OLD_ONES: &str = "
    DELETE FROM meta WHERE name = 'purge_clock_us';
    UPDATE interactions SET created_at = created_at - 100 * 86400000000, completed_at = completed_at - 100 * 86400000000;
    CREATE TEMP TABLE copies AS
        WITH RECURSIVE numbers (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < 4000)
        SELECT interactions.* FROM interactions, numbers;";
/// So many more of them; none has an id twice.
const MORE: &str = "
    UPDATE copies SET id = printf('%08d-0000-7000-8000-ROUND', rowid),
        request_id = printf('%08d-0000-7000-9000-ROUND', rowid);
    INSERT INTO interactions SELECT * FROM copies;";

/// Everybody who accessed something is forgotten, and nothing can be taken out of the events.
const UNFINISHED: &str = "
    INSERT INTO erased_actors SELECT DISTINCT whose, 4102444800000000 FROM access_events WHERE whose <> '';
    CREATE TRIGGER broken BEFORE UPDATE ON access_events BEGIN SELECT RAISE(ABORT, 'broken'); END;";

/// Takes `copies` into the table once more.
async fn more(raw: &mut SqliteConnection, round: u32) {
    let sql = MORE.replace("ROUND", &format!("{round:012}"));
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(raw).await.unwrap();
}

async fn count(raw: &mut SqliteConnection, condition: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM interactions WHERE {condition}"));
    sqlx::query_scalar(sql).fetch_one(raw).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_is_killed_leaves_each_row_whole_or_without_texts_and_the_next_one_ends_it() {
    let mut running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    running.ask(&key, contactiq_domain::Mode::Customer, REPLACEMENT).await;
    running.stop().await;
    let path = format!("sqlite://{}", running.dir.path().join("contactiq.db").display());
    let options = SqliteConnectOptions::from_str(&path).unwrap();
    let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql(OLD_ONES).execute(&mut raw).await.unwrap();
    more(&mut raw, 0).await;
    let terminal = Terminal::of(running.dir.clone());

    // The newest row is old: the clock jumped, or nothing ran for so long.
    let ran = block_in_place(|| terminal.run(&["privacy", "purge"]));
    assert!(ran.refused().contains("--clock-is-right"), "{ran:?}");
    assert_eq!(count(&mut raw, "anonymised_at IS NOT NULL").await, 0);
    let due = block_in_place(|| terminal.run(&["privacy", "purge", "--dry-run", "--json"]).lines(0));
    assert_eq!(due[0]["texts"], 4001);

    // Killed at one moment after the other, until one was in the middle; one that was over before it could be killed has
    // more to do the next time.
    let mut in_the_middle = None;
    for round in 1..=6 {
        let all = count(&mut raw, "anonymised_at IS NULL").await;
        let done = killed_once_it_works(&terminal, &mut raw, all).await;
        if (1..all).contains(&done) {
            in_the_middle = Some((all, done));
            break;
        }
        for part in 0..1 << round {
            more(&mut raw, round * 100 + part).await;
        }
    }
    let (all, done) = in_the_middle.expect("no purge was killed in the middle");
    println!("killed when {done} of {all} were done");
    let ended = block_in_place(|| terminal.run(&["privacy", "purge", "--json"]).lines(0));
    assert_eq!(ended[0]["texts"], Value::from(all - done));
    assert_eq!(count(&mut raw, "anonymised_at IS NULL").await, 0);

    // An erasure that can't be finished is told, and stops no purge.
    // A purge has taken the key from the conversation, and what comes by hand with one is left.
    let back =
        "UPDATE conversations SET data_key = (SELECT id FROM data_keys LIMIT 1) WHERE data_key IS NULL";
    sqlx::raw_sql(back).execute(&mut raw).await.unwrap();
    more(&mut raw, 9_999).await;
    sqlx::raw_sql(UNFINISHED).execute(&mut raw).await.unwrap();
    let ran = block_in_place(|| terminal.run(&["privacy", "purge"]));
    assert_eq!(ran.status, 1, "{ran:?}");
    assert_eq!(count(&mut raw, "anonymised_at IS NULL").await, 0);
}

/// Starts a purge and kills it, a little later each time, until one did something; how many of `all` it did. Each row is
/// whole or without texts whenever that was.
async fn killed_once_it_works(terminal: &Terminal, raw: &mut SqliteConnection, all: i64) -> i64 {
    const TORN: &str =
        "(anonymised_at IS NULL) <> (length(question) > 1 AND subject NOT LIKE 'erased:%' AND steps <> '[]')";
    for millis in (5..10_000).step_by(7) {
        let mut purge = terminal.command(&["privacy", "purge", "--clock-is-right"]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        purge.kill().unwrap();
        purge.wait().unwrap();
        assert_eq!(count(raw, TORN).await, 0, "after {millis} ms");
        let done = all - count(raw, "anonymised_at IS NULL").await;
        if done > 0 {
            return done;
        }
    }
    panic!("it does nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_believed_also_where_nothing_is_purged() {
    let running = start(&[("CONTACTIQ__RETENTION__PURGE", "false")]).await;
    let path = format!("sqlite://{}", running.dir.path().join("contactiq.db").display());
    let options = SqliteConnectOptions::from_str(&path).unwrap().read_only(true);
    let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
    for _ in 0..100 {
        let sql = "SELECT COUNT(*) FROM meta WHERE name = 'purge_clock_us'";
        let believed: i64 = sqlx::query_scalar(sql).fetch_one(&mut raw).await.unwrap();
        if believed == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody believed the clock");
}
