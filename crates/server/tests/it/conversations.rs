//! Conversations: begun, continued, listed, read; nobody's but their owner's.

use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};

use crate::{
    house::{Key, Running, start},
    reply::{Reply, text, texts},
};

async fn say(running: &Running, key: &Key, question: &str, conversation: &str) -> Reply {
    let body = json!({ "mode": "customer", "question": question, "conversation": conversation });
    running.post(key, "/v1/interactions", &body).await
}

#[tokio::test]
async fn a_follow_up_is_understood_with_the_question_before() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let first = running.ask(&key, Mode::Customer, "What's the annual fee on the Low Rate credit card?").await;
    let id = text(&first, "conversation");
    let second = say(&running, &key, "and for the gold one?", id).await.record();
    assert_eq!(second["conversation"], first["conversation"]);
    assert_eq!(second["outcome"], "resolved", "{second}");
    assert!(text(&second, "answer").contains("$96"), "{second}");
    assert_eq!(second["question"], "and for the gold one?", "what is kept is what was asked");

    let alone = running.ask(&key, Mode::Customer, "and for the gold one?").await;
    assert_ne!(alone["conversation"], first["conversation"]);

    let whole = running.read(&key, &format!("/v1/conversations/{id}")).await.json();
    assert_eq!(whole, json!([first, second]), "oldest first, and nothing of others");
}

#[tokio::test]
async fn what_is_not_understood_gets_guidance_once_and_then_a_person() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let first = running.ask(&key, Mode::Customer, "purple hedgehog wibble").await;
    assert_eq!((text(&first, "intent"), text(&first, "outcome")), ("unknown", "guided"));
    let second =
        say(&running, &key, "hedgehog wobble purple zonk", text(&first, "conversation")).await.record();
    assert_eq!(
        (text(&second, "outcome"), text(&second, "trigger")),
        ("escalated", "repeated_misunderstanding")
    );
}

#[tokio::test]
async fn a_conversation_that_is_unknown_foreign_or_of_the_other_mode_is_not_there() {
    let running = start(&[]).await;
    let (owner, other) = (running.key(Role::Banker).await, running.key(Role::Banker).await);
    let mine = running.ask(&owner, Mode::Banker, "hello").await;
    let id = text(&mine, "conversation");
    for (key, conversation) in [
        (&other, id),
        (&owner, id),
        (&owner, "01a20544-ead6-74e3-91de-67d8c5bb8f5c"),
        (&owner, "CANARY"),
        (&owner, ""),
    ] {
        let reply = say(&running, key, "hello", conversation).await;
        let problem = reply.problem(404, "not_found");
        assert_eq!(
            problem["detail"], "there is no such conversation",
            "one answer for all, so that ids can't be tried"
        );
        assert!(!reply.text.contains("CANARY"));
    }
    let whole = running.read(&owner, &format!("/v1/conversations/{id}")).await.json();
    assert_eq!(whole.as_array().unwrap().len(), 1, "nothing of the refused ones is in it");
}

#[tokio::test]
async fn a_conversation_is_begun_listed_and_read() {
    let running = start(&[]).await;
    let (key, other) = (running.key(Role::Banker).await, running.key(Role::Banker).await);
    let begin = async |mode: &str| {
        let reply = running.post(&key, "/v1/conversations", &json!({ "mode": mode })).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()
    };
    let (first, second) = (begin("customer").await, begin("banker").await);
    assert_eq!(text(&first, "mode"), "customer");
    assert_eq!(first.as_object().unwrap().len(), 3, "{first}");
    let listed = running.read(&key, "/v1/conversations").await.json();
    assert_eq!(listed, json!([second, first]), "newest first");
    assert_eq!(running.read(&other, "/v1/conversations").await.json(), json!([]));

    let path = format!("/v1/conversations/{}", text(&first, "id"));
    assert_eq!(running.read(&key, &path).await.json(), json!([]));
    say(&running, &key, "hello", text(&first, "id")).await.record();
    assert_eq!(texts(&running.read(&key, &path).await.json(), "question"), ["hello"]);
    running.read(&other, &path).await.problem(404, "not_found");
    running.read(&key, "/v1/conversations/CANARY").await.problem(404, "not_found");
    let supervisor = running.key(Role::Supervisor).await;
    assert_eq!(running.read(&supervisor, &path).await.status, 200);
}

