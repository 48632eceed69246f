//! Secrets of a real OpenBao: read by token, AppRole and JWT, rotated under load, and what happens while it is sealed.

use std::{collections::HashMap, process::Command, sync::Arc, time::Duration};

use contactiq_domain::{Clock, Mode, Role};
use contactiq_server::{config, secrets::Keeper, wiring::SystemClock};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    house::{REPLACEMENT, folder, soon, start, start_in},
    keyed_model::KeyedModel,
    openbao::OpenBao,
    operations::counted,
};

const OLD: &str = "sk-bank-4f1c9d7a20b86e35";
const NEW: &str = "sk-bank-e7d20a93c5b1486f";

fn keeper(settings: &[(&str, &str)]) -> (config::Config, Keeper) {
    let env: HashMap<String, String> =
        settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let config = config::load_from(None, &env).unwrap();
    let keeper = Keeper::new(&config, Arc::new(SystemClock));
    (config, keeper)
}

/// Why the start is refused.
async fn refused(settings: &[(&str, &str)]) -> String {
    let (_, keeper) = keeper(settings);
    keeper.open().await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_secret_is_read_by_token_and_what_is_wrong_is_told_without_it() {
    let bao = OpenBao::shared();
    let path = OpenBao::path();
    bao.put(&path, json!({ "key": OLD, "empty": "", "port": 5432, "many": ["a"] })).await;
    let reference = |field: &str| format!("vault:secret/{path}#{field}");
    let with = |token: &str, place: &str| {
        [
            ("CONTACTIQ__SECRETS__VAULT__ADDRESS", bao.address.clone()),
            ("CONTACTIQ__SECRETS__VAULT__TOKEN", token.to_owned()),
            ("CONTACTIQ_LLM_API_KEY", place.to_owned()),
        ]
    };
    let open = async |token: &str, place: &str| {
        let settings = with(token, place);
        let (config, keeper) = keeper(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
        keeper.open().await.map(|()| config.llm.api_key.expose().to_string()).map_err(|e| e.to_string())
    };
    assert_eq!(open(&bao.token, &reference("key")).await.unwrap(), OLD);
    assert_eq!(open(&bao.token, &reference("port")).await.unwrap(), "5432");
    for (token, place, said) in [
        (bao.token.as_str(), reference("kee"), "the entry has no such field"),
        (&bao.token, reference("empty"), "there is nothing in it"),
        (&bao.token, reference("many"), "no text"),
        (&bao.token, "vault:secret/contactiq/nowhere#key".to_owned(), "Vault has no such entry"),
        ("s.nobodys-token", reference("key"), "Vault refuses us: look at secrets.vault.auth"),
    ] {
        let error = open(token, &place).await.unwrap_err();
        assert!(error.contains(said) && error.contains(&format!("llm.api_key: {place}: ")), "{error}");
        assert!(!error.contains(OLD) && !error.contains("nobodys"), "{error}");
    }
    let nowhere = refused(&[("CONTACTIQ_LLM_API_KEY", "vault:secret/x#y")]).await;
    assert!(nowhere.contains("Vault is not configured: set secrets.vault.address"), "{nowhere}");
}

#[tokio::test]
async fn an_approle_logs_in_again_when_its_token_ended() {
    let bao = OpenBao::shared();
    let path = OpenBao::path();
    bao.put(&path, json!({ "key": OLD })).await;
    let policy = bao.policy(&path).await;
    let mount = format!("approle-{policy}");
    bao.call(Method::POST, &format!("sys/auth/{mount}"), json!({ "type": "approle" })).await;
    let role = json!({ "token_policies": policy, "token_ttl": "60s" });
    bao.call(Method::POST, &format!("auth/{mount}/role/contactiq"), role).await;
    let id = bao.call(Method::GET, &format!("auth/{mount}/role/contactiq/role-id"), json!({})).await;
    let secret = bao.call(Method::POST, &format!("auth/{mount}/role/contactiq/secret-id"), json!({})).await;
    let (id, secret) = (id["data"]["role_id"].as_str().unwrap(), &secret["data"]["secret_id"]);
    let place = format!("vault:secret/{path}#key");
    let settings = |secret: &str| {
        [
            ("CONTACTIQ__SECRETS__VAULT__ADDRESS", bao.address.clone()),
            ("CONTACTIQ__SECRETS__VAULT__AUTH", "approle".to_owned()),
            ("CONTACTIQ__SECRETS__VAULT__AUTH_MOUNT", mount.clone()),
            ("CONTACTIQ__SECRETS__VAULT__ROLE_ID", id.to_owned()),
            ("CONTACTIQ__SECRETS__VAULT__SECRET_ID", secret.to_owned()),
            ("CONTACTIQ_LLM_API_KEY", place.clone()),
        ]
    };
    let good = settings(secret.as_str().unwrap());
    let (config, keeper) = keeper(&good.each_ref().map(|(name, value)| (*name, value.as_str())));
    keeper.open().await.unwrap();
    assert_eq!(config.llm.api_key.expose().as_str(), OLD);
    // Somebody takes every token of the role away: the next reading logs in again.
    bao.call(Method::PUT, &format!("sys/leases/revoke-prefix/auth/{mount}/login"), json!({})).await;
    bao.put(&path, json!({ "key": NEW })).await;
    assert_eq!(keeper.refresh().await, ["llm.api_key"]);
    assert_eq!(config.llm.api_key.expose().as_str(), NEW);

    let wrong = settings("00000000-aaaa-bbbb-cccc-000000000000");
    let told = refused(&wrong.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert!(told.contains("Vault refuses us"), "{told}");
}

/// The wire of Kubernetes' login (a role and a token of the pod) is that of OpenBao's JWT login, which needs no cluster.
#[tokio::test]
async fn a_role_with_the_token_of_a_pod_logs_in() {
    let bao = OpenBao::shared();
    let path = OpenBao::path();
    bao.put(&path, json!({ "key": OLD })).await;
    let policy = bao.policy(&path).await;
    let mount = format!("jwt-{policy}");
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    let openssl = |arguments: &[&str]| {
        assert!(Command::new("openssl").args(arguments).output().unwrap().status.success(), "{arguments:?}");
    };
    openssl(&["genrsa", "-out", &file("key.pem"), "2048"]);
    openssl(&["rsa", "-in", &file("key.pem"), "-pubout", "-out", &file("pub.pem")]);
    let base64 = |bytes: &[u8]| {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    };
    let now = SystemClock.now().micros() / 1_000_000;
    let claims = json!({ "sub": "system:serviceaccount:bank:contactiq", "aud": "vault", "iat": now, "exp": now + 600 });
    let head = base64(br#"{"alg":"RS256","typ":"JWT"}"#);
    let signed = format!("{head}.{}", base64(claims.to_string().as_bytes()));
    std::fs::write(file("signed"), &signed).unwrap();
    openssl(&["dgst", "-sha256", "-sign", &file("key.pem"), "-out", &file("signature"), &file("signed")]);
    let jwt = format!("{signed}.{}\n", base64(&std::fs::read(file("signature")).unwrap()));
    std::fs::write(file("token"), jwt).unwrap();

    bao.call(Method::POST, &format!("sys/auth/{mount}"), json!({ "type": "jwt" })).await;
    let keys = json!({ "jwt_validation_pubkeys": [std::fs::read_to_string(file("pub.pem")).unwrap()] });
    bao.call(Method::POST, &format!("auth/{mount}/config"), keys).await;
    let role = json!({ "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"],
        "bound_subject": "system:serviceaccount:bank:contactiq", "token_policies": [policy] });
    bao.call(Method::POST, &format!("auth/{mount}/role/contactiq"), role).await;
    let place = format!("vault:secret/{path}#key");
    let token = file("token");
    let settings = [
        ("CONTACTIQ__SECRETS__VAULT__ADDRESS", bao.address.as_str()),
        ("CONTACTIQ__SECRETS__VAULT__AUTH", "kubernetes"),
        ("CONTACTIQ__SECRETS__VAULT__AUTH_MOUNT", &mount),
        ("CONTACTIQ__SECRETS__VAULT__ROLE", "contactiq"),
        ("CONTACTIQ__SECRETS__VAULT__JWT_FILE", &token),
        ("CONTACTIQ_LLM_API_KEY", &place),
    ];
    let (config, keeper) = keeper(&settings);
    keeper.open().await.unwrap();
    assert_eq!(config.llm.api_key.expose().as_str(), OLD);
    std::fs::write(&token, "no.token.atall").unwrap();
    assert!(refused(&settings).await.contains("Vault refuses us"));
}

#[tokio::test]
async fn a_key_is_rotated_while_a_hundred_questions_run_and_none_of_them_notices() {
    let bao = OpenBao::shared();
    let path = OpenBao::path();
    bao.put(&path, json!({ "key": OLD })).await;
    let model = KeyedModel::start(&[OLD], Duration::from_millis(300)).await;
    let place = format!("vault:secret/{path}#key");
    let running = start(&[
        ("CONTACTIQ__SECRETS__VAULT__ADDRESS", &bao.address),
        ("CONTACTIQ__SECRETS__VAULT__TOKEN", &bao.token),
        ("CONTACTIQ__SECRETS__REFRESH_SECONDS", "1"),
        ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
        ("CONTACTIQ__LLM__REPAIR", "false"),
        ("CONTACTIQ_LLM_BASE_URL", &model.url),
        ("CONTACTIQ_LLM_MODEL", "m"),
        ("CONTACTIQ_LLM_API_KEY", &place),
    ])
    .await;
    let key = Arc::new(running.key(Role::Customer).await);
    let running = Arc::new(running);
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(model.came(OLD), (1, 0), "the model is asked for each answer");

    let mut asked = JoinSet::new();
    for number in 0..100 {
        let (running, key) = (Arc::clone(&running), Arc::clone(&key));
        asked.spawn(async move {
            tokio::time::sleep(Duration::from_millis(number * 60)).await;
            running.ask(&key, Mode::Customer, REPLACEMENT).await
        });
    }
    // As an operator rotates: the provider opens to both, the manager gets the new one, the old one ends.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    model.opens_to(&[OLD, NEW]);
    bao.put(&path, json!({ "key": NEW })).await;
    soon(async || (model.came(NEW).0 > 0).then_some(())).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    model.opens_to(&[NEW]);
    let records = asked.join_all().await;
    assert_eq!(records.len(), 100);
    let ((old, old_refused), (new, new_refused)) = (model.came(OLD), model.came(NEW));
    assert_eq!((old_refused, new_refused), (0, 0), "nobody was refused with either key");
    assert_eq!(
        old + new,
        101,
        "each question asked the model once: {old} with the old key, {new} with the new one"
    );
    assert!(old > 10 && new > 10, "{old} {new}");
}

#[tokio::test]
async fn while_the_vault_is_sealed_the_last_good_value_stays_in_force() {
    let bao = OpenBao::own();
    bao.put("contactiq/llm", json!({ "key": OLD })).await;
    let model = KeyedModel::start(&[OLD, NEW], Duration::ZERO).await;
    let running = start(&[
        ("CONTACTIQ__SECRETS__VAULT__ADDRESS", &bao.address),
        ("CONTACTIQ__SECRETS__VAULT__TOKEN", &bao.token),
        ("CONTACTIQ__SECRETS__REFRESH_SECONDS", "1"),
        ("CONTACTIQ__LIMITS__REMEMBERED_ANSWERS", "0"),
        ("CONTACTIQ__LLM__REPAIR", "false"),
        ("CONTACTIQ_LLM_BASE_URL", &model.url),
        ("CONTACTIQ_LLM_MODEL", "m"),
        ("CONTACTIQ_LLM_API_KEY", "vault:secret/contactiq/llm#key"),
    ])
    .await;
    let key = running.key(Role::Customer).await;
    bao.seal().await;
    let failures = ("contactiq_secret_failures_total", ["secret=\"llm.api_key\"", "why=\"sealed\""]);
    soon(async || (counted(&running, failures.0, &failures.1).await > 0.0).then_some(())).await;
    running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert_eq!(model.came(OLD), (1, 0));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let age = counted(&running, "contactiq_secret_age_seconds", &["secret=\"llm.api_key\""]).await;
    assert!(age >= 2.0, "it is told how old the value is: {age}");
    let settings = [
        ("CONTACTIQ__SECRETS__VAULT__ADDRESS", bao.address.as_str()),
        ("CONTACTIQ__SECRETS__VAULT__TOKEN", &bao.token),
        ("CONTACTIQ_LLM_API_KEY", "vault:secret/contactiq/llm#key"),
    ];
    let told = tokio::time::timeout(Duration::from_secs(3), refused(&settings)).await;
    assert!(told.is_err(), "a start waits for a sealed vault for a while");

    bao.unseal().await;
    bao.put("contactiq/llm", json!({ "key": NEW })).await;
    soon(async || {
        running.ask(&key, Mode::Customer, REPLACEMENT).await;
        (model.came(NEW).0 > 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_sealing_key_may_stand_in_the_vault_and_no_file_is_made() {
    let bao = OpenBao::shared();
    let path = OpenBao::path();
    bao.put(&path, json!({ "sealing": "5a".repeat(32) })).await;
    let place = format!("vault:secret/{path}#sealing");
    let dir = folder();
    let settings = [
        ("CONTACTIQ__SECRETS__VAULT__ADDRESS", bao.address.as_str()),
        ("CONTACTIQ__SECRETS__VAULT__TOKEN", &bao.token),
        ("CONTACTIQ__SERVER__SEALING_KEY", &place),
    ];
    let mut running = start_in(Arc::clone(&dir), &settings).await;
    let key = running.key(Role::Service).await;
    let record = running.ask(&key, Mode::Customer, REPLACEMENT).await;
    assert!(!dir.path().join("sealing.key").exists());
    running.stop().await;
    drop(running);
    let running = start_in(dir, &settings).await;
    let path = format!("/v1/interactions/{}", record["id"].as_str().unwrap());
    assert_eq!(running.read(&key, &path).await.record()["question"], record["question"]);
}
