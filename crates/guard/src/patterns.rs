//! The patterns of the rules, which are all there or the guard does not start.

use regex::Regex;

/// A pattern of ours.
///
/// # Panics
/// When it is none. All are compiled where a guard is made, so that none is missed in silence.
pub(crate) fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|error| panic!("a pattern of the guard does not compile: {error}"))
}
