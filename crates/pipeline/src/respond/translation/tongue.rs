//! The languages that an answer may be put into, and the words by which a translation is held against its original. What
//! a language does not have here can't be checked, and is not answered in.

use whatlang::{Detector, Lang};

/// A language and what is known of it.
#[derive(Debug)]
pub struct Tongue {
    pub(super) lang: Lang,
    /// ISO 639-1, as configurations write it.
    pub(super) code: &'static str,
    /// As a model is told it.
    pub(super) name: &'static str,
    /// Whether `1.234,5` stands for a thousand and a half, and not `1,234.5`.
    pub(super) decimal_comma: bool,
    /// From two on. "One" is an article.
    pub(super) numbers: &'static [(&'static str, u32)],
    /// Words of numbers that are other words too.
    pub(super) perhaps_numbers: &'static [&'static str],
    /// January first; several forms of one month are separated by a space.
    pub(super) months: [&'static str; 12],
    pub(super) negations: &'static [&'static str],
    /// "At least", in small letters.
    pub(super) at_least: &'static [&'static str],
    /// "At most".
    pub(super) at_most: &'static [&'static str],
    /// How percent is written in words.
    pub(super) percent: &'static [&'static str],
    /// What advises somebody.
    pub(super) advice: &'static [&'static str],
    /// Below every answer.
    pub(super) note: &'static str,
    /// Where a person is reached, with `{channel}` and `{hours}`.
    pub(super) reach: &'static str,
}

/// The language of the documents.
pub(super) static ENGLISH: Tongue = Tongue {
    lang: Lang::Eng,
    code: "en",
    name: "English",
    decimal_comma: false,
    numbers: &[
        ("two", 2),
        ("three", 3),
        ("four", 4),
        ("five", 5),
        ("six", 6),
        ("seven", 7),
        ("eight", 8),
        ("nine", 9),
        ("ten", 10),
        ("eleven", 11),
        ("twelve", 12),
        ("twenty", 20),
        ("thirty", 30),
        ("fifty", 50),
        ("hundred", 100),
        ("thousand", 1000),
    ],
    perhaps_numbers: &[],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    negations: &["not", "no", "never", "none", "neither", "nor", "without", "cannot"],
    at_least: &["at least", "minimum", "no less than", "not less than"],
    at_most: &["at most", "up to", "maximum", "no more than", "not more than"],
    percent: &["per cent", "percent"],
    advice: &["recommend", "advise", "you should invest", "you should buy"],
    note: "",
    reach: "",
};

