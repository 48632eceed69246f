//! The chat pages. Scripts stream answers; without scripts the form posts and the page comes back.

use std::time::{Duration, Instant};

use axum::{
    Extension, Form,
    body::{Body, Bytes},
    extract::{FromRequest, Path, Query, RawForm, Request, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use contactiq_domain::{Mode, Permission, Record, Trigger, ids::ConversationId};
use contactiq_guard::Masked;
use contactiq_pipeline::Ask;
use contactiq_store::{conversations, feedback, interactions, ledger::Said};
use serde::Deserialize;

use super::{
    PageError, Visitor, show,
    views::{ChatView, chat::ConversationLink, turn::TurnView, wording},
};
use crate::{
    api::{
        answering::{Turn, answer, in_time},
        asking::{counted, helped, take_place},
        error::ApiError,
        idempotency::{self, Repeat, Taken},
        message::Message,
    },
    app::App,
    guard::{Numbered, admission::Priority, limits::Asker, seen},
    wiring::{random_text, sha256_hex},
};

/// Conversations listed beside the chat.
const LISTED: u32 = 12;
/// Turns shown when a conversation is opened again.
const TURNS: u32 = 50;

#[derive(Deserialize)]
pub(super) struct Opened {
    conversation: Option<String>,
}

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path(mode): Path<String>,
    Query(opened): Query<Opened>,
) -> Result<Response, PageError> {
    let mode = allowed(&app, &visitor, &mode)?;
    let view = view(&app, &visitor, mode, opened.conversation.as_deref()).await?;
    Ok(show(StatusCode::OK, &view))
}

fn allowed(app: &App, visitor: &Visitor, mode: &str) -> Result<Mode, PageError> {
    let mode: Mode = mode.parse().map_err(|_| visitor.fails(app, ApiError::NoRoute))?;
    visitor.must(app, mode.permission())?;
    Ok(mode)
}

async fn view(app: &App, visitor: &Visitor, mode: Mode, opened: Option<&str>) -> Result<ChatView, PageError> {
    let subject = visitor.caller.own_subject();
    let owner = visitor.caller.owner(&subject);
    let fails = |e: contactiq_store::StoreError| visitor.fails(app, e);
    // Before an escalation nobody knows which it will be: this is the line for the plainest.
    let people = app.house.people(mode, Trigger::HumanOnly).is_some();
    let current: Option<ConversationId> = opened.and_then(|id| id.parse().ok());
    let what = current.map_or_else(|| seen::list(&[]), |id| id.to_string());
    visitor.noted.set_target(seen::one(&visitor.caller, &owner, what));
    let said = match current {
        Some(id) => app.house.ledger.said(id).await,
        None => Said::default(),
    };
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let mut turns = Vec::new();
    if let Some(id) = current {
        let known = conversations::get(&mut reader, id, &owner).await.map_err(fails)?;
        known
            .or_else(|| said.conversation().filter(|c| c.owner() == owner).cloned())
            .filter(|c| c.mode == mode)
            .ok_or_else(|| visitor.fails(app, ApiError::NotFound("conversation")))?;
        for record in said.after_tables(&mut reader, id, TURNS).await.map_err(fails)? {
            let said = feedback::of_interaction(&mut reader, record.id).await.map_err(fails)?;
            let reached = record.trigger.is_some_and(|t| app.house.people(mode, t).is_some());
            turns.push(TurnView::of(&record, reached, said.first().and_then(|f| f.helpful)));
        }
    }
    let mut links = Vec::new();
    for conversation in conversations::list_of(&mut reader, &owner, LISTED * 2).await.map_err(fails)? {
        if conversation.mode != mode || links.len() >= LISTED as usize {
            continue;
        }
        let first = interactions::first_question(&mut reader, conversation.id).await.map_err(fails)?;
        let Some(first) = first else { continue };
        links.push(ConversationLink {
            id: conversation.id.to_string(),
            title: first.as_str().to_owned(),
            when: wording::moment(conversation.created_at),
            current: Some(conversation.id) == current,
        });
    }
    Ok(ChatView {
        layout: visitor.layout(app),
        mode,
        disclosure: app.house.settings.of(mode).disclosure.clone(),
        privacy:
            "Personal data in your message is masked before anything is kept. The masked text is sealed."
                .to_owned(),
        conversation: current.map(|id| id.to_string()),
        turns,
        suggestions: suggestions(mode).iter().map(|s| (*s).to_owned()).collect(),
        conversations: links,
        people_available: people,
        may_read_records: visitor.caller.may(Permission::ReadAllInteractions),
        may_read_tickets: visitor.caller.may(Permission::ReadTickets),
        draft: String::new(),
        problem: None,
        once: random_text::<16>(),
    })
}

const fn suggestions(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Customer => &[
            "What does a replacement card cost?",
            "How do I dispute a card payment?",
            "What is the daily ATM limit?",
            "What do I need to open an account?",
        ],
        Mode::Banker => &[
            "Which documents does a self-employed home-loan applicant need?",
            "How do I log a complaint, and what are the clocks?",
            "Compare the Low Rate, Gold and Platinum credit cards",
            "How should I word a comparison rate?",
        ],
    }
}

