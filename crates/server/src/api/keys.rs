//! API keys, for administrators: list, make, revoke, rotate. What the command line does on the data folder (A1).
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use axum::{
    Extension,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
};
use contactiq_domain::{Budget, Mode, Permission, Role, Timestamp, ids::KeyId, interaction::NanoUsd};
use contactiq_store::{
    StoreError,
    keys::{self, ApiKey},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, Problem},
    json::Json,
    shown_once::{Asked, Once},
};
use crate::{
    app::App,
    guard::{
        access::Noted,
        identity::{Caller, ManageAccess, May},
        new_key::{self, Grace, MOST_PER_MINUTE, Wanted},
    },
};

/// A key, as far as it is kept.
#[derive(Serialize, ToSchema)]
pub struct KeyShape {
    /// Its id, which opens nothing.
    #[schema(value_type = String)]
    id: KeyId,
    /// What people call it.
    name: String,
    /// Its first characters.
    prefix: String,
    /// `customer`, `banker`, `supervisor`, `auditor`, `admin` or `service`.
    #[schema(value_type = String, example = "service")]
    role: Role,
    /// The one assistant that it may use.
    #[schema(value_type = Option<String>)]
    mode: Option<Mode>,
    /// What is left to it of its role, as words of permissions; null where all of it is.
    #[schema(value_type = Option<Vec<String>>)]
    scopes: Option<Vec<Permission>>,
    /// Its own rate.
    rate_per_minute: Option<u32>,
    /// Dollars that its questions may cost in a day.
    budget_per_day_usd: Option<f64>,
    /// Dollars that its questions may cost in a month.
    budget_per_month_usd: Option<f64>,
    /// `active`, `expired`, `revoked`, or `damaged`: not written by this server, opens nothing, and nothing of it is true.
    state: &'static str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// From when on it is refused.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// Until when the secret before the last rotation goes on, if it does.
    #[schema(value_type = Option<String>, format = DateTime)]
    previous_ends_at: Option<Timestamp>,
    /// When it was last accepted, to within a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// How one stands whose row was not written here.
pub const DAMAGED: &str = "damaged";

/// How a key stands.
#[must_use]
pub fn state(key: &ApiKey, now: Timestamp) -> &'static str {
    match (key.revoked_at, key.is_active(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "active",
        (None, false) => "expired",
    }
}

impl KeyShape {
    fn of(key: ApiKey, now: Timestamp) -> Self {
        let state = state(&key, now);
        Self::standing(key, state, now)
    }

