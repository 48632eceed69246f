//! What of a sentence must be the same in any language: figures, days, money, and what is copied letter by letter.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

use super::tongue::Tongue;

#[expect(clippy::expect_used, reason = "a constant pattern, compiled by every test of this file")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// What is copied: placeholders, addresses, days and times in figures, codes, telephone numbers.
static COPIED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x)
        <[A-Z][A-Z_]*_\d+>
        | (?:https?://|www\.)[^\s\]\)]+
        | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
        | \b(?:[a-z0-9-]+\.)+(?:com|org|net|au|eu|example|de|fr|es|it|nl|pl|pt|uk)(?:/[^\s\]\)]*)?\b
        | \b\d{1,4}[/-]\d{1,2}[/-]\d{1,4}\b
        | \b\d{1,2}:\d{2}\b
        | \+?\d{2,5}(?:[\x20()-]{1,2}\d{2,5}){2,}\b
        | \b\d{4}\x20\d{3}\x20\d{3}\b
        ",
    )
});

/// Of those, what a translation must not have anew.
static LINK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) (?:https?://|www\.)[^\s\]\)]+ | [\w.+-]+@[\w-]+(?:\.[\w-]+)+ | <[A-Z][A-Z_]*_\d+>
        | \b(?:[a-z0-9-]+\.)+(?:com|org|net|au|eu|example|de|fr|es|it|nl|pl|pt|uk)(?:/[^\s\]\)]*)?\b",
    )
});

static WITH_POINT: LazyLock<Regex> = LazyLock::new(|| pattern(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"));
static WITH_COMMA: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\d{1,3}(?:[.'\x{20}\x{a0}\x{202f}\x{2009}]\d{3})+(?:,\d+)?|\d+(?:[.,]\d+)?"));

/// Dollars that say of which country they are.
static FOREIGN_DOLLARS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?x) \b(?:US|CA|NZ|HK|SG|C|S)[\x20\xa0-]?\$ | \b(?:USD|CAD|NZD|HKD|SGD)\b
        | (?i:\b(?:us|amerik\w*|americ\w*|kanad\w*|canad\w*|neusee\w*)[\x20-]+d[oó]l\w*)
        | (?i:\bd[oó]l\w*\s+(?:americ|améric|amerykań|estadounid|statunit|canad|kanad|neo)\w*)",
    )
});

/// Words of currencies, each with its sign.
const CURRENCIES: &[(&str, char)] = &[
    ("aud", '$'),
    ("usd", '$'),
    ("dollar", '$'),
    ("dollars", '$'),
    ("dólar", '$'),
    ("dólares", '$'),
    ("dollari", '$'),
    ("dollaro", '$'),
    ("dolar", '$'),
    ("dolarów", '$'),
    ("dolary", '$'),
    ("dolara", '$'),
    ("eur", '€'),
    ("euro", '€'),
    ("euros", '€'),
    ("gbp", '£'),
    ("jpy", '¥'),
    ("cents", 'c'),
    ("cent", 'c'),
];

/// What a sentence states.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// Numbers in figures and in words, as one writes them without separators.
    pub(super) numbers: BTreeMap<String, usize>,
    /// Words that may be numbers.
    pub(super) perhaps: BTreeMap<String, usize>,
    /// In order.
    pub(super) months: Vec<usize>,
    pub(super) currencies: BTreeMap<char, usize>,
    /// Dollars of another country than the bank's own, said so.
    pub(super) foreign_dollars: usize,
    pub(super) percent: usize,
    /// Cells of a row.
    pub(super) bars: usize,
}

/// What of this sentence is copied letter by letter, with the telephone numbers.
pub(super) fn copied(text: &str) -> Vec<String> {
    COPIED.find_iter(text).map(|found| found.as_str().trim_end_matches(['.', ',']).to_owned()).collect()
}

/// Addresses and placeholders.
pub(super) fn links(text: &str) -> Vec<String> {
    LINK.find_iter(text).map(|found| found.as_str().trim_end_matches(['.', ',']).to_owned()).collect()
}

/// The words of a text in small letters.
pub(super) fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphabetic())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a text holds one of these, each of one word or several.
pub(super) fn holds(text: &str, any: &[&str]) -> bool {
    first(text, any).is_some()
}

