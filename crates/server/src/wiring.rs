//! The operating system's clock, ids and randomness: the one place that asks for them, and the
//! sealing key, which lives beside the data and never in it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use contactiq_domain::{Clock, Ids, Timestamp};
use contactiq_guard::seal::KeyEncryption;
use zeroize::Zeroizing;

use crate::config::Config;

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock that the others are instead of")]
    fn now(&self) -> Timestamp {
        time::OffsetDateTime::now_utc().into()
    }
}

/// UUIDv7 from the system's clock and randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "the one source of ids that the others are instead of")]
    fn next(&self) -> uuid::Uuid {
        uuid::Uuid::now_v7()
    }
}

/// Fresh random bytes. A machine that can't give any can't keep a secret: the process ends.
#[must_use]
#[expect(clippy::disallowed_methods, clippy::expect_used, reason = "the one place that asks for randomness")]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Random bytes as URL-safe text without padding.
#[must_use]
pub fn random_text<const N: usize>() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<N>())
}

/// SHA-256 as hex.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use sha2::Digest;
    hex(&sha2::Sha256::digest(bytes))
}

/// HMAC-SHA256 of these parts, one after the other.
#[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
#[must_use]
pub fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).expect("a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Bytes as hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Where the sealing key of a data folder is.
#[must_use]
pub fn key_path(data_dir: &Path) -> PathBuf {
    data_dir.join("sealing.key")
}

/// Reads the sealing key of a data folder, or makes one with mode 0600.
///
/// # Errors
/// When the file can't be read or made, or does not hold 32 bytes.
pub fn sealing_key(data_dir: &Path) -> io::Result<Zeroizing<[u8; 32]>> {
    private_key(&key_path(data_dir), || Zeroizing::new(random::<32>()))
}

/// Reads a key of 32 bytes, or makes one with mode 0600 where there is none.
///
/// # Errors
/// When the file can't be read or made, or does not hold 32 bytes.
pub fn private_key(
    path: &Path,
    make: impl FnOnce() -> Zeroizing<[u8; 32]>,
) -> io::Result<Zeroizing<[u8; 32]>> {
    if let Some(key) = kept_key(path)? {
        return Ok(key);
    }
    write_private(path, &*make())?;
    // Two processes may start at once: the file that is there wins.
    let kept = Zeroizing::new(std::fs::read(path)?);
    key_in(&kept).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the key is damaged"))
}

/// The key of 32 bytes in a file; none where there is no file.
fn kept_key(path: &Path) -> io::Result<Option<Zeroizing<[u8; 32]>>> {
    match std::fs::read(path).map(Zeroizing::new) {
        Ok(bytes) => key_in(&bytes).map(Some).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} must hold exactly 32 bytes: restore it from its backup", path.display()),
            )
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn key_in(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    (bytes.len() == key.len()).then(|| key.copy_from_slice(bytes))?;
    Some(key)
}

/// Writes a file that only this user can read; a file that is there already stays.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let temporary = path.with_extension(format!("new-{}", random_text::<6>()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&temporary, path);
    std::fs::remove_file(&temporary)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

/// The key-encryption keys of a configuration: those that it names, and behind them that of its data folder, where there
/// is one; where it names none, that alone, made if there is none.
///
/// # Errors
/// As [`sealing_key`], and when what is named holds no 32 bytes.
pub fn key_encryption(config: &Config) -> io::Result<KeyEncryption> {
    let (named, folder) = (config.sealing_keys()?, &config.server.data_dir);
    // As large as it gets: what a list that grows leaves behind is not wiped.
    let mut keys = Zeroizing::new(Vec::with_capacity(named.len() + 1));
    keys.extend_from_slice(&named);
    if keys.is_empty() || key_path(folder).exists() {
        let own = sealing_key(folder)?;
        if !keys.contains(&*own) {
            keys.push(*own);
        }
    }
    let missing = || io::Error::new(io::ErrorKind::NotFound, "server.sealing_key holds no key");
    KeyEncryption::new(&keys, Arc::new(random::<12>)).ok_or_else(missing)
}

/// The fingerprint of the key-encryption key that lies in the data folder, beside what it opens; none where there is none,
/// and none is made.
///
/// # Errors
/// When the file can't be read or does not hold 32 bytes.
pub fn key_beside_data(config: &Config) -> io::Result<Option<String>> {
    let Some(key) = kept_key(&key_path(&config.server.data_dir))? else { return Ok(None) };
    let kek = KeyEncryption::new(&[*key], Arc::new(random::<12>));
    Ok(kek.map(|kek| kek.active().to_owned()))
}

/// Where the sealing key of a configuration is, for messages.
#[must_use]
pub fn key_place(config: &Config) -> String {
    match config.server.sealing_key.shown().as_slice() {
        [] => crate::app::absolute(&key_path(&config.server.data_dir)).display().to_string(),
        named => format!("server.sealing_key ({})", named.join(", ")),
    }
}

/// Random letters and digits, for what people copy and scanners look for.
#[must_use]
pub fn random_letters<const N: usize>() -> String {
    letters(N, random::<64>)
}

/// The letters and digits that these bytes stand for: the same for the same ones, and as hard to guess.
#[must_use]
pub fn letters_of<const N: usize>(chance: &[u8; 32]) -> String {
    let mut round = 0_u64;
    letters(N, || {
        round += 1;
        mac(chance, &[&round.to_be_bytes()])
    })
}

fn letters<const B: usize>(many: usize, mut bytes: impl FnMut() -> [u8; B]) -> String {
    const ALL: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = String::with_capacity(many);
    while text.len() < many {
        // Of 256 values 248 are four times 62: the rest would make some letters likelier.
        let fresh = bytes().into_iter().filter(|byte| *byte < 248);
        text.extend(fresh.map(|byte| char::from(ALL[usize::from(byte % 62)])).take(many - text.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealing_key_is_made_once_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = sealing_key(dir.path()).unwrap();
        assert_eq!(sealing_key(dir.path()).unwrap(), first);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(key_path(dir.path())).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(key_path(dir.path()), b"short").unwrap();
        assert!(sealing_key(dir.path()).unwrap_err().to_string().contains("32 bytes"));
    }

    /// What `openssl dgst -sha256 -mac HMAC` gives.
    #[test]
    fn the_hash_is_an_hmac_sha256() {
        assert_eq!(
            hex(&mac(b"Jefe", &[b"what do ya want ", b"for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            "RFC 4231, case 2"
        );
    }
}
