//! `contactiq intents check`: what a bank should mend in its taxonomy before it trains.

mod alike;
mod lacking;

use std::collections::HashMap;

use contactiq_domain::{Category, Mode};
use contactiq_nlu::encoder::Encoder;
use serde::Serialize;

pub use self::lacking::lacking;
use self::{alike::Alike, lacking::lacks};
use super::Taxonomy;

/// An intent with fewer examples than this is thin.
pub const THIN: usize = 40;
/// Two examples of different intents with a similarity at or above this are near-duplicates.
pub const NEAR: f64 = 0.92;
/// So many near-duplicates of one assistant are listed, and the others counted.
pub const LISTED: usize = 100;

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
    /// There are more near-duplicates than are listed.
    MoreNearDuplicates {
        /// Which assistant.
        mode: Mode,
        /// How many pairs more.
        more: usize,
    },
    /// So few utterances that what is called a probability is none.
    Uncalibrated {
        /// Which assistant.
        mode: Mode,
        /// Utterances of all intents but `unknown` that can be held out of a training.
        inside: usize,
        /// Those of `unknown`.
        outside: usize,
    },
    /// No intent is of courtesies.
    NothingGreets {
        /// Which assistant.
        mode: Mode,
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
            Finding::MoreNearDuplicates { mode, more } => (
                "examples nearly the same",
                *mode,
                "…".to_owned(),
                format!("{more} pairs more: mend these first"),
            ),
            Finding::Uncalibrated { mode, inside, outside } => {
                ("too few examples to calibrate", *mode, "all".to_owned(), lacking::uncalibrated(*inside, *outside))
            }
            Finding::NothingGreets { mode } => (
                "no intent greets",
                *mode,
                "all".to_owned(),
                "\"hello\" is searched for in the documents: write `greets = true` and a guide at the intent of greetings"
                    .to_owned(),
            ),
            Finding::Thin { mode, intent, examples } => {
                ("few examples", *mode, intent.clone(), format!("{examples}: write at least {THIN}"))
            }
        }
    }
}

