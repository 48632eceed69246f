//! A guard that fails: on no path does a message go on, nothing of it is kept, and a person is offered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use contactiq_domain::{Mode, Role, TicketState, ids::TicketId};
use contactiq_store::{review, tickets};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    house::{FORM, Key, REPLACEMENT, Running, folder, form, start_with},
    reply::{Reply, text},
};

const SOUND: u8 = 0;
const PANICS: u8 = 1;
const HANGS: u8 = 2;

/// What is in every text that must not be kept.
const SECRET: &str = "Wagga-Canary-88";

/// A server whose guard fails as it is told, and the switch.
async fn failing() -> (Running, Arc<AtomicU8>) {
    let state = Arc::new(AtomicU8::new(SOUND));
    let seen = Arc::clone(&state);
    let fault = Arc::new(move || match seen.load(Ordering::SeqCst) {
        PANICS => panic!("as the test wants it"),
        // Longer than the test: what hangs is given up.
        HANGS => std::thread::sleep(Duration::from_secs(90)),
        _ => {}
    });
    let settings = [("CONTACTIQ__GUARD__SECONDS", "3")];
    let running = start_with(folder(), &settings, |house| {
        house.guard = house.guard.clone().failing_with(fault);
    })
    .await;
    (running, state)
}

fn question() -> Value {
    json!({ "mode": "customer", "question": format!("what is the fee of {SECRET}?") })
}

/// Every way in by HTTP: what came back.
async fn every_way_in(running: &Running, key: &Key, asked: &str) -> Vec<(&'static str, Reply)> {
    let stream = running.posting(key, "/v1/interactions", &question()).header("accept", "text/event-stream");
    let feedback = format!("/v1/interactions/{asked}/feedback");
    vec![
        ("asking", running.post(key, "/v1/interactions", &question()).await),
        ("streaming", Reply::of(stream).await),
        ("feedback", running.post(key, &feedback, &json!({ "problem": format!("bad: {SECRET}") })).await),
        ("scanning", running.post(key, "/v1/guard/scan", &json!({ "text": SECRET })).await),
    ]
}

