//! Layers: the built-in defaults, the file of CONTACTIQ_CONFIG, environment variables.

use std::{collections::HashMap, path::Path};

use config::{File, FileFormat};

use super::Config;

/// The commented default file: defaults and documentation in one.
pub const DEFAULTS: &str = include_str!("../../../../defaults/contactiq.toml");

/// The one list that the environment can set: commas between the origins.
const ORIGINS: &str = "server.allowed_origins";

/// The short environment variables of the contract and the fields that they set.
const SHORT: &[(&str, &str)] = &[
    ("CONTACTIQ_DATA_DIR", "server.data_dir"),
    ("CONTACTIQ_ALLOWED_ORIGINS", ORIGINS),
    ("CONTACTIQ_LISTEN", "server.listen"),
    ("CONTACTIQ_METRICS_LISTEN", "server.metrics_listen"),
    ("CONTACTIQ_ENCODER", "encoder.folder"),
    ("CONTACTIQ_ENCODER_KERNEL", "encoder.kernel"),
    ("CONTACTIQ_DATABASE_URL", "database.url"),
    ("CONTACTIQ_REDIS_URL", "redis.url"),
    ("CONTACTIQ_LLM_BASE_URL", "llm.base_url"),
    ("CONTACTIQ_LLM_MODEL", "llm.model"),
    ("CONTACTIQ_LLM_API_KEY", "llm.api_key"),
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
        .filter(|(k, _)| k.starts_with("CONTACTIQ"))
        .collect();
    load_from(file.as_deref().map(Path::new), &env)
}

/// Reads the configuration from a file and these environment variables.
///
/// # Errors
/// [`ConfigError`] names every field that is wrong.
pub fn load_from(file: Option<&Path>, env: &HashMap<String, String>) -> Result<Config, ConfigError> {
    let one = |line: String| ConfigError(vec![line]);
    let mut layers = config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .map_err(|e| one(format!("CONTACTIQ_CONFIG: {} can't be read: {e}", path.display())))?;
        layers = layers.add_source(File::from_str(&text, FileFormat::Toml));
    }
    let set =
        |layers: config::builder::ConfigBuilder<config::builder::DefaultState>, field: &str, value: &str| {
            if field == ORIGINS {
                let origins: Vec<&str> = value.split(',').map(str::trim).filter(|o| !o.is_empty()).collect();
                return layers.set_override(field, origins).map_err(|e| ConfigError(vec![e.to_string()]));
            }
            layers.set_override(field, value).map_err(|e| ConfigError(vec![e.to_string()]))
        };
    for (name, value) in env {
        if let Some(path) = name.strip_prefix("CONTACTIQ__") {
            layers = set(layers, &path.to_lowercase().replace("__", "."), value)?;
        }
    }
    for (name, field) in SHORT {
        if let Some(value) = env.get(*name) {
            layers = set(layers, field, value)?;
        }
    }
    if let Some(demo) = env.get("CONTACTIQ_DEMO") {
        let on = match demo.to_lowercase().as_str() {
            "off" | "false" | "0" | "no" => "false",
            "on" | "true" | "1" | "yes" | "" => "true",
            _ => return Err(one("CONTACTIQ_DEMO: write on or off".to_owned())),
        };
        layers = set(layers, "server.demo", on)?;
    }
    let merged = layers.build().map_err(|e| one(format!("not valid TOML: {e}")))?;
    let config: Config = merged.try_deserialize().map_err(|e| one(e.to_string()))?;
    let wrong = config.problems();
    if wrong.is_empty() { Ok(config) } else { Err(ConfigError(wrong)) }
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
            ("CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD", "1.2", "customer.confidence_threshold"),
            ("CONTACTIQ__SERVER__REQUEST_TIMEOUT_SECONDS", "3", "server.request_timeout_seconds"),
            ("CONTACTIQ__LLM__MAX_RETRIES", "9", "llm.max_retries"),
            ("CONTACTIQ__LOG__LEVEL", "loud", "log.level"),
            ("CONTACTIQ_LISTEN", "nowhere", "server.listen"),
            ("CONTACTIQ_ALLOWED_ORIGINS", "https://*.bank.example", "server.allowed_origins"),
            ("CONTACTIQ_ALLOWED_ORIGINS", "https://bank.example/path", "server.allowed_origins"),
            ("CONTACTIQ__SERVER__COLOUR", "red", "colour"),
            ("CONTACTIQ_DEMO", "perhaps", "CONTACTIQ_DEMO"),
            ("CONTACTIQ_DATABASE_URL", "mysql://x", "database.url"),
        ] {
            let message = with(&[(name, value)]).unwrap_err().to_string();
            assert!(message.contains(field), "{name}={value}: {message}");
        }
    }

    #[test]
    fn secrets_are_never_printed() {
        let config = with(&[
            ("CONTACTIQ_LLM_API_KEY", "sk-canary"),
            ("CONTACTIQ_DATABASE_URL", "postgres://u:canary@h/d"),
        ])
        .unwrap();
        let shown = format!("{config:?}{}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("canary"));
        assert_eq!(config.llm.api_key.expose(), "sk-canary");
    }
}
