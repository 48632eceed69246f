//! The right edge of a tree: the roots of its complete subtrees, largest first. With them alone an entry can be
//! appended and the root computed, in steps of the logarithm of the size.

use crate::Hash;

/// The edge of a tree of some size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// One for each bit of the size that is set, from the highest.
    roots: Vec<Hash>,
}

/// No log has as many entries: at a million a second it would take 292,000 years.
const BEYOND: u64 = 1 << 63;

impl Frontier {
    /// The edge of the tree of this size with these roots; none where there are not as many as the size asks for, or
    /// the size is one that no log has.
    #[must_use]
    pub fn new(size: u64, roots: Vec<Hash>) -> Option<Frontier> {
        (size < BEYOND && roots.len() == size.count_ones() as usize).then_some(Frontier { size, roots })
    }

    /// How many entries the tree has.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its complete subtrees, largest first.
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Appends the hash of one entry.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(0, leaf);
    }

    /// Appends a complete subtree of 2^`height` entries. The tree must end where such a subtree may begin.
    ///
    /// # Panics
    /// When it does not.
    pub fn push_subtree(&mut self, height: u32, root: Hash) {
        assert!(self.size.trailing_zeros() >= height, "a subtree begins at a multiple of its size");
        let mut joined = root;
        let mut carry = self.size >> height;
        while carry & 1 == 1 {
            // As many roots as bits are set: there is one for this bit.
            let Some(left) = self.roots.pop() else { break };
            joined = Hash::node(left, joined);
            carry >>= 1;
        }
        self.roots.push(joined);
        self.size += 1 << height;
    }

    /// The root of the whole tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut smaller_first = self.roots.iter().rev();
        match smaller_first.next() {
            None => Hash::empty(),
            Some(last) => smaller_first.fold(*last, |right, left| Hash::node(*left, right)),
        }
    }
}
