//! An entry as bytes, for the spool, the queue and the dead letters. What a person wrote and was told is in it as
//! it is in the tables: sealed for its table, column and row, so that it can't be read without the key nor moved to
//! another row, and comes back as `Masked` because it was when it went in; so are the names of person and sitting. The
//! key is the installation's, not the person's, so that nobody needs the database for it: whoever writes an entry into
//! the tables seals it again. The rest is in the clear, as there: ids, intent, outcome, citations of the bank's documents.

use std::convert::Infallible;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use contactiq_domain::{
    Citation, Mode, Record, Started, Ticket, Timestamp,
    ids::{ConversationId, InteractionId, KeyId},
};
use contactiq_guard::{
    Masked, PersonalType, ReviewDecision, ReviewKind, Token,
    seal::{SealError, Sealer},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Claimed, Completion, Entry, Shown, Start, Withdrawal};
use crate::{
    conversations::{self, Conversation},
    interactions,
    placeholders::SealedPlaceholders,
    review::{self, Decided},
    row::place,
    tickets,
};

/// The form that this version writes. An older one stays readable; a newer one is refused by name.
const FORMAT: u32 = 3;

/// Why bytes are no entry. It never carries any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Written by a newer version.
    #[error("it was written by a newer version (form {0}): start that one, then replay it")]
    Newer(u32),
    /// No entry at all.
    #[error("it is no entry of this ledger")]
    Damaged,
    /// A sealed text in it does not open.
    #[error("a text in it does not open: {0}")]
    Sealed(#[from] SealError),
}

/// A sealed text.
pub(super) struct Sealed(pub(super) Vec<u8>);

impl Serialize for Sealed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        BASE64.decode(&*text).map(Sealed).map_err(|_| serde::de::Error::custom("a sealed text is base64"))
    }
}

#[derive(Deserialize)]
struct Form {
    form: u32,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    form: u32,
    conversation: KeptConversation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<KeptStart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completion: Option<KeptCompletion>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawal: Option<(InteractionId, Timestamp)>,
    /// The key of what is withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn: Option<Claimed>,
}

#[derive(Serialize, Deserialize)]
struct KeptConversation {
    id: ConversationId,
    mode: Mode,
    subject: String,
    owner_key: Option<KeyId>,
    label: Option<Sealed>,
    demo: bool,
    created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct KeptStart {
    placeholders: Option<Sealed>,
    started: Started<Sealed>,
    tokens: Vec<(PersonalType, Token)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shown: Option<(Sealed, Vec<Citation>)>,
}

#[derive(Serialize, Deserialize)]
struct KeptCompletion {
    record: Record<Sealed>,
    /// Dollars would round what a token costs.
    cost_nano_usd: i64,
    ticket: Option<Ticket<Sealed>>,
    reviews: Vec<KeptReview>,
    claimed: Option<Claimed>,
}

#[derive(Serialize, Deserialize)]
struct KeptReview {
    id: Uuid,
    interaction: InteractionId,
    kind: ReviewKind,
    rules: Vec<String>,
    message: Sealed,
    at: Timestamp,
    decided: Option<(ReviewDecision, String, Timestamp)>,
}

/// An entry that an earlier version wrote, as this one writes it; none where it is this one's already.
///
/// # Errors
/// As [`from_bytes`].
pub(crate) fn renewed(bytes: &[u8], sealer: &Sealer) -> Result<Option<Vec<u8>>, Unreadable> {
    let form: Form = serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)?;
    if form.form == FORMAT {
        return Ok(None);
    }
    let entry = from_bytes(bytes, sealer)?;
    let shown = match &entry {
        Entry::Completion(completion) => completion.claimed.as_ref().is_some_and(|claimed| claimed.shown),
        Entry::Start(_) | Entry::Withdrawal(_) => false,
    };
    to_bytes(&entry, sealer, shown).map(Some)
}

/// Whether a newer version wrote it.
pub(crate) fn is_newer(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Form>(bytes).is_ok_and(|form| form.form > FORMAT)
}

