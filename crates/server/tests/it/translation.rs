//! Questions in other languages, answered by a model's translation: a model that translates by a table, and that
//! mistranslates in set ways. What it does wrong with a question ends in a person; what it does wrong with an answer is
//! shown to nobody, and the answer stands in English, with a word above it.

use std::sync::{Arc, Mutex};

use axum::{
    Json, Router, extract::State, http::StatusCode, response::IntoResponse, response::Response, routing::post,
};
use contactiq_domain::{Collection, Mode, Role, ids::DocumentId};
use contactiq_guard::ReviewKind;
use contactiq_server::wiring::SystemIds;
use contactiq_store::{documents, interactions, review};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    house::{Key, Running, folder, start_in},
    reply::{Reply, text},
};

/// What the model does to what it should translate.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Translates,
    /// One figure more, or another one.
    ChangesAFigure,
    DropsASentence,
    /// It denies what was not denied, and the other way round.
    TurnsTheNegation,
    AnotherLanguage,
    /// It leaves it in English.
    LeavesIt,
    AddsALink,
    AddsASentence,
    Advises,
    ChangesTheUnit,
    /// Dollars of another country.
    OtherDollars,
    /// Months become years.
    ChangesThePeriod,
    AddsACondition,
    /// Two figures change places.
    SwapsFigures,
    /// It has somebody tell a secret, within the sentence.
    AddsAnOrder,
    AddsAName,
    Shortens,
    /// Words in the place of the answer's JSON.
    BabblesOfTheAnswer,
    /// The marks of its instructions, beside the answer.
    LeaksBesideTheAnswer,
    FailsAtTheAnswer,
    Babbles,
    Leaks,
    /// It gives the question back as it was.
    EchoesTheQuestion,
    /// It answers the question instead.
    AnswersTheQuestion,
    /// It asks of another product.
    RenamesTheProduct,
    Fails,
}

/// What it does wrong with an answer.
const OF_ANSWERS: [Does; 19] = [
    Does::ChangesAFigure,
    Does::DropsASentence,
    Does::TurnsTheNegation,
    Does::AnotherLanguage,
    Does::LeavesIt,
    Does::AddsALink,
    Does::AddsASentence,
    Does::Advises,
    Does::ChangesTheUnit,
    Does::OtherDollars,
    Does::ChangesThePeriod,
    Does::AddsACondition,
    Does::SwapsFigures,
    Does::AddsAnOrder,
    Does::AddsAName,
    Does::Shortens,
    Does::BabblesOfTheAnswer,
    Does::LeaksBesideTheAnswer,
    Does::FailsAtTheAnswer,
];

/// What it does wrong with a question already.
const OF_QUESTIONS: [Does; 6] = [
    Does::Babbles,
    Does::Leaks,
    Does::EchoesTheQuestion,
    Does::AnswersTheQuestion,
    Does::RenamesTheProduct,
    // The last: it leaves the model alone for a minute.
    Does::Fails,
];

const LANGUAGES: [&str; 3] = ["fr", "de", "es"];

#[derive(Clone)]
struct Model {
    does: Arc<Mutex<Does>>,
    heard: Arc<Mutex<Vec<Value>>>,
    table: Arc<Vec<Value>>,
}

struct Translator {
    url: String,
    model: Model,
    _serving: JoinSet<()>,
}

fn table() -> Vec<Value> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../evals/translations.jsonl");
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What stands between the boundaries of this kind, in order.
fn sections(user: &str, kind: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in user.split("<<<begin ").skip(1) {
        let (head, rest) = block.split_once(">>>\n").unwrap();
        if head.starts_with(kind) {
            found.push(rest.split("\n<<<end").next().unwrap().to_owned());
        }
    }
    found
}

