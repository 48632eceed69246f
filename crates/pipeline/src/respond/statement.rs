//! What the passages state, one thing each: a sentence, or one cell of a row with the names of its row
//! and its column. A row taken whole says $48 of every product in it.

use std::collections::BTreeSet;

use super::{
    figure::{Figure, figures},
    grounding::topics,
    rows,
};
use crate::turn::Asked;

/// One thing that a passage states.
pub(super) struct Statement {
    /// Number in `Asked::found`.
    found: usize,
    /// Number of the sentence in its passage.
    sentence: usize,
    /// Its words.
    pub(super) text: String,
    /// Whether it is one cell of a row.
    pub(super) is_cell: bool,
    /// Whether it is one that says that there is none.
    pub(super) denies: bool,
    pub(super) figures: Vec<Figure>,
    /// Its content words, and those of the headings and the title above it.
    stems: BTreeSet<String>,
}

impl Statement {
    /// Passage in `Asked::found`, sentence in it.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.found, self.sentence)
    }

    /// Whether it speaks of this stem.
    pub(super) fn holds(&self, stem: &str) -> bool {
        self.stems.contains(stem)
    }
}

/// Every statement of the passages found.
pub(super) fn statements(asked: &Asked<'_>) -> Vec<Statement> {
    let index = &asked.knowledge.index;
    let mut all = Vec::new();
    for (number, found) in asked.found.iter().enumerate() {
        let entry = index.entry(found.passage);
        let place = topics(&format!("{}\n{}", entry.title, entry.headings.join("\n")));
        let sentences = index.sentences(found.passage);
        let prose = || sentences.iter().filter(|s| !s.is_row).flat_map(|s| topics(&s.text));
        for (at, sentence) in sentences.iter().enumerate() {
            let mut state = |text: String, value: &str, is_cell: bool| {
                let denies = is_cell && rows::is_none(value);
                let mut stems: BTreeSet<String> =
                    topics(&text).into_iter().chain(place.iter().cloned()).collect();
                // A bare "none" is of the product that its passage speaks of.
                if denies {
                    stems.extend(prose());
                }
                all.push(Statement {
                    found: number,
                    sentence: at,
                    is_cell,
                    denies,
                    figures: figures(value),
                    stems,
                    text,
                });
            };
            if sentence.is_row {
                let row = Row::of(&sentence.text);
                for (column, value) in &row.cells {
                    state(format!("{} {column} {value}", row.label), value, true);
                }
            } else {
                state(sentence.text.clone(), &sentence.text, false);
            }
        }
    }
    all
}

/// A row as ingestion writes it: `label | Column: value | Column: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Its first cell.
    pub(super) label: &'a str,
    /// Name of the column, which may be empty, and value of each further cell.
    pub(super) cells: Vec<(&'a str, &'a str)>,
}

impl<'a> Row<'a> {
    /// Reads a line.
    pub(super) fn of(line: &'a str) -> Row<'a> {
        let mut cells = line.split(" | ").map(str::trim);
        let label = cells.next().unwrap_or_default();
        let cells = cells.map(|cell| cell.split_once(": ").unwrap_or(("", cell))).collect();
        Row { label, cells }
    }
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Mode;

    use super::*;
    use crate::respond::test_bank;

    #[test]
    fn a_cell_is_a_statement_of_its_own() {
        let knowledge = test_bank::knowledge();
        let question = "annual fee of the Silver card";
        let found = test_bank::found(&knowledge, Mode::Customer, question);
        let asked = Asked { knowledge: &knowledge, query: question, vector: None, found: &found };
        let all = statements(&asked);
        let cell = all.iter().find(|s| s.text == "Annual fee Silver $80").unwrap();
        assert!(cell.is_cell && cell.holds("silver") && !cell.holds("travel"));
        assert_eq!(cell.figures.len(), 1);
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let row = Row::of("Annual fee | Basic: $30 | free");
        assert_eq!(row, Row { label: "Annual fee", cells: vec![("Basic", "$30"), ("", "free")] });
    }
}
