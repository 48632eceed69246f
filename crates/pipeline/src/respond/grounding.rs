//! The grounding gate: what a sentence claims must stand in the evidence it cites (P7, U11).
//!
//! A claim is a figure with its unit (an amount, a percentage, a number, a date, a time, a telephone
//! number). A sentence whose figures are not all in its passage does not leave the building, whoever
//! wrote it.

pub use super::figure::{Figure, Unit};
use super::figure::{figures, in_dispute};

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
