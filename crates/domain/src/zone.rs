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

    /// The moment at which a day begins there.
    #[must_use]
    pub fn start(&self, day: Date) -> Timestamp {
        let civil = i16::try_from(day.year())
            .ok()
            .and_then(|year| jiff::civil::Date::new(year, u8::from(day.month()) as i8, day.day() as i8).ok());
        // Where the midnight is left out, the first moment after it.
        let begins = civil.and_then(|d| {
            let midnight = d.to_datetime(jiff::civil::Time::midnight());
            self.0.to_ambiguous_timestamp(midnight).compatible().ok().map(jiff::Timestamp::as_microsecond)
        });
        let utc = || Timestamp::from(day.midnight().assume_utc());
        begins.map_or_else(utc, Timestamp::from_micros)
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

    #[test]
    fn a_day_begins_at_the_banks_midnight_also_where_clocks_are_changed() {
        let sydney = Zone::named("Australia/Sydney").unwrap();
        for (day, begins) in [
            (date!(2026 - 11 - 29), "2026-11-28T13:00:00Z"),
            (date!(2026 - 10 - 04), "2026-10-03T14:00:00Z"),
            (date!(2026 - 10 - 05), "2026-10-04T13:00:00Z"),
        ] {
            let start = sydney.start(day);
            assert_eq!(start, begins.parse().unwrap());
            assert_eq!(
                (sydney.day(start), sydney.day(start.plus_micros(-1))),
                (day, day.previous_day().unwrap())
            );
        }
        assert_eq!(Zone::utc().start(date!(1970 - 01 - 02)), Timestamp::from_micros(86_400_000_000));
    }
}
