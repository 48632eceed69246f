//! The requests of one message: "what does it cost, and someone stole my purse" are two.
//!
//! A risk that stands in the middle of another request is diluted in the vector of the whole
//! message. So the parts are read for triggers as well, and the riskier one decides the route.

mod asking;
mod cutting;

use std::collections::HashSet;

pub(crate) use asking::{is_request, orders};

use asking::OWN;
use cutting::{Cut, cut};

/// A part says something from this many words on; a thing of a list does so with fewer.
pub(crate) const WORDS: usize = 3;
const WORDS_IN_A_LIST: usize = 2;
/// A message of 2000 characters may have many sentences; each costs an encoding.
const MOST: usize = 24;
/// Pieces that are read one by one…
const MOST_PIECES: usize = 96;
/// …and so many of the rest together: 2000 characters make a thousand.
const TOGETHER: usize = 32;
/// The longest thing in a list.
const WORDS_OF_AN_ITEM: usize = 3;
/// What may stand before a piece and says nothing.
const FILLERS: &[&str] = &["also ", "and ", "then ", "btw ", "oh ", "plus ", "but ", "- ", "* "];

/// The parts of a message that has more than one; otherwise none. Parts of a word or two say too little
/// to be judged alone.
pub(crate) fn parts(text: &str) -> Vec<String> {
    let parts = all_parts(text);
    // Of very many several stand together, so that none is left out.
    let together = parts.len().div_ceil(MOST).max(1);
    let parts: Vec<String> = parts.chunks(together).map(|some| some.join(" ")).collect();
    if parts.len() > 1 || parts.first().is_some_and(|p| p.len() + 8 < text.trim().len()) {
        parts
    } else {
        Vec::new()
    }
}

fn all_parts(text: &str) -> Vec<String> {
    let says_something = |cut: &Cut<'_>| {
        cut.text.split_whitespace().count() >= if cut.listed { WORDS_IN_A_LIST } else { WORDS }
    };
    cut(text).into_iter().filter(says_something).map(|cut| cut.text.into_owned()).collect()
}

/// How many things a message asks for, however many parts are read together.
pub(crate) fn how_many(text: &str) -> usize {
    all_parts(text).into_iter().filter(|part| is_request(part)).count()
}

/// What a message tells beside what it asks: "a chap on the phone wants it moved" behind "how long does a payment
/// take?". A question beside it says nothing for or against it. None where nothing is asked or nothing is told.
pub(crate) fn story(parts: &[String]) -> Option<String> {
    let told: Vec<&str> = parts.iter().map(String::as_str).filter(|part| tells(part)).collect();
    let bare: Vec<&str> = told.iter().map(|part| part.trim_end_matches([',', ' '])).collect();
    match told.as_slice() {
        [] => None,
        _ if told.len() == parts.len() => None,
        [one] => Some((*one).to_owned()),
        _ => Some(bare.join(" ")),
    }
}

/// Whether a part asks for nothing and orders nothing.
fn tells(part: &str) -> bool {
    !is_request(part) && !orders(part)
}

/// What stands between two joints or commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Its words.
    pub(crate) text: String,
    /// Whether it only names a thing in the list of a question: "theft" in "does it cover theft, lost cards, flights?".
    pub(crate) is_item: bool,
}

/// Everything that stands between two joints or commas, however short and however many, each once: for
/// the patterns, to which one word may be enough. Of very many the last ones stand together.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut seen = HashSet::new();
    let mut all: Vec<Piece> = Vec::new();
    for segment in cut(text) {
        let segment = segment.text.as_ref();
        let asks = is_request(segment);
        for fine in segment.split([',', '+']).flat_map(|p| p.split("--")) {
            let bare = without_filler(fine.trim());
            if !bare.is_empty() && seen.insert(bare.to_owned()) {
                let is_item = asks && bare.len() < segment.len() && names_a_thing(bare);
                all.push(Piece { text: bare.to_owned(), is_item });
            }
        }
    }
    if all.len() > MOST_PIECES {
        let rest = all.split_off(MOST_PIECES);
        let together = |some: &[Piece]| {
            let texts: Vec<&str> = some.iter().map(|piece| piece.text.as_str()).collect();
            Piece { text: texts.join(", "), is_item: some.iter().all(|piece| piece.is_item) }
        };
        all.extend(rest.chunks(TOGETHER).map(together));
    }
    all
}

fn without_filler(piece: &str) -> &str {
    let lower = piece.to_ascii_lowercase();
    let filler = FILLERS.iter().find(|filler| lower.starts_with(*filler));
    filler.map_or(piece, |filler| piece[filler.len()..].trim())
}

