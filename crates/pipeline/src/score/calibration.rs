//! The logistic model behind a confidence, as its file has it.

use std::collections::BTreeMap;

use contactiq_domain::{Mode, Probability};
use contactiq_nlu::risk::drift::Distribution;
use serde::{Deserialize, Serialize};

use super::features::{COUNT, Features};

/// A larger weight would make every answer certain.
const MOST_WEIGHT: f64 = 100.0;
/// What a confidence file calls its encoder where it was fitted without one.
pub const BY_WORDS: &str = "words alone";
/// The most confidence that an answer to such a question has.
const VAGUE: f64 = 0.3;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::features::tests::at;

    #[test]
    fn a_fit_separates_right_from_wrong_and_stays_a_probability() {
        let labelled: Vec<(Features, bool, f64)> =
            (0..100).map(|i| (at(f64::from(i) / 100.0), i > 50, 1.0)).collect();
        let fitted = Calibration::fit("test", &labelled);
        assert!(fitted.confidence(at(0.95)).get() > 0.9);
        assert!(fitted.confidence(at(0.05)).get() < 0.1);
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
        let shipped = Calibration::parse(include_str!("../../../../defaults/confidence.toml")).unwrap();
        assert!(shipped.confidence(at(0.9)) > shipped.confidence(at(0.2)));
        let by_words = include_str!("../../../../defaults/confidence-words.toml");
        let by_words = Calibration::parse(by_words).unwrap();
        assert_eq!(by_words.encoder.as_deref(), Some(BY_WORDS));
        assert!(by_words.confidence(at(0.9)) > by_words.confidence(at(0.2)));
        let text = toml::to_string(&shipped).unwrap();
        let nowhere = text.replace(&format!("bias = {}", shipped.bias), "bias = nan");
        assert_ne!(nowhere, text);
        assert!(Calibration::parse(&nowhere).is_err());
    }
}
