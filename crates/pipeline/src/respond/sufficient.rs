//! Whether what was chosen states what was asked, or only speaks of the same topic: a question for a
//! time is not answered by a fee, one for a product not by its neighbour's.

use std::sync::LazyLock;

use contactiq_nlu::text;
use regex::Regex;

use super::{choose::Chosen, rows, thing, wish::Wish};
use crate::turn::Asked;

/// What the passages lack, in the house's words for the trace; `None` where they state it.
pub(super) fn lacking(
    asked: &Asked<'_>,
    chosen: &[Chosen],
    bank: &str,
    this_year: i32,
) -> Option<&'static str> {
    let index = &asked.knowledge.index;
    let wish = Wish::of(asked.query);
    // Of a row only what is shown answers.
    let states = |c: &Chosen| {
        let sentence = &index.sentences(c.passage)[c.sentence];
        if !sentence.is_row {
            return wish.is_given_by(&sentence.text);
        }
        let shown = rows::shown(&sentence.text, asked.query);
        wish.is_given_by(&shown) || rows::says_none(&shown)
    };
    if !wish.kinds.is_empty() && !chosen.iter().any(states) {
        return Some("no sentence states the figure that is asked for");
    }
    if let Some(thing) = thing::of(asked.query).filter(|_| !wish.steps) {
        let alternatives = index.alternatives(asked.query);
        let open = wish.kinds.is_empty() && !wish.figure;
        let mut answering = chosen.iter().filter(|c| open || states(c));
        if !answering.any(|c| thing::is_held(asked, &thing, &alternatives, c)) {
            return Some("what is stated is not said of the thing that is asked for");
        }
    }
    let passages: Vec<String> = chosen.iter().map(|c| in_its_place(asked, c.passage)).collect();
    if DAYS
        .iter()
        .any(|(asks, answers)| asks.is_match(asked.query) && !passages.iter().any(|p| answers.is_match(p)))
    {
        return Some("no passage speaks of the day that is asked for");
    }
    if another_year(asked.query, this_year).is_some_and(|year| !passages.iter().any(|p| p.contains(year))) {
        return Some("no passage speaks of the year that is asked for");
    }
    let around: Vec<String> = asked.found.iter().map(|f| in_its_place(asked, f.passage)).collect();
    unnamed(asked, &around, bank).then_some("no passage names what is asked for")
}

fn in_its_place(asked: &Asked<'_>, passage: usize) -> String {
    let entry = asked.knowledge.index.entry(passage);
    format!("{}\n{}\n{}", entry.title, entry.headings.join("\n"), entry.text)
}

/// A year that a question about a figure names and that is not this one: what holds today says nothing about it. A
/// year since when, or until when, somebody did something is a circumstance, and so is a postcode.
fn another_year(question: &str, this_year: i32) -> Option<&str> {
    #[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
    static YEAR: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)\b(?:rates?|fees?|limits?|prices?|costs?|charges?|terms?|rules?)\b[^?.!;]*\b(?:in|during) (?:the year )?((?:19[89]|20\d)\d)\b",
        )
        .expect("a constant pattern")
    });
    let years = YEAR.captures_iter(question).filter_map(|found| found.get(1)).map(|year| year.as_str());
    years.into_iter().find(|year| year.parse() != Ok(this_year))
}

/// A day that a question asks after, and what speaks of it.
static DAYS: LazyLock<[(Regex, Regex); 2]> = LazyLock::new(|| {
    let pattern = |source: &str| {
        #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
        Regex::new(source).expect("a constant pattern")
    };
    [
        (
            pattern(
                r"(?i)\b(?:sundays|saturdays|(?:on|at|over) (?:the |a )?(?:weekends?|sunday|saturday)|weekends)\b.*\b(?:open|close|closed|available|run|processed?|clear|process)\b|\b(?:open|opened|closed?|available|hours|reach|processed|clear|process|call)\b.*\b(?:sundays?|saturdays?|weekends?)\b",
            ),
            pattern(
                r"(?i)\b(?:sun(?:days?)?|sat(?:urdays?)?|weekends?|weekdays?|24 hours|24/7|7 days|any ?time|every day|mon(?:day)?|daily)\b",
            ),
        ),
        (
            pattern(r"(?i)\b(?:public|bank) holidays?\b"),
            pattern(r"(?i)\bholidays?\b|\b24 hours|\b24/7|\bany ?time\b|\bevery day\b|\b365\b"),
        ),
    ]
});

