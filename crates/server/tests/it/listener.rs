//! A client that hears the events of an answer as they come.

use std::time::Duration;

use serde_json::Value;
use tokio::time::timeout;

use crate::reply::text;

/// It waits no longer for anything.
const PATIENCE: Duration = Duration::from_secs(20);

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// A client that reads events as they come.
pub(crate) struct Client {
    response: reqwest::Response,
    rest: String,
    pub(crate) heard: Vec<Event>,
}

impl Client {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Client {
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        assert_eq!(response.status(), 200);
        Client { response, rest: String::new(), heard: Vec::new() }
    }

    /// The next event; none at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                let field = |name: &str| {
                    let line = block.lines().find_map(|l| l.strip_prefix(name));
                    line.unwrap_or_default().trim().to_owned()
                };
                if block.starts_with(':') {
                    continue;
                }
                let data = serde_json::from_str(&field("data:")).unwrap();
                let event = Event { id: field("id:"), name: field("event:"), data };
                self.heard.push(event.clone());
                return Some(event);
            }
            let piece = timeout(PATIENCE, self.response.chunk()).await.expect("an event comes").unwrap()?;
            self.rest.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    /// Reads until an event of this name.
    pub(crate) async fn until(&mut self, name: &str) -> Event {
        while let Some(event) = self.next().await {
            if event.name == name {
                return event;
            }
        }
        panic!("it ended without {name}: {:?}", self.heard)
    }

    /// The words since the last restart.
    pub(crate) fn words(&self) -> String {
        let begun = self.heard.iter().rposition(|e| e.name == "restart").map_or(0, |at| at + 1);
        let tokens = self.heard[begun..].iter().filter(|e| e.name == "token");
        tokens.map(|e| text(&e.data, "text")).collect()
    }

    pub(crate) fn citations(&self) -> Vec<Value> {
        let begun = self.heard.iter().rposition(|e| e.name == "restart").map_or(0, |at| at + 1);
        self.heard[begun..].iter().filter(|e| e.name == "citation").map(|e| e.data.clone()).collect()
    }

    /// Reads to the end; the record.
    pub(crate) async fn done(&mut self) -> Value {
        let record = self.until("done").await.data;
        assert_eq!(self.next().await, None, "nothing comes behind the record");
        assert_eq!(self.words(), text(&record, "answer"), "what was shown is the answer");
        assert_eq!(self.citations(), *record["citations"].as_array().unwrap());
        record
    }
}

pub(crate) fn respond(record: &Value) -> &Value {
    record["steps"].as_array().unwrap().iter().find(|s| s["step"] == "respond").unwrap()
}
