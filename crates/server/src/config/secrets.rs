//! Secrets of the configuration (A8): which there are, how managers of secrets are reached, and the addresses that
//! carry a password.

use std::{collections::HashMap, sync::Arc};

use contactiq_domain::{Secret, Timestamp};
use contactiq_store::RedisAddress;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Config;
use crate::secrets::{self, SecretText, Written};

/// Where ECS puts the endpoint of a task's containers.
const OF_TASKS: &str = "http://169.254.170.2";

/// `[secrets]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct Secrets {
    pub refresh_seconds: u64,
    pub allow_env: bool,
    pub allow_key_beside_data: bool,
    pub vault: VaultSettings,
    pub aws: AwsSettings,
    pub azure: AzureSettings,
    pub gcp: GcpSettings,
}

contactiq_domain::words! {
    /// What lets us into Vault.
    VaultAuth as "secrets.vault.auth" {
        /// A token, for instance of a Vault Agent's file.
        Token => "token",
        /// A role and its secret id.
        AppRole => "approle",
        /// The service account of the pod.
        Kubernetes => "kubernetes",
    }
}

/// `[secrets.vault]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct VaultSettings {
    pub address: String,
    pub namespace: String,
    pub auth: VaultAuth,
    pub auth_mount: String,
    pub token: SecretText,
    pub role_id: String,
    pub secret_id: SecretText,
    pub role: String,
    pub jwt_file: String,
    pub ca_file: String,
}

/// `[secrets.aws]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct AwsSettings {
    pub region: String,
    pub endpoint: String,
    pub access_key_id: SecretText,
    pub secret_access_key: SecretText,
    pub session_token: SecretText,
    pub credentials_url: String,
    pub credentials_token_file: String,
    pub role_arn: String,
    pub web_identity_token_file: String,
    pub sts_endpoint: String,
    pub metadata: String,
    /// What AWS leaves in the environment of a container in place of a file. It is written nowhere else.
    #[serde(skip)]
    pub(crate) container_token: Option<Arc<Secret>>,
}

impl AwsSettings {
    /// What is left out here is taken as AWS leaves it in the environment of a container or pod.
    pub(super) fn take_ambient(&mut self, env: &HashMap<String, String>) {
        let of = |name: &str| env.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let fill = |field: &mut String, value: Option<String>| {
            if field.trim().is_empty() {
                *field = value.unwrap_or_default();
            }
        };
        fill(&mut self.region, of("AWS_REGION").or(of("AWS_DEFAULT_REGION")).map(str::to_owned));
        // An address that is written says whose keys are meant: nothing of the environment goes before it.
        if self.credentials_url.trim().is_empty() {
            fill(&mut self.role_arn, of("AWS_ROLE_ARN").map(str::to_owned));
            fill(&mut self.web_identity_token_file, of("AWS_WEB_IDENTITY_TOKEN_FILE").map(str::to_owned));
            // ECS' own comes first, as with AWS' own programs.
            let relative = of("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
            let of_task = relative.map(|path| format!("{OF_TASKS}/{}", path.trim_start_matches('/')));
            let named = of("AWS_CONTAINER_CREDENTIALS_FULL_URI").map(str::to_owned);
            fill(&mut self.credentials_url, of_task.or(named));
            // Never sent to an address that the bank wrote itself.
            let token = of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(str::to_owned);
            fill(&mut self.credentials_token_file, token);
            // A file goes before it: what stands there is renewed.
            let token =
                of("AWS_CONTAINER_AUTHORIZATION_TOKEN").filter(|_| self.credentials_token_file.is_empty());
            self.container_token = token.map(|token| Arc::new(Secret::new(token.to_owned())));
        }
    }
}

/// `[secrets.azure]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct AzureSettings {
    pub address: String,
    pub tenant: String,
    pub client_id: String,
    pub client_secret: SecretText,
    pub token_file: String,
    pub authority: String,
    pub metadata: String,
}