/// An entry as bytes. `shown` says whether its answer is shown once they are kept.
///
/// # Errors
/// [`Unreadable::Damaged`] when it holds what JSON can't.
pub(crate) fn to_bytes(entry: &Entry, sealer: &Sealer, shown: bool) -> Result<Vec<u8>, Unreadable> {
    let seal = |table: &str, column: &str, id: &str, text: &Masked| {
        Sealed(sealer.seal(text, &place(table, column, id)))
    };
    let hide = |table: &str, column: &str, id: &str, name: &str| sealer.hide(name, &place(table, column, id));
    let (mut start, mut completion, mut withdrawal, mut withdrawn) = (None, None, None, None);
    let conversation = match entry {
        Entry::Start(own) => {
            start = Some(kept_start(own, &seal, &hide));
            &own.conversation
        }
        Entry::Completion(own) => {
            completion = Some(kept_completion(own, shown, &seal, &hide));
            &own.conversation
        }
        Entry::Withdrawal(own) => {
            withdrawal = Some((own.interaction, own.completed_at));
            withdrawn = own.claimed.clone();
            &own.conversation
        }
    };
    let id = conversation.id.to_string();
    let kept = Kept {
        form: FORMAT,
        conversation: KeptConversation {
            id: conversation.id,
            mode: conversation.mode,
            subject: hide(conversations::TABLE, "subject", &id, &conversation.subject),
            owner_key: conversation.owner_key,
            label: conversation.label.as_ref().map(|label| seal(conversations::TABLE, "label", &id, label)),
            demo: conversation.demo,
            created_at: conversation.created_at,
        },
        start,
        completion,
        withdrawal,
        withdrawn,
    };
    serde_json::to_vec(&kept).map_err(|_| Unreadable::Damaged)
}

fn kept_start(
    start: &Start,
    seal: &impl Fn(&str, &str, &str, &Masked) -> Sealed,
    hide: &impl Fn(&str, &str, &str, &str) -> String,
) -> KeptStart {
    let id = start.started.id.to_string();
    let Ok(mut started) = start
        .started
        .clone()
        .try_map(|column, text| Ok::<_, Infallible>(seal(interactions::TABLE, column, &id, &text)));
    started.subject = hide(interactions::TABLE, "subject", &id, &started.subject);
    started.session = hide(interactions::TABLE, "session", &id, &started.session);
    KeptStart {
        placeholders: start.placeholders.as_ref().map(|sealed| Sealed(sealed.0.clone())),
        started,
        tokens: start.tokens.clone(),
        shown: start
            .shown
            .as_ref()
            .map(|shown| (seal(interactions::TABLE, "answer", &id, &shown.text), shown.citations.clone())),
    }
}

fn kept_completion(
    completion: &Completion,
    shown: bool,
    seal: &impl Fn(&str, &str, &str, &Masked) -> Sealed,
    hide: &impl Fn(&str, &str, &str, &str) -> String,
) -> KeptCompletion {
    let id = completion.record.id.to_string();
    let Ok(mut record) = completion
        .record
        .clone()
        .try_map(|column, text| Ok::<_, Infallible>(seal(interactions::TABLE, column, &id, &text)));
    record.subject = hide(interactions::TABLE, "subject", &id, &record.subject);
    record.session = hide(interactions::TABLE, "session", &id, &record.session);
    let said = |column: &str, text: &str| hide(interactions::TABLE, column, &id, text);
    record.classification_reason = said("classification_reason", &record.classification_reason);
    record.reason = said("reason", &record.reason);
    record.steps.iter_mut().for_each(|step| step.detail = said("steps", &step.detail));
    let ticket = completion.ticket.clone().map(|ticket| {
        let id = ticket.id.to_string();
        let Ok(ticket) =
            ticket.try_map(|column, text| Ok::<_, Infallible>(seal(tickets::TABLE, column, &id, &text)));
        ticket
    });
    let reviews = completion.reviews.iter().map(|entry| KeptReview {
        id: entry.id,
        interaction: entry.interaction,
        kind: entry.kind,
        rules: entry.rules.clone(),
        message: seal(review::TABLE, "message", &entry.id.to_string(), &entry.message),
        at: entry.at,
        decided: entry.decided.as_ref().map(|d| (d.decision, d.by.clone(), d.at)),
    });
    KeptCompletion {
        record,
        cost_nano_usd: completion.record.cost_usd.0,
        ticket,
        reviews: reviews.collect(),
        claimed: completion.claimed.clone().map(|claimed| Claimed { shown, ..claimed }),
    }
}

