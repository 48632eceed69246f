//! Several requests in one message: the riskiest decides the route, the others are served beside it.

use contactiq_domain::{Mode, Role};
use serde_json::Value;

use crate::{
    house::start,
    reply::{text, texts},
};

/// The documents that are cited.
fn cited(record: &Value) -> Vec<&str> {
    record["citations"].as_array().unwrap().iter().map(|c| text(c, "document")).collect()
}

#[tokio::test]
async fn two_plain_requests_are_both_answered() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let asked =
        "What is the annual fee of the Gold credit card and how long does an international transfer take?";
    let record = running.ask(&key, Mode::Customer, asked).await;
    assert_eq!(record["outcome"], "resolved", "{record}");
    let answer = text(&record, "answer");
    assert!(answer.contains("$96") && answer.contains("1 to 3 business days"), "{answer}");
    assert!(cited(&record).len() > 1, "{record}");
}

#[tokio::test]
async fn a_person_takes_the_risky_request_and_the_other_is_answered_beside_it() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for (asked, trigger) in [
        ("I lost my card and what does a replacement debit card cost?", "security_fraud"),
        (
            "can someone call me back? also, what does a replacement debit card cost?",
            "explicit_human_request",
        ),
    ] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        assert_eq!((text(&record, "outcome"), text(&record, "trigger")), ("escalated", trigger), "{record}");
        assert!(!text(&record, "ticket").is_empty(), "{record}");
        let answer = text(&record, "answer");
        let (told, beside) = answer.split_once("What I can tell you meanwhile").unwrap();
        assert!(!told.is_empty() && beside.contains("[1]"), "{answer}");
        assert!(cited(&record).iter().all(|d| d.starts_with("customer/")), "{record}");
        assert!(!cited(&record).is_empty(), "{record}");
    }
}

#[tokio::test]
async fn beside_distress_nothing_else_is_said() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let asked = "I don't want to live anymore. What does a replacement debit card cost?";
    let record = running.ask(&key, Mode::Customer, asked).await;
    assert_eq!(text(&record, "trigger"), "emotional_distress", "{record}");
    assert!(!text(&record, "answer").contains("$10"), "{record}");
    assert_eq!(cited(&record), Vec::<&str>::new());
}

#[tokio::test]
async fn two_requests_for_a_person_leave_nothing_to_answer() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let asked = "What is my balance? And should I put my savings into shares or a term deposit?";
    let record = running.ask(&key, Mode::Customer, asked).await;
    assert_eq!(record["outcome"], "escalated", "{record}");
    assert_eq!(cited(&record), Vec::<&str>::new(), "{record}");
    let fired = texts(&record["triggers"], "trigger");
    assert!(fired.len() > 1, "both stand in the record: {fired:?}");
}

#[tokio::test]
async fn a_risk_is_heard_between_plain_questions_however_they_are_joined() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for asked in [
        "What is the fee for a replacement card; someone stole mine; and what are your opening hours?",
        "what are your hours. i got scammed. thanks",
        "How do I change my PIN?\nsomeone stole my card\nWhat is the ATM limit?\nHow do I order a statement?",
    ] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        assert_eq!(text(&record, "trigger"), "security_fraud", "{record}");
    }
    let record = running.ask(&key, Mode::Customer, "how do I order a replacement card, kms").await;
    assert_eq!(text(&record, "trigger"), "emotional_distress", "{record}");
}

/// Both promises of a threshold rest on it: raising it never lets anything out (U12).
#[tokio::test]
async fn a_higher_threshold_lets_out_nothing_that_a_lower_one_kept() {
    let low = start(&[("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0")]).await;
    let high = start(&[("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.85")]).await;
    let keys = (low.key(Role::Customer).await, high.key(Role::Customer).await);
    let mut answered = 0;
    for asked in [
        "What is the annual fee of the Gold credit card and how long does an international transfer take?",
        "what does a replacement debit card cost, and how much is it?",
        "How do I dispute a card payment? And how long have I got?",
        "daily atm limit, and what does the fee come to",
    ] {
        let (kept, shown) =
            (low.ask(&keys.0, Mode::Customer, asked).await, high.ask(&keys.1, Mode::Customer, asked).await);
        if shown["outcome"] == "resolved" {
            answered += 1;
            assert_eq!(kept["outcome"], "resolved", "{asked}");
            assert_eq!((&kept["answer"], &kept["confidence"]), (&shown["answer"], &shown["confidence"]));
        }
    }
    assert!(answered > 0, "nothing was compared");
}

#[tokio::test]
async fn a_request_that_no_document_answers_is_not_passed_over() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let asked =
        "What is the annual fee of the Gold credit card? And what is the annual fee on the Diamond card?";
    let record = running.ask(&key, Mode::Customer, asked).await;
    assert_eq!(
        (text(&record, "outcome"), text(&record, "trigger")),
        ("escalated", "insufficient_evidence"),
        "{record}"
    );
    assert!(text(&record, "answer").contains("$96"), "what is known is said beside it: {record}");
}
