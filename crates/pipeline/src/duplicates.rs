//! When two texts of the bank say the same thing: for passages, of which one is enough, and for the
//! sentences of an answer. Texts with different figures, or of which one says no, never do.

use std::collections::BTreeSet;

use contactiq_nlu::text;

use crate::respond::figures;

/// Share of common content words from which on two texts are nearly the same.
const SAME_WORDS: f64 = 0.92;
/// Cosine from which on two sentences mean the same in other words.
const SAME_MEANING: f32 = 0.97;

/// A text, as it is compared.
#[derive(Clone, Copy)]
pub(crate) struct Saying<'a> {
    pub(crate) text: &'a str,
    /// Its content stems, sorted, each once.
    pub(crate) stems: &'a [u32],
    /// Its unit vector; none where words alone decide.
    pub(crate) vector: Option<&'a [f32]>,
}

/// Whether one of the two is enough.
pub(crate) fn say_the_same(a: Saying<'_>, b: Saying<'_>) -> bool {
    let meaning = match (a.vector, b.vector) {
        (Some(a), Some(b)) => a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>() >= SAME_MEANING,
        _ => false,
    };
    a.text == b.text
        || ((meaning || nearly_same_words(a.stems, b.stems))
            && claims(a.text) == claims(b.text)
            && negations(a.text) == negations(b.text))
}

/// A word more or less is a slip; a word in place of another names another thing: "the gold card".
fn nearly_same_words(a: &[u32], b: &[u32]) -> bool {
    let (fewer, more) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let in_both = fewer.iter().filter(|stem| more.binary_search(stem).is_ok()).count();
    in_both == fewer.len() && in_both as f64 >= SAME_WORDS * more.len().max(1) as f64
}

fn claims(text: &str) -> BTreeSet<crate::grounding::Figure> {
    figures(text).into_iter().collect()
}

/// How often a text says no.
fn negations(text: &str) -> usize {
    const NO: &[&str] = &["no", "not", "never", "cannot", "without", "neither", "nor", "none", "except"];
    let says_no = |word: &&String| NO.contains(&word.as_str()) || word.ends_with("n't");
    text::words(text).iter().filter(says_no).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: &str, b: &str) -> bool {
        // The words themselves in place of an index's numbers for them.
        let mut all: Vec<String> = text::content_stems(a);
        all.extend(text::content_stems(b));
        let numbered = |of: &str| {
            let of = text::content_stems(of);
            let mut stems: Vec<u32> =
                of.iter().filter_map(|s| all.iter().position(|x| x == s)).map(|n| n as u32).collect();
            stems.sort_unstable();
            stems.dedup();
            stems
        };
        let (left, right) = (numbered(a), numbered(b));
        let saying = |text, stems| Saying { text, stems, vector: None };
        say_the_same(saying(a, &left), saying(b, &right))
    }

    #[test]
    fn the_same_words_are_the_same_and_other_figures_never_are() {
        let one = "A replacement card costs $10 and arrives by post in 5 to 7 business days at your address. The \
                   lost one is blocked.";
        assert!(same(one, &one.replace("your", "the").replace("A replacement card", "Replacement cards")));
        assert!(same(one, &one.replace("by post", "by post, free")), "a word more");
        assert!(!same(one, &one.replace("$10", "$15")));
        assert!(!same(one, &one.replace("business days", "days")));
        assert!(!same(one, &one.replace("card", "cheque book")));
        assert!(!same(one, "A replacement card is blocked in the app."));
    }

    #[test]
    fn a_no_is_another_thing() {
        assert!(!same(
            "You can close the account at a branch.",
            "You can not close the account at a branch."
        ));
        assert!(!same("You can close the account at a branch.", "You can't close the account at a branch."));
        assert!(!same("", "A card."));
    }

    #[test]
    fn the_same_meaning_in_other_words_needs_the_same_figures() {
        let vector = [1.0_f32, 0.0];
        let saying = |text, stems| Saying { text, stems, vector: Some(&vector) };
        assert!(say_the_same(saying("It is $5.", &[1]), saying("You pay $5.", &[2])));
        assert!(!say_the_same(saying("It is $5.", &[1]), saying("You pay $6.", &[2])));
    }
}