/// Where the first of these stands.
pub(super) fn first(text: &str, any: &[&str]) -> Option<usize> {
    let spaced = format!(" {} ", words(text).join(" "));
    any.iter().filter_map(|phrase| spaced.find(&format!(" {} ", words(phrase).join(" ")))).min()
}

/// The currency that this word names, in small letters.
pub(super) fn currency(word: &str) -> Option<char> {
    CURRENCIES.iter().find(|(name, _)| *name == word).map(|(_, sign)| *sign)
}

/// How figures are written among those who write `1.234,5`, or `1,234.5`.
pub(super) fn figure_pattern(decimal_comma: bool) -> &'static Regex {
    if decimal_comma { &WITH_COMMA } else { &WITH_POINT }
}

/// What a sentence states, as readers of this language read it.
pub(super) fn facts(text: &str, tongue: &Tongue) -> Facts {
    let mut facts = Facts {
        bars: text.matches('|').count(),
        foreign_dollars: FOREIGN_DOLLARS.find_iter(text).count(),
        ..Facts::default()
    };
    let mut rest = text.to_owned();
    for phrase in tongue.percent {
        let lower = rest.to_lowercase();
        facts.percent += lower.matches(&phrase.to_lowercase()).count();
        rest = lower.replace(&phrase.to_lowercase(), " ");
    }
    facts.percent += rest.matches('%').count();
    for sign in ['$', '€', '£', '¥'] {
        let count = rest.matches(sign).count();
        if count > 0 {
            *facts.currencies.entry(sign).or_default() += count;
        }
    }
    for found in figure_pattern(tongue.decimal_comma).find_iter(text) {
        let plain = plain(found.as_str(), tongue.decimal_comma);
        *facts.numbers.entry(plain).or_default() += 1;
    }
    // "Quatre-vingt-dix" before "quatre-vingt", "quatre" and "vingt".
    let mut joined: Vec<(&str, u32)> =
        tongue.words_of_numbers().filter(|(name, _)| name.contains('-')).collect();
    joined.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in joined {
        let lower = rest.to_lowercase();
        let count = lower.matches(name).count();
        if count > 0 {
            *facts.numbers.entry(value.to_string()).or_default() += count;
            rest = lower.replace(name, " ");
        }
    }
    for word in words(&rest) {
        // "Cent" is a hundred in French.
        if let Some((name, value)) = tongue.words_of_numbers().find(|(name, _)| *name == word) {
            let into = match tongue.perhaps_numbers.contains(&name) {
                true => &mut facts.perhaps,
                false => &mut facts.numbers,
            };
            *into.entry(value.to_string()).or_default() += 1;
        } else if let Some(currency) = currency(&word) {
            *facts.currencies.entry(currency).or_default() += 1;
        }
    }
    // "May" is a month, and "may" is not: in English months have a capital.
    let capital = !tongue.decimal_comma;
    for word in text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()) {
        let is = |name: &str| if capital { name == word } else { name.to_lowercase() == word.to_lowercase() };
        if let Some(month) = tongue.months.iter().position(|names| names.split(' ').any(is)) {
            facts.months.push(month);
        }
    }
    facts
}

/// A number without what separates its thousands, and without zeros that say nothing.
pub(super) fn plain(figure: &str, decimal_comma: bool) -> String {
    let mut whole = String::new();
    let mut decimals = String::new();
    let is_group = |at: usize, c: char| {
        let after = figure[at + c.len_utf8()..].chars().take_while(char::is_ascii_digit).count();
        let before = figure[..at].chars().rev().take_while(char::is_ascii_digit).count();
        after == 3 && before <= 3
    };
    let mut behind = false;
    for (at, c) in figure.char_indices() {
        match c {
            '0'..='9' if behind => decimals.push(c),
            '0'..='9' => whole.push(c),
            ',' if decimal_comma => behind = true,
            '.' if !decimal_comma => behind = true,
            // 0.25 among those who write 0,25: three digits would be a thousand.
            '.' if !is_group(at, c) => behind = true,
            _ => {}
        }
    }
    let whole = whole.trim_start_matches('0');
    let decimals = decimals.trim_end_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") }
}

