//! What dies may lose nothing that somebody was shown (R1): servers are killed with -9 at random moments under
//! load, on the page cache, and on a disk that forgets every write that was not synced.
//!
//! `CONTACTIQ_CRASH_KILLS` says how often; `make crash-test` kills 200 times, the suite some times.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use contactiq_domain::ids::InteractionId;
use contactiq_store::interactions;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{house::client, process::Terminal, reply::text};

const CLIENTS: u64 = 8;
pub(crate) const QUESTIONS: &[&str] = &[
    "What does a replacement card cost?",
    "someone stole my card and is using it",
    "hello",
    "my card 4111 1111 1111 1111 does not work, how do I get a new one?",
    "how do I dispute a charge?",
    "let me talk to a human",
];

pub(crate) fn kills() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let set = std::env::var("CONTACTIQ_CRASH_KILLS");
    set.ok().and_then(|n| n.parse().ok()).unwrap_or(5)
}

/// Chance, the same in each run of a seed: the moments of the kills differ all the same.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed + 1)
    }

    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Where a server's log goes: into a folder that `CONTACTIQ_CRASH_LOGS` names, or nowhere.
fn log_of(terminal: &Terminal) -> Stdio {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let Ok(folder) = std::env::var("CONTACTIQ_CRASH_LOGS") else { return Stdio::null() };
    let name = terminal.data().to_string_lossy().replace('/', "_");
    let path = Path::new(&folder).join(format!("{name}.log"));
    std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap().into()
}

/// Starts a server; its address, once it listens.
pub(crate) fn serve(terminal: &Terminal) -> (Server, String) {
    let (server, said) = serve_into(terminal, log_of(terminal));
    let url = said.split("listens on ").nth(1).unwrap().lines().next().unwrap().to_owned();
    (server, url)
}

/// Starts a server whose log goes there; what it said until it listened.
pub(crate) fn serve_into(terminal: &Terminal, log: Stdio) -> (Server, String) {
    let mut child = terminal.command(&["serve"]).stderr(log).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("  models ") {
        assert!(out.read_line(&mut said).unwrap() > 0, "it ended after {said}");
    }
    (Server(child), said)
}

/// What the clients saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// Every answer, by the idempotency key of its request.
    pub(crate) answers: Mutex<BTreeMap<String, Value>>,
    pub(crate) tried: AtomicU64,
    pub(crate) failed: AtomicU64,
    /// How the failed ones failed.
    pub(crate) why: Mutex<BTreeMap<String, u64>>,
}

/// Asks until told to stop. A request that failed is sent again with its key, as a client of a bank does.
pub(crate) async fn client_of(
    number: u64,
    key: String,
    mut address: watch::Receiver<String>,
    stop: Arc<AtomicBool>,
    seen: Arc<Seen>,
) {
    let mut dice = Dice(0x9E37_79B9 + number);
    let (http, mut turn) = (client(), 0);
    while !stop.load(Ordering::SeqCst) {
        turn += 1;
        let name = format!("{number}-{turn}");
        let question = QUESTIONS[dice.roll(QUESTIONS.len() as u64) as usize];
        let body =
            json!({ "mode": "customer", "question": question, "subject": format!("s{number}-{turn}") });
        // Who stops in the middle of a request was shown nothing.
        for _ in 0..600 {
            seen.tried.fetch_add(1, Ordering::SeqCst);
            let url = format!("{}/v1/interactions", address.borrow_and_update().as_str());
            let sent = http.post(url).bearer_auth(&key).header("idempotency-key", &name).json(&body);
            let (answer, why) = match sent.timeout(Duration::from_secs(10)).send().await {
                Ok(reply) if reply.status() == 200 => (reply.json::<Value>().await.ok(), "cut".to_owned()),
                Ok(reply) => (None, reply.status().as_str().to_owned()),
                Err(error) if error.is_timeout() => (None, "no answer in 10 s".to_owned()),
                Err(_) => (None, "no connection".to_owned()),
            };
            if let Some(answer) = answer {
                seen.answers.lock().unwrap().insert(name, answer);
                break;
            }
            seen.failed.fetch_add(1, Ordering::SeqCst);
            *seen.why.lock().unwrap().entry(why).or_default() += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The server is killed at a random moment, the disk forgets (or not), the next one starts; so often.
async fn killed_again_and_again(terminal: &Terminal, kills: u64, forget: impl Fn()) -> Arc<Seen> {
    let key =
        terminal.run(&["keys", "create", "--name", "load", "--role", "service"]).well().trim().to_owned();
    let (server, url) = serve(terminal);
    let (tell, address) = watch::channel(url);
    let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Seen::default()));
    let mut clients = tokio::task::JoinSet::new();
    for number in 1..=CLIENTS {
        clients.spawn(client_of(number, key.clone(), address.clone(), Arc::clone(&stop), Arc::clone(&seen)));
    }
    let (mut dice, mut server) = (Dice(u64::from(std::process::id()) + 1), server);
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(100 + dice.roll(900))).await;
        drop(server);
        forget();
        let again;
        (server, again) = tokio::task::block_in_place(|| serve(terminal));
        tell.send(again).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, Ordering::SeqCst);
    clients.join_all().await;
    drop(server);
    forget();
    seen
}

