//! The shapes of OpenAI's chat API, as far as this crate uses them. Answers are read leniently
//! where servers differ, and checked where it matters.

use serde::{Deserialize, Serialize};

use crate::{Completion, Message, ModelError};

/// No real call has more tokens; a greater figure is an error of the server.
const MOST_TOKENS: u64 = 10_000_000;

#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) messages: &'a [Message],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f32>,
    pub(super) stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: bool,
}

/// A whole answer, or one event of a stream: they differ in `message` and `delta`.
#[derive(Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) model: Option<String>,
    #[serde(default)]
    pub(super) choices: Vec<Choice>,
    #[serde(default)]
    pub(super) usage: Option<serde_json::Value>,
    #[serde(default)]
    pub(super) error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
pub(super) struct Choice {
    #[serde(default, alias = "delta")]
    pub(super) message: Option<Said>,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    pub(super) content: Option<String>,
    #[serde(default)]
    pub(super) refusal: Option<String>,
    #[serde(default)]
    pub(super) tool_calls: Option<serde_json::Value>,
}

/// What `GET /models` must look like to be one.
#[derive(Deserialize)]
pub(super) struct ModelList {
    data: Vec<serde_json::Value>,
}

impl ModelList {
    /// Whether a model is listed, or the list names none at all.
    pub(super) fn has(&self, model: &str) -> bool {
        let mut names = self.data.iter().filter_map(|listed| listed.get("id")?.as_str()).peekable();
        names.peek().is_none() || names.any(|name| name == model)
    }
}

/// Tokens as the provider counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: u64,
    pub(super) cached: u64,
    pub(super) output: u64,
}

/// Collects an answer from one whole body or from the events of a stream.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) text: String,
    pub(super) finish: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
}

impl Collected {
    /// Takes a body or an event and gives back its text.
    ///
    /// # Errors
    /// `Refused` for an error inside a success, `Garbage` for a tool call or a refusal.
    pub(super) fn take(&mut self, answer: Answer) -> Result<String, ModelError> {
        if let Some(error) = answer.error.filter(|error| !error.is_null()) {
            let status = error
                .get("code")
                .and_then(serde_json::Value::as_u64)
                .filter(|code| (400..600).contains(code));
            return Err(ModelError::Refused(status.and_then(|code| u16::try_from(code).ok()).unwrap_or(500)));
        }
        self.model = answer.model.filter(|name| is_model_name(name)).or(self.model.take());
        self.usage = answer.usage.as_ref().and_then(usage).or(self.usage);
        let Some(choice) = answer.choices.into_iter().next() else { return Ok(String::new()) };
        self.finish = choice.finish_reason.or(self.finish.take());
        let Some(said) = choice.message else { return Ok(String::new()) };
        if said.tool_calls.is_some_and(|calls| calls.as_array().is_none_or(|calls| !calls.is_empty())) {
            return Err(ModelError::Garbage { what: "a tool call" });
        }
        if said.refusal.is_some_and(|refusal| !refusal.is_empty()) {
            return Err(ModelError::Garbage { what: "a refusal" });
        }
        let text = said.content.unwrap_or_default();
        self.text.push_str(&text);
        Ok(text)
    }

    /// The completion.
    ///
    /// # Errors
    /// `Garbage` when there is no text, or the provider's filter withheld it.
    pub(super) fn finish(self, asked: &str, messages: &[Message]) -> Result<Completion, ModelError> {
        if self.finish.as_deref() == Some("content_filter") {
            return Err(ModelError::Garbage { what: "a text that its filter withheld" });
        }
        if self.text.trim().is_empty() {
            return Err(ModelError::Garbage { what: "no text" });
        }
        let counted = || Usage {
            input: messages.iter().map(|message| estimate(&message.content)).sum(),
            cached: 0,
            output: estimate(&self.text),
        };
        let usage = self.usage.unwrap_or_else(counted);
        Ok(Completion {
            model: self.model.unwrap_or_else(|| asked.to_owned()),
            asked_model: asked.to_owned(),
            input_tokens: usage.input,
            cached_input_tokens: usage.cached,
            output_tokens: usage.output,
            usage_estimated: self.usage.is_none(),
            truncated: self.finish.as_deref() == Some("length"),
            attempts: 1,
            text: self.text,
        })
    }
}

