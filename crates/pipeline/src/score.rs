//! Step 5: one number for how probable it is that the answer is right and complete (P8).
//!
//! A logistic model over eleven features; its weights come from labelled questions of the bank
//! (`contactiq intents calibrate`) and stand in a file, so that anyone can see and redo them.

use std::{collections::BTreeMap, fmt, time::Instant};

use contactiq_domain::{Mode, Probability, Step, StepTrace, Understanding};
use contactiq_nlu::risk::drift::Distribution;
use serde::{Deserialize, Serialize};

use crate::{
    House, follow_up,
    respond::{Chosen, asks_yes_or_no},
    turn::{Asked, Exchange, Turn},
};

/// A larger weight would make every answer certain.
const MOST_WEIGHT: f64 = 100.0;
/// Stands in the trace where the question says too little.
const TOO_LITTLE: &str = "says_too_little";
/// What a confidence file calls its encoder where it was fitted without one.
pub const BY_WORDS: &str = "words alone";
/// How many features there are.
const COUNT: usize = 11;

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
    fn values(self) -> BTreeMap<String, f64> {
        let rounded = self.as_array().map(|value| (value * 1000.0).round() / 1000.0);
        Self::NAMES.iter().map(|name| (*name).to_owned()).zip(rounded).collect()
    }

    const fn of_array(values: [f64; COUNT]) -> Features {
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

    const fn as_array(self) -> [f64; COUNT] {
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

/// The logistic model: `1 / (1 + exp(-(bias + weights · features)))`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Named in the step's trace.
    pub version: String,
    /// How many labelled questions it was fitted on.
    pub labelled: usize,
    /// Without features.
    pub bias: f64,
    /// Of each feature, by its name.
    pub weights: Features,
    /// The encoder it was fitted with, its name and the length of its vectors, or [`BY_WORDS`]; another one gives
    /// other features. None for a file that does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder: Option<String>,
    /// A fingerprint of the labelled questions: thresholds are chosen on others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub questions: Option<String>,
    /// How confidences and intents of the labelled questions were spread, for the drift alarm; empty
    /// when there is nothing to compare with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub baseline: BTreeMap<Mode, Distribution>,
}

impl Calibration {
    /// Reads the file's text.
    ///
    /// # Errors
    /// A sentence that names the mistake.
    pub fn parse(text: &str) -> Result<Calibration, String> {
        let read: Calibration = toml::from_str(text).map_err(|e| format!("confidence.toml: {e}"))?;
        let usable = |w: &f64| (0.0..=MOST_WEIGHT).contains(w);
        if read.bias.abs() <= MOST_WEIGHT && read.weights.as_array().iter().all(usable) {
            Ok(read)
        } else {
            Err(format!(
                "confidence.toml: bias is from -{MOST_WEIGHT} to {MOST_WEIGHT}, and weights are from 0 to {MOST_WEIGHT}: fit it again with `contactiq intents calibrate`"
            ))
        }
    }

    /// The probability.
    #[must_use]
    pub fn confidence(&self, features: Features) -> Probability {
        let sum: f64 =
            self.weights.as_array().iter().zip(features.as_array()).map(|(w, x)| w * x).sum::<f64>()
                + self.bias;
        Probability::clamped(1.0 / (1.0 + (-sum).exp()))
    }

    /// The same of a question that may say too little: then it is bounded, whatever the weights.
    #[must_use]
    pub fn confidence_of(&self, features: Features, says_too_little: bool) -> Probability {
        let confidence = self.confidence(features);
        if says_too_little { Probability::clamped(confidence.get().min(VAGUE)) } else { confidence }
    }

    /// Fits the model to labelled questions: features, whether the answer was right, and how much
    /// the label counts. A probability holds for the traffic that it was fitted on, and a labelled
    /// set has more unanswerable questions than a bank's customers ask: weights restore the share.
    /// No weight is negative: each feature is evidence for the answer, and a sign that a few hundred
    /// labels turn round is their accident. Plain gradient descent on the logistic loss with a little shrinkage, since labels are few.
    #[must_use]
    pub fn fit(version: &str, labelled: &[(Features, bool, f64)]) -> Calibration {
        let mut bias = 0.0;
        let mut weights = [0.0; COUNT];
        let n = labelled.iter().map(|(_, _, weight)| weight).sum::<f64>().max(1.0);
        for _ in 0..20_000 {
            let mut slope_bias = 0.0;
            let mut slope = [0.0; COUNT];
            for (features, right, weight) in labelled {
                let x = features.as_array();
                let sum: f64 = weights.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias;
                let miss = weight * (1.0 / (1.0 + (-sum).exp()) - f64::from(u8::from(*right)));
                slope_bias += miss / n;
                for (s, x) in slope.iter_mut().zip(x) {
                    *s += miss * x / n;
                }
            }
            bias -= 0.5 * slope_bias;
            for (w, s) in weights.iter_mut().zip(slope) {
                *w = (*w - 0.5 * (s + 0.02 * *w / n.sqrt())).max(0.0);
            }
        }
        Calibration {
            version: version.to_owned(),
            labelled: labelled.len(),
            bias,
            weights: Features::of_array(weights),
            encoder: None,
            questions: None,
            baseline: BTreeMap::new(),
        }
    }
}

/// A question that says less than this is one common word ("fee").
const ONE_COMMON_WORD: f64 = 0.2;
/// A question that says less than this may be asked of many things.
const LITTLE: f64 = 0.5;
/// The most confidence that an answer to such a question has.
const VAGUE: f64 = 0.3;

/// Passages whose agreement counts.
const LOOKED_AT: usize = 5;

/// Whether nothing but one passage is of the best document, and the others of the best are of others.
fn is_scattered(found: &[crate::Found]) -> bool {
    let looked_at = &found[..found.len().min(LOOKED_AT)];
    let of_best = |f: &&crate::Found| looked_at.first().is_some_and(|best| best.document == f.document);
    looked_at.len() > 1 && looked_at.iter().filter(of_best).count() == 1
}

/// The document that one view puts first, of equals the one that stands first; none where the view sees nothing.
fn first_by(found: &[crate::Found], view: impl Fn(&crate::Found) -> f64) -> Option<usize> {
    let seen = found.iter().filter(|f| view(f) > 0.0);
    seen.rev().max_by(|a, b| view(a).total_cmp(&view(b))).map(|f| f.document)
}

/// Whether nothing was seen by meaning: there is no encoder, or it was away when the question was read.
fn is_by_words(found: &[crate::Found]) -> bool {
    first_by(found, |f| f.cosine).is_none()
}

/// Whether words put a document first and meaning, where it sees anything, the same.
fn agrees(found: &[crate::Found]) -> bool {
    let by_words = first_by(found, |f| f.bm25);
    by_words.is_some() && (is_by_words(found) || by_words == first_by(found, |f| f.cosine))
}

/// The features of a request and the sentences that were chosen for it.
fn features(asked: &Asked<'_>, chosen: &[Chosen], understanding: &Understanding) -> Option<Features> {
    let found = asked.found;
    let (best, sentence) = (found.first()?, chosen.first()?);
    let passages: Vec<usize> = chosen.iter().map(|c| c.passage).collect();
    let said = asked.knowledge.index.said(asked.query, &passages);
    let other = found.iter().find(|f| f.document != best.document).map_or(0.0, |f| f.score);
    Some(Features {
        similarity: sentence.similarity.clamp(0.0, 1.0),
        coverage: sentence.coverage.clamp(0.0, 1.0),
        margin: (best.score - other).clamp(0.0, 1.0),
        agreement: found.iter().take(LOOKED_AT).filter(|f| f.document == best.document).count() as f64
            / found.len().clamp(1, LOOKED_AT) as f64,
        both_views: f64::from(u8::from(agrees(found))),
        // That it is probably not understood speaks against the answer.
        intent: if understanding.intent.is_unknown() {
            1.0 - understanding.probability.get()
        } else {
            understanding.probability.get()
        },
        in_scope: understanding.in_scope.get(),
        held: 1.0 - said.rarest_missing,
        specific: (said.weight / 2.0).min(1.0),
        figure: f64::from(u8::from(sentence.gives_figure)),
        asks_what: f64::from(u8::from(!asks_yes_or_no(asked.query))),
    })
}

/// How probable it is that an answer to a request is right and complete.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub(crate) features: Features,
    pub(crate) confidence: Probability,
    /// Whether the request says too little to be answered.
    pub(crate) vague: bool,
    /// Whether the passages were found by words alone, and judged by the weights for that.
    #[serde(default)]
    pub(crate) by_words: bool,
}

