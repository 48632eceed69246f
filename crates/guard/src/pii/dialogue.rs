//! A message in the light of the turn before: "4821" after "what is your one-time code?" is a code, and
//! "1111 1111" after "my card is 4111 1111" is the rest of a card.
//!
//! What a message yields by itself stands. Beside it, a message that is a bare value is read once more
//! behind the words that were said before, by the same recognisers: what they find there counts when
//! nothing of substance is left around it.

use super::{
    cues::Cue,
    lexicon::traits as t,
    numbers::Numbers,
    page::{Found, Gap, Kind, Page},
    pass, placeholders,
    repeats::Known,
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

/// A message with more words is no bare value.
const MOST_TOKENS: usize = 60;
/// Of a long answer the end counts, where questions stand.
const MOST_SENTENCES: usize = 12;

/// What is expected of a message, from what was said.
struct Expected {
    cue: Cue,
    /// It was asked for, or announced; not only spoken of.
    asked: bool,
}

/// What a message is read behind, for a cue, and what may be found then.
fn behind(cue: Cue) -> Option<(&'static str, &'static [P])> {
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

/// Read behind for a name, which has no cue of its own.
const NAME: (&str, &[P]) = ("my name is", &[P::Person]);

/// Words that bring a value and say nothing of their own, beside function words and marks.
const FILLERS: &[&str] = &[
    "number", "numbers", "code", "digit", "digits", "sure", "okay", "rest", "remaining", "last", "next", "first",
    "second", "third", "other", "half", "part", "final", "end", "ending", "then", "follows", "right", "correct", "value",
    "sorry", "again", "full", "whole", "it's", "thats", "try", "mine", "yup", "done", "of", "course", "goes", "continues",
    "wait", "meant", "mean", "typo",
];

/// The further findings of a message whose own are `found`; bytes of its folded text.
pub(super) fn find(text: &str, found: &[Found], before: Before<'_>, known: &Known) -> Vec<Found> {
    if before.question.is_empty() && before.answer.is_empty() {
        return Vec::new();
    }
    let page = Page::new(text, &placeholders(text));
    if page.tokens.is_empty() || page.tokens.len() > MOST_TOKENS {
        return Vec::new();
    }
    let Some(core) = core(&page, found) else { return Vec::new() };
    if let Some(rest) = rest_of_number(&page, found, before) {
        return rest;
    }
    let (expected, named) = expectations(before);
    let numbers_said = numbers_said(before);
    let start = page.start(core);
    for e in &expected {
        let Some((words, kinds)) = behind(e.cue) else { continue };
        let read = read_behind(&page, start, words, kinds, found, known);
        let fits = |f: &Found| fits(&page, f, e) && !numbers_said.contains(&digits(&text[f.start..f.end]));
        if !read.is_empty() && read.iter().all(fits) {
            return read;
        }
    }
    if named { read_behind(&page, start, NAME.0, NAME.1, found, known) } else { Vec::new() }
}

/// The first token of the value: behind what only brings it. None where nothing is left.
fn core(page: &Page<'_>, found: &[Found]) -> Option<usize> {
    (0..page.tokens.len()).find(|i| !is_filler(page, *i) && !inside(page, *i, found))
}

fn inside(page: &Page<'_>, token: usize, found: &[Found]) -> bool {
    found.iter().any(|f| f.start <= page.start(token) && page.start(token) < f.end)
}

/// A word that brings a value: "yes, it's the 4 digits …".
fn is_filler(page: &Page<'_>, token: usize) -> bool {
    if is_count(page, token) {
        return true;
    }
    match page.tokens[token].kind {
        Kind::Mark => !matches!(page.slice(token), "+" | "(" | "@" | "$" | "£" | "€" | "%"),
        Kind::Digits => false,
        Kind::Word => {
            let entry = page.entry(token);
            entry.spoken.is_none() && page.has(token, t::FUNCTION)
                || FILLERS.iter().any(|w| page.is(token, w))
                || !entry.phrases.is_empty() && entry.spoken.is_none()
        }
    }
}

/// "the 4 digits", "last four": how many, not which.
fn is_count(page: &Page<'_>, token: usize) -> bool {
    let small = page.is_digits(token) && page.slice(token).len() <= 2 || page.entry(token).spoken.is_some();
    let says = |i: usize, words: &[&str]| words.iter().any(|w| page.is(i, w));
    let counted = says(token + 1, &["digit", "digits", "number", "numbers", "figures"]);
    let which = token > 0 && says(token - 1, &["last", "first", "next", "final", "remaining", "other"]);
    let alone = !page.is_digits(token + 1) && page.entry(token + 1).spoken.is_none();
    small && alone && (counted || which && token + 1 < page.tokens.len())
}

/// What the recognisers find from `start` on behind these words, when nothing of substance stands beside it.
fn read_behind(
    page: &Page<'_>,
    start: usize,
    words: &str,
    kinds: &[P],
    found: &[Found],
    known: &Known,
) -> Vec<Found> {
    let text = format!("{words} {}", &page.text[start..]);
    let shift = words.len() + 1;
    let mut read: Vec<Found> = pass(&text, known)
        .0
        .into_iter()
        .filter(|f| kinds.contains(&f.kind) && f.start >= shift)
        .map(|f| Found { start: f.start - shift + start, end: f.end - shift + start, ..f })
        .filter(|f| !found.iter().any(|own| own.start < f.end && f.start < own.end))
        .collect();
    // "!Hunter22": a sign before a password is part of it.
    for f in read.iter_mut().filter(|f| f.kind == P::Password) {
        let chunk = page.text[..f.start].rfind(char::is_whitespace).map_or(0, |at| at + 1);
        if page.text[chunk..f.start].bytes().all(|b| b.is_ascii_punctuation() && b != b':' && b != b'=') {
            f.start = chunk;
        }
    }
    let bare = !read.is_empty()
        && (0..page.tokens.len())
            .all(|i| is_filler(page, i) || inside(page, i, found) || inside(page, i, &read) || is_aside(page, i));
    if bare { read } else { Vec::new() }
}

/// Marks around a value.
fn is_aside(page: &Page<'_>, token: usize) -> bool {
    page.tokens[token].kind == Kind::Mark && matches!(page.slice(token), "(" | "+")
}

/// Whether a finding is meant, where its cue was only spoken of.
fn fits(page: &Page<'_>, f: &Found, e: &Expected) -> bool {
    let value = &page.text[f.start..f.end];
    let numeric = value.chars().any(|c| c.is_ascii_digit()) || has_spoken(page, f);
    match e.cue {
        // A word alone is a password only where one was asked for.
        Cue::Password => e.asked || f.score >= 0.8 && numeric,
        Cue::CustomerId | Cue::Username | Cue::Phone | Cue::Address | Cue::ApiKey => e.asked,
        // Round numbers are amounts.
        Cue::Account => e.asked || numeric && value.len() >= 6 && !digits(value).ends_with("000"),
        _ => true,
    }
}

fn has_spoken(page: &Page<'_>, f: &Found) -> bool {
    (0..page.tokens.len())
        .any(|i| page.start(i) >= f.start && page.start(i) < f.end && page.entry(i).spoken.is_some())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The numbers of the turn before: who repeats one of them gives nothing away.
fn numbers_said(before: Before<'_>) -> Vec<String> {
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

/// What is expected, what was asked for first, and of that the latest; and whether a name is.
fn expectations(before: Before<'_>) -> (Vec<Expected>, bool) {
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
            if amount {
                continue;
            }
            let asked = if answered { asks(&page) } else { announces(&page) };
            named |= asked && names(&page);
            for hit in &page.cues {
                let cue = match hit.cue {
                    Cue::Code if !sent(&page) => continue,
                    cue => cue,
                };
                if !expected.iter().any(|e| e.cue == cue && e.asked == asked) {
                    expected.push(Expected { cue, asked });
                }
            }
        }
    }
    expected.sort_by_key(|e| !e.asked);
    (expected, named)
}

/// Sentences and lines, roughly: a full stop inside a number ends one, too, and no harm is done.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['.', '!', '?', '\n']).filter(|s| s.contains(char::is_alphanumeric)).collect()
}

fn is_question(sentence: &str) -> bool {
    sentence.trim_end().ends_with('?')
}

/// Whether the assistant asks for something here.
fn asks(page: &Page<'_>) -> bool {
    let has = |words: &[&str]| (0..page.tokens.len()).any(|i| words.iter().any(|w| page.is(i, w)));
    is_question(page.text)
        || has(&["please", "enter", "provide", "confirm", "type"])
            && !has(&["never", "not", "don't", "dont", "won't", "cannot", "nobody"])
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
        "sms", "text", "texted", "sent", "send", "received", "receive", "got", "get", "phone", "app", "enter", "login",
        "verification", "verify", "authenticator", "email", "message",
    ];
    (0..page.tokens.len()).any(|i| words.iter().any(|w| page.is(i, w)))
}