/// How many entries the review list has.
async fn to_review(running: &Running) -> u64 {
    let mut reader = running.store.read().await.unwrap();
    review::tally(&mut reader, &review::Filter::default()).await.unwrap().all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_the_guard_can_not_read_goes_no_further_on_any_path() {
    let (running, state) = failing().await;
    let key = running.key(Role::Admin).await;
    let record = running.ask(&key, Mode::Customer, "what does a replacement card cost?").await;
    let asked = text(&record, "id").to_owned();
    let conversation = text(&record, "conversation").to_owned();
    let before = to_review(&running).await;
    for fault in [PANICS, HANGS] {
        state.store(fault, Ordering::SeqCst);
        let since = Instant::now();
        for (way, reply) in every_way_in(&running, &key, &asked).await {
            let problem = reply.problem(503, "guard_failed");
            assert!(!reply.text.contains(SECRET), "{way}");
            assert_eq!(reply.header("retry-after"), "5", "{way}");
            if way != "scanning" {
                let help = text(&problem, "help");
                assert!(help.contains("1300 975 707") && help.contains("13 11 14"), "{way}: {help}");
                assert!(text(&problem, "detail").starts_with(help), "{way}: {problem}");
            }
        }
        assert!(
            since.elapsed() < Duration::from_secs(40),
            "each was given up in time: {:?}",
            since.elapsed()
        );
        if fault == PANICS {
            the_pages_say_so(&running).await;
        }
    }
    state.store(SOUND, Ordering::SeqCst);
    assert_eq!(to_review(&running).await, before, "nothing is on the review list");
    let bytes = running.database_bytes();
    assert!(!crate::house::holds(&bytes, SECRET), "nothing of it is on the disk");
    let turns = running.read(&key, &format!("/v1/conversations/{conversation}")).await.json();
    assert_eq!(turns.as_array().unwrap().len(), 1, "{turns}");
    let figures = Reply::of(running.client.get(&running.metrics)).await.text;
    for why in ["panicked", "late"] {
        assert!(figures.contains(&format!("contactiq_guard_failures_total{{why=\"{why}\"}}")), "{figures}");
    }
}

async fn the_pages_say_so(running: &Running) {
    let browser = Browser::sign_in(running).await;
    let body = form(&[("csrf", &browser.csrf), ("question", SECRET)]);
    let sent = browser.request(Method::POST, "/chat/customer").header(FORM.0, FORM.1).body(body);
    let reply = Reply::of(sent).await;
    let page = reply.page(503);
    assert!(page.contains("1300 975 707") && page.contains("13 11 14"), "{page}");
    assert!(!page.contains(SECRET));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotency_key_is_given_back_and_a_personal_id_is_not_kept_when_the_guard_fails() {
    let (running, state) = failing().await;
    let key = running.key(Role::Customer).await;
    state.store(PANICS, Ordering::SeqCst);
    let sent = || {
        running
            .posting(&key, "/v1/interactions", &json!({ "mode": "customer", "question": "what is the fee" }))
            .header("idempotency-key", "once")
            .header("x-request-id", "an-honest-id")
    };
    let refused = Reply::of(sent()).await;
    refused.problem(503, "guard_failed");
    assert_ne!(refused.header("x-request-id"), "an-honest-id", "what can't be read is not kept");
    let echoed = async |path: &str, id: &str| {
        let request = running.request(Method::GET, path).header("x-request-id", id);
        Reply::of(request).await.header("x-request-id") == id
    };
    let uuid = "0192f0c5-7e2b-7c3d-9a4e-5f6a7b8c9d0e";
    assert!(echoed("/v1/conversations", uuid).await && echoed("/health", uuid).await, "it is not read");
    assert!(!echoed("/v1/conversations", "41111111-1111-4111-8111-111111111111").await);
    state.store(SOUND, Ordering::SeqCst);
    let answered = Reply::of(sent()).await;
    assert_eq!(text(&answered.record(), "correlation_id"), "an-honest-id");
    for probe in ["/health", "/ready"] {
        assert!(!echoed(probe, "an-honest-id").await, "{probe}: nothing is read there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_note_on_a_ticket_that_the_guard_can_not_read_changes_nothing() {
    let (running, state) = failing().await;
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, "let me talk to a human").await;
    let browser = Browser::sign_in(&running).await;
    let path = format!("/tickets/{}", text(&record, "ticket"));
    let note = format!("called back, {SECRET}");
    let taken = [("state", "taken"), ("note", note.as_str())];
    state.store(PANICS, Ordering::SeqCst);
    let refused = browser.send(&path, &taken).await;
    assert!(!refused.page(503).contains(SECRET), "{}", refused.text);
    let id: TicketId = text(&record, "ticket").parse().unwrap();
    let ticket = {
        let mut reader = running.store.read().await.unwrap();
        tickets::get(&mut reader, id).await.unwrap().unwrap()
    };
    assert_eq!((ticket.state, ticket.taken_note), (TicketState::Open, None));
    assert!(!crate::house::holds(&running.database_bytes(), SECRET));
    state.store(SOUND, Ordering::SeqCst);
    let done = browser.send(&path, &taken).await;
    assert_eq!(done.redirect(), format!("{path}?done=taken"), "a control");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_quotes_nobody_could_judge_goes_to_a_person() {
    // What the message says is read first; then comes what the answer quotes.
    let sound = 1;
    let readings = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&readings);
    let fault = Arc::new(move || {
        if counted.fetch_add(1, Ordering::SeqCst) >= sound {
            panic!("as the test wants it");
        }
    });
    let running = start_with(folder(), &[], |house| {
        house.guard = house.guard.clone().failing_with(fault);
    })
    .await;
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    let steps = record["steps"].as_array().unwrap();
    let respond = steps.iter().find(|s| s["step"] == "respond").unwrap();
    assert_eq!(text(respond, "outcome"), "withheld", "{respond}");
    assert_eq!((text(&record, "outcome"), &record["citations"]), ("escalated", &json!([])), "{record}");
    assert!(record["ticket"].is_string(), "{record}");
    assert_eq!(readings.load(Ordering::SeqCst), sound + 1);
}
