//! The files that a bank edits: its own where the configuration names one, else the built-in.

use contactiq_llm::PriceTable;
use contactiq_nlu::index::Synonyms;
use contactiq_pipeline::{
    BY_WORDS, Calibration, EscalationRules, SynonymFile, Taxonomy, rule_findings,
    taxonomy::check::{Finding, lacking, repeated_utterances},
    unheard,
};

use super::StartError;
use crate::config::Config;

/// What the shipped binary carries for banks that bring nothing of their own.
const INTENTS: &str = include_str!("../../../../defaults/intents.toml");
const TRIGGERS: &str = include_str!("../../../../defaults/triggers.toml");
const CONFIDENCE: &str = include_str!("../../../../defaults/confidence.toml");
const CONFIDENCE_WORDS: &str = include_str!("../../../../defaults/confidence-words.toml");
const SYNONYMS: &str = include_str!("../../../../defaults/synonyms.toml");
const PRICES: &str = include_str!("../../../../defaults/prices.toml");

/// What the files say.
pub(super) struct BankFiles {
    pub(super) taxonomy: Taxonomy,
    pub(super) rules: EscalationRules,
    pub(super) calibration: Calibration,
    /// The same for words alone.
    pub(super) by_words: Calibration,
    pub(super) synonyms: Synonyms,
    pub(super) prices: PriceTable,
    /// What the bank should mend in its own files: a line each.
    pub(super) warnings: Vec<String>,
}

impl BankFiles {
    /// Reads all of them; a message has a line for every file that can't be used, and for every
    /// utterance that leads to two routes.
    pub(super) fn read(config: &Config) -> Result<BankFiles, StartError> {
        let (rules, by_words) = (escalation_rules(config), calibration_by_words(config));
        let confidence = (calibration(config), by_words);
        match (taxonomy(config), rules, confidence, synonym_file(config), prices(config)) {
            (
                Ok(taxonomy),
                Ok(rules),
                (Ok(calibration), Ok(by_words)),
                Ok(SynonymFile { synonyms, findings }),
                Ok(prices),
            ) => {
                let mut warnings = self::findings(config, &taxonomy, &rules)?;
                let own = &config.files.synonyms;
                if !own.is_empty() {
                    warnings.extend(findings.iter().map(|finding| format!("{own}: {finding}")));
                }
                warnings.extend(without_a_price(config, &prices));
                warnings.extend(super::in_plain_sight(config));
                Ok(BankFiles { taxonomy, rules, calibration, by_words, synonyms, prices, warnings })
            }
            (taxonomy, rules, (calibration, by_words), synonyms, prices) => {
                let wrong = [
                    taxonomy.err(),
                    rules.err(),
                    calibration.err(),
                    by_words.err(),
                    synonyms.err(),
                    prices.err(),
                ];
                let mut lines: Vec<String> = wrong.into_iter().flatten().map(|e| e.to_string()).collect();
                // Two of them may be one file.
                lines.dedup();
                Err(StartError::File(lines.join("\n")))
            }
        }
    }
}

/// What rules and utterances contradict each other. Of the built-in files only what refuses the start
/// is told: nobody but who builds the program can mend them, with `contactiq intents check`.
fn findings(
    config: &Config,
    taxonomy: &Taxonomy,
    rules: &EscalationRules,
) -> Result<Vec<String>, StartError> {
    let files = &config.files;
    let named =
        |path: &str, built_in: &str| if path.is_empty() { built_in.to_owned() } else { path.to_owned() };
    let line = |finding: &Finding| {
        let (kind, mode, place, what) = finding.words();
        format!("{}: [{mode}: {place}] {kind}: {what}", named(&files.intents, "intents.toml"))
    };
    let repeated = repeated_utterances(taxonomy);
    let refused: Vec<String> = repeated.iter().filter(|f| f.refuses_start()).map(line).collect();
    if !refused.is_empty() {
        return Err(StartError::File(refused.join("\n")));
    }
    let mut warnings = Vec::new();
    if !files.intents.is_empty() {
        warnings.extend(repeated.iter().chain(&lacking(taxonomy)).map(line));
    }
    if !files.triggers.is_empty() {
        let findings = rule_findings(rules);
        warnings.extend(unheard(rules, taxonomy).iter().chain(&findings).map(|finding| {
            let (kind, place, what) = finding.words();
            format!("{}: [{place}] {kind}: {what}", files.triggers)
        }));
    }
    Ok(warnings)
}

