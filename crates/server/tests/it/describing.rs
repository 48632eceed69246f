//! The OpenAPI description holds what the server really says.

use std::{collections::BTreeSet, path::Path};

use contactiq_domain::{Mode, Role};
use serde_json::Value;

use crate::{
    house::{REPLACEMENT, start},
    reply::text,
};

fn described() -> Value {
    serde_json::from_str(&contactiq_server::api::openapi()).unwrap()
}

/// The names of a schema's properties.
fn properties(described: &Value, schema: &str) -> BTreeSet<String> {
    names(&described["components"]["schemas"][schema]["properties"])
}

fn names(object: &Value) -> BTreeSet<String> {
    object.as_object().unwrap_or_else(|| panic!("no object: {object}")).keys().cloned().collect()
}

#[tokio::test]
async fn a_real_record_has_the_fields_of_its_schema() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let answered = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    let escalated = running.ask(&key, Mode::Customer, "let me talk to a human").await;
    let described = described();
    // Only an answer in another language has its translation.
    let mut expected = properties(&described, "Record");
    assert!(expected.remove("translation"));
    for record in [&answered, &escalated] {
        assert_eq!(names(record), expected);
    }
    // Only a passage of a hosted store has its file.
    let mut citation = properties(&described, "Citation");
    assert!(citation.remove("hosted"));
    assert_eq!(names(&answered["citations"][0]), citation);
    let steps = answered["steps"].as_array().unwrap();
    let scored = steps.iter().find(|s| s["step"] == "score").unwrap();
    assert_eq!(names(scored), properties(&described, "StepTrace"));
    for record in [&answered, &escalated] {
        let steps = record["steps"].as_array().unwrap();
        let decided = steps.iter().find(|s| s["step"] == "escalate").unwrap();
        assert!(!text(decided, "version").is_empty(), "which rules decided: {decided}");
    }
    assert_eq!(names(&answered["tokens"]), properties(&described, "Tokens"));
    assert_eq!(names(&escalated["triggers"][0]), properties(&described, "TriggerHit"));
}

#[tokio::test]
async fn documents_and_passages_and_conversations_have_the_fields_of_their_schemas() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    running.ask(&key, Mode::Customer, "hello").await;
    let described = described();
    for (path, first, schema) in [
        ("/v1/knowledge", true, "DocumentShape"),
        ("/v1/knowledge/customer/replacement-card/passages/1", false, "PassageShape"),
        ("/v1/knowledge/conflicts", true, "ConflictShape"),
        ("/v1/conversations", true, "ConversationShape"),
        ("/health", false, "Health"),
        ("/ready", false, "Ready"),
    ] {
        let said = running.read(&key, path).await.json();
        let said = if first { &said[0] } else { &said };
        assert_eq!(names(said), properties(&described, schema), "{path}");
    }
    let problem = running.read(&key, "/v1/nothing").await.problem(404, "no_route");
    let mut given = names(&problem);
    // Only a cry for help gets it (limits.rs).
    given.insert("help".to_owned());
    assert_eq!(given, properties(&described, "Problem"));
}

#[test]
fn every_route_names_its_problems_and_asks_for_a_key() {
    let described = described();
    for (path, methods) in described["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let open = matches!(path.as_str(), "/health" | "/ready");
            let refuses = operation["responses"]["401"].is_object();
            assert_eq!(refuses, !open, "{method} {path}");
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path}"
            );
        }
    }
    assert_eq!(described["components"]["securitySchemes"]["key"]["scheme"], "bearer");
}

#[test]
fn the_description_that_is_kept_is_the_description_that_is_made() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    if let Ok(kept) = std::fs::read_to_string(kept) {
        assert_eq!(kept, contactiq_server::api::openapi(), "run `contactiq openapi > docs/openapi.json`");
    }
}
