//! Texts in other letters, or with the letters in another place.

use std::{collections::HashMap, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::{ATTACK_WORDS, rot13};

/// The text without what its letters wear: frames, small capitals, flags, strokes through them.
pub(super) fn undressed(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let strokes = text.chars().filter(|c| is_stroke(*c)).count();
    if strokes < 3 && !text.chars().any(|c| bare(c).is_some()) {
        return None;
    }
    // An accent alone is none: other languages have them.
    let stripped: String =
        if strokes < 3 { text.to_owned() } else { text.nfd().filter(|c| !is_combining_mark(*c)).collect() };
    Some(stripped.chars().map(|c| bare(c).unwrap_or(c)).collect())
}

/// A mark that composes with no letter.
fn is_stroke(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// The letter that a dressed one is, where NFKC does not say so.
fn bare(c: char) -> Option<char> {
    let letter = |code: u32| char::from_u32(u32::from('a') + code);
    match u32::from(c) {
        // Letters of flags; white on black in circles and squares.
        code @ 0x1f1e6..=0x1f1ff => letter(code - 0x1f1e6),
        code @ 0x1f130..=0x1f149 => letter(code - 0x1f130),
        code @ 0x1f150..=0x1f169 => letter(code - 0x1f150),
        code @ 0x1f170..=0x1f189 => letter(code - 0x1f170),
        _ => Some(match c {
            'ᴀ' => 'a',
            'ʙ' => 'b',
            'ᴄ' => 'c',
            'ᴅ' => 'd',
            'ᴇ' => 'e',
            'ꜰ' => 'f',
            'ɢ' => 'g',
            'ʜ' => 'h',
            'ɪ' => 'i',
            'ᴊ' => 'j',
            'ᴋ' => 'k',
            'ʟ' => 'l',
            'ᴍ' => 'm',
            'ɴ' => 'n',
            'ᴏ' => 'o',
            'ᴘ' => 'p',
            'ꞯ' => 'q',
            'ʀ' => 'r',
            'ꜱ' => 's',
            'ᴛ' => 't',
            'ᴜ' => 'u',
            'ᴠ' => 'v',
            'ᴡ' => 'w',
            'ʏ' => 'y',
            'ᴢ' => 'z',
            _ => return None,
        }),
    }
}

/// "i g n o r e  a l l": four and more letters in a row, each on its own. The narrowest gap of a row stands
/// between letters, a wider one between words.
pub(super) fn spaced(lower: &str) -> Option<String> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    for (at, c) in lower.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        match words.last_mut() {
            Some((_, end)) if *end == at => *end += c.len_utf8(),
            _ => words.push((at, at + c.len_utf8())),
        }
    }
    let single = |&(from, to): &(usize, usize)| {
        let mut chars = lower[from..to].chars();
        chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
    };
    let near = |a: &(usize, usize), b: &(usize, usize)| b.0 - a.1 <= WIDEST;
    let mut text = String::with_capacity(lower.len());
    let mut reached = 0;
    for row in words.chunk_by(|a, b| single(a) && single(b) && near(a, b)) {
        let [(from, _), .., (_, to)] = row else { continue };
        if row.len() < 4 {
            continue;
        }
        let gap = |pair: &[(usize, usize)]| lower[pair[0].1..pair[1].0].chars().count();
        let narrowest = row.windows(2).map(gap).min().unwrap_or(1);
        let mut spelt = lower[*from..row[0].1].to_owned();
        for pair in row.windows(2) {
            if gap(pair) > narrowest {
                spelt.push(' ');
            }
            spelt.push_str(&lower[pair[1].0..pair[1].1]);
        }
        text.push_str(&lower[reached..*from]);
        text.push_str(&glued(&spelt).unwrap_or(spelt));
        reached = *to;
    }
    text.push_str(&lower[reached..]);
    (reached > 0).then_some(text)
}

/// Bytes between two letters of a row.
const WIDEST: usize = 8;

