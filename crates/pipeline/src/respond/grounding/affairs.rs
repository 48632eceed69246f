//! What only the bank's books can say: that somebody's card was blocked, a loan is approved, fraud was found.
//! Documents speak of what happens, not of what has happened to the person who asks.

use std::sync::LazyLock;

use regex::Regex;

/// What a thing of the person's own may be said to be.
const STATES: &str = "approved|pre-?approved|declined|rejected|refused|blocked|frozen|locked|unlocked|suspended|cancelled|closed|overdrawn|hacked|compromised|stolen|lost|overdue|due|at risk|under (?:review|attack|investigation)|in danger|unsafe|empty|pending|on (?:its|the) way|delayed|expired|verified|unverified|insufficient|limited|restricted|flagged|confirmed|complete|ready|active|held|on hold|returned|missing|found|refunded|disputed|in arrears|in default";
/// What the person may be said to be.
const PERSONAL: &str = "overdrawn|approved|pre-?approved|eligible|ineligible|in arrears|in default|behind|late|owed|hacked|blocked|verified|selected|a victim|at risk|in debt|insured|entitled";
/// Past forms.
const PAST: &str = r"(?:[a-z]+ed|found|lost|gone|sent|paid|won|run|seen|frozen|stolen|made|given|taken|held|put|set|got|withdrawn|broken|drawn|written|met|left|sold|bought|chosen)";
/// What a bank does to somebody's affairs.
const DONE: &str = "found|detected|noticed|seen|saw|discovered|identified|spotted|blocked|locked|unlocked|cancelled|declined|approved|rejected|refused|refunded|charged|closed|froze|frozen|opened|received|stopped|flagged|transferred|deducted|credited|debited|suspended|removed|reviewed|verified|confirmed|registered|recorded|ordered|issued|posted|activated|investigated|recovered|reversed|moved|sent|paid|waived|deposited|withdrew|increased|reduced|raised|lowered|reported|contacted|called";

/// What has happened to whomever.
#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
static EVENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"\b(?:has|have|had|was|were|'ve)(?: not| already| just| now| recently| never)? (?:been )?{PAST}\b"
    ))
    .expect("a constant pattern")
});

/// Such a claim, each kind with a pattern.
#[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
static AFFAIRS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        format!(
            r"\byour (?:[\w'-]+ ){{1,5}}?(?:(?:was|were|is being|are being|will have been)(?: [a-z]+)?|(?:has|have|had|'ve)(?: already| just| now| recently| not)? (?:been [a-z]+|{PAST}))\b"
        ),
        format!(r"\byour (?:[\w'-]+ ){{1,5}}?(?:is|are)(?: now| already| currently| not| still)? (?:{STATES})\b"),
        format!(r"\byou(?:'ve| have)(?: already| just| now| recently| not| never)? (?:been )?{PAST}\b|\byou were\b|\byou(?:'re| are)(?: now| already| currently| not| still)? (?:{PERSONAL})\b|\byou owe\b|\byou still owe\b"),
        format!(r"\b(?:we|bank|staff|team|system|i)(?: have|'ve| has| had)?(?: already| just| now| recently| also)? (?:{DONE})\b"),
        r"\b(?:frauds?|scams?|thefts?|hack(?:s|ing|ers?)?|breach(?:es)?|malware|virus(?:es)?|(?:an? )?errors?|problems?|(?:suspicious|unusual|unauthorised|unauthorized|fraudulent|strange) [a-z]+) (?:was |were |has been |have been |is |are )?(?:found|detected|noticed|seen|identified|discovered|confirmed|spotted)\b".to_owned(),
        r"\b(?:there (?:is|was|has been|were|are)|we see|we have) (?:an? |some |unusual |new )?(?:problems?|issues?|holds?|blocks?|fraud|debts?|locks?|restrictions?|flags?|alerts?|warnings?|errors?|attempts?|charges?|payments?|transactions?|activity|money) (?:on|in|with|from|to) your\b".to_owned(),
        r"\b(?:somebody|someone|(?:a |the )?(?:strangers?|scammers?|criminals?|fraudsters?|thie(?:f|ves)|hackers?)) (?:has|have|is|are|was|were|got|took|knows?|uses?|used|stole) [^.;]{0,40}?\byour\b".to_owned(),
    ]
    .map(|pattern| Regex::new(&pattern).expect("a constant pattern"))
    .into()
});

