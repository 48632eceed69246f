//! Vectors of published text that replicas keep for each other: a port, because who computes them and
//! who keeps them are siblings.

use std::collections::HashMap;

/// First half of the SHA-256 of an encoder's fingerprint and a text: two different texts don't meet in it.
pub type VectorKey = [u8; 16];

/// What replicas share of one encoder. Only what the bank published goes in. It is a cache: losing it,
/// or not reaching it, costs time and never an answer, so nothing here fails. Calls wait, and belong on
/// threads that may.
pub trait SharedVectors: Send + Sync {
    /// Those of these that are there; `None` while nobody can say.
    fn get(&self, keys: &[VectorKey]) -> Option<HashMap<VectorKey, Vec<f32>>>;

    /// Keeps vectors for the others; one that is there already stays.
    fn put(&self, vectors: &[(VectorKey, &[f32])]);
}
