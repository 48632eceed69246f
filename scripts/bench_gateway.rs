//! What a gateway adds to a call of a language model (rows S1 and S3), for `scripts/bench-gateway.sh`, which builds
//! this one file with rustc alone: a model server that answers at once or after a fixed delay, and the load, with a
//! thread for each connection. Both are one process, so that the moment at which the model wrote a sentence and that
//! at which a person could read it are of one clock.
//!
//!     bench_gateway PORT SECONDS ROUNDS NAME=URL=KEYS=PROCESS[=QUESTIONS]…
//!
//! PORT is where the model server listens. KEYS are separated by commas and used in turn; PROCESS is whose time on the
//! processor is counted. QUESTIONS is `many` or `one`; without it the gateway is sent the prompt that ContactIQ sends
//! to its model.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Result, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

/// What the documents of the demo bank say, word for word.
const FIRST: &str = "A replacement debit card costs $10.";
const SECOND: &str = "The digital card is ready in the app within 5 minutes.";
const PAUSE: Duration = Duration::from_millis(150);
/// Where both stand in the documents: with it the passage is found among those of a prompt.
const STANDS: &str = "A replacement debit card costs $10. A replacement debit card is free if";

static DELAY: AtomicU64 = AtomicU64::new(0);
/// Whether a stream pauses behind its first sentence.
static PAUSES: AtomicBool = AtomicBool::new(false);
/// When the last byte of the first sentence was written.
static WROTE: Mutex<Option<Instant>> = Mutex::new(None);
/// The last prompt that came, as its messages stand in JSON.
static PROMPT: Mutex<String> = Mutex::new(String::new());
static CALLS: AtomicU64 = AtomicU64::new(0);
static NEXT: AtomicU64 = AtomicU64::new(0);

// ---- the model server

