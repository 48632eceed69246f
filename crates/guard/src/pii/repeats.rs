//! A value that was found once is masked wherever it stands again: "…1234. As I said, 1234".

use std::collections::HashMap;

use super::{
    lexicon::traits as t,
    page::{Found, Kind, Page},
};
use crate::PersonalType as P;

/// Values that begin with the same token; more than these are not looked for again.
const SAME_BEGINNING: usize = 64;

/// The further places of values already found.
pub(super) fn find(page: &Page<'_>, found: &[Found]) -> Vec<Found> {
    let mut values: HashMap<String, Vec<(&str, P, f64)>> = HashMap::new();
    for f in found {
        let first = page.tokens.partition_point(|t| (t.end as usize) <= f.start);
        add(&mut values, page, first, &page.text[f.start..f.end], f);
        if f.kind == P::Person {
            // "John Smith … John said": each part of a name is as personal as the whole.
            let mut token = first;
            while token < page.tokens.len() && page.start(token) < f.end {
                let plain = page.has(token, t::FUNCTION | t::COMMON | t::AMBIGUOUS | t::PARTICLE);
                if page.is_word(token) && !plain && page.slice(token).len() >= 3 {
                    add(&mut values, page, token, page.slice(token), f);
                }
                token += 1;
            }
        }
    }
    if values.is_empty() {
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
        let Some(candidates) = values.get(&lower) else { continue };
        for (value, kind, score) in candidates {
            let (start, end) = (token.start as usize, token.start as usize + value.len());
            let same = page.text.get(start..end).is_some_and(|s| s.eq_ignore_ascii_case(value));
            if same && whole(page.text, start, end) {
                more.push(Found {
                    start,
                    end,
                    kind: *kind,
                    score: score * 0.9,
                    by: "repeats: a value that was found elsewhere in the text",
                });
            }
        }
    }
    more
}

fn add<'t>(
    values: &mut HashMap<String, Vec<(&'t str, P, f64)>>,
    page: &Page<'t>,
    token: usize,
    value: &'t str,
    f: &Found,
) {
    let secret = matches!(f.kind, P::Cvv | P::Pin | P::Otp | P::Password);
    // Short values ("5th") stand for other things elsewhere.
    if value.len() < if secret { 3 } else { 4 } && f.kind != P::Person || page.start(token) > f.end {
        return;
    }
    let list = values.entry(page.slice(token).to_ascii_lowercase()).or_default();
    if list.len() < SAME_BEGINNING && !list.iter().any(|(v, ..)| v.eq_ignore_ascii_case(value)) {
        list.push((value, f.kind, f.score));
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
