//! One dependable call made of several providers: timeout, retries, breaker, next provider.

mod hedge;
mod lane;
mod not_before;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{
    Clock,
    breaker::{Breaker, BreakerState, Permit},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout},
};

use self::{
    lane::{Call, Delivery, Lane},
    not_before::NotBefore,
};
use crate::{
    Bound, Completion, Jitter, ModelError, PriceTable, Prompt, Provider, SentenceSink, Tries, backoff,
    tries::Progress,
};

/// Less than this is not worth a try.
const SHORTEST_TRY: Duration = Duration::from_millis(50);
/// Longer than this nobody holds a place and a part of the budget because a provider asked to be left alone.
const LONGEST_WAIT: Duration = Duration::from_secs(3);
/// A budget beyond this is a mistake of the caller, and must not overflow a deadline.
const LONGEST_BUDGET: Duration = Duration::from_secs(3_600);
/// Room between a provider and a slow reader, so that the reader's slowness is not the provider's.
const SENTENCES_IN_FLIGHT: usize = 512;

/// How patient the chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainSettings {
    /// The first try at a provider may take this long; each further one half of the one before.
    pub timeout: Duration,
    /// Retries at one provider, for failures that may pass.
    pub retries: u32,
    /// The first wait between two tries; it doubles.
    pub base_backoff: Duration,
    /// Failures in a row that open a provider's breaker.
    pub breaker_failures: u32,
    /// How long it stays open before one probe.
    pub breaker_open: Duration,
    /// When the first provider has not begun to answer by then, the next one is asked too; `None` waits for it.
    pub hedge_after: Option<Duration>,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            retries: 3,
            base_backoff: Duration::from_millis(200),
            breaker_failures: 5,
            breaker_open: Duration::from_secs(60),
            hedge_after: None,
        }
    }
}

/// Providers in order of preference.
pub struct Chain {
    links: Vec<Link>,
    settings: ChainSettings,
    jitter: Jitter,
}

struct Link {
    provider: Arc<dyn Provider>,
    breaker: Breaker,
    not_before: NotBefore,
}

/// An answer and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Name of the provider.
    pub provider: String,
    /// The answer; its `attempts` counts the tries at every provider of this call.
    pub completion: Completion,
}

/// How one provider stands, for `/ready`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ProviderState {
    /// Name of the provider.
    pub name: String,
    /// Its breaker.
    pub breaker: BreakerState,
    /// Seconds for which it asked to be left alone, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before_seconds: Option<u64>,
}

impl ProviderState {
    /// Whether it is asked now.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.breaker != BreakerState::Open && self.not_before_seconds.is_none()
    }
}

impl Chain {
    /// A chain over these providers. The clock is for the breakers, the jitter for the waits.
    #[must_use]
    pub fn new(
        providers: Vec<Arc<dyn Provider>>,
        settings: ChainSettings,
        clock: Arc<dyn Clock>,
        jitter: Jitter,
    ) -> Self {
        let link = |provider| Link {
            provider,
            breaker: Breaker::new(settings.breaker_failures, settings.breaker_open, clock.clone()),
            not_before: NotBefore::new(clock.clone()),
        };
        Self { links: providers.into_iter().map(link).collect(), settings, jitter }
    }

    /// Whether any provider is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// How the providers stand, in order.
    #[must_use]
    pub fn states(&self) -> Vec<ProviderState> {
        let state = |link: &Link| ProviderState {
            name: link.provider.name().to_owned(),
            breaker: link.breaker.state(),
            not_before_seconds: link.not_before.left().map(|left| left.as_secs_f64().ceil() as u64),
        };
        self.links.iter().map(state).collect()
    }

    /// The most that a call with this prompt may cost: any of its tries at its dearest model. None where a model has no
    /// price.
    #[must_use]
    pub fn bound(&self, prompt: &Prompt, prices: &PriceTable) -> Option<Bound> {
        let each = self
            .links
            .iter()
            .map(|link| prices.most_in(link.provider.model(), prompt, link.provider.takes_forms()));
        let one_try = each.collect::<Option<Vec<_>>>()?.into_iter().max_by_key(|most| most.0)?;
        let providers = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
        let tries = self.settings.retries.saturating_add(1).saturating_mul(providers);
        Some(Bound { one_try, tries })
    }

