//! All that is kept about one person (GDPR 15 and 20): as JSON for programs, as a page for the person.

use contactiq_domain::{
    Mode, Record, Ticket, Timestamp,
    ids::{ConversationId, KeyId},
};
use contactiq_guard::{Masked, ReviewDecision, ReviewKind};
use contactiq_store::{
    Connection, StoreError,
    access::{self, AccessEvent, AccessResult, actors},
    conversations,
    conversations::Owner,
    feedback, interactions, page_sessions,
    privacy::{
        self,
        consent::{self, Purpose},
        exports::{self, Form},
    },
    review, tickets,
};
use serde::Serialize;
use uuid::Uuid;

/// More of either a person does not have; what a limit would leave out must not be left out in silence.
const MOST: u32 = u32::MAX >> 1;

/// Everything of a person.
#[derive(Debug, Serialize, askama::Template)]
#[template(path = "export.html")]
pub struct Exported {
    /// The person, as the bank names them here.
    pub subject: String,
    /// When it was put together.
    pub exported_at: Timestamp,
    /// Conversations, latest first.
    pub conversations: Vec<ExportedConversation>,
    /// What the person agreed to or refused.
    pub consents: Vec<ExportedConsent>,
    /// When the person signed in on the pages.
    pub sign_ins: Vec<ExportedSignIn>,
    /// What the person did here, and who saw what is the person's.
    pub accesses: Vec<ExportedAccess>,
    /// How many more there may be, whose rows are damaged.
    pub accesses_unreadable: u64,
    /// When all of this was handed out before.
    pub exports: Vec<ExportedBefore>,
}

/// One conversation.
#[derive(Debug, Serialize)]
pub struct ExportedConversation {
    /// Its id.
    pub id: ConversationId,
    /// Which assistant.
    pub mode: Mode,
    /// When it began.
    pub created_at: Timestamp,
    /// What lists call it.
    pub label: Option<Masked>,
    /// What was said, oldest first.
    pub interactions: Vec<ExportedInteraction>,
}

/// One question with all that became of it.
#[derive(Debug, Serialize)]
pub struct ExportedInteraction {
    /// The whole record: what was asked, decided and shown.
    pub record: Record<Masked>,
    /// The ticket by which a person took over.
    pub ticket: Option<Ticket<Masked>>,
    /// What the person said of the answer.
    pub feedback: Vec<ExportedFeedback>,
    /// What the guard refused, flagged or kept back.
    pub review: Vec<ExportedReview>,
}

/// What the guard said of a message.
#[derive(Debug, Serialize)]
pub struct ExportedReview {
    /// What became of it.
    pub kind: ReviewKind,
    /// The rules that spoke.
    pub rules: Vec<String>,
    /// The message, or the model's text.
    pub message: Masked,
    /// When.
    pub at: Timestamp,
    /// Whether a reviewer found the guard right.
    pub decision: Option<ReviewDecision>,
}

/// A session of the pages.
#[derive(Debug, Serialize)]
pub struct ExportedSignIn {
    /// What the bank's directory called the person.
    pub label: Option<Masked>,
    /// From where.
    pub from_ip: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to within a minute.
    pub seen_at: Timestamp,
    /// When it ends or ended.
    pub ends_at: Timestamp,
}

/// One access.
#[derive(Debug, Serialize)]
pub struct ExportedAccess {
    /// When.
    pub at: Timestamp,
    /// `you`, or `the bank`: its people and programs.
    pub by: &'static str,
    /// From where, of one's own.
    pub from_ip: Option<String>,
    /// The HTTP method, or `cli`.
    pub method: String,
    /// The route or the command.
    pub route: String,
    /// What was seen or changed.
    pub target: Option<String>,
    /// What came of it.
    pub result: AccessResult,
}

/// An export of before. Who of the bank made it is not the person's to know.
#[derive(Debug, Serialize)]
pub struct ExportedBefore {
    /// In which form.
    pub form: Form,
    /// When.
    pub made_at: Timestamp,
}

/// What the person said of an answer.
#[derive(Debug, Serialize)]
pub struct ExportedFeedback {
    /// Whether it helped.
    pub helpful: Option<bool>,
    /// What was wrong.
    pub problem: Option<Masked>,
    /// When.
    pub created_at: Timestamp,
}

