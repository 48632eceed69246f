//! Guessing keys and tokens is slowed, and costs nobody else anything (A3, A4).

use std::time::{Duration, Instant};

use contactiq_domain::{Clock, Role};
use contactiq_server::wiring::{SystemClock, random_text};
use contactiq_store::access::{self, AccessResult};
use futures_util::{StreamExt, stream};
use reqwest::Method;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    browser::Browser,
    house::{Key, Running, soon, start},
    reply::Reply,
};

/// So many a minute are heard where nothing else is configured.
const HEARD: u64 = 100;
const GUESSED: usize = 10_000;

async fn tried(running: &Running, bearer: &str) -> Reply {
    Reply::of(running.request(Method::GET, "/v1/conversations").bearer_auth(bearer)).await
}

/// Access events that somebody was not known, those of attempts that were not heard, and how many the latter tell of.
async fn on_record(running: &Running) -> (u64, u64, u64) {
    let events = access::recent(&mut running.store.read().await.unwrap(), 20_000).await.unwrap();
    // That there were many is told once beside them.
    let is_refusal =
        |e: &&access::AccessEvent| e.result == AccessResult::Unauthenticated && e.method != "unusual";
    let refused = events.iter().filter(is_refusal).count() as u64;
    let told: Vec<_> = events.iter().filter(|e| e.method == "unheard").collect();
    let attempts = told.iter().map(|e| {
        assert_eq!((e.route.as_str(), e.status, e.from_ip.as_str()), ("unheard", 429, "127.0.0.1"));
        assert_eq!(e.reason.as_deref(), Some("too_many_attempts"));
        e.target.as_deref().unwrap().strip_suffix(" attempts").unwrap().parse::<u64>().unwrap()
    });
    (refused, told.len() as u64, attempts.sum())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_bad_bearers_are_turned_away_and_a_good_key_beside_them_is_not() {
    let running = start(&[]).await;
    let good = running.key(Role::Customer).await;
    assert_eq!(tried(&running, &good.text).await.status, 200);
    let since = Instant::now();
    let guesses = stream::iter(0..GUESSED).map(|n| {
        let (running, good) = (&running, &good);
        async move {
            // Keys, tokens of people and sessions of customers, each another one.
            let bearer = match n % 3 {
                0 => format!("ciq_dev_{}", random_text::<36>()),
                1 => format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0In0.{}", random_text::<32>()),
                _ => format!(
                    "eyJhbGciOiJIUzI1NiIsInR5cCI6ImNvbnRhY3RpcS1zZXNzaW9uK2p3dCJ9.e30.{}",
                    random_text::<32>()
                ),
            };
            let reply = tried(running, &bearer).await;
            match reply.status {
                401 => drop(reply.problem(401, "unauthorised")),
                _ => {
                    reply.problem(429, "too_many_requests");
                    assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
                }
            }
            // Everybody else comes in all the while.
            if n % 100 == 0 {
                assert_eq!(tried(running, &good.text).await.status, 200, "after {n} guesses");
            }
            u64::from(reply.status == 401)
        }
    });
    let heard: u64 = guesses.buffer_unordered(32).fold(0, async |sum, one| sum + one).await;
    let most = HEARD + since.elapsed().as_secs() * HEARD / 60 + 2;
    assert!((HEARD..=most).contains(&heard), "{heard} were heard, at most {most}");
    let turned_away = GUESSED as u64 - heard;
    let (refused, told, _) =
        soon(async || Some(on_record(&running).await).filter(|(_, _, attempts)| *attempts == turned_away))
            .await;
    // Each that was heard is on record by itself, and the others by their number, every five seconds.
    assert_eq!(refused, heard);
    assert!(told <= since.elapsed().as_secs() / 5 + 1, "{told} events in {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_strangers_ask_for_has_an_event_each_up_to_a_bound_and_one_together_beyond() {
    let running = start(&[("CONTACTIQ__LIMITS__FAILURES_PER_MINUTE", "5")]).await;
    let ask = async |method: Method, path: &str| running.request(method, path).send().await.unwrap().status();
    for _ in 0..10 {
        assert_eq!(ask(Method::GET, "/tickets").await, 303);
        assert_eq!(ask(Method::GET, "/v1/nothing").await, 404);
        assert_eq!(ask(Method::DELETE, "/tickets").await, 405);
    }
    let told = soon(async || {
        let events = access::recent(&mut running.store.read().await.unwrap(), 1_000).await.unwrap();
        let many = events.iter().filter(|e| e.method == "many").filter_map(|e| e.target.clone());
        let many: u64 =
            many.map(|told| told.strip_suffix(" requests").unwrap().parse::<u64>().unwrap()).sum();
        let each = events.iter().filter(|e| e.actor == "anonymous" && e.method != "many").count() as u64;
        // A minute may end among them.
        Some((each, many)).filter(|(each, many)| each + many == 30)
    })
    .await;
    assert!((5..=10).contains(&told.0), "{told:?}");
}

#[tokio::test]
async fn who_was_known_once_hears_so_behind_an_address_that_guesses() {
    let running = start(&[("CONTACTIQ__LIMITS__FAILURES_PER_MINUTE", "3")]).await;
    let expired =
        running.key_with(Role::Customer, |k| k.expires_at = Some(SystemClock.now().plus_seconds(-1))).await;
    let other = running.key_with(Role::Customer, |k| k.revoked_at = Some(SystemClock.now())).await;
    // They are known without the database a second later.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..3 {
        tried(&running, &Key::unknown().text).await.problem(401, "unauthorised");
    }
    tried(&running, &Key::unknown().text).await.problem(429, "too_many_requests");
    // Nothing sent is no better; pages lead to the sign-in as before.
    let nothing = Reply::of(running.request(Method::GET, "/v1/models")).await;
    nothing.openai_error(429, "too_many_requests");
    assert_eq!(Reply::of(running.request(Method::GET, "/dashboard")).await.status, 303);
    let page = running.request(Method::GET, "/dashboard").bearer_auth(&Key::unknown().text);
    let page = Reply::of(page).await;
    assert!(page.page(429).contains("wait and try again") && !page.header("retry-after").is_empty());
    for key in [&expired, &other] {
        for _ in 0..3 {
            tried(&running, &key.text).await.problem(401, "unauthorised");
        }
        tried(&running, &key.text).await.problem(429, "too_many_requests");
    }
    // A key that is known comes in at once, one that was just made after a second.
    let new = running.key(Role::Customer).await;
    soon(async || (tried(&running, &new.text).await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn beyond_the_limit_no_guess_reaches_the_database() {
    let running = start(&[("CONTACTIQ__LIMITS__FAILURES_PER_MINUTE", "2")]).await;
    let good = running.key(Role::Customer).await;
    let browser = Browser::sign_in(&running).await;
    let made_up = || format!("contactiq_session={}", random_text::<32>());
    let by_cookie = async |cookie: &str| {
        let request = running.request(Method::GET, "/v1/conversations").header("cookie", cookie);
        Reply::of(request).await
    };
    let on_page = async || {
        let request = running.request(Method::GET, "/dashboard").bearer_auth(Key::unknown().text);
        Reply::of(request).await.status
    };
    assert_eq!(tried(&running, &good.text).await.status, 200);
    // A key on a page and a cookie on the API are failures like others.
    assert_eq!(on_page().await, 401);
    by_cookie(&made_up()).await.problem(401, "unauthorised");
    by_cookie(&made_up()).await.problem(429, "too_many_requests");
    // What is looked up in these tables from now on fails, and says so.
    let path = running.dir.path().join("contactiq.db");
    let mut raw = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(path)).await.unwrap();
    for table in ["api_keys", "page_sessions"] {
        let away = format!("ALTER TABLE {table} RENAME TO {table}_away");
        sqlx::query(AssertSqlSafe(away)).execute(&mut raw).await.unwrap();
    }
    for _ in 0..5 {
        tried(&running, &Key::unknown().text).await.problem(429, "too_many_requests");
        by_cookie(&made_up()).await.problem(429, "too_many_requests");
        assert_eq!(on_page().await, 429);
    }
    // The page of an old cookie leads to the sign-in and asks: so the tables are missed.
    let old = running.request(Method::GET, "/dashboard").header("cookie", made_up());
    assert!(Reply::of(old).await.status >= 500);
    assert_eq!(tried(&running, &good.text).await.status, 200, "what is known is asked of nobody");
    for table in ["api_keys", "page_sessions"] {
        let back = format!("ALTER TABLE {table}_away RENAME TO {table}");
        sqlx::query(AssertSqlSafe(back)).execute(&mut raw).await.unwrap();
    }
    assert_eq!(by_cookie(&browser.cookie).await.status, 200, "who is signed in is not turned away");
}
