//! Transactions: what the functions of every noun take.

use std::{
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use contactiq_domain::ids::{ConversationId, InteractionId};
use contactiq_guard::{
    Masked,
    seal::{DataKey, Sealer},
};
use sqlx::{AssertSqlSafe, PgConnection, Postgres, Sqlite, Transaction};

use crate::{
    StoreError,
    data_keys::Keys,
    row::{Cells, Row, place},
    value::Value,
    versions::Making,
};

/// The transaction of one engine.
pub(crate) enum Link {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Writes a statement once for both engines: the types of sqlx differ, the text does not.
macro_rules! on_engine {
    ($link:expr, $transaction:ident => $statement:expr) => {
        match $link {
            Link::Sqlite($transaction) => $statement.map_err(StoreError::from),
            Link::Postgres($transaction) => $statement.map_err(StoreError::from),
        }
    };
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match value {
                Value::Text(v) => query.bind(v),
                Value::Int(v) => query.bind(v),
                Value::Real(v) => query.bind(v),
                Value::Bool(v) => query.bind(v),
                Value::Bytes(v) => query.bind(v),
            };
        }
        query
    }};
}

macro_rules! fetched {
    ($connection:expr, $query:expr) => {{
        match &mut $connection.link {
            Link::Sqlite(t) => $query
                .fetch_all(&mut **t)
                .await
                .map(|rows| rows.into_iter().map(Cells::Sqlite).collect::<Vec<Cells>>()),
            Link::Postgres(t) => $query
                .fetch_all(&mut **t)
                .await
                .map(|rows| rows.into_iter().map(Cells::Postgres).collect::<Vec<Cells>>()),
        }
        .map_err(StoreError::from)
    }};
}

/// What a [`Reader`] and a [`Writer`] have in common: the functions that only read take this.
pub struct Connection {
    link: Link,
    pub(crate) keys: Arc<Keys>,
    spoilt: bool,
    pub(crate) making: Making,
    pub(crate) people: People,
}

/// The people of what this transaction writes, as it has found them.
#[derive(Default)]
pub(crate) struct People {
    /// The key of a conversation's person; none where nobody is left.
    pub(crate) keys: HashMap<ConversationId, Option<Arc<DataKey>>>,
    /// The conversation of an interaction.
    pub(crate) conversations: HashMap<InteractionId, ConversationId>,
}

impl Connection {
    pub(crate) fn new(link: Link, keys: Arc<Keys>) -> Self {
        Self { link, keys, spoilt: false, making: Making::default(), people: People::default() }
    }

    /// Runs a statement; how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreError> {
        let done = on_engine!(&mut self.link, t => bound!(sql, values).execute(&mut **t).await.map(|r| r.rows_affected()));
        self.noted(done)
    }

    /// Runs a statement that was put together here, of our own words and placeholders alone.
    pub(crate) async fn execute_built(&mut self, sql: String, values: Vec<Value>) -> Result<u64, StoreError> {
        // It has as many rows as there were, so it is not kept for the next time.
        let done = on_engine!(&mut self.link, t => bound!(AssertSqlSafe(sql), values).persistent(false)
            .execute(&mut **t).await.map(|r| r.rows_affected()));
        self.noted(done)
    }

    /// Every row of a query.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let found = fetched!(self, bound!(sql, values));
        let found = self.noted(found)?;
        self.with_keys(found).await
    }

    /// Every row of a statement that was put together here for so many rows, of our own words and placeholders
    /// alone. For one it is always the same, and kept for the next time.
    pub(crate) async fn rows_built(
        &mut self,
        sql: String,
        values: Vec<Value>,
        rows: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let found = fetched!(self, bound!(AssertSqlSafe(sql), values).persistent(rows == 1));
        let found = self.noted(found)?;
        self.with_keys(found).await
    }

    /// The same of rows in which nothing is sealed for a person: those of the keys themselves.
    pub(crate) async fn rows_of_keys(
        &mut self,
        sql: String,
        values: Vec<Value>,
        rows: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let found = fetched!(self, bound!(AssertSqlSafe(sql), values).persistent(rows == 1));
        let keys = Arc::clone(&self.keys);
        Ok(self.noted(found)?.into_iter().map(|cells| Row::of_nobody(cells, &keys.sealer)).collect())
    }

    /// The first row of a query, if there is one. Every row is read, because a statement that
    /// writes and returns is finished only then.
    pub(crate) async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// What seals, gives fresh bytes and keyed hashes.
    pub(crate) fn sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.keys.sealer)
    }

    /// Seals text of the bank's own people for its place.
    pub(crate) fn seal(&self, text: &Masked, table: &str, column: &str, id: &str) -> Vec<u8> {
        self.keys.sealer.seal(text, &place(table, column, id))
    }

    /// What stands for the name of a person.
    pub(crate) fn blind_subject(&self, subject: &str) -> String {
        self.keys.blind_subject(subject)
    }

    /// A keyed hash of what must be found again and not be read.
    pub(crate) fn blind(&self, text: &str) -> String {
        self.keys.sealer.blind(text)
    }

    /// Whether this is PostgreSQL.
    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.link, Link::Postgres(_))
    }

    /// The transaction of PostgreSQL, for what that engine alone has.
    pub(crate) fn postgres(&mut self) -> Result<&mut PgConnection, StoreError> {
        match &mut self.link {
            Link::Postgres(transaction) => Ok(transaction),
            Link::Sqlite(_) => Err(StoreError::Failed { code: "engine".to_owned() }),
        }
    }

    /// After a failed statement PostgreSQL turns COMMIT into a rollback and calls it a success,
    /// where SQLite would keep the half that passed. Neither is what `save` promises, so it is
    /// remembered here and refused there.
    fn noted<T>(&mut self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        self.spoilt |= done.is_err();
        done
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.link {
            Link::Sqlite(_) => "Connection(sqlite)",
            Link::Postgres(_) => "Connection(postgresql)",
        })
    }
}

/// A read transaction: everything that it sees is of one moment.
#[derive(Debug)]
pub struct Reader(pub(crate) Connection);

/// A write transaction. Dropped without [`Writer::save`], it leaves no trace.
#[derive(Debug)]
#[must_use = "a writer that is dropped without `save` leaves no trace"]
pub struct Writer(pub(crate) Connection);

impl Writer {
    /// Makes everything that was written durable, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Spoilt`] when a statement of this transaction failed, else what the database
    /// says. When the connection breaks here it is unknown whether the transaction counts: write
    /// again, since every write of this crate may be repeated.
    pub async fn save(self) -> Result<(), StoreError> {
        if self.0.spoilt {
            return Err(StoreError::Spoilt);
        }
        on_engine!(self.0.link, t => t.commit().await)
    }
}

impl Deref for Reader {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}

impl Deref for Writer {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
