//! Anthropic's Messages API: one try at one server, whole and in a stream.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{Timestamp, clock::FixedClock};
use contactiq_llm::{
    Anthropic, AnthropicSettings, Chain, ChainSettings, Completion, Http, Keyring, ModelError, Provider,
    Tries,
};
use tokio::sync::mpsc;

use crate::{
    prompts::{KEY, QUESTION, prompt},
    server::{Reply, Server},
};

const BUDGET: Duration = Duration::from_secs(5);
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\
    \"role\":\"assistant\",\"content\":[],\"model\":\"claude-x-20260102\",\"stop_reason\":null,\"usage\":{\"input_tokens\":30,\
    \"cache_creation_input_tokens\":4,\"cache_read_input_tokens\":6,\"output_tokens\":1}}}\n\n\
    event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
const FIRST: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\
    \"text\":\"In 5 days. [1]\"}}\n\n\
    event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" It is fr\"}}\n\n";
const REST: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\
    \"text\":\"ee. Grüße\"}}\n\n\
    event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
    event: something_new\ndata: {\"type\":\"something_new\"}\n\n";
const END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\
    \"usage\":{\"output_tokens\":9}}\n\n\
    event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

fn settings(server: &Server) -> AnthropicSettings {
    AnthropicSettings { api_key: Keyring::of(KEY), ..AnthropicSettings::new(server.base_url(), "claude-x") }
}

fn provider(server: &Server) -> Anthropic {
    Anthropic::new(settings(server), Http::new().unwrap()).unwrap()
}

fn answer(text: &str, stop: &str) -> Reply {
    Reply::json(
        200,
        &serde_json::json!({
            "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x-20260102",
            "content": [{"type": "text", "text": text}], "stop_reason": stop, "stop_sequence": null,
            "usage": {"input_tokens": 50, "cache_read_input_tokens": 16, "output_tokens": 7}
        })
        .to_string(),
    )
}

async fn outcome(reply: Reply) -> Result<Completion, ModelError> {
    let server = Server::start(vec![reply]);
    let outcome = provider(&server).complete(&prompt(), BUDGET).await;
    assert_eq!(server.seen().len(), 1, "one call is one try");
    outcome
}

async fn streamed(provider: &Anthropic, budget: Duration) -> (String, Result<Completion, ModelError>) {
    let (to, mut from) = mpsc::channel(64);
    let outcome = provider.stream_sentences(&prompt(), budget, to.into()).await;
    let mut text = String::new();
    while let Some(piece) = from.recv().await {
        text.push_str(&piece);
    }
    (text, outcome)
}

async fn streaming(reply: Reply) -> (String, Result<Completion, ModelError>) {
    streamed(&provider(&Server::start(vec![reply])), BUDGET).await
}

#[tokio::test]
async fn the_instructions_go_apart_from_the_data_and_nothing_else_is_sent() {
    let server = Server::start(vec![answer("In 5 days. [1]", "end_turn")]);
    let got = provider(&server).complete(&prompt(), BUDGET).await.unwrap();
    assert_eq!((got.text.as_str(), got.model.as_str()), ("In 5 days. [1]", "claude-x-20260102"));
    assert_eq!((got.input_tokens, got.cached_input_tokens, got.output_tokens), (66, 16, 7));
    let seen = server.seen().remove(0);
    assert!(seen.head.starts_with("post /v1/messages http/1.1\r\n"), "{}", seen.head);
    assert!(seen.head.contains(&format!("x-api-key: {KEY}\r\n")) && !seen.head.contains("authorization"));
    assert!(seen.head.contains("anthropic-version: 2023-06-01\r\n"));
    let body = seen.json();
    let mut fields: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["max_tokens", "messages", "model", "stream", "system", "temperature"], "no tools");
    assert_eq!(
        (&body["max_tokens"], &body["model"], &body["stream"]),
        (&120.into(), &"claude-x".into(), &false.into())
    );
    let rendered = contactiq_llm::render(&prompt()).unwrap();
    assert_eq!(body["system"], rendered[0].content);
    assert_eq!(body["messages"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&body["messages"][0]["role"], &body["messages"][0]["content"]),
        (&"user".into(), &rendered[1].content.as_str().into())
    );
    assert!(!body["system"].as_str().unwrap().contains(QUESTION));
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
        (413, "", ModelError::Refused(413)),
        (429, "retry-after: 7\r\n", limited(Some(Duration::from_secs(7)))),
        (500, "", ModelError::Refused(500)),
        (504, "", ModelError::Timeout),
        (529, "", ModelError::Refused(529)),
        (529, "retry-after: 3\r\n", limited(Some(Duration::from_secs(3)))),
    ] {
        let body = "{\"type\":\"error\",\"error\":{\"type\":\"x\",\"message\":\"x\"}}";
        let reply = Reply::with(status, "application/json", headers, body);
        assert_eq!(outcome(reply).await.unwrap_err(), error, "{status} {headers}");
    }
}

