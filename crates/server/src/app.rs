//! The only place where the parts of the house meet: [`build_house`].

mod audit;
mod bank_files;
mod beside;
mod budgets;
mod encoder;
mod gate;
pub(crate) mod hosted;
mod ledger;
mod models;
mod places;
mod quotas;
mod remote_encoder;
mod vectors;

use std::{
    ops::Deref,
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use contactiq_domain::{Clock, Probability, Zone};
use contactiq_guard::{Guard, GuardSettings, TokenKey};
use contactiq_nlu::{
    encoder::{CachedEncoder, Encoder},
    intents::TrainError,
};
use contactiq_pipeline::{
    AssistantSettings, Compute, Consents, Door, EscalationRules, House, Judges, Knowledge, KnowledgeError,
    Lately, Line, Means, Models, ModelsError, People, Recall, Settings, Shelf, Taxonomy, Tongue, Trained,
    payer_of_published,
};
use contactiq_store::{
    Budgets, KeyUses, Ledger, SharedError, SharedLimits, Store, StoreError,
    ledger::{Places, spool::Spool},
};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use crate::{
    api::{idempotency::Leases, live::Live},
    config::{Assistant, Config, PlaceholderScope, ServerRole},
    demo,
    guard::{
        access::AccessLog,
        admission::Admission,
        guesses::Guesses,
        keys::KeyCache,
        limits::{self, Limits},
        proxies::Proxies,
        tokens::Tokens,
        unusual::Unusual,
    },
    hands::Hands,
    secrets::Keeper,
    tls::{PairError, Tls},
    web::session::Sessions,
    wiring::{SystemClock, SystemIds},
};

pub use audit::{Audit, Looked};
pub(crate) use audit::{
    access_spool, drain_left_access, key_file as audit_key_file, note_configuration, note_secret,
    open_key as audit_key, public_file as audit_public_file, rotate_key as rotate_audit_key,
};
use bank_files::BankFiles;
use encoder::Published;

pub(crate) use bank_files::{calibration, calibration_by_words, prices, without_a_price};
pub use bank_files::{check_files, escalation_rules, synonyms, taxonomy};
pub use beside::is_key_beside_data;
pub(crate) use budgets::{budget_settings, tell};
pub use encoder::{NoEncoder, open_encoder};
pub(crate) use encoder::{
    absolute, damage, empty_vector_file, encoder_folder, in_words, is_remote, label, misfit, without_meaning,
};
pub use gate::Gate;
pub(crate) use ledger::make_private;
pub use ledger::{await_store, open_store};
pub(crate) use models::{in_plain_sight, model_budget, open_chain, open_moderation};
pub(crate) use places::{drain_left, forget_shared_answers, look_at_queue, patience, waiting, with_places};
pub(crate) use quotas::purge_quotas;
pub use vectors::adopt_vectors;
pub(crate) use vectors::{share_vectors, vectors_of};

/// The purpose of the key that hashes bodies and the names that clients send.
pub const BODY_KEY: &str = "idempotency";

/// Answers made at once for each core: they compute, and wait for the disk a while.
const ANSWERS_A_CORE: usize = 16;
/// Answers made at once where they wait for a model or a worker most of the time.
const ANSWERS_OF_SOMEBODY_ELSE: usize = 256;
/// Seconds by which the clocks of a machine and of PostgreSQL may differ before that is told: a lease is as long.
const CLOCK_IS_WRONG: f64 = 3.0;
/// Questions that may wait for a remote encoder at once.
const REMOTE_CALLS: usize = 64;

/// Why the house does not stand. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder can't be used.
    #[error(
        "the data folder {path} can't be used: {source}. Choose another with CONTACTIQ_DATA_DIR, or make this one writable"
    )]
    DataDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database was sealed with another key.
    #[error(
        "the database was sealed with another key than {place} holds: it needs the key-encryption key {needed}; restore that key from its backup"
    )]
    WrongKey {
        /// Where the key is.
        place: String,
        /// The fingerprint of the one that is needed.
        needed: String,
    },
    /// A secret can't be read, or what was read can't be used.
    #[error("{0}")]
    Secrets(#[from] crate::config::ConfigError),
    /// Something was opened before its secret was read: a fault of ours.
    #[error("{0} was not read before it was used")]
    Unread(&'static str),
    /// A file that the bank edits is wrong or can't be read.
    #[error("{0}")]
    File(String),
    /// The folder of the spools can't be made.
    #[error("ledger.spool: the folder {path} can't be used: {source}. Name another one, or `off`")]
    SpoolDir {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The spool.
    #[error("ledger.spool: {0}")]
    Spool(#[from] contactiq_store::ledger::spool::SpoolError),
    /// The database.
    #[error("the database can't be used: {0}")]
    Store(#[from] StoreError),
    /// Training.
    #[error("{0}")]
    Models(#[from] ModelsError),
    /// The index.
    #[error("{0}")]
    Knowledge(#[from] KnowledgeError),
    /// The address of Redis.
    #[error("redis.url: {0}")]
    Redis(#[from] SharedError),
    /// The identity provider or a key of the bank's site.
    #[error("{0}")]
    Identity(String),
    /// The certificate of this server, or its key.
    #[error("{0}")]
    Tls(#[from] PairError),
    /// The settings of the hosted vector store.
    #[error("knowledge.hosted: {0}")]
    Hosted(String),
    /// The language model's settings.
    #[error("the language model can't be used: {0}")]
    Llm(String),
}

/// What is on and what is not, for the start message, `/ready` and `doctor`.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Standing {
    /// `all-MiniLM-L6-v2`, or why the lexical model works alone.
    pub encoder: Result<String, NoEncoder>,
    /// What is wrong with the confidence beside this encoder, or does not hold without one, and what to do.
    pub confidence: Option<String>,
    /// `sqlite` or `postgresql`.
    pub database: String,
    /// The model's name, or why answers are extractive.
    pub llm: Result<String, String>,
    /// Whether Redis shared the limits at the start, or why not.
    pub redis: Result<String, String>,
    /// Models trained at this start and read from the folder.
    pub trained: Trained,
    /// Documents that answer.
    pub documents: usize,
    /// Their passages.
    pub passages: usize,
}

/// How far a start is: what is being done, done, and in all.
pub type Progress = Arc<dyn Fn(&str, usize, usize) + Send + Sync>;

/// A house and what a server needs around it. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of a server.
pub struct Parts {
    /// The house.
    pub house: Arc<House>,
    /// The configuration.
    pub config: Config,
    /// What is on.
    pub standing: Standing,
    /// Rate limits.
    pub limits: Limits,
    /// Whom to believe where a request came from.
    pub proxies: Proxies,
    /// What is unusual of how keys are used.
    pub unusual: Unusual,
    /// Who was turned away unheard after too many failures.
    pub guesses: Guesses,
    /// The queue of requests.
    pub admission: Admission,
    /// The secrets, which are read again while we run.
    pub secrets: Keeper,
    /// Signed-in browsers.
    pub sessions: Sessions,
    /// Bearer tokens, and the identity provider.
    pub tokens: Tokens,
    /// TLS of this server; none where it is plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// The API keys.
    pub keys: KeyCache,
    /// The way of access events into the database.
    pub access: AccessLog,
    /// The audit log.
    pub audit: Arc<Audit>,
    /// Work that outlives its request; drained at shutdown.
    pub tasks: TaskTracker,
    /// The figures of `/metrics`.
    pub metrics: PrometheusHandle,
    /// Whether the ledger took the last write that was tried: a job tries one every few seconds, so
    /// that probes without a key can't make the disk work.
    pub ledger_writes: AtomicBool,
    /// Whether a key of the data folder still wraps keys, in production: the hourly job looks, so that probes without a
    /// key read no file.
    pub key_beside_data: AtomicBool,
    /// The idempotency keys that requests hold.
    pub leases: Leases,
    /// Answers on their way to clients.
    pub live: Arc<Live>,
    /// Who answers: this process, or workers.
    pub hands: Hands,
    /// Compares the bodies of repeated requests, and what clients resend, without keeping them.
    pub body_key: Zeroizing<[u8; 32]>,
}

impl Deref for App {
    type Target = Parts;
    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// A server around a house.
    #[must_use]
    pub fn new(
        house: House,
        config: Config,
        standing: Standing,
        shared: Option<SharedLimits>,
        metrics: PrometheusHandle,
        (body_key, gate): (Zeroizing<[u8; 32]>, Gate),
        (hands, secrets, audit, access_spool): (Hands, Keeper, Audit, Option<Spool>),
    ) -> App {
        let tasks = TaskTracker::new();
        let (access, job) = AccessLog::new(house.store.clone(), access_spool);
        tasks.spawn(job);
        let limits = Limits::new(
            house.clock.clone(),
            config.limits.questions_per_minute,
            config.limits.questions_per_hour_per_ip,
            shared,
        );
        let redis = (!config.redis.url.is_empty()).then(|| config.redis_address());
        let uses = match KeyUses::new(house.store.clone(), redis) {
            Ok(uses) => uses,
            // An address that can't be read was refused before: `shared` is made of the same.
            Err(_) => KeyUses::in_database(house.store.clone()),
        };
        App(Arc::new(Parts {
            house: Arc::new(house),
            standing,
            limits,
            proxies: Proxies::of(&config.server),
            unusual: Unusual::new(uses),
            guesses: Guesses::default(),
            admission: admission(&config),
            sessions: gate.sessions,
            tokens: gate.tokens,
            tls: gate.tls,
            secrets,
            keys: KeyCache::default(),
            access,
            audit: Arc::new(audit),
            tasks,
            metrics,
            ledger_writes: AtomicBool::new(true),
            key_beside_data: AtomicBool::new(false),
            live: Arc::default(),
            leases: Leases::default(),
            hands,
            body_key,
            config,
        }))
    }
}

impl Parts {
    /// The key for what a browser keeps of a sign-in at the identity provider.
    pub(crate) fn sign_in_key(&self) -> [u8; 32] {
        crate::wiring::mac(&*self.body_key, &[b"sign-in"])
    }
}

/// The queue of this configuration.
fn admission(config: &Config) -> Admission {
    Admission::new(answers_at_once(config), config.limits.questions_waiting)
}

/// Answers that are made at once.
pub(crate) fn answers_at_once(config: &Config) -> usize {
    let hosted = !config.knowledge.hosted.base_url.is_empty();
    let waits = config.llm.is_configured() || hosted || config.server.role == ServerRole::Gateway;
    match config.limits.answers_at_once {
        0 if waits => ANSWERS_OF_SOMEBODY_ELSE,
        0 => ANSWERS_A_CORE * cores(),
        set => set,
    }
}

/// Builds the house: opens, loads, trains what is not trained yet. `progress` hears what takes long.
///
/// # Errors
/// [`StartError`] says what to do. A missing encoder or model is no error: it is said in [`Standing`].
pub async fn build_house(config: &Config, progress: Progress) -> Result<(House, Standing), StartError> {
    let store = open_store(config).await?;
    let BankFiles { taxonomy, rules, calibration, by_words, synonyms, prices, warnings } =
        BankFiles::read(config)?;
    bank_files::log(&warnings);
    let of = config.clone();
    // Loading weights computes, and another server may be slow: neither is for an async thread.
    let mut encoder = match tokio::task::spawn_blocking(move || open_encoder(&of)).await {
        Ok(opened) => opened,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };

    let prices = Arc::new(prices);
    // Leases and what was never finished are judged by one clock, whatever this machine's says.
    look_at_clock(&store).await?;
    let clock: Arc<dyn Clock> = Arc::new(store.clock(Arc::new(SystemClock)));
    let budgets = Budgets::new(
        store.clone(),
        budget_settings(config),
        Arc::clone(&clock),
        Arc::new(SystemIds),
        Arc::new(tell),
    );
    if let Ok(encoder) = &encoder {
        // Before the bank's own texts are encoded.
        let (encoder, payer) = (Arc::clone(encoder), payer_of_published(&budgets, &prices));
        let told = tokio::task::spawn_blocking(move || encoder.is_paid_by(payer));
        told.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    }
    share_vectors(&store, encoder.as_deref().ok()).await;

    if config.server.demo {
        demo::load_documents(&store, &SystemIds).await?;
    }
    let with = encoder.as_ref().ok().cloned();
    let (models, trained) = match train(config, &taxonomy, &rules, with, progress.clone()).await {
        Err(StartError::Models(ModelsError::Train(TrainError::Encoder(error)))) if error.may_pass() => {
            encoder = Err(NoEncoder::left(config, &error));
            train(config, &taxonomy, &rules, None, progress.clone()).await?
        }
        trained => trained?,
    };
    let told = progress.clone();
    let means = Means { encoder: encoder.as_ref().ok().cloned(), synonyms: synonyms.clone(), before: None };
    let knowledge =
        load_knowledge(&store, means, move |done, all| told("encoding passages", done, all)).await?;

    let (chain, llm) = open_chain(config, Some(&store))?;
    let standing = Standing {
        encoder: encoder.as_ref().map(|e| in_words(&**e)).map_err(Clone::clone),
        confidence: match &encoder {
            Ok(encoder) => misfit(&calibration, &**encoder),
            Err(_) => Some(without_meaning(&by_words)),
        },
        database: store.engine().to_owned(),
        llm,
        redis: Err(limits::NO_REDIS.to_owned()),
        trained,
        documents: knowledge.documents.len(),
        passages: knowledge.passages.len(),
    };
    let consents = Consents::default();
    consents.read(&store).await?;
    let house = House {
        guard: door(config)?,
        taxonomy: Arc::new(taxonomy),
        rules: Arc::new(rules),
        models: Arc::new(models),
        encoder: encoder.ok(),
        shelf: Shelf::new(knowledge),
        synonyms,
        ledger: Ledger::new(store.clone(), Places::default(), Arc::clone(&clock)),
        budgets,
        store,
        consents,
        recall: Recall::new(config.limits.remembered_answers),
        lately: Arc::new(Lately::new(config.limits.remembered_answers)),
        chain: chain.map(Arc::new),
        moderation: open_moderation(config)?.map(Arc::new),
        moderation_budget: Duration::from_secs(config.llm.moderation.timeout_seconds),
        hosted: hosted::open(config)?.map(Arc::new),
        prices,
        repairs: config.llm.repair,
        answer_languages: config.llm.answer_languages.iter().filter_map(|code| Tongue::named(code)).collect(),
        judges: Judges { intents: config.llm.judges_intents, agreement: config.llm.judges_agreement },
        model_budget: model_budget(config),
        with_meaning: calibration,
        by_words,
        settings: settings(config),
        clock,
        ids: Arc::new(SystemIds),
        // A remote encoder computes elsewhere: what waits for it takes a thread and no core.
        compute: Compute::at_once(if is_remote(config) { REMOTE_CALLS } else { cores() }),
    };
    Ok((house, standing))
}

/// Compares this machine's clock with the store's; what is told in its place from then on is the store's.
///
/// # Errors
/// When the database fails.
pub(crate) async fn look_at_clock(store: &Store) -> Result<(), StoreError> {
    let ahead = store.compare_clocks(&SystemClock).await? as f64 / 1e6;
    metrics::gauge!("contactiq_clock_ahead_seconds").set(ahead);
    if ahead.abs() > CLOCK_IS_WRONG {
        tracing::warn!(
            ahead_seconds = ahead,
            "the clock of this machine and that of PostgreSQL differ: PostgreSQL's counts; set both by NTP"
        );
    }
    Ok(())
}

/// The knowledge with the vectors of its passages; without them while a remote encoder is away, so that
/// a document that was changed or taken away does not answer until it is back. A job adds them then.
///
/// # Errors
/// As [`Knowledge::load`], but for those of a remote encoder.
pub(crate) async fn load_knowledge(
    store: &Store,
    means: Means,
    progress: impl Fn(usize, usize) + Send + 'static,
) -> Result<Knowledge, KnowledgeError> {
    // All documents are read at once: a request's patience is not made for that.
    let store = &store.at_work();
    let encoder = means.encoder.clone();
    let erased = vectors::erased(store).await;
    match Knowledge::load(store, means.clone(), progress).await {
        Err(KnowledgeError::Encoder(error)) if error.may_pass() => {
            tracing::warn!(%error, "passages are found by their words alone until the remote encoder is back");
            Knowledge::load(store, Means { encoder: None, ..means }, |_, _| {}).await
        }
        loaded => {
            let knowledge = vectors::link(store, encoder.clone(), loaded?).await;
            Ok(vectors::forget_erased(encoder, (knowledge, erased)).await)
        }
    }
}

async fn train(
    config: &Config,
    taxonomy: &Taxonomy,
    rules: &EscalationRules,
    encoder: Option<Arc<CachedEncoder>>,
    progress: Progress,
) -> Result<(Models, Trained), StartError> {
    // Models with and without the encoder live side by side, so that switching it trains nothing.
    let folder =
        config.server.data_dir.join("models").join(if encoder.is_some() { "encoder" } else { "lexical" });
    std::fs::create_dir_all(&folder)
        .map_err(|source| StartError::DataDir { path: folder.clone(), source })?;
    let (taxonomy, rules) = (taxonomy.clone(), rules.clone());
    let everyday = bank_files::everyday(config)?;
    let trained = tokio::task::spawn_blocking(move || {
        let published = encoder.as_deref().map(Published);
        let encoder = published.as_ref().map(|p| p as &dyn Encoder);
        Models::load_or_train((&taxonomy, everyday.as_ref()), &rules, encoder, &folder, &|done, all| {
            progress("training models", done, all)
        })
    });
    match trained.await {
        Ok(result) => Ok(result?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// The door of this configuration: its guard, and how long that may take.
///
/// # Errors
/// As [`guard_settings`].
pub fn door(config: &Config) -> Result<Door, StartError> {
    Ok(Door::new(Guard::new(guard_settings(config)?), Duration::from_secs(config.guard.seconds)))
}

/// The guard of this configuration.
///
/// # Errors
/// [`StartError::File`] when what `guard.learned` names can't be used: no other model takes its place.
pub fn guard_settings(config: &Config) -> Result<GuardSettings, StartError> {
    Ok(GuardSettings {
        personal_data: config.guard.personal_data,
        injection: config.guard.injection,
        moderation: config.guard.moderation,
        learned: config.guard.learned.model().map_err(StartError::File)?,
        injection_threshold: config.guard.injection_threshold,
        allowed_links: config.guard.allowed_links.clone(),
        token_key: TokenKey::new(config.guard.token_key.expose().as_bytes()),
        ..GuardSettings::default()
    })
}

fn line(all: &crate::config::People, line: &crate::config::Line) -> Line {
    Line {
        mode: line.mode,
        triggers: line.triggers.clone(),
        people: People {
            channel: line.channel.clone(),
            hours: line.hours.clone(),
            // Hours that can't be read were refused with the configuration.
            opening: all.opening(&line.open).ok().flatten(),
        },
    }
}

/// The bank's time zone; a name that is not known was refused with the configuration.
pub(crate) fn zone(config: &Config) -> Zone {
    Zone::named(&config.bank.people.time_zone).unwrap_or_else(|_| Zone::utc())
}

fn settings(config: &Config) -> Settings {
    let people = &config.bank.people;
    Settings {
        bank: config.bank.name.clone(),
        people: people.available.then(|| People {
            channel: people.channel.clone(),
            hours: people.hours.clone(),
            opening: people.general_opening(),
        }),
        lines: people.lines.iter().map(|own| line(people, own)).collect(),
        verified_channel: config.bank.verified_channel.clone(),
        crisis_line: config.bank.crisis_line.clone(),
        zone: zone(config),
        retention_policy: format!("standard-{}-days", config.retention.days),
        keeps_placeholders: config.guard.placeholders == PlaceholderScope::Conversation,
        customer: assistant(&config.customer, &config.bank.name),
        banker: assistant(&config.banker, &config.bank.name),
    }
}

fn assistant(of: &Assistant, bank: &str) -> AssistantSettings {
    AssistantSettings {
        confidence_threshold: Probability::clamped(of.confidence_threshold),
        disclosure: of.disclosure.replace("{bank}", bank),
        disclaimer: of.disclaimer.replace("{bank}", bank),
        answer_words: of.answer_words,
        misunderstandings: of.misunderstandings,
    }
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
