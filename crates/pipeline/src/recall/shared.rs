//! An answer as the replicas of a cluster remember it for each other: its text sealed, the rest as it stands in the
//! record. It is of one version of the knowledge, in which passages have the same numbers everywhere.

use std::{fmt::Write, sync::Arc};

use contactiq_domain::{Citation, Probability, Routing, StepTrace, Trigger, Understanding};
use contactiq_store::SharedAnswers;
use serde::{Deserialize, Serialize};

use super::{Answered, Key};
use crate::{Found, Knowledge, score::Judged, turn::Draft};

/// What stands beside the text.
#[derive(Serialize, Deserialize)]
struct Beside {
    version: String,
    leanings: Vec<(Trigger, f64)>,
    understanding: Understanding,
    routing: Routing,
    found: Vec<Found>,
    citations: Vec<Citation>,
    model: String,
    judged: Option<Judged>,
    confidence: Probability,
    steps: Vec<StepTrace>,
}

/// The answer under this key, where it is of this knowledge.
pub(super) async fn get(shared: &SharedAnswers, key: &Key, knowledge: Arc<Knowledge>) -> Option<Answered> {
    let (text, beside) = shared.get(&name(key)).await?;
    // What another version of the program wrote is no answer of ours.
    let beside: Beside = serde_json::from_str(&beside).ok()?;
    let known = |found: &Found| knowledge.passages.get(found.passage).is_some_and(|p| p.0 == found.document);
    if beside.version != knowledge.version || !beside.found.iter().all(known) {
        return None;
    }
    let Beside {
        leanings, understanding, routing, found, citations, model, judged, confidence, steps, ..
    } = beside;
    // What it cost was paid by whoever asked first.
    let draft = Draft { text, citations, model };
    Some(Answered { leanings, understanding, routing, knowledge, found, draft, judged, confidence, steps })
}

/// Keeps an answer for the other replicas.
pub(super) async fn keep(shared: &SharedAnswers, key: &Key, answered: &Answered) {
    let beside = Beside {
        version: answered.knowledge.version.clone(),
        leanings: answered.leanings.clone(),
        understanding: answered.understanding.clone(),
        routing: answered.routing,
        found: answered.found.clone(),
        citations: answered.draft.citations.clone(),
        model: answered.draft.model.clone(),
        judged: answered.judged,
        confidence: answered.confidence,
        steps: answered.steps.clone(),
    };
    if let Ok(beside) = serde_json::to_string(&beside) {
        shared.keep(&name(key), &answered.draft.text, &beside).await;
    }
}

fn name(key: &Key) -> String {
    key.iter().fold(String::with_capacity(64), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}
