//! Who gets in, and whether the identity provider works.

use std::sync::Arc;

use super::{Finding, State};
use crate::{config::Config, guard::tokens::Tokens, wiring::SystemClock};

/// What is in force, what is doubtful about it, and whether the provider answers.
pub(super) async fn look(config: &Config) -> Vec<Finding> {
    let part = "identity";
    let mut found = vec![provider(config).await];
    let in_words = config.identity.in_words(&config.server);
    let people = Finding { part: "sign-in", state: State::Ok, detail: in_words };
    found.push(match config.identity.local_sign_in() || config.identity.oidc.signs_in() {
        true => people,
        false => Finding { state: State::Off, ..people },
    });
    let doubts = config.identity.doubts(&config.server).into_iter();
    found.extend(doubts.map(|detail| Finding { part, state: State::Off, detail }));
    found
}

async fn provider(config: &Config) -> Finding {
    let part = "identity";
    let oidc = &config.identity.oidc;
    if !oidc.is_configured() {
        let detail = "no identity provider (identity.oidc.issuer): programs come with API keys".to_owned();
        return Finding { part, state: State::Off, detail };
    }
    // Nothing is signed here: any key will do.
    let tokens = match Tokens::new(config, &[0; 32], Arc::new(SystemClock)) {
        Ok(tokens) => tokens,
        Err(detail) => return Finding { part, state: State::Failing, detail },
    };
    let Some(provider) = tokens.provider() else {
        return Finding { part, state: State::Off, detail: "no identity provider".to_owned() };
    };
    match provider.tend().await {
        Ok(keys) => Finding {
            part,
            state: State::Ok,
            detail: format!("{} answers, with {keys} keys that can be used", oidc.issuer),
        },
        Err(error) => Finding {
            part,
            state: State::Failing,
            detail: format!(
                "{}: {error}. Until it does, nobody gets in with its tokens, unless the server read its keys before",
                oidc.issuer
            ),
        },
    }
}
