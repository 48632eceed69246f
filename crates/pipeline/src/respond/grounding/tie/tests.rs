//! The gate on the demo bank's documents: what a model may say of them in its own words, and what it may not.

use std::{path::Path, sync::LazyLock};

use contactiq_domain::ids::{CountingIds, DocumentId};

use crate::{
    Knowledge, Means,
    respond::grounding::{Evidence, Removed, judge},
};

const BANK: &str = "Larkfield Bank";

static DEMO: LazyLock<Knowledge> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../demo/documents");
    let ids = CountingIds::default();
    let of = |collection: &str| std::fs::read_dir(folder.join(collection)).unwrap();
    let mut files: Vec<_> = of("customer").chain(of("banker")).map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let documents = files.iter().map(|file| {
        let text = std::fs::read(file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy();
        let draft = contactiq_ingest::parse(&name, &text, None).unwrap();
        let (document, passages) = draft.into_document(DocumentId::new(&ids));
        (document.with_text(()), passages)
    });
    Knowledge::build("demo".to_owned(), documents.collect(), &[], &Means::default(), &|_, _| {}).unwrap()
});

/// The passages of a document; of all documents for an empty name.
fn passages(slug: &str) -> Vec<usize> {
    (0..DEMO.passages.len()).filter(|p| slug.is_empty() || DEMO.document_of(*p).slug == slug).collect()
}

fn held(claim: &str, cited: &[usize]) -> Result<(), Removed> {
    let evidence = |passage: &usize| Evidence::of(&DEMO, *passage, DEMO.passages[*passage].1.text.as_str());
    let evidence: Vec<Evidence<'_>> = cited.iter().map(evidence).collect();
    judge(claim, None, &evidence, &evidence, BANK).map(drop)
}

/// Whether a claim stands on one passage of a document, or on the first two of them that hold it together.
fn stands(slug: &str, claim: &str) -> Result<(), Vec<Removed>> {
    let all = passages(slug);
    assert!(!all.is_empty(), "{slug}");
    let each: Vec<Result<(), Removed>> = all.iter().map(|p| held(claim, &[*p])).collect();
    if each.iter().any(Result::is_ok) || held(claim, &all).is_ok() {
        return Ok(());
    }
    Err(each.into_iter().filter_map(Result::err).collect())
}

/// Sentences with the document that they are held against: what a model may say in its own words, and what no
/// document says. `*` stands for several documents.
const TOLD: &str = include_str!("told.tsv");

/// Documents that speak of what is invented.
const NEAR: &[&str] = &[
    "replacement-card",
    "lost-or-stolen-card",
    "unrecognised-merchant",
    "lost-and-stolen-cards-staff",
    "card-delivery-and-activation",
    "account-fees",
    "everyday-account-comparison-staff",
    "daily-limits",
    "term-deposits",
    "international-transfers",
    "home-loan-rates-and-types",
    "credit-cards",
    "travel",
    "rainy-day-saver",
];

fn told(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    TOLD.lines().filter_map(move |line| {
        let mut parts = line.split('\t');
        (parts.next() == Some(kind)).then_some((parts.next()?, parts.next()?))
    })
}

#[test]
fn an_honest_sentence_stands_in_other_words_too() {
    let fallen: Vec<String> = told("honest")
        .filter_map(|(slug, claim)| Some(format!("{slug}: {claim} {:?}", stands(slug, claim).err()?)))
        .collect();
    assert!(fallen.is_empty(), "{} fell:\n{}", fallen.len(), fallen.join("\n"));
}

#[test]
fn what_no_document_says_stays_inside_whatever_is_cited() {
    let mut shown = Vec::new();
    for (slug, claim) in told("invented") {
        let slugs: &[&str] = if slug == "*" { NEAR } else { &[slug] };
        for slug in slugs {
            let all = passages(slug);
            let with_another = [passages(slug), passages(NEAR[0])].concat();
            let cited = all.iter().map(std::slice::from_ref).chain([&all[..], &with_another[..]]);
            if cited.into_iter().any(|cited| held(claim, cited).is_ok()) {
                shown.push(format!("{slug}: {claim}"));
            }
        }
    }
    assert!(shown.is_empty(), "{} shown:\n{}", shown.len(), shown.join("\n"));
}

#[test]
fn the_reason_is_told() {
    for (slug, claim, reason) in [
        ("replacement-card", "A replacement credit card costs $10.", Removed::Unsupported),
        (
            "replacement-card",
            "A replacement debit card is free when the card has not expired.",
            Removed::Negation,
        ),
        ("unrecognised-merchant", "A replacement debit card is free.", Removed::Condition),
        ("replacement-card", "A replacement debit card costs $10 a day.", Removed::Figure),
        ("close-an-account", "An account has no fee.", Removed::Negation),
        ("complaints", "Larkfield Bank answers a complaint within 21 calendar days.", Removed::Figure),
        ("card-delivery-and-activation", "Your card has been cancelled.", Removed::Personal),
    ] {
        let why = stands(slug, claim).unwrap_err();
        assert!(why.contains(&reason), "{claim}: {why:?}");
    }
}

#[test]
fn the_banks_own_sentences_stand() {
    let mut fallen = Vec::new();
    for passage in passages("") {
        for sentence in DEMO.index.sentences(passage) {
            if held(&sentence.text, &[passage]).is_err() {
                fallen.push(sentence.text.clone());
            }
        }
    }
    assert!(fallen.is_empty(), "{}", fallen.join("\n"));
}
