use contactiq_domain::{Timestamp, clock::FixedClock};

use super::*;
use crate::wiring::random_text;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn limits_with(per_minute: u32, per_hour: u32, shared: Option<SharedLimits>) -> (Arc<FixedClock>, Limits) {
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000_000)));
    (clock.clone(), Limits::new(clock, per_minute, per_hour, shared))
}

fn limits(per_minute: u32, per_hour: u32) -> (Arc<FixedClock>, Limits) {
    limits_with(per_minute, per_hour, None)
}

/// As one replica has it, with a patience that does not depend on how busy the machine is.
fn replica() -> SharedLimits {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let url =
        std::env::var("CONTACTIQ_TEST_REDIS_URL").expect("run `make test`, which starts a private Redis");
    SharedLimits::connect(&url).unwrap().with_patience(Duration::from_secs(20))
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn dead() -> SharedLimits {
    SharedLimits::connect(&format!("redis://127.0.0.1:{}/", free_port())).unwrap()
}

#[tokio::test]
async fn a_session_has_ten_a_minute_and_then_one_every_six_seconds() {
    let (clock, limits) = limits(10, 1000);
    for _ in 0..10 {
        assert!(limits.take("s", None, HOME).await.is_ok());
    }
    assert_eq!(limits.take("s", None, HOME).await, Err(Wait(6)));
    assert!(limits.take("other", None, HOME).await.is_ok());
    clock.advance_seconds(6);
    assert!(limits.take("s", None, HOME).await.is_ok());
    assert!(limits.take("s", None, HOME).await.is_err());
    assert_eq!(limits.sharing().await, Sharing::Off);
}

#[tokio::test]
async fn an_address_has_its_window_whatever_the_session() {
    let (clock, limits) = limits(10, 3);
    for s in ["a", "b", "c"] {
        assert!(limits.take(s, None, HOME).await.is_ok());
    }
    assert_eq!(limits.take("d", None, HOME).await, Err(Wait(3600)));
    assert!(limits.take("d", Some(1000), HOME).await.is_ok(), "a back end has the rate of its key");
    clock.advance_seconds(3600);
    assert!(limits.take("d", None, HOME).await.is_ok());
}

#[tokio::test]
async fn a_subscriber_of_ipv6_is_one_address() {
    let (_, limits) = limits(10, 1);
    assert!(limits.take("a", None, "2001:db8::1".parse().unwrap()).await.is_ok());
    assert!(limits.take("b", None, "2001:db8::2".parse().unwrap()).await.is_err());
    assert!(limits.take("b", None, "2001:db8:0:1::2".parse().unwrap()).await.is_ok());
}

#[tokio::test]
async fn two_replicas_share_their_limits_through_redis() {
    let (_, one) = limits_with(2, 3, Some(replica()));
    let (_, two) = limits_with(2, 3, Some(replica()));
    // Nobody else has this session and this address.
    let session = random_text::<12>();
    let ip = IpAddr::V6(
        u128::from_str_radix(&crate::wiring::hex(&crate::wiring::random::<16>()), 16).unwrap().into(),
    );
    assert!(one.take(&session, None, ip).await.is_ok());
    assert!(two.take(&session, None, ip).await.is_ok());
    for replica in [&one, &two] {
        assert!(matches!(replica.take(&session, None, ip).await, Err(Wait(1..=30))));
    }
    assert!(one.take(&format!("{session}-2"), None, ip).await.is_ok());
    assert!(matches!(two.take(&format!("{session}-3"), None, ip).await, Err(Wait(3500..=3600))));
    assert!(
        two.take(&format!("{session}-3"), Some(5), ip).await.is_ok(),
        "a back end has the rate of its key"
    );
    assert_eq!((one.sharing().await, two.sharing().await), (Sharing::Ok, Sharing::Ok));
}

#[tokio::test]
async fn without_redis_each_replica_keeps_the_limits_alone() {
    let (clock, limits) = limits_with(10, 1000, Some(dead()));
    for n in 0..10 {
        assert!(limits.take("s", None, HOME).await.is_ok(), "{n}");
    }
    assert_eq!(limits.take("s", None, HOME).await, Err(Wait(6)));
    assert_eq!(limits.sharing().await, Sharing::Away);
    let shared = limits.shared.as_ref().unwrap();
    assert_eq!(shared.breaker.state(), contactiq_domain::BreakerState::Open);
    assert_eq!(shared.warned_at.load(Ordering::Relaxed), clock.now().micros());
    // Within the minute nothing is logged again; after it, the failed try of the breaker is.
    let first = clock.now().micros();
    clock.advance_seconds(59);
    assert!(limits.take("s", None, HOME).await.is_ok());
    assert_eq!(shared.warned_at.load(Ordering::Relaxed), first);
    clock.advance_seconds(1);
    assert!(limits.take("s", None, HOME).await.is_ok());
    assert_eq!(shared.warned_at.load(Ordering::Relaxed), clock.now().micros());
}

#[tokio::test]
async fn redis_decides_again_when_it_is_back() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let port = free_port();
    let shared = SharedLimits::connect(&format!("redis://127.0.0.1:{port}/")).unwrap();
    let (clock, limits) = limits_with(10, 1000, Some(shared.with_patience(Duration::from_secs(20))));
    for _ in 0..5 {
        assert!(limits.take("s", None, HOME).await.is_ok());
    }
    // A stand-in for Redis at that port: it knows one answer to whatever is asked, "wait 42 seconds".
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let mut served = tokio::task::JoinSet::new();
    served.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut asked).await {
            // One answer a command; a command is an array, and nothing in one begins with `*`.
            for _ in asked[..read].iter().filter(|b| **b == b'*') {
                stream.write_all(b":42\r\n").await.unwrap();
            }
        }
    });
    assert!(limits.take("s", None, HOME).await.is_ok(), "left alone for a minute");
    clock.advance_seconds(60);
    assert_eq!(limits.take("s", None, HOME).await, Err(Wait(42)));
    assert_eq!(limits.shared.as_ref().unwrap().warned_at.load(Ordering::Relaxed), NEVER);
}
