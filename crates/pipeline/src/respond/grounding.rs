//! The grounding gate: what a sentence claims must stand in the evidence it cites (P7, U11).
//!
//! Held against the passages are its figures with their units, what it affirms and denies, its names,
//! its words, and each thing that it asserts against one thing that they assert (`tie`). A sentence that
//! fails does not leave the building, whoever wrote it, and the reason stands in the record.

mod affairs;
mod cells;
mod clause;
mod condition;
mod names;
mod negation;
mod number_words;
mod plain;
mod quantity;
mod same;
mod support;
mod tie;
mod unit;
mod vocabulary;

use contactiq_nlu::index::Sentence;

pub(super) use self::negation::{contradicts, topics};

pub use super::figure::{Figure, Unit};
use super::figure::{figures, in_dispute};
use crate::Knowledge;

/// Why a sentence stays inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Removed {
    /// It cites nothing, or a passage that was not given.
    Citation,
    /// A figure of it is not in the passages that it cites.
    Figure,
    /// A name of it is not.
    Name,
    /// It affirms what they deny, or the reverse.
    Negation,
    /// They hardly speak of it, or of something else in its place.
    Unsupported,
    /// It leaves out the condition under which they say it, or has another one.
    Condition,
    /// It claims something of the person's own affairs, which no document knows.
    Personal,
    /// It has a word that an order dictated and no passage says.
    Dictated,
}

impl Removed {
    /// Every reason.
    pub(super) const ALL: [Removed; 8] = [
        Removed::Citation,
        Removed::Figure,
        Removed::Name,
        Removed::Negation,
        Removed::Unsupported,
        Removed::Condition,
        Removed::Personal,
        Removed::Dictated,
    ];

    /// Its code in the record.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Removed::Citation => "citation",
            Removed::Figure => "figure",
            Removed::Name => "name",
            Removed::Negation => "negation",
            Removed::Unsupported => "unsupported",
            Removed::Condition => "condition",
            Removed::Personal => "personal",
            Removed::Dictated => "dictated",
        }
    }
}

/// A passage that a sentence is held against.
pub(crate) struct Evidence<'a> {
    /// Title of the document and headings above the passage.
    place: String,
    text: &'a str,
    sentences: &'a [Sentence],
}

impl<'a> Evidence<'a> {
    /// A passage of the knowledge, and what of its text the writer was given.
    pub(crate) fn of(knowledge: &'a Knowledge, passage: usize, text: &'a str) -> Evidence<'a> {
        let own = &knowledge.passages[passage].1;
        Evidence {
            place: format!("{}\n{}", knowledge.document_of(passage).title, own.headings.join("\n")),
            text,
            sentences: knowledge.index.sentences(passage),
        }
    }

    /// Whether a sentence is one of its own, as it was given.
    fn says(&self, sentence: &str) -> bool {
        let end = |c: char| matches!(c, '.' | '!' | ' ');
        let bare = sentence.trim().trim_end_matches(end);
        self.sentences
            .iter()
            .any(|s| s.text.trim_end_matches(end) == bare && self.text.contains(s.text.as_str()))
    }
}

