//! One look-up per word: what it may be (a name, a month, a street type, a spoken digit) and which
//! cue phrases begin with it. Built once; misspellings of the cue words are entered beside them.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};

use super::{
    cues::{Cue, PHRASES},
    cues_abroad::TONGUES,
    names,
    page::plain,
    places, tongues, vocabulary,
};

/// What a word may be. One bit each.
pub(super) mod traits {
    pub(in crate::pii) const FUNCTION: u32 = 1;
    pub(in crate::pii) const COMMON: u32 = 1 << 1;
    pub(in crate::pii) const GIVEN: u32 = 1 << 2;
    pub(in crate::pii) const AMBIGUOUS: u32 = 1 << 3;
    pub(in crate::pii) const FAMILY: u32 = 1 << 4;
    pub(in crate::pii) const PARTICLE: u32 = 1 << 5;
    pub(in crate::pii) const TITLE: u32 = 1 << 6;
    pub(in crate::pii) const RELATION: u32 = 1 << 7;
    pub(in crate::pii) const MONTH: u32 = 1 << 8;
    pub(in crate::pii) const STREET: u32 = 1 << 9;
    /// Street types that are everyday words: "way", "place", "drive".
    pub(in crate::pii) const STREET_WEAK: u32 = 1 << 10;
    pub(in crate::pii) const UNIT: u32 = 1 << 11;
    pub(in crate::pii) const STATE: u32 = 1 << 12;
    pub(in crate::pii) const DIRECTION: u32 = 1 << 13;
    /// Money words before or after a number.
    pub(in crate::pii) const CURRENCY: u32 = 1 << 14;
    /// What is counted: "days", "points", "percent".
    pub(in crate::pii) const QUANTITY: u32 = 1 << 15;
    /// Verbs of paying, after which "to" brings a payee or an account.
    pub(in crate::pii) const PAY: u32 = 1 << 16;
    /// "um", "then", "dash": said between the groups of a number.
    pub(in crate::pii) const FILLER: u32 = 1 << 17;
    pub(in crate::pii) const CITY: u32 = 1 << 18;
    pub(in crate::pii) const COMPANY: u32 = 1 << 19;
    /// A word of another language that carries no content.
    pub(in crate::pii) const OTHER_TONGUE: u32 = 1 << 20;
}
use traits as t;

/// What a spoken word does inside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spoken {
    Digit(u8),
    /// Ten to nineteen.
    Teen(u8),
    /// Twenty to ninety.
    Ten(u8),
    /// "double", "triple".
    Repeat(u8),
    /// "hundred", "thousand": two or three zeros after a digit.
    Zeros(u8),
    /// "first" to "thirty-first", for dates.
    Ordinal(u8),
}

/// What is known about a word.
#[derive(Debug, Clone, Default)]
pub(super) struct Entry {
    pub(super) traits: u32,
    pub(super) spoken: Option<Spoken>,
    /// 1 to 12 where [`traits::MONTH`] is set.
    pub(super) month: u8,
    /// Phrases that begin with this word, longest first.
    pub(super) phrases: Vec<Phrase>,
}

/// A cue phrase after its first word.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    pub(super) rest: Vec<u16>,
    pub(super) cue: Cue,
}

/// A fast hash for short words; the table is fixed, so nobody can choose keys that collide.
#[derive(Default)]
pub(super) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// The table. Id 0 is every unknown word.
pub(super) struct Lexicon {
    ids: HashMap<Box<str>, u16, BuildHasherDefault<WordHasher>>,
    entries: Vec<Entry>,
    /// Several phrases may say the same words; brands are kept apart since they suppress.
    brands: HashMap<u16, Vec<Vec<u16>>>,
}

pub(super) static LEXICON: LazyLock<Lexicon> = LazyLock::new(Lexicon::build);

const MONTHS: [&str; 12] = [
    "january jan",
    "february feb",
    "march mar",
    "april apr",
    "may",
    "june jun",
    "july jul",
    "august aug",
    "september sep sept",
    "october oct",
    "november nov",
    "december dec",
];

