//! "Was this helpful?", and reporting a problem.

use contactiq_domain::{Mode, Priority, Role, TicketState, Timestamp, ids::InteractionId};
use contactiq_store::{
    feedback::{self, Feedback},
    tickets,
};
use serde_json::{Value, json};

use crate::{
    house::{Key, REPLACEMENT, Running, holds, start},
    reply::{Reply, text},
};

async fn asked(running: &Running, key: &Key) -> (String, InteractionId) {
    let record = running.ask(key, Mode::Customer, REPLACEMENT).await;
    let id = text(&record, "id");
    (format!("/v1/interactions/{id}/feedback"), id.parse().unwrap())
}

async fn said(running: &Running, id: InteractionId) -> Vec<Feedback> {
    let mut reader = running.store.read().await.unwrap();
    feedback::of_interaction(&mut reader, id).await.unwrap()
}

#[tokio::test]
async fn feedback_is_kept_and_what_is_said_again_replaces_it() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let (path, id) = asked(&running, &key).await;
    let first = running.post(&key, &path, &json!({ "helpful": true })).await;
    assert_eq!((first.status, first.text.as_str()), (204, ""));
    assert_eq!(said(&running, id).await[0].helpful, Some(true));
    assert_eq!(running.post(&key, &path, &json!({ "helpful": false })).await.status, 204);
    let kept = said(&running, id).await;
    assert_eq!((kept.len(), kept[0].helpful), (1, Some(false)));
}

#[tokio::test]
async fn a_reported_problem_is_masked_and_sealed() {
    let mut running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let (path, id) = asked(&running, &key).await;
    let problem =
        "I wrote from marsupial@example.com about card 4111 1111 1111 1111 and the answer was bamboozling";
    assert_eq!(running.post(&key, &path, &json!({ "problem": problem })).await.status, 204);
    let kept = said(&running, id).await.remove(0).problem.unwrap();
    assert!(kept.as_str().contains("<CREDIT_CARD_1>"), "{}", kept.as_str());
    assert!(kept.as_str().contains("the answer was bamboozling"));
    running.stop().await;
    for raw in ["4111 1111", "marsupial", "bamboozling"] {
        assert!(!holds(&running.database_bytes(), raw), "{raw}");
    }
}

#[tokio::test]
async fn feedback_that_says_nothing_or_too_much_is_refused() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let (path, id) = asked(&running, &key).await;
    let refuse = async |body: Value, code: &str| {
        let reply = running.post(&key, &path, &body).await;
        reply.problem(422, code);
        assert!(!reply.text.contains("CANARY"), "{}", reply.text);
    };
    refuse(json!({}), "feedback_empty").await;
    refuse(json!({ "helpful": null, "problem": null }), "feedback_empty").await;
    refuse(json!({ "problem": "" }), "problem_length").await;
    refuse(json!({ "problem": "x".repeat(2001) }), "problem_length").await;
    refuse(json!({ "helpful": "CANARY" }), "body_invalid").await;
    refuse(json!({ "CANARY": true }), "body_invalid").await;
    assert_eq!(said(&running, id).await, []);
    assert_eq!(running.post(&key, &path, &json!({ "problem": "é".repeat(2000) })).await.status, 204);
}

