//! Whose data somebody saw (E6): what the access event of a read names. Of one thing its id, of a person the keyed hash,
//! of a list its filter.
//!
//! Whoever reads what is their own leaves `own` and no id. Entries of the audit log are for ever: an id beside the keyed
//! hash of its reader would say whose record that was, also after the person was forgotten and its salt destroyed.

use contactiq_domain::ids::KeyId;
use contactiq_store::{Store, conversations::Owner, privacy};

use super::identity::Caller;

/// What stands for one's own data.
const OWN: &str = "own";

/// One thing of this subject.
#[must_use]
pub fn one(caller: &Caller, subject: &str, id: impl ToString) -> String {
    let is_own = caller.subject.is_some() && caller.own_subject() == subject;
    if is_own { OWN.to_owned() } else { id.to_string() }
}

/// A person, or oneself.
#[must_use]
pub fn person(store: &Store, caller: &Caller, subject: &str, key: Option<KeyId>) -> String {
    one(caller, subject, of_person(store, subject, key))
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
