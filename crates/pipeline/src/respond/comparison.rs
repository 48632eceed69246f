//! Products side by side, for staff: the attributes that the passages state of both, as rows; the
//! products as columns; each cell in the document's own words with its citation.

use std::{collections::BTreeSet, sync::LazyLock};

use contactiq_domain::Citation;
use contactiq_nlu::text;
use regex::Regex;

use super::{
    choose::{self, Chosen},
    compose,
    rows::markdown,
    statement::Row,
};
use crate::turn::{Asked, Draft};

/// A table of more rows is a document.
const MOST_ROWS: usize = 14;
/// Nobody compares more products at once.
const MOST_PRODUCTS: usize = 4;
/// Of two products' sentences that say the same, this share of the words is common.
const PARALLEL: f64 = 0.6;

/// What became of a question that compares.
pub(super) enum Comparison {
    /// A table, and the sentences that it is made of.
    Table(Draft, Vec<Chosen>),
    /// One of the products is in no document.
    Unknown,
    /// The passages say nothing of both alike; the sentences answer.
    None,
}

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
    Regex::new(source).expect("a constant pattern")
}

static LIST: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    [
        r"\bdifferences?\b.*?\bbetween\s+(?P<list>[^?.;:!]+)",
        r"\bhow (?:do|does|is|are|would)\s+(?P<list>[^?.;:!]+?)\s+(?:differ|compare|different)\b(?P<rest>\s+(?:from|to|with)\s+[^?.;:!]+)?",
        r"\bcompar(?:e|ing|ison of|ison between|ison for)\s+(?P<list>[^?.;:!]+)",
        r"(?:^|[?.;:!,])\s*(?P<list>[^?.;:!,]+?\s+(?:versus|vs|against|compared (?:to|with))\b\.?\s+[^?.;:!]+)",
    ]
    .map(pattern)
});

static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r",\s*(?:and\s+|or\s+)?|\s+(?:and|or|with|to|from|against|versus|vs\.?|compared (?:to|with))\s+")
});

/// What follows the products is how they are compared.
static AFTER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"\s+(?:for|in terms of|when|regarding|side by side|as a table|in a table|please|on (?:fees?|rates?|price|cost))\b.*$",
    )
});

static ARTICLE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:(?:the|a|an|our|your|both|me|us|about|of)\s+)+"));

/// The products that a question compares; empty where it compares none.
pub(super) fn products(question: &str) -> Vec<String> {
    let lower = question.to_lowercase();
    let Some(found) = LIST.iter().find_map(|p| p.captures(&lower)) else { return Vec::new() };
    let mut list = found.name("list").map_or("", |m| m.as_str()).to_owned();
    list.push_str(found.name("rest").map_or("", |m| m.as_str()));
    let list = AFTER.replace(&list, "");
    let names: Vec<String> = PARTS
        .split(&list)
        .map(|name| ARTICLE.replace(name.trim(), "").into_owned())
        .filter(|name| !text::content_stems(name).is_empty())
        .collect();
    if (2..=MOST_PRODUCTS).contains(&names.len()) { names } else { Vec::new() }
}

/// Compares them in what was found.
pub(super) fn compare(asked: &Asked<'_>, names: &[String]) -> Comparison {
    let stems: Vec<BTreeSet<String>> = names.iter().map(|n| stems_of(n)).collect();
    let mut table = Table { asked, heads: Vec::new(), rows: Vec::new() };
    for number in 0..asked.found.len() {
        table.columns(number, &stems);
        table.rows(number, &stems);
    }
    if table.rows.is_empty() {
        table.sentences(&stems, names);
    }
    if table.rows.is_empty() && unknown(asked, names, &stems) { Comparison::Unknown } else { table.close() }
}

