//! Files that a bank edits: triggers, intents, synonyms, confidence, prices. A file is refused in words or used; one that
//! is used never gives a figure that is none.
#![no_main]

use contactiq_domain::Mode;
use contactiq_llm::{PriceTable, goes_over_plain_http};
use contactiq_pipeline::{Calibration, EscalationRules, Features, SynonymFile, Taxonomy, rule_findings};
use libfuzzer_sys::fuzz_target;

const HALF: Features = Features {
    similarity: 0.5,
    coverage: 0.5,
    margin: 0.5,
    agreement: 0.5,
    both_views: 1.0,
    intent: 0.5,
    in_scope: 0.5,
    held: 0.5,
    specific: 0.5,
    figure: 1.0,
};

fuzz_target!(|text: &str| {
    if let Ok(rules) = EscalationRules::parse(text) {
        let _ = (rules.matches("someone stole my card"), rule_findings(&rules));
    }
    if let Ok(taxonomy) = Taxonomy::parse(text) {
        assert!(taxonomy.intent(Mode::Customer, "unknown").is_some());
        let _ = (
            taxonomy.greets(Mode::Banker, "hello"),
            contactiq_pipeline::taxonomy::check::repeated_utterances(&taxonomy),
        );
    }
    if let Ok(file) = SynonymFile::parse(text) {
        assert!(file.findings.iter().all(|finding| !finding.is_empty()));
    }
    if let Ok(calibration) = Calibration::parse(text) {
        assert!((0.0..=1.0).contains(&calibration.confidence(HALF).get()));
    }
    if let Ok(prices) = PriceTable::parse(text) {
        let model = text.split(['[', ']', '"']).nth(1).unwrap_or_default();
        let cost = prices.cost(model, u64::MAX, 1);
        assert!(cost.is_none_or(|cost| cost.0 >= 0), "what was used is never paid back");
    }
    let _ = goes_over_plain_http(text);
});