/// Whether the question names a thing with a capital letter that no passage found holds. The bank
/// itself needs no passage.
fn unnamed(asked: &Asked<'_>, passages: &[String], bank: &str) -> bool {
    let held: Vec<Vec<String>> =
        passages.iter().map(String::as_str).chain([bank]).map(text::content_stems).collect();
    let alternatives = asked.knowledge.index.alternatives(asked.query);
    // "ATM" is named by a passage that calls it a cash machine.
    let otherwise = |stem: &String| {
        let mut said = alternatives.iter().filter(|other| other.typed.contains(stem));
        said.any(|other| held.iter().any(|h| other.said.iter().all(|word| h.contains(word))))
    };
    if codes(asked.query).any(|code| !passages.iter().any(|p| names_code(p, code))) {
        return true;
    }
    names(asked.query).iter().any(|name| {
        let stems = text::content_stems(name);
        stems.iter().any(|s| !held.iter().any(|h| h.contains(s)) && !otherwise(s))
            && !passages.iter().any(|p| shortens(name, p))
    })
}

/// Whether an abbreviation stands for words of a passage: "POA" for "powers of attorney", "ID" for
/// "identity".
fn shortens(name: &str, passage: &str) -> bool {
    // "CTRs" are more than one.
    let name = name.strip_suffix('s').unwrap_or(name);
    let short = name.to_lowercase();
    if short.chars().count() > 5 || name.chars().any(char::is_lowercase) {
        return false;
    }
    let words = text::words(passage);
    let initials: String = words.iter().filter_map(|w| w.chars().next()).collect();
    let telling: String =
        words.iter().filter(|w| !text::is_stop_word(w)).filter_map(|w| w.chars().next()).collect();
    // "SEP" is not short for "separately".
    let begins = |w: &String| short.chars().count() <= 2 && w.starts_with(&short);
    initials.contains(&short) || telling.contains(&short) || words.iter().any(begins)
}

/// Codes of forms, reasons and messages: capital letters with digits ("R20", "W-9", "MT103"). Where no
/// passage has the code, its neighbours in the list say nothing about it.
fn codes(question: &str) -> impl Iterator<Item = &str> {
    let mut in_a_place = false;
    question
        .split_whitespace()
        .filter(move |word| {
            // "from SW1A" is where somebody is.
            let place = std::mem::replace(&mut in_a_place, matches!(*word, "in" | "from" | "near" | "at"));
            !place && !word.contains(['<', '>', '_', '$', '£', '€', '%', '@', ':'])
        })
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .filter(|word| is_code(word))
}

fn is_code(word: &str) -> bool {
    let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let others = word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '/'));
    // "AED500" is an amount.
    let amount = letters.len() == 3 && word.starts_with(&letters) && !word.contains(['-', '/']);
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && others
        && !amount
        && (1..=4).contains(&letters.len())
        && (1..=4).contains(&digits)
        && letters.chars().all(|c| c.is_ascii_uppercase())
        && !NO_CODES.contains(&letters.as_str())
        && !matches!(word, "A3" | "A4" | "A5")
}

/// Quarters and halves of a year, and B2B, P2P.
const NO_CODES: &[&str] = &["Q", "FY", "H", "BB", "BC", "PP"];

