//! Who may call: the bank's identity provider, keys of the bank's site, sessions of the pages (A1).

use contactiq_domain::{Mode, Role};
use serde::{Deserialize, Serialize};

use super::{Environment, SecretText, Server, addresses::said};

/// Who may call, beside those with an API key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct Identity {
    pub local_sign_in: LocalSignIn,
    pub session_idle_minutes: u64,
    pub session_hours: u64,
    pub session_key: SecretText,
    pub oidc: Oidc,
    pub site_keys: Vec<SiteKey>,
}

/// The identity provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the commented default file documents every field; two places would drift")]
pub struct Oidc {
    pub issuer: String,
    pub audiences: Vec<String>,
    pub algorithms: Vec<TokenAlgorithm>,
    pub subject_claim: String,
    pub role_claim: String,
    pub roles: Vec<RoleOf>,
    pub leeway_seconds: u64,
    pub keys_kept_minutes: u64,
    pub client_id: String,
    pub client_secret: SecretText,
    pub scopes: Vec<String>,
}

/// Which role a value of the provider's claim gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleOf {
    /// As the provider writes it: a role, or a group's name or id.
    pub value: String,
    /// What whoever has it is here.
    pub role: Role,
    /// The one assistant that they may use; left out, what the role allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
}

/// A public key under which the bank's own site signs the sessions of its customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteKey {
    /// The `kid` of its tokens.
    pub id: String,
    /// Their `iss`. The keys of one site have the same, so that its customers stay who they are.
    pub issuer: String,
    /// Their `alg`: ES256 or EdDSA.
    pub algorithm: TokenAlgorithm,
    /// The public key, as PEM or as a JWK.
    pub public_key: String,
    /// Origins whose pages may use them; left out, any that may call at all.
    #[serde(default)]
    pub origins: Vec<String>,
}

contactiq_domain::words! {
    /// Whether the start prints a link with which a person on this machine signs in as admin.
    LocalSignIn as "identity.local_sign_in" {
        /// Unless an identity provider signs people in.
        Auto => "auto",
        /// Also beside one.
        On => "on",
        /// Never.
        Off => "off",
    }
}

contactiq_domain::words! {
    /// How a token is signed. Each is asymmetric: a public key that is taken for a secret would let anyone sign.
    TokenAlgorithm as "algorithm" {
        /// RSA, PKCS #1 v1.5.
        Rs256 => "RS256",
        /// RSA, PSS.
        Ps256 => "PS256",
        /// The curve P-256.
        Es256 => "ES256",
        /// Ed25519.
        EdDsa => "EdDSA",
    }
}

impl Oidc {
    /// Whether there is a provider.
    #[must_use]
    pub fn is_configured(&self) -> bool {
        !self.issuer.is_empty()
    }

    /// Whether people sign in on the pages by it.
    #[must_use]
    pub fn signs_in(&self) -> bool {
        self.is_configured() && !self.client_id.is_empty()
    }
}

impl Identity {
    /// Whether the start prints a sign-in link.
    #[must_use]
    pub fn local_sign_in(&self) -> bool {
        match self.local_sign_in {
            LocalSignIn::Auto => !self.oidc.signs_in(),
            LocalSignIn::On => true,
            LocalSignIn::Off => false,
        }
    }

    /// Who gets in, in one line.
    #[must_use]
    pub fn in_words(&self, server: &Server) -> String {
        let mut ways = vec!["programs with an API key".to_owned()];
        let oidc = &self.oidc;
        if oidc.is_configured() && !oidc.audiences.is_empty() {
            ways.push(format!("access tokens of {} for {}", oidc.issuer, oidc.audiences.join(" and ")));
        }
        if !self.site_keys.is_empty() {
            let mut sites: Vec<&str> = self.site_keys.iter().map(|key| key.issuer.as_str()).collect();
            sites.dedup();
            ways.push(format!("customers with a session that {} signed", sites.join(" or ")));
        }
        if oidc.signs_in() {
            ways.push(format!("people at {}/signin by {}", server.public_url, oidc.issuer));
        }
        if self.local_sign_in() {
            ways.push("whoever has the link that the start prints, as admin".to_owned());
        }
        ways.join("; ")
    }

    /// What can be used and should be looked at, one line each.
    #[must_use]
    pub fn doubts(&self, server: &Server) -> Vec<String> {
        let mut found = Vec::new();
        let in_use = server.environment != Environment::Development;
        if in_use && !server.is_https() {
            found.push(
                "server.public_url does not begin with https:// and there is no server.tls: cookies of the pages are not Secure, and not bound \
                 to this host"
                    .to_owned(),
            );
        }
        if in_use && self.local_sign_in() {
            found.push(
                "identity.local_sign_in is on: whoever reads the start's output signs in as admin; set it to \"off\" \
                 where staff sign in by identity.oidc"
                    .to_owned(),
            );
        }
        if self.oidc.is_configured() && !self.oidc.roles.iter().any(|of| of.role == Role::Admin) {
            found.push("identity.oidc.roles makes nobody an admin".to_owned());
        }
        found
    }

