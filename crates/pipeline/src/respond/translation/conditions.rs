//! What limits a statement, in each language: "only", "unless", and pairs of which one must not become the other.

use super::{
    facts::{first, holds},
    gate::Fault,
    tongue::Tongue,
};

pub(super) type Words = &'static [&'static str];

/// The words of a language, each of one word or several, in small letters.
#[derive(Debug)]
struct Conditions {
    code: &'static str,
    only: Words,
    /// Words that may say "only", and say other things too.
    perhaps_only: Words,
    unless: Words,
    /// More and less, before and after.
    opposites: [[Words; 2]; 2],
}

static ALL: [Conditions; 8] = [
    Conditions {
        code: "en",
        only: &["only", "solely", "exclusively"],
        perhaps_only: &["just", "alone", "single", "sole", "one"],
        unless: &["unless", "except", "excluding", "other than", "apart from"],
        opposites: [
            [
                &["more than", "over", "above", "higher"],
                &["less than", "fewer than", "under", "below", "lower"],
            ],
            [&["before"], &["after"]],
        ],
    },
    Conditions {
        code: "de",
        only: &["nur", "ausschließlich", "lediglich"],
        perhaps_only: &["allein", "erst", "bloß"],
        unless: &["es sei denn", "außer", "ausgenommen", "mit ausnahme", "abgesehen"],
        opposites: [
            [&["mehr als", "über", "höher"], &["weniger als", "unter", "niedriger"]],
            [&["vor", "bevor", "vorher"], &["nach", "nachdem"]],
        ],
    },
    Conditions {
        code: "fr",
        only: &["seulement", "uniquement", "exclusivement"],
        perhaps_only: &["que", "qu", "seul", "seule", "seuls", "seules"],
        unless: &["sauf", "excepté", "à l'exception", "hormis", "à moins"],
        opposites: [
            [
                &["plus de", "plus que", "au dessus", "supérieur", "supérieure"],
                &["moins de", "moins que", "au dessous", "en dessous", "inférieur", "inférieure"],
            ],
            [&["avant"], &["après"]],
        ],
    },
    Conditions {
        code: "es",
        only: &["solo", "sólo", "solamente", "únicamente", "exclusivamente"],
        perhaps_only: &["sola", "solos", "solas", "único", "única"],
        unless: &["salvo", "excepto", "a menos", "a excepción", "con excepción"],
        opposites: [
            [
                &["más de", "más que", "por encima", "superior", "mayor", "mayores"],
                &["menos de", "menos que", "por debajo", "inferior", "menor", "menores"],
            ],
            [&["antes"], &["después", "tras"]],
        ],
    },
    Conditions {
        code: "it",
        only: &["solo", "soltanto", "solamente", "esclusivamente", "unicamente"],
        perhaps_only: &["sola", "soli", "sole", "che"],
        unless: &["salvo", "tranne", "eccetto", "a meno", "ad eccezione", "a eccezione"],
        opposites: [
            [
                &["più di", "più che", "oltre", "sopra", "superiore"],
                &["meno di", "meno che", "sotto", "inferiore"],
            ],
            [&["prima"], &["dopo"]],
        ],
    },
    Conditions {
        code: "nl",
        only: &["alleen", "slechts", "uitsluitend"],
        perhaps_only: &["maar", "enkel", "pas"],
        unless: &["tenzij", "behalve", "met uitzondering", "uitgezonderd"],
        opposites: [
            [&["meer dan", "boven", "hoger"], &["minder dan", "onder", "lager"]],
            [&["voor", "voordat", "vóór"], &["na", "nadat"]],
        ],
    },
    Conditions {
        code: "pl",
        only: &["tylko", "jedynie", "wyłącznie"],
        perhaps_only: &["sam", "sama", "samo", "dopiero"],
        unless: &["chyba że", "z wyjątkiem", "oprócz"],
        opposites: [
            [&["więcej niż", "ponad", "powyżej", "wyższy"], &["mniej niż", "poniżej", "niższy"]],
            [&["przed", "zanim"], &["po"]],
        ],
    },
    Conditions {
        code: "pt",
        only: &["só", "somente", "apenas", "unicamente", "exclusivamente"],
        perhaps_only: &["sozinho", "sozinha", "único", "única"],
        unless: &["salvo", "exceto", "a menos", "a não ser", "com exceção"],
        opposites: [
            [
                &["mais de", "mais do que", "acima", "superior"],
                &["menos de", "menos do que", "abaixo", "inferior"],
            ],
            [&["antes"], &["depois", "após"]],
        ],
    },
];