/// Whether a sentence asks for a person's name.
fn names(page: &Page<'_>) -> bool {
    (0..page.tokens.len()).any(|i| {
        let of = |words: &[&str]| i > 0 && words.iter().any(|w| page.is(i - 1, w));
        page.is(i, "surname")
            || page.is(i, "name") && of(&["your", "full", "first", "last", "family", "my", "the", "maiden", "whose"])
                && !page.is(i + 1, "of")
            || page.is(i, "who") && (page.is(i + 1, "am") || page.is(i + 1, "is"))
    })
}

/// The further part of a number whose first part ended the message before, found there or not.
fn rest_of_number(page: &Page<'_>, found: &[Found], before: Before<'_>) -> Option<Vec<Found>> {
    let kind = unfinished(before)?;
    let numbers = Numbers::read(page);
    let mut rest = Vec::new();
    for run in &numbers.runs {
        let window = numbers.window(run.clone(), run)?;
        let (first, last) = (window.first(), window.last());
        if inside(page, first, found) || (first..=last).all(|i| is_count(page, i)) {
            continue;
        }
        if window.amount() || window.glued() || !(2..=17).contains(&window.digits.len()) {
            return None;
        }
        let first = (first..=last).find(|i| !is_count(page, *i))?;
        rest.push(Found { start: page.start(first), end: page.end(last), kind, score: 0.75 });
    }
    let bare = !rest.is_empty()
        && (0..page.tokens.len()).all(|i| is_filler(page, i) || inside(page, i, found) || inside(page, i, &rest));
    let said = numbers_said(before);
    let repeated = rest.iter().any(|f| said.contains(&digits(&page.text[f.start..f.end])));
    (bare && !repeated).then_some(rest)
}

