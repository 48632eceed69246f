//! What was said before a message: which values it makes one expect.

use super::{
    cues::Cue,
    dialogue::is_filler,
    lexicon::traits as t,
    numbers::Numbers,
    page::{Gap, Kind, Page},
    placeholders,
};
use crate::PersonalType as P;

/// What was said in the turn before, masked.
#[derive(Clone, Copy, Default)]
pub(crate) struct Before<'b> {
    /// What the person asked.
    pub(crate) question: &'b str,
    /// What the person was shown then.
    pub(crate) answer: &'b str,
}

/// Of a long answer the end counts, where questions stand.
const MOST_SENTENCES: usize = 12;

/// What is expected of a message, from what was said.
pub(super) struct Expected {
    pub(super) cue: Cue,
    /// It was asked for, or announced; not only spoken of.
    pub(super) asked: bool,
    /// The assistant said it.
    answered: bool,
}

/// What a message is read behind, for a cue, and what may be found then.
pub(super) fn behind(cue: Cue) -> Option<(&'static str, &'static [P])> {
    Some(match cue {
        Cue::Otp | Cue::Code => ("my one-time code is", &[P::Otp]),
        Cue::Pin => ("my pin is", &[P::Pin]),
        Cue::Cvv => ("the cvv is", &[P::Cvv]),
        Cue::Password => ("my password is", &[P::Password]),
        Cue::Card => ("my card number is", &[P::CreditCard]),
        Cue::Expiry => ("the card expiry date is", &[P::CardExpiry]),
        Cue::Account => ("my account number is", &[P::AccountNumber, P::Iban]),
        Cue::Bsb => ("the bsb is", &[P::BankRouting]),
        Cue::SortCode => ("the sort code is", &[P::BankRouting]),
        Cue::Routing => ("the routing number is", &[P::BankRouting]),
        Cue::Iban => ("the iban is", &[P::Iban]),
        Cue::CustomerId => ("my customer number is", &[P::CustomerId]),
        Cue::Username => ("my username is", &[P::CustomerId]),
        Cue::Ssn => ("my social security number is", &[P::Ssn]),
        Cue::TaxFile => ("my tax file number is", &[P::TaxId]),
        Cue::PanCard => ("my pan number is", &[P::TaxId]),
        Cue::Aadhaar => ("my aadhaar number is", &[P::NationalId]),
        Cue::Nino => ("my national insurance number is", &[P::NationalId]),
        Cue::Identity => ("my identity card number is", &[P::NationalId]),
        Cue::TaxAbroad => ("my steuer id is", &[P::TaxId]),
        Cue::Medicare => ("my medicare number is", &[P::NationalId]),
        Cue::Passport => ("my passport number is", &[P::Passport]),
        Cue::Licence => ("my driver licence number is", &[P::DriverLicence]),
        Cue::Birth => ("my date of birth is", &[P::DateOfBirth]),
        Cue::Phone => ("my phone number is", &[P::Phone]),
        Cue::Address => ("my address is", &[P::Address]),
        Cue::Postcode => ("my postcode is", &[P::Address]),
        Cue::ApiKey => ("the api key is", &[P::ApiKey]),
        _ => return None,
    })
}

/// The numbers of the turn before: who repeats one of them gives nothing away.
pub(super) fn numbers_said(before: Before<'_>) -> Vec<String> {
    let mut said = Vec::new();
    for text in [before.question, before.answer] {
        // "2,500" and "2500" are one number.
        let plain: String = text.chars().filter(|c| *c != ',').collect();
        let numbers = plain.split(|c: char| !c.is_ascii_digit()).filter(|n| n.len() >= 3);
        said.extend(numbers.map(str::to_owned));
    }
    said
}

/// What a sentence says that asks how much, how many or when: a number behind it is that.
fn asks_for_an_amount(page: &Page<'_>) -> bool {
    (0..page.tokens.len()).any(|i| {
        let next = |words: &[&str]| words.iter().any(|w| page.is(i + 1, w));
        page.is(i, "amount")
            || page.is(i, "when")
            || page.is(i, "how") && next(&["much", "many", "long", "often", "old", "far", "big", "high"])
            || (page.is(i, "which") || page.is(i, "what")) && next(&["year", "month", "time", "price", "sum"])
    })
}

/// A sentence on limits and fees: a number behind it is another of them.
fn speaks_of_money(page: &Page<'_>) -> bool {
    let words = [
        "limit", "limits", "fee", "fees", "cost", "costs", "price", "prices", "rate", "rates", "interest",
        "charge", "charges", "$", "£", "€",
    ];
    (0..page.tokens.len())
        .any(|i| words.iter().any(|w| page.is(i, w)) || page.has(i, t::CURRENCY) && !page.has(i, t::FUNCTION))
}

