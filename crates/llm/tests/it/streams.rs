//! Answers sentence by sentence.

use std::{sync::Arc, time::Duration};

use contactiq_domain::{Timestamp, clock::FixedClock};
use contactiq_guard::Published;
use contactiq_llm::{
    Chain, ChainSettings, Completion, Form, Http, ModelError, OpenAiCompatible, OpenAiSettings, Prompt,
    Provider, Schema, Served, Tries,
};
use tokio::sync::mpsc;

use crate::{
    prompts::{prompt, provider, settings},
    server::{Reply, Server},
};

const BUDGET: Duration = Duration::from_secs(5);
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
const FIRST: &str = "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{\"content\":\"In 5 days. [1]\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{\"content\":\" It is fr\"}}]}\n\n";
const REST: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"ee.\"}}]}\n\n\
    data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
    data: {\"choices\":[],\"usage\":{\"prompt_tokens\":40,\"completion_tokens\":9}}\n\n\
    data: [DONE]\n\n";

/// Runs one stream to its end and gives back what arrived.
async fn collect(
    provider: &OpenAiCompatible,
    budget: Duration,
) -> (Vec<String>, Result<Completion, ModelError>) {
    let (to, mut from) = mpsc::channel(64);
    let outcome = provider.stream_sentences(&prompt(), budget, to.into()).await;
    let mut pieces = Vec::new();
    while let Some(piece) = from.recv().await {
        pieces.push(piece);
    }
    (pieces, outcome)
}

#[tokio::test]
async fn sentences_arrive_while_the_model_writes() {
    let pause = Duration::from_millis(400);
    let server = Server::start(vec![Reply::Slow(vec![
        (HEAD, Duration::ZERO),
        (FIRST, pause),
        (REST, Duration::ZERO),
    ])]);
    let provider = provider(&server);
    let (to, mut from) = mpsc::channel(64);
    let prompt = prompt();
    let read = async {
        let first = from.recv().await.unwrap();
        let at = tokio::time::Instant::now();
        (first, from.recv().await.unwrap(), at.elapsed())
    };
    let (answer, (first, second, between)) =
        tokio::join!(provider.stream_sentences(&prompt, BUDGET, to.into()), read);
    assert_eq!((first.as_str(), second.as_str()), ("In 5 days. [1] ", "It is free."));
    assert!(between > pause / 2, "the first did not wait for the second: {between:?}");
    let answer = answer.unwrap();
    assert_eq!(answer.text, "In 5 days. [1] It is free.");
    assert_eq!((answer.input_tokens, answer.output_tokens, answer.usage_estimated), (40, 9, false));
    let body = server.seen()[0].json();
    assert_eq!((&body["stream"], &body["stream_options"]["include_usage"]), (&true.into(), &true.into()));
}

#[tokio::test]
async fn a_server_that_cannot_stream_is_read_whole() {
    let server = Server::start(vec![Reply::answer("One. Two.")]);
    let (pieces, outcome) = collect(&provider(&server), BUDGET).await;
    assert_eq!(pieces, ["One. ", "Two."]);
    assert_eq!(outcome.unwrap().output_tokens, 7);
}

#[tokio::test]
async fn a_stream_that_breaks_is_an_error() {
    let reply = |tail: &str| Reply::Bytes(format!("{HEAD}{FIRST}{tail}"));
    for (tail, error) in [
        ("", ModelError::Lost),
        ("data: {\"choi\n\n", ModelError::Garbage { what: "an event that is no JSON" }),
        ("data: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n", ModelError::BrokeOff(503)),
        (
            "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\ndata: [DONE]\n\n",
            ModelError::Garbage { what: "a text that its filter withheld" },
        ),
    ] {
        let server = Server::start(vec![reply(tail)]);
        let (pieces, outcome) = collect(&provider(&server), BUDGET).await;
        assert_eq!(outcome.unwrap_err(), error);
        assert_eq!(pieces, ["In 5 days. [1] "], "the broken sentence is not delivered");
    }
    let end_without_done = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let server = Server::start(vec![reply(end_without_done)]);
    let (_, outcome) = collect(&provider(&server), BUDGET).await;
    assert!(outcome.unwrap().usage_estimated, "no usage came");
}

#[tokio::test]
async fn silence_after_the_first_word_is_a_timeout_and_before_it_is_not() {
    let stall = Duration::from_millis(150);
    let server = Server::start(vec![
        Reply::Hang(format!("{HEAD}{FIRST}")),
        Reply::Slow(vec![(HEAD, stall * 3), (FIRST, Duration::ZERO), (REST, Duration::ZERO)]),
    ]);
    let settings = OpenAiSettings { stall, ..settings(&server) };
    let provider = OpenAiCompatible::new(settings, Http::new().unwrap()).unwrap();
    let (pieces, outcome) = collect(&provider, BUDGET).await;
    assert_eq!((pieces.len(), outcome.unwrap_err()), (1, ModelError::Timeout));
    assert!(server.client_left().await);
    assert!(collect(&provider, BUDGET).await.1.is_ok());
}

#[tokio::test]
async fn silence_after_any_sign_of_life_is_a_timeout_and_a_heartbeat_before_the_first_word_is_patience() {
    const ROLE: &str = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
    const BEAT: &str = ": still reading\n\n";
    let stall = Duration::from_millis(300);
    let mut beating = vec![(HEAD, Duration::ZERO)];
    beating.extend([(BEAT, stall / 2); 5]);
    let mut slow = beating.clone();
    slow.extend([(FIRST, Duration::ZERO), (REST, Duration::ZERO)]);
    beating.extend([(FIRST, Duration::ZERO)]);
    beating.extend([(BEAT, stall / 2); 8]);
    let server = Server::start(vec![
        Reply::Hang(format!("{HEAD}{ROLE}")),
        Reply::Hang(format!("{HEAD}{BEAT}")),
        Reply::Slow(beating),
        Reply::Slow(slow),
    ]);
    let settings = OpenAiSettings { stall, ..settings(&server) };
    let provider = OpenAiCompatible::new(settings, Http::new().unwrap()).unwrap();
    for opened in ["with a role", "with a comment"] {
        let began = std::time::Instant::now();
        let (pieces, outcome) = collect(&provider, BUDGET).await;
        assert_eq!((pieces.len(), outcome.unwrap_err()), (0, ModelError::Timeout), "{opened}");
        assert!(
            began.elapsed() < BUDGET / 2,
            "{opened}: it does not hold the whole try: {:?}",
            began.elapsed()
        );
        assert!(server.client_left().await);
    }
    let (pieces, outcome) = collect(&provider, BUDGET).await;
    assert_eq!((pieces.len(), outcome.unwrap_err()), (1, ModelError::Timeout), "a heartbeat is no word");
    assert!(collect(&provider, BUDGET).await.1.is_ok(), "it read a long prompt");
}

#[tokio::test]
async fn what_a_filter_says_of_the_question_is_no_beginning_of_an_answer_however_it_is_cut() {
    const VERDICT: [&str; 2] = [
        "data: {\"choices\":[],\"created\":0,\"id\":\"\",\"model\":\"\",\"object\":\"\",\"prompt_filter_",
        "results\":[{\"prompt_index\":0,\"content_filter_results\":{\"hate\":{\"filtered\":false}}}]}\n\n",
    ];
    let stall = Duration::from_millis(150);
    let azure = |rest: Vec<(&'static str, Duration)>| {
        let mut pieces = vec![(HEAD, Duration::ZERO), (VERDICT[0], stall / 3), (VERDICT[1], stall * 4)];
        pieces.extend(rest);
        Reply::Slow(pieces)
    };
    let server = Server::start(vec![
        azure(vec![(FIRST, Duration::ZERO), (REST, Duration::ZERO)]),
        azure(vec![(FIRST, stall * 4), (REST, Duration::ZERO)]),
    ]);
    let settings = OpenAiSettings { stall, ..settings(&server) };
    let provider = OpenAiCompatible::new(settings, Http::new().unwrap()).unwrap();
    let (pieces, outcome) = collect(&provider, BUDGET).await;
    assert_eq!((pieces.len(), outcome.unwrap().text.as_str()), (2, "In 5 days. [1] It is free."));
    let (pieces, outcome) = collect(&provider, BUDGET).await;
    assert_eq!(
        (pieces.len(), outcome.unwrap_err()),
        (1, ModelError::Timeout),
        "silence behind a word is a fault"
    );
}

const NOTHING: &str = "NO ANSWER";

fn asked_in_a_form() -> Prompt {
    let instruction = Published::by_bank("Your answer is JSON.");
    Prompt {
        form: Some(Form { schema: Schema::Cited, version: "form-9", instruction, nothing: NOTHING }),
        ..prompt()
    }
}

fn json_event(text: &str) -> String {
    format!("data: {}\n\n", serde_json::json!({ "choices": [{ "delta": { "content": text } }] }))
}

#[tokio::test]
async fn an_answer_as_json_of_a_schema_comes_sentence_by_sentence_as_a_plain_one() {
    let pause = Duration::from_millis(400);
    let first = json_event("{\"sentences\":[{\"text\":\"In 5 days.\",\"passages\":[1]},{\"te");
    let second = json_event("xt\":\"It is free.\",\"passages\":[1,2]}]}");
    let end = "data: [DONE]\n\n";
    let server = Server::start(vec![
        Reply::Slow(vec![
            (HEAD, Duration::ZERO),
            (first.clone().leak(), pause),
            (second.leak(), Duration::ZERO),
            (end, Duration::ZERO),
        ]),
        Reply::Bytes(format!("{HEAD}{}{end}", json_event("{\"sentences\":[]}"))),
        Reply::Bytes(format!("{HEAD}{}{end}", json_event("In 5 days. [1]"))),
        Reply::Bytes(format!("{HEAD}{first}{end}")),
        Reply::answer("{\"sentences\":[{\"text\":\"In 5 days.\",\"passages\":[2]}]}"),
        Reply::answer("One. Two."),
    ]);
    let settings = OpenAiSettings { structured_output: true, ..settings(&server) };
    let provider = OpenAiCompatible::new(settings, Http::new().unwrap()).unwrap();
    let prompt = asked_in_a_form();
    let (to, mut from) = mpsc::channel(64);
    let read = async {
        let first = from.recv().await.unwrap();
        let at = tokio::time::Instant::now();
        (first, from.recv().await.unwrap(), at.elapsed())
    };
    let (answer, (one, two, between)) =
        tokio::join!(provider.stream_sentences(&prompt, BUDGET, to.into()), read);
    assert_eq!((one.as_str(), two.as_str()), ("In 5 days. [1] ", "It is free. [1][2] "));
    assert!(between > pause / 2, "the first did not wait for the second: {between:?}");
    let answer = answer.unwrap();
    assert_eq!((answer.text.as_str(), answer.form), ("In 5 days. [1] It is free. [1][2] ", Some("form-9")));
    let body = server.seen()[0].json();
    let schema = &body["response_format"]["json_schema"];
    assert_eq!((&body["response_format"]["type"], &schema["strict"]), (&"json_schema".into(), &true.into()));
    assert!(body["messages"][0]["content"].as_str().unwrap().contains("Your answer is JSON."), "{body}");

    let ended = async |prompt: &Prompt| {
        let (to, _from) = mpsc::channel(64);
        provider.stream_sentences(prompt, BUDGET, to.into()).await
    };
    assert_eq!(ended(&prompt).await.unwrap().text, NOTHING);
    assert_eq!(ended(&prompt).await.unwrap_err(), ModelError::Malformed, "plain text");
    assert_eq!(ended(&prompt).await.unwrap_err(), ModelError::Malformed, "it ends in the middle");
    let whole = provider.complete(&prompt, BUDGET).await.unwrap();
    assert_eq!((whole.text.as_str(), whole.form), ("In 5 days. [2] ", Some("form-9")));
    assert_eq!(provider.complete(&prompt, BUDGET).await.unwrap_err(), ModelError::Malformed);
}

#[tokio::test]
async fn a_server_that_does_not_hold_its_model_to_a_schema_is_asked_for_plain_text() {
    let server = Server::start(vec![Reply::answer("One. Two.")]);
    let answer = provider(&server).complete(&asked_in_a_form(), BUDGET).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.form), ("One. Two.", None));
    let body = server.seen()[0].json();
    assert!(body.get("response_format").is_none(), "{body}");
    assert!(!body.to_string().contains("Your answer is JSON"), "{body}");
}

