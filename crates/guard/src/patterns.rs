//! The patterns of the rules, which are all there or the guard does not start.

use std::borrow::Cow;

use regex::Regex;

/// What a pattern's `\w` is compiled as: every letter, digit and mark of Unicode's `\w` and what stands between them in
/// its tables, but no punctuation that is in use. Unicode's own is 800 ranges: a pattern with some dozens of `\w` is
/// megabytes of automaton, and as much again of scratch space for every thread that searches. The letter-like symbols
/// (U+2000 to U+2BFF, circled and squared letters) are no words: NFKC makes letters of them.
const WORD: &str = concat!(
    r"[0-9A-Z_a-z\u{aa}\u{b5}\u{ba}\u{c0}-\u{d6}\u{d8}-\u{f6}\u{f8}-\u{37d}\u{37f}-\u{386}\u{388}-\u{559}",
    r"\u{560}-\u{588}\u{591}-\u{5bd}\u{5bf}-\u{5f2}\u{610}-\u{61a}\u{620}-\u{669}\u{66e}-\u{6d3}\u{6d5}-\u{963}",
    r"\u{966}-\u{e3a}\u{e40}-\u{1fff}\u{200c}\u{200d}\u{2c00}-\u{2dff}\u{2e2f}\u{3005}-\u{3007}\u{3021}-\u{302f}",
    r"\u{3031}-\u{30fa}\u{30fc}-\u{d7ff}\u{f900}-\u{fd3d}\u{fd50}-\u{fdff}\u{fe20}-\u{fe2f}\u{fe70}-\u{fefc}",
    r"\u{ff10}-\u{ff19}\u{ff21}-\u{ff3a}\u{ff41}-\u{ff5a}\u{ff66}-\u{1efff}\u{20000}-\u{323af}]"
);

/// The pattern with a lean `\w`. `\W` and boundaries stay Unicode's, and so does a pattern that turns Unicode off.
#[must_use]
pub fn lean(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains(r"\w") || turns_unicode_off(pattern) {
        return Cow::Borrowed(pattern);
    }
    let mut lean = String::with_capacity(pattern.len() + WORD.len());
    let (mut brackets, mut before) = (0_usize, '\0');
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let opened = before == '[' || before == '^' && lean.ends_with("[^");
        before = c;
        match c {
            '\\' => match chars.next() {
                // Both cases of each letter are in it: folding a class of so many letters takes long.
                Some('w') if brackets == 0 && !pattern.contains('#') => {
                    lean.extend(["(?-i:", WORD, ")"]);
                }
                Some('w') => lean.push_str(WORD),
                escaped => {
                    lean.push(c);
                    lean.extend(escaped);
                }
            },
            '[' => {
                brackets += 1;
                lean.push(c);
            }
            // The first in brackets is itself.
            ']' if !opened => {
                brackets = brackets.saturating_sub(1);
                lean.push(c);
            }
            _ => lean.push(c),
        }
    }
    Cow::Owned(lean)
}

/// Whether flags turn Unicode off for a part that holds a `\w`: anything but a boundary by itself.
fn turns_unicode_off(pattern: &str) -> bool {
    let flags = pattern.replace(r"(?-u:\b)", "");
    flags.split("(?").skip(1).any(|group| {
        let flags = group.split([':', ')', 'P', '<']).next().unwrap_or_default();
        flags.split_once('-').is_some_and(|(_, off)| off.contains('u'))
    })
}

/// A pattern of ours.
///
/// # Panics
/// When it is none. All are compiled where a guard is made, so that none is missed in silence.
pub(crate) fn compiled(pattern: &str) -> Regex {
    Regex::new(&lean(pattern))
        .unwrap_or_else(|error| panic!("a pattern of the guard does not compile: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unicodes_and_punctuation_is_none() {
        let (exact, ours) = (Regex::new(r"^\w$").unwrap(), compiled(r"^\w$"));
        let is = |pattern: &Regex, c: char| pattern.is_match(c.encode_utf8(&mut [0; 4]));
        let symbols = |c: char| matches!(c, '\u{2000}'..='\u{2bff}' | '\u{1f100}'..='\u{1f1ff}');
        // Connectors and presentation forms, which NFKC turns into others, and what was not assigned.
        let forms = |c: char| matches!(c, '\u{fe00}'..='\u{fe6f}' | '\u{ff3f}' | '\u{1fbf0}'..='\u{1fbf9}');
        let lost: Vec<char> = ('\0'..=char::MAX)
            .filter(|&c| is(&exact, c) && !is(&ours, c) && !symbols(c) && !forms(c) && c < '\u{e0000}')
            .collect();
        assert_eq!(lost, Vec::<char>::new());
        let in_use = " \t\n!\"#$%&'()*+,-./:;<=>?@[\\]^`{|}~\u{a0}¡§«·»¿×÷،؛؟۔।॥‘’“”„–—…•€™→−●☎⚠、。「」・〜！，：；？｡😀🏦";
        for c in in_use.chars() {
            assert!(!is(&exact, c) && !is(&ours, c), "{c}");
        }
    }

    #[test]
    fn only_words_are_changed_in_and_out_of_brackets() {
        let same = [
            (r"(\w+)-\W(\d)", "naïve- 7"),
            (r"[\w.]+@[^\w\s]", "müller.j@#"),
            (r"(?x) \w+ \s [^\w]", "ночь !"),
            (r"(?i)\bÉ\w\b", "éa"),
            (r"[]\w]{2}-[^]\w]\w", "]a-!b"),
            (
                r"(?x)[a] # one [
               \w+",
                "ab",
            ),
        ];
        for (pattern, text) in same {
            assert!(Regex::new(pattern).unwrap().is_match(text), "{pattern}");
            assert!(compiled(pattern).is_match(text), "{pattern}");
        }
        assert_eq!(lean(r"a\\w\."), r"a\\w\.");
        for off in [r"(?-u:\w)", r"(?i-u:a\w)", r"(?-u)\w"] {
            assert_eq!(lean(off), off);
            assert!(Regex::new(off).is_ok());
        }
        assert_ne!(lean(r"(?-u:\b)\w"), r"(?-u:\b)\w");
    }
}
