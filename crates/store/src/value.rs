//! What can be bound to a placeholder, the same for both engines.

use contactiq_domain::{
    Category, Collection, ContentType, IntentName, Mode, Outcome, Priority, Probability, Role, Routing,
    TicketState, Timestamp, Trigger,
    ids::{
        AccessId, ConversationId, DocumentId, FeedbackId, InteractionId, KeyId, RequestId, TicketId,
    },
};

/// A bound value. A missing one keeps its type, because PostgreSQL asks for the type of a NULL too.
#[derive(Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Real(Option<f64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

impl Value {
    fn missing(like: Value) -> Value {
        match like {
            Value::Text(_) => Value::Text(None),
            Value::Int(_) => Value::Int(None),
            Value::Real(_) => Value::Real(None),
            Value::Bool(_) => Value::Bool(None),
            Value::Bytes(_) => Value::Bytes(None),
        }
    }
}

/// A type that a column can hold: its value, and the shape that its NULL takes.
pub(crate) trait Bind {
    const MISSING: Value;
    fn bind(self) -> Value;
}
