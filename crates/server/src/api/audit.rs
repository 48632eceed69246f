//! The audit log for auditors (E6): its last checkpoint, and the log as a file.
#![expect(unused_qualifications, reason = "utoipa's macro writes the path of the parameters")]

use std::collections::VecDeque;

use axum::{
    body::Body,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use contactiq_auditlog::export;
use contactiq_store::{StoreError, audit::AuditLog};
use serde::Deserialize;
use utoipa::IntoParams;

use super::error::{ApiError, Problem};
use crate::{
    app::App,
    guard::identity::{May, ReadAudit},
};

/// Entries of one part.
const TOGETHER: u64 = 1_000;

/// A log on its way into a file: from an entry to the last checkpoint that was signed when it began.
pub(crate) struct Export {
    origin: String,
    first: u64,
    at: u64,
    end: u64,
    begun: bool,
    ended: bool,
    marks: VecDeque<(u64, String)>,
    /// Entries that were written.
    pub(crate) entries: u64,
    /// Checkpoints that were written.
    pub(crate) checkpoints: u64,
}

impl Export {
    /// Begins behind `from` entries.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn begin(log: &AuditLog, origin: &str, from: u64) -> Result<Export, StoreError> {
        let end = log.checkpoint().await?.map_or(0, |(size, _)| size);
        let first = from.min(end);
        Ok(Export {
            origin: origin.to_owned(),
            first,
            at: first,
            end,
            begun: false,
            ended: false,
            marks: VecDeque::new(),
            entries: 0,
            checkpoints: 0,
        })
    }

    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// When the database fails, or the log is not whole.
    pub(crate) async fn next(&mut self, log: &AuditLog) -> Result<Option<Vec<u8>>, StoreError> {
        if !self.begun {
            self.begun = true;
            return Ok(Some(export::begin(&self.origin, &log.edge(self.first).await?)));
        }
        if self.at >= self.end {
            let last = !std::mem::replace(&mut self.ended, true);
            return Ok(last.then(|| export::end(self.entries, self.checkpoints)));
        }
        let mut part = Vec::new();
        for logged in log.entries(self.at, self.end.min(self.at + TOGETHER)).await? {
            self.at = logged.index + 1;
            self.entries += 1;
            part.extend(logged.leaf);
            part.push(b'\n');
            self.mark(log, &mut part).await?;
        }
        if part.is_empty() {
            return Err(StoreError::Corrupt { what: "audit log" });
        }
        Ok(Some(part))
    }

    /// The checkpoint that covers what was written so far, if there is one.
    async fn mark(&mut self, log: &AuditLog, part: &mut Vec<u8>) -> Result<(), StoreError> {
        if self.marks.back().is_none_or(|(size, _)| *size < self.at) {
            self.marks.extend(log.checkpoints(self.at - 1, 1_000).await?);
        }
        while self.marks.pop_front_if(|(size, _)| *size < self.at).is_some() {}
        if let Some((_, note)) = self.marks.pop_front_if(|(size, _)| *size == self.at) {
            part.extend(export::checkpoint(&note));
            self.checkpoints += 1;
        }
        Ok(())
    }
}

/// The log is of both assistants: a key that is for one of them reads none of it.
fn everything(caller: &May<ReadAudit>) -> Result<(), ApiError> {
    if caller.mode.is_some() { Err(ApiError::Forbidden) } else { Ok(()) }
}

/// Read the last checkpoint: a signed note that commits to every entry before it. Whoever keeps it elsewhere can tell
/// later whether the history is still the same.
#[utoipa::path(
    get, path = "/v1/audit/checkpoint", tag = "audit",
    responses((status = 200, content_type = "text/plain", body = String), (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem))
)]
pub async fn checkpoint(State(app): State<App>, caller: May<ReadAudit>) -> Result<Response, ApiError> {
    everything(&caller)?;
    let (_, note) = app.audit.log.checkpoint().await?.ok_or(ApiError::NotFound("checkpoint"))?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response())
}

/// From where.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// How many entries you have already; 0 when left out.
    from: Option<u64>,
}

/// Read the log up to its last checkpoint, as `contactiq-verify log` takes it: one JSON object a line.
#[utoipa::path(
    get, path = "/v1/audit/export", tag = "audit", params(From),
    responses((status = 200, content_type = "application/jsonl", body = String), (status = 401, body = Problem), (status = 403, body = Problem), (status = 422, body = Problem))
)]
pub async fn export_log(
    State(app): State<App>,
    caller: May<ReadAudit>,
    which: Result<Query<From>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, ApiError> {
    everything(&caller)?;
    let Query(which) =
        which.map_err(|_| ApiError::invalid("query_invalid", "from: how many entries you have, from 0"))?;
    let log = app.audit.log.clone();
    let begun = Export::begin(&log, &app.audit.origin, which.from.unwrap_or(0)).await?;
    // A part that fails ends the body without its last line, so that the file is not taken for whole.
    let parts = futures_util::stream::try_unfold((begun, log), |(mut export, log)| async move {
        let part = export.next(&log).await.inspect_err(|error| {
            tracing::error!(critical = true, %error, "the audit log could not be exported");
        })?;
        Ok::<_, StoreError>(part.map(|part| (part, (export, log))))
    });
    Ok(([(header::CONTENT_TYPE, "application/jsonl")], Body::from_stream(parts)).into_response())
}
