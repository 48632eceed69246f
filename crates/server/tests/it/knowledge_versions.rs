//! `contactiq knowledge versions`, `restore` and `search --version`.

use contactiq_domain::Role;
use serde_json::{Value, json};

use crate::{
    house::{soon, start_in},
    process::Terminal,
    reply::{text, texts},
};

fn bank() -> Terminal {
    Terminal::new().with("CONTACTIQ_DEMO", "off")
}

fn add(terminal: &Terminal, name: &str, text: &str) {
    let file = terminal.file(&format!("{name}.md"), text).display().to_string();
    terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
}

fn first(terminal: &Terminal, question: &str, more: &[&str]) -> Option<String> {
    let mut command = vec!["knowledge", "search", "--collection", "customer"];
    command.extend(more);
    let lines = terminal.feed(&command, format!("{}\n", json!({ "question": question })).as_bytes()).lines(0);
    texts(&lines[0]["passages"], "text").first().map(|text| (*text).to_owned())
}

/// A bank of four versions: a fee, a dearer one, a limit, the fee gone.
fn changed() -> Terminal {
    let terminal = bank();
    add(&terminal, "fees", "# Kites\n\nA kite costs $5.\n");
    add(&terminal, "fees", "# Kites\n\nA kite costs $6.\n");
    add(&terminal, "limits", "# Limits\n\nA wave is at most 9 metres high.\n");
    terminal.run(&["knowledge", "remove", "--collection", "customer", "fees"]).well();
    terminal
}

#[test]
fn versions_are_listed_searched_and_restored_with_nothing_lost() {
    let terminal = changed();
    let versions = terminal.run(&["knowledge", "versions", "--json"]).lines(0);
    let lines = Value::Array(versions.clone());
    assert_eq!(texts(&lines, "version"), ["k4", "k3", "k2", "k1", "k0"]);
    let change =
        |at: usize| (text(&versions[at]["changes"][0], "slug"), text(&versions[at]["changes"][0], "kind"));
    assert_eq!((change(0), change(1)), (("fees", "removed"), ("limits", "added")));
    assert_eq!((change(2), change(3)), (("fees", "changed"), ("fees", "added")));
    assert_eq!(
        (text(&versions[0], "made_by"), text(&versions[0], "command")),
        ("command-line", "knowledge remove")
    );
    assert!(text(&versions[0], "made_at").ends_with('Z'), "{}", versions[0]);
    let shown = terminal.run(&["knowledge", "versions", "--last", "1"]).well();
    assert!(shown.contains("1 removed (customer/fees)") && !shown.contains("k3"), "{shown}");

    assert_eq!(first(&terminal, "what does a kite cost", &[]), None);
    let old = |version| first(&terminal, "what does a kite cost", &["--version", version]);
    assert_eq!(old("k2").as_deref(), Some("A kite costs $6."));
    assert_eq!(old("k1").as_deref(), Some("A kite costs $5."));
    assert_eq!(old("k0"), None);

    let said = terminal.run(&["knowledge", "restore", "k1"]).well();
    assert!(said.starts_with("k5 has the documents of k1: 1 added, 1 removed"), "{said}");
    assert_eq!(first(&terminal, "what does a kite cost", &[]).as_deref(), Some("A kite costs $5."));
    let listed = terminal.run(&["knowledge", "list", "--json"]).lines(0);
    assert_eq!((listed.len(), &listed[0]["version"]), (1, &json!(1)), "the same document as then");
    let again = terminal.run(&["knowledge", "restore", "k1", "--json"]).lines(0);
    assert_eq!((text(&again[0], "version"), &again[0]["changes"]), ("k5", &json!([])));
    terminal.run(&["knowledge", "restore", "k4"]).well();
    assert_eq!(
        first(&terminal, "how high is a wave", &[]).as_deref(),
        Some("A wave is at most 9 metres high.")
    );
    assert_eq!(old("k5").as_deref(), Some("A kite costs $5."));

    for command in [
        &["knowledge", "restore", "k99"][..],
        &["knowledge", "search", "--collection", "customer", "--version", "k99"],
    ] {
        let ran = terminal.run(command);
        assert!(
            ran.refused().contains("there is no such version: `contactiq knowledge versions`"),
            "{ran:?}"
        );
    }
}

// The server must go on while a command runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_is_on_record_and_a_running_server_takes_it_up() {
    let terminal = changed();
    let running = start_in(terminal.folder(), &[("CONTACTIQ_DEMO", "off")]).await;
    let key = running.key(Role::Customer).await;
    let listed = async || {
        let all = running.read(&key, "/v1/knowledge").await.json();
        texts(&all, "slug").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, ["limits"]);
    terminal.run(&["knowledge", "restore", "k2"]).well();
    assert_eq!(listed().await, ["fees"]);
    soon(async || {
        let ready = running.read(&key, "/ready").await.json();
        (ready["knowledge_version"] == "k5").then_some(())
    })
    .await;
    let record = running.ask(&key, contactiq_domain::Mode::Customer, "What does a kite cost?").await;
    assert_eq!(text(&record, "knowledge_version"), "k5");
    let mut reader = running.store.read().await.unwrap();
    let events = contactiq_store::access::recent(&mut reader, 50).await.unwrap();
    let restored: Vec<_> = events
        .iter()
        .filter(|e| e.route == "knowledge restore")
        .map(|e| (e.actor.as_str(), e.target.as_deref()))
        .collect();
    assert_eq!(restored, [("command-line", Some("k2"))]);
}

#[test]
fn the_demo_bank_is_one_version() {
    let versions = Terminal::new().run(&["knowledge", "versions", "--json"]).lines(0);
    assert_eq!(versions.len(), 2);
    assert_eq!((text(&versions[0], "version"), text(&versions[0], "command")), ("k1", "demo bank"));
    assert!(versions[0]["changes"].as_array().unwrap().len() > 100);
}
