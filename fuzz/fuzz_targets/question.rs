//! A question, masked already, and an answer to it: the rules read it, its figures are held against the evidence, and a
//! sentence is always supported by itself.
#![no_main]

use std::sync::LazyLock;

use contactiq_domain::Mode;
use contactiq_pipeline::{
    EscalationRules, Taxonomy,
    grounding::{disagree, unsupported},
    language_of, without_placeholders,
};
use libfuzzer_sys::fuzz_target;

static RULES: LazyLock<EscalationRules> = LazyLock::new(|| {
    EscalationRules::parse(include_str!("../../defaults/triggers.toml")).expect("the shipped file is right")
});
static TAXONOMY: LazyLock<Taxonomy> = LazyLock::new(|| {
    Taxonomy::parse(include_str!("../../defaults/intents.toml")).expect("the shipped file is right")
});

fuzz_target!(init: { LazyLock::force(&RULES); LazyLock::force(&TAXONOMY); }, |input: (&str, &str)| {
    let (question, evidence) = input;
    let said = without_placeholders(question);
    assert_eq!(without_placeholders(&said), said);
    for (trigger, rule) in RULES.matches(question) {
        assert!(rule.starts_with(trigger.as_str()));
    }
    let _ = (TAXONOMY.greets(Mode::Customer, question), language_of(evidence));
    assert!(unsupported(question, question).is_empty());
    assert!(unsupported(evidence, &format!("{question}\n{evidence}")).is_empty());
    assert!(!disagree(question, question));
    assert_eq!(disagree(question, evidence), disagree(evidence, question));
});
