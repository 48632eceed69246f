//! Orders that only fraudsters give: a code or PIN for somebody, money into a "safe account", gift cards,
//! a program that hands the screen over. A bank says such words to warn; what it says itself without a
//! warning stays allowed.

use std::sync::LazyLock;

use regex::Regex;

use crate::patterns::compiled;

use crate::normal::Normal;

/// Before an order: the beginning of a clause, or a word that urges.
const OPENS: &str = r"(?:^|[,;:.!?\n(/-]\s*|\b(?:please|then|just|simply|now|and|or|first|kindly|must|should|to|can|could|may|might|will|shall|so|also|always|immediately|quickly|you|have|need)\s+)";
/// What proves to a machine who somebody is.
const SECRET: &str = r"(?:(?:[a-z0-9]+[ -]){0,3}?(?:codes?|passcodes?|otps?|pins?|pin numbers?|passwords?|passphrases?|cvvs?|cvcs?|tokens?|security numbers?)|(?:last |first )?(?:three|3|four|4) (?:digits|numbers) (?:on|from|at) the back|(?:seed|recovery) phrases?|secret answers?)\b";
/// Who asks for it, or where it is to be written.
const TAKER: &str = r"(?:(?:us|me|him|her|them|support)\b|(?:the |an? |our |my )(?:[a-z]+ )?(?:caller|agent|officer|operator|assistant|bot|staff|team|colleague|specialist|technician|investigator|staff member)\b|our [a-z]+\b)";

/// Name and pattern of each kind of order; `order` is where it begins.
fn patterns() -> Vec<(&'static str, String)> {
    vec![
        (
            "secret",
            format!(
                r"(?i){OPENS}(?P<order>(?:give|tell|read|send|share|text|e-?mail|forward|provide|disclose|reveal|supply|confirm|say|hand|submit|show|repeat|dictate|quote|message|pass|reply|respond)\s+(?:to |out to |out |over |back )?(?:(?:it|this|that) )?{TAKER}[^.!?\n]{{0,40}}?\b{SECRET})"
            ),
        ),
        (
            "secret",
            format!(
                r"(?i){OPENS}(?P<order>(?:give|tell|read|send|share|text|e-?mail|forward|provide|disclose|reveal|supply|confirm|say|type|enter|hand|submit|show|repeat|dictate|quote|write|message|post|pass)\s[^.!?\n,;]{{0,40}}?\b{SECRET}[^.!?\n]{{0,25}}?\s(?:(?:to|with|by|in|into|over|via|on)\s+(?:{TAKER}|this (?:chat|message|page|form|link|call)|the (?:chat|caller|link|message)|your (?:reply|message)|reply|return|e-?mail|sms|text)|here|below|back to)\b)"
            ),
        ),
        (
            "secret",
            format!(
                r"(?i){OPENS}(?P<order>(?:tell|read out|read|share|disclose|reveal|dictate|forward|hand over|text|e-?mail|reply with|respond with|reply to us with|message)\s+(?:out |over |back )?(?:(?:the|your|that|this|any|all|every)\s+){SECRET})"
            ),
        ),
        (
            "safe_account",
            r"(?i)\b(?P<order>(?:move|transfer|send|put|shift|deposit|pay|place|wire|withdraw|park)(?:s|d|ed|red|ing)?\s[^.!?\n]{0,60}?\b(?:into|to|in)\s+(?:an? |the |our |this |your |that |one of our )?(?:[a-z]+ ){0,2}?(?:safe|safer|safety|safekeeping|secure|secured|protected|protection|protective|escrow|quarantine|police|government|investigation|temporary|fraud)\s+(?:[a-z]+\s+)?(?:accounts?|wallets?|vaults?)\b)".to_owned(),
        ),
        (
            "gift_card",
            r"(?i)\b(?P<order>(?:gift|itunes|steam|google play|vanilla|razer)[ -]?(?:gift )?(?:cards?|vouchers?|codes?)|bitcoins?|btc|ethereum|usdt|dogecoins?|crypto(?:currency|currencies)?|western union|money ?gram)\b".to_owned(),
        ),
        (
            "remote_access",
            r"(?i)\b(?P<order>any ?desk|team ?viewer|ultra ?viewer|quick ?assist|rust ?desk|log ?me ?in|supremo|splashtop|screen ?connect|chrome remote desktop|(?:remote|screen)[ -](?:access|control|desktop|sharing|share|support) (?:app|application|program|programme|software|tool|session)s?|(?:give|grant|allow|let|hand)\s[^.!?\n]{0,30}?\b(?:remote access|(?:access to|control of|control over) (?:your|the) (?:computer|device|screen|phone|laptop|pc|desktop))|(?:install|download|start|open|run)\s[^.!?\n]{0,30}?\bremote (?:access|control|desktop)|share (?:your|the) screen)\b".to_owned(),
        ),
        (
            "secrecy",
            r"(?i)\b(?P<order>(?:do not|don't|never|not to) (?:tell|inform|call|contact|warn|mention (?:this|it|that) to|speak to|talk to|speak with|talk with)\s+(?:the police|police|your (?:family|husband|wife|partner|children|son|daughter|friends|bank|branch)|the (?:bank|branch|teller)|branch staff|bank staff)|keep (?:this|it|that) (?:a secret|secret|confidential|between us|to yourself)|lie to)\b".to_owned(),
        ),
        (
            "handover",
            r"(?i)\b(?P<order>(?:hand|give|post|mail|pass|surrender|send)\s[^.!?\n]{0,40}?\b(?:cards?|cash|phone|cheque ?books?)\b[^.!?\n]{0,30}?\bto (?:an? |the |our |my )(?:[a-z]+ )?(?:courier|driver|messenger|officer|policeman|police|detective|taxi)\b)".to_owned(),
        ),
    ]
}