fn serve(stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut out = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some((line, length, _)) = head(&mut reader)? {
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if line.starts_with("GET") {
            json(&mut out, r#"{"object":"list","data":[{"id":"stub","object":"model"}]}"#)?;
            continue;
        }
        CALLS.fetch_add(1, SeqCst);
        let body = String::from_utf8_lossy(&body).into_owned();
        let at = body.find(STANDS).unwrap_or(0);
        let number = body[..at].rfind("begin passage ").map_or("1", |from| {
            let number = &body[from + 14..];
            &number[..number.find(|c: char| !c.is_ascii_digit()).unwrap_or(0)]
        });
        let (first, second) = (format!("{FIRST} [{number}] "), format!("{SECOND} [{number}]"));
        let delay = DELAY.load(SeqCst);
        if delay > 0 {
            thread::sleep(Duration::from_millis(delay));
        }
        let usage = r#""usage":{"prompt_tokens":900,"completion_tokens":30,"total_tokens":930}"#;
        let streams = body.contains("\"stream\":true") || body.contains("\"stream\": true");
        if streams {
            let piece = |delta: &str, finish: &str| {
                format!(
                    "data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"stub\",\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
                )
            };
            let says = |words: &str| piece(&format!("{{\"role\":\"assistant\",\"content\":\"{words}\"}}"), "null");
            let end = format!(
                "{}data: {{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"stub\",\"choices\":[],{usage}}}\n\ndata: [DONE]\n\n",
                piece("{}", "\"stop\"")
            );
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            let (begin, rest) = second.split_at(3);
            if PAUSES.load(SeqCst) {
                out.write_all(format!("{head}{}", chunked(&says("A"))).as_bytes())?;
                thread::sleep(PAUSE);
                // Where a sentence ends is certain when the next one begins.
                let now = chunked(&format!("{}{}", says(&first[1..]), says(begin)));
                *WROTE.lock().unwrap() = Some(Instant::now());
                out.write_all(now.as_bytes())?;
                thread::sleep(PAUSE);
                out.write_all(format!("{}0\r\n\r\n", chunked(&format!("{}{end}", says(rest)))).as_bytes())?;
            } else {
                let all = format!("{}{}{}{end}", says(&first), says(begin), says(rest));
                out.write_all(format!("{head}{}0\r\n\r\n", chunked(&all)).as_bytes())?;
            }
        } else {
            json(
                &mut out,
                &format!(
                    "{{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"stub\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\"content\":\"{first}{second}\"}},\"finish_reason\":\"stop\"}}],{usage}}}"
                ),
            )?;
        }
        *PROMPT.lock().unwrap() = body;
    }
    Ok(())
}

fn chunked(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

fn json(out: &mut TcpStream, body: &str) -> Result<()> {
    out.write_all(
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
            .as_bytes(),
    )
}

/// The first line, the length of the body, and whether it comes in chunks; nothing at the end of the connection.
fn head(reader: &mut impl BufRead) -> Result<Option<(String, usize, bool)>> {
    let (mut first, mut length, mut chunks) = (String::new(), 0, false);
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            return Ok(Some((first, length, chunks)));
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        chunks |= line.starts_with("transfer-encoding:") && line.contains("chunked");
    }
}

// ---- the load

#[derive(Clone)]
struct Gateway {
    name: String,
    address: String,
    path: String,
    keys: Vec<String>,
    process: String,
    /// `many`, `one`, or nothing for a prompt.
    questions: Option<String>,
}

impl Gateway {
    fn parse(text: &str) -> Gateway {
        let parts: Vec<&str> = text.split('=').collect();
        let url = parts[1].strip_prefix("http://").expect("http://");
        let (address, path) = url.split_once('/').expect("a path");
        Gateway {
            name: parts[0].to_owned(),
            address: address.to_owned(),
            path: format!("/{path}/chat/completions"),
            keys: parts[2].split(',').map(str::to_owned).collect(),
            process: parts[3].to_owned(),
            questions: parts.get(4).map(|&q| q.to_owned()),
        }
    }

    /// Milliseconds that its process had of the processors; Linux counts in hundredths of a second.
    fn processor(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process)).unwrap_or_default();
        let behind = stat.rsplit(')').next().unwrap_or_default();
        let figures = behind.split_whitespace().skip(11).take(2);
        figures.filter_map(|figure| figure.parse::<f64>().ok()).sum::<f64>() * 10.0
    }

    fn body(&self, streams: bool) -> String {
        static RESENT: OnceLock<String> = OnceLock::new();
        let messages = match self.questions.as_deref() {
            None => RESENT.get_or_init(|| messages(&PROMPT.lock().unwrap())).clone(),
            Some(kind) => {
                let number = if kind == "many" { NEXT.fetch_add(1, SeqCst) } else { 0 };
                format!("[{{\"role\":\"user\",\"content\":\"{}\"}}]", question(number))
            }
        };
        let model = if self.questions.is_some() { "contactiq-customer" } else { "stub" };
        format!("{{\"model\":\"{model}\",\"stream\":{streams},\"messages\":{messages}}}")
    }

    fn request(&self, key: usize, streams: bool) -> String {
        let body = self.body(streams);
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.path,
            self.address,
            self.keys[key % self.keys.len()],
            body.len()
        )
    }

    fn connect(&self) -> Result<(TcpStream, BufReader<TcpStream>)> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok((stream.try_clone()?, BufReader::new(stream)))
    }
}

/// The array of messages in the body of a request.
fn messages(body: &str) -> String {
    let from = body.find("\"messages\":").expect("messages") + 11;
    let (mut depth, mut inside, mut escaped) = (0, false, false);
    for (at, byte) in body[from..].bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b'[' if !inside => depth += 1,
            b']' if !inside => {
                depth -= 1;
                if depth == 0 {
                    return body[from..=from + at].to_owned();
                }
            }
            _ => {}
        }
    }
    panic!("the messages do not end")
}

