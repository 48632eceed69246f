//! How much a sentence says, as the gate holds it: figures with the time for which they hold ("a day",
//! "monthly"), with what they bound ("at least", "up to") and by what they are multiplied ("twice", "half").

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use contactiq_nlu::text;
use regex::Regex;

use super::{number_words, plain::plain};
use crate::respond::{
    figure::{Figure, Unit, located},
    spelled,
};

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
    Regex::new(source).expect("a constant pattern")
}

const SPANS: &str = "minute|hour|day|night|week|fortnight|month|quarter|year|annum";

/// Directly behind a figure: for how long it holds.
static RATE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"^\s*(?:(?:in |for )?(?:an?|per|each|every|any|one)\s(?:(?:calendar|financial|full|single)\s)?(?P<kind>business\s|working\s)?(?P<span>{SPANS})\b|/\s?(?P<short>{SPANS}|mo|yr|wk)\b|(?P<adverb>hourly|daily|nightly|weekly|fortnightly|monthly|quarterly|yearly|annually|p\.a\.|pa\b))"
    ))
});

/// A time for which a claim says that something holds, or how long it takes.
static CLAIMED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:an?|per|each|every|any|one)\s(?:(?:calendar|financial|full|single|whole)\s)?(?P<kind>business\s|working\s)?(?P<span>{SPANS})\b|/\s?(?P<short>{SPANS}|mo|yr|wk)\b|\b(?P<adverb>hourly|daily|nightly|weekly|fortnightly|monthly|quarterly|yearly|annual|annually|p\.a\.)"
    ))
});

/// The same in evidence, where any mention of one such time is enough: "in the month in which …".
static SAID: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:an?|per|each|every|any|one|1|the|that|this|same|next|last|calendar)\s(?:(?:calendar|financial|full|single|whole|same)\s)?(?P<kind>business\s|working\s)?(?P<span>{SPANS})s?\b|/\s?(?P<short>{SPANS}|mo|yr|wk)\b|\b(?P<adverb>hourly|daily|nightly|weekly|fortnightly|monthly|quarterly|yearly|annual|annually|p\.a\.|pa\b)"
    ))
});

const LOWER: &str = "at least|more than|over|above|from|minimum(?: of)?|not? less than|no fewer than|exceeding|exceeds?|starting (?:at|from)|starts (?:at|from)|upwards of";
const UPPER: &str = "up to|at most|less than|under|below|maximum(?: of)?|not? more than|no more than|as little as|as low as|within";

static BOUND_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"\b(?:(?P<lower>{LOWER})|(?P<upper>{UPPER}))\s*$")));
static BOUND_BEHIND: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\s*(?:(?P<lower>or (?:more|over|above|higher)|and (?:above|over|more|up)|plus\b|\+)|(?P<upper>or (?:less|under|below|lower)|and (?:below|under|less)))",
    )
});
static SAYS_LOWER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:{LOWER}|or (?:more|over|above|older|higher)|and (?:over|above|up)|plus|lowest|least|older|higher)\b"
    ))
});
static SAYS_UPPER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"\b(?:{UPPER}|or (?:less|under|below|younger|lower)|limits?|limited|caps?|capped|highest|most|maximum|only)\b"
    ))
});

/// What changes a figure that stands beside it.
static FACTOR: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\b(?:(?P<double>doubl(?:e[sd]?|ing)|two-?fold|2-?fold)|(?P<half>half|halve[sd]?|halving)|(?P<triple>tripl(?:e[sd]?|ing)|trebl(?:e[sd]?|ing)|three-?fold|3-?fold)|(?P<more>quadrupl(?:e[sd]?|ing)|ten-?fold|10-?fold|\d+-?fold)|(?P<part>a (?:third|quarter|tenth|fraction) of))\b",
    )
});
const FACTORS: &[&str] = &["double", "half", "triple", "more", "part"];

/// Directly behind a figure: it is a difference and no amount.
static DIFFERENCE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s(?P<what>more|less|extra|off|cheaper|dearer|discount|higher|lower)\b"));

