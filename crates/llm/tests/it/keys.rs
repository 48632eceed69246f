//! The key in force and the one that stands by, over TCP: which is sent, and what a refusal changes.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use contactiq_domain::Secret;
use contactiq_llm::{Http, Keyring, ModelError, OpenAiCompatible, OpenAiSettings, Provider};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};

use crate::prompts::prompt;

const BUDGET: Duration = Duration::from_secs(5);

/// A server that opens to some keys and keeps which came.
struct Door {
    url: String,
    came: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl Door {
    /// Opens to this key; to any other it says this status.
    async fn to(key: &'static str, otherwise: u16) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let came: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&came);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut asked = Vec::new();
                let mut piece = [0; 4096];
                // The body ends with its brace; heads are small.
                while !asked.ends_with(b"}") {
                    match stream.read(&mut piece).await {
                        Ok(read @ 1..) => asked.extend_from_slice(&piece[..read]),
                        _ => break,
                    }
                }
                let text = String::from_utf8_lossy(&asked).into_owned();
                let sent = text.lines().find_map(|l| l.strip_prefix("authorization: Bearer ")).unwrap_or("");
                seen.lock().unwrap().push(sent.to_owned());
                let body = r#"{"id":"c","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Yes."},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#;
                let (status, body) = if sent == key { (200, body) } else { (otherwise, "{}") };
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                drop(stream.write_all((head + body).as_bytes()).await);
            }
        });
        Door { url, came, _serving: serving }
    }

    fn came(&self) -> Vec<String> {
        std::mem::take(&mut *self.came.lock().unwrap())
    }
}

fn ring(values: &[&str]) -> Keyring {
    let ring = Keyring::default();
    ring.replace(values.iter().map(|value| Secret::new((*value).to_owned())).collect());
    ring
}

fn model(door: &Door, ring: &Keyring) -> OpenAiCompatible {
    let settings = OpenAiSettings { api_key: ring.clone(), ..OpenAiSettings::new(&door.url, "m") };
    OpenAiCompatible::new(settings, Http::new().unwrap()).unwrap()
}

#[tokio::test]
async fn the_standby_is_tried_once_and_stays() {
    for refusal in [401, 403] {
        let door = Door::to("new", refusal).await;
        let ring = ring(&["old", "new"]);
        let model = model(&door, &ring);
        assert_eq!(model.complete(&prompt(), BUDGET).await.unwrap().text, "Yes.");
        assert_eq!(door.came(), ["old", "new"]);
        model.complete(&prompt(), BUDGET).await.unwrap();
        assert_eq!(door.came(), ["new"]);
        assert_eq!(ring.active().unwrap().expose(), "new");
    }
}

#[tokio::test]
async fn other_failures_try_no_other_key() {
    for status in [429, 500, 404] {
        let door = Door::to("new", status).await;
        let ring = ring(&["old", "new"]);
        model(&door, &ring).complete(&prompt(), BUDGET).await.unwrap_err();
        assert_eq!(door.came(), ["old"], "{status}");
        assert_eq!(ring.active().unwrap().expose(), "old");
    }
}

#[tokio::test]
async fn where_neither_opens_the_first_stays_in_force_and_both_are_stale() {
    let door = Door::to("another", 401).await;
    let ring = ring(&["old", "new"]);
    let model = model(&door, &ring);
    assert_eq!(model.complete(&prompt(), BUDGET).await.unwrap_err(), ModelError::Unauthorised);
    assert_eq!(door.came(), ["old", "new"]);
    assert_eq!(ring.active().unwrap().expose(), "old");
    assert!(ring.take_stale());
    // A value that is read anew is used at the next call, by a model that is open already.
    ring.replace(vec![Secret::new("another".to_owned())]);
    model.complete(&prompt(), BUDGET).await.unwrap();
    assert_eq!(door.came(), ["another"]);
}
