//! What was learned of names, addresses and passwords: a label for every token, from the words around it.
//!
//! A linear-chain conditional random field over hashed features. It is trained by `contactiq guard train` on
//! sentences that the project's own generator makes (`training/personal`), and speaks beside the rules: it
//! finds what no list knows, completes what a rule found a part of, and withdraws a rule's weak guess.

mod chain;
mod features;
pub(crate) mod fit;

use std::sync::{Arc, LazyLock};

use chain::Transitions;
use features::{BUCKETS, Look};

use super::{
    cues::Cue,
    lexicon::traits as t,
    page::{Found, Gap, Kind, Page},
};
use crate::{PersonalType as P, stop};

/// How many labels there are.
pub(crate) const LABELS: usize = 4;

/// What a token belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    /// Nothing personal.
    Other = 0,
    /// A name.
    Person = 1,
    /// An address.
    Address = 2,
    /// A password or passphrase.
    Secret = 3,
}

/// The first bytes of a model: what it is and the version of its features.
const MAGIC: &[u8; 8] = b"ciqpii01";
/// The shipped model.
const BUILT_IN: &[u8] = include_bytes!("../learned.model");

/// The weights.
#[derive(Clone, PartialEq)]
pub struct Learned {
    /// For each bucket one weight for each label but the first.
    weights: Arc<[[i8; LABELS - 1]]>,
    scale: f32,
    transitions: Transitions,
}

impl std::fmt::Debug for Learned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Learned").field("buckets", &self.weights.len()).finish_non_exhaustive()
    }
}

/// A file that is no model of this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no model of this version's learned recogniser: make one with `contactiq guard train --out FILE`"
)]
pub struct NoModel;

/// No figure of a model is larger; what was learned stays below 10. The chain computes with `e` to it in 32 bits, which
/// ends at 88: beyond that nothing would be found, and nobody would be told.
const MOST: f32 = 50.0;

impl Learned {
    /// The shipped model; nothing is learned where it is damaged, which a test excludes.
    #[must_use]
    pub fn built_in() -> Option<Arc<Learned>> {
        static MODEL: LazyLock<Option<Arc<Learned>>> =
            LazyLock::new(|| Learned::from_bytes(BUILT_IN).ok().map(Arc::new));
        MODEL.clone()
    }

    /// Reads a model.
    ///
    /// # Errors
    /// When it is another version's, cut or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Learned, NoModel> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(NoModel)?;
        let floats = 1 + LABELS + LABELS * LABELS;
        let (head, body) = rest.split_at_checked(floats * 4).ok_or(NoModel)?;
        if body.len() != BUCKETS as usize * (LABELS - 1) {
            return Err(NoModel);
        }
        let numbers: Vec<f32> = head.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        if numbers.iter().any(|n| !n.is_finite() || n.abs() > MOST) {
            return Err(NoModel);
        }
        let transitions = Transitions {
            first: std::array::from_fn(|l| numbers[1 + l]),
            between: std::array::from_fn(|b| std::array::from_fn(|a| numbers[1 + LABELS + b * LABELS + a])),
        };
        let weights = body.as_chunks().0.iter().map(|three: &[u8; LABELS - 1]| three.map(u8::cast_signed));
        Ok(Learned { weights: weights.collect(), scale: numbers[0], transitions })
    }

    /// The model as [`Learned::from_bytes`] reads it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let transitions = self.transitions.first.iter().chain(self.transitions.between.iter().flatten());
        for number in std::iter::once(&self.scale).chain(transitions) {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.weights.iter().flatten().map(|w| w.cast_unsigned()));
        bytes
    }

    /// The probability of each label for each token of a page.
    pub(super) fn read(&self, page: &Page<'_>) -> Vec<[f32; LABELS]> {
        let looks: Vec<Look> = (0..page.tokens.len()).map(|token| Look::of(page, token)).collect();
        let scores: Vec<[f32; LABELS]> = (0..looks.len())
            .map(|token| {
                stop::step(token);
                let mut sums = [0i32; LABELS - 1];
                features::each(page, &looks, token, |bucket| {
                    for (sum, weight) in sums.iter_mut().zip(&self.weights[bucket as usize]) {
                        *sum += i32::from(*weight);
                    }
                });
                let mut scores = [0.0; LABELS];
                for (score, sum) in scores[1..].iter_mut().zip(sums) {
                    *score = sum as f32 * self.scale;
                }
                scores
            })
            .collect();
        chain::beliefs(&scores, &self.transitions, false).labels
    }
}

/// What `guard explain` says of a finding.
const LEARNED: &str = "learned: the words around it, in sentences that were learned from";
/// From this probability on a token belongs to a name, an address, a password.
const SURE: [f32; LABELS] = [1.0, 0.8, 0.6, 0.8];
/// From this probability on what stands beside such a token belongs to it.
const EDGE: [f32; LABELS] = [1.0, 0.35, 0.2, 0.5];
/// A name that begins with a capital needs less.
const CAPITAL: f32 = 0.35;
/// A rule's finding of a name that scores below this is withdrawn where the model is sure that it is none.
const WEAK: f64 = 0.7;
/// As sure as this.
const NONE: f32 = 0.03;

