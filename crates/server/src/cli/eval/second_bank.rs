//! Row U16 on a bank of its own: documents that nothing here was tuned to, and questions on them, in two halves.

use std::path::Path;

use contactiq_domain::ids::DocumentId;
use contactiq_store::documents;

use super::{Figure, halves, house, questions::Question, retrieval};
use crate::{
    app,
    cli::{jsonl, scratch::Scratch},
    config::Config,
    wiring::SystemIds,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn figures(config: &Config, folder: &Path, misses: bool) -> Result<Vec<Figure>, Failure> {
    let questions: Vec<Question> = jsonl::file(&folder.join("questions.jsonl"))?;
    let mut scratch = Scratch::beside(config)?;
    scratch.config.server.demo = false;
    load(&scratch.config, &folder.join("documents")).await?;
    let house = house(&scratch.config).await?;
    let asked = halves::asked(&house, (&questions, "asking about another bank"), misses, |_, _| {}).await?;
    let mut figures = retrieval::figures(&scratch.config, &house, questions.iter().step_by(2))?;
    house.store.close().await;
    figures.extend(halves::rows("U16", "another bank", &asked));
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
