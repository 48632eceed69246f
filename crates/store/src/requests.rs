//! The queue of requests between gateways, which take questions in, and workers, which answer them (C2): three streams
//! in Redis, one a priority, and a list of replies for each gateway.
//!
//! A question is given to one worker, which says every 400 ms that it still works on it. One that falls silent for
//! [`SILENT`] has died, and its questions are given to others: so a question may be answered twice, and the record of
//! the first answer counts. All times are those of the Redis server: clocks of machines differ.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use contactiq_domain::ids::InteractionId;
use redis::{
    RedisResult,
    aio::ConnectionManager,
    streams::{StreamClaimReply, StreamId, StreamReadReply},
};

use crate::redis_link::{RedisLink, SharedError};

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
/// A question that so many workers died of is given to no other.
const MOST_DELIVERIES: u64 = 3;

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
    }
}

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
    pub fn connect(url: &str, namespace: &str, name: String) -> Result<Requests, SharedError> {
        Ok(Requests {
            answers: RedisLink::new(url, PATIENCE)?,
            work: RedisLink::new(url, WORKING)?,
            waiting: RedisLink::new(url, WORKING)?,
            namespace: namespace.to_owned(),
            name,
            ahead: Mutex::new(None),
        })
    }

    /// The same, with another patience than 50 ms for those who answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Requests {
        Requests { answers: self.answers.with_patience(patience), ..self }
    }

    /// Hands a question over, for at most so long: 0 is the most urgent of three priorities.
    ///
    /// # Errors
    /// When Redis does not take it within 50 ms; a worker may get it all the same.
    pub async fn hand(
        &self,
        priority: usize,
        interaction: InteractionId,
        bytes: &[u8],
        within: Duration,
    ) -> Result<(), SharedError> {
        let stream = self.stream(priority);
        let add = async |mut redis| {
            redis::cmd("XADD")
                .arg((stream, "*", "interaction", interaction.to_string(), "question", bytes))
                .arg(("gateway", &self.name, "within", within.as_millis() as u64))
                .query_async::<()>(&mut redis)
                .await
        };
        self.answers.ask(add).await
    }

    /// Replies to questions of this gateway; none when none came for half a second.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn replies(&self) -> Result<Vec<(InteractionId, Word)>, SharedError> {
        let key = self.replies_key(&self.name);
        let first = async |mut redis| {
            redis::cmd("BLPOP")
                .arg((&key, BLOCK.as_secs_f64()))
                .query_async::<Option<(String, String)>>(&mut redis)
                .await
        };
        let Some((_, first)) = self.waiting.ask(first).await? else { return Ok(Vec::new()) };
        let more = async |mut redis| {
            redis::cmd("LPOP").arg((&key, 256)).query_async::<Option<Vec<String>>>(&mut redis).await
        };
        // The first is out of its list: what fails now must not lose it.
        let more = self.work.ask(more).await.ok().flatten().unwrap_or_default();
        let read = |reply: String| {
            let (interaction, word) = reply.split_once(' ')?;
            Some((interaction.parse().ok()?, word.parse().ok()?))
        };
        Ok(std::iter::once(first).chain(more).filter_map(read).collect())
    }

    /// The next questions, the most urgent first; none when none came for half a second. They come again, to somebody,
    /// until they are [`Requests::answered`].
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn take(&self, most: usize) -> Result<Vec<Taken>, SharedError> {
        let mut taken = Vec::new();
        for priority in 0..PRIORITIES.len() {
            let left = most - taken.len();
            if left > 0 {
                taken.extend(self.read(&[priority], left, None).await?);
            }
        }
        if taken.is_empty() {
            // One of each at most, and none of them waits for long.
            taken = self.read(&[0, 1, 2], 1, Some(BLOCK)).await?;
        }
        Ok(taken)
    }

    async fn read(
        &self,
        priorities: &[usize],
        most: usize,
        block: Option<Duration>,
    ) -> Result<Vec<Taken>, SharedError> {
        let streams: Vec<String> = priorities.iter().map(|priority| self.stream(*priority)).collect();
        let read = async || {
            let read = async |mut redis| {
                let mut command = redis::cmd("XREADGROUP");
                command.arg(("GROUP", GROUP, &self.name, "COUNT", most));
                if let Some(block) = block {
                    command.arg(("BLOCK", block.as_millis() as u64));
                }
                command.arg("STREAMS").arg(&streams).arg(vec![">"; streams.len()]);
                command.query_async::<Option<StreamReadReply>>(&mut redis).await
            };
            self.waiting.ask(read).await
        };
        let found = match read().await {
            Err(SharedError::Failed { code }) if code == "NOGROUP" => {
                self.make_groups().await?;
                read().await?
            }
            found => found?,
        };
        let mut taken = Vec::new();
        for key in found.unwrap_or_default().keys {
            let priority = streams.iter().position(|stream| *stream == key.key).map(|at| priorities[at]);
            for entry in key.ids {
                if let Some(priority) = priority {
                    taken.extend(self.readable(priority, entry, 1).await);
                }
            }
        }
        Ok(taken)
    }

    /// Questions of workers that fell silent; `held` are those that this one works on, however long ago it could say so.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn take_over(&self, most: usize, held: &[Taken]) -> Result<Vec<Taken>, SharedError> {
        let mut taken: Vec<Taken> = Vec::new();
        for priority in 0..PRIORITIES.len() {
            let left = most - taken.len();
            if left > 0 {
                taken.extend(self.take_over_of(priority, left, held).await?);
            }
        }
        Ok(taken)
    }

    async fn take_over_of(
        &self,
        priority: usize,
        most: usize,
        held: &[Taken],
    ) -> Result<Vec<Taken>, SharedError> {
        let stream = self.stream(priority);
        let silent = SILENT.as_millis() as u64;
        // All that were silent for so long, wherever they stand among those that are worked on.
        let pending = async |mut redis| {
            redis::cmd("XPENDING")
                .arg((&stream, GROUP, "IDLE", silent, "-", "+", most + held.len()))
                .query_async::<Vec<(String, String, u64, u64)>>(&mut redis)
                .await
        };
        let pending = match self.work.ask(pending).await {
            // Nobody worked yet.
            Err(SharedError::Failed { code }) if code == "NOGROUP" => return Ok(Vec::new()),
            pending => pending?,
        };
        let mut deliveries = HashMap::new();
        for (place, _, _, delivered) in pending {
            let is_held = held.iter().any(|t| t.stream == priority && t.place == place);
            if !is_held && deliveries.len() < most {
                deliveries.insert(place, delivered + 1);
            }
        }
        if deliveries.is_empty() {
            return Ok(Vec::new());
        }
        // Another worker may have claimed one since: then it is silent no more.
        let claim = async |mut redis| {
            redis::cmd("XCLAIM")
                .arg((&stream, GROUP, &self.name, silent))
                .arg(deliveries.keys().collect::<Vec<_>>())
                .query_async::<StreamClaimReply>(&mut redis)
                .await
        };
        let mut taken = Vec::new();
        for entry in self.work.ask(claim).await?.ids {
            let delivered = deliveries.get(&entry.id).copied().unwrap_or(1);
            taken.extend(self.readable(priority, entry, delivered).await);
        }
        Ok(taken)
    }

    /// A question, or none of an entry that is none: that is taken out, or it would come again for ever.
    async fn readable(&self, priority: usize, entry: StreamId, deliveries: u64) -> Option<Taken> {
        let place = entry.id.clone();
        let found = question(priority, entry, deliveries);
        if found.is_none() {
            tracing::error!(critical = true, %place, "what is no question was taken out of the queue of requests");
            let stream = self.stream(priority);
            let mut all = redis::pipe();
            all.cmd("XACK")
                .arg((&stream, GROUP, &place))
                .ignore()
                .cmd("XDEL")
                .arg((&stream, &place))
                .ignore();
            drop(self.work.ask(async |mut redis| all.query_async::<()>(&mut redis).await).await);
        }
        found
    }

    /// Says that this worker works on these questions, and takes others (`takes_more`).
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn hold(&self, taken: &[Taken], takes_more: bool) -> Result<(), SharedError> {
        let mut all = redis::pipe();
        for priority in 0..PRIORITIES.len() {
            let places: Vec<&str> =
                taken.iter().filter(|t| t.stream == priority).map(|t| t.place.as_str()).collect();
            if !places.is_empty() {
                // Claiming what is ours begins its silence anew, and counts no delivery.
                all.cmd("XCLAIM")
                    .arg((self.stream(priority), GROUP, &self.name, 0))
                    .arg(places)
                    .arg("JUSTID");
                all.ignore();
            }
        }
        all.cmd("TIME");
        let asked = std::time::Instant::now();
        let ask = async |mut redis: ConnectionManager| -> RedisResult<((i64, i64),)> {
            all.query_async(&mut redis).await
        };
        let ((seconds, micros),) = self.work.ask(ask).await?;
        let now = seconds * 1000 + micros / 1000;
        *self.ahead() = Some(now - millis_of_process() + (asked.elapsed().as_millis() as i64) / 2);
        if !takes_more {
            return Ok(());
        }
        let alive = async |mut redis| {
            redis::cmd("ZADD").arg((self.workers_key(), now, &self.name)).query_async::<()>(&mut redis).await
        };
        self.work.ask(alive).await
    }

    /// This worker ends: nobody waits for it.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn leave(&self) -> Result<(), SharedError> {
        let gone = async |mut redis| {
            redis::cmd("ZREM").arg((self.workers_key(), &self.name)).query_async::<()>(&mut redis).await
        };
        self.work.ask(gone).await
    }

    /// Forgets the names of workers that died long ago and hold nothing.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn forget_dead(&self) -> Result<(), SharedError> {
        for priority in 0..PRIORITIES.len() {
            self.work.forget_dead(&self.stream(priority), GROUP).await?;
        }
        Ok(())
    }

    /// How many workers live.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn workers(&self) -> Result<u64, SharedError> {
        let key = self.workers_key();
        let count = async |mut redis: ConnectionManager| -> RedisResult<u64> {
            let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut redis).await?;
            let dead = seconds * 1000 + micros / 1000 - SILENT.as_millis() as i64 - BLOCK.as_millis() as i64;
            let mut all = redis::pipe();
            all.cmd("ZREMRANGEBYSCORE").arg((&key, "-inf", dead)).ignore().cmd("ZCARD").arg(&key);
            let (alive,) = all.query_async(&mut redis).await?;
            Ok(alive)
        };
        self.work.ask(count).await
    }

    /// Whether there is no time left for a question, or too many workers died of it.
    #[must_use]
    pub fn is_hopeless(&self, taken: &Taken) -> Option<Word> {
        let late = self.ahead().is_some_and(|ahead| millis_of_process() + ahead > taken.until);
        match (taken.deliveries > MOST_DELIVERIES, late) {
            (true, _) => Some(Word::Failed),
            (false, true) => Some(Word::Late),
            (false, false) => None,
        }
    }

    /// Tells the gateway what became of a question, and takes it out.
    ///
    /// # Errors
    /// When Redis can't be asked; then it comes again.
    pub async fn answered(&self, taken: &Taken, word: Word) -> Result<(), SharedError> {
        let (stream, replies) = (self.stream(taken.stream), self.replies_key(&taken.gateway));
        let mut all = redis::pipe();
        all.atomic().cmd("RPUSH").arg((&replies, format!("{} {word}", taken.interaction))).ignore();
        all.cmd("EXPIRE").arg((&replies, REPLIES_SECONDS)).ignore();
        all.cmd("XACK").arg((&stream, GROUP, &taken.place)).ignore();
        all.cmd("XDEL").arg((&stream, &taken.place)).ignore();
        self.work.ask(async |mut redis| all.query_async::<()>(&mut redis).await).await
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

    async fn make_groups(&self) -> Result<(), SharedError> {
        for priority in 0..PRIORITIES.len() {
            let stream = self.stream(priority);
            let make = async |mut redis| {
                redis::cmd("XGROUP")
                    .arg(("CREATE", &stream, GROUP, "0", "MKSTREAM"))
                    .query_async::<()>(&mut redis)
                    .await
            };
            match self.work.ask(make).await {
                Err(SharedError::Failed { code }) if code == "BUSYGROUP" => {}
                made => made?,
            }
        }
        Ok(())
    }

    fn stream(&self, priority: usize) -> String {
        format!("contactiq:{}:requests:{}", self.namespace, PRIORITIES[priority.min(PRIORITIES.len() - 1)])
    }

    fn replies_key(&self, gateway: &str) -> String {
        format!("contactiq:{}:replies:{gateway}", self.namespace)
    }

    fn workers_key(&self) -> String {
        format!("contactiq:{}:workers", self.namespace)
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn ahead(&self) -> std::sync::MutexGuard<'_, Option<i64>> {
        self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// A clock that only goes on: it is compared with Redis' and with nothing else.
fn millis_of_process() -> i64 {
    static BEGAN: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    BEGAN.get_or_init(std::time::Instant::now).elapsed().as_millis() as i64
}

/// None of an entry that was deleted under a worker.
fn question(stream: usize, entry: StreamId, deliveries: u64) -> Option<Taken> {
    let began: i64 = entry.id.split('-').next()?.parse().ok()?;
    let interaction: String = entry.get("interaction")?;
    let within: i64 = entry.get("within")?;
    Some(Taken {
        stream,
        gateway: entry.get("gateway")?,
        interaction: interaction.parse().ok()?,
        bytes: entry.get("question")?,
        until: began.saturating_add(within),
        deliveries,
        place: entry.id,
    })
}
