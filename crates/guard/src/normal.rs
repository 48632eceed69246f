//! Input hygiene: what can't be seen is stripped, look-alike forms are folded (NFKC), and every
//! byte of the folded text still knows the code points of the original it came from.

mod wrapping;

use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// The folded text and the way back.
pub(crate) struct Normal {
    text: String,
    /// Per byte of `text`: first and last code point of the original; `None` where they are the same
    /// number, which holds for plain ASCII, the common case.
    origin: Option<Vec<(u32, u32)>>,
    /// Code points that hide text on purpose: tag characters, bidi overrides, zero width.
    concealing: usize,
}

impl Normal {
    /// Folds `original`.
    pub(crate) fn new(original: &str) -> Normal {
        if original.bytes().all(|b| matches!(b, b'\n' | b'\t' | 0x20..=0x7e)) {
            return Normal { text: original.to_owned(), origin: None, concealing: 0 };
        }
        let mut normal = Normal {
            text: String::with_capacity(original.len()),
            origin: Some(Vec::with_capacity(original.len())),
            concealing: 0,
        };
        // A cluster is a starter with the marks that follow it: the unit that NFKC may compose.
        let mut cluster = String::new();
        let mut first = 0;
        let mut last = 0;
        for (index, c) in original.chars().enumerate() {
            if is_hidden(c) {
                normal.concealing += usize::from(is_concealing(c));
                continue;
            }
            if canonical_combining_class(c) == 0 && !is_enclosing(c) {
                normal.push(&cluster, first, last);
                cluster.clear();
                first = index;
            }
            last = index;
            cluster.push(c);
        }
        normal.push(&cluster, first, last);
        normal
    }

    fn push(&mut self, cluster: &str, first: usize, last: usize) {
        let begin = self.text.len();
        if cluster.is_ascii() {
            self.text.push_str(cluster);
        } else if let Some(digit) = digit(cluster) {
            self.text.push(digit);
        } else {
            // A few characters stand for a whole sentence; as they are, they cost what they look like.
            let long = cluster.nfkc().nth(MOST_OF_ONE * cluster.chars().count()).is_some();
            if long { self.text.push_str(cluster) } else { self.text.extend(cluster.nfkc().map(fold)) }
        }
        if let Some(origin) = &mut self.origin {
            // Input is limited to a million code points, far below u32.
            let place = (u32::try_from(first).unwrap_or(u32::MAX), u32::try_from(last).unwrap_or(u32::MAX));
            origin.resize(origin.len() + self.text.len() - begin, place);
        }
    }

    /// The folded text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// How many invisible characters were placed to conceal.
    pub(crate) fn concealing(&self) -> usize {
        self.concealing
    }

    /// Code points of the original for bytes of the folded text, end exclusive.
    pub(crate) fn original(&self, start: usize, end: usize) -> (usize, usize) {
        match &self.origin {
            None => (start, end),
            Some(origin) => {
                let first = origin.get(start).map_or(0, |p| p.0 as usize);
                let last = end.checked_sub(1).and_then(|i| origin.get(i)).map_or(first, |p| p.1 as usize + 1);
                (first, last.max(first))
            }
        }
    }

    /// The same bytes and those beside them that came from the same character: of "½" all or nothing.
    pub(crate) fn whole(&self, start: usize, end: usize) -> (usize, usize) {
        let Some(origin) = &self.origin else { return (start, end) };
        let (mut start, mut end) = (start, end.min(origin.len()));
        while start > 0 && start < end && origin[start - 1] == origin[start] {
            start -= 1;
        }
        while end > start && end < origin.len() && origin[end] == origin[end - 1] {
            end += 1;
        }
        (start, end)
    }
}

/// A character is folded into as many at most: "⑽" into four.
const MOST_OF_ONE: usize = 8;

/// Marks that put a frame around a character: "4️⃣" is a 4. Their combining class is that of a letter.
fn is_enclosing(c: char) -> bool {
    matches!(c, '\u{20dd}'..='\u{20e4}' | '\u{fe0e}' | '\u{fe0f}')
}

