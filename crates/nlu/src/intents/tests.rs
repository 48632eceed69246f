//! The intent model as a whole, with a small encoder of our own.

use super::bench::{Bench, ScopeExample, run_bench, sample_shots};
use super::*;
use crate::encoder::{Encoder, EncoderError};

/// A bag of stems: each stem has a direction of its own.
struct Bag;

impl Encoder for Bag {
    fn dimensions(&self) -> usize {
        32
    }

    fn fingerprint(&self) -> &'static str {
        "bag"
    }

    fn encode(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EncoderError> {
        let one = |text: &&str| {
            let mut vector = [0.01_f32; 32];
            for word in features::words(text) {
                let mut random = random::Random::new(features::stem_hash(&word));
                vector.iter_mut().for_each(|cell| *cell += random.below(1_000) as f32 / 500.0 - 1.0);
            }
            let length = vector.iter().map(|cell| cell * cell).sum::<f32>().sqrt();
            vector.iter().map(|cell| cell / length).collect()
        };
        Ok(texts.iter().map(one).collect())
    }
}

const FRAMES: [&str; 8] = [
    "what about {}",
    "tell me of {} please",
    "I need {}",
    "{} for me",
    "is there {} here",
    "how does {} work",
    "give me {} now",
    "anything on {}",
];
const THINGS: [(&str, [&str; 3]); 7] = [
    ("card_arrival", ["the new card", "my card's arrival", "card delivery"]),
    ("fees", ["the monthly fee", "a fee", "charges"]),
    ("limits", ["the daily limit", "my limit", "the maximum amount"]),
    ("loans", ["a loan", "mortgage rates", "a home loan"]),
    ("branches", ["a branch", "opening hours", "the nearest branch"]),
    ("transfers", ["a transfer", "sending money", "a payment abroad"]),
    ("unknown", ["the weather", "a pizza", "football scores"]),
];

fn sentences() -> Vec<(String, &'static str)> {
    let mut all = Vec::new();
    for (label, things) in THINGS {
        for frame in FRAMES {
            all.extend(things.iter().map(|thing| (frame.replace("{}", thing), label)));
        }
    }
    all
}

