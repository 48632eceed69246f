//! What a model is asked, in the two kinds of text that may leave the house.

use std::fmt;

use contactiq_guard::{Masked, Published};

use crate::Form;

/// One request to a model.
#[derive(Clone)]
pub struct Prompt {
    /// Which version of the template it was made from; it stands in the interaction record.
    pub version: &'static str,
    /// The template: what the model is to do.
    pub system: Published,
    /// The evidence, numbered as the answer is to cite it.
    pub passages: Vec<NumberedPassage>,
    /// What was said before, oldest first.
    pub history: Vec<Exchange>,
    /// The question.
    pub question: Masked,
    /// New for each request, from the operating system's randomness: 16 to 64 ASCII letters and
    /// digits. It stands in every boundary, so that no text can forge one.
    pub nonce: String,
    /// New for each request as well, and as long: it stands in the instructions alone, and an answer that shows it
    /// shows them.
    pub canary: String,
    /// The most tokens the answer may have.
    pub max_output_tokens: u32,
    /// How it is asked for as JSON, where a server holds its model to a schema; none asks for plain text everywhere.
    pub form: Option<Form>,
}

/// A passage and the number by which the answer cites it.
#[derive(Clone)]
pub struct NumberedPassage {
    /// From 1.
    pub number: u32,
    /// Title of the document.
    pub title: Published,
    /// The passage.
    pub text: Published,
}

/// One turn of the conversation so far.
#[derive(Clone)]
pub struct Exchange {
    /// What the person asked.
    pub question: Masked,
    /// What was answered.
    pub answer: Masked,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prompt")
            .field("version", &self.version)
            .field("passages", &self.passages.len())
            .field("history", &self.history.len())
            .field("question", &self.question)
            .field("max_output_tokens", &self.max_output_tokens)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NumberedPassage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberedPassage({}, {} bytes)", self.number, self.text.as_str().len())
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("question", &self.question).field("answer", &self.answer).finish()
    }
}

#[cfg(test)]
pub(crate) fn example() -> Prompt {
    let masked = |text: &str| Masked::from_published(&Published::by_bank(text));
    Prompt {
        version: "answer-1",
        system: Published::by_bank("You answer questions of a bank's customers from the passages alone."),
        passages: vec![
            NumberedPassage {
                number: 1,
                title: Published::by_bank("Lost cards"),
                text: Published::by_bank("Block your card in the app.\nA new card comes in < 5 days."),
            },
            NumberedPassage {
                number: 2,
                title: Published::by_bank("Fees"),
                text: Published::by_bank("A new card is free."),
            },
        ],
        history: vec![Exchange { question: masked("Hello"), answer: masked("Hello, how can I help?") }],
        question: masked("I lost my card [CREDIT_CARD]. What now?"),
        nonce: "0123456789abcdef".to_owned(),
        canary: "fedcba9876543210".to_owned(),
        max_output_tokens: 300,
        form: None,
    }
}
