//! Clients that a bank's front door meets: slow ones, and pages of other sites.

use std::time::{Duration, Instant};

use contactiq_domain::Role;
use reqwest::{Method, header};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};

use crate::{
    house::{REPLACEMENT, Running, soon, start},
    reply::Reply,
};

const IMPATIENT: &[(&str, &str)] = &[("CONTACTIQ__SERVER__CLIENT_TIMEOUT_SECONDS", "1")];

/// Sends this and waits for the server to answer or to close; what it said.
async fn sends(running: &Running, text: &str) -> String {
    let mut socket = TcpStream::connect(running.url.trim_start_matches("http://")).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut said))
        .await
        .expect("the server closes a client that is too slow")
        .unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_closed() {
    let running = start(IMPATIENT).await;
    let since = Instant::now();
    sends(&running, "").await;
    sends(&running, "PRI * HTT").await;
    sends(&running, "GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
    assert!(since.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_client_that_never_ends_its_body_is_told_so() {
    let running = start(IMPATIENT).await;
    let key = running.key(Role::Customer).await;
    let said = sends(
        &running,
        &format!(
            "POST /v1/interactions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 200\r\n\r\n{{\"mode\":",
            key.text
        ),
    )
    .await;
    assert!(said.starts_with("HTTP/1.1 422") && said.contains("body_unreadable"), "{said}");
}

/// Sends the same request often at once, without reading, on a socket that holds little.
async fn asks_for_much(running: &Running, times: usize) -> TcpStream {
    let key = running.key(Role::Banker).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    let address = running.url.trim_start_matches("http://").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    let request =
        format!("GET /v1/knowledge HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", key.text);
    stream.write_all(request.repeat(times).as_bytes()).await.unwrap();
    stream
}

/// More answers than the kernel keeps for a client.
const MUCH: usize = 400;

#[tokio::test]
async fn a_client_that_reads_slowly_gets_everything() {
    let running = start(IMPATIENT).await;
    let mut stream = asks_for_much(&running, MUCH).await;
    let (since, mut answers, mut last) = (Instant::now(), 0, Vec::new());
    let mut chunk = vec![0; 1 << 20];
    while answers < MUCH {
        // Slower than the server writes, and several times its patience in all.
        if since.elapsed() < Duration::from_secs(4) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let n =
            tokio::time::timeout(Duration::from_secs(10), stream.read(&mut chunk)).await.unwrap().unwrap();
        assert!(n > 0, "cut after {answers} answers");
        // What stands across two chunks counts once.
        last.extend_from_slice(&chunk[..n]);
        let text = String::from_utf8_lossy(&last).into_owned();
        answers += text.matches("HTTP/1.1 200").count();
        last = last.split_off(last.len().saturating_sub("HTTP/1.1 20".len()));
    }
    assert!(since.elapsed() > Duration::from_secs(3), "it was read too fast to tell");
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_is_in_the_access_log() {
    // A model that never answers keeps the request waiting.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let model = format!("http://{}/v1", silent.local_addr().unwrap());
    let running = start(&[("CONTACTIQ_LLM_BASE_URL", &model), ("CONTACTIQ_LLM_MODEL", "m")]).await;
    let key = running.key(Role::Customer).await;
    let body = json!({ "mode": "customer", "question": REPLACEMENT }).to_string();
    let mut socket = TcpStream::connect(running.url.trim_start_matches("http://")).await.unwrap();
    let request = format!(
        "POST /v1/interactions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        key.text,
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    // The model is asked: the client is known by then.
    silent.accept().await.unwrap();
    drop(socket);
    let event = soon(async || {
        let mut reader = running.store.read().await.unwrap();
        contactiq_store::access::recent(&mut reader, 5).await.unwrap().pop()
    })
    .await;
    assert_eq!(event.status, 499);
    assert_eq!((event.method.as_str(), event.route.as_str()), ("POST", "/v1/interactions"));
    assert!(event.actor.starts_with("customer"), "{event:?}");
}

#[tokio::test]
async fn a_client_that_stops_reading_is_closed() {
    let running = start(IMPATIENT).await;
    let key = running.key(Role::Banker).await;
    let one = running.read(&key, "/v1/knowledge").await.text.len();
    let request =
        format!("GET /v1/knowledge HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", key.text);
    let asked = 40_000_000 / one;
    let mut socket = TcpStream::connect(running.url.trim_start_matches("http://")).await.unwrap();
    // Far more answers than the buffers between hold; nobody reads them, so the server stops reading too.
    let all = request.repeat(asked);
    tokio::time::timeout(Duration::from_secs(4), socket.write_all(all.as_bytes())).await.ok();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut got = 0;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match tokio::time::timeout(Duration::from_secs(20), socket.read(&mut buffer)).await.unwrap() {
            Ok(0) | Err(_) => break,
            Ok(read) => got += read,
        }
    }
    assert!(got < asked * one / 2, "closed after {got} of {} bytes", asked * one);
    running.read(&key, "/v1/knowledge").await.json();
}

#[tokio::test]
async fn pages_of_allowed_origins_read_answers_and_others_do_not() {
    let bank = "https://www.bank.example";
    let running = start(&[("CONTACTIQ_ALLOWED_ORIGINS", bank)]).await;
    let key = running.key(Role::Customer).await;
    let preflight = async |origin: &str| {
        let asked = running
            .request(Method::OPTIONS, "/v1/interactions")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type,idempotency-key");
        asked.send().await.unwrap().headers().get(header::ACCESS_CONTROL_ALLOW_ORIGIN).cloned()
    };
    assert_eq!(preflight(bank).await.unwrap(), bank);
    assert_eq!(preflight("https://evil.example").await, None);

    let asks = async |origin: &str| {
        let body = json!({ "mode": "customer", "question": "hello" });
        Reply::of(running.posting(&key, "/v1/interactions", &body).header(header::ORIGIN, origin)).await
    };
    let answered = asks(bank).await;
    assert_eq!((answered.status, answered.header("access-control-allow-origin")), (200, bank));
    asks("https://evil.example").await.problem(403, "forbidden");
}
