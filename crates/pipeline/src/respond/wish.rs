//! What a question asks for: steps, a list, or a figure, and of which kind.

use std::{collections::BTreeSet, sync::LazyLock};

use contactiq_nlu::text;
use regex::Regex;

use super::figure::{Figure, figures};

/// The kind of figure that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// An amount, or that there is none.
    Money,
    /// A share of something.
    Rate,
    /// A span of time.
    Duration,
    /// A time of the day.
    Hour,
    /// An age in years.
    Age,
    /// A number of things.
    Number,
}

/// What the question asks for.
pub(super) struct Wish {
    pub(super) steps: bool,
    pub(super) figure: bool,
    pub(super) list: bool,
    pub(super) stems: BTreeSet<String>,
    /// The kinds of which one answers; empty where the words leave it open.
    pub(super) kinds: BTreeSet<Kind>,
}

/// Words that ask for a kind of figure beyond doubt.
const ASKS: &[(Kind, &str)] = &[
    (
        Kind::Money,
        r"\bhow much (?:do|does|did|will|would|is|are) (?:it|that|this|you|the|a|an|i|we|they)\b[^?]*\b(?:cost|charge|pay|charged|owe)\b|\bwhat(?:'s| is| are| does| do| would| will)?\b[^?]*\b(?:fees?|cost|costs|charges?|price)\b|\bhow much\b[^?]*\b(?:cost|fee|charge)\b|\bwhat (?:fee|charge|amount)\b",
    ),
    (
        Kind::Duration,
        r"\bhow (?:long|soon|quick(?:ly)?|fast)\b|\bhow many (?:business |working |calendar )?(?:seconds|minutes|hours|days|weeks|months|years)\b|\bwhat is the (?:turnaround|waiting time|processing time|deadline|time limit)\b",
    ),
    (
        Kind::Hour,
        r"\b(?:what|which) time\b|\bopening (?:hours|times)\b|\bhow (?:late|early)\b|\bcut-?off time\b",
    ),
    (Kind::Age, r"\bhow old\b|\bwhat age\b|\b(?:minimum|maximum|lowest|highest) age\b"),
    (
        Kind::Rate,
        r"\b(?:what|which)(?:'s| is| are)?\b[^?]*\b(?:interest rates?|percentage|per cent)\b|\bhow many per ?cent\b",
    ),
    (
        Kind::Number,
        r"\bhow many (?:times|people|cards|accounts|signatures|points|payslips|copies|withdrawals)\b",
    ),
];

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
static ASKED: LazyLock<Vec<(Kind, Regex)>> = LazyLock::new(|| {
    ASKS.iter().map(|(kind, p)| (*kind, Regex::new(p).expect("a constant pattern"))).collect()
});

/// What says an amount without a figure.
const NO_AMOUNT: &str = r"\bfree\b|\bno (?:[\w-]+ ){0,3}(?:fees?|charges?|cost)\b|\bwaived?\b|\bnot charged?\b|\bcharges? nothing\b|\bat no cost\b";
/// What says a time without a figure.
const NO_DURATION: &str = r"\bimmediate(?:ly)?\b|\binstant(?:ly)?\b|\bat once\b|\bstraight ?away\b|\bsame day\b|\bnext (?:business |working )?day\b|\bovernight\b|\buntil\b|\bseconds\b|\bno (?:time )?limit\b|\bwithin the (?:day|hour|week|month)\b|\bone (?:business |working )?(?:day|week|month|hour)\b|\bany time\b|\bin real time\b|\bend of the (?:day|week|month|year|term)\b|\bevery (?:day|week|month|year)\b";

#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
static WORDS_FOR: LazyLock<[Regex; 2]> =
    LazyLock::new(|| [NO_AMOUNT, NO_DURATION].map(|p| Regex::new(p).expect("a constant pattern")));

impl Wish {
    pub(super) fn of(question: &str) -> Wish {
        let lower = question.to_lowercase().replace('’', "'");
        let has = |needles: &[&str]| needles.iter().any(|n| lower.contains(n));
        Wish {
            steps: has(&[
                "how do i",
                "how can i",
                "how to",
                "how would i",
                "how do we",
                "steps",
                "the process",
                "process for",
                "process to",
                "process of",
                "procedure",
                "what do i do",
                "how does one",
                "walk me through",
            ]),
            figure: has(&[
                "how much",
                "cost",
                "fee",
                "charge",
                "price",
                "rate",
                "limit",
                "how long",
                "how many",
                "how soon",
                "when ",
                "what time",
                "maximum",
                "minimum",
                "percent",
                "interest",
                "how old",
                "how often",
                "number",
            ]),
            list: has(&[
                "which",
                "what documents",
                "documents",
                "what do i need",
                "list",
                "compare",
                "difference",
                "versus",
                " vs",
            ]),
            stems: text::content_stems(question).into_iter().collect(),
            kinds: ASKED.iter().filter(|(_, p)| p.is_match(&lower)).map(|(kind, _)| *kind).collect(),
        }
    }

