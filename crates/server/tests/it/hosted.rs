//! Knowledge in a hosted vector store: a server that speaks OpenAI's shape of its search, and one that fails in every way.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use contactiq_domain::{Mode, Role};
use contactiq_server::obedient::{Attack, Obedient, Where, shown};
use contactiq_store::interactions;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    house::{Running, holds, start},
    process::Terminal,
    reply::text,
};

/// What the store does next.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    /// It answers, and obeys filters.
    Answers,
    /// It gives whatever is near, whatever was asked for.
    Ignores,
    Fails(u16),
    /// A proxy's page.
    Page,
    /// JSON of something else.
    Babbles,
    Hangs,
}

const KEY: &str = "sk-hosted-canary";

#[derive(Clone)]
struct Store {
    chunks: Arc<Mutex<Vec<Value>>>,
    does: Arc<Mutex<Does>>,
    heard: Arc<Mutex<Vec<Value>>>,
}

/// A server of stores, of which there is `vs_bank`.
struct Hosted {
    url: String,
    store: Store,
    _serving: JoinSet<()>,
}

fn words(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| w.len() > 2)
        .map(str::to_owned)
        .collect()
}

/// Whether a chunk has what a filter asks for.
fn fits(chunk: &Value, filter: &Value) -> bool {
    match filter["type"].as_str() {
        Some("and") => filter["filters"].as_array().unwrap().iter().all(|f| fits(chunk, f)),
        Some("eq") => chunk["attributes"][filter["key"].as_str().unwrap()] == filter["value"],
        _ => true,
    }
}

fn answer(store: &Store, body: &Value, ignores: bool) -> Value {
    let asked = words(body["query"].as_str().unwrap());
    let mut found: Vec<(f64, Value)> = Vec::new();
    for chunk in store.chunks.lock().unwrap().iter().filter(|chunk| ignores || fits(chunk, &body["filters"]))
    {
        let own = words(chunk["content"][0]["text"].as_str().unwrap());
        let score = asked.intersection(&own).count() as f64 / asked.len().max(1) as f64;
        let mut chunk = chunk.clone();
        chunk["score"] = json!(score);
        found.push((score, chunk));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let most = body["max_num_results"].as_u64().unwrap() as usize;
    let data: Vec<Value> = found.into_iter().take(most).map(|(_, chunk)| chunk).collect();
    json!({ "object": "vector_store.search_results.page", "search_query": [body["query"]], "data": data,
        "has_more": false, "next_page": null })
}

/// What it says to whoever may not, or asks of another store; none where all is well.
fn refusal(headers: &HeaderMap, id: &str) -> Option<Response> {
    let error = |status: StatusCode, message: &str| {
        (status, Json(json!({ "error": { "message": message, "type": "invalid_request_error" } })))
            .into_response()
    };
    if headers.get("authorization").is_none_or(|value| value != format!("Bearer {KEY}").as_str()) {
        return Some(error(StatusCode::UNAUTHORIZED, "Incorrect API key provided"));
    }
    (id != "vs_bank").then(|| error(StatusCode::NOT_FOUND, "Vector store not found"))
}

async fn search(
    State(store): State<Store>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Some(refused) = refusal(&headers, &id) {
        return refused;
    }
    store.heard.lock().unwrap().push(body.clone());
    let does = *store.does.lock().unwrap();
    match does {
        Does::Answers => Json(answer(&store, &body, false)).into_response(),
        Does::Ignores => Json(answer(&store, &body, true)).into_response(),
        Does::Fails(status) => {
            (StatusCode::from_u16(status).unwrap(), [("retry-after", "1")], "{}").into_response()
        }
        Does::Page => "<html>it works</html>".into_response(),
        Does::Babbles => Json(json!({ "data": [{ "file_id": 7 }] })).into_response(),
        Does::Hangs => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
    }
}

async fn standing(State(store): State<Store>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if let Some(refused) = refusal(&headers, &id) {
        return refused;
    }
    let files = store.chunks.lock().unwrap().len();
    Json(json!({ "id": id, "object": "vector_store", "status": "completed",
        "file_counts": { "completed": files, "total": files } }))
    .into_response()
}

impl Hosted {
    async fn start(chunks: Vec<Value>) -> Hosted {
        let store = Store {
            chunks: Arc::new(Mutex::new(chunks)),
            does: Arc::new(Mutex::new(Does::Answers)),
            heard: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1/vector_stores/{id}/search", post(search))
            .route("/v1/vector_stores/{id}", get(standing))
            .with_state(store.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, app).await) });
        Hosted { url, store, _serving: serving }
    }

    fn now(&self, does: Does) {
        *self.store.does.lock().unwrap() = does;
    }

    fn asked(&self) -> usize {
        self.store.heard.lock().unwrap().len()
    }

    fn settings(&self) -> Vec<(&str, &str)> {
        vec![
            ("CONTACTIQ_VECTOR_STORE_BASE_URL", &self.url),
            ("CONTACTIQ_VECTOR_STORE_IDS", "vs_bank"),
            ("CONTACTIQ_VECTOR_STORE_API_KEY", KEY),
            ("CONTACTIQ__KNOWLEDGE__HOSTED__TIMEOUT_SECONDS", "1"),
            ("CONTACTIQ__KNOWLEDGE__HOSTED__KEPT_SECONDS", "0"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.05"),
            ("CONTACTIQ__BANKER__CONFIDENCE_THRESHOLD", "0.05"),
        ]
    }

    /// A house without documents of its own.
    async fn house(&self, more: &[(&str, &str)]) -> Running {
        let mut settings = self.settings();
        settings.push(("CONTACTIQ_DEMO", "off"));
        settings.extend(more);
        start(&settings).await
    }
}

