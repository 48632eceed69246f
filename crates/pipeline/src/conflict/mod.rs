//! Documents that contradict each other (P9, P13): two statements, of two documents or of two passages of one,
//! that give different figures for the same thing. They are found when documents come in, listed, and ruled by
//! an owner; until then a question on them goes to a person. Staff read both collections, so that for them a
//! customer document and one of the bank's own can disagree too; for customers only what they may read counts.

mod claim;
mod free;
mod pairs;
mod ruled;
mod same;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use ruled::{without, without_overruled};

use std::collections::{HashMap, HashSet};

use contactiq_domain::{Collection, Document, Mode, Passage};
use contactiq_guard::Published;
use contactiq_store::{
    Store, StoreError, documents, rulings,
    rulings::{Ruling, Side},
};
use sha2::{Digest, Sha256};
use time::Date;

use crate::respond::figure::located;

/// One side of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Number of the document.
    pub document: usize,
    /// Position of the passage in it.
    pub position: u32,
    /// The sentence or row, word for word.
    pub sentence: String,
    /// Its figures as written.
    pub figures: Vec<String>,
}

/// Two statements that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Made of both sentences and the names of their documents: it stays while they stay.
    pub id: String,
    /// One side; its document's name comes first in the alphabet.
    pub one: Place,
    /// The other.
    pub other: Place,
    /// What an owner ruled.
    pub ruling: Option<Ruling>,
}

impl Conflict {
    /// Whether nobody has ruled yet.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.ruling.is_none()
    }

    /// How a ruling names the document of a side: its slug, and the collection where the sides are of two.
    #[must_use]
    pub fn name_of(&self, documents: &[Document<()>], place: &Place) -> String {
        side_name(documents, [self.one.document, self.other.document], place.document)
    }

    /// Whether it is one for who reads in this mode: customers read their own collection alone.
    #[must_use]
    pub fn is_read_in(&self, mode: Mode, documents: &[Document<()>]) -> bool {
        mode == Mode::Banker
            || documents[self.one.document].collection == documents[self.other.document].collection
    }

    /// The collection in which it is met; of two collections staff read both.
    #[must_use]
    pub fn stands_in(&self, documents: &[Document<()>]) -> Collection {
        met_in(documents, [self.one.document, self.other.document])
    }

    /// Whether both documents are in force on this day.
    #[must_use]
    pub fn stands_on(&self, documents: &[Document<()>], day: Date) -> bool {
        [&self.one, &self.other].into_iter().all(|place| documents[place.document].is_valid_on(day))
    }
}

/// The documents in force or to come, and where they contradict each other.
pub struct Survey {
    /// Every current document.
    pub documents: Vec<Document<()>>,
    /// Conflicts by the names of their documents, ruled ones too.
    pub conflicts: Vec<Conflict>,
    /// Rulings whose preferred document was removed: the other sentence stays out of use until an owner rules
    /// again.
    pub orphans: Vec<Ruling>,
}

