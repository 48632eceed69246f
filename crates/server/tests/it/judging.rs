//! A model that judges an uncertain intent, and whether passages contradict each other: off unless it is switched on, in
//! one call, and only ever towards more care.

use std::sync::{Arc, Mutex};

use axum::{Json, routing::post};
use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    chat_server,
    grounding_gate::{CURRENT, QUESTION},
    house::{Key, Running, start_in},
    process::Terminal,
    reply::text,
};

const ABROAD: &str = "---\ntitle: Kite cards abroad\nvalid_from: 2026-01-01\n---\n\n# Kite cards abroad\n\n\
    A replacement kite card that is sent to you abroad by the bank comes with the courier.\n";
/// Understood, and not surely.
const UNCERTAIN: &str = "replacement kite card";

/// What the model does when it is asked to judge.
#[derive(Clone, Copy)]
enum Judges {
    /// Picks the topic of this name, or none.
    Topic(Option<&'static str>),
    /// Finds that the first two passages contradict each other, or agree.
    Contradict(bool),
    /// Writes something else.
    Babbles,
    /// Answers with 500.
    Fails,
}

/// What it was asked to judge, and how often to write an answer.
#[derive(Default)]
struct Heard {
    judged: Vec<String>,
    wrote: usize,
}

struct Bank {
    running: Running,
    key: Key,
    next: Arc<Mutex<Judges>>,
    heard: Arc<Mutex<Heard>>,
    _serving: JoinSet<()>,
}

fn number_of(system: &str, name: &str) -> usize {
    let mut numbered = system.lines().filter_map(|line| line.split_once(". "));
    let found = numbered.find(|(_, topic)| topic.starts_with(&format!("{name}:")));
    found.unwrap_or_else(|| panic!("{name} in {system}")).0.parse().unwrap()
}

impl Bank {
    async fn open(switched_on: &[&'static str]) -> Bank {
        let next = Arc::new(Mutex::new(Judges::Contradict(false)));
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (does, hears) = (Arc::clone(&next), Arc::clone(&heard));
        let answer = async move |Json(request): Json<Value>| {
            let system = text(&request["messages"][0], "content").to_owned();
            let said = if system.contains("\nTopics:\n") {
                hears.lock().unwrap().judged.push(request.to_string());
                match *does.lock().unwrap() {
                    Judges::Topic(name) => {
                        let number = name.map_or(0, |name| number_of(&system, name));
                        json!({ "topic": number, "contradict": [] }).to_string()
                    }
                    Judges::Contradict(found) => {
                        json!({ "topic": 0, "contradict": if found { vec![1, 2] } else { vec![] } })
                            .to_string()
                    }
                    Judges::Babbles => "Release everything.".to_owned(),
                    Judges::Fails => return Err(axum::http::StatusCode::INTERNAL_SERVER_ERROR),
                }
            } else {
                hears.lock().unwrap().wrote += 1;
                "NO ANSWER".to_owned()
            };
            Ok(chat_server::completion(&said, (100, 10)))
        };
        let (url, serving) = chat_server::answering(post(answer)).await;

        let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
        for (name, document) in [("kite.md", CURRENT), ("abroad.md", ABROAD)] {
            let file = terminal.file(name, document).to_string_lossy().into_owned();
            terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
        }
        let mut settings = vec![
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ_LLM_BASE_URL", url.as_str()),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "1"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
        ];
        settings.extend(switched_on.iter().map(|name| (*name, "true")));
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Customer).await;
        Bank { running, key, next, heard, _serving: serving }
    }

    async fn ask(&self, next: Judges, question: &str) -> Value {
        *self.next.lock().unwrap() = next;
        *self.heard.lock().unwrap() = Heard::default();
        self.running.ask(&self.key, Mode::Customer, question).await
    }

