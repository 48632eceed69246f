//! Staff sign in on the pages by the bank's identity provider, see what their role may, and sign out (A1, A2, A4).

use std::time::{Duration, Instant};

use contactiq_domain::Role;
use contactiq_store::{access::AccessEvent, page_sessions};
use jsonwebtoken::Header;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    browser::between,
    cluster::Database,
    house::{FORM, Key, Running, folder, form, soon},
    oidc::{PEOPLE, Provider, Staff, now, session_cookie, to_the_provider},
    reply::{Reply, text},
};

/// The event of a request to this route with this reason, once it is in the access log.
pub(crate) async fn noted(running: &Running, route: &str, reason: Option<&str>) -> AccessEvent {
    soon(async || {
        let mut reader = running.store.read().await.unwrap();
        let events = contactiq_store::access::recent(&mut reader, 100).await.unwrap();
        events.into_iter().find(|event| event.route == route && event.reason.as_deref() == reason)
    })
    .await
}

#[tokio::test]
async fn staff_sign_in_by_the_provider_and_see_what_their_role_may() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let sign_in = Reply::of(running.request(Method::GET, "/signin?next=/tickets")).await;
    let page = sign_in.page(200);
    assert!(page.contains("/signin/provider?next=/tickets") && !page.contains("Sign-in code"), "{page}");
    // The link of the start is off beside a provider.
    let code = format!("/signin?code={}", running.code());
    assert!(Reply::of(running.request(Method::GET, &code)).await.page(403).contains("switched off"));

    let of_bankers =
        [("/chat/banker", 200), ("/tickets", 200), ("/dashboard", 403), ("/review", 403), ("/access", 403)];
    let of_supervisors =
        [("/chat/banker", 200), ("/tickets", 200), ("/dashboard", 200), ("/review", 200), ("/access", 403)];
    let of_auditors =
        [("/chat/banker", 403), ("/tickets", 200), ("/dashboard", 200), ("/review", 403), ("/access", 403)];
    let of_admins =
        [("/chat/banker", 200), ("/tickets", 200), ("/dashboard", 200), ("/review", 200), ("/access", 200)];
    for ((person, role), pages) in PEOPLE.iter().zip([of_bankers, of_supervisors, of_auditors, of_admins]) {
        let staff = Staff::sign_in(&running, person).await;
        let home = staff.get("/documents").await;
        assert!(home.page(200).contains(&format!("{person}@bank.example ({role})")), "{}", home.text);
        for (path, status) in pages {
            assert_eq!(staff.get(path).await.status, status, "{path} as {person}");
            // Who may not open a page is not led to it.
            let link = format!("href=\"{path}\"");
            assert_eq!(home.text.contains(&link), status == 200, "{path} as {person}");
        }
    }
    let event = noted(&running, "/signin/callback", None).await;
    assert!(event.actor.starts_with("person:") && event.status == 200, "{event:?}");
    let kept = running.database_bytes();
    assert!(!crate::house::holds(&kept, "@bank.example"), "what a directory calls people is sealed");
}

#[tokio::test]
async fn a_banker_sees_no_conversation_of_another_and_a_supervisor_does() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let banker = Staff::sign_in(&running, "mia").await;
    let asked = banker.send("/chat/banker", &[("question", "hello")]).await;
    let chat = asked.redirect().split('#').next().unwrap().to_owned();
    let id = asked.redirect().split("#turn-").nth(1).unwrap().to_owned();
    assert_eq!(banker.get(&chat).await.status, 200);
    assert_eq!(banker.get(&format!("/v1/interactions/{id}")).await.status, 200);
    let conversation = chat.split("conversation=").nth(1).unwrap();
    // Another banker: the API, by the address of the conversation and of the interaction, and the same page.
    let another = provider.token("banker").await;
    for path in [format!("/v1/interactions/{id}"), format!("/v1/conversations/{conversation}")] {
        let read = Reply::of(running.request(Method::GET, &path).bearer_auth(&another)).await;
        read.problem(404, "not_found");
    }
    assert_eq!(Reply::of(running.request(Method::GET, &chat).bearer_auth(&another)).await.status, 404);
    assert_eq!(
        Reply::of(running.request(Method::GET, &format!("/interactions/{id}")).bearer_auth(&another))
            .await
            .status,
        403
    );
    let supervisor = Staff::sign_in(&running, "sam").await;
    assert_eq!(supervisor.get(&format!("/interactions/{id}")).await.status, 200);
    assert_eq!(supervisor.get(&format!("/v1/conversations/{conversation}")).await.status, 200);
    let auditor = Staff::sign_in(&running, "ada").await;
    assert_eq!(auditor.get(&format!("/interactions/{id}")).await.status, 200);
}

