//! Canaries on every path (R5): what people write is found in no log, figure or error, in no file of database, queue,
//! spool or dead letters but sealed, and what the guard recognised is in no request to a provider and in no export.
//! `make canaries` sows a thousand; `make test` fewer.

mod model;
mod sown;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    ops::AddAssign,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::{RequestBuilder, header};
use serde_json::{Value, json};
use tokio::task::block_in_place;

use crate::{
    browser::between,
    cluster::Database,
    crash::{Server, serve_into},
    house::{FORM, client, form, soon},
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
    /// Where somebody signs in on the pages, once.
    sign_in: String,
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
            let code = said.split("/signin?code=").nth(1).and_then(|rest| rest.lines().next());
            (server, after("listens on "), after("  metrics "), code.map(str::to_owned))
        };
        let ((one, url, its, code), (other, _, others, _)) = (begin(0), begin(1));
        let sign_in = format!("{url}/signin?code={}", code.unwrap());
        let full = folder.path().join("full");
        let ground = Ground { database, queue, full };
        Cluster {
            ground,
            tables,
            model,
            terminals,
            _servers: [one, other],
            url,
            sign_in,
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

/// What became of the requests of one way.
#[derive(Debug, Default, Clone, Copy)]
struct Walked {
    answered: u64,
    refused: u64,
}

/// The ways that a canary takes, one after the other; of the two with a no only what is refused is expected.
const WAYS: [(&str, bool); 12] = [
    ("question", true),
    ("stream", true),
    ("completion", true),
    ("streamed completion", true),
    ("feedback", true),
    ("scan", true),
    ("bodies that are wrong", false),
    ("addresses and headers", false),
    ("person's name", true),
    ("question of a banker", true),
    ("page", true),
    ("note of a ticket", true),
];

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
    /// A ticket that is open.
    ticket: String,
    /// The cookie and the token of somebody who signed in on the pages.
    browser: (String, String),
    walked: BTreeMap<&'static str, Walked>,
    way: &'static str,
}

