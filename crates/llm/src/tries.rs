//! The tries of a call of which nobody knows what they cost, and what is known of each while it is under way.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use contactiq_domain::interaction::Tokens;
use tokio::sync::mpsc;

use crate::{
    ModelError, Prompt, boundary,
    counting::{Usage, estimate, tokens_of},
};

/// Tries that may cost something nobody knows of: those under way, and those that ended without figures though they
/// reached the provider. Read it also when the call was dropped.
#[derive(Debug, Default)]
pub struct Tries(Mutex<Vec<Arc<Progress>>>);

impl Tries {
    pub(crate) fn begin(&self, prompt: &Prompt) -> Arc<Progress> {
        let progress = Arc::new(Progress::of(prompt));
        self.lock().push(Arc::clone(&progress));
        progress
    }

    /// This try gave its figures, or costs nothing.
    pub(crate) fn is_known(&self, progress: &Arc<Progress>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, progress));
    }

    /// How many there are.
    #[must_use]
    pub fn unknown(&self) -> u32 {
        u32::try_from(self.lock().len()).unwrap_or(u32::MAX)
    }

    /// What they read and wrote together: as the provider said so far, else counted from the texts.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let sum = |all: Tokens, one: Tokens| Tokens {
            input: all.input.saturating_add(one.input),
            output: all.output.saturating_add(one.output),
        };
        self.lock().iter().map(|progress| progress.tokens()).fold(Tokens::default(), sum)
    }

    // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Progress>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far one try has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Tokens of the prompt, as counted here.
    counted: u64,
    /// Tokens read, as the provider says; 0 while it says nothing.
    read: AtomicU64,
    /// Tokens written, as the provider says.
    written: AtomicU64,
    /// Characters of the text that arrived.
    arrived: AtomicU64,
}

impl Progress {
    fn of(prompt: &Prompt) -> Progress {
        // What can't be rendered is never sent.
        let messages = boundary::render(prompt).unwrap_or_default();
        let counted = messages.iter().map(|message| estimate(&message.content)).sum();
        Progress { counted, ..Progress::default() }
    }

    fn tokens(&self) -> Tokens {
        let read = self.read.load(Ordering::SeqCst);
        let arrived = tokens_of(self.arrived.load(Ordering::SeqCst));
        let written = self.written.load(Ordering::SeqCst).max(arrived);
        Tokens { input: if read > 0 { read } else { self.counted }, output: written }
    }
}

/// Where the sentences of one try go. It also hears how far the try has come, because of one that is cut or stopped
/// nobody says it later.
#[derive(Debug)]
pub struct SentenceSink {
    to: mpsc::Sender<String>,
    progress: Arc<Progress>,
}

impl SentenceSink {
    pub(crate) fn new(to: mpsc::Sender<String>, progress: Arc<Progress>) -> SentenceSink {
        SentenceSink { to, progress }
    }

    /// Hands a sentence on.
    ///
    /// # Errors
    /// `Cancelled` when nobody takes it any more.
    pub async fn send(&self, sentence: String) -> Result<(), ModelError> {
        self.to.send(sentence).await.map_err(|_| ModelError::Cancelled)
    }

    /// Returns when nobody takes sentences any more.
    pub async fn closed(&self) {
        self.to.closed().await;
    }

    /// Notes more text that arrived, whole sentences or not, and what the provider said of its work so far.
    pub(crate) fn note(&self, more: &str, usage: Option<Usage>) {
        self.progress.arrived.fetch_add(more.chars().count() as u64, Ordering::SeqCst);
        if let Some(usage) = usage {
            self.progress.read.store(usage.input, Ordering::SeqCst);
            self.progress.written.store(usage.output, Ordering::SeqCst);
        }
    }
}

/// Of a try that nobody counts.
impl From<mpsc::Sender<String>> for SentenceSink {
    fn from(to: mpsc::Sender<String>) -> SentenceSink {
        SentenceSink::new(to, Arc::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_try_read_and_wrote_is_counted_until_the_provider_says_it() {
        let (tries, prompt) = (Tries::default(), crate::prompt::example());
        let (one, other) = (tries.begin(&prompt), tries.begin(&prompt));
        let counted = tries.tokens();
        assert!(counted.input > 200 && counted.output == 0, "{counted:?}");
        let sink = SentenceSink::new(mpsc::channel(1).0, Arc::clone(&one));
        sink.note("It is free.", None);
        assert_eq!(tries.tokens(), Tokens { output: 4, ..counted });
        sink.note(" A", Some(Usage { input: 90, cached: 0, cache_written: 0, output: 7 }));
        assert_eq!(tries.tokens(), Tokens { input: counted.input / 2 + 90, output: 7 });
        tries.is_known(&one);
        assert_eq!((tries.unknown(), tries.tokens().output), (1, 0));
        tries.is_known(&other);
        assert_eq!((tries.unknown(), tries.tokens()), (0, Tokens::default()));
    }
}
