//! A guard that fails: on no path does a message go on, nothing of it is kept, and a person is offered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use contactiq_domain::{Mode, Role};
use contactiq_store::review;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    house::{FORM, Key, Running, folder, form, start_with},
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
    state.store(SOUND, Ordering::SeqCst);
    let answered = Reply::of(sent()).await;
    assert_eq!(text(&answered.record(), "correlation_id"), "an-honest-id");
}
