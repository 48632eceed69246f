//! A run of `knowledge add` as a whole: stored at once or not at all, what it leaves out, and whose place a
//! document may take.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    process::Terminal,
    reply::{text, texts},
};

fn empty_bank() -> Terminal {
    Terminal::new().with("CONTACTIQ_DEMO", "off")
}

fn add(terminal: &Terminal, more: &[&str], status: i32) -> Value {
    let line = [&["knowledge", "add", "--collection", "customer", "--json"], more].concat();
    terminal.run(&line).lines(status).into()
}

fn list(terminal: &Terminal) -> Vec<Value> {
    terminal.run(&["knowledge", "list", "--json"]).lines(0)
}

fn versions(terminal: &Terminal) -> usize {
    terminal.run(&["knowledge", "versions", "--json"]).lines(0).len()
}

/// So many documents in a folder.
fn many(terminal: &Terminal, folder: &str, count: usize, words: &str) -> String {
    for n in 0..count {
        terminal.file(&format!("{folder}/kite-{n}.md"), format!("# Kite {n}\n\nKite {n} {words}\n"));
    }
    terminal.data().join("files").join(folder).display().to_string()
}

#[test]
fn a_run_is_one_version_and_with_each_every_document_is() {
    let terminal = empty_bank();
    add(&terminal, &[&many(&terminal, "one", 7, "is blue.")], 0);
    assert_eq!((list(&terminal).len(), versions(&terminal)), (7, 2));
    let changed = add(&terminal, &["--each", &many(&terminal, "one", 7, "is red.")], 0);
    assert_eq!(texts(&changed, "outcome"), ["updated"; 7]);
    assert_eq!((list(&terminal).len(), versions(&terminal)), (7, 9));
}

#[test]
fn a_run_that_is_killed_leaves_all_or_nothing() {
    let terminal = empty_bank();
    add(&terminal, &[&many(&terminal, "kept", 3, "is blue.")], 0);
    let folder = many(&terminal, "many", 200, "is red and costs $5.");
    let mut whole = 0;
    let mut nothing = 0;
    for milliseconds in [20, 60, 120, 250, 400, 600, 900] {
        let mut child = terminal
            .command(&["knowledge", "add", "--collection", "customer", "--replace", &folder])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(milliseconds) && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(child.kill());
        child.wait().unwrap();
        match (list(&terminal).len(), versions(&terminal)) {
            (3, 2) => nothing += 1,
            (200, 3) => whole += 1,
            other => panic!("half of a run is there: {other:?}"),
        }
        if whole > 0 {
            break;
        }
    }
    assert!(nothing > 0, "no run was killed early");
}

#[test]
fn another_file_of_the_same_name_replaces_nothing_unless_that_is_meant() {
    let terminal = empty_bank();
    let path = |name: &str, words: &str| terminal.file(name, words).to_string_lossy().into_owned();
    let first = path("a/Savings.md", "Savings pay 4 %.\n");
    let second = path("b/Savings+.md", "Savings Plus pays 5 %.\n");
    add(&terminal, &[&first], 0);
    let refused = add(&terminal, &[&second], 3);
    assert_eq!(text(&refused[0], "code"), "document_name_taken");
    let detail = text(&refused[0], "detail");
    assert!(detail.contains("Savings.md") && detail.contains("--replace"), "{detail}");
    let shown = || terminal.run(&["knowledge", "show", "--collection", "customer", "savings"]).well();
    assert!(shown().contains("4 %"));
    // The file itself goes on as before, and the other one once that is meant.
    path("a/Savings.md", "Savings pay 3 %.\n");
    assert_eq!(text(&add(&terminal, &[&first], 0)[0], "outcome"), "updated");
    assert_eq!(text(&add(&terminal, &["--replace", &second], 0)[0], "outcome"), "updated");
    assert!(shown().contains("5 %"));
    assert_eq!(text(&add(&terminal, &[&first], 3)[0], "code"), "document_name_taken");
    // What was removed holds no name.
    terminal.run(&["knowledge", "remove", "--collection", "customer", "savings"]).well();
    assert_eq!(text(&add(&terminal, &[&first], 0)[0], "outcome"), "updated");
}

#[test]
fn two_folders_with_one_name_in_a_run_are_not_one_document() {
    let terminal = empty_bank();
    terminal.file("bank/cards/fees.md", "A card costs $5.\n");
    terminal.file("bank/loans/fees.md", "A loan costs $50.\n");
    let folder = terminal.data().join("files/bank").display().to_string();
    for outcome in ["added", "unchanged"] {
        let rows = add(&terminal, &[&folder], 0);
        let outcomes: Vec<&str> = (0..2).map(|at| text(&rows[at], "outcome")).collect();
        assert_eq!(outcomes, [outcome, outcome], "{rows}");
    }
    // The second one is called by its folder, too.
    let listed = list(&terminal);
    let mut slugs: Vec<&str> = listed.iter().map(|d| text(d, "slug")).collect();
    slugs.sort_unstable();
    assert_eq!((slugs, &listed[0]["version"]), (vec!["fees", "loans-fees"], &json!(1)));
}

