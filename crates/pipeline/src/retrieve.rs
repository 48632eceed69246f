//! Step 3: the passages that may answer, from the mode's own collections, for the asker's role and valid
//! today (P6). What several passages say alike takes one place, and a product that is named comes first.

use std::{cmp::Reverse, time::Instant};

use contactiq_domain::{Collection, Document, Mode, Role, Routing, Step, Understanding};
use contactiq_nlu::index::{Hit, Query};
use time::Date;

use crate::{
    Found, House, Knowledge,
    duplicates::{Saying, say_the_same},
    hosted,
    lately::Searched,
    products::product,
    turn::Turn,
};

/// How many passages are looked at.
pub(crate) const PASSAGES: usize = 8;
/// In banker mode a staff passage is preferred to a customer passage that is as good.
const OTHER_COLLECTION: f64 = 0.92;
/// A passage of a product that the question does not name, where it names one.
const OTHER_PRODUCT: f64 = 0.8;
/// Passages looked at for each that is wanted: copies and other products leave places.
const SPARE: usize = 4;

/// Which passages may be found at all.
#[derive(Debug, Clone, Copy)]
pub struct Filter<'a> {
    /// Collections, the preferred one first.
    pub collections: &'a [Collection],
    /// The asker's role.
    pub role: Role,
    /// The day on which documents must be valid.
    pub day: Date,
    /// This product alone, and what speaks of no product.
    pub product: Option<&'a str>,
}

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub struct Sought<'a> {
    /// The question.
    pub text: &'a str,
    /// The vector of [`Knowledge::for_its_vector`].
    pub vector: Option<&'a [f32]>,
    /// How many passages at most.
    pub k: usize,
}

/// Finds passages: what step 3 does and `contactiq knowledge search` prints.
#[must_use]
pub fn search(knowledge: &Knowledge, filter: &Filter<'_>, sought: &Sought<'_>) -> Vec<Found> {
    let keep = keep(knowledge, filter);
    let Sought { text, vector, k } = *sought;
    let hits = knowledge.index.search(&Query { text, vector, keep: &keep, k: hits(k) });
    ranked(knowledge, filter, sought, hits)
}

/// Which passages may be found.
pub(crate) fn keep(knowledge: &Knowledge, filter: &Filter<'_>) -> impl Fn(usize) -> bool {
    move |passage| {
        let own = knowledge.products.of_document(knowledge.passages[passage].0);
        let other = filter.product.zip(own).is_some_and(|(wanted, own)| !own.eq_ignore_ascii_case(wanted));
        !other && filter.keeps(knowledge.document_of(passage))
    }
}

impl Filter<'_> {
    /// Whether passages of this document may be found.
    pub(crate) fn keeps(&self, document: &Document<()>) -> bool {
        let of_product = || match (self.product, product(document)) {
            (Some(wanted), Some(own)) => own.eq_ignore_ascii_case(wanted),
            _ => true,
        };
        self.collections.contains(&document.collection)
            && document.is_valid_on(self.day)
            && document.is_for(self.role)
            && of_product()
    }
}

/// Hits that the best `k` are chosen from.
pub(crate) fn hits(k: usize) -> usize {
    k.saturating_mul(SPARE)
}

