//! Runs of characters inside words: what survives a spelling mistake.

use std::ops::RangeInclusive;

/// Calls `each` with every run of `sizes` characters of each word, the word in lower case and with a
/// space at either end (`" ca"`, `"car"`, `"ard"`, `"rd "`), so that beginnings and ends differ from
/// middles. Words are what stands between white space, punctuation included. A word shorter than a
/// size is given once, whole, for the first such size.
pub fn for_each_ngram(text: &str, sizes: RangeInclusive<usize>, mut each: impl FnMut(&str)) {
    let mut padded = String::new();
    let mut starts = Vec::new();
    for word in text.split_whitespace() {
        padded.clear();
        padded.push(' ');
        padded.extend(word.chars().flat_map(char::to_lowercase));
        padded.push(' ');
        starts.clear();
        starts.extend(padded.char_indices().map(|(at, _)| at));
        starts.push(padded.len());
        for size in sizes.clone().filter(|size| *size > 0) {
            if starts.len() <= size {
                each(&padded);
                break;
            }
            for pair in starts.iter().zip(&starts[size..]) {
                each(&padded[*pair.0..*pair.1]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, sizes: RangeInclusive<usize>) -> Vec<String> {
        let mut grams = Vec::new();
        for_each_ngram(text, sizes, |gram| grams.push(gram.to_owned()));
        grams
    }

    #[test]
    fn runs_stay_inside_words() {
        assert_eq!(all("My é", 2..=3), [" m", "my", "y ", " my", "my ", " é", "é ", " é "]);
    }

    #[test]
    fn a_short_word_is_given_once() {
        assert_eq!(all("a", 4..=6), [" a "]);
        assert!(all("", 2..=4).is_empty());
        assert!(all("card", 0..=0).is_empty());
    }
}
