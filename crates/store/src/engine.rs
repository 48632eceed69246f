//! Opening and pooling of the two engines.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, RwLock, atomic::AtomicI64},
    time::Duration,
};

use contactiq_domain::Timestamp;
use contactiq_guard::seal::{KeyEncryption, Sealer};
use sqlx::{
    Connection as _, PgPool, SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use zeroize::Zeroizing;

use crate::{
    StoreError,
    authority::{self, Damaged},
    connection::{Connection, Link, Reader, Writer},
    data_keys::Keys,
    deadline,
    error::{BUSY, NO_CONNECTION, NO_ROOM},
    keyring, moved,
    schema::{self, Schema},
    sealing::WrappingKeyMissing,
    vectors::{self, VectorColumn},
};

/// On the request path nobody waits longer for a connection, a lock or a statement (C4).
const PATIENCE: Duration = Duration::from_secs(5);
/// Jobs and commands wait longer: an import is behind another one, and nobody behind it.
const PATIENCE_AT_WORK: Duration = Duration::from_secs(30);
const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: std::ops::RangeInclusive<u32> = 5..=20;

/// IMMEDIATE takes the write lock at once. With the default, two transactions that both read first
/// and write later can't both go on: of 1,600 such transactions 972 failed (docs/adr/0003).
const SQLITE_WRITE: &str = "BEGIN IMMEDIATE";
const SQLITE_READ: &str = "BEGIN DEFERRED";
/// Begins a transaction of PostgreSQL. The statement timeout travels with each BEGIN, in the same round trip: as a
/// setting of the session it would not survive a transaction-pooling PgBouncer (C4).
macro_rules! begin {
    ($begin:literal, $then:literal) => {
        Begin { alone: concat!($begin, "; ", $then), pooled: concat!($begin, "; DEALLOCATE ALL; ", $then) }
    };
}

const POSTGRES_WRITE: Begin = begin!("BEGIN", "SET LOCAL statement_timeout = 5000");
const POSTGRES_READ: Begin =
    begin!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL statement_timeout = 5000");
const POSTGRES_WRITE_AT_WORK: Begin = begin!("BEGIN", "SET LOCAL statement_timeout = 30000");
const POSTGRES_READ_AT_WORK: Begin =
    begin!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SET LOCAL statement_timeout = 30000");
/// The audit log has a schema of its own.
const POSTGRES_WRITE_AUDIT: Begin =
    begin!("BEGIN", "SET LOCAL statement_timeout = 30000; SET LOCAL search_path = contactiq_audit");
const POSTGRES_READ_AUDIT: Begin = begin!(
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "SET LOCAL statement_timeout = 30000; SET LOCAL search_path = contactiq_audit"
);
/// Migrations may take their time, one process after the other: the number is ours alone.
const POSTGRES_MIGRATE: Begin = begin!("BEGIN", "SELECT pg_advisory_xact_lock(4710811)");

/// The statement that begins a transaction. Behind a pooler the connection may have statements under the names that
/// ours are about to get: they are forgotten first.
#[derive(Clone, Copy)]
struct Begin {
    alone: &'static str,
    pooled: &'static str,
}

/// What a URL says of a pooler before the server: that no statement is kept from one transaction to the next.
const NO_KEPT_STATEMENTS: &str = "statement-cache-capacity=0";

impl Begin {
    const fn text(self, pooled: bool) -> &'static str {
        if pooled { self.pooled } else { self.alone }
    }
}

/// Where the data is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// A file, created when missing; its folder must exist.
    Sqlite(PathBuf),
    /// A `postgres://` URL. It holds a password, so it is never printed.
    Postgres(String),
}

impl std::fmt::Debug for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Location::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
            Location::Postgres(_) => f.write_str("Postgres(…)"),
        }
    }
}

/// The figures of the pool, for `/metrics` (D3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// Open now.
    pub open: u32,
    /// Of these, waiting for work.
    pub idle: u32,
    /// As many as may be open.
    pub most: u32,
}

enum Pools {
    /// One writer: SQLite has one write lock, and a queue of our own is fairer than its busy loop.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    Postgres {
        pool: PgPool,
        /// Whether a pooler stands before the server.
        pooled: bool,
    },
}