/// A sentence with a fault.
fn mistranslated(does: Does, said: &str, english: &str, other: &str) -> Vec<String> {
    let one = |text: String| vec![text];
    let before_the_end = |more: &str| format!("{}{more}.", said.trim_end_matches('.'));
    match does {
        Does::ChangesAFigure => {
            let at = said.find(|c: char| c.is_ascii_digit());
            one(match at {
                Some(at) => {
                    let digit = said.as_bytes()[at] - b'0';
                    format!("{}{}{}", &said[..at], (digit + 1) % 10, &said[at + 1..])
                }
                None => before_the_end(" 7"),
            })
        }
        Does::DropsASentence => Vec::new(),
        Does::TurnsTheNegation => {
            let mut words: Vec<&str> = said.split(' ').collect();
            let denies = ["nicht", "keine", "pas", "no"];
            let before = words.len();
            words.retain(|word| !denies.contains(word));
            let more = if before == words.len() { " no nicht pas" } else { "" };
            one(format!("{}{more}.", words.join(" ").trim_end_matches('.')))
        }
        Does::AnotherLanguage => one(other.to_owned()),
        Does::LeavesIt => one(english.to_owned()),
        Does::AddsALink => one(before_the_end(" evil.example/pay")),
        Does::AddsASentence => one(format!("{said} Meowzilla. Meowzilla.")),
        Does::Advises => one(format!("Wir empfehlen, je vous conseille, le recomiendo: {said}")),
        Does::ChangesTheUnit => one(said.replace('$', "€").replace('%', "$")),
        Does::OtherDollars if said.contains('$') => one(said.replace('$', "US$")),
        Does::OtherDollars => one(before_the_end(" US$")),
        Does::ChangesThePeriod => {
            let periods = [
                ("mensuels", "annuels"),
                ("quotidienne", "hebdomadaire"),
                ("jours", "mois"),
                ("monatliche", "jährliche"),
                ("tägliche", "wöchentliche"),
                ("Werktage", "Monate"),
                ("mensual", "anual"),
                ("diario", "semanal"),
                ("días", "meses"),
            ];
            let other = periods.iter().fold(said.to_owned(), |text, (one, other)| text.replace(one, other));
            one(if other == said { before_the_end(" pro Stunde, par heure, por hora") } else { other })
        }
        Does::AddsACondition => one(format!("Nur, seulement, solo: {said}")),
        Does::SwapsFigures => {
            let figures: Vec<&str> =
                said.split(|c: char| !c.is_ascii_digit()).filter(|figure| !figure.is_empty()).collect();
            match figures.as_slice() {
                [first, second, ..] => {
                    one(said.replacen(second, "#", 1).replacen(first, second, 1).replacen('#', first, 1))
                }
                _ => one(before_the_end(" 7")),
            }
        }
        Does::AddsAnOrder => one(before_the_end(", PIN")),
        Does::AddsAName => one(before_the_end(" bei Konto Falcon")),
        Does::Shortens => one(said.chars().take(12).collect()),
        _ => one(said.to_owned()),
    }
}

async fn complete(State(model): State<Model>, Json(body): Json<Value>) -> Response {
    model.heard.lock().unwrap().push(body.clone());
    let does = *model.does.lock().unwrap();
    let [system, user] = [0, 1].map(|at| body["messages"][at]["content"].as_str().unwrap().to_owned());
    let said = if system.contains("You translate a question") {
        let asked = sections(&user, "question").remove(0);
        let found =
            model.table.iter().find(|row| LANGUAGES.iter().any(|l| row[*l]["question"] == json!(asked)));
        match (does, found) {
            (Does::EchoesTheQuestion, _) => json!({ "sentences": [asked] }),
            (Does::AnswersTheQuestion, _) => {
                json!({ "sentences": ["It costs $1 and everything is free for you today, \
                my friend, and whatever else you wish to hear of this bank is true as well."] })
            }
            (Does::RenamesTheProduct, Some(row)) => json!({ "sentences": [renamed(text(row, "question"))] }),
            (_, Some(row)) => json!({ "sentences": [row["question"]] }),
            (_, None) => json!({ "sentences": [english_of(&asked)] }),
        }
        .to_string()
    } else if system.contains("You translate sentences") {
        let task = sections(&user, "question").remove(0);
        let (language, other) = match task.as_str() {
            task if task.contains("French") => ("fr", "de"),
            task if task.contains("German") => ("de", "fr"),
            _ => ("es", "de"),
        };
        let mut sentences = Vec::new();
        for passage in sections(&user, "passage") {
            let (_, sentence) = passage.split_once('\n').unwrap();
            let row =
                model.table.iter().find(|row| row["sentence"] == json!(sentence)).unwrap_or(&Value::Null);
            let in_language = |l: &str| row[l]["sentence"].as_str().unwrap_or("?").to_owned();
            sentences.extend(mistranslated(does, &in_language(language), sentence, &in_language(other)));
        }
        json!({ "sentences": sentences }).to_string()
    } else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let is_answer = system.contains("You translate sentences");
    let content = match does {
        Does::Fails => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Does::FailsAtTheAnswer if is_answer => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Does::Babbles => "Gern! Hier ist die Übersetzung.".to_owned(),
        Does::BabblesOfTheAnswer if is_answer => "Gern! Hier ist die Übersetzung.".to_owned(),
        Does::LeaksBesideTheAnswer if !is_answer => said,
        Does::Leaks | Does::LeaksBesideTheAnswer => {
            let mark = system.split("the mark ").nth(1).unwrap().split(':').next().unwrap();
            said.replace("\"]}", &format!(" {mark}\"]}}"))
        }
        _ => said,
    };
    Json(json!({ "id": "c", "object": "chat.completion", "created": 1, "model": "translator",
        "choices": [{ "index": 0, "message": { "role": "assistant", "content": content }, "finish_reason": "stop" }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120 } }))
    .into_response()
}

