//! Versions of the whole knowledge: one for each transaction that changes documents, or which of their
//! passages may be found (P13).
//!
//! A version notes what it changed, so that the documents of any of them can be read and made current
//! again. Nothing is copied and nothing is lost: documents and passages of every version stay.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contactiq_domain::{Collection, Document, Passage, Timestamp, ids::DocumentId};
use contactiq_guard::Published;

use crate::{
    Connection, StoreError, Writer, audit, documents,
    documents::{Contents, one_writer_at_a_time, passage, select_titles, titles},
    row::Row,
    value::values,
};

contactiq_domain::words! {
    /// What became of a document in a version.
    ChangeKind as "kind" {
        /// It was not there before.
        Added => "added",
        /// Another text or other front matter.
        Changed => "changed",
        /// It is there no more.
        Removed => "removed",
    }
}

/// Who changes the knowledge, when, by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// When.
    pub at: Timestamp,
    /// Who, as the access log names them.
    pub by: String,
    /// The command or route.
    pub command: String,
}

/// What a transaction knows of the version that it makes.
#[derive(Debug, Default)]
pub(crate) struct Making {
    signature: Option<Signature>,
    /// Its number, once something changed.
    number: Option<i64>,
}

/// A document in a version.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    /// Its collection.
    pub collection: Collection,
    /// Its name.
    pub slug: String,
    /// What became of it.
    pub kind: ChangeKind,
}

/// A version of the knowledge.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Version {
    /// For instance `k17`.
    pub version: String,
    /// When it was made; none where that was not told.
    pub made_at: Option<Timestamp>,
    /// Who made it; may be empty.
    pub made_by: String,
    /// By what; may be empty.
    pub command: String,
    /// What it changed, by collection and slug.
    pub changes: Vec<Change>,
}

/// Says who makes the version of this transaction, if it makes one.
pub fn sign(w: &mut Writer, signature: Signature) {
    w.making.signature = Some(signature);
}

/// The versions, newest first: the latest `most`, or all.
///
/// # Errors
/// When the database fails.
pub async fn list(c: &mut Connection, most: Option<u32>) -> Result<Vec<Version>, StoreError> {
    let rows = c
        .rows(
            "SELECT * FROM knowledge_versions ORDER BY number DESC LIMIT $1",
            values![most.map_or(i64::MAX, i64::from)],
        )
        .await?;
    let first = rows.last().map(|row| row.int("number")).transpose()?.unwrap_or(0);
    let mut changes: HashMap<i64, Vec<Change>> = HashMap::new();
    let changed = c
        .rows(
            "SELECT * FROM knowledge_changes WHERE version >= $1 ORDER BY version, collection, slug",
            values![first],
        )
        .await?;
    for row in &changed {
        changes.entry(row.int("version")?).or_default().push(Change {
            collection: row.parsed("collection")?,
            slug: row.text("slug")?,
            kind: row.parsed("kind")?,
        });
    }
    rows.iter()
        .map(|row| {
            let number = row.int("number")?;
            Ok(Version {
                version: name(number),
                made_at: row.moment_or_none("made_at")?,
                made_by: row.text("made_by")?,
                command: row.text("command")?,
                changes: changes.remove(&number).unwrap_or_default(),
            })
        })
        .collect()
}

