//! The shapes of Anthropic's Messages API, as far as this crate uses them: a request, a whole answer, and the events of
//! a stream. Kinds of events and blocks that are not known say nothing, as the API asks of its clients.

use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    Completion, Message, ModelError,
    counting::{Usage, estimate, figure, is_model_name},
};

#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) system: Option<&'a str>,
    pub(super) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) temperature: Option<f32>,
    pub(super) stream: bool,
}

#[derive(Serialize)]
pub(super) struct Turn<'a> {
    pub(super) role: &'static str,
    pub(super) content: &'a str,
}

/// A whole answer, or what `message_start` says of one.
#[derive(Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    model: Option<String>,
    #[serde(default)]
    content: Vec<Block>,
    #[serde(default)]
    stop_reason: Option<String>,
    #[serde(default)]
    usage: Option<serde_json::Value>,
    #[serde(default)]
    error: Option<Fault>,
}

/// A block of an answer, or a piece of one: they differ in their kinds.
#[derive(Default, Deserialize)]
struct Block {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    #[serde(rename = "type", default)]
    kind: String,
}

/// One event of a stream.
#[derive(Deserialize)]
pub(super) struct Event {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    message: Option<Answer>,
    #[serde(default)]
    content_block: Option<Block>,
    #[serde(default)]
    delta: Option<Block>,
    #[serde(default)]
    usage: Option<serde_json::Value>,
    #[serde(default)]
    error: Option<Fault>,
}

impl Event {
    /// Whether the model goes on; a `ping` says only that the connection stands.
    pub(super) fn is_word(&self) -> bool {
        self.kind != "ping"
    }
}

/// What the entry of a model must look like to be one.
#[derive(Deserialize)]
pub(super) struct Named {
    #[serde(rename = "id")]
    _id: IgnoredAny,
}

/// What a list of models must look like to be one.
#[derive(Deserialize)]
pub(super) struct Listed {
    #[serde(rename = "data")]
    _data: Vec<IgnoredAny>,
}

/// Collects an answer from one whole body or from the events of a stream.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) text: String,
    /// Whether `message_stop` came.
    pub(super) stopped: bool,
    reason: Option<String>,
    model: Option<String>,
    read: Option<(u64, u64)>,
    /// Of what was read, what went into the API's cache.
    kept: u64,
    written: Option<u64>,
}

impl Collected {
    /// Takes a whole answer and gives back its text.
    ///
    /// # Errors
    /// `BrokeOff` for an error inside a success; `Garbage` for a tool call, or where it is no answer.
    pub(super) fn whole(&mut self, answer: Answer) -> Result<String, ModelError> {
        if answer.error.is_none() && answer.stop_reason.is_none() && answer.content.is_empty() {
            return Err(ModelError::Garbage { what: "no answer of the Messages API" });
        }
        self.answer(answer)
    }

    fn answer(&mut self, answer: Answer) -> Result<String, ModelError> {
        if let Some(fault) = answer.error {
            return Err(ModelError::BrokeOff(status_of(&fault.kind)));
        }
        self.model = answer.model.filter(|name| is_model_name(name)).or(self.model.take());
        self.reason = answer.stop_reason.or(self.reason.take());
        self.count(answer.usage.as_ref());
        let mut text = String::new();
        for block in answer.content {
            text.push_str(&self.block(block)?);
        }
        Ok(text)
    }

    /// Takes an event and gives back its text.
    ///
    /// # Errors
    /// `BrokeOff` for an `error` event, `Garbage` for a tool call.
    pub(super) fn take(&mut self, event: Event) -> Result<String, ModelError> {
        match event.kind.as_str() {
            "message_start" => self.answer(event.message.unwrap_or_default()),
            "content_block_start" => self.block(event.content_block.unwrap_or_default()),
            "content_block_delta" => self.block(event.delta.unwrap_or_default()),
            "message_delta" => {
                self.reason = event.delta.and_then(|delta| delta.stop_reason).or(self.reason.take());
                self.count(event.usage.as_ref());
                Ok(String::new())
            }
            "message_stop" => {
                self.stopped = true;
                Ok(String::new())
            }
            "error" => {
                let kind = event.error.map(|fault| fault.kind).unwrap_or_default();
                Err(ModelError::BrokeOff(status_of(&kind)))
            }
            _ => Ok(String::new()),
        }
    }

    /// The text of a block or a piece; what a model thinks is not its answer.
    fn block(&mut self, block: Block) -> Result<String, ModelError> {
        match block.kind.as_str() {
            "text" | "text_delta" => {
                let text = block.text.unwrap_or_default();
                self.text.push_str(&text);
                Ok(text)
            }
            "tool_use" | "server_tool_use" | "input_json_delta" => {
                Err(ModelError::Garbage { what: "a tool call" })
            }
            _ => Ok(String::new()),
        }
    }

