//! The figures that intent engines are judged by. All are shares from 0 to 1.

/// The share of right answers.
#[must_use]
pub fn accuracy(right: &[bool]) -> f64 {
    right.iter().filter(|right| **right).count() as f64 / right.len().max(1) as f64
}

/// F1 of each label that occurs, averaged with equal weight (as scikit-learn's `f1_score` with
/// `average="macro"`: labels that are in neither list don't count).
#[must_use]
pub fn macro_f1(expected: &[usize], given: &[usize]) -> f64 {
    let labels = expected.iter().chain(given).max().map_or(0, |most| most + 1);
    let (mut hits, mut wanted, mut said) = (vec![0_u32; labels], vec![0_u32; labels], vec![0_u32; labels]);
    for (&expected, &given) in expected.iter().zip(given) {
        wanted[expected] += 1;
        said[given] += 1;
        hits[expected] += u32::from(expected == given);
    }
    let scores: Vec<f64> = (0..labels)
        .filter(|&label| wanted[label] + said[label] > 0)
        .map(|label| 2.0 * f64::from(hits[label]) / f64::from(wanted[label] + said[label]))
        .collect();
    scores.iter().sum::<f64>() / scores.len().max(1) as f64
}

/// Expected calibration error over `bins` bins of equal width.
#[must_use]
pub fn ece(confidence: &[f64], right: &[bool], bins: usize) -> f64 {
    let mut sums = vec![(0.0, 0.0); bins.max(1)];
    for (&confidence, &right) in confidence.iter().zip(right) {
        let bin = ((confidence * bins as f64).ceil() as usize).clamp(1, sums.len()) - 1;
        sums[bin].0 += confidence;
        sums[bin].1 += f64::from(u8::from(right));
    }
    sums.iter().map(|(confidence, right): &(f64, f64)| (confidence - right).abs()).sum::<f64>()
        / confidence.len().max(1) as f64
}

/// The largest share of answers, surest first, among which at most `error` are wrong.
#[must_use]
pub fn coverage_at(confidence: &[f64], right: &[bool], error: f64) -> f64 {
    let mut order: Vec<usize> = (0..confidence.len()).collect();
    order.sort_by(|&a, &b| confidence[b].total_cmp(&confidence[a]));
    let (mut wrong, mut best) = (0.0, 0);
    for (place, &row) in order.iter().enumerate() {
        wrong += f64::from(u8::from(!right[row]));
        // A threshold takes all of an equal confidence or none.
        let tied = order.get(place + 1).is_some_and(|&next| confidence[next] == confidence[row]);
        if !tied && wrong <= error * (place + 1) as f64 {
            best = place + 1;
        }
    }
    best as f64 / confidence.len().max(1) as f64
}

/// The probability that a random positive scores above a random negative; ties count half.
#[must_use]
pub fn auroc(scores: &[f64], positive: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut rank_sum, mut positives, mut from) = (0.0, 0.0, 0);
    while from < order.len() {
        let mut to = from;
        while to < order.len() && scores[order[to]] == scores[order[from]] {
            to += 1;
        }
        let rank = (from + to + 1) as f64 / 2.0;
        let here = order[from..to].iter().filter(|&&row| positive[row]).count() as f64;
        rank_sum += rank * here;
        positives += here;
        from = to;
    }
    let negatives = scores.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return 0.5;
    }
    (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives)
}

/// The share of utterances in scope that are accepted when the threshold refuses `recall` of those
/// outside. Higher scores mean "in scope".
#[must_use]
pub fn accepted_at_recall(inside: &[f64], outside: &[f64], recall: f64) -> f64 {
    let mut sorted = outside.to_vec();
    sorted.sort_by(f64::total_cmp);
    let refused = (recall * sorted.len() as f64).ceil() as usize;
    let Some(&threshold) = refused.checked_sub(1).and_then(|at| sorted.get(at)) else { return 1.0 };
    inside.iter().filter(|score| **score > threshold).count() as f64 / inside.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }

    #[test]
    fn by_hand() {
        near(accuracy(&[true, true, false, true]), 0.75);
        near(macro_f1(&[0, 0, 1], &[0, 1, 1]), (2.0 / 3.0 + 2.0 / 3.0) / 2.0);
        near(ece(&[0.9, 0.9, 0.1, 0.1], &[true, true, false, false], 10), 0.1);
        near(ece(&[1.0, 0.0], &[true, false], 15), 0.0);
        near(coverage_at(&[0.9, 0.8, 0.7, 0.6], &[true, true, false, true], 0.25), 1.0);
        near(coverage_at(&[0.9, 0.8, 0.7, 0.6], &[true, true, false, true], 0.1), 0.5);
        near(coverage_at(&[0.5, 0.5], &[true, false], 0.1), 0.0);
        near(auroc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), 0.75);
        near(auroc(&[0.5, 0.5], &[true, false]), 0.5);
        near(accepted_at_recall(&[0.9, 0.3], &[0.1, 0.2, 0.4, 0.2], 0.75), 1.0);
        near(accepted_at_recall(&[0.9, 0.3], &[0.1, 0.2, 0.4, 0.2], 1.0), 0.5);
    }

    #[test]
    fn nothing_is_no_panic() {
        near(accuracy(&[]), 0.0);
        near(ece(&[], &[], 15), 0.0);
        near(coverage_at(&[], &[], 0.02), 0.0);
        near(auroc(&[], &[]), 0.5);
        near(accepted_at_recall(&[], &[], 0.95), 1.0);
        near(macro_f1(&[], &[]), 0.0);
    }
}
