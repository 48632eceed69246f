//! When a line to people is open, in the bank's own time zone: so that nobody is sent to a line that
//! is closed without being told when it opens.

use jiff::{
    civil::{Date, DateTime, Time, Weekday},
    tz::TimeZone,
};

use crate::Timestamp;

/// Days that are looked ahead for the next opening.
const AHEAD: i32 = 15;

/// From this many days on, a weekday alone would not say which one is meant.
const A_WEEK: i32 = 7;

/// The weekly hours of a line, and the days on which it is closed all the same.
#[derive(Debug, Clone)]
pub struct OpeningHours {
    zone: TimeZone,
    spans: Vec<Span>,
    closed_on: Vec<Date>,
}

/// Open from a minute to another on each of some weekdays.
#[derive(Debug, Clone)]
struct Span {
    days: Vec<Weekday>,
    from: Time,
    to: Time,
}

/// What is wrong with opening hours as they are written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// The time zone is not one of the IANA database.
    #[error("the time zone is not known: write one such as Australia/Sydney")]
    Zone,
    /// Not `Mon-Fri 08:00-20:00`.
    #[error(
        "write each as \"Mon-Fri 08:00-20:00\" or \"Sat 09:00-17:00\", the end after the start, at most 24:00"
    )]
    Span,
    /// Not `2026-12-25`.
    #[error("write days as 2026-12-25")]
    Day,
}

impl OpeningHours {
    /// Reads hours such as `Mon-Fri 08:00-20:00`, and the days (`2026-12-25`) on which they don't hold.
    ///
    /// # Errors
    /// [`OpeningError`] says how it is written.
    pub fn parse(zone: &str, open: &[String], closed_on: &[String]) -> Result<Self, OpeningError> {
        let zone = TimeZone::get(zone).map_err(|_| OpeningError::Zone)?;
        let spans = open.iter().map(|s| span(s).ok_or(OpeningError::Span)).collect::<Result<_, _>>()?;
        let closed_on =
            closed_on.iter().map(|d| d.parse().map_err(|_| OpeningError::Day)).collect::<Result<_, _>>()?;
        Ok(Self { zone, spans, closed_on })
    }

    /// When it opens next, for instance `Saturday at 9 am`; none while it is open, and none where it
    /// does not open within two weeks.
    #[must_use]
    pub fn opens_next(&self, now: Timestamp) -> Option<String> {
        let here = self.local(now)?;
        let (today, minute) = (here.date(), here.time());
        if self.on(today).any(|s| s.from <= minute && (minute < s.to || s.to == Time::MAX)) {
            return None;
        }
        (0..AHEAD).find_map(|ahead| {
            let day = today.checked_add(jiff::Span::new().days(ahead)).ok()?;
            let from = self.on(day).map(|s| s.from).filter(|from| ahead > 0 || *from > minute).min()?;
            let date = if ahead < A_WEEK { String::new() } else { format!(" {}", day.strftime("%-d %B")) };
            Some(format!("{}{date} at {}", day.strftime("%A"), clock_face(from)))
        })
    }

    fn local(&self, now: Timestamp) -> Option<DateTime> {
        Some(self.zone.to_datetime(jiff::Timestamp::from_microsecond(now.micros()).ok()?))
    }

    /// The spans of a day.
    fn on(&self, day: Date) -> impl Iterator<Item = &Span> {
        let open = !self.closed_on.contains(&day);
        self.spans.iter().filter(move |s| open && s.days.contains(&day.weekday()))
    }
}

fn span(text: &str) -> Option<Span> {
    let (days, times) = text.trim().split_once(' ')?;
    let (from, to) = times.trim().split_once('-')?;
    let (from, to) = (from.trim().parse().ok()?, end(to.trim())?);
    let days = match days.split_once('-') {
        None => vec![weekday(days)?],
        Some((first, last)) => {
            let (first, last) = (weekday(first)?, weekday(last)?);
            let steps = first.until(last);
            (0..=steps).map(|step| first.wrapping_add(step)).collect()
        }
    };
    (from < to).then_some(Span { days, from, to })
}

/// The end of a day is written as 24:00.
fn end(text: &str) -> Option<Time> {
    if text == "24:00" { Some(Time::MAX) } else { text.parse().ok() }
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.trim() {
        "Mon" => Weekday::Monday,
        "Tue" => Weekday::Tuesday,
        "Wed" => Weekday::Wednesday,
        "Thu" => Weekday::Thursday,
        "Fri" => Weekday::Friday,
        "Sat" => Weekday::Saturday,
        "Sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// `8 am`, `8:30 am`, `12 pm`.
fn clock_face(time: Time) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    let half = if hour < 12 { "am" } else { "pm" };
    let hour = (hour + 11) % 12 + 1;
    if minute == 0 { format!("{hour} {half}") } else { format!("{hour}:{minute:02} {half}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sydney(open: &[&str], closed_on: &[&str]) -> Result<OpeningHours, OpeningError> {
        let owned = |all: &[&str]| all.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        OpeningHours::parse("Australia/Sydney", &owned(open), &owned(closed_on))
    }

    fn next(hours: &OpeningHours, at: &str) -> Option<String> {
        hours.opens_next(at.parse().unwrap())
    }

    #[test]
    fn a_closed_line_says_when_it_opens() {
        let hours = sydney(&["Mon-Fri 08:30-20:00", "Sat 09:00-17:00"], &[]).unwrap();
        // In November Sydney is eleven hours ahead of UTC.
        assert_eq!(next(&hours, "2026-11-23T21:29:00Z").as_deref(), Some("Tuesday at 8:30 am"));
        assert_eq!(next(&hours, "2026-11-23T21:30:00Z"), None);
        assert_eq!(next(&hours, "2026-11-24T08:59:00Z"), None);
        assert_eq!(next(&hours, "2026-11-24T09:00:00Z").as_deref(), Some("Wednesday at 8:30 am"));
        assert_eq!(next(&hours, "2026-11-27T10:00:00Z").as_deref(), Some("Saturday at 9 am"));
        assert_eq!(next(&hours, "2026-11-28T07:00:00Z").as_deref(), Some("Monday at 8:30 am"));
        // In July ten.
        assert_eq!(next(&hours, "2026-07-20T22:29:00Z").as_deref(), Some("Tuesday at 8:30 am"));
        assert_eq!(next(&hours, "2026-07-20T22:30:00Z"), None);
    }

    #[test]
    fn days_on_which_it_is_closed_are_passed_over() {
        let hours = sydney(&["Fri 12:00-24:00"], &["2026-12-25"]).unwrap();
        assert_eq!(next(&hours, "2026-12-25T03:00:00Z").as_deref(), Some("Friday 1 January at 12 pm"));
        assert_eq!(next(&hours, "2026-12-18T12:59:00Z"), None, "a minute before midnight");
        assert_eq!(next(&sydney(&[], &[]).unwrap(), "2026-12-25T03:00:00Z"), None);
    }

    #[test]
    fn hours_that_can_not_be_read_are_refused() {
        for wrong in ["8-20", "Mon 08:00", "Mon-Fri 20:00-08:00", "Mo 08:00-09:00", "Mon 08:00-25:00", ""] {
            assert_eq!(sydney(&[wrong], &[]).unwrap_err(), OpeningError::Span, "{wrong}");
        }
        assert_eq!(sydney(&[], &["25.12.2026"]).unwrap_err(), OpeningError::Day);
        assert_eq!(OpeningHours::parse("Sydney", &[], &[]).unwrap_err(), OpeningError::Zone);
    }
}
