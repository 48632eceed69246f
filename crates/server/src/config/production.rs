//! What production refuses (A8, A6): secrets that stand in the file, that others know or could guess, and links on
//! which they could be read. Elsewhere the same is said as a warning. No line holds a value.

use std::path::{Component, Path, PathBuf};

use reqwest::Url;

use super::{Config, Environment};
use crate::secrets::{self, HOW, Reference, SecretText, Written, weakness};

impl Config {
    /// Why this configuration is unfit for production, one line each with the fix; none elsewhere.
    pub(super) fn unfit(&self) -> Vec<String> {
        if self.server.environment == Environment::Production { self.shortcomings(true) } else { Vec::new() }
    }

    /// What should be better about the secrets: outside production everything that production would refuse because it
    /// stands in the file or goes over a plain link, and files that others may read.
    #[must_use]
    pub fn secret_warnings(&self) -> Vec<String> {
        let mut found = Vec::new();
        if self.server.environment != Environment::Production {
            found.extend(self.shortcomings(false));
        }
        for (field, text) in self.secret_fields() {
            for reference in text.references() {
                if let Reference::File(path) = reference
                    && secrets::is_open_to_others(path)
                {
                    found.push(format!(
                        "{field}: others than its owner may read {}: chmod 600, or mount it with defaultMode 0400",
                        path.display()
                    ));
                }
            }
        }
        found
    }

    fn shortcomings(&self, strict: bool) -> Vec<String> {
        let mut found = Vec::new();
        for (field, text) in self.secret_fields() {
            self.place(&field, &text, strict, &mut found);
            if strict && !field.starts_with("secrets.aws.access_key_id") {
                strength(&field, &text, &mut found);
            }
        }
        if strict {
            self.key_beside_data(&mut found);
            self.open_door(&mut found);
        }
        self.plain_listener(&mut found);
        self.plain_links(&mut found);
        found
    }

    /// Where it stands.
    fn place(&self, field: &str, text: &SecretText, strict: bool, found: &mut Vec<String>) {
        for written in text.places() {
            match written {
                Written::Literal(secret) if !is_address_without_password(field, secret.expose()) => {
                    found.push(format!(
                        "{field} is a plain value in the file: put it into a manager of secrets or a file and write \
                         {HOW}"
                    ));
                }
                Written::Reference(Reference::Env(_))
                    if is_address_without_password(field, &text.expose()) => {}
                Written::Reference(Reference::Env(name)) if strict && !self.secrets.allow_env => {
                    found.push(format!(
                        "{field} comes from the environment (env:{name}), which every process of this user can read: \
                         write {HOW}, or secrets.allow_env = true"
                    ));
                }
                _ => {}
            }
        }
    }

    /// A key-encryption key in the folder whose copies it opens.
    fn key_beside_data(&self, found: &mut Vec<String>) {
        let (key, data) = (&self.server.sealing_key, &self.server.data_dir);
        let named = key.references().any(|reference| match reference {
            Reference::File(path) => real(path).starts_with(real(data)),
            _ => false,
        });
        if (named || key.is_empty()) && !self.secrets.allow_key_beside_data {
            found.push(format!(
                "server.sealing_key is kept in {}, beside the data that it opens: a copy of the folder can be read. Write \
                 {HOW} (`openssl rand -hex 32` makes one; `contactiq sealing rotate` takes it into use), or \
                 secrets.allow_key_beside_data = true",
                data.display()
            ));
        }
    }

    /// A guard whose layers are switched off: what is personal would be kept and sent as it was written (A5, A10).
    fn open_door(&self, found: &mut Vec<String>) {
        for (layer, is_on) in
            [("personal_data", self.guard.personal_data), ("injection", self.guard.injection)]
        {
            if !is_on {
                found.push(format!("guard.{layer} is off: in production it stays on, take the line out"));
            }
        }
    }

