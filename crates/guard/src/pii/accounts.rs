//! Bank accounts: their numbers, the numbers of their branches, and customers' numbers.

use super::{
    check,
    context::{after, before, nearest_is, strength},
    cues::Cue,
    identifier,
    lexicon::traits as t,
    numbers::{Numbers, Sep, Window},
    page::{Found, Gap, Kind, Page},
};
use crate::PersonalType as P;

/// Finds account numbers, routing numbers and customer numbers.
pub(super) fn find(page: &Page<'_>, numbers: &Numbers, out: &mut Vec<Found>) {
    for run in &numbers.runs {
        routing(page, numbers, run, out);
        account(page, numbers, run, out);
        payee_account(page, numbers, run, out);
        bare(page, numbers, run, out);
    }
    ifsc(page, out);
    customer(page, out);
}

fn push(page: &Page<'_>, w: &Window<'_>, what: (P, &'static str), score: f64, out: &mut Vec<Found>) {
    let (kind, by) = what;
    out.push(Found { start: page.start(w.first()), end: page.end(w.last()), kind, score, by });
}

/// BSB, sort code and ABA number: by cue, or by their shape beside an account number.
fn routing(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    for w in numbers.windows(run, 6..=6) {
        if w.amount() || w.glued() {
            continue;
        }
        let bsb = strength(page, w.first(), w.last(), &[Cue::Bsb]);
        let sort = strength(page, w.first(), w.last(), &[Cue::SortCode]);
        let plain = w.units.len() == 1 || w.units.iter().all(|u| u.len == 1) || w.spoken();
        let bsb_shape = w.grouped(&[3, 3]);
        let sort_shape = w.grouped(&[2, 2, 2]);
        let cue = bsb.max(sort);
        // The first six digits of a longer group of single digits are no whole number.
        let edges = w.whole || w.units[0].sep == Sep::Start;
        if cue > 0.72 && edges && (plain || bsb_shape || sort_shape) {
            let by = "accounts: six digits after a cue of a BSB or sort code";
            push(page, &w, (P::BankRouting, by), 0.88 + 0.08 * cue, out);
            following_account(page, numbers, &w, run, out);
        } else if (bsb_shape || sort_shape)
            && edges
            && !is_hotline(&w)
            && beside_account(page, numbers, &w)
            && !is_date(&w)
        {
            let hyphens = w.joined_by(Sep::Hyphen);
            let by = "accounts: the shape of a BSB or sort code beside an account number";
            push(page, &w, (P::BankRouting, by), if hyphens { 0.82 } else { 0.62 }, out);
            following_account(page, numbers, &w, run, out);
        } else if w.units.len() == 1 && edges && !is_round(&w) && next_is_account(page, numbers, &w) {
            let by = "accounts: six digits in front of an account number";
            push(page, &w, (P::BankRouting, by), 0.64, out);
            following_account(page, numbers, &w, run, out);
        }
    }
    for w in numbers.windows(run, 9..=9) {
        if w.amount() || w.glued() || !(w.whole || w.units[0].sep == Sep::Start) {
            continue;
        }
        let cue = strength(page, w.first(), w.last(), &[Cue::Routing]);
        if cue > 0.65 {
            let checked = if check::aba(w.digits) { 0.06 } else { 0.0 };
            let by = "accounts: nine digits after a cue of a routing number, with its check digit or without";
            push(page, &w, (P::BankRouting, by), 0.82 + 0.08 * cue + checked, out);
        }
    }
}

/// What follows a branch number in the same breath is the account there.
fn following_account(
    page: &Page<'_>,
    numbers: &Numbers,
    branch: &Window<'_>,
    run: &std::ops::Range<usize>,
    out: &mut Vec<Found>,
) {
    let begin = numbers.units.partition_point(|u| u.first <= branch.last());
    if begin >= run.end || numbers.units[begin].sep == Sep::Break {
        return;
    }
    let end = (begin + 1..run.end).find(|i| numbers.units[*i].sep == Sep::Break).unwrap_or(run.end);
    if let Some(w) = numbers.window(begin..end, run)
        && (5..=12).contains(&w.digits.len())
        && !w.amount()
        && !w.glued()
    {
        push(page, &w, (P::AccountNumber, "accounts: digits behind a BSB or sort code"), 0.86, out);
    }
}

/// A neighbouring group of 5 to 10 digits within a few words, no date or amount.
fn beside_account(page: &Page<'_>, numbers: &Numbers, w: &Window<'_>) -> bool {
    next_is_account(page, numbers, w) || {
        let index = numbers.units.partition_point(|u| u.first < w.first());
        index.checked_sub(1).and_then(|i| numbers.units.get(i)).is_some_and(|u| {
            matches!(u.len, 6..=12) && !u.amount && !u.glued && page.distance(u.last + 1, w.first()) <= 3
        })
    }
}

fn next_is_account(page: &Page<'_>, numbers: &Numbers, w: &Window<'_>) -> bool {
    let index = numbers.units.partition_point(|u| u.first <= w.last());
    let Some(next) = numbers.units.get(index) else { return false };
    if next.amount || next.glued || page.distance(w.last() + 1, next.first) > 3 {
        return false;
    }
    if nearest_is(page, w.first(), 3, &[Cue::Reference]) {
        return false;
    }
    // The account may itself be grouped: count what follows in small groups.
    let digits: usize = numbers.units[index..]
        .iter()
        .enumerate()
        .take_while(|(i, u)| *i == 0 || !matches!(u.sep, Sep::Start | Sep::Break))
        .map(|(_, u)| u.len)
        .sum();
    matches!(digits, 5..=12)
}

/// A number with the word account (or one of its many spellings) beside it.
fn account(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    const CUES: &[Cue] = &[Cue::Account, Cue::Iban];
    let clusters = numbers.clusters(run);
    let parts = if clusters.len() > 1 { clusters } else { vec![run.clone()] };
    for part in parts {
        let Some(w) = numbers.window(part, run) else { continue };
        let n = w.digits.len();
        if w.amount() || w.glued() || !(4..=20).contains(&n) || (w.spoken() && n < 5) || is_date(&w) {
            continue;
        }
        if is_round(&w) && !is_named(page, w.first()) {
            continue;
        }
        if new_zealand(&w) {
            push(page, &w, (P::AccountNumber, "accounts: the groups of a New Zealand account"), 0.9, out);
            continue;
        }
        if nearest_is(page, w.first(), 3, &[Cue::Reference]) {
            continue;
        }
        let cue = strength(page, w.first(), w.last(), CUES);
        let close = before(page, w.first(), CUES).max(after(page, w.last(), CUES));
        let year = n == 4 && matches!(w.value(), 1900..=2099);
        let minimum = if n >= 6 { 0.7 } else { 0.9 };
        if cue > minimum && !year && close > 0.0 {
            let length = if (6..=17).contains(&n) { 0.05 } else { 0.0 };
            push(
                page,
                &w,
                (P::AccountNumber, "accounts: digits near a cue of an account"),
                0.74 + 0.12 * cue + length,
                out,
            );
        }
    }
}

/// "250000", "10000000": what is borrowed, saved or earned, unless it is called a number.
fn is_round(w: &Window<'_>) -> bool {
    w.units.len() == 1 && (5..=9).contains(&w.digits.len()) && w.digits.ends_with(&[0, 0, 0])
}

/// Whether "number", "no" or a mark of a form stands right before a value.
fn is_named(page: &Page<'_>, first: usize) -> bool {
    (first.saturating_sub(2)..first)
        .any(|i| ["number", "no", "num", ":", "#", "acct", "account", "acc"].iter().any(|w| page.is(i, w)))
}

/// Bank, branch, account and suffix, as New Zealand writes them.
fn new_zealand(w: &Window<'_>) -> bool {
    w.joined_by(Sep::Hyphen) && (w.grouped(&[2, 4, 7, 2]) || w.grouped(&[2, 4, 7, 3]))
}

/// Digits in the shape of a date.
fn is_date(w: &Window<'_>) -> bool {
    let small = |u: &super::numbers::Unit| u.len <= 2;
    let tight = w.units.len() == 3
        && w.units[1..].iter().all(|u| matches!(u.sep, Sep::Slash | Sep::Hyphen | Sep::Dot));
    tight
        && ((small(&w.units[0]) && small(&w.units[1]) && w.units[2].len == 4)
            || (w.units[0].len == 4 && small(&w.units[1]) && small(&w.units[2]))
            || (w.units.iter().all(small) && w.units[1].sep == Sep::Slash))
}

/// "sent 50 dollars to 12345678": paying words, then to or from, then a number that is no amount.
fn payee_account(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    let clusters = numbers.clusters(run);
    let parts = if clusters.len() > 1 { clusters } else { vec![run.clone()] };
    for part in parts {
        let Some(w) = numbers.window(part, run) else { continue };
        let first = w.first();
        if first == 0 || w.amount() || w.glued() || !(6..=17).contains(&w.digits.len()) || is_date(&w) {
            continue;
        }
        let direction = (first.saturating_sub(4)..first).any(|i| {
            matches!(
                page.slice(i).to_ascii_lowercase().as_str(),
                "to" | "from" | "into" | "2" | "for" | "via" | "in"
            )
        });
        let pays = (first.saturating_sub(14)..first).any(|i| page.has(i, t::PAY));
        let reference = nearest_is(page, first, 6, &[Cue::Reference]);
        if direction && pays && !reference {
            push(
                page,
                &w,
                (P::AccountNumber, "accounts: digits that money goes to or comes from"),
                0.66,
                out,
            );
        }
    }
}

/// A long number that nothing explains. It costs little to mask and much to leak.
fn bare(page: &Page<'_>, numbers: &Numbers, run: &std::ops::Range<usize>, out: &mut Vec<Found>) {
    for part in numbers.clusters(run) {
        let Some(w) = numbers.window(part, run) else { continue };
        let n = w.digits.len();
        if w.amount() || w.glued() || n < 8 || is_date(&w) || is_hotline(&w) || is_round(&w) {
            continue;
        }
        if nearest_is(page, w.first(), 5, &[Cue::Reference, Cue::Version])
            || after(page, w.last(), &[Cue::Reference]) > 0.7
        {
            continue;
        }
        let single = w.units.len() == 1 || w.joined_by(Sep::Space) || w.joined_by(Sep::Hyphen);
        let date = n == 8 && w.units.len() == 1 && matches!(w.value() / 10_000, 1900..=2100);
        if single && !date && (n >= 9 || w.units.len() == 1) {
            push(page, &w, (P::AccountNumber, "accounts: a long number that nothing explains"), 0.4, out);
        }
    }
}

/// The bank's own numbers: 13, 1300, 1800 in Australia, 0800 and 03 in Britain, toll-free elsewhere.
pub(super) fn is_hotline(w: &Window<'_>) -> bool {
    let d = w.digits;
    let prefix = |k: usize| d.iter().take(k).fold(0u32, |v, d| v * 10 + u32::from(*d));
    match d.len() {
        6 => prefix(2) == 13,
        10 => {
            matches!(prefix(4), 1300 | 1800 | 800 | 808 | 843..=845 | 870..=873)
                || matches!(prefix(3), 800 | 888 | 877 | 866 | 855 | 844 | 833 | 822)
        }
        11 => {
            (prefix(1) == 1
                && matches!(prefix(4) % 1000, 800 | 888 | 877 | 866 | 855 | 844 | 833 | 822 | 900))
                || matches!(prefix(4), 800 | 808 | 845 | 844 | 843 | 870 | 871 | 872 | 873 | 1800 | 1860)
                || matches!(prefix(2), 3)
        }
        7 => prefix(4) == 1300 || prefix(4) == 1800,
        _ => false,
    }
}

/// Four letters of the bank, a zero, six of the branch.
fn ifsc(page: &Page<'_>, out: &mut Vec<Found>) {
    for token in 0..page.tokens.len() {
        if page.tokens[token].kind != Kind::Word || page.slice(token).len() < 4 {
            continue;
        }
        let Some(chunk) = identifier::glued(page, token) else { continue };
        let compact = &chunk.compact;
        let shaped = compact.len() == 11
            && compact[..4].iter().all(u8::is_ascii_uppercase)
            && compact[4] == b'0'
            && compact[5..].iter().all(u8::is_ascii_alphanumeric);
        let digits = compact.iter().filter(|b| b.is_ascii_digit()).count();
        if shaped && (digits >= 4 || before(page, token, &[Cue::Ifsc]) > 0.8) {
            out.push(Found {
                start: chunk.start,
                end: chunk.end,
                kind: P::BankRouting,
                score: 0.94,
                by: "accounts: the shape of an IFSC",
            });
        }
    }
    for hit in page.cues.iter().filter(|c| c.cue == Cue::Ifsc) {
        if let Some(id) = identifier::after(page, hit.last + 1, 11)
            && id.compact.len() == 11
            && id.compact[4] == b'0'
        {
            out.push(Found {
                start: id.start,
                end: id.end,
                kind: P::BankRouting,
                score: 0.92,
                by: "accounts: an IFSC after its cue",
            });
        }
    }
}

/// What stands after "customer number" or "username".
fn customer(page: &Page<'_>, out: &mut Vec<Found>) {
    for hit in &page.cues {
        let (least, score) = match hit.cue {
            Cue::CustomerId => (4, 0.93),
            Cue::Username => (1, 0.86),
            _ => continue,
        };
        let said = matches!(page.slice(hit.last + 1), ":" | "=" | "#") || page.is(hit.last + 1, "is");
        if let Some(id) = identifier::after(page, hit.last + 1, 16)
            && (4..=20).contains(&id.compact.len())
            && id.digits >= least
            && !page.has(id.first, t::CURRENCY)
            && !(id.digits == id.compact.len() && id.amount)
        {
            let name = page.slice(hit.first).eq_ignore_ascii_case("customer") && hit.first == hit.last;
            let weak = if name { 0.2 } else { 0.0 };
            out.push(Found {
                start: id.start,
                end: id.end,
                kind: P::CustomerId,
                score: score - weak,
                by: "accounts: a code after a cue of a customer number",
            });
        } else if hit.cue == Cue::Username && said {
            let token = hit.last + 2;
            let unusual = !page.has(token, t::FUNCTION | t::COMMON);
            if page.is_word(token) && unusual && page.slice(token).len() >= 3 && page.gap(token) != Gap::Break
            {
                let end = identifier::chunk_end(page, token);
                out.push(Found {
                    start: page.start(token),
                    end,
                    kind: P::CustomerId,
                    score: 0.8,
                    by: "accounts: an unusual word after \"username is\"",
                });
            }
        }
    }
    // "CIF023685" carries its cue inside.
    for token in 0..page.tokens.len().saturating_sub(1) {
        if page.is(token, "cif") && page.is_digits(token + 1) && page.gap(token + 1) == Gap::None {
            let (start, end) = (page.start(token), page.end(token + 1));
            if end - start >= 7 {
                out.push(Found {
                    start,
                    end,
                    kind: P::CustomerId,
                    score: 0.95,
                    by: "accounts: a number that carries CIF inside",
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::pii::probe;

    fn kinds(text: &str) -> Vec<&'static str> {
        probe(text).into_iter().map(|f| f.1).collect()
    }

    #[test]
    fn account_numbers_beside_their_word() {
        for text in [
            "my account number is 12345678",
            "acct no. 1234-5678-9",
            "acc: 123 456 789",
            "account one two three four five six seven eight",
            "a/c 00123456789",
            "12345678 is my savings account",
            "transferred $500 to 87654321 yesterday",
        ] {
            assert_eq!(kinds(text), ["ACCOUNT_NUMBER"], "{text}");
        }
    }

    #[test]
    fn branch_numbers_of_four_countries() {
        assert_eq!(kinds("bsb 062-000 account 12345678"), ["BANK_ROUTING", "ACCOUNT_NUMBER"]);
        assert_eq!(kinds("sort code 20 00 00, account 55779911"), ["BANK_ROUTING", "ACCOUNT_NUMBER"]);
        assert_eq!(kinds("routing 021000021"), ["BANK_ROUTING"]);
        assert_eq!(kinds("ifsc HDFC0001234"), ["BANK_ROUTING"]);
        assert_eq!(kinds("pay 062-000 12345678"), ["BANK_ROUTING", "ACCOUNT_NUMBER"]);
    }

    #[test]
    fn customers_by_number_and_name() {
        assert_eq!(probe("my customer id is C7654321"), [("C7654321".into(), "CUSTOMER_ID")]);
        assert_eq!(probe("username: zebrafan"), [("zebrafan".into(), "CUSTOMER_ID")]);
        assert_eq!(kinds("member number 1234 5678"), ["CUSTOMER_ID"]);
    }

    #[test]
    fn money_receipts_and_hotlines_are_nobodys() {
        for text in [
            "i have 2 accounts and 5000 dollars",
            "receipt number 123456789",
            "biller code 12345",
            "is 1300 555 727 your number",
            "transferred 1,250,000 from savings",
            "i opened my account in 2019",
            "account closed on 12/05/2024",
            "username and password forgotten",
        ] {
            assert_eq!(kinds(text), Vec::<&str>::new(), "{text}");
        }
    }
}
