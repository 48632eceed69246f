//! Figures and names in their order, and what each figure counts: money, per cent or time. "$5 or 3%" must not become
//! "$3 or 5%", nor may two names change places beside their figures. Another order that would mean the same is refused too:
//! nothing here can tell the two apart.

use std::collections::BTreeSet;

use super::{
    calendar::{self, Times},
    facts,
    gate::Fault,
    tongue::Tongue,
};

/// Words between a figure and what it counts: "three full business days".
const BESIDE: usize = 2;
/// Words behind a figure among which the other language may say what it counts.
const NEAR: usize = 5;
/// A name may have such an ending more: a genitive, a case.
const ENDING: usize = 2;
/// Words that part what a figure counts from what follows: "$4 and the annual fee".
const AND: &[(&str, &str)] = &[
    ("en", "and or but"),
    ("de", "und oder aber"),
    ("es", "y e o u pero"),
    ("fr", "et ou mais"),
    ("it", "e ed o od ma"),
    ("nl", "en of maar"),
    ("pl", "i a lub oraz ale albo"),
    ("pt", "e ou mas"),
];
/// Stands for the first text that is copied letter by letter: of those that no alphabet has.
const COPIED: u32 = 0xe000;

#[derive(Debug, Clone, PartialEq)]
enum Kind<'a> {
    /// A number as everybody writes it, or what is copied.
    Number {
        value: String,
        multiplies: bool,
        perhaps: bool,
    },
    Money(char),
    Percent,
    Period(usize),
    Word(&'a str),
    /// A mark that parts what stands before it from what stands behind.
    Break,
}

#[derive(Debug)]
struct Token<'a> {
    kind: Kind<'a>,
    start: usize,
    end: usize,
}

/// A figure and what it counts.
#[derive(Debug)]
struct Figure {
    /// Where it stands among the tokens.
    at: usize,
    value: String,
    perhaps: bool,
    money: Option<char>,
    percent: bool,
    period: Option<usize>,
    /// The periods that are spoken of behind it.
    behind: BTreeSet<usize>,
}

/// A text that is read for its order.
#[derive(Debug)]
pub(super) struct Ordered<'a> {
    tokens: Vec<Token<'a>>,
    figures: Vec<Figure>,
    times: Times,
}

/// A text with one character in the place of each part that is copied letter by letter.
pub(super) fn with_copied(text: &str, copied: &[String]) -> String {
    let mut parts: Vec<&str> = copied.iter().map(String::as_str).collect();
    parts.sort_by_key(|part| (std::cmp::Reverse(part.len()), *part));
    parts.dedup();
    parts.iter().zip(COPIED..).fold(text.to_owned(), |text, (part, mark)| {
        let mark = char::from_u32(mark).unwrap_or(' ');
        text.replace(*part, &format!(" {mark} "))
    })
}