#[test]
fn the_demo_bank_replaces_no_document_of_the_bank() {
    let terminal = Terminal::new();
    let own = terminal.file("replacement-card.md", "---\ntitle: Our own\n---\nOur cards cost $3.\n");
    add(&terminal, &[&own.to_string_lossy()], 0);
    let listed = list(&terminal);
    assert!(listed.len() > 50, "the demo bank is there: {}", listed.len());
    let of_that_name: Vec<_> =
        listed.iter().filter(|d| d["slug"] == "replacement-card" && d["collection"] == "customer").collect();
    assert_eq!(of_that_name.len(), 1);
    assert_eq!((text(of_that_name[0], "title"), &of_that_name[0]["version"]), ("Our own", &json!(1)));
}

#[cfg(unix)]
#[test]
fn what_is_left_out_is_told_and_the_rest_goes_on() {
    let terminal = empty_bank();
    let good = terminal.file("in/good.md", "A card costs $5.\n");
    terminal.file("in/+++.md", "x");
    terminal.file("in/picture.png", "x");
    let link = good.with_file_name("link.md");
    std::os::unix::fs::symlink(&good, &link).unwrap();
    let folder = good.parent().unwrap().to_string_lossy().into_owned();
    let rows = add(&terminal, &[&folder, "/nowhere/at-all", &link.to_string_lossy()], 3);
    let told: Vec<(&str, &str)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let name = text(row, "file").rsplit('/').next().unwrap();
            (name, row["code"].as_str().unwrap_or(text(row, "outcome")))
        })
        .collect();
    assert_eq!(
        told,
        [
            ("+++.md", "document_name_empty"),
            ("good.md", "added"),
            ("link.md", "link_not_followed"),
            ("in", "document_format_unknown"),
            ("at-all", "path_missing"),
            ("link.md", "link_not_followed"),
        ]
    );
    // Pictures beside documents are no failure.
    let plain = terminal.file("plain/fees.md", "A cheque costs $5.\n");
    terminal.file("plain/style.css", "x");
    let rows = add(&terminal, &[&plain.parent().unwrap().to_string_lossy()], 0);
    assert_eq!(texts(&rows, "outcome"), ["added", "skipped"]);
    assert!(text(&rows[1], "detail").contains("1 .css"), "{rows}");
}

#[test]
fn html_that_asks_for_too_much_costs_that_file_alone() {
    let terminal = empty_bank();
    let open: String = (0..250).map(|n| format!("<b id={n}>")).collect();
    // Each paragraph opens all of it anew: ten million elements, from a third of a megabyte.
    let heavy = format!("<main><p>{open}</p>{}", "<p>x</p>".repeat(40_000));
    terminal.file("h/heavy.html", heavy);
    for name in ["a", "b", "c", "x", "y"] {
        terminal.file(
            &format!("h/{name}.html"),
            format!("<title>{name}</title><main><p>The fee of {name} is $5."),
        );
    }
    let folder = terminal.data().join("files/h").display().to_string();
    let rows = add(&terminal, &["--seconds", "10", &folder], 3);
    let skipped: Vec<&Value> =
        rows.as_array().unwrap().iter().filter(|row| row["outcome"] == "skipped").collect();
    assert_eq!(skipped.len(), 1, "{rows}");
    assert!(text(skipped[0], "file").ends_with("heavy.html"));
    assert!(["document_too_heavy", "document_too_slow"].contains(&text(skipped[0], "code")), "{rows}");
    assert_eq!(list(&terminal).len(), 5);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_can_t_be_written_is_a_failure() {
    let terminal = empty_bank();
    let file = terminal.file("fees.md", "A card costs $5.\n").to_string_lossy().into_owned();
    for line in [
        &["knowledge", "add", "--collection", "customer", "--json", &file][..],
        &["knowledge", "list", "--json"],
        &["knowledge", "list"],
        &["openapi"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let done = terminal.command(line).stdout(full).output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{line:?}: {said}");
        assert!(said.contains("can't be written"), "{line:?}: {said}");
    }
}

#[test]
fn no_document_steers_the_terminal() {
    let terminal = empty_bank();
    let title = "Fees\u{1b}]0;owned\u{7}\u{9b}2J";
    terminal.file("fees.md", format!("---\ntitle: {title}\n---\nA card\u{1b}[2J costs $5.\n"));
    let file = terminal.data().join("files/fees.md").display().to_string();
    add(&terminal, &[&file], 0);
    for line in [
        &["knowledge", "list"][..],
        &["knowledge", "show", "--collection", "customer", "fees"],
        &["knowledge", "add", "--collection", "customer", &file],
    ] {
        let shown = terminal.run(line).well();
        assert!(shown.contains("Fees") || shown.contains("fees"), "{shown:?}");
        assert!(shown.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t')), "{line:?}: {shown:?}");
    }
    assert_eq!(text(&list(&terminal)[0], "title"), title, "a program gets the title as it is");
}
