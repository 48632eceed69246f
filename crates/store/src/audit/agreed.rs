//! What the log says of words on purposes (E7): which stands last, and whether it stands in its table.

use std::collections::{BTreeMap, HashMap};

use contactiq_domain::Timestamp;

use super::{
    AuditKind, Event,
    closing::{BECAME, PROOF},
    stands::Apart,
    told::When,
};
use crate::{Connection, StoreError, Writer, value::values};

const OF: &str = "of";
const FORGOTTEN: &str = "forgotten";
/// Digits of what stands for a person and a purpose.
const DIGITS: usize = 32;

/// What stands for a person and a purpose, both as their table names them.
fn of(c: &Connection, subject: &str, key: &str, purpose: &str) -> String {
    let mut of = c.blind(&format!("word\0{subject}\0{key}\0{purpose}"));
    of.truncate(DIGITS);
    of
}

/// What only the house says of it.
fn proof(c: &Connection, of: &str, became: &str) -> String {
    c.blind(&format!("word\0{of}\0{became}"))
}

const fn word(given: bool) -> &'static str {
    if given { "yes" } else { "no" }
}

/// Notes what stands now, in the transaction that notes it.
pub(crate) async fn word_noted(
    w: &mut Writer,
    (subject, key): (&str, &str),
    purpose: &str,
    given: bool,
    now: Timestamp,
) -> Result<(), StoreError> {
    let of = of(w, subject, key, purpose);
    note(w, of, word(given), now).await
}

/// Notes that the words of a person went with them: call it before they go.
pub(crate) async fn words_forgotten(
    w: &mut Writer,
    (subject, key): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "SELECT purpose FROM consents WHERE subject = $1 AND owner_key = $2 ORDER BY purpose";
    for row in w.rows(sql, values![subject, key]).await? {
        let of = of(w, subject, key, &row.text("purpose")?);
        note(w, of, FORGOTTEN, now).await?;
    }
    Ok(())
}

/// Notes all words as they stand: those that a version noted that told the log nothing of them.
pub(super) async fn all_noted(w: &mut Writer, now: Timestamp) -> Result<(), StoreError> {
    let sql = "SELECT subject, owner_key, purpose, given FROM consents ORDER BY subject, owner_key, purpose";
    for row in w.rows_of_keys(sql.to_owned(), Vec::new(), 1).await? {
        let of = of(w, &row.text("subject")?, &row.text("owner_key")?, &row.text("purpose")?);
        note(w, of, word(row.bool("given")?), now).await?;
    }
    Ok(())
}

async fn note(w: &mut Writer, of: String, became: &'static str, now: Timestamp) -> Result<(), StoreError> {
    let proof = proof(w, &of, became);
    let fields = [(OF, Some(of)), (BECAME, Some(became.to_owned())), (PROOF, Some(proof))];
    super::note(w, &Event::new(super::fresh_id(w), now, AuditKind::Consent, &fields)).await
}

/// The words of each person on each purpose, with when each was said last.
#[derive(Debug, Default)]
pub(super) struct Words(HashMap<String, HashMap<String, When>>);

impl Words {
    /// Hears an entry of a word that the house noted.
    pub(super) fn hear(&mut self, c: &Connection, fields: &BTreeMap<String, String>, at: When) {
        if let (Some(of), Some(became), Some(said)) = (fields.get(OF), fields.get(BECAME), fields.get(PROOF))
            && *said == proof(c, of, became)
        {
            self.0.entry(of.clone()).or_default().insert(became.clone(), at);
        }
    }

    /// Where the table of consents says something else than the log. What is named is what stands for the person there.
    pub(super) async fn apart(&self, c: &mut Connection) -> Result<Vec<Apart>, StoreError> {
        let mut standing = HashMap::new();
        let sql = "SELECT subject, owner_key, purpose, given FROM consents".to_owned();
        for row in c.rows_of_keys(sql, Vec::new(), 1).await? {
            let of = of(c, &row.text("subject")?, &row.text("owner_key")?, &row.text("purpose")?);
            standing.insert(of, word(row.bool("given")?));
        }
        // Whether what stands may be what was said last.
        let may_be_last = |said: &HashMap<String, When>, stands: &str| {
            said.get(stands).is_some_and(|at| !said.values().any(|later| at.is_before(*later)))
        };
        let gone =
            self.0.iter().filter(|(of, said)| !standing.contains_key(*of) && !may_be_last(said, FORGOTTEN));
        let mut apart: Vec<Apart> = gone.map(|(of, _)| Apart::of("word_gone", of)).collect();
        for (of, stands) in &standing {
            if !self.0.get(of).is_some_and(|said| may_be_last(said, stands)) {
                apart.push(Apart::of("word_changed", of));
            }
        }
        Ok(apart)
    }
}
