//! When a provider that said "come back later" may be asked again: by every call, not only by the one that heard it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use contactiq_domain::{Clock, Timestamp};

/// The longest that a provider is obeyed: who asks for more may have been wrong, or may be back sooner.
const LONGEST: Duration = Duration::from_secs(600);

/// What one provider said of it last.
pub(super) struct NotBefore {
    clock: Arc<dyn Clock>,
    /// When it was said, and until when it holds.
    said: Mutex<Option<(Timestamp, Timestamp)>>,
}

impl NotBefore {
    pub(super) fn new(clock: Arc<dyn Clock>) -> NotBefore {
        NotBefore { clock, said: Mutex::default() }
    }

    /// The provider asks to be left alone for so long. What it asked for before holds as well.
    pub(super) fn note(&self, after: Duration) {
        let micros = i64::try_from(after.min(LONGEST).as_micros()).unwrap_or(i64::MAX);
        let now = self.clock.now();
        let until = now.plus_micros(micros);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let before = said.filter(|(at, _)| *at <= now).map(|(_, until)| until);
        *said = Some((now, before.map_or(until, |before| before.max(until))));
    }

    /// How long it is to be left alone from now on; none where it may be asked, also where the clock was set back
    /// behind what it said.
    pub(super) fn left(&self) -> Option<Duration> {
        let now = self.clock.now();
        let (at, until) = (*self.said.lock().unwrap_or_else(PoisonError::into_inner))?;
        (at <= now && now < until).then(|| Duration::from_micros(until.micros().abs_diff(now.micros())))
    }
}

#[cfg(test)]
mod tests {
    use contactiq_domain::clock::FixedClock;

    use super::*;

    #[test]
    fn it_holds_for_as_long_as_was_asked_and_ten_minutes_at_most() {
        let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000_000)));
        let alone = NotBefore::new(clock.clone());
        assert_eq!(alone.left(), None);
        alone.note(Duration::from_secs(90));
        alone.note(Duration::from_secs(5));
        assert_eq!(alone.left(), Some(Duration::from_secs(90)), "a shorter wait takes nothing back");
        clock.advance_seconds(89);
        assert_eq!(alone.left(), Some(Duration::from_secs(1)));
        clock.advance_seconds(1);
        assert_eq!(alone.left(), None);
        alone.note(Duration::MAX);
        assert_eq!(alone.left(), Some(LONGEST));
        clock.advance_seconds(-3_600);
        assert_eq!(alone.left(), None, "a clock that was set back holds nobody for an hour");
    }
}
