//! Until when whoever asked still waits (C2, C4). It belongs to the task that answers, as a deadline of a call does in
//! other frameworks: what waits there for a connection of the database waits no longer than that, and a model is given
//! no more time. A job has none.

use std::time::Duration;

use tokio::time::Instant;

tokio::task_local! {
    static UNTIL: Instant;
}

/// Does this work until that moment: what is spawned in it has no deadline unless it is given one again.
pub async fn until<T>(deadline: Instant, work: impl Future<Output = T>) -> T {
    UNTIL.scope(deadline, work).await
}

/// The deadline of this task; none where nobody waits.
#[must_use]
pub fn of_this_task() -> Option<Instant> {
    UNTIL.try_with(|deadline| *deadline).ok()
}

/// What is left of it: nothing once it has passed, and none where there is no deadline.
#[must_use]
pub fn left() -> Option<Duration> {
    of_this_task().map(|deadline| deadline.saturating_duration_since(Instant::now()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_belongs_to_its_task_and_ends_with_its_work() {
        assert_eq!(left(), None);
        let told = until(Instant::now() + Duration::from_secs(30), async {
            tokio::time::sleep(Duration::from_secs(28)).await;
            let before = left();
            tokio::time::sleep(Duration::from_secs(9)).await;
            (before, left())
        });
        assert_eq!(told.await, (Some(Duration::from_secs(2)), Some(Duration::ZERO)));
        assert_eq!(of_this_task(), None);
    }
}
