//! A text laid out for the recognisers: tokens, the cues among them, and how far apart things stand.

use super::{
    cues::Cue,
    cues_abroad::WITHOUT_GAPS,
    lexicon::{Entry, LEXICON, traits},
    tongues,
};

/// What a token is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, with apostrophes inside.
    Word,
    /// ASCII digits.
    Digits,
    /// One other visible character.
    Mark,
}

/// What stands between a token and the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    None,
    Space,
    /// A line end.
    Break,
}

/// A token: bytes of the folded text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) kind: Kind,
    pub(super) gap: Gap,
    /// Id in the lexicon; 0 when unknown or not a word.
    pub(super) word: u16,
}

/// A cue phrase and the tokens it covers, both ends inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct CueHit {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) cue: Cue,
}

/// A found piece of personal data: bytes of the folded text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: crate::PersonalType,
    pub(super) score: f64,
    /// Which recogniser, and why; only `guard explain` reads it.
    pub(super) by: &'static str,
}

/// The laid-out text.
pub(super) struct Page<'t> {
    pub(super) text: &'t str,
    pub(super) tokens: Vec<Token>,
    /// In order of their first token.
    pub(super) cues: Vec<CueHit>,
    /// Running sum of what it costs to walk past each token, one longer than `tokens`.
    cost: Vec<u32>,
    /// Whether a token belongs to a brand that is named like a person.
    brand: Vec<(usize, usize)>,
    /// Messages in capitals or without any carry no meaning in their case.
    pub(super) cased: bool,
    /// For each token whether it stands in a part that is not English.
    pub(super) foreign: Vec<bool>,
}

