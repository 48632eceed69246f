//! The languages that an answer may be put into, and the words by which a translation is held against its original. What
//! a language does not have here can't be checked, and is not answered in.

use std::cmp::Ordering;

use whatlang::{Detector, Lang};

use super::facts;

/// Fewer small words tell no language.
const FEWEST_SMALL: usize = 2;

/// The numbers that are known as words.
pub(super) const VALUES: [u32; 29] = [
    2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 30, 40, 50, 60, 70, 80, 90, 100,
    1000, 1_000_000,
];

/// A language and what is known of it.
#[derive(Debug)]
pub struct Tongue {
    pub(super) lang: Lang,
    /// ISO 639-1, as configurations write it.
    pub(super) code: &'static str,
    /// Small words, which tell it from its sisters.
    pub(super) small: &'static str,
    /// As a model is told it.
    pub(super) name: &'static str,
    /// Whether `1.234,5` stands for a thousand and a half, and not `1,234.5`.
    pub(super) decimal_comma: bool,
    /// Those of [`VALUES`], separated by `|`; several forms of one by a space. "One" is an article.
    pub(super) numbers: &'static str,
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
    /// Whether two words deny what one denies elsewhere.
    pub(super) denies_twice: bool,
    /// How many times as long as an English sentence one of this language may be, beside a few characters.
    pub(super) longer: f64,
    /// Below every translated answer.
    pub(super) note: &'static str,
    /// Above an answer whose translation does not stand.
    pub(super) untranslated: &'static str,
    /// Where a person is reached, with `{channel}` and `{hours}`.
    pub(super) reach: &'static str,
}

/// The language of the documents.
pub(super) static ENGLISH: Tongue = Tongue {
    lang: Lang::Eng,
    code: "en",
    small: "the a an of to and is are in on for with your you by it at or be from what how do does",
    name: "English",
    decimal_comma: false,
    numbers: "two twice|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen\
            |fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy\
            |eighty|ninety|hundred|thousand|million",
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
    negations: &["not", "no", "never", "none", "neither", "nor", "without", "cannot", "nothing", "nobody"],
    at_least: &["at least", "minimum", "no less than", "not less than"],
    at_most: &["at most", "up to", "maximum", "no more than", "not more than"],
    percent: &["per cent", "percent"],
    advice: &["recommend", "advise", "you should invest", "you should buy"],
    denies_twice: false,
    longer: 1.2,
    note: "",
    untranslated: "",
    reach: "",
};