impl<'a> Ordered<'a> {
    /// Reads a text of [`with_copied`].
    pub(super) fn of(text: &'a str, tongue: &Tongue) -> Ordered<'a> {
        let tokens = tokens(text, tongue);
        Ordered { figures: figures(&tokens), tokens, times: calendar::times(text, tongue) }
    }

    /// Whether the other text has the same figures in the same order, each of the same.
    ///
    /// # Errors
    /// `order` where they stand in another one, `pair` where one counts something else.
    pub(super) fn figures_agree(&self, other: &Ordered<'_>) -> Result<(), Fault> {
        let (mut ours, mut theirs) = (self.figures.iter().peekable(), other.figures.iter().peekable());
        loop {
            match (ours.peek().copied(), theirs.peek().copied()) {
                (None, None) => return Ok(()),
                (Some(a), Some(b)) if a.value == b.value => {
                    if !counts_the_same((a, &self.times), (b, &other.times)) {
                        return Err("pair");
                    }
                    ours.next();
                    theirs.next();
                }
                (Some(a), _) if a.perhaps => {
                    ours.next();
                }
                (_, Some(b)) if b.perhaps => {
                    theirs.next();
                }
                _ => return Err("order"),
            }
        }
    }

    /// How many amounts of money it has.
    pub(super) fn amounts(&self) -> usize {
        self.figures.iter().filter(|figure| figure.money.is_some()).count()
    }

    /// Whether these names, and the words with a capital that both have, stand in the same order in the other text, which
    /// is the translation; where there are several, with the figures between them.
    ///
    /// # Errors
    /// `order` where they do not.
    pub(super) fn names_agree(&self, names: &[&str], other: &Ordered<'_>) -> Result<(), Fault> {
        let theirs: BTreeSet<&str> = other.words().map(|(_, word)| word).collect();
        let mut all: BTreeSet<&str> =
            names.iter().flat_map(|name| name.split(|c: char| !c.is_alphabetic())).collect();
        all.retain(|name| name.chars().count() > 1);
        let capital = |word: &str| word.starts_with(char::is_uppercase) && word.chars().count() > 2;
        all.extend(self.words().map(|(_, word)| word).filter(|word| capital(word) && theirs.contains(word)));
        let ours: Vec<(usize, &str)> = self.words().filter(|(_, word)| all.contains(word)).collect();
        let theirs: Vec<(usize, &str)> =
            other.words().filter_map(|(at, word)| Some((at, named(word, &all)?))).collect();
        if !ours.iter().map(|(_, name)| name).eq(theirs.iter().map(|(_, name)| name)) {
            return Err("order");
        }
        // Of several names, each stays beside its figure.
        let apart = ours.windows(2).any(|two| two[1].0 > two[0].0 + 1 && two[0].1 != two[1].1);
        if apart && self.with_figures(&ours) != other.with_figures(&theirs) {
            return Err("order");
        }
        Ok(())
    }

    fn words(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.tokens.iter().enumerate().filter_map(|(at, token)| match token.kind {
            Kind::Word(word) => Some((at, word)),
            _ => None,
        })
    }

    fn with_figures<'n>(&'n self, names: &[(usize, &'n str)]) -> Vec<&'n str> {
        let figures = self.figures.iter().filter(|figure| !figure.perhaps);
        let mut all: Vec<(usize, &str)> = figures.map(|figure| (figure.at, figure.value.as_str())).collect();
        all.extend(names);
        all.sort_unstable();
        all.into_iter().map(|(_, said)| said).collect()
    }
}

/// The name that this word is, perhaps with an ending.
fn named<'n>(word: &str, names: &BTreeSet<&'n str>) -> Option<&'n str> {
    let is = |name: &&&'n str| {
        word.strip_prefix(**name)
            .is_some_and(|ending| ending.chars().count() <= ENDING && ending.chars().all(char::is_lowercase))
    };
    names.iter().filter(is).max_by_key(|name| name.len()).copied()
}

fn counts_the_same((a, said): (&Figure, &Times), (b, says): (&Figure, &Times)) -> bool {
    let same_time = match (a.period, b.period) {
        (Some(period), None) => b.behind.contains(&period) || (b.behind.is_empty() && says.may_only(period)),
        (None, Some(period)) => a.behind.contains(&period) || (a.behind.is_empty() && said.may_only(period)),
        (a, b) => a == b,
    };
    same_time && a.money == b.money && a.percent == b.percent
}

fn tokens<'a>(text: &'a str, tongue: &Tongue) -> Vec<Token<'a>> {
    let pattern = facts::figure_pattern(tongue.decimal_comma);
    let mut joined: Vec<(&str, u32)> =
        tongue.words_of_numbers().filter(|(name, _)| name.contains('-')).collect();
    joined.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    let number = |value: String| Kind::Number { value, multiplies: false, perhaps: false };
    let mut tokens: Vec<Token<'a>> = Vec::new();
    let mut start = 0;
    while let Some(c) = text[start..].chars().next() {
        let rest = &text[start..];
        let (length, kind) = if c.is_ascii_digit() {
            let end = pattern.find_at(text, start).map_or(start + 1, |found| found.end());
            (end - start, Some(number(facts::plain(&text[start..end], tongue.decimal_comma))))
        } else if let Some((name, value)) = joined.iter().find(|(name, _)| begins_with(rest, name)) {
            (name.len(), Some(number(value.to_string())))
        } else if c.is_alphabetic() {
            let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
            (length, Some(of_word(&rest[..length], tongue)))
        } else {
            let kind = match c {
                '$' | '€' | '£' | '¥' => Some(Kind::Money(c)),
                '%' => Some(Kind::Percent),
                '|' | ',' | ';' | ':' | '.' | '!' | '?' | '(' | ')' => Some(Kind::Break),
                c if (COPIED..COPIED + 4096).contains(&u32::from(c)) => Some(number(c.to_string())),
                _ => None,
            };
            (c.len_utf8(), kind)
        };
        tokens.extend(kind.map(|kind| Token { kind, start, end: start + length }));
        start += length;
    }
    for phrase in tongue.percent {
        spell_percent(&mut tokens, &facts::words(phrase));
    }
    tokens
}

