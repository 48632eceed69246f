//! The commands of the contract, run as processes.

use serde_json::{Value, json};

use crate::{
    house::{holds, holds_word},
    process::Terminal,
    reply::{text, texts},
};

#[test]
fn a_wrong_setting_is_named_with_what_it_may_be() {
    for (name, value, field) in [
        (
            "CONTACTIQ__CUSTOMER__CONFIDENCE_THRESHOLD",
            "1.5",
            "customer.confidence_threshold is 1.5: write a number from 0 to 1",
        ),
        (
            "CONTACTIQ__LIMITS__QUESTIONS_PER_MINUTE",
            "0",
            "limits.questions_per_minute is 0: write a number from 1 to 100",
        ),
        ("CONTACTIQ__LOG__LEVEL", "loud", "log.level"),
        ("CONTACTIQ_LISTEN", "nowhere", "server.listen"),
        ("CONTACTIQ_DEMO", "perhaps", "CONTACTIQ_DEMO"),
    ] {
        let terminal = Terminal::new().with(name, value);
        for command in [&["config", "check"][..], &["serve"], &["keys", "list"]] {
            let ran = terminal.run(command);
            assert!(ran.refused().contains(field), "{command:?}: {}", ran.err);
        }
    }
    let terminal = Terminal::new();
    assert_eq!(terminal.run(&["config", "check"]).well(), "the configuration is valid\n");
    let file = terminal.file("bank.toml", "[limits]\nquestions_per_minute = 500\n[retention]\ndays = 0\n");
    let ran = Terminal::new().with("CONTACTIQ_CONFIG", file.to_string_lossy()).run(&["config", "check"]);
    assert!(ran.refused().contains("limits.questions_per_minute is 500"), "{}", ran.err);
    assert!(ran.err.contains("retention.days is 0"), "all that is wrong is said at once: {}", ran.err);
    let ran = Terminal::new().with("CONTACTIQ_CONFIG", "no-such-file.toml").run(&["config", "check"]);
    assert!(ran.refused().contains("CONTACTIQ_CONFIG: no-such-file.toml can't be read"));
}

/// An intent of a bank's own file.
fn own_intent(mode: &str, name: &str, examples: &[String]) -> String {
    format!(
        "[{mode}.{name}]\ncategory = \"automatable\"\nrole = \"{mode}\"\ndescription = \"\"\nexamples = {examples:?}\n"
    )
}

#[test]
fn more_intents_than_a_model_tells_apart_are_refused_with_the_number_that_it_does() {
    let one = |mode: &str, name: &str| own_intent(mode, name, &[format!("about {name}")]);
    let many = |count: usize| {
        let customers: String = (1..count).map(|n| one("customer", &format!("subject_{n}"))).collect();
        let others = ["unknown", "policy"].map(|name| one("banker", name)).concat();
        format!("version = 1\n{}{customers}{others}", one("customer", "unknown"))
    };
    let terminal = Terminal::new();
    for (count, right) in [(5_000, false), (1_001, false), (1_000, true)] {
        let file = terminal.file("many.toml", many(count)).display().to_string();
        let of_many = Terminal::new().with("CONTACTIQ__FILES__INTENTS", &file);
        let ran = of_many.run(&["config", "check"]);
        if right {
            assert_eq!(ran.status, 0, "{ran:?}");
            continue;
        }
        let said =
            format!("{file}: [customer] has {count} intents; a model tells 1000 apart: join those that");
        assert!(ran.refused().contains(&said), "{}", ran.err);
        assert!(of_many.run(&["serve"]).refused().contains(&said), "a start says the same");
    }
}

