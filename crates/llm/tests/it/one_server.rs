//! One try at one server.

use std::time::{Duration, Instant};

use contactiq_llm::{Completion, Http, ModelError, OpenAiCompatible, OpenAiSettings, OutputLimit, Provider};

use crate::{
    prompts::{KEY, QUESTION, prompt, provider, settings},
    server::{Reply, Server},
};

const BUDGET: Duration = Duration::from_secs(5);

async fn outcome(reply: Reply) -> Result<Completion, ModelError> {
    let server = Server::start(vec![reply]);
    let outcome = provider(&server).complete(&prompt(), BUDGET).await;
    assert_eq!(server.seen().len(), 1, "one call is one try");
    outcome
}

#[tokio::test]
async fn the_request_has_the_shape_of_the_chat_api() {
    let server = Server::start(vec![Reply::answer("In 5 days. [1]")]);
    let answer = provider(&server).complete(&prompt(), BUDGET).await.unwrap();
    assert_eq!(answer.text, "In 5 days. [1]");
    assert_eq!(
        (answer.model.as_str(), answer.asked_model.as_str()),
        ("little-model-2026-01-02", "little-model")
    );
    assert_eq!((answer.input_tokens, answer.cached_input_tokens, answer.output_tokens), (50, 16, 7));
    assert_eq!((answer.attempts, answer.truncated, answer.usage_estimated), (1, false, false));

    let seen = server.seen().remove(0);
    assert!(seen.head.starts_with("post /v1/chat/completions http/1.1\r\n"), "{}", seen.head);
    assert!(seen.head.contains(&format!("authorization: bearer {KEY}\r\n")));
    assert!(seen.head.contains("content-type: application/json\r\n"));
    let body = seen.json();
    let mut fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["max_tokens", "messages", "model", "stream", "temperature"], "no tools");
    assert_eq!(body["model"], "little-model");
    assert_eq!(body["max_tokens"], 120);
    assert_eq!(body["temperature"], 0.0);
    assert_eq!(body["stream"], false);
    assert_eq!(body["messages"].as_array().unwrap().len(), 2);
    assert_eq!(body["messages"][0]["role"], "system");
    assert_eq!(body["messages"][1]["role"], "user");
    assert!(body["messages"][1]["content"].as_str().unwrap().contains(QUESTION));
}

#[tokio::test]
async fn settings_change_the_request() {
    let server = Server::start(vec![Reply::answer("Yes.")]);
    let settings = OpenAiSettings {
        output_limit: OutputLimit::MaxCompletionTokens,
        temperature: None,
        api_key: contactiq_llm::Keyring::default(),
        ..settings(&server)
    };
    OpenAiCompatible::new(settings, Http::new().unwrap()).unwrap().complete(&prompt(), BUDGET).await.unwrap();
    let seen = server.seen().remove(0);
    let body = seen.json();
    assert_eq!(body["max_completion_tokens"], 120);
    assert!(body.get("max_tokens").is_none() && body.get("temperature").is_none());
    assert!(!seen.head.contains("authorization"));
}

