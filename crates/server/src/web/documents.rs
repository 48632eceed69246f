//! The bank's documents, and the passage that a citation points to.

use axum::{
    extract::{Path, Query, State},
    http::StatusCode,
    response::Response,
};
use contactiq_domain::Collection;
use contactiq_store::{documents, quarantine};

use super::{
    PageError, Visitor, show,
    views::{
        DocumentView, DocumentsView,
        documents::{ConflictItem, DocumentItem, Later, QuarantinedItem, Shelf},
    },
};
use crate::{
    api::{
        error::ApiError,
        knowledge::{Version, permission},
        readable::{is_staff, may_see, readable},
    },
    app::App,
};

pub(super) async fn list(State(app): State<App>, visitor: Visitor) -> Result<Response, PageError> {
    visitor.must(&app, contactiq_domain::Permission::ReadCustomerKnowledge)?;
    let fails = |e: contactiq_store::StoreError| visitor.fails(&app, e);
    let today = app.house.today();
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let knowledge = app.house.shelf.current();
    let mut shelves = Vec::new();
    for collection in Collection::ALL.iter().filter(|c| visitor.caller.may(permission(**c))) {
        let mut found = documents::list(&mut reader, Some(*collection)).await.map_err(fails)?;
        found.retain(|d| may_see(&visitor.caller, d, today));
        found.sort_by_cached_key(|d| d.title.to_lowercase());
        let documents = found.iter().map(|d| DocumentItem::of(d, today)).collect();
        // What reads like an attack is for staff to look at.
        let mut held = match is_staff(&visitor.caller) {
            true => quarantine::list(&mut reader, Some(*collection)).await.map_err(fails)?,
            false => Vec::new(),
        };
        held.retain(|one| found.iter().any(|d| d.slug == one.slug));
        let quarantined = held.iter().filter(|one| one.released.is_none()).map(QuarantinedItem::of).collect();
        let conflicts = ConflictItem::open(&knowledge, *collection, visitor.caller.role, today);
        shelves.push(Shelf { collection: *collection, documents, conflicts, quarantined });
    }
    let knowledge_version = documents::version(&mut reader).await.map_err(fails)?;
    Ok(show(StatusCode::OK, &DocumentsView { layout: visitor.layout(&app), shelves, knowledge_version }))
}

pub(super) async fn page(
    State(app): State<App>,
    visitor: Visitor,
    Path((collection, slug)): Path<(String, String)>,
    Query(which): Query<Version>,
) -> Result<Response, PageError> {
    let missing = || visitor.fails(&app, ApiError::NotFound("document"));
    let collection: Collection = collection.parse().map_err(|_| missing())?;
    visitor.must(&app, permission(collection))?;
    let fails = |e: contactiq_store::StoreError| visitor.fails(&app, e);
    let mut reader = app.house.store.read().await.map_err(fails)?;
    let today = app.house.today();
    let named = (collection, slug.as_str());
    let found = readable(&mut reader, &visitor.caller, named, which.version, today).await.map_err(fails)?;
    let document = found.ok_or_else(missing)?;
    let current = documents::get(&mut reader, collection, &slug).await.map_err(fails)?;
    let later = match current {
        Some(current) if current.version == document.version => Later::None,
        Some(_) => Later::Version,
        None => Later::Removed,
    };
    let mut passages = documents::passages(&mut reader, document.id).await.map_err(fails)?;
    let held = quarantine::held(&mut reader, document.id).await.map_err(fails)?;
    passages.retain(|p| is_staff(&visitor.caller) || !held.contains(&p.position));
    let view = DocumentView::of(visitor.layout(&app), &document, &passages, &held, today, later);
    Ok(show(StatusCode::OK, &view))
}
