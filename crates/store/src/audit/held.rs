//! What the log says of legal holds, and whether those that it says are in force stand in their table.

use std::collections::{BTreeMap, HashMap};

use contactiq_domain::Timestamp;
use uuid::Uuid;

use super::{
    AuditKind, AuditLog, Event,
    closing::{BECAME, PROOF},
    feed,
    stands::Apart,
};
use crate::{Connection, Store, StoreError, Writer, privacy::holds, row::Row, value::values};

const HOLD: &str = "hold";
const PLACED: &str = "placed";
const LIFTED: &str = "lifted";
/// The field that shows that the house wrote an entry: nobody else makes holds that can't be lifted.
const SAID: &str = "said";

/// What a hold is on, as only the house says it.
fn placed(c: &Connection, row: &Row) -> Result<String, StoreError> {
    let (id, subject, key) = (row.text("id")?, row.text("subject")?, row.text("owner_key")?);
    let (by, at) = (row.text("placed_by")?, row.moment("placed_at")?.micros());
    Ok(c.blind(&format!("hold placed\0{id}\0{subject}\0{key}\0{by}\0{at}")))
}

fn said(c: &Connection, id: &str, became: &str, proof: &str) -> String {
    c.blind(&format!("hold said\0{id}\0{became}\0{proof}"))
}

fn lifted(c: &Connection, id: &str) -> String {
    c.blind(&format!("hold lifted\0{id}"))
}

/// Notes that a hold was placed, as it stands in its table: in the transaction that places it.
pub(crate) async fn hold_placed(w: &mut Writer, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let row = w.row("SELECT * FROM legal_holds WHERE id = $1", values![id]).await?;
    let proof = placed(w, &row.ok_or(StoreError::NotFound { what: "hold" })?)?;
    note(w, id, PLACED, proof, now).await
}

/// Notes that a hold was lifted, in the transaction that lifts it.
pub(crate) async fn hold_lifted(w: &mut Writer, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    let proof = lifted(w, &id.to_string());
    note(w, id, LIFTED, proof, now).await
}

async fn note(
    w: &mut Writer,
    id: Uuid,
    became: &str,
    proof: String,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = id.to_string();
    let said = said(w, &id, became, &proof);
    let fields =
        [(HOLD, Some(id)), (BECAME, Some(became.to_owned())), (PROOF, Some(proof)), (SAID, Some(said))];
    super::note(w, &Event::new(super::fresh_id(w), now, AuditKind::Hold, &fields)).await
}

/// The holds of the log: what each is on, and whether it was lifted.
#[derive(Debug, Default)]
pub(super) struct Holds(HashMap<String, Said>);

#[derive(Debug, Default)]
struct Said {
    placed: Option<String>,
    is_lifted: bool,
}

impl Holds {
    /// Hears an entry of holds. It counts where the house wrote it.
    pub(super) fn hear(&mut self, c: &Connection, fields: &BTreeMap<String, String>) {
        let (Some(id), Some(became), Some(proof)) = (fields.get(HOLD), fields.get(BECAME), fields.get(PROOF))
        else {
            return;
        };
        if fields.get(SAID) != Some(&said(c, id, became, proof)) {
            return;
        }
        match became.as_str() {
            // What was said first stays: nothing makes a hold another one.
            PLACED => {
                self.0.entry(id.clone()).or_default().placed.get_or_insert_with(|| proof.clone());
            }
            LIFTED if *proof == lifted(c, id) => self.0.entry(id.clone()).or_default().is_lifted = true,
            _ => {}
        }
    }

    /// Where the table of holds says something else than the log.
    pub(super) async fn apart(&self, c: &mut Connection) -> Result<Vec<Apart>, StoreError> {
        let mut apart = Vec::new();
        let mut standing = HashMap::new();
        for row in c.rows("SELECT * FROM legal_holds", Vec::new()).await? {
            let is_in_force = !matches!(row.int_or_none("lifted_at"), Ok(Some(_)));
            // What can't be read of one is not as it was placed, and hides no other.
            let Ok(id) = row.text("id") else { continue };
            let placed = match holds::names_its_person(c, &row) {
                true => placed(c, &row).unwrap_or_default(),
                false => String::new(),
            };
            standing.insert(id, (is_in_force, placed));
        }
        for (id, said) in &self.0 {
            let Some(proof) = &said.placed else { continue };
            match standing.get(id) {
                None if said.is_lifted => {}
                None => apart.push(Apart::of("hold_gone", id)),
                Some((false, _)) if !said.is_lifted => apart.push(Apart::of("hold_lifted_by_hand", id)),
                Some((true, _)) if said.is_lifted => apart.push(Apart::of("hold_in_force_by_hand", id)),
                Some((_, found)) if found != proof => apart.push(Apart::of("hold_changed", id)),
                Some(_) => {}
            }
        }
        for (id, (is_in_force, _)) in &standing {
            if *is_in_force && self.0.get(id).is_none_or(|said| said.placed.is_none()) {
                apart.push(Apart::of("hold_unlogged", id));
            }
        }
        Ok(apart)
    }
}

impl AuditLog {
    /// Where the table of holds says something else than the log, which takes an instant: a hold that is gone, was
    /// lifted or changed by another way than the house's, or that nobody placed. Empty while the log was not taken over
    /// ([`AuditLog::take_over`]). Of a log that can't be believed it is said that its holds can't be read: none of them
    /// stands then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn holds_apart(&self, store: &Store) -> Result<Vec<Apart>, StoreError> {
        match self.try_holds_apart(store).await {
            Err(StoreError::AuditChanged { what, entry }) => {
                let at = entry.map(|entry| format!(", entry {entry}")).unwrap_or_default();
                Ok(vec![Apart::of("holds_unread", format!("audit log{at} ({what})"))])
            }
            found => found,
        }
    }

    async fn try_holds_apart(&self, store: &Store) -> Result<Vec<Apart>, StoreError> {
        if !self.is_taken_over(store).await? {
            return Ok(Vec::new());
        }
        let mut found = self.look_at_holds(store).await?;
        if !found.is_empty() {
            // What is placed or lifted at this moment is seen by halves.
            let again = self.look_at_holds(store).await?;
            found.retain(|apart| again.contains(apart));
        }
        Ok(found)
    }

    async fn look_at_holds(&self, store: &Store) -> Result<Vec<Apart>, StoreError> {
        let waiting = feed::of_kind(&mut *store.at_work().read().await?, AuditKind::Hold).await?;
        // Entries of holds are few. Nothing of the store is held meanwhile: its readers are few too.
        let mut entries = Vec::new();
        self.each_of(store, AuditKind::Hold, |_, entry| entries.push(entry.fields)).await?;
        let mut c = store.at_work().read().await?;
        let mut holds = Holds::default();
        entries.iter().for_each(|fields| holds.hear(&c, fields));
        waiting.iter().for_each(|event| holds.hear(&c, &event.fields));
        holds.apart(&mut c).await
    }
}
