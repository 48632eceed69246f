//! A document that was read and judged, and how several of them become current at once: everything that
//! takes time is done before the transaction begins, and the transaction counts only if the knowledge is
//! still what it was then.

use std::{collections::HashMap, time::Duration};

use contactiq_domain::{Collection, Document, Passage, ids::DocumentId};
use contactiq_guard::Published;
use contactiq_ingest::Draft;
use contactiq_pipeline::language_of;
use contactiq_store::{
    Reader, Store, StoreError, Writer, documents, quarantine, quarantine::Suspect, sources,
};
use time::Date;

use super::{
    audit,
    dangers::Dangers,
    prune::{FromHost, Prune},
    row::{Done, Row, Skipped},
    staging::Staging,
};
use crate::{
    reading::{Personal, personal, suspects},
    wiring::SystemIds,
};

/// How often a run begins anew because somebody else changed the knowledge in between.
const TRIES: u32 = 40;
/// How long it waits before it does, once more each time…
const PAUSE: Duration = Duration::from_millis(50);
/// …up to so many times.
const LONGEST: u32 = 10;

/// A document that was read and judged.
pub(super) struct Judged {
    pub(super) document: Document<Published>,
    pub(super) passages: Vec<Passage<Published>>,
    pub(super) suspects: Vec<Suspect>,
    /// The path or address that it comes from.
    pub(super) source: String,
    /// Passages with what looks like personal data of a customer.
    personal: Vec<Personal>,
    /// How often text had to be cut inside a sentence.
    cut: usize,
    /// The language that it is in, where that is not English.
    language: Option<&'static str>,
}

impl Judged {
    /// Judges a draft, which takes time.
    pub(super) fn new(draft: Draft, source: String) -> Judged {
        let cut = draft.cut;
        let (document, passages) = draft.into_document(DocumentId::new(&SystemIds));
        let suspects = suspects(&document.title, &passages);
        let personal = personal(&document.title, &passages);
        let language = language_of(document.text.as_str());
        Judged { document, passages, suspects, source, personal, cut, language }
    }

    /// `collection/slug`.
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.document.collection, self.document.slug)
    }

    /// The slug.
    pub(super) fn slug(&self) -> &str {
        &self.document.slug
    }

    /// Whose document it is.
    pub(super) const fn collection(&self) -> Collection {
        self.document.collection
    }

    /// What became of it, with what is dangerous in it.
    pub(super) fn done(
        &self,
        outcome: &'static str,
        detail: String,
        (found, held): (&[Suspect], &[u32]),
        how: How,
    ) -> Done {
        // What an owner has released is no news.
        let quarantined = found.iter().filter(|suspect| held.contains(&suspect.position)).cloned().collect();
        let standing = Some(self.document.standing_on(how.today));
        let (cut, language) = (self.cut, self.language);
        let personal = self.personal.clone();
        let dangers = Dangers { quarantined, standing, conflicts: Vec::new(), personal, cut, language };
        Done { outcome, detail, document: Some(self.name()), dangers, twin: None }
    }

    /// Gives it another name.
    pub(super) fn rename(&mut self, slug: String) {
        self.document.slug = slug;
    }

    /// How many bytes of text it holds.
    pub(super) fn size(&self) -> usize {
        self.document.text.as_str().len()
            + self.passages.iter().map(|passage| passage.text.as_str().len()).sum::<usize>()
    }
}

/// How documents are to be stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// A document that came from elsewhere is replaced only if that is meant.
    pub(super) replace: bool,
    /// Today where the bank is.
    pub(super) today: Date,
}

/// What became of documents.
pub(super) struct Stored {
    /// In their order.
    pub(super) done: Vec<Result<Done, Skipped>>,
    /// Lines of what was pruned.
    pub(super) pruned: Vec<Row>,
}

const CHANGING: &str = "other processes keep changing the knowledge";

