//! "Was this helpful?" and reported problems, tied to the interaction (D6).

use contactiq_domain::{
    Timestamp,
    ids::{FeedbackId, InteractionId},
};
use contactiq_guard::Masked;

use crate::{Connection, StoreError, Writer, value::values};

pub(crate) const TABLE: &str = "feedback";

/// What one person said about one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Its id.
    pub id: FeedbackId,
    /// The answer it speaks of.
    pub interaction: InteractionId,
    /// Who said it: one feedback an interaction and subject.
    pub subject: String,
    /// Whether the answer helped, if that was said.
    pub helpful: Option<bool>,
    /// What was wrong, masked, if that was said. Sealed at rest.
    pub problem: Option<Masked>,
    /// When.
    pub created_at: Timestamp,
}

/// Keeps feedback. What the same subject said earlier about the same interaction is replaced, all of
/// it: carry over what should stay.
///
/// # Errors
/// [`StoreError::Refused`] when the interaction is missing or nothing is said, or when the database
/// fails.
pub async fn save(w: &mut Writer, feedback: &Feedback) -> Result<(), StoreError> {
    let whose = w.key_of_interaction(feedback.interaction).await?;
    let seal = |text| w.seal_for(whose.as_deref(), text, TABLE, "problem", &feedback.id.to_string());
    let problem = feedback.problem.as_ref().map(seal);
    let subject = w.blind_subject(&feedback.subject);
    // The id is replaced too, because the problem is sealed for it.
    w.execute(
        "INSERT INTO feedback (id, interaction, subject, helpful, problem, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (interaction, subject) DO UPDATE SET id = excluded.id, helpful = excluded.helpful,
             problem = excluded.problem, created_at = excluded.created_at",
        values![feedback.id, feedback.interaction, subject, feedback.helpful, problem, feedback.created_at,],
    )
    .await?;
    Ok(())
}

/// What was said about an interaction, oldest first.
///
/// # Errors
/// When the database fails or a sealed column does not open.
pub async fn of_interaction(
    c: &mut Connection,
    interaction: InteractionId,
) -> Result<Vec<Feedback>, StoreError> {
    c.rows(
        "SELECT feedback.*, conversations.data_key, conversations.subject AS asker FROM feedback
         JOIN interactions ON interactions.id = feedback.interaction
         JOIN conversations ON conversations.id = interactions.conversation
         WHERE feedback.interaction = $1 ORDER BY feedback.created_at, feedback.id",
        values![interaction],
    )
    .await?
    .iter()
    // Of an interaction that was moved to somebody else's conversation it is not theirs.
    .filter(|row| !row.is_foreign())
    .map(|row| {
        let id: FeedbackId = row.parsed("id")?;
        Ok(Feedback {
            id,
            interaction,
            // Who asked has a name here; anybody else a keyed hash alone.
            subject: match row.text("subject")? {
                subject if subject == row.text("asker")? => row.person_by_key(|| format!("erased:{id}"))?,
                subject => subject,
            },
            helpful: row.bool_or_none("helpful")?,
            problem: row.masked_or_none(TABLE, "problem", &id.to_string())?,
            created_at: row.moment("created_at")?,
        })
    })
    .collect()
}
