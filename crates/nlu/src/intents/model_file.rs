//! Model files: one line of kind, version and SHA-256, then JSON with packed numbers.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::error::ModelFileError;
use crate::hex::hex;

/// Writes beside the place and renames, so that a reader sees the old model or the new one.
pub(super) fn save(path: &Path, kind: &str, model: &impl Serialize) -> Result<(), ModelFileError> {
    let body = serde_json::to_vec(model).map_err(|error| ModelFileError::Io(error.into()))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write(&beside, kind, &body).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What is left of the attempt is of no use; that it can't be removed changes nothing.
        fs::remove_file(&beside).ok();
    }
    Ok(written?)
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
