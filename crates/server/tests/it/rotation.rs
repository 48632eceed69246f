//! Secrets that change while a server runs: a standby that takes over, passwords of PostgreSQL and Redis, a file, and
//! what production refuses.

use std::{path::Path, sync::Arc, time::Duration};

use contactiq_domain::{Mode, Role};
use contactiq_server::wiring::random_letters;
use contactiq_store::sealing;
use reqwest::Url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    cluster::Database,
    house::{Key, REPLACEMENT, Running, folder, soon, start, start_in},
    keyed_model::KeyedModel,
    operations::counted,
    process::Terminal,
};

const FIRST: &str = "sk-bank-4f1c9d7a20b86e35";
const SECOND: &str = "sk-bank-e7d20a93c5b1486f";

fn secret(dir: &Path, name: &str, value: &str) -> String {
    let path = dir.join(name);
    // As a manager of secrets changes a file: at once.
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, format!("{value}\n")).unwrap();
    std::fs::rename(fresh, &path).unwrap();
    format!("file:{}", path.display())
}

#[tokio::test]
async fn where_the_provider_refuses_the_active_key_the_standby_takes_over_and_stays() {
    let model = KeyedModel::start(&[FIRST, SECOND], Duration::ZERO).await;
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (secret(dir.path(), "first", FIRST), secret(dir.path(), "second", SECOND));
    let file = dir.path().join("c.toml");
    let text = format!(
        "[llm]\nbase_url = \"{}\"\nmodel = \"m\"\napi_key = [\"{first}\", \"{second}\"]\n",
        model.url
    );
    std::fs::write(&file, text).unwrap();
    let running = start(&[
        ("CONTACTIQ_CONFIG", &file.display().to_string()),
        ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
        ("CONTACTIQ__LLM__REPAIR", "false"),
    ])
    .await;
    let key = running.key(Role::Customer).await;
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!((model.came(FIRST), model.came(SECOND)), ((1, 0), (0, 0)));

    model.opens_to(&[SECOND]);
    let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(
        (model.came(FIRST), model.came(SECOND)),
        ((1, 1), (1, 0)),
        "the standby is tried once: {record}"
    );
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!((model.came(FIRST), model.came(SECOND)), ((1, 1), (2, 0)), "and stays in force");
    let labels = ["provider=\"openai\"", "operation=\"answer\""];
    assert_eq!(counted(&running, "contactiq_provider_key_switches_total", &labels).await, 1.0);
    let refused = ["provider=\"openai\"", "outcome=\"model_unauthorised\""];
    assert_eq!(counted(&running, "contactiq_provider_key_requests_total", &refused).await, 1.0);
    let read = ["provider=\"openai\"", "kind=\"input\""];
    assert_eq!(counted(&running, "contactiq_provider_key_tokens_total", &read).await, 270.0);

    // Neither opens: the answer is made of cited sentences, and the files are read again soon, not in five minutes.
    model.opens_to(&["sk-bank-0000"]);
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    let third = "sk-bank-19c8e6f3a7d5b240";
    secret(dir.path(), "first", third);
    model.opens_to(&[third]);
    let changed = ["secret=\"llm.api_key\""];
    soon(async || (counted(&running, "contactiq_secret_changes_total", &changed).await > 0.0).then_some(()))
        .await;
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(model.came(third), (1, 0));
}

/// Asks as one customer after another, until it is told to stop; how many were answered, each of them well.
async fn customers(running: Arc<Running>, key: Arc<Key>, stop: CancellationToken) -> usize {
    let mut asked = 0;
    while !stop.is_cancelled() {
        let body = serde_json::json!({ "mode": "customer", "question": REPLACEMENT, "subject": format!("c-{asked}") });
        let reply = running.post(&key, "/v1/interactions", &body).await;
        assert_eq!(reply.status, 200, "{asked}: {reply:?}");
        asked += 1;
    }
    asked
}

