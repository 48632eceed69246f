//! The only place where the parts of the house meet: [`build_house`].

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use contactiq_domain::Probability;
use contactiq_guard::{Guard, GuardSettings};
use contactiq_llm::{
    Chain, ChainSettings, Http, OpenAiCompatible, OpenAiSettings, PriceTable, Provider, Secret,
};
use contactiq_nlu::encoder::{CachedEncoder, Encoder, KernelChoice, MiniLm};
use contactiq_pipeline::{
    AssistantSettings, Calibration, EscalationRules, House, Knowledge, Models, People, Settings, Shelf,
    Taxonomy, Trained,
};
use contactiq_store::{Location, SharedError, SharedLimits, Store};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::{
    config::{Assistant, Config},
    demo,
    guard::{
        access::AccessLog,
        identity::KeyCache,
        limits::{self, Limits},
    },
    web::session::Sessions,
    wiring::{SystemClock, SystemIds, random, sealer},
};

/// What the shipped binary carries for banks that bring nothing of their own.
const INTENTS: &str = include_str!("../../../defaults/intents.toml");
const TRIGGERS: &str = include_str!("../../../defaults/triggers.toml");
const CONFIDENCE: &str = include_str!("../../../defaults/confidence.toml");
const PRICES: &str = include_str!("../../../defaults/prices.toml");

