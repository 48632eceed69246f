//! Answers without a model as a person gets them: corrections, comparisons, and what no document
//! states, asked of the demo bank.

use contactiq_domain::{Mode, Role};
use serde_json::Value;

use crate::{
    house::{Running, start},
    process::Terminal,
    reply::{text, texts},
};

/// With a threshold that withholds nothing: what is looked at here is the answer, not how sure it is.
async fn bank() -> Running {
    let open = ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01");
    start(&[open, ("CONTACTIQ__BANKER__CONFIDENCE_THRESHOLD", "0.01")]).await
}

/// How the step that answers ended.
fn respond(record: &Value) -> &str {
    let steps = record["steps"].as_array().unwrap();
    text(steps.iter().find(|s| s["step"] == "respond").unwrap(), "outcome")
}

#[tokio::test]
async fn a_wrong_premise_is_corrected_from_the_documents() {
    let running = bank().await;
    let key = running.key(Role::Customer).await;
    for (question, right, wrong) in [
        ("Why is the annual fee on the Gold credit card $200?", "$96", "$200"),
        ("Why do you charge a fee for closing an everyday account?", "free", "$200"),
    ] {
        let record = running.ask(&key, Mode::Customer, question).await;
        let answer = text(&record, "answer");
        assert_eq!((text(&record, "outcome"), respond(&record)), ("resolved", "corrected"), "{record}");
        assert!(answer.starts_with("The documents say otherwise:"), "{answer}");
        assert!(answer.contains(right) && answer.contains("[1]") && !answer.contains(wrong), "{answer}");
    }
}

#[tokio::test]
async fn a_premise_that_no_document_knows_goes_to_a_person() {
    let running = bank().await;
    let key = running.key(Role::Customer).await;
    let record =
        running.ask(&key, Mode::Customer, "How do I avoid the $35 inactivity fee on my account?").await;
    assert_eq!(
        (text(&record, "outcome"), text(&record, "trigger"), respond(&record)),
        ("escalated", "insufficient_evidence", "insufficient"),
        "{record}"
    );
}

#[tokio::test]
async fn an_amount_of_the_persons_own_takes_nothing_for_granted() {
    let running = bank().await;
    let key = running.key(Role::Customer).await;
    let question = "I want to send $5,000 overseas with the app, what does an international transfer cost?";
    let record = running.ask(&key, Mode::Customer, question).await;
    assert_eq!((text(&record, "outcome"), respond(&record)), ("resolved", "extractive"), "{record}");
    assert!(text(&record, "answer").contains("$12"), "{record}");
}

#[tokio::test]
async fn staff_get_products_side_by_side_each_cell_with_its_source() {
    let running = bank().await;
    let key = running.key(Role::Banker).await;
    let record = running.ask(&key, Mode::Banker, "Compare the Low Rate and the Gold credit card").await;
    let answer = text(&record, "answer");
    assert_eq!((text(&record, "outcome"), respond(&record)), ("resolved", "compared"), "{record}");
    let mut lines = answer.lines();
    assert_eq!(
        (lines.next(), lines.next()),
        (Some("|  | Low Rate | Gold |"), Some("|---|---|---|")),
        "{answer}"
    );
    assert!(lines.clone().count() > 3 && !answer.contains("Platinum"), "{answer}");
    let rows = || lines.clone().take_while(|line| !line.is_empty());
    for line in rows() {
        assert_eq!(line.matches('[').count(), 2, "a citation a cell: {line}");
    }
    let cites_an_example = texts(&record["citations"], "content_type").contains(&"synthetic");
    assert_eq!(answer.contains("illustrative example"), cites_an_example, "the note that it owes: {answer}");
    let fee = answer.lines().find(|l| l.starts_with("| Annual fee ")).unwrap();
    assert!(fee.contains("$48 [") && fee.contains("$96 ["), "{fee}");
    assert!(texts(&record["citations"], "document").iter().any(|d| d.contains("credit-card")), "{record}");

    let record = running.ask(&key, Mode::Banker, "Compare the Gold card and the Diamond card").await;
    assert_eq!(
        (text(&record, "outcome"), text(&record, "trigger")),
        ("escalated", "insufficient_evidence"),
        "{record}"
    );
}

#[tokio::test]
async fn staff_read_the_documents_own_words_between_quotation_marks() {
    let running = bank().await;
    let (banker, customer) = (running.key(Role::Banker).await, running.key(Role::Customer).await);
    let question = "What is the annual fee on the Gold credit card?";
    let record = running.ask(&banker, Mode::Banker, question).await;
    let answer = text(&record, "answer");
    assert!(answer.contains('“') && answer.contains("$96"), "{answer}");
    let record = running.ask(&customer, Mode::Customer, question).await;
    let answer = text(&record, "answer");
    assert!(!answer.contains('“') && answer.contains("$96"), "{answer}");
}

#[test]
fn a_table_is_drawn_at_a_terminal() {
    let terminal = Terminal::new().with("CONTACTIQ__BANKER__CONFIDENCE_THRESHOLD", "0.01");
    let question = "What is the difference between the Low Rate and the Gold credit card?";
    let shown = terminal.run(&["ask", "--mode", "banker", question]).well();
    assert!(!shown.contains("|---|"), "{shown}");
    let fee = shown.lines().find(|l| l.contains("Annual fee")).unwrap();
    assert!(fee.contains("$48 [1]") && fee.contains("$96 [1]"), "{fee}");
    assert!(shown.contains(", as at "), "{shown}");
}
