//! Requests that carry a key: the one in force, and where the provider refuses that, once the one that stands by (A8).

use contactiq_domain::{Key, Keyring};
use reqwest::{RequestBuilder, Response};

use crate::{ModelError, response::send};

/// Who asks, for the log and the figures of a key. Both are words of the configuration.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    /// The name of the provider.
    pub(crate) provider: &'a str,
    /// What the key is for: `answer`, `moderation` or `embeddings`.
    pub(crate) operation: &'static str,
}

/// A response, and the id of the key that opened.
pub(crate) struct Opened {
    pub(crate) response: Response,
    pub(crate) key: String,
}

/// What figures say where there is no key.
const NO_KEY: &str = "none";

/// Sends with the key in force. Where the provider refuses that (401, 403), the standby is tried once, and is in force
/// from then on when it opens.
///
/// # Errors
/// As [`send`].
pub(crate) async fn send_with(
    keys: &Keyring,
    asker: Asker<'_>,
    request: impl Fn(Option<&Key>) -> RequestBuilder,
) -> Result<Opened, ModelError> {
    let Some(key) = keys.active() else {
        let sent = send(request(None)).await;
        asker.count(NO_KEY, &sent);
        return opened(sent, NO_KEY);
    };
    let sent = send(request(Some(&key))).await;
    asker.count(key.id(), &sent);
    if !matches!(sent, Err(ModelError::Unauthorised)) {
        return opened(sent, key.id());
    }
    let Some(standby) = keys.instead_of(&key) else {
        tracing::warn!(
            critical = true,
            provider = asker.provider,
            operation = asker.operation,
            key = key.id(),
            "the provider refuses the key, and none stands by"
        );
        return opened(sent, key.id());
    };
    let sent = send(request(Some(&standby))).await;
    asker.count(standby.id(), &sent);
    match &sent {
        Err(ModelError::Unauthorised) => {
            keys.note_stale();
            tracing::warn!(
                critical = true,
                provider = asker.provider,
                operation = asker.operation,
                "the provider refuses the key in force and the one that stands by"
            );
        }
        // It answered nothing to tell by: what is in force stays so.
        Err(_) => {}
        Ok(_) => asker.switch(keys, &key, &standby),
    }
    opened(sent, standby.id())
}

fn opened(sent: Result<Response, ModelError>, key: &str) -> Result<Opened, ModelError> {
    Ok(Opened { response: sent?, key: key.to_owned() })
}

impl Asker<'_> {
    fn count(self, key: &str, sent: &Result<Response, ModelError>) {
        let outcome = sent.as_ref().err().map_or("ok", ModelError::code);
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