/// Question vectors that stay in memory: 1.5 KB each.
const CACHED_VECTORS: usize = 20_000;

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
    #[error("the database was sealed with another key than {path} holds: restore that file from its backup")]
    WrongKey {
        /// The key file.
        path: PathBuf,
    },
    /// A file that the bank edits is wrong or can't be read.
    #[error("{0}")]
    File(String),
    /// The database.
    #[error("the database can't be used: {0}")]
    Store(#[from] contactiq_store::StoreError),
    /// Training.
    #[error("{0}")]
    Models(#[from] contactiq_pipeline::ModelsError),
    /// The index.
    #[error("{0}")]
    Knowledge(#[from] contactiq_pipeline::KnowledgeError),
    /// The address of Redis.
    #[error("redis.url: {0}")]
    Redis(#[from] SharedError),
    /// The language model's settings.
    #[error("the language model can't be used: {0}")]
    Llm(String),
}

/// What is on and what is not, for the start message, `/ready` and `doctor`.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Standing {
    /// `all-MiniLM-L6-v2`, or why the lexical model works alone.
    pub encoder: Result<String, String>,
    /// `sqlite` or `postgresql`.
    pub database: String,
    /// The model's name, or why answers are extractive.
    pub llm: Result<String, String>,
    /// Whether Redis shared the limits at the start, or why not.
    pub redis: Result<String, String>,
    /// Models trained at this start and read from the folder.
    pub trained: (usize, usize),
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
    /// Signed-in browsers.
    pub sessions: Sessions,
    /// Looked-up API keys.
    pub keys: KeyCache,
    /// The queue of access events.
    pub access: AccessLog,
    /// Work that outlives its request; drained at shutdown.
    pub tasks: TaskTracker,
    /// The figures of `/metrics`.
    pub metrics: PrometheusHandle,
    /// Whether the ledger took the last write that was tried: a job tries one every few seconds, so
    /// that probes without a key can't make the disk work.
    pub ledger_writes: AtomicBool,
    /// Compares the bodies of repeated requests without keeping them.
    pub body_key: [u8; 32],
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
        body_key: [u8; 32],
    ) -> App {
        let tasks = TaskTracker::new();
        let (access, job) = AccessLog::new(house.store.clone());
        tasks.spawn(job);
        let limits = Limits::new(
            house.clock.clone(),
            config.limits.questions_per_minute,
            config.limits.questions_per_hour_per_ip,
            shared,
        );
        App(Arc::new(Parts {
            house: Arc::new(house),
            standing,
            limits,
            sessions: Sessions::default(),
            keys: KeyCache::default(),
            access,
            tasks,
            metrics,
            ledger_writes: AtomicBool::new(true),
            body_key,
            config,
        }))
    }
}

/// Builds the house: opens, loads, trains what is not trained yet. `progress` hears what takes long.
///
/// # Errors
/// [`StartError`] says what to do. A missing encoder or model is no error: it is said in [`Standing`].
pub async fn build_house(config: &Config, progress: Progress) -> Result<(House, Standing), StartError> {
    let store = open_store(config).await?;
    let taxonomy = Taxonomy::parse(&bank_file(&config.files.intents, INTENTS)?)
        .map_err(|e| StartError::File(e.to_string()))?;
    let rules = EscalationRules::parse(&bank_file(&config.files.triggers, TRIGGERS)?)
        .map_err(|e| StartError::File(e.to_string()))?;
    let calibration =
        Calibration::parse(&bank_file(&config.files.confidence, CONFIDENCE)?).map_err(StartError::File)?;
    let encoder = open_encoder(config);

    if config.server.demo {
        demo::load_documents(&store, &SystemIds).await?;
    }
    let (models, trained) =
        train(config, &taxonomy, &rules, encoder.as_ref().ok().cloned(), progress.clone()).await?;
    let told = progress.clone();
    let knowledge = Knowledge::load(&store, encoder.as_ref().ok().cloned(), move |done, all| {
        told("encoding passages", done, all)
    })
    .await?;

    let (chain, llm) = open_chain(config)?;
    let standing = Standing {
        encoder: encoder
            .as_ref()
            .map(|e| format!("all-MiniLM-L6-v2, kernel {}", e.kernel()))
            .map_err(Clone::clone),
        database: store.engine().to_owned(),
        llm,
        redis: Err(limits::NO_REDIS.to_owned()),
        trained: (trained.trained, trained.read),
        documents: knowledge.documents.len(),
        passages: knowledge.passages.len(),
    };
    let house = House {
        guard: Guard::new(guard_settings(config)),
        taxonomy,
        rules,
        models,
        encoder: encoder.ok(),
        shelf: Shelf::new(knowledge),
        store,
        chain: chain.map(Arc::new),
        prices: PriceTable::parse(PRICES).map_err(|e| StartError::File(e.to_string()))?,
        model_budget: Duration::from_secs(config.llm.timeout_seconds),
        calibration,
        settings: settings(config),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        compute: Arc::new(Semaphore::new(cores())),
    };
    Ok((house, standing))
}

/// Opens the ledger of this configuration and makes the data folder when it is missing.
///
/// # Errors
/// When the folder or the database can't be used.
pub async fn open_store(config: &Config) -> Result<Store, StartError> {
    let dir = &config.server.data_dir;
    let unusable = |source| StartError::DataDir { path: dir.clone(), source };
    make_private(dir).map_err(unusable)?;
    let sealer = sealer(dir).map_err(unusable)?;
    let location = match config.database.url.expose() {
        "" => Location::Sqlite(dir.join("contactiq.db")),
        url => Location::Postgres(url.to_owned()),
    };
    let store = Store::open(&location, sealer).await?;
    check_key(&store, dir).await?;
    Ok(store)
}

/// Makes a missing data folder that only this user can enter.
fn make_private(dir: &Path) -> std::io::Result<()> {
    if dir.exists() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(dir)
}

/// Where the store keeps the fingerprint of its sealing key.
const KEY_FINGERPRINT: &str = "sealing_key";

/// Refuses a database that was sealed with another key: its rows could not be read, and new ones
/// would be lost when the right key comes back.
async fn check_key(store: &Store, dir: &Path) -> Result<(), StartError> {
    let unusable = |source| StartError::DataDir { path: dir.to_owned(), source };
    let own = crate::wiring::hex(&crate::wiring::derived_key(dir, "fingerprint").map_err(unusable)?[..8]);
    let mut w = store.write().await?;
    match contactiq_store::meta::get_meta(&mut w, KEY_FINGERPRINT).await? {
        Some(known) if known == own => Ok(()),
        Some(_) => Err(StartError::WrongKey { path: crate::wiring::key_path(dir) }),
        None => {
            contactiq_store::meta::set_meta(&mut w, KEY_FINGERPRINT, &own).await?;
            Ok(w.save().await?)
        }
    }
}

/// The folder of this configuration's encoder, or why there is none.
pub(crate) fn encoder_folder(config: &Config) -> Result<PathBuf, String> {
    let folder = match config.encoder.folder.as_str() {
        "off" => return Err("switched off: the lexical model works alone".to_owned()),
        "" => config.server.data_dir.join("encoder"),
        folder => PathBuf::from(folder),
    };
    if !folder.exists() {
        return Err(format!("no encoder in {}: the lexical model works alone", folder.display()));
    }
    Ok(folder)
}

/// The encoder of this configuration, or why there is none.
pub fn open_encoder(config: &Config) -> Result<Arc<CachedEncoder>, String> {
    let folder = encoder_folder(config)?;
    let kernel: KernelChoice = config
        .encoder
        .kernel
        .parse()
        .map_err(|e| format!("encoder.kernel: {e}: the lexical model works alone"))?;
    let model =
        MiniLm::load_for(&folder, kernel).map_err(|e| format!("{e}: the lexical model works alone"))?;
    let cache = config.server.data_dir.join("cache");
    std::fs::create_dir_all(&cache).map_err(|e| e.to_string())?;
    CachedEncoder::open(Arc::new(model), Some(&cache.join("vectors.bin")), CACHED_VECTORS)
        .map(Arc::new)
        .map_err(|e| format!("{e}: the lexical model works alone"))
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
    let trained = tokio::task::spawn_blocking(move || {
        let published = encoder.as_deref().map(Published);
        let encoder = published.as_ref().map(|p| p as &dyn Encoder);
        Models::load_or_train(&taxonomy, &rules, encoder, &folder, &|done, all| {
            progress("training models", done, all)
        })
    });
    match trained.await {
        Ok(result) => Ok(result?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// The taxonomy is the bank's own text, so its vectors may be kept in the file.
struct Published<'a>(&'a CachedEncoder);

impl Encoder for Published<'_> {
    fn dimensions(&self) -> usize {
        self.0.dimensions()
    }
    fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }
    fn kernel(&self) -> &'static str {
        self.0.kernel()
    }
    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, contactiq_nlu::encoder::EncoderError> {
        self.0.encode_published(texts)
    }
}

