//! Vectors of published text that replicas share: PostgreSQL alone, and the one place where the engines
//! part (docs/adr/0014).
//!
//! With pgvector the column is of its type and [`Vectors::nearest`] searches it; without, the same table
//! holds bytes, and is shared all the same.

mod adopt;
mod column;
mod search;

pub use column::{NoPgvector, VectorColumn};
pub use search::{Asked, Near};

pub(crate) use column::look;

use std::collections::HashMap;

use contactiq_domain::{Collection, Timestamp, VectorKey, ids::DocumentId};
use sqlx::Row;

use crate::{Store, StoreError, Writer};

/// How long a vector outlives its last use: a replica may still load the version before.
const KEPT: i64 = 24 * 60 * 60 * 1_000_000;
/// Rows that one statement looks for, takes away or writes at most, so that none runs into its timeout.
const BATCH: usize = 5_000;
/// Vectors that one statement carries at most: 1.5 MB at 384 dimensions.
const VECTORS: usize = 1_000;

/// What replicas share of one encoder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Vectors {
    store: Store,
    encoder: i64,
    dimensions: usize,
}

/// By which vectors a passage is found: that of the whole first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBy {
    /// Position of the passage in its document.
    pub position: u32,
    /// The keys of its texts.
    pub by: Vec<VectorKey>,
}

/// What [`tidy`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Vectors that no passage in use is found by any more.
    pub unused: u64,
    /// Vectors that were unused for a day, and are gone.
    pub removed: u64,
}