    fn judged(&self) -> usize {
        self.heard.lock().unwrap().judged.len()
    }
}

const INTENTS: &str = "CONTACTIQ__LLM__JUDGES_INTENTS";
const AGREEMENT: &str = "CONTACTIQ__LLM__JUDGES_AGREEMENT";

/// The trace of the judgement.
fn judgement(record: &Value) -> Option<&Value> {
    record["steps"].as_array().unwrap().iter().find(|step| step["version"] == "judge-1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_judges_nothing_unless_it_is_switched_on_and_nothing_that_is_certain() {
    let bank = Bank::open(&[]).await;
    for question in [UNCERTAIN, QUESTION] {
        let record = bank.ask(Judges::Topic(None), question).await;
        assert_eq!((bank.judged(), judgement(&record)), (0, None), "{record}");
    }
    let bank = Bank::open(&[INTENTS]).await;
    let record = bank.ask(Judges::Topic(None), QUESTION).await;
    assert_eq!((text(&record, "intent"), bank.judged()), ("fee_inquiry", 0), "{record}");
    let person = bank.ask(Judges::Topic(None), "I want to speak to a person").await;
    assert_eq!((text(&person, "outcome"), bank.judged()), ("escalated", 0), "{person}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_picks_among_the_intents_that_are_offered_and_no_word_of_it_counts_otherwise() {
    let bank = Bank::open(&[INTENTS]).await;
    let own = bank.ask(Judges::Topic(Some("fee inquiry")), UNCERTAIN).await;
    let step = judgement(&own).unwrap_or_else(|| panic!("{own}"));
    assert_eq!((text(step, "step"), text(step, "outcome")), ("understand", "judged"), "{step}");
    assert!(
        text(step, "detail").starts_with("judge-1 by openai; read as fee_inquiry, before as fee_inquiry")
    );
    assert_eq!((text(&own, "intent"), &own["tokens"]["input"]), ("fee_inquiry", &json!(200)), "{own}");

    let person = bank.ask(Judges::Topic(Some("fraud alert")), UNCERTAIN).await;
    assert_eq!((text(&person, "outcome"), text(&person, "intent")), ("escalated", "fraud_alert"), "{person}");
    assert_eq!(
        (bank.judged(), bank.heard.lock().unwrap().wrote),
        (1, 0),
        "what a person answers reaches no model"
    );
    assert!(text(&person, "classification_reason").starts_with("a model picked it instead of fee_inquiry"));

    let none = bank.ask(Judges::Topic(None), UNCERTAIN).await;
    assert_eq!((text(&none, "intent"), text(&none, "routing")), ("unknown", "guide"), "{none}");
    assert_eq!(text(&own, "routing"), "answer", "a control: {own}");

    for broken in [Judges::Babbles, Judges::Fails] {
        let record = bank.ask(broken, UNCERTAIN).await;
        let step = judgement(&record).unwrap();
        assert_eq!(
            (text(step, "outcome"), text(&record, "intent")),
            ("not_judged", "fee_inquiry"),
            "{record}"
        );
        assert!(!step.to_string().contains("Release"), "{step}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passages_that_a_model_finds_contradicting_go_to_a_person_after_one_call_for_all_of_them() {
    let bank = Bank::open(&[INTENTS, AGREEMENT]).await;
    let agree = bank.ask(Judges::Contradict(false), QUESTION).await;
    assert_eq!((text(&agree, "outcome"), bank.judged()), ("resolved", 1), "{agree}");
    assert!(text(judgement(&agree).unwrap(), "detail").ends_with("the passages agree"), "{agree}");
    let asked = bank.heard.lock().unwrap().judged[0].clone();
    assert!(
        asked.contains("passage 1") && asked.contains("passage 2") && asked.contains("Topics:\\nnone"),
        "{asked}"
    );

    let against = bank.ask(Judges::Contradict(true), QUESTION).await;
    assert_eq!((text(&against, "outcome"), bank.judged()), ("escalated", 1), "{against}");
    assert_eq!(text(&against, "trigger"), "conflicting_evidence", "{against}");
    assert!(!text(&against, "answer").contains("$9"), "{against}");
    assert_eq!(bank.heard.lock().unwrap().wrote, 0, "nothing is written of what is contradicted");
}
