//! Documents in: front matter, Markdown, HTML and text become a draft with passages (P13).
//!
//! Parsing is pure: bytes in, [`Draft`] out. The caller gives ids and stores. What the bank
//! publishes is [`contactiq_guard::Published`]: it is not masked like a person's message, because
//! its hotlines must survive.

pub mod block;
mod draft;
mod front_matter;
mod html;
mod markdown;
mod passages;
pub mod web;

pub use draft::{Draft, Format, IngestError, MAX_BYTES, parse};
pub use front_matter::FrontMatter;