/// The question with a product that nobody asked of.
fn renamed(question: &str) -> String {
    let other = ["Lantern", "Harbour", "Meadow"]
        .iter()
        .fold(question.to_owned(), |q, name| q.replace(name, "Kestrel"));
    if other == question { question.replace('?', " of the Kestrel account?") } else { other }
}

/// What stands in no row.
fn english_of(asked: &str) -> &'static str {
    match asked {
        // As it stands in the prompt, apart from its bracket.
        asked if asked.contains("CREDIT_CARD_1>") => {
            "What does a replacement kite card cost for < CREDIT_CARD_1>?"
        }
        asked if asked.contains("gestohlen") => "My card was stolen, what does a new kite card cost now?",
        asked if asked.contains("Beschwerde") => "I want to lodge a complaint about my kite card.",
        asked if asked.contains("und") => {
            "What does a replacement kite card cost? And what is the monthly fee of the \
            Lantern account?"
        }
        _ => "What about it then?",
    }
}

impl Translator {
    async fn start() -> Translator {
        let model = Model {
            does: Arc::new(Mutex::new(Does::Translates)),
            heard: Arc::default(),
            table: Arc::new(table()),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let routes = Router::new().route("/v1/chat/completions", post(complete)).with_state(model.clone());
        let mut serving = JoinSet::new();
        serving.spawn(async move { drop(axum::serve(listener, routes).await) });
        Translator { url, model, _serving: serving }
    }

    fn now(&self, does: Does) {
        *self.model.does.lock().unwrap() = does;
    }

    fn heard(&self) -> Vec<Value> {
        std::mem::take(&mut self.model.heard.lock().unwrap())
    }

    /// A bank of the table's sentences, with these settings.
    async fn house(&self, more: &[(&str, &str)]) -> Running {
        let dir = folder();
        let mut first = start_in(Arc::clone(&dir), &[("CONTACTIQ_DEMO", "off")]).await;
        load(&first).await;
        first.stop().await;
        let mut settings = vec![
            ("CONTACTIQ_DEMO", "off"),
            ("CONTACTIQ_LLM_BASE_URL", self.url.as_str()),
            ("CONTACTIQ_LLM_MODEL", "translator"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "1"),
            ("CONTACTIQ__LLM__ANSWER_LANGUAGES", "fr,de,es"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "0.05"),
            ("CONTACTIQ__BANKER__CONFIDENCE_THRESHOLD", "0.05"),
        ];
        settings.extend(more);
        start_in(dir, &settings).await
    }
}

async fn load(running: &Running) {
    let mut w = running.store.write().await.unwrap();
    for (number, row) in table().iter().enumerate() {
        let (title, sentence) = (text(row, "title"), text(row, "sentence"));
        let body = format!("---\ntitle: {title}\n---\n\n# {title}\n\n{sentence}\n");
        let name = format!("fact-{number}.md");
        let draft = contactiq_ingest::parse(&name, body.as_bytes(), Some(Collection::Customer)).unwrap();
        let (document, passages) = draft.into_document(DocumentId::new(&SystemIds));
        documents::put(&mut w, &document, &passages).await.unwrap();
    }
    w.save().await.unwrap();
}

/// Every question of the table with its language and its row.
fn questions() -> Vec<(&'static str, Value, String)> {
    let mut all = Vec::new();
    for row in table() {
        for language in LANGUAGES {
            if let Some(question) = row[language]["question"].as_str() {
                all.push((language, row.clone(), question.to_owned()));
            }
        }
    }
    all
}

/// The polite sentence of a language, in part.
fn polite(language: &str) -> &'static str {
    match language {
        "fr" => "Désolé",
        "de" => "Es tut mir leid",
        _ => "Lo siento",
    }
}

