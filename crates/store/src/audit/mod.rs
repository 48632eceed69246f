//! The audit log (E6): what happened, in an order that nobody can change afterwards (docs/audit.md).
//!
//! What is to become an entry is an [`Event`]. It is written into the outbox in the transaction of what happened
//! ([`note`]); the [`Sequencer`] takes it from there into the [`AuditLog`], whose tables are only ever added to: a file
//! of its own on SQLite, a schema of its own with triggers on PostgreSQL. Nothing personal stands in an event: people and addresses
//! are keyed hashes, records are commitments whose salts can be destroyed ([`destroy_salts`]).

mod agreed;
mod closing;
mod counted;
mod counts;
mod feed;
mod held;
mod interaction;
mod log;
mod prove;
mod read;
mod sequencer;
mod stands;
mod takeover;
mod told;
mod tree;
mod unlogged;
mod verify;

use std::collections::BTreeMap;

use contactiq_auditlog::Hash;
use contactiq_domain::Timestamp;
use uuid::Uuid;

pub(crate) use agreed::{word_noted, words_forgotten};
pub(crate) use closing::{closed, of_ticket as ticket_proof, ticket_became};
pub use counted::Heard;
pub use feed::{Letter, Waiting, forget_letter, letters, note, note_all, take_in_letters, waiting};
pub(crate) use feed::{note_access, of_kind as waiting_of};
pub(crate) use held::{hold_lifted, hold_placed};
pub use interaction::{FORM as RECORD_FORM, destroy_salts};
pub(crate) use interaction::{completed, handed_over, interrupted, withdrawn};
pub use log::{AuditLog, Fence};
pub use prove::Unproved;
pub use read::{Filter, Logged};
pub use sequencer::{Ran, Rhythm, Sequencer};
pub use stands::Apart;
pub use verify::{AuditFault, Verified};

use crate::{
    Writer,
    access::{AccessEvent, AccessResult},
};

