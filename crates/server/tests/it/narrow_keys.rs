//! A key may be narrowed to some of what its role may, and two secrets of one key may go on beside each other (A1, A2).

use contactiq_domain::{Clock, Mode, Permission, Role};
use contactiq_server::wiring::{SystemClock, random_text, sha256_hex};
use contactiq_store::keys::Before;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::{Browser, between},
    chat::complete,
    house::{FORM, Key, Running, soon, start},
    process::Terminal,
    reply::{Reply, text, texts},
};

async fn narrowed(running: &Running, role: Role, scopes: &[Permission]) -> Key {
    running.key_with(role, |k| (k.scopes, k.rate_per_minute) = (Some(scopes.to_vec()), Some(100_000))).await
}

/// What opens a route: all of one of these, the route, and what is sent there; a text is what a form sends.
type Opened = (&'static [&'static [Permission]], &'static str, &'static str, Value);

/// What each permission opens. Documents are written on the command line, so that nothing here needs `write_knowledge`.
fn opened() -> Vec<Opened> {
    use Permission as P;
    let ask = |mode: &str| json!({ "mode": mode, "question": "hello" });
    let person = || json!({ "subject": "4711" });
    vec![
        (&[&[P::AskAsCustomer]], "POST", "/v1/interactions", ask("customer")),
        (&[&[P::AskAsBanker]], "POST", "/v1/interactions", ask("banker")),
        (&[&[P::AskAsCustomer]], "POST", "/v1/conversations", json!({ "mode": "customer" })),
        (&[&[P::GiveFeedback]], "POST", "/v1/interactions/none/feedback", json!({ "helpful": true })),
        (&[&[P::Unmask]], "POST", "/v1/interactions/none/unmask", json!({ "purpose": "x" })),
        (&[&[P::ReadTickets]], "GET", "/tickets", Value::Null),
        (&[&[P::ChangeTickets]], "POST", "/tickets/none", json!("state=taken")),
        (&[&[P::ReadReports]], "GET", "/v1/costs", Value::Null),
        (&[&[P::ReadReports]], "GET", "/dashboard", Value::Null),
        (
            &[&[P::ReadBankerKnowledge]],
            "GET",
            "/v1/knowledge/banker/branch-card-handling/passages/0",
            Value::Null,
        ),
        (&[&[P::ReadCustomerKnowledge]], "GET", "/v1/knowledge?collection=customer", Value::Null),
        (&[&[P::ScanText]], "POST", "/v1/guard/scan", json!({ "text": "hello" })),
        (&[&[P::ReviewGuard]], "GET", "/v1/guard/review", Value::Null),
        (&[&[P::OperateLedger]], "GET", "/v1/ledger", Value::Null),
        (&[&[P::ManageAccess]], "GET", "/v1/keys", Value::Null),
        (&[&[P::ManagePrivacy]], "GET", "/v1/persons/holds", Value::Null),
        (&[&[P::ReadAudit]], "GET", "/v1/audit/export", Value::Null),
        (&[&[P::ActForSubject]], "GET", "/v1/conversations?subject=4711", Value::Null),
        (&[&[P::ActForSubject, P::AskAsCustomer]], "POST", "/v1/sessions", person()),
        // To name people is not yet to answer for what is kept of them.
        (
            &[&[P::ActForSubject, P::ExportAndErase], &[P::ManagePrivacy]],
            "POST",
            "/v1/persons/export",
            person(),
        ),
        (
            &[&[P::ActForSubject, P::ExportAndErase], &[P::ManagePrivacy]],
            "POST",
            "/v1/persons/erase",
            person(),
        ),
    ]
}

/// Whether the caller may not do this, or not name somebody there.
async fn is_shut(running: &Running, key: &Key, (_, method, path, body): &Opened) -> bool {
    let request = running.request(method.parse::<Method>().unwrap(), path).bearer_auth(&key.text);
    let reply = Reply::of(match body {
        Value::Null => request,
        Value::String(pairs) => request.header(FORM.0, FORM.1).body(pairs.clone()),
        body => request.json(body),
    })
    .await;
    // A key has no token of a form: whoever may is told of that.
    let has_no_form = reply.text.to_lowercase().contains("the page is out of date");
    let names_nobody = reply.status == 422 && reply.json()["code"] == "not_a_service";
    reply.status == 403 && !has_no_form || names_nobody
}

