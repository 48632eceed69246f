//! Reading all entries of a kind, with nobody believed but the house: the columns by which entries are found can be changed
//! by whoever can write to the database. So each that is found is held against its leaf and the tree, and their number
//! against what the house counted ([`Counted`]); what is behind that is read whole from its leaves. A difference is an
//! error, and nothing is done on the word of such a log.

use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};

use contactiq_auditlog::{Checkpoint, Entry, Hash, tiles::Tail};

use super::{
    AuditKind, AuditLog,
    counts::{self, Counted, Counts},
    feed,
    log::tail_at,
    read::{self, Logged},
    sequencer::LAST,
    takeover,
    tree::Tree,
};
use crate::{Connection, Reader, Store, StoreError, keyring, meta, value::values};

/// Entries that are read together.
const TOGETHER: u64 = 2_000;

/// What is not as it was left, and at which entry.
pub(super) fn changed(what: &'static str, entry: impl Into<Option<u64>>) -> StoreError {
    StoreError::AuditChanged { what, entry: entry.into() }
}

/// What can't be read is not what was written.
fn unread(error: StoreError) -> StoreError {
    match error {
        StoreError::Corrupt { .. } => changed("a row is not what was written there", None),
        other => other,
    }
}

/// How far somebody has heard the entries of a kind.
#[derive(Debug, Default)]
pub struct Heard(Option<Counted>);

/// The log at one moment, with what is known of it.
pub(super) struct Counting {
    reader: Reader,
    pub(super) size: u64,
    /// Its last checkpoint, whose signature was looked at.
    pub(super) signed: Option<Checkpoint>,
    /// How far its entries are counted; what the house counted before, until [`Counting::walk`].
    pub(super) counted: Counted,
    pub(super) tail: Tail,
    /// Whether the house's counts were found, or it has signed nothing yet: a checkpoint is remembered together with them.
    pub(super) was_counted: bool,
    takeover: String,
    /// Whether the take-over was done and its entry waits no more.
    must_be_taken_over: bool,
    /// Where it is remembered in this process how far the log was counted.
    known: Arc<Mutex<Option<Counted>>>,
}

impl AuditLog {
    /// Opens the log to be counted, behind `heard` where that is somewhere.
    ///
    /// # Errors
    /// [`StoreError::AuditChanged`] where it is not the one that was counted, signed or remembered, or when a database
    /// fails.
    pub(super) async fn begin(&self, store: &Store, heard: Option<&Counted>) -> Result<Counting, StoreError> {
        self.try_begin(store, heard).await.map_err(unread)
    }

    async fn try_begin(&self, store: &Store, heard: Option<&Counted>) -> Result<Counting, StoreError> {
        // Before the log is: what waits moves into it, and it grows.
        let mut c = store.at_work().read().await?;
        let takeover = takeover::event_id(&c);
        let must_be_taken_over = self.says_taken_over(&mut c, store).await?
            && !feed::waits(&mut c, (takeover, AuditKind::Closing)).await?;
        let remembered = meta::get_meta(&mut c, LAST).await?;
        let rows = counts::standing(&mut c).await?.0;
        let was_counted = !rows.is_empty() || remembered.is_none();
        drop(c);
        let mut reader = self.read().await?;
        let size = read::size(&mut reader).await?;
        let signed = self.signed(&mut reader, size).await?;
        if let Some(note) = remembered {
            let known = Checkpoint::open(&note, &self.keys).map_err(|_| {
                changed("the checkpoint that the store remembers is not of the log's key", None)
            })?;
            let root = match &signed {
                Some(last) if last.size == known.size => last.root,
                Some(last) if last.size > known.size => tail_at(&mut reader, known.size).await?.root(),
                _ => return Err(changed("it is shorter than the store remembers", known.size)),
            };
            if root != known.root {
                return Err(changed("it is another one than the store remembers", known.size));
            }
        }
        let mut log = Counting {
            reader,
            size,
            signed,
            counted: Counted::nothing(),
            tail: Tail::default(),
            was_counted,
            takeover: takeover.to_string(),
            must_be_taken_over,
            known: Arc::clone(&self.known),
        };
        match heard {
            Some(heard) => {
                log.go_on_from(heard).await?;
                let is_other = |last: &Checkpoint| last.size == heard.size && last.root != heard.root;
                if log.signed.as_ref().is_some_and(is_other) {
                    return Err(changed("its last checkpoint is of other entries", heard.size));
                }
            }
            None => log.find(rows).await?,
        }
        Ok(log)
    }