    fn standing(key: ApiKey, state: &'static str, now: Timestamp) -> Self {
        let previous_ends_at = key.overlaps_until(now);
        let dollars = |amount: Option<NanoUsd>| amount.map(NanoUsd::dollars);
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            role: key.role,
            mode: key.mode,
            previous_ends_at,
            scopes: key.scopes,
            rate_per_minute: key.rate_per_minute,
            budget_per_day_usd: dollars(key.budget.day),
            budget_per_month_usd: dollars(key.budget.month),
            state,
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// A key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What people call it, 1 to 64 characters; no other key that is not revoked may have it.
    name: String,
    /// `customer`, `banker`, `supervisor`, `auditor`, `admin` or `service`.
    #[schema(value_type = String, example = "service")]
    role: Role,
    /// Only this assistant.
    #[schema(value_type = Option<String>)]
    mode: Option<Mode>,
    /// Only so much of what its role may: words of permissions, or `ask`, `knowledge`, `tickets`; left out, all. A service
    /// that asks needs `act_for_subject` beside it.
    #[schema(example = json!(["ask", "act_for_subject", "feedback"]))]
    scopes: Option<Vec<String>>,
    /// Questions a minute, 1 to 1000000; such a key is not limited by address.
    rate_per_minute: Option<u32>,
    /// Dollars that language models may cost it in a day.
    budget_per_day_usd: Option<f64>,
    /// Dollars that language models may cost it in a month.
    budget_per_month_usd: Option<f64>,
    /// When it ends: a date (`2027-01-31`) or a moment (`2027-01-31T12:00:00Z`).
    expires: Option<String>,
}

impl NewKey {
    /// One of the page's form, without a budget.
    pub(crate) fn plain(
        name: String,
        role: Role,
        (mode, scopes): (Option<Mode>, String),
        rate_per_minute: Option<u32>,
        expires: String,
    ) -> NewKey {
        let (budget_per_day_usd, budget_per_month_usd) = (None, None);
        // A field that was left empty says nothing.
        let scopes = Some(vec![scopes]).filter(|scopes| !scopes[0].trim().is_empty());
        let expires = Some(expires);
        NewKey {
            name,
            role,
            mode,
            scopes,
            rate_per_minute,
            budget_per_day_usd,
            budget_per_month_usd,
            expires,
        }
    }
}

/// A key and its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct MadeKey {
    /// Send it as `Authorization: Bearer KEY`. It is not kept.
    key: String,
    /// What is kept.
    #[serde(flatten)]
    kept: KeyShape,
}

/// What is wanted, checked.
pub(crate) fn wanted(app: &App, new: NewKey) -> Result<Wanted, ApiError> {
    let wrong =
        |field: &'static str| move |why: &'static str| ApiError::parameter("field_invalid", field, why);
    let rate = new.rate_per_minute;
    if rate.is_some_and(|rate| !(1..=MOST_PER_MINUTE).contains(&rate)) {
        return Err(wrong("rate_per_minute")("a whole number from 1 to 1000000"));
    }
    let dollars = |field: &'static str, amount: Option<f64>| match amount {
        None => Ok(None),
        Some(amount) => match NanoUsd::from_dollars(amount) {
            Some(amount) => Ok(Some(amount).filter(|amount| amount.0 > 0)),
            None => Err(wrong(field)("dollars from 0, which is no budget, to 1000000000")),
        },
    };
    let named = new.scopes.map(|words| words.join(","));
    let scopes = new_key::scopes(new.role, named.as_deref())
        .map_err(|why| ApiError::parameter("field_invalid", "scopes", why))?;
    let expiry = |text: String| new_key::expiry(text.trim(), app.house.clock.now()).map_err(wrong("expires"));
    Ok(Wanted {
        name: new_key::name(&new.name).map_err(wrong("name"))?,
        role: new.role,
        mode: new.mode,
        scopes,
        rate_per_minute: rate,
        budget: Budget {
            day: dollars("budget_per_day_usd", new.budget_per_day_usd)?,
            month: dollars("budget_per_month_usd", new.budget_per_month_usd)?,
        },
        expires_at: new.expires.filter(|text| !text.trim().is_empty()).map(expiry).transpose()?,
    })
}

/// A key that may use one assistant alone makes, changes and sees none that may use the other; and one that is narrowed
/// none that may do what it may not itself.
fn is_within(caller: &Caller, role: Role, mode: Option<Mode>, scopes: Option<&[Permission]>) -> bool {
    let of_mode = caller.mode.is_none() || caller.mode == mode;
    let may = scopes.unwrap_or(role.permissions());
    of_mode && (caller.scopes.is_none() || may.iter().all(|permission| caller.may(*permission)))
}

fn is_key_within(caller: &Caller, key: &ApiKey) -> bool {
    is_within(caller, key.role, key.mode, key.scopes.as_deref())
}

/// Makes a key.
pub(crate) async fn made(
    app: &App,
    caller: &Caller,
    noted: &Noted,
    wanted: Wanted,
) -> Result<(String, ApiKey), ApiError> {
    made_once(app, caller, noted, wanted, Once::default()).await
}

async fn made_once(
    app: &App,
    caller: &Caller,
    noted: &Noted,
    wanted: Wanted,
    once: Once,
) -> Result<(String, ApiKey), ApiError> {
    if !is_within(caller, wanted.role, wanted.mode, wanted.scopes.as_deref()) {
        return Err(ApiError::Forbidden);
    }
    let mut w = app.house.store.write().await?;
    let secret = once.secret(app);
    let (secret, key) = new_key::make_as(&mut w, &*app.house.clock, wanted, secret).await.map_err(named)?;
    once.settle(&mut w, key.id, StatusCode::CREATED).await?;
    w.save().await.map_err(named)?;
    once.done();
    noted.set_target(key.id.to_string());
    Ok((secret, key))
}

