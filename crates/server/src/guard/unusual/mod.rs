//! What is unusual of how a key is used (A8): ten times its usual rate, many failures, another country than before. It
//! raises an event, also in the access log, and a figure, once an hour for each, and refuses nobody.
//!
//! A request is noted in memory. Every few seconds a job adds what this process saw to what all know of the caller
//! ([`KeyUses`]: in Redis, else in the database), so that replicas count together, a restart forgets nothing but the last
//! seconds of a process that was killed, and whoever writes what is news tells it: once, not once a replica. While that is
//! away a process judges alone, and adds what it saw when it is back. A caller is known after ten minutes.

mod habit;

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use contactiq_domain::Timestamp;
use contactiq_store::{
    KeyUses,
    access::AccessEvent,
    key_uses::{Change, Kept, TOGETHER, UsesError},
};

use super::{Numbered, access, limits::address};
use crate::app::App;
use habit::{Count, Country, Habit, Seen};

contactiq_domain::words! {
    /// What is unusual.
    Kind as "kind" {
        /// More requests in a minute than ten times the usual.
        Rate => "rate",
        /// Most requests of a minute were refused.
        Failures => "failures",
        /// A country in which the key was not used before.
        Country => "country",
    }
}

/// How often what was seen is added to what all know.
pub const SHARED_EVERY: Duration = Duration::from_secs(5);
/// Whoever is watched at once; beyond it those are forgotten that were idle for longest.
const MOST: usize = 10_000;
/// A minute that is further ahead of the clock than so many was noted by one that was wrong.
const AHEAD: i64 = 2;
/// Minutes of a caller that wait while what all know is away.
const MOST_MINUTES: usize = 60;
/// A caller who is known is remembered for so many seconds without a request…
const KNOWN_FOR: u32 = 30 * 24 * 3600;
/// …and an address of nobody who is known for so many: anybody can come from many.
const ADDRESS_FOR: u32 = 3600;
/// Who lost against another replica so often tries again at the next time.
const TRIES: usize = 5;
/// What callers are called who are not known.
const ANONYMOUS: &str = "anonymous";

/// Watches the keys of one process.
#[derive(Debug)]
pub struct Unusual {
    all: Mutex<Watched>,
    uses: KeyUses,
}

#[derive(Debug, Default)]
struct Watched {
    /// The newest minute that was seen: a clock that was set back a little goes on with it.
    minute: i64,
    waiting: HashMap<String, Waiting>,
    /// What all knew when it was last asked.
    known: HashMap<String, Habit>,
    /// Whether that could not be asked the last time.
    is_away: bool,
}

/// What waits to be added of one caller.
#[derive(Debug, Clone)]
struct Waiting {
    seen: Seen,
    last: Last,
    /// The last of those that were refused.
    refused: Option<Last>,
    /// The first from each country.
    first_from: HashMap<Country, Last>,
}

/// A request, as its event tells it.
#[derive(Debug, Clone)]
struct Last {
    actor: String,
    ip: IpAddr,
    route: String,
    status: u16,
}

/// Something unusual, once.
#[derive(Debug)]
struct News {
    kind: Kind,
    last: Last,
}

impl Unusual {
    /// A watch that knows what is kept there.
    #[must_use]
    pub fn new(uses: KeyUses) -> Unusual {
        // An alarm on their growth needs to have seen them before.
        for kind in Kind::ALL {
            metrics::counter!("contactiq_unusual_use_total", "kind" => kind.as_str()).increment(0);
        }
        Unusual { all: Mutex::default(), uses }
    }

    /// Notes a request of a caller and how it ended.
    pub(super) fn note(&self, actor: &str, numbered: &Numbered, route: &str, status: u16, now: Timestamp) {
        // Whoever has no key that is known is watched by address.
        let name = match actor {
            ANONYMOUS => format!("{ANONYMOUS} {}", address(numbered.ip)),
            known => known.to_owned(),
        };
        let mut all = self.lock();
        let minute = all.minute_at(now);
        if !make_room(&mut all.waiting, &name, |one| one.seen.ends()) {
            return;
        }
        let last = || Last { actor: actor.to_owned(), ip: numbered.ip, route: route.to_owned(), status };
        let one = all.waiting.entry(name).or_insert_with(|| Waiting {
            seen: Seen::default(),
            last: last(),
            refused: None,
            first_from: HashMap::new(),
        });
        one.last.set(numbered.ip, route, status);
        let is_refused = matches!(status, 401 | 403 | 429);
        if is_refused {
            one.refused.get_or_insert_with(last).set(numbered.ip, route, status);
        }
        one.seen.count(minute, Count { requests: 1, failures: u32::from(is_refused) });
        if let Some(country) = numbered.country.filter(|country| !one.seen.countries.contains(country)) {
            one.seen.countries.push(country);
            one.first_from.insert(country, last());
        }
    }

