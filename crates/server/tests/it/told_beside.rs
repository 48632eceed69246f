//! What a message tells beside what it asks, in the words in which people leave things out.

use contactiq_domain::{Mode, Role};

use crate::{
    house::start,
    reply::text,
    understanding::{ends, person, said},
};

#[tokio::test]
async fn a_calm_question_speaks_neither_for_nor_against_what_is_told_beside_it() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for (asked, trigger) in [
        (
            "What is the fee for a bank cheque? I met a lovely guy on a dating site and he's asked me for eight grand for \
             his visa.",
            "security_fraud",
        ),
        (
            "how long does an osko payment take, cos a chap on the phone says my money isnt safe and wants it shifted",
            "security_fraud",
        ),
        (
            "I'd like to know the annual fee on the Gold card. Work has let me go and the card is maxed out.",
            "legal_hardship",
        ),
    ] {
        assert_eq!(ends(&running, &key, &[asked]).await, person(trigger), "{asked}");
    }
    for calm in [
        "What is the fee for a bank cheque? My sister is getting married and I need eight grand for the venue.",
        "What is the ATM limit? I am going to the shop for my mum and need cash out.",
    ] {
        let (outcome, trigger) = ends(&running, &key, &[calm]).await;
        // Words alone may not be sure of the answer; nothing that is told raises an alarm.
        assert!(outcome == "resolved" || trigger == "low_confidence", "{calm}: {trigger}");
    }
}

#[tokio::test]
async fn a_report_may_leave_out_who_makes_it() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for said in [
        ["What is an unauthorised transaction?", "had one of those on sunday"],
        ["What is a romance scam?", "think mum's in one of those"],
        ["How do I activate a card?", "Mine has vanished"],
    ] {
        assert_eq!(ends(&running, &key, &said).await, person("security_fraud"), "{said:?}");
    }
    for said in [
        ["What is a bank cheque?", "had one of those before, no fee back then"],
        ["What does a replacement card cost?", "mine expires next month, how much is a new one"],
    ] {
        assert_ne!(ends(&running, &key, &said).await, person("security_fraud"), "{said:?}");
    }
}

#[tokio::test]
async fn each_thing_of_a_list_is_answered_and_none_is_passed_over() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let asked = "1) what is the ATM limit 2) what is the PayID limit 3) cost of a bank cheque";
    let record = running.ask(&key, Mode::Customer, asked).await;
    assert_eq!(record["outcome"], "resolved", "{record}");
    for figure in ["$1,000", "$2,000", "$10"] {
        assert!(text(&record, "answer").contains(figure), "{figure}: {record}");
    }
    let asked = "What is the ATM limit? Do you sell crypto currencies? What is the BPAY limit?";
    let record = running.ask(&key, Mode::Customer, asked).await;
    assert_eq!(record["outcome"], "escalated", "{record}");
    assert!(text(&record, "answer").contains("$1,000"), "what is known is said beside it: {record}");
}

#[tokio::test]
async fn a_name_that_no_document_has_is_not_answered_from_the_question_before() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    let before = "How long does a BPAY payment take?";
    assert_eq!(ends(&running, &key, &[before, "what about Dogecoin"]).await, person("insufficient_evidence"));
    let records = said(&running, &key, &[before, "what about Osko"]).await;
    assert!(text(&records[1], "answer").contains("1 minute"), "{}", records[1]);
}

#[tokio::test]
async fn a_right_word_is_not_repaired_and_a_misspelt_one_is() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for (asked, repaired) in [
        ("what happens when the app locks me out", false),
        ("is there a fee when a parcel is lost", false),
        ("what does a bank chque cost", true),
    ] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        let told = record["steps"].to_string().contains("searched as the documents spell it");
        assert_eq!(told, repaired, "{record}");
    }
}

#[tokio::test]
async fn how_to_complain_is_answered_and_a_complaint_is_a_persons() {
    let running = start(&[]).await;
    let key = running.key(Role::Customer).await;
    for asked in ["How do I complain?", "how can i lodge a complaint"] {
        let record = running.ask(&key, Mode::Customer, asked).await;
        assert_eq!(record["outcome"], "resolved", "{record}");
    }
    for (asked, trigger) in [
        ("you lot are useless", "human_only"),
        ("How do I complain about a teller who swore at me?", "human_only"),
        ("cant fix it, ive nothing coming in", "legal_hardship"),
    ] {
        assert_eq!(ends(&running, &key, &[asked]).await, person(trigger), "{asked}");
    }
}
