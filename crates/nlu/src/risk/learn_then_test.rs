//! Learn then Test: Angelopoulos, Bates, Candès, Jordan, Lei, *Learn then Test: Calibrating Predictive
//! Algorithms to Achieve Risk Control* (2021, arXiv:2110.01052), with fixed-sequence testing.
//!
//! Each threshold has a hypothesis "the risk is above alpha". They are tested from the strictest
//! threshold downwards, each at level delta, and the first that is not rejected ends the walk; the
//! last rejected threshold is taken. The p-value of k misses among n is exact: the chance of at most
//! k hits in n throws with probability alpha.
//!
//! The walk visits the labelled confidences, which depend on the data. It may: between two of them
//! the p-value does not change, so that the walk is the one over *all* thresholds, a sequence fixed
//! beforehand; and as risk and p-value both only grow downwards, a wrong rejection needs a rejection
//! just below the point where the risk passes alpha, which has probability at most delta. (The same
//! argument as in Bates et al., *Distribution-free, risk-controlling prediction sets*, 2021.)

use super::binomial::lower_tails;

/// The p-value of `losses` misses among `labels` interactions under "the risk is above alpha".
#[must_use]
pub fn p_value(losses: usize, labels: usize, alpha: f64) -> f64 {
    lower_tails(labels, alpha).nth(losses).unwrap_or(1.0)
}

/// The most misses among `labels` interactions at which the hypothesis is rejected at level delta:
/// the p-value grows with the misses, so the walk ends at the first threshold with more. `None` below
/// [`labels_needed`].
#[must_use]
pub fn allowed_losses(labels: usize, alpha: f64, delta: f64) -> Option<usize> {
    lower_tails(labels, alpha).take_while(|p| *p <= delta).count().checked_sub(1)
}

/// The fewest labels that allow anything: `n >= ln(delta) / ln(1 - alpha)`.
#[must_use]
pub fn labels_needed(alpha: f64, delta: f64) -> u64 {
    (delta.ln() / (-alpha).ln_1p()).ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_alpha_and_delta_allow() {
        assert_eq!(allowed_losses(148, 0.02, 0.05), None);
        assert_eq!(allowed_losses(149, 0.02, 0.05), Some(0));
        assert_eq!(allowed_losses(440, 0.05, 0.05), Some(14));
        assert_eq!(allowed_losses(0, 0.02, 0.05), None);
        assert_eq!(p_value(7, 3, 0.02), 1.0);
    }

    #[test]
    fn the_fewest_labels_are_the_fewest() {
        assert_eq!((labels_needed(0.02, 0.05), labels_needed(0.05, 0.05)), (149, 59));
        for (alpha, delta) in [(0.01, 0.1), (0.02, 0.01), (0.1, 0.2), (0.5, 0.3), (0.9, 0.9)] {
            let needed = labels_needed(alpha, delta) as usize;
            assert!(allowed_losses(needed, alpha, delta).is_some(), "{alpha} {delta}");
            assert!(allowed_losses(needed - 1, alpha, delta).is_none(), "{alpha} {delta}");
        }
    }
}
