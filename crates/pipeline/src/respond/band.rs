//! Bands of a table ("Over $250,000", "6 to 12 months"): an amount that a question names falls into one of
//! them, and the other rows say nothing of it.

use std::{collections::BTreeSet, sync::LazyLock};

use contactiq_nlu::index::Sentence;
use regex::Regex;

use super::{
    figure::{Unit, figures, located},
    statement::Row,
};

/// Numbers below this count something else than money, where no unit is said.
const LEAST_BARE: f64 = 100.0;

/// A row's label that says from where to where it holds.
#[derive(Debug, PartialEq)]
struct Band {
    /// What is measured; empty for bare numbers.
    dimension: String,
    /// What else the label says: bands of one thing say the same.
    of: String,
    /// Lower bound, and whether it belongs to the band.
    from: Option<(f64, bool)>,
    /// Upper bound, and whether it belongs to the band.
    to: Option<(f64, bool)>,
}

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
    Regex::new(source).expect("a constant pattern")
}

/// Words of bounds: `#` stands for a figure.
static BOUNDS: LazyLock<[(Regex, Side); 9]> = LazyLock::new(|| {
    [
        (
            pattern(
                r"\b(?:over|above|more than|exceeding|greater than) # (?:to|and up to|up to|but not over|[-–—]) #",
            ),
            Side::Between(false),
        ),
        (
            pattern(r"(?:\b(?:between|from) )?# ?(?:to less than|but (?:less than|under|below)) ?#"),
            Side::Below,
        ),
        (pattern(r"(?:\b(?:between|from) )?# ?(?:to|and|up to|[-–—]) ?#"), Side::Between(true)),
        (
            pattern(
                r"\b(?:up to|at most|no more than|not more than|maximum of|first) #|# (?:or|and) (?:less|below|under|fewer)\b",
            ),
            Side::To(true),
        ),
        (pattern(r"\b(?:under|below|less than) #"), Side::To(false)),
        (
            pattern(
                r"\b(?:at least|from|minimum of) #|# ?(?:(?:or|and) (?:more|above|over|upwards)\b|\+|plus\b)",
            ),
            Side::From(true),
        ),
        (pattern(r"\b(?:over|above|more than|exceeding|greater than|beyond) #"), Side::From(false)),
        (pattern(r"[<]=? ?#"), Side::To(false)),
        (pattern(r"[>]=? ?#"), Side::From(false)),
    ]
});

#[derive(Debug, Clone, Copy)]
enum Side {
    From(bool),
    To(bool),
    /// Both bounds; whether the lower one belongs to it.
    Between(bool),
    /// Both bounds; the upper one does not belong to it.
    Below,
}

impl Band {
    fn of(label: &str) -> Option<Band> {
        let found = located(label);
        let dimension = |unit: &Unit| unit.dimension().unwrap_or_default().to_owned();
        let dimensions: BTreeSet<String> = found.iter().map(|(_, f)| dimension(&f.unit)).collect();
        if dimensions.len() != 1 || found.len() > 2 {
            return None;
        }
        let mut plain = String::new();
        let mut at = 0;
        for (range, _) in &found {
            plain.push_str(label.get(at..range.start)?);
            plain.push('#');
            at = range.end;
        }
        plain.push_str(label.get(at..)?);
        let plain = plain.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let values: Vec<f64> = found.iter().filter_map(|(_, f)| f.value.parse().ok()).collect();
        let (bound, side) = BOUNDS.iter().find(|(bound, _)| bound.is_match(&plain))?;
        let of = bound.replace(&plain, "").trim().to_owned();
        let (from, to) = match (*side, values.as_slice()) {
            (Side::From(own), [value]) => (Some((*value, own)), None),
            (Side::To(own), [value]) => (None, Some((*value, own))),
            (Side::Between(own), [from, to]) => (Some((*from, own)), Some((*to, true))),
            (Side::Below, [from, to]) => (Some((*from, true)), Some((*to, false))),
            _ => return None,
        };
        Some(Band { dimension: dimensions.into_iter().next()?, of, from, to })
    }

    fn holds(&self, amount: f64) -> bool {
        let above = |(bound, own): (f64, bool)| amount > bound || (own && amount >= bound);
        let below = |(bound, own): (f64, bool)| amount < bound || (own && amount <= bound);
        self.from.is_none_or(above) && self.to.is_none_or(below)
    }
}

/// The amounts that a question names, with what they measure.
pub(super) fn amounts(question: &str) -> Vec<(String, f64)> {
    let read = |figure: super::figure::Figure| {
        let value: f64 = figure.value.parse().ok()?;
        let year = (1990.0..2100.0).contains(&value);
        match figure.unit.dimension() {
            Some(dimension) => Some((dimension.to_owned(), value)),
            None => (value >= LEAST_BARE && !year).then(|| (String::new(), value)),
        }
    };
    figures(question).into_iter().filter_map(read).collect()
}

/// Numbers of the rows of a passage in whose band none of the amounts falls, while one falls into that of a
/// sibling.
pub(super) fn outside(sentences: &[Sentence], amounts: &[(String, f64)]) -> BTreeSet<usize> {
    if amounts.is_empty() {
        return BTreeSet::new();
    }
    let bands: Vec<(usize, Band)> = sentences
        .iter()
        .enumerate()
        .filter(|(_, s)| s.is_row)
        .filter_map(|(at, s)| Some((at, Band::of(Row::of(&s.text).label)?)))
        .collect();
    // "60000" may be an amount, and a table may leave the unit to its header.
    let same = |asked: &str, own: &str| {
        asked == own || (asked.is_empty() && own == "money") || (own.is_empty() && asked == "money")
    };
    let holds =
        |band: &Band| amounts.iter().any(|(of, amount)| same(of, &band.dimension) && band.holds(*amount));
    let siblings = |a: &Band, b: &Band| a.of == b.of && a.dimension == b.dimension;
    bands
        .iter()
        .filter(|(_, band)| !holds(band))
        .filter(|(_, band)| bands.iter().any(|(_, other)| siblings(band, other) && holds(other)))
        .map(|(at, _)| *at)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_falls_into_its_band() {
        for (label, holds, not) in [
            ("Up to $50,000", 50_000.0, 50_001.0),
            ("$50,000.01 to $250,000", 60_000.0, 50_000.0),
            ("$50,001 – $250,000", 250_000.0, 250_001.0),
            ("Over $250,000", 300_000.0, 250_000.0),
            ("$1m or more", 1_000_000.0, 999_999.0),
            ("Under 18 years", 17.0, 18.0),
            ("6 to 12 months", 12.0, 13.0),
            ("More than 80% up to 90%", 85.0, 80.0),
            ("$10,000+", 10_000.0, 9_999.0),
            ("50,001 - 250,000", 60_000.0, 1.0),
        ] {
            let band = Band::of(label).unwrap();
            assert!(band.holds(holds) && !band.holds(not), "{label} {band:?}");
        }
        for other in ["ATM cash", "$50 voucher", "6 months", "Home loan"] {
            assert_eq!(Band::of(other), None, "{other}");
        }
    }

    #[test]
    fn what_a_question_names_is_read_as_an_amount() {
        assert_eq!(amounts("on 60000 in 2026"), [(String::new(), 60_000.0)]);
        assert_eq!(amounts("with $300,000?"), [("money".to_owned(), 300_000.0)]);
        assert!(amounts("what rate?").is_empty());
    }
}
