//! Secrets on this machine: variables of the environment, and files.

use std::{collections::HashMap, path::Path};

use contactiq_domain::Secret;
use zeroize::Zeroizing;

use super::{Reference, SourceError};

/// No secret of ours is longer; what is, is another file.
const LONGEST: u64 = 64 * 1024;

/// The value at a place of this machine; none where it stands elsewhere.
pub(super) fn read(
    reference: &Reference,
    env: &HashMap<String, String>,
) -> Option<Result<Secret, SourceError>> {
    match reference {
        Reference::Env(name) => {
            let value = env.get(name).filter(|value| !value.trim().is_empty());
            Some(value.map(|value| Secret::new(value.clone())).ok_or(SourceError::NoVariable))
        }
        Reference::File(path) => Some(file(path)),
        _ => None,
    }
}

/// The text of a file without the newline at its end.
///
/// # Errors
/// When it can't be read, is no text, or empty.
pub(crate) fn file(path: &Path) -> Result<Secret, SourceError> {
    let told = |e: std::io::Error| SourceError::File(e.kind().to_string());
    let meta = std::fs::metadata(path).map_err(told)?;
    // A device or a pipe has no end.
    if !meta.is_file() {
        return Err(SourceError::NotText("secret: it is no file"));
    }
    if meta.len() > LONGEST {
        return Err(SourceError::NotText("secret: it is longer than 64 KiB"));
    }
    let bytes = Zeroizing::new(std::fs::read(path).map_err(told)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| SourceError::NotText("text"))?;
    let secret = Secret::new(text.to_owned());
    if secret.is_empty() { Err(SourceError::Empty) } else { Ok(secret) }
}

/// Whether others than its owner may read a file.
#[must_use]
pub(super) fn is_open_to_others(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_without_its_newline_and_what_is_wrong_is_told_without_a_word_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        std::fs::write(&path, "sk-canary \n").unwrap();
        assert_eq!(file(&path).unwrap().expose(), "sk-canary");
        assert!(matches!(file(&dir.path().join("none")), Err(SourceError::File(_))));
        std::fs::write(&path, " \n").unwrap();
        assert_eq!(file(&path).unwrap_err(), SourceError::Empty);
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert_eq!(file(&path).unwrap_err(), SourceError::NotText("text"));
        std::fs::write(&path, "canary".repeat(20_000)).unwrap();
        assert!(!file(&path).unwrap_err().to_string().contains("canary"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
            assert!(is_open_to_others(&path));
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).unwrap();
            assert!(!is_open_to_others(&path));
        }
    }
}
