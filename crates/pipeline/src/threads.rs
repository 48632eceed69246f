//! Threads that are kept for the next work, the one that worked last first: each has scratch space for every pattern
//! that it searched, which costs as much time as a reading to warm up, and megabytes.

use std::{
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// So long a thread without work is kept.
const IDLE: Duration = Duration::from_secs(10);

/// What a thread does.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// Threads of one name, of which any number may be at work. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Threads(Arc<Inner>);

struct Inner {
    name: &'static str,
    idle: Mutex<Vec<Idle>>,
    next: AtomicU64,
}

/// A thread without work, and its way to some.
struct Idle {
    number: u64,
    work: mpsc::SyncSender<Work>,
}

impl Threads {
    /// None at first, each made when it is needed.
    pub(crate) fn named(name: &'static str) -> Threads {
        Threads(Arc::new(Inner { name, idle: Mutex::default(), next: AtomicU64::default() }))
    }

    /// Does it on the thread that has been without work for the shortest time, else on a new one. Who panics takes the
    /// own thread along and no other.
    ///
    /// # Errors
    /// Where this machine gives no more threads: the work is dropped.
    pub(crate) fn run(&self, mut work: Work) -> io::Result<()> {
        // Not in the condition of the loop: the lock would be held while the work is sent.
        let pop = || self.0.lock().pop();
        while let Some(idle) = pop() {
            match idle.work.try_send(work) {
                Ok(()) => return Ok(()),
                Err(mpsc::TrySendError::Full(back) | mpsc::TrySendError::Disconnected(back)) => work = back,
            }
        }
        let inner = Arc::clone(&self.0);
        thread::Builder::new().name(self.0.name.to_owned()).spawn(move || inner.work_on(work)).map(drop)
    }
}

impl Inner {
    fn work_on(&self, first: Work) {
        first();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = mpsc::sync_channel::<Work>(1);
        loop {
            self.lock().push(Idle { number, work: sender.clone() });
            let more = receiver.recv_timeout(IDLE).or_else(|_| {
                let mut idle = self.lock();
                let before = idle.len();
                idle.retain(|one| one.number != number);
                let was_taken = idle.len() == before;
                drop(idle);
                // Whoever took it is about to send.
                if was_taken { receiver.recv() } else { Err(mpsc::RecvError) }
            });
            match more {
                Ok(work) => work(),
                Err(_) => return,
            }
        }
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread::ThreadId;

    use super::*;

    /// On which thread it runs, told when the thread waits for the next work.
    fn runs_on(threads: &Threads) -> ThreadId {
        let (tell, hear) = mpsc::channel();
        threads.run(Box::new(move || tell.send(thread::current().id()).unwrap())).unwrap();
        let on = hear.recv().unwrap();
        while threads.0.lock().is_empty() {
            thread::yield_now();
        }
        on
    }

    #[test]
    fn one_after_another_they_share_a_thread_and_at_once_they_do_not() {
        let threads = Threads::named("tried");
        let first = runs_on(&threads);
        assert_eq!(runs_on(&threads), first);
        let (go, wait) = mpsc::channel::<()>();
        threads.run(Box::new(move || wait.recv().unwrap())).unwrap();
        let second = runs_on(&threads);
        assert_ne!(second, first);
        go.send(()).unwrap();
    }

    #[test]
    fn who_panics_takes_no_other_along() {
        let threads = Threads::named("tried");
        let first = runs_on(&threads);
        let (tell, hear) = mpsc::channel::<()>();
        threads
            .run(Box::new(move || {
                let _dropped_with_the_thread = tell;
                panic!("as a guard would");
            }))
            .unwrap();
        assert!(hear.recv().is_err());
        assert!(threads.0.lock().is_empty());
        assert_ne!(runs_on(&threads), first);
    }
}