#[tokio::test]
async fn a_banker_works_on_the_tickets_of_customers_and_of_no_other_banker() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let banker = Staff::sign_in(&running, "mia").await;
    let another = provider.token("banker").await;
    let asked = async |mode: &str, token: &str| {
        let body = json!({ "mode": mode, "question": "let me talk to a human" });
        let ask = running.request(Method::POST, "/v1/interactions").bearer_auth(token).json(&body);
        format!("/tickets/{}", text(&Reply::of(ask).await.record(), "ticket"))
    };
    let (theirs, customers) = (asked("banker", &another).await, asked("customer", &another).await);
    let own = banker.send("/chat/banker", &[("question", "let me talk to a human")]).await;
    let own = banker.get(own.redirect().split('#').next().unwrap()).await;
    let listed = banker.get("/tickets").await;
    let listed = listed.page(200);
    assert!(listed.contains(&customers) && !listed.contains(&theirs), "{listed}");
    assert_eq!(banker.get(&theirs).await.status, 404);
    // Neither read, nor taken, nor closed, nor noted on.
    for state in ["taken", "closed"] {
        banker.send(&theirs, &[("state", state), ("note", "CANARY")]).await.page(404);
        assert_eq!(banker.send(&customers, &[("state", state)]).await.status, 303);
    }
    let supervisor = Staff::sign_in(&running, "sam").await;
    let page = supervisor.get(&theirs).await;
    assert!(page.page(200).contains("Take this ticket") && !page.text.contains("CANARY"), "{}", page.text);
    assert_eq!(supervisor.send(&theirs, &[("state", "taken")]).await.status, 303);
    assert_eq!(banker.get(&theirs).await.status, 404);
    let read = Reply::of(running.request(Method::GET, &theirs).bearer_auth(&another)).await;
    assert!(read.page(200).contains("sam@bank.example"), "who asked sees that somebody has taken it");
    // What a banker asked stays in sight.
    let number = between(own.page(200), "Reference <strong>", "<");
    assert!(number.starts_with("T-") && banker.get("/tickets").await.page(200).contains(number), "{number}");
}

#[tokio::test]
async fn a_supervisor_hands_a_ticket_to_a_banker_who_did_not_see_it_and_takes_it_back() {
    let provider = Provider::start();
    let running = provider.server(&[("CONTACTIQ__AUDIT__CHECKPOINT_SECONDS", "1")]).await;
    let another = provider.token("banker").await;
    let body = json!({ "mode": "banker", "question": "let me talk to a human" });
    let ask = running.request(Method::POST, "/v1/interactions").bearer_auth(&another).json(&body);
    let id = text(&Reply::of(ask).await.record(), "ticket").to_owned();
    let (page, hands) = (format!("/tickets/{id}"), format!("/v1/tickets/{id}/hands"));
    let banker = Staff::sign_in(&running, "mia").await;
    assert_eq!(banker.get(&page).await.status, 404);
    let supervisor = Staff::sign_in(&running, "sam").await;
    Staff::sign_in(&running, "ada").await;
    let shown = supervisor.get(&page).await;
    assert!(shown.page(200).contains("mia@bank.example (banker)"), "{}", shown.text);
    assert!(!shown.text.contains("ada@bank.example"), "an auditor works on no ticket");
    let listed = supervisor.get("/v1/tickets/workers").await.json();
    let who = |name: &str| {
        let all = listed.as_array().unwrap();
        text(all.iter().find(|worker| text(worker, "name") == name).unwrap(), "id").to_owned()
    };
    let (mia, sam) = (who("mia@bank.example"), who("sam@bank.example"));
    // A banker hands nothing over, on neither way.
    banker.send(&format!("{page}/hands"), &[("to", &mia)]).await.page(403);
    let bankers_key = running.key(Role::Banker).await;
    let put = async |key: &Key, to: &str| {
        let body = json!({ "to": to, "note": "call 0412 345 678 CANARY" });
        Reply::of(running.request(Method::PUT, &hands).bearer_auth(&key.text).json(&body)).await
    };
    put(&bankers_key, &mia).await.problem(403, "forbidden");

    let sent = supervisor.send(&format!("{page}/hands"), &[("to", &mia)]).await;
    assert_eq!(sent.redirect(), format!("{page}?done=handed"));
    assert!(banker.get(&page).await.page(200).contains("mia@bank.example"));
    assert!(banker.get("/tickets").await.page(200).contains(&page));
    // Back, by the API, with a note whose number is masked.
    let key = running.key(Role::Supervisor).await;
    assert_eq!(put(&key, &sam).await.status, 204);
    assert_eq!(banker.get(&page).await.status, 404);
    let read = supervisor.get(&page).await;
    assert!(read.page(200).contains("sam@bank.example") && read.text.contains("CANARY"), "{}", read.text);
    assert!(!read.text.contains("0412 345 678"), "{}", read.text);
    put(&key, "person:nobody").await.problem(422, "worker_unknown");
    // To whom and by whom is in the audit log, as hashes.
    let auditor = running.key(Role::Auditor).await;
    soon(async || {
        let log = running.read(&auditor, "/v1/audit/export").await.text;
        let noted = log.lines().filter(|line| line.contains("handed_over") && line.contains(&id)).count();
        assert!(!log.contains(&mia) && noted <= 2, "{log}");
        (noted == 2).then_some(())
    })
    .await;
    // Of a closed one nobody has hands on it.
    assert_eq!(supervisor.send(&page, &[("state", "closed")]).await.status, 303);
    put(&key, &mia).await.problem(409, "ticket_closed");
    assert_eq!(banker.get(&page).await.status, 404);
}

