//! A model that can't be used: wrong key, wrong address, no such model, a page in its place, a certificate that has
//! expired. Each is told apart by `doctor` and in the log, and people are answered all the same.

use axum::{
    Router,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use contactiq_domain::Mode;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    authority::Authority,
    house::{REPLACEMENT, client},
    listener::respond,
    process::Terminal,
    reply::{Reply, text},
    serving::serve,
};

/// What a key and a provider's words are recognised by: they stand in no line.
const CANARY: &str = "canary";

/// A server that answers everything like this.
async fn answering(status: u16, media: &'static str, body: &'static str) -> (String, JoinSet<()>) {
    let answer = move |_: Uri| async move {
        let status = StatusCode::from_u16(status).unwrap();
        let answer: Response = (status, [(header::CONTENT_TYPE, media)], body).into_response();
        answer
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let mut serving = JoinSet::new();
    let routes = Router::new().fallback(answer);
    serving.spawn(async move { drop(axum::serve(listener, routes).await) });
    (url, serving)
}

fn terminal(base_url: &str) -> Terminal {
    Terminal::new()
        .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
        .with("CONTACTIQ_METRICS_LISTEN", "")
        .with("CONTACTIQ_LLM_BASE_URL", base_url)
        .with("CONTACTIQ_LLM_MODEL", "ours")
        .with("CONTACTIQ_LLM_API_KEY", format!("sk-{CANARY}-key"))
        .with("CONTACTIQ__LLM__MAX_RETRIES", "1")
}

/// What `doctor` says of the model.
fn examined(terminal: &Terminal) -> (String, String) {
    let ran = tokio::task::block_in_place(|| terminal.run(&["doctor", "--json"]));
    let found: Vec<Value> = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    let found = found.iter().find(|f| f["part"] == "language model").unwrap();
    (text(found, "state").to_owned(), text(found, "detail").to_owned())
}

/// A question answered by a server of its own: its record, and the outcomes of the lines `model call` of its log.
async fn asked(terminal: &Terminal) -> (Value, Vec<String>) {
    let key = terminal.run(&["keys", "create", "--name", "a", "--role", "customer"]).well();
    let served = tokio::task::block_in_place(|| serve(terminal));
    let body = json!({ "mode": Mode::Customer, "question": REPLACEMENT });
    let request =
        client().post(format!("{}/v1/interactions", served.url)).bearer_auth(key.trim()).json(&body);
    let record = Reply::of(request).await.record();
    let (_, log) = tokio::task::block_in_place(|| served.end());
    assert!(!log.to_lowercase().contains(CANARY), "{log}");
    let calls = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let calls = calls.filter(|line| line["message"] == "model call");
    (record, calls.map(|line| text(&line, "outcome").to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wrong_model_is_told_apart_by_doctor_and_in_the_log_and_people_are_answered() {
    const NO_MODEL: &str =
        "{\"error\":{\"message\":\"The model `ours` does not exist, canary\",\"code\":\"model_not_found\"}}";
    for (status, media, body, outcome, said) in [
        (
            401,
            "application/json",
            "{\"error\":\"canary\"}",
            "model_unauthorised",
            "refuses the key. Look at api_key of llm",
        ),
        (
            404,
            "text/plain",
            "canary",
            "model_not_found",
            "does not exist at the provider. Look at base_url and model of llm",
        ),
        (
            404,
            "application/json",
            NO_MODEL,
            "model_unknown",
            "has no model of this name. Look at model of llm",
        ),
        (400, "application/json", NO_MODEL, "model_unknown", ""),
        (
            200,
            "text/html",
            "<!doctype html><p>canary",
            "model_garbage",
            "answered with an HTML page. Look at base_url of llm",
        ),
    ] {
        let (url, _serving) = answering(status, media, body).await;
        let terminal = terminal(&url);
        let (record, calls) = asked(&terminal).await;
        assert_eq!(calls, [outcome], "{status} {body}: one try, and one line that names it");
        assert_eq!(
            (text(&record, "outcome"), text(&record, "model")),
            ("resolved", "extractive"),
            "{record}"
        );
        let step = respond(&record);
        assert!(text(step, "detail").contains(outcome), "{step}");
        assert_eq!(step["version"], "answer-2", "also where it failed: {step}");
        let (state, detail) = examined(&terminal);
        assert!(
            state == "failing" && detail.contains(said) && !detail.contains(CANARY),
            "{status}: {detail}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_expired_is_named_as_that() {
    let authority = Authority::new();
    authority.sign("server", "DNS:localhost");
    authority.sign_expired("old", "DNS:localhost");
    // A server of ours refuses to serve an expired pair, so that openssl's does.
    let expired = authority.serve("old");
    let trusting = |base_url: &str| terminal(base_url).with("SSL_CERT_FILE", authority.named("ca.pem"));
    let terminal = trusting(&format!("https://localhost:{}/v1", expired.port));
    let (state, detail) = examined(&terminal);
    assert_eq!(state, "failing", "{detail}");
    assert!(detail.contains("certificate") && detail.contains("expired"), "{detail}");
    let (record, calls) = asked(&terminal).await;
    assert_eq!(calls, ["model_certificate"], "and is not tried again");
    assert_eq!((text(&record, "outcome"), text(&record, "model")), ("resolved", "extractive"), "{record}");
    assert_eq!(record["cost_usd"], 0.0);
    drop(expired);
    // A control: of the same authority, on the same kind of server, one that holds is spoken to.
    let holds = authority.serve("server");
    let terminal = trusting(&format!("https://localhost:{}/v1", holds.port));
    let (_, detail) = examined(&terminal);
    assert!(!detail.contains("certificate"), "{detail}");
}
