//! The queue of requests between gateways, which take questions in, and workers, which answer them (C2): three streams
//! in Redis, one a priority, and a list of replies for each gateway.
//!
//! A question is given to one worker, which says every 400 ms that it still works on it. One that falls silent for
//! [`SILENT`] has died, and its questions are given to others: so a question may be answered twice, and the record of
//! the first answer counts. All times are those of the Redis server: clocks of machines differ.

mod worker;

use std::{
    sync::{Mutex, atomic::AtomicU32},
    time::Duration,
};

use contactiq_domain::ids::InteractionId;
use redis::{RedisResult, Script, aio::ConnectionManager};

use crate::redis_link::{RedisAddress, RedisLink, SharedError};

const GROUP: &str = "workers";
/// A worker that said nothing for so long has died.
pub const SILENT: Duration = Duration::from_millis(1200);
/// How often a worker says that it works.
pub const HEARTBEAT: Duration = Duration::from_millis(400);
/// How often questions of workers that died are looked for: with both a takeover begins within two seconds.
pub const TAKE_OVER_EVERY: Duration = Duration::from_millis(250);
/// A gateway waits no longer for the queue to take a question.
const PATIENCE: Duration = Duration::from_millis(50);
/// Whoever waits for something to come looks again after so long.
const BLOCK: Duration = Duration::from_millis(500);
const WORKING: Duration = Duration::from_secs(5);
/// Replies of a gateway that died are forgotten.
const REPLIES_SECONDS: i64 = 150;
/// The priorities, most urgent first.
const PRIORITIES: [&str; 3] = ["urgent", "ordinary", "bulk"];
/// The priority of whoever waits behind the others.
const BEHIND: usize = PRIORITIES.len() - 1;
/// A question that so many workers died of is given to no other.
const MOST_DELIVERIES: u64 = 3;
/// So many questions of one session, at all gateways, go before those of the bulk; the next ones go with it.
pub const OF_ONE_SESSION: usize = 4;
/// A question of which nobody said that it was answered keeps its session back for so long.
const ASKED_MILLISECONDS: u64 = 150_000;
/// Of so many times that a worker takes questions, one begins with those behind: so they end some day.
const BEHIND_EVERY: u32 = 8;

contactiq_domain::words! {
    /// What became of a question.
    Word as "reply" {
        /// Its record is durable.
        Done => "done",
        /// Another worker of its idempotency key answers.
        Overtaken => "overtaken",
        /// The worker can't read it, or what was said before: the gateway answers itself.
        Returned => "returned",
        /// Its time was up before a worker was free.
        Late => "late",
        /// Workers died of it.
        Failed => "failed",
        /// Nobody listened any more, and the model was stopped.
        Left => "left",
    }
}

/// What a gateway hears of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// What became of it.
    Word(Word),
    /// What a worker tells on the way.
    Said {
        /// Which try: what another one told is withdrawn.
        attempt: String,
        /// What it tells.
        what: String,
    },
}

/// Begins what is told on the way.
const SAID: &str = "said";
/// That nobody listens any more is told for so long.
const LEFT_SECONDS: i64 = 60;
/// For so long it is believed that somebody waits for an answer elsewhere, without hearing it again.
const ELSEWHERE_SECONDS: i64 = 10;

/// The queue of requests, for one process.
pub struct Requests {
    answers: RedisLink,
    work: RedisLink,
    waiting: RedisLink,
    namespace: String,
    /// The name of this process, as gateway and as worker.
    name: String,
    /// Redis' clock less ours, in milliseconds, as it was seen last.
    ahead: Mutex<Option<i64>>,
    patience: Duration,
    hand: Script,
    /// How often this worker took questions.
    takes: AtomicU32,
}

/// A question that a worker was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    stream: usize,
    place: String,
    gateway: String,
    /// Which interaction it becomes.
    pub interaction: InteractionId,
    /// The question.
    pub bytes: Vec<u8>,
    /// What stands for the session that asks; none where nobody said.
    session: Option<String>,
    /// When its time is up: milliseconds of Redis' clock.
    until: i64,
    /// How many workers were given it, this one included.
    pub deliveries: u64,
}