/// Whether one of the products is in no document, and another one names a row, a column or a heading:
/// two things that are no products are compared in other words than the documents have for them.
fn unknown(asked: &Asked<'_>, names: &[String], stems: &[BTreeSet<String>]) -> bool {
    let index = &asked.knowledge.index;
    // What documents call otherwise is not absent: "mortgage" where they say "home loan".
    let absent = |name: &str| {
        index.terms(name).iter().any(|term| term.stem.is_none()) && index.alternatives(name).is_empty()
    };
    let mut labels: Vec<&str> = Vec::new();
    for found in asked.found {
        let entry = index.entry(found.passage);
        labels.push(&entry.title);
        labels.extend(entry.headings.iter().map(String::as_str));
        for row in index.sentences(found.passage).iter().filter(|s| s.is_row).map(|s| Row::of(&s.text)) {
            labels.push(row.label);
            labels.extend(row.cells.iter().map(|(column, _)| *column));
        }
    }
    let product =
        |(name, stems): (&String, &BTreeSet<String>)| !absent(name) && naming(stems, &labels).is_some();
    names.iter().any(|name| absent(name)) && names.iter().zip(stems).any(product)
}

/// A cell: the passage in `Asked::found`, its sentence, and the words.
type Cell = (usize, usize, String);

struct Table<'a> {
    asked: &'a Asked<'a>,
    heads: Vec<String>,
    rows: Vec<(String, Vec<Cell>)>,
}