/// Whether a text has the code as a word of its own: "R2" is not in "R20", "MT 103" is "MT103".
fn names_code(text: &str, code: &str) -> bool {
    let plain = |word: &str| word.replace(['-', '/'], "").to_lowercase();
    let code = plain(code);
    let words: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '/')))
        .filter(|word| !word.is_empty())
        .map(plain)
        .collect();
    words.contains(&code) || words.windows(2).any(|two| two.concat() == code)
}

/// Names of products, services and papers: words with a capital letter inside a sentence that stand before
/// the kind of thing ("the Diamond card"), beside another ("Samsung Pay"), or are an abbreviation. A place
/// or a person is a circumstance of the question, and need not be in the documents. In a question that
/// writes most of its words so, or all in capitals, they name nothing.
fn names(question: &str) -> Vec<&str> {
    let (mut opens, mut count) = (true, 0);
    let mut words: Vec<Word<'_>> = Vec::new();
    for word in question.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        // What the guard masked stands in angle brackets.
        let masked = word.contains(['<', '>', '_']);
        let lower = bare.to_lowercase();
        let telling = !masked && !bare.is_empty() && !text::is_stop_word(&lower);
        count += usize::from(telling);
        let capital = bare.starts_with(char::is_uppercase) && bare.chars().count() > 1;
        let family = FAMILY.contains(&owner(&lower).unwrap_or(&lower));
        let name =
            telling && capital && !opens && !family && !CALENDAR.contains(&lower.trim_end_matches('s'));
        words.push(Word { bare, name, place: matches!(lower.as_str(), "in" | "from" | "near") });
        opens = word.ends_with(['.', '!', '?', ':']);
    }
    let all = words.iter().filter(|w| w.name).count();
    if all * 3 > count * 2 {
        return Vec::new();
    }
    let of_a_thing = |at: usize| {
        let next = words.get(at + 1).map(|w| w.bare.to_lowercase());
        let beside = |other: Option<&Word<'_>>| other.is_some_and(|w| w.name);
        let preceded = |at: usize| at.checked_sub(1).and_then(|i| words.get(i));
        let opening = if beside(preceded(at)) { at.saturating_sub(1) } else { at };
        let where_ = preceded(opening).is_some_and(|w| w.place);
        let a_bank = owner(words[at].bare).is_some()
            && words[at + 1..].iter().take(3).any(|w| {
                let word = w.bare.to_lowercase();
                let word = word.trim_end_matches('s');
                THINGS.contains(&word) || matches!(word, "fee" | "limit" | "charge" | "app")
            });
        a_bank
            || next.is_some_and(|n| THINGS.contains(&n.trim_end_matches('s')))
            || (!where_ && (beside(preceded(at)) || beside(words.get(at + 1))))
            || is_abbreviation(words[at].bare)
    };
    (0..words.len()).filter(|at| words[*at].name && of_a_thing(*at)).map(|at| words[at].bare).collect()
}

struct Word<'a> {
    bare: &'a str,
    name: bool,
    /// Whether a place follows.
    place: bool,
}

/// Family has no product of a name: "my Mum's account".
const FAMILY: &[&str] = &[
    "mum", "mom", "mother", "dad", "father", "grandma", "grandpa", "nan", "pop", "son", "daughter", "wife",
    "husband", "partner", "brother", "sister", "uncle", "aunt",
];

/// Whose something is: "Westpac's".
fn owner(word: &str) -> Option<&str> {
    word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s"))
}

fn is_abbreviation(word: &str) -> bool {
    let letters = word.strip_suffix('s').unwrap_or(word);
    (3..=5).contains(&letters.chars().count()) && letters.chars().all(char::is_uppercase)
}

/// Kinds of things that have names.
const THINGS: &[&str] = &[
    "account",
    "bond",
    "bonus",
    "card",
    "certificate",
    "club",
    "deposit",
    "form",
    "fund",
    "insurance",
    "line",
    "loan",
    "mortgage",
    "plan",
    "policy",
    "program",
    "programme",
    "rate",
    "reward",
    "saver",
    "saving",
    "scheme",
    "service",
    "term",
];

