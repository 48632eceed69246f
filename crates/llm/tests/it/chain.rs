//! Retries, breakers, fallback.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use contactiq_domain::{Timestamp, clock::FixedClock};
use contactiq_llm::{
    BreakerState, Chain, ChainSettings, Completion, ModelError, PriceTable, Prompt, Provider, Tries,
};
use tokio::time::Instant;

use crate::{
    prompts::{prompt, provider},
    server::{Reply, Server},
};

const BUDGET: Duration = Duration::from_secs(30);

/// Answers from a script: `None` hangs. The last line repeats. It notes when it was asked and how
/// much time it was given.
struct Scripted {
    name: &'static str,
    script: Mutex<VecDeque<Option<Result<(), ModelError>>>>,
    asked: Mutex<Vec<(Instant, Duration)>>,
}

impl Scripted {
    fn new(name: &'static str, script: Vec<Option<Result<(), ModelError>>>) -> Arc<Self> {
        Arc::new(Self { name, script: Mutex::new(script.into()), asked: Mutex::default() })
    }

    fn failing(name: &'static str, error: ModelError) -> Arc<Self> {
        Self::new(name, vec![Some(Err(error))])
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn budgets(&self) -> Vec<u128> {
        self.asked.lock().unwrap().iter().map(|(_, budget)| budget.as_millis()).collect()
    }

    fn gaps(&self) -> Vec<u128> {
        self.asked.lock().unwrap().windows(2).map(|pair| (pair[1].0 - pair[0].0).as_millis()).collect()
    }
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn complete(&self, _: &Prompt, budget: Duration) -> Result<Completion, ModelError> {
        self.asked.lock().unwrap().push((Instant::now(), budget));
        let line = {
            let mut script = self.script.lock().unwrap();
            if script.len() > 1 { script.pop_front().unwrap() } else { script[0].clone() }
        };
        match line {
            Some(outcome) => outcome.map(|()| Completion::of("Yes.", self.name)),
            None => std::future::pending().await,
        }
    }

    async fn health(&self, _: Duration) -> Result<(), ModelError> {
        Ok(())
    }
}

fn chain(providers: Vec<Arc<dyn Provider>>, settings: ChainSettings) -> (Chain, Arc<FixedClock>) {
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000)));
    (Chain::new(providers, settings, clock.clone(), Arc::new(|| 1.0)), clock)
}

fn usual(providers: Vec<Arc<dyn Provider>>) -> (Chain, Arc<FixedClock>) {
    chain(providers, ChainSettings::default())
}

fn quick() -> ChainSettings {
    ChainSettings { base_backoff: Duration::from_millis(2), ..ChainSettings::default() }
}

#[tokio::test]
async fn over_tcp_a_429_is_retried_and_then_served() {
    let limited = Reply::with(429, "application/json", "retry-after: 1\r\n", "{}");
    let server = Server::start(vec![limited, Reply::answer("Yes.")]);
    let (chain, _) = chain(vec![Arc::new(provider(&server))], quick());
    let started = std::time::Instant::now();
    let served = chain.complete(&prompt(), BUDGET).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1), "Retry-After is obeyed");
    assert_eq!((served.provider.as_str(), served.completion.attempts), ("openai", 2));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn over_tcp_a_500_is_tried_four_times_and_a_401_or_404_once() {
    for (status, tries, error) in [
        (500, 4, ModelError::Refused(500)),
        (401, 1, ModelError::Unauthorised),
        (404, 1, ModelError::NotFound),
        (400, 1, ModelError::Refused(400)),
    ] {
        let server = Server::start(vec![Reply::json(status, "{}")]);
        let (chain, _) = chain(vec![Arc::new(provider(&server))], quick());
        assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), error);
        assert_eq!(server.seen().len(), tries, "{status}");
    }
}

#[tokio::test]
async fn over_tcp_the_next_provider_serves_when_the_first_hangs() {
    let (hanging, healthy) = (Server::start(vec![Reply::hang()]), Server::start(vec![Reply::answer("Yes.")]));
    let settings = ChainSettings { timeout: Duration::from_millis(200), retries: 1, ..quick() };
    let (chain, _) = chain(vec![Arc::new(provider(&hanging)), Arc::new(provider(&healthy))], settings);
    let served = chain.complete(&prompt(), BUDGET).await.unwrap();
    assert_eq!((served.completion.text.as_str(), served.completion.attempts), ("Yes.", 3));
    assert!(hanging.client_left().await && hanging.client_left().await);
    let health = chain.health(Duration::from_millis(100)).await;
    assert_eq!(health.len(), 2);
    assert_eq!(health[0].1, Err(ModelError::Timeout));
}

#[tokio::test(start_paused = true)]
async fn waits_double_and_each_try_is_shorter() {
    let failing = Scripted::failing("a", ModelError::Refused(500));
    let (chain, _) = usual(vec![failing.clone()]);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::Refused(500));
    assert_eq!(failing.budgets(), [20_000, 10_000, 5_000, 2_500]);
    assert_eq!(failing.gaps(), [200, 400, 800]);
}

