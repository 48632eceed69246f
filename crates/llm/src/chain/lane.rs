//! One way through the providers of a call, and which of two ways is the one that is heard.

use std::{
    future,
    sync::atomic::{AtomicU8, AtomicU32, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Notify, mpsc},
    time::Instant,
};

use crate::{ModelError, Prompt, Tries};

/// A way through the providers. Two of them never ask the same provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// The only one, or the first provider's.
    First = 1,
    /// That of the others, which were asked beside it.
    Beside = 2,
}

/// Where the text goes.
pub(super) enum Delivery {
    Whole,
    Sentences { to: mpsc::Sender<String>, heard: Heard },
}

/// Which lane speaks: the first that has a sentence, from then on alone.
#[derive(Default)]
pub(super) struct Heard {
    lane: AtomicU8,
    begun: Notify,
}

impl Heard {
    /// Whether this lane may speak; the first that asks may.
    pub(super) fn takes(&self, lane: Lane) -> bool {
        match self.lane.compare_exchange(0, lane as u8, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => {
                self.begun.notify_one();
                true
            }
            Err(speaking) => speaking == lane as u8,
        }
    }
}

impl Delivery {
    /// To this receiver, of which nothing is out yet.
    pub(super) fn sentences(to: mpsc::Sender<String>) -> Self {
        Self::Sentences { to, heard: Heard::default() }
    }

    /// A person who has read the beginning of an answer can't be given another one.
    pub(super) fn has_begun(&self) -> bool {
        matches!(self, Self::Sentences { heard, .. } if heard.lane.load(Ordering::SeqCst) != 0)
    }

    /// Whether this lane is the one that is heard.
    pub(super) fn is_heard(&self, lane: Lane) -> bool {
        matches!(self, Self::Sentences { heard, .. } if heard.lane.load(Ordering::SeqCst) == lane as u8)
    }

    /// Waits until a lane is heard; a whole answer begins with its end.
    pub(super) async fn begins(&self) {
        match self {
            Self::Whole => future::pending().await,
            Self::Sentences { heard, .. } => heard.begun.notified().await,
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        matches!(self, Self::Sentences { to, .. } if to.is_closed())
    }
}

/// One call on its way through a lane.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) prompt: &'a Prompt,
    pub(super) deadline: Instant,
    pub(super) delivery: &'a Delivery,
    pub(super) lane: Lane,
    /// Tries that nobody knows the price of, of all lanes.
    pub(super) tries: &'a Tries,
    /// Tries of all lanes.
    pub(super) attempts: &'a AtomicU32,
}

impl Call<'_> {
    pub(super) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether another provider may be asked after this failure.
    pub(super) fn goes_on(&self, error: &ModelError) -> bool {
        !self.delivery.has_begun() && !matches!(error, ModelError::Cancelled | ModelError::BadPrompt { .. })
    }
}
