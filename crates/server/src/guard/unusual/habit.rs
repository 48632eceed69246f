//! How a caller usually behaves, and what of a few seconds is unusual beside it. It computes and keeps nothing.

use serde::{Deserialize, Serialize};

use super::Kind;

/// So many times the usual rate is unusual…
const TIMES: f64 = 10.0;
/// …where it is at least so many requests in a minute.
const LEAST: u32 = 60;
/// How much a minute counts in the usual rate: an hour is what it looks back on.
const NEWEST: f64 = 1.0 / 60.0;
/// Minutes after which a caller is known.
const KNOWN_AFTER: i64 = 10;
/// Refused requests of a minute that are many, when they are more than half of all.
const MANY_FAILURES: u32 = 20;
/// The same is not told again for so many minutes.
const QUIET: i64 = 60;
/// Countries that are kept of a caller.
const MOST_COUNTRIES: usize = 32;

/// A country as two letters.
pub(super) type Country = [u8; 2];
/// When each kind was told last, as a minute.
pub(super) type Told = [Option<i64>; 3];

/// Requests of a minute, and how many of them were refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Count {
    pub(super) requests: u32,
    pub(super) failures: u32,
}

impl Count {
    pub(super) fn add(&mut self, more: Count) {
        self.requests = self.requests.saturating_add(more.requests);
        self.failures = self.failures.saturating_add(more.failures);
    }
}

/// What one process saw of a caller since it last told: minutes in their order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) minutes: Vec<(i64, Count)>,
    pub(super) countries: Vec<Country>,
    /// What this process told alone meanwhile.
    pub(super) told: Told,
}

/// What is known of a caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Habit {
    since: i64,
    pub(super) minute: i64,
    /// Of this minute, and of the one before, which another process may not have told to its end.
    now: Count,
    before: Count,
    /// Requests a minute.
    usual: f64,
    countries: Vec<Country>,
    told: Told,
}

impl Habit {
    /// Of whom nothing is known yet.
    pub(super) fn new(minute: i64) -> Habit {
        Habit {
            since: minute,
            minute,
            now: Count::default(),
            before: Count::default(),
            usual: 0.0,
            countries: Vec::new(),
            told: [None; 3],
        }
    }

    /// The same, where it is of a minute that may be: what a clock noted that was further ahead than this does not keep
    /// the watch quiet until then. The usual rate and the countries stay.
    pub(super) fn believed_at(mut self, now: i64, ahead: i64) -> Habit {
        let latest = now + ahead;
        if self.minute > latest {
            (self.minute, self.now, self.before) = (now, Count::default(), Count::default());
        }
        self.since = self.since.min(self.minute);
        for told in &mut self.told {
            *told = told.filter(|at| *at <= latest);
        }
        self
    }

    /// The first country of these in which the caller was not before; nobody's first country is unusual.
    pub(super) fn unusual_country(&self, seen: &Seen) -> Option<Country> {
        let mut fresh = seen.countries.iter().filter(|country| !self.countries.contains(country));
        if self.countries.is_empty() {
            fresh.next();
        }
        fresh.next().copied()
    }

    /// Adds what was seen; what of it is unusual and news.
    pub(super) fn add(&mut self, seen: &Seen) -> Vec<Kind> {
        let mut found = Vec::new();
        for (minute, count) in &seen.minutes {
            self.pass_to(*minute);
            let of_minute = match self.minute - minute {
                0 => {
                    self.now.add(*count);
                    Some(self.now)
                }
                late => {
                    // Somebody else told of a later minute already.
                    let since = i32::try_from(late - 1).unwrap_or(i32::MAX);
                    self.usual += NEWEST * f64::from(count.requests) * (1.0 - NEWEST).powi(since);
                    (late == 1).then(|| {
                        self.before.add(*count);
                        self.before
                    })
                }
            };
            if let Some(all) = of_minute {
                self.judge(all, &mut found);
            }
        }
        if self.unusual_country(seen).is_some() {
            found.push(Kind::Country);
        }
        for country in &seen.countries {
            if self.countries.len() < MOST_COUNTRIES && !self.countries.contains(country) {
                self.countries.push(*country);
            }
        }
        for (told, alone) in self.told.iter_mut().zip(seen.told) {
            *told = (*told).max(alone);
        }
        found.retain(|kind| self.is_news(*kind));
        found
    }

    fn judge(&self, all: Count, found: &mut Vec<Kind>) {
        let is_known = self.minute - self.since >= KNOWN_AFTER;
        if is_known && all.requests >= LEAST && f64::from(all.requests) > TIMES * self.usual {
            found.push(Kind::Rate);
        }
        if all.failures >= MANY_FAILURES && u64::from(all.failures) * 2 > u64::from(all.requests) {
            found.push(Kind::Failures);
        }
    }

    /// Ends the minutes before this one.
    fn pass_to(&mut self, minute: i64) {
        let gone = minute - self.minute;
        if gone <= 0 {
            return;
        }
        self.usual += NEWEST * (f64::from(self.now.requests) - self.usual);
        let idle = i32::try_from(gone - 1).unwrap_or(i32::MAX);
        self.usual *= (1.0 - NEWEST).powi(idle);
        self.before = if gone == 1 { self.now } else { Count::default() };
        (self.minute, self.now) = (minute, Count::default());
    }

