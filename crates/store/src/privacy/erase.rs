//! Forgetting a person (GDPR 17): every text that the person wrote or was told, on every way it may have taken.

use std::collections::{HashMap, HashSet};

use contactiq_auditlog::{SigningKey, receipt::Receipt as Note};
use contactiq_domain::{
    Timestamp,
    ids::{ConversationId, Ids, InteractionId},
};
use contactiq_guard::seal::DataKeyId;
use uuid::Uuid;

use super::{anonymise, blind, consent, exports, holds, known::is_known, proofs, purge::HELD, turns};
use crate::{
    Connection, Store, StoreError, Writer, access,
    audit::{self, AuditKind, Event},
    conversations::{Conversation, Owner},
    data_keys::hex,
    error::IN_THE_WAY,
    idempotency::Settles,
    ledger::dead,
    page_sessions,
    row::{Row, id_in},
    tickets,
    value::{places, values},
};

/// What was erased: the receipt. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Receipt {
    /// Its id.
    pub id: Uuid,
    /// The person as a keyed hash, 64 hexadecimal digits.
    pub person: String,
    /// Who erased.
    pub erased_by: String,
    /// When.
    pub erased_at: Timestamp,
    /// Conversations.
    pub conversations: u64,
    /// Interactions.
    pub interactions: u64,
    /// How often all of it was handed out before: those files are out of reach here.
    #[serde(default)]
    pub exports: u64,
    /// Interactions that stay because a legal hold keeps them: of people whom bankers name.
    #[serde(default, skip_serializing_if = "is_none")]
    pub held: u64,
    /// All of it as a note that the key of the audit log signed. None of before receipts were signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_none(held: &u64) -> bool {
    *held == 0
}

impl Receipt {
    /// What is signed of it.
    #[must_use]
    pub fn note(&self) -> Note {
        Note {
            id: self.id.to_string(),
            person: self.person.clone(),
            erased_by: self.erased_by.clone(),
            erased_at: self.erased_at.to_string(),
            conversations: self.conversations,
            interactions: self.interactions,
            exports: self.exports,
            held: self.held,
        }
    }
}

/// What tells, beside the receipts of an erasure, that nothing was kept under these names before it.
pub const NOBODY: &str = "nobody";

/// Who erases, and with which key the receipt is signed.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Its name in receipt and log.
    pub name: &'a str,
    /// None leaves the receipt unsigned.
    pub signer: Option<&'a SigningKey>,
    /// What a client may ask for again: the ids of the receipts, parted by spaces, and [`NOBODY`] behind them where
    /// nothing was kept.
    pub settles: Option<Settles<'a>>,
}

impl<'a> From<&'a str> for By<'a> {
    fn from(name: &'a str) -> Self {
        By { name, signer: None, settles: None }
    }
}

/// What became of a wish to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Erased {
    /// Nothing of the person is left. Erased twice, the second receipt counts what came in between: mostly nothing.
    Now(Receipt),
    /// A legal hold keeps it; this is its matter.
    Held(String),
}

/// What became of a wish to be forgotten under several names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forgotten {
    /// The receipts, one a name, in the order of the names. Also of a name under which nothing is kept yet: a question
    /// may be on its way.
    Now(Vec<Receipt>),
    /// A legal hold is on one of the names and keeps all of them; this is its matter.
    Held(String),
}

/// Erases a person of one name: [`people`].
///
/// # Errors
/// When the database fails.
pub async fn person<'a>(
    store: &Store,
    owner: &Owner<'_>,
    by: impl Into<By<'a>>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Erased, StoreError> {
    Ok(match people(store, std::slice::from_ref(owner), by, ids, now).await? {
        Forgotten::Held(matter) => Erased::Held(matter),
        Forgotten::Now(mut receipts) => {
            Erased::Now(receipts.pop().ok_or(StoreError::Corrupt { what: "receipt" })?)
        }
    })
}

