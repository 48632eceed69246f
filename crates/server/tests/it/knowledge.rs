//! The documents over HTTP.

use contactiq_domain::Role;
use serde_json::{Value, json};

use crate::{
    house::{soon, start},
    reply::{text, texts},
};

#[tokio::test]
async fn documents_are_listed_with_what_answers_for_them() {
    let running = start(&[]).await;
    let key = running.key(Role::Banker).await;
    let all = running.read(&key, "/v1/knowledge").await.json();
    let of = |collection: &str| texts(&all, "collection").iter().filter(|c| **c == collection).count();
    assert!(of("customer") >= 40 && of("banker") >= 30);
    let card = all.as_array().unwrap().iter().find(|d| d["slug"] == "replacement-card").unwrap();
    assert_eq!(
        card,
        &json!({
            "collection": "customer", "slug": "replacement-card", "title": "Replace a debit or credit card",
            "url": "https://www.larkfield.example/help/replacement-card", "content_type": "public",
            "product": "debit-card", "owner": "Cards and Payments", "role": null, "version": 1,
            "valid_from": "2026-07-01", "valid_until": null
        })
    );
    let customer = running.read(&key, "/v1/knowledge?collection=customer").await.json();
    assert_eq!(customer.as_array().unwrap().len(), of("customer"));
    assert!(texts(&all, "content_type").contains(&"synthetic"));
}

#[tokio::test]
async fn a_passage_is_read_with_its_headings_and_what_is_not_there_is_not_there() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let mut said = String::new();
    for position in 0..20 {
        let path = format!("/v1/knowledge/customer/replacement-card/passages/{position}");
        let reply = running.read(&key, &path).await;
        if reply.status != 200 {
            reply.problem(404, "not_found");
            break;
        }
        let passage = reply.json();
        assert_eq!(
            (text(&passage, "document"), &passage["position"]),
            ("customer/replacement-card", &json!(position))
        );
        assert!(passage["headings"].is_array());
        said.push_str(text(&passage, "text"));
    }
    assert!(said.contains("A replacement debit card costs $10."), "{said}");
    for nowhere in [
        "customer/replacement-card/passages/99",
        "customer/replacement-card/passages/CANARY",
        "customer/replacement-card/passages/-1",
        "customer/CANARY/passages/0",
        "CANARY/replacement-card/passages/0",
        "customer/..%2F..%2Fsealing.key/passages/0",
    ] {
        let reply = running.read(&key, &format!("/v1/knowledge/{nowhere}")).await;
        reply.problem(404, "not_found");
        assert!(!reply.text.contains("CANARY"), "{nowhere}");
    }
    for wrong in ["collection=CANARY", "CANARY=1", "collection=customer&collection=CANARY"] {
        let reply = running.read(&key, &format!("/v1/knowledge?{wrong}")).await;
        reply.problem(422, "query_invalid");
        assert!(!reply.text.contains("CANARY"), "{wrong}");
    }
}

#[tokio::test]
async fn an_empty_bank_answers_nothing_and_says_so() {
    let running = start(&[("CONTACTIQ_DEMO", "off")]).await;
    let key = running.key(Role::Customer).await;
    assert_eq!(running.read(&key, "/v1/knowledge").await.json(), json!([]));
    let record = running.ask(&key, contactiq_domain::Mode::Customer, crate::house::REPLACEMENT).await;
    assert_eq!((text(&record, "outcome"), text(&record, "trigger")), ("escalated", "insufficient_evidence"));
    assert_eq!(record["retrieved_passages"], 0);
}

#[tokio::test]
async fn a_document_that_is_taken_away_while_the_server_runs_answers_no_more() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let version =
        async || -> Value { running.read(&key, "/ready").await.json()["knowledge_version"].clone() };
    let before = version().await;
    let told = running.ask(&key, contactiq_domain::Mode::Customer, crate::house::REPLACEMENT).await;
    let mut w = running.store.write().await.unwrap();
    let collection = contactiq_domain::Collection::Customer;
    assert!(contactiq_store::documents::remove(&mut w, collection, "replacement-card").await.unwrap());
    w.save().await.unwrap();
    soon(async || (version().await != before).then_some(())).await;
    let record = running.ask(&key, contactiq_domain::Mode::Customer, crate::house::REPLACEMENT).await;
    assert!(!texts(&record["citations"], "document").contains(&"customer/replacement-card"), "{record}");
    assert_ne!(record["knowledge_version"], before);

    // What was quoted can be read for ever, in the version that was quoted.
    let quoted = told["citations"].as_array().unwrap().iter();
    let quoted = quoted.clone().find(|c| c["document"] == "customer/replacement-card").unwrap();
    let passage = format!("/v1/knowledge/{}/passages/{}", text(quoted, "document"), quoted["passage"]);
    running.read(&key, &passage).await.problem(404, "not_found");
    let then = running.read(&key, &format!("{passage}?version={}", quoted["version"])).await.json();
    assert!(text(&then, "text").contains(text(quoted, "quote")), "{then}");
    running.read(&key, &format!("{passage}?version=99")).await.problem(404, "not_found");
    running.read(&key, &format!("{passage}?version=new")).await.problem(422, "query_invalid");
    let page = running.read(&key, "/documents/customer/replacement-card?version=1").await;
    assert!(page.page(200).contains("This document was taken away."));
    assert_eq!(running.read(&key, "/documents/customer/replacement-card").await.status, 404);
}