#[tokio::test]
async fn who_has_no_role_or_is_declined_does_not_get_in() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    for (person, reason) in [("zoe", "token_role"), ("declines", "provider_declined")] {
        let (back, kept) = to_the_provider(&running, person).await;
        let reply = Reply::of(running.request(Method::GET, &back).header("cookie", kept)).await;
        reply.page(403);
        assert_eq!(session_cookie(&reply), None);
        let event = noted(&running, "/signin/callback", Some(reason)).await;
        assert_eq!((event.status, event.actor.as_str()), (403, "anonymous"));
    }
}

#[tokio::test]
async fn a_sign_in_is_finished_once_by_the_browser_that_began_it() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let refused = async |back: &str, cookie: &str, reason: &str| {
        let reply = Reply::of(running.request(Method::GET, back).header("cookie", cookie)).await;
        assert_eq!(session_cookie(&reply), None, "{back}");
        assert_eq!(reply.status, 401, "{back} {}", reply.text);
        noted(&running, "/signin/callback", Some(reason)).await;
    };
    let (back, kept) = to_the_provider(&running, "mia").await;
    let (_, others) = to_the_provider(&running, "sam").await;
    // No cookie, that of another browser, one that was made up, another's state.
    refused(&back, "", "sign_in_unknown").await;
    refused(&back, &others, "sign_in_unknown").await;
    refused(&back, "contactiq_signin=a.99999999999.Lw.b", "sign_in_unknown").await;
    refused(&back.replace("state=", "state=x"), &kept, "sign_in_unknown").await;
    let elsewhere = back.replace("iss=http", "iss=https");
    assert_ne!(elsewhere, back);
    refused(&elsewhere, &kept, "token_issuer").await;
    let made_up = format!("{}&code=made-up", back.replace("code=", "was="));
    refused(&made_up, &kept, "code_not_exchanged").await;
    let reply = Reply::of(running.request(Method::GET, &back).header("cookie", &kept)).await;
    assert!(session_cookie(&reply).is_some(), "{}", reply.text);
    // The code was used: the provider knows.
    refused(&back, &kept, "code_not_exchanged").await;
}

#[tokio::test]
async fn the_cookies_are_bound_to_the_host_where_people_come_by_https() {
    let provider = Provider::start();
    let running = provider.server(&[("CONTACTIQ_PUBLIC_URL", "https://assistant.bank.example")]).await;
    let begun = Reply::of(running.request(Method::GET, "/signin/provider")).await;
    let cookie = begun.header("set-cookie");
    assert!(cookie.starts_with("__Host-contactiq_signin="), "{cookie}");
    assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Lax; Secure;"), "{cookie}");
    assert!(
        begun.redirect().contains("redirect_uri=https%3A%2F%2Fassistant.bank.example%2Fsignin%2Fcallback")
    );
    assert!(begun.redirect().contains("code_challenge_method=S256"));
    let running = provider
        .server(&[
            ("CONTACTIQ_PUBLIC_URL", "https://assistant.bank.example"),
            ("CONTACTIQ__IDENTITY__LOCAL_SIGN_IN", "on"),
        ])
        .await;
    let link = format!("/signin?code={}", running.code());
    let set = Reply::of(running.request(Method::GET, &link)).await;
    let cookie = set.header("set-cookie").to_owned();
    assert!(
        cookie.starts_with("__Host-contactiq_session=") && cookie.contains("SameSite=Strict; Secure"),
        "{cookie}"
    );
    let pair = cookie.split(';').next().unwrap();
    let own = running.request(Method::GET, "/documents").header("cookie", pair);
    assert_eq!(Reply::of(own).await.status, 200);
    // The same token under the name that any host of the domain can set.
    let planted =
        running.request(Method::GET, "/documents").header("cookie", pair.trim_start_matches("__Host-"));
    assert_eq!(Reply::of(planted).await.redirect(), "/signin?next=/documents");
}

