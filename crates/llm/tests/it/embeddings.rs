//! What the embeddings client does with the answers, and the silences, of a server.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{BreakerState, Timestamp, clock::FixedClock};
use contactiq_guard::{Masked, Published};
use contactiq_llm::{Embeddings, EmbeddingsSettings, Http, Keyring, ModelError, SetupError, TokensRead};

use crate::server::{Reply, Server};

const BUDGET: Duration = Duration::from_millis(1_500);

fn texts(count: usize) -> Vec<Masked> {
    (0..count).map(|n| Masked::from_published(&Published::by_bank(format!("text {n}")))).collect()
}

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000_000)))
}

fn settings(server: &Server) -> EmbeddingsSettings {
    EmbeddingsSettings::new(server.base_url(), "little-encoder")
}

fn client(settings: EmbeddingsSettings) -> Embeddings {
    Embeddings::new(settings, Http::new().unwrap(), clock(), Arc::new(|| 0.5)).unwrap()
}

fn vectors(count: usize) -> Reply {
    let data: Vec<_> =
        (0..count).map(|at| serde_json::json!({"index": at, "embedding": [at as f64 + 1.0, 0.0]})).collect();
    Reply::json(200, &serde_json::json!({"object": "list", "data": data, "model": "m"}).to_string())
}

async fn outcome(replies: Vec<Reply>, count: usize) -> (Result<usize, ModelError>, usize) {
    let server = Server::start(replies);
    let found = client(settings(&server)).embed(&texts(count), BUDGET).await.map(|v| v.len());
    (found, server.seen().len())
}

#[tokio::test]
async fn many_texts_go_in_requests_of_64_with_key_model_and_dimensions() {
    let server = Server::start(vec![vectors(64), vectors(64), vectors(2)]);
    let embeddings = client(EmbeddingsSettings {
        api_key: Keyring::of("sk-canary-9"),
        dimensions: Some(2),
        ..settings(&server)
    });
    let found = embeddings.embed(&texts(130), BUDGET).await.unwrap();
    assert!(found.len() == 130 && found.iter().all(|v| *v == [1.0, 0.0]));
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen[0].head.starts_with("post /v1/embeddings http/1.1"));
    assert!(seen.iter().all(|r| r.head.contains("authorization: bearer sk-canary-9")));
    let body = seen[2].json();
    assert_eq!(body["input"], serde_json::json!(["text 128", "text 129"]));
    assert_eq!((body["model"].as_str(), body["dimensions"].as_u64()), (Some("little-encoder"), Some(2)));
    assert!(!format!("{embeddings:?}").contains("canary"));
    assert!(embeddings.embed(&[], BUDGET).await.unwrap().is_empty() && server.seen().len() == 3);
}

#[tokio::test]
async fn what_may_pass_is_tried_once_more_and_nothing_else_is() {
    for passing in [
        Reply::json(500, "{}"),
        Reply::json(503, "{}"),
        Reply::json(429, "{}"),
        Reply::with(429, "application/json", "retry-after: 0\r\n", "{}"),
        Reply::Bytes(String::new()),
    ] {
        assert_eq!(outcome(vec![passing, vectors(1)], 1).await, (Ok(1), 2));
    }
    assert_eq!(outcome(vec![Reply::json(502, "{}")], 1).await, (Err(ModelError::Refused(502)), 2));
    for (status, error) in [
        (401, ModelError::Unauthorised),
        (403, ModelError::Unauthorised),
        (404, ModelError::NotFound),
        (413, ModelError::Refused(413)),
        (302, ModelError::Refused(302)),
    ] {
        assert_eq!(outcome(vec![Reply::json(status, "{}"), vectors(1)], 1).await, (Err(error), 1));
    }
}