    /// Adds what this process saw to what all know, and what is news.
    async fn share(&self, now: Timestamp) -> Vec<News> {
        let mut waiting: Vec<(String, Waiting)> =
            std::mem::take(&mut self.lock().waiting).into_iter().collect();
        let minute = minute_of(now);
        waiting.retain_mut(|(_, one)| one.seen.is_left_until(minute + AHEAD));
        let mut news = Vec::new();
        let mut away = None;
        for _ in 0..TRIES {
            let mut lost = Vec::new();
            for some in waiting.chunks(TOGETHER) {
                if away.is_none() {
                    match self.add(some, now, &mut news).await {
                        Ok(again) => {
                            lost.extend(again);
                            continue;
                        }
                        Err(error) => away = Some(error),
                    }
                }
                self.alone(some, minute, &mut news);
            }
            waiting = lost;
            if waiting.is_empty() {
                break;
            }
        }
        self.give_back(waiting);
        let was_away = std::mem::replace(&mut self.lock().is_away, away.is_some());
        match away {
            Some(error) if !was_away => {
                tracing::warn!(%error, "what is unusual of how keys are used is judged by this process alone until it can be shared again");
            }
            None if was_away => tracing::info!("what is unusual of how keys are used is shared again"),
            Some(_) | None => {}
        }
        news
    }

    /// Adds what was seen of these; those that another replica wrote meanwhile.
    async fn add(
        &self,
        some: &[(String, Waiting)],
        now: Timestamp,
        news: &mut Vec<News>,
    ) -> Result<Vec<(String, Waiting)>, UsesError> {
        let names: Vec<&str> = some.iter().map(|(name, _)| name.as_str()).collect();
        let kept = self.uses.read(&names).await?;
        let mut found = Vec::with_capacity(some.len());
        let mut changes = Vec::with_capacity(some.len());
        for ((name, waiting), kept) in some.iter().zip(kept) {
            let known = read(&kept).map(|habit| habit.believed_at(minute_of(now), AHEAD));
            let (habit, kinds) = judged(known, waiting);
            let seconds = if is_of_nobody(name) { ADDRESS_FOR } else { KNOWN_FOR };
            let state = serde_json::to_string(&habit).unwrap_or_default();
            changes.push(Change { of: kept, state, seconds });
            found.push((habit, kinds));
        }
        let written = self.uses.write(&changes, now).await?;
        let mut lost = Vec::new();
        let mut all = self.lock();
        for (((name, waiting), (habit, kinds)), written) in some.iter().zip(found).zip(written) {
            if written {
                news.extend(kinds);
                if make_room(&mut all.known, name, |habit| habit.minute) {
                    all.known.insert(name.clone(), habit);
                }
            } else {
                lost.push((name.clone(), waiting.clone()));
            }
        }
        Ok(lost)
    }

    /// Judges by what was known last, and keeps what was seen for when it can be added.
    fn alone(&self, some: &[(String, Waiting)], minute: i64, news: &mut Vec<News>) {
        let mut kept = Vec::with_capacity(some.len());
        {
            let all = self.lock();
            for (name, waiting) in some {
                let known = all.known.get(name).map(|habit| habit.clone().believed_at(minute, AHEAD));
                let (habit, kinds) = judged(known, waiting);
                let mut waiting = waiting.clone();
                news.extend(kinds);
                waiting.seen.told = habit.told();
                kept.push((name.clone(), waiting));
            }
        }
        self.give_back(kept);
    }

