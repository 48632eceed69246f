//! The audit log of this installation (E6): its key, its sequencer, where its checkpoints are anchored, and what of the
//! configuration changed since the last start.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contactiq_auditlog::{SigningKey, VerifyingKey, export, note};
use contactiq_domain::{Clock, Ids, Timestamp};
use contactiq_store::{
    Store, StoreError,
    audit::{self, AuditFault, AuditKind, AuditLog, Event, Ran, Rhythm, Sequencer, Verified},
    ledger::spool::{Spool, SpoolError},
    meta,
};
use zeroize::Zeroizing;

use super::{StartError, places};
use crate::{
    config::Config,
    guard::access,
    privacy::Tables,
    wiring::{self, SystemClock, SystemIds},
};

/// Where the public keys of a key file are, for auditors.
const PUBLIC: &str = "pub";
/// Whether somebody wants a checkpoint before its time.
const WANTED: &str = "audit_checkpoint_wanted";
const YES: &str = "yes";
/// Checkpoints that are anchored in one run.
const ANCHORED_TOGETHER: u32 = 100;
/// A witness that takes longer does not get this one; it comes again.
const WITNESS: Duration = Duration::from_secs(10);

/// What was found when the log was looked at last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    /// When.
    pub at: Option<Timestamp>,
    /// What is wrong, in words.
    pub fault: Option<String>,
}

/// The log and what works on it in this process.
pub struct Audit {
    /// The log.
    pub log: AuditLog,
    /// Its name.
    pub origin: String,
    /// Those that signed it, now or before.
    pub keys: Vec<VerifyingKey>,
    /// Signs receipts too.
    pub signer: SigningKey,
    sequencer: tokio::sync::Mutex<Sequencer>,
    looked: Mutex<Looked>,
    anchors: Vec<Anchor>,
    /// Whether this process wrote the log when it last ran.
    leads: AtomicBool,
    /// Whether tables were found to say something else than the log.
    tables_apart: AtomicBool,
}

impl Audit {
    /// Opens the log of this store.
    ///
    /// # Errors
    /// [`StartError`] says what to do.
    pub async fn open(store: &Store, config: &Config) -> Result<Audit, StartError> {
        let (key, keys) = open_key(store, config)?;
        let dir = &config.server.data_dir;
        let file = dir.join("audit.db");
        super::ledger::keep_private_file(&file)
            .map_err(|source| StartError::DataDir { path: dir.clone(), source })?;
        let log = AuditLog::open(store, &file).await?;
        let settings = &config.audit;
        let file =
            (!settings.anchor_file.is_empty()).then(|| Anchor::File(PathBuf::from(&settings.anchor_file)));
        let sequencer = Sequencer::new(
            store.clone(),
            log.clone(),
            (key.clone(), keys.clone()),
            settings.origin.clone(),
            Rhythm {
                every: Duration::from_secs(settings.checkpoint_seconds),
                entries: settings.checkpoint_entries,
            },
            Arc::new(store.clock(Arc::new(SystemClock))),
            SystemIds.next().to_string(),
        );
        Ok(Audit {
            log,
            origin: settings.origin.clone(),
            keys,
            signer: key,
            sequencer: tokio::sync::Mutex::new(sequencer),
            looked: Mutex::default(),
            anchors: [file, witness(&settings.anchor_url)?].into_iter().flatten().collect(),
            leads: AtomicBool::new(false),
            tables_apart: AtomicBool::new(false),
        })
    }

    /// Takes what waits into the log, if no other process does; with `sign` a checkpoint covers it.
    ///
    /// # Errors
    /// When a database fails, or the log is not the one that was signed.
    pub async fn run(&self, sign: bool) -> Result<Ran, StoreError> {
        let ran = self.sequencer.lock().await.run(sign).await;
        self.leads.store(ran.as_ref().is_ok_and(|ran| ran.leads), Ordering::Relaxed);
        ran
    }

    /// Whether this process wrote the log when it last ran: it is the one that anchors.
    #[must_use]
    pub fn leads(&self) -> bool {
        self.leads.load(Ordering::Relaxed)
    }

