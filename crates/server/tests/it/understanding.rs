//! What is understood of short, strange and repeated messages, and of those that lean on the turn before.

use std::time::Duration;

use contactiq_domain::{Mode, Role};
use serde_json::{Value, json};

use crate::{
    house::{Key, REPLACEMENT, Running, folder, start, start_with},
    reply::{text, texts},
};

/// The records of one conversation of a customer.
pub(crate) async fn said(running: &Running, key: &Key, messages: &[&str]) -> Vec<Value> {
    said_to(running, (key, Mode::Customer), messages).await
}

/// The same of either assistant.
async fn said_to(running: &Running, (key, mode): (&Key, Mode), messages: &[&str]) -> Vec<Value> {
    let mut conversation = Value::Null;
    let mut records = Vec::new();
    for question in messages {
        let mut body = json!({ "mode": mode, "question": question });
        if !conversation.is_null() {
            body["conversation"] = conversation.clone();
        }
        let record = running.post(key, "/v1/interactions", &body).await.record();
        conversation = record["conversation"].clone();
        records.push(record);
    }
    records
}

/// What became of the last message: outcome and trigger.
pub(crate) async fn ends(running: &Running, key: &Key, messages: &[&str]) -> (String, String) {
    let record = said(running, key, messages).await.pop().unwrap();
    (text(&record, "outcome").to_owned(), record["trigger"].as_str().unwrap_or_default().to_owned())
}

pub(crate) fn person(trigger: &str) -> (String, String) {
    ("escalated".to_owned(), trigger.to_owned())
}

#[tokio::test]
async fn a_word_or_two_of_another_language_reaches_a_person_with_a_sentence_in_it() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for (asked, sentence) in [
        ("tarjeta robada", "solo puedo ayudar en inglés"),
        ("carte volée", "je ne peux aider qu'en anglais"),
        ("robo", "solo puedo ayudar en inglés"),
        ("Karte gesperrt", "nur auf Englisch"),
    ] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        assert_eq!(record["outcome"], "escalated", "{record}");
        assert!(text(&record, "answer").contains(sentence), "{record}");
    }
}

#[tokio::test]
async fn names_strokes_and_what_masking_leaves_empty_are_not_understood() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let long = "x".repeat(1990);
    for asked in [
        "John Smith",
        ".",
        "x",
        "someone@example.com",
        "4111 1111 1111 1111",
        &long,
        "\u{1f600}\u{1f600}",
        "https://example.com/login?x=1",
        "for i in range(10): print(i)",
    ] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        assert_eq!((text(&record, "outcome"), text(&record, "intent")), ("guided", "unknown"), "{record}");
        let again = ends(&running, &key, &[asked, asked]).await;
        assert_eq!(again, person("repeated_misunderstanding"), "{asked}");
    }
    for greeting in ["hello", "thanks a lot", "hi John"] {
        let record = running.ask(&key, Mode::Customer, greeting).await;
        assert_eq!((text(&record, "outcome"), text(&record, "intent")), ("guided", "greeting"), "{record}");
    }
}

#[tokio::test]
async fn strokes_are_no_language_and_contradict_nothing() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for asked in ["asdkjh qwlekj zmxncb vbnqwp", "wkrtpl zxqvb ghtrd mnbvx plkjh"] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        let rules = texts(&record["triggers"], "rule");
        assert!(!rules.iter().any(|r| r.contains("language") || r.contains("conflicting")), "{record}");
        assert_ne!(record["outcome"], "resolved", "{record}");
    }
}

#[tokio::test]
async fn what_is_denied_raises_nothing_and_staff_who_name_a_customer_ask_for_a_record() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for denial in [
        "I am not in hardship, I just want to know the late payment fee",
        "my card isn't lost or stolen, how do I set a PIN?",
    ] {
        let record = running.ask(&key, Mode::Customer, denial).await;
        let fired = texts(&record["triggers"], "trigger");
        assert!(!fired.contains(&"legal_hardship") && !fired.contains(&"security_fraud"), "{record}");
        assert!(record["steps"].to_string().contains("what it says is not so was left out"), "{record}");
    }
    let reported = running.ask(&key, Mode::Customer, "My card was not lost, it was stolen").await;
    assert_eq!(text(&reported, "trigger"), "security_fraud", "{reported}");

    let staff = running.key(Role::Banker).await;
    let record = running.ask(&staff, Mode::Banker, "what colour does Maria Garcia like").await;
    assert!(texts(&record["triggers"], "rule").contains(&"account_specific/names-a-customer"), "{record}");
    assert_eq!(record["outcome"], "escalated", "{record}");
}

