//! Addresses of the configuration hold no credentials: they are shown by `config show`, told by `doctor` and written into
//! logs, and whoever writes a password there does not know that. What an address would need stands in a field of its own.

use super::Config;

impl Config {
    /// Every address that is no secret field, by its field.
    fn plain_addresses(&self) -> Vec<(String, &str)> {
        let own = &self.secrets;
        let mut all: Vec<(String, &str)> = [
            ("server.public_url", &self.server.public_url),
            ("audit.anchor_url", &self.audit.anchor_url),
            ("encoder.base_url", &self.encoder.base_url),
            ("llm.base_url", &self.llm.base_url),
            ("llm.moderation.base_url", &self.llm.moderation.base_url),
            ("knowledge.hosted.base_url", &self.knowledge.hosted.base_url),
            ("identity.oidc.issuer", &self.identity.oidc.issuer),
            ("secrets.vault.address", &own.vault.address),
            ("secrets.aws.endpoint", &own.aws.endpoint),
            ("secrets.aws.credentials_url", &own.aws.credentials_url),
            ("secrets.aws.sts_endpoint", &own.aws.sts_endpoint),
            ("secrets.aws.metadata", &own.aws.metadata),
            ("secrets.azure.address", &own.azure.address),
            ("secrets.azure.authority", &own.azure.authority),
            ("secrets.azure.metadata", &own.azure.metadata),
            ("secrets.gcp.endpoint", &own.gcp.endpoint),
            ("secrets.gcp.metadata", &own.gcp.metadata),
        ]
        .map(|(field, url)| (field.to_owned(), url.as_str()))
        .into();
        all.extend(
            self.llm.providers.iter().map(|p| (format!("{}.base_url", p.place()), p.base_url.as_str())),
        );
        let origins = self.server.allowed_origins.iter();
        all.extend(origins.map(|origin| ("server.allowed_origins".to_owned(), origin.as_str())));
        all
    }

    /// A line for each address that holds a user, a password, or a query, in which keys like to stand too.
    pub(super) fn telling_addresses(&self) -> Vec<String> {
        let wrong = |(field, url): (String, &str)| {
            let what = if has_user(url) {
                "a user or a password"
            } else if url.contains(['?', '#']) {
                "a query"
            } else {
                return None;
            };
            Some(format!(
                "{field} has {what} in it (not shown): addresses are shown and logged; write it without, and a key into \
                 the field that is for keys"
            ))
        };
        self.plain_addresses().into_iter().filter_map(wrong).collect()
    }
}

/// Whether something stands before an @ in the part of an address that names the host, also of one that can't be read.
pub(super) fn has_user(url: &str) -> bool {
    let after = url.find("//").map_or(url, |at| &url[at + 2..]);
    // A backslash is a slash to those who read addresses as browsers do.
    let authority = after.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    authority.contains('@')
}

/// An address, or a text that may be one, as it may be said.
pub(super) fn said(text: &str) -> String {
    if is_telling(text) {
        "an address with more than a host and a path (not shown)".to_owned()
    } else {
        format!("{text:?}")
    }
}

/// Whether a text may hold what an address should not.
pub(super) fn is_telling(text: &str) -> bool {
    has_user(text) || (text.contains("//") && text.contains(['?', '#']))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::load_from;

    #[test]
    fn an_address_with_credentials_is_refused_by_its_field_and_never_shown() {
        let with = "https://canary:canary@host.example/v1";
        for field in [
            "server.public_url",
            "audit.anchor_url",
            "encoder.base_url",
            "llm.base_url",
            "llm.moderation.base_url",
            "knowledge.hosted.base_url",
            "identity.oidc.issuer",
            "secrets.vault.address",
            "secrets.aws.endpoint",
            "secrets.aws.credentials_url",
            "secrets.aws.sts_endpoint",
            "secrets.aws.metadata",
            "secrets.azure.address",
            "secrets.azure.authority",
            "secrets.azure.metadata",
            "secrets.gcp.endpoint",
            "secrets.gcp.metadata",
            "server.allowed_origins",
        ] {
            let name = format!("CONTACTIQ__{}", field.to_uppercase().replace('.', "__"));
            for url in [
                with,
                "https://canary@host.example",
                "https://host.example/v1?key=canary",
                "//a:canary@h",
                "https://h:x@canary:y/",
            ] {
                let said = load_from(None, &HashMap::from([(name.clone(), url.to_owned())]))
                    .unwrap_err()
                    .to_string();
                assert!(said.contains(&format!("{field} has a ")), "{field}: {said}");
                assert!(!said.contains("canary"), "{field}: {said}");
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        let provider = format!(
            "[[llm.providers]]\nname = \"b\"\nkind = \"openai\"\nbase_url = \"{with}\"\nmodel = \"m\"\n"
        );
        std::fs::write(&file, provider).unwrap();
        let said = load_from(Some(&file), &HashMap::new()).unwrap_err().to_string();
        assert!(said.contains("base_url has a user") && !said.contains("canary"), "{said}");
        // Where an address is not even one of the kind that is asked for.
        let odd =
            [("CONTACTIQ_LISTEN", "http://u:canary@h"), ("CONTACTIQ_METRICS_LISTEN", "http://u:canary@h")];
        let odd = odd.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let said = load_from(None, &HashMap::from(odd)).unwrap_err().to_string();
        assert!(said.contains("server.listen") && said.contains("server.metrics_listen"), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
}
