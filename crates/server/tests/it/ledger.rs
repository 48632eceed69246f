//! What could not be written: who sees it, and what an operator does with it.

use std::sync::Arc;

use contactiq_domain::{
    Mode, Role, Started, Timestamp,
    clock::FixedClock,
    ids::{ConversationId, InteractionId, RequestId},
};
use contactiq_server::wiring::SystemIds;
use contactiq_store::{
    Ledger, Store, access,
    conversations::Conversation,
    ledger::{Entry, Places, Start},
};
use reqwest::Method;
use serde_json::json;

use crate::{
    cluster::Database,
    house::{REPLACEMENT, Running, soon, start},
    process::Terminal,
    reply::{Reply, text},
    without_tables::two_servers,
};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// A start in a conversation of somebody else: the tables refuse it.
async fn refused(store: &Store, conversation: ConversationId) {
    let record = contactiq_guard::Masked::from_published(&contactiq_guard::Published::by_bank("a zebra?"));
    let conversation = Conversation {
        id: conversation,
        mode: Mode::Customer,
        subject: "a stranger".to_owned(),
        owner_key: None,
        label: None,
        demo: false,
        created_at: NOW,
    };
    let started = Started {
        id: InteractionId::new(&SystemIds),
        request_id: RequestId::new(&SystemIds),
        correlation_id: "c".to_owned(),
        conversation: conversation.id,
        subject: conversation.subject.clone(),
        session: "s".to_owned(),
        mode: Mode::Customer,
        question: record,
        pii_detected: false,
        demo: false,
        created_at: NOW,
    };
    let start = Start { conversation, placeholders: None, started, tokens: Vec::new(), shown: None };
    let ledger = Ledger::new(store.clone(), Places::default(), Arc::new(FixedClock::at(NOW)));
    ledger.write(Entry::Start(Box::new(start))).await.unwrap_err();
}

async fn conversation(running: &Running) -> ConversationId {
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    text(&record, "conversation").parse().unwrap()
}