impl Table<'_> {
    /// Tables whose columns are products.
    fn columns(&mut self, number: usize, names: &[BTreeSet<String>]) {
        let passage = self.asked.found[number].passage;
        for (at, sentence) in self.asked.knowledge.index.sentences(passage).iter().enumerate() {
            let row = Row::of(&sentence.text);
            let columns: Vec<&str> = row.cells.iter().map(|(column, _)| *column).collect();
            if !sentence.is_row {
                continue;
            }
            let Some(hits) = each(names, &columns) else { continue };
            let heads = hits.iter().map(|i| columns[*i].to_owned()).collect();
            let cells = hits.iter().map(|i| (number, at, row.cells[*i].1.to_owned())).collect();
            self.add(heads, row.label, cells);
        }
    }

    /// Tables whose rows are products.
    fn rows(&mut self, number: usize, names: &[BTreeSet<String>]) {
        let passage = self.asked.found[number].passage;
        let sentences = self.asked.knowledge.index.sentences(passage);
        let rows: Vec<(usize, Row<'_>)> = sentences
            .iter()
            .enumerate()
            .filter(|(_, s)| s.is_row)
            .map(|(at, s)| (at, Row::of(&s.text)))
            .collect();
        let labels: Vec<&str> = rows.iter().map(|(_, row)| row.label).collect();
        let Some(hits) = each(names, &labels) else { return };
        for (column, _) in rows[hits[0]].1.cells.iter().filter(|(column, _)| !column.is_empty()) {
            let cell = |i: &usize| {
                let (at, row) = &rows[*i];
                let value = row.cells.iter().find(|(own, _)| own == column)?.1;
                Some((number, *at, value.to_owned()))
            };
            if let Some(cells) = hits.iter().map(cell).collect() {
                self.add(hits.iter().map(|i| labels[*i].to_owned()).collect(), column, cells);
            }
        }
    }

    /// Sentences that say the same of each product: "The Gold card has a rate of …".
    fn sentences(&mut self, names: &[BTreeSet<String>], said: &[String]) {
        let shared = |s: &String| names.iter().all(|n| n.contains(s));
        let telling: Vec<BTreeSet<String>> =
            names.iter().map(|n| n.iter().filter(|s| !shared(s)).cloned().collect()).collect();
        if telling.iter().any(BTreeSet::is_empty) {
            return;
        }
        let any: BTreeSet<&String> = telling.iter().flatten().collect();
        let index = &self.asked.knowledge.index;
        let mut of_each: Vec<Vec<(usize, usize, BTreeSet<String>)>> = vec![Vec::new(); names.len()];
        for (number, found) in self.asked.found.iter().enumerate() {
            for (at, sentence) in index.sentences(found.passage).iter().enumerate().filter(|(_, s)| !s.is_row)
            {
                let stems = stems_of(&sentence.text);
                let held: Vec<usize> = (0..names.len()).filter(|n| telling[*n].is_subset(&stems)).collect();
                if let [only] = held.as_slice() {
                    let rest = stems
                        .iter()
                        .filter(|s| !any.contains(s) && !s.contains(|c: char| c.is_ascii_digit()));
                    of_each[*only].push((number, at, rest.cloned().collect()));
                }
            }
        }
        let parallel = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
            a.intersection(b).count() as f64 >= PARALLEL * a.union(b).count() as f64
        };
        let (first, others) = of_each.split_at(1);
        for (number, at, words) in &first[0] {
            let beside: Option<Vec<&(usize, usize, BTreeSet<String>)>> =
                others.iter().map(|o| o.iter().find(|(_, _, other)| parallel(words, other))).collect();
            let Some(beside) = beside else { continue };
            let text = |n: usize, s: usize| index.sentences(self.asked.found[n].passage)[s].text.clone();
            let cells = std::iter::once((*number, *at, text(*number, *at)))
                .chain(beside.into_iter().map(|(n, s, _)| (*n, *s, text(*n, *s))))
                .collect();
            let entry = index.entry(self.asked.found[*number].passage);
            let label = entry.headings.last().unwrap_or(&entry.title).clone();
            self.add(said.to_vec(), &label, cells);
        }
    }

    fn add(&mut self, heads: Vec<String>, label: &str, cells: Vec<Cell>) {
        let stems = stems_of(label);
        let known = self.rows.iter().any(|(other, own)| {
            stems_of(other) == stems && own.iter().zip(&cells).all(|(a, b)| a.2 == b.2 || a.0 != b.0)
        });
        if known
            || self.rows.len() >= MOST_ROWS
            || (!self.heads.is_empty() && self.heads.len() != heads.len())
        {
            return;
        }
        if self.heads.is_empty() {
            self.heads = heads;
        }
        self.rows.push((label.to_owned(), cells));
    }

    fn close(mut self) -> Comparison {
        let asked = stems_of(self.asked.query);
        let named = |label: &str| {
            let stems = stems_of(label);
            !stems.is_empty() && stems.iter().all(|s| asked.contains(s))
        };
        if self.rows.iter().any(|(label, _)| named(label)) {
            self.rows.retain(|(label, _)| named(label));
        }
        let places: BTreeSet<(usize, usize)> =
            self.rows.iter().flat_map(|(_, cells)| cells.iter().map(|(n, s, _)| (*n, *s))).collect();
        let mut chosen = choose::measured(self.asked, &places.into_iter().collect::<Vec<_>>());
        chosen.sort_by(|a, b| b.score.total_cmp(&a.score));
        if chosen.is_empty() {
            return Comparison::None;
        }
        let knowledge = self.asked.knowledge;
        let mut citations: Vec<Citation> = Vec::new();
        let mut lines = vec![markdown(std::iter::once(String::new()).chain(self.heads.iter().cloned()))];
        lines.push(format!("|{}", "---|".repeat(self.heads.len() + 1)));
        for (label, cells) in &self.rows {
            let cited: Vec<String> = cells
                .iter()
                .map(|(number, sentence, value)| {
                    let passage = self.asked.found[*number].passage;
                    let quote = &knowledge.index.sentences(passage)[*sentence].text;
                    let number = compose::cite(knowledge, passage, quote, &mut citations);
                    format!("{value} [{number}]")
                })
                .collect();
            lines.push(markdown(std::iter::once(label.clone()).chain(cited)));
        }
        Comparison::Table(compose::written(&lines, citations), chosen)
    }
}

fn stems_of(words: &str) -> BTreeSet<String> {
    text::content_stems(words).into_iter().collect()
}

/// For each product the one label that names it; none where a product has no label of its own.
fn each(names: &[BTreeSet<String>], labels: &[&str]) -> Option<Vec<usize>> {
    let mut hits = vec![None; names.len()];
    // "Everyday vs Everyday Gold": the longer name takes its label first.
    let mut order: Vec<usize> = (0..names.len()).collect();
    order.sort_by_key(|name| std::cmp::Reverse(names[*name].len()));
    for name in order {
        let taken = |at: usize| hits.contains(&Some(at));
        let free: Vec<&str> =
            labels.iter().enumerate().map(|(at, label)| if taken(at) { "" } else { *label }).collect();
        hits[name] = Some(naming(&names[name], &free)?);
    }
    hits.into_iter().collect()
}

