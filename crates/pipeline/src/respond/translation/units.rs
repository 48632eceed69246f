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
    /// Empty, or no word, where marks stand alone: that is kept, and no model is given it.
    text: String,
    /// `[1][2]`.
    marks: String,
}

impl Unit {
    /// Whether there is something to translate.
    fn says(&self) -> bool {
        self.text.contains(char::is_alphanumeric)
    }
}

/// An answer in its lines.
#[derive(Debug)]
pub(super) struct Units(Vec<Vec<Unit>>);

impl Units {
    /// Cuts an answer. The house's own line, which names documents by their titles (`named`), is left out: the citations
    /// do that. Nothing else is: what a sentence says that looks like it stays.
    /// None where there is nothing to translate, or too much, or where a word of it would be lost.
    pub(super) fn of(answer: &str, named: Option<&str>) -> Option<Units> {
        let own = |line: &&str| named != Some(*line);
        let mut lines: Vec<Vec<Unit>> = answer.lines().filter(own).map(line).collect();
        while lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        let units = Units(lines);
        let texts: Vec<String> = units.texts().map(str::to_owned).collect();
        let said = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
        let all: String = answer.lines().filter(own).map(said).collect();
        let whole = said(&units.with(&texts)) == all;
        (whole && (1..=MOST).contains(&texts.len())).then_some(units)
    }

    /// What is translated, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flatten().filter(|unit| unit.says()).map(|unit| unit.text.as_str())
    }

    /// The answer with these in the place of its pieces.
    pub(super) fn with(&self, translated: &[String]) -> String {
        let mut translated = translated.iter();
        let mut line = |units: &Vec<Unit>| {
            let mut out = String::new();
            for unit in units {
                let (text, apart) = match unit.says() {
                    true => (translated.next().map_or("", |said| said.trim()), true),
                    false => (unit.text.as_str(), false),
                };
                for (piece, apart) in [(unit.item.as_str(), true), (text, apart), (unit.marks.as_str(), true)]
                {
                    if apart && !piece.is_empty() && !out.is_empty() && !out.ends_with(' ') {
                        out.push(' ');
                    }
                    out.push_str(piece);
                }
            }
            out
        };
        self.0.iter().map(&mut line).collect::<Vec<_>>().join("\n")
    }
}

fn line(line: &str) -> Vec<Unit> {
    let mut item = ITEM.find(line).map_or("", |found| found.as_str());
    let mut rest = &line[item.len()..];
    let mut units = Vec::new();
    while !(rest.trim().is_empty() && item.is_empty()) {
        let (text, marks, behind) = match MARKS.find(rest) {
            Some(found) => (&rest[..found.start()], found.as_str(), &rest[found.end()..]),
            None => (rest, "", ""),
        };
        let [text, marks] = [text, marks].map(|part| part.trim().to_owned());
        units.push(Unit { item: item.to_owned(), text, marks });
        (item, rest) = ("", behind);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMED: Option<&str> = Some("From: Cards [1]; Fees [2].");

    #[test]
    fn an_answer_is_cut_at_its_citations_and_put_together_as_it_was() {
        let answer = "A card costs $10. [1] It is sent. [2][3] “Ask.” [1]\n- Open the app [2]\n2. Tap Lock. [2]\n\nFree | $0 \
                      [4]\nno source\n\nFrom: Cards [1]; Fees [2].";
        let units = Units::of(answer, NAMED).unwrap();
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
        assert!(Units::of("", None).is_none() && Units::of("From: Cards [1]; Fees [2].", NAMED).is_none());
        assert!(Units::of(&"A. [1] ".repeat(MOST + 1), None).is_none());
    }

    #[test]
    fn a_mark_that_stands_first_loses_nothing_that_follows() {
        for (answer, said) in [
            ("[1] Fees are rounded. [3]", vec!["Fees are rounded."]),
            (
                "- [1][2] Fees are rounded. [3] A card costs $10.",
                vec!["Fees are rounded.", "A card costs $10."],
            ),
            ("[1]\nFees are rounded. [2]", vec!["Fees are rounded."]),
            ("2. \nFees are rounded. [2]", vec!["Fees are rounded."]),
        ] {
            let units = Units::of(answer, NAMED).unwrap();
            assert_eq!(units.texts().collect::<Vec<_>>(), said, "{answer}");
            let same: Vec<String> = said.iter().map(|said| (*said).to_owned()).collect();
            assert_eq!(units.with(&same), answer);
        }
    }

    #[test]
    fn a_sentence_that_begins_like_the_houses_line_is_a_sentence() {
        let answer = "From: 1 July the fee is $4 [1].\nFrom: Cards the desk is open. [2]\n\nFrom: Cards [1]; Fees [2].";
        let texts = |named: Option<&str>| -> Vec<String> {
            Units::of(answer, named).unwrap().texts().map(str::to_owned).collect()
        };
        let sentences = ["From: 1 July the fee is $4", "From: Cards the desk is open."];
        assert_eq!(texts(NAMED), sentences);
        assert_eq!(texts(None), [&sentences[..], &["From: Cards", "; Fees"][..]].concat());
        let units = Units::of(answer, NAMED).unwrap();
        let whole = units.with(&sentences.map(str::to_owned));
        assert_eq!(whole, answer.strip_suffix("\n\nFrom: Cards [1]; Fees [2].").unwrap());
    }
}
