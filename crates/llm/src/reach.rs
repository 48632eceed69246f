//! How a server is reached: where it is, what its model is called, and the key that lets us in.

use reqwest::{Url, header::HeaderValue};

use contactiq_domain::{Key, Keyring};

use crate::SetupError;

/// The header with a key, marked so that it is never printed.
pub(crate) fn authorization(key: &Key) -> Option<HeaderValue> {
    let line = zeroize::Zeroizing::new(format!("Bearer {}", key.expose()));
    sealed_header(&line)
}

/// A model's name that can be sent.
pub(crate) fn model(text: &str) -> Result<String, SetupError> {
    let model = text.trim();
    if !(1..=200).contains(&model.chars().count()) || model.chars().any(char::is_control) {
        return Err(SetupError::Model);
    }
    Ok(model.to_owned())
}

/// Keys that can stand in a header.
pub(crate) fn keys(keys: Keyring) -> Result<Keyring, SetupError> {
    if !keys.keys().iter().all(|key| key.expose().bytes().all(|b| b.is_ascii_graphic())) {
        return Err(SetupError::ApiKey);
    }
    Ok(keys)
}

/// Whoever listens on the way reads a key that goes over plain http.
pub(crate) fn warn_of_plain_http(provider: &str, base: &Url, keys: &Keyring) {
    if !keys.is_empty() && is_plain_and_far(base) {
        tracing::warn!(provider, "the key is sent over plain http");
    }
}

/// Whether what is sent to this address can be read on its way: plain http to another machine.
#[must_use]
pub fn goes_over_plain_http(base_url: &str) -> bool {
    base(base_url).is_ok_and(|base| is_plain_and_far(&base))
}

fn is_plain_and_far(base: &Url) -> bool {
    base.scheme() == "http" && !is_loopback(base)
}

/// A header whose value is never printed.
pub(crate) fn sealed_header(value: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(value).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// An address that may be called, without a key or a question in it.
pub(crate) fn base(text: &str) -> Result<Url, SetupError> {
    let url = Url::parse(text.trim()).map_err(|_| SetupError::BaseUrl("is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(SetupError::BaseUrl("must begin with http:// or https:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(SetupError::BaseUrl("must not carry a user or password; use api_key"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(SetupError::BaseUrl("must not have a ? or # part"));
    }
    for (end, wrong) in [
        ("/chat/completions", "must end before /chat/completions"),
        ("/embeddings", "must end before /embeddings"),
        ("/messages", "must end before /messages"),
        ("/vector_stores", "must end before /vector_stores"),
    ] {
        if url.path().trim_end_matches('/').ends_with(end) {
            return Err(SetupError::BaseUrl(wrong));
        }
    }
    Ok(url)
}

/// The address of a path below it.
pub(crate) fn below(base: &Url, path: &str) -> Result<Url, SetupError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| SetupError::BaseUrl("is no URL"))?
        .pop_if_empty()
        .extend(path.split('/'));
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_to_another_machine_is_seen() {
        for far in ["http://10.0.0.1/v1", "http://models.bank.example/v1"] {
            assert!(goes_over_plain_http(far), "{far}");
        }
        for near in
            ["http://[::1]:1/", "http://127.0.0.1:8000/v1", "http://localhost/v1", "https://a.example/v1", ""]
        {
            assert!(!goes_over_plain_http(near), "{near}");
        }
    }
}