/// `[secrets.gcp]`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct GcpSettings {
    pub endpoint: String,
    pub metadata: String,
}

/// Fields whose value is never said, in the default file. A test compares them with what `config show` hides.
pub(super) const SECRET: &[&str] = &[
    "database.url",
    "database.password",
    "redis.url",
    "redis.password",
    "server.sealing_key",
    "server.tls.key",
    "llm.api_key",
    "llm.moderation.api_key",
    "knowledge.hosted.api_key",
    "encoder.api_key",
    "guard.token_key",
    "identity.session_key",
    "identity.oidc.client_secret",
    "secrets.vault.token",
    "secrets.vault.secret_id",
    "secrets.aws.access_key_id",
    "secrets.aws.secret_access_key",
    "secrets.aws.session_token",
    "secrets.azure.client_secret",
];

/// What an environment variable holds for a secret field: a reference as it is, else the variable's own name as one, so
/// that every secret that comes by the environment is known as such.
pub(super) fn from_variable(field: &str, name: &str, value: &str) -> String {
    let is_secret = SECRET.contains(&field) || field.ends_with("api_key");
    let is_plain = matches!(secrets::Reference::parse(value), Ok(None));
    if is_secret && is_plain && !value.trim().is_empty() { format!("env:{name}") } else { value.to_owned() }
}

impl Config {
    /// Every secret by its field, in the order of the file.
    #[must_use]
    pub fn secret_fields(&self) -> Vec<(String, SecretText)> {
        let own = &self.secrets;
        let mut all: Vec<(String, SecretText)> = [
            ("server.sealing_key", &self.server.sealing_key),
            ("server.tls.key", &self.server.tls.key),
            ("guard.token_key", &self.guard.token_key),
            ("identity.session_key", &self.identity.session_key),
            ("encoder.api_key", &self.encoder.api_key),
            ("database.url", &self.database.url),
            ("database.password", &self.database.password),
            ("redis.url", &self.redis.url),
            ("redis.password", &self.redis.password),
            ("llm.api_key", &self.llm.api_key),
            ("llm.moderation.api_key", &self.llm.moderation.api_key),
            ("knowledge.hosted.api_key", &self.knowledge.hosted.api_key),
            ("identity.oidc.client_secret", &self.identity.oidc.client_secret),
        ]
        .map(|(field, text)| (field.to_owned(), text.clone()))
        .into();
        let of = |provider: &super::LlmProvider| {
            (format!("llm.providers.{}.api_key", provider.name), provider.api_key.clone())
        };
        all.extend(self.llm.providers.iter().map(of));
        let first: [(&str, &SecretText); 6] = [
            ("secrets.vault.token", &own.vault.token),
            ("secrets.vault.secret_id", &own.vault.secret_id),
            ("secrets.aws.access_key_id", &own.aws.access_key_id),
            ("secrets.aws.secret_access_key", &own.aws.secret_access_key),
            ("secrets.aws.session_token", &own.aws.session_token),
            ("secrets.azure.client_secret", &own.azure.client_secret),
        ];
        all.extend(first.map(|(field, text)| (field.to_owned(), text.clone())));
        all
    }

    /// Reads what stands on this machine; a line for each that can't be.
    pub(super) fn read_local(&self, env: &HashMap<String, String>, now: Timestamp) -> Vec<String> {
        let mut wrong = Vec::new();
        for (field, text) in self.secret_fields() {
            for slip in text.places().iter().filter_map(|written| match written {
                Written::Slip(slip) => Some(slip),
                Written::Literal(_) | Written::Reference(_) => None,
            }) {
                wrong.push(format!("{field}: {slip}"));
            }
            if let Some(Err((place, error))) = secrets::read_local(&text, env, now) {
                wrong.push(format!("{field}: {place}: {error}"));
            }
        }
        wrong
    }

    /// The address of PostgreSQL with its password; nothing for SQLite.
    #[must_use]
    pub fn database_url(&self) -> Zeroizing<String> {
        joined(&self.database.url, &self.database.password)
    }