#[tokio::test]
async fn what_is_no_answer_is_garbage_and_a_refusal_is_one() {
    for (reply, expected) in [
        (Reply::json(200, "{\"content\": [{"), "no JSON of the Messages API"),
        (Reply::json(200, "{\"content\": \"many\"}"), "no JSON of the Messages API"),
        (Reply::json(200, "{}"), "no answer of the Messages API"),
        (Reply::with(200, "text/html", "", "<!doctype html><p>Login"), "an HTML page"),
        (Reply::json(200, &" ".repeat(3 * 1024 * 1024)), "a body that is too large"),
        (answer("I can't.", "refusal"), "a refusal"),
        (answer("", "end_turn"), "no text"),
    ] {
        assert_eq!(outcome(reply).await.unwrap_err(), ModelError::Garbage { what: expected });
    }
    assert!(outcome(answer("In 5", "max_tokens")).await.unwrap().truncated);
    assert_eq!(outcome(Reply::Bytes(String::new())).await.unwrap_err(), ModelError::Lost);
}

#[tokio::test]
async fn a_server_that_hangs_is_left() {
    let server = Server::start(vec![Reply::hang()]);
    let started = Instant::now();
    let error = provider(&server).complete(&prompt(), Duration::from_millis(150)).await.unwrap_err();
    assert_eq!(error, ModelError::Timeout);
    assert!(started.elapsed() < Duration::from_secs(2) && server.client_left().await);
}

#[tokio::test]
async fn a_stream_is_told_in_sentences_with_its_figures() {
    let (text, got) = streaming(Reply::Bytes(format!("{HEAD}{START}{PING}{FIRST}{PING}{REST}{END}"))).await;
    let got = got.unwrap();
    assert_eq!((text.as_str(), got.text.as_str()), ("In 5 days. [1] It is free. Grüße", text.as_str()));
    assert_eq!((got.input_tokens, got.cached_input_tokens, got.output_tokens), (40, 6, 9));
    assert_eq!((got.model.as_str(), got.usage_estimated, got.truncated), ("claude-x-20260102", false, false));
    let (text, got) = streaming(answer("One. Two.", "end_turn")).await;
    assert_eq!((text.as_str(), got.unwrap().output_tokens), ("One. Two.", 7), "a gateway that can't stream");
}

#[tokio::test]
async fn a_stream_that_is_cut_anywhere_is_an_error_and_never_half_a_sentence() {
    let whole = format!("{START}{PING}{FIRST}{REST}");
    for at in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)).step_by(37) {
        let (text, got) = streaming(Reply::Bytes(format!("{HEAD}{}", &whole[..at]))).await;
        assert_eq!(got.unwrap_err(), ModelError::Lost, "cut at {at}");
        assert!(
            ["", "In 5 days. [1] ", "In 5 days. [1] It is free. "].contains(&text.as_str()),
            "{at}: {text}"
        );
    }
    let reasoned = END.split("event: message_stop").next().unwrap();
    let (text, got) = streaming(Reply::Bytes(format!("{HEAD}{START}{FIRST}{REST}{reasoned}"))).await;
    assert!(text.ends_with("Grüße") && got.is_ok(), "the reason was given: {got:?}");
}