contactiq_domain::words! {
    /// What an entry of the audit log is about.
    AuditKind as "kind" {
        /// Somebody reached data or a page.
        Access => "access",
        /// Somebody signed in or out.
        SignIn => "sign_in",
        /// Somebody was refused: not known, not permitted, or too often.
        Refused => "refused",
        /// The configuration is another than at the start before.
        Configuration => "configuration",
        /// Documents, or which of their passages may be found, were changed.
        Knowledge => "knowledge",
        /// A question and what became of it; it commits to the record.
        Interaction => "interaction",
        /// Nobody was shown what completed an interaction.
        Withdrawal => "withdrawal",
        /// A question was handed to a person, with the reason.
        Escalation => "escalation",
        /// A ticket was taken, handed over or closed.
        Ticket => "ticket",
        /// A reviewer judged what the guard did.
        Review => "review",
        /// Somebody saw personal data that was masked.
        Unmasking => "unmasking",
        /// All that is kept about a person was handed out.
        Export => "export",
        /// Records or documents were erased.
        Erasure => "erasure",
        /// Which records an erasure or a purge closed, as keyed hashes.
        Closing => "closing",
        /// A legal hold was placed or lifted.
        Hold => "hold",
        /// A person agreed to a purpose, refused it, or was forgotten with their word.
        Consent => "consent",
        /// An API key was made, changed, revoked or rotated; so with keys of the audit log itself.
        Key => "key",
        /// Dead letters of the record were replayed or dropped.
        Ledger => "ledger",
        /// The audit log was exported or proved from.
        Audit => "audit",
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id: noted twice, it is one entry.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// What else is known: ids, keyed hashes, words of the contract.
    pub fields: BTreeMap<String, String>,
    /// What stands for a record that may be erased.
    pub commitment: Option<Hash>,
}

impl Event {
    /// An event with these fields; those without a value are left out.
    #[must_use]
    pub fn new(id: Uuid, at: Timestamp, kind: AuditKind, fields: &[(&str, Option<String>)]) -> Event {
        let known = fields.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
        Event { id, at, kind, fields: known.collect(), commitment: None }
    }
}

/// An id for an event of which there is no other trace to derive one from.
pub(crate) fn fresh_id(w: &Writer) -> Uuid {
    let mut id = [0; 16];
    id.copy_from_slice(&w.sealer().fresh()[..16]);
    Uuid::from_bytes(id)
}

/// The event of an attempt to use the API, the pages or the command line. `pseudonym` gives the keyed hash of a word.
fn of_access(event: &AccessEvent, pseudonym: impl Fn(&str) -> String) -> Event {
    Event::new(
        event.id.uuid(),
        event.at,
        kind_of(event),
        &[
            ("actor", Some(pseudonym(&event.actor))),
            ("from", Some(pseudonym(&event.from_ip))),
            ("method", Some(event.method.clone())),
            ("route", Some(event.route.clone())),
            ("target", event.target.clone()),
            ("result", Some(event.result.to_string())),
            ("status", Some(event.status.to_string())),
            ("reason", event.reason.clone()),
        ],
    )
}

/// What an attempt was, by its route or command.
fn kind_of(event: &AccessEvent) -> AuditKind {
    if event.result != AccessResult::Allowed {
        return AuditKind::Refused;
    }
    let route = event.route.as_str();
    if event.method == "cli" {
        return match route.split(' ').next().unwrap_or_default() {
            "keys" | "sealing" => AuditKind::Key,
            "knowledge" if route.starts_with("knowledge erase") => AuditKind::Erasure,
            "demo" => AuditKind::Erasure,
            "privacy" if matches!(route, "privacy erase" | "privacy again" | "privacy purge") => {
                AuditKind::Erasure
            }
            "knowledge" => AuditKind::Knowledge,
            "escalations" if matches!(route, "escalations list" | "escalations show") => AuditKind::Access,
            "escalations" => AuditKind::Ticket,
            "guard" if route == "guard review" => AuditKind::Access,
            "guard" => AuditKind::Review,
            "ledger" if matches!(route, "ledger dead list" | "ledger dead show") => AuditKind::Access,
            "ledger" => AuditKind::Ledger,
            "audit" if route.starts_with("audit keys") => AuditKind::Key,
            "audit" => AuditKind::Audit,
            _ => AuditKind::Access,
        };
    }
    // What was noticed of a use is none.
    if event.method == "unusual" {
        return AuditKind::Access;
    }
    let changes = !matches!(event.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    match route {
        // A code in the address signs in and leads on.
        _ if route.starts_with("/signin") && (changes || (300..400).contains(&event.status)) => {
            AuditKind::SignIn
        }
        "/signout" => AuditKind::SignIn,
        "/v1/audit/export" => AuditKind::Audit,
        _ if changes && (route.starts_with("/tickets/") || route.starts_with("/v1/tickets/")) => {
            AuditKind::Ticket
        }
        _ if changes && (route.starts_with("/review") || route.starts_with("/v1/guard/review")) => {
            AuditKind::Review
        }
        "/v1/persons/erase" => AuditKind::Erasure,
        _ if changes && (route.starts_with("/v1/keys") || route.starts_with("/access/keys")) => {
            AuditKind::Key
        }
        _ if changes && route.contains("sessions") => AuditKind::SignIn,
        _ if changes && route.starts_with("/v1/ledger") => AuditKind::Ledger,
        _ => AuditKind::Access,
    }
}

#[cfg(test)]
mod tests {
    use contactiq_domain::ids::{AccessId, CountingIds};

    use super::*;

    fn attempt(method: &str, route: &str, result: AccessResult) -> AccessEvent {
        AccessEvent {
            id: AccessId::new(&CountingIds::default()),
            at: Timestamp::from_micros(1),
            actor: "Jo Bloggs' key".to_owned(),
            from_ip: "203.0.113.7".to_owned(),
            method: method.to_owned(),
            route: route.to_owned(),
            target: None,
            result,
            status: 200,
            reason: None,
        }
    }

    #[test]
    fn attempts_are_named_by_what_they_do() {
        use AccessResult::{Allowed, Forbidden, Limited, Unauthenticated};
        for (method, route, result, kind) in [
            ("GET", "/v1/interactions/{id}", Allowed, AuditKind::Access),
            ("POST", "/v1/interactions", Allowed, AuditKind::Access),
            ("POST", "/signin", Allowed, AuditKind::SignIn),
            ("GET", "/signin", Allowed, AuditKind::Access),
            ("POST", "/signout", Allowed, AuditKind::SignIn),
            ("POST", "/signin", Unauthenticated, AuditKind::Refused),
            ("GET", "/v1/costs", Forbidden, AuditKind::Refused),
            ("POST", "/v1/interactions", Limited, AuditKind::Refused),
            ("POST", "/tickets/{id}", Allowed, AuditKind::Ticket),
            ("PUT", "/v1/tickets/{id}/hands", Allowed, AuditKind::Ticket),
            ("PUT", "/v1/guard/review/{id}", Allowed, AuditKind::Review),
            ("POST", "/v1/persons/erase", Allowed, AuditKind::Erasure),
            // The file has an entry of its own.
            ("POST", "/v1/persons/export", Allowed, AuditKind::Access),
            ("POST", "/access/keys/{id}", Allowed, AuditKind::Key),
            ("DELETE", "/v1/sessions/{id}", Allowed, AuditKind::SignIn),
            ("cli", "privacy erase", Allowed, AuditKind::Erasure),
            ("cli", "privacy export", Allowed, AuditKind::Access),
            ("cli", "escalations show", Allowed, AuditKind::Access),
            ("DELETE", "/v1/ledger/dead-letters/{id}", Allowed, AuditKind::Ledger),
            ("GET", "/v1/audit/export", Allowed, AuditKind::Audit),
            ("cli", "keys revoke", Allowed, AuditKind::Key),
            ("cli", "audit keys rotate", Allowed, AuditKind::Key),
            ("cli", "knowledge add", Allowed, AuditKind::Knowledge),
            ("cli", "knowledge erase", Allowed, AuditKind::Erasure),
            ("cli", "escalations close", Allowed, AuditKind::Ticket),
            ("cli", "escalations show", Allowed, AuditKind::Access),
            ("cli", "guard review", Allowed, AuditKind::Access),
            ("cli", "guard decide right", Allowed, AuditKind::Review),
            ("POST", "/v1/interactions/{id}/unmask", Allowed, AuditKind::Access),
            ("unheard", "unheard", Limited, AuditKind::Refused),
            ("unusual", "/v1/keys", Allowed, AuditKind::Access),
        ] {
            assert_eq!(kind_of(&attempt(method, route, result)), kind, "{method} {route} {result}");
        }
    }

    #[test]
    fn nobody_is_named_in_an_event() {
        let event = of_access(&attempt("GET", "/v1/costs", AccessResult::Allowed), |word| {
            format!("<{}>", word.len())
        });
        let said = format!("{event:?}");
        assert!(!said.contains("Bloggs") && !said.contains("203.0"), "{said}");
        assert_eq!(event.fields["actor"], "<14>");
        assert!(!event.fields.contains_key("target"));
    }
}
