//! The audit log: its latest entries, its last checkpoint, and a button that verifies all of it.

use axum::{
    Form,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
};
use contactiq_domain::Permission;
use contactiq_store::audit::{AuditKind, Filter};
use serde::Deserialize;

use super::{
    PageError, Visitor, show,
    views::audit::{AuditItem, AuditView},
};
use crate::{api::error::ApiError, app::App};

/// Up to so many entries the records are looked at too: each takes a millisecond.
const RECORDS_TOO: u64 = 20_000;
/// Entries of one page.
const LISTED: u32 = 50;

#[derive(Deserialize)]
pub(super) struct Which {
    kind: Option<String>,
    before: Option<u64>,
}

pub(super) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(which): Query<Which>,
) -> Result<Response, PageError> {
    let filter = Filter { kind: which.kind.and_then(|kind| kind.parse().ok()), before: which.before };
    page(&app, &visitor, filter, None).await
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    csrf: String,
}

pub(super) async fn verify(
    State(app): State<App>,
    visitor: Visitor,
    Form(asked): Form<Asked>,
) -> Result<Response, PageError> {
    allowed(&app, &visitor)?;
    visitor.check_form(&app, &asked.csrf)?;
    let size = app.audit.log.size().await.map_err(|error| visitor.fails(&app, error))?;
    let records = size <= RECORDS_TOO;
    let found = match app.audit.verify(&app.house.store, records, app.house.clock.now()).await {
        Ok(found) => {
            let records = if records {
                format!(
                    "{} records are those that were committed to, {} were erased and are accounted for",
                    found.records, found.closed
                )
            } else {
                "Whether each record is the one that was committed to says contactiq audit verify --records"
                    .to_owned()
            };
            Ok(format!(
                "Verified: {} entries and {} checkpoints agree; {} entries wait for their checkpoint. {records}.",
                found.log.size, found.log.checkpoints, found.unsigned
            ))
        }
        Err(fault) => {
            tracing::error!(critical = true, %fault, "the audit log was verified on its page");
            Err(format!("Not verified: {fault}."))
        }
    };
    page(&app, &visitor, Filter::default(), Some(found)).await
}

/// The log is of both assistants: a key that is for one of them reads none of it.
fn allowed(app: &App, visitor: &Visitor) -> Result<(), PageError> {
    visitor.must(app, Permission::ReadAudit)?;
    if visitor.caller.mode.is_some() { Err(visitor.fails(app, ApiError::Forbidden)) } else { Ok(()) }
}

async fn page(
    app: &App,
    visitor: &Visitor,
    filter: Filter,
    verified: Option<Result<String, String>>,
) -> Result<Response, PageError> {
    allowed(app, visitor)?;
    let fails = |e: contactiq_store::StoreError| visitor.fails(app, e);
    let log = &app.audit.log;
    let found = log.latest(&filter, LISTED).await.map_err(fails)?;
    let checkpoint = log.checkpoint().await.map_err(fails)?;
    let looked = app.audit.looked();
    let view = AuditView {
        layout: visitor.layout(app),
        kind: filter.kind,
        kinds: AuditKind::ALL,
        older: (found.len() == LISTED as usize).then(|| found.last().map_or(0, |last| last.index)),
        first: filter.before.is_none(),
        entries: found
            .iter()
            .filter_map(|logged| logged.entry())
            .map(|entry| AuditItem::of(&entry))
            .collect(),
        size: log.size().await.map_err(fails)?,
        signed: checkpoint.as_ref().map_or(0, |(size, _)| *size),
        checkpoint: checkpoint.map(|(_, note)| note),
        looked: looked.at.map(super::views::wording::moment),
        fault: looked.fault,
        verified,
    };
    Ok(show(StatusCode::OK, &view))
}
