//! A member of staff who asks about a person by name asks for that customer's record, whatever the words are near to.

use std::sync::LazyLock;

use contactiq_domain::{Trigger, TriggerHit};
use regex::Regex;

/// What is heard then.
pub(crate) fn hit() -> TriggerHit {
    TriggerHit {
        trigger: Trigger::AccountSpecific,
        rule: "account_specific/names-a-customer".to_owned(),
        score: 1.0,
    }
}

/// Whether a masked message asks of a person whom the guard recognised by the name: "does <PERSON_1> have …",
/// "<PERSON_1>'s limit", "the account of <PERSON_1>". Who only wrote or said something is no customer.
pub(crate) fn asks_of_one(masked: &str) -> bool {
    OF_A_PERSON.is_match(&NO_CUSTOMER.replace_all(masked, " "))
}

static OF_A_PERSON: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:does|do|is|was|has|had|did|can|could|will|for|of|about|on|up|with)\s+(?:(?:the|our|my|mr|mrs|ms|miss|dr|customer|client)\.?\s+)*<PERSON_\d+>|<PERSON_\d+>(?:['\u{2019}]|\s+(?:file|accounts?|arrears|balance|limits?|loans?|mortgage|card|records?|application|details|history)\b)",
    )
});
/// A colleague, or whoever wrote something.
static NO_CUSTOMER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:e-?mails?|notes?|memos?|messages?|polic(?:y|ies)|letters?|words?)\s+(?:of|from|by)\s+<PERSON_\d+>|<PERSON_\d+>\s+(?:from|in|of)\s+(?:the\s+)?(?:compliance|risk|legal|lending|credit|product|operations|audit|head)\b",
    )
});

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by the test of this file")]
    Regex::new(source).expect("a constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_customer_is_asked_about() {
        for message in [
            "does <PERSON_1> have a hardship arrangement",
            "what is <PERSON_1>'s limit",
            "look up the account of <PERSON_1>",
            "is <PERSON_2> a Gold customer",
            "what limit was set for Mr <PERSON_1>?",
            "what limit does the customer <PERSON_1> have",
            "balance of our client <PERSON_1>",
            "pull <PERSON_1> file",
            "check <PERSON_1> arrears",
            "what's <PERSON_1>' limit",
        ] {
            assert!(asks_of_one(message), "{message}");
        }
        for message in [
            "<PERSON_1> asked me what the cheque limit is",
            "what is the hardship policy",
            "ask <PERSON_1>",
            "per the email of <PERSON_1>, what is the cheque limit",
            "did <PERSON_1> from compliance publish the new cheque policy?",
        ] {
            assert!(!asks_of_one(message), "{message}");
        }
    }
}
