//! Who writes for a person, and who forgets or holds them, take turns. Otherwise an erasure misses what another
//! transaction writes at this moment and has not saved: neither sees the other's rows. On PostgreSQL these are advisory
//! locks that end with the transaction; SQLite has one writer.

use crate::{StoreError, Writer, value::values};

/// The first half of our locks' number.
const OURS: i32 = 0x43_49_51;
/// People share a lock with one in so many others: a transaction holds no more.
const LANES: u64 = 62;
/// All of them, as bits.
const EVERYBODY: i64 = (1 << LANES) - 1;

/// Writers of these people, as keyed hashes: they wait for nobody but an erasure or a hold. To be called before anything
/// else is locked.
///
/// # Errors
/// When the database fails.
pub(crate) async fn together(w: &mut Writer, people: impl Iterator<Item = String>) -> Result<(), StoreError> {
    if !w.is_postgres() {
        return Ok(());
    }
    shared(w, people.fold(0, |lanes, person| lanes | 1 << lane(&person))).await
}

/// The same of everybody: for whoever takes out what was kept long enough.
///
/// # Errors
/// When the database fails.
pub(crate) async fn with_everybody(w: &mut Writer) -> Result<(), StoreError> {
    if w.is_postgres() { shared(w, EVERYBODY).await } else { Ok(()) }
}

async fn shared(w: &mut Writer, lanes: i64) -> Result<(), StoreError> {
    // In one order, so that no two wait for each other.
    w.execute(
        "SELECT pg_advisory_xact_lock_shared($2::int, lane) FROM generate_series(0, 61) AS lane
         WHERE ($1::bigint >> lane) & 1 = 1",
        values![lanes, i64::from(OURS)],
    )
    .await?;
    Ok(())
}

/// Who forgets or holds these people: alone, and all of them at once, in the order in which everybody takes them.
///
/// # Errors
/// When the database fails.
pub(crate) async fn alone(w: &mut Writer, people: impl Iterator<Item = String>) -> Result<(), StoreError> {
    if !w.is_postgres() {
        return Ok(());
    }
    let lanes = people.fold(0_i64, |lanes, person| lanes | 1 << lane(&person));
    w.execute(
        "SELECT pg_advisory_xact_lock($2::int, lane) FROM generate_series(0, 61) AS lane
         WHERE ($1::bigint >> lane) & 1 = 1",
        values![lanes, i64::from(OURS)],
    )
    .await?;
    Ok(())
}

fn lane(person: &str) -> u32 {
    let digits = person.get(..8).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    digits.map_or(0, |number| (number % LANES) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_bits_of_a_number_that_stays_positive() {
        assert!((0..1000_u32).map(|n| lane(&format!("{n:08x}ffff"))).all(|lane| lane < 62));
        assert_eq!((lane(""), lane("é"), lane("0000003d00")), (0, 0, 61));
    }
}