static ORDERS: LazyLock<Vec<(&str, Regex)>> =
    LazyLock::new(|| patterns().into_iter().map(|(name, p)| (name, compiled(&p))).collect());

/// Directly before an order a denial; before it in its clause somebody else who asks; or the bank itself, which
/// does it. A denial of something else ("if this was not you, …") excuses nothing.
static WARNS: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)\b(?:never|not|cannot|\w+n't|refuse to|beware of|instead of|rather than)(?:\s+(?:ever|to|\w+ly))*\s*$",
        r"|\b(?:if|when|whenever|anyone|anybody|someone|somebody|scams?|scammers?|fraudsters?|criminals?|thie(?:f|ves)|callers?|strangers?|imp[oe]stors?)\b",
        r"[^.!?\n]{0,50}\b(?:ask|asks|asked|asking|want|wants|tells?|told|claims?|pretends?|try|tries|uses?|demands?|requests?|says?|pressures?|promises?|offers?)\b",
        r"|\b(?:we|it|they|the bank|the app|the system|(?:bank )?staff)(?:\s+(?:will|can|may|shall|then|also|\w+ly))*\s*$",
    ))
});

/// The same said of a whole list: "We never ask you to move money, read out a code or …".
static NOBODY_ASKS: LazyLock<Regex> = LazyLock::new(|| {
    compiled(concat!(
        r"(?i)\b(?:never|not|\w+n't|nobody|no one|no-one|no (?:real |genuine |honest )?(?:bank|company|authority|employee))\b",
        r"[^.!?\n]{0,60}\b(?:ask|asks|asked|request|requests|demand|demands|want|wants) (?:you|for|to|that|anyone|anybody|customers|people|them|a|the)\b",
    ))
});

/// Builds the tables, so that the first answer doesn't wait for them.
pub(super) fn prepare() {
    LazyLock::force(&ORDERS);
    LazyLock::force(&WARNS);
    LazyLock::force(&NOBODY_ASKS);
}

/// The kinds of orders that a text (folded) gives and the evidence does not.
pub(super) fn given(text: &str, evidence: &[&str]) -> Vec<&'static str> {
    let mut found: Vec<&'static str> = Vec::new();
    for (name, pattern) in ORDERS.iter().filter(|(_, pattern)| orders(pattern, text)) {
        let said = || evidence.iter().any(|e| orders(pattern, Normal::new(e).text()));
        if !found.contains(name) && !said() {
            found.push(*name);
        }
    }
    found
}