/// Erases a person under all these names, or under none: their keys go in one transaction, the texts in such of at most
/// 500 interactions each. From the first one on whatever is still in the queue, in a spool or under way is written
/// without its texts. Broken off, it goes on with the next [`sweep`].
///
/// # Errors
/// When the database fails.
pub async fn people<'a>(
    store: &Store,
    names: &[Owner<'_>],
    by: impl Into<By<'a>>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Forgotten, StoreError> {
    let by = by.into();
    let mut tried = 1;
    let begun = loop {
        match begin(store, names, by, ids, now).await {
            // Whoever writes for the person at this moment may have been first.
            Err(StoreError::Unavailable { why: IN_THE_WAY }) if tried < TRIES => tried += 1,
            begun => break begun?,
        }
    };
    if matches!(begun, Forgotten::Now(_)) {
        texts_left(store, now).await?;
        access::sweep(store).await?;
        // The key, the sittings and the accesses of whom nothing was said went too.
        store.fold().await?;
    }
    Ok(begun)
}

/// So often an erasure that had to give way is tried.
pub(super) const TRIES: usize = 3;

/// The first transaction: from its end on nothing of the person can be read.
async fn begin(
    store: &Store,
    names: &[Owner<'_>],
    by: By<'_>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Forgotten, StoreError> {
    let mut w = store.write().await?;
    let all: Vec<String> = names.iter().map(|owner| blind(&w, owner)).collect();
    // Whoever writes for the person at this moment is waited for, and marked below.
    turns::alone(&mut w, all.into_iter()).await?;
    for owner in names {
        if let Some(hold) = holds::of(&mut w, owner).await? {
            return Ok(Forgotten::Held(hold.matter));
        }
    }
    let known = is_known(&mut w, names).await?;
    let (mut receipts, mut gone) = (Vec::with_capacity(names.len()), Vec::new());
    for owner in names {
        if is_held_by_hand(&mut w, owner).await? {
            return Err(StoreError::Corrupt { what: "legal hold" });
        }
        let keys = held_keys(&mut w, owner).await?;
        receipts.push(one(&mut w, owner, &keys, by, ids, now).await?);
        gone.extend(keys);
    }
    if let Some(settles) = by.settles {
        let mut made: Vec<String> = receipts.iter().map(|receipt| receipt.id.to_string()).collect();
        made.extend((!known).then(|| NOBODY.to_owned()));
        settles.settle(&mut w, &made.join(" ")).await?;
    }
    w.save().await?;
    // From here on nothing that the keys sealed opens; the rest overwrites it.
    store.keys.forget(&gone);
    Ok(Forgotten::Now(receipts))
}

/// One of the names, of which these are the keys.
async fn one(
    w: &mut Writer,
    owner: &Owner<'_>,
    keys: &[DataKeyId],
    by: By<'_>,
    ids: &dyn Ids,
    now: Timestamp,
) -> Result<Receipt, StoreError> {
    // Receipt and entry stand from the first moment on: an erasure that is broken off is one all the same.
    let receipt = Receipt {
        id: ids.next(),
        person: blind(w, owner),
        erased_by: by.name.to_owned(),
        erased_at: now,
        signed: None,
        interactions: count_texts(w, owner).await?,
        conversations: mark(w, owner, now).await?,
        exports: exports::count(w, owner).await?,
        held: 0,
    };
    let destroyed = destroy(w, owner, keys).await?;
    tickets::let_go(w, &receipt.person).await?;
    consent::forget(w, owner, now).await?;
    dead::forget(w, owner).await?;
    access::forget(w, owner, now).await?;
    if owner.key.is_none() {
        page_sessions::forget_person(w, owner.subject).await?;
    }
    record(w, receipt, by, destroyed).await
}

/// Signs and keeps a receipt, with an entry in the audit log.
pub(super) async fn record(
    w: &mut Writer,
    mut receipt: Receipt,
    by: By<'_>,
    destroyed: u64,
) -> Result<Receipt, StoreError> {
    if let Some(signer) = by.signer {
        let signed = receipt.note().sign(signer);
        receipt.signed = Some(signed.map_err(|_| StoreError::Corrupt { what: "receipt" })?);
    }
    keep(w, &receipt).await?;
    let fields = [
        ("person", Some(receipt.person.clone())),
        ("conversations", Some(receipt.conversations.to_string())),
        ("interactions", Some(receipt.interactions.to_string())),
        ("keys_destroyed", Some(destroyed.to_string())),
    ];
    audit::note(w, &Event::new(receipt.id, receipt.erased_at, AuditKind::Erasure, &fields)).await?;
    Ok(receipt)
}

/// Marks the conversations of a person; how many. One that somebody marked by hand is none that was erased.
async fn mark(w: &mut Writer, owner: &Owner<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let subject = w.blind_subject(owner.subject);
    // Of nobody on whom a hold is: a conversation that was given to somebody else by hand is not theirs.
    let sql = format!(
        "SELECT id, erasure FROM conversations WHERE subject = $1 AND owner_key IS NOT DISTINCT FROM $2
             AND NOT {HELD}"
    );
    let rows = w.rows_built(sql, values![subject, owner.key], 1).await?;
    mark_among(w, &rows, now).await
}

/// Marks those of these conversations that no erasure has marked; how many.
pub(super) async fn mark_among(w: &mut Writer, rows: &[Row], now: Timestamp) -> Result<u64, StoreError> {
    let mut ids = Vec::new();
    for row in rows {
        let id = row.text("id")?;
        if !proofs::is_of_conversation(w, &id, row.text_or_none("erasure")?.as_deref()) {
            ids.push(id);
        }
    }
    for some in ids.chunks(anonymise::BATCH) {
        let sql = format!(
            "UPDATE conversations SET erased_at = {} WHERE id IN {}",
            now.micros(),
            places(w.is_postgres(), 1, some.len())
        );
        w.execute_built(sql, some.iter().flat_map(|id| values![id]).collect()).await?;
    }
    proofs::mark_conversations(w, &ids).await?;
    Ok(ids.len() as u64)
}

/// Whether a hold in force names the own key of a person on whom none is: it was changed by hand, and an erasure would
/// leave the key and say that it is gone.
async fn is_held_by_hand(w: &mut Writer, owner: &Owner<'_>) -> Result<bool, StoreError> {
    let sql = "SELECT data_keys.id FROM data_keys JOIN legal_holds ON legal_holds.data_key = data_keys.id
         WHERE data_keys.person = $1 AND legal_holds.lifted_at IS NULL LIMIT 1";
    let person = blind(w, owner);
    Ok(!w.rows_of_keys(sql.to_owned(), values![person], 1).await?.is_empty())
}

/// The keys of everything that was sealed for a person; nobody seals with them until this is saved.
async fn held_keys(w: &mut Writer, owner: &Owner<'_>) -> Result<Vec<DataKeyId>, StoreError> {
    let (person, subject) = (blind(w, owner), w.blind_subject(owner.subject));
    let held = if w.is_postgres() { " FOR UPDATE" } else { "" };
    let sql = format!(
        "SELECT id FROM data_keys WHERE id IN (SELECT id FROM data_keys WHERE person = $1
             UNION SELECT data_key FROM conversations
             WHERE subject = $2 AND owner_key IS NOT DISTINCT FROM $3)
             AND NOT EXISTS (SELECT 1 FROM legal_holds WHERE legal_holds.data_key = data_keys.id
                 AND legal_holds.lifted_at IS NULL) ORDER BY id{held}"
    );
    let rows = w.rows_of_keys(sql, values![person, subject, owner.key], 1).await?;
    let known = |row: &Row| id_in(&row.text("id")?).ok_or(StoreError::Corrupt { what: "data key" });
    rows.iter().map(known).collect()
}

