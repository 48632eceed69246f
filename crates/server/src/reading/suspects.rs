//! Instructions to a model inside a document that comes in.

use contactiq_domain::Passage;
use contactiq_guard::{Published, instructs};
use contactiq_nlu::text;
use contactiq_store::quarantine::Suspect;

/// The passages of a document that read like instructions to a model. A title goes before every passage:
/// where it instructs, all do.
#[must_use]
pub fn suspects(title: &str, passages: &[Passage<Published>]) -> Vec<Suspect> {
    let named = instructs(&Published::by_bank(title), std::iter::empty());
    passages
        .iter()
        .filter_map(|passage| {
            let own = passage.text.as_str();
            let sentences = text::sentences(own).into_iter().map(|span| span.of(own));
            let pieces = passage.headings.iter().map(String::as_str).chain(sentences);
            let found = if named.blocked { named.clone() } else { instructs(&passage.text, pieces) };
            found.blocked.then_some(Suspect {
                position: passage.position,
                score: found.score,
                reasons: found.reasons,
            })
        })
        .collect()
}
