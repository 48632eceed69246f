//! Model files: one line of kind, version and SHA-256, then JSON with packed numbers.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::error::ModelFileError;
use crate::hex::hex;

/// A file of an attempt that is as old as this was left behind.
const LEFT: Duration = Duration::from_secs(3600);

/// Writes beside the place and renames, so that a reader sees the old model or the new one.
pub(super) fn save(path: &Path, kind: &str, model: &impl Serialize) -> Result<(), ModelFileError> {
    let body = serde_json::to_vec(model).map_err(|error| ModelFileError::Io(error.into()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    remove_left(path, &name);
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write(&beside, kind, &body).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of the attempt is of no use; that it can't be removed changes nothing.
        fs::remove_file(&beside).ok();
    }
    Ok(written?)
}

/// Attempts of processes that were killed while they wrote this model, an hour ago or more: one that is under way is
/// written in seconds.
fn remove_left(path: &Path, name: &str) {
    let Some(entries) = path.parent().and_then(|folder| fs::read_dir(folder).ok()) else { return };
    let begins = format!(".{name}.");
    for entry in entries.flatten() {
        let of_ours =
            entry.file_name().to_str().is_some_and(|n| n.starts_with(&begins) && n.ends_with(".part"));
        let written = entry
            .metadata()
            .and_then(|data| data.modified())
            .and_then(|at| at.elapsed().map_err(std::io::Error::other));
        if of_ours && written.is_ok_and(|ago| ago >= LEFT) {
            // It only takes room; who can't remove it can't write the model either, and hears of that.
            fs::remove_file(entry.path()).ok();
        }
    }
}

fn write(path: &Path, kind: &str, body: &[u8]) -> std::io::Result<()> {
    let mut file = fs::File::create(path)?;
    writeln!(file, "{kind} {}", hex(&Sha256::digest(body)))?;
    file.write_all(body)?;
    file.sync_all()
}

/// Reads and checks.
pub(super) fn load<M: DeserializeOwned>(path: &Path, kind: &str) -> Result<M, ModelFileError> {
    parse(&fs::read(path)?, kind)
}

/// Checks and reads what is in memory.
pub(super) fn parse<M: DeserializeOwned>(content: &[u8], kind: &str) -> Result<M, ModelFileError> {
    let end = content.iter().take(200).position(|&byte| byte == b'\n');
    let Some(end) = end else { return Err(ModelFileError::Damaged("no first line")) };
    let line = String::from_utf8_lossy(&content[..end]);
    let Some((found, sum)) = line.rsplit_once(' ') else {
        return Err(ModelFileError::Damaged("no checksum"));
    };
    if found != kind {
        return Err(ModelFileError::OtherVersion { found: found.to_owned(), wanted: kind.to_owned() });
    }
    let body = &content[end + 1..];
    if hex(&Sha256::digest(body)) != sum {
        return Err(ModelFileError::Damaged("wrong checksum"));
    }
    serde_json::from_slice(body).map_err(|_| ModelFileError::Damaged("not a model"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_under_way_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.model");
        let (old, new) = (folder.path().join(".a.model.1.part"), folder.path().join(".a.model.2.part"));
        let other = folder.path().join(".b.model.1.part");
        for file in [&old, &new, &other] {
            fs::write(file, "half").unwrap();
        }
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        for file in [&old, &other] {
            fs::File::options().write(true).open(file).unwrap().set_modified(long_ago).unwrap();
        }
        save(&path, "kind 1", &1).unwrap();
        assert_eq!((old.exists(), new.exists(), other.exists()), (false, true, true));
        assert_eq!(load::<i32>(&path, "kind 1").unwrap(), 1);
    }

    #[test]
    fn a_file_comes_back_and_damage_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        save(&path, "test 1", &vec![1, 2, 3]).unwrap();
        assert_eq!(load::<Vec<u8>>(&path, "test 1").unwrap(), [1, 2, 3]);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(matches!(load::<Vec<u8>>(&path, "test 2"), Err(ModelFileError::OtherVersion { .. })));
        let mut content = fs::read(&path).unwrap();
        let last = content.len() - 2;
        content[last] ^= 1;
        fs::write(&path, &content).unwrap();
        assert!(matches!(load::<Vec<u8>>(&path, "test 1"), Err(ModelFileError::Damaged("wrong checksum"))));
        fs::write(&path, &content[..10.min(content.len())]).unwrap();
        assert!(matches!(load::<Vec<u8>>(&path, "test 1"), Err(ModelFileError::Damaged(_))));
        assert!(matches!(load::<Vec<u8>>(&folder.path().join("none"), "test 1"), Err(ModelFileError::Io(_))));
    }
}
