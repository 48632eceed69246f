use contactiq_domain::{
    Outcome, Probability, TicketState, Trigger,
    ids::{CountingIds, Ids, RequestId, TicketId},
    interaction::{NanoUsd, Tokens},
};
use contactiq_guard::{Placeholders, Published};

use super::*;

fn sealer(key: u8) -> Sealer {
    Sealer::new(&[key; 32], || [7; 12])
}

fn masked(text: &str) -> Masked {
    Masked::from_published(&Published::by_bank(text))
}

fn entries() -> [Entry; 3] {
    let ids = CountingIds::default();
    let at = Timestamp::from_micros(1_795_000_000_123_456);
    let conversation = Conversation {
        id: ConversationId::new(&ids),
        mode: Mode::Banker,
        subject: "subject \"1\"\n\u{0}é".to_owned(),
        owner_key: Some(KeyId::new(&ids)),
        label: Some(masked("fees in Wollongong")),
        demo: true,
        created_at: at,
    };
    let request_id = RequestId::new(&ids);
    let started = Started {
        id: InteractionId::new(&ids),
        request_id,
        correlation_id: "client-1".to_owned(),
        conversation: conversation.id,
        subject: conversation.subject.clone(),
        session: "s".to_owned(),
        mode: Mode::Banker,
        question: masked("what of Wollongong?"),
        pii_detected: true,
        demo: true,
        created_at: at,
    };
    let json = serde_json::json!({
        "id": started.id, "request_id": request_id, "correlation_id": "client-1",
        "conversation": conversation.id, "subject": "s", "session": "s", "mode": "banker",
        "question": "what of Wollongong?", "intent": "policy_lookup", "category": "sensitive",
        "intent_probability": 0.1, "classification_reason": "near", "routing": "answer",
        "answer": "Kalgoorlie has it [1].", "citations": [], "confidence": 0.30000000000000004,
        "outcome": "escalated", "trigger": "security_fraud", "triggers": [], "reason": "a person looks",
        "ticket": null, "steps": [], "retrieved_passages": 3, "model": "m",
        "tokens": { "input": 1, "output": 2 }, "cost_usd": 0.0, "pii_detected": true, "pii_masked": true,
        "knowledge_version": "k", "retention_policy": "r", "demo": true,
        "processing_time_ms": 1.0e-3, "created_at": at, "completed_at": at,
    });
    let record: Record<String> = serde_json::from_value(json).unwrap();
    let Ok(mut record) = record.try_map(|_, text| Ok::<_, Infallible>(masked(&text)));
    // A price per token has no place in a sum of dollars that is a float.
    record.cost_usd = NanoUsd(9_007_199_254_740_993);
    record.confidence = Probability::new(0.1 + 0.2).unwrap();
    record.tokens = Tokens { input: u64::MAX, output: 0 };
    assert_eq!(record.outcome, Outcome::Escalated);
    let ticket = Ticket {
        id: TicketId::new(&ids),
        interaction: record.id,
        conversation: conversation.id,
        mode: Mode::Banker,
        trigger: Trigger::SecurityFraud,
        rule: "r".to_owned(),
        queue: "q".to_owned(),
        priority: contactiq_domain::Priority::Urgent,
        state: TicketState::Taken,
        question: masked("what of Wollongong?"),
        told: masked("call the hotline"),
        created_at: at,
        assignee: Some("a".to_owned()),
        taken_at: Some(at),
        taken_note: Some(masked("noted in Wagga")),
        closed_at: None,
        closed_by: None,
        closed_note: None,
        demo: true,
    };
    let reviewed = |decided| review::Entry {
        id: ids.next(),
        interaction: record.id,
        kind: ReviewKind::Output,
        rules: vec!["advice/buy".to_owned()],
        message: masked("buy it in Wagga"),
        at,
        decided,
    };
    let decided = Decided { decision: ReviewDecision::FalseAlarm, by: "b".to_owned(), at };
    let reviews = vec![reviewed(None), reviewed(Some(decided))];
    let claimed = Claimed {
        caller: "c".to_owned(),
        route: "POST /v1/interactions".to_owned(),
        key: "k".to_owned(),
        body: "b".to_owned(),
        fence: crate::idempotency::Fence::of(ids.next()),
        queued: false,
        shown: true,
    };
    let seal = sealer(1).seal_placeholders(&Placeholders::default(), "p");
    let token = serde_json::from_str::<Token>("\"00ff0123456789ab\"").unwrap();
    let start = Start {
        conversation: conversation.clone(),
        placeholders: Some(SealedPlaceholders(seal)),
        started,
        tokens: vec![(PersonalType::Person, token)],
        shown: Some(Shown { text: masked("a card in Wagga costs"), citations: Vec::new() }),
    };
    let completion =
        Completion { conversation, record, ticket: Some(ticket), reviews, claimed: Some(claimed) };
    let withdrawal = Withdrawal {
        conversation: start.conversation.clone(),
        interaction: completion.record.id,
        completed_at: completion.record.completed_at,
        claimed: completion.claimed.clone(),
    };
    [
        Entry::Start(Box::new(start)),
        Entry::Completion(Box::new(completion)),
        Entry::Withdrawal(Box::new(withdrawal)),
    ]
}

