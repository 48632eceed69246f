//! Requests that carry a key: the one in force, and where the provider refuses that, once the one that stands by (A8).

use contactiq_domain::{Key, Keyring};
use reqwest::{RequestBuilder, Response};

use crate::{KeyQuota, Message, ModelError, response::send};

/// Who asks, for the log and the figures of a key. Both are words of the configuration.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    /// The name of the provider.
    pub(crate) provider: &'a str,
    /// What the key is for: `answer`, `moderation`, `embeddings` or `search`.
    pub(crate) operation: &'static str,
}

/// A response, the id of the key that opened, and the tokens that its day holds for it.
pub(crate) struct Opened {
    pub(crate) response: Response,
    pub(crate) key: String,
    pub(crate) held: u64,
}

/// What figures say where there is no key.
const NO_KEY: &str = "none";
/// Tokens that a server may count around each message.
const AROUND_A_MESSAGE: u64 = 16;

/// The most tokens that a call may take: every byte of what is sent is one, and the longest answer.
pub(crate) fn most_tokens(messages: &[Message], most: u32) -> u64 {
    let sent = messages.iter().map(|message| message.content.len() as u64 + AROUND_A_MESSAGE);
    sent.sum::<u64>() + u64::from(most)
}

/// Sends with the key in force. Where the provider refuses that (401, 403), the standby is tried once, and is in force
/// from then on when it opens. A quota is taken before each try; of one that the provider did nothing for it is given
/// back at once.
///
/// # Errors
/// As [`send`], and [`ModelError::Quota`].
pub(crate) async fn send_with(
    keys: &Keyring,
    asker: Asker<'_>,
    quota: Option<(&dyn KeyQuota, u64)>,
    request: impl Fn(Option<&Key>) -> RequestBuilder,
) -> Result<Opened, ModelError> {
    let Some(key) = keys.active() else {
        return asker.once(NO_KEY, quota, request(None)).await;
    };
    let opened = asker.once(key.id(), quota, request(Some(&key))).await;
    if !matches!(opened, Err(ModelError::Unauthorised)) {
        return opened;
    }
    let Some(standby) = keys.instead_of(&key) else {
        // Whoever asked tells the failure as what it is.
        tracing::info!(
            provider = asker.provider,
            operation = asker.operation,
            key = key.id(),
            "the provider refuses the key, and none stands by"
        );
        return opened;
    };
    let opened = asker.once(standby.id(), quota, request(Some(&standby))).await;
    match &opened {
        Err(ModelError::Unauthorised) => {
            keys.note_stale();
            tracing::info!(
                provider = asker.provider,
                operation = asker.operation,
                "the provider refuses the key in force and the one that stands by"
            );
        }
        // It answered nothing to tell by: what is in force stays so.
        Err(_) => {}
        Ok(_) => asker.switch(keys, &key, &standby),
    }
    opened
}

impl Asker<'_> {
    /// One try with one key.
    async fn once(
        self,
        key: &str,
        quota: Option<(&dyn KeyQuota, u64)>,
        request: RequestBuilder,
    ) -> Result<Opened, ModelError> {
        let mut held = 0;
        if let Some((quota, tokens)) = quota {
            let taken = quota.take(key, tokens).await;
            if let Err(error) = taken {
                self.count(key, error.code());
                return Err(error);
            }
            held = tokens;
        }
        let sent = send(request).await;
        self.count(key, sent.as_ref().err().map_or("ok", ModelError::code));
        if let (Some((quota, _)), Err(error)) = (quota, &sent)
            && !error.may_cost()
        {
            quota.give_back(key, held).await;
        }
        Ok(Opened { response: sent?, key: key.to_owned(), held })
    }

    fn count(self, key: &str, outcome: &'static str) {
        metrics::counter!(
            "contactiq_provider_key_requests_total",
            "provider" => self.provider.to_owned(), "operation" => self.operation, "key" => key.to_owned(),
            "outcome" => outcome
        )
        .increment(1);
        // An alarm on its growth needs to have seen it before.
        self.count_switches(0);
    }

    fn count_switches(self, switches: u64) {
        metrics::counter!(
            "contactiq_provider_key_switches_total",
            "provider" => self.provider.to_owned(), "operation" => self.operation
        )
        .increment(switches);
    }

    /// Counts what a provider said that it read and wrote.
    pub(crate) fn count_tokens(self, key: &str, input: u64, output: u64) {
        for (kind, tokens) in [("input", input), ("output", output)] {
            metrics::counter!(
                "contactiq_provider_key_tokens_total",
                "provider" => self.provider.to_owned(), "operation" => self.operation, "key" => key.to_owned(),
                "kind" => kind
            )
            .increment(tokens);
        }
    }

    fn switch(self, keys: &Keyring, refused: &Key, standby: &Key) {
        if !keys.promote(standby) {
            return;
        }
        self.count_switches(1);
        tracing::warn!(
            critical = true,
            provider = self.provider,
            operation = self.operation,
            refused = refused.id(),
            in_force = standby.id(),
            "the provider refuses the key in force: the one that stood by opens and is in force from now on"
        );
    }
}