#[tokio::test]
async fn every_status_has_its_error() {
    let limited = |seconds| ModelError::RateLimited { retry_after: seconds };
    for (status, headers, error) in [
        (400, "", ModelError::Refused(400)),
        (401, "", ModelError::Unauthorised),
        (403, "", ModelError::Unauthorised),
        (404, "", ModelError::NotFound),
        (408, "", ModelError::Timeout),
        (429, "", limited(None)),
        (429, "retry-after: 7\r\n", limited(Some(Duration::from_secs(7)))),
        (429, "retry-after: -1\r\n", limited(None)),
        (429, "retry-after: soon\r\n", limited(None)),
        (500, "", ModelError::Refused(500)),
        (503, "", ModelError::Refused(503)),
        (503, "retry-after: 0.5\r\n", limited(Some(Duration::from_millis(500)))),
        (302, "location: http://127.0.0.1:1/\r\n", ModelError::Refused(302)),
    ] {
        let reply = Reply::with(status, "application/json", headers, "{\"error\":{\"message\":\"x\"}}");
        assert_eq!(outcome(reply).await.unwrap_err(), error, "{status} {headers}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_garbage() {
    for (reply, expected) in [
        (Reply::json(200, "{\"choices\": [{"), "no JSON of the chat API"),
        (Reply::json(200, "null"), "no JSON of the chat API"),
        (Reply::json(200, "{\"choices\": \"many\"}"), "no JSON of the chat API"),
        (Reply::json(200, "{}"), "no text"),
        (Reply::with(200, "text/html; charset=utf-8", "", "<!doctype html><p>Login"), "an HTML page"),
        (Reply::json(200, "  <html>"), "an HTML page"),
        (Reply::json(200, &" ".repeat(3 * 1024 * 1024)), "a body that is too large"),
    ] {
        assert_eq!(outcome(reply).await.unwrap_err(), ModelError::Garbage { what: expected });
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_is_told_from_one_that_never_was() {
    assert_eq!(outcome(Reply::Bytes(String::new())).await.unwrap_err(), ModelError::Lost);
    let cut = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"choices\":";
    assert_eq!(outcome(Reply::Bytes(cut.to_owned())).await.unwrap_err(), ModelError::Lost);
    let nobody = OpenAiSettings::new("http://127.0.0.1:1/v1", "m");
    let nobody = OpenAiCompatible::new(nobody, Http::new().unwrap()).unwrap();
    assert_eq!(nobody.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::Unreachable);
    assert_eq!(nobody.health(BUDGET).await.unwrap_err(), ModelError::Unreachable);
}

#[tokio::test]
async fn a_server_that_hangs_costs_the_budget_and_is_left() {
    let slow_body = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{";
    for reply in [Reply::hang(), Reply::Hang(slow_body.to_owned())] {
        let server = Server::start(vec![reply]);
        let started = Instant::now();
        let error = provider(&server).complete(&prompt(), Duration::from_millis(150)).await.unwrap_err();
        assert_eq!(error, ModelError::Timeout);
        assert!(started.elapsed() < Duration::from_secs(2));
        assert!(server.client_left().await, "the connection is given up");
    }
}

#[tokio::test]
async fn health_lists_the_models_and_generates_nothing() {
    let server = Server::start(vec![
        Reply::json(200, "{\"object\":\"list\",\"data\":[{\"id\":\"little-model\"}]}"),
        Reply::json(401, "{}"),
        Reply::with(200, "text/html", "", "<p>Hello"),
        Reply::json(200, "{}"),
        Reply::hang(),
    ]);
    let provider = provider(&server);
    assert_eq!(provider.health(BUDGET).await, Ok(()));
    assert_eq!(provider.health(BUDGET).await, Err(ModelError::Unauthorised));
    assert_eq!(provider.health(BUDGET).await, Err(ModelError::Garbage { what: "an HTML page" }));
    assert_eq!(provider.health(BUDGET).await, Err(ModelError::Garbage { what: "no JSON of the chat API" }));
    assert_eq!(provider.health(Duration::from_millis(100)).await, Err(ModelError::Timeout));
    assert!(server.seen()[0].head.starts_with("get /v1/models http/1.1\r\n"));
}

#[tokio::test]
async fn health_tells_a_model_that_does_not_exist_from_a_server_without_a_list() {
    let list = Reply::json(200, "{\"data\":[{\"id\":\"another\"}]}");
    let none = Reply::json(404, "{}");
    for (replies, expected) in [
        // Some servers take any name.
        (vec![list.clone(), Reply::answer("OK")], Ok(())),
        (vec![list.clone(), none.clone()], Err(ModelError::NoSuchModel)),
        (vec![list.clone(), Reply::json(400, "{}")], Err(ModelError::NoSuchModel)),
        (vec![list, Reply::json(429, "{}")], Err(ModelError::RateLimited { retry_after: None })),
        // Azure's deployments and some gateways have no list.
        (vec![none.clone(), Reply::answer("OK")], Ok(())),
        (vec![Reply::json(405, "{}"), Reply::answer("OK")], Ok(())),
        (vec![none.clone(), none.clone()], Err(ModelError::NotFound)),
        (vec![none, Reply::json(200, "{}")], Err(ModelError::Garbage { what: "no answer of the chat API" })),
    ] {
        let server = Server::start(replies);
        assert_eq!(provider(&server).health(BUDGET).await, expected);
        let asked = &server.seen()[1].json();
        assert_eq!((&asked["max_tokens"], asked["messages"].as_array().unwrap().len()), (&16.into(), 1));
    }
}
