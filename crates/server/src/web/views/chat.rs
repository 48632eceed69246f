//! The chat of either mode: `/chat/customer`, `/chat/banker`.

use contactiq_domain::Mode;

use super::{
    layout::Layout,
    prose::{Prose, Span},
    turn::TurnView,
};

/// The longest question (A9), in Unicode code points.
pub const LONGEST_QUESTION: usize = 2000;

/// A conversation. With no turns yet, the suggestions are shown.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "chat.html")]
pub struct ChatView {
    /// The frame.
    pub layout: Layout,
    /// The assistant.
    pub mode: Mode,
    /// That this is a machine, and what it answers from. The first thing on the page.
    pub disclosure: String,
    /// What is kept of what is typed here, in a sentence or two.
    pub privacy: String,
    /// The open conversation's id; none when the next question starts one.
    pub conversation: Option<String>,
    /// Its turns so far, oldest first.
    pub turns: Vec<TurnView>,
    /// Three or four questions to start with.
    pub suggestions: Vec<String>,
    /// The person's earlier conversations in this mode, newest first.
    pub conversations: Vec<ConversationLink>,
    /// Whether the configuration provides people in this mode: no heading promises one otherwise.
    pub people_available: bool,
    /// Whether `/interactions/{id}` may be linked.
    pub may_read_records: bool,
    /// Whether `/tickets/{id}` may be linked.
    pub may_read_tickets: bool,
    /// What was typed, when the page comes back with a problem. Empty otherwise.
    pub draft: String,
    /// What was wrong with it.
    pub problem: Option<String>,
    /// What no other page has: a form that is sent twice asks once.
    pub once: String,
}

/// A conversation in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationLink {
    /// Its id.
    pub id: String,
    /// Its first question, masked.
    pub title: String,
    /// When it was last used, for people.
    pub when: String,
    /// Whether it is the open one.
    pub current: bool,
}

impl ChatView {
    fn heading(&self) -> &'static str {
        match self.mode {
            Mode::Customer => "Customer assistant",
            Mode::Banker => "Staff assistant",
        }
    }

    fn longest(&self) -> usize {
        LONGEST_QUESTION
    }

    fn lead(&self) -> &'static str {
        match self.mode {
            Mode::Customer => "Ask about fees, limits, cards, disputes, transfers and applications.",
            Mode::Banker => {
                "Ask about policy, process, eligibility, fees, documents and compliant wording. \
                             Leave out names and account numbers."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_shown_as_text() {
        let nasty = "</textarea><script>alert(1)</script>\" onfocus=\"x";
        let view = ChatView {
            layout: Layout::default(),
            mode: Mode::Customer,
            disclosure: "You are talking to an automated assistant.".into(),
            privacy: String::new(),
            conversation: Some(nasty.into()),
            turns: vec![],
            suggestions: vec![nasty.into()],
            conversations: vec![ConversationLink {
                id: "c1".into(),
                title: nasty.into(),
                when: String::new(),
                current: false,
            }],
            people_available: false,
            may_read_records: false,
            may_read_tickets: false,
            draft: nasty.into(),
            problem: Some(nasty.into()),
            once: nasty.into(),
        };
        let html = askama::Template::render(&view).unwrap();
        assert!(!html.contains("<script>") && !html.contains("\" onfocus=\""));
        let main = html.find("<main").unwrap();
        assert!(html[main..].find("automated assistant") < html[main..].find("<form"), "disclosure first");
    }
}
