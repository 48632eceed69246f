//! From a number of misses to a threshold, and what a threshold comes to.

use contactiq_domain::Probability;

use super::Judged;

/// What a threshold comes to on judged interactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Realised {
    /// How many were judged.
    pub judged: usize,
    /// How many of them needed a person.
    pub needed: usize,
    /// How many are answered.
    pub answered: usize,
    /// How many are answered though a person was needed.
    pub missed: usize,
}

impl Realised {
    /// The share of all judged interactions that are answered though a person was needed; 0 of none.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.missed as f64 / self.judged.max(1) as f64
    }

    /// The share of all judged interactions that are answered; 0 of none.
    #[must_use]
    pub fn answered_share(&self) -> f64 {
        self.answered as f64 / self.judged.max(1) as f64
    }
}

/// The lowest labelled confidence at and above which at most `allowed` interactions are missed. All
/// of an equal confidence are answered or none. `None` when the highest confidence misses too many
/// already, or nothing was ever answered. It never lies below the lowest labelled confidence: nothing
/// is known there.
#[must_use]
pub fn lowest(judged: &[Judged], allowed: usize) -> Option<Probability> {
    let mut scored: Vec<(Probability, bool)> =
        judged.iter().filter_map(|j| Some((j.confidence?, j.needs_person))).collect();
    scored.sort_by(|a, b| b.0.get().total_cmp(&a.0.get()));
    let mut missed = 0;
    scored
        .chunk_by(|a, b| a.0 == b.0)
        .take_while(|tied| {
            missed += tied.iter().filter(|(_, needs_person)| *needs_person).count();
            missed <= allowed
        })
        .last()
        .map(|tied| tied[0].0)
}

/// The same threshold in so many decimals, to be written into a configuration: rounded down where
/// that misses no more of the labelled interactions, so that the promise holds as before, else up.
#[must_use]
pub fn rounded(judged: &[Judged], exact: Probability, decimals: i32) -> Probability {
    let scale = 10_f64.powi(decimals);
    let near = (exact.get() * scale).round();
    let steps = if near / scale <= exact.get() { [near, near + 1.0] } else { [near - 1.0, near] };
    let [down, up] = steps.map(|step| Probability::clamped(step / scale));
    let missed = |threshold| realised(judged, Some(threshold)).missed;
    if missed(down) <= missed(exact) { down } else { up }
}

/// What this threshold comes to; with `None` nothing is answered.
#[must_use]
pub fn realised(judged: &[Judged], threshold: Option<Probability>) -> Realised {
    let mut found = Realised { judged: judged.len(), ..Realised::default() };
    for one in judged {
        let answered = matches!((one.confidence, threshold), (Some(c), Some(t)) if c >= t);
        found.needed += usize::from(one.needs_person);
        found.answered += usize::from(answered);
        found.missed += usize::from(answered && one.needs_person);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(confidence: f64, needs_person: bool) -> Judged {
        Judged { confidence: Some(Probability::new(confidence).unwrap()), needs_person }
    }

    fn at(value: f64) -> Option<Probability> {
        Some(Probability::new(value).unwrap())
    }

    #[test]
    fn all_of_an_equal_confidence_or_none() {
        let set = [
            judged(0.9, false),
            judged(0.8, true),
            judged(0.8, false),
            judged(0.8, true),
            judged(0.7, false),
        ];
        assert_eq!(lowest(&set, 0), at(0.9));
        assert_eq!(lowest(&set, 1), at(0.9));
        assert_eq!(lowest(&set, 2), at(0.7));
        assert_eq!(realised(&set, at(0.8)), Realised { judged: 5, needed: 2, answered: 4, missed: 2 });
    }

    #[test]
    fn nothing_is_answered_when_the_surest_answer_was_wrong_or_there_is_none() {
        assert_eq!(lowest(&[judged(0.9, true), judged(0.8, false)], 0), None);
        let silent = Judged { confidence: None, needs_person: true };
        assert_eq!(lowest(&[silent; 9], 3), None);
        assert_eq!(lowest(&[], 3), None);
        assert_eq!(realised(&[silent, judged(1.0, true)], None).rate(), 0.0);
        assert_eq!(realised(&[silent, judged(1.0, true)], at(1.0)).rate(), 0.5);
    }

    #[test]
    fn a_rounded_threshold_misses_no_more_and_a_short_one_stays() {
        let set = [judged(0.915_94, false), judged(0.915_91, true), judged(0.2, true)];
        for (exact, written) in [(0.68, 0.68), (0.5, 0.5), (1.0, 1.0), (0.0, 0.0), (0.915_91, 0.9159)] {
            assert_eq!(rounded(&set, Probability::new(exact).unwrap(), 4).get(), written);
        }
        let exact = lowest(&set, 0).unwrap();
        assert_eq!((exact.get(), rounded(&set, exact, 4).get()), (0.915_94, 0.916));
        assert_eq!(rounded(&set[..1], exact, 4).get(), 0.9159);
    }
}
