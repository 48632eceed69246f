//! Ids: UUIDv7 as text, made by the server, one type a noun so that they can't be mixed up.

use uuid::Uuid;

/// Where new ids come from.
pub trait Ids: Send + Sync {
    /// A new UUIDv7: later ids sort after earlier ones.
    fn next(&self) -> Uuid;
}

/// The text was not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a UUID in its hyphenated form")]
pub struct NotAnId;

macro_rules! id {
    ($($(#[$meta:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one.
            #[must_use]
            pub fn new(ids: &dyn Ids) -> Self { Self(ids.next()) }
            /// The UUID itself.
            #[must_use]
            pub const fn uuid(self) -> Uuid { self.0 }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.hyphenated().fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if text.len() != 36 { return Err(NotAnId); }
                Uuid::try_parse(text).map(Self).map_err(|_| NotAnId)
            }
        }
    )+};
}

impl KeyId {
    /// The subject of whoever calls with this key and names nobody. As the identity of a back end it stands for all its
    /// people together.
    #[must_use]
    pub fn subject(self) -> String {
        format!("key:{self}")
    }
}

id! {
    /// An interaction: one question and what became of it.
    InteractionId,
    /// A request as the server numbers it; unique (B1).
    RequestId,
    /// A conversation of one subject in one mode.
    ConversationId,
    /// An escalation's ticket.
    TicketId,
    /// A piece of feedback.
    FeedbackId,
    /// An API key (not the key itself).
    KeyId,
    /// A session of the pages (not its token).
    SessionId,
    /// A document of the bank.
    DocumentId,
    /// An access event.
    AccessId,
}

/// Ids for tests: 1, 2, 3, … in UUID form.
#[derive(Debug, Default)]
pub struct CountingIds(std::sync::atomic::AtomicU64);

impl Ids for CountingIds {
    fn next(&self) -> Uuid {
        let n = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
        Uuid::from_u64_pair(0x0000_0000_0000_7000, 0x8000_0000_0000_0000 | n)
    }
}

impl TicketId {
    /// The ticket of an interaction, which has one at most: two workers that finish the same interaction name the same
    /// ticket.
    #[must_use]
    pub const fn of(interaction: InteractionId) -> Self {
        Self(interaction.uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = TicketId::new(&CountingIds::default());
        assert_eq!(id.to_string().parse::<TicketId>().unwrap(), id);
        assert!(id.uuid().simple().to_string().parse::<TicketId>().is_err());
        assert!("x".parse::<TicketId>().is_err());
    }
}