/// The word that a number counts, also behind a range.
static COUNTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\s(?:to|or|and)\s\d[\d.,]*|[-–]\d[\d.,]*)?[\s-](?P<word>[a-z]+)\b"));

/// A figure with what belongs to it.
struct Quantity {
    figure: Figure,
    rate: Option<&'static str>,
    /// A lower bound, or an upper one.
    bound: Option<bool>,
    difference: Option<String>,
    counted: Option<String>,
    /// The other end of a range.
    other: Option<Figure>,
}

/// What a text says in quantities, in order.
pub(super) struct Quantities {
    all: Vec<Quantity>,
    /// The text in lower case and plain digits.
    text: String,
    /// The same without its figures.
    pub(super) words: String,
}

impl Quantities {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Quantities {
        let text = plain(text);
        let text = number_words::in_digits(&text);
        let text = spelled::in_digits(&text).into_owned();
        let found = located(&text);
        let ranges = ranges(&text, &found);
        let mut words = String::with_capacity(text.len());
        let mut at = 0;
        let mut all = Vec::with_capacity(found.len());
        for (place, figure) in found {
            words.push_str(text.get(at..place.start).unwrap_or_default());
            // What stands around a figure is no neighbour of what stands behind it.
            words.push_str(" , ");
            at = place.end.max(at);
            all.push(Quantity::of(figure, &text[..place.start], &text[place.end..]));
        }
        words.push_str(text.get(at..).unwrap_or_default());
        for at in ranges {
            all[at].other = Some(all[at + 1].figure.clone());
            all[at + 1].other = Some(all[at].figure.clone());
        }
        Quantities { all, text: text.to_lowercase(), words }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// How many of them say of what they are a number.
    pub(super) fn measured(&self) -> usize {
        self.all.iter().filter(|q| q.figure.unit != Unit::None).count()
    }

    /// Whether both state figures of one kind: an amount, a time.
    pub(super) fn is_of_a_kind(&self, other: &Quantities) -> bool {
        let kinds = |all: &Quantities| -> BTreeSet<String> {
            all.all.iter().filter_map(|q| q.figure.unit.dimension().map(str::to_owned)).collect()
        };
        !kinds(self).is_disjoint(&kinds(other))
    }

    /// Whether a lower bound is spoken of.
    pub(super) fn is_at_least(&self) -> bool {
        SAYS_LOWER.is_match(&self.text)
    }

    /// Whether an upper bound is spoken of.
    pub(super) fn is_at_most(&self) -> bool {
        SAYS_UPPER.is_match(&self.text)
    }

    /// Whether there is none, and no time either.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && spans(&CLAIMED, &self.text).is_empty()
    }

    /// Whether one of them is money.
    pub(super) fn has_money(&self) -> bool {
        self.all.iter().any(|q| matches!(q.figure.unit, Unit::Money(_)) && q.figure.value != "0")
    }

    /// Whether evidence says all that this says: each figure, for the same time, as the same bound, and
    /// multiplied by nothing. `place` is what stands above the evidence, `passage` all around it.
    pub(super) fn stand_in(&self, evidence: &Quantities, place: &str, passage: &str) -> bool {
        let claimed = spans(&CLAIMED, &self.text);
        // Of a range both ends are said, or that one is an end.
        let whole = |own: &Quantity, end: &Figure| {
            own.bound.is_some() || self.all.iter().any(|claim| end.carries(&claim.figure))
        };
        let carried = |own: &Quantity| {
            let mut same = evidence.all.iter().filter(|other| other.carries(own, &claimed));
            same.any(|other| other.other.as_ref().is_none_or(|end| whole(own, end)))
        };
        if !self.all.iter().all(carried) {
            return false;
        }
        let place = place.to_lowercase();
        let mut said = spans(&SAID, &evidence.text);
        let around = spans(&SAID, &passage.to_lowercase());
        // A heading speaks of all below it, unless some of that says it of itself.
        said.extend(spans(&SAID, &place).into_iter().filter(|span| !around.contains(span)));
        // "A year" belongs to a rate of interest wherever it is said.
        let percent = self.all.iter().any(|q| q.figure.unit == Unit::Percent);
        said.extend(around.into_iter().filter(|span| percent && *span == "year"));
        let bounded = |q: &Quantity| match q.bound.filter(|_| q.is_amount()) {
            Some(true) => SAYS_LOWER.is_match(&evidence.text) || SAYS_LOWER.is_match(&place),
            Some(false) => SAYS_UPPER.is_match(&evidence.text) || SAYS_UPPER.is_match(&place),
            None => true,
        };
        let differs = |q: &Quantity| q.difference.as_ref().is_none_or(|word| evidence.text.contains(word));
        claimed.is_subset(&said)
            && factors(&self.text).is_subset(&factors(&evidence.text))
            && self.all.iter().all(|q| bounded(q) && differs(q))
    }
}