#[tokio::test]
async fn administrators_list_show_replay_and_drop_dead_letters_and_nobody_else() {
    let running = start(&[]).await;
    let id = conversation(&running).await;
    refused(&running.store, id).await;
    let admin = running.key(Role::Admin).await;
    let status = running.read(&admin, "/v1/ledger").await.json();
    assert_eq!((&status["dead_letters"], &status["first_place"]), (&json!(1), &json!("closed")), "{status}");
    assert_eq!((&status["spool_entries"], &status["pending"]), (&json!(0), &json!(0)), "{status}");
    let letters = running.read(&admin, "/v1/ledger/dead-letters").await.json();
    assert_eq!(letters.as_array().unwrap().len(), 1);
    assert_eq!((&letters[0]["phase"], &letters[0]["tries"]), (&json!("start"), &json!(1)));
    assert!(text(&letters[0], "reason").contains("conversations_id") && letters[0]["entry"].is_null());
    let path = format!("/v1/ledger/dead-letters/{}", text(&letters[0], "id"));
    let shown = running.read(&admin, &path).await.json();
    assert_eq!(shown["entry"]["question"], "a zebra?", "{shown}");

    for role in [Role::Customer, Role::Banker, Role::Supervisor, Role::Auditor, Role::Service] {
        let other = running.key(role).await;
        for path in ["/v1/ledger", "/v1/ledger/dead-letters", &path] {
            running.read(&other, path).await.problem(403, "forbidden");
        }
        let replay = running.request(Method::POST, &format!("{path}/replay")).bearer_auth(&other.text);
        Reply::of(replay).await.problem(403, "forbidden");
        Reply::of(running.request(Method::DELETE, &path).bearer_auth(&other.text))
            .await
            .problem(403, "forbidden");
    }

    let replay = async |path: &str| {
        Reply::of(running.request(Method::POST, &format!("{path}/replay")).bearer_auth(&admin.text)).await
    };
    replay(&path).await.problem(422, "dead_letter_refused");
    assert_eq!(running.read(&admin, &path).await.json()["tries"], 2);
    replay("/v1/ledger/dead-letters/none").await.problem(404, "not_found");
    let drop = async || Reply::of(running.request(Method::DELETE, &path).bearer_auth(&admin.text)).await;
    assert_eq!(drop().await.status, 204);
    drop().await.problem(404, "not_found");
    running.read(&admin, "/v1/ledger/dead-letters?page=no").await.problem(422, "query_invalid");

    let figures = reqwest::get(&running.metrics).await.unwrap().text().await.unwrap();
    for name in ["contactiq_ledger_write_seconds", "contactiq_ledger_writes_total", "contactiq_spool_entries"]
    {
        assert!(figures.contains(name), "{name} in {figures}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_replays_and_drops_them_too() {
    let running = start(&[]).await;
    let id = conversation(&running).await;
    for _ in 0..3 {
        refused(&running.store, id).await;
    }
    let terminal = Terminal::of(running.dir.clone());
    let status = terminal.run(&["ledger", "status", "--json"]).lines(0);
    let spools = json!([{ "place": 0, "bytes": 0, "damaged_files": 0 }]);
    let expected = json!({ "dead_letters": 3, "unfinished": 0, "queue_entries": null, "spools": spools });
    assert_eq!(status[0], expected);
    assert!(terminal.run(&["ledger", "status"]).well().contains("3 dead letters"));
    let letters = terminal.run(&["ledger", "dead", "list", "--json"]).lines(0);
    assert_eq!(letters.len(), 3);
    let ids: Vec<&str> = letters.iter().map(|l| text(l, "id")).collect();
    assert!(terminal.run(&["ledger", "dead", "list"]).well().contains(ids[0]));
    let shown = terminal.run(&["ledger", "dead", "show", ids[0]]).well();
    assert!(shown.contains("a zebra?"), "{shown}");
    // Whoever looked is on record, with what was looked at.
    let review = ["guard", "review", "--kind", "injection", "--since", "2020-01-01", "--open"];
    terminal.run(&review).well();
    let events = access::recent(&mut running.store.read().await.unwrap(), 100).await.unwrap();
    let seen = |route: &str| {
        let event = events.iter().find(|event| event.method == "cli" && event.route == route);
        event.and_then(|event| event.target.clone()).unwrap_or_default()
    };
    assert_eq!(
        (seen("ledger dead list").as_str(), seen("ledger dead show").as_str()),
        ("list page=1", ids[0])
    );
    assert_eq!(seen("guard review"), "list kind=injection since=2020-01-01 decided=false page=1");
    assert!(terminal.run(&["ledger", "dead", "show", "none"]).refused().contains("no such dead letter"));

    let stays = terminal.run(&["ledger", "dead", "replay", "--all"]);
    assert!(stays.status == 1 && stays.err.contains("refused still"), "{stays:?}");
    let gone = terminal.run(&["ledger", "dead", "drop", ids[1], ids[2]]).well();
    assert_eq!(gone.lines().count(), 2);
    assert_eq!(terminal.run(&["ledger", "dead", "drop", ids[1]]).status, 1);
    let left = terminal.run(&["ledger", "dead", "list", "--json"]).lines(0);
    assert_eq!((left.len(), &left[0]["tries"]), (1, &json!(2)));

    // What it did is on record.
    let mut reader = running.store.read().await.unwrap();
    let events = access::recent(&mut reader, 200).await.unwrap();
    let dropped = events.iter().filter(|e| e.route == "ledger dead drop").count();
    assert_eq!(dropped, 2);
}

/// Two servers on one PostgreSQL and one Redis.
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_goes_on_at_another_replica_before_any_table_knows_it() {
    let database = Database::new().await;
    let [one, other] = &two_servers(&database).await;
    let key = one.key(Role::Customer).await;
    let mut said = vec![one.ask(&key, Mode::Customer, REPLACEMENT).await];
    for (replica, question) in [(other, "and how long does it take?"), (one, "hello"), (other, REPLACEMENT)] {
        let before = said.last().unwrap();
        let path = format!("/v1/interactions/{}", text(before, "id"));
        assert_eq!(replica.read(&key, &path).await.record(), *before);
        let body =
            json!({ "mode": "customer", "question": question, "conversation": before["conversation"] });
        said.push(replica.post(&key, "/v1/interactions", &body).await.record());
    }
    let path = format!("/v1/conversations/{}", text(&said[0], "conversation"));
    let turns = soon(async || {
        let turns = other.read(&key, &path).await.json();
        turns.as_array().cloned().filter(|turns| turns.len() == 4)
    });
    assert_eq!(turns.await, said);
    let ready = Reply::of(one.request(Method::GET, "/ready")).await.json();
    let every_second = "ok: queued in Redis, which syncs every second: a power failure may cost the last one";
    assert_eq!(text(&ready, "ledger"), every_second);
    let admin = one.key(Role::Admin).await;
    let empty = async || {
        let status = other.read(&admin, "/v1/ledger").await.json();
        (status["queue_entries"] == 0).then_some(())
    };
    soon(empty).await;
}
