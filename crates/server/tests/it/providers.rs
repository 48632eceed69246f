//! Several language models, and one that is asked once more: who answers, what each is sent, and what it costs.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    dear::{Dear, PRICES},
    grounding_gate::{CURRENT, QUESTION},
    house::{Key, REPLACEMENT, Running, soon, start_in},
    operations::counted,
    process::Terminal,
    reply::{Reply, text},
};

const GOOD: &str = "A replacement kite card costs $9. [1]";
const WRONG: &str = "A replacement kite card costs $12 in Paris. [1]";

/// What a model does with one request; the last one repeats.
#[derive(Clone)]
enum Does {
    Says(&'static str),
    Fails(u16),
    Page,
}

/// A model that speaks both APIs, by its path.
struct Model {
    url: String,
    seen: Arc<Mutex<Vec<Value>>>,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Script {
    does: Arc<Mutex<VecDeque<Does>>>,
    seen: Arc<Mutex<Vec<Value>>>,
}

impl Model {
    async fn that(does: &[Does]) -> Model {
        let script = Script { does: Arc::new(Mutex::new(does.to_vec().into())), seen: Arc::default() };
        let seen = Arc::clone(&script.seen);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().fallback(answer).with_state(script);
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Model { url, seen, _serving: serving }
    }

    fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(State(script): State<Script>, uri: Uri, body: String) -> Response {
    let request: Value = serde_json::from_str(&body).unwrap_or_default();
    script.seen.lock().unwrap().push(request.clone());
    let does = {
        let mut does = script.does.lock().unwrap();
        if does.len() > 1 { does.pop_front().unwrap() } else { does[0].clone() }
    };
    let words = match does {
        Does::Says(words) => words,
        Does::Fails(status) => return (StatusCode::from_u16(status).unwrap(), "{}").into_response(),
        Does::Page => return ([(header::CONTENT_TYPE, "text/html")], "<p>Sign in").into_response(),
    };
    if uri.path().ends_with("/messages") {
        return Json(json!({
            "id": "m", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "end_turn",
            "content": [{ "type": "text", "text": words }], "usage": { "input_tokens": 10, "output_tokens": 2 },
        }))
        .into_response();
    }
    Json(json!({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": words } }],
        "usage": { "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 },
    }))
    .into_response()
}

struct Bank {
    running: Running,
    key: Key,
    _terminal: Terminal,
}

impl Bank {
    /// A bank of one document with this model, and what stands in its file of the configuration.
    async fn with(model: &str, file: &str, more: &[(&str, &str)]) -> Bank {
        let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
        let document = terminal.file("kite.md", CURRENT).to_string_lossy().into_owned();
        terminal.run(&["knowledge", "add", "--collection", "customer", &document]).well();
        let file = terminal.file("bank.toml", file).display().to_string();
        let mut settings = vec![
            ("CONTACTIQ_CONFIG", file.as_str()),
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ_LLM_BASE_URL", model),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "1"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.01"),
            ("CONTACTIQ__CUSTOMER__DISCLAIMER", ""),
        ];
        settings.extend(more);
        let running = start_in(terminal.folder(), &settings).await;
        let key = running.key(Role::Customer).await;
        Bank { running, key, _terminal: terminal }
    }

    async fn ask(&self) -> Value {
        self.running.ask(&self.key, Mode::Customer, QUESTION).await
    }

    /// The record of an answer that is told on the way, and every event before it.
    async fn told(&self) -> (Value, String) {
        let body = json!({ "mode": "customer", "question": QUESTION });
        let request = self.running.posting(&self.key, "/v1/interactions", &body);
        let events = Reply::of(request.header("accept", "text/event-stream")).await.text;
        let done = events.split("event: done\ndata: ").nth(1).unwrap_or_else(|| panic!("{events}"));
        (serde_json::from_str(done.lines().next().unwrap()).unwrap(), events)
    }
}

fn respond(record: &Value) -> &Value {
    record["steps"].as_array().unwrap().iter().find(|s| s["step"] == "respond").unwrap()
}

fn provider(name: &str, kind: &str, base_url: &str, model: &str) -> String {
    format!(
        "[[llm.providers]]\nname = \"{name}\"\nkind = \"{kind}\"\nbase_url = \"{base_url}\"\nmodel = \"{model}\"\n\
         api_key = \"sk-canary-{name}\"\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_model_serves_where_the_first_fails_and_is_named_in_record_and_figures() {
    let (first, second) = (Model::that(&[Does::Fails(500)]).await, Model::that(&[Does::Says(GOOD)]).await);
    let bank = Bank::with(&first.url, &provider("claude", "anthropic", &second.url, "claude-x"), &[]).await;
    let record = bank.ask().await;
    assert_eq!((text(&record, "answer"), text(&record, "model")), (GOOD, "claude-x"), "{record}");
    assert!(text(respond(&record), "detail").contains("by claude;"), "{record}");
    assert_eq!((first.seen().len(), second.seen().len()), (2, 1));
    let sent = &second.seen()[0];
    assert!(text(sent, "system").contains("only source of facts"), "{sent}");
    assert!(sent["messages"][0]["content"].as_str().unwrap().contains(QUESTION));
    let (record, _) = bank.told().await;
    assert_eq!((text(&record, "answer"), text(&record, "model")), (GOOD, "claude-x"), "{record}");
    let served = ["provider=\"claude\""];
    assert!(counted(&bank.running, "contactiq_model_answers_total", &served).await >= 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_most_of_whose_answer_is_removed_is_asked_once_more_with_the_reasons_alone() {
    let model = Model::that(&[Does::Says(WRONG), Does::Says(GOOD)]).await;
    let bank = Bank::with(&model.url, "", &[]).await;
    let record = bank.ask().await;
    assert_eq!((text(&record, "answer"), text(&record, "model")), (GOOD, "m"), "{record}");
    let step = respond(&record);
    assert_eq!((text(step, "outcome"), &step["values"]["asked_again"]), ("generated", &json!(1.0)), "{step}");
    assert!(text(step, "detail").ends_with("1 sentences stood, 0 before"), "{step}");
    assert_eq!(record["tokens"], json!({ "input": 20, "output": 4 }), "both are paid");
    let seen = model.seen();
    assert_eq!(seen.len(), 2);
    let said =
        |at: usize, message: usize| seen[at]["messages"][message]["content"].as_str().unwrap().to_owned();
    assert!(
        said(1, 0).contains("the faults named here: name.") || said(1, 0).contains("named here: figure"),
        "{}",
        said(1, 0)
    );
    assert!(
        said(1, 0).starts_with(said(0, 0).split("\n\n").next().unwrap()),
        "the template comes first, unchanged"
    );
    let sent = seen[1].to_string();
    assert!(!sent.contains("Paris") && !sent.contains("$12"), "{sent}");
    assert_ne!(said(0, 1), said(1, 1), "a nonce of its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_better_of_two_answers_is_used_and_the_cited_sentences_where_none_stands() {
    let mostly = "A replacement kite card costs $9. [1]\nIt costs $12. [1]\nIt costs $13. [1]";
    let half = "A replacement kite card costs $9. [1]\nIt costs $12. [1]";
    for (script, answered, asked, kept) in [
        (vec![Does::Says(mostly), Does::Says(WRONG)], "m", 2, "0 sentences stood, 1 before"),
        (vec![Does::Says(WRONG)], "extractive", 2, "0 sentences stood, 0 before"),
        (vec![Does::Says(WRONG), Does::Fails(400)], "extractive", 2, "0 sentences stood, 0 before"),
        (vec![Does::Says(WRONG), Does::Says("NO ANSWER")], "extractive", 2, "0 sentences stood, 0 before"),
        (vec![Does::Says(half)], "m", 1, "1 sentences removed by the gate"),
        (vec![Does::Says("NO ANSWER")], "extractive", 1, "cited sentences instead"),
    ] {
        let model = Model::that(&script).await;
        let bank = Bank::with(&model.url, "", &[]).await;
        let record = bank.ask().await;
        assert_eq!((text(&record, "model"), model.seen().len()), (answered, asked), "{record}");
        assert!(text(respond(&record), "detail").ends_with(kept), "{record}");
        assert!(
            text(&record, "answer").contains("$9") && !text(&record, "answer").contains("$1"),
            "{record}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_asked_once_where_that_is_set() {
    let model = Model::that(&[Does::Says(WRONG), Does::Says(GOOD)]).await;
    let bank = Bank::with(&model.url, "[llm]\nrepair = false\n", &[]).await;
    let record = bank.ask().await;
    assert_eq!((text(&record, "model"), model.seen().len()), ("extractive", 1), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_told_on_the_way_is_written_again_only_while_nothing_was_shown() {
    let model = Model::that(&[Does::Says(WRONG), Does::Says(GOOD)]).await;
    let bank = Bank::with(&model.url, "", &[]).await;
    let (record, events) = bank.told().await;
    assert_eq!((text(&record, "answer"), text(&record, "model")), (GOOD, "m"), "{record}");
    assert!(!events.contains("event: restart") && events.contains("event: token"), "{events}");
    assert_eq!(model.seen().len(), 2);

    let shown = "A replacement kite card costs $9. [1] It costs $12. [1] It costs $13. [1]";
    let model = Model::that(&[Does::Says(shown), Does::Says(GOOD)]).await;
    let bank = Bank::with(&model.url, "", &[]).await;
    let (record, _) = bank.told().await;
    assert_eq!((text(&record, "answer"), model.seen().len()), (GOOD, 1), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_answer_of_a_model_serves_while_the_model_is_down_and_other_questions_are_answered_without_it()
 {
    let plain = crate::house::start(&[]).await;
    let key = plain.key(Role::Customer).await;
    let extractive = plain.ask(&key, Mode::Customer, REPLACEMENT).await;
    let quote = format!("{} [1]", text(&extractive["citations"][0], "quote"));
    let model = Model::that(&[Does::Says(quote.leak()), Does::Fails(500)]).await;
    let settings = [
        ("CONTACTIQ_LLM_BASE_URL", model.url.as_str()),
        ("CONTACTIQ_LLM_MODEL", "m"),
        ("CONTACTIQ__LLM__MAX_RETRIES", "1"),
    ];
    let running = crate::house::start(&settings).await;
    let key = running.key(Role::Customer).await;
    let first = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!((text(&first, "model"), model.seen().len()), ("m", 1), "{first}");
    // From here on the model fails.
    let remembered = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!((text(&remembered, "model"), model.seen().len()), ("m", 1), "{remembered}");
    assert_eq!((&remembered["answer"], &remembered["cost_usd"]), (&first["answer"], &json!(0.0)));
    assert!(
        text(respond(&remembered), "detail").starts_with("as answered before: answer-2 by openai"),
        "{remembered}"
    );
    let other = running.ask(&key, Mode::Customer, "How long does a replacement card take to arrive?").await;
    assert_eq!(text(&other, "model"), "extractive", "{other}");
    assert!(text(respond(&other), "detail").contains("model_refused") && model.seen().len() > 1, "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_model_is_hedged_and_what_both_may_ask_for_stays_inside_of_the_budget() {
    let (slow, quick) = (Dear::start().await, Dear::start().await);
    slow.hangs(true);
    let prices = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(prices.path(), format!("{PRICES}{}", PRICES.replace("[dear]", "[m]"))).unwrap();
    let file = format!(
        "[budgets]\nday_usd = 0.1\n[llm]\nhedge_after_milliseconds = 100\n{}",
        provider("quick", "openai", &quick.url, "dear")
    );
    let prices = prices.path().display().to_string();
    let bank = Bank::with(&slow.url, &file, &[("CONTACTIQ__FILES__PRICES", &prices)]).await;
    let mut asked = 0;
    for _ in 0..60 {
        let began = std::time::Instant::now();
        let record = bank.ask().await;
        assert!(began.elapsed().as_secs() < 10, "nobody waits for the slow one: {record}");
        let detail = text(respond(&record), "detail");
        if detail.contains("is used up") {
            break;
        }
        // What the call before held is settled behind its answer.
        asked += u64::from(!detail.contains("hold what is left"));
    }
    assert!((2..60).contains(&asked), "{asked}");
    assert!(slow.asked() >= 1 && quick.asked() == asked, "{} {}", slow.asked(), quick.asked());
    let costs = async || {
        let admin = bank.running.key(Role::Admin).await;
        let costs = bank.running.read(&admin, "/v1/costs").await.json();
        (costs["budgets"][0]["reserved_usd"] == 0.0)
            .then(|| costs["budgets"][0]["spent_usd"].as_f64().unwrap())
    };
    let spent = soon(costs).await;
    let bills = (slow.bill() + quick.bill()) as f64 / 1e9;
    assert!(spent >= bills - 1e-9, "both are charged: {spent} {bills}");
    assert!(spent <= 0.1, "and nothing beyond the budget: {spent}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_checks_each_model_by_its_name_and_tells_no_key() {
    let models = [
        ("wrong-key", Model::that(&[Does::Fails(401)]).await),
        ("wrong-url", Model::that(&[Does::Fails(404)]).await),
        ("a-page", Model::that(&[Does::Page]).await),
        ("well", Model::that(&[Does::Fails(404), Does::Says("OK")]).await),
    ];
    let mut file = String::new();
    for (name, model) in &models {
        file.push_str(&provider(name, "openai", &model.url, "ours"));
    }
    file.push_str(&provider("nobody", "anthropic", "http://127.0.0.1:1/v1", "ours"));
    let terminal = Terminal::new();
    let path = terminal.file("bank.toml", &file).display().to_string();
    let terminal = terminal.with("CONTACTIQ_CONFIG", path);
    let ran = tokio::task::block_in_place(|| terminal.run(&["doctor", "--json"]));
    let found: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let line = |name: &str| {
        let start = format!("{name}: ");
        let of = |f: &&Value| f["part"] == "language model" && text(f, "detail").starts_with(&start);
        found.iter().find(of).unwrap_or_else(|| panic!("{name} in {found:?}"))
    };
    for (name, state, said) in [
        ("wrong-key", "failing", "refuses the key. Look at api_key of llm.providers.wrong-key"),
        (
            "wrong-url",
            "failing",
            "does not exist at the provider. Look at base_url and model of llm.providers.wrong-url",
        ),
        ("a-page", "failing", "answered with an HTML page. Look at base_url"),
        ("well", "ok", "ours answers"),
        ("nobody", "failing", "could not be reached. Look at base_url"),
    ] {
        assert_eq!(line(name)["state"], state, "{name}: {found:?}");
        assert!(text(line(name), "detail").contains(said), "{name}: {found:?}");
    }
    let prices = found.iter().find(|f| f["part"] == "prices").unwrap();
    assert!(text(prices, "detail").contains("llm.providers.well.model \"ours\" has no price"), "{prices}");
    assert!(!ran.out.contains("canary") && !ran.err.contains("canary"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn config_check_names_plain_http_and_hides_keys() {
    let terminal = Terminal::new();
    let file = provider("far", "openai", "http://models.bank.example/v1", "gpt-4o");
    let path = terminal.file("bank.toml", &file).display().to_string();
    let terminal = terminal.with("CONTACTIQ_CONFIG", path);
    let checked = terminal.run(&["config", "check"]);
    assert_eq!(checked.status, 0, "{checked:?}");
    assert!(
        checked
            .err
            .contains("llm.providers.far: the key and questions go over plain http to another machine"),
        "{checked:?}"
    );
    let shown = terminal.run(&["config", "show"]).well();
    assert!(shown.contains("name = \"far\"") && !shown.contains("canary"), "{shown}");
}