/// Destroys the keys of a person; how many.
async fn destroy(w: &mut Writer, owner: &Owner<'_>, keys: &[DataKeyId]) -> Result<u64, StoreError> {
    let subject = w.blind_subject(owner.subject);
    let sql = format!(
        "UPDATE conversations SET data_key = NULL WHERE subject = $1 AND owner_key IS NOT DISTINCT FROM $2
             AND NOT {HELD}"
    );
    w.execute_built(sql, values![subject, owner.key]).await?;
    let mut destroyed = 0;
    for some in keys.chunks(anonymise::BATCH) {
        let ids = || some.iter().flat_map(|id| values![hex(id)]).collect();
        // Whatever else names it, by a slip or somebody's hand, must not keep it.
        let sql = format!(
            "UPDATE conversations SET data_key = NULL WHERE data_key IN {}",
            places(w.is_postgres(), 1, some.len())
        );
        w.execute_built(sql, ids()).await?;
        let sql = format!("DELETE FROM data_keys WHERE id IN {}", places(w.is_postgres(), 1, some.len()));
        destroyed += w.execute_built(sql, ids()).await?;
    }
    Ok(destroyed)
}

async fn count_texts(w: &mut Writer, owner: &Owner<'_>) -> Result<u64, StoreError> {
    let subject = w.blind_subject(owner.subject);
    let row = w
        .rows_built(
            format!(
                "SELECT COUNT(*) AS found FROM interactions
                 JOIN conversations ON conversations.id = interactions.conversation
                 WHERE conversations.subject = $1 AND conversations.owner_key IS NOT DISTINCT FROM $2
                     AND interactions.anonymised_at IS NULL AND NOT {HELD}"
            ),
            values![subject, owner.key],
            1,
        )
        .await?
        .into_iter()
        .next();
    row.map_or(Ok(0), |row| row.count("found"))
}

