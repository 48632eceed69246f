//! What is kept about a person (E7): read it, forget it, and what the person agrees to.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use contactiq_domain::{Permission, Timestamp, ids::KeyId};
use contactiq_store::{
    conversations::Owner,
    keys,
    privacy::{
        consent::{self, Consent, Purpose},
        erase::{self, By, Forgotten, Receipt},
        exports::{self, Form},
        is_known,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    error::{ApiError, Problem},
    idempotency::{self, Repeat},
    json::Json,
    named::{acts, fit, whose},
};
use crate::{
    app::App,
    guard::{access::Noted, identity::Caller, seen},
    privacy,
};

/// Who notes an own consent.
const ONESELF: &str = "oneself";

/// Which person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The person, as their records name them (`subject`); left out of oneself.
    subject: Option<String>,
    /// The id of the back end's key (administrators only); left out of somebody who signs in.
    #[schema(value_type = Option<String>)]
    key: Option<KeyId>,
}

/// A back end means its own people, an administrator anybody, everybody else oneself.
fn person(caller: &Caller, named: Person) -> Result<(String, Option<KeyId>), ApiError> {
    if caller.may(Permission::ManagePrivacy) {
        return Ok(match named.subject {
            Some(subject) => (fit("subject", subject)?, named.key),
            None => (caller.own_subject(), named.key.or(caller.key)),
        });
    }
    if named.key.is_some() {
        return Err(ApiError::parameter("not_an_administrator", "key", "only an administrator may name it"));
    }
    let subject = whose(caller, named.subject)?;
    let key = caller.owner(&subject).key;
    Ok((subject, key))
}

/// A key that an administrator names is one that there is, or was: what was kept by a revoked one is kept still.
pub(super) async fn must_be_known(app: &App, caller: &Caller, key: Option<KeyId>) -> Result<(), ApiError> {
    let Some(key) = key.filter(|key| Some(*key) != caller.key) else { return Ok(()) };
    let mut reader = app.house.store.read().await?;
    if keys::find_by_id(&mut reader, key).await?.is_some() {
        return Ok(());
    }
    // A key whose row was damaged speaks for nobody any more; what was kept by it is kept still.
    let damaged = keys::damaged(&mut reader).await?;
    damaged.iter().any(|other| other.id == key).then_some(()).ok_or(ApiError::NotFound("key"))
}

/// A back end that names its people exports and erases them where its key is left that.
fn must_answer_for(caller: &Caller) -> Result<(), ApiError> {
    if caller.may(Permission::ManagePrivacy) { Ok(()) } else { caller.must(Permission::ExportAndErase) }
}

/// All that is kept about a person: conversations, records, tickets, feedback, what the guard said, consents, sign-ins and
/// accesses, masked as they are kept. With `Accept: text/html` as a page for the person. It is on record that it was made.
#[utoipa::path(
    post, path = "/v1/persons/export", tag = "privacy", request_body = Person,
    responses((status = 200, description = "Everything, as one JSON object or a page"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem, description = "There is no such key"), (status = 422, body = Problem))
)]
pub async fn export(
    State(app): State<App>,
    caller: Caller,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    body: Json<Person>,
) -> Result<Response, ApiError> {
    if acts(&caller) {
        must_answer_for(&caller)?;
    }
    let (subject, key) = person(&caller, body.value)?;
    must_be_known(&app, &caller, key).await?;
    let (store, now) = (&app.house.store, app.house.clock.now());
    noted.set_target(seen::person(store, &caller, &subject, key));
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let form = if accept.contains("text/html") { Form::Html } else { Form::Json };
    let names = privacy::names(store, &subject, key);
    let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
    // On record before anything is read, so that an erasure beside it counts the file or leaves nothing to read; and in
    // nobody's way while it is read.
    let mut w = store.write().await?;
    // What names the person here would stand beside the keyed hash of the person.
    let by = if seen::is_own(&caller, &Owner { subject: &subject, key }) { ONESELF } else { &caller.name };
    let made = exports::note(&mut w, &owners, (form, by), &*app.house.ids, now).await?;
    w.save().await?;
    let exported = privacy::export(&mut *store.read().await?, &names, key, Some(made.id), now).await?;
    Ok(match form {
        Form::Json => axum::Json(exported).into_response(),
        Form::Html => {
            let page = exported.render().map_err(|_| ApiError::Internal)?;
            let kept = [(header::CONTENT_DISPOSITION, "attachment; filename=\"export.html\"")];
            (kept, Html(page)).into_response()
        }
    })
}

