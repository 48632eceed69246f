//! The chosen sentences as an answer: in a natural order, each with its citation, rows and steps
//! as lines of their own. Nothing is in it that is not in the passages.

use std::collections::BTreeSet;

use contactiq_domain::{Citation, Mode, Role};
use contactiq_guard::{Masked, Published};
use contactiq_nlu::{index::Sentence, text};

use super::{choose::Chosen, contested::Dispute, grounding, order, rows};
use crate::{
    Knowledge,
    turn::{Draft, Turn},
};

/// Stands for the model where sentences of the documents were chosen without one.
pub(crate) const EXTRACTIVE: &str = "extractive";

/// Put before an answer whose question rests on something that the documents contradict.
pub(super) const OTHERWISE: &str = "The documents say otherwise:";

/// How an answer is written.
pub(crate) struct Manner<'a> {
    /// The question, which may name columns of a table.
    pub(crate) question: &'a str,
    /// Staff read the document's own words between quotation marks.
    pub(crate) quotes: bool,
    /// What is said first; may be empty.
    pub(crate) opening: &'a str,
}

impl<'a> Manner<'a> {
    /// For the asker of this question.
    pub(crate) fn of(turn: &'a Turn) -> Manner<'a> {
        Manner { question: &turn.query, quotes: turn.mode() == Mode::Banker, opening: "" }
    }
}

/// Makes the draft of one group of sentences a request, in the order in which they are read; what one
/// request was told is not repeated.
pub(crate) fn extractive(knowledge: &Knowledge, manner: &Manner<'_>, requests: &[&[Chosen]]) -> Draft {
    let mut answer = Answer { knowledge, manner, citations: Vec::new(), lines: Vec::new(), open: false };
    let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
    if !manner.opening.is_empty() {
        answer.lines.push(manner.opening.to_owned());
        answer.open = true;
    }
    for (number, chosen) in requests.iter().enumerate() {
        // Another request begins a line of its own.
        answer.open &= number == 0;
        let ordered: Vec<Chosen> = order::natural(knowledge, chosen)
            .into_iter()
            .filter(|c| told.insert((c.passage, c.sentence)) && is_grounded(knowledge, c))
            .collect();
        for run in
            ordered.chunk_by(|a, b| a.passage == b.passage && is_row(knowledge, a) && is_row(knowledge, b))
        {
            answer.add(run);
        }
    }
    answer.close()
}

/// The gate: a sentence whose figures are not in its own passage stays inside.
fn is_grounded(knowledge: &Knowledge, c: &Chosen) -> bool {
    let evidence = knowledge.passages[c.passage].1.text.as_str();
    grounding::unsupported(&knowledge.index.sentences(c.passage)[c.sentence].text, evidence).is_empty()
}

fn is_row(knowledge: &Knowledge, c: &Chosen) -> bool {
    knowledge.index.sentences(c.passage)[c.sentence].is_row
}

/// An answer as it grows.
struct Answer<'a> {
    knowledge: &'a Knowledge,
    manner: &'a Manner<'a>,
    citations: Vec<Citation>,
    lines: Vec<String>,
    /// Whether the last line is a paragraph that goes on.
    open: bool,
}

