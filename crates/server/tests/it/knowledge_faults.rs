//! What happens to the knowledge when files are damaged, the disk is full, or two write at once.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::{
    embeddings::Embeddings,
    process::{Ran, Terminal},
    reply::texts,
};

/// So many documents, each with a fee of its own.
fn documents(terminal: &Terminal, folder: &str, numbers: std::ops::Range<usize>) -> String {
    for n in numbers {
        let text =
            format!("# Kite {n}\n\nA kite of the kind {n} costs ${n}.\n\nIt flies at the shore {n}.\n");
        terminal.file(&format!("{folder}/kite-{n}.md"), text);
    }
    terminal.data().join("files").join(folder).display().to_string()
}

fn listed(terminal: &Terminal) -> Vec<String> {
    let lines = Value::Array(terminal.run(&["knowledge", "list", "--json"]).lines(0));
    texts(&lines, "slug").into_iter().map(str::to_owned).collect()
}

fn ask(terminal: &Terminal, question: &str) -> Ran {
    let line = format!("{}\n", json!({ "question": question }));
    terminal.feed(&["knowledge", "search", "--collection", "customer", "-k", "3"], line.as_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_of_vectors_that_is_damaged_anywhere_is_mended_and_costs_only_what_is_lost() {
    let server = Embeddings::of_words().await;
    let with = |terminal: Terminal| {
        server.settings().into_iter().fold(terminal, |terminal, (name, value)| terminal.with(name, value))
    };
    let terminal = with(Terminal::new().with("CONTACTIQ_DEMO", "off"));
    let folder = documents(&terminal, "kites", 0..12);
    terminal.run(&["knowledge", "add", "--collection", "customer", &folder]).well();
    let question = "what does a kite of the kind 7 cost";
    let whole = ask(&terminal, question).lines(0);
    let path = terminal.data().join("cache/vectors.bin");
    let bytes = std::fs::read(&path).unwrap();
    let first = server.heard().len();
    assert_eq!(ask(&terminal, question).lines(0), whole);
    // The question, and what a start asks to begin with.
    let always = server.heard().len();
    assert!(always <= 2, "a second start encodes no text of the documents: {always}");
    let told = || server.heard().len() - always;
    let all = first - always;
    assert!(all > 30, "{all}");

    let half = bytes.len() / 2;
    let flipped = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0xff;
        bytes
    };
    let cases: [(&str, Vec<u8>, usize); 8] = [
        ("empty", Vec::new(), all),
        ("a torn head", bytes[..20].to_vec(), all),
        ("half", bytes[..half].to_vec(), all / 2 + 3),
        ("one byte less", bytes[..bytes.len() - 1].to_vec(), 1),
        ("another head", flipped(3), all),
        ("a byte in the middle", flipped(half), 1),
        ("the last byte", flipped(bytes.len() - 1), 1),
        ("no such file", vec![b'x'; 5_000], all),
    ];
    for (what, damaged, most) in cases {
        std::fs::write(&path, &damaged).unwrap();
        let ran = ask(&terminal, question);
        assert_eq!(ran.lines(0), whole, "{what}");
        let warned = ran.err.contains("cache/vectors.bin was damaged");
        assert_eq!(warned, !damaged.is_empty(), "{what}: {}", ran.err);
        let again = told();
        assert!(again >= 1 && again <= most, "{what}: {again} of {all} texts were encoded again");
        let ran = ask(&terminal, question);
        assert_eq!((ran.lines(0), ran.err.as_str()), (whole.clone(), ""), "{what}: it was mended");
        assert_eq!(told(), 0, "{what}");
    }
}

#[test]
fn two_that_add_at_once_both_add_everything() {
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let folders = [documents(&terminal, "one", 0..30), documents(&terminal, "other", 20..50)];
    let running: Vec<_> = folders
        .iter()
        .map(|folder| {
            terminal
                .command(&["knowledge", "add", "--collection", "customer", "--json", folder])
                .spawn()
                .unwrap()
        })
        .collect();
    for child in running {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{done:?}");
        assert_eq!(String::from_utf8(done.stdout).unwrap().lines().count(), 30);
    }
    assert_eq!(listed(&terminal).len(), 50);
    let versions = terminal.run(&["knowledge", "versions", "--json"]).lines(0);
    assert_eq!(versions.len(), 3, "each run is a version of its own, and neither is lost");
    let changed: usize = versions.iter().map(|v| v["changes"].as_array().unwrap().len()).sum();
    assert_eq!(changed, 50, "what both add is added once");
}

#[test]
fn two_large_runs_at_once_both_store_everything() {
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let folders = [documents(&terminal, "one", 0..180), documents(&terminal, "other", 150..330)];
    let add = |folder: &String| {
        terminal.command(&["knowledge", "add", "--collection", "customer", "--json", folder]).spawn().unwrap()
    };
    let running: Vec<_> = folders.iter().map(add).collect();
    for child in running {
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
    assert_eq!(listed(&terminal).len(), 330);
    let versions = terminal.run(&["knowledge", "versions", "--json"]).lines(0);
    let changed: usize = versions.iter().map(|v| v["changes"].as_array().unwrap().len()).sum();
    assert_eq!(
        (versions.len(), changed),
        (3, 330),
        "each run is one version, and what both add is added once"
    );
}

#[test]
fn a_large_run_that_is_killed_leaves_nothing_to_be_seen_and_the_next_one_stores_all() {
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let kept = documents(&terminal, "kept", 0..3);
    terminal.run(&["knowledge", "add", "--collection", "customer", &kept]).well();
    let many = documents(&terminal, "many", 100..2_100);
    let arguments = ["knowledge", "add", "--collection", "customer", &many];
    let log = || std::fs::metadata(terminal.data().join("contactiq.db-wal")).map_or(0, |m| m.len());
    let before = log();
    let mut child = terminal.command(&arguments).spawn().unwrap();
    // A first part of it is in the database.
    while log() <= before + 100_000 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    assert_eq!(listed(&terminal).len(), 3);
    let versions = || terminal.run(&["knowledge", "versions", "--json"]).lines(0).len();
    assert_eq!(versions(), 2);
    terminal.run(&arguments).well();
    assert_eq!((listed(&terminal).len(), versions()), (2_003, 3));
    let shown = terminal.run(&["knowledge", "show", "--collection", "customer", "kite-100", "--json"]);
    let shown: Value = serde_json::from_str(&shown.well()).unwrap();
    assert_eq!(shown["document"]["version"], 1, "what the dead run staged took no number");
}

/// Runs a command that can't make a file longer than so many blocks of 512 bytes: what a full disk is to
/// it. The signal that would end it is ignored, as it is where no limit is set.
fn with_a_full_disk(terminal: &Terminal, blocks: u64, input: impl Into<Stdio>, arguments: &[&str]) -> Ran {
    let plain = terminal.command(arguments);
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"")]);
    limited.arg(plain.get_program()).args(arguments).env_clear();
    limited.env("PATH", "/usr/bin:/bin");
    limited.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    let done = limited.spawn().unwrap().wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { status: done.status.code().unwrap(), out: text(done.stdout), err: text(done.stderr) }
}