fn begins_with(rest: &str, name: &str) -> bool {
    rest.get(..name.len()).is_some_and(|start| start.to_lowercase() == name)
}

fn of_word<'a>(word: &'a str, tongue: &Tongue) -> Kind<'a> {
    let small = word.to_lowercase();
    if let Some((name, value)) = tongue.words_of_numbers().find(|(name, _)| *name == small) {
        let perhaps = tongue.perhaps_numbers.contains(&name);
        return Kind::Number { value: value.to_string(), multiplies: value >= 100, perhaps };
    }
    if AND.iter().any(|(code, words)| *code == tongue.code && calendar::any(words, &small)) {
        return Kind::Break;
    }
    let money = facts::currency(&small).map(Kind::Money);
    money.or_else(|| calendar::period(&small, tongue).map(Kind::Period)).unwrap_or(Kind::Word(word))
}

/// "Per cent" for "%".
fn spell_percent(tokens: &mut Vec<Token<'_>>, phrase: &[String]) {
    let mut at = 0;
    while at + phrase.len() <= tokens.len() {
        let is = |(token, word): (&Token<'_>, &String)| match &token.kind {
            Kind::Word(said) => said.to_lowercase() == *word,
            // "Pour cent" holds a hundred.
            Kind::Number { multiplies: true, .. } | Kind::Money('c') => word == "cent" || word == "cento",
            _ => false,
        };
        if tokens[at..at + phrase.len()].iter().zip(phrase).all(is) {
            tokens.drain(at + 1..at + phrase.len());
            tokens[at].kind = Kind::Percent;
        }
        at += 1;
    }
}

