//! Layers: the built-in defaults, the file of CONTACTIQ_CONFIG, environment variables.

use std::{collections::HashMap, path::Path};

use config::{File, FileFormat};
use contactiq_domain::Clock;

use super::{Config, fields, kinds, secrets};
use crate::wiring::SystemClock;

/// The commented default file: defaults and documentation in one.
pub const DEFAULTS: &str = include_str!("../../../../defaults/contactiq.toml");

/// Origins whose pages may call the API.
const ORIGINS: &str = "server.allowed_origins";
/// For whom access tokens are.
const AUDIENCES: &str = "identity.oidc.audiences";
/// Hosted stores that are searched.
const STORES: &str = "knowledge.hosted.vector_store_ids";
/// Lists that the environment can set: commas between the entries.
const LISTS: &[&str] = &[
    ORIGINS,
    AUDIENCES,
    "server.trusted_proxies",
    "identity.oidc.algorithms",
    "identity.oidc.scopes",
    "knowledge.fetch.allow",
    STORES,
    "knowledge.hosted.attributes",
    "llm.answer_languages",
    "knowledge.hosted.required",
    "guard.allowed_links",
];

/// The short environment variables of the contract and the fields that they set.
const SHORT: &[(&str, &str)] = &[
    ("CONTACTIQ_DATA_DIR", "server.data_dir"),
    ("CONTACTIQ_ALLOWED_ORIGINS", ORIGINS),
    ("CONTACTIQ_PUBLIC_URL", "server.public_url"),
    ("CONTACTIQ_OIDC_ISSUER", "identity.oidc.issuer"),
    ("CONTACTIQ_OIDC_AUDIENCES", AUDIENCES),
    ("CONTACTIQ_OIDC_CLIENT_ID", "identity.oidc.client_id"),
    ("CONTACTIQ_OIDC_CLIENT_SECRET", "identity.oidc.client_secret"),
    ("CONTACTIQ_LISTEN", "server.listen"),
    ("CONTACTIQ_METRICS_LISTEN", "server.metrics_listen"),
    ("CONTACTIQ_ENCODER", "encoder.folder"),
    ("CONTACTIQ_ENCODER_KERNEL", "encoder.kernel"),
    ("CONTACTIQ_EMBEDDINGS_BASE_URL", "encoder.base_url"),
    ("CONTACTIQ_EMBEDDINGS_MODEL", "encoder.model"),
    ("CONTACTIQ_EMBEDDINGS_API_KEY", "encoder.api_key"),
    ("CONTACTIQ_TOKEN_KEY", "guard.token_key"),
    ("CONTACTIQ_DATABASE_URL", "database.url"),
    ("CONTACTIQ_REDIS_URL", "redis.url"),
    ("CONTACTIQ_LLM_BASE_URL", "llm.base_url"),
    ("CONTACTIQ_LLM_MODEL", "llm.model"),
    ("CONTACTIQ_LLM_API_KEY", "llm.api_key"),
    ("CONTACTIQ_MODERATION_BASE_URL", "llm.moderation.base_url"),
    ("CONTACTIQ_MODERATION_MODEL", "llm.moderation.model"),
    ("CONTACTIQ_MODERATION_API_KEY", "llm.moderation.api_key"),
    ("CONTACTIQ_VECTOR_STORE_BASE_URL", "knowledge.hosted.base_url"),
    ("CONTACTIQ_VECTOR_STORE_IDS", STORES),
    ("CONTACTIQ_VECTOR_STORE_API_KEY", "knowledge.hosted.api_key"),
];

/// A configuration that can't be used. Each line names a field and the fix.
#[derive(Debug, thiserror::Error)]
#[error("the configuration can't be used:\n{}", .0.iter().map(|l| format!("  - {l}")).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<String>);

/// Reads the configuration of this process.
///
/// # Errors
/// [`ConfigError`] names every field that is wrong.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn load() -> Result<Config, ConfigError> {
    let file = std::env::var("CONTACTIQ_CONFIG").ok().filter(|f| !f.is_empty());
    let env: HashMap<String, String> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    load_from(file.as_deref().map(Path::new), &env)
}

