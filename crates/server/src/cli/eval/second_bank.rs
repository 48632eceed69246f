//! Row U16 on a bank of its own: documents that nothing here was tuned to, and questions on them.
//!
//! Questions at odd lines measure; those at even lines may be looked at, and `--misses` shows only them.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

use contactiq_domain::{Outcome, Record, ids::DocumentId};
use contactiq_guard::{Masked, Raw};
use contactiq_store::documents;

use super::{
    Figure, Share, house,
    questions::{Expect, Question, miss, states},
    retrieval,
};
use crate::{
    app,
    cli::{ask, jsonl, output, scratch::Scratch},
    config::Config,
    wiring::SystemIds,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// An answer that isn't steps or a table has at most so many words.
const MOST_WORDS: usize = 120;

#[derive(Default)]
struct Half {
    right: Share,
    wrong: Share,
    document: Share,
    escalated: Share,
    trigger: Share,
    needless: Share,
}

pub(super) async fn figures(config: &Config, folder: &Path, misses: bool) -> Result<Vec<Figure>, Failure> {
    let questions: Vec<Question> = jsonl::file(&folder.join("questions.jsonl"))?;
    let mut scratch = Scratch::beside(config)?;
    scratch.config.server.demo = false;
    load(&scratch.config, &folder.join("documents")).await?;
    let house = house(&scratch.config).await?;
    let bar = output::bar("asking about another bank", questions.len());
    let mut conversations = HashMap::new();
    let mut halves = [Half::default(), Half::default()];
    for (at, question) in questions.iter().enumerate() {
        let known = question.conversation.as_ref().and_then(|c| conversations.get(c).copied());
        let record = ask::ask(&house, question.mode, Raw::new(question.question.clone()), known).await?;
        if let Some(name) = &question.conversation {
            conversations.insert(name.clone(), record.conversation);
        }
        let may_look = at % 2 == 1;
        if !judge(question, &record, &mut halves[usize::from(may_look)]) && misses && may_look {
            miss(question, &record);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    let measuring = questions.iter().step_by(2);
    let mut figures = retrieval::figures(&scratch.config, &house, measuring)?;
    house.store.close().await;
    let [measured, looked_at] = &halves;
    figures.extend(rows(measured, looked_at));
    Ok(figures)
}

/// Puts the folder's documents in the scratch ledger.
pub(in crate::cli) async fn load(config: &Config, folder: &Path) -> Result<(), Failure> {
    let store = app::open_store(config).await?;
    let mut drafts = Vec::new();
    for collection in std::fs::read_dir(folder)? {
        for file in std::fs::read_dir(collection?.path())? {
            let path = file?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            drafts.push(contactiq_ingest::parse(&name, &std::fs::read(&path)?, None)?);
        }
    }
    let mut w = store.write().await?;
    for draft in drafts {
        let (document, passages) = draft.into_document(DocumentId::new(&SystemIds));
        documents::put(&mut w, &document, &passages).await?;
    }
    w.save().await?;
    store.close().await;
    Ok(())
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

fn rows(measured: &Half, looked_at: &Half) -> Vec<Figure> {
    let row = |measure: &str, of: fn(&Half) -> Share, target: f64, at_most: bool| {
        let text = format!("another bank: {measure}; the other half {:.1} %", of(looked_at).value() * 100.0);
        let make = if at_most { Figure::share_at_most } else { Figure::share_at_least };
        make("U16", text, of(measured), target)
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
