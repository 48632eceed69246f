//! What a message says is not so: "I am not in hardship, what is the late fee?" asks for a fee and raises nothing.
//!
//! Patterns and what was learned hear the words and not the "not" before them. So such a statement is left out before
//! triggers and intents are read; the guard, which hears cries for help, reads the message as it was written.
//!
//! It is left out only where nothing can depend on it: it is a clause of its own, a request stands beside it, and
//! nothing else of the message speaks of loss, crime, want or harm. In doubt the message is read as it stands, and a
//! person may get it.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use crate::requests;

/// A message denies no more than so many things.
const MOST: usize = 4;

/// The text without the statements that deny something; borrowed where none is left out.
pub(crate) fn without_denials(text: &str) -> Cow<'_, str> {
    let mut rest = Cow::Borrowed(text);
    for _ in 0..MOST {
        let Some(statement) = DENIAL.captures(&rest).and_then(|found| found.name("statement")) else { break };
        let (before, after) = (&rest[..statement.start()], &rest[statement.end()..]);
        let after = after.trim_start_matches([' ', ',', ';', '.', '!', '-', '\u{2013}', '\u{2014}']);
        rest = Cow::Owned(format!("{}{after}", before));
    }
    let rest = match rest {
        Cow::Owned(rest) => rest.trim().to_owned(),
        Cow::Borrowed(text) => return Cow::Borrowed(text),
    };
    if asks(&rest) && !ALARMS.is_match(&rest) { Cow::Owned(rest) } else { Cow::Borrowed(text) }
}

/// Whether what is left asks for something.
fn asks(rest: &str) -> bool {
    let rest_of_it = OPENING.replace(rest, "");
    rest.contains('?') || requests::is_request(&rest_of_it) || WANTS_TO_KNOW.is_match(&rest_of_it)
}

/// Whom nobody wants to speak to.
const PERSON: &str = "(?:anyone|anybody|someone|somebody|(?:a |an |any |the |real |live )*(?:human being|person|people|human|agent|adviser|advisor|operator|representative|rep|manager|staff))";
/// How a thing got lost.
const GONE: &str = "(?:lost|stolen|missing|hacked|cloned|compromised|nicked|pinched)";

/// A denial that is a clause of its own: from the beginning, or behind the end of another clause, to the end of its own.
static DENIAL: LazyLock<Regex> = LazyLock::new(|| {
    let not = "(?:do not|don['\u{2019}]?t|dinnae|did not|didn['\u{2019}]?t)";
    let am_not = "(?:i['\u{2019}]?m|i am|we['\u{2019}]?re|we are)(?: really| honestly| definitely)? not(?: at all| really)?";
    let statements = [
        format!("(?:i|we) (?:really |just )?{not} (?:want|need|wish|wanna|have)(?: to)?(?: be)? (?:talk|speak|chat|put through|transferred|passed)(?: to| with| on to)* {PERSON}"),
        format!("(?:please |pls )?(?:do not|don['\u{2019}]?t) (?:put|pass|transfer|connect|send) me (?:through |on |over )?(?:to )?{PERSON}"),
        format!("(?:there is |there['\u{2019}]?s )?no need (?:to|for me to) (?:talk|speak|chat)(?: to| with)? {PERSON}"),
        format!("{am_not} (?:in|having|facing|experiencing|under)(?: any| a| real)? ?(?:financial |money )?(?:hardship|difficult(?:y|ies)|trouble|arrears|stress)"),
        format!("{am_not} (?:distressed|upset|angry|complaining|struggling|(?:asking|looking) for (?:financial )?advice|behind (?:on|with) [^.,;:!?]{{1,40}})"),
        "it(?:['\u{2019}]?s| is) not that (?:i|we) (?:can['\u{2019}]?t|cannot|can not) (?:pay|afford)(?: it| them)?".to_owned(),
        format!("(?:my|the|our) (?:\\w+ )?(?:card|cards|phone|wallet|purse) (?:is not|isn['\u{2019}]?t|was not|wasn['\u{2019}]?t|has not been|hasn['\u{2019}]?t been) {GONE}(?:,? (?:or|nor|and) {GONE})*"),
        format!("(?:i|we) (?:really |just )?{not} need {PERSON}"),
        format!("(?:a |the )?card (?:is not|isn['\u{2019}]?t|was not|wasn['\u{2019}]?t) {GONE}(?:,? (?:or|nor|and) {GONE})*"),
        "(?:nobody|no one|no-one)(?: has| is)? (?:scammed|hacked|robbed|defrauded|forced|forcing|pressuring|pressured) (?:me|us)".to_owned(),
        "(?:i|we) (?:was not|wasn['\u{2019}]?t|were not|weren['\u{2019}]?t|am not being|are not being) (?:scammed|hacked|robbed|forced|pressured)(?: by (?:anyone|anybody))?".to_owned(),
        "i['\u{2019}]?m not being (?:forced|pressured|scammed)(?: by (?:anyone|anybody))?".to_owned(),
        "(?:i|we) (?:have not|haven['\u{2019}]?t) (?:lost (?:my|the|our) (?:card|phone|wallet|purse)|been (?:scammed|hacked|robbed|defrauded))".to_owned(),
        "(?:i|we) (?:do not|don['\u{2019}]?t) want to (?:complain|(?:make|lodge) a complaint)|this is(?:n['\u{2019}]?t| not) a complaint".to_owned(),
    ];
    let tail =
        "(?: (?:at all|or anything|right now|now|today|at the moment|at present|thanks|thank you|please))*";
    pattern(&format!(
        r"(?i)(?:^|[.,;:!?(\n\u{{2013}}\u{{2014}}-]\s*|\b(?:hi|hello|hey|look|well|ok)\s+)(?P<statement>(?:(?:and|so|no)\s+)?(?:{}){tail}\s*(?:[.,;:!)\n\u{{2013}}\u{{2014}}]+|\s-\s|$))",
        statements.join("|")
    ))
});

