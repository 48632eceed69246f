use contactiq_domain::{Timestamp, clock::FixedClock};

use super::*;
use crate::wiring::random_text;

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

pub(in crate::guard) fn limits_with(
    per_minute: u32,
    per_hour: u32,
    shared: Option<SharedLimits>,
) -> (Arc<FixedClock>, Limits) {
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(1_000_000_000)));
    (clock.clone(), Limits::new(clock, per_minute, per_hour, shared))
}

fn limits(per_minute: u32, per_hour: u32) -> (Arc<FixedClock>, Limits) {
    limits_with(per_minute, per_hour, None)
}

/// As one replica has it, with a patience that does not depend on how busy the machine is.
pub(in crate::guard) fn replica() -> SharedLimits {
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

/// Takes a place for a sitting of one key, from an address; a rate of its own makes the key a back end that names none.
async fn take(limits: &Limits, session: &str, own_rate: Option<u32>, ip: IpAddr) -> Result<(), u64> {
    let (own, session) = if own_rate.is_some() { (session, None) } else { ("key", Some(session)) };
    limits.take(Asker { own, own_rate, session, subject: None, ip }).await.wait().map_or(Ok(()), Err)
}

#[tokio::test]
async fn a_session_has_ten_a_minute_and_then_one_every_six_seconds() {
    let (clock, limits) = limits(10, 1000);
    for _ in 0..10 {
        assert!(take(&limits, "s", None, HOME).await.is_ok());
    }
    assert_eq!(take(&limits, "s", None, HOME).await, Err(6));
    assert!(take(&limits, "other", None, HOME).await.is_ok());
    clock.advance_seconds(6);
    assert!(take(&limits, "s", None, HOME).await.is_ok());
    assert!(take(&limits, "s", None, HOME).await.is_err());
    assert_eq!(limits.sharing().await, Sharing::Off);
}

#[tokio::test]
async fn an_address_has_its_window_whatever_the_session() {
    let (clock, limits) = limits(10, 3);
    for s in ["a", "b", "c"] {
        assert!(take(&limits, s, None, HOME).await.is_ok());
    }
    assert_eq!(take(&limits, "d", None, HOME).await, Err(3600));
    assert!(take(&limits, "d", Some(1000), HOME).await.is_ok(), "a back end has the rate of its key");
    clock.advance_seconds(3600);
    assert!(take(&limits, "d", None, HOME).await.is_ok());
}

#[tokio::test]
async fn a_subscriber_of_ipv6_is_one_address() {
    let (_, limits) = limits(10, 1);
    assert!(take(&limits, "a", None, "2001:db8::1".parse().unwrap()).await.is_ok());
    assert!(take(&limits, "b", None, "2001:db8::2".parse().unwrap()).await.is_err());
    assert!(take(&limits, "b", None, "2001:db8:0:1::2".parse().unwrap()).await.is_ok());
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
    assert!(take(&one, &session, None, ip).await.is_ok());
    assert!(take(&two, &session, None, ip).await.is_ok());
    for replica in [&one, &two] {
        assert!(matches!(take(replica, &session, None, ip).await, Err(1..=30)));
    }
    assert!(take(&one, &format!("{session}-2"), None, ip).await.is_ok());
    assert!(matches!(take(&two, &format!("{session}-3"), None, ip).await, Err(3500..=3600)));
    assert!(
        take(&two, &format!("{session}-3"), Some(5), ip).await.is_ok(),
        "a back end has the rate of its key"
    );
    assert_eq!((one.sharing().await, two.sharing().await), (Sharing::Ok, Sharing::Ok));
}

#[tokio::test]
async fn without_redis_each_replica_keeps_the_limits_alone() {
    let (clock, limits) = limits_with(10, 1000, Some(dead()));
    for n in 0..10 {
        assert!(take(&limits, "s", None, HOME).await.is_ok(), "{n}");
    }
    assert_eq!(take(&limits, "s", None, HOME).await, Err(6));
    assert_eq!(limits.sharing().await, Sharing::Away);
    let shared = limits.shared.as_ref().unwrap();
    assert_eq!(shared.breaker.state(), contactiq_domain::BreakerState::Open);
    assert_eq!(shared.warned_at.load(Ordering::Relaxed), clock.now().micros());
    // Within the minute nothing is logged again; after it, the failed try of the breaker is.
    let first = clock.now().micros();
    clock.advance_seconds(59);
    assert!(take(&limits, "s", None, HOME).await.is_ok());
    assert_eq!(shared.warned_at.load(Ordering::Relaxed), first);
    clock.advance_seconds(1);
    assert!(take(&limits, "s", None, HOME).await.is_ok());
    assert_eq!(shared.warned_at.load(Ordering::Relaxed), clock.now().micros());
}

#[tokio::test]
async fn redis_decides_again_when_it_is_back() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let port = free_port();
    let shared = SharedLimits::connect(&format!("redis://127.0.0.1:{port}/")).unwrap();
    let (clock, limits) = limits_with(10, 1000, Some(shared.with_patience(Duration::from_secs(20))));
    for _ in 0..5 {
        assert!(take(&limits, "s", None, HOME).await.is_ok());
    }
    // A stand-in for Redis at that port: it knows one answer to whatever is asked, "wait 42 seconds" for either limit.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let mut served = tokio::task::JoinSet::new();
    served.spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        while let Ok(read @ 1..) = stream.read(&mut asked).await {
            // One answer a command; a command is an array, and nothing in one begins with `*`.
            for _ in asked[..read].iter().filter(|b| **b == b'*') {
                stream.write_all(b"*5\r\n:42\r\n:0\r\n:60\r\n:9\r\n:60\r\n").await.unwrap();
            }
        }
    });
    assert!(take(&limits, "s", None, HOME).await.is_ok(), "left alone for a minute");
    clock.advance_seconds(60);
    assert_eq!(take(&limits, "s", None, HOME).await, Err(42));
    assert_eq!(limits.shared.as_ref().unwrap().warned_at.load(Ordering::Relaxed), NEVER);
}

