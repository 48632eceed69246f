//! A hosted vector store: what is asked, what an answer is held to, and a server that fails.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::{Timestamp, clock::FixedClock};
use contactiq_guard::{Masked, Published};
use contactiq_llm::{
    Attribute, BreakerState, Chunk, Http, Keyring, ModelError, SetupError, StoreStanding,
    VectorStoreSettings, VectorStores,
};
use serde_json::{Value, json};

use super::server::{Reply, Server};

const BUDGET: Duration = Duration::from_secs(5);

fn clock() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(Timestamp::from_micros(1_800_000_000_000_000)))
}

fn settings(url: &str) -> VectorStoreSettings {
    VectorStoreSettings {
        api_key: Keyring::of("sk-canary"),
        results: 3,
        ..VectorStoreSettings::new(url, vec!["vs_fees".to_owned()])
    }
}

fn stores(server: &Server) -> (VectorStores, Arc<FixedClock>) {
    let clock = clock();
    let stores =
        VectorStores::new(settings(&server.base_url()), Http::new().unwrap(), Arc::clone(&clock) as _)
            .unwrap();
    (stores, clock)
}

fn question() -> Masked {
    Masked::from_published(&Published::by_bank("What does a card cost?"))
}

fn chunk(score: f64, text: &str) -> Value {
    json!({
        "file_id": "file-1", "filename": "fees.md", "score": score,
        "attributes": { "collection": "customer", "year": 2026, "open": true, "gone": null, "list": [1] },
        "content": [{ "type": "text", "text": text }, { "type": "image" }],
    })
}

fn page(chunks: &[Value]) -> Reply {
    let page = json!({
        "object": "vector_store.search_results.page", "search_query": ["what"], "data": chunks,
        "has_more": false, "next_page": null,
    });
    Reply::json(200, &page.to_string())
}

async fn found(reply: Reply) -> Result<Vec<Chunk>, ModelError> {
    let server = Server::start(vec![reply]);
    stores(&server).0.search("vs_fees", &question(), &[], BUDGET).await
}

#[tokio::test]
async fn the_masked_question_goes_with_filters_and_chunks_come_back_with_their_files() {
    let server = Server::start(vec![page(&[chunk(0.4, "Cards are free."), chunk(0.9, "A card costs $9.")])]);
    let (stores, _) = stores(&server);
    let text = |text: &str| Attribute::Text(text.to_owned());
    let one = [("collection".to_owned(), text("customer"))];
    let two = [one[0].clone(), ("open".to_owned(), Attribute::Truth(true))];
    let chunks = stores.search("vs_fees", &question(), &one, BUDGET).await.unwrap();
    stores.search("vs_fees", &question(), &two, BUDGET).await.unwrap();
    let texts: Vec<&str> = chunks.iter().map(|c| c.text.as_str()).collect();
    assert_eq!(texts, ["A card costs $9.", "Cards are free."], "the nearest first");
    let first = &chunks[0];
    assert_eq!((first.store.as_str(), first.file_id.as_str()), ("vs_fees", "file-1"));
    assert_eq!(first.filename, "fees.md");
    let attributes: Vec<(&str, &Attribute)> =
        first.attributes.iter().map(|(name, value)| (name.as_str(), value)).collect();
    assert_eq!(
        attributes,
        [
            ("collection", &text("customer")),
            ("list", &Attribute::Unreadable),
            ("open", &Attribute::Truth(true)),
            ("year", &Attribute::Number(2026.0)),
        ]
    );

    let seen = server.seen();
    assert!(seen[0].head.starts_with("post /v1/vector_stores/vs_fees/search "), "{}", seen[0].head);
    assert!(seen[0].head.contains("authorization: bearer sk-canary"));
    let equal = |key: &str, value: Value| json!({ "type": "eq", "key": key, "value": value });
    assert_eq!(
        seen[0].json(),
        json!({
            "query": "What does a card cost?", "max_num_results": 3, "rewrite_query": false,
            "filters": equal("collection", json!("customer")), "ranking_options": { "score_threshold": 0.0 },
        })
    );
    let both = [equal("collection", json!("customer")), equal("open", json!(true))];
    assert_eq!(seen[1].json()["filters"], json!({ "type": "and", "filters": both }));
}

#[tokio::test]
async fn what_is_not_near_enough_is_left_out_whatever_the_server_makes_of_the_threshold() {
    let server = Server::start(vec![page(&[chunk(0.9, "Near."), chunk(0.2, "Far."), chunk(0.8, "  ")])]);
    let settings = VectorStoreSettings {
        least_score: 0.5,
        ranker: Some("auto".to_owned()),
        ..settings(&server.base_url())
    };
    let stores = VectorStores::new(settings, Http::new().unwrap(), clock()).unwrap();
    let chunks = stores.search("vs_fees", &question(), &[], BUDGET).await.unwrap();
    assert_eq!(chunks.iter().map(|c| c.text.as_str()).collect::<Vec<_>>(), ["Near."]);
    let asked = &server.seen()[0].json()["ranking_options"];
    assert_eq!(*asked, json!({ "score_threshold": 0.5, "ranker": "auto" }));
}

