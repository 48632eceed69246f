//! A provider's moderation beside the local one: a server that speaks OpenAI's shape, and one that fails.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{Json, Router, http::StatusCode, response::IntoResponse, routing::post};
use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    house::{Running, start},
    process::Terminal,
    reply::text,
};

/// What the server does next.
#[derive(Clone)]
enum Does {
    /// These categories apply.
    Judges(&'static [&'static str]),
    /// A status of failure.
    Fails,
    /// A body that is no judgement.
    Babbles,
    /// Nothing.
    Hangs,
}

pub(crate) struct Provider {
    pub(crate) url: String,
    does: Arc<Mutex<Does>>,
    pub(crate) heard: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Provider {
    pub(crate) async fn start() -> Provider {
        let does = Arc::new(Mutex::new(Does::Judges(&[])));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (doing, hearing) = (Arc::clone(&does), Arc::clone(&heard));
        let judge = async move |Json(body): Json<Value>| {
            hearing.lock().unwrap().push(body["input"].as_str().unwrap_or_default().to_owned());
            let next = doing.lock().unwrap().clone();
            match next {
                Does::Judges(found) => {
                    let all = ["hate", "harassment/threatening", "sexual", "violence", "self-harm/intent"];
                    let categories: serde_json::Map<String, Value> =
                        all.iter().map(|c| ((*c).to_owned(), json!(found.contains(c)))).collect();
                    Json(json!({ "id": "m", "model": "m", "results": [{ "flagged": !found.is_empty(), "categories": categories }] }))
                        .into_response()
                }
                Does::Fails => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
                Does::Babbles => "<html>it works</html>".into_response(),
                Does::Hangs => {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                    StatusCode::OK.into_response()
                }
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new().route("/v1/moderations", post(judge));
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, app).await) });
        Provider { url, does, heard, _serving: serving }
    }

    fn now(&self, does: Does) {
        *self.does.lock().unwrap() = does;
    }

    async fn house(&self) -> Running {
        start(&[
            ("CONTACTIQ_MODERATION_BASE_URL", &self.url),
            ("CONTACTIQ_MODERATION_MODEL", "judge-1"),
            ("CONTACTIQ__LLM__MODERATION__TIMEOUT_SECONDS", "3"),
        ])
        .await
    }
}

async fn ready(running: &Running) -> String {
    let reply = crate::reply::Reply::of(running.request(reqwest::Method::GET, "/ready")).await;
    text(&reply.json(), "moderation").to_owned()
}

const PLAIN: &str = "What does a replacement card cost?";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_provider_finds_is_added_and_never_taken_away() {
    let provider = Provider::start().await;
    let running = provider.house().await;
    let key = running.key(Role::Customer).await;
    let ask = async |question: &str| running.ask(&key, Mode::Customer, question).await;

    assert_eq!(text(&ask(PLAIN).await, "outcome"), "resolved");
    ask("my card is 4111 1111 1111 1111, what is the fee").await;
    assert_eq!(
        *provider.heard.lock().unwrap(),
        [PLAIN, "my card is <CREDIT_CARD_1>, what is the fee"],
        "masked text alone is sent"
    );
    provider.now(Does::Judges(&["hate"]));
    assert_eq!(text(&ask(PLAIN).await, "outcome"), "blocked", "it can refuse");
    provider.now(Does::Judges(&[]));
    assert_eq!(text(&ask("i will kill you").await, "outcome"), "blocked", "and lets nothing through");
    provider.now(Does::Judges(&["self-harm/intent", "violence"]));
    let cry = ask("tonight is the last one").await;
    assert_eq!((text(&cry, "outcome"), text(&cry, "trigger")), ("escalated", "emotional_distress"));
    assert!(text(&cry, "answer").contains("13 11 14"), "{cry}");

    let supervisor = running.key(Role::Supervisor).await;
    let listed = running.read(&supervisor, "/v1/guard/review?kind=moderation").await.json();
    assert!(listed.as_array().unwrap().iter().any(|e| e["rules"] == json!(["provider/hate"])), "{listed}");
    assert_eq!(ready(&running).await, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_provider_fails_the_local_moderation_stands_alone_and_ready_says_so() {
    for fault in [Does::Fails, Does::Babbles, Does::Hangs] {
        let provider = Provider::start().await;
        let running = provider.house().await;
        let key = running.key(Role::Customer).await;
        provider.now(fault);
        for _ in 0..5 {
            let since = Instant::now();
            let record = running.ask(&key, Mode::Customer, PLAIN).await;
            assert_eq!(text(&record, "outcome"), "resolved", "{record}");
            assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
        }
        let refused = running.ask(&key, Mode::Customer, "i will kill you").await;
        assert_eq!(text(&refused, "outcome"), "blocked");
        assert_eq!(ready(&running).await, "away: the local moderation stands alone");
        let heard = provider.heard.lock().unwrap().len();
        assert_eq!(heard, 5, "it is left alone");
    }
    let running = start(&[]).await;
    assert_eq!(ready(&running).await, "local");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn doctor_says_how_the_provider_stands() {
    let provider = Provider::start().await;
    let terminal = Terminal::new()
        .with("CONTACTIQ_MODERATION_BASE_URL", provider.url.clone())
        .with("CONTACTIQ_MODERATION_MODEL", "judge-1");
    let found = || {
        let told = tokio::task::block_in_place(|| terminal.run(&["doctor", "--json"]));
        let all: Value = serde_json::from_str(told.out.trim()).unwrap();
        let part = all.as_array().unwrap().iter().find(|f| f["part"] == "moderation").unwrap().clone();
        (text(&part, "state").to_owned(), text(&part, "detail").to_owned(), told.status)
    };
    let (state, detail, _) = found();
    assert_eq!(state, "ok", "{detail}");
    provider.now(Does::Fails);
    let (state, detail, status) = found();
    assert_eq!((state.as_str(), status), ("failing", 1), "{detail}");
    assert!(
        detail.contains("the local moderation stands alone")
            || detail.contains("The local moderation stands alone")
    );
}
