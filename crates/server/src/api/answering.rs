//! Answering a question that was taken in: its place in the queue, its time, and what is counted of it.

use std::{sync::Arc, time::Duration};

use contactiq_domain::Record;
use contactiq_guard::Masked;
use contactiq_pipeline::{AnswerError, Ask, Audience};
use contactiq_store::deadline;

use super::{error::ApiError, idempotency::Taken};
use crate::{
    app::App,
    guard::admission::{self, Priority, Shed},
    hands::Hands,
};

/// An answer that came too late for its client may still be made for so long.
const LATE_ANSWERS: Duration = Duration::from_secs(60);

/// Whose turn it is in the queue.
#[derive(Clone, Copy)]
pub(crate) struct Turn<'a> {
    /// Who asks: they take turns.
    pub(crate) bucket: &'a str,
    /// How urgent they say it is; a message says more.
    pub(crate) priority: Priority,
}

/// Does what a question asks for within the time of a request, which begins here: what is read for it, its wait and a
/// model take of the same time.
pub(crate) async fn in_time<T>(app: &App, work: impl Future<Output = T>) -> T {
    deadline::until(ends(app), work).await
}

fn ends(app: &App) -> tokio::time::Instant {
    tokio::time::Instant::now() + Duration::from_secs(app.config.server.request_timeout_seconds)
}

/// Answers on a task of its own, once there is a place for it: a client that goes away does not take the record
/// with it.
pub(crate) async fn answer(
    app: &App,
    ask: Ask,
    taken: Option<Taken>,
    (turn, audience): (Turn<'_>, Option<Audience>),
) -> Result<Record<Masked>, ApiError> {
    let deadline = deadline::of_this_task().unwrap_or_else(|| ends(app));
    let (place, priority) = match enter(app, &ask, turn, deadline).await {
        Ok(entered) => entered,
        Err(Shed { retry_after }) => {
            if let Some(taken) = taken {
                taken.give_back().await;
            }
            return Err(ApiError::Overloaded { retry_after });
        }
    };
    let (work, whose) = (app.clone(), turn.bucket.to_owned());
    let span = tracing::Span::current();
    let task = app.tasks.spawn(tracing::Instrument::instrument(
        async move {
            let answering = Hands::answer(&work, (ask, audience), (priority, &whose), deadline);
            let answered = deadline::until(deadline, answering).await;
            match (&answered, taken) {
                (Ok(_), Some(taken)) => taken.done(),
                // A worker may still answer it: who sends it again meanwhile must not get a second answer.
                (Err(AnswerError::Late), Some(taken)) => taken.keep_for(LATE_ANSWERS),
                (Err(_), Some(taken)) => taken.give_back().await,
                (_, None) => {}
            }
            observe(&answered);
            drop(place);
            answered
        },
        span,
    ));
    match tokio::time::timeout_at(deadline, task).await {
        Ok(Ok(answered)) => Ok(answered?),
        Ok(Err(_panic)) => {
            metrics::counter!("contactiq_answers_failed_total").increment(1);
            tracing::error!(critical = true, "an answer ended in a panic");
            Err(ApiError::Internal)
        }
        Err(_) => Err(ApiError::Timeout),
    }
}

/// A place in the queue. Where there is none free, the message is looked at first: somebody in need goes before
/// the others, also with a first message.
async fn enter(
    app: &App,
    ask: &Ask,
    turn: Turn<'_>,
    deadline: tokio::time::Instant,
) -> Result<(admission::Place, Priority), Shed> {
    let priority = match !app.admission.has_room() || app.hands.may_wait() {
        true if app.house.presses(Arc::clone(&ask.question)).await => Priority::Urgent,
        _ => turn.priority,
    };
    Ok((app.admission.enter(priority, turn.bucket, deadline).await?, priority))
}

fn observe(answered: &Result<Record<Masked>, AnswerError>) {
    let record = match answered {
        Ok(record) => record,
        Err(AnswerError::Store(_)) => {
            metrics::counter!("contactiq_answers_failed_total").increment(1);
            return;
        }
        Err(AnswerError::Left) => {
            metrics::counter!("contactiq_answers_left_total").increment(1);
            return;
        }
        Err(_) => {
            metrics::counter!("contactiq_questions_refused_total").increment(1);
            return;
        }
    };
    let mode = record.mode.as_str();
    metrics::counter!("contactiq_interactions_total", "mode" => mode, "outcome" => record.outcome.as_str())
        .increment(1);
    if let Some(trigger) = record.trigger {
        metrics::counter!("contactiq_escalations_total", "mode" => mode, "trigger" => trigger.as_str())
            .increment(1);
    }
    metrics::histogram!("contactiq_answer_seconds", "mode" => mode)
        .record(record.processing_time_ms / 1000.0);
    for step in &record.steps {
        metrics::histogram!("contactiq_step_seconds", "step" => step.step.as_str()).record(step.ms / 1000.0);
    }
    metrics::counter!("contactiq_cost_nano_usd_total").increment(record.cost_usd.0.max(0) as u64);
    tracing::info!(
        interaction = %record.id,
        mode,
        intent = %record.intent,
        routing = %record.routing,
        outcome = %record.outcome,
        trigger = record.trigger.map_or("", contactiq_domain::Trigger::as_str),
        confidence = record.confidence.get(),
        duration_ms = record.processing_time_ms,
        "question answered"
    );
}
