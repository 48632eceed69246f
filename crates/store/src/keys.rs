//! API keys: never the key itself, only its SHA-256 (A1).
//!
//! Each row carries a MAC over what decides. One that does not have it, or has another, is damaged: it is no key for
//! anybody who looks one up, stands in [`damaged`], and can be revoked.

mod changes;

use contactiq_domain::{Budget, Mode, Permission, Role, Timestamp, ids::KeyId, interaction::NanoUsd};
use contactiq_guard::seal::Cell;

use crate::{
    Connection, Store, StoreError, Writer,
    authority::{DamagedKind, KEYS},
    row::Row,
    value::values,
};
pub use changes::changes;

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
    /// How often it was changed: revoked, rotated, or given another budget. A row that is behind what was seen of it was
    /// put back.
    pub generation: i64,
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
    // In the order in which they are signed.
    let mut bound = values![
        key.id,
        &key.name,
        &key.prefix,
        &key.hash,
        key.role,
        key.mode,
        key.scopes.as_deref().map(words),
        key.rate_per_minute,
        key.budget.day.map(|b| b.0),
        key.budget.month.map(|b| b.0),
        key.created_at,
        key.expires_at,
        key.revoked_at,
        key.before.as_ref().map(|b| b.prefix.as_str()),
        key.before.as_ref().map(|b| b.hash.as_str()),
        key.before.as_ref().map(|b| b.ends_at),
        key.generation,
    ];
    let mac = KEYS.mac(w, &bound);
    bound.extend(values![key.last_used_at, mac]);
    w.execute(
        "INSERT INTO api_keys (id, name, prefix, hash, role, mode, scopes, rate_per_minute, budget_per_day,
             budget_per_month, created_at, expires_at, revoked_at, before_prefix, before_hash, before_ends_at,
             generation, last_used_at, mac)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        bound,
    )
    .await?;
    Ok(())
}

fn words(scopes: &[Permission]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}

/// The key that has or had the secret with this hash, also when it is revoked or expired: ask [`ApiKey::opens_with`]. None
/// where its row is damaged.
///
/// # Errors
/// When the database fails.
pub async fn find_by_hash(c: &mut Connection, hash: &str) -> Result<Option<ApiKey>, StoreError> {
    let rows = c.rows("SELECT * FROM api_keys WHERE hash = $1 OR before_hash = $1", values![hash]).await?;
    // A forged one that names the same secret stands in nobody's way.
    rows.iter().find(|row| KEYS.is_sound(c, row)).map(key).transpose()
}

/// The key with this id, also when it is revoked or expired: ask [`ApiKey::is_active`]. None where its row is damaged.
///
/// # Errors
/// When the database fails.
pub async fn find_by_id(c: &mut Connection, id: KeyId) -> Result<Option<ApiKey>, StoreError> {
    let row = c.row("SELECT * FROM api_keys WHERE id = $1", values![id]).await?;
    row.filter(|row| KEYS.is_sound(c, row)).map(|row| key(&row)).transpose()
}

const ALL: &str = "SELECT * FROM api_keys ORDER BY created_at, id";

/// Every key, oldest first, revoked ones too; not those that are damaged, which keep nobody from the others.
///
/// # Errors
/// When the database fails.
pub async fn list(c: &mut Connection) -> Result<Vec<ApiKey>, StoreError> {
    let rows = c.rows(ALL, values![]).await?;
    rows.iter().filter(|row| KEYS.is_sound(c, row)).map(key).collect()
}

/// Those whose rows are damaged, oldest first, as far as they can be read: nothing of them is true. They open nothing.
///
/// # Errors
/// When the database fails.
pub async fn damaged(c: &mut Connection) -> Result<Vec<ApiKey>, StoreError> {
    let rows = c.rows(ALL, values![]).await?;
    Ok(rows.iter().filter(|row| !KEYS.is_sound(c, row)).filter_map(as_it_reads).collect())
}

/// Notes that a key was found as it was before a change that had been seen already: its row has a MAC of ours, and was
/// put back. It is told as other damaged rows are.
pub fn tell_put_back(store: &Store, key: &ApiKey) {
    let cells = [Cell::Int(key.generation)];
    store.keys.damaged.report(store.sealer(), DamagedKind::PutBack, &key.id.to_string(), &cells);
}

