//! Access tokens of the bank's identity provider, good ones and bad (A1, A2).

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::FromRequestParts;
use contactiq_domain::Role;
use contactiq_server::{
    config,
    guard::{
        identity::Caller,
        new_key::{self, Wanted},
    },
    serve,
    wiring::SystemClock,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    house::{Running, folder, soon},
    oidc::{AUDIENCE, Provider, now},
    reply::{Reply, text},
};

async fn read(running: &Running, token: &str, path: &str) -> Reply {
    Reply::of(running.request(Method::GET, path).bearer_auth(token)).await
}

async fn ask(running: &Running, token: &str, mode: &str) -> Reply {
    let body = json!({ "mode": mode, "question": "hello" });
    Reply::of(running.request(Method::POST, "/v1/interactions").bearer_auth(token).json(&body)).await
}

/// The last event of the access log with a reason, and everything that was logged so far.
async fn reasons(running: &Running) -> Vec<(String, u16)> {
    let mut reader = running.store.read().await.unwrap();
    let events = contactiq_store::access::recent(&mut reader, 500).await.unwrap();
    events.into_iter().filter_map(|e| Some((e.reason?, e.status))).collect()
}

async fn is_noted(running: &Running, reason: &str, status: u16) {
    soon(async || reasons(running).await.contains(&(reason.to_owned(), status)).then_some(())).await;
}

#[tokio::test]
async fn a_token_of_the_provider_is_a_person_with_the_role_of_its_claim_however_it_is_signed() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    for robot in ["banker", "banker-PS256", "banker-ES256", "banker-EdDSA"] {
        let token = provider.token(robot).await;
        let record = ask(&running, &token, "banker").await.record();
        let subject = text(&record, "subject");
        assert!(subject.starts_with("person:") && subject.len() == 39, "{subject}");
        assert_eq!(text(&record, "session"), subject);
        read(&running, &token, "/v1/costs").await.problem(403, "forbidden");
        let again = ask(&running, &provider.token(robot).await, "banker").await.record();
        assert_eq!(text(&again, "subject"), subject, "another token, the same person");
        let listed = read(&running, &token, "/v1/conversations").await.json();
        assert_eq!(listed.as_array().map(Vec::len), Some(2), "{listed}");
    }
    for (robot, costs, mode) in [
        ("supervisor", 200, "banker"),
        ("auditor", 200, ""),
        ("admin", 200, "banker"),
        ("customer", 403, "customer"),
    ] {
        let token = provider.token(robot).await;
        assert_eq!(read(&running, &token, "/v1/costs").await.status, costs, "{robot}");
        if !mode.is_empty() {
            ask(&running, &token, mode).await.record();
        }
    }
    ask(&running, &provider.token("customer").await, "banker").await.problem(403, "forbidden");
    // A role of one assistant alone.
    let teller = provider.token("tellers").await;
    ask(&running, &teller, "banker").await.record();
    ask(&running, &teller, "customer").await.problem(403, "forbidden");
    // Nobody is anything by default.
    let refused = read(&running, &provider.token("nobody").await, "/v1/models").await;
    assert_eq!(refused.status, 403);
    is_noted(&running, "token_role", 403).await;
    let nobody = Reply::of(running.request(Method::GET, "/v1/conversations").bearer_auth("ciq_test_x")).await;
    assert!(nobody.header("www-authenticate").ends_with("\"contactiq\""));
}

