//! Signing in on the pages, and what protects a signed-in browser.

use contactiq_domain::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, between},
    house::{FORM, client, form, start},
    reply::{Reply, text},
};

const PAGES: &[&str] = &[
    "/chat/customer",
    "/chat/banker",
    "/dashboard",
    "/tickets",
    "/documents",
    "/interactions/x",
    "/tickets/x",
];

#[tokio::test]
async fn whoever_is_not_signed_in_is_sent_to_the_sign_in_page_and_comes_back() {
    let running = start(&[]).await;
    for page in PAGES {
        let reply = Reply::of(running.request(Method::GET, page).header("accept", "text/html")).await;
        assert_eq!(reply.redirect(), format!("/signin?next={page}"));
    }
    let reply = Reply::of(running.request(Method::GET, "/dashboard?mode=banker&period=week")).await;
    let sign_in = Reply::of(running.request(Method::GET, reply.redirect())).await;
    let next = between(sign_in.page(200), "name=\"next\" value=\"", "\"");
    let next = next.replace("&#38;", "&").replace("&amp;", "&");
    assert_eq!(next, "/dashboard?mode=banker&period=week");
    let code = running.code();
    let body = form(&[("code", &code), ("next", &next)]);
    let done = Reply::of(running.request(Method::POST, "/signin").header(FORM.0, FORM.1).body(body)).await;
    assert_eq!(done.redirect(), next);
}

