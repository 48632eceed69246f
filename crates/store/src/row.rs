//! A row of either engine, read by the names of its columns.

use std::{collections::HashMap, str::FromStr, sync::Arc};

use contactiq_domain::{Probability, Timestamp};
use contactiq_guard::{
    Masked, Placeholders,
    seal::{DataKey, DataKeyId, SealError, Sealer, key_of},
};
use serde::de::DeserializeOwned;
use sqlx::{Column, Decode, Postgres, Row as _, Sqlite, Type, postgres::PgRow, sqlite::SqliteRow};

use crate::StoreError;

pub(crate) enum Cells {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// A row, and the key that opens its sealed columns. Whatever does not parse is
/// [`StoreError::Corrupt`] with the column's name: a value is never quoted.
pub(crate) struct Row {
    cells: Cells,
    pub(crate) sealer: Arc<Sealer>,
    whose: Whose,
    /// Whether a text of it is sealed with the key of somebody else than the row says.
    foreign: bool,
    /// Whether what can't be opened says so in its place.
    beside_others: bool,
}

/// With whose key a row is sealed: all of it with the same.
#[derive(Clone)]
pub(crate) enum Whose {
    /// With nobody's: nothing in it is of a person, or an earlier version wrote it.
    Nobody,
    /// With this one.
    Person(Arc<DataKey>),
    /// With one that was destroyed.
    Gone,
    /// With one that can't be unwrapped here.
    Locked(SealError),
}

/// The column that names the key of a row's person.
const NAMES_KEY: &str = "data_key";
/// The column that names the key of the person to whom the row is said to belong. It opens nothing: a row that has lost
/// its texts is nobody's.
const OWNERS_KEY: &str = "owner_data_key";
/// Those two, and the columns that are sealed with a person's key.
const SEALED: &[&str] = &[
    NAMES_KEY,
    OWNERS_KEY,
    "question",
    "answer",
    "shown",
    "told",
    "taken_note",
    "closed_note",
    "message",
    "problem",
    "label",
    "placeholders",
];

/// What stands in such a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// The key of the row's person.
    Person,
    /// The key of whoever it is said to belong to.
    Owner,
    /// A sealed text, which names its own.
    Text,
}

impl Cells {
    /// The places of such columns in rows like this one.
    pub(crate) fn sealed(&self) -> Vec<(usize, Names)> {
        fn among<C: Column>(columns: &[C]) -> Vec<(usize, Names)> {
            let sealed = columns.iter().filter(|column| SEALED.contains(&column.name()));
            let names = |column: &C| match column.name() {
                NAMES_KEY => Names::Person,
                OWNERS_KEY => Names::Owner,
                _ => Names::Text,
            };
            sealed.map(|column| (column.ordinal(), names(column))).collect()
        }
        match self {
            Cells::Sqlite(row) => among(row.columns()),
            Cells::Postgres(row) => among(row.columns()),
        }
    }

    /// With whose keys it is sealed, by the columns at these places.
    pub(crate) fn held(&self, places: &[(usize, Names)]) -> Held {
        let mut held = Held::default();
        for (place, names) in places {
            match names {
                Names::Person => held.person = Some(self.named_at(*place)),
                Names::Owner => held.owner = Some(self.named_at(*place)),
                Names::Text => held.sealed.extend(self.sealed_at(*place)),
            }
        }
        held
    }

    fn named_at(&self, place: usize) -> Option<DataKeyId> {
        match self {
            Cells::Sqlite(row) => id_in(row.try_get::<Option<&str>, _>(place).ok()??),
            Cells::Postgres(row) => id_in(row.try_get::<Option<&str>, _>(place).ok()??),
        }
    }

    fn sealed_at(&self, place: usize) -> Option<DataKeyId> {
        match self {
            Cells::Sqlite(row) => key_of(row.try_get::<Option<&[u8]>, _>(place).ok()??),
            Cells::Postgres(row) => key_of(row.try_get::<Option<&[u8]>, _>(place).ok()??),
        }
    }
}

/// The keys of a row.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// What its column says, where it has one.
    person: Option<Option<DataKeyId>>,
    /// What the column of its owner says, where it has one.
    owner: Option<Option<DataKeyId>>,
    /// What its sealed texts say.
    sealed: Vec<DataKeyId>,
}

impl Held {
    /// Those that open it, that of its column first.
    pub(crate) fn ids(&self) -> impl Iterator<Item = DataKeyId> {
        self.person.flatten().into_iter().chain(self.sealed.iter().copied())
    }

    /// Whether a text of it is sealed with another key than its person or owner has, and that key is there: what was
    /// sealed with one that is gone is nobody's. Where the column names none, an erasure is under way, or the key itself
    /// says whose it is.
    pub(crate) fn is_foreign(&self, there: &HashMap<DataKeyId, Whose>) -> bool {
        let Some(named) = self.person.or(self.owner).flatten() else { return false };
        self.sealed.iter().any(|id| *id != named && there.contains_key(id))
    }
}

/// The id that 32 hexadecimal digits are.
pub(crate) fn id_in(text: &str) -> Option<DataKeyId> {
    let digits = (text.len() == 32 && text.is_ascii()).then_some(text)?;
    u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes)
}

impl Row {
    pub(crate) fn of(cells: Cells, sealer: &Arc<Sealer>, whose: Whose, foreign: bool) -> Row {
        Row { cells, sealer: Arc::clone(sealer), whose, foreign, beside_others: false }
    }