#[tokio::test]
async fn every_bad_token_is_refused_with_a_word_and_none_is_logged() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let good = provider.forge(|_, _| ()).await;
    assert_eq!(
        read(&running, &good, "/v1/costs").await.status,
        200,
        "what is forged is right but for one thing"
    );

    type Change = Box<dyn FnOnce(&mut Header, &mut Value)>;
    let wrong: Vec<(&str, Change)> = vec![
        ("token_expired", Box::new(|_, c| c["exp"] = (now() - 3).into())),
        ("token_not_yet_valid", Box::new(|_, c| c["nbf"] = (now() + 30).into())),
        ("token_not_yet_valid", Box::new(|_, c| c["iat"] = (now() + 30).into())),
        ("token_malformed", Box::new(|_, c| drop(c.as_object_mut().unwrap().remove("exp")))),
        ("token_malformed", Box::new(|_, c| c["exp"] = "never".into())),
        ("token_issuer", Box::new(|_, c| c["iss"] = "https://login.evil.example".into())),
        ("token_issuer", Box::new(|_, c| drop(c.as_object_mut().unwrap().remove("iss")))),
        ("token_audience", Box::new(|_, c| c["aud"] = "api://another".into())),
        ("token_audience", Box::new(|_, c| drop(c.as_object_mut().unwrap().remove("aud")))),
        ("token_audience", Box::new(|_, c| c["aud"] = json!([]))),
        ("token_subject", Box::new(|_, c| drop(c.as_object_mut().unwrap().remove("sub")))),
        ("token_type", Box::new(|h, _| h.typ = Some("logout+jwt".to_owned()))),
        ("token_too_long", Box::new(|_, c| c["padding"] = "x".repeat(8192).into())),
    ];
    let mut sent = vec![good.clone()];
    for (why, change) in wrong {
        let token = provider.forge(change).await;
        let refused = read(&running, &token, "/v1/costs").await;
        let problem = refused.problem(401, "unauthorised");
        assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""), "{why}");
        assert!(!problem.to_string().contains(&token[..20]), "{problem}");
        is_noted(&running, why, 401).await;
        sent.push(token);
    }
    let key = provider.key().await;
    let claims = json!({ "iss": provider.issuer, "aud": AUDIENCE, "sub": "x", "exp": now() + 60, "roles": ["ciq-admin"] });
    let mut header = Header { kid: Some(text(&key, "kid").to_owned()), ..Header::new(Algorithm::HS256) };
    // The public key as a secret, in each of the forms in which one may hold it.
    for secret in [text(&key, "public"), text(&key, "public").trim_end()] {
        let secret = EncodingKey::from_secret(secret.as_bytes()).unwrap();
        sent.push(jsonwebtoken::encode(&header, &claims, &secret).unwrap());
    }
    let part = |text: String| base64_of(text.as_bytes());
    for alg in ["none", "None", "nOnE", "HS256", "RS384", "ES256K", ""] {
        let head = json!({ "alg": alg, "kid": text(&key, "kid") }).to_string();
        sent.push(format!("{}.{}.", part(head), part(claims.to_string())));
    }
    for token in &sent[sent.len() - 9..] {
        read(&running, token, "/v1/costs").await.problem(401, "unauthorised");
    }
    is_noted(&running, "token_algorithm", 401).await;
    // Another key under the same name.
    header.alg = Algorithm::RS256;
    let other = EncodingKey::from_rsa_pem(include_bytes!("../keys/rs256.pem")).unwrap();
    sent.push(jsonwebtoken::encode(&header, &claims, &other).unwrap());
    read(&running, sent.last().unwrap(), "/v1/costs").await.problem(401, "unauthorised");
    is_noted(&running, "token_signature", 401).await;
    // Nothing of a token is kept.
    let kept = running.database_bytes();
    for token in &sent {
        for part in token.split('.').filter(|part| part.len() > 40) {
            assert!(!crate::house::holds(&kept, &part[..40]));
        }
    }
}

fn base64_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let whole = chunk.iter().fold(0_u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for digit in 0..=chunk.len() {
            out.push(char::from(DIGITS[(whole >> (18 - 6 * digit)) as usize & 63]));
        }
    }
    out
}

#[tokio::test]
async fn made_up_keys_do_not_reach_the_provider_and_a_rotated_one_is_found() {
    let provider = Provider::start();
    let running = provider.server(&[("CONTACTIQ__LIMITS__FAILURES_PER_MINUTE", "1000")]).await;
    let before = provider.token("supervisor").await;
    assert_eq!(read(&running, &before, "/v1/costs").await.status, 200);
    let asked = provider.asked().await;
    for n in 0..300 {
        let token = provider_less(&provider, &format!("made-up-{n}"));
        read(&running, &token, "/v1/costs").await.problem(401, "unauthorised");
    }
    let more = provider.asked().await - asked;
    assert!(more <= 2, "the keys were asked for {more} times in a few seconds");
    is_noted(&running, "token_key_unknown", 401).await;

    provider.set("rotate").await;
    let after = provider.token("supervisor").await;
    // At most ten seconds after the last reading.
    let since = Instant::now();
    soon_seconds(15, async || (read(&running, &after, "/v1/costs").await.status == 200).then_some(())).await;
    assert!(since.elapsed() < Duration::from_secs(12), "{:?}", since.elapsed());
    read(&running, &before, "/v1/costs").await.problem(401, "unauthorised");
}

