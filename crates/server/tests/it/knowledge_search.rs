//! `contactiq knowledge search` with the bank's synonyms and its filters, and documents of a role.

use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};

use crate::{
    house::start_in,
    process::Terminal,
    reply::{text, texts},
};

fn bank(documents: &[(&str, &str)]) -> Terminal {
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    for (name, text) in documents {
        let collection = if name.starts_with("staff") { "banker" } else { "customer" };
        let file = terminal.file(&format!("{name}.md"), text).display().to_string();
        terminal.run(&["knowledge", "add", "--collection", collection, &file]).well();
    }
    terminal
}

fn search(terminal: &Terminal, collection: &str, question: &str, options: &[&str]) -> Vec<Value> {
    let mut command = vec!["knowledge", "search", "--collection", collection];
    command.extend(options);
    let line = format!("{}\n", json!({ "question": question }));
    let mut found = terminal.feed(&command, line.as_bytes()).lines(0);
    found[0]["passages"].as_array_mut().map(std::mem::take).unwrap()
}

fn found(terminal: &Terminal, question: &str, options: &[&str]) -> Vec<String> {
    let passages = Value::Array(search(terminal, "customer", question, options));
    texts(&passages, "document").into_iter().map(str::to_owned).collect()
}

#[test]
fn synonyms_of_the_bank_and_abbreviations_of_its_documents_find() {
    let documents = [
        ("parking", "# Kites\n\nA wind kite of ours is flown at the shore.\n"),
        ("rules", "# Identity\n\nEach customer passes zebra yearly inspection (ZYI) once.\n"),
        ("hours", "# Hours\n\nEvery branch is open from 9 am.\n"),
    ];
    let plain = bank(&documents);
    assert!(found(&plain, "a paraglider", &[]).is_empty());
    assert_eq!(found(&plain, "when is a ZYI due", &[]), ["rules"]);
    assert_eq!(found(&plain, "zyi", &[]), ["rules"]);
    assert_eq!(found(&plain, "branch", &[]), ["hours"]);

    let own = plain.file("words.toml", "version = 1\ngroups = [[\"paraglider\", \"wind kite\"]]\n");
    let own = plain.with("CONTACTIQ__FILES__SYNONYMS", own.display().to_string());
    assert_eq!(found(&own, "a paraglider", &[]), ["parking"]);
    assert_eq!(found(&own, "branch", &[]), ["hours"], "what has no synonym is as it was");
    assert_eq!(own.run(&["config", "check"]).well(), "the configuration is valid\n");
}

#[test]
fn what_should_be_mended_in_the_banks_words_is_told_and_what_is_wrong_refused() {
    let check = |text: &str| {
        let terminal = Terminal::new();
        let file = terminal.file("words.toml", text).display().to_string();
        terminal.with("CONTACTIQ__FILES__SYNONYMS", file).run(&["config", "check"])
    };
    let ran = check("version = 1\ngroups = [[\"card\", \"Cards\"], [\"fee\"], [\"card\", \"plastic\"]]\n");
    assert_eq!((ran.status, ran.out.as_str()), (0, "the configuration is valid\n"), "{ran:?}");
    for said in [
        "words.toml: [group 1] a duplicate",
        "[group 2] an empty group",
        "[groups 1 and 3] a phrase in two groups",
    ] {
        assert!(ran.err.contains(said), "{said} in {}", ran.err);
    }
    let ran = check("version = 1\nwords = []\n");
    assert!(ran.refused().contains("words.toml: unknown field `words`"), "{}", ran.err);
}

#[test]
fn products_and_days_filter_and_copies_take_one_place() {
    let copy =
        "# Replacement\n\nA replacement surfboard costs $10 and comes by post in 5 days to your address.\n";
    let terminal = bank(&[
        ("boards", &format!("---\nproduct: surfboard\nvalid_until: 2026-03-31\n---\n{copy}")),
        (
            "boards-now",
            &format!("---\nproduct: surfboard\nvalid_from: 2026-04-01\n---\n{}", copy.replace("$10", "$12")),
        ),
        (
            "kites",
            &format!(
                "---\nproduct: kite\nvalid_from: 2026-04-02\n---\n{}",
                copy.replace("surfboard", "kite")
            ),
        ),
        ("general", "# Help\n\nA replacement costs what the list of fees says.\n"),
        (
            "copied",
            &format!(
                "---\nproduct: surfboard\nvalid_from: 2026-05-01\n---\n{}\n",
                copy.replace("$10", "$12")
            ),
        ),
    ]);
    let question = "what does a replacement cost";
    let on = |day: &str, more: &[&str]| {
        let mut options = vec!["--as-of", day];
        options.extend(more);
        let mut found = found(&terminal, question, &options);
        found.sort_unstable();
        found
    };
    assert_eq!(on("2026-03-01", &[]), ["boards", "general"]);
    assert_eq!(on("2026-04-01", &[]), ["boards-now", "general"]);
    assert_eq!(on("2026-06-01", &[]), ["copied", "general", "kites"], "of two copies the newest");
    assert_eq!(on("2026-06-01", &["--product", "kite"]), ["general", "kites"]);
    let wrong = terminal.run(&["knowledge", "search", "--collection", "customer", "--as-of", "June"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("YYYY-MM-DD"), "{}", wrong.err);
}

#[tokio::test]
async fn a_document_of_a_role_is_seen_by_that_role_and_those_above_everywhere() {
    let terminal = bank(&[
        (
            "staff-override",
            "---\ntitle: Kite override\nrole: supervisor\n---\n\nThe kite override fee is $4711.\n",
        ),
        ("staff-open", "# Kite desk\n\nThe kite desk is open until 9 pm.\n"),
    ]);
    let command = ["knowledge", "search", "--collection", "banker", "--role"];
    let ask = |role: &str| {
        let mut command = command.to_vec();
        command.push(role);
        let lines = terminal.feed(&command, b"{\"question\":\"kite override fee\"}\n").lines(0);
        texts(&lines[0]["passages"], "document").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(ask("supervisor")[0], "staff-override");
    assert_eq!(ask("banker"), ["staff-open"]);
    assert_eq!(text(&search(&terminal, "banker", "kite override fee", &[])[0], "document"), "staff-override");

    let running = start_in(terminal.folder(), &[("CONTACTIQ_DEMO", "off")]).await;
    for (role, sees) in [
        (Role::Banker, false),
        (Role::Service, false),
        (Role::Supervisor, true),
        (Role::Auditor, true),
        (Role::Admin, true),
    ] {
        let key = running.key(role).await;
        let listed = running.read(&key, "/v1/knowledge").await.json();
        let titles = texts(&listed, "title");
        assert_eq!(titles.contains(&"Kite override"), sees, "{role}");
        let passage = running.read(&key, "/v1/knowledge/banker/staff-override/passages/0").await;
        assert_eq!(passage.status, if sees { 200 } else { 404 }, "{role}");
        if role == Role::Auditor {
            continue;
        }
        let record = running.ask(&key, Mode::Banker, "What is the kite override fee?").await;
        let quoted = record.to_string().contains("4711");
        assert!(sees || !quoted, "{role}: {record}");
        let retrieved = record["steps"].to_string().contains("banker/staff-override");
        assert!(sees || !retrieved, "{role}: {record}");
    }
}