impl<'t> Page<'t> {
    /// Lays out a text. `placeholders` are the byte ranges of an earlier masking, in order: each is one
    /// mark that says nothing.
    pub(super) fn new(text: &'t str, placeholders: &[(usize, usize)]) -> Page<'t> {
        let mut page = Page {
            text,
            tokens: Vec::new(),
            cues: Vec::new(),
            cost: Vec::new(),
            brand: Vec::new(),
            cased: false,
            foreign: Vec::new(),
        };
        page.tokenise(placeholders);
        page.find_phrases();
        page.weigh();
        let mut upper = 0;
        let mut lower = 0;
        for token in &page.tokens {
            if token.kind == Kind::Word {
                let first = page.text[token.start as usize..].chars().next();
                upper += usize::from(first.is_some_and(char::is_uppercase));
                lower += usize::from(first.is_some_and(char::is_lowercase));
            }
        }
        page.cased = upper > 0 && upper <= lower * 3;
        page.foreign = tongues::foreign(&page);
        page
    }

    fn tokenise(&mut self, placeholders: &[(usize, usize)]) {
        let mut placeholders = placeholders.iter().peekable();
        let bytes = self.text.as_bytes();
        self.tokens.reserve(bytes.len() / 4);
        let mut gap = Gap::None;
        let mut at = 0;
        let mut lower = String::new();
        while at < bytes.len() {
            let c = self.text[at..].chars().next().unwrap_or(' ');
            if c.is_whitespace() {
                gap = gap.max(if c == '\n' || c == '\r' { Gap::Break } else { Gap::Space });
                at += c.len_utf8();
                continue;
            }
            let rest = &self.text[at..];
            let masked = placeholders.next_if(|p| p.0 <= at).filter(|p| p.0 == at);
            let (length, kind) = if let Some((start, end)) = masked {
                (end - start, Kind::Mark)
            } else if c.is_ascii_digit() {
                (rest.bytes().take_while(u8::is_ascii_digit).count(), Kind::Digits)
            } else if c.is_alphabetic() {
                (word_length(rest), Kind::Word)
            } else {
                (c.len_utf8(), Kind::Mark)
            };
            let word = if kind == Kind::Word && length <= 40 {
                lower.clear();
                let slice = &rest[..length];
                if slice.is_ascii() {
                    lower.push_str(slice);
                    lower.make_ascii_lowercase();
                } else {
                    lower.push_str(&plain(slice));
                }
                // "pin's" is the pin, where "it's" has an entry of its own.
                match LEXICON.id(&lower) {
                    0 => lower.strip_suffix("'s").map_or(0, |stem| LEXICON.id(stem)),
                    id => id,
                }
            } else {
                0
            };
            // Offsets stay below u32: the input is limited to a million code points.
            let place = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            self.tokens.push(Token { start: place(at), end: place(at + length), kind, gap, word });
            gap = Gap::None;
            at += length;
        }
    }

    fn find_phrases(&mut self) {
        let mut at = 0;
        while at < self.tokens.len() {
            let word = self.tokens[at].word;
            if word == 0 {
                self.find_without_gaps(at);
                at += 1;
                continue;
            }
            for rest in LEXICON.brands(word) {
                if let Some(last) = self.matches(at, rest) {
                    self.brand.push((at, last));
                }
            }
            let mut next = at + 1;
            let mut longest = None;
            for phrase in &LEXICON.get(word).phrases {
                if longest.is_some_and(|n| phrase.rest.len() < n) {
                    break;
                }
                if let Some(last) = self.matches(at, &phrase.rest) {
                    longest = Some(phrase.rest.len());
                    self.cues.push(CueHit { first: at, last, cue: phrase.cue });
                    next = next.max(last + 1);
                }
            }
            at = next;
        }
    }

    /// Cues inside a run of letters, where a language puts no gap between words.
    fn find_without_gaps(&mut self, at: usize) {
        let slice = self.slice(at);
        if slice.is_ascii() || self.tokens[at].kind != Kind::Word || !slice.chars().any(|c| c >= '\u{e00}') {
            return;
        }
        for (cue, words) in WITHOUT_GAPS {
            // The nearest to what follows comes first, and one of a kind is enough.
            if words.split('|').any(|word| slice.contains(word)) {
                self.cues.push(CueHit { first: at, last: at, cue: *cue });
                break;
            }
        }
    }

    /// The last token when the words of `rest` follow token `at`, with at most one dash, slash or
    /// dot between two of them.
    fn matches(&self, at: usize, rest: &[u16]) -> Option<usize> {
        let mut last = at;
        for id in rest {
            let mut next = last + 1;
            let mut marked = false;
            if self.tokens.get(next).is_some_and(|t| t.kind == Kind::Mark && t.gap == Gap::None)
                && matches!(self.slice(next), "-" | "/" | "." | "_")
            {
                next += 1;
                marked = true;
            }
            let token = self.tokens.get(next)?;
            let both_letters =
                token.end - token.start == 1 && self.tokens[last].end - self.tokens[last].start == 1;
            let same = if token.kind == Kind::Digits {
                token.gap == Gap::None && self.is_id(next, *id)
            } else {
                token.word == *id
            };
            if !same || token.gap == Gap::Break || (both_letters && !marked) {
                return None;
            }
            last = next;
        }
        Some(last)
    }

    /// Digits inside a phrase ("16 digit number") have an id of their own.
    fn is_id(&self, token: usize, id: u16) -> bool {
        LEXICON.id(self.slice(token)) == id && id != 0
    }

    fn weigh(&mut self) {
        self.cost.reserve(self.tokens.len() + 1);
        let mut sum = 0;
        self.cost.push(0);
        for (index, token) in self.tokens.iter().enumerate() {
            if token.gap == Gap::Break && index > 0 {
                sum += 2;
            }
            sum += match token.kind {
                Kind::Word if self.has(index, traits::FUNCTION) => 1,
                Kind::Word | Kind::Digits => 2,
                Kind::Mark if matches!(self.slice(index), "?" | "!" | ";") || token.end > token.start + 5 => {
                    2
                }
                Kind::Mark => u32::from(self.slice(index) == "." && self.gap(index + 1) != Gap::None) * 2,
            };
            self.cost.push(sum);
        }
    }

    /// Whether anything outside `found` could still be personal: digits, names, unknown words.
    pub(super) fn is_open(&self, found: &[Found]) -> bool {
        let mut at = 0;
        (0..self.tokens.len()).any(|token| {
            while found.get(at).is_some_and(|f| f.end <= self.start(token)) {
                at += 1;
            }
            let inside = found.get(at).is_some_and(|f| f.start <= self.start(token));
            !inside
                && match self.tokens[token].kind {
                    Kind::Digits => true,
                    Kind::Word => {
                        let entry = self.entry(token);
                        let plain = traits::FUNCTION | traits::COMMON;
                        // A cue can be the value of another: "password is card card born".
                        entry.spoken.is_some() || entry.traits & plain == 0
                    }
                    Kind::Mark => self.slice(token) == "@",
                }
        })
    }

    /// The text of a token.
    pub(super) fn slice(&self, token: usize) -> &'t str {
        self.tokens.get(token).map_or("", |t| &self.text[t.start as usize..t.end as usize])
    }

    /// The gap before a token; past the end there is a line end.
    pub(super) fn gap(&self, token: usize) -> Gap {
        self.tokens.get(token).map_or(Gap::Break, |t| t.gap)
    }

