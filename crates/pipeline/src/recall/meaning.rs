//! When two questions ask the same: to an encoder "gold" and "platinum", "can" and "can't" are neighbours, so that
//! nearness alone never makes two questions one. Every number, name, product, negation and direction must be the same,
//! in the same order; only what carries no meaning may differ: articles, courtesy, the forms of "to be" and "to do",
//! punctuation, the inflection of a word.

use contactiq_nlu::text;

/// Words that may stand in one question and not in the other.
const EMPTY: &[&str] = &[
    "a", "am", "an", "are", "be", "do", "does", "hello", "hey", "hi", "i", "i'm", "im", "is", "just", "know",
    "oh", "ok", "okay", "please", "so", "tell", "thank", "thanks", "the",
];
/// "could you tell me", "let me know": what a question may begin with.
const BEGINNINGS: &[&[&str]] = &[
    &["can", "you", "tell", "me"],
    &["could", "you", "tell", "me"],
    &["can", "you", "please", "tell", "me"],
    &["could", "you", "please", "tell", "me"],
    &["would", "you", "tell", "me"],
    &["please", "tell", "me"],
    &["tell", "me"],
    &["let", "me", "know"],
    &["i", "want", "to", "know"],
    &["i'd", "like", "to", "know"],
    &["i", "would", "like", "to", "know"],
];
/// Signs that make another figure of the same digits.
const SIGNS: &[char] = &['$', '€', '£', '¥', '%', '+', '<', '>', '=', '&'];
/// Below this cosine two questions are not one, whatever their words.
pub(super) const NEAR: f32 = 0.95;

/// What two questions must share to be one. None of a question of several lines or without a topic.
pub(super) fn signature(question: &str) -> Option<String> {
    if question.trim().contains(['\n', '\r']) {
        return None;
    }
    let all = text::words(question);
    let begun = BEGINNINGS.iter().filter(|beginning| starts_with(&all, beginning)).map(|b| b.len()).max();
    let words = &all[begun.unwrap_or(0)..];
    let mut parts: Vec<String> = Vec::new();
    for word in words.iter().filter(|word| EMPTY.binary_search(&word.as_str()).is_err()) {
        parts.push(if text::is_stop_word(word) { word.clone() } else { text::stem(word) });
    }
    if words.iter().all(|word| text::is_stop_word(word)) {
        return None;
    }
    parts.extend(question.chars().filter(|c| SIGNS.contains(c)).map(String::from));
    parts.extend(names(question));
    Some(parts.join(" "))
}

fn starts_with(words: &[String], beginning: &[&str]) -> bool {
    words.len() > beginning.len() && words.iter().zip(beginning).all(|(word, other)| word == other)
}

/// Words written with a capital inside a sentence: "US" is not "us", and "May" is no permission.
fn names(question: &str) -> impl Iterator<Item = String> {
    let mut begins = true;
    question.split_whitespace().filter_map(move |word| {
        let first = std::mem::replace(&mut begins, word.ends_with(['.', '!', '?']));
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let own = bare == "I" || bare.starts_with("I'") || bare.starts_with("I\u{2019}");
        let capitals = bare.chars().filter(|c| c.is_uppercase()).count();
        // The first word has a capital anyway; one that is all capitals is a name there too.
        let named = if first { capitals > 1 } else { capitals > 0 };
        (named && !own).then(|| bare.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted() {
        assert!(EMPTY.is_sorted());
    }

    #[test]
    fn what_carries_no_meaning_may_differ() {
        for [one, other] in [
            ["What is the fee for a replacement card?", "what's the fee for replacement cards"],
            ["Could you please tell me what the monthly fee is?", "what the monthly fee is"],
            ["How do I close my account?", "how do i close my account please"],
            ["Hi, how long does a transfer take?", "How long do transfers take"],
            ["I'd like to know how I dispute a charge", "How do I dispute a charge?"],
        ] {
            assert_eq!(signature(one).unwrap(), signature(other).unwrap(), "{one} / {other}");
        }
    }

    #[test]
    fn everything_else_makes_another_question() {
        for [one, other] in [
            ["What does the gold card cost?", "What does the platinum card cost?"],
            ["Can I close my account online?", "Can't I close my account online?"],
            ["Can I open an account without an ID?", "Can I open an account with an ID?"],
            ["How long does a transfer to savings take?", "How long does a transfer from savings take?"],
            ["transfer from savings to cheque", "transfer from cheque to savings"],
            ["What is the fee before 30 June?", "What is the fee after 30 June?"],
            ["What is the limit of 2 cards?", "What is the limit of 3 cards?"],
            ["Is 5 % paid?", "Is 5 $ paid?"],
            ["What is the fee under $500?", "What is the fee over $500?"],
            ["Can I send money to US accounts?", "can I send money to us accounts?"],
            ["How do I open an account?", "When can I open an account?"],
            ["What is my fee?", "What is your fee?"],
            ["Was I charged a fee?", "Will I be charged a fee?"],
            ["Is there no fee?", "Is there a fee?"],
            ["Do you never charge a fee?", "Do you ever charge a fee?"],
            ["How do I raise my limit?", "How do I lower my limit?"],
            ["What is the rate in May?", "what is the rate in March?"],
            ["Which card has the most points?", "Which card has more points?"],
            ["Can he use my card?", "Can she use my card?"],
        ] {
            assert_ne!(signature(one), signature(other), "{one} / {other}");
        }
    }

    #[test]
    fn a_question_without_a_topic_or_of_several_lines_has_no_meaning_of_its_own() {
        for question in ["", "what is it?", "how much is that", "what is the fee?\nand the limit?"] {
            assert_eq!(signature(question), None, "{question}");
        }
    }
}
