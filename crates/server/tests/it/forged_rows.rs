//! Somebody who can write to the database and has no key gains nothing through the server: what is forged opens nothing, is
//! told once, and is in nobody else's way (A1, A2, A8).

use std::collections::BTreeMap;

use contactiq_domain::{Clock, Mode, Permission, Role, ids::SessionId};
use contactiq_server::wiring::{SystemClock, SystemIds, random_text, sha256_hex};
use contactiq_store::{
    access, keys,
    page_sessions::{self, PageSession, Which},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

use crate::{
    house::{Key, REPLACEMENT, Running, soon, start, start_in},
    process::Terminal,
    reply::{Reply, text},
};

async fn open(running: &Running) -> SqliteConnection {
    let path = running.dir.path().join("contactiq.db");
    SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.unwrap()
}

/// As somebody does who has the file.
async fn sql(running: &Running, statement: impl Into<String>) {
    let mut raw = open(running).await;
    let statement = sqlx::AssertSqlSafe(statement.into());
    let done = sqlx::query(statement).execute(&mut raw).await.unwrap();
    assert!(done.rows_affected() > 0, "nothing was forged");
    raw.close().await.unwrap();
}

/// How often each row was told, by why and which.
async fn told(running: &Running) -> BTreeMap<(String, String), usize> {
    let events = access::recent(&mut running.store.read().await.unwrap(), 1000).await.unwrap();
    let mut told = BTreeMap::new();
    for event in events.into_iter().filter(|event| event.method == "damaged") {
        *told.entry((event.reason.unwrap(), event.target.unwrap())).or_default() += 1;
    }
    told
}

async fn is_told(running: &Running, why: &str, id: &str) {
    let wanted = (why.to_owned(), id.to_owned());
    soon(async || (told(running).await.get(&wanted) == Some(&1)).then_some(())).await;
}

/// Until it opens nothing: with the answer that an unknown key gets.
async fn is_refused(running: &Running, key: &Key) {
    soon(async || (running.read(key, "/v1/conversations").await.status == 401).then_some(())).await;
    running.read(key, "/v1/conversations").await.problem(401, "unauthorised");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_key_opens_nothing_is_told_once_and_is_revoked_by_whoever_administers_keys() {
    let mut running = start(&[]).await;
    let (admin, good) = (running.key(Role::Admin).await, running.key(Role::Banker).await);
    let now = SystemClock.now();
    let raised = running.key(Role::Banker).await;
    let widened = running.key_with(Role::Supervisor, |k| k.scopes = Some(vec![Permission::ScanText])).await;
    let expired = running.key_with(Role::Supervisor, |k| k.expires_at = Some(now.plus_seconds(-60))).await;
    let revoked = running.key(Role::Supervisor).await;
    let mut w = running.store.write().await.unwrap();
    keys::revoke(&mut w, &revoked.id.to_string(), now).await.unwrap();
    w.save().await.unwrap();
    for key in [&good, &raised] {
        assert_eq!(running.read(key, "/v1/conversations").await.status, 200);
    }

    let change = |key: &Key, what: &str| format!("UPDATE api_keys SET {what} WHERE id = '{}'", key.id);
    sql(&running, change(&raised, "role = 'supervisor'")).await;
    sql(&running, change(&widened, "scopes = NULL")).await;
    sql(&running, change(&expired, "expires_at = NULL")).await;
    sql(&running, change(&revoked, "revoked_at = NULL")).await;
    let inserted = Key::unknown();
    let hash = sha256_hex(inserted.text.as_bytes());
    sql(
        &running,
        format!(
            "INSERT INTO api_keys (id, name, prefix, hash, role, created_at, mac)
             SELECT '{}', 'mine', prefix, '{hash}', 'admin', created_at, mac FROM api_keys WHERE id = '{}'",
            inserted.id, admin.id
        ),
    )
    .await;
    let forged = [&raised, &widened, &expired, &revoked, &inserted];
    for key in forged {
        is_refused(&running, key).await;
        is_told(&running, "damaged_key", &key.id.to_string()).await;
    }
    assert_eq!(running.read(&good, "/v1/conversations").await.status, 200, "an honest one beside them");

    let listed = running.read(&admin, "/v1/keys").await.json();
    let state = |listed: &Value, key: &Key| {
        let all = listed.as_array().unwrap();
        let one = all.iter().find(|one| text(one, "id") == key.id.to_string()).unwrap();
        text(one, "state").to_owned()
    };
    for key in forged {
        assert_eq!(state(&listed, key), "damaged");
    }
    assert_eq!(state(&listed, &good), "active");
    let page = running.request(Method::GET, "/access").bearer_auth(&admin.text).header("accept", "text/html");
    assert!(Reply::of(page).await.page(200).contains("damaged"));
    let terminal = Terminal::of(running.dir.clone());
    let lines = Value::Array(terminal.run(&["keys", "list", "--json"]).lines(0));
    assert_eq!((state(&lines, &raised), state(&lines, &good)), ("damaged".to_owned(), "active".to_owned()));
    let doctor = terminal.run(&["doctor"]);
    assert!(doctor.out.contains("damaged keys") && doctor.out.contains(&raised.id.to_string()), "{doctor:?}");

    // Told once, also by a server that starts on the same database.
    running.stop().await;
    let running = start_in(running.dir.clone(), &[]).await;
    is_refused(&running, &raised).await;
    let all = told(&running).await;
    assert!(all.len() == 5 && all.values().all(|times| *times == 1), "{all:?}");

    let path = format!("/v1/keys/{}", raised.id);
    let reply = Reply::of(running.request(Method::DELETE, &path).bearer_auth(&admin.text)).await;
    assert_eq!((reply.status, text(&reply.json(), "state")), (200, "revoked"));
    for key in [&widened, &expired, &revoked, &inserted] {
        terminal.run(&["keys", "revoke", &key.id.to_string()]).well();
    }
    let listed = running.read(&admin, "/v1/keys").await.json();
    for key in forged {
        assert_eq!(state(&listed, key), "revoked");
        is_refused(&running, key).await;
    }
    assert!(!terminal.run(&["doctor"]).out.contains("damaged keys"));
}

#[tokio::test]
async fn a_row_of_before_a_revocation_that_is_put_back_opens_nothing_and_is_told() {
    let mut running = start(&[]).await;
    let (admin, leaver) = (running.key(Role::Admin).await, running.key(Role::Supervisor).await);
    assert_eq!(running.read(&leaver, "/v1/conversations").await.status, 200);
    let mut raw = open(&running).await;
    let mac = sqlx::AssertSqlSafe(format!("SELECT hex(mac) FROM api_keys WHERE id = '{}'", leaver.id));
    let mac: String = sqlx::query_scalar(mac).fetch_one(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let path = format!("/v1/keys/{}", leaver.id);
    let reply = Reply::of(running.request(Method::DELETE, &path).bearer_auth(&admin.text)).await;
    assert_eq!(reply.status, 200);
    // The whole row, as a backup has it.
    sql(
        &running,
        format!(
            "UPDATE api_keys SET revoked_at = NULL, generation = 0, mac = X'{mac}' WHERE id = '{}'",
            leaver.id
        ),
    )
    .await;
    is_told(&running, "key_put_back", &leaver.id.to_string()).await;
    is_refused(&running, &leaver).await;
    // A server that was not there when it was revoked has it from the audit log.
    running.stop().await;
    let later = start_in(running.dir.clone(), &[]).await;
    is_refused(&later, &leaver).await;
}

/// A session of the pages as a sign-in makes it, and its cookie.
async fn signed_in(running: &Running, subject: &str, role: Role) -> (PageSession, String) {
    let (token, now) = (random_text::<32>(), SystemClock.now());
    let session = PageSession {
        id: SessionId::new(&SystemIds),
        token_hash: sha256_hex(token.as_bytes()),
        subject: subject.to_owned(),
        label: None,
        role,
        mode: None,
        provider_session: None,
        from_ip: "192.0.2.7".to_owned(),
        created_at: now,
        seen_at: now,
        ends_at: now.plus_seconds(3600),
        ended_at: None,
        ended_by: None,
    };
    let mut w = running.store.write().await.unwrap();
    page_sessions::begin(&mut w, &session).await.unwrap();
    w.save().await.unwrap();
    (session, format!("contactiq_session={token}"))
}

async fn opens(running: &Running, cookie: &str) -> bool {
    let request = running.request(Method::GET, "/documents").header("cookie", cookie);
    Reply::of(request.header("accept", "text/html")).await.status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_session_opens_no_page_and_is_taken_away() {
    let running = start(&[]).await;
    let admin = running.key(Role::Admin).await;
    let (_, good) = signed_in(&running, "person:good", Role::Banker).await;
    let (raised, raised_cookie) = signed_in(&running, "person:raised", Role::Banker).await;
    let (ended, ended_cookie) = signed_in(&running, "person:ended", Role::Banker).await;
    assert!(opens(&running, &good).await && opens(&running, &raised_cookie).await);
    let mut w = running.store.write().await.unwrap();
    page_sessions::end(&mut w, Which::One(ended.id), SystemClock.now(), "admin").await.unwrap();
    w.save().await.unwrap();

    let change =
        |of: &PageSession, what: &str| format!("UPDATE page_sessions SET {what} WHERE id = '{}'", of.id);
    sql(&running, change(&raised, "role = 'supervisor'")).await;
    sql(&running, change(&ended, "ended_at = NULL, ended_by = NULL")).await;
    let (token, inserted) = (random_text::<32>(), SessionId::new(&SystemIds));
    let hash = sha256_hex(token.as_bytes());
    sql(
        &running,
        format!(
            "INSERT INTO page_sessions (id, token_hash, subject, named, role, from_ip, created_at, seen_at, ends_at, mac)
             SELECT '{inserted}', '{hash}', subject, 'person:good', 'supervisor', 'x', created_at, seen_at, ends_at, mac
             FROM page_sessions WHERE id = '{}'",
            ended.id
        ),
    )
    .await;
    let made_up = format!("contactiq_session={token}");
    for (cookie, id) in [(&raised_cookie, raised.id), (&ended_cookie, ended.id), (&made_up, inserted)] {
        soon(async || (!opens(&running, cookie).await).then_some(())).await;
        is_told(&running, "damaged_session", &id.to_string()).await;
    }
    assert!(opens(&running, &good).await, "an honest one beside them");
    let doctor = Terminal::of(running.dir.clone()).run(&["doctor"]);
    assert!(
        doctor.out.contains("damaged sessions") && doctor.out.contains(&inserted.to_string()),
        "{doctor:?}"
    );
    for id in [raised.id, ended.id, inserted] {
        let path = format!("/v1/sessions/{id}");
        let reply = Reply::of(running.request(Method::DELETE, &path).bearer_auth(&admin.text)).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    let mut r = running.store.read().await.unwrap();
    assert_eq!(page_sessions::damaged(&mut r).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_was_given_to_somebody_else_by_a_statement_opens_for_nobody() {
    let running = start(&[]).await;
    let (jane, thief) = (running.key(Role::Customer).await, running.key(Role::Customer).await);
    let supervisor = running.key(Role::Supervisor).await;
    let given = running.ask(&jane, Mode::Customer, REPLACEMENT).await;
    let moved = running.ask(&jane, Mode::Customer, REPLACEMENT).await;
    let own = running.ask(&thief, Mode::Customer, REPLACEMENT).await;
    let whole = running.ask(&jane, Mode::Customer, REPLACEMENT).await;
    let conversation = |record: &Value| text(record, "conversation").to_owned();
    let id = |record: &Value| text(record, "id").to_owned();

    sql(
        &running,
        format!(
            "UPDATE conversations SET (subject, owner_key) = (SELECT subject, owner_key FROM conversations WHERE id = '{}')
             WHERE id = '{}'",
            conversation(&own),
            conversation(&given)
        ),
    )
    .await;
    sql(
        &running,
        format!(
            "UPDATE interactions SET conversation = '{}' WHERE id = '{}'",
            conversation(&own),
            id(&moved)
        ),
    )
    .await;

    let there = format!("/v1/conversations/{}", conversation(&given));
    for key in [&thief, &jane, &supervisor] {
        running.read(key, &there).await.problem(404, "not_found");
        for record in [&given, &moved] {
            running.read(key, &format!("/v1/interactions/{}", id(record))).await.problem(404, "not_found");
        }
    }
    let said = json!({ "helpful": true });
    for record in [&given, &moved] {
        let feedback = format!("/v1/interactions/{}/feedback", id(record));
        running.post(&thief, &feedback, &said).await.problem(404, "not_found");
    }
    let goes_on =
        json!({ "mode": "customer", "question": REPLACEMENT, "conversation": conversation(&given) });
    for key in [&thief, &jane] {
        running.post(key, "/v1/interactions", &goes_on).await.problem(404, "not_found");
    }
    is_told(&running, "damaged_conversation", &conversation(&given)).await;
    is_told(&running, "damaged_interaction", &id(&moved)).await;

    // What is honest reads as before, and shows nothing of what was moved there.
    let history = running.read(&thief, &format!("/v1/conversations/{}", conversation(&own))).await.json();
    let history: Vec<&str> = history.as_array().unwrap().iter().map(|record| text(record, "id")).collect();
    assert_eq!(history, [id(&own)]);
    let read = running.read(&jane, &format!("/v1/interactions/{}", id(&whole))).await.record();
    assert_eq!(id(&read), id(&whole));
    let list = running.read(&thief, "/v1/conversations").await.json();
    assert_eq!(list.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_repetition_is_told_no_record_of_somebody_else() {
    let running = start(&[]).await;
    let (jane, thief) = (running.key(Role::Customer).await, running.key(Role::Customer).await);
    let theirs = running.ask(&jane, Mode::Customer, REPLACEMENT).await;
    let body = json!({ "mode": "customer", "question": REPLACEMENT });
    let ask = async || {
        Reply::of(running.posting(&thief, "/v1/interactions", &body).header("idempotency-key", "k")).await
    };
    let own = ask().await.record();
    assert_eq!(text(&ask().await.record(), "id"), text(&own, "id"), "one's own is told again");
    sql(
        &running,
        format!(
            "UPDATE idempotency SET resource = '{}' WHERE resource = '{}'",
            text(&theirs, "id"),
            text(&own, "id")
        ),
    )
    .await;
    let again = ask().await;
    assert!(again.status == 404 && !again.text.contains(text(&theirs, "id")), "{again:?}");
}
