//! API keys: never the key itself, only its SHA-256 (A1).

use contactiq_domain::{Budget, Mode, Permission, Role, Timestamp, ids::KeyId, interaction::NanoUsd};

use crate::{Connection, StoreError, Writer, row::Row, value::values};

/// An API key, as far as the bank keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: KeyId,
    /// What people call it; unique among the keys that are not revoked.
    pub name: String,
    /// The first characters, so that a person can tell keys apart.
    pub prefix: String,
    /// SHA-256 of the key, 64 hex digits.
    pub hash: String,
    /// What its bearer is.
    pub role: Role,
    /// The one mode that it may use, if limited.
    pub mode: Option<Mode>,
    /// What is left to it of what its role may; all of it, if nothing was taken away.
    pub scopes: Option<Vec<Permission>>,
    /// The secret that it had before, while that goes on.
    pub before: Option<Before>,
    /// Its own rate limit, if it has one.
    pub rate_per_minute: Option<u32>,
    /// What its questions may cost.
    pub budget: Budget,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is refused, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    /// When it was last accepted.
    pub last_used_at: Option<Timestamp>,
}

/// The secret of a key before its last rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// Its first characters.
    pub prefix: String,
    /// Its SHA-256, 64 hex digits.
    pub hash: String,
    /// From when on it is refused.
    pub ends_at: Timestamp,
}

/// A secret as it is kept.
#[derive(Debug, Clone, Copy)]
pub struct Secret<'a> {
    /// Its first characters.
    pub prefix: &'a str,
    /// Its SHA-256, 64 hex digits.
    pub hash: &'a str,
}

impl ApiKey {
    /// Whether it opens the door at this moment.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether the secret with this hash opens it at this moment: its own, or the one before while that goes on.
    #[must_use]
    pub fn opens_with(&self, hash: &str, now: Timestamp) -> bool {
        let before = || self.before.as_ref().is_some_and(|b| b.hash == hash && now < b.ends_at);
        self.is_active(now) && (self.hash == hash || before())
    }

    /// The hashes of the secrets that open it at this moment.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let before = self.before.as_ref().filter(|before| now < before.ends_at);
        let all = std::iter::once(self.hash.as_str()).chain(before.map(|before| before.hash.as_str()));
        all.filter(move |_| self.is_active(now))
    }

    /// Until when the secret before goes on, if it does.
    #[must_use]
    pub fn overlaps_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.before.as_ref().map(|before| before.ends_at).filter(|end| self.is_active(now) && now < *end)
    }
}

/// Keeps a new key.
///
/// # Errors
/// [`StoreError::Conflict`] when a key that is not revoked has this name, or when the database fails.
pub async fn create(w: &mut Writer, key: &ApiKey) -> Result<(), StoreError> {
    w.execute(
        "INSERT INTO api_keys (id, name, prefix, hash, role, mode, rate_per_minute, created_at, expires_at,
             revoked_at, last_used_at, budget_per_day, budget_per_month, scopes, before_prefix, before_hash,
             before_ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
        values![
            key.id,
            &key.name,
            &key.prefix,
            &key.hash,
            key.role,
            key.mode,
            key.rate_per_minute,
            key.created_at,
            key.expires_at,
            key.revoked_at,
            key.last_used_at,
            key.budget.day.map(|b| b.0),
            key.budget.month.map(|b| b.0),
            key.scopes.as_deref().map(words),
            key.before.as_ref().map(|b| b.prefix.as_str()),
            key.before.as_ref().map(|b| b.hash.as_str()),
            key.before.as_ref().map(|b| b.ends_at),
        ],
    )
    .await?;
    Ok(())
}

fn words(scopes: &[Permission]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

/// The key that has or had the secret with this hash, also when it is revoked or expired: ask [`ApiKey::opens_with`].
///
/// # Errors
/// When the database fails.
pub async fn find_by_hash(c: &mut Connection, hash: &str) -> Result<Option<ApiKey>, StoreError> {
    c.row("SELECT * FROM api_keys WHERE hash = $1 OR before_hash = $1", values![hash])
        .await?
        .map(|row| key(&row))
        .transpose()
}

/// The key with this id, also when it is revoked or expired: ask [`ApiKey::is_active`].
///
/// # Errors
/// When the database fails.
pub async fn find_by_id(c: &mut Connection, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    c.row("SELECT * FROM api_keys WHERE id = $1", values![id]).await?.map(|row| key(&row)).transpose()
}

/// Every key, oldest first, revoked ones too.
///
/// # Errors
/// When the database fails.
pub async fn list(c: &mut Connection) -> Result<Vec<ApiKey>, StoreError> {
    c.rows("SELECT * FROM api_keys ORDER BY created_at, id", values![]).await?.iter().map(key).collect()
}

/// Revokes the key with this name or id. It stays in the list.
///
/// # Errors
/// [`StoreError::NotFound`] when no key that is not revoked is called so, or when the database fails.
pub async fn revoke(w: &mut Writer, name_or_id: &str, now: Timestamp) -> Result<ApiKey, StoreError> {
    // An id wins over a name: somebody may have named a key with the id of another.
    let row = w
        .row(
            "UPDATE api_keys SET revoked_at = $2 WHERE id = (
                 SELECT id FROM api_keys WHERE (id = $1 OR name = $1) AND revoked_at IS NULL
                 ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1)
             RETURNING *",
            values![name_or_id, now],
        )
        .await?;
    key(&row.ok_or(StoreError::NotFound { what: "key" })?)
}

