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

/// The question made whole: the one before in front of it, when it leans on it.
pub(crate) fn whole(question: &str, previous: Option<&str>) -> Option<String> {
    let previous = previous?;
    let lower = question.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
    if words.is_empty() || words.len() > MOST_WORDS {
        return None;
    }
    let opens = OPENINGS.iter().any(|o| lower.starts_with(o));
    let stands_in = words.iter().any(|w| STAND_INS.contains(w));
    if words.iter().all(|word| COURTESIES.contains(word)) {
        return None;
    }
    let fragment = words.len() <= 3 && !words.iter().any(|word| GREETINGS.contains(word));
    (opens || stands_in || fragment).then(|| format!("{previous} {question}"))
}

/// Whether the question names something by a word that stands for it.
pub(crate) fn stands_in(question: &str) -> bool {
    let lower = question.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| STAND_INS.contains(&word))
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
    }
}
