//! Documents in: front matter, Markdown, HTML, text, PDF and DOCX become a draft with passages (P13).
//!
//! Parsing is pure: bytes in, [`Draft`] out; PDF, DOCX and HTML in two steps, [`read`] or [`Markup::read`] in
//! a process of its own and then [`assemble`] or [`Opened::into_draft`]. The caller gives ids and stores.
//! What the bank publishes is [`contactiq_guard::Published`]: it is not masked like a person's message, because
//! its hotlines must survive.

pub mod block;
mod contents;
mod docx;
mod draft;
mod error;
mod front_matter;
mod html;
mod markdown;
mod markup;
mod passages;
mod pdf;
mod table;
pub mod web;

pub use contents::{Contents, Kind, Unreadable, read};
pub use draft::{Draft, Format, MAX_BYTES, Opened, assemble, format_of, parse, parse_with};
pub use error::IngestError;
pub use front_matter::{FrontMatter, address, day, least_role, short_name, title};
pub use markup::{Markup, Wanted};
