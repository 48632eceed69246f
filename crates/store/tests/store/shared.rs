//! Limits that replicas share, in a real Redis at `CONTACTIQ_TEST_REDIS_URL`. Each test that looks
//! at keys has a database of its own there; without Redis these tests fail: they don't skip.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use contactiq_domain::clock::FixedClock;
use contactiq_store::{Counts, Left, Limit, SharedAnswers, SharedError, SharedLimits};
use redis::{AsyncCommands, aio::MultiplexedConnection};
use tokio::task::JoinSet;

use crate::{
    engines::{Bench, Place},
    samples::{NOW, masked},
};

const HOUR: i64 = 3_600_000_000;
/// The patience of production would make these tests depend on how busy the machine is.
const LONG: Duration = Duration::from_secs(20);

fn url() -> String {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    std::env::var("CONTACTIQ_TEST_REDIS_URL").expect("run `make test`, which starts a private Redis")
}

fn limits_at(url: &str) -> SharedLimits {
    SharedLimits::connect(url).unwrap().with_patience(LONG)
}

/// Takes from the bucket of a session and, where it counts, from the window of an address.
async fn take(
    limits: &SharedLimits,
    session: &str,
    per_minute: u32,
    address: Option<(&str, u32)>,
) -> Result<Result<(), u64>, SharedError> {
    let bucket =
        Limit { what: "session", whom: session.to_owned(), most: per_minute, counts: Counts::Minute };
    let window = address.map(|(address, most)| Limit {
        what: "address",
        whom: address.to_owned(),
        most,
        counts: Counts::Hour,
    });
    let all: Vec<Limit> = window.into_iter().chain([bucket]).collect();
    let taken = limits.take(&all).await?;
    assert_eq!(taken.left.len(), all.len());
    Ok(taken.wait.map_or(Ok(()), Err))
}

/// An empty database, and a connection that looks behind the limits' back.
pub(crate) async fn database(number: u8) -> (String, MultiplexedConnection) {
    let url = format!("{}/{number}", url().trim_end_matches('/'));
    let client = redis::Client::open(url.as_str()).unwrap();
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(LONG));
    let mut raw = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
    let () = redis::cmd("FLUSHDB").query_async(&mut raw).await.unwrap();
    (url, raw)
}

#[tokio::test]
async fn answers_are_shared_sealed_and_by_one_namespace_alone() {
    let (url, mut raw) = database(9).await;
    let bench = Bench::at(Place::sqlite()).await;
    let clock = Arc::new(FixedClock::at(NOW));
    let of = |namespace| SharedAnswers::connect(&url, LONG, namespace, &bench.store, clock.clone()).unwrap();
    let (one, other) = (of("one"), of("other"));
    assert!(one.get("k").await.is_none());
    let text = masked("A card in Wollongong costs $10 [1].");
    one.keep("k", &text, "{\"beside\":1}").await;
    assert_eq!(one.get("k").await, Some((text.clone(), "{\"beside\":1}".to_owned())));
    assert!(other.get("k").await.is_none() && one.get("l").await.is_none());
    let kept: Vec<u8> = raw.hget("contactiq:one:answer:k", "text").await.unwrap();
    assert!(!kept.windows(10).any(|w| w == b"Wollongong"));
    let seconds: i64 = raw.ttl("contactiq:one:answer:k").await.unwrap();
    assert!((86_000..=86_400).contains(&seconds), "{seconds}");
    // Moved to another key it does not open.
    let () = raw.rename("contactiq:one:answer:k", "contactiq:one:answer:l").await.unwrap();
    assert!(one.get("l").await.is_none());

    // What is forgotten is one namespace's, however many there are.
    for n in 0..2500 {
        one.keep(&format!("many-{n}"), &text, "{}").await;
    }
    other.keep("k", &text, "{}").await;
    assert_eq!(one.forget_all().await.unwrap(), 2501, "with the one that was moved");
    assert!(one.get("many-7").await.is_none() && other.get("k").await.is_some());

    let away = SharedAnswers::connect("redis://127.0.0.1:1/", LONG, "one", &bench.store, clock).unwrap();
    assert!(away.forget_all().await.is_err());
    away.keep("k", &text, "{}").await;
    assert!(away.get("k").await.is_none());
    bench.end().await;
}

async fn now(raw: &mut MultiplexedConnection) -> i64 {
    let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(raw).await.unwrap();
    seconds * 1_000_000 + micros
}

async fn key(raw: &mut MultiplexedConnection, what: &str) -> String {
    let keys: Vec<String> = raw.keys(format!("contactiq:limits:{what}:*")).await.unwrap();
    assert_eq!(keys.len(), 1, "{keys:?}");
    keys[0].clone()
}

