//! The data keys of people: what is kept of one person is sealed with a key that is destroyed when the person is
//! forgotten (A6, E7; docs/adr/0023).
//!
//! Rows find their keys by themselves: whatever a query returns, the keys that its sealed columns name are fetched with
//! one more query and opened. Whoever writes finds the key of a conversation in the transaction that writes, and keeps
//! it from being destroyed until that is saved.

mod cache;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use contactiq_domain::{
    Timestamp,
    ids::{ConversationId, InteractionId, KeyId},
};
use contactiq_guard::{
    Masked,
    seal::{DataKey, DataKeyId, ERASED, KeyEncryption, SealError, Sealer},
};

use crate::{
    Connection, StoreError, Writer, authority,
    conversations::{Conversation, Owner},
    privacy,
    row::{Cells, Held, Row, Whose, id_in, named_at, place},
    sealing::WrappingKeyMissing,
    value::{Value, places, values},
};
use cache::Cache;

const COLUMNS: &str = "id, person, kek, wrapped, named";
/// A key stays in memory for so long without a look at its row: one that was destroyed elsewhere for no longer.
const KEPT_UNUSED: Duration = Duration::from_secs(60);

/// All keys of this process.
pub(crate) struct Keys {
    pub(crate) sealer: Arc<Sealer>,
    kek: RwLock<Arc<KeyEncryption>>,
    /// Ids of key-encryption keys that wrap something here and are not configured; and whether one is news.
    missed: Mutex<(BTreeSet<String>, bool)>,
    known: Cache,
    /// Rows that are not as they were written.
    pub(crate) damaged: authority::Found,
    /// Whether an event without a proof is none.
    events_proved: AtomicBool,
}

/// So many missing key-encryption keys are told apart: nobody has more.
const MOST_MISSED: usize = 64;

impl Keys {
    pub(crate) fn new(sealer: Arc<Sealer>, kek: Arc<KeyEncryption>) -> Self {
        Self {
            sealer,
            kek: RwLock::new(kek),
            missed: Mutex::default(),
            known: Cache::default(),
            damaged: authority::Found::default(),
            events_proved: AtomicBool::new(false),
        }
    }

    /// From now on an event without a proof is none.
    pub(crate) fn events_are_proved(&self) {
        self.events_proved.store(true, Ordering::Relaxed);
    }

    /// Whether an event without a proof is none.
    pub(crate) fn are_events_proved(&self) -> bool {
        self.events_proved.load(Ordering::Relaxed)
    }

