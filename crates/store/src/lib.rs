//! The only crate that knows SQL and Redis: the ledger of interactions, and what stands beside it.
//!
//! [`Store::open`] opens one of two engines, SQLite in a file or PostgreSQL, and brings its schema
//! up to date. [`Store::read`] gives a [`Reader`], [`Store::write`] a [`Writer`]: a transaction
//! that counts only once it was saved. Each noun has a module of functions that take one of them;
//! those that only read take a [`Connection`], which both are:
//!
//! ```no_run
//! # async fn example(store: contactiq_store::Store, ticket: contactiq_domain::Ticket<contactiq_guard::Masked>)
//! # -> Result<(), contactiq_store::StoreError> {
//! use contactiq_store::tickets;
//! let mut w = store.write().await?;
//! tickets::open(&mut w, &ticket).await?;
//! assert!(tickets::get(&mut w, ticket.id).await?.is_some());
//! w.save().await
//! # }
//! ```
//!
//! There is one SQL text a query for both engines, and a test of every public function on both
//! (docs/adr/0003). What a person wrote is sealed for its table, column and row with a key of that person; it comes back
//! as `Masked` only if it was sealed there (requirement A6, docs/adr/0023).
//!
//! [`vectors`] is PostgreSQL's alone: what replicas share of an encoder (docs/adr/0014).
//!
//! [`audit`] is the Merkle log of what happened (docs/audit.md).
//!
//! [`SharedLimits`] is what replicas share through Redis: counters, never text.

pub mod access;
pub mod audit;
mod authority;
pub mod budgets;
mod clock;
mod connection;
pub mod conversations;
pub mod costs;
mod data_keys;
pub mod deadline;
pub mod demo;
pub mod documents;
mod engine;
pub mod erase;
mod error;
pub mod feedback;
mod figures;
pub mod idempotency;
pub mod interactions;
pub mod key_quotas;
pub mod key_uses;
mod keyring;
pub mod keys;
pub mod ledger;
pub mod meta;
pub mod moved;
pub mod page_sessions;
pub mod pii_tokens;
pub mod placeholders;
pub mod privacy;
pub mod quarantine;
mod redis_link;
pub mod reports;
pub mod requests;
mod retry;
pub mod review;
mod row;
pub mod rulings;
mod schema;
pub mod sealing;
pub mod secure_link;
mod shared;
mod shared_answers;
pub mod sources;
pub mod staging;
pub mod tickets;
pub mod transcripts;
pub mod unmasking;
mod value;
pub mod vectors;
pub mod versions;

pub use authority::{Damaged, DamagedKind};
pub use budgets::Budgets;
pub use clock::StoreClock;
pub use connection::{Connection, Reader, Writer};
pub use engine::{Connections, Location, Store};
pub use error::StoreError;
pub use key_uses::KeyUses;
pub use ledger::Ledger;
pub use retry::retry;
pub use shared::{Counts, Left, Limit, RedisAddress, SharedError, SharedLimits, Taken};
pub use shared_answers::SharedAnswers;
