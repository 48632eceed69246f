//! Why something is personal data: for `guard explain`, which a person asks about his own text.

use super::{
    Known, Learned,
    context::{REACH, REACH_AFTER},
    in_text,
    page::{Found, Page},
    pass, placeholders,
};
use crate::{PersonalType, normal::Normal};

/// A finding with its reason; places are code points of the original, end exclusive.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Recognised {
    /// First code point.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: PersonalType,
    /// How sure the recogniser is.
    pub score: f64,
    /// The recogniser and why it fired.
    pub by: &'static str,
    /// The nearest words that announce something.
    pub cue: Option<CueWords>,
}

/// Words that announce a value, by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct CueWords {
    /// First code point.
    pub start: usize,
    /// One past the last.
    pub end: usize,
}

/// A finding that gave way to a surer or longer one on the same words.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Overlapped {
    /// What lost.
    pub lost: Recognised,
    /// What it lost against.
    pub against: Recognised,
}

/// What is found, and what was found on the same words and lost.
pub(crate) fn explain(normal: &Normal, learned: Option<&Learned>) -> (Vec<Recognised>, Vec<Overlapped>) {
    let text = normal.text();
    let page = Page::new(text, &placeholders(text));
    let told = |f: &Found| recognised(normal, &page, f);
    let mut overlapped = Vec::new();
    pass(text, &Known::default(), learned, &mut |lost, stronger| {
        let pair = Overlapped { lost: told(lost), against: told(stronger) };
        // Several windows of one number often say the same.
        let again = |o: &Overlapped| o.lost.by == pair.lost.by && o.against == pair.against;
        if !overlapped.iter().any(again) {
            overlapped.push(pair);
        }
    });
    (in_text(normal, &Known::default(), learned).iter().map(told).collect(), overlapped)
}

fn recognised(normal: &Normal, page: &Page<'_>, f: &Found) -> Recognised {
    let (start, end) = normal.original(f.start, f.end);
    let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
    let last = page.tokens.partition_point(|t| (t.start as usize) < f.end).saturating_sub(1);
    let before = page.cues_before(first, REACH).next();
    let after = page.cues_after(last, REACH_AFTER).next();
    let nearest = match (before, after) {
        (Some(b), Some(a)) => Some(if a.1 < b.1 { a.0 } else { b.0 }),
        (one, other) => one.or(other).map(|(hit, _)| hit),
    };
    let cue = nearest.map(|hit| {
        let (start, end) = normal.original(page.start(hit.first), page.end(hit.last));
        CueWords { start, end }
    });
    Recognised { start, end, kind: f.kind, score: f.score.clamp(0.0, 1.0), by: f.by, cue }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Vec<Recognised>, Vec<Overlapped>) {
        explain(&Normal::new(text), None)
    }

    fn words(text: &str, start: usize, end: usize) -> String {
        text.chars().skip(start).take(end - start).collect()
    }

    #[test]
    fn each_finding_names_its_recogniser_its_words_and_the_cue() {
        let text = "the pin of my card is 4821, ring 0412 345 678";
        let (found, _) = of(text);
        let pin = found.iter().find(|f| f.kind == PersonalType::Pin).unwrap();
        assert_eq!(words(text, pin.start, pin.end), "4821");
        assert!(pin.by.starts_with("secrets: "), "{}", pin.by);
        assert!(pin.cue.is_some());
        let phone = found.iter().find(|f| f.kind == PersonalType::Phone).unwrap();
        assert!(phone.by.starts_with("contact: "), "{}", phone.by);
    }

    #[test]
    fn what_lost_is_told_with_what_it_lost_against() {
        let text = "my account number is 4111 1111 1111 1111";
        let (found, overlapped) = of(text);
        assert_eq!(found.iter().map(|f| f.kind).collect::<Vec<_>>(), [PersonalType::CreditCard]);
        let lost = overlapped.iter().find(|o| o.lost.kind == PersonalType::AccountNumber).unwrap();
        assert_eq!(lost.against.kind, PersonalType::CreditCard);
        assert!(lost.lost.score <= lost.against.score);
    }

    #[test]
    fn what_is_explained_is_what_is_found() {
        for text in [
            "i am Jane Citizen, 12 Smith Street, Richmond VIC 3121, born 1 May 1980",
            "pin 1234, i said 1234, password is hunter2!",
            "IBAN GB82 WEST 1234 5698 7654 32 and 4111111111111111",
            "nothing here",
        ] {
            let normal = Normal::new(text);
            let found = super::super::find(&normal, None);
            let told: Vec<_> = of(text).0.iter().map(|r| (r.start, r.end, r.kind)).collect();
            assert_eq!(told, found.iter().map(|s| (s.start, s.end, s.kind)).collect::<Vec<_>>(), "{text}");
        }
    }
}