/// The file that was opened, so that one put in its place later, or none, is noticed.
struct DatabaseFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl DatabaseFile {
    fn of(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), identity: Self::identity(path)? })
    }

    fn is_lost(&self) -> bool {
        Self::identity(&self.path) != Some(self.identity)
    }

    /// Whether all of it may be written once more beside it; where that can't be found out, it is tried.
    #[cfg(unix)]
    fn has_room(&self) -> bool {
        let Ok(needed) = std::fs::metadata(&self.path).map(|file| file.len()) else { return true };
        rustix::fs::statvfs(&self.path).map_or(true, |at| at.f_bavail.saturating_mul(at.f_frsize) >= needed)
    }

    #[cfg(not(unix))]
    fn has_room(&self) -> bool {
        true
    }

    #[cfg(unix)]
    fn identity(path: &Path) -> Option<(u64, u64)> {
        use std::os::unix::fs::MetadataExt;
        std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()))
    }

    #[cfg(not(unix))]
    fn identity(path: &Path) -> Option<(u64, u64)> {
        path.exists().then_some((0, 0))
    }
}

/// The database. Cloning it is cheap; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    pools: Arc<Pools>,
    /// Of SQLite.
    file: Option<Arc<DatabaseFile>>,
    /// Of PostgreSQL, as it was seen last.
    pub(crate) vectors: Option<Arc<RwLock<VectorColumn>>>,
    pub(crate) keys: Arc<Keys>,
    /// How far the clock of PostgreSQL is ahead of this machine's, in microseconds.
    pub(crate) ahead: Arc<AtomicI64>,
    /// Whether it is for a job or a command.
    at_work: bool,
    /// Whether it is the audit log.
    is_audit: bool,
}

impl Store {
    /// Opens the database, creates it when it is a missing file, brings its schema up to date, and opens its keyring
    /// with the key-encryption keys.
    ///
    /// # Errors
    /// When it can't be reached or written, the URL is not valid, the schema is newer than this
    /// version knows, or none of the keys opens the keyring.
    pub async fn open(location: &Location, kek: Arc<KeyEncryption>) -> Result<Store, StoreError> {
        let (pools, file, vectors) = match location {
            Location::Sqlite(path) => {
                (open_sqlite(path, Schema::Sqlite).await?, DatabaseFile::of(path).map(Arc::new), None)
            }
            Location::Postgres(url) => {
                let (pools, column) = open_postgres(url).await?;
                (pools, None, Some(Arc::new(RwLock::new(column))))
            }
        };
        // Until the keyring is open nothing is sealed: what seals then would open nowhere else.
        let none = Sealer::of(&kek.fresh(), &kek.fresh(), kek.nonces());
        let keys = Arc::new(Keys::new(Arc::new(none), Arc::clone(&kek)));
        let mut store = Store {
            pools: Arc::new(pools),
            file,
            vectors,
            keys,
            ahead: Arc::default(),
            at_work: false,
            is_audit: false,
        };
        let (sealer, is_signed) = keyring::open(&store, &kek).await?;
        store.keys = Arc::new(Keys::new(Arc::new(sealer), Arc::clone(&kek)));
        moved::blind_subjects(&store).await?;
        if !is_signed {
            authority::sign(&store, &kek).await?;
        }
        tracing::debug!(engine = store.engine(), "the store is open");
        Ok(store)
    }

    /// Opens the audit log that belongs to this store: the file beside it on SQLite, a schema of its own in the same
    /// database on PostgreSQL.
    ///
    /// # Errors
    /// As [`Store::open`], of the file.
    pub(crate) async fn open_audit(&self, file: &Path) -> Result<Store, StoreError> {
        if self.engine() == "postgresql" {
            return Ok(Store { at_work: true, is_audit: true, ..self.clone() });
        }
        let pools = Arc::new(open_sqlite(file, Schema::AuditFile).await?);
        let file = DatabaseFile::of(file).map(Arc::new);
        let keys = Arc::clone(&self.keys);
        Ok(Store { pools, file, vectors: None, keys, ahead: Arc::default(), at_work: true, is_audit: true })
    }

    /// Begins to read: everything that the reader sees is of one moment.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection becomes free in 5 s, or until the [`deadline`] of this task.
    pub async fn read(&self) -> Result<Reader, StoreError> {
        let sql = match (self.is_audit, self.at_work) {
            (true, _) => POSTGRES_READ_AUDIT,
            (false, true) => POSTGRES_READ_AT_WORK,
            (false, false) => POSTGRES_READ,
        };
        let link = self.begin(false, sql).await?;
        Ok(Reader(Connection::new(link, Arc::clone(&self.keys))))
    }

