//! The words of a sentence that say something: without those of grammar, without those that only carry a
//! sentence, and with one key for words that banks use for the same thing.

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use contactiq_nlu::text;

/// Words that add nothing to what a sentence says of a bank: a model may use them though no passage does.
const CARRYING: &str = "
    yes one ones money least most more less fewer range ranges please note notes simply just also too however therefore thus hence additionally addition currently now
    then normally usually typically generally according accordance amount amounts sum customer customers client
    clients person people individual individuals someone anyone everyone somebody anybody everybody whoever bank banks information info detail
    details passage passages question answer way ways case cases thing things option options following follows
    below able possible possibly available need needs needed require requires required requirement requirements
    necessary want wants wish wishes wanted make makes making made take takes taking taken get gets getting got use uses
    used using do does done doing come comes go goes going apply applies become becomes remain remains include
    includes included including provide provides provided providing offer offers offered via within upon per
    regarding regard related relating associated relevant specific certain various mean means ensure ensures sure time times
    period day days daily night week weeks weekly fortnight fortnightly month months monthly quarter quarterly
    year years yearly annual annually annum hour hours hourly minute minutes calendar dollar dollars cent cents
    percent percentage long much many such like kind kinds type types sort example examples eg ie etc either both instead rather
    otherwise else directly around approximately roughly approx about nearly almost exactly allow allows allowed permit
    permits permitted let lets earn earns earning based depending depends depend once whether without with
    you'll you're you've you'd we'll we're we've we'd they'll they're they've it'll it'd i'll that's there's here's
    let's every whenever whichever whatever while during until since though although because so still always
    simple basically namely respectively total overall general say says said state states stated list listed lists
    know known help helps keep kept set sets put given gives give giving happen happens ready choose chooses chosen choice select selects selected pick tap press click
    another other others same own entire whole full fully
";

/// Words that deny: they are held against the evidence as such ([`super::negation`]).
const DENYING: &str = "no not none nor never neither nothing nobody cannot can't won't don't doesn't didn't isn't aren't wasn't weren't \
    shouldn't mustn't needn't hasn't haven't hadn't couldn't wouldn't nil zero without unless except waive waived waives waiving \
    unable unavailable impossible hardly";

/// Words of which one may stand for another.
const SAME: &[&str] = &[
    "fee fees free cost costs costing charge charges charged price prices priced",
    "pay pays paying paid payable",
    "arrive arrives arriving arrival deliver delivers delivered delivery receive receives received reach reaches",
    "send sends sent sending ship shipped dispatch dispatched transfer transfers transferred transferring",
    "post posted postal mail mailed",
    "call calls calling phone phones telephone ring dial",
    "change changes changing changed update updates updated amend edit modify alter",
    "show shows showing present presents supply supplies submit submits bring hand produce lodge lodged file filed",
    "order orders ordered ordering request requests requested ask asks asking asked",
    "start starts starting commence begin begins",
    "raise raises raised increase increases increased lift higher",
    "reduce reduces reduced lower lowers decrease decreases decreased cut",
    "buy buys bought purchase purchases purchased purchasing",
    "abroad overseas international internationally foreign",
    "limit limits limited maximum max cap caps highest",
    "minimum min lowest",
    "proof evidence",
    "age aged old older",
    "hold holds holding holder holders",
    "immediately immediate instantly instant",
    "lose lost losing loss missing",
    "steal stolen theft",
    "close closes closing closed closure",
    "reply replies respond responds response",
    "inform informs notify notifies advise advises notice",
    "shop shops store stores retailer merchant merchants",
    "metropolitan metro city",
    "regional rural",
    "eligible qualify qualifies eligibility",
    "replace replaces replaced replacing replacement",
    "apply applying applied application applicant applicants",
    "withdraw withdraws withdrawing withdrawal withdrawals withdrawn",
    "activate activates activated activation",
    "renew renews renewal",
    "confirm confirms confirmed confirmation",
    "work works working operate operates",
    "quick quickly fast faster",
    "line number numbers",
    "home house property",
    "statement statements",
    "working business weekday weekdays",
    "australian australia",
    "pre-approval preapproval approval approve approves approved",
    "verify verifies verified verification",
    "add adds added adding",
    "redraw redraws redrawn redrew",
    "cancel cancels cancelled cancelling cancellation",
    "expire expires expired expiry",
];

struct Known {
    idle: BTreeSet<&'static str>,
    keys: HashMap<String, String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let idle = CARRYING.split_whitespace().chain(DENYING.split_whitespace()).collect();
    let mut keys = HashMap::new();
    for group in SAME {
        let mut stems = group.split_whitespace().map(text::stem);
        let Some(first) = stems.next() else { continue };
        for stem in stems {
            keys.entry(stem).or_insert_with(|| first.clone());
        }
    }
    Known { idle, keys }
});