#[tokio::test]
async fn a_receiver_that_goes_away_stops_the_provider() {
    let server = Server::start(vec![Reply::Hang(format!("{HEAD}{FIRST}"))]);
    let provider = provider(&server);
    let (to, mut from) = mpsc::channel(64);
    let prompt = prompt();
    let leave = async {
        from.recv().await.unwrap();
        drop(from);
    };
    let (outcome, ()) = tokio::join!(provider.stream_sentences(&prompt, BUDGET, to.into()), leave);
    assert_eq!(outcome.unwrap_err(), ModelError::Cancelled);
    assert!(server.client_left().await);
}

fn chain(servers: &[&Server]) -> Chain {
    let link = |server: &&Server| Arc::new(provider(server)) as Arc<dyn Provider>;
    let settings = ChainSettings { base_backoff: Duration::from_millis(2), ..ChainSettings::default() };
    let clock = Arc::new(FixedClock::at(Timestamp::from_micros(0)));
    Chain::new(servers.iter().map(link).collect(), settings, clock, Arc::new(|| 0.5))
}

async fn through(chain: &Chain) -> (String, Result<Served, ModelError>) {
    let (to, mut from) = mpsc::channel(64);
    let outcome = chain.stream_sentences(&prompt(), BUDGET, to).await;
    let mut text = String::new();
    while let Some(piece) = from.recv().await {
        text.push_str(&piece);
    }
    (text, outcome)
}