#[tokio::test]
async fn a_new_sealing_key_wraps_what_is_made_from_then_on_while_the_server_serves() {
    let dir = folder();
    let places = tempfile::tempdir().unwrap();
    let (old, new) = ("07".repeat(32), "2a".repeat(32));
    let (first, second) = (secret(places.path(), "first", &old), secret(places.path(), "second", &old));
    let file = places.path().join("c.toml");
    std::fs::write(&file, format!("[server]\nsealing_key = [\"{first}\", \"{second}\"]\n")).unwrap();
    let settings =
        [("CONTACTIQ_CONFIG", file.to_str().unwrap()), ("CONTACTIQ__SECRETS__REFRESH_SECONDS", "1")];
    let mut running = start_in(Arc::clone(&dir), &settings).await;
    let key = Arc::new(running.key(Role::Service).await);
    let people = async |running: &Running| {
        let all = sealing::status(&running.store).await.unwrap();
        all.into_iter().map(|wrapped| (wrapped.active, wrapped.people)).collect::<Vec<_>>()
    };
    let serving = Arc::new(running);
    let stop = CancellationToken::new();
    let mut asking = JoinSet::new();
    asking.spawn(customers(Arc::clone(&serving), Arc::clone(&key), stop.clone()));
    soon(async || (people(&serving).await[0].1 > 2).then_some(())).await;
    secret(places.path(), "first", &new);
    // The new one is active and wraps, the old one unwraps what it wrapped.
    soon(async || {
        let found = people(&serving).await;
        (found.len() == 2 && found[0].0 && found[0].1 > 2 && found[1].1 > 2).then_some(())
    })
    .await;
    stop.cancel();
    let asked = asking.join_next().await.unwrap().unwrap();
    // A key that is none changes nothing.
    secret(places.path(), "first", "no key at all");
    let changed = ["secret=\"server.sealing_key\""];
    soon(async || (counted(&serving, "contactiq_secret_changes_total", &changed).await > 1.0).then_some(()))
        .await;
    serving.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(people(&serving).await.len(), 2);
    secret(places.path(), "first", &new);
    running = Arc::into_inner(serving).unwrap();
    running.stop().await;

    // The next start reads what either wraps.
    let running = start_in(dir, &settings).await;
    let found = running.read(&key, "/v1/conversations?subject=c-0").await.json();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    let last = running.read(&key, &format!("/v1/conversations?subject=c-{}", asked - 1)).await.json();
    assert_eq!(last.as_array().map(Vec::len), Some(1), "{last}");
}

#[tokio::test]
async fn the_key_of_customers_sessions_is_rotated_while_the_server_serves() {
    let places = tempfile::tempdir().unwrap();
    let (old, new, third) = ("o".repeat(40), "n".repeat(40), "t".repeat(40));
    let (first, second) = (secret(places.path(), "first", &old), secret(places.path(), "second", &old));
    let file = places.path().join("c.toml");
    std::fs::write(&file, format!("[identity]\nsession_key = [\"{first}\", \"{second}\"]\n")).unwrap();
    let settings =
        [("CONTACTIQ_CONFIG", file.to_str().unwrap()), ("CONTACTIQ__SECRETS__REFRESH_SECONDS", "1")];
    let running = start(&settings).await;
    let bank = running.key(Role::Service).await;
    let sign = async || {
        let signed = running.post(&bank, "/v1/sessions", &serde_json::json!({ "subject": "4711" })).await;
        signed.json()["token"].as_str().unwrap().to_owned()
    };
    let status = async |token: &str| {
        let request = running.request(reqwest::Method::GET, "/v1/conversations").bearer_auth(token);
        crate::reply::Reply::of(request).await.status
    };
    let head = |token: &str| token.split('.').next().unwrap().to_owned();
    let before = sign().await;
    assert_eq!(status(&before).await, 200);
    secret(places.path(), "first", &new);
    let after = soon(async || {
        let token = sign().await;
        assert_eq!((status(&token).await, status(&before).await), (200, 200), "nobody is turned away");
        (head(&token) != head(&before)).then_some(token)
    })
    .await;
    // The old one is taken away: what it signed is refused, and what the new one signed is not.
    secret(places.path(), "second", &third);
    soon(async || (status(&before).await == 401).then_some(())).await;
    assert_eq!(status(&after).await, 200);
}