/// What stands above an answer that is shown in English, in part.
fn in_english(language: &str) -> &'static str {
    match language {
        "fr" => "Cette réponse est en anglais",
        "de" => "Diese Antwort steht auf Englisch da",
        _ => "Esta respuesta está en inglés",
    }
}

/// The bank's own sentence with its citation, and above it a word that it is in English.
fn is_shown_in_english(record: &Value, language: &str, row: &Value, what: &str) {
    assert_eq!(text(record, "outcome"), "resolved", "{what}: {record}");
    let shown = text(record, "answer");
    let english = format!("{} [1]", text(row, "sentence"));
    assert!(shown.starts_with(in_english(language)) && shown.contains(&english), "{what}: {record}");
    let translated = text(&row[language], "sentence");
    assert!(!shown.contains(translated.trim_end_matches('.')), "{what}: {record}");
    assert_eq!(text(&record["citations"][0], "quote"), text(row, "sentence"), "{what}");
    let translation = &record["translation"];
    assert_eq!((text(translation, "question"), text(translation, "answer")), (text(row, "question"), ""));
}

fn is_a_persons(record: &Value, language: &str, what: &str) {
    assert_eq!(text(record, "outcome"), "escalated", "{what}: {record}");
    assert!(text(record, "answer").contains(polite(language)), "{what}: {record}");
    assert!(record["ticket"].is_string(), "{what}: {record}");
    assert_eq!(record["citations"], json!([]), "{what}: {record}");
    assert!(
        record["translation"].is_null() || record["translation"]["answer"] == json!(""),
        "{what}: {record}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_questions_in_three_languages_are_answered_in_their_own_beside_the_original() {
    let model = Translator::start().await;
    let running = model.house(&[]).await;
    let key = running.key(Role::Customer).await;
    let all = questions();
    assert_eq!(all.len(), 20);
    for (language, row, question) in &all {
        let record = running.ask(&key, Mode::Customer, question).await;
        assert_eq!(text(&record, "outcome"), "resolved", "{question}: {record}");
        let shown = text(&record, "answer");
        let sentence = text(&row[*language], "sentence");
        assert!(shown.starts_with(&format!("{sentence} [1]")), "{shown}");
        assert!(shown.contains(match *language {
            "fr" => "traduite de l'anglais par une machine",
            "de" => "eine Maschine aus dem Englischen übersetzt",
            _ => "ha traducido del inglés una máquina",
        }));
        let translation = &record["translation"];
        assert_eq!(text(translation, "language"), *language);
        assert_eq!(text(translation, "question"), text(row, "question"));
        assert!(
            text(translation, "answer").starts_with(&format!("{} [1]", text(row, "sentence"))),
            "{record}"
        );
        assert_eq!(text(&record["citations"][0], "quote"), text(row, "sentence"));
        assert_eq!((text(&record, "question"), text(&record, "model")), (question.as_str(), "translator"));
        assert_eq!(record["tokens"], json!({ "input": 200, "output": 40 }), "both calls count");
        let mut reader = running.store.read().await.unwrap();
        let id = text(&record, "id").parse().unwrap();
        let kept = interactions::get(&mut reader, id).await.unwrap().unwrap();
        assert_eq!(
            serde_json::to_value(&kept).unwrap()["translation"],
            *translation,
            "an auditor sees all of it"
        );
        assert_eq!(kept.answer.as_str(), shown);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_mistranslate_an_answer_leaves_it_in_english_with_a_word_above() {
    let model = Translator::start().await;
    let running = model.house(&[("CONTACTIQ__LLM__TIMEOUT_SECONDS", "5")]).await;
    let key = running.key(Role::Customer).await;
    for does in OF_ANSWERS {
        model.now(does);
        for (language, row, question) in questions() {
            if does == Does::FailsAtTheAnswer && row["title"] != json!("Kite cards") {
                continue;
            }
            let record = running.ask(&key, Mode::Customer, &question).await;
            is_shown_in_english(&record, language, &row, &format!("{does:?}"));
            let shown = text(&record, "answer");
            assert!(
                !shown.contains('€') && !shown.contains("US$") && !shown.contains("Meowzilla"),
                "{record}"
            );
            assert!(!record.to_string().contains("evil.example"), "{record}");
        }
    }
    let listed = told_to_reviewers(&running).await;
    let of_gate = [
        "figure",
        "negation",
        "language",
        "sentences",
        "unit",
        "period",
        "condition",
        "advice",
        "order",
        "added",
        "name",
    ];
    let of_gate = of_gate.map(|rule| format!("translation/{rule}"));
    for rule in
        of_gate.into_iter().chain(["unknown_link/host", "leaked_instructions/mark"].map(str::to_owned))
    {
        assert!(listed.contains(&rule), "{rule} is told to a reviewer: {listed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_way_to_mistranslate_a_question_ends_in_a_person() {
    let model = Translator::start().await;
    let running = model.house(&[("CONTACTIQ__LLM__TIMEOUT_SECONDS", "5")]).await;
    let key = running.key(Role::Customer).await;
    for does in OF_QUESTIONS {
        model.now(does);
        for (language, row, question) in questions() {
            if does == Does::Fails && row["title"] != json!("Kite cards") {
                continue;
            }
            let record = running.ask(&key, Mode::Customer, &question).await;
            is_a_persons(&record, language, &format!("{does:?}"));
            let sentence = text(&row[language], "sentence");
            assert!(!text(&record, "answer").contains(sentence), "{does:?}: {record}");
        }
    }
    let listed = told_to_reviewers(&running).await;
    for rule in ["translation/name", "translation/language"] {
        assert!(listed.iter().any(|told| told == rule), "{rule} is told to a reviewer: {listed:?}");
    }
}

async fn told_to_reviewers(running: &Running) -> Vec<String> {
    let of_model = review::Filter { kind: Some(ReviewKind::Output), ..Default::default() };
    let mut reader = running.store.read().await.unwrap();
    let listed = review::list(&mut reader, &of_model, 10_000, 0).await.unwrap();
    listed.into_iter().flat_map(|listed| listed.entry.rules).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_translated_unless_the_bank_says_so_and_for_the_languages_that_it_names() {
    let model = Translator::start().await;
    let (off, french) = (
        model.house(&[("CONTACTIQ__LLM__ANSWER_LANGUAGES", "")]).await,
        model.house(&[("CONTACTIQ__LLM__ANSWER_LANGUAGES", "fr")]).await,
    );
    let german = "Wie hoch ist die monatliche Gebühr für das Konto Lantern?";
    for running in [&off, &french] {
        let key = running.key(Role::Customer).await;
        let record = running.ask(&key, Mode::Customer, german).await;
        is_a_persons(&record, "de", "not switched on");
        assert_eq!(record.get("translation"), None);
    }
    assert!(model.heard().is_empty(), "and no model is asked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_has_to_answer_is_a_persons_in_every_language() {
    let model = Translator::start().await;
    let running = model.house(&[]).await;
    let key = running.key(Role::Customer).await;
    for (question, trigger) in [
        (
            "Meine Karte wurde gestern gestohlen, was kostet jetzt eine neue kite Karte?",
            Some("security_fraud"),
        ),
        ("Ich möchte eine Beschwerde über meine kite Karte einreichen.", None),
        ("Was kostet eine Ersatzkarte kite und wie hoch ist die Gebühr für das Konto Lantern?", None),
        ("Und wie ist das dann bei dieser Sache da?", None),
    ] {
        let record = running.ask(&key, Mode::Customer, question).await;
        is_a_persons(&record, "de", question);
        if let Some(trigger) = trigger {
            assert_eq!(text(&record, "trigger"), trigger, "{record}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_masked_value_stays_masked_on_both_ways_and_no_budget_is_spent_beyond() {
    let model = Translator::start().await;
    let running = model.house(&[]).await;
    let key = running.key(Role::Customer).await;
    let question = "Was kostet eine neue kite Ersatzkarte für 4111 1111 1111 1111?";
    let record = running.ask(&key, Mode::Customer, question).await;
    assert_eq!(text(&record, "outcome"), "resolved", "{record}");
    assert_eq!(
        text(&record["translation"], "question"),
        "What does a replacement kite card cost for <CREDIT_CARD_1>?"
    );
    let heard = serde_json::to_string(&model.heard()).unwrap();
    assert!(!heard.contains("4111") && heard.contains("CREDIT_CARD_1>"), "{heard}");

    let prices = running.dir.path().join("prices.toml");
    std::fs::write(&prices, "[translator]\ninput_per_million = 1000\noutput_per_million = 1000\n").unwrap();
    let poor = model
        .house(&[
            ("CONTACTIQ__FILES__PRICES", prices.to_str().unwrap()),
            ("CONTACTIQ__BUDGETS__DAY_USD", "0.001"),
        ])
        .await;
    let key = poor.key(Role::Customer).await;
    let record = poor.ask(&key, Mode::Customer, &questions()[0].2).await;
    is_a_persons(&record, "fr", "the budget is used up");
    assert!(model.heard().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_and_completions_carry_the_same() {
    let model = Translator::start().await;
    let running = model.house(&[]).await;
    let key: Key = running.key(Role::Customer).await;
    let (_, row, question) = questions().into_iter().find(|(language, _, _)| *language == "fr").unwrap();
    let sentence = text(&row["fr"], "sentence");
    let body =
        json!({ "model": "contactiq-customer", "messages": [{ "role": "user", "content": question }] });
    let completion = running.post(&key, "/v1/chat/completions", &body).await.json();
    let said = completion["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(said.starts_with(sentence), "{completion}");
    assert_eq!(text(&completion["contactiq"]["translation"], "language"), "fr", "{completion}");

    let body = json!({ "mode": "customer", "question": question });
    model.heard();
    let once = async || {
        let request = running.posting(&key, "/v1/interactions", &body).header("idempotency-key", "once");
        Reply::of(request).await.record()
    };
    let first = once().await;
    assert_eq!(text(&first["translation"], "language"), "fr", "{first}");
    assert_eq!((once().await, model.heard().len()), (first, 2), "asked again, no model translates again");

    let request = running.posting(&key, "/v1/interactions", &body).header("accept", "text/event-stream");
    let streamed = Reply::of(request).await.text;
    let field = |block: &str| -> Option<Value> {
        block
            .lines()
            .find_map(|line| line.strip_prefix("data:"))
            .map(|data| serde_json::from_str(data).unwrap())
    };
    let of = |kind: &str| {
        let head = format!("event: {kind}");
        streamed.split("\n\n").filter(|block| block.contains(&head)).filter_map(field).collect::<Vec<_>>()
    };
    let tokens: String = of("token").iter().map(|token| text(token, "text").to_owned()).collect();
    let record = of("done").remove(0);
    assert_eq!(tokens, text(&record, "answer"), "no word of the original was streamed before it");
    assert!(tokens.starts_with(sentence), "{tokens}");

    // What a person is shown of a translation that does not stand is streamed alike.
    model.now(Does::ChangesAFigure);
    let request = running.posting(&key, "/v1/interactions", &body).header("accept", "text/event-stream");
    let streamed = Reply::of(request).await.text;
    let mut data = streamed.lines().filter_map(|line| line.strip_prefix("data:"));
    let last: Value = serde_json::from_str(data.next_back().unwrap()).unwrap();
    is_shown_in_english(&last, "fr", &row, "streamed");
    let translated = sentence.split('$').next().unwrap();
    assert!(!streamed.contains(translated.get(..20).unwrap()), "{streamed}");
}
