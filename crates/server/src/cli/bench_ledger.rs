//! How many records a second the ledger keeps durably: in groups, and, as the baseline of the same run, each
//! half in a transaction of its own.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{
    Category, Citation, Clock, ContentType, Ids, IntentName, Mode, Outcome as Ended, Probability, Record,
    Routing, Started, Step, StepTrace, Timestamp,
    ids::{ConversationId, InteractionId, RequestId},
    interaction::{NanoUsd, Tokens},
};
use contactiq_guard::{Masked, Published};
use contactiq_store::{
    Ledger, Location, Store,
    conversations::Conversation,
    interactions,
    ledger::{self, Completion, Drained, Entry, Places, Start, queue::Queue},
};
use serde_json::json;
use tokio::sync::Semaphore;

use super::{Outcome, output};
use crate::{
    app,
    config::Config,
    wiring::{self, SystemClock, SystemIds},
};

/// Writers at once: as many as requests that a busy server has under way.
const WRITERS: usize = 256;
/// What is measured is how much goes through, not how soon somebody gives up.
const PATIENT: Duration = Duration::from_secs(10);
/// The baseline is slower, so that fewer tell as much.
const ALONE: usize = 10;

pub(super) async fn run(config: &Config, records: usize, json: bool) -> Outcome {
    let store = app::open_store(config).await?;
    let alone = measure(&store, (records / ALONE).max(1), |store, entry| async move {
        let mut w = store.write().await?;
        ledger::apply(&mut w, &entry).await?;
        w.save().await
    })
    .await?;
    let ledger = Ledger::new(store.clone(), Places::default(), Arc::new(SystemClock));
    let grouped = measure(&store, records, move |_, entry| {
        let ledger = ledger.clone();
        async move { ledger.write(entry).await.map(drop) }
    })
    .await?;
    store.close().await;
    if json {
        output::json(
            &json!({ "engine": store.engine(), "grouped_a_second": grouped, "alone_a_second": alone }),
        );
    } else {
        output::table(
            &["records, both halves durable, 256 writers", "a second", "ratio"],
            vec![
                vec![format!("{}: each half alone", store.engine()), format!("{alone:.0}"), "1.0".to_owned()],
                vec![
                    format!("{}: in groups", store.engine()),
                    format!("{grouped:.0}"),
                    format!("{:.1}", grouped / alone),
                ],
            ],
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// How many records a second a cluster queues and one worker writes into PostgreSQL.
pub(super) async fn drain(config: &Config, url: &str, records: usize, json: bool) -> Outcome {
    let redis = config.redis_url();
    if redis.trim().is_empty() {
        return Err("redis.url is not set: set CONTACTIQ_REDIS_URL, where the records are queued".into());
    }
    let kek = Arc::new(wiring::key_encryption(config)?);
    let store = Store::open(&Location::Postgres(url.to_owned()), kek).await?;
    if interactions::count_finished(&mut *store.read().await?).await? > 0 {
        return Err("the database has interactions: name an empty one".into());
    }
    let consumer = SystemIds.next().to_string();
    let queue =
        Queue::connect(redis.as_str(), &format!("bench-{consumer}"), consumer)?.with_patience(PATIENT);
    let places = Places { queue: Some(queue), spool: None };
    let ledger = Ledger::new(store.clone(), places, Arc::new(SystemClock));
    let writer = ledger.clone();
    let queued = measure(&store, records, move |_, entry| {
        let ledger = writer.clone();
        async move { ledger.write(entry).await.map(drop) }
    })
    .await?;
    let (since, mut drained) = (Instant::now(), Drained::default());
    // As a server does: while one reads another writes.
    while drained.written + drained.dead < 2 * records as u64 {
        let (one, other) = tokio::try_join!(ledger.work(), ledger.work())?;
        drained.written += one.written + other.written;
        drained.dead += one.dead + other.dead;
    }
    let a_second = records as f64 / since.elapsed().as_secs_f64();
    store.close().await;
    if drained.dead > 0 {
        return Err(format!("{} entries became dead letters", drained.dead).into());
    }
    if json {
        output::json(&json!({ "queued_a_second": queued, "drained_a_second": a_second }));
    } else {
        output::table(
            &["records, both halves", "a second"],
            vec![
                vec!["queued in Redis, 256 writers".to_owned(), format!("{queued:.0}")],
                vec!["from there into PostgreSQL, one worker".to_owned(), format!("{a_second:.0}")],
            ],
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Records a second.
async fn measure<F>(
    store: &Store,
    records: usize,
    write: impl Fn(Store, Entry) -> F + Clone + Send + 'static,
) -> Result<f64, Box<dyn std::error::Error + Send + Sync>>
where
    F: Future<Output = Result<(), contactiq_store::StoreError>> + Send,
{
    let all: Vec<_> = (0..records).map(|_| halves()).collect();
    let (places, since) = (Arc::new(Semaphore::new(WRITERS)), Instant::now());
    let mut tasks = tokio::task::JoinSet::new();
    for (start, completion) in all {
        let place = places.clone().acquire_owned().await?;
        let (store, write) = (store.clone(), write.clone());
        tasks.spawn(async move {
            write(store.clone(), start).await?;
            write(store, completion).await?;
            drop(place);
            Ok::<_, contactiq_store::StoreError>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(records as f64 / since.elapsed().as_secs_f64())
}

/// An interaction as most are: a question, an answer of some sentences with two citations, eight steps.
fn halves() -> (Entry, Entry) {
    let now = SystemClock.now();
    let masked = |text: &str| Masked::from_published(&Published::by_bank(text));
    let conversation = Conversation {
        id: ConversationId::new(&SystemIds),
        mode: Mode::Customer,
        subject: "bench".to_owned(),
        owner_key: None,
        label: None,
        demo: true,
        created_at: now,
    };
    let request_id = RequestId::new(&SystemIds);
    let started = Started {
        id: InteractionId::new(&SystemIds),
        request_id,
        correlation_id: request_id.to_string(),
        conversation: conversation.id,
        subject: conversation.subject.clone(),
        session: conversation.subject.clone(),
        mode: Mode::Customer,
        question: masked("how long does it take until a replacement card is in the post?"),
        pii_detected: false,
        demo: true,
        created_at: now,
    };
    let record = record(
        &started,
        masked(&"A replacement card is in the post within two business days [1]. ".repeat(6)),
        now,
    );
    let start = Start {
        conversation: conversation.clone(),
        placeholders: None,
        started,
        tokens: Vec::new(),
        shown: None,
    };
    let completion = Completion { conversation, record, ticket: None, reviews: Vec::new(), claimed: None };
    (Entry::Start(Box::new(start)), Entry::Completion(Box::new(completion)))
}

fn record(started: &Started<Masked>, answer: Masked, now: Timestamp) -> Record<Masked> {
    let citation = |number| Citation {
        number,
        document: "customer/replacement-card".to_owned(),
        title: "Replacing a card".to_owned(),
        url: "https://bank.example/cards/replacement".to_owned(),
        quote: "A replacement card is in the post within two business days.".to_owned(),
        passage: 3,
        headings: vec!["Cards".to_owned(), "Replacement".to_owned()],
        content_type: ContentType::Public,
        version: 2,
        as_at: None,
        hosted: None,
    };
    let step = |step| StepTrace {
        step,
        outcome: "answer".to_owned(),
        detail: "six sentences of two passages, both in force".to_owned(),
        version: None,
        values: Default::default(),
        ms: 1.25,
    };
    Record {
        id: started.id,
        request_id: started.request_id,
        correlation_id: started.correlation_id.clone(),
        conversation: started.conversation,
        subject: started.subject.clone(),
        session: started.session.clone(),
        mode: started.mode,
        question: started.question.clone(),
        intent: IntentName::unknown(),
        category: Category::Automatable,
        intent_probability: Probability::ZERO,
        classification_reason: "nearest example: how long does a new card take".to_owned(),
        routing: Routing::Answer,
        answer,
        citations: vec![citation(1), citation(2)],
        confidence: Probability::ZERO,
        outcome: Ended::Resolved,
        trigger: None,
        triggers: Vec::new(),
        reason: String::new(),
        ticket: None,
        steps: Step::ALL.iter().map(|s| step(*s)).collect(),
        retrieved_passages: 8,
        model: "extractive".to_owned(),
        tokens: Tokens::default(),
        cost_usd: NanoUsd::default(),
        pii_detected: false,
        pii_masked: false,
        knowledge_version: "bench".to_owned(),
        translation: None,
        retention_policy: "standard-90-days".to_owned(),
        demo: true,
        processing_time_ms: 12.5,
        created_at: now,
        completed_at: now,
    }
}
