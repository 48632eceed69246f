//! A linear chain of labels (conditional random field; Lafferty, McCallum and Pereira 2001): how likely each
//! label of each token is, all labellings of the text considered.

use super::{LABELS, Label};

/// Weights between neighbouring labels, `[before][after]`, and of the first label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Transitions {
    pub(super) first: [f32; LABELS],
    pub(super) between: [[f32; LABELS]; LABELS],
}

impl Transitions {
    pub(super) const ZERO: Transitions =
        Transitions { first: [0.0; LABELS], between: [[0.0; LABELS]; LABELS] };
}

/// What the chain says of a text.
pub(super) struct Beliefs {
    /// The probability of each label at each token.
    pub(super) labels: Vec<[f32; LABELS]>,
    /// The probability of each pair of labels at a token and the one before, from the second token on,
    /// only when asked for.
    pub(super) pairs: Vec<[[f32; LABELS]; LABELS]>,
}

/// Forward and backward over the scores of each token. Scores are scaled at each token, so that a text of a
/// million tokens neither overflows nor vanishes.
pub(super) fn beliefs(scores: &[[f32; LABELS]], transitions: &Transitions, pairs: bool) -> Beliefs {
    let count = scores.len();
    let likely: Vec<[f32; LABELS]> = scores.iter().map(exponents).collect();
    let between = transitions.between.map(|row| row.map(f32::exp));
    let mut forward: Vec<[f32; LABELS]> = Vec::with_capacity(count);
    for own in &likely {
        let mut now = [0.0; LABELS];
        for (label, value) in now.iter_mut().enumerate() {
            let reached = match forward.last() {
                None => transitions.first[label].exp(),
                Some(before) => (0..LABELS).map(|b| before[b] * between[b][label]).sum(),
            };
            *value = reached * own[label];
        }
        forward.push(normalised(now));
    }
    let mut backward = vec![[1.0 / LABELS as f32; LABELS]; count];
    for token in (0..count.saturating_sub(1)).rev() {
        let mut now = [0.0; LABELS];
        for (label, value) in now.iter_mut().enumerate() {
            *value =
                (0..LABELS).map(|a| between[label][a] * likely[token + 1][a] * backward[token + 1][a]).sum();
        }
        backward[token] = normalised(now);
    }
    let both = |token: usize| -> [f32; LABELS] {
        normalised(std::array::from_fn(|label| forward[token][label] * backward[token][label]))
    };
    let of_pair = |token: usize| {
        let mut all = [[0.0; LABELS]; LABELS];
        let mut sum = 0.0;
        for (b, row) in all.iter_mut().enumerate() {
            for (a, value) in row.iter_mut().enumerate() {
                *value = forward[token - 1][b] * between[b][a] * likely[token][a] * backward[token][a];
                sum += *value;
            }
        }
        let sum = if sum > 0.0 { sum } else { 1.0 };
        all.map(|row| row.map(|value| value / sum))
    };
    Beliefs {
        labels: (0..count).map(both).collect(),
        pairs: if pairs { (1..count).map(of_pair).collect() } else { Vec::new() },
    }
}

/// `e` to each score, the largest as 1.
fn exponents(scores: &[f32; LABELS]) -> [f32; LABELS] {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.map(|score| (score - most).exp())
}

fn normalised(values: [f32; LABELS]) -> [f32; LABELS] {
    let sum: f32 = values.iter().sum();
    // Only where every label was impossible; then nothing is claimed.
    if sum > 0.0 {
        values.map(|v| v / sum)
    } else {
        std::array::from_fn(|l| f32::from(l == Label::Other as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By trying every labelling.
    fn slowly(scores: &[[f32; LABELS]], transitions: &Transitions) -> Vec<[f32; LABELS]> {
        let mut sums = vec![[0.0f64; LABELS]; scores.len()];
        let mut all = 0.0f64;
        for code in 0..LABELS.pow(scores.len() as u32) {
            let labels: Vec<usize> =
                (0..scores.len()).map(|i| code / LABELS.pow(i as u32) % LABELS).collect();
            let mut score = transitions.first[labels[0]];
            for (i, label) in labels.iter().enumerate() {
                score += scores[i][*label];
                if i > 0 {
                    score += transitions.between[labels[i - 1]][*label];
                }
            }
            let weight = f64::from(score).exp();
            all += weight;
            for (i, label) in labels.iter().enumerate() {
                sums[i][*label] += weight;
            }
        }
        sums.into_iter().map(|row| row.map(|v| (v / all) as f32)).collect()
    }

    #[test]
    fn beliefs_are_those_of_all_labellings() {
        let scores =
            [[0.3, -1.0, 2.0, 0.1], [1.0, 0.0, -0.5, 0.4], [0.0, 3.0, 0.2, -2.0], [0.5, 0.5, 0.5, 1.5]];
        let mut transitions = Transitions::ZERO;
        for (b, row) in transitions.between.iter_mut().enumerate() {
            for (a, value) in row.iter_mut().enumerate() {
                *value = (b as f32 - a as f32) * 0.4;
            }
        }
        transitions.first = [0.2, -0.3, 0.0, 0.6];
        let found = beliefs(&scores, &transitions, true);
        for (one, other) in found.labels.iter().zip(slowly(&scores, &transitions)) {
            for (a, b) in one.iter().zip(other) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
        // Pairs and labels say the same.
        let of_second: Vec<f32> =
            (0..LABELS).map(|a| (0..LABELS).map(|b| found.pairs[0][b][a]).sum()).collect();
        for (a, b) in of_second.iter().zip(found.labels[1]) {
            assert!((a - b).abs() < 1e-5);
        }
    }

    #[test]
    fn large_scores_and_long_texts_stay_finite() {
        let scores = vec![[900.0, -900.0, 0.0, 50.0]; 20_000];
        let found = beliefs(&scores, &Transitions::ZERO, false);
        assert!(found.labels.iter().all(|row| row.iter().all(|v| v.is_finite()) && row[0] > 0.99));
        assert!(beliefs(&[], &Transitions::ZERO, true).labels.is_empty());
    }
}
