//! Pages of the web by `contactiq knowledge add`.

use serde_json::Value;

use crate::{
    papers::{docx, paragraph},
    process::Terminal,
    reply::{text, texts},
    site::{At, Site, page},
};

fn add(bank: &Terminal, more: &[&str], status: i32) -> Value {
    let line = [&["knowledge", "add", "--collection", "customer", "--json"], more].concat();
    bank.run(&line).lines(status).into()
}

fn listed(bank: &Terminal) -> Value {
    bank.run(&["knowledge", "list", "--json"]).lines(0).into()
}

fn count(rows: &Value) -> usize {
    rows.as_array().unwrap().len()
}

/// Why rows were skipped; those that were not are left out.
fn codes(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().filter_map(|row| row["code"].as_str()).collect()
}

#[test]
fn a_page_becomes_a_document_that_cites_its_address() {
    let site = Site::new();
    site.put("/kites", page("Kite loans", "<p>A kite loan has an establishment fee of $88.</p>"));
    let bank = site.bank();
    let url = site.url("/kites");
    let added = add(&bank, &["--owner", "Lending", &url], 0);
    assert_eq!((text(&added[0], "outcome"), text(&added[0], "file")), ("added", url.as_str()));
    assert_eq!(text(&add(&bank, &[&url], 0)[0], "outcome"), "updated", "the owner is no longer said");
    assert_eq!(text(&add(&bank, &[&url], 0)[0], "outcome"), "unchanged");
    let question = "What is the establishment fee of a kite loan?";
    let record = bank.run(&["ask", "--mode", "customer", "--json", question]).lines(0).remove(0);
    assert!(text(&record, "answer").contains("$88"), "{record}");
    assert_eq!(text(&record["citations"][0], "url"), url);
    assert_eq!(text(&record["citations"][0], "title"), "Kite loans");
    assert!(!text(&record["citations"][0], "quote").contains("rights"), "{record}");
}

#[test]
fn a_sitemap_brings_its_pages_and_prune_takes_away_those_that_are_gone() {
    let site = Site::new();
    for name in ["fees", "rates", "limits", "old"] {
        site.put(&format!("/{name}"), page(name, &format!("<p>All about {name} of an account.</p>")));
    }
    site.put("/paper", At::Docx(docx("", &paragraph("", "A paper on deposits and their notice."))));
    site.put("/robots.txt", At::Xml("User-agent: *\nDisallow: /secret\n".to_owned()));
    site.put("/secret", page("Secret", "<p>Not for robots.</p>"));
    site.put(
        "/index.xml",
        At::Xml(format!(
            "<sitemapindex><sitemap><loc>{}</loc></sitemap></sitemapindex>",
            site.url("/sitemap.xml")
        )),
    );
    site.sitemap(&["/fees", "/rates", "/limits", "/old", "/paper", "/fees#part"]);
    let bank = site.bank();
    let (index, map) = (site.url("/index.xml"), site.url("/sitemap.xml"));
    let added = add(&bank, &["--sitemap", &index], 0);
    assert_eq!(texts(&added, "outcome"), ["added"; 5]);

    // A file of the bank that cites a page of the site is not one of its pages.
    let note = format!("---\ntitle: Note\nurl: {}\n---\nA note.\n", site.url("/note"));
    add(&bank, &[&bank.file("note.md", note).to_string_lossy()], 0);

    // The list has a page less; one is there for nobody, one for no robot, one is broken: nothing goes.
    site.sitemap(&["/fees", "/rates", "/limits", "/paper", "/secret"]);
    site.put("/limits", At::Status(500));
    let rows = add(&bank, &["--sitemap", &map, "--prune"], 3);
    assert_eq!(codes(&rows), ["status_refused", "robots_disallowed", "prune_refused"]);
    assert!(!site.asked.lock().unwrap().contains(&"/secret".to_owned()));
    assert_eq!(count(&listed(&bank)), 6);

    site.sitemap(&["/fees", "/rates", "/limits", "/paper"]);
    site.remove("/limits");
    let rows = add(&bank, &["--sitemap", &map, "--prune"], 3);
    assert_eq!(
        texts(&rows, "outcome"),
        ["unchanged", "unchanged", "skipped", "unchanged", "removed", "removed"]
    );
    assert_eq!(count(&listed(&bank)), 4);

    // A sitemap without pages is a mistake.
    site.sitemap(&[]);
    assert_eq!(text(&add(&bank, &["--sitemap", &map, "--prune"], 3)[0], "code"), "prune_refused");
    assert_eq!(count(&listed(&bank)), 4);
}

