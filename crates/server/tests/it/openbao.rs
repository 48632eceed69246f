//! A real OpenBao: the shared one at `CONTACTIQ_TEST_OPENBAO_URL`, or one of a test's own. Without it these tests fail:
//! they don't skip.

use std::{path::Path, process::Command};

use contactiq_server::wiring::random_letters;
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::house::client;

/// A server of secrets.
pub(crate) struct OpenBao {
    pub(crate) address: String,
    pub(crate) token: String,
    unseal: String,
    /// Of a test's own.
    own: Option<TempDir>,
}

impl Drop for OpenBao {
    fn drop(&mut self) {
        if let Some(dir) = &self.own {
            drop(script().arg("stop").arg(dir.path().join("openbao")).status());
        }
    }
}

fn script() -> Command {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/openbao-private.sh"))
}

impl OpenBao {
    /// The one that all tests share: nobody seals it.
    pub(crate) fn shared() -> OpenBao {
        #[expect(clippy::disallowed_methods, reason = "tests have no configuration to come through")]
        let url = std::env::var("CONTACTIQ_TEST_OPENBAO_URL");
        let url = url.expect("CONTACTIQ_TEST_OPENBAO_URL names no server: run `make test`, which starts one");
        OpenBao::at(&url, None)
    }

    /// One of its own, which may be sealed.
    pub(crate) fn own() -> OpenBao {
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let started = script().arg("start").arg(dir.path().join("openbao")).output().unwrap();
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
        OpenBao::at(String::from_utf8(started.stdout).unwrap().trim(), Some(dir))
    }

    fn at(url: &str, own: Option<TempDir>) -> OpenBao {
        let url = Url::parse(url).unwrap();
        let address = format!("http://{}:{}", url.host_str().unwrap(), url.port().unwrap());
        OpenBao { address, token: url.username().to_owned(), unseal: url.password().unwrap().to_owned(), own }
    }

    /// A call of its API as root; the body of its answer.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Value {
        let request = client().request(method, format!("{}/v1/{path}", self.address));
        let response = request.header("x-vault-token", &self.token).json(&body).send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// A path that no other test has.
    pub(crate) fn path() -> String {
        format!("contactiq/{}", random_letters::<12>())
    }

    /// Writes an entry; the next version of it.
    pub(crate) async fn put(&self, path: &str, fields: Value) {
        self.call(Method::POST, &format!("secret/data/{path}"), json!({ "data": fields })).await;
    }

    /// A policy that reads this path alone.
    pub(crate) async fn policy(&self, path: &str) -> String {
        let name = random_letters::<12>().to_lowercase();
        let rule = format!("path \"secret/data/{path}\" {{ capabilities = [\"read\"] }}");
        self.call(Method::PUT, &format!("sys/policies/acl/{name}"), json!({ "policy": rule })).await;
        name
    }

    pub(crate) async fn seal(&self) {
        self.call(Method::PUT, "sys/seal", json!({})).await;
    }

    pub(crate) async fn unseal(&self) {
        self.call(Method::PUT, "sys/unseal", json!({ "key": self.unseal })).await;
    }
}
