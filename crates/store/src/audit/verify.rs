//! Verification inside the database: every column of every row of the log, and the records that entries commit to.

use std::collections::{HashMap, HashSet, VecDeque};

use contactiq_auditlog::{
    Checkpoint, Entry, Frontier, Hash, VerifyingKey,
    export::{Walk, What, Whole},
    tiles::{self, Tail, Tile},
};
use contactiq_domain::{Outcome, Timestamp, ids::InteractionId};

use super::{
    Apart, AuditKind, AuditLog, Letter,
    counts::{self, Counts},
    feed, interaction,
    log::tail_at,
    read,
    sequencer::LAST,
    stands, takeover,
    told::Told,
    unlogged,
};
use contactiq_guard::seal::{ERASED, SealError, key_of};

use crate::{
    Connection, Reader, Store, StoreError, data_keys, interactions, meta, privacy::proofs, value::values,
};

/// Entries that are read together.
const TOGETHER: u64 = 2_000;
/// Checkpoints that are read together.
const MARKS: u32 = 1_000;
/// So many of what was put aside are named.
const LETTERS: u32 = 100;

/// Why a log is not verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditFault {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first fault in the order of the entries.
    #[error("{}{what}", entry.map(|entry| format!("entry {entry}: ")).unwrap_or_default())]
    Found {
        /// Where.
        entry: Option<u64>,
        /// What.
        what: What,
    },
    /// A record is another than its entry commits to.
    #[error(
        "interaction {0}: its record is not the one that its entry commits to, or its salt is gone and it is not"
    )]
    Record(InteractionId),
    /// No entry speaks of a record.
    #[error("interaction {0}: no entry of the log speaks of its record")]
    Unlogged(InteractionId),
    /// The log is whole, and records are gone for which nothing in it accounts, or tables say something else than it.
    #[error("{}", in_words(.0))]
    Apart(Box<Verified>),
}

/// So many are named in one line; who wants all has the lists.
const NAMED: usize = 20;

fn in_words(found: &Verified) -> String {
    let gone = found.unaccounted.iter().map(|id| {
        format!("interaction {id}: its record is gone or says nothing any more, and no erasure and no purge accounts for it")
    });
    let all: Vec<String> = gone.chain(found.apart.iter().map(Apart::to_string)).collect();
    let mut said = all[..all.len().min(NAMED)].join("; ");
    if all.len() > NAMED {
        said.push_str(&format!("; and {} more", all.len() - NAMED));
    }
    said
}

/// A log that was found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The log.
    pub log: Whole,
    /// Entries behind the last checkpoint, whose order and form were looked at.
    pub unsigned: u64,
    /// Records that are the ones that were committed to.
    pub records: u64,
    /// Entries whose record was erased, or is being erased.
    pub closed: u64,
    /// Records that ended before the log began.
    pub earlier: u64,
    /// Interactions whose record is closed, and for which an erasure, a purge or a clearing of the log accounts.
    pub accounted: u64,
    /// Closed ones of a log that does not tell which records were closed: no server of this version has started.
    pub untold: u64,
    /// Closed ones for which nothing accounts: somebody took them out by another way.
    pub unaccounted: Vec<InteractionId>,
    /// What stands otherwise than the log tells.
    pub apart: Vec<Apart>,
    /// What was to become an entry and is no event: it is kept aside, and no entry tells what it was.
    pub letters: Vec<Letter>,
}

fn found(entry: impl Into<Option<u64>>, what: impl Into<What>) -> AuditFault {
    AuditFault::Found { entry: entry.into(), what: what.into() }
}

