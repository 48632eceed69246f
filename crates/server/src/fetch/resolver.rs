//! Names become addresses here and nowhere else, and an address that is handed out is the one that is
//! connected to: a name that answers differently the second time gains nothing.

use std::net::SocketAddr;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address;

/// Resolves by the operating system and refuses names with an address that may not be connected to.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) allow_private: bool,
}

/// Why a name got no address. It travels through the HTTP client as the source of its error.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub(super) enum ResolveError {
    #[error("no address")]
    Unknown,
    #[error("an address that may not be connected to")]
    Refused,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            let found =
                tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| ResolveError::Unknown)?;
            let found = checked(found.collect(), allow_private)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// One address out of place refuses the name: whoever mixes public and private ones means no good.
fn checked(found: Vec<SocketAddr>, allow_private: bool) -> Result<Vec<SocketAddr>, ResolveError> {
    if found.is_empty() {
        return Err(ResolveError::Unknown);
    }
    if found.iter().all(|a| address::may_connect(a.ip(), allow_private)) {
        Ok(found)
    } else {
        Err(ResolveError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_private_address_among_public_ones_refuses_the_name() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 0);
        assert_eq!(checked(vec![at("1.1.1.1")], false).unwrap(), [at("1.1.1.1")]);
        for hidden in ["127.0.0.1", "::ffff:10.0.0.1", "169.254.169.254", "fd00::1"] {
            let found = checked(vec![at("1.1.1.1"), at(hidden)], false);
            assert!(matches!(found, Err(ResolveError::Refused)), "{hidden}");
        }
        assert!(matches!(checked(vec![], true), Err(ResolveError::Unknown)));
    }

    #[tokio::test]
    async fn the_client_hears_why_a_name_is_refused() {
        let local = || "localhost".parse::<Name>().unwrap();
        assert!(Resolver { allow_private: false }.resolve(local()).await.is_err());
        assert!(Resolver { allow_private: true }.resolve(local()).await.is_ok());
    }
}
