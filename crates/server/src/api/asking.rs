//! Taking a question in, whatever route it came by: who asks, the limits, the idempotency key, the conversation.

use std::sync::Arc;

use axum::{body::Bytes, http::HeaderMap};
use contactiq_domain::{
    Mode, Record,
    ids::{ConversationId, InteractionId},
};
use contactiq_guard::Masked;
use contactiq_pipeline::{Ask, Audience};
use contactiq_store::{conversations, interactions, ledger::ONLY_TABLES_KNOW};

use super::{
    answering::{Turn, answer, in_time},
    error::ApiError,
    idempotency::{self, Repeat, Taken},
    live::{self, Listens, Telling},
    message::Message,
    named::{acts, named},
    resent::{Found, Light, Resent, Transcript},
};
use crate::{
    app::App,
    guard::{
        Numbered,
        admission::Priority,
        identity::{Caller, take_request},
        limits::Asker,
    },
    wiring::random_text,
};

/// Begins the name of a person or a sitting that the caller did not name.
const MADE_UP: &str = "anonymous-";

/// A question as a caller asks it.
pub(super) struct Asking {
    /// Which assistant.
    pub(super) mode: Mode,
    /// What the person wrote.
    pub(super) question: Message,
    /// The conversation that it continues.
    pub(super) conversation: Option<String>,
    /// The person, where a back end names one.
    pub(super) subject: Option<String>,
    /// The sitting, where a back end names one.
    pub(super) session: Option<String>,
    /// What the client says was said before, where it resends that instead of naming a conversation.
    pub(super) resent: Option<Resent>,
}

/// The request that it came by.
pub(super) struct Request {
    /// The route as the server declares it: idempotency keys belong to it.
    pub(super) route: &'static str,
    /// Who asks.
    pub(super) caller: Caller,
    /// What the server knows of the request.
    pub(super) numbered: Numbered,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// Its body as it came.
    pub(super) bytes: Bytes,
}

/// An answer, and in what light its question was read.
#[derive(Clone)]
pub(super) struct Answered {
    /// The record.
    pub(super) record: Record<Masked>,
    /// What was said before.
    pub(super) light: Light,
}

/// Answers a question, or says again what was answered first.
///
/// A client that goes away before the answer is there stops the model, and the record says that nobody waited. With an
/// `Idempotency-Key` it goes on: somebody will ask again for what it came to.
///
/// # Errors
/// [`ApiError`], with the crisis line where the message needs it.
pub(super) async fn asks(app: &App, request: Request, asking: Asking) -> Result<Answered, ApiError> {
    if !matches!(idempotency::clients_key(&request.headers), Ok(None)) {
        return asks_for(app, request, asking, None).await;
    }
    // The listener is dropped with this request, whoever ends it.
    let (audience, _listening) = Audience::waiting();
    asks_for(app, request, asking, Some(audience)).await
}

/// The same, with an audience that is told the answer while a model writes it.
///
/// # Errors
/// As [`asks`].
pub(super) async fn asks_for(
    app: &App,
    request: Request,
    asking: Asking,
    audience: Option<Audience>,
) -> Result<Answered, ApiError> {
    let (mode, question) = (asking.mode, asking.question.clone());
    let (caller, numbered) = (request.caller.clone(), request.numbered.clone());
    match in_time(app, taken_in(app, request, asking, audience)).await {
        Ok(answered) => Ok(answered),
        Err(error) => {
            let error = counted(app, &caller, &numbered, error).await;
            Err(helped(app, mode, &question, error).await)
        }
    }
}

/// An error of a question. One that was refused before it took a place under the limits of questions (it can't be read,
/// names what is not there, or is not allowed) takes one among its caller's requests, so that nobody tries without end
/// (A3): where there is none, that is the error, and little more is read.
pub(crate) async fn counted(app: &App, caller: &Caller, numbered: &Numbered, error: ApiError) -> ApiError {
    let has_place = numbered.limits.get().is_some();
    if has_place || matches!(error, ApiError::TooMany { .. }) || !error.status().is_client_error() {
        return error;
    }
    take_request(app, caller, numbered).await.err().unwrap_or(error)
}