impl Vectors {
    /// What is shared of this encoder; `None` with SQLite, and where this user can't use what others share. Says
    /// that the encoder is in use.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(
        store: &Store,
        fingerprint: &str,
        dimensions: usize,
        now: Timestamp,
    ) -> Result<Option<Vectors>, StoreError> {
        if matches!(store.look_at_vectors().await?, None | Some(VectorColumn::Closed(_))) {
            return Ok(None);
        }
        let mut w = store.write().await?;
        let row = sqlx::query(
            "INSERT INTO vector_encoders (fingerprint, dimensions, used_at) VALUES ($1, $2, $3)
             ON CONFLICT (fingerprint) DO UPDATE SET used_at = GREATEST(vector_encoders.used_at, excluded.used_at)
             RETURNING id",
        )
        .bind(fingerprint)
        .bind(i64::try_from(dimensions).unwrap_or(i64::MAX))
        .bind(now.micros())
        .fetch_one(w.postgres()?)
        .await?;
        let encoder = row.try_get("id")?;
        w.save().await?;
        Ok(Some(Vectors { store: store.at_work(), encoder, dimensions }))
    }

    /// Those of these vectors that are there. They count as used.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn get(&self, keys: &[VectorKey]) -> Result<HashMap<VectorKey, Vec<f32>>, StoreError> {
        let got = self.get_as(self.column()?, keys).await;
        self.looked(got).await
    }

    /// How the column is.
    fn column(&self) -> Result<VectorColumn, StoreError> {
        self.store.vectors().unwrap_or(VectorColumn::Closed(NoPgvector::NotInstalled)).open()
    }

    /// After an error the column may be another than it was: the next call knows.
    async fn looked<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if done.is_err() {
            drop(self.store.look_at_vectors().await);
        }
        done
    }

    async fn get_as(
        &self,
        column: VectorColumn,
        keys: &[VectorKey],
    ) -> Result<HashMap<VectorKey, Vec<f32>>, StoreError> {
        let mut found = HashMap::with_capacity(keys.len());
        for keys in keys.chunks(VECTORS) {
            let hashes: Vec<&[u8]> = keys.iter().map(<[u8; 16]>::as_slice).collect();
            let mut r = self.store.read().await?;
            let rows = sqlx::query(column.select())
                .bind(self.encoder)
                .bind(&hashes)
                .fetch_all(r.postgres()?)
                .await?;
            drop(r);
            let mut unused = false;
            for row in &rows {
                unused |= row.try_get::<bool, _>("unused")?;
                let hash: &[u8] = row.try_get("text_hash")?;
                let key = hash.try_into().map_err(|_| StoreError::Corrupt { what: "text_hash" })?;
                found.insert(key, column.read(row)?);
            }
            if unused {
                let mut w = self.store.write().await?;
                sqlx::query("DELETE FROM unused_vectors WHERE encoder = $1 AND text_hash = ANY($2)")
                    .bind(self.encoder)
                    .bind(&hashes)
                    .execute(w.postgres()?)
                    .await?;
                w.save().await?;
            }
        }
        Ok(found)
    }

    /// Keeps vectors for all replicas; one that is there already stays. One of another length is left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn put(&self, vectors: &[(VectorKey, &[f32])]) -> Result<(), StoreError> {
        let put = self.put_as(self.column()?, vectors).await;
        self.looked(put).await
    }

    async fn put_as(&self, column: VectorColumn, vectors: &[(VectorKey, &[f32])]) -> Result<(), StoreError> {
        let mut vectors: Vec<_> = vectors.iter().filter(|(_, v)| v.len() == self.dimensions).collect();
        // In one order everywhere: two replicas that put the same wait for each other and don't lock up.
        vectors.sort_unstable_by_key(|(key, _)| *key);
        for vectors in vectors.chunks(VECTORS) {
            let hashes: Vec<&[u8]> = vectors.iter().map(|(key, _)| key.as_slice()).collect();
            let numbers: Vec<&[f32]> = vectors.iter().map(|(_, vector)| *vector).collect();
            let mut w = self.store.write().await?;
            let query = sqlx::query(column.insert()).bind(self.encoder).bind(&hashes);
            column.bind(query, &numbers, self.dimensions).execute(w.postgres()?).await?;
            w.save().await?;
        }
        Ok(())
    }

    /// Says by which vectors the passages of current documents are found, where that is not known or has
    /// changed. A vector that is not there is left out, and tried again the next time; gives the documents
    /// that may lack some.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn link(
        &self,
        documents: &[(DocumentId, Vec<FoundBy>)],
    ) -> Result<Vec<DocumentId>, StoreError> {
        let mut r = self.store.read().await?;
        let rows = sqlx::query(
            "SELECT document, sha256(string_agg(int8send(position) || int8send(ordinal) || text_hash, ''::BYTEA
                 ORDER BY position, ordinal)) AS digest
             FROM passage_vectors WHERE encoder = $1 GROUP BY document",
        )
        .bind(self.encoder)
        .fetch_all(r.postgres()?)
        .await?;
        drop(r);
        let mut known: HashMap<String, Vec<u8>> = HashMap::with_capacity(rows.len());
        for row in &rows {
            known.insert(row.try_get("document")?, row.try_get("digest")?);
        }
        let mut changed: Vec<_> = documents
            .iter()
            .map(|(id, passages)| (id.to_string(), passages, *id))
            .filter(|(document, passages, _)| {
                known.get(document).map(Vec::as_slice) != Some(&*digest(passages)) && !passages.is_empty()
            })
            .collect();
        changed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let (mut waiting, mut ids) = (Links::default(), Vec::new());
        let mut lacking = Vec::new();
        for (document, passages, id) in changed {
            waiting.add(&document, passages);
            ids.push(id);
            if waiting.texts.len() >= BATCH {
                let whole = self.write(std::mem::take(&mut waiting)).await?;
                lacking.extend(std::mem::take(&mut ids).into_iter().filter(|_| !whole));
            }
        }
        let whole = self.write(waiting).await?;
        lacking.extend(ids.into_iter().filter(|_| !whole));
        Ok(lacking)
    }

    /// True when every vector was there.
    async fn write(&self, links: Links) -> Result<bool, StoreError> {
        if links.texts.is_empty() {
            return Ok(true);
        }
        let mut w = self.store.write().await?;
        sqlx::query("DELETE FROM passage_vectors WHERE encoder = $1 AND document = ANY($2)")
            .bind(self.encoder)
            .bind(&links.documents)
            .execute(w.postgres()?)
            .await?;
        let written = sqlx::query(
            "INSERT INTO passage_vectors (encoder, document, position, ordinal, text_hash)
             SELECT $1, given.document, given.position, given.ordinal, given.text_hash
             FROM unnest($2::TEXT[], $3::BIGINT[], $4::BIGINT[], $5::BYTEA[])
                 AS given (document, position, ordinal, text_hash)
             JOIN vectors ON vectors.encoder = $1 AND vectors.text_hash = given.text_hash
             JOIN documents ON documents.id = given.document
             ON CONFLICT DO NOTHING",
        )
        .bind(self.encoder)
        .bind(&links.owners)
        .bind(&links.positions)
        .bind(&links.ordinals)
        .bind(&links.texts)
        .execute(w.postgres()?)
        .await?
        .rows_affected();
        w.save().await?;
        Ok(written >= links.texts.len() as u64)
    }

    /// Vectors of this encoder.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count(&self) -> Result<u64, StoreError> {
        let mut r = self.store.read().await?;
        let row = sqlx::query("SELECT COUNT(*) AS vectors FROM vectors WHERE encoder = $1")
            .bind(self.encoder)
            .fetch_one(r.postgres()?)
            .await?;
        u64::try_from(row.try_get::<i64, _>("vectors")?).map_err(|_| StoreError::Corrupt { what: "vectors" })
    }
}

