//! The column that holds the vectors: of pgvector's type, or of bytes.

use sqlx::{
    Connection, PgConnection, Postgres, Row,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use crate::StoreError;

/// How PostgreSQL holds the vectors that replicas share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorColumn {
    /// As pgvector's type: shared and searched.
    Pgvector,
    /// As bytes: shared.
    Bytes(NoPgvector),
}

/// Why there is no pgvector. Each says what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPgvector {
    /// The server does not have it.
    #[error(
        "this PostgreSQL has no pgvector: install it on the server (Debian: postgresql-NN-pgvector), then start again"
    )]
    NotInstalled,
    /// This user may not create it.
    #[error(
        "pgvector is on the server and not in this database: let an administrator run CREATE EXTENSION vector in it, then start again"
    )]
    NotAllowed,
    /// It is in a schema that is not looked in.
    #[error(
        "pgvector is in a schema that this user does not look in: add that schema to the user's search_path, then start again"
    )]
    OutOfSight,
}

impl VectorColumn {
    /// Key, vector and whether it is marked as unused; `$1` the encoder, `$2` the keys.
    pub(super) fn select(self) -> &'static str {
        match self {
            VectorColumn::Pgvector => {
                "SELECT v.text_hash, v.vector::REAL[] AS numbers, u.encoder IS NOT NULL AS unused
                 FROM vectors AS v LEFT JOIN unused_vectors AS u USING (encoder, text_hash)
                 WHERE v.encoder = $1 AND v.text_hash = ANY($2)"
            }
            VectorColumn::Bytes(_) => {
                "SELECT v.text_hash, v.vector AS numbers, u.encoder IS NOT NULL AS unused
                 FROM vectors AS v LEFT JOIN unused_vectors AS u USING (encoder, text_hash)
                 WHERE v.encoder = $1 AND v.text_hash = ANY($2)"
            }
        }
    }

    /// `$1` the encoder, `$2` the keys, then what [`VectorColumn::bind`] binds.
    pub(super) fn insert(self) -> &'static str {
        match self {
            VectorColumn::Pgvector => {
                "INSERT INTO vectors (encoder, text_hash, vector)
                 SELECT $1, text_hash, ($3::REAL[])[(nth::INT - 1) * $4 + 1 : nth::INT * $4]::vector
                 FROM unnest($2::BYTEA[]) WITH ORDINALITY AS given (text_hash, nth)
                 ON CONFLICT (encoder, text_hash) DO NOTHING"
            }
            VectorColumn::Bytes(_) => {
                "INSERT INTO vectors (encoder, text_hash, vector)
                 SELECT $1, text_hash, vector FROM unnest($2::BYTEA[], $3::BYTEA[]) AS given (text_hash, vector)
                 ON CONFLICT (encoder, text_hash) DO NOTHING"
            }
        }
    }

    pub(super) fn bind<'q>(
        self,
        query: Query<'q, Postgres, PgArguments>,
        vectors: &[&[f32]],
        dimensions: usize,
    ) -> Query<'q, Postgres, PgArguments> {
        match self {
            // All numbers in one array, cut up by the server: PostgreSQL has no arrays of arrays.
            VectorColumn::Pgvector => {
                query.bind(vectors.concat()).bind(i32::try_from(dimensions).unwrap_or(i32::MAX))
            }
            VectorColumn::Bytes(_) => query.bind(
                vectors
                    .iter()
                    .map(|vector| vector.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())
                    .collect::<Vec<_>>(),
            ),
        }
    }

    pub(super) fn read(self, row: &PgRow) -> Result<Vec<f32>, StoreError> {
        match self {
            VectorColumn::Pgvector => Ok(row.try_get("numbers")?),
            VectorColumn::Bytes(_) => {
                let bytes: &[u8] = row.try_get("numbers")?;
                Ok(bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
            }
        }
    }
}

/// Makes the column pgvector's where that is possible, and one of bytes where it is no more. It runs in the
/// transaction of the migrations, which one process has at a time; a column that is changed loses its
/// vectors, which are computed again.
pub(crate) async fn adopt(connection: &mut PgConnection) -> Result<VectorColumn, StoreError> {
    let possible = pgvector(connection).await?;
    // It is not there at all when the extension was dropped with all that was made of it.
    let is: Option<String> = sqlx::query_scalar(
        "SELECT format_type(atttypid, NULL) FROM pg_attribute
         WHERE attrelid = 'vectors'::regclass AND attname = 'vector' AND NOT attisdropped",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let change = match possible {
        Ok(()) if is.as_deref() != Some("vector") => Some(
            "TRUNCATE vectors, passage_vectors, unused_vectors; ALTER TABLE vectors DROP COLUMN IF EXISTS vector;
             ALTER TABLE vectors ADD COLUMN vector vector NOT NULL",
        ),
        Err(_) if is.as_deref() != Some("bytea") => Some(
            "TRUNCATE vectors, passage_vectors, unused_vectors; ALTER TABLE vectors DROP COLUMN IF EXISTS vector;
             ALTER TABLE vectors ADD COLUMN vector BYTEA NOT NULL",
        ),
        _ => None,
    };
    if let Some(sql) = change {
        sqlx::raw_sql(sql).execute(&mut *connection).await?;
    }
    Ok(possible.map_or_else(VectorColumn::Bytes, |()| VectorColumn::Pgvector))
}

/// Whether there is pgvector; creates the extension where that is allowed.
async fn pgvector(connection: &mut PgConnection) -> Result<Result<(), NoPgvector>, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector') AS created,
             EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector') AS available",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !row.try_get::<bool, _>("created")? {
        if !row.try_get::<bool, _>("available")? {
            return Ok(Err(NoPgvector::NotInstalled));
        }
        // In a savepoint: a refusal must not undo the migrations.
        let mut attempt = connection.begin().await?;
        match sqlx::query("CREATE EXTENSION IF NOT EXISTS vector").execute(&mut *attempt).await {
            Ok(_) => attempt.commit().await?,
            Err(_) => {
                attempt.rollback().await?;
                return Ok(Err(NoPgvector::NotAllowed));
            }
        }
    }
    let seen: bool =
        sqlx::query_scalar("SELECT to_regtype('vector') IS NOT NULL").fetch_one(connection).await?;
    Ok(if seen { Ok(()) } else { Err(NoPgvector::OutOfSight) })
}