/// Phrases that are one word elsewhere.
const PHRASES: &[(&str, &str)] = &[
    ("straight away", "immediately"),
    ("right away", "immediately"),
    ("at once", "immediately"),
    ("free of charge", "free"),
    ("used car", "secondhand car"),
    ("log in", "login"),
    ("sign in", "login"),
    ("direct debits", "directdebit"),
    ("direct debit", "directdebit"),
];

/// A word that says something, and where it stands among all words of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// One for all words that say the same.
    pub(super) key: String,
    /// Words that say something stand in a run with nothing between them.
    pub(super) run: usize,
}

/// The words of a text that say something, in order.
pub(super) fn content(said: &str) -> Vec<Word> {
    let mut lower = said.to_lowercase().replace('\u{2019}', "'");
    for (phrase, word) in PHRASES {
        if lower.contains(phrase) {
            lower = lower.replace(phrase, word);
        }
    }
    let mut content = Vec::new();
    let mut run = 0;
    // A mark parts what stands beside it.
    for piece in lower.split(|c: char| !c.is_alphanumeric() && !matches!(c, ' ' | '\'' | '-' | '\u{a0}')) {
        run += 1;
        for word in text::words(piece) {
            if idle(&word) {
                run += 1;
            } else {
                content.push(Word { key: key(&word), run });
            }
        }
    }
    content
}

/// A name: words that are written with a capital letter, two or more in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    /// The keys of its words.
    pub(super) keys: Vec<String>,
    /// Its first word, where that opens the text and may be no part of it.
    pub(super) opening: Option<String>,
}

/// The names of a text.
pub(super) fn names(said: &str) -> Vec<Name> {
    let capital =
        |word: &&str| word.starts_with(char::is_uppercase) && !text::is_stop_word(&word.to_lowercase());
    let mut names = Vec::new();
    let parts = |c: char| !c.is_alphanumeric() && !matches!(c, ' ' | '\'' | '\u{2019}' | '-' | '\u{a0}');
    for (at, piece) in said.trim_start().split(parts).enumerate() {
        let words: Vec<&str> = piece.split_whitespace().collect();
        let mut from = 0;
        for run in words.chunk_by(|a, b| capital(a) == capital(b)) {
            let opens = at == 0 && from == 0;
            from += run.len();
            let keys: Vec<String> = content(&run.join(" ")).into_iter().map(|word| word.key).collect();
            if keys.len() > 1 && capital(&run[0]) {
                names.push(Name { keys, opening: opens.then(|| run[0].to_owned()) });
            }
        }
    }
    names
}

/// The keys of a text's words.
pub(super) fn keys(said: &str) -> BTreeSet<String> {
    content(said).into_iter().map(|word| word.key).collect()
}

/// Whether a word (in lower case) says nothing of its own.
fn idle(word: &str) -> bool {
    text::is_stop_word(word)
        || KNOWN.idle.contains(word)
        || word.chars().all(|c| c.is_ascii_digit() || c == '.')
        || word.chars().count() < 2
}

fn key(word: &str) -> String {
    let stem = text::stem(word);
    KNOWN.keys.get(&stem).cloned().unwrap_or(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_say_the_same_have_one_key() {
        for (a, b) in [
            ("What is the fee", "charges"),
            ("delivered", "It arrives"),
            ("phone us", "call us"),
            ("straight away", "instantly"),
            ("a lost card", "the missing card"),
            ("closure of accounts", "closing an account"),
        ] {
            let (a, b): (BTreeSet<String>, BTreeSet<String>) = (keys(a), keys(b));
            assert!(a == b || a.is_superset(&b) || b.is_superset(&a), "{a:?} {b:?}");
        }
        assert_ne!(keys_of("faulty"), keys_of("damaged"));
        assert_ne!(keys_of("debit"), keys_of("credit"));
        assert_ne!(keys_of("safe"), keys_of("secure"));
    }

    #[test]
    fn names_are_words_with_capitals_in_a_row() {
        let names = names("Gold Cards, the Everyday Gold Account and Larkfield Bank | Student Account: $0");
        let keys: Vec<Vec<String>> = names.iter().map(|name| name.keys.clone()).collect();
        assert_eq!(
            keys,
            [keys_of("gold card"), keys_of("everyday gold account"), keys_of("student account")]
        );
        assert_eq!(names[0].opening.as_deref(), Some("Gold"));
        assert_eq!(names[1].opening, None);
    }

    fn keys_of(text: &str) -> Vec<String> {
        content(text).into_iter().map(|word| word.key).collect()
    }

    #[test]
    fn words_of_grammar_and_words_that_carry_a_sentence_say_nothing() {
        assert_eq!(
            keys_of("Yes, you will currently need to provide it, and it isn't so."),
            Vec::<String>::new()
        );
        assert_eq!(keys_of("a replacement debit card").len(), 3);
        let runs: Vec<usize> = content("a replacement debit card, gold").into_iter().map(|w| w.run).collect();
        assert!(runs[0] == runs[1] && runs[1] == runs[2] && runs[2] != runs[3]);
    }
}