/// Every document of a version with its passages and without its text, by collection and slug. Passages in
/// quarantine are left out, whichever version they are of, and documents that were erased since.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such version, or when the database fails.
pub async fn documents(
    c: &mut Connection,
    version: &str,
) -> Result<Vec<(Document<()>, Vec<Passage<Published>>)>, StoreError> {
    let number = known(c, version).await?;
    let documents = c
        .rows(
            select_titles!(
                "FROM documents JOIN knowledge_changes c ON c.document = documents.id
             WHERE documents.erased_at IS NULL AND c.version = (SELECT MAX(l.version) FROM knowledge_changes l
                 WHERE l.collection = c.collection AND l.slug = c.slug AND l.version <= $1)
             ORDER BY documents.collection, documents.slug"
            ),
            values![number],
        )
        .await?;
    let documents: Vec<Document<()>> = documents.iter().map(titles).collect::<Result<_, _>>()?;
    let mut contents = Contents::default();
    let rows = c
        .rows(
            "SELECT passages.* FROM passages JOIN knowledge_changes c ON c.document = passages.document
             WHERE c.version = (SELECT MAX(l.version) FROM knowledge_changes l
                 WHERE l.collection = c.collection AND l.slug = c.slug AND l.version <= $1)
                 AND NOT EXISTS (
                     SELECT 1 FROM held_passages AS held WHERE held.document = passages.document
                         AND held.position = passages.position)
             ORDER BY passages.document, passages.position",
            values![number],
        )
        .await?;
    for row in &rows {
        contents.entry(row.parsed("document")?).or_default().push(passage(row)?);
    }
    Ok(documents
        .into_iter()
        .map(|document| {
            let passages = contents.remove(&document.id).unwrap_or_default();
            (document, passages)
        })
        .collect())
}

/// What a restore does to one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The document and what becomes of it.
    pub change: Change,
    /// The version of it that comes back; none where it goes.
    pub document: Option<DocumentId>,
}

/// A document of an earlier version, or of now.
struct Place {
    id: DocumentId,
    erased: bool,
}

/// What making a version current again would change, by collection and slug: nothing is written. With
/// `leave_erased` documents that were erased since are not asked for.
///
/// # Errors
/// [`StoreError::NotFound`] when there is no such version, [`StoreError::Erased`] when it has documents that
/// were erased, or when the database fails.
pub async fn plan(c: &mut Connection, version: &str, leave_erased: bool) -> Result<Vec<Step>, StoreError> {
    let number = known(c, version).await?;
    let wanted = c
        .rows(
            "SELECT c.collection, c.slug, c.document, d.erased_at IS NOT NULL AS erased
             FROM knowledge_changes c JOIN documents d ON d.id = c.document
             WHERE c.version = (SELECT MAX(l.version) FROM knowledge_changes l
                 WHERE l.collection = c.collection AND l.slug = c.slug AND l.version <= $1)",
            values![number],
        )
        .await?;
    let current = c
        .rows(
            "SELECT collection, slug, id AS document, FALSE AS erased FROM documents WHERE is_current",
            values![],
        )
        .await?;
    let (mut wanted, current) = (places(&wanted)?, places(&current)?);
    let erased = wanted.iter().filter(|(_, place)| place.erased);
    let erased: Vec<String> = erased.map(|((collection, slug), _)| format!("{collection}/{slug}")).collect();
    if !erased.is_empty() && !leave_erased {
        return Err(StoreError::Erased { documents: erased.join(", ") });
    }
    // What was erased stays as it is, also where a new document has its name now.
    let left: BTreeSet<_> = wanted.iter().filter(|(_, p)| p.erased).map(|(name, _)| name.clone()).collect();
    wanted.retain(|_, place| !place.erased);
    let comes = wanted.iter().filter_map(|(name, place)| match current.get(name) {
        Some(now) if now.id == place.id => None,
        Some(_) => Some((name, ChangeKind::Changed, Some(place.id))),
        None => Some((name, ChangeKind::Added, Some(place.id))),
    });
    let goes = current.keys().filter(|name| !wanted.contains_key(*name) && !left.contains(*name));
    comes
        .chain(goes.map(|name| (name, ChangeKind::Removed, None)))
        .map(|((collection, slug), kind, document)| {
            let collection = collection.parse().map_err(|_| StoreError::Corrupt { what: "collection" })?;
            Ok(Step { change: Change { collection, slug: slug.clone(), kind }, document })
        })
        .collect()
}

/// By collection and slug.
fn places(rows: &[Row]) -> Result<BTreeMap<(String, String), Place>, StoreError> {
    let place = |row: &Row| {
        let place = Place { id: row.parsed("document")?, erased: row.bool("erased")? };
        Ok(((row.text("collection")?, row.text("slug")?), place))
    };
    rows.iter().map(place).collect()
}

