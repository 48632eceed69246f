//! Streams that die with their server (R1): every sentence that somebody was shown is in the record of its interaction,
//! as the beginning of its answer, or for a reviewer where another try began again; on a disk that forgets what was not
//! synced, and where a gateway and its workers are killed.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, http::header, response::IntoResponse, routing::post};
use contactiq_domain::{Clock, Outcome, ids::InteractionId};
use contactiq_store::{Ledger, Store, interactions, ledger::Places, review};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

use crate::{
    cluster::Database,
    crash::{Dice, ForgetfulDisk, Server, is_kept, kills, serve},
    grounding_gate::{CURRENT, QUESTION},
    house::client,
    process::Terminal,
    reply::text,
    without_tables::redis,
    workers::process,
};

const CLIENTS: u64 = 6;
/// What the model writes, word by word; the gate lets each sentence through.
const WRITES: &str = "A replacement kite card costs $9. [1] It arrives in 6 business days. [1] \
                      There is no fee for blocking a kite card. [1]";
const BETWEEN_WORDS: Duration = Duration::from_millis(15);

/// A model that takes its time.
async fn model() -> (String, JoinSet<()>) {
    let route = post(|| async {
        let words = WRITES.split_inclusive(' ').chain(["\u{0}"]);
        let pieces = stream::unfold(words, |mut words| async move {
            let word = words.next()?;
            tokio::time::sleep(BETWEEN_WORDS).await;
            let choice = match word {
                "\u{0}" => json!({ "index": 0, "delta": {}, "finish_reason": "stop" }),
                word => json!({ "index": 0, "delta": { "content": word } }),
            };
            let chunk = json!({ "id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice] });
            Some((Ok::<_, Infallible>(format!("data: {chunk}\n\n")), words))
        });
        ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(pieces)).into_response()
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let routes = Router::new().route("/v1/chat/completions", route);
    let mut serving = JoinSet::new();
    serving.spawn(async move { drop(axum::serve(listener, routes).await) });
    (url, serving)
}

pub(crate) fn with_model(terminal: Terminal, model: &str) -> Terminal {
    let settings = [
        ("CONTACTIQ_DEMO", "off"),
        ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
        ("CONTACTIQ_LLM_BASE_URL", model),
        ("CONTACTIQ_LLM_MODEL", "m"),
        ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
        ("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "100"),
        ("CONTACTIQ__LIMITS__QUESTIONS_PER_HOUR_PER_IP", "100000"),
    ];
    settings.into_iter().fold(terminal, |terminal, (name, value)| terminal.with(name, value))
}

pub(crate) fn knows_kites(terminal: &Terminal) {
    let file = terminal.file("kite.md", CURRENT).to_string_lossy().into_owned();
    terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
}

/// What one client was shown of one answer.
struct Shown {
    interaction: InteractionId,
    /// Each try's words; those before a `restart` were withdrawn.
    tries: Vec<String>,
    /// The record that ended it; none where it was cut.
    record: Option<Value>,
}

/// Reads one stream to its end, or until its server is gone.
async fn listen(sent: reqwest::RequestBuilder) -> Option<Shown> {
    let mut response = sent.timeout(Duration::from_secs(15)).send().await.ok()?;
    if response.status() != 200 {
        return None;
    }
    let (mut rest, mut tries, mut record, mut id) = (String::new(), vec![String::new()], None, None);
    while let Ok(Some(piece)) = response.chunk().await {
        rest.push_str(std::str::from_utf8(&piece).unwrap());
        while let Some((block, more)) = rest.split_once("\n\n") {
            let (block, more) = (block.to_owned(), more.to_owned());
            rest = more;
            let field = |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).unwrap_or("").trim();
            if let Some((interaction, _)) = field("id:").split_once(':') {
                id = interaction.parse().ok();
            }
            match field("event:") {
                "token" => {
                    let data: Value = serde_json::from_str(field("data:")).unwrap();
                    tries.last_mut().unwrap().push_str(text(&data, "text"));
                }
                "restart" => tries.push(String::new()),
                "done" => record = Some(serde_json::from_str(field("data:")).unwrap()),
                _ => {}
            }
        }
    }
    tries.retain(|words| !words.is_empty());
    // Who heard no word was shown nothing.
    (!tries.is_empty()).then(|| Shown { interaction: id.unwrap(), tries, record })
}

/// Asks again and again until told to stop.
async fn listens(
    number: u64,
    key: String,
    mut address: watch::Receiver<String>,
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Shown>>>,
) {
    let (http, mut turn) = (client(), 0);
    while !stop.load(Ordering::SeqCst) {
        turn += 1;
        let url = format!("{}/v1/interactions", address.borrow_and_update().as_str());
        let body =
            json!({ "mode": "customer", "question": QUESTION, "subject": format!("s{number}-{turn}") });
        let sent = http.post(url).bearer_auth(&key).header("accept", "text/event-stream").json(&body);
        match listen(sent).await {
            Some(shown) => seen.lock().unwrap().push(shown),
            None => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Clients that listen while servers die.
struct Load {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Shown>>>,
    clients: JoinSet<()>,
}

impl Load {
    fn begin(key: &str, address: &watch::Receiver<String>) -> Load {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let mut clients = JoinSet::new();
        for number in 1..=CLIENTS {
            let (key, stop) = (key.to_owned(), Arc::clone(&stop));
            clients.spawn(listens(number, key, address.clone(), stop, Arc::clone(&seen)));
        }
        Load { stop, seen, clients }
    }

    /// What they were shown.
    async fn end(self) -> Vec<Shown> {
        self.stop.store(true, Ordering::SeqCst);
        self.clients.join_all().await;
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

/// Whether each sentence that was shown is in the record; how many streams were whole, and how many were cut.
async fn all_is_kept(store: &Store, seen: &[Shown]) -> (usize, usize) {
    let ledger =
        Ledger::new(store.clone(), Places::default(), Arc::new(contactiq_server::wiring::SystemClock));
    let later = contactiq_server::wiring::SystemClock.now().plus_seconds(9);
    ledger.interrupt_unfinished(later).await.unwrap();
    let mut reader = store.read().await.unwrap();
    let mut kept_back = Vec::new();
    loop {
        let skip = u32::try_from(kept_back.len()).unwrap();
        let some = review::list(&mut reader, &Default::default(), 200, skip).await.unwrap();
        if some.is_empty() {
            break;
        }
        kept_back.extend(some.into_iter().map(|listed| listed.entry));
    }
    let (mut whole, mut cut) = (0, 0);
    for Shown { interaction, tries, record } in seen {
        if let Some(record) = record {
            assert_eq!(is_kept(&mut reader, record).await, None, "{record}");
            assert_eq!(tries.last().unwrap(), text(record, "answer"));
            whole += 1;
        } else {
            cut += 1;
        }
        let kept = interactions::get(&mut reader, *interaction).await.unwrap();
        let kept = kept.unwrap_or_else(|| panic!("{interaction} is missing: {tries:?} was shown"));
        for words in tries {
            let is_answer = kept.answer.as_str().starts_with(words.as_str());
            let is_for_review = kept_back.iter().any(|entry| {
                entry.interaction == *interaction && entry.message.as_str().starts_with(words.trim_end())
            });
            assert!(
                is_answer || is_for_review,
                "{words:?} was shown of {interaction} ({}), and is neither in {:?} nor for review",
                kept.outcome,
                kept.answer.as_str()
            );
        }
        let is_told = kept.outcome != Outcome::Interrupted;
        assert!(record.is_none() || is_told, "{interaction} was told to its end and is interrupted");
    }
    (whole, cut)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sentence_that_was_shown_is_kept_by_a_server_that_dies_on_a_disk_that_forgets() {
    let (model, _serving) = model().await;
    let terminal =
        Terminal::new().with("CONTACTIQ_LISTEN", "127.0.0.1:0").with("CONTACTIQ_METRICS_LISTEN", "");
    let terminal = with_model(terminal, &model);
    knows_kites(&terminal);
    let disk = ForgetfulDisk::below(terminal.data());
    let terminal = disk.under(terminal);
    let key = terminal.run(&["keys", "create", "--name", "load", "--role", "service"]).well();
    let (mut server, url) = tokio::task::block_in_place(|| serve(&terminal));
    let (tell, address) = watch::channel(url);
    let load = Load::begin(key.trim(), &address);
    let mut dice = Dice::new(u64::from(std::process::id()));
    for _ in 0..kills() {
        tokio::time::sleep(Duration::from_millis(300 + dice.roll(1200))).await;
        drop(server);
        disk.forget();
        let again;
        (server, again) = tokio::task::block_in_place(|| serve(&terminal));
        tell.send(again).unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1000)).await;
    let seen = load.end().await;
    drop(server);
    disk.forget();
    // What the spool took is drained by the next start.
    drop(tokio::task::block_in_place(|| serve(&terminal)));

    let settings = [("CONTACTIQ_DATA_DIR".to_owned(), terminal.data().display().to_string())];
    let config = contactiq_server::config::load_from(None, &settings.into()).unwrap();
    let store = contactiq_server::app::open_store(&config).await.unwrap();
    let (whole, cut) = all_is_kept(&store, &seen).await;
    println!("{} kills: {whole} streams to their end, {cut} cut", kills());
    assert!(whole > 5 && cut > 0, "{whole} streams to their end and {cut} cut prove nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sentence_that_was_shown_is_kept_where_gateway_and_workers_die() {
    let (model, _serving) = model().await;
    let tables = Database::new().await;
    let made = |role| with_model(process(&tables, &redis(), role), &model);
    let terminals = [made("gateway"), made("worker"), made("worker")];
    knows_kites(&terminals[0]);
    let key = terminals[0].run(&["keys", "create", "--name", "load", "--role", "service"]).well();
    let started = |at: usize| tokio::task::block_in_place(|| serve(&terminals[at]));
    let (gateway, url) = started(0);
    let mut running: [Option<Server>; 3] = [Some(gateway), Some(started(1).0), Some(started(2).0)];
    let (tell, address) = watch::channel(url);
    let load = Load::begin(key.trim(), &address);
    let mut dice = Dice::new(u64::from(std::process::id()));
    for turn in 0..kills().max(4) {
        tokio::time::sleep(Duration::from_millis(500 + dice.roll(1500))).await;
        let victim = if turn < 3 { turn as usize } else { dice.roll(3) as usize };
        drop(running[victim].take());
        tokio::time::sleep(Duration::from_millis(dice.roll(1500))).await;
        let (again, url) = started(victim);
        running[victim] = Some(again);
        if victim == 0 {
            tell.send(url).unwrap();
        }
    }
    tokio::time::sleep(Duration::from_millis(2000)).await;
    let seen = load.end().await;
    // What waits in the queue is written.
    let admin = terminals[0].run(&["keys", "create", "--name", "admin", "--role", "admin"]).well();
    let url = tell.borrow().clone();
    crate::house::soon(async || {
        let ledger = client().get(format!("{url}/v1/ledger")).bearer_auth(admin.trim()).send();
        let ledger: Value = ledger.await.ok()?.json().await.ok()?;
        (ledger["queue_entries"] == 0 && ledger["spool_entries"] == 0 && ledger["waiting"] == 0).then_some(())
    })
    .await;
    drop(running);

    let store = crate::outages::store(&terminals[0], &tables).await;
    let (whole, cut) = all_is_kept(&store, &seen).await;
    let again = seen.iter().filter(|shown| shown.tries.len() > 1).count();
    println!("{} kills: {whole} streams to their end ({again} began again), {cut} cut", kills().max(4));
    assert!(whole > 5 && cut > 0, "{whole} streams to their end and {cut} cut prove nothing");
}
