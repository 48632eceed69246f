//! Making API keys, wherever somebody asks for one: the command line, the API, a page. A key is shown once and kept
//! as its SHA-256.

use contactiq_domain::{Budget, Clock, Mode, Role, Timestamp, ids::KeyId};
use contactiq_store::{
    StoreError, Writer,
    keys::{self, ApiKey},
};

use crate::{
    config::Config,
    guard::key_text,
    wiring::{SystemIds, sha256_hex},
};

/// The fastest that a key may ask, in questions a minute.
pub const MOST_PER_MINUTE: u32 = 1_000_000;
/// The longest name.
const LONGEST_NAME: usize = 64;

/// What a key is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What people call it.
    pub name: String,
    /// What its bearer is.
    pub role: Role,
    /// The one assistant, if limited.
    pub mode: Option<Mode>,
    /// Questions a minute of its own.
    pub rate_per_minute: Option<u32>,
    /// What its questions may cost.
    pub budget: Budget,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// Makes a key; its secret, which is nowhere else, and what is kept of it.
///
/// # Errors
/// [`StoreError::Conflict`] when a key that is not revoked has this name, or when the database fails.
pub async fn make(
    w: &mut Writer,
    config: &Config,
    clock: &dyn Clock,
    wanted: Wanted,
) -> Result<(String, ApiKey), StoreError> {
    make_as(w, clock, wanted, key_text::make(config.server.environment)).await
}

/// Makes a key with this secret, which must be of 256 bits of chance.
///
/// # Errors
/// As [`make`].
pub async fn make_as(
    w: &mut Writer,
    clock: &dyn Clock,
    wanted: Wanted,
    key: String,
) -> Result<(String, ApiKey), StoreError> {
    let record = ApiKey {
        id: KeyId::new(&SystemIds),
        name: wanted.name,
        prefix: prefix(&key),
        hash: sha256_hex(key.as_bytes()),
        role: wanted.role,
        mode: wanted.mode,
        rate_per_minute: wanted.rate_per_minute,
        budget: wanted.budget,
        created_at: clock.now(),
        expires_at: wanted.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    keys::create(w, &record).await?;
    Ok((key, record))
}

/// Gives a key another secret: the old one ends and the new one begins in one statement, and the key stays the same,
/// so that the conversations and repeated requests of the back end that holds it go on.
///
/// # Errors
/// [`StoreError::NotFound`] when no key that is not revoked is called so, or when the database fails.
pub async fn rotate(
    w: &mut Writer,
    config: &Config,
    name_or_id: &str,
) -> Result<(String, ApiKey), StoreError> {
    rotate_to(w, name_or_id, key_text::make(config.server.environment)).await
}

/// Gives a key this secret, which must be of 256 bits of chance.
///
/// # Errors
/// As [`rotate`].
pub async fn rotate_to(
    w: &mut Writer,
    name_or_id: &str,
    key: String,
) -> Result<(String, ApiKey), StoreError> {
    let record = keys::rotate(w, name_or_id, &prefix(&key), &sha256_hex(key.as_bytes())).await?;
    Ok((key, record))
}

fn prefix(key: &str) -> String {
    key_text::beginning(key).to_owned()
}

/// A name that people can tell keys apart by.
///
/// # Errors
/// What it may be.
pub fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err("1 to 64 characters without control characters") }
}

/// When a key ends: a date, from its first moment on, or a moment; to come.
///
/// # Errors
/// How it is written, or that it is past.
pub fn expiry(text: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let at: Timestamp =
        full.parse().map_err(|_| "write a date as 2027-01-31 or a moment as 2027-01-31T12:00:00Z")?;
    if now < at { Ok(at) } else { Err("it lies in the past") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_a_date_or_a_moment_to_come() {
        let now: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(expiry("2027-01-31", now), expiry("2027-01-31T00:00:00Z", now));
        assert!(expiry("31.1.2027", now).is_err());
        assert!(expiry("2026-12-31", now).is_err());
        assert!(name("\u{7}").is_err() && name(&"x".repeat(65)).is_err());
        assert_eq!(name(" shop "), Ok("shop".to_owned()));
    }
}
