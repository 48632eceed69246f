//! How well a model finds names, addresses and passwords in sentences that it never saw.

use super::Labelled;
use crate::{
    PersonalType as P,
    normal::Normal,
    pii::{self, Learned},
};

/// Counts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// Values that were there.
    pub there: usize,
    /// Of them those that were touched under any label.
    pub touched: usize,
    /// Of them those of which no character was left.
    pub covered: usize,
    /// Findings of this kind.
    pub found: usize,
    /// Of them those that touch a value of this kind.
    pub right: usize,
}

/// Counts for names, addresses and passwords, rules and model together, or the rules alone.
#[must_use]
pub fn measure(model: Option<&Learned>, sentences: &[Labelled]) -> Vec<(P, Measured)> {
    let mut counts = [P::Person, P::Address, P::Password].map(|kind| (kind, Measured::default()));
    for sentence in sentences {
        let normal = Normal::new(&sentence.text);
        let spans = pii::find(&normal, model);
        let places: Vec<usize> =
            sentence.text.char_indices().map(|(at, _)| at).chain([sentence.text.len()]).collect();
        let byte = |code_point: usize| places.get(code_point).copied().unwrap_or(sentence.text.len());
        let found: Vec<(usize, usize, P)> =
            spans.iter().map(|s| (byte(s.start), byte(s.end), s.kind)).collect();
        for (kind, counted) in &mut counts {
            for (start, end, _) in sentence.spans.iter().filter(|s| s.2 == *kind) {
                counted.there += 1;
                counted.touched += usize::from(found.iter().any(|f| f.0 < *end && *start < f.1));
                let visible = |at: usize| !sentence.text[at..].starts_with([' ', '\n', ',']);
                let covered = (*start..*end)
                    .filter(|at| sentence.text.is_char_boundary(*at) && visible(*at))
                    .all(|at| found.iter().any(|f| f.0 <= at && at < f.1));
                counted.covered += usize::from(covered);
            }
            for f in found.iter().filter(|f| f.2 == *kind) {
                counted.found += 1;
                counted.right +=
                    usize::from(sentence.spans.iter().any(|s| s.2 == *kind && f.0 < s.1 && s.0 < f.1));
            }
        }
    }
    counts.to_vec()
}
