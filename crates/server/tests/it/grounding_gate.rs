//! The grounding gate from outside: a model that says what it is told to, and what of it leaves the
//! building. The bank's documents are the test's own.

use std::sync::{Arc, Mutex};

use axum::routing::post;
use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    chat_server,
    house::{Key, Running, start_in},
    process::Terminal,
    reply::{text, texts},
};

pub(crate) const CURRENT: &str = "---\ntitle: Kite cards\nvalid_from: 2026-01-01\n---\n\n# Kite cards\n\n## Replacement\n\n\
    A replacement kite card costs $9 and arrives in 6 business days. There is no fee for blocking a kite card. \
    Hand form KT-4 to the Kite Desk before noon.\n";
const EXPIRED: &str = "---\ntitle: Kite cards of last year\nvalid_until: 2025-06-30\n---\n\n# Kite cards of last year\n\n\
    A replacement kite card costs $99.\n";
const STAFF: &str = "---\ntitle: Kite cards for staff\n---\n\n# Kite cards for staff\n\nStaff may send a replacement kite card by courier.\n";

pub(crate) const QUESTION: &str = "What does a replacement kite card cost?";

/// A model whose next answer is set by the test.
async fn scripted() -> (String, Arc<Mutex<String>>, JoinSet<()>) {
    let says = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&says);
    let answer = move || {
        let content = told.lock().unwrap().clone();
        async move { chat_server::completion(&content, (1, 1)) }
    };
    let (url, serving) = chat_server::answering(post(answer)).await;
    (url, says, serving)
}

struct Asked {
    running: Running,
    key: Key,
    says: Arc<Mutex<String>>,
    _serving: JoinSet<()>,
}

impl Asked {
    async fn of_the_kite_bank() -> Asked {
        let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
        for (collection, name, document) in
            [("customer", "kite.md", CURRENT), ("customer", "old.md", EXPIRED), ("banker", "staff.md", STAFF)]
        {
            let file = terminal.file(name, document).to_string_lossy().into_owned();
            terminal.run(&["knowledge", "add", "--collection", collection, &file]).well();
        }
        let (url, says, serving) = scripted().await;
        let settings = [
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ_LLM_BASE_URL", &url),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
            ("CONTACTIQ__CUSTOMER__DISCLAIMER", ""),
        ];
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Customer).await;
        Asked { running, key, says, _serving: serving }
    }

    /// What leaves when the model says this.
    async fn when_it_says(&self, words: &str) -> Value {
        *self.says.lock().unwrap() = words.to_owned();
        self.running.ask(&self.key, Mode::Customer, QUESTION).await
    }
}

/// The trace of the step that answers.
fn respond(record: &Value) -> &Value {
    record["steps"].as_array().unwrap().iter().find(|s| s["step"] == "respond").unwrap()
}

#[tokio::test]
async fn a_grounded_answer_of_a_model_leaves_with_the_sentence_it_stands_on() {
    let asked = Asked::of_the_kite_bank().await;
    let record =
        asked.when_it_says("A replacement kite card is $9. [1] You get it in 6 working days [1].").await;
    assert_eq!(
        text(&record, "answer"),
        "A replacement kite card is $9. [1] You get it in 6 working days. [1]"
    );
    assert_eq!(text(&record, "model"), "m", "{record}");
    let step = respond(&record);
    assert_eq!((text(step, "outcome"), &step["values"]["removed"]), ("generated", &json!(0.0)), "{step}");
    let citation = &record["citations"][0];
    assert_eq!(text(citation, "document"), "customer/kite");
    assert_eq!(text(citation, "as_at"), "2026-01-01");
    assert!(text(citation, "quote").contains("costs $9"), "{citation}");
}

