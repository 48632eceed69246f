//! Words as numbers, and the words that say nothing of what a statement is about.

use std::collections::HashMap;

use contactiq_nlu::text;

/// Words that introduce a figure and name nothing: "costs", "a fee of", "the rate is".
const MEASURES: &[&str] =
    &["amount", "apply", "charge", "cost", "fee", "last", "paid", "pay", "payable", "price", "rate", "take"];
/// The same where nothing but a time is stated: "arrives in", "delivery: 5 days".
const WAITS: &[&str] = &["arrive", "deliver", "delivery", "duration", "period", "time", "wait", "within"];
/// Words of titles and headings that name a kind of page and not what it is about.
const KINDS_OF_PAGE: &[&str] = &[
    "amount",
    "bank",
    "banking",
    "change",
    "charge",
    "choose",
    "compare",
    "comparison",
    "condition",
    "cost",
    "current",
    "customer",
    "detail",
    "document",
    "fact",
    "faq",
    "fee",
    "general",
    "glance",
    "guide",
    "handbook",
    "handling",
    "help",
    "important",
    "info",
    "information",
    "introduction",
    "key",
    "limit",
    "list",
    "manual",
    "new",
    "note",
    "overview",
    "page",
    "policy",
    "price",
    "pricing",
    "procedure",
    "process",
    "question",
    "rate",
    "rule",
    "schedule",
    "section",
    "sheet",
    "staff",
    "summary",
    "table",
    "tariff",
    "term",
    "thing",
    "work",
];
/// What is marked with one of these was made up to show how something works.
const ILLUSTRATIONS: &[&str] = &[
    "example",
    "hypothetical",
    "illustration",
    "illustrative",
    "imagine",
    "instance",
    "scenario",
    "suppose",
];

/// A set of content words: their numbers, sorted, each once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct WordSet(Vec<u32>);

impl WordSet {
    pub(super) fn of(mut words: Vec<u32>) -> WordSet {
        words.sort_unstable();
        words.dedup();
        WordSet(words)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    pub(super) fn has(&self, word: u32) -> bool {
        self.0.binary_search(&word).is_ok()
    }

    /// The words that `other` lacks.
    pub(super) fn without(&self, other: &WordSet) -> WordSet {
        WordSet(self.iter().filter(|w| !other.has(*w)).collect())
    }

    /// The words of both.
    pub(super) fn and(&self, other: &WordSet) -> WordSet {
        WordSet(self.iter().filter(|w| other.has(*w)).collect())
    }

    /// The words of either.
    pub(super) fn or(&self, other: &WordSet) -> WordSet {
        WordSet::of(self.iter().chain(other.iter()).collect())
    }

    pub(super) fn meets(&self, other: &WordSet) -> bool {
        self.iter().any(|w| other.has(w))
    }
}

/// Numbers the stems of content words. Words with a digit are figures and have none.
pub(super) struct Lexicon {
    of_word: HashMap<String, Option<u32>>,
    of_stem: HashMap<String, u32>,
    measures: WordSet,
    waits: WordSet,
    kinds_of_page: WordSet,
    illustrations: WordSet,
}

impl Lexicon {
    pub(super) fn new() -> Lexicon {
        let mut lexicon = Lexicon {
            of_word: HashMap::new(),
            of_stem: HashMap::new(),
            measures: WordSet::default(),
            waits: WordSet::default(),
            kinds_of_page: WordSet::default(),
            illustrations: WordSet::default(),
        };
        lexicon.measures = lexicon.set(&MEASURES.join(" "));
        lexicon.waits = lexicon.set(&WAITS.join(" "));
        lexicon.kinds_of_page = lexicon.set(&KINDS_OF_PAGE.join(" "));
        lexicon.illustrations = lexicon.set(&ILLUSTRATIONS.join(" "));
        lexicon
    }

    /// The content words of a text.
    pub(super) fn set(&mut self, text: &str) -> WordSet {
        WordSet::of(text::words(text).into_iter().filter_map(|word| self.number(word)).collect())
    }

    /// The words of a text in order with their numbers; none for a stop word or a figure.
    pub(super) fn in_order(&self, text: &str) -> Vec<(String, Option<u32>)> {
        let numbered = |word: String| {
            let number = self.of_word.get(&word).copied().flatten();
            (word, number)
        };
        text::words(text).into_iter().map(numbered).collect()
    }

    /// What a statement is about: its words without those that merely introduce its figures.
    pub(super) fn naming(&self, words: &WordSet, states_only_times: bool) -> WordSet {
        let named = words.without(&self.measures);
        if states_only_times { named.without(&self.waits) } else { named }
    }

    /// What a title or heading is about.
    pub(super) fn subject(&self, words: &WordSet) -> WordSet {
        words.without(&self.kinds_of_page)
    }

    pub(super) fn illustrates(&self, words: &WordSet) -> bool {
        words.meets(&self.illustrations)
    }

    pub(super) fn is_measure(&self, word: u32) -> bool {
        self.measures.has(word)
    }

    fn number(&mut self, word: String) -> Option<u32> {
        if let Some(known) = self.of_word.get(&word) {
            return *known;
        }
        let nameless = text::is_stop_word(&word) || word.bytes().any(|b| b.is_ascii_digit());
        let number = (!nameless).then(|| {
            let next = self.of_stem.len() as u32;
            *self.of_stem.entry(text::stem(&word)).or_insert(next)
        });
        self.of_word.insert(word, number);
        number
    }
}
