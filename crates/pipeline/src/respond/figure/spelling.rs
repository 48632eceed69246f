//! One spelling for numbers, months, currencies and units that are written in several.

use super::BUSINESS;

const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `20:30` as a clock with twelve hours shows it.
pub(super) fn twelve_hours(time: &str) -> String {
    let (hour, minute) = time.split_once(':').unwrap_or((time, "00"));
    let hour: u32 = hour.parse().unwrap_or_default();
    format!("{}:{minute}", (hour + 11) % 12 + 1)
}

pub(super) fn month(word: &str) -> Option<usize> {
    MONTHS.iter().position(|m| word.starts_with(m)).map(|at| at + 1)
}

pub(super) fn currency(written: &str) -> &'static str {
    let written = written.trim().to_lowercase();
    let plain = written.trim_end_matches('$').trim();
    match plain {
        "a" | "au" | "aud" | "australian dollar" | "australian dollars" => "AUD",
        "us" | "usd" | "us dollar" | "us dollars" => "USD",
        "nz" | "nzd" | "new zealand dollar" | "new zealand dollars" => "NZD",
        "c" | "ca" | "cad" | "canadian dollar" | "canadian dollars" => "CAD",
        "s" | "sgd" => "SGD",
        "hk" | "hkd" => "HKD",
        "£" | "gbp" | "pound" | "pounds" => "GBP",
        "€" | "eur" | "euro" | "euros" => "EUR",
        "¥" | "jpy" => "JPY",
        "₹" | "inr" => "INR",
        "chf" => "CHF",
        "cny" => "CNY",
        _ => "$",
    }
}

/// `working days` and `business-day` are a `business day`; days of the calendar are days.
pub(super) fn singular(unit: &str) -> String {
    let lower = unit.to_lowercase().replace('-', " ");
    let last = lower.split_whitespace().next_back().unwrap_or(&lower).trim_end_matches('s');
    let noun = match last {
        "hr" => "hour",
        "min" => "minute",
        noun => noun,
    };
    if lower.starts_with("business") || lower.starts_with("working") {
        format!("{BUSINESS}{noun}")
    } else if lower.starts_with("percentage") || lower.starts_with("basis") {
        lower.trim_end_matches('s').to_owned()
    } else {
        noun.to_owned()
    }
}

pub(super) fn canonical(number: &str) -> String {
    shift(&number.replace(',', ""), 0)
}

/// The decimal point moved to the right, or to the left where `places` is negative.
pub(super) fn shift(number: &str, places: i32) -> String {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let (mut whole, mut fraction) = (whole.to_owned(), fraction.to_owned());
    for _ in 0..places.max(0) {
        let digit = if fraction.is_empty() { '0' } else { fraction.remove(0) };
        whole.push(digit);
    }
    for _ in 0..(-places).max(0) {
        fraction.insert(0, whole.pop().unwrap_or('0'));
    }
    if whole.is_empty() {
        whole.push('0');
    }
    if places > 0 {
        let plain = whole.trim_start_matches('0');
        whole = if plain.is_empty() { "0".to_owned() } else { plain.to_owned() };
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
}