/// Holds a sentence against the passages that it cites. `around` are the passages that its writer was
/// given, `bank` is the bank's name. Gives the place in each passage that carries it.
///
/// # Errors
/// The first reason why it stays inside.
pub(crate) fn judge(
    claim: &str,
    vector: Option<&[f32]>,
    evidence: &[Evidence<'_>],
    around: &[Evidence<'_>],
    bank: &str,
) -> Result<Vec<support::Carried>, Removed> {
    if evidence.is_empty() || claim.trim().is_empty() {
        return Err(Removed::Citation);
    }
    let with_places: Vec<&str> = evidence.iter().flat_map(|e| [e.place.as_str(), e.text]).collect();
    let others: Vec<&str> = around.iter().flat_map(|e| [e.place.as_str(), e.text]).collect();
    if !names::unknown(claim, &with_places, &others, bank).is_empty() {
        return Err(Removed::Name);
    }
    let texts: Vec<&str> = evidence.iter().map(|e| e.text).collect();
    let known = plain::plain(&texts.join("\n"));
    let read = plain::plain(claim);
    let digits = number_words::in_digits;
    if plain::veils(&read, &known) || !unsupported(&digits(&read), &digits(&known)).is_empty() {
        return Err(Removed::Figure);
    }
    let mut places = support::carried(claim, vector, evidence);
    // The bank's own sentence stands on itself, however it is built.
    if !evidence.iter().any(|e| e.says(claim)) {
        let tied = tie::tied(claim, evidence, bank)?;
        for own in places.iter_mut().flatten() {
            own.sentence =
                tied.iter().find(|t| t.passage == own.passage).map_or(own.sentence, |t| t.sentence);
        }
    }
    places.ok_or(Removed::Unsupported)
}

/// The figures that a sentence claims and the evidence does not carry. Empty: grounded.
#[must_use]
pub fn unsupported(sentence: &str, evidence: &str) -> Vec<Figure> {
    let known: Vec<Figure> = figures(evidence);
    figures(sentence).into_iter().filter(|claim| !known.iter().any(|k| k.carries(claim))).collect()
}

/// Whether two sentences state different figures for the same question (how much, how long, when):
/// one dimension at least occurs in both, and none of its figures in one is among those of the other.
#[must_use]
pub fn disagree(a: &str, b: &str) -> bool {
    !in_dispute(&figures(a), &figures(b)).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_figure_is_noticed() {
        let evidence = "A replacement debit card costs $10 and arrives in 5 to 7 business days.";
        assert!(unsupported("It costs $10.", evidence).is_empty());
        assert_eq!(unsupported("It costs $15.", evidence).len(), 1);
        assert_eq!(unsupported("It costs 10%.", evidence).len(), 1);
        assert_eq!(unsupported("It takes 8 days.", evidence).len(), 1);
    }

    #[test]
    fn the_unit_is_part_of_the_fact_in_both_directions() {
        for (one, other) in [
            ("It costs $10.", "It costs £10."),
            ("It costs €10.", "It costs £10."),
            ("It costs US$10.", "It costs A$10."),
            ("It costs 10 euros.", "It costs 10 dollars."),
            ("It costs $10 million.", "It costs $10."),
            ("It costs 10 cents.", "It costs 10 dollars."),
            ("The rate is 5%.", "The rate is 5 percentage points."),
            ("The fee is 5%.", "The fee is $5."),
            ("It takes 5 business days.", "It takes 5 days."),
            ("It takes 5 to 7 business days.", "It takes 5 to 7 days."),
            ("It takes 5 minutes.", "It takes 5 hours."),
            ("It takes 5 weeks.", "It takes 5 months."),
            ("It takes 5 months.", "It takes 5 years."),
            ("It takes 5 hours.", "It takes 5 business hours."),
            ("We open at 8 am.", "We open at 8 pm."),
            ("We open at 8am.", "We open at 8pm."),
            ("We open at 12 am.", "We open at 12 pm."),
            ("We open at 8:30 am.", "We open at 8:45 am."),
            ("It starts on 1 July.", "It starts on 1 June."),
            ("It starts on July 1.", "It starts on July 2."),
            ("It starts in July.", "It starts in August."),
            ("It starts in July 2026.", "It starts in August 2026."),
        ] {
            assert!(!unsupported(one, other).is_empty(), "{one} | {other}");
            assert!(!unsupported(other, one).is_empty(), "{other} | {one}");
        }
    }

    #[test]
    fn the_same_fact_written_differently_is_grounded_in_both_directions() {
        for (one, other) in [
            ("It costs $1,200.", "It costs 1200 dollars."),
            ("It costs $1,200.00.", "It costs $1200."),
            ("It costs A$10.", "It costs 10 Australian dollars."),
            ("It costs AUD 10.", "It costs $10 AUD."),
            ("It costs 50 cents.", "It costs $0.50."),
            ("It costs £5.", "It costs 5 pounds."),
            ("It costs €5.", "It costs EUR 5."),
            ("Up to $1.5 million.", "Up to $1,500,000."),
            ("Up to $250k.", "Up to 250 thousand dollars."),
            ("The rate is 5%.", "The rate is 5.0 per cent."),
            ("It takes 5 business days.", "It takes 5 working days."),
            ("It takes 3–5 business days.", "It takes between 3 and 5 working days."),
            ("A 30-day notice.", "Notice of 30 calendar days."),
            ("Up to 55 interest-free days.", "Up to 55 days."),
            ("It takes 1 hour.", "It takes 1 hr."),
            ("We open at 8 am.", "We open at 8am."),
            ("We close at 8 p.m.", "We close at 20:00."),
            ("We open at 8.30am.", "We open at 8:30 AM."),
            ("Open 8 to 10 am.", "Open 8 am to 10 am."),
            ("It starts on 1 July.", "It starts on July 1."),
            ("It starts on the 1st of July.", "It starts on July 1st."),
            ("It starts on 1 Sept 2026.", "It starts on September 1, 2026."),
            ("It starts in July.", "In July it starts."),
        ] {
            assert_eq!(unsupported(one, other), [], "{one} | {other}");
            assert_eq!(unsupported(other, one), [], "{other} | {one}");
        }
    }

    #[test]
    fn what_says_less_is_grounded_in_what_says_more_and_not_the_other_way_round() {
        for (less, more) in [
            ("It costs $10.", "It costs AUD 10."),
            ("It opens at 8:30.", "It opens at 8:30 pm."),
            ("Dial 10.", "It costs $10."),
            ("It starts in July.", "It starts on 1 July."),
            ("It starts in July.", "It starts in July 2026."),
        ] {
            assert_eq!(unsupported(less, more), [], "{less} | {more}");
            assert!(!unsupported(more, less).is_empty(), "{more} | {less}");
        }
    }

    #[test]
    fn what_stands_beside_a_sentence_does_not_change_its_figures() {
        let next = ["2 cards are sent.", "days later.", "$7 more.", "to 7 business days", "million", "pm"];
        for next in next {
            for line in ["It is sent in July", "It takes 5", "It costs 5", "The fee is AUD", "Open from 8"] {
                assert_eq!(unsupported(line, &format!("{line}\n{next}")), [], "{line} | {next}");
            }
            let sentence = "It is sent in July.";
            assert_eq!(unsupported(sentence, &format!("{sentence} {next}")), [], "{next}");
        }
    }

    #[test]
    fn different_figures_for_one_question_disagree() {
        assert!(disagree("A copy costs $5.", "A copy costs $7.50."));
        assert!(disagree("A copy costs $5.", "A copy costs £5."));
        assert!(disagree("A copy takes 5 days.", "A copy takes 5 business days."));
        assert!(disagree("It starts on 1 July.", "It starts on 1 June."));
        assert!(!disagree("A copy costs $5.", "A copy costs AUD 5."));
        assert!(!disagree("A copy costs $5.", "A copy costs $5 or $7.50."));
        assert!(!disagree("A copy costs $5.", "A copy takes 5 days."));
        assert!(!disagree("No figures.", "A copy costs $5."));
    }
}
