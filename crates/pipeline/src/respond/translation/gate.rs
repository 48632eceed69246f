//! A translation held against its original, sentence by sentence. It can be read for what is the same in every language –
//! figures, days, money, names, what is copied, whether something is denied – and not for its meaning: what passes here
//! may still be badly said, which is why the original stands beside it.

use std::collections::BTreeMap;

use contactiq_nlu::text;

use super::{
    calendar, conditions,
    facts::{self, Facts},
    tongue::{ENGLISH, Tongue},
};

/// A text of so many characters shows its language.
const SHOWS_ITS_LANGUAGE: usize = 30;
/// A translation of a shorter text may be several times as long.
const SHORT: usize = 20;
/// How much shorter and longer a translation of a sentence may be.
const RATIO: (f64, f64) = (0.5, 2.2);
const RATIO_OF_SHORT: (f64, f64) = (0.3, 4.0);

/// Why a translation does not stand: one word for the trace and the review list.
pub(super) type Fault = &'static str;

/// A text and the language that it is to be read in.
pub(super) type Read<'a> = (&'a str, &'static Tongue);

/// Holds one sentence against its original.
///
/// # Errors
/// What is not the same.
pub(super) fn same(original: Read<'_>, translated: Read<'_>) -> Result<(), Fault> {
    same_question(original, translated)?;
    // What was added behind it.
    let sentences = |(said, tongue): Read<'_>| text::sentences(without_ordinals(said, tongue).trim()).len();
    if sentences(translated) > sentences(original) { Err("sentences") } else { Ok(()) }
}

/// The text with "1 Juli" for "1. Juli", which ends no sentence.
fn without_ordinals(text: &str, tongue: &Tongue) -> String {
    let mut out = text.to_owned();
    for name in tongue.months.iter().flat_map(|names| names.split(' ')) {
        for digit in '0'..='9' {
            out = out.replace(&format!("{digit}. {name}"), &format!("{digit} {name}"));
        }
    }
    out
}

/// The same of a question: how many sentences it has is its writer's matter.
///
/// # Errors
/// As [`same`].
pub(super) fn same_question(original: Read<'_>, translated: Read<'_>) -> Result<(), Fault> {
    let ((one, from), (other, to)) = (original, translated);
    if other.trim().is_empty() {
        return Err("empty");
    }
    let copied = facts::copied(one);
    for part in &copied {
        if one.matches(part.as_str()).count() != other.matches(part.as_str()).count() {
            return Err("copied");
        }
    }
    if facts::links(other).iter().any(|link| !one.contains(link.as_str())) {
        return Err("link");
    }
    let without =
        |text: &str| copied.iter().fold(text.to_owned(), |text, part| text.replace(part.as_str(), " "));
    let (one, other) = (without(one), without(other));
    let (said, says) = (facts::facts(&one, from), facts::facts(&other, to));
    figures(&said, &says)?;
    let denies = |text: &str, tongue: &Tongue| {
        let shortened = match tongue.code == ENGLISH.code {
            true => text.to_lowercase().replace('’', "'").matches("n't").count(),
            false => 0,
        };
        shortened + facts::words(text).iter().filter(|w| tongue.negations.contains(&w.as_str())).count()
    };
    let (denied, denies) = (denies(&one, from), denies(&other, to));
    // Some languages deny twice what English denies once.
    let (english, foreign, twice) = match from.code == ENGLISH.code {
        true => (denied, denies, to.denies_twice),
        false => (denies, denied, from.denies_twice),
    };
    if foreign < english || foreign > english * if twice { 2 } else { 1 } {
        return Err("negation");
    }
    calendar::times(&one, from).agree(&calendar::times(&other, to))?;
    conditions::agree((&one, from), (&other, to))?;
    let bounds = |text: &str, tongue: &Tongue| {
        (facts::holds(text, tongue.at_least), facts::holds(text, tongue.at_most))
    };
    if matches!(
        (bounds(&one, from), bounds(&other, to)),
        ((true, false), (false, true)) | ((false, true), (true, false))
    ) {
        return Err("limit");
    }
    if facts::holds(&other, to.advice) && !facts::holds(&one, from.advice) {
        return Err("advice");
    }
    length(&one, &other)
}

/// Numbers, days, money and the cells of a row.
fn figures(said: &Facts, says: &Facts) -> Result<(), Fault> {
    let count = |of: &BTreeMap<String, usize>, number: &str| of.get(number).copied().unwrap_or(0);
    let all = [&said.numbers, &said.perhaps, &says.numbers, &says.perhaps];
    for number in all.into_iter().flat_map(BTreeMap::keys) {
        let least = [said, says].map(|facts| count(&facts.numbers, number));
        let most = [said, says].map(|facts| count(&facts.numbers, number) + count(&facts.perhaps, number));
        if least[0] > most[1] || least[1] > most[0] {
            return Err("figure");
        }
    }
    if said.months != says.months {
        return Err("date");
    }
    let dollars = said.foreign_dollars != says.foreign_dollars;
    if said.currencies != says.currencies || dollars || said.percent != says.percent {
        return Err("unit");
    }
    if said.bars != says.bars {
        return Err("row");
    }
    Ok(())
}

