//! Attempts to sign in are slowed: by address, and by the name that somebody tries to be. Attempts that fail count,
//! and whoever has used theirs up is turned away unheard until some come back. They are limits like those of questions:
//! shared by all replicas where there is Redis, of this process otherwise; behind trusted proxies the client's address
//! counts.

use std::net::IpAddr;

use contactiq_store::{Counts, Limit};

use super::limits::{Limits, address};

/// Failures that an address has at once, and in each minute.
const BY_ADDRESS: u32 = 10;
/// The same for a name: more, so that nobody shuts another one out from a single address.
const BY_NAME: u32 = 100;

/// Whether an attempt is heard.
///
/// # Errors
/// Seconds to wait.
pub async fn hears(limits: &Limits, ip: IpAddr, name: Option<&str>) -> Result<(), u64> {
    limits.wait_for(&of(ip, name)).await.map_or(Ok(()), Err)
}

/// Counts an attempt that failed.
pub async fn failed(limits: &Limits, ip: IpAddr, name: Option<&str>) {
    let _wait = limits.count(&of(ip, name)).await;
}

fn of(ip: IpAddr, name: Option<&str>) -> Vec<Limit> {
    let bucket = |what, whom, most| Limit { what, whom, most, counts: Counts::Minute };
    let by_name = name.map(|name| bucket("sign-in-name", name.to_owned(), BY_NAME));
    std::iter::once(bucket("sign-in-address", address(ip).to_string(), BY_ADDRESS)).chain(by_name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::limits::tests::{limits_with, replica};
    use super::*;
    use crate::wiring::random_text;

    #[tokio::test]
    async fn an_address_has_ten_failures_and_one_more_every_six_seconds() {
        let (clock, limits) = limits_with(10, 1000, None);
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for _ in 0..10 {
            // Who gets in costs nothing.
            assert_eq!(hears(&limits, one, None).await, Ok(()));
            assert_eq!(hears(&limits, one, None).await, Ok(()));
            failed(&limits, one, None).await;
        }
        assert_eq!(hears(&limits, one, None).await, Err(6));
        assert_eq!(hears(&limits, other, None).await, Ok(()));
        clock.advance_seconds(6);
        assert_eq!(hears(&limits, one, None).await, Ok(()));
        failed(&limits, one, None).await;
        clock.advance_seconds(1);
        assert!(hears(&limits, one, None).await.is_err());
        clock.advance_seconds(3600);
        assert_eq!(hears(&limits, one, None).await, Ok(()));
    }

    #[tokio::test]
    async fn a_name_is_slowed_from_however_many_addresses_it_is_tried() {
        let (_, limits) = limits_with(10, 1000, None);
        for n in 0..100 {
            failed(&limits, IpAddr::from([192, 0, 2, n]), Some("local-admin")).await;
        }
        let elsewhere = IpAddr::from([198, 51, 100, 1]);
        assert_eq!(hears(&limits, elsewhere, Some("local-admin")).await, Err(1));
        assert_eq!(hears(&limits, elsewhere, None).await, Ok(()));
    }

    #[tokio::test]
    async fn replicas_count_together() {
        let replicas = [limits_with(10, 1000, Some(replica())).1, limits_with(10, 1000, Some(replica())).1];
        // A name of this run's own, in a Redis that others use too; documentation addresses are nobody's.
        let (ip, name) = (IpAddr::from(rand_v6()), random_text::<12>());
        for n in 0..10 {
            assert_eq!(hears(&replicas[n % 2], ip, Some(&name)).await, Ok(()));
            failed(&replicas[n % 2], ip, Some(&name)).await;
        }
        for replica in &replicas {
            let wait = hears(replica, ip, Some(&name)).await.unwrap_err();
            assert!((1..=6).contains(&wait), "{wait}");
        }
    }

    fn rand_v6() -> [u8; 16] {
        let mut address = crate::wiring::random::<16>();
        address[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        address
    }
}
