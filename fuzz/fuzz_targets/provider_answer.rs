//! What a language model's server answers, on both wires, as a stream or in one body: an error or a text, never a panic;
//! the sentences that were told are the text of the completion, and pieces cut anywhere say the same.
#![no_main]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{LazyLock, Mutex},
    thread,
    time::Duration,
};

use contactiq_guard::{Guard, GuardSettings, Published, Raw};
use contactiq_llm::{
    Anthropic, AnthropicSettings, Http, ModelError, OpenAiCompatible, OpenAiSettings, Prompt, Provider,
};
use libfuzzer_sys::fuzz_target;
use tokio::{runtime::Runtime, sync::mpsc};

/// The media type and the pieces of the next answer.
static ANSWER: Mutex<(&str, Vec<Vec<u8>>)> = Mutex::new(("", Vec::new()));

static HOUSE: LazyLock<(Runtime, [Box<dyn Provider>; 2], Prompt)> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
    thread::spawn(move || {
        listener.incoming().flatten().for_each(|client| drop(thread::spawn(|| serve(client))))
    });
    let http = Http::new().expect("TLS can be set up");
    let openai =
        OpenAiCompatible::new(OpenAiSettings::new(&*address, "m"), http.clone()).expect("they are usual");
    let anthropic = Anthropic::new(AnthropicSettings::new(&*address, "m"), http).expect("they are usual");
    let guard = Guard::new(GuardSettings { learned: None, ..GuardSettings::default() });
    let prompt = Prompt {
        version: "1",
        system: Published::by_bank("Answer."),
        passages: Vec::new(),
        history: Vec::new(),
        question: guard.mask(&Raw::new("What is the fee?")),
        nonce: "aB3dE5gH7jK9mN1p".to_owned(),
        canary: "zY2xW4vU6tS8rQ0o".to_owned(),
        max_output_tokens: 50,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it can be made");
    (runtime, [Box::new(openai), Box::new(anthropic)], prompt)
});

/// Answers each request of a connection, piece by piece.
fn serve(client: TcpStream) {
    let (Ok(mut out), mut requests) = (client.try_clone(), BufReader::new(client)) else { return };
    loop {
        let (mut line, mut length) = (String::new(), 0);
        while line != "\r\n" {
            line.clear();
            if !requests.read_line(&mut line).is_ok_and(|read| read > 0) {
                return;
            }
            if let Some(said) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = said.trim().parse().unwrap_or(0);
            }
        }
        if requests.read_exact(&mut vec![0; length]).is_err() {
            return;
        }
        let (media, pieces) = ANSWER.lock().expect("nobody panics with it").clone();
        let mut said =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ntransfer-encoding: chunked\r\n\r\n")
                .into_bytes();
        for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
            said.extend([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat());
        }
        said.extend(b"0\r\n\r\n");
        if out.write_all(&said).is_err() {
            return;
        }
    }
}

/// The text, which is that of the sentences.
async fn answered(provider: &dyn Provider, prompt: &Prompt) -> Result<String, ModelError> {
    let (on_text, mut told) = mpsc::channel(1024);
    let streamed = provider.stream_sentences(prompt, Duration::from_secs(5), on_text);
    let listen = async {
        let mut all = String::new();
        while let Some(sentence) = told.recv().await {
            all.push_str(&sentence);
        }
        all
    };
    let (completion, told) = tokio::join!(streamed, listen);
    let completion = completion?;
    assert_eq!(completion.text, told);
    assert!(!completion.text.trim().is_empty() && !completion.model.is_empty());
    Ok(completion.text)
}

fuzz_target!(init: { LazyLock::force(&HOUSE); }, |input: (bool, bool, u8, &[u8])| {
    let (wire, stream, cut, body) = input;
    let (runtime, providers, prompt) = &*HOUSE;
    let provider = &*providers[usize::from(wire)];
    let media = if stream { "text/event-stream" } else { "application/json" };
    let mut outcomes =
        [vec![body.to_vec()], body.chunks(usize::from(cut).max(1)).map(<[u8]>::to_vec).collect()]
            .map(|pieces| {
                *ANSWER.lock().expect("nobody panics with it") = (media, pieces);
                runtime.block_on(answered(provider, prompt)).map_err(|error| error.code())
            })
            .into_iter();
    let whole = outcomes.next();
    assert_ne!(whole, Some(Err("model_timeout")));
    assert_eq!(outcomes.next(), whole);
});
