//! Text to token numbers, with the model's own `tokenizer.json`.

use super::{EncoderError, weights::damaged};
use tokenizers::{Tokenizer, TruncationParams};

/// Name of the tokenizer's file.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// Tokens kept of a text, the two marks at its ends included: what the model was trained with.
pub(crate) const LONGEST: usize = 256;

/// Bytes of a text that are looked at. 256 tokens of real text are some 1,500 bytes; without a limit
/// a pasted megabyte would be tokenised whole, to be thrown away.
const MOST_BYTES: usize = 32 * 1024;

/// The model's tokenizer without its padding.
#[derive(Debug)]
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
}

impl Tokens {
    /// Reads `tokenizer.json` for a model of `vocab` tokens and `positions` positions.
    pub(crate) fn parse(bytes: &[u8], vocab: usize, positions: usize) -> Result<Self, EncoderError> {
        let mut tokenizer = Tokenizer::from_bytes(bytes).map_err(|e| damaged(TOKENIZER, e.to_string()))?;
        // The file says 128 tokens and padding up to them; computing on padding would be pure waste.
        tokenizer.with_padding(None);
        let truncation =
            TruncationParams { max_length: LONGEST.min(positions), ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|e| damaged(TOKENIZER, e.to_string()))?;
        if tokenizer.get_vocab(true).values().any(|id| *id as usize >= vocab) {
            return Err(damaged(TOKENIZER, format!("knows tokens beyond the model's {vocab}")));
        }
        let tokens = Self { tokenizer };
        if tokens.of("")?.is_empty() {
            return Err(damaged(TOKENIZER, "doesn't mark the ends of a text".to_owned()));
        }
        Ok(tokens)
    }

    /// Whether a word is one token.
    pub(crate) fn holds(&self, word: &str) -> bool {
        self.tokenizer.token_to_id(word).is_some()
    }

    /// The token numbers of a text, never empty, at most 256.
    pub(crate) fn of(&self, text: &str) -> Result<Vec<u32>, EncoderError> {
        let text = &text[..text.floor_char_boundary(MOST_BYTES)];
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|_| EncoderError::Tokenizer)?;
        Ok(encoding.get_ids().to_vec())
    }
}
