//! `contactiq knowledge`: documents in and out.

use serde_json::{Value, json};

use crate::{
    house::start_in,
    process::Terminal,
    reply::{text, texts},
};

const SURFING: &str = "---\ntitle: Surfboard loans\nurl: https://www.larkfield.example/help/surfboards\n\
    product: surfboard-loan\nvalid_from: 2026-01-01\n---\n\n# Surfboard loans\n\n## Fees\n\n\
    A surfboard loan has an establishment fee of $77.\n\n## Terms\n\nThe longest term is nine waves.\n";

fn empty_bank() -> Terminal {
    Terminal::new().with("CONTACTIQ_DEMO", "off")
}

fn add(terminal: &Terminal, path: &str, status: i32) -> Vec<Value> {
    terminal.run(&["knowledge", "add", "--collection", "customer", "--json", path]).lines(status)
}

#[test]
fn a_folder_is_added_searched_listed_and_taken_away() {
    let terminal = empty_bank();
    let file = terminal.file("bank/surfboards.md", SURFING);
    terminal.file(
        "bank/deep/kites.html",
        "<html><head><title>Kites</title></head><body><h1>Kites</h1><p>A kite costs $5.</p></body></html>",
    );
    terminal.file("bank/notes.txt", "Snorkels are lent for two days.\n");
    terminal.file("bank/picture.png", [0x89, b'P', b'N', b'G']);
    let folder = file.parent().unwrap().to_string_lossy().into_owned();

    let added = add(&terminal, &folder, 0);
    let outcomes = ["added", "added", "added", "skipped"];
    assert_eq!(texts(&Value::Array(added.clone()), "outcome"), outcomes, "a picture is counted: {added:?}");
    let again = add(&terminal, &folder, 0);
    assert_eq!(texts(&Value::Array(again[..3].to_vec()), "outcome"), ["unchanged"; 3]);

    let listed = terminal.run(&["knowledge", "list", "--collection", "customer", "--json"]).lines(0);
    let surfing = listed.iter().find(|d| d["slug"] == "surfboards").unwrap();
    assert_eq!(
        (text(surfing, "title"), text(surfing, "product"), &surfing["version"]),
        ("Surfboard loans", "surfboard-loan", &json!(1))
    );
    assert_eq!((text(surfing, "valid_from"), &surfing["valid_until"]), ("2026-01-01", &Value::Null));
    assert!(terminal.run(&["knowledge", "list"]).well().contains("3 documents"));
    assert!(
        terminal.run(&["knowledge", "show", "--collection", "customer", "surfboards"]).well().contains("$77")
    );

    let search = |question: &str| {
        let line = format!("{}\n", json!({ "question": question }));
        terminal
            .feed(&["knowledge", "search", "--collection", "customer", "-k", "2"], line.as_bytes())
            .lines(0)
            .remove(0)
    };
    let found = search("establishment fee of a surfboard loan");
    let first = &found["passages"][0];
    assert_eq!((text(first, "document"), text(first, "title")), ("surfboards", "Surfboard loans"));
    assert_eq!(text(first, "url"), "https://www.larkfield.example/help/surfboards");
    assert!(text(first, "text").contains("$77") && first["score"].is_number());
    assert!(found["passages"].as_array().unwrap().len() <= 2);

    let removed = terminal.run(&["knowledge", "remove", "--collection", "customer", "surfboards"]).well();
    assert!(removed.contains("customer/surfboards: removed"));
    let gone = terminal.run(&["knowledge", "remove", "--collection", "customer", "surfboards"]);
    assert_eq!(gone.status, 3, "{gone:?}");
    let names = ["knowledge", "remove", "--collection", "customer", "--json", "surfboards", "kites"];
    let rows = Value::Array(terminal.run(&names).lines(3));
    assert_eq!(texts(&rows, "slug"), ["surfboards", "kites"]);
    assert_eq!((&rows[0]["removed"], &rows[1]["removed"]), (&json!(false), &json!(true)));
    assert!(
        !texts(&search("establishment fee of a surfboard loan")["passages"], "document")
            .contains(&"surfboards")
    );
    let missing = terminal.run(&["knowledge", "show", "--collection", "customer", "surfboards"]);
    assert!(missing.refused().contains("there is no such document"));
}

#[tokio::test]
async fn a_change_is_on_record_with_what_it_changed_and_what_changed_nothing_is_not() {
    let terminal = empty_bank();
    let file = terminal.file("surfboards.md", SURFING);
    add(&terminal, &file.to_string_lossy(), 0);
    add(&terminal, &file.to_string_lossy(), 0);
    let remove = || terminal.run(&["knowledge", "remove", "--collection", "customer", "surfboards"]).status;
    assert_eq!((remove(), remove()), (0, 3));
    let running = start_in(terminal.folder(), &[]).await;
    let mut reader = running.store.read().await.unwrap();
    let events = contactiq_store::access::recent(&mut reader, 50).await.unwrap();
    let noted: Vec<_> = events
        .iter()
        .rev()
        .filter(|e| e.method == "cli")
        .map(|e| (e.route.as_str(), e.target.as_deref().unwrap()))
        .collect();
    let what = "customer/surfboards";
    assert_eq!(noted, [("knowledge add", what), ("knowledge remove", what)]);
}

