//! Thanks, goodbyes and assent: messages that ask for nothing.

use super::words;

/// Words of thanks, goodbye and assent: a message of these alone asks for nothing.
pub(super) const COURTESIES: &[&str] = &[
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
];

/// Whether a message only thanks or says goodbye.
pub(crate) fn closes(message: &str) -> bool {
    const CLOSING: &[&str] = &[
        "thank", "thanks", "thankyou", "thx", "ty", "ta", "cheers", "bye", "goodbye", "cya", "later",
        "sorted", "done", "helpful", "helped",
    ];
    let lower = message.to_lowercase();
    let words = words(&lower);
    !message.trim_end().ends_with('?')
        && words.iter().all(|word| COURTESIES.contains(word) || CLOSING.contains(word))
        && words.iter().any(|word| CLOSING.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thanks_and_goodbyes_close() {
        for closing in ["thank you", "thanks, that helped", "thx bye", "Cheers mate", "ok thanks"] {
            assert!(closes(closing), "{closing}");
        }
        for other in ["hello", "thanks, what does a new card cost?", "yes", "", "ok", "is it done?"] {
            assert!(!closes(other), "{other}");
        }
    }
}
