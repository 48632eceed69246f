//! What a worker tells a gateway on the way to an answer: sealed text through the list of replies.

use std::time::Duration;

use contactiq_domain::{StepTrace, ids::InteractionId};
use contactiq_pipeline::{Listening, Said};
use contactiq_store::{
    Ledger,
    ledger::Shown,
    requests::{Requests, Taken},
};
use serde::{Deserialize, Serialize};

/// How often a worker looks whether anybody listens still.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Told {
    Steps(Vec<StepTrace>),
    /// The answer so far, as the ledger seals it.
    More(String),
    Restart,
}

/// As text for the queue; nothing of what the gateway knows already.
fn to_text(ledger: &Ledger, id: InteractionId, said: Said) -> Option<String> {
    let told = match said {
        Said::Begun(_) => return None,
        Said::Steps(steps) => Told::Steps(steps),
        Said::More { text, citations } => Told::More(ledger.to_tell(id, &Shown { text, citations }).ok()?),
        Said::Restart => Told::Restart,
    };
    serde_json::to_string(&told).ok()
}

/// What that text says; nothing where another version wrote it.
pub(super) fn from_text(ledger: &Ledger, id: InteractionId, text: &str) -> Option<Said> {
    Some(match serde_json::from_str(text).ok()? {
        Told::Steps(steps) => Said::Steps(steps),
        Told::More(part) => {
            let Shown { text, citations } = ledger.told(id, &part)?;
            Said::More { text, citations }
        }
        Told::Restart => Said::Restart,
    })
}

/// Carries what is told to the gateway until the answer is there, and stops the model when nobody listens there.
pub(super) async fn carry(requests: &Requests, ledger: &Ledger, taken: &Taken, mut listening: Listening) {
    let mut look = tokio::time::interval_at(tokio::time::Instant::now() + LOOK_EVERY, LOOK_EVERY);
    loop {
        tokio::select! {
            said = listening.hear() => {
                let Some(said) = said else { return };
                let Some(text) = to_text(ledger, taken.interaction, said) else { continue };
                // What is not heard on the way is heard at the end.
                if let Err(error) = requests.say(taken, &text).await {
                    tracing::debug!(%error, "a gateway could not be told a sentence");
                }
            }
            _ = look.tick() => {
                if matches!(requests.is_left_off(taken.interaction).await, Ok(true)) {
                    listening.leave();
                }
            }
        }
    }
}
