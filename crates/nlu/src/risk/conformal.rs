//! Conformal risk control: Angelopoulos, Bates, Fisch, Lei, Schuster, *Conformal Risk Control*
//! (2022, arXiv:2208.02814), theorem 1 with a loss of 0 or 1, so that its bound B is 1.
//!
//! It takes the lowest threshold with `n / (n + 1) · R + 1 / (n + 1) <= alpha`, where R is the share
//! of the n labelled interactions that are missed at it. With k of them missed that is
//! `(k + 1) / (n + 1) <= alpha`.
//!
//! The theorem asks for a loss that is continuous from the right in the threshold. Ours is not: an
//! answer is shown when its confidence is *at least* the threshold. [`super::threshold::lowest`]
//! stays above the last miss that is too many, which answers no more than
//! the theorem's limit from the right does; the bound holds, with ties as well.

/// The most misses among `labels` interactions that alpha allows; `None` below [`labels_needed`].
#[must_use]
pub fn allowed_losses(labels: usize, alpha: f64) -> Option<usize> {
    let keeps = |losses: f64| (losses + 1.0) / (labels as f64 + 1.0) <= alpha;
    // One division, rounded once: an alpha that is met exactly counts as met, as 1 / 50 for 0.02.
    let guess = (alpha * (labels as f64 + 1.0) - 1.0).floor().max(0.0);
    [guess + 1.0, guess, guess - 1.0]
        .into_iter()
        .find(|&losses| losses >= 0.0 && keeps(losses))
        .map(|losses| losses as usize)
}

/// The fewest labels that allow anything: `n >= 1 / alpha - 1`.
#[must_use]
pub fn labels_needed(alpha: f64) -> u64 {
    let guess = (1.0 / alpha).ceil() - 1.0;
    let fewer = (guess - 1.0).max(0.0);
    (if 1.0 / (fewer + 1.0) <= alpha { fewer } else { guess }) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_alpha_allows() {
        assert_eq!(allowed_losses(48, 0.02), None);
        assert_eq!(allowed_losses(49, 0.02), Some(0));
        assert_eq!(allowed_losses(98, 0.02), Some(0));
        assert_eq!(allowed_losses(99, 0.02), Some(1));
        assert_eq!(allowed_losses(440, 0.05), Some(21));
        assert_eq!(allowed_losses(0, 0.5), None);
        assert_eq!(allowed_losses(1, 0.5), Some(0));
    }

    #[test]
    fn the_fewest_labels_are_the_fewest() {
        assert_eq!((labels_needed(0.02), labels_needed(0.05), labels_needed(0.1)), (49, 19, 9));
        for alpha in [0.001, 0.013, 0.02, 0.03, 0.07, 0.1, 0.3, 0.5, 0.9, 0.999] {
            let needed = labels_needed(alpha) as usize;
            assert!(allowed_losses(needed, alpha).is_some(), "{alpha}");
            assert!(needed == 0 || allowed_losses(needed - 1, alpha).is_none(), "{alpha}");
        }
    }
}
