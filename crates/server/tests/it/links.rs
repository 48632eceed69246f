//! Links with TLS: a real PostgreSQL and a real Redis that speak nothing else, with certificates of an authority of the
//! tests' own.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::{authority::Authority, process::Terminal};

/// A Redis with TLS 1.3 alone, ended with the test.
struct TlsRedis {
    child: Child,
    port: u16,
}

impl Drop for TlsRedis {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl TlsRedis {
    fn start(authority: &Authority) -> TlsRedis {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = format!(
            "--port 0 --tls-port {port} --bind 127.0.0.1 --tls-cert-file server.pem --tls-key-file server.key \
             --tls-ca-cert-file ca.pem --tls-auth-clients no --tls-protocols TLSv1.3 --save"
        );
        let mut command = Command::new("redis-server");
        command.args(options.split(' ')).arg("").current_dir(authority.folder());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("run `make test`, which installs Redis");
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        TlsRedis { child, port }
    }
}

/// The PostgreSQL and the Redis of all tests, which speak no TLS.
#[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
fn plain(variable: &str) -> String {
    std::env::var(variable).expect("run `make test`, which starts private servers")
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/postgres-private.sh");

/// A PostgreSQL with TLS alone, ended with the test.
struct TlsPostgres {
    folder: String,
    url: String,
}

impl Drop for TlsPostgres {
    fn drop(&mut self) {
        drop(Command::new(SCRIPT).args(["stop", &self.folder]).status());
    }
}

impl TlsPostgres {
    fn start(authority: &Authority) -> TlsPostgres {
        let folder = format!("{}-pg", authority.folder().display());
        let started = Command::new(SCRIPT)
            .args(["start", &folder])
            .env("POSTGRES_TLS", authority.folder())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(started.status.success(), "the PostgreSQL of this test does not start: {said}");
        TlsPostgres { folder, url: String::from_utf8(started.stdout).unwrap().trim().to_owned() }
    }
}

fn authority() -> Authority {
    let authority = Authority::new();
    authority.sign("server", "DNS:localhost");
    authority
}

/// What `doctor` finds of a part.
fn found(terminal: &Terminal, part: &str) -> (String, String) {
    let ran = terminal.run(&["doctor", "--json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
    let part = found.as_array().unwrap().iter().find(|f| f["part"] == part).unwrap().clone();
    (part["state"].as_str().unwrap().to_owned(), part["detail"].as_str().unwrap().to_owned())
}

#[test]
fn redis_is_spoken_to_with_tls_and_its_certificate_is_looked_at() {
    let authority = authority();
    let redis = TlsRedis::start(&authority);
    let found = |url: String, authority: &Authority| {
        let terminal =
            Terminal::new().with("CONTACTIQ_REDIS_URL", url).with("SSL_CERT_FILE", authority.named("ca.pem"));
        found(&terminal, "redis")
    };
    let at = |scheme: &str, host: &str| format!("{scheme}://{host}:{}/", redis.port);
    assert_eq!(
        found(at("rediss", "localhost"), &authority),
        ("ok".to_owned(), "answers: limits are shared".to_owned())
    );
    let (state, why) = found(at("rediss", "localhost"), &Authority::new());
    assert!(state == "failing" && why.contains("signed by no authority that is trusted here"), "{why}");
    let (state, why) = found(at("rediss", "127.0.0.1"), &authority);
    assert!(state == "failing" && why.contains("for another host than the URL names"), "{why}");
    assert_eq!(found(at("redis", "localhost"), &authority).0, "failing", "it speaks nothing else");
    // The other way round: TLS is asked for, and the server has none.
    let without = plain("CONTACTIQ_TEST_REDIS_URL").replace("redis://", "rediss://");
    let (state, why) = found(without.clone(), &authority);
    assert!(state == "failing" && why.contains("does it speak that there"), "{why}");
    assert!(!why.contains(without.split('@').next().unwrap()), "{why}");
}

#[test]
fn postgresql_is_spoken_to_with_tls_and_its_certificate_is_looked_at() {
    let authority = authority();
    let postgres = TlsPostgres::start(&authority);
    let found = |url: String| {
        let terminal = Terminal::new().with("CONTACTIQ_DATABASE_URL", url);
        found(&terminal, "database")
    };
    let named = postgres.url.replace("127.0.0.1", "localhost");
    let verified = |url: &str, authority: &Authority| {
        format!("{url}?sslmode=verify-full&sslrootcert={}", authority.named("ca.pem"))
    };
    let (state, detail) = found(verified(&named, &authority));
    assert!(state == "ok" && detail.contains("postgresql, TLSv1.3;"), "{detail}");
    let password = postgres.url.split([':', '@']).nth(2).unwrap().to_owned();
    for (url, told) in [
        (verified(&named, &Authority::new()), "signed by no authority that is trusted here"),
        (verified(&postgres.url, &authority), "for another host than the URL names"),
        (format!("{named}?sslmode=disable"), "refused the user or the password"),
    ] {
        let (state, why) = found(url);
        assert!(state == "failing" && why.contains(told), "{told}: {why}");
        assert!(!why.contains(&password), "{why}");
    }
    // The other way round: TLS is asked for, and the server has none.
    let (state, why) = found(verified(&plain("CONTACTIQ_TEST_POSTGRES_URL"), &authority));
    assert!(state == "failing" && why.contains("does not speak TLS"), "{why}");
    // A start says it at once and does not wait for what does not pass by itself.
    // Its folder lives as long as the start reads it.
    let stranger = Authority::new();
    let since = std::time::Instant::now();
    let terminal = Terminal::new()
        .with("CONTACTIQ_DATABASE_URL", verified(&named, &stranger))
        .with("CONTACTIQ_LISTEN", "127.0.0.1:0")
        .with("CONTACTIQ_METRICS_LISTEN", "127.0.0.1:0");
    let ran = terminal.run(&["serve"]);
    assert!(ran.refused().contains("signed by no authority that is trusted here"), "{}", ran.err);
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
}

/// A web server of one version of TLS, ended with the test.
struct TlsWeb {
    child: Child,
    port: u16,
}

impl Drop for TlsWeb {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl TlsWeb {
    fn start(authority: &Authority, version: &str) -> TlsWeb {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options =
            format!("s_server -accept {port} -cert server.pem -key server.key {version} -www -quiet");
        let mut command = Command::new("openssl");
        command.args(options.split(' ')).current_dir(authority.folder());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        for _ in 0..100 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        TlsWeb { child, port }
    }

    /// Whether a client that speaks this version alone ends a handshake with it.
    fn answers(&self, version: &str) -> bool {
        let mut client = Command::new("openssl");
        client.args(["s_client", "-connect", &format!("127.0.0.1:{}", self.port), version]);
        client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        client.status().is_ok_and(|status| status.success())
    }
}

#[test]
fn a_manager_of_secrets_is_spoken_to_with_tls_1_3_alone() {
    let authority = authority();
    let said = |version: &str| {
        let web = TlsWeb::start(&authority, version);
        assert!(web.answers(version), "a server that speaks {version} is there");
        let terminal = Terminal::new()
            .with("CONTACTIQ_LLM_API_KEY", "vault:secret/contactiq#key")
            .with("CONTACTIQ__SECRETS__VAULT__ADDRESS", format!("https://localhost:{}", web.port))
            .with("CONTACTIQ__SECRETS__VAULT__CA_FILE", authority.named("ca.pem"))
            .with("CONTACTIQ__SECRETS__VAULT__TOKEN", "a token of the tests");
        let (state, detail) = found(&terminal, "secret");
        assert_eq!(state, "failing", "{detail}");
        detail
    };
    // It is no Vault: heard of the one it is that its answer can't be read, and of the other nothing at all.
    let (heard, unheard) = (said("-tls1_3"), said("-tls1_2"));
    assert_ne!(heard, unheard);
    assert!(!heard.contains("does not answer"), "{heard}");
    assert!(unheard.contains("does not answer") || unheard.contains("certificate"), "{unheard}");
}

#[test]
fn production_speaks_to_other_machines_over_verified_links_alone() {
    let url = |url: &str| {
        Terminal::new()
            .with("CONTACTIQ_DATABASE_URL", url)
            .with("CONTACTIQ__SERVER__ENVIRONMENT", "production")
    };
    for plain in ["postgres://iq@db.bank.example/iq", "postgres://iq@db.bank.example/iq?sslmode=require"] {
        let ran = url(plain).run(&["serve"]);
        assert!(ran.refused().contains("?sslmode=verify-full"), "{}", ran.err);
    }
    let redis = |url: &str| {
        Terminal::new().with("CONTACTIQ_REDIS_URL", url).with("CONTACTIQ__SERVER__ENVIRONMENT", "production")
    };
    for plain in ["redis://cache.bank.example:6379", "rediss://cache.bank.example:6379/#insecure"] {
        let ran = redis(plain).run(&["serve"]);
        assert!(ran.refused().contains("rediss:// without #insecure"), "{}", ran.err);
    }
}
