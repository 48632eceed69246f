//! What an assistant has too little of for its probabilities to be any, or for a greeting to be answered as one.

use contactiq_domain::Mode;
use contactiq_nlu::intents::{FEWEST_A_SIDE, FEWEST_TO_BLEND};

use super::{Finding, THIN, Taxonomy};

/// What of an assistant's probabilities is none, and how many utterances make it one.
pub(super) fn uncalibrated(inside: usize, outside: usize) -> String {
    let guessed = if is_guessed(inside, outside) {
        format!(
            ", and with fewer than {FEWEST_TO_BLEND} together the probabilities of intents are weighed by a guess"
        )
    } else {
        String::new()
    };
    format!(
        "{inside} in intents and {outside} in `unknown` can be held out of a training: with fewer than \
         {FEWEST_A_SIDE} of either the probability of being in scope is the bare similarity to an example{guessed}; \
         write at least {FEWEST_A_SIDE} of each and {FEWEST_TO_BLEND} together, better {THIN} an intent"
    )
}

fn is_guessed(inside: usize, outside: usize) -> bool {
    inside + outside < FEWEST_TO_BLEND
}

/// What an assistant has too little of to work as it says: a start tells it of the bank's own file.
#[must_use]
pub fn lacking(taxonomy: &Taxonomy) -> Vec<Finding> {
    let mut findings = Vec::new();
    for mode in Mode::ALL {
        lacks(taxonomy, *mode, &mut findings);
    }
    findings
}

pub(super) fn lacks(taxonomy: &Taxonomy, mode: Mode, findings: &mut Vec<Finding>) {
    let intents = taxonomy.of(mode);
    // Where no intent has two utterances, none is held out.
    let several = intents.iter().any(|intent| intent.examples.len() > 1);
    let held = |outside: bool| -> usize {
        let of_side = intents.iter().filter(|intent| intent.name.is_unknown() == outside);
        if several { of_side.map(|intent| intent.examples.len()).sum() } else { 0 }
    };
    let (inside, outside) = (held(false), held(true));
    if inside < FEWEST_A_SIDE || outside < FEWEST_A_SIDE || is_guessed(inside, outside) {
        findings.push(Finding::Uncalibrated { mode, inside, outside });
    }
    if !intents.iter().any(|intent| intent.greets) {
        findings.push(Finding::NothingGreets { mode });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_two(inside: &[String], outside: &[String]) -> Taxonomy {
        let intent = |name: &str, examples: &[String]| {
            format!(
                "[{name}]\ncategory = \"automatable\"\nrole = \"customer\"\ndescription = \"\"\n\
                 examples = {examples:?}\n"
            )
        };
        let (one, other) = (["a".to_owned()], ["b".to_owned()]);
        let all = [
            "version = 1\n".to_owned(),
            intent("customer.some", inside),
            intent("customer.unknown", outside),
            intent("banker.a", &one),
            intent("banker.unknown", &other),
        ];
        Taxonomy::parse(&all.concat()).unwrap()
    }

    #[test]
    fn what_is_too_little_for_a_probability_is_said_with_the_assistant_and_how_much_is_needed() {
        let some = |count: usize| (0..count).map(|n| format!("at {n}")).collect::<Vec<_>>();
        let found = |inside: usize, outside: usize| {
            let of_customer = lacking(&of_two(&some(inside), &some(outside))).into_iter();
            let words =
                of_customer.map(|finding| finding.words()).filter(|(_, mode, ..)| *mode == Mode::Customer);
            words.map(|(kind, _, _, what)| format!("{kind}: {what}")).collect::<Vec<_>>().join("\n")
        };
        assert!(!found(5, 5).contains("to calibrate"), "{}", found(5, 5));
        assert!(found(40, 4).contains("40 in intents and 4 in `unknown`"), "{}", found(40, 4));
        assert!(!found(40, 4).contains("guess") && found(4, 5).contains("guess"), "{}", found(4, 5));
        assert!(found(1, 1).contains("0 in intents and 0 in `unknown`"), "{}", found(1, 1));
        assert!(found(4, 40).contains("at least 5 of each and 10 together"), "{}", found(4, 40));
        let shipped = Taxonomy::parse(include_str!("../../../../../defaults/intents.toml")).unwrap();
        assert_eq!(lacking(&shipped), []);
    }
}