/// The kind of them that says what something is.
const STATE: usize = 1;

/// Which kinds of claims about the person's own affairs a clause makes, and with what words.
fn made(said: &str, bank: &str) -> Vec<(usize, String)> {
    let mut lower = said.to_lowercase().replace('\u{2019}', "'");
    let bank = bank.to_lowercase();
    if !bank.is_empty() {
        lower = lower.replace(&bank, "bank");
    }
    let found = |(kind, pattern): (usize, &Regex)| {
        pattern
            .find(&lower)
            .filter(|m| !is_relative(&lower[..m.start()], m.as_str()))
            .map(|m| (kind, m.as_str().to_owned()))
    };
    AFFAIRS.iter().enumerate().filter_map(found).collect()
}

/// Whether a clause says what has happened.
fn happened(said: &str) -> bool {
    let lower = said.to_lowercase().replace('\u{2019}', "'");
    EVENT.find_iter(&lower).any(|event| !is_relative(&lower[..event.start()], event.as_str()))
}

/// "A card that was …", "what we found": it tells which, and not what happened.
fn is_relative(before: &str, found: &str) -> bool {
    let last = before.split_whitespace().next_back().unwrap_or_default();
    matches!(last, "that" | "which" | "who" | "what" | "whose") && !found.starts_with("your")
}

/// Whether a claim says something of the person's own affairs that its evidence does not say of the reader.
pub(super) fn invented(claim: &str, evidence: &str, bank: &str) -> bool {
    if happened(claim) && !happened(evidence) {
        return true;
    }
    let said = made(evidence, bank);
    let general = evidence.to_lowercase();
    made(claim, bank).iter().any(|(kind, words)| {
        // The last word is what happened: the evidence says the same of the same.
        let what = words.split_whitespace().next_back();
        // "Your account is closed within 2 days" is what becomes of any account.
        let becomes = |what: &str| ["is", "are"].iter().any(|be| general.contains(&format!("{be} {what}")));
        if *kind == STATE && claim.contains(|c: char| c.is_ascii_digit()) && what.is_some_and(becomes) {
            return false;
        }
        !said.iter().any(|(own, other)| own == kind && other.split_whitespace().next_back() == what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn makes(claim: &str) -> bool {
        invented(claim, "A replacement card is sent because we replace the card.", "Larkfield Bank")
    }

    #[test]
    fn what_only_the_books_can_say_is_known() {
        for claim in [
            "A fraud was found on your card.",
            "Fraud has been detected on the account.",
            "Larkfield Bank found fraud.",
            "We have blocked your card.",
            "We've refunded the fee.",
            "Your loan is approved.",
            "Your replacement card has been sent.",
            "Your account was closed.",
            "Your savings are at risk.",
            "You have been charged $10.",
            "You are eligible for a loan.",
            "You owe $10.",
            "There is a problem with your account.",
            "Suspicious activity was noticed.",
            "The other holder has withdrawn the money.",
            "Your payment is held.",
            "Somebody has your card number.",
        ] {
            assert!(makes(claim), "{claim}");
        }
    }

    #[test]
    fn what_documents_say_of_everybody_is_none() {
        for claim in [
            "A replacement card costs $10.",
            "Your card arrives in 5 to 7 business days.",
            "Your account has no monthly fee.",
            "You have 14 days to unlock the card.",
            "You have to report it.",
            "We send your card by post.",
            "A card that was reported lost is cancelled.",
            "You can lock your card in the app.",
            "You are charged a fee of $10.",
            "Larkfield Bank replaces the card.",
        ] {
            assert!(!makes(claim), "{claim}");
        }
    }

    #[test]
    fn what_the_evidence_says_of_its_reader_stands() {
        let evidence = "We have increased the limit, and your old card is cancelled.";
        assert!(!invented("We have increased the limit.", evidence, ""));
        assert!(!invented("Your old card is cancelled.", evidence, ""));
        assert!(invented("Your old card is blocked.", evidence, ""));
        let general = "An account is closed within 2 business days.";
        assert!(!invented("Your account is closed within 2 business days.", general, ""));
        assert!(invented("Your account is closed.", general, ""));
    }
}