/// Asks and tells the answer as it comes: from its first word on, or whole where it was there at once.
///
/// # Errors
/// As [`asks`], for what fails before the first word.
pub(super) async fn tells(app: &App, request: Request, asking: Asking) -> Result<Arc<Telling>, ApiError> {
    let (audience, listening) = Audience::new();
    let disclosure = app.house.settings.of(asking.mode).disclosure.clone();
    let (caller, request_id) = (request.caller.clone(), request.numbered.request_id.to_string());
    let work = app.clone();
    let asked = async move { asks_for(&work, request, asking, Some(audience)).await };
    let work = app.tasks.spawn(tracing::Instrument::in_current_span(asked));
    let listens = Listens { caller: &caller, request_id, disclosure: &disclosure };
    live::begin(app, listens, listening, work).await
}

/// An error with what its message needs before it: the crisis line for a cry, people where nobody could
/// read it.
pub(crate) async fn helped(app: &App, mode: Mode, message: &Message, error: ApiError) -> ApiError {
    let help = match error {
        ApiError::Unchecked => Some(app.house.offer(mode)),
        // Whoever is turned away for sending too much must not be able to make us read much.
        ApiError::TooMany { .. } => app.house.comfort(mode, message.beginning()).await,
        ApiError::Overloaded { .. } => app.house.comfort(mode, message.beginning()).await,
        _ => app.house.comfort(mode, message.whole()).await,
    };
    error.with_help(help.map(|help| help.as_str().to_owned()))
}

async fn taken_in(
    app: &App,
    request: Request,
    mut asking: Asking,
    audience: Option<Audience>,
) -> Result<Answered, ApiError> {
    request.caller.must(asking.mode.permission())?;
    // Who names the conversation has no need to be recognised.
    let resent = asking.resent.take().filter(|_| asking.conversation.is_none());
    let transcript = resent.map(|resent| resent.of(&request.caller, &asking));
    let ask = accept(app, &request.caller, &request.numbered, asking).await?;
    // On a task of its own from here on: a client that goes away takes neither the record with it
    // nor the idempotency key.
    let work = app.clone();
    let task = async move {
        let Request { route, caller, headers, bytes, numbered } = &request;
        match idempotency::begin_question(&work, caller, route, headers, bytes).await? {
            Repeat::Again(record) => {
                // Its answer is there: it is a request like others.
                take_request(&work, caller, numbered).await?;
                let record = *record;
                let light = match &transcript {
                    Some(transcript) => transcript.again(&work, &record).await,
                    None => Light::of(&ask),
                };
                Ok(Answered { record, light })
            }
            Repeat::First(taken) => first_time(&work, &request, ask, taken, (transcript, audience)).await,
        }
    };
    let task = app.tasks.spawn(tracing::Instrument::in_current_span(task));
    task.await.map_err(|_panic| ApiError::Internal)?
}

async fn first_time(
    app: &App,
    request: &Request,
    mut ask: Ask,
    taken: Option<Taken>,
    (transcript, audience): (Option<Transcript>, Option<Audience>),
) -> Result<Answered, ApiError> {
    let Request { caller, numbered, headers, .. } = request;
    let own = caller.own_subject();
    let asker = asker(caller, &own, &ask, numbered);
    let bucket = asker.turn();
    if let Err(limited) = take_place(app, asker, numbered).await {
        if let Some(taken) = taken {
            taken.give_back().await;
        }
        return Err(limited);
    }
    ask.claimed = taken.as_ref().map(Taken::claimed);
    let found = match &transcript {
        Some(transcript) => transcript.find(app, caller, &mut ask).await,
        None => Found::by_name(&ask),
    };
    let turn = Turn { bucket: &bucket, priority: priority(headers) };
    let answered = answer(app, ask, taken, (turn, audience)).await;
    match (&answered, &transcript) {
        (Ok(record), Some(transcript)) => transcript.keep(app, record).await,
        (Err(_), _) => found.give_back(app).await,
        (Ok(_), None) => {}
    }
    Ok(Answered { record: answered?, light: found.light })
}

