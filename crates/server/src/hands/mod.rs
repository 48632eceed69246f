//! Who answers in a cluster (C2): a gateway takes questions in and hands them to workers over the queue of requests; a
//! worker answers what gateways took in; a server that is `all` answers its own and is a worker beside. A gateway has
//! the whole house: where no worker lives, or the queue is away, it answers itself.

mod aloud;
mod gateway;
mod worker;

use contactiq_domain::{Outcome, Record, ids::InteractionId};
use contactiq_guard::Masked;
use contactiq_pipeline::{AnswerError, Ask, Audience, Begun, House, finish_to};
use contactiq_store::{
    StoreError, interactions,
    ledger::ONLY_TABLES_KNOW,
    requests::{Requests, Word},
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{self, App, StartError},
    config::{Config, ServerRole},
    guard::admission::Priority,
};

use gateway::Gateway;
use worker::Worker;

/// The part of this process.
pub enum Hands {
    /// It answers its own questions.
    Alone,
    /// It hands them over.
    Gateway(Gateway),
    /// It answers those of gateways; `all` beside its own.
    Worker(Worker),
}

impl Hands {
    /// The part that the configuration names.
    ///
    /// # Errors
    /// [`StartError`] when Redis' address can't be read, or the folder of the key.
    pub(crate) fn of(house: &House, config: &Config, at_once: usize) -> Result<Hands, StartError> {
        let Some(namespace) = house.ledger.namespace() else { return Ok(Hands::Alone) };
        let name = house.ids.next().to_string();
        let requests = Requests::connect(config.redis_address(), namespace, name)?;
        let requests = requests.with_patience(app::patience(config));
        Ok(match config.server.role {
            ServerRole::Gateway => Hands::Gateway(Gateway::new(requests)),
            ServerRole::All | ServerRole::Worker => Hands::Worker(Worker::new(requests, at_once)),
        })
    }

    /// Answers a question, by whoever does it here: with its priority, and what stands for whoever takes turns.
    ///
    /// # Errors
    /// As [`contactiq_pipeline::answer`].
    pub(crate) async fn answer(
        app: &App,
        (ask, audience): (Ask, Option<Audience>),
        turn: (Priority, &str),
        deadline: tokio::time::Instant,
    ) -> Result<Record<Masked>, AnswerError> {
        let begun = Begun::of(&app.house, ask).await?;
        match &app.hands {
            Hands::Gateway(gateway) => gateway.answer(app, (begun, audience), turn, deadline).await,
            Hands::Alone | Hands::Worker(_) => finish_to(&app.house, begun, audience).await,
        }
    }

    /// What the servers of a cluster tell each other of questions by; none where this one is alone.
    fn requests(&self) -> Option<&Requests> {
        match self {
            Hands::Alone => None,
            Hands::Gateway(gateway) => Some(gateway.requests()),
            Hands::Worker(worker) => Some(worker.requests()),
        }
    }

    /// Tells the server that tells this answer that somebody waits for it here.
    pub(crate) async fn waits_here(&self, interaction: InteractionId) {
        if let Some(requests) = self.requests()
            && let Err(error) = requests.waits_elsewhere(interaction).await
        {
            tracing::debug!(%error, "nobody could be told that an answer is waited for");
        }
    }

    /// Whether somebody waits for this answer at another server.
    pub(crate) async fn is_waited_for_elsewhere(&self, interaction: InteractionId) -> bool {
        match self.requests() {
            Some(requests) => requests.is_waited_for_elsewhere(interaction).await.unwrap_or(false),
            None => false,
        }
    }

    /// Whether this process asks models itself. A gateway does not while workers answer: what it knows of a model is
    /// nothing.
    pub(crate) fn asks_models(&self) -> bool {
        !matches!(self, Hands::Gateway(gateway) if gateway.may_hand())
    }

    /// Whether questions that are handed over may have to wait: then the urgent ones go first.
    pub(crate) fn may_wait(&self) -> bool {
        matches!(self, Hands::Gateway(gateway) if gateway.is_busy())
    }

    /// Starts what it does beside the requests.
    pub(crate) fn start(app: &App, stop: &CancellationToken) {
        match &app.hands {
            Hands::Alone => {}
            Hands::Gateway(_) => Gateway::start(app, stop),
            Hands::Worker(_) => Worker::start(app, stop),
        }
    }

    /// How it stands, for `/ready`.
    pub(crate) fn standing(&self) -> String {
        match self {
            Hands::Alone => "this process".to_owned(),
            Hands::Gateway(gateway) => gateway.standing(),
            Hands::Worker(_) => "this process, and it works for gateways".to_owned(),
        }
    }
}

/// What a record says to whoever waits for it.
fn word_of(record: &Record<Masked>) -> Word {
    if record.outcome == Outcome::Interrupted { Word::Left } else { Word::Done }
}

/// The record of an interaction, wherever it is; none where it can't be read now.
async fn record(house: &House, id: InteractionId) -> Result<Option<Record<Masked>>, StoreError> {
    or_of_tables(house, id, house.ledger.pending(id).await).await
}

/// The same, of one that is shown now.
async fn record_to_show(house: &House, id: InteractionId) -> Result<Option<Record<Masked>>, StoreError> {
    or_of_tables(house, id, house.ledger.to_show(id).await).await
}

async fn or_of_tables(
    house: &House,
    id: InteractionId,
    pending: Option<Record<Masked>>,
) -> Result<Option<Record<Masked>>, StoreError> {
    if pending.is_some() {
        return Ok(pending);
    }
    let reading = async { interactions::get(&mut *house.store.read().await?, id).await };
    match house.ledger.tables(ONLY_TABLES_KNOW, reading).await {
        Err(StoreError::Unavailable { .. }) => Ok(None),
        read => read,
    }
}