#[tokio::test]
async fn more_requests_than_are_answered_at_once_are_a_persons() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let one = "What does a replacement card cost?";
    let others = "How do I activate my card? What is the ATM limit? How do I reset my password? What is PayID? \
        How do I open an account online? What is the monthly fee? How do I close my account? When are you open? \
        How do I stop a cheque?";
    let record = running.ask(&key, Mode::Customer, &format!("{one} {others}")).await;
    assert_eq!(record["outcome"], "escalated", "{record}");
    assert!(record["steps"].to_string().contains("more is asked at once"), "{record}");
}

#[tokio::test]
async fn a_general_question_and_a_claim_on_it_are_together_what_the_claim_says() {
    // What a claim means is seen by meaning: words alone hear too few of them.
    let Some(folder) = crate::embeddings::real_folder() else {
        return eprintln!("not run: CONTACTIQ_ENCODER is off");
    };
    let dir = crate::house::folder();
    crate::embeddings::with_kept_vectors(dir.path());
    let running = crate::house::start_in(dir, &[("CONTACTIQ_ENCODER", &folder.display().to_string())]).await;
    let key = running.key(Role::Customer).await;
    for (before, claim, trigger) in [
        ("What is an authorised push payment scam?", "I did one yesterday", "security_fraud"),
        ("How does hardship assistance work?", "I think I need it", "legal_hardship"),
        ("How does hardship assistance work?", "sign me up for it", "legal_hardship"),
        ("What happens if I go bankrupt?", "that is me", "legal_hardship"),
    ] {
        let (first, _) = ends(&running, &key, &[before]).await;
        assert_ne!(first, "escalated", "the question alone is general: {before}");
        assert_eq!(ends(&running, &key, &[before, claim]).await, person(trigger), "{before} / {claim}");
    }
    for together in [
        "What is the Low Rate card's rate? I lost it at the pool yesterday.",
        "What is the annual fee of the Low Rate card? I lost it at the beach.",
    ] {
        assert_eq!(ends(&running, &key, &[together]).await, person("security_fraud"), "{together}");
    }
    for (before, follow_up, says, not) in [
        ("How do I reset my online banking password?", "ATM withdrawal limit", "ATM limit", "password"),
        ("What is the annual fee of the Gold card?", "and the PayID limit?", "PayID limit", "annual fee"),
    ] {
        let record = said(&running, &key, &[before, follow_up]).await.pop().unwrap();
        let answer = text(&record, "answer");
        assert!(answer.contains(says) && !answer.contains(not), "{record}");
    }
    for (before, follow_up) in [
        ("How does hardship assistance work?", "and how long does it take?"),
        ("What is an authorised push payment scam?", "and how common is it?"),
    ] {
        let record = said(&running, &key, &[before, follow_up]).await.pop().unwrap();
        let fired = texts(&record["triggers"], "trigger");
        assert!(!fired.contains(&"security_fraud") && !fired.contains(&"legal_hardship"), "{record}");
    }
}

#[tokio::test]
async fn who_is_missed_more_than_once_reaches_a_person() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let missed = person("repeated_misunderstanding");
    assert_eq!(ends(&running, &key, &[REPLACEMENT, REPLACEMENT]).await.0, "resolved", "once more is no harm");
    assert_eq!(ends(&running, &key, &[REPLACEMENT, REPLACEMENT, REPLACEMENT]).await, missed);
    assert_eq!(ends(&running, &key, &["blorp fnarg", "hello", "zibble wuk"]).await, missed);
    let objected = said(&running, &key, &[REPLACEMENT, "that's not what I asked"]).await.pop().unwrap();
    assert_eq!(text(&objected, "outcome"), "guided", "{objected}");
    assert!(text(&objected, "answer").contains("not what you meant"), "{objected}");
    let twice = [REPLACEMENT, "that's not what I asked", "no, you still don't get it"];
    assert_eq!(ends(&running, &key, &twice).await, missed);
    let on = [REPLACEMENT, "that's not what I asked", "How long does an international transfer take?"];
    assert_eq!(ends(&running, &key, &on).await.0, "resolved", "who goes on is answered");
}

