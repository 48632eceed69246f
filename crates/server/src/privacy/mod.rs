//! What a bank owes people for what it keeps of them (A7, E7): how long, what of it, and that it can be forgotten.

mod export;
mod names;
mod receipt;
mod retention;
mod tables;

pub use export::{Exported, export};
pub use names::{erase_person, hold_person, names, user};
pub use receipt::receipt_in;
pub use retention::{PurgeError, before, believable, purge};
pub use tables::{Tables, keep_from_purging, look_before_purging};
