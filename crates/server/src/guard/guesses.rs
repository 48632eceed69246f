//! Guessing is slowed (A3, A4): whoever sends the API keys, tokens and cookies that nobody knows, or none at all, is heard
//! so often a minute and address (`limits.failures_per_minute`), and then turned away with 429. The counts are limits like
//! those of questions: shared by all replicas where there is Redis, of this process otherwise.
//!
//! What is good is never turned away, whoever else sits behind the same address: it is looked at first, in memory. Only a
//! key that was made within the last second may have to wait, because nothing but the database knows it yet. What was good
//! once (a key or token that was revoked or has ended) is no guess: it is counted by itself, so that the others behind the
//! address hear 401 and get new ones.
//!
//! Who is turned away leaves no access event and no line in the log of its own; every few seconds one of each says how
//! many there were from an address. So it is with what nobody who is known asks for (pages that lead to the sign-in,
//! routes that are not there), beyond as many a minute: the audit log keeps what it has for ever, and nobody unknown
//! makes it grow without end.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use contactiq_domain::Timestamp;
use contactiq_store::{
    Counts, Limit,
    access::{AccessEvent, AccessResult},
};

use super::{access, limits::address, refusal::Refusal};
use crate::{app::App, wiring::sha256_hex};

/// Addresses that are told apart; those beyond are told together, as 0.0.0.0.
const MOST: usize = 10_000;
/// So many addresses' worth of requests of strangers have an event each in a minute, whatever the addresses.
const ALL: u32 = 100;
/// So many times as many refusals of strangers have an event each: who was refused is on record longer.
const REFUSALS: u32 = 10;
/// Addresses that are told each by itself; those beyond, of which fewer came, together.
const TOLD: usize = 100;
/// What stands in the place of the method and the route: they were not looked at.
const UNHEARD: &str = "unheard";
/// The same where they were many.
const MANY: &str = "many";

/// Who was turned away unheard since it was last told, and what nobody who is known asked for.
#[derive(Debug, Default)]
pub struct Guesses {
    unheard: Mutex<HashMap<IpAddr, u64>>,
    strangers: Mutex<Strangers>,
}

/// What nobody who is known asked for.
#[derive(Debug, Default)]
struct Strangers {
    /// The minute that is counted.
    minute: i64,
    /// So many in it, by address and whether they were refused.
    of_minute: [HashMap<IpAddr, u32>; 2],
    /// So many in it of all addresses.
    all: u32,
    /// So many of all that have no event of their own, since they were last told.
    untold: HashMap<IpAddr, u64>,
}

impl Guesses {
    /// Counts one who was turned away unheard.
    pub fn turned_away(&self, ip: IpAddr) {
        *of(&mut lock(&self.unheard), ip) += 1;
    }

    /// Counts a request of nobody who is known; whether its address had `most` in this minute already (ten times as many
    /// that were refused, with 401 or 403), or all addresses a hundred times as many, so that it is told with others like
    /// it.
    pub fn is_one_of_many(&self, ip: IpAddr, refused: bool, now: Timestamp, most: u32) -> bool {
        let minute = now.micros().div_euclid(60_000_000);
        let mut strangers = lock(&self.strangers);
        if strangers.minute != minute {
            let untold = std::mem::take(&mut strangers.untold);
            *strangers = Strangers { minute, untold, ..Strangers::default() };
        }
        let count = of(&mut strangers.of_minute[usize::from(refused)], ip);
        *count = count.saturating_add(1);
        let own = *count;
        let most_of_one = if refused { most.saturating_mul(REFUSALS) } else { most };
        let is_many = own > most_of_one || strangers.all >= most.saturating_mul(ALL);
        if !is_many {
            strangers.all += 1;
        } else {
            *of(&mut strangers.untold, ip) += 1;
        }
        is_many
    }

    fn take(&self) -> (HashMap<IpAddr, u64>, HashMap<IpAddr, u64>) {
        let unheard = std::mem::take(&mut *lock(&self.unheard));
        (unheard, std::mem::take(&mut lock(&self.strangers).untold))
    }
}

/// The count of an address; that of all others together where too many are told apart.
fn of<T: Default>(all: &mut HashMap<IpAddr, T>, ip: IpAddr) -> &mut T {
    let ip = address(ip);
    let is_full = all.len() >= MOST && !all.contains_key(&ip);
    all.entry(if is_full { Ipv4Addr::UNSPECIFIED.into() } else { ip }).or_default()
}

// Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds that an address waits until the next failure of it is heard; none where one is heard now.
pub(super) async fn waits(app: &App, ip: IpAddr) -> Option<u64> {
    let wait = app.limits.wait_for(&[by_address(app, ip)]).await;
    if wait.is_some() {
        app.guesses.turned_away(ip);
    }
    wait
}

/// Counts a failure; seconds to wait where there were too many, and then it was turned away.
pub(super) async fn failed(app: &App, ip: IpAddr, why: Refusal, sent: Option<&str>) -> Option<u64> {
    let limit = match sent {
        Some(sent) if was_good(why) => {
            Limit { what: "ended-bearer", whom: sha256_hex(sent.as_bytes()), ..by_address(app, ip) }
        }
        _ => by_address(app, ip),
    };
    let wait = app.limits.count(&[limit]).await;
    if wait.is_some() {
        app.guesses.turned_away(ip);
    }
    wait
}

