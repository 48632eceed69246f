//! Answers as JSON of a schema, through the whole house: they are gated as plain ones, and one that has not the form is
//! asked for once more.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{Json, routing::post};
use contactiq_domain::{Mode, Role};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    chat_server,
    grounding_gate::{CURRENT, QUESTION},
    house::{Key, Running, start_in},
    listener::respond,
    process::Terminal,
    reply::text,
};

struct Bank {
    running: Running,
    key: Key,
    says: Arc<Mutex<VecDeque<String>>>,
    heard: Arc<Mutex<Vec<Value>>>,
    _serving: JoinSet<()>,
}

impl Bank {
    async fn open() -> Bank {
        let (says, heard) =
            (Arc::new(Mutex::new(VecDeque::<String>::new())), Arc::<Mutex<Vec<Value>>>::default());
        let (told, hears) = (Arc::clone(&says), Arc::clone(&heard));
        let answer = async move |Json(request): Json<Value>| {
            hears.lock().unwrap().push(request);
            let content = told.lock().unwrap().pop_front().unwrap_or_default();
            chat_server::completion(&content, (1, 1))
        };
        let (url, serving) = chat_server::answering(post(answer)).await;
        let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
        let file = terminal.file("kite.md", CURRENT).to_string_lossy().into_owned();
        terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
        let settings = [
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ_LLM_BASE_URL", url.as_str()),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__LLM__STRUCTURED_OUTPUT", "true"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
            ("CONTACTIQ__CUSTOMER__DISCLAIMER", ""),
        ];
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Customer).await;
        Bank { running, key, says, heard, _serving: serving }
    }

    /// The record of a question that the model answers with these, one after the other, and how often it was asked.
    async fn when_it_says(&self, all: &[&str]) -> (Value, usize) {
        *self.says.lock().unwrap() = all.iter().map(|said| (*said).to_owned()).collect();
        self.heard.lock().unwrap().clear();
        let record = self.running.ask(&self.key, Mode::Customer, QUESTION).await;
        (record, self.heard.lock().unwrap().len())
    }
}

const GOOD: &str = "{\"sentences\":[{\"text\":\"A replacement kite card is $9.\",\"passages\":[1]},\
    {\"text\":\"You get it in 6 working days.\",\"passages\":[1]}]}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_as_json_is_gated_as_a_plain_one_and_asked_for_once_more_where_it_has_not_the_form() {
    let bank = Bank::open().await;
    let (record, asked) = bank.when_it_says(&[GOOD]).await;
    let both = "A replacement kite card is $9. [1] You get it in 6 working days. [1]";
    assert_eq!((text(&record, "answer"), asked), (both, 1), "{record}");
    assert_eq!(text(respond(&record), "version"), "answer-2+form-1", "{record}");
    assert_eq!(bank.heard.lock().unwrap()[0]["response_format"]["type"], "json_schema");

    let wrong = "{\"sentences\":[{\"text\":\"A replacement kite card is $12.\",\"passages\":[1]},\
        {\"text\":\"You get it in 6 working days.\",\"passages\":[]},\
        {\"text\":\"There is no fee for blocking a kite card.\",\"passages\":[1]}]}";
    let (record, asked) = bank.when_it_says(&[wrong, GOOD]).await;
    assert_eq!((text(&record, "answer"), asked), (both, 2), "most of the first did not stand: {record}");

    let (record, asked) = bank.when_it_says(&["It costs $9. [1]", GOOD]).await;
    assert_eq!((text(&record, "answer"), asked), (both, 2), "{record}");
    assert_eq!(text(respond(&record), "version"), "answer-2+repair-2+form-1", "{record}");
    let instructions = bank.heard.lock().unwrap()[1]["messages"][0]["content"].to_string();
    assert!(instructions.contains("had the faults named here: form."), "{instructions}");

    let (record, asked) = bank.when_it_says(&["It costs $9. [1]", "{\"sentences\":", GOOD]).await;
    assert_eq!(
        (text(&record, "model"), text(&record, "outcome"), asked),
        ("extractive", "resolved", 2),
        "{record}"
    );

    let (record, asked) = bank.when_it_says(&["{\"sentences\":[]}"]).await;
    assert_eq!((text(&record, "model"), asked), ("extractive", 1), "{record}");
    assert!(text(respond(&record), "detail").contains("found no answer in the passages"), "{record}");
}
