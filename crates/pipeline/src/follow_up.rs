//! Follow-ups: "and for the gold one?" is understood together with the question before (P11).

/// Openings that lean on what was said before.
const OPENINGS: &[&str] = &[
    "and ",
    "what about",
    "how about",
    "but ",
    "also ",
    "or ",
    "then ",
    "so ",
    "same for",
    "what if",
    "why",
    "ok and",
    "ok so",
];
/// Words that stand for something said before.
const STAND_INS: &[&str] =
    &["it", "its", "that", "those", "these", "they", "them", "this", "one", "ones", "there", "both"];
/// Words of thanks, goodbye and assent: a message of these alone asks for nothing.
const COURTESIES: &[&str] = &[
    "thank",
    "thanks",
    "thankyou",
    "thx",
    "ty",
    "ta",
    "cheers",
    "you",
    "u",
    "so",
    "much",
    "very",
    "many",
    "a",
    "lot",
    "bye",
    "goodbye",
    "cya",
    "see",
    "later",
    "ok",
    "okay",
    "k",
    "kk",
    "great",
    "good",
    "fine",
    "perfect",
    "cool",
    "nice",
    "lovely",
    "brilliant",
    "awesome",
    "that",
    "thats",
    "s",
    "all",
    "is",
    "it",
    "for",
    "now",
    "got",
    "sorted",
    "done",
    "no",
    "yes",
    "yep",
    "nope",
    "understood",
    "alright",
    "right",
    "hi",
    "hello",
    "hey",
    "there",
    "morning",
    "evening",
    "afternoon",
    "night",
    "day",
    "mate",
    "have",
    "then",
    "again",
    "will",
    "do",
    "works",
    "helpful",
    "very",
];
/// A fragment with one of these is a greeting.
const GREETINGS: &[&str] = &["hello", "hi", "hey", "thanks", "thank", "thx", "cheers", "bye", "goodbye"];
/// Longer questions stand on their own.
const MOST_WORDS: usize = 9;

/// Words that ask, and say nothing of what is asked about.
const FRAME: &[&str] = &[
    "how", "what", "whats", "which", "who", "whom", "whose", "where", "wheres", "when", "whens", "why", "is",
    "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should", "may", "i", "we",
    "you", "u", "me", "please", "tell", "to",
];
/// What is asked for: dropped where the next question asks for something else.
const ASKED_FOR: &[&str] = &[
    "much", "long", "many", "soon", "often", "quickly", "fast", "old", "take", "takes", "cost", "costs",
    "fee", "fees", "charge", "charges", "charged", "price", "rate", "rates", "limit", "limits", "time",
    "times", "steps",
];
/// Words that ask anew at the head of a question.
const ASKS_ANEW: &[&str] = &[
    "how", "what", "whats", "which", "who", "where", "wheres", "when", "whens", "can", "could", "do", "does",
    "did", "is", "are", "will", "would", "should",
];
/// What begins the name of a thing.
const DETERMINERS: &[&str] = &["the", "a", "an", "my", "your", "our", "on", "for", "of", "with", "about"];
/// Verbs that may end a question behind the thing that it is about.
const LAST_VERBS: &[&str] =
    &["take", "cost", "work", "last", "expire", "mean", "charge", "have", "need", "offer", "include", "pay"];
/// The most words of a thing that is named.
const LONGEST_NAME: usize = 5;

