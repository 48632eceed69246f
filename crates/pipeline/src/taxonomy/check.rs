//! `contactiq intents check`: what a bank should mend in its taxonomy before it trains.

use std::collections::{HashMap, HashSet};

use contactiq_domain::{Category, Mode};
use contactiq_nlu::encoder::Encoder;
use serde::Serialize;

use super::Taxonomy;

/// An intent with fewer examples than this is thin.
pub const THIN: usize = 40;
/// Two examples of different intents with a similarity at or above this are near-duplicates.
pub const NEAR: f64 = 0.92;

/// One thing to mend.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// The same utterance stands twice in one intent, capitals and punctuation apart.
    Duplicate {
        /// Which assistant.
        mode: Mode,
        /// Which intent.
        intent: String,
        /// The utterance, as it stands the second time.
        example: String,
        /// As it stands the first time.
        first: String,
    },
    /// The same utterance stands in two intents: the model can't tell them apart.
    Contradiction {
        /// Which assistant.
        mode: Mode,
        /// The two intents.
        intents: [String; 2],
        /// Their categories. Where they differ, the utterance decides nothing less than whether a
        /// person answers.
        categories: [Category; 2],
        /// The utterance.
        example: String,
    },
    /// Two utterances of different intents are nearly the same.
    NearDuplicate {
        /// Which assistant.
        mode: Mode,
        /// The two intents.
        intents: [String; 2],
        /// The two utterances.
        examples: [String; 2],
        /// Cosine of the encoder, or share of common words without it.
        similarity: f64,
    },
    /// Too few utterances.
    Thin {
        /// Which assistant.
        mode: Mode,
        /// Which intent.
        intent: String,
        /// How many it has.
        examples: usize,
    },
}

impl Finding {
    /// Whether the taxonomy should not be used before this is mended.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self, Finding::Contradiction { .. })
    }

    /// Whether a server must not start with it: one utterance leads to two different routes.
    #[must_use]
    pub fn refuses_start(&self) -> bool {
        matches!(self, Finding::Contradiction { categories: [a, b], .. } if a != b)
    }

    /// What it is, of which assistant, where, and what to do: for tables and log lines.
    #[must_use]
    pub fn words(&self) -> (&'static str, Mode, String, String) {
        match self {
            Finding::Duplicate { mode, intent, example, first } => {
                let what = if example == first {
                    format!("\"{example}\": remove one")
                } else {
                    format!("\"{first}\" and \"{example}\" are read as the same: remove one")
                };
                ("an example twice", *mode, intent.clone(), what)
            }
            Finding::Contradiction { mode, intents, categories: [a, b], example } => {
                let apart = if a == b { String::new() } else { format!(" ({a} and {b})") };
                (
                    "an example in two intents",
                    *mode,
                    intents.join(", "),
                    format!("\"{example}\"{apart}: keep it in one of them"),
                )
            }
            Finding::NearDuplicate { mode, intents, examples, similarity } => (
                "examples nearly the same",
                *mode,
                intents.join(", "),
                format!("\"{}\" and \"{}\" (similarity {similarity:.2})", examples[0], examples[1]),
            ),
            Finding::Thin { mode, intent, examples } => {
                ("few examples", *mode, intent.clone(), format!("{examples}: write at least {THIN}"))
            }
        }
    }
}

/// Examples that are encoded at once, between two words of progress.
const BATCH: usize = 32;

/// Looks through the whole taxonomy. With an encoder near-duplicates are found by meaning. `progress`
/// hears how many examples were compared, and of how many.
#[must_use]
pub fn check(
    taxonomy: &Taxonomy,
    encoder: Option<&dyn Encoder>,
    progress: &dyn Fn(usize, usize),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let all: usize = Mode::ALL.iter().flat_map(|m| taxonomy.of(*m)).map(|i| i.examples.len()).sum();
    let mut done = 0;
    let mut step = |more: usize| {
        done += more;
        progress(done, all);
    };
    for mode in Mode::ALL {
        repeated(taxonomy, *mode, &mut findings);
        near(taxonomy, *mode, encoder, &mut step, &mut findings);
        for intent in taxonomy.of(*mode).iter().filter(|i| i.examples.len() < THIN) {
            findings.push(Finding::Thin {
                mode: *mode,
                intent: intent.name.to_string(),
                examples: intent.examples.len(),
            });
        }
    }
    findings
}

/// What a start looks for: utterances that stand twice, in one intent or in two of one assistant.
#[must_use]
pub fn repeated_utterances(taxonomy: &Taxonomy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mode in Mode::ALL {
        repeated(taxonomy, *mode, &mut findings);
    }
    findings
}

fn plain(text: &str) -> String {
    let kept: String =
        text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let words = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    // `?` and `??` have no words and are not the same.
    if words.is_empty() { text.trim().to_owned() } else { words }
}

