//! Hashes as they are kept: 256 of one level together, in a tile that is written once, when it is full. A tile of
//! level 0 holds the hashes of entries, one of level 1 the roots of 256 tiles of level 0, and so on: so a log of a
//! million entries has 3,922 tiles, and appending never changes one.

use std::collections::HashMap;

use crate::{Frontier, Hash};

/// Hashes of a full tile.
pub const FULL: usize = 256;
/// Levels of the tree that one tile holds.
pub const HEIGHT: u32 = 8;

/// The place of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// 0 for hashes of entries.
    pub level: u32,
    /// From the left.
    pub index: u64,
}

/// A tile that became full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Where it stands.
    pub place: Place,
    /// Its 256 hashes.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// Its hashes as bytes, one after the other.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

/// The hashes in the bytes of a full tile; none where they are no such bytes.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let whole = bytes.len() == FULL * 32;
    whole.then(|| {
        let (hashes, _) = bytes.as_chunks::<32>();
        hashes.iter().map(|hash| Hash(*hash)).collect()
    })
}

/// The root of a complete subtree of so many hashes, a power of two.
#[must_use]
pub fn root(hashes: &[Hash]) -> Hash {
    let mut edge = Frontier::default();
    hashes.iter().for_each(|hash| edge.push(*hash));
    edge.root()
}

/// The end of a log: the hashes of its tiles that are not full yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail {
    size: u64,
    /// By level; fewer than 256 each.
    open: Vec<Vec<Hash>>,
}

impl Tail {
    /// The end of a log of this size, whose open tiles hold these hashes; none where they are not as many as the size
    /// asks for ([`Tail::open_hashes`]).
    #[must_use]
    pub fn new(size: u64, open: Vec<Vec<Hash>>) -> Option<Tail> {
        let fits = open.len() as u32 == levels(size)
            && open
                .iter()
                .zip(0..)
                .all(|(hashes, level)| hashes.len() as u64 == Tail::open_hashes(size, level));
        fits.then_some(Tail { size, open })
    }

    /// How many hashes the open tile of a level holds in a log of this size.
    #[must_use]
    pub const fn open_hashes(size: u64, level: u32) -> u64 {
        (size >> (HEIGHT * level)) % FULL as u64
    }

    /// How many entries the log has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The hashes of the open tiles, by level.
    #[must_use]
    pub fn open(&self) -> &[Vec<Hash>] {
        &self.open
    }

    /// Appends the hash of one entry; the tiles that are full with it.
    pub fn push(&mut self, leaf: Hash) -> Vec<Tile> {
        let (mut full, mut hash) = (Vec::new(), leaf);
        self.size += 1;
        for level in 0.. {
            if self.open.len() <= level as usize {
                self.open.push(Vec::new());
            }
            let open = &mut self.open[level as usize];
            open.push(hash);
            if open.len() < FULL {
                break;
            }
            let hashes = std::mem::take(open);
            hash = root(&hashes);
            let index = (self.size >> (HEIGHT * (level + 1))) - 1;
            full.push(Tile { place: Place { level, index }, hashes });
        }
        full
    }

    /// The right edge of the tree.
    #[must_use]
    pub fn frontier(&self) -> Frontier {
        let mut edge = Frontier::default();
        for (level, open) in self.open.iter().enumerate().rev() {
            open.iter().for_each(|hash| edge.push_subtree(HEIGHT * level as u32, *hash));
        }
        edge
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier().root()
    }
}

/// How many levels of tiles a log of this size has begun.
#[must_use]
pub const fn levels(size: u64) -> u32 {
    if size == 0 { 0 } else { (u64::BITS - 1 - size.leading_zeros()) / HEIGHT + 1 }
}

/// Some tiles and the end of a log: what a proof is computed from.
#[derive(Debug, Clone, Default)]
pub struct Known {
    tail: Tail,
    tiles: HashMap<Place, Vec<Hash>>,
}

impl Known {
    /// Knows the end of a log and no full tile yet.
    #[must_use]
    pub fn new(tail: Tail) -> Known {
        Known { tail, tiles: HashMap::new() }
    }

    /// Learns a full tile.
    pub fn add(&mut self, place: Place, hashes: Vec<Hash>) {
        self.tiles.insert(place, hashes);
    }

    /// The root of the complete subtree of 2^`height` entries that is the `index`-th of its kind; none where its tile
    /// is not known.
    #[must_use]
    pub fn subtree(&self, height: u32, index: u64) -> Option<Hash> {
        let (place, within) = Known::place_of(height, index);
        let hashes = match self.tiles.get(&place) {
            Some(hashes) => hashes,
            None => {
                let is_open = place.index == self.tail.size >> (HEIGHT * (place.level + 1));
                self.tail.open.get(place.level as usize).filter(|_| is_open)?
            }
        };
        hashes.get(within).map(root)
    }

    /// The tile that holds such a subtree, and its hashes there.
    #[must_use]
    pub fn place_of(height: u32, index: u64) -> (Place, std::ops::Range<usize>) {
        let (level, inside) = (height / HEIGHT, height % HEIGHT);
        let first = index << inside;
        let start = (first % FULL as u64) as usize;
        (Place { level, index: first / FULL as u64 }, start..start + (1 << inside))
    }
}