#[tokio::test]
async fn a_wait_longer_than_the_budget_is_not_begun() {
    let since = Instant::now();
    let limited = Reply::with(429, "application/json", "retry-after: 30\r\n", "{}");
    let limit = Some(Duration::from_secs(30));
    let error = ModelError::RateLimited { retry_after: limit };
    assert_eq!(outcome(vec![limited, vectors(1)], 1).await, (Err(error), 1));
    assert!(since.elapsed() < BUDGET);
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_budget_and_no_more() {
    for hanging in [
        Reply::hang(),
        Reply::Hang("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\":".to_owned()),
    ] {
        let since = Instant::now();
        assert_eq!(outcome(vec![hanging], 1).await, (Err(ModelError::Timeout), 1));
        assert!(since.elapsed() >= BUDGET && since.elapsed() < BUDGET * 3);
    }
}

#[tokio::test]
async fn an_unsound_answer_is_an_error_that_quotes_nothing() {
    let stated = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2147483648\r\n\r\n{";
    let endless = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{{\"data\":[{}",
        "1234567,".repeat(300_000)
    );
    for (reply, said) in [
        (vectors(1), "another number"),
        (vectors(3), "another number"),
        (Reply::json(200, r#"{"data":[{"index":0,"embedding":[NaN]}]}"#), "no JSON of the embeddings API"),
        (Reply::json(200, r#"{"error":"canary"}"#), "no JSON of the embeddings API"),
        (Reply::with(200, "text/html", "", "<html>canary</html>"), "an HTML page"),
        (Reply::Hang(stated.to_owned()), "too large"),
        (Reply::Bytes(endless), "too large"),
    ] {
        let (found, tries) = outcome(vec![reply], 2).await;
        let error = found.unwrap_err().to_string();
        assert!(error.contains(said) && !error.contains("canary") && !error.contains("text 0"), "{error}");
        assert_eq!(tries, 1);
    }
}

#[tokio::test]
async fn all_vectors_are_as_long_as_the_first_or_as_was_asked() {
    let other = Reply::json(200, r#"{"data":[{"index":0,"embedding":[1,2,3]}]}"#);
    let server = Server::start(vec![vectors(1), other.clone()]);
    let embeddings = client(settings(&server));
    embeddings.embed(&texts(1), BUDGET).await.unwrap();
    let error = embeddings.embed(&texts(1), BUDGET).await.unwrap_err();
    assert!(error.to_string().contains("another length"), "{error}");

    let server = Server::start(vec![other]);
    let embeddings = client(EmbeddingsSettings { dimensions: Some(2), ..settings(&server) });
    let error = embeddings.embed(&texts(1), BUDGET).await.unwrap_err();
    assert!(error.to_string().contains("another length"), "{error}");
}

#[tokio::test]
async fn after_five_failures_it_is_left_alone_and_one_probe_brings_it_back() {
    let mut replies = vec![Reply::json(500, "{}"); 5];
    replies.push(vectors(1));
    let server = Server::start(replies);
    let clock = clock();
    let embeddings =
        Embeddings::new(settings(&server), Http::new().unwrap(), clock.clone(), Arc::new(|| 0.5)).unwrap();
    for _ in 0..3 {
        assert_eq!(embeddings.embed(&texts(1), BUDGET).await, Err(ModelError::Refused(500)));
    }
    assert_eq!((server.seen().len(), embeddings.breaker()), (5, BreakerState::Open));
    assert_eq!(embeddings.embed(&texts(1), BUDGET).await, Err(ModelError::BreakerOpen));
    clock.advance_seconds(59);
    assert_eq!(embeddings.embed(&texts(1), BUDGET).await, Err(ModelError::BreakerOpen));
    clock.advance_seconds(1);
    assert_eq!(embeddings.breaker(), BreakerState::HalfOpen);
    assert_eq!(embeddings.embed(&texts(1), BUDGET).await.unwrap().len(), 1);
    assert_eq!((server.seen().len(), embeddings.breaker()), (6, BreakerState::Closed));
}

#[tokio::test]
async fn tokens_are_the_servers_or_counted_where_it_says_nothing() {
    let answer =
        |usage: &str| Reply::json(200, &format!("{{\"data\":[{{\"index\":0,\"embedding\":[1,0]}}]{usage}}}"));
    for (usage, tokens) in [
        (",\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}", 7),
        (",\"usage\":{\"total_tokens\":9}", 9),
        ("", 1),
        (",\"usage\":{\"prompt_tokens\":-1}", 1),
        (",\"usage\":null", 1),
    ] {
        let server = Server::start(vec![answer(usage)]);
        let embeddings = client(EmbeddingsSettings::new(server.base_url(), "m"));
        let text = Masked::from_published(&Published::by_bank("abc"));
        let read = TokensRead::default();
        let most = embeddings.most_tokens(std::slice::from_ref(&text));
        embeddings.embed_counted(&[text], BUDGET, &read).await.unwrap();
        assert_eq!((embeddings.tokens_read(), read.all()), (tokens, tokens), "{usage}");
        assert!(most >= read.all(), "{usage}: {most}");
    }
}

#[tokio::test]
async fn a_try_of_which_nobody_knows_is_counted_as_the_most_that_it_can_have_read() {
    let text = Masked::from_published(&Published::by_bank("abc"));
    let good = "{\"data\":[{\"index\":0,\"embedding\":[1,0]}],\"usage\":{\"prompt_tokens\":7}}";
    for (first, tokens) in [
        // It was refused, and costs nothing.
        (Reply::json(500, "{}"), 7),
        // The server read it, and the line broke.
        (Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{".to_owned()), 7 + 19),
    ] {
        let server = Server::start(vec![first, Reply::json(200, good)]);
        let embeddings = client(EmbeddingsSettings::new(server.base_url(), "m"));
        let read = TokensRead::default();
        embeddings.embed_counted(std::slice::from_ref(&text), BUDGET, &read).await.unwrap();
        assert_eq!((server.seen().len(), read.all()), (2, tokens));
        assert_eq!(embeddings.most_tokens(std::slice::from_ref(&text)), 2 * 19);
    }
    // Whoever waits goes away while the server reads.
    let server = Server::start(vec![Reply::Hang(String::new())]);
    let embeddings = client(EmbeddingsSettings::new(server.base_url(), "m"));
    let read = TokensRead::default();
    let texts = [text];
    let asked = embeddings.embed_counted(&texts, BUDGET, &read);
    assert!(tokio::time::timeout(Duration::from_millis(200), asked).await.is_err());
    assert_eq!(read.all(), 19);
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let embeddings = client(EmbeddingsSettings::new(format!("http://{port}/v1"), "m"));
    assert_eq!(embeddings.embed(&texts(1), BUDGET).await, Err(ModelError::Unreachable));
}

#[test]
fn a_wrong_setting_is_named_and_not_shown() {
    let wrong = |settings| {
        let made = Embeddings::new(settings, Http::new().unwrap(), clock(), Arc::new(|| 0.5));
        made.err().unwrap()
    };
    let base = "http://127.0.0.1:1/v1";
    assert!(matches!(wrong(EmbeddingsSettings::new("canary", "m")), SetupError::BaseUrl(_)));
    assert!(matches!(wrong(EmbeddingsSettings::new("https://u:canary@h/v1", "m")), SetupError::BaseUrl(_)));
    assert!(matches!(
        wrong(EmbeddingsSettings::new(format!("{base}/embeddings"), "m")),
        SetupError::BaseUrl(_)
    ));
    assert_eq!(wrong(EmbeddingsSettings::new(base, " ")), SetupError::Model);
    let api_key = Keyring::of("can ary");
    assert_eq!(
        wrong(EmbeddingsSettings { api_key, ..EmbeddingsSettings::new(base, "m") }),
        SetupError::ApiKey
    );
}
