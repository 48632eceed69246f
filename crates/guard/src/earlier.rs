//! What the door knows of a conversation before it reads the next message.

use crate::{Masked, Placeholders, pii::Before};

/// The turn before, the asker's last messages, and the values that have placeholders. [`Earlier::default`] is a conversation that
/// begins.
#[derive(Default)]
pub struct Earlier {
    turn: Option<(Masked, Masked)>,
    questions: Vec<Masked>,
    placeholders: Placeholders,
}

impl Earlier {
    /// With the question of the turn before and what was shown then, both masked.
    #[must_use]
    pub fn after(mut self, question: Masked, answer: Masked) -> Self {
        self.turn = Some((question, answer));
        self
    }

    /// With the asker's messages that were not refused, masked, the oldest first and that of the turn before among them:
    /// an attack may come in pieces.
    #[must_use]
    pub fn with_questions(mut self, questions: Vec<Masked>) -> Self {
        self.questions = questions;
        self
    }

    /// With the conversation's placeholders: what they stand for is found again without a cue.
    #[must_use]
    pub fn with_placeholders(mut self, placeholders: Placeholders) -> Self {
        self.placeholders = placeholders;
        self
    }

    pub(crate) fn turn(&self) -> Before<'_> {
        self.turn.as_ref().map_or_else(Before::default, |(question, answer)| Before {
            question: question.as_str(),
            answer: answer.as_str(),
        })
    }

    pub(crate) fn questions(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.questions.iter().map(Masked::as_str)
    }

    pub(crate) const fn placeholders(&self) -> &Placeholders {
        &self.placeholders
    }
}

impl std::fmt::Debug for Earlier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Earlier").field("placeholders", &self.placeholders).finish_non_exhaustive()
    }
}
