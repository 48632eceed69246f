//! `contactiq intents calibrate`: the file that it fits, the thresholds that it chooses, and the alarm
//! that compares what comes in with what was labelled.

use contactiq_domain::Mode;
use serde_json::json;

use crate::{
    house::{REPLACEMENT, soon, start_in},
    operations::counted,
    process::{Ran, Terminal},
    reply::text,
};

/// `count` labels of a mode whose confidences fall from 0.99; those at these places needed a person.
fn labels(mode: Mode, count: usize, needed: &[usize]) -> String {
    (0..count)
        .map(|at| {
            let confidence = 0.99 - 0.9 * at as f64 / count as f64;
            let needs_person = needed.contains(&at);
            json!({ "mode": mode, "confidence": confidence, "needs_person": needs_person }).to_string() + "\n"
        })
        .collect()
}

fn calibrate(terminal: &Terminal, labels: &str, options: &[&str]) -> Ran {
    let file = terminal.file("labels.jsonl", labels);
    let file = file.to_string_lossy();
    terminal.run(&[&["intents", "calibrate", "--labels", &file][..], options].concat())
}

#[test]
fn thresholds_are_chosen_from_labels_mode_by_mode_without_a_bank() {
    let terminal = Terminal::new();
    let both =
        labels(Mode::Customer, 200, &[100, 101, 102, 103]) + &labels(Mode::Banker, 200, &[10, 11, 12, 13]);
    let rows = calibrate(&terminal, &both, &["--alpha", "0.02", "--json"]).lines(0);
    // 3 misses of 200 are allowed: 4 / 201 is below 0.02, 5 / 201 is not.
    for (row, mode, answered) in [(&rows[0], "customer", 103), (&rows[1], "banker", 13)] {
        assert_eq!((text(row, "mode"), text(row, "method")), (mode, "conformal_risk_control"));
        assert_eq!((&row["labels"], &row["labels_needed"]), (&json!(200), &json!(49)), "{row}");
        assert_eq!(
            (&row["answered"], &row["answered_though_needed"]),
            (&json!(answered), &json!(3)),
            "{row}"
        );
        assert_eq!(
            (&row["rate"], &row["delta"], &row["configured"]),
            (&json!(0.015), &json!(null), &json!(0.68))
        );
        assert!(text(row, "promise").contains("in the mean"), "{row}");
        let threshold = row["threshold"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&threshold), "{row}");
    }
    // Learn-then-Test allows none of 200.
    let rows = calibrate(&terminal, &both, &["--alpha", "0.02", "--delta", "0.05", "--json"]).lines(0);
    for (row, answered) in [(&rows[0], 100), (&rows[1], 10)] {
        assert_eq!((text(row, "method"), &row["answered"]), ("learn_then_test", &json!(answered)), "{row}");
        assert_eq!((&row["rate"], &row["labels_needed"]), (&json!(0.0), &json!(149)), "{row}");
        assert!(text(row, "promise").contains("at least 95 % of the label sets"), "{row}");
    }
    let said = calibrate(&terminal, &both, &["--alpha", "0.02"]).well();
    assert!(said.contains("Promise: over interactions like the labelled ones, at most 2 %"), "{said}");
    assert!(said.contains("[customer]\nconfidence_threshold = 0."), "{said}");
    assert!(!terminal.data().join("contactiq.db").exists(), "no bank was made");
}

