//! A value that was found once is masked wherever it stands again: "…1234. As I said, 1234".

use std::collections::{HashMap, VecDeque};

use super::{
    lexicon::traits as t,
    page::{Found, Kind, Page},
};
use crate::{PersonalType as P, normal::Normal};

/// More values are not remembered from earlier text: the oldest are forgotten.
const MOST_KNOWN: usize = 2048;

/// Values that were found in earlier text of the same stream or conversation. Never printed.
#[derive(Default)]
pub(crate) struct Known {
    /// By the first token, in lower case.
    values: HashMap<String, Vec<Value>>,
    /// The same first tokens, oldest first.
    order: VecDeque<String>,
}

struct Value {
    text: String,
    kind: P,
    score: f64,
}

impl Known {
    /// Remembers a value, and the parts of a name.
    pub(crate) fn add(&mut self, value: &str, kind: P, score: f64) {
        let normal = Normal::new(value);
        let page = Page::new(normal.text(), &[]);
        let end = page.text.len();
        let found =
            Found { start: page.start(0), end, kind, score, by: "repeats: a value that was found before" };
        for (token, text) in named(&page, 0, &found) {
            if !long_enough(text, kind) {
                continue;
            }
            let first = page.slice(token).to_ascii_lowercase();
            let list = self.values.entry(first.clone()).or_default();
            if !list.iter().any(|v| v.text.eq_ignore_ascii_case(text)) {
                list.push(Value { text: text.to_owned(), kind, score });
                self.order.push_back(first);
            }
        }
        while self.order.len() > MOST_KNOWN {
            let oldest = self.order.pop_front().and_then(|first| self.values.get_mut(&first));
            if let Some(list) = oldest.filter(|list| !list.is_empty()) {
                list.remove(0);
            }
        }
    }

    /// The values that begin with a token.
    fn beginning(&self, first: &str) -> impl Iterator<Item = (&str, P, f64)> {
        let list = self.values.get(first).map(Vec::as_slice).unwrap_or_default();
        list.iter().take(SAME_BEGINNING).map(|v| (v.text.as_str(), v.kind, v.score))
    }

    /// Remembers a value of an earlier message, unless it is made of everyday words: "May" was a name there,
    /// and may be none here.
    pub(crate) fn add_from_before(&mut self, value: &str, kind: P, score: f64) {
        let normal = Normal::new(value);
        let page = Page::new(normal.text(), &[]);
        let everyday = t::FUNCTION | t::COMMON | t::AMBIGUOUS | t::MONTH | t::PARTICLE;
        if !(0..page.tokens.len()).all(|i| page.is_word(i) && page.has(i, everyday)) {
            self.add(value, kind, score);
        }
    }
}

/// The value, and each part of a name, with the token that it begins at.
fn named<'t>(page: &Page<'t>, first: usize, f: &Found) -> Vec<(usize, &'t str)> {
    let mut values = vec![(first, &page.text[f.start..f.end])];
    if f.kind == P::Person {
        // "John Smith … John said": each part of a name is as personal as the whole.
        let mut token = first;
        while token < page.tokens.len() && page.start(token) < f.end {
            let plain = page.has(token, t::FUNCTION | t::COMMON | t::AMBIGUOUS | t::PARTICLE);
            if page.is_word(token) && !plain && page.slice(token).len() >= 3 {
                values.push((token, page.slice(token)));
            }
            token += 1;
        }
    }
    values
}

/// Short values ("5th") stand for other things elsewhere.
fn long_enough(value: &str, kind: P) -> bool {
    let secret = matches!(kind, P::Cvv | P::Pin | P::Otp | P::Password);
    value.len() >= if secret { 3 } else { 4 } || kind == P::Person && !value.is_empty()
}

/// Values that begin with the same token; more than these are not looked for again.
const SAME_BEGINNING: usize = 64;

/// The further places of values already found, here or in earlier text.
pub(super) fn find(page: &Page<'_>, found: &[Found], known: &Known) -> Vec<Found> {
    let mut values: HashMap<String, Vec<(&str, P, f64)>> = HashMap::new();
    for f in found {
        let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
        for (token, value) in named(page, first, f) {
            if long_enough(value, f.kind) && page.start(token) <= f.end {
                add(&mut values, page.slice(token).to_ascii_lowercase(), (value, f.kind, f.score));
            }
        }
    }
    if values.is_empty() && known.order.is_empty() {
        return Vec::new();
    }
    let mut more = Vec::new();
    let mut lower = String::new();
    for (index, token) in page.tokens.iter().enumerate() {
        if token.kind == Kind::Mark {
            continue;
        }
        lower.clear();
        lower.push_str(page.slice(index));
        lower.make_ascii_lowercase();
        let own = values.get(&lower).map(Vec::as_slice).unwrap_or_default();
        for (value, kind, score) in own.iter().copied().chain(known.beginning(&lower)) {
            let (start, end) = (token.start as usize, token.start as usize + value.len());
            let same = page.text.get(start..end).is_some_and(|s| s.eq_ignore_ascii_case(value));
            if same && whole(page.text, start, end) {
                more.push(Found {
                    start,
                    end,
                    kind,
                    score: score * 0.9,
                    by: "repeats: a value that was found elsewhere in the text, or before it",
                });
            }
        }
    }
    more
}

fn add<'v>(values: &mut HashMap<String, Vec<(&'v str, P, f64)>>, first: String, value: (&'v str, P, f64)) {
    let list = values.entry(first).or_default();
    if list.len() < SAME_BEGINNING && !list.iter().any(|(v, ..)| v.eq_ignore_ascii_case(value.0)) {
        list.push(value);
    }
}

/// Neither side goes on with a letter or a digit.
fn whole(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].chars().next_back().is_some_and(char::is_alphanumeric);
    let after = text[end..].chars().next().is_some_and(char::is_alphanumeric);
    !before && !after
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    #[test]
    fn a_value_is_found_again_without_its_cue() {
        let found = probe("my pin is 1234. i typed 1234 again and again");
        assert_eq!(found, [("1234".to_owned(), "PIN"), ("1234".to_owned(), "PIN")]);
    }

    #[test]
    fn parts_of_a_name_are_found_again() {
        let found = probe("my name is Zorblat Quimby, tell Zorblat when it is done");
        assert_eq!(found.last().map(|f| f.0.as_str()), Some("Zorblat"));
    }

    #[test]
    fn a_part_of_a_longer_number_is_left() {
        assert_eq!(probe("pin 1234, and the prize is 12345 dollars").len(), 1);
    }
}