pub(crate) fn open_chain(config: &Config) -> Result<(Option<Chain>, Result<String, String>), StartError> {
    let llm = &config.llm;
    if llm.base_url.is_empty() {
        return Ok((None, Err("not configured: answers are made of cited sentences".to_owned())));
    }
    let wrong = |e: contactiq_llm::SetupError| StartError::Llm(e.to_string());
    let http = Http::new().map_err(wrong)?;
    let mut to = OpenAiSettings::new(&llm.base_url, &llm.model);
    to.api_key = (!llm.api_key.is_empty()).then(|| Secret::new(llm.api_key.expose().to_owned()));
    let provider = OpenAiCompatible::new(to, http).map_err(wrong)?;
    let settings = ChainSettings {
        timeout: Duration::from_secs(llm.timeout_seconds),
        retries: llm.max_retries,
        ..ChainSettings::default()
    };
    let jitter = Arc::new(|| f64::from(u32::from_le_bytes(random::<4>())) / f64::from(u32::MAX));
    let providers: Vec<Arc<dyn Provider>> = vec![Arc::new(provider)];
    Ok((Some(Chain::new(providers, settings, Arc::new(SystemClock), jitter)), Ok(llm.model.clone())))
}

/// A bank's own file, or the built-in one.
pub fn bank_file(path: &str, built_in: &str) -> Result<String, StartError> {
    if path.is_empty() {
        return Ok(built_in.to_owned());
    }
    std::fs::read_to_string(Path::new(path))
        .map_err(|e| StartError::File(format!("{path} can't be read: {e}")))
}

/// The taxonomy of this configuration.
///
/// # Errors
/// Names the intent and the fix.
pub fn taxonomy(config: &Config) -> Result<Taxonomy, StartError> {
    Taxonomy::parse(&bank_file(&config.files.intents, INTENTS)?).map_err(|e| StartError::File(e.to_string()))
}

/// Reads every file that the bank edits, as a start would.
///
/// # Errors
/// A line for every file that can't be used: the place and the fix.
pub fn check_files(config: &Config) -> Result<(), StartError> {
    let rules = bank_file(&config.files.triggers, TRIGGERS).and_then(|text| {
        EscalationRules::parse(&text).map(drop).map_err(|e| StartError::File(e.to_string()))
    });
    let calibration = bank_file(&config.files.confidence, CONFIDENCE)
        .and_then(|text| Calibration::parse(&text).map(drop).map_err(StartError::File));
    let wrong: Vec<String> = [taxonomy(config).map(drop), rules, calibration]
        .into_iter()
        .filter_map(|read| read.err().map(|e| e.to_string()))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(StartError::File(wrong.join("\n"))) }
}

/// The guard of this configuration.
#[must_use]
pub fn guard_settings(config: &Config) -> GuardSettings {
    GuardSettings {
        personal_data: config.guard.personal_data,
        injection: config.guard.injection,
        moderation: config.guard.moderation,
        injection_threshold: config.guard.injection_threshold,
        ..GuardSettings::default()
    }
}

fn settings(config: &Config) -> Settings {
    let people = &config.bank.people;
    Settings {
        bank: config.bank.name.clone(),
        people: people
            .available
            .then(|| People { channel: people.channel.clone(), hours: people.hours.clone() }),
        verified_channel: config.bank.verified_channel.clone(),
        crisis_line: config.bank.crisis_line.clone(),
        retention_policy: format!("standard-{}-days", config.retention.days),
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
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[tokio::test]
    async fn a_database_of_another_key_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("data");
        let env = HashMap::from([("CONTACTIQ_DATA_DIR".to_owned(), dir.display().to_string())]);
        let config = crate::config::load_from(None, &env).unwrap();
        open_store(&config).await.unwrap().close().await;
        std::fs::write(crate::wiring::key_path(&dir), [7; 32]).unwrap();
        let refused = open_store(&config).await.unwrap_err().to_string();
        assert!(refused.contains("sealed with another key"), "{refused}");
    }
}