/// What Redis allows, this process allows: the same questions at the same moments, limit by limit.
#[tokio::test]
async fn alone_and_through_redis_the_limits_mean_the_same() {
    let (_, alone) = limits(3, 5);
    let (_, shared) = limits_with(3, 5, Some(replica()));
    let own = random_text::<12>();
    let ip: IpAddr = IpAddr::V6(
        u128::from_str_radix(&crate::wiring::hex(&crate::wiring::random::<16>()), 16).unwrap().into(),
    );
    for (session, subject, own_rate) in [
        (Some("a"), Some("p"), None),
        (Some("a"), Some("p"), None),
        (Some("b"), Some("p"), None),
        (Some("b"), Some("p"), None),
        (Some("b"), None, None),
        (None, None, None),
        (Some("c"), None, None),
        (Some("d"), Some("q"), Some(4)),
        (Some("d"), Some("q"), Some(4)),
        (Some("d"), Some("q"), Some(4)),
        (Some("d"), Some("r"), Some(4)),
        (None, None, Some(4)),
        (None, None, Some(4)),
    ] {
        let asker = Asker { own: &own, own_rate, session, subject, ip };
        let (here, there) = (alone.take(asker).await, shared.take(asker).await);
        let about = |told: &Told| {
            let left: Vec<u32> = told.taken.left.iter().map(|left| left.left).collect();
            (told.limits.clone(), told.wait().is_some(), left)
        };
        assert_eq!(about(&here), about(&there), "{asker:?}");
        let near = |a: u64, b: u64| a.abs_diff(b) <= 1;
        assert!(near(here.wait().unwrap_or(0), there.wait().unwrap_or(0)), "{here:?} {there:?}");
        for (a, b) in here.taken.left.iter().zip(&there.taken.left) {
            assert!(near(a.reset, b.reset), "{here:?} {there:?}");
        }
    }
    assert_eq!(shared.sharing().await, Sharing::Ok);
}

#[tokio::test]
async fn a_back_end_carries_its_own_limit_and_those_of_its_sittings_and_people() {
    let (_, limits) = limits(2, 1);
    let ask = async |session, subject| {
        let told = limits.take(Asker { own: "k", own_rate: Some(5), session, subject, ip: HOME }).await;
        let empty: Vec<&str> = told
            .limits
            .iter()
            .zip(&told.taken.left)
            .filter(|(_, l)| l.left == 0)
            .map(|(l, _)| l.what)
            .collect();
        (told.wait().is_none(), empty.join(" "))
    };
    assert_eq!(ask(Some("a"), Some("p")).await, (true, String::new()));
    assert_eq!(ask(Some("a"), Some("q")).await, (true, "session".to_owned()));
    assert_eq!(ask(Some("a"), None).await, (false, "session".to_owned()));
    assert_eq!(ask(Some("b"), Some("p")).await, (true, "subject".to_owned()));
    assert_eq!(ask(Some("c"), Some("p")).await, (false, "subject".to_owned()));
    assert_eq!(ask(None, None).await, (true, String::new()));
    assert_eq!(ask(None, None).await, (true, "key".to_owned()));
    assert_eq!(ask(None, None).await, (false, "key".to_owned()));
}

#[tokio::test]
async fn an_address_of_ipv4_is_one_however_it_is_written() {
    let (_, limits) = limits(10, 1);
    assert!(take(&limits, "a", None, "203.0.113.7".parse().unwrap()).await.is_ok());
    assert!(take(&limits, "b", None, "::ffff:203.0.113.7".parse().unwrap()).await.is_err());
}

/// Requirement A3: exact across replicas under 200 clients at once, by the clock of Redis.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_are_exact_under_two_hundred_clients() {
    const CLIENTS: usize = 200;
    const EACH: usize = 25;
    let replicas = [0, 1].map(|_| Arc::new(limits_with(10, 1000, Some(replica())).1));
    let own = random_text::<12>();
    let ip: IpAddr = IpAddr::V6(
        u128::from_str_radix(&crate::wiring::hex(&crate::wiring::random::<16>()), 16).unwrap().into(),
    );
    let began = std::time::Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (replicas, own) = (replicas.clone(), own.clone());
        clients.spawn(async move {
            let mut passed = 0;
            // Ten sittings for two hundred clients: each is asked for from all sides at once.
            let session = format!("s{}", client % 10);
            for number in 0..EACH {
                let replica = &replicas[(client + number) % 2];
                let asker = Asker { own: &own, own_rate: None, session: Some(&session), subject: None, ip };
                passed += usize::from(replica.take(asker).await.wait().is_none());
            }
            passed
        });
    }
    let passed: usize = clients.join_all().await.iter().sum();
    // Each bucket of ten got one more for each six seconds that it took.
    let refilled = 10 * usize::try_from(began.elapsed().as_secs() / 6).unwrap();
    assert!((100..=100 + refilled + 10).contains(&passed), "{passed} of 100 and {refilled}");
    if began.elapsed() < Duration::from_secs(6) {
        assert_eq!(passed, 100, "not one more and not one less of {} questions", CLIENTS * EACH);
    }
}
