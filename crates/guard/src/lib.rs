//! The one door: masking of personal data, prompt injection, moderation. Pure computing, no I/O.
//!
//! [`Masked`] text is a type that only this crate can make: from [`Guard::inspect`], from text that
//! the bank itself wrote ([`Published`]), or by opening a seal that only masked text could enter
//! ([`seal`]). The store, the logs, the queue and every model provider accept nothing else, so
//! that sending raw text out is a compile error (requirements A5, A9, A10, A11).
//!
//! A text goes through `normal` (hygiene, NFKC, offsets), `pii` (one recogniser a family, one
//! decision where they overlap), `masking` (typed placeholders), `injection` (decode, then weigh),
//! `moderation` (a cry for help through `self_harm`) and `refuse`; a model's answer through `output`; what comes in pieces through `stream`.

mod document;
mod earlier;
mod explain;
mod guard;
mod injection;
mod masking;
mod moderation;
mod normal;
mod numbering;
mod output;
pub mod patterns;
mod pii;
mod placeholder;
mod placeholders;
mod refuse;
mod review;
pub mod seal;
mod self_harm;
mod stop;
mod stream;
mod text;
mod token;
pub mod training;
mod verdict;

pub use document::{instructs, order_score};
pub use earlier::Earlier;
pub use explain::{
    DecodedReading, Explanation, InjectionExplained, ModerationRule, PatternHit, RuleWeight, Shown,
};
pub use guard::{Guard, GuardSettings};
pub use injection::one_script;
pub use pii::{CueWords, Learned, NoModel, Overlapped, Recognised};
pub use placeholder::{Placeholder, placeholders};
pub use placeholders::{Original, Placeholders};
pub use review::{ReviewDecision, ReviewKind};
pub use stop::Stop;
pub use stream::StreamMasker;
pub use text::{Masked, Published, Raw};
pub use token::{Token, TokenKey};
pub use verdict::{
    Held, Injection, InputError, Inspected, Moderation, ModerationCategory, OutputFinding, OutputFindingKind,
    OutputVerdict, PersonalType, Refusal, Scan, Span, Verdict,
};