/// Judges the sentences that were chosen for a request: the one place where a confidence is made.
pub(crate) fn judge(
    house: &House,
    turn: &Turn,
    asked: &Asked<'_>,
    chosen: &[Chosen],
    understanding: &Understanding,
) -> Option<Judged> {
    let features = features(asked, chosen, understanding)?;
    let alone = !turn.history.iter().any(Exchange::may_be_leaned_on);
    let vague = says_too_little(asked.query, features, (is_scattered(asked.found), alone))
        || is_of_before(turn, asked, chosen);
    let by_words = is_by_words(asked.found);
    let confidence = house.calibration(by_words).confidence_of(features, vague);
    Some(Judged { features, confidence, vague, by_words })
}

/// Whether the answer to a follow-up holds nothing of what that names, though other passages do: it answers the question
/// before once more.
fn is_of_before(turn: &Turn, asked: &Asked<'_>, chosen: &[Chosen]) -> bool {
    let passages: Vec<usize> = chosen.iter().map(|c| c.passage).collect();
    let alone = turn.alone.as_ref();
    alone.and_then(|alone| asked.knowledge.index.holds_any(&alone.names, &passages)) == Some(false)
}

/// "How much is the fee?", "what's the limit on that one?": what many documents answer something like,
/// while nobody knows which of them was meant. Calibration can't know it: labelled questions are whole.
fn says_too_little(request: &str, features: Features, (scattered, alone): (bool, bool)) -> bool {
    let said = features.specific;
    // Both ways of looking put one document first, and it holds every word that was said.
    let is_found = features.both_views >= 1.0 && features.held >= 1.0 && features.coverage >= 1.0;
    said < ONE_COMMON_WORD
        || (said < LITTLE && !is_found && (scattered || (alone && follow_up::stands_in(request))))
}

