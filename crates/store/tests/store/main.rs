//! Every public function of the store, from one test body on both engines.
//!
//! SQLite lives in a temporary folder; PostgreSQL is a real server, at `CONTACTIQ_TEST_POSTGRES_URL`,
//! where each test makes a database of its own. Without it these tests fail: they don't skip. Vectors
//! need one with pgvector besides, at `CONTACTIQ_TEST_PGVECTOR_URL`, and what stands in Redis is tested
//! against a real one, at `CONTACTIQ_TEST_REDIS_URL`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[macro_use]
mod engines;
mod access;
mod audit;
mod authority;
mod authority_before;
mod budgets;
mod clock;
mod constraints;
mod conversations;
mod costs;
mod data_keys;
mod documents;
mod erase;
mod feedback;
mod idempotency;
mod interactions;
mod key_quotas;
mod key_uses;
mod keys;
mod ledger;
mod locked_keys;
mod meta;
mod moved;
mod moved_rows;
mod named;
mod old_database;
mod page_sessions;
mod parity;
mod patience;
mod placeholders;
mod places;
mod plans;
mod pooler;
mod privacy;
mod proofs;
mod purging;
mod quarantine;
mod queue;
mod reports;
mod requests;
mod review;
mod rotation;
mod rulings;
mod samples;
mod schema;
mod sealing;
mod shared;
mod staging;
mod tickets;
mod transactions;
mod transcripts;
mod turns;
mod unmasking;
mod vectors;
mod versions;