/// One purpose.
#[derive(Debug, Serialize)]
pub struct ExportedConsent {
    /// Which.
    pub purpose: Purpose,
    /// Whether the person agrees.
    pub given: bool,
    /// When that was noted.
    pub noted_at: Timestamp,
}

/// Puts everything together that is kept under these names, of which the first is the person's. What is still on its way
/// to the tables is missing: ask again a minute later. `noted` is the note of this export, which [`exports::note`] left
/// and saved before: only so does the receipt of an erasure beside it count the file.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn export(
    c: &mut Connection,
    names: &[String],
    key: Option<KeyId>,
    noted: Option<Uuid>,
    now: Timestamp,
) -> Result<Exported, StoreError> {
    let mut conversations = Vec::new();
    let mut found = Vec::new();
    let mut targets = Vec::new();
    for subject in names {
        targets.push(format!("person:{}", privacy::hashed(c, &Owner { subject, key })));
    }
    for subject in names {
        found.extend(conversations::list_of(c, &Owner { subject, key }, MOST).await?);
    }
    found.sort_by_key(|conversation| std::cmp::Reverse((conversation.created_at, conversation.id)));
    for conversation in found {
        let mut exported = Vec::new();
        targets.push(conversation.id.to_string());
        for record in interactions::of_conversation(c, conversation.id, MOST).await? {
            let said = feedback::of_interaction(c, record.id).await?;
            let review = review::of_interaction(c, record.id).await?;
            targets.push(record.id.to_string());
            targets.extend(record.ticket.map(|ticket| ticket.to_string()));
            targets.extend(review.iter().map(|entry| entry.id.to_string()));
            exported.push(ExportedInteraction {
                ticket: tickets::of_interaction(c, record.id).await?,
                feedback: said
                    .into_iter()
                    .map(|f| ExportedFeedback {
                        helpful: f.helpful,
                        problem: f.problem,
                        created_at: f.created_at,
                    })
                    .collect(),
                review: review
                    .into_iter()
                    .map(|entry| ExportedReview {
                        kind: entry.kind,
                        rules: entry.rules,
                        message: entry.message,
                        at: entry.at,
                        decision: entry.decided.map(|decided| decided.decision),
                    })
                    .collect(),
                record,
            });
        }
        conversations.push(ExportedConversation {
            id: conversation.id,
            mode: conversation.mode,
            created_at: conversation.created_at,
            label: conversation.label,
            interactions: exported,
        });
    }
    let subject = names.first().cloned().unwrap_or_default();
    let consents = consent::of(c, &Owner { subject: &subject, key }).await?.into_iter().map(|consent| {
        ExportedConsent { purpose: consent.purpose, given: consent.given, noted_at: consent.noted_at }
    });
    let consents = consents.collect();
    let actors: Vec<String> = names.iter().flat_map(|subject| actors(&Owner { subject, key })).collect();
    let found = access::of(c, &actors, &targets).await?;
    let accesses = found.events.into_iter().map(|event| accessed(event, &actors)).collect();
    let sign_ins = match key {
        None => page_sessions::of(c, &subject).await?,
        // A back end's people do not sign in here.
        Some(_) => Vec::new(),
    };
    let sign_ins = sign_ins.into_iter().map(|session| ExportedSignIn {
        label: session.label,
        from_ip: session.from_ip,
        created_at: session.created_at,
        seen_at: session.seen_at,
        ends_at: session.ended_at.unwrap_or(session.ends_at),
    });
    let sign_ins = sign_ins.collect();
    let before = exports::of(c, &Owner { subject: &subject, key }).await?;
    let before = before.into_iter().filter(|export| Some(export.id) != noted);
    let exports =
        before.map(|export| ExportedBefore { form: export.form, made_at: export.made_at }).collect();
    Ok(Exported {
        exported_at: now,
        conversations,
        consents,
        sign_ins,
        accesses,
        accesses_unreadable: found.unreadable,
        exports,
        subject,
    })
}

/// Who of the bank it was is not the person's to know.
fn accessed(event: AccessEvent, actors: &[String]) -> ExportedAccess {
    let is_own = actors.contains(&event.actor);
    ExportedAccess {
        at: event.at,
        by: if is_own { "you" } else { "the bank" },
        from_ip: is_own.then_some(event.from_ip),
        method: event.method,
        route: event.route,
        target: event.target,
        result: event.result,
    }
}
