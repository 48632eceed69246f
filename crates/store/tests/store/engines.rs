//! A database of its own for each test, on either engine.

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use contactiq_domain::ids::CountingIds;
use contactiq_guard::seal::KeyEncryption;
use contactiq_store::{Location, Reader, Store, StoreError, Writer};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqlSafeStr, SqliteConnection,
    postgres::PgConnectOptions, sqlite::SqliteConnectOptions,
};

/// A fresh database, and what a test needs around it.
pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) place: Place,
    pub(crate) ids: CountingIds,
}

/// Where a fresh database is.
pub(crate) enum Place {
    Sqlite(tempfile::TempDir),
    Postgres { server: String, database: String },
}

impl Place {
    pub(crate) fn sqlite() -> Place {
        Place::Sqlite(tempfile::tempdir().unwrap())
    }

    pub(crate) async fn postgresql() -> Place {
        Self::on_server("CONTACTIQ_TEST_POSTGRES_URL").await
    }

    /// PostgreSQL with pgvector.
    pub(crate) async fn pgvector() -> Place {
        Self::on_server("CONTACTIQ_TEST_PGVECTOR_URL").await
    }

    async fn on_server(variable: &str) -> Place {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
        let server = std::env::var(variable).unwrap_or_else(|_| {
            panic!("{variable} names no server: run `make test`, which starts private ones")
        });
        let database = format!("contactiq_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        let mut admin = PgConnection::connect(&server).await.unwrap();
        for sql in [
            format!("DROP DATABASE IF EXISTS {database} WITH (FORCE)"),
            format!("CREATE DATABASE {database} TEMPLATE template0"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        admin.close().await.unwrap();
        Place::Postgres { server, database }
    }

    pub(crate) fn location(&self) -> Location {
        match self {
            Place::Sqlite(folder) => Location::Sqlite(folder.path().join("contactiq.db")),
            Place::Postgres { server, database } => {
                let (address, _) = server.rsplit_once('/').unwrap();
                Location::Postgres(format!("{address}/{database}"))
            }
        }
    }

    pub(crate) async fn open(&self) -> Result<Store, StoreError> {
        Store::open(&self.location(), kek()).await
    }

    /// The one value of a query past the store.
    pub(crate) async fn bytes(&self, sql: &str) -> Vec<u8> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.location() {
            Location::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut raw).await.unwrap()
            }
            Location::Postgres(url) => {
                let mut raw = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut raw).await.unwrap()
            }
        }
    }

    /// The same of a count.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.location() {
            Location::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut raw).await.unwrap()
            }
            Location::Postgres(url) => {
                let mut raw = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
                sqlx::query_scalar(sql).fetch_one(&mut raw).await.unwrap()
            }
        }
    }

    /// The columns of a table.
    pub(crate) async fn columns(&self, table: &str) -> Vec<String> {
        match self.location() {
            Location::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
                let sql = AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}')"));
                sqlx::query_scalar(sql).fetch_all(&mut raw).await.unwrap()
            }
            Location::Postgres(url) => {
                let mut raw = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
                let sql = AssertSqlSafe(format!(
                    "SELECT CAST(column_name AS TEXT) FROM information_schema.columns WHERE table_name = '{table}'"
                ));
                sqlx::query_scalar(sql).fetch_all(&mut raw).await.unwrap()
            }
        }
    }

    /// The same with a statement of this test's own words, which must pass.
    pub(crate) async fn raw_of(&self, sql: String) {
        self.raw(AssertSqlSafe(sql)).await.unwrap();
    }

    /// Runs SQL past the store, as an attacker or a careless operator would.
    pub(crate) async fn raw(&self, sql: impl SqlSafeStr) -> Result<(), sqlx::Error> {
        match self.location() {
            Location::Sqlite(path) => {
                let mut raw =
                    SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await?;
                let done = sqlx::raw_sql(sql).execute(&mut raw).await;
                raw.close().await?;
                done.map(drop)
            }
            Location::Postgres(url) => {
                let mut raw = PgConnectOptions::from_str(&url)?.connect().await?;
                let done = sqlx::raw_sql(sql).execute(&mut raw).await;
                raw.close().await?;
                done.map(drop)
            }
        }
    }

    /// Everything that stands in it: the bytes of SQLite's files, and the rows of PostgreSQL as it writes them.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self.location() {
            Location::Sqlite(path) => {
                for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
                    bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
                }
            }
            Location::Postgres(url) => {
                let mut raw = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
                let tables: Vec<String> = sqlx::query_scalar(
                    "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = 'public'",
                )
                .fetch_all(&mut raw)
                .await
                .unwrap();
                assert!(tables.len() > 20);
                for table in tables {
                    let sql = format!("SELECT CAST(t AS TEXT) FROM {table} t");
                    let rows: Vec<String> =
                        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut raw).await.unwrap();
                    rows.iter().for_each(|row| bytes.extend(row.bytes()));
                }
                raw.close().await.unwrap();
            }
        }
        bytes
    }

    pub(crate) async fn end(self) {
        if let Place::Postgres { server, database } = self {
            let mut admin = PgConnection::connect(&server).await.unwrap();
            let sql = format!("DROP DATABASE {database} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
    }
}

/// Key-encryption keys whose nonces count: fresh each time, also for another store of the same database.
pub(crate) fn kek() -> Arc<KeyEncryption> {
    kek_of(&[[7; 32]])
}

/// The same of these keys, the active one first.
pub(crate) fn kek_of(keys: &[[u8; 32]]) -> Arc<KeyEncryption> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let nonce = || {
        let mut nonce = [0; 12];
        nonce[..8].copy_from_slice(&NEXT.fetch_add(1, Ordering::SeqCst).to_le_bytes());
        nonce
    };
    Arc::new(KeyEncryption::new(keys, Arc::new(nonce)).unwrap())
}

impl Bench {
    pub(crate) async fn at(place: Place) -> Bench {
        Bench { store: place.open().await.unwrap(), place, ids: CountingIds::default() }
    }

    pub(crate) async fn read(&self) -> Reader {
        self.store.read().await.unwrap()
    }

    pub(crate) async fn write(&self) -> Writer {
        self.store.write().await.unwrap()
    }

    pub(crate) async fn end(self) {
        self.store.close().await;
        self.place.end().await;
    }
}

/// Makes two tests of one body: `NAME::sqlite` and `NAME::postgresql`.
macro_rules! on_both_engines {
    ($(async fn $name:ident($bench:ident) $body:block)+) => {$(
        async fn $name($bench: &$crate::engines::Bench) $body

        mod $name {
            use super::$name as body;
            use $crate::engines::{Bench, Place};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let bench = Bench::at(Place::sqlite()).await;
                body(&bench).await;
                bench.end().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgresql() {
                let bench = Bench::at(Place::postgresql().await).await;
                body(&bench).await;
                bench.end().await;
            }
        }
    )+};
}