/// Conversations that began before their person was erased: what of them is still on its way is nobody's.
#[derive(Debug, Default)]
pub(crate) struct Late {
    /// All of them.
    pub(crate) all: HashSet<ConversationId>,
    /// Those whose erasure has not come yet by the clock, which was set back since or is wrong.
    pub(crate) ahead: HashSet<ConversationId>,
}

/// An erasure further ahead of the clock than this many seconds tells that the clock was set back, and not that the clocks
/// of two replicas differ.
const SET_BACK_SECONDS: i64 = 60;

/// Which of these conversations began before their person was erased. Where the clock was set back since, an erasure says
/// nothing of what begins now, though its time is later: whoever returns after it is not who was forgotten.
pub(crate) async fn came_late(
    c: &mut Connection,
    all: &[&Conversation],
    now: Timestamp,
) -> Result<Late, StoreError> {
    let mut late = Late::default();
    if all.is_empty() || c.row("SELECT id FROM erasures LIMIT 1", values![]).await?.is_none() {
        return Ok(late);
    }
    let people: Vec<String> = all.iter().map(|conversation| blind(c, &conversation.owner())).collect();
    let sql = format!("SELECT * FROM erasures WHERE person IN {}", places(c.is_postgres(), 1, people.len()));
    let rows =
        c.rows_built(sql, people.iter().flat_map(|person| values![person]).collect(), people.len()).await?;
    let mut erased: HashMap<String, Timestamp> = HashMap::new();
    for row in &rows {
        // Nobody's texts are left out because of a receipt that no erasure made.
        let Ok(kept) = receipt(row) else { continue };
        if proofs::is_of_receipt(c, &kept, row.text_or_none("proof")?.as_deref()) {
            let last = erased.entry(kept.person).or_insert(kept.erased_at);
            *last = kept.erased_at.max(*last);
        }
    }
    let before: Vec<(&Conversation, Timestamp)> = all
        .iter()
        .zip(&people)
        .filter_map(|(conversation, person)| Some((*conversation, *erased.get(person)?)))
        .filter(|(conversation, erased_at)| conversation.created_at <= *erased_at)
        .collect();
    if before.is_empty() {
        return Ok(late);
    }
    let kept = kept_among(c, &before).await?;
    let soon = now.plus_seconds(SET_BACK_SECONDS);
    for (conversation, erased_at) in before {
        let (id, began_at) = (conversation.id, conversation.created_at);
        let began_since = erased_at > soon && began_at <= soon;
        // Long before an erasure that did not mark it: it was written behind it, by a clock that was set back.
        let was_written_since = kept.contains(&id) && began_at.plus_seconds(SET_BACK_SECONDS) < erased_at;
        if began_since || was_written_since {
            continue;
        }
        late.all.insert(id);
        if erased_at > now {
            late.ahead.insert(id);
        }
    }
    Ok(late)
}

