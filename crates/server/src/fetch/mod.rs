//! Pages of the bank's own web site, for the knowledge (P13): asked politely, and never anything else.
//!
//! What a request may reach is decided in three places: the host by [`AllowList`], the address by
//! `resolver` when it is connected to, the path by the host's robots.txt. Each holds on every redirect.

mod address;
mod allow;
mod body;
mod fetcher;
mod refusal;
mod resolver;
mod robots;

pub(crate) use allow::{AllowList, HOW};
pub(crate) use fetcher::{Fetched, Fetcher, Kind, SetupError, Want};
pub(crate) use refusal::Refusal;

use resolver::ResolveError;

/// What a failed request comes to; only its kind is kept.
fn transport(error: &reqwest::Error) -> Refusal {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(at) = source {
        match at.downcast_ref::<ResolveError>() {
            Some(ResolveError::Refused) => return Refusal::Address,
            Some(ResolveError::Unknown) => return Refusal::Name,
            None => source = at.source(),
        }
    }
    if error.is_timeout() { Refusal::Timeout } else { Refusal::Unreachable }
}
