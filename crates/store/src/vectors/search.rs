//! The search by meaning inside PostgreSQL: by an HNSW index where there are many vectors, exactly where
//! there are few.

use contactiq_domain::ids::DocumentId;
use sqlx::{AssertSqlSafe, Connection as _, Row};

use super::{VectorColumn, Vectors};
use crate::{Connection, StoreError};

/// From this many vectors on an index is made; with fewer, looking at all of them takes some 10 ms.
const MANY: u64 = 20_000;
/// The longest vectors that pgvector puts into an index of its type.
const LONGEST: usize = 2_000;
/// Vectors that the index is asked for, and how far it looks around (`hnsw.ef_search`, at most 1,000). A
/// passage has some ten vectors, and fusion looks at a hundred passages.
const NEAREST: i32 = 1_000;
/// As many passages as fusion looks at. Where fewer of the nearest vectors are of the documents that were asked
/// for, a small collection beside a large one, these are compared one by one.
const ENOUGH: usize = 100;

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The question's unit vector.
    pub vector: &'a [f32],
    /// The documents whose passages may be found: of the asker's collections, role, day and product.
    pub documents: &'a [DocumentId],
    /// Passages of them to tell of wherever they stand: document and position.
    pub also: &'a [(DocumentId, u32)],
}

/// How near a passage is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Its document.
    pub document: DocumentId,
    /// Its position in the document.
    pub position: u32,
    /// Cosine of the question with the vector of the whole passage.
    pub own: f32,
    /// The largest cosine with any of its vectors.
    pub best: f32,
}

impl Vectors {
    /// The passages of these documents that are nearest, and those that were asked for besides, in no order: all
    /// passages where there is no index or the index finds too few of them, some hundreds where there is.
    ///
    /// # Errors
    /// When there is no pgvector ([`StoreError::NoPgvector`]), or the database fails.
    pub async fn nearest(&self, asked: Asked<'_>) -> Result<Vec<Near>, StoreError> {
        if let VectorColumn::Bytes(why) = self.column()? {
            return Err(StoreError::NoPgvector(why));
        }
        let mut r = self.store.read().await?;
        if let Some(texts) = self.by_index(&mut r, asked.vector).await? {
            let found = self.compared(&mut r, asked, Some(texts)).await?;
            if found.len() >= ENOUGH + asked.also.len() {
                return Ok(found);
            }
        }
        self.compared(&mut r, asked, None).await
    }

    /// The texts of the nearest vectors, of whatever documents they are: pgvector before 0.8 can't look on in its
    /// index for those of some. None where there is no index.
    async fn by_index(&self, r: &mut Connection, vector: &[f32]) -> Result<Option<Vec<Vec<u8>>>, StoreError> {
        let index: Option<bool> = sqlx::query_scalar(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid",
        )
        .bind(self.index())
        .fetch_optional(r.postgres()?)
        .await?;
        if index.is_none() {
            return Ok(None);
        }
        // The planner does not know how long it takes to compare vectors, and would sort them all.
        sqlx::raw_sql(AssertSqlSafe(format!(
            "SET LOCAL hnsw.ef_search = {NEAREST}; SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off"
        )))
        .execute(r.postgres()?)
        .await?;
        let (encoder, dimensions) = (self.encoder, self.dimensions);
        let nearest = format!(
            "SELECT text_hash FROM vectors WHERE encoder = {encoder}
             ORDER BY vector::vector({dimensions}) <=> $1::REAL[]::vector({dimensions}) LIMIT {NEAREST}"
        );
        let found = sqlx::query_scalar(AssertSqlSafe(nearest)).bind(vector).fetch_all(r.postgres()?).await?;
        sqlx::raw_sql("SET LOCAL enable_sort = on; SET LOCAL enable_seqscan = on")
            .execute(r.postgres()?)
            .await?;
        Ok(Some(found))
    }