/// The question made whole by the one before, when it leans on it: another thing takes the place of the one that was
/// asked about; a question of its own keeps what the one before was about, and not what that asked for; anything else
/// stands behind it.
pub(crate) fn whole(question: &str, previous: Option<&str>) -> Option<String> {
    let previous = previous?;
    let lower = question.to_lowercase();
    let words = words(&lower);
    if words.is_empty() || words.len() > MOST_WORDS {
        return None;
    }
    let opens = OPENINGS.iter().any(|o| lower.starts_with(o));
    if closes(question) || words.iter().all(|word| COURTESIES.contains(word)) {
        return None;
    }
    let fragment = words.len() <= 3 && !words.iter().any(|word| GREETINGS.contains(word));
    (opens || stands_in(question) || fragment).then(|| {
        another_thing(question, previous).unwrap_or_else(|| match asks_anew(&words) {
            true => format!("{} {question}", topic(previous, &words)),
            false => format!("{previous} {question}"),
        })
    })
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

/// What a question is about, without what it asks for where the next one asks for something else.
fn topic(previous: &str, next: &[&str]) -> String {
    let asks_for_more = next.iter().any(|word| ASKED_FOR.contains(word));
    let kept: Vec<&str> = previous
        .split_whitespace()
        .filter(|word| {
            let bare = word.to_lowercase().replace(['\'', '\u{2019}'], "");
            let bare = bare.trim_matches(|c: char| !c.is_alphanumeric());
            !(FRAME.contains(&bare) || asks_for_more && ASKED_FOR.contains(&bare))
        })
        .collect();
    let says_something = kept.iter().any(|word| !contactiq_nlu::text::content_stems(word).is_empty());
    if says_something { kept.join(" ") } else { previous.to_owned() }
}

/// "How do I cancel a direct debit?" and then "and a PayTo agreement?": the question before with the other thing in
/// place of its last one. Only where the follow-up is nothing but a thing.
fn another_thing(question: &str, previous: &str) -> Option<String> {
    let spoken: Vec<&str> = question.split_whitespace().collect();
    let lower: Vec<String> = spoken.iter().map(|word| bare(word)).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let mut at = lower.len() - behind_opening(&lower).len();
    if at == 0 {
        return None;
    }
    while lower.get(at).is_some_and(|word| DETERMINERS.contains(word)) {
        at += 1;
    }
    let thing = &lower[at..];
    let asks = |word: &&str| FRAME.contains(word) || ASKED_FOR.contains(word);
    let points = |word: &&str| STAND_INS.contains(word) && !matches!(*word, "one" | "ones");
    if thing.is_empty() || thing.len() > LONGEST_NAME || thing.iter().any(|w| asks(w) || points(w)) {
        return None;
    }
    let before: Vec<&str> = previous.split_whitespace().collect();
    let plain: Vec<String> = before.iter().map(|word| bare(word)).collect();
    let verb = plain.last().is_some_and(|word| LAST_VERBS.contains(&word.as_str()));
    let end = plain.len() - usize::from(verb);
    let begin = plain[..end].iter().rposition(|word| DETERMINERS.contains(&word.as_str()))? + 1;
    if begin >= end || end - begin > LONGEST_NAME {
        return None;
    }
    let name = spoken[at..].join(" ");
    let name = name.trim_end_matches(|c: char| !c.is_alphanumeric());
    // "The gold one" is of the kind that was asked about.
    let name = match name.rsplit_once(' ') {
        Some((which, "one" | "ones")) => format!("{which} {}", plain[end - 1]),
        _ => name.to_owned(),
    };
    let rest = before[end..].join(" ");
    Some(
        format!("{} {name} {rest}", before[..begin].join(" ")).trim_end().trim_end_matches('?').to_owned()
            + "?",
    )
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Whether a message only thanks or says goodbye.
pub(crate) fn closes(message: &str) -> bool {
    const CLOSING: &[&str] = &[
        "thank", "thanks", "thankyou", "thx", "ty", "ta", "cheers", "bye", "goodbye", "cya", "later",
        "sorted", "done", "helpful", "helped",
    ];
    let lower = message.to_lowercase();
    let words = words(&lower);
    words.iter().all(|word| COURTESIES.contains(word) || CLOSING.contains(word))
        && words.iter().any(|word| CLOSING.contains(word))
}

/// Whether the question names something by a word that stands for it; in "is there a fee?" none does.
pub(crate) fn stands_in(question: &str) -> bool {
    let lower = question.to_lowercase();
    let words = words(&lower);
    let is = |word: Option<&&str>| {
        word.is_some_and(|w| {
            matches!(*w, "is" | "are" | "was" | "were" | "be" | "s" | "will" | "any" | "isn" | "aren")
        })
    };
    words.iter().enumerate().any(|(at, word)| match *word {
        "there" => !is(at.checked_sub(1).and_then(|before| words.get(before))) && !is(words.get(at + 1)),
        word => STAND_INS.contains(&word),
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
    fn another_thing_takes_the_place_of_the_one_before() {
        for (before, question, expected) in [
            (
                "How do I cancel a direct debit?",
                "and a PayTo agreement?",
                "How do I cancel a PayTo agreement?",
            ),
            (
                "What is the annual fee of the Platinum card?",
                "and for the gold one?",
                "What is the annual fee of the gold card?",
            ),
            (
                "What is the fee for a new card?",
                "what about a cheque book",
                "What is the fee for a cheque book?",
            ),
            (
                "How long does an international transfer take?",
                "and a BPAY payment?",
                "How long does an BPAY payment take?",
            ),
        ] {
            assert_eq!(whole(question, Some(before)).as_deref(), Some(expected));
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
            // Nothing of a thing is known.
            ("How much is it?", "and how long does it take?", "How much is it? and how long does it take?"),
        ] {
            assert_eq!(whole(question, Some(before)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn thanks_and_goodbyes_close() {
        for closing in ["thank you", "thanks, that helped", "thx bye", "Cheers mate", "ok thanks"] {
            assert!(closes(closing), "{closing}");
        }
        for other in ["hello", "thanks, what does a new card cost?", "yes", "", "ok"] {
            assert!(!closes(other), "{other}");
        }
    }

    #[test]
    fn what_is_there_stands_for_nothing() {
        for question in
            ["Is there a fee for closing an account?", "are there any limits", "there's a charge on my card"]
        {
            assert!(!stands_in(question), "{question}");
        }
        for question in ["can I pay there?", "how do I close it", "what is that one for"] {
            assert!(stands_in(question), "{question}");
        }
    }
}
