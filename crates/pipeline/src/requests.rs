//! The requests of one message: "what does it cost, and someone stole my purse" are two.
//!
//! A risk that stands in the middle of another request is diluted in the vector of the whole
//! message. So the parts are read for triggers as well, and the riskier one decides the route.

use contactiq_nlu::text::sentences;

/// A part says something from this many words on.
const WORDS: usize = 4;
/// A message of 2000 characters may have many sentences; each costs an encoding.
const MOST: usize = 8;
/// What begins another request inside a sentence.
const JOINTS: &[&str] = &[
    " and also ",
    " oh and ",
    " also ",
    " and before i forget",
    " by the way ",
    " btw ",
    "; ",
    " - ",
    " anyway ",
];

/// The parts of a message that has more than one; otherwise none.
pub(crate) fn parts(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for sentence in sentences(text) {
        let mut rest = sentence.of(text);
        loop {
            let lower = rest.to_ascii_lowercase();
            let joint = JOINTS.iter().filter_map(|j| lower.find(j).map(|at| (at, j.len()))).min();
            let Some((at, length)) = joint else { break };
            found.push(&rest[..at]);
            rest = &rest[at + length..];
        }
        found.push(rest);
    }
    let mut parts: Vec<String> = found
        .into_iter()
        .filter(|part| part.split_whitespace().count() >= WORDS)
        .map(|part| part.trim().to_owned())
        .collect();
    parts.truncate(MOST);
    if parts.len() > 1 || parts.first().is_some_and(|p| p.len() + 8 < text.trim().len()) {
        parts
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_one_request_has_no_parts() {
        assert!(parts("what does a replacement card cost?").is_empty());
        assert!(parts("").is_empty());
        assert!(parts("Hi. ok. no").is_empty());
    }

    #[test]
    fn a_risk_in_the_middle_of_another_request_stands_alone() {
        assert_eq!(
            parts("What does a new card cost? Some lad made off with my purse."),
            ["What does a new card cost?", "Some lad made off with my purse."]
        );
        assert_eq!(
            parts("remind me of the cheque cut-off, and also the customer has given her code to a caller"),
            ["remind me of the cheque cut-off,", "the customer has given her code to a caller"]
        );
        assert!(parts(&"a b c d. ".repeat(300)).len() <= MOST);
        // Letters whose lower case has another length must not move the places.
        assert_eq!(parts("\u{130}\u{130} one two three also four five six seven").len(), 2);
    }
}
