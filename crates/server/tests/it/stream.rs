//! Answers as server-sent events.

use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};

use crate::{
    house::{Key, REPLACEMENT, Running, start},
    reply::{Reply, text, texts},
};

/// The events of an answer, in the order in which they came.
async fn events(running: &Running, key: &Key, body: &Value) -> Vec<(String, Value)> {
    let request = running.posting(key, "/v1/interactions", body).header("accept", "text/event-stream");
    let reply = Reply::of(request).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let blocks = reply.text.split("\n\n").filter(|b| !b.trim().is_empty() && !b.starts_with(':'));
    blocks
        .map(|block| {
            let field =
                |name: &str| block.lines().find_map(|l| l.strip_prefix(name)).unwrap().trim().to_owned();
            (field("event:"), serde_json::from_str(&field("data:")).unwrap())
        })
        .collect()
}

#[tokio::test]
async fn the_disclosure_comes_first_then_steps_words_and_citations_and_the_record_last() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for question in [REPLACEMENT, "someone stole my card and is using it", "hello"] {
        let events = events(&running, &key, &json!({ "mode": "customer", "question": question })).await;
        let (last, record) = events.last().unwrap();
        assert_eq!(last, "done");

        let mut kinds: Vec<&str> = events.iter().map(|(kind, _)| kind.as_str()).collect();
        kinds.dedup();
        let expected: &[&str] = if record["citations"] == json!([]) {
            &["disclosure", "step", "token", "done"]
        } else {
            &["disclosure", "step", "token", "citation", "done"]
        };
        assert_eq!(kinds, expected, "{question}");

        let of = |wanted: &'static str| {
            events.iter().filter(move |(kind, _)| kind == wanted).map(|(_, data)| data.clone())
        };
        assert!(text(&events[0].1, "text").contains("automated assistant of Larkfield Bank"));
        let words: String = of("token").map(|t| text(&t, "text").to_owned()).collect();
        assert_eq!(words, text(record, "answer"), "the words joined are the answer");
        assert_eq!(Value::Array(of("citation").collect()), record["citations"]);
        assert_eq!(texts(&Value::Array(of("step").collect()), "step"), texts(&record["steps"], "step"));

        let kept = running.read(&key, &format!("/v1/interactions/{}", text(record, "id"))).await;
        assert_eq!(&kept.record(), record, "what was streamed is what was kept");
    }
}

#[tokio::test]
async fn each_assistant_has_its_own_disclosure() {
    let running = start(&[]).await;
    let key = running.key(Role::Banker).await;
    let events = events(&running, &key, &json!({ "mode": "banker", "question": "hello" })).await;
    assert!(text(&events[0].1, "text").contains("for staff"), "{:?}", events[0]);
}

#[tokio::test]
async fn a_question_that_is_refused_before_it_is_asked_is_a_problem_and_no_stream() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let body = json!({ "mode": "customer", "question": "  " });
    let request = running.posting(&key, "/v1/interactions", &body).header("accept", "text/event-stream");
    Reply::of(request).await.problem(422, "question_empty");
}

#[tokio::test]
async fn a_client_that_takes_anything_gets_json_and_one_that_names_the_stream_among_others_gets_it() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let body = json!({ "mode": Mode::Customer, "question": "hello" });
    for accept in ["*/*", "application/json", "text/html"] {
        let reply =
            Reply::of(running.posting(&key, "/v1/interactions", &body).header("accept", accept)).await;
        reply.record();
    }
    for accept in ["text/event-stream", "text/event-stream, */*;q=0.1", "*/*;q=0.1, Text/Event-Stream;q=1"] {
        let reply =
            Reply::of(running.posting(&key, "/v1/interactions", &body).header("accept", accept)).await;
        assert_eq!(reply.header("content-type"), "text/event-stream", "{accept}");
    }
}

#[tokio::test]
async fn a_repeated_request_streams_the_first_answer_again() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let body = json!({ "mode": "customer", "question": REPLACEMENT });
    let first = Reply::of(running.posting(&key, "/v1/interactions", &body).header("idempotency-key", "k"))
        .await
        .record();
    let request = running.posting(&key, "/v1/interactions", &body).header("idempotency-key", "k");
    let again = Reply::of(request.header("accept", "text/event-stream")).await;
    let done = again.text.split("event: done\ndata: ").nth(1).unwrap().trim();
    assert_eq!(serde_json::from_str::<Value>(done).unwrap(), first);
}
