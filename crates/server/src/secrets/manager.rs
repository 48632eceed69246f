//! What all managers of secrets have in common: one HTTP client with short patience, answers of bounded size, and
//! failures in words of this house.

use std::{path::Path, time::Duration};

use reqwest::{Certificate, Client, RequestBuilder, StatusCode, redirect, tls};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::SourceError;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// No answer with a secret is longer.
const LARGEST: usize = 1024 * 1024;

/// A manager, as messages call it, and what to look at where it fails.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) name: &'static str,
    /// Where its address stands.
    pub(super) address: &'static str,
    /// Where that stands by which it lets us in.
    pub(super) access: &'static str,
}

impl Named {
    pub(super) const fn away(self, why: &'static str) -> SourceError {
        SourceError::Away { manager: self.name, why, fix: self.address }
    }

    pub(super) const fn refused(self) -> SourceError {
        SourceError::Refused { manager: self.name, fix: self.access }
    }

    pub(super) const fn garbage(self) -> SourceError {
        SourceError::Garbage { manager: self.name, fix: self.address }
    }

    pub(super) const fn not_configured(self, fix: &'static str) -> SourceError {
        SourceError::NotConfigured { manager: self.name, fix }
    }
}

/// An answer that was read whole.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    /// Its JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, of: Named) -> Result<T, SourceError> {
        serde_json::from_slice(&self.body).map_err(|_| of.garbage())
    }

    /// What a status that is no success means, where it means the same everywhere.
    pub(super) fn checked(self, of: Named) -> Result<Answer, SourceError> {
        match self.status {
            status if status.is_success() => Ok(self),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(of.refused()),
            StatusCode::NOT_FOUND => Err(SourceError::NoEntry { manager: of.name }),
            StatusCode::TOO_MANY_REQUESTS => Err(of.away("it takes no more requests for now")),
            status if status.is_server_error() => Err(of.away("it failed")),
            _ => Err(of.garbage()),
        }
    }
}

/// A client that obeys no proxy of the environment and no redirect: both could carry a token to another place.
pub(super) fn client(ca_file: Option<&Path>, of: Named) -> Result<Client, SourceError> {
    let mut builder = Client::builder()
        .user_agent(concat!("contactiq/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .tls_version_min(tls::Version::TLS_1_3);
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).map_err(|e| SourceError::File(e.kind().to_string()))?;
        let all = Certificate::from_pem_bundle(&pem).map_err(|_| SourceError::NotText("PEM certificate"))?;
        builder = builder.tls_certs_merge(all);
    }
    builder.build().map_err(|_| of.away("the HTTP client could not be built"))
}

/// Sends a request and reads its answer.
pub(super) async fn ask(request: RequestBuilder, of: Named) -> Result<Answer, SourceError> {
    let mut response = request.send().await.map_err(|error| failed(&error, of))?;
    let status = response.status();
    let mut body = Zeroizing::new(Vec::new());
    while let Some(piece) = response.chunk().await.map_err(|error| failed(&error, of))? {
        if body.len() + piece.len() > LARGEST {
            return Err(of.garbage());
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, body })
}

fn failed(error: &reqwest::Error, of: Named) -> SourceError {
    of.away(if error.is_timeout() {
        "it took too long"
    } else if error.is_connect() {
        "it can't be reached, or its certificate is not accepted"
    } else if error.is_builder() {
        "its address is none"
    } else {
        "the connection was lost"
    })
}

/// Fields as a form sends them.
#[cfg_attr(
    not(any(feature = "secrets-aws", feature = "secrets-azure")),
    expect(dead_code, reason = "two of the clouds alone are sent forms")
)]
pub(super) fn form(fields: &[(&str, &str)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' => text.push(char::from(byte)),
                byte => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

/// The field of a JSON object that stands in a secret, or the whole secret.
#[cfg_attr(
    not(any(feature = "secrets-aws", feature = "secrets-azure", feature = "secrets-gcp", test)),
    expect(dead_code, reason = "the clouds alone have secrets of which the field may be left out")
)]
pub(super) fn field(
    text: Zeroizing<String>,
    field: Option<&str>,
) -> Result<contactiq_domain::Secret, SourceError> {
    let secret = match field {
        None => contactiq_domain::Secret::new(text.to_string()),
        Some(name) => {
            let object: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&text).map_err(|_| SourceError::NotText("JSON object"))?;
            contactiq_domain::Secret::new(as_text(object.get(name).ok_or(SourceError::NoField)?)?)
        }
    };
    if secret.is_empty() { Err(SourceError::Empty) } else { Ok(secret) }
}

/// A field's value as text.
pub(super) fn as_text(value: &serde_json::Value) -> Result<String, SourceError> {
    match value {
        serde_json::Value::String(text) => Ok(text.clone()),
        serde_json::Value::Number(number) => Ok(number.to_string()),
        _ => Err(SourceError::NotText("text")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_taken_out_of_an_object_and_without_one_the_whole_is_taken() {
        let of = |text: &str, name| field(Zeroizing::new(text.to_owned()), name);
        assert_eq!(of("sk-1\n", None).unwrap().expose(), "sk-1");
        assert_eq!(of(r#"{"key":"sk-2"}"#, Some("key")).unwrap().expose(), "sk-2");
        assert_eq!(of(r#"{"key":"sk-2"}"#, Some("kee")).unwrap_err(), SourceError::NoField);
        assert_eq!(of("sk-canary", Some("key")).unwrap_err(), SourceError::NotText("JSON object"));
        assert_eq!(of(r#"{"key":["x"]}"#, Some("key")).unwrap_err(), SourceError::NotText("text"));
        assert_eq!(of(" ", None).unwrap_err(), SourceError::Empty);
    }
}