    /// What is read comes at the beginning, what was written so far with every count.
    fn count(&mut self, usage: Option<&serde_json::Value>) {
        let Some(usage) = usage else { return };
        if let Some(input) = figure(usage, "input_tokens") {
            // The API counts what went through its cache apart.
            let cached = figure(usage, "cache_read_input_tokens").unwrap_or(0);
            let kept = figure(usage, "cache_creation_input_tokens").unwrap_or(0);
            let all = input.saturating_add(cached).saturating_add(kept);
            if all > 0 {
                (self.read, self.kept) = (Some((all, cached)), kept);
            }
        }
        self.written = figure(usage, "output_tokens").or(self.written);
    }

    /// What the server said of its work so far: what it read, and what it wrote.
    pub(super) fn usage(&self) -> Option<Usage> {
        let (input, cached) = self.read?;
        Some(Usage { input, cached, cache_written: self.kept, output: self.written.unwrap_or_default() })
    }

    /// Whether it was said why the text ends.
    pub(super) fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    /// The completion.
    ///
    /// # Errors
    /// `Garbage` when there is no text, the model refused, or wanted a tool.
    pub(super) fn finish(self, asked: &str, messages: &[Message]) -> Result<Completion, ModelError> {
        let reason = self.reason.as_deref().unwrap_or_default();
        match reason {
            "refusal" => return Err(ModelError::Garbage { what: "a refusal" }),
            "tool_use" => return Err(ModelError::Garbage { what: "a tool call" }),
            _ if self.text.trim().is_empty() => return Err(ModelError::Garbage { what: "no text" }),
            _ => {}
        }
        let told = self.read.zip(self.written);
        let usage = match told {
            Some(((input, cached), output)) => Usage { input, cached, cache_written: self.kept, output },
            None => Usage {
                input: messages.iter().map(|message| estimate(&message.content)).sum(),
                cached: 0,
                cache_written: 0,
                output: estimate(&self.text),
            },
        };
        Ok(Completion {
            truncated: matches!(reason, "max_tokens" | "model_context_window_exceeded"),
            model: self.model.unwrap_or_else(|| asked.to_owned()),
            asked_model: asked.to_owned(),
            input_tokens: usage.input,
            cached_input_tokens: usage.cached,
            cache_written_tokens: usage.cache_written,
            output_tokens: usage.output,
            usage_estimated: told.is_none(),
            attempts: 1,
            form: None,
            text: self.text,
        })
    }
}

/// The status that a kind of error has outside of a success.
fn status_of(kind: &str) -> u16 {
    match kind {
        "authentication_error" => 401,
        "permission_error" => 403,
        "not_found_error" => 404,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        "invalid_request_error" => 400,
        "billing_error" => 402,
        "request_too_large" => 413,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn completion(body: serde_json::Value) -> Result<Completion, ModelError> {
        let mut collected = Collected::default();
        collected.whole(serde_json::from_value(body).unwrap())?;
        collected.finish("asked", &crate::render(&crate::prompt::example()).unwrap())
    }

    fn said(usage: serde_json::Value) -> serde_json::Value {
        json!({"model": "served", "content": [{"type": "text", "text": "Hi."}], "stop_reason": "end_turn", "usage": usage})
    }

    #[test]
    fn what_went_through_the_cache_counts_as_read() {
        let usage = json!({"input_tokens": 9, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 5,
            "output_tokens": 2});
        let counted = completion(said(usage)).unwrap();
        assert_eq!((counted.input_tokens, counted.cached_input_tokens, counted.output_tokens), (54, 40, 2));
        assert_eq!(counted.cache_written_tokens, 5);
        assert!(!counted.usage_estimated);
        for bad in [
            json!(null),
            json!({}),
            json!({"input_tokens": 0, "output_tokens": 1}),
            json!({"input_tokens": 1e18}),
        ] {
            let counted = completion(said(bad)).unwrap();
            assert!(counted.usage_estimated && counted.input_tokens > 100 && counted.output_tokens == 1);
        }
    }

    #[test]
    fn what_is_no_answer_is_named() {
        let mut body = said(json!(null));
        for (reason, what) in [("refusal", "a refusal"), ("tool_use", "a tool call")] {
            body["stop_reason"] = json!(reason);
            assert_eq!(completion(body.clone()).unwrap_err(), ModelError::Garbage { what });
        }
        body["stop_reason"] = json!("max_tokens");
        assert!(completion(body.clone()).unwrap().truncated);
        body["content"] = json!([{"type": "thinking", "thinking": "Hm."}]);
        assert_eq!(completion(body.clone()).unwrap_err(), ModelError::Garbage { what: "no text" });
        body["content"] = json!([{"type": "tool_use", "id": "t", "name": "n", "input": {}}]);
        assert_eq!(completion(body).unwrap_err(), ModelError::Garbage { what: "a tool call" });
        let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}});
        assert_eq!(completion(overloaded).unwrap_err(), ModelError::BrokeOff(529));
        assert!(matches!(completion(json!({})), Err(ModelError::Garbage { .. })));
    }
}
