//! Misspelt words of a question, read as the words that the documents use: "bank chque" finds the
//! cheque. Only for searching; what was asked is kept as it was asked.

use std::collections::HashMap;

use contactiq_nlu::text;

/// A word shorter than this has too many neighbours.
const SHORTEST: usize = 5;
/// A word must stand in the documents so often to be a correction.
const SEEN: u32 = 2;

/// A question with words of the documents in place of words that no document uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// The question.
    pub text: String,
    /// The words that were put in, in order: the bank's own, not the person's.
    pub read_as: Vec<String>,
}

/// The words of the documents with how often they stand there.
#[derive(Debug, Default, Clone)]
pub struct Spelling {
    seen: HashMap<String, u32>,
    /// Words by what is left when one letter is deleted: two words one edit apart share one (the
    /// symmetric-delete way of finding neighbours).
    deleted: HashMap<String, Vec<String>>,
}

impl Spelling {
    /// From the texts of the documents.
    #[must_use]
    pub fn of<'a>(texts: impl Iterator<Item = &'a str>) -> Spelling {
        Spelling::default().changed(std::iter::empty(), texts)
    }

    /// The same without some of its texts and with others: what stays is not read again.
    #[must_use]
    pub fn changed<'a>(
        mut self,
        gone: impl Iterator<Item = &'a str>,
        come: impl Iterator<Item = &'a str>,
    ) -> Spelling {
        // Of each word how often it stands there less, and more.
        let mut changes: HashMap<String, (u32, u32)> = HashMap::new();
        for word in gone.flat_map(text::words) {
            changes.entry(word).or_default().0 += 1;
        }
        for word in come.flat_map(text::words) {
            changes.entry(word).or_default().1 += 1;
        }
        for (word, (less, more)) in changes {
            let before = self.seen.get(&word).copied().unwrap_or_default();
            let after = (before + more).saturating_sub(less);
            let counts = |times: u32| times >= SEEN && corrigible(&word);
            match (counts(before), counts(after)) {
                (false, true) => {
                    for key in keys(&word) {
                        self.deleted.entry(key).or_default().push(word.clone());
                    }
                }
                (true, false) => {
                    for key in keys(&word) {
                        if let Some(words) = self.deleted.get_mut(&key) {
                            words.retain(|other| *other != word);
                        }
                    }
                }
                _ => {}
            }
            if after == 0 {
                self.seen.remove(&word);
            } else {
                self.seen.insert(word, after);
            }
        }
        self
    }

    /// The text with each unknown word replaced by the most frequent known word that is one edit
    /// away (a letter more, less, other, or two swapped). `known` says which further words are right.
    /// Another form of a known word (`replacements`) is right too. `shown` says which words may be put
    /// in: those of documents that the asker may read.
    #[must_use]
    pub fn correct(
        &self,
        question: &str,
        known: impl Fn(&str) -> bool,
        shown: impl Fn(&str) -> bool,
    ) -> Option<Corrected> {
        let mut read_as: Vec<String> = Vec::new();
        let words: Vec<String> = question
            .split_whitespace()
            .map(|piece| {
                let bare = piece.trim_matches(|c: char| !c.is_alphanumeric());
                let lower = bare.to_lowercase();
                if !corrigible(&lower)
                    || self.seen.contains_key(&lower)
                    || text::is_stop_word(&lower)
                    || known(&lower)
                {
                    return piece.to_owned();
                }
                match self.nearest(&lower, &shown) {
                    Some(right) if text::stem(right) != text::stem(&lower) => {
                        read_as.push(right.to_owned());
                        piece.replace(bare, right)
                    }
                    _ => piece.to_owned(),
                }
            })
            .collect();
        (!read_as.is_empty()).then(|| Corrected { text: words.join(" "), read_as })
    }

    fn nearest(&self, word: &str, shown: impl Fn(&str) -> bool) -> Option<&str> {
        keys(word)
            .iter()
            .filter_map(|key| self.deleted.get(key))
            .flatten()
            .filter(|candidate| one_edit_apart(word, candidate) && shown(candidate))
            .max_by_key(|candidate| {
                (self.seen.get(*candidate).copied().unwrap_or_default(), std::cmp::Reverse(*candidate))
            })
            .map(String::as_str)
    }
}

fn corrigible(word: &str) -> bool {
    word.len() >= SHORTEST && word.bytes().all(|b| b.is_ascii_lowercase())
}

/// The word itself and every word that deleting one letter leaves.
fn keys(word: &str) -> Vec<String> {
    let mut keys = vec![word.to_owned()];
    for i in 0..word.len() {
        let mut shorter = word.to_owned();
        shorter.remove(i);
        keys.push(shorter);
    }
    keys
}

fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let same_start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same_start..], &b[same_start..]);
    match (a.len(), b.len()) {
        (x, y) if x == y => x <= 1 || a[1..] == b[1..] || (a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..]),
        (x, y) if x == y + 1 => a[1..] == *b,
        (x, y) if y == x + 1 => b[1..] == *a,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_is_read_as_the_one_the_documents_use() {
        let spelling =
            Spelling::of(["A bank cheque costs $10. Bank cheque. The balance of balances."].into_iter());
        let fix = |q: &str| spelling.correct(q, |_| false, |_| true).map(|c| c.text);
        assert_eq!(fix("wat does a bank chque cost?").as_deref(), Some("wat does a bank cheque cost?"));
        assert_eq!(fix("a bank cehque").as_deref(), Some("a bank cheque"));
        assert_eq!(fix("a bank cheque"), None);
        assert_eq!(fix("zebra crossing"), None);
        assert_eq!(fix("two bank cheques"), None, "another form is spelt rightly");
        assert_eq!(spelling.correct("my cehque", |_| false, |_| true).unwrap().read_as, ["cheque"]);
        assert_eq!(
            spelling.correct("bank chque", |w| w == "chque", |_| true),
            None,
            "a word that is known elsewhere is right"
        );
    }

    #[test]
    fn what_is_changed_is_as_if_it_had_been_so_from_the_beginning() {
        let (one, two, three) = ("A cheque, a cheque.", "The balance. A balance.", "Statement, statement.");
        let changed = Spelling::of([one, two].into_iter()).changed([one].into_iter(), [three].into_iter());
        let anew = Spelling::of([two, three].into_iter());
        assert_eq!(changed.seen, anew.seen);
        for question in ["a chque", "my balence", "a statment"] {
            let read = |spelling: &Spelling| spelling.correct(question, |_| false, |_| true);
            assert_eq!(read(&changed), read(&anew), "{question}");
        }
        assert!(changed.correct("a statment", |_| false, |_| true).is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_question_makes_it_panic(q in ".{0,200}") {
            let _ = Spelling::of(["some words of documents, documents"].into_iter()).correct(&q, |_| false, |_| true);
        }
    }
}