/// Signed by nobody whom the provider knows.
fn provider_less(provider: &Provider, kid: &str) -> String {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    let claims = json!({ "iss": provider.issuer, "aud": AUDIENCE, "sub": "x", "exp": now() + 60 });
    let key = EncodingKey::from_rsa_pem(include_bytes!("../keys/rs256.pem")).unwrap();
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

async fn soon_seconds<T>(seconds: u64, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("it did not come to be so in {seconds} seconds")
}

#[tokio::test]
async fn while_the_provider_is_away_its_last_keys_count_and_without_any_nobody_gets_in() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let token = provider.token("supervisor").await;
    assert_eq!(read(&running, &token, "/v1/costs").await.status, 200);
    for fault in ["down", "huge", "slow"] {
        provider.set(&format!("fault?is={fault}")).await;
        assert_eq!(read(&running, &token, "/v1/costs").await.status, 200, "{fault}");
    }
    // A server that starts now knows no key.
    for fault in ["down", "huge"] {
        provider.set(&format!("fault?is={fault}")).await;
        let late = provider.server(&[]).await;
        let refused = read(&late, &token, "/v1/costs").await;
        refused.problem(503, "unavailable");
        assert!(!refused.header("retry-after").is_empty());
        // Who needs no provider is known all the same.
        let key = late.key(Role::Supervisor).await;
        assert_eq!(late.read(&key, "/v1/costs").await.status, 200);
        assert_eq!(Reply::of(late.request(Method::GET, "/ready")).await.status, 200);
    }
}

#[tokio::test]
async fn a_token_ends_while_it_is_used() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let token = provider.forge(|_, claims| claims["exp"] = (now() + 1).into()).await;
    assert_eq!(read(&running, &token, "/v1/costs").await.status, 200);
    soon(async || (read(&running, &token, "/v1/costs").await.status == 401).then_some(())).await;
}

/// Prints what it costs to know who calls, by a key and by an RS256 token; 200 microseconds at most are meant. Run it with
/// `cargo nextest run --release --run-ignored only --no-capture -E 'test(what_it_costs_to_know_who_calls)'`.
#[tokio::test]
#[ignore = "a figure, not a test: it times this machine"]
async fn what_it_costs_to_know_who_calls() {
    let provider = Provider::start();
    let dir = folder();
    let file = PathBuf::from(provider.config(dir.path()));
    let env = [
        ("CONTACTIQ_DATA_DIR", dir.path().to_str().unwrap()),
        ("CONTACTIQ_ENCODER", "off"),
        ("CONTACTIQ_PUBLIC_URL", "http://127.0.0.1:8080"),
    ];
    let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let config = config::load_from(Some(&file), &env).unwrap();
    let app = serve::build_with(config, Arc::new(|_, _, _| {}), |_| ()).await.unwrap();
    let wanted = Wanted {
        name: "one".to_owned(),
        role: Role::Supervisor,
        mode: None,
        scopes: None,
        rate_per_minute: None,
        budget: Default::default(),
        expires_at: None,
    };
    let mut w = app.house.store.write().await.unwrap();
    let (key, _) = new_key::make(&mut w, &app.config, &SystemClock, wanted).await.unwrap();
    w.save().await.unwrap();
    app.keys.read(&app.house.store).await.unwrap();
    let token = provider.token("supervisor").await;
    let mut medians = Vec::new();
    for bearer in [None, Some(key.as_str()), Some(token.as_str())] {
        let mut taken = Vec::new();
        for n in 0..3000 {
            let mut request = axum::http::Request::builder().uri("/v1/models");
            if let Some(bearer) = bearer {
                request = request.header("authorization", format!("Bearer {bearer}"));
            }
            let (mut parts, ()) = request.body(()).unwrap().into_parts();
            let since = Instant::now();
            let known = Caller::from_request_parts(&mut parts, &app).await;
            if n >= 1000 {
                taken.push(since.elapsed());
            }
            assert_eq!(known.is_ok(), bearer.is_some());
        }
        taken.sort();
        medians.push(taken[taken.len() / 2]);
    }
    println!(
        "to know who calls, p50 of 2000: nobody {:?}, a key {:?}, an RS256 token {:?}",
        medians[0], medians[1], medians[2]
    );
}
