//! The words and laws of ContactIQ: pure, no async, no I/O.
//!
//! Every other crate speaks these words. What stands here is what a bank's product owner, an
//! auditor and an engineer can read together: modes, roles, intents, triggers, passages, tickets
//! and the interaction record. A rule that needs the network, the disk or the time of day does
//! not belong here; the time itself is passed in ([`clock::Clock`]).

pub mod access;
pub mod breaker;
pub mod budget;
pub mod clock;
pub mod escalation;
pub mod ids;
pub mod intent;
pub mod interaction;
pub mod knowledge;
pub mod mode;
pub mod opening;
pub mod probability;
pub mod secret;
pub mod ticket;
pub mod vectors;
pub mod zone;

pub use access::{Permission, Role};
pub use breaker::{Breaker, BreakerState};
pub use budget::{Budget, Days, Period, Scope, Spender};
pub use clock::{Clock, Timestamp};
pub use escalation::{Trigger, TriggerHit, is_danger_to_life};
pub use ids::Ids;
pub use intent::{Category, IntentName, Understanding};
pub use interaction::{Outcome, Record, Routing, Started, Step, StepTrace, Translation};
pub use knowledge::{Citation, Collection, ContentType, Document, HostedFile, Passage, Standing};
pub use mode::Mode;
pub use opening::{OpeningError, OpeningHours};
pub use probability::Probability;
pub use secret::{Key, Keyring, Secret};
pub use ticket::{Priority, Ticket, TicketState};
pub use vectors::{SharedVectors, VectorKey};
pub use zone::Zone;

/// A word that is not one of the words a field allows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be one of {allowed}")]
pub struct UnknownWord {
    /// The field, for instance `mode`.
    pub field: &'static str,
    /// The allowed words, joined with `, `. The rejected word itself is left out: it may be personal.
    pub allowed: String,
}

/// Declares an enum whose variants have one stable word each, used in JSON, in the database and on
/// the command line. One list, so that the three can't drift apart.
#[macro_export]
macro_rules! words {
    ($(#[$meta:meta])* $name:ident as $field:literal { $($(#[$vmeta:meta])* $variant:ident => $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// Every word, in order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The stable word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok($name::$variant),)+
                    _ => Err($crate::UnknownWord {
                        field: $field,
                        allowed: Self::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(", "),
                    }),
                }
            }
        }
    };
}