#[tokio::test]
async fn each_scope_opens_what_it_names_and_nothing_else() {
    let running = start(&[]).await;
    for role in Role::ALL {
        // Nothing is left to a key that was narrowed to what nobody knows any more.
        let mut all: Vec<Vec<Permission>> = vec![vec![]];
        all.extend(role.permissions().iter().map(|scope| vec![*scope]));
        for also in [Permission::ExportAndErase, Permission::AskAsCustomer] {
            let both = [Permission::ActForSubject, also];
            all.extend(both.iter().all(|scope| role.allows(*scope)).then(|| both.to_vec()));
        }
        for scopes in all {
            let key = narrowed(&running, *role, &scopes).await;
            for route in opened() {
                let opens = route.0.iter().any(|needed| needed.iter().all(|one| scopes.contains(one)));
                let shut = is_shut(&running, &key, &route).await;
                assert_eq!(shut, !opens, "{} as {role} with {scopes:?} alone", route.2);
            }
        }
    }
    // What it asked itself a key reads whatever is left to it; what others asked it does not.
    let asks = narrowed(&running, Role::Supervisor, &[Permission::AskAsCustomer]).await;
    let own = running.ask(&asks, Mode::Customer, "hello").await;
    let others = running.ask(&running.key(Role::Customer).await, Mode::Customer, "hello").await;
    for (record, seen) in [(&own, 200), (&others, 404)] {
        let path = format!("/v1/interactions/{}", text(record, "id"));
        assert_eq!(running.read(&asks, &path).await.status, seen);
    }
}

#[tokio::test]
async fn a_narrowed_key_makes_no_key_and_no_session_that_may_more() {
    let running = start(&[]).await;
    let admin = running.key(Role::Admin).await;
    let make = async |by: &Key, role: &str, scopes: &[&str]| {
        let body = json!({ "name": random_text::<9>(), "role": role, "scopes": scopes });
        running.post(by, "/v1/keys", &body).await
    };
    let made = make(&admin, "admin", &["manage_access", "ask"]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["scopes"], json!(["ask_as_customer", "ask_as_banker", "manage_access"]));
    let id = made.json()["id"].as_str().unwrap().parse().unwrap();
    let keeper = Key { id, text: text(&made.json(), "key").to_owned() };
    for (role, scopes) in [("admin", vec!["read_audit"]), ("service", vec!["feedback"])] {
        make(&keeper, role, &scopes).await.problem(403, "forbidden");
    }
    for role in ["admin", "customer"] {
        let all = json!({ "name": random_text::<9>(), "role": role });
        running.post(&keeper, "/v1/keys", &all).await.problem(403, "forbidden");
    }
    assert_eq!(make(&keeper, "customer", &["ask"]).await.status, 201);
    // It neither sees nor rotates one that may more, and so gets no secret of it.
    let listed = running.read(&keeper, "/v1/keys").await.json();
    assert_eq!(texts(&listed, "role").len(), 2, "itself and the one that it made: {listed}");
    let rotated = running.post(&keeper, &format!("/v1/keys/{}/rotate", admin.id), &json!({})).await;
    rotated.problem(404, "not_found");
    for (role, scopes) in [
        ("customer", vec!["scan_text"]),
        ("customer", vec!["ask", "everything"]),
        // Nothing named is nothing meant: only who names no field has all.
        ("admin", vec![]),
        ("admin", vec![""]),
        ("admin", vec![","]),
    ] {
        let refused = make(&admin, role, &scopes).await;
        assert!(refused.problem(422, "field_invalid")["detail"].to_string().contains("scopes"));
    }
    // A session speaks with what is left to the key that made it, which takes both to make one.
    for scopes in [[Permission::ActForSubject], [Permission::AskAsCustomer]] {
        let key = narrowed(&running, Role::Service, &scopes).await;
        running.post(&key, "/v1/sessions", &json!({ "subject": "4711" })).await.problem(403, "forbidden");
    }
    let scopes = [Permission::ActForSubject, Permission::AskAsCustomer];
    let bank = narrowed(&running, Role::Service, &scopes).await;
    let session = running.post(&bank, "/v1/sessions", &json!({ "subject": "4711" })).await.json();
    let session = Key { id: bank.id, text: text(&session, "token").to_owned() };
    let record = running.ask(&session, Mode::Customer, "hello").await;
    let said = format!("/v1/interactions/{}/feedback", text(&record, "id"));
    running.post(&session, &said, &json!({ "helpful": true })).await.problem(403, "forbidden");
}