impl AuditLog {
    /// Verifies the whole log: every entry, the columns beside it, tiles, checkpoints, signatures, and that it is not
    /// shorter than the store remembers. `anchors` are checkpoints that were kept elsewhere. With `records` also every
    /// record that an entry commits to, that there is no record of which no entry speaks, that the log accounts for each
    /// that is gone, and that holds, tickets and receipts stand as it tells; that takes longer.
    ///
    /// # Errors
    /// The first fault of the log and its records; [`AuditFault::Apart`] with all that is gone or stands otherwise.
    pub async fn verify(
        &self,
        store: &Store,
        (origin, keys): (&str, &[VerifyingKey]),
        anchors: &[Checkpoint],
        records: bool,
    ) -> Result<Verified, AuditFault> {
        let store = store.at_work();
        let (mut anchors, mut remembered_size) = (anchors.to_vec(), 0);
        let mut c = store.read().await?;
        if let Some(note) = meta::get_meta(&mut c, LAST).await? {
            let remembered = Checkpoint::open(&note, keys).map_err(|error| found(None, error))?;
            remembered_size = remembered.size;
            anchors.push(remembered);
        }
        let mut counting = Counting::of(&mut c).await?;
        let letters = feed::letters(&mut c, LETTERS).await?;
        drop(c);
        // One moment: what is appended meanwhile is not looked at.
        let mut reader = self.read().await?;
        let size = read::size(&mut reader).await?;
        let mut walk = Walk::new(origin, Frontier::default(), keys, &anchors);
        let (mut tail, mut tiles, mut signed) = (Tail::default(), 0_u64, 0_u64);
        let (mut marks, mut marked) = (VecDeque::new(), 0_u64);
        let covered = read::size_of_checkpoints(&mut reader).await?;
        if covered > size {
            return Err(found(size, What::Shortened { size: covered }));
        }
        // Entries can't tell of it: they are all there, and only wait for a checkpoint, as it seems.
        if covered < remembered_size && remembered_size <= size {
            return Err(found(None, What::CheckpointGone { size: remembered_size }));
        }
        let mut counted = Counted::default();
        let mut records = if records { Some(store.read().await?) } else { None };
        let mut told = records.as_ref().map(|c| Told::new(c));
        for first in (0..size).step_by(TOGETHER as usize) {
            let end = size.min(first + TOGETHER);
            let rows = read::entries(&mut reader, first, end).await?;
            for (row, index) in rows.iter().zip(first..) {
                if row.index != index {
                    return Err(found(index, What::Order { expected: index, found: row.index }));
                }
                let entry = walk.entry(&row.leaf).map_err(|what| found(index, what))?;
                let beside = row.event == entry.event
                    && row.kind == entry.kind
                    && row.logged_at.micros() == entry.logged_at_us;
                if !beside {
                    return Err(found(index, What::Beside("a column of the table")));
                }
                counting.counts.add(&entry.kind, &entry.event, &counting.takeover);
                for tile in tail.push(Hash::leaf(&row.leaf)) {
                    tiles += 1;
                    let kept = read::tile(&mut reader, tile.place).await?;
                    if kept.as_deref() != Some(&tile.to_bytes()) {
                        let at = other_entry(&tile, kept.as_deref()).unwrap_or(index);
                        return Err(found(at, What::Beside("a tile of hashes")));
                    }
                }
                counting.look(&tail);
                if marks.is_empty() && marked <= index {
                    marks.extend(read::checkpoints(&mut reader, marked, MARKS).await?);
                    // None are left: nobody asks again.
                    marked = marks.back().map_or(u64::MAX, |(covered, _): &(u64, String)| *covered);
                }
                if let Some((covered, note)) = marks.pop_front_if(|(covered, _)| *covered == index + 1) {
                    walk.checkpoint(&note).map_err(|what| found(index, what))?;
                    signed = covered;
                }
                if let Some(c) = &mut records {
                    counted.began.get_or_insert(row.logged_at);
                    counted.look(c, &entry).await?;
                    if let Some(told) = &mut told {
                        told.hear(c, (&entry.event, &entry.kind, entry.at_us), &entry.fields);
                    }
                }
            }
            let seen = first + rows.len() as u64;
            if seen < end {
                return Err(found(seen, What::Order { expected: seen, found: size - 1 }));
            }
        }
        if let Some((covered, _)) = marks.pop_front() {
            return Err(found(None, What::Place { size: covered }));
        }
        // The columns are those of the leaves, as was seen.
        if let Some(index) = read::doubled(&mut reader).await? {
            return Err(found(index, What::Doubled));
        }
        if read::count_tiles(&mut reader).await? != tiles {
            return Err(found(None, What::Beside("a tile that no entry made")));
        }
        let noted = read::count_checkpoints(&mut reader).await?;
        drop(reader);
        let unsigned = size - signed;
        let log = if unsigned > 0 {
            walk.with_unsigned_end().map_err(|what| found(None, what))?
        } else {
            walk.end().map_err(|what| found(None, what))?
        };
        counting.end(size)?;
        if noted != log.checkpoints {
            return Err(found(None, What::Beside("a checkpoint of no entries")));
        }
        let mut verified = Verified {
            log,
            unsigned,
            records: counted.records,
            closed: counted.closed,
            earlier: 0,
            accounted: 0,
            untold: 0,
            unaccounted: Vec::new(),
            apart: Vec::new(),
            letters,
        };
        if let (Some(mut c), Some(mut told)) = (records, told) {
            counted.end(&mut c).await?;
            drop(c);
            if let Some(began) = counted.began {
                let beside = unlogged::look(self, &store, &counted.known, (size, began)).await?;
                if let Some(id) = beside.unlogged {
                    return Err(AuditFault::Unlogged(id));
                }
                verified.earlier = beside.earlier;
                // Behind the look at the rows: what closed one of them meanwhile is heard.
                verified.apart = stands::look(self, &store, &mut told, size).await?;
                if let Some(id) = counted.taken_back.iter().find(|id| !told.is_withdrawn(**id)) {
                    return Err(AuditFault::Record(*id));
                }
                counted.account(&*store.read().await?, &beside.standing, &told, &mut verified);
            }
            if !verified.unaccounted.is_empty() || !verified.apart.is_empty() {
                return Err(AuditFault::Apart(Box::new(verified)));
            }
        }
        Ok(verified)
    }

