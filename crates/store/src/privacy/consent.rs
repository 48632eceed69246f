//! What a person agreed to, purpose by purpose; the last word counts.

use contactiq_domain::Timestamp;

use super::owner_key;
use crate::{Connection, Store, StoreError, Writer, audit, conversations::Owner, value::values};

contactiq_domain::words! {
    /// What something of a person may be used for beside the answer itself.
    Purpose as "purpose" {
        /// That what was said before is read for the next answer.
        History => "history",
    }
}

/// What was said of one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Which.
    pub purpose: Purpose,
    /// Whether the person agrees.
    pub given: bool,
    /// Who noted it.
    pub noted_by: String,
    /// When.
    pub noted_at: Timestamp,
}

/// Notes what a person says, in place of what was said before; whether it counts. It does not where the person said
/// something else later. Of what is said at one moment a refusal counts, and it counts against a word whose time has not
/// come yet by this clock: that one was noted by a clock that was ahead, or this one is behind. Nobody can tell which, so
/// the refusal is as late as the word that it takes the place of. A refusal that stands so against a word is as of now
/// from here on.
///
/// # Errors
/// When the database fails.
pub async fn note(
    w: &mut Writer,
    owner: &Owner<'_>,
    consent: &Consent,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (subject, owner_key) = named(w, owner);
    let noted = w
        .execute(
            "INSERT INTO consents (subject, owner_key, purpose, given, noted_by, noted_at)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (subject, owner_key, purpose) DO UPDATE SET given = excluded.given,
                 noted_by = excluded.noted_by, noted_at = CASE
                     WHEN NOT excluded.given AND consents.noted_at > excluded.noted_at THEN consents.noted_at
                     ELSE excluded.noted_at END
             WHERE consents.noted_at < excluded.noted_at OR ((consents.given OR NOT excluded.given)
                 AND (consents.noted_at = excluded.noted_at OR consents.noted_at > $7))",
            values![
                &subject,
                &owner_key,
                consent.purpose.as_str(),
                consent.given,
                &consent.noted_by,
                consent.noted_at.min(now),
                now
            ],
        )
        .await?;
    if noted == 0 {
        as_of_now(w, owner, consent.purpose, now).await?;
    } else {
        audit::word_noted(w, (&subject, &owner_key), consent.purpose.as_str(), consent.given, now).await?;
    }
    Ok(noted > 0)
}

/// The same under all names of a person: under each of them or under none, so that nobody is told no of what stands in
/// part. Where it does not count, words of a time that has not come yet are as of now all the same.
///
/// # Errors
/// When the database fails.
pub async fn note_on_all(
    store: &Store,
    names: &[Owner<'_>],
    consent: &Consent,
    now: Timestamp,
) -> Result<Option<Writer>, StoreError> {
    let mut w = store.write().await?;
    let mut counts = true;
    for owner in names {
        counts &= note(&mut w, owner, consent, now).await?;
    }
    if counts {
        return Ok(Some(w));
    }
    drop(w);
    let mut w = store.write().await?;
    for owner in names {
        as_of_now(&mut w, owner, consent.purpose, now).await?;
    }
    w.save().await?;
    Ok(None)
}

/// Brings a word whose time has not come yet to now.
async fn as_of_now(
    w: &mut Writer,
    owner: &Owner<'_>,
    purpose: Purpose,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (subject, owner_key) = named(w, owner);
    w.execute(
        "UPDATE consents SET noted_at = $4 WHERE subject = $1 AND owner_key = $2 AND purpose = $3 AND noted_at > $4",
        values![subject, owner_key, purpose.as_str(), now],
    )
    .await?;
    Ok(())
}

/// All that a person said.
///
/// # Errors
/// When the database fails.
pub async fn of(c: &mut Connection, owner: &Owner<'_>) -> Result<Vec<Consent>, StoreError> {
    let (subject, owner_key) = named(c, owner);
    c.rows(
        "SELECT * FROM consents WHERE subject = $1 AND owner_key = $2 ORDER BY purpose",
        values![subject, owner_key],
    )
    .await?
    .iter()
    .map(|row| {
        Ok(Consent {
            purpose: row.parsed("purpose")?,
            given: row.bool("given")?,
            noted_by: row.text("noted_by")?,
            noted_at: row.moment("noted_at")?,
        })
    })
    .collect()
}

/// Everybody who spoke against a purpose, each as [`as_kept`].
///
/// # Errors
/// When the database fails.
pub async fn refused(c: &mut Connection, purpose: Purpose) -> Result<Vec<(String, String)>, StoreError> {
    c.rows(
        "SELECT subject, owner_key FROM consents WHERE purpose = $1 AND NOT given",
        values![purpose.as_str()],
    )
    .await?
    .iter()
    .map(|row| Ok((row.text("subject")?, row.text("owner_key")?)))
    .collect()
}

/// A person as these tables name it: a keyed hash of the subject, and the id of the key that speaks for it, '' for none.
#[must_use]
pub fn as_kept(store: &Store, owner: &Owner<'_>) -> (String, String) {
    (store.keys.blind_subject(owner.subject), owner_key(owner.key))
}

/// The same inside a transaction.
pub(crate) fn named(c: &Connection, owner: &Owner<'_>) -> (String, String) {
    (c.blind_subject(owner.subject), owner_key(owner.key))
}

/// Forgets it with the person.
pub(super) async fn forget(w: &mut Writer, owner: &Owner<'_>, now: Timestamp) -> Result<(), StoreError> {
    let (subject, owner_key) = named(w, owner);
    forget_as_kept(w, (&subject, &owner_key), now).await
}

/// The same of somebody as these tables name them.
pub(super) async fn forget_as_kept(
    w: &mut Writer,
    (subject, owner_key): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    audit::words_forgotten(w, (subject, owner_key), now).await?;
    w.execute("DELETE FROM consents WHERE subject = $1 AND owner_key = $2", values![subject, owner_key])
        .await?;
    Ok(())
}