#[tokio::test]
async fn a_threshold_from_labels_brings_the_baseline_that_watches_it_mode_by_mode() {
    let terminal = Terminal::new();
    let of_customers =
        labels(Mode::Customer, 60, &[]).replace("\"mode\"", "\"intent\":\"fee_inquiry\",\"mode\"");
    let unnamed = labels(Mode::Customer, 20, &[]);
    let labelled = of_customers + &unnamed;
    let unwatched = calibrate(&terminal, &labelled, &["--alpha", "0.02"]);
    assert!(
        unwatched.err.contains("customer: nothing tells when live interactions drift"),
        "{}",
        unwatched.err
    );
    assert!(!unwatched.err.contains("banker: nothing tells"), "no threshold was chosen: {}", unwatched.err);

    let file = terminal.data().join("watched.toml").display().to_string();
    let ran = calibrate(&terminal, &labelled, &["--alpha", "0.02", "--baseline", &file]);
    assert!(ran.err.contains("files.confidence_words = "), "it says where to name it: {}", ran.err);
    let written = std::fs::read_to_string(&file).unwrap();
    let read: toml::Table = written.parse().unwrap();
    let shipped: toml::Table = include_str!("../../../../defaults/confidence-words.toml").parse().unwrap();
    assert_eq!((&read["weights"], &read["version"]), (&shipped["weights"], &shipped["version"]), "{written}");
    let customer = &read["baseline"]["customer"];
    let all = customer["confidence"].as_array().unwrap().iter().map(|n| n.as_integer().unwrap()).sum::<i64>();
    assert_eq!((all, customer["intents"]["fee_inquiry"].as_integer()), (80, Some(60)), "{written}");
    assert!(read["baseline"].get("banker").is_none(), "{written}");
    let nowhere =
        calibrate(&terminal, &labelled, &["--alpha", "0.02", "--baseline", "/no/such/folder/w.toml"]);
    assert!(nowhere.refused().contains("/no/such/folder/w.toml can't be written"), "{}", nowhere.err);

    let asked = json!({ "question": REPLACEMENT }).to_string() + "\n";
    terminal.feed(&["ask", "--mode", "customer", "--jsonl"], asked.repeat(100).as_bytes()).lines(0);
    let running = start_in(terminal.folder(), &[("CONTACTIQ__FILES__CONFIDENCE_WORDS", &file)]).await;
    let psi = async |what| counted(&running, "contactiq_drift_psi", &["mode=\"customer\"", what]).await;
    soon(async || (psi("what=\"confidence\"").await > 0.25).then_some(())).await;
    let of_bankers =
        counted(&running, "contactiq_drift_psi", &["mode=\"banker\"", "what=\"confidence\""]).await;
    assert_eq!(of_bankers, 0.0, "nobody labelled what bankers ask");
}

#[test]
fn where_no_threshold_keeps_the_promise_nothing_is_answered_and_it_is_said_why() {
    let terminal = Terminal::new();
    let few = calibrate(&terminal, &labels(Mode::Customer, 48, &[]), &["--alpha", "0.02", "--json"]);
    assert_eq!((&few.lines(1)[0]["threshold"], &few.lines(1)[0]["answered"]), (&json!(null), &json!(0)));
    assert!(
        few.err.contains("customer: 48 labels are too few: this promise needs at least 49"),
        "{}",
        few.err
    );
    assert!(
        few.err.contains("banker: no labels; its threshold stays 0.68 and promises nothing"),
        "{}",
        few.err
    );
    let more = calibrate(&terminal, &labels(Mode::Customer, 49, &[]), &["--alpha", "0.02", "--json"]);
    assert_eq!(more.lines(0)[0]["answered"], 49);

    let surest = calibrate(&terminal, &labels(Mode::Banker, 60, &[0]), &["--alpha", "0.02"]);
    assert_eq!(surest.status, 1);
    assert!(surest.out.contains("none: all escalate"), "{}", surest.out);
    assert!(surest.err.contains("banker: no threshold keeps this promise"), "{}", surest.err);
}

#[test]
fn a_bad_file_and_a_bad_share_are_named_with_what_may_stand_there() {
    let terminal = Terminal::new();
    let bad = |labels: &str| calibrate(&terminal, labels, &["--alpha", "0.1"]).refused().to_owned();
    assert!(bad("").contains("has no lines"));
    let why =
        bad("{\"mode\":\"banker\",\"confidence\":0.5,\"needs_person\":true}\n\n{\"question\":\"CANARY\"}\n");
    assert!(
        why.contains("line 3: `mode` is missing: write customer or banker") && !why.contains("CANARY"),
        "{why}"
    );
    let ran = terminal.run(&["intents", "calibrate", "--alpha", "0.1", "--labels", "nowhere.jsonl"]);
    assert!(ran.refused().contains("nowhere.jsonl can't be read"), "{}", ran.err);
    let ran = terminal.run(&["intents", "calibrate", "--questions", "nowhere.jsonl"]);
    assert!(ran.refused().contains("nowhere.jsonl can't be read"), "{}", ran.err);
    for options in [["--alpha", "0"], ["--alpha", "1"], ["--alpha", "NaN"], ["--alpha", "two"]] {
        let ran = calibrate(&terminal, "", &options);
        assert_eq!(ran.status, 2, "{ran:?}");
        assert!(ran.err.contains("write a number above 0 and below 1"), "{}", ran.err);
    }
    assert_eq!(calibrate(&terminal, "", &["--alpha", "0.1", "--delta", "1"]).status, 2);
    assert_eq!(calibrate(&terminal, "", &[]).status, 2, "labels choose thresholds, and those need an alpha");
    assert_eq!(terminal.run(&["intents", "calibrate", "--delta", "0.05"]).status, 2);
}

