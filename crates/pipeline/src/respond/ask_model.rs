//! A fluent answer by a language model, held to the same evidence: every sentence that leaves cites
//! a passage that was given and states no figure that is not in it. What fails falls back to the
//! extractive answer; requests carry masked text alone.

use std::borrow::Cow;

use contactiq_domain::interaction::Tokens;
use contactiq_guard::Published;
use contactiq_llm::{Chain, Exchange, NumberedPassage, Prompt};
use contactiq_nlu::text;

use super::{compose, contested::uncontested, grounding};
use crate::{
    Found, House,
    turn::{Draft, Turn},
};

/// The version that stands in the step's trace.
const VERSION: &str = "answer-1";
const SYSTEM: &str = include_str!("../../prompts/answer-1.txt");
/// Passages that the model is given.
const PASSAGES: usize = 4;
/// Earlier exchanges that the model is given.
const HISTORY: usize = 3;

/// The model's answer if it stands on the evidence, else the extractive one.
pub(super) async fn fluent(
    house: &House,
    chain: &Chain,
    turn: &Turn,
    extractive: Draft,
) -> (Draft, &'static str, String) {
    let given = given(house, turn);
    let prompt = prompt(house, turn, &given);
    let served = match chain.complete(&prompt, house.model_budget).await {
        Ok(served) => served,
        Err(error) => {
            return (
                extractive,
                "extractive",
                format!("the model did not answer ({}): cited sentences instead", error.code()),
            );
        }
    };
    let completion = &served.completion;
    let tokens = Tokens { input: completion.input_tokens, output: completion.output_tokens };
    let cost = house.prices.cost_of(completion).unwrap_or_default();
    if contactiq_llm::repeats_boundary(&completion.text, &prompt.nonce) {
        let draft = Draft { tokens, cost, ..extractive };
        return (
            draft,
            "extractive",
            format!("{VERSION}: the model repeated its instructions: cited sentences instead"),
        );
    }
    let (kept, citations, removed) = gate(turn, &given, &completion.text);
    if kept.is_empty() {
        let draft = Draft { tokens, cost, ..extractive };
        return (
            draft,
            "extractive",
            format!("{VERSION}: no sentence of the model stood on the evidence: cited sentences instead"),
        );
    }
    let evidence: Vec<&Published> = given.iter().map(|(_, text)| &**text).collect();
    let verdict = house.guard.inspect_output(&kept, &evidence);
    if !verdict.findings.is_empty() {
        let kinds: Vec<String> = verdict.findings.iter().map(|f| f.kind.to_string()).collect();
        let draft = Draft { tokens, cost, ..extractive };
        return (
            draft,
            "extractive",
            format!("{VERSION}: the output guard found {}: cited sentences instead", kinds.join(", ")),
        );
    }
    let detail = format!("{VERSION} by {}; {removed} sentences removed by the gate", served.provider);
    let draft = Draft { text: verdict.text, citations, model: completion.model.clone(), tokens, cost };
    (draft, "generated", detail)
}

/// The passages that the model is given, with what it may read of them.
type Given<'a> = [(usize, Cow<'a, Published>)];

fn given<'a>(house: &House, turn: &'a Turn) -> Vec<(usize, Cow<'a, Published>)> {
    let today = house.clock.now().date();
    let read = |found: &Found| (found.passage, uncontested(&turn.knowledge, found.passage, today));
    turn.found.iter().take(PASSAGES).map(read).collect()
}

fn prompt(house: &House, turn: &Turn, given: &Given<'_>) -> Prompt {
    let passages = given
        .iter()
        .enumerate()
        .map(|(i, (passage, text))| NumberedPassage {
            number: i as u32 + 1,
            title: Published::by_bank(turn.knowledge.document_of(*passage).title.clone()),
            text: text.clone().into_owned(),
        })
        .collect();
    // What a guard refused stays refused: it never comes back as history.
    let fit: Vec<_> = turn.history.iter().filter(|e| e.may_be_leaned_on()).collect();
    let history = fit
        .iter()
        .skip(fit.len().saturating_sub(HISTORY))
        .map(|e| Exchange { question: e.question.clone(), answer: e.answer.clone() })
        .collect();
    Prompt {
        version: VERSION,
        system: Published::by_bank(SYSTEM),
        passages,
        history,
        question: turn.started.question.clone(),
        nonce: house.ids.next().simple().to_string(),
        max_output_tokens: 400,
    }
}