static OTHERS: [Tongue; 7] = [
    Tongue {
        lang: Lang::Deu,
        code: "de",
        name: "German",
        decimal_comma: true,
        numbers: &[
            ("zwei", 2),
            ("drei", 3),
            ("vier", 4),
            ("fünf", 5),
            ("sechs", 6),
            ("sieben", 7),
            ("acht", 8),
            ("neun", 9),
            ("zehn", 10),
            ("elf", 11),
            ("zwölf", 12),
            ("zwanzig", 20),
            ("dreißig", 30),
            ("fünfzig", 50),
            ("hundert", 100),
            ("tausend", 1000),
        ],
        perhaps_numbers: &["acht"],
        months: [
            "Januar Jänner",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        negations: &[
            "nicht", "kein", "keine", "keinen", "keinem", "keiner", "keines", "nie", "niemals", "ohne",
            "weder", "nichts", "niemand",
        ],
        at_least: &["mindestens", "wenigstens"],
        at_most: &["höchstens", "bis zu", "maximal"],
        percent: &["Prozent"],
        advice: &["ich empfehle", "wir empfehlen", "ich rate", "ich würde", "sie sollten"],
        note: "Diese Antwort hat eine Maschine aus dem Englischen übersetzt. Es gilt das englische Original.",
        reach: "Einen Menschen erreichen Sie so: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Fra,
        code: "fr",
        name: "French",
        decimal_comma: true,
        numbers: &[
            ("deux", 2),
            ("trois", 3),
            ("quatre", 4),
            ("cinq", 5),
            ("six", 6),
            ("sept", 7),
            ("huit", 8),
            ("neuf", 9),
            ("dix", 10),
            ("onze", 11),
            ("douze", 12),
            ("vingt", 20),
            ("trente", 30),
            ("cinquante", 50),
            ("cent", 100),
            ("mille", 1000),
        ],
        perhaps_numbers: &["neuf"],
        months: [
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        negations: &["pas", "jamais", "aucun", "aucune", "sans", "ni", "rien", "non"],
        at_least: &["au moins", "minimum"],
        at_most: &["au plus", "jusqu", "maximum"],
        percent: &["pour cent"],
        advice: &[
            "je vous conseille",
            "je conseille",
            "je vous recommande",
            "nous vous recommandons",
            "vous devriez",
        ],
        note: "Cette réponse a été traduite de l'anglais par une machine. Seul l'original anglais fait foi.",
        reach: "Pour joindre une personne : {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Spa,
        code: "es",
        name: "Spanish",
        decimal_comma: true,
        numbers: &[
            ("dos", 2),
            ("tres", 3),
            ("cuatro", 4),
            ("cinco", 5),
            ("seis", 6),
            ("siete", 7),
            ("ocho", 8),
            ("nueve", 9),
            ("diez", 10),
            ("once", 11),
            ("doce", 12),
            ("veinte", 20),
            ("treinta", 30),
            ("cincuenta", 50),
            ("cien", 100),
            ("mil", 1000),
        ],
        perhaps_numbers: &[],
        months: [
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre setiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        negations: &["no", "nunca", "jamás", "ningún", "ninguna", "ninguno", "sin", "ni", "nada", "tampoco"],
        at_least: &["al menos", "por lo menos", "como mínimo", "mínimo"],
        at_most: &["como máximo", "hasta", "máximo"],
        percent: &["por ciento"],
        advice: &["le recomiendo", "le recomendamos", "le aconsejo", "usted debería", "debería usted"],
        note: "Esta respuesta la ha traducido del inglés una máquina. Solo cuenta el original en inglés.",
        reach: "Para hablar con una persona: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Ita,
        code: "it",
        name: "Italian",
        decimal_comma: true,
        numbers: &[
            ("due", 2),
            ("tre", 3),
            ("quattro", 4),
            ("cinque", 5),
            ("sei", 6),
            ("sette", 7),
            ("otto", 8),
            ("nove", 9),
            ("dieci", 10),
            ("undici", 11),
            ("dodici", 12),
            ("venti", 20),
            ("trenta", 30),
            ("cinquanta", 50),
            ("cento", 100),
            ("mille", 1000),
        ],
        perhaps_numbers: &["sei"],
        months: [
            "gennaio",
            "febbraio",
            "marzo",
            "aprile",
            "maggio",
            "giugno",
            "luglio",
            "agosto",
            "settembre",
            "ottobre",
            "novembre",
            "dicembre",
        ],
        negations: &["non", "mai", "nessun", "nessuna", "nessuno", "senza", "né", "niente", "nulla", "no"],
        at_least: &["almeno", "minimo"],
        at_most: &["al massimo", "fino a", "massimo"],
        percent: &["per cento"],
        advice: &["le consiglio", "le raccomando", "consigliamo", "dovrebbe"],
        note: "Questa risposta è stata tradotta dall'inglese da una macchina. Fa fede solo l'originale inglese.",
        reach: "Per parlare con una persona: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Nld,
        code: "nl",
        name: "Dutch",
        decimal_comma: true,
        numbers: &[
            ("twee", 2),
            ("drie", 3),
            ("vier", 4),
            ("vijf", 5),
            ("zes", 6),
            ("zeven", 7),
            ("acht", 8),
            ("negen", 9),
            ("tien", 10),
            ("elf", 11),
            ("twaalf", 12),
            ("twintig", 20),
            ("dertig", 30),
            ("vijftig", 50),
            ("honderd", 100),
            ("duizend", 1000),
        ],
        perhaps_numbers: &[],
        months: [
            "januari",
            "februari",
            "maart",
            "april",
            "mei",
            "juni",
            "juli",
            "augustus",
            "september",
            "oktober",
            "november",
            "december",
        ],
        negations: &["niet", "geen", "nooit", "zonder", "noch", "niets", "niemand", "nee"],
        at_least: &["minstens", "ten minste", "minimaal", "minimum"],
        at_most: &["hoogstens", "maximaal", "maximum"],
        percent: &["procent"],
        advice: &["ik raad", "wij raden", "ik adviseer", "u zou moeten"],
        note: "Dit antwoord is door een machine uit het Engels vertaald. Alleen het Engelse origineel geldt.",
        reach: "Een mens bereikt u zo: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Pol,
        code: "pl",
        name: "Polish",
        decimal_comma: true,
        numbers: &[
            ("dwa", 2),
            ("dwie", 2),
            ("dwóch", 2),
            ("trzy", 3),
            ("trzech", 3),
            ("cztery", 4),
            ("czterech", 4),
            ("pięć", 5),
            ("pięciu", 5),
            ("sześć", 6),
            ("sześciu", 6),
            ("siedem", 7),
            ("siedmiu", 7),
            ("osiem", 8),
            ("ośmiu", 8),
            ("dziewięć", 9),
            ("dziewięciu", 9),
            ("dziesięć", 10),
            ("dziesięciu", 10),
            ("jedenaście", 11),
            ("dwanaście", 12),
            ("dwadzieścia", 20),
            ("trzydzieści", 30),
            ("pięćdziesiąt", 50),
            ("sto", 100),
            ("tysiąc", 1000),
        ],
        perhaps_numbers: &[],
        months: [
            "styczeń stycznia",
            "luty lutego",
            "marzec marca",
            "kwiecień kwietnia",
            "maj maja",
            "czerwiec czerwca",
            "lipiec lipca",
            "sierpień sierpnia",
            "wrzesień września",
            "październik października",
            "listopad listopada",
            "grudzień grudnia",
        ],
        negations: &[
            "nie", "nigdy", "żaden", "żadna", "żadne", "żadnych", "żadnej", "bez", "ani", "nic", "brak",
        ],
        at_least: &["co najmniej", "przynajmniej", "minimum"],
        at_most: &["najwyżej", "maksymalnie", "maksimum"],
        percent: &["procent"],
        advice: &["polecam", "doradzam", "radzę", "powinien pan", "powinna pani"],
        note: "Tę odpowiedź przetłumaczyła z angielskiego maszyna. Wiążący jest tylko angielski oryginał.",
        reach: "Kontakt z człowiekiem: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Por,
        code: "pt",
        name: "Portuguese",
        decimal_comma: true,
        numbers: &[
            ("dois", 2),
            ("duas", 2),
            ("três", 3),
            ("quatro", 4),
            ("cinco", 5),
            ("seis", 6),
            ("sete", 7),
            ("oito", 8),
            ("nove", 9),
            ("dez", 10),
            ("onze", 11),
            ("doze", 12),
            ("vinte", 20),
            ("trinta", 30),
            ("cinquenta", 50),
            ("cem", 100),
            ("mil", 1000),
        ],
        perhaps_numbers: &[],
        months: [
            "janeiro",
            "fevereiro",
            "março",
            "abril",
            "maio",
            "junho",
            "julho",
            "agosto",
            "setembro",
            "outubro",
            "novembro",
            "dezembro",
        ],
        negations: &["não", "nunca", "jamais", "nenhum", "nenhuma", "sem", "nem", "nada"],
        at_least: &["pelo menos", "no mínimo", "mínimo"],
        at_most: &["no máximo", "até", "máximo"],
        percent: &["por cento"],
        advice: &["recomendo", "recomendamos", "aconselho", "você deveria", "deveria investir"],
        note: "Esta resposta foi traduzida do inglês por uma máquina. Só vale o original em inglês.",
        reach: "Para falar com uma pessoa: {channel} ({hours}).",
    },
];

impl Tongue {
    /// The language of this code (ISO 639-1), where answers can be checked in it.
    #[must_use]
    pub fn named(code: &str) -> Option<&'static Tongue> {
        OTHERS.iter().find(|tongue| tongue.code == code)
    }

    /// Every code.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        OTHERS.iter().map(|tongue| tongue.code)
    }

    /// Whether a text is in this language: of those here, and English. None where it is too short to say.
    pub(super) fn speaks(&self, text: &str) -> Option<bool> {
        let all = OTHERS.iter().chain([&ENGLISH]).map(|tongue| tongue.lang).collect();
        let found = Detector::with_allowlist(all).detect(text)?;
        if found.lang() == self.lang { Some(true) } else { found.is_reliable().then_some(false) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_whole_and_its_own_note_is_in_it() {
        let mut codes: Vec<&str> = Tongue::codes().collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), OTHERS.len());
        for tongue in &OTHERS {
            assert_eq!(Tongue::named(tongue.code).unwrap().lang, tongue.lang);
            assert_eq!(tongue.speaks(tongue.note), Some(true), "{}", tongue.code);
            assert!(
                tongue.reach.contains("{channel}") && tongue.reach.contains("{hours}"),
                "{}",
                tongue.code
            );
            let values = |of: &Tongue| {
                let mut all: Vec<u32> = of.numbers.iter().map(|(_, value)| *value).collect();
                all.dedup();
                all
            };
            assert_eq!(values(tongue), values(&ENGLISH), "{}", tongue.code);
            for list in [tongue.negations, tongue.at_least, tongue.at_most, tongue.percent, tongue.advice] {
                assert!(!list.is_empty(), "{}", tongue.code);
            }
        }
        assert!(Tongue::named("en").is_none() && Tongue::named("tlh").is_none());
    }
}
