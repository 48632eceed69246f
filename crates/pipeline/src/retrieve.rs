//! Step 3: the passages that may answer, from the mode's own collections and valid today (P6).

use std::time::Instant;

use contactiq_domain::{Collection, Mode, Routing, Step};
use contactiq_nlu::index::{Hit, Query};
use time::Date;

use crate::{Found, House, Knowledge, turn::Turn};

/// How many passages are looked at.
pub(crate) const PASSAGES: usize = 8;
/// In banker mode a staff passage is preferred to a customer passage that is as good.
const OTHER_COLLECTION: f64 = 0.92;

/// Finds passages: what step 3 does and `contactiq knowledge search` prints.
#[must_use]
pub fn search(
    knowledge: &Knowledge,
    collections: &[Collection],
    today: Date,
    text: &str,
    vector: Option<&[f32]>,
    k: usize,
) -> Vec<Found> {
    let keep = keep(knowledge, collections, today);
    let hits = knowledge.index.search(&Query { text, vector, keep: &keep, k: hits(k) });
    ranked(knowledge, collections, hits, k)
}

/// Which passages may be found.
pub(crate) fn keep(knowledge: &Knowledge, collections: &[Collection], today: Date) -> impl Fn(usize) -> bool {
    move |passage| {
        let document = knowledge.document_of(passage);
        collections.contains(&document.collection) && document.is_valid_on(today)
    }
}

/// Hits that the best `k` are chosen from.
pub(crate) fn hits(k: usize) -> usize {
    k * 2
}

/// The best of the index's hits.
pub(crate) fn ranked(
    knowledge: &Knowledge,
    collections: &[Collection],
    hits: Vec<Hit>,
    k: usize,
) -> Vec<Found> {
    let mut found: Vec<Found> = hits
        .into_iter()
        .map(|hit| {
            let document = knowledge.passages[hit.entry].0;
            let preferred = collections.first() == Some(&knowledge.documents[document].collection);
            let score = if preferred { hit.score } else { hit.score * OTHER_COLLECTION };
            Found {
                passage: hit.entry,
                document,
                score,
                bm25: hit.bm25,
                cosine: hit.cosine,
                coverage: hit.coverage,
            }
        })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(k);
    found
}

pub(crate) fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let greeting = turn.understanding.as_ref().is_some_and(|u| u.intent.as_str() == "greeting");
    if greeting || !matches!(turn.routing, Routing::Answer | Routing::Guide) {
        turn.trace(Step::Retrieve, since, "skipped", "the route needs no passages");
        return;
    }
    let mode: Mode = turn.mode();
    let today = house.clock.now().date();
    turn.found =
        search(&turn.knowledge, mode.collections(), today, &turn.query, turn.vector.as_deref(), PASSAGES);
    let detail = match turn.found.first() {
        Some(best) => format!(
            "{} passages; best {}/{} with score {:.2}",
            turn.found.len(),
            turn.knowledge.documents[best.document].collection,
            turn.knowledge.documents[best.document].slug,
            best.score
        ),
        None => "no passage in this collection is valid today and matches".to_owned(),
    };
    let outcome = if turn.found.is_empty() { "nothing" } else { "found" };
    turn.trace(Step::Retrieve, since, outcome, detail);
}
