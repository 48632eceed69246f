//! The program as an auditor runs it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

use contactiq_auditlog::{Checkpoint, Entry, Frontier, Hash, SigningKey, export, receipt::Receipt};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_contactiq-verify")).args(arguments).output().unwrap()
}

#[test]
fn it_says_what_it_verified_and_what_fails_first() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("program");
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let key = SigningKey::new("bank.example/audit", &[1; 32]).unwrap();
    std::fs::write(path("keys"), format!("# the bank's\n{}\n", key.verifying_key())).unwrap();

    let entry = Entry {
        v: 1,
        index: 0,
        logged_at_us: 1,
        clock_back_us: 0,
        event: "e".to_owned(),
        at_us: 1,
        kind: "access".to_owned(),
        fields: [].into(),
        commitment: None,
    };
    let mut edge = Frontier::default();
    edge.push(Hash::leaf(&entry.to_bytes()));
    let signed =
        Checkpoint { origin: "bank.example/audit".to_owned(), size: 1, root: edge.root(), made_at_us: 1 };
    let file = [
        export::begin("bank.example/audit", &Frontier::default()),
        [entry.to_bytes(), b"\n".to_vec()].concat(),
        export::checkpoint(&signed.sign(&key).unwrap()),
        export::end(1, 1),
    ]
    .concat();
    std::fs::write(path("log"), &file).unwrap();
    let good = run(&["log", "--key", &path("keys"), "--anchors", &path("log"), &path("log")]);
    let said = String::from_utf8(good.stdout).unwrap();
    assert!(
        good.status.success() && said.starts_with("verified: entries 0 to 1 of bank.example/audit"),
        "{said}"
    );
    assert!(said.contains("1 checkpoints and 1 anchors agree"), "{said}");

    let changed = String::from_utf8(file).unwrap().replace("access", "excess");
    std::fs::write(path("changed"), changed).unwrap();
    let bad = run(&["log", "--key", &path("keys"), &path("changed")]);
    let said = String::from_utf8(bad.stderr).unwrap();
    assert_eq!(bad.status.code(), Some(1));
    assert!(said.starts_with("NOT VERIFIED: entry 0, line 3: an entry between 0 and 1"), "{said}");

    for wrong in [&["log"][..], &["proof", "--json", "x"], &["log", "--key"], &["burn", "--key", "k", "f"]] {
        assert_eq!(run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_receipt_of_an_erasure_is_verified_as_a_note_and_as_it_is_printed() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("receipt");
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let key = SigningKey::new("bank.example/audit", &[1; 32]).unwrap();
    std::fs::write(path("keys"), format!("{}\n", key.verifying_key())).unwrap();
    let receipt = Receipt {
        id: "r-1".to_owned(),
        person: "cd".repeat(32),
        erased_by: "operator".to_owned(),
        erased_at: "2026-11-29T10:00:00Z".to_owned(),
        conversations: 2,
        interactions: 7,
        exports: 0,
        held: 0,
    };
    let signed = receipt.sign(&key).unwrap();
    std::fs::write(path("note"), &signed).unwrap();
    std::fs::write(path("json"), serde_json::json!({ "id": "r-1", "signed": signed }).to_string()).unwrap();
    for file in ["note", "json"] {
        let said = String::from_utf8(run(&["receipt", "--key", &path("keys"), &path(file)]).stdout).unwrap();
        assert!(said.starts_with("verified: 7 interactions in 2 conversations"), "{said}");
    }
    std::fs::write(path("forged"), signed.replace("\"interactions\":7", "\"interactions\":9")).unwrap();
    let bad = run(&["receipt", "--key", &path("keys"), &path("forged")]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8(bad.stderr).unwrap().contains("not of the key that it names"));
}