fn figures(tokens: &[Token<'_>]) -> Vec<Figure> {
    let mut figures: Vec<Figure> = Vec::new();
    let mut claimed = None;
    for (at, token) in tokens.iter().enumerate() {
        let Kind::Number { value, perhaps, .. } = &token.kind else { continue };
        let kind = |at: usize| tokens.get(at).map(|token| &token.kind);
        let money_at = |at: usize| match kind(at) {
            Some(Kind::Money(sign)) => Some(*sign),
            _ => None,
        };
        let mut next = at + 1;
        let before = at.checked_sub(1).filter(|before| claimed != Some(*before)).and_then(money_at);
        // The sign of the figure behind it: "1 $5".
        let of_next = tokens.get(at + 2).is_some_and(|number| {
            matches!(number.kind, Kind::Number { .. }) && tokens[at + 1].end == number.start
        });
        let behind = money_at(next).filter(|_| before.is_none() && !of_next);
        if behind.is_some() {
            claimed = Some(next);
            next += 1;
        }
        let percent = kind(next) == Some(&Kind::Percent);
        if percent {
            next += 1;
        }
        let (mut period, mut near) = (None, BTreeSet::new());
        for between in 0..NEAR {
            match kind(next + between) {
                Some(Kind::Period(found)) => {
                    if between <= BESIDE && period.is_none() {
                        period = Some(*found);
                    }
                    near.insert(*found);
                }
                Some(Kind::Word(_)) => {}
                _ => break,
            }
        }
        figures.push(Figure {
            at,
            value: value.clone(),
            perhaps: *perhaps,
            money: before.or(behind),
            percent,
            period,
            behind: near,
        });
    }
    // "$5 million" and "5 Millionen $" count the same.
    for second in 1..figures.len() {
        let (before, behind) = figures.split_at_mut(second);
        let (Some(first), Some(second)) = (before.last_mut(), behind.first_mut()) else { continue };
        let multiplies = matches!(tokens[second.at].kind, Kind::Number { multiplies: true, .. });
        if multiplies && second.at == first.at + 1 {
            first.money = first.money.or(second.money);
            second.money = first.money;
        }
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::{super::tongue::ENGLISH, *};

    fn figures_agree(english: &str, code: &str, other: &str) -> Result<(), Fault> {
        let copied = facts::copied(english);
        let (one, other) = (with_copied(english, &copied), with_copied(other, &copied));
        Ordered::of(&one, &ENGLISH).figures_agree(&Ordered::of(&other, Tongue::named(code).unwrap()))
    }

    fn names_agree(names: &[&str], english: &str, other: &str) -> Result<(), Fault> {
        let german = Tongue::named("de").unwrap();
        Ordered::of(english, &ENGLISH).names_agree(names, &Ordered::of(other, german))
    }

    #[test]
    fn figures_in_their_order_and_of_their_units_pass() {
        for (english, code, other) in [
            ("The fee is $5 or 3%.", "de", "Die Gebühr beträgt 5 $ oder 3 %."),
            ("The fee is $5 or 3 per cent.", "fr", "Les frais sont de 5 $ ou de 3 pour cent."),
            ("The fee is $5 or 3%.", "it", "La commissione è di 5 dollari o del 3 per cento."),
            ("Over $2 million costs $90 a month.", "de", "Über 2 Millionen $ kosten 90 $ im Monat."),
            ("It takes three business days and $10.", "pl", "Trwa trzy dni robocze i 10 $."),
            (
                "It is free below the age of 25 and costs $4.",
                "fr",
                "C'est gratuit avant 25 ans et coûte 4 $.",
            ),
            ("It takes 17 days and $90.", "fr", "Il faut dix-sept jours et quatre-vingt-dix dollars."),
            ("Call 1300 975 707 or pay $5.", "nl", "Bel 1300 975 707 of betaal $5."),
            ("It is twice $6.", "it", "Lei sa che sei, due volte 6 $."),
        ] {
            assert_eq!(figures_agree(english, code, other), Ok(()), "{other}");
        }
    }

    #[test]
    fn figures_that_change_places_or_units_do_not() {
        for (english, code, other, fault) in [
            ("The fee is $5 or 3%.", "de", "Die Gebühr beträgt 3 $ oder 5 %.", "order"),
            ("The fee is $5 or 3%.", "de", "Die Gebühr beträgt 5 % oder 3 $.", "pair"),
            ("Transfers up to $500 cost $5.", "de", "Überweisungen bis zu 5 $ kosten 500 $.", "order"),
            ("It takes 3 days or 2 weeks.", "es", "Tarda 3 semanas o 2 días.", "pair"),
            ("It costs $4 for 3 months.", "pt", "Custa 4 por 3 $ meses.", "pair"),
            ("$5 a month or $50 a year.", "nl", "$5 per jaar of $50 per maand.", "pair"),
            (
                "Call 1300 975 707 for cards, 1300 111 222 for loans.",
                "de",
                "Für Karten 1300 111 222, für Kredite 1300 975 707.",
                "order",
            ),
        ] {
            assert_eq!(figures_agree(english, code, other), Err(fault), "{other}");
        }
    }

    #[test]
    fn names_stay_beside_their_figures() {
        let english = "Gold costs $10 and Silver $20.";
        let agree = |other: &str| names_agree(&["Silver"], english, other);
        assert_eq!(agree("Gold kostet 10 $ und Silver 20 $."), Ok(()));
        assert_eq!(agree("Silver kostet 10 $ und Gold 20 $."), Err("order"));
        assert_eq!(agree("Gold und Silver kosten 10 $ und 20 $."), Err("order"));
        let english = "A Classic Saver costs $1, a Classic Plus $2.";
        let names = ["Classic", "Saver", "Classic", "Plus"];
        assert_eq!(
            names_agree(&names, english, "Ein Classic Saver kostet 1 $, ein Classic Plus 2 $."),
            Ok(())
        );
        let turned = "Ein Classic Plus kostet 1 $, ein Classic Saver 2 $.";
        assert_eq!(names_agree(&names, english, turned), Err("order"));
    }
}
