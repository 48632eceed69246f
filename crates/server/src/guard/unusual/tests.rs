//! Two replicas, a restart, and a place that is away.

use std::sync::{Arc, OnceLock};

use contactiq_domain::ids::RequestId;
use contactiq_guard::seal::KeyEncryption;
use contactiq_store::{Location, RedisAddress, Store};
use tempfile::TempDir;
use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::*;
use crate::wiring::{SystemIds, random, random_text};

fn from(country: Option<&[u8; 2]>) -> Numbered {
    Numbered {
        request_id: RequestId::new(&SystemIds),
        correlation_id: None,
        ip: "203.0.113.7".parse().unwrap(),
        country: country.copied(),
        limits: Arc::default(),
    }
}

fn minute(number: i64) -> Timestamp {
    Timestamp::from_micros(number * 60_000_000)
}

async fn store(dir: &TempDir) -> Store {
    let kek = KeyEncryption::new(&[[1; 32]], Arc::new(random::<12>)).unwrap();
    Store::open(&Location::Sqlite(dir.path().join("t.db")), Arc::new(kek)).await.unwrap()
}

fn redis() -> RedisAddress {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let url =
        std::env::var("CONTACTIQ_TEST_REDIS_URL").expect("run `make test`, which starts a private Redis");
    url.as_str().into()
}

/// What is shared, and told.
async fn told(watch: &Unusual, number: i64) -> Vec<Kind> {
    watch.share(minute(number)).await.into_iter().map(|news| news.kind).collect()
}

fn use_it(watch: &Unusual, name: &str, number: i64, status: u16, times: u32) {
    (0..times).for_each(|_| watch.note(name, &from(None), "/v1/x", status, minute(number)));
}

#[tokio::test]
async fn replicas_count_together_and_one_of_them_tells() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    for address in [None, Some(redis())] {
        let replica = || Unusual::new(KeyUses::new(store.clone(), address.clone()).unwrap());
        let (one, other) = (replica(), replica());
        // A name of this run's own, in a Redis that others use too.
        let name = &random_text::<12>();
        for number in 0..15 {
            for watch in [&one, &other] {
                use_it(watch, name, number, 200, 4);
                assert_eq!(told(watch, number).await, []);
            }
        }
        // Neither sees ten times the usual eight, and neither twenty refusals.
        use_it(&one, name, 15, 401, 19);
        use_it(&other, name, 15, 401, 19);
        assert_eq!(told(&one, 15).await, []);
        assert_eq!(told(&other, 15).await, [Kind::Failures]);
        use_it(&one, name, 16, 200, 45);
        use_it(&other, name, 16, 200, 45);
        assert_eq!(told(&other, 16).await, []);
        assert_eq!(told(&one, 16).await, [Kind::Rate]);
        for watch in [&one, &other] {
            watch.note(name, &from(Some(b"AU")), "/v1/x", 200, minute(16));
            use_it(watch, name, 16, 401, 200);
            assert_eq!(told(watch, 16).await, [], "it is told already, by whomever");
        }
        other.note(name, &from(Some(b"NZ")), "/v1/x", 200, minute(17));
        one.note(name, &from(Some(b"NZ")), "/v1/x", 200, minute(17));
        assert_eq!((told(&one, 17).await, told(&other, 17).await), (vec![Kind::Country], vec![]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_tell_at_the_same_moment_lose_nothing_and_tell_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    for address in [None, Some(redis())] {
        let name = random_text::<12>();
        let replicas: Vec<Arc<Unusual>> = (0..5)
            .map(|_| Arc::new(Unusual::new(KeyUses::new(store.clone(), address.clone()).unwrap())))
            .collect();
        let mut all = Vec::new();
        for round in 0..4 {
            replicas.iter().for_each(|watch| use_it(watch, &name, 5, 401, 1));
            let mut shared = JoinSet::new();
            for watch in &replicas {
                let watch = Arc::clone(watch);
                shared.spawn(async move { told(&watch, 5).await });
            }
            all.extend(shared.join_all().await.into_iter().flatten());
            assert!(round == 3 || all.is_empty(), "{round}: {all:?}");
        }
        // Who lost five times in a row adds it at the next time.
        for watch in &replicas {
            all.extend(told(watch, 5).await);
        }
        assert_eq!(all, [Kind::Failures], "twenty refusals of five replicas are twenty, told once");
    }
}

#[tokio::test]
async fn a_restart_forgets_neither_the_usual_rate_nor_a_country_nor_what_was_told() {
    let dir = tempfile::tempdir().unwrap();
    {
        let watch = Unusual::new(KeyUses::in_database(store(&dir).await));
        for number in 0..30 {
            use_it(&watch, "shop", number, 200, 20);
            watch.note("shop", &from(Some(b"AU")), "/v1/x", 200, minute(number));
            assert_eq!(told(&watch, number).await, []);
        }
        use_it(&watch, "shop", 30, 401, 30);
        assert_eq!(told(&watch, 30).await, [Kind::Failures]);
    }
    let watch = Unusual::new(KeyUses::in_database(store(&dir).await));
    use_it(&watch, "shop", 31, 401, 30);
    watch.note("shop", &from(Some(b"AU")), "/v1/x", 200, minute(31));
    assert_eq!(told(&watch, 31).await, []);
    use_it(&watch, "shop", 32, 200, 400);
    watch.note("shop", &from(Some(b"NZ")), "/v1/x", 200, minute(32));
    assert_eq!(told(&watch, 32).await, [Kind::Rate, Kind::Country]);
}

#[tokio::test]
async fn while_redis_is_away_a_process_judges_alone_and_adds_it_later() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let address: Arc<OnceLock<String>> = Arc::default();
    let live = {
        let address = Arc::clone(&address);
        let dead = "redis://127.0.0.1:1/";
        RedisAddress::live(move || Zeroizing::new(address.get().map_or(dead, String::as_str).to_owned()))
    };
    let name = &random_text::<12>();
    let watch = Unusual::new(KeyUses::new(store.clone(), Some(live)).unwrap());
    use_it(&watch, name, 1, 401, 25);
    assert_eq!(told(&watch, 1).await, [Kind::Failures]);
    use_it(&watch, name, 1, 401, 25);
    assert_eq!(told(&watch, 1).await, [], "told already");
    watch.note(name, &from(Some(b"AU")), "/v1/x", 200, minute(2));
    assert_eq!(told(&watch, 2).await, []);
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    address.set(std::env::var("CONTACTIQ_TEST_REDIS_URL").unwrap()).unwrap();
    assert_eq!(told(&watch, 2).await, [], "what was told alone is not told again");
    let other = Unusual::new(KeyUses::new(store, Some(redis())).unwrap());
    use_it(&other, name, 2, 401, 50);
    other.note(name, &from(Some(b"NZ")), "/v1/x", 200, minute(2));
    assert_eq!(told(&other, 2).await, [Kind::Country], "the other replica knows what was told and seen");
}

#[tokio::test]
async fn the_event_names_the_request_that_was_unusual_and_not_one_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let watch = Unusual::new(KeyUses::in_database(store(&dir).await));
    let at = |ip: &str, country| Numbered { ip: ip.parse().unwrap(), ..from(Some(country)) };
    let (home, away) = (at("203.0.113.7", b"AU"), at("198.51.100.9", b"NZ"));
    watch.note("shop", &home, "/v1/x", 200, minute(1));
    assert_eq!(told(&watch, 1).await, []);
    watch.note("shop", &away, "/v1/y", 200, minute(1));
    (0..30).for_each(|_| watch.note("shop", &away, "/v1/z", 401, minute(1)));
    watch.note("shop", &home, "/v1/x", 200, minute(1));
    let news = watch.share(minute(1)).await;
    let named: Vec<_> =
        news.iter().map(|one| (one.kind, one.last.ip, one.last.route.as_str(), one.last.status)).collect();
    assert_eq!(named, [(Kind::Failures, away.ip, "/v1/z", 401), (Kind::Country, away.ip, "/v1/y", 200)]);
}