#[tokio::test]
async fn a_fitted_file_carries_its_baseline_and_live_questions_are_compared_with_it() {
    let terminal = Terminal::new();
    let label = |question: &str, document: &str, fact: &str| {
        let known = !fact.is_empty();
        json!({
            "mode": "customer", "question": question, "answerable": known,
            "documents": if known { vec![document] } else { vec![] },
            "facts": if known { vec![fact] } else { vec![] },
        })
        .to_string()
    };
    let questions = [
        label(REPLACEMENT, "customer/replacement-card", "$10"),
        label("What's the annual fee on the Low Rate credit card?", "customer/credit-card-fees", "$59"),
        label("Can I pay for a kangaroo with my debit card at the moon branch?", "", ""),
    ];
    let file = terminal.file("questions.jsonl", questions.join("\n"));
    let file = file.to_string_lossy();
    let fitted = terminal.run(&["intents", "calibrate", "--questions", &file]).well();
    assert!(fitted.contains("[weights]") && fitted.contains("[baseline.customer"), "{fitted}");
    assert!(!fitted.contains("kangaroo") && !fitted.contains("[baseline.banker"), "{fitted}");
    assert!(
        !terminal.data().join("contactiq.db").exists(),
        "questions of a measurement stay out of the bank"
    );

    let confidence = terminal.file("confidence.toml", &fitted);
    let confidence = confidence.to_string_lossy().into_owned();
    let terminal = terminal.with("CONTACTIQ__FILES__CONFIDENCE", &confidence);
    let ran = terminal.run(&["intents", "calibrate", "--questions", &file, "--alpha", "0.5", "--json"]);
    assert!(ran.err.contains("the confidence was fitted on these very questions"), "{}", ran.err);
    assert_eq!(ran.lines(0)[0]["labels"], 3);

    let asked = json!({ "question": REPLACEMENT }).to_string() + "\n";
    let ran = terminal.feed(&["ask", "--mode", "customer", "--jsonl"], asked.repeat(100).as_bytes());
    assert_eq!(ran.lines(0).len(), 100);
    let running = start_in(terminal.folder(), &[("CONTACTIQ__FILES__CONFIDENCE", &confidence)]).await;
    let psi = async |what| counted(&running, "contactiq_drift_psi", &["mode=\"customer\"", what]).await;
    soon(async || (psi("what=\"intent\"").await > 0.0).then_some(())).await;
    assert!(psi("what=\"confidence\"").await > 0.0);
    // What the alert compares it with: three labelled answers and a hundred live ones differ much by chance.
    let chance = async |what| counted(&running, "contactiq_drift_chance", &["mode=\"customer\"", what]).await;
    for what in ["what=\"confidence\"", "what=\"intent\""] {
        assert!(chance(what).await > 0.25, "{what}");
    }
    assert!(counted(&running, "contactiq_drift_ks", &["mode=\"customer\""]).await > 0.0);
    assert_eq!(counted(&running, "contactiq_drift_ks", &["mode=\"banker\""]).await, 0.0);
}

#[test]
fn a_fit_asks_the_banks_own_documents_and_leaves_no_record_in_its_data() {
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let document = terminal.file(
        "vault.md",
        "---\ntitle: Moon vault\nurl: https://bank.example/moon-vault\n---\n# Moon vault\n\nThe annual fee for the moon vault is $73.\n",
    );
    let document = document.to_string_lossy();
    terminal.run(&["knowledge", "add", "--collection", "customer", &document]).well();
    let label = |question: &str, document: &str| {
        json!({ "mode": "customer", "question": question, "answerable": true, "documents": [document], "facts": ["$73"] })
            .to_string()
            + "\n"
    };
    let questions = label("What is the annual fee for the moon vault?", "customer/vault")
        + &label("I was robbed, help", "x/y");
    let file = terminal.file("questions.jsonl", questions);
    let ran = terminal.run(&["intents", "calibrate", "--questions", &file.to_string_lossy()]);
    assert!(ran.err.contains("1 labelled answers, 1 state every fact, 0 more cite"), "{ran:?}");
    assert_eq!(terminal.run(&["escalations", "list", "--json"]).well(), "");
}
