//! Several processes on one PostgreSQL with pgvector: who encodes, who finds, what happens when it is away.

use contactiq_domain::{Document, Mode, Role, ids::DocumentId};
use contactiq_guard::Published;
use contactiq_nlu::encoder::Encoder;
use contactiq_pipeline::{Filter, Found, House, Knowledge, Sought, give, links, search, search_in_store};
use contactiq_server::{demo, wiring::SystemIds};
use contactiq_store::{documents, vectors::Vectors};

use crate::{
    cluster::{Database, Replica},
    embeddings::{Embeddings, real_folder},
    process::Terminal,
};

/// What the start asks a remote encoder for, to see that it is there.
const PROBES: usize = 1;

#[tokio::test(flavor = "multi_thread")]
async fn a_second_replica_encodes_nothing_and_finds_the_same() {
    let (database, there) = (Database::new().await, Embeddings::of_words().await);
    let first = database.new_replica(&there.settings()).await;
    assert!(there.heard().len() > 5_000);

    let second = database.new_replica(&there.settings()).await;
    let heard = there.heard();
    assert_eq!(heard.len(), PROBES, "{heard:?}");
    let (one, other) = (first.house.shelf.current(), second.house.shelf.current());
    assert_eq!(one.version, other.version);
    for line in demo::traffic().iter().take(40) {
        let vector = vector(&first.house, &line.question).await;
        let found = |knowledge: &Knowledge| {
            places(knowledge, &in_snapshot(knowledge, line.mode, &line.question, &vector))
        };
        assert_eq!(found(&one), found(&other), "{}", line.question);
    }

    // A document that came later is encoded once.
    let mut w = first.house.store.write().await.unwrap();
    let (document, passages) = ruby();
    documents::put(&mut w, &document, &passages).await.unwrap();
    w.save().await.unwrap();
    there.heard();
    let third = database.replica(&there.settings()).await;
    let new = there.heard();
    assert!(new.iter().any(|text| text.contains("Ruby")) && new.len() < 20, "{new:?}");
    database.replica(&there.settings()).await;
    assert_eq!(there.heard().len(), PROBES);
    assert!(third.house.shelf.current().index.has_vectors());
}

fn ruby() -> (Document<Published>, Vec<contactiq_domain::Passage<Published>>) {
    let draft = contactiq_ingest::parse(
        "ruby.md",
        b"---\ntitle: The Ruby card\ncollection: customer\n---\n\n# Fees\n\nA replacement Ruby card costs $77.\n",
        None,
    );
    draft.unwrap().into_document(DocumentId::new(&SystemIds))
}