    /// Asks whoever leads for a checkpoint of all that is in the log now.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn want_checkpoint(&self, store: &Store) -> Result<(), StoreError> {
        set_wanted(store, true).await
    }

    /// The same as [`Audit::run`], with a checkpoint where one is wanted.
    ///
    /// # Errors
    /// As [`Audit::run`].
    pub async fn run_as_wanted(&self, store: &Store) -> Result<Ran, StoreError> {
        let wanted = meta::get_meta(&mut *store.read().await?, WANTED).await?;
        let is_wanted = wanted.is_some_and(|word| word == YES);
        let ran = self.run(is_wanted).await?;
        if is_wanted && ran.leads {
            set_wanted(store, false).await?;
        }
        Ok(ran)
    }

    /// Lets another process lead.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stop(&self) -> Result<(), StoreError> {
        self.sequencer.lock().await.stop().await
    }

    /// Verifies the whole log, and remembers what was found.
    ///
    /// # Errors
    /// The first fault.
    pub async fn verify(&self, store: &Store, records: bool, now: Timestamp) -> Result<Verified, AuditFault> {
        let found = self.log.verify(store, (&self.origin, &self.keys), &[], records).await;
        self.note(found.as_ref().err(), records, now);
        found
    }

    /// Looks whether the end of the log verifies, and remembers what was found.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn look(&self, now: Timestamp) -> Result<(), AuditFault> {
        let found = self.log.verify_tail(&self.keys).await.map(drop);
        self.note(found.as_ref().err(), false, now);
        found
    }

    /// A database that is away says nothing about the log. What was found wrong with the whole of it is not made good
    /// by an end that verifies.
    fn note(&self, fault: Option<&AuditFault>, is_whole: bool, now: Timestamp) {
        let fault = match fault {
            Some(AuditFault::Store(error)) if error.is_transient() => return,
            fault => fault.map(ToString::to_string),
        };
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.is_some() || is_whole || looked.fault.is_none() {
            *looked = Looked { at: Some(now), fault };
        }
    }

    /// Says what was found in the tables beside the log: holds and marks of erasures that somebody changed by hand.
    pub fn tell_of_tables(&self, found: &Tables) {
        metrics::gauge!("contactiq_holds_apart").set(found.holds.len() as f64);
        metrics::gauge!("contactiq_erasures_unproved").set(found.marked as f64);
        for apart in &found.holds {
            tracing::error!(critical = true, what = apart.what, %apart, "a legal hold does not stand as the audit log tells");
        }
        if found.marked > 0 {
            tracing::error!(
                critical = true,
                conversations = found.marked,
                "conversations are marked as erased and no erasure did it: their texts are left as they are; \
                 `contactiq audit verify --records` names them"
            );
        }
        self.tables_apart.store(!found.holds.is_empty() || found.marked > 0, Ordering::Relaxed);
    }

    /// Whether holds or marks of erasures were changed by hand, when it was looked last.
    #[must_use]
    pub fn are_tables_apart(&self) -> bool {
        self.tables_apart.load(Ordering::Relaxed)
    }

    /// What was found last.
    #[must_use]
    pub fn looked(&self) -> Looked {
        self.looked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends checkpoints where they are to be anchored, each once and in order; how many places failed. A place that
    /// does not answer is in nobody's way but its own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn anchor(&self, store: &Store) -> Result<u32, StoreError> {
        let each = self.anchors.iter().map(|anchor| self.anchor_at(store, anchor));
        let done: Vec<Result<u32, StoreError>> = futures_util::future::join_all(each).await;
        done.into_iter().sum()
    }

    async fn anchor_at(&self, store: &Store, anchor: &Anchor) -> Result<u32, StoreError> {
        let name = anchor.name();
        let known = meta::get_meta(&mut *store.read().await?, &name).await?;
        let done: u64 = known.and_then(|size| size.parse().ok()).unwrap_or(0);
        for (size, note) in self.log.checkpoints(done, ANCHORED_TOGETHER).await? {
            if let Err(why) = anchor.send(&note).await {
                tracing::warn!(why, "a checkpoint of the audit log could not be anchored; it is tried again");
                return Ok(1);
            }
            let mut w = store.write().await?;
            meta::set_meta(&mut w, &name, &size.to_string()).await?;
            w.save().await?;
        }
        Ok(0)
    }
}

/// Notes that a secret of the configuration has another value, or that another one of its values is in force: by the
/// name of its field alone. Without a field it is said that somebody asked for all to be read.
///
/// # Errors
/// When the database fails.
pub(crate) async fn note_secret(store: &Store, field: Option<&str>, how: &str) -> Result<(), StoreError> {
    let fields = [("secret", field.map(str::to_owned)), ("how", Some(how.to_owned()))];
    let event = Event::new(SystemIds.next(), SystemClock.now(), AuditKind::Key, &fields);
    let mut w = store.write().await?;
    audit::note(&mut w, &event).await?;
    w.save().await
}