    /// Begins to write. On SQLite one writer works at a time, so do nothing slow before
    /// [`Writer::save`].
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection becomes free in 5 s, or until the [`deadline`] of this task.
    pub async fn write(&self) -> Result<Writer, StoreError> {
        if self.file.as_ref().is_some_and(|file| file.is_lost()) {
            // SQLite would go on writing into a file that nobody can find any more.
            return Err(StoreError::Unavailable {
                why: "its file was removed: restore it, then start again",
            });
        }
        let sql = match (self.is_audit, self.at_work) {
            (true, _) => POSTGRES_WRITE_AUDIT,
            (false, true) => POSTGRES_WRITE_AT_WORK,
            (false, false) => POSTGRES_WRITE,
        };
        let link = self.begin(true, sql).await?;
        Ok(Writer(Connection::new(link, Arc::clone(&self.keys))))
    }

    /// The same for a job or a command: it waits 30 s for a connection, a lock or a statement.
    #[must_use]
    pub fn at_work(&self) -> Store {
        Store { at_work: true, ..self.clone() }
    }

    async fn begin(&self, writes: bool, postgres: Begin) -> Result<Link, StoreError> {
        let since = std::time::Instant::now();
        loop {
            match self.begin_in_time(writes, postgres).await {
                // Each try waits as long as a request does.
                Err(StoreError::Unavailable { why: BUSY | NO_CONNECTION })
                    if self.at_work && since.elapsed() < PATIENCE_AT_WORK => {}
                begun => return begun,
            }
        }
    }

    /// A request waits no longer than whoever asked.
    async fn begin_in_time(&self, writes: bool, postgres: Begin) -> Result<Link, StoreError> {
        let beginning = self.begin_once(writes, postgres);
        match deadline::left().filter(|left| !self.at_work && *left < PATIENCE) {
            Some(left) => tokio::time::timeout(left, beginning)
                .await
                .unwrap_or(Err(StoreError::Unavailable { why: NO_CONNECTION })),
            None => beginning.await,
        }
    }

    async fn begin_once(&self, writes: bool, postgres: Begin) -> Result<Link, StoreError> {
        let begun = match &*self.pools {
            Pools::Sqlite { writer, .. } if writes => writer.begin_with(SQLITE_WRITE).await.map(Link::Sqlite),
            Pools::Sqlite { readers, .. } => readers.begin_with(SQLITE_READ).await.map(Link::Sqlite),
            Pools::Postgres { pool, pooled } => {
                begun_apart(pool.clone(), postgres.text(*pooled)).await.map(Link::Postgres)
            }
        };
        begun.map_err(StoreError::from)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn health(&self) -> Result<(), StoreError> {
        self.read().await?.rows("SELECT 1 AS one", Vec::new()).await.map(drop)
    }

    /// Which version of TLS is spoken to PostgreSQL, as it says (`TLSv1.3`); none where there is no TLS, and of SQLite.
    /// Behind a pooler it is that of the pooler's own link.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tls_version(&self) -> Result<Option<String>, StoreError> {
        if self.engine() == "sqlite" {
            return Ok(None);
        }
        let sql = "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl";
        let row = self.read().await?.row(sql, Vec::new()).await?;
        row.map_or(Ok(None), |row| row.text_or_none("version"))
    }

    /// Whether the database takes and keeps a write: one small durable transaction.
    ///
    /// # Errors
    /// Why it does not: a full disk, a folder that became read-only, a file that was removed under
    /// us, a database that is away.
    pub async fn can_write(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut w = self.write().await?;
        crate::meta::set_meta(&mut w, "last_write_check", &now.to_string()).await?;
        w.save().await
    }

    /// What stands for a name or an address in the audit log.
    #[must_use]
    pub fn pseudonym(&self, word: &str) -> String {
        self.keys.sealer.pseudonym(word)
    }

    /// A key of its own for one purpose: all processes of this database have the same.
    #[must_use]
    pub fn derived_key(&self, purpose: &str) -> Zeroizing<[u8; 32]> {
        self.keys.sealer.derived(purpose)
    }

    /// Takes other key-encryption keys while everybody goes on: the first of them wraps what is made from now on, and all
    /// unwrap. Those of before go on to unwrap until this store is opened anew, so that what another process wraps with
    /// them meanwhile can be read. Whether another one wraps now.
    ///
    /// # Errors
    /// When the key that wraps so far is not among them: then those of before stay.
    pub fn change_key_encryption(&self, named: KeyEncryption) -> Result<bool, WrappingKeyMissing> {
        self.keys.change_kek(named)
    }