pub(crate) fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let Some(Judged { features, confidence, vague, by_words }) = turn.judged.filter(|_| turn.draft.is_some())
    else {
        turn.trace(Step::Score, since, "skipped", "no answer to score");
        return;
    };
    turn.vague = vague;
    turn.confidence = confidence;
    let threshold = house.settings.of(turn.mode()).confidence_threshold;
    let outcome = if confidence >= threshold { "released" } else { "withheld" };
    let why = if vague { ", as the question says too little" } else { "" };
    let detail =
        format!("confidence {:.2}{why}, threshold {:.2} ({features})", confidence.get(), threshold.get());
    let version = Some(house.calibration(by_words).version.as_str());
    let mut values = features.values();
    if vague {
        values.insert(TOO_LITTLE.to_owned(), 1.0);
    }
    turn.trace_with(Step::Score, since, outcome, detail, version, values);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(similarity: f64) -> Features {
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
    fn a_fit_separates_right_from_wrong_and_stays_a_probability() {
        let labelled: Vec<(Features, bool, f64)> =
            (0..100).map(|i| (at(f64::from(i) / 100.0), i > 50, 1.0)).collect();
        let fitted = Calibration::fit("test", &labelled);
        assert!(fitted.confidence(at(0.95)).get() > 0.9);
        assert!(fitted.confidence(at(0.05)).get() < 0.1);
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

    #[test]
    fn what_nobody_saw_by_meaning_is_not_compared_with_the_last_of_equals() {
        let hit = |document: usize, bm25: f64, cosine: f64| crate::Found {
            passage: document,
            document,
            score: 0.5,
            bm25,
            cosine,
            coverage: 0.5,
        };
        let by_words = [hit(1, 9.0, 0.0), hit(2, 3.0, 0.0), hit(3, 1.0, 0.0)];
        assert!(is_by_words(&by_words) && agrees(&by_words));
        let both = [hit(1, 9.0, 0.7), hit(2, 3.0, 0.4)];
        assert!(!is_by_words(&both) && agrees(&both));
        assert!(!agrees(&[hit(1, 9.0, 0.4), hit(2, 3.0, 0.7)]), "meaning puts another first");
        assert!(!agrees(&[hit(1, 0.0, 0.7), hit(2, 0.0, 0.4)]), "no word was found");
        assert_eq!(
            first_by(&[hit(1, 2.0, 0.0), hit(2, 2.0, 0.0)], |f| f.bm25),
            Some(1),
            "of equals the first"
        );
        assert!(!agrees(&[]));
    }

    #[test]
    fn a_file_of_before_the_newest_feature_is_read() {
        let fitted = Calibration::fit("test", &[(at(0.9), true, 1.0)]);
        let written = toml::to_string(&fitted).unwrap();
        let older: Vec<&str> = written.lines().filter(|line| !line.starts_with("asks_what")).collect();
        let read = Calibration::parse(&older.join("\n")).unwrap();
        assert_eq!(read.weights, Features { asks_what: 0.0, ..fitted.weights });
    }

    #[test]
    fn a_file_with_its_baseline_is_read_back() {
        let mut fitted = Calibration::fit("test", &[(at(0.9), true, 1.0), (at(0.1), false, 1.0)]);
        let confidence = fitted.confidence(at(0.9));
        fitted.questions = Some("0123abcd".to_owned());
        fitted.baseline.entry(Mode::Banker).or_default().add("policy_lookup", confidence);
        let written = toml::to_string(&fitted).unwrap();
        assert_eq!(Calibration::parse(&written).unwrap(), fitted, "{written}");
        let odd = written.replace("[baseline.banker", "[baseline.nobody");
        assert!(Calibration::parse(&odd).is_err());
    }

    #[test]
    fn the_shipped_file_is_read() {
        let shipped = Calibration::parse(include_str!("../../../defaults/confidence.toml")).unwrap();
        assert!(shipped.confidence(at(0.9)) > shipped.confidence(at(0.2)));
        let by_words = include_str!("../../../defaults/confidence-words.toml");
        let by_words = Calibration::parse(by_words).unwrap();
        assert_eq!(by_words.encoder.as_deref(), Some(BY_WORDS));
        assert!(by_words.confidence(at(0.9)) > by_words.confidence(at(0.2)));
        let text = toml::to_string(&shipped).unwrap();
        let nowhere = text.replace(&format!("bias = {}", shipped.bias), "bias = nan");
        assert_ne!(nowhere, text);
        assert!(Calibration::parse(&nowhere).is_err());
    }
}