#[tokio::test]
async fn a_clock_that_was_a_year_ahead_does_not_blind_the_watch() {
    const YEAR: i64 = 365 * 24 * 60;
    let dir = tempfile::tempdir().unwrap();
    let watch = Unusual::new(KeyUses::in_database(store(&dir).await));
    use_it(&watch, "shop", YEAR, 401, 30);
    assert_eq!(told(&watch, YEAR).await, [Kind::Failures]);
    use_it(&watch, "till", YEAR, 401, 30);
    // The clock is right again.
    for name in ["shop", "till"] {
        use_it(&watch, name, 5, 401, 30);
    }
    assert_eq!(told(&watch, 5).await, [Kind::Failures, Kind::Failures]);
    use_it(&watch, "shop", 6, 401, 30);
    assert_eq!(told(&watch, 6).await, [], "told already, a minute ago");
}

#[tokio::test]
async fn a_flood_of_addresses_pushes_out_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let watch = Unusual::new(KeyUses::in_database(store(&dir).await));
    use_it(&watch, "shop", 1, 200, 1);
    for number in 0..=u32::try_from(MOST).unwrap() {
        let ip = IpAddr::from((0x0a00_0000 + number).to_be_bytes());
        watch.note(ANONYMOUS, &Numbered { ip, ..from(None) }, "/v1/x", 401, minute(2));
    }
    let all = watch.lock();
    assert!(all.waiting.contains_key("shop") && all.waiting.len() <= MOST, "{}", all.waiting.len());
}

#[tokio::test]
async fn while_the_database_hangs_a_process_judges_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let watch = Unusual::new(KeyUses::in_database(store.clone()));
    let held = store.write().await.unwrap();
    use_it(&watch, "shop", 1, 401, 30);
    assert_eq!(told(&watch, 1).await, [Kind::Failures]);
    assert!(watch.lock().is_away);
    drop(held);
    use_it(&watch, "shop", 1, 401, 1);
    assert_eq!(told(&watch, 1).await, [], "told already");
    assert!(!watch.lock().is_away);
}

#[tokio::test]
async fn who_is_watched_stands_nowhere_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(&dir).await;
    let watch = Unusual::new(KeyUses::in_database(store.clone()));
    watch.note("the branch app", &from(Some(b"AU")), "/v1/x", 200, minute(1));
    watch.note(ANONYMOUS, &from(None), "/v1/x", 401, minute(1));
    assert_eq!(told(&watch, 1).await, []);
    store.close().await;
    let mut bytes = Vec::new();
    for file in std::fs::read_dir(dir.path()).unwrap().flatten() {
        bytes.extend(std::fs::read(file.path()).unwrap());
    }
    for word in ["branch app", "203.0.113", "countries"] {
        assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
    }
}
