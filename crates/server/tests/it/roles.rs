//! Who may do what: every route, every role, and nobody at all (A2).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use contactiq_domain::{Clock, Mode, Role};
use contactiq_server::{guard::routes::PUBLIC, web, wiring::SystemClock};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    house::{FORM, Key, REPLACEMENT, Running, form, start},
    reply::{Reply, text, texts},
};

const ROLES: [Role; 6] =
    [Role::Customer, Role::Banker, Role::Supervisor, Role::Auditor, Role::Admin, Role::Service];

/// A route, what is sent, and the status for nobody, customer, banker, supervisor, auditor, admin, service.
struct Line(&'static str, String, Value, [u16; 7]);

fn table(interaction: &str, conversation: &str) -> Vec<Line> {
    let none = || Value::Null;
    let ask = |mode: &str| json!({ "mode": mode, "question": "hello" });
    let chat = |mode: &str| json!({ "model": format!("contactiq-{mode}"), "messages": [{ "role": "user", "content": "hello" }] });
    let own = |path: &str| path.to_owned();
    // A text is what a form sends.
    let sent = |pairs: &str| Value::String(pairs.to_owned());
    vec![
        Line("POST", own("/v1/interactions"), ask("customer"), [401, 200, 200, 200, 403, 200, 200]),
        Line("POST", own("/v1/interactions"), ask("banker"), [401, 403, 200, 200, 403, 200, 200]),
        Line("GET", format!("/v1/interactions/{interaction}"), none(), [401, 404, 404, 200, 200, 200, 404]),
        Line(
            "GET",
            format!("/v1/interactions/{interaction}/events"),
            none(),
            [401, 404, 404, 200, 200, 200, 404],
        ),
        Line(
            "POST",
            format!("/v1/interactions/{interaction}/unmask"),
            json!({ "purpose": "a complaint" }),
            [401, 403, 403, 200, 403, 200, 403],
        ),
        Line(
            "POST",
            format!("/v1/interactions/{interaction}/feedback"),
            json!({ "helpful": true }),
            [401, 404, 404, 404, 403, 404, 404],
        ),
        Line(
            "POST",
            own("/v1/conversations"),
            json!({ "mode": "customer" }),
            [401, 201, 201, 201, 403, 201, 201],
        ),
        Line(
            "POST",
            own("/v1/conversations"),
            json!({ "mode": "banker" }),
            [401, 403, 201, 201, 403, 201, 201],
        ),
        Line("GET", own("/v1/conversations"), none(), [401, 200, 200, 200, 200, 200, 200]),
        Line("GET", format!("/v1/conversations/{conversation}"), none(), [401, 404, 404, 200, 200, 200, 404]),
        Line("GET", own("/v1/knowledge"), none(), [401, 200, 200, 200, 200, 200, 200]),
        Line("GET", own("/v1/knowledge/conflicts"), none(), [401, 200, 200, 200, 200, 200, 200]),
        Line("GET", own("/v1/knowledge?collection=banker"), none(), [401, 403, 200, 200, 200, 200, 200]),
        Line(
            "GET",
            own("/v1/knowledge/customer/replacement-card/passages/0"),
            none(),
            [401, 200, 200, 200, 200, 200, 200],
        ),
        Line(
            "GET",
            own("/v1/knowledge/banker/branch-card-handling/passages/0"),
            none(),
            [401, 403, 200, 200, 200, 200, 200],
        ),
        Line("POST", own("/v1/guard/scan"), json!({ "text": "hello" }), [401, 403, 403, 403, 403, 200, 200]),
        Line("GET", own("/v1/guard/review"), none(), [401, 403, 403, 200, 403, 200, 403]),
        Line(
            "PUT",
            format!("/v1/guard/review/{interaction}"),
            json!({ "decision": "right" }),
            [401, 403, 403, 404, 403, 404, 403],
        ),
        Line("GET", own("/v1/tickets/workers"), none(), [401, 403, 403, 200, 403, 200, 403]),
        Line(
            "PUT",
            own("/v1/tickets/none/hands"),
            json!({ "to": "nobody" }),
            [401, 403, 403, 404, 403, 404, 403],
        ),
        Line("GET", own("/v1/costs"), none(), [401, 403, 403, 200, 200, 200, 403]),
        Line("GET", own("/v1/ledger"), none(), [401, 403, 403, 403, 403, 200, 403]),
        Line("GET", own("/v1/ledger/dead-letters"), none(), [401, 403, 403, 403, 403, 200, 403]),
        Line("GET", own("/v1/ledger/dead-letters/none"), none(), [401, 403, 403, 403, 403, 404, 403]),
        Line("DELETE", own("/v1/ledger/dead-letters/none"), none(), [401, 403, 403, 403, 403, 404, 403]),
        Line("POST", own("/v1/ledger/dead-letters/none/replay"), none(), [401, 403, 403, 403, 403, 404, 403]),
        Line("GET", own("/v1/keys"), none(), [401, 403, 403, 403, 403, 200, 403]),
        Line(
            "POST",
            own("/v1/keys"),
            json!({ "name": "", "role": "banker" }),
            [401, 403, 403, 403, 403, 422, 403],
        ),
        Line("DELETE", own("/v1/keys/none"), none(), [401, 403, 403, 403, 403, 404, 403]),
        Line("POST", own("/v1/keys/none/rotate"), none(), [401, 403, 403, 403, 403, 404, 403]),
        Line("GET", own("/v1/sessions"), none(), [401, 403, 403, 403, 403, 200, 403]),
        Line("POST", own("/v1/sessions"), json!({ "subject": "4711" }), [401, 403, 403, 403, 403, 201, 201]),
        Line("DELETE", own("/v1/sessions/none"), none(), [401, 403, 403, 403, 403, 404, 403]),
        Line("POST", own("/v1/chat/completions"), chat("customer"), [401, 200, 200, 200, 403, 200, 200]),
        Line("POST", own("/v1/chat/completions"), chat("banker"), [401, 403, 200, 200, 403, 200, 200]),
        Line("GET", own("/v1/models"), none(), [401, 200, 200, 200, 200, 200, 200]),
        Line("GET", own("/v1/models/contactiq-banker"), none(), [401, 404, 200, 200, 404, 200, 200]),
        Line("GET", own("/health"), none(), [200; 7]),
        Line("GET", own("/ready"), none(), [200; 7]),
        Line("POST", own("/v1/persons/export"), json!({}), [401, 200, 200, 200, 200, 200, 200]),
        Line(
            "POST",
            own("/v1/persons/erase"),
            json!({ "subject": "nobody" }),
            [401, 403, 403, 403, 403, 200, 200],
        ),
        Line(
            "POST",
            own("/v1/persons/consents"),
            json!({ "purpose": "history", "given": true }),
            [401, 204, 204, 204, 204, 204, 204],
        ),
        Line("GET", own("/v1/persons/holds"), none(), [401, 403, 403, 403, 403, 200, 403]),
        Line(
            "POST",
            own("/v1/persons/holds"),
            json!({ "subject": "", "matter": "1" }),
            [401, 403, 403, 403, 403, 422, 403],
        ),
        Line("DELETE", own("/v1/persons/holds/none"), none(), [401, 403, 403, 403, 403, 404, 403]),
        // The pages: whoever is nobody is sent to the sign-in page.
        Line("GET", own("/signin"), none(), [200; 7]),
        Line("GET", own("/assets/base.css"), none(), [200; 7]),
        Line("GET", own("/chat/customer"), none(), [303, 200, 200, 200, 403, 200, 200]),
        Line("GET", own("/chat/banker"), none(), [303, 403, 200, 200, 403, 200, 200]),
        Line("GET", own("/dashboard"), none(), [303, 403, 403, 200, 200, 200, 403]),
        Line("GET", own("/tickets"), none(), [303, 403, 200, 200, 200, 200, 403]),
        Line("GET", own("/review"), none(), [303, 403, 403, 200, 403, 200, 403]),
        Line("GET", own("/documents"), none(), [303, 200, 200, 200, 200, 200, 200]),
        Line("GET", own("/documents/customer/replacement-card"), none(), [303, 200, 200, 200, 200, 200, 200]),
        Line(
            "GET",
            own("/documents/banker/branch-card-handling"),
            none(),
            [303, 403, 200, 200, 200, 200, 200],
        ),
        Line("GET", format!("/interactions/{interaction}"), none(), [303, 403, 403, 200, 200, 200, 403]),
        Line("GET", own("/tickets/none"), none(), [303, 403, 404, 404, 404, 404, 403]),
        Line("GET", own("/access"), none(), [303, 403, 403, 403, 403, 200, 403]),
        // A key has no session, and so no token of a form: it changes nothing on a page.
        Line("POST", own("/signout"), sent("csrf="), [303, 403, 403, 403, 403, 403, 403]),
        Line("POST", own("/chat/customer"), sent("question=hello"), [303, 403, 403, 403, 403, 403, 403]),
        Line("POST", own("/tickets/none"), sent("state=taken"), [303, 403, 403, 403, 403, 403, 403]),
        Line("POST", own("/tickets/none/hands"), sent("to=nobody"), [303, 403, 403, 403, 403, 403, 403]),
        Line(
            "POST",
            format!("/interactions/{interaction}/unmask"),
            sent("purpose=x"),
            [303, 403, 403, 403, 403, 403, 403],
        ),
        Line("POST", own("/review/none"), sent("decision=right"), [303, 403, 403, 403, 403, 403, 403]),
        Line("POST", own("/audit/verify"), sent("csrf="), [303, 403, 403, 403, 403, 403, 403]),
        Line("POST", own("/access/keys"), sent("name=x&role=admin"), [303, 403, 403, 403, 403, 403, 403]),
        Line("POST", own("/access/keys/none"), sent("change=revoke"), [303, 403, 403, 403, 403, 403, 403]),
        Line("POST", own("/access/sessions/none"), sent("csrf="), [303, 403, 403, 403, 403, 403, 403]),
        // Open to everyone, and of no use without a code, a provider or a signed token.
        Line("GET", own("/"), none(), [303; 7]),
        Line("POST", own("/signin"), sent("code=wrong"), [401; 7]),
        Line("GET", own("/signin/provider"), none(), [403; 7]),
        Line("GET", own("/signin/callback"), none(), [403; 7]),
        Line("POST", own("/signin/ended"), sent("logout_token=x"), [403; 7]),
        Line("GET", own("/audit"), none(), [303, 403, 403, 403, 200, 200, 403]),
        Line("GET", own("/v1/audit/export"), none(), [401, 403, 403, 403, 200, 200, 403]),
        Line("GET", own("/v1/audit/checkpoint"), none(), [401, 403, 403, 403, 200, 200, 403]),
    ]
}

#[tokio::test]
async fn every_route_opens_for_the_roles_of_the_table_and_for_no_others() {
    let running = start(&[]).await;
    let owner = running.key(Role::Customer).await;
    let record = running.ask(&owner, Mode::Customer, "hello").await;
    let table = table(text(&record, "id"), text(&record, "conversation"));
    let mut callers: Vec<(String, Option<Key>)> = vec![("nobody".to_owned(), None)];
    for role in ROLES {
        callers.push((role.to_string(), Some(running.key(role).await)));
    }
    for Line(method, path, body, expected) in &table {
        for ((who, key), expected) in callers.iter().zip(expected) {
            let mut request = running.request(method.parse().unwrap(), path);
            if let Some(key) = key {
                request = request.bearer_auth(&key.text);
            }
            request = match body {
                Value::Null => request,
                Value::String(pairs) => request.header(FORM.0, FORM.1).body(pairs.clone()),
                body => request.json(body),
            };
            let reply = Reply::of(request).await;
            assert_eq!(reply.status, *expected, "{method} {path} {body} as {who}: {}", reply.text);
            let api = path.starts_with("/v1") || path == "/signin/ended";
            let openai = path.starts_with("/v1/chat/") || path.starts_with("/v1/models");
            match expected {
                401 if openai => drop(reply.openai_error(401, "unauthorised")),
                403 if openai => drop(reply.openai_error(403, "forbidden")),
                404 if openai => drop(reply.openai_error(404, "model_not_found")),
                401 if api => drop(reply.problem(401, "unauthorised")),
                401 => drop(reply.page(401)),
                403 if api => drop(reply.problem(403, "forbidden")),
                403 => drop(reply.page(403)),
                404 if api => drop(reply.problem(404, "not_found")),
                404 => drop(reply.page(404)),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn every_route_stands_in_the_table() {
    let described: Value = serde_json::from_str(&contactiq_server::api::openapi()).unwrap();
    let mut routes: Vec<(String, String)> = web::routes()
        .listed()
        .iter()
        .map(|(method, path)| (method.to_string(), (*path).to_owned()))
        .collect();
    assert!(routes.len() > 20, "{routes:?}");
    for (path, methods) in described["paths"].as_object().unwrap() {
        routes
            .extend(methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    // What is open to everyone is a route, and says why.
    for (method, path, why) in PUBLIC {
        assert!(
            routes.contains(&((*method).to_owned(), (*path).to_owned())) && !why.is_empty(),
            "{method} {path}"
        );
    }
    let mut missing = BTreeSet::new();
    let table = table("ID", "ID");
    for (method, path) in &routes {
        {
            let parts: Vec<&str> = path.split('/').collect();
            let stands = table.iter().any(|Line(m, p, ..)| {
                let own: Vec<&str> = p.split('?').next().unwrap().split('/').collect();
                let fits = |(a, b): (&&str, &&str)| a == b || a.starts_with('{');
                m == method && own.len() == parts.len() && parts.iter().zip(&own).all(fits)
            });
            if !stands {
                missing.insert(format!("{method} {path}"));
            }
        }
    }
    assert_eq!(missing, BTreeSet::new());
}

#[tokio::test]
async fn everyone_reads_their_own_and_only_those_who_may_read_others() {
    let running = start(&[]).await;
    let mut keys = Vec::new();
    for role in ROLES {
        keys.push((role, running.key(role).await));
    }
    let namesakes = [running.key(Role::Customer).await, running.key(Role::Banker).await];
    for (owner, key) in keys.iter().filter(|(role, _)| *role != Role::Auditor) {
        let record = running.ask(key, Mode::Customer, "hello").await;
        let interaction = format!("/v1/interactions/{}", text(&record, "id"));
        let said = running.post(key, &format!("{interaction}/feedback"), &json!({ "helpful": true })).await;
        assert_eq!(said.status, 204, "{owner}");
        let own = running.read(key, "/v1/conversations").await.json();
        // A key that speaks for people and named nobody asked for a person whom it can't name.
        let speaks_for_people = matches!(owner, Role::Service | Role::Admin);
        assert_eq!(own.as_array().map(Vec::len), Some(usize::from(!speaks_for_people)), "{owner}");
        for path in [
            interaction.clone(),
            format!("{interaction}/events"),
            format!("/v1/conversations/{}", text(&record, "conversation")),
        ] {
            assert_eq!(running.read(key, &path).await.status, 200, "{path} as its owner, {owner}");
            let others = keys.iter().filter(|(role, _)| role != owner).map(|(role, key)| (*role, key));
            let same = namesakes.iter().zip([Role::Customer, Role::Banker]).map(|(key, role)| (role, key));
            for (role, other) in others.chain(same) {
                let may = matches!(role, Role::Supervisor | Role::Auditor | Role::Admin);
                let status = if may { 200 } else { 404 };
                assert_eq!(running.read(other, &path).await.status, status, "{path} of {owner} as {role}");
            }
        }
    }
}

#[tokio::test]
async fn a_ticket_is_seen_by_those_who_work_on_it_and_by_no_other_banker() {
    let running = start(&[]).await;
    let mut keys = Vec::new();
    for role in ROLES {
        keys.push((role, running.key(role).await));
    }
    let another = (Role::Banker, running.key(Role::Banker).await);
    let asks = |role: Role, mode: Mode| role.allows(mode.permission());
    for mode in [Mode::Customer, Mode::Banker] {
        for (owner, key) in keys.iter().filter(|(role, _)| asks(*role, mode)) {
            let record = running.ask(key, mode, "let me talk to a human").await;
            let ticket = format!("/tickets/{}", text(&record, "ticket"));
            for (role, other) in keys.iter().chain([&another]) {
                let status = match role {
                    Role::Customer | Role::Service => 403,
                    Role::Banker if mode == Mode::Customer || other.id == key.id => 200,
                    Role::Banker => 404,
                    Role::Supervisor | Role::Auditor | Role::Admin => 200,
                };
                let what = format!("{ticket} of {owner} in {mode} as {role}");
                assert_eq!(running.read(other, &ticket).await.status, status, "{what}");
                if status != 403 {
                    let listed = running.read(other, "/tickets").await;
                    assert_eq!(listed.page(200).contains(&ticket), status == 200, "{what}");
                }
            }
        }
    }
    // A back end speaks for a banker: his ticket is no other's either, and not that of a namesake with another key.
    let (_, service) = keys.iter().find(|(role, _)| *role == Role::Service).unwrap();
    let body = json!({ "mode": "banker", "question": "let me talk to a human", "subject": another.1.id.to_string() });
    let record = running.post(service, "/v1/interactions", &body).await.record();
    assert_eq!(running.read(&another.1, &format!("/tickets/{}", text(&record, "ticket"))).await.status, 404);
}

#[tokio::test]
async fn a_customer_is_told_of_no_document_of_the_staff() {
    let running = start(&[]).await;
    let (customer, banker) = (running.key(Role::Customer).await, running.key(Role::Banker).await);
    let collections = async |key: &Key| -> BTreeSet<String> {
        let listed = running.read(key, "/v1/knowledge").await.json();
        texts(&listed, "collection").into_iter().map(str::to_owned).collect()
    };
    assert_eq!(collections(&customer).await, BTreeSet::from(["customer".to_owned()]));
    assert_eq!(collections(&banker).await, BTreeSet::from(["banker".to_owned(), "customer".to_owned()]));
    // There or not there: to whom it is closed, both look the same.
    for slug in ["branch-card-handling", "no-such-document"] {
        let path = format!("/v1/knowledge/banker/{slug}/passages/0");
        running.read(&customer, &path).await.problem(403, "forbidden");
    }
    for question in
        [REPLACEMENT, "What are the clocks of a complaint?", "fee refund authority of branch staff"]
    {
        let record = running.ask(&customer, Mode::Customer, question).await;
        for document in texts(&record["citations"], "document") {
            assert!(document.starts_with("customer/"), "{question}: {document}");
        }
    }
}

#[tokio::test]
async fn a_key_limited_to_a_mode_stays_in_it() {
    let running = start(&[]).await;
    let limited = async |role: Role, mode: Mode| {
        let change =
            |k: &mut contactiq_store::keys::ApiKey| (k.mode, k.rate_per_minute) = (Some(mode), Some(1000));
        running.key_with(role, change).await
    };
    for role in [Role::Banker, Role::Admin, Role::Service] {
        let (customer, banker) = (limited(role, Mode::Customer).await, limited(role, Mode::Banker).await);
        for (key, own, other) in [(&customer, "customer", "banker"), (&banker, "banker", "customer")] {
            let ask = |mode: &str| json!({ "mode": mode, "question": "hello" });
            running.post(key, "/v1/interactions", &ask(own)).await.record();
            running.post(key, "/v1/interactions", &ask(other)).await.problem(403, "forbidden");
            let begun = running.post(key, "/v1/conversations", &json!({ "mode": other })).await;
            begun.problem(403, "forbidden");
        }
        let staff = "/v1/knowledge/banker/branch-card-handling/passages/0";
        running.read(&customer, staff).await.problem(403, "forbidden");
        assert_eq!(running.read(&banker, staff).await.status, 200);
    }
}

#[tokio::test]
async fn a_key_limited_to_a_mode_sees_nothing_of_the_other_on_any_page_or_route() {
    let running = start(&[]).await;
    let anyone = running.key(Role::Banker).await;
    let limited = async |mode: Mode| {
        running.key_with(Role::Supervisor, |k| (k.mode, k.rate_per_minute) = (Some(mode), Some(1000))).await
    };
    let modes = [Mode::Customer, Mode::Banker];
    let keys = [limited(modes[0]).await, limited(modes[1]).await];
    let mut asked = Vec::new();
    for mode in modes {
        asked.push(running.ask(&anyone, mode, "let me talk to a human").await);
    }
    for (own, key) in keys.iter().enumerate() {
        for (of, record) in asked.iter().enumerate() {
            let sees = own == of;
            let (id, ticket) = (text(record, "id"), format!("/tickets/{}", text(record, "ticket")));
            for path in [
                format!("/v1/interactions/{id}"),
                format!("/v1/conversations/{}", text(record, "conversation")),
                format!("/interactions/{id}"),
                ticket.clone(),
            ] {
                let status = running.read(key, &path).await.status;
                assert_eq!(status, if sees { 200 } else { 404 }, "{path} of {} as {}", modes[of], modes[own]);
            }
            let chat = running.read(key, &format!("/chat/{}", modes[of])).await.status;
            assert_eq!(chat, if sees { 200 } else { 403 });
            for list in ["/tickets", "/tickets?state=open"] {
                assert_eq!(running.read(key, list).await.page(200).contains(&ticket), sees, "{list}");
            }
            // A key has no session, and so no token of a form: it changes nothing in either mode.
            let take = running.request(Method::POST, &ticket).bearer_auth(&key.text);
            let take = Reply::of(take.header(FORM.0, FORM.1).body(form(&[("state", "taken")]))).await;
            assert_eq!(take.status, 403);
            let said = format!("/v1/interactions/{id}/feedback");
            running.post(key, &said, &json!({ "helpful": true })).await.problem(404, "not_found");
        }
        assert_eq!(running.read(key, "/v1/conversations").await.json(), json!([]));
    }
    // Figures of one assistant, whatever is asked for: both have one interaction each.
    let figures = async |key: &Key, mode: &str| {
        running.read(key, &format!("/dashboard?mode={mode}")).await.page(200).to_owned()
    };
    for (key, mode) in keys.iter().zip(modes) {
        assert_eq!(figures(key, "customer").await, figures(key, "banker").await);
        assert_eq!(figures(key, "").await, figures(key, &mode.to_string()).await);
    }
    // Staff answers rest on both collections, a customer's never on the staff's.
    let staff = "/documents/banker/branch-card-handling";
    assert_eq!(running.read(&keys[0], staff).await.status, 403);
    assert_eq!(running.read(&keys[1], staff).await.status, 200);
    assert!(!running.read(&keys[0], "/documents").await.page(200).contains("/documents/banker/"));
    running.read(&keys[0], "/v1/knowledge?collection=banker").await.problem(403, "forbidden");
    let listed = running.read(&keys[0], "/v1/knowledge").await.json();
    assert!(texts(&listed, "collection").iter().all(|c| *c == "customer"));
}

/// A taxonomy in which the bank keeps one banker intent for supervisors.
const KEPT: &str = r#"
version = 1
[customer.unknown]
category = "automatable"
role = "customer"
description = "outside"
examples = ["what is the weather", "tell me a joke"]
[customer.fee_inquiry]
category = "automatable"
role = "customer"
description = "fees"
examples = ["what does a replacement card cost", "how much is the monthly fee"]
[banker.unknown]
category = "automatable"
role = "banker"
description = "outside"
examples = ["what is the weather", "tell me a joke"]
[banker.policy_lookup]
category = "automatable"
role = "supervisor"
description = "policy"
examples = ["what does the gifts policy say", "which gifts may staff accept"]
"#;

#[tokio::test]
async fn an_intent_of_a_higher_role_goes_to_a_person() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), KEPT).unwrap();
    let running = start(&[("CONTACTIQ__FILES__INTENTS", &file.path().display().to_string())]).await;
    let question = "what does the gifts policy say";
    let banker = running.ask(&running.key(Role::Banker).await, Mode::Banker, question).await;
    assert_eq!((text(&banker, "outcome"), text(&banker, "trigger")), ("escalated", "human_only"));
    assert!(banker.to_string().contains("human_only/role-for-policy_lookup"), "{banker}");
    let supervisor = running.ask(&running.key(Role::Supervisor).await, Mode::Banker, question).await;
    assert_ne!(text(&supervisor, "routing"), "escalate", "{supervisor}");
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_five_seconds() {
    let running = start(&[]).await;
    let key = running.key(Role::Banker).await;
    assert_eq!(running.read(&key, "/v1/conversations").await.status, 200);
    let mut w = running.store.write().await.unwrap();
    contactiq_store::keys::revoke(&mut w, &key.id.to_string(), SystemClock.now()).await.unwrap();
    w.save().await.unwrap();
    let since = Instant::now();
    while running.read(&key, "/v1/conversations").await.status == 200 {
        assert!(since.elapsed() < Duration::from_secs(5), "still let in");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    running.read(&key, "/v1/conversations").await.problem(401, "unauthorised");
}

#[tokio::test]
async fn an_expired_key_is_refused_from_its_moment_on() {
    let running = start(&[]).await;
    let now = SystemClock.now();
    let gone = running.key_with(Role::Admin, |k| k.expires_at = Some(now.plus_seconds(-1))).await;
    running.read(&gone, "/v1/conversations").await.problem(401, "unauthorised");
    let going =
        running.key_with(Role::Admin, |k| k.expires_at = Some(SystemClock.now().plus_seconds(4))).await;
    assert_eq!(running.read(&going, "/v1/conversations").await.status, 200);
    tokio::time::sleep(Duration::from_millis(4100)).await;
    running.read(&going, "/v1/conversations").await.problem(401, "unauthorised");
}

/// The access log as it stands: method, route, result, status and whether somebody was known.
async fn accesses(running: &Running) -> Vec<(String, String, String, u16, bool)> {
    let mut reader = running.store.read().await.unwrap();
    let found = contactiq_store::access::recent(&mut reader, 50).await.unwrap();
    found
        .into_iter()
        .map(|e| {
            assert_eq!(e.from_ip, "127.0.0.1");
            (e.method, e.route, e.result.to_string(), e.status, e.actor != "anonymous")
        })
        .collect()
}

#[tokio::test]
async fn every_attempt_is_in_the_access_log_with_its_result_and_without_its_words() {
    let running = start(&[]).await;
    let key = running.key_with(Role::Customer, |k| k.rate_per_minute = Some(1)).await;
    let ask = |mode: &str| json!({ "mode": mode, "question": "hello" });
    running.post(&key, "/v1/interactions", &ask("customer")).await.record();
    running.post(&key, "/v1/interactions", &ask("customer")).await.problem(429, "too_many_requests");
    running.post(&key, "/v1/interactions", &ask("banker")).await.problem(403, "forbidden");
    Reply::of(running.request(Method::GET, "/v1/interactions/CANARY")).await.problem(401, "unauthorised");
    Reply::of(running.request(Method::GET, "/CANARY?CANARY=1")).await.problem(404, "no_route");
    let expected = [
        ("POST", "/v1/interactions", "allowed", 200, true),
        ("POST", "/v1/interactions", "limited", 429, true),
        ("POST", "/v1/interactions", "forbidden", 403, true),
        ("GET", "/v1/interactions/{id}", "unauthenticated", 401, false),
        ("GET", "unmatched", "allowed", 404, false),
    ]
    .map(|(m, r, s, n, k)| (m.to_owned(), r.to_owned(), s.to_owned(), n, k));
    let seen = crate::house::soon(async || Some(accesses(&running).await).filter(|s| s.len() >= 5)).await;
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), expected.into_iter().collect());
}