    fn is_news(&mut self, kind: Kind) -> bool {
        let told = &mut self.told[kind as usize];
        let is_news = told.is_none_or(|at| self.minute - at >= QUIET);
        if is_news {
            *told = Some(self.minute);
        }
        is_news
    }

    /// When each kind was told last.
    pub(super) const fn told(&self) -> Told {
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(minute: i64, requests: u32, failures: u32) -> Seen {
        Seen { minutes: vec![(minute, Count { requests, failures })], ..Seen::default() }
    }

    fn from(country: &Country) -> Seen {
        Seen { countries: vec![*country], ..seen(5, 1, 0) }
    }

    #[test]
    fn ten_times_the_usual_rate_is_told_once_an_hour() {
        let mut habit = Habit::new(0);
        for number in 0..120 {
            assert_eq!(habit.add(&seen(number, 20, 0)), [], "{number}");
        }
        assert_eq!(habit.add(&seen(120, 100, 0)), [], "five times is a busy day");
        assert_eq!(habit.add(&seen(121, 400, 0)), [Kind::Rate]);
        assert_eq!(habit.add(&seen(122, 400, 0)), [], "told already");
        assert_eq!(habit.add(&seen(500, 400, 0)), [Kind::Rate]);
    }

    #[test]
    fn a_new_key_and_a_quiet_one_alarm_nobody() {
        assert_eq!(Habit::new(0).add(&seen(0, 5000, 0)), []);
        let mut quiet = Habit::new(0);
        quiet.add(&seen(0, 1, 0));
        assert_eq!(quiet.add(&seen(600, 59, 0)), []);
    }

    #[test]
    fn many_refused_requests_are_told() {
        let mut wrong = Habit::new(5);
        assert_eq!(wrong.add(&seen(5, 19, 19)), []);
        assert_eq!(wrong.add(&seen(5, 81, 81)), [Kind::Failures]);
        assert_eq!(Habit::new(5).add(&seen(5, 190, 90)), [], "less than half");
    }

    #[test]
    fn another_country_is_told() {
        let mut habit = Habit::new(5);
        assert_eq!(habit.add(&from(b"AU")), []);
        assert_eq!(habit.add(&from(b"AU")), []);
        assert_eq!(habit.add(&from(b"NZ")), [Kind::Country]);
        assert_eq!(habit.add(&from(b"NZ")), []);
        assert_eq!(habit.add(&seen(5, 1, 0)), []);
    }

    #[test]
    fn what_a_clock_noted_that_was_a_year_ahead_does_not_blind_the_watch() {
        const YEAR: i64 = 365 * 24 * 60;
        let mut habit = Habit::new(0);
        for number in 0..30 {
            habit.add(&seen(number, 20, 0));
        }
        let usual = habit.usual;
        habit.add(&from(b"AU"));
        assert_eq!(habit.add(&seen(YEAR, 30, 30)), [Kind::Failures]);
        let habit = habit.believed_at(30, 2);
        assert_eq!((habit.minute, habit.told(), habit.now), (30, [None; 3], Count::default()));
        assert_eq!(habit.clone().add(&seen(30, 30, 30)), [Kind::Failures]);
        assert_eq!(habit.clone().add(&from(b"NZ")), [Kind::Country], "what is known of its countries stays");
        let ahead = Habit { minute: 32, told: [Some(32), None, None], usual, ..habit };
        assert_eq!(ahead.clone().believed_at(30, 2), ahead, "a little ahead is another replica");
    }

    #[test]
    fn what_two_processes_saw_counts_together_also_where_one_is_late() {
        let (mut together, mut alone) = (Habit::new(0), Habit::new(0));
        for minute in 0..60 {
            alone.add(&seen(minute, 20, 0));
            together.add(&seen(minute, 12, 0));
            // The end of the minute before, by the other one.
            together.add(&seen(minute - 1, 8, 0));
        }
        assert!((together.usual - alone.usual).abs() < 0.5, "{} {}", together.usual, alone.usual);
        together.add(&seen(60, 5, 0));
        assert_eq!(together.add(&seen(59, 15, 15)), [], "with what the others saw they are less than half");
        assert_eq!(together.add(&seen(60, 30, 30)), [Kind::Failures]);
        // Told by a process alone, it is told.
        let mut other = alone.clone();
        let told = Seen { told: [Some(59), None, None], ..seen(60, 900, 0) };
        assert_eq!(other.add(&told), []);
        assert_eq!(alone.add(&seen(60, 900, 0)), [Kind::Rate]);
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let mut habit = Habit::new(7);
        habit.add(&Seen { countries: vec![*b"AU"], ..seen(9, 30, 30) });
        let text = serde_json::to_string(&habit).unwrap();
        assert_eq!(serde_json::from_str::<Habit>(&text).unwrap(), habit);
    }
}
