//! Conversations: begin, list, read; only their owner's (P11).
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use axum::{
    Extension,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
};
use contactiq_domain::{Mode, Permission, Record, Timestamp, ids::ConversationId};
use contactiq_guard::Masked;
use contactiq_store::conversations::{self, Conversation};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
    json::Json,
    named::{acts, whose},
    shapes::RecordShape,
};
use crate::{
    app::App,
    guard::{access::Noted, identity::Caller, seen},
};

const ROUTE: &str = "POST /v1/conversations";
/// Most conversations of one list, and most interactions of one reading.
const MOST: u32 = 200;

/// A conversation to begin.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConversation {
    /// Which assistant.
    #[schema(value_type = String, example = "customer")]
    mode: Mode,
    /// The person (service keys only).
    subject: Option<String>,
}

/// A conversation.
#[derive(Serialize, ToSchema)]
pub struct ConversationShape {
    /// Send it with the next question.
    #[schema(value_type = String)]
    id: ConversationId,
    /// Which assistant.
    #[schema(value_type = String, example = "customer")]
    mode: Mode,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Conversation> for ConversationShape {
    fn from(c: Conversation) -> Self {
        Self { id: c.id, mode: c.mode, created_at: c.created_at }
    }
}

/// Begin a conversation.
#[utoipa::path(
    post, path = "/v1/conversations", tag = "conversations", request_body = NewConversation,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = ConversationShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem))
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    body: Json<NewConversation>,
) -> Result<(StatusCode, axum::Json<ConversationShape>), ApiError> {
    caller.must(body.value.mode.permission())?;
    let subject = whose(&caller, body.value.subject.clone())?;
    let taken = match idempotency::begin(&app, &caller, ROUTE, &headers, &body.bytes).await? {
        Repeat::Again(id) => {
            let id = id.parse().map_err(|_| ApiError::Internal)?;
            let mut reader = app.house.store.read().await?;
            let first = conversations::get(&mut reader, id, &caller.owner(&subject)).await?;
            return Ok((
                StatusCode::CREATED,
                axum::Json(
                    first.filter(|c| caller.sees(c.mode)).ok_or(ApiError::NotFound("conversation"))?.into(),
                ),
            ));
        }
        Repeat::First(taken) => taken,
    };
    let conversation = Conversation {
        id: ConversationId::new(&*app.house.ids),
        mode: body.value.mode,
        subject,
        owner_key: caller.key,
        demo: false,
        label: None,
        created_at: app.house.clock.now(),
    };
    let mut w = app.house.store.write().await?;
    conversations::create(&mut w, &conversation).await?;
    if let Some(taken) = &taken {
        taken.settle(&mut w, &conversation.id.to_string(), StatusCode::CREATED.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    Ok((StatusCode::CREATED, axum::Json(conversation.into())))
}

/// Whose conversations.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// The person (service keys only).
    subject: Option<String>,
}

/// List the caller's conversations, newest first.
#[utoipa::path(
    get, path = "/v1/conversations", tag = "conversations", params(Whose),
    responses((status = 200, body = Vec<ConversationShape>), (status = 401, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Extension(noted): Extension<Noted>,
    whose_query: Result<Query<Whose>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<Vec<ConversationShape>>, ApiError> {
    let Query(query) = whose_query
        .map_err(|_| ApiError::invalid("query_invalid", "the only query parameter is `subject`"))?;
    let subject = whose(&caller, query.subject)?;
    noted.set_target(seen::person(&app.house.store, &caller, &subject, caller.key));
    let mut reader = app.house.store.read().await?;
    let found = conversations::list_of(&mut reader, &caller.owner(&subject), MOST).await?;
    Ok(axum::Json(found.into_iter().filter(|c| caller.sees(c.mode)).map(Into::into).collect()))
}

/// Read a conversation: its interactions, oldest first.
#[utoipa::path(
    get, path = "/v1/conversations/{id}", tag = "conversations",
    params(("id" = String, Path), Whose),
    responses((status = 200, body = Vec<RecordShape>), (status = 401, body = Problem), (status = 404, body = Problem))
)]
pub async fn read(
    State(app): State<App>,
    caller: Caller,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    whose_query: Result<Query<Whose>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<Vec<Record<Masked>>>, ApiError> {
    let Query(query) = whose_query
        .map_err(|_| ApiError::invalid("query_invalid", "the only query parameter is `subject`"))?;
    let missing = || ApiError::NotFound("conversation");
    let id: ConversationId = id.parse().map_err(|_| missing())?;
    let anybodys = query.subject.is_none() && acts(&caller);
    let subject = whose(&caller, query.subject)?;
    let said = app.house.ledger.said(id).await;
    let pending = || said.conversation().cloned();
    let mut reader = app.house.store.read().await?;
    let known = if caller.may(Permission::ReadAllInteractions) {
        conversations::get_for_staff(&mut reader, id).await?.or_else(pending)
    } else if anybodys {
        // A back end that did not name the person when it asked can't name it now.
        let known = conversations::get_for_staff(&mut reader, id).await?.or_else(pending);
        known.filter(|c| c.owner_key == caller.key)
    } else {
        let owner = caller.owner(&subject);
        let known = conversations::get(&mut reader, id, &owner).await?;
        known.or_else(|| pending().filter(|c| c.owner() == owner))
    };
    // A key for one assistant reads nothing of the other.
    let known = known.filter(|c| caller.sees(c.mode)).ok_or_else(missing)?;
    noted.set_target(seen::one(&caller, &known.subject, id));
    Ok(axum::Json(said.after_tables(&mut reader, id, MOST).await?))
}