/// What is wrong with the record of an answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Wrong {
    Missing,
    Changed(String),
}

/// Whether an answer that a client saw is in the record as it was seen.
pub(crate) async fn is_kept(reader: &mut contactiq_store::Reader, answer: &Value) -> Option<Wrong> {
    let id: InteractionId = text(answer, "id").parse().unwrap();
    let Some(record) = interactions::get(reader, id).await.unwrap() else { return Some(Wrong::Missing) };
    let fields = |record: &Value| record.as_object().unwrap().clone();
    let kept = fields(&serde_json::to_value(&record).unwrap());
    let differs = fields(answer).into_iter().find(|(name, value)| kept.get(name) != Some(value));
    differs
        .map(|(field, value)| Wrong::Changed(format!("{field}: {value} was seen, {} is kept", kept[&field])))
}

/// Every answer that a client saw is in the record once, word for word; nothing was answered twice.
async fn is_all_in_the_record(terminal: &Terminal, seen: &Seen) -> String {
    // What the spool took is drained by the next start.
    let (server, _) = serve(terminal);
    drop(server);
    let config = contactiq_server::config::load_from(
        None,
        &[("CONTACTIQ_DATA_DIR".to_owned(), terminal.data().display().to_string())].into(),
    );
    let store = contactiq_server::app::open_store(&config.unwrap()).await.unwrap();
    let summary = holds_all(&store, seen).await;
    let finished = interactions::count_finished(&mut store.read().await.unwrap()).await.unwrap();
    store.close().await;
    // The audit log has no gap and no double, and every record that was shown is one that it commits to (E6).
    terminal.run(&["audit", "checkpoint"]).well();
    let verified = terminal.run(&["audit", "verify", "--records", "--json"]).lines(0).remove(0);
    assert_eq!(verified["unsigned"], 0, "{verified}");
    assert!(verified["records"].as_u64().unwrap() >= finished, "{finished}: {verified}");
    assert!(verified["log"]["kinds"]["interaction"].as_u64().unwrap() >= finished, "{finished}: {verified}");
    summary
}

/// Every answer that a client saw is in these tables once, word for word, and no other.
pub(crate) async fn holds_all(store: &contactiq_store::Store, seen: &Seen) -> String {
    let mut reader = store.read().await.unwrap();
    let answers = seen.answers.lock().unwrap().clone();
    let (mut ids, mut missing, mut changed) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (name, answer) in &answers {
        match is_kept(&mut reader, answer).await {
            None => {}
            Some(Wrong::Missing) => missing.push(name),
            Some(Wrong::Changed(what)) => changed.push((name, what)),
        }
        ids.insert(text(answer, "id"));
    }
    // Every request that was answered has one finished record, however often it was sent.
    let finished = interactions::count_finished(&mut reader).await.unwrap();
    let summary = format!(
        "{} answers seen, {} requests sent, {} of them failed and were sent again {:?}; missing {}, changed {}, \
         finished {finished}",
        answers.len(),
        seen.tried.load(Ordering::SeqCst),
        seen.failed.load(Ordering::SeqCst),
        seen.why.lock().unwrap(),
        missing.len(),
        changed.len()
    );
    let told = |name: &String| (name.clone(), text(&answers[name], "id"));
    let missing: Vec<_> = missing.into_iter().map(told).collect();
    let changed: Vec<_> = changed.into_iter().map(|(name, what)| (told(name), what)).collect();
    assert!(missing.is_empty() && changed.is_empty(), "{summary}: missing {missing:?}, changed {changed:?}");
    assert_eq!(ids.len(), answers.len(), "two requests have one record");
    assert!(answers.len() as u64 > CLIENTS, "{} answers prove nothing", answers.len());
    assert_eq!(
        finished,
        answers.len() as u64,
        "{summary}: records that were finished and seen by nobody, or twice"
    );
    summary
}

