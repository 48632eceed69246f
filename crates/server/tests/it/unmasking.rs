//! What was masked is shown for a purpose, to those who may, and is on record before it is shown (A2, E6).

use contactiq_domain::{Mode, Permission, Role};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    browser::Browser,
    cluster::Database,
    house::{Key, Running, folder, soon, start, start_in},
    reply::text,
};

const SAID: &str = "My name is Zorblat Quimby, my pin is 4821, what does a replacement card cost?";

async fn unmask(running: &Running, key: &Key, record: &Value, purpose: &str) -> crate::reply::Reply {
    let path = format!("/v1/interactions/{}/unmask", text(record, "id"));
    running.post(key, &path, &json!({ "purpose": purpose })).await
}

#[tokio::test]
async fn who_which_and_why_is_in_the_audit_log_and_no_secret_is_shown() {
    let running = start(&[("CONTACTIQ__AUDIT__CHECKPOINT_SECONDS", "1")]).await;
    let (customer, supervisor) = (running.key(Role::Customer).await, running.key(Role::Supervisor).await);
    let record = running.ask(&customer, Mode::Customer, SAID).await;
    assert!(text(&record, "question").contains("<PERSON_1>, my pin is <PIN_1>"), "{record}");
    let shown = unmask(&running, &supervisor, &record, "  call back about a dispute ").await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"), "{}", shown.text);
    assert_eq!(
        shown.json()["originals"],
        json!([
            { "placeholder": "<PERSON_1>", "type": "PERSON", "value": "Zorblat Quimby" },
            { "placeholder": "<PIN_1>", "type": "PIN", "value": null },
        ])
    );
    // A message with nothing masked shows nothing, and that somebody looked is on record too.
    let plain = running.ask(&customer, Mode::Customer, "hello").await;
    assert_eq!(unmask(&running, &supervisor, &plain, "curious").await.json()["originals"], json!([]));
    let auditor = running.key(Role::Auditor).await;
    let entries: Vec<Value> = soon(async || {
        let file = running.read(&auditor, "/v1/audit/export").await;
        let entries = file.text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let entries: Vec<Value> = entries.filter(|entry| entry["kind"] == "unmasking").collect();
        (entries.len() == 2).then_some(entries)
    })
    .await;
    let fields = &entries[0]["fields"];
    assert_eq!(
        (text(fields, "interaction"), text(fields, "purpose"), text(fields, "shown")),
        (text(&record, "id"), "call back about a dispute", "1")
    );
    assert!(!text(fields, "actor").is_empty() && !text(fields, "from").is_empty(), "{fields}");
    assert_eq!(
        (text(&entries[1]["fields"], "purpose"), text(&entries[1]["fields"], "shown")),
        ("curious", "0")
    );
    assert!(!entries.iter().any(|entry| entry.to_string().contains("Quimby")));
}

#[tokio::test]
async fn nothing_is_shown_that_is_not_on_record_or_not_for_the_caller() {
    let running = start(&[("CONTACTIQ__AUDIT__CHECKPOINT_SECONDS", "1")]).await;
    let (customer, supervisor) = (running.key(Role::Customer).await, running.key(Role::Supervisor).await);
    let record = running.ask(&customer, Mode::Customer, SAID).await;
    for (purpose, code) in [
        ("", "purpose_invalid"),
        (" ", "purpose_invalid"),
        ("a\u{7}b", "purpose_invalid"),
        (&"x".repeat(201), "purpose_invalid"),
        ("to call Zorblat Quimby on 0412 345 678", "purpose_personal"),
        // A word of what it would open, which alone is no name.
        ("the dispute of zorblat", "purpose_personal"),
    ] {
        let refused = unmask(&running, &supervisor, &record, purpose).await;
        refused.problem(422, code);
        assert!(!refused.text.contains("Quimby"), "{}", refused.text);
    }
    // Each attempt is on record, without what was written as its purpose.
    let auditor = running.key(Role::Auditor).await;
    let tried: Vec<Value> = soon(async || {
        let file = running.read(&auditor, "/v1/audit/export").await;
        let entries = file.text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let entries: Vec<Value> = entries.filter(|entry| entry["kind"] == "unmasking").collect();
        (entries.len() == 6).then_some(entries)
    })
    .await;
    let refused = |code| tried.iter().filter(|entry| entry["fields"]["refused"] == code).count();
    assert_eq!((refused("purpose_invalid"), refused("purpose_personal")), (4, 2));
    assert!(
        tried
            .iter()
            .all(|entry| entry["fields"]["purpose"].is_null() && !entry.to_string().contains("orblat"))
    );
    // Whoever may not read the record may not read what was taken out of it.
    let narrowed =
        running.key_with(Role::Supervisor, |key| key.scopes = Some(vec![Permission::Unmask])).await;
    unmask(&running, &narrowed, &record, "a complaint").await.problem(404, "not_found");
    // One assistant's supervisor sees nothing of the other.
    let limited = running.key_with(Role::Supervisor, |key| key.mode = Some(Mode::Banker)).await;
    unmask(&running, &limited, &record, "a complaint").await.problem(404, "not_found");
    let path = running.dir.path().join("contactiq.db");
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    let away = "CREATE TRIGGER away BEFORE INSERT ON audit_outbox BEGIN SELECT RAISE(ABORT, 'away'); END";
    sqlx::query(away).execute(&mut raw).await.unwrap();
    let failed = unmask(&running, &supervisor, &record, "a complaint").await;
    assert!(failed.status >= 500 && !failed.text.contains("Quimby"), "{} {}", failed.status, failed.text);
    sqlx::query("DROP TRIGGER away").execute(&mut raw).await.unwrap();
    assert_eq!(unmask(&running, &supervisor, &record, "a complaint").await.status, 200);
}