impl Sower {
    /// Signs in on the pages.
    async fn sign_in(&mut self, link: &str) {
        let reply = self.http.get(link).send().await.unwrap();
        let cookie = reply.headers()[header::SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let page = self.http.get(format!("{}/chat/customer", self.url)).header(header::COOKIE, &cookie);
        let page = page.send().await.unwrap().text().await.unwrap();
        let csrf = between(&page, "name=\"csrf-token\" content=\"", "\"").to_owned();
        self.browser = (cookie, csrf);
    }

    /// A form of a page, sent without scripts.
    fn sends_form(&self, path: &str, pairs: &[(&str, &str)]) -> RequestBuilder {
        let (cookie, csrf) = &self.browser;
        let all = [&[("csrf", csrf.as_str())], pairs].concat();
        let request = self.http.post(format!("{}{path}", self.url)).header(header::COOKIE, cookie);
        request.header(FORM.0, FORM.1).body(form(&all))
    }

    fn post(&self, key: &str, path: &str, body: &Value) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.url)).bearer_auth(key).json(body)
    }

    /// Sends it; what came, where that is no error.
    async fn send(&mut self, request: RequestBuilder) -> Option<String> {
        let reply = request.timeout(Duration::from_secs(20)).send().await.ok();
        let walked = self.walked.entry(self.way).or_default();
        let went = reply.as_ref().is_some_and(|reply| reply.status().as_u16() < 400);
        *(if went { &mut walked.answered } else { &mut walked.refused }) += 1;
        let reply = reply?;
        let headers = format!("{:?}", reply.headers());
        let text = reply.text().await.unwrap_or_default();
        self.errors.push_str(&headers);
        if went {
            return Some(text);
        }
        self.errors.push_str(&text);
        None
    }

    async fn sow(&mut self, number: usize, canary: &Canary) {
        let (message, data, whose) = (canary.message.as_str(), canary.data[0].as_str(), person(number));
        let asks = json!({ "mode": "customer", "question": message, "subject": whose });
        let service = self.service.clone();
        // Each kind of canary takes each way.
        let way = (number + number / 60) % WAYS.len();
        self.way = WAYS[way].0;
        match way {
            0 => {
                let made = self.send(self.post(&service, "/v1/interactions", &asks)).await;
                let record: Option<Value> = made.map(|record| serde_json::from_str(&record).unwrap());
                if let Some(ticket) = record.and_then(|r| r["ticket"].as_str().map(str::to_owned)) {
                    self.ticket = ticket;
                }
            }
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
                // Back ends name people as they like.
                let body = json!({ "mode": "customer", "subject": data });
                self.send(self.post(&service, "/v1/conversations", &body)).await;
            }
            9 => {
                let banker = self.banker.clone();
                let body = json!({ "mode": "banker", "question": message });
                self.send(self.post(&banker, "/v1/interactions", &body)).await;
            }
            10 => {
                let asks = self.sends_form("/chat/customer", &[("question", message)]);
                self.send(asks).await;
            }
            _ => {
                if self.ticket.is_empty() {
                    let wants =
                        json!({ "mode": "customer", "question": "let me talk to a human", "subject": whose });
                    let made = self.send(self.post(&service, "/v1/interactions", &wants)).await;
                    let record: Value = serde_json::from_str(&made.unwrap_or_default()).unwrap_or_default();
                    record["ticket"].as_str().unwrap_or_default().clone_into(&mut self.ticket);
                }
                let state = if number % 2 == 0 { "taken" } else { "closed" };
                let path = format!("/tickets/{}", self.ticket);
                let noted = self.sends_form(&path, &[("state", state), ("note", message)]);
                if self.send(noted).await.is_some() && state == "closed" {
                    self.ticket.clear();
                }
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
        ticket: String::new(),
        browser: Default::default(),
        walked: BTreeMap::new(),
        way: "",
    };
    sower.sign_in(&cluster.sign_in).await;
    let admin = sower.admin.clone();
    let everything: BTreeSet<String> = canaries
        .iter()
        .flat_map(|canary| canary.data.iter().chain([&canary.word]))
        .map(|needle| needle.to_lowercase())
        .collect();
    let (mut kept, mut full) = (BTreeSet::new(), BTreeMap::new());
    let sixth = (canaries.len() / 6).max(1);
    for (number, canary) in canaries.iter().enumerate() {
        // One after the other: the queue, the database, both; at the end the tables refuse what bankers asked.
        match (number % sixth, number / sixth) {
            (0, 1) => cluster.ground.queue.signal("STOP"),
            (0, 2) => cluster.ground.database.signal("STOP"),
            (0, 3) => {
                cluster.ground.database.signal("STOP");
                cluster.ground.queue.signal("STOP");
            }
            // Each path once or twice: a database that hangs is waited for.
            (at, outage @ 1..=3) if at == sixth.min(20) - 1 => {
                // What waits is searched while it waits.
                let (name, place) = match outage {
                    2 => ("queue", cluster.ground.queue.folder.as_path()),
                    _ => ("spool", cluster.terminals[0].data()),
                };
                let waits = found(&["\"conversation\":{\"id\"".to_owned()].into(), place);
                full.entry(name).or_insert(0_usize).add_assign(waits.len());
                kept.extend(found(&everything, place));
                cluster.ground.heals();
            }
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

    // Aloud: logs, figures and errors. A sink that is empty was not read.
    let (made, mut aloud) = (sower.made, Vec::new());
    aloud.push(("errors", sower.errors));
    assert_eq!(ran.lines(0).len(), asked.len());
    for (at, metrics) in cluster.metrics.iter().enumerate() {
        aloud.push(("figures", reqwest::get(metrics).await.unwrap().text().await.unwrap()));
        let log = cluster.folder.path().join(format!("{at}.log"));
        aloud.push(("log", std::fs::read_to_string(log).unwrap()));
    }
    let commands: [&[&str]; 3] = [
        &["ledger", "dead", "list"],
        &["audit", "list", "--json", "--last", "10000"],
        &["audit", "export", "-"],
    ];
    for command in commands {
        aloud.push((command[1], cluster.terminals[0].run(command).well()));
    }
    for (sink, text) in &aloud {
        assert!(text.len() > 300, "{sink}: {text}");
        let file = cluster.folder.path().join("sink");
        std::fs::write(&file, text).unwrap();
        let said = found(&everything, &file);
        assert!(said.is_empty(), "{sink} says {said:?}: {:?}", beside(text, &said));
    }
    let aloud: String = aloud.into_iter().map(|(_, text)| text).chain([ran.err]).collect();
    let file = cluster.folder.path().join("aloud");
    std::fs::write(&file, &aloud).unwrap();
    assert!(aloud.len() > 100_000, "the servers said something");
    let said = found(&everything, &file);

    // At rest: every file of database, queue, spools and data folders.
    cluster.tables.run("CHECKPOINT").await;
    for folder in [&cluster.ground.database.folder, &cluster.ground.queue.folder] {
        kept.extend(found(&everything, folder));
    }
    for terminal in &cluster.terminals {
        kept.extend(found(&everything, terminal.data()));
    }
    // What stands there in the clear is found: the id of a record.
    assert_eq!(found(&[made].into(), &cluster.ground.database.folder).len(), 1, "the search sees the tables");

    // Handed on: what the guard recognises.
    let key = cluster.terminals[0].run(&["keys", "list", "--json"]).well();
    let key = key.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let key =
        key.filter(|key| key["role"] == "service").map(|key| text(&key, "id").to_owned()).next().unwrap();
    let exported = |more: &[&str]| -> String {
        let each = (0..=canaries.len() / OF_ONE).map(|at| {
            let whose = person(at * OF_ONE);
            let command = ["privacy", "export", "--subject", &whose, "--key", &key];
            cluster.terminals[0].run(&[&command[..], more].concat()).well()
        });
        each.collect()
    };
    let (export, page) = (exported(&[]), exported(&["--html"]));
    let bodies = cluster.model.bodies();
    let scanned: Vec<String> = canaries.iter().map(|c| json!({ "text": c.message }).to_string()).collect();
    let scanned = cluster.terminals[0].feed(&["guard", "scan"], scanned.join("\n").as_bytes()).lines(0);
    let (mut leaked, mut missed) = (Vec::new(), Vec::new());
    for (canary, scanned) in canaries.iter().zip(&scanned) {
        for data in &canary.data {
            let recognised = !text(scanned, "masked").contains(data.as_str());
            for (place, handed) in [("provider", &bodies), ("export", &export), ("page of an export", &page)]
            {
                if handed.contains(data.as_str()) {
                    let into = if recognised { &mut leaked } else { &mut missed };
                    into.push(format!("{place}: {data}"));
                }
            }
        }
    }
    println!("{:?}; found waiting {full:?}", sower.walked);
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
    assert!(said.is_empty(), "in logs, figures or errors: {said:?}");
    assert!(kept.is_empty(), "in files: {kept:?}");
    assert!(leaked.is_empty(), "handed on: {leaked:?}");
    assert!(
        canaries.iter().any(|canary| bodies.contains(&canary.word)),
        "people's own words go there, masked"
    );
    assert!(bodies.lines().count() > 10 && export.len() > 1000 && page.len() > 1000, "paths were walked");
    for (way, goes) in WAYS {
        let walked = sower.walked.get(way).copied().unwrap_or_default();
        assert!(if goes { walked.answered > 0 } else { walked.refused > 0 }, "{way}: {walked:?}");
    }
    assert!(full["queue"] > 0 && full["spool"] > 0, "both were searched while they were full: {full:?}");
}

/// Where it is said, with some words around it.
fn beside(text: &str, said: &BTreeSet<String>) -> Vec<String> {
    let lower = text.to_lowercase();
    let place = |needle: &String| {
        let at = lower.find(needle.as_str())?;
        let around = lower.get(at.saturating_sub(200)..(at + 200).min(lower.len()));
        Some(around.unwrap_or_default().to_owned())
    };
    said.iter().filter_map(place).collect()
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
