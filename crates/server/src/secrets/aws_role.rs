//! The keys of a role that AWS lends to whoever runs on it, kept until shortly before they end: by the identity of a pod
//! (AssumeRoleWithWebIdentity), by the endpoint of a container or pod, or by the metadata service of a machine, which is
//! spoken to with a session of its own (IMDSv2), never without one.

use std::{net::IpAddr, path::Path, sync::Arc};

use aws_credential_types::Credentials;
use contactiq_domain::{Clock, Timestamp};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::{
    SourceError, local,
    manager::{self, Answer, Named},
};
use crate::config::AwsSettings;

const ROLE: Named = Named {
    name: "AWS, for the keys of this role,",
    address: "secrets.aws: access_key_id, or credentials_url, sts_endpoint and metadata",
    access: "the role of this machine, container or pod",
};
/// Seconds before its end from which another one is asked for.
const BEFORE_THE_END: i64 = 300;
/// Seconds that a session with the metadata service lasts: one asking needs no more.
const SESSION: &str = "60";
const LISTED: &str = "latest/meta-data/iam/security-credentials/";

/// Gives the keys of the role.
pub(super) struct Role {
    settings: AwsSettings,
    http: Client,
    clock: Arc<dyn Clock>,
    lent: Mutex<Option<Lent>>,
}

/// Keys that are lent, as both kinds of endpoint write them.
#[derive(Deserialize)]
struct Lent {
    #[serde(rename = "AccessKeyId")]
    id: String,
    #[serde(rename = "SecretAccessKey")]
    secret: Zeroizing<String>,
    #[serde(rename = "Token")]
    token: Option<Zeroizing<String>>,
    #[serde(rename = "Expiration", default)]
    ends: Option<String>,
}

impl Lent {
    fn credentials(&self) -> Credentials {
        let token = self.token.as_ref().map(|token| token.to_string());
        Credentials::new(self.id.clone(), self.secret.to_string(), token, None, "contactiq")
    }

    /// Seconds until it ends; none where it does not say, and is used once.
    fn left(&self, now: Timestamp) -> Option<i64> {
        let ends: Timestamp = self.ends.as_deref()?.parse().ok()?;
        Some((ends.micros() - now.micros()) / 1_000_000)
    }
}

impl Role {
    pub(super) fn new(settings: &AwsSettings, http: Client, clock: Arc<dyn Clock>) -> Role {
        Role { settings: settings.clone(), http, clock, lent: Mutex::default() }
    }

    /// Its keys: those that are known while they last, and others from shortly before their end on. Where nobody gives
    /// others, the known ones count to their end.
    pub(super) async fn credentials(&self) -> Result<Credentials, SourceError> {
        let mut lent = self.lent.lock().await;
        let now = self.clock.now();
        let left = lent.as_ref().and_then(|known| known.left(now)).unwrap_or(0);
        if let Some(known) = lent.as_ref().filter(|_| left > BEFORE_THE_END) {
            return Ok(known.credentials());
        }
        match self.ask().await {
            Ok(fresh) => Ok(lent.insert(fresh).credentials()),
            Err(error) => match lent.as_ref().filter(|_| left > 0) {
                Some(known) => {
                    tracing::warn!(%error, left, "the keys of the role can't be renewed: those of before count to their end");
                    Ok(known.credentials())
                }
                None => Err(error),
            },
        }
    }

    /// Forgets keys that were refused before their end.
    pub(super) async fn forget(&self) {
        *self.lent.lock().await = None;
    }

    async fn ask(&self) -> Result<Lent, SourceError> {
        let own = &self.settings;
        let given = |text: &str| !text.trim().is_empty();
        if given(&own.web_identity_token_file) && given(&own.role_arn) {
            return self.by_identity().await;
        }
        if given(&own.credentials_url) {
            return self.of_container().await;
        }
        if given(&own.metadata) {
            return self.of_machine().await;
        }
        Err(ROLE
            .not_configured("secrets.aws.access_key_id, secrets.aws.credentials_url or secrets.aws.metadata"))
    }

    /// Of the endpoint of a container or pod.
    async fn of_container(&self) -> Result<Lent, SourceError> {
        let own = &self.settings;
        let url = own.credentials_url.trim();
        if !is_trusted(url) {
            // Its answer is a key, and what it is asked with may be one.
            return Err(
                ROLE.not_configured("secrets.aws.credentials_url to https, or to an address of this machine")
            );
        }
        let mut request = self.http.get(url);
        if !own.credentials_token_file.trim().is_empty() {
            let token = local::file(Path::new(own.credentials_token_file.trim()))?;
            request = request.header("authorization", sensitive(token.expose())?);
        } else if let Some(token) = &own.container_token {
            request = request.header("authorization", sensitive(token.expose())?);
        }
        ask(request).await?.checked(ROLE)?.json(ROLE)
    }

