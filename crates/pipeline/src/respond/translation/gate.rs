//! A translation held against its original, sentence by sentence. It can be read for what is the same in every language –
//! figures, days, money, names, their order, what is copied, whether something is denied – and for words that may not be
//! new, and not for its meaning: what passes here may still be badly said, which is why the original stands beside it.

use std::collections::BTreeMap;

use contactiq_nlu::text;

use super::{
    added, calendar, conditions,
    facts::{self, Facts},
    names,
    order::{self, Ordered},
    tongue::{ENGLISH, Tongue},
};

/// A text of so many characters shows its language.
const SHOWS_ITS_LANGUAGE: usize = 30;
/// A translation of a shorter text may be several times as long.
const SHORT: usize = 20;
/// How much shorter and longer a question may be than its translation.
const RATIO: (f64, f64) = (0.5, 2.2);
const RATIO_OF_SHORT: (f64, f64) = (0.3, 4.0);
/// How much shorter a translated sentence may be, with so many characters beside.
const SHORTER: f64 = 0.85;
const FEWER: f64 = 6.0;
/// So many characters may stand beside the longest of its language ([`Tongue::longer`]).
const MORE: f64 = 12.0;

/// Why a translation does not stand: one word for the trace and the review list.
pub(super) type Fault = &'static str;

/// A text and the language that it is to be read in.
pub(super) type Read<'a> = (&'a str, &'static Tongue);

/// Holds one sentence of the documents against its translation.
///
/// # Errors
/// What is not the same.
pub(super) fn same(original: Read<'_>, translated: Read<'_>) -> Result<(), Fault> {
    let ((one, _), (other, to)) = (original, translated);
    same_but_length(original, translated)?;
    same_cells(original, translated)?;
    // What was added behind it.
    let sentences = |(said, tongue): Read<'_>| text::sentences(without_ordinals(said, tongue).trim()).len();
    let clauses = |said: &str| said.matches([';', ':', '(']).count();
    if sentences(translated) > sentences(original) || clauses(other) > clauses(one) {
        return Err("sentences");
    }
    added::nothing(one, other, to)?;
    names::none_new(one, other, to)?;
    let [was, is] = [one, other].map(|said| said.trim().chars().count() as f64);
    let fits = (was * SHORTER - FEWER..=was * to.longer + MORE).contains(&is);
    if fits { Ok(()) } else { Err("length") }
}

/// The cells of a row, each held against its own: none changes places with another.
fn same_cells((one, from): Read<'_>, (other, to): Read<'_>) -> Result<(), Fault> {
    let [ours, theirs] = [one, other].map(|row| row.split('|').collect::<Vec<_>>());
    if ours.len() != theirs.len() {
        return Err("row");
    }
    let words = |cell: &str| -> Vec<String> {
        facts::words(cell).into_iter().filter(|word| word.chars().count() >= FEWEST_LETTERS).collect()
    };
    let [our_words, their_words] =
        [&ours, &theirs].map(|cells| cells.iter().map(|cell| words(cell)).collect::<Vec<_>>());
    for (at, (cell, its)) in ours.iter().zip(&theirs).enumerate() {
        if ours.len() > 1 && !(cell.trim().is_empty() && its.trim().is_empty()) {
            same_but_length((cell, from), (its, to)).map_err(|_| "row")?;
        }
        // A word that is the same in both languages stays in its cell.
        let moved = our_words[at].iter().any(|word| {
            !their_words[at].contains(word)
                && their_words
                    .iter()
                    .zip(&our_words)
                    .any(|(its, own)| its.contains(word) && !own.contains(word))
        });
        if moved {
            return Err("row");
        }
    }
    Ok(())
}

/// A word of so many letters in two languages is the same word.
const FEWEST_LETTERS: usize = 3;

/// The text with "1 Juli" for "1. Juli", which ends no sentence.
fn without_ordinals(text: &str, tongue: &Tongue) -> String {
    let mut out = text.to_owned();
    for name in tongue.months.iter().flat_map(|names| names.split(' ')) {
        for digit in '0'..='9' {
            out = out.replace(&format!("{digit}. {name}"), &format!("{digit} {name}"));
        }
    }
    out
}

/// The same of a question: how many sentences it has is its writer's matter.
///
/// # Errors
/// As [`same`].
pub(super) fn same_question(original: Read<'_>, translated: Read<'_>) -> Result<(), Fault> {
    same_but_length(original, translated)?;
    let [was, is] = [original, translated].map(|(text, _)| text.trim().chars().count());
    let (least, most) = if was < SHORT { RATIO_OF_SHORT } else { RATIO };
    let ratio = is as f64 / was.max(1) as f64;
    if (least..=most).contains(&ratio) { Ok(()) } else { Err("length") }
}

