//! Making API keys, wherever somebody asks for one: the command line, the API, a page. A key is shown once and kept
//! as its SHA-256.

use contactiq_domain::{Budget, Clock, Mode, Permission, Role, Timestamp, access, ids::KeyId};
use contactiq_store::{
    StoreError, Writer,
    keys::{self, ApiKey, Secret},
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
/// Two secrets of a key go beside each other for at most so many days.
const LONGEST_GRACE: u64 = 30;

/// What a key is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// What people call it.
    pub name: String,
    /// What its bearer is.
    pub role: Role,
    /// The one assistant, if limited.
    pub mode: Option<Mode>,
    /// What is left to it of its role; all, if nothing is taken away.
    pub scopes: Option<Vec<Permission>>,
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
        scopes: wanted.scopes,
        before: None,
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
/// so that the conversations of the back end that holds it go on. With `before_ends_at` the old secret goes on until then.
///
/// # Errors
/// [`StoreError::NotFound`] when no key that is not revoked is called so, or when the database fails.
pub async fn rotate(
    w: &mut Writer,
    config: &Config,
    name_or_id: &str,
    before_ends_at: Option<Timestamp>,
) -> Result<(String, ApiKey), StoreError> {
    rotate_to(w, name_or_id, key_text::make(config.server.environment), before_ends_at).await
}

/// Gives a key this secret, which must be of 256 bits of chance.
///
/// # Errors
/// As [`rotate`].
pub async fn rotate_to(
    w: &mut Writer,
    name_or_id: &str,
    key: String,
    before_ends_at: Option<Timestamp>,
) -> Result<(String, ApiKey), StoreError> {
    let (prefix, hash) = (prefix(&key), sha256_hex(key.as_bytes()));
    let secret = Secret { prefix: &prefix, hash: &hash };
    let record = keys::rotate(w, name_or_id, secret, before_ends_at).await?;
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

/// What a key is narrowed to: words of permissions or of groups, with commas or spaces between them. None of them is
/// all that the role may.
///
/// # Errors
/// What they may be.
pub fn scopes(role: Role, text: &str) -> Result<Option<Vec<Permission>>, String> {
    let named = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    access::narrowed(role, named).map_err(|_unknown| {
        let all: Vec<&str> = role.permissions().iter().map(|permission| permission.as_str()).collect();
        format!(
            "a {role} may have: ask, knowledge, tickets (as far as its role reaches), or of {}",
            all.join(", ")
        )
    })
}

/// When the old secret of a key ends that is rotated now: after `30m`, `24h` or `7d`; with `0` at once.
///
/// # Errors
/// How it is written, and how long it may be.
pub fn grace(text: &str, now: Timestamp) -> Result<Option<Timestamp>, &'static str> {
    const WRONG: &str = "write 0, or how long as 30m, 24h or 7d, at most 30d";
    let text = text.trim();
    if text == "0" {
        return Ok(None);
    }
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(WRONG)?;
    let seconds = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        _ => return Err(WRONG),
    };
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| plain).ok_or(WRONG)?;
    match number.checked_mul(seconds) {
        Some(0) => Ok(None),
        Some(all) if all <= LONGEST_GRACE * 24 * 3600 => {
            Ok(Some(now.plus_seconds(i64::try_from(all).map_err(|_| WRONG)?)))
        }
        _ => Err(WRONG),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grace_is_minutes_hours_or_days_and_at_most_thirty_of_them() {
        let now = Timestamp::from_micros(0);
        for (text, seconds) in [("30m", 1800), ("24h", 86_400), (" 7d ", 604_800), ("30d", 2_592_000)] {
            assert_eq!(grace(text, now), Ok(Some(now.plus_seconds(seconds))), "{text}");
        }
        assert_eq!((grace("0", now), grace("0h", now)), (Ok(None), Ok(None)));
        for wrong in ["", "h", "24", "31d", "-1h", "+1h", "1w", "1.5h", "99999999999999999999d", "1ä"] {
            assert!(grace(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn scopes_are_named_with_commas_or_spaces() {
        use Permission::{AskAsCustomer, GiveFeedback};
        assert_eq!(scopes(Role::Customer, "ask, feedback"), Ok(Some(vec![AskAsCustomer, GiveFeedback])));
        assert_eq!(scopes(Role::Customer, " , "), Ok(None));
        assert!(scopes(Role::Customer, "manage_access").unwrap_err().contains("ask_as_customer"));
    }

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
