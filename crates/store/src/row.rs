//! A row of either engine, read by the names of its columns.

use std::{str::FromStr, sync::Arc};

use contactiq_domain::{Probability, Timestamp};
use contactiq_guard::{Masked, Placeholders, seal::Sealer};
use serde::de::DeserializeOwned;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type, postgres::PgRow, sqlite::SqliteRow};

use crate::StoreError;

pub(crate) enum Cells {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A row, and the key that opens its sealed columns. Whatever does not parse is
/// [`StoreError::Corrupt`] with the column's name: a value is never quoted.
pub(crate) struct Row {
    pub(crate) cells: Cells,
    pub(crate) sealer: Arc<Sealer>,
}

impl Row {
    fn get<'r, T>(&'r self, column: &'static str) -> Result<T, StoreError>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match &self.cells {
            Cells::Sqlite(row) => row.try_get(column),
            Cells::Postgres(row) => row.try_get(column),
        }
        .map_err(|_| StoreError::Corrupt { what: column })
    }

    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.get(column)
    }

    pub(crate) fn text_or_none(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        self.get(column)
    }

    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.get(column)
    }

    pub(crate) fn int_or_none(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.get(column)
    }

    pub(crate) fn real_or_none(&self, column: &'static str) -> Result<Option<f64>, StoreError> {
        self.get(column)
    }

    pub(crate) fn bool(&self, column: &'static str) -> Result<bool, StoreError> {
        self.get(column)
    }

    pub(crate) fn bool_or_none(&self, column: &'static str) -> Result<Option<bool>, StoreError> {
        self.get(column)
    }

    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.get(column)
    }

    pub(crate) fn bytes_or_none(&self, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(column)
    }

    /// A count, version or position.
    pub(crate) fn count<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N, StoreError> {
        N::try_from(self.int(column)?).map_err(|_| StoreError::Corrupt { what: column })
    }

    /// The same, 0 when missing.
    pub(crate) fn count_or_zero<N: TryFrom<i64>>(&self, column: &'static str) -> Result<N, StoreError> {
        N::try_from(self.int_or_none(column)?.unwrap_or(0)).map_err(|_| StoreError::Corrupt { what: column })
    }

    pub(crate) fn moment(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_micros)
    }

    pub(crate) fn moment_or_none(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.int_or_none(column)?.map(Timestamp::from_micros))
    }

    pub(crate) fn probability_or_none(
        &self,
        column: &'static str,
    ) -> Result<Option<Probability>, StoreError> {
        let corrupt = |_| StoreError::Corrupt { what: column };
        self.real_or_none(column)?.map(Probability::new).transpose().map_err(corrupt)
    }

    /// An id or one of the words of an enum.
    pub(crate) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.parsed_or_none(column)?.ok_or(StoreError::Corrupt { what: column })
    }

    pub(crate) fn parsed_or_none<T: FromStr>(&self, column: &'static str) -> Result<Option<T>, StoreError> {
        let corrupt = |_| StoreError::Corrupt { what: column };
        self.text_or_none(column)?.map(|text| text.parse()).transpose().map_err(corrupt)
    }

    pub(crate) fn date_or_none(&self, column: &'static str) -> Result<Option<time::Date>, StoreError> {
        let form = time::macros::format_description!("[year]-[month]-[day]");
        let corrupt = |_| StoreError::Corrupt { what: column };
        self.text_or_none(column)?.map(|day| time::Date::parse(&day, form)).transpose().map_err(corrupt)
    }

    /// A list kept as JSON; empty when missing.
    pub(crate) fn list<T: DeserializeOwned>(&self, column: &'static str) -> Result<Vec<T>, StoreError> {
        match self.text_or_none(column)? {
            None => Ok(Vec::new()),
            Some(json) => serde_json::from_str(&json).map_err(|_| StoreError::Corrupt { what: column }),
        }
    }

    /// A sealed column, opened for `table` and the row's `id`.
    pub(crate) fn masked(&self, table: &str, column: &'static str, id: &str) -> Result<Masked, StoreError> {
        self.masked_or_none(table, column, id)?.ok_or(StoreError::Corrupt { what: column })
    }

    pub(crate) fn masked_or_none(
        &self,
        table: &str,
        column: &'static str,
        id: &str,
    ) -> Result<Option<Masked>, StoreError> {
        let Some(sealed) = self.get::<Option<Vec<u8>>>(column)? else { return Ok(None) };
        Ok(Some(self.sealer.open(&sealed, &place(table, column, id))?))
    }
}

impl Row {
    /// The sealed placeholders of a conversation, opened for `table` and the row's `id`.
    pub(crate) fn placeholders_or_none(
        &self,
        table: &str,
        column: &'static str,
        id: &str,
    ) -> Result<Option<Placeholders>, StoreError> {
        let Some(sealed) = self.get::<Option<Vec<u8>>>(column)? else { return Ok(None) };
        Ok(Some(self.sealer.open_placeholders(&sealed, &place(table, column, id))?))
    }
}

/// Where a sealed value belongs: it opens nowhere else.
pub(crate) fn place(table: &str, column: &str, id: &str) -> String {
    format!("{table}.{column}/{id}")
}

/// A list as JSON text.
pub(crate) fn json<T: serde::Serialize>(list: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|_| StoreError::Corrupt { what })
}
