//! A bank with a handful of intents of its own: what people say besides raises no trigger, what they need still does.

use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};

use crate::{
    house::{Key, Running, folder, start_in},
    reply::{text, texts},
};

/// Four intents for each assistant, one of them with a single example; the greeting has a name of its own.
const INTENTS: &str = r#"
version = 1

[customer.welcome]
greets = true
guide = "Hello. What would you like to know?"
category = "automatable"
role = "customer"
description = "Courtesies."
examples = ["hi there", "good morning", "good evening", "thank you so much", "hello", "bye for now"]

[customer.card_questions]
category = "automatable"
role = "customer"
description = "Cards, their fees and limits."
examples = [
  "what does a replacement card cost", "how much can I take out at a cash machine", "how do I activate my new card",
  "is there a fee for a second card", "how long does a new card take to come", "where can I change my PIN",
]

[customer.opening_hours]
category = "automatable"
role = "customer"
description = "When branches are open."
examples = ["when are your branches open"]

[customer.unknown]
category = "automatable"
role = "customer"
description = "Everything else."
examples = ["what is the weather", "who are you", "how do I cook rice", "play some music", "translate this for me"]

[banker.welcome]
greets = true
guide = "Hello. What do you need?"
category = "automatable"
role = "banker"
description = "Courtesies."
examples = ["hi", "thanks, that is all", "good morning"]

[banker.policy]
category = "automatable"
role = "banker"
description = "What the policies say."
examples = ["what does the policy say on dormant accounts", "who approves a fee waiver", "how long do we keep records"]

[banker.forms]
category = "automatable"
role = "banker"
description = "Which form is for what."
examples = ["which form opens a joint account"]

[banker.unknown]
category = "automatable"
role = "banker"
description = "Everything else."
examples = ["what is the weather", "tell me about yourself", "how do I cook rice", "play some music", "what day is it"]
"#;

async fn house(settings: &[(&str, &str)]) -> Running {
    let dir = folder();
    let file = dir.path().join("few-intents.toml");
    std::fs::write(&file, INTENTS).unwrap();
    if settings.iter().any(|(name, _)| *name == "CONTACTIQ_ENCODER") {
        crate::embeddings::with_kept_vectors(dir.path());
    }
    let file = file.display().to_string();
    let settings: Vec<(&str, &str)> =
        settings.iter().copied().chain([("CONTACTIQ__FILES__INTENTS", file.as_str())]).collect();
    start_in(dir, &settings).await
}

/// What has nothing to do with any trigger.
const EVERYDAY: &[&str] = &[
    "write me a poem about the sea",
    "who won the football last night?",
    "tell me a joke about cats",
    "what should I cook for dinner tonight",
    "sing me a song",
    "what is the capital of Peru",
    "can you recommend a good film",
];
const GREETINGS: &[&str] = &["good evening", "hello", "thanks a lot", "good morning to you"];
const BANKING: &[&str] = &[
    "what does a replacement card cost?",
    "how long does a new card take to come?",
    "when are your branches open on Saturday?",
    "how do I change my PIN",
    "what is the daily limit at a cash machine",
];

fn triggers_of_text(record: &Value) -> Vec<String> {
    let of_text = [
        "account_specific",
        "security_fraud",
        "financial_advice",
        "legal_hardship",
        "emotional_distress",
        "explicit_human_request",
    ];
    texts(&record["triggers"], "trigger")
        .into_iter()
        .filter(|trigger| of_text.contains(trigger))
        .map(str::to_owned)
        .collect()
}

/// Asks all of both assistants; what was wrong, a line each.
async fn wrong(
    running: &Running,
    keys: &[(Mode, Key)],
    asked: &[&str],
    right: impl Fn(&Value) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (mode, key) in keys {
        for question in asked {
            let record = running.ask(key, *mode, question).await;
            if !right(&record) {
                wrong.push(format!(
                    "{mode} {question}: {} {} {}",
                    record["outcome"], record["intent"], record["triggers"]
                ));
            }
        }
    }
    wrong
}

async fn look(running: &Running) {
    let keys = [
        (Mode::Customer, running.key(Role::Customer).await),
        (Mode::Banker, running.key(Role::Banker).await),
    ];
    let none: [&str; 0] = [];
    let all: Vec<&str> = EVERYDAY.iter().chain(GREETINGS).chain(BANKING).copied().collect();
    let fired = wrong(running, &keys, &all, |record| triggers_of_text(record).is_empty()).await;
    assert_eq!(fired, none, "nothing of this raises a trigger");
    let greeted = wrong(running, &keys, GREETINGS, |record| {
        text(record, "outcome") == "guided" && text(record, "intent") == "welcome"
    });
    assert_eq!(greeted.await, none, "a greeting is guided, and no document is cited");
    for (trigger, needs) in [
        (
            "emotional_distress",
            [
                "I can't go on any more, I want to end my life",
                "I feel so hopeless, nothing is worth it any more",
            ],
        ),
        (
            "security_fraud",
            ["someone stole my card and is using it", "there is a payment on my account that I never made"],
        ),
        (
            "legal_hardship",
            [
                "I lost my job and can't make my loan repayments",
                "I am going through bankruptcy and need help",
            ],
        ),
    ] {
        let customers = &keys[..1];
        let deaf = wrong(running, customers, &needs, |record| {
            text(record, "outcome") == "escalated" && texts(&record["triggers"], "trigger").contains(&trigger)
        });
        assert_eq!(deaf.await, none, "{trigger}");
    }
}

#[tokio::test]
async fn with_words_alone_a_bank_of_few_intents_hears_who_is_in_need_and_nobody_else() {
    look(&house(&[]).await).await;
}

#[tokio::test]
async fn with_the_encoder_a_bank_of_few_intents_hears_who_is_in_need_and_nobody_else() {
    let Some(folder) = crate::embeddings::real_folder() else {
        return eprintln!("not run: CONTACTIQ_ENCODER is off");
    };
    look(&house(&[("CONTACTIQ_ENCODER", &folder.display().to_string())]).await).await;
}

#[tokio::test]
async fn a_renamed_greeting_is_spoken_over_in_a_conversation_like_any_other() {
    let running = house(&[]).await;
    let key = running.key(Role::Customer).await;
    let mut conversation = Value::Null;
    for courtesy in ["hello", "hello"] {
        let mut body = json!({ "mode": "customer", "question": courtesy });
        if !conversation.is_null() {
            body["conversation"] = conversation.clone();
        }
        let record = running.post(&key, "/v1/interactions", &body).await.record();
        conversation = record["conversation"].clone();
        assert_eq!((text(&record, "outcome"), text(&record, "intent")), ("guided", "welcome"), "{record}");
        assert_eq!(record["citations"], json!([]), "{record}");
    }
}
