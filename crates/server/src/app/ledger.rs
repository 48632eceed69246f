//! Opening the ledger: the data folder, its sealing key, the database.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use contactiq_store::{Location, Store, StoreError};

use super::StartError;
use crate::{config::Config, wiring::key_encryption};

/// Opens the ledger of this configuration and makes the data folder when it is missing.
///
/// # Errors
/// When the folder or the database can't be used.
pub async fn open_store(config: &Config) -> Result<Store, StartError> {
    let dir = &config.server.data_dir;
    let unusable = |source| StartError::DataDir { path: dir.clone(), source };
    make_private(dir).map_err(unusable)?;
    let kek = std::sync::Arc::new(key_encryption(config).map_err(unusable)?);
    let location = match config.database_url().as_str() {
        "" if !config.database.url.is_empty() => {
            return Err(StartError::Unread("database.url"));
        }
        "" => {
            let path = dir.join("contactiq.db");
            keep_private(&path).map_err(unusable)?;
            Location::Sqlite(path)
        }
        url => Location::Postgres(url.to_owned()),
    };
    Store::open(&location, kek).await.map_err(|error| match error {
        StoreError::WrongKey { needed } => {
            StartError::WrongKey { place: crate::wiring::key_place(config), needed }
        }
        error => error.into(),
    })
}

/// A server that starts beside its database waits so long for it; then whoever started it tries again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until the database can be used: a server may be started beside PostgreSQL, after a power failure with
/// everything else, or while another process holds SQLite.
///
/// # Errors
/// At once for what does not pass by itself (a wrong password, another key); for the rest after a minute.
pub async fn await_store(config: &Config) -> Result<(), StartError> {
    let (since, mut told) = (Instant::now(), false);
    loop {
        match open_store(config).await {
            Ok(store) => {
                store.close().await;
                return Ok(());
            }
            Err(StartError::Store(error)) if error.is_transient() && since.elapsed() < PATIENCE => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "the start waits for the database, for a minute at most");
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Makes a missing data folder that only this user can enter.
pub(crate) fn make_private(dir: &Path) -> std::io::Result<()> {
    if dir.exists() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(dir)
}

/// The same for the file of the audit log.
pub(super) fn keep_private_file(path: &Path) -> std::io::Result<()> {
    keep_private(path)
}

/// Makes a missing database file that only this user can read, and takes other users' rights from one that is
/// there: staff documents stand in it in plain text. Whoever may not change them still starts.
fn keep_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        match made {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        for ending in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            if std::fs::metadata(&name).is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
                drop(std::fs::set_permissions(&name, PermissionsExt::from_mode(0o600)));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[cfg(unix)]
    #[tokio::test]
    async fn only_its_user_reads_the_database() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let env = HashMap::from([("CONTACTIQ_DATA_DIR".to_owned(), folder.path().display().to_string())]);
        let config = crate::config::load_from(None, &env).unwrap();
        let path = folder.path().join("contactiq.db");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        let store = open_store(&config).await.unwrap();
        assert_eq!(mode(), 0o600);
        let shared = std::fs::metadata(folder.path().join("contactiq.db-wal")).unwrap();
        assert_eq!(shared.permissions().mode() & 0o777, 0o600);
        store.close().await;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        open_store(&config).await.unwrap().close().await;
        assert_eq!(mode(), 0o600, "one of an earlier version");
    }

    #[tokio::test]
    async fn a_database_of_another_key_is_refused_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("data");
        let env = HashMap::from([("CONTACTIQ_DATA_DIR".to_owned(), dir.display().to_string())]);
        let config = crate::config::load_from(None, &env).unwrap();
        open_store(&config).await.unwrap().close().await;
        std::fs::write(crate::wiring::key_path(&dir), [7; 32]).unwrap();
        let refused = open_store(&config).await.unwrap_err().to_string();
        assert!(refused.contains("sealed with another key"), "{refused}");
    }
}