    /// The key-encryption keys that are in force now.
    pub(crate) fn kek(&self) -> Arc<KeyEncryption> {
        // Nothing under the lock can panic half way, so a poisoned lock holds a sound state.
        Arc::clone(&self.kek.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes other key-encryption keys, and keeps those of before for what they wrapped; whether another one wraps now.
    /// Any 32 bytes would do: those that don't come beside the key that wraps are a slip, not a rotation.
    pub(crate) fn change_kek(&self, named: KeyEncryption) -> Result<bool, WrappingKeyMissing> {
        let mut kek = self.kek.write().unwrap_or_else(PoisonError::into_inner);
        let is_another = kek.active() != named.active();
        if named.ids().all(|id| id != kek.active()) {
            return Err(WrappingKeyMissing { active: kek.active().to_owned() });
        }
        *kek = Arc::new(named.and_all_of(&kek));
        Ok(is_another)
    }

    /// Whether a key-encryption key was needed since the last look that is not configured and was not missed before.
    pub(crate) fn take_missed(&self) -> bool {
        std::mem::take(&mut self.missed.lock().unwrap_or_else(PoisonError::into_inner).1)
    }

    fn miss(&self, id: &str) {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        if missed.0.len() < MOST_MISSED && missed.0.insert(id.to_owned()) {
            missed.1 = true;
        }
    }

    /// What stands for the name of a person in the tables.
    pub(crate) fn blind_subject(&self, subject: &str) -> String {
        self.sealer.blind(&format!("subject\0{subject}"))
    }

    /// Forgets keys that were destroyed.
    pub(crate) fn forget(&self, ids: &[DataKeyId]) {
        self.known.forget(ids);
    }

    /// Forgets keys whose rows nobody has looked at for a minute.
    pub(crate) fn forget_unused(&self) {
        self.known.forget_unused(KEPT_UNUSED);
    }
}

/// A person who gets a key.
pub(crate) struct Newcomer<'a> {
    /// As the bank names them.
    pub(crate) subject: &'a str,
    /// When the first thing of theirs came.
    pub(crate) at: Timestamp,
}

/// The place for which a data key is wrapped: neither its row nor its person can be another.
pub(crate) fn wrapped_at(id: &str, person: &str) -> String {
    format!("data_keys/{id}/{person}")
}

/// Who a conversation is sealed for, as a keyed hash. Where a back end names nobody, each conversation is a person of
/// its own: so no two people share a key.
pub(crate) fn person_of(c: &Connection, conversation: &Conversation) -> String {
    person_in(c, conversation.id, &conversation.owner())
}

fn person_in(c: &Connection, conversation: ConversationId, owner: &Owner<'_>) -> String {
    let names_nobody = owner.key.is_some_and(|key| owner.subject == key.subject());
    match names_nobody {
        true => c.blind(&format!("conversation\0{conversation}")),
        false => privacy::blind(c, owner),
    }
}

/// Whether the texts of a row belong to the owner whom the row of its conversation names (`subject`, as a keyed hash, and
/// `owner_key`): both are plain columns, and the key that sealed the texts is wrapped for its person alone. Nothing of a
/// row that was given to somebody else, or was moved to another conversation, is shown to anybody. A row without a key is
/// nobody's, and one whose key can't be unwrapped opens nothing.
pub(crate) fn is_owned(
    c: &Connection,
    row: &Row,
    conversation: ConversationId,
    (subject, owner_key): (&str, Option<KeyId>),
) -> bool {
    if row.is_foreign() {
        return false;
    }
    let Some(key) = row.key() else { return true };
    if subject == privacy::nobody(conversation) {
        // Its person was erased a moment ago, and the key is in this memory for a second still.
        return true;
    }
    let Ok(name) = c.sealer().open_name_for(key, key.named(), &named_at(key)) else { return false };
    let owner = Owner { subject: &name, key: owner_key };
    c.blind_subject(&name) == subject && person_in(c, conversation, &owner) == key.person()
}

impl Connection {
    /// Rows with the keys that open them.
    pub(crate) async fn with_keys(&mut self, found: Vec<Cells>) -> Result<Vec<Row>, StoreError> {
        let sealer = self.sealer();
        let sealed = found.first().map(Cells::sealed).unwrap_or_default();
        if sealed.is_empty() {
            return Ok(found.into_iter().map(|cells| Row::of_nobody(cells, &sealer)).collect());
        }
        let held: Vec<Held> = found.iter().map(|cells| cells.held(&sealed)).collect();
        let mut wanted: Vec<DataKeyId> = held.iter().flat_map(Held::ids).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let keys = self.keys_by_id(&wanted).await?;
        let rows = found.into_iter().zip(held).map(|(cells, held)| {
            let whose = match held.ids().next() {
                None => Whose::Nobody,
                Some(id) => keys.get(&id).cloned().unwrap_or(Whose::Gone),
            };
            Row::of(cells, &sealer, whose, held.is_foreign(&keys))
        });
        Ok(rows.collect())
    }

