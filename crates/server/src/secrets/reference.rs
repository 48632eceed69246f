//! Where a secret stands: what the configuration writes in place of it.

use std::{fmt, path::PathBuf};

/// How a reference is written, for messages.
pub const HOW: &str = "file:/path, vault:mount/path#field, aws-sm:name#field, azure-kv:vault/name or \
                       gcp-sm:project/name (docs/security.md)";

/// One place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A variable of the environment.
    Env(String),
    /// A file, whose last newline is dropped.
    File(PathBuf),
    /// Vault or OpenBao, key-value version 2.
    Vault {
        /// Where the engine is mounted.
        mount: String,
        /// The path in it.
        path: String,
        /// The field of the entry.
        field: String,
    },
    /// AWS Secrets Manager.
    Aws(Entry),
    /// Azure Key Vault; `place` is the name of the vault.
    Azure(Entry),
    /// Google Secret Manager; `place` is the project.
    Gcp(Entry),
}

/// An entry of a cloud's manager.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The vault or project; empty where there is none.
    pub place: String,
    /// Its name.
    pub name: String,
    /// The field, where the value is a JSON object; none takes the whole value.
    pub field: Option<String>,
}

/// A text that begins like a reference and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it begins like a reference and is none: write {0}")]
pub struct NoReference(pub &'static str);

impl Reference {
    /// The place that a text names; none where it is the secret itself.
    ///
    /// # Errors
    /// `NoReference` says how this kind is written, and nothing of the text.
    pub fn parse(text: &str) -> Result<Option<Reference>, NoReference> {
        let Some((scheme, rest)) = text.trim().split_once(':') else { return Ok(None) };
        let plain = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+=@/".contains(&b))
        };
        let entry = |place: &str, name: &str, field: Option<&str>| {
            let fits =
                plain(name) && (place.is_empty() || plain(place)) && field.is_none_or(|f| !f.is_empty());
            fits.then(|| Entry {
                place: place.to_owned(),
                name: name.to_owned(),
                field: field.map(str::to_owned),
            })
        };
        let (address, field) = match rest.split_once('#') {
            Some((address, field)) => (address, Some(field)),
            None => (rest, None),
        };
        let inside = |how| {
            let found = address.split_once('/').filter(|(place, _)| !place.is_empty());
            found.and_then(|(place, name)| entry(place, name, field)).ok_or(NoReference(how))
        };
        Ok(Some(match scheme {
            "env" => {
                let name = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                if rest.is_empty() || rest.len() > 200 || !rest.bytes().all(name) {
                    return Err(NoReference("env:NAME"));
                }
                Reference::Env(rest.to_owned())
            }
            "file" => {
                if !rest.starts_with('/') || rest.len() < 2 {
                    return Err(NoReference("file:/absolute/path"));
                }
                Reference::File(PathBuf::from(rest))
            }
            "vault" => match (address.split_once('/'), field) {
                (Some((mount, path)), Some(field)) if plain(mount) && plain(path) && !field.is_empty() => {
                    Reference::Vault {
                        mount: mount.to_owned(),
                        path: path.trim_matches('/').to_owned(),
                        field: field.to_owned(),
                    }
                }
                _ => return Err(NoReference("vault:mount/path#field")),
            },
            // The name may be an ARN, which has colons.
            "aws-sm" => {
                let name = address.replace(':', "");
                let fits = entry("", &name, field).ok_or(NoReference("aws-sm:name or aws-sm:name#field"))?;
                Reference::Aws(Entry { name: address.to_owned(), ..fits })
            }
            "azure-kv" => Reference::Azure(inside("azure-kv:vault/name or azure-kv:vault/name#field")?),
            "gcp-sm" => Reference::Gcp(inside("gcp-sm:project/name or gcp-sm:project/name#field")?),
            _ => return Ok(None),
        }))
    }

    /// Whether it stands on this machine and is read without a network.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(self, Reference::Env(_) | Reference::File(_))
    }

    /// Whether it may change while we run.
    #[must_use]
    pub const fn can_change(&self) -> bool {
        !matches!(self, Reference::Env(_))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}/", self.place)?;
        }
        f.write_str(&self.name)?;
        self.field.as_ref().map_or(Ok(()), |field| write!(f, "#{field}"))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reference::Env(name) => write!(f, "env:{name}"),
            Reference::File(path) => write!(f, "file:{}", path.display()),
            Reference::Vault { mount, path, field } => write!(f, "vault:{mount}/{path}#{field}"),
            Reference::Aws(entry) => write!(f, "aws-sm:{entry}"),
            Reference::Azure(entry) => write!(f, "azure-kv:{entry}"),
            Reference::Gcp(entry) => write!(f, "gcp-sm:{entry}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_as_it_is_written() {
        for text in [
            "env:OPENAI_API_KEY",
            "file:/run/secrets/llm",
            "vault:secret/contactiq/llm#api_key",
            "aws-sm:contactiq/llm",
            "aws-sm:arn:aws:secretsmanager:eu-west-1:123456789012:secret:llm-AbCdEf#key",
            "azure-kv:bank-prod/llm-key",
            "gcp-sm:bank-prod/llm-key#key",
        ] {
            let found = Reference::parse(text).unwrap().unwrap();
            assert_eq!(found.to_string(), text);
            assert_eq!(found.is_local(), text.starts_with("env") || text.starts_with("file"));
        }
    }

    #[test]
    fn a_secret_is_no_reference_and_a_slip_is_told_without_it() {
        for secret in ["sk-abc", "postgres://u:p@h/d", "redis://:p@h", "", "a:b", "ENV:X"] {
            assert_eq!(Reference::parse(secret), Ok(None), "{secret}");
        }
        for slip in [
            "env:",
            "env:sk-canary",
            "file:relative/canary",
            "vault:secret",
            "vault:secret/canary",
            "vault:/canary#f",
            "vault:secret/canary#",
            "aws-sm:",
            "aws-sm:can ary",
            "azure-kv:canary",
            "gcp-sm:/canary",
        ] {
            let error = Reference::parse(slip).unwrap_err().to_string();
            assert!(error.contains("write ") && !error.contains("canary"), "{slip}: {error}");
        }
    }
}