/// Whether others were in the way, so that the next document may well be stored.
pub(super) fn were_others(error: &StoreError) -> bool {
    error.is_busy() || matches!(error, StoreError::Unavailable { why } if *why == CHANGING)
}

/// Stores documents at once, all of them or none. Many of them are brought in before, in short transactions in which
/// nobody sees them ([`Staging`]).
///
/// # Errors
/// When the store fails: then nothing of it is stored.
pub(super) async fn store_all(
    store: &Store,
    judged: &[Judged],
    how: How,
    prune: Option<&Prune>,
) -> Result<Stored, StoreError> {
    let mut staging = Staging::of(judged);
    let stored = store_staged(store, judged, how, prune, &mut staging).await;
    if stored.is_err() {
        // What can't be taken out now is taken out by the next run.
        drop(staging.discard(store).await);
    }
    stored
}

async fn store_staged(
    store: &Store,
    judged: &[Judged],
    how: How,
    prune: Option<&Prune>,
    staging: &mut Staging,
) -> Result<Stored, StoreError> {
    let mut tried = 0;
    loop {
        let why = match once(store, judged, how, prune, staging).await {
            Ok(Some(stored)) => return Ok(stored),
            Ok(None) => StoreError::Unavailable { why: CHANGING },
            Err(error) if error.is_transient() => error,
            Err(error) => return Err(error),
        };
        tried += 1;
        if tried == TRIES {
            return Err(why);
        }
        tokio::time::sleep(PAUSE * tried.min(LONGEST)).await;
    }
}

/// `None` when somebody else changed the knowledge after it was looked at.
async fn once(
    store: &Store,
    judged: &[Judged],
    how: How,
    prune: Option<&Prune>,
    staging: &mut Staging,
) -> Result<Option<Stored>, StoreError> {
    let seen = Seen::of(store, judged, prune).await?;
    staging.bring_in(store, judged, &seen, how).await?;
    let mut w = store.write().await?;
    audit::sign(&mut w, if prune.is_some() { "knowledge add --prune" } else { "knowledge add" });
    if documents::locked_version(&mut w).await? != seen.version {
        return Ok(None);
    }
    staging.flip(&mut w).await?;
    let mut done = Vec::with_capacity(judged.len());
    for (number, own) in judged.iter().enumerate() {
        done.push(match staging.staged.get(&number) {
            Some(staged) => Ok(staged.done(own, how)),
            None => put(&mut w, own, seen.current.get(&number), how).await?,
        });
    }
    staging.note(&mut w, judged).await?;
    let twins = done.iter().filter_map(|done| done.as_ref().ok()?.twin.as_deref());
    let pruned = match prune {
        Some(prune) => prune.remove(&mut w, &seen.from_hosts, twins).await?,
        None => Vec::new(),
    };
    w.save().await?;
    Ok(Some(Stored { done, pruned }))
}

/// What stands under the name of a document.
pub(super) struct Current {
    pub(super) source: Option<String>,
    /// Where it says the same: its id, and what was found in its passages. It may have come in before there
    /// was a quarantine, before the guard knew an attack, or when passages were cut otherwise.
    pub(super) unchanged: Option<(DocumentId, Vec<Suspect>)>,
    /// The positions that are held, where nothing of what was found is news.
    held: Option<Vec<u32>>,
}

/// The knowledge as it was looked at.
pub(super) struct Seen {
    version: String,
    pub(super) current: HashMap<usize, Current>,
    /// What a pruning may remove.
    from_hosts: Vec<FromHost>,
}

