//! What the command line changes is on record like any other change (A4).

use contactiq_domain::{Clock, ids::AccessId};
use contactiq_store::{
    StoreError, Writer,
    access::{self, AccessEvent, AccessResult},
    versions::{self, Signature},
};

use crate::wiring::{SystemClock, SystemIds};

/// Who changes something at a terminal.
pub(super) const ACTOR: &str = "command-line";

/// Says who makes the version of the knowledge that this transaction makes.
pub(super) fn sign(w: &mut Writer, command: &str) {
    let by = ACTOR.to_owned();
    versions::sign(w, Signature { at: SystemClock.now(), by, command: command.to_owned() });
}

/// Notes a change of `target` (an id or a document's name, never a secret) in the transaction that makes it; or that
/// what people said was read, and how much of it.
pub(super) async fn note(w: &mut Writer, command: &str, target: &str) -> Result<(), StoreError> {
    access::log(w, &event(command, target)).await
}

/// The same of several targets.
pub(super) async fn note_all(w: &mut Writer, command: &str, targets: &[String]) -> Result<(), StoreError> {
    let events: Vec<AccessEvent> = targets.iter().map(|target| event(command, target)).collect();
    access::log_all(w, &events.iter().collect::<Vec<_>>()).await
}

fn event(command: &str, target: &str) -> AccessEvent {
    AccessEvent {
        id: AccessId::new(&SystemIds),
        at: SystemClock.now(),
        actor: ACTOR.to_owned(),
        from_ip: "local".to_owned(),
        method: "cli".to_owned(),
        route: command.to_owned(),
        target: Some(target.to_owned()),
        result: AccessResult::Allowed,
        // There is no HTTP status on a command line; the law of the column wants one.
        status: 200,
        reason: None,
    }
}