/// Those of these conversations that are kept under their person's name: no erasure has come over them.
async fn kept_among(
    c: &mut Connection,
    all: &[(&Conversation, Timestamp)],
) -> Result<HashSet<ConversationId>, StoreError> {
    let sql = format!(
        "SELECT id, erasure FROM conversations WHERE subject <> 'erased:' || id AND id IN {}",
        places(c.is_postgres(), 1, all.len())
    );
    let ids = all.iter().flat_map(|(conversation, _)| values![conversation.id]).collect();
    let mut kept = HashSet::new();
    for row in c.rows_built(sql, ids, all.len()).await? {
        let erasure = row.text_or_none("erasure")?;
        if !proofs::is_of_conversation(c, &row.text("id")?, erasure.as_deref()) {
            kept.insert(row.parsed("id")?);
        }
    }
    Ok(kept)
}

/// Takes out whatever texts are left in conversations of people who were erased, and who they were in the events of their
/// accesses: what an erasure that was broken off left, and what was being written at its moment. How many interactions.
///
/// # Errors
/// When the database fails.
pub async fn sweep(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let swept = texts_left(store, now).await?;
    access::hash_those_of_before(store).await?;
    if access::sweep(store).await? > 0 {
        store.fold().await?;
    }
    Ok(swept)
}

pub(super) async fn texts_left(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let (mut swept, mut after) = (0, String::new());
    loop {
        let mut w = store.write().await?;
        // Whoever places a hold at this moment is waited for and seen.
        turns::with_everybody(&mut w).await?;
        let page = left(&mut w, &after).await?;
        swept += anonymise::interactions(&mut w, &page.texts, now).await?.len() as u64;
        match page.last {
            Some(last) => {
                w.save().await?;
                after = last;
            }
            None => {
                let names = anonymise::conversations_of_the_erased(&mut w).await?;
                w.save().await?;
                if swept > 0 || names > 0 {
                    // No older text stays beside the file.
                    store.fold().await?;
                }
                return Ok(swept);
            }
        }
    }
}

/// A page of what is left.
struct Left {
    /// Those that an erasure covers.
    texts: Vec<InteractionId>,
    /// Where the next page begins; none behind the last one.
    last: Option<String>,
}

/// What is left in conversations that an erasure marked and that nobody holds. A mark alone takes nothing: whoever can
/// write into the table could have the texts of whom a hold keeps taken out without a receipt.
async fn left(w: &mut Writer, after: &str) -> Result<Left, StoreError> {
    let sql = format!(
        "SELECT interactions.id, conversations.id AS conversation, conversations.erasure
         FROM conversations JOIN interactions ON interactions.conversation = conversations.id
         WHERE conversations.erased_at IS NOT NULL AND interactions.id > $1 AND NOT {HELD}
             AND (interactions.anonymised_at IS NULL OR length(interactions.answer) > 1)
         ORDER BY interactions.id LIMIT {}",
        anonymise::BATCH
    );
    let rows = w.rows_built(sql, values![after], 1).await?;
    let mut texts = Vec::with_capacity(rows.len());
    for row in &rows {
        let (conversation, erasure) = (row.text("conversation")?, row.text_or_none("erasure")?);
        if !proofs::is_of_conversation(w, &conversation, erasure.as_deref()) {
            continue;
        }
        // One that can't be read hides no other.
        texts.extend(row.parsed::<InteractionId>("id").ok());
    }
    let last = rows.last().filter(|_| rows.len() == anonymise::BATCH);
    Ok(Left { texts, last: last.map(|row| row.text("id")).transpose()? })
}

