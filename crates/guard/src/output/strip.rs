//! What is taken out of a model's text before anybody reads it: what can't be seen, and what would load
//! something by being shown.

use std::sync::LazyLock;

use regex::Regex;

use crate::normal::is_hidden;

/// Markdown images, whole, and the lines that give a name to an address.
#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
static LOADS: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    [
        r"!\s*\[[^\]\n]*\]\s*\((?:[^()\n]|\([^()\n]*\))*\)?",
        r"!\s*\[[^\]\n]*\]\s*\[[^\]\n]*[^\]\n0-9][^\]\n]*\]",
        r"(?m)^[ \t>]*\[[^\]\n]+\]:[ \t]*\S.*$",
    ]
    .map(|pattern| Regex::new(pattern).expect("a constant pattern"))
});

/// Builds the table, so that the first answer doesn't wait for it.
pub(super) fn prepare() {
    LazyLock::force(&LOADS);
}

/// The text without them.
pub(crate) fn strip(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !is_hidden(*c) || matches!(c, '\n' | '\t')).collect();
    for pattern in &*LOADS {
        text = pattern.replace_all(&text, "").into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_their_addresses_and_what_hides_are_gone() {
        let tags: String = "leak".chars().filter_map(|c| char::from_u32(0xe0000 + u32::from(c))).collect();
        for (text, left) in [
            ("Free. ![x](https://evil.example/?q=a) [1]", "Free.  [1]"),
            ("![](//e.example/(a)b)done", "done"),
            ("! [x] (https://e.example) done", " done"),
            ("![x][pixel] done\n[pixel]: https://e.example/p.png\nend", " done\n\nend"),
            ("It\u{200b} costs\u{202e} $9\u{feff}. [1]", "It costs $9. [1]"),
            (&*format!("It costs $9.{tags} [1]"), "It costs $9. [1]"),
        ] {
            assert_eq!(strip(text), left, "{text}");
        }
    }

    #[test]
    fn citations_lines_and_placeholders_stay() {
        for text in
            ["Good news![1] It is free! [2]", "- one\n- two\n\n| a | b |", "<PERSON_1> has [a] card (new)"]
        {
            assert_eq!(strip(text), text);
        }
    }
}
