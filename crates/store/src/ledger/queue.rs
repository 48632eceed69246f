//! The durable queue of a cluster: a stream in Redis between those who answer and those who write PostgreSQL (B5).
//!
//! What it took is in Redis' append-only file, as surely as its `appendfsync` says ([`Queue::durability`]). Workers
//! read it as one consumer group: each entry is given to one of them, and to another when that one has been silent
//! for [`SILENT`]. What is done is taken out of the stream; so its length is what waits. Beside the stream lies each
//! record for its readers and its conversation's next question: an hour while it is in no table, minutes after, so that
//! what was just said goes on while PostgreSQL is away.

mod claims;
mod counted;
mod made;
mod told;

use std::time::Duration;

use contactiq_domain::ids::{ConversationId, InteractionId};
use redis::{
    FromRedisValue, RedisResult, Script,
    streams::{StreamAutoClaimReply, StreamId, StreamReadReply},
};

pub use claims::Held;
pub use counted::Counted;

use super::Completion;
use crate::redis_link::{RedisAddress, RedisLink, SharedError};

const GROUP: &str = "writers";
const FIELD: &str = "entry";
/// A worker that holds entries for so long without a word has died; another takes them.
pub const SILENT: Duration = Duration::from_secs(10);
/// An answer waits no longer for the queue.
const PATIENCE: Duration = Duration::from_millis(50);
/// A worker waits so long for something to come.
const BLOCK: Duration = Duration::from_millis(500);
/// A worker's other questions.
const WORKING: Duration = Duration::from_secs(5);
/// For so long a record that no table has can be read from here.
const READABLE_SECONDS: i64 = 3600;
/// For so long one that is in its tables: a conversation goes on for five minutes without them (R3).
const READABLE_AFTER: i64 = 400;
/// For so long it is known here who began an interaction: as long as a request may take, and some more.
const BEGUN_SECONDS: u64 = 150;
/// Records of one conversation that are kept for its readers.
const SAID: isize = 50;

/// The queue, for one process.
pub struct Queue {
    answers: RedisLink,
    work: RedisLink,
    waiting: RedisLink,
    /// Begins the names of all keys: banks and stages that share a Redis share no queue.
    namespace: String,
    stream: String,
    /// The name of this worker.
    consumer: String,
    silent: Duration,
    complete: Script,
    told: told::Scripts,
    counting: counted::Scripts,
    claims: claims::Scripts,
}

/// What became of a completion.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is in the stream.
    Now,
    /// One of the same interaction was: these are its bytes, and it stands.
    Before(Vec<u8>),
    /// The claim of its request has passed to another worker, whose answer counts.
    Overtaken,
}

/// Entries that a worker was given.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// Their places in the stream.
    pub(crate) places: Vec<String>,
    /// Their bytes, in order.
    pub(crate) payloads: Vec<Vec<u8>>,
}

/// How surely Redis keeps what it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// `appendfsync always`: what was acknowledged is on its disk.
    Synced,
    /// `appendfsync everysec`: a power failure may cost the last second.
    EverySecond,
    /// With a `maxmemory` under which any key may be evicted (`allkeys-…`): a full Redis throws away what it took.
    Evicts,
    /// Without an append-only file, or never synced: a restart may cost everything.
    None,
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Queue({})", self.consumer)
    }
}

impl Queue {
    /// The queue in the Redis of this URL, for a worker of this name; its keys begin with the namespace. Nothing is
    /// sent before the first use.
    ///
    /// # Errors
    /// When the URL can't be read as one.
    pub fn connect(
        address: impl Into<RedisAddress>,
        namespace: &str,
        consumer: String,
    ) -> Result<Queue, SharedError> {
        let address = address.into();
        Ok(Queue {
            answers: RedisLink::new(address.clone(), PATIENCE)?,
            work: RedisLink::new(address.clone(), WORKING)?,
            waiting: RedisLink::new(address, WORKING)?,
            stream: format!("contactiq:{namespace}:ledger"),
            namespace: namespace.to_owned(),
            consumer,
            silent: SILENT,
            complete: Script::new(include_str!("queue/complete.lua")),
            told: told::Scripts::default(),
            counting: counted::Scripts::default(),
            claims: claims::Scripts::default(),
        })
    }

