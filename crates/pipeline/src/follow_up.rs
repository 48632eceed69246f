//! Follow-ups: "and for the gold one?" is understood together with the question before (P11).

mod courtesy;
mod own_topic;
mod words;

use courtesy::COURTESIES;
pub(crate) use courtesy::closes;
pub(crate) use own_topic::{own_words, turns_to_another};
pub(crate) use words::ARTICLES;
use words::{
    ANOTHER, ASKED_FOR, ASKS_ANEW, ENDINGS, FRAME, GREETINGS, OPENINGS, PREPOSITIONS, SMALL_THINGS,
    STAND_INS, THINGS,
};

/// So much of the question before is carried, words.
const CARRIED_WORDS: usize = 60;
/// Longer questions stand on their own.
const MOST_WORDS: usize = 9;
/// The most words of a thing that is named.
const LONGEST_NAME: usize = 5;

/// The question made whole by the one before, when it leans on it: another thing takes the place of the one that was
/// asked about; a question of its own keeps what the one before was about, and not what that asked for; anything else
/// stands behind it.
pub(crate) fn whole(question: &str, previous: Option<&str>) -> Option<String> {
    let previous = last_words(previous?);
    let lower = question.to_lowercase();
    let words = words(&lower);
    if words.is_empty() || words.len() > MOST_WORDS {
        return None;
    }
    let opens = OPENINGS.iter().any(|o| lower.starts_with(o));
    let asks = lower.trim_end().ends_with('?') && words.len() > 3;
    if closes(question) || (!asks && words.iter().all(|word| COURTESIES.contains(word))) {
        return None;
    }
    let fragment = words.len() <= 3 && !words.iter().any(|word| GREETINGS.contains(word));
    if opens && !stands_in(question) && is_whole(&lower) {
        return None;
    }
    (opens || stands_in(question) || fragment).then(|| {
        another_thing(question, previous).unwrap_or_else(|| match asks_anew(&words) {
            true => format!("{} {question}", topic(previous, &words)),
            false => format!("{previous} {question}"),
        })
    })
}

/// "What about the everyday account's monthly fee?" names a thing of its own and what is asked of it: the one before
/// has nothing to add.
fn is_whole(lower: &str) -> bool {
    let spoken: Vec<&str> = lower.split_whitespace().collect();
    let plain: Vec<String> = spoken.iter().map(|word| bare(word)).collect();
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    let from = plain.len() - behind_opening(&plain).len();
    let said = &plain[from..];
    fn owner(word: &str) -> Option<&str> {
        word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s"))
    }
    let is_thing = |word: &str| THINGS.contains(&word.strip_suffix('s').unwrap_or(word));
    let telling = |word: &str| {
        !ARTICLES.contains(&word)
            && !FRAME.contains(&word)
            && !ASKED_FOR.contains(&word)
            && !PREPOSITIONS.contains(&word)
    };
    // "Everyday account's": a kind of thing behind a word that tells which.
    let named = said.iter().enumerate().any(|(at, word)| {
        let word = owner(word).unwrap_or(word);
        is_thing(word) && at > 0 && telling(said[at - 1])
    });
    named && said.iter().any(|word| ASKED_FOR.contains(word))
}

/// The end of a long message: the encoder reads so much, and what is asked now must not fall behind it.
fn last_words(previous: &str) -> &str {
    let starts: Vec<usize> =
        previous.split_whitespace().map(|word| word.as_ptr().addr() - previous.as_ptr().addr()).collect();
    starts.len().checked_sub(CARRIED_WORDS).map_or(previous, |from| &previous[starts[from]..])
}

fn words(lower: &str) -> Vec<&str> {
    lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect()
}

/// The words behind "and", "what about" and the like.
fn behind_opening<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    let mut rest = words;
    loop {
        rest = match rest {
            ["and" | "but" | "also" | "or" | "then" | "so" | "ok" | "okay", ..] => &rest[1..],
            ["what" | "how", "about", ..] | ["same", "for", ..] => &rest[2..],
            _ => return rest,
        };
    }
}

fn asks_anew(all: &[&str]) -> bool {
    let rest = behind_opening(all);
    // "What about it?" asks what was asked.
    rest.len() > 1 && ASKS_ANEW.contains(&rest[0]) && rest[1] != "if"
}

