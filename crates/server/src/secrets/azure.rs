//! Azure Key Vault, by its REST API: let in as a managed identity, by a token that a pod is given, or by a client secret.

use contactiq_domain::Secret;
use reqwest::Client;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{
    SourceError, local,
    manager::{self, Named},
    reference::Entry,
};
use crate::config::AzureSettings;

const AZURE: Named = Named {
    name: "Azure Key Vault",
    address: "secrets.azure.address and secrets.azure.authority",
    access: "secrets.azure, and the role of that identity in the vault",
};
const VERSION: &str = "7.4";
const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The way to the vaults of one tenant.
pub(super) struct Azure {
    settings: AzureSettings,
    http: Client,
}

#[derive(Deserialize)]
struct Token {
    access_token: Zeroizing<String>,
}

#[derive(Deserialize)]
struct Bundle {
    value: Zeroizing<String>,
}

impl Azure {
    pub(super) fn new(settings: &AzureSettings) -> Result<Azure, SourceError> {
        Ok(Azure { settings: settings.clone(), http: manager::client(None, AZURE)? })
    }

    /// The current version of an entry.
    pub(super) async fn read(&self, entry: &Entry) -> Result<Secret, SourceError> {
        let vault = self.settings.address.replace("{vault}", &entry.place);
        let url = format!("{}/secrets/{}?api-version={VERSION}", vault.trim_end_matches('/'), entry.name);
        let request = self.http.get(url).bearer_auth(self.token().await?.as_str());
        let bundle: Bundle = manager::ask(request, AZURE).await?.checked(AZURE)?.json(AZURE)?;
        manager::field(bundle.value, entry.field.as_deref())
    }

    async fn token(&self) -> Result<Zeroizing<String>, SourceError> {
        let own = &self.settings;
        let request = if own.tenant.is_empty() {
            let url = format!("{}/metadata/identity/oauth2/token", own.metadata.trim_end_matches('/'));
            let mut query = vec![("api-version", "2018-02-01"), ("resource", "https://vault.azure.net")];
            if !own.client_id.is_empty() {
                query.push(("client_id", own.client_id.as_str()));
            }
            let mut url = reqwest::Url::parse(&url).map_err(|_| AZURE.away("its address is none"))?;
            url.query_pairs_mut().extend_pairs(query);
            self.http.get(url).header("metadata", "true")
        } else {
            let (name, value) = if own.token_file.is_empty() {
                ("client_secret", own.client_secret.reread()?)
            } else {
                let token = local::file(std::path::Path::new(&own.token_file))?;
                ("client_assertion", Zeroizing::new(token.expose().to_owned()))
            };
            if value.is_empty() {
                return Err(AZURE.not_configured("secrets.azure.token_file or secrets.azure.client_secret"));
            }
            let mut fields = vec![
                ("grant_type", "client_credentials"),
                ("client_id", own.client_id.as_str()),
                ("scope", "https://vault.azure.net/.default"),
                (name, value.as_str()),
            ];
            if name == "client_assertion" {
                fields.push(("client_assertion_type", ASSERTION));
            }
            let url = format!("{}/{}/oauth2/v2.0/token", own.authority.trim_end_matches('/'), own.tenant);
            let body = manager::form(&fields);
            self.http
                .post(url)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body.as_bytes().to_vec())
        };
        let answer = manager::ask(request, AZURE).await?;
        if answer.status == reqwest::StatusCode::BAD_REQUEST {
            return Err(AZURE.refused());
        }
        Ok(answer.checked(AZURE)?.json::<Token>(AZURE)?.access_token)
    }
}
