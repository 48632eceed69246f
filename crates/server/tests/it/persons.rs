//! What is kept about a person: read, forgotten, held, and read for the next answer only where the person lets it.

use contactiq_domain::{Mode, Role};
use contactiq_store::access;
use serde_json::{Value, json};

use crate::{
    house::{Key, REPLACEMENT, Running, holds, start, start_in},
    process::Terminal,
    reply::text,
};

async fn ask_for(
    running: &Running,
    key: &Key,
    subject: &str,
    question: &str,
    conversation: Option<&str>,
) -> Value {
    let mut body = json!({ "mode": "customer", "question": question, "subject": subject });
    if let Some(id) = conversation {
        body["conversation"] = id.into();
    }
    running.post(key, "/v1/interactions", &body).await.record()
}

#[tokio::test]
async fn a_person_reads_all_of_it_and_is_forgotten() {
    let mut running = start(&[]).await;
    let (bank, other, admin) =
        (running.key(Role::Service).await, running.key(Role::Service).await, running.key(Role::Admin).await);
    let said = ask_for(&running, &bank, "jane-4711", "My card was stolen at the zoo", None).await;
    let kept = ask_for(&running, &other, "jane-4711", REPLACEMENT, None).await;
    let path = format!("/v1/interactions/{}/feedback", text(&said, "id"));
    let feedback = json!({ "helpful": false, "problem": "nobody called" });
    assert_eq!(running.post(&bank, &path, &feedback).await.status, 204);

    let jane = json!({ "subject": "jane-4711" });
    let all = running.post(&bank, "/v1/persons/export", &jane).await.json();
    let first = &all["conversations"][0]["interactions"][0];
    assert_eq!(first["record"], said);
    assert_eq!(first["feedback"][0]["problem"], "nobody called");
    assert_eq!(first["ticket"]["queue"].as_str().map(str::is_empty), Some(false));
    assert_eq!(
        all["conversations"].as_array().map(Vec::len),
        Some(1),
        "the namesake of another back end is another person"
    );

    let by_admin = json!({ "subject": "jane-4711", "key": bank.id });
    assert_eq!(
        running.post(&admin, "/v1/persons/export", &by_admin).await.json()["conversations"],
        all["conversations"]
    );
    running.post(&other, "/v1/persons/export", &by_admin).await.problem(422, "not_an_administrator");
    // A person's data is of both assistants: a key for one of them is no administrator of it.
    let half = running.key_with(Role::Admin, |key| key.mode = Some(Mode::Customer)).await;
    running.post(&half, "/v1/persons/export", &by_admin).await.problem(422, "not_an_administrator");
    running.post(&half, "/v1/persons/erase", &by_admin).await.problem(422, "not_an_administrator");

    let receipt = running.post(&bank, "/v1/persons/erase", &jane).await.json();
    assert_eq!((&receipt["conversations"], &receipt["interactions"]), (&json!(1), &json!(1)));
    for receipt in receipt["receipts"].as_array().unwrap() {
        assert!(text(receipt, "signed").contains(text(receipt, "person")), "{receipt}");
    }
    let after = running.post(&bank, "/v1/persons/export", &jane).await.json();
    assert_eq!(after["conversations"], json!([]));
    let record = running.read(&admin, &format!("/v1/interactions/{}", text(&said, "id"))).await.json();
    assert_eq!((text(&record, "question"), text(&record, "answer")), ("[erased]", "[erased]"));
    assert_eq!(record["outcome"], said["outcome"]);
    let gone = json!({ "mode": "customer", "question": "hello", "subject": "jane-4711", "conversation": said["conversation"] });
    running.post(&bank, "/v1/interactions", &gone).await.problem(404, "not_found");
    let record = running.read(&admin, &format!("/v1/interactions/{}", text(&kept, "id"))).await.json();
    assert_eq!(record, kept);
    running.stop().await;
    assert!(!holds(&running.database_bytes(), "nobody called"));
}

