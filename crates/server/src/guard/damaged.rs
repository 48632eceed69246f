//! What is found in the database that this server did not write there, and that would open a door: each is told once, in
//! the log, in the figures and as an access event, by whichever replica finds it first (A1, A8).

use contactiq_store::{
    DamagedKind,
    access::{AccessEvent, AccessResult},
};

use crate::app::App;

/// The method of these events: nobody asked for anything.
const METHOD: &str = "damaged";
const COUNTED: &str = "contactiq_damaged_rows_total";

/// Shows the figures before there is anything: an alarm on their growth needs to have seen them.
pub fn watch() {
    for kind in DamagedKind::ALL {
        metrics::counter!(COUNTED, "what" => kind.as_str()).increment(0);
    }
}

/// Tells what was found since the last time.
pub fn tell(app: &App) {
    for damaged in app.house.store.take_damaged() {
        let kind = damaged.kind.as_str();
        metrics::counter!(COUNTED, "what" => kind).increment(1);
        let event = AccessEvent {
            // The same at every replica and after a restart: it is in the log once.
            id: damaged.event,
            at: app.house.clock.now(),
            actor: "anonymous".to_owned(),
            from_ip: "database".to_owned(),
            method: METHOD.to_owned(),
            route: kind.to_owned(),
            target: damaged.id,
            result: AccessResult::Forbidden,
            status: 403,
            reason: Some(kind.to_owned()),
        };
        app.access.note(event, &app.tasks);
    }
}
