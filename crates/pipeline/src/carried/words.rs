//! The words by which a message speaks of its writer, of kin, and of what was said before.

/// Words of the person who writes.
pub(super) const OWN: &[&str] = &[
    "i", "i'm", "im", "i've", "ive", "i'd", "id", "i'll", "me", "my", "mine", "myself", "meself", "we",
    "we've", "us", "our", "ours", "ah", "ah'm",
];
/// What opens a question, behind "and" and its like.
pub(super) const ASKING: &[&str] = &[
    "how", "how's", "what", "what's", "whats", "which", "who", "where", "when", "why", "can", "could", "do",
    "does", "did", "is", "are", "will", "would", "should", "may", "shall", "am",
];
/// Who wants to do this with the thing wants to hear of it.
pub(super) const INFORM: &[&str] =
    &["know", "read", "learn", "understand", "see", "hear", "ask", "find", "check", "compare", "confirm"];
/// What is wanted of a thing by who wants to hear of it.
pub(super) const INFORMATION: &[&str] = &[
    "definition",
    "meaning",
    "explanation",
    "info",
    "information",
    "details",
    "leaflet",
    "brochure",
    "link",
    "example",
    "examples",
    "overview",
    "summary",
    "curious",
    "wondering",
];
/// What a question begins with that asks the way to the thing, and not for it.
pub(super) const HOW_TO: &[&str] =
    &["how", "where", "when", "why", "can", "could", "do", "does", "should", "may", "will"];
/// What says of a fragment that it tells something: "happened to me", and not "for my mum".
pub(super) const HAPPENED: &[&str] = &[
    "happened",
    "happening",
    "happens",
    "did",
    "done",
    "do",
    "have",
    "had",
    "got",
    "get",
    "been",
    "am",
    "i'm",
    "im",
    "was",
    "were",
    "need",
    "want",
    "too",
    "same",
    "going",
    "gone",
    "lost",
    "fell",
    "paid",
    "i've",
    "ive",
    "that's",
];
/// What stands before a question and is none of its words.
pub(super) const OPENINGS: &[&str] =
    &["and", "but", "so", "ok", "okay", "then", "also", "or", "well", "yes", "yeah", "right"];
/// Words that stand for the thing.
pub(super) const STAND_INS: &[&str] =
    &["it", "one", "that", "this", "them", "those", "these", "that's", "thats", "it's"];
/// Words that ask, and are not the thing.
pub(super) const FRAME: &[&str] = &[
    "how", "how's", "what", "what's", "whats", "which", "who", "where", "when", "why", "is", "are", "was",
    "do", "does", "did", "can", "could", "will", "would", "should", "may", "please", "tell", "explain",
    "you", "me", "about", "know", "happens", "mean", "means", "i", "we",
];
/// Verbs behind the thing.
pub(super) const ENDINGS: &[&str] =
    &["work", "works", "take", "takes", "cost", "costs", "mean", "means", "count", "look", "like"];
/// What begins a sentence whose "I" was left out: "had one of those on sunday".
pub(super) const WITHOUT_I: &[&str] = &[
    "had", "got", "been", "fell", "lost", "gave", "sent", "paid", "clicked", "done", "signed", "received",
    "think", "reckon", "believe", "guess", "suspect", "just", "having", "getting",
];
/// What befell somebody, where it begins the sentence: "happened at the servo".
pub(super) const BEFELL: &[&str] = &["happened", "happens", "happening"];
/// Kin, whose trouble is told as one's own.
pub(super) const KIN: &[&str] = &[
    "mum", "mam", "mom", "dad", "nan", "nana", "nanna", "gran", "granny", "grandad", "grandma", "husband",
    "hubby", "wife", "missus", "partner", "sister", "brother", "son", "daughter", "mother", "father",
    "uncle", "aunt", "auntie", "aunty",
];