impl Taken {
    /// What it is known by: no other entry has its place.
    #[must_use]
    pub fn key(&self) -> (usize, String) {
        (self.stream, self.place.clone())
    }
}

impl std::fmt::Debug for Requests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Requests({})", self.name)
    }
}

impl Requests {
    /// The queue in the Redis of this URL, for a process of this name; its keys begin with the namespace.
    ///
    /// # Errors
    /// When the URL can't be read as one.
    pub fn connect(
        address: impl Into<RedisAddress>,
        namespace: &str,
        name: String,
    ) -> Result<Requests, SharedError> {
        let address = address.into();
        Ok(Requests {
            answers: RedisLink::new(address.clone(), PATIENCE)?,
            work: RedisLink::new(address.clone(), WORKING)?,
            waiting: RedisLink::new(address, WORKING)?,
            namespace: namespace.to_owned(),
            name,
            ahead: Mutex::new(None),
            patience: PATIENCE,
            hand: Script::new(include_str!("requests/hand.lua")),
            takes: AtomicU32::new(0),
        })
    }

    /// The same, with another patience than 50 ms for those who answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Requests {
        Requests { answers: self.answers.with_patience(patience), patience, ..self }
    }

    /// Hands a question over, for at most so long: 0 is the most urgent of three priorities. `session` stands for whoever
    /// asks: who has [`OF_ONE_SESSION`] under way goes behind the others with what is not urgent.
    ///
    /// # Errors
    /// When Redis does not take it within 50 ms; a worker may get it all the same.
    pub async fn hand(
        &self,
        (priority, session): (usize, &str),
        interaction: InteractionId,
        bytes: &[u8],
        within: Duration,
    ) -> Result<(), SharedError> {
        let late = SharedError::Unavailable { why: "its clock was not read yet, or it was late" };
        let now = self.now().ok_or_else(|| late.clone())?;
        let mut ask = self.hand.key(self.stream(priority));
        // Somebody in need is kept back by nothing that was asked before.
        let behind = if priority == 0 { priority } else { BEHIND };
        ask.key(self.stream(behind)).key(self.asks_key(session));
        // What lay in a connection that hung must not be answered twice.
        ask.arg(now + self.patience.as_millis() as i64).arg(interaction.to_string()).arg(bytes);
        ask.arg(&self.name).arg(within.as_millis() as u64);
        ask.arg(session).arg(OF_ONE_SESSION).arg(ASKED_MILLISECONDS);
        match self.answers.ask(async |mut redis| ask.invoke_async::<u64>(&mut redis).await).await? {
            0 => Err(late),
            _ => Ok(()),
        }
    }

    /// Replies to questions of this gateway; none when none came for half a second.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn replies(&self) -> Result<Vec<(InteractionId, Reply)>, SharedError> {
        let key = self.replies_key(&self.name);
        let first = async |mut redis| {
            redis::cmd("BLPOP")
                .arg((&key, BLOCK.as_secs_f64()))
                .query_async::<Option<(String, String)>>(&mut redis)
                .await
        };
        let Some((_, first)) = self.waiting.ask_within(BLOCK * 2, first).await? else {
            return Ok(Vec::new());
        };
        let more = async |mut redis| {
            redis::cmd("LPOP").arg((&key, 256)).query_async::<Option<Vec<String>>>(&mut redis).await
        };
        // The first is out of its list: what fails now must not lose it.
        let more = self.work.ask(more).await.ok().flatten().unwrap_or_default();
        Ok(std::iter::once(first).chain(more).filter_map(|reply| heard(&reply)).collect())
    }

    /// Says to whichever worker answers this that nobody listens any more.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn leave_off(&self, interaction: InteractionId) -> Result<(), SharedError> {
        let key = self.left_key(interaction);
        let say = async |mut redis| {
            redis::cmd("SET").arg((&key, 1, "EX", LEFT_SECONDS)).query_async::<()>(&mut redis).await
        };
        self.work.ask(say).await
    }

    /// Whether that was said.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn is_left_off(&self, interaction: InteractionId) -> Result<bool, SharedError> {
        let key = self.left_key(interaction);
        self.work.ask(async |mut redis| redis::cmd("EXISTS").arg(&key).query_async(&mut redis).await).await
    }

    /// Says that somebody waits for this answer at another server than the one that tells it. It holds for some seconds.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn waits_elsewhere(&self, interaction: InteractionId) -> Result<(), SharedError> {
        let key = self.elsewhere_key(interaction);
        let say = async |mut redis| {
            redis::cmd("SET").arg((&key, 1, "EX", ELSEWHERE_SECONDS)).query_async::<()>(&mut redis).await
        };
        self.work.ask(say).await
    }

    /// Whether that was said of late.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn is_waited_for_elsewhere(&self, interaction: InteractionId) -> Result<bool, SharedError> {
        let key = self.elsewhere_key(interaction);
        self.work.ask(async |mut redis| redis::cmd("EXISTS").arg(&key).query_async(&mut redis).await).await
    }

    fn elsewhere_key(&self, interaction: InteractionId) -> String {
        format!("contactiq:{}:elsewhere:{interaction}", self.namespace)
    }

    fn left_key(&self, interaction: InteractionId) -> String {
        format!("contactiq:{}:left:{interaction}", self.namespace)
    }

    /// How many workers live.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn workers(&self) -> Result<u64, SharedError> {
        let key = self.workers_key();
        let asked = std::time::Instant::now();
        let count = async |mut redis: ConnectionManager| -> RedisResult<(i64, u64)> {
            let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut redis).await?;
            let now = seconds * 1000 + micros / 1000;
            let dead = now - SILENT.as_millis() as i64 - BLOCK.as_millis() as i64;
            let mut all = redis::pipe();
            all.cmd("ZREMRANGEBYSCORE").arg((&key, "-inf", dead)).ignore().cmd("ZCARD").arg(&key);
            let (alive,) = all.query_async(&mut redis).await?;
            Ok((now, alive))
        };
        let (now, alive) = self.work.ask_within(BLOCK * 2, count).await?;
        self.see_time(now, asked);
        Ok(alive)
    }

    /// How many questions wait or are being answered, by priority.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn depth(&self) -> Result<[u64; 3], SharedError> {
        let count = async |mut redis| {
            let mut all = redis::pipe();
            (0..PRIORITIES.len()).for_each(|priority| {
                all.cmd("XLEN").arg(self.stream(priority));
            });
            all.query_async::<[u64; 3]>(&mut redis).await
        };
        self.work.ask(count).await
    }

    fn stream(&self, priority: usize) -> String {
        format!("contactiq:{}:requests:{}", self.namespace, PRIORITIES[priority.min(PRIORITIES.len() - 1)])
    }

    fn asks_key(&self, session: &str) -> String {
        format!("contactiq:{}:asks:{session}", self.namespace)
    }

    fn replies_key(&self, gateway: &str) -> String {
        format!("contactiq:{}:replies:{gateway}", self.namespace)
    }

    fn workers_key(&self) -> String {
        format!("contactiq:{}:workers", self.namespace)
    }

    /// Remembers how far Redis' clock is ahead of ours, by a time that it told to a question of ours.
    fn see_time(&self, told: i64, asked: std::time::Instant) {
        let way = asked.elapsed().as_millis() as i64 / 2;
        *self.ahead() = Some(told + way - millis_of_process());
    }

    /// Redis' time, in milliseconds; none before it was seen.
    fn now(&self) -> Option<i64> {
        let ahead = *self.ahead();
        ahead.map(|ahead| millis_of_process() + ahead)
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn ahead(&self) -> std::sync::MutexGuard<'_, Option<i64>> {
        self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn heard(reply: &str) -> Option<(InteractionId, Reply)> {
    let (interaction, rest) = reply.split_once(' ')?;
    let interaction = interaction.parse().ok()?;
    let said = rest.strip_prefix(SAID).and_then(|rest| rest.strip_prefix(' ')?.split_once(' '));
    Some(match said {
        Some((attempt, what)) => {
            (interaction, Reply::Said { attempt: attempt.to_owned(), what: what.to_owned() })
        }
        None => (interaction, Reply::Word(rest.parse().ok()?)),
    })
}

/// A clock that only goes on: it is compared with Redis' and with nothing else.
fn millis_of_process() -> i64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed().as_millis() as i64
}
