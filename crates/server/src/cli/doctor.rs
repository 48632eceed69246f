//! `contactiq doctor`: what works, what is off, and what to do about it.

mod identity;
mod tls;

use std::{process::ExitCode, sync::Arc, time::Duration};

use contactiq_domain::{Clock, Role};
use contactiq_guard::{Masked, Published};
use contactiq_llm::ModelError;
use contactiq_nlu::encoder::Encoder;
use contactiq_pipeline::taxonomy::check::lacking;
use contactiq_store::{
    SharedError, Store, documents,
    keys::{self, ApiKey},
    page_sessions,
    vectors::VectorColumn,
};
use serde::Serialize;

use super::{Outcome, audit_log, output, sealing};
use crate::{
    app::{self, NoEncoder},
    config::{Config, LlmProvider},
    guard::limits,
    secrets::Keeper,
    wiring,
};

/// Options of `doctor`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Finding {
    part: &'static str,
    state: State,
    detail: String,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Off,
    Failing,
}

pub(super) async fn run(config: Config, args: Args) -> Outcome {
    let secrets = Keeper::new(&config, Arc::new(wiring::SystemClock));
    secrets.try_open().await;
    let mut found = vec![configuration(&config)];
    found.extend(secrets_in_force(&config, &secrets));
    found.push(tls::look(&config));
    found.extend(taxonomy(&config));
    found.extend(encoder(&config));
    found.extend(ledger(&config).await);
    found.push(audit(&config).await);
    found.extend(models(&config).await);
    found.extend(prices(&config).await);
    found.push(moderation(&config).await);
    found.extend(hosted(&config).await);
    found.push(redis(&config).await);
    found.extend(limits_in_force(&config));
    found.push(people(&config));
    found.extend(identity::look(&config).await);
    found.extend(bank(&config));
    let failing = found.iter().any(|f| f.state == State::Failing);
    if args.json {
        output::json(&found);
    } else {
        let word = |s: State| match s {
            State::Ok => "ok",
            State::Off => "off",
            State::Failing => "FAILING",
        };
        output::table(
            &["part", "state", "detail"],
            found.into_iter().map(|f| vec![f.part.to_owned(), word(f.state).to_owned(), f.detail]).collect(),
        );
    }
    Ok(if failing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn configuration(config: &Config) -> Finding {
    let detail = format!(
        "environment {}, data folder {}",
        config.server.environment,
        app::absolute(&config.server.data_dir).display()
    );
    Finding { part: "configuration", state: State::Ok, detail }
}

/// Each secret: where it stands, whether it can be read, how old it is, which of its values is in force.
fn secrets_in_force(config: &Config, secrets: &Keeper) -> Vec<Finding> {
    let part = "secret";
    let mut found: Vec<Finding> = secrets
        .standing()
        .into_iter()
        .map(|secret| Finding {
            part,
            state: if secret.resolves { State::Ok } else { State::Failing },
            detail: super::settings::in_words(&secret),
        })
        .collect();
    let wrong = config.clone().checked().err().map(|wrong| wrong.0).unwrap_or_default();
    found.extend(wrong.into_iter().map(|detail| Finding { part, state: State::Failing, detail }));
    let warnings = config.secret_warnings().into_iter();
    found.extend(warnings.map(|detail| Finding { part, state: State::Off, detail }));
    found
}

/// The intents, and what they have too little of to work as they should.
fn taxonomy(config: &Config) -> Vec<Finding> {
    let part = "taxonomy";
    match app::taxonomy(config) {
        Ok(t) => {
            let intents: usize = contactiq_domain::Mode::ALL.iter().map(|m| t.of(*m).len()).sum();
            let mut found = vec![Finding { part, state: State::Ok, detail: format!("{intents} intents") }];
            found.extend(lacking(&t).iter().map(|lack| {
                let (kind, mode, _, what) = lack.words();
                Finding { part, state: State::Off, detail: format!("{mode}: {kind}: {what}") }
            }));
            found
        }
        Err(e) => vec![Finding { part, state: State::Failing, detail: e.to_string() }],
    }
}

/// The encoder, and the confidence where it was fitted with another one, or speaks of words alone.
fn encoder(config: &Config) -> Vec<Finding> {
    let part = "encoder";
    match app::open_encoder(config) {
        Ok(encoder) => {
            let from = if app::is_remote(config) {
                config.encoder.base_url.clone()
            } else {
                format!(
                    "kernel {}, from {}",
                    encoder.kernel(),
                    app::encoder_folder(config).unwrap_or_default().display()
                )
            };
            let detail = format!("{}, {from}", app::label(&*encoder));
            let mut found = vec![Finding { part, state: State::Ok, detail }];
            let calibration = app::calibration(config).ok();
            if let Some(detail) = calibration.and_then(|c| app::misfit(&c, &*encoder)) {
                found.push(Finding { part: "confidence", state: State::Off, detail });
            }
            found
        }
        Err(why) => {
            let failing = matches!(why, NoEncoder::Unusable(_) | NoEncoder::Away { .. });
            let state = if failing { State::Failing } else { State::Off };
            let mut found = vec![Finding { part, state, detail: why.to_string() }];
            found.extend(app::calibration_by_words(config).ok().map(|by_words| Finding {
                part: "confidence",
                state: State::Off,
                detail: app::without_meaning(&by_words),
            }));
            found
        }
    }
}

/// Whether every key is wrapped by the key-encryption key that is in force.
async fn keys_of_people(store: &Store, config: &Config) -> Finding {
    let (state, detail) = match sealing::standing(store, config).await {
        Ok(detail) => (State::Ok, detail),
        Err(detail) => (State::Failing, detail),
    };
    Finding { part: "sealing", state, detail }
}

async fn ledger(config: &Config) -> Vec<Finding> {
    let store = match app::open_store(config).await {
        Ok(store) => store,
        Err(e) => return vec![Finding { part: "database", state: State::Failing, detail: e.to_string() }],
    };
    if let Err(e) = store.can_write(wiring::SystemClock.now()).await {
        return vec![Finding { part: "database", state: State::Failing, detail: e.to_string() }];
    }
    let link = match store.tls_version().await {
        Ok(Some(version)) => format!(", {version}"),
        Ok(None) | Err(_) => String::new(),
    };
    let mut found = vec![Finding {
        part: "database",
        state: State::Ok,
        detail: format!("{}{link}; sealing key in {}", store.engine(), wiring::key_place(config)),
    }];
    found.push(keys_of_people(&store, config).await);
    found.extend(store.vectors().map(|column| match column {
        VectorColumn::Pgvector => Finding {
            part: "vectors",
            state: State::Ok,
            detail: "shared by all replicas, pgvector".to_owned(),
        },
        VectorColumn::Bytes(why) => Finding {
            part: "vectors",
            state: State::Off,
            detail: format!("shared by all replicas; PostgreSQL can't search them: {why}"),
        },
        VectorColumn::Closed(why) => Finding {
            part: "vectors",
            state: State::Off,
            detail: format!("not shared, each replica computes its own: {why}"),
        },
    }));
    let counted = async {
        let mut reader = store.read().await?;
        let documents = documents::list(&mut reader, None).await?.len();
        let mut keys = keys::list(&mut reader).await?;
        keys.retain(|k| k.revoked_at.is_none());
        let damaged = keys::damaged(&mut reader).await?;
        let sessions = page_sessions::damaged(&mut reader).await?;
        Ok::<_, contactiq_store::StoreError>((documents, keys, damaged, sessions))
    };
    match counted.await {
        Ok((documents, keys, damaged, sessions)) => {
            let state = if documents == 0 { State::Off } else { State::Ok };
            let advice = if documents == 0 {
                ": `contactiq knowledge add`, or start once with the demo bank"
            } else {
                ""
            };
            found.push(Finding {
                part: "knowledge",
                state,
                detail: format!("{documents} documents{advice}"),
            });
            found.push(api_keys(&keys));
            found.extend(not_ours(&damaged, &sessions));
        }
        Err(e) => found.push(Finding { part: "knowledge", state: State::Failing, detail: e.to_string() }),
    }
    store.close().await;
    found
}

/// Rows that would open a door and were not written by ContactIQ.
fn not_ours(keys: &[ApiKey], sessions: &[String]) -> Option<Finding> {
    if keys.is_empty() && sessions.is_empty() {
        return None;
    }
    let named: Vec<String> = keys.iter().map(|key| format!("{} ({})", key.name, key.id)).collect();
    let mut detail = Vec::new();
    if !named.is_empty() {
        detail.push(format!("damaged keys, which open nothing: {} (`keys revoke ID`)", named.join(", ")));
    }
    if !sessions.is_empty() {
        let ids = sessions.join(", ");
        detail.push(format!(
            "damaged sessions of the pages, which open nothing: {ids} (DELETE /v1/sessions/ID)"
        ));
    }
    let detail = format!(
        "{}. Somebody wrote to the database past ContactIQ: docs/runbook.md#a-key-or-session-is-damaged",
        detail.join("; ")
    );
    Some(Finding { part: "authority", state: State::Failing, detail })
}

/// Those that are not revoked.
fn api_keys(keys: &[ApiKey]) -> Finding {
    // A back end sends what many people ask, from few addresses.
    let slow = keys.iter().filter(|key| key.role == Role::Service && key.rate_per_minute.is_none());
    let slow: Vec<&str> = slow.map(|key| key.name.as_str()).collect();
    let advice = match (keys, slow.as_slice()) {
        ([], _) => ": `contactiq keys create --name N --role R`".to_owned(),
        (_, []) => String::new(),
        (_, slow) => format!(
            "; services without a rate of their own are limited by address, as one caller: {} \
             (`keys create --rate-per-minute N`)",
            slow.join(", ")
        ),
    };
    let state = if keys.is_empty() { State::Off } else { State::Ok };
    Finding { part: "api keys", state, detail: format!("{} active{advice}", keys.len()) }
}

async fn audit(config: &Config) -> Finding {
    let (state, detail) = match audit_log::standing(config).await {
        Ok((detail, late)) => (if late { State::Off } else { State::Ok }, detail),
        Err(why) => (State::Failing, format!("{why}. `contactiq audit verify` says more")),
    };
    Finding { part: "audit log", state, detail }
}

/// Each model by its name, in the order in which they are asked.
async fn models(config: &Config) -> Vec<Finding> {
    let part = "language model";
    let chain = match app::open_chain(config, None) {
        Ok((None, Err(why) | Ok(why))) => return vec![Finding { part, state: State::Off, detail: why }],
        Ok((Some(chain), _)) => chain,
        Err(e) => return vec![Finding { part, state: State::Failing, detail: e.to_string() }],
    };
    let health = chain.health(Duration::from_secs(5)).await;
    let mut found: Vec<Finding> = config
        .llm
        .in_order()
        .iter()
        .zip(health)
        .map(|(provider, (name, health))| match health {
            Ok(()) => {
                Finding { part, state: State::Ok, detail: format!("{name}: {} answers", provider.model) }
            }
            Err(error) => {
                let fix = fix(&error, provider);
                let detail = format!("{name}: {} does not answer: {error}{fix}", provider.model);
                Finding { part, state: State::Failing, detail }
            }
        })
        .collect();
    let seen = app::in_plain_sight(config).into_iter();
    found.extend(seen.map(|detail| Finding { part, state: State::Off, detail }));
    found
}

/// Which setting to look at, or when to look again.
fn fix(error: &ModelError, provider: &LlmProvider) -> String {
    let field = match error {
        ModelError::RateLimited { retry_after: Some(after) } => {
            return format!(". It asks to be left alone for {} s", after.as_secs());
        }
        ModelError::BrokeOff(401 | 403) => "api_key",
        ModelError::BrokeOff(404) => "base_url and model",
        ModelError::Unauthorised => "api_key",
        ModelError::NoSuchModel => "model",
        ModelError::NotFound => "base_url and model",
        ModelError::Unreachable | ModelError::Certificate | ModelError::Garbage { .. } => "base_url",
        _ => return String::new(),
    };
    format!(". Look at {field} of {}", provider.place())
}

/// What the models that are asked cost, and whether a budget keeps them from being asked.
async fn prices(config: &Config) -> Option<Finding> {
    let part = "prices";
    let table = match app::prices(config) {
        Ok(table) => table,
        Err(e) => return Some(Finding { part, state: State::Failing, detail: e.to_string() }),
    };
    let missing = app::without_a_price(config, &table);
    if !missing.is_empty() {
        let bounded = app::budget_settings(config).any() || has_a_key_with_budget(config).await;
        let state = if bounded { State::Failing } else { State::Off };
        return Some(Finding { part, state, detail: missing.join("; ") });
    }
    let dollars = |nano: u64| nano as f64 / 1e9;
    let line = |provider: &LlmProvider| {
        let price = table.price(&provider.model)?;
        Some(format!(
            "{}: ${} read, ${} read from the cache, ${} written, for a million tokens",
            provider.model,
            dollars(price.input),
            dollars(price.cached_input),
            dollars(price.output)
        ))
    };
    let lines: Vec<String> = config.llm.in_order().iter().filter_map(line).collect();
    if lines.is_empty() {
        return None;
    }
    let detail = lines.join("; ");
    Some(Finding { part, state: State::Ok, detail })
}

async fn has_a_key_with_budget(config: &Config) -> bool {
    let Ok(store) = app::open_store(config).await else { return false };
    let found = async { keys::list(&mut *store.read().await?).await }.await;
    store.close().await;
    found.is_ok_and(|keys| keys.iter().any(|key| key.revoked_at.is_none() && !key.budget.is_none()))
}

/// Asks the moderation endpoint about a text that nobody wrote.
async fn moderation(config: &Config) -> Finding {
    let part = "moderation";
    let remote = match app::open_moderation(config) {
        Ok(Some(remote)) => remote,
        Ok(None) => {
            let detail = if config.guard.moderation {
                "local alone: no endpoint is configured (llm.moderation.base_url)"
            } else {
                "switched off: nobody judges what is said (guard.moderation)"
            };
            return Finding { part, state: State::Off, detail: detail.to_owned() };
        }
        Err(e) => return Finding { part, state: State::Failing, detail: e.to_string() },
    };
    let text = Masked::from_published(&Published::by_bank("Where is the nearest cash machine?"));
    let budget = Duration::from_secs(config.llm.moderation.timeout_seconds);
    match remote.judge(&text, budget).await {
        Ok(_) => {
            let detail = format!("{} answers, beside the local moderation", config.llm.moderation.model);
            Finding { part, state: State::Ok, detail }
        }
        Err(e) => Finding {
            part,
            state: State::Failing,
            detail: format!(
                "{} does not answer: {e}. The local moderation stands alone meanwhile; see llm.moderation",
                config.llm.moderation.model
            ),
        },
    }
}

/// Asks every hosted vector store how it stands.
async fn hosted(config: &Config) -> Vec<Finding> {
    let part = "hosted";
    let off = "no hosted vector store: the documents here answer (knowledge.hosted.base_url)";
    let stores = match app::hosted::stores(config) {
        Ok(Some(stores)) => stores,
        Ok(None) => return vec![Finding { part, state: State::Off, detail: off.to_owned() }],
        Err(e) => return vec![Finding { part, state: State::Failing, detail: e.to_string() }],
    };
    let budget = Duration::from_secs(config.knowledge.hosted.timeout_seconds);
    let mut found = Vec::new();
    for store in stores.stores() {
        let (state, detail) = match stores.standing(store, budget).await {
            Ok(standing) if standing.expired => {
                (State::Failing, "has expired: it gives no answers".to_owned())
            }
            Ok(standing) if standing.files == 0 => {
                (State::Failing, "has no file that can be found yet".to_owned())
            }
            Ok(standing) if standing.others > 0 => {
                let detail =
                    format!("answers from {} files; {} are not ready", standing.files, standing.others);
                (State::Ok, detail)
            }
            Ok(standing) => (State::Ok, format!("answers from {} files", standing.files)),
            Err(error) => (State::Failing, no_store(&error)),
        };
        found.push(Finding { part, state, detail: format!("{store} {detail}") });
    }
    found
}

/// Why a store does not say how it stands, and which setting to look at.
fn no_store(error: &ModelError) -> String {
    let (what, field) = match error {
        ModelError::Unauthorised => ("does not open with this key", "api_key"),
        ModelError::NotFound | ModelError::NoSuchModel => {
            ("is not there: this server has no such store", "vector_store_ids and base_url")
        }
        ModelError::Unreachable => ("can't be reached", "base_url"),
        ModelError::Certificate => ("has a certificate that is not accepted", "base_url"),
        ModelError::Garbage { .. } => ("is no answer of a vector store's API", "base_url"),
        ModelError::Timeout => ("did not answer in time", "timeout_seconds"),
        ModelError::RateLimited { .. } => ("takes no more requests for now", "api_key"),
        _ => ("does not answer", "base_url"),
    };
    format!(
        "{what} ({}). Look at knowledge.hosted.{field}; meanwhile the documents here answer, and where there are none a \
         person",
        error.code()
    )
}

async fn redis(config: &Config) -> Finding {
    let (state, detail) = match limits::open(config, Duration::from_secs(2)).await {
        Ok(None) => (State::Off, limits::NO_REDIS.to_owned()),
        Ok(Some((_, Ok(())))) => (State::Ok, "answers: limits are shared".to_owned()),
        Ok(Some((_, Err(e)))) => {
            // One without TLS waits for more of what it takes for a command.
            let vague = matches!(
                e,
                SharedError::TimedOut { .. }
                    | SharedError::Unavailable { why: "the connection failed or broke" }
            );
            let hint = if vague && config.redis_url().starts_with("rediss://") {
                " (the URL asks for TLS: does it speak that there, as with tls-port?)"
            } else {
                ""
            };
            (State::Failing, format!("{e}{hint}: limits are kept in each process meanwhile"))
        }
        Err(e) => (State::Failing, e.to_string()),
    };
    Finding { part: "redis", state, detail }
}

/// What is asked how often, and whom it is believed where a request came from.
fn limits_in_force(config: &Config) -> [Finding; 2] {
    let of = &config.limits;
    let detail = format!(
        "{} questions a minute of a session, {} an hour of an address; {} other requests a minute of a key or person; \
         {} failures a minute of an address; bodies of {} bytes",
        of.questions_per_minute,
        of.questions_per_hour_per_ip,
        of.requests_per_minute,
        of.failures_per_minute,
        of.body_bytes
    );
    let limits = Finding { part: "limits", state: State::Ok, detail };
    let server = &config.server;
    let country = match server.country_header.as_str() {
        "" => "no country".to_owned(),
        header => format!("the country from {header}"),
    };
    let (state, detail) = if server.trusted_proxies.is_empty() {
        (
            State::Off,
            "none is trusted (server.trusted_proxies): the address of the connection counts".to_owned(),
        )
    } else {
        let trusted = server.trusted_proxies.join(", ");
        (
            State::Ok,
            format!("{trusted}: the client's address is read from {}, {country}", server.proxy_header),
        )
    };
    [limits, Finding { part: "proxies", state, detail }]
}

/// Whether an installation of its own speaks in the demo bank's name.
fn bank(config: &Config) -> Option<Finding> {
    let left = config.still_of_the_demo();
    (!left.is_empty()).then(|| Finding {
        part: "bank",
        state: State::Failing,
        detail: format!("{} is the demo bank's: customers would read it; set your own", left.join(" and ")),
    })
}

fn people(config: &Config) -> Finding {
    if config.bank.people.available {
        Finding {
            part: "people",
            state: State::Ok,
            detail: format!(
                "{} ({}); {} lines for some triggers",
                config.bank.people.channel,
                config.bank.people.hours,
                config.bank.people.lines.len()
            ),
        }
    } else {
        Finding {
            part: "people",
            state: State::Off,
            detail: "no team is configured: texts promise nobody".to_owned(),
        }
    }
}