#[test]
fn a_page_that_moved_is_not_pruned() {
    let site = Site::new();
    let said = page("Fees", "<p>A replacement card costs $10.</p>");
    site.put("/help/fees", said.clone());
    site.put("/help/other", page("Other", "<p>All about other things of an account.</p>"));
    site.sitemap(&["/help/fees", "/help/other"]);
    let (bank, map) = (site.bank(), site.url("/sitemap.xml"));
    add(&bank, &["--sitemap", &map], 0);
    site.put("/support/fees", said);
    site.remove("/help/fees");
    site.sitemap(&["/support/fees", "/help/other"]);
    let rows = add(&bank, &["--sitemap", &map, "--prune"], 0);
    assert_eq!(texts(&rows, "outcome"), ["duplicate", "unchanged"]);
    assert_eq!(count(&listed(&bank)), 2, "what it says is still there");
}

#[test]
fn a_page_that_has_lost_its_text_is_not_pruned() {
    let site = Site::new();
    for name in ["fees", "rates"] {
        site.put(&format!("/{name}"), page(name, &format!("<p>All about {name} of an account.</p>")));
    }
    site.sitemap(&["/fees", "/rates"]);
    let (bank, map) = (site.bank(), site.url("/sitemap.xml"));
    add(&bank, &["--sitemap", &map], 0);
    site.put("/rates", At::Html("<div id=app></div><script>draw()</script>".to_owned()));
    let rows = add(&bank, &["--sitemap", &map, "--prune"], 3);
    assert_eq!(codes(&rows), ["page_empty", "prune_refused"]);
    assert_eq!(count(&listed(&bank)), 2);
}

#[test]
fn a_pruning_stays_on_its_port_and_takes_no_large_part_unless_that_is_meant() {
    let (site, other) = (Site::new(), Site::new());
    let paths: Vec<String> = (0..12).map(|n| format!("/page-{n}")).collect();
    for path in &paths {
        site.put(path, page(path, &format!("<p>All about {path} of an account.</p>")));
    }
    other.put("/elsewhere", page("Elsewhere", "<p>Another site of this machine.</p>"));
    let all: Vec<&str> = paths.iter().map(String::as_str).collect();
    site.sitemap(&all);
    let allowed = format!("127.0.0.1:{},127.0.0.1:{}", site.port, other.port);
    let bank = site.bank().with("CONTACTIQ__KNOWLEDGE__FETCH__ALLOW", allowed);
    let map = site.url("/sitemap.xml");
    add(&bank, &["--sitemap", &map, &other.url("/elsewhere")], 0);
    assert_eq!(count(&listed(&bank)), 13);

    site.sitemap(&all[..8]);
    let rows = add(&bank, &["--sitemap", &map, "--prune"], 3);
    assert_eq!(codes(&rows), ["prune_too_many"]);
    let why = text(rows.as_array().unwrap().last().unwrap(), "detail");
    assert!(why.contains("4 of 12 documents") && why.contains("--yes"), "{why}");
    assert_eq!(count(&listed(&bank)), 13);
    let rows = add(&bank, &["--sitemap", &map, "--prune", "--yes"], 0);
    assert_eq!(texts(&rows, "outcome").iter().filter(|outcome| **outcome == "removed").count(), 4);
    let left = listed(&bank);
    assert_eq!(count(&left), 9);
    assert!(texts(&left, "url").contains(&other.url("/elsewhere").as_str()));
    // A few may go without a word.
    site.sitemap(&all[..6]);
    add(&bank, &["--sitemap", &map, "--prune"], 0);
    assert_eq!(count(&listed(&bank)), 7);
}

#[test]
fn a_text_of_the_web_does_not_say_who_sees_it_nor_what_is_cited() {
    let site = Site::new();
    let front = "---\ntitle: Notes\nurl: https://evil.example/login\nrole: customer\n---\nA note on fees.\n";
    site.put("/notes.txt", At::Text(front.to_owned()));
    let bank = site.bank();
    let rows = add(&bank, &[&site.url("/notes.txt")], 0);
    assert_eq!(texts(&rows, "outcome"), ["added"]);
    let list = listed(&bank);
    assert_eq!(text(&list[0], "url"), site.url("/notes.txt"));
}