#[tokio::test(start_paused = true)]
async fn everything_stays_inside_the_budget() {
    let (hanging, behind) = (Scripted::new("a", vec![None]), Scripted::new("b", vec![None]));
    let (chain, _) = usual(vec![hanging.clone(), behind.clone()]);
    let started = Instant::now();
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::Timeout);
    assert!(started.elapsed() <= BUDGET + Duration::from_millis(5), "{:?}", started.elapsed());
    assert_eq!(hanging.budgets()[0], 20_000);
    assert!(behind.asked() >= 1, "time is kept for the provider behind");

    let alone = Scripted::new("a", vec![None]);
    let (chain, _) = usual(vec![alone.clone()]);
    let started = Instant::now();
    let error = chain.complete(&prompt(), Duration::from_secs(2)).await.unwrap_err();
    assert_eq!((error, started.elapsed().as_secs()), (ModelError::Timeout, 2));
    assert_eq!(alone.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_after_beyond_the_deadline_goes_to_the_next_provider_at_once() {
    let limited = ModelError::RateLimited { retry_after: Some(Duration::from_secs(60)) };
    let (first, second) = (Scripted::failing("a", limited), Scripted::new("b", vec![Some(Ok(()))]));
    let (chain, _) = usual(vec![first.clone(), second]);
    let started = Instant::now();
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap().provider, "b");
    assert_eq!((first.asked(), started.elapsed().as_millis()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_says_when_to_come_back_is_left_alone_until_then_by_every_call() {
    let limited = |seconds| ModelError::RateLimited { retry_after: Some(Duration::from_secs(seconds)) };
    let first = Scripted::new("a", vec![Some(Err(limited(3_600))), Some(Ok(()))]);
    let second = Scripted::new("b", vec![Some(Ok(()))]);
    let (chain, clock) = usual(vec![first.clone(), second.clone()]);
    assert!(chain.states().iter().all(contactiq_llm::ProviderState::is_asked));
    for _ in 0..3 {
        assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap().provider, "b");
    }
    assert_eq!((first.asked(), second.asked()), (1, 3), "the first is asked once");
    let states = chain.states();
    assert_eq!(
        (states[0].is_asked(), states[0].not_before_seconds, states[1].is_asked()),
        (false, Some(600), true)
    );
    assert_eq!(states[0].breaker, BreakerState::Closed);
    clock.advance_seconds(599);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap().provider, "b");
    clock.advance_seconds(1);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap().provider, "a", "ten minutes at most");

    // Alone: a long wait is told at once, and a short one is waited for.
    let alone = Scripted::new("a", vec![Some(Err(limited(600))), Some(Err(limited(2))), Some(Ok(()))]);
    let (chain, clock) = usual(vec![alone.clone()]);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), limited(600));
    let started = Instant::now();
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::NotYet);
    assert_eq!((alone.asked(), started.elapsed().as_millis()), (1, 0));
    clock.advance_seconds(600);
    let tries = Tries::default();
    let short = chain.complete_counted(&prompt(), Duration::from_secs(1), &tries).await;
    assert_eq!((short.unwrap_err(), tries.unknown()), (limited(2), 0));
    let started = Instant::now();
    assert!(chain.complete(&prompt(), BUDGET).await.is_ok());
    assert!((2_000..2_300).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
    assert_eq!(alone.asked(), 3);
}

#[tokio::test(start_paused = true)]
async fn one_provider_that_hangs_leaves_time_for_another_try_and_for_the_one_behind() {
    let alone = Scripted::new("a", vec![None, Some(Ok(()))]);
    let (chain, _) = usual(vec![alone.clone()]);
    let served = chain.complete(&prompt(), BUDGET).await.unwrap();
    assert_eq!((served.completion.attempts, alone.budgets().len()), (2, 2));
    assert!(alone.budgets()[0] == 20_000 && alone.budgets()[1] >= 9_500, "{:?}", alone.budgets());

    let (hanging, behind) = (Scripted::new("a", vec![None]), Scripted::new("b", vec![Some(Ok(()))]));
    let (chain, _) = usual(vec![hanging.clone(), behind.clone()]);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap().provider, "b");
    assert_eq!((hanging.asked(), behind.asked()), (1, 1));
    assert!(
        (9_900..=10_000).contains(&behind.budgets()[0]),
        "a third of the time is the other's: {:?}",
        behind.budgets()
    );
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_after_five_failures_and_probes_once_after_sixty_seconds() {
    let down = ModelError::Unreachable;
    let failing = Scripted::new("a", vec![Some(Err(down.clone())); 6]);
    let (chain, clock) = usual(vec![failing.clone()]);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), down);
    assert_eq!((failing.asked(), chain.states()[0].breaker), (4, BreakerState::Closed));
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), down);
    assert_eq!(
        (failing.asked(), chain.states()[0].breaker),
        (5, BreakerState::Open),
        "no try after the fifth"
    );
    clock.advance_seconds(59);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::BreakerOpen);
    assert_eq!(failing.asked(), 5);
    clock.advance_seconds(1);
    assert_eq!(chain.states()[0].breaker, BreakerState::HalfOpen);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), down);
    assert_eq!((failing.asked(), chain.states()[0].breaker), (6, BreakerState::Open), "one probe, not four");

    *failing.script.lock().unwrap() = VecDeque::from([None]);
    clock.advance_seconds(60);
    let prompt = prompt();
    let mut probe = Box::pin(chain.complete(&prompt, BUDGET));
    assert!(tokio::time::timeout(Duration::from_millis(1), &mut probe).await.is_err());
    assert_eq!(chain.complete(&prompt, BUDGET).await.unwrap_err(), ModelError::BreakerOpen, "one at a time");
    drop(probe);
    *failing.script.lock().unwrap() = VecDeque::from([Some(Ok(()))]);
    assert!(chain.complete(&prompt, BUDGET).await.is_ok(), "a probe that was dropped gives its place back");
    assert_eq!(chain.states()[0].breaker, BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_request_does_not_open_the_breaker() {
    let failing = Scripted::failing("a", ModelError::Refused(400));
    let (chain, _) = usual(vec![failing.clone()]);
    for _ in 0..10 {
        assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::Refused(400));
    }
    assert_eq!((failing.asked(), chain.states()[0].breaker), (10, BreakerState::Closed));
}