fn same_but_length(original: Read<'_>, translated: Read<'_>) -> Result<(), Fault> {
    let ((one, from), (other, to)) = (original, translated);
    if other.trim().is_empty() {
        return Err("empty");
    }
    let copied = facts::copied(one);
    for part in &copied {
        if one.matches(part.as_str()).count() != other.matches(part.as_str()).count() {
            return Err("copied");
        }
    }
    if facts::links(other).iter().any(|link| !one.contains(link.as_str())) {
        return Err("link");
    }
    let marked = [one, other].map(|text| order::with_copied(text, &copied));
    let without =
        |text: &str| copied.iter().fold(text.to_owned(), |text, part| text.replace(part.as_str(), " "));
    let (one, other) = (without(one), without(other));
    let (said, says) = (facts::facts(&one, from), facts::facts(&other, to));
    figures(&said, &says)?;
    let denies = |text: &str, tongue: &Tongue| {
        let shortened = match tongue.code == ENGLISH.code {
            true => text.to_lowercase().replace('’', "'").matches("n't").count(),
            false => 0,
        };
        shortened + facts::words(text).iter().filter(|w| tongue.negations.contains(&w.as_str())).count()
    };
    let (denied, denies) = (denies(&one, from), denies(&other, to));
    // Some languages deny twice what English denies once.
    let (english, foreign, twice) = match from.code == ENGLISH.code {
        true => (denied, denies, to.denies_twice),
        false => (denies, denied, from.denies_twice),
    };
    if foreign < english || foreign > english * if twice { 2 } else { 1 } {
        return Err("negation");
    }
    calendar::times(&one, from).agree(&calendar::times(&other, to))?;
    conditions::agree((&one, from), (&other, to))?;
    let [bounds, other_bounds] = [from, to].map(|tongue| [tongue.at_least, tongue.at_most]);
    if conditions::turned((&one, bounds), (&other, other_bounds)) {
        return Err("limit");
    }
    if facts::holds(&other, to.advice) && !facts::holds(&one, from.advice) {
        return Err("advice");
    }
    let [ours, theirs] =
        [(&marked[0], from), (&marked[1], to)].map(|(text, tongue)| Ordered::of(text, tongue));
    ours.figures_agree(&theirs)?;
    // Of two kinds of dollars nobody can say here which is which.
    if said.foreign_dollars > 0 && said.foreign_dollars < ours.amounts() {
        return Err("pair");
    }
    match from.code == ENGLISH.code {
        true => ours.names_agree(&names::names(original.0), &theirs),
        false => Ok(()),
    }
}

/// Numbers, days, money and the cells of a row.
fn figures(said: &Facts, says: &Facts) -> Result<(), Fault> {
    let count = |of: &BTreeMap<String, usize>, number: &str| of.get(number).copied().unwrap_or(0);
    let all = [&said.numbers, &said.perhaps, &says.numbers, &says.perhaps];
    for number in all.into_iter().flat_map(BTreeMap::keys) {
        let least = [said, says].map(|facts| count(&facts.numbers, number));
        let most = [said, says].map(|facts| count(&facts.numbers, number) + count(&facts.perhaps, number));
        if least[0] > most[1] || least[1] > most[0] {
            return Err("figure");
        }
    }
    if said.months != says.months {
        return Err("date");
    }
    let dollars = said.foreign_dollars != says.foreign_dollars;
    if said.currencies != says.currencies || dollars || said.percent != says.percent {
        return Err("unit");
    }
    if said.bars != says.bars {
        return Err("row");
    }
    Ok(())
}

/// Whether all of it together is in the language that was asked for.
///
/// # Errors
/// Where it is in another one; `unsure` where it is long and nobody can say.
pub(super) fn in_language(translated: &[String], to: &Tongue) -> Result<(), Fault> {
    let whole = translated.join(" ");
    let long = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() >= SHOWS_ITS_LANGUAGE;
    // One sentence of another language among many.
    if translated.iter().any(|sentence| long(sentence) && to.speaks(sentence) == Some(false)) {
        return Err("language");
    }
    match to.speaks(&whole) {
        Some(true) => Ok(()),
        Some(false) => Err("language"),
        None => Err("unsure"),
    }
}

#[cfg(test)]
mod tests;
