//! What stood where personal data was masked, shown for a purpose: the entry of the audit log is durable before anything
//! is handed out (A2, E6).

use contactiq_domain::{Timestamp, ids::InteractionId};
use contactiq_guard::{Masked, Original};

use crate::{
    StoreError, Writer,
    audit::{self, AuditKind, Event},
    interactions, placeholders,
    value::values,
};

/// Who wants to see it, and why.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The interaction whose message it is.
    pub interaction: InteractionId,
    /// Who: a key's name or a person's fingerprint; the log gets a keyed hash of it.
    pub actor: &'a str,
    /// From where; the log gets a keyed hash of it.
    pub from: &'a str,
    /// Why, free of personal data: it stands in the log for good.
    pub purpose: &'a Masked,
    /// When.
    pub at: Timestamp,
}

/// What became of it.
#[derive(Debug)]
pub enum Unmasked {
    /// The placeholders of the message and what stood there. It is on record.
    Shown(Vec<Original>),
    /// The record was erased or purged: there is nothing left to show.
    Erased,
    /// No original of this message is kept.
    NotKept,
}

/// Opens the originals of a message. With [`Unmasked::Shown`] its entry of the audit log is durable; with the others
/// nothing was shown, and the access event of the request stands alone. Without placeholders there is nothing to show,
/// and that somebody looked is on record all the same.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such finished interaction, or when the database fails or a sealed column
/// does not open: then nothing is shown.
pub async fn unmask(mut w: Writer, asked: &Asked<'_>) -> Result<Unmasked, StoreError> {
    let missing = || StoreError::NotFound { what: "interaction" };
    let row = w
        .row(
            "SELECT conversations.erased_at, interactions.anonymised_at FROM interactions
             JOIN conversations ON conversations.id = interactions.conversation WHERE interactions.id = $1",
            values![asked.interaction],
        )
        .await?
        .ok_or_else(missing)?;
    if row.moment_or_none("erased_at")?.is_some() || row.moment_or_none("anonymised_at")?.is_some() {
        return Ok(Unmasked::Erased);
    }
    let record = interactions::get(&mut w, asked.interaction).await?.ok_or_else(missing)?;
    let kept = placeholders::of(&mut w, record.conversation).await?;
    let originals = match kept.originals(asked.interaction, &record.question) {
        Some(originals) => originals,
        None if contactiq_guard::placeholders(record.question.as_str()).next().is_none() => Vec::new(),
        None => return Ok(Unmasked::NotKept),
    };
    let shown = originals.iter().filter(|original| original.value().is_some()).count();
    if shown == 0 && !originals.is_empty() {
        return Ok(Unmasked::NotKept);
    }
    let event = Event::new(
        audit::fresh_id(&w),
        asked.at,
        AuditKind::Unmasking,
        &[
            ("actor", Some(w.sealer().pseudonym(asked.actor))),
            ("from", Some(w.sealer().pseudonym(asked.from))),
            ("interaction", Some(asked.interaction.to_string())),
            ("purpose", Some(asked.purpose.as_str().to_owned())),
            ("shown", Some(shown.to_string())),
        ],
    );
    audit::note(&mut w, &event).await?;
    w.save().await?;
    Ok(Unmasked::Shown(originals))
}
