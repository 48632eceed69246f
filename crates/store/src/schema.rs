//! Migrations: the same text for both engines, embedded, run at open in one transaction. What one engine
//! alone has is marked so, and is rare (docs/adr/0003, docs/adr/0014).

use sqlx::{
    SqlSafeStr,
    migrate::{Migrate, MigrateError, Migration, MigrationType, Migrator},
};

use crate::StoreError;

/// Every migration, oldest first. A released one never changes: its checksum is in every database.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("../migrations/0001_first.sql")),
    (2, "tickets_taken", include_str!("../migrations/0002_tickets_taken.sql")),
    (3, "ticket_notes", include_str!("../migrations/0003_ticket_notes.sql")),
    (4, "access_target", include_str!("../migrations/0004_access_target.sql")),
    (5, "rulings", include_str!("../migrations/0005_rulings.sql")),
    (6, "knowledge_versions", include_str!("../migrations/0006_knowledge_versions.sql")),
    (7, "vectors", include_str!("../migrations/0007_vectors.sql")),
    (8, "same_content", include_str!("../migrations/0008_same_content.sql")),
    (9, "erased", include_str!("../migrations/0009_erased.sql")),
    (10, "quarantine_decisions", include_str!("../migrations/0010_quarantine_decisions.sql")),
    (11, "document_source", include_str!("../migrations/0011_document_source.sql")),
    (12, "review", include_str!("../migrations/0012_review.sql")),
    (13, "placeholders", include_str!("../migrations/0013_placeholders.sql")),
    (14, "dead_letters", include_str!("../migrations/0014_dead_letters.sql")),
    (15, "fences", include_str!("../migrations/0015_fences.sql")),
    (16, "transcripts", include_str!("../migrations/0016_transcripts.sql")),
    (17, "budgets", include_str!("../migrations/0017_budgets.sql")),
    (18, "withdrawals", include_str!("../migrations/0018_withdrawals.sql")),
    (19, "sign_in", include_str!("../migrations/0019_sign_in.sql")),
    (20, "privacy", include_str!("../migrations/0020_privacy.sql")),
    (21, "audit_outbox", include_str!("../migrations/0021_audit_outbox.sql")),
    (22, "audit_log", include_str!("../migrations/0022_audit_log.sql")),
    (23, "told_again", include_str!("../migrations/0023_told_again.sql")),
    (27, "staging", include_str!("../migrations/0027_staging.sql")),
    (28, "data_keys", include_str!("../migrations/0028_data_keys.sql")),
    (29, "signed_receipts", include_str!("../migrations/0029_signed_receipts.sql")),
    (30, "holds_by_key", include_str!("../migrations/0030_holds_by_key.sql")),
    (31, "tickets_hands", include_str!("../migrations/0031_tickets_hands.sql")),
    (32, "keys_overlap", include_str!("../migrations/0032_keys_overlap.sql")),
    (35, "exports", include_str!("../migrations/0035_exports.sql")),
    (36, "accesses_of_before", include_str!("../migrations/0036_accesses_of_before.sql")),
    (37, "rulings_one_document", include_str!("../migrations/0037_rulings_one_document.sql")),
    (38, "key_uses", include_str!("../migrations/0038_key_uses.sql")),
    (40, "forgotten_accesses", include_str!("../migrations/0040_forgotten_accesses.sql")),
    (41, "audit_apart", include_str!("../migrations/0041_audit_apart.sql")),
    (42, "letters_by_interaction", include_str!("../migrations/0042_letters_by_interaction.sql")),
    (43, "authority", include_str!("../migrations/0043_authority.sql")),
    (44, "proofs", include_str!("../migrations/0044_proofs.sql")),
];

/// Those of PostgreSQL alone.
const POSTGRES_ALONE: &[i64] = &[7, 22, 41];

/// Those of the audit log of SQLite, which is a file of its own; PostgreSQL has its tables in a schema of their own (22, 41).
const AUDIT_FILE: &[(i64, &str, &str)] =
    &[(1, "audit_log", include_str!("../migrations-audit/0001_audit_log.sql"))];

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// Everything, on SQLite.
    Sqlite,
    /// Everything, on PostgreSQL.
    Postgres,
    /// The audit log of SQLite.
    AuditFile,
}

impl Schema {
    fn migrations(self) -> Vec<&'static (i64, &'static str, &'static str)> {
        match self {
            Schema::Sqlite => MIGRATIONS.iter().filter(|(v, ..)| !POSTGRES_ALONE.contains(v)).collect(),
            Schema::Postgres => MIGRATIONS.iter().collect(),
            Schema::AuditFile => AUDIT_FILE.iter().collect(),
        }
    }

    /// The number of the newest, also where it is of the other engine alone.
    fn newest(self) -> i64 {
        let all = if self == Schema::AuditFile { AUDIT_FILE } else { MIGRATIONS };
        all.iter().map(|(version, ..)| *version).max().unwrap_or(0)
    }
}

/// Brings the schema up to date. `connection` is inside a transaction that nobody else can hold at
/// the same time, so that two processes that start together don't both create the tables.
pub(crate) async fn migrate<C: Migrate>(connection: &mut C, schema: Schema) -> Result<(), StoreError> {
    let migrations = schema
        .migrations()
        .into_iter()
        .map(|(version, name, sql)| {
            Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
        })
        .collect();
    let mut migrator = Migrator::with_migrations(migrations);
    // The caller's transaction is the lock. sqlx's own is an advisory lock of the session, which
    // a transaction-pooling PgBouncer would take on one connection and release on another (C4).
    migrator.set_locking(false);
    match migrator.run_direct(None, connection, false).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(found)) => {
            Err(StoreError::NewerSchema { found, known: schema.newest() })
        }
        Err(MigrateError::VersionMismatch(_) | MigrateError::Dirty(_)) => {
            Err(StoreError::Corrupt { what: "schema" })
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
        Err(_) => Err(StoreError::Failed { code: "migration".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::MIGRATIONS;

    #[test]
    fn migrations_are_in_the_order_of_their_numbers() {
        let numbers: Vec<i64> = MIGRATIONS.iter().map(|(version, ..)| *version).collect();
        assert!(numbers.is_sorted_by(|one, other| one < other), "{numbers:?}");
    }

    #[test]
    fn every_file_of_the_folder_is_run() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|f| f.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let run = MIGRATIONS.iter().map(|(version, name, _)| format!("{version:04}_{name}.sql"));
        assert_eq!(files, run.collect::<Vec<_>>());
    }
}