    /// A listener that others reach, and on which they could be listened to.
    fn plain_listener(&self, found: &mut Vec<String>) {
        let server = &self.server;
        if !server.listen.ip().is_loopback() && !server.tls.is_on() && !server.behind_proxy {
            found.push(format!(
                "server.listen is {}, which other machines reach without TLS: set server.tls.certificate and \
                 server.tls.key, listen on a loopback address, or write server.behind_proxy = true where a proxy ends TLS",
                server.listen
            ));
        }
    }

    /// Links on which a secret or a question could be read by whoever listens.
    fn plain_links(&self, found: &mut Vec<String>) {
        if self.database.url.is_read() && is_unverified_postgres(&self.database_url()) {
            found.push(
                "database.url leads to another machine over a link on which nobody looks at its certificate: add \
                 ?sslmode=verify-full (and sslrootcert), or put PostgreSQL behind a loopback address"
                    .to_owned(),
            );
        }
        if self.redis.url.is_read() && is_unverified_redis(&self.redis_url()) {
            found.push(
                "redis.url leads to another machine over a link on which nobody looks at its certificate: write \
                 rediss:// without #insecure, or put Redis behind a loopback address"
                    .to_owned(),
            );
        }
        let mut links: Vec<(String, &str)> = vec![
            ("llm.moderation.base_url".to_owned(), &self.llm.moderation.base_url),
            ("knowledge.hosted.base_url".to_owned(), &self.knowledge.hosted.base_url),
            ("encoder.base_url".to_owned(), &self.encoder.base_url),
            ("secrets.vault.address".to_owned(), &self.secrets.vault.address),
            ("secrets.aws.endpoint".to_owned(), &self.secrets.aws.endpoint),
            ("secrets.aws.sts_endpoint".to_owned(), &self.secrets.aws.sts_endpoint),
            ("secrets.gcp.endpoint".to_owned(), &self.secrets.gcp.endpoint),
            ("secrets.azure.address".to_owned(), &self.secrets.azure.address),
            ("secrets.azure.authority".to_owned(), &self.secrets.azure.authority),
            ("llm.base_url".to_owned(), &self.llm.base_url),
        ];
        links.extend(
            self.llm.providers.iter().map(|p| (format!("{}.base_url", p.place()), p.base_url.as_str())),
        );
        for (field, url) in links {
            if contactiq_llm::goes_over_plain_http(url) {
                found.push(format!("{field} leads over plain http to another machine: write https://"));
            }
        }
    }
}

/// Where a path leads, links followed as far as it is there.
fn real(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = whole.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    let Some((there, mut real)) = known else { return whole };
    for part in whole.strip_prefix(there).unwrap_or(Path::new("")).components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            part => real.push(part),
        }
    }
    real
}

/// Whether others know it or could guess it.
fn strength(field: &str, text: &SecretText, found: &mut Vec<String>) {
    let is_address = matches!(field, "database.url" | "redis.url");
    for key in text.keyring().keys() {
        let value = if is_address { password(key.expose()) } else { Some(key.expose().to_owned()) };
        let Some(why) = value.and_then(|value| weakness(&value)) else { continue };
        let what = if is_address { "the password in it" } else { "it" };
        found.push(format!(
            "{field}: {what} {why}: make one with `openssl rand -hex 32`, or take the provider's own"
        ));
    }
}

/// The password in an address.
fn password(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let told = url.query_pairs().filter(|(key, _)| key == "password").last();
    told.map(|(_, value)| value.into_owned()).or_else(|| url.password().map(str::to_owned))
}

fn is_address_without_password(field: &str, value: &str) -> bool {
    matches!(field, "database.url" | "redis.url") && Url::parse(value).is_ok() && password(value).is_none()
}

