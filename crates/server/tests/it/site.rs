//! A web site of this machine, with what good and bad sites do.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use crate::process::Terminal;

/// What stands at a path.
#[derive(Clone)]
pub(crate) enum At {
    Html(String),
    Xml(String),
    Text(String),
    /// HTML behind a header.
    Headed(&'static str, String),
    Docx(Vec<u8>),
    Status(u16),
    To(String),
    Typed(&'static str),
    Endless,
}

/// A web site that can change while it runs, and knows what it was asked for.
pub(crate) struct Site {
    pub(crate) port: u16,
    paths: Arc<Mutex<HashMap<String, At>>>,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Site {
    pub(crate) fn new() -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let site = Site {
            port: listener.local_addr().unwrap().port(),
            paths: Arc::default(),
            asked: Arc::default(),
        };
        let (paths, asked) = (Arc::clone(&site.paths), Arc::clone(&site.asked));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (paths, asked) = (Arc::clone(&paths), Arc::clone(&asked));
                thread::spawn(move || answer(stream, &paths, &asked));
            }
        });
        site
    }

    pub(crate) fn put(&self, path: &str, at: At) {
        self.paths.lock().unwrap().insert(path.to_owned(), at);
    }

    pub(crate) fn remove(&self, path: &str) {
        self.paths.lock().unwrap().remove(path);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn sitemap(&self, paths: &[&str]) {
        let urls: String =
            paths.iter().map(|path| format!("<url><loc>{}</loc></url>", self.url(path))).collect();
        self.put("/sitemap.xml", At::Xml(format!("<urlset>{urls}</urlset>")));
    }

    /// A bank that may ask this site.
    pub(crate) fn bank(&self) -> Terminal {
        Terminal::new()
            .with("CONTACTIQ_DEMO", "off")
            .with("CONTACTIQ__KNOWLEDGE__FETCH__ALLOW", format!("127.0.0.1:{}", self.port))
            .with("CONTACTIQ__KNOWLEDGE__FETCH__ALLOW_PRIVATE", "true")
            .with("CONTACTIQ__KNOWLEDGE__FETCH__DELAY_MILLISECONDS", "0")
            .with("CONTACTIQ__KNOWLEDGE__FETCH__PAGE_TIMEOUT_SECONDS", "2")
    }
}

fn answer(stream: TcpStream, paths: &Mutex<HashMap<String, At>>, asked: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let path = lines.next().and_then(|l| l.split(' ').nth(1).map(str::to_owned)).unwrap_or_default();
    for line in lines {
        if line.is_empty() {
            break;
        }
    }
    asked.lock().unwrap().push(path.clone());
    let at = paths.lock().unwrap().get(&path).cloned().unwrap_or(At::Status(404));
    let mut stream = stream;
    let mut send = |status: u16, header: &str, body: &[u8]| {
        let head = format!(
            "HTTP/1.1 {status} X\r\n{header}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(body);
    };
    match at {
        At::Html(body) => send(200, "Content-Type: text/html; charset=utf-8", body.as_bytes()),
        At::Xml(body) => send(200, "Content-Type: application/xml", body.as_bytes()),
        At::Headed(header, body) => {
            send(200, &format!("Content-Type: text/html\r\n{header}"), body.as_bytes());
        }
        At::Text(body) => send(200, "Content-Type: text/plain; charset=utf-8", body.as_bytes()),
        At::Docx(body) => send(
            200,
            "Content-Type: application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            &body,
        ),
        At::Status(status) => send(status, "X-Nothing: 0", b""),
        At::To(to) => send(302, &format!("Location: {to}"), b""),
        At::Typed(kind) => send(200, &format!("Content-Type: {kind}"), b"x"),
        At::Endless => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<p>";
            let mut sent = stream.write_all(head.as_bytes());
            while sent.is_ok() {
                thread::sleep(std::time::Duration::from_millis(20));
                sent = stream.write_all(b"and so on ");
            }
        }
    }
}

pub(crate) fn page(title: &str, body: &str) -> At {
    At::Html(format!(
        "<html><head><title>{title}</title></head><body><nav>Home | Cards</nav><main><h1>{title}</h1>{body}</main>\
         <footer>All rights reserved</footer></body></html>"
    ))
}