/// What a question is about. Where the next one asks for something else, what this one asked for is left out, which
/// stands before the thing ("how long does an international transfer take"): in its name ("my credit limit") it stays.
fn topic(previous: &str, next: &[&str]) -> String {
    let asks_for_more = next.iter().any(|word| ASKED_FOR.contains(word));
    let mut in_the_name = false;
    let mut kept: Vec<&str> = previous
        .split_whitespace()
        .filter(|word| {
            let bare = bare(&word.replace(['\'', '\u{2019}'], ""));
            in_the_name |= ARTICLES.contains(&bare.as_str());
            let asked = asks_for_more && !in_the_name && ASKED_FOR.contains(&bare.as_str());
            !(FRAME.contains(&bare.as_str()) || asked)
        })
        .collect();
    if asks_for_more && in_the_name && kept.last().is_some_and(|word| ENDINGS.contains(&bare(word).as_str()))
    {
        kept.pop();
    }
    let says_something = kept.iter().any(|word| !contactiq_nlu::text::content_stems(word).is_empty());
    if says_something { kept.join(" ") } else { previous.to_owned() }
}

/// "How do I cancel a direct debit?" and then "and a PayTo agreement?": the question before with the other thing in
/// the place of its own. Only where both name one thing with an article: anything else is put behind, which loses
/// nothing.
fn another_thing(question: &str, previous: &str) -> Option<String> {
    let spoken: Vec<&str> = question.split_whitespace().collect();
    let lower: Vec<String> = spoken.iter().map(|word| bare(word)).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let at = lower.len() - behind_opening(&lower).len();
    let (article, thing) = lower[at..].split_first().filter(|_| at > 0)?;
    let is_no_thing = |word: &&str| {
        FRAME.contains(word)
            || ASKED_FOR.contains(word)
            || STAND_INS.contains(word)
            || PREPOSITIONS.contains(word)
    };
    if !ARTICLES.contains(article)
        || thing.is_empty()
        || thing.len() > LONGEST_NAME
        || thing.iter().any(is_no_thing)
    {
        return None;
    }
    let before: Vec<&str> = previous.split_whitespace().collect();
    let plain: Vec<String> = before.iter().map(|word| bare(word)).collect();
    let ends = plain.last().is_some_and(|word| ENDINGS.contains(&word.as_str()));
    let end = plain.len() - usize::from(ends);
    let articles: Vec<usize> = (0..end).filter(|at| ARTICLES.contains(&plain[*at].as_str())).collect();
    let [begin] = articles[..] else { return None };
    let related = plain[..end].iter().any(|word| PREPOSITIONS.contains(&word.as_str()));
    if related || begin + 1 >= end || end - begin > LONGEST_NAME + 1 {
        return None;
    }
    let name = spoken[at..].join(" ");
    let name = name.trim_end_matches(|c: char| !c.is_alphanumeric());
    let parts = [before[..begin].join(" "), name.to_owned(), before[end..].join(" ")];
    let whole =
        parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(" ");
    Some(format!("{}?", whole.trim_end_matches('?')))
}

/// "The fee for a new one" with the kind of the thing before it in the place of "one".
pub(crate) fn with_its_kind(part: &str, before: &str) -> Option<String> {
    let kind = kind_of(before)?;
    let mut words: Vec<String> = part.split_whitespace().map(str::to_owned).collect();
    let at = words
        .windows(2)
        .position(|pair| ANOTHER.contains(&bare(&pair[0]).as_str()) && bare(&pair[1]) == "one")?;
    words[at + 1] = words[at + 1].to_lowercase().replace("one", kind);
    Some(words.join(" "))
}