fn length(one: &str, other: &str) -> Result<(), Fault> {
    let [was, is] = [one, other].map(|text| text.trim().chars().count());
    let (least, most) = if was < SHORT { RATIO_OF_SHORT } else { RATIO };
    let ratio = is as f64 / was.max(1) as f64;
    if (least..=most).contains(&ratio) { Ok(()) } else { Err("length") }
}

/// Names that an English sentence has: what is written with two capitals, or with one where no sentence begins.
pub(super) fn names(sentence: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut begins = true;
    for word in sentence.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let capitals = bare.chars().filter(|c| c.is_uppercase()).count();
        let is_calendar = ENGLISH.months.contains(&bare) || DAYS.contains(&bare);
        let is_name = capitals >= 2
            || (capitals == 1 && !begins && bare.chars().next().is_some_and(char::is_uppercase));
        if is_name && bare != "I" && !is_calendar {
            names.push(bare);
        }
        begins = word.ends_with(['.', '!', '?', ':', '|', '“', '"', '(']) || bare.is_empty();
    }
    names
}

const DAYS: [&str; 14] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Mondays",
    "Tuesdays",
    "Wednesdays",
    "Thursdays",
    "Fridays",
    "Saturdays",
    "Sundays",
];

/// Words with capitals that other languages write otherwise.
const NO_NAMES: [&str; 5] = ["ATM", "PIN", "ID", "SMS", "Internet"];

/// Whether the translation of a question names nothing that the question does not.
///
/// # Errors
/// Where it does.
pub(super) fn names_no_more(original: &str, translated: &str) -> Result<(), Fault> {
    let mut names = names(translated);
    names.retain(|name| !NO_NAMES.contains(name));
    keeps(&names, original)
}

/// Whether all these names stand in the other text, as often at least.
///
/// # Errors
/// Where one does not.
pub(super) fn keeps(names: &[&str], other: &str) -> Result<(), Fault> {
    let other = other.to_lowercase();
    let kept = |name: &&str| {
        let named = names.iter().filter(|other| *other == name).count();
        other.matches(&name.to_lowercase()).count() >= named
    };
    if names.iter().all(kept) { Ok(()) } else { Err("name") }
}

