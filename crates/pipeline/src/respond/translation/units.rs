//! An answer in pieces that are translated alone: each with its citations behind it, which no model is given.

use std::sync::LazyLock;

use regex::Regex;

/// Pieces of one answer; more is no answer of ours.
const MOST: usize = 40;

#[expect(clippy::expect_used, reason = "constant patterns, compiled by the test of this file")]
static MARKS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:\s*\[\d+\])+").expect("a constant pattern"));
#[expect(clippy::expect_used, reason = "constant patterns, compiled by the test of this file")]
static ITEM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(?:- |\d+[.)] )").expect("a constant pattern"));

/// A piece of a line.
#[derive(Debug, PartialEq, Eq)]
struct Unit {
    /// `- ` or `2. `.
    item: String,
    text: String,
    /// ` [1][2]`.
    marks: String,
}

/// An answer in its lines.
#[derive(Debug)]
pub(super) struct Units(Vec<Vec<Unit>>);

impl Units {
    /// Cuts an answer. The house's last line, which names documents by their titles, is left out: the citations do that.
    /// None where there is nothing to translate, or too much.
    pub(super) fn of(answer: &str) -> Option<Units> {
        let lines = answer.lines().filter(|line| !line.starts_with("From: "));
        let mut lines: Vec<Vec<Unit>> = lines.map(line).collect();
        while lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        let units = Units(lines);
        (1..=MOST).contains(&units.texts().count()).then_some(units)
    }

    /// What is translated, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().map(|unit| unit.text.as_str())
    }

    /// The answer with these in the place of its pieces.
    pub(super) fn with(&self, translated: &[String]) -> String {
        let mut translated = translated.iter();
        let mut line = |units: &Vec<Unit>| {
            let pieces = units.iter().map(|unit| {
                let text = translated.next().map_or("", String::as_str);
                format!("{}{}{}", unit.item, text.trim(), unit.marks)
            });
            pieces.collect::<Vec<_>>().join(" ")
        };
        self.0.iter().map(&mut line).collect::<Vec<_>>().join("\n")
    }
}

fn line(line: &str) -> Vec<Unit> {
    let mut item = ITEM.find(line).map_or("", |found| found.as_str());
    let mut rest = &line[item.len()..];
    let mut units = Vec::new();
    while !rest.trim().is_empty() {
        let (text, marks, behind) = match MARKS.find(rest) {
            Some(found) => (&rest[..found.start()], found.as_str(), &rest[found.end()..]),
            None => (rest, "", ""),
        };
        if text.trim().is_empty() {
            return units;
        }
        let marks = if marks.is_empty() { String::new() } else { format!(" {}", marks.trim()) };
        units.push(Unit { item: item.to_owned(), text: text.trim().to_owned(), marks });
        (item, rest) = ("", behind);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_cut_at_its_citations_and_put_together_as_it_was() {
        let answer = "A card costs $10. [1] It is sent. [2][3] “Ask.” [1]\n- Open the app [2]\n2. Tap Lock. [2]\n\nFree | $0 \
                      [4]\nno source\n\nFrom: Cards [1]; Fees [2].";
        let units = Units::of(answer).unwrap();
        let texts: Vec<&str> = units.texts().collect();
        assert_eq!(
            texts,
            [
                "A card costs $10.",
                "It is sent.",
                "“Ask.”",
                "Open the app",
                "Tap Lock.",
                "Free | $0",
                "no source"
            ]
        );
        let same: Vec<String> = texts.iter().map(|t| (*t).to_owned()).collect();
        let (whole, _) = answer.split_once("\n\nFrom").unwrap();
        assert_eq!(units.with(&same), whole);
        assert!(Units::of("").is_none() && Units::of("From: Cards [1].").is_none());
        assert!(Units::of(&"A. [1] ".repeat(MOST + 1)).is_none());
    }
}
