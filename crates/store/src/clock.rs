//! The clock that replicas share: that of PostgreSQL. Leases, reservations and what was never finished are judged by it,
//! so that a machine whose clock is wrong neither takes over what another one works on nor marks it as lost. SQLite is on
//! one machine, and its clock counts there.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use contactiq_domain::{Clock, Timestamp};

use crate::{Store, StoreError, value::values};

/// Microseconds. Below that the way to the server and back says as much as the clocks, and time would jump for nothing.
const SAME: i64 = 250_000;

/// A machine's clock, put right by that of the store.
pub struct StoreClock {
    own: Arc<dyn Clock>,
    ahead: Arc<AtomicI64>,
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        self.own.now().plus_micros(self.ahead.load(Ordering::Relaxed))
    }
}

impl Store {
    /// This machine's clock, put right by what [`Store::compare_clocks`] found last.
    #[must_use]
    pub fn clock(&self, own: Arc<dyn Clock>) -> StoreClock {
        StoreClock { own, ahead: Arc::clone(&self.ahead) }
    }

    /// Looks how far the clock of PostgreSQL is ahead of this machine's, in microseconds; 0 for SQLite. All clocks that
    /// were made of this store go by it from then on, but for differences below a quarter of a second.
    ///
    /// # Errors
    /// When the database fails: the clocks go on as before.
    pub async fn compare_clocks(&self, own: &dyn Clock) -> Result<i64, StoreError> {
        let mut reader = self.read().await?;
        if !reader.is_postgres() {
            return Ok(0);
        }
        let before = own.now().micros();
        let row = reader
            .row("SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now", values![])
            .await?;
        let after = own.now().micros();
        let there = row.ok_or(StoreError::Corrupt { what: "clock" })?.moment("now")?.micros();
        let ahead = there - (before + (after - before) / 2);
        if (ahead - self.ahead.load(Ordering::Relaxed)).abs() > SAME {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        Ok(ahead)
    }
}