fn chunk(file: &str, attributes: Value, said: &str) -> Value {
    json!({ "file_id": file, "filename": format!("{file}.md"), "score": 0.5, "attributes": attributes,
        "content": [{ "type": "text", "text": said }] })
}

const KITE: &str = "# Kite cards\n\n## Replacement\n\nA replacement kite card costs $9 and arrives in 6 business days. \
    Blocking a kite card is done in the app.";
const QUESTION: &str = "What does a replacement kite card cost?";

fn kite() -> Value {
    let own = json!({ "collection": "customer", "title": "Kite cards", "valid_from": "2020-07-01",
        "url": "https://www.bank.example/kite" });
    chunk("file-kite", own, KITE)
}

fn retrieve(record: &Value) -> &Value {
    record["steps"].as_array().unwrap().iter().find(|step| step["step"] == "retrieve").unwrap()
}

async fn ready(running: &Running) -> String {
    let reply = crate::reply::Reply::of(running.request(reqwest::Method::GET, "/ready")).await;
    text(&reply.json(), "hosted").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hosted_store_answers_with_citations_that_name_the_file_and_prove_its_words() {
    let hosted = Hosted::start(vec![kite()]).await;
    let running = hosted.house(&[]).await;
    let key = running.key(Role::Admin).await;
    let question = "My card 4111 1111 1111 1111 is broken. What does a replacement kite card cost?";
    let record = running.ask(&key, Mode::Customer, question).await;
    assert_eq!(text(&record, "outcome"), "resolved", "{record}");
    assert!(text(&record, "answer").contains("$9"), "{record}");
    let cited = &record["citations"][0];
    assert_eq!((text(cited, "document"), text(cited, "title")), ("customer/file-kite", "Kite cards"));
    assert_eq!((text(cited, "as_at"), &cited["headings"]), ("2020-07-01", &json!(["Replacement"])));
    let sha256: String = Sha256::digest(KITE).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(
        cited["hosted"],
        json!({ "store": "vs_bank", "file_id": "file-kite", "filename": "file-kite.md", "sha256": sha256 })
    );
    assert!(text(&record, "knowledge_version").starts_with("hosted-"), "{record}");
    assert!(text(retrieve(&record), "detail").contains("of the hosted store: 1 chunks"), "{record}");

    let heard = hosted.store.heard.lock().unwrap().clone();
    assert!(!heard.is_empty());
    for body in &heard {
        assert!(!body["query"].as_str().unwrap().contains("4111"), "{body}");
        assert_eq!(body["filters"], json!({ "type": "eq", "key": "collection", "value": "customer" }));
    }
    let mut reader = running.store.read().await.unwrap();
    let kept = interactions::get(&mut reader, text(&record, "id").parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(kept.citations[0].hosted.as_ref().unwrap().sha256, sha256, "the record proves it");
    assert_eq!(ready(&running).await, "ok");

    let cost = record["cost_usd"].as_f64().unwrap();
    assert!((cost - 0.0025 * heard.len() as f64).abs() < 1e-9, "{cost} for {}", heard.len());
    assert!(!holds(&running.database_bytes(), KEY));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_for_the_asker_or_the_day_is_not_shown_whatever_the_store_gives() {
    let own = |attributes: Value| chunk("file-secret", attributes, KITE);
    let hosted = Hosted::start(Vec::new()).await;
    let running = hosted.house(&[("CONTACTIQ__KNOWLEDGE__HOSTED__ATTRIBUTES", "region=AU")]).await;
    let customer = running.key(Role::Customer).await;
    let banker = running.key(Role::Banker).await;
    hosted.now(Does::Ignores);
    for attributes in [
        json!({}),
        json!({ "region": "AU" }),
        json!({ "region": "AU", "collection": "banker" }),
        json!({ "region": "NZ", "collection": "customer" }),
        json!({ "collection": "customer" }),
        json!({ "region": "AU", "collection": "customer", "role": "supervisor" }),
        json!({ "region": "AU", "collection": "customer", "valid_until": "2021-01-01" }),
        json!({ "region": "AU", "collection": "customer", "valid_until": "never" }),
    ] {
        *hosted.store.chunks.lock().unwrap() = vec![own(attributes.clone())];
        let record = running.ask(&customer, Mode::Customer, QUESTION).await;
        assert_eq!(text(&record, "outcome"), "escalated", "{attributes}: {record}");
        assert!(!record.to_string().contains("file-secret") && !text(&record, "answer").contains("$9"));
        assert_eq!(retrieve(&record)["values"]["hosted_filtered"], json!(1.0), "{attributes}");
    }
    *hosted.store.chunks.lock().unwrap() = vec![own(json!({ "region": "AU" }))];
    let record = running.ask(&banker, Mode::Banker, QUESTION).await;
    assert_eq!(text(&record, "outcome"), "resolved", "staff may see what names no collection: {record}");
    let heard = hosted.store.heard.lock().unwrap().last().unwrap().clone();
    assert_eq!(heard["filters"], json!({ "type": "eq", "key": "region", "value": "AU" }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_fails_the_documents_here_answer_and_where_there_are_none_a_person() {
    for does in [
        Does::Fails(500),
        Does::Fails(401),
        Does::Fails(404),
        Does::Fails(429),
        Does::Page,
        Does::Babbles,
        Does::Hangs,
    ] {
        let hosted = Hosted::start(vec![kite()]).await;
        hosted.now(does);
        let (with, without) = (start(&hosted.settings()).await, hosted.house(&[]).await);
        let key = with.key(Role::Customer).await;
        for _ in 0..5 {
            let record = with.ask(&key, Mode::Customer, "What does a replacement card cost?").await;
            assert_eq!(text(&record, "outcome"), "resolved", "{does:?}: {record}");
            assert_eq!(record["citations"][0].get("hosted"), None);
            assert!(
                text(retrieve(&record), "detail").contains("was not heard (model_"),
                "{does:?}: {record}"
            );
        }
        assert_eq!(hosted.asked(), 5, "{does:?}");
        with.ask(&key, Mode::Customer, "How much is a replacement card?").await;
        assert_eq!(hosted.asked(), 5, "{does:?}: it is left alone");
        assert_eq!(ready(&with).await, "away: the documents of this house answer alone", "{does:?}");

        let key = without.key(Role::Customer).await;
        let record = without.ask(&key, Mode::Customer, QUESTION).await;
        assert_eq!(text(&record, "outcome"), "escalated", "{does:?}: {record}");
        assert!(record["ticket"].is_string(), "{does:?}: {record}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_that_contradict_each_other_are_a_persons() {
    let own = json!({ "collection": "customer", "title": "Kite cards" });
    let other = "A replacement kite card costs $14 and arrives in 6 business days.";
    let hosted = Hosted::start(vec![kite(), chunk("file-other", own, other)]).await;
    let running = hosted.house(&[]).await;
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, QUESTION).await;
    assert_eq!((text(&record, "outcome"), text(&record, "trigger")), ("escalated", "conflicting_evidence"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_budget_is_spent_beyond_for_searches_and_one_that_failed_unheard_costs_nothing() {
    let hosted = Hosted::start(vec![kite()]).await;
    let budget = "CONTACTIQ__BUDGETS__CUSTOMER__DAY_USD";
    let running = hosted.house(&[(budget, "0.004")]).await;
    let key = running.key(Role::Customer).await;
    hosted.now(Does::Fails(500));
    let record = running.ask(&key, Mode::Customer, QUESTION).await;
    assert_eq!((record["cost_usd"].as_f64(), hosted.asked()), (Some(0.0), 1), "{record}");
    hosted.now(Does::Answers);
    let record = running.ask(&key, Mode::Customer, QUESTION).await;
    assert_eq!(
        (text(&record, "outcome"), record["cost_usd"].as_f64()),
        ("resolved", Some(0.0025)),
        "{record}"
    );
    let record = running.ask(&key, Mode::Customer, QUESTION).await;
    assert_eq!((text(&record, "outcome"), hosted.asked()), ("escalated", 2), "{record}");
    let told = text(retrieve(&record), "detail");
    assert!(told.contains("was not heard (budget_"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_store_said_is_used_again_for_a_short_while_by_the_same_role() {
    let hosted = Hosted::start(vec![kite()]).await;
    let running = hosted.house(&[("CONTACTIQ__KNOWLEDGE__HOSTED__KEPT_SECONDS", "3600")]).await;
    let (customer, admin) = (running.key(Role::Customer).await, running.key(Role::Admin).await);
    let ask = async |key| text(&running.ask(key, Mode::Customer, QUESTION).await, "answer").to_owned();
    let first = ask(&customer).await;
    assert_eq!((ask(&customer).await, hosted.asked()), (first.clone(), 1));
    assert_eq!((ask(&admin).await, hosted.asked()), (first, 2), "another role asks for itself");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_hosted_chunk_orders_nobody_is_shown_what_it_wanted() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../evals/attacks.jsonl");
    let lines = std::fs::read_to_string(path).unwrap();
    let attacks = lines.lines().map(|line| serde_json::from_str::<Attack>(line).unwrap());
    let attacks: Vec<Attack> =
        attacks.filter(|attack| matches!(attack.r#where, Where::Document | Where::Title)).collect();
    assert!(attacks.len() >= 20, "{}", attacks.len());
    let hosted = Hosted::start(Vec::new()).await;
    let model = Obedient::start().await.unwrap();
    let settings = [
        ("CONTACTIQ_LLM_BASE_URL", model.url.as_str()),
        ("CONTACTIQ_LLM_MODEL", "obedient"),
        ("CONTACTIQ__GUARD__INJECTION", "false"),
    ];
    let running = hosted.house(&settings).await;
    let key = running.key(Role::Admin).await;
    let (mut answered, mut left_out) = (0, 0);
    for attack in &attacks {
        let (title, order) = match attack.r#where {
            Where::Title => (format!("Kite cards: {}", attack.text), ""),
            _ => ("Kite cards".to_owned(), attack.text.as_str()),
        };
        let said = KITE.replace("Blocking", &format!("{order} Blocking"));
        let own = json!({ "collection": "customer", "title": title });
        *hosted.store.chunks.lock().unwrap() = vec![chunk("file-kite", own, &said)];
        let record = running.ask(&key, Mode::Customer, QUESTION).await;
        let mut reader = running.store.read().await.unwrap();
        let kept =
            interactions::get(&mut reader, text(&record, "id").parse().unwrap()).await.unwrap().unwrap();
        let (_, marks) = model.take();
        assert_eq!(shown(attack, &marks, &kept), None, "{}: {}", attack.id, kept.answer.as_str());
        answered += usize::from(text(&record, "outcome") == "resolved");
        left_out += usize::from(retrieve(&record)["values"]["hosted_suspect"] == json!(1.0));
    }
    // Else it shows nothing: both doors were tried.
    assert!(answered > 0 && left_out > 0, "{answered} {left_out}");
    let listed = running.read(&key, "/v1/guard/review?kind=output").await.json();
    let told = |entry: &Value| entry["rules"].to_string().contains("hosted/instructs/file-kite");
    assert!(listed.as_array().unwrap().iter().any(told), "{listed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_and_config_check_say_what_is_wrong_with_a_store() {
    let hosted = Hosted::start(vec![kite()]).await;
    let terminal = || {
        Terminal::new()
            .with("CONTACTIQ_DEMO", "off")
            .with("CONTACTIQ_VECTOR_STORE_BASE_URL", hosted.url.clone())
            .with("CONTACTIQ_VECTOR_STORE_IDS", "vs_bank")
            .with("CONTACTIQ_VECTOR_STORE_API_KEY", KEY)
    };
    let found = |terminal: Terminal| {
        let told = tokio::task::block_in_place(|| terminal.run(&["doctor", "--json"]));
        assert!(!told.out.contains(KEY), "{}", told.out);
        let all: Value = serde_json::from_str(told.out.trim()).unwrap();
        let part = all.as_array().unwrap().iter().find(|f| f["part"] == "hosted").unwrap().clone();
        format!("{}: {}", text(&part, "state"), text(&part, "detail"))
    };
    assert_eq!(found(terminal()), "ok: vs_bank answers from 1 files");
    let key = found(terminal().with("CONTACTIQ_VECTOR_STORE_API_KEY", "sk-other-key-0123456789"));
    assert!(key.starts_with("failing: vs_bank does not open with this key"), "{key}");
    assert!(key.contains("Look at knowledge.hosted.api_key"), "{key}");
    let missing = found(terminal().with("CONTACTIQ_VECTOR_STORE_IDS", "vs_other"));
    assert!(missing.starts_with("failing: vs_other is not there"), "{missing}");
    assert!(missing.contains("knowledge.hosted.vector_store_ids and base_url"), "{missing}");
    let nobody = found(terminal().with("CONTACTIQ_VECTOR_STORE_BASE_URL", "http://127.0.0.1:1/v1"));
    assert!(nobody.starts_with("failing: vs_bank can't be reached"), "{nobody}");

    let check = |terminal: Terminal| tokio::task::block_in_place(|| terminal.run(&["config", "check"]));
    let half = check(Terminal::new().with("CONTACTIQ_VECTOR_STORE_IDS", "vs_bank"));
    assert!(half.refused().contains("knowledge.hosted.vector_store_ids is set and"));
    let pair = check(terminal().with("CONTACTIQ__KNOWLEDGE__HOSTED__ATTRIBUTES", "region"));
    assert!(pair.refused().contains("write each as \"name=value\""));
    let id = check(terminal().with("CONTACTIQ_VECTOR_STORE_IDS", "vs/../x"));
    assert!(id.refused().contains("knowledge.hosted.vector_store_ids must be 1 to 8 ids"));
    let price = terminal().with("CONTACTIQ__KNOWLEDGE__HOSTED__PRICE", "nobody");
    let told = tokio::task::block_in_place(|| price.run(&["doctor", "--json"]));
    assert!(told.out.contains("has no search_each in files.prices"), "{}", told.out);
}