/// Few words, none of which is the person.
fn names_a_thing(piece: &str) -> bool {
    let lower = piece.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    piece.split_whitespace().count() <= WORDS_OF_AN_ITEM && !words.any(|word| OWN.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_one_request_has_no_parts() {
        assert!(parts("what does a replacement card cost?").is_empty());
        assert!(parts("").is_empty());
        assert!(parts("Hi. ok. no").is_empty());
    }

    #[test]
    fn a_risk_in_the_middle_of_another_request_stands_alone() {
        assert_eq!(
            parts("What does a new card cost? Some lad made off with my purse."),
            ["What does a new card cost?", "Some lad made off with my purse."]
        );
        assert_eq!(
            parts("remind me of the cheque cut-off, and also the customer has given her code to a caller"),
            ["remind me of the cheque cut-off,", "the customer has given her code to a caller"]
        );
        let many: String = (0..130).map(|i| format!("word{i} and more here. ")).collect();
        let read = parts(&many);
        assert!(read.len() <= MOST);
        assert!(
            (0..130).all(|i| read.iter().any(|part| part.contains(&format!("word{i} ")))),
            "none is left out"
        );
        let asked: String = (0..30).map(|i| format!("What is thing{i}? ")).collect();
        assert_eq!((how_many(&asked), how_many(&many)), (30, 0), "also of those that are read together");
        // Typed on a phone, without capitals.
        assert_eq!(
            parts("what are your hours. i got scammed. thanks"),
            ["what are your hours", "i got scammed"]
        );
        assert_eq!(
            parts("how do i order a card, mine got nicked, and whats the atm limit"),
            ["how do i order a card", "mine got nicked,", "whats the atm limit"]
        );
        // Letters whose lower case has another length must not move the places.
        assert_eq!(parts("\u{130}\u{130} one two three also four five six seven").len(), 2);
    }

    #[test]
    fn a_question_after_and_or_a_comma_is_a_request_of_its_own() {
        assert_eq!(parts("I lost my card and what is the fee?"), ["I lost my card", "what is the fee?"]);
        assert_eq!(
            parts("I can't pay this month, what is the late fee"),
            ["I can't pay this month", "what is the late fee"]
        );
        assert!(parts("what do Gold and Platinum cards cost?").is_empty());
        assert!(parts("what is the fee for cards and accounts that I share").is_empty());
    }

    fn texts(text: &str) -> Vec<String> {
        pieces(text).into_iter().map(|piece| piece.text).collect()
    }

    #[test]
    fn patterns_get_every_piece_however_short() {
        assert_eq!(texts("what is the fee, kms, thanks"), ["what is the fee", "kms", "thanks"]);
        assert_eq!(
            texts("How do I pay?\n- my card was cloned\nAlso kms"),
            ["How do I pay?", "my card was cloned", "kms"]
        );
        assert_eq!(texts(&"scam,".repeat(400)), ["scam"], "what is said again is read once");
    }

    #[test]
    fn none_of_very_many_pieces_is_left_out_and_few_are_read_alone() {
        let many: String = (0..900).map(|i| format!("a{i},")).collect();
        let texts = texts(&many);
        assert!(texts.len() <= MOST_PIECES + 900 / TOGETHER + 1, "{}", texts.len());
        let all = texts.join(", ");
        assert!((0..900).all(|i| all.split(", ").any(|piece| piece == format!("a{i}"))));
    }

    #[test]
    fn an_item_names_a_thing_in_the_list_of_a_question() {
        let items = |text: &str| -> Vec<String> {
            pieces(text).into_iter().filter(|piece| piece.is_item).map(|piece| piece.text).collect()
        };
        assert_eq!(
            items("Does the policy cover hail, stolen bikes, a burst pipe?"),
            ["stolen bikes", "a burst pipe?"]
        );
        assert!(items("stolen bikes, a burst pipe").is_empty(), "nothing is asked");
        assert!(items("how do I order a bike, i was robbed").is_empty(), "that is the person");
    }

    #[test]
    fn what_is_told_beside_a_question_is_a_story_of_its_own() {
        let told = |text: &str| story(&parts(text));
        assert_eq!(
            told("What does a bank cheque cost? I met a man online. He wants eight grand.").as_deref(),
            Some("I met a man online. He wants eight grand.")
        );
        assert_eq!(told("What does a bank cheque cost? How long does it take?"), None);
        assert_eq!(told("I met a man online. He wants eight grand."), None);
        assert_eq!(told("Lock my card. What is the fee?"), None, "an order tells nothing");
    }
}