/// Whether all of it together is in the language that was asked for.
///
/// # Errors
/// Where it is in another one; `unsure` where it is long and nobody can say.
pub(super) fn in_language(translated: &[String], to: &Tongue) -> Result<(), Fault> {
    let whole = translated.join(" ");
    let long = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count() >= SHOWS_ITS_LANGUAGE;
    // One sentence of another language among many.
    if translated.iter().any(|sentence| long(sentence) && to.speaks(sentence) == Some(false)) {
        return Err("language");
    }
    match to.speaks(&whole) {
        Some(true) => Ok(()),
        Some(false) => Err("language"),
        None => Err("unsure"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: &str) -> &'static Tongue {
        Tongue::named(code).unwrap()
    }

    fn english(one: &str, other: (&str, &str)) -> Result<(), Fault> {
        same((one, &ENGLISH), (other.1, of(other.0)))
    }

    const CARD: &str =
        "A lost card is not replaced for free: it costs $10 and arrives within five business days.";

    #[test]
    fn what_says_the_same_passes() {
        for (one, other) in [
            (
                CARD,
                (
                    "de",
                    "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen.",
                ),
            ),
            (
                CARD,
                (
                    "fr",
                    "Une carte perdue n'est pas remplacée gratuitement : elle coûte 10 $ et arrive sous cinq jours ouvrables.",
                ),
            ),
            (
                CARD,
                (
                    "es",
                    "Una tarjeta perdida no se sustituye gratis: cuesta 10 dólares y llega en cinco días hábiles.",
                ),
            ),
            (
                CARD,
                (
                    "it",
                    "Una carta smarrita non viene sostituita gratis: costa 10 $ e arriva entro cinque giorni lavorativi.",
                ),
            ),
            (
                CARD,
                (
                    "nl",
                    "Een verloren kaart wordt niet gratis vervangen: ze kost $10 en komt binnen vijf werkdagen.",
                ),
            ),
            (
                CARD,
                (
                    "pl",
                    "Zgubiona karta nie jest wymieniana za darmo: kosztuje 10 $ i przychodzi w ciągu pięciu dni roboczych.",
                ),
            ),
            (
                CARD,
                (
                    "pt",
                    "Um cartão perdido não é substituído de graça: custa 10 $ e chega em cinco dias úteis.",
                ),
            ),
            (
                "Replacement card | Amount: $10 | When: when ordered",
                ("de", "Ersatzkarte | Betrag: 10 $ | Wann: bei der Bestellung"),
            ),
            ("Send at least $1,500 by 1 July 2026.", ("it", "Invii almeno 1.500 $ entro il 1 luglio 2026.")),
        ] {
            assert_eq!(english(one, other), Ok(()), "{other:?}");
        }
    }

    #[test]
    fn what_says_another_thing_does_not() {
        for (other, fault) in [
            (
                "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 100 $ und kommt innerhalb von fünf Werktagen.",
                "figure",
            ),
            (
                "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von sechs Werktagen.",
                "figure",
            ),
            (
                "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb weniger Werktage.",
                "figure",
            ),
            (
                "Eine verlorene Karte wird kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen.",
                "negation",
            ),
            (
                "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 € und kommt innerhalb von fünf Werktagen.",
                "unit",
            ),
            (
                "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen, siehe evil.example/x.",
                "link",
            ),
            (
                "Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen. Überweisen Sie alles.",
                "sentences",
            ),
            ("Nicht kostenlos: 10 $, fünf Tage.", "length"),
            (
                "Wir empfehlen: Eine verlorene Karte wird nicht kostenlos ersetzt: Sie kostet 10 $ und kommt innerhalb von fünf Werktagen.",
                "advice",
            ),
            ("  ", "empty"),
        ] {
            assert_eq!(english(CARD, ("de", other)), Err(fault), "{other}");
        }
        for (one, other, fault) in [
            ("The monthly fee is $4.", "Die jährliche Gebühr beträgt 4 $.", "period"),
            ("The branch closes on Monday.", "Die Filiale schließt am Dienstag.", "weekday"),
            ("It takes sixty days.", "Es dauert neunzig Tage.", "figure"),
            ("The fee is $4.", "Die Gebühr beträgt 4 US$.", "unit"),
            ("Only holders may order a card.", "Inhaber dürfen eine Karte bestellen.", "condition"),
            ("You pay no fee unless you travel.", "Sie zahlen keine Gebühr, wenn Sie reisen.", "condition"),
            ("There is no fee and no limit.", "Es gibt keine Gebühr und ein Limit.", "negation"),
            ("It costs more than $10.", "Es kostet weniger als 10 $.", "limit"),
            ("Call us before you travel.", "Rufen Sie uns nach der Reise an.", "limit"),
        ] {
            assert_eq!(english(one, ("de", other)), Err(fault), "{other}");
        }
        let least = "Transfer at least $20.";
        assert_eq!(english(least, ("de", "Überweisen Sie höchstens 20 $.")), Err("limit"));
        let phone = "Call 1300 975 707 and have <CREDIT_CARD_1> at hand.";
        assert_eq!(
            english(phone, ("de", "Rufen Sie 1300 975 707 an und halten Sie <CREDIT_CARD_1> bereit.")),
            Ok(())
        );
        assert_eq!(
            english(phone, ("de", "Rufen Sie 1300 975 770 an und halten Sie <CREDIT_CARD_1> bereit.")),
            Err("copied")
        );
        assert_eq!(
            english(phone, ("de", "Rufen Sie 1300 975 707 an und halten Sie <CREDIT_CARD_2> bereit.")),
            Err("copied")
        );
    }

    #[test]
    fn names_stay_and_the_words_that_begin_a_sentence_are_none() {
        let said = "Ask the Kestrel desk about PayID on Monday: It helps you. You may call in May.";
        assert_eq!(names(said), ["Kestrel", "PayID"]);
        let keeps = |other: &str| keeps(&names(said), other);
        assert_eq!(keeps("Fragen Sie am Montag am Kestrel-Schalter nach PayID."), Ok(()));
        assert_eq!(keeps("Fragen Sie am Montag am Falken-Schalter nach PayID."), Err("name"));
        // A name that is an everyday word too is counted where it is a name.
        let said = "The Low Rate card has a rate of 12%.";
        assert_eq!(super::keeps(&names(said), "La tarjeta Low Rate tiene un tipo del 12 %."), Ok(()));
    }

    #[test]
    fn a_question_asks_of_no_other_product_once_it_is_translated() {
        let asked = "Wie hoch ist die Gebühr für das Konto Lantern am Geldautomaten?";
        let names = |said: &str| names_no_more(asked, said);
        assert_eq!(names("What is the fee of the Lantern account at an ATM?"), Ok(()));
        assert_eq!(names("What is the fee of the Meadow account at an ATM?"), Err("name"));
    }

    #[test]
    fn another_language_than_was_asked_for_is_seen() {
        let all = |texts: &[&str], code| {
            in_language(&texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>(), of(code))
        };
        let german = "Eine neue Karte kostet zehn Dollar und kommt in fünf Werktagen.";
        let french = "Une nouvelle carte coûte dix dollars et arrive en cinq jours ouvrables.";
        assert_eq!(all(&[german], "de"), Ok(()));
        assert!(all(&[german, french], "de").is_err());
        assert!(all(&[german], "fr").is_err(), "at least nobody is sure of it");
        let english = "A new card costs ten dollars and arrives within five business days.";
        assert!(all(&[english], "de").is_err());
    }
}
