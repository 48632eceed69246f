//! The turns that a client sends. The last one of the user is the question. Turns of the system, of developers and of
//! tools have no authority here and are not read; what was said before is recognised or left aside ([`Resent`]).

use super::{
    body::{Content, MOST_TURNS, Turn, Turns},
    flat::Flat,
};
use crate::api::{error::ApiError, resent::Resent};

/// What was said, as the client tells it.
#[derive(Debug, PartialEq)]
pub(super) struct Said {
    /// Questions and what the client says was answered, oldest first.
    exchanges: Vec<(String, String)>,
    /// What is asked now.
    pub(super) question: String,
}

impl Said {
    /// The same as what it is recognised by.
    pub(super) fn resent(&self, server: &[u8; 32], caller: &str) -> Resent {
        let exchanges = self.exchanges.iter().map(|(asked, answered)| (asked.as_str(), answered.as_str()));
        Resent::new(server, caller, exchanges, &self.question)
    }
}

fn invalid(param: String, detail: &'static str) -> ApiError {
    ApiError::parameter("parameter_invalid", param, detail)
}

/// Reads the turns.
///
/// # Errors
/// `parameter_invalid` or `parameter_unsupported` with the place of the turn.
pub(super) fn read(turns: Option<Turns>) -> Result<Said, ApiError> {
    let wrong = |detail: &'static str| invalid("messages".to_owned(), detail);
    let mut turns = match turns {
        Some(Turns::All(turns)) => turns,
        Some(Turns::TooMany) => {
            return Err(ApiError::parameter(
                "parameter_invalid",
                "messages",
                format!("at most {MOST_TURNS} messages: leave the oldest out"),
            ));
        }
        Some(Turns::Wrong) | None => return Err(wrong("send a list of messages, the last one of the user")),
    };
    let last = turns.len().checked_sub(1);
    let Some((last, asked)) = last.zip(turns.pop()) else {
        return Err(wrong("send a list of messages, the last one of the user"));
    };
    let mut exchanges: Vec<(String, String)> = Vec::new();
    let mut open: Option<String> = None;
    for (at, turn) in turns.into_iter().enumerate() {
        match role(at, &turn)? {
            Role::Data => {}
            // A question without an answer was not answered: it failed, or the client gave up.
            Role::User => open = Some(text(at, turn)?),
            Role::Assistant => {
                let said = match turn.content {
                    Content::Text(text) => text,
                    _ => String::new(),
                };
                match open.take() {
                    Some(asked) => exchanges.push((asked, said)),
                    // How a widget greets, before anything was asked.
                    None if exchanges.is_empty() => {}
                    // Nobody asked, so nothing was answered: what is told is not what was said here.
                    None => exchanges.push((String::new(), said)),
                }
            }
        }
    }
    match role(last, &asked)? {
        Role::User => Ok(Said { exchanges, question: text(last, asked)? }),
        Role::Assistant | Role::Data => {
            Err(invalid(format!("messages[{last}].role"), "the last message must be the user's"))
        }
    }
}

enum Role {
    User,
    Assistant,
    /// Nobody whose word counts here.
    Data,
}

fn role(at: usize, turn: &Turn) -> Result<Role, ApiError> {
    match &turn.role {
        Flat::Text(role) => match role.as_str() {
            "user" => Some(Role::User),
            "assistant" => Some(Role::Assistant),
            "system" | "developer" | "tool" | "function" => Some(Role::Data),
            _ => None,
        },
        _ => None,
    }
    .ok_or_else(|| {
        invalid(format!("messages[{at}].role"), "one of system, developer, user, assistant, tool, function")
    })
}

/// What a user's turn says.
fn text(at: usize, turn: Turn) -> Result<String, ApiError> {
    match turn.content {
        Content::Text(text) => Ok(text),
        Content::None | Content::Wrong => {
            Err(invalid(format!("messages[{at}].content"), "send a text, or a list of text parts"))
        }
        Content::Part(part) => Err(ApiError::parameter(
            "parameter_unsupported",
            format!("messages[{at}].content[{part}]"),
            "these models read text alone: send parts of the type text, with their text",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(json: &str) -> Result<Said, (String, &'static str)> {
        read(Some(serde_json::from_str(json).unwrap()))
            .map_err(|error| (error.param().unwrap_or_default().to_owned(), error.code()))
    }

    fn told(exchanges: &[(&str, &str)], question: &str) -> Result<Said, (String, &'static str)> {
        let exchanges = exchanges.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Ok(Said { exchanges, question: question.to_owned() })
    }

    #[test]
    fn the_last_turn_is_the_question_and_those_before_it_are_exchanges() {
        let turns = r#"[{"role":"system","content":"s"},{"role":"assistant","content":"Hi, I am Larky!"},
            {"role":"user","content":"a"},{"role":"developer","content":"d"},{"role":"assistant","content":"b"},
            {"role":"user","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]},
            {"role":"assistant","content":null,"tool_calls":[]},{"role":"tool","content":[{"type":"x"}]},
            {"role":"user","content":"e","name":"jo"}]"#;
        assert_eq!(said(turns), told(&[("a", "b"), ("c\nd", "")], "e"));
        assert_eq!(said(r#"[{"role":"user","content":"a"}]"#), told(&[], "a"));
    }

    #[test]
    fn a_question_that_failed_is_none_and_a_second_answer_is_told_as_one() {
        let failed = r#"[{"role":"user","content":"a"},{"role":"user","content":"a"}]"#;
        assert_eq!(said(failed), told(&[], "a"));
        let second = r#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"},
            {"role":"assistant","content":"I lied"},{"role":"user","content":"c"}]"#;
        assert_eq!(said(second), told(&[("a", "b"), ("", "I lied")], "c"));
    }

    #[test]
    fn what_can_not_be_read_is_named_by_its_place() {
        for (turns, param, code) in [
            ("[]", "messages", "parameter_invalid"),
            ("null", "messages", "parameter_invalid"),
            (r#"[{"role":"assistant","content":"a"}]"#, "messages[0].role", "parameter_invalid"),
            (
                r#"[{"role":"user","content":"a"},{"role":"system","content":"b"}]"#,
                "messages[1].role",
                "parameter_invalid",
            ),
            (r#"[{"role":"king","content":"a"}]"#, "messages[0].role", "parameter_invalid"),
            (r#"[{"content":"a"}]"#, "messages[0].role", "parameter_invalid"),
            (r#"[{"role":"user"}]"#, "messages[0].content", "parameter_invalid"),
            (
                r#"[{"role":"user","content":7},{"role":"user","content":"a"}]"#,
                "messages[0].content",
                "parameter_invalid",
            ),
            (
                r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url"}]}]"#,
                "messages[0].content[1]",
                "parameter_unsupported",
            ),
        ] {
            assert_eq!(said(turns), Err((param.to_owned(), code)), "{turns}");
        }
        assert!(read(None).is_err());
    }
}
