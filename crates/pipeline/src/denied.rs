//! What a message says is not so: "I am not in hardship, what is the late fee?" asks for a fee and raises nothing.
//!
//! Patterns and what was learned hear the words and not the "not" before them. So such a statement is left out before
//! triggers and intents are read; the guard, which hears cries for help, reads the message as it was written. Statements
//! about one's life are never left out, and nothing is where the denial itself is the complaint ("you don't let me
//! speak to a person").

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

/// The text without the statements that deny something; borrowed where there is none.
pub(crate) fn left_out(text: &str) -> Cow<'_, str> {
    match DENIALS.is_match(text) {
        true => {
            let rest = DENIALS.replace_all(text, "$lead");
            Cow::Owned(
                rest.trim_start_matches([' ', ',', ';', '.', '-', '\u{2013}', '\u{2014}']).trim().to_owned(),
            )
        }
        false => Cow::Borrowed(text),
    }
}

/// Whom nobody wants to speak to.
const PERSON: &str = "(?:anyone|anybody|someone|somebody|(?:a |an |any |the |real |live )*(?:person|people|human|human being|agent|adviser|advisor|operator|rep|representative|manager|staff))";
/// How a thing got lost.
const GONE: &str = "(?:lost|stolen|missing|hacked|cloned|compromised|nicked|pinched)";

static DENIALS: LazyLock<Regex> = LazyLock::new(|| {
    let not = "(?:do not|don['\u{2019}]?t|dinnae|did not|didn['\u{2019}]?t)";
    let am_not = "(?:i['\u{2019}]?m|i am|we['\u{2019}]?re|we are)(?: really| honestly| definitely)? not(?: at all| really)?";
    let statements = [
        format!("(?:i|we) (?:really |just )?{not} (?:want|need|wish|wanna|have)(?: to)?(?: be)? (?:talk|speak|chat|put through|transferred|passed)(?: to| with| on to)* {PERSON}"),
        format!("(?:please |pls )?(?:do not|don['\u{2019}]?t) (?:put|pass|transfer|connect|send) me (?:through |on |over )?(?:to )?{PERSON}"),
        format!("(?:there is |there['\u{2019}]?s )?no need (?:to|for me to) (?:talk|speak|chat)(?: to| with)? {PERSON}"),
        format!("{am_not} (?:in|having|facing|experiencing|under)(?: any| a| real)? ?(?:financial |money )?(?:hardship|difficult(?:y|ies)|trouble|arrears|stress)"),
        format!("{am_not} (?:distressed|upset|angry|complaining|struggling|asking for (?:financial )?advice|looking for (?:financial )?advice|behind(?: on (?:my|the|our) \\w+)?)"),
        "it(?:['\u{2019}]?s| is) not that (?:i|we) (?:can['\u{2019}]?t|cannot|can not) (?:pay|afford)(?: it| them)?".to_owned(),
        format!("(?:my|the|our) (?:\\w+ )?(?:card|cards|phone|wallet|purse) (?:is not|isn['\u{2019}]?t|was not|wasn['\u{2019}]?t|has not been|hasn['\u{2019}]?t been) {GONE}(?:,? (?:or|nor|and) {GONE})*"),
        "(?:i|we) (?:have not|haven['\u{2019}]?t) (?:lost (?:my|the|our) (?:card|phone|wallet|purse)|been (?:scammed|hacked|robbed|defrauded))".to_owned(),
        "(?:i|we) (?:do not|don['\u{2019}]?t) want to (?:complain|(?:make|lodge) a complaint)|this is(?:n['\u{2019}]?t| not) a complaint".to_owned(),
    ];
    // To the end of the clause: "I am not in hardship at the moment".
    let tail = "(?: (?:yet|at all|or anything|right now|now|today|at the moment|at present|thanks|thank you|please))*";
    pattern(&format!(
        r"(?i)(?P<lead>^|[.,;!?\n-]\s*|\b(?:and|but|so|hi|hello|hey|look|well|ok)\s+)(?:{}){tail}\b[.,;!:]?\s*(?:(?:and|but|so|just|only)\s+)*",
        statements.join("|")
    ))
});

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
    Regex::new(source).expect("a constant pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_is_left_out_and_the_request_stays() {
        for (message, rest) in [
            (
                "I am not in hardship, I just want to know the late payment fee",
                "I just want to know the late payment fee",
            ),
            (
                "We are not in financial difficulty. Are there fees for extra repayments?",
                "Are there fees for extra repayments?",
            ),
            ("I don't want to talk to a person, just tell me the ATM limit", "tell me the ATM limit"),
            (
                "please don't put me through to anyone, how do I reset my password",
                "how do I reset my password",
            ),
            ("my card isn't lost or stolen, how do I set a PIN?", "how do I set a PIN?"),
            (
                "I\u{2019}m not distressed, what's the fee for the Gold card?",
                "what's the fee for the Gold card?",
            ),
            (
                "It's not that I can't pay, I simply want to know the late fee",
                "I simply want to know the late fee",
            ),
            ("I do not need to speak to anyone", ""),
            ("How do I pay? I have not been scammed.", "How do I pay?"),
        ] {
            assert_eq!(left_out(message), rest, "{message}");
        }
    }

    #[test]
    fn what_is_no_denial_stays() {
        for message in [
            "I don't want to talk to a robot",
            "I don't want to live",
            "I am not able to pay",
            "why don't you let me speak to a person",
            "you don't want me to speak to a person",
            "I can't speak to anyone about what he does to me",
            "my card is not working",
            "I am not sure what to do, I was scammed",
            "my card was stolen",
        ] {
            assert_eq!(left_out(message), message);
        }
    }
}