/// Reads every file that the bank edits, as a start would. What should be mended in the bank's own
/// files, a line each.
///
/// # Errors
/// A line for each that can't be used: the file, the place and the fix.
pub fn check_files(config: &Config) -> Result<Vec<String>, StartError> {
    BankFiles::read(config).map(|files| files.warnings)
}

/// Findings that a start logs; the commands list all.
const LOGGED: usize = 20;

/// What a start says of the bank's files. The lines quote nothing but the files.
pub(super) fn log(warnings: &[String]) {
    for finding in warnings.iter().take(LOGGED) {
        tracing::warn!(finding, "one of the bank's files should be mended");
    }
    if let Some(more) = warnings.len().checked_sub(LOGGED).filter(|more| *more > 0) {
        tracing::warn!(more, "`contactiq config check` lists all findings in the bank's files");
    }
}

/// The taxonomy that the program carries, beside a bank's own: what people write to any bank.
///
/// # Errors
/// Where the program carries a wrong one.
pub(super) fn everyday(config: &Config) -> Result<Option<Taxonomy>, StartError> {
    if config.files.intents.is_empty() {
        return Ok(None);
    }
    Taxonomy::parse(INTENTS).map(Some).map_err(|e| StartError::File(e.to_string()))
}

/// The taxonomy of this configuration.
///
/// # Errors
/// Names the file, the intent and the fix.
pub fn taxonomy(config: &Config) -> Result<Taxonomy, StartError> {
    parse(&config.files.intents, INTENTS, "intents.toml", Taxonomy::parse)
}

/// The triggers of this configuration.
///
/// # Errors
/// Names the file, the place and the fix.
pub fn escalation_rules(config: &Config) -> Result<EscalationRules, StartError> {
    parse(&config.files.triggers, TRIGGERS, "triggers.toml", EscalationRules::parse)
}

/// How features become the confidence in this configuration.
///
/// # Errors
/// Names the file and the fix.
pub(crate) fn calibration(config: &Config) -> Result<Calibration, StartError> {
    parse(&config.files.confidence, CONFIDENCE, "confidence.toml", Calibration::parse)
}

/// The same where passages are found by words alone: the bank's own for that, else its confidence where no encoder had
/// a part in it, else the built-in.
///
/// # Errors
/// Names the file and the fix.
pub(crate) fn calibration_by_words(config: &Config) -> Result<Calibration, StartError> {
    let files = &config.files;
    if files.confidence_words.is_empty() && !files.confidence.is_empty() {
        let own = calibration(config)?;
        if own.encoder.as_deref().is_none_or(|encoder| encoder == BY_WORDS) {
            return Ok(own);
        }
    }
    parse(&files.confidence_words, CONFIDENCE_WORDS, "confidence.toml", Calibration::parse)
}

/// The bank's synonyms in this configuration.
///
/// # Errors
/// Names the file and the fix.
pub fn synonyms(config: &Config) -> Result<Synonyms, StartError> {
    synonym_file(config).map(|file| file.synonyms)
}

fn synonym_file(config: &Config) -> Result<SynonymFile, StartError> {
    parse(&config.files.synonyms, SYNONYMS, "synonyms.toml", SynonymFile::parse)
}

/// What models cost in this configuration.
///
/// # Errors
/// Names the file, the model and the entry.
pub(crate) fn prices(config: &Config) -> Result<PriceTable, StartError> {
    let read = |text: &str| PriceTable::parse(text).map_err(|e| format!("prices.toml: {e}"));
    parse(&config.files.prices, PRICES, "prices.toml", read)
}

/// Models that are asked and have no price: a line each, with what that means.
pub(crate) fn without_a_price(config: &Config, prices: &PriceTable) -> Vec<String> {
    let encoder = &config.encoder;
    let mut found = Vec::new();
    for provider in config.llm.in_order().iter().filter(|own| prices.price(&own.model).is_none()) {
        let bounded = config.budgets.fields().iter().any(|(_, dollars)| *dollars > 0.0);
        let then = match bounded {
            // What a call costs at most is bounded by all that may be asked for it.
            true => {
                "there is a budget, so it is never asked, nor is another model, and answers are made of cited sentences"
            }
            false => "what it costs is not known, and where a budget is set it is not asked",
        };
        found.push(format!(
            "{}.model {:?} has no price in files.prices: {then}",
            provider.place(),
            provider.model
        ));
    }
    let remote = !encoder.base_url.is_empty() && encoder.folder != "off";
    if remote && prices.embedding(&encoder.model, 0).is_none() {
        found.push(format!(
            "encoder.model {:?} has no embedding_per_million in files.prices: what its vectors cost is not counted",
            encoder.model
        ));
    }
    let hosted = &config.knowledge.hosted;
    if !hosted.base_url.is_empty() && prices.search(&hosted.price).is_none() {
        found.push(format!(
            "knowledge.hosted.price {:?} has no search_each in files.prices: what its searches cost is not counted",
            hosted.price
        ));
    }
    found
}

