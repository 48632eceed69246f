//! The audit log from outside (E6): what becomes an entry, that an auditor verifies it without trusting this program, and
//! that whoever tampers is found.

use std::{
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, routing::post};
use contactiq_auditlog::{Checkpoint, VerifyingKey, export, note};
use contactiq_domain::{Mode, Role};
use reqwest::Method;
use serde_json::Value;
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::net::TcpListener;

use crate::{
    browser::Browser,
    cluster::Database,
    house::{Key, REPLACEMENT, Running, folder, soon, start, start_in},
    process::Terminal,
    reply::{Reply, text},
    without_tables::{PATIENT, redis},
};

fn keys(running: &Running) -> Vec<VerifyingKey> {
    note::keys(&std::fs::read_to_string(running.dir.path().join("audit.pub")).unwrap()).unwrap()
}

/// The entries that an auditor gets, once they verify and satisfy.
async fn exported(running: &Running, auditor: &Key, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let keys = keys(running);
    soon(async || {
        let file = running.read(auditor, "/v1/audit/export").await;
        assert_eq!((file.status, file.header("content-type")), (200, "application/jsonl"));
        export::verify(&mut file.text.as_bytes(), &keys, &[]).unwrap();
        let lines = file.text.lines().filter(|line| line.starts_with("{\"v\":"));
        let entries: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        enough(&entries).then_some(entries)
    })
    .await
}

fn has(entries: &[Value], kind: &str, route: &str) -> bool {
    entries.iter().any(|e| e["kind"] == kind && e["fields"]["route"].as_str().unwrap_or_default() == route)
}