#[cfg(test)]
mod tests {
    use super::{super::tongue::ENGLISH, *};

    fn of(code: &str) -> &'static Tongue {
        Tongue::named(code).unwrap()
    }

    #[test]
    fn a_figure_is_the_same_however_a_language_writes_it() {
        let english = facts("It costs $1,500.50 and 0.25% from 1 July, for two years.", &ENGLISH);
        for (code, text) in [
            ("de", "Es kostet 1.500,50 $ und 0,25 % ab dem 1. Juli, für zwei Jahre."),
            ("de", "Es kostet $1.500,50 und 0.25 Prozent ab dem 1. Juli, für 2 Jahre."),
            ("fr", "Cela coûte 1\u{202f}500,50 $ et 0,25 pour cent à partir du 1 juillet, pour deux ans."),
            ("es", "Cuesta 1.500,50 dólares y un 0,25 por ciento desde el 1 de julio, por dos años."),
            ("pl", "Kosztuje 1 500,50 $ i 0,25% od 1 lipca, na dwa lata."),
        ] {
            assert_eq!(facts(text, of(code)), english, "{text}");
        }
        for (code, text) in [
            // A reader of German reads one and a half.
            ("de", "Es kostet $1,500.50 und 0,25 % ab dem 1. Juli, für zwei Jahre."),
            ("de", "Es kostet 1.500,50 $ und 0,25 % ab dem 1. Juni, für zwei Jahre."),
            ("de", "Es kostet 1.500,50 € und 0,25 % ab dem 1. Juli, für zwei Jahre."),
            ("de", "Es kostet 1.500,50 $ und 0,25 % ab dem 1. Juli, für drei Jahre."),
            ("fr", "Cela coûte 1 500,50 $ et 0,52 % à partir du 1 juillet, pour deux ans."),
        ] {
            assert_ne!(facts(text, of(code)), english, "{text}");
        }
    }

    #[test]
    fn numbers_in_words_are_the_same_up_to_a_hundred() {
        let english = facts("Fifteen, sixty, seventeen, eighty and ninety days.", &ENGLISH);
        for (code, text) in [
            ("de", "Fünfzehn, sechzig, siebzehn, achtzig und neunzig Tage."),
            ("fr", "Quinze, soixante, dix-sept, quatre-vingts et quatre-vingt-dix jours."),
            ("es", "Quince, sesenta, diecisiete, ochenta y noventa días."),
            ("it", "Quindici, sessanta, diciassette, ottanta e novanta giorni."),
            ("nl", "Vijftien, zestig, zeventien, tachtig en negentig dagen."),
            ("pl", "Piętnaście, sześćdziesiąt, siedemnaście, osiemdziesiąt i dziewięćdziesiąt dni."),
            ("pt", "Quinze, sessenta, dezassete, oitenta e noventa dias."),
        ] {
            assert_eq!(facts(text, of(code)).numbers, english.numbers, "{text}");
        }
    }

    #[test]
    fn dollars_of_another_country_are_told_from_those_of_the_bank() {
        let count = |text: &str| facts(text, of("de")).foreign_dollars;
        assert_eq!(count("Sie kostet 10 $ oder zehn Dollar, plus Dollar."), 0);
        for text in
            ["10 US$", "US-Dollar", "USD 10", "dollars américains", "dólares estadounidenses", "NZ$ 5"]
        {
            assert_eq!(count(text), 1, "{text}");
        }
    }

    #[test]
    fn what_is_copied_is_found_with_its_telephone_numbers() {
        let text = "Call 1300 975 707 from 8:30 on 01/07/2026, write to a@bank.example or see https://bank.example/x, \
                    <CREDIT_CARD_1>.";
        assert_eq!(
            copied(text),
            [
                "1300 975 707",
                "8:30",
                "01/07/2026",
                "a@bank.example",
                "https://bank.example/x",
                "<CREDIT_CARD_1>"
            ]
        );
        assert_eq!(links(text), ["a@bank.example", "https://bank.example/x", "<CREDIT_CARD_1>"]);
        assert_eq!(copied("It costs $10 in 5 to 7 days."), Vec::<String>::new());
    }
}