#[test]
fn what_a_banks_own_intents_have_too_little_of_is_said_with_how_much_is_needed() {
    let some = |count: usize| (0..count).map(|n| format!("sentence {n} of ours")).collect::<Vec<_>>();
    let file = [
        "version = 1\n".to_owned(),
        own_intent("customer", "unknown", &some(1)),
        own_intent("customer", "cards", &["what does a card cost".to_owned(), "my card".to_owned()]),
        own_intent("banker", "unknown", &["what is the weather".to_owned()]),
        own_intent("banker", "greeting", &["hello".to_owned(), "hi".to_owned()]),
    ]
    .concat();
    let terminal = Terminal::new();
    let file = terminal.file("few.toml", file).display().to_string();
    let terminal = terminal.with("CONTACTIQ__FILES__INTENTS", &file);
    let ran = terminal.run(&["config", "check"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    for said in [
        "few.toml: [customer: all] too few examples to calibrate: 2 in intents and 1 in `unknown`",
        "few.toml: [banker: all] too few examples to calibrate: 2 in intents",
        "write at least 5 of each and 10 together",
        "few.toml: [customer: all] no intent greets: \"hello\" is searched for",
    ] {
        assert!(ran.err.contains(said), "{said} in {}", ran.err);
    }
    assert!(!ran.err.contains("[banker: all] no intent greets"), "{}", ran.err);
    let doctor = terminal.run(&["doctor", "--json"]).lines(0);
    let of_taxonomy = doctor[0].as_array().unwrap().iter().filter(|f| f["part"] == "taxonomy");
    let details: Vec<&str> = of_taxonomy.map(|f| text(f, "detail")).collect();
    assert!(details.iter().any(|d| d.starts_with("customer: too few examples to calibrate")), "{details:?}");
    let report = terminal.run(&["intents", "report", "--json"]).lines(0);
    for mode in ["customer", "banker"] {
        let of_mode = report.iter().find(|row| row["mode"] == mode).unwrap();
        assert!(text(of_mode, "uncalibrated").contains("better 40 an intent"), "{of_mode}");
    }
    let shown = terminal.run(&["intents", "report"]).well();
    assert!(shown.contains("too few examples to calibrate: 2 in intents and 1 in `unknown`"), "{shown}");
}

#[test]
fn rules_of_the_bank_that_contradict_each_other_are_told_and_those_that_break_routes_refused() {
    let terminal = Terminal::new();
    let triggers = include_str!("../../../../defaults/triggers.toml");
    let intents = include_str!("../../../../defaults/intents.toml");
    let with = |name, file: &str, text: &str| {
        let path = terminal.file(file, text);
        Terminal::new().with(name, path.to_string_lossy())
    };
    let (own_triggers, own_intents) = ("CONTACTIQ__FILES__TRIGGERS", "CONTACTIQ__FILES__INTENTS");

    let dead =
        triggers.replacen("patterns = [\n", "patterns = [\n{ id = \"never\", match = 'xyzzy plugh' },\n", 1);
    let warned = with(own_triggers, "dead.toml", &dead);
    let ran = warned.run(&["config", "check"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "the configuration is valid\n"), "{ran:?}");
    let said = "dead.toml: [account_specific] a pattern without example: `never`";
    assert!(ran.err.contains(said), "{said} in {}", ran.err);
    let found = warned.run(&["intents", "check", "--json"]).lines(0);
    let found = found[0].as_array().unwrap();
    let dead = |f: &&Value| f["finding"] == "pattern_without_example" && f["id"] == "never";
    assert!(found.iter().any(|f| dead(&f)), "{found:?}");

    let everything =
        triggers.replacen("patterns = [\n", "patterns = [\n{ id = \"all\", match = '.*' },\n", 1);
    let low = intents.replacen("trigger = \"financial_advice\"", "trigger = \"low_confidence\"", 1);
    let both = intents.replacen(
        "[customer.greeting]\n",
        "[customer.hello_of_a_victim]\ncategory = \"human_only\"\nrole = \"customer\"\ndescription = \"\"\n\
         examples = [\"xyzzy plugh\"]\n[customer.hello]\ncategory = \"automatable\"\nrole = \"customer\"\n\
         description = \"\"\nexamples = [\"Xyzzy plugh!\"]\n[customer.greeting]\n",
        1,
    );
    for (name, file, text, said) in [
        (own_triggers, "all.toml", &everything, "`all`: it matches every message"),
        (own_intents, "low.toml", &low, "low_confidence, which no intent raises"),
        (own_intents, "both.toml", &both, "(automatable and human_only): keep it in one"),
    ] {
        let terminal = with(name, file, text);
        for command in [&["config", "check"][..], &["serve"]] {
            let ran = terminal.run(command);
            assert!(ran.refused().contains(said) && ran.err.contains(file), "{command:?}: {}", ran.err);
        }
    }
}

#[test]
fn the_configuration_is_shown_without_its_secrets() {
    let terminal = Terminal::new()
        .with("CONTACTIQ_LLM_API_KEY", "sk-CANARY")
        .with("CONTACTIQ_DATABASE_URL", "postgres://u:CANARY@127.0.0.1:1/d");
    let shown = terminal.run(&["config", "show"]).well();
    let lines = terminal.run(&["config", "show", "--json"]).lines(0);
    assert_eq!(lines[0]["limits"]["questions_per_minute"], 10);
    assert!(!shown.contains("CANARY") && !lines[0].to_string().contains("CANARY"));
    let ran = terminal.run(&["keys", "list"]);
    assert!(!ran.refused().contains("CANARY"), "{}", ran.err);
}

#[test]
fn a_command_that_judges_without_the_encoder_says_so_in_one_line_with_the_way_out() {
    let terminal = Terminal::new().with("CONTACTIQ_ENCODER", "/nowhere/encoder");
    let ran = terminal.run(&["intents", "check"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let said = "contactiq: no encoder in /nowhere/encoder: the lexical model works alone. `make encoder` fetches it, \
                or name its folder in CONTACTIQ_ENCODER\n";
    assert_eq!(ran.err, said);
    assert_eq!(Terminal::new().run(&["intents", "check"]).err, "", "it was switched off on purpose");

    let searching = Terminal::new().with("CONTACTIQ_ENCODER", "");
    let found = searching.run(&["doctor", "--json"]).lines(0);
    let encoder = found[0].as_array().unwrap().iter().find(|f| f["part"] == "encoder").unwrap();
    let detail = encoder["detail"].as_str().unwrap();
    let own = searching.data().join("encoder").display().to_string();
    assert_eq!(encoder["state"], "off");
    assert!(
        detail.contains(&own) && detail.contains("/.cache/encoder") && detail.contains("make encoder"),
        "{detail}"
    );
}

#[test]
fn an_empty_bank_that_still_speaks_in_the_demo_banks_name_is_told_so() {
    let bank = |terminal: Terminal| {
        let ran = terminal.run(&["doctor", "--json"]);
        let found = ran.lines(ran.status)[0].as_array().unwrap().clone();
        found.into_iter().find(|f| f["part"] == "bank").map(|f| text(&f, "detail").to_owned())
    };
    assert_eq!(bank(Terminal::new()), None, "the demo bank may");
    let empty = || Terminal::new().with("CONTACTIQ_DEMO", "off");
    let told = bank(empty()).unwrap();
    assert!(told.contains("bank.name and bank.people.channel"), "{told}");
    let named = bank(empty().with("CONTACTIQ__BANK__NAME", "Brookvale")).unwrap();
    assert!(named.starts_with("bank.people.channel is"), "{named}");
    let nobody = empty().with("CONTACTIQ__BANK__NAME", "Brookvale");
    assert_eq!(bank(nobody.with("CONTACTIQ__BANK__PEOPLE__AVAILABLE", "false")), None);
}

#[test]
fn the_description_is_printed_as_the_server_makes_it() {
    assert_eq!(Terminal::new().run(&["openapi"]).well(), contactiq_server::api::openapi());
}

#[test]
fn a_scan_answers_line_by_line_and_a_bad_line_in_its_place() {
    let input = b"{\"text\":\"card 4111 1111 1111 1111\"}\nCANARY\n{\"text\":7}\n\n{\"text\":\"CANARY \xff\"}\n{\"text\":\"hello\"}";
    let ran = Terminal::new().feed(&["guard", "scan"], input);
    let lines = ran.lines(3);
    // An empty line is a bad line: dropping it would shift every answer after it.
    assert_eq!(lines.len(), 6, "{ran:?}");
    assert_eq!(lines[0]["masked"], "card <CREDIT_CARD_1>");
    assert_eq!(lines[0]["spans"][0]["start"], 5);
    assert_eq!(lines[0]["spans"][0]["end"], 24);
    let names: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 4, "{names:?}");
    for (line, code) in [(1, "line_invalid"), (2, "line_invalid"), (3, "line_invalid"), (4, "line_not_utf8")]
    {
        assert_eq!(lines[line]["error"]["code"], code);
        assert!(!text(&lines[line]["error"], "message").is_empty());
    }
    assert_eq!(lines[5]["masked"], "hello", "the rest goes on");
    assert!(!ran.out.contains("CANARY") && !ran.err.contains("CANARY"), "{ran:?}");

    let ran = Terminal::new().feed(&["guard", "scan"], b"{\"text\":\"hello\"}\n");
    assert_eq!(ran.lines(0).len(), 1);
    assert_eq!(Terminal::new().feed(&["guard", "scan"], b"").lines(0).len(), 0);
}

#[test]
fn keys_are_created_once_listed_without_themselves_and_revoked() {
    let terminal = Terminal::new();
    let create = terminal.run(&[
        "keys",
        "create",
        "--name",
        "branch app",
        "--role",
        "service",
        "--mode",
        "customer",
        "--rate-per-minute",
        "600",
        "--expires",
        "2099-01-31",
    ]);
    assert!(create.err.contains("shown this once"), "{create:?}");
    let key = create.well().trim().to_owned();
    assert!(key.starts_with("ciq_dev_") && key.len() > 48, "{key}");
    let admin = &terminal.run(&["keys", "create", "--name", "me", "--role", "admin", "--json"]).lines(0)[0];
    assert_eq!(admin["name"], "me");

    let listed = terminal.run(&["keys", "list", "--json"]).lines(0);
    let first = &listed[0];
    assert_eq!(
        (text(first, "name"), text(first, "role"), text(first, "mode"), text(first, "state")),
        ("branch app", "service", "customer", "active")
    );
    assert_eq!(first["rate_per_minute"], 600);
    assert!(text(first, "expires_at").starts_with("2099-01-31"));
    let table = terminal.run(&["keys", "list"]).well();
    assert!(table.contains("branch app") && !table.contains(&key));
    let bytes = std::fs::read(terminal.data().join("contactiq.db")).unwrap();
    assert!(!holds(&bytes, &key) && !holds(&bytes, text(admin, "key")), "only hashes are kept");

    let again = terminal.run(&["keys", "create", "--name", "me", "--role", "customer"]);
    assert!(again.refused().contains("a key with this name is in use"));
    let past =
        terminal.run(&["keys", "create", "--name", "old", "--role", "customer", "--expires", "2020-01-01"]);
    assert!(past.refused().contains("--expires: it lies in the past"));
    assert!(terminal.run(&["keys", "revoke", "me"]).well().starts_with("revoked me"));
    let revoked = &terminal.run(&["keys", "revoke", "branch app", "--json"]).lines(0)[0];
    assert_eq!((text(revoked, "name"), text(revoked, "state")), ("branch app", "revoked"));
    let second =
        terminal.run(&["keys", "create", "--name", "branch app", "--role", "service", "--json"]).lines(0);
    let rotated = &terminal.run(&["keys", "rotate", "branch app", "--json"]).lines(0)[0];
    assert!(text(rotated, "key").starts_with("ciq_dev_") && text(rotated, "id") == text(&second[0], "id"));
    assert!(terminal.run(&["keys", "revoke", "me"]).refused().contains("no active key has this name"));
    let rotated = terminal.run(&["keys", "rotate", "branch app"]).well();
    assert!(rotated.starts_with("ciq_dev_") && rotated.trim() != key);
    let states = terminal.run(&["keys", "list", "--json"]).lines(0);
    assert_eq!(texts(&Value::Array(states), "state"), ["revoked", "revoked", "active"]);
    let wrong = terminal.run(&["keys", "create", "--name", "x", "--role", "root"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("customer, banker"), "{}", wrong.err);
}

#[test]
fn questions_in_lines_get_records_in_lines_and_tickets_that_can_be_listed() {
    let terminal = Terminal::new();
    let input = [
        json!({ "question": "What's the annual fee on the Low Rate credit card?", "conversation": "a" })
            .to_string(),
        json!({ "question": "let me talk to a human please, 4111 1111 1111 1111" }).to_string(),
        "not JSON".to_owned(),
        json!({ "question": "   ", "conversation": "a" }).to_string(),
        json!({ "question": "and for the gold one?", "conversation": "a" }).to_string(),
    ];
    let ran = terminal.feed(&["ask", "--mode", "customer", "--jsonl"], input.join("\n").as_bytes());
    let lines = ran.lines(3);
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[0]["conversation"], lines[4]["conversation"], "turns of one conversation");
    assert_ne!(lines[0]["conversation"], lines[1]["conversation"]);
    assert!(text(&lines[4], "answer").contains("$96"), "{}", lines[4]);
    assert_eq!(
        (text(&lines[2]["error"], "code"), text(&lines[3]["error"], "code")),
        ("line_invalid", "question_empty")
    );

    let tickets = terminal.run(&["escalations", "list", "--json"]).lines(0);
    assert_eq!(tickets.len(), 1);
    let ticket = &tickets[0];
    assert_eq!((&ticket["id"], &ticket["interaction"]), (&lines[1]["ticket"], &lines[1]["id"]));
    assert_eq!((text(ticket, "trigger"), text(ticket, "state")), (text(&lines[1], "trigger"), "open"));
    assert!(text(ticket, "question").contains("<CREDIT_CARD_1>"));
    let shown = terminal.run(&["escalations", "show", text(ticket, "id")]).well();
    assert!(shown.contains("explicit_human_request") && !holds_word(shown.as_bytes(), "4111"), "{shown}");
    let table = terminal.run(&["escalations", "list", "--state", "open", "--mode", "customer"]).well();
    assert!(table.contains("explicit_human_request"), "{table}");
    assert_eq!(terminal.run(&["escalations", "list", "--state", "closed", "--json"]).lines(0).len(), 0);
    for other in [["--trigger", "security_fraud"], ["--demo", "only"], ["--page", "2"]] {
        let none = terminal.run(&[&["escalations", "list", "--json"][..], &other[..]].concat());
        assert_eq!(none.lines(0).len(), 0, "{other:?}");
    }

    let id = text(ticket, "id");
    let number = format!("T-{}", id.replace('-', "")[24..].to_uppercase());
    let said = "Called back on 0412 345 678, all well";
    let taken = terminal.run(&["escalations", "take", &number, "--by", "mara", "--note", said, "--json"]);
    let taken = &taken.lines(0)[0];
    assert_eq!((text(taken, "state"), text(taken, "assignee")), ("taken", "mara"));
    assert!(text(taken, "taken_note").contains("Called back on <"), "{taken}");
    assert!(!holds_word(taken.to_string().as_bytes(), "0412"), "{taken}");
    let late = terminal.run(&["escalations", "take", id]);
    assert!(late.refused().contains("is taken already"), "{}", late.err);
    assert!(terminal.run(&["escalations", "list"]).well().contains("taken by mara"));
    assert!(terminal.run(&["escalations", "resolve", id]).well().contains("is closed"));
    let shown = terminal.run(&["escalations", "show", id]).well();
    assert!(shown.contains("mara") && shown.contains("command-line"), "{shown}");
    let bytes = std::fs::read(terminal.data().join("contactiq.db")).unwrap();
    assert!(!holds(&bytes, "all well"), "a note is sealed");
    assert!(terminal.run(&["escalations", "show", "CANARY"]).refused().contains("there is no such ticket"));
}

#[test]
fn a_list_that_is_cut_says_so_and_demo_traffic_is_marked_and_can_be_cleared() {
    let terminal = Terminal::new();
    let question = json!({ "question": "let me talk to a human please" }).to_string();
    terminal
        .feed(&["ask", "--mode", "customer", "--jsonl"], format!("{question}\n{question}").as_bytes())
        .lines(0);
    let one = terminal.run(&["escalations", "list", "--limit", "1"]);
    assert!(one.err.contains("1 of 2: --limit 2 shows all, --page 2 the next"), "{}", one.err);
    let second = terminal.run(&["escalations", "list", "--limit", "1", "--page", "2", "--json"]).lines(0);
    assert_eq!(second.len(), 1);

    terminal.run(&["demo", "traffic", "--days", "1", "--json"]).well();
    let demo = |what: &str| terminal.run(&["escalations", "list", "--json", "--demo", what]).lines(0);
    let (played, asked) = (demo("only"), demo("hide"));
    assert!(played.len() > 50 && played.iter().all(|t| t["demo"] == true), "{}", played.len());
    assert_eq!(asked.len(), 2);
    let all = terminal.run(&["escalations", "list", "--json"]).lines(0);
    assert_eq!(all.len(), played.len() + 2, "JSON holds all that was asked for");
    assert!(terminal.run(&["escalations", "list"]).well().contains("(demo)"));

    let dry = terminal.run(&["demo", "clear", "--json"]);
    assert_eq!((dry.status, &dry.lines(1)[0]["cleared"]), (1, &json!(false)), "not without --yes");
    assert_eq!(demo("only").len(), played.len());
    let cleared = terminal.run(&["demo", "clear", "--yes", "--json"]).lines(0);
    assert_eq!((&cleared[0]["cleared"], &cleared[0]["tickets"]), (&json!(true), &json!(played.len())));
    assert!(cleared[0]["interactions"].as_u64().unwrap() >= 300);
    assert_eq!((demo("only").len(), demo("hide").len()), (0, 2));
}

#[test]
fn one_question_is_answered_for_a_person_and_for_a_program() {
    let terminal = Terminal::new();
    let said = terminal.run(&["ask", "--mode", "customer", "What does a replacement card cost?"]).well();
    assert!(said.contains("$10") && said.contains("[1] Replace a debit or credit card"), "{said}");
    let record = &terminal
        .run(&["ask", "--mode", "banker", "--json", "How do I log a complaint, and what are the clocks?"])
        .lines(0)[0];
    assert_eq!(
        (text(record, "mode"), text(record, "outcome"), text(record, "subject")),
        ("banker", "resolved", "command-line")
    );
    assert!(terminal.run(&["ask", "--mode", "customer", "  "]).refused().contains("the question is empty"));
    let wrong = terminal.run(&["ask", "--mode", "nobody", "hello"]);
    assert_eq!(wrong.status, 2);
    assert!(wrong.err.contains("customer, banker"), "{}", wrong.err);
}

#[test]
fn texts_in_lines_are_classified_in_lines() {
    let input = b"{\"text\":\"how much is the atm fee\"}\n{\"word\":\"x\"}\n{\"text\":\"hello\"}\n";
    let lines = Terminal::new().feed(&["intents", "classify", "--mode", "customer"], input).lines(3);
    assert_eq!((text(&lines[0], "intent"), text(&lines[0], "category")), ("fee_inquiry", "automatable"));
    assert_eq!(lines[0].as_object().unwrap().len(), 6, "{}", lines[0]);
    for name in ["probability", "in_scope_probability"] {
        assert!((0.0..=1.0).contains(&lines[0][name].as_f64().unwrap()), "{name}");
    }
    assert_eq!(lines[1]["error"]["code"], "line_invalid");
    assert_eq!(text(&lines[2], "intent"), "greeting");
}

#[test]
fn a_bench_needs_its_columns_and_no_bank() {
    let terminal = Terminal::new().with("CONTACTIQ_DEMO", "off");
    let bench = |train: &str, test: &str| {
        let (train, test) = (terminal.file("train.csv", train), terminal.file("test.csv", test));
        terminal.run(&[
            "intents",
            "bench",
            "--train",
            &train.to_string_lossy(),
            "--test",
            &test.to_string_lossy(),
            "--json",
        ])
    };
    let mut train = "text,category\n".to_owned();
    for word in ["one", "two", "three", "four", "five", "six", "seven", "eight"] {
        train += &format!(
            "what is the fee for {word},fees\nraise my limit to {word},limits\nmy card {word} was stolen,fraud\n"
        );
    }
    let test = "category,text\nfees,what is the fee for nine\nlimits,raise my limit to nine\nfraud,my card nine was stolen\n";
    let report = &bench(&train, test).lines(0)[0];
    assert_eq!(report["accuracy"], 1.0, "{report}");
    for name in ["macro_f1", "ece", "coverage_at_2", "coverage_at_5"] {
        assert!((0.0..=1.0).contains(&report[name].as_f64().unwrap()), "{name}: {report}");
    }
    assert!(report["us_per_utterance"].as_f64().unwrap() > 0.0);
    assert!(report.get("oos_auroc").is_none_or(Value::is_null), "{report}");

    let ran = bench(&train, "text,label\nx,fees\n");
    assert!(ran.refused().contains("has no column `category`: the header is text,category"), "{}", ran.err);
    assert!(bench("text,category\n", test).refused().contains("has no rows"));
    let ran = terminal.run(&["intents", "bench", "--train", "nowhere.csv", "--test", "nowhere.csv"]);
    assert!(ran.refused().contains("nowhere.csv can't be read"), "{}", ran.err);
    assert!(!terminal.data().join("contactiq.db").exists(), "no bank was made");
}

#[test]
fn a_command_that_is_none_is_explained() {
    let help = Terminal::new().run(&["--help"]).well();
    assert!(help.starts_with("Answers questions of a bank's customers and staff from"), "{help}");
    let first = help.lines().next().unwrap();
    assert!(first.ends_with("where one is needed"), "the first line is the whole sentence: {first}");
    let ran = Terminal::new().run(&["nonsense"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("Usage: contactiq"), "{}", ran.err);
    let help = Terminal::new().run(&["--help"]).well();
    for command in [
        "serve",
        "ask",
        "knowledge",
        "intents",
        "guard",
        "escalations",
        "keys",
        "config",
        "doctor",
        "openapi",
    ] {
        assert!(help.contains(command), "{command}");
    }
}

#[test]
fn a_data_folder_that_can_not_be_used_is_named_with_the_way_out() {
    let terminal = Terminal::new();
    let file = terminal.file("in-the-way", "x");
    let ran = terminal
        .with("CONTACTIQ_DATA_DIR", file.to_string_lossy())
        .run(&["ask", "--mode", "customer", "hello"]);
    assert!(ran.refused().contains("CONTACTIQ_DATA_DIR"), "{}", ran.err);
    let terminal = Terminal::new();
    std::fs::write(terminal.data().join("sealing.key"), b"short").unwrap();
    let ran = terminal.run(&["ask", "--mode", "customer", "hello"]);
    assert!(ran.refused().contains("must hold exactly 32 bytes"), "{}", ran.err);
}