/// Checkpoints come each second, so that tests need not wait a minute.
const SOON: (&str, &str) = ("CONTACTIQ__AUDIT__CHECKPOINT_SECONDS", "1");

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_and_seen_is_in_a_log_that_an_auditor_verifies() {
    let running = start(&[SOON]).await;
    let browser = Browser::sign_in(&running).await;
    let (customer, auditor) = (running.key(Role::Customer).await, running.key(Role::Auditor).await);
    let answered = running.ask(&customer, Mode::Customer, REPLACEMENT).await;
    let escalated = running.ask(&customer, Mode::Customer, "someone stole my card and is using it").await;
    running.read(&customer, "/v1/costs").await.problem(403, "forbidden");
    running.read(&Key::unknown(), "/v1/costs").await.problem(401, "unauthorised");
    running.read(&auditor, &format!("/v1/interactions/{}", text(&answered, "id"))).await.record();
    running.read(&auditor, &format!("/v1/conversations/{}", text(&answered, "conversation"))).await;
    let bank = running.key(Role::Service).await;
    let jane = serde_json::json!({ "subject": "jane-4711" });
    assert_eq!(running.read(&bank, "/v1/conversations?subject=jane-4711").await.status, 200);
    assert_eq!(running.post(&bank, "/v1/persons/export", &jane).await.status, 200);
    browser.get("/tickets?state=open").await.page(200);
    browser.get(&format!("/tickets/{}", text(&escalated, "ticket"))).await.page(200);
    browser.get(&format!("/interactions/{}", text(&escalated, "id"))).await.page(200);
    let own = browser.ask("customer", REPLACEMENT).await;
    browser.get(&own).await.page(200);
    running
        .read(&auditor, "/v1/conversations/0192f0c5-7e2b-7c3d-9a4e-5f6a7b8c9d0e")
        .await
        .problem(404, "not_found");
    browser.send("/signout", &[]).await;

    let entries = exported(&running, &auditor, |entries| {
        has(entries, "sign_in", "/signout")
            && has(entries, "audit", "/v1/audit/export")
            && entries.iter().filter(|e| e["kind"] == "interaction").count() >= 2
    })
    .await;
    for (kind, route) in [
        ("sign_in", "/signin"),
        ("refused", "/v1/costs"),
        ("access", "/v1/interactions"),
        ("access", "/v1/interactions/{id}"),
        ("audit", "/v1/audit/export"),
    ] {
        assert!(has(&entries, kind, route), "{kind} {route} in {entries:?}");
    }
    // Whose data it was: an id of one thing, a keyed hash of a person, the filter of a list, and `own`.
    let seen = |route: &str| -> Vec<&str> {
        let of_route = entries.iter().filter(|e| e["fields"]["route"] == route);
        of_route.map(|e| e["fields"]["target"].as_str().unwrap_or_default()).collect()
    };
    assert_eq!(seen("/v1/interactions/{id}"), [text(&answered, "id")]);
    assert_eq!(
        seen("/v1/conversations/{id}"),
        [text(&answered, "conversation"), ""],
        "nothing was seen of the second"
    );
    assert_eq!(seen("/tickets"), ["list state=open page=1"]);
    assert_eq!(seen("/tickets/{id}"), [text(&escalated, "ticket")]);
    assert_eq!(seen("/interactions/{id}"), [text(&escalated, "id")]);
    assert!(seen("/chat/{mode}").contains(&"own"), "{:?}", seen("/chat/{mode}"));
    let person = seen("/v1/persons/export")[0];
    assert!(person.starts_with("person:") && person.len() == 71, "{person}");
    assert_eq!(seen("/v1/conversations"), [person]);
    let export = entries.iter().find(|e| e["kind"] == "export" && e["fields"]["form"] == "json").unwrap();
    assert_eq!(format!("person:{}", text(&export["fields"], "person")), person);
    let of = |kind: &str, id: &str| {
        entries.iter().find(|e| e["kind"] == kind && e["fields"]["interaction"] == id).unwrap().clone()
    };
    let entry = of("interaction", text(&answered, "id"));
    assert_eq!(entry["fields"]["outcome"], "resolved");
    assert_eq!(entry["fields"]["knowledge"], answered["knowledge_version"]);
    assert!(entry["fields"]["sources"].as_str().unwrap().contains("customer/replacement-card@"), "{entry}");
    let entry = of("escalation", text(&escalated, "id"));
    assert_eq!(
        (&entry["fields"]["trigger"], &entry["fields"]["ticket"]),
        (&escalated["trigger"], &escalated["ticket"])
    );
    let first = entries.iter().find(|e| e["kind"] == "configuration").unwrap();
    assert_eq!(first["fields"]["changed"], "first");
    assert!(entries.iter().any(|e| e["kind"] == "knowledge"), "the demo bank's documents");
    // Nobody is named, nothing is quoted.
    let said = serde_json::to_string(&entries).unwrap();
    for word in ["jane", "127.0.0.1", "local-admin", "replacement card cost", "is using it", "customer "] {
        assert!(!said.contains(word), "{word}");
    }
    let checkpoint = running.read(&auditor, "/v1/audit/checkpoint").await;
    let signed = Checkpoint::open(&checkpoint.text, &keys(&running)).unwrap();
    assert!(signed.size >= entries.len() as u64 && signed.origin == "contactiq.example/audit");
    // What the auditor has is continued, not sent again.
    let rest = running.read(&auditor, &format!("/v1/audit/export?from={}", entries.len())).await;
    let whole = export::verify(&mut rest.text.as_bytes(), &keys(&running), &[signed]).unwrap();
    assert_eq!(whole.from, entries.len() as u64);
    running.read(&auditor, "/v1/audit/export?from=x").await.problem(422, "query_invalid");
    let metrics = Reply::of(running.client.get(&running.metrics)).await.text;
    for figure in ["contactiq_audit_lag_seconds", "contactiq_audit_waiting", "contactiq_audit_verified 1"] {
        assert!(metrics.contains(figure), "{figure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_never_answers_holds_the_log_not() {
    // It takes the connection and what is sent, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/checkpoints", listener.local_addr().unwrap());
    let mut held = tokio::task::JoinSet::new();
    held.spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            open.push(stream);
        }
    });
    let running = start(&[SOON, ("CONTACTIQ__AUDIT__ANCHOR_URL", &url)]).await;
    let (customer, auditor) = (running.key(Role::Customer).await, running.key(Role::Auditor).await);
    // The first checkpoint is on its way to the witness from here on.
    exported(&running, &auditor, |entries| !entries.is_empty()).await;
    let began = std::time::Instant::now();
    for round in 1..=3_usize {
        running.ask(&customer, Mode::Customer, REPLACEMENT).await;
        exported(&running, &auditor, |entries| {
            entries.iter().filter(|e| e["kind"] == "interaction").count() >= round
        })
        .await;
    }
    assert!(began.elapsed() < Duration::from_secs(9), "each round within seconds: {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_the_log_and_verifies_it() {
    let running = start(&[SOON]).await;
    let browser = Browser::sign_in(&running).await;
    browser.ask("customer", REPLACEMENT).await;
    let page = soon(async || {
        let page = browser.get("/audit?kind=interaction").await;
        page.page(200).contains("customer/replacement-card@").then_some(page)
    })
    .await;
    assert!(
        page.text.contains("Verify the whole log") && page.text.contains("contactiq.example/audit"),
        "{}",
        page.text
    );
    let verified = browser.send("/audit/verify", &[]).await;
    assert!(verified.page(200).contains("Verified:"), "{}", verified.text);
    assert!(verified.text.contains("1 records are those that were committed to"), "{}", verified.text);
    browser.send_as_it_is("/audit/verify", &[]).await.page(403);

    // Somebody changes a record in the database.
    let path = running.dir.path().join("contactiq.db");
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query("UPDATE interactions SET reason = 'other' WHERE completed_at IS NOT NULL")
        .execute(&mut raw)
        .await
        .unwrap();
    let verified = browser.send("/audit/verify", &[]).await;
    assert!(verified.page(200).contains("Not verified: interaction"), "{}", verified.text);
    // It stays found until somebody looks after it.
    assert!(browser.get("/audit").await.page(200).contains("The log does not verify"));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_on_record_and_an_export_is_verified_by_the_auditor_s_own_program() {
    let terminal = Terminal::new();
    terminal.run(&["keys", "create", "--name", "till", "--role", "service"]).well();
    let record = terminal.run(&["ask", "--mode", "customer", "--json", REPLACEMENT]).lines(0).remove(0);
    terminal.run(&["keys", "revoke", "till"]).well();
    let path = |name: &str| terminal.data().join(name).display().to_string();
    terminal.run(&["audit", "export", &path("log.jsonl")]).well();
    let listed = terminal.run(&["audit", "list", "--kind", "key", "--json"]).lines(0);
    let (commands, changes): (Vec<&Value>, Vec<&Value>) =
        listed.iter().map(|e| &e["fields"]).partition(|fields| fields["route"].is_string());
    let routes: Vec<&str> = commands.iter().map(|fields| text(fields, "route")).collect();
    assert_eq!(routes, ["keys revoke", "keys create"]);
    let actor = terminal.run(&["audit", "pseudonym", "command-line"]).well();
    assert_eq!(commands[0]["actor"], actor.trim());
    // How often the key was changed, so that an older row of it is known for one.
    assert_eq!(changes.len(), 1);
    assert_eq!((text(changes[0], "became"), text(changes[0], "generation")), ("revoked", "1"));

    let verifier = std::path::Path::new(env!("CARGO_BIN_EXE_contactiq")).with_file_name("contactiq-verify");
    let verify = |arguments: &[&str]| {
        let done =
            Command::new(&verifier).args(arguments).output().expect("cargo build --workspace builds it");
        (
            done.status.code().unwrap(),
            String::from_utf8(done.stdout).unwrap() + &String::from_utf8(done.stderr).unwrap(),
        )
    };
    let (status, said) = verify(&["log", "--key", &path("audit.pub"), &path("log.jsonl")]);
    assert!(status == 0 && said.starts_with("verified: entries 0 to "), "{said}");
    let id = text(&record, "id");
    terminal.run(&["audit", "prove", id, "--out", &path("proof.json")]).well();
    let (status, said) = verify(&["proof", "--key", &path("audit.pub"), &path("proof.json")]);
    assert!(status == 0 && said.contains(id) && said.contains("it commits to this record"), "{said}");
    assert!(said.contains(text(&record, "answer").split('.').next().unwrap()), "{said}");
    terminal.run(&["audit", "verify", "--records"]).well();
    terminal.run(&["audit", "verify", &path("log.jsonl"), "--anchors", &path("log.jsonl")]).well();

    // One byte of the export.
    let file = std::fs::read_to_string(path("log.jsonl")).unwrap();
    std::fs::write(path("changed.jsonl"), file.replacen("keys create", "keys crEate", 1)).unwrap();
    let (status, said) = verify(&["log", "--key", &path("audit.pub"), &path("changed.jsonl")]);
    assert!(status == 1 && said.starts_with("NOT VERIFIED: entry "), "{said}");
    let refused = terminal.run(&["audit", "verify", &path("changed.jsonl"), "--json"]).lines(1).remove(0);
    assert!(refused["verified"] == false && refused["entry"].is_u64(), "{refused}");

    // Another key signs from now on; what the old one signed is still known.
    let keys = terminal.run(&["audit", "keys", "--rotate"]).well();
    assert_eq!(keys.lines().count(), 2, "{keys}");
    terminal.run(&["audit", "export", &path("later.jsonl")]).well();
    let (status, said) =
        verify(&["log", "--key", &path("audit.pub"), "--anchors", &path("log.jsonl"), &path("later.jsonl")]);
    assert!(status == 0, "{said}");
    std::fs::write(path("old.pub"), keys.lines().next().unwrap()).unwrap();
    let (status, said) = verify(&["log", "--key", &path("old.pub"), &path("later.jsonl")]);
    assert!(status == 1 && said.contains("no signature of a known key"), "{said}");

    let found = terminal.run(&["doctor", "--json"]).lines(0).remove(0);
    let part =
        |found: &Value| found.as_array().unwrap().iter().find(|f| f["part"] == "audit log").unwrap().clone();
    assert!(
        part(&found)["state"] == "ok" && text(&part(&found), "detail").contains("and verifies"),
        "{found}"
    );
    // What has waited for longer than a minute is said.
    terminal.run(&["keys", "create", "--name", "another", "--role", "service"]).well();
    let options = SqliteConnectOptions::new().filename(path("contactiq.db"));
    let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
    let aged = sqlx::query("UPDATE audit_outbox SET happened_at = 1").execute(&mut raw).await.unwrap();
    assert!(aged.rows_affected() > 0);
    let late = terminal.run(&["doctor", "--json"]).lines(0).remove(0);
    assert!(
        part(&late)["state"] == "off" && text(&part(&late), "detail").contains("more than a minute"),
        "{late}"
    );
    sqlx::query("DELETE FROM audit_outbox").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    // The log's file is lost: the database remembers that there was one.
    for ending in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(path(&format!("audit.db{ending}"))));
    }
    assert!(terminal.run(&["audit", "verify"]).refused().contains("the log ends here"));
    terminal.run(&["audit", "export", &path("none.jsonl")]).refused();
}