    /// Verifies the end of the log alone, in an instant: that its last checkpoint is signed and agrees with what is
    /// kept, and that the entries behind it are in order. How many the log has, and the last checkpoint.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn verify_tail(&self, keys: &[VerifyingKey]) -> Result<(u64, Option<Checkpoint>), AuditFault> {
        let mut reader = self.read().await?;
        let size = read::size(&mut reader).await?;
        let Some((covered, note)) = read::last_checkpoint(&mut reader).await? else {
            return Ok((size, None));
        };
        let last = Checkpoint::open(&note, keys).map_err(|error| found(None, error))?;
        if last.size != covered {
            return Err(found(None, What::Place { size: last.size }));
        }
        if last.size > size {
            return Err(found(size, What::Shortened { size: last.size }));
        }
        let tail = tail_at(&mut reader, last.size).await?;
        if tail.root() != last.root {
            return Err(found(None, What::Root { after: 0, size: last.size }));
        }
        let mut walk = Walk::new(&last.origin, tail.frontier(), keys, &[]);
        let first = size.saturating_sub(TOGETHER).max(last.size);
        if first == last.size {
            for row in read::entries(&mut reader, first, size).await? {
                walk.entry(&row.leaf).map_err(|what| found(row.index, what))?;
            }
        }
        Ok((size, Some(last)))
    }
}

/// The house's counts, held against the entries.
struct Counting {
    takeover: String,
    counts: Counts,
    /// What the house counted, that of the smallest log last.
    rows: Vec<counts::Counted>,
    /// The last entry of the first row that does not agree. Tiles and checkpoints say more exactly what is wrong.
    wrong: Option<u64>,
}