fn terminal() -> Terminal {
    Terminal::new()
        .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
        .with("CONTACTIQ_METRICS_LISTEN", "")
        .with("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "100")
        .with("CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP", "100000")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_again_and_again_loses_nothing_that_was_shown() {
    let terminal = terminal();
    let seen = killed_again_and_again(&terminal, kills(), || ()).await;
    println!("{}", is_all_in_the_record(&terminal, &seen).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_on_a_disk_that_forgets_what_was_not_synced() {
    let terminal = terminal();
    let disk = ForgetfulDisk::below(terminal.data());
    let on_it = disk.under(terminal);
    let seen = killed_again_and_again(&on_it, kills(), || disk.forget()).await;
    println!("{}", is_all_in_the_record(&on_it, &seen).await);
    println!("the disk forgot {} writes", disk.forgotten.load(Ordering::SeqCst));
}

#[test]
fn the_disk_forgets_what_was_not_synced_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let disk = ForgetfulDisk::below(folder.path());
    let run = |program: &str, arguments: &[String]| {
        let mut command = Command::new(program);
        command.args(arguments).stderr(Stdio::null());
        command.env("LD_PRELOAD", &disk.library).env("LOSSY_ROOT", &disk.root).env("LOSSY_LOG", &disk.log);
        assert!(command.status().unwrap().success());
    };
    let write = |text: &str, file: &str, how: &str| {
        let (from, to) = (folder.path().join("text"), folder.path().join(file));
        std::fs::write(&from, text).unwrap();
        run("dd", &[format!("if={}", from.display()), format!("of={}", to.display()), how.to_owned()]);
    };
    let holds = |file: &str| std::fs::read_to_string(folder.path().join(file)).unwrap();
    write("synced for long", "a", "conv=fsync");
    write("written", "a", "conv=notrunc");
    write("cut", "b", "conv=fsync");
    run("truncate", &["--size=0".to_owned(), folder.path().join("b").display().to_string()]);
    write("new", "c", "status=none");
    assert_eq!((holds("a"), holds("b"), holds("c")), ("writtenfor long".into(), "".into(), "new".into()));
    disk.forget();
    assert_eq!((holds("a"), holds("b"), holds("c")), ("synced for long".into(), "cut".into(), "".into()));
    write("synced again", "c", "conv=fsync");
    disk.forget();
    assert_eq!(holds("c"), "synced again");
}

/// Builds `lossy/disk.c` in this folder.
pub(crate) fn disk(folder: &Path) -> PathBuf {
    let library = folder.join("disk.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lossy/disk.c");
    let compiled = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .args([library.as_os_str(), source.as_ref()])
        .args(["-ldl", "-lpthread"])
        .status();
    assert!(compiled.unwrap().success(), "the C compiler that SQLite is built with builds it");
    library
}

/// `lossy/disk.c`, and what it wrote down.
pub(crate) struct ForgetfulDisk {
    library: PathBuf,
    root: PathBuf,
    log: PathBuf,
    forgotten: AtomicU64,
    _log: tempfile::TempDir,
}

impl ForgetfulDisk {
    pub(crate) fn below(root: &Path) -> ForgetfulDisk {
        let folder = tempfile::tempdir().unwrap();
        let library = disk(folder.path());
        let log = folder.path().join("log");
        std::fs::create_dir(&log).unwrap();
        ForgetfulDisk {
            library,
            root: root.canonicalize().unwrap(),
            log,
            forgotten: AtomicU64::new(0),
            _log: folder,
        }
    }

    /// What a script sets, so that its Redis writes on it.
    pub(crate) fn for_redis(&self) -> [(&'static str, &Path); 3] {
        [("REDIS_PRELOAD", &self.library), ("LOSSY_ROOT", &self.root), ("LOSSY_LOG", &self.log)]
    }

    /// Whatever this terminal starts writes on it.
    pub(crate) fn under(&self, terminal: Terminal) -> Terminal {
        terminal
            .with("LD_PRELOAD", self.library.display().to_string())
            .with("LOSSY_ROOT", self.root.display().to_string())
            .with("LOSSY_LOG", self.log.display().to_string())
    }

    /// Puts back whatever a write replaced that was not synced, the last write first.
    pub(crate) fn forget(&self) {
        let mut seen = std::fs::read_dir(&self.log).unwrap();
        assert!(seen.next().is_some(), "the server wrote past the library");
        self.forget_if_any();
    }

    /// The same of a program that syncs each write, and may have nothing to lose.
    pub(crate) fn forget_if_any(&self) {
        let mut files = BTreeMap::new();
        below(&self.root, &mut files);
        for log in std::fs::read_dir(&self.log).unwrap() {
            let log = log.unwrap();
            let number: u64 = log.file_name().to_string_lossy().parse().unwrap();
            let (bytes, mut at) = (std::fs::read(log.path()).unwrap(), 0);
            let mut kept = Vec::new();
            // The last record may be torn: what it would have kept was not written over yet.
            while let Some(head) = bytes.get(at..at + 32) {
                let field = |n: usize| u64::from_le_bytes(head[n * 8..][..8].try_into().unwrap());
                let end = at + 32 + field(2) as usize;
                let Some(old) = bytes.get(at + 32..end) else { break };
                kept.push((field(0), field(1), old));
                at = end;
            }
            if let Some(path) = files.get(&number) {
                let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
                for (offset, size, old) in kept.into_iter().rev() {
                    std::os::unix::fs::FileExt::write_all_at(&file, old, offset).unwrap();
                    file.set_len(size).unwrap();
                    self.forgotten.fetch_add(1, Ordering::SeqCst);
                }
            }
            std::fs::remove_file(log.path()).unwrap();
        }
        // Shared memory does not survive a power failure; SQLite makes it anew from the log.
        for path in files.values().filter(|path| path.to_string_lossy().ends_with("-shm")) {
            std::fs::remove_file(path).unwrap();
        }
    }
}

fn below(folder: &Path, into: &mut BTreeMap<u64, PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            below(&entry.path(), into);
        } else {
            into.insert(entry.metadata().unwrap().ino(), entry.path());
        }
    }
}
