//! Exact lower tails of the binomial distribution, in logarithms, so that neither a thousand labels
//! nor a million underflow.

/// The probabilities of at most 0, 1, 2, … hits in `trials`, each a hit with probability `share`
/// (above 0, below 1). It ends after `trials`.
pub(super) fn lower_tails(trials: usize, share: f64) -> impl Iterator<Item = f64> {
    let odds = share.ln() - (-share).ln_1p();
    let mut term = trials as f64 * (-share).ln_1p();
    let mut sum = term;
    (0..=trials).map(move |hits| {
        if hits > 0 {
            term += ((trials - hits + 1) as f64 / hits as f64).ln() + odds;
            let (high, low) = if term > sum { (term, sum) } else { (sum, term) };
            sum = high + (low - high).exp().ln_1p();
        }
        sum.exp().min(1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::lower_tails;

    #[test]
    fn by_hand() {
        let tails: Vec<f64> = lower_tails(3, 0.5).collect();
        for (tail, expected) in tails.iter().zip([0.125, 0.5, 0.875, 1.0]) {
            assert!((tail - expected).abs() < 1e-12, "{tails:?}");
        }
        assert_eq!(tails.len(), 4);
        assert_eq!(lower_tails(0, 0.3).collect::<Vec<_>>(), [1.0]);
        // In exact fractions, for 220 trials of 0.02.
        let tails: Vec<f64> = lower_tails(220, 0.02).take(5).collect();
        for (at, expected) in [(0, 0.011_741_853_361), (3, 0.356_981_225_476), (4, 0.550_411_350_997)] {
            assert!((tails[at] - expected).abs() < 1e-11, "{at} {}", tails[at]);
        }
    }

    #[test]
    fn many_trials_do_not_underflow() {
        let last = lower_tails(1_000_000, 0.02).nth(20_000).unwrap();
        assert!((last - 0.5).abs() < 0.01, "{last}");
    }
}