/// The digit that a cluster is, whatever marks and frames it wears.
fn digit(cluster: &str) -> Option<char> {
    let mut chars = cluster.chars();
    let first = chars.next()?;
    let bare = match u32::from(first) {
        code @ 0x2776..=0x277e => code - 0x2776 + 1,
        code @ 0x2780..=0x2788 => code - 0x2780 + 1,
        code @ 0x278a..=0x2792 => code - 0x278a + 1,
        code @ 0x3280..=0x3288 => code - 0x3280 + 1,
        code @ 0x1f101..=0x1f10a => code - 0x1f101,
        _ => fold(first).to_digit(10)?,
    };
    let bare = char::from_digit(bare, 10)?;
    // A plain digit stays what it is: NFKC has folded the rest of what wears no marks.
    (first != bare || chars.next().is_some()).then_some(bare)
}

/// What a reader can't see and what therefore never reaches storage or a model.
pub(crate) fn is_hidden(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t' | '\r')) || is_concealing(c) || c == '\u{ad}'
}

/// Characters that reorder text or carry text that nobody sees.
fn is_concealing(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}'
        | '\u{feff}' | '\u{180e}' | '\u{e0000}'..='\u{e007f}' | '\u{115f}' | '\u{1160}' | '\u{3164}')
}

/// Tag characters spell ASCII invisibly; this is what they spell.
pub(crate) fn tag_text(original: &str) -> String {
    original
        .chars()
        .filter_map(|c| match u32::from(c) {
            code @ 0xe0020..=0xe007e => char::from_u32(code - 0xe0000),
            _ => None,
        })
        .collect()
}

/// Zeros of the decimal digit ranges that NFKC leaves alone, each followed by one to nine.
const ZEROS: [u32; 59] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
    0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50,
    0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1e140, 0x1e2f0, 0x1e950,
];

/// Folds what NFKC keeps apart but people type for the same thing: dashes, quotes, digits of other
/// scripts, line ends.
fn fold(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2043}' => '-',
        '\u{2018}'..='\u{201b}' | '\u{2032}' | '\u{2bc}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{2028}' | '\u{2029}' | '\u{85}' => '\n',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2022}' | '\u{b7}' => '.',
        _ => {
            let code = u32::from(c);
            let digit = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
            digit.and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(c)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_maps_to_itself() {
        let n = Normal::new("pin 1234");
        assert_eq!(n.text(), "pin 1234");
        assert_eq!(n.original(4, 8), (4, 8));
    }

    #[test]
    fn full_width_digits_and_emoji_keep_their_places() {
        let n = Normal::new("🙂 １２３４!");
        assert_eq!(n.text(), "🙂 1234!");
        assert_eq!(n.original(5, 9), (2, 6));
    }

    #[test]
    fn what_hides_between_digits_is_inside_the_span() {
        let n = Normal::new("1\u{200b}2\u{202e}3");
        assert_eq!(n.text(), "123");
        assert_eq!(n.original(0, 3), (0, 5));
        assert_eq!(n.concealing(), 2);
    }

    #[test]
    fn one_character_that_becomes_three_keeps_one_place() {
        let n = Normal::new("a…b");
        assert_eq!(n.text(), "a...b");
        assert_eq!(n.original(2, 3), (1, 2));
        assert_eq!(n.original(4, 5), (2, 3));
    }

    #[test]
    fn digits_of_other_scripts_are_digits() {
        assert_eq!(Normal::new("٤٥६۷").text(), "4567");
    }

    #[test]
    fn digits_in_frames_and_under_marks_are_digits() {
        for (text, digits) in [
            ("4\u{fe0f}\u{20e3}7\u{fe0f}\u{20e3}", "47"),
            ("4\u{301}7\u{20dd}2\u{336}", "472"),
            ("\u{277c}\u{2780}\u{3283}\u{1f105}", "7144"),
            ("\u{1106a}\u{1106d}", "47"),
            ("\u{2463}\u{ff17}", "47"),
        ] {
            assert_eq!(Normal::new(text).text(), digits, "{text}");
        }
        assert_eq!(Normal::new("4\u{fe0f}\u{20e3}!").original(0, 1), (0, 3), "the frame is in the span");
    }

    #[test]
    fn one_character_that_is_a_sentence_stays_one() {
        assert_eq!(Normal::new("\u{fdfa}").text(), "\u{fdfa}");
        assert_eq!(Normal::new("\u{fb01}ne \u{2163}").text(), "fine IV");
    }

    #[test]
    fn tags_spell_what_they_hide() {
        let hidden: String = "hi".chars().filter_map(|c| char::from_u32(0xe0000 + u32::from(c))).collect();
        assert_eq!(tag_text(&format!("a{hidden}b")), "hi");
        assert_eq!(Normal::new(&format!("a{hidden}b")).text(), "ab");
    }
}