async fn set_wanted(store: &Store, is_wanted: bool) -> Result<(), StoreError> {
    let mut w = store.write().await?;
    meta::set_meta(&mut w, WANTED, if is_wanted { YES } else { "no" }).await?;
    w.save().await
}

/// A place out of reach of whoever runs the log.
enum Anchor {
    /// A file that is appended to.
    File(PathBuf),
    /// An address that each is posted to.
    Witness(String, reqwest::Client),
}

impl Anchor {
    /// Under what the store remembers what was sent there. An address may be long, or hold a password: its hash stands
    /// for it.
    fn name(&self) -> String {
        let place = match self {
            Anchor::File(path) => path.display().to_string(),
            Anchor::Witness(url, _) => url.clone(),
        };
        format!("audit_anchored_{}", &wiring::sha256_hex(place.as_bytes())[..16])
    }

    async fn send(&self, note: &str) -> Result<(), String> {
        match self {
            Anchor::File(path) => append_line(path, note),
            Anchor::Witness(url, client) => post(client, url, note).await,
        }
    }
}

fn witness(url: &str) -> Result<Option<Anchor>, StartError> {
    if url.is_empty() {
        return Ok(None);
    }
    let client = reqwest::Client::builder()
        .user_agent(concat!("contactiq/", env!("CARGO_PKG_VERSION")))
        .timeout(WITNESS)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_version_min(reqwest::tls::Version::TLS_1_3)
        .build()
        .map_err(|_| StartError::File("audit.anchor_url: TLS can't be set up on this machine".to_owned()))?;
    Ok(Some(Anchor::Witness(url.to_owned(), client)))
}

/// Appends a checkpoint to a file and waits until it is on the disk.
fn append_line(path: &Path, note: &str) -> Result<(), String> {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|error| format!("audit.anchor_file: {error}"))?;
    file.write_all(&export::checkpoint(note))
        .and_then(|()| file.sync_all())
        .map_err(|error| format!("audit.anchor_file: {error}"))
}

async fn post(client: &reqwest::Client, url: &str, note: &str) -> Result<(), String> {
    let sent = client
        .post(url)
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(export::checkpoint(note))
        .send()
        .await;
    match sent {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("audit.anchor_url answered {}", answer.status().as_u16())),
        Err(_) => Err("audit.anchor_url can't be reached".to_owned()),
    }
}

/// Where the key is.
pub(crate) fn key_file(config: &Config) -> PathBuf {
    match config.audit.key_file.as_str() {
        "" => config.server.data_dir.join("audit.key"),
        path => PathBuf::from(path),
    }
}

/// The file of its public keys.
pub(crate) fn public_file(config: &Config) -> PathBuf {
    key_file(config).with_extension(PUBLIC)
}

/// The key, made at the first start, and every key that signed before. Replicas share no folder: without a file of
/// their own they make the same key, out of the root key that they have in common.
///
/// # Errors
/// When a file can't be used, or is none of keys.
pub(crate) fn open_key(
    store: &Store,
    config: &Config,
) -> Result<(SigningKey, Vec<VerifyingKey>), StartError> {
    let path = key_file(config);
    let unusable = |source| StartError::DataDir { path: path.clone(), source };
    let (alone, common) = (store.engine() == "sqlite", store.derived_key("audit signing key"));
    let make = || if alone { Zeroizing::new(wiring::random::<32>()) } else { common };
    let seed = wiring::private_key(&path, make).map_err(unusable)?;
    let wrong = |error: note::NoteError| StartError::File(format!("audit.origin: {error}"));
    let key = SigningKey::new(&config.audit.origin, &seed).map_err(wrong)?;
    let own = key.verifying_key();
    let public = public_file(config);
    let mut keys = match std::fs::read_to_string(&public) {
        Ok(text) => note::keys(&text)
            .map_err(|error| StartError::File(format!("{}: {error}: restore it", public.display())))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(unusable(source)),
    };
    if !keys.contains(&own) {
        add_public(&public, &own).map_err(unusable)?;
        keys.push(own);
    }
    Ok((key, keys))
}

fn add_public(path: &Path, key: &VerifyingKey) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

