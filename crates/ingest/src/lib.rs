//! Documents in: front matter, Markdown, HTML, text, PDF and DOCX become a draft with passages (P13).
//!
//! Parsing is pure: bytes in, [`Draft`] out; PDF and DOCX in two steps, [`read`] in a process of its own and
//! then [`assemble`]. The caller gives ids and stores. What the bank
//! publishes is [`contactiq_guard::Published`]: it is not masked like a person's message, because
//! its hotlines must survive.

pub mod block;
mod contents;
mod docx;
mod draft;
mod front_matter;
mod html;
mod markdown;
mod passages;
mod pdf;
mod table;
pub mod web;

pub use contents::{Contents, Kind, Unreadable, read};
pub use draft::{Draft, Format, IngestError, MAX_BYTES, assemble, format_of, parse, parse_with};
pub use front_matter::{FrontMatter, day, least_role};