/// One receipt. It names nobody.
#[derive(Serialize, ToSchema)]
pub struct ReceiptShape {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// The person as a keyed hash.
    person: String,
    /// Who erased.
    erased_by: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    erased_at: Timestamp,
    /// Conversations.
    conversations: u64,
    /// Interactions.
    interactions: u64,
    /// How often all of it was handed out before: what was made of those files is the bank's to find.
    exports: u64,
    /// Interactions that it is not of, because a legal hold keeps them.
    held: u64,
    /// All of it as a note that the key of the audit log signed: `contactiq-verify receipt` holds it against the
    /// public key.
    signed: Option<String>,
}

impl From<Receipt> for ReceiptShape {
    fn from(receipt: Receipt) -> Self {
        Self {
            id: receipt.id,
            person: receipt.person,
            erased_by: receipt.erased_by,
            erased_at: receipt.erased_at,
            conversations: receipt.conversations,
            interactions: receipt.interactions,
            exports: receipt.exports,
            held: receipt.held,
            signed: receipt.signed,
        }
    }
}

/// What was erased.
#[derive(Serialize, ToSchema)]
pub struct ErasureShape {
    /// Whether anything was kept under this name. Where it is false, look at subject and key: nobody was forgotten. What
    /// may still be on its way is written without its texts all the same, and the receipts say so much.
    known: bool,
    /// Conversations, under all names of the person.
    conversations: u64,
    /// Interactions.
    interactions: u64,
    /// How often all of it was handed out before.
    exports: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    erased_at: Timestamp,
    /// A receipt for each name, to be kept outside of every backup: that of the name that was said, and that of what
    /// clients of the chat interface send as `user`.
    receipts: Vec<ReceiptShape>,
}

/// Take out all that was said by a person and to a person; the figures stay. For back ends and administrators. Sent again
/// with its `Idempotency-Key`, the request gets the same receipts for a day.
#[utoipa::path(
    post, path = "/v1/persons/erase", tag = "privacy", request_body = Person,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 200, body = ErasureShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem, description = "A legal hold is on the person"), (status = 404, body = Problem, description = "There is no such key"), (status = 422, body = Problem))
)]
pub async fn erase(
    State(app): State<App>,
    caller: Caller,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    body: Json<Person>,
) -> Result<axum::Json<ErasureShape>, ApiError> {
    // Whoever found an open browser must not wipe out what was done with it.
    match acts(&caller) {
        true => must_answer_for(&caller)?,
        false => caller.must(Permission::ManagePrivacy)?,
    }
    let (subject, key) = person(&caller, body.value)?;
    must_be_known(&app, &caller, key).await?;
    let (store, ids, now) = (&app.house.store, &*app.house.ids, app.house.clock.now());
    let names = privacy::names(store, &subject, key);
    let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
    let known = is_known(&mut *store.read().await?, &owners).await?;
    let (receipts, known) =
        match idempotency::begin(&app, &caller, "POST /v1/persons/erase", &headers, &body.bytes).await? {
            Repeat::Again(made) => receipts_of(&app, &made).await?,
            Repeat::First(taken) => {
                if privacy::keep_from_purging(&app.audit.log.holds_apart(store).await?) {
                    // One that somebody took away by hand may be on this person: the log does not say on whom it is.
                    tracing::error!(
                        critical = true,
                        "nobody is erased: a legal hold does not stand as the audit log tells"
                    );
                    return Err(ApiError::LegalHold);
                }
                let settles = taken.as_ref().map(|taken| taken.settles(StatusCode::OK));
                let by = By { name: &caller.name, signer: Some(&app.audit.signer), settles };
                match privacy::erase_person(store, &subject, key, by, ids, now).await? {
                    Forgotten::Now(receipts) => {
                        if let Some(taken) = taken {
                            taken.done();
                        }
                        (receipts, known)
                    }
                    Forgotten::Held(_) => return Err(ApiError::LegalHold),
                }
            }
        };
    let now = receipts.first().map_or(now, |receipt| receipt.erased_at);
    let said: Vec<String> = receipts.iter().map(|receipt| receipt.id.to_string()).collect();
    noted.set_target(said.join(" "));
    Ok(axum::Json(ErasureShape {
        known,
        conversations: receipts.iter().map(|receipt| receipt.conversations).sum(),
        interactions: receipts.iter().map(|receipt| receipt.interactions).sum(),
        exports: receipts.iter().map(|receipt| receipt.exports).sum(),
        erased_at: now,
        receipts: receipts.into_iter().map(Into::into).collect(),
    }))
}

