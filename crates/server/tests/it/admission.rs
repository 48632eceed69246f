//! The request queue from outside: who goes first, who is told to come back.

use std::time::Duration;

use contactiq_domain::Role;
use contactiq_pipeline::House;
use reqwest::header::RETRY_AFTER;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    house::{REPLACEMENT, Running, folder, soon, start, start_with},
    reply::{Reply, text},
};

/// Waits until so many wait: urgent, ordinary, bulk.
async fn stand(running: &Running, waiting: [usize; 3]) {
    soon(async || (running.admission() == (1, waiting)).then_some(())).await;
}

fn body(question: &str, person: &str) -> Value {
    json!({ "mode": "customer", "question": question, "subject": person, "session": person })
}

/// One place, and the test has it: whoever comes waits.
#[tokio::test]
async fn a_report_of_theft_goes_before_those_who_came_earlier_and_bulk_work_waits() {
    let running =
        start(&[("CONTACTIQ__LIMITS__ANSWERS_AT_ONCE", "1"), ("CONTACTIQ__LIMITS__QUESTIONS_WAITING", "3")])
            .await;
    let key = running.key(Role::Service).await;
    let place = running.occupy().await;
    let mut asking = JoinSet::new();
    let ask =
        |asking: &mut JoinSet<(&'static str, Value)>, name: &'static str, question: &str, bulk: bool| {
            let mut sent = running.posting(&key, "/v1/interactions", &body(question, name));
            if bulk {
                sent = sent.header("priority", "u=6, i");
            }
            asking.spawn(async move { (name, Reply::of(sent).await.record()) });
        };
    ask(&mut asking, "bulk", REPLACEMENT, true);
    stand(&running, [0, 0, 1]).await;
    ask(&mut asking, "early", REPLACEMENT, false);
    stand(&running, [0, 1, 1]).await;
    ask(&mut asking, "early too", REPLACEMENT, false);
    stand(&running, [0, 2, 1]).await;
    ask(&mut asking, "robbed", "someone stole my card and is using it", false);
    stand(&running, [1, 2, 1]).await;
    let figures = reqwest::get(&running.metrics).await.unwrap().text().await.unwrap();
    assert!(figures.contains("contactiq_questions_waiting{priority=\"ordinary\"} 2"), "{figures}");

    // As many wait as may.
    let full = running.post(&key, "/v1/interactions", &body(REPLACEMENT, "late")).await;
    full.problem(503, "overloaded");
    let seconds: u64 = full.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");

    drop(place);
    let mut done: Vec<(&str, Value)> = asking.join_all().await;
    done.sort_by(|a, b| text(&a.1, "created_at").cmp(text(&b.1, "created_at")));
    // `created_at` is when it was begun, not when it came.
    let order: Vec<&str> = done.iter().map(|(name, _)| *name).collect();
    assert_eq!(order, ["robbed", "early", "early too", "bulk"]);
    assert_eq!(running.admission(), (0, [0, 0, 0]));
}

#[tokio::test]
async fn a_question_whose_time_would_run_out_in_the_queue_is_refused_at_once_and_its_key_is_free() {
    let running =
        start(&[("CONTACTIQ__LIMITS__ANSWERS_AT_ONCE", "1"), ("CONTACTIQ__LIMITS__QUESTIONS_WAITING", "0")])
            .await;
    let key = running.key(Role::Service).await;
    let place = running.occupy().await;
    let late = || running.posting(&key, "/v1/interactions", &body(REPLACEMENT, "late"));
    let since = std::time::Instant::now();
    let keyed = || late().header("idempotency-key", "once");
    Reply::of(keyed()).await.problem(503, "overloaded");
    assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
    drop(place);
    let first = Reply::of(keyed()).await.record();
    assert_eq!(Reply::of(keyed()).await.record(), first);
}

/// An example of a trigger that no pattern reads, and that is read from its words alone.
fn learned(house: &House) -> Option<String> {
    let file: toml::Table = toml::from_str(include_str!("../../../../defaults/triggers.toml")).unwrap();
    let triggers = file.values().filter_map(|trigger| trigger.get("examples")?.as_array());
    let mut examples = triggers.flatten().filter_map(|example| example.as_str());
    let surely = |text: &str| {
        house.models.trigger_scores(text, None).iter().any(|(_, score)| *score > 0.9)
            && house.rules.matches(text).is_empty()
    };
    examples.find(|text| text.split_whitespace().count() > 3 && surely(text)).map(str::to_owned)
}

#[tokio::test]
async fn what_was_learned_of_a_trigger_goes_before_those_who_came_earlier_too() {
    let one = [("CONTACTIQ__LIMITS__ANSWERS_AT_ONCE", "1")];
    let mut example = None;
    let running = start_with(folder(), &one, |house| example = learned(house)).await;
    let example = example.expect("no example is read from its words alone");
    let key = running.key(Role::Service).await;
    let place = running.occupy().await;
    let mut asking = JoinSet::new();
    for (name, question, waiting) in
        [("early", REPLACEMENT, [0, 1, 0]), ("learned", example.as_str(), [1, 1, 0])]
    {
        let sent = running.posting(&key, "/v1/interactions", &body(question, name));
        asking.spawn(async move { (name, Reply::of(sent).await.record()) });
        stand(&running, waiting).await;
    }
    drop(place);
    let mut done: Vec<(&str, Value)> = asking.join_all().await;
    done.sort_by(|a, b| text(&a.1, "created_at").cmp(text(&b.1, "created_at")));
    assert_eq!(done.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["learned", "early"], "{example}");
}
