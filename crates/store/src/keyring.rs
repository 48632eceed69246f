//! The keys of the installation, wrapped in the database: made once, read at every start and held in memory, so that a
//! database that is away keeps nobody from sealing what passes through.

use contactiq_guard::seal::{KeyEncryption, SealError, Sealer};
use zeroize::Zeroizing;

use crate::{Connection, Store, StoreError, Writer, authority, meta::get_meta, row::Row, value::values};

/// The root of keyed hashes and of keys for one purpose. On an installation of before there was a keyring it is the key
/// that sealed everything, so that what was found by its hash is found still.
const ROOT: &str = "root";
/// What seals that which only passes through.
const PASSAGE: &str = "passage";
/// For what the root is wrapped once every row that gives authority is signed. An older wrapping does not say so, and who
/// has no key-encryption key makes neither of the other.
const ROWS_SIGNED: &str = "keyring/root/rows signed";
/// The fingerprint of the one key of before.
const KEY_BEFORE: &str = "sealing_key";

/// One of the keys.
struct Opened {
    key: Zeroizing<[u8; 32]>,
    /// For what it is wrapped.
    place: String,
}

/// Opens the keyring, or makes it in a database that has none. Whether it says that the rows that give authority are
/// signed.
///
/// # Errors
/// [`StoreError::WrongKey`] when no configured key opens it, or when the database fails.
pub(crate) async fn open(store: &Store, kek: &KeyEncryption) -> Result<(Sealer, bool), StoreError> {
    let mut r = store.read().await?;
    // A new root in the place of a lost one would find nobody, nor any hold, and say so to whoever asks. Looked for
    // first: another process that starts makes the keyring before anybody's key.
    let has_people = has_people(&mut r).await?;
    let found = (get(&mut r, kek, ROOT).await?, get(&mut r, kek, PASSAGE).await?);
    let is_whole = found.0.is_some() && found.1.is_some();
    if !is_whole && (has_people || found.0.is_some() || found.1.is_some()) {
        return Err(StoreError::KeyringLost);
    }
    drop(r);
    let (root, passage) = match found {
        (Some(root), Some(passage)) => (root, passage),
        _ => {
            let mut w = store.write().await?;
            let before = before(&mut w, kek).await?;
            // Where there is nothing to sign nobody can ever say that it is not signed.
            let root_at = match authority::is_anything(&mut w).await? {
                true => place(ROOT),
                false => ROWS_SIGNED.to_owned(),
            };
            let root = made(&mut w, kek, (ROOT, &root_at), &before.unwrap_or_else(|| kek.fresh())).await?;
            let passage = made(&mut w, kek, (PASSAGE, &place(PASSAGE)), &kek.fresh()).await?;
            w.execute("DELETE FROM meta WHERE name = $1", values![KEY_BEFORE]).await?;
            w.save().await?;
            (root, passage)
        }
    };
    Ok((Sealer::of(&root.key, &passage.key, kek.nonces()), root.place == ROWS_SIGNED))
}

/// Whether the keyring says that the rows that give authority are signed; the word is held until the writer is saved.
pub(crate) async fn is_signed(w: &mut Writer, kek: &KeyEncryption) -> Result<bool, StoreError> {
    Ok(held_root(w, kek).await?.place == ROWS_SIGNED)
}

/// Says so from now on.
pub(crate) async fn mark_signed(w: &mut Writer, kek: &KeyEncryption) -> Result<(), StoreError> {
    let root = held_root(w, kek).await?;
    let wrapped = kek.wrap(&root.key, ROWS_SIGNED);
    let sql = "UPDATE keyring SET kek = $2, wrapped = $3 WHERE name = $1";
    w.execute(sql, values![ROOT, kek.active(), wrapped]).await.map(drop)
}

async fn held_root(w: &mut Writer, kek: &KeyEncryption) -> Result<Opened, StoreError> {
    let held = if w.is_postgres() { " FOR UPDATE" } else { "" };
    let sql = format!("SELECT name, kek, wrapped FROM keyring WHERE name = $1{held}");
    let rows = w.rows_built(sql, values![ROOT], 1).await?;
    unwrapped(kek, rows.first().ok_or(StoreError::KeyringLost)?)
}

/// The key with which a version of before sealed what is here.
async fn before(w: &mut Writer, kek: &KeyEncryption) -> Result<Option<Zeroizing<[u8; 32]>>, StoreError> {
    if let Some(fingerprint) = get_meta(w, KEY_BEFORE).await? {
        let key = kek.with_fingerprint(&fingerprint);
        return key.map(Some).ok_or(StoreError::WrongKey { needed: fingerprint });
    }
    let any = "SELECT 1 AS one FROM conversations UNION ALL SELECT 1 AS one FROM rulings LIMIT 1";
    Ok(w.row(any, Vec::new()).await?.map(|_| kek.own()))
}

/// Whether somebody's key is here: it was made with a keyring.
async fn has_people(r: &mut Connection) -> Result<bool, StoreError> {
    Ok(r.row("SELECT 1 AS one FROM data_keys LIMIT 1", Vec::new()).await?.is_some())
}

fn place(name: &str) -> String {
    format!("keyring/{name}")
}

async fn get(c: &mut Connection, kek: &KeyEncryption, name: &str) -> Result<Option<Opened>, StoreError> {
    let row = c.row("SELECT name, kek, wrapped FROM keyring WHERE name = $1", values![name]).await?;
    row.map(|row| unwrapped(kek, &row)).transpose()
}

fn unwrapped(kek: &KeyEncryption, row: &Row) -> Result<Opened, StoreError> {
    let (id, name, wrapped) = (row.text("kek")?, row.text("name")?, row.bytes("wrapped")?);
    let at = |place: String| kek.unwrap(&id, &wrapped, &place).map(|key| Opened { key, place });
    let opened = match at(place(&name)) {
        Err(SealError::NotAuthentic) if name == ROOT => at(ROWS_SIGNED.to_owned()),
        opened => opened,
    };
    opened.map_err(|error| match error {
        SealError::UnknownKey => StoreError::WrongKey { needed: id.clone() },
        SealError::Malformed | SealError::NotAuthentic => StoreError::Corrupt { what: "keyring" },
    })
}

async fn made(
    w: &mut Writer,
    kek: &KeyEncryption,
    (name, place): (&str, &str),
    key: &[u8; 32],
) -> Result<Opened, StoreError> {
    // Two processes may start at once: the first one's key is everybody's.
    w.execute(
        "INSERT INTO keyring (name, kek, wrapped) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        values![name, kek.active(), kek.wrap(key, place)],
    )
    .await?;
    get(w, kek, name).await?.ok_or(StoreError::Corrupt { what: "keyring" })
}

/// Wraps those of the installation's keys anew that another key than the active one wraps; how many.
pub(crate) async fn rotate(w: &mut Writer, kek: &KeyEncryption) -> Result<u64, StoreError> {
    let mut done = 0;
    for row in w.rows("SELECT name, kek, wrapped FROM keyring WHERE kek <> $1", values![kek.active()]).await?
    {
        let (name, root) = (row.text("name")?, unwrapped(kek, &row)?);
        done += w
            .execute(
                "UPDATE keyring SET kek = $2, wrapped = $3 WHERE name = $1 AND kek = $4",
                values![&name, kek.active(), kek.wrap(&root.key, &root.place), row.text("kek")?],
            )
            .await?;
    }
    Ok(done)
}