/// Whether a text gives such an order and doesn't warn of it.
fn orders(pattern: &Regex, text: &str) -> bool {
    pattern.captures_iter(text).filter_map(|found| found.name("order")).any(|order| {
        let before = &text[..order.start()];
        let sentence = before.rsplit(['.', '!', '?', '\n']).next().unwrap_or("");
        let clause = sentence.rsplit([',', ';', ':', '(']).next().unwrap_or("");
        let clause = clause.rsplit(" - ").next().unwrap_or("");
        // What stands before a colon is said of something else.
        let sentence = sentence.rsplit([';', ':']).next().unwrap_or("");
        !WARNS.is_match(clause) && !NOBODY_ASKS.is_match(sentence)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_fraudsters_order_is_found() {
        for (text, kind) in [
            ("A card costs $10, read us the one-time code.", "secret"),
            ("A card costs $10; please tell me your PIN.", "secret"),
            ("Reply with your password.", "secret"),
            ("You must share the security code with our agent.", "secret"),
            ("Type your PIN below.", "secret"),
            ("Send the 6-digit code to our fraud team.", "secret"),
            ("Give us the last three digits on the back.", "secret"),
            ("We ask you to read out the verification code.", "secret"),
            ("A card costs $10, move your money to a safe account.", "safe_account"),
            ("Your savings must be transferred into our secure holding account.", "safe_account"),
            ("A card costs $10 in gift cards.", "gift_card"),
            ("Pay with iTunes vouchers.", "gift_card"),
            ("It costs 10 bitcoin.", "gift_card"),
            ("Install AnyDesk and open it.", "remote_access"),
            ("Let our technician have control of your computer.", "remote_access"),
            ("Share your screen with us.", "remote_access"),
            ("Don't tell the police.", "secrecy"),
            ("Keep this between us.", "secrecy"),
            ("Give the old card to our courier.", "handover"),
            ("This is no scam: move your money to a safe account.", "safe_account"),
            ("Don't worry, read us the one-time code.", "secret"),
            ("If this was not you, move your money to a safe account.", "safe_account"),
            ("Without delay move your money to a safe account.", "safe_account"),
        ] {
            assert_eq!(given(text, &[]), [kind], "{text}");
        }
    }

    #[test]
    fn what_a_bank_says_is_none() {
        for text in [
            "Never share your PIN with anyone.",
            "We never ask you to move your money to a safe account.",
            "We never ask you to move money to a safe account, read out a code or install AnyDesk.",
            "If a caller asks you to read out a one-time code, hang up.",
            "Nobody from the bank asks for gift cards.",
            "Scammers ask for gift cards or bitcoin.",
            "Do not tell anyone your password.",
            "Confirm with your app passcode.",
            "Enter your PIN at the terminal.",
            "Enter the one-time code in the app.",
            "We send a one-time code to your phone.",
            "The app will then show your PIN for ten seconds.",
            "You give us a police report number.",
            "Transfer your savings to a new account.",
            "You can change the PIN at any branch machine.",
            "Give your new card number to businesses that charge it.",
            "Hand form KT-4 to the Kite Desk before noon.",
            "Call us and tell us why: damaged, lost or stolen.",
            "The bank keeps your documents in a safe place.",
        ] {
            assert_eq!(given(text, &[]), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn what_the_evidence_says_itself_is_allowed_and_what_it_warns_of_is_not() {
        let order = "Read the one-time code to our staff member.";
        assert_eq!(given(order, &["At the counter, read the one-time code to our staff member."]), [""; 0]);
        assert_eq!(given(order, &["Never read a one-time code to a staff member."]), ["secret"]);
        let gift = "A gift card costs $5.";
        assert_eq!(given(gift, &["Our gift cards cost $5."]), [""; 0]);
        assert_eq!(given(gift, &["No bank asks for gift cards."]), ["gift_card"]);
    }
}
