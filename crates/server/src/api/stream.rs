//! An answer as server-sent events. The record is durable before the first word leaves.

use std::convert::Infallible;

use axum::response::sse::{Event, KeepAlive, Sse};
use contactiq_domain::Record;
use contactiq_guard::Masked;
use futures_util::stream;
use serde_json::json;

/// The events of a finished record: disclosure, steps, words, citations, done.
pub fn of_record(
    disclosure: &str,
    record: &Record<Masked>,
) -> Sse<impl futures_util::Stream<Item = Result<Event, Infallible>> + use<>> {
    let event = |name: &str, data: serde_json::Value| Event::default().event(name).data(data.to_string());
    let mut events = vec![event("disclosure", json!({ "text": disclosure }))];
    for step in &record.steps {
        events.push(event(
            "step",
            json!({ "step": step.step, "outcome": step.outcome, "detail": step.detail, "ms": step.ms }),
        ));
    }
    for piece in pieces(record.answer.as_str()) {
        events.push(event("token", json!({ "text": piece })));
    }
    for citation in &record.citations {
        events.push(event("citation", serde_json::to_value(citation).unwrap_or_default()));
    }
    events.push(event("done", serde_json::to_value(record).unwrap_or_default()));
    Sse::new(stream::iter(events.into_iter().map(Ok))).keep_alive(KeepAlive::default())
}

/// Words with the white space that follows them, a few at a time; joined they are the text.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut words = 0;
    let mut in_space = false;
    for (i, c) in text.char_indices() {
        if c.is_whitespace() {
            in_space = true;
        } else if in_space {
            in_space = false;
            words += 1;
            if words == 4 {
                pieces.push(&text[start..i]);
                start = i;
                words = 0;
            }
        }
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_joined_are_the_text() {
        for text in
            ["", "one", "A card costs $10 [1].\n\n- line one\n- line two é", "  leading and trailing  "]
        {
            assert_eq!(pieces(text).concat(), text);
        }
        assert_eq!(pieces("a b c d e f").len(), 2);
    }
}
