//! Weekdays and stretches of time in each language: a Monday must not become a Tuesday, nor "monthly" "yearly".

use std::collections::BTreeSet;

use super::{facts, gate::Fault, tongue::Tongue};

/// The words of a language, separated by spaces; `*` at an end of one stands for any letters.
#[derive(Debug)]
struct Calendar {
    code: &'static str,
    /// Monday first.
    weekdays: [&'static str; 7],
    /// Minutes, hours, days, weeks, months, years.
    periods: [&'static str; 6],
    /// What may be said with a word of such a period in another language, and need not be: an age is "25 ans" in French.
    perhaps: [&'static str; 6],
}

static CALENDARS: [Calendar; 8] = [
    Calendar {
        code: "en",
        weekdays: [
            "monday mondays",
            "tuesday tuesdays",
            "wednesday wednesdays",
            "thursday thursdays",
            "friday fridays",
            "saturday saturdays",
            "sunday sundays",
        ],
        periods: [
            "minute minutes",
            "hour hours hourly",
            "day days daily",
            "week weeks weekly weekend weekends",
            "month months monthly",
            "year years yearly annual annually annum",
        ],
        perhaps: [
            "",
            "time times overnight clock",
            "weekday weekdays holiday holidays birthday today payday noon midday morning afternoon evening hello hi good",
            "weekday weekdays fortnight fortnightly",
            "quarter quarters quarterly",
            "age aged ages old quarter quarters quarterly birthday",
        ],
    },
    Calendar {
        code: "de",
        weekdays: [
            "montag*",
            "dienstag*",
            "mittwoch*",
            "donnerstag*",
            "freitag*",
            "samstag* sonnabend*",
            "sonntag*",
        ],
        periods: [
            "*minut* *minüt*",
            "*stund* *stünd*",
            "*tag* *täg*",
            "*woch* *wöch*",
            "*monat*",
            "*jahr* *jähr*",
        ],
        perhaps: ["", "uhr", "", "", "quartal*", "quartal*"],
    },
    Calendar {
        code: "fr",
        weekdays: [
            "lundi lundis",
            "mardi mardis",
            "mercredi mercredis",
            "jeudi jeudis",
            "vendredi vendredis",
            "samedi samedis",
            "dimanche dimanches",
        ],
        periods: [
            "minute minutes",
            "heure heures horaire horaires",
            "jour jours quotidien* journée journées journalier* journalière*",
            "semaine semaines hebdomadaire* week weekend weekends",
            "mois mensuel* mensualité*",
            "an ans année années annuel*",
        ],
        perhaps: ["", "", "", "", "trimestr*", "trimestr*"],
    },
    Calendar {
        code: "es",
        weekdays: ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado sábados", "domingo domingos"],
        periods: [
            "minuto minutos",
            "hora horas horario horarios",
            "día días diari*",
            "semana* semanal*",
            "mes meses mensual*",
            "año años anual*",
        ],
        perhaps: ["", "", "", "", "trimestr*", "trimestr*"],
    },
    Calendar {
        code: "it",
        weekdays: [
            "lunedì",
            "martedì",
            "mercoledì",
            "giovedì",
            "venerdì",
            "sabato sabati",
            "domenica domeniche",
        ],
        periods: [
            "minuto minuti",
            "ore orario orari",
            "giorno giorni giornalier* quotidian* giornat*",
            "settiman*",
            "mese mesi mensil*",
            "anno anni annual* annuo annua annui annue",
        ],
        perhaps: ["", "ora", "", "weekend", "trimestr*", "trimestr*"],
    },
    Calendar {
        code: "nl",
        weekdays: ["maandag*", "dinsdag*", "woensdag*", "donderdag*", "vrijdag*", "zaterdag*", "zondag*"],
        periods: [
            "minuut minuten",
            "uur uren",
            "*dag*",
            "week weken wekelijks* *weken weekend*",
            "*maand*",
            "*jaar jaren jaarlijks* *jarig*",
        ],
        perhaps: ["", "", "", "", "kwarta*", "kwarta*"],
    },
    Calendar {
        code: "pl",
        weekdays: [
            "poniedział*",
            "wtorek wtork*",
            "środa środę środy środom środach",
            "czwartek czwartk*",
            "piątek piątk*",
            "sobot* sobót",
            "niedziel*",
        ],
        periods: [
            "minut*",
            "godzin*",
            "dzień dni dnia dniach dniem dniom dniu codzien* dzienn*",
            "tydzień tygodni* cotygodni* weekend*",
            "miesiąc* miesię* comiesię*",
            "rok roku lat lata latach latami roczn* corocz*",
        ],
        perhaps: ["", "", "", "", "kwarta*", "kwarta*"],
    },
    Calendar {
        code: "pt",
        weekdays: ["segunda", "terça", "quarta", "quinta", "sexta", "sábado sábados", "domingo domingos"],
        periods: [
            "minuto minutos",
            "hora horas horário horários",
            "dia dias diári* diariamente",
            "semana* semanal*",
            "mês meses mensal mensais mensalmente mensalidade*",
            "ano anos anual anuais anualmente",
        ],
        perhaps: ["", "", "", "", "trimestr*", "trimestr*"],
    },
];

/// What a text says of time, months apart.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// In order: "Monday to Friday" is not "Friday to Monday".
    weekdays: Vec<usize>,
    /// In order, the same twice in a row once.
    order: Vec<usize>,
    periods: BTreeSet<usize>,
    perhaps: BTreeSet<usize>,
}

fn of(tongue: &Tongue) -> Option<&'static Calendar> {
    CALENDARS.iter().find(|calendar| calendar.code == tongue.code)
}

fn among(lists: &'static [&'static str], word: &str) -> impl Iterator<Item = usize> {
    lists.iter().enumerate().filter(move |(_, forms)| any(forms, word)).map(|(at, _)| at)
}

