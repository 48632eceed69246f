//! Questions on the demo bank, twelve kinds of them (tables, lists, two documents, paraphrases, follow-ups, procedures,
//! comparisons; what nothing answers, what is contradicted, expired or another collection's; wrong premises), written by
//! somebody who saw the documents alone, in two halves.

use std::{collections::BTreeMap, path::Path};

use serde::Deserialize;

use super::{Figure, Share, halves, house, questions::Question};
use crate::{cli::jsonl, config::Config};

#[derive(Deserialize)]
struct Kinded {
    kind: String,
    #[serde(flatten)]
    question: Question,
}

pub(super) async fn figures(
    config: &Config,
    file: &Path,
    misses: bool,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let (kinds, questions): (Vec<String>, Vec<Question>) =
        jsonl::file::<Kinded>(file)?.into_iter().map(|k| (k.kind, k.question)).unzip();
    let house = house(config).await?;
    let mut by_kind: BTreeMap<&str, Share> = BTreeMap::new();
    let asked = halves::asked(&house, (&questions, "asking by kind"), misses, |at, is_right| {
        if at % 2 == 0 {
            by_kind.entry(&kinds[at]).or_default().count(is_right);
        }
    })
    .await?;
    house.store.close().await;
    let mut figures = halves::rows("own", "by kind", &asked);
    // Six of a kind say where to look, and nothing more.
    figures.extend(by_kind.into_iter().map(|(kind, share)| Figure {
        target: String::new(),
        reached: None,
        ..Figure::share_at_least("own", format!("by kind: {kind}, as expected"), share, 0.0)
    }));
    Ok(figures)
}