/// Whether it is refused because its time is over, and not because nobody knows it.
const fn was_good(why: Refusal) -> bool {
    matches!(why, Refusal::KeyRevoked | Refusal::KeyExpired | Refusal::Expired)
}

fn by_address(app: &App, ip: IpAddr) -> Limit {
    Limit {
        what: "failures-address",
        whom: address(ip).to_string(),
        most: app.config.limits.failures_per_minute,
        counts: Counts::Minute,
    }
}

/// Tells who was turned away since the last time, and what else was too much to be told each by itself: one access event
/// and one line in the log for each address.
pub fn tell(app: &App) {
    let (unheard, strangers) = app.guesses.take();
    for (ip, attempts) in the_most(unheard) {
        tracing::warn!(critical = true, from = %ip, attempts, "too many failures from an address: attempts were turned away unheard");
        let event = AccessEvent {
            route: UNHEARD.to_owned(),
            target: Some(format!("{attempts} attempts")),
            result: AccessResult::Limited,
            status: 429,
            reason: Some(Refusal::TooMany.as_str().to_owned()),
            ..of_nobody(app, ip, UNHEARD)
        };
        app.access.note(event, &app.tasks);
    }
    for (ip, requests) in the_most(strangers) {
        tracing::warn!(from = %ip, requests, "many requests of nobody who is known: they have one access event together");
        let event = AccessEvent { target: Some(format!("{requests} requests")), ..of_nobody(app, ip, MANY) };
        app.access.note(event, &app.tasks);
    }
}

/// The addresses of which most came, each with how many, and all others together as 0.0.0.0.
fn the_most(all: HashMap<IpAddr, u64>) -> Vec<(IpAddr, u64)> {
    let mut all: Vec<(IpAddr, u64)> = all.into_iter().collect();
    all.sort_unstable_by(|(_, one), (_, other)| other.cmp(one));
    let rest: u64 = all.iter().skip(TOLD).map(|(_, count)| count).sum();
    all.truncate(TOLD);
    all.extend((rest > 0).then_some((Ipv4Addr::UNSPECIFIED.into(), rest)));
    all
}

/// An event of requests that were not looked at one by one.
fn of_nobody(app: &App, ip: IpAddr, what: &str) -> AccessEvent {
    AccessEvent {
        id: access::event_id(&*app.house.ids),
        at: app.house.clock.now(),
        actor: "anonymous".to_owned(),
        from_ip: ip.to_string(),
        method: what.to_owned(),
        route: what.to_owned(),
        target: None,
        result: AccessResult::Unauthenticated,
        status: 401,
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_by_address_and_those_of_too_many_together() {
        let guesses = Guesses::default();
        for n in 0..3 {
            guesses.turned_away(IpAddr::from([192, 0, 2, 1]));
            // A /64 is one address.
            guesses.turned_away(IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]));
        }
        let (told, _) = guesses.take();
        assert_eq!(told.values().collect::<Vec<_>>(), [&3, &3]);
        assert!(guesses.take().0.is_empty());
        for n in 0..=MOST as u32 {
            guesses.turned_away(Ipv4Addr::from(0x0a00_0000 + n).into());
            guesses.turned_away(Ipv4Addr::from(0x0b00_0000 + n).into());
        }
        let (told, _) = guesses.take();
        assert_eq!(told.len(), MOST + 1);
        assert_eq!(told.values().sum::<u64>(), 2 * (MOST as u64 + 1));
    }

    #[test]
    fn of_strangers_so_many_a_minute_are_told_each_and_the_others_together() {
        let (guesses, now) = (Guesses::default(), Timestamp::from_micros(0));
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let many = |ip, now| (0..5).filter(|_| guesses.is_one_of_many(ip, false, now, 3)).count();
        assert_eq!((many(one, now), many(other, now)), (2, 2));
        assert_eq!(many(one, now.plus_seconds(60)), 2, "the next minute counts anew");
        let (_, told) = guesses.take();
        assert_eq!((told[&one], told[&other]), (4, 2));
        assert!(guesses.take().1.is_empty());
        // Refusals are counted by themselves, and all addresses together.
        assert!((0..30).all(|_| !guesses.is_one_of_many(one, true, now.plus_seconds(120), 3)));
        assert!(guesses.is_one_of_many(one, true, now.plus_seconds(120), 3));
        let many = |n: u32| guesses.is_one_of_many(Ipv4Addr::from(0x0a00_0000 + n).into(), false, now, 3);
        assert_eq!((0..1_000).filter(|n| many(*n)).count(), 700);
        let told = the_most((0..1_000).map(|n| (Ipv4Addr::from(n).into(), u64::from(n))).collect());
        assert_eq!((told.len(), told.iter().map(|(_, count)| count).sum::<u64>()), (TOLD + 1, 499_500));
    }
}