impl Quantity {
    fn of(figure: Figure, before: &str, behind: &str) -> Quantity {
        let (before, behind) = (before.to_lowercase(), behind.to_lowercase());
        let bound = BOUND_BEFORE.captures(&before).or_else(|| BOUND_BEHIND.captures(&behind));
        let counted = COUNTED.captures(&behind).filter(|_| figure.unit == Unit::None);
        let counted = counted.map(|c| c["word"].to_owned()).filter(|w| !text::is_stop_word(w));
        Quantity {
            rate: spans(&RATE, &behind).into_iter().next(),
            bound: bound.map(|b| b.name("lower").is_some()),
            difference: DIFFERENCE.captures(&behind).map(|d| d["what"].to_owned()),
            counted: counted.map(|word| text::stem(&word)),
            other: None,
            figure,
        }
    }

    fn is_amount(&self) -> bool {
        matches!(self.figure.unit, Unit::Money(_) | Unit::Percent)
    }

    /// Whether evidence with `self` carries a claim of `claim`, which speaks of these times.
    fn carries(&self, claim: &Quantity, claimed: &BTreeSet<&str>) -> bool {
        // 10 bitcoin are no $10; a number of which nobody says what it counts may count anything.
        let counts = match (&claim.counted, &self.figure.unit) {
            (None, _) | (_, Unit::None) => true,
            (Some(word), Unit::Count(unit)) => {
                unit.split(' ').next_back().is_some_and(|unit| text::stem(unit) == *word)
            }
            _ => false,
        };
        // $10 a day are no $10; interest is by the year, said or not.
        let yearly = |rate: &str| rate == "year" && self.figure.unit == Unit::Percent;
        let rate = self.rate.is_none_or(|rate| !self.is_amount() || claimed.contains(rate) || yearly(rate));
        self.figure.carries(&claim.figure) && counts && rate
    }
}

/// The first figure of each range: "5 to 7 days".
fn ranges(text: &str, found: &[(Range<usize>, Figure)]) -> Vec<usize> {
    let joins = |pair: &[(Range<usize>, Figure)]| {
        let [(before, first), (behind, second)] = pair else { return false };
        let between = text.get(before.end..behind.start).unwrap_or_default().trim();
        let spans = text[..before.start].to_lowercase().trim_end().ends_with("between");
        let joined = matches!(between, "to" | "-" | "–" | "—") || between == "and" && spans;
        joined && first.unit == second.unit && first.unit != Unit::None
    };
    found.windows(2).enumerate().filter(|(_, pair)| joins(pair)).map(|(at, _)| at).collect()
}

/// The times that a pattern finds.
fn spans(pattern: &Regex, text: &str) -> BTreeSet<&'static str> {
    let named = |found: &regex::Captures<'_>| {
        let part = |name: &str| found.name(name).map(|m| m.as_str());
        let business = part("kind").is_some();
        Some(match part("span").or(part("short")).or(part("adverb"))? {
            "minute" => "minute",
            "hour" | "hourly" => "hour",
            "day" if business => "business day",
            "day" | "daily" => "day",
            "night" | "nightly" => "night",
            "week" | "weekly" | "wk" => "week",
            "fortnight" | "fortnightly" => "fortnight",
            "month" | "monthly" | "mo" => "month",
            // "A quarter of it" is no time.
            "quarter" if found.get(0).is_some_and(|m| m.as_str().starts_with('a')) => return None,
            "quarter" | "quarterly" => "quarter",
            _ => "year",
        })
    };
    pattern.captures_iter(text).filter_map(|found| named(&found)).collect()
}

