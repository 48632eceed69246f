//! Links with TLS: a real Redis that speaks nothing else, with a certificate of an authority of its own.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use crate::process::Terminal;

/// A Redis with TLS alone, ended with the test.
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

fn openssl(dir: &Path, arguments: &str) {
    let ran = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().unwrap();
    assert!(ran.status.success(), "{arguments}: {}", String::from_utf8_lossy(&ran.stderr));
}

impl TlsRedis {
    fn start(dir: &Path) -> TlsRedis {
        openssl(
            dir,
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=bank-ca -days 2",
        );
        openssl(dir, "req -newkey rsa:2048 -nodes -keyout redis.key -out redis.csr -subj /CN=localhost");
        std::fs::write(dir.join("names"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").unwrap();
        let sign = "x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out redis.pem -days 2 -extfile names";
        openssl(dir, sign);
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = format!(
            "--port 0 --tls-port {port} --bind 127.0.0.1 --tls-cert-file redis.pem --tls-key-file redis.key \
             --tls-ca-cert-file ca.pem --tls-auth-clients no --save"
        );
        let mut command = Command::new("redis-server");
        command.args(options.split(' ')).arg("").current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null());
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

#[test]
fn redis_is_spoken_to_with_tls_and_its_certificate_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let redis = TlsRedis::start(dir.path());
    let found = |scheme: &str, authority: &str| {
        let terminal = Terminal::new()
            .with("CONTACTIQ_REDIS_URL", format!("{scheme}://localhost:{}/", redis.port))
            .with("SSL_CERT_FILE", dir.path().join(authority).display().to_string());
        let ran = terminal.run(&["doctor", "--json"]);
        let found: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {ran:?}"));
        let redis = found.as_array().unwrap().iter().find(|f| f["part"] == "redis").unwrap().clone();
        (redis["state"].as_str().unwrap().to_owned(), redis["detail"].as_str().unwrap().to_owned())
    };
    assert_eq!(found("rediss", "ca.pem"), ("ok".to_owned(), "answers: limits are shared".to_owned()));
    openssl(
        dir.path(),
        "req -x509 -newkey rsa:2048 -nodes -keyout o.key -out other.pem -subj /CN=other -days 2",
    );
    assert_eq!(found("rediss", "other.pem").0, "failing", "of somebody whom nobody trusts");
    assert_eq!(found("redis", "ca.pem").0, "failing", "it speaks nothing else");
}