/// What an erasure that is asked for again came to, and whether anything was kept before it.
async fn receipts_of(app: &App, made: &str) -> Result<(Vec<Receipt>, bool), ApiError> {
    let mut reader = app.house.store.read().await?;
    let (mut found, mut known) = (Vec::new(), true);
    for id in made.split(' ') {
        if id == erase::NOBODY {
            known = false;
            continue;
        }
        let id: Uuid = id.parse().map_err(|_| ApiError::Internal)?;
        // A receipt is never taken out.
        found.push(erase::receipt_of(&mut reader, id).await?.ok_or(ApiError::Internal)?);
    }
    Ok((found, known))
}

/// What a person agrees to or refuses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    /// The person; left out of oneself.
    subject: Option<String>,
    /// The id of the back end's key (administrators only).
    #[schema(value_type = Option<String>)]
    key: Option<KeyId>,
    /// `history`: what was said before is read for the next answer.
    #[schema(value_type = String, example = "history")]
    purpose: Purpose,
    /// Whether the person agrees.
    given: bool,
    /// When the person said so, where that is not now: what was said later counts, whatever comes first.
    #[schema(value_type = Option<String>, format = DateTime)]
    said_at: Option<String>,
}

/// A client's clock may be ahead of ours by so many seconds.
const CLOCKS_DIFFER: i64 = 300;

/// When it was said.
fn said_at(told: Option<String>, now: Timestamp) -> Result<Timestamp, ApiError> {
    let wrong = || {
        ApiError::parameter("field_invalid", "said_at", "a moment that is not ahead: 2026-07-01T09:30:00Z")
    };
    let Some(told) = told else { return Ok(now) };
    let moment: Timestamp = told.parse().map_err(|_| wrong())?;
    if moment > now.plus_seconds(CLOCKS_DIFFER) { Err(wrong()) } else { Ok(moment.min(now)) }
}

/// Note what a person agrees to or refuses; what was said last counts, and of one moment a refusal. Sent again with its
/// `Idempotency-Key`, the request changes nothing that was said meanwhile.
#[utoipa::path(
    post, path = "/v1/persons/consents", tag = "privacy", request_body = NewConsent,
    params(("Idempotency-Key" = Option<String>, Header)),
    responses((status = 204, description = "It is noted, and in force on every replica within two seconds"), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem, description = "There is no such key"), (status = 409, body = Problem, description = "`said_later`: the person said something else later, and that stands"), (status = 422, body = Problem))
)]
pub async fn note_consent(
    State(app): State<App>,
    caller: Caller,
    Extension(noted): Extension<Noted>,
    headers: HeaderMap,
    body: Json<NewConsent>,
) -> Result<StatusCode, ApiError> {
    let NewConsent { subject, key, purpose, given, said_at: told } = body.value;
    let (subject, key) = person(&caller, Person { subject, key })?;
    must_be_known(&app, &caller, key).await?;
    // What names the person here would stand beside the keyed hash of the subject.
    let noted_by = if acts(&caller) { ONESELF.to_owned() } else { caller.name.clone() };
    let now = app.house.clock.now();
    let noted_at = said_at(told, now)?;
    let taken =
        match idempotency::begin(&app, &caller, "POST /v1/persons/consents", &headers, &body.bytes).await? {
            Repeat::Again(_) => return Ok(StatusCode::NO_CONTENT),
            Repeat::First(taken) => taken,
        };
    let consent = Consent { purpose, given, noted_by, noted_at };
    let names = privacy::names(&app.house.store, &subject, key);
    let owners: Vec<Owner<'_>> = names.iter().map(|subject| Owner { subject, key }).collect();
    let Some(mut w) = consent::note_on_all(&app.house.store, &owners, &consent, now).await? else {
        app.house.consents.read(&app.house.store).await?;
        return Err(ApiError::SaidLater);
    };
    if let Some(taken) = &taken {
        taken.settle(&mut w, purpose.as_str(), StatusCode::NO_CONTENT.as_u16()).await?;
    }
    w.save().await?;
    if let Some(taken) = taken {
        taken.done();
    }
    app.house.consents.read(&app.house.store).await?;
    noted.set_target(purpose.as_str().to_owned());
    Ok(StatusCode::NO_CONTENT)
}
