//! A log as a file, and its verification from the file, the public keys and what somebody kept of it earlier.
//!
//! One JSON object a line. The first names the log and where the file begins; then come the entries, each as its own
//! bytes, and behind the last entry that it covers each checkpoint; the last line counts both. Every byte counts: what
//! is written in another spelling is refused.

use std::{collections::BTreeMap, io::BufRead};

use serde::{Deserialize, Serialize};

use crate::{
    Checkpoint, Entry, Frontier, Hash, VerifyingKey, checkpoint::CheckpointError, entry::EntryError,
};

/// The form of exports that this version writes and reads.
const FORM: u32 = 1;
/// No line is longer.
const LONGEST_LINE: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Begin {
    contactiq_audit_log: u32,
    origin: String,
    from: u64,
    /// The roots of the complete subtrees before `from`.
    edge: Vec<Hash>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    checkpoint: String,
}

#[derive(Serialize, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct End {
    entries: u64,
    checkpoints: u64,
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

/// The first line of an export that begins with the entry after this edge.
#[must_use]
pub fn begin(origin: &str, edge: &Frontier) -> Vec<u8> {
    let (origin, edge_roots) = (origin.to_owned(), edge.roots().to_vec());
    line(&Begin { contactiq_audit_log: FORM, origin, from: edge.size(), edge: edge_roots })
}

/// The line of a checkpoint; also that of a file of anchors.
#[must_use]
pub fn checkpoint(note: &str) -> Vec<u8> {
    line(&Signed { checkpoint: note.to_owned() })
}

/// The last line.
#[must_use]
pub fn end(entries: u64, checkpoints: u64) -> Vec<u8> {
    line(&End { entries, checkpoints })
}

/// What is wrong, and where: the first fault in the order of the entries.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {what}")]
pub struct Fault {
    /// For instance `entry 17, line 19`.
    pub place: String,
    /// The entry at which it was found, where it was at one.
    pub entry: Option<u64>,
    /// What.
    #[source]
    pub what: What,
}

/// What can be wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum What {
    /// The file can't be read.
    #[error("the file can't be read: {0}")]
    Read(#[from] std::io::Error),
    /// A line is none of an export.
    #[error("the line is none of an export")]
    Line,
    /// The file ends too early, or something follows its last line.
    #[error("the file is cut, or something follows its last line")]
    Cut,
    /// An entry is not one.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// Another entry was to come: one is missing, comes twice, or in another order.
    #[error("an entry is missing, doubled or in another order: {found} stands where {expected} belongs")]
    Order {
        /// The one that belongs here.
        expected: u64,
        /// The one that is here.
        found: u64,
    },
    /// The time of an entry is before that of the one before it.
    #[error("its time is before that of the entry before it")]
    Time,
    /// A checkpoint is not accepted.
    #[error("the checkpoint is not accepted: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint is of another log.
    #[error("the checkpoint is of another log")]
    Origin,
    /// A checkpoint stands at another entry than the last that it covers.
    #[error("the checkpoint is of {size} entries")]
    Place {
        /// Its size.
        size: u64,
    },
    /// The entries have another root than a checkpoint says: one of them was changed since the checkpoint before.
    #[error("an entry between {after} and {size} is not the one that was signed: the root is another")]
    Root {
        /// Entries of the checkpoint before, which agrees.
        after: u64,
        /// Entries of this one.
        size: u64,
    },
    /// The entries have another root than a checkpoint that was kept elsewhere.
    #[error("the history is another than the one that was anchored at {size} entries")]
    Forked {
        /// Entries of the anchored checkpoint.
        size: u64,
    },
    /// There were more entries when an anchored checkpoint was made.
    #[error("the log ends here, and had {size} entries when a checkpoint was anchored")]
    Shortened {
        /// Entries of the anchored checkpoint.
        size: u64,
    },
    /// The last checkpoint is gone, and the entries that it covers are not.
    #[error("a checkpoint is missing: the one of {size} entries, which was the last")]
    CheckpointGone {
        /// Its size.
        size: u64,
    },
    /// No checkpoint covers the last entries.
    #[error("no checkpoint covers the last {entries} entries")]
    Unsigned {
        /// How many.
        entries: u64,
    },
    /// Two entries are of one event.
    #[error("its event is that of another entry too: what happened once stands in the log twice")]
    Doubled,
    /// The hashes that are kept beside the entries are not theirs.
    #[error("what is kept beside it is not its own: {0}")]
    Beside(&'static str),
}

/// A log that was found whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Whole {
    /// The name of the log.
    pub origin: String,
    /// The first entry that was looked at.
    pub from: u64,
    /// How many entries the log has.
    pub size: u64,
    /// The root of their tree.
    pub root: Hash,
    /// Checkpoints that agree.
    pub checkpoints: u64,
    /// Anchored checkpoints that agree.
    pub anchors: u64,
    /// Entries by their kind.
    pub kinds: BTreeMap<String, u64>,
    /// Times at which the clock was set back.
    pub clock_set_back: u64,
}

