//! People whom a banker's conversation names (E7): nothing there is theirs, and their data stands in it. They are found
//! by the keyed tokens of what was recognised, which nobody turns back; what is found is erased there, unless a hold is
//! on the banker.

use std::collections::{BTreeSet, HashSet};

use contactiq_auditlog::SigningKey;
use contactiq_domain::{
    Timestamp,
    ids::{ConversationId, Ids, InteractionId},
};
use contactiq_guard::{PersonalType, Token, TokenKey};

use super::{
    anonymise,
    erase::{self, Receipt},
    purge::HELD,
    turns,
};
use crate::{
    Connection, Store, StoreError, Writer,
    audit::{self, AuditKind, Event},
    error::LOCKED,
    interactions, placeholders,
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
    /// The receipt: its person is a keyed hash of the tokens, and it says how many interactions a hold keeps. None where
    /// nothing was erased.
    pub receipt: Option<Receipt>,
    /// Interactions that stay, because a hold is on the banker.
    pub held: Vec<InteractionId>,
}

/// So many conversations go in one transaction: everybody waits meanwhile.
const AT_ONCE: usize = 20;

/// Takes the texts out of every interaction in which one of these values is named, with the values of that person behind
/// the placeholders of its conversation, and destroys the salts of its entries. The banker's figures stay, and so does
/// what other turns of the conversation say of other people. `keys` are those that the tokens were made with. It goes in
/// transactions of some conversations each: broken off, it does the rest when it is asked again, and the receipt is of that.
///
/// # Errors
/// When the database fails.
pub async fn erase(
    store: &Store,
    (keys, tokens): (&[TokenKey], &Tokens),
    (by, signer): (&str, &SigningKey),
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<ErasedThere, StoreError> {
    let mut told: Vec<String> = tokens.iter().map(|(kind, token)| format!("{kind}:{token}")).collect();
    told.sort_unstable();
    let told = format!("named\0{}", told.join(" "));
    let (mut conversations, mut all) = (BTreeSet::new(), 0_u64);
    let (mut w, held) = loop {
        let mut w = store.write().await?;
        // An answer that is being written is over before this, or sees that its texts are to go.
        turns::with_nobody(&mut w).await?;
        let found = find(&mut w, tokens).await?;
        let (held, goes): (Vec<&NamedIn>, Vec<&NamedIn>) = found.iter().partition(|named| named.held);
        let there: BTreeSet<ConversationId> = goes.iter().map(|named| named.conversation).collect();
        let some: BTreeSet<ConversationId> = there.iter().copied().take(AT_ONCE).collect();
        let goes = goes.iter().filter(|named| some.contains(&named.conversation));
        let goes: Vec<InteractionId> = goes.map(|named| named.interaction).collect();
        for conversation in &some {
            forget_values(&mut w, *conversation, &goes, (keys, tokens)).await?;
        }
        for some in goes.chunks(anonymise::BATCH) {
            all += anonymise::interactions(&mut w, some, now).await?.len() as u64;
        }
        let is_last = some.len() == there.len();
        conversations.extend(some);
        if is_last {
            break (w, held.iter().map(|named| named.interaction).collect::<Vec<_>>());
        }
        // What is done stands, with an entry of its own, also where the rest is broken off.
        let fields = [
            ("person", Some(w.blind(&told))),
            ("named_by", Some("bankers".to_owned())),
            ("texts", Some(goes.len().to_string())),
        ];
        let part = Event::new(audit::fresh_id(&w), now, AuditKind::Erasure, &fields);
        audit::note(&mut w, &part).await?;
        w.save().await?;
    };
    let mut receipt = Receipt {
        id: ids.next(),
        person: w.blind(&told),
        erased_by: by.to_owned(),
        erased_at: now,
        conversations: conversations.len() as u64,
        interactions: all,
        exports: 0,
        held: held.len() as u64,
        signed: None,
    };
    let fields = [
        ("person", Some(receipt.person.clone())),
        ("named_by", Some("bankers".to_owned())),
        ("interactions", Some(receipt.interactions.to_string())),
        ("held", Some(held.len().to_string())),
    ];
    audit::note(&mut w, &Event::new(receipt.id, now, AuditKind::Erasure, &fields)).await?;
    if all == 0 {
        // That it was tried is on record; there is nothing to have a receipt of.
        w.save().await?;
        return Ok(ErasedThere { receipt: None, held });
    }
    let signed = receipt.note().sign(signer).map_err(|_| StoreError::Corrupt { what: "receipt" })?;
    receipt.signed = Some(signed);
    erase::keep(&mut w, &receipt).await?;
    w.save().await?;
    // No older text stays beside the file.
    store.fold().await?;
    Ok(ErasedThere { receipt: Some(receipt), held })
}

/// Takes out of the placeholders of a conversation what names the person, and what stood in the interactions that go
/// alone: what other turns refer to stays theirs. The label goes where it was taken from one that goes. Where one of the
/// texts can't be opened, so that one can't tell whose the values are, all values and the label go.
async fn forget_values(
    w: &mut Writer,
    conversation: ConversationId,
    goes: &[InteractionId],
    of: (&[TokenKey], &Tokens),
) -> Result<(), StoreError> {
    match forget_own_values(w, conversation, goes, of).await {
        Err(StoreError::Sealed(_) | StoreError::Corrupt { .. } | StoreError::Unavailable { why: LOCKED }) => {
            let sql = "UPDATE conversations SET label = NULL, placeholders = NULL WHERE id = $1";
            w.execute(sql, values![conversation]).await?;
            Ok(())
        }
        done => done,
    }
}

async fn forget_own_values(
    w: &mut Writer,
    conversation: ConversationId,
    goes: &[InteractionId],
    (keys, tokens): (&[TokenKey], &Tokens),
) -> Result<(), StoreError> {
    let mut given = placeholders::locked(w, conversation).await?;
    let (mut in_those, mut elsewhere) = (HashSet::new(), HashSet::new());
    let mut first = None;
    let rows = w
        .rows(
            "SELECT interactions.id, interactions.question, interactions.answer, conversations.data_key
             FROM interactions JOIN conversations ON conversations.id = interactions.conversation
             WHERE interactions.conversation = $1 ORDER BY interactions.created_at, interactions.id",
            values![conversation],
        )
        .await?;
    for row in &rows {
        let interaction: InteractionId = row.parsed("id")?;
        let first = *first.get_or_insert(interaction);
        if first == interaction && goes.contains(&first) {
            w.execute("UPDATE conversations SET label = NULL WHERE id = $1", values![conversation]).await?;
        }
        let there = if goes.contains(&interaction) { &mut in_those } else { &mut elsewhere };
        for column in ["question", "answer"] {
            let text = row.masked_or_none(interactions::TABLE, column, &interaction.to_string())?;
            let Some(text) = text else { continue };
            there.extend(contactiq_guard::placeholders(text.as_str()).map(|p| (p.kind, p.number)));
        }
    }
    let changed = given.forget(keys, |kind, number, own| {
        let names = own.iter().any(|token| tokens.contains(&(kind, *token)));
        names || (in_those.contains(&(kind, number)) && !elsewhere.contains(&(kind, number)))
    });
    if changed { placeholders::keep(w, conversation, &given).await } else { Ok(()) }
}
