//! What can be bound to a placeholder, the same for both engines.

use contactiq_domain::{
    Category, Collection, ContentType, IntentName, Mode, Outcome, Priority, Probability, Role, Routing,
    TicketState, Timestamp, Trigger,
    ids::{
        AccessId, ConversationId, DocumentId, FeedbackId, InteractionId, KeyId, RequestId, SessionId,
        TicketId,
    },
};
use contactiq_guard::{ReviewDecision, ReviewKind};

use crate::{access::AccessResult, versions::ChangeKind};

/// A bound value. A missing one keeps its type, because PostgreSQL asks for the type of a NULL too.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Real(Option<f64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

/// A type that a column can hold.
pub(crate) trait Bind {
    /// The NULL of its column.
    const MISSING: Value;

    /// Its value.
    fn bind(self) -> Value;
}

impl<T: Bind> Bind for Option<T> {
    const MISSING: Value = T::MISSING;

    fn bind(self) -> Value {
        self.map_or(T::MISSING, T::bind)
    }
}

macro_rules! bind {
    ($($type:ty as $variant:ident: |$value:ident| $expr:expr;)+) => {$(
        impl Bind for $type {
            const MISSING: Value = Value::$variant(None);

            fn bind(self) -> Value {
                let $value = self;
                Value::$variant(Some($expr))
            }
        }
    )+};
}

bind! {
    String as Text: |v| v;
    &str as Text: |v| v.to_owned();
    &String as Text: |v| v.clone();
    &IntentName as Text: |v| v.as_str().to_owned();
    time::Date as Text: |v| v.to_string();
    i64 as Int: |v| v;
    u16 as Int: |v| i64::from(v);
    u32 as Int: |v| i64::from(v);
    // A count of tokens past 2^63 is no count; it stays the largest that fits.
    u64 as Int: |v| i64::try_from(v).unwrap_or(i64::MAX);
    Timestamp as Int: |v| v.micros();
    f64 as Real: |v| v;
    Probability as Real: |v| v.get();
    bool as Bool: |v| v;
    Vec<u8> as Bytes: |v| v;
}

macro_rules! bind_as_text {
    ($(|$value:ident| $expr:expr => $($type:ty),+;)+) => {$($(
        impl Bind for $type {
            const MISSING: Value = Value::Text(None);

            fn bind(self) -> Value {
                let $value = self;
                Value::Text(Some($expr))
            }
        }
    )+)+};
}

bind_as_text! {
    |word| word.as_str().to_owned() =>
        AccessResult, Category, ChangeKind, Collection, ContentType, Mode, Outcome, Priority, ReviewDecision, ReviewKind, Role, Routing, TicketState,
        Trigger;
    |id| id.to_string() =>
        AccessId, ConversationId, DocumentId, FeedbackId, InteractionId, KeyId, RequestId, SessionId, TicketId,
        uuid::Uuid;
}

/// The values of a statement, in the order of its placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::value::Bind::bind($value)),*] };
}
pub(crate) use values;

/// The places of so many rows of so many values: `($1, $2), ($3, $4)` for PostgreSQL, and `(?, ?), (?, ?)` for
/// SQLite, to which `$1` is a name: it looks for each of a statement's names among all of them.
pub(crate) fn places(postgres: bool, rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { "), (" });
        for column in 1..=columns {
            if column > 1 {
                text.push_str(", ");
            }
            if postgres {
                text.push('$');
                text.push_str(&(row * columns + column).to_string());
            } else {
                text.push('?');
            }
        }
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests {
    use super::places;

    #[test]
    fn places_are_numbered_through_all_rows_where_they_have_numbers() {
        assert_eq!(places(true, 1, 1), "($1)");
        assert_eq!(places(true, 2, 3), "($1, $2, $3), ($4, $5, $6)");
        assert_eq!(places(false, 2, 2), "(?, ?), (?, ?)");
    }
}
