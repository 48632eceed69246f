//! Whether the process lives, and whether it can do its work (D3). Neither asks for a key, so
//! neither tells more than a load balancer needs.

use std::sync::atomic::Ordering;

use axum::{extract::State, http::StatusCode};
use contactiq_domain::BreakerState;
use contactiq_llm::ProviderState;
use contactiq_nlu::encoder::Encoder;
use contactiq_store::ledger::{LedgerState, queue::Durability};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, guard::limits::Sharing};

/// Whether the ledger answers, and took the last write that was tried.
async fn works(app: &App) -> bool {
    app.ledger_writes.load(Ordering::Relaxed) && app.house.store.health().await.is_ok()
}

/// Whether questions are answered while the database is away: the queue of the cluster takes their records, and
/// callers are known (R3).
fn goes_on(app: &App) -> bool {
    let ledger = &app.house.ledger;
    ledger.has_queue() && ledger.state().first == BreakerState::Closed && app.keys.are_known()
}

/// How it stands.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok` or `failing`.
    status: &'static str,
    /// The database.
    database: &'static str,
    /// The language model: `ok`, `failing`, or `off` where answers are extractive.
    model: &'static str,
}

/// Whether database and model answer.
#[utoipa::path(get, path = "/health", tag = "operations", security(()),
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(State(app): State<App>) -> (StatusCode, axum::Json<Health>) {
    let database = works(&app).await;
    let model = match &app.house.chain {
        None => "off",
        Some(chain) if chain.states().iter().any(ProviderState::is_asked) => "ok",
        Some(_) => "failing",
    };
    let body = Health {
        status: if database { "ok" } else { "failing" },
        database: if database { "ok" } else { "failing" },
        model,
    };
    (if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, axum::Json(body))
}

/// What works and what is missing.
#[derive(Serialize, ToSchema)]
pub struct Ready {
    /// `ready` or `not_ready`.
    status: &'static str,
    /// `sqlite` or `postgresql`, and whether it answers.
    database: String,
    /// The ledger: `ok`, or that the spool takes records while the database is away or slow.
    ledger: String,
    /// Who answers: this process, or so many workers.
    answers: String,
    /// The sentence encoder; `off` or `away` while the lexical model works alone.
    encoder: String,
    /// How sure answers are said to be: `ok`, or why that, and the thresholds, belong to another way of finding them.
    confidence: &'static str,
    /// The language model, or why answers are extractive.
    model: String,
    /// Moderation by a provider beside the local one: `ok`, `away`, or that there is none.
    moderation: String,
    /// The hosted vector store that answers in place of the documents here: `ok`, `away`, or that there is none.
    hosted: &'static str,
    /// Shared limits: `ok`, `away`, or why they are off.
    redis: String,
    /// The keys of people: `ok`, or `failing`, of which `doctor` and the log say why.
    sealing: &'static str,
    /// The audit log, and holds and erasures beside it: `ok`, or `failing`, of which the log says why.
    audit: &'static str,
    /// Documents that answer.
    documents: usize,
    /// Version of the knowledge.
    knowledge_version: String,
}

fn ledger(app: &App) -> String {
    let state = app.house.ledger.state();
    let standing = place_of_records(app, state);
    match state.miscounted {
        0 => standing,
        some => format!(
            "{standing}; queue and spool differed by {some} entries from what they were given: see the log"
        ),
    }
}

fn place_of_records(app: &App, state: LedgerState) -> String {
    let spooled = state.spool.map_or(0, |depth| depth.entries);
    if spooled > 0 {
        return format!("the spool holds {spooled} records until the database takes them");
    }
    match (app.house.ledger.has_queue(), state.first) {
        (false, BreakerState::Closed) if state.spool.is_none() => "no spool".to_owned(),
        (false, BreakerState::Closed) => "ok".to_owned(),
        (false, _) => "the spool takes records: the database does not answer".to_owned(),
        (true, BreakerState::Closed) => match app.house.ledger.durability() {
            Some(Durability::Synced) => "ok: queued in Redis, synced".to_owned(),
            Some(Durability::EverySecond) => {
                "ok: queued in Redis, which syncs every second: a power failure may cost the last one"
                    .to_owned()
            }
            Some(Durability::Evicts) => {
                "queued in Redis, which may evict what it took: set maxmemory-policy noeviction".to_owned()
            }
            Some(Durability::None) => {
                "queued in Redis, which keeps nothing over a restart: set appendonly yes".to_owned()
            }
            None => "ok: queued in Redis, which does not say how it syncs".to_owned(),
        },
        (true, _) => "another place takes records: the queue does not answer".to_owned(),
    }
}

