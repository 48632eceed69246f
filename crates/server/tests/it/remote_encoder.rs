//! The sentence encoder on another server: what it answers, what it is told, what happens without it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
};

use contactiq_domain::{Mode, Role};
use serde_json::Value;

use crate::{
    embeddings::{Embeddings, KEY, real_folder, with_kept_vectors},
    house::{Running, folder, keep_trained, soon, start_in, with_trained},
    process::Terminal,
    reply::{text, texts},
};

pub(crate) const INTENTS: &str = include_str!("../../../../defaults/intents.toml");
pub(crate) const TRIGGERS: &str = include_str!("../../../../defaults/triggers.toml");

/// Whether these settings name the folder of the real encoder.
pub(crate) fn is_real(settings: &[(&'static str, String)]) -> bool {
    let folder = settings.iter().find(|(name, _)| *name == "CONTACTIQ_ENCODER");
    folder.is_some_and(|(_, folder)| !matches!(folder.as_str(), "" | "off"))
}

/// Where models of the shortened files are kept: those of one encoder are of no use to another.
pub(crate) fn shortened_models(settings: &[(&'static str, String)]) -> &'static str {
    if is_real(settings) { "shortened-models-of-the-encoder" } else { "shortened-models-of-words" }
}

/// A start of ours that learns little, and nothing that another test has learned.
pub(crate) struct Start {
    terminal: Terminal,
    settings: Vec<(&'static str, String)>,
    kept: Option<&'static str>,
}

impl Start {
    pub(crate) fn new(settings: Vec<(&'static str, String)>) -> Start {
        let kept = Some(shortened_models(&settings));
        Start { kept, ..Start::learning(settings) }
    }

    /// One that has to learn.
    fn learning(settings: Vec<(&'static str, String)>) -> Start {
        let mut this = Start { terminal: Terminal::new(), settings, kept: None };
        for (name, field, file) in [
            ("intents.toml", "CONTACTIQ__FILES__INTENTS", INTENTS),
            ("triggers.toml", "CONTACTIQ__FILES__TRIGGERS", TRIGGERS),
        ] {
            let file = this.terminal.file(name, shortened(file));
            this = this.with(field, file.display().to_string());
        }
        this
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Start {
        self.settings.push((name, value.into()));
        self
    }

    /// With those documents of the demo bank alone that are about cards, so that little is encoded.
    fn of_cards(self) -> Start {
        let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/documents/customer");
        for file in std::fs::read_dir(all).unwrap().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if name.contains("card") {
                self.terminal.file(&format!("cards/{name}"), std::fs::read(file.path()).unwrap());
            }
        }
        let folder = self.terminal.data().join("files/cards").display().to_string();
        self.terminal.run(&["knowledge", "add", "--collection", "customer", &folder]).well();
        self.with("CONTACTIQ_DEMO", "off")
    }

    /// Serves with one setting more.
    pub(crate) async fn serve_with(&self, more: (&str, &str)) -> Running {
        let own = self.settings.iter().map(|(n, v)| (*n, v.as_str()));
        self.start(&own.chain([more]).collect::<Vec<_>>()).await
    }

    async fn start(&self, settings: &[(&str, &str)]) -> Running {
        let data = self.terminal.data();
        if let Some(kept) = self.kept {
            with_trained(data, kept);
        }
        if is_real(&self.settings) {
            with_kept_vectors(data);
        }
        let running = start_in(self.terminal.folder(), settings).await;
        if let Some(kept) = self.kept {
            keep_trained(data, kept);
        }
        running
    }

    /// A file in its folder.
    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        self.terminal.file(name, text).display().to_string()
    }

    /// A document that the running server takes up.
    fn add_ruby(&self) {
        let document = "---\ntitle: Ruby card\n---\n\n# Ruby card\n\nA replacement Ruby card costs $77.\n";
        let file = self.terminal.file("ruby.md", document).display().to_string();
        self.terminal.run(&["knowledge", "add", "--collection", "customer", &file]).well();
    }

    pub(crate) async fn serve(&self) -> Running {
        self.start(&self.settings.iter().map(|(n, v)| (*n, v.as_str())).collect::<Vec<_>>()).await
    }

    /// A terminal with the same settings and data.
    fn terminal(self) -> Terminal {
        self.settings.into_iter().fold(self.terminal, |terminal, (name, value)| terminal.with(name, value))
    }
}

/// The file with at most six examples where it has many.
pub(crate) fn shortened(file: &str) -> String {
    fn cut(value: &mut toml::Value) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table.iter_mut() {
                    match value {
                        toml::Value::Array(all) if matches!(name.as_str(), "examples" | "look_alikes") => {
                            all.truncate(6);
                        }
                        _ => cut(value),
                    }
                }
            }
            toml::Value::Array(all) => all.iter_mut().for_each(cut),
            _ => {}
        }
    }
    let mut value = toml::Value::Table(file.parse().unwrap());
    cut(&mut value);
    toml::to_string(&value).unwrap()
}

pub(crate) async fn ready(running: &Running) -> Value {
    running.client.get(format!("{}/ready", running.url)).send().await.unwrap().json().await.unwrap()
}

async fn readiness(running: &Running) -> String {
    text(&ready(running).await, "encoder").to_owned()
}

/// What a server says when it starts as a process.
fn start_lines(terminal: Terminal) -> String {
    start_told(terminal).0
}

/// What it says, and its log of that.
pub(crate) fn start_told(terminal: Terminal) -> (String, String) {
    let terminal =
        terminal.with("CONTACTIQ_LISTEN", "127.0.0.1:0").with("CONTACTIQ_METRICS_LISTEN", "127.0.0.1:0");
    let mut child = terminal.command(&["serve"]).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.contains("  models ") && out.read_line(&mut said).unwrap() > 0 {}
    child.kill().unwrap();
    let log = child.wait_with_output().unwrap().stderr;
    (said, String::from_utf8(log).unwrap())
}

pub(crate) fn part<'a>(doctor: &'a [Value], name: &str) -> Option<&'a Value> {
    doctor[0].as_array().unwrap().iter().find(|f| f["part"] == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_weights_answer_alike_here_and_on_another_server() {
    let Some(weights) = real_folder() else {
        println!("not run: CONTACTIQ_ENCODER is off");
        return;
    };
    let there = Embeddings::real(&weights).await;
    let here =
        Start::new(vec![("CONTACTIQ_ENCODER", weights.display().to_string())]).of_cards().serve().await;
    let far =
        Start { kept: Some("shortened-models-of-the-served-encoder"), ..Start::learning(there.settings()) };
    let far = far.of_cards().serve().await;
    assert!(readiness(&here).await.starts_with("all-MiniLM-L6-v2 + banking 3, kernel "));
    assert_eq!(readiness(&far).await, "little-encoder, 384 dimensions, remote");
    let (own, other) = (here.key(Role::Customer).await, far.key(Role::Customer).await);
    for question in [
        "What does a replacement card cost?",
        "how much can I take out of a cash machine in one day",
        "my card was stolen",
        "what is the capital of France?",
    ] {
        let near = here.ask(&own, Mode::Customer, question).await;
        let far = far.ask(&other, Mode::Customer, question).await;
        for same in ["intent", "outcome", "trigger", "citations"] {
            assert_eq!(near[same], far[same], "{same} of {question}");
        }
        let apart = near["confidence"].as_f64().unwrap() - far["confidence"].as_f64().unwrap();
        assert!(apart.abs() < 0.001, "{question}: {apart}");
    }
    let answered = here.ask(&own, Mode::Customer, "What does a replacement card cost?").await;
    assert!(!texts(&answered["citations"], "document").is_empty(), "{answered}");

    // Of the same meaning, and of another one that is as near to an encoder.
    let detail = |record: &Value| text(&record["steps"][4], "detail").to_owned();
    let again = here.ask(&own, Mode::Customer, "what does the replacement card cost, please").await;
    assert!(detail(&again).starts_with("as answered before: "), "{again}");
    for same in ["answer", "citations", "confidence", "intent", "outcome"] {
        assert_eq!(again[same], answered[same], "{same}");
    }
    assert_ne!(again["id"], answered["id"]);
    let other = here.ask(&own, Mode::Customer, "What doesn't a replacement card cost?").await;
    assert!(!detail(&other).starts_with("as answered before: "), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_leaves_is_masked_asked_once_and_learned_once() {
    let there = Embeddings::of_words().await;
    let start = Start::learning(there.settings());
    let mut running = start.serve().await;
    let learned = there.heard();
    assert!(learned.len() > 1_000, "intents, triggers and passages: {}", learned.len());

    let key = running.key(Role::Customer).await;
    let question =
        "I am Jane Doe, jane.doe@example.com, card 4111 1111 1111 1111. What does a new card cost?";
    running.ask(&key, Mode::Customer, question).await;
    let heard = there.heard();
    assert!(heard.iter().any(|t| t.contains("What does a new card cost?")), "{heard:?}");
    for canary in ["jane.doe", "4111", "1111"] {
        assert!(heard.iter().all(|t| !t.to_lowercase().contains(canary)), "{canary} in {heard:?}");
    }
    running.ask(&key, Mode::Customer, question).await;
    assert_eq!(there.heard(), Vec::<String>::new(), "the same words are looked up");
    running.ask(&key, Mode::Customer, "4111 1111 1111 1111").await;
    assert!(there.heard().iter().all(|t| !t.contains("4111")));
    // A busy machine may lose one between two requests and open another; each must serve many.
    let (opened, asked) = (there.connections(), there.requests());
    assert!(opened * 5 <= asked, "connections are kept: {opened} for {asked} requests");
    running.stop().await;

    let mut again = start.serve().await;
    assert_eq!(there.heard().len(), 1, "nothing but the first text of a start");
    again.stop().await;
    let start = start.with("CONTACTIQ_EMBEDDINGS_MODEL", "other-encoder");
    let mut other = start.serve().await;
    assert!(there.heard().len() > 1_000, "another model is another encoder");
    other.stop().await;

    let terminal = start.terminal();
    let input = b"{\"text\":\"write to jane.doe@example.com what a new card costs\"}\n";
    terminal.feed(&["intents", "classify", "--mode", "customer"], input).lines(0);
    terminal
        .feed(
            &["knowledge", "search", "--collection", "customer", "-k", "1"],
            b"{\"question\":\"ask jane.doe@example.com\"}\n",
        )
        .lines(0);
    let rows = "text,category\nmail jane.doe@example.com now,a\nthe mail,a\nmy cards,b\na card,b\n";
    let file = terminal.file("rows.csv", rows).display().to_string();
    terminal.run(&["intents", "bench", "--train", &file, "--test", &file, "--json"]).lines(0);
    let heard = there.heard();
    assert!(heard.iter().any(|t| t.contains("mail")), "{heard:?}");
    assert!(heard.iter().all(|t| !t.contains("jane.doe")), "{heard:?}");

    let said = start_lines(terminal);
    assert!(said.contains("  encoder    on: other-encoder, 64 dimensions, remote\n"), "{said}");
    assert!(
        said.contains("  confidence fitted with all-MiniLM-L6-v2 + banking 3, 384 dimensions, and the"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_server_a_start_goes_on_with_words_and_says_what_to_do() {
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let base_url = format!("http://{port}/v1");
    let settings = vec![
        ("CONTACTIQ_ENCODER", String::new()),
        ("CONTACTIQ_EMBEDDINGS_BASE_URL", base_url.clone()),
        ("CONTACTIQ_EMBEDDINGS_MODEL", "little-encoder".to_owned()),
        ("CONTACTIQ_EMBEDDINGS_API_KEY", KEY.to_owned()),
    ];
    let given: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let running = start_in(folder(), &given).await;
    assert_eq!(readiness(&running).await, "off: the lexical model works alone");
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, "What does a replacement card cost?").await;
    assert!(!texts(&record["citations"], "document").is_empty(), "{record}");

    let terminal = settings.into_iter().fold(Terminal::new(), |t, (name, value)| t.with(name, value));
    let doctor = terminal.run(&["doctor", "--json"]).lines(1);
    let encoder = part(&doctor, "encoder").unwrap();
    assert_eq!(encoder["state"], "failing");
    assert_eq!(
        text(encoder, "detail"),
        format!(
            "no vectors from {base_url} (the model's provider could not be reached): \
             the lexical model works alone. See that the server of encoder.base_url runs and can be reached, \
             then start again"
        )
    );
    let shown = terminal.run(&["config", "show"]).well();
    assert!(shown.contains(&base_url) && !shown.contains("canary"), "{shown}");
    terminal.run(&["config", "check"]).well();
    let terminal = terminal.with("CONTACTIQ_ENCODER", "off");
    let off = terminal.run(&["doctor", "--json"]).lines(0);
    assert_eq!(text(part(&off, "encoder").unwrap(), "detail"), "switched off: the lexical model works alone");
    let said = start_lines(terminal.with("CONTACTIQ_ENCODER", ""));
    assert!(said.contains(&format!("  encoder    off: no vectors from {base_url} (")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_leaves_in_the_middle_of_a_start_does_not_stop_it() {
    let there = Embeddings::of_words().await;
    there.serves_only(5);
    let settings = there.settings();
    let given: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let running = start_in(folder(), &given).await;
    assert_eq!(readiness(&running).await, "off: the lexical model works alone");
    let key = running.key(Role::Customer).await;
    let record = running.ask(&key, Mode::Customer, "What does a replacement card cost?").await;
    assert!(!texts(&record["citations"], "document").is_empty(), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_that_fails_keeps_the_models_that_are_there() {
    let there = Embeddings::of_words().await;
    let start = Start::new(there.settings());
    start.serve().await.stop().await;
    let models = || -> Vec<(String, Vec<u8>)> {
        let mut found: Vec<(String, Vec<u8>)> =
            std::fs::read_dir(start.terminal.data().join("models/encoder"))
                .unwrap()
                .flatten()
                .map(|file| {
                    (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).unwrap())
                })
                .collect();
        found.sort();
        found
    };
    let learned = models();
    assert_eq!(learned.len(), 8, "two of intents, six of triggers");

    // Every intent is another one, and the server leaves after the first text of the start.
    let before = shortened(INTENTS);
    let mut parts = before.split("examples = [");
    let mut more = parts.next().unwrap().to_owned();
    for (at, part) in parts.enumerate() {
        more += &format!(
            "examples = [\"sentence {at} that nobody has encoded, number {}\", {part}",
            "x".repeat(at + 1)
        );
    }
    assert_ne!(more, before);
    start.terminal.file("intents.toml", more);
    there.serves_only(1);
    let mut lost = start.serve().await;
    assert_eq!(readiness(&lost).await, "off: the lexical model works alone");
    lost.stop().await;
    assert_eq!(models(), learned, "what was learned is as it was");

    start.terminal.file("intents.toml", before);
    there.serves_only(usize::MAX);
    there.heard();
    let mut again = start.serve().await;
    assert_eq!(readiness(&again).await, "little-encoder, 64 dimensions, remote");
    assert_eq!(there.heard().len(), 1, "nothing but the first text of a start: nothing is learned anew");
    again.stop().await;
    assert_eq!(models(), learned);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_and_another_confidence_are_said_by_doctor() {
    let there = Embeddings::of_words().await;
    let terminal = there.settings().into_iter().fold(Terminal::new(), |t, (name, value)| t.with(name, value));
    let doctor = terminal.run(&["doctor", "--json"]).lines(0);
    let encoder = text(part(&doctor, "encoder").unwrap(), "detail");
    assert_eq!(encoder, format!("little-encoder, 64 dimensions, {}", there.base_url));
    let confidence = text(part(&doctor, "confidence").unwrap(), "detail");
    assert!(
        confidence.contains("fitted with all-MiniLM-L6-v2 + banking 3, 384 dimensions")
            && confidence.contains("contactiq intents calibrate"),
        "{confidence}"
    );
    let terminal = terminal.with("CONTACTIQ_EMBEDDINGS_API_KEY", "sk-canary-wrong");
    let ran = terminal.run(&["doctor", "--json"]);
    assert!(!ran.out.contains("canary") && !ran.err.contains("canary"), "{ran:?}");
    let doctor = ran.lines(1);
    let detail = text(part(&doctor, "encoder").unwrap(), "detail");
    assert!(
        detail.contains("refuses the key") && detail.contains("CONTACTIQ_EMBEDDINGS_API_KEY"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn while_it_fails_questions_and_new_documents_go_on_with_words() {
    let there = Embeddings::of_words().await;
    let start = Start::new(there.settings()).with("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0");
    let running = start.serve().await;
    let key = running.key(Role::Customer).await;
    let version = |file: &str| {
        let file: toml::Table = file.parse().unwrap();
        file["version"].as_str().unwrap().to_owned()
    };
    let with_meaning = version(include_str!("../../../../defaults/confidence.toml"));
    let by_words = version(include_str!("../../../../defaults/confidence-words.toml"));
    let judged = async |question: &str| {
        let record = running.ask(&key, Mode::Customer, question).await;
        assert!(record["outcome"] != "failed", "{record}");
        let steps = record["steps"].as_array().unwrap();
        let score = steps.iter().find(|step| step["step"] == "score").unwrap();
        score["version"].as_str().map(str::to_owned)
    };
    assert_eq!(judged("What is the cash machine limit for a card?").await, Some(with_meaning));
    assert_eq!(text(&ready(&running).await, "confidence"), "fitted with another encoder: fit it again");
    there.is_down(true);
    for question in ["What does a replacement card cost?", "what does a new card cost", "fee for a card"] {
        assert_eq!(judged(question).await.as_ref(), Some(&by_words), "{question}");
    }
    assert_eq!(readiness(&running).await, "away: the lexical model works alone");
    let confidence = "by words alone while the encoder is away: the thresholds promise nothing meanwhile";
    assert_eq!(text(&ready(&running).await, "confidence"), confidence);
    there.heard();
    running.ask(&key, Mode::Customer, "what is the fee for another card").await;
    assert_eq!(there.heard(), Vec::<String>::new(), "it is left alone");

    start.add_ruby();
    soon(async || {
        let record = running.ask(&key, Mode::Customer, "What does a replacement Ruby card cost?").await;
        text(&record, "answer").contains("$77").then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_loaded_while_it_was_away_gets_its_vectors_when_it_is_back() {
    let there = Embeddings::of_words().await;
    let start = Start::new(there.settings()).of_cards();
    let running = start.serve().await;
    let before = ready(&running).await["documents"].as_u64();
    there.is_down(true);
    start.add_ruby();
    soon(async || (ready(&running).await["documents"].as_u64() > before).then_some(())).await;
    there.heard();
    there.is_down(false);
    let mut heard = Vec::new();
    soon(async || {
        heard.extend(there.heard());
        heard.iter().any(|t| t.contains("A replacement Ruby card costs $77.")).then_some(())
    })
    .await;
    assert_eq!(readiness(&running).await, "little-encoder, 64 dimensions, remote");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_words_alone_found_is_not_remembered_beyond_the_repair() {
    let there = Embeddings::of_words().await;
    let start =
        Start::new(there.settings()).with("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0").of_cards();
    let running = start.serve().await;
    let key = running.key(Role::Customer).await;
    let recalled = async |question: &str| {
        let record = running.ask(&key, Mode::Customer, question).await;
        let steps = record["steps"].as_array().unwrap();
        steps.iter().any(|step| text(step, "detail").starts_with("as answered before: "))
    };
    let mut remembered = Vec::new();
    for question in [
        "What does a replacement card cost?",
        "How long does a new card take to arrive?",
        "How do I activate my new card?",
        "What is the annual fee of the Low Rate credit card?",
    ] {
        assert!(!recalled(question).await, "{question}");
        if recalled(question).await {
            remembered.push(question);
        }
    }
    assert!(!remembered.is_empty(), "none of them is of the kind that is remembered");

    // Another version, whose passages have no vectors; those of the questions are known.
    let before = ready(&running).await["documents"].as_u64();
    there.is_down(true);
    start.add_ruby();
    soon(async || (ready(&running).await["documents"].as_u64() > before).then_some(())).await;
    for question in &remembered {
        for _ in 0..2 {
            assert!(!recalled(question).await, "{question}");
        }
    }
    there.is_down(false);
    soon(async || {
        for question in &remembered {
            if recalled(question).await {
                return Some(());
            }
        }
        None
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_its_vectors_cost_is_counted_for_all_and_by_itself() {
    let there = Embeddings::of_words().await;
    let start = Start::new(there.settings());
    let prices = "[of-words]\nembedding_per_million = 1000\n";
    let model =
        start.settings.iter().find(|(name, _)| *name == "CONTACTIQ_EMBEDDINGS_MODEL").unwrap().1.clone();
    let prices = start.terminal.file("prices.toml", prices.replace("of-words", &model)).display().to_string();
    let running = start.of_cards().with("CONTACTIQ__FILES__PRICES", prices).serve().await;
    let key = running.key(Role::Admin).await;
    let spent = soon(async || {
        let costs = running.read(&key, "/v1/costs").await.json();
        let of = |scope: &str| {
            let all = costs["budgets"].as_array().unwrap();
            all.iter().find(|b| b["scope"] == scope).unwrap()["spent_usd"].as_f64().unwrap()
        };
        (of("embeddings") > 0.0).then(|| (of("embeddings"), of("all"), of("customer")))
    });
    let (embeddings, all, customer) = spent.await;
    assert!(embeddings == all && customer == 0.0, "{embeddings} {all} {customer}");
}