    /// The last checkpoint.
    async fn signed(&self, reader: &mut Reader, size: u64) -> Result<Option<Checkpoint>, StoreError> {
        let Some((covered, note)) = read::last_checkpoint(reader).await? else { return Ok(None) };
        let last = Checkpoint::open(&note, &self.keys)
            .map_err(|_| changed("its last checkpoint is not of its key", covered))?;
        if last.size != covered || last.size > size {
            return Err(changed("it is shorter than its last checkpoint", covered));
        }
        Ok(Some(last))
    }

    /// Whether the keyring says that the take-over was done; that is never unsaid. One that this process can't open says
    /// nothing: the log says it too.
    pub(super) async fn says_taken_over(
        &self,
        c: &mut Connection,
        store: &Store,
    ) -> Result<bool, StoreError> {
        if self.taken_over.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let says = match keyring::is_taken_over(c, &store.keys.kek()).await {
            Err(StoreError::WrongKey { .. }) => false,
            says => says?,
        };
        self.taken_over.fetch_or(says, Ordering::Relaxed);
        Ok(says)
    }

    /// Whether the entry of the take-over is in the log, by what is counted of it.
    pub(super) async fn tells_taken_over(&self, store: &Store) -> Result<bool, StoreError> {
        let mut log = self.begin(store, None).await?;
        log.walk(|_, _| ()).await?;
        Ok(log.counted.counts.is_taken_over())
    }

    /// Hands on every entry of a kind in the order of the log, a page at a time.
    ///
    /// # Errors
    /// [`StoreError::AuditChanged`] where one is missing, hidden, changed or made up: then what was handed on is worth
    /// nothing. Or when a database fails.
    pub(super) async fn each_of(
        &self,
        store: &Store,
        kind: AuditKind,
        hear: impl FnMut(Logged, Entry) + Send,
    ) -> Result<(), StoreError> {
        self.each_new_of(store, kind, &mut Heard::default(), hear).await
    }

    /// The same of those that were not heard yet.
    ///
    /// # Errors
    /// As there; the next time all are handed on.
    pub(crate) async fn each_new_of(
        &self,
        store: &Store,
        kind: AuditKind,
        heard: &mut Heard,
        mut hear: impl FnMut(Logged, Entry) + Send,
    ) -> Result<(), StoreError> {
        let before = heard.0.take();
        let mut log = self.begin(store, before.as_ref()).await?;
        if before.is_none() {
            log.select(kind, &mut hear).await?;
        }
        log.walk(|logged, entry| {
            if entry.kind == kind.as_str() {
                hear(logged, entry);
            }
        })
        .await?;
        if log.must_be_taken_over && !log.counted.counts.is_taken_over() {
            return Err(changed("the entry is gone with which this house's telling began", None));
        }
        heard.0 = Some(log.counted);
        Ok(())
    }
}

impl Counting {
    /// Goes on where somebody was.
    async fn go_on_from(&mut self, heard: &Counted) -> Result<(), StoreError> {
        if heard.size > self.size {
            return Err(changed("it is shorter than it was", self.size));
        }
        let tail = tail_at(&mut self.reader, heard.size).await?;
        if tail.root() != heard.root {
            return Err(changed("an entry is not the one that it was", None));
        }
        (self.counted, self.tail) = (heard.clone(), tail);
        Ok(())
    }