fn named(error: StoreError) -> ApiError {
    match error {
        StoreError::Conflict { .. } => ApiError::parameter(
            "name_taken",
            "name",
            "a key with this name is in use: choose another name, or rotate it",
        ),
        other => other.into(),
    }
}

/// Revokes a key.
pub(crate) async fn revoked(app: &App, caller: &Caller, noted: &Noted, id: &str) -> Result<ApiKey, ApiError> {
    let id = match known(app, caller, id).await {
        Err(ApiError::NotFound(_)) => damaged_one(app, caller, id).await?,
        known => known?,
    };
    noted.set_target(id.to_string());
    let mut w = app.house.store.write().await?;
    let key = keys::revoke(&mut w, &id.to_string(), app.house.clock.now()).await?;
    w.save().await?;
    // Not after the next reading: from now on, here.
    app.keys.learn(&key);
    Ok(key)
}

/// Gives a key another secret; the old one goes on for as long as `grace` says.
pub(crate) async fn rotated(
    app: &App,
    caller: &Caller,
    noted: &Noted,
    (id, grace): (&str, &str),
) -> Result<(String, ApiKey), ApiError> {
    rotated_once(app, caller, noted, (id, meant(grace)?), Once::default()).await
}

fn meant(grace: &str) -> Result<Grace, ApiError> {
    new_key::grace(grace).map_err(|why| ApiError::parameter("field_invalid", "grace", why))
}

async fn rotated_once(
    app: &App,
    caller: &Caller,
    noted: &Noted,
    (id, grace): (&str, Grace),
    once: Once,
) -> Result<(String, ApiKey), ApiError> {
    let id = known(app, caller, id).await?;
    noted.set_target(id.to_string());
    let mut w = app.house.store.write().await?;
    let when = (grace, app.house.clock.now());
    let (secret, key) = new_key::rotate_to(&mut w, &id.to_string(), once.secret(app), when).await?;
    once.settle(&mut w, key.id, StatusCode::OK).await?;
    w.save().await?;
    once.done();
    app.keys.learn(&key);
    Ok((secret, key))
}

/// The key with this id, of those that the caller may change.
async fn known(app: &App, caller: &Caller, id: &str) -> Result<KeyId, ApiError> {
    let missing = || ApiError::NotFound("key");
    let id: KeyId = id.parse().map_err(|_| missing())?;
    let found = keys::find_by_id(&mut *app.house.store.read().await?, id).await?;
    found.filter(|key| is_key_within(caller, key)).map(|key| key.id).ok_or_else(missing)
}

/// The damaged key with this id, for whom it may be revoked by.
async fn damaged_one(app: &App, caller: &Caller, id: &str) -> Result<KeyId, ApiError> {
    let found = damaged(app, caller).await?.into_iter().find(|key| key.id.to_string() == id);
    found.map(|key| key.id).ok_or(ApiError::NotFound("key"))
}

/// Damaged keys. What they may can't be told from them, so who may change every key sees them.
async fn damaged(app: &App, caller: &Caller) -> Result<Vec<ApiKey>, ApiError> {
    match caller.mode.is_none() && caller.scopes.is_none() {
        true => Ok(keys::damaged(&mut *app.house.store.read().await?).await?),
        false => Ok(Vec::new()),
    }
}

/// Every key that the caller may change and how it stands, the oldest first; revoked ones too. Behind them those that are
/// damaged.
pub(crate) async fn all(app: &App, caller: &Caller) -> Result<Vec<(ApiKey, &'static str)>, ApiError> {
    let now = app.house.clock.now();
    let found = keys::list(&mut *app.house.store.read().await?).await?;
    let found = found.into_iter().filter(|key| is_key_within(caller, key));
    let mut all: Vec<_> = found.map(|key| (state(&key, now), key)).map(|(state, key)| (key, state)).collect();
    all.extend(damaged(app, caller).await?.into_iter().map(|key| (key, DAMAGED)));
    Ok(all)
}