fn repeated(taxonomy: &Taxonomy, mode: Mode, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<String, (&str, Category, &str)> = HashMap::new();
    for intent in taxonomy.of(mode) {
        for example in &intent.examples {
            match seen.insert(plain(example), (intent.name.as_str(), intent.category, example)) {
                Some((other, _, first)) if other == intent.name.as_str() => {
                    findings.push(Finding::Duplicate {
                        mode,
                        intent: other.to_owned(),
                        example: example.clone(),
                        first: first.to_owned(),
                    });
                }
                Some((other, category, _)) => findings.push(Finding::Contradiction {
                    mode,
                    intents: [other.to_owned(), intent.name.to_string()],
                    categories: [category, intent.category],
                    example: example.clone(),
                }),
                None => {}
            }
        }
    }
}

fn near(
    taxonomy: &Taxonomy,
    mode: Mode,
    encoder: Option<&dyn Encoder>,
    step: &mut dyn FnMut(usize),
    findings: &mut Vec<Finding>,
) {
    let all: Vec<(&str, &str)> = taxonomy
        .of(mode)
        .iter()
        .flat_map(|i| i.examples.iter().map(|e| (i.name.as_str(), e.as_str())))
        .collect();
    let texts: Vec<&str> = all.iter().map(|(_, e)| *e).collect();
    let vectors: Option<Vec<Vec<f32>>> = encoder.and_then(|e| {
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            vectors.extend(e.encode(batch).ok()?);
            step(batch.len());
        }
        Some(vectors)
    });
    if vectors.is_none() {
        step(texts.len());
    }
    let words: Vec<HashSet<String>> =
        texts.iter().map(|t| plain(t).split(' ').map(str::to_owned).collect()).collect();
    for i in 0..all.len() {
        for j in i + 1..all.len() {
            if all[i].0 == all[j].0 {
                continue;
            }
            let similarity = match &vectors {
                Some(v) => v[i].iter().zip(&v[j]).map(|(a, b)| f64::from(a * b)).sum(),
                None => {
                    let both = words[i].intersection(&words[j]).count() as f64;
                    both / (words[i].len() + words[j].len()) as f64 * 2.0
                }
            };
            if similarity >= NEAR && plain(all[i].1) != plain(all[j].1) {
                findings.push(Finding::NearDuplicate {
                    mode,
                    intents: [all[i].0.to_owned(), all[j].0.to_owned()],
                    examples: [all[i].1.to_owned(), all[j].1.to_owned()],
                    similarity,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_near_and_thin_examples_are_found() {
        let taxonomy = Taxonomy::parse(
            r#"
            version = 1
            [customer.unknown]
            category = "automatable"
            role = "customer"
            description = ""
            examples = ["tell me a joke", "Tell me a joke!", "?", "??", "what does a new card cost me now"]
            [customer.fee_inquiry]
            category = "automatable"
            role = "customer"
            description = ""
            examples = ["what does a new card cost me now?", "now what does a new card cost me"]
            [banker.unknown]
            category = "automatable"
            role = "banker"
            description = ""
            examples = ["x"]
            [banker.a]
            category = "automatable"
            role = "banker"
            description = ""
            examples = ["y"]
            "#,
        )
        .unwrap();
        let findings = check(&taxonomy, None, &|_, _| {});
        let count = |f: fn(&Finding) -> bool| findings.iter().filter(|x| f(x)).count();
        assert_eq!(count(|f| matches!(f, Finding::Duplicate { .. })), 1);
        assert_eq!(count(|f| matches!(f, Finding::Contradiction { .. })), 1);
        assert_eq!(count(Finding::refuses_start), 0, "both are automatable");
        assert_eq!(count(|f| matches!(f, Finding::NearDuplicate { .. })), 1);
        assert_eq!(count(|f| matches!(f, Finding::Thin { .. })), 4);
    }

    #[test]
    fn an_utterance_of_two_categories_refuses_the_start_and_the_shipped_file_has_none() {
        let shipped = include_str!("../../../../defaults/intents.toml");
        assert_eq!(repeated_utterances(&Taxonomy::parse(shipped).unwrap()), []);
        let both = shipped.replacen(
            "[customer.fee_inquiry]\n",
            "[customer.fee_inquiry_of_a_victim]\ncategory = \"human_only\"\nrole = \"customer\"\n\
             description = \"\"\nexamples = [\"TELL me a joke\"]\n[customer.fee_inquiry]\n",
            1,
        );
        let joke = both.replacen("examples = [\n", "examples = [\n\"tell me a joke!\",\n", 1);
        let findings = repeated_utterances(&Taxonomy::parse(&joke).unwrap());
        let refused: Vec<&Finding> = findings.iter().filter(|f| f.refuses_start()).collect();
        assert!(!refused.is_empty(), "{findings:?}");
        assert!(refused[0].words().3.contains("human_only"), "{refused:?}");
    }
}