    /// Begins behind what was counted last: by this process, or by the house.
    async fn find(&mut self, rows: Vec<Counted>) -> Result<(), StoreError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let row = rows.into_iter().next();
        let own = known.filter(|known| row.as_ref().is_none_or(|row| known.size >= row.size));
        if let Some(known) = own {
            match self.go_on_from(&known).await {
                Ok(()) => return self.agrees_with_checkpoint(),
                // A database that went back to an earlier moment has its own counts.
                Err(StoreError::AuditChanged { .. }) if row.is_some() => {}
                Err(error) => return Err(error),
            }
        }
        let Some(row) = row else { return Ok(()) };
        self.go_on_from(&row).await?;
        self.agrees_with_checkpoint()
    }

    /// The counts are written behind a checkpoint of their size.
    fn agrees_with_checkpoint(&self) -> Result<(), StoreError> {
        let size = self.counted.size;
        match &self.signed {
            Some(last) if last.size > size || (last.size == size && last.root == self.counted.root) => Ok(()),
            Some(last) if last.size == size => Err(changed("its last checkpoint is of other entries", size)),
            _ => Err(changed("a checkpoint is gone whose entries were counted", size)),
        }
    }

    /// Hands on the entries of a kind among those that are counted.
    async fn select(
        &mut self,
        kind: AuditKind,
        hear: &mut (impl FnMut(Logged, Entry) + Send),
    ) -> Result<(), StoreError> {
        let (end, wanted) = (self.counted.size, self.counted.counts.of(kind));
        let (mut tree, mut after, mut found) = (Tree::new(self.tail.clone()), -1_i64, 0_u64);
        loop {
            let rows = self
                .reader
                .rows(
                    "SELECT * FROM audit_entries WHERE kind = $1 AND leaf_index > $2 AND leaf_index < $3
                     ORDER BY leaf_index LIMIT $4",
                    values![kind.as_str(), after, end, TOGETHER],
                )
                .await?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                let logged = Logged::of(row).map_err(unread)?;
                let index = logged.index;
                // A row that stands there twice stands for one that is hidden.
                if index as i64 <= after {
                    return Err(changed("a row stands there twice", index));
                }
                after = index as i64;
                let entry = sound(&logged, index)?;
                if tree.hash_of(&mut self.reader, index).await.map_err(unread)? != Hash::leaf(&logged.leaf) {
                    return Err(changed("an entry is not the one that was signed", index));
                }
                found += 1;
                hear(logged, entry);
            }
        }
        if found != wanted {
            return Err(changed("entries of a kind are missing, or are more than there were", None));
        }
        Ok(())
    }

    /// Reads and counts what is not counted yet, up to the end of the log.
    ///
    /// # Errors
    /// As [`AuditLog::begin`].
    pub(super) async fn walk(
        &mut self,
        mut hear: impl FnMut(Logged, Entry) + Send,
    ) -> Result<(), StoreError> {
        self.remember();
        while self.counted.size < self.size {
            let first = self.counted.size;
            let end = self.size.min(first + TOGETHER);
            let rows = read::entries(&mut self.reader, first, end).await.map_err(unread)?;
            for (logged, index) in rows.into_iter().zip(first..end) {
                let entry = sound(&logged, index)?;
                self.tail.push(Hash::leaf(&logged.leaf));
                self.counted.counts.add(&entry.kind, &entry.event, &self.takeover);
                self.counted.size = index + 1;
                self.look_at_root()?;
                hear(logged, entry);
            }
            if self.counted.size < end {
                return Err(changed("an entry is missing", self.counted.size));
            }
        }
        self.counted.root = self.tail.root();
        Ok(())
    }

    /// Holds what was read against the checkpoint, where that ends here.
    fn look_at_root(&mut self) -> Result<(), StoreError> {
        let Some(last) = self.signed.as_ref().filter(|last| last.size == self.counted.size) else {
            return Ok(());
        };
        if self.tail.root() != last.root {
            return Err(changed("an entry is not the one that was signed", None));
        }
        self.counted.root = last.root;
        self.remember();
        Ok(())
    }

    /// What is signed is not counted once more by this process.
    fn remember(&self) {
        if self.signed.as_ref().is_some_and(|last| last.size == self.counted.size) {
            *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(self.counted.clone());
        }
    }

    /// Its end, with how many entries of each kind it has.
    pub(super) fn end(self) -> (Tail, Counts) {
        (self.tail, self.counted.counts)
    }

    /// When the last entry was logged.
    pub(super) async fn last_at(&mut self) -> Result<Option<contactiq_domain::Timestamp>, StoreError> {
        read::last_at(&mut self.reader).await
    }
}

/// What a row says, where its place and its columns are those of its bytes.
pub(super) fn sound(logged: &Logged, index: u64) -> Result<Entry, StoreError> {
    if logged.index != index {
        return Err(changed("an entry is missing, or stands in another place", index));
    }
    let entry = logged.entry().ok_or_else(|| changed("the bytes of an entry are none", index))?;
    let beside = logged.event == entry.event
        && logged.kind == entry.kind
        && logged.logged_at.micros() == entry.logged_at_us;
    match entry.index == index && beside {
        true => Ok(entry),
        false => Err(changed("a column of the table says something else than the bytes of its entry", index)),
    }
}
