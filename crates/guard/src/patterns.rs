//! The patterns of the rules, which are all there or the guard does not start.

use regex::{Regex, RegexBuilder};

/// Bytes for the states of a pattern, for each thread that searches: with the two million that are usual the largest
/// throw states away and make them again.
const STATES: usize = 8 << 20;

/// A pattern of ours.
///
/// # Panics
/// When it is none. All are compiled where a guard is made, so that none is missed in silence.
pub(crate) fn compiled(pattern: &str) -> Regex {
    let built = RegexBuilder::new(pattern).dfa_size_limit(STATES).build();
    built.unwrap_or_else(|error| panic!("a pattern of the guard does not compile: {error}"))
}
