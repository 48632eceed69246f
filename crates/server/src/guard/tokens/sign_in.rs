//! Sign-in of people by the provider: authorization code with PKCE (RFC 7636), state and nonce, and the provider's
//! word that a session ended (OpenID Connect Back-Channel Logout).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contactiq_domain::{Mode, Role};
use serde::Deserialize;
use sha2::Digest;

use super::{
    Head, Refusal,
    provider::{Provider, bounded},
};
use crate::wiring;

/// The event that makes a token a logout token.
const LOGOUT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The longest name of a person that is shown.
const LONGEST_LABEL: usize = 100;

/// A person who signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As conversations and logs call them.
    pub subject: String,
    /// As the directory calls them.
    pub label: Option<String>,
    /// What they are.
    pub role: Role,
    /// The one assistant that they may use, if limited.
    pub mode: Option<Mode>,
    /// SHA-256 of the provider's own session, where it names one.
    pub provider_session: Option<String>,
}

/// Whose sessions the provider ended. A token names a session there, a person, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedOut {
    /// One session at the provider, by its SHA-256.
    pub session: Option<String>,
    /// A person, as conversations call them.
    pub person: Option<String>,
    /// When it was said, in seconds; what began later is not meant.
    pub said: i64,
}

/// The secrets of one sign-in, all from one seed that the browser keeps and a key that it does not have.
pub(crate) struct Begun {
    pub(crate) state: String,
    nonce: String,
    verifier: String,
}

impl Begun {
    pub(crate) fn of(key: &[u8; 32], seed: &str) -> Begun {
        let made = |what: &[u8]| URL_SAFE_NO_PAD.encode(wiring::mac(key, &[what, b"\0", seed.as_bytes()]));
        Begun { state: made(b"state"), nonce: made(b"nonce"), verifier: made(b"verifier") }
    }
}

#[derive(Deserialize)]
struct Exchanged {
    id_token: String,
}

impl Provider {
    /// Where to send a browser.
    pub(crate) async fn address(&self, begun: &Begun, redirect: &str) -> Result<String, Refusal> {
        let described = self.described().await.map_err(|_| Refusal::Away)?;
        let endpoint = described.authorization_endpoint.as_deref().ok_or(Refusal::Away)?;
        let mut url = reqwest::Url::parse(endpoint).map_err(|_| Refusal::Away)?;
        let challenge = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(begun.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", &begun.state)
            .append_pair("nonce", &begun.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Who signed in, for the code that the provider sent back.
    pub(crate) async fn exchange(
        &self,
        begun: &Begun,
        code: &str,
        redirect: &str,
        now: i64,
    ) -> Result<Person, Refusal> {
        let token = self.token_for(begun, code, redirect).await?;
        let head = Head::of(&token)?;
        if !matches!(head.kind(), None | Some("jwt")) {
            return Err(Refusal::Type);
        }
        let claims = self.verified(&token, &head).await?;
        let client = self.settings.client_id.as_str();
        self.checked(&claims, &[client], now)?;
        // A token for several must say for whom it was made.
        let several =
            claims.0.get("aud").and_then(serde_json::Value::as_array).is_some_and(|all| all.len() > 1);
        if claims.text("azp").map_or(several, |azp| azp != client) {
            return Err(Refusal::Audience);
        }
        if claims.text("nonce") != Some(&begun.nonce) {
            return Err(Refusal::Nonce);
        }
        let (role, mode) = self.role(&claims)?;
        let label = ["preferred_username", "email", "name"].into_iter().find_map(|claim| claims.text(claim));
        let plain =
            |text: &str| text.chars().filter(|c| !c.is_control()).take(LONGEST_LABEL).collect::<String>();
        Ok(Person {
            subject: self.person(&claims)?,
            label: label.map(plain).filter(|label| !label.trim().is_empty()),
            role,
            mode,
            provider_session: claims.text("sid").map(|sid| wiring::sha256_hex(sid.as_bytes())),
        })
    }

    async fn token_for(&self, begun: &Begun, code: &str, redirect: &str) -> Result<String, Refusal> {
        let described = self.described().await.map_err(|_| Refusal::Away)?;
        let endpoint = described.token_endpoint.as_deref().ok_or(Refusal::Away)?;
        let (client, secret) = (self.settings.client_id.as_str(), self.settings.client_secret.expose());
        let methods = &described.token_endpoint_auth_methods_supported;
        // What a provider takes that does not say.
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", &begun.verifier),
        ];
        let mut request = self.http.post(endpoint).header("accept", "application/json");
        match (secret.as_str(), basic) {
            ("", _) => pairs.push(("client_id", client)),
            // Both are form-encoded first (RFC 6749, 2.3.1).
            (secret, true) => request = request.basic_auth(encoded(client), Some(encoded(secret))),
            (secret, false) => pairs.extend([("client_id", client), ("client_secret", secret)]),
        }
        let body = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value)));
        let body = body.collect::<Vec<_>>().join("&");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.map_err(|_| Refusal::Away)?;
        if answer.status().is_server_error() {
            return Err(Refusal::Away);
        }
        let bytes = bounded(answer).await.map_err(|_| Refusal::Exchange)?;
        let exchanged: Exchanged = serde_json::from_slice(&bytes).map_err(|_| Refusal::Exchange)?;
        Ok(exchanged.id_token)
    }

    /// Whose sessions a logout token ends.
    pub(crate) async fn signed_out(&self, token: &str, now: i64) -> Result<SignedOut, Refusal> {
        let head = Head::of(token)?;
        if !matches!(head.kind(), None | Some("jwt" | "logout+jwt")) {
            return Err(Refusal::Type);
        }
        let claims = self.verified(token, &head).await?;
        self.checked(&claims, &[self.settings.client_id.as_str()], now)?;
        let says_so = claims.0.get("events").is_some_and(|events| events.get(LOGOUT).is_some());
        // An ID token has a nonce and must not pass for this.
        if !says_so || claims.0.contains_key("nonce") {
            return Err(Refusal::Type);
        }
        let session = claims.text("sid").map(|sid| wiring::sha256_hex(sid.as_bytes()));
        let person = match (self.person(&claims), &session) {
            (Ok(person), _) => Some(person),
            (Err(_), Some(_)) => None,
            (Err(why), None) => return Err(why),
        };
        let leeway = i64::try_from(self.settings.leeway_seconds).unwrap_or(0);
        let said = claims.seconds("iat")?.ok_or(Refusal::Malformed)?;
        Ok(SignedOut { session, person, said: said.saturating_add(leeway) })
    }

    /// Where a browser is sent that signs out here, so that it does there too (OpenID Connect RP-Initiated Logout 1.0);
    /// none where the provider has no such place. No ID token goes along, because none is kept: the provider may ask.
    pub(crate) async fn farewell(&self, back: &str) -> Option<String> {
        let described = self.described().await.ok()?;
        let mut url = reqwest::Url::parse(described.end_session_endpoint.as_deref()?).ok()?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", back);
        Some(url.into())
    }
}

/// A value of a form.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
