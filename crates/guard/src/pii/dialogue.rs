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
    said::{self, Before, Expected, is_number},
    secrets::looks_secret,
};
use crate::PersonalType as P;

/// A message with more words is no bare value.
const MOST_TOKENS: usize = 60;

/// Read behind for a name, which has no cue of its own.
const NAME: (&str, &[P]) = ("my name is", &[P::Person]);

/// Words that bring a value and say nothing of their own, beside function words and marks.
const FILLERS: &[&str] = &[
    "number",
    "numbers",
    "code",
    "digit",
    "digits",
    "sure",
    "okay",
    "rest",
    "remaining",
    "last",
    "next",
    "first",
    "second",
    "third",
    "other",
    "half",
    "part",
    "final",
    "end",
    "ending",
    "then",
    "lastly",
    "finally",
    "secondly",
    "thirdly",
    "plus",
    "follows",
    "right",
    "correct",
    "value",
    "sorry",
    "again",
    "full",
    "whole",
    "it's",
    "thats",
    "try",
    "mine",
    "yup",
    "done",
    "of",
    "course",
    "goes",
    "continues",
    "wait",
    "meant",
    "mean",
    "typo",
    "think",
    "believe",
    "guess",
    "reckon",
    "maybe",
    "probably",
    "says",
    "say",
    "said",
    "told",
    "reads",
    "shows",
    "one",
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
    let Some(core) = core(&page, found, is_filler) else { return Vec::new() };
    if let Some(rest) = said::unfinished(before).and_then(|kind| bare_number(&page, found, before, kind)) {
        return rest;
    }
    let (expected, named) = said::expectations(before);
    let numbers_said = said::numbers_said(before);
    for e in &expected {
        let Some((words, kinds)) = said::behind(e.cue) else { continue };
        // Words that bring other values can be a passphrase.
        let secret = (e.cue == Cue::Password).then(|| self::core(&page, found, is_plain)).flatten();
        let start = secret.unwrap_or(core);
        let read = read_behind(&page, start, (words, kinds), found, known, e.asked);
        let fits = |f: &Found| fits(&page, f, e) && !numbers_said.contains(&digits(&text[f.start..f.end]));
        if !read.is_empty() && read.iter().all(fits) {
            return read;
        }
    }
    if let Some(secret) = odd_one(&page, found, &expected) {
        return vec![secret];
    }
    // "9081" after "what are the last four digits of your account?": asked for, so it is that.
    let asked = expected.iter().filter(|e| e.asked).filter_map(|e| said::behind(e.cue)?.1.first().copied());
    if let Some(kind) = asked.into_iter().find(|kind| is_number(*kind))
        && let Some(bare) = bare_number(&page, found, before, kind)
    {
        return bare;
    }
    if named { read_behind(&page, core, NAME, found, known, false) } else { Vec::new() }
}

/// A message with more words holds more than an answer.
const MOST_AROUND: usize = 16;

/// The one piece of letters and digits in a short message, after talk of a password or a code: "it's Willow77, just
/// so that you know".
fn odd_one(page: &Page<'_>, found: &[Found], expected: &[Expected]) -> Option<Found> {
    let kind = expected.iter().find_map(|e| match e.cue {
        Cue::Password => Some(P::Password),
        Cue::Otp => Some(P::Otp),
        _ => None,
    })?;
    if page.tokens.len() > MOST_AROUND {
        return None;
    }
    let mut odd = None;
    let mut at = 0;
    for piece in page.text.split_inclusive(char::is_whitespace) {
        let chunk = piece.trim_matches(|c: char| c.is_whitespace() || ",.;:?()\"'".contains(c));
        let start = at + piece.find(chunk).unwrap_or(0);
        at += piece.len();
        let taken = found.iter().any(|f| f.start < start + chunk.len() && start < f.end);
        let mixed = chunk.chars().any(|c| c.is_ascii_digit()) && !chunk.contains(['@', '/', '$', '%', '<']);
        // "iPhone15" and "ios17" are named by what they are.
        let named = page
            .cues
            .iter()
            .any(|c| c.cue == Cue::Version && page.start(c.first) <= start && start <= page.end(c.last) + 1);
        if mixed && !taken && !named && looks_secret(chunk) {
            if odd.is_some() {
                return None;
            }
            let by = "dialogue: the one piece of letters and digits after talk of a secret";
            odd = Some(Found { start, end: start + chunk.len(), kind, score: 0.8, by });
        }
    }
    odd
}

/// The first token of the value, behind what only brings it; where it is part of an unbroken piece, the
/// first of that. None where nothing is left.
fn core(page: &Page<'_>, found: &[Found], brings: fn(&Page<'_>, usize) -> bool) -> Option<usize> {
    let mut first = (0..page.tokens.len()).find(|i| !brings(page, *i) && !inside(page, *i, found))?;
    while first > 0 && page.gap(first) == Gap::None && page.tokens[first - 1].kind != Kind::Mark {
        first -= 1;
    }
    Some(first)
}

/// Words that bring any value: "yes, it is:"; a quotation mark belongs to the value.
fn is_plain(page: &Page<'_>, token: usize) -> bool {
    match page.tokens[token].kind {
        Kind::Mark => matches!(page.slice(token), ":" | "," | "=" | "." | ";" | "-"),
        Kind::Digits => false,
        Kind::Word => {
            page.has(token, t::FUNCTION)
                || page.entry(token).phrases.iter().any(|p| p.cue == Cue::Password)
                || ["sure", "okay", "yup", "sorry"].iter().any(|w| page.is(token, w))
        }
    }
}

fn inside(page: &Page<'_>, token: usize, found: &[Found]) -> bool {
    found.iter().any(|f| f.start <= page.start(token) && page.start(token) < f.end)
}