/// The kind of the number that ends the message before, so that more of it may follow.
fn unfinished(before: Before<'_>) -> Option<P> {
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
    (number && line && !amount).then(|| behind(hit.cue))?.and_then(|(_, kinds)| kinds.first().copied()).filter(|k| is_number(*k))
}

/// What is written in groups of digits.
const fn is_number(kind: P) -> bool {
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
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{normal::Normal, pii::find_after};

    fn masked(question: &str, answer: &str, text: &str) -> String {
        let normal = Normal::new(text);
        let spans = find_after(&normal, Before { question, answer }, &Known::default());
        crate::masking::mask(text, &spans).as_str().to_owned()
    }

    #[test]
    fn a_bare_value_is_what_was_asked_for() {
        for (answer, text, expected) in [
            ("What is the one-time code that we sent you?", "482193", "<OTP_1>"),
            ("Please enter your PIN.", "4821", "<PIN_1>"),
            ("Please enter your PIN.", "it's the 4 digits 4821", "it's the 4 digits <OTP_1>"),
            ("What is the three-digit CVV on the back?", "123", "<CVV_1>"),
            ("What is your password?", "yes: hunter2!", "yes: <PASSWORD_1>"),
            ("What is your password?", "Xanadu", "<PASSWORD_1>"),
            ("What is your card number?", "4111 1111 1111 1112", "<CREDIT_CARD_1>"),
            ("What is your account number?", "ok, it is 90817264", "ok, it is <ACCOUNT_NUMBER_1>"),
            ("What is your date of birth?", "7 March 1981", "<DATE_OF_BIRTH_1>"),
            ("May I have your full name?", "zorblat quimby", "<PERSON_1>"),
            ("What is your address?", "12 Mill Road, Leeds", "<ADDRESS_1>"),
            ("What is the code in the text message?", "four eight two one nine three", "<OTP_1>"),
        ] {
            assert_eq!(masked("I need help", answer, text), expected, "{answer}");
        }
    }

    #[test]
    fn what_the_person_spoke_of_counts_too() {
        for (question, text, expected) in [
            ("i got a one-time code by sms", "482193", "<OTP_1>"),
            ("my password is:", "Xanadu", "<PASSWORD_1>"),
            ("how do i change my pin", "4821", "<PIN_1>"),
            ("the app asks me for a cvv", "it is 123", "it is <CVV_1>"),
        ] {
            assert_eq!(masked(question, "I can help with that.", text), expected, "{question}");
        }
    }

    #[test]
    fn a_number_in_two_or_three_messages_is_masked_in_each() {
        for (question, text, expected) in [
            ("my card is <CREDIT_CARD_1>", "1111 1111", "<CREDIT_CARD_1>"),
            ("my card number is <CREDIT_CARD_1> and", "and then 1111 1111", "and then <CREDIT_CARD_1>"),
            ("<CREDIT_CARD_1>", "1111", "<CREDIT_CARD_1>"),
            ("and then <CREDIT_CARD_2>", "the last four are 1111", "the last four are <CREDIT_CARD_1>"),
            ("my account number is 9081", "7264", "<ACCOUNT_NUMBER_1>"),
            ("my phone is 0412", "345 678", "<PHONE_1>"),
        ] {
            assert_eq!(masked(question, "Please don't share it here.", text), expected, "{question}");
        }
    }

    #[test]
    fn figures_and_questions_stay() {
        for (question, answer, text) in [
            ("how much is the fee on 2,500 dollars?", "It is 1%.", "2500"),
            ("what does a pin purchase of 2,500 cost?", "It is free.", "2500"),
            ("my account is <ACCOUNT_NUMBER_1>", "How much do you want to transfer?", "2500"),
            ("i want a home loan", "How much do you want to borrow?", "250000"),
            ("i want a home loan", "You can apply in the app.", "250000"),
            ("how do i change my pin", "You can do it in the app.", "which app?"),
            ("i forgot my password", "You can reset your password in the app.", "Overdraft"),
            ("how do i change my pin", "Never share your PIN.", "and what does a card with 3 months free cost"),
            ("hello", "Hello, how can I help?", "482193"),
            ("my card is <CREDIT_CARD_1>", "It is blocked.", "thank you, when does the new one arrive?"),
            ("my card is <CREDIT_CARD_1>", "It is blocked.", "i paid $20 with it"),
            ("how do i change my name", "Bring the papers to a branch.", "which papers"),
        ] {
            assert_eq!(masked(question, answer, text), text, "{question} / {answer}");
        }
    }
}
