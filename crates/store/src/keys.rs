//! API keys: never the key itself, only its SHA-256 (A1).

use contactiq_domain::{Budget, Mode, Role, Timestamp, ids::KeyId, interaction::NanoUsd};

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

impl ApiKey {
    /// Whether it opens the door at this moment.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// Keeps a new key.
///
/// # Errors
/// [`StoreError::Conflict`] when a key that is not revoked has this name, or when the database fails.
pub async fn create(w: &mut Writer, key: &ApiKey) -> Result<(), StoreError> {
    w.execute(
        "INSERT INTO api_keys (id, name, prefix, hash, role, mode, rate_per_minute, created_at, expires_at,
             revoked_at, last_used_at, budget_per_day, budget_per_month)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
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
        ],
    )
    .await?;
    Ok(())
}

/// The key with this hash, also when it is revoked or expired: ask [`ApiKey::is_active`].
///
/// # Errors
/// When the database fails.
pub async fn find_by_hash(c: &mut Connection, hash: &str) -> Result<Option<ApiKey>, StoreError> {
    c.row("SELECT * FROM api_keys WHERE hash = $1", values![hash]).await?.map(|row| key(&row)).transpose()
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

/// Gives the key with this name or id another secret: who held it keeps what they own, the old secret
/// opens nothing from now on.
///
/// # Errors
/// [`StoreError::NotFound`] when no key that is not revoked is called so, or when the database fails.
pub async fn rotate(
    w: &mut Writer,
    name_or_id: &str,
    prefix: &str,
    hash: &str,
) -> Result<ApiKey, StoreError> {
    let row = w
        .row(
            "UPDATE api_keys SET prefix = $2, hash = $3, last_used_at = NULL WHERE id = (
                 SELECT id FROM api_keys WHERE (id = $1 OR name = $1) AND revoked_at IS NULL
                 ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1)
             RETURNING *",
            values![name_or_id, prefix, hash],
        )
        .await?;
    key(&row.ok_or(StoreError::NotFound { what: "key" })?)
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
    Ok(ApiKey {
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