/// The same question in other words, each number another one.
fn question(number: u64) -> String {
    const GREETS: [&str; 12] = [
        "",
        "Hi, ",
        "Hello, ",
        "Good morning, ",
        "Good evening, ",
        "Hi there, ",
        "Hello there, ",
        "Hey, ",
        "Good afternoon, ",
        "Dear bank, ",
        "Excuse me, ",
        "Thanks in advance, ",
    ];
    const LEADS: [&str; 12] = [
        "",
        "quick question: ",
        "please tell me: ",
        "I would like to know: ",
        "one question: ",
        "I wonder: ",
        "just asking: ",
        "can you help: ",
        "my question is: ",
        "I have a question: ",
        "small question: ",
        "could you say: ",
    ];
    const CORES: [&str; 8] = [
        "what does a replacement debit card cost",
        "how much is a replacement debit card",
        "what is the fee for a replacement debit card",
        "what do I pay for a replacement debit card",
        "how much does a replacement debit card cost",
        "what is the price of a replacement debit card",
        "what does it cost to replace a debit card",
        "how much do you charge for a replacement debit card",
    ];
    const ENDS: [&str; 12] = [
        "?",
        " please?",
        ", please?",
        " at the moment?",
        " now?",
        " at your bank?",
        " these days?",
        " right now?",
        " with you?",
        " currently?",
        " in the end?",
        " altogether?",
    ];
    // A stride that shares no factor with the number of questions visits each once.
    let mut rest = number.wrapping_mul(7919) % (12 * 12 * 8 * 12);
    let mut pick = |of: &[&'static str]| {
        let chosen = of[(rest % of.len() as u64) as usize];
        rest /= of.len() as u64;
        chosen
    };
    format!("{}{}{}{}", pick(&GREETS), pick(&LEADS), pick(&CORES), pick(&ENDS))
}

#[derive(Default, Clone)]
struct Measured {
    millis: Vec<f64>,
    failed: usize,
    grounded: usize,
    seconds: f64,
    processor: f64,
}

impl Measured {
    fn at(&self, share: f64) -> f64 {
        let mut sorted = self.millis.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1);
        sorted.get(((last as f64) * share).round() as usize).copied().unwrap_or(f64::NAN)
    }

    fn a_second(&self) -> f64 {
        self.millis.len() as f64 / self.seconds
    }

    fn add(&mut self, other: Measured) {
        self.millis.extend(other.millis);
        self.failed += other.failed;
        self.grounded += other.grounded;
        self.seconds += other.seconds;
        self.processor += other.processor;
    }
}

/// Reads one answer: its first line and its body.
fn answer(reader: &mut BufReader<TcpStream>) -> Result<(String, String)> {
    let Some((line, length, chunks)) = head(reader)? else {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    };
    let mut body = Vec::new();
    if chunks {
        while let Some(piece) = chunk(reader)? {
            body.extend(piece);
        }
    } else {
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
    }
    Ok((line, String::from_utf8_lossy(&body).into_owned()))
}

fn chunk(reader: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut size = String::new();
    reader.read_line(&mut size)?;
    let size = usize::from_str_radix(size.trim(), 16).unwrap_or(0);
    let mut piece = vec![0; size + 2];
    reader.read_exact(&mut piece)?;
    piece.truncate(size);
    Ok((size > 0).then_some(piece))
}

/// Every connection asks again as soon as it was answered, for so long.
fn load(gateway: &Gateway, connections: usize, time: Duration) -> Measured {
    let (began, before) = (Instant::now(), gateway.processor());
    let each: Vec<_> = (0..connections)
        .map(|number| {
            let gateway = gateway.clone();
            thread::spawn(move || {
                let mut found = Measured::default();
                let Ok((mut out, mut reader)) = gateway.connect() else {
                    found.failed += 1;
                    return found;
                };
                while began.elapsed() < time {
                    let request = gateway.request(number, false);
                    let asked = Instant::now();
                    match out.write_all(request.as_bytes()).and_then(|()| answer(&mut reader)) {
                        Ok((line, body)) if line.contains(" 200") => {
                            found.millis.push(asked.elapsed().as_secs_f64() * 1e3);
                            found.grounded += usize::from(body.contains(FIRST) && body.contains(SECOND));
                        }
                        Ok(_) => found.failed += 1,
                        Err(_) => {
                            found.failed += 1;
                            let Ok(again) = gateway.connect() else { break };
                            (out, reader) = again;
                        }
                    }
                }
                found
            })
        })
        .collect();
    let mut all = Measured::default();
    for one in each {
        all.add(one.join().unwrap());
    }
    all.seconds = began.elapsed().as_secs_f64();
    all.processor = gateway.processor() - before;
    all
}

