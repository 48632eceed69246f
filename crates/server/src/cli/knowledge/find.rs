//! `contactiq knowledge search`: what step 3 finds, for a bank that looks at its own documents.

use contactiq_domain::{Clock, Collection, Role};
use contactiq_guard::Raw;
use contactiq_nlu::encoder::{CachedEncoder, Encoder};
use contactiq_pipeline::{Dictionary, Filter, Sought, search, search_in_store, searched};
use contactiq_store::{
    Store,
    vectors::{VectorColumn, Vectors},
};
use serde::Deserialize;
use serde_json::json;
use time::Date;
use tokio::runtime::Handle;

use super::{super::jsonl, Outcome, add::day, load, opening};
use crate::{app, config::Config, wiring::SystemClock};

/// Arguments of `knowledge search`.
#[derive(clap::Args)]
pub(in super::super) struct Args {
    /// Which collection.
    #[arg(long)]
    collection: Collection,
    /// How many passages.
    #[arg(short, default_value_t = 5)]
    k: usize,
    /// Only documents of this product, and those that speak of no product.
    #[arg(long)]
    product: Option<String>,
    /// Documents that are valid on this day in place of today, YYYY-MM-DD.
    #[arg(long, value_parser = day)]
    as_of: Option<Date>,
    /// What somebody of this role finds; left out, all that is there.
    #[arg(long)]
    role: Option<Role>,
    /// In an earlier version of the knowledge, for instance k17.
    #[arg(long)]
    version: Option<String>,
    /// What compares the vectors: this process, as answers do, or PostgreSQL with pgvector.
    #[arg(long, default_value = "snapshot")]
    engine: Engine,
}

#[derive(Clone, Copy, clap::ValueEnum, PartialEq, Eq)]
enum Engine {
    Snapshot,
    Postgres,
}

#[derive(Deserialize)]
struct Line {
    question: Raw,
}

pub(super) async fn run(config: &Config, store: &Store, args: Args) -> Outcome {
    if args.engine == Engine::Postgres && args.version.is_some() {
        return Err("--engine postgres searches the knowledge as it is: leave --version out".into());
    }
    let (knowledge, encoder) = load(config, store, args.version.as_deref()).await?;
    let shared = match args.engine {
        Engine::Snapshot => None,
        Engine::Postgres => Some(searchable(store, encoder.as_deref()).await?),
    };
    let door = app::door(config)?;
    let (taxonomy, rules) = (app::taxonomy(config)?, app::escalation_rules(config)?);
    let words = encoder.as_deref().map(|encoder| encoder as &dyn Encoder);
    let dictionary = Dictionary { taxonomy: &taxonomy, rules: &rules, encoder: words };
    let filter = Filter {
        collections: &[args.collection],
        role: args.role.unwrap_or(Role::Admin),
        day: args.as_of.unwrap_or_else(|| app::zone(config).day(SystemClock.now())),
        product: args.product.as_deref(),
    };
    jsonl::each(|line: Line| {
        let masked = jsonl::inspected(&door, line.question)?.masked;
        let question = searched(&knowledge, dictionary, &filter, &masked);
        let vector = opening::vector(encoder.as_ref(), &knowledge.for_its_vector(&question));
        let sought = Sought { text: &question, vector: vector.as_deref(), k: args.k };
        let found = match &shared {
            Some(vectors) => {
                let asked = search_in_store(&knowledge, vectors, &filter, &sought);
                // Lines are answered one after the other, and this thread has nothing else to do.
                tokio::task::block_in_place(|| Handle::current().block_on(asked))
                    .map_err(|e| ("unavailable", e.to_string()))?
            }
            None => search(&knowledge, &filter, &sought),
        };
        let passages: Vec<_> = found
            .iter()
            .map(|f| {
                let document = &knowledge.documents[f.document];
                json!({
                    "document": document.slug,
                    "title": document.title,
                    "url": document.url,
                    "text": knowledge.passages[f.passage].1.text,
                    "score": f.score,
                    "passage": knowledge.passages[f.passage].1.position,
                    "headings": knowledge.passages[f.passage].1.headings,
                })
            })
            .collect();
        Ok(json!({ "passages": passages }))
    })
}

/// The vectors that PostgreSQL can search, or what to do to have them.
async fn searchable(
    store: &Store,
    encoder: Option<&CachedEncoder>,
) -> Result<Vectors, Box<dyn std::error::Error + Send + Sync>> {
    let encoder = encoder.ok_or("--engine postgres compares vectors: it needs the encoder")?;
    match store.vectors() {
        Some(VectorColumn::Bytes(why) | VectorColumn::Closed(why)) => Err(why.into()),
        _ => app::vectors_of(store, encoder)
            .await?
            .ok_or_else(|| "--engine postgres needs PostgreSQL: name it in CONTACTIQ_DATABASE_URL".into()),
    }
}
