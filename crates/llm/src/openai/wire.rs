//! The shapes of OpenAI's chat API, as far as this crate uses them. Answers are read leniently
//! where servers differ, and checked where it matters.

use serde::{Deserialize, Serialize};

use crate::{
    Completion, Message, ModelError,
    counting::{Usage, estimate, figure, is_model_name},
};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) response_format: Option<serde_json::Value>,
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
    data: Vec<Listed>,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    id: Option<String>,
}

impl ModelList {
    /// Whether this model is among them.
    pub(super) fn has(&self, model: &str) -> bool {
        self.data.iter().any(|listed| listed.id.as_deref() == Some(model))
    }
}

impl Answer {
    /// Whether it says anything of the answer: what a filter thinks of the question (Azure's `prompt_filter_results`)
    /// comes without a choice, before the model begins.
    pub(super) fn is_of_the_answer(&self) -> bool {
        let stated = |value: Option<&serde_json::Value>| value.is_some_and(|value| !value.is_null());
        !self.choices.is_empty() || stated(self.usage.as_ref()) || stated(self.error.as_ref())
    }

    /// Whether it is one, and no error inside a success.
    ///
    /// # Errors
    /// `Refused` and `Garbage`.
    pub(super) fn check(self) -> Result<(), ModelError> {
        match self.choices.is_empty() && self.error.is_none() {
            true => Err(ModelError::Garbage { what: "no answer of the chat API" }),
            false => Collected::default().take(self).map(drop),
        }
    }
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
    /// `BrokeOff` for an error inside a success, `Garbage` for a tool call or a refusal.
    pub(super) fn take(&mut self, answer: Answer) -> Result<String, ModelError> {
        if let Some(error) = answer.error.filter(|error| !error.is_null()) {
            return Err(ModelError::BrokeOff(status_of(&error)));
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

    /// What the server said of its work so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
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
            cache_written: 0,
            output: estimate(&self.text),
        };
        let usage = self.usage.unwrap_or_else(counted);
        Ok(Completion {
            model: self.model.unwrap_or_else(|| asked.to_owned()),
            asked_model: asked.to_owned(),
            input_tokens: usage.input,
            cached_input_tokens: usage.cached,
            cache_written_tokens: usage.cache_written,
            output_tokens: usage.output,
            usage_estimated: self.usage.is_none(),
            truncated: self.finish.as_deref() == Some("length"),
            attempts: 1,
            form: None,
            text: self.text,
        })
    }
}

/// The status of an error inside a success: servers give it as a number, as a word in `code`, or as one in `type`.
fn status_of(error: &serde_json::Value) -> u16 {
    ["code", "status", "type"].into_iter().find_map(|field| meaning(error.get(field)?)).unwrap_or(500)
}

fn meaning(code: &serde_json::Value) -> Option<u16> {
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok());
    if let Some(status) = number {
        return u16::try_from(status).ok().filter(|status| (400..600).contains(status));
    }
    Some(match code.as_str()? {
        "rate_limit_exceeded" | "rate_limit_error" | "too_many_requests" | "requests" | "tokens" => 429,
        "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" => 402,
        "invalid_api_key" | "authentication_error" | "permission_error" | "permission_denied" => 401,
        "model_not_found" | "not_found_error" => 404,
        "invalid_request_error" | "context_length_exceeded" | "content_filter" => 400,
        "timeout" | "request_timeout" => 504,
        "service_unavailable" | "server_overloaded" | "engine_overloaded" | "overloaded_error" => 503,
        _ => return None,
    })
}

/// The figures, when all of them can be true.
fn usage(value: &serde_json::Value) -> Option<Usage> {
    let input = figure(value, "prompt_tokens").filter(|&tokens| tokens > 0)?;
    let details = value.get("prompt_tokens_details");
    let cached = details.and_then(|details| details.get("cached_tokens")?.as_u64()).unwrap_or(0);
    let output = figure(value, "completion_tokens")?;
    Some(Usage { input, cached: cached.min(input), cache_written: 0, output })
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
    }

    #[test]
    fn an_error_inside_a_success_is_read_in_numbers_and_in_words() {
        for (error, status) in [
            (json!({"code": 429}), 429),
            (json!({"code": "503"}), 503),
            (json!({"code": "rate_limit_exceeded", "type": "tokens"}), 429),
            (json!({"code": null, "type": "overloaded_error"}), 503),
            (json!({"code": "insufficient_quota", "type": "insufficient_quota"}), 402),
            (json!({"code": "model_not_found", "type": "invalid_request_error"}), 404),
            (json!({"code": "unheard_of", "type": "invalid_request_error"}), 400),
            (json!({"code": 7, "type": "server_error"}), 500),
            (json!("bad"), 500),
        ] {
            let broke_off = completion(json!({ "error": error })).unwrap_err();
            assert_eq!(broke_off, ModelError::BrokeOff(status), "{error}");
        }
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
