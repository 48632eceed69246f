//! People whom a banker's conversation names (E7): nothing there is theirs, and their data stands in it. They are found
//! by the keyed tokens of what was recognised, which nobody turns back; what is found is erased there, unless a hold is
//! on the banker.

use contactiq_auditlog::SigningKey;
use contactiq_domain::{
    Timestamp,
    ids::{ConversationId, Ids, InteractionId},
};
use contactiq_guard::{PersonalType, Token};

use super::{
    anonymise,
    erase::{self, Receipt},
    purge::HELD,
    turns,
};
use crate::{
    Connection, Store, StoreError,
    audit::{self, AuditKind, Event},
    value::{Value, places, values},
};

/// An interaction of a banker that names somebody.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NamedIn {
    /// Which.
    pub interaction: InteractionId,
    /// In which conversation.
    pub conversation: ConversationId,
    /// When it was asked.
    pub created_at: Timestamp,
    /// Whether a hold on the banker keeps it.
    pub held: bool,
}

/// A value as it may have been recognised: each type gives it another token.
pub type Tokens = [(PersonalType, Token)];

/// Where one of these values is named, the latest first.
///
/// # Errors
/// When the database fails.
pub async fn find(c: &mut Connection, tokens: &Tokens) -> Result<Vec<NamedIn>, StoreError> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let listed = places(c.is_postgres(), tokens.len(), 2);
    let sql = format!(
        "SELECT interactions.id, interactions.conversation, interactions.created_at,
             CAST(CASE WHEN {HELD} THEN 1 ELSE 0 END AS BIGINT) AS held
         FROM interactions JOIN conversations ON conversations.id = interactions.conversation
         WHERE interactions.mode = 'banker' AND interactions.anonymised_at IS NULL AND interactions.id IN
             (SELECT interaction FROM pii_tokens WHERE (type, token) IN (VALUES {listed}))
         ORDER BY interactions.created_at DESC, interactions.id DESC"
    );
    let bound: Vec<Value> =
        tokens.iter().flat_map(|(kind, token)| values![kind.as_str(), token.to_string()]).collect();
    c.rows_built(sql, bound, 2)
        .await?
        .iter()
        .map(|row| {
            Ok(NamedIn {
                interaction: row.parsed("id")?,
                conversation: row.parsed("conversation")?,
                created_at: row.moment("created_at")?,
                held: row.count::<u32>("held")? == 1,
            })
        })
        .collect()
}

/// What was erased of somebody whom bankers named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedThere {
    /// The receipt: its person is a keyed hash of the tokens.
    pub receipt: Receipt,
    /// Interactions that a hold keeps.
    pub held: u64,
}

/// Takes the texts out of every interaction in which one of these values is named, with the values behind the
/// placeholders and the label of its conversation, and destroys the salts of its entries. The banker's figures stay.
///
/// # Errors
/// When the database fails.
pub async fn erase(
    store: &Store,
    tokens: &Tokens,
    (by, signer): (&str, &SigningKey),
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<ErasedThere, StoreError> {
    let mut w = store.write().await?;
    turns::with_everybody(&mut w).await?;
    let found = find(&mut w, tokens).await?;
    let (held, goes): (Vec<&NamedIn>, Vec<&NamedIn>) = found.iter().partition(|named| named.held);
    let mut conversations: Vec<ConversationId> = goes.iter().map(|named| named.conversation).collect();
    conversations.sort_unstable();
    conversations.dedup();
    let all: Vec<InteractionId> = goes.iter().map(|named| named.interaction).collect();
    for some in all.chunks(anonymise::BATCH) {
        anonymise::interactions(&mut w, some, now).await?;
    }
    for some in conversations.chunks(anonymise::BATCH) {
        let sql = format!(
            "UPDATE conversations SET label = NULL, placeholders = NULL WHERE id IN {}",
            places(w.is_postgres(), 1, some.len())
        );
        w.execute_built(sql, some.iter().flat_map(|id| values![*id]).collect()).await?;
    }
    let mut told: Vec<String> = tokens.iter().map(|(kind, token)| format!("{kind}:{token}")).collect();
    told.sort_unstable();
    let mut receipt = Receipt {
        id: ids.next(),
        person: w.blind(&format!("named\0{}", told.join(" "))),
        erased_by: by.to_owned(),
        erased_at: now,
        conversations: conversations.len() as u64,
        interactions: all.len() as u64,
        exports: 0,
        signed: None,
    };
    let signed = receipt.note().sign(signer).map_err(|_| StoreError::Corrupt { what: "receipt" })?;
    receipt.signed = Some(signed);
    erase::keep(&mut w, &receipt).await?;
    let fields = [
        ("person", Some(receipt.person.clone())),
        ("named_by", Some("bankers".to_owned())),
        ("interactions", Some(receipt.interactions.to_string())),
        ("held", Some(held.len().to_string())),
    ];
    audit::note(&mut w, &Event::new(receipt.id, now, AuditKind::Erasure, &fields)).await?;
    w.save().await?;
    if !all.is_empty() {
        // No older text stays beside the file.
        store.fold().await?;
    }
    Ok(ErasedThere { receipt, held: held.len() as u64 })
}
