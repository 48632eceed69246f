//! A cry for help, read through the ways in which people type it: glued ("iwanttodie"), spelt out
//! ("k i l l m y s e l f"), look-alike signs ("ki11", "kiII"), starred ("want to d*e"), misspelt, or
//! in another language. A cry that is missed harms a person; one that is heard in vain costs a call:
//! where a wording is open, it counts.
//!
//! The text becomes a row of letters without its gaps (a *skeleton*), in which i, l, 1 and ! are one
//! letter. A phrase may begin and end only where a word of the text does, so "want to diet" is none.
//! Beside the phrases stand signs of danger (`signs`) and other languages (`languages`).

mod languages;
mod phrases;
mod signs;

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::{patterns::compiled, stop};
use languages::LANGUAGES;
use phrases::{HEADS, HONEST, LONGEST, PHRASES, TAILS};
use signs::SIGNS;

/// What a phrase allows: `slips` letters may be wrong, missing, doubled or swapped, though not in
/// the first two nor in the last `exact` ones, where a letter makes another word ("die", "file").
struct Phrase {
    letters: Vec<u8>,
    slips: u8,
    exact: usize,
    last_word: bool,
}

struct Compiled {
    /// By first letter.
    phrases: BTreeMap<u8, Vec<Phrase>>,
    languages: Vec<Regex>,
    signs: Vec<Regex>,
    honest: Regex,
    everyday: Regex,
    bereaved: Regex,
    their_death: Regex,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let mut phrases: BTreeMap<u8, Vec<Phrase>> = BTreeMap::new();
    for &(text, slips, exact, last_word) in PHRASES {
        let letters: Vec<u8> = text.bytes().filter(|b| *b != b' ').map(one_letter).collect();
        if let Some(first) = letters.first() {
            phrases.entry(*first).or_default().push(Phrase { letters, slips, exact, last_word });
        }
    }
    Compiled {
        phrases,
        languages: LANGUAGES.iter().map(|p| compiled(p)).collect(),
        signs: SIGNS.iter().map(|sign| compile(&signs::spelt(sign))).collect(),
        honest: compile(HONEST),
        everyday: compile(signs::EVERYDAY),
        bereaved: compile(signs::BEREAVED),
        their_death: compile(signs::THEIR_DEATH),
    }
});

/// Compiles a pattern over English with ASCII letters and boundaries, which keep the fast automaton also on
/// text that is not ASCII.
fn compile(pattern: &str) -> Regex {
    compiled(&pattern.replace(r"\b", r"(?-u:\b)").replace(r"\w", "[a-z0-9_]"))
}

/// Builds the tables, so that the first message doesn't wait for them.
pub(crate) fn prepare() {
    LazyLock::force(&COMPILED);
}

/// Whether somebody speaks of harming himself. `text` is folded (NFKC), in any case.
pub(crate) fn cries(text: &str) -> bool {
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    if !lower.is_ascii() || lower.contains(' ') {
        let bare: String = lower.nfd().filter(|c| !is_combining_mark(*c)).collect();
        if COMPILED.languages.iter().any(|l| l.is_match(&lower) || (bare != lower && l.is_match(&bare))) {
            return true;
        }
        let signs = without(&lower.replace('\'', ""), &COMPILED.everyday);
        let signs = without_the_dead(&signs);
        if COMPILED.signs.iter().any(|sign| sign.is_match(&signs)) {
            return true;
        }
    }
    let skeleton = Skeleton::of(&without_the_dead(&without(&lower, &COMPILED.honest)));
    // "kms" is a distance in any longer message.
    skeleton.letters == *b"kms" || skeleton.cries(&COMPILED.phrases)
}

/// The text without its honest phrases. A number stands for each: no cry goes across it, and one beside it is
/// heard.
fn without(text: &str, honest: &Regex) -> String {
    honest.replace_all(text, " 00 ").into_owned()
}

/// The text without what somebody who is mourned did, where the message is of a death and what follows from it.
fn without_the_dead(text: &str) -> String {
    if COMPILED.bereaved.is_match(text) { without(text, &COMPILED.their_death) } else { text.to_owned() }
}

/// The letters of a text without its gaps; `*` stands for any one letter.
struct Skeleton {
    letters: Vec<u8>,
    /// A word begins at this letter, or ends with it.
    begins: Vec<bool>,
    ends: Vec<bool>,
    /// A sentence ends behind this letter.
    closes: Vec<bool>,
}