fn confidence(app: &App) -> &'static str {
    match &app.house.encoder {
        None => "by words alone: thresholds that were chosen with an encoder promise nothing",
        Some(encoder) if encoder.breaker() != BreakerState::Closed => {
            "by words alone while the encoder is away: the thresholds promise nothing meanwhile"
        }
        Some(_) if app.standing.confidence.is_some() => "fitted with another encoder: fit it again",
        Some(_) => "ok",
    }
}

/// The models, and which of them are not asked for now.
fn model(app: &App, models: String) -> String {
    let states = app.house.chain.iter().flat_map(|chain| chain.states());
    let alone: Vec<String> = states
        .filter(|state| !state.is_asked())
        .map(|state| match state.not_before_seconds {
            Some(seconds) => format!("{} asks to be left alone for {seconds} s", state.name),
            None => format!("{} failed too often and is left alone", state.name),
        })
        .collect();
    if alone.is_empty() { models } else { format!("{models}; {}", alone.join(", ")) }
}

/// Whether the server can take questions, and with which parts.
#[utoipa::path(get, path = "/ready", tag = "operations", security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready)))]
pub async fn ready(State(app): State<App>) -> (StatusCode, axum::Json<Ready>) {
    // The reasons name folders and servers: the start message and `doctor` tell them, not this page.
    fn say<E>(part: &Result<String, E>, without: &str) -> String {
        part.as_ref().map_or_else(|_| format!("off: {without}"), Clone::clone)
    }
    let knowledge = app.house.shelf.current();
    let has_database = works(&app).await;
    let is_ready = has_database || goes_on(&app);
    let body = Ready {
        status: if is_ready { "ready" } else { "not_ready" },
        database: format!(
            "{}: {}",
            app.house.store.engine(),
            match (has_database, is_ready) {
                (true, _) => "ok",
                (false, true) => "not available: answers go on from what this replica knows, for ten minutes",
                (false, false) => "not available",
            }
        ),
        ledger: ledger(&app),
        answers: app.hands.standing(),
        encoder: match &app.house.encoder {
            Some(encoder) if encoder.breaker() != BreakerState::Closed => {
                "away: the lexical model works alone".to_owned()
            }
            Some(encoder) if encoder.has_given_up_its_file() => format!(
                "{}; cache/vectors.bin can't be written, so that the next start encodes again",
                say(&app.standing.encoder, "the lexical model works alone")
            ),
            _ => say(&app.standing.encoder, "the lexical model works alone"),
        },
        confidence: confidence(&app),
        model: model(&app, say(&app.standing.llm, "answers are made of cited sentences")),
        moderation: match &app.house.moderation {
            None => "local".to_owned(),
            Some(remote) if remote.breaker() == BreakerState::Closed => "ok".to_owned(),
            Some(_) => "away: the local moderation stands alone".to_owned(),
        },
        hosted: match &app.house.hosted {
            None => "off",
            Some(hosted) if hosted.breaker() == BreakerState::Closed => "ok",
            Some(_) => "away: the documents of this house answer alone",
        },
        redis: match app.limits.sharing().await {
            Sharing::Off => say(&app.standing.redis, "limits are kept in this process"),
            Sharing::Ok => "ok".to_owned(),
            Sharing::Away => "away: limits are kept in this process".to_owned(),
        },
        sealing: if app.key_beside_data.load(Ordering::Relaxed) { "failing" } else { "ok" },
        audit: if app.audit.looked().fault.is_some() || app.audit.are_tables_apart() {
            "failing"
        } else {
            "ok"
        },
        documents: knowledge.documents.len(),
        knowledge_version: knowledge.version.clone(),
    };
    (if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, axum::Json(body))
}
