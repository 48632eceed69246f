//! The demo bank inside the binary: its documents and a week of its traffic.

use contactiq_domain::{Clock, Ids, ids::DocumentId};
use contactiq_store::{
    Store, StoreError, documents, meta,
    versions::{self, Signature},
};
use rust_embed::RustEmbed;
use serde::Deserialize;

use crate::wiring::SystemClock;

#[derive(RustEmbed)]
#[folder = "../../demo"]
#[include = "documents/customer/*.md"]
#[include = "documents/banker/*.md"]
#[include = "traffic.jsonl"]
struct Files;

/// One question of the demo's traffic.
#[derive(Debug, Clone, Deserialize)]
pub struct TrafficLine {
    /// Which assistant.
    pub mode: contactiq_domain::Mode,
    /// The question.
    pub question: String,
    /// Turns with the same word belong together.
    pub conversation: Option<String>,
    /// What the person clicked.
    pub helpful: Option<bool>,
}

/// Where the store keeps which demo bank was loaded.
const LOADED: &str = "demo_documents";

/// Where the demo bank's documents are published.
const HOST: &str = ".larkfield.example/";

/// Puts the demo bank's documents in the store, once for each version of the demo bank: what
/// somebody removed or changed since then stays removed or changed.
///
/// # Errors
/// When the store fails.
pub async fn load_documents(store: &Store, ids: &dyn Ids) -> Result<usize, StoreError> {
    let files: Vec<_> = Files::iter()
        .filter(|n| n.ends_with(".md"))
        .filter_map(|n| Some((n.clone(), Files::get(&n)?)))
        .collect();
    let all: Vec<u8> = files.iter().flat_map(|(_, f)| f.metadata.sha256_hash()).collect();
    let version = crate::wiring::sha256_hex(&all);
    let store = store.at_work();
    let mut reader = store.read().await?;
    if meta::get_meta(&mut reader, LOADED).await?.as_deref() == Some(version.as_str()) {
        return Ok(0);
    }
    drop(reader);
    // Read before the transaction begins: nobody waits for a parser.
    let drafts: Vec<_> = files
        .iter()
        .filter_map(|(name, file)| {
            contactiq_ingest::parse(name, &file.data, None)
                .inspect_err(
                    |e| tracing::error!(document = %name, error = %e, "a demo document can't be read"),
                )
                .ok()
        })
        .map(|draft| draft.into_document(DocumentId::new(ids)))
        .collect();
    let mut w = store.write().await?;
    let (at, by) = (SystemClock.now(), "contactiq".to_owned());
    versions::sign(&mut w, Signature { at, by, command: "demo bank".to_owned() });
    let mut changed = 0;
    for (document, passages) in drafts {
        // A bank's own document of the same name stays the bank's.
        let there = documents::get(&mut w, document.collection, &document.slug).await?;
        if there.is_some_and(|there| !there.url.contains(HOST)) {
            continue;
        }
        let put = documents::put(&mut w, &document, &passages).await?;
        changed += usize::from(!matches!(put, documents::Put::Unchanged | documents::Put::Duplicate { .. }));
    }
    meta::set_meta(&mut w, LOADED, &version).await?;
    w.save().await?;
    Ok(changed)
}

/// The demo's traffic, in order.
#[must_use]
pub fn traffic() -> Vec<TrafficLine> {
    let Some(file) = Files::get("traffic.jsonl") else { return Vec::new() };
    let text = String::from_utf8_lossy(&file.data).into_owned();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[cfg(test)]
mod tests {
    use contactiq_domain::{Collection, ContentType};

    use super::*;

    #[test]
    fn every_demo_document_can_be_read_and_the_bank_is_complete() {
        let drafts: Vec<_> = Files::iter()
            .filter(|n| n.ends_with(".md"))
            .map(|name| {
                let file = Files::get(&name).unwrap();
                contactiq_ingest::parse(&name, &file.data, None).unwrap_or_else(|e| panic!("{name}: {e}"))
            })
            .collect();
        let of = |c: Collection| drafts.iter().filter(|d| d.collection == c).count();
        assert!(of(Collection::Customer) >= 40, "{}", of(Collection::Customer));
        assert!(of(Collection::Banker) >= 30, "{}", of(Collection::Banker));
        let synthetic =
            drafts.iter().filter(|d| d.matter.content_type == Some(ContentType::Synthetic)).count();
        assert!(synthetic >= 5, "{synthetic}");
        assert!(
            drafts
                .iter()
                .all(|d| d.matter.title.is_some() && d.matter.url.is_some() && d.matter.owner.is_some())
        );
    }

    #[test]
    fn no_demo_document_reads_like_instructions_to_a_model() {
        for name in Files::iter().filter(|n| n.ends_with(".md")) {
            let draft = contactiq_ingest::parse(&name, &Files::get(&name).unwrap().data, None).unwrap();
            let found = crate::reading::suspects(&draft.title, &draft.passages);
            assert!(found.is_empty(), "{name}: {found:?}");
        }
    }

    #[test]
    fn the_traffic_is_a_few_hundred_questions() {
        assert!(traffic().len() >= 300);
    }
}