impl Skeleton {
    fn of(text: &str) -> Skeleton {
        let mut skeleton =
            Skeleton { letters: Vec::new(), begins: Vec::new(), ends: Vec::new(), closes: Vec::new() };
        for token in text.split_whitespace() {
            let word =
                token.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '*' | '@' | '$' | '|'));
            let closed = token.ends_with(['.', '!', '?', ';', ')', ',']);
            let begin = skeleton.letters.len();
            // A number ends a phrase: nobody spells with amounts.
            let number = word.len() > 1 && word.chars().all(|c| !c.is_alphabetic());
            if number {
                skeleton.letters.push(0);
            } else {
                for c in word.nfd().flat_map(char::to_lowercase).filter_map(latin) {
                    skeleton.letters.push(c);
                }
            }
            let end = skeleton.letters.len();
            skeleton.begins.resize(end, false);
            skeleton.ends.resize(end, false);
            skeleton.closes.resize(end, false);
            if begin < end {
                skeleton.begins[begin] = true;
                skeleton.ends[end - 1] = true;
                skeleton.closes[end - 1] = closed;
            }
        }
        if let Some(last) = skeleton.closes.last_mut() {
            *last = true;
        }
        skeleton
    }

    fn cries(&self, phrases: &BTreeMap<u8, Vec<Phrase>>) -> bool {
        (0..self.letters.len()).any(|at| {
            stop::step(at);
            let first = self.letters[at];
            let of_letter = |letter: &u8| *letter == first || first == b'*';
            self.may_begin(at)
                && phrases
                    .iter()
                    .filter(|(letter, _)| of_letter(letter))
                    .flat_map(|(_, list)| list)
                    .any(|phrase| self.matches(phrase, at))
        })
    }

    fn may_begin(&self, at: usize) -> bool {
        if self.begins[at] {
            return true;
        }
        // No head is longer; a word without end must not be walked through again and again.
        let word = (at.saturating_sub(LONGEST)..at).rev().find(|i| self.begins[*i]);
        word.is_some_and(|word| HEADS.iter().any(|head| is_word(&self.letters[word..at], head)))
    }

    fn may_end(&self, last: usize, phrase: &Phrase) -> bool {
        if phrase.last_word {
            return self.closes[last];
        }
        if self.ends[last] {
            return true;
        }
        let end = (last + 1..self.letters.len().min(last + 1 + LONGEST)).find(|i| self.ends[*i]);
        end.is_some_and(|end| TAILS.iter().any(|tail| is_word(&self.letters[last + 1..=end], tail)))
    }

    /// Edit distance of the phrase to what begins at `at`, as far as the phrase allows slips. A
    /// doubled letter is none, on either side.
    fn matches(&self, phrase: &Phrase, at: usize) -> bool {
        const FAR: u8 = u8::MAX / 2;
        let wanted = &phrase.letters;
        let text = &self.letters[at..self.letters.len().min(at + wanted.len() + 12)];
        if text.len() < 2 || !(same(text[0], wanted[0]) && (same(text[1], wanted[1]) || text[1] == text[0])) {
            return false;
        }
        let columns = text.len() + 1;
        let mut above = vec![FAR; columns];
        let mut row = vec![FAR; columns];
        let mut before = vec![FAR; columns];
        above[0] = 0;
        for (i, letter) in wanted.iter().enumerate() {
            row.fill(FAR);
            let free = i >= 2 && i + phrase.exact < wanted.len() && phrase.slips > 0;
            let slip = if free { 1 } else { FAR };
            // A letter too many stands before the next one, which must be free as well.
            let extra = if free && i + 1 + phrase.exact < wanted.len() { 1 } else { FAR };
            for j in 0..columns {
                let mut best = FAR;
                // The phrase's letter is missing, or doubles the one before it.
                let doubled = i > 0 && wanted[i - 1] == *letter;
                best = best.min(above[j].saturating_add(if doubled { 0 } else { slip }));
                if j > 0 {
                    let here = text[j - 1];
                    best = best.min(above[j - 1].saturating_add(if same(here, *letter) { 0 } else { slip }));
                    // A letter too many, or one held down.
                    let held = j > 1 && text[j - 2] == here;
                    best = best.min(row[j - 1].saturating_add(if held { 0 } else { extra }));
                    if j > 1 && i > 0 && same(here, wanted[i - 1]) && same(text[j - 2], *letter) {
                        best = best.min(before[j - 2].saturating_add(slip));
                    }
                }
                row[j] = best.min(FAR);
            }
            std::mem::swap(&mut before, &mut above);
            std::mem::swap(&mut above, &mut row);
            if above.iter().all(|cost| *cost > phrase.slips) {
                return false;
            }
        }
        (1..columns).any(|j| above[j] <= phrase.slips && self.may_end(at + j - 1, phrase))
    }
}