impl Answer<'_> {
    /// A sentence, or several rows of one passage.
    fn add(&mut self, run: &[Chosen]) {
        let mut rows: Vec<(&str, u32)> = Vec::new();
        for c in run {
            let own = self.knowledge.index.sentences(c.passage);
            let sentence = &own[c.sentence];
            let number = cite(self.knowledge, c.passage, &sentence.text, &mut self.citations);
            if sentence.is_row {
                rows.push((&sentence.text, number));
            } else if sentence.is_step || sentence.is_item || sentence.text.starts_with("- ") {
                self.lines.push(format!("{} [{number}]", self.item(sentence)));
                self.open = false;
            } else {
                self.say(c, own, number);
            }
        }
        if !rows.is_empty() {
            self.lines.extend(rows::lines(&rows, self.manner.question));
            self.open = false;
        }
    }

    /// An item as the document has it; a step without the one before it is no step.
    fn item(&self, sentence: &Sentence) -> String {
        let Some((digits, words)) = sentence.text.split_once(['.', ')']) else {
            return sentence.text.clone();
        };
        let follows = digits.trim().parse::<u32>().ok().is_none_or(|n| {
            let before = format!("{}. ", n.saturating_sub(1));
            n == 1 || self.lines.last().is_some_and(|line| line.starts_with(&before))
        });
        if sentence.is_step && !follows { format!("- {}", words.trim_start()) } else { sentence.text.clone() }
    }

    /// A sentence of a paragraph.
    fn say(&mut self, c: &Chosen, own: &[Sentence], number: u32) {
        let text = &own[c.sentence].text;
        let lead_in = text.trim_end().ends_with(':');
        let said = if self.manner.quotes && !lead_in { format!("“{text}”") } else { text.clone() };
        // Nothing before it says what its "it" is: the heading does.
        let alone = order::leans(text) && order::antecedents(own, c.sentence).is_empty();
        let place = self.knowledge.index.entry(c.passage);
        let subject = place.headings.last().unwrap_or(&place.title);
        let said = if alone { format!("{subject}: {said}") } else { said };
        let cited = format!("{said} [{number}]");
        match self.lines.last_mut().filter(|_| self.open) {
            Some(paragraph) => {
                paragraph.push(' ');
                paragraph.push_str(&cited);
            }
            None => self.lines.push(cited),
        }
        self.open = true;
    }

    fn close(mut self) -> Draft {
        if let Some(from) = self.from() {
            self.lines.push(String::new());
            self.lines.push(from);
        }
        written(&self.lines, self.citations)
    }

    /// Which document said what, where several did, or where the question does not name it. A title's figures are held against the passages
    /// like any other: "Rates of 2024" is no figure of theirs.
    fn from(&self) -> Option<String> {
        let quotes: Vec<&str> = self.citations.iter().map(|c| c.quote.as_str()).collect();
        let quotes = quotes.join("\n");
        let named = named(&self.citations);
        let stated = named.iter().all(|(title, _)| grounding::unsupported(title, &quotes).is_empty());
        let told = named.len() > 1 || named.iter().any(|(title, _)| !is_said(title, self.manner.question));
        (told && stated).then(|| told_from(&self.citations)).flatten()
    }
}

/// The titles of the documents that are cited, each with its markers.
fn named(citations: &[Citation]) -> Vec<(&str, Vec<String>)> {
    let mut named: Vec<(&str, &str, Vec<String>)> = Vec::new();
    for c in citations {
        let marker = format!("[{}]", c.number);
        match named.iter_mut().find(|(document, _, _)| *document == c.document) {
            Some((_, _, markers)) => markers.push(marker),
            None => named.push((&c.document, &c.title, vec![marker])),
        }
    }
    named.into_iter().map(|(_, title, markers)| (title, markers)).collect()
}

/// The house's line of which document said what; none where nothing is cited.
pub(super) fn told_from(citations: &[Citation]) -> Option<String> {
    let from: Vec<String> =
        named(citations).iter().map(|(title, markers)| format!("{title} {}", markers.join(" "))).collect();
    (!from.is_empty()).then(|| format!("From: {}.", from.join("; ")))
}

/// Whether a question has all the words of a title.
pub(super) fn is_said(title: &str, question: &str) -> bool {
    let asked = text::content_stems(question);
    text::content_stems(title).iter().all(|stem| asked.contains(stem))
}

/// The house's own lines as a draft.
pub(super) fn written(lines: &[String], citations: Vec<Citation>) -> Draft {
    Draft {
        text: Masked::from_published(&Published::by_bank(lines.join("\n"))),
        citations,
        model: EXTRACTIVE.to_owned(),
    }
}

/// The number under which a passage is cited: one a passage, in order of first use.
pub(crate) fn cite(knowledge: &Knowledge, passage: usize, quote: &str, citations: &mut Vec<Citation>) -> u32 {
    let document = knowledge.document_of(passage);
    let name = format!("{}/{}", document.collection, document.slug);
    let position = knowledge.passages[passage].1.position;
    if let Some(known) = citations.iter().find(|c| c.document == name && c.passage == position) {
        return known.number;
    }
    let number = citations.len() as u32 + 1;
    citations.push(Citation {
        number,
        document: name,
        title: document.title.clone(),
        url: document.url.clone(),
        quote: quote.to_owned(),
        passage: position,
        headings: knowledge.passages[passage].1.headings.clone(),
        content_type: document.content_type,
        version: document.version,
        as_at: document.valid_from.map(|day| day.to_string()),
        hosted: knowledge.hosted_file(passage).cloned(),
    });
    number
}

/// Both sides of a conflict, each with the sentence that contradicts the other; a side that somebody of
/// this role may not see is not told.
pub(crate) fn cite_both(knowledge: &Knowledge, role: Role, dispute: Dispute) -> Vec<Citation> {
    let mut citations = Vec::new();
    let may_see = |(passage, _): &(usize, usize)| knowledge.document_of(*passage).is_for(role);
    for (passage, sentence) in [dispute.one, dispute.other].into_iter().filter(may_see) {
        let quote = &knowledge.index.sentences(passage)[sentence].text;
        cite(knowledge, passage, quote, &mut citations);
    }
    citations
}
