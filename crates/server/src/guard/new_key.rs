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
        generation: 0,
    };
    keys::create(w, &record).await?;
    Ok((key, record))
}

/// Gives a key another secret: the old one ends and the new one begins in one statement, and the key stays the same,
/// so that the conversations of the back end that holds it go on. With a `grace` the old secret goes on for so long.
///
/// # Errors
/// [`StoreError::SecretOverlaps`] when one of an earlier rotation still goes on; [`StoreError::NotFound`] when no key that
/// is not revoked is called so, or when the database fails.
pub async fn rotate(
    w: &mut Writer,
    config: &Config,
    name_or_id: &str,
    (grace, now): (Grace, Timestamp),
) -> Result<(String, ApiKey), StoreError> {
    rotate_to(w, name_or_id, key_text::make(config.server.environment), (grace, now)).await
}

/// Gives a key this secret, which must be of 256 bits of chance.
///
/// # Errors
/// As [`rotate`].
pub async fn rotate_to(
    w: &mut Writer,
    name_or_id: &str,
    key: String,
    (grace, now): (Grace, Timestamp),
) -> Result<(String, ApiKey), StoreError> {
    let (prefix, hash) = (prefix(&key), sha256_hex(key.as_bytes()));
    let secret = Secret { prefix: &prefix, hash: &hash };
    let record = keys::rotate(w, name_or_id, secret, grace.ends_at(now), now).await?;
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

/// What a key is narrowed to: words of permissions or of groups, with commas or spaces between them. Where nothing is
/// said, it is all that the role may; a text without a word says nothing that could be meant.
///
/// A back end that asks speaks for its people: one that could not name them would be taken for one person, who is told
/// what the others said.
///
/// # Errors
/// What they may be, or what is missing.
pub fn scopes(role: Role, text: Option<&str>) -> Result<Option<Vec<Permission>>, String> {
    let Some(text) = text else { return Ok(None) };
    let named = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
    let narrowed = access::narrowed(role, named).map_err(|_unknown| {
        let all: Vec<&str> = role.permissions().iter().map(|permission| permission.as_str()).collect();
        format!(
            "a {role} may have: ask, knowledge, tickets (as far as its role reaches), or of {}",
            all.join(", ")
        )
    })?;
    let left =
        narrowed.ok_or("name at least one, or leave it out: then the key has all that its role may")?;
    let asks = left.iter().any(|left| matches!(left, Permission::AskAsCustomer | Permission::AskAsBanker));
    if role == Role::Service && asks && !left.contains(&Permission::ActForSubject) {
        return Err(
            "a service that asks speaks for its people: add act_for_subject, without which all of them \
                    would be one person"
                .to_owned(),
        );
    }
    Ok(Some(left))
}

/// For how long the old secret of a key goes on that is rotated; not at all, unless somebody says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grace {
    seconds: i64,
}

impl Grace {
    /// When the old secret ends of a key that is rotated now; none where it ends at once.
    #[must_use]
    pub fn ends_at(self, now: Timestamp) -> Option<Timestamp> {
        (self.seconds > 0).then(|| now.plus_seconds(self.seconds))
    }

    /// What is meant by it, however it was written: two requests that mean the same are the same. Nothing where it ends
    /// at once.
    #[must_use]
    pub fn meant(self) -> String {
        if self.seconds > 0 { self.seconds.to_string() } else { String::new() }
    }
}

/// For how long the old secret of a key goes on: `30m`, `24h` or `7d`; with `0` it ends at once.
///
/// # Errors
/// How it is written, and how long it may be.
pub fn grace(text: &str) -> Result<Grace, &'static str> {
    const WRONG: &str = "write 0, or how long as 30m, 24h or 7d, at most 30d";
    let text = text.trim();
    if text == "0" {
        return Ok(Grace::default());
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
        Some(all) if all <= LONGEST_GRACE * 24 * 3600 => {
            Ok(Grace { seconds: i64::try_from(all).map_err(|_| WRONG)? })
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
            let grace = grace(text).unwrap();
            assert_eq!(grace.ends_at(now), Some(now.plus_seconds(seconds)), "{text}");
            assert_eq!(grace.meant(), seconds.to_string());
        }
        for none in ["0", "0h", " 0m "] {
            assert_eq!(grace(none), Ok(Grace::default()), "{none}");
        }
        assert_eq!((Grace::default().ends_at(now), Grace::default().meant()), (None, String::new()));
        for wrong in ["", "h", "24", "31d", "-1h", "+1h", "1w", "1.5h", "99999999999999999999d", "1ä"] {
            assert!(grace(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn scopes_are_named_with_commas_or_spaces() {
        use Permission::{AskAsCustomer, GiveFeedback};
        let of = |text| scopes(Role::Customer, Some(text));
        assert_eq!(of("ask, feedback"), Ok(Some(vec![AskAsCustomer, GiveFeedback])));
        assert!(of("manage_access").unwrap_err().contains("ask_as_customer"));
        assert_eq!(scopes(Role::Customer, None), Ok(None));
        for nothing in ["", " ", ",", " , "] {
            assert!(of(nothing).unwrap_err().contains("leave it out"), "{nothing:?}");
        }
    }

    #[test]
    fn a_back_end_that_asks_may_name_its_people() {
        use Permission::{ActForSubject, AskAsBanker, AskAsCustomer, GiveFeedback, ScanText};
        let of = |role, text| scopes(role, Some(text));
        for text in ["ask,feedback", "ask_as_customer", "ask_as_banker scan_text"] {
            assert!(of(Role::Service, text).unwrap_err().contains("add act_for_subject"), "{text}");
        }
        let all = vec![AskAsCustomer, AskAsBanker, GiveFeedback, ActForSubject];
        assert_eq!(of(Role::Service, "ask,act_for_subject,feedback"), Ok(Some(all)));
        assert_eq!(of(Role::Service, "scan_text"), Ok(Some(vec![ScanText])));
        // Whoever speaks for oneself names nobody.
        assert!(of(Role::Customer, "ask").is_ok() && of(Role::Admin, "ask").is_ok());
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