impl Lexicon {
    fn build() -> Lexicon {
        let mut lexicon =
            Lexicon { ids: HashMap::default(), entries: vec![Entry::default()], brands: HashMap::new() };
        let lists = [
            (t::FUNCTION, vocabulary::FUNCTION),
            (t::COMMON, vocabulary::COMMON),
            (t::COMPANY, vocabulary::COMPANY),
            (t::GIVEN, names::GIVEN),
            (t::GIVEN | t::AMBIGUOUS, names::AMBIGUOUS),
            (t::FAMILY, names::FAMILY),
            (
                t::PARTICLE,
                "de da do dos das del della di van der den ter ten von zu la le los las bin binti ibn al el \
                            ul abu mac mc st ap te bint san y e du des af",
            ),
            (
                t::TITLE,
                "mr mrs ms miss dr doctor prof professor sir mx madam rev reverend father sr jr master mister \
                        missus shri smt sri capt captain sgt judge lady lord dame hon herr frau monsieur madame senor \
                        senora sra",
            ),
            (
                t::RELATION,
                "husband wife spouse partner son daughter mother father mum mom dad brother sister friend \
                           aunt uncle cousin nephew niece grandmother grandfather grandma grandpa nan boss landlord \
                           landlady tenant neighbour neighbor colleague fiance fiancee girlfriend boyfriend flatmate \
                           roommate housemate payee beneficiary recipient carer nominee executor guardian stepson \
                           stepdaughter mate ex director signatory assistant secretary accountant solicitor nurse \
                           plumber builder employee coworker manager",
            ),
            (t::STREET, places::STREET),
            (t::STREET_WEAK, places::STREET_WEAK),
            (t::UNIT, places::UNIT),
            (t::STATE, places::STATE),
            (
                t::DIRECTION,
                "n s e w ne nw se sw north south east west northeast northwest southeast southwest",
            ),
            (t::CITY, places::CITY),
            (
                t::CURRENCY,
                "dollar dollars buck bucks quid pound pounds euro euros rupee rupees rs inr usd aud gbp eur nzd \
                           cad sgd chf jpy yen pence cents cent au$ us$ a$ nz$ lakh lakhs crore crores k grand mil million \
                           billion francs rmb yuan dirham dirhams aed hkd",
            ),
            (
                t::QUANTITY,
                "day days night nights week weeks month months year years hour hours hr hrs minute minutes min \
                           mins second seconds secs times time x percent pct points pts miles km kms years-old yrs yr \
                           transactions payments cards accounts people kids children withdrawals transfers free attempts \
                           tries pm am kilometres metres meters kg customers branches business stars bps basis st nd rd \
                           th working statements deposits cheques letters calls emails messages texts questions \
                           purchases charges fees refunds instalments installments repayments items shares units bonus \
                           reward rewards percentage",
            ),
            (
                t::PAY,
                "pay paid paying send sent sending transfer transferred transferring move moved moving wire wired \
                      deposit deposited remit forward give gave lend lent owe owed venmo zelle credit credited refund \
                      refunded payment transfers transfer payments bpay neft imps rtgs cheque authorise authorize add",
            ),
            (
                t::FILLER,
                "um uh er erm umm uhh then dash hyphen space pause stroke minus slash and comma ah hmm followed",
            ),
        ];
        for (bit, words) in lists {
            for word in words.split_whitespace() {
                lexicon.entry(word).traits |= bit;
            }
        }
        for (month, words) in (1u8..).zip(MONTHS) {
            for word in words.split_whitespace() {
                let entry = lexicon.entry(word);
                entry.traits |= t::MONTH;
                entry.month = month;
            }
        }
        for word in tongues::words() {
            lexicon.entry(word).traits |= t::OTHER_TONGUE;
        }
        lexicon.add_spoken();
        lexicon.add_phrases();
        for brand in vocabulary::BRANDS.split('|').map(str::trim).filter(|b| !b.is_empty()) {
            let ids: Vec<u16> = brand.split_whitespace().map(|w| lexicon.id_or_new(w)).collect();
            lexicon.brands.entry(ids[0]).or_default().push(ids[1..].to_vec());
        }
        lexicon
    }

    fn add_spoken(&mut self) {
        let digits = [
            "zero oh o nought naught nil",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
        ];
        for (value, words) in (0u8..).zip(digits) {
            for word in words.split_whitespace() {
                self.entry(word).spoken = Some(Spoken::Digit(value));
            }
        }
        let teens = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen";
        for (value, word) in (10u8..).zip(teens.split_whitespace()) {
            self.entry(word).spoken = Some(Spoken::Teen(value));
        }
        let tens = "twenty thirty forty fifty sixty seventy eighty ninety";
        for (value, word) in (2u8..).zip(tens.split_whitespace()) {
            self.entry(word).spoken = Some(Spoken::Ten(value * 10));
        }
        self.entry("fourty").spoken = Some(Spoken::Ten(40));
        for (word, spoken) in [
            ("double", Spoken::Repeat(2)),
            ("dbl", Spoken::Repeat(2)),
            ("triple", Spoken::Repeat(3)),
            ("treble", Spoken::Repeat(3)),
            ("quadruple", Spoken::Repeat(4)),
            ("hundred", Spoken::Zeros(2)),
            ("thousand", Spoken::Zeros(3)),
        ] {
            self.entry(word).spoken = Some(spoken);
        }
        let ordinals = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth \
                        fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth";
        for (value, word) in (1u8..).zip(ordinals.split_whitespace()) {
            self.entry(word).spoken = Some(Spoken::Ordinal(value));
        }
        self.entry("thirtieth").spoken = Some(Spoken::Ordinal(30));
    }

