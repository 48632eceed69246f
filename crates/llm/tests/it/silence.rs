//! Nothing that is printed or logged, at any level, tells a key, a question or what a provider said.

use std::{
    io::Write,
    sync::{Arc, Mutex, Once},
    time::Duration,
};

use contactiq_domain::{Timestamp, clock::FixedClock};
use contactiq_guard::{Masked, Published};
use contactiq_llm::{
    Chain, ChainSettings, Embeddings, EmbeddingsSettings, Http, Keyring, ModerationSettings, Provider,
    RemoteModeration,
};

use crate::{
    prompts::{KEY, prompt, provider, settings},
    server::{Reply, Server},
};

/// What every test of this program logged, from the first prompt on. It is one log for the whole
/// program, because `tracing` remembers for all threads whether anybody listens.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Begins to write the log; every prompt calls it.
pub(crate) fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let all = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_ansi(false);
        all.with_writer(|| Writer).init();
    });
}

#[tokio::test]
async fn no_canary_in_logs_errors_or_debug() {
    listen();
    let echo = format!("{{\"error\":{{\"message\":\"bad key {KEY} for canary-question\"}}}}");
    let server = Server::start(vec![
        Reply::json(401, &echo),
        Reply::json(400, &echo),
        Reply::json(500, &echo),
        Reply::json(200, &echo),
        Reply::json(200, &format!("canary-question {KEY}")),
        Reply::Bytes(format!("HTTP/1.1 200 OK\r\n{KEY}\r\n\r\n")),
        Reply::answer("A canary-answer."),
    ]);
    let provider = Arc::new(provider(&server));
    let settings_shown = format!("{:?}", settings(&server));
    let once = ChainSettings { retries: 0, breaker_failures: 100, ..ChainSettings::default() };
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    let links: Vec<Arc<dyn Provider>> = vec![provider.clone()];
    let chain = Chain::new(links, once, clock, Arc::new(|| 0.5));
    let mut shown = vec![settings_shown, format!("{provider:#?} {chain:#?}"), format!("{:#?}", prompt())];
    shown.push(format!("{:?} {:#?}", Keyring::of(KEY), contactiq_llm::render(&prompt())));
    for _ in 0..6 {
        let error = chain.complete(&prompt(), Duration::from_secs(5)).await.unwrap_err();
        shown.push(format!("{error} {error:?} {}", error.code()));
    }
    shown.push(format!("{:#?}", chain.complete(&prompt(), Duration::from_secs(5)).await.unwrap()));
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    assert!(log.contains("model_unauthorised") && log.contains("outcome=\"ok\""), "{log}");
    shown.push(log);
    for text in shown {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn nor_of_the_embeddings() {
    listen();
    let echo = format!("{{\"error\":{{\"message\":\"bad key {KEY} for canary-question\"}}}}");
    let mut replies = vec![Reply::json(401, &echo), Reply::json(400, &echo), Reply::json(200, &echo)];
    replies.extend(vec![Reply::json(500, &echo); 4]);
    let server = Server::start(replies);
    let settings = EmbeddingsSettings {
        api_key: Keyring::of(KEY),
        ..EmbeddingsSettings::new(server.base_url(), "little-encoder")
    };
    let mut shown = vec![format!("{settings:?}")];
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    let embeddings = Embeddings::new(settings, Http::new().unwrap(), clock, Arc::new(|| 0.5)).unwrap();
    let texts = [Masked::from_published(&Published::by_bank("canary-question"))];
    for _ in 0..7 {
        let error = embeddings.embed(&texts, Duration::from_secs(5)).await.unwrap_err();
        shown.push(format!("{error} {error:?} {} {embeddings:#?}", error.code()));
    }
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    assert!(log.contains("outcome=\"model_unauthorised\""), "{log}");
    assert_eq!(log.matches(" WARN ").count(), 1, "one warning when it begins to be left alone: {log}");
    shown.push(log);
    for text in shown {
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn nor_of_the_moderation() {
    listen();
    let echo = format!("{{\"error\":{{\"message\":\"bad key {KEY} for canary-question\"}}}}");
    let server =
        Server::start(vec![Reply::json(401, &echo), Reply::json(200, &echo), Reply::json(500, &echo)]);
    let settings = ModerationSettings {
        api_key: Keyring::of(KEY),
        ..ModerationSettings::new(server.base_url(), "little-judge")
    };
    let mut shown = vec![format!("{settings:?}")];
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    let moderation = RemoteModeration::new(settings, Http::new().unwrap(), clock).unwrap();
    let text = Masked::from_published(&Published::by_bank("canary-question"));
    for _ in 0..7 {
        let error = moderation.judge(&text, Duration::from_secs(5)).await.unwrap_err();
        shown.push(format!("{error} {error:?} {} {moderation:#?}", error.code()));
    }
    let log = String::from_utf8(LOG.lock().unwrap().clone()).unwrap();
    assert!(log.contains("outcome=\"model_unauthorised\""), "{log}");
    shown.push(log);
    for text in shown {
        assert!(!text.contains("canary"), "{text}");
    }
}