fn examples(sentences: &[(String, &'static str)]) -> Vec<Example<'static>> {
    let leak = |text: &String| -> &'static str { Box::leak(text.clone().into_boxed_str()) };
    sentences.iter().map(|(text, label)| Example { text: leak(text), label }).collect()
}

fn model(encoder: Option<&dyn Encoder>) -> IntentModel {
    IntentModel::train(&examples(&sentences()), &["unknown"], encoder, &TrainOptions::default(), &|_, _| {})
        .unwrap()
}

#[test]
fn predicts_ranks_explains_and_guards() {
    for encoder in [None, Some(&Bag as &dyn Encoder)] {
        let model = model(encoder);
        let ask = |text: &str| {
            let vector = encoder.map(|encoder| encoder.encode(&[text]).unwrap().remove(0));
            model.predict(text, vector.as_deref())
        };
        let said = ask("could you explain the monthly fee");
        assert_eq!(said.ranked[0].0, "fees");
        assert_eq!(said.ranked.len(), model.labels().len());
        assert!((said.ranked.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(said.ranked.windows(2).all(|pair| pair[0].1 >= pair[1].1));
        assert_eq!(said.nearest[0].label, "fees");
        let words = model.deciding("could you explain the monthly fee", "fees", &said.ranked[1].0);
        assert!(words.iter().any(|word| word.contains("fee")), "{words:?}");
        assert!(model.deciding("the fee", "fees", "nobody").is_empty());
        let outside = ask("how is the weather and the football");
        assert!(said.in_scope > 0.8 && outside.in_scope < 0.5, "{} {}", said.in_scope, outside.in_scope);
    }
}

#[test]
fn a_missing_or_foreign_vector_falls_back_to_words() {
    let model = model(Some(&Bag));
    let alone = model.predict("the daily limit", None);
    assert_eq!(alone.ranked[0].0, "limits");
    assert_eq!(alone, model.predict("the daily limit", Some(&[1.0, 2.0])));
}

#[test]
fn odd_messages_are_answered() {
    let model = model(Some(&Bag));
    let long = "lorem 12 \u{1f600} ".repeat(2_000);
    for text in [
        "",
        " ",
        "?!",
        "\u{1f600}\u{1f600}",
        "\u{0928}\u{092e}\u{0938}\u{094d}\u{0924}\u{0947}",
        &long,
        "fee",
    ] {
        for vector in [None, Some([f32::NAN; 32])] {
            let said = model.predict(text, vector.as_ref().map(<[f32; 32]>::as_slice));
            assert!(said.in_scope.is_finite() && (0.0..=1.0).contains(&said.in_scope), "{text:?}");
            assert!(said.ranked.iter().all(|(_, share)| (0.0..=1.0).contains(share)), "{text:?}");
        }
    }
    assert!(model.predict("\u{1f600}", None).in_scope < 0.5);
}

#[test]
fn survives_the_disk_and_trains_the_same_again() {
    let first = model(Some(&Bag));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intents.model");
    first.save(&path).unwrap();
    let again = IntentModel::load(&path).unwrap();
    assert_eq!(again.predict("a home loan", None), first.predict("a home loan", None));
    assert_eq!(again.fingerprint(), first.fingerprint());
    let expected = |encoder| {
        IntentModel::expected_fingerprint(
            &examples(&sentences()),
            &["unknown"],
            encoder,
            &TrainOptions::default(),
        )
    };
    assert_eq!(first.fingerprint(), expected(Some(&Bag)));
    assert_ne!(first.fingerprint(), expected(None));
    let vector = Bag.encode(&["a home loan"]).unwrap().remove(0);
    assert_eq!(
        model(Some(&Bag)).predict("a home loan", Some(&vector)),
        first.predict("a home loan", Some(&vector))
    );
}

#[test]
fn bad_data_is_refused_with_a_reason() {
    let train = |examples: &[Example<'_>], outside: &[&str]| {
        IntentModel::train(examples, outside, None, &TrainOptions::default(), &|_, _| {}).map(|_| ())
    };
    let of = |text: &'static str, label: &'static str| Example { text, label };
    assert!(matches!(train(&[], &[]), Err(TrainError::NoExamples)));
    assert!(matches!(train(&[of("a b", "x")], &[]), Err(TrainError::OneLabel(_))));
    assert!(matches!(train(&[of("a b", "x"), of("c", " ")], &[]), Err(TrainError::EmptyLabel(2))));
    assert!(matches!(
        train(&[of("a b", "x"), of(" ", "y")], &[]),
        Err(TrainError::EmptyText { number: 2, .. })
    ));
    assert!(matches!(train(&[of("a b", "x"), of("c", "y")], &["x", "y"]), Err(TrainError::OnlyOutside)));
    let names: Vec<String> = (0..5_000).map(|n| format!("label {n}")).collect();
    let many: Vec<Example<'_>> = names.iter().map(|name| Example { text: name, label: name }).collect();
    assert!(matches!(train(&many, &[]), Err(TrainError::TooManyLabels { found: 5_000, .. })));
}

#[test]
fn one_example_a_label_is_little_but_enough() {
    let known =
        [("card lost", "lost"), ("monthly fee", "fees"), ("home loan", "loans"), ("tell a joke", "unknown")];
    let examples: Vec<Example<'_>> = known.iter().map(|&(text, label)| Example { text, label }).collect();
    for encoder in [None, Some(&Bag as &dyn Encoder)] {
        let options = TrainOptions::default();
        let model = IntentModel::train(&examples, &["unknown"], encoder, &options, &|_, _| {}).unwrap();
        let ask = |text: &str| {
            let vector = encoder.map(|encoder| encoder.encode(&[text]).unwrap().remove(0));
            model.predict(text, vector.as_deref())
        };
        for (text, label) in [
            ("what is the fee", "fees"),
            ("I have lost a card", "lost"),
            ("a loan for a home", "loans"),
            ("a joke please", "unknown"),
        ] {
            let said = ask(text);
            assert_eq!(said.ranked[0].0, label, "{text}");
            let all: f64 = said.ranked.iter().map(|(_, share)| share).sum();
            assert!(
                (all - 1.0).abs() < 1e-9 && said.ranked.iter().all(|(_, share)| *share > 0.0),
                "{said:?}"
            );
            assert!(said.nearest[0].label == label && said.nearest[0].text != text, "{said:?}");
        }
        for (text, label) in known {
            assert_eq!((ask(text).ranked[0].0.as_str(), ask(text).nearest[0].text.as_str()), (label, text));
        }
        // Nothing was learned of the border, so the scope is a similarity: of an example it is whole, of what no word
        // is known of it is none.
        assert!((ask("monthly fee").in_scope - 1.0).abs() < 1e-5, "{}", ask("monthly fee").in_scope);
        let strange = model.predict("qwertz zxcvb", None);
        assert!(strange.in_scope < 0.1, "{strange:?}");
        let words = model.predict("the monthly weather", None).in_scope;
        assert!(words > 0.1 && words < 0.9, "{words}");
    }
}

#[test]
fn progress_only_grows_and_ends() {
    let steps = std::cell::RefCell::new(Vec::new());
    let note = |done, total| steps.borrow_mut().push((done, total));
    IntentModel::train(&examples(&sentences()), &[], Some(&Bag), &TrainOptions::default(), &note).unwrap();
    let steps = steps.into_inner();
    assert!(steps.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 == pair[1].1), "{steps:?}");
    assert_eq!(steps.last().map(|(done, total)| done == total), Some(true));
}

#[test]
fn the_bench_reports_the_fields_of_the_contract() {
    let all = examples(&sentences());
    let (outside, inside): (Vec<_>, Vec<_>) = all.into_iter().partition(|example| example.label == "unknown");
    let outside: Vec<&str> = outside.iter().map(|example| example.text).collect();
    let train = sample_shots(&inside, 12, 3);
    assert_eq!(train.len(), 6 * 12);
    let scope = [
        ScopeExample { text: "I need a loan today", oos: false },
        ScopeExample { text: "who won the football", oos: true },
    ];
    let bench = Bench {
        train: &train,
        test: &inside,
        oos: Some(&scope),
        outside: &outside,
        options: TrainOptions::default(),
    };
    let report = run_bench(&bench, Some(&Bag), &|| 0, &|_, _| {}).unwrap();
    assert!(report.accuracy > 0.9 && report.macro_f1 > 0.9, "{report:?}");
    let json = serde_json::to_value(&report).unwrap();
    let fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    for field in [
        "accuracy",
        "macro_f1",
        "ece",
        "coverage_at_2",
        "coverage_at_5",
        "us_per_utterance",
        "oos_auroc",
        "in_scope_accepted",
    ] {
        assert!(fields.contains(&field), "{field}");
    }
    let without = run_bench(&Bench { oos: None, ..bench }, None, &|| 0, &|_, _| {}).unwrap();
    assert!(!serde_json::to_string(&without).unwrap().contains("oos_auroc"));
}

#[test]
fn more_than_memory_holds_is_refused_before_anything_is_trained() {
    let labels: Vec<String> = (0..1_000).map(|label| format!("label {label}")).collect();
    let labels = &labels;
    let many: Vec<Example<'_>> =
        (0..25_001).map(|at| Example { text: "a", label: &labels[at % 1_000] }).collect();
    let train = |examples| IntentModel::train(examples, &[], None, &TrainOptions::default(), &|_, _| {});
    let error = train(&many).unwrap_err();
    assert!(matches!(error, TrainError::TooMuch { examples: 25_001, labels: 1_000, .. }), "{error}");
    assert!(error.to_string().contains("split the taxonomy"), "{error}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(200))]

    /// A reason stands in the record in plain words: what only the person wrote is never in it.
    #[test]
    fn a_reason_is_spelled_as_the_training_set_spells(
        private in "[a-z]{3,9}(ing|ed|s|er|ly)?",
        stem in proptest::sample::select(vec!["loan", "fee", "card", "transfer", "branch", "limit", "delivery"]),
        ending in "(ing|ed|s|er|ers|ly|ingly|'s)?",
    ) {
        static MODEL: std::sync::LazyLock<IntentModel> = std::sync::LazyLock::new(|| model(None));
        static KNOWN: std::sync::LazyLock<std::collections::HashSet<String>> = std::sync::LazyLock::new(|| {
            let labels = THINGS.iter().map(|(label, _)| label.replace('_', " "));
            let texts = sentences().into_iter().map(|(text, _)| text).chain(labels);
            texts.flat_map(|text| features::words(&text)).map(|word| word.surface).collect()
        });
        let text = format!("{private} about the {stem}{ending} {private} and {stem} {private}");
        for first in MODEL.labels() {
            for second in MODEL.labels() {
                for word in MODEL.deciding(&text, first, second) {
                    for word in word.split(' ') {
                        proptest::prop_assert!(KNOWN.contains(word), "{word} of {text}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_cross_validation_learns_what_a_training_does() {
    // "unknown" is a name that teaches nothing about what is outside, and a word that customers write.
    let mut sentences = sentences();
    let charges: Vec<String> = FRAMES.iter().map(|frame| frame.replace("{}", "an unknown charge")).collect();
    sentences.extend(charges.into_iter().map(|text| (text, "fees")));
    let examples = examples(&sentences);
    let options = TrainOptions::default();
    let unknown_of_charges = |outside: &[&str]| -> f64 {
        let judged = cross_validate(&examples, outside, None, &options, &|_, _| {}).unwrap();
        let unknown = judged.labels.iter().position(|label| label == "unknown").unwrap();
        let rows = examples.iter().zip(&judged.probabilities);
        rows.filter(|(example, _)| example.text.contains("unknown")).map(|(_, shares)| shares[unknown]).sum()
    };
    let (taught, muted) = (unknown_of_charges(&[]), unknown_of_charges(&["unknown"]));
    assert!(muted < taught, "{muted} {taught}");
}