/// Reads the configuration from a file and these environment variables.
///
/// # Errors
/// [`ConfigError`] names every field that is wrong.
pub fn load_from(file: Option<&Path>, env: &HashMap<String, String>) -> Result<Config, ConfigError> {
    let mut wrong = Vec::new();
    let mut layers = defaults();
    let mut misfits = Vec::new();
    match file.map(read_file) {
        Some(Ok((source, written))) => {
            layers = layers.add_source(source);
            let known = toml::from_str(DEFAULTS).unwrap_or_default();
            misfits = kinds::misfits(&written, &known);
        }
        Some(Err(why)) => wrong.push(why),
        None => {}
    }
    for (field, value) in from_environment(env, &mut wrong) {
        let set = if LISTS.contains(&field.as_str()) {
            let entries: Vec<&str> = value.split(',').map(str::trim).filter(|o| !o.is_empty()).collect();
            layers.set_override(&field, entries)
        } else {
            layers.set_override(&field, value)
        };
        layers = set.map_err(|_| ConfigError(vec![no_field(&field)]))?;
    }
    let merged = layers.build().map_err(|_| ConfigError(vec!["the layers can't be joined".to_owned()]))?;
    let config: Option<Config> = match merged.clone().try_deserialize() {
        Ok(config) => Some(config),
        Err(_) => {
            let (config, more) = fields::read(&merged);
            wrong.extend(more);
            config
        }
    };
    for (path, line) in misfits {
        let place = format!("{path} ");
        if !wrong.iter().any(|told| told.starts_with(&place)) {
            wrong.push(line);
        }
    }
    let config = config.map(|mut config| {
        config.llm.take_keys(env);
        config.secrets.aws.take_ambient(env);
        config
    });
    let now = SystemClock.now();
    wrong.extend(config.iter().flat_map(|config| config.read_local(env, now)));
    wrong.extend(config.iter().flat_map(Config::problems));
    match config {
        Some(config) if wrong.is_empty() => Ok(config),
        _ => Err(ConfigError(wrong)),
    }
}

impl Config {
    /// The same once its secrets were read: what they must be is looked at again.
    ///
    /// # Errors
    /// [`ConfigError`] names every field that is wrong.
    pub fn checked(self) -> Result<Config, ConfigError> {
        let wrong = self.problems();
        if wrong.is_empty() { Ok(self) } else { Err(ConfigError(wrong)) }
    }

    /// The same with another part of the work.
    ///
    /// # Errors
    /// [`ConfigError`] when it lacks what that part needs.
    pub fn with_role(mut self, role: super::ServerRole) -> Result<Config, ConfigError> {
        self.server.role = role;
        self.checked()
    }
}

/// The built-in layer.
pub(super) fn defaults() -> config::ConfigBuilder<config::builder::DefaultState> {
    config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml))
}

/// The demo bank's name, and its people.
pub(super) fn demo_bank() -> Option<(String, super::People)> {
    Some((defaults().build().ok()?.get("bank.name").ok()?, demo_people()?))
}

/// The lines to people of the demo bank.
pub(super) fn demo_people() -> Option<super::People> {
    defaults().build().ok()?.get("bank.people").ok()
}

