//! Short sessions for customers' browsers: signed by this server for a back end, or by the bank's own site (A1, A2).

use std::str::FromStr;

use contactiq_domain::{Clock, Mode, Role};
use contactiq_server::wiring::SystemClock;
use contactiq_store::keys;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::{
    house::{Key, Running, folder, soon, start, start_in},
    oidc::now,
    process::Terminal,
    reply::{Reply, text},
};

const SITE: &str = "https://www.bank.example";

async fn sign(running: &Running, key: &Key, body: &Value) -> Reply {
    running.post(key, "/v1/sessions", body).await
}

async fn with(running: &Running, token: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
    let mut request = running.request(method, path).bearer_auth(token);
    if let Some(body) = body {
        request = request.json(&body);
    }
    Reply::of(request).await
}

async fn ask(running: &Running, token: &str, mode: &str) -> Reply {
    let body = json!({ "mode": mode, "question": "hello" });
    with(running, token, Method::POST, "/v1/interactions", Some(body)).await
}

#[tokio::test]
async fn a_session_asks_as_its_customer_alone_and_its_back_end_sees_it() {
    let running = start(&[]).await;
    let back_end = running.key(Role::Service).await;
    let signed = sign(&running, &back_end, &json!({ "subject": "4711", "session": "visit-1" })).await;
    assert_eq!(signed.status, 201, "{}", signed.text);
    let token = text(&signed.json(), "token").to_owned();
    let record = ask(&running, &token, "customer").await.record();
    assert_eq!((text(&record, "subject"), text(&record, "session")), ("4711", "visit-1"));
    ask(&running, &token, "banker").await.problem(403, "forbidden");
    let other = json!({ "mode": "customer", "question": "hello", "subject": "4712" });
    let named = with(&running, &token, Method::POST, "/v1/interactions", Some(other)).await;
    named.problem(422, "not_a_service");
    with(&running, &token, Method::POST, "/v1/sessions", Some(json!({ "subject": "4712" })))
        .await
        .problem(403, "forbidden");
    for path in
        ["/v1/costs", "/v1/guard/review", "/v1/keys", "/v1/knowledge?collection=banker", "/v1/sessions"]
    {
        with(&running, &token, Method::GET, path, None).await.problem(403, "forbidden");
    }
    // Its own, and nobody else's: not another customer's of the same back end, not that of the same name of another.
    let path = format!("/v1/interactions/{}", text(&record, "id"));
    assert_eq!(with(&running, &token, Method::GET, &path, None).await.status, 200);
    let said =
        with(&running, &token, Method::POST, &format!("{path}/feedback"), Some(json!({ "helpful": true })))
            .await;
    assert_eq!(said.status, 204);
    let neighbour =
        text(&sign(&running, &back_end, &json!({ "subject": "4712" })).await.json(), "token").to_owned();
    let another = running.key(Role::Service).await;
    let namesake =
        text(&sign(&running, &another, &json!({ "subject": "4711" })).await.json(), "token").to_owned();
    for stranger in [&neighbour, &namesake] {
        with(&running, stranger, Method::GET, &path, None).await.problem(404, "not_found");
        let listed = with(&running, stranger, Method::GET, "/v1/conversations", None).await.json();
        assert_eq!(listed, json!([]));
    }
    let listed = with(&running, &token, Method::GET, "/v1/conversations", None).await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    let by_back_end = running.read(&back_end, "/v1/conversations?subject=4711").await.json();
    assert_eq!(by_back_end, listed, "the back end sees what its customer asked");
    assert_eq!(running.read(&back_end, &path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_did_and_who_read_it_is_handed_out_and_held() {
    let mut running = start(&[]).await;
    let (bank, supervisor, admin) = (
        running.key(Role::Service).await,
        running.key(Role::Supervisor).await,
        running.key(Role::Admin).await,
    );
    let token = text(&sign(&running, &bank, &json!({ "subject": "4711" })).await.json(), "token").to_owned();
    let record = ask(&running, &token, "customer").await.record();
    let path = format!("/v1/interactions/{}", text(&record, "id"));
    assert_eq!(with(&running, &token, Method::GET, &path, None).await.status, 200);
    assert_eq!(running.read(&supervisor, &path).await.status, 200);
    let all = running.post(&bank, "/v1/persons/export", &json!({ "subject": "4711" })).await.json();
    let of = |by: &str, route: &str| {
        let accesses = all["accesses"].as_array().unwrap();
        accesses.iter().filter(|access| access["by"] == by && access["route"] == route).count()
    };
    assert_eq!(of("you", "/v1/interactions"), 1, "{all}");
    assert_eq!(
        (of("you", "/v1/interactions/{id}"), of("the bank", "/v1/interactions/{id}")),
        (1, 1),
        "{all}"
    );
    assert_eq!(all["accesses_unreadable"], 0);
    let hold = json!({ "subject": "4711", "key": bank.id, "matter": "case 17" });
    let hold = text(&running.post(&admin, "/v1/persons/holds", &hold).await.json(), "id").to_owned();
    running.stop().await;

    let path = format!("sqlite://{}", running.dir.path().join("contactiq.db").display());
    let options = SqliteConnectOptions::from_str(&path).unwrap();
    let mut raw = SqliteConnection::connect_with(&options).await.unwrap();
    let old = "UPDATE access_events SET occurred_at = occurred_at - 1000 * 86400000000";
    let events = sqlx::raw_sql(old).execute(&mut raw).await.unwrap().rows_affected();
    let terminal = Terminal::of(running.dir.clone());
    let purge = |more: &[&str]| {
        let all = [&["privacy", "purge", "--json"], more].concat();
        tokio::task::block_in_place(|| terminal.run(&all).lines(0))[0]["access_events"].clone()
    };
    // What the session did, who read the record, the export and the hold itself stay; that a token was made names nobody.
    let due = purge(&["--dry-run"]);
    assert_eq!((&due, due.as_u64()), (&purge(&[]), Some(events - 5)), "{events}");
    tokio::task::block_in_place(|| terminal.run(&["privacy", "hold", "lift", &hold]).well());
    assert_eq!((purge(&["--dry-run"]), purge(&[])), (json!(5), json!(5)));
}

#[tokio::test]
async fn a_customer_is_limited_as_one_and_repeats_as_one() {
    let running = start(&[]).await;
    let back_end = running.key(Role::Service).await;
    let mut tokens = Vec::new();
    for subject in ["a", "b"] {
        let signed = sign(&running, &back_end, &json!({ "subject": subject, "session": "s" })).await;
        tokens.push(text(&signed.json(), "token").to_owned());
    }
    let repeated = async |token: &str| {
        let request = running.request(Method::POST, "/v1/interactions").bearer_auth(token);
        let body = json!({ "mode": "customer", "question": "hello" });
        Reply::of(request.header("idempotency-key", "same").json(&body)).await.record()
    };
    let (first, other, again) =
        (repeated(&tokens[0]).await, repeated(&tokens[1]).await, repeated(&tokens[0]).await);
    assert_eq!(text(&first, "id"), text(&again, "id"));
    assert_ne!(text(&first, "id"), text(&other, "id"), "keys of two customers are two");
    for _ in 0..9 {
        ask(&running, &tokens[0], "customer").await.record();
    }
    ask(&running, &tokens[0], "customer").await.problem(429, "too_many_requests");
    ask(&running, &tokens[1], "customer").await.record();
}

#[tokio::test]
async fn a_session_ends_with_the_key_that_asked_for_it() {
    let running = start(&[]).await;
    let back_end = running.key(Role::Service).await;
    let token =
        text(&sign(&running, &back_end, &json!({ "subject": "4711" })).await.json(), "token").to_owned();
    ask(&running, &token, "customer").await.record();
    let mut w = running.store.write().await.unwrap();
    keys::revoke(&mut w, &back_end.id.to_string(), SystemClock.now()).await.unwrap();
    w.save().await.unwrap();
    soon(async || (ask(&running, &token, "customer").await.status == 401).then_some(())).await;
}

#[tokio::test]
async fn a_session_lasts_no_longer_than_the_secret_that_asked_for_it() {
    let running = start(&[]).await;
    let (back_end, admin) = (running.key(Role::Service).await, running.key(Role::Admin).await);
    let token = async |key: &Key| {
        text(&sign(&running, key, &json!({ "subject": "4711" })).await.json(), "token").to_owned()
    };
    let rotate = async |grace: &str| {
        let path = format!("/v1/keys/{}/rotate{grace}", back_end.id);
        let rotated = running.post(&admin, &path, &json!({})).await;
        Key { id: back_end.id, text: text(&rotated.json(), "key").to_owned() }
    };
    let first = token(&back_end).await;
    let second = rotate("?grace=1h").await;
    let both = [first.clone(), token(&second).await];
    for token in &both {
        ask(&running, token, "customer").await.record();
    }
    // What a stolen secret signed ends with it.
    let third = rotate("?grace=0").await;
    for token in &both {
        soon(async || (ask(&running, token, "customer").await.status == 401).then_some(())).await;
    }
    ask(&running, &token(&third).await, "customer").await.record();
}

#[tokio::test]
async fn who_may_sign_and_what() {
    let running = start(&[("CONTACTIQ_ALLOWED_ORIGINS", SITE)]).await;
    let back_end = running.key(Role::Service).await;
    for role in [Role::Customer, Role::Banker, Role::Supervisor, Role::Auditor] {
        sign(&running, &running.key(role).await, &json!({ "subject": "x" })).await.problem(403, "forbidden");
    }
    let staff_only = running.key_with(Role::Service, |key| key.mode = Some(Mode::Banker)).await;
    sign(&running, &staff_only, &json!({ "subject": "x" })).await.problem(403, "forbidden");
    for (body, code) in [
        (json!({ "subject": "" }), "name_invalid"),
        (json!({ "subject": "x".repeat(129) }), "name_invalid"),
        (json!({ "subject": "x", "session": "\u{7}" }), "name_invalid"),
        (json!({ "subject": "x", "mode": "banker" }), "mode_invalid"),
        (json!({ "subject": "x", "seconds": 3601 }), "field_invalid"),
        (json!({ "subject": "x", "seconds": 59 }), "field_invalid"),
        (json!({ "subject": "x", "origin": "https://evil.example" }), "origin_unknown"),
    ] {
        sign(&running, &back_end, &body).await.problem(422, code);
    }
    let bound =
        sign(&running, &back_end, &json!({ "subject": "x", "origin": SITE, "seconds": 3600 })).await.json();
    let from = async |origin: &str| {
        let request = running.request(Method::POST, "/v1/interactions").bearer_auth(text(&bound, "token"));
        Reply::of(request.header("origin", origin).json(&json!({ "mode": "customer", "question": "hello" })))
            .await
    };
    from(SITE).await.record();
    // Another origin that may call, with this customer's token: the server's own.
    from(&running.url).await.problem(403, "forbidden");
    from("https://evil.example").await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_session_signed_by_the_banks_site_is_that_sites_customer() {
    let dir = folder();
    let public = include_str!("../keys/es256.pub.pem");
    let file = dir.path().join("site.toml");
    let text_of = format!(
        "[[identity.site_keys]]\nid = \"site-1\"\nissuer = \"www.bank.example\"\nalgorithm = \"ES256\"\n\
         origins = [\"{SITE}\"]\npublic_key = \"\"\"{public}\"\"\"\n"
    );
    std::fs::write(&file, text_of).unwrap();
    let settings = [("CONTACTIQ_CONFIG", &*file.display().to_string()), ("CONTACTIQ_ALLOWED_ORIGINS", SITE)];
    let running = start_in(dir, &settings).await;
    let signed = |sub: &str| {
        let key = EncodingKey::from_ec_pem(include_bytes!("../keys/es256.pem")).unwrap();
        let header = Header {
            typ: Some("contactiq-site+jwt".to_owned()),
            kid: Some("site-1".to_owned()),
            ..Header::new(Algorithm::ES256)
        };
        let claims = json!({
            "iss": "www.bank.example", "aud": "contactiq", "sub": sub, "sid": "visit", "iat": now(), "exp": now() + 900,
        });
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    let record = ask(&running, &signed("4711"), "customer").await.record();
    assert_eq!((text(&record, "subject"), text(&record, "session")), ("site:www.bank.example:4711", "visit"));
    ask(&running, &signed("4711"), "banker").await.problem(403, "forbidden");
    let path = format!("/v1/interactions/{}", text(&record, "id"));
    assert_eq!(with(&running, &signed("4711"), Method::GET, &path, None).await.status, 200);
    with(&running, &signed("4712"), Method::GET, &path, None).await.problem(404, "not_found");
    // A subject that looks like somebody else's is nobody else's.
    for pretended in ["local-admin", "key:1", "site:www.bank.example:4711"] {
        let record = ask(&running, &signed(pretended), "customer").await.record();
        assert_eq!(text(&record, "subject"), format!("site:www.bank.example:{pretended}"));
    }
    let elsewhere = running.request(Method::POST, "/v1/interactions").bearer_auth(signed("4711"));
    let elsewhere =
        elsewhere.header("origin", &running.url).json(&json!({ "mode": "customer", "question": "hello" }));
    Reply::of(elsewhere).await.problem(403, "forbidden");
}