/// Gives the key with this name or id another secret: who held it keeps what they own, and the old secret opens
/// nothing from now on, or goes on until the moment that is named. Where it ends now, one that went on from an earlier
/// rotation ends too.
///
/// # Errors
/// [`StoreError::SecretOverlaps`] when the old secret is to go on and one of an earlier rotation still does;
/// [`StoreError::NotFound`] when no key that is not revoked is called so, or when the database fails.
pub async fn rotate(
    w: &mut Writer,
    name_or_id: &str,
    secret: Secret<'_>,
    before_ends_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<ApiKey, StoreError> {
    let row = w
        .row(
            "UPDATE api_keys SET prefix = $2, hash = $3, last_used_at = NULL,
                 before_prefix = CASE WHEN $4 IS NULL THEN NULL ELSE prefix END,
                 before_hash = CASE WHEN $4 IS NULL THEN NULL ELSE hash END, before_ends_at = $4 WHERE id = (
                 SELECT id FROM api_keys WHERE (id = $1 OR name = $1) AND revoked_at IS NULL
                 ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1)
                 AND ($4 IS NULL OR before_ends_at IS NULL OR before_ends_at <= $5)
             RETURNING *",
            values![name_or_id, secret.prefix, secret.hash, before_ends_at, now],
        )
        .await?;
    if let Some(row) = row {
        return key(&row);
    }
    let row = w
        .row(
            "SELECT before_ends_at FROM api_keys WHERE (id = $1 OR name = $1) AND revoked_at IS NULL
             ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1",
            values![name_or_id],
        )
        .await?;
    match row.map(|row| row.moment_or_none("before_ends_at")).transpose()?.flatten() {
        Some(until) => Err(StoreError::SecretOverlaps { until }),
        None => Err(StoreError::NotFound { what: "key" }),
    }
}

/// Gives the key with this name or id another budget; none takes one away.
///
/// # Errors
/// [`StoreError::NotFound`] when no key that is not revoked is called so, or when the database fails.
pub async fn set_budget(w: &mut Writer, name_or_id: &str, budget: Budget) -> Result<ApiKey, StoreError> {
    let row = w
        .row(
            "UPDATE api_keys SET budget_per_day = $2, budget_per_month = $3 WHERE id = (
                 SELECT id FROM api_keys WHERE (id = $1 OR name = $1) AND revoked_at IS NULL
                 ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1)
             RETURNING *",
            values![name_or_id, budget.day.map(|b| b.0), budget.month.map(|b| b.0)],
        )
        .await?;
    key(&row.ok_or(StoreError::NotFound { what: "key" })?)
}

/// Notes that the key was accepted. Call it at most once a minute and key: it is a write.
///
/// # Errors
/// When the database fails.
pub async fn touch(w: &mut Writer, id: KeyId, now: Timestamp) -> Result<(), StoreError> {
    w.execute(
        "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
        values![id, now],
    )
    .await?;
    Ok(())
}

fn key(row: &Row) -> Result<ApiKey, StoreError> {
    let before = row.text_or_none("before_hash")?.zip(row.moment_or_none("before_ends_at")?);
    let before_prefix = row.text_or_none("before_prefix")?.unwrap_or_default();
    Ok(ApiKey {
        // A word of a later version is no permission here: it takes nothing from the narrowing.
        scopes: row
            .text_or_none("scopes")?
            .map(|all| all.split(',').filter_map(|s| s.parse().ok()).collect()),
        before: before.map(|(hash, ends_at)| Before { prefix: before_prefix, hash, ends_at }),
        id: row.parsed("id")?,
        name: row.text("name")?,
        prefix: row.text("prefix")?,
        hash: row.text("hash")?,
        role: row.parsed("role")?,
        mode: row.parsed_or_none("mode")?,
        rate_per_minute: row
            .int_or_none("rate_per_minute")?
            .map(u32::try_from)
            .transpose()
            .map_err(|_| StoreError::Corrupt { what: "rate_per_minute" })?,
        budget: budget(row)?,
        created_at: row.moment("created_at")?,
        expires_at: row.moment_or_none("expires_at")?,
        revoked_at: row.moment_or_none("revoked_at")?,
        last_used_at: row.moment_or_none("last_used_at")?,
    })
}

/// The budget of a key's row.
pub(crate) fn budget(row: &Row) -> Result<Budget, StoreError> {
    let of = |column| Ok::<_, StoreError>(row.int_or_none(column)?.map(NanoUsd));
    Ok(Budget { day: of("budget_per_day")?, month: of("budget_per_month")? })
}
