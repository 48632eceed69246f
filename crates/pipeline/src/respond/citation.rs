//! Whether the citations of an answer may leave the building: each points to a passage that was
//! retrieved for this question, of a document that is in force and that this assistant may cite (P6).
//!
//! Retrieval finds no others, so this never speaks; it stands at the door all the same.

use contactiq_domain::{Citation, Mode};
use time::Date;

use crate::{Found, Knowledge};

/// Whether every citation may leave.
pub(super) fn may_leave(
    knowledge: &Knowledge,
    found: &[Found],
    mode: Mode,
    today: Date,
    citations: &[Citation],
) -> bool {
    citations.iter().all(|citation| {
        found.iter().any(|f| {
            let document = knowledge.document_of(f.passage);
            citation.document == format!("{}/{}", document.collection, document.slug)
                && citation.version == document.version
                && citation.passage == knowledge.passages[f.passage].1.position
                && mode.collections().contains(&document.collection)
                && document.is_valid_on(today)
        })
    })
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;
    use crate::respond::{compose, test_bank};

    #[test]
    fn a_citation_leaves_only_when_it_was_found_is_in_force_and_is_of_the_collection() {
        let knowledge = test_bank::knowledge();
        let today = date!(2026 - 11 - 24);
        let passage = |slug: &str| {
            (0..knowledge.passages.len()).find(|p| knowledge.document_of(*p).slug == slug).unwrap()
        };
        let found = |slug: &str| Found {
            passage: passage(slug),
            document: knowledge.passages[passage(slug)].0,
            score: 1.0,
            bm25: 1.0,
            cosine: 1.0,
            coverage: 1.0,
        };
        let cited = |slug: &str| {
            let mut citations = Vec::new();
            compose::cite(&knowledge, passage(slug), "Any words.", &mut citations);
            citations
        };
        let all = ["cards", "old-savings", "loans"].map(found);
        let leaves = |mode, found: &[Found], citations: &[Citation]| {
            may_leave(&knowledge, found, mode, today, citations)
        };
        assert!(leaves(Mode::Customer, &all, &cited("cards")));
        assert!(leaves(Mode::Customer, &all, &[]));
        assert!(!leaves(Mode::Customer, &all[1..], &cited("cards")), "not retrieved");
        assert!(!leaves(Mode::Customer, &all, &cited("old-savings")), "expired");
        assert!(!leaves(Mode::Customer, &all, &cited("loans")), "another collection");
        assert!(leaves(Mode::Banker, &all, &cited("loans")));
        let another = Citation { version: 99, ..cited("cards").remove(0) };
        assert!(!leaves(Mode::Customer, &all, &[another]), "another version");
    }
}