/// Equal letters, or a star for one; a star alone proves nothing, so the phrase must hold the rest.
fn same(text: u8, wanted: u8) -> bool {
    text == wanted || text == b'*'
}

fn is_word(letters: &[u8], word: &str) -> bool {
    letters.len() == word.len() && letters.iter().zip(word.bytes()).all(|(a, b)| *a == one_letter(b))
}

/// i, l and their look-alikes are one letter.
const fn one_letter(letter: u8) -> u8 {
    match letter {
        b'l' => b'i',
        other => other,
    }
}

/// The Latin letter that a sign stands for; None for what is only dressing.
fn latin(c: char) -> Option<u8> {
    Some(match c {
        'a'..='z' => one_letter(c as u8),
        '1' | '!' | '|' | 'і' | 'ı' => b'i',
        '0' | 'о' | 'ο' => b'o',
        '3' | 'е' | 'ε' => b'e',
        '4' | '@' | 'а' | 'α' => b'a',
        '5' | '$' | 'ѕ' => b's',
        '7' | 'т' | 'τ' => b't',
        '8' | 'в' => b'b',
        'к' | 'κ' => b'k',
        'м' => b'm',
        'у' => b'y',
        'ԁ' => b'd',
        'ո' => b'n',
        'ѡ' => b'w',
        '*' | '#' => b'*',
        '2' | '6' | '9' => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cry_is_read_in_every_dress() {
        for text in [
            "I want to kill myself",
            "I want to kiII myself",
            "I w a n t t o d i e",
            "i want todie",
            "iwanttodie",
            "iwanttodienow",
            "IWANTTOKILLMYSELF",
            "k*ll myself",
            "want to d*e",
            "wanna unlive",
            "i want to dye",
            "I want to dye. please help",
            "ending it tonight",
            "kmsing tonight",
            "gonna k m s",
            "k m s",
            "ki11 myself",
            "kil mysef",
            "killl myselff",
            "end my lyfe",
            "s.u.i.c.i.d.e",
            "feeling sucidal",
            "i wаnt tо diе",
            "wánt to díe",
            "i dont wan to live anymore",
            "better of dead",
            "quiero morir",
            "je veux mourir, aidez-moi",
            "ich möchte sterben",
            "chcę umrzeć",
            "मरना चाहता हूँ",
            "我想死",
            "хочу умереть",
            "죽고 싶어요",
            "the suicide squad card made me laugh, but i want to die",
            "i don't want to live in this world",
            "the suicide prevention line does not answer",
        ] {
            assert!(cries(text), "{text}");
        }
    }

    #[test]
    fn banking_is_no_cry() {
        for text in [
            "",
            "I want to diet",
            "I want to dine at the airport, which card has a lounge",
            "I want to file a complaint",
            "I want to dye my hair, does the voucher work",
            "want to dispute a charge",
            "the branch is 5 kms away",
            "I could kick myself for missing the rate",
            "can I help myself at the kiosk",
            "who am I kidding myself",
            "end my lease",
            "I want to end my wife's card access",
            "when does the offer end",
            "is it all included",
            "I don't want to live in the flat that I bought, can I let it",
            "suicide prevention walk donation",
            "take my life insurance",
            "direct debit",
            "want to do it online",
            "I want to die of embarrassment",
            "self employed loan",
            "sellf service",
            "life cover",
            "unlived deposit",
            "kill the direct debit",
            "my 2 i d e numbers",
        ] {
            assert!(!cries(text), "{text}");
        }
    }

    #[test]
    fn long_noise_ends() {
        assert!(!cries(&"wa ".repeat(700)));
        assert!(!cries(&"iwanttod".repeat(250)));
        assert!(!cries(&"i am on the roof and my ".repeat(2_000)));
    }
}
