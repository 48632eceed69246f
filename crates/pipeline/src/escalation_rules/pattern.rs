//! A pattern of the rules: checked where the file is read, compiled where its trigger is looked into. All of a trigger are
//! one pattern first, so that a start compiles each once and a calm message meets one.

use std::sync::OnceLock;

use contactiq_domain::Trigger;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;

use super::{RulesError, is_danger_to_life};

/// Messages without a common word: what matches all of them says nothing of any.
const EVERYDAY: [&str; 4] = ["opening hours?", "fee for a new card", "thanks", "how do i register online"];
/// Bytes for the states of a joined pattern, for each thread that searches: the two million that are usual are too few
/// for dozens of patterns in one, and a state that was thrown away is made again, a hundred times as slow.
const STATES: usize = 16 << 20;

#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) id: String,
    pub(super) source: String,
    compiled: OnceLock<Regex>,
}

impl Pattern {
    pub(super) fn is_match(&self, text: &str) -> bool {
        let compile =
            || alone(&self.source).expect("it was compiled with its neighbours when the file was read");
        self.compiled.get_or_init(compile).is_match(text)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PatternText {
    id: String,
    #[serde(rename = "match")]
    pattern: String,
}

/// The patterns of a list, and what matches where one of them does: none where they can't be joined.
pub(super) fn checked(
    trigger: Trigger,
    written: Vec<PatternText>,
) -> Result<(Vec<Pattern>, Option<Regex>), RulesError> {
    let mut patterns: Vec<Pattern> = Vec::with_capacity(written.len());
    for PatternText { id, pattern } in written {
        if let Some(why) = wrong_id(trigger, &id, &patterns) {
            return Err(RulesError::Pattern { trigger, id, why: why.to_owned() });
        }
        patterns.push(Pattern { id, source: pattern, compiled: OnceLock::new() });
    }
    let any = joined(&patterns);
    // What all of them together leave alone, none of them matches. Only else each has to be asked.
    if any.as_ref().is_none_or(says_nothing) {
        for pattern in &patterns {
            let bad = |why| RulesError::Pattern { trigger, id: pattern.id.clone(), why };
            let regex = alone(&pattern.source).map_err(|error| bad(error.to_string()))?;
            if says_nothing(&regex) {
                return Err(bad("it matches every message: say what it is to find".to_owned()));
            }
        }
    }
    Ok((patterns, any))
}

fn wrong_id(trigger: Trigger, id: &str, before: &[Pattern]) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if before.iter().any(|pattern| pattern.id == id) {
        Some("the id stands twice")
    } else if id.is_empty() || !id.chars().all(plain) {
        Some("an id is made of small letters, digits and -: records and figures name it")
    } else if is_danger_to_life(id) && trigger != Trigger::EmotionalDistress {
        Some("an id that begins with `self-harm` belongs to emotional_distress: nothing holds it back")
    } else {
        None
    }
}

fn says_nothing(regex: &Regex) -> bool {
    EVERYDAY.iter().all(|message| regex.is_match(message)) || regex.is_match("")
}

fn alone(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source).case_insensitive(true).build()
}

/// What matches where one of the patterns does, if each of them is whole by itself.
fn joined(patterns: &[Pattern]) -> Option<Regex> {
    // A bracket that one leaves open may be shut by the next.
    let is_whole = |pattern: &Pattern| regex_syntax::ast::parse::Parser::new().parse(&pattern.source).is_ok();
    // In verbose patterns a comment may take the bracket behind it.
    let is_verbose = |pattern: &Pattern| pattern.source.contains('#');
    if patterns.is_empty() || patterns.iter().any(|pattern| !is_whole(pattern) || is_verbose(pattern)) {
        return None;
    }
    let each: Vec<String> = patterns.iter().map(|pattern| format!("(?:{})", pattern.source)).collect();
    RegexBuilder::new(&each.join("|")).case_insensitive(true).dfa_size_limit(STATES).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(patterns: &[&str]) -> Result<(Vec<Pattern>, Option<Regex>), RulesError> {
        let each = patterns.iter().enumerate();
        let written = each.map(|(at, p)| PatternText { id: format!("p{at}"), pattern: (*p).to_owned() });
        checked(Trigger::SecurityFraud, written.collect())
    }

    #[test]
    fn patterns_are_wrong_alone_though_they_would_be_right_together() {
        assert!(of(&["lost(", "card)"]).is_err());
        assert!(of(&["lost)|(card"]).is_err());
        assert!(of(&["stolen", "lost(?P<a>x)", "(?P<a>y)"]).unwrap().1.is_none(), "each is right alone");
    }

    #[test]
    fn what_matches_everything_is_named_among_its_neighbours() {
        for everything in ["", "x*", ".", "opening|fee|thanks|register"] {
            let error = of(&["stolen", everything, "lost"]).unwrap_err().to_string();
            assert!(error.contains("p1") && error.contains("every message"), "{error}");
        }
    }

    #[test]
    fn verbose_patterns_are_asked_one_by_one() {
        let (patterns, any) = of(&["(?x) lost # or so", "stolen"]).unwrap();
        assert!(any.is_none());
        let hit =
            |text| patterns.iter().filter(|p| p.is_match(text)).map(|p| p.id.as_str()).collect::<Vec<_>>();
        assert_eq!((hit("LOST it"), hit("was stolen"), hit("fine")), (vec!["p0"], vec!["p1"], vec![]));
    }
}
