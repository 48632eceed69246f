//! The two assistants (requirement P1).

use crate::{access::Permission, knowledge::Collection};

crate::words! {
    /// Which assistant answers. Each has its own intents, knowledge, thresholds and messages.
    Mode as "mode" {
        /// For the bank's customers: narrow scope, plain words, escalates early.
        Customer => "customer",
        /// For the bank's staff: wider scope, technical words, at least one citation an answer.
        Banker => "banker",
    }
}

impl Mode {
    /// The collections that an answer in this mode may use, the preferred one first (P6).
    #[must_use]
    pub const fn collections(self) -> &'static [Collection] {
        match self {
            Mode::Customer => &[Collection::Customer],
            Mode::Banker => &[Collection::Banker, Collection::Customer],
        }
    }

    /// The permission that asking in this mode needs (A2).
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Mode::Customer => Permission::AskAsCustomer,
            Mode::Banker => Permission::AskAsBanker,
        }
    }
}