/// Keys that are called so, those that are not revoked first; held until the writer is saved. An id wins over a name:
/// somebody may have named a key with the id of another.
async fn called(w: &mut Writer, name_or_id: &str) -> Result<Vec<Row>, StoreError> {
    let held = if w.is_postgres() { " FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT * FROM api_keys WHERE id = $1 OR name = $1
         ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, CASE WHEN id = $1 THEN 0 ELSE 1 END, id{held}"
    );
    w.rows_built(sql, values![name_or_id], 1).await
}

/// The one that is not revoked, to be changed. One that is damaged can't be: with a MAC of ours it would be a good one.
async fn active(w: &mut Writer, name_or_id: &str) -> Result<Row, StoreError> {
    let first = called(w, name_or_id).await?.into_iter().next();
    let row = first.filter(|row| !matches!(row.int_or_none("revoked_at"), Ok(Some(_))));
    let row = row.ok_or(StoreError::NotFound { what: "key" })?;
    if KEYS.is_sound(w, &row) { Ok(row) } else { Err(StoreError::Corrupt { what: "API key" }) }
}

/// The generation of what is made of this row.
fn next(row: &Row) -> i64 {
    row.int("generation").unwrap_or(0).saturating_add(1)
}

/// Signs a key that was just changed.
async fn kept(w: &mut Writer, was: &Row, row: Option<Row>, set: &[(&str, Cell)]) -> Result<Row, StoreError> {
    let row = row.ok_or(StoreError::NotFound { what: "key" })?;
    KEYS.keep(w, (was, &row), set).await?;
    Ok(row)
}

fn text(value: Option<&str>) -> Cell {
    value.map_or(Cell::Missing, |text| Cell::Text(text.to_owned()))
}

fn number(value: Option<i64>) -> Cell {
    value.map_or(Cell::Missing, Cell::Int)
}

/// Revokes the key with this name or id. It stays in the list. One that is damaged can be revoked too, and is damaged no
/// more: what is revoked opens nothing, whatever else stands in its row.
///
/// # Errors
/// [`StoreError::NotFound`] when no key that is not revoked is called so, or when the database fails.
pub async fn revoke(w: &mut Writer, name_or_id: &str, now: Timestamp) -> Result<ApiKey, StoreError> {
    let all = called(w, name_or_id).await?;
    let is_wanted =
        |row: &&Row| !matches!(row.int_or_none("revoked_at"), Ok(Some(_))) || !KEYS.is_sound(w, row);
    let before = all.iter().find(is_wanted).ok_or(StoreError::NotFound { what: "key" })?;
    let id = before.text("id")?;
    // A forged row may name the secret of a good key: with a MAC it would stand in its place.
    let nobodys = (!KEYS.is_sound(w, before)).then(|| w.blind(&format!("revoked key\0{id}")));
    let row = w
        .row(
            "UPDATE api_keys SET revoked_at = $2, generation = $3, hash = COALESCE($4, hash),
                 before_prefix = CASE WHEN $4 IS NULL THEN before_prefix ELSE NULL END,
                 before_hash = CASE WHEN $4 IS NULL THEN before_hash ELSE NULL END,
                 before_ends_at = CASE WHEN $4 IS NULL THEN before_ends_at ELSE NULL END
             WHERE id = $1 RETURNING *",
            values![&id, now, next(before), nobodys.as_deref()],
        )
        .await?;
    let mut set = vec![("revoked_at", Cell::Int(now.micros())), ("generation", Cell::Int(next(before)))];
    if let Some(hash) = &nobodys {
        set.extend([
            ("hash", text(Some(hash))),
            ("before_prefix", Cell::Missing),
            ("before_hash", Cell::Missing),
            ("before_ends_at", Cell::Missing),
        ]);
    }
    let row = kept(w, before, row, &set).await?;
    // What stands in the row of one that was damaged need not be readable.
    let revoked = key(&row).or_else(|error| as_it_reads(&row).ok_or(error))?;
    changes::note(w, &revoked, "revoked", now).await?;
    Ok(revoked)
}

