//! The words by which a question leans on the one before, asks anew, or names a thing.

/// Openings that lean on what was said before.
pub(super) const OPENINGS: &[&str] = &[
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
pub(super) const STAND_INS: &[&str] =
    &["it", "its", "that", "those", "these", "they", "them", "this", "one", "ones", "there", "both"];
/// A fragment with one of these is a greeting.
pub(super) const GREETINGS: &[&str] =
    &["hello", "hi", "hey", "thanks", "thank", "thx", "cheers", "bye", "goodbye"];

/// Words that ask, and say nothing of what is asked about.
pub(super) const FRAME: &[&str] = &[
    "how", "what", "whats", "which", "who", "whom", "whose", "where", "wheres", "when", "whens", "why", "is",
    "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should", "may", "i", "we",
    "you", "u", "me", "please", "tell", "to",
];
/// What is asked for: dropped where the next question asks for something else.
pub(super) const ASKED_FOR: &[&str] = &[
    "much", "long", "many", "soon", "often", "quickly", "fast", "old", "take", "takes", "cost", "costs",
    "fee", "fees", "charge", "charges", "charged", "price", "rate", "rates", "limit", "limits", "time",
    "times", "steps",
];
/// Words that ask anew at the head of a question.
pub(super) const ASKS_ANEW: &[&str] = &[
    "how", "what", "whats", "which", "who", "where", "wheres", "when", "whens", "can", "could", "do", "does",
    "did", "is", "are", "will", "would", "should",
];
/// What stands before the name of a thing.
pub(crate) const ARTICLES: &[&str] = &["the", "a", "an", "my", "your", "our"];
/// What says how one thing stands to another.
pub(super) const PREPOSITIONS: &[&str] = &[
    "on", "for", "of", "in", "at", "with", "to", "from", "by", "about", "into", "over", "under", "without",
    "as",
];
/// Verbs behind the thing that a question asks about.
pub(super) const ENDINGS: &[&str] = &["take", "cost", "last", "work"];
/// Kinds of things that have names of their own.
pub(super) const THINGS: &[&str] =
    &["account", "card", "deposit", "insurance", "loan", "mortgage", "overdraft", "plan", "saver", "saving"];
/// Kinds of things that a person has, and that are no products.
pub(super) const SMALL_THINGS: &[&str] =
    &["pin", "password", "passcode", "phone", "wallet", "purse", "cheque", "statement"];

/// What stands before a "one" that is of the kind of the thing before it.
pub(super) const ANOTHER: &[&str] = &["new", "another", "replacement", "second", "spare", "different"];
