//! The house's stable words (`low_confidence`, `guard`) as people read them, and numbers, days and
//! durations in one manner on every page. `assets/words.js` says the same words in the browser.

use contactiq_domain::{
    Category, Collection, Mode, Outcome, Priority, Routing, Step, TicketState, Timestamp, Trigger,
};

/// Whose assistant it is: `Customer` or `Staff`.
#[must_use]
pub const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Customer => "Customer",
        Mode::Banker => "Staff",
    }
}

/// Why a person takes over, as a noun phrase.
#[must_use]
pub const fn trigger(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::SecurityFraud => "Fraud or security",
        Trigger::EmotionalDistress => "Someone in distress",
        Trigger::LegalHardship => "Hardship or legal matter",
        Trigger::ExplicitHumanRequest => "Asked for a person",
        Trigger::FinancialAdvice => "Financial advice",
        Trigger::AccountSpecific => "About a particular account",
        Trigger::HumanOnly => "Topic kept for staff",
        Trigger::RepeatedMisunderstanding => "Not understood twice",
        Trigger::ConflictingEvidence => "Documents disagree",
        Trigger::InsufficientEvidence => "Not in the documents",
        Trigger::LowConfidence => "Not sure enough",
    }
}

/// How an interaction ended.
#[must_use]
pub const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Resolved => "Answered",
        Outcome::Guided => "Guided",
        Outcome::Escalated => "Handed to a person",
        Outcome::Blocked => "Not accepted",
        Outcome::Failed => "Failed",
        Outcome::Interrupted => "Not finished",
    }
}

/// What a step does.
#[must_use]
pub const fn step(step: Step) -> &'static str {
    match step {
        Step::Guard => "Check the message",
        Step::Understand => "Understand the question",
        Step::Route => "Choose the way",
        Step::Retrieve => "Search the documents",
        Step::Respond => "Write the answer",
        Step::Score => "Judge confidence",
        Step::Escalate => "Decide on a hand-over",
        Step::Record => "Record",
    }
}

/// What the taxonomy allows the intent to become.
#[must_use]
pub const fn category(category: Category) -> &'static str {
    match category {
        Category::Automatable => "may be answered from documents",
        Category::Sensitive => "general how-to only",
        Category::HumanOnly => "people only",
    }
}

/// What the router decided.
#[must_use]
pub const fn routing(routing: Routing) -> &'static str {
    match routing {
        Routing::Escalate => "To a person",
        Routing::Answer => "To the documents",
        Routing::Guide => "To guidance",
        Routing::Refuse => "Refused at the door",
    }
}

/// How soon a person should look.
#[must_use]
pub const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Urgent => "Urgent",
        Priority::High => "High",
        Priority::Normal => "Normal",
    }
}

/// Where a ticket stands.
#[must_use]
pub const fn state(state: TicketState) -> &'static str {
    match state {
        TicketState::Open => "Open",
        TicketState::Taken => "Taken",
        TicketState::Closed => "Closed",
    }
}

/// Whose documents they are.
#[must_use]
pub const fn collection(collection: Collection) -> &'static str {
    match collection {
        Collection::Customer => "Customer documents",
        Collection::Banker => "Staff documents",
    }
}

/// A stable name as words: `card_dispute_process` is `Card dispute process`.
#[must_use]
pub fn plain(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `22 November 2026`.
#[must_use]
pub fn day(date: time::Date) -> String {
    format!("{} {} {}", date.day(), date.month(), date.year())
}

/// The day that a cited document's facts are as at, where it has one.
#[must_use]
pub fn as_at(citation: &contactiq_domain::Citation) -> Option<String> {
    contactiq_ingest::day(citation.as_at.as_deref()?).ok().flatten().map(day)
}

/// `22 November 2026, 21:03 UTC`.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let minutes = at.micros().rem_euclid(86_400_000_000) / 60_000_000;
    format!("{}, {:02}:{:02} UTC", day(at.date()), minutes / 60, minutes % 60)
}

/// A share between 0 and 1 as a percentage: `87%`; `–` when there is nothing to divide.
#[must_use]
pub fn percent(share: Option<f64>) -> String {
    share.filter(|s| s.is_finite()).map_or_else(|| "–".to_owned(), |s| format!("{:.0}%", s * 100.0))
}

/// Two decimals: `0.91`; `–` when there is none.
#[must_use]
pub fn decimal(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or_else(|| "–".to_owned(), |v| format!("{v:.2}"))
}

/// Milliseconds as a person reads them: `0.4 ms`, `38 ms`, `1.24 s`.
#[must_use]
pub fn duration(ms: f64) -> String {
    match ms {
        _ if !ms.is_finite() => "–".to_owned(),
        _ if ms < 10.0 => format!("{ms:.1} ms"),
        _ if ms < 1000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.2} s", ms / 1000.0),
    }
}

/// Dollars: whole cents from one cent up, four decimals below.
#[must_use]
pub fn dollars(usd: f64) -> String {
    if usd > 0.0 && usd < 0.01 { format!("${usd:.4}") } else { format!("${usd:.2}") }
}

/// A count with thousands separated: `12,345`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 source`, `2 sources`.
#[must_use]
pub fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(n as u64), if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_alike_everywhere() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(12_345_678)],
            ["0", "999", "1,000", "12,345,678"]
        );
        assert_eq!([duration(0.42), duration(38.2), duration(1240.0)], ["0.4 ms", "38 ms", "1.24 s"]);
        assert_eq!([percent(Some(0.874)), percent(None), percent(Some(f64::NAN))], ["87%", "–", "–"]);
        assert_eq!([dollars(0.0), dollars(0.0004), dollars(12.5)], ["$0.00", "$0.0004", "$12.50"]);
    }

    #[test]
    fn names_and_ids_read_as_words() {
        assert_eq!(plain("card_dispute_process"), "Card dispute process");
        assert_eq!(plain(""), "");
        assert_eq!(moment(Timestamp::from_micros(1_795_381_388_000_000)), "22 November 2026, 21:03 UTC");
    }

    #[test]
    fn the_browser_says_the_same_words() {
        let script = include_str!("../../../assets/words.js");
        let triggers = Trigger::ALL.iter().map(|t| (t.as_str(), trigger(*t)));
        let steps = Step::ALL.iter().map(|s| (s.as_str(), step(*s)));
        let routings = Routing::ALL.iter().map(|r| (r.as_str(), routing(*r)));
        let categories = Category::ALL.iter().map(|c| (c.as_str(), category(*c)));
        for (word, said) in triggers.chain(steps).chain(routings).chain(categories) {
            assert!(script.contains(&format!("{word}: \"{said}\"")), "{word}");
        }
    }
}