/// What is expected, what was asked for first, and of that the latest; and whether a name is.
pub(super) fn expectations(before: Before<'_>) -> (Vec<Expected>, bool) {
    let mut expected: Vec<Expected> = Vec::new();
    let mut named = false;
    for (text, answered) in [(before.answer, true), (before.question, false)] {
        let sentences = sentences(text);
        for sentence in sentences.iter().rev().take(MOST_SENTENCES) {
            let page = Page::new(sentence, &placeholders(sentence));
            let amount = asks_for_an_amount(&page);
            if amount && answered && is_question(sentence) {
                // The assistant asks how much: a number is that.
                return (Vec::new(), false);
            }
            let asked = if answered { asks(&page) } else { announces(&page) };
            if amount || !asked && speaks_of_money(&page) {
                continue;
            }
            named |= asked && names(&page);
            for hit in &page.cues {
                let cue = match hit.cue {
                    Cue::Code if !sent(&page) => continue,
                    cue => cue,
                };
                if !expected.iter().any(|e| e.cue == cue && e.asked == asked && e.answered == answered) {
                    expected.push(Expected { cue, asked, answered });
                }
            }
        }
    }
    // What a person spoke of is nearer than what a long answer touched.
    expected.sort_by_key(|e| (!e.asked, e.answered));
    (expected, named)
}

/// Sentences and lines, roughly: a full stop inside a number ends one, too, and no harm is done.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['.', '!', '?', '\n']).filter(|s| s.contains(char::is_alphanumeric)).collect()
}

fn is_question(sentence: &str) -> bool {
    sentence.trim_end().ends_with('?')
}

/// Whether the assistant asks the person for something here. A step of instructions ("enter the code") and
/// a question about a thing ("is the name the same?") do not.
fn asks(page: &Page<'_>) -> bool {
    let has = |words: &[&str]| (0..page.tokens.len()).any(|i| words.iter().any(|w| page.is(i, w)));
    let denied = has(&["never", "not", "don't", "dont", "won't", "cannot", "nobody"]);
    has(&["your", "you", "what", "what's", "may", "who"]) && is_question(page.text)
        || has(&["please"]) && has(&["your", "the"]) && !denied
}

/// Whether the person announces a value that the message did not carry: "my password is:".
fn announces(page: &Page<'_>) -> bool {
    let Some(last) = page.tokens.len().checked_sub(1) else { return false };
    let link = ["is", "are", "was", ":", "=", "it's", "its"];
    is_question(page.text) && page.is(0, "should")
        || (last.saturating_sub(3)..=last).any(|i| link.iter().any(|w| page.is(i, w)))
}

/// "a code by text": what is sent to a person and typed by them.
fn sent(page: &Page<'_>) -> bool {
    let words = [
        "sms",
        "text",
        "texted",
        "sent",
        "send",
        "received",
        "receive",
        "got",
        "get",
        "phone",
        "app",
        "enter",
        "login",
        "verification",
        "verify",
        "authenticator",
        "email",
        "message",
    ];
    (0..page.tokens.len()).any(|i| words.iter().any(|w| page.is(i, w)))
}

/// Whether a sentence asks for a person's name.
fn names(page: &Page<'_>) -> bool {
    (0..page.tokens.len()).any(|i| {
        let of = |words: &[&str]| i > 0 && words.iter().any(|w| page.is(i - 1, w));
        page.is(i, "surname")
            || page.is(i, "name")
                && of(&["your", "full", "first", "last", "family", "my", "the", "maiden", "whose"])
                && !page.is(i + 1, "of")
            || i == 0 && page.is(i, "who") && (page.is(i + 1, "am") || page.is(i + 1, "is"))
    })
}

/// The kind of the number that ends the message before, so that more of it may follow.
pub(super) fn unfinished(before: Before<'_>) -> Option<P> {
    let asked = |s: &&str| is_question(s) && asks_for_an_amount(&Page::new(s, &[]));
    if sentences(before.answer).iter().any(asked) {
        return None;
    }
    let text = before.question;
    let masked = placeholders(text);
    let page = Page::new(text, &masked);
    let last = (0..page.tokens.len()).rev().find(|i| {
        let placeholder = masked.iter().any(|(start, _)| *start == page.start(*i));
        placeholder || !is_filler(&page, *i) && page.tokens[*i].kind != Kind::Mark
    })?;
    if let Some((start, end)) = masked.iter().find(|(start, _)| *start == page.start(last)) {
        let kind = text[start + 1..end - 1].rsplit_once('_')?.0.parse::<P>().ok()?;
        return is_number(kind).then_some(kind);
    }
    let number = page.is_digits(last) || page.entry(last).spoken.is_some();
    // Its cue must stand before it, on the same line.
    let (hit, _) = page.cues_before(last, 8).next()?;
    let line = (hit.last..=last).all(|i| i == hit.last || page.gap(i) != Gap::Break);
    let amount = Numbers::read(&page).units.last().is_none_or(|u| u.amount);
    (number && line && !amount)
        .then(|| behind(hit.cue))?
        .and_then(|(_, kinds)| kinds.first().copied())
        .filter(|k| is_number(*k))
}

/// What may be written in digits alone.
pub(super) const fn is_number(kind: P) -> bool {
    matches!(
        kind,
        P::CreditCard
            | P::AccountNumber
            | P::BankRouting
            | P::Iban
            | P::Ssn
            | P::TaxId
            | P::NationalId
            | P::CustomerId
            | P::Phone
            | P::Otp
            | P::Pin
            | P::Cvv
            | P::CardExpiry
            | P::DateOfBirth
            | P::Passport
            | P::DriverLicence
    )
}
