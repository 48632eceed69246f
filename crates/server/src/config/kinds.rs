//! What a file may write where: a text for a text, a number for a number. Environment variables are texts by nature and
//! are read as what they stand for; in a file `demo = "false"` or `model = 7` is a slip, and is told.

use toml::{Table, Value};

use super::fields::misfit;

/// Kinds of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Flag,
    Whole,
    Number,
    Texts,
    /// One text, or a list of them: a secret.
    Secret,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        let texts = || value.as_array().is_some_and(|all| all.iter().all(Value::is_str));
        match self {
            Kind::Text => value.is_str(),
            Kind::Flag => value.is_bool(),
            Kind::Whole => value.is_integer(),
            Kind::Number => value.is_float() || value.is_integer(),
            Kind::Texts => texts(),
            Kind::Secret => value.is_str() || texts(),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Kind::Text => "write a text in quotes",
            Kind::Flag => "write true or false",
            Kind::Whole => "write a whole number",
            Kind::Number => "write a number",
            Kind::Texts => "write a list of texts",
            Kind::Secret => "write a reference in quotes, or a list of them",
        }
    }
}

/// The fields of sections that stand in a list and are no plain texts.
const IN_LISTS: &[(&str, &[(&str, Kind)])] = &[
    ("bank.people.lines", &[("triggers", Kind::Texts), ("open", Kind::Texts)]),
    ("identity.oidc.roles", &[]),
    ("identity.site_keys", &[("origins", Kind::Texts)]),
    (
        "llm.providers",
        &[
            ("api_key", Kind::Secret),
            ("requests_per_day", Kind::Whole),
            ("tokens_per_day", Kind::Whole),
            ("timeout_seconds", Kind::Whole),
            ("stall_seconds", Kind::Whole),
            ("temperature", Kind::Flag),
            ("stream_usage", Kind::Flag),
            ("structured_output", Kind::Flag),
        ],
    ),
];

/// A line for each field of a file whose value is of another kind than its default; fields that there are not are told by
/// others.
pub(super) fn misfits(given: &Table, known: &Table) -> Vec<(String, String)> {
    let mut found = Vec::new();
    compare("", given, known, &mut found);
    found
}

fn compare(under: &str, given: &Table, known: &Table, found: &mut Vec<(String, String)>) {
    for (name, value) in given {
        let Some(default) = known.get(name) else { continue };
        let path = if under.is_empty() { name.clone() } else { format!("{under}.{name}") };
        let in_list = IN_LISTS.iter().find(|(list, _)| *list == path);
        match (default, value) {
            (Value::Table(known), Value::Table(given)) => compare(&path, given, known, found),
            // A section where a value belongs, or the other way round, is told by others.
            (Value::Table(_), _) | (_, Value::Table(_)) => {}
            (_, Value::Array(entries)) if in_list.is_some() => {
                for (at, entry) in entries.iter().enumerate() {
                    of_list(
                        &format!("{path}, number {}", at + 1),
                        entry,
                        in_list.map_or(&[], |(_, kinds)| kinds),
                        found,
                    );
                }
            }
            _ => {
                let kind = kind_of(&path, default);
                if kind.is_some_and(|kind| !kind.fits(value)) {
                    let line = misfit(&path, value, default);
                    found.push((path, line));
                }
            }
        }
    }
}

fn of_list(place: &str, entry: &Value, kinds: &[(&str, Kind)], found: &mut Vec<(String, String)>) {
    for (name, value) in entry.as_table().into_iter().flatten() {
        let kind = kinds.iter().find(|(other, _)| other == name).map_or(Kind::Text, |(_, kind)| *kind);
        if !kind.fits(value) {
            // Its value is never said: it may be a key.
            found.push((place.to_owned(), format!("{place}, {name} is of the wrong kind: {}", kind.words())));
        }
    }
}

fn kind_of(path: &str, default: &Value) -> Option<Kind> {
    match default {
        Value::String(_) if super::secrets::SECRET.contains(&path) => Some(Kind::Secret),
        Value::String(_) => Some(Kind::Text),
        Value::Boolean(_) => Some(Kind::Flag),
        Value::Integer(_) => Some(Kind::Whole),
        Value::Float(_) => Some(Kind::Number),
        Value::Array(_) => Some(Kind::Texts),
        Value::Datetime(_) | Value::Table(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::load_from;

    fn said(text: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        load_from(Some(&file), &HashMap::new()).map_or_else(|error| error.0, |_| Vec::new())
    }

    #[test]
    fn a_value_of_another_kind_is_refused_by_its_name() {
        for (text, line) in [
            ("[server]\ndemo = \"false\"", "server.demo is \"false\": write true or false"),
            ("[server]\ndemo = 0", "server.demo is 0: write true or false"),
            ("[bank]\nname = 7", "bank.name is 7: write a text in quotes"),
            ("[bank]\nname = true", "bank.name is true: write a text in quotes"),
            ("[llm]\nmodel = 4.1", "llm.model is 4.1: write a text in quotes"),
            (
                "[llm]\ntimeout_seconds = \"20\"",
                "llm.timeout_seconds is \"20\": write a whole number from 1 to 120",
            ),
            (
                "[llm]\ntimeout_seconds = 20.0",
                "llm.timeout_seconds is 20: write a whole number from 1 to 120",
            ),
            ("[llm]\nrepair = \"yes\"", "llm.repair is \"yes\": write true or false"),
            ("[llm]\napi_key = 4711", "llm.api_key is a whole number (not shown): write a reference"),
            (
                "[customer]\nconfidence_threshold = \"0.7\"",
                "customer.confidence_threshold is \"0.7\": write a number",
            ),
            ("[budgets]\nday_usd = \"5\"", "budgets.day_usd is \"5\": write dollars"),
            (
                "[server]\ntrusted_proxies = \"10.0.0.0/8\"",
                "server.trusted_proxies is \"10.0.0.0/8\": write a list",
            ),
            ("[server]\ntrusted_proxies = [10]", "server.trusted_proxies is a list: write a list of texts"),
            (
                "[[identity.oidc.roles]]\nvalue = 7\nrole = \"admin\"",
                "identity.oidc.roles, number 1, value is of the wrong kind: write a text",
            ),
            (
                "[[llm.providers]]\nname = \"a\"\nkind = \"openai\"\nbase_url = \"https://h/v1\"\nmodel = \"m\"\napi_key = 4711\ntemperature = \"no\"",
                "llm.providers, number 1, api_key is of the wrong kind: write a reference",
            ),
        ] {
            let said = said(text);
            assert_eq!(
                said.iter().filter(|told| told.starts_with(line)).count(),
                1,
                "{text}: {line}\n{said:?}"
            );
            assert!(!said.join("").contains("4711"), "{said:?}");
        }
    }

    #[test]
    fn what_is_of_its_kind_is_taken_also_a_whole_number_for_one_with_parts() {
        let text = "[budgets]\nday_usd = 5\n[customer]\nconfidence_threshold = 1\n[server]\ndemo = false\n\
                    trusted_proxies = [\"10.0.0.0/8\"]\n[llm]\napi_key = [\"env:HOME_OF_NONE\"]\n";
        let said = said(text);
        assert!(said.iter().all(|line| line.starts_with("llm.api_key: env:HOME_OF_NONE")), "{said:?}");
        // Variables of the environment are texts, and mean what they say.
        let env = [("CONTACTIQ__SERVER__DEMO", "false"), ("CONTACTIQ__LLM__TIMEOUT_SECONDS", "7")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = load_from(None, &HashMap::from(env)).unwrap();
        assert!(!config.server.demo && config.llm.timeout_seconds == 7);
    }
}