    /// The models that are asked, in order.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.links.iter().map(|link| link.provider.model())
    }

    /// Asks every provider at once whether it is well. It neither obeys nor moves the breakers.
    pub async fn health(&self, budget: Duration) -> Vec<(String, Result<(), ModelError>)> {
        let checks = self.links.iter().map(async |link: &Link| {
            let health =
                timeout(budget, link.provider.health(budget)).await.unwrap_or(Err(ModelError::Timeout));
            (link.provider.name().to_owned(), health)
        });
        futures_util::future::join_all(checks).await
    }

    /// The answer of the first provider that gives one, within `budget`.
    ///
    /// # Errors
    /// `NoProvider`; `BreakerOpen` or `NotYet` when all of them are left alone; else the last failure.
    pub async fn complete(&self, prompt: &Prompt, budget: Duration) -> Result<Served, ModelError> {
        self.complete_counted(prompt, budget, &Tries::default()).await
    }

    /// As [`Chain::complete`]; `tries` counts those that may cost something nobody knows of, also when this is
    /// dropped half way.
    ///
    /// # Errors
    /// As [`Chain::complete`].
    pub async fn complete_counted(
        &self,
        prompt: &Prompt,
        budget: Duration,
        tries: &Tries,
    ) -> Result<Served, ModelError> {
        self.serve(prompt, budget, &Delivery::Whole, tries).await
    }

    /// As [`Chain::complete`], sentence by sentence. Nothing is retried once a sentence is out:
    /// after an error, the receiver decides what becomes of the part it has.
    ///
    /// # Errors
    /// As [`Chain::complete`], and `Cancelled` when the receiver is gone.
    pub async fn stream_sentences(
        &self,
        prompt: &Prompt,
        budget: Duration,
        on_text: mpsc::Sender<String>,
    ) -> Result<Served, ModelError> {
        self.stream_sentences_counted(prompt, budget, on_text, &Tries::default()).await
    }

    /// As [`Chain::stream_sentences`], with `tries` as in [`Chain::complete_counted`].
    ///
    /// # Errors
    /// As [`Chain::stream_sentences`].
    pub async fn stream_sentences_counted(
        &self,
        prompt: &Prompt,
        budget: Duration,
        on_text: mpsc::Sender<String>,
        tries: &Tries,
    ) -> Result<Served, ModelError> {
        let delivery = Delivery::sentences(on_text);
        let served = self.serve(prompt, budget, &delivery, tries);
        // The budget bounds a slow reader too.
        timeout(budget, served).await.unwrap_or(Err(ModelError::Timeout))
    }

    async fn serve(
        &self,
        prompt: &Prompt,
        budget: Duration,
        delivery: &Delivery,
        tries: &Tries,
    ) -> Result<Served, ModelError> {
        let deadline = Instant::now() + budget.min(LONGEST_BUDGET);
        let attempts = AtomicU32::new(0);
        let call = Call { prompt, deadline, delivery, lane: Lane::First, tries, attempts: &attempts };
        match self.settings.hedge_after {
            Some(after) if self.links.len() > 1 => self.hedged(call, after).await,
            _ => self.walk(&self.links, call, ModelError::NoProvider, false).await,
        }
    }

    /// The answer of the first of these that gives one; `last` is what went wrong before, and `more` whether others
    /// may be asked behind them.
    async fn walk(
        &self,
        links: &[Link],
        call: Call<'_>,
        mut last: ModelError,
        more: bool,
    ) -> Result<Served, ModelError> {
        for (index, link) in links.iter().enumerate() {
            let is_last = index + 1 == links.len() && !more;
            match self.ask(link, call, is_last).await {
                Ok(completion) => {
                    let provider = link.provider.name().to_owned();
                    let attempts = call.attempts.load(Ordering::SeqCst);
                    return Ok(Served { provider, completion: Completion { attempts, ..completion } });
                }
                // Who is left alone tells less than a failure that was seen.
                Err(error) if error.is_left_alone() && last != ModelError::NoProvider => {}
                Err(error) => last = error,
            }
            if !call.goes_on(&last) {
                break;
            }
        }
        Err(last)
    }

    /// Tries one provider until it answers, fails for good, or time or tries are used up.
    async fn ask(&self, link: &Link, call: Call<'_>, is_last: bool) -> Result<Completion, ModelError> {
        let mut last = ModelError::Timeout;
        // While another provider stands behind, one has two thirds of what is left, for all of its tries.
        let share = if is_last { call.left() } else { call.left() * 2 / 3 };
        let ends = Instant::now() + share;
        let left = || ends.saturating_duration_since(Instant::now());
        if let Some(wait) = link.not_before.left() {
            let wait = wait.saturating_add(self.settings.base_backoff.mul_f64(self.chance()));
            // It is waited for only where nobody else may be asked, it is short, since a place and a part of the budget
            // are held meanwhile, and it fits.
            if !is_last || wait > LONGEST_WAIT || wait.saturating_add(SHORTEST_TRY) > left() {
                return Err(ModelError::NotYet);
            }
            sleep(wait).await;
            // Somebody else was told to wait longer.
            if link.not_before.left().is_some_and(|wait| wait > LONGEST_WAIT) {
                return Err(ModelError::NotYet);
            }
        }
        for tries in 1..=self.settings.retries.saturating_add(1) {
            if tries > 1 && link.not_before.left().is_some_and(|wait| wait > LONGEST_WAIT) {
                return Err(last);
            }
            let limit = self.limit(link, tries, left());
            if limit < SHORTEST_TRY {
                return Err(last);
            }
            let Some(permit) = link.breaker.admit() else {
                return Err(if tries == 1 { ModelError::BreakerOpen } else { last });
            };
            let number = call.attempts.fetch_add(1, Ordering::SeqCst) + 1;
            let started = Instant::now();
            let progress = call.tries.begin(call.prompt);
            let outcome = attempt(link, permit, &call, limit, Arc::clone(&progress)).await;
            if outcome.as_ref().err().is_none_or(|error| !error.may_cost()) {
                call.tries.is_known(&progress);
            }
            log(link, number, started, outcome.as_ref().err());
            if let Err(ModelError::RateLimited { retry_after: Some(after) }) = &outcome {
                link.not_before.note(*after);
            }
            last = match outcome {
                Ok(completion) => return Ok(completion),
                Err(error) => error,
            };
            if !last.is_transient() || call.delivery.has_begun() || tries > self.settings.retries {
                break;
            }
            let wait = backoff::wait(self.settings.base_backoff, tries, &last, self.chance());
            if wait.saturating_add(SHORTEST_TRY) > left() || link.breaker.state() == BreakerState::Open {
                break;
            }
            sleep(wait).await;
            if call.delivery.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
        }
        Err(last)
    }

    /// How long this try may take: each half of the one before, and no more than is left.
    fn limit(&self, link: &Link, tries: u32, left: Duration) -> Duration {
        let first = link.provider.patience().unwrap_or(self.settings.timeout);
        (first / 2_u32.saturating_pow(tries - 1)).min(left)
    }

    /// A number from 0 to 1.
    fn chance(&self) -> f64 {
        let chance = (self.jitter)();
        if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.5 }
    }
}