/// What a client says of its own urgency (RFC 9218): from `u=5` on nobody waits for it at a screen. More urgent than
/// others nobody is by saying so; the message says that.
fn priority(headers: &HeaderMap) -> Priority {
    let said = headers.get("priority").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let urgency = said.split(',').find_map(|part| part.trim().strip_prefix("u="));
    match urgency.and_then(|u| u.trim().parse::<u8>().ok()) {
        Some(5..=7) => Priority::Bulk,
        _ => Priority::Ordinary,
    }
}

/// Takes a place under the rate limits, and leaves for the answer's headers what is left of them.
pub(crate) async fn take_place(app: &App, asker: Asker<'_>, numbered: &Numbered) -> Result<(), ApiError> {
    let told = app.limits.take(asker).await;
    let wait = told.wait();
    // A request takes one place.
    let _ = numbered.limits.set(told);
    wait.map_or(Ok(()), |retry_after| Err(ApiError::TooMany { retry_after }))
}

/// Who asks, for the limits and for the turns in the queue. A name that was made up would be a new limit each time.
fn asker<'a>(caller: &Caller, own: &'a str, ask: &'a Ask, numbered: &Numbered) -> Asker<'a> {
    let named = |name: &'a str| Some(name).filter(|name| !name.starts_with(MADE_UP) && *name != own);
    Asker {
        own,
        own_rate: caller.rate_per_minute,
        session: named(&ask.session),
        subject: named(&ask.subject),
        ip: numbered.ip,
    }
}

/// Checks what came.
async fn accept(app: &App, caller: &Caller, numbered: &Numbered, asking: Asking) -> Result<Ask, ApiError> {
    let acts = acts(caller);
    let subject = named(caller, asking.subject, "subject")?;
    let session = named(caller, asking.session, "session")?;
    let conversation = match asking.conversation {
        Some(id) => Some(id.parse::<ConversationId>().map_err(|_| ApiError::NotFound("conversation"))?),
        None => None,
    };
    let own = caller.own_subject();
    let subject = match (subject, conversation) {
        (Some(named), _) => named,
        // A back end that goes on with a conversation of its own need not name the person again.
        (None, Some(id)) if acts => subject_of(app, caller, id).await?,
        (None, None) if acts => format!("{MADE_UP}{}", random_text::<12>()),
        (None, _) => own.clone(),
    };
    Ok(Ask {
        mode: asking.mode,
        role: caller.role,
        question: asking.question.whole(),
        conversation,
        follows: None,
        session: session.or_else(|| caller.session.clone()).unwrap_or_else(|| match acts {
            true => format!("{MADE_UP}{}", random_text::<12>()),
            false => own,
        }),
        subject,
        request_id: numbered.request_id,
        correlation_id: numbered.correlation_id.clone(),
        owner_key: caller.key,
        claimed: None,
        demo: false,
    })
}

/// The person of a conversation that this key began.
pub(super) async fn subject_of(app: &App, caller: &Caller, id: ConversationId) -> Result<String, ApiError> {
    // Nothing of a conversation's person ever changes: who knows it need not ask.
    let known = match app.house.ledger.said(id).await.conversation().cloned() {
        None => {
            let reading =
                async { conversations::get_for_staff(&mut *app.house.store.read().await?, id).await };
            app.house.ledger.tables(ONLY_TABLES_KNOW, reading).await?
        }
        known => known,
    };
    known
        .filter(|c| c.owner_key == caller.key && caller.sees(c.mode))
        .map(|c| c.subject)
        .ok_or(ApiError::NotFound("conversation"))
}

/// A record, also one that no table has yet.
pub(super) async fn record_of(app: &App, id: InteractionId) -> Result<Option<Record<Masked>>, ApiError> {
    if let Some(record) = app.house.ledger.pending(id).await {
        return Ok(Some(record));
    }
    let mut reader = app.house.store.read().await?;
    Ok(interactions::get(&mut reader, id).await?)
}
