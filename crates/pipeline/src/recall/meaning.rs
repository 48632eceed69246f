//! When two questions ask the same: to an encoder "gold" and "platinum", "can" and "can't" are neighbours, so that
//! nearness alone never makes two questions one. Every word, number, sign, name, negation and direction must be the
//! same, in the same order: "charged" is not "charge", and "10-20" is not "10 20". Only what carries no meaning may
//! differ: articles, courtesy, the punctuation around a word, and capitals that name nothing.

use contactiq_nlu::text;

/// Words that may stand in one question and not in the other.
const EMPTY: &[&str] =
    &["a", "an", "hello", "hey", "hi", "just", "oh", "ok", "okay", "please", "thank", "thanks", "the"];
/// What a question may begin with.
const BEGINNINGS: &[&str] = &[
    "can you tell me",
    "can you please tell me",
    "could you tell me",
    "could you please tell me",
    "would you tell me",
    "tell me",
    "let me know",
    "i want to know",
    "i'd like to know",
    "i would like to know",
];
/// Words behind which `'s` is `is`.
const IS: &[&str] = &["here", "how", "it", "that", "there", "what", "when", "where", "who"];
/// Signs that end or surround a word and say nothing.
const AROUND: &[char] =
    &['.', ',', '?', '!', ';', ':', '"', '\'', '(', ')', '\u{201c}', '\u{201d}', '\u{2018}'];
/// Below this cosine two questions are not one, whatever their words.
pub(super) const NEAR: f32 = 0.95;

/// What two questions must share to be one. None of a question of several lines or without a topic.
pub(super) fn signature(question: &str) -> Option<String> {
    let question = question.trim();
    if question.contains(['\n', '\r']) {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    for word in question.split_whitespace() {
        let word = word.trim_matches(AROUND).replace('\u{2019}', "'").to_lowercase();
        match word.strip_suffix("'s").filter(|before| IS.contains(before)) {
            Some(before) => parts.extend([before.to_owned(), "is".to_owned()]),
            None => parts.push(word),
        }
    }
    parts.retain(|word| !word.is_empty() && !EMPTY.contains(&word.as_str()));
    let said = parts.join(" ");
    let begun = BEGINNINGS.iter().filter_map(|beginning| said.strip_prefix(beginning)?.strip_prefix(' '));
    let said = begun.min_by_key(|rest| rest.len()).unwrap_or(&said).to_owned();
    if text::content_stems(&said).is_empty() {
        return None;
    }
    let names: Vec<String> = names(question).collect();
    Some(if names.is_empty() { said } else { format!("{said} | {}", names.join(" ")) })
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
    fn what_carries_no_meaning_may_differ() {
        for [one, other] in [
            ["What is the fee for a replacement card?", "what's the fee for the replacement card"],
            ["Could you please tell me what the monthly fee is?", "What the monthly fee is."],
            ["How do I close my account?", "how do i close my account please"],
            ["Hi, how long does a transfer take?", "How long does the transfer take"],
            ["I'd like to know how to dispute a charge", "how to dispute a charge?"],
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
            ["Can I be charged a fee?", "Can I charge a fee?"],
            ["Who can be charged a late fee?", "Who can charge a late fee?"],
            ["Can I be removed from the account?", "Can I remove from the account?"],
            ["What fee is a holder charged?", "What fee does a holder charge?"],
            ["What does a transfer of \u{20bd}1000 cost?", "What does a transfer of \u{20b4}1000 cost?"],
            ["Is the fee of $5 for 10 withdrawals?", "Is the fee of 5 for $10 withdrawals?"],
            ["Does a 5% bonus need 10 deposits?", "Does a 5 bonus need 10% deposits?"],
            ["the fee for 3 withdrawals > 100", "the fee for > 3 withdrawals 100"],
            ["the fee for 10\u{2013}20 transfers", "the fee for 10 20 transfers"],
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
