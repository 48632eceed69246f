//! Errors of the routes that speak OpenAI's shapes, whoever finds them: the handler or a layer around it.

use contactiq_domain::Role;
use reqwest::header;
use serde_json::json;

use crate::{
    chat::{PATH, question, with},
    house::{Key, start},
    reply::{Reply, text},
};

#[tokio::test]
async fn every_error_has_the_shape_that_clients_read_whoever_found_it() {
    let running = start(&[("CONTACTIQ_ALLOWED_ORIGINS", "https://www.bank.example")]).await;
    let key = running.key(Role::Customer).await;
    let unauthorised = running.post(&Key::unknown(), PATH, &question("hello")).await;
    assert_eq!(unauthorised.openai_error(401, "unauthorised")["type"], "authentication_error");
    assert!(unauthorised.header("www-authenticate").starts_with("Bearer"));
    running.read(&Key::unknown(), "/v1/models").await.openai_error(401, "unauthorised");
    running.read(&key, PATH).await.openai_error(405, "method_not_allowed");
    running.post(&key, "/v1/models", &json!({})).await.openai_error(405, "method_not_allowed");

    let raw = |body: &str| {
        let request = running.request(reqwest::Method::POST, PATH).bearer_auth(&key.text);
        request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned())
    };
    Reply::of(raw("{\"model\":")).await.openai_error(400, "json_malformed");
    Reply::of(raw("[1]")).await.openai_error(400, "body_invalid");
    Reply::of(raw("{\"model\":\"CANARY\",\"model\":\"a\"}")).await.openai_error(400, "body_invalid");
    let plain = running.request(reqwest::Method::POST, PATH).bearer_auth(&key.text).body("{}");
    Reply::of(plain).await.openai_error(415, "content_type");
    let evil = raw("{}").header(header::ORIGIN, "https://evil.example");
    Reply::of(evil).await.openai_error(403, "forbidden");
    // More than other routes read, since clients resend whole conversations, and not without end.
    let large = |bytes: usize| {
        let said = json!({ "role": "system", "content": "s".repeat(bytes) });
        with(question("hello"), json!({ "messages": [said, { "role": "user", "content": "hello" }] }))
    };
    assert_eq!(running.post(&key, PATH, &large(500_000)).await.status, 200);
    running.post(&key, PATH, &large(600_000)).await.openai_error(413, "body_too_large");

    for (more, param, code) in [
        (
            json!({ "tools": [{ "type": "function", "function": { "name": "CANARY" } }] }),
            "tools",
            "parameter_unsupported",
        ),
        (json!({ "n": 2 }), "n", "parameter_unsupported"),
        (json!({ "response_format": { "type": "json_object" } }), "response_format", "parameter_unsupported"),
        (json!({ "temperature": "CANARY" }), "temperature", "parameter_invalid"),
        (json!({ "model": 7 }), "model", "parameter_invalid"),
        (json!({ "messages": [] }), "messages", "parameter_invalid"),
        (json!({ "messages": "CANARY" }), "messages", "parameter_invalid"),
        (
            json!({ "messages": vec![json!({ "role": "user", "content": "a" }); 1001] }),
            "messages",
            "parameter_invalid",
        ),
        (
            json!({ "messages": [{ "role": "assistant", "content": "CANARY" }] }),
            "messages[0].role",
            "parameter_invalid",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "CANARY" } }] }] }),
            "messages[0].content[0]",
            "parameter_unsupported",
        ),
        (json!({ "messages": [{ "role": "user", "content": " \n " }] }), "messages", "question_empty"),
        (
            json!({ "messages": [{ "role": "user", "content": "x".repeat(2001) }] }),
            "messages",
            "question_too_long",
        ),
        (json!({ "contactiq": { "subject": "CANARY" } }), "contactiq.subject", "not_a_service"),
    ] {
        let reply = running.post(&key, PATH, &with(question("hello"), more)).await;
        let error = reply.openai_error(400, code);
        assert_eq!(error["param"], param, "{error}");
        assert_eq!(error["type"], "invalid_request_error");
        assert!(!reply.text.contains("CANARY"), "{}", reply.text);
    }
    let body = with(question("hello"), json!({ "contactiq": { "mode": "customer" } }));
    running.post(&key, PATH, &body).await.openai_error(400, "body_invalid");
    let body = with(question("hello"), json!({ "contactiq": { "conversation": "CANARY" } }));
    running.post(&key, PATH, &body).await.openai_error(404, "not_found");
    let streamed = with(question("  "), json!({ "stream": true }));
    running.post(&key, PATH, &streamed).await.openai_error(400, "question_empty");
    // Where there is no route, there is none of anybody's shapes.
    running.read(&key, "/v1/models/a/b").await.problem(404, "no_route");
}

#[tokio::test]
async fn who_asks_too_much_waits_and_a_cry_for_help_is_told_where_help_is() {
    let running = start(&[]).await;
    let key = running.key_with(Role::Customer, |key| key.rate_per_minute = Some(1)).await;
    assert_eq!(running.post(&key, PATH, &question("hello")).await.status, 200);
    let limited = running.post(&key, PATH, &question("i want to kill myself")).await;
    let error = limited.openai_error(429, "too_many_requests");
    assert_eq!(error["type"], "rate_limit_error");
    assert!(limited.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(text(&error, "help").contains("13 11 14"), "{error}");
    assert!(text(&error, "message").starts_with(text(&error, "help")));
    running
        .post(&key, "/v1/interactions", &json!({ "mode": "customer", "question": "hello" }))
        .await
        .problem(429, "too_many_requests");
    // Also where what is wrong is the client's fault, or the model is for others.
    let staff = with(question("i want to kill myself"), json!({ "model": "contactiq-banker" }));
    let forbidden = running.post(&key, PATH, &staff).await.openai_error(403, "forbidden");
    assert!(text(&forbidden, "help").contains("13 11 14"), "{forbidden}");
    let tools = with(question("i want to kill myself"), json!({ "tools": [{}] }));
    assert!(
        text(&running.post(&key, PATH, &tools).await.openai_error(400, "parameter_unsupported"), "help")
            .contains("13 11 14")
    );
}
