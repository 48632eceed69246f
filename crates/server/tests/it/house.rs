//! A server of its own for every test, with the demo bank, on a free port and in a folder of its own.

use std::{
    collections::HashMap,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use contactiq_domain::{Clock, Mode, Role, ids::KeyId};
use contactiq_pipeline::House;
use contactiq_server::{
    config,
    guard::admission::{Admission, Place, Priority},
    serve,
    wiring::{SystemClock, SystemIds, random_text, sha256_hex},
};
use contactiq_store::{
    Store,
    keys::{self, ApiKey},
};
use reqwest::{Method, RequestBuilder, header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::reply::Reply;

/// The question that the tests ask most: the demo bank answers it from one document.
pub(crate) const REPLACEMENT: &str = "What does a replacement card cost?";

/// Where models of the shipped files are kept.
const SHIPPED: &str = "lexical-models";

/// Trained models, shared by the tests of every run: training takes seconds. A file that
/// no longer fits is trained again by the program itself, because it knows what it was trained on.
fn trained(kept: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(kept)
}

/// A data folder in which nothing must be trained, if an earlier test trained already.
pub(crate) fn folder() -> Arc<TempDir> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    with_trained(dir.path(), SHIPPED);
    Arc::new(dir)
}

/// Gives a data folder the models that are kept under this name.
pub(crate) fn with_trained(dir: &Path, kept: &str) {
    for (name, file) in models(&trained(kept)) {
        let to = dir.join("models").join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        // A link is enough: the program replaces a model, it never writes into one.
        drop(std::fs::hard_link(file, to));
    }
}

/// Keeps what this test trained for the others; a rename, so that nobody reads half a file.
pub(crate) fn keep_trained(dir: &Path, kept: &str) {
    for (name, file) in models(&dir.join("models")) {
        // What was given and fitted is a link still.
        if std::fs::metadata(&file).unwrap().nlink() > 1 {
            continue;
        }
        let to = trained(kept).join(name);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let beside = to.with_extension(format!("{}.part", random_text::<9>()));
        std::fs::copy(file, &beside).unwrap();
        std::fs::rename(&beside, to).unwrap();
    }
}

/// The models below a folder: the name of each from there, and where it is.
fn models(folder: &Path) -> Vec<(PathBuf, PathBuf)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "model") {
                found.push((path.strip_prefix(folder).unwrap().to_owned(), path));
            }
        }
    }
    found
}

/// A running server.
pub(crate) struct Running {
    /// `http://127.0.0.1:…`
    pub(crate) url: String,
    /// Where `/metrics` is.
    pub(crate) metrics: String,
    /// The ledger that the server writes.
    pub(crate) store: Store,
    /// Work that outlives its request.
    pub(crate) tasks: TaskTracker,
    /// Its data folder.
    pub(crate) dir: Arc<TempDir>,
    pub(crate) client: reqwest::Client,
    admission: Admission,
    codes: Mutex<Vec<String>>,
    stop: CancellationToken,
    served: JoinSet<std::io::Result<serve::Ended>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A key as its owner has it.
pub(crate) struct Key {
    pub(crate) id: KeyId,
    pub(crate) text: String,
}

impl Key {
    /// A key that nobody made.
    pub(crate) fn unknown() -> Key {
        Key { id: KeyId::new(&SystemIds), text: "ciq_test_0123456789abcdefghijklmnopqrstuv".to_owned() }
    }
}

/// Starts a server with these settings above the tests' own.
pub(crate) async fn start(settings: &[(&str, &str)]) -> Running {
    start_in(folder(), settings).await
}

/// Starts a server on a data folder that may have been used before.
pub(crate) async fn start_in(dir: Arc<TempDir>, settings: &[(&str, &str)]) -> Running {
    start_with(dir, settings, |_| ()).await
}

/// The same with a part of the house changed.
pub(crate) async fn start_with(
    dir: Arc<TempDir>,
    settings: &[(&str, &str)],
    change: impl FnOnce(&mut House),
) -> Running {
    let mut env: HashMap<String, String> = [
        ("CONTACTIQ_LISTEN", "127.0.0.1:0"),
        ("CONTACTIQ_METRICS_LISTEN", "127.0.0.1:0"),
        ("CONTACTIQ_ENCODER", "off"),
    ]
    .iter()
    .chain(settings)
    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
    .collect();
    env.insert("CONTACTIQ_DATA_DIR".to_owned(), dir.path().display().to_string());
    let file = env.get("CONTACTIQ_CONFIG").map(PathBuf::from);
    let config = config::load_from(file.as_deref(), &env).unwrap();
    let listener = TcpListener::bind(config.server.listen).await.unwrap();
    let metrics_listener = TcpListener::bind(&config.server.metrics_listen).await.unwrap();
    let (url, metrics) = (address(&listener), format!("{}/metrics", address(&metrics_listener)));

    let app = serve::build_with(config, Arc::new(|_, _, _| {}), change).await.unwrap();
    // What was learned from files of a test's own is of no use to others.
    let own = ["CONTACTIQ__FILES__INTENTS", "CONTACTIQ__FILES__TRIGGERS", "CONTACTIQ_DEMO"];
    if app.standing.trained.trained > 0 && !own.iter().any(|name| env.contains_key(*name)) {
        keep_trained(dir.path(), SHIPPED);
        if env.get("CONTACTIQ_ENCODER").is_some_and(|folder| !matches!(folder.as_str(), "" | "off")) {
            crate::embeddings::keep_vectors(dir.path());
        }
    }
    let (store, tasks, admission) = (app.house.store.clone(), app.tasks.clone(), app.admission.clone());
    let codes = Mutex::new((0..8).map(|_| app.sessions.new_code()).collect());
    let stop = CancellationToken::new();
    let mut served = JoinSet::new();
    served.spawn(serve::run(app, listener, Some(metrics_listener), stop.clone()));
    let client = client();
    Running { url, metrics, store, tasks, dir, client, admission, codes, stop, served }
}

fn address(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().unwrap())
}

