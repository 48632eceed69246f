//! TLS of our own server, spoken to by real clients: reqwest and openssl's `s_client`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use contactiq_domain::Role;
use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    authority::Authority,
    house::{self, REPLACEMENT, Running, soon},
    process::Terminal,
    reply::Reply,
    serving::serve,
};

/// Settings of a server with the pair `server` of this authority.
fn settings(authority: &Authority) -> [(&'static str, String); 2] {
    [
        ("CONTACTIQ__SERVER__TLS__CERTIFICATE", authority.named("server.pem")),
        ("CONTACTIQ__SERVER__TLS__KEY", format!("file:{}", authority.named("server.key"))),
    ]
}

async fn start(authority: &Authority, more: &[(&str, &str)]) -> Running {
    let settings = settings(authority);
    let settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied()).collect();
    let mut running = house::start(&settings).await;
    running.url = running.url.replace("http://127.0.0.1", "https://localhost");
    running.client = client(authority);
    running
}

/// One that trusts this authority alone, and keeps no connection.
fn client(authority: &Authority) -> Client {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_only([authority.certificate()])
        .pool_max_idle_per_host(0)
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

fn authority() -> Authority {
    let authority = Authority::new();
    authority.sign("server", "DNS:localhost");
    authority
}

/// What openssl's client says of a handshake.
fn s_client(authority: &Authority, running: &Running, more: &str) -> (bool, String) {
    let connect = format!(
        "s_client -connect {} -servername localhost -CAfile ca.pem -verify_return_error {more}",
        peer(running)
    );
    let ran = Command::new("openssl")
        .args(connect.split_whitespace())
        .current_dir(authority.folder())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Its address without a scheme.
fn peer(running: &Running) -> String {
    running.url.trim_start_matches("https://").replace("localhost", "127.0.0.1")
}

#[tokio::test(flavor = "multi_thread")]
async fn version_1_3_is_spoken_and_nothing_else() {
    let authority = authority();
    let running = start(&authority, &[]).await;
    let key = running.key(Role::Service).await;
    let record = running.ask(&key, contactiq_domain::Mode::Customer, REPLACEMENT).await;
    assert_eq!(record["outcome"], "resolved");
    let (ok, said) = s_client(&authority, &running, "-tls1_3 -alpn h2,http/1.1");
    assert!(ok && said.contains("TLSv1.3") && said.contains("ALPN protocol: http/1.1"), "{said}");
    for old in ["-tls1_2", "-tls1_1 -cipher DEFAULT@SECLEVEL=0"] {
        let (ok, said) = s_client(&authority, &running, old);
        assert!(!ok && said.contains("SSL alert number"), "{old}: {said}");
    }
    // Whoever does not know the authority, and whoever meant another host, goes no further.
    let stranger = Authority::new();
    assert!(client(&stranger).get(format!("{}/health", running.url)).send().await.is_err());
    let elsewhere = running.url.replace("localhost", "127.0.0.1");
    assert!(running.client.get(format!("{elsewhere}/health")).send().await.is_err());
    // Plain HTTP gets nothing.
    let mut plain = TcpStream::connect(peer(&running)).unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    drop(plain.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&answer));
    let figures = house::client().get(&running.metrics).send().await.unwrap().text().await.unwrap();
    for figure in [
        "contactiq_tls_certificate_days_left 1.",
        "contactiq_tls_pair_refused 0",
        "contactiq_tls_handshake_failures_total",
    ] {
        assert!(figures.contains(figure), "{figure} in {figures}");
    }
}

/// Completions that a server was asked for.
async fn completions(running: &Running) -> f64 {
    let figures = house::client().get(&running.metrics).send().await.unwrap().text().await.unwrap();
    let asked = figures.lines().filter(|line| {
        line.starts_with("contactiq_http_requests_total") && line.contains("/v1/chat/completions")
    });
    asked.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_whose_certificate_is_wrong_is_sent_nothing_and_the_cited_sentences_answer() {
    let authority = authority();
    let provider = start(&authority, &[]).await;
    let key = provider.key(Role::Service).await;
    let asks = |base_url: &str, trusted: Option<String>| {
        let mut terminal = Terminal::new()
            .with("CONTACTIQ_LLM_BASE_URL", format!("{base_url}/v1"))
            .with("CONTACTIQ_LLM_MODEL", "contactiq-customer")
            .with("CONTACTIQ_LLM_API_KEY", key.text.clone())
            .with("CONTACTIQ__LLM__MAX_RETRIES", "1");
        if let Some(trusted) = trusted {
            terminal = terminal.with("SSL_CERT_FILE", trusted);
        }
        let asked = ["ask", "--mode", "customer", "--json", REPLACEMENT];
        tokio::task::block_in_place(|| terminal.run(&asked).lines(0)).remove(0)
    };
    let elsewhere = provider.url.replace("localhost", "127.0.0.1");
    // Of an authority that nobody trusts here; then of another name.
    for (base_url, trusted) in [(&provider.url, None), (&elsewhere, Some(authority.named("ca.pem")))] {
        let record = asks(base_url, trusted);
        assert_eq!(record["outcome"], "resolved", "{record}");
        assert_ne!(record["model"], "contactiq-customer", "{record}");
    }
    assert!(completions(&provider).await < 0.5, "it was sent nothing");
    asks(&provider.url, Some(authority.named("ca.pem")));
    assert!(completions(&provider).await > 0.5, "a control: where both are right it is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_to_keep_to_it() {
    let authority = authority();
    let running = start(&authority, &[]).await;
    let page = running.client.get(format!("{}/signin", running.url)).send().await.unwrap();
    assert_eq!(page.headers()["strict-transport-security"], "max-age=31536000; includeSubDomains");
    let link = format!("{}/signin?code={}", running.url, running.code());
    let signed_in = running.client.get(link).send().await.unwrap();
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.starts_with("__Host-contactiq_session=") && cookie.contains("; Secure"), "{cookie}");
    // A page that came to the browser without TLS may be anybody's.
    let key = running.key(Role::Customer).await;
    let plain = running.url.replace("https://", "http://");
    for (origin, status) in [(running.url.as_str(), 200), (plain.as_str(), 403)] {
        let body = json!({ "mode": "customer", "question": "hello" });
        let asked =
            Reply::of(running.posting(&key, "/v1/interactions", &body).header("origin", origin)).await;
        assert_eq!(asked.status, status, "{origin}");
    }
    let plain = house::start(&[]).await;
    let page = plain.client.get(format!("{}/signin", plain.url)).send().await.unwrap();
    assert!(page.headers().get("strict-transport-security").is_none(), "never over plain HTTP");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_in_force_without_a_restart_and_a_broken_one_is_not() {
    let authority = authority();
    let running = start(&authority, &[]).await;
    let serial = || {
        let (_, said) = s_client(&authority, &running, "-showcerts");
        said.split("-----BEGIN CERTIFICATE-----").nth(1).unwrap().split("-----END").next().unwrap().to_owned()
    };
    let first = serial();
    // A connection that is open stays so.
    let kept = Client::builder().no_proxy().tls_certs_only([authority.certificate()]).build().unwrap();
    let health = format!("{}/health", running.url);
    assert_eq!(kept.get(&health).send().await.unwrap().status(), 200);
    // Half of a new pair.
    authority.sign("next", "DNS:localhost");
    std::fs::copy(authority.path("next.pem"), authority.path("server.pem")).unwrap();
    let figures = async || house::client().get(&running.metrics).send().await.unwrap().text().await.unwrap();
    soon(async || figures().await.contains("contactiq_tls_pair_refused 1").then_some(())).await;
    assert_eq!(serial(), first, "the old one stays in force");
    assert_eq!(running.client.get(&health).send().await.unwrap().status(), 200);
    // The other half.
    std::fs::copy(authority.path("next.key"), authority.path("server.key")).unwrap();
    soon(async || (serial() != first).then_some(())).await;
    soon(async || figures().await.contains("contactiq_tls_pair_refused 0").then_some(())).await;
    assert_eq!(running.client.get(&health).send().await.unwrap().status(), 200);
    assert_eq!(kept.get(&health).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_never_ends_costs_nobody_else() {
    let authority = authority();
    let running = start(&authority, &[("CONTACTIQ__SERVER__CLIENT_TIMEOUT_SECONDS", "2")]).await;
    let health = format!("{}/health", running.url);
    // Clients that say nothing, and clients that begin and don't go on.
    let mut silent: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(peer(&running)).unwrap()).collect();
    for half in &mut silent[100..] {
        half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).unwrap();
    }
    let since = Instant::now();
    assert_eq!(running.client.get(&health).send().await.unwrap().status(), 200);
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
    // Each is closed when its time is over.
    for one in &mut silent {
        one.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let mut rest = Vec::new();
        if let Err(error) = one.read_to_end(&mut rest) {
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
        }
    }
    assert!(since.elapsed() < Duration::from_secs(6), "{:?}", since.elapsed());
    // So is one that shook hands and then is silent, and one that drips its head.
    let mut child = Command::new("openssl")
        .args([
            "s_client",
            "-quiet",
            "-connect",
            &peer(&running),
            "-servername",
            "localhost",
            "-CAfile",
            "ca.pem",
        ])
        .current_dir(authority.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(b"GET /health HTTP/1.1\r\nhost:").unwrap();
    let _closed = soon(async || child.try_wait().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_requests_end_and_closes_the_rest() {
    let authority = authority();
    let mut running = start(&authority, &[]).await;
    let key = running.key(Role::Service).await;
    // A silent connection and an idle one.
    let silent = TcpStream::connect(peer(&running)).unwrap();
    let kept = Client::builder().no_proxy().tls_certs_only([authority.certificate()]).build().unwrap();
    assert_eq!(kept.get(format!("{}/health", running.url)).send().await.unwrap().status(), 200);
    let body = json!({ "mode": "customer", "question": REPLACEMENT });
    let mut asked = tokio::task::JoinSet::new();
    asked.spawn(running.posting(&key, "/v1/interactions", &body).send());
    tokio::time::sleep(Duration::from_millis(30)).await;
    let since = Instant::now();
    running.stop().await;
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    let answered = asked.join_next().await.unwrap().unwrap().unwrap();
    let answer: Value = answered.json().await.unwrap();
    assert!(answer["outcome"].is_string(), "{answer}");
    drop(silent);
}

#[test]
fn the_start_and_doctor_say_what_is_in_force() {
    let authority = authority();
    let terminal = || {
        let mut terminal = Terminal::new()
            .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
            .with("CONTACTIQ_METRICS_LISTEN", "127.0.0.1:0");
        for (name, value) in settings(&authority) {
            terminal = terminal.with(name, value);
        }
        terminal
    };
    let served = serve(&terminal());
    assert!(served.url.starts_with("https://127.0.0.1:"), "{}", served.url);
    let (status, said) = served.end();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("tls        on: version 1.3, ") && said.contains("/signin?code="), "{said}");
    let found = |terminal: &Terminal| {
        let ran = terminal.run(&["doctor", "--json"]);
        let found: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        let tls = found.as_array().unwrap().iter().find(|f| f["part"] == "tls").unwrap().clone();
        (tls["state"].as_str().unwrap().to_owned(), tls["detail"].as_str().unwrap().to_owned())
    };
    let (state, detail) = found(&terminal());
    assert_eq!(state, "off", "it ends in two days: {detail}");
    assert!(detail.contains("version 1.3 alone") && detail.contains("in 1 days: renew it"), "{detail}");
    authority.sign("next", "DNS:localhost");
    std::fs::copy(authority.path("next.key"), authority.path("server.key")).unwrap();
    let (state, detail) = found(&terminal());
    assert_eq!(state, "failing", "{detail}");
    assert!(detail.contains("server.tls.key is not the key of server.tls.certificate"), "{detail}");
    let refused = terminal().run(&["serve"]);
    assert!(refused.refused().contains("server.tls.key is not the key"), "{}", refused.err);
    let half =
        Terminal::new().with("CONTACTIQ__SERVER__TLS__CERTIFICATE", "/c.pem").run(&["config", "check"]);
    assert!(half.err.contains("server.tls.key is empty"), "{half:?}");
}