    /// The keys of these ids; those that were destroyed are missing. One that can't be unwrapped is said to be, and is in
    /// nobody else's way.
    async fn keys_by_id(&mut self, ids: &[DataKeyId]) -> Result<HashMap<DataKeyId, Whose>, StoreError> {
        let keys = Arc::clone(&self.keys);
        let (known, unknown) = keys.known.get(ids);
        let mut found: HashMap<DataKeyId, Whose> =
            known.into_iter().map(|(id, key)| (id, Whose::Person(key))).collect();
        for some in unknown.chunks(TOGETHER) {
            let sql = format!(
                "SELECT {COLUMNS} FROM data_keys WHERE id IN {}",
                places(self.is_postgres(), 1, some.len())
            );
            let bound = some.iter().flat_map(|id| values![hex(id)]).collect();
            for row in self.rows_of_keys(sql, bound, some.len()).await? {
                let id = id_of(&row)?;
                let whose = match keys.unwrapped(&row) {
                    Ok(key) => Whose::Person(key),
                    Err(StoreError::Sealed(why)) => {
                        tracing::warn!(data_key = hex(&id), %why, "the key of a person can't be unwrapped");
                        Whose::Locked(why)
                    }
                    Err(error) => return Err(error),
                };
                found.insert(id, whose);
            }
            // Destroyed elsewhere: nothing here keeps them any longer.
            let gone: Vec<DataKeyId> = some.iter().filter(|id| !found.contains_key(*id)).copied().collect();
            keys.forget(&gone);
        }
        Ok(found)
    }
}

/// As many ids go into one statement.
const TOGETHER: usize = 500;

impl Keys {
    /// The key of a row, as it is known already or unwrapped now.
    fn unwrapped(&self, row: &Row) -> Result<Arc<DataKey>, StoreError> {
        let (id, name, person) = (id_of(row)?, row.text("id")?, row.text("person")?);
        if let Some(key) = self.known.confirmed(id) {
            // The row may name somebody else by now, for whom it was never wrapped.
            return if key.person() == person { Ok(key) } else { Err(SealError::NotAuthentic.into()) };
        }
        let place = wrapped_at(&name, &person);
        let kek = row.text("kek")?;
        let key = self.kek().unwrap(&kek, &row.bytes("wrapped")?, &place).inspect_err(|error| {
            if *error == SealError::UnknownKey {
                self.miss(&kek);
            }
        })?;
        let key = Arc::new(DataKey::new(id, key, row.bytes("named")?).of(person));
        self.known.put(&key);
        Ok(key)
    }
}

/// Those of these keys that are there and were made for whom their row says. One that can't be unwrapped because its
/// wrapping key is not configured counts, without the key: nobody can say that it is not.
pub(crate) async fn living(
    c: &mut Connection,
    ids: &[DataKeyId],
) -> Result<HashMap<DataKeyId, Option<Arc<DataKey>>>, StoreError> {
    let (keys, mut living) = (Arc::clone(&c.keys), HashMap::new());
    for some in ids.chunks(TOGETHER) {
        let sql =
            format!("SELECT {COLUMNS} FROM data_keys WHERE id IN {}", places(c.is_postgres(), 1, some.len()));
        let bound = some.iter().flat_map(|id| values![hex(id)]).collect();
        for row in c.rows_of_keys(sql, bound, some.len()).await? {
            match keys.unwrapped(&row) {
                Ok(key) => drop(living.insert(id_of(&row)?, Some(key))),
                Err(StoreError::Sealed(SealError::UnknownKey)) => drop(living.insert(id_of(&row)?, None)),
                Err(StoreError::Sealed(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(living)
}

fn id_of(row: &Row) -> Result<DataKeyId, StoreError> {
    id_in(&row.text("id")?).ok_or(StoreError::Corrupt { what: "data key" })
}

/// The keys of these people, made for whom has none; each stays until the transaction is saved.
pub(crate) async fn of_people(
    w: &mut Writer,
    wanted: &BTreeMap<String, Newcomer<'_>>,
) -> Result<HashMap<String, Arc<DataKey>>, StoreError> {
    let mut found = look(w, wanted.keys()).await?;
    let missing: Vec<&String> = wanted.keys().filter(|person| !found.contains_key(*person)).collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let keys = Arc::clone(&w.keys);
    let kek = keys.kek();
    let mut bound: Vec<Value> = Vec::with_capacity(missing.len() * 6);
    for person in &missing {
        let newcomer = &wanted[*person];
        let mut id = [0; 16];
        id.copy_from_slice(&keys.sealer.fresh()[..16]);
        let key = DataKey::new(id, kek.fresh(), Vec::new());
        let named = keys.sealer.seal_name_for(&key, newcomer.subject, &named_at(&key));
        let wrapped = kek.wrap(key.expose(), &wrapped_at(&key.name(), person));
        bound.extend(values![key.name(), *person, kek.active(), wrapped, named, newcomer.at]);
    }
    // Somebody else may make one at this moment: the first one counts.
    let sql = format!(
        "INSERT INTO data_keys (id, person, kek, wrapped, named, created_at) VALUES {} ON CONFLICT (person) DO NOTHING",
        places(w.is_postgres(), missing.len(), 6)
    );
    w.rows_of_keys(sql, bound, missing.len()).await?;
    found.extend(look(w, missing.into_iter()).await?);
    if found.len() == wanted.len() { Ok(found) } else { Err(StoreError::Corrupt { what: "data key" }) }
}

async fn look(
    w: &mut Writer,
    people: impl ExactSizeIterator<Item = &String>,
) -> Result<HashMap<String, Arc<DataKey>>, StoreError> {
    let count = people.len();
    if count == 0 {
        return Ok(HashMap::new());
    }
    let held = if w.is_postgres() { " FOR KEY SHARE" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM data_keys WHERE person IN {} ORDER BY person{held}",
        places(w.is_postgres(), 1, count)
    );
    let keys = Arc::clone(&w.keys);
    let rows = w.rows_of_keys(sql, people.flat_map(|person| values![person]).collect(), count).await?;
    rows.iter().map(|row| Ok((row.text("person")?, keys.unwrapped(row)?))).collect()
}

impl Writer {
    /// The key with which the texts of a conversation are sealed; none where nobody is left of it, or it is not there.
    pub(crate) async fn key_of(
        &mut self,
        conversation: ConversationId,
    ) -> Result<Option<Arc<DataKey>>, StoreError> {
        if let Some(known) = self.people.keys.get(&conversation) {
            return Ok(known.clone());
        }
        let held = if self.is_postgres() { " FOR NO KEY UPDATE" } else { "" };
        let sql = format!("SELECT data_key FROM conversations WHERE id = $1{held}");
        let rows = self.rows_built(sql, values![conversation], 1).await?;
        let key = rows.first().map(Row::data_key).transpose()?.flatten();
        self.people.keys.insert(conversation, key.clone());
        Ok(key)
    }

    /// The same of the conversation of an interaction.
    pub(crate) async fn key_of_interaction(
        &mut self,
        interaction: InteractionId,
    ) -> Result<Option<Arc<DataKey>>, StoreError> {
        let conversation = match self.people.conversations.get(&interaction) {
            Some(conversation) => *conversation,
            None => {
                let sql = "SELECT conversation FROM interactions WHERE id = $1";
                let Some(row) = self.row(sql, values![interaction]).await? else { return Ok(None) };
                let conversation = row.parsed("conversation")?;
                self.people.conversations.insert(interaction, conversation);
                conversation
            }
        };
        self.key_of(conversation).await
    }

    /// Seals a person's text for its place; of nobody nothing is kept.
    pub(crate) fn seal_for(
        &self,
        key: Option<&DataKey>,
        text: &Masked,
        table: &str,
        column: &str,
        id: &str,
    ) -> Vec<u8> {
        match key {
            Some(key) => self.keys.sealer.seal_for(key, text, &place(table, column, id)),
            None => ERASED.to_vec(),
        }
    }

    /// Hides a name that belongs to a person, for its place.
    pub(crate) fn hide_for(
        &self,
        key: Option<&DataKey>,
        name: &str,
        table: &str,
        column: &str,
        id: &str,
    ) -> String {
        match key {
            Some(key) => self.keys.sealer.hide_for(key, name, &place(table, column, id)),
            None => "erased".to_owned(),
        }
    }

    /// What stands for a person in a row; for nobody, who stands in the place of the person of a conversation.
    pub(crate) fn subject_for(
        &self,
        key: Option<&DataKey>,
        subject: &str,
        conversation: ConversationId,
    ) -> String {
        match key {
            Some(_) => self.blind_subject(subject),
            None => privacy::nobody(conversation),
        }
    }
}

/// The key of a person, made where there is none, for what is kept of them beside conversations.
pub(crate) async fn of_person(
    w: &mut Writer,
    owner: &Owner<'_>,
    at: Timestamp,
) -> Result<Option<Arc<DataKey>>, StoreError> {
    let person = privacy::blind(w, owner);
    let wanted = BTreeMap::from([(person.clone(), Newcomer { subject: owner.subject, at })]);
    Ok(of_people(w, &wanted).await?.remove(&person))
}

pub(crate) fn hex(id: &DataKeyId) -> String {
    format!("{:032x}", u128::from_be_bytes(*id))
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use contactiq_domain::{Mode, ids::CountingIds};

    use super::*;
    use crate::{Location, Store, conversations};

    #[tokio::test]
    async fn a_key_that_was_destroyed_elsewhere_stays_in_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let next = std::sync::atomic::AtomicU8::new(1);
        let nonce = move || [next.fetch_add(1, Ordering::SeqCst); 12];
        let kek = Arc::new(KeyEncryption::new(&[[1; 32]], Arc::new(nonce)).unwrap());
        let location = Location::Sqlite(folder.path().join("t.db"));
        let (one, other) = (
            Store::open(&location, Arc::clone(&kek)).await.unwrap(),
            Store::open(&location, kek).await.unwrap(),
        );
        let own = Conversation {
            id: ConversationId::new(&CountingIds::default()),
            mode: Mode::Customer,
            subject: "jane".into(),
            owner_key: None,
            label: None,
            demo: false,
            created_at: Timestamp::from_micros(1),
        };
        let mut w = one.write().await.unwrap();
        conversations::create(&mut w, &own).await.unwrap();
        w.save().await.unwrap();
        let read = async || {
            conversations::get_for_staff(&mut other.read().await.unwrap(), own.id).await.unwrap().unwrap()
        };
        assert_eq!(read().await.subject, "jane");
        let rows = one.read().await.unwrap().rows("SELECT data_key FROM conversations", Vec::new()).await;
        let id = rows.unwrap()[0].data_key().unwrap().unwrap().id();
        assert!(other.keys.known.confirmed(id).is_some());
        let mut w = one.write().await.unwrap();
        // The row names it still.
        w.execute("PRAGMA defer_foreign_keys = ON", Vec::new()).await.unwrap();
        w.execute("DELETE FROM data_keys", Vec::new()).await.unwrap();
        w.execute("UPDATE conversations SET data_key = NULL", Vec::new()).await.unwrap();
        w.save().await.unwrap();
        let since = Instant::now();
        // Asked for by its name, it is found to be gone.
        while !other.read().await.unwrap().keys_by_id(&[id]).await.unwrap().is_empty() {
            assert!(since.elapsed() < Duration::from_secs(2));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(other.keys.known.confirmed(id).is_none());
        one.close().await;
        other.close().await;
    }
}