/// The label that shares most words with a name, all of its own among them or all of the name's.
fn naming(name: &BTreeSet<String>, labels: &[&str]) -> Option<usize> {
    let fit = |label: &&str| {
        let own = stems_of(label);
        let common = own.intersection(name).count();
        let fits = common > 0 && (common == own.len() || common == name.len());
        fits.then_some((common, std::cmp::Reverse(own.len())))
    };
    let fits = labels.iter().enumerate().filter_map(|(at, label)| Some((fit(label)?, at)));
    fits.max_by_key(|(fit, at)| (*fit, std::cmp::Reverse(*at))).map(|(_, at)| at)
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Mode;

    use super::*;
    use crate::respond::test_bank;

    fn table(question: &str) -> Result<String, &'static str> {
        let knowledge = test_bank::knowledge();
        let found = test_bank::found(&knowledge, Mode::Banker, question);
        let asked = Asked { knowledge: &knowledge, query: question, vector: None, found: &found };
        let names = products(question);
        assert!(names.len() > 1, "{question}: {names:?}");
        match compare(&asked, &names) {
            Comparison::Table(draft, chosen) => {
                assert!(!chosen.is_empty() && !draft.citations.is_empty());
                Ok(draft.text.as_str().to_owned())
            }
            Comparison::Unknown => Err("unknown"),
            Comparison::None => Err("none"),
        }
    }

    #[test]
    fn products_are_read_from_the_question() {
        for (question, names) in [
            ("Compare the Low Rate and the Gold card", vec!["low rate", "gold card"]),
            ("What's the difference between a car loan and a home loan?", vec!["car loan", "home loan"]),
            ("How does the Basic card compare with the Silver card?", vec!["basic card", "silver card"]),
            ("Basic vs Silver vs Travel?", vec!["basic", "silver", "travel"]),
            ("saver versus a term deposit: what does each pay?", vec!["saver", "term deposit"]),
            ("comparison of Basic, Silver and Travel for fees", vec!["basic", "silver", "travel"]),
            ("What is the annual fee of the Gold card?", vec![]),
            ("How do I compare?", vec![]),
        ] {
            assert_eq!(products(question), names, "{question}");
        }
    }

    #[test]
    fn columns_that_are_products_stand_side_by_side() {
        assert_eq!(
            table("Compare the Basic and the Travel card").unwrap().lines().take(4).collect::<Vec<_>>(),
            [
                "|  | Basic | Travel |",
                "|---|---|---|",
                "| Annual fee | $30 [1] | $150 [1] |",
                "| Purchase rate | 11.5% [1] | 19% [1] |",
            ]
        );
    }

    #[test]
    fn an_attribute_that_is_named_stands_alone() {
        let table = table("What is the difference in purchase rate between Silver and Travel?").unwrap();
        assert_eq!(table, "|  | Silver | Travel |\n|---|---|---|\n| Purchase rate | 17.25% [1] | 19% [1] |");
    }

    #[test]
    fn rows_that_are_products_become_columns() {
        assert_eq!(
            table("difference between a home loan and a car loan?").unwrap(),
            "|  | Home loan | Car loan |\n|---|---|---|\n| Establishment fee | $600 [1] | $250 [1] |\n| Longest term | 30 years [1] | 7 years [1] |"
        );
    }

    #[test]
    fn sentences_that_say_the_same_stand_side_by_side() {
        let table = table("How does the Plain Account differ from the Youth Account?").unwrap();
        assert!(table.contains("monthly fee of $6. [1]") && table.contains("no monthly fee. [1]"), "{table}");
    }

    #[test]
    fn a_name_that_begins_another_one_has_the_label_that_is_left() {
        let names = ["Everyday", "Everyday Gold"].map(stems_of);
        let labels = ["Everyday Gold account", "Everyday account"];
        assert_eq!(each(&names, &labels), Some(vec![1, 0]));
        assert_eq!(each(&names, &labels[..1]), None, "each needs a label of its own");
    }

    #[test]
    fn a_product_that_no_document_names_is_unknown() {
        assert_eq!(table("Compare the Silver card and the Diamond card"), Err("unknown"));
        assert_eq!(table("What is compared with its value, the weight or the colour?"), Err("none"));
    }
}