#[tokio::test]
async fn a_conversation_is_begun_once_for_one_idempotency_key() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let begin = async || {
        let body = json!({ "mode": "customer" });
        Reply::of(running.posting(&key, "/v1/conversations", &body).header("idempotency-key", "begin-1"))
            .await
    };
    let (first, second) = (begin().await, begin().await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json(), second.json());
    assert_eq!(running.read(&key, "/v1/conversations").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_subject_of_two_back_ends_is_two_people() {
    let running = start(&[]).await;
    let (one, two) = (running.key(Role::Service).await, running.key(Role::Service).await);
    let body = json!({ "mode": "customer", "subject": "4711" });
    let mine = running.post(&one, "/v1/conversations", &body).await.json();
    let list = async |key: &Key, path: &str| -> Value { running.read(key, path).await.json() };
    assert_eq!(list(&one, "/v1/conversations?subject=4711").await, json!([mine]));
    assert_eq!(list(&one, "/v1/conversations?subject=4712").await, json!([]));
    assert_eq!(list(&two, "/v1/conversations?subject=4711").await, json!([]));
    let path = format!("/v1/conversations/{}?subject=4711", text(&mine, "id"));
    assert_eq!(list(&one, &path).await, json!([]));
    running.read(&two, &path).await.problem(404, "not_found");
    let path = format!("/v1/conversations/{}?subject=4712", text(&mine, "id"));
    running.read(&one, &path).await.problem(404, "not_found");

    let continued =
        json!({ "mode": "customer", "question": "hello", "subject": "4711", "conversation": mine["id"] });
    running.post(&one, "/v1/interactions", &continued).await.record();
    running.post(&two, "/v1/interactions", &continued).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_back_end_reads_what_it_began_without_naming_the_person() {
    let running = start(&[]).await;
    let (one, two) = (running.key(Role::Service).await, running.key(Role::Service).await);
    let record = running.ask(&one, Mode::Customer, "hello").await;
    let path = format!("/v1/conversations/{}", text(&record, "conversation"));
    assert_eq!(running.read(&one, &path).await.json(), json!([record]));
    running.read(&two, &path).await.problem(404, "not_found");
    running.read(&one, &format!("{path}?subject=4711")).await.problem(404, "not_found");
    let banker = running.key(Role::Banker).await;
    running.read(&banker, &path).await.problem(404, "not_found");
}

#[tokio::test]
async fn only_a_service_key_lists_for_a_subject() {
    let running = start(&[]).await;
    let key = running.key(Role::Admin).await;
    let customer = running.key(Role::Customer).await;
    let reply = running.read(&customer, "/v1/conversations?subject=CANARY").await;
    reply.problem(422, "not_a_service");
    assert!(!reply.text.contains("CANARY"));
    assert_eq!(
        running.read(&key, "/v1/conversations?subject=4711").await.status,
        200,
        "an admin may act for a subject"
    );
    let reply = running.read(&customer, "/v1/conversations?CANARY=1").await;
    reply.problem(422, "query_invalid");
    assert!(!reply.text.contains("CANARY"));
}

#[tokio::test]
async fn danger_that_only_two_messages_together_tell_is_heard() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let first = running.ask(&key, Mode::Customer, "How do I close my account? There is no point in").await;
    assert!(!first["triggers"].to_string().contains("self-harm"), "{first}");
    let second = say(&running, &key, "going on with it", text(&first, "conversation")).await.record();
    let rule = text(&second["triggers"][0], "rule");
    assert!(rule.starts_with("emotional_distress/self-harm"), "{second}");
    let alone = running.ask(&key, Mode::Customer, "going on with it").await;
    assert!(!alone["triggers"].to_string().contains("self-harm"), "{alone}");
}