    /// Puts what was not added before what was seen meanwhile.
    fn give_back(&self, some: Vec<(String, Waiting)>) {
        let mut all = self.lock();
        for (name, mut before) in some {
            if !make_room(&mut all.waiting, &name, |one| one.seen.ends()) {
                continue;
            }
            if let Some(since) = all.waiting.remove(&name) {
                before.seen.add(since.seen);
                before.last = since.last;
                before.refused = since.refused.or(before.refused);
                for (country, first) in since.first_from {
                    before.first_from.entry(country).or_insert(first);
                }
            }
            all.waiting.insert(name, before);
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// The minute of a request. One that was noted by a clock far ahead holds nobody up.
    fn minute_at(&mut self, now: Timestamp) -> i64 {
        let now = minute_of(now);
        self.minute = if self.minute > now + AHEAD { now } else { self.minute.max(now) };
        self.minute
    }
}

impl Waiting {
    /// The request behind what is unusual: the one from that country, the last that was refused, or else the last.
    fn behind(&self, kind: Kind, country: Option<Country>) -> &Last {
        let found = match kind {
            Kind::Country => country.and_then(|country| self.first_from.get(&country)),
            Kind::Failures => self.refused.as_ref(),
            Kind::Rate => None,
        };
        found.unwrap_or(&self.last)
    }
}

impl Last {
    fn set(&mut self, ip: IpAddr, route: &str, status: u16) {
        (self.ip, self.status) = (ip, status);
        if self.route != route {
            route.clone_into(&mut self.route);
        }
    }
}

/// What is known with what waits, and what of that is news.
fn judged(known: Option<Habit>, waiting: &Waiting) -> (Habit, Vec<News>) {
    let mut habit = known.unwrap_or_else(|| Habit::new(waiting.seen.begins()));
    let country = habit.unusual_country(&waiting.seen);
    let kinds = habit.add(&waiting.seen);
    let news =
        kinds.into_iter().map(|kind| News { kind, last: waiting.behind(kind, country).clone() }).collect();
    (habit, news)
}

fn minute_of(now: Timestamp) -> i64 {
    now.micros().div_euclid(60_000_000)
}

/// Whether it is an address of nobody who is known.
fn is_of_nobody(name: &str) -> bool {
    name.starts_with(ANONYMOUS)
}

/// Makes room for one more where there are too many: of addresses of nobody who is known, those that were idle for
/// longest go, and of others only for one of their own. Whoever comes from many addresses pushes out no key. Whether
/// there is room.
fn make_room<T>(all: &mut HashMap<String, T>, name: &str, minute: impl Fn(&T) -> i64) -> bool {
    if all.len() < MOST || all.contains_key(name) {
        return true;
    }
    let of_nobody: Vec<i64> =
        all.iter().filter(|(name, _)| is_of_nobody(name)).map(|(_, one)| minute(one)).collect();
    if !of_nobody.is_empty() {
        let oldest = the_oldest(of_nobody.into_iter());
        all.retain(|name, one| !is_of_nobody(name) || minute(one) > oldest);
        return true;
    }
    if is_of_nobody(name) {
        return false;
    }
    let oldest = the_oldest(all.values().map(&minute));
    all.retain(|_, one| minute(one) > oldest);
    true
}

/// The minute up to which a tenth was seen last.
fn the_oldest(minutes: impl Iterator<Item = i64>) -> i64 {
    let mut minutes: Vec<i64> = minutes.collect();
    minutes.sort_unstable();
    minutes.get(minutes.len() / 10).copied().unwrap_or(i64::MAX)
}

impl Seen {
    fn count(&mut self, minute: i64, count: Count) {
        match self.minutes.last_mut() {
            Some((last, all)) if *last == minute => all.add(count),
            _ => self.minutes.push((minute, count)),
        }
        if self.minutes.len() > MOST_MINUTES {
            self.minutes.remove(0);
        }
    }

    fn add(&mut self, later: Seen) {
        for (minute, count) in later.minutes {
            self.count(minute, count);
        }
        let known: HashSet<_> = self.countries.iter().copied().collect();
        self.countries.extend(later.countries.into_iter().filter(|country| !known.contains(country)));
        for (told, other) in self.told.iter_mut().zip(later.told) {
            *told = (*told).max(other);
        }
    }

    /// Leaves out minutes after this one; whether anything is left.
    fn is_left_until(&mut self, minute: i64) -> bool {
        self.minutes.retain(|(at, _)| *at <= minute);
        !self.minutes.is_empty()
    }

    fn begins(&self) -> i64 {
        self.minutes.first().map_or(0, |(minute, _)| *minute)
    }

    fn ends(&self) -> i64 {
        self.minutes.last().map_or(0, |(minute, _)| *minute)
    }
}

/// What is kept of a caller; none where nothing is, or where it can't be read.
fn read(kept: &Kept) -> Option<Habit> {
    serde_json::from_str(kept.state.as_deref()?).ok()
}

/// Shares what was seen, and tells what is unusual: in the log, in the figures and as an access event.
pub async fn tell(app: &App) {
    let now = app.house.clock.now();
    for News { kind, last } in app.unusual.share(now).await {
        metrics::counter!("contactiq_unusual_use_total", "kind" => kind.as_str()).increment(1);
        tracing::warn!(
            critical = true,
            user_id = last.actor.as_str(),
            from = %last.ip,
            kind = kind.as_str(),
            "a key is used in an unusual way"
        );
        let event = AccessEvent {
            id: access::event_id(&*app.house.ids),
            at: now,
            actor: last.actor,
            from_ip: last.ip.to_string(),
            method: "unusual".to_owned(),
            route: last.route,
            target: None,
            result: super::result(last.status),
            status: last.status,
            reason: Some(format!("unusual_{kind}")),
        };
        app.access.note(event, &app.tasks);
    }
}

#[cfg(test)]
mod tests;
