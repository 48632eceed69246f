//! What asks, what orders and what tells.

/// What another request begins with after "and" or a comma: "I lost my card and what is the fee?".
pub(super) const ASKING: &[&str] = &[
    "what", "what's", "whats", "how", "how's", "hows", "where", "why", "can", "could", "do", "does", "is",
    "are", "will", "would", "should", "may", "which", "who", "when", "tell",
];
/// Words of the person who writes.
pub(super) const OWN: &[&str] = &["i", "i'm", "im", "i've", "ive", "me", "my", "mine", "we", "us", "our"];
/// What a request begins with that is no question.
const WISHES: &[&str] = &[
    "tell me",
    "please tell",
    "pls tell",
    "remind me",
    "explain",
    "describe",
    "give me the",
    "give me a list",
    "list the",
    "list all",
    "list your",
    "list what",
    "show me",
    "i need to know",
    "i want to know",
    "i'd like to know",
    "id like to know",
    "i would like to know",
    "need to know",
    "let me know",
    "i was wondering",
    "wondering",
    "any idea",
];
/// What is asked of an assistant to do: it can say how it is done.
const ORDERS: &[&str] = &[
    "activate", "add", "block", "cancel", "change", "close", "freeze", "increase", "lock", "lower", "open",
    "order", "pause", "raise", "remove", "replace", "reset", "stop", "unblock", "unlock", "update",
];
/// What stands between an order and its thing.
const DETERMINERS: &[&str] = &["a", "an", "the", "my", "our", "this", "that", "another", "it"];
/// What is asked for by its name alone: "the late fee" behind "what is the annual fee, also".
const NAMED: &[&str] = &[
    "fee",
    "fees",
    "charge",
    "charges",
    "cost",
    "costs",
    "price",
    "rate",
    "rates",
    "limit",
    "limits",
    "hours",
    "minimum",
    "maximum",
    "cut-off",
    "cutoff",
    "documents",
    "deadline",
];
/// What only a sentence that tells something has.
const TOLD: &[&str] = &[
    "is", "isn't", "isnt", "was", "wasn't", "were", "are", "has", "had", "have", "been", "got", "gone",
    "did", "didn't", "took", "went", "came", "said", "told", "keeps", "kept", "am", "stolen", "robbed",
    "hacked", "scammed", "skimmed", "cloned", "missing",
];
/// The longest request that only names what it asks for.
const WORDS_OF_A_NAME: usize = 8;

pub(super) fn words(lower: &str) -> impl Iterator<Item = &str> {
    lower.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '-'))).filter(|word| !word.is_empty())
}

/// Whether a part asks for something, and does not only tell.
pub(crate) fn is_request(part: &str) -> bool {
    let lower = part.trim().trim_start_matches("and ").to_ascii_lowercase();
    let mut words = lower.split(|c: char| !(c.is_alphanumeric() || c == '\''));
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    // "Someone stole my card and is using it" goes on telling.
    let goes_on = matches!(first, "is" | "are") && second.ends_with("ing");
    lower.trim_end().ends_with('?')
        || (ASKING.contains(&first) && !goes_on)
        || WISHES.iter().any(|wish| lower.starts_with(wish))
}

/// Whether a part gives an order, "Lock my card": how that is done can be said.
pub(crate) fn orders(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    let mut words =
        words(&lower).skip_while(|word| matches!(*word, "and" | "please" | "pls" | "then" | "kindly"));
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    ORDERS.contains(&first) && DETERMINERS.contains(&second)
}

/// Whether a part says what it asks for by a name and nothing else: "the late fee", "overseas ATM fee".
pub(super) fn names_what_it_asks_for(part: &str) -> bool {
    tells_nothing(part) && words(&part.to_ascii_lowercase()).any(|word| NAMED.contains(&word))
}

/// Whether a part is a few words that tell nothing and are of nobody.
pub(super) fn tells_nothing(part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    let ends = lower.trim_end().ends_with(['!', ':', ';']);
    !ends
        && words(&lower).count() <= WORDS_OF_A_NAME
        && !words(&lower).any(|word| OWN.contains(&word) || TOLD.contains(&word))
}

/// Whether what stands before a comma is a question that ends there, and no condition: "when I call, …".
pub(super) fn has_asked(before: &str) -> bool {
    let mut words =
        words(before).skip_while(|word| matches!(*word, "and" | "so" | "hi" | "hello" | "hey" | "ok"));
    let (first, second) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    let auxiliary =
        ["do", "does", "is", "are", "can", "will", "should", "must", "did", "would", "could", "has"];
    let condition = matches!(first, "when" | "where" | "which" | "who") && !auxiliary.contains(&second);
    !condition && (ASKING.contains(&first) || WISHES.iter().any(|wish| before.trim().starts_with(wish)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_asks_and_a_story_tells() {
        for request in [
            "what is the fee",
            "fees for wires?",
            "tell me the limit",
            "and how do I pay it",
            "describe Osko",
        ] {
            assert!(is_request(request), "{request}");
        }
        for story in ["I lost my card", "my wages come on Friday", "is using it", "list price of a house", ""]
        {
            assert!(!is_request(story), "{story}");
        }
    }

    #[test]
    fn an_order_has_a_thing() {
        for order in ["Lock my card", "please cancel a direct debit", "and open an account"] {
            assert!(orders(order), "{order}");
        }
        for other in ["Open since Monday", "change of address", "Lost my card", "block", "I lock my card"] {
            assert!(!orders(other), "{other}");
        }
    }

    #[test]
    fn what_is_asked_for_is_named_and_nothing_is_told() {
        for name in ["the late fee", "overseas ATM fee", "foreign transaction fee on the debit card"] {
            assert!(names_what_it_asks_for(name), "{name}");
        }
        for other in ["the late fee is a joke", "my late fee", "a nice day", "you took the fee"] {
            assert!(!names_what_it_asks_for(other), "{other}");
        }
    }

    #[test]
    fn a_condition_has_not_asked() {
        for asked in ["what is the fee", "so how do i order a card", "when do you open", "tell me the limit"]
        {
            assert!(has_asked(asked), "{asked}");
        }
        for other in ["when i call", "if my card is gone", "my card", "where i live"] {
            assert!(!has_asked(other), "{other}");
        }
    }
}
