//! Figures of a text, read into one spelling: `$1,200` and `1200 dollars`, `8 am` and `8am`, `1 July`
//! and `July 1st` are the same. The unit is part of the figure: £ is not $, a business day is not a
//! day, 8 am is not 8 pm, 1 July is not 1 June.

mod spelling;

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use regex::{Captures, Regex};
use spelling::{canonical, currency, month, shift, singular, twelve_hours};

/// What a number counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Nothing is said: part of a telephone number, a step.
    None,
    /// Money: an ISO code, or `$` where it is not said whose dollars.
    Money(&'static str),
    /// Per cent.
    Percent,
    /// A word such as `day` or `business day`, in the singular.
    Count(String),
    /// A moment of the day; the value is `HH:MM` of 24 hours.
    Time,
    /// A moment of one half of the day, and not said of which; the value is `H:MM`.
    HalfDayTime,
    /// A day of this month, 1 to 12.
    DayOf(usize),
    /// This month, 1 to 12, of a year.
    YearOf(usize),
    /// A month without a number; the value is its number.
    Month,
}

impl Unit {
    /// Units with the same dimension answer the same question: how long, how much, when.
    pub(crate) fn dimension(&self) -> Option<&str> {
        Some(match self {
            Unit::None => return None,
            Unit::Money(_) => "money",
            Unit::Percent => "percent",
            Unit::Count(word) => word.strip_prefix(BUSINESS).unwrap_or(word),
            Unit::Time | Unit::HalfDayTime => "time",
            Unit::DayOf(_) => "date",
            Unit::YearOf(_) | Unit::Month => "month",
        })
    }
}

/// A number with what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Figure {
    /// What it counts.
    pub unit: Unit,
    /// The number without separators and trailing zeros.
    pub value: String,
}

impl Figure {
    /// Whether evidence with `self` carries a claim of `claim`: the same figure, or one that says more.
    pub(crate) fn carries(&self, claim: &Figure) -> bool {
        match (&self.unit, &claim.unit) {
            (Unit::Time, Unit::HalfDayTime) => return twelve_hours(&self.value) == claim.value,
            (Unit::DayOf(month) | Unit::YearOf(month), Unit::Month) => {
                return month.to_string() == claim.value;
            }
            _ => {}
        }
        let same = self.unit == claim.unit
            || claim.unit == Unit::None
            || matches!((&self.unit, &claim.unit), (Unit::Money(own), Unit::Money("$")) if own.ends_with('D'));
        same && self.value == claim.value
    }
}

impl Figure {
    /// Whether both say the same, however exactly: a day for a business day, 48 hours for 2 days.
    pub(super) fn is_the_same(&self, other: &Figure) -> bool {
        if self.carries(other) || other.carries(self) {
            return true;
        }
        match (self.hours(), other.hours()) {
            (Some(own), Some(others)) => (own - others).abs() < 1e-6,
            _ => false,
        }
    }

    /// The length of a span of time whose length is fixed.
    fn hours(&self) -> Option<f64> {
        let Unit::Count(word) = &self.unit else { return None };
        let each = match word.strip_prefix(BUSINESS).unwrap_or(word) {
            "minute" => 1.0 / 60.0,
            "hour" => 1.0,
            "day" => 24.0,
            "week" => 168.0,
            "fortnight" => 336.0,
            _ => return None,
        };
        Some(self.value.parse::<f64>().ok()? * each)
    }
}

const BUSINESS: &str = "business ";

/// A month is written with a capital letter: "you may", "they march".
const MONTH: &str = r"Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?";

/// The months that are shortened with a full stop: that of "in July. 2 cards" ends the sentence.
const SHORT: &str = r"(?:Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)";

/// White space inside a line: the next line is another item or sentence.
const C: &str = r"\x20\t\u{a0}\u{202f}";
const S: &str = r"[\x20\t\u{a0}\u{202f}]";

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static FIGURE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r"(?x)
        (?:\b(?P<month_before>{MONTH}|{SHORT}\.){S})?
        (?P<prefix>(?:\b(?:A|AU|US|NZ|C|CA|S|HK))?\$|[£€¥₹]|\b(?:{CODES}){S}?\$?)?{S}?
        (?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)
        (?::(?P<minute>[0-5]\d))?
        (?i:(?:st|nd|rd|th)\b)?
        (?:{S}?(?P<scale>(?i:thousand|million|billion|k|m))\b)?
        (?:{S}?(?P<percent>%|per{S}?cent\b)
          |{S}?(?P<half>(?i:[ap]m\b|[ap]\.m\b\.?|noon\b|midnight\b))
          |[-{C}](?P<money>(?:{CODES})|(?i:(?:(?:Australian|US|New{S}Zealand|Canadian){S})?dollars?|euros?|pounds?|cents?))\b
          |[-{C}](?P<unit>(?i:(?:business|working|calendar|interest-free)[-{C}])?
             (?i:days?|hours?|hrs?|minutes?|mins?|seconds?|weeks?|fortnights?|months?|years?|percentage{S}points?|basis{S}points?|points?|times?))\b
          |{S}(?:of{S})?(?P<month_after>{MONTH})\b)?"
    );
    Regex::new(&pattern).expect("a constant pattern")
});

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static ALONE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"\b(?:{MONTH})\b")).expect("a constant pattern"));

