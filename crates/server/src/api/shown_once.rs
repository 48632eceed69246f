//! Secrets of API keys that are shown once, also where the request comes twice (B1): none is kept, sealed or not. The same
//! one is made again, of what the server and the client know ([`Chance`]), and shown as long as the key still has it.

use axum::http::{HeaderMap, StatusCode};
use contactiq_domain::ids::KeyId;
use contactiq_store::{
    Writer,
    keys::{self, ApiKey},
};

use super::{
    error::ApiError,
    idempotency::{self, Repeat, Taken, clients_key},
};
use crate::{
    app::App,
    guard::{identity::Caller, key_text},
    wiring::{self, mac, sha256_hex},
};

/// A request for a secret that may be sent again.
#[derive(Default)]
pub(super) struct Once(Option<(Taken, Chance)>);

/// What a request for a secret is.
pub(super) enum Asked {
    /// The first: make one.
    First(Once),
    /// A repetition: the secret and its key.
    Again(String, ApiKey),
}

impl Once {
    /// Whether it is the first; of a repetition the secret and the key, as long as that has it.
    ///
    /// # Errors
    /// 422 and 409 as [`idempotency::begin`]; [`ApiError::IdempotencyGone`] when the key has another secret by now, or none.
    pub(super) async fn begin(
        app: &App,
        caller: &Caller,
        route: &str,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Asked, ApiError> {
        let made = match idempotency::begin(app, caller, route, headers, body).await? {
            Repeat::First(None) => return Ok(Asked::First(Once::default())),
            Repeat::First(Some(taken)) => {
                return Ok(Asked::First(Once(Some((taken, Chance::first(app, caller, route, headers)?)))));
            }
            Repeat::Again(made) => made,
        };
        let (id, salt) = made.split_once(' ').ok_or(ApiError::Internal)?;
        let chance = Chance::again(app, caller, route, headers, salt.to_owned())?;
        let secret = key_text::make_of(app.config.server.environment, &chance.bytes);
        let id: KeyId = id.parse().map_err(|_| ApiError::Internal)?;
        let found = keys::find_by_id(&mut *app.house.store.read().await?, id).await?;
        let hash = sha256_hex(secret.as_bytes());
        let still = |key: &ApiKey| {
            key.hash == hash && key.revoked_at.is_none() && (caller.mode.is_none() || caller.mode == key.mode)
        };
        let key = found.filter(still).ok_or(ApiError::IdempotencyGone)?;
        Ok(Asked::Again(secret, key))
    }

    /// The secret to make.
    pub(super) fn secret(&self, app: &App) -> String {
        let environment = app.config.server.environment;
        match &self.0 {
            Some((_, chance)) => key_text::make_of(environment, &chance.bytes),
            None => key_text::make(environment),
        }
    }

    /// Keeps in the transaction that makes the key that this request made it.
    ///
    /// # Errors
    /// When the store fails.
    pub(super) async fn settle(
        &self,
        w: &mut Writer,
        key: KeyId,
        status: StatusCode,
    ) -> Result<(), ApiError> {
        match &self.0 {
            Some((taken, chance)) => {
                taken.settle(w, &format!("{key} {}", chance.salt), status.as_u16()).await
            }
            None => Ok(()),
        }
    }

    /// The transaction is saved.
    pub(super) fn done(self) {
        if let Some((taken, _)) = self.0 {
            taken.done();
        }
    }
}

/// What a secret is made of that is shown once and kept nowhere. Where the request has an `Idempotency-Key`, a repetition
/// makes the same again: from the server's key, the client's, which is kept nowhere, and a salt, which is kept as long as
/// the claim (a day).
struct Chance {
    /// What is kept beside the claim; empty where nobody can repeat.
    salt: String,
    /// 256 bits.
    bytes: [u8; 32],
}

impl Chance {
    /// For the first request; the same as [`Chance::again`] with its salt.
    ///
    /// # Errors
    /// 422 for a bad key.
    fn first(app: &App, caller: &Caller, route: &str, headers: &HeaderMap) -> Result<Chance, ApiError> {
        if clients_key(headers)?.is_none() {
            return Ok(Chance { salt: String::new(), bytes: wiring::random() });
        }
        Chance::again(app, caller, route, headers, wiring::random_text::<16>())
    }

    /// For a repetition.
    ///
    /// # Errors
    /// 422 for a bad key.
    fn again(
        app: &App,
        caller: &Caller,
        route: &str,
        headers: &HeaderMap,
        salt: String,
    ) -> Result<Chance, ApiError> {
        let key = clients_key(headers)?.unwrap_or_default();
        let whose = caller.identity();
        let bytes = made_of(&*app.body_key, key, [&whose, route, &salt]);
        Ok(Chance { salt, bytes })
    }
}

/// Each part has its length before it, so that no two requests have one text.
fn made_of(server: &[u8], key: &str, parts: [&str; 3]) -> [u8; 32] {
    let told: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    mac(&mac(server, &[b"chance\0", key.as_bytes()]), &[told.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: [u8; 32] = [7; 32];

    #[test]
    fn each_part_of_a_request_makes_another_secret() {
        let chance = made_of(&SERVER, "key-one", ["key:1", "POST /v1/keys", "salt"]);
        assert_eq!(chance, made_of(&SERVER, "key-one", ["key:1", "POST /v1/keys", "salt"]));
        for other in [
            made_of(&[8; 32], "key-one", ["key:1", "POST /v1/keys", "salt"]),
            made_of(&SERVER, "key-two", ["key:1", "POST /v1/keys", "salt"]),
            made_of(&SERVER, "key-one", ["key:2", "POST /v1/keys", "salt"]),
            made_of(&SERVER, "key-one", ["key:1", "POST /v1/keyss", "alt"]),
            made_of(&SERVER, "key-one", ["key:1", "POST /v1/keys", "pepper"]),
        ] {
            assert_ne!(chance, other);
        }
    }
}