#[tokio::test]
async fn the_key_of_tokens_is_changed_while_the_server_serves() {
    let places = tempfile::tempdir().unwrap();
    let place = secret(places.path(), "tokens", &"a".repeat(32));
    let running =
        start(&[("CONTACTIQ_TOKEN_KEY", &place), ("CONTACTIQ__SECRETS__REFRESH_SECONDS", "1")]).await;
    let key = running.key(Role::Service).await;
    let token = async || {
        let body = serde_json::json!({ "text": "write to mia.wong@bank.example please" });
        let found = running.post(&key, "/v1/guard/scan", &body).await;
        assert_eq!(found.status, 200, "{found:?}");
        let json = found.json();
        json["spans"][0]["token"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
    };
    let before = token().await;
    assert_eq!(token().await, before);
    secret(places.path(), "tokens", &"b".repeat(32));
    soon(async || (token().await != before).then_some(())).await;
}

#[tokio::test]
async fn the_password_of_postgresql_is_changed_while_a_hundred_questions_run() {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let server =
        std::env::var("CONTACTIQ_TEST_PGVECTOR_URL").expect("run `make test`, which starts PostgreSQL");
    let database = Database::on(&server).await;
    let mut owner = Url::parse(&database.url).unwrap();
    let role = format!("iq_{}", random_letters::<9>().to_lowercase());
    let mut admin = PgConnection::connect(&database.url).await.unwrap();
    let run = async |admin: &mut PgConnection, sql: String| {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(admin).await.unwrap();
    };
    run(&mut admin, format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{FIRST}'")).await;
    owner.set_username(&role).unwrap();
    owner.set_password(None).unwrap();
    let dir = folder();
    database.admit(&dir);
    let place = secret(dir.path(), "db-password", FIRST);
    let running = start_in(
        Arc::clone(&dir),
        &[
            ("CONTACTIQ_DATABASE_URL", owner.as_str()),
            ("CONTACTIQ__DATABASE__PASSWORD", &place),
            ("CONTACTIQ__SECRETS__REFRESH_SECONDS", "1"),
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ__LLM__REPAIR", "false"),
        ],
    )
    .await;
    let key = Arc::new(running.key(Role::Customer).await);
    let running = Arc::new(running);
    let mut asked = JoinSet::new();
    for number in 0..100 {
        let (running, key) = (Arc::clone(&running), Arc::clone(&key));
        asked.spawn(async move {
            tokio::time::sleep(Duration::from_millis(number * 60)).await;
            running.ask(&key, Mode::Customer, REPLACEMENT).await
        });
    }
    tokio::time::sleep(Duration::from_millis(1000)).await;
    run(&mut admin, format!("ALTER ROLE {role} PASSWORD '{SECOND}'")).await;
    secret(dir.path(), "db-password", SECOND);
    let changed = ["secret=\"database.password\""];
    soon(async || (counted(&running, "contactiq_secret_changes_total", &changed).await > 0.0).then_some(()))
        .await;
    assert_eq!(asked.join_all().await.len(), 100, "every question got its record");
    // No connection of the old password is left: what is asked now needs the new one.
    let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'");
    run(&mut admin, end).await;
    soon(async || running.store.health().await.is_ok().then_some(())).await;
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    let standing: String =
        sqlx::query_scalar("SELECT count(*)::text FROM pg_stat_activity WHERE usename = $1")
            .bind(&role)
            .fetch_one(&mut admin)
            .await
            .unwrap();
    assert_ne!(standing, "0");
    admin.close().await.unwrap();
}

#[tokio::test]
async fn the_password_of_redis_is_changed_while_the_limits_go_on() {
    #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
    let server = std::env::var("CONTACTIQ_TEST_REDIS_URL").expect("run `make test`, which starts a Redis");
    let user = format!("iq-{}", random_letters::<9>());
    let mut admin = Redis::at(&server).await;
    admin.say(&["ACL", "SETUSER", &user, "on", &format!(">{FIRST}"), "~*", "&*", "+@all"]).await;
    let mut url = Url::parse(&server).unwrap();
    url.set_username(&user).unwrap();
    url.set_password(None).unwrap();
    let dir = folder();
    let place = secret(dir.path(), "redis-password", FIRST);
    let running = start_in(
        Arc::clone(&dir),
        &[
            ("CONTACTIQ_REDIS_URL", url.as_str()),
            ("CONTACTIQ__REDIS__PASSWORD", &place),
            ("CONTACTIQ__REDIS__PATIENCE_MILLISECONDS", "150"),
            ("CONTACTIQ__AUDIT__CHECKPOINT_SECONDS", "1"),
            ("CONTACTIQ__SECRETS__REFRESH_SECONDS", "1"),
        ],
    )
    .await;
    let shared = async || {
        let reply = running.client.get(format!("{}/ready", running.url)).send().await.unwrap();
        reply.json::<serde_json::Value>().await.unwrap()["redis"].as_str().unwrap().to_owned()
    };
    soon(async || (shared().await == "ok").then_some(())).await;
    admin.say(&["ACL", "SETUSER", &user, "resetpass", &format!(">{SECOND}")]).await;
    assert_eq!(shared().await, "ok", "who is connected stays so");
    secret(dir.path(), "redis-password", SECOND);
    let changed = ["secret=\"redis.password\""];
    soon(async || (counted(&running, "contactiq_secret_changes_total", &changed).await > 0.0).then_some(()))
        .await;
    // By its name alone it is on record.
    let auditor = running.key(Role::Auditor).await;
    soon(async || {
        let log = running.read(&auditor, "/v1/audit/export").await.text;
        assert!(!log.contains(SECOND));
        let noted = |line: &str| {
            ["\"kind\":\"key\"", "\"secret\":\"redis.password\"", "read_again"]
                .iter()
                .all(|word| line.contains(word))
        };
        log.lines().any(noted).then_some(())
    })
    .await;
    admin.say(&["CLIENT", "KILL", "USER", &user]).await;
    soon(async || (shared().await == "ok").then_some(())).await;
    admin.say(&["ACL", "DELUSER", &user]).await;
}

/// A connection that speaks just enough of Redis' protocol to administer it.
struct Redis(tokio::net::TcpStream);

impl Redis {
    async fn at(url: &str) -> Redis {
        let url = Url::parse(url).unwrap();
        let address = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
        let mut redis = Redis(tokio::net::TcpStream::connect(address).await.unwrap());
        redis.say(&["AUTH", url.password().unwrap()]).await;
        redis
    }

    async fn say(&mut self, words: &[&str]) {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut sent = format!("*{}\r\n", words.len());
        words.iter().for_each(|word| sent.push_str(&format!("${}\r\n{word}\r\n", word.len())));
        self.0.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = [0; 512];
        let read = self.0.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..read]);
        assert!(answer.starts_with(['+', ':']), "{words:?}: {answer}");
    }
}