#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    csrf: String,
    question: Message,
    #[serde(default)]
    conversation: String,
    /// Of the page that was shown: who clicks twice asks once.
    #[serde(default)]
    once: String,
}

/// The form in these bytes.
async fn sent_in(bytes: &Bytes) -> Result<Sent, FormRejection> {
    let mut request = Request::new(Body::from(bytes.clone()));
    *request.method_mut() = axum::http::Method::POST;
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form);
    Form::from_request(request, &()).await.map(|Form(sent)| sent)
}

/// A question from a browser without scripts.
pub(super) async fn without_script(
    State(app): State<App>,
    visitor: Visitor,
    Path(mode): Path<String>,
    Extension(numbered): Extension<Numbered>,
    RawForm(bytes): RawForm,
) -> Result<Response, PageError> {
    let sent = match sent_in(&bytes).await {
        Ok(sent) => sent,
        Err(unreadable) => return Ok(unreadable.into_response()),
    };
    let (assistant, question) = (mode.parse::<Mode>().ok(), sent.question.clone());
    let told = numbered.clone();
    match (in_time(&app, asked(&app, &visitor, &mode, numbered, (sent, &bytes))).await, assistant) {
        (Err(page), Some(mode)) => {
            let error = counted(&app, &visitor.caller, &told, page.error.clone()).await;
            let error = helped(&app, mode, &question, error).await;
            Err(PageError { error, ..page })
        }
        (shown, _) => shown,
    }
}

async fn asked(
    app: &App,
    visitor: &Visitor,
    mode: &str,
    numbered: Numbered,
    (sent, bytes): (Sent, &Bytes),
) -> Result<Response, PageError> {
    let mode = allowed(app, visitor, mode)?;
    visitor.check_form(app, &sent.csrf)?;
    let subject = visitor.caller.own_subject();
    // The bucket that the same person has when scripts post their questions (api/asking.rs).
    let asker = Asker::alone(&subject, numbered.ip);
    let bucket = asker.turn();
    // First: whoever waits for the answer of another click asks the tables all the while.
    take_place(app, asker, &numbered).await.map_err(|limited| visitor.fails(app, limited))?;
    let taken = match first(app, visitor, mode, &sent.once, bytes).await {
        Ok(Repeat::First(taken)) => taken,
        Ok(Repeat::Again(record)) => return Ok(turn_of(&record)),
        Err(error) => return Err(visitor.fails(app, error)),
    };
    let question = sent.question;
    let ask = Ask {
        mode,
        role: visitor.caller.role,
        question: question.whole(),
        conversation: sent.conversation.parse().ok(),
        follows: None,
        session: subject.clone(),
        subject,
        request_id: numbered.request_id,
        correlation_id: numbered.correlation_id,
        owner_key: visitor.caller.key,
        claimed: taken.as_ref().map(Taken::claimed),
        demo: false,
    };
    let turn = Turn { bucket: &bucket, priority: Priority::Ordinary };
    match answer(app, ask, taken, (turn, None)).await {
        Ok(record) => Ok(turn_of(&record)),
        Err(error) if error.status() == StatusCode::UNPROCESSABLE_ENTITY => {
            let opened = Some(sent.conversation.as_str()).filter(|c| !c.is_empty());
            let mut view = view(app, visitor, mode, opened).await?;
            view.problem = Some(helped(app, mode, &question, error).await.to_string());
            Ok(show(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(other) => Err(visitor.fails(app, other)),
    }
}

/// The page that shows an answer.
fn turn_of(record: &Record<Masked>) -> Response {
    let (mode, conversation) = (record.mode, record.conversation);
    Redirect::to(&format!("/chat/{mode}?conversation={conversation}#turn-{}", record.id)).into_response()
}

/// How often it is looked whether the first click has its answer.
const LOOK: Duration = Duration::from_millis(200);

/// Whether a form is sent for the first time. The second of two clicks, whose answer the browser shows, waits for the
/// first one's. Another question from the same page, gone back to, is another.
async fn first(
    app: &App,
    visitor: &Visitor,
    mode: Mode,
    once: &str,
    bytes: &Bytes,
) -> Result<Repeat<Box<Record<Masked>>>, ApiError> {
    if once.is_empty() {
        return Ok(Repeat::First(None));
    }
    let wrong =
        |_| ApiError::invalid("form_invalid", "the form is not one of our pages: load the page again");
    let key = HeaderValue::from_str(&format!("{once}.{}", sha256_hex(bytes))).map_err(wrong)?;
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", key);
    let route = format!("POST /chat/{mode}");
    let until = Instant::now() + Duration::from_secs(app.config.server.request_timeout_seconds);
    loop {
        let begun = idempotency::begin_question(app, &visitor.caller, &route, &headers, bytes).await;
        match begun {
            Err(ApiError::IdempotencyInFlight { .. }) if Instant::now() < until => {
                tokio::time::sleep(LOOK).await;
            }
            begun => return begun,
        }
    }
}