    /// Everything that is wrong, one line each.
    pub(super) fn problems(&self, server: &Server) -> Vec<String> {
        let mut found = Vec::new();
        if !server.public_url.is_empty() && !is_origin(&server.public_url) {
            found.push(format!(
                "server.public_url is {}: write https://assistant.bank.example, without a path",
                said(&server.public_url)
            ));
        }
        if server.tls.is_on() && server.public_url.starts_with("http://") {
            found.push(format!(
                "server.public_url is {} and this server speaks TLS (server.tls): write https://",
                said(&server.public_url)
            ));
        }
        let oidc = &self.oidc;
        if oidc.is_configured() {
            oidc.problems(server, &mut found);
        } else if !oidc.client_id.is_empty() || !oidc.audiences.is_empty() || !oidc.roles.is_empty() {
            found.push("identity.oidc.issuer is empty: write the provider's issuer, for instance https://login.bank.example, or leave the other fields out".to_owned());
        }
        for (at, key) in self.site_keys.iter().enumerate() {
            for wrong in key.problems(server) {
                found.push(format!("identity.site_keys, number {}: {wrong}", at + 1));
            }
            if self.site_keys[..at].iter().any(|other| other.id == key.id) {
                found.push(format!("identity.site_keys, number {}: id is that of another one", at + 1));
            }
        }
        found
    }
}

impl Oidc {
    fn problems(&self, server: &Server, found: &mut Vec<String>) {
        if !is_safe(&self.issuer) {
            found.push(format!(
                "identity.oidc.issuer is {}: write the issuer as the provider's discovery document has it, with \
                 https:// (http:// on this machine alone), without a query",
                said(&self.issuer)
            ));
        }
        if self.audiences.is_empty() && self.client_id.is_empty() {
            found.push("identity.oidc.audiences is empty: name the audience of access tokens for this server, or set client_id for sign-in on the pages".to_owned());
        }
        if self.algorithms.is_empty() {
            found.push("identity.oidc.algorithms is empty: write for instance [\"RS256\"]".to_owned());
        }
        if self.roles.is_empty() {
            found.push("identity.oidc.roles is empty: nobody would get in; write [[identity.oidc.roles]] with value and role".to_owned());
        }
        for role in &self.roles {
            if role.value.trim().is_empty() {
                found.push("identity.oidc.roles has an empty value: write the role or group as the provider names it".to_owned());
            }
            if role.role == Role::Service {
                found.push(format!(
                    "identity.oidc.roles gives {:?} the role service: back ends speak with an API key",
                    role.value
                ));
            }
        }
        for (field, claim) in [("subject_claim", &self.subject_claim), ("role_claim", &self.role_claim)] {
            if claim.trim().is_empty() {
                found.push(format!("identity.oidc.{field} is empty: name the claim"));
            }
        }
        if self.signs_in() {
            if server.public_url.is_empty() {
                found.push("server.public_url is empty: the provider sends people back to it after they signed in; write https://assistant.bank.example".to_owned());
            }
            if !self.scopes.iter().any(|scope| scope == "openid") {
                found.push("identity.oidc.scopes lacks \"openid\"".to_owned());
            }
            if self.scopes.iter().any(|scope| scope == "offline_access") {
                found.push("identity.oidc.scopes has \"offline_access\", which asks for refresh tokens: none is used or kept here, sessions end by identity.session_hours; take it out".to_owned());
            }
        }
    }
}

impl SiteKey {
    fn problems(&self, server: &Server) -> Vec<String> {
        let mut found = Vec::new();
        let named = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !named(&self.id) {
            found.push("id: 1 to 64 letters, digits and signs".to_owned());
        }
        if !named(&self.issuer) || self.issuer == crate::guard::tokens::OWN_ISSUER {
            found.push("issuer: 1 to 64 letters, digits and signs, and not \"contactiq\"".to_owned());
        }
        match self.algorithm {
            TokenAlgorithm::Es256 | TokenAlgorithm::EdDsa => {
                found.extend(crate::guard::tokens::site_key(self).err());
            }
            _ => found.push("algorithm: write ES256 or EdDSA".to_owned()),
        }
        for origin in &self.origins {
            if !server.allowed_origins.contains(origin) && *origin != server.public_url {
                found.push(format!(
                    "origins has {}, which server.allowed_origins lacks: its pages could not read an answer",
                    said(origin)
                ));
            }
        }
        found
    }
}

/// Whether this is a scheme with a host and nothing else.
fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|h| {
        !h.is_empty()
            && h.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    })
}

/// Whether nobody between here and there can change what is said: TLS, or this machine.
#[must_use]
pub fn is_safe(url: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(url) else { return false };
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    (url.scheme() == "https" || (url.scheme() == "http" && here))
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}