#[test]
fn production_says_what_it_refuses_and_no_command_shows_a_secret() {
    let of = |name: &'static str, value: &str| {
        Terminal::new()
            .with("CONTACTIQ__SERVER__ENVIRONMENT", "production")
            .with("CONTACTIQ__SECRETS__ALLOW_KEY_BESIDE_DATA", "true")
            .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
            .with(name, value)
    };
    let terminal = of("CONTACTIQ_LLM_API_KEY", FIRST);
    for command in [&["serve"][..], &["config", "check"], &["keys", "list"]] {
        let ran = terminal.run(command);
        let said = ran.refused();
        assert!(said.contains("llm.api_key comes from the environment"), "{command:?}: {said}");
        assert!(said.contains("secrets.allow_env = true") && !said.contains(FIRST), "{said}");
    }
    let dir = tempfile::tempdir().unwrap();
    let place = secret(dir.path(), "key", FIRST);
    let terminal = of("CONTACTIQ_LLM_API_KEY", &place);
    let ran = terminal.run(&["config", "check"]);
    assert!(ran.err.contains(&format!("secret llm.api_key: {place}; read ")), "{ran:?}");
    assert!(ran.err.contains(" active") && !ran.err.contains(FIRST), "{ran:?}");
    assert_eq!(ran.well(), "the configuration is valid\n");
    let shown = terminal.run(&["config", "show"]).well();
    assert!(shown.contains(&place) && !shown.contains(FIRST), "{shown}");
    let weak = secret(dir.path(), "key", "changeme");
    let ran = of("CONTACTIQ_LLM_API_KEY", &weak).run(&["config", "check"]);
    assert!(ran.refused().contains("known weak and demo values") && !ran.err.contains("changeme"), "{ran:?}");
}

#[test]
fn a_key_that_lies_beside_the_data_and_still_wraps_keys_is_told_in_production() {
    let dir = tempfile::tempdir().unwrap();
    let place = secret(dir.path(), "sealing", &"0b".repeat(32));
    let folder = folder();
    let beside = Terminal::of(Arc::clone(&folder));
    // It began without a manager, with a key of its own in the folder.
    beside.run(&["keys", "create", "--name", "a", "--role", "customer"]).well();
    let terminal = Terminal::of(folder)
        .with("CONTACTIQ__SERVER__ENVIRONMENT", "production")
        .with("CONTACTIQ__SERVER__SEALING_KEY", place);
    let found = || {
        let ran = terminal.run(&["doctor", "--json"]);
        let found: serde_json::Value =
            serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        let part = found.as_array().unwrap().iter().find(|f| f["part"] == "sealing").unwrap().clone();
        (part["state"].as_str().unwrap().to_owned(), part["detail"].as_str().unwrap().to_owned())
    };
    let (state, detail) = found();
    assert!(state == "failing" && detail.contains("sealing.key still wraps keys"), "{detail}");
    assert!(detail.contains("contactiq sealing rotate"), "{detail}");
    terminal.run(&["sealing", "rotate"]).well();
    let (state, detail) = found();
    assert_eq!(state, "ok", "{detail}");
}