/// The period that a word names, in small letters.
pub(super) fn period(word: &str, tongue: &Tongue) -> Option<usize> {
    let calendar = of(tongue)?;
    match among(&calendar.weekdays, word).next() {
        Some(_) => None,
        None => among(&calendar.periods, word).next(),
    }
}

/// What this text says, in this language.
pub(super) fn times(text: &str, tongue: &Tongue) -> Times {
    let mut times = Times::default();
    let Some(calendar) = of(tongue) else { return times };
    for word in facts::words(text) {
        if let Some(day) = among(&calendar.weekdays, &word).next() {
            times.weekdays.push(day);
            continue;
        }
        for period in among(&calendar.periods, &word) {
            times.periods.insert(period);
            if times.order.last() != Some(&period) {
                times.order.push(period);
            }
        }
        times.perhaps.extend(among(&calendar.perhaps, &word));
    }
    times
}

/// Whether a word is one of these forms, separated by spaces; `*` at an end of one stands for any letters.
pub(super) fn any(forms: &str, word: &str) -> bool {
    forms.split(' ').any(|form| is(form, word))
}

fn is(form: &str, word: &str) -> bool {
    match (form.strip_prefix('*'), form.strip_suffix('*')) {
        (Some(_), Some(_)) => word.contains(form.trim_matches('*')),
        (Some(end), None) => word.ends_with(end),
        (None, Some(start)) => word.starts_with(start),
        (None, None) => word == form,
    }
}

impl Times {
    /// Whether two texts speak of the same weekdays and the same periods, in the same order.
    ///
    /// # Errors
    /// Where they do not.
    pub(super) fn agree(&self, other: &Times) -> Result<(), Fault> {
        if self.weekdays != other.weekdays {
            return Err("weekday");
        }
        let lacks = |one: &Times, other: &Times| one.periods.iter().any(|at| !other.may_say(*at));
        if lacks(self, other) || lacks(other, self) {
            return Err("period");
        }
        // "The monthly fee is $4, the annual one $40": neither takes the other's place.
        if self.shared(other) == other.shared(self) { Ok(()) } else { Err("order") }
    }