#[tokio::test]
async fn what_is_no_answer_of_a_store_is_garbage_and_no_error_carries_its_text() {
    let many = vec![chunk(0.5, "canary"); 4];
    let with = |field: &str, value: Value| {
        let mut chunk = chunk(0.5, "canary");
        chunk[field] = value;
        page(&[chunk])
    };
    for reply in [
        Reply::json(200, "not json canary"),
        Reply::json(200, "<html>canary</html>"),
        Reply::json(200, "{}"),
        Reply::json(200, r#"{"data":"canary"}"#),
        page(&many),
        with("file_id", json!("")),
        with("file_id", json!("canary canary")),
        with("score", json!("canary")),
        with("score", json!(7)),
        with("score", json!(-0.1)),
        with("filename", json!("canary".repeat(200))),
        with("content", json!("canary")),
        page(&[chunk(0.5, &"canary ".repeat(20_000))]),
    ] {
        let error = found(reply).await.unwrap_err();
        assert_eq!(error.code(), "model_garbage");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    assert_eq!(found(page(&[])).await.unwrap(), [], "nothing found is an answer");
    assert_eq!(found(Reply::json(401, "{}")).await.unwrap_err(), ModelError::Unauthorised);
    assert_eq!(
        found(Reply::json(404, r#"{"error":{"message":"no"}}"#)).await.unwrap_err(),
        ModelError::NotFound
    );
    assert!(matches!(found(Reply::json(429, "{}")).await.unwrap_err(), ModelError::RateLimited { .. }));
    assert_eq!(found(Reply::json(500, "{}")).await.unwrap_err(), ModelError::Refused(500));
}

#[tokio::test]
async fn a_store_that_hangs_costs_its_time_and_is_soon_left_alone() {
    let server = Server::start(vec![Reply::hang()]);
    let (stores, clock) = stores(&server);
    let short = Duration::from_millis(80);
    for _ in 0..5 {
        let since = Instant::now();
        let error = stores.search("vs_fees", &question(), &[], short).await.unwrap_err();
        assert_eq!(error, ModelError::Timeout);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    }
    assert_eq!(stores.breaker(), BreakerState::Open);
    let alone = stores.search("vs_fees", &question(), &[], BUDGET).await.unwrap_err();
    assert_eq!((alone, server.seen().len()), (ModelError::BreakerOpen, 5));
    clock.advance_seconds(61);
    let probe = stores.search("vs_fees", &question(), &[], short).await.unwrap_err();
    assert_eq!(probe, ModelError::Timeout);
}

#[tokio::test]
async fn a_store_says_how_it_stands() {
    let standing = async |reply: Reply| {
        let server = Server::start(vec![reply]);
        stores(&server).0.standing("vs_fees", BUDGET).await
    };
    let body = r#"{"id":"vs_fees","status":"completed","file_counts":{"completed":3,"total":5,"failed":2}}"#;
    assert_eq!(
        standing(Reply::json(200, body)).await,
        Ok(StoreStanding { expired: false, files: 3, others: 2 })
    );
    assert!(standing(Reply::json(200, r#"{"status":"expired"}"#)).await.unwrap().expired);
    assert_eq!(standing(Reply::json(404, "{}")).await, Err(ModelError::NotFound));
    let server = Server::start(vec![Reply::json(200, body)]);
    let (stores, _) = stores(&server);
    assert_eq!(stores.standing("vs_other", BUDGET).await, Err(ModelError::NotFound), "it is none of ours");
    assert!(server.seen().is_empty());
}

#[test]
fn settings_that_can_not_be_used_are_named() {
    let of = |url: &str, stores: &[&str]| {
        VectorStoreSettings::new(url, stores.iter().map(|id| (*id).to_owned()).collect()).check()
    };
    let base = "https://api.example/v1";
    assert_eq!(of(base, &["vs_1", "vs-2"]), Ok(()));
    assert!(matches!(of("api.example", &["vs_1"]), Err(SetupError::BaseUrl(_))));
    assert!(matches!(of("https://api.example/v1/vector_stores", &["vs_1"]), Err(SetupError::BaseUrl(_))));
    for stores in [&[][..], &[""], &["vs/../x"], &["vs 1"], &["v"; 9]] {
        assert_eq!(of(base, stores), Err(SetupError::Stores), "{stores:?}");
    }
    let ranker = VectorStoreSettings { ranker: Some("a b".to_owned()), ..settings(base) };
    assert_eq!(ranker.check(), Err(SetupError::Ranker));
}
