//! Knowledge that a bank keeps in a hosted vector store (OpenAI's file search) in place of its own documents here: step 3
//! asks the store, and what comes back becomes a small knowledge of this question alone, in which everything goes on as in
//! the ledger's. The store's word is taken for nothing but its text: the filters of the mode and the role, validity and
//! instructions to a model are looked at again here. While it does not answer, the shelf does (P6, E3).

mod chunks;
mod kept;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use contactiq_domain::{BreakerState, Collection, Mode};
use contactiq_guard::{Masked, Raw};
use contactiq_llm::{Attribute, Chunk, VectorStores};
use contactiq_store::deadline;
use futures_util::future::join_all;

use self::{
    chunks::{Rules, Taken},
    kept::Kept,
};
use crate::{
    DoorFault, House, Knowledge, Means,
    house::AFTER_THE_MODEL,
    requests, retrieve,
    turn::{KeptBack, Turn},
};

/// Searches of one message: it, and its requests.
const MOST_SEARCHES: usize = 4;
/// The rule by which a chunk stays outside.
const INSTRUCTS: &str = "hosted/instructs";
/// So much of such a chunk is kept for a reviewer, in bytes.
const SHOWN: usize = 2_000;

/// How a hosted store is used.
#[derive(Debug, Clone)]
pub struct HostedSettings {
    /// The longest that a question waits for it.
    pub patience: Duration,
    /// What prices call one search.
    pub price: String,
    /// What a file must have beside it, by name and value: asked for, and looked at here.
    pub attributes: Vec<(String, String)>,
    /// Names of attributes without which nothing of a file is shown.
    pub required: Vec<String>,
    /// How long an answer of the store may be used again.
    pub kept: Duration,
}

/// The stores, and how they are used.
#[derive(Debug)]
pub struct Hosted {
    stores: VectorStores,
    settings: HostedSettings,
    kept: Kept,
}

impl Hosted {
    /// With nothing kept yet.
    #[must_use]
    pub fn new(stores: VectorStores, settings: HostedSettings) -> Hosted {
        Hosted { stores, kept: Kept::new(settings.kept), settings }
    }

    /// How the server of the stores stands.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        self.stores.breaker()
    }

    /// What the store is asked to keep to: the bank's attributes, and of customers their collection.
    fn asked_for(&self, mode: Mode) -> Vec<(String, Attribute)> {
        let own = self.settings.attributes.iter();
        let mut all: Vec<(String, Attribute)> =
            own.map(|(name, value)| (name.clone(), Attribute::Text(value.clone()))).collect();
        if mode == Mode::Customer {
            let collection = Attribute::Text(Collection::Customer.as_str().to_owned());
            all.push((chunks::COLLECTION.to_owned(), collection));
        }
        all
    }
}

/// What step 3 tells of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Behind what it says anyway.
    pub(crate) remark: String,
    pub(crate) values: BTreeMap<String, f64>,
}

/// Puts what the hosted store says in the place of the turn's knowledge; the shelf stays where it says nothing. None
/// where no store is configured, or nothing is asked.
pub(crate) async fn fetch(house: &House, turn: &mut Turn) -> Option<Told> {
    let hosted = house.hosted.as_ref()?;
    let queries = queries(turn);
    if queries.is_empty() {
        return None;
    }
    let day = house.today();
    let key = kept::key(&hosted.stores, turn.mode(), turn.role, day, &queries);
    if let Some((knowledge, told)) = hosted.kept.get(&key) {
        turn.knowledge = knowledge;
        return Some(Told { remark: format!("{}, as it said a moment ago", told.remark), ..told });
    }
    match asked(house, hosted, turn, queries).await {
        Ok((knowledge, told)) => {
            let knowledge = Arc::new(knowledge);
            hosted.kept.put(key, Arc::clone(&knowledge), told.clone());
            turn.knowledge = knowledge;
            Some(told)
        }
        Err(why) => {
            metrics::counter!("contactiq_hosted_failures_total", "why" => why).increment(1);
            let remark = format!("; the hosted store was not heard ({why}): the documents of this house");
            Some(Told { remark, values: BTreeMap::from([("hosted_failed".to_owned(), 1.0)]) })
        }
    }
}

/// What is searched for: the message, and each of its requests.
fn queries(turn: &Turn) -> Vec<String> {
    let parts = turn.parts.iter().map(|(text, _)| text).filter(|text| requests::is_request(text));
    let alone = turn.alone.as_ref().map(|alone| &alone.query);
    let mut all: Vec<String> = Vec::new();
    for text in std::iter::once(&turn.query).chain(alone).chain(parts) {
        if !text.trim().is_empty() && !all.contains(text) {
            all.push(text.clone());
        }
    }
    all.truncate(MOST_SEARCHES);
    all
}