fn of(tongue: &Tongue) -> Option<&'static Conditions> {
    ALL.iter().find(|conditions| conditions.code == tongue.code)
}

/// Whether two texts are limited alike.
///
/// # Errors
/// `condition` where one says "only" or "unless" and the other does not, `limit` where one says the opposite.
pub(super) fn agree(one: (&str, &Tongue), other: (&str, &Tongue)) -> Result<(), Fault> {
    let (Some(a), Some(b)) = (of(one.1), of(other.1)) else { return Err("language") };
    let (one, other) = (one.0, other.0);
    let only = [holds(one, a.only), holds(other, b.only)];
    let perhaps = [holds(one, a.perhaps_only), holds(other, b.perhaps_only)];
    if (only[0] && !only[1] && !perhaps[1]) || (only[1] && !only[0] && !perhaps[0]) {
        return Err("condition");
    }
    if holds(one, a.unless) != holds(other, b.unless) {
        return Err("condition");
    }
    let turned = |(said, says): (&[Words; 2], &[Words; 2])| turned((one, *said), (other, *says));
    if a.opposites.iter().zip(&b.opposites).any(turned) { Err("limit") } else { Ok(()) }
}

/// Whether the other text says the opposite: one side where this says the other, or both in another order.
pub(super) fn turned(said: (&str, [Words; 2]), says: (&str, [Words; 2])) -> bool {
    let [said, says] = [said, says].map(|(text, pair)| pair.map(|words| first(text, words)));
    match (said, says) {
        ([Some(one), Some(other)], [Some(a), Some(b)]) => (one < other) != (a < b),
        // One of the two was lost, or one became the other.
        ([Some(_), Some(_)], _) | ([Some(_), None], [None, Some(_)]) | ([None, Some(_)], [Some(_), None]) => {
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tongue::ENGLISH, *};

    fn agrees(english: &str, code: &str, other: &str) -> Result<(), Fault> {
        agree((english, &ENGLISH), (other, Tongue::named(code).unwrap()))
    }

    #[test]
    fn every_language_has_its_conditions() {
        for code in Tongue::codes().chain(["en"]) {
            assert!(ALL.iter().any(|conditions| conditions.code == code), "{code}");
        }
    }

    #[test]
    fn a_condition_that_is_kept_passes() {
        for (english, code, other) in [
            ("Only holders may order it.", "de", "Nur Inhaber dürfen sie bestellen."),
            ("You pay only $2.", "fr", "Vous ne payez que 2 $."),
            ("It is free unless you travel.", "es", "Es gratis, a menos que viaje."),
            ("It is free except at other banks.", "it", "È gratis, tranne presso altre banche."),
            ("Call before you travel.", "nl", "Bel voordat u op reis gaat."),
            ("Above $10 there is a fee.", "pl", "Powyżej 10 $ jest opłata."),
            ("Only after ten days.", "pt", "Só depois de dez dias."),
        ] {
            assert_eq!(agrees(english, code, other), Ok(()), "{other}");
        }
    }

    #[test]
    fn a_condition_that_is_lost_or_turned_does_not() {
        for (english, code, other, fault) in [
            ("Only holders may order it.", "de", "Inhaber dürfen sie bestellen.", "condition"),
            ("Holders may order it.", "es", "Solo los titulares pueden pedirla.", "condition"),
            ("It is free unless you travel.", "fr", "C'est gratuit si vous voyagez.", "condition"),
            ("Call before you travel.", "it", "Chiami dopo il viaggio.", "limit"),
            ("Over $10 there is a fee.", "de", "Unter 10 $ gibt es eine Gebühr.", "limit"),
            ("It costs less than $10.", "pt", "Custa mais de 10 $.", "limit"),
            ("Over $9 it costs $1, under $9 $2.", "de", "Unter 9 $ kostet es 1 $, über 9 $ 2 $.", "limit"),
            ("Over $9 it costs $1, under $9 $2.", "de", "Über 9 $ kostet es 1 $, sonst 9 $ 2 $.", "limit"),
        ] {
            assert_eq!(agrees(english, code, other), Err(fault), "{other}");
        }
    }
}
