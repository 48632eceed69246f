//! The parameters of a completion: what is taken and has no effect, and what asks for something that there is not. An
//! answer is made of the bank's documents by the bank's rules; no client changes how.

use super::{body::Body, flat::Flat};
use crate::api::error::ApiError;

/// What a parameter may be. `null` is as if it were left out.
#[derive(Clone, Copy)]
enum Takes {
    /// A number; without effect.
    Number,
    /// A whole number; without effect.
    Integer,
    /// A whole number from 1; without effect.
    Positive,
    /// True or false; without effect, but for `stream`.
    Flag,
    /// A text; without effect, but for the names of a person.
    Text,
    /// An object; without effect.
    Object,
    /// A text or a list of texts; without effect.
    Texts,
    /// Nothing but an empty list: there are no tools, and no sound.
    Nothing,
    /// `none`, or `auto`, which chooses among no tools.
    NoChoice,
    /// 1 alone.
    One,
    /// 0 alone.
    Zero,
    /// `false` alone.
    Off,
    /// `{"type":"text"}` alone.
    PlainText,
    /// `["text"]` alone.
    TextAlone,
}

const KNOWN: &[(&str, Takes)] = &[
    ("audio", Takes::Nothing),
    ("frequency_penalty", Takes::Number),
    ("function_call", Takes::NoChoice),
    ("functions", Takes::Nothing),
    ("logit_bias", Takes::Object),
    ("logprobs", Takes::Off),
    ("max_completion_tokens", Takes::Positive),
    ("max_tokens", Takes::Positive),
    ("metadata", Takes::Object),
    ("modalities", Takes::TextAlone),
    ("n", Takes::One),
    ("parallel_tool_calls", Takes::Flag),
    ("prediction", Takes::Object),
    ("presence_penalty", Takes::Number),
    ("prompt_cache_key", Takes::Text),
    ("reasoning_effort", Takes::Text),
    ("response_format", Takes::PlainText),
    ("safety_identifier", Takes::Text),
    ("seed", Takes::Integer),
    ("service_tier", Takes::Text),
    ("stop", Takes::Texts),
    ("store", Takes::Flag),
    ("stream", Takes::Flag),
    ("temperature", Takes::Number),
    ("tool_choice", Takes::NoChoice),
    ("tools", Takes::Nothing),
    ("top_logprobs", Takes::Zero),
    ("top_p", Takes::Number),
    ("user", Takes::Text),
    ("verbosity", Takes::Text),
    ("web_search_options", Takes::Nothing),
];

/// What has a place of its own in the body.
const PLACED: &[&str] = &["contactiq", "messages", "model", "stream_options"];

/// The name of a field that is known, as we write it.
pub(super) fn name(key: &str) -> Option<&'static str> {
    let parameters = KNOWN.iter().map(|(name, _)| *name);
    parameters.chain(PLACED.iter().copied()).find(|name| *name == key)
}

/// Checks every parameter of a body.
///
/// # Errors
/// `parameter_invalid` for what is of another kind, `parameter_unsupported` for what there is not.
pub(super) fn check(body: &Body) -> Result<(), ApiError> {
    for (name, value) in &body.parameters {
        if let Some((_, takes)) = KNOWN.iter().find(|(known, _)| known == name) {
            takes.check(name, value)?;
        }
    }
    match body.stream_options.as_ref().map(|options| &options.include_usage) {
        None | Some(Flat::Null | Flat::Flag(_)) => Ok(()),
        Some(_) => Err(invalid("stream_options.include_usage", "true or false")),
    }
}

fn invalid(param: &str, takes: &str) -> ApiError {
    ApiError::parameter("parameter_invalid", param, format!("send {takes}, or leave it out"))
}

impl Takes {
    fn check(self, name: &'static str, value: &Flat) -> Result<(), ApiError> {
        let fits = match (self, value) {
            (_, Flat::Null)
            | (Takes::Number, Flat::Integer(_) | Flat::Number(_))
            | (Takes::Integer, Flat::Integer(_))
            | (Takes::Flag, Flat::Flag(_))
            | (Takes::Text | Takes::Texts, Flat::Text(_))
            | (Takes::Object, Flat::Object(_))
            | (Takes::Nothing | Takes::Texts, Flat::List(0, _))
            | (Takes::One, Flat::Integer(1))
            | (Takes::Zero, Flat::Integer(0))
            | (Takes::Off, Flat::Flag(false)) => true,
            (Takes::Positive, Flat::Integer(number)) => *number >= 1,
            (Takes::NoChoice, Flat::Text(choice)) => choice == "none" || choice == "auto",
            (Takes::PlainText, Flat::Object(kind)) => kind.as_deref() == Some("text"),
            (Takes::Texts, Flat::List(_, Some(first))) => matches!(**first, Flat::Text(_)),
            (Takes::TextAlone, Flat::List(1, Some(first))) => {
                matches!(&**first, Flat::Text(kind) if kind == "text")
            }
            _ => false,
        };
        match (fits, self.there_is_not()) {
            (true, _) => Ok(()),
            (false, Some(why)) => Err(ApiError::parameter("parameter_unsupported", name, why)),
            (false, None) => Err(invalid(name, self.expected())),
        }
    }