#[tokio::test]
async fn what_the_gate_removes_is_recorded_by_its_reason_and_never_by_its_words() {
    let asked = Asked::of_the_kite_bank().await;
    let good = "A replacement kite card costs $9. [1]";
    for (bad, reason) in [
        ("A replacement kite card costs $12. [1]", "figure"),
        ("A replacement kite card arrives in six business weeks. [1]", "figure"),
        ("A replacement kite card costs $9 at the Harbour Desk. [1]", "name"),
        ("Hand form KT-7 to the Kite Desk before noon. [1]", "name"),
        ("There is a fee for blocking a kite card. [1]", "negation"),
        ("Blocking a kite card is never free. [1]", "negation"),
        ("Hand form KT-4 to the Kite Desk after noon. [1]", "negation"),
        ("Members enjoy generous rewards whenever they travel. [1]", "unsupported"),
        ("A replacement kite card costs $9.", "citation"),
        // Nothing was retrieved under this number.
        ("A replacement kite card costs $9. [2]", "citation"),
        ("A replacement kite card costs $9. [0]", "citation"),
    ] {
        let record = asked.when_it_says(&format!("{good}\n{bad}")).await;
        assert_eq!(text(&record, "answer"), good, "{bad}");
        let step = respond(&record);
        assert_eq!(step["values"]["removed"], 1.0, "{bad}: {step}");
        for code in ["figure", "negation", "name", "unsupported", "citation"] {
            let expected = if code == reason { 1.0 } else { 0.0 };
            assert_eq!(step["values"][format!("removed_{code}")], expected, "{bad}: {step}");
        }
        let words = step.to_string();
        assert!(
            !words.contains("Harbour") && !words.contains("KT-7") && !words.contains("rewards"),
            "{words}"
        );
    }
}

#[tokio::test]
async fn what_was_found_in_a_removed_sentence_is_for_a_reviewer_though_the_rest_is_shown() {
    let asked = Asked::of_the_kite_bank().await;
    let supervisor = asked.running.key(Role::Supervisor).await;
    let listed = async || asked.running.read(&supervisor, "/v1/guard/review?kind=output").await.json();
    let good = "A replacement kite card costs $9. [1]";
    asked.when_it_says(good).await;
    assert_eq!(listed().await, json!([]), "a control: nothing was found");
    for (bad, rule) in [
        ("See https://evil.example/pay for more. [1]", "unknown_link/host"),
        ("Write to mia.fowler@example.com. [1]", "personal_data/EMAIL"),
        ("You should invest your savings in shares. [1]", "advice_wording/phrases"),
        ("Press <button>pay</button> at once. [1]", "active_markup/script"),
    ] {
        let record = asked.when_it_says(&format!("{good}\n{bad}")).await;
        assert_eq!(text(&record, "answer"), good, "{bad}");
        assert_eq!(text(respond(&record), "outcome"), "generated", "{bad}: {record}");
        let all = listed().await;
        let entry = &all[0];
        assert_eq!(entry["interaction"], record["id"], "{bad}");
        assert!(entry["rules"].as_array().unwrap().contains(&json!(rule)), "{bad}: {entry}");
        assert!(!text(entry, "message").contains("mia.fowler"), "{entry}");
    }
}

#[tokio::test]
async fn an_expired_passage_and_another_collection_cannot_be_cited() {
    let asked = Asked::of_the_kite_bank().await;
    for (bad, reason) in [
        // By what they say, under the number of the passage in force…
        ("A replacement kite card costs $99. [1]", "removed_figure"),
        ("Staff may send a replacement kite card by Courier Express. [1]", "removed_name"),
        // …under a number of their own, and by their names.
        ("A replacement kite card costs $99. [2]", "removed_citation"),
        ("Staff may send a replacement kite card by courier. [3]", "removed_citation"),
        ("A replacement kite card costs $99. [customer/old]", "removed_citation"),
        ("Staff may send a replacement kite card by courier. [banker/staff]", "removed_citation"),
    ] {
        let record = asked.when_it_says(bad).await;
        // Nothing of the model is left: the cited sentences of the passage in force stand.
        assert_eq!(text(&record, "model"), "extractive", "{bad}");
        assert!(
            !text(&record, "answer").contains("$99") && !text(&record, "answer").contains("ourier"),
            "{record}"
        );
        assert_eq!(texts(&record["citations"], "document"), ["customer/kite"], "{bad}");
        assert_eq!(respond(&record)["values"][reason], 1.0, "{bad}: {record}");
    }
}