/// The entry that these bytes are.
pub(crate) fn from_bytes(bytes: &[u8], sealer: &Sealer) -> Result<Entry, Unreadable> {
    let form: Form = serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)?;
    if form.form > FORMAT {
        return Err(Unreadable::Newer(form.form));
    }
    let kept: Kept = serde_json::from_slice(bytes).map_err(|_| Unreadable::Damaged)?;
    let open = |table: &str, column: &str, id: &str, sealed: &Sealed| {
        sealer.open(&sealed.0, &place(table, column, id))
    };
    // It has callers in the clear too, and the table their pseudonyms since.
    let claim = |claimed: Claimed| match form.form {
        ..2 => Claimed { caller: sealer.pseudonym(&claimed.caller), ..claimed },
        _ => claimed,
    };
    // An entry of an earlier version has names in the clear: those are told as they are.
    let tell =
        |table: &str, column: &str, id: &str, hidden: &str| sealer.reveal(hidden, &place(table, column, id));
    let own = kept.conversation;
    let label = own.label.map(|label| open(conversations::TABLE, "label", &own.id.to_string(), &label));
    let conversation = Conversation {
        id: own.id,
        mode: own.mode,
        subject: tell(conversations::TABLE, "subject", &own.id.to_string(), &own.subject)?,
        owner_key: own.owner_key,
        label: label.transpose()?,
        demo: own.demo,
        created_at: own.created_at,
    };
    match (kept.start, kept.completion, kept.withdrawal) {
        (Some(start), None, None) => {
            let id = start.started.id.to_string();
            let mut started =
                start.started.try_map(|column, sealed| open(interactions::TABLE, column, &id, &sealed))?;
            started.subject = tell(interactions::TABLE, "subject", &id, &started.subject)?;
            started.session = tell(interactions::TABLE, "session", &id, &started.session)?;
            Ok(Entry::Start(Box::new(Start {
                conversation,
                placeholders: start.placeholders.map(|sealed| SealedPlaceholders(sealed.0)),
                started,
                tokens: start.tokens,
                shown: match start.shown {
                    Some((text, citations)) => {
                        Some(Shown { text: open(interactions::TABLE, "answer", &id, &text)?, citations })
                    }
                    None => None,
                },
            })))
        }
        (None, Some(completion), None) => {
            let id = completion.record.id.to_string();
            let mut record = completion
                .record
                .try_map(|column, sealed| open(interactions::TABLE, column, &id, &sealed))?;
            record.subject = tell(interactions::TABLE, "subject", &id, &record.subject)?;
            record.session = tell(interactions::TABLE, "session", &id, &record.session)?;
            let said = |column: &str, text: &str| tell(interactions::TABLE, column, &id, text);
            record.classification_reason = said("classification_reason", &record.classification_reason)?;
            record.reason = said("reason", &record.reason)?;
            for step in &mut record.steps {
                step.detail = said("steps", &step.detail)?;
            }
            record.cost_usd.0 = completion.cost_nano_usd;
            let ticket = completion.ticket.map(|ticket| {
                let id = ticket.id.to_string();
                ticket.try_map(|column, sealed| open(tickets::TABLE, column, &id, &sealed))
            });
            let reviews = completion.reviews.into_iter().map(|kept| {
                Ok::<_, SealError>(review::Entry {
                    id: kept.id,
                    interaction: kept.interaction,
                    kind: kept.kind,
                    rules: kept.rules,
                    message: open(review::TABLE, "message", &kept.id.to_string(), &kept.message)?,
                    at: kept.at,
                    decided: kept.decided.map(|(decision, by, at)| Decided { decision, by, at }),
                })
            });
            Ok(Entry::Completion(Box::new(Completion {
                conversation,
                record,
                ticket: ticket.transpose()?,
                reviews: reviews.collect::<Result<_, _>>()?,
                claimed: completion.claimed.map(claim),
            })))
        }
        (None, None, Some((interaction, completed_at))) => {
            let claimed = kept.withdrawn.map(claim);
            Ok(Entry::Withdrawal(Box::new(Withdrawal { conversation, interaction, completed_at, claimed })))
        }
        _ => Err(Unreadable::Damaged),
    }
}

#[cfg(test)]
mod tests;
