//! All that is kept about one person (GDPR 15 and 20): as JSON for programs, as a page for the person.

use contactiq_domain::{
    Mode, Record, Ticket, Timestamp,
    ids::{ConversationId, KeyId},
};
use contactiq_guard::Masked;
use contactiq_store::{
    Connection, StoreError, conversations,
    conversations::Owner,
    feedback, interactions,
    privacy::consent::{self, Purpose},
    tickets,
};
use serde::Serialize;

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

/// Puts everything together that is kept under these names, of which the first is the person's. What is still on its way to the tables is missing: ask again a minute later.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn export(
    c: &mut Connection,
    names: &[String],
    key: Option<KeyId>,
    now: Timestamp,
) -> Result<Exported, StoreError> {
    let mut conversations = Vec::new();
    let mut found = Vec::new();
    for subject in names {
        found.extend(conversations::list_of(c, &Owner { subject, key }, MOST).await?);
    }
    found.sort_by_key(|conversation| std::cmp::Reverse((conversation.created_at, conversation.id)));
    for conversation in found {
        let mut exported = Vec::new();
        for record in interactions::of_conversation(c, conversation.id, MOST).await? {
            let said = feedback::of_interaction(c, record.id).await?;
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
                record,
            });
        }
        conversations.push(ExportedConversation {
            id: conversation.id,
            mode: conversation.mode,
            created_at: conversation.created_at,
            interactions: exported,
        });
    }
    let subject = names.first().cloned().unwrap_or_default();
    let consents = consent::of(c, &Owner { subject: &subject, key }).await?.into_iter().map(|consent| {
        ExportedConsent { purpose: consent.purpose, given: consent.given, noted_at: consent.noted_at }
    });
    Ok(Exported { exported_at: now, conversations, consents: consents.collect(), subject })
}