static OTHERS: [Tongue; 7] = [
    Tongue {
        lang: Lang::Deu,
        code: "de",
        small: "der die das ein eine einen und ist sind in im für mit sie ihre zu von auf nicht den dem wie",
        name: "German",
        decimal_comma: true,
        numbers: "zwei zweimal|drei dreimal|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|dreizehn\
            |vierzehn|fünfzehn|sechzehn|siebzehn|achtzehn|neunzehn|zwanzig|dreißig|vierzig|fünfzig\
            |sechzig|siebzig|achtzig|neunzig|hundert|tausend|million millionen",
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
            "weder", "nichts", "niemand", "nein",
        ],
        at_least: &["mindestens", "wenigstens"],
        at_most: &["höchstens", "bis zu", "maximal"],
        percent: &["Prozent"],
        advice: &["ich empfehle", "wir empfehlen", "ich rate", "ich würde", "sie sollten"],
        denies_twice: false,
        longer: 1.25,
        note: "Diese Antwort hat eine Maschine aus dem Englischen übersetzt. Es gilt das englische Original.",
        untranslated: "Diese Antwort steht auf Englisch da, weil keine sichere Übersetzung vorliegt.",
        reach: "Einen Menschen erreichen Sie so: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Fra,
        code: "fr",
        small: "le la les un une des du de et est sont en dans pour avec vous votre au aux par sur pas il quel",
        name: "French",
        decimal_comma: true,
        numbers: "deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize\
            |dix-sept|dix-huit|dix-neuf|vingt|trente|quarante|cinquante|soixante|soixante-dix\
            |quatre-vingts quatre-vingt|quatre-vingt-dix|cent|mille|million millions",
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
        denies_twice: true,
        longer: 1.35,
        note: "Cette réponse a été traduite de l'anglais par une machine. Seul l'original anglais fait foi.",
        untranslated: "Cette réponse est en anglais, car aucune traduction sûre n'est disponible.",
        reach: "Pour joindre une personne : {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Spa,
        code: "es",
        small: "el la los las un una de del y es son en para con por se su al que usted no cuánto cuál",
        name: "Spanish",
        decimal_comma: true,
        numbers: "dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince\
            |dieciséis|diecisiete|dieciocho|diecinueve|veinte|treinta|cuarenta|cincuenta|sesenta\
            |setenta|ochenta|noventa|cien|mil|millón millones",
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
        denies_twice: true,
        longer: 1.35,
        note: "Esta respuesta la ha traducido del inglés una máquina. Solo cuenta el original en inglés.",
        untranslated: "Esta respuesta está en inglés, porque no hay una traducción segura.",
        reach: "Para hablar con una persona: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Ita,
        code: "it",
        small: "il lo la gli le un una di del della e è sono in per con si suo al che lei non quanto qual dei",
        name: "Italian",
        decimal_comma: true,
        numbers: "due|tre|quattro|cinque|sei|sette|otto|nove|dieci|undici|dodici|tredici|quattordici\
            |quindici|sedici|diciassette|diciotto|diciannove|venti|trenta|quaranta|cinquanta\
            |sessanta|settanta|ottanta|novanta|cento|mille mila|milione milioni",
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
        denies_twice: true,
        longer: 1.4,
        note: "Questa risposta è stata tradotta dall'inglese da una macchina. Fa fede solo l'originale inglese.",
        untranslated: "Questa risposta è in inglese, perché non c'è una traduzione sicura.",
        reach: "Per parlare con una persona: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Nld,
        code: "nl",
        small: "de het een en is zijn in op voor met van uw u te bij niet hoeveel wat om",
        name: "Dutch",
        decimal_comma: true,
        numbers: "twee tweemaal|drie driemaal|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|dertien\
            |veertien|vijftien|zestien|zeventien|achttien|negentien|twintig|dertig|veertig|vijftig\
            |zestig|zeventig|tachtig|negentig|honderd|duizend|miljoen",
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
        denies_twice: false,
        longer: 1.2,
        note: "Dit antwoord is door een machine uit het Engels vertaald. Alleen het Engelse origineel geldt.",
        untranslated: "Dit antwoord staat in het Engels, omdat er geen zekere vertaling is.",
        reach: "Een mens bereikt u zo: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Pol,
        code: "pl",
        small: "i w z na do się jest są dla nie lub oraz od po co ile jak za przez",
        name: "Polish",
        decimal_comma: true,
        numbers: "dwa dwie dwóch|trzy trzech|cztery czterech|pięć pięciu|sześć sześciu|siedem siedmiu\
            |osiem ośmiu|dziewięć dziewięciu|dziesięć dziesięciu|jedenaście jedenastu\
            |dwanaście dwunastu|trzynaście trzynastu|czternaście czternastu|piętnaście piętnastu\
            |szesnaście szesnastu|siedemnaście siedemnastu|osiemnaście osiemnastu\
            |dziewiętnaście dziewiętnastu|dwadzieścia dwudziestu|trzydzieści trzydziestu\
            |czterdzieści czterdziestu|pięćdziesiąt pięćdziesięciu|sześćdziesiąt sześćdziesięciu\
            |siedemdziesiąt siedemdziesięciu|osiemdziesiąt osiemdziesięciu\
            |dziewięćdziesiąt dziewięćdziesięciu|sto|tysiąc tysięcy|milion miliony milionów",
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
        denies_twice: true,
        longer: 1.35,
        note: "Tę odpowiedź przetłumaczyła z angielskiego maszyna. Wiążący jest tylko angielski oryginał.",
        untranslated: "Ta odpowiedź jest po angielsku, ponieważ nie ma pewnego tłumaczenia.",
        reach: "Kontakt z człowiekiem: {channel} ({hours}).",
    },
    Tongue {
        lang: Lang::Por,
        code: "pt",
        small: "o a os as um uma de do da dos das em no na e é são para com por se seu ao que não qual",
        name: "Portuguese",
        decimal_comma: true,
        numbers: "dois duas|três|quatro|cinco|seis|sete|oito|nove|dez|onze|doze|treze|catorze quatorze\
            |quinze|dezasseis dezesseis|dezassete dezessete|dezoito|dezanove dezenove|vinte|trinta\
            |quarenta|cinquenta|sessenta|setenta|oitenta|noventa|cem|mil|milhão milhões",
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
        denies_twice: true,
        longer: 1.2,
        note: "Esta resposta foi traduzida do inglês por uma máquina. Só vale o original em inglês.",
        untranslated: "Esta resposta está em inglês, porque não há uma tradução segura.",
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

    /// The words of numbers with their values, those of several words first.
    pub(super) fn words_of_numbers(&self) -> impl Iterator<Item = (&'static str, u32)> {
        let forms = |(forms, value): (&'static str, u32)| forms.split(' ').map(move |form| (form, value));
        self.numbers.split('|').zip(VALUES).flat_map(forms)
    }

    /// Whether a text is in this language: of those here, and English. None where nobody can say.
    pub(super) fn speaks(&self, text: &str) -> Option<bool> {
        let all = || OTHERS.iter().chain([&ENGLISH]);
        let found = Detector::with_allowlist(all().map(|tongue| tongue.lang).collect()).detect(text)?;
        if found.is_reliable() {
            return Some(found.lang() == self.lang);
        }
        // Sisters share their letters: their small words decide.
        let words = facts::words(text);
        let small = |of: &Tongue| words.iter().filter(|word| of.small.split(' ').any(|s| s == *word)).count();
        let own = small(self);
        let other = all().filter(|tongue| tongue.code != self.code).map(small).max().unwrap_or(0);
        match own.cmp(&other) {
            Ordering::Greater if own >= FEWEST_SMALL => Some(true),
            Ordering::Less if other >= FEWEST_SMALL => Some(false),
            _ => (found.lang() == self.lang).then_some(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sisters_are_told_apart_by_their_small_words() {
        let speaks = |code: &str, text: &str| Tongue::named(code).unwrap().speaks(text);
        let spanish =
            "El límite diario de retirada de efectivo es de 1.500 $, y no se puede aumentar por teléfono.";
        assert_eq!(speaks("es", spanish), Some(true));
        assert_eq!(speaks("pt", spanish), Some(false));
        assert_eq!(ENGLISH.speaks("What does a replacement kite card cost?"), Some(true));
        assert_eq!(speaks("fr", "What does a replacement kite card cost?"), Some(false));
    }

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
            assert_eq!(tongue.speaks(tongue.untranslated), Some(true), "{}", tongue.code);
            assert_eq!(tongue.numbers.split('|').count(), VALUES.len(), "{}", tongue.code);
            let known: Vec<&str> = tongue.words_of_numbers().map(|(word, _)| word).collect();
            assert!(tongue.perhaps_numbers.iter().all(|word| known.contains(word)), "{}", tongue.code);
            for list in [tongue.negations, tongue.at_least, tongue.at_most, tongue.percent, tongue.advice] {
                assert!(!list.is_empty(), "{}", tongue.code);
            }
        }
        assert!(Tongue::named("en").is_none() && Tongue::named("tlh").is_none());
    }
}
