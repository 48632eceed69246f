//! AWS Secrets Manager: `GetSecretValue`, signed by AWS' own crate.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use contactiq_domain::{Clock, Secret};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    SourceError,
    aws_role::Role,
    manager::{self, Answer, Named},
    reference::Entry,
};
use crate::config::AwsSettings;

const AWS: Named = Named {
    name: "AWS Secrets Manager",
    address: "secrets.aws.region and secrets.aws.endpoint",
    access: "the keys of secrets.aws, and the policy of their role",
};
const TYPE: &str = "application/x-amz-json-1.1";
const TARGET: &str = "secretsmanager.GetSecretValue";

/// The way to one region.
pub(super) struct Aws {
    settings: AwsSettings,
    http: Client,
    clock: Arc<dyn Clock>,
    role: Role,
}

#[derive(Deserialize)]
struct Value {
    #[serde(rename = "SecretString")]
    text: Option<Zeroizing<String>>,
}

#[derive(Deserialize, Default)]
struct Failure {
    #[serde(rename = "__type", default)]
    kind: String,
}

impl Aws {
    pub(super) fn new(settings: &AwsSettings, clock: Arc<dyn Clock>) -> Result<Aws, SourceError> {
        if settings.region.trim().is_empty() {
            return Err(AWS.not_configured("secrets.aws.region"));
        }
        let http = manager::client(None, AWS)?;
        let role = Role::new(settings, http.clone(), Arc::clone(&clock));
        Ok(Aws { settings: settings.clone(), http, clock, role })
    }

    /// The current version of an entry.
    pub(super) async fn read(&self, entry: &Entry) -> Result<Secret, SourceError> {
        match self.read_once(entry).await {
            // A role's keys may be taken away before their time.
            Err(Failed { of_keys: true, .. }) if self.settings.access_key_id.is_empty() => {
                self.role.forget().await;
                self.read_once(entry).await.map_err(|failed| failed.error)
            }
            read => read.map_err(|failed| failed.error),
        }
    }

    async fn read_once(&self, entry: &Entry) -> Result<Secret, Failed> {
        let region = self.settings.region.trim();
        let url = match self.settings.endpoint.trim() {
            "" => format!("https://secretsmanager.{region}.amazonaws.com/"),
            own => format!("{}/", own.trim_end_matches('/')),
        };
        let body = serde_json::json!({ "SecretId": entry.name }).to_string();
        let mut request = self
            .http
            .post(&url)
            .header("content-type", TYPE)
            .header("x-amz-target", TARGET)
            .body(body.clone());
        for (name, value) in self.signed(&url, &body).await? {
            request = request.header(name, value);
        }
        let value: Value = checked(manager::ask(request, AWS).await?)?.json(AWS)?;
        let text = value.text.ok_or(SourceError::NotText("text: write it as SecretString"))?;
        Ok(manager::field(text, entry.field.as_deref())?)
    }

    /// The headers that sign a request.
    async fn signed(&self, url: &str, body: &str) -> Result<Vec<(String, String)>, SourceError> {
        let identity = self.credentials().await?.into();
        let micros = u64::try_from(self.clock.now().micros()).unwrap_or(0);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.settings.region.trim())
            .name("secretsmanager")
            .time(SystemTime::UNIX_EPOCH + Duration::from_micros(micros))
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| AWS.garbage())?
            .into();
        let headers = [("content-type", TYPE), ("x-amz-target", TARGET)];
        let wrong = |_| AWS.not_configured("secrets.aws.endpoint to an address");
        let request =
            SignableRequest::new("POST", url, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
                .map_err(wrong)?;
        let (signing, _) = sign(request, &params).map_err(wrong)?.into_parts();
        Ok(signing.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// The keys of the configuration, else those of the role of this machine, container or pod.
    async fn credentials(&self) -> Result<Credentials, SourceError> {
        let own = &self.settings;
        if !own.access_key_id.is_empty() {
            let (id, secret) = (own.access_key_id.reread()?, own.secret_access_key.reread()?);
            let token = Some(own.session_token.reread()?).filter(|token| !token.is_empty());
            let token = token.map(|token| token.to_string());
            return Ok(Credentials::new(id.to_string(), secret.to_string(), token, None, "contactiq"));
        }
        self.role.credentials().await
    }
}

/// Why an entry was not read.
struct Failed {
    error: SourceError,
    /// Whether the keys are what was refused. An entry that they may not read says nothing against them: those of a role
    /// go on to read the others.
    of_keys: bool,
}

impl From<SourceError> for Failed {
    fn from(error: SourceError) -> Failed {
        Failed { error, of_keys: false }
    }
}

/// Most of its failures have the status 400, some 403, and are told apart by their kind.
fn checked(answer: Answer) -> Result<Answer, Failed> {
    if !matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN) {
        return Ok(answer.checked(AWS)?);
    }
    let failure: Failure = match answer.json(AWS) {
        Err(_) if answer.status == StatusCode::FORBIDDEN => Failure::default(),
        failure => failure?,
    };
    Err(match failure.kind.rsplit('#').next().unwrap_or_default() {
        "ResourceNotFoundException" => SourceError::NoEntry { manager: AWS.name }.into(),
        "AccessDeniedException" | "DecryptionFailure" => AWS.refused().into(),
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "ExpiredTokenException" => Failed { error: AWS.refused(), of_keys: true },
        "ThrottlingException" => AWS.away("it takes no more requests for now").into(),
        // Somebody between us and it, or a word of a later version.
        _ if answer.status == StatusCode::FORBIDDEN => Failed { error: AWS.refused(), of_keys: true },
        _ => AWS.garbage().into(),
    })
}