/// What stands before a request and asks for nothing.
static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^(?:(?:and|so|but|i|we|just|only|simply|really|please|pls|hi|hello|hey)[, ]+)*")
});
static WANTS_TO_KNOW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^(?:want|wanted|need|wish|would like|(?:am|was) wondering|wondering)\b"));

/// What else a message may speak of: with it nothing is left out.
static ALARMS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:lost|stole|missing|hack|clon|compromis|nick|pinch|scam|fraud|rob|someone|somebody|hardship|arrears|can['\u{2019}]?t (?:pay|afford|cope|go)|cannot (?:pay|afford|cope|go)|struggl|lied|rude|hurt|hit(?:s|ting)? me|dead|die|dying|kill|suicid|live any|alive|anymore|any more|lawyer|ombudsman)",
    )
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
            ("I don't want to talk to a person, just tell me the ATM limit", "just tell me the ATM limit"),
            ("I don't want to talk to a human being, what is the limit?", "what is the limit?"),
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
            ("How do I pay? I have not been scammed.", "How do I pay?"),
            (
                "no i havent lost my card, I only want to know what a replacement costs",
                "I only want to know what a replacement costs",
            ),
            (
                "nobody has scammed me, I just want to know how to spot a fake text",
                "I just want to know how to spot a fake text",
            ),
            ("I'm not being forced by anyone. How do I add a signatory?", "How do I add a signatory?"),
            (
                "dont need a person thanks, just the opening hours",
                "dont need a person thanks, just the opening hours",
            ),
            ("I don't need a person. What are the opening hours?", "What are the opening hours?"),
            ("my card is not lost. I am not in hardship. what is the late fee?", "what is the late fee?"),
            ("I'm not behind on my credit card payments, what is the late fee", "what is the late fee"),
        ] {
            assert_eq!(without_denials(message), rest, "{message}");
        }
    }

    #[test]
    fn what_something_depends_on_stays() {
        for message in [
            "I don't want to talk to a robot",
            "I don't want to live",
            "I don't want to talk to anyone or live any more",
            "I don't want to talk to anyone. I don't want to be here anymore. How do I leave it all to my son?",
            "I am not able to pay",
            "why don't you let me speak to a person",
            "you don't want me to speak to a person",
            "I can't speak to anyone about what he does to me",
            "I don't want to speak to anyone but the manager",
            "I don't want to speak to anyone except a real person",
            "Please do not send me people's bills",
            "my card is not working",
            "I am not sure what to do, I was scammed",
            "my card was stolen",
            "My card was not lost, it was stolen",
            "My card was not stolen but cloned",
            "my card wasn't stolen but somebody used it",
            "my card wasn't stolen, how do I block it, somebody used it",
            "We are not behind on our mortgage yet but we will be next month",
            "I'm not in arrears yet but will be by Friday",
            "I'm not in hardship but my mother is",
            "I haven't been scammed yet but a man keeps calling",
            "My card isn't lost but my husband's is",
            "There is a $900 payment to CoinX, I'm not behind it",
            "I don't want to complain, but your staff lied to me",
            "I don't want to make a complaint by email, can I do it on the phone?",
            "I don't want to talk to a person",
        ] {
            assert_eq!(without_denials(message), message);
        }
    }
}