/// The texts of all of them, which stand for what they say.
pub(super) fn texts(config: &Config) -> Result<String, StartError> {
    let files = &config.files;
    let all = [
        (&files.intents, INTENTS),
        (&files.triggers, TRIGGERS),
        (&files.confidence, CONFIDENCE),
        (&files.confidence_words, CONFIDENCE_WORDS),
        (&files.synonyms, SYNONYMS),
    ];
    let texts = all.map(|(path, built_in)| {
        parse(path, built_in, "", |text| Ok::<_, std::convert::Infallible>(text.to_owned()))
    });
    let texts: Result<Vec<String>, StartError> = texts.into_iter().collect();
    Ok(texts?.join("\n\u{0}\n"))
}

/// Reads a bank's own file, or the built-in one. The parser speaks of the file by its built-in name;
/// a person has to find their own.
fn parse<T, E: ToString>(
    path: &str,
    built_in: &str,
    name: &str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<T, StartError> {
    if path.is_empty() {
        return read(built_in).map_err(|e| StartError::File(e.to_string()));
    }
    let text =
        std::fs::read_to_string(path).map_err(|e| StartError::File(format!("{path} can't be read: {e}")))?;
    read(&text).map_err(|e| {
        let why = e.to_string();
        let why = why.strip_prefix(name).and_then(|w| w.strip_prefix(": ")).unwrap_or(&why);
        StartError::File(format!("{path}: {why}"))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_file_that_is_wrong_is_named_by_its_own_path() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let intents = file("ours.toml", "version = 1\n[customer.unknown]\ncategory = \"informational\"\n");
        let triggers = file("handing-over.toml", "version = 1\n");
        let prices = file("what-it-costs.toml", "[m]\ninput_per_million = -1\noutput_per_million = 1\n");
        let env = HashMap::from([
            ("CONTACTIQ__FILES__INTENTS".to_owned(), intents.clone()),
            ("CONTACTIQ__FILES__TRIGGERS".to_owned(), triggers.clone()),
            ("CONTACTIQ__FILES__CONFIDENCE".to_owned(), "no-such-file.toml".to_owned()),
            ("CONTACTIQ__FILES__SYNONYMS".to_owned(), "no-such-words.toml".to_owned()),
            ("CONTACTIQ__FILES__PRICES".to_owned(), prices.clone()),
        ]);
        let config = crate::config::load_from(None, &env).unwrap();
        let said = check_files(&config).unwrap_err().to_string();
        for start in [
            format!("{intents}: "),
            format!("{triggers}: "),
            "no-such-file.toml can't be read".to_owned(),
            "no-such-words.toml can't be read".to_owned(),
            format!("{prices}: input_per_million of [m] must be"),
        ] {
            assert!(said.contains(&start), "{start} in {said}");
        }
        assert!(!said.contains("intents.toml"), "{said}");
    }

    #[test]
    fn a_model_that_is_asked_and_has_no_price_is_named() {
        let warned = |pairs: &[(&str, &str)]| {
            let env = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            check_files(&crate::config::load_from(None, &env).unwrap()).unwrap()
        };
        let model =
            |name| [("CONTACTIQ_LLM_BASE_URL", "http://localhost:1/v1"), ("CONTACTIQ_LLM_MODEL", name)];
        assert_eq!(warned(&model("gpt-4o-mini")), [""; 0]);
        assert_eq!(warned(&[("CONTACTIQ_LLM_MODEL", "ours")]), [""; 0], "nobody asks it");
        let said = warned(&model("ours"));
        assert!(said.len() == 1 && said[0].starts_with("llm.model \"ours\" has no price"), "{said:?}");
        let [url, name] = model("ours");
        let said = warned(&[url, name, ("CONTACTIQ__BUDGETS__BANKER__DAY_USD", "1")]);
        assert!(said[0].contains("there is a budget, so it is never asked"), "{said:?}");
        let said = warned(&[
            ("CONTACTIQ_EMBEDDINGS_BASE_URL", "http://localhost:1/v1"),
            ("CONTACTIQ_EMBEDDINGS_MODEL", "ours"),
        ]);
        assert!(said.len() == 1 && said[0].contains("encoder.model \"ours\""), "{said:?}");
    }
}
