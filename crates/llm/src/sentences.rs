//! Cuts a stream of text into sentences as they become complete.

use crate::{ModelError, SentenceSink};

/// Hands sentences on.
///
/// # Errors
/// `Cancelled` when nobody takes them any more.
pub(crate) async fn deliver(
    sentences: impl IntoIterator<Item = String>,
    on_text: &SentenceSink,
) -> Result<(), ModelError> {
    for sentence in sentences {
        on_text.send(sentence).await?;
    }
    Ok(())
}

/// Collects pieces and gives back whole sentences. What it gives back, joined, is what it was given.
///
/// A sentence ends at `.`, `!`, `?`, `…` or their full-width forms, with closing quotes, white space
/// and the citations behind it (`[2]`), and at a line's end. It is given back when the first
/// character of what follows is there, because before that a `.` may be a decimal point.
#[derive(Default)]
pub struct Sentences {
    pending: String,
}

/// Words whose full stop ends no sentence.
const ABBREVIATIONS: [&str; 20] = [
    "e.g", "i.e", "etc", "mr", "mrs", "ms", "dr", "prof", "no", "nos", "vs", "approx", "incl", "st", "p.a",
    "a.m", "p.m", "ltd", "inc", "u.s",
];

impl Sentences {
    /// Takes a piece and gives back the sentences that are complete now.
    pub fn push(&mut self, piece: &str) -> Vec<String> {
        self.pending.push_str(piece);
        let mut whole = Vec::new();
        while let Some(end) = end_of_first(&self.pending) {
            let rest = self.pending.split_off(end);
            whole.push(std::mem::replace(&mut self.pending, rest));
        }
        whole
    }

    /// What is left at the end of the stream.
    #[must_use]
    pub fn finish(self) -> Option<String> {
        (!self.pending.is_empty()).then_some(self.pending)
    }
}

/// Where the first sentence ends, when it is certain.
fn end_of_first(text: &str) -> Option<usize> {
    let mut search = text.len() - text.trim_start().len();
    while let Some(found) = text[search..].find(['.', '!', '?', '…', '。', '！', '？', '\n']) {
        let at = search + found;
        let mark = text[at..].chars().next()?;
        let after = at + mark.len_utf8();
        let tail = text[after..].trim_start_matches(['.', '!', '?', '"', '\'', '”', '’', ')', '*', '_']);
        let spaced = tail.trim_start();
        let wide = matches!(mark, '。' | '！' | '？');
        // Without white space behind it, it is a decimal point, a file name or an address.
        let stands_free = wide || mark == '\n' || spaced.len() < tail.len();
        if spaced.is_empty() {
            return None;
        }
        if stands_free && !(mark == '.' && is_abbreviation(&text[..at])) {
            return past_citations(text, text.len() - spaced.len());
        }
        search = after;
    }
    None
}

/// Skips `[1] [2, 3]`; `None` while one of them is incomplete or something may still follow.
fn past_citations(text: &str, mut end: usize) -> Option<usize> {
    while let Some(inside) = text[end..].strip_prefix('[') {
        let number = inside.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, ',' | ' ' | '-'));
        let Some(tail) = number.strip_prefix(']') else {
            return (!number.is_empty()).then_some(end);
        };
        let spaced = tail.trim_start_matches('.').trim_start();
        if spaced.is_empty() {
            return None;
        }
        end = text.len() - spaced.len();
    }
    Some(end)
}

fn is_abbreviation(before: &str) -> bool {
    let word = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let list_number = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) && {
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.trim() == word
    };
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    list_number || initial || ABBREVIATIONS.iter().any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, size: usize) -> Vec<String> {
        let mut sentences = Sentences::default();
        let letters: Vec<char> = text.chars().collect();
        let mut out: Vec<String> = letters
            .chunks(size)
            .flat_map(|piece| sentences.push(&piece.iter().collect::<String>()))
            .collect();
        out.extend(sentences.finish());
        out
    }

    #[test]
    fn sentences_come_whole_whatever_the_pieces() {
        let text = "Block it, e.g. in the app. [1] The fee is 2.5 % p.a. for cards [2]. See www.bank.example! \
                    \"Really?\" Yes. [1] [2]\n1. Call us.\n2. Wait… 好的。谢谢";
        let expected = [
            "Block it, e.g. in the app. [1] ",
            "The fee is 2.5 % p.a. for cards [2]. ",
            "See www.bank.example! ",
            "\"Really?\" ",
            "Yes. [1] [2]\n",
            "1. Call us.\n",
            "2. Wait… ",
            "好的。",
            "谢谢",
        ];
        for size in 1..30 {
            let got = cut(text, size);
            assert_eq!(got, expected, "pieces of {size}");
            assert_eq!(got.concat(), text);
        }
    }

    #[test]
    fn a_sentence_waits_for_the_first_character_of_what_follows() {
        let mut sentences = Sentences::default();
        assert!(sentences.push("It is free.").is_empty());
        assert!(sentences.push(" ").is_empty());
        assert!(sentences.push("[1").is_empty(), "the citation belongs to it");
        assert_eq!(sentences.push("] N"), ["It is free. [1] "]);
        assert_eq!(sentences.push("ext [name] is. [N"), ["Next [name] is. "]);
        assert_eq!(sentences.finish().as_deref(), Some("[N"));
        assert_eq!(Sentences::default().finish(), None);
    }

    #[test]
    fn nothing_is_lost_of_odd_text() {
        for text in
            ["", " ", "...", ". . .", "\n\n", "[", "a.[1]", "no end", "?!", "x. [1", "é.\u{a0}ü", "1.\n2.\n"]
        {
            for size in 1..4 {
                assert_eq!(cut(text, size).concat(), text);
            }
        }
    }
}