#[tokio::test]
async fn the_customers_of_a_narrowed_back_end_are_as_many_people_as_it_names() {
    let running = start(&[]).await;
    let admin = running.key(Role::Admin).await;
    let make = async |name: &str, scopes: &[&str]| {
        let body = json!({ "name": name, "role": "service", "scopes": scopes });
        running.post(&admin, "/v1/keys", &body).await
    };
    for scopes in [&["ask", "feedback"][..], &["ask_as_customer"], &["ask_as_banker", "scan_text"]] {
        let refused = make("shop", scopes).await.problem(422, "field_invalid");
        assert!(refused["detail"].to_string().contains("add act_for_subject"), "{refused}");
    }
    let made = make("shop", &["ask", "act_for_subject", "feedback"]).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["id"].as_str().unwrap().parse().unwrap();
    let shop = Key { id, text: text(&made.json(), "key").to_owned() };
    let mut people = Vec::new();
    for user in ["jo.wallaby@example.com", "al.wombat@example.com"] {
        let body = json!({
            "model": "contactiq-customer", "user": user,
            "messages": [{ "role": "user", "content": "hello" }],
        });
        let said = complete(&running, &shop, &body).await;
        let id = text(&said["contactiq"], "interaction");
        people.push(
            text(&running.read(&shop, &format!("/v1/interactions/{id}")).await.record(), "subject")
                .to_owned(),
        );
    }
    for subject in ["4711", "4712"] {
        let body = json!({ "mode": "customer", "question": "hello", "subject": subject });
        people
            .push(text(&running.post(&shop, "/v1/interactions", &body).await.record(), "subject").to_owned());
    }
    // Whom it does not name is nobody else either.
    people.push(text(&running.ask(&shop, Mode::Customer, "hello").await, "subject").to_owned());
    let apart: std::collections::BTreeSet<_> = people.iter().collect();
    assert_eq!(apart.len(), 5, "{people:?}");
    // And it erases none of them.
    running.post(&shop, "/v1/persons/erase", &json!({ "subject": "4711" })).await.problem(403, "forbidden");
    running.post(&shop, "/v1/persons/export", &json!({ "subject": "4711" })).await.problem(403, "forbidden");
}

async fn opens(running: &Running, secret: &str) -> u16 {
    Reply::of(running.request(Method::GET, "/v1/conversations").bearer_auth(secret)).await.status
}