/// A file as a layer. A message names the line and never what stands there: it may hold a key.
fn read_file(path: &Path) -> Result<(File<config::FileSourceString, FileFormat>, toml::Table), String> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|e| format!("CONTACTIQ_CONFIG: {name} can't be read: {e}"))?;
    let written = toml::from_str::<toml::Table>(&text).map_err(|error| {
        let before = error.span().and_then(|at| text.get(..at.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("{name}: line {line} is not valid TOML: mend it, the rest was not read")
    })?;
    Ok((File::from_str(&text, FileFormat::Toml), written))
}

/// The fields that environment variables set, in the order in which they are laid over each other.
fn from_environment(env: &HashMap<String, String>, wrong: &mut Vec<String>) -> Vec<(String, String)> {
    let mut set = Vec::new();
    for (name, value) in env {
        let Some(path) = name.strip_prefix("CONTACTIQ__") else { continue };
        let field = path.to_lowercase().replace("__", ".");
        let plain = |p: &str| !p.is_empty() && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if field.split('.').all(plain) {
            let value = secrets::from_variable(&field, name, value);
            set.push((field, value));
        } else {
            wrong.push(no_field(name));
        }
    }
    let short = SHORT.iter().filter_map(|(name, field)| {
        let value = secrets::from_variable(field, name, env.get(*name)?);
        Some(((*field).to_owned(), value))
    });
    set.extend(short);
    if let Some(demo) = env.get("CONTACTIQ_DEMO") {
        match demo.to_lowercase().as_str() {
            "off" | "false" | "0" | "no" => set.push(("server.demo".to_owned(), "false".to_owned())),
            "on" | "true" | "1" | "yes" | "" => set.push(("server.demo".to_owned(), "true".to_owned())),
            _ => wrong.push(format!("CONTACTIQ_DEMO is {demo:?}: write on or off")),
        }
    }
    set
}

fn no_field(name: &str) -> String {
    format!("{name} names no field: write CONTACTIQ__SECTION__FIELD, for instance CONTACTIQ__LOG__LEVEL")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        load_from(None, &pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn the_defaults_are_valid_and_complete() {
        let config = with(&[]).unwrap();
        assert_eq!(config.limits.questions_per_minute, 10);
        assert_eq!(config.customer.confidence_threshold, 0.68);
        assert_eq!(config.server.request_timeout_seconds, 30);
    }

    #[test]
    fn a_budget_is_dollars_and_none_by_default() {
        assert!(with(&[]).unwrap().budgets.fields().iter().all(|(_, dollars)| *dollars == 0.0));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "[budgets]\nday_usd = 5\n[budgets.banker]\nmonth_usd = 0.25\n").unwrap();
        let budgets = load_from(Some(&file), &HashMap::new()).unwrap().budgets;
        assert_eq!((budgets.day_usd, budgets.month_usd), (5.0, 0.0));
        assert_eq!((budgets.banker.day_usd, budgets.banker.month_usd), (0.0, 0.25));
    }

    #[test]
    fn a_kernel_is_auto_or_one_that_this_processor_has() {
        assert_eq!(with(&[]).unwrap().encoder.kernel, "auto");
        assert_eq!(with(&[("CONTACTIQ_ENCODER_KERNEL", "f32")]).unwrap().encoder.kernel, "f32");
        let error = with(&[("CONTACTIQ_ENCODER_KERNEL", "fast")]).unwrap_err().to_string();
        assert!(error.contains("encoder.kernel") && error.contains("vnni"), "{error}");
    }

    #[test]
    fn environment_stands_above_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:9000\"\n[limits]\nquestions_per_minute = 20\n")
            .unwrap();
        let env = HashMap::from([("CONTACTIQ_LISTEN".to_owned(), "127.0.0.1:0".to_owned())]);
        let config = load_from(Some(&file), &env).unwrap();
        assert_eq!(config.server.listen.port(), 0);
        assert_eq!(config.limits.questions_per_minute, 20);
        assert!(!with(&[("CONTACTIQ_DEMO", "off")]).unwrap().server.demo);
    }

    #[test]
    fn origins_are_a_list_with_commas() {
        for name in ["CONTACTIQ_ALLOWED_ORIGINS", "CONTACTIQ__SERVER__ALLOWED_ORIGINS"] {
            let config = with(&[(name, "https://www.bank.example, https://app.bank.example")]).unwrap();
            assert_eq!(
                config.server.allowed_origins,
                ["https://www.bank.example", "https://app.bank.example"]
            );
        }
    }

    #[test]
    fn a_wrong_value_names_its_field() {
        for (name, value, field) in [
            ("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "0", "limits.questions_per_minute"),
            ("CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE", "many", "limits.questions_per_minute"),
            ("CONTACTIQ__LIMITS__REQUESTS_PER_MINUTE", "0", "limits.requests_per_minute"),
            ("CONTACTIQ__LIMITS__FAILURES_PER_MINUTE", "0", "limits.failures_per_minute"),
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "1.2", "customer.confidence_threshold"),
            ("CONTACTIQ__SERVER__REQUEST_TIMEOUT_SECONDS", "3", "server.request_timeout_seconds"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "9", "llm.max_retries"),
            ("CONTACTIQ__LOG__LEVEL", "loud", "log.level"),
            ("CONTACTIQ__GUARD__PLACEHOLDERS", "for ever", "guard.placeholders"),
            ("CONTACTIQ_TOKEN_KEY", "too short", "guard.token_key"),
            ("CONTACTIQ_LISTEN", "nowhere", "server.listen"),
            ("CONTACTIQ_ALLOWED_ORIGINS", "https://*.bank.example", "server.allowed_origins"),
            ("CONTACTIQ_ALLOWED_ORIGINS", "https://bank.example/path", "server.allowed_origins"),
            ("CONTACTIQ__SERVER__COLOUR", "red", "colour"),
            ("CONTACTIQ_DEMO", "perhaps", "CONTACTIQ_DEMO"),
            ("CONTACTIQ_DATABASE_URL", "mysql://x", "database.url"),
            ("CONTACTIQ__ENCODER__TIMEOUT_SECONDS", "0", "encoder.timeout_seconds"),
            ("CONTACTIQ__AUDIT__ORIGIN", "our log", "audit.origin"),
            ("CONTACTIQ__AUDIT__CHECKPOINT_SECONDS", "0", "audit.checkpoint_seconds"),
            ("CONTACTIQ__AUDIT__CHECKPOINT_ENTRIES", "0", "audit.checkpoint_entries"),
            ("CONTACTIQ__AUDIT__ANCHOR_URL", "ftp://witness.example", "audit.anchor_url"),
            ("CONTACTIQ__ENCODER__DIMENSIONS", "9000", "encoder.dimensions"),
            ("CONTACTIQ_EMBEDDINGS_BASE_URL", "embeddings.example/v1", "encoder.base_url"),
            ("CONTACTIQ_EMBEDDINGS_BASE_URL", "https://embeddings.example/v1", "encoder.model"),
            ("CONTACTIQ__GUARD__SECONDS", "0", "guard.seconds"),
            ("CONTACTIQ__GUARD__ALLOWED_LINKS", "https://www.bank.example", "guard.allowed_links"),
            ("CONTACTIQ__GUARD__ALLOWED_LINKS", "bank.example,*", "guard.allowed_links"),
            ("CONTACTIQ_MODERATION_BASE_URL", "moderation.example/v1", "llm.moderation.base_url"),
            ("CONTACTIQ_MODERATION_BASE_URL", "https://moderation.example/v1", "llm.moderation.model"),
            ("CONTACTIQ__LLM__MODERATION__TIMEOUT_SECONDS", "0", "llm.moderation.timeout_seconds"),
            ("CONTACTIQ__BUDGETS__DAY_USD", "-1", "budgets.day_usd is -1"),
            ("CONTACTIQ__BUDGETS__CUSTOMER__MONTH_USD", "-0.01", "budgets.customer.month_usd is -0.01"),
            ("CONTACTIQ__BUDGETS__BANKER__DAY_USD", "2e9", "budgets.banker.day_usd"),
            ("CONTACTIQ__BUDGETS__MONTH_USD", "much", "budgets.month_usd is \"much\": write dollars from 0"),
        ] {
            let message = with(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(field), "{name}={value}: {message}");
        }
    }

    #[test]
    fn a_providers_moderation_without_the_local_one_is_refused_in_words_without_gaps() {
        let ConfigError(wrong) = with(&[
            ("CONTACTIQ_MODERATION_BASE_URL", "https://moderation.example/v1"),
            ("CONTACTIQ_MODERATION_MODEL", "judge-1"),
            ("CONTACTIQ__GUARD__MODERATION", "false"),
        ])
        .unwrap_err();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].starts_with("llm.moderation.base_url is set"), "{wrong:?}");
        assert!(!wrong[0].contains("  "), "{wrong:?}");
    }

    #[test]
    fn the_lines_of_the_demo_bank_do_not_stand_beside_the_channel_of_another() {
        let dir = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let file = dir.path().join("c.toml");
            std::fs::write(&file, format!("[bank.people]\nchannel = \"our chat\"\n{text}")).unwrap();
            load_from(Some(&file), &HashMap::new())
        };
        assert!(read("").unwrap_err().to_string().contains("bank.people.lines are those of the demo bank"));
        assert!(read("lines = []").unwrap().bank.people.lines.is_empty());
        let own = "[[bank.people.lines]]\nmode = \"banker\"\nchannel = \"ext 1\"\nhours = \"always\"";
        assert_eq!(read(own).unwrap().bank.people.lines.len(), 1);
        let general = |text: &str| read(text).unwrap().bank.people.general_opening();
        assert!(general("lines = []").is_some(), "the hours that are told are those of the demo bank");
        assert!(general("lines = []\nhours = \"always\"").is_none(), "and these are not");
        assert!(general("lines = []\nhours = \"Mondays\"\nopen = [\"Mon 08:00-09:00\"]").is_some());
        for (wrong, said) in [
            ("lines = []\ntime_zone = \"Sydney\"", "bank.people.time_zone: "),
            ("lines = []\nopen = [\"8 to 20\"]", "bank.people.open: "),
            ("lines = []\nclosed_on = [\"25.12.\"]", "bank.people.closed_on: "),
            (&format!("{own}\nopen = [\"8 to 20\"]"), "number 1, open: "),
        ] {
            let message = read(wrong).unwrap_err().to_string();
            assert!(message.contains(said), "{wrong}: {message}");
        }
        for wrong in [
            "lines = [\"a\"]",
            "[[bank.people.lines]]\nchannel = \"x\"\nhours = \"y\"\ntriggers = [\"rage\"]",
        ] {
            let said = read(wrong).unwrap_err().to_string();
            assert!(said.contains("bank.people.lines") && said.contains("[[bank.people.lines]]"), "{said}");
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once_with_what_was_found_and_the_fix() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        let text = "[server]\ncolour = \"red\"\ndemo = \"perhaps\"\nlisten = 7\n[limits]\nquestions_per_minute = 500\nbody_bytes = \"many\"\n\
                    [llm]\nmax_retries = -1\napi_kee = \"sk-canary\"\napi_key = 7\n\
                    [log]\nlevel = \"loud\"\n[paint]\n[bank]\npeople = true\n[redis.url]\nx = \"canary\"\n";
        std::fs::write(&file, text).unwrap();
        let env = [("CONTACTIQ_DEMO", "maybe"), ("CONTACTIQ__", "x"), ("CONTACTIQ__LLM__MODLE", "m")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()));
        let ConfigError(wrong) = load_from(Some(&file), &HashMap::from(env)).unwrap_err();
        let said = wrong.join("\n");
        for line in [
            "server.colour is no field: remove it, or write one of allowed_origins, behind_proxy,",
            "server.demo is \"perhaps\": write true or false",
            "server.listen is 7: write address:port",
            "limits.questions_per_minute is 500: write a number from 1 to 100",
            "limits.body_bytes is \"many\": write a whole number from 4096 to 10000000",
            "llm.max_retries is -1: write a whole number from 1 to 5",
            "llm.api_kee is no field",
            "llm.api_key is a whole number (not shown): write a reference",
            "llm.modle is no field",
            "log.level is \"loud\": write one of error, warn, info, debug, trace",
            "paint is no section",
            "bank.people is a flag: it is a section, write its fields under [bank.people]",
            "redis.url is a section: write a reference",
            "CONTACTIQ_DEMO is \"maybe\"",
            "CONTACTIQ__ names no field",
        ] {
            assert_eq!(wrong.iter().filter(|w| w.starts_with(line)).count(), 1, "{line}\n--\n{said}");
        }
        assert_eq!(wrong.len(), 15, "{said}");
        assert!(!said.contains("canary"), "{said}");
    }

    #[test]
    fn a_file_that_is_no_toml_is_named_by_its_line_and_never_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "[llm]\napi_key = sk-canary\n").unwrap();
        let env = HashMap::from([("CONTACTIQ__LIMITS__BODY_BYTES".to_owned(), "7".to_owned())]);
        let said = load_from(Some(&file), &env).unwrap_err().to_string();
        assert!(said.contains("c.toml: line 2") && said.contains("limits.body_bytes is 7"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }

    #[test]
    fn secrets_are_never_printed() {
        let config = with(&[
            ("CONTACTIQ_LLM_API_KEY", "sk-canary"),
            ("CONTACTIQ_EMBEDDINGS_API_KEY", "sk-canary-2"),
            ("CONTACTIQ_DATABASE_URL", "postgres://u:canary@h/d"),
        ])
        .unwrap();
        let shown = format!("{config:?}{}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("canary"));
        assert_eq!(config.llm.api_key.expose().as_str(), "sk-canary");
        assert_eq!(config.encoder.api_key.expose().as_str(), "sk-canary-2");
        for (base_url, api_key) in [("https://u:canary@h/v1", "k"), ("https://h/v1", "can\nary")] {
            let error = with(&[
                ("CONTACTIQ_EMBEDDINGS_BASE_URL", base_url),
                ("CONTACTIQ_EMBEDDINGS_MODEL", "m"),
                ("CONTACTIQ_EMBEDDINGS_API_KEY", api_key),
            ])
            .unwrap_err()
            .to_string();
            assert!(error.contains("encoder.") && !error.contains("canary"), "{error}");
            assert!(!error.contains("can\nary"), "{error}");
        }
    }
}
