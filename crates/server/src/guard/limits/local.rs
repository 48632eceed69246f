//! The limits of one process: for a server alone, and for a replica while Redis is away. What they allow, to the
//! microsecond, is what `store/shared_limits.lua` allows.
//!
//! State is bounded: what has not been used for as long as its time is forgotten.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use contactiq_domain::Clock;
use contactiq_store::{Counts, Left, Limit, Taken};

/// After this many entries what is idle is swept out.
const SWEEP_AT: usize = 10_000;
const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 3600 * SECOND;

/// All limits of one process.
pub(super) struct LocalLimits {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    buckets: HashMap<Whom, Bucket>,
    windows: HashMap<Whom, VecDeque<i64>>,
}

type Whom = (&'static str, String);

/// A full one holds a minute for each of its questions; a question costs a minute.
#[derive(Clone, Copy)]
struct Bucket {
    level: i64,
    at: i64,
}

/// How a limit stands before it is taken from.
enum Seen {
    Bucket(Bucket),
    Window { moment: i64, count: i64, last: i64 },
}

impl LocalLimits {
    pub(super) fn new(clock: Arc<dyn Clock>) -> LocalLimits {
        LocalLimits { clock, state: Mutex::default() }
    }

    /// Takes a place from all of these, or from none.
    pub(super) fn take(&self, limits: &[Limit]) -> Taken {
        self.run(limits, true)
    }

    /// How these stand, without taking anything.
    pub(super) fn look(&self, limits: &[Limit]) -> Taken {
        self.run(limits, false)
    }

    fn run(&self, limits: &[Limit], takes: bool) -> Taken {
        let now = self.clock.now().micros();
        // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.sweep(now);
        let mut wait = 0;
        let seen: Vec<Seen> = limits
            .iter()
            .map(|limit| {
                let (seen, waits) = state.look(limit, now);
                wait = wait.max(waits);
                seen
            })
            .collect();
        let taken = wait == 0 && takes;
        let left = limits.iter().zip(seen).map(|(limit, seen)| state.tell(limit, seen, taken)).collect();
        Taken { wait: u64::try_from(wait).ok().filter(|wait| *wait > 0), left }
    }
}

impl State {
    /// How it stands, and the seconds to wait for it.
    fn look(&mut self, limit: &Limit, now: i64) -> (Seen, i64) {
        let most = i64::from(limit.most);
        match limit.counts {
            Counts::Minute => {
                let full = most * MINUTE;
                let bucket = match self.buckets.get(&whom(limit)) {
                    None => Bucket { level: full, at: now },
                    Some(kept) => {
                        // A clock that was set back stands still until it has caught up with the last question.
                        let at = now.max(kept.at);
                        let gone = (at - kept.at).min(MINUTE);
                        Bucket { level: (kept.level + gone * most).min(full), at }
                    }
                };
                let lacks = MINUTE - bucket.level;
                let waits = if lacks > 0 { up(up(lacks, most), SECOND) } else { 0 };
                (Seen::Bucket(bucket), waits)
            }
            Counts::Hour => {
                let window = self.windows.entry(whom(limit)).or_default();
                let last = window.back().copied().unwrap_or(0);
                let moment = now.max(last);
                while window.front().is_some_and(|first| moment - first >= HOUR) {
                    window.pop_front();
                }
                let count = window.len() as i64;
                let waits = match window.front() {
                    Some(first) if count >= most => up(HOUR - (moment - first), SECOND),
                    _ => 0,
                };
                (Seen::Window { moment, count, last }, waits)
            }
        }
    }

    /// Takes, where there is a place, and says what is left.
    fn tell(&mut self, limit: &Limit, seen: Seen, taken: bool) -> Left {
        let most = i64::from(limit.most);
        let (left, reset) = match seen {
            Seen::Bucket(mut bucket) => {
                if taken {
                    bucket.level -= MINUTE;
                    self.buckets.insert(whom(limit), bucket);
                }
                (bucket.level / MINUTE, up(up(most * MINUTE - bucket.level, most), SECOND))
            }
            Seen::Window { moment, mut count, mut last } => {
                if taken {
                    self.windows.entry(whom(limit)).or_default().push_back(moment);
                    (count, last) = (count + 1, moment);
                }
                ((most - count).max(0), if count == 0 { 0 } else { up(HOUR - (moment - last), SECOND) })
            }
        };
        Left { left: u32::try_from(left).unwrap_or(0), reset: u64::try_from(reset).unwrap_or(0) }
    }

    fn sweep(&mut self, now: i64) {
        if self.buckets.len() > SWEEP_AT {
            self.buckets.retain(|_, bucket| now - bucket.at < MINUTE);
        }
        if self.windows.len() > SWEEP_AT {
            self.windows.retain(|_, window| window.back().is_some_and(|last| now - last < HOUR));
        }
    }
}

fn whom(limit: &Limit) -> Whom {
    (limit.what, limit.whom.clone())
}

/// Divided and rounded up.
const fn up(number: i64, by: i64) -> i64 {
    (number + by - 1) / by
}