#[tokio::test]
async fn a_placeholder_that_somebody_types_is_opened_nowhere() {
    let running = start(&[]).await;
    let (bank, supervisor) = (running.key(Role::Service).await, running.key(Role::Supervisor).await);
    let ask = async |question: &str, conversation: &Value| {
        let mut body = json!({ "mode": "customer", "question": question, "subject": "4711" });
        if !conversation.is_null() {
            body["conversation"] = conversation.clone();
        }
        running.post(&bank, "/v1/interactions", &body).await.record()
    };
    let first = ask(SAID, &Value::Null).await;
    let typed = ask("What does a replacement card cost <PERSON_1>?", &first["conversation"]).await;
    assert!(
        text(&typed, "question").contains("<PERSON_1>") && !typed.to_string().contains("Quimby"),
        "{typed}"
    );
    unmask(&running, &supervisor, &typed, "a complaint").await.problem(409, "originals_not_kept");
    assert_eq!(
        unmask(&running, &supervisor, &first, "a complaint").await.json()["originals"][0]["value"],
        "Zorblat Quimby"
    );
    let all = running.post(&bank, "/v1/persons/export", &json!({ "subject": "4711" })).await;
    assert!(all.text.contains("<PERSON_1>") && !all.text.contains("Quimby"), "{}", all.text);
}

#[tokio::test]
async fn who_was_erased_is_not_shown_and_where_nothing_is_kept_nothing_is_guessed() {
    let running = start(&[]).await;
    let (bank, admin) = (running.key(Role::Service).await, running.key(Role::Admin).await);
    let body = json!({ "mode": "customer", "question": SAID, "subject": "4711" });
    let record = running.post(&bank, "/v1/interactions", &body).await.record();
    assert_eq!(unmask(&running, &admin, &record, "a complaint").await.status, 200);
    running.post(&bank, "/v1/persons/erase", &json!({ "subject": "4711" })).await.json();
    unmask(&running, &admin, &record, "a complaint").await.problem(410, "erased");

    let running = start(&[("CONTACTIQ__GUARD__PLACEHOLDERS", "request")]).await;
    let (customer, admin) = (running.key(Role::Customer).await, running.key(Role::Admin).await);
    let record = running.ask(&customer, Mode::Customer, SAID).await;
    unmask(&running, &admin, &record, "a complaint").await.problem(409, "originals_not_kept");
}

#[tokio::test]
async fn the_page_of_an_interaction_has_a_form_for_it() {
    let running = start(&[]).await;
    let browser = Browser::sign_in(&running).await;
    let record = running.ask(&running.key(Role::Customer).await, Mode::Customer, SAID).await;
    let page = format!("/interactions/{}", text(&record, "id"));
    let before = browser.get(&page).await;
    assert!(before.page(200).contains("Show what was masked") && !before.text.contains("Quimby"));
    let form = format!("{page}/unmask");
    browser.send_as_it_is(&form, &[("purpose", "a complaint")]).await.page(403);
    let wrong = browser.send(&form, &[("purpose", "ask Zorblat Quimby")]).await;
    assert!(
        wrong.page(422).contains("There is a problem") && !wrong.text.contains("Quimby"),
        "{}",
        wrong.text
    );
    let shown = browser.send(&form, &[("purpose", "a complaint")]).await;
    assert!(shown.page(200).contains("Zorblat Quimby") && !shown.text.contains("4821"), "{}", shown.text);
    assert_eq!(shown.header("cache-control"), "no-store");
    assert!(!browser.get(&page).await.page(200).contains("Quimby"), "it is shown once");
    // Who reads evidence does not look behind it.
    let auditor = running.key(Role::Auditor).await;
    assert!(!running.read(&auditor, &page).await.page(200).contains("Show what was masked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_numbers_were_saved_too_late_to_be_waited_for_shows_its_own_values() {
    let database = Database::new().await;
    let dir = folder();
    database.admit(&dir);
    let running = start_in(dir, &[("CONTACTIQ_DATABASE_URL", database.url.as_str())]).await;
    let (customer, supervisor) = (running.key(Role::Customer).await, running.key(Role::Supervisor).await);
    let first = running.ask(&customer, Mode::Customer, SAID).await;
    // A commit of numbers takes longer than the half second for which a question waits, and is saved all the same.
    database
        .run(
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN PERFORM pg_sleep(1.5); RETURN NULL; END';
             CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON conversations DEFERRABLE INITIALLY DEFERRED
                 FOR EACH ROW WHEN (OLD.placeholders IS DISTINCT FROM NEW.placeholders)
                 EXECUTE FUNCTION late()",
        )
        .await;
    let question = "My wife is called Hannah Novak, what does a replacement card cost?";
    let body = json!({ "mode": "customer", "question": question, "conversation": first["conversation"] });
    let since = std::time::Instant::now();
    let second = running.post(&customer, "/v1/interactions", &body).await.record();
    assert!(since.elapsed().as_millis() >= 500, "it was waited for: {:?}", since.elapsed());
    // She is the second person of this conversation, and no other is shown for her.
    assert!(text(&second, "question").contains("<PERSON_2>"), "{second}");
    let shown = soon(async || {
        let shown = unmask(&running, &supervisor, &second, "a complaint").await;
        (shown.status == 200).then_some(shown)
    })
    .await;
    assert_eq!(
        shown.json()["originals"],
        json!([{ "placeholder": "<PERSON_2>", "type": "PERSON", "value": "Hannah Novak" }])
    );
}