#[tokio::test(flavor = "multi_thread")]
async fn while_postgresql_is_away_each_replica_finds_in_its_own_snapshot() {
    let (database, there) = (Database::new().await, Embeddings::of_words().await);
    let replica = database.replica(&there.settings()).await;
    let question = "What does a replacement card cost?";
    let asked = vector(&replica.house, question).await;
    let knowledge = replica.house.shelf.current();
    let before = places(&knowledge, &in_snapshot(&knowledge, Mode::Customer, question, &asked));
    assert!(before.iter().any(|(slug, _)| slug == "replacement-card"), "{before:?}");

    database.is_away(true);
    assert!(replica.house.store.health().await.unwrap_err().is_transient());
    let other = vector(&replica.house, "how much is another card").await;
    let knowledge = replica.house.shelf.current();
    assert_eq!(places(&knowledge, &in_snapshot(&knowledge, Mode::Customer, question, &asked)), before);
    assert!(!in_snapshot(&knowledge, Mode::Customer, "how much is another card", &other).is_empty());
    let shared = in_store(&replica, Mode::Customer, question, &asked).await;
    assert!(shared.is_err_and(|e| e.is_transient()));

    database.is_away(false);
    let found = in_store(&replica, Mode::Customer, question, &asked).await.unwrap();
    assert_eq!(found[0], before[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_postgresql_lost_is_given_again_though_nothing_is_encoded_for_a_version() {
    let (database, there) = (Database::new().await, Embeddings::of_words().await);
    let replica = database.replica(&there.settings()).await;
    let question = "What does a replacement card cost?";
    let asked = vector(&replica.house, question).await;
    let before = in_store(&replica, Mode::Customer, question, &asked).await.unwrap();
    database.run("TRUNCATE vectors, passage_vectors, unused_vectors").await;
    assert!(in_store(&replica, Mode::Customer, question, &asked).await.unwrap().is_empty());

    let (house, knowledge) = (&replica.house, replica.house.shelf.current());
    let own = house.encoder.clone().unwrap();
    let shared = Vectors::of(&house.store, own.fingerprint(), own.dimensions(), house.clock.now()).await;
    let (shared, all) = (shared.unwrap().unwrap(), links(&knowledge, &own));
    let lacking = shared.link(&all).await.unwrap();
    assert_eq!(lacking.len(), knowledge.documents.len());
    there.heard();
    let given = tokio::task::spawn_blocking(move || give(&knowledge, &own, &lacking)).await;
    given.unwrap().unwrap();
    assert_eq!(there.heard(), [""; 0], "the replica knows them still");
    assert!(shared.link(&all).await.unwrap().is_empty());
    assert_eq!(in_store(&replica, Mode::Customer, question, &asked).await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_and_the_snapshot_find_the_same() {
    let database = Database::new().await;
    // With the real encoder where it is at hand; the engines must agree on any vectors.
    let there = Embeddings::of_words().await;
    let settings = match real_folder() {
        Some(folder) => vec![("CONTACTIQ_ENCODER", folder.display().to_string())],
        None => there.settings(),
    };
    let replica = database.replica(&settings).await;
    let knowledge = replica.house.shelf.current();
    let mut questions: Vec<(Mode, String)> =
        demo::traffic().into_iter().map(|line| (line.mode, line.question)).collect();
    questions.dedup();
    assert!(questions.len() >= 200, "{}", questions.len());
    // Each waits most of a second for PostgreSQL: every third of them, from all over the bank.
    let questions: Vec<_> = questions.into_iter().step_by(3).take(80).collect();
    for with_index in [false, true] {
        if with_index {
            let own = replica.house.encoder.as_ref().unwrap();
            let now = replica.house.clock.now();
            let shared = Vectors::of(&replica.house.store, own.fingerprint(), own.dimensions(), now).await;
            assert!(shared.unwrap().unwrap().make_index().await.unwrap());
        }
        let (mut held, mut wanted, mut first) = (0, 0, 0);
        // Without an index PostgreSQL compares all vectors: exact, and slow.
        let asked = if with_index { &questions[..] } else { &questions[..15] };
        for (mode, question) in asked {
            let asked = vector(&replica.house, question).await;
            let here = places(&knowledge, &in_snapshot(&knowledge, *mode, question, &asked));
            let there = in_store(&replica, *mode, question, &asked).await.unwrap();
            assert_eq!(here.len(), there.len());
            held += here.iter().filter(|place| there.contains(place)).count();
            wanted += here.len();
            first += usize::from(here.first() == there.first());
        }
        let (recall, agree) = (held as f64 / wanted as f64, first as f64 / asked.len() as f64);
        println!("index {with_index}: recall at 10 {recall:.4}, the same first {agree:.4}");
        assert!(recall >= 0.99 && agree >= 0.98, "index {with_index}: {recall} {agree}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_searches_by_either_engine_and_says_what_is_missing() {
    let (database, there) = (Database::new().await, Embeddings::of_words().await);
    let settings = there.settings();
    let terminal = settings.into_iter().fold(Terminal::new(), |t, (name, value)| t.with(name, value));
    database.admit(&terminal.folder());
    let terminal = terminal.with("CONTACTIQ_DATABASE_URL", database.url.clone());
    let asked = b"{\"question\":\"What does a replacement card cost?\"}\n{\"question\":\"opening hours\"}\n";
    let by = |terminal: &Terminal, engine: &str| {
        let arguments = ["knowledge", "search", "--collection", "customer", "-k", "3", "--engine", engine];
        terminal.feed(&arguments, asked)
    };
    // A command leaves the column as it is; a server takes pgvector into use.
    let early = by(&terminal, "postgres");
    assert!(early.status == 1 && early.err.contains("the next start of `contactiq serve`"), "{early:?}");
    database.adopt().await;
    let (here, in_store) = (by(&terminal, "snapshot").lines(0), by(&terminal, "postgres").lines(0));
    let texts = |lines: &[serde_json::Value]| -> Vec<String> {
        lines
            .iter()
            .flat_map(|l| l["passages"].as_array().unwrap().clone())
            .map(|p| p["text"].to_string())
            .collect()
    };
    assert_eq!(texts(&here), texts(&in_store));
    assert_eq!(texts(&here).len(), 6);
    let doctor = terminal.run(&["doctor", "--json"]).out;
    assert!(doctor.contains("shared by all replicas, pgvector"), "{doctor}");

    let without = terminal.with("CONTACTIQ_ENCODER", "off");
    assert!(by(&without, "postgres").refused().contains("needs the encoder"));
    let sqlite = there.settings().into_iter().fold(Terminal::new(), |t, (name, value)| t.with(name, value));
    assert!(by(&sqlite, "postgres").refused().contains("CONTACTIQ_DATABASE_URL"));
}

async fn vector(house: &House, text: &str) -> Vec<f32> {
    let (encoder, text) = (house.encoder.clone().unwrap(), text.to_owned());
    let encoded = tokio::task::spawn_blocking(move || encoder.encode(&[&text])).await.unwrap();
    encoded.unwrap().remove(0)
}

fn filter(mode: Mode) -> Filter<'static> {
    let day = time::macros::date!(2026 - 11 - 02);
    Filter { collections: mode.collections(), role: Role::Admin, day, product: None }
}

fn in_snapshot(knowledge: &Knowledge, mode: Mode, question: &str, vector: &[f32]) -> Vec<Found> {
    search(knowledge, &filter(mode), &Sought { text: question, vector: Some(vector), k: 10 })
}

async fn in_store(
    replica: &Replica,
    mode: Mode,
    question: &str,
    vector: &[f32],
) -> Result<Vec<(String, u32)>, contactiq_store::StoreError> {
    let house = &replica.house;
    let own = house.encoder.as_ref().unwrap();
    let shared = Vectors::of(&house.store, own.fingerprint(), own.dimensions(), house.clock.now()).await?;
    let knowledge = house.shelf.current();
    let sought = Sought { text: question, vector: Some(vector), k: 10 };
    let found = search_in_store(&knowledge, &shared.unwrap(), &filter(mode), &sought).await?;
    Ok(places(&knowledge, &found))
}

/// Documents and positions, best first.
fn places(knowledge: &Knowledge, found: &[Found]) -> Vec<(String, u32)> {
    found
        .iter()
        .map(|f| (knowledge.documents[f.document].slug.clone(), knowledge.passages[f.passage].1.position))
        .collect()
}
