//! Words that say nothing about the topic of a question or a passage.

/// Sorted, in lower case, as [`super::words`] writes them. Words of a bank's own trade are left out
/// even where they are frequent: their frequency is weighed by the index.
const STOP_WORDS: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "am", "an", "and", "any", "anything", "are", "aren't",
    "as", "at", "be", "because", "been", "before", "being", "both", "but", "by", "can", "can't", "cannot",
    "could", "couldn't", "did", "didn't", "do", "does", "doesn't", "doing", "don't", "each", "even", "ever",
    "few", "for", "from", "get", "give", "go", "going", "got", "had", "has", "hasn't", "have", "haven't",
    "having", "he", "hello", "her", "here", "hers", "hey", "hi", "him", "his", "how", "i", "i'd", "i'll",
    "i'm", "i've", "if", "im", "in", "into", "is", "isn't", "it", "its", "just", "know", "let", "like",
    "may", "me", "might", "mine", "more", "most", "much", "must", "my", "myself", "need", "no", "nor", "not",
    "of", "off", "oh", "ok", "okay", "on", "once", "only", "or", "other", "our", "ours", "out", "over",
    "please", "shall", "she", "should", "so", "some", "such", "tell", "than", "thank", "thanks", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "to", "too", "under", "up",
    "us", "very", "want", "was", "wasn't", "we", "were", "weren't", "what", "when", "where", "which",
    "while", "who", "whom", "why", "will", "with", "won't", "would", "you", "your", "yours",
];

/// Whether a word (in lower case) says nothing about a topic.
#[must_use]
pub fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_each_entry_is_one_word() {
        assert!(STOP_WORDS.is_sorted_by(|a, b| a < b));
        for word in STOP_WORDS {
            assert_eq!(super::super::words(word), [*word]);
        }
    }

    #[test]
    fn topics_are_no_stop_words() {
        assert!(is_stop_word("the") && is_stop_word("can't"));
        for word in ["card", "fee", "open", "close", "without", "abroad", "today", "lost", "change"] {
            assert!(!is_stop_word(word), "{word}");
        }
    }
}