/// Takes away what no passage of a current document is found by, by an encoder that is in use, for a
/// day: another replica may still use an older version until then. Bounded; nothing to do with SQLite.
///
/// # Errors
/// When the database fails.
pub async fn tidy(store: &Store, now: Timestamp) -> Result<Tidied, StoreError> {
    if store.vectors().is_none() {
        return Ok(Tidied::default());
    }
    let (now, before) = (now.micros(), now.micros() - KEPT);
    let store = store.at_work();
    let mut w = store.write().await?;
    sqlx::query(IN_USE_AGAIN).bind(before).execute(w.postgres()?).await?;
    let unused = sqlx::query(NEWLY_UNUSED)
        .bind(before)
        .bind(now)
        .bind(BATCH as i64)
        .execute(w.postgres()?)
        .await?
        .rows_affected();
    w.save().await?;
    let mut w = store.write().await?;
    let removed = sqlx::query(
        "DELETE FROM vectors USING (
             SELECT encoder, text_hash FROM unused_vectors WHERE since < $1 ORDER BY since LIMIT $2
             FOR UPDATE SKIP LOCKED) AS old
         WHERE vectors.encoder = old.encoder AND vectors.text_hash = old.text_hash",
    )
    .bind(before)
    .bind(BATCH as i64)
    .execute(w.postgres()?)
    .await?
    .rows_affected();
    w.save().await?;
    Ok(Tidied { unused, removed })
}

/// Takes away the vectors by which an erased document was found, of every encoder, and those that no document
/// is found by: they may be of an older wording of it. Nothing to do with SQLite.
pub(crate) async fn erase(w: &mut Writer, collection: Collection, slug: &str) -> Result<(), StoreError> {
    if !w.is_postgres() {
        return Ok(());
    }
    // Those that another document needs too stay.
    sqlx::query(
        "WITH own AS (SELECT id FROM documents WHERE collection = $1 AND slug = $2),
             gone AS (DELETE FROM passage_vectors WHERE document IN (SELECT id FROM own)
                 RETURNING encoder, text_hash)
         DELETE FROM vectors AS v USING (SELECT DISTINCT encoder, text_hash FROM gone) AS g
         WHERE v.encoder = g.encoder AND v.text_hash = g.text_hash AND NOT EXISTS (
             SELECT 1 FROM passage_vectors AS l WHERE l.encoder = v.encoder AND l.text_hash = v.text_hash
                 AND l.document NOT IN (SELECT id FROM own))",
    )
    .bind(collection.as_str())
    .bind(slug)
    .execute(w.postgres()?)
    .await?;
    // What nobody uses may be of an older wording of it: the next tidying takes it, in batches.
    sqlx::query("UPDATE unused_vectors SET since = 0").execute(w.postgres()?).await?;
    Ok(())
}

/// `$1` is the moment before which an encoder was used last when it is in use no more.
macro_rules! in_use {
    ($table:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM passage_vectors AS l JOIN documents AS d ON d.id = l.document
                 JOIN vector_encoders AS e ON e.id = l.encoder
             WHERE l.encoder = ",
            $table,
            ".encoder AND l.text_hash = ",
            $table,
            ".text_hash AND d.is_current AND e.used_at >= $1)"
        )
    };
}

const IN_USE_AGAIN: &str = concat!("DELETE FROM unused_vectors AS u WHERE ", in_use!("u"));

const NEWLY_UNUSED: &str = concat!(
    "INSERT INTO unused_vectors (encoder, text_hash, since)
     SELECT v.encoder, v.text_hash, $2 FROM vectors AS v
     LEFT JOIN unused_vectors AS u ON u.encoder = v.encoder AND u.text_hash = v.text_hash
     WHERE u.encoder IS NULL AND NOT ",
    in_use!("v"),
    " LIMIT $3 ON CONFLICT DO NOTHING"
);

/// Rows to be written, column by column.
#[derive(Default)]
struct Links {
    documents: Vec<String>,
    owners: Vec<String>,
    positions: Vec<i64>,
    ordinals: Vec<i64>,
    texts: Vec<Vec<u8>>,
}

impl Links {
    fn add(&mut self, document: &str, passages: &[FoundBy]) {
        self.documents.push(document.to_owned());
        for (position, ordinal, key) in rows(passages) {
            self.owners.push(document.to_owned());
            self.positions.push(position);
            self.ordinals.push(ordinal);
            self.texts.push(key.to_vec());
        }
    }
}

/// Position, ordinal and key, in order.
fn rows(passages: &[FoundBy]) -> impl Iterator<Item = (i64, i64, &VectorKey)> {
    passages.iter().flat_map(|p| (0..).zip(&p.by).map(move |(at, key)| (i64::from(p.position), at, key)))
}

/// What the database computes of the rows that it has.
fn digest(passages: &[FoundBy]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    let mut passages = passages.to_vec();
    passages.sort_unstable_by_key(|p| p.position);
    let mut hash = Sha256::new();
    for (position, ordinal, key) in rows(&passages) {
        hash.update(position.to_be_bytes());
        hash.update(ordinal.to_be_bytes());
        hash.update(key);
    }
    hash.finalize().to_vec()
}