#[test]
fn what_was_kept_comes_back_and_nothing_of_it_can_be_read_on_the_way() {
    for entry in entries() {
        let bytes = to_bytes(&entry, &sealer(1), true).unwrap();
        assert_eq!(from_bytes(&bytes, &sealer(1)), Ok(entry));
        for word in ["Wollongong", "Kalgoorlie", "hotline", "Wagga", "subject \\"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
        }
    }
}

#[test]
fn what_another_key_sealed_or_another_version_wrote_is_refused_by_name() {
    for entry in entries() {
        let bytes = to_bytes(&entry, &sealer(2), true).unwrap();
        let refused = from_bytes(&bytes, &sealer(1));
        assert_eq!(refused, Err(Unreadable::Sealed(SealError::UnknownKey)));
    }
    assert_eq!(from_bytes(br#"{"form":4}"#, &sealer(1)), Err(Unreadable::Newer(4)));
    for bytes in [&b""[..], b"{}", br#"{"form":1}"#, b"\xff\xfe", b"null", b"[1]"] {
        assert_eq!(from_bytes(bytes, &sealer(1)), Err(Unreadable::Damaged));
    }
}

#[test]
fn a_text_that_was_moved_to_another_place_does_not_open() {
    let [_, entry, _] = entries();
    let text = String::from_utf8(to_bytes(&entry, &sealer(1), true).unwrap()).unwrap();
    let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["completion"]["record"]["answer"] = json["completion"]["record"]["question"].clone();
    let moved = serde_json::to_vec(&json).unwrap();
    assert_eq!(from_bytes(&moved, &sealer(1)), Err(Unreadable::Sealed(SealError::NotAuthentic)));
}

#[test]
fn who_claimed_an_entry_of_an_earlier_version_is_a_pseudonym_from_here_on() {
    let [_, completion, withdrawal] = entries();
    for entry in [completion, withdrawal] {
        let text = String::from_utf8(to_bytes(&entry, &sealer(1), true).unwrap()).unwrap();
        let mut old: serde_json::Value = serde_json::from_str(&text).unwrap();
        old["form"] = 1.into();
        for place in ["/completion/claimed/caller", "/withdrawn/caller"] {
            if let Some(caller) = old.pointer_mut(place) {
                *caller = "key:k/Zorblat".into();
            }
        }
        let old = serde_json::to_vec(&old).unwrap();
        let expected = sealer(1).pseudonym("key:k/Zorblat");
        let caller = |entry: &Entry| match entry {
            Entry::Completion(own) => own.claimed.clone().unwrap().caller,
            Entry::Withdrawal(own) => own.claimed.clone().unwrap().caller,
            Entry::Start(_) => unreachable!(),
        };
        assert_eq!(caller(&from_bytes(&old, &sealer(1)).unwrap()), expected);
        let anew = renewed(&old, &sealer(1)).unwrap().unwrap();
        assert!(!anew.windows(7).any(|part| part == b"Zorblat"));
        assert_eq!(
            caller(&from_bytes(&anew, &sealer(1)).unwrap()),
            expected,
            "once, and not of the pseudonym"
        );
        assert_eq!(renewed(&anew, &sealer(1)), Ok(None));
    }
}
