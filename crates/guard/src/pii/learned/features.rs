//! What the learned recogniser sees of a token: words, shapes, lists and cues around it, each hashed into a
//! bucket of the weights.

use super::super::{
    cues::Cue,
    lexicon::traits as t,
    page::{Gap, Kind, Page},
};

/// Hashed features; each has a weight for every label but [`super::Label::Other`].
pub(super) const BUCKETS: u32 = 1 << 17;
/// So far a cue before the token is looked for, in the page's costs.
const CUE_REACH: u32 = 12;
/// Traits of the lexicon that are shown to the model.
const SHOWN: u32 = t::FUNCTION
    | t::COMMON
    | t::GIVEN
    | t::AMBIGUOUS
    | t::FAMILY
    | t::PARTICLE
    | t::TITLE
    | t::RELATION
    | t::MONTH
    | t::STREET
    | t::STREET_WEAK
    | t::UNIT
    | t::STATE
    | t::DIRECTION
    | t::CURRENCY
    | t::QUANTITY
    | t::PAY
    | t::CITY
    | t::COMPANY;
/// Traits that lists of names and places give: hidden now and then in training, so that what stands around
/// a name is learned too.
const LISTED: u32 = t::GIVEN | t::AMBIGUOUS | t::FAMILY | t::CITY | t::STATE;

/// What a token looks like, before it is combined with its neighbours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Hash of the lower-case word; 0 where it is hidden.
    word: u32,
    shape: u32,
    suffix: [u32; 2],
    prefix: [u32; 2],
    class: u32,
}

/// A place past the ends of the text.
const NOWHERE: Look = Look { word: 1, shape: 1, suffix: [1; 2], prefix: [1; 2], class: 1 };

impl Look {
    /// A token as the model reads it.
    pub(super) fn of(page: &Page<'_>, token: usize) -> Look {
        let slice = page.slice(token);
        let entry = page.entry(token);
        let known = u32::from(page.tokens[token].word != 0) << 21;
        let spoken = u32::from(entry.spoken.is_some()) << 22;
        let cue = u32::from(!entry.phrases.is_empty()) << 23;
        let brand = u32::from(page.in_brand(token)) << 24;
        let mut word = Fnv::new();
        // A placeholder is the same whatever its number is.
        let said = match slice.strip_suffix('>').and_then(|inner| inner.rsplit_once('_')) {
            Some((kind, _)) if page.tokens[token].kind == Kind::Mark => kind,
            _ => slice,
        };
        said.bytes().for_each(|b| word.add(b.to_ascii_lowercase()));
        if page.is_digits(token) {
            // The digits themselves say nothing.
            word = Fnv::new();
            word.add(b'0');
            word.add(u8::try_from(slice.len()).unwrap_or(u8::MAX));
        }
        Look {
            word: word.0 | 2,
            shape: shape(slice, page.tokens[token].kind),
            suffix: [ending(said, 2), ending(said, 3)],
            prefix: [beginning(said, 2), beginning(said, 3)],
            class: entry.traits & SHOWN | known | spoken | cue | brand,
        }
    }

    /// Hides which word it is, and, when asked, that a list knows it.
    pub(super) fn hide(&mut self, lists_too: bool) {
        self.word = 0;
        if lists_too {
            self.class &= !(LISTED | 1 << 21);
        }
    }
}