impl Counting {
    async fn of(c: &mut Connection) -> Result<Counting, AuditFault> {
        let (rows, others) = counts::standing(c).await?;
        if others > 0 {
            return Err(found(None, What::Beside("a row of audit_counts that this house did not write")));
        }
        let takeover = takeover::event_id(c).to_string();
        Ok(Counting { takeover, counts: Counts::default(), rows, wrong: None })
    }

    /// Holds a row of this size against what was read.
    fn look(&mut self, tail: &Tail) {
        if let Some(row) = self.rows.pop_if(|row| row.size == tail.size())
            && (row.root != tail.root() || row.counts != self.counts)
        {
            self.wrong.get_or_insert(row.size - 1);
        }
    }

    fn end(&self, size: u64) -> Result<(), AuditFault> {
        if let Some(entry) = self.wrong {
            return Err(found(entry, What::Beside("a row of audit_counts")));
        }
        match self.rows.first() {
            Some(row) => Err(found(size, What::Shortened { size: row.size })),
            None => Ok(()),
        }
    }
}

/// Records and the entries that commit to them.
#[derive(Default)]
struct Counted {
    records: u64,
    closed: u64,
    /// Interactions whose record no entry opens, though it may stand in its table.
    unopened: HashSet<InteractionId>,
    opened: HashSet<InteractionId>,
    /// Interactions whose erasure has begun and has not come to their record.
    under_way: HashSet<InteractionId>,
    /// Interactions whose record is the one that was committed to, but that it says that nobody was shown it.
    taken_back: HashSet<InteractionId>,
    /// Interactions of which an entry speaks, and whether it is one that ends them.
    known: HashMap<InteractionId, bool>,
    /// When the first entry was logged.
    began: Option<Timestamp>,
}

impl Counted {
    /// Holds the record of an interaction's entry against it.
    async fn look(&mut self, c: &mut Reader, entry: &Entry) -> Result<(), AuditFault> {
        let Some(id) = unlogged::of(&entry.fields) else { return Ok(()) };
        *self.known.entry(id).or_default() |= entry.kind == AuditKind::Interaction.as_str();
        let Some(commitment) = entry.commitment else { return Ok(()) };
        match interaction::salt(c, id, &entry.event).await? {
            None => {
                self.closed += 1;
                self.unopened.insert(id);
            }
            Some(salt) => {
                let fits = match fits(c, id, &salt, entry, commitment).await {
                    // What does not open is not what was committed to, and keeps nobody from looking at the others.
                    Err(StoreError::Sealed(SealError::Malformed | SealError::NotAuthentic)) => Fits::Not,
                    fits => fits?,
                };
                if fits != Fits::Not {
                    self.records += 1;
                    self.opened.insert(id);
                    if fits == Fits::Withdrawn {
                        self.taken_back.insert(id);
                    }
                } else {
                    // Its salt is there, so nobody took it away as one takes records away.
                    if !stands(c, id).await? {
                        return Err(AuditFault::Record(id));
                    }
                    if is_being_erased(c, id).await? {
                        self.closed += 1;
                        self.under_way.insert(id);
                    } else {
                        self.unopened.insert(id);
                    }
                }
            }
        }
        Ok(())
    }

    /// A record that stands must be one that an entry opens, or one without texts.
    async fn end(&mut self, c: &mut Reader) -> Result<(), AuditFault> {
        for id in self.unopened.difference(&self.opened) {
            let stands = c
                .row(
                    "SELECT id FROM interactions WHERE id = $1 AND completed_at IS NOT NULL
                         AND NOT (anonymised_at IS NOT NULL AND question = $2 AND (answer IS NULL OR answer = $2))",
                    values![*id, ERASED.to_vec()],
                )
                .await?
                .is_some();
            if stands {
                return Err(AuditFault::Record(*id));
            }
        }
        Ok(())
    }