/// How long after the model wrote the end of its first sentence the whole of it could be read.
fn first_sentence(gateway: &Gateway) -> Option<f64> {
    let (mut out, mut reader) = gateway.connect().ok()?;
    out.write_all(gateway.request(0, true).as_bytes()).ok()?;
    let (line, ..) = head(&mut reader).ok()??;
    if !line.contains(" 200") {
        return None;
    }
    let (mut stream, mut found) = (String::new(), None);
    while let Some(piece) = chunk(&mut reader).ok()? {
        let now = Instant::now();
        stream.push_str(&String::from_utf8_lossy(&piece));
        if found.is_none() && words(&stream).contains(FIRST) {
            let wrote = WROTE.lock().unwrap().take()?;
            found = Some((now - wrote).as_secs_f64() * 1e3);
        }
    }
    // A sentence that came with the end of the answer was not streamed: it would be 150 ms late.
    words(&stream).contains(SECOND).then_some(found?)
}

/// What the events say, joined; there is no quotation mark in it.
fn words(events: &str) -> String {
    let spaced = events.replace("\"content\": \"", "\"content\":\"");
    spaced.split("\"content\":\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("PORT SECONDS ROUNDS");
    let (port, seconds, rounds): (u16, u64, usize) =
        (next().parse().unwrap(), next().parse().unwrap(), next().parse().unwrap());
    let gateways: Vec<Gateway> = arguments.map(|text| Gateway::parse(&text)).collect();
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port of the model server");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    let direct = Gateway::parse(&format!("direct=http://127.0.0.1:{port}/v1=k={}", std::process::id()));

    // The prompt that the others are sent is ContactIQ's own; and a control that all of them answer.
    for gateway in gateways.iter().filter(|g| g.questions.is_some()).chain(&gateways) {
        let (mut out, mut reader) = gateway.connect().expect("it listens");
        out.write_all(gateway.request(0, false).as_bytes()).unwrap();
        let (line, body) = answer(&mut reader).unwrap();
        assert!(line.contains(" 200") && body.contains(FIRST), "{}: {line} {body}", gateway.name);
    }
    let prompt = gateways.iter().find(|g| g.questions.is_none()).map_or(0, |g| g.body(false).len());
    println!("# a prompt of {prompt} bytes; {rounds} rounds of {seconds} s each, interleaved");
    println!("# model connections gateway a_second p50_ms p99_ms answers grounded_% failed processor_ms");
    let targets: Vec<&Gateway> = [&direct].into_iter().chain(&gateways).collect();
    for delay in [0, 200] {
        DELAY.store(delay, SeqCst);
        for connections in [1, 10, 100] {
            let mut sums: BTreeMap<usize, Measured> = BTreeMap::new();
            for _ in 0..rounds {
                for (at, gateway) in targets.iter().enumerate() {
                    // What is answered from memory knows no delay.
                    if delay > 0 && gateway.questions.as_deref() == Some("one") {
                        continue;
                    }
                    load(gateway, connections, Duration::from_millis(300 + delay));
                    sums.entry(at).or_default().add(load(gateway, connections, Duration::from_secs(seconds)));
                }
            }
            for (at, m) in sums {
                println!(
                    "S1 {delay} {connections} {} {:.1} {:.3} {:.3} {} {:.1} {} {:.3}",
                    targets[at].name,
                    m.a_second(),
                    m.at(0.5),
                    m.at(0.99),
                    m.millis.len(),
                    100.0 * m.grounded as f64 / m.millis.len().max(1) as f64,
                    m.failed,
                    m.processor / m.millis.len().max(1) as f64
                );
            }
        }
    }
    DELAY.store(0, SeqCst);
    PAUSES.store(true, SeqCst);
    for gateway in targets.iter().filter(|g| g.questions.as_deref() != Some("one")) {
        let mut m = Measured { seconds: 1.0, ..Measured::default() };
        for _ in 0..20 * rounds {
            match first_sentence(gateway) {
                Some(millis) => m.millis.push(millis),
                None => m.failed += 1,
            }
        }
        println!(
            "S3 0 1 {} 0 {:.3} {:.3} {} 100 {} 0",
            gateway.name,
            m.at(0.5),
            m.at(0.99),
            m.millis.len(),
            m.failed
        );
    }
    println!("# calls of the model: {}", CALLS.load(SeqCst));
}
