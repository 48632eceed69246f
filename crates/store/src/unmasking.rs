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

/// Why a purpose is refused that names somebody.
pub const PERSONAL: &str = "purpose_personal";

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
    /// The purpose holds a word of what it would open, which must not stand in the log.
    NamedBefore,
}

/// Notes that somebody asked with a purpose that can't stand in the log, and was shown nothing: `why` is one stable word.
///
/// # Errors
/// When the database fails.
pub async fn refused(
    mut w: Writer,
    interaction: InteractionId,
    (actor, from): (&str, &str),
    why: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let pseudonym = |word: &str| Some(w.sealer().pseudonym(word));
    let fields = [
        ("actor", pseudonym(actor)),
        ("from", pseudonym(from)),
        ("interaction", Some(interaction.to_string())),
        ("refused", Some(why.to_owned())),
        ("shown", Some("0".to_owned())),
    ];
    let event = Event::new(audit::fresh_id(&w), at, AuditKind::Unmasking, &fields);
    audit::note(&mut w, &event).await?;
    w.save().await
}

/// Opens the originals of a message. When this returns, the entry of the audit log is durable, also where there was
/// nothing to show; of a purpose that names who is looked for the attempt alone.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such finished interaction, or when the database fails or a sealed column
/// does not open: then nothing is shown.
pub async fn unmask(mut w: Writer, asked: &Asked<'_>) -> Result<Unmasked, StoreError> {
    let found = look(&mut w, asked).await?;
    let shown = match &found {
        Unmasked::NamedBefore => {
            let Asked { interaction, actor, from, at, .. } = asked;
            refused(w, *interaction, (actor, from), PERSONAL, *at).await?;
            return Ok(found);
        }
        Unmasked::Shown(originals) => originals.iter().filter(|original| original.value().is_some()).count(),
        Unmasked::Erased | Unmasked::NotKept => 0,
    };
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
    Ok(found)
}

async fn look(w: &mut Writer, asked: &Asked<'_>) -> Result<Unmasked, StoreError> {
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
    let record = interactions::get(w, asked.interaction).await?.ok_or_else(missing)?;
    let kept = placeholders::of(w, record.conversation).await?;
    let originals = match kept.originals(asked.interaction, &record.question) {
        Some(originals) => originals,
        None if contactiq_guard::placeholders(record.question.as_str()).next().is_none() => Vec::new(),
        None => return Ok(Unmasked::NotKept),
    };
    if originals.iter().filter_map(Original::value).any(|value| shares_a_word(value, asked.purpose.as_str()))
    {
        return Ok(Unmasked::NamedBefore);
    }
    if !originals.is_empty() && originals.iter().all(|original| original.value().is_none()) {
        return Ok(Unmasked::NotKept);
    }
    Ok(Unmasked::Shown(originals))
}

/// Whether a word or number of a value, of three letters or digits and more, stands in a text too.
fn shares_a_word(value: &str, text: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let split = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 2);
        split.map(str::to_lowercase).collect()
    };
    let said = words(text);
    words(value).iter().any(|word| said.contains(word))
}
