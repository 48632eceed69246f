//! What the confidence of an answer is computed from.

use std::{collections::BTreeMap, fmt};

use contactiq_domain::{Step, StepTrace};
use serde::{Deserialize, Serialize};

/// Stands in the trace where the question says too little.
pub(super) const TOO_LITTLE: &str = "says_too_little";
/// How many features there are.
pub(super) const COUNT: usize = 11;

/// What the confidence is computed from; each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    /// Similarity of the question and the best sentence.
    pub similarity: f64,
    /// Share of the question's content words that the answer and its headings carry.
    pub coverage: f64,
    /// How far the best passage stands above the best one of another document.
    pub margin: f64,
    /// Share of the best passages that belong to the best one's document.
    pub agreement: f64,
    /// Whether words and meaning put the same document first: 1 or 0. Found by words alone, what they put first is 1.
    pub both_views: f64,
    /// Probability of the intent.
    pub intent: f64,
    /// Probability of being in scope.
    pub in_scope: f64,
    /// 1 where the passages of the answer hold every content word of the question; the rarer the rarest
    /// word that they lack, the nearer to 0: "crypto" in no document at all is 0.
    pub held: f64,
    /// How much the question says: the weight of its content words, 1 for two words that are in no
    /// document. "How much is the fee?" says little, and many passages answer something like it.
    pub specific: f64,
    /// 0 where a figure is asked and the best sentence has none.
    pub figure: f64,
    /// 0 where a yes or a no is asked for: the passages speak of the thing, and rarely of that very claim.
    #[serde(default)]
    pub asks_what: f64,
}

impl Features {
    /// The names of the features, in the order of the weights.
    const NAMES: [&str; COUNT] = [
        "similarity",
        "coverage",
        "margin",
        "agreement",
        "both_views",
        "intent",
        "in_scope",
        "held",
        "specific",
        "figure",
        "asks_what",
    ];

    /// The features in the trace of step 5; `None` for another step, and where there was no answer to
    /// score.
    #[must_use]
    pub fn of_step(trace: &StepTrace) -> Option<Features> {
        let value = |name: &str| trace.values.get(name).copied();
        (trace.step == Step::Score).then_some(())?;
        Some(Features {
            similarity: value("similarity")?,
            coverage: value("coverage")?,
            margin: value("margin")?,
            agreement: value("agreement")?,
            both_views: value("both_views")?,
            intent: value("intent")?,
            in_scope: value("in_scope")?,
            held: value("held")?,
            specific: value("specific")?,
            figure: value("figure")?,
            // Traces of before had no such feature.
            asks_what: value("asks_what").unwrap_or_default(),
        })
    }

    /// Whether the trace of step 5 says that the question says too little: then its confidence is bounded, whatever the
    /// features.
    #[must_use]
    pub fn bounded(trace: &StepTrace) -> bool {
        trace.step == Step::Score && trace.values.contains_key(TOO_LITTLE)
    }

    /// As a trace carries them, to three decimals.
    pub(super) fn values(self) -> BTreeMap<String, f64> {
        let rounded = self.as_array().map(|value| (value * 1000.0).round() / 1000.0);
        Self::NAMES.iter().map(|name| (*name).to_owned()).zip(rounded).collect()
    }

    pub(super) const fn of_array(values: [f64; COUNT]) -> Features {
        let [
            similarity,
            coverage,
            margin,
            agreement,
            both_views,
            intent,
            in_scope,
            held,
            specific,
            figure,
            asks_what,
        ] = values;
        Features {
            similarity,
            coverage,
            margin,
            agreement,
            both_views,
            intent,
            in_scope,
            held,
            specific,
            figure,
            asks_what,
        }
    }

    pub(super) const fn as_array(self) -> [f64; COUNT] {
        [
            self.similarity,
            self.coverage,
            self.margin,
            self.agreement,
            self.both_views,
            self.intent,
            self.in_scope,
            self.held,
            self.specific,
            self.figure,
            self.asks_what,
        ]
    }
}

/// In words, for people who read the trace of step 5.
impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said: Vec<String> = Self::NAMES
            .iter()
            .zip(self.as_array())
            .map(|(name, value)| format!("{} {value:.3}", name.replace('_', " ")))
            .collect();
        f.write_str(&said.join(", "))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::score) fn at(similarity: f64) -> Features {
        Features {
            similarity,
            coverage: 0.5,
            margin: 0.1,
            agreement: 0.6,
            both_views: 1.0,
            intent: 0.9,
            in_scope: 0.9,
            held: 0.8,
            specific: 0.6,
            figure: 1.0,
            asks_what: 1.0,
        }
    }

    #[test]
    fn what_a_trace_carries_is_read_back() {
        let features = Features { margin: 0.125, in_scope: 0.75, both_views: 0.0, ..at(0.875) };
        let mut trace = StepTrace {
            step: Step::Score,
            outcome: "released".to_owned(),
            detail: "any words".to_owned(),
            version: None,
            values: features.values(),
            ms: 0.1,
        };
        assert_eq!(Features::of_step(&trace), Some(features));
        assert!(!Features::bounded(&trace));
        trace.values.insert(TOO_LITTLE.to_owned(), 1.0);
        assert_eq!((Features::of_step(&trace), Features::bounded(&trace)), (Some(features), true));
        assert_eq!(Features::of_step(&StepTrace { step: Step::Escalate, ..trace.clone() }), None);
        trace.values.remove("asks_what");
        let before = Features { asks_what: 0.0, ..features };
        assert_eq!(Features::of_step(&trace), Some(before), "a trace of before this feature");
        trace.values.clear();
        assert_eq!(Features::of_step(&trace), None, "no answer to score");
    }
}