#[test]
fn what_a_site_does_wrong_is_told_and_nothing_is_kept() {
    let site = Site::new();
    site.put("/closed", At::Headed("X-Robots-Tag: max-snippet:-1, noindex", "<main><p>Draft.".to_owned()));
    let noindex = "<head><meta name=robots content=noindex></head><body><main><p>Draft.</p></main>";
    site.put("/noindex", At::Html(noindex.to_owned()));
    site.put("/empty", At::Html("<nav>Menu</nav><script>draw()</script>".to_owned()));
    site.put("/image", At::Typed("image/png"));
    site.put("/circle", At::To("/circle".to_owned()));
    site.put("/inside", At::To("http://169.254.169.254/latest/meta-data".to_owned()));
    site.put("/elsewhere", At::To("http://localhost:1/x".to_owned()));
    site.put("/file", At::To("file:///etc/passwd".to_owned()));
    site.put("/endless", At::Endless);
    site.put("/large", page("Large", &"<p>more of the same text</p>".repeat(250_000)));
    let bank = site.bank();
    let urls: Vec<String> = [
        "/closed",
        "/noindex",
        "/empty",
        "/image",
        "/circle",
        "/inside",
        "/elsewhere",
        "/file",
        "/gone",
        "/endless",
        "/large",
    ]
    .iter()
    .map(|path| site.url(path))
    .collect();
    let mut line: Vec<&str> = urls.iter().map(String::as_str).collect();
    let secret = format!("http://user:hunter2@127.0.0.1:{}/x", site.port);
    line.extend([secret.as_str(), "https://user:hunter2@[x/"]);
    let rows = add(&bank, &line, 3);
    let mut codes = codes(&rows);
    // The address that can't be read is told first.
    assert_eq!(codes.remove(0), "url_invalid");
    assert_eq!(
        codes,
        [
            "noindex",
            "noindex",
            "page_empty",
            "type_refused",
            "redirect_loop",
            "host_not_allowed",
            "host_not_allowed",
            "url_scheme",
            "gone",
            "page_timeout",
            "page_too_large",
            "url_credentials",
        ]
    );
    assert!(!format!("{rows:?}").contains("hunter2"));
    assert_eq!(count(&listed(&bank)), 0);
}

#[test]
fn a_site_of_a_private_network_is_closed_unless_the_bank_opens_it() {
    let site = Site::new();
    site.put("/x", page("X", "<p>Inside.</p>"));
    let url = site.url("/x");
    let closed = site.bank().with("CONTACTIQ__KNOWLEDGE__FETCH__ALLOW_PRIVATE", "false");
    assert_eq!(text(&add(&closed, &[&url], 3)[0], "code"), "address_refused");
    assert!(site.asked.lock().unwrap().is_empty());

    let name = format!("http://localhost:{}/x", site.port);
    let named = closed.with("CONTACTIQ__KNOWLEDGE__FETCH__ALLOW", format!("localhost:{}", site.port));
    assert_eq!(text(&add(&named, &[&name], 3)[0], "code"), "address_refused");
    assert!(site.asked.lock().unwrap().is_empty());

    let nobody = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let refused = nobody.run(&["knowledge", "add", "--collection", "customer", &url]);
    assert!(refused.refused().contains("[knowledge.fetch]"), "{}", refused.refused());
}

#[test]
fn a_page_takes_another_place_only_inside_its_own_host() {
    let site = Site::new();
    let canonical = |href: &str, words: &str| {
        At::Html(format!(
            "<head><title>Fees</title><link rel=canonical href='{href}'></head><body><main><p>{words}</p></main>"
        ))
    };
    site.put("/fees?from=mail", canonical("/fees", "The fee of a canoe is $3."));
    site.put("/fees", canonical("/fees", "The fee of a canoe is $3."));
    let comment = "<head><title>Talk</title></head><body><main><p>We talk of canoes here.\
        <link rel=canonical href='/fees'></p></main></body>";
    site.put("/talk", At::Html(comment.to_owned()));
    site.put("/evil", canonical("https://other.example/fees", "The fee of a canoe is $99."));
    let bank = site.bank();
    let urls = [site.url("/fees?from=mail"), site.url("/fees"), site.url("/evil")];
    let rows = add(&bank, &[&urls[0], &urls[1], &urls[2]], 3);
    assert_eq!(texts(&rows, "outcome"), ["added", "skipped", "added"]);
    assert_eq!(text(&rows[1], "code"), "document_name_taken");
    assert_eq!(count(&listed(&bank)), 2);
    let listed = listed(&bank);
    let listed = texts(&listed, "url");
    assert!(listed.contains(&urls[1].as_str()) && listed.contains(&urls[2].as_str()), "{listed:?}");
    // What a visitor wrote into a page takes no other page's place.
    assert_eq!(texts(&add(&bank, &[&site.url("/talk")], 0), "outcome"), ["added"]);
}