/// Puts a new key in the place of the one that signs; the old public half stays known. Who has the old file can go on
/// signing in the log's name, which the anchors of before tell from the log.
///
/// # Errors
/// When the files can't be written.
pub(crate) fn rotate_key(config: &Config) -> Result<VerifyingKey, StartError> {
    let path = key_file(config);
    let unusable = |source| StartError::DataDir { path: path.clone(), source };
    let wrong = |error: note::NoteError| StartError::File(format!("audit.origin: {error}"));
    let beside = path.with_extension(format!("new-{}", wiring::random_text::<6>()));
    let seed = wiring::private_key(&beside, || Zeroizing::new(wiring::random::<32>())).map_err(unusable)?;
    let key = SigningKey::new(&config.audit.origin, &seed).map_err(wrong)?.verifying_key();
    // Known before it signs.
    add_public(&public_file(config), &key).map_err(unusable)?;
    std::fs::rename(&beside, &path).map_err(unusable)?;
    Ok(key)
}

/// The spool of access events of this server, beside the ledger's.
///
/// # Errors
/// When its folder can't be used.
pub(crate) async fn access_spool(config: &Config) -> Result<Option<Spool>, StartError> {
    match places::folder(config) {
        Some(folder) => places::own_spool(folder.join("access"), config).await.map(Some),
        None => Ok(None),
    }
}

/// Writes the access events that servers left which do not run any more.
pub(crate) async fn drain_left_access(store: &Store, config: &Config) {
    let Some(folder) = places::folder(config) else { return };
    for place in 0..places::PLACES {
        let path = folder.join("access").join(place.to_string());
        if !path.exists() {
            continue;
        }
        match Spool::open(&path, places::most(config)).await {
            Err(SpoolError::Held) => {}
            Err(error) => tracing::warn!(%error, place, "access events of a server that ended can't be read"),
            Ok(left) => {
                if left.depth().entries > 0
                    && let Err(error) = access::drain(&left, store).await
                {
                    tracing::warn!(%error, "access events of a server that ended wait");
                }
                left.close().await;
            }
        }
    }
}

/// Where the hashes of the last start's settings are.
const KNOWN: &str = "audit_configuration";
/// What replicas may have each for itself.
const OWN: &[&str] = &["server.listen", "server.metrics_listen", "server.data_dir", "ledger.spool"];

/// Notes which settings, or files that the bank edits, are others than at the start before: by their names. Values are
/// kept nowhere, as keyed hashes alone.
///
/// # Errors
/// When the database fails.
pub(crate) async fn note_configuration(store: &Store, config: &Config) -> Result<(), StartError> {
    let key = store.derived_key("audit configuration");
    let hashed = |value: &str| wiring::hex(&wiring::mac(&*key, &[value.as_bytes()])[..8]);
    let mut now = BTreeMap::new();
    flatten("", &serde_json::to_value(config).unwrap_or_default(), &mut now);
    now.retain(|field, _| !OWN.contains(&field.as_str()));
    now.insert("program".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    now.insert("files".to_owned(), super::bank_files::texts(config)?);
    let now: BTreeMap<String, String> =
        now.into_iter().map(|(field, value)| (field, hashed(&value))).collect();
    let name = format!("{KNOWN}_{}", config.server.role);
    let mut w = store.write().await?;
    let known = meta::get_meta(&mut w, &name).await?;
    let before: Option<BTreeMap<String, String>> = known.and_then(|text| serde_json::from_str(&text).ok());
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    let all = serde_json::to_string(&now).unwrap_or_default();
    let changed = before.map(|before| {
        let of_now = now.iter().filter(|(field, value)| before.get(*field) != Some(value));
        let gone = before.keys().filter(|field| !now.contains_key(*field));
        of_now.map(|(field, _)| field).chain(gone).cloned().collect::<Vec<_>>().join(" ")
    });
    let event = Event::new(
        SystemIds.next(),
        SystemClock.now(),
        AuditKind::Configuration,
        &[
            ("role", Some(config.server.role.to_string())),
            ("program", Some(env!("CARGO_PKG_VERSION").to_owned())),
            ("changed", Some(changed.unwrap_or_else(|| "first".to_owned()))),
            ("digest", Some(hashed(&all))),
        ],
    );
    audit::note(&mut w, &event).await?;
    meta::set_meta(&mut w, &name, &all).await?;
    Ok(w.save().await?)
}

fn flatten(path: &str, value: &serde_json::Value, into: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, field, into);
            }
        }
        value => drop(into.insert(path.to_owned(), value.to_string())),
    }
}