#[tokio::test]
async fn everything_that_names_a_person_is_handed_out_and_that_it_was_is_on_record() {
    let mut running = start(&[]).await;
    let browser = crate::browser::Browser::sign_in(&running).await;
    browser.ask("customer", "what does a fucking replacement card cost?").await;
    let (admin, supervisor) = (running.key(Role::Admin).await, running.key(Role::Supervisor).await);
    let listed = running.read(&supervisor, "/v1/guard/review").await.json();
    let seen = text(&listed[0], "interaction").to_owned();
    running.read(&supervisor, &format!("/v1/interactions/{seen}")).await.record();
    let oneself = json!({ "subject": "local-admin" });
    let all = running.post(&admin, "/v1/persons/export", &oneself).await.json();
    let said = &all["conversations"][0]["interactions"][0];
    assert_eq!((text(&said["review"][0], "kind"), &said["record"]["id"]), ("flagged", &json!(seen)));
    assert!(text(&said["review"][0], "message").contains("replacement card"));
    let sign_ins = all["sign_ins"].as_array().unwrap();
    assert_eq!((sign_ins.len(), text(&sign_ins[0], "from_ip")), (1, "127.0.0.1"));
    let accesses = all["accesses"].as_array().unwrap();
    let of = |by: &str, route: &str| accesses.iter().filter(|a| a["by"] == by && a["route"] == route).count();
    assert!(of("you", "/chat/{mode}") >= 2, "{accesses:?}");
    assert_eq!(of("the bank", "/v1/interactions/{id}"), 1, "the supervisor, who is not named: {accesses:?}");
    assert!(!all.to_string().contains("supervisor"), "{all}");
    assert_eq!(all["exports"], json!([]));

    let page = running.posting(&admin, "/v1/persons/export", &oneself).header("accept", "text/html");
    let page = crate::reply::Reply::of(page).await;
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.text);
    for words in ["What the guard said", "When you signed in", "Who saw what is yours", "handed out before"] {
        assert!(page.text.contains(words), "{words}");
    }
    let again = running.post(&admin, "/v1/persons/export", &oneself).await.json();
    assert_eq!(again["exports"].as_array().map(Vec::len), Some(2));
    assert!(again["exports"][0]["made_by"].is_null() && !again.to_string().contains("admin "), "{again}");
    let receipt = running.post(&admin, "/v1/persons/erase", &oneself).await.json();
    assert_eq!((&receipt["exports"], &receipt["receipts"][0]["exports"]), (&json!(3), &json!(3)));
    assert!(text(&receipt["receipts"][0], "signed").contains("\"exports\":3"));
    running.stop().await;
}