    /// Whether a sentence gives a figure of a kind that was asked for; any figure where the kind is open.
    pub(super) fn is_given_by(&self, sentence: &str) -> bool {
        let found = figures(sentence);
        if self.kinds.is_empty() {
            return !found.is_empty();
        }
        self.kinds.iter().any(|kind| kind.is_in(sentence, &found))
    }
}

/// Verbs that a question for a yes or a no begins with.
const ASKS_WHETHER: &[&str] = &[
    "am", "are", "aren't", "can", "can't", "could", "did", "do", "does", "doesn't", "don't", "has", "have",
    "is", "isn't", "may", "must", "shall", "should", "was", "were", "will", "won't", "would",
];
/// What may stand before them.
const OPENERS: &[&str] = &[
    "afternoon",
    "also",
    "and",
    "but",
    "day",
    "good",
    "hello",
    "hey",
    "hi",
    "morning",
    "ok",
    "okay",
    "please",
    "so",
    "thanks",
    "then",
];

/// Whether a sentence of it asks for a yes or a no.
pub(crate) fn asks_yes_or_no(question: &str) -> bool {
    question.split(['.', '?', '!']).any(|sentence| {
        let words = sentence
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('’', "'"));
        let mut telling = words.filter(|word| !word.is_empty() && !OPENERS.contains(&word.as_str()));
        telling.next().is_some_and(|first| ASKS_WHETHER.contains(&first.as_str()))
    })
}

/// What spans of time are counted in.
const SPANS: &[&str] = &["second", "minute", "hour", "day", "week", "fortnight", "month", "year"];

impl Kind {
    /// Whether the sentence says something of this kind.
    fn is_in(self, sentence: &str, found: &[Figure]) -> bool {
        let lower = sentence.to_lowercase();
        let [no_amount, no_duration] = &*WORDS_FOR;
        let has = |dimensions: &[&str]| {
            found.iter().filter_map(|f| f.unit.dimension()).any(|d| dimensions.contains(&d))
        };
        match self {
            Kind::Money => has(&["money", "percent"]) || no_amount.is_match(&lower),
            Kind::Rate => has(&["percent", "percentage point", "basis point"]) || no_amount.is_match(&lower),
            Kind::Duration => has(SPANS) || has(&["time", "date", "month"]) || no_duration.is_match(&lower),
            Kind::Hour => has(&["time", "hour"]) || lower.contains("any time") || lower.contains("24/7"),
            Kind::Age | Kind::Number => {
                !found.is_empty() || lower.contains("unlimited") || lower.contains("both")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(question: &str) -> Vec<Kind> {
        Wish::of(question).kinds.into_iter().collect()
    }

    #[test]
    fn the_kind_of_figure_is_told_by_the_words() {
        assert_eq!(kinds("How long does a transfer take?"), [Kind::Duration]);
        assert_eq!(kinds("How many business days does a recall take?"), [Kind::Duration]);
        assert_eq!(kinds("How much does a replacement card cost?"), [Kind::Money]);
        assert_eq!(kinds("What's the annual fee on the Silver card?"), [Kind::Money]);
        assert_eq!(kinds("What time do branches open?"), [Kind::Hour]);
        assert_eq!(kinds("How old must my son be?"), [Kind::Age]);
        assert_eq!(kinds("What is the interest rate on a car loan?"), [Kind::Rate]);
        assert_eq!(kinds("How do I block my card?"), []);
        assert_eq!(kinds("How much can I withdraw a day?"), [], "an amount or a number");
    }

    #[test]
    fn a_yes_or_a_no_is_asked_for_where_a_sentence_begins_with_its_verb() {
        for question in
            ["Can I pay by cheque?", "Hi, is it free?", "I moved. So, don’t you need my new address?"]
        {
            assert!(asks_yes_or_no(question), "{question}");
        }
        for question in ["What can I pay?", "card fee", "How much is it, and when is it due?", "", "Hello!"] {
            assert!(!asks_yes_or_no(question), "{question}");
        }
    }

    #[test]
    fn a_kind_is_given_by_figures_and_by_words_for_them() {
        for (question, given, missing) in [
            ("How long does it take?", "It takes 3 business days.", "It costs $3."),
            ("How long does it take?", "It arrives immediately.", "It arrives by post."),
            ("What is the fee for closing?", "Closing is free.", "Closing takes 3 days."),
            ("What is the fee for closing?", "There is no closing fee.", "Close it in the app."),
            ("What is the fee for closing?", "It costs $3.", "It takes 2 hours."),
            ("What time do you close?", "We close at 4 pm.", "We close on Sundays."),
            ("How old must I be?", "You must be aged 14 or over.", "You must be a student."),
            ("Tell me the number", "Call 1300 000 000.", "Call us."),
        ] {
            let wish = Wish::of(question);
            assert!(wish.is_given_by(given), "{question} {given}");
            assert!(!wish.is_given_by(missing), "{question} {missing}");
        }
    }
}
