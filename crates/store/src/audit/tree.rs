//! The hash of a single entry, out of the tiles that are kept: each tile on the way to the root is held against the one
//! above it, so that a leaf and its tile changed together are found.

use std::collections::HashMap;

use contactiq_auditlog::{
    Hash,
    tiles::{self, FULL, HEIGHT, Place, Tail},
};

use super::{counted::changed, read};
use crate::{Connection, StoreError};

/// The tree of a size whose root is known.
pub(super) struct Tree {
    tail: Tail,
    /// Tiles above the lowest that were held against the root: one for 65,536 entries.
    upper: HashMap<Place, Vec<Hash>>,
    /// The lowest that was read last.
    lowest: Option<(u64, Vec<Hash>)>,
}

impl Tree {
    /// `tail` is its end, of which the root is that of the tree.
    pub(super) fn new(tail: Tail) -> Tree {
        Tree { tail, upper: HashMap::new(), lowest: None }
    }

    /// The hash that the tree has of this entry.
    ///
    /// # Errors
    /// [`StoreError::AuditChanged`] where a tile is not the one that leads to the root, or when the database fails.
    pub(super) async fn hash_of(&mut self, c: &mut Connection, index: u64) -> Result<Hash, StoreError> {
        let (tile, at) = (index / FULL as u64, (index % FULL as u64) as usize);
        let gone = || changed("an entry stands where the tree has none", index);
        if tile == self.tail.size() / FULL as u64 {
            return self.tail.open().first().and_then(|open| open.get(at)).copied().ok_or_else(gone);
        }
        if self.lowest.as_ref().is_none_or(|(known, _)| *known != tile) {
            self.lowest = Some((tile, self.held(c, tile, index).await?));
        }
        self.lowest.as_ref().and_then(|(_, hashes)| hashes.get(at)).copied().ok_or_else(gone)
    }

    /// The hashes of a full tile of entries, held against what is above it.
    async fn held(&mut self, c: &mut Connection, tile: u64, entry: u64) -> Result<Vec<Hash>, StoreError> {
        let other = || changed("a tile of hashes is not the one of its entries", entry);
        let (mut way, mut place) = (Vec::new(), Place { level: 0, index: tile });
        let mut expected = loop {
            way.push(place);
            let (above, at) = (
                Place { level: place.level + 1, index: place.index / FULL as u64 },
                (place.index % FULL as u64) as usize,
            );
            if above.level > u64::BITS / HEIGHT {
                return Err(other());
            }
            if let Some(known) = self.known(above, at) {
                break known;
            }
            place = above;
        };
        let mut hashes = Vec::new();
        while let Some(place) = way.pop() {
            let kept = read::tile(c, place).await?.and_then(|bytes| tiles::from_bytes(&bytes));
            hashes = kept.filter(|kept| tiles::root(kept) == expected).ok_or_else(other)?;
            if let Some(below) = way.last() {
                expected = hashes[(below.index % FULL as u64) as usize];
                self.upper.insert(place, hashes.clone());
            }
        }
        Ok(hashes)
    }

    fn known(&self, place: Place, at: usize) -> Option<Hash> {
        if place.index == self.tail.size().checked_shr(HEIGHT * (place.level + 1)).unwrap_or(0) {
            return self.tail.open().get(place.level as usize)?.get(at).copied();
        }
        self.upper.get(&place).and_then(|hashes| hashes.get(at)).copied()
    }
}
