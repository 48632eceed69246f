//! The documents that answers are made of.
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use axum::extract::{Path, Query, State};
use contactiq_domain::{Collection, Permission};
use contactiq_pipeline::conflict::Place;
use contactiq_store::{documents, quarantine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    error::{ApiError, Problem},
    readable::{is_staff, may_see, readable},
};
use crate::{
    app::App,
    guard::identity::{Caller, May, ReadCustomerKnowledge},
};

/// A document without its text.
#[derive(Serialize, ToSchema)]
#[expect(missing_docs, reason = "documented in domain::knowledge")]
pub struct DocumentShape {
    #[schema(value_type = String)]
    pub collection: Collection,
    pub slug: String,
    pub title: String,
    pub url: String,
    pub content_type: String,
    pub product: String,
    pub owner: String,
    /// The least role that may see it, if not all.
    pub role: Option<String>,
    pub version: u32,
    pub valid_from: Option<String>,
    pub valid_until: Option<String>,
}

/// A passage with where it stands.
#[derive(Serialize, ToSchema)]
#[expect(missing_docs, reason = "documented in domain::knowledge")]
pub struct PassageShape {
    pub document: String,
    pub title: String,
    pub url: String,
    pub version: u32,
    pub content_type: String,
    pub position: u32,
    pub headings: Vec<String>,
    pub text: String,
}

/// Which collection.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// `customer` or `banker`; left out, all that the role may read.
    #[param(value_type = Option<String>)]
    collection: Option<Collection>,
}

/// Which version of a document.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The version that a citation names; left out, the one in force. Who may not read what is in force now may
    /// not read older versions; of a document that was removed, staff may, and for whom an answer cites it.
    pub version: Option<u32>,
}

/// Two statements of one collection that give different figures for the same thing.
#[derive(Serialize, ToSchema)]
pub struct ConflictShape {
    /// Stays while both sentences and the names of their documents stay.
    pub id: String,
    /// `customer` or `banker`.
    pub collection: String,
    /// One side.
    pub one: ClaimShape,
    /// The other.
    pub other: ClaimShape,
    /// What an owner ruled; none while questions on it go to a person.
    pub ruling: Option<RulingShape>,
}

/// One side of a conflict.
#[derive(Serialize, ToSchema)]
#[expect(missing_docs, reason = "documented in pipeline::conflict")]
pub struct ClaimShape {
    /// `collection/slug`
    pub document: String,
    pub title: String,
    pub passage: u32,
    pub sentence: String,
    pub figures: Vec<String>,
}

/// An owner's word on a conflict.
#[derive(Serialize, ToSchema)]
#[expect(missing_docs, reason = "documented in store::rulings")]
pub struct RulingShape {
    /// `prefer` or `not_a_conflict`.
    pub verdict: String,
    /// Slug of the document that is right.
    pub preferred: Option<String>,
    #[schema(format = DateTime)]
    pub at: String,
}

/// The permission that a collection needs.
pub fn permission(collection: Collection) -> Permission {
    match collection {
        Collection::Customer => Permission::ReadCustomerKnowledge,
        Collection::Banker => Permission::ReadBankerKnowledge,
    }
}

