//! `contactiq bench --against URL`: users who ask a running server, over HTTP with connections that stay open (rows
//! S2 and S4). Without a rate each asks again as soon as it was answered (closed loop); with one a question is asked
//! at its time whether or not the one before was answered, and its time counts from when it was due (open loop), so
//! that a server which stalls can't hide it.

use std::{
    collections::BTreeMap,
    process::ExitCode,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use contactiq_domain::Mode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    Outcome,
    bench::{Timing, summary},
    output,
};
use crate::demo;

/// Where the API key of the server is read: never an argument, which every process of the machine can see.
const KEY: &str = "CONTACTIQ_BENCH_KEY";
/// Whoever waits longer has got no answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// What people put before a question, and behind it: each question of the demo's traffic in so many wordings.
const BEFORE: [&str; 9] = [
    "",
    "Hi,",
    "Hello there,",
    "Good morning,",
    "Hey,",
    "Quick question:",
    "Please,",
    "Sorry,",
    "Excuse me,",
];
const AFTER: [&str; 7] = ["", "Thanks", "Thank you", "Cheers", "Many thanks", "Thanks a lot", "Ta"];

/// What is asked of a running server.
#[derive(clap::Args)]
pub(super) struct Users {
    /// Ask the server at this address, with the key in CONTACTIQ_BENCH_KEY; nothing else is measured then.
    #[arg(long, value_name = "URL")]
    pub(super) against: Option<String>,
    /// Users at once, 1 to 10,000.
    #[arg(long, default_value_t = 100, requires = "against", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    users: u32,
    /// How long they ask, seconds.
    #[arg(long, default_value_t = 20, requires = "against", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
    /// Questions a second, at their time (open loop); without it each user asks again once it was answered.
    #[arg(long, requires = "against", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: Option<u32>,
    /// The same few questions again and again, as a server that remembers answers would see them.
    #[arg(long, requires = "against")]
    again: bool,
}

/// What one user saw.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    /// Records by outcome, and what was no record by its code or status.
    answers: BTreeMap<String, usize>,
    failures: BTreeMap<String, usize>,
}