/// Calls `with` for the bucket of each feature of a token.
pub(super) fn each(page: &Page<'_>, looks: &[Look], token: usize, mut with: impl FnMut(u32)) {
    let at = |offset: isize| {
        token.checked_add_signed(offset).and_then(|i| looks.get(i)).copied().unwrap_or(NOWHERE)
    };
    let (a, b, o, y, z) = (at(-2), at(-1), at(0), at(1), at(2));
    let mut id = 0u32;
    let mut one = |values: &[u32]| {
        id += 1;
        // A hidden word speaks in no feature.
        if values.contains(&0) {
            return;
        }
        let mixed = values
            .iter()
            .fold(id.wrapping_mul(0x9e37_79b1), |h, v| (h ^ v).wrapping_mul(0x85eb_ca6b).rotate_left(13));
        with((mixed ^ mixed >> 15) % BUCKETS);
    };
    let class = |look: Look| look.class | 1 << 31;
    let cased = u32::from(page.cased) + 1;
    one(&[1]);
    one(&[o.word]);
    one(&[b.word]);
    one(&[y.word]);
    one(&[a.word]);
    one(&[z.word]);
    one(&[b.word, o.word]);
    one(&[o.word, y.word]);
    one(&[a.word, b.word]);
    one(&[y.word, z.word]);
    one(&[o.shape, cased]);
    one(&[b.shape, o.shape, cased]);
    one(&[o.shape, y.shape, cased]);
    one(&[b.shape, o.shape, y.shape]);
    one(&[o.suffix[0]]);
    one(&[o.suffix[1]]);
    one(&[o.prefix[0]]);
    one(&[o.prefix[1]]);
    one(&[class(o)]);
    one(&[class(b)]);
    one(&[class(y)]);
    one(&[class(b), class(o)]);
    one(&[class(o), class(y)]);
    one(&[class(b), class(o), class(y)]);
    one(&[class(a), class(b)]);
    one(&[class(y), class(z)]);
    one(&[class(o), o.shape, cased]);
    one(&[b.word, class(o)]);
    one(&[b.word, o.shape, cased]);
    one(&[a.word, b.word, o.shape]);
    one(&[a.word, b.word, class(o)]);
    one(&[y.word, class(o)]);
    one(&[y.word, o.shape, cased]);
    let gap = |offset: usize| match page.gap(token + offset) {
        Gap::None => 1,
        Gap::Space => 2,
        Gap::Break => 3,
    };
    let place = gap(0) * 16 + gap(1) * 4 + u32::from(token == 0) * 2 + u32::from(token + 1 == looks.len());
    one(&[place + 1]);
    one(&[place + 1, o.shape, cased]);
    let cue = page.cues_before(token, CUE_REACH).next();
    if let Some((hit, distance)) = cue {
        let said = named(hit.cue) + 1;
        one(&[said, distance + 1]);
        one(&[said, o.shape]);
        one(&[said, class(o)]);
        one(&[said, b.word]);
    }
}

/// A number for a cue; [`Cue`] is a plain enumeration.
const fn named(cue: Cue) -> u32 {
    cue as u32
}

/// "Xx", "x", "XX", "9", a mark itself: with the length of short ones.
fn shape(slice: &str, kind: Kind) -> u32 {
    let mut hash = Fnv::new();
    match kind {
        Kind::Digits => {
            hash.add(b'9');
            hash.add(u8::try_from(slice.len().min(9)).unwrap_or(9));
        }
        Kind::Mark => slice.bytes().take(4).for_each(|b| hash.add(b)),
        Kind::Word => {
            let mut last = 0;
            for c in slice.chars() {
                let class = match c {
                    '\'' => b'\'',
                    c if c.is_uppercase() => b'X',
                    _ => b'x',
                };
                if class != last {
                    hash.add(class);
                    last = class;
                }
            }
            hash.add(u8::try_from(slice.len().min(3)).unwrap_or(3));
        }
    }
    hash.0 | 2
}

fn ending(slice: &str, count: usize) -> u32 {
    let from = slice.len().saturating_sub(count);
    piece(&slice.as_bytes()[from..], b'e')
}

fn beginning(slice: &str, count: usize) -> u32 {
    piece(&slice.as_bytes()[..slice.len().min(count)], b'b')
}

fn piece(bytes: &[u8], side: u8) -> u32 {
    let mut hash = Fnv::new();
    hash.add(side);
    bytes.iter().for_each(|b| hash.add(b.to_ascii_lowercase()));
    hash.0 | 2
}

/// FNV-1a, 32 bits.
struct Fnv(u32);

impl Fnv {
    const fn new() -> Fnv {
        Fnv(0x811c_9dc5)
    }

    const fn add(&mut self, byte: u8) {
        self.0 = (self.0 ^ byte as u32).wrapping_mul(0x0100_0193);
    }
}