const CODES: &str = "AUD|USD|NZD|CAD|SGD|HKD|GBP|EUR|JPY|CHF|INR|CNY";

/// Every figure of a text, in order.
#[must_use]
pub(crate) fn figures(text: &str) -> Vec<Figure> {
    let text = &*super::spelled::in_digits(text);
    located(text).into_iter().map(|(_, figure)| figure).collect()
}

/// Every figure of a text with the bytes that it is written in, in order.
#[must_use]
pub(crate) fn located(text: &str) -> Vec<(Range<usize>, Figure)> {
    // Most sentences have no digit, and reading them for figures is what takes long in a large bank.
    let numbers = text.bytes().any(|b| b.is_ascii_digit()).then(|| FIGURE.captures_iter(text));
    let mut found: Vec<(Range<usize>, Figure)> =
        numbers.into_iter().flatten().filter_map(|c| read(text, &c)).collect();
    share_units(text, &mut found);
    let months = ALONE.find_iter(text).filter_map(|m| {
        // The modal verb begins a sentence too.
        let inside = found.iter().any(|(at, _)| at.start < m.end() && m.start() < at.end);
        let number = month(m.as_str()).filter(|_| !inside && m.as_str() != "May")?;
        Some((m.range(), Figure { unit: Unit::Month, value: number.to_string() }))
    });
    let months: Vec<_> = months.collect();
    found.extend(months);
    found.sort_by_key(|(at, _)| at.start);
    found
}

/// The dimensions (how much, how long, when) in which two statements contradict each other: both have
/// figures of it, and no figure of one is among those of the other.
#[must_use]
pub(crate) fn in_dispute<'a>(a: &'a [Figure], b: &'a [Figure]) -> Vec<&'a str> {
    let of = |all: &'a [Figure], dimension: &str| -> Vec<&'a Figure> {
        all.iter().filter(|f| f.unit.dimension() == Some(dimension)).collect()
    };
    let dimensions: BTreeSet<&str> = a.iter().filter_map(|f| f.unit.dimension()).collect();
    let disputed = |dimension: &&str| {
        let (left, right) = (of(a, dimension), of(b, dimension));
        let meet = |l: &&Figure| right.iter().any(|r| r.carries(l) || l.carries(r));
        !right.is_empty() && !left.iter().any(meet)
    };
    dimensions.into_iter().filter(disputed).collect()
}

fn read(text: &str, found: &Captures<'_>) -> Option<(Range<usize>, Figure)> {
    let number = found.name("number")?;
    // `[1]` is a citation, not a claim.
    let before = text[..number.start()].chars().next_back();
    let after = text[number.end()..].chars().next();
    if before == Some('[') && after == Some(']') {
        return None;
    }
    let part = |name: &str| found.name(name).map(|m| m.as_str());
    let mut value = canonical(number.as_str());
    let prefix = part("prefix").map(currency);
    value = match part("scale").map(str::to_lowercase).as_deref() {
        Some("thousand") => shift(&value, 3),
        Some("million") => shift(&value, 6),
        Some("billion") => shift(&value, 9),
        // `5m` may be metres, `$5m` is not.
        Some("k") if prefix.is_some() => shift(&value, 3),
        Some("m") if prefix.is_some() => shift(&value, 6),
        _ => value,
    };
    let unit = if let Some(code) = prefix {
        // `$5 AUD` says whose dollars.
        Unit::Money(part("money").map(currency).filter(|_| code == "$").unwrap_or(code))
    } else if part("percent").is_some() {
        Unit::Percent
    } else if let Some(time) = moment(number.as_str(), part("minute"), part("half")) {
        value = time.1;
        time.0
    } else if let Some(word) = part("money") {
        if word.to_lowercase().starts_with("cent") {
            value = shift(&value, -2);
        }
        Unit::Money(currency(word))
    } else if let Some(word) = part("unit") {
        Unit::Count(singular(word))
    } else if let Some(month) = part("month_before").or(part("month_after")).and_then(month) {
        let day = value.parse::<u32>().is_ok_and(|day| (1..=31).contains(&day));
        if day { Unit::DayOf(month) } else { Unit::YearOf(month) }
    } else {
        Unit::None
    };
    let whole = found.get(0)?.range();
    // White space before a number without a prefix is not its own.
    let start = if found.name("month_before").is_none() && found.name("prefix").is_none() {
        number.start()
    } else {
        whole.start
    };
    Some((start..whole.end, Figure { unit, value }))
}

