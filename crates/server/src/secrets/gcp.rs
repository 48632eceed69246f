//! Google Secret Manager, by its REST API: let in as the service account of this machine or pod.

use base64::Engine;
use contactiq_domain::Secret;
use reqwest::Client;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    SourceError,
    manager::{self, Named},
    reference::Entry,
};
use crate::config::GcpSettings;

const GCP: Named = Named {
    name: "Google Secret Manager",
    address: "secrets.gcp.endpoint and secrets.gcp.metadata",
    access: "the service account of this machine, and its role secretmanager.secretAccessor",
};

/// The way to the secrets of all projects that the account may read.
pub(super) struct Gcp {
    settings: GcpSettings,
    http: Client,
}

#[derive(Deserialize)]
struct Token {
    access_token: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Version {
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    data: Zeroizing<String>,
}

impl Gcp {
    pub(super) fn new(settings: &GcpSettings) -> Result<Gcp, SourceError> {
        Ok(Gcp { settings: settings.clone(), http: manager::client(None, GCP)? })
    }

    /// The latest version of an entry.
    pub(super) async fn read(&self, entry: &Entry) -> Result<Secret, SourceError> {
        let own = &self.settings;
        let account = "computeMetadata/v1/instance/service-accounts/default/token";
        let request = self.http.get(format!("{}/{account}", own.metadata.trim_end_matches('/')));
        let answer = manager::ask(request.header("metadata-flavor", "Google"), GCP).await?;
        let token: Token = answer.checked(GCP)?.json(GCP)?;
        let url = format!(
            "{}/v1/projects/{}/secrets/{}/versions/latest:access",
            own.endpoint.trim_end_matches('/'),
            entry.place,
            entry.name
        );
        let request = self.http.get(url).bearer_auth(token.access_token.as_str());
        let version: Version = manager::ask(request, GCP).await?.checked(GCP)?.json(GCP)?;
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(version.payload.data.as_bytes())
            .map(Zeroizing::new)
            .map_err(|_| GCP.garbage())?;
        let text = std::str::from_utf8(&bytes).map_err(|_| SourceError::NotText("text"))?;
        manager::field(Zeroizing::new(text.to_owned()), entry.field.as_deref())
    }
}
