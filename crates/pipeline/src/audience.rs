//! Whoever is shown an answer while a model still writes it: sentence by sentence, each durable before it is told.

use contactiq_domain::{Citation, StepTrace, ids::InteractionId};
use contactiq_guard::Masked;
use tokio::sync::{mpsc, watch};

/// What is told on the way to an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Which interaction the question became.
    Begun(InteractionId),
    /// What was done before the first word.
    Steps(Vec<StepTrace>),
    /// The answer so far, all of it, and its citations so far.
    More {
        /// The text; what was told before is its beginning.
        text: Masked,
        /// The citations; those told before come first.
        citations: Vec<Citation>,
    },
    /// What was told is withdrawn: the answer begins again.
    Restart,
}

/// The way to the listener. Telling never waits: an answer is bounded, and a slow listener is not the model's matter.
#[derive(Debug, Clone)]
pub struct Audience {
    said: mpsc::UnboundedSender<Said>,
    /// Whether it is told sentences, or waits for the whole.
    hears: bool,
    left: watch::Receiver<bool>,
}

/// The listener's end. Dropping it is leaving.
#[derive(Debug)]
pub struct Listening {
    said: mpsc::UnboundedReceiver<Said>,
    left: watch::Sender<bool>,
}

impl Audience {
    /// An audience and its listener.
    #[must_use]
    pub fn new() -> (Audience, Listening) {
        let (tell, said) = mpsc::unbounded_channel();
        let (left, leaving) = watch::channel(false);
        (Audience { said: tell, hears: true, left: leaving }, Listening { said, left })
    }

    /// An audience that waits for the whole answer and may leave before it is there.
    #[must_use]
    pub fn waiting() -> (Audience, Listening) {
        let (audience, listening) = Audience::new();
        (Audience { hears: false, ..audience }, listening)
    }

    /// Whether it is told the answer sentence by sentence.
    #[must_use]
    pub const fn hears(&self) -> bool {
        self.hears
    }

    /// Tells it. A listener who left hears nothing more.
    pub fn tell(&self, said: Said) {
        if self.hears {
            drop(self.said.send(said));
        }
    }

    /// Returns when the listener left.
    pub async fn left(&self) {
        let mut left = self.left.clone();
        // An error is a listener that was dropped.
        drop(left.wait_for(|left| *left).await);
    }
}

impl Listening {
    /// What is told next; none when nothing more will be.
    pub async fn hear(&mut self) -> Option<Said> {
        self.said.recv().await
    }

    /// What was told and not heard yet.
    pub fn heard(&mut self) -> Option<Said> {
        self.said.try_recv().ok()
    }

    /// Leaves: a model that still writes is stopped.
    pub fn leave(&self) {
        self.left.send_replace(true);
    }
}
