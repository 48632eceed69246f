//! What a person wrote, as every way of writing to the house takes it in.

use std::sync::Arc;

use contactiq_guard::Raw;
use serde::Deserialize;

/// As much as a message may have by default.
const BEGINNING: usize = 2_000;

/// A message, and its beginning for where the whole is more than can be afforded.
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Message {
    whole: Arc<Raw>,
    beginning: Arc<Raw>,
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        let cut = text.char_indices().nth(BEGINNING).map(|(end, _)| Arc::new(Raw::new(&text[..end])));
        let whole = Arc::new(Raw::new(text));
        let beginning = cut.unwrap_or_else(|| Arc::clone(&whole));
        Self { whole, beginning }
    }
}

impl Message {
    /// All of it.
    pub(crate) fn whole(&self) -> Arc<Raw> {
        Arc::clone(&self.whole)
    }

    /// Its first 2,000 characters.
    pub(crate) fn beginning(&self) -> Arc<Raw> {
        Arc::clone(&self.beginning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_so_many_characters_and_the_whole_of_a_shorter_message() {
        let lengths = |text: String| {
            let message = Message::from(text);
            (message.whole().chars(), message.beginning().chars())
        };
        assert_eq!(lengths("é".repeat(2_001)), (2_001, 2_000));
        assert_eq!(lengths("é".repeat(2_000)), (2_000, 2_000));
        assert_eq!(lengths(String::new()), (0, 0));
    }
}