/// Makes the documents of a version current again, as a new version; what that changed. The same content is
/// the same document: it comes back under its own id. With `leave_erased` without those that were erased.
///
/// # Errors
/// Those of [`plan`].
pub async fn restore(w: &mut Writer, version: &str, leave_erased: bool) -> Result<Vec<Change>, StoreError> {
    one_writer_at_a_time(w).await?;
    let steps = plan(w, version, leave_erased).await?;
    // Two documents may have changed their names with each other: first all go, then all come.
    for Step { change, .. } in steps.iter().filter(|step| step.change.kind != ChangeKind::Added) {
        w.execute(
            "UPDATE documents SET is_current = FALSE WHERE is_current AND collection = $1 AND slug = $2",
            values![change.collection, &change.slug],
        )
        .await?;
    }
    let mut changes = Vec::with_capacity(steps.len());
    for Step { change, document } in steps {
        if let Some(id) = document {
            w.execute("UPDATE documents SET is_current = TRUE WHERE id = $1", values![id]).await?;
        }
        note(w, change.collection, &change.slug, change.kind, document).await?;
        changes.push(change);
    }
    Ok(changes)
}

/// The same while the knowledge is still of the version that was `judged`, which a transaction of its own can't
/// know beforehand. None where somebody changed it meanwhile: plan anew.
///
/// # Errors
/// Those of [`plan`].
pub async fn restore_judged(
    w: &mut Writer,
    version: &str,
    leave_erased: bool,
    judged: &str,
) -> Result<Option<Vec<Change>>, StoreError> {
    one_writer_at_a_time(w).await?;
    if documents::version(w).await? != judged {
        return Ok(None);
    }
    restore(w, version, leave_erased).await.map(Some)
}

/// Notes a change in the version of this transaction, which begins with the first of them.
pub(crate) async fn note(
    w: &mut Writer,
    collection: Collection,
    slug: &str,
    kind: ChangeKind,
    document: Option<DocumentId>,
) -> Result<(), StoreError> {
    let number = touch(w).await?;
    w.execute(
        "INSERT INTO knowledge_changes (version, collection, slug, kind, document) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (version, collection, slug) DO UPDATE SET kind = excluded.kind, document = excluded.document",
        values![number, collection, slug, kind, document],
    )
    .await?;
    Ok(())
}

/// The number of this transaction's version, which begins with the first call. What is no change of a
/// document but of what may be found, a ruling or a quarantine, makes a version too: whoever serves the
/// knowledge loads it anew.
pub(crate) async fn touch(w: &mut Writer) -> Result<i64, StoreError> {
    if let Some(number) = w.making.number {
        return Ok(number);
    }
    let row = w
        .row("UPDATE counters SET value = value + 1 WHERE name = 'knowledge' RETURNING value", values![])
        .await?;
    let number = row.ok_or(StoreError::Corrupt { what: "knowledge version" })?.int("value")?;
    let signature = w.making.signature.clone();
    let (by, command) =
        signature.as_ref().map_or((String::new(), String::new()), |s| (s.by.clone(), s.command.clone()));
    let at = signature.as_ref().map_or(Timestamp::from_micros(0), |s| s.at);
    let actor = (!by.is_empty()).then(|| w.sealer().pseudonym(&by));
    let event = audit::Event::new(
        audit::fresh_id(w),
        at,
        audit::AuditKind::Knowledge,
        &[("version", Some(name(number))), ("actor", actor), ("route", Some(command.clone()))],
    );
    audit::note(w, &event).await?;
    w.execute(
        "INSERT INTO knowledge_versions (number, made_at, made_by, command) VALUES ($1, $2, $3, $4)",
        values![number, signature.map(|s| s.at), by, command],
    )
    .await?;
    w.making.number = Some(number);
    Ok(number)
}

/// The name of a version.
pub(crate) fn name(number: i64) -> String {
    format!("k{number}")
}

async fn known(c: &mut Connection, version: &str) -> Result<i64, StoreError> {
    let missing = || StoreError::NotFound { what: "version of the knowledge" };
    let number: i64 = version.strip_prefix('k').and_then(|n| n.parse().ok()).ok_or_else(missing)?;
    let row = c.row("SELECT number FROM knowledge_versions WHERE number = $1", values![number]).await?;
    row.ok_or_else(missing).map(|_| number)
}
