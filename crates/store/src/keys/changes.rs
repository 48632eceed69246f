//! What the audit log says of a key's last change: an older row of it, put back with the MAC that it had then, is behind
//! that, also for a server that was not there when it was changed.

use std::collections::HashMap;

use contactiq_domain::{Timestamp, ids::KeyId};

use super::ApiKey;
use crate::{
    Store, StoreError, Writer,
    audit::{self, AuditKind, AuditLog, Event, Heard},
};

/// The field that says how often the key was changed.
const GENERATION: &str = "generation";

/// Notes that a key was revoked or rotated, in the transaction that does it.
pub(super) async fn note(
    w: &mut Writer,
    key: &ApiKey,
    became: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let fields = [
        ("key", Some(key.id.to_string())),
        ("became", Some(became.to_owned())),
        (GENERATION, Some(key.generation.to_string())),
    ];
    let event = Event::new(audit::fresh_id(w), at, AuditKind::Key, &fields);
    audit::note(w, &event).await
}

/// How often each key had been changed when it was revoked or rotated last, as the audit log says and what waits for it:
/// of the entries that were not heard yet, the first time of all.
///
/// # Errors
/// [`StoreError::AuditChanged`] where the log can't be believed, or when a database fails.
pub async fn changes(
    store: &Store,
    log: &AuditLog,
    heard: &mut Heard,
) -> Result<HashMap<KeyId, i64>, StoreError> {
    let mut last: HashMap<KeyId, i64> = HashMap::new();
    let mut learn = |key: Option<&str>, generation: Option<&str>| {
        let key: Option<KeyId> = key.and_then(|key| key.parse().ok());
        let Some((key, generation)) = key.zip(generation.and_then(|text| text.parse().ok())) else { return };
        let known = last.entry(key).or_insert(generation);
        *known = generation.max(*known);
    };
    // What waits is read first: what is taken into the log meanwhile is found there.
    for event in audit::waiting_of(&mut *store.read().await?, AuditKind::Key).await? {
        let field = |name: &str| event.fields.get(name).map(String::as_str);
        learn(field("key"), field(GENERATION));
    }
    log.each_new_of(store, AuditKind::Key, heard, |_, entry| {
        let field = |name: &str| entry.fields.get(name).map(String::as_str);
        learn(field("key"), field(GENERATION));
    })
    .await?;
    Ok(last)
}
