//! What is wrong field by field: a value of the wrong kind, a field that does not exist. Each is tried
//! alone in place of its default, so that one wrong field hides no other.

use std::collections::BTreeMap;

use config::{Value, ValueKind, builder::DefaultState};

use super::{
    Config, Environment, Level, LocalSignIn, LogFormat, PlaceholderScope, ProxyHeader, ServerRole,
    TokenAlgorithm, VaultAuth, addresses::is_telling, load::defaults, secrets, validate::range_of,
};
use crate::secrets::HOW;

/// A found value longer than this is cut.
const SHOWN: usize = 80;

type Builder = config::ConfigBuilder<DefaultState>;

/// The configuration with every wrong field left at its default, and a line for each that was wrong.
pub(super) fn read(merged: &config::Config) -> (Option<Config>, Vec<String>) {
    let mut known = BTreeMap::new();
    if let Ok(values) = defaults().build() {
        flatten("", &values.cache, &mut known);
    }
    let mut given = BTreeMap::new();
    flatten("", &merged.cache, &mut given);

    let mut wrong = Vec::new();
    let mut sound = defaults();
    for (path, value) in given {
        let Some(default) = known.get(&path) else {
            wrong.push(unknown(&path, &value, &known));
            continue;
        };
        let alone = |to: Builder| to.set_override(&path, value.clone());
        let taken = alone(defaults()).and_then(Builder::build).and_then(config::Config::try_deserialize);
        match (taken, alone(sound.clone())) {
            (Ok(Config { .. }), Ok(with)) => sound = with,
            _ => wrong.push(format!("{path} {}: {}", is(&path, &value), fix(&path, default))),
        }
    }
    (sound.build().and_then(config::Config::try_deserialize).ok(), wrong)
}

/// Every value of a tree under its path: `server.listen`. A list is one value; so is an empty section,
/// which none of ours is.
fn flatten(path: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
    match &value.kind {
        ValueKind::Table(fields) if path.is_empty() || !fields.is_empty() => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(&path, field, into);
            }
        }
        _ => drop(into.insert(path.to_owned(), value.clone())),
    }
}

/// What is said of a value of a file that is of another kind than its default.
pub(super) fn misfit(path: &str, value: &toml::Value, default: &toml::Value) -> String {
    format!("{path} {}: {}", is(path, &plain(value)), fix(path, &plain(default)))
}

/// A value of TOML as one of the layers; of a list and of a section its kind alone.
fn plain(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(flag) => Value::from(*flag),
        toml::Value::Datetime(at) => Value::from(at.to_string()),
        toml::Value::Array(_) => Value::new(None, ValueKind::Array(Vec::new())),
        toml::Value::Table(_) => Value::new(None, ValueKind::Table(Default::default())),
    }
}

/// A field that the defaults don't have. Its value is never said: it may be a secret under a slip of
/// the pen.
fn unknown(path: &str, value: &Value, known: &BTreeMap<String, Value>) -> String {
    if known.keys().any(|k| k.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))) {
        return format!("{path} is {}: it is a section, write its fields under [{path}]", kind(value));
    }
    let mut parent = path;
    while let Some((above, _)) = parent.rsplit_once('.') {
        parent = above;
        if let Some(default) = known.get(parent) {
            return format!("{parent} is a section: {}", fix(parent, default));
        }
        let siblings: Vec<&str> = known
            .keys()
            .filter_map(|k| k.strip_prefix(parent)?.strip_prefix('.')?.split('.').next())
            .collect();
        if !siblings.is_empty() {
            return format!("{path} is no field: remove it, or write one of {}", listed(siblings));
        }
    }
    let sections = known.keys().filter_map(|k| k.split('.').next()).collect();
    format!("{path} is no section and no field: remove it; the sections are {}", listed(sections))
}

fn listed(mut names: Vec<&str>) -> String {
    names.dedup();
    names.join(", ")
}

/// What was found: the value, unless it is a secret.
fn is(path: &str, value: &Value) -> String {
    if secrets::SECRET.contains(&path) {
        return format!("is {} (not shown)", kind(value));
    }
    match &value.kind {
        ValueKind::String(text) => {
            if is_telling(text) {
                return "is a text like an address with more than a host and a path (not shown)".to_owned();
            }
            let cut: String = text.chars().take(SHOWN).collect();
            let more = if cut.len() < text.len() { "…" } else { "" };
            format!("is {:?}{more}", cut)
        }
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => format!("is {}", kind(value)),
        plain => format!("is {plain}"),
    }
}