/// The unit of a range stands once: "5 to 7 business days", "8 to 10 am".
fn share_units(text: &str, found: &mut [(Range<usize>, Figure)]) {
    for i in (1..found.len()).rev() {
        let (left, right) = found.split_at_mut(i);
        let (Some((before, first)), Some((after, second))) = (left.last_mut(), right.first()) else {
            continue;
        };
        let between = text.get(before.end..after.start).unwrap_or_default().trim_matches(' ').to_lowercase();
        let range = matches!(between.as_str(), "to" | "-" | "–" | "—" | "and" | "or");
        if first.unit != Unit::None || !range {
            continue;
        }
        match &second.unit {
            // Of `9 to 5 pm` nobody says what 9 is; of `8 to 10 am` everybody knows.
            Unit::Time => {
                let half = if second.value.as_str() < "12:00" { "am" } else { "pm" };
                if let Some((unit, value)) =
                    moment(&first.value, None, Some(half)).filter(|m| m.1 < second.value)
                {
                    *first = Figure { unit, value };
                }
            }
            // "July 1 and 2025": a prefix belongs to its own number.
            Unit::Money(_) if !text[after.clone()].starts_with(|c: char| c.is_ascii_digit()) => {}
            unit => first.unit = unit.clone(),
        }
    }
}

/// A moment of the day, where the number is one.
fn moment(number: &str, minute: Option<&str>, half: Option<&str>) -> Option<(Unit, String)> {
    let (hour, dotted) = number.split_once('.').map_or((number, None), |(h, m)| (h, Some(m)));
    let h: u32 = hour.parse().ok()?;
    let m: u32 = minute.or(dotted).unwrap_or("00").parse().ok().filter(|m| *m < 60)?;
    let half = half.map(|h| h.to_lowercase().replace('.', ""));
    let hour24 = match half.as_deref() {
        Some("am" | "midnight") if (1..=12).contains(&h) => h % 12,
        Some("pm" | "noon") if (1..=12).contains(&h) => h % 12 + 12,
        None if minute.is_some() && h < 24 => {
            if (1..=12).contains(&h) && !hour.starts_with('0') {
                return Some((Unit::HalfDayTime, format!("{h}:{m:02}")));
            }
            h
        }
        _ => return None,
    };
    Some((Unit::Time, format!("{hour24:02}:{m:02}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(Unit, String)> {
        figures(text).into_iter().map(|f| (f.unit, f.value)).collect()
    }

    fn count(word: &str) -> Unit {
        Unit::Count(word.to_owned())
    }

    #[test]
    fn figures_are_read_with_their_units() {
        let pairs =
            |p: &[(Unit, &str)]| p.iter().map(|(u, v)| (u.clone(), (*v).to_owned())).collect::<Vec<_>>();
        assert_eq!(of("A card costs $10.00."), pairs(&[(Unit::Money("$"), "10")]));
        assert_eq!(
            of("up to $20,000 a day, 3% of it"),
            pairs(&[(Unit::Money("$"), "20000"), (Unit::Percent, "3")])
        );
        let business = count("business day");
        assert_eq!(of("in 5 to 7 business days [1]"), pairs(&[(business.clone(), "5"), (business, "7")]));
        assert_eq!(
            of("call 1800 975 708"),
            pairs(&[(Unit::None, "1800"), (Unit::None, "975"), (Unit::None, "708")])
        );
        assert_eq!(
            of("Open 9:30 am to 4 pm from 1 July 2025, closed in January. May I come at 8:15?"),
            pairs(&[
                (Unit::Time, "09:30"),
                (Unit::Time, "16:00"),
                (Unit::DayOf(7), "1"),
                (Unit::None, "2025"),
                (Unit::Month, "1"),
                (Unit::HalfDayTime, "8:15"),
            ])
        );
        assert_eq!(of("$48 pm or €5m"), pairs(&[(Unit::Money("$"), "48"), (Unit::Money("EUR"), "5000000")]));
    }

    #[test]
    fn a_decimal_point_moves() {
        for (number, places, expected) in [
            ("1.25", 6, "1250000"),
            ("50", -2, "0.5"),
            ("5", -2, "0.05"),
            ("0.5", 3, "500"),
            ("10.00", 0, "10"),
        ] {
            assert_eq!(shift(number, places), expected, "{number} {places}");
        }
    }
}
