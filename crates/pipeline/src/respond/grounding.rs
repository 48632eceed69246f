//! The grounding gate: what a sentence claims must stand in the evidence it cites (P7, U11).
//!
//! A claim is a figure (an amount, a percentage, a number, a date, a time, a telephone number). A
//! sentence whose figures are not all in its passage does not leave the building, whoever wrote it.

use std::sync::LazyLock;

use regex::Regex;

/// A number with what it counts, in one spelling: `$1,000.00` and `$1000` are the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Figure {
    /// `$`, `%`, a unit such as `day`, or empty.
    pub unit: String,
    /// The number without separators and trailing zeros; letters as written for `21st`-like forms.
    pub value: String,
}

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static FIGURE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        (?P<currency>[$£€]|AUD\s?|A\$)?\s?
        (?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)
        (?:\s?(?P<percent>%|per\s?cent\b)
          |[\s-](?P<unit>(?:business\s|working\s|calendar\s|interest-free\s)?
             (?:days?|hours?|minutes?|seconds?|weeks?|months?|years?|points?|times?|am\b|pm\b)))?",
    )
    .expect("a constant pattern")
});

/// Every figure of a text, in order.
#[must_use]
pub fn figures(text: &str) -> Vec<Figure> {
    FIGURE
        .captures_iter(text)
        .filter_map(|found| {
            let number = found.name("number")?;
            // `[1]` is a citation, not a claim.
            let before = text[..number.start()].chars().next_back();
            let after = text[number.end()..].chars().next();
            if before == Some('[') && after == Some(']') {
                return None;
            }
            let unit = if found.name("currency").is_some() {
                "$".to_owned()
            } else if found.name("percent").is_some() {
                "%".to_owned()
            } else {
                found.name("unit").map(|u| singular(u.as_str())).unwrap_or_default()
            };
            Some(Figure { unit, value: canonical(number.as_str()) })
        })
        .collect()
}

fn canonical(number: &str) -> String {
    let plain: String = number.chars().filter(|c| *c != ',').collect();
    match plain.split_once('.') {
        Some((whole, fraction)) => {
            let fraction = fraction.trim_end_matches('0');
            if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
        }
        None => plain,
    }
}

fn singular(unit: &str) -> String {
    let last = unit.split_whitespace().next_back().unwrap_or(unit);
    last.trim_end_matches('s').to_owned()
}

/// The figures that a sentence claims and the evidence does not carry. Empty: grounded.
#[must_use]
pub fn unsupported(sentence: &str, evidence: &str) -> Vec<Figure> {
    let known: Vec<Figure> = figures(evidence);
    figures(sentence)
        .into_iter()
        .filter(|claim| {
            !known.iter().any(|k| k.value == claim.value && (claim.unit.is_empty() || k.unit == claim.unit))
        })
        .collect()
}

/// Whether two sentences state different figures of the same unit: one unit at least occurs in
/// both, and none of its values in one is among those of the other.
#[must_use]
pub fn disagree(a: &str, b: &str) -> bool {
    let (a, b) = (figures(a), figures(b));
    let units: std::collections::BTreeSet<&str> =
        a.iter().map(|f| f.unit.as_str()).filter(|u| !u.is_empty()).collect();
    units.iter().any(|unit| {
        let of = |all: &[Figure]| -> Vec<String> {
            all.iter().filter(|f| f.unit == **unit).map(|f| f.value.clone()).collect()
        };
        let (left, right) = (of(&a), of(&b));
        !left.is_empty() && !right.is_empty() && left.iter().all(|v| !right.contains(v))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, String)> {
        figures(text).into_iter().map(|f| (f.unit, f.value)).collect()
    }

    #[test]
    fn figures_are_read_with_their_units() {
        let pairs = |p: &[(&str, &str)]| {
            p.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(of("A card costs $10.00."), pairs(&[("$", "10")]));
        assert_eq!(of("up to $20,000 a day, 3% of it"), pairs(&[("$", "20000"), ("%", "3")]));
        assert_eq!(of("in 5 to 7 business days [1]"), pairs(&[("", "5"), ("day", "7")]));
        assert_eq!(of("call 1800 975 708"), pairs(&[("", "1800"), ("", "975"), ("", "708")]));
    }

    #[test]
    fn a_changed_figure_is_noticed() {
        let evidence = "A replacement debit card costs $10 and arrives in 5 to 7 business days.";
        assert!(unsupported("It costs $10.", evidence).is_empty());
        assert_eq!(unsupported("It costs $15.", evidence).len(), 1);
        assert_eq!(unsupported("It costs 10%.", evidence).len(), 1);
        assert_eq!(unsupported("It takes 8 days.", evidence).len(), 1);
    }

    #[test]
    fn different_figures_for_one_unit_disagree() {
        assert!(disagree("A copy costs $5.", "A copy costs $7.50."));
        assert!(!disagree("A copy costs $5.", "A copy costs $5 or $7.50."));
        assert!(!disagree("A copy costs $5.", "A copy takes 5 days."));
        assert!(!disagree("No figures.", "A copy costs $5."));
    }
}