/// Gives the key with this name or id another secret: who held it keeps what they own, and the old secret opens
/// nothing from now on, or goes on until the moment that is named. Where it ends now, one that went on from an earlier
/// rotation ends too.
///
/// # Errors
/// [`StoreError::SecretOverlaps`] when the old secret is to go on and one of an earlier rotation still does;
/// [`StoreError::NotFound`] when no key that is not revoked is called so; [`StoreError::Corrupt`] when it is damaged, or
/// when the database fails.
pub async fn rotate(
    w: &mut Writer,
    name_or_id: &str,
    secret: Secret<'_>,
    before_ends_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<ApiKey, StoreError> {
    let before = active(w, name_or_id).await?;
    let goes_on = before.moment_or_none("before_ends_at")?.filter(|until| now < *until);
    if let (Some(until), Some(_)) = (goes_on, before_ends_at) {
        return Err(StoreError::SecretOverlaps { until });
    }
    let row = w
        .row(
            "UPDATE api_keys SET prefix = $2, hash = $3, last_used_at = NULL, generation = $5,
                 before_prefix = CASE WHEN $4 IS NULL THEN NULL ELSE prefix END,
                 before_hash = CASE WHEN $4 IS NULL THEN NULL ELSE hash END, before_ends_at = $4
             WHERE id = $1 RETURNING *",
            values![before.text("id")?, secret.prefix, secret.hash, before_ends_at, next(&before)],
        )
        .await?;
    let goes_on = |column| match before_ends_at {
        Some(_) => before.text_or_none(column),
        None => Ok(None),
    };
    let set = [
        ("prefix", text(Some(secret.prefix))),
        ("hash", text(Some(secret.hash))),
        ("generation", Cell::Int(next(&before))),
        ("before_prefix", text(goes_on("prefix")?.as_deref())),
        ("before_hash", text(goes_on("hash")?.as_deref())),
        ("before_ends_at", number(before_ends_at.map(Timestamp::micros))),
    ];
    let rotated = key(&kept(w, &before, row, &set).await?)?;
    changes::note(w, &rotated, "rotated", now).await?;
    Ok(rotated)
}

/// Gives the key with this name or id another budget; none takes one away.
///
/// # Errors
/// [`StoreError::NotFound`] when no key that is not revoked is called so; [`StoreError::Corrupt`] when it is damaged, or
/// when the database fails.
pub async fn set_budget(w: &mut Writer, name_or_id: &str, budget: Budget) -> Result<ApiKey, StoreError> {
    let before = active(w, name_or_id).await?;
    let row = w
        .row(
            "UPDATE api_keys SET budget_per_day = $2, budget_per_month = $3, generation = $4 WHERE id = $1
             RETURNING *",
            values![before.text("id")?, budget.day.map(|b| b.0), budget.month.map(|b| b.0), next(&before)],
        )
        .await?;
    let set = [
        ("budget_per_day", number(budget.day.map(|b| b.0))),
        ("budget_per_month", number(budget.month.map(|b| b.0))),
        ("generation", Cell::Int(next(&before))),
    ];
    key(&kept(w, &before, row, &set).await?)
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
        generation: row.int("generation")?,
    })
}

/// What can be read of a row that was not written here; none where it has no id.
fn as_it_reads(row: &Row) -> Option<ApiKey> {
    let moment = |column| row.moment_or_none(column).ok().flatten();
    let text = |column| row.text_or_none(column).ok().flatten().unwrap_or_default();
    Some(ApiKey {
        id: row.parsed("id").ok()?,
        name: text("name"),
        prefix: text("prefix"),
        hash: text("hash"),
        role: row.parsed("role").unwrap_or(Role::Customer),
        mode: row.parsed_or_none("mode").ok().flatten(),
        scopes: None,
        before: None,
        rate_per_minute: None,
        budget: Budget::default(),
        created_at: moment("created_at").unwrap_or(Timestamp::from_micros(0)),
        expires_at: moment("expires_at"),
        revoked_at: moment("revoked_at"),
        last_used_at: moment("last_used_at"),
        generation: row.int("generation").unwrap_or(0),
    })
}

/// The budget of a key's row.
pub(crate) fn budget(row: &Row) -> Result<Budget, StoreError> {
    let of = |column| Ok::<_, StoreError>(row.int_or_none(column)?.map(NanoUsd));
    Ok(Budget { day: of("budget_per_day")?, month: of("budget_per_month")? })
}