    /// The address of Redis with its password; nothing where there is none.
    #[must_use]
    pub fn redis_url(&self) -> Zeroizing<String> {
        joined(&self.redis.url, &self.redis.password)
    }

    /// The same, asked anew for each connection.
    #[must_use]
    pub fn redis_address(&self) -> RedisAddress {
        let redis = self.redis.clone();
        RedisAddress::live(move || joined(&redis.url, &redis.password))
    }

    /// The key-encryption keys of the configuration, the active one first; none where it names none.
    ///
    /// # Errors
    /// When one of them is no 32 bytes.
    pub fn sealing_keys(&self) -> std::io::Result<Zeroizing<Vec<[u8; 32]>>> {
        let wrong = || {
            let how = "server.sealing_key: write 32 bytes as base64 or hex, for instance from `openssl rand -hex 32`";
            std::io::Error::new(std::io::ErrorKind::InvalidData, how)
        };
        // As they are written: what stood by for somebody who was refused is no matter here.
        let all = self.server.sealing_key.keyring().keys();
        // As large as it gets: what a list that grows leaves behind is not wiped.
        let mut keys = Zeroizing::new(Vec::with_capacity(all.len()));
        for key in &all {
            keys.push(*bytes_of(key.expose()).ok_or_else(wrong)?);
        }
        Ok(keys)
    }
}

/// 32 bytes as base64 or hex.
fn bytes_of(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    use base64::Engine;
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        return Some(bytes);
    }
    let engine = base64::engine::general_purpose::STANDARD;
    let decoded = Zeroizing::new(engine.decode(text).ok()?);
    (decoded.len() == bytes.len()).then(|| bytes.copy_from_slice(&decoded))?;
    Some(bytes)
}