    /// What to know where more is asked for than there is.
    const fn there_is_not(self) -> Option<&'static str> {
        match self {
            Takes::Nothing | Takes::NoChoice => {
                Some("these models call no tools, search no web and make no sound: leave it out")
            }
            Takes::One => Some("there is one answer to a question: send 1, or leave it out"),
            Takes::Zero | Takes::Off => Some("these models give no probabilities of words: leave it out"),
            Takes::PlainText | Takes::TextAlone => Some("these models answer in text alone: leave it out"),
            _ => None,
        }
    }

    const fn expected(self) -> &'static str {
        match self {
            Takes::Number => "a number",
            Takes::Integer => "a whole number",
            Takes::Positive => "a whole number from 1",
            Takes::Flag => "true or false",
            Takes::Text => "a text",
            Takes::Object => "an object",
            _ => "a text or a list of texts",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Result<(), (String, &'static str)> {
        let body: Body = serde_json::from_str(json).unwrap();
        check(&body).map_err(|error| (error.param().unwrap_or_default().to_owned(), error.code()))
    }

    #[test]
    fn what_changes_nothing_is_taken() {
        let all = r#"{"temperature":0.2,"top_p":1,"max_tokens":100,"max_completion_tokens":100,"seed":7,"user":"u",
            "stop":["a","b"],"presence_penalty":-1,"frequency_penalty":0.5,"metadata":{"a":"b"},"store":true,
            "logit_bias":{"50256":-100},"parallel_tool_calls":false,"service_tier":"auto","reasoning_effort":"low",
            "verbosity":"low","prompt_cache_key":"k","safety_identifier":"s","prediction":{"type":"content"},
            "tools":[],"tool_choice":"none","functions":null,"function_call":"none","n":1,"logprobs":false,
            "top_logprobs":0,"response_format":{"type":"text"},"modalities":["text"],"audio":null,
            "stream":true,"stream_options":{"include_usage":true},"something_new":{"a":1}}"#;
        assert_eq!(said(all), Ok(()));
        assert_eq!(said(r#"{"stop":"a","temperature":null,"stream_options":null}"#), Ok(()));
        assert_eq!(
            said(r#"{"tool_choice":"auto","function_call":"auto","tools":[],"max_tokens":1}"#),
            Ok(())
        );
    }

    #[test]
    fn what_there_is_not_is_refused_by_its_name() {
        for (name, value) in [
            ("tools", r#"[{"type":"function","function":{"name":"f"}}]"#),
            ("tools", "{}"),
            ("functions", r#"[{"name":"f"}]"#),
            ("tool_choice", r#""required""#),
            ("tool_choice", r#"{"type":"function"}"#),
            ("function_call", r#"{"name":"f"}"#),
            ("web_search_options", "{}"),
            ("audio", r#"{"voice":"a"}"#),
            ("modalities", r#"["text","audio"]"#),
            ("modalities", r#"["audio"]"#),
            ("response_format", r#"{"type":"json_object"}"#),
            ("response_format", r#"{"type":"json_schema","json_schema":{}}"#),
            ("n", "2"),
            ("n", "0"),
            ("n", "1.0"),
            ("logprobs", "true"),
            ("top_logprobs", "3"),
        ] {
            let refused = Err((name.to_owned(), "parameter_unsupported"));
            assert_eq!(said(&format!("{{\"{name}\":{value}}}")), refused, "{name} {value}");
        }
    }

    #[test]
    fn what_is_of_another_kind_is_refused_by_its_name() {
        for (name, value) in [
            ("temperature", r#""hot""#),
            ("top_p", "[1]"),
            ("max_tokens", "1.5"),
            ("max_tokens", "0"),
            ("max_tokens", "-1"),
            ("max_completion_tokens", "0"),
            ("seed", "true"),
            ("stream", r#""yes""#),
            ("user", "7"),
            ("metadata", "[]"),
            ("stop", "[1]"),
            ("stop", "7"),
        ] {
            let refused = Err((name.to_owned(), "parameter_invalid"));
            assert_eq!(said(&format!("{{\"{name}\":{value}}}")), refused, "{name} {value}");
        }
        let usage = Err(("stream_options.include_usage".to_owned(), "parameter_invalid"));
        assert_eq!(said(r#"{"stream_options":{"include_usage":1}}"#), usage);
    }
}
