//! The bank's time zone: on which day it is, documents begin and end to hold.

use jiff::tz::TimeZone;
use time::{Date, Month};

use crate::{OpeningError, Timestamp};

/// A time zone of the IANA database.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// By its name, such as `Australia/Sydney`.
    ///
    /// # Errors
    /// [`OpeningError::Zone`] for a name that is not known.
    pub fn named(name: &str) -> Result<Zone, OpeningError> {
        TimeZone::get(name).map(Zone).map_err(|_| OpeningError::Zone)
    }

    /// Universal time.
    #[must_use]
    pub const fn utc() -> Zone {
        Zone(TimeZone::UTC)
    }

    /// The day that it is there.
    #[must_use]
    pub fn day(&self, now: Timestamp) -> Date {
        let there =
            jiff::Timestamp::from_microsecond(now.micros()).ok().map(|t| self.0.to_datetime(t).date());
        let day = there.and_then(|d| {
            let month = Month::try_from(u8::try_from(d.month()).ok()?).ok()?;
            Date::from_calendar_date(i32::from(d.year()), month, u8::try_from(d.day()).ok()?).ok()
        });
        day.unwrap_or_else(|| now.date())
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn the_day_is_the_banks_own() {
        let now: Timestamp = "2026-11-28T14:30:00Z".parse().unwrap();
        assert_eq!(Zone::named("Australia/Sydney").unwrap().day(now), date!(2026 - 11 - 29));
        assert_eq!(Zone::named("America/New_York").unwrap().day(now), date!(2026 - 11 - 28));
        assert_eq!(Zone::utc().day(now), now.date());
        assert!(Zone::named("Mars/Base").is_err());
    }
}