/// A word that brings a value: "yes, it's the 4 digits …".
pub(super) fn is_filler(page: &Page<'_>, token: usize) -> bool {
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

/// What the recognisers find from the token `core` on behind these words, when nothing of substance stands
/// beside it. Beside a secret that was asked for, everyday words are of no substance either.
fn read_behind(
    page: &Page<'_>,
    core: usize,
    (words, kinds): (&str, &[P]),
    found: &[Found],
    known: &Known,
    asked: bool,
) -> Vec<Found> {
    let start = page.start(core);
    let text = format!("{words} {}", &page.text[start..]);
    let shift = words.len() + 1;
    let mut read: Vec<Found> = pass(&text, known, None, &mut |_, _| ())
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
    let secret = asked && read.iter().all(|f| f.kind.is_secret());
    let beside = |i: usize| {
        is_filler(page, i)
            || is_aside(page, i)
            || secret && page.is_word(i) && page.has(i, t::FUNCTION | t::COMMON)
    };
    let bare = (0..page.tokens.len()).all(|i| beside(i) || inside(page, i, found) || inside(page, i, &read));
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
        Cue::Card => e.asked || digits(value).len() >= 12 || has_spoken(page, f),
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

/// A message that is a bare number and fillers, taken for this kind whatever its shape; none where the turn
/// before has the same number.
fn bare_number(page: &Page<'_>, found: &[Found], before: Before<'_>, kind: P) -> Option<Vec<Found>> {
    let numbers = Numbers::read(page);
    let mut bare = Vec::new();
    for run in &numbers.runs {
        let window = numbers.window(run.clone(), run)?;
        let (first, last) = (window.first(), window.last());
        if inside(page, first, found) || (first..=last).all(|i| is_count(page, i)) {
            continue;
        }
        if window.amount() || window.glued() || !(1..=19).contains(&window.digits.len()) {
            return None;
        }
        let first = (first..=last).find(|i| !is_count(page, *i))?;
        bare.push(Found {
            start: page.start(first),
            end: page.end(last),
            kind,
            score: 0.75,
            by: "dialogue: a bare value after what was spoken of before",
        });
    }
    let alone = !bare.is_empty()
        && (0..page.tokens.len())
            .all(|i| is_filler(page, i) || inside(page, i, found) || inside(page, i, &bare));
    let said = said::numbers_said(before);
    let repeated = bare.iter().any(|f| said.contains(&digits(&page.text[f.start..f.end])));
    (alone && !repeated).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{normal::Normal, pii::find_after};

    fn masked(question: &str, answer: &str, text: &str) -> String {
        let normal = Normal::new(text);
        let spans = find_after(&normal, Before { question, answer }, &Known::default(), None);
        crate::masking::mask(text, &spans).as_str().to_owned()
    }

    #[test]
    fn the_odd_piece_after_talk_of_a_password_is_it_and_a_third_part_goes_on() {
        for (question, text, left) in [
            (
                "do you want my password",
                "sure, it was Willow77 if you must know",
                "sure, it was <PASSWORD_1> if you must know",
            ),
            ("my card number is <CREDIT_CARD_1>", "and lastly 4021", "and lastly <CREDIT_CARD_1>"),
            ("i forgot my password", "ok thanks, bye", "ok thanks, bye"),
        ] {
            assert_eq!(masked(question, "", text), left, "{question} / {text}");
        }
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
            ("What is your password?", "S3cret!pass", "<PASSWORD_1>"),
            ("What is your password?", "'open sesame'", "<PASSWORD_1>'"),
            ("What is your password?", "it is: correct horse battery staple", "it is: <PASSWORD_1>"),
            (
                "What is your PIN?",
                "my mistake, it is 4822, please help",
                "my mistake, it is <PIN_1>, please help",
            ),
            ("What are the last four digits of your account?", "9081", "<ACCOUNT_NUMBER_1>"),
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
            ("i forgot my pin", "i think it was 4722", "i think it was <PIN_1>"),
            ("i forgot my pin", "could be 4722", "could be <PIN_1>"),
            ("someone asked me for my cvv", "and i told them 482", "and i told them <CVV_1>"),
            ("the sms code never works", "it says 482193", "it says <OTP_1>"),
            ("the sms code never works", "the last one was 482193", "the last one was <OTP_1>"),
            ("my pin is", "4", "<PIN_1>"),
        ] {
            let answer = "I can help with that. The branch is closed. See: Reset your password or passcode.";
            assert_eq!(masked(question, answer, text), expected, "{question}");
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
            ("<PIN_1>", "7", "<PIN_1>"),
            ("my pin is 4", "7", "<PIN_1>"),
            ("is <OTP_1>", "and then 193", "and then <OTP_1>"),
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
            ("what is the limit for my card with pin", "The limit is $1,000 a day.", "and 2000?"),
            ("i want a home loan", "You can apply in the app.", "250000"),
            ("how do i change my pin", "You can do it in the app.", "which app?"),
            ("i forgot my password", "You can reset your password in the app.", "Overdraft"),
            (
                "how do i change my pin",
                "Never share your PIN.",
                "and what does a card with 3 months free cost",
            ),
            ("hello", "Hello, how can I help?", "482193"),
            (
                "how do i change my pin",
                "You can do it in the app.",
                "is there a fee? i think 1 branch told me so",
            ),
            ("my card is <CREDIT_CARD_1>", "It is blocked.", "thank you, when does the new one arrive?"),
            ("my card is <CREDIT_CARD_1>", "It is blocked.", "i paid $20 with it"),
            ("how do i change my name", "Bring the papers to a branch.", "which papers"),
        ] {
            assert_eq!(masked(question, answer, text), text, "{question} / {answer}");
        }
    }
}