    /// Whether the log accounts for each record that is closed, and for each row that is gone.
    fn account(
        &self,
        c: &Connection,
        standing: &HashSet<InteractionId>,
        told: &Told,
        verified: &mut Verified,
    ) {
        let closed = self.unopened.difference(&self.opened);
        let gone = self.known.iter().filter(|(id, ends)| **ends && !standing.contains(*id)).map(|(id, _)| id);
        let all: HashSet<InteractionId> = closed.chain(gone).copied().collect();
        verified.accounted =
            self.under_way.difference(&self.opened).filter(|id| !all.contains(*id)).count() as u64;
        for id in all {
            if told.is_closed(c, id) {
                verified.accounted += 1;
            } else if told.is_taken_over() {
                verified.unaccounted.push(id);
            } else {
                verified.untold += 1;
            }
        }
        verified.unaccounted.sort_unstable();
    }
}

/// Whether there is such a record, whether it opens or not.
async fn stands(c: &mut Connection, id: InteractionId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM interactions WHERE id = $1 AND completed_at IS NOT NULL";
    Ok(c.row(sql, values![id]).await?.is_some())
}

/// The entry whose hash in its tile is another than that of its bytes: one of the two was changed.
fn other_entry(tile: &Tile, kept: Option<&[u8]>) -> Option<u64> {
    let kept = tiles::from_bytes(kept?)?;
    let at = tile.hashes.iter().zip(&kept).position(|(own, kept)| own != kept)?;
    (tile.place.level == 0).then(|| tile.place.index * tiles::FULL as u64 + at as u64)
}

/// Whether an erasure of its person has begun and not come to this record: the key is destroyed, so that its texts read as
/// erased and can't be what was committed to, and the salt goes with them in a moment. A mark that no erasure made is none.
pub(super) async fn is_being_erased(c: &mut Connection, id: InteractionId) -> Result<bool, StoreError> {
    let sql = "SELECT conversations.id, conversations.erasure, interactions.question FROM interactions
         JOIN conversations ON conversations.id = interactions.conversation
         WHERE interactions.id = $1 AND conversations.erased_at IS NOT NULL AND conversations.data_key IS NULL";
    let Some(row) = c.row(sql, values![id]).await? else { return Ok(false) };
    let erasure = row.text_or_none("erasure")?;
    if !proofs::is_of_conversation(c, &row.text("id")?, erasure.as_deref()) {
        return Ok(false);
    }
    // An erasure destroys the key first: texts whose key is there are nobody's who was erased.
    match row.bytes("question").ok().and_then(|sealed| key_of(&sealed)) {
        Some(key) => Ok(data_keys::living(c, &[key]).await?.is_empty()),
        None => Ok(true),
    }
}

/// How a record is beside what was committed to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fits {
    /// It is that.
    Whole,
    /// It is that, but that it was taken back: nobody was shown it.
    Withdrawn,
    /// It is another one, or there is none.
    Not,
}

async fn fits(
    c: &mut Connection,
    id: InteractionId,
    salt: &[u8; 32],
    entry: &Entry,
    commitment: Hash,
) -> Result<Fits, StoreError> {
    let Some(mut record) = interactions::get(c, id).await? else { return Ok(Fits::Not) };
    if Hash::commitment(salt, interaction::to_text(&record)?.as_bytes()) == commitment {
        return Ok(Fits::Whole);
    }
    let was = entry.fields.get("outcome").and_then(|outcome| outcome.parse().ok());
    if let (Outcome::Interrupted, Some(was)) = (record.outcome, was) {
        record.outcome = was;
        if Hash::commitment(salt, interaction::to_text(&record)?.as_bytes()) == commitment {
            return Ok(Fits::Withdrawn);
        }
    }
    Ok(Fits::Not)
}

/// The bytes of a full tile as they are kept.
pub(super) async fn known_tile(
    c: &mut Connection,
    place: tiles::Place,
) -> Result<Option<Vec<Hash>>, StoreError> {
    Ok(read::tile(c, place).await?.and_then(|bytes| tiles::from_bytes(&bytes)))
}