    fn add_phrases(&mut self) {
        let mut cue_words = Vec::new();
        for (cue, phrases) in PHRASES {
            for phrase in phrases.split('|') {
                let mut ids = phrase.split_whitespace().map(|w| self.id_or_new(w)).collect::<Vec<_>>();
                cue_words.extend(phrase.split_whitespace());
                if ids.is_empty() {
                    continue;
                }
                let first = usize::from(ids.remove(0));
                self.entries[first].phrases.push(Phrase { rest: ids, cue: *cue });
            }
        }
        self.add_phrases_abroad();
        for entry in &mut self.entries {
            entry.phrases.sort_by_key(|p| std::cmp::Reverse(p.rest.len()));
        }
        for word in cue_words {
            let id = self.ids[word];
            for variant in misspellings(word) {
                self.ids.entry(variant.into()).or_insert(id);
            }
        }
    }

    /// The cues of other languages. A word that no English list has is one of theirs.
    fn add_phrases_abroad(&mut self) {
        for (cue, phrases) in TONGUES.iter().flat_map(|tongue| tongue.phrases) {
            for phrase in phrases.split('|') {
                let mut ids = Vec::new();
                for word in words_of(phrase) {
                    let known = self.ids.contains_key(word.as_str());
                    let id = self.id_or_new(&word);
                    if !known {
                        self.entries[usize::from(id)].traits |= t::OTHER_TONGUE;
                    }
                    ids.push(id);
                }
                if let Some((first, rest)) = ids.split_first() {
                    let phrases = &mut self.entries[usize::from(*first)].phrases;
                    if !phrases.iter().any(|p| p.rest == rest && p.cue == *cue) {
                        phrases.push(Phrase { rest: rest.to_vec(), cue: *cue });
                    }
                }
            }
        }
    }

    fn id_or_new(&mut self, word: &str) -> u16 {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        // The lists hold a few thousand words; u16 is plenty, and a test holds that.
        let id = u16::try_from(self.entries.len()).unwrap_or(0);
        self.entries.push(Entry::default());
        self.ids.insert(word.into(), id);
        id
    }

    fn entry(&mut self, word: &str) -> &mut Entry {
        let id = self.id_or_new(word);
        &mut self.entries[usize::from(id)]
    }

    /// The id of a lower-case word; 0 when it is unknown.
    pub(super) fn id(&self, word: &str) -> u16 {
        self.ids.get(word).copied().unwrap_or(0)
    }

    /// What is known of an id.
    pub(super) fn get(&self, id: u16) -> &Entry {
        &self.entries[usize::from(id)]
    }

    /// The continuations of brand names that begin with this word.
    pub(super) fn brands(&self, id: u16) -> &[Vec<u16>] {
        self.brands.get(&id).map_or(&[], Vec::as_slice)
    }
}

/// The words of a phrase as a page has them: without accents.
fn words_of(phrase: &str) -> impl Iterator<Item = String> {
    phrase.split_whitespace().map(plain)
}

/// One letter lost, doubled, or swapped with its neighbour, for words long enough to stay themselves.
fn misspellings(word: &str) -> Vec<String> {
    if word.len() < 5 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return Vec::new();
    }
    let mut variants = Vec::with_capacity(word.len() * 3);
    for i in 1..word.len() {
        variants.push(format!("{}{}", &word[..i], &word[i + 1..]));
        variants.push(format!("{}{}", &word[..=i], &word[i..]));
        if i + 1 < word.len() {
            variants.push(format!("{}{}{}{}", &word[..i], &word[i + 1..i + 2], &word[i..=i], &word[i + 2..]));
        }
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_by_what_they_may_be() {
        let has = |word: &str, bit| LEXICON.get(LEXICON.id(word)).traits & bit != 0;
        assert!(has("oliver", t::GIVEN));
        assert!(has("crescent", t::STREET));
        assert!(has("the", t::FUNCTION));
        assert!(!has("xyzzy", t::FUNCTION | t::COMMON | t::GIVEN));
        assert!(LEXICON.entries.len() < usize::from(u16::MAX));
    }

    #[test]
    fn a_misspelt_cue_is_the_cue() {
        for typo in ["pasword", "passsword", "passwrod"] {
            assert_eq!(LEXICON.id(typo), LEXICON.id("password"), "{typo}");
        }
        assert_ne!(LEXICON.id("pin"), LEXICON.id("pni"));
    }
}
