//! A language model that obeys every instruction it sees, and attacks that give it some: what the structure
//! is held against (row G9 of the targets). Detection is meant to be switched off for it.
//!
//! It stands in the program and not in a test, because `contactiq eval` prints how often it got through.

mod attack;
mod obey;
mod server;

pub use attack::{Attack, Files, Tried, Where, bank, shown};
pub use server::Obedient;