#[tokio::test]
async fn a_cry_for_help_in_a_reported_problem_is_told_where_help_is() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let (path, id) = asked(&running, &key).await;
    let send = async |problem: &str| {
        let body = json!({ "helpful": false, "problem": problem });
        Reply::of(running.posting(&key, &path, &body).header("idempotency-key", "one")).await
    };
    let cry = "this answer was of no use, i want to kill myself";
    let told = send(cry).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let help = told.json();
    assert!(help.as_object().unwrap().len() == 1 && text(&help, "help").contains("13 11 14"), "{help}");
    assert_eq!(send(cry).await.json(), help, "a repetition is told it too");
    let kept = said(&running, id).await;
    assert_eq!((kept.len(), kept[0].problem.as_ref().unwrap().as_str()), (1, cry), "and it is kept");

    // A person reads it: nobody would look through feedback in time.
    let mut reader = running.store.read().await.unwrap();
    let ticket = tickets::of_interaction(&mut reader, id).await.unwrap().expect("a ticket");
    drop(reader);
    assert_eq!(
        (ticket.trigger.as_str(), &*ticket.rule),
        ("emotional_distress", "emotional_distress/feedback")
    );
    assert_eq!((ticket.question.as_str(), ticket.priority), (cry, Priority::Urgent));

    // Also where somebody closed what there was.
    let now = Timestamp::from_micros(ticket.created_at.micros() + 1);
    let mut w = running.store.write().await.unwrap();
    assert!(tickets::advance(&mut w, ticket.id, TicketState::Closed, "Ana", None, now).await.unwrap());
    w.save().await.unwrap();
    let again = "i said it before, i want to kill myself";
    let body = json!({ "problem": again });
    assert_eq!(running.post(&key, &path, &body).await.status, 200);
    let mut reader = running.store.read().await.unwrap();
    let ticket = tickets::of_interaction(&mut reader, id).await.unwrap().unwrap();
    drop(reader);
    assert_eq!((ticket.state, ticket.question.as_str(), ticket.closed_at), (TicketState::Open, again, None));

    // Where it can't be kept, the way to help comes with the reason.
    let other = send("i want to die").await.problem(422, "idempotency_mismatch");
    assert_eq!(other["help"], help["help"], "{other}");
    let long = format!("i want to die {}", "and nobody reads it ".repeat(200));
    let long = send(&long).await.problem(422, "problem_length");
    assert!(text(&long, "detail").starts_with(text(&help, "help")), "{long}");
    let calm = send(&"the fee is wrong ".repeat(200)).await.problem(422, "problem_length");
    assert!(calm.get("help").is_none(), "{calm}");
}

#[tokio::test]
async fn nobody_speaks_of_an_answer_that_was_given_to_another() {
    let running = start(&[]).await;
    let owner = running.key(Role::Customer).await;
    let (path, id) = asked(&running, &owner).await;
    running.post(&owner, &path, &json!({ "helpful": true })).await;
    for role in [Role::Customer, Role::Banker, Role::Supervisor, Role::Auditor, Role::Admin, Role::Service] {
        let key = running.key(role).await;
        let refused = running.post(&key, &path, &json!({ "helpful": false })).await;
        match role {
            // Who asks nothing has nothing to say of an answer.
            Role::Auditor => refused.problem(403, "forbidden"),
            _ => refused.problem(404, "not_found"),
        };
    }
    let kept = said(&running, id).await;
    assert_eq!((kept.len(), kept[0].helpful), (1, Some(true)), "what the person said stands");
    let nowhere = running.post(&owner, "/v1/interactions/CANARY/feedback", &json!({ "helpful": true })).await;
    nowhere.problem(404, "not_found");
}

#[tokio::test]
async fn a_back_end_passes_on_what_its_customer_said() {
    let running = start(&[]).await;
    let service = running.key(Role::Service).await;
    let body = json!({ "mode": "customer", "question": "hello", "subject": "4711" });
    let record = running.post(&service, "/v1/interactions", &body).await.record();
    let path = format!("/v1/interactions/{}/feedback", text(&record, "id"));
    assert_eq!(running.post(&service, &path, &json!({ "helpful": true })).await.status, 204);
    let kept = said(&running, text(&record, "id").parse().unwrap()).await;
    assert_eq!(kept[0].subject, "4711");
}

#[tokio::test]
async fn a_repeated_feedback_does_not_undo_a_later_one_and_a_key_is_of_one_interaction() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let (path, id) = asked(&running, &key).await;
    let send = async |path: &str, helpful: bool, name: &str| {
        let body = json!({ "helpful": helpful });
        Reply::of(running.posting(&key, path, &body).header("idempotency-key", name)).await
    };
    assert_eq!(send(&path, true, "one").await.status, 204);
    assert_eq!(send(&path, false, "two").await.status, 204);
    assert_eq!(send(&path, true, "one").await.status, 204, "a late repetition is answered");
    assert_eq!(said(&running, id).await[0].helpful, Some(false), "and changes nothing");

    let (other, other_id) = asked(&running, &key).await;
    assert_eq!(send(&other, true, "one").await.status, 204);
    assert_eq!(said(&running, other_id).await[0].helpful, Some(true), "a key is of one interaction");
    send(&other, false, "one").await.problem(422, "idempotency_mismatch");
}