fn is_unverified_postgres(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    // As the driver reads them: the last one counts, under either name.
    let parameter = |names: [&str; 2]| {
        let told = url.query_pairs().filter(|(key, _)| names.contains(&&**key)).last();
        told.map(|(_, value)| value.to_string())
    };
    // `require` encrypts and lets anybody in the middle answer; with an authority alone, another server of the bank.
    let verifies = parameter(["sslmode", "ssl-mode"]).is_some_and(|mode| mode == "verify-full");
    let host =
        parameter(["host", "hostaddr"]).or_else(|| url.host_str().map(str::to_owned)).unwrap_or_default();
    !verifies && !Path::new(&host).is_absolute() && !is_loopback(&host)
}

fn is_unverified_redis(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let verifies = url.scheme() == "rediss" && url.fragment() != Some("insecure");
    !verifies && !is_loopback(url.host_str().unwrap_or_default())
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host.is_empty()
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::config::load_from;

    const GOOD: &str = "f3b1c9d47a5e60821b9c0d7e6f5a4b3c";

    fn read(text: &str, env: &[(&str, &str)]) -> Result<Config, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        load_from(Some(&file), &env).map_err(|error| error.to_string())
    }

    #[test]
    fn production_refuses_what_stands_in_the_file_and_says_how_to_mend_it() {
        let plain = format!("[server]\nenvironment = \"production\"\n[llm]\napi_key = \"{GOOD}\"\n");
        let said = read(&plain, &[]).unwrap_err();
        assert!(
            said.contains("llm.api_key is a plain value in the file") && said.contains("vault:mount"),
            "{said}"
        );
        assert!(!said.contains(GOOD), "{said}");
        let config = read(&plain.replace("production", "development"), &[]).unwrap();
        let warned = config.secret_warnings().join("\n");
        assert!(warned.contains("llm.api_key is a plain value") && !warned.contains(GOOD), "{warned}");
    }

    #[test]
    fn production_takes_the_environment_only_when_told() {
        let env = [("CONTACTIQ_LLM_API_KEY", GOOD)];
        let said = read("[server]\nenvironment = \"production\"\n", &env).unwrap_err();
        assert!(
            said.contains("llm.api_key comes from the environment (env:CONTACTIQ_LLM_API_KEY)"),
            "{said}"
        );
        assert!(said.contains("secrets.allow_env = true") && !said.contains(GOOD), "{said}");
        let allowed = "[server]\nenvironment = \"production\"\n[secrets]\nallow_env = true\nallow_key_beside_data = true\n";
        assert!(read(allowed, &env).unwrap().secret_warnings().is_empty());
        // An address without a password is no secret.
        let address = [("CONTACTIQ_REDIS_URL", "redis://127.0.0.1:6379")];
        let beside = "[server]\nenvironment = \"production\"\n[secrets]\nallow_key_beside_data = true\n";
        assert!(read(beside, &address).is_ok());
        // The short words of before are understood.
        assert!(read(&allowed.replace("production", "prod"), &env).is_ok());
    }

    #[test]
    fn production_refuses_weak_secrets() {
        let text = "[server]\nenvironment = \"production\"\n[secrets]\nallow_env = true\nallow_key_beside_data = true\n";
        for (value, why) in [
            ("changeme", "known"),
            ("a1B2c3", "shorter"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "chance"),
            ("0123456789abcdef0123456789abcdef", "known"),
        ] {
            let said = read(text, &[("CONTACTIQ_LLM_API_KEY", value)]).unwrap_err();
            assert!(said.contains("llm.api_key: it ") && said.contains(why), "{value}: {said}");
            assert!(!said.contains(value), "{said}");
        }
        let url = "postgres://iq:postgres@127.0.0.1/iq";
        let said = read(text, &[("CONTACTIQ_DATABASE_URL", url)]).unwrap_err();
        assert!(said.contains("database.url: the password in it"), "{said}");
        assert!(read(text, &[("CONTACTIQ_LLM_API_KEY", GOOD)]).is_ok());
        assert!(
            read("", &[("CONTACTIQ_LLM_API_KEY", "changeme")]).is_ok(),
            "elsewhere it is nobody's business"
        );
    }

    #[test]
    fn production_keeps_its_guard_on() {
        let beside = "[secrets]\nallow_env = true\nallow_key_beside_data = true\n";
        for layer in ["personal_data", "injection"] {
            let off = format!("[guard]\n{layer} = false\n{beside}");
            let said = read(&format!("[server]\nenvironment = \"production\"\n{off}"), &[]).unwrap_err();
            assert!(said.contains(&format!("guard.{layer} is off")), "{said}");
            assert!(read(&off, &[]).is_ok(), "elsewhere a layer may be left out to see what it does");
        }
    }

    #[test]
    fn production_refuses_plain_links_to_other_machines() {
        let of = |env: &[(&str, &str)]| {
            read(
                "[server]\nenvironment = \"production\"\n[secrets]\nallow_env = true\nallow_key_beside_data = true\n",
                env,
            )
        };
        let plain = [
            ("CONTACTIQ_DATABASE_URL", "postgres://iq@db.bank.example/iq".to_owned(), "database.url leads"),
            (
                "CONTACTIQ_DATABASE_URL",
                "postgres://iq@db.bank.example/iq?sslmode=prefer".to_owned(),
                "database.url leads",
            ),
            (
                "CONTACTIQ_DATABASE_URL",
                "postgres://iq@db.bank.example/iq?sslmode=require".to_owned(),
                "sslmode=verify-full",
            ),
            (
                "CONTACTIQ_DATABASE_URL",
                "postgres://iq@db.bank.example/iq?sslmode=verify-ca".to_owned(),
                "sslmode=verify-full",
            ),
            ("CONTACTIQ_REDIS_URL", format!("redis://:{GOOD}@10.0.0.7:6379"), "redis.url leads"),
            ("CONTACTIQ_REDIS_URL", format!("rediss://:{GOOD}@10.0.0.7:6379/#insecure"), "redis.url leads"),
            (
                "CONTACTIQ__SECRETS__VAULT__ADDRESS",
                "http://vault.bank.example:8200".to_owned(),
                "secrets.vault.address",
            ),
        ];
        for (name, value, said) in plain {
            let refused = of(&[(name, &value)]).unwrap_err();
            assert!(refused.contains(said) && !refused.contains(GOOD), "{refused}");
        }
        for (name, value) in [
            ("CONTACTIQ_DATABASE_URL", "postgres://iq@db.bank.example/iq?sslmode=verify-full".to_owned()),
            ("CONTACTIQ_DATABASE_URL", "postgres://iq@127.0.0.1/iq".to_owned()),
            ("CONTACTIQ_REDIS_URL", format!("rediss://:{GOOD}@10.0.0.7:6379")),
            ("CONTACTIQ_REDIS_URL", format!("redis://:{GOOD}@[::1]:6379")),
        ] {
            assert!(of(&[(name, &value)]).is_ok(), "{name}");
        }
        let model =
            [("CONTACTIQ_LLM_BASE_URL", "http://models.bank.example/v1"), ("CONTACTIQ_LLM_MODEL", "m")];
        assert!(of(&model).unwrap_err().contains("llm.base_url leads over plain http"));
        let warned = read("", &model).unwrap().secret_warnings();
        assert_eq!(warned.len(), 1, "{warned:?}");
    }

    #[test]
    fn production_listens_to_other_machines_with_tls_or_behind_a_proxy_alone() {
        let of = |more: &str| {
            let text = format!("[server]\nenvironment = \"production\"\nlisten = \"0.0.0.0:8443\"\n{more}");
            read(&text, &[])
        };
        let said = of("").unwrap_err();
        assert!(
            said.contains("server.listen is 0.0.0.0:8443") && said.contains("server.tls.certificate"),
            "{said}"
        );
        assert!(of("behind_proxy = true\n[secrets]\nallow_key_beside_data = true\n").is_ok());
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key.pem");
        std::fs::write(&key, GOOD).unwrap();
        let tls = format!(
            "[secrets]\nallow_key_beside_data = true\n[server.tls]\ncertificate = \"/c.pem\"\nkey = \"file:{}\"\n",
            key.display()
        );
        assert!(of(&tls).is_ok());
        assert!(read(&of_listen("127.0.0.1:0"), &[]).is_ok() && read(&of_listen("[::1]:0"), &[]).is_ok());
        assert!(read(&of_listen("[::]:0"), &[]).is_err());
        let elsewhere = read("[server]\nlisten = \"0.0.0.0:1\"\n", &[]).unwrap().secret_warnings();
        assert!(elsewhere[0].contains("without TLS"), "{elsewhere:?}");
    }

    fn of_listen(address: &str) -> String {
        format!(
            "[server]\nenvironment = \"production\"\nlisten = \"{address}\"\n[secrets]\nallow_key_beside_data = true\n"
        )
    }

    #[test]
    fn production_wants_the_sealing_key_elsewhere_than_beside_the_data() {
        let plain = "[server]\nenvironment = \"production\"\ndata_dir = \"/var/lib/contactiq\"\n";
        let said = read(plain, &[]).unwrap_err();
        assert!(
            said.contains("server.sealing_key is kept in /var/lib/contactiq") && said.contains(HOW),
            "{said}"
        );
        let beside = read(&format!("{plain}sealing_key = \"file:/var/lib/contactiq/k\"\n"), &[]).unwrap_err();
        assert!(beside.contains("beside the data"), "{beside}");
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("kek");
        std::fs::write(&key, "f3b1c9d47a5e60821b9c0d7e6f5a4b3c".repeat(2)).unwrap();
        let elsewhere = format!("{plain}sealing_key = \"file:{}\"\n", key.display());
        assert!(read(&elsewhere, &[]).is_ok());
        assert!(read(&format!("{plain}[secrets]\nallow_key_beside_data = true\n"), &[]).is_ok());
        assert!(read(&plain.replace("production", "staging"), &[]).is_ok(), "elsewhere it is as it was");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_the_data_or_out_of_it_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (data, link) = (dir.path().join("data"), dir.path().join("link"));
        std::fs::create_dir(&data).unwrap();
        std::os::unix::fs::symlink(&data, &link).unwrap();
        std::fs::write(data.join("kek"), GOOD.repeat(2)).unwrap();
        std::fs::write(dir.path().join("kek"), GOOD.repeat(2)).unwrap();
        std::os::unix::fs::symlink(dir.path().join("kek"), data.join("out")).unwrap();
        let of = |data: &Path, key: &Path| {
            let text = format!(
                "[server]\nenvironment = \"production\"\ndata_dir = \"{}\"\nsealing_key = \"file:{}\"\n",
                data.display(),
                key.display()
            );
            read(&text, &[])
        };
        for (at, key) in [
            (&data, link.join("kek")),
            (&link, data.join("kek")),
            (&data, dir.path().join("data/../link/kek")),
            (&link, dir.path().join("data/not-there-yet")),
        ] {
            let said = of(at, &key).unwrap_err();
            assert!(said.contains("beside the data"), "{said}");
        }
        assert!(of(&link, &dir.path().join("kek")).is_ok());
        assert!(of(&data, &data.join("out")).is_ok(), "what is beside it is a link alone");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        std::fs::write(&key, GOOD).unwrap();
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o644)).unwrap();
        let env = HashMap::from([("CONTACTIQ_LLM_API_KEY".to_owned(), format!("file:{}", key.display()))]);
        let warned = load_from(None, &env).unwrap().secret_warnings();
        assert!(warned[0].contains("others than its owner may read"), "{warned:?}");
        std::fs::set_permissions(&key, PermissionsExt::from_mode(0o600)).unwrap();
        assert!(load_from(None, &env).unwrap().secret_warnings().is_empty());
    }
}
