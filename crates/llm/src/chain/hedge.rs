//! The next provider beside a slow one: whoever begins first is heard, and the other is stopped. What it may ask for is
//! counted as that of every try that was dropped, and is inside of the bound: each lane asks providers of its own.

use std::time::Duration;

use tokio::time::sleep;

use super::{
    Chain, Served,
    lane::{Call, Lane},
};
use crate::ModelError;

impl Chain {
    /// Asks the first provider, and the others in order beside it when it has not begun after this time.
    pub(super) async fn hedged(&self, call: Call<'_>, after: Duration) -> Result<Served, ModelError> {
        let (first, others) = self.links.split_at(1);
        let beside = Call { lane: Lane::Beside, ..call };
        let mut own = Box::pin(self.walk(first, call, ModelError::NoProvider, !others.is_empty()));
        tokio::select! {
            biased;
            done = &mut own => return match done {
                // Nobody has to be patient with one that failed.
                Err(error) if call.goes_on(&error) => self.walk(others, beside, error, false).await,
                done => done,
            },
            () = call.delivery.begins() => return own.await,
            () = sleep(after) => {}
        }
        tracing::info!(
            provider = first[0].provider.name(),
            millis = after.as_millis(),
            "the model is slow: the next one is asked beside it"
        );
        let mut other = Box::pin(self.walk(others, beside, ModelError::NoProvider, false));
        tokio::select! {
            biased;
            () = call.delivery.begins() => {
                if call.delivery.is_heard(Lane::First) {
                    drop(other);
                    own.await
                } else {
                    drop(own);
                    other.await
                }
            }
            // One that may not speak any more ends too: what it says of that is no failure.
            done = &mut own => match done {
                Err(error) if call.goes_on(&error) || call.delivery.is_heard(Lane::Beside) => {
                    other.await.map_err(|last| telling(error, last))
                }
                done => done,
            },
            done = &mut other => match done {
                Err(error) if call.goes_on(&error) || call.delivery.is_heard(Lane::First) => {
                    own.await.map_err(|last| telling(error, last))
                }
                done => done,
            },
        }
    }
}

/// The last failure, but for one that was only left alone: that tells less.
fn telling(before: ModelError, last: ModelError) -> ModelError {
    if last.is_left_alone() { before } else { last }
}