/// Takes between two looks at the clock; the wait must be what the clock says is left until `due`.
async fn must_wait(
    limits: &SharedLimits,
    raw: &mut MultiplexedConnection,
    session: (&str, u32),
    address: Option<(&str, u32)>,
    due: i64,
) {
    let left = |now: i64| u64::try_from(due - now).unwrap().div_ceil(1_000_000);
    let before = now(raw).await;
    let waits = take(limits, session.0, session.1, address).await.unwrap().unwrap_err();
    let after = now(raw).await;
    assert!((left(after)..=left(before)).contains(&waits), "{waits} s, {} to {}", left(after), left(before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_share_one_bucket_exactly() {
    let (url, mut raw) = database(1).await;
    let replicas = [Arc::new(limits_at(&url)), Arc::new(limits_at(&url))];
    let mut takes = JoinSet::new();
    for n in 0..200 {
        let replica = replicas[n % 2].clone();
        takes
            .spawn(async move { take(&replica, "one session", 10, Some(("192.0.2.1", 100))).await.unwrap() });
    }
    let answers = takes.join_all().await;
    let passed = answers.iter().filter(|a| a.is_ok()).count();
    assert_eq!(passed, 10);
    assert!(answers.iter().all(|a| matches!(a, Ok(()) | Err(1..=6))), "{answers:?}");
    let window = key(&mut raw, "address").await;
    let counted: i64 = raw.llen(window).await.unwrap();
    assert_eq!(counted, 10, "an address is charged only for what passed");
}

#[tokio::test]
async fn a_bucket_fills_by_the_clock_of_redis() {
    let (url, mut raw) = database(2).await;
    let limits = limits_at(&url);
    for _ in 0..10 {
        take(&limits, "s", 10, None).await.unwrap().unwrap();
    }
    assert!(take(&limits, "other", 10, None).await.unwrap().is_ok());
    let () = raw.flushdb().await.unwrap();

    // One question empties a bucket of one; the next is due a minute later, to the microsecond.
    take(&limits, "s", 1, None).await.unwrap().unwrap();
    let bucket = key(&mut raw, "session").await;
    let at: i64 = raw.hget(&bucket, "at").await.unwrap();
    must_wait(&limits, &mut raw, ("s", 1), None, at + 60_000_000).await;
    let () = raw.hset(&bucket, "at", at - 30_500_000).await.unwrap();
    must_wait(&limits, &mut raw, ("s", 1), None, at + 29_500_000).await;
    let () = raw.hset(&bucket, "at", at - 60_000_000).await.unwrap();
    assert_eq!(take(&limits, "s", 1, None).await.unwrap(), Ok(()));
    assert!(take(&limits, "s", 1, None).await.unwrap().is_err());

    // However long nobody asks, a bucket is never more than full.
    let () = raw.hset(&bucket, "at", at - HOUR).await.unwrap();
    assert_eq!(take(&limits, "s", 1, None).await.unwrap(), Ok(()));
    assert!(take(&limits, "s", 1, None).await.unwrap().is_err());
    let ttl: i64 = raw.pttl(&bucket).await.unwrap();
    assert!((1..=61_000).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn the_window_of_an_address_slides() {
    let (url, mut raw) = database(3).await;
    let limits = limits_at(&url);
    let address = Some(("192.0.2.7", 100));
    for n in 0..100 {
        assert_eq!(take(&limits, &format!("s{n}"), 10, address).await.unwrap(), Ok(()), "{n}");
    }
    let window = key(&mut raw, "address").await;
    let first: i64 = raw.lindex(&window, 0).await.unwrap();
    must_wait(&limits, &mut raw, ("new", 10), address, first + HOUR).await;
    assert!(take(&limits, "new", 10, Some(("192.0.2.8", 100))).await.unwrap().is_ok());
    assert!(take(&limits, "new", 10, None).await.unwrap().is_ok(), "a back end is not counted by address");

    // Three are an hour old, the fourth will be in half a minute: three may ask.
    for n in 0..3 {
        let () = raw.lset(&window, n, first - HOUR).await.unwrap();
    }
    let () = raw.lset(&window, 3, first - HOUR + 30_000_000).await.unwrap();
    for n in 0..3 {
        assert_eq!(take(&limits, &format!("t{n}"), 10, address).await.unwrap(), Ok(()), "{n}");
    }
    must_wait(&limits, &mut raw, ("new", 10), address, first + 30_000_000).await;
    let ttl: i64 = raw.pttl(&window).await.unwrap();
    assert!((3_500_000..=3_601_000).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn a_refusal_takes_from_neither_limit() {
    let (url, mut raw) = database(4).await;
    let limits = limits_at(&url);
    take(&limits, "a", 1, Some(("192.0.2.9", 2))).await.unwrap().unwrap();
    assert!(take(&limits, "a", 1, Some(("192.0.2.9", 2))).await.unwrap().is_err(), "the bucket is empty");
    take(&limits, "b", 1, Some(("192.0.2.9", 2))).await.unwrap().unwrap();
    assert!(take(&limits, "c", 1, Some(("192.0.2.9", 2))).await.unwrap().is_err(), "the window is full");
    assert_eq!(take(&limits, "c", 1, None).await.unwrap(), Ok(()), "and yet the bucket is not charged");
    let window = key(&mut raw, "address").await;
    let counted: i64 = raw.llen(window).await.unwrap();
    assert_eq!(counted, 2);
}

#[tokio::test]
async fn no_key_or_value_tells_who_asked() {
    let (url, mut raw) = database(5).await;
    take(&limits_at(&url), "bank-7/maria.silva@example.com", 10, Some(("203.0.113.77", 100)))
        .await
        .unwrap()
        .unwrap();
    let mut all: Vec<String> = raw.keys("*").await.unwrap();
    assert_eq!(all.len(), 2);
    let bucket = key(&mut raw, "session").await;
    let fields: Vec<String> = raw.hgetall(bucket).await.unwrap();
    let window = key(&mut raw, "address").await;
    let moments: Vec<String> = raw.lrange(window, 0, -1).await.unwrap();
    all.extend(fields);
    all.extend(moments);
    for text in all {
        for part in ["maria", "silva", "example", "bank-7", "203.0", "113.77"] {
            assert!(!text.contains(part), "{text}");
        }
    }
}

#[tokio::test]
async fn a_broken_connection_is_made_again() {
    let (url, mut raw) = database(6).await;
    let limits = limits_at(&url);
    take(&limits, "s", 10, None).await.unwrap().unwrap();
    let list: String =
        redis::cmd("CLIENT").arg("LIST").arg("TYPE").arg("normal").query_async(&mut raw).await.unwrap();
    let mut killed = 0;
    for line in list.lines().filter(|l| l.contains(" db=6 ") && l.contains(" cmd=evalsha ")) {
        let id = line.strip_prefix("id=").unwrap().split(' ').next().unwrap();
        let () = redis::cmd("CLIENT").arg("KILL").arg("ID").arg(id).query_async(&mut raw).await.unwrap();
        killed += 1;
    }
    assert_eq!(killed, 1, "{list}");
    // The first call may meet the broken connection; the one after it may not.
    let first = take(&limits, "s", 10, None).await;
    assert!(matches!(first, Ok(Ok(())) | Err(SharedError::Unavailable { .. })), "{first:?}");
    assert_eq!(take(&limits, "s", 10, None).await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_wrong_password_is_told_without_it() {
    let (_, address) = url().rsplit_once('@').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    for url in [format!("redis://:let-me-in@{address}"), format!("redis://{address}")] {
        let limits = limits_at(&url);
        for _ in 0..2 {
            let error = take(&limits, "s", 10, None).await.unwrap_err();
            assert_eq!(error, SharedError::Refused);
            assert_eq!(limits.ping(LONG).await.unwrap_err(), SharedError::Refused);
            let told = format!("{error} {error:?} {limits:?}");
            assert!(told.contains("password") && !told.contains("let-me-in"), "{told}");
        }
    }
    assert_eq!(limits_at(&url()).ping(LONG).await, Ok(()));
}

#[tokio::test]
async fn a_redis_that_is_gone_is_told_soon() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let limits = SharedLimits::connect(&format!("redis://:hush@127.0.0.1:{port}/")).unwrap();
    for _ in 0..3 {
        let began = Instant::now();
        let error = take(&limits, "s", 10, Some(("192.0.2.1", 100))).await.unwrap_err();
        assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
        assert!(!error.to_string().contains("hush"), "{error}");
    }

    // One that accepts and says nothing is no better.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = SharedLimits::connect(&format!("redis://{}/", silent.local_addr().unwrap())).unwrap();
    let began = Instant::now();
    assert_eq!(take(&limits, "s", 10, None).await.unwrap_err(), SharedError::TimedOut { millis: 50 });
    assert!(began.elapsed() < Duration::from_millis(200), "{:?}", began.elapsed());
}

#[tokio::test]
async fn all_limits_of_a_question_are_taken_together_or_not_at_all_and_say_what_is_left() {
    let (url, _) = database(7).await;
    let limits = limits_at(&url);
    let limit = |what, whom: &str, most, counts| Limit { what, whom: whom.to_owned(), most, counts };
    let of = |session: &str| {
        [
            limit("address", "192.0.2.1", 4, Counts::Hour),
            limit("key", "k", 100, Counts::Minute),
            limit("session", session, 2, Counts::Minute),
            limit("subject", "p", 3, Counts::Minute),
        ]
    };
    let first = limits.take(&of("a")).await.unwrap();
    assert_eq!(first.wait, None);
    assert_eq!(first.left.iter().map(|l| l.left).collect::<Vec<_>>(), [3, 99, 1, 2]);
    assert_eq!(first.left[0], Left { left: 3, reset: 3600 });
    assert_eq!(first.left[2], Left { left: 1, reset: 30 });
    assert_eq!(limits.take(&of("a")).await.unwrap().wait, None);
    let third = limits.take(&of("a")).await.unwrap();
    assert!(matches!(third.wait, Some(29..=30)), "{third:?}");
    assert_eq!(third.left.iter().map(|l| l.left).collect::<Vec<_>>(), [2, 98, 0, 1], "nothing was taken");
    assert_eq!(limits.take(&of("b")).await.unwrap().wait, None);
    let by_person = limits.take(&of("c")).await.unwrap();
    assert!(matches!(by_person.wait, Some(19..=20)), "a person is limited over all sittings: {by_person:?}");
    assert_eq!(by_person.left[2], Left { left: 2, reset: 0 });
}