    /// Whether something was found since the last look that a key-encryption key wrapped which is not configured here:
    /// it may be new elsewhere. Each is told once.
    #[must_use]
    pub fn take_missed_key(&self) -> bool {
        self.keys.take_missed()
    }

    /// Rows that were found since the last look and are not as they were written here: they opened nothing. Each is told
    /// once a process; its event has the same id everywhere, so that the access log has it once.
    #[must_use]
    pub fn take_damaged(&self) -> Vec<Damaged> {
        self.keys.damaged.take()
    }

    /// Forgets keys of people that nobody used for a minute, so that one that another process destroyed does not stay in
    /// this one's memory. Cheap to call often.
    pub fn forget_unused_keys(&self) {
        self.keys.forget_unused();
    }

    /// What seals and opens the text of people.
    pub(crate) fn sealer(&self) -> &Sealer {
        &self.keys.sealer
    }

    /// The same, for what keeps sealed text elsewhere.
    pub(crate) fn shared_sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.keys.sealer)
    }

    /// `sqlite` or `postgresql`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match &*self.pools {
            Pools::Sqlite { .. } => "sqlite",
            Pools::Postgres { .. } => "postgresql",
        }
    }

    /// The connections to PostgreSQL, for what can't stand in a transaction.
    pub(crate) fn postgres(&self) -> Option<&PgPool> {
        match &*self.pools {
            Pools::Postgres { pool, .. } => Some(pool),
            Pools::Sqlite { .. } => None,
        }
    }

    /// The figures of the pool.
    #[must_use]
    pub fn connections(&self) -> Connections {
        let (open, idle, most) = match &*self.pools {
            Pools::Sqlite { writer, readers } => {
                (writer.size() + readers.size(), writer.num_idle() + readers.num_idle(), 1 + SQLITE_READERS)
            }
            Pools::Postgres { pool, .. } => (pool.size(), pool.num_idle(), *POSTGRES_CONNECTIONS.end()),
        };
        Connections { open, idle: u32::try_from(idle).unwrap_or(u32::MAX), most }
    }

    /// Folds what was written into the file, so that no older text is left beside it; whether it could be
    /// done. Who reads for long may keep it from that. PostgreSQL tidies by itself (`VACUUM`).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fold(&self) -> Result<bool, StoreError> {
        let Pools::Sqlite { writer, .. } = &*self.pools else { return Ok(true) };
        for pause in [50, 200, 1000, 0] {
            let (busy, _, _): (i64, i64, i64) =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(writer).await?;
            if busy == 0 {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        Ok(false)
    }

    /// Writes the file of SQLite anew, so that no page of it holds what was deleted, and folds what was written. Nobody
    /// writes meanwhile. PostgreSQL does so by itself, or with `VACUUM FULL`.
    ///
    /// # Errors
    /// When there is no room for it, or the database fails.
    pub async fn vacuum(&self) -> Result<(), StoreError> {
        if let Pools::Sqlite { writer, .. } = &*self.pools {
            if self.file.as_ref().is_some_and(|file| !file.has_room()) {
                return Err(StoreError::Unavailable { why: NO_ROOM });
            }
            sqlx::query("VACUUM").execute(writer).await?;
        }
        self.fold().await.map(drop)
    }

    /// Takes another address of the same PostgreSQL, for instance with a password that was changed (A8): connections
    /// that are made from now on use it, and those that stand go on. SQLite has none.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`]; then the address before stays.
    pub fn renew(&self, url: &str) -> Result<(), StoreError> {
        if let Pools::Postgres { pool, .. } = &*self.pools {
            pool.set_connect_options(postgres_options(url)?);
        }
        Ok(())
    }

    /// Waits for the transactions under way and closes every connection.
    pub async fn close(&self) {
        match &*self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                // Last, because the last connection to leave folds the write-ahead log into the file.
                writer.close().await;
            }
            Pools::Postgres { pool, .. } => pool.close().await,
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.engine())
    }
}

/// Begins in a task of its own: who waits no longer drops the wait alone. Dropped in the middle, the driver would take the
/// connection for one without a transaction, and give it to somebody else with one open.
#[expect(
    clippy::disallowed_methods,
    reason = "it ends with the beginning; what nobody waits for is rolled back"
)]
async fn begun_apart(
    pool: PgPool,
    sql: &'static str,
) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, sqlx::Error> {
    match tokio::spawn(async move { pool.begin_with(sql).await }).await {
        Ok(begun) => begun,
        Err(panic) if panic.is_panic() => std::panic::resume_unwind(panic.into_panic()),
        Err(_) => Err(sqlx::Error::PoolClosed),
    }
}

