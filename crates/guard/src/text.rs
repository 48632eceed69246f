//! Three kinds of text, told apart by type: what a person wrote, what may be kept, what the bank wrote.

use std::fmt;

/// What a person wrote, before the door. It can't be printed, compared, cloned or serialised; the
/// guard alone reads it.
#[derive(serde::Deserialize)]
#[serde(transparent)]
pub struct Raw(String);

impl Raw {
    /// Takes text from outside.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Length in Unicode code points, the unit of every offset and limit.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }

    /// The text, for the recognisers of this crate only.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} characters)", self.chars())
    }
}

/// Stands before a bundle and behind the lengths that it begins with: U+001E, which no keyboard has. Where a text has one
/// of its own, the lengths tell them apart.
const BUNDLE: char = '\u{1e}';

/// Text that may be stored and sent: personal data that the guard recognised is gone from it.
/// `Debug` shows its length alone, because logs carry no user text at all, masked or not.
///
/// Nobody else can make one of a text:
///
/// ```compile_fail,E0423
/// let leaked = contactiq_guard::Masked("my card is 4111 1111 1111 1111".to_owned());
/// ```
///
/// The bank's own words become one as [`Published`]; `scripts/published.sh` lists every place that says so.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Masked(String);

impl Masked {
    /// Only for this crate: what the guard let through, or what a seal gave back.
    pub(crate) fn by_guard(text: String) -> Self {
        Self(text)
    }

    /// No text.
    #[must_use]
    pub fn empty() -> Self {
        Self(String::new())
    }

    /// What stands where a text was erased (E7).
    #[must_use]
    pub fn erased() -> Self {
        Self("[erased]".to_owned())
    }

    /// What stands in a list where a text can't be opened here, because its key is missing. It is shown and never kept.
    #[must_use]
    pub fn locked() -> Self {
        Self("[locked]".to_owned())
    }

    /// The bank's own words, joined as they are: its hotlines must survive.
    #[must_use]
    pub fn from_published(text: &Published) -> Self {
        Self(text.0.clone())
    }

    /// This text with the bank's own words under it, after an empty line.
    #[must_use]
    pub fn followed_by(mut self, text: &Published) -> Self {
        self.0.push_str("\n\n");
        self.0.push_str(&text.0);
        self
    }

    /// This text with another masked one under it, after an empty line.
    #[must_use]
    pub fn with_below(mut self, text: &Masked) -> Self {
        self.0.push_str("\n\n");
        self.0.push_str(&text.0);
        self
    }

    /// The beginning of this text, of at most so many bytes.
    #[must_use]
    pub fn beginning(&self, bytes: usize) -> Self {
        let mut end = bytes.min(self.0.len());
        while !self.0.is_char_boundary(end) {
            end -= 1;
        }
        Self(self.0[..end].to_owned())
    }

    /// Pieces of one text, as a stream gave them out, in one.
    #[must_use]
    pub fn joined(pieces: impl IntoIterator<Item = Masked>) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }

    /// Several texts as one, for a place that seals one: they go together, and are opened, moved and erased together.
    /// One text alone is itself, unless it begins as a bundle does. Whatever the texts hold, [`Masked::unbundled`] gives
    /// them back as they were.
    #[must_use]
    pub fn bundled<'a>(texts: impl IntoIterator<Item = &'a Masked>) -> Self {
        let texts: Vec<&Masked> = texts.into_iter().collect();
        if let [alone] = texts.as_slice()
            && !alone.0.starts_with(BUNDLE)
        {
            return (*alone).clone();
        }
        let lengths: Vec<String> = texts.iter().map(|text| text.0.len().to_string()).collect();
        let whole: String = texts.iter().map(|text| text.0.as_str()).collect();
        Self(format!("{BUNDLE}{}{BUNDLE}{whole}", lengths.join(" ")))
    }

    /// The texts of [`Masked::bundled`]; what is no bundle is one text, whole.
    #[must_use]
    pub fn unbundled(self) -> Vec<Self> {
        parts(&self.0).unwrap_or_else(|| vec![self])
    }

    /// Whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The texts of a bundle; none where this is no bundle.
fn parts(text: &str) -> Option<Vec<Masked>> {
    let (lengths, mut rest) = text.strip_prefix(BUNDLE)?.split_once(BUNDLE)?;
    let mut texts = Vec::new();
    for length in lengths.split(' ') {
        let (part, behind) = rest.split_at_checked(length.parse().ok()?)?;
        texts.push(Masked(part.to_owned()));
        rest = behind;
    }
    rest.is_empty().then_some(texts)
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({} characters)", self.0.chars().count())
    }
}

impl serde::Serialize for Masked {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Text that the bank wrote: documents, messages, the taxonomy. It is not masked like a person's.
#[derive(Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Published(String);

impl Published {
    /// Text of a document or of a file that the bank edits. Never call it with what a person typed.
    #[must_use]
    pub fn by_bank(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Published").field(&self.0).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts with up to four of the characters that begin a bundle, wherever they stand.
    fn awkward() -> Vec<Masked> {
        let mark = BUNDLE.to_string();
        let mut texts: Vec<String> = (0..=4).map(|n| format!("Eins{}zwei [1].", mark.repeat(n))).collect();
        texts.extend((1..=4).map(|n| mark.repeat(n)));
        texts.extend((1..=4).map(|n| format!("{}é{}", mark.repeat(n), mark.repeat(4 - n))));
        texts.extend(
            ["", "\u{1e}2\u{1e}ab", "\u{1e}1 1\u{1e}ab", "\u{1e}1\u{1e}é", "\u{1e}+1\u{1e}"]
                .map(str::to_owned),
        );
        texts.into_iter().map(Masked::by_guard).collect()
    }

    #[test]
    fn texts_of_a_bundle_come_back_one_by_one_whatever_they_hold() {
        for text in awkward() {
            let alone = Masked::bundled([&text]).unbundled();
            assert_eq!(alone.as_slice(), std::slice::from_ref(&text), "{:?}", text.as_str());
            let four = [&text, &Masked::empty(), &text, &Masked::erased()];
            let back = Masked::bundled(four).unbundled();
            assert_eq!(back.iter().collect::<Vec<_>>(), four, "{:?}", text.as_str());
        }
    }

    #[test]
    fn what_is_no_bundle_comes_back_whole() {
        for text in [
            "",
            "[erased]",
            "a\u{1e}b\u{1e}c\u{1e}d",
            "\u{1e}",
            "\u{1e}9\u{1e}ab",
            "\u{1e}1\u{1e}é",
            "\u{1e}x\u{1e}",
        ] {
            let text = Masked::by_guard(text.to_owned());
            assert_eq!(text.clone().unbundled(), [text]);
        }
    }
}
