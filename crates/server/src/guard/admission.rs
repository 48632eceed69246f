//! The request queue of one process (C2): so many answers are made at once, the rest waits in order or is told at
//! once when to come back.
//!
//! There are three priorities, and within each of them sessions take turns, so that one that asks much keeps no
//! other waiting. A place is freed when it is dropped, whatever ended its work. Who would wait for longer than
//! its deadline is refused before time is wasted on it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

contactiq_domain::words! {
    /// Who goes first.
    Priority as "priority" {
        /// A trigger was read in the message: somebody may be in need.
        Urgent => "urgent",
        /// Everything else.
        Ordinary => "ordinary",
        /// Work that nobody waits for at a screen (RFC 9218: `Priority: u=5` or more).
        Bulk => "bulk",
    }
}

/// One place in so many goes to bulk work that waits, so that it ends some day.
const BULK_EVERY: u32 = 8;
/// How much the last answer counts in the mean of the time that one takes.
const NEWEST: f64 = 0.1;

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct Admission(Arc<Shared>);

struct Shared {
    at_once: usize,
    most_waiting: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    at_work: usize,
    lanes: [Lane; 3],
    /// Places given to others while bulk work waited.
    given: u32,
    /// Seconds that an answer takes.
    takes: f64,
    next: u64,
}

/// The sessions of one priority, each with who waits in it.
#[derive(Default)]
struct Lane {
    turns: VecDeque<String>,
    waiting: HashMap<String, VecDeque<Waiter>>,
    count: usize,
}

struct Waiter {
    number: u64,
    call: oneshot::Sender<Place>,
}

/// Leave to make an answer. The next who waits has it when it is dropped.
pub struct Place {
    queue: Option<Admission>,
    /// Since when somebody has it.
    since: Option<Instant>,
}

/// There is no place in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shed {
    /// Seconds after which it is worth trying again.
    pub retry_after: u64,
}

/// Who waits in a lane; dropped, it waits no more.
struct Waiting<'a> {
    queue: &'a Admission,
    lane: usize,
    session: &'a str,
    number: u64,
}

impl Admission {
    /// A queue with so many places, in which at most so many wait.
    #[must_use]
    pub fn new(at_once: usize, most_waiting: usize) -> Admission {
        Admission(Arc::new(Shared { at_once: at_once.max(1), most_waiting, state: Mutex::default() }))
    }

    /// Whether a place is free now: then nobody need say how urgent it is.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let state = self.lock();
        state.at_work < self.0.at_once && state.waiting() == 0
    }

    /// Waits for a place until the deadline. Dropping the future takes nothing.
    ///
    /// # Errors
    /// [`Shed`] at once when too many wait before it or the deadline would pass, and at the deadline otherwise.
    pub async fn enter(&self, priority: Priority, session: &str, deadline: Instant) -> Result<Place, Shed> {
        let since = Instant::now();
        let lane = priority as usize;
        let (called, number) = {
            let mut state = self.lock();
            if state.at_work < self.0.at_once && state.waiting() == 0 {
                state.at_work += 1;
                return Ok(self.place().taken());
            }
            let ahead: usize = state.lanes[..=lane].iter().map(|lane| lane.count).sum();
            let wait = state.takes * (ahead + 1) as f64 / self.0.at_once as f64;
            let left = deadline.saturating_duration_since(since).as_secs_f64();
            if ahead >= self.0.most_waiting || wait + state.takes > left {
                metrics::counter!("contactiq_requests_shed_total", "priority" => priority.as_str())
                    .increment(1);
                return Err(shed(wait));
            }
            let (call, called) = oneshot::channel();
            state.next += 1;
            let number = state.next;
            state.lanes[lane].push(session, Waiter { number, call });
            (called, number)
        };
        let waiting = Waiting { queue: self, lane, session, number };
        let place = timeout_at(deadline, called).await;
        drop(waiting);
        metrics::histogram!("contactiq_queue_wait_seconds", "priority" => priority.as_str())
            .record(since.elapsed().as_secs_f64());
        match place {
            Ok(Ok(place)) => Ok(place.taken()),
            _ => {
                metrics::counter!("contactiq_requests_shed_total", "priority" => priority.as_str())
                    .increment(1);
                Err(shed(since.elapsed().as_secs_f64()))
            }
        }
    }

    /// How many answers are being made, and how many wait for a place, by priority.
    #[must_use]
    pub fn depth(&self) -> (usize, [usize; 3]) {
        let state = self.lock();
        (state.at_work, [0, 1, 2].map(|lane| state.lanes[lane].count))
    }

    fn place(&self) -> Place {
        Place { queue: Some(self.clone()), since: None }
    }

    /// Gives free places to who waits.
    fn call_next(&self) {
        loop {
            let waiter = {
                let mut state = self.lock();
                if state.at_work >= self.0.at_once {
                    return;
                }
                let Some(waiter) = state.next_waiter() else { return };
                state.at_work += 1;
                waiter
            };
            // Who left meanwhile gives the place back, outside of the lock.
            if let Err(mut place) = waiter.call.send(self.place()) {
                place.queue = None;
                self.lock().at_work -= 1;
            }
        }
    }

    fn free(&self, took: Option<Duration>) {
        {
            let mut state = self.lock();
            state.at_work -= 1;
            if let Some(took) = took.map(|took| took.as_secs_f64()) {
                state.takes =
                    if state.takes == 0.0 { took } else { state.takes + NEWEST * (took - state.takes) };
            }
        }
        self.call_next();
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.count).sum()
    }

    fn next_waiter(&mut self) -> Option<Waiter> {
        const BULK: usize = Priority::Bulk as usize;
        if self.lanes[BULK].count == 0 {
            self.given = 0;
        } else {
            self.given += 1;
            if self.given >= BULK_EVERY {
                self.given = 0;
                return self.lanes[BULK].pop();
            }
        }
        self.lanes.iter_mut().find_map(Lane::pop)
    }
}

