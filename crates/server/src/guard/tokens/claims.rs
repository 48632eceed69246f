//! What a token says, checked claim by claim (RFC 7519, section 4.1).

use serde_json::{Map, Value};

use super::{LONGEST_SUBJECT, Refusal};

/// The claims of a token whose signature is good.
pub(super) struct Claims(pub(super) Map<String, Value>);

impl Claims {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A moment in seconds; fractions are allowed and cut.
    pub(super) fn seconds(&self, name: &str) -> Result<Option<i64>, Refusal> {
        match self.0.get(name) {
            None => Ok(None),
            // No year has so many digits that a double can't hold its seconds.
            Some(Value::Number(n)) => match n.as_i64().or_else(|| n.as_f64().map(|f| f as i64)) {
                Some(at) => Ok(Some(at)),
                None => Err(Refusal::Malformed),
            },
            Some(_) => Err(Refusal::Malformed),
        }
    }

    /// Checks `exp`, which must be there, `nbf` and `iat`; when it ends.
    pub(super) fn in_time(&self, now: i64, leeway: i64) -> Result<i64, Refusal> {
        let exp = self.seconds("exp")?.ok_or(Refusal::Malformed)?;
        if now >= exp.saturating_add(leeway) {
            return Err(Refusal::Expired);
        }
        for name in ["nbf", "iat"] {
            if self.seconds(name)?.is_some_and(|at| at > now.saturating_add(leeway)) {
                return Err(Refusal::NotYet);
            }
        }
        Ok(exp)
    }

    pub(super) fn from(&self, issuer: &str) -> Result<(), Refusal> {
        if self.text("iss") == Some(issuer) { Ok(()) } else { Err(Refusal::Issuer) }
    }

    /// Whether it is for one of these.
    pub(super) fn is_for(&self, audiences: &[&str]) -> Result<(), Refusal> {
        let named = self.values("aud");
        if named.iter().any(|aud| audiences.contains(aud)) { Ok(()) } else { Err(Refusal::Audience) }
    }

    pub(super) fn subject(&self, claim: &str) -> Result<&str, Refusal> {
        let subject = self.at(claim).and_then(Value::as_str).ok_or(Refusal::Subject)?;
        let fits = (1..=LONGEST_SUBJECT).contains(&subject.chars().count())
            && !subject.chars().any(char::is_control);
        if fits { Ok(subject) } else { Err(Refusal::Subject) }
    }

    /// What stands at a claim: a name (`https://bank.example/roles` is one), or a path as `realm_access.roles`.
    pub(super) fn at(&self, claim: &str) -> Option<&Value> {
        if let Some(found) = self.0.get(claim) {
            return Some(found);
        }
        let (first, rest) = claim.split_once('.')?;
        rest.split('.').try_fold(self.0.get(first)?, |value, name| value.get(name))
    }

    /// The texts at a claim: a list, or one text. A text is one value whatever stands in it, since people may name
    /// groups; but for scopes, which have spaces between them (RFC 8693, 4.2).
    pub(super) fn values(&self, claim: &str) -> Vec<&str> {
        match self.at(claim) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) if matches!(claim, "scope" | "scp") => text.split(' ').collect(),
            Some(Value::String(text)) => vec![text],
            _ => Vec::new(),
        }
    }
}