/// Adds what the model finds to what the rules found, completes and withdraws.
pub(super) fn join(model: &Learned, page: &Page<'_>, out: &mut Vec<Found>) {
    if page.tokens.iter().all(|t| t.kind == Kind::Mark) {
        return;
    }
    let beliefs = model.read(page);
    out.retain(|f| {
        let weak = f.kind == P::Person && f.score < WEAK;
        !weak || is_foreign(page, f) || most(page, &beliefs, f, Label::Person) >= NONE
    });
    for (label, kind) in
        [(Label::Person, P::Person), (Label::Address, P::Address), (Label::Secret, P::Password)]
    {
        let taken = taken(page, out, kind);
        for (first, last, mean) in runs(page, &beliefs, label, &taken) {
            // It was trained on English: what it believes of other languages is no knowledge. An address has
            // digits and capitals everywhere.
            let address = label == Label::Address && (first..=last).any(|t| page.is_capital(t));
            if page.foreign[first..=last].contains(&true) && !address {
                continue;
            }
            let (start, end) = (page.start(first), page.end(last));
            let mut whole = Found { start, end, kind, score: 0.45 + 0.4 * f64::from(mean), by: LEARNED };
            // A part that a rule found is completed.
            for f in out.iter().filter(|f| f.kind == kind && f.start < end && start < f.end) {
                whole.start = whole.start.min(f.start);
                whole.end = whole.end.max(f.end);
                whole.score = whole.score.max(f.score + 1e-3);
            }
            out.push(whole);
        }
    }
}

/// Whether a finding begins where the text is not English.
fn is_foreign(page: &Page<'_>, f: &Found) -> bool {
    let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
    page.foreign.get(first).copied().unwrap_or(false)
}

/// The most that any token of a finding is believed to be this.
fn most(page: &Page<'_>, beliefs: &[[f32; LABELS]], f: &Found, label: Label) -> f32 {
    let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
    let inside = (first..page.tokens.len()).take_while(|token| page.start(*token) < f.end);
    inside.map(|token| beliefs[token][label as usize]).fold(0.0, f32::max)
}

/// Tokens of which a rule is sure that they are something else: a telephone number behind an address.
fn taken(page: &Page<'_>, found: &[Found], kind: P) -> Vec<bool> {
    let mut taken = vec![false; page.tokens.len()];
    for f in found.iter().filter(|f| f.kind != kind && f.score >= WEAK) {
        let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
        taken
            .iter_mut()
            .enumerate()
            .skip(first)
            .take_while(|(t, _)| page.start(*t) < f.end)
            .for_each(|(_, t)| *t = true);
    }
    taken
}

/// Runs of tokens with this label: first, last, mean belief.
fn runs(
    page: &Page<'_>,
    beliefs: &[[f32; LABELS]],
    label: Label,
    taken: &[bool],
) -> Vec<(usize, usize, f32)> {
    let own = |token: usize| if taken[token] { 0.0 } else { beliefs[token][label as usize] };
    // A name does not go over a line's end, an address does.
    let goes_on = |token: usize| {
        own(token) >= EDGE[label as usize] && (label == Label::Address || page.gap(token) != Gap::Break)
    };
    let mut found: Vec<(usize, usize, f32)> = Vec::new();
    let mut token = 0;
    while token < beliefs.len() {
        // A capital where others are small is half a name.
        let capital = label == Label::Person && page.cased && page.is_capital(token);
        let sure = if capital { CAPITAL } else { SURE[label as usize] };
        if own(token) < sure {
            token += 1;
            continue;
        }
        let mut first = token;
        while first > 0
            && goes_on(first)
            && own(first - 1) >= EDGE[label as usize]
            && found.last().is_none_or(|(_, last, _)| *last < first - 1)
        {
            first -= 1;
        }
        token += 1;
        while token < beliefs.len() && goes_on(token) {
            token += 1;
        }
        let (mut from, mut to) = (first, token - 1);
        let outer = |t: usize| page.tokens[t].kind == Kind::Mark && label != Label::Secret;
        while from < to && outer(from) {
            from += 1;
        }
        while to > from && outer(to) && page.slice(to) != ")" {
            to -= 1;
        }
        if fits(page, from, to, label) {
            let sum: f32 = beliefs[from..=to].iter().map(|row| row[label as usize]).sum();
            found.push((from, to, sum / (to - from + 1) as f32));
        }
    }
    found
}