impl Survey {
    /// Surveys the store.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(store: &Store) -> Result<Survey, StoreError> {
        let mut reader = store.read().await?;
        let rulings = rulings::list(&mut reader).await?;
        let current = documents::all_current(&mut reader).await?;
        // What follows computes for long: no transaction waits for it.
        drop(reader);
        let (documents, passages) = numbered(current);
        let surveyed = tokio::task::spawn_blocking(move || {
            let conflicts = find(&documents, &passages, &rulings);
            let orphans = ruled::orphaned(&documents, &passages, &rulings);
            Survey { documents, conflicts, orphans }
        });
        match surveyed.await {
            Ok(survey) => Ok(survey),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Those that an owner has to look at: no ruling, and neither document has expired.
    pub fn open(&self, today: Date) -> impl Iterator<Item = &Conflict> {
        self.conflicts.iter().filter(move |c| c.is_open() && c.concerns(&self.documents, today))
    }

    /// The name of a side's document.
    #[must_use]
    pub fn name(&self, place: &Place) -> String {
        let document = &self.documents[place.document];
        format!("{}/{}", document.collection, document.slug)
    }
}

impl Conflict {
    /// Whether it is one today or will be.
    #[must_use]
    pub fn concerns(&self, documents: &[Document<()>], today: Date) -> bool {
        let over = |place: &Place| documents[place.document].valid_until.is_some_and(|until| until < today);
        !over(&self.one) && !over(&self.other)
    }
}

/// Documents and passages as their numbers name them.
pub(crate) type Numbered = (Vec<Document<()>>, Vec<(usize, Passage<Published>)>);

/// Numbers documents, and their passages by them.
pub(crate) fn numbered(current: Vec<(Document<()>, Vec<Passage<Published>>)>) -> Numbered {
    let mut documents = Vec::with_capacity(current.len());
    let mut passages = Vec::new();
    for (document, own) in current {
        passages.extend(own.into_iter().map(|passage| (documents.len(), passage)));
        documents.push(document);
    }
    (documents, passages)
}

/// Every conflict of documents whose times of validity meet, by the names of their documents, with what
/// was ruled on it.
#[must_use]
pub fn find(
    documents: &[Document<()>],
    passages: &[(usize, Passage<Published>)],
    rulings: &[Ruling],
) -> Vec<Conflict> {
    let mut lexicon = words::Lexicon::new();
    let (claims, subjects) = claim::claims(documents, passages, &mut lexicon);
    let ruled: HashMap<&str, &Ruling> = rulings.iter().map(|r| (r.conflict.as_str(), r)).collect();
    let mut known = HashSet::new();
    let mut found = Vec::new();
    for (a, b) in pairs::contradictions(&claims, &subjects, &lexicon) {
        let (mut one, mut other) = (&claims[a], &claims[b]);
        if !meet(&documents[one.document], &documents[other.document]) {
            continue;
        }
        let name = |claim: &claim::Claim<'_>| (&*documents[claim.document].slug, claim.collection.as_str());
        if name(other) < name(one) {
            (one, other) = (other, one);
        }
        let place = |claim: &claim::Claim<'_>| Place {
            document: claim.document,
            position: passages[claim.passage].1.position,
            sentence: claim.sentence.to_owned(),
            figures: claim.written.clone(),
        };
        let (one, other) = (place(one), place(other));
        let names = [&one, &other].map(|p| side_name(documents, [one.document, other.document], p.document));
        let id = id(
            met_in(documents, [one.document, other.document]),
            [(&*names[0], &*one.sentence), (&*names[1], &*other.sentence)],
        );
        // Two cells of one row may differ, and a sentence may stand twice in its document.
        if known.insert(id.clone()) {
            let ruling = ruled.get(id.as_str()).map(|ruling| (*ruling).clone());
            found.push(Conflict { id, one, other, ruling });
        }
    }
    found.extend(ruled_before(documents, passages, rulings.iter().filter(|r| !known.contains(&r.conflict))));
    let order =
        |c: &Conflict| (c.one.document, c.one.position, c.other.document, c.other.position, c.id.clone());
    found.sort_by_cached_key(order);
    found
}

/// Rulings in force on what is no longer seen as a conflict, because a title or a product changed: what was
/// ruled against stays out of use, so that an owner must see them.
fn ruled_before<'a>(
    documents: &[Document<()>],
    passages: &[(usize, Passage<Published>)],
    rulings: impl Iterator<Item = &'a Ruling>,
) -> Vec<Conflict> {
    let rulings: Vec<Ruling> = rulings.cloned().collect();
    let standing = ruled::Standing::of(documents, passages, &rulings);
    let conflict = |ruling: Ruling| {
        let place = |side: &Side| {
            let (document, position) = standing.place(ruling.collection, side)?;
            let figures =
                located(&side.sentence).into_iter().map(|(at, _)| side.sentence[at].to_owned()).collect();
            Some(Place { document, position, sentence: side.sentence.clone(), figures })
        };
        let (one, other) = (place(&ruling.one)?, place(&ruling.other)?);
        Some(Conflict { id: ruling.conflict.clone(), one, other, ruling: Some(ruling) })
    };
    rulings.iter().cloned().filter_map(conflict).collect()
}

fn met_in(documents: &[Document<()>], pair: [usize; 2]) -> Collection {
    let [one, other] = pair.map(|number| documents[number].collection);
    if one == other { one } else { Collection::Banker }
}

/// The slug of one of two documents, with its collection where they are of two.
fn side_name(documents: &[Document<()>], pair: [usize; 2], which: usize) -> String {
    let [one, other] = pair.map(|number| documents[number].collection);
    let own = &documents[which];
    if one == other { own.slug.clone() } else { format!("{}/{}", own.collection, own.slug) }
}

/// Whether there is a day on which both may be used.
fn meet(a: &Document<()>, b: &Document<()>) -> bool {
    let ends_before = |one: &Document<()>, other: &Document<()>| {
        one.valid_until.zip(other.valid_from).is_some_and(|(until, from)| until < from)
    };
    !ends_before(a, b) && !ends_before(b, a)
}

/// The id of a conflict: 64 bits of a SHA-256 over both places.
fn id(collection: Collection, mut places: [(&str, &str); 2]) -> String {
    places.sort_unstable();
    let mut sha = Sha256::new();
    for part in [collection.as_str()].into_iter().chain(places.iter().flat_map(|(slug, said)| [*slug, *said]))
    {
        sha.update(part.as_bytes());
        sha.update([0]);
    }
    sha.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