impl Lane {
    fn push(&mut self, session: &str, waiter: Waiter) {
        self.count += 1;
        let own = self.waiting.entry(session.to_owned()).or_default();
        if own.is_empty() {
            self.turns.push_back(session.to_owned());
        }
        own.push_back(waiter);
    }

    /// The first of the session whose turn it is; that session then goes behind the others.
    fn pop(&mut self) -> Option<Waiter> {
        let session = self.turns.pop_front()?;
        let own = self.waiting.get_mut(&session)?;
        let waiter = own.pop_front();
        self.count -= usize::from(waiter.is_some());
        if own.is_empty() {
            self.waiting.remove(&session);
        } else {
            self.turns.push_back(session);
        }
        waiter
    }

    fn leave(&mut self, session: &str, number: u64) {
        let Some(own) = self.waiting.get_mut(session) else { return };
        let before = own.len();
        own.retain(|waiter| waiter.number != number);
        self.count -= before - own.len();
        if own.is_empty() {
            self.waiting.remove(session);
            self.turns.retain(|turn| turn != session);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.queue.lock().lanes[self.lane].leave(self.session, self.number);
    }
}

impl Place {
    fn taken(mut self) -> Place {
        self.since = Some(Instant::now());
        self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.free(self.since.map(|since| since.elapsed()));
        }
    }
}