#[tokio::test]
async fn a_session_outlives_a_restart_and_a_sign_in_makes_a_new_one() {
    let provider = Provider::start();
    let dir = folder();
    let mut first = provider.server_in(dir.clone(), &[]).await;
    let cookie = Staff::sign_in(&first, "mia").await.cookie;
    first.stop().await;
    let second = provider.server_in(dir, &[("CONTACTIQ__IDENTITY__LOCAL_SIGN_IN", "on")]).await;
    let staff = Staff { running: &second, cookie };
    assert_eq!(staff.get("/documents").await.status, 200);
    // Signing in in the same browser ends the session from before: whoever planted it has nothing.
    let link = format!("/signin?code={}", second.code());
    let signed = Reply::of(second.request(Method::GET, &link).header("cookie", &staff.cookie)).await;
    assert_ne!(session_cookie(&signed).unwrap(), staff.cookie);
    assert_eq!(staff.get("/documents").await.redirect(), "/signin?next=/documents");
}

#[tokio::test]
async fn a_session_ends_at_its_time_whoever_uses_it() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let staff = Staff::sign_in(&running, "mia").await;
    assert_eq!(staff.get("/documents").await.status, 200);
    // The same person, by a session whose time is over, and that was used this moment.
    let over = staff.another(|session| session.ends_at = session.created_at.plus_seconds(-1)).await;
    assert_eq!(over.get("/documents").await.status, 303);
    let lasting = staff.another(|_| ()).await;
    assert_eq!(lasting.get("/documents").await.status, 200);
}

#[tokio::test]
async fn signing_out_everywhere_and_an_administrator_end_a_session_on_every_replica_within_five_seconds() {
    let (provider, database) = (Provider::start(), Database::new().await);
    let replica = async || {
        let dir = folder();
        std::fs::write(dir.path().join("sealing.key"), [7; 32]).unwrap();
        provider.server_in(dir, &[("CONTACTIQ_DATABASE_URL", &database.url)]).await
    };
    let (one, two) = (replica().await, replica().await);
    let ended_within = async |elsewhere: &Staff<'_>, why: &str| {
        let since = Instant::now();
        soon(async || (elsewhere.get("/documents").await.status == 303).then_some(())).await;
        assert!(since.elapsed() < Duration::from_secs(5), "{why}: {:?}", since.elapsed());
    };
    let (first, second) = (Staff::sign_in(&one, "mia").await, Staff::sign_in(&two, "mia").await);
    let other = Staff::sign_in(&two, "sam").await;
    // Each replica knows the sessions of the other.
    for (running, staff) in [(&two, &first), (&one, &second)] {
        let there = Staff { running, cookie: staff.cookie.clone() };
        assert_eq!(there.get("/documents").await.status, 200);
    }
    let left = first.send("/signout", &[("everywhere", "yes")]).await;
    assert!(left.page(200).contains("You are signed out here"), "{}", left.text);
    assert_eq!(first.get("/documents").await.status, 303, "at once where it was done");
    ended_within(&second, "everywhere").await;
    assert_eq!(other.get("/documents").await.status, 200, "nobody else's");

    let admin = Staff::sign_in(&one, "root").await;
    let listed = admin.get("/v1/sessions").await.json();
    let of = |label: &str| -> Value {
        listed.as_array().unwrap().iter().find(|s| s["label"] == label).cloned().unwrap_or_default()
    };
    let sams = of("sam@bank.example");
    assert_eq!((text(&sams, "role"), of("mia@bank.example")), ("supervisor", Value::Null), "{listed}");
    let done = admin.send(&format!("/access/sessions/{}", text(&sams, "id")), &[]).await;
    assert_eq!(done.redirect(), "/access?done=ended");
    ended_within(&other, "administrator").await;
}

