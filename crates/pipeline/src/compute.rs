//! Work that takes milliseconds of a core: as many pieces at once as may be, on few threads.

use std::{
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::threads::Threads;

/// Places for work that computes, and the threads that do it. Cloning shares them.
#[derive(Clone)]
pub struct Compute {
    most: usize,
    places: Arc<Semaphore>,
    threads: Threads,
}

impl Compute {
    /// So many pieces of work at once, at least one.
    #[must_use]
    pub fn at_once(places: usize) -> Compute {
        let most = places.max(1);
        Compute { most, places: Arc::new(Semaphore::new(most)), threads: Threads::named("compute") }
    }

    /// All places, once nothing is at work: nothing begins until they are dropped.
    pub async fn stand_still(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_many_owned(u32::try_from(self.most).ok()?).await.ok()
    }

    /// Does it when there is a place. Once begun it ends, whether or not somebody waits for it.
    ///
    /// # Panics
    /// As the work does, and where this machine gives no more threads.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        // Nobody closes it; without a permit the work is done all the same.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (tell, hear) = oneshot::channel();
        let begun = self.threads.run(Box::new(move || {
            // The thread stays, with all that it has warmed up.
            let done = panic::catch_unwind(AssertUnwindSafe(work));
            drop(place);
            drop(tell.send(done));
        }));
        match (begun, hear.await) {
            (Ok(()), Ok(Ok(done))) => done,
            (Ok(()), Ok(Err(why))) => panic::resume_unwind(why),
            _ => panic!("this machine gives no more threads"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::Duration,
    };

    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test]
    async fn as_many_at_once_as_may_be_and_no_more() {
        let compute = Compute::at_once(2);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut all = JoinSet::new();
        for number in 0..12_usize {
            let (compute, now, most) = (compute.clone(), Arc::clone(&now), Arc::clone(&most));
            let work = move || {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
                now.fetch_sub(1, Ordering::SeqCst);
                number
            };
            all.spawn(async move { compute.run(work).await });
        }
        assert_eq!(all.join_all().await.into_iter().sum::<usize>(), 66);
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_reaches_who_waits_and_takes_no_place_along() {
        let compute = Compute::at_once(1);
        for _ in 0..3 {
            let (failing, mut one) = (compute.clone(), JoinSet::new());
            one.spawn(async move { failing.run(|| panic!("as work may")).await });
            assert!(one.join_next().await.unwrap().unwrap_err().is_panic());
        }
        assert_eq!(compute.run(|| 7).await, 7);
    }
}