#[tokio::test]
async fn a_code_works_once_and_the_cookie_is_kept_from_scripts_and_other_sites() {
    let running = start(&[]).await;
    let code = running.code();
    let link = format!("/signin?code={code}");
    // A preview of the link leaves it as it is.
    let preview = Reply::of(running.request(Method::HEAD, &link)).await;
    assert!(preview.status == 200 && preview.headers.get("set-cookie").is_none(), "{preview:?}");
    let first = Reply::of(running.request(Method::GET, &link)).await;
    assert_eq!(first.redirect(), "/chat/customer");
    let cookie = first.header("set-cookie");
    let flags: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(flags, ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age=43200"], "{cookie}");
    let token = between(cookie, "contactiq_session=", ";");
    assert!(token.len() >= 43, "256 bits: {token}");

    let second = Reply::of(running.request(Method::GET, &link)).await;
    let page = second.page(401);
    assert!(page.contains("That code is not right") && !page.contains(&code), "{page}");
    assert_eq!(second.header("set-cookie"), "");
    for wrong in ["", "CANARY", &code[..10]] {
        let body = form(&[("code", wrong)]);
        let reply =
            Reply::of(running.request(Method::POST, "/signin").header(FORM.0, FORM.1).body(body)).await;
        assert!(!reply.page(401).contains("CANARY"));
        assert_eq!(reply.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn the_sign_in_page_leads_nowhere_else() {
    let running = start(&[]).await;
    for trap in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
    ] {
        let code = running.code();
        let body = form(&[("code", &code), ("next", trap)]);
        let reply =
            Reply::of(running.request(Method::POST, "/signin").header(FORM.0, FORM.1).body(body)).await;
        let to = reply.redirect();
        let resolved = reqwest::Url::parse(&running.url).unwrap().join(to).unwrap();
        assert_eq!(resolved.origin(), reqwest::Url::parse(&running.url).unwrap().origin(), "{trap}: {to}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let running = start(&[]).await;
    let browser = Browser::sign_in(&running).await;
    browser.send_as_it_is("/signout", &[]).await.page(403);
    assert_eq!(browser.get("/dashboard").await.status, 200, "a sign-out without its token is none");
    let left = browser.send("/signout", &[]).await;
    assert_eq!(left.redirect(), "/signin");
    assert!(left.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/dashboard").await.redirect(), "/signin?next=/dashboard");
}

#[tokio::test]
async fn a_post_without_the_token_of_its_session_is_refused() {
    let running = start(&[]).await;
    let (browser, other) = (Browser::sign_in(&running).await, Browser::sign_in(&running).await);
    for token in ["", "x", other.csrf.as_str()] {
        let pairs = [("csrf", token), ("question", "hello")];
        let page = browser.send_as_it_is("/chat/customer", &pairs).await;
        assert!(page.page(403).contains("load it again"), "{token}");
        browser.send_as_it_is("/tickets/x", &[("csrf", token), ("state", "closed")]).await.page(403);
    }
    browser.send_as_it_is("/chat/customer", &[("question", "hello")]).await.page(403);

    let ask = || {
        let body = json!({ "mode": "customer", "question": "hello" });
        browser.request(Method::POST, "/v1/interactions").json(&body)
    };
    Reply::of(ask()).await.problem(403, "csrf");
    Reply::of(ask().header("x-csrf-token", &other.csrf)).await.problem(403, "csrf");
    let record = Reply::of(ask().header("x-csrf-token", &browser.csrf)).await.record();
    assert_eq!(text(&record, "subject"), "local-admin");
    let as_form = browser.request(Method::POST, "/v1/interactions").header(FORM.0, FORM.1);
    let as_form = as_form.body("{\"mode\":\"customer\",\"question\":\"hello\"}");
    Reply::of(as_form).await.problem(403, "csrf");
    let listed = Reply::of(browser.request(Method::GET, "/v1/conversations")).await.json();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "one question was asked: {listed}");
}

#[tokio::test]
async fn a_post_from_another_site_is_refused_whoever_sends_it() {
    let running = start(&[]).await;
    let browser = Browser::sign_in(&running).await;
    let key = running.key(Role::Customer).await;
    let body = json!({ "mode": "customer", "question": "hello" });
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost",
        "http://127.0.0.1:1",
        "http://127.0.0.1.evil.example",
    ] {
        let form =
            browser.request(Method::POST, "/chat/customer").header(FORM.0, FORM.1).header("origin", origin);
        let pairs = [("csrf", browser.csrf.as_str()), ("question", "hello")];
        let reply = Reply::of(form.body(crate::house::form(&pairs))).await;
        reply.problem(403, "forbidden");
        let api = running.posting(&key, "/v1/interactions", &body).header("origin", origin);
        Reply::of(api).await.problem(403, "forbidden");
        let sign_in =
            running.request(Method::POST, "/signin").header(FORM.0, FORM.1).header("origin", origin);
        let code = crate::house::form(&[("code", "x")]);
        Reply::of(sign_in.body(code)).await.problem(403, "forbidden");
    }
    let own = running.posting(&key, "/v1/interactions", &body).header("origin", &running.url);
    Reply::of(own).await.record();
    let read = running.request(Method::GET, "/v1/conversations").bearer_auth(&key.text);
    let read = Reply::of(read.header("origin", "https://evil.example")).await;
    assert_eq!(read.status, 200);
    assert_eq!(read.header("access-control-allow-origin"), "", "another site's script can't read the answer");
}

#[tokio::test]
async fn a_session_is_of_its_server_and_a_made_up_one_is_none() {
    let (one, two) = (start(&[]).await, start(&[]).await);
    let browser = Browser::sign_in(&one).await;
    for cookie in [browser.cookie.as_str(), "contactiq_session=", "contactiq_session=x", "contactiq_session"]
    {
        let request = client().get(format!("{}/dashboard", two.url)).header("cookie", cookie);
        assert_eq!(Reply::of(request).await.redirect(), "/signin?next=/dashboard", "{cookie}");
    }
    let both = browser.request(Method::GET, "/v1/conversations").bearer_auth("ciq_test_wrong");
    Reply::of(both).await.problem(401, "unauthorised");
}

#[tokio::test]
async fn scripts_of_the_pages_stream_with_the_session_and_its_token() {
    let running = start(&[]).await;
    let browser = Browser::sign_in(&running).await;
    let body = json!({ "mode": "banker", "question": "hello" });
    let request =
        browser.request(Method::POST, "/v1/interactions").header("x-csrf-token", &browser.csrf).json(&body);
    let reply = Reply::of(request.header("accept", "text/event-stream").header("origin", &running.url)).await;
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let done = reply.text.split("event: done\ndata: ").nth(1).unwrap().trim();
    let record: Value = serde_json::from_str(done).unwrap();
    let path = format!("/v1/interactions/{}/feedback", text(&record, "id"));
    let said = browser.request(Method::POST, &path).json(&json!({ "helpful": true }));
    assert_eq!(Reply::of(said.header("x-csrf-token", &browser.csrf)).await.status, 204);
}

#[tokio::test]
async fn the_api_asks_a_browser_for_its_token_whatever_content_type_it_says() {
    let running = start(&[]).await;
    let browser = Browser::sign_in(&running).await;
    let id = "019f0c57-0000-7000-8000-000000000000";
    for (method, path) in [
        (Method::POST, format!("/v1/ledger/dead-letters/{id}/replay")),
        (Method::POST, format!("/v1/keys/{id}/rotate")),
        (Method::DELETE, format!("/v1/keys/{id}")),
        (Method::DELETE, format!("/v1/sessions/{id}")),
        (Method::POST, "/v1/keys".to_owned()),
        (Method::POST, "/v1/interactions".to_owned()),
    ] {
        for kind in [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=utf-8",
            "text/plain",
            "application/json",
        ] {
            let forged = browser.request(method.clone(), &path).header("content-type", kind).body("");
            Reply::of(forged).await.problem(403, "csrf");
        }
        let own = browser.request(method.clone(), &path).header("x-csrf-token", &browser.csrf);
        let reply = Reply::of(own).await;
        assert!(!reply.text.contains("\"csrf\""), "{method} {path}: {}", reply.text);
    }
}
