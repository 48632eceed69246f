//! Vault and OpenBao: key-value version 2, let in by a token, an AppRole or a role of Kubernetes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use contactiq_domain::{Clock, Secret, Timestamp};
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{
    SourceError, local,
    manager::{self, Named, as_text},
};
use crate::config::{VaultAuth, VaultSettings};

const VAULT: Named = Named {
    name: "Vault",
    address: "secrets.vault.address",
    access: "secrets.vault.auth with its token or role, and the policy of that",
};
/// A token is given back to nobody this long before its lease ends.
const BEFORE_THE_END: i64 = 30;

/// The way to one Vault.
pub(super) struct Vault {
    settings: VaultSettings,
    http: Client,
    clock: Arc<dyn Clock>,
    token: Mutex<Option<Token>>,
}

/// What lets us in.
struct Token {
    value: Zeroizing<String>,
    /// None where nobody said: then it is kept until it is refused.
    until: Option<Timestamp>,
}

/// The entries of one reading, so that an entry of several fields is read once.
pub(super) type Entries = HashMap<String, Result<Map<String, Value>, SourceError>>;

#[derive(Deserialize)]
struct LoggedIn {
    auth: Auth,
}

#[derive(Deserialize)]
struct Auth {
    client_token: Zeroizing<String>,
    lease_duration: i64,
}

#[derive(Deserialize)]
struct Kept {
    data: Versioned,
}

#[derive(Deserialize)]
struct Versioned {
    data: Option<Map<String, Value>>,
}

impl Vault {
    pub(super) fn new(settings: &VaultSettings, clock: Arc<dyn Clock>) -> Result<Vault, SourceError> {
        if settings.address.trim().is_empty() {
            return Err(VAULT.not_configured("secrets.vault.address"));
        }
        let ca_file = Some(settings.ca_file.trim()).filter(|path| !path.is_empty());
        let http = manager::client(ca_file.map(std::path::Path::new), VAULT)?;
        Ok(Vault { settings: settings.clone(), http, clock, token: Mutex::default() })
    }

    /// A field of an entry.
    pub(super) async fn read(
        &self,
        (mount, path, field): (&str, &str, &str),
        entries: &mut Entries,
    ) -> Result<Secret, SourceError> {
        let place = format!("{mount}/{path}");
        if !entries.contains_key(&place) {
            let read = self.entry(mount, path).await;
            entries.insert(place.clone(), read);
        }
        let entry = entries.get(&place).ok_or(VAULT.garbage())?.as_ref().map_err(Clone::clone)?;
        let secret = Secret::new(as_text(entry.get(field).ok_or(SourceError::NoField)?)?);
        if secret.is_empty() { Err(SourceError::Empty) } else { Ok(secret) }
    }

    async fn entry(&self, mount: &str, path: &str) -> Result<Map<String, Value>, SourceError> {
        let mut token = self.token.lock().await;
        let known = token.take().filter(|token| token.until.is_none_or(|end| self.clock.now() < end));
        let (used, is_fresh) = match known {
            Some(known) => (known, false),
            None => (self.log_in().await?, true),
        };
        let read = self.entry_with(mount, path, &used).await;
        let read = match read {
            // Somebody took the token away before its time.
            Err(SourceError::Refused { .. }) if !is_fresh => {
                let fresh = self.log_in().await?;
                let again = self.entry_with(mount, path, &fresh).await;
                *token = Some(fresh);
                again
            }
            read => {
                *token = Some(used);
                read
            }
        };
        // A token of the configuration is read anew each time: an agent may have changed its file.
        if self.settings.auth == VaultAuth::Token {
            *token = None;
        }
        read
    }

    async fn entry_with(
        &self,
        mount: &str,
        path: &str,
        token: &Token,
    ) -> Result<Map<String, Value>, SourceError> {
        let request = self.request(Method::GET, &format!("{mount}/data/{path}"));
        let answer = manager::ask(request.header("x-vault-token", sealed(&token.value)?), VAULT).await?;
        let answer = checked(answer)?;
        // Of a version that was deleted there is no data.
        answer.json::<Kept>(VAULT)?.data.data.ok_or(SourceError::NoEntry { manager: VAULT.name })
    }

    async fn log_in(&self) -> Result<Token, SourceError> {
        let own = &self.settings;
        let (default, body) = match own.auth {
            VaultAuth::Token => {
                let value = own.token.reread()?;
                if value.is_empty() {
                    return Err(VAULT.not_configured("secrets.vault.token"));
                }
                return Ok(Token { value, until: None });
            }
            VaultAuth::AppRole => {
                let secret_id = own.secret_id.reread()?;
                if own.role_id.is_empty() {
                    return Err(VAULT.not_configured("secrets.vault.role_id"));
                }
                ("approle", json!({ "role_id": own.role_id, "secret_id": *secret_id }))
            }
            VaultAuth::Kubernetes => {
                let jwt = local::file(std::path::Path::new(&own.jwt_file))?;
                if own.role.is_empty() {
                    return Err(VAULT.not_configured("secrets.vault.role"));
                }
                ("kubernetes", json!({ "role": own.role, "jwt": jwt.expose() }))
            }
        };
        let mount = Some(own.auth_mount.trim_matches('/')).filter(|m| !m.is_empty()).unwrap_or(default);
        let request = self.request(Method::POST, &format!("auth/{mount}/login"));
        let answer = manager::ask(request.json(&body), VAULT).await?;
        let answer = match answer.status {
            // A wrong role or secret is a bad request to it.
            StatusCode::BAD_REQUEST => return Err(VAULT.refused()),
            _ => checked(answer)?,
        };
        let auth = answer.json::<LoggedIn>(VAULT)?.auth;
        let lease = auth.lease_duration;
        let until = (lease > 0).then(|| self.clock.now().plus_seconds((lease - BEFORE_THE_END).max(1)));
        Ok(Token { value: auth.client_token, until })
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let own = &self.settings;
        let url = format!("{}/v1/{path}", own.address.trim().trim_end_matches('/'));
        let request = self.http.request(method, url).header("x-vault-request", "true");
        match own.namespace.trim() {
            "" => request,
            namespace => request.header("x-vault-namespace", namespace),
        }
    }
}

/// A sealed Vault answers 503, and one that is a standby or can't reach its storage too: its body tells them apart.
fn checked(answer: manager::Answer) -> Result<manager::Answer, SourceError> {
    let says_sealed = || answer.body.windows(6).any(|word| word.eq_ignore_ascii_case(b"sealed"));
    if answer.status == StatusCode::SERVICE_UNAVAILABLE && says_sealed() {
        return Err(SourceError::Sealed { manager: VAULT.name });
    }
    answer.checked(VAULT)
}

fn sealed(token: &str) -> Result<reqwest::header::HeaderValue, SourceError> {
    let mut value = reqwest::header::HeaderValue::from_str(token).map_err(|_| VAULT.refused())?;
    value.set_sensitive(true);
    Ok(value)
}

/// How long a reading may take, all its entries together.
pub(super) const READING: Duration = Duration::from_secs(20);