/// The kind of thing that a question speaks of last: "card" in "How do I activate my debit card?".
pub(crate) fn kind_of(question: &str) -> Option<&'static str> {
    question.split_whitespace().rev().map(bare).find_map(|word| {
        let one = word.strip_suffix('s').unwrap_or(&word);
        THINGS.iter().chain(SMALL_THINGS).find(|thing| **thing == one || **thing == word).copied()
    })
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Whether the question names something by a word that stands for it. Not in "is there a fee?", "is it possible to …",
/// "how long does it take to …", "report that my card …", "more than one card": there it stands for nothing.
pub(crate) fn stands_in(question: &str) -> bool {
    let lower = question.to_lowercase();
    let words = words(&lower);
    let word = |at: Option<usize>| at.and_then(|at| words.get(at)).copied().unwrap_or_default();
    let be = ["is", "are", "was", "were", "be", "s", "will", "any", "isn", "aren"];
    words.iter().enumerate().any(|(at, said)| {
        let (before, next, after) = (word(at.checked_sub(1)), word(Some(at + 1)), word(Some(at + 2)));
        match *said {
            "there" => !be.contains(&before) && !be.contains(&next),
            "it" => {
                let fits = ["possible", "ok", "okay", "true", "safe", "necessary", "worth", "normal", "too"];
                !(fits.contains(&next)
                    || (matches!(next, "take" | "takes" | "cost" | "costs") && after == "to"))
            }
            "that" => {
                !["my", "i", "the", "a", "an", "someone", "somebody", "we", "you", "your"].contains(&next)
            }
            "one" => {
                !["than", "only", "just", "any", "least", "day", "per"].contains(&before) && next != "of"
            }
            said => STAND_INS.contains(&said),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_question_that_leans_on_the_one_before_is_joined() {
        let before = Some("What is the annual fee of the Platinum card?");
        assert!(whole("and for the gold one?", before).is_some());
        assert!(whole("What about Low Rate?", before).is_some());
        assert!(whole("How long does it take?", before).is_some());
        assert!(whole("How do I close my everyday account when I move overseas for work?", before).is_none());
        assert!(whole("and for the gold one?", None).is_none());
        for courtesy in
            ["thank you", "thx", "thanks, that's all", "ok great", "bye", "hi there", "cheers mate"]
        {
            assert!(whole(courtesy, before).is_none(), "{courtesy}");
        }
        assert!(whole("ok and for gold?", before).is_some());
        assert!(whole("Is there a fee for closing an account?", before).is_none(), "it stands on its own");
    }

    #[test]
    fn of_a_long_message_its_end_is_carried() {
        let before = format!("{} What does the card cost?", "word ".repeat(300));
        let whole = whole("and for the gold one?", Some(&before)).unwrap();
        assert!(whole.ends_with("What does the card cost? and for the gold one?"), "{whole}");
        assert_eq!(whole.split_whitespace().count(), CARRIED_WORDS + 5);
    }

    #[test]
    fn another_thing_takes_the_place_of_the_one_before() {
        for (before, question, expected) in [
            (
                "How do I cancel a direct debit?",
                "and a PayTo agreement?",
                "How do I cancel a PayTo agreement?",
            ),
            (
                "How long does an international transfer take?",
                "and a BPAY payment?",
                "How long does a BPAY payment take?",
            ),
            ("What does a replacement card cost?", "what about a new PIN", "What does a new PIN cost?"),
        ] {
            assert_eq!(whole(question, Some(before)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_thing_of_its_own_with_what_is_asked_of_it_needs_nothing_from_before() {
        let before = Some("Does the Anchor Saver have a card?");
        for question in [
            "what about the everyday account's monthly fee?",
            "and what is the limit of the student account?",
            "and the rate on the home loan?",
        ] {
            assert_eq!(whole(question, before), None, "{question}");
        }
        for question in ["and the establishment fee?", "and on the fixed?", "what about its monthly fee?"] {
            assert!(whole(question, before).is_some(), "{question}");
        }
    }

    #[test]
    fn what_is_no_other_thing_stands_behind_the_question_before() {
        for (before, question) in [
            ("How do I close my account?", "and by phone?"),
            ("How do I activate my card?", "and online?"),
            ("What is the fee of the Platinum card?", "and for students?"),
            ("What is the fee of the Platinum card?", "and for the gold one?"),
            ("How do I report fraud on my account?", "and a lost card?"),
            ("How do I cancel a direct debit in the app?", "and a PayTo agreement?"),
            ("How do I pause a direct debit?", "or cancel?"),
        ] {
            assert_eq!(whole(question, Some(before)), Some(format!("{before} {question}")));
        }
    }

    #[test]
    fn a_question_of_its_own_keeps_what_the_one_before_was_about() {
        for (before, question, expected) in [
            (
                "How long does an international transfer take?",
                "and how much is it?",
                "an international transfer and how much is it?",
            ),
            (
                "What does a replacement card cost?",
                "How long does it take?",
                "a replacement card How long does it take?",
            ),
            (
                "How do I cancel a direct debit?",
                "can I do it by phone?",
                "cancel a direct debit? can I do it by phone?",
            ),
            (
                "How do I increase my credit limit?",
                "How long does it take?",
                "increase my credit limit? How long does it take?",
            ),
            (
                "What is the fee on the Low Rate card?",
                "how long does it take?",
                "the fee on the Low Rate card? how long does it take?",
            ),
            // Nothing of a thing is known.
            ("How much is it?", "and how long does it take?", "How much is it? and how long does it take?"),
        ] {
            assert_eq!(whole(question, Some(before)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_is_there_stands_for_nothing() {
        for question in
            ["Is there a fee for closing an account?", "are there any limits", "there's a charge on my card"]
        {
            assert!(!stands_in(question), "{question}");
        }
        for question in
            ["can I pay there?", "how do I close it", "what is that one for", "how long does it take?"]
        {
            assert!(stands_in(question), "{question}");
        }
    }
}