    /// The passages with one of these texts, or all, compared one by one.
    async fn compared(
        &self,
        r: &mut Connection,
        asked: Asked<'_>,
        texts: Option<Vec<Vec<u8>>>,
    ) -> Result<Vec<Near>, StoreError> {
        let own: Vec<String> = asked.documents.iter().map(DocumentId::to_string).collect();
        let (documents, positions): (Vec<String>, Vec<i64>) = asked
            .also
            .iter()
            .map(|(document, position)| (document.to_string(), i64::from(*position)))
            .unzip();
        let rows = sqlx::query(
            // OFFSET 0 keeps the planner from computing each cosine twice.
            "SELECT document, position, MAX(cosine) FILTER (WHERE ordinal = 0) AS own, MAX(cosine) AS best
             FROM (
                 SELECT l.document, l.position, l.ordinal, 1 - (v.vector <=> $2::REAL[]::vector) AS cosine
                 FROM passage_vectors AS l
                 JOIN vectors AS v ON v.encoder = l.encoder AND v.text_hash = l.text_hash
                 WHERE l.encoder = $1 AND l.document = ANY($3)
                     AND ($4::BYTEA[] IS NULL OR (l.document, l.position) IN (
                         SELECT document, position FROM passage_vectors WHERE encoder = $1 AND text_hash = ANY($4)
                         UNION SELECT * FROM unnest($5::TEXT[], $6::BIGINT[])))
                 OFFSET 0) AS each
             GROUP BY document, position",
        )
        .bind(self.encoder)
        .bind(asked.vector)
        .bind(own)
        .bind(texts)
        .bind(documents)
        .bind(positions)
        .fetch_all(r.postgres()?)
        .await?;
        // A passage whose own vector is missing can't be compared with the others.
        rows.iter().filter_map(|row| near(row).transpose()).collect()
    }

    /// Makes the index where there are many vectors and none is there; true when it made one. What
    /// another process is making is left to it, what one left unfinished is begun anew.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn index_when_many(&self) -> Result<bool, StoreError> {
        if self.count().await? < MANY { Ok(false) } else { self.make_index().await }
    }

    /// The same however few there are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_index(&self) -> Result<bool, StoreError> {
        let Some(pool) = self.store.postgres() else { return Ok(false) };
        if self.store.vectors() != Some(VectorColumn::Pgvector) || self.dimensions > LONGEST {
            return Ok(false);
        }
        // A connection of its own: who stops waiting closes it, and the pool need not wait for the server.
        let mut connection = pool.acquire().await?.detach();
        let state: Option<(bool, bool)> = sqlx::query_as(
            "SELECT indisvalid, EXISTS (SELECT 1 FROM pg_stat_progress_create_index AS p
                 WHERE p.index_relid = indexrelid)
             FROM pg_index WHERE indexrelid = to_regclass($1)",
        )
        .bind(self.index())
        .fetch_optional(&mut connection)
        .await?;
        let (name, encoder, dimensions) = (self.index(), self.encoder, self.dimensions);
        match state {
            Some((true, _) | (false, true)) => {
                connection.close().await?;
                return Ok(false);
            }
            Some((false, false)) => {
                let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {name}");
                sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await?;
            }
            None => {}
        }
        // Concurrently, so that replicas go on reading and writing; that can't stand in a transaction.
        let make = format!(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON vectors
             USING hnsw ((vector::vector({dimensions})) vector_cosine_ops) WHERE encoder = {encoder}"
        );
        sqlx::query(AssertSqlSafe(make)).execute(&mut connection).await?;
        connection.close().await?;
        Ok(true)
    }

    fn index(&self) -> String {
        format!("vectors_by_meaning_{}", self.encoder)
    }
}

fn near(row: &sqlx::postgres::PgRow) -> Result<Option<Near>, StoreError> {
    let Some(own) = row.try_get::<Option<f64>, _>("own")? else { return Ok(None) };
    let document: &str = row.try_get("document")?;
    let position: i64 = row.try_get("position")?;
    Ok(Some(Near {
        document: document.parse().map_err(|_| StoreError::Corrupt { what: "document" })?,
        position: position.try_into().map_err(|_| StoreError::Corrupt { what: "position" })?,
        own: own.clamp(-1.0, 1.0) as f32,
        best: row.try_get::<f64, _>("best")?.clamp(-1.0, 1.0) as f32,
    }))
}
