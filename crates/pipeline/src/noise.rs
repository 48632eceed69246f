//! Messages that say nothing: no words, a link, a line of code. They are not searched for, since any passage is near to
//! nothing.

use std::sync::LazyLock;

use contactiq_nlu::text;
use regex::Regex;

/// A longer run of letters is no word of any language that is read here.
const LONGEST_WORD: usize = 40;
/// With fewer words beside the code, the code is all that the message is.
const WORDS_OF_A_MESSAGE: usize = 4;
/// One sign of code may be a slip.
const SIGNS: usize = 2;

/// Whether nothing of a message, without placeholders, can be understood.
pub(crate) fn says_nothing(message: &str) -> bool {
    let without_links = LINK.replace_all(message, " ");
    // "Fee(s) for card(s)" calls no function.
    let without_links = PLURAL.replace_all(&without_links, "$1");
    let is_word = |word: &String| {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        letters <= LONGEST_WORD && (letters >= 2 || word.chars().any(|c| c.is_alphabetic() && !c.is_ascii()))
    };
    !text::words(&without_links).iter().any(is_word) || is_code(&without_links)
}

/// Whether a message is a line of a programming language, with hardly a word beside it.
fn is_code(message: &str) -> bool {
    let signs = CODE.find_iter(message).count();
    let plain = |word: &&str| {
        word.chars().all(|c| c.is_alphabetic() || "'\u{2019}.,?!".contains(c)) && !KEYWORDS.contains(word)
    };
    signs >= SIGNS && message.split_whitespace().filter(plain).count() < WORDS_OF_A_MESSAGE
}

/// Words that are code beside its signs.
const KEYWORDS: &[&str] = &[
    "for", "in", "if", "else", "def", "return", "import", "from", "class", "function", "var", "let", "const",
    "public", "static", "void", "int", "while", "print", "select", "where", "SELECT", "FROM", "WHERE",
    "null", "None", "true", "false",
];

static PLURAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)([a-z])\((?:e?s|ies)\)"));
static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b(?:[a-z][a-z0-9+.-]*://|www\.)\S+"));
/// A call, an assignment or comparison, brackets and arrows, the end of a statement, a tag.
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\w\([^()]*\)|[=!<>]=|=>|->|&&|\|\||::|[{}\[\]]|;\s*(?:$|\n)|\)\s*[:;{]|</?\w+[^<>]*>|\w\s=\s\w|#include|^\s*(?:def|class|import|function|var|let|const)\s|\$\w+\s*=",
    )
});

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
    Regex::new(source).expect("a constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_code_and_strokes_say_nothing() {
        for nothing in [
            "",
            ".",
            "?!?",
            "q",
            "\u{1f9a4}\u{1f9a4}",
            "4",
            &"z".repeat(900),
            "http://bank.test/pay?to=7#top",
            "www.bank.test/a www.bank.test/b",
            "while x < 3 { x += 1; }",
            "const a = [1, 2];",
            "foo.bar(baz); qux();",
            "<div class=\"a\">b</div>",
            "def f(a): return a(1)",
        ] {
            assert!(says_nothing(nothing), "{nothing}");
        }
    }

    #[test]
    fn words_beside_a_link_or_a_sign_are_read() {
        for something in [
            "fee?",
            "ok",
            "what is https://bank.test/pay for",
            "\u{5361}",
            "is this one real: www.bank.test/login",
            "what does code(17) on my statement mean, and is it bad?",
            "fee (monthly)",
            "Fee(s) for card(s)?",
            "Branch(es) and hour(s)?",
            "ATM limit(s): debit card(s)?",
            "can I pay <5 dollars>",
            "card fees -> how much",
        ] {
            assert!(!says_nothing(something), "{something}");
        }
    }
}
