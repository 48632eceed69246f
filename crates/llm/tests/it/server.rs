//! A server that answers as it is told, one reply a request; the last reply repeats.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

/// What to do with one request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, then the connection closes.
    Bytes(String),
    /// These pieces with pauses between them, then the connection closes.
    Slow(Vec<(&'static str, Duration)>),
    /// These bytes, then silence until the client goes away.
    Hang(String),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::with(status, "application/json", "", body)
    }

    pub(crate) fn with(status: u16, media: &str, headers: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n{headers}connection: close\r\n\r\n{body}"
        ))
    }

    pub(crate) fn answer(text: &str) -> Self {
        Self::json(
            200,
            &serde_json::json!({
                "id": "x", "object": "chat.completion", "created": 1, "model": "little-model-2026-01-02",
                "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 50, "completion_tokens": 7, "total_tokens": 57,
                          "prompt_tokens_details": {"cached_tokens": 16}}
            })
            .to_string(),
        )
    }

    pub(crate) fn hang() -> Self {
        Self::Hang(String::new())
    }
}

/// One request as it arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    /// The request line and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    gone: mpsc::Receiver<()>,
}

impl Server {
    pub(crate) fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (left, gone) = mpsc::channel();
        let record = Arc::clone(&seen);
        std::thread::spawn(move || {
            for (index, stream) in listener.incoming().enumerate() {
                let reply = replies.get(index).or(replies.last()).unwrap().clone();
                let (record, left) = (Arc::clone(&record), left.clone());
                std::thread::spawn(move || serve(stream.unwrap(), reply, &record, &left));
            }
        });
        Self { address, seen, gone }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until a client went away from a reply that hangs.
    pub(crate) async fn client_left(&self) -> bool {
        for _ in 0..500 {
            if self.gone.try_recv().is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }
}

fn serve(stream: TcpStream, reply: Reply, record: &Mutex<Vec<Seen>>, left: &mpsc::Sender<()>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(request) = read(&mut reader) else { return };
    record.lock().unwrap().push(request);
    let mut stream = stream;
    match reply {
        Reply::Bytes(bytes) => drop(stream.write_all(bytes.as_bytes())),
        Reply::Slow(pieces) => {
            for (piece, pause) in pieces {
                if stream.write_all(piece.as_bytes()).is_err() {
                    return;
                }
                std::thread::sleep(pause);
            }
        }
        Reply::Hang(bytes) => {
            drop(stream.write_all(bytes.as_bytes()));
            let mut end = Vec::new();
            drop(reader.read_to_end(&mut end));
            left.send(()).ok();
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut head = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Seen { head, body: String::from_utf8(body).unwrap() })
}
