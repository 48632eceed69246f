//! What vectors of a remote encoder and a provider's moderation cost: in the record, in the budgets, and not beyond one.

use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};

use crate::{
    embeddings::Embeddings,
    house::{Key, Running, soon},
    moderation::Provider,
    remote_encoder::Start,
    reply::text,
};

const PRICES: &str = "[little-encoder]\nembedding_per_million = 2\n[judge-1]\nmoderation_per_million = 1\n";
const BUDGET: &str = "CONTACTIQ__BUDGETS__CUSTOMER__DAY_USD";
const QUESTION: &str = "What does a replacement card cost?";

/// The trace of the record's own step.
fn record_step(record: &Value) -> &Value {
    record["steps"].as_array().unwrap().iter().find(|step| step["step"] == "record").unwrap()
}

/// What stands in a budget of today, in dollars, when nothing is held any more.
async fn spent(running: &Running, key: &Key, scope: &str) -> f64 {
    let settled = async || {
        let costs = running.read(key, "/v1/costs").await.json();
        let all = costs["budgets"].as_array().unwrap();
        let own = all.iter().find(|b| b["scope"] == scope && b["period"] == "day")?;
        (own["reserved_usd"] == json!(0.0)).then(|| own["spent_usd"].as_f64().unwrap())
    };
    soon(settled).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vectors_and_moderation_are_in_record_and_budget_and_are_not_asked_for_beyond_one() {
    let (encoder, judge) = (Embeddings::of_words().await, Provider::start().await);
    let start = Start::new(encoder.settings())
        .with("CONTACTIQ_MODERATION_BASE_URL", judge.url.clone())
        .with("CONTACTIQ_MODERATION_MODEL", "judge-1")
        .with("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0");
    let prices = start.file("prices.toml", PRICES);
    let start = start.with("CONTACTIQ__FILES__PRICES", prices);
    let mut running = start.serve_with((BUDGET, "1")).await;
    let key = running.key(Role::Admin).await;
    let counted = async || Some(spent(&running, &key, "all").await).filter(|spent| *spent > 0.0);
    soon(counted).await;
    // All of the start, once nothing is gathered any more.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    let texts_of_the_bank = spent(&running, &key, "all").await;
    let record = running.ask(&key, Mode::Customer, QUESTION).await;
    let cost = record["cost_usd"].as_f64().unwrap();
    let part = |name: &str| record_step(&record)["values"][name].as_f64().unwrap_or(0.0);
    assert!(part("vectors_usd") > 0.0 && part("moderation_usd") > 0.0, "{record}");
    assert!((part("vectors_usd") + part("moderation_usd") - cost).abs() < 1e-9, "{record}");
    // 34 characters are counted as 12 tokens.
    assert!((part("moderation_usd") - 12e-6).abs() < 1e-9, "{record}");
    let of_customers = spent(&running, &key, "customer").await;
    assert!((of_customers - cost).abs() < 1e-9, "{of_customers} {cost}");
    let all = spent(&running, &key, "all").await;
    assert!((all - texts_of_the_bank - cost).abs() < 1e-9, "{all} {texts_of_the_bank} {cost}");
    let costs = running.read(&key, "/v1/costs").await.json();
    assert_eq!((&costs["total"]["calls"], &costs["total"]["requests"]), (&json!(0), &json!(1)), "{costs}");
    running.stop().await;

    let running = start.serve_with((BUDGET, "0.000001")).await;
    let key = running.key(Role::Admin).await;
    encoder.heard();
    let judged = judge.heard.lock().unwrap().len();
    let record = running.ask(&key, Mode::Customer, "How much is a new card, please?").await;
    assert_ne!(text(&record, "outcome"), "failed", "{record}");
    assert_eq!(record["cost_usd"], json!(0.0), "{record}");
    let detail = text(record_step(&record), "detail");
    assert!(detail.ends_with("were not asked for: the budget of a day (customer) is used up"), "{detail}");
    assert_eq!((encoder.heard().len(), judge.heard.lock().unwrap().len() - judged), (0, 0));
    let of_bankers = running.ask(&key, Mode::Banker, "How much is a new card, please?").await;
    assert!(of_bankers["cost_usd"].as_f64().unwrap() > 0.0, "a control: the other assistant has its own");
}
