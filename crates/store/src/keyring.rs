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
/// For what the root is wrapped once the audit log tells which records are closed (and rows are signed): so nobody without
/// the key-encryption key can say that it does not yet.
const TAKEN_OVER: &str = "keyring/root/taken over";
/// For what the root is wrapped once every event that waits for the log is proved (and all of before holds).
const EVENTS_PROVED: &str = "keyring/root/events proved";
/// The fingerprint of the one key of before.
const KEY_BEFORE: &str = "sealing_key";

/// What the keyring says of the rows beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    /// That the rows that give authority are signed.
    pub(crate) rows_signed: bool,
    /// That the events that wait for the audit log are proved.
    pub(crate) events_proved: bool,
}

impl Said {
    fn at(place_of_root: &str) -> Said {
        Said { rows_signed: place_of_root != place(ROOT), events_proved: place_of_root == EVENTS_PROVED }
    }
}

/// One of the keys.
struct Opened {
    key: Zeroizing<[u8; 32]>,
    /// For what it is wrapped.
    place: String,
}

/// Opens the keyring, or makes it in a database that has none.
///
/// # Errors
/// [`StoreError::WrongKey`] when no configured key opens it, or when the database fails.
pub(crate) async fn open(store: &Store, kek: &KeyEncryption) -> Result<(Sealer, Said), StoreError> {
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
    Ok((Sealer::of(&root.key, &passage.key, kek.nonces()), Said::at(&root.place)))
}

/// Whether the keyring says that the rows that give authority are signed; the word is held until the writer is saved.
pub(crate) async fn is_signed(w: &mut Writer, kek: &KeyEncryption) -> Result<bool, StoreError> {
    Ok(Said::at(&held_root(w, kek).await?.place).rows_signed)
}

/// Says so from now on.
pub(crate) async fn mark_signed(w: &mut Writer, kek: &KeyEncryption) -> Result<(), StoreError> {
    let root = held_root(w, kek).await?;
    wrap_root(w, kek, &root.key, ROWS_SIGNED).await
}

/// Whether the keyring says that the audit log tells which records are closed.
///
/// # Errors
/// As [`open`].
pub(crate) async fn is_taken_over(c: &mut Connection, kek: &KeyEncryption) -> Result<bool, StoreError> {
    Ok(get(c, kek, ROOT)
        .await?
        .is_some_and(|root| [TAKEN_OVER, EVENTS_PROVED].contains(&root.place.as_str())))
}

/// Whether the keyring says that the events that wait are proved; the word is held until the writer is saved.
pub(crate) async fn are_events_proved(w: &mut Writer, kek: &KeyEncryption) -> Result<bool, StoreError> {
    Ok(Said::at(&held_root(w, kek).await?.place).events_proved)
}

/// Says so from now on, where the log was taken over. Whether it does.
pub(crate) async fn mark_events_proved(w: &mut Writer, kek: &KeyEncryption) -> Result<bool, StoreError> {
    let root = held_root(w, kek).await?;
    if root.place == TAKEN_OVER {
        wrap_root(w, kek, &root.key, EVENTS_PROVED).await?;
    }
    Ok([TAKEN_OVER, EVENTS_PROVED].contains(&root.place.as_str()))
}

/// Says so from now on.
pub(crate) async fn mark_taken_over(w: &mut Writer, kek: &KeyEncryption) -> Result<(), StoreError> {
    let root = held_root(w, kek).await?;
    // It says too that rows are signed, which the opening of the store has seen to.
    match root.place == ROWS_SIGNED {
        true => wrap_root(w, kek, &root.key, TAKEN_OVER).await,
        false => Ok(()),
    }
}

async fn wrap_root(
    w: &mut Writer,
    kek: &KeyEncryption,
    root: &[u8; 32],
    place: &str,
) -> Result<(), StoreError> {
    let wrapped = kek.wrap(root, place);
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
    let mut opened = at(place(&name));
    for later in [ROWS_SIGNED, TAKEN_OVER, EVENTS_PROVED] {
        if name == ROOT && matches!(opened, Err(SealError::NotAuthentic)) {
            opened = at(later.to_owned());
        }
    }
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
