//! What is taken out of a model's text before anybody reads it: what can't be seen, what would load
//! something by being shown, and marks that only dress words. The words stay, and are judged.

use std::sync::LazyLock;

use regex::Regex;

use crate::normal::is_hidden;

/// Patterns and what stands in their place.
#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
static TAKEN: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // Markdown images, whole, and the lines that give a name to an address.
        (r"!\s*\[[^\]\n]*\]\s*\((?:[^()\n]|\([^()\n]*\))*\)?", ""),
        (r"!\s*\[[^\]\n]*\]\s*\[[^\]\n]*[^\]\n0-9][^\]\n]*\]", ""),
        (r"(?m)^[ \t>]*\[[^\]\n]+\]:[ \t]*\S.*$", ""),
        // Comments, which nobody sees.
        (r"(?s)<!--.*?-->", ""),
        // Tags without attributes that dress words or part them; any other one is judged as markup.
        (
            r"(?i)</?(?:b|i|u|s|q|em|strong|small|big|mark|ins|del|strike|sub|sup|span|font|tt|kbd|code|cite|abbr|nobr|wbr)\s*/?>",
            "",
        ),
        (r"(?i)</?(?:p|br|hr|div|center|pre|blockquote|ul|ol|li|dl|dt|dd|h[1-6])\s*/?>", " "),
        // Emphasis, struck words, headings and code of Markdown.
        (r"\*{2,}|_{2,}|~{2,}|`+", ""),
        (r"(?m)(^|[\s(])\*([^\s*](?:[^*\n]*[^\s*])?)\*([\s).,;:!?]|$)", "$1$2$3"),
        (r"(?m)(^|[\s(])_([^\s_](?:[^_\n]*[^\s_])?)_([\s).,;:!?]|$)", "$1$2$3"),
        (r"(?m)^[ \t]*#{1,6}[ \t]+", ""),
    ]
    .map(|(pattern, to)| (Regex::new(pattern).expect("a constant pattern"), to))
    .into()
});

/// What is taken out may leave a mark behind that was in two pieces; so often it is looked for again. Marks
/// that are still there are judged.
const AGAIN: usize = 8;

/// Builds the table, so that the first answer doesn't wait for it.
pub(super) fn prepare() {
    LazyLock::force(&TAKEN);
}

/// The text without them.
pub(crate) fn strip(text: &str) -> String {
    let mut text: String = text.chars().filter(|c| !is_hidden(*c) || matches!(c, '\n' | '\t')).collect();
    for _ in 0..AGAIN {
        let before = text.clone();
        for (pattern, to) in &*TAKEN {
            text = pattern.replace_all(&text, *to).into_owned();
        }
        if text == before {
            break;
        }
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
    fn marks_that_dress_words_are_gone_and_their_words_stay() {
        for (text, left) in [
            ("It costs $9 <b>now</b>. [1]", "It costs $9 now. [1]"),
            ("It <U>costs</U> <em >$9</em>. [1]", "It costs $9. [1]"),
            ("It costs <!-- hi -->$9. [1]", "It costs $9. [1]"),
            ("It costs <!-- a\nb --> $9.<br/>It is sent.", "It costs  $9. It is sent."),
            ("It costs **$9** __now__ ~~soon~~ `here`.", "It costs $9 now soon here."),
            ("It costs *$9* and _no more_.", "It costs $9 and no more."),
            ("## Cost\nIt costs $9.", "Cost\nIt costs $9."),
            ("<<b>b>now<</b>/b>", "now"),
            // What a mark holds apart is read as it will be seen.
            ("It costs $9<sup>00</sup> or $10**00**.", "It costs $900 or $1000."),
        ] {
            assert_eq!(strip(text), left, "{text}");
        }
    }

    #[test]
    fn citations_lines_and_placeholders_stay() {
        for text in [
            "Good news![1] It is free! [2]",
            "- one\n- two\n\n| a | b |",
            "* one\n* two * three",
            "<PERSON_1> has [a] card (new) and <BANK_ROUTING_2>",
            "less than <$5 and 3 < 4 > 2, #4 of form_a_b",
            "<script>alert(1)</script> <b onclick=x>",
        ] {
            assert_eq!(strip(text), text);
        }
    }
}