    /// Whether this period is spoken of, or may be.
    pub(super) fn may_say(&self, period: usize) -> bool {
        self.periods.contains(&period) || self.perhaps.contains(&period)
    }

    /// Whether this period may be spoken of, and is not surely: "the age of 25".
    pub(super) fn may_only(&self, period: usize) -> bool {
        self.perhaps.contains(&period) && !self.periods.contains(&period)
    }

    /// The periods that both name, in order.
    fn shared(&self, other: &Times) -> Vec<usize> {
        let mut shared: Vec<usize> =
            self.order.iter().filter(|at| other.periods.contains(at)).copied().collect();
        shared.dedup();
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tongue::ENGLISH, *};

    fn agrees(english: &str, code: &str, other: &str) -> Result<(), Fault> {
        times(english, &ENGLISH).agree(&times(other, Tongue::named(code).unwrap()))
    }

    #[test]
    fn every_language_has_its_calendar() {
        for code in Tongue::codes().chain(["en"]) {
            let calendar = CALENDARS.iter().find(|calendar| calendar.code == code).unwrap();
            for forms in calendar.weekdays.iter().chain(&calendar.periods) {
                assert!(
                    !forms.is_empty() && forms.split(' ').all(|form| form.len() > 1),
                    "{code}: {forms:?}"
                );
            }
        }
    }

    #[test]
    fn weekdays_and_periods_are_the_same_in_every_language() {
        let english = "The annual fee is due within three days, Monday to Friday, each month.";
        for (code, said) in [
            (
                "de",
                "Die Jahresgebühr ist innerhalb von drei Werktagen fällig, Montag bis Freitag, jeden Monat.",
            ),
            ("fr", "Les frais annuels sont dus sous trois jours, du lundi au vendredi, chaque mois."),
            ("es", "La comisión anual vence en tres días, de lunes a viernes, cada mes."),
            ("it", "La commissione annuale scade in tre giorni, da lunedì a venerdì, ogni mese."),
            ("nl", "De jaarlijkse kosten vervallen binnen drie dagen, maandag tot vrijdag, elke maand."),
            ("pl", "Opłata roczna jest płatna w ciągu trzech dni, od poniedziałku do piątku, co miesiąc."),
            ("pt", "A taxa anual vence em três dias, de segunda a sexta, todo mês."),
        ] {
            assert_eq!(agrees(english, code, said), Ok(()), "{said}");
        }
        assert_eq!(agrees("Below the age of 25.", "fr", "Avant 25 ans."), Ok(()));
        assert_eq!(agrees("Below the age of 25.", "fr", "Avant l'âge de 25."), Ok(()));
        assert_eq!(agrees("Hello, what is the fee?", "de", "Guten Tag, wie hoch ist die Gebühr?"), Ok(()));
    }

    #[test]
    fn another_weekday_and_another_period_are_seen() {
        assert_eq!(agrees("The monthly fee.", "de", "Die jährliche Gebühr."), Err("period"));
        assert_eq!(agrees("Within five days.", "es", "En cinco semanas."), Err("period"));
        assert_eq!(agrees("Within five days.", "fr", "Très vite."), Err("period"));
        assert_eq!(agrees("Soon.", "it", "Entro un mese."), Err("period"));
        assert_eq!(agrees("It closes on Monday.", "nl", "Het sluit op dinsdag."), Err("weekday"));
        assert_eq!(agrees("Monday to Friday.", "de", "Freitag bis Montag."), Err("weekday"));
        let fees = "The monthly fee is $4, the annual fee $40.";
        assert_eq!(agrees(fees, "de", "Die Monatsgebühr ist 4 $, die Jahresgebühr 40 $."), Ok(()));
        assert_eq!(agrees(fees, "de", "Die Jahresgebühr ist 4 $, die Monatsgebühr 40 $."), Err("order"));
        assert_eq!(agrees("It closes on Monday.", "pl", "Zamyka się wieczorem."), Err("weekday"));
    }
}