/// The figures, when all of them can be true.
fn usage(value: &serde_json::Value) -> Option<Usage> {
    let figure = |name: &str| value.get(name)?.as_u64().filter(|&tokens| tokens <= MOST_TOKENS);
    let input = figure("prompt_tokens").filter(|&tokens| tokens > 0)?;
    let details = value.get("prompt_tokens_details");
    let cached = details.and_then(|details| details.get("cached_tokens")?.as_u64()).unwrap_or(0);
    Some(Usage { input, cached: cached.min(input), output: figure("completion_tokens")? })
}

/// About four characters a token in English; three to be on the safe side of a bill.
pub(super) fn estimate(text: &str) -> u64 {
    (text.chars().count() as u64).div_ceil(3)
}

/// A name that may stand in a record: it comes from outside. llama.cpp gives the path of a file,
/// which is nobody's business.
fn is_model_name(name: &str) -> bool {
    (1..=100).contains(&name.len())
        && !name.starts_with('/')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'/' | b'@' | b'+' | b'-'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn completion(body: serde_json::Value) -> Result<Completion, ModelError> {
        let mut collected = Collected::default();
        collected.take(serde_json::from_value(body).unwrap())?;
        let messages = crate::render(&crate::prompt::example()).unwrap();
        collected.finish("asked", &messages)
    }

    fn said(text: &str, usage: serde_json::Value) -> serde_json::Value {
        json!({"model": "served", "choices": [{"message": {"content": text}, "finish_reason": "stop"}], "usage": usage})
    }

    #[test]
    fn usage_that_cannot_be_true_is_replaced_by_counting() {
        let good = completion(said(
            "Hi.",
            json!({"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}),
        ))
        .unwrap();
        assert_eq!((good.input_tokens, good.cached_input_tokens, good.output_tokens), (9, 4, 2));
        assert!(!good.usage_estimated);
        for bad in [
            json!(null),
            json!("none"),
            json!({}),
            json!({"prompt_tokens": -5, "completion_tokens": 2}),
            json!({"prompt_tokens": 0, "completion_tokens": 2}),
            json!({"prompt_tokens": 9, "completion_tokens": 1e18}),
            json!({"prompt_tokens": "9", "completion_tokens": 2}),
        ] {
            let counted = completion(said("Hi.", bad)).unwrap();
            assert!(counted.usage_estimated && counted.input_tokens > 100 && counted.output_tokens == 1);
        }
    }

    #[test]
    fn what_is_no_answer_is_named() {
        let what = |body| match completion(body) {
            Err(ModelError::Garbage { what }) => what,
            other => panic!("{other:?}"),
        };
        assert_eq!(what(json!({})), "no text");
        assert_eq!(what(json!({"choices": []})), "no text");
        assert_eq!(what(said(" \n", json!(null))), "no text");
        assert_eq!(
            what(json!({"choices": [{"message": {"content": null, "tool_calls": [{"id": "1"}]}}]})),
            "a tool call"
        );
        assert_eq!(what(json!({"choices": [{"message": {"content": null, "refusal": "No."}}]})), "a refusal");
        let filtered = json!({"choices": [{"message": {"content": "x"}, "finish_reason": "content_filter"}]});
        assert_eq!(what(filtered), "a text that its filter withheld");
        assert_eq!(completion(json!({"error": {"code": 429}})).unwrap_err(), ModelError::Refused(429));
        assert_eq!(completion(json!({"error": "bad"})).unwrap_err(), ModelError::Refused(500));
    }

    #[test]
    fn a_model_name_from_outside_is_checked() {
        assert_eq!(completion(said("Hi.", json!(null))).unwrap().model, "served");
        let mut odd = said("Hi.", json!(null));
        for name in ["<script>alert(1)</script>", "/srv/models/little.gguf", ""] {
            odd["model"] = json!(name);
            assert_eq!(completion(odd.clone()).unwrap().model, "asked");
        }
        let mut cut = said("Hi", json!(null));
        cut["choices"][0]["finish_reason"] = json!("length");
        assert!(completion(cut).unwrap().truncated);
    }
}