    /// What is known of a token's word.
    pub(super) fn entry(&self, token: usize) -> &'static Entry {
        LEXICON.get(self.tokens.get(token).map_or(0, |t| t.word))
    }

    /// Whether a token's word has any of these traits.
    pub(super) fn has(&self, token: usize, bits: u32) -> bool {
        self.entry(token).traits & bits != 0
    }

    /// Whether a token is a word.
    pub(super) fn is_word(&self, token: usize) -> bool {
        self.tokens.get(token).is_some_and(|t| t.kind == Kind::Word)
    }

    /// Whether a token is made of digits.
    pub(super) fn is_digits(&self, token: usize) -> bool {
        self.tokens.get(token).is_some_and(|t| t.kind == Kind::Digits)
    }

    /// Whether a token begins with a capital letter.
    pub(super) fn is_capital(&self, token: usize) -> bool {
        self.slice(token).chars().next().is_some_and(char::is_uppercase)
    }

    /// Whether a token's text is this, in any case.
    pub(super) fn is(&self, token: usize, text: &str) -> bool {
        self.slice(token).eq_ignore_ascii_case(text)
    }

    /// First byte of a token.
    pub(super) fn start(&self, token: usize) -> usize {
        self.tokens.get(token).map_or(self.text.len(), |t| t.start as usize)
    }

    /// One past the last byte of a token.
    pub(super) fn end(&self, token: usize) -> usize {
        self.tokens.get(token).map_or(self.text.len(), |t| t.end as usize)
    }

    /// What it costs to walk over the tokens `from..to`.
    pub(super) fn distance(&self, from: usize, to: usize) -> u32 {
        self.cost.get(to).zip(self.cost.get(from)).map_or(u32::MAX, |(b, a)| b.saturating_sub(*a))
    }

    /// Whether a token belongs to a brand named like a person.
    pub(super) fn in_brand(&self, token: usize) -> bool {
        let next = self.brand.partition_point(|(first, _)| *first <= token);
        self.brand[..next].iter().rev().take(4).any(|(_, last)| *last >= token)
    }

    /// The cues before a token, nearest first, each with its distance.
    pub(super) fn cues_before(&self, token: usize, reach: u32) -> impl Iterator<Item = (CueHit, u32)> + '_ {
        let index = self.cues.partition_point(|c| c.first < token);
        self.cues[..index]
            .iter()
            .rev()
            .filter(move |c| c.last < token)
            .map(move |c| (*c, self.distance(c.last + 1, token)))
            .take_while(move |(_, d)| *d <= reach)
    }

    /// The cues after a token on the same line, nearest first, each with its distance.
    pub(super) fn cues_after(&self, token: usize, reach: u32) -> impl Iterator<Item = (CueHit, u32)> + '_ {
        let index = self.cues.partition_point(|c| c.first <= token);
        self.cues[index..]
            .iter()
            .map(move |c| (*c, self.distance(token + 1, c.first)))
            .take_while(move |(_, d)| *d <= reach)
    }
}

/// Bytes of the word at the start of `text`: letters and marks, apostrophes only between letters.
fn word_length(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let inside = c == '\'' && at > 0 && chars.peek().is_some_and(|(_, n)| n.is_alphabetic());
        if !(c.is_alphabetic() || inside || (at > 0 && is_mark(c))) {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

/// Combining marks of scripts that NFKC leaves uncomposed.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// A word in small letters without accents.
pub(super) fn plain(word: &str) -> String {
    word.chars().flat_map(|c| unaccent(c).to_lowercase()).collect()
}

/// The base letter, so that "álvaro" is found as "alvaro".
fn unaccent(c: char) -> char {
    match c {
        'ł' | 'Ł' => return 'l',
        'ø' | 'Ø' => return 'o',
        'đ' | 'Đ' => return 'd',
        'ı' => return 'i',
        _ => {}
    }
    let mut base = c;
    unicode_normalization::char::decompose_canonical(c, |part| {
        if base == c && !is_mark(part) {
            base = part;
        }
    });
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        let page = Page::new(text, &[]);
        (0..page.tokens.len()).map(|t| page.slice(t)).collect()
    }

    #[test]
    fn letters_digits_and_marks_part() {
        assert_eq!(words("I'm O'Brien, CIF023685!"), ["I'm", "O'Brien", ",", "CIF", "023685", "!"]);
        assert_eq!(words("'quoted' é中a"), ["'", "quoted", "'", "é中a"]);
    }

    #[test]
    fn cues_are_found_with_marks_between_and_longest_first() {
        let cues = |text: &str| Page::new(text, &[]).cues.iter().map(|c| c.cue).collect::<Vec<_>>();
        assert_eq!(cues("my one-time code"), [Cue::Otp]);
        assert_eq!(cues("D.O.B."), [Cue::Birth]);
        assert_eq!(cues("a/c no"), [Cue::Account]);
        assert_eq!(cues("sort code"), [Cue::SortCode]);
        assert_eq!(cues("a c"), []);
    }

    #[test]
    fn distance_is_cheap_over_function_words_and_dear_over_sentences() {
        let page = Page::new("pin is the 1. other x", &[]);
        assert!(page.distance(1, 3) < page.distance(3, 6));
    }

    #[test]
    fn accents_do_not_hide_a_name() {
        let page = Page::new("Álvaro", &[]);
        assert!(page.has(0, traits::GIVEN));
    }
}