/// An address with the password that stands elsewhere. One that can't be read as an address stays as it is, and is
/// refused by whoever uses it.
fn joined(url: &SecretText, password: &SecretText) -> Zeroizing<String> {
    let url = Zeroizing::new(url.expose().trim().to_owned());
    let password = password.expose();
    if password.is_empty() {
        return url;
    }
    let Ok(mut parsed) = Url::parse(&url) else { return url };
    match parsed.set_password(Some(&password)) {
        Ok(()) => Zeroizing::new(parsed.to_string()),
        Err(()) => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_from;

    fn with(pairs: &[(&str, &str)]) -> Config {
        load_from(None, &pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()).unwrap()
    }

    #[test]
    fn a_password_may_stand_apart_from_its_address() {
        let config = with(&[
            ("CONTACTIQ_DATABASE_URL", "postgres://iq@db.bank.example:5432/iq?sslmode=verify-full"),
            ("CONTACTIQ__DATABASE__PASSWORD", "p@ss/word of 2027"),
            ("CONTACTIQ_REDIS_URL", "redis://127.0.0.1:6379/0"),
            ("CONTACTIQ__REDIS__PASSWORD", "hush"),
        ]);
        assert_eq!(
            config.database_url().as_str(),
            "postgres://iq:p%40ss%2Fword%20of%202027@db.bank.example:5432/iq?sslmode=verify-full"
        );
        assert_eq!(config.redis_url().as_str(), "redis://:hush@127.0.0.1:6379/0");
        let shown = format!("{config:?}{}", serde_json::to_string(&config).unwrap());
        assert!(shown.contains("env:CONTACTIQ__REDIS__PASSWORD") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn what_aws_leaves_in_the_environment_counts_where_nothing_is_written() {
        let ambient = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1"),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/token"),
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/iq"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/run/pod"),
        ];
        let aws = with(&ambient).secrets.aws;
        assert_eq!(
            (aws.region.as_str(), aws.credentials_url.as_str()),
            ("eu-west-1", "http://169.254.170.2/v2/credentials/1")
        );
        assert_eq!(
            (aws.credentials_token_file.as_str(), aws.role_arn.as_str()),
            ("/run/token", "arn:aws:iam::123456789012:role/iq")
        );
        assert_eq!(aws.web_identity_token_file, "/run/pod");
        let own = [
            ("CONTACTIQ__SECRETS__AWS__REGION", "ap-southeast-2"),
            ("CONTACTIQ__SECRETS__AWS__CREDENTIALS_URL", "https://keys.bank.example/"),
        ];
        let aws = with(&[&ambient[..], &own].concat()).secrets.aws;
        assert_eq!(
            (aws.region.as_str(), aws.credentials_url.as_str()),
            ("ap-southeast-2", "https://keys.bank.example/")
        );
        assert_eq!(
            aws.credentials_token_file, "",
            "the token of the container goes to its own endpoint alone"
        );
        assert_eq!(
            (aws.role_arn.as_str(), aws.web_identity_token_file.as_str()),
            ("", ""),
            "the environment does not go before an address that is written"
        );
        assert_eq!(with(&[]).secrets.aws.metadata, "http://169.254.169.254");
        let direct = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "canary-token");
        let url = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
        let config = with(&[url, direct]);
        assert!(config.secrets.aws.container_token.is_some());
        let shown = format!("{config:?}{}", serde_json::to_string(&config).unwrap());
        assert!(!shown.contains("canary"), "{shown}");
        for beside in [("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/token"), own[1]] {
            assert!(with(&[url, direct, beside]).secrets.aws.container_token.is_none(), "{beside:?}");
        }
    }

    #[test]
    fn a_sealing_key_is_32_bytes_as_hex_or_base64() {
        let of = |text: &str| {
            let env = HashMap::from([("CONTACTIQ__SERVER__SEALING_KEY".to_owned(), text.to_owned())]);
            load_from(None, &env).map(|config| config.sealing_keys().unwrap())
        };
        assert_eq!(*of(&"07".repeat(32)).unwrap(), [[7; 32]]);
        assert_eq!(*of("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").unwrap(), [[7; 32]]);
        assert!(with(&[]).sealing_keys().unwrap().is_empty());
        for wrong in ["short-canary", &"zz".repeat(32), "BwcH"] {
            let told = of(wrong).unwrap_err().to_string();
            assert!(told.contains("server.sealing_key") && !told.contains("canary"), "{told}");
        }
    }

    #[test]
    fn a_reference_is_read_at_once_where_it_stands_on_this_machine() {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        std::fs::write(&key, "sk-canary-file\n").unwrap();
        let file = dir.path().join("c.toml");
        let text = format!(
            "[llm]\napi_key = [\"env:BANK_KEY\", \"file:{}\"]\n[encoder]\napi_key = \"vault:secret/iq#k\"\n\
             [secrets.vault]\naddress = \"http://127.0.0.1:8200\"\n",
            key.display()
        );
        std::fs::write(&file, text).unwrap();
        let env = HashMap::from([("BANK_KEY".to_owned(), "sk-canary-env".to_owned())]);
        let config = load_from(Some(&file), &env).unwrap();
        let values: Vec<String> =
            config.llm.api_key.keyring().keys().iter().map(|key| key.expose().to_owned()).collect();
        assert_eq!(values, ["sk-canary-env", "sk-canary-file"]);
        assert!(!config.encoder.api_key.is_read() && !config.encoder.api_key.is_empty());
        let shown = serde_json::to_string(&config).unwrap();
        assert!(shown.contains("vault:secret/iq#k") && shown.contains("env:BANK_KEY"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
        let said = load_from(Some(&file), &HashMap::new()).unwrap_err().to_string();
        assert!(said.contains("llm.api_key: env:BANK_KEY: the environment has no such variable"), "{said}");
    }

    #[test]
    fn a_slip_in_a_reference_is_told_without_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, "[llm]\napi_key = \"env:sk-canary\"\n").unwrap();
        let said = load_from(Some(&file), &HashMap::new()).unwrap_err().to_string();
        assert!(
            said.contains("llm.api_key: it begins like a reference") && !said.contains("canary"),
            "{said}"
        );
    }
}
