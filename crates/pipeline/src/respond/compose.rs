//! The chosen sentences as an answer: in a natural order, each with its citation, rows and steps
//! as lines of their own. Nothing is in it that is not in the passages.

use contactiq_domain::{
    Citation,
    interaction::{NanoUsd, Tokens},
    knowledge::ContentType,
};
use contactiq_guard::{Masked, Published};

use super::{choose::Chosen, contested::Dispute, grounding};
use crate::{Knowledge, turn::Draft};

/// Said when an answer uses illustrative content (P7).
const SYNTHETIC_NOTE: &str =
    "Note: part of this comes from an illustrative example, not from the bank's terms.";

/// Makes the draft of one group of sentences a request. In each the best sentence comes first, and
/// the others follow in the order of their passages; what one request was told is not repeated.
pub(crate) fn extractive(knowledge: &Knowledge, requests: &[&[Chosen]]) -> Draft {
    let mut ordered: Vec<(usize, &Chosen)> = Vec::new();
    for (number, chosen) in requests.iter().enumerate() {
        let best_passage = chosen.first().map(|c| c.passage);
        let mut own: Vec<&Chosen> = chosen.iter().collect();
        own.sort_by_key(|c| (Some(c.passage) != best_passage, c.found, c.sentence));
        for c in own {
            if !ordered.iter().any(|(_, o)| (o.passage, o.sentence) == (c.passage, c.sentence)) {
                ordered.push((number, c));
            }
        }
    }

    let mut citations: Vec<Citation> = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    let mut in_paragraph = false;
    let mut before = 0;
    for (request, c) in ordered {
        in_paragraph &= request == before;
        before = request;
        let sentence = &knowledge.index.sentences(c.passage)[c.sentence];
        // The gate: a sentence whose figures are not in its own passage stays inside.
        let evidence = knowledge.passages[c.passage].1.text.as_str();
        if !grounding::unsupported(&sentence.text, evidence).is_empty() {
            continue;
        }
        let number = cite(knowledge, c.passage, &sentence.text, &mut citations);
        let text = readable(&sentence.text);
        let is_line = sentence.is_row || sentence.is_step || text.starts_with("- ");
        let cited = format!("{text} [{number}]");
        match lines.last_mut().filter(|_| in_paragraph && !is_line) {
            Some(paragraph) => {
                paragraph.push(' ');
                paragraph.push_str(&cited);
            }
            None => lines.push(cited),
        }
        in_paragraph = !is_line;
    }
    if citations.iter().any(|c| c.content_type == ContentType::Synthetic) {
        lines.push(String::new());
        lines.push(SYNTHETIC_NOTE.to_owned());
    }
    Draft {
        text: Masked::from_published(&Published::by_bank(lines.join("\n"))),
        citations,
        model: "extractive".to_owned(),
        tokens: Tokens::default(),
        cost: NanoUsd::default(),
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
    });
    number
}

/// Both sides of a conflict, each with the sentence that contradicts the other.
pub(crate) fn cite_both(knowledge: &Knowledge, dispute: Dispute) -> Vec<Citation> {
    let mut citations = Vec::new();
    for (passage, sentence) in [dispute.one, dispute.other] {
        let quote = &knowledge.index.sentences(passage)[sentence].text;
        cite(knowledge, passage, quote, &mut citations);
    }
    citations
}

/// A row `Card | Amount: $10 | When: now` reads `- Card: amount $10; when now`-like, word for word.
fn readable(sentence: &str) -> String {
    let mut cells = sentence.split(" | ");
    let first = cells.next().unwrap_or_default();
    let rest: Vec<&str> = cells.collect();
    if rest.is_empty() { first.to_owned() } else { format!("- {first}: {}", rest.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_reads_as_a_line() {
        assert_eq!(
            readable("Replacement card | Amount: $10 | When: ordered"),
            "- Replacement card: Amount: $10; When: ordered"
        );
        assert_eq!(readable("A card costs $10."), "A card costs $10.");
    }
}