/// Follows a log entry by entry, and holds every checkpoint against what it saw.
pub struct Walk<'k> {
    keys: &'k [VerifyingKey],
    /// By size, those that are still to come.
    anchors: Vec<Checkpoint>,
    edge: Frontier,
    signed: u64,
    last_at: i64,
    whole: Whole,
}

impl<'k> Walk<'k> {
    /// Begins behind this edge. `anchors` are checkpoints whose signature was looked at, in any order; those of smaller
    /// trees than the edge's are passed over.
    #[must_use]
    pub fn new(origin: &str, edge: Frontier, keys: &'k [VerifyingKey], anchors: &[Checkpoint]) -> Walk<'k> {
        let mut anchors: Vec<Checkpoint> =
            anchors.iter().filter(|anchor| anchor.size >= edge.size()).cloned().collect();
        anchors.sort_by_key(|anchor| std::cmp::Reverse(anchor.size));
        let whole = Whole {
            origin: origin.to_owned(),
            from: edge.size(),
            size: edge.size(),
            root: edge.root(),
            checkpoints: 0,
            anchors: 0,
            kinds: BTreeMap::new(),
            clock_set_back: 0,
        };
        Walk { keys, anchors, signed: edge.size(), edge, last_at: i64::MIN, whole }
    }

    /// How many entries were seen, with those before the beginning.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// The next entry, by its bytes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn entry(&mut self, bytes: &[u8]) -> Result<Entry, What> {
        self.look_at_anchors()?;
        let entry = Entry::from_bytes(bytes)?;
        if entry.index != self.edge.size() {
            return Err(What::Order { expected: self.edge.size(), found: entry.index });
        }
        if entry.logged_at_us < self.last_at {
            return Err(What::Time);
        }
        self.last_at = entry.logged_at_us;
        self.edge.push(Hash::leaf(bytes));
        self.whole.clock_set_back += u64::from(entry.clock_back_us > 0);
        match self.whole.kinds.get_mut(&entry.kind) {
            Some(count) => *count += 1,
            None => drop(self.whole.kinds.insert(entry.kind.clone(), 1)),
        }
        Ok(entry)
    }

    /// A checkpoint, behind the last entry that it covers.
    ///
    /// # Errors
    /// What is wrong with it, or with the entries before it.
    pub fn checkpoint(&mut self, note: &str) -> Result<Checkpoint, What> {
        let checkpoint = Checkpoint::open(note, self.keys)?;
        if checkpoint.origin != self.whole.origin {
            return Err(What::Origin);
        }
        if checkpoint.size != self.edge.size() {
            return Err(What::Place { size: checkpoint.size });
        }
        if checkpoint.root != self.edge.root() {
            return Err(What::Root { after: self.signed, size: checkpoint.size });
        }
        self.look_at_anchors()?;
        self.signed = checkpoint.size;
        self.whole.checkpoints += 1;
        Ok(checkpoint)
    }

    /// Holds the anchors of this size against the tree.
    fn look_at_anchors(&mut self) -> Result<(), What> {
        while let Some(anchor) = self.anchors.pop_if(|anchor| anchor.size == self.edge.size()) {
            if anchor.origin != self.whole.origin || anchor.root != self.edge.root() {
                return Err(What::Forked { size: anchor.size });
            }
            self.whole.anchors += 1;
        }
        Ok(())
    }

    /// The end of the log: every anchor was found, and a checkpoint covers the last entry.
    ///
    /// # Errors
    /// What is missing.
    pub fn end(mut self) -> Result<Whole, What> {
        self.look_at_anchors()?;
        if let Some(anchor) = self.anchors.pop() {
            return Err(What::Shortened { size: anchor.size });
        }
        if self.signed < self.edge.size() {
            return Err(What::Unsigned { entries: self.edge.size() - self.signed });
        }
        (self.whole.size, self.whole.root) = (self.edge.size(), self.edge.root());
        Ok(self.whole)
    }

