//! Budgets over the whole house: a language model over TCP that is as dear as it can be, and what it is asked and paid.

use std::{sync::Arc, time::Duration};

use contactiq_domain::{Budget, Mode, Role, ids::RequestId, interaction::NanoUsd};
use contactiq_guard::Raw;
use contactiq_pipeline::Ask;
use contactiq_server::{app, config, wiring::SystemIds};
use contactiq_store::{
    Store,
    budgets::{outstanding, standing},
};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    cluster::Database,
    dear::{Dear, PRICES, WRITTEN},
    house::{Key, REPLACEMENT, Running, folder, soon, start_in},
    operations::counted,
    process::Terminal,
    reply::{Reply, text},
    without_tables::{PATIENT, redis},
};

type Settings = Vec<(&'static str, String)>;

/// A house that asks this model, without a budget; its files stand in this folder.
fn settings(model: &Dear, terminal: &Terminal) -> Settings {
    let prices = terminal.file("prices.toml", PRICES).display().to_string();
    vec![
        ("CONTACTIQ_LLM_BASE_URL", model.url.clone()),
        ("CONTACTIQ_LLM_MODEL", "dear".to_owned()),
        ("CONTACTIQ__LLM__MAX_RETRIES", "1".to_owned()),
        ("CONTACTIQ__LLM__TIMEOUT_SECONDS", "60".to_owned()),
        ("CONTACTIQ__FILES__PRICES", prices),
        ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0".to_owned()),
        ("CONTACTIQ__SERVER__REQUEST_TIMEOUT_SECONDS", "120".to_owned()),
        ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01".to_owned()),
    ]
}

fn with(mut settings: Settings, more: &[(&'static str, &str)]) -> Settings {
    settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    settings
}

async fn server(terminal: &Terminal, settings: &Settings) -> Running {
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    start_in(terminal.folder(), &settings).await
}

/// Spent and reserved today by all together, in billionths.
async fn purse(store: &Store) -> (i64, i64) {
    let none = contactiq_store::budgets::BudgetSettings::none(
        contactiq_domain::Zone::named("Australia/Sydney").unwrap(),
    );
    let now = contactiq_domain::Clock::now(&contactiq_server::wiring::SystemClock);
    let all = standing(&mut store.read().await.unwrap(), &none, now).await.unwrap();
    (all[0].spent.0, all[0].reserved.0)
}

/// Waits until nothing is held.
async fn settled(store: &Store) -> i64 {
    let nothing_held = async || {
        let left = outstanding(&mut store.read().await.unwrap()).await.unwrap();
        (left.reservations == 0).then_some(())
    };
    soon(nothing_held).await;
    let (spent, reserved) = purse(store).await;
    assert_eq!(reserved, 0);
    spent
}

fn respond(record: &Value) -> &Value {
    record["steps"].as_array().unwrap().iter().find(|s| s["step"] == "respond").unwrap()
}

/// Asks so many questions at once, of one server after the other; the records. A busy machine may not take a record in
/// time (503): there is none then.
async fn at_once(servers: &[&Running], key: &Key, questions: usize) -> Vec<Option<Value>> {
    let mut asked = JoinSet::new();
    let gate = Arc::new(Semaphore::new(0));
    for n in 0..questions {
        let body = json!({ "mode": "customer", "question": format!("What does replacement card {n} cost?") });
        let request = servers[n % servers.len()].posting(key, "/v1/interactions", &body);
        let gate = Arc::clone(&gate);
        asked.spawn(async move {
            let _together = gate.acquire().await.unwrap();
            let response = request.timeout(Duration::from_secs(150)).send().await.unwrap();
            let (status, body) = (response.status(), response.text().await.unwrap());
            assert!(status == 200 || status == 503, "{status} {body}");
            (status == 200).then(|| serde_json::from_str(&body).unwrap())
        });
    }
    gate.add_permits(questions);
    asked.join_all().await
}

/// What a day's budget lets through of 200 questions at once.
async fn spends_no_more_than(budget: i64, servers: &[&Running], key: &Key, model: &Dear) {
    let asked = at_once(servers, key, 200).await;
    let records: Vec<Value> = asked.into_iter().flatten().collect();
    assert!(records.len() > 150, "{}", records.len());
    let all = records.len() == 200;
    let spent = settled(&servers[0].store).await;
    assert_eq!(spent, model.bill(), "what is counted is what the provider asks for");
    assert!(spent <= budget, "{spent} of {budget}");
    assert!(model.asked() > 0);
    let logged: i64 = records.iter().map(|r| (r["cost_usd"].as_f64().unwrap() * 1e9).round() as i64).sum();
    assert!(
        if all { logged == spent } else { logged <= spent },
        "each record has its cost: {logged} {spent}"
    );
    let without: Vec<&Value> = records.iter().filter(|r| r["cost_usd"] == 0.0).collect();
    assert!(!all || without.len() as u64 == 200 - model.asked(), "{}", model.asked());
    for record in without {
        let detail = text(respond(record), "detail");
        // A busy machine may not have decided in time.
        let why = ["budget of a day (all)", "the budget could not be asked"];
        assert!(why.iter().any(|why| detail.contains(why)), "{detail}");
        assert!(text(record, "outcome") != "failed" && !text(record, "answer").is_empty(), "{record}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_questions_at_once_spend_nothing_beyond_the_budget() {
    let (model, terminal) = (Dear::start().await, Terminal::new());
    // Some twenty calls.
    let running =
        server(&terminal, &with(settings(&model, &terminal), &[("CONTACTIQ__BUDGETS__DAY_USD", "0.1")]))
            .await;
    let key = running.key(Role::Customer).await;
    spends_no_more_than(100_000_000, &[&running], &key, &model).await;
    // What is left is used, one call after the other, until none fits.
    let mut last = Value::Null;
    for n in 0..60 {
        last = running.ask(&key, Mode::Customer, &format!("What does replacement card {n} cost?")).await;
        if text(respond(&last), "detail").contains("is used up") {
            break;
        }
    }
    assert_eq!((text(&last, "outcome"), text(&last, "model")), ("resolved", "extractive"), "{last}");
    assert_eq!(text(respond(&last), "outcome"), "extractive");
    let spent = settled(&running.store).await;
    assert!(spent == model.bill() && spent <= 100_000_000, "{spent} {}", model.bill());
    assert!(spent > 70_000_000, "a budget is used up to about what one call may cost: {spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_with_redis_spend_nothing_beyond_a_budget_together() {
    let (model, database) = (Dear::start().await, Database::new().await);
    let terminals = [Terminal::new(), Terminal::new()];
    let start = async |terminal: &Terminal| {
        database.admit(&terminal.folder());
        let shared = [
            ("CONTACTIQ_DATABASE_URL", database.url.as_str()),
            ("CONTACTIQ_REDIS_URL", &redis()),
            PATIENT,
            ("CONTACTIQ__BUDGETS__DAY_USD", "0.1"),
        ];
        server(terminal, &with(settings(&model, terminal), &shared)).await
    };
    let (one, other) = (start(&terminals[0]).await, start(&terminals[1]).await);
    let key = one.key(Role::Customer).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    spends_no_more_than(100_000_000, &[&one, &other], &key, &model).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_silent_a_budget_is_kept_by_asking_no_model() {
    let (model, database, terminal) = (Dear::start().await, Database::new().await, Terminal::new());
    database.admit(&terminal.folder());
    let shared = [
        ("CONTACTIQ_DATABASE_URL", database.url.as_str()),
        ("CONTACTIQ_REDIS_URL", &redis()),
        PATIENT,
        ("CONTACTIQ__BUDGETS__MONTH_USD", "100"),
    ];
    let running = server(&terminal, &with(settings(&model, &terminal), &shared)).await;
    let key = running.key(Role::Customer).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(model.asked(), 1, "a control");
    database.is_silent();
    for _ in 0..5 {
        let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
        assert_eq!((text(&record, "outcome"), text(&record, "model")), ("resolved", "extractive"));
        assert!(text(respond(&record), "detail").contains("could not be asked"), "{record}");
    }
    assert_eq!(model.asked(), 1);
    database.is_away(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_is_used_up_is_seen_everywhere_and_people_are_answered_all_the_same() {
    let (model, terminal) = (Dear::start().await, Terminal::new());
    let of_customers = [("CONTACTIQ__BUDGETS__CUSTOMER__MONTH_USD", "0.000001")];
    let running = server(&terminal, &with(settings(&model, &terminal), &of_customers)).await;
    let key = running.key(Role::Admin).await;
    let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!((text(&record, "outcome"), text(&record, "model")), ("resolved", "extractive"), "{record}");
    let detail = text(respond(&record), "detail");
    assert_eq!(detail, "the budget of a month (customer) is used up: cited sentences instead");
    assert_eq!(model.asked(), 0);
    let person = running.ask(&key, Mode::Customer, "I want to speak to a person").await;
    assert_eq!((text(&person, "outcome"), text(&person, "trigger")), ("escalated", "explicit_human_request"));
    running.ask(&key, Mode::Banker, REPLACEMENT).await;
    assert_eq!(model.asked(), 1, "the other assistant has its own");

    let costs = running.read(&key, "/v1/costs").await.json();
    let month = |scope: &str| {
        let all = costs["budgets"].as_array().unwrap();
        all.iter().find(|b| b["scope"] == scope && b["period"] == "month").unwrap().clone()
    };
    assert_eq!(month("customer")["state"], "used_up", "{costs}");
    assert_eq!(
        (&month("customer")["budget_usd"], &month("banker")["state"]),
        (&json!(0.000001), &json!("none"))
    );
    let alerts =
        counted(&running, "contactiq_budget_alerts_total", &["scope=\"customer\"", "level=\"100\""]).await;
    assert!(alerts >= 1.0);
    assert!(counted(&running, "contactiq_budget_refusals_total", &["why=\"budget_used_up\""]).await >= 1.0);
    let shown =
        terminal_of(&running, &settings(&model, &terminal)).with(of_customers[0].0, of_customers[0].1);
    let shown = shown.run(&["costs"]).well();
    assert!(shown.contains("used_up") && shown.contains("customer"), "{shown}");
}

fn terminal_of(running: &Running, settings: &Settings) -> Terminal {
    settings.iter().fold(Terminal::of(running.dir.clone()), |t, (name, value)| t.with(name, value.clone()))
}

#[tokio::test(flavor = "multi_thread")]
async fn costs_are_told_by_the_api_and_the_command_and_a_key_for_one_assistant_sees_its_own() {
    let (model, terminal) = (Dear::start().await, Terminal::new());
    let running =
        server(&terminal, &with(settings(&model, &terminal), &[("CONTACTIQ__BUDGETS__DAY_USD", "10")])).await;
    let key = running.key(Role::Admin).await;
    for mode in [Mode::Customer, Mode::Customer, Mode::Banker] {
        running.ask(&key, mode, REPLACEMENT).await;
    }
    let bill = model.bill() as f64 / 1e9;
    settled(&running.store).await;
    let near = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-9;
    let costs = running.read(&key, "/v1/costs").await.json();
    assert!(near(&costs["total"]["cost_usd"], bill), "{costs} {bill}");
    assert_eq!((&costs["total"]["requests"], &costs["total"]["calls"]), (&json!(3), &json!(3)), "{costs}");
    assert!(near(&costs["total"]["average_cost_usd"], bill / 3.0));
    assert_eq!(costs["lines"][0]["name"], "customer", "{costs}");
    let today = &costs["budgets"][0];
    assert_eq!(
        (&today["scope"], &today["period"], &today["state"]),
        (&json!("all"), &json!("day"), &json!("ok"))
    );
    assert!(near(&today["spent_usd"], bill) && near(&today["used"], bill / 10.0), "{today}");
    for by in ["day", "month", "model", "key"] {
        let costs = running.read(&key, &format!("/v1/costs?by={by}")).await.json();
        assert!(near(&costs["lines"][0]["cost_usd"], bill), "{costs}");
    }
    for wrong in ["by=week", "from=tomorrow", "from=2030-01-01", "limit=3"] {
        running.read(&key, &format!("/v1/costs?{wrong}")).await.problem(422, "query_invalid");
    }
    let of_bankers = running.key_with(Role::Supervisor, |key| key.mode = Some(Mode::Banker)).await;
    let own = running.read(&of_bankers, "/v1/costs").await.json();
    assert_eq!((&own["total"]["requests"], own["lines"].as_array().unwrap().len()), (&json!(1), 1), "{own}");
    assert!(own["budgets"].as_array().unwrap().iter().all(|b| b["scope"] == "banker"), "{own}");

    let command = terminal_of(&running, &settings(&model, &terminal));
    let told = command.run(&["costs", "--by", "key", "--json"]).lines(0);
    assert!(near(&told[0]["lines"][0]["cost_usd"], bill), "{told:?}");
    assert!(command.run(&["costs", "--from", "soon"]).refused().contains("2026-11-29"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_own_budget_and_gets_another_by_the_command() {
    let (model, terminal) = (Dear::start().await, Terminal::new());
    let running = server(&terminal, &settings(&model, &terminal)).await;
    let tiny = Budget { day: Some(NanoUsd(1)), month: None };
    let shop =
        running.key_with(Role::Customer, |key| (key.name, key.budget) = ("shop".to_owned(), tiny)).await;
    let other = running.key(Role::Customer).await;
    let record = running.ask(&shop, Mode::Customer, REPLACEMENT).await;
    assert!(text(respond(&record), "detail").starts_with("the budget of a day (key) is used up"), "{record}");
    running.ask(&other, Mode::Customer, REPLACEMENT).await;
    assert_eq!(model.asked(), 1, "a key without a budget");
    let command = terminal_of(&running, &settings(&model, &terminal));
    let said = command.run(&["keys", "budget", "shop", "--budget-per-day", "2.5"]).well();
    assert!(said.contains("a day $2.5, a month none"), "{said}");
    running.ask(&shop, Mode::Customer, REPLACEMENT).await;
    assert_eq!(model.asked(), 2);
    let listed = command.run(&["keys", "list", "--json"]).lines(0);
    assert_eq!(listed.iter().find(|k| k["name"] == "shop").unwrap()["budget_per_day"], 2.5);
}

/// The last event of a question whose answer is told on the way.
async fn told(running: &Running, key: &Key) -> Value {
    let body = json!({ "mode": "customer", "question": REPLACEMENT });
    let request = running.posting(key, "/v1/interactions", &body).header("accept", "text/event-stream");
    let events = Reply::of(request).await.text;
    let done = events.split("event: done\ndata: ").nth(1).unwrap_or_else(|| panic!("{events}"));
    serde_json::from_str(done.lines().next().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_reserved_and_settled_too_and_begins_no_call_beyond_a_budget() {
    let (model, terminal) = (Dear::start().await, Terminal::new());
    // Two calls may be under way, and the fourth finds no room.
    let running =
        server(&terminal, &with(settings(&model, &terminal), &[("CONTACTIQ__BUDGETS__DAY_USD", "0.02")]))
            .await;
    let key = running.key(Role::Customer).await;
    let mut last = told(&running, &key).await;
    assert_eq!(model.asked(), 1, "{last}");
    assert_eq!((last["cost_usd"].as_f64().unwrap() * 1e9).round() as i64, model.bill(), "{last}");
    assert_eq!(settled(&running.store).await, model.bill());
    for _ in 0..20 {
        last = told(&running, &key).await;
        settled(&running.store).await;
        if text(respond(&last), "detail").contains("is used up") {
            break;
        }
    }
    assert_eq!((text(&last, "outcome"), text(&last, "model")), ("resolved", "extractive"), "{last}");
    assert!(text(respond(&last), "detail").contains("is used up"), "{last}");
    assert!(settled(&running.store).await == model.bill() && model.bill() <= 20_000_000, "{}", model.bill());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_shown_has_cost_what_it_cost() {
    let (model, terminal) = (Dear::start().await, Terminal::new());
    let nothing_is_sure = [("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "1")];
    let running = server(&terminal, &with(settings(&model, &terminal), &nothing_is_sure)).await;
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(text(&record, "outcome"), "escalated", "{record}");
    assert_eq!((record["cost_usd"].as_f64().unwrap() * 1e9).round() as i64, model.bill(), "{record}");
    assert_eq!(record["tokens"]["output"], WRITTEN);
}

/// What is dropped half way is charged for the try that the provider has.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_is_dropped_half_way_is_charged_for_its_try() {
    let (model, terminal) = (Dear::start().await, Terminal::new());
    let mut env: std::collections::HashMap<String, String> =
        settings(&model, &terminal).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let dir = folder();
    env.insert("CONTACTIQ_ENCODER".to_owned(), "off".to_owned());
    env.insert("CONTACTIQ_DATA_DIR".to_owned(), dir.path().display().to_string());
    env.insert("CONTACTIQ__BUDGETS__DAY_USD".to_owned(), "1".to_owned());
    let config = config::load_from(None, &env).unwrap();
    let (house, _) = app::build_house(&config, Arc::new(|_, _, _| {})).await.unwrap();
    model.hangs(true);
    let ask = Ask {
        mode: Mode::Customer,
        role: Role::Admin,
        question: Arc::new(Raw::new(REPLACEMENT)),
        conversation: None,
        follows: None,
        subject: "a".to_owned(),
        session: "a".to_owned(),
        request_id: RequestId::new(&SystemIds),
        correlation_id: None,
        owner_key: None,
        claimed: None,
        demo: false,
    };
    let asked = soon(async || (model.asked() == 1).then_some(()));
    tokio::select! {
        answered = contactiq_pipeline::answer(&house, ask) => panic!("{answered:?}"),
        () = asked => {}
    }
    house.budgets.flush().await;
    assert_eq!(purse(&house.store).await, (model.bill(), 0));
    model.hangs(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_held_stays_held_until_its_lease_ends_and_is_charged_then() {
    let (model, database) = (Dear::start().await, Database::new().await);
    let terminal = Terminal::new();
    database.admit(&terminal.folder());
    let shared = [("CONTACTIQ_DATABASE_URL", database.url.as_str()), ("CONTACTIQ__BUDGETS__DAY_USD", "1")];
    let settings = with(settings(&model, &terminal), &shared);
    let running = server(&terminal, &settings).await;
    model.hangs(true);
    let command = terminal_of(&running, &settings);
    let mut child = command.command(&["ask", "--mode", "customer", REPLACEMENT]).spawn().unwrap();
    soon(async || (model.asked() == 1).then_some(())).await;
    child.kill().unwrap();
    child.wait().unwrap();
    let held = outstanding(&mut running.store.read().await.unwrap()).await.unwrap();
    assert_eq!(held.reservations, 1);
    assert_eq!(purse(&running.store).await, (0, held.amount.0));
    // A minute later.
    database.run("UPDATE budget_reservations SET lease_ends_at = 1").await;
    assert_eq!(settled(&running.store).await, held.amount.0, "nobody knows what it cost");
    assert!(held.amount.0 >= model.bill());
    model.hangs(false);
}

#[test]
fn a_budget_below_zero_and_a_model_without_a_price_are_named() {
    let terminal = Terminal::new();
    let below = terminal.with("CONTACTIQ__BUDGETS__DAY_USD", "-5");
    let said = below.run(&["config", "check"]).refused().to_owned();
    assert!(said.contains("budgets.day_usd is -5: write dollars from 0"), "{said}");
    let wrong =
        Terminal::new().run(&["keys", "create", "--name", "n", "--role", "admin", "--budget-per-day", "-1"]);
    assert!(wrong.status == 2 && wrong.err.contains("--budget-per-day"), "{wrong:?}");

    let unpriced = Terminal::new()
        .with("CONTACTIQ_LLM_BASE_URL", "http://127.0.0.1:1/v1")
        .with("CONTACTIQ_LLM_MODEL", "ours")
        .with("CONTACTIQ__BUDGETS__BANKER__MONTH_USD", "5");
    let checked = unpriced.run(&["config", "check"]);
    assert!(checked.status == 0 && checked.err.contains("llm.model \"ours\" has no price"), "{checked:?}");
    let found = unpriced.run(&["doctor", "--json"]).out;
    let found: Vec<Value> = serde_json::from_str(&found).unwrap();
    let prices = found.iter().find(|f| f["part"] == "prices").unwrap();
    assert_eq!(prices["state"], "failing", "{prices}");
    assert!(text(prices, "detail").contains("it is never asked"), "{prices}");

    let file = unpriced.file("prices.toml", "[ours]\ninput_per_million = 1\noutput_per_million = -2\n");
    let broken = unpriced.with("CONTACTIQ__FILES__PRICES", file.display().to_string());
    let said = broken.run(&["config", "check"]).refused().to_owned();
    assert!(said.contains("prices.toml: output_per_million of [ours] must be"), "{said}");
}