    /// Of the metadata service of a machine, version 2: a session first, then the role's name, then its keys.
    async fn of_machine(&self) -> Result<Lent, SourceError> {
        let base = format!("{}/", self.settings.metadata.trim().trim_end_matches('/'));
        if !is_trusted(&base) {
            return Err(
                ROLE.not_configured("secrets.aws.metadata to https, or to an address of this machine")
            );
        }
        let session = self.http.put(format!("{base}latest/api/token"));
        let session = session.header("x-aws-ec2-metadata-token-ttl-seconds", SESSION);
        let session = sensitive(&text(&ask(session).await?.checked(ROLE)?)?)?;
        let get = async |path: &str| {
            let request = self.http.get(format!("{base}{LISTED}{path}"));
            ask(request.header("x-aws-ec2-metadata-token", session.clone())).await
        };
        let listed = get("").await?;
        if listed.status == StatusCode::NOT_FOUND {
            // A machine without a role.
            return Err(ROLE.refused());
        }
        let listed = text(&listed.checked(ROLE)?)?;
        let name = listed.lines().next().unwrap_or_default().trim();
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"+=,.@_-".contains(&b);
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(ROLE.garbage());
        }
        get(name).await?.checked(ROLE)?.json(ROLE)
    }

    /// By the token of a pod, which the security token service takes for the role.
    async fn by_identity(&self) -> Result<Lent, SourceError> {
        let own = &self.settings;
        let token = local::file(Path::new(own.web_identity_token_file.trim()))?;
        let url = match own.sts_endpoint.trim() {
            "" => format!("https://sts.{}.amazonaws.com/", own.region.trim()),
            named => format!("{}/", named.trim_end_matches('/')),
        };
        let body = manager::form(&[
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", own.role_arn.trim()),
            ("RoleSessionName", "contactiq"),
            ("WebIdentityToken", token.expose()),
        ]);
        let request = self.http.post(url).header("content-type", "application/x-www-form-urlencoded");
        let answer = ask(request.body(body.as_bytes().to_vec())).await?;
        if answer.status == StatusCode::BAD_REQUEST {
            // An expired token, a role that does not trust it.
            return Err(ROLE.refused());
        }
        let answer = answer.checked(ROLE)?;
        let xml = std::str::from_utf8(&answer.body).map_err(|_| ROLE.garbage())?;
        let of = |name| element(xml, name).ok_or(ROLE.garbage());
        Ok(Lent {
            id: of("AccessKeyId")?.to_owned(),
            secret: Zeroizing::new(of("SecretAccessKey")?.to_owned()),
            token: Some(Zeroizing::new(of("SessionToken")?.to_owned())),
            ends: Some(of("Expiration")?.to_owned()),
        })
    }
}

async fn ask(request: RequestBuilder) -> Result<Answer, SourceError> {
    manager::ask(request, ROLE).await
}

fn text(answer: &Answer) -> Result<Zeroizing<String>, SourceError> {
    let text = std::str::from_utf8(&answer.body).map_err(|_| ROLE.garbage())?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

fn sensitive(text: &str) -> Result<reqwest::header::HeaderValue, SourceError> {
    let mut value = reqwest::header::HeaderValue::from_str(text).map_err(|_| ROLE.garbage())?;
    value.set_sensitive(true);
    Ok(value)
}

/// The text of the first element of this name. What stands in those that are read here has nothing to be unescaped.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (inside, _) = rest.split_once("</")?;
    let inside = inside.trim();
    (!inside.is_empty() && !inside.contains('&')).then_some(inside)
}

/// Whether keys may come from there: over https, or over plain http from this machine or its link.
fn is_trusted(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    match (url.scheme(), address) {
        ("https", _) => true,
        ("http", Some(IpAddr::V4(v4))) => v4.is_loopback() || v4.is_link_local(),
        // fd00:ec2::23 is that of pods.
        ("http", Some(IpAddr::V6(v6))) => v6.is_loopback() || v6.segments()[..2] == [0xfd00, 0xec2],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine_and_its_link_alone() {
        for url in [
            "http://169.254.170.2/v2/credentials/1",
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://127.0.0.1:9/x",
            "https://keys.bank.example/x",
        ] {
            assert!(is_trusted(url), "{url}");
        }
        for url in [
            "http://10.0.0.1/x",
            "http://keys.bank.example/x",
            "http://localhost.evil/x",
            "ftp://127.0.0.1/",
            "x",
            "",
        ] {
            assert!(!is_trusted(url), "{url}");
        }
    }

    #[test]
    fn an_element_is_read_by_its_name_and_nothing_is_made_up() {
        let xml = "<R><Credentials><AccessKeyId>ASIA1</AccessKeyId><SessionToken> a/b+c= </SessionToken></Credentials></R>";
        assert_eq!(
            (element(xml, "AccessKeyId"), element(xml, "SessionToken")),
            (Some("ASIA1"), Some("a/b+c="))
        );
        for (xml, name) in
            [(xml, "SecretAccessKey"), ("<A></A>", "A"), ("<A>x", "A"), ("<A>&lt;</A>", "A"), ("", "A")]
        {
            assert_eq!(element(xml, name), None, "{xml}");
        }
    }
}