/// The first process to open a new file switches it to write-ahead logging, and SQLite answers others
/// that do so at the same moment "busy" without waiting: they try again while patience lasts.
async fn open_sqlite(path: &Path, schema: Schema) -> Result<Pools, StoreError> {
    let since = std::time::Instant::now();
    loop {
        match open_sqlite_once(path, schema).await {
            Err(StoreError::Unavailable { why: BUSY }) if since.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

async fn open_sqlite_once(path: &Path, schema: Schema) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is on the disk before the answer leaves (B2); NORMAL would lose the last ones
        // when the power fails.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is deleted or erased is overwritten, not only forgotten.
        .pragma("secure_delete", "ON")
        .busy_timeout(PATIENCE);
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(PATIENCE)
        .idle_timeout(None)
        .max_lifetime(None)
        // SQLite rolls back by itself when the disk is full or fails, and then the connection and sqlx
        // disagree about whether a transaction is open: a new connection takes its place, or nothing
        // could be written until the next start.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
        .connect_with(options.clone())
        .await?;
    let mut first = writer.begin_with(SQLITE_WRITE).await?;
    schema::migrate(&mut *first, schema).await?;
    first.commit().await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(PATIENCE)
        // A reader that is opened later must not make an empty file in place of a lost one.
        .connect_with(options.create_if_missing(false).pragma("query_only", "ON"))
        .await?;
    Ok(Pools::Sqlite { writer, readers })
}

fn postgres_options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // sqlx reads any scheme as PostgreSQL's.
    if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
        return Err(StoreError::BadUrl);
    }
    let options =
        PgConnectOptions::from_str(url).map_err(|_| StoreError::BadUrl)?.application_name("contactiq");
    // Numbers travel as they are, not as text, and a pooler knows no such parameter.
    Ok(options.extra_float_digits(None))
}

async fn open_postgres(url: &str) -> Result<(Pools, VectorColumn), StoreError> {
    let options = postgres_options(url)?;
    let pool = PgPoolOptions::new()
        .min_connections(*POSTGRES_CONNECTIONS.start())
        .max_connections(*POSTGRES_CONNECTIONS.end())
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await
        .map_err(|error| match error {
            // A refused connection is tried again until time is up, for a server that starts beside us.
            sqlx::Error::PoolTimedOut => StoreError::Unavailable {
                why: "the server did not answer in 5 s: check that it runs, and the URL's host and port",
            },
            error => error.into(),
        })?;
    let pooled = url.contains(NO_KEPT_STATEMENTS);
    let mut first = pool.begin_with(POSTGRES_MIGRATE.text(pooled)).await?;
    schema::migrate(&mut *first, Schema::Postgres).await?;
    let column = vectors::look(&mut first).await?;
    first.commit().await?;
    Ok((Pools::Postgres { pool, pooled }, column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_disk_stops_writing_only_while_it_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let kek = KeyEncryption::new(&[[1; 32]], Arc::new(|| [2; 12])).unwrap();
        let store = Store::open(&Location::Sqlite(folder.path().join("t.db")), Arc::new(kek)).await.unwrap();
        let Pools::Sqlite { writer, .. } = &*store.pools else { panic!("SQLite was opened") };
        // What a full disk is to SQLite: no further page. It holds for this connection alone.
        sqlx::query("PRAGMA max_page_count = 1").execute(writer).await.unwrap();
        let full = async {
            let mut w = store.write().await?;
            crate::meta::set_meta(&mut w, "big", &"x".repeat(1_000_000)).await?;
            w.save().await
        };
        assert_eq!(full.await, Err(StoreError::Unavailable { why: "the disk is full" }));
        // The connection that failed is left behind; the next write has a new one.
        let again = async {
            let mut w = store.write().await?;
            crate::meta::set_meta(&mut w, "small", "y").await?;
            w.save().await
        };
        again.await.unwrap();
        let mut r = store.read().await.unwrap();
        assert_eq!(crate::meta::get_meta(&mut r, "small").await.unwrap().as_deref(), Some("y"));
        assert_eq!(crate::meta::get_meta(&mut r, "big").await.unwrap(), None);
    }
}
