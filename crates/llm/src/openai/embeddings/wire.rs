//! The shapes of OpenAI's embeddings API, and what an answer must be before anybody computes with it.

use contactiq_guard::Masked;
use serde::{Deserialize, Serialize};

use super::MOST_DIMENSIONS;
use crate::ModelError;

/// Characters of a text that are sent: about the 256 tokens that the local encoder reads, and below the
/// 512 at which many servers refuse a text rather than cut it.
const LONGEST_TEXT: usize = 1_200;

/// Servers refuse a text without a word, as a question of nothing but a card number is.
const NO_WORDS: &str = ".";

/// Bytes of one number as text, with its comma: `-0.012345678901234567,` and room.
const NUMBER: usize = 32;

/// No real request has more tokens; a greater figure is an error of the server.
const MOST_TOKENS: u64 = 10_000_000;

/// Room for everything in a body that is no vector.
const AROUND: usize = 64 * 1024;

#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    pub(super) input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dimensions: Option<usize>,
}

#[derive(Deserialize)]
pub(super) struct Answer {
    data: Vec<Item>,
    #[serde(default)]
    usage: Option<serde_json::Value>,
}

impl Answer {
    /// The tokens that were read, where the server says so and it can be true.
    pub(super) fn tokens(&self) -> Option<u64> {
        let usage = self.usage.as_ref()?;
        let read = usage.get("prompt_tokens").or_else(|| usage.get("total_tokens"))?.as_u64();
        read.filter(|tokens| (1..=MOST_TOKENS).contains(tokens))
    }
}

#[derive(Deserialize)]
struct Item {
    index: usize,
    embedding: Vec<f32>,
}

/// What is sent of a text.
pub(super) fn input(text: &Masked) -> &str {
    let text = text.as_str().trim();
    let end = text.char_indices().nth(LONGEST_TEXT).map_or(text.len(), |(at, _)| at);
    if text.is_empty() { NO_WORDS } else { &text[..end] }
}

/// The largest body that a sound answer to so many texts can have.
pub(super) fn largest_body(texts: usize, dimensions: Option<usize>) -> usize {
    texts * dimensions.unwrap_or(MOST_DIMENSIONS) * NUMBER + AROUND
}

/// One unit vector for each of `texts`, in their order, all of one length.
///
/// # Errors
/// `Garbage` says what is wrong, in words of this crate.
pub(super) fn vectors(
    answer: Answer,
    texts: usize,
    dimensions: Option<usize>,
) -> Result<Vec<Vec<f32>>, ModelError> {
    let garbage = |what| ModelError::Garbage { what };
    if answer.data.len() != texts {
        return Err(garbage("another number of vectors than of texts"));
    }
    let wanted = dimensions.or_else(|| answer.data.first().map(|item| item.embedding.len()));
    let mut ordered: Vec<Option<Vec<f32>>> = vec![None; texts];
    for Item { index, embedding } in answer.data {
        if Some(embedding.len()) != wanted || !(1..=MOST_DIMENSIONS).contains(&embedding.len()) {
            return Err(garbage("a vector of another length than was agreed"));
        }
        let place = ordered.get_mut(index).ok_or_else(|| garbage("a vector for a text that was not sent"))?;
        if place.replace(unit(embedding)?).is_some() {
            return Err(garbage("two vectors for one text"));
        }
    }
    Ok(ordered.into_iter().flatten().collect())
}

fn unit(mut vector: Vec<f32>) -> Result<Vec<f32>, ModelError> {
    let length = vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    // An infinite number or none at all makes the length so, and a length of 0 points nowhere.
    if !length.is_finite() || length < 1e-12 {
        return Err(ModelError::Garbage { what: "a vector that is not finite or has no direction" });
    }
    #[expect(clippy::cast_possible_truncation, reason = "a part of a unit vector lies between -1 and 1")]
    vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
    Ok(vector)
}

#[cfg(test)]
mod tests {
    use contactiq_guard::Published;

    use super::*;

    fn read(json: &str, texts: usize, dimensions: Option<usize>) -> Result<Vec<Vec<f32>>, String> {
        let answer = serde_json::from_str(json).map_err(|_| "no JSON".to_owned())?;
        vectors(answer, texts, dimensions).map_err(|error| error.to_string())
    }

    fn masked(text: &str) -> Masked {
        Masked::from_published(&Published::by_bank(text))
    }

    #[test]
    fn vectors_come_in_the_order_of_the_texts_and_of_unit_length() {
        let json =
            r#"{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4],"object":"embedding"}]}"#;
        assert_eq!(read(json, 2, None).unwrap(), [[0.6, 0.8], [0.0, 1.0]]);
        assert_eq!(read(r#"{"data":[]}"#, 0, None).unwrap(), Vec::<Vec<f32>>::new());
        let huge = r#"{"data":[{"index":0,"embedding":[3e38,3e38]}]}"#;
        assert!((read(huge, 1, None).unwrap()[0][0] - 0.5_f32.sqrt()).abs() < 1e-6);
    }

    #[test]
    fn an_unsound_answer_is_refused() {
        for (json, said) in [
            (r#"{"data":[{"index":0,"embedding":[1,0]}]}"#, "another number of vectors"),
            (r#"{"data":[]}"#, "another number of vectors"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1]}]}"#, "another length"),
            (r#"{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[]}]}"#, "another length"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[1,0]}]}"#, "two vectors"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":2,"embedding":[1,0]}]}"#, "was not sent"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,0]}]}"#, "no direction"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[1e39,0]}]}"#, "no JSON"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[NaN,0]}]}"#, "no JSON"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[null,0]}]}"#, "no JSON"),
            (r#"{"data":[{"index":0,"embedding":[1,0]},{"index":-1,"embedding":[1,0]}]}"#, "no JSON"),
            (r#"{"data":[{"embedding":[1,0]},{"embedding":[1,0]}]}"#, "no JSON"),
        ] {
            let error = read(json, 2, None).unwrap_err();
            assert!(error.contains(said), "{json}: {error}");
        }
        let error = read(r#"{"data":[{"index":0,"embedding":[1,0]}]}"#, 1, Some(3)).unwrap_err();
        assert!(error.contains("another length"), "{error}");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_never_empty() {
        assert_eq!(input(&masked(" my card ")), "my card");
        assert_eq!(input(&masked(" \n")), ".");
        assert_eq!(input(&masked(&"ü".repeat(5_000))).chars().count(), 1_200);
    }
}