/// Asks, and prints answers a second, p50, p95 and p99 in milliseconds, and what went wrong.
pub(super) async fn run(url: &str, users: &Users, as_json: bool) -> Outcome {
    let key = api_key()?;
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .pool_max_idle_per_host(users.users as usize)
        .tcp_nodelay(true)
        .build()?;
    let asked = Arc::new(Asked {
        client,
        url: format!("{}/v1/interactions", url.trim_end_matches('/')),
        key,
        questions: demo::traffic()
            .into_iter()
            .filter(|l| l.mode == Mode::Customer)
            .map(|l| l.question)
            .collect(),
        again: users.again,
        next: AtomicUsize::new(0),
        begun: Instant::now(),
        length: Duration::from_secs(users.seconds.into()),
        apart: users.rate.map(|rate| Duration::from_secs(1) / rate),
        seen: Mutex::new(Seen::default()),
    });
    let mut all = JoinSet::new();
    for _ in 0..users.users {
        all.spawn(Arc::clone(&asked).user());
    }
    while let Some(user) = all.join_next().await {
        user?;
    }
    let took = asked.begun.elapsed();
    let mut seen = std::mem::take(&mut *asked.seen.lock().unwrap_or_else(PoisonError::into_inner));
    let (answered, failed) = (seen.answers.values().sum::<usize>(), seen.failures.values().sum::<usize>());
    seen.times.sort_unstable();
    let p95 = seen.times.get(seen.times.len().saturating_sub(1) * 95 / 100).copied().unwrap_or_default();
    let Timing { p50_us, p99_us, .. } = summary("answers", seen.times);
    let a_second = answered as f64 / took.as_secs_f64();
    if as_json {
        output::json(&json!({
            "users": users.users, "seconds": took.as_secs_f64(), "rate": users.rate, "again": users.again,
            "answered": answered, "failed": failed, "a_second": a_second,
            "p50_ms": p50_us / 1e3, "p95_ms": p95.as_secs_f64() * 1e3, "p99_ms": p99_us / 1e3,
            "outcomes": seen.answers, "failures": seen.failures,
        }));
    } else {
        let row = vec![
            users.users.to_string(),
            answered.to_string(),
            failed.to_string(),
            format!("{a_second:.0}"),
            format!("{:.1}", p50_us / 1e3),
            format!("{:.1}", p95.as_secs_f64() * 1e3),
            format!("{:.1}", p99_us / 1e3),
        ];
        output::table(&["users", "answered", "failed", "a second", "p50 ms", "p95 ms", "p99 ms"], vec![row]);
        for (what, count) in seen.answers.iter().chain(&seen.failures) {
            output::note(format!("{count} {what}"));
        }
    }
    Ok(if failed == 0 && answered > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Asked {
    client: reqwest::Client,
    url: String,
    key: String,
    questions: Vec<String>,
    again: bool,
    next: AtomicUsize,
    begun: Instant,
    length: Duration,
    apart: Option<Duration>,
    seen: Mutex<Seen>,
}

impl Asked {
    async fn user(self: Arc<Self>) {
        let mut seen = Seen::default();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let mut since = Instant::now();
            if let Some(apart) = self.apart {
                let due = apart.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
                if due >= self.length {
                    break;
                }
                since = self.begun + due;
                tokio::time::sleep_until(since.into()).await;
            } else if self.begun.elapsed() >= self.length {
                break;
            }
            match self.ask(&self.question(number)).await {
                Ok(outcome) => {
                    seen.times.push(since.elapsed());
                    *seen.answers.entry(outcome).or_default() += 1;
                }
                Err(why) => {
                    // Whoever waited for nothing waited too.
                    seen.times.push(since.elapsed());
                    *seen.failures.entry(why).or_default() += 1;
                }
            }
        }
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.times.append(&mut seen.times);
        seen.answers.into_iter().for_each(|(what, count)| *all.answers.entry(what).or_default() += count);
        seen.failures.into_iter().for_each(|(what, count)| *all.failures.entry(what).or_default() += count);
    }

    /// The number-th question: the next of the traffic, each time round in another wording.
    fn question(&self, number: usize) -> String {
        let plain = &self.questions[number % self.questions.len()];
        if self.again {
            return plain.clone();
        }
        worded(plain, number / self.questions.len())
    }

    async fn ask(&self, question: &str) -> Result<String, String> {
        let request = self.client.post(&self.url).bearer_auth(&self.key);
        let response =
            request.json(&json!({ "mode": "customer", "question": question })).send().await.map_err(|e| {
                if e.is_timeout() { "no answer in 30 s".to_owned() } else { "no connection".to_owned() }
            })?;
        let status = response.status();
        let body: Value = response
            .json()
            .await
            .map_err(|e| if e.is_timeout() { late() } else { format!("{status} without JSON") })?;
        let word = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        word("outcome").ok_or_else(|| word("code").unwrap_or_else(|| status.to_string()))
    }
}

#[expect(clippy::disallowed_methods, reason = "a client's own key is no setting of the server that it asks")]
fn api_key() -> Result<String, String> {
    std::env::var(KEY).map_err(|_| format!("{KEY} is not set: put an API key of the server there"))
}

fn late() -> String {
    format!("no answer in {} s", PATIENCE.as_secs())
}

/// A question in the round-th wording.
fn worded(question: &str, round: usize) -> String {
    let before = BEFORE[round % BEFORE.len()];
    let after = AFTER[round / BEFORE.len() % AFTER.len()];
    let again = round / (BEFORE.len() * AFTER.len());
    let mut words: Vec<&str> = vec![before, question, after];
    words.extend(std::iter::repeat_n("please", again));
    words.retain(|w| !w.is_empty());
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_round_has_words_of_its_own() {
        let all: BTreeSet<String> = (0..200).map(|round| worded("What is the fee?", round)).collect();
        assert_eq!(all.len(), 200);
        assert_eq!(worded("What is the fee?", 10), "Hi, What is the fee? Thanks");
    }
}