    pub(crate) fn of_nobody(cells: Cells, sealer: &Arc<Sealer>) -> Row {
        Row::of(cells, sealer, Whose::Nobody, false)
    }

    /// Whether a text of it belongs to somebody else than the row says: ask it of rows that have `data_key` or
    /// `owner_data_key`.
    pub(crate) const fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// The key that opens it, where there is one that could be unwrapped.
    pub(crate) fn key(&self) -> Option<&DataKey> {
        match &self.whose {
            Whose::Person(key) => Some(key),
            Whose::Nobody | Whose::Gone | Whose::Locked(_) => None,
        }
    }

    /// The same row with none of its people's texts: each reads as [`Masked::locked`].
    pub(crate) fn withheld(self) -> Row {
        Row { whose: Whose::Locked(SealError::NotAuthentic), beside_others: true, ..self }
    }

    /// The same row on a page of many people: a text of it that does not open, or whose key can't be unwrapped, reads as
    /// [`Masked::locked`] and keeps nobody from the others.
    pub(crate) fn beside_others(mut self) -> Row {
        self.beside_others = true;
        self
    }

    /// The key with which it is sealed, where it is there.
    pub(crate) fn data_key(&self) -> Result<Option<Arc<DataKey>>, StoreError> {
        match &self.whose {
            Whose::Person(key) => Ok(Some(Arc::clone(key))),
            Whose::Nobody | Whose::Gone => Ok(None),
            Whose::Locked(why) => Err((*why).into()),
        }
    }

    /// Who stands in `subject`, as the bank names them; `nobody` where the person was forgotten.
    pub(crate) fn person(&self, nobody: impl FnOnce() -> String) -> Result<String, StoreError> {
        match &self.whose {
            Whose::Nobody => self.text("subject"),
            Whose::Person(key) => Ok(self.sealer.open_name_for(key, key.named(), &named_at(key))?),
            Whose::Gone => Ok(nobody()),
            Whose::Locked(why) => Err((*why).into()),
        }
    }

    /// The same of a row of which no earlier version's names are left: without a key nobody is.
    pub(crate) fn person_by_key(&self, nobody: impl FnOnce() -> String) -> Result<String, StoreError> {
        match &self.whose {
            Whose::Nobody => Ok(nobody()),
            Whose::Person(_) | Whose::Gone | Whose::Locked(_) => self.person(nobody),
        }
    }

    /// What a column of names hides, opened for `table` and the row's `id`.
    pub(crate) fn name(&self, table: &str, column: &'static str, id: &str) -> Result<String, StoreError> {
        let (hidden, place) = (self.text(column)?, place(table, column, id));
        match &self.whose {
            Whose::Nobody => Ok(self.sealer.reveal(&hidden, &place)?),
            Whose::Person(key) => Ok(self.sealer.reveal_for(key, &hidden, &place)?),
            Whose::Gone => Ok("erased".to_owned()),
            Whose::Locked(why) => Err((*why).into()),
        }
    }

    /// The same of words that may be missing, which went with their person.
    pub(crate) fn words(&self, table: &str, column: &'static str, id: &str) -> Result<String, StoreError> {
        match (self.text_or_none(column)?, &self.whose) {
            (None, _) | (_, Whose::Gone) => Ok(String::new()),
            (Some(_), _) => self.name(table, column, id),
        }
    }

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
        self.masked_as(table, column, column, id)
    }

    /// The same of a column that is sealed as if it were another one.
    pub(crate) fn masked_as(
        &self,
        table: &str,
        column: &'static str,
        place_of: &str,
        id: &str,
    ) -> Result<Option<Masked>, StoreError> {
        let Some(sealed) = self.get::<Option<Vec<u8>>>(column)? else { return Ok(None) };
        let place = place(table, place_of, id);
        let opened = match &self.whose {
            _ if key_of(&sealed).is_none() => self.sealer.open(&sealed, &place),
            Whose::Person(key) => self.sealer.open_for(key, &sealed, &place),
            Whose::Gone => Ok(Masked::erased()),
            // It was said where the key was looked for.
            Whose::Locked(_) if self.beside_others => return Ok(Some(Masked::locked())),
            Whose::Locked(why) => Err(*why),
            Whose::Nobody => Err(SealError::NotAuthentic),
        };
        match opened {
            Ok(text) => Ok(Some(text)),
            Err(why) if self.beside_others => {
                tracing::error!(critical = true, table, column, id, %why, "a text of a list does not open and is left out: restore its row");
                Ok(Some(Masked::locked()))
            }
            Err(why) => Err(why.into()),
        }
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
        let place = place(table, column, id);
        if key_of(&sealed).is_none() {
            return Ok(Some(self.sealer.open_placeholders(&sealed, &place)?));
        }
        match &self.whose {
            Whose::Person(key) => Ok(Some(self.sealer.open_placeholders_for(key, &sealed, &place)?)),
            Whose::Gone => Ok(None),
            Whose::Locked(why) => Err((*why).into()),
            Whose::Nobody => Err(SealError::NotAuthentic.into()),
        }
    }
}

/// Where a person's name belongs, which is sealed with the person's key.
pub(crate) fn named_at(key: &DataKey) -> String {
    place("data_keys", "named", &key.name())
}

/// Where a sealed value belongs: it opens nowhere else.
pub(crate) fn place(table: &str, column: &str, id: &str) -> String {
    format!("{table}.{column}/{id}")
}

/// A list as JSON text.
pub(crate) fn json<T: serde::Serialize>(list: &T, what: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|_| StoreError::Corrupt { what })
}
