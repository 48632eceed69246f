//! What `config check` and `doctor` say of who gets in.

use serde_json::Value;

use crate::{
    oidc::{AUDIENCE, Provider},
    process::Terminal,
    reply::text,
};

/// The findings of `doctor` on a part.
fn found(terminal: &Terminal, part: &str, status: i32) -> Vec<(String, String)> {
    let all: Value = serde_json::from_str(&terminal.run(&["doctor", "--json"]).failed(status)).unwrap();
    let of = all.as_array().unwrap().iter().filter(|finding| finding["part"] == part);
    of.map(|finding| (text(finding, "state").to_owned(), text(finding, "detail").to_owned())).collect()
}

fn trusts(provider: &str, more: &str) -> Terminal {
    let terminal = Terminal::new();
    let text = format!(
        "[server]\npublic_url = \"http://127.0.0.1:8080\"\n[identity.oidc]\nissuer = \"{provider}\"\n\
         audiences = [\"{AUDIENCE}\"]\nclient_id = \"contactiq\"\n{more}\n"
    );
    let file = terminal.file("identity.toml", text);
    terminal.with("CONTACTIQ_CONFIG", file.display().to_string())
}

#[test]
fn who_gets_in_is_said_and_what_is_doubtful() {
    let checked = Terminal::new().run(&["config", "check"]);
    assert!(
        checked.err.contains("programs with an API key; whoever has the link that the start prints"),
        "{checked:?}"
    );
    let prod = Terminal::new().with("CONTACTIQ__SERVER__ENVIRONMENT", "prod").run(&["config", "check"]);
    assert!(prod.err.contains("cookies of the pages are not Secure"), "{prod:?}");
    assert!(prod.err.contains("identity.local_sign_in is on"), "{prod:?}");
    let role = "[[identity.oidc.roles]]\nvalue = \"admins\"\nrole = \"admin\"";
    let checked = trusts("https://login.bank.example", role).run(&["config", "check"]);
    let said = checked.err;
    for way in [
        "access tokens of https://login.bank.example for api://contactiq",
        "people at http://127.0.0.1:8080/signin",
    ] {
        assert!(said.contains(way), "{said}");
    }
    assert!(!said.contains("the link that the start prints"), "{said}");
}

#[test]
fn what_is_wrong_is_named_with_the_fix() {
    let role = |role: &str| format!("[[identity.oidc.roles]]\nvalue = \"x\"\nrole = \"{role}\"");
    for (issuer, more, said) in [
        ("http://login.bank.example", role("admin"), "identity.oidc.issuer is"),
        ("https://login.bank.example?x=1", role("admin"), "identity.oidc.issuer is"),
        ("https://login.bank.example", "".to_owned(), "identity.oidc.roles is empty: nobody would get in"),
        ("https://login.bank.example", role("service"), "the role service"),
        ("https://login.bank.example", format!("scopes = [\"profile\"]\n{}", role("admin")), "scopes lacks"),
        (
            "https://login.bank.example",
            format!("scopes = [\"openid\", \"offline_access\"]\n{}", role("admin")),
            "none is used or kept here",
        ),
        (
            "https://login.bank.example",
            format!("algorithms = [\"HS256\"]\n{}", role("admin")),
            "algorithms is a list: write a list of some of RS256, PS256, ES256, EdDSA",
        ),
        (
            "https://login.bank.example",
            format!("leeway_seconds = 301\n{}", role("admin")),
            "leeway_seconds is 301",
        ),
        ("", role("admin"), "identity.oidc.issuer is empty"),
    ] {
        let refused = trusts(issuer, &more).run(&["config", "check"]);
        assert!(refused.refused().contains(said), "{said}: {}", refused.err);
    }
    let (public, private) = (include_str!("../keys/es256.pub.pem"), include_str!("../keys/es256.pem"));
    let site = |id: &str, algorithm: &str, key: &str, origins: &str| {
        format!(
            "[[identity.site_keys]]\nid = \"{id}\"\nissuer = \"site\"\nalgorithm = \"{algorithm}\"\npublic_key = '''{key}'''\norigins = [{origins}]\n"
        )
    };
    for (text, said) in [
        (site("a", "ES256", private, ""), "public_key is a private key"),
        (site("a", "EdDSA", public, ""), "public_key: write a public key for EdDSA"),
        (site("a", "RS256", public, ""), "algorithm: write ES256 or EdDSA"),
        (
            site("a", "ES256", "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}", ""),
            "public_key: write a public key for ES256",
        ),
        (site("a", "ES256", public, "\"https://www.bank.example\""), "which server.allowed_origins lacks"),
        (
            site("a", "ES256", public, "") + &site("a", "ES256", public, ""),
            "number 2: id is that of another one",
        ),
    ] {
        let terminal = Terminal::new();
        let file = terminal.file("site.toml", text);
        let refused = terminal.with("CONTACTIQ_CONFIG", file.display().to_string()).run(&["config", "check"]);
        assert!(refused.refused().contains(said), "{said}: {}", refused.err);
        assert!(!refused.err.contains("MIG") && !refused.err.contains("c2VjcmV0"), "no key is said");
    }
}

#[test]
fn doctor_says_which_limits_and_proxies_are_in_force() {
    let terminal = Terminal::new().with("CONTACTIQ__LIMITS__FAILURES_PER_MINUTE", "7");
    let [(state, detail)] = &found(&terminal, "limits", 0)[..] else { panic!() };
    assert_eq!(state, "ok");
    for said in
        ["10 questions a minute of a session", "600 other requests", "7 failures a minute of an address"]
    {
        assert!(detail.contains(said), "{detail}");
    }
    let [(state, detail)] = &found(&terminal, "proxies", 0)[..] else { panic!() };
    assert!(state == "off" && detail.contains("the address of the connection counts"), "{detail}");
    let file = terminal.file(
        "proxies.toml",
        "[server]\ntrusted_proxies = [\"10.0.0.0/8\", \"192.0.2.7\"]\ncountry_header = \"cf-ipcountry\"\n",
    );
    let terminal = terminal.with("CONTACTIQ_CONFIG", file.display().to_string());
    let [(state, detail)] = &found(&terminal, "proxies", 0)[..] else { panic!() };
    assert_eq!(state, "ok");
    for said in ["10.0.0.0/8, 192.0.2.7", "x-forwarded-for", "the country from cf-ipcountry"] {
        assert!(detail.contains(said), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_asks_the_provider() {
    let provider = Provider::start();
    let role = "[[identity.oidc.roles]]\nvalue = \"x\"\nrole = \"admin\"";
    let terminal = trusts(&provider.issuer, role);
    let [(state, detail)] = &found(&terminal, "identity", 0)[..] else { panic!() };
    assert_eq!((state.as_str(), detail.contains("answers, with 3 keys")), ("ok", true), "{detail}");
    for (fault, said) in [("down", "it answers with the status 503"), ("huge", "larger than 256 KiB")] {
        provider.set(&format!("fault?is={fault}")).await;
        let [(state, detail)] = &found(&terminal, "identity", 1)[..] else { panic!() };
        assert_eq!((state.as_str(), detail.contains(said)), ("failing", true), "{detail}");
    }
    provider.set("fault?is=").await;
    let other = trusts(&format!("{}/", provider.issuer), role);
    let [(_, detail)] = &found(&other, "identity", 1)[..] else { panic!() };
    assert!(detail.contains("names another issuer"), "{detail}");
    let [(state, detail)] = &found(&Terminal::new(), "identity", 0)[..] else { panic!() };
    assert!(state == "off" && detail.contains("API keys"), "{detail}");
}
