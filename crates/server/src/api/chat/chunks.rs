//! A completion as a stream of chunks. The record is durable before the first of them leaves.

use std::convert::Infallible;

use axum::response::sse::{Event, Sse};
use futures_util::stream;
use serde::Serialize;

use super::completion::{Decision, Told, Usage};
use crate::api::stream::pieces;

#[derive(Serialize)]
struct Chunk<'a> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'static str,
    system_fingerprint: &'a str,
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

/// The chunks of an answer, and the mark of its end.
pub(super) fn of(
    told: &Told,
    with_usage: bool,
) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>> + use<>> {
    let said = said(told, with_usage).into_iter().chain(["[DONE]".to_owned()]);
    let events: Vec<_> = said.map(|data| Ok(Event::default().data(data))).collect();
    Sse::new(stream::iter(events))
}

fn said(told: &Told, with_usage: bool) -> Vec<String> {
    let chunk = |choices: Vec<Choice<'_>>, usage: Option<Usage>, contactiq: Option<Ours<'_>>| {
        let chunk = Chunk {
            id: &told.head.id,
            object: "chat.completion.chunk",
            created: told.head.created,
            model: told.head.model,
            system_fingerprint: &told.head.system_fingerprint,
            choices,
            usage: with_usage.then_some(usage),
            contactiq,
        };
        serde_json::to_string(&chunk).unwrap_or_default()
    };
    let delta = |role: Option<&'static str>, content: &str| {
        let content = content.to_owned();
        chunk(
            vec![Choice { delta: Delta { role, content: Some(&content) }, ..Choice::default() }],
            None,
            role.map(|_first| Ours::First { disclosure: &told.decision.disclosure }),
        )
    };
    let mut chunks = vec![delta(Some("assistant"), "")];
    chunks.extend(pieces(&told.content).into_iter().map(|piece| delta(None, piece)));
    let end = Choice { finish_reason: Some(told.finish_reason), ..Choice::default() };
    chunks.push(chunk(vec![end], None, Some(Ours::Last(Box::new(told.decision.clone())))));
    if with_usage {
        chunks.push(chunk(Vec::new(), Some(told.usage), None));
    }
    chunks
}