#[test]
fn doctor_says_which_secrets_are_in_force_and_goes_on_without_those_that_are_away() {
    let dir = tempfile::tempdir().unwrap();
    let place = secret(dir.path(), "key", FIRST);
    let terminal = Terminal::new()
        .with("CONTACTIQ_LLM_API_KEY", place.clone())
        .with("CONTACTIQ_EMBEDDINGS_API_KEY", "vault:secret/contactiq#key")
        .with("CONTACTIQ__SECRETS__VAULT__ADDRESS", "http://127.0.0.1:1")
        .with("CONTACTIQ__SECRETS__VAULT__TOKEN", SECOND);
    let ran = terminal.run(&["doctor", "--json"]);
    let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    let details: Vec<(String, String)> = found
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["part"] == "secret")
        .map(|f| (f["state"].as_str().unwrap().to_owned(), f["detail"].as_str().unwrap().to_owned()))
        .collect();
    let has = |state: &str, words: &str| details.iter().any(|(s, d)| s == state && d.contains(words));
    assert!(has("ok", &format!("llm.api_key: {place}; read 0 s ago; ")), "{details:?}");
    assert!(
        has("failing", "encoder.api_key: vault:secret/contactiq#key; can't be read: Vault does not answer"),
        "{details:?}"
    );
    assert!(has("ok", "secrets.vault.token: env:CONTACTIQ__SECRETS__VAULT__TOKEN"), "{details:?}");
    assert!(found.as_array().unwrap().iter().any(|f| f["part"] == "database"), "it goes on");
    assert!(!ran.out.contains(FIRST) && !ran.out.contains(SECOND) && !ran.err.contains(FIRST), "{ran:?}");
}

#[tokio::test]
async fn a_server_reads_its_secrets_again_on_sighup() {
    let model = KeyedModel::start(&[FIRST, SECOND], Duration::ZERO).await;
    let dir = tempfile::tempdir().unwrap();
    let place = secret(dir.path(), "key", FIRST);
    let terminal = Terminal::new()
        .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
        .with("CONTACTIQ_METRICS_LISTEN", "127.0.0.1:0")
        .with("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0")
        .with("CONTACTIQ__LLM__REPAIR", "false")
        .with("CONTACTIQ_LLM_BASE_URL", model.url.clone())
        .with("CONTACTIQ_LLM_MODEL", "m")
        .with("CONTACTIQ_LLM_API_KEY", place);
    let served = crate::serving::serve(&terminal);
    let key = terminal
        .run(&["keys", "create", "--name", "a", "--role", "customer", "--rate-per-minute", "1000"])
        .well();
    let ask = async || {
        let body = serde_json::json!({ "mode": Mode::Customer, "question": REPLACEMENT });
        let request =
            crate::house::client().post(format!("{}/v1/interactions", served.url)).bearer_auth(key.trim());
        crate::reply::Reply::of(request.json(&body)).await.record()
    };
    ask().await;
    assert_eq!(model.came(FIRST).0, 1);
    secret(dir.path(), "key", SECOND);
    let told = std::process::Command::new("kill").args(["-HUP", &served.id().to_string()]).status().unwrap();
    assert!(told.success());
    soon(async || {
        ask().await;
        (model.came(SECOND).0 > 0).then_some(())
    })
    .await;
    let (status, said) = served.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("a secret has another value") && !said.contains("sk-bank"), "{said}");
}

#[tokio::test]
async fn a_day_of_a_providers_key_has_so_many_requests_and_tokens_and_no_more() {
    let model = KeyedModel::start(&[FIRST], Duration::ZERO).await;
    let of = async |name: &'static str, most: &str| {
        start(&[
            ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
            ("CONTACTIQ__LLM__REPAIR", "false"),
            (name, most),
            ("CONTACTIQ_LLM_BASE_URL", &model.url),
            ("CONTACTIQ_LLM_MODEL", "m"),
            ("CONTACTIQ_LLM_API_KEY", FIRST),
        ])
        .await
    };
    let running = of("CONTACTIQ__LLM__REQUESTS_PER_DAY", "3").await;
    let key = running.key(Role::Customer).await;
    for _ in 0..5 {
        // What does not fit is answered of cited sentences.
        let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
        assert!(record["answer"].as_str().is_some_and(|answer| !answer.is_empty()), "{record}");
    }
    assert_eq!(model.came(FIRST), (3, 0));
    let refused = ["provider=\"openai\""];
    assert_eq!(counted(&running, "contactiq_provider_key_quota_refused_total", &refused).await, 2.0);
    drop(running);

    // A call uses 99 tokens of the thousands that it might need: what it did not use is given back.
    let running = of("CONTACTIQ__LLM__TOKENS_PER_DAY", "20000").await;
    let key = running.key(Role::Customer).await;
    for _ in 0..20 {
        running.ask(&key, Mode::Customer, REPLACEMENT).await;
    }
    assert_eq!(model.came(FIRST), (23, 0));
}