    /// What the names of its keys have in common.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same, with another patience than 50 ms for those who answer.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Queue {
        Queue { answers: self.answers.with_patience(patience), ..self }
    }

    /// The same, believing a worker dead after another time without a word.
    #[must_use]
    pub fn silent_after(self, silent: Duration) -> Queue {
        Queue { silent, ..self }
    }

    /// Keeps an entry that is no completion.
    ///
    /// # Errors
    /// When Redis does not take it within 50 ms; it may have it all the same.
    pub(crate) async fn append(&self, bytes: &[u8]) -> Result<(), SharedError> {
        let mut add = self.counting.append.key(&self.stream);
        add.key(self.counted_key()).arg(FIELD).arg(bytes);
        self.answers.ask(async |mut redis| add.invoke_async::<()>(&mut redis).await).await
    }

    /// Keeps a start, and beside it whose it is, so that any process can tell before a table knows.
    ///
    /// # Errors
    /// As [`Queue::append`].
    pub(crate) async fn begin(
        &self,
        interaction: InteractionId,
        whose: &str,
        bytes: &[u8],
    ) -> Result<(), SharedError> {
        let mut add = self.counting.begin.key(&self.stream);
        add.key(self.counted_key()).key(self.begun_key(interaction));
        add.arg(FIELD).arg(bytes).arg(whose).arg(BEGUN_SECONDS);
        self.answers.ask(async |mut redis| add.invoke_async::<()>(&mut redis).await).await
    }

    /// Whose a start of the last minutes is, in the words of [`Queue::begin`].
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn begun(&self, interaction: InteractionId) -> Result<Option<String>, SharedError> {
        self.get("GET", &self.begun_key(interaction), &[]).await
    }

    fn begun_key(&self, interaction: InteractionId) -> String {
        format!("contactiq:{}:begun:{interaction}", self.namespace)
    }

    /// Keeps a completion, whose record can be read from here at once: in one step, so that of two workers that
    /// answered one request the first counts.
    ///
    /// # Errors
    /// As [`Queue::append`].
    pub(crate) async fn complete(&self, completion: &Completion, bytes: &[u8]) -> Result<Kept, SharedError> {
        let interaction = completion.record.id;
        let mut ask = self.complete.key(&self.stream);
        ask.key(self.record_key(interaction)).key(self.said_key(completion.conversation.id));
        ask.key(self.told_key(interaction)).key(self.counted_key());
        ask.arg(FIELD).arg(bytes).arg(interaction.to_string()).arg(READABLE_SECONDS).arg(SAID);
        if let Some(claimed) = &completion.claimed {
            let slot = claimed.slot();
            let (result, seconds) = claims::result(claimed, interaction);
            ask.key(self.result_key(&slot)).key(self.lease_key(&slot));
            ask.arg(claimed.fence.number()).arg(result).arg(seconds);
        }
        let told =
            self.answers.ask(async |mut redis| ask.invoke_async::<Vec<Vec<u8>>>(&mut redis).await).await?;
        let mut told = told.into_iter();
        match (told.next().as_deref(), told.next()) {
            (None, _) => Ok(Kept::Now),
            (Some(b"before"), Some(first)) => Ok(Kept::Before(first)),
            (Some(b"overtaken"), _) => Ok(Kept::Overtaken),
            _ => Err(SharedError::Failed { code: "COMPLETE".to_owned() }),
        }
    }

    /// The next entries: first those of a worker that fell silent, then new ones; none when nothing came for half
    /// a second. They come again, to somebody, until they are [`Queue::done`].
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn take(&self, most: usize) -> Result<Given, SharedError> {
        match self.try_take(most).await {
            Err(SharedError::Failed { code }) if code == "NOGROUP" => {
                self.make_group().await?;
                self.try_take(most).await
            }
            taken => taken,
        }
    }

    async fn try_take(&self, most: usize) -> Result<Given, SharedError> {
        let claim = async |mut redis| {
            redis::cmd("XAUTOCLAIM")
                .arg((&self.stream, GROUP, &self.consumer))
                .arg(self.silent.as_millis() as u64)
                .arg(("0-0", "COUNT", most))
                .query_async::<StreamAutoClaimReply>(&mut redis)
                .await
        };
        let claimed = self.work.ask(claim).await?;
        if !claimed.claimed.is_empty() {
            return Ok(given(claimed.claimed));
        }
        let read = async |mut redis| {
            redis::cmd("XREADGROUP")
                .arg(("GROUP", GROUP, &self.consumer, "COUNT", most))
                .arg(("BLOCK", BLOCK.as_millis() as u64, "STREAMS", &self.stream, ">"))
                .query_async::<Option<StreamReadReply>>(&mut redis)
                .await
        };
        let read = self.waiting.ask(read).await?.unwrap_or_default();
        Ok(given(read.keys.into_iter().flat_map(|key| key.ids).collect()))
    }

    /// Takes entries out: they are where they belong. `said` are the completions among them; they stay readable
    /// for some minutes.
    ///
    /// # Errors
    /// When Redis can't be asked; then they come again, which does no harm.
    pub(crate) async fn done(&self, given: &Given, said: &[InteractionId]) -> Result<(), SharedError> {
        if given.places.is_empty() {
            return Ok(());
        }
        let mut done = self.counting.done.key(&self.stream);
        done.key(self.counted_key());
        for interaction in said {
            done.key(self.record_key(*interaction));
        }
        done.arg(GROUP).arg(READABLE_AFTER).arg(&given.places);
        self.work.ask(async |mut redis| done.invoke_async::<()>(&mut redis).await).await
    }

    /// The bytes of a record that waits.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn record(&self, interaction: InteractionId) -> Result<Option<Vec<u8>>, SharedError> {
        self.get("GET", &self.record_key(interaction), &[]).await
    }

    /// The bytes of the records of a conversation that are readable here, oldest first.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn said(&self, conversation: ConversationId) -> Result<Vec<Vec<u8>>, SharedError> {
        let said: Vec<String> = self.get("LRANGE", &self.said_key(conversation), &[0, -1]).await?;
        let ids = said.iter().filter_map(|id| id.parse().ok());
        let keys: Vec<String> = ids.map(|id| self.record_key(id)).collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let get = async |mut redis| {
            redis::cmd("MGET").arg(keys).query_async::<Vec<Option<Vec<u8>>>>(&mut redis).await
        };
        Ok(self.answers.ask(get).await?.into_iter().flatten().collect())
    }

    async fn get<T: FromRedisValue>(
        &self,
        command: &str,
        key: &str,
        range: &[i64],
    ) -> Result<T, SharedError> {
        let get =
            async |mut redis| redis::cmd(command).arg(key).arg(range).query_async::<T>(&mut redis).await;
        self.answers.ask(get).await
    }

    /// How many entries wait or are being written.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn depth(&self) -> Result<u64, SharedError> {
        self.get("XLEN", &self.stream, &[]).await
    }

    /// How surely this Redis keeps what it takes; none where it does not say.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub async fn durability(&self) -> Result<Option<Durability>, SharedError> {
        let ask = async |mut redis: redis::aio::ConnectionManager| -> RedisResult<Option<Durability>> {
            let file: Vec<String> =
                redis::cmd("CONFIG").arg(("GET", "appendonly")).query_async(&mut redis).await?;
            let sync: Vec<String> =
                redis::cmd("CONFIG").arg(("GET", "appendfsync")).query_async(&mut redis).await?;
            let most: Vec<String> =
                redis::cmd("CONFIG").arg(("GET", "maxmemory")).query_async(&mut redis).await?;
            let policy: Vec<String> =
                redis::cmd("CONFIG").arg(("GET", "maxmemory-policy")).query_async(&mut redis).await?;
            let value = |pair: &[String]| pair.get(1).cloned().unwrap_or_default();
            let evicts = value(&policy).starts_with("allkeys") && value(&most) != "0";
            Ok(match (value(&file).as_str(), value(&sync).as_str()) {
                ("yes", _) if evicts => Some(Durability::Evicts),
                ("yes", "always") => Some(Durability::Synced),
                ("yes", "everysec") => Some(Durability::EverySecond),
                ("", _) => None,
                _ => Some(Durability::None),
            })
        };
        match self.work.ask(ask).await {
            // A managed Redis forbids the question, or does not know it.
            Err(SharedError::Refused | SharedError::Failed { .. }) => Ok(None),
            answer => answer,
        }
    }

    /// Forgets the names of workers that died long ago and hold nothing.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn forget_dead(&self) -> Result<(), SharedError> {
        self.work.forget_dead(&self.stream, GROUP).await
    }

    /// Nobody reads a record from here any more: the tables know better.
    ///
    /// # Errors
    /// When Redis can't be asked.
    pub(crate) async fn forget_record(&self, interaction: InteractionId) -> Result<(), SharedError> {
        let forget = async |mut redis| {
            redis::cmd("DEL").arg(self.record_key(interaction)).query_async::<()>(&mut redis).await
        };
        self.work.ask(forget).await
    }

    fn record_key(&self, interaction: InteractionId) -> String {
        format!("contactiq:{}:record:{interaction}", self.namespace)
    }

    fn said_key(&self, conversation: ConversationId) -> String {
        format!("contactiq:{}:said:{conversation}", self.namespace)
    }

    async fn make_group(&self) -> Result<(), SharedError> {
        let make = async |mut redis| {
            // From the beginning: what was appended before anybody worked is work too.
            redis::cmd("XGROUP")
                .arg(("CREATE", &self.stream, GROUP, "0", "MKSTREAM"))
                .query_async::<()>(&mut redis)
                .await
        };
        match self.work.ask(make).await {
            Err(SharedError::Failed { code }) if code == "BUSYGROUP" => Ok(()),
            made => made,
        }
    }
}

impl Given {
    /// The same without some, which stay with this worker until another one takes them, and why.
    pub(crate) fn without(self, why: &str, left: impl Fn(&[u8]) -> bool) -> Given {
        let mut given = Given::default();
        for (place, bytes) in self.places.into_iter().zip(self.payloads) {
            if left(&bytes) {
                tracing::warn!(%place, why, "an entry of the queue is left to another worker");
            } else {
                given.places.push(place);
                given.payloads.push(bytes);
            }
        }
        given
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.payloads.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.payloads.is_empty()
    }
}

/// An entry that was deleted under a worker is given without its fields, and no entry of ours was ever without them:
/// such a one is done, as an entry of no bytes.
fn given(ids: Vec<StreamId>) -> Given {
    let mut given = Given::default();
    for entry in ids {
        given.payloads.push(entry.get::<Vec<u8>>(FIELD).unwrap_or_default());
        given.places.push(entry.id);
    }
    given
}