/// Words that stand between those of attacks.
const SMALL_WORDS: &[&str] = &[
    "all", "your", "the", "any", "and", "my", "you", "now", "tell", "show", "print", "rules", "above",
    "prior",
];

/// "ignoreallinstructions": words without gaps, where two of an attack are among them.
pub(super) fn glued(lower: &str) -> Option<String> {
    let mut found = false;
    let words: Vec<String> = lower
        .split(' ')
        .map(|word| {
            let parts = if (14..=300).contains(&word.len()) { parts(word) } else { None };
            found |= parts.is_some();
            parts.unwrap_or_else(|| word.to_owned())
        })
        .collect();
    found.then(|| words.join(" "))
}

fn parts(word: &str) -> Option<String> {
    let mut text = String::with_capacity(word.len() * 2);
    let mut known = 0;
    let mut rest = word;
    while let Some(c) = rest.chars().next() {
        let longest = |list: &[&'static str]| {
            list.iter().copied().filter(|w| rest.starts_with(w)).max_by_key(|w| w.len())
        };
        let of_attack = longest(ATTACK_WORDS);
        known += usize::from(of_attack.is_some());
        match of_attack.or_else(|| longest(SMALL_WORDS)) {
            Some(found) => {
                if !text.ends_with(' ') && !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(found);
                text.push(' ');
                rest = &rest[found.len()..];
            }
            None => {
                text.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    (known >= 2).then(|| text.trim_end().to_owned())
}

/// Words of attacks under every shift of the alphabet, and under its reverse; 13 is `rot13`.
static SHIFTED: LazyLock<HashMap<String, u32>> = LazyLock::new(|| {
    let shifts = (1..=REVERSE).filter(|shift| *shift != 13);
    shifts.flat_map(|shift| ATTACK_WORDS.iter().map(move |word| (turned(word, shift), shift))).collect()
});

/// Behind the shifts: a for z, b for y.
const REVERSE: u32 = 26;

/// Every letter so many places on, or its opposite.
fn turned(text: &str, shift: u32) -> String {
    let turn = |c: char| {
        let Some(place) = u32::from(c).checked_sub(u32::from('a')).filter(|place| *place < 26) else {
            return c;
        };
        let place = if shift == REVERSE { 25 - place } else { (place + shift) % 26 };
        char::from_u32(u32::from('a') + place).unwrap_or(c)
    };
    text.chars().map(turn).collect()
}

/// A text whose alphabet is shifted, where two words of an attack show through, or a long one.
pub(super) fn caesar(lower: &str) -> Option<String> {
    let mut seen = [0u32; REVERSE as usize + 1];
    for word in lower.split(|c: char| !c.is_ascii_lowercase()).filter(|word| (6..=16).contains(&word.len())) {
        if let Some(shift) = SHIFTED.get(word) {
            let counts = seen.get_mut(*shift as usize)?;
            *counts += if word.len() >= 8 { 2 } else { 1 };
        }
    }
    let (shift, count) = (1..=REVERSE).zip(&seen[1..]).max_by_key(|(_, count)| **count)?;
    let back = if shift == REVERSE { REVERSE } else { 26 - shift };
    (*count >= 2).then(|| turned(lower, back))
}

/// Read only when words of an attack show through.
pub(super) fn rotated(lower: &str) -> Option<String> {
    const ROTATED: &[&str] =
        &["vtaber", "vafgehpg", "cebzcg", "flfgrz", "sbetrg", "qvfertneq", "erirny", "vtaberq", "biqeevqr"];
    ROTATED.iter().any(|word| lower.contains(word)).then(|| rot13(lower))
}

/// The same for a text that is written backwards.
pub(super) fn reversed(lower: &str) -> Option<String> {
    const REVERSED: &[&str] =
        &["erongi", "snoitcurtsni", "tpmorp", "metsys", "tegrof", "drageresid", "laever"];
    REVERSED.iter().any(|word| lower.contains(word)).then(|| lower.chars().rev().collect())
}