#[tokio::test(start_paused = true)]
async fn the_failure_that_was_seen_is_the_one_that_is_told() {
    let (chain, _) = usual(vec![]);
    assert!(chain.is_empty());
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::NoProvider);

    let settings = ChainSettings { breaker_failures: 1, ..ChainSettings::default() };
    let first = Scripted::failing("a", ModelError::Unauthorised);
    let second = Scripted::failing("b", ModelError::NotFound);
    let (chain, clock) = self::chain(vec![first, second], settings);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::NotFound);
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::BreakerOpen);
    clock.advance_seconds(60);
    let json = serde_json::to_string(&chain.states()).unwrap();
    assert_eq!(json, r#"[{"name":"a","breaker":"half_open"},{"name":"b","breaker":"half_open"}]"#);
}

#[test]
fn a_call_can_move_between_threads() {
    fn is_send<T: Send>(_: T) {}
    let (chain, _) = usual(vec![]);
    let prompt = prompt();
    is_send(chain.complete(&prompt, BUDGET));
    is_send(chain.stream_sentences(&prompt, BUDGET, tokio::sync::mpsc::channel(1).0));
    is_send(chain.health(BUDGET));
}

#[tokio::test(start_paused = true)]
async fn tries_that_may_have_cost_something_are_counted_and_the_others_are_not() {
    for (script, unknown) in [
        (vec![Some(Ok(()))], 0),
        (vec![Some(Err(ModelError::Unreachable))], 0),
        (vec![Some(Err(ModelError::Refused(500)))], 0),
        (vec![Some(Err(ModelError::RateLimited { retry_after: None })), Some(Ok(()))], 0),
        (vec![Some(Err(ModelError::Lost)), Some(Ok(()))], 1),
        (vec![Some(Err(ModelError::BrokeOff(429))), Some(Ok(()))], 1),
        (vec![Some(Err(ModelError::BrokeOff(401)))], 1),
        (vec![Some(Err(ModelError::Timeout)), Some(Err(ModelError::Lost)), Some(Ok(()))], 2),
        (vec![Some(Err(ModelError::Garbage { what: "no text" }))], 1),
        (vec![Some(Err(ModelError::Unauthorised))], 0),
        (vec![Some(Err(ModelError::Timeout))], 4),
    ] {
        let (chain, _) = usual(vec![Scripted::new("a", script.clone())]);
        let tries = Tries::default();
        let _answer = chain.complete_counted(&prompt(), BUDGET, &tries).await;
        assert_eq!(tries.unknown(), unknown, "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_leaves_its_try_unknown() {
    let (chain, _) = usual(vec![Scripted::new("a", vec![None])]);
    let (tries, prompt) = (Tries::default(), prompt());
    let call = chain.complete_counted(&prompt, BUDGET, &tries);
    assert!(tokio::time::timeout(Duration::from_millis(5), call).await.is_err());
    assert_eq!(tries.unknown(), 1);
}

#[tokio::test]
async fn a_call_is_bounded_by_its_dearest_model_and_all_its_tries() {
    let prices = PriceTable::parse(
        "[cheap]\ninput_per_million = 0\noutput_per_million = 1\n[dear]\ninput_per_million = 0\noutput_per_million = 10",
    )
    .unwrap();
    let of = |names: &[&'static str]| {
        let providers = names.iter().map(|name| Scripted::new(name, vec![None]) as Arc<dyn Provider>);
        usual(providers.collect()).0
    };
    let tokens = i64::from(prompt().max_output_tokens);
    let bound = of(&["cheap", "dear"]).bound(&prompt(), &prices).unwrap();
    assert_eq!((bound.one_try.0, bound.tries, bound.all().0), (tokens * 10_000, 8, tokens * 80_000));
    assert_eq!(of(&["cheap", "unknown"]).bound(&prompt(), &prices), None);
    assert_eq!(of(&[]).bound(&prompt(), &prices), None);
    assert_eq!(of(&["cheap", "dear"]).models().collect::<Vec<_>>(), ["cheap", "dear"]);
}
