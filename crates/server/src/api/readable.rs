//! Which document a caller may read, and in which version (A2, P13): one rule for the API and the pages.

use contactiq_domain::{Collection, Document, Mode, Role};
use contactiq_guard::Published;
use contactiq_store::{Connection, StoreError, documents, interactions};
use time::Date;

use super::named::acts;
use crate::guard::identity::Caller;

/// Whether the caller is staff: not a customer, not a back end that speaks to customers, and no key that is
/// kept to the customer assistant.
pub(crate) fn is_staff(caller: &Caller) -> bool {
    !matches!(caller.role, Role::Customer | Role::Service) && caller.mode != Some(Mode::Customer)
}

/// Whether the caller may see this document: of its role, and in force. What is to come is for staff: next
/// month's prices are announced on their day.
pub(crate) fn may_see<Text>(caller: &Caller, document: &Document<Text>, today: Date) -> bool {
    document.is_for(caller.role) && (is_staff(caller) || document.valid_from.is_none_or(|from| from <= today))
}

/// The document in force, or the version of it that was asked for. None where the caller may not read it: that
/// there is one is not told.
///
/// An old version is for who may see it and what is in force now, so that what was kept back stays back. Of a
/// document that was removed, it is for staff, and for whom an answer cites that version.
pub(crate) async fn readable(
    reader: &mut Connection,
    caller: &Caller,
    (collection, slug): (Collection, &str),
    version: Option<u32>,
    today: Date,
) -> Result<Option<Document<Published>>, StoreError> {
    let current = documents::get(reader, collection, slug).await?;
    let is_removed = current.is_none();
    // What was kept for a role before it was removed is kept for it afterwards.
    let latest = match current {
        Some(current) => Some(current),
        None => documents::latest(reader, collection, slug).await?,
    };
    let Some(latest) = latest.filter(|latest| may_see(caller, latest, today)) else { return Ok(None) };
    let Some(version) = version else { return Ok((!is_removed).then_some(latest)) };
    let found = documents::get_version(reader, collection, slug, version).await?;
    let Some(found) = found.filter(|found| may_see(caller, found, today)) else { return Ok(None) };
    let told = !is_removed
        || is_staff(caller)
        || was_told(reader, caller, &format!("{collection}/{slug}"), version).await?;
    Ok(told.then_some(found))
}

/// Whether an answer to this caller cites the version.
async fn was_told(
    reader: &mut Connection,
    caller: &Caller,
    document: &str,
    version: u32,
) -> Result<bool, StoreError> {
    let subject = caller.own_subject();
    let told = match caller.key.filter(|_| acts(caller)) {
        Some(key) => interactions::Told::BackEnd(key),
        None => interactions::Told::Person(caller.owner(&subject)),
    };
    interactions::cites(reader, told, document, version).await
}
