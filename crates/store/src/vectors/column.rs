//! The column that holds the vectors: of pgvector's type, or of bytes.

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, Postgres, Row,
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
    /// As pgvector's type, which this user can't use, or not at all: nothing is shared.
    Closed(NoPgvector),
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
        "pgvector is on the server and not in this database: the next start of `contactiq serve` creates it where its user may, else let an administrator run CREATE EXTENSION vector, then start again"
    )]
    NotAllowed,
    /// It is there, and the column is not yet of its type.
    #[error(
        "pgvector is in this database and holds no vectors yet: the next start of `contactiq serve` takes it into use"
    )]
    NotAdopted,
    /// It is in a schema that is not looked in.
    #[error(
        "pgvector is in a schema that this user does not look in: add that schema to the user's search_path, then start again"
    )]
    OutOfSight,
}

impl VectorColumn {
    /// Refuses where nothing is shared.
    pub(super) fn open(self) -> Result<VectorColumn, StoreError> {
        match self {
            VectorColumn::Closed(why) => Err(StoreError::NoPgvector(why)),
            open => Ok(open),
        }
    }

    /// Key, vector and whether it is marked as unused; `$1` the encoder, `$2` the keys.
    pub(super) fn select(self) -> &'static str {
        match self {
            VectorColumn::Pgvector => {
                "SELECT v.text_hash, v.vector::REAL[] AS numbers, u.encoder IS NOT NULL AS unused
                 FROM vectors AS v LEFT JOIN unused_vectors AS u USING (encoder, text_hash)
                 WHERE v.encoder = $1 AND v.text_hash = ANY($2)"
            }
            VectorColumn::Bytes(_) | VectorColumn::Closed(_) => {
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
            VectorColumn::Bytes(_) | VectorColumn::Closed(_) => {
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
            VectorColumn::Bytes(_) | VectorColumn::Closed(_) => query.bind(
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
            VectorColumn::Bytes(_) | VectorColumn::Closed(_) => {
                let bytes: &[u8] = row.try_get("numbers")?;
                Ok(bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
            }
        }
    }
}

/// How the column is, and what keeps it from being pgvector's. It only looks, so that a command of any user
/// changes nothing.
pub(crate) async fn look(connection: &mut PgConnection) -> Result<VectorColumn, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT t.typname::TEXT FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
                 WHERE a.attrelid = 'vectors'::regclass AND a.attname = 'vector' AND NOT a.attisdropped) AS kind,
             EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'vector') AS created,
             EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector') AS available,
             to_regtype('vector') IS NOT NULL AS seen",
    )
    .fetch_one(connection)
    .await?;
    let (created, available): (bool, bool) = (row.try_get("created")?, row.try_get("available")?);
    let why = match (created, row.try_get("seen")?) {
        (true, true) => NoPgvector::NotAdopted,
        (true, false) => NoPgvector::OutOfSight,
        (false, _) if available => NoPgvector::NotAllowed,
        (false, _) => NoPgvector::NotInstalled,
    };
    // It is not there at all when the extension was dropped with all that was made of it.
    Ok(match row.try_get::<Option<&str>, _>("kind")? {
        Some("vector") if why == NoPgvector::NotAdopted => VectorColumn::Pgvector,
        Some("bytea") => VectorColumn::Bytes(why),
        _ => VectorColumn::Closed(why),
    })
}

/// Makes a column of bytes pgvector's where that is possible, and makes one where there is none; never the other
/// way round: what this user can't see, others work with. A column that is changed loses its vectors, which are
/// computed again. It runs in a transaction of its own, with a time limit for locks.
pub(crate) async fn adopt(connection: &mut PgConnection) -> Result<VectorColumn, StoreError> {
    // Two processes that start together don't both change it.
    sqlx::query("SELECT pg_advisory_xact_lock(4710812)").execute(&mut *connection).await?;
    if let VectorColumn::Bytes(NoPgvector::NotAllowed) | VectorColumn::Closed(NoPgvector::NotAllowed) =
        look(connection).await?
    {
        // In a savepoint: a refusal must not undo the rest.
        let mut attempt = connection.begin().await?;
        match sqlx::query("CREATE EXTENSION IF NOT EXISTS vector").execute(&mut *attempt).await {
            Ok(_) => attempt.commit().await?,
            Err(_) => attempt.rollback().await?,
        }
    }
    let change = match look(connection).await? {
        VectorColumn::Bytes(NoPgvector::NotAdopted) => Some("vector"),
        VectorColumn::Closed(why) if !is_there(connection).await? => {
            Some(if why == NoPgvector::NotAdopted { "vector" } else { "BYTEA" })
        }
        _ => None,
    };
    if let Some(kind) = change {
        let sql = format!(
            "TRUNCATE vectors, passage_vectors, unused_vectors; ALTER TABLE vectors DROP COLUMN IF EXISTS vector;
             ALTER TABLE vectors ADD COLUMN vector {kind} NOT NULL"
        );
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    look(connection).await
}

async fn is_there(connection: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_attribute
             WHERE attrelid = 'vectors'::regclass AND attname = 'vector' AND NOT attisdropped)",
    )
    .fetch_one(connection)
    .await?)
}
