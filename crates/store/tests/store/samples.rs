//! Rows to write: valid as they are, for a test to change what it is about.

use contactiq_domain::{
    Category, Citation, Collection, ContentType, Document, IntentName, Mode, Outcome, Passage, Priority,
    Probability, Record, Routing, Step, StepTrace, Ticket, TicketState, Timestamp, Translation, Trigger,
    TriggerHit,
    ids::{ConversationId, DocumentId, Ids, InteractionId, RequestId, TicketId},
    interaction::{NanoUsd, Started, Tokens},
};
use contactiq_guard::{Masked, Published};
use contactiq_store::{Writer, conversations, conversations::Conversation, interactions};

/// 10 days after the epoch, so that days are easy to count.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(10 * 86_400_000_000 + 123_456);

pub(crate) fn masked(text: &str) -> Masked {
    Masked::from_published(&Published::by_bank(text))
}

/// What a model translated of an answer that it was shown with.
pub(crate) fn translation() -> Translation<Masked> {
    Translation {
        language: "fr".to_owned(),
        question: masked("What does a card cost in Gundagai?"),
        answer: masked("It costs $10 in Gundagai [1]."),
        model: "a model/of 7b".to_owned(),
    }
}

pub(crate) fn conversation(ids: &dyn Ids) -> Conversation {
    Conversation {
        id: ConversationId::new(ids),
        mode: Mode::Customer,
        subject: "subject-1".into(),
        owner_key: None,
        label: Some(masked("fees of the platinum card")),
        demo: false,
        created_at: NOW,
    }
}

/// A conversation that is in the store already.
pub(crate) async fn begun(w: &mut Writer, ids: &dyn Ids) -> Conversation {
    let conversation = conversation(ids);
    conversations::create(w, &conversation).await.unwrap();
    conversation
}

pub(crate) fn started(ids: &dyn Ids, conversation: &Conversation) -> Started<Masked> {
    let request_id = RequestId::new(ids);
    Started {
        id: InteractionId::new(ids),
        request_id,
        correlation_id: format!("client-{request_id}"),
        conversation: conversation.id,
        subject: conversation.subject.clone(),
        session: "session-1".into(),
        mode: conversation.mode,
        question: masked("What does a replacement card cost in Wollongong?"),
        pii_detected: true,
        demo: false,
        created_at: NOW,
    }
}

/// The record that completes this start, resolved.
pub(crate) fn record(started: &Started<Masked>) -> Record<Masked> {
    Record {
        id: started.id,
        request_id: started.request_id,
        correlation_id: started.correlation_id.clone(),
        conversation: started.conversation,
        subject: started.subject.clone(),
        session: started.session.clone(),
        mode: started.mode,
        question: started.question.clone(),
        intent: IntentName::new("fee_inquiry").unwrap(),
        category: Category::Automatable,
        intent_probability: Probability::new(0.93).unwrap(),
        classification_reason: "nearest example: what does it cost".into(),
        routing: Routing::Answer,
        answer: masked("A replacement card costs 15 dollars in Kalgoorlie [1]."),
        citations: vec![Citation {
            number: 1,
            document: "customer/card-fees".into(),
            title: "Card fees".into(),
            url: "https://bank.example/fees".into(),
            quote: "A replacement card costs 15 dollars.".into(),
            passage: 3,
            headings: vec!["Cards".into(), "Replacement".into()],
            content_type: ContentType::Public,
            version: 2,
            as_at: Some("2026-07-01".into()),
            hosted: None,
        }],
        confidence: Probability::new(0.81).unwrap(),
        outcome: Outcome::Resolved,
        trigger: None,
        triggers: vec![TriggerHit { trigger: Trigger::LowConfidence, rule: "low/near".into(), score: 0.4 }],
        reason: String::new(),
        ticket: None,
        steps: vec![StepTrace {
            step: Step::Understand,
            outcome: "answer".into(),
            detail: "in scope".into(),
            version: Some("7".into()),
            values: [("probability".into(), 0.5)].into(),
            ms: 3.25,
        }],
        retrieved_passages: 8,
        model: "extractive".into(),
        tokens: Tokens { input: 120, output: 40 },
        cost_usd: NanoUsd(1_500),
        pii_detected: true,
        pii_masked: true,
        knowledge_version: "k1".into(),
        translation: None,
        retention_policy: "standard-90-days".into(),
        demo: started.demo,
        processing_time_ms: 12.5,
        created_at: started.created_at,
        completed_at: Timestamp::from_micros(started.created_at.micros() + 12_500),
    }
}

/// The same record, handed to a person.
pub(crate) fn escalated(started: &Started<Masked>, trigger: Trigger) -> Record<Masked> {
    Record {
        outcome: Outcome::Escalated,
        trigger: Some(trigger),
        reason: "A person looks at this.".into(),
        ..record(started)
    }
}

/// An interaction that is in the store already, complete.
pub(crate) async fn told(w: &mut Writer, ids: &dyn Ids) -> Record<Masked> {
    let conversation = begun(w, ids).await;
    let record = record(&started(ids, &conversation));
    interactions::complete(w, &record).await.unwrap();
    record
}

pub(crate) fn ticket(ids: &dyn Ids, record: &Record<Masked>) -> Ticket<Masked> {
    Ticket {
        id: TicketId::new(ids),
        interaction: record.id,
        conversation: record.conversation,
        mode: record.mode,
        trigger: Trigger::SecurityFraud,
        rule: "security_fraud/card-stolen".into(),
        queue: "fraud desk".into(),
        priority: Priority::Urgent,
        state: TicketState::Open,
        question: masked("Someone in Wagga stole my card."),
        told: masked("Call the hotline on 1800 000 000 at once."),
        created_at: NOW,
        assignee: None,
        taken_at: None,
        taken_note: None,
        closed_at: None,
        closed_by: None,
        closed_note: None,
        demo: false,
    }
}

pub(crate) fn document(ids: &dyn Ids, slug: &str, text: &str) -> Document<Published> {
    Document {
        id: DocumentId::new(ids),
        slug: slug.into(),
        collection: Collection::Customer,
        title: format!("Title of {slug}"),
        url: format!("https://bank.example/{slug}"),
        content_type: ContentType::Public,
        product: "cards".into(),
        owner: "cards team".into(),
        role: None,
        valid_from: Some(time::macros::date!(2026 - 01 - 05)),
        valid_until: None,
        version: 1,
        content_hash: format!("hash of {text}"),
        text: Published::by_bank(text),
    }
}

pub(crate) fn passages(texts: &[&str]) -> Vec<Passage<Published>> {
    (0..)
        .zip(texts)
        .map(|(position, text)| Passage {
            position,
            headings: vec!["Fees".into(), "Cards".into()],
            text: Published::by_bank(*text),
        })
        .collect()
}

/// Marks what is not finished as interrupted at this time.
pub(crate) async fn interrupt_unfinished(w: &mut Writer, at: Timestamp) {
    let found = interactions::unfinished(w, at, None, 100).await.unwrap();
    assert_eq!(interactions::interrupt(w, &found, at).await.unwrap().len(), found.len());
}
