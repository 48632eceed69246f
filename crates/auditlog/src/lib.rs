//! The Merkle log of the audit trail (E6): what an auditor needs to verify it, and nothing else.
//!
//! No SQL, no HTTP, no clock, no randomness, and nothing of the house: an auditor reads this crate and the small
//! program beside it (`contactiq-verify`) in an hour, and need not trust whoever runs the log.
//!
//! - [`entry`]: one line of the log, canonical bytes in one version;
//! - [`hash`]: leaves and nodes as RFC 6962 hashes them, and the commitment to a record that may be erased;
//! - [`frontier`]: the right edge of a tree, enough to append and to compute its root;
//! - [`tiles`]: the hashes as they are kept, 256 together, each written once;
//! - [`proof`]: that an entry is in a tree, and that one tree continues another;
//! - [`note`], [`checkpoint`]: a signed statement about a tree, in the formats of C2SP;
//! - [`export`]: a log as a file, and its verification;
//! - [`disclosure`]: one entry with its proof and the record that it commits to, as a file;
//! - [`receipt`]: that a person was erased, signed.

pub mod checkpoint;
pub mod disclosure;
pub mod entry;
pub mod export;
pub mod frontier;
pub mod hash;
pub mod note;
pub mod proof;
pub mod receipt;
pub mod tiles;

pub use checkpoint::Checkpoint;
pub use entry::Entry;
pub use frontier::Frontier;
pub use hash::Hash;
pub use note::{SigningKey, VerifyingKey};