#[tokio::test]
async fn staff_object_over_the_turns_like_customers() {
    let running = start(&[]).await;
    let key = running.key(Role::Banker).await;
    let of_staff =
        async |messages: &[&str]| said_to(&running, (&key, Mode::Banker), messages).await.pop().unwrap();
    let asked = "How much in fees may a teller refund to one customer in a year?";
    let first = of_staff(&[asked]).await;
    assert_eq!(text(&first, "outcome"), "resolved", "{first}");
    assert!(text(&first, "answer").contains("$50"), "{first}");
    let objected = of_staff(&[asked, "that's not what I asked"]).await;
    assert_eq!(text(&objected, "outcome"), "guided", "{objected}");
    assert!(text(&objected, "answer").contains("not what you meant"), "{objected}");
    let twice = of_staff(&[asked, "that's not what I asked", "no, you still don't get it"]).await;
    assert_eq!(text(&twice, "trigger"), "repeated_misunderstanding", "{twice}");
}

#[tokio::test]
async fn a_lost_card_is_a_persons_and_the_fee_beside_it_is_told_all_the_same() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for asked in [
        "I lost my card and what does a replacement debit card cost?",
        "What does a replacement debit card cost? Mine was stolen on the train.",
    ] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        assert_eq!(
            (text(&record, "outcome"), text(&record, "trigger")),
            ("escalated", "security_fraud"),
            "{record}"
        );
        assert!(text(&record, "answer").contains("$10"), "{record}");
        assert!(!texts(&record["citations"], "document").is_empty(), "{record}");
    }
    let staff = running.key(Role::Banker).await;
    let asked = "A customer lost their card, what does a replacement debit card cost them?";
    let record = running.ask(&staff, Mode::Banker, asked).await;
    assert!(text(&record, "answer").contains("$10"), "{record}");
}

#[tokio::test]
async fn how_many_misunderstandings_are_too_many_is_set() {
    let running = start(&[("CONTACTIQ__CUSTOMER__MISUNDERSTANDINGS", "3")]).await;
    let key = running.key(Role::Customer).await;
    assert_eq!(ends(&running, &key, &["blorp fnarg", "zibble wuk"]).await.0, "guided");
    let third = ends(&running, &key, &["blorp fnarg", "zibble wuk", "quux grault"]).await;
    assert_eq!(third, person("repeated_misunderstanding"));
}

#[tokio::test]
async fn the_things_in_the_list_of_a_question_are_not_reported() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for asked in [
        "Does travel insurance cover theft, lost card, cancelled flights?",
        "Does travel insurance cover theft and lost card and cancelled flights?",
    ] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        assert!(!texts(&record["triggers"], "trigger").contains(&"security_fraud"), "{record}");
    }
    let record = running.ask(&key, Mode::Customer, "what is the ATM limit, someone stole my card").await;
    assert_eq!(text(&record, "trigger"), "security_fraud", "{record}");
}

#[tokio::test]
async fn a_reason_holds_no_word_that_only_the_person_wrote() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let asked = "what does Zorblatting cost when transferringly chargings quimbified my cardly";
    let record = running.ask(&key, Mode::Customer, asked).await;
    let reason = text(&record, "classification_reason").to_lowercase();
    for own in ["zorblatting", "transferringly", "chargings", "quimbified", "cardly"] {
        assert!(!reason.contains(own), "{own}: {reason}");
    }
}

#[tokio::test]
async fn a_message_is_read_under_the_permits_of_the_processor_and_others_are_served_meanwhile() {
    let mut compute = None;
    let running = start_with(folder(), &[], |house| compute = Some(house.compute.clone())).await;
    let key = running.key(Role::Customer).await;
    let held = compute.unwrap().stand_still().await.unwrap();
    let asked = running.ask(&key, Mode::Customer, REPLACEMENT);
    tokio::pin!(asked);
    assert!(
        tokio::time::timeout(Duration::from_millis(800), &mut asked).await.is_err(),
        "it waits for a core"
    );
    running.read(&key, "/health").await.json();
    drop(held);
    assert_eq!(asked.await["outcome"], "resolved");
}