/// What no name, address or password can be, whatever is believed.
fn fits(page: &Page<'_>, first: usize, last: usize, label: Label) -> bool {
    let words = (first..=last).filter(|t| page.is_word(*t)).count();
    match label {
        Label::Person => {
            // "clean bathroom", "board": small everyday words are nobody's name.
            let plain = |t: usize| {
                page.has(t, t::FUNCTION | t::COMMON | t::MONTH) && !page.has(t, t::GIVEN | t::FAMILY)
            };
            let other = (first..=last).any(|t| page.is_word(t) && !plain(t));
            words > 0 && other && page.end(last) - page.start(first) >= 2
        }
        // A city alone is none, nor is "334 minus 87".
        Label::Address => {
            (first..=last).any(|t| page.is_digits(t)) && (first..=last).any(|t| names_a_place(page, t))
        }
        // Digits alone have recognisers of their own, and a plain word needs to be called a password.
        Label::Secret => {
            let called = page.cues.iter().any(|c| calls_a_secret(c.cue));
            let bent = (first..=last).any(|t| page.is_digits(t));
            words > 0 && (called || bent) && page.end(last) - page.start(first) >= 4
        }
        Label::Other => false,
    }
}

/// Whether a cue speaks of what is secret.
pub(super) const fn calls_a_secret(cue: Cue) -> bool {
    matches!(cue, Cue::Password | Cue::Pin | Cue::Username)
}

/// A word that may stand in an address: of a street, a state, a city, or one that no list has.
fn names_a_place(page: &Page<'_>, token: usize) -> bool {
    let place = t::STREET | t::STREET_WEAK | t::UNIT | t::STATE | t::CITY;
    let plain = t::FUNCTION | t::COMMON | t::FILLER | t::QUANTITY | t::CURRENCY | t::MONTH;
    page.is_word(token) && (page.has(token, place) || page.slice(token).len() >= 3 && !page.has(token, plain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::{Labelled, train};

    /// Sentences in which a name stands behind "ask for" and nowhere else.
    fn sentences() -> Vec<Labelled> {
        let names = ["Zofka", "Brunt", "Ilvane", "Oquist", "Tarrow", "Wenda", "Pelk", "Murrin"];
        let mut all = Vec::new();
        for (n, name) in names.iter().cycle().take(160).enumerate() {
            let (before, after) = [("please ask for ", " at the desk"), ("ask for ", " there")][n % 2];
            let start = before.len();
            all.push(Labelled {
                text: format!("{before}{name}{after}"),
                spans: vec![(start, start + name.len(), P::Person)],
            });
            all.push(Labelled {
                text: format!("please pay the fee at the desk {}", n % 7),
                spans: Vec::new(),
            });
        }
        all
    }

    fn found(model: &Learned, text: &str) -> Vec<(String, P)> {
        let page = Page::new(text, &[]);
        let mut out = Vec::new();
        join(model, &page, &mut out);
        out.iter().map(|f| (text[f.start..f.end].to_owned(), f.kind)).collect()
    }

    #[test]
    fn a_name_that_no_list_knows_is_found_by_the_words_around_it() {
        let model = train(&sentences(), 4, 1);
        assert_eq!(found(&model, "please ask for Vrinkle at the desk"), [("Vrinkle".to_owned(), P::Person)]);
        assert_eq!(found(&model, "please pay the fee at the desk"), []);
        assert_eq!(train(&sentences(), 4, 1), model, "the same seed makes the same model");
    }

    #[test]
    fn what_a_rule_found_a_part_of_is_completed_and_a_weak_guess_is_withdrawn() {
        let model = train(&sentences(), 4, 1);
        let text = "please ask for Vrinkle at the desk";
        let page = Page::new(text, &[]);
        let part = Found { start: 15, end: 18, kind: P::Person, score: 0.6, by: "a rule" };
        let mut out = vec![part];
        join(&model, &page, &mut out);
        assert!(out.iter().any(|f| (f.start, f.end) == (15, 22) && f.score > part.score), "{out:?}");

        let page = Page::new("please pay the fee at the desk", &[]);
        let guess = |score| Found { start: 26, end: 30, kind: P::Person, score, by: "a rule" };
        let left = |score| {
            let mut out = vec![guess(score)];
            join(&model, &page, &mut out);
            out.len()
        };
        assert_eq!((left(0.6), left(0.85)), (0, 1), "a firm finding stays");
    }

    #[test]
    fn a_model_survives_its_file_and_a_damaged_file_is_none() {
        let model = train(&sentences(), 2, 3);
        let bytes = model.to_bytes();
        assert_eq!(Learned::from_bytes(&bytes).unwrap(), model);
        for wrong in [&bytes[..bytes.len() - 1], &bytes[1..], b"", b"ciqpii01"] {
            assert_eq!(Learned::from_bytes(wrong), Err(NoModel));
        }
        for (place, figure) in [(8, f32::NAN), (12, 476.0), (12, -51.0)] {
            let mut spoilt = bytes.clone();
            spoilt[place..place + 4].copy_from_slice(&figure.to_le_bytes());
            assert_eq!(Learned::from_bytes(&spoilt), Err(NoModel), "{figure} at {place}");
        }
        assert!(Learned::built_in().is_some());
    }
}
