//! The texts that the generator is fed with, checked when they are read.

use std::collections::{BTreeMap, HashMap};

/// The files that [`Texts::read`] wants, each with one entry a line; `\n` in a template is a line's end.
pub const FILES: [&str; 16] = [
    "templates_person.txt",
    "templates_address.txt",
    "templates_secret.txt",
    "templates_none.txt",
    "first_names.txt",
    "last_names.txt",
    "words_as_password.txt",
    "passphrases.txt",
    "street_names.txt",
    "places.txt",
    "companies.txt",
    "banks.txt",
    "products.txt",
    "teams.txt",
    "brands.txt",
    "cities.txt",
];

/// What may stand in braces in a template.
pub(super) const SLOTS: [&str; 31] = [
    "full",
    "first",
    "last",
    "title_last",
    "initial_last",
    "last_comma_first",
    "address",
    "street",
    "city_line",
    "password",
    "passphrase",
    "word_password",
    "pin",
    "code",
    "bank",
    "merchant",
    "product",
    "city",
    "country",
    "company",
    "amount",
    "date",
    "weekday",
    "month",
    "time",
    "reference",
    "app",
    "team",
    "brand",
    "department",
    "number",
];

/// Why texts can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTexts {
    /// A file is missing or has nothing in it.
    #[error("{0} is missing or empty: the generator needs it")]
    Missing(&'static str),
    /// A template names a slot that does not exist.
    #[error("{file}, line {line}: there is no slot {{{slot}}}")]
    Slot {
        /// The file.
        file: &'static str,
        /// From 1.
        line: usize,
        /// As it was written.
        slot: String,
    },
    /// A line of places does not have its four fields.
    #[error("places.txt, line {0}: a place is written `suburb|state|postcode pattern|country`")]
    Place(usize),
}

/// One place: suburb or city, state or county, postcode with `#` and `@`, country.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) city: String,
    pub(super) state: String,
    pub(super) code: String,
    pub(super) country: String,
}

/// All texts.
#[derive(Debug, Clone)]
pub struct Texts {
    lists: HashMap<&'static str, Vec<String>>,
    pub(super) places: Vec<Place>,
}

impl Texts {
    /// Reads the contents of [`FILES`].
    ///
    /// # Errors
    /// When a file is missing, empty or names what does not exist.
    pub fn read(contents: &BTreeMap<String, String>) -> Result<Texts, BadTexts> {
        let mut lists = HashMap::new();
        for file in FILES {
            let lines = || contents.get(file).into_iter().flat_map(|c| c.lines()).enumerate();
            let kept: Vec<String> =
                lines().map(|(_, l)| l.trim().replace("\\n", "\n")).filter(|l| !l.is_empty()).collect();
            if kept.is_empty() {
                return Err(BadTexts::Missing(file));
            }
            for (at, line) in lines().filter(|_| file.starts_with("templates")) {
                if let Some(slot) = slots(line).find(|slot| !SLOTS.contains(slot)) {
                    return Err(BadTexts::Slot { file, line: at + 1, slot: slot.to_owned() });
                }
            }
            lists.insert(file, kept);
        }
        let mut places = Vec::new();
        for (at, line) in contents.get("places.txt").into_iter().flat_map(|c| c.lines()).enumerate() {
            let fields: Vec<&str> = line.split('|').map(str::trim).collect();
            match fields[..] {
                [""] => {}
                [city, state, code, country] if !city.is_empty() && !country.is_empty() => {
                    places.push(Place {
                        city: city.to_owned(),
                        state: state.to_owned(),
                        code: code.to_owned(),
                        country: country.to_owned(),
                    })
                }
                _ => return Err(BadTexts::Place(at + 1)),
            }
        }
        Ok(Texts { lists, places })
    }

    /// The lines of a file.
    pub(super) fn of(&self, file: &str) -> &[String] {
        self.lists.get(file).map_or(&[], Vec::as_slice)
    }
}

/// The slots of a template, in order.
pub(super) fn slots(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(slot, _)| slot))
}
