//! A completion as a stream of chunks, each durable before it leaves.

use std::{convert::Infallible, sync::Arc};

use axum::response::sse::{Event, KeepAlive, Sse};
use contactiq_domain::{Mode, Timestamp};
use futures_util::{StreamExt, stream};
use serde::Serialize;

use super::{
    ErrorShape,
    completion::{Decision, Head, Told, Usage},
    models,
};
use crate::api::{error::ApiError, live::Telling};

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_fingerprint: Option<&'a str>,
    choices: Vec<Choice<'a>>,
    /// Where it is asked for, it stands in every chunk, empty but for the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<Usage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contactiq: Option<Ours<'a>>,
}

#[derive(Serialize, Default)]
struct Choice<'a> {
    index: u32,
    delta: Delta<'a>,
    logprobs: (),
    finish_reason: Option<&'static str>,
}

#[derive(Serialize, Default)]
struct Delta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Ours<'a> {
    /// What is to be shown first.
    First { disclosure: &'a str },
    /// What was decided, with the citations.
    Last(Box<Decision>),
}

/// What stands between what was withdrawn and the answer that begins again: these clients can't take anything back.
const WITHDRAWN: &str = "\n\n(Please disregard what stands above. The answer begins again.)\n\n";

/// The chunks of an answer as it comes, and the mark of its end.
pub(super) fn of(
    telling: Arc<Telling>,
    mode: Mode,
    (disclosure, with_usage): (String, bool),
    now: Timestamp,
) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>> + use<>> {
    let head = Head {
        id: telling.interaction().map_or_else(String::new, |id| format!("chatcmpl-{id}")),
        created: now.micros().div_euclid(1_000_000),
        model: models::name(mode),
        system_fingerprint: None,
    };
    let source = Arc::clone(&telling);
    let said = telling.happens(0).flat_map(move |happened| {
        let writer = Writer { head: &head, with_usage };
        let told = || source.answered().map(|answered| Told::new(&answered, &disclosure));
        let chunks = match happened.name {
            "disclosure" => vec![writer.first(&disclosure)],
            "token" => vec![writer.words(happened.data["text"].as_str().unwrap_or_default())],
            "restart" => vec![writer.words(WITHDRAWN)],
            "done" => told().map_or_else(Vec::new, |told| writer.last(&told)),
            "error" => {
                source.failed().map_or_else(Vec::new, |error| writer.failed(&error, source.request_id()))
            }
            _ => Vec::new(),
        };
        stream::iter(chunks.into_iter().map(|data| Ok(Event::default().data(data))))
    });
    Sse::new(said).keep_alive(KeepAlive::default())
}

/// Writes chunks of one answer.
struct Writer<'a> {
    head: &'a Head,
    with_usage: bool,
}

impl Writer<'_> {
    fn chunk(&self, choices: Vec<Choice<'_>>, usage: Option<Usage>, contactiq: Option<Ours<'_>>) -> String {
        let chunk = Chunk {
            id: &self.head.id,
            object: "chat.completion.chunk",
            created: self.head.created,
            model: self.head.model,
            system_fingerprint: self.head.system_fingerprint.as_deref(),
            choices,
            usage: self.with_usage.then_some(usage),
            contactiq,
        };
        serde_json::to_string(&chunk).unwrap_or_default()
    }

    fn first(&self, disclosure: &str) -> String {
        let delta = Delta { role: Some("assistant"), content: Some("") };
        self.chunk(vec![Choice { delta, ..Choice::default() }], None, Some(Ours::First { disclosure }))
    }

    fn words(&self, words: &str) -> String {
        let delta = Delta { role: None, content: Some(words) };
        self.chunk(vec![Choice { delta, ..Choice::default() }], None, None)
    }

    fn last(&self, told: &Told) -> Vec<String> {
        let end = Choice { finish_reason: Some(told.finish_reason), ..Choice::default() };
        let mut chunks = vec![self.chunk(vec![end], None, Some(Ours::Last(Box::new(told.decision.clone()))))];
        if self.with_usage {
            chunks.push(self.chunk(Vec::new(), Some(told.usage), None));
        }
        chunks.push("[DONE]".to_owned());
        chunks
    }

    /// Clients read an error in a chunk of its own.
    fn failed(&self, error: &ApiError, request_id: &str) -> Vec<String> {
        vec![serde_json::to_string(&ErrorShape::of(error, request_id)).unwrap_or_default()]
    }
}
