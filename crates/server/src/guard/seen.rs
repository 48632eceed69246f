//! Whose data somebody saw (E6): what the access event of a read names. Of one thing its id, of a person the keyed hash,
//! of a list its filter.
//!
//! Whoever reads what is their own leaves `own` and no id. Entries of the audit log are for ever: an id beside the keyed
//! hash of its reader would say whose record that was, also after the person was forgotten and its salt destroyed.

use contactiq_domain::{Record, ids::KeyId};
use contactiq_guard::Masked;
use contactiq_store::{
    Store, StoreError,
    conversations::{self, Owner},
    privacy,
};

use super::identity::Caller;
use crate::app::App;

/// What stands for one's own data.
const OWN: &str = "own";

/// Whether the caller is the person whose this is: a back end may call its customers what it likes, also like somebody
/// who signs in.
#[must_use]
pub fn is_own(caller: &Caller, owner: &Owner<'_>) -> bool {
    caller.subject.is_some() && caller.owner(&caller.own_subject()) == *owner
}

/// One thing of this owner.
#[must_use]
pub fn one(caller: &Caller, owner: &Owner<'_>, id: impl ToString) -> String {
    if is_own(caller, owner) { OWN.to_owned() } else { id.to_string() }
}

/// An interaction. Its record names the subject alone: whose its conversation is is looked up where that is the caller's.
///
/// # Errors
/// When the database fails.
pub async fn interaction(app: &App, caller: &Caller, record: &Record<Masked>) -> Result<String, StoreError> {
    let (id, conversation) = (record.id, record.conversation);
    if !is_own(caller, &caller.owner(&record.subject)) {
        return Ok(id.to_string());
    }
    let said = app.house.ledger.said(conversation).await.conversation().cloned();
    let known = match said {
        None => conversations::get_for_staff(&mut *app.house.store.read().await?, conversation).await?,
        known => known,
    };
    Ok(known.map_or_else(|| OWN.to_owned(), |known| one(caller, &known.owner(), id)))
}

/// A person, or oneself.
#[must_use]
pub fn person(store: &Store, caller: &Caller, subject: &str, key: Option<KeyId>) -> String {
    one(caller, &Owner { subject, key }, of_person(store, subject, key))
}

/// A person, for whoever is nobody of them.
#[must_use]
pub fn of_person(store: &Store, subject: &str, key: Option<KeyId>) -> String {
    format!("person:{}", privacy::person(store, &Owner { subject, key }))
}

/// A list, by the words of its filter: enums, days and numbers, which are parsed before.
#[must_use]
pub fn list(filter: &[(&str, Option<String>)]) -> String {
    let mut said = "list".to_owned();
    for (name, value) in filter {
        if let Some(value) = value {
            said.push_str(&format!(" {name}={value}"));
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_its_filter() {
        assert_eq!(list(&[]), "list");
        let filter = [("state", Some("open".to_owned())), ("mode", None), ("page", Some("2".to_owned()))];
        assert_eq!(list(&filter), "list state=open page=2");
    }
}