/// The stores' answer as knowledge.
///
/// # Errors
/// Why there is none, in one word.
async fn asked(
    house: &House,
    hosted: &Hosted,
    turn: &mut Turn,
    queries: Vec<String>,
) -> Result<(Knowledge, Told), &'static str> {
    // Words put in by the conversation or the spelling went through the guard as a part of something else.
    let raw = queries.into_iter().map(Raw::new).collect();
    let queries = house.guard.mask_all(raw).await.map_err(|_| DoorFault::CODE)?;
    let chunks = searched(hosted, turn, &queries).await?;

    let rules = Rules {
        filter: retrieve::filter(house, turn.mode(), turn.role),
        attributes: hosted.settings.attributes.clone(),
        required: hosted.settings.required.clone(),
        zone: house.settings.zone.clone(),
    };
    let chars = chunks.iter().map(|chunk| chunk.text.chars().count()).sum();
    let ids = Arc::clone(&house.ids);
    let judged = house.guard.read(chars, move |_guard| chunks::taken(chunks, &rules, &*ids)).await;
    let Taken { found, documents, files, filtered, suspects } = judged.map_err(|_| DoorFault::CODE)?;
    let (left_out, instruct) = (filtered, suspects.len());
    tell_suspects(turn, suspects);

    let version = kept::version(&documents);
    let (encoder, synonyms) = (house.encoder.clone(), house.synonyms.clone());
    let built = house.compute(&turn.account, move |_reader| {
        let means = |encoder| Means { encoder, synonyms: synonyms.clone(), before: None };
        let with =
            |means: Means| Knowledge::build(version.clone(), documents.clone(), &[], &means, &|_, _| ());
        // While a remote encoder is away, words find alone.
        with(means(encoder)).or_else(|_| with(means(None))).ok()
    });
    let knowledge = built.await.ok_or("not_indexed")?.with_files(files);

    let passages = knowledge.passages.len();
    let mut remark = format!("; of the hosted store: {found} chunks");
    if left_out > 0 {
        remark.push_str(&format!(", {left_out} not for this asker or this day"));
    }
    if instruct > 0 {
        remark.push_str(&format!(", {instruct} left out that instruct a model"));
    }
    let numbers = [
        ("hosted_chunks", found),
        ("hosted_filtered", left_out),
        ("hosted_suspect", instruct),
        ("hosted_passages", passages),
    ];
    for (what, number) in [("found", found), ("filtered", left_out), ("suspect", instruct)] {
        metrics::counter!("contactiq_hosted_chunks_total", "what" => what).increment(number as u64);
    }
    let values = numbers.map(|(name, number)| (name.to_owned(), number as f64)).into();
    Ok((knowledge, Told { remark, values }))
}

/// Every store about every query, at once. Where one does not answer none is believed: half of a bank's knowledge
/// contradicts nothing.
async fn searched(hosted: &Hosted, turn: &Turn, queries: &[Masked]) -> Result<Vec<Chunk>, &'static str> {
    // What is here answers within the deadline too, where a store hangs.
    let left = deadline::left().map_or(Duration::MAX, |left| left.saturating_sub(AFTER_THE_MODEL));
    let patience = hosted.settings.patience.min(left);
    let attributes = hosted.asked_for(turn.mode());
    let mut calls = Vec::new();
    for store in hosted.stores.stores() {
        for query in queries {
            calls.push(search(hosted, turn, (store, query), &attributes, patience));
        }
    }
    // All are heard to their ends: one that is broken off tells the breaker nothing, and may be paid for.
    let answers: Vec<Vec<Chunk>> = join_all(calls).await.into_iter().collect::<Result<_, _>>()?;
    Ok(answers.into_iter().flatten().collect())
}

/// One store about one query, paid for.
async fn search(
    hosted: &Hosted,
    turn: &Turn,
    (store, query): (&str, &Masked),
    attributes: &[(String, Attribute)],
    patience: Duration,
) -> Result<Vec<Chunk>, &'static str> {
    let mut held = turn.account.search(&hosted.settings.price).await.map_err(|why| why.code())?;
    metrics::counter!("contactiq_hosted_searches_total").increment(1);
    let found = hosted.stores.search(store, query, attributes, patience).await;
    if let (Some(held), Err(error)) = (&mut held, &found)
        && !error.may_cost()
    {
        held.was_refused();
    }
    found.map_err(|error| error.code())
}

/// Chunks that instruct a model are for a reviewer, and told in the log by the names of their files.
fn tell_suspects(turn: &mut Turn, suspects: Vec<chunks::Suspect>) {
    for suspect in &suspects {
        tracing::warn!(
            store = suspect.store,
            file = suspect.file_id,
            "a chunk of a hosted store reads like instructions to a model and is left out: look at that file"
        );
    }
    if let Some(first) = suspects.into_iter().next() {
        let rule = format!("{INSTRUCTS}/{}", first.file_id);
        turn.kept_back = Some(KeptBack { rules: vec![rule], text: first.text.beginning(SHOWN) });
    }
}