/// Days and months are circumstances of a question, not things that it names.
const CALENDAR: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "christma",
    "easter",
];

#[cfg(test)]
mod tests {
    use contactiq_domain::Mode;

    use super::*;
    use crate::respond::{choose, test_bank};

    fn lacks(question: &str) -> Option<&'static str> {
        let knowledge = test_bank::knowledge();
        let found = test_bank::found(&knowledge, Mode::Customer, question);
        let asked = Asked { knowledge: &knowledge, query: question, vector: None, found: &found };
        lacking(&asked, &choose::sentences(&asked, 120), "Brookvale Bank", 2026)
    }

    #[test]
    fn another_year_and_another_banks_product_are_not_what_the_documents_speak_of() {
        let year = Some("no passage speaks of the year that is asked for");
        assert_eq!(lacks("What was the replacement card fee in 2019?"), year);
        assert_ne!(lacks("What is the replacement card fee in 2026?"), year);
        for circumstance in [
            "What does a transfer of 2019 dollars cost?",
            "What does a replacement card cost in Sydney 2000?",
            "I have banked here since 2015, what does a replacement card cost?",
            "My card expires in 2028, what does a replacement card cost?",
        ] {
            assert_ne!(lacks(circumstance), year, "{circumstance}");
        }
        assert_eq!(names("What is Harrowgate's home loan rate?"), ["Harrowgate's"]);
        assert!(names("What is the fee of my Mum's account?").is_empty());
    }

    #[test]
    fn a_neighbouring_fact_is_no_answer() {
        for question in [
            "How long does it take to change the ATM limit?",
            "How long is the Youth Account free?",
            "Are branches open on a public holiday?",
            "What is the annual fee on the Diamond card?",
            "Can I add the Silver card to Samsung Pay?",
            "What does form Z-17 cost on the Silver card?",
            "Z17 on the Silver card?",
            "What is the fee of a W-8 on the Silver card?",
            "What is the fee for a safe deposit box?",
            "What is the late payment fee on the Silver card?",
        ] {
            assert!(lacks(question).is_some(), "{question}");
        }
    }

    #[test]
    fn a_code_is_a_word_of_its_own() {
        for (text, code) in [("R20: invalid", "R20"), ("form MT 103 is", "MT103"), ("a w9 form", "W-9")] {
            assert!(names_code(text, code), "{text} {code}");
        }
        for (text, code) in [("R20: invalid", "R2"), ("how 9 days", "W-9"), ("MT103", "MT10")] {
            assert!(!names_code(text, code), "{text} {code}");
        }
        let read = |question| codes(question).collect::<Vec<_>>();
        assert_eq!(read("R20? and W-9, form TB-131 for MT103"), ["R20", "W-9", "TB-131", "MT103"]);
        assert_eq!(read("B2B in Q3, AED500 from SW1A on A4 at 5PM, 3PM, COVID19, $5K"), Vec::<&str>::new());
    }

    #[test]
    fn what_is_stated_is_enough() {
        for question in [
            "How long does an international transfer take?",
            "What does a replacement card cost?",
            "What is the fee for closing an account?",
            "What time do branches close?",
            "How old must I be to open an account?",
            "What is the annual fee on the Silver card?",
            "what's the annual fee on the silver card",
            "WHAT IS THE ANNUAL FEE",
            "What is the AF on the Silver card?",
            "What Is The Yearly Charge Of A Card?",
            "What does Brookvale charge for a replacement card on Friday?",
            "What does a replacement card cost <EMAIL_1> and <PERSON_1>?",
            "How do I change the ATM limit?",
            "What is the annual fee of the Silver card from Q3 on?",
        ] {
            assert_eq!(lacks(question), None, "{question}");
        }
    }
}
