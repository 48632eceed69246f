//! Under which names access events know the people whose conversations are kept: the one place that says whose an event
//! is, for who is told, held or forgotten.

use contactiq_domain::ids::KeyId;
use sha2::{Digest, Sha256};

use crate::conversations::Owner;

/// How the subjects of the site's customers begin.
const SITE: &str = "site:";
/// Subject and name of the local administrator: whoever holds the password of the machine.
pub const LOCAL_ADMIN: &str = "local-admin";
/// How the names begin that logs have for people. Names of keys, the command line and whoever is anonymous stand in the
/// same column: events of theirs are nobody's own, whatever a subject is called.
const PEOPLE: [&str; 3] = [SITE, "person:", "customer:"];

/// What logs call a customer in a session that this server signed for a key.
#[must_use]
pub fn of_session(key: KeyId, subject: &str) -> String {
    fingerprint("customer", &[&key.to_string(), subject])
}

/// What logs call a customer of the bank's site.
#[must_use]
pub fn of_site(issuer: &str, subject: &str) -> String {
    fingerprint("customer", &[issuer, subject])
}

/// What the conversations of a customer of the bank's site name as their subject.
#[must_use]
pub fn subject_of_site(issuer: &str, subject: &str) -> String {
    format!("{SITE}{issuer}:{subject}")
}

/// Every name under which logs know whoever owns something. None where a subject is no name that logs have for people.
#[must_use]
pub fn actors(owner: &Owner<'_>) -> Vec<String> {
    let subject = owner.subject;
    if let Some(key) = owner.key {
        return vec![of_session(key, subject)];
    }
    let mut names = Vec::new();
    if subject == LOCAL_ADMIN || PEOPLE.iter().any(|begins| subject.starts_with(begins)) {
        names.push(subject.to_owned());
    }
    if let Some(told) = subject.strip_prefix(SITE) {
        // An issuer may be an address, with colons of its own: where it ends the subject does not say.
        let ends = told.match_indices(':').map(|(end, _)| end);
        names.extend(ends.map(|end| of_site(&told[..end], &told[end + 1..])));
    }
    names
}

/// What logs call a person: a fingerprint, since a subject may be an e-mail address.
#[must_use]
pub fn fingerprint(kind: &str, parts: &[&str]) -> String {
    let hash = Sha256::digest(parts.join("\0").as_bytes());
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{kind}:{digits}")
}