#[tokio::test]
async fn the_provider_ends_sessions_by_a_logout_token_and_by_nothing_less() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let staff = Staff::sign_in(&running, "mia").await;
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let token = |change: fn(&mut Header, &mut Value)| {
        provider.forge(move |header, claims| {
            header.typ = Some("logout+jwt".to_owned());
            *claims = json!({
                "iss": claims["iss"], "aud": "contactiq", "sub": "mia", "iat": now(), "exp": now() + 60,
                "jti": "1", "events": { event: {} },
            });
            change(header, claims);
        })
    };
    let send = async |token: String| {
        let request = running.request(Method::POST, "/signin/ended").header(FORM.0, FORM.1);
        Reply::of(request.body(form(&[("logout_token", &token)]))).await
    };
    for (bad, status) in [
        (token(|_, c| c["aud"] = "another".into()).await, 401),
        (token(|_, c| c["iss"] = "https://evil.example".into()).await, 401),
        (token(|_, c| c["nonce"] = "n".into()).await, 401),
        (token(|_, c| c["events"] = json!({})).await, 401),
        (token(|_, c| c["exp"] = (now() - 60).into()).await, 401),
        (provider.token("admin").await, 401),
        ("x.y.z".to_owned(), 401),
    ] {
        assert_eq!(send(bad).await.status, status);
    }
    assert_eq!(staff.get("/documents").await.status, 200);
    let done = send(token(|_, _| ()).await).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert_eq!(staff.get("/documents").await.status, 303);
    let gone = page_sessions::open(
        &mut running.store.read().await.unwrap(),
        contactiq_domain::Timestamp::from_micros(0),
        1,
        9,
    )
    .await;
    assert!(gone.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_signs_out_is_taken_to_the_providers_own_sign_out() {
    let provider = Provider::start();
    let running = provider.server(&[("CONTACTIQ__IDENTITY__LOCAL_SIGN_IN", "on")]).await;
    let staff = Staff::sign_in(&running, "mia").await;
    let left = staff.send("/signout", &[]).await;
    let page = left.page(200).to_owned();
    assert!(left.header("set-cookie").contains("Max-Age=0"), "{page}");
    let to = between(&page, "content=\"0;url=", "\"").replace("&amp;", "&").replace("&#38;", "&");
    let url = reqwest::Url::parse(&to).unwrap();
    let pairs: std::collections::HashMap<_, _> = url.query_pairs().into_owned().collect();
    assert!(to.starts_with(&format!("{}/", provider.issuer)), "{to}");
    assert_eq!(pairs["client_id"], "contactiq");
    assert_eq!(pairs["post_logout_redirect_uri"], format!("{}/signin", running.url));
    // The provider knows us, and the address to which it will send the browser back.
    let there = Reply::of(crate::house::client().get(&to)).await;
    assert_eq!(there.status, 200, "{}", there.text);
    assert!(!there.text.contains("post_logout_redirect_uri not registered"), "{}", there.text);
    assert_eq!(staff.get("/documents").await.status, 303);
    // Whoever signed in with the code has no session there.
    let link = format!("/signin?code={}", running.code());
    let signed = Reply::of(running.request(Method::GET, &link)).await;
    let local = Staff { running: &running, cookie: session_cookie(&signed).unwrap() };
    assert_eq!(local.send("/signout", &[]).await.redirect(), "/signin");
}

#[tokio::test]
async fn a_logout_token_that_comes_late_or_names_an_unknown_session_ends_what_it_means() {
    let provider = Provider::start();
    let running = provider.server(&[]).await;
    let token = async |sid: Option<&str>, said: i64| {
        let sid = sid.map(str::to_owned);
        provider
            .forge(move |header, claims| {
                header.typ = Some("logout+jwt".to_owned());
                *claims = json!({
                    "iss": claims["iss"], "aud": "contactiq", "sub": "mia", "iat": said, "exp": now() + 600,
                    "jti": "1", "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
                });
                if let Some(sid) = sid {
                    claims["sid"] = sid.into();
                }
            })
            .await
    };
    let send = async |token: String| {
        let request = running.request(Method::POST, "/signin/ended").header(FORM.0, FORM.1);
        Reply::of(request.body(form(&[("logout_token", &token)]))).await.status
    };
    let staff = Staff::sign_in(&running, "mia").await;
    // One of before this session began is not about it.
    assert_eq!(send(token(None, now() - 60).await).await, 200);
    assert_eq!(staff.get("/documents").await.status, 200);
    // One about another session at the provider is not about one that is known to belong elsewhere.
    let elsewhere = staff.another(|session| session.provider_session = Some("0".repeat(64))).await;
    // But of a session that nobody knows to belong anywhere it may be.
    let anywhere = staff.another(|session| session.provider_session = None).await;
    for one in [&elsewhere, &anywhere] {
        assert_eq!(one.get("/documents").await.status, 200);
    }
    assert_eq!(send(token(Some("another"), now()).await).await, 200);
    soon(async || (anywhere.get("/documents").await.status == 303).then_some(())).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(elsewhere.get("/documents").await.status, 200);
}