#[test]
fn a_disk_that_is_full_in_the_middle_leaves_nothing_of_a_run_and_says_so() {
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let kept = documents(&terminal, "kept", 0..3);
    terminal.run(&["knowledge", "add", "--collection", "customer", &kept]).well();
    let size = |name: &str| std::fs::metadata(terminal.data().join(name)).map_or(0, |m| m.len());
    let blocks = size("contactiq.db").max(size("contactiq.db-wal")) / 512 + 120;

    let long: String = (0..200).map(|n| format!("\nA sentence about the harbour number {n}.\n")).collect();
    for n in 0..60 {
        terminal
            .file(&format!("many/harbour-{n}.md"), format!("# Harbour {n}\n\nHarbour {n} is deep.\n{long}"));
    }
    let many = terminal.data().join("files/many").display().to_string();
    let ran = with_a_full_disk(
        &terminal,
        blocks,
        Stdio::null(),
        &["knowledge", "add", "--collection", "customer", "--json", &many],
    );
    let lines = ran.lines(3);
    let [line] = &lines[..] else { panic!("one line for all of them: {ran:?}") };
    assert_eq!((&line["outcome"], &line["code"]), (&json!("skipped"), &json!("unavailable")), "{line}");
    assert_eq!(line["file"], "60 documents");
    let why = line["detail"].as_str().unwrap();
    assert!(why.contains("nothing of this run was stored: the database is not available"), "{line}");
    // With `--each` it stops at the first that can't be stored: the next would fail as well.
    let each = with_a_full_disk(
        &terminal,
        blocks,
        Stdio::null(),
        &["knowledge", "add", "--each", "--collection", "customer", "--json", &many],
    )
    .lines(3);
    let stopped: Vec<&Value> = each.iter().filter(|line| line["outcome"] == "skipped").collect();
    assert_eq!(stopped.len(), 1, "{each:?}");
    assert!(stopped[0]["detail"].as_str().unwrap().contains("this one and all after it"), "{each:?}");
    // With room again nothing is half there: what was there is, and no more.
    let versions = terminal.run(&["knowledge", "versions", "--json"]).lines(0);
    assert_eq!(versions.len(), listed(&terminal).len() - 1, "k0 aside, the first run and each with `--each`");
    let found = ask(&terminal, "what does a kite of the kind 2 cost").lines(0);
    assert_eq!(found[0]["passages"][0]["document"], "kite-2", "what was there still answers");
    assert_eq!(terminal.run(&["knowledge", "add", "--collection", "customer", &many]).status, 0);
    assert_eq!(listed(&terminal).len(), 63);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_has_no_room_for_vectors_costs_time_and_no_answer() {
    let server = Embeddings::of_words().await;
    let terminal = server
        .settings()
        .into_iter()
        .fold(Terminal::new().with("CONTACTIQ_DEMO", "off"), |t, (name, value)| t.with(name, value));
    let folder = documents(&terminal, "kites", 0..200);
    terminal.run(&["knowledge", "add", "--collection", "customer", &folder]).well();
    // The database is not written to (what its readers share is 32 kB), and the vectors are 200 kB.
    let line = terminal.file("question.jsonl", "{\"question\":\"what does a kite of the kind 7 cost\"}\n");
    let search = ["knowledge", "search", "--collection", "customer", "-k", "3"];
    let ran = with_a_full_disk(&terminal, 128, std::fs::File::open(line).unwrap(), &search);
    let unlimited = ask(&terminal, "what does a kite of the kind 7 cost").lines(0);
    assert_eq!(ran.lines(0), unlimited);
    assert_eq!(unlimited[0]["passages"][0]["document"], "kite-7");
}
