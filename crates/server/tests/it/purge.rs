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
        SELECT interactions.* FROM interactions, numbers;
    UPDATE copies SET id = printf('%08d-0000-7000-8000-000000000000', rowid),
        request_id = printf('%08d-0000-7000-8000-000000000001', rowid);
    INSERT INTO interactions SELECT * FROM copies;";

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
    let terminal = Terminal::of(running.dir.clone());

    // The newest row is old: the clock jumped, or nothing ran for so long.
    let ran = block_in_place(|| terminal.run(&["privacy", "purge"]));
    assert!(ran.refused().contains("--clock-is-right"), "{ran:?}");
    assert_eq!(count(&mut raw, "anonymised_at IS NOT NULL").await, 0);
    let due = block_in_place(|| terminal.run(&["privacy", "purge", "--dry-run", "--json"]).lines(0));
    assert_eq!(due[0]["texts"], 4001);

    // Killed at one moment after the other, until one was in the middle.
    let (mut done, mut in_the_middle) = (0, 0);
    for millis in (5..).step_by(7) {
        let mut purge = terminal.command(&["privacy", "purge", "--clock-is-right"]).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(millis)).await;
        purge.kill().unwrap();
        purge.wait().unwrap();
        let torn = "(anonymised_at IS NULL) <> (length(question) > 1 AND subject NOT LIKE 'erased:%' AND steps <> '[]')";
        assert_eq!(count(&mut raw, torn).await, 0, "after {millis} ms");
        done = count(&mut raw, "anonymised_at IS NOT NULL").await;
        if done > 0 {
            in_the_middle += i32::from(done < 4001);
            break;
        }
        assert!(millis < 10_000, "it does nothing");
    }
    println!("killed when {done} of 4001 were done");
    assert!(in_the_middle > 0 || done == 4001);
    let ended = block_in_place(|| terminal.run(&["privacy", "purge", "--json"]).lines(0));
    assert_eq!(ended[0]["texts"], Value::from(4001 - done));
    assert_eq!(count(&mut raw, "anonymised_at IS NULL").await, 0);
}