/// The best of the index's hits, whichever engine compared the vectors.
pub(crate) fn ranked(
    knowledge: &Knowledge,
    filter: &Filter<'_>,
    sought: &Sought<'_>,
    hits: Vec<Hit>,
) -> Vec<Found> {
    let named = knowledge.products.named(knowledge, sought.text);
    let mut found: Vec<Found> = hits
        .into_iter()
        .map(|hit| {
            let document = knowledge.passages[hit.entry].0;
            let of = &knowledge.documents[document];
            let mut score = hit.score;
            if filter.collections.first() != Some(&of.collection) {
                score *= OTHER_COLLECTION;
            }
            if !named.is_empty()
                && knowledge.products.of_document(document).is_some_and(|own| !named.contains(own))
            {
                score *= OTHER_PRODUCT;
            }
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
    collapse(knowledge, filter, found, sought.k)
}

/// Leaves one of the passages that say the same, at the place of the best of them.
fn collapse(knowledge: &Knowledge, filter: &Filter<'_>, found: Vec<Found>, k: usize) -> Vec<Found> {
    let mut kept: Vec<Found> = Vec::new();
    for next in found {
        let twin = kept.iter().position(|own| {
            of_the_same(knowledge, own, &next)
                && say_the_same(saying(knowledge, own.passage), saying(knowledge, next.passage))
        });
        match twin.map(|at| &mut kept[at]) {
            // The better copy takes the place of the one that was kept.
            Some(own) if worth(knowledge, filter, &next) > worth(knowledge, filter, own) => {
                *own = Found { score: own.score, ..next };
            }
            Some(_) => {}
            None => {
                if kept.len() < k {
                    kept.push(next);
                }
            }
        }
    }
    kept
}

/// "There is no fee" of the gold card is not that of the platinum card: what stands above both must not
/// name two things.
fn of_the_same(knowledge: &Knowledge, a: &Found, b: &Found) -> bool {
    let product_of = |found: &Found| knowledge.products.of_document(found.document);
    let products = product_of(a).zip(product_of(b));
    if products.is_some_and(|(a, b)| a != b) {
        return false;
    }
    let [a, b] = [a, b].map(|found| knowledge.index.stems_around(found.passage));
    let within = |a: &[u32], b: &[u32]| a.iter().all(|stem| b.binary_search(stem).is_ok());
    within(&a, &b) || within(&b, &a)
}

/// Which of two copies is better: of the preferred collection, then the newest.
fn worth(
    knowledge: &Knowledge,
    filter: &Filter<'_>,
    found: &Found,
) -> (Reverse<Option<usize>>, Option<Date>, contactiq_domain::ids::DocumentId) {
    let document = &knowledge.documents[found.document];
    let place = filter.collections.iter().position(|c| *c == document.collection);
    // Ids are made in the order of time.
    (Reverse(place), document.valid_from, document.id)
}

fn saying(knowledge: &Knowledge, passage: usize) -> Saying<'_> {
    let text = knowledge.passages[passage].1.text.as_str();
    Saying { text, stems: knowledge.index.stems(passage), vector: None }
}

pub(crate) async fn run(house: &House, turn: &mut Turn) {
    let since = Instant::now();
    let courtesy = |u: &Understanding| house.taxonomy.is_courtesy(turn.mode(), u.intent.as_str());
    let greeting = turn.understanding.as_ref().is_some_and(courtesy);
    if greeting || turn.silence.is_some() || !matches!(turn.routing, Routing::Answer | Routing::Guide) {
        turn.trace(Step::Retrieve, since, "skipped", "the route needs no passages");
        return;
    }
    let told = hosted::fetch(house, turn).await;
    let sought = Sought { text: &turn.query, vector: turn.vector.as_deref(), k: PASSAGES };
    let filter = filter(house, turn.mode(), turn.role);
    let searched = Searched {
        mode: turn.mode(),
        role: turn.role,
        version: &turn.knowledge.version,
        by_meaning: turn.knowledge.index.has_vectors(),
        day: filter.day,
    };
    turn.found = house
        .lately
        .passages(searched, sought.text, sought.vector, || search(&turn.knowledge, &filter, &sought));
    let mut detail = match turn.found.first() {
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
    let hosted::Told { remark, values } = told.unwrap_or_default();
    detail.push_str(&remark);
    turn.trace_with(Step::Retrieve, since, outcome, detail, None, values);
}

/// What somebody of this role may find in this mode today.
pub(crate) fn filter(house: &House, mode: Mode, role: Role) -> Filter<'static> {
    Filter { collections: mode.collections(), role, day: house.today(), product: None }
}

#[cfg(test)]
mod tests;