/// Conversations that are marked as erased and that no erasure marked: whoever did it has a way into the table. Their
/// texts stay as they are.
///
/// # Errors
/// When the database fails.
pub async fn marked_by_hand(c: &mut Connection) -> Result<Vec<ConversationId>, StoreError> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let sql = format!(
            "SELECT id, erasure FROM conversations WHERE erased_at IS NOT NULL AND id > $1 ORDER BY id LIMIT {PAGE}"
        );
        let rows = c.rows_of_keys(sql, values![&after], 1).await?;
        let Some(last) = rows.last() else { return Ok(found) };
        after = last.text("id")?;
        for row in &rows {
            let (id, erasure) = (row.text("id")?, row.text_or_none("erasure")?);
            if !proofs::is_of_conversation(c, &id, erasure.as_deref()) {
                found.push(row.parsed("id")?);
            }
        }
    }
}

/// Rows that are read together.
const PAGE: u32 = 2_000;

/// Takes away what stands in the place of a receipt and was not written here: the signed one is at hand.
pub(super) async fn let_go_of_forged(w: &mut Writer, id: Uuid) -> Result<(), StoreError> {
    let Some(row) = w.row("SELECT * FROM erasures WHERE id = $1", values![id]).await? else { return Ok(()) };
    let proof = row.text_or_none("proof").ok().flatten();
    let is_sound = receipt(&row).is_ok_and(|known| proofs::is_of_receipt(w, &known, proof.as_deref()));
    if !is_sound {
        w.execute("DELETE FROM erasures WHERE id = $1", values![id]).await?;
    }
    Ok(())
}

pub(super) async fn keep(w: &mut Writer, receipt: &Receipt) -> Result<(), StoreError> {
    let proof = proofs::of_receipt(w, receipt);
    w.execute(
        "INSERT INTO erasures (id, person, erased_by, erased_at, conversations, interactions, exports, signed, held,
             proof)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING",
        values![
            receipt.id,
            &receipt.person,
            &receipt.erased_by,
            receipt.erased_at,
            receipt.conversations,
            receipt.interactions,
            receipt.exports,
            receipt.signed.as_deref(),
            receipt.held,
            proof,
        ],
    )
    .await?;
    Ok(())
}

/// The receipts, latest first. `skip` leaves out that many.
///
/// # Errors
/// When the database fails.
pub async fn receipts(c: &mut Connection, limit: u32, skip: u32) -> Result<Vec<Receipt>, StoreError> {
    c.rows("SELECT * FROM erasures ORDER BY erased_at DESC, id DESC LIMIT $1 OFFSET $2", values![limit, skip])
        .await?
        .iter()
        .map(receipt)
        .collect()
}

/// The receipt with this id.
///
/// # Errors
/// When the database fails.
pub async fn receipt_of(c: &mut Connection, id: Uuid) -> Result<Option<Receipt>, StoreError> {
    c.row("SELECT * FROM erasures WHERE id = $1", values![id]).await?.map(|row| receipt(&row)).transpose()
}

pub(crate) fn receipt(row: &Row) -> Result<Receipt, StoreError> {
    Ok(Receipt {
        id: row.parsed("id")?,
        person: row.text("person")?,
        erased_by: row.text("erased_by")?,
        erased_at: row.moment("erased_at")?,
        conversations: row.count("conversations")?,
        interactions: row.count("interactions")?,
        exports: row.count("exports")?,
        held: row.count("held")?,
        signed: row.text_or_none("signed")?,
    })
}
