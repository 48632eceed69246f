//! A real identity provider (`scripts/oidc-private.sh`), one for each test that needs it, and servers that trust it.

use std::{path::Path, process::Command, sync::Arc};

use contactiq_domain::{Clock, Role, ids::SessionId};
use contactiq_server::wiring::{SystemClock, SystemIds, random_text, sha256_hex};
use contactiq_store::page_sessions::{self, PageSession};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    browser::between,
    house::{Running, client, folder, start_in},
    reply::{Reply, text},
};

/// What access tokens are for.
pub(crate) const AUDIENCE: &str = "api://contactiq";
const SECRET: &str = "a-secret-of-tests-that-is-long-enough";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/oidc-private.sh");

/// The provider.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    dir: TempDir,
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(Command::new(SCRIPT).arg("stop").arg(self.dir.path().join("p")).status());
    }
}

impl Provider {
    /// Starts one. Without node and npm the test fails; it does not skip.
    pub(crate) fn start() -> Provider {
        let dir = tempfile::tempdir().unwrap();
        let started = Command::new(SCRIPT).arg("start").arg(dir.path().join("p")).output().unwrap();
        let said = String::from_utf8_lossy(&started.stderr);
        assert!(started.status.success(), "the identity provider of the tests does not start: {said}");
        Provider { issuer: String::from_utf8(started.stdout).unwrap().trim().to_owned(), dir }
    }

    /// An access token of the client `robot-…`.
    pub(crate) async fn token(&self, robot: &str) -> String {
        let request = client()
            .post(format!("{}/token", self.issuer))
            .basic_auth(format!("robot-{robot}"), Some(SECRET))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials&scope=ask");
        text(&Reply::of(request).await.json(), "access_token").to_owned()
    }

    /// Does something to the provider.
    pub(crate) async fn set(&self, what: &str) -> Value {
        Reply::of(client().post(format!("{}/test/{what}", self.issuer))).await.json()
    }

    /// How often its keys were asked for.
    pub(crate) async fn asked(&self) -> u64 {
        let reply = Reply::of(client().get(format!("{}/test/asked", self.issuer))).await;
        reply.json()["asked"].as_u64().unwrap()
    }

    /// Its RSA key.
    pub(crate) async fn key(&self) -> Value {
        Reply::of(client().get(format!("{}/test/key", self.issuer))).await.json()
    }

    /// A token that this provider's key signs, whatever it says.
    pub(crate) async fn forge(&self, change: impl FnOnce(&mut Header, &mut Value)) -> String {
        let key = self.key().await;
        let now = now();
        let mut header = Header { kid: Some(text(&key, "kid").to_owned()), ..Header::new(Algorithm::RS256) };
        let mut claims = json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": "robot-supervisor", "iat": now, "exp": now + 60,
            "roles": ["ciq-supervisor"],
        });
        change(&mut header, &mut claims);
        let signs = EncodingKey::from_rsa_pem(text(&key, "pem").as_bytes()).unwrap();
        jsonwebtoken::encode(&header, &claims, &signs).unwrap()
    }

    /// A server that trusts this provider, with settings above.
    pub(crate) async fn server(&self, settings: &[(&str, &str)]) -> Running {
        self.server_in(folder(), settings).await
    }

    /// The same in a data folder that may have been used before.
    pub(crate) async fn server_in(&self, dir: Arc<TempDir>, settings: &[(&str, &str)]) -> Running {
        // The provider sends people back to an address that must be known before the server stands.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (listen, url) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
        let file = self.config(dir.path());
        let mut all = vec![
            ("CONTACTIQ_CONFIG", file.as_str()),
            ("CONTACTIQ_LISTEN", &listen),
            ("CONTACTIQ_PUBLIC_URL", &url),
        ];
        all.extend_from_slice(settings);
        start_in(dir, &all).await
    }

    /// The client's secret.
    pub(crate) fn secret(&self) -> &'static str {
        SECRET
    }

    /// A configuration that trusts it.
    pub(crate) fn config(&self, dir: &Path) -> String {
        let mut text = format!(
            "[identity.oidc]\nissuer = \"{}\"\naudiences = [\"{AUDIENCE}\"]\nclient_id = \"contactiq\"\n\
             client_secret = \"{SECRET}\"\nleeway_seconds = 2\n",
            self.issuer
        );
        for role in ["banker", "supervisor", "auditor", "admin", "customer"] {
            text.push_str(&format!("[[identity.oidc.roles]]\nvalue = \"ciq-{role}\"\nrole = \"{role}\"\n"));
        }
        text.push_str(
            "[[identity.oidc.roles]]\nvalue = \"ciq-tellers\"\nrole = \"banker\"\nmode = \"banker\"\n",
        );
        let file = dir.join("contactiq.toml");
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }
}

