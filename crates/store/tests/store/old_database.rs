//! A database of the version before there were keys of people, and rows as that version wrote them.

use std::{
    str::FromStr,
    sync::atomic::{AtomicU32, Ordering},
};

use contactiq_domain::{
    Record,
    ids::{CountingIds, KeyId},
};
use contactiq_guard::{Masked, seal::Sealer};
use contactiq_store::{Location, conversations::Conversation};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, SqlSafeStr,
    migrate::{Migrate, Migration, MigrationType, Migrator},
    postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};

use crate::engines::Place;

pub(crate) const OLD_KEY: [u8; 32] = [7; 32];
/// The migration that brought keys of people.
const DATA_KEYS: i64 = 28;
const POSTGRES_ALONE: [i64; 2] = [7, 22];

/// The migrations of that version.
fn migrator(postgres: bool) -> Migrator {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let migrations = files.iter().filter_map(|path| {
        let (number, name) = path.file_stem()?.to_str()?.split_once('_')?;
        let version: i64 = number.parse().ok()?;
        if version >= DATA_KEYS || (!postgres && POSTGRES_ALONE.contains(&version)) {
            return None;
        }
        let sql = AssertSqlSafe(std::fs::read_to_string(path).unwrap()).into_sql_str();
        Some(Migration::new(version, name.to_owned().into(), MigrationType::Simple, sql, false))
    });
    let mut migrator = Migrator::with_migrations(migrations.collect());
    migrator.set_locking(false);
    migrator
}

async fn run<C: Migrate + Connection>(connection: &mut C, postgres: bool) {
    migrator(postgres).run_direct(None, connection, false).await.unwrap();
}

async fn migrate(place: &Place) {
    match place.location() {
        Location::Sqlite(path) => {
            let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let mut raw = options.pragma("secure_delete", "ON").connect().await.unwrap();
            run(&mut raw, false).await;
            raw.close().await.unwrap();
        }
        Location::Postgres(url) => {
            let mut raw = PgConnectOptions::from_str(&url).unwrap().connect().await.unwrap();
            run(&mut raw, true).await;
            raw.close().await.unwrap();
        }
    }
}

/// Rows as that version wrote them.
pub(crate) struct Old<'p> {
    pub(crate) place: &'p Place,
    pub(crate) sealer: Sealer,
    postgres: bool,
}

impl<'p> Old<'p> {
    /// An empty database of that version.
    pub(crate) async fn at(place: &'p Place) -> Old<'p> {
        migrate(place).await;
        let nonces = AtomicU32::new(1);
        let sealer = Sealer::new(&OLD_KEY, move || {
            let mut nonce = [0; 12];
            nonce[..4].copy_from_slice(&nonces.fetch_add(1, Ordering::SeqCst).to_le_bytes());
            nonce
        });
        Old { place, sealer, postgres: matches!(place.location(), Location::Postgres(_)) }
    }

    /// The key of a back end.
    pub(crate) async fn key(&self, ids: &CountingIds) -> KeyId {
        let key = KeyId::new(ids);
        self.insert(
            "api_keys",
            &[
                ("id", quoted(key)),
                ("name", quoted("bank")),
                ("prefix", quoted("ciq")),
                ("hash", quoted("a".repeat(64))),
                ("role", quoted("service")),
                ("created_at", "1".into()),
            ],
        )
        .await;
        key
    }

    pub(crate) async fn conversation(&self, of: &Conversation) {
        let label =
            of.label.as_ref().map(|label| self.sealed(label, &format!("conversations.label/{}", of.id)));
        let label = label.unwrap_or_else(|| "NULL".into());
        self.insert(
            "conversations",
            &[
                ("id", quoted(of.id)),
                ("mode", quoted(of.mode)),
                ("subject", quoted(&of.subject)),
                ("owner_key", of.owner_key.map_or("NULL".into(), quoted)),
                ("label", label),
                ("demo", "FALSE".into()),
                ("created_at", of.created_at.micros().to_string()),
            ],
        )
        .await;
    }

    pub(crate) async fn record(&self, done: &Record<Masked>) {
        self.insert(
            "interactions",
            &[
                ("id", quoted(done.id)),
                ("request_id", quoted(done.request_id)),
                ("correlation_id", quoted(&done.correlation_id)),
                ("conversation", quoted(done.conversation)),
                ("subject", quoted(&done.subject)),
                ("session", quoted(&done.session)),
                ("mode", quoted(done.mode)),
                ("question", self.sealed(&done.question, &format!("interactions.question/{}", done.id))),
                ("intent", quoted(done.intent.as_str())),
                ("category", quoted(done.category)),
                ("intent_probability", done.intent_probability.get().to_string()),
                ("classification_reason", quoted(&done.classification_reason)),
                ("routing", quoted(done.routing)),
                ("answer", self.sealed(&done.answer, &format!("interactions.answer/{}", done.id))),
                ("citations", json(&done.citations)),
                ("confidence", done.confidence.get().to_string()),
                ("outcome", quoted(done.outcome)),
                ("decisive_trigger", done.trigger.map_or("NULL".into(), quoted)),
                ("triggers", json(&done.triggers)),
                ("reason", quoted(&done.reason)),
                ("ticket", done.ticket.map_or("NULL".into(), quoted)),
                ("steps", json(&done.steps)),
                ("retrieved_passages", done.retrieved_passages.to_string()),
                ("model", quoted(&done.model)),
                ("tokens_input", done.tokens.input.to_string()),
                ("tokens_output", done.tokens.output.to_string()),
                ("cost_nano_usd", done.cost_usd.0.to_string()),
                ("pii_detected", "TRUE".into()),
                ("pii_masked", "TRUE".into()),
                ("knowledge_version", quoted(&done.knowledge_version)),
                ("retention_policy", quoted(&done.retention_policy)),
                ("demo", "FALSE".into()),
                ("processing_time_ms", done.processing_time_ms.to_string()),
                ("created_at", done.created_at.micros().to_string()),
                ("completed_at", done.completed_at.micros().to_string()),
            ],
        )
        .await;
    }

    /// Notes with which key it was sealed.
    pub(crate) async fn end(&self) {
        use sha2::{Digest, Sha256};
        let hash = Sha256::new().chain_update(OLD_KEY).chain_update(b"fingerprint").finalize();
        let fingerprint: String = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        self.insert("meta", &[("name", quoted("sealing_key")), ("value", quoted(fingerprint))]).await;
    }

    pub(crate) fn bytes(&self, bytes: &[u8]) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if self.postgres { format!("'\\x{digits}'::bytea") } else { format!("X'{digits}'") }
    }

    pub(crate) fn sealed(&self, text: &Masked, place: &str) -> String {
        self.bytes(&self.sealer.seal(text, place))
    }

    pub(crate) async fn insert(&self, table: &str, columns: &[(&str, String)]) {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let values: Vec<&str> = columns.iter().map(|(_, value)| value.as_str()).collect();
        let sql = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
        self.place.raw(AssertSqlSafe(sql)).await.unwrap();
    }
}

pub(crate) fn quoted(text: impl std::fmt::Display) -> String {
    format!("'{}'", text.to_string().replace('\'', "''"))
}

fn json(value: &impl serde::Serialize) -> String {
    quoted(serde_json::to_string(value).unwrap())
}