impl Seen {
    async fn of(store: &Store, judged: &[Judged], prune: Option<&Prune>) -> Result<Seen, StoreError> {
        let mut reader = store.read().await?;
        let version = documents::version(&mut reader).await?;
        let mut current = HashMap::new();
        let mut otherwise = Vec::new();
        for (number, own) in judged.iter().enumerate() {
            let (collection, slug) = (own.document.collection, own.document.slug.as_str());
            let Some(source) = sources::current(&mut reader, collection, slug).await? else { continue };
            let unchanged = match documents::unchanged(&mut reader, &own.document).await? {
                Some(id) => Some(Self::known(&mut reader, own, number, id, &mut otherwise).await?),
                None => None,
            };
            current.insert(number, Current { source, unchanged, held: None });
        }
        let from_hosts = match prune {
            Some(prune) => prune.of_hosts(&mut reader).await?,
            None => Vec::new(),
        };
        // Nobody waits for the judging.
        drop(reader);
        for (number, passages) in otherwise {
            let found = suspects(&judged[number].document.title, &passages);
            if let Some((_, held)) = current.get_mut(&number).and_then(|c| c.unchanged.as_mut()) {
                *held = found;
            }
        }
        let mut reader = store.read().await?;
        for known in current.values_mut() {
            if let Some((id, found)) = &known.unchanged {
                known.held = quarantine::kept(&mut reader, *id, found).await?;
            }
        }
        Ok(Seen { version, current, from_hosts })
    }

    /// What was found in a document that is there. Where its passages are those that were judged, that counts.
    async fn known(
        reader: &mut Reader,
        own: &Judged,
        number: usize,
        id: DocumentId,
        otherwise: &mut Vec<(usize, Vec<Passage<Published>>)>,
    ) -> Result<(DocumentId, Vec<Suspect>), StoreError> {
        let passages = documents::passages(reader, id).await?;
        if passages != own.passages {
            otherwise.push((number, passages));
        }
        Ok((id, own.suspects.clone()))
    }
}

async fn put(
    w: &mut Writer,
    own: &Judged,
    current: Option<&Current>,
    how: How,
) -> Result<Result<Done, Skipped>, StoreError> {
    let (document, name) = (&own.document, own.name());
    // Nothing is written of what is there as it is: a run over a whole bank keeps nobody waiting for that.
    if let Some(Current { source: Some(source), unchanged: Some((_, found)), held: Some(held) }) = current
        && !(how.replace && *source != own.source)
    {
        return Ok(Ok(own.done("unchanged", name, (found, held), how)));
    }
    let first = current.and_then(|current| current.source.as_deref());
    let unchanged = current.and_then(|current| current.unchanged.as_ref());
    if let Some(first) = first.filter(|first| unchanged.is_none() && !how.replace && *first != own.source) {
        return Ok(Err(Skipped {
            code: "document_name_taken",
            why: format!(
                "{name} came from {first}: rename this one, or replace that one with --replace, if that is meant"
            ),
        }));
    }
    let put = documents::put(w, document, &own.passages).await?;
    let (outcome, detail) = match &put {
        documents::Put::Added => ("added", format!("{name}, {} passages", own.passages.len())),
        documents::Put::Updated { version } => ("updated", format!("{name}, version {version}")),
        documents::Put::Unchanged => ("unchanged", name.clone()),
        documents::Put::Duplicate { slug } => {
            let detail = format!("same content as {}/{slug}", document.collection);
            return Ok(Ok(Done { twin: Some(slug.clone()), ..Done::plain("duplicate", detail) }));
        }
    };
    let (id, found, is_new) = match (&put, unchanged) {
        (documents::Put::Unchanged, Some((id, found))) => (*id, found.as_slice(), false),
        (documents::Put::Unchanged, None) => (document.id, &[][..], true),
        _ => (document.id, own.suspects.as_slice(), true),
    };
    if put != documents::Put::Unchanged {
        audit::note(w, "knowledge add", &name).await?;
    }
    if is_new || first.is_none() || how.replace {
        sources::keep(w, id, &own.source).await?;
    }
    // A new document without a suspect has nothing to be kept, and nothing that was.
    let held = if is_new && found.is_empty() { Vec::new() } else { quarantine::keep(w, id, found).await? };
    Ok(Ok(own.done(outcome, detail, (found, &held), how)))
}
