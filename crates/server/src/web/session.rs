//! The local session of the pages: a one-time code printed at start, then a cookie. For the
//! embedded default; staff of a bank sign in elsewhere.

use std::{collections::HashMap, sync::Mutex};

use axum::http::{HeaderMap, header};
use contactiq_domain::Timestamp;
use subtle::ConstantTimeEq;

use crate::wiring;

/// The cookie's name.
pub const COOKIE: &str = "contactiq_session";
/// A session ends after this many seconds.
const LASTS: i64 = 12 * 3600;

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    /// What its forms and scripts send back.
    pub csrf: String,
    ends: Timestamp,
}

/// Sessions of this process and the codes that begin one. They end with the process.
#[derive(Default)]
pub struct Sessions {
    /// By SHA-256 of the token: memory that leaks holds no token.
    open: Mutex<HashMap<String, Session>>,
    codes: Mutex<Vec<String>>,
}

impl Sessions {
    /// A new one-time code.
    #[must_use]
    pub fn new_code(&self) -> String {
        let code = wiring::random_text::<18>();
        self.codes.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(code.clone());
        code
    }

    /// Begins a session for a code, which is then used up. The token for the cookie.
    #[must_use]
    pub fn begin(&self, code: &str, now: Timestamp) -> Option<String> {
        let mut codes = self.codes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let position = codes.iter().position(|known| same(known, code))?;
        codes.swap_remove(position);
        drop(codes);
        let token = wiring::random_text::<32>();
        let session = Session { csrf: wiring::random_text::<24>(), ends: now.plus_seconds(LASTS) };
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.retain(|_, s| now < s.ends);
        open.insert(wiring::sha256_hex(token.as_bytes()), session);
        Some(token)
    }

    /// The session of a token.
    #[must_use]
    pub fn get(&self, token: &str, now: Timestamp) -> Option<Session> {
        let open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.get(&wiring::sha256_hex(token.as_bytes())).filter(|s| now < s.ends).cloned()
    }

    /// Ends a session.
    pub fn end(&self, token: &str) {
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.remove(&wiring::sha256_hex(token.as_bytes()));
    }
}

/// The session token in a request's cookies.
#[must_use]
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// The `Set-Cookie` value that keeps a token, or with `""` forgets it.
#[must_use]
pub fn set_cookie(token: &str) -> String {
    let age = if token.is_empty() { 0 } else { LASTS };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={age}")
}

/// Compares in a time that tells nothing.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_opens_one_session_once() {
        let sessions = Sessions::default();
        let now = Timestamp::from_micros(0);
        let code = sessions.new_code();
        assert!(sessions.begin("wrong", now).is_none());
        let token = sessions.begin(&code, now).unwrap();
        assert!(sessions.begin(&code, now).is_none(), "a code works once");
        assert!(sessions.get(&token, now).is_some());
        assert!(sessions.get(&token, now.plus_seconds(LASTS)).is_none(), "it ends");
        sessions.end(&token);
        assert!(sessions.get(&token, now).is_none());
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=1; contactiq_session=tok; b=2".parse().unwrap());
        assert_eq!(cookie(&headers), Some("tok"));
    }
}