/// A client that shows every redirect and never waits for ever.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(60))
        .build()
        .unwrap()
}

impl Running {
    /// Asks the server to stop and waits until it has.
    pub(crate) async fn stop(&mut self) {
        self.begin_to_stop();
        self.served.join_next().await.unwrap().unwrap().unwrap();
    }

    /// Asks the server to stop.
    pub(crate) fn begin_to_stop(&self) {
        self.stop.cancel();
    }

    /// How many answers are being made, and how many questions wait, by priority.
    pub(crate) fn admission(&self) -> (usize, [usize; 3]) {
        self.admission.depth()
    }

    /// Takes a place in the queue and keeps it.
    pub(crate) async fn occupy(&self) -> Place {
        let soon = tokio::time::Instant::now() + Duration::from_secs(10);
        self.admission.enter(Priority::Urgent, "a test", soon).await.unwrap()
    }

    /// A one-time code of the sign-in page.
    pub(crate) fn code(&self) -> String {
        self.codes.lock().unwrap().pop().unwrap()
    }

    /// A key of this role that no limit stops.
    pub(crate) async fn key(&self, role: Role) -> Key {
        self.key_with(role, |key| key.rate_per_minute = Some(100_000)).await
    }

    /// A key of this role, changed before it is kept.
    pub(crate) async fn key_with(&self, role: Role, change: impl FnOnce(&mut ApiKey)) -> Key {
        let text = format!("ciq_test_{}", random_text::<24>());
        let mut key = ApiKey {
            id: KeyId::new(&SystemIds),
            name: format!("{role} {}", random_text::<6>()),
            prefix: text.chars().take(12).collect(),
            hash: sha256_hex(text.as_bytes()),
            role,
            mode: None,
            scopes: None,
            before: None,
            rate_per_minute: None,
            budget: Default::default(),
            created_at: SystemClock.now(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            generation: 0,
        };
        change(&mut key);
        let mut w = self.store.write().await.unwrap();
        keys::create(&mut w, &key).await.unwrap();
        w.save().await.unwrap();
        Key { id: key.id, text }
    }

    /// A request to this path.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Reads a path with a key.
    pub(crate) async fn read(&self, key: &Key, path: &str) -> Reply {
        Reply::of(self.request(Method::GET, path).bearer_auth(&key.text)).await
    }

    /// Posts JSON with a key.
    pub(crate) async fn post(&self, key: &Key, path: &str, body: &Value) -> Reply {
        Reply::of(self.posting(key, path, body)).await
    }

    /// A post that may get more headers.
    pub(crate) fn posting(&self, key: &Key, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).bearer_auth(&key.text).json(body)
    }

    /// Asks; the record.
    pub(crate) async fn ask(&self, key: &Key, mode: Mode, question: &str) -> Value {
        self.post(key, "/v1/interactions", &json!({ "mode": mode, "question": question })).await.record()
    }

    /// The record of a question in a conversation.
    pub(crate) async fn ask_in(&self, key: &Key, mode: Mode, question: &str, conversation: &str) -> Value {
        let body = json!({ "mode": mode, "question": question, "conversation": conversation });
        self.post(key, "/v1/interactions", &body).await.record()
    }

    /// Every byte that the database has on the disk.
    pub(crate) fn database_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for file in std::fs::read_dir(self.dir.path()).unwrap().flatten() {
            if file.file_name().to_string_lossy().starts_with("contactiq.db") {
                bytes.extend(std::fs::read(file.path()).unwrap());
            }
        }
        assert!(!bytes.is_empty());
        bytes
    }
}

/// Whether some bytes stand in others.
pub(crate) fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|w| w.eq_ignore_ascii_case(needle.as_bytes()))
}

/// Whether this word or number stands in some bytes by itself. Four digits alone also come in ids, hashes and
/// fractions of a second, and a test that looks for them there fails by chance.
pub(crate) fn holds_word(haystack: &[u8], word: &str) -> bool {
    let part_of_another = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    haystack.windows(word.len()).enumerate().any(|(at, w)| {
        w.eq_ignore_ascii_case(word.as_bytes())
            && !part_of_another(at.checked_sub(1).and_then(|before| haystack.get(before)))
            && !part_of_another(haystack.get(at + word.len()))
    })
}

/// Tries until it is so, for what happens soon after an answer.
pub(crate) async fn soon<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..200 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not come to be so in ten seconds")
}

/// The content type of forms.
pub(crate) const FORM: (header::HeaderName, &str) =
    (header::CONTENT_TYPE, "application/x-www-form-urlencoded");

/// Pairs as the body of a form.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
    };
    pairs.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
}
