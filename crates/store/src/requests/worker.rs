//! The worker's side of the queue of requests: what it is given, that it lives, what it takes over, what it answered.

use std::{collections::HashMap, sync::atomic::Ordering, time::Duration};

use redis::{
    RedisResult,
    aio::ConnectionManager,
    streams::{StreamClaimReply, StreamId, StreamReadReply},
};

use super::{
    BEHIND, BEHIND_EVERY, BLOCK, GROUP, MOST_DELIVERIES, PRIORITIES, REPLIES_SECONDS, Requests, SAID, SILENT,
    Taken, Word,
};
use crate::redis_link::SharedError;

impl Requests {
    /// The next questions, the most urgent first, but for one in eight times, when one of the bulk goes before; none when
    /// none came for half a second. They come again, to somebody, until they are [`Requests::answered`].
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn take(&self, most: usize) -> Result<Vec<Taken>, SharedError> {
        let mut taken = Vec::new();
        if self.takes.fetch_add(1, Ordering::Relaxed) % BEHIND_EVERY == BEHIND_EVERY - 1 {
            taken.extend(self.read(&[BEHIND], 1, None).await?);
        }
        for priority in 0..PRIORITIES.len() {
            let left = most.saturating_sub(taken.len());
            if left > 0 {
                match self.read(&[priority], left, None).await {
                    Ok(more) => taken.extend(more),
                    // What was given must be worked on.
                    Err(_) if !taken.is_empty() => return Ok(taken),
                    Err(error) => return Err(error),
                }
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
        self.see_time(now, asked);
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

    /// How long a question has waited since it was handed over.
    #[must_use]
    pub fn waited(&self, taken: &Taken) -> Duration {
        let began = taken.place.split('-').next().and_then(|millis| millis.parse::<i64>().ok());
        let waited = self.now().zip(began).map_or(0, |(now, began)| now.saturating_sub(began));
        Duration::from_millis(u64::try_from(waited).unwrap_or(0))
    }

    /// How much time is left for a question; none while Redis' clock is not known.
    #[must_use]
    pub fn left(&self, taken: &Taken) -> Option<Duration> {
        let left = taken.until.saturating_sub(self.now()?);
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }

    /// Whether there is no time left for a question, or too many workers died of it.
    #[must_use]
    pub fn is_hopeless(&self, taken: &Taken) -> Option<Word> {
        let late = self.now().is_some_and(|now| now > taken.until);
        match (taken.deliveries > MOST_DELIVERIES, late) {
            (true, _) => Some(Word::Failed),
            (false, true) => Some(Word::Late),
            (false, false) => None,
        }
    }

    /// Tells the gateway something on the way to an answer.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn say(&self, taken: &Taken, what: &str) -> Result<(), SharedError> {
        let replies = self.replies_key(&taken.gateway);
        let said = format!("{} {SAID} {}-{} {what}", taken.interaction, self.name, taken.deliveries);
        let mut all = redis::pipe();
        all.atomic().cmd("RPUSH").arg((&replies, said)).ignore();
        all.cmd("EXPIRE").arg((&replies, REPLIES_SECONDS)).ignore();
        self.work.ask(async |mut redis| all.query_async::<()>(&mut redis).await).await
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
        if let Some(session) = &taken.session {
            all.cmd("ZREM").arg((self.asks_key(session), taken.interaction.to_string())).ignore();
        }
        self.work.ask(async |mut redis| all.query_async::<()>(&mut redis).await).await
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
        // Gateways of the version before say nothing of it.
        session: entry.get("session").filter(|session: &String| !session.is_empty()),
        until: began.saturating_add(within),
        deliveries,
        place: entry.id,
    })
}