    /// The same where entries may follow the last checkpoint: of a log that is being written.
    ///
    /// # Errors
    /// What is missing.
    pub fn with_unsigned_end(mut self) -> Result<Whole, What> {
        self.signed = self.edge.size();
        self.end()
    }
}

/// Verifies an export: every entry, their order, every checkpoint, and that the history is the one that `anchors`, kept
/// somewhere else, were made of.
///
/// # Errors
/// The first fault.
pub fn verify(
    file: &mut impl BufRead,
    keys: &[VerifyingKey],
    anchors: &[Checkpoint],
) -> Result<Whole, Fault> {
    let (mut number, mut bytes) = (0_u64, Vec::new());
    let at_line = |number: u64, what: What| Fault { place: format!("line {number}"), entry: None, what };
    let mut next = |number: &mut u64, bytes: &mut Vec<u8>| -> Result<bool, Fault> {
        *number += 1;
        read_line(file, bytes).map_err(|what| at_line(*number, what))
    };
    if !next(&mut number, &mut bytes)? {
        return Err(at_line(number, What::Cut));
    }
    let begins: Begin = exact(&bytes).ok_or_else(|| at_line(number, What::Line))?;
    let edge = Frontier::new(begins.from, begins.edge).filter(|_| begins.contactiq_audit_log == FORM);
    let edge = edge.ok_or_else(|| at_line(number, What::Line))?;
    let (from, mut checkpoints) = (edge.size(), 0);
    let mut walk = Walk::new(&begins.origin, edge, keys, anchors);
    loop {
        if !next(&mut number, &mut bytes)? {
            return Err(at_line(number, What::Cut));
        }
        let (here, line) = (walk.size(), number);
        let at = |what: What, entry: u64| Fault {
            place: format!("entry {entry}, line {line}"),
            entry: Some(entry),
            what,
        };
        if bytes.starts_with(b"{\"v\":") {
            walk.entry(&bytes).map_err(|what| at(what, here))?;
        } else if let Some(signed) = exact::<Signed>(&bytes) {
            walk.checkpoint(&signed.checkpoint).map_err(|what| at(what, here.saturating_sub(1)))?;
            checkpoints += 1;
        } else {
            let end: End = exact(&bytes).ok_or_else(|| at(What::Line, here))?;
            if end != (End { entries: here - from, checkpoints }) || next(&mut number, &mut bytes)? {
                return Err(at_line(number, What::Cut));
            }
            return walk.end().map_err(|what| at(what, here.saturating_sub(1)));
        }
    }
}

/// The checkpoints of a file of anchors, one a line as in an export, that these keys signed. Lines that are no
/// checkpoint are passed over, so that an export can be one too.
///
/// # Errors
/// A checkpoint that is not accepted, or a file that can't be read or has none.
pub fn anchors(file: &mut impl BufRead, keys: &[VerifyingKey]) -> Result<Vec<Checkpoint>, Fault> {
    let (mut number, mut bytes, mut found) = (0_u64, Vec::new(), Vec::new());
    let at = |number: u64, what: What| Fault { place: format!("anchors, line {number}"), entry: None, what };
    loop {
        number += 1;
        if !read_line(file, &mut bytes).map_err(|what| at(number, what))? {
            break;
        }
        if let Some(signed) = exact::<Signed>(&bytes) {
            let opened = Checkpoint::open(&signed.checkpoint, keys);
            found.push(opened.map_err(|error| at(number, error.into()))?);
        }
    }
    if found.is_empty() { Err(at(number, What::Line)) } else { Ok(found) }
}

/// Reads a line without its end; none at the end of the file. A line without an end is cut.
fn read_line(file: &mut impl BufRead, bytes: &mut Vec<u8>) -> Result<bool, What> {
    bytes.clear();
    let read = std::io::Read::take(&mut *file, LONGEST_LINE).read_until(b'\n', bytes)?;
    if read > 0 && bytes.pop() != Some(b'\n') {
        return Err(What::Cut);
    }
    Ok(read > 0)
}

/// A line of this shape in its one spelling.
fn exact<T: Serialize + for<'de> Deserialize<'de>>(bytes: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(bytes).ok()?;
    (serde_json::to_vec(&value).ok()? == bytes).then_some(value)
}