#[tokio::test]
async fn faults_inside_a_stream_are_named() {
    let error = |kind: &str| {
        format!(
            "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\",\"message\":\"canary\"}}}}\n\n"
        )
    };
    let refusal = END.replace("end_turn", "refusal");
    for (tail, expected) in [
        (error("overloaded_error"), ModelError::BrokeOff(529)),
        (error("rate_limit_error"), ModelError::BrokeOff(429)),
        (error("authentication_error"), ModelError::BrokeOff(401)),
        (error("timeout_error"), ModelError::BrokeOff(504)),
        (error("api_error"), ModelError::BrokeOff(500)),
        ("data: <html>\n\n".to_owned(), ModelError::Garbage { what: "an event that is no JSON" }),
        ("data: {\"kind\":1}\n\n".to_owned(), ModelError::Garbage { what: "an event that is no JSON" }),
        (refusal, ModelError::Garbage { what: "a refusal" }),
        (
            "data: {\"type\":\"content_block_start\",\"content_block\":{\"type\":\"tool_use\",\"name\":\"x\"}}\n\n".to_owned(),
            ModelError::Garbage { what: "a tool call" },
        ),
    ] {
        let (text, got) = streaming(Reply::Bytes(format!("{HEAD}{START}{FIRST}{tail}"))).await;
        assert_eq!((text.as_str(), got.unwrap_err()), ("In 5 days. [1] ", expected));
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_charged_with_what_the_server_said_until_then() {
    for kind in ["overloaded_error", "rate_limit_error", "authentication_error", "invalid_request_error"] {
        let error =
            format!("event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{kind}\"}}}}\n\n");
        // Held open for a moment, so that the sentence is out.
        let reply = Reply::Slow(vec![
            (HEAD, Duration::ZERO),
            (START, Duration::ZERO),
            (FIRST, Duration::from_millis(200)),
            (error.leak(), Duration::ZERO),
        ]);
        let server = Server::start(vec![reply]);
        let (to, mut from) = mpsc::channel(64);
        let (tries, prompt) = (Tries::default(), prompt());
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
        let chain =
            Chain::new(vec![Arc::new(provider(&server))], ChainSettings::default(), clock, Arc::new(|| 0.5));
        let outcome = chain.stream_sentences_counted(&prompt, BUDGET, to, &tries).await;
        assert!(matches!(outcome, Err(ModelError::BrokeOff(_))), "{kind}: {outcome:?}");
        assert_eq!(from.recv().await.as_deref(), Some("In 5 days. [1] "));
        assert_eq!(
            (server.seen().len(), tries.unknown()),
            (1, 1),
            "{kind}: shown, so not tried again, and charged"
        );
        // 30 read, 4 into the cache and 6 out of it; the text was longer than it says.
        let tokens = tries.tokens();
        assert!(tokens.input == 40 && tokens.output == 8, "{tokens:?}");
    }
}

#[tokio::test]
async fn a_model_that_the_server_does_not_have_is_named_as_that() {
    let body =
        "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\",\"message\":\"model: claude-x\"}}";
    assert_eq!(outcome(Reply::json(404, body)).await.unwrap_err(), ModelError::NoSuchModel);
}

#[tokio::test]
async fn pings_are_no_progress_after_the_first_word_and_patience_before_it() {
    let stall = Duration::from_millis(200);
    let step = stall / 2;
    let mut pinging = vec![(HEAD, Duration::ZERO), (START, Duration::ZERO), (FIRST, step)];
    pinging.extend([(PING, step); 20]);
    let mut late = vec![(HEAD, Duration::ZERO), (START, step)];
    late.extend([(PING, step); 6]);
    late.extend([(FIRST, step), (REST, step), (END, Duration::ZERO)]);
    let server = Server::start(vec![Reply::Slow(pinging), Reply::Slow(late)]);
    let settings = AnthropicSettings { stall, ..settings(&server) };
    let provider = Anthropic::new(settings, Http::new().unwrap()).unwrap();
    let started = Instant::now();
    let (text, got) = streamed(&provider, BUDGET).await;
    assert_eq!((text.as_str(), got.unwrap_err()), ("In 5 days. [1] ", ModelError::Timeout));
    assert!(started.elapsed() < step * 12, "{:?}", started.elapsed());
    assert!(streamed(&provider, BUDGET).await.1.is_ok(), "slow, but it goes on");
}

#[tokio::test]
async fn a_receiver_that_goes_away_stops_it() {
    let server = Server::start(vec![Reply::Hang(format!("{HEAD}{START}{FIRST}"))]);
    let (provider, prompt) = (provider(&server), prompt());
    let (to, mut from) = mpsc::channel(64);
    let leave = async {
        from.recv().await.unwrap();
        drop(from);
    };
    let (got, ()) = tokio::join!(provider.stream_sentences(&prompt, BUDGET, to.into()), leave);
    assert_eq!(got.unwrap_err(), ModelError::Cancelled);
    assert!(server.client_left().await);
}

#[tokio::test]
async fn a_chain_waits_as_long_as_an_overloaded_server_says() {
    let overloaded = Reply::with(529, "application/json", "retry-after: 1\r\n", "{}");
    let server = Server::start(vec![overloaded, answer("Yes.", "end_turn")]);
    let settings = ChainSettings { base_backoff: Duration::from_millis(2), ..ChainSettings::default() };
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    let chain = Chain::new(vec![Arc::new(provider(&server))], settings, clock, Arc::new(|| 0.5));
    let started = Instant::now();
    let served = chain.complete(&prompt(), BUDGET).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!((served.provider.as_str(), served.completion.attempts), ("anthropic", 2));
}

#[tokio::test]
async fn health_tells_a_wrong_key_from_a_wrong_model_and_a_wrong_address() {
    let entry = Reply::json(200, "{\"type\":\"model\",\"id\":\"claude-x\"}");
    let none = Reply::json(404, "{}");
    let list = Reply::json(200, "{\"data\":[{\"id\":\"another\"}],\"has_more\":false}");
    for (replies, expected) in [
        (vec![entry], Ok(())),
        (vec![Reply::json(401, "{}")], Err(ModelError::Unauthorised)),
        (vec![none.clone(), list], Err(ModelError::NoSuchModel)),
        (vec![none.clone()], Err(ModelError::NotFound)),
        (vec![none.clone(), none.clone(), answer("OK", "max_tokens")], Ok(())),
        (vec![Reply::with(200, "text/html", "", "<p>")], Err(ModelError::Garbage { what: "an HTML page" })),
    ] {
        let server = Server::start(replies);
        assert_eq!(provider(&server).health(BUDGET).await, expected);
        assert!(server.seen()[0].head.starts_with("get /v1/models/claude-x http/1.1\r\n"));
    }
}

#[tokio::test]
async fn no_canary_in_errors_or_debug() {
    let echo = format!("{{\"error\":{{\"message\":\"bad key {KEY} for canary-question\"}}}}");
    let server =
        Server::start(vec![Reply::json(401, &echo), Reply::json(400, &echo), Reply::json(200, &echo)]);
    let provider = provider(&server);
    let mut shown = vec![format!("{:?} {provider:#?}", settings(&server))];
    for _ in 0..3 {
        let error = provider.complete(&prompt(), BUDGET).await.unwrap_err();
        shown.push(format!("{error} {error:?}"));
    }
    assert!(shown.iter().all(|text| !text.contains("canary")), "{shown:?}");
}
