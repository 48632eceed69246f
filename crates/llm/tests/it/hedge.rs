//! The next provider beside a slow one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use contactiq_domain::{Timestamp, clock::FixedClock};
use contactiq_llm::{
    Chain, ChainSettings, Completion, ModelError, PriceTable, Prompt, Provider, SentenceSink, Served, Tries,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use crate::{
    prompts::{prompt, provider},
    server::{Reply, Server},
};

const BUDGET: Duration = Duration::from_secs(30);
const HEDGE: Duration = Duration::from_secs(2);

/// Says sentences at their times, then ends well or not.
struct Timed {
    name: &'static str,
    sentences: Vec<(u64, &'static str)>,
    end: (u64, Result<(), ModelError>),
    asked: AtomicUsize,
    /// Calls that were dropped before their end.
    stopped: AtomicUsize,
}

struct Running<'a>(&'a Timed, bool);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.1 {
            self.0.stopped.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Timed {
    fn new(
        name: &'static str,
        sentences: &[(u64, &'static str)],
        end: (u64, Result<(), ModelError>),
    ) -> Arc<Timed> {
        let sentences = sentences.to_vec();
        Arc::new(Timed { name, sentences, end, asked: AtomicUsize::new(0), stopped: AtomicUsize::new(0) })
    }

    fn counts(&self) -> (usize, usize) {
        (self.asked.load(Ordering::SeqCst), self.stopped.load(Ordering::SeqCst))
    }

    async fn says(&self, to: Option<SentenceSink>) -> Result<Completion, ModelError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut running = Running(self, false);
        for (after, sentence) in &self.sentences {
            sleep(Duration::from_millis(*after)).await;
            if let Some(to) = &to {
                to.send((*sentence).to_owned()).await?;
            }
        }
        sleep(Duration::from_millis(self.end.0)).await;
        running.1 = true;
        let text: String = self.sentences.iter().map(|(_, sentence)| *sentence).collect();
        self.end.1.clone().map(|()| Completion::of(text, self.name))
    }
}

#[async_trait]
impl Provider for Timed {
    fn name(&self) -> &str {
        self.name
    }

    async fn complete(&self, _: &Prompt, _: Duration) -> Result<Completion, ModelError> {
        self.says(None).await
    }

    async fn stream_sentences(
        &self,
        _: &Prompt,
        _: Duration,
        on_text: SentenceSink,
    ) -> Result<Completion, ModelError> {
        self.says(Some(on_text)).await
    }

    async fn health(&self, _: Duration) -> Result<(), ModelError> {
        Ok(())
    }
}

fn chain(providers: &[&Arc<Timed>], hedge_after: Option<Duration>) -> Chain {
    let links = providers.iter().map(|provider| Arc::clone(provider) as Arc<dyn Provider>).collect();
    let settings = ChainSettings { hedge_after, retries: 1, ..ChainSettings::default() };
    Chain::new(links, settings, Arc::new(FixedClock::at(Timestamp::from_micros(0))), Arc::new(|| 1.0))
}

async fn told(chain: &Chain, tries: &Tries) -> (String, Result<Served, ModelError>) {
    let (to, mut from) = mpsc::channel(64);
    let outcome = chain.stream_sentences_counted(&prompt(), BUDGET, to, tries).await;
    let mut text = String::new();
    while let Some(piece) = from.recv().await {
        text.push_str(&piece);
    }
    (text, outcome)
}

#[tokio::test(start_paused = true)]
async fn the_first_to_answer_wins_and_the_other_is_stopped_and_counted() {
    for (first_takes, second_takes, winner, at) in [(9_000, 500, "b", 2_500), (3_000, 5_000, "a", 3_000)] {
        let a = Timed::new("a", &[(0, "A.")], (first_takes, Ok(())));
        let b = Timed::new("b", &[(0, "B.")], (second_takes, Ok(())));
        let (chain, tries, started) = (chain(&[&a, &b], Some(HEDGE)), Tries::default(), Instant::now());
        let served = chain.complete_counted(&prompt(), BUDGET, &tries).await.unwrap();
        assert_eq!((served.provider.as_str(), started.elapsed().as_millis()), (winner, at));
        assert_eq!(served.completion.attempts, 2);
        let stopped = |provider: &Timed| provider.counts() == (1, usize::from(provider.name != winner));
        assert!(stopped(&a) && stopped(&b), "{:?} {:?}", a.counts(), b.counts());
        assert_eq!(tries.unknown(), 1, "what the other may ask for is not known");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_quick_is_asked_alone_and_without_the_option_too() {
    for (hedge, takes) in [(Some(HEDGE), 1_999), (None, 9_000)] {
        let a = Timed::new("a", &[(0, "A.")], (takes, Ok(())));
        let b = Timed::new("b", &[(0, "B.")], (0, Ok(())));
        let (chain, tries) = (chain(&[&a, &b], hedge), Tries::default());
        assert_eq!(chain.complete_counted(&prompt(), BUDGET, &tries).await.unwrap().provider, "a");
        assert_eq!((b.counts().0, tries.unknown()), (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn in_a_stream_the_first_sentence_decides_and_no_word_of_the_other_is_heard() {
    // The other is far ahead in time, and the first would have ended before it.
    let a = Timed::new("a", &[(4_000, "A one. "), (10, "A two.")], (0, Ok(())));
    let b = Timed::new("b", &[(500, "B one. "), (5_000, "B two.")], (0, Ok(())));
    let tries = Tries::default();
    let (text, served) = told(&chain(&[&a, &b], Some(HEDGE)), &tries).await;
    assert_eq!((text.as_str(), served.unwrap().provider.as_str()), ("B one. B two.", "b"));
    assert_eq!((a.counts(), b.counts(), tries.unknown()), ((1, 1), (1, 0), 1));

    let a = Timed::new("a", &[(1_000, "A one. "), (9_000, "A two.")], (0, Ok(())));
    let (text, served) = told(&chain(&[&a, &b], Some(HEDGE)), &Tries::default()).await;
    assert_eq!((text.as_str(), served.unwrap().provider.as_str()), ("A one. A two.", "a"));
    assert_eq!(b.counts().0, 1, "whoever has begun is not hedged");

    let both = [(2_500, "A one. "), (0, "A two.")];
    let (a, b) = (Timed::new("a", &both, (50, Ok(()))), Timed::new("b", &[(500, "B one. ")], (50, Ok(()))));
    let (text, _) = told(&chain(&[&a, &b], Some(HEDGE)), &Tries::default()).await;
    assert!(text == "A one. A two." || text == "B one. ", "at once: one of them alone: {text}");
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_leaves_it_to_the_other() {
    let refused = || Err(ModelError::Refused(400));
    let well = || Ok(());
    for (first, second, expected, at) in [
        ((100, refused()), (500, well()), Ok("b"), 600),
        ((2_100, refused()), (5_000, well()), Ok("b"), 7_000),
        ((6_000, well()), (100, refused()), Ok("a"), 6_000),
        ((3_000, refused()), (100, Err(ModelError::Unauthorised)), Err(ModelError::Refused(400)), 3_000),
    ] {
        let (a, b) = (Timed::new("a", &[(0, "A.")], first), Timed::new("b", &[(0, "B.")], second));
        let started = Instant::now();
        let served = chain(&[&a, &b], Some(HEDGE)).complete(&prompt(), BUDGET).await;
        assert_eq!(served.as_ref().map(|served| served.provider.as_str()).map_err(Clone::clone), expected);
        assert_eq!(started.elapsed().as_millis(), at);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_broke_after_its_first_sentence_is_not_begun_anew() {
    let a = Timed::new("a", &[(2_500, "A one. ")], (100, Err(ModelError::Lost)));
    let b = Timed::new("b", &[(9_000, "B one.")], (0, Ok(())));
    let (text, served) = told(&chain(&[&a, &b], Some(HEDGE)), &Tries::default()).await;
    assert_eq!((text.as_str(), served.unwrap_err()), ("A one. ", ModelError::Lost));
    assert_eq!(b.counts(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn whatever_is_dropped_both_lanes_are_inside_of_the_bound() {
    let prices = PriceTable::parse(
        "[a]\ninput_per_million = 1\noutput_per_million = 1\n[b]\ninput_per_million = 0\noutput_per_million = 9",
    )
    .unwrap();
    for at in (0..8_000).step_by(250) {
        let a = Timed::new("a", &[(3_000, "A.")], (2_000, Err(ModelError::Lost)));
        let b = Timed::new("b", &[(3_100, "B.")], (100, Ok(())));
        let (chain, tries, prompt) = (chain(&[&a, &b], Some(HEDGE)), Tries::default(), prompt());
        let bound = chain.bound(&prompt, &prices).unwrap();
        let call = chain.complete_counted(&prompt, BUDGET, &tries);
        let dropped = tokio::time::timeout(Duration::from_millis(at), call).await.is_err();
        let known = if dropped { 0 } else { 1 };
        assert!(tries.unknown() + known <= bound.tries, "{at}: {}", tries.unknown());
        assert!(!dropped || tries.unknown() as usize >= a.counts().1 + b.counts().1, "{at}");
    }
}

#[tokio::test]
async fn over_tcp_the_slow_server_is_left_as_soon_as_the_other_answers() {
    let (slow, quick) = (Server::start(vec![Reply::hang()]), Server::start(vec![Reply::answer("Yes.")]));
    let settings =
        ChainSettings { hedge_after: Some(Duration::from_millis(100)), ..ChainSettings::default() };
    let links: Vec<Arc<dyn Provider>> = vec![Arc::new(provider(&slow)), Arc::new(provider(&quick))];
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    let chain = Chain::new(links, settings, clock, Arc::new(|| 0.5));
    let started = std::time::Instant::now();
    assert_eq!(chain.complete(&prompt(), BUDGET).await.unwrap().completion.text, "Yes.");
    assert!(started.elapsed() < Duration::from_secs(5) && slow.client_left().await);
}