/// List documents.
#[utoipa::path(
    get, path = "/v1/knowledge", tag = "knowledge", params(Which),
    responses((status = 200, body = Vec<DocumentShape>), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub async fn list(
    State(app): State<App>,
    caller: May<ReadCustomerKnowledge>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<Vec<DocumentShape>>, ApiError> {
    let collection = wanted(&caller, which)?;
    let mut reader = app.house.store.read().await?;
    let found = documents::list(&mut reader, collection).await?;
    let today = app.house.today();
    let shown =
        found.into_iter().filter(|d| caller.may(permission(d.collection)) && may_see(&caller, d, today));
    let shown = shown.map(|d| DocumentShape {
        collection: d.collection,
        slug: d.slug,
        title: d.title,
        url: d.url,
        content_type: d.content_type.to_string(),
        product: d.product,
        owner: d.owner,
        role: d.role.map(|role| role.to_string()),
        version: d.version,
        valid_from: d.valid_from.map(|v| v.to_string()),
        valid_until: d.valid_until.map(|v| v.to_string()),
    });
    Ok(axum::Json(shown.collect()))
}

/// List where documents contradict each other.
#[utoipa::path(
    get, path = "/v1/knowledge/conflicts", tag = "knowledge", params(Which),
    responses((status = 200, body = Vec<ConflictShape>), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem))
)]
pub async fn conflicts(
    State(app): State<App>,
    caller: May<ReadCustomerKnowledge>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<Vec<ConflictShape>>, ApiError> {
    let collection = wanted(&caller, which)?;
    let knowledge = app.house.shelf.current();
    let today = app.house.today();
    let documents = &knowledge.documents;
    let claim = |place: &Place| {
        let document = &documents[place.document];
        ClaimShape {
            document: format!("{}/{}", document.collection, document.slug),
            title: document.title.clone(),
            passage: place.position,
            sentence: place.sentence.clone(),
            figures: place.figures.clone(),
        }
    };
    let shown = knowledge.conflicts.iter().filter_map(|c| {
        let own = c.stands_in(documents);
        let is_wanted = caller.may(permission(own)) && collection.is_none_or(|wanted| wanted == own);
        let seen =
            [&c.one, &c.other].into_iter().all(|side| may_see(&caller, &documents[side.document], today));
        (is_wanted && seen && c.concerns(documents, today)).then(|| ConflictShape {
            id: c.id.clone(),
            collection: own.to_string(),
            one: claim(&c.one),
            other: claim(&c.other),
            ruling: c.ruling.as_ref().map(|ruling| RulingShape {
                verdict: ruling.verdict.as_str().to_owned(),
                preferred: ruling.verdict.preferred().map(str::to_owned),
                at: ruling.at.to_string(),
            }),
        })
    });
    Ok(axum::Json(shown.collect()))
}

/// The collection that is asked for, which the caller may read.
fn wanted(
    caller: &Caller,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Option<Collection>, ApiError> {
    let Query(which) =
        which.map_err(|_| ApiError::invalid("query_invalid", "collection: customer or banker"))?;
    if let Some(collection) = which.collection {
        caller.must(permission(collection))?;
    }
    Ok(which.collection)
}

/// Read a passage: what a citation points to.
#[utoipa::path(
    get, path = "/v1/knowledge/{collection}/{slug}/passages/{position}", tag = "knowledge",
    params(("collection" = String, Path), ("slug" = String, Path), ("position" = String, Path), Version),
    responses((status = 200, body = PassageShape), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn passage(
    State(app): State<App>,
    caller: Caller,
    Path((collection, slug, position)): Path<(String, String, String)>,
    which: Result<Query<Version>, axum::extract::rejection::QueryRejection>,
) -> Result<axum::Json<PassageShape>, ApiError> {
    let Query(which) = which.map_err(|_| ApiError::invalid("query_invalid", "version: a number from 1"))?;
    let missing = || ApiError::NotFound("passage");
    let collection: Collection = collection.parse().map_err(|_| missing())?;
    caller.must(permission(collection))?;
    let position: u32 = position.parse().map_err(|_| missing())?;
    let mut reader = app.house.store.read().await?;
    let today = app.house.today();
    let found = readable(&mut reader, &caller, (collection, &slug), which.version, today).await?;
    let document = found.ok_or_else(missing)?;
    // What is held in quarantine is no evidence: staff may read it, customers may not.
    if !is_staff(&caller) && quarantine::held(&mut reader, document.id).await?.contains(&position) {
        return Err(missing());
    }
    let passages = documents::passages(&mut reader, document.id).await?;
    let passage = passages.into_iter().find(|p| p.position == position).ok_or_else(missing)?;
    Ok(axum::Json(PassageShape {
        document: format!("{collection}/{slug}"),
        title: document.title,
        url: document.url,
        version: document.version,
        content_type: document.content_type.to_string(),
        position,
        headings: passage.headings,
        text: passage.text.as_str().to_owned(),
    }))
}