/// Seconds.
pub(crate) fn now() -> i64 {
    SystemClock.now().micros() / 1_000_000
}

/// A browser that signs in at the provider.
pub(crate) struct Staff<'a> {
    pub(crate) running: &'a Running,
    /// The cookie of its session.
    pub(crate) cookie: String,
}

impl<'a> Staff<'a> {
    /// Signs in as this person of the provider.
    pub(crate) async fn sign_in(running: &'a Running, person: &str) -> Staff<'a> {
        let (back, kept) = to_the_provider(running, person).await;
        let reply = Reply::of(running.request(Method::GET, &back).header("cookie", kept)).await;
        assert!(reply.page(200).contains("You are signed in"), "{}", reply.text);
        Staff { running, cookie: session_cookie(&reply).unwrap() }
    }

    /// Another session of the same person, as it was kept but for this change.
    pub(crate) async fn another(&self, change: impl FnOnce(&mut PageSession)) -> Staff<'a> {
        let (name, token) = self.cookie.split_once('=').unwrap();
        let mut w = self.running.store.write().await.unwrap();
        let own = page_sessions::find(&mut w, &sha256_hex(token.as_bytes())).await.unwrap().unwrap();
        let token = random_text::<32>();
        let (id, token_hash) = (SessionId::new(&SystemIds), sha256_hex(token.as_bytes()));
        let mut other = PageSession { id, token_hash, ..own };
        change(&mut other);
        page_sessions::begin(&mut w, &other).await.unwrap();
        w.save().await.unwrap();
        Staff { running: self.running, cookie: format!("{name}={token}") }
    }

    /// Opens a page.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        let request = self.running.request(Method::GET, path).header("cookie", &self.cookie);
        Reply::of(request.header("accept", "text/html")).await
    }

    /// Sends a form of a page, with its token.
    pub(crate) async fn send(&self, path: &str, pairs: &[(&str, &str)]) -> Reply {
        let page = self.get("/documents").await;
        let csrf = between(page.page(200), "name=\"csrf-token\" content=\"", "\"").to_owned();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(pairs);
        let request = self.running.request(Method::POST, path).header("cookie", &self.cookie);
        Reply::of(request.header(crate::house::FORM.0, crate::house::FORM.1).body(crate::house::form(&all)))
            .await
    }
}

/// The cookie of a session that an answer sets.
pub(crate) fn session_cookie(reply: &Reply) -> Option<String> {
    let set = reply.headers.get_all("set-cookie").iter().filter_map(|v| v.to_str().ok());
    let pair = set.map(|set| set.split(';').next().unwrap_or_default());
    pair.filter(|pair| pair.contains("contactiq_session=") && !pair.ends_with('=')).map(str::to_owned).next()
}

/// Goes to the provider and signs in there; the address back with its code, and the cookie of the sign-in.
pub(crate) async fn to_the_provider(running: &Running, person: &str) -> (String, String) {
    to_the_provider_from(&running.url, person).await
}

/// The same from a server at this address.
pub(crate) async fn to_the_provider_from(url: &str, person: &str) -> (String, String) {
    let reply = Reply::of(client().get(format!("{url}/signin/provider?next=/documents"))).await;
    let kept = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    let browser = client();
    let (mut at, mut cookies): (String, Vec<String>) = (reply.redirect().to_owned(), Vec::new());
    for _ in 0..10 {
        let reply = Reply::of(browser.get(&at).header("cookie", cookies.join("; "))).await;
        assert!(matches!(reply.status, 302 | 303), "{at}: {} {}", reply.status, reply.text);
        for set in reply.headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            let name = pair.split('=').next().unwrap().to_owned();
            cookies.retain(|known| !known.starts_with(&format!("{name}=")));
            if !pair.ends_with('=') {
                cookies.push(pair);
            }
        }
        let mut next = reqwest::Url::parse(&at).unwrap().join(reply.header("location")).unwrap();
        if next.path() == "/signin/callback" {
            return (format!("{}?{}", next.path(), next.query().unwrap_or_default()), kept);
        }
        if next.path().starts_with("/interaction/") {
            next.query_pairs_mut().append_pair("user", person);
        }
        at = next.into();
    }
    panic!("the provider leads in a circle")
}

/// The roles that people may have.
pub(crate) const PEOPLE: [(&str, Role); 4] =
    [("mia", Role::Banker), ("sam", Role::Supervisor), ("ada", Role::Auditor), ("root", Role::Admin)];
