//! Words, stems and sentences of English text.

mod irregular;
mod ngrams;
mod sentences;
mod stop_words;
mod words;

pub use ngrams::for_each_ngram;
pub use sentences::{Kind, Span, sentences};
pub use stop_words::is_stop_word;
pub use words::{content_stems, stem, words};