#[tokio::test]
async fn an_old_secret_goes_on_beside_the_new_one_and_both_end_with_the_key() {
    let running = start(&[]).await;
    let (admin, shop) = (running.key(Role::Admin).await, running.key(Role::Service).await);
    let rotate = async |grace: &str| {
        running.post(&admin, &format!("/v1/keys/{}/rotate{grace}", shop.id), &json!({})).await
    };
    let first = rotate("?grace=24h").await.json();
    let second = text(&first, "key").to_owned();
    assert!(first["previous_ends_at"].is_string(), "{first}");
    assert_eq!((opens(&running, &shop.text).await, opens(&running, &second).await), (200, 200));
    // The same key: what the one began the other reads.
    let asked = running.ask(&shop, Mode::Customer, "hello").await;
    let path = format!("/v1/interactions/{}", text(&asked, "id"));
    assert_eq!(Reply::of(running.request(Method::GET, &path).bearer_auth(&second)).await.status, 200);
    for wrong in ["?grace=31d", "?grace=x", "?graces=1h"] {
        assert_eq!(rotate(wrong).await.status, 422, "{wrong}");
    }
    // A third beside two would end the first unannounced.
    let third = rotate("?grace=1h").await.problem(409, "secret_overlaps");
    assert!(third["detail"].to_string().contains("grace=0"), "{third}");
    assert_eq!([opens(&running, &shop.text).await, opens(&running, &second).await], [200, 200]);
    let browser = Browser::sign_in(&running).await;
    let form = format!("/access/keys/{}", shop.id);
    assert!(browser.get("/access").await.page(200).contains("old secret until"));
    let refused = browser.send(&form, &[("change", "rotate"), ("grace", "1h")]).await;
    assert!(refused.page(409).contains("goes on until"), "{}", refused.text);
    // With nothing said both end.
    let rotated = rotate("").await.json();
    let last = text(&rotated, "key").to_owned();
    assert!(rotated["previous_ends_at"].is_null(), "{rotated}");
    assert_eq!(
        [opens(&running, &shop.text).await, opens(&running, &second).await, opens(&running, &last).await],
        [401, 401, 200]
    );
    // On the page.
    let page = browser.send(&form, &[("change", "rotate"), ("grace", "24h")]).await;
    let newest = between(page.page(200), "id=\"made-key\">", "<").to_owned();
    assert_eq!([opens(&running, &last).await, opens(&running, &newest).await], [200, 200]);
    assert_eq!(browser.send(&form, &[("change", "revoke")]).await.status, 303);
    for secret in [&last, &newest] {
        soon(async || (opens(&running, secret).await == 401).then_some(())).await;
    }
}

#[tokio::test]
async fn an_old_secret_ends_at_its_moment() {
    let running = start(&[]).await;
    let old = format!("ciq_test_{}", random_text::<24>());
    let before = Before {
        prefix: "ciq_test".to_owned(),
        hash: sha256_hex(old.as_bytes()),
        ends_at: SystemClock.now().plus_seconds(4),
    };
    let key = running.key_with(Role::Customer, |k| k.before = Some(before)).await;
    assert_eq!([opens(&running, &old).await, opens(&running, &key.text).await], [200, 200]);
    tokio::time::sleep(std::time::Duration::from_millis(4100)).await;
    assert_eq!([opens(&running, &old).await, opens(&running, &key.text).await], [401, 200]);
}

#[test]
fn the_command_line_narrows_keys_and_lets_secrets_overlap() {
    let terminal = Terminal::new();
    terminal
        .run(&[
            "keys",
            "create",
            "--name",
            "shop",
            "--role",
            "service",
            "--scope",
            "ask,act_for_subject,feedback",
        ])
        .well();
    let rotated = terminal.run(&["keys", "rotate", "shop", "--grace", "24h"]);
    assert!(rotated.err.contains("the secret before goes on until"), "{rotated:?}");
    let listed = terminal.run(&["keys", "list", "--json"]).lines(0).remove(0);
    let scopes = ["ask_as_customer", "ask_as_banker", "feedback", "act_for_subject"];
    assert_eq!(listed["scopes"], json!(scopes));
    assert!(listed["previous_ends_at"].is_string(), "{listed}");
    assert!(terminal.run(&["keys", "list"]).well().contains(&scopes.join(",")));
    let third = terminal.run(&["keys", "rotate", "shop", "--grace", "1h"]);
    assert!(third.refused().contains("goes on until"), "{third:?}");
    let rotated = terminal.run(&["keys", "rotate", "shop"]);
    assert!(!rotated.err.contains("goes on until"), "{rotated:?}");
    let wide = terminal.run(&["keys", "create", "--name", "x", "--role", "customer", "--scope", "scan_text"]);
    assert!(wide.refused().contains("--scope: a customer may have"), "{wide:?}");
    let told = terminal.run(&["doctor"]);
    assert!(
        told.out.contains("services without a rate of their own") && told.out.contains("shop"),
        "{told:?}"
    );
    for (scope, why) in [("", "leave it out"), (",", "leave it out"), ("ask,feedback", "add act_for_subject")]
    {
        let refused = terminal.run(&["keys", "create", "--name", "x", "--role", "service", "--scope", scope]);
        assert!(refused.refused().contains(why), "{refused:?}");
    }
    let long = terminal.run(&["keys", "rotate", "shop", "--grace", "2w"]);
    assert!(long.refused().contains("--grace: write 0"), "{long:?}");
}