/// List the API keys, the oldest first. For administrators.
#[utoipa::path(
    get, path = "/v1/keys", tag = "access",
    responses((status = 200, body = Vec<KeyShape>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: May<ManageAccess>,
) -> Result<axum::Json<Vec<KeyShape>>, ApiError> {
    let now = app.house.clock.now();
    let all = all(&app, &caller).await?.into_iter();
    Ok(axum::Json(all.map(|(key, state)| KeyShape::standing(key, state, now)).collect()))
}

/// Make an API key. Its secret is in this answer and nowhere else; sent again with its `Idempotency-Key`, the request gets
/// the same one for a day, as long as the key has it.
#[utoipa::path(
    post, path = "/v1/keys", tag = "access", request_body = NewKey,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 201, body = MadeKey), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem))
)]
pub async fn create(
    State(app): State<App>,
    caller: May<ManageAccess>,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    body: Json<NewKey>,
) -> Result<(StatusCode, axum::Json<MadeKey>), ApiError> {
    let wanted = wanted(&app, body.value)?;
    let (key, kept) = match Once::begin(&app, &caller, "POST /v1/keys", &headers, &body.bytes).await? {
        Asked::First(once) => made_once(&app, &caller, &noted, wanted, once).await?,
        Asked::Again(secret, key) => (secret, key),
    };
    Ok((StatusCode::CREATED, axum::Json(MadeKey { key, kept: KeyShape::of(kept, app.house.clock.now()) })))
}

/// Revoke an API key: every replica refuses it within five seconds, and the sessions that it made.
#[utoipa::path(
    delete, path = "/v1/keys/{id}", tag = "access", params(("id" = String, Path, description = "The key's id")),
    responses((status = 200, body = KeyShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn revoke(
    State(app): State<App>,
    caller: May<ManageAccess>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
) -> Result<axum::Json<KeyShape>, ApiError> {
    let key = revoked(&app, &caller, &noted, &id).await?;
    Ok(axum::Json(KeyShape::of(key, app.house.clock.now())))
}

/// How to rotate.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// How long the old secret goes on beside the new one: `30m`, `24h`, `7d`, at most `30d`; `0`, or left out: it ends now.
    /// 409 while one of an earlier rotation goes on.
    grace: Option<String>,
}

/// Give an API key another secret; the old one ends at once, or after `grace`. Sent again with its `Idempotency-Key`, the
/// request gets the same one for a day, as long as the key has it.
#[utoipa::path(
    post, path = "/v1/keys/{id}/rotate", tag = "access",
    params(("id" = String, Path, description = "The key's id"), ("Idempotency-Key" = Option<String>, Header), Rotation),
    responses((status = 200, body = MadeKey), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem))
)]
pub async fn rotate(
    State(app): State<App>,
    caller: May<ManageAccess>,
    Extension(noted): Extension<Noted>,
    Path(id): Path<String>,
    headers: HeaderMap,
    how: Result<Query<Rotation>, QueryRejection>,
) -> Result<axum::Json<MadeKey>, ApiError> {
    let how =
        how.map_err(|_| ApiError::invalid("query_invalid", "grace: 0, or how long as 30m, 24h or 7d"))?;
    let grace = how.0.grace.as_deref().map(meant).transpose()?.unwrap_or_default();
    // As it was made, whatever form of it the address has.
    let known = known(&app, &caller, &id).await?;
    let route = format!("POST /v1/keys/{known}/rotate");
    let (key, kept) = match Once::begin(&app, &caller, &route, &headers, grace.meant().as_bytes()).await? {
        Asked::First(once) => rotated_once(&app, &caller, &noted, (&id, grace), once).await?,
        Asked::Again(secret, key) => (secret, key),
    };
    Ok(axum::Json(MadeKey { key, kept: KeyShape::of(kept, app.house.clock.now()) }))
}
