//! What callers are told of their limits: the headers of the draft of the IETF
//! (draft-ietf-httpapi-ratelimit-headers), with an answer and with a refusal.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use contactiq_store::{Limit, Taken};

/// `RateLimit-Policy`: each limit with what it allows (`q`) in how many seconds (`w`).
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// `RateLimit`: each limit with what is left (`r`) and the seconds until all of it is there again (`t`).
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// The limits of a question and what came of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub(super) limits: Vec<Limit>,
    pub(super) taken: Taken,
}

impl Told {
    /// Seconds to wait; none when there was a place.
    #[must_use]
    pub const fn wait(&self) -> Option<u64> {
        self.taken.wait
    }

    /// Puts both headers in.
    pub fn put(&self, headers: &mut HeaderMap) {
        let list = |one: &dyn Fn(usize, &Limit) -> String| {
            let all: Vec<String> = self.limits.iter().enumerate().map(|(at, limit)| one(at, limit)).collect();
            HeaderValue::from_str(&all.join(", ")).ok()
        };
        let policy =
            list(&|_, limit| format!("\"{}\";q={};w={}", limit.what, limit.most, limit.counts.seconds()));
        let state = list(&|at, limit| match self.taken.left.get(at) {
            Some(left) => format!("\"{}\";r={};t={}", limit.what, left.left, left.reset),
            None => format!("\"{}\"", limit.what),
        });
        for (name, value) in [(POLICY, policy), (STATE, state)] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                headers.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use contactiq_store::{Counts, Left};

    use super::*;

    #[test]
    fn both_headers_name_every_limit_and_nobody() {
        let limit = |what, most, counts| Limit { what, whom: "k/maria".to_owned(), most, counts };
        let told = Told {
            limits: vec![limit("session", 10, Counts::Minute), limit("address", 100, Counts::Hour)],
            taken: Taken {
                wait: None,
                left: vec![Left { left: 9, reset: 6 }, Left { left: 99, reset: 3600 }],
            },
        };
        let mut headers = HeaderMap::new();
        told.put(&mut headers);
        assert_eq!(headers["ratelimit-policy"], "\"session\";q=10;w=60, \"address\";q=100;w=3600");
        assert_eq!(headers["ratelimit"], "\"session\";r=9;t=6, \"address\";r=99;t=3600");
    }
}
