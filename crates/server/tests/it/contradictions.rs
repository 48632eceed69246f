//! Documents that contradict each other, on every way to an answer: the plain one, a comparison, a correction,
//! both collections of staff, two passages of one document, and what costs nothing (P9, P13).

use serde_json::Value;

use crate::{process::Terminal, reply::text};

/// A bank of these documents alone (name, collection, title, text), without an encoder, that releases what it finds.
fn bank(documents: &[(&str, &str, &str, &str)]) -> Terminal {
    let terminal = Terminal::new()
        .with("CONTACTIQ_DEMO", "off")
        .with("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.05")
        .with("CONTACTIQ__BANKER__CONFIDENCE_THRESHOLD", "0.05");
    for (name, collection, title, body) in documents {
        let file = terminal.file(name, format!("---\ntitle: {title}\n---\n\n# {title}\n\n{body}\n"));
        terminal.run(&["knowledge", "add", "--collection", collection, &file.to_string_lossy()]).well();
    }
    terminal
}

fn ask(terminal: &Terminal, mode: &str, question: &str) -> Value {
    terminal.run(&["ask", "--mode", mode, "--json", question]).lines(0).remove(0)
}

fn listed(terminal: &Terminal) -> Vec<Value> {
    terminal.run(&["knowledge", "conflicts", "--json"]).lines(0)
}

fn escalates(terminal: &Terminal, mode: &str, question: &str) {
    let record = ask(terminal, mode, question);
    assert_eq!(
        (text(&record, "outcome"), text(&record, "trigger")),
        ("escalated", "conflicting_evidence"),
        "{record}"
    );
}

fn says(terminal: &Terminal, mode: &str, question: &str, what: &str) {
    let record = ask(terminal, mode, question);
    assert_eq!(text(&record, "outcome"), "resolved", "{record}");
    assert!(text(&record, "answer").contains(what), "{record}");
}

const CARDS: (&str, &str, &str, &str) = (
    "cards.md",
    "customer",
    "Credit cards",
    "| Card | Annual fee |\n|---|---|\n| Silver card | $40 |\n| Gold card | $90 |",
);

#[test]
fn neither_a_comparison_nor_a_correction_stands_on_what_is_disputed() {
    let terminal = bank(&[
        CARDS,
        ("terms.md", "customer", "Terms of cards", "The annual fee of the Gold card is $120."),
    ]);
    assert_eq!(listed(&terminal).len(), 1);
    for (mode, question) in [
        ("customer", "What is the annual fee of the Gold card?"),
        ("banker", "Compare the Silver card and the Gold card"),
        ("customer", "Why is the annual fee of the Gold card $200?"),
        ("banker", "Why is the annual fee of the Gold card $200?"),
    ] {
        escalates(&terminal, mode, question);
    }
    let id = text(&listed(&terminal)[0], "id").to_owned();
    terminal.run(&["knowledge", "rule", &id, "--prefer", "terms"]).well();
    says(&terminal, "customer", "Why is the annual fee of the Gold card $200?", "$120");
}

#[test]
fn one_row_under_two_titles_is_a_conflict() {
    let terminal = bank(&[
        CARDS,
        ("fees.md", "customer", "Fees of cards", "| Card | Annual fee |\n|---|---|\n| Gold card | $120 |"),
    ]);
    assert_eq!(listed(&terminal).len(), 1);
    escalates(&terminal, "customer", "What is the annual fee of the Gold card?");
}

#[test]
fn staff_read_both_collections_and_customers_their_own() {
    let terminal = bank(&[
        ("cards.md", "customer", "Lost cards", "A replacement card costs $10."),
        ("cards.md", "banker", "Handling of lost cards for staff", "A replacement card costs $12."),
    ]);
    let conflict = listed(&terminal).remove(0);
    assert_eq!(text(&conflict, "collection"), "banker");
    let question = "How much does a replacement card cost?";
    escalates(&terminal, "banker", question);
    says(&terminal, "customer", question, "$10");

    let id = text(&conflict, "id");
    let rule = |word: &[&str]| terminal.run(&[&["knowledge", "rule", id], word].concat());
    assert!(rule(&["--prefer", "cards"]).refused().contains("banker/cards"), "the name alone says neither");
    rule(&["--prefer", "customer/cards"]).well();
    says(&terminal, "banker", question, "$10");
    rule(&["--prefer", "banker/cards"]).well();
    says(&terminal, "banker", question, "$12");
    // What is ruled against is used by nobody.
    let record = ask(&terminal, "customer", question);
    assert!(!text(&record, "answer").contains("$10"), "{record}");
    rule(&["--withdraw"]).well();
    escalates(&terminal, "banker", question);
}

#[test]
fn two_passages_of_one_document_are_told_apart_by_their_headings_alone() {
    let terminal = bank(&[(
        "cheques.md",
        "customer",
        "Cheques",
        "## Bank cheques\n\nA bank cheque costs $8.\n\n## Urgent drafts\n\nAn urgent draft costs $20.\n\n## Bank cheques\n\nA bank cheque costs $15.",
    )]);
    let conflict = listed(&terminal).remove(0);
    escalates(&terminal, "customer", "How much does a bank cheque cost?");
    says(&terminal, "customer", "How much does an urgent draft cost?", "$20");
    let id = text(&conflict, "id");
    let refused = terminal.run(&["knowledge", "rule", id, "--prefer", "cheques"]);
    assert!(refused.refused().contains("correct the document"));
    terminal.run(&["knowledge", "rule", id, "--not-a-conflict"]).well();
    says(&terminal, "customer", "How much does a bank cheque cost?", "$8");
}

#[test]
fn what_is_free_here_and_costs_there_is_a_conflict() {
    let terminal = bank(&[
        ("lost.md", "customer", "Lost cards", "A replacement card is free of charge."),
        ("fees.md", "customer", "Fees and charges", "A replacement card costs $5."),
    ]);
    assert_eq!(listed(&terminal).len(), 1);
    escalates(&terminal, "customer", "How much does a replacement card cost?");
}