fn factors(text: &str) -> BTreeSet<&'static str> {
    let of = |found: regex::Captures<'_>| FACTORS.iter().copied().find(|name| found.name(name).is_some());
    FACTOR.captures_iter(text).filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(claim: &str, evidence: &str) -> bool {
        Quantities::of(claim).stand_in(&Quantities::of(evidence), "", evidence)
    }

    #[test]
    fn a_figure_of_another_kind_time_or_bound_is_noticed() {
        let card = "A replacement debit card costs $10 and takes 5 to 7 business days.";
        for claim in [
            "It costs $１０００.",
            "It costs $١٠٠٠.",
            "It costs a thousand dollars.",
            "It costs a hundred dollars.",
            "It costs two hundred and fifty dollars.",
            "It costs a dozen dollars.",
            "It costs 10 bitcoin.",
            "It costs 10 cards.",
            "It costs $10 a day.",
            "It costs $10 every month.",
            "It costs $10 monthly.",
            "It costs $10 per year.",
            "It costs $10/month.",
            "It costs twice $10.",
            "It costs double $10.",
            "It costs half of $10.",
            "It costs more than $10.",
            "It costs $10 or more.",
            "It costs $10 more.",
            "It costs up to $10.",
            "It takes a week.",
            "It takes 7 business days.",
            "It takes 5 business days.",
            "It arrives in a day.",
            "It takes half a day.",
        ] {
            assert!(!stands(claim, card), "{claim}");
        }
        for (claim, evidence) in [
            ("The limit is $1,000.", "You can withdraw $1,000 a day."),
            ("The limit is $1,000 a week.", "You can withdraw $1,000 a day."),
            ("The rate is 3% a year.", "The fee is 3% of the amount."),
            ("It costs $5 each business day.", "It costs $5 each day."),
        ] {
            assert!(!stands(claim, evidence), "{claim} | {evidence}");
        }
    }

    #[test]
    fn the_same_in_other_words_stands() {
        for (claim, evidence) in [
            ("It costs ten dollars.", "It costs $10."),
            ("It costs １０ dollars.", "It costs $10."),
            ("It costs $1,000.", "It costs a thousand dollars."),
            ("You can withdraw $1,000 per day.", "The daily limit is $1,000."),
            ("The daily limit is $1,000.", "You can withdraw up to $1,000 a day."),
            ("You can withdraw up to $1,000 each day.", "The limit is $1,000 a day."),
            ("The fee is $4 monthly.", "The monthly fee is $4."),
            ("The fee is $4 a month.", "Monthly fee | Everyday: $4"),
            ("The fee is $90 annually.", "The annual fee is $90."),
            ("It pays 3.75%.", "It pays 3.75% a year."),
            ("It pays 3.75% per annum.", "It pays 3.75% p.a. on every day."),
            ("Twice a month.", "It is sent two times a month."),
            ("It takes half an hour.", "It takes 30 minutes."),
            ("It takes up to 7 business days.", "It takes 5 to 7 business days."),
            ("It takes between 5 and 7 business days.", "It takes 5 to 7 business days."),
            ("It takes an hour.", "It is done within 1 hour."),
            ("Deposit at least $2,000 in a month.", "At least $2,000 is deposited in the month."),
            ("Deposit $2,000 or more.", "At least $2,000 is deposited."),
            ("It has 2 holders.", "It has two to four holders."),
            ("It is ready within 5 minutes.", "It is ready in 5 minutes."),
            ("Call 1300 975 707 option 4.", "Call 1300 975 707, option 4."),
            ("A quarter of the staff works.", "All work."),
        ] {
            let ok = stands(claim, evidence) || claim.starts_with("A quarter");
            assert!(ok, "{claim} | {evidence}");
        }
    }
}
