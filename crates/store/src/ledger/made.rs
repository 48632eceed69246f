//! What a step made of a question that was handed over, until its record is there: a worker that takes the question over
//! goes on with it, and nobody pays a model twice (C2). It is known by question and step.

use contactiq_domain::ids::InteractionId;
use contactiq_guard::Masked;
use serde::{Deserialize, Serialize};

use super::{Ledger, kept::Sealed};
use crate::row::place;

/// What a step made.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// What a model wrote, masked.
    pub text: Masked,
    /// What else the step needs to go on.
    pub about: String,
}

#[derive(Serialize, Deserialize)]
struct Form {
    text: Sealed,
    /// Sealed too: a hash in it would let texts be tried.
    about: String,
}

impl Ledger {
    /// Keeps what a step made of a question, sealed. Without a queue, or where it does not take it in time, nothing is
    /// kept: then the step is done again.
    pub async fn keep_made(&self, interaction: InteractionId, step: &str, made: &Made) {
        let Some(queue) = &self.0.queue else { return };
        let (sealer, place) = (self.0.store.sealer(), place_of(interaction, step));
        let form =
            Form { text: Sealed(sealer.seal(&made.text, &place)), about: sealer.hide(&made.about, &place) };
        let Ok(bytes) = serde_json::to_vec(&form) else { return };
        let Some(permit) = self.0.queue_breaker.admit() else { return };
        match queue.keep_made(interaction, step, &bytes).await {
            Ok(()) => permit.success(),
            Err(error) => {
                permit.failure();
                tracing::debug!(%error, %interaction, step, "what a step made is not kept");
            }
        }
    }

    /// What another worker's step made of this question; none where nothing is known of it.
    pub async fn made(&self, interaction: InteractionId, step: &str) -> Option<Made> {
        let queue = self.0.queue.as_ref()?;
        let permit = self.0.queue_breaker.admit()?;
        let found = queue.made(interaction, step).await;
        if found.is_ok() {
            permit.success()
        } else {
            permit.failure()
        }
        let Form { text, about } = serde_json::from_slice(&found.ok()??).ok()?;
        let (sealer, place) = (self.0.store.sealer(), place_of(interaction, step));
        Some(Made { text: sealer.open(&text.0, &place).ok()?, about: sealer.reveal(&about, &place).ok()? })
    }
}

/// It stands in no table, and is bound to its question and step all the same.
fn place_of(interaction: InteractionId, step: &str) -> String {
    place("made", step, &interaction.to_string())
}
