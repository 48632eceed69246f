//! Proofs as RFC 6962, sections 2.1.1 and 2.1.2 define them: that an entry is in a tree, and that one tree continues
//! another. Each is a list of hashes, as long as the logarithm of the size.

use crate::Hash;

/// Why a proof is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such entry in a tree of this size, or no such earlier tree.
    #[error("the tree has no such entry or earlier tree")]
    Outside,
    /// It has too few or too many hashes.
    #[error("the proof has {found} hashes")]
    Length {
        /// How many it has.
        found: usize,
    },
    /// It leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The root of the entries from `first` to before `end`; `subtree` gives those of complete subtrees, by height and
/// place, and nothing where it does not know one.
fn root_of(first: u64, end: u64, subtree: &mut impl FnMut(u32, u64) -> Option<Hash>) -> Option<Hash> {
    let size = end - first;
    if size.is_power_of_two() {
        let height = size.trailing_zeros();
        return subtree(height, first >> height);
    }
    let left = split(size);
    let (one, other) = (root_of(first, first + left, subtree), root_of(first + left, end, subtree));
    Some(Hash::node(one?, other?))
}

/// The largest power of two below this size.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The proof that the entry at `index` is in the tree of `size`. Every subtree that it needs is asked for, also after
/// one was not known; then there is no proof.
pub fn inclusion(
    index: u64,
    size: u64,
    mut subtree: impl FnMut(u32, u64) -> Option<Hash>,
) -> Option<Vec<Hash>> {
    if index >= size {
        return None;
    }
    let (mut first, mut end, mut downwards) = (0, size, Vec::new());
    while end - first > 1 {
        let middle = first + split(end - first);
        if index < middle {
            downwards.push(root_of(middle, end, &mut subtree));
            end = middle;
        } else {
            downwards.push(root_of(first, middle, &mut subtree));
            first = middle;
        }
    }
    downwards.into_iter().rev().collect()
}

/// The proof that the tree of `size` continues the tree of `earlier`, as [`inclusion`] makes one.
pub fn consistency(
    earlier: u64,
    size: u64,
    mut subtree: impl FnMut(u32, u64) -> Option<Hash>,
) -> Option<Vec<Hash>> {
    if earlier > size {
        return None;
    }
    if earlier == 0 || earlier == size {
        return Some(Vec::new());
    }
    let (mut first, mut end, mut downwards) = (0, size, Vec::new());
    // While the earlier tree ends inside, and its end is not the end of what is looked at.
    while earlier < end {
        let middle = first + split(end - first);
        if earlier <= middle {
            downwards.push(root_of(middle, end, &mut subtree));
            end = middle;
        } else {
            downwards.push(root_of(first, middle, &mut subtree));
            first = middle;
        }
    }
    // The earlier root is known to whoever asks, where it is a complete subtree from the beginning.
    if first > 0 {
        downwards.push(root_of(first, end, &mut subtree));
    }
    downwards.into_iter().rev().collect()
}

/// Whether the proof shows that `leaf` is the entry at `index` of the tree of `size` with this root.
///
/// # Errors
/// Why it does not.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: Hash,
    proof: &[Hash],
    root: Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside);
    }
    let (mut place, mut last, mut hash) = (index, size - 1, leaf);
    let mut given = proof.iter();
    let missing = ProofError::Length { found: proof.len() };
    while last > 0 {
        if place & 1 == 1 {
            hash = Hash::node(*given.next().ok_or(missing)?, hash);
        } else if place < last {
            hash = Hash::node(hash, *given.next().ok_or(missing)?);
        }
        // Where the last one stands alone it goes up as it is.
        place >>= 1;
        last >>= 1;
    }
    if given.next().is_some() {
        return Err(missing);
    }
    if hash == root { Ok(()) } else { Err(ProofError::Root) }
}

/// Whether the proof shows that the tree of `size` with `root` continues the tree of `earlier` with `earlier_root`.
///
/// # Errors
/// Why it does not.
pub fn verify_consistency(
    earlier: u64,
    earlier_root: Hash,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let missing = ProofError::Length { found: proof.len() };
    if earlier > size {
        return Err(ProofError::Outside);
    }
    if earlier == 0 || earlier == size {
        let same = if earlier == size { earlier_root == root } else { earlier_root == Hash::empty() };
        return match (proof.is_empty(), same) {
            (false, _) => Err(missing),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let mut given = proof.iter();
    // The subtree in which the earlier tree ends: it is the earlier root itself, or the first hash of the proof.
    let height = earlier.trailing_zeros();
    let (mut place, mut last) = ((earlier - 1) >> height, (size - 1) >> height);
    let start = if place == 0 { earlier_root } else { *given.next().ok_or(missing)? };
    let (mut old, mut new) = (start, start);
    while last > 0 {
        if place & 1 == 1 {
            let left = *given.next().ok_or(missing)?;
            (old, new) = (Hash::node(left, old), Hash::node(left, new));
        } else if place < last {
            new = Hash::node(new, *given.next().ok_or(missing)?);
        }
        place >>= 1;
        last >>= 1;
    }
    if given.next().is_some() {
        return Err(missing);
    }
    if old == earlier_root && new == root { Ok(()) } else { Err(ProofError::Root) }
}