#[tokio::test(flavor = "multi_thread")]
async fn checkpoints_are_anchored_in_a_file_and_with_a_witness() {
    type Kept = Arc<Mutex<(Vec<String>, u32)>>;
    let kept: Kept = Arc::default();
    let witness = Router::new().route(
        "/checkpoints",
        post(|State(kept): State<Kept>, body: String| async move {
            let mut kept = kept.lock().unwrap();
            kept.1 += 1;
            // It is away at first.
            if kept.1 == 1 {
                return axum::http::StatusCode::SERVICE_UNAVAILABLE;
            }
            kept.0.push(body);
            axum::http::StatusCode::NO_CONTENT
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/checkpoints", listener.local_addr().unwrap());
    let mut served = tokio::task::JoinSet::new();
    served.spawn(axum::serve(listener, witness.with_state(Arc::clone(&kept))).into_future());

    let dir = folder();
    let file = dir.path().join("anchors.jsonl").display().to_string();
    let settings = [
        SOON,
        ("CONTACTIQ__AUDIT__ANCHOR_FILE", file.as_str()),
        ("CONTACTIQ__AUDIT__ANCHOR_URL", url.as_str()),
    ];
    let running = start_in(dir, &settings).await;
    let auditor = running.key(Role::Auditor).await;
    let anchored = soon(async || {
        // Each look is an entry, and the next second has a checkpoint.
        running.read(&auditor, "/v1/audit/checkpoint").await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let posted = kept.lock().unwrap().0.concat();
        let written = std::fs::read_to_string(&file).unwrap_or_default();
        (posted.lines().count() >= 3 && written.lines().count() >= 3).then_some((posted, written))
    })
    .await;
    let export = running.read(&auditor, "/v1/audit/export").await.text;
    for anchors in [anchored.0, anchored.1] {
        let anchors = export::anchors(&mut anchors.as_bytes(), &keys(&running)).unwrap();
        assert!(anchors.is_sorted_by(|one, other| one.size < other.size), "{anchors:?}");
        let whole = export::verify(&mut export.as_bytes(), &keys(&running), &anchors).unwrap();
        assert_eq!(whole.anchors, anchors.len() as u64);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_shown_data_without_a_record_of_it_and_none_is_dropped_while_the_database_is_locked() {
    let running = start(&[SOON]).await;
    let (customer, auditor) = (running.key(Role::Customer).await, running.key(Role::Auditor).await);
    running.read(&customer, "/v1/models").await;
    let path = running.dir.path().join("contactiq.db");
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut raw).await.unwrap();
    for _ in 0..3 {
        // The spool takes what the database does not.
        assert_eq!(running.read(&customer, "/v1/models").await.status, 200);
        running.read(&customer, "/v1/costs").await.problem(403, "forbidden");
    }
    sqlx::query("ROLLBACK").execute(&mut raw).await.unwrap();
    let entries = exported(&running, &auditor, |entries| {
        let of = |route: &str| entries.iter().filter(|e| e["fields"]["route"] == route).count();
        of("/v1/models") >= 4 && of("/v1/costs") >= 3
    })
    .await;
    assert_eq!(entries.iter().filter(|e| e["fields"]["route"] == "/v1/models").count(), 4);

    // Without a spool there is no place left, and then nothing is shown.
    let bare = start(&[SOON, ("CONTACTIQ__LEDGER__SPOOL", "off")]).await;
    let customer = bare.key(Role::Customer).await;
    assert_eq!(bare.read(&customer, "/v1/models").await.status, 200);
    let path = bare.dir.path().join("contactiq.db");
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut raw).await.unwrap();
    bare.read(&customer, "/v1/models").await.openai_error(503, "unavailable");
    sqlx::query("ROLLBACK").execute(&mut raw).await.unwrap();
    soon(async || (bare.read(&customer, "/v1/models").await.status == 200).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_configuration_is_an_entry_that_names_its_fields() {
    let dir = folder();
    for threshold in ["0.7", "0.7", "0.8"] {
        let settings = [SOON, ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", threshold)];
        start_in(Arc::clone(&dir), &settings).await.stop().await;
    }
    let terminal = Terminal::of(dir);
    let listed = terminal.run(&["audit", "list", "--kind", "configuration", "--json"]).lines(0);
    let changed: Vec<&str> = listed.iter().map(|e| text(&e["fields"], "changed")).collect();
    assert_eq!(changed, ["customer.confidence_threshold", "first"]);
    terminal.run(&["audit", "verify", "--records"]).well();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_postgresql_write_one_log_and_one_goes_on_when_the_other_ends() {
    let database = Database::new().await;
    let redis = redis();
    let settings =
        [("CONTACTIQ_DATABASE_URL", database.url.as_str()), ("CONTACTIQ_REDIS_URL", &redis), PATIENT, SOON];
    let server = async || {
        let dir = folder();
        database.admit(&dir);
        start_in(dir, &settings).await
    };
    let (mut one, other) = (server().await, server().await);
    let auditor = one.key(Role::Auditor).await;
    // Every replica knows a key a second after it was made.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for round in 0..5 {
        for running in [&one, &other] {
            let reply =
                Reply::of(running.request(Method::GET, "/v1/models").bearer_auth(&auditor.text)).await;
            assert_eq!(reply.status, 200, "{round}: {}", reply.text);
        }
    }
    one.stop().await;
    other.read(&auditor, "/v1/models").await;
    let entries = exported(&other, &auditor, |entries| {
        entries.iter().filter(|e| e["fields"]["route"] == "/v1/models").count() >= 11
    })
    .await;
    assert_eq!(entries.iter().filter(|e| e["fields"]["route"] == "/v1/models").count(), 11);
    let events: std::collections::BTreeSet<&str> = entries.iter().map(|e| text(e, "event")).collect();
    assert_eq!(events.len(), entries.len(), "no event is two entries");
}