#[tokio::test]
async fn a_hold_keeps_a_person_and_only_administrators_place_one() {
    let running = start(&[]).await;
    let (bank, admin, auditor) =
        (running.key(Role::Service).await, running.key(Role::Admin).await, running.key(Role::Auditor).await);
    ask_for(&running, &bank, "held", REPLACEMENT, None).await;
    let hold = json!({ "subject": "held", "key": bank.id, "matter": "case 17" });
    for who in [&bank, &auditor] {
        running.post(who, "/v1/persons/holds", &hold).await.problem(403, "forbidden");
    }
    running
        .post(&admin, "/v1/persons/holds", &json!({ "subject": "held", "matter": " " }))
        .await
        .problem(422, "field_invalid");
    let placed = running.post(&admin, "/v1/persons/holds", &hold).await;
    assert_eq!(placed.status, 201, "{}", placed.text);
    let jane = json!({ "subject": "held" });
    running.post(&bank, "/v1/persons/erase", &jane).await.problem(409, "legal_hold");
    let listed = running.read(&admin, "/v1/persons/holds").await.json();
    assert_eq!((text(&listed[0], "matter"), &listed[0]["lifted_at"]), ("case 17", &Value::Null));
    let path = format!("/v1/persons/holds/{}", text(&placed.json(), "id"));
    let lift = || running.request(reqwest::Method::DELETE, &path).bearer_auth(&admin.text);
    assert_eq!(crate::reply::Reply::of(lift()).await.status, 204);
    crate::reply::Reply::of(lift()).await.problem(404, "not_found");
    assert_eq!(running.post(&bank, "/v1/persons/erase", &jane).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_there_is_neither_held_nor_forgotten_in_silence() {
    let running = start(&[]).await;
    let (bank, admin) = (running.key(Role::Service).await, running.key(Role::Admin).await);
    ask_for(&running, &bank, "jane-4711", REPLACEMENT, None).await;
    let hold = |subject: &str, key: &str| json!({ "subject": subject, "key": key, "matter": "case 17" });
    let key = bank.id.to_string();
    for (route, body) in [
        ("/v1/persons/holds", hold("jane-4711", "01890a5d-ac96-774b-bcce-b302099a8057")),
        (
            "/v1/persons/erase",
            json!({ "subject": "jane-4711", "key": "01890a5d-ac96-774b-bcce-b302099a8057" }),
        ),
        (
            "/v1/persons/export",
            json!({ "subject": "jane-4711", "key": "01890a5d-ac96-774b-bcce-b302099a8057" }),
        ),
    ] {
        let refused = running.post(&admin, route, &body).await;
        refused.problem(404, "not_found");
        assert!(refused.text.contains("no such key"), "{}", refused.text);
    }
    let refused = running.post(&admin, "/v1/persons/holds", &hold("jane-4712", &key)).await;
    refused.problem(404, "person_unknown");
    assert_eq!(running.read(&admin, "/v1/persons/holds").await.json(), json!([]));
    let mut ahead = hold("jane-4712", &key);
    ahead["ahead"] = json!(true);
    assert_eq!(running.post(&admin, "/v1/persons/holds", &ahead).await.status, 201);
    assert_eq!(running.post(&admin, "/v1/persons/holds", &hold("jane-4711", &key)).await.status, 201);

    let erase = |subject: &str| json!({ "subject": subject });
    let nobody =
        || running.posting(&bank, "/v1/persons/erase", &erase("jane-4713")).header("idempotency-key", "e");
    let told = crate::reply::Reply::of(nobody()).await.json();
    assert_eq!((&told["known"], &told["interactions"]), (&json!(false), &json!(0)));
    assert_eq!(crate::reply::Reply::of(nobody()).await.json(), told, "a repetition says so too");
    let said = ask_for(&running, &bank, "jane-4714", REPLACEMENT, None).await;
    let told = running.post(&bank, "/v1/persons/erase", &erase("jane-4714")).await.json();
    assert_eq!((&told["known"], &told["interactions"]), (&json!(true), &json!(1)), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_several_keys_have_had_is_asked_after() {
    let mut running = start(&[]).await;
    running.stop().await;
    let terminal = Terminal::of(running.dir.clone());
    let run = |arguments: &[&str]| tokio::task::block_in_place(|| terminal.run(arguments));
    let make = || run(&["keys", "create", "--name", "till", "--role", "service"]).well();
    make();
    run(&["keys", "revoke", "till"]).well();
    make();
    for command in [&["privacy", "erase", "--yes"][..], &["privacy", "hold", "place", "--matter", "1"]] {
        let ran = run(&[command, &["--subject", "jane", "--key", "till"]].concat());
        let said = ran.refused();
        assert!(said.contains("2 keys have had this name") && said.contains("(revoked "), "{said}");
    }
    let listed = run(&["keys", "list", "--json"]).lines(0);
    let id = text(&listed[0], "id").to_owned();
    let place = ["privacy", "hold", "place", "--matter", "1", "--subject", "jane", "--key", &id];
    assert!(run(&place).refused().contains("add --ahead"));
    run(&[&place[..], &["--ahead"]].concat()).well();
}

#[tokio::test]
async fn who_refuses_is_answered_without_what_was_said_before() {
    let running = start(&[]).await;
    let bank = running.key(Role::Service).await;
    let first = ask_for(&running, &bank, "shy", REPLACEMENT, None).await;
    let conversation = text(&first, "conversation").to_owned();
    let follow_up = "How long does it take?";
    let leaned = ask_for(&running, &bank, "shy", follow_up, Some(&conversation)).await;
    let detail = |record: &Value| {
        let steps = record["steps"].as_array().unwrap();
        steps.iter().find(|s| s["step"] == "understand").map(|s| s["detail"].as_str().unwrap().to_owned())
    };
    let no = json!({ "subject": "shy", "purpose": "history", "given": false });
    assert_eq!(running.post(&bank, "/v1/persons/consents", &no).await.status, 204);
    let alone = ask_for(&running, &bank, "shy", follow_up, Some(&conversation)).await;
    let fresh = ask_for(&running, &bank, "somebody-new", follow_up, None).await;
    assert_ne!(detail(&leaned), detail(&alone));
    // Each has a ticket of its own.
    let told = |record: &Value| text(record, "answer").split("Your reference").next().map(str::to_owned);
    assert_eq!((detail(&alone), told(&alone)), (detail(&fresh), told(&fresh)));
    let yes = json!({ "subject": "shy", "purpose": "history", "given": true });
    assert_eq!(running.post(&bank, "/v1/persons/consents", &yes).await.status, 204);
    let known = running.post(&bank, "/v1/persons/export", &json!({ "subject": "shy" })).await.json();
    assert_eq!(
        (&known["consents"][0]["purpose"], &known["consents"][0]["given"]),
        (&json!("history"), &json!(true))
    );
}

#[tokio::test]
async fn nobody_wipes_out_what_was_done_in_their_own_browser() {
    let running = start(&[]).await;
    let customer = running.key(Role::Customer).await;
    let said = running.ask(&customer, Mode::Customer, REPLACEMENT).await;
    running.post(&customer, "/v1/persons/erase", &json!({})).await.problem(403, "forbidden");
    let own = running.post(&customer, "/v1/persons/export", &json!({})).await.json();
    assert_eq!(own["conversations"][0]["interactions"][0]["record"], said);
    running
        .post(&customer, "/v1/persons/export", &json!({ "subject": "other" }))
        .await
        .problem(422, "not_a_service");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_does_the_same() {
    let mut running = start(&[]).await;
    let bank = running.key(Role::Service).await;
    let said = ask_for(&running, &bank, "cli-1", REPLACEMENT, None).await;
    running.stop().await;
    let terminal = Terminal::of(running.dir.clone());
    let key = bank.id.to_string();
    let run = |arguments: &[&str]| tokio::task::block_in_place(|| terminal.run(arguments));
    let person = ["--subject", "cli-1", "--key", key.as_str()];
    let with = |first: &[&'static str], last: &[&'static str]| {
        let all: Vec<&str> = first.iter().copied().chain(person).chain(last.iter().copied()).collect();
        run(&all)
    };
    let all: Value = serde_json::from_str(&with(&["privacy", "export"], &[]).well()).unwrap();
    assert_eq!(all["conversations"][0]["interactions"][0]["record"], said);
    let page = with(&["privacy", "export"], &["--html"]).well();
    assert!(page.contains("What is kept about cli-1") && page.contains(REPLACEMENT.trim_end_matches('?')));
    assert!(with(&["privacy", "erase"], &[]).well().contains("1 conversations with 1 interactions"));
    let hold = with(&["privacy", "hold", "place"], &["--matter", "case 9"]).well();
    assert!(with(&["privacy", "erase"], &["--yes"]).refused().contains("case 9"));
    run(&["privacy", "hold", "lift", hold.trim()]).well();
    let noted = with(&["privacy", "consent"], &["history", "no"]);
    assert!(noted.status == 0 && !noted.err.contains("nothing is kept"), "{noted:?}");
    let nobody = run(&["privacy", "consent", "--subject", "who-is-not-here", "history", "no"]);
    assert!(nobody.status == 0 && nobody.err.contains("nothing is kept under this name"), "{nobody:?}");
    let erased = with(&["privacy", "erase"], &["--yes", "--json"]).lines(0);
    assert_eq!(erased.iter().filter(|receipt| receipt["interactions"] == 1).count(), 1, "{erased:?}");
    assert!(text(&erased[0], "signed").starts_with("contactiq.erasure-receipt/v1\n"), "{erased:?}");
    let mut kept = run(&["privacy", "receipts", "--json"]).lines(0);
    kept.reverse();
    assert_eq!(kept, erased, "the latest first");
    let receipts = run(&["privacy", "receipts", "--json"]).well().to_owned();
    let file = running.dir.path().join("receipts.jsonl");
    std::fs::write(&file, &receipts).unwrap();
    let again = run(&["privacy", "again", file.to_str().unwrap()]).well();
    assert!(again.contains("2 receipts read, 0 people"), "{again}");
    let forged = receipts.replace("\"interactions\":1", "\"interactions\":2");
    assert_ne!(forged, receipts);
    std::fs::write(&file, forged).unwrap();
    let ran = run(&["privacy", "again", file.to_str().unwrap()]);
    assert!(ran.refused().contains("the signature is of another receipt"), "{ran:?}");
    let mut unsigned = erased[0].clone();
    unsigned.as_object_mut().unwrap().remove("signed");
    std::fs::write(&file, unsigned.to_string()).unwrap();
    assert!(run(&["privacy", "again", file.to_str().unwrap()]).refused().contains("--unsigned"));
    run(&["privacy", "again", "--unsigned", file.to_str().unwrap()]).well();
    std::fs::write(&file, "{}\n").unwrap();
    assert!(run(&["privacy", "again", file.to_str().unwrap()]).refused().contains("line 1: no receipt"));
    let due: Value = serde_json::from_str(&run(&["privacy", "purge", "--dry-run", "--json"]).well()).unwrap();
    assert_eq!(due["texts"], 0);
    run(&["privacy", "purge"]).well();
    // The server that starts on it goes on.
    let again = start_in(running.dir.clone(), &[]).await;
    assert_eq!(
        again.post(&bank, "/v1/persons/export", &json!({ "subject": "cli-1" })).await.json()["conversations"],
        json!([])
    );
}

#[tokio::test]
async fn whom_a_chat_client_names_is_found_by_what_it_sent() {
    let mut running = start(&[]).await;
    let bank = running.key(Role::Service).await;
    let body =
        crate::chat::with(crate::chat::question(REPLACEMENT), json!({ "user": "zorblat@mail.example" }));
    crate::chat::complete(&running, &bank, &body).await;
    let own = ask_for(&running, &bank, "zorblat@mail.example", REPLACEMENT, None).await;
    let person = json!({ "subject": "zorblat@mail.example" });
    let all = running.post(&bank, "/v1/persons/export", &person).await.json();
    assert_eq!(all["conversations"].as_array().map(Vec::len), Some(2), "{all}");
    let receipt = running.post(&bank, "/v1/persons/erase", &person).await.json();
    assert_eq!((&receipt["conversations"], &receipt["interactions"]), (&json!(2), &json!(2)));
    assert_eq!(receipt["receipts"].as_array().map(Vec::len), Some(2), "one a name");
    let after = running.post(&bank, "/v1/persons/export", &person).await.json();
    assert_eq!(after["conversations"], json!([]));
    let admin = running.key(Role::Admin).await;
    let record = running.read(&admin, &format!("/v1/interactions/{}", text(&own, "id"))).await.json();
    assert_eq!(text(&record, "question"), "[erased]");
    running.stop().await;
    assert!(!holds(&running.database_bytes(), "zorblat"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_on_the_command_line_while_the_server_answers() {
    let folder = crate::house::folder();
    let mut running = start_in(folder.clone(), &[]).await;
    let bank = running.key(Role::Service).await;
    let said = ask_for(&running, &bank, "jane-4711", REPLACEMENT, None).await;
    let terminal = Terminal::of(folder).with("CONTACTIQ__SERVER__SEALING_KEY", "0b".repeat(32));
    let told =
        |arguments: &[&str]| -> Value { serde_json::from_str(&terminal.run(arguments).well()).unwrap() };
    let status = told(&["sealing", "status", "--json"]);
    let keys = &status["keys"];
    assert_eq!((&keys[0]["active"], &keys[0]["people"]), (&json!(true), &json!(0)), "{status}");
    assert_eq!((&keys[1]["people"], &keys[1]["installation"]), (&json!(1), &json!(2)), "{status}");
    let rotated = told(&["sealing", "rotate", "--json"]);
    assert_eq!((&rotated["rotated"], &rotated["left"]), (&json!(3), &json!([])), "{rotated}");
    assert_eq!(told(&["sealing", "status", "--json"])["keys"][1]["people"], 0);
    // The server knows neither key's name and reads what it read: its keys are in memory.
    let again =
        running.read(&bank, &format!("/v1/interactions/{}?subject=jane-4711", text(&said, "id"))).await;
    assert_eq!(again.status, 200, "{}", again.text);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_banker_names_is_found_and_erased_there() {
    const KEY: (&str, &str) = ("CONTACTIQ_TOKEN_KEY", "f3b1c9d47a5e60821b9c0d7e6f5a4b3c");
    let mut running = start(&[KEY]).await;
    let banker = running.key(Role::Banker).await;
    let asked = "May I send the rate to jane.citizen@mail.example, what does the policy say?";
    let said = running.ask(&banker, Mode::Banker, asked).await;
    let other = running.ask(&banker, Mode::Banker, "What does the policy say about rates?").await;
    let terminal = Terminal::of(running.dir.clone());
    let run = |terminal: &Terminal, more: &[&str]| {
        let all = [&["privacy", "named", "JANE.citizen@mail.example", "Jane Citizen"], more].concat();
        tokio::task::block_in_place(|| terminal.run(&all))
    };
    assert!(run(&terminal, &[]).refused().contains("guard.token_key"));
    let terminal = terminal.with(KEY.0, KEY.1);
    let found = run(&terminal, &["--json"]).lines(0);
    assert_eq!(found.iter().map(|named| text(named, "interaction")).collect::<Vec<_>>(), [text(&said, "id")]);
    run(&terminal, &["--erase"]).well();
    let receipt = run(&terminal, &["--erase", "--yes", "--json"]).lines(0);
    assert_eq!((&receipt[0]["interactions"], &receipt[0]["conversations"]), (&json!(1), &json!(1)));
    let admin = running.key(Role::Admin).await;
    let record =
        async |of: &Value| running.read(&admin, &format!("/v1/interactions/{}", text(of, "id"))).await.json();
    assert_eq!(text(&record(&said).await, "question"), "[erased]");
    assert_eq!(record(&other).await, other);
    assert_eq!(run(&terminal, &["--json"]).lines(0), Vec::<Value>::new());
    running.stop().await;
    assert!(!holds(&running.database_bytes(), "jane.citizen"));
}

#[tokio::test]
async fn what_a_back_end_calls_its_customer_makes_nothing_one_s_own() {
    let running = start(&[]).await;
    let browser = crate::browser::Browser::sign_in(&running).await;
    let (bank, admin) = (running.key(Role::Service).await, running.key(Role::Admin).await);
    let said = ask_for(&running, &bank, "local-admin", REPLACEMENT, None).await;
    let id = text(&said, "id");
    assert_eq!(browser.get(&format!("/interactions/{id}")).await.status, 200);
    assert_eq!(running.read(&admin, "/v1/sessions").await.status, 200);
    let events = access::recent(&mut running.store.read().await.unwrap(), 100).await.unwrap();
    let seen = |route: &str| {
        let event = events.iter().find(|event| event.route == route);
        event.and_then(|event| event.target.clone()).unwrap_or_default()
    };
    assert_eq!(seen("/interactions/{id}"), id, "it is another person's");
    assert_eq!(seen("/v1/sessions"), "list");
}
