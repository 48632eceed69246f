//! What costs nothing: "is free of charge" claims an amount of money as "$5" does.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use crate::respond::figure::{Figure, Unit};

/// "There is no monthly fee": what stands between belongs to the thing.
static FREE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?xi) \b (?:
            (?: (?:is|are|comes|come) \s+ )? (?: always \s+ )? free \s+ of \s+ charge
          | (?: is | are ) \s+ (?: always \s+ )? free
          | costs? \s+ nothing
          | at \s+ no \s+ (?: (?:extra|additional) \s+ )? (?: cost | charge )
          | without \s+ (?: an? \s+ | any \s+ )? (?: fee | charge )
          | no \s+ (?P<of> (?: [a-z-]+ \s+ ){0,2}? ) (?: fees? | charges? | costs? )
        ) \b",
    )
    .expect("the pattern is valid")
});
/// The whole value of a cell.
static FREE_CELL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:free(?: of charge)?|no (?:fee|charge|cost)|nil)\s*$")
        .expect("the pattern is valid")
});
/// With one of these a sentence says when, or for whom: "free if you deposit", "the first five are free".
static CASES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)(?:\w+n[’']t\b)|\b(?:not|cannot|never|no longer|nothing|nobody|hardly|rarely|hidden|if|when|while|where|unless|until|once|after|before|during|except|provided|first|next|as long as|only|otherwise|refund\w*|from|for (?:students|members|customers|holders|those|people|anyone|children|under|over))\b",
    )
    .expect("the pattern is valid")
});

/// Nothing, in any currency.
pub(super) fn nothing() -> Figure {
    Figure { unit: Unit::Money("$"), value: "0".to_owned() }
}

/// Where a sentence says that what it speaks of costs nothing, with the words in it that belong to the thing.
pub(super) fn in_sentence(sentence: &str) -> Option<(Range<usize>, &str)> {
    let found = FREE.captures(sentence)?;
    let whole = found.get(0)?;
    // "A free card", "free for students": it is not the thing's own price, or not always.
    let follows = sentence[whole.end()..].trim_start();
    // "You are free to close it."
    let may = whole.as_str().to_lowercase().ends_with("free") && follows.to_lowercase().starts_with("to ");
    let ends =
        follows.is_empty() || follows.starts_with(['.', ',', ';', ')', '!']) || starts_a_phrase(follows);
    (ends && !may && !CASES.is_match(sentence))
        .then(|| (whole.range(), found.name("of").map_or("", |of| of.as_str())))
}

/// "No fee *for* a cheque", "free of charge *and* arrives in 5 days".
fn starts_a_phrase(follows: &str) -> bool {
    let word = follows.split_whitespace().next().unwrap_or_default().to_lowercase();
    ["for", "on", "to", "and", "at", "in", "with"].contains(&word.as_str())
}

/// Whether a cell says so.
pub(super) fn in_cell(value: &str) -> bool {
    FREE_CELL.is_match(value)
}

/// `£0.00` and `free` are the same.
pub(super) fn plain(figures: &mut [Figure]) {
    for figure in figures {
        if matches!(figure.unit, Unit::Money(_)) && figure.value.trim_matches(['0', '.']).is_empty() {
            *figure = nothing();
        }
    }
}