#[tokio::test]
async fn an_error_inside_a_stream_is_charged_and_what_passes_is_tried_again_while_nothing_is_out() {
    let whole = Reply::Bytes(format!("{HEAD}{FIRST}{REST}"));
    let begun = "data: {\"choices\":[{\"delta\":{\"content\":\"In 5 da\"}}]}\n\n";
    let error = |code: &str| format!("data: {{\"error\":{{\"message\":\"x\",\"code\":{code}}}}}\n\n");
    for (code, requests, unknown) in [
        ("\"rate_limit_exceeded\"", 2, 1),
        ("\"server_error\"", 2, 1),
        ("503", 2, 1),
        ("\"invalid_api_key\"", 1, 1),
        ("\"insufficient_quota\"", 1, 1),
    ] {
        let broken = Reply::Bytes(format!("{HEAD}{begun}{}", error(code)));
        let server = Server::start(vec![broken, whole.clone()]);
        let (to, _from) = mpsc::channel(64);
        let tries = Tries::default();
        let outcome = chain(&[&server]).stream_sentences_counted(&prompt(), BUDGET, to, &tries).await;
        assert_eq!((server.seen().len(), tries.unknown()), (requests, unknown), "{code}: {outcome:?}");
        assert_eq!(outcome.is_ok(), requests == 2, "{code}: {outcome:?}");
        let tokens = tries.tokens();
        assert!(tokens.input > 100 && tokens.output == 3, "half a sentence arrived: {tokens:?}");
    }
    // After a sentence.
    let broken = format!("{FIRST}{}", error("\"rate_limit_exceeded\"")).leak();
    let server = Server::start(vec![
        Reply::Slow(vec![
            (HEAD, Duration::ZERO),
            (FIRST, Duration::from_millis(200)),
            (broken, Duration::ZERO),
        ]),
        whole,
    ]);
    let (to, _from) = mpsc::channel(64);
    let tries = Tries::default();
    let outcome = chain(&[&server]).stream_sentences_counted(&prompt(), BUDGET, to, &tries).await;
    assert_eq!(outcome.unwrap_err(), ModelError::BrokeOff(429));
    assert_eq!((server.seen().len(), tries.unknown()), (1, 1));
    // And an error as the whole body of a success.
    let server = Server::start(vec![Reply::json(200, "{\"error\":{\"code\":\"model_not_found\"}}")]);
    let tries = Tries::default();
    let outcome = chain(&[&server]).complete_counted(&prompt(), BUDGET, &tries).await;
    assert_eq!((outcome.unwrap_err(), tries.unknown()), (ModelError::BrokeOff(404), 1));
}

#[tokio::test]
async fn a_chain_retries_until_a_sentence_is_out_and_not_after() {
    let whole = Reply::Bytes(format!("{HEAD}{FIRST}{REST}"));
    let server = Server::start(vec![Reply::json(500, "{}"), whole.clone()]);
    let (text, outcome) = through(&chain(&[&server])).await;
    assert_eq!(text, "In 5 days. [1] It is free.");
    assert_eq!(outcome.unwrap().completion.attempts, 2);

    // Held open for a moment, so that the sentence is out when the connection breaks.
    let cut = Reply::Slow(vec![(HEAD, Duration::ZERO), (FIRST, Duration::from_millis(200))]);
    let (first, second) = (Server::start(vec![cut]), Server::start(vec![whole]));
    let (text, outcome) = through(&chain(&[&first, &second])).await;
    assert_eq!((text.as_str(), outcome.unwrap_err()), ("In 5 days. [1] ", ModelError::Lost));
    assert_eq!((first.seen().len(), second.seen().len()), (1, 0));
}