#[test]
fn the_same_content_twice_is_one_document_and_a_change_is_a_version() {
    let terminal = empty_bank();
    let first = terminal.file("a/surfboards.md", SURFING);
    let copy = terminal.file("b/copy-of-surfboards.md", SURFING);
    assert_eq!(add(&terminal, &first.to_string_lossy(), 0)[0]["outcome"], "added");
    let twice = &add(&terminal, &copy.to_string_lossy(), 0)[0];
    assert_eq!(twice["outcome"], "duplicate", "{twice}");
    assert!(text(twice, "detail").contains("customer/surfboards"));
    terminal.file("a/surfboards.md", SURFING.replace("$77", "$78"));
    let changed = &add(&terminal, &first.to_string_lossy(), 0)[0];
    assert_eq!(changed["outcome"], "updated", "{changed}");
    let listed = terminal.run(&["knowledge", "list", "--json"]).lines(0);
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["version"], 2);
}

#[test]
fn a_broken_file_is_skipped_with_a_reason_and_the_others_are_added() {
    let terminal = empty_bank();
    terminal.file("c/good.md", SURFING);
    terminal.file(
        "c/broken-date.md",
        SURFING.replace("2026-01-01", "the first of May").replace("Surfboard", "Kayak"),
    );
    terminal.file("c/broken-text.md", b"---\ntitle: x\n---\n\n# \xff\xfe\n");
    let folder = terminal.file("c/empty.md", "").parent().unwrap().to_string_lossy().into_owned();
    let lines = add(&terminal, &folder, 3);
    for line in &lines {
        let good = text(line, "file").ends_with("good.md");
        assert_eq!(text(line, "outcome"), if good { "added" } else { "skipped" }, "{line}");
        assert!(!text(line, "detail").is_empty());
    }
    assert_eq!(lines.len(), 4);
    assert_eq!(terminal.run(&["knowledge", "list", "--json"]).lines(0).len(), 1);

    let nowhere = add(&terminal, "no-such-folder", 3);
    assert_eq!((text(&nowhere[0], "file"), text(&nowhere[0], "code")), ("no-such-folder", "path_missing"));
    let hollow = terminal.data().join("hollow");
    std::fs::create_dir(&hollow).unwrap();
    let nothing = terminal.run(&["knowledge", "add", "--collection", "customer", &hollow.to_string_lossy()]);
    assert!(nothing.refused().contains("no documents there"), "{}", nothing.err);
    let wrong = terminal.run(&["knowledge", "add", "--collection", "vault", "x.md"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("customer, banker"), "{}", wrong.err);
}

#[test]
fn a_bad_line_of_a_search_has_an_error_in_its_place() {
    let terminal = empty_bank();
    add(&terminal, &terminal.file("surfboards.md", SURFING).to_string_lossy(), 0);
    let input = b"{\"question\":\"surfboard fee\"}\n{\"query\":\"x\"}\n{\"question\":\" \"}\n{\"question\":\"term\"}\n";
    let lines = terminal.feed(&["knowledge", "search", "--collection", "customer"], input).lines(3);
    assert_eq!(lines.len(), 4);
    assert_eq!(
        (text(&lines[1]["error"], "code"), text(&lines[2]["error"], "code")),
        ("line_invalid", "question_empty")
    );
    assert!(lines[0]["passages"].is_array() && lines[3]["passages"].is_array());
}

#[test]
fn what_was_added_answers_with_its_source() {
    let terminal = Terminal::new();
    add(&terminal, &terminal.file("surfboards.md", SURFING).to_string_lossy(), 0);
    let found = terminal
        .feed(
            &["knowledge", "search", "--collection", "customer", "-k", "3"],
            b"{\"question\":\"surfboard loan establishment fee\"}\n",
        )
        .lines(0);
    assert_eq!(found[0]["passages"][0]["document"], "surfboards", "among the documents of the demo bank");
}

#[test]
fn a_demo_document_that_is_removed_before_the_first_start_stays_removed() {
    let terminal = Terminal::new();
    let remove = ["knowledge", "remove", "--collection", "customer", "replacement-card"];
    assert!(terminal.run(&remove).well().contains("replacement-card: removed"));
    let listed = terminal.run(&["knowledge", "list", "--json"]).lines(0);
    assert!(listed.len() > 50 && listed.iter().all(|d| d["slug"] != "replacement-card"));
}

#[test]
fn documents_stand_by_the_calendar_of_the_bank() {
    use contactiq_domain::{Clock, Zone};
    // 25 hours lie between the two: it is never the same day in both.
    let (east, west) = ("Pacific/Kiritimati", "Pacific/Pago_Pago");
    let day = |zone: &str| Zone::named(zone).unwrap().day(contactiq_server::wiring::SystemClock.now());
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let page =
        format!("---\nvalid_from: {0}\nvalid_until: {0}\n---\n\n# Kites\n\nA kite costs $5.\n", day(east));
    let file = terminal.file("kites.md", page).display().to_string();
    terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
    let standing = |terminal: &Terminal| {
        let listed = terminal.run(&["knowledge", "list", "--json"]).lines(0).remove(0);
        let shown = ["knowledge", "show", "--collection", "customer", "kites", "--json"];
        let shown = terminal.run(&shown).lines(0).remove(0);
        assert_eq!(listed["standing"], shown["standing"]);
        text(&listed, "standing").to_owned()
    };
    let terminal = terminal.with("CONTACTIQ__BANK__PEOPLE__TIME_ZONE", east);
    if day(east).to_string() == page_day(&terminal) {
        assert_eq!(standing(&terminal), "in_force");
        let terminal = terminal.with("CONTACTIQ__BANK__PEOPLE__TIME_ZONE", west);
        assert_eq!(standing(&terminal), "not_yet");
    }
}

/// The day for which the document was written: midnight may have passed since.
fn page_day(terminal: &Terminal) -> String {
    let listed = terminal.run(&["knowledge", "list", "--json"]).lines(0).remove(0);
    text(&listed, "valid_from").to_owned()
}