/// Lets through the sentences that cite a given passage and claim only what stands in it. The
/// numbers are given anew in the order of use.
fn gate(turn: &Turn, given: &Given<'_>, answer: &str) -> (String, Vec<contactiq_domain::Citation>, usize) {
    let mut citations = Vec::new();
    let mut lines: Vec<String> = Vec::new();
    let mut removed = 0;
    for line in answer.lines().filter(|l| !l.trim().is_empty()) {
        let mut kept = Vec::new();
        for span in join_citations(line) {
            match admitted(turn, given, &span, &mut citations) {
                Some(sentence) => kept.push(sentence),
                None => removed += 1,
            }
        }
        if !kept.is_empty() {
            lines.push(kept.join(" "));
        }
    }
    (lines.join("\n"), citations, removed)
}

/// Sentences with the citation that follows them: `It costs $10. [1]` is one.
fn join_citations(line: &str) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for span in text::sentences(line) {
        let sentence = span.of(line).trim();
        let only_citation = sentence.starts_with('[') && sentence.trim_end_matches(['.', ' ']).ends_with(']');
        match sentences.last_mut().filter(|_| only_citation) {
            Some(previous) => {
                previous.push(' ');
                previous.push_str(sentence);
            }
            None => sentences.push(sentence.to_owned()),
        }
    }
    sentences
}

fn admitted(
    turn: &Turn,
    given: &Given<'_>,
    sentence: &str,
    citations: &mut Vec<contactiq_domain::Citation>,
) -> Option<String> {
    let (claim, numbers) = without_markers(sentence);
    let cited = numbers
        .iter()
        .map(|n| n.checked_sub(1).and_then(|i| given.get(i)))
        .collect::<Option<Vec<&(usize, Cow<'_, Published>)>>>()?;
    if cited.is_empty() || claim.trim().is_empty() {
        return None;
    }
    let evidence: Vec<&str> = cited.iter().map(|(_, text)| text.as_str()).collect();
    if !grounding::unsupported(&claim, &evidence.join("\n")).is_empty() {
        return None;
    }
    // Figures are held exactly; words by their share, since a model may join and shorten.
    let known: std::collections::BTreeSet<String> =
        evidence.iter().flat_map(|e| text::content_stems(e)).collect();
    let said = text::content_stems(&claim);
    if said.iter().filter(|w| known.contains(*w)).count() * 10 < said.len() * 6 {
        return None;
    }
    let mut out = claim.trim().to_owned();
    for (passage, text) in cited {
        let quote = best_quote(turn, *passage, text.as_str(), &claim);
        let number = compose::cite(&turn.knowledge, *passage, &quote, citations);
        out.push_str(&format!(" [{number}]"));
    }
    Some(out)
}

/// The sentence without `[n]` markers, and their numbers.
fn without_markers(sentence: &str) -> (String, Vec<usize>) {
    let mut claim = String::new();
    let mut numbers = Vec::new();
    let mut rest = sentence;
    while let Some(open) = rest.find('[') {
        let (before, tail) = rest.split_at(open);
        let inner = tail[1..].split(']').next().unwrap_or("");
        match inner.trim().parse::<usize>() {
            Ok(n) if tail[1..].contains(']') => {
                claim.push_str(before.trim_end());
                numbers.push(n);
                rest = &tail[inner.len() + 2..];
            }
            _ => {
                claim.push_str(before);
                claim.push('[');
                rest = &tail[1..];
            }
        }
    }
    claim.push_str(rest);
    (claim, numbers)
}

/// The sentence of the passage, of those that were given, that shares most words with the claim.
fn best_quote(turn: &Turn, passage: usize, given: &str, claim: &str) -> String {
    let words: std::collections::BTreeSet<String> = text::content_stems(claim).into_iter().collect();
    turn.knowledge
        .index
        .sentences(passage)
        .iter()
        .filter(|s| given.contains(s.text.as_str()))
        .max_by_key(|s| text::content_stems(&s.text).iter().filter(|w| words.contains(*w)).count())
        .map(|s| s.text.clone())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_told_from_other_brackets() {
        assert_eq!(without_markers("It costs $10 [1]."), ("It costs $10.".to_owned(), vec![1]));
        assert_eq!(without_markers("See [the app] [2][3]"), ("See [the app]".to_owned(), vec![2, 3]));
        assert_eq!(without_markers("open [1"), ("open [1".to_owned(), vec![]));
    }
}
