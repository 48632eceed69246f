//! Canaries on every path (R5): what people write is found in no log, figure or error, in no file of database, queue,
//! spool or dead letters but sealed, and what the guard recognised is in no request to a provider and in no export.
//! `make canaries` sows a thousand; `make test` fewer.

mod model;
mod sown;

use std::{
    collections::BTreeSet,
    io::Write,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::{RequestBuilder, header};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::{
    cluster::Database,
    crash::{Server, serve_into},
    house::{client, soon},
    outages::{Ground, Service},
    process::Terminal,
    reply::text,
    workers::process,
};
use model::Model;
use sown::{Canary, sow};

/// Canaries of one person: nobody asks more often than the limits allow.
const OF_ONE: usize = 60;

/// Whose a canary is.
fn person(number: usize) -> String {
    format!("canary-person-{}", number / OF_ONE)
}

/// A cluster of a gateway and a worker, with a model that repeats and fails.
struct Cluster {
    ground: Ground,
    tables: Database,
    model: Model,
    terminals: [Terminal; 2],
    _servers: [Server; 2],
    url: String,
    metrics: [String; 2],
    folder: tempfile::TempDir,
}

impl Cluster {
    async fn start() -> Cluster {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        let folder = tempfile::Builder::new().permissions(open).tempdir_in("/tmp").unwrap();
        let (database, queue) = block_in_place(|| {
            (Service::start("pgvector", &folder, "data"), Service::start("redis", &folder, "."))
        });
        let tables = Database::on(&database.url).await;
        let model = Model::start().await;
        let part = |role| {
            process(&tables, &queue.url, role)
                .with("CONTACTIQ_METRICS_LISTEN", "127.0.0.1:0")
                .with("CONTACTIQ_LLM_BASE_URL", model.url.clone())
                .with("CONTACTIQ_LLM_MODEL", "m")
                .with("CONTACTIQ__LLM__MAX_RETRIES", "1")
                .with("CONTACTIQ__LLM__TIMEOUT_SECONDS", "5")
                .with("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "100")
        };
        let terminals = [part("gateway"), part("worker")];
        let begin = |at: usize| {
            let log = std::fs::File::create(folder.path().join(format!("{at}.log"))).unwrap();
            let (server, said) = block_in_place(|| serve_into(&terminals[at], log.into()));
            let after =
                |words: &str| said.split(words).nth(1).unwrap().lines().next().unwrap().trim().to_owned();
            (server, after("listens on "), after("  metrics "))
        };
        let ((one, url, its), (other, _, others)) = (begin(0), begin(1));
        let full = folder.path().join("full");
        let ground = Ground { database, queue, full };
        Cluster {
            ground,
            tables,
            model,
            terminals,
            _servers: [one, other],
            url,
            metrics: [its, others],
            folder,
        }
    }

    fn key(&self, role: &str) -> String {
        let rate = ["--rate-per-minute", "100000"];
        let own = ["keys", "create", "--name", role, "--role", role];
        let made = self.terminals[0].run(&[&own[..], &rate].concat());
        made.well().trim().to_owned()
    }
}

/// What may be said aloud of a request: its error, if it is one.
struct Sower {
    url: String,
    service: String,
    admin: String,
    banker: String,
    http: reqwest::Client,
    errors: String,
    /// A record that was made.
    made: String,
}

impl Sower {
    fn post(&self, key: &str, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).bearer_auth(key).json(body)
    }

    /// Sends it; what came, where that is no error.
    async fn send(&mut self, request: RequestBuilder) -> Option<String> {
        let reply = request.timeout(Duration::from_secs(20)).send().await.ok()?;
        let (status, headers) = (reply.status(), format!("{:?}", reply.headers()));
        let text = reply.text().await.unwrap_or_default();
        self.errors.push_str(&headers);
        if status.is_success() {
            return Some(text);
        }
        self.errors.push_str(&text);
        None
    }

    async fn sow(&mut self, number: usize, canary: &Canary) {
        let (message, data, whose) = (canary.message.as_str(), canary.data[0].as_str(), person(number));
        let asks = json!({ "mode": "customer", "question": message, "subject": whose });
        let service = self.service.clone();
        match number % 10 {
            0 => drop(self.send(self.post(&service, "/v1/interactions", &asks)).await),
            1 => {
                let stream = self.post(&service, "/v1/interactions", &asks);
                self.send(stream.header(header::ACCEPT, "text/event-stream")).await;
            }
            at @ (2 | 3) => {
                let body = json!({ "model": "contactiq-customer", "stream": at == 3, "user": whose,
                    "messages": [{ "role": "user", "content": message }] });
                self.send(self.post(&service, "/v1/chat/completions", &body)).await;
            }
            4 => {
                let asked = json!({ "mode": "customer", "question": "What does a replacement card cost?", "subject": whose });
                if let Some(record) = self.send(self.post(&service, "/v1/interactions", &asked)).await {
                    let record: Value = serde_json::from_str(&record).unwrap();
                    text(&record, "id").clone_into(&mut self.made);
                    let path = format!("/v1/interactions/{}/feedback", self.made);
                    let problem = json!({ "helpful": false, "problem": message });
                    self.send(self.post(&service, &path, &problem)).await;
                }
            }
            5 => {
                let admin = self.admin.clone();
                self.send(self.post(&admin, "/v1/guard/scan", &json!({ "text": message }))).await;
            }
            6 => {
                for body in [
                    json!({ "mode": data, "question": message }),
                    json!({ "mode": "customer", "question": message, data: message }),
                    json!({ "mode": "customer", "question": message.repeat(200) }),
                    json!({ "mode": "customer", "question": [message] }),
                    json!({ "mode": "customer", "question": message, "conversation": data }),
                ] {
                    self.send(self.post(&service, "/v1/interactions", &body)).await;
                }
                let broken =
                    self.post(&service, "/v1/interactions", &json!(null)).body(format!("{{{message}"));
                self.send(broken).await;
            }
            7 => {
                let get = |path: &str| self.http.get(format!("{}{path}", self.url)).bearer_auth(&service);
                let (in_query, in_name) = (escaped(data), escaped(message));
                let paths = [
                    get(&format!("/v1/conversations?cursor={in_query}&{in_query}={in_name}")),
                    get(&format!("/v1/interactions/?q={in_name}")),
                    get(&format!("/v1/interactions/{}", data.replace([' ', '!'], "-"))),
                    self.http.get(format!("{}/v1/conversations", self.url)).bearer_auth(data),
                ];
                for request in paths {
                    self.send(request).await;
                }
                let mut named = self.post(&service, "/v1/interactions", &asks);
                for name in ["x-request-id", "idempotency-key"] {
                    named = named.header(name, format!("req {data}").as_bytes());
                }
                self.send(named).await;
            }
            8 => {
                let body = json!({ "mode": "customer", "subject": whose, "label": message });
                self.send(self.post(&service, "/v1/conversations", &body)).await;
            }
            _ => {
                let banker = self.banker.clone();
                let body = json!({ "mode": "banker", "question": message });
                self.send(self.post(&banker, "/v1/interactions", &body)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_canary_is_found_where_it_may_not_be() {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let set = std::env::var("CONTACTIQ_CANARIES");
    let canaries = sow(set.ok().and_then(|n| n.parse().ok()).unwrap_or(120));
    let cluster = Cluster::start().await;
    let mut sower = Sower {
        url: cluster.url.clone(),
        service: cluster.key("service"),
        admin: cluster.key("admin"),
        banker: cluster.key("banker"),
        http: client(),
        errors: String::new(),
        made: String::new(),
    };
    let admin = sower.admin.clone();
    let sixth = (canaries.len() / 6).max(1);
    for (number, canary) in canaries.iter().enumerate() {
        // One after the other: the queue, the database; at the end the tables refuse what bankers asked.
        match (number % sixth, number / sixth) {
            (0, 1) => cluster.ground.queue.signal("STOP"),
            (0, 2) => cluster.ground.database.signal("STOP"),
            // Each path once or twice: a database that hangs is waited for.
            (at, 1 | 2) if at == sixth.min(20) - 1 => cluster.ground.heals(),
            (0, 5) => {
                cluster.tables.run("ALTER TABLE interactions ADD CONSTRAINT none_of_bankers CHECK (mode <> 'banker') NOT VALID").await;
            }
            _ => {}
        }
        sower.sow(number, canary).await;
    }
    let asked: Vec<String> =
        canaries.iter().take(20).map(|c| json!({ "question": c.message }).to_string()).collect();
    let ran =
        cluster.terminals[0].feed(&["ask", "--mode", "customer", "--jsonl"], asked.join("\n").as_bytes());

    let empty = async || {
        let ledger = client().get(format!("{}/v1/ledger", cluster.url)).bearer_auth(&admin).send();
        let ledger: Value = ledger.await.ok()?.json().await.ok()?;
        (ledger["queue_entries"] == 0 && ledger["spool_entries"] == 0).then_some(ledger)
    };
    let ledger = soon(empty).await;
    assert!(ledger["dead_letters"].as_u64().unwrap() > 0, "some lie there: {ledger}");

    // Aloud: logs, figures and errors.
    let (made, mut aloud) = (sower.made, sower.errors + &ran.err);
    for (at, metrics) in cluster.metrics.iter().enumerate() {
        aloud += &reqwest::get(metrics).await.unwrap().text().await.unwrap();
        aloud += &std::fs::read_to_string(cluster.folder.path().join(format!("{at}.log"))).unwrap();
    }
    aloud += &cluster.terminals[0].run(&["ledger", "dead", "list"]).well();
    aloud += &cluster.terminals[0].run(&["audit", "list", "--json", "--limit", "100000"]).out;
    let file = cluster.folder.path().join("aloud");
    std::fs::write(&file, &aloud).unwrap();
    assert!(aloud.len() > 100_000, "the servers said something");
    let everything: BTreeSet<String> = canaries
        .iter()
        .flat_map(|canary| canary.data.iter().chain([&canary.word]))
        .map(|needle| needle.to_lowercase())
        .collect();
    let said = found(&everything, &file);

    // At rest: every file of database, queue, spools and data folders.
    cluster.tables.run("CHECKPOINT").await;
    let mut kept = BTreeSet::new();
    for folder in [&cluster.ground.database.folder, &cluster.ground.queue.folder] {
        kept.extend(found(&everything, folder));
    }
    for terminal in &cluster.terminals {
        kept.extend(found(&everything, terminal.data()));
    }
    // What stands there in the clear is found: the id of a record.
    assert_eq!(found(&[made].into(), &cluster.ground.database.folder).len(), 1, "the search sees the tables");

    // Handed on: what the guard recognises.
    let key = cluster.terminals[0].run(&["keys", "list", "--json"]).out;
    let key = key.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let key =
        key.filter(|key| key["role"] == "service").map(|key| text(&key, "id").to_owned()).next().unwrap();
    let export: String = (0..=canaries.len() / OF_ONE)
        .map(|at| {
            let whose = person(at * OF_ONE);
            cluster.terminals[0].run(&["privacy", "export", "--subject", &whose, "--key", &key]).out
        })
        .collect();
    let bodies = cluster.model.bodies();
    let scanned: Vec<String> = canaries.iter().map(|c| json!({ "text": c.message }).to_string()).collect();
    let scanned = cluster.terminals[0].feed(&["guard", "scan"], scanned.join("\n").as_bytes()).lines(0);
    let (mut leaked, mut missed) = (Vec::new(), Vec::new());
    for (canary, scanned) in canaries.iter().zip(&scanned) {
        for data in &canary.data {
            let recognised = !text(scanned, "masked").contains(data.as_str());
            for (place, handed) in [("provider", &bodies), ("export", &export)] {
                if handed.contains(data.as_str()) {
                    let into = if recognised { &mut leaked } else { &mut missed };
                    into.push(format!("{place}: {data}"));
                }
            }
        }
    }
    println!(
        "{} canaries: aloud {}, at rest {}, handed on though recognised {}; misses of the guard handed on {}; {} \
         requests to the model, {} dead letters, an export of {} bytes",
        canaries.len(),
        said.len(),
        kept.len(),
        leaked.len(),
        missed.len(),
        bodies.lines().count(),
        ledger["dead_letters"],
        export.len()
    );
    assert!(
        canaries.iter().any(|canary| bodies.contains(&canary.word)),
        "people's own words go there, masked"
    );
    assert!(bodies.lines().count() > 10 && export.len() > 1000, "paths were walked");
    assert!(said.is_empty(), "in logs, figures or errors: {said:?}");
    assert!(kept.is_empty(), "in files: {kept:?}");
    assert!(leaked.is_empty(), "handed on: {leaked:?}");
}

/// As a part of an address (RFC 3986).
fn escaped(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let mut out = String::new();
    for byte in text.bytes() {
        if kept(byte) { out.push(char::from(byte)) } else { out += &format!("%{byte:02X}") }
    }
    out
}

/// Which of the needles, in lower case, are in the files here. By grep: a database has many bytes.
fn found(needles: &BTreeSet<String>, place: &Path) -> BTreeSet<String> {
    let mut grep = Command::new("grep")
        .args(["-rohaiF", "-f", "-"])
        .arg(place)
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let all: Vec<&str> = needles.iter().map(String::as_str).collect();
    grep.stdin.take().unwrap().write_all(all.join("\n").as_bytes()).unwrap();
    let done = grep.wait_with_output().unwrap();
    // 1 is nothing found; 2 is a file that went away meanwhile, or a real fault, which says nothing.
    assert!(done.status.code().is_some_and(|code| code < 3), "{:?}", done.status);
    String::from_utf8_lossy(&done.stdout).lines().map(str::to_lowercase).collect()
}
