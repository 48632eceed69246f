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
//! many there were from an address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Mutex, PoisonError},
};

use contactiq_store::{
    Counts, Limit,
    access::{AccessEvent, AccessResult},
};

use super::{access, limits::address, refusal::Refusal};
use crate::{app::App, wiring::sha256_hex};

/// Addresses that are told apart; those beyond are told together, as 0.0.0.0.
const MOST: usize = 10_000;
/// What stands in the place of the method and the route: they were not looked at.
const UNHEARD: &str = "unheard";

/// Who was turned away unheard since it was last told.
#[derive(Debug, Default)]
pub struct Guesses(Mutex<HashMap<IpAddr, u64>>);

impl Guesses {
    fn turned_away(&self, ip: IpAddr) {
        // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ip = address(ip);
        let is_full = all.len() >= MOST && !all.contains_key(&ip);
        let ip = if is_full { Ipv4Addr::UNSPECIFIED.into() } else { ip };
        *all.entry(ip).or_default() += 1;
    }

    fn take(&self) -> HashMap<IpAddr, u64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
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

/// Tells who was turned away since the last time: one access event and one line in the log for each address.
pub fn tell(app: &App) {
    for (ip, attempts) in app.guesses.take() {
        tracing::warn!(critical = true, from = %ip, attempts, "too many failures from an address: attempts were turned away unheard");
        let event = AccessEvent {
            id: access::event_id(&*app.house.ids),
            at: app.house.clock.now(),
            actor: "anonymous".to_owned(),
            from_ip: ip.to_string(),
            method: UNHEARD.to_owned(),
            route: UNHEARD.to_owned(),
            target: Some(format!("{attempts} attempts")),
            result: AccessResult::Limited,
            status: 429,
            reason: Some(Refusal::TooMany.as_str().to_owned()),
        };
        app.access.note(event, &app.tasks);
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
        let told = guesses.take();
        assert_eq!(told.values().collect::<Vec<_>>(), [&3, &3]);
        assert!(guesses.take().is_empty());
        for n in 0..=MOST as u32 {
            guesses.turned_away(Ipv4Addr::from(0x0a00_0000 + n).into());
            guesses.turned_away(Ipv4Addr::from(0x0b00_0000 + n).into());
        }
        let told = guesses.take();
        assert_eq!(told.len(), MOST + 1);
        assert_eq!(told.values().sum::<u64>(), 2 * (MOST as u64 + 1));
    }
}