fn shed(seconds: f64) -> Shed {
    Shed { retry_after: (seconds.ceil() as u64).clamp(1, 60) }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place")
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use futures_util::FutureExt;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    async fn enter(queue: &Admission, priority: Priority, session: &str) -> Place {
        queue.enter(priority, session, soon()).await.unwrap()
    }

    /// Polls once, so that it stands in the queue.
    fn queued<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
        let mut future = Box::pin(future);
        assert!((&mut future).now_or_never().is_none(), "it waits");
        future
    }

    #[tokio::test(start_paused = true)]
    async fn the_urgent_go_first_and_bulk_last_but_not_never() {
        let queue = Admission::new(1, 100);
        let at_work = enter(&queue, Priority::Ordinary, "a").await;
        let (order, mut tasks) = (Arc::new(Mutex::new(Vec::new())), tokio::task::JoinSet::new());
        let mut all = vec![(Priority::Bulk, "b0".to_owned())];
        all.extend((0..10).map(|n| (Priority::Ordinary, format!("o{n}"))));
        all.extend((0..3).map(|n| (Priority::Urgent, format!("u{n}"))));
        for (priority, session) in all {
            let (queue, order) = (queue.clone(), Arc::clone(&order));
            tasks.spawn(async move {
                let place = queue.enter(priority, &session, soon()).await.unwrap();
                order.lock().unwrap().push(session);
                drop(place);
            });
            tokio::task::yield_now().await;
        }
        assert_eq!(queue.depth(), (1, [3, 10, 1]));
        drop(at_work);
        tasks.join_all().await;
        let order = order.lock().unwrap().clone();
        assert_eq!(order[..3], ["u0", "u1", "u2"]);
        let bulk = order.iter().position(|s| s == "b0").unwrap();
        assert!((3..13).contains(&bulk), "{order:?}");
        assert_eq!(queue.depth(), (0, [0, 0, 0]));
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_take_turns() {
        let queue = Admission::new(1, 100);
        let at_work = enter(&queue, Priority::Ordinary, "x").await;
        let (order, mut tasks) = (Arc::new(Mutex::new(Vec::new())), tokio::task::JoinSet::new());
        for session in ["much", "much", "much", "much", "little"] {
            let (queue, order) = (queue.clone(), Arc::clone(&order));
            tasks.spawn(async move {
                let _place = queue.enter(Priority::Ordinary, session, soon()).await.unwrap();
                order.lock().unwrap().push(session);
            });
            tokio::task::yield_now().await;
        }
        drop(at_work);
        tasks.join_all().await;
        assert_eq!(*order.lock().unwrap(), ["much", "little", "much", "much", "much"]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_gives_its_place_to_the_next() {
        let queue = Admission::new(1, 100);
        let at_work = enter(&queue, Priority::Ordinary, "a").await;
        let first = queued(queue.enter(Priority::Ordinary, "b", soon()));
        let second = queued(queue.enter(Priority::Ordinary, "c", soon()));
        assert_eq!(queue.depth(), (1, [0, 2, 0]));
        drop(first);
        assert_eq!(queue.depth(), (1, [0, 1, 0]));
        drop(at_work);
        drop(second.await.unwrap());
        assert_eq!(queue.depth(), (0, [0, 0, 0]));

        // Called and gone before it took the place: that is no place lost.
        let at_work = enter(&queue, Priority::Ordinary, "a").await;
        let called = queued(queue.enter(Priority::Ordinary, "b", soon()));
        drop(at_work);
        drop(called);
        assert_eq!(queue.depth(), (0, [0, 0, 0]));
        assert!(queue.has_room());
    }

    #[tokio::test(start_paused = true)]
    async fn who_would_wait_in_vain_is_told_so_at_once() {
        let queue = Admission::new(1, 2);
        // An answer takes ten seconds here.
        let place = enter(&queue, Priority::Ordinary, "a").await;
        tokio::time::advance(Duration::from_secs(10)).await;
        drop(place);
        let _at_work = enter(&queue, Priority::Ordinary, "a").await;
        let short = Instant::now() + Duration::from_secs(15);
        let shed = queue.enter(Priority::Ordinary, "b", short).now_or_never().unwrap().unwrap_err();
        assert_eq!(shed.retry_after, 10);
        let _one = queued(queue.enter(Priority::Ordinary, "b", soon()));
        let far = Instant::now() + Duration::from_secs(1000);
        let _two = queued(queue.enter(Priority::Ordinary, "c", far));
        let full = queue.enter(Priority::Ordinary, "d", far).now_or_never().unwrap();
        assert!(full.is_err(), "as many wait as may");
        // Those who wait for less keep nobody out who needs more.
        let _three = queued(queue.enter(Priority::Urgent, "e", far));
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_deadline_nobody_waits_any_more() {
        let queue = Admission::new(1, 100);
        let _at_work = enter(&queue, Priority::Ordinary, "a").await;
        let waiting = queue.enter(Priority::Ordinary, "b", Instant::now() + Duration::from_secs(5));
        assert!(waiting.await.is_err());
        assert_eq!(queue.depth(), (1, [0, 0, 0]));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_place_is_lost_or_given_twice_under_a_crowd_that_comes_and_goes() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let (queue, inside) = (Admission::new(3, 10_000), Arc::new(AtomicUsize::new(0)));
        let mut tasks = tokio::task::JoinSet::new();
        for number in 0..600_u64 {
            let (queue, inside) = (queue.clone(), Arc::clone(&inside));
            tasks.spawn(async move {
                let session = format!("s{}", number % 7);
                let priority = Priority::ALL[(number % 3) as usize];
                let work = async {
                    let place = queue.enter(priority, &session, soon()).await.unwrap();
                    assert!(inside.fetch_add(1, Ordering::SeqCst) < 3);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                    drop(place);
                };
                // Every third comes and goes away while it waits, before it comes to stay.
                if number % 3 == 1 {
                    drop(queue.enter(priority, &session, soon()).now_or_never());
                }
                work.await;
            });
        }
        tasks.join_all().await;
        assert_eq!((queue.depth(), inside.load(Ordering::SeqCst)), ((0, [0, 0, 0]), 0));
    }
}
