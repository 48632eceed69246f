//! Whether anything is kept of a person: who spells a name wrong, or names another key, must not believe that somebody
//! is held or forgotten.

use super::{blind, consent::named};
use crate::{Connection, StoreError, access, conversations::Owner, value::values};

/// Whether anything is kept under one of these names, or was until it was erased: a conversation, a key of the person, a
/// word on a purpose, a hold, a session of the pages, an access event. What is still in a queue or a spool is not seen.
///
/// # Errors
/// When the database fails.
pub async fn is_known(c: &mut Connection, names: &[Owner<'_>]) -> Result<bool, StoreError> {
    for owner in names {
        let (person, (subject, key)) = (blind(c, owner), named(c, owner));
        let sql = "SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM data_keys WHERE person = $1)
             OR EXISTS (SELECT 1 FROM erasures WHERE person = $1 AND conversations + interactions > 0)
             OR EXISTS (SELECT 1 FROM conversations WHERE subject = $2 AND COALESCE(owner_key, '') = $3)
             OR EXISTS (SELECT 1 FROM consents WHERE subject = $2 AND owner_key = $3)
             OR EXISTS (SELECT 1 FROM legal_holds WHERE subject = $2 AND owner_key = $3)
             OR ($3 = '' AND EXISTS (SELECT 1 FROM page_sessions WHERE subject = $2))";
        if c.row(sql, values![person, subject, key]).await?.is_some() {
            return Ok(true);
        }
        for trace in access::traces_of(c, owner) {
            // That somebody asked after a name makes nobody of it who is known.
            if trace.starts_with("person:") {
                continue;
            }
            let sql = "SELECT 1 AS one FROM access_events WHERE whose = $1 LIMIT 1";
            if c.row(sql, values![trace]).await?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
