//! The wire of vector stores: what is asked, and what an answer is held to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::StoreStanding;
use crate::ModelError;

/// A chunk has at most 4,096 tokens: what is longer is no chunk.
const LONGEST_TEXT: usize = 64 * 1024;
/// The longest name of a file, in characters.
const LONGEST_NAME: usize = 512;

/// What a bank wrote beside a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Attribute {
    /// A text.
    Text(String),
    /// A number, for instance seconds since 1970.
    Number(f64),
    /// Yes or no.
    Truth(bool),
    /// Something that no attribute is: it can't be read.
    Unreadable,
}

impl From<Value> for Attribute {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            Value::Bool(truth) => Self::Truth(truth),
            Value::Number(number) => number.as_f64().map_or(Self::Unreadable, Self::Number),
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Unreadable,
        }
    }
}

impl From<&Attribute> for Value {
    fn from(attribute: &Attribute) -> Self {
        match attribute {
            Attribute::Text(text) => json!(text),
            Attribute::Number(number) => json!(number),
            Attribute::Truth(truth) => json!(truth),
            Attribute::Unreadable => Value::Null,
        }
    }
}

/// A piece of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// The store that gave it.
    pub store: String,
    /// The file, as the provider calls it.
    pub file_id: String,
    /// The file, as the bank called it.
    pub filename: String,
    /// How near it is to the question, 0 to 1, by the provider's measure.
    pub score: f64,
    /// What the bank wrote beside the file.
    pub attributes: BTreeMap<String, Attribute>,
    /// Its text, as it came.
    pub text: String,
}

/// What is asked.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    query: &'a str,
    max_num_results: u32,
    /// The question goes as it is: nobody writes it again on the way.
    rewrite_query: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    filters: Option<Value>,
    ranking_options: Value,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        query: &'a str,
        attributes: &[(String, Attribute)],
        results: u32,
        least_score: f64,
        ranker: Option<&str>,
    ) -> Self {
        let equal = |(key, value): &(String, Attribute)| json!({ "type": "eq", "key": key, "value": Value::from(value) });
        let all: Vec<Value> = attributes.iter().map(equal).collect();
        let filters = match all.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            _ => Some(json!({ "type": "and", "filters": all })),
        };
        let mut ranking = json!({ "score_threshold": least_score });
        if let Some(ranker) = ranker {
            ranking["ranker"] = json!(ranker);
        }
        Self { query, max_num_results: results, rewrite_query: false, filters, ranking_options: ranking }
    }
}

/// What comes back.
#[derive(Deserialize)]
pub(super) struct Answer {
    data: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    file_id: String,
    #[serde(default)]
    filename: String,
    score: f64,
    #[serde(default)]
    attributes: Option<BTreeMap<String, Value>>,
    content: Vec<Content>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
}

impl Answer {
    /// The chunks of this store, the nearest first; those without text and those that are not near enough are none.
    ///
    /// # Errors
    /// `Garbage` when it is not what the API gives.
    pub(super) fn chunks(self, store: &str, most: usize, least_score: f64) -> Result<Vec<Chunk>, ModelError> {
        let garbage = |what| ModelError::Garbage { what };
        if self.data.len() > most {
            return Err(garbage("more chunks than it was asked for"));
        }
        let mut chunks = Vec::with_capacity(self.data.len());
        for found in self.data {
            if !(1..=200).contains(&found.file_id.len())
                || !found.file_id.bytes().all(|b| b.is_ascii_graphic())
            {
                return Err(garbage("a chunk of a file without an id"));
            }
            if found.filename.chars().count() > LONGEST_NAME {
                return Err(garbage("a file whose name is too long"));
            }
            if !(0.0..=1.0).contains(&found.score) {
                return Err(garbage("a score that is none"));
            }
            let texts: Vec<String> =
                found.content.into_iter().filter(|c| c.kind == "text").filter_map(|c| c.text).collect();
            let text = texts.join("\n");
            if text.len() > LONGEST_TEXT {
                return Err(garbage("a chunk that is too long"));
            }
            if text.trim().is_empty() || found.score < least_score {
                continue;
            }
            let attributes = found.attributes.unwrap_or_default().into_iter();
            chunks.push(Chunk {
                store: store.to_owned(),
                file_id: found.file_id,
                filename: found.filename,
                score: found.score,
                // Null is how one is taken away.
                attributes: attributes
                    .filter(|(_, value)| !value.is_null())
                    .map(|(name, value)| (name, Attribute::from(value)))
                    .collect(),
                text,
            });
        }
        chunks.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(chunks)
    }
}

/// What a store says of itself.
#[derive(Deserialize)]
pub(super) struct Store {
    status: String,
    #[serde(default)]
    file_counts: Counts,
}

#[derive(Deserialize, Default)]
struct Counts {
    #[serde(default)]
    completed: u64,
    #[serde(default)]
    total: u64,
}

impl Store {
    pub(super) fn standing(&self) -> StoreStanding {
        let Counts { completed, total } = self.file_counts;
        StoreStanding {
            expired: self.status == "expired",
            files: completed,
            others: total.saturating_sub(completed),
        }
    }
}
