//! Names: those of the original stay, and none is new.

use super::{
    calendar::any,
    facts,
    gate::Fault,
    tongue::{ENGLISH, Tongue},
};

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
        begins = word.ends_with(BEGINS) || bare.is_empty();
    }
    names
}

/// What a sentence, a cell or a quotation begins behind.
const BEGINS: [char; 8] = ['.', '!', '?', ':', '|', '“', '"', '('];

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

/// Words with a capital that are polite, and no names.
const POLITE: &[(&str, &str)] = &[
    ("de", "sie ihr ihre ihren ihrem ihrer ihres ihnen prozent uhr herr frau anfang mitte ende"),
    ("es", "usted ustedes ud uds sr sra"),
    ("fr", "monsieur madame"),
    ("it", "lei le la suo sua suoi sue"),
    ("nl", "u uw"),
    ("pl", "pan pana panu panem pani panią państw* ci cię ciebie twó* two* ty"),
    ("pt", "você vocês sr sra"),
];

/// So many letters at the beginning are enough to tell that a name is spelled as another language does: "Australie".
const ALIKE: usize = 4;

/// Whether the translation of a sentence of the documents names nothing that it does not: no word in capitals is new,
/// and none with a capital where no sentence begins. In German every noun has one: there a noun behind a noun, as in
/// "Konto Meadow", must not be new.
///
/// # Errors
/// Where something is new.
pub(super) fn none_new(english: &str, translated: &str, to: &Tongue) -> Result<(), Fault> {
    let said: Vec<String> = english
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty())
        .map(str::to_owned)
        .collect();
    let polite = POLITE.iter().find(|(code, _)| *code == to.code).map_or("", |(_, words)| *words);
    let is_month = |small: &str| {
        to.months.iter().flat_map(|names| names.split(' ')).any(|name| name.to_lowercase() == small)
    };
    let known = |word: &str| {
        let small = word.to_lowercase();
        let begin: String = small.chars().take(ALIKE).collect();
        said.contains(&small)
            || (begin.chars().count() == ALIKE && said.iter().any(|said| said.starts_with(&begin)))
            || any(polite, &small)
            || is_month(&small)
            || facts::currency(&small).is_some()
    };
    let (mut begins, mut behind_noun) = (true, false);
    for word in translated.split_whitespace() {
        let mut pieces = word
            .split(['-', '\'', '’', '/'])
            .map(|piece| piece.trim_matches(|c: char| !c.is_alphanumeric()))
            .filter(|piece| !piece.is_empty());
        let first = pieces.next().unwrap_or("");
        let new = |piece: &str, is_name: bool| {
            let capitals = piece.chars().filter(|c| c.is_uppercase()).count();
            let capital = is_name && piece.starts_with(char::is_uppercase);
            (capital || capitals >= 2) && !known(piece)
        };
        let german = to.code == "de";
        if new(first, if german { behind_noun } else { !begins }) || pieces.any(|piece| new(piece, !german)) {
            return Err("name");
        }
        // What begins a sentence may be any word.
        let noun = first.starts_with(char::is_uppercase) && !begins && !known(first);
        behind_noun = noun && word.ends_with(char::is_alphanumeric);
        begins = word.ends_with(BEGINS) || first.is_empty();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_translation_names_nothing_new() {
        let english = "The fee of the Lantern account is $4, and you pay it in July.";
        for (code, other, new) in [
            (
                "de",
                "Die Gebühr für das Konto Lantern beträgt 4 $, und Sie zahlen sie im Juli.",
                "Konto Meadow",
            ),
            ("fr", "Les frais du compte Lantern sont de 4 $, et vous les payez en juillet.", "Meadow"),
            ("es", "La comisión de la cuenta Lantern es de 4 $, y usted la paga en julio.", "Meadow"),
            ("it", "La commissione del conto Lantern è di 4 $, e Lei la paga a luglio.", "Meadow"),
            ("nl", "De kosten van de rekening Lantern zijn $4, en U betaalt ze in juli.", "Meadow"),
            ("pl", "Opłata za konto Lantern wynosi 4 $ i płaci ją Pan w lipcu.", "Meadow"),
            ("pt", "A taxa da conta Lantern é de 4 $, e Você a paga em julho.", "Meadow"),
        ] {
            let to = Tongue::named(code).unwrap();
            assert_eq!(none_new(english, other, to), Ok(()), "{other}");
            for new in [new, "TAN", "MeadowPay", "l'IBAN"] {
                let with = other.replace("Lantern", &format!("Lantern und {new}"));
                assert_eq!(none_new(english, &with, to), Err("name"), "{with}");
            }
        }
    }
}
