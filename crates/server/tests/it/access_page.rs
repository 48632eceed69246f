//! What administrators do about access, and what becomes of those who try to get in (A1, A4).

use contactiq_domain::{Mode, Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, between},
    house::{FORM, form, holds, start},
    reply::{Reply, text},
    staff::noted,
};

#[tokio::test]
async fn ten_thousand_attempts_are_slowed_and_the_right_code_waits_too() {
    let running = start(&[]).await;
    let attempt = async |code: &str| {
        let request = running.request(Method::POST, "/signin").header(FORM.0, FORM.1);
        Reply::of(request.body(form(&[("code", code)]))).await
    };
    let (mut refused, mut slowed) = (0, 0);
    for n in 0..10_000 {
        let reply = attempt(&format!("CANARY-{n}")).await;
        match reply.status {
            401 => refused += 1,
            429 => {
                slowed += 1;
                assert!(reply.header("retry-after").parse::<u64>().unwrap() >= 1);
            }
            other => panic!("{other}"),
        }
        assert!(!reply.text.contains("CANARY"));
    }
    assert!(refused < 40 && slowed > 9_900, "{refused} were heard, {slowed} slowed");
    assert_eq!(attempt(&running.code()).await.status, 429, "whoever guesses does not learn which was right");
    // One event for many.
    let event = noted(&running, "unheard", Some("too_many_attempts")).await;
    assert_eq!((event.status, event.from_ip.as_str()), (429, "127.0.0.1"));
    assert!(!holds(&running.database_bytes(), "CANARY"));
    // Who is signed in, or has a key, is not slowed.
    let key = running.key(Role::Banker).await;
    running.ask(&key, Mode::Banker, "hello").await;
}

#[tokio::test]
async fn an_administrator_makes_rotates_and_revokes_keys_on_a_page_and_by_the_api() {
    let running = start(&[]).await;
    let admin = Browser::sign_in(&running).await;
    let page = admin.get("/access").await;
    assert!(
        page.page(200).contains("Local session (admin)") && page.text.contains("local-admin"),
        "{}",
        page.text
    );
    let wanted = [
        ("name", "shop"),
        ("role", "banker"),
        ("mode", "banker"),
        ("rate", "1000"),
        ("expires", "2999-01-31"),
    ];
    let made = admin.send("/access/keys", &wanted).await;
    let secret = between(made.page(200), "id=\"made-key\">", "<").to_owned();
    assert!(secret.starts_with("ciq_dev_") && secret.len() > 50);
    assert!(!admin.get("/access").await.text.contains(&secret), "it is shown once");
    let ask = async |secret: &str, mode: &str| {
        let body = json!({ "mode": mode, "question": "hello" });
        Reply::of(running.request(Method::POST, "/v1/interactions").bearer_auth(secret).json(&body))
            .await
            .status
    };
    assert_eq!((ask(&secret, "banker").await, ask(&secret, "customer").await), (200, 403));
    assert!(admin.send("/access/keys", &wanted).await.page(422).contains("in use"));
    for (field, value) in [
        ("name", ""),
        ("role", "king"),
        ("mode", "x"),
        ("rate", "0"),
        ("rate", "x"),
        ("expires", "2020-01-01"),
    ] {
        let pairs: Vec<_> = wanted.iter().map(|(n, v)| (*n, if *n == field { value } else { *v })).collect();
        admin.send("/access/keys", &pairs).await.page(422);
    }
    admin.send_as_it_is("/access/keys", &wanted).await.page(403);

    let listed = admin.get("/v1/keys").await.json();
    let shop = listed.as_array().unwrap().iter().find(|k| k["name"] == "shop").unwrap().clone();
    assert_eq!((text(&shop, "state"), text(&shop, "role")), ("active", "banker"));
    assert!(!listed.to_string().contains(&secret));
    let path = format!("/access/keys/{}", text(&shop, "id"));
    let rotated = admin.send(&path, &[("change", "rotate")]).await;
    let new = between(rotated.page(200), "id=\"made-key\">", "<").to_owned();
    assert_eq!(
        (ask(&secret, "banker").await, ask(&new, "banker").await),
        (401, 200),
        "the old one ends at once"
    );
    assert_eq!(admin.send(&path, &[("change", "revoke")]).await.redirect(), "/access?done=revoked");
    assert_eq!(ask(&new, "banker").await, 401);
    noted(&running, "/v1/interactions", Some("key_unknown")).await;
    let event = noted(&running, "/v1/interactions", Some("key_revoked")).await;
    assert_eq!((event.status, event.actor.as_str()), (401, "anonymous"));
    let event = noted(&running, "/access/keys/{id}", None).await;
    assert_eq!((event.actor.as_str(), event.target.as_deref()), ("local-admin", Some(text(&shop, "id"))));

    // The same by the API.
    let root = running.key(Role::Admin).await;
    let body = json!({ "name": "api", "role": "service", "budget_per_day_usd": 1.5 });
    let made = running.post(&root, "/v1/keys", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!((made["budget_per_day_usd"].as_f64(), text(&made, "state")), (Some(1.5), "active"));
    running.post(&root, "/v1/keys", &body).await.problem(422, "name_taken");
    let path = format!("/v1/keys/{}", text(&made, "id"));
    let rotated = running.post(&root, &format!("{path}/rotate"), &Value::Null).await.json();
    assert_ne!(text(&rotated, "key"), text(&made, "key"));
    let revoked = Reply::of(running.request(Method::DELETE, &path).bearer_auth(&root.text)).await.json();
    assert_eq!(text(&revoked, "state"), "revoked");
    Reply::of(running.request(Method::DELETE, &path).bearer_auth(&root.text)).await.problem(404, "not_found");
    // An administrator of one assistant makes no key for the other.
    let half = running.key_with(Role::Admin, |key| key.mode = Some(Mode::Customer)).await;
    for mode in [json!("banker"), Value::Null] {
        let body = json!({ "name": "half", "role": "banker", "mode": mode });
        running.post(&half, "/v1/keys", &body).await.problem(403, "forbidden");
    }
}