/// One try. The breaker hears of the provider's result as soon as it is there, and of nothing when
/// the future is dropped.
async fn attempt(
    link: &Link,
    permit: Permit<'_>,
    call: &Call<'_>,
    limit: Duration,
    progress: Arc<Progress>,
) -> Result<Completion, ModelError> {
    match call.delivery {
        Delivery::Whole => {
            let answer = timeout(limit, link.provider.complete(call.prompt, limit)).await;
            settle(permit, answer.unwrap_or(Err(ModelError::Timeout)))
        }
        Delivery::Sentences { to, heard } => {
            let (from_provider, mut sentences) = mpsc::channel(SENTENCES_IN_FLIGHT);
            let ask = async {
                let sink = SentenceSink::new(from_provider, progress);
                let streamed = link.provider.stream_sentences(call.prompt, limit, sink);
                settle(permit, timeout(limit, streamed).await.unwrap_or(Err(ModelError::Timeout)))
            };
            let forward = async {
                while let Some(sentence) = sentences.recv().await {
                    let place = to.reserve().await.map_err(|_| ModelError::Cancelled)?;
                    if !heard.takes(call.lane) {
                        return Err(ModelError::Cancelled);
                    }
                    place.send(sentence);
                }
                Ok(())
            };
            // Whichever fails first ends the other: a receiver that is gone stops the provider.
            tokio::try_join!(ask, forward).map(|(completion, ())| completion)
        }
    }
}

fn settle(permit: Permit<'_>, answer: Result<Completion, ModelError>) -> Result<Completion, ModelError> {
    match &answer {
        Ok(_) => permit.success(),
        Err(error) if error.counts_against_provider() => permit.failure(),
        // It answered, and was right to refuse.
        Err(ModelError::Refused(_) | ModelError::BrokeOff(_)) => permit.success(),
        Err(_) => drop(permit),
    }
    answer
}

fn log(link: &Link, attempt: u32, started: Instant, error: Option<&ModelError>) {
    let provider = link.provider.name();
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    match error {
        None => tracing::info!(provider, attempt, millis, outcome = "ok", "model call"),
        Some(error) => {
            let breaker = link.breaker.state().as_str();
            tracing::warn!(provider, attempt, millis, outcome = error.code(), %error, breaker, "model call");
        }
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain")
            .field("providers", &self.states())
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
