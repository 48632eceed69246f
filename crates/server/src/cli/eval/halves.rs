//! Questions in two halves: those at odd lines measure, those at even lines may be looked at, and `--misses` shows only
//! them. So nothing is fitted to what measures.

use std::collections::{HashMap, HashSet};

use contactiq_domain::{Outcome, Record};
use contactiq_guard::{Masked, Raw};
use contactiq_pipeline::House;

use super::{
    Figure, Share,
    questions::{Expect, Question, miss, states},
};
use crate::cli::{ask, output};

/// An answer that isn't steps or a table has at most so many words.
const MOST_WORDS: usize = 120;

#[derive(Default)]
pub(super) struct Half {
    right: Share,
    wrong: Share,
    document: Share,
    escalated: Share,
    trigger: Share,
    needless: Share,
}

/// Asks all of them, one after the other; `judged` hears of each whether it was answered as expected.
pub(super) async fn asked(
    house: &House,
    (questions, what): (&[Question], &str),
    misses: bool,
    mut judged: impl FnMut(usize, bool),
) -> Result<[Half; 2], Box<dyn std::error::Error + Send + Sync>> {
    let bar = output::bar(what, questions.len());
    let mut conversations = HashMap::new();
    let mut halves = [Half::default(), Half::default()];
    for (at, question) in questions.iter().enumerate() {
        let known = question.conversation().and_then(|c| conversations.get(c).copied());
        let record = ask::ask(house, question.mode, Raw::new(question.question.clone()), known).await?;
        if let Some(name) = question.conversation() {
            conversations.insert(name.to_owned(), record.conversation);
        }
        let may_look = at % 2 == 1;
        let is_right = judge(question, &record, &mut halves[usize::from(may_look)]);
        judged(at, is_right);
        if !is_right && misses && may_look {
            miss(question, &record);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(halves)
}

/// Whether the record is what was expected.
fn judge(question: &Question, record: &Record<Masked>, half: &mut Half) -> bool {
    let answer = record.answer.as_str();
    let answered = record.outcome == Outcome::Resolved;
    let escalated = record.outcome == Outcome::Escalated;
    if question.expect != Expect::Answer {
        half.escalated.count(escalated);
        half.trigger.count(escalated && record.trigger == question.trigger);
        half.wrong.count(answered);
        return escalated && record.trigger == question.trigger;
    }
    let cited: HashSet<&str> = record.citations.iter().map(|c| c.document.as_str()).collect();
    let document = question.documents.iter().any(|d| cited.contains(d.as_str()));
    let facts = question.facts.iter().all(|fact| states(answer, fact));
    let long =
        answer.lines().filter(|l| !l.starts_with('|')).map(|l| l.split_whitespace().count()).sum::<usize>();
    let right = answered && facts && long <= MOST_WORDS;
    half.right.count(right);
    half.wrong.count(answered && !facts && !document);
    half.needless.count(escalated);
    if answered {
        half.document.count(document);
    }
    right
}

/// The rows of a set; the half that was looked at stands in the text.
pub(super) fn rows(id: &'static str, set: &str, [measured, looked_at]: &[Half; 2]) -> Vec<Figure> {
    let row = |measure: &str, of: fn(&Half) -> Share, target: f64, at_most: bool| {
        let text = format!("{set}: {measure}; the other half {:.1} %", of(looked_at).value() * 100.0);
        let make = if at_most { Figure::share_at_most } else { Figure::share_at_least };
        make(id, text, of(measured), target)
    };
    vec![
        row("every asked fact in at most 120 words", |h| h.right, 0.85, false),
        row("wrong, or answered though it must not be", |h| h.wrong, 0.02, true),
        row("answers that cite a right document", |h| h.document, 0.97, false),
        row("escalated when it must", |h| h.escalated, 0.95, false),
        row("… with the right trigger", |h| h.trigger, 0.9, false),
        row("escalated needlessly", |h| h.needless, 0.04, true),
    ]
}