fn kind(value: &Value) -> &'static str {
    match value.kind {
        ValueKind::Nil => "nothing",
        ValueKind::Boolean(_) => "a flag",
        ValueKind::Float(_) => "a number",
        ValueKind::String(_) => "a text",
        ValueKind::Table(_) => "a section",
        ValueKind::Array(_) => "a list",
        _ => "a whole number",
    }
}

/// What the field takes, as its default and its range tell.
fn fix(path: &str, default: &Value) -> String {
    fn words(all: impl Iterator<Item = &'static str>) -> String {
        format!("write one of {}", all.collect::<Vec<_>>().join(", "))
    }
    match path {
        "server.role" => return words(ServerRole::ALL.iter().map(|w| w.as_str())),
        "server.environment" => return words(Environment::ALL.iter().map(|w| w.as_str())),
        "identity.local_sign_in" => return words(LocalSignIn::ALL.iter().map(|w| w.as_str())),
        "identity.oidc.algorithms" => {
            let all: Vec<_> = TokenAlgorithm::ALL.iter().map(|w| w.as_str()).collect();
            return format!("write a list of some of {}", all.join(", "));
        }
        "identity.oidc.roles" => {
            return "write [[identity.oidc.roles]] with value (a role or group of the provider) and role, and with mode \
                    where they may use one assistant alone; or roles = []"
                .to_owned();
        }
        "identity.site_keys" => {
            return "write [[identity.site_keys]] with id, issuer, algorithm (ES256 or EdDSA) and public_key, and with \
                    origins; or site_keys = []"
                .to_owned();
        }
        "guard.placeholders" => return words(PlaceholderScope::ALL.iter().map(|w| w.as_str())),
        "server.proxy_header" => return words(ProxyHeader::ALL.iter().map(|w| w.as_str())),
        "secrets.vault.auth" => return words(VaultAuth::ALL.iter().map(|w| w.as_str())),
        _ if secrets::SECRET.contains(&path) => {
            return format!("write a reference in quotes, or a list of them, the active one first: {HOW}");
        }
        "log.level" => return words(Level::ALL.iter().map(|w| w.as_str())),
        "log.format" => return words(LogFormat::ALL.iter().map(|w| w.as_str())),
        "bank.people.lines" => {
            return "write [[bank.people.lines]] with channel and hours, and with mode (customer or banker) and \
                    triggers (a list of their names) where it is for some alone; or lines = []"
                .to_owned();
        }
        "llm.providers" => {
            return "write [[llm.providers]] with name, kind (openai or anthropic), base_url and model, and with the \
                    fields that the commented default file lists there; or providers = []"
                .to_owned();
        }
        _ if path.starts_with("budgets.") => {
            return "write dollars from 0, which is no budget, to 1000000000".to_owned();
        }
        "server.listen" => return "write address:port, for instance 127.0.0.1:8080".to_owned(),
        _ => {}
    }
    match &default.kind {
        ValueKind::Boolean(_) => "write true or false".to_owned(),
        ValueKind::Float(_) => "write a number from 0 to 1".to_owned(),
        ValueKind::Array(_) => "write a list of texts, for instance [\"one\", \"two\"]".to_owned(),
        ValueKind::String(_) => "write a text in quotes".to_owned(),
        _ => match range_of(path) {
            Some(range) => format!("write a whole number from {} to {}", range.start(), range.end()),
            None => "write a whole number".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_what_config_show_hides() {
        let mut known = BTreeMap::new();
        flatten("", &defaults().build().unwrap().cache, &mut known);
        let mut set = defaults();
        for (path, value) in &known {
            if matches!(&value.kind, ValueKind::String(text) if text.is_empty()) {
                set = set.set_override(path, "CANARY").unwrap();
            }
        }
        let config: Config = set.build().unwrap().try_deserialize().unwrap();
        let shown = serde_json::to_value(&config).unwrap();
        let hidden: Vec<&str> = known
            .keys()
            .map(String::as_str)
            .filter(|path| {
                let at = format!("/{}", path.replace('.', "/"));
                shown.pointer(&at).is_some_and(|v| v == "(set, not shown)")
            })
            .collect();
        let mut secret = secrets::SECRET.to_vec();
        secret.sort_unstable();
        assert_eq!(hidden, secret);
    }
}