/// Looks through the whole taxonomy. With an encoder near-duplicates are found by meaning. `progress`
/// hears how many steps are done, of how many: each example is encoded, where there is an encoder, and compared.
#[must_use]
pub fn check(
    taxonomy: &Taxonomy,
    encoder: Option<&dyn Encoder>,
    progress: &dyn Fn(usize, usize),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let all: usize = Mode::ALL.iter().flat_map(|m| taxonomy.of(*m)).map(|i| i.examples.len()).sum();
    let all = if encoder.is_some() { 2 * all } else { all };
    let mut done = 0;
    let mut step = |more: usize| {
        done += more;
        progress(done, all);
    };
    for mode in Mode::ALL {
        repeated(taxonomy, *mode, &mut findings);
        near(taxonomy, *mode, encoder, &mut step, &mut findings);
        lacks(taxonomy, *mode, &mut findings);
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

/// A text as it is compared: lower case, letters and digits alone.
pub(crate) fn wording(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut is_apart = false;
    for c in text.to_lowercase().chars() {
        if !c.is_alphanumeric() {
            is_apart = true;
            continue;
        }
        if std::mem::take(&mut is_apart) && !words.is_empty() {
            words.push(' ');
        }
        words.push(c);
    }
    // `?` and `??` have no words and are not the same.
    if words.is_empty() { text.trim().to_owned() } else { words }
}

fn repeated(taxonomy: &Taxonomy, mode: Mode, findings: &mut Vec<Finding>) {
    let mut seen: HashMap<String, (&str, Category, &str)> = HashMap::new();
    for intent in taxonomy.of(mode) {
        for example in &intent.examples {
            match seen.insert(wording(example), (intent.name.as_str(), intent.category, example)) {
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

/// Pairs of different intents that are nearly the same. The time grows with the square of the examples.
fn near(
    taxonomy: &Taxonomy,
    mode: Mode,
    encoder: Option<&dyn Encoder>,
    step: &mut dyn FnMut(usize),
    findings: &mut Vec<Finding>,
) {
    let intents = taxonomy.of(mode);
    let all: Vec<(&str, &str)> =
        intents.iter().flat_map(|i| i.examples.iter().map(|e| (i.name.as_str(), e.as_str()))).collect();
    let texts: Vec<&str> = all.iter().map(|(_, example)| *example).collect();
    let alike = match encoder.and_then(|encoder| Alike::by_meaning(&texts, encoder, step)) {
        Some(alike) => alike,
        None => Alike::by_words(&texts),
    };
    let (mut listed, mut more) = (0, 0);
    let mut similar = vec![0.0; all.len()];
    let mut behind = 0;
    for intent in intents {
        let from = behind;
        behind += intent.examples.len();
        for one in from..behind {
            let similar = &mut similar[behind..];
            alike.to_those_from(one, behind, similar);
            for (other, similarity) in (behind..).zip(similar.iter().map(|s| f64::from(*s))) {
                if similarity < NEAR || wording(texts[one]) == wording(texts[other]) {
                    continue;
                }
                if listed == LISTED {
                    more += 1;
                    continue;
                }
                listed += 1;
                findings.push(Finding::NearDuplicate {
                    mode,
                    intents: [all[one].0.to_owned(), all[other].0.to_owned()],
                    examples: [texts[one].to_owned(), texts[other].to_owned()],
                    similarity,
                });
            }
            step(1);
        }
    }
    if more > 0 {
        findings.push(Finding::MoreNearDuplicates { mode, more });
    }
}

#[cfg(test)]
mod tests {
    use contactiq_nlu::encoder::EncoderError;

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
        assert_eq!(count(|f| matches!(f, Finding::NothingGreets { .. })), 2);
        assert_eq!(count(|f| matches!(f, Finding::Uncalibrated { .. })), 2);
    }

    /// A vector for each text of the test, none for others.
    struct Circle;

    impl Encoder for Circle {
        fn dimensions(&self) -> usize {
            2
        }
        fn fingerprint(&self) -> &str {
            "circle"
        }
        fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
            let one = |text: &&str| -> Result<Vec<f32>, EncoderError> {
                let degrees: f32 =
                    text.trim_start_matches("at ").parse().map_err(|_| EncoderError::Tokenizer)?;
                Ok(vec![degrees.to_radians().cos(), degrees.to_radians().sin()])
            };
            texts.iter().map(one).collect()
        }
    }

    fn of_two(some: &[String], others: &[String]) -> Taxonomy {
        let intent = |name: &str, examples: &[String]| {
            format!(
                "[{name}]\ncategory = \"automatable\"\nrole = \"customer\"\ndescription = \"\"\n\
                 examples = {examples:?}\n"
            )
        };
        let banker = ["0".to_owned()];
        let all = [
            "version = 1\n".to_owned(),
            intent("customer.some", some),
            intent("customer.unknown", others),
            intent("banker.a", &banker),
            intent("banker.unknown", &["180".to_owned()]),
        ];
        Taxonomy::parse(&all.concat()).unwrap()
    }

    fn pairs(findings: &[Finding]) -> Vec<[String; 2]> {
        let pair = |finding: &Finding| match finding {
            Finding::NearDuplicate { examples, .. } => Some(examples.clone()),
            _ => None,
        };
        findings.iter().filter_map(pair).collect()
    }

    #[test]
    fn what_the_encoder_puts_side_by_side_is_found_across_intents_alone() {
        let texts = |all: &[&str]| all.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        let taxonomy = of_two(&texts(&["0", "1", "90"]), &texts(&["20", "80", "200", "at 90"]));
        let found = pairs(&check(&taxonomy, Some(&Circle), &|_, _| {}));
        // Within 23 degrees the cosine is 0.92; 0 and 1 are of one intent.
        assert_eq!(found, [["0", "20"], ["1", "20"], ["90", "80"], ["90", "at 90"]]);
    }

    #[test]
    fn of_many_near_duplicates_the_first_are_listed_and_the_others_counted() {
        let texts = |from: usize| -> Vec<String> {
            let one =
                |n: usize| format!("one two three four five six seven eight nine ten eleven twelve w{n}");
            (from..from + 15).map(one).collect()
        };
        let findings = check(&of_two(&texts(0), &texts(100)), None, &|_, _| {});
        assert_eq!(pairs(&findings).len(), LISTED);
        let more = Finding::MoreNearDuplicates { mode: Mode::Customer, more: 15 * 15 - LISTED };
        assert!(findings.contains(&more), "{findings:?}");
    }

    #[test]
    fn progress_is_told_while_examples_are_compared_and_ends_at_its_end() {
        let numbers = |from: usize| (from..from + 20).map(|n| n.to_string()).collect::<Vec<_>>();
        let taxonomy = of_two(&numbers(0), &numbers(100));
        let words = of_two(&["a card".to_owned()], &["a loan".to_owned()]);
        let circle = Some(&Circle as &dyn Encoder);
        for (taxonomy, encoder, examples) in
            [(&taxonomy, circle, 42), (&taxonomy, None, 42), (&words, circle, 4)]
        {
            let told = std::cell::RefCell::new(Vec::new());
            drop(check(taxonomy, encoder, &|done, all| told.borrow_mut().push((done, all))));
            let told = told.into_inner();
            let all = if encoder.is_some() { 2 * examples } else { examples };
            assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0), "{told:?}");
            assert_eq!(told.last(), Some(&(all, all)));
            assert!(told.len() >= examples, "each row of comparisons is told: {told:?}");
        }
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
