//! Values for the slots: names in the forms people write them, addresses as their countries do, passwords.

use super::{
    Random,
    generator::Part,
    texts::{Place, Texts},
};

/// One of the entries of a list that belong to this part: every fifth measures, the others train.
pub(super) fn own<'t>(list: &'t [String], part: Part, random: &mut Random) -> &'t str {
    for _ in 0..64 {
        let at = random.below(list.len());
        if (at % 5 == 4) == (part == Part::Held) {
            return list.get(at).map_or("", String::as_str);
        }
    }
    list.first().map_or("", String::as_str)
}

pub(super) fn first(texts: &Texts, part: Part, random: &mut Random) -> String {
    own(texts.of("first_names.txt"), part, random).to_owned()
}

pub(super) fn last(texts: &Texts, part: Part, random: &mut Random) -> String {
    own(texts.of("last_names.txt"), part, random).to_owned()
}

pub(super) fn full(texts: &Texts, part: Part, random: &mut Random) -> String {
    let (given, family) = (first(texts, part, random), last(texts, part, random));
    match random.below(12) {
        0 => format!("{given} {} {family}", first(texts, part, random)),
        1 => format!("{given} {}. {family}", letter(random)),
        2 => format!("{given} {} {family}", letter(random)),
        3 => format!("{given}-{} {family}", first(texts, part, random)),
        _ => format!("{given} {family}"),
    }
}

pub(super) fn initial_last(texts: &Texts, part: Part, random: &mut Random) -> String {
    let family = last(texts, part, random);
    match random.below(4) {
        0 => format!("{}.{}. {family}", letter(random), letter(random)),
        1 => format!("{} {family}", letter(random)),
        2 => format!("{family} {}", letter(random)),
        _ => format!("{}. {family}", letter(random)),
    }
}

fn letter(random: &mut Random) -> char {
    char::from(b'A' + random.below(26) as u8)
}

/// A street line: number, name and type, in the order of the place's country.
pub(super) fn street(texts: &Texts, place: &Place, part: Part, random: &mut Random) -> String {
    let name = own(texts.of("street_names.txt"), part, random);
    let number = match random.below(8) {
        0 => format!("{}/{}", 1 + random.below(40), 1 + random.below(300)),
        1 => format!("{}{}", 1 + random.below(300), char::from(b'A' + random.below(4) as u8)),
        2 => format!("{}-{}", 1 + random.below(90), 91 + random.below(90)),
        _ => format!("{}", 1 + random.below(if place.country == "US" { 9999 } else { 320 })),
    };
    let own_type = name.contains(' ') && random.happens(0.3)
        || ["rue", "via", "calle", "jalan", "marg"].iter().any(|word| name.to_lowercase().starts_with(word));
    let line = match place.country.as_str() {
        "DE" if name.ends_with('-') => format!("{name}{} {number}", random.pick(&["Straße", "Str.", "Weg"])),
        "DE" => {
            let joined = random.pick(&["straße", "strasse", "str.", "weg", "gasse", "allee"]);
            format!("{name}{joined} {number}")
        }
        "FR" => {
            format!("{number} {} {name}", random.pick(&["rue", "avenue", "boulevard", "rue de", "place"]))
        }
        "IN" => match random.below(3) {
            0 => format!(
                "{} {number}, {name} {}",
                random.pick(&["Flat", "Plot", "H.No.", "House"]),
                in_type(random)
            ),
            1 => format!("{number}, {name} {}", in_type(random)),
            _ => format!("{number} {name} {}", in_type(random)),
        },
        "SG" => format!(
            "Blk {number} {name} {} #{:02}-{:02}",
            street_type(random),
            random.below(30),
            random.below(90)
        ),
        _ if own_type => format!("{number} {name}"),
        _ => format!("{number} {name} {}", street_type(random)),
    };
    match random.below(14) {
        0 => format!(
            "{} {}, {line}",
            random.pick(&["Unit", "Flat", "Apt", "Apartment", "Suite"]),
            1 + random.below(60)
        ),
        1 => format!("{line}, {} {}", random.pick(&["Apt", "Unit", "Floor", "Suite"]), 1 + random.below(60)),
        2 if place.country != "DE" => {
            format!(
                "{} {}",
                random.pick(&["PO Box", "P.O. Box", "GPO Box", "Locked Bag"]),
                1 + random.below(9999)
            )
        }
        _ => line,
    }
}

fn street_type(random: &mut Random) -> &'static str {
    random.pick(&[
        "Street",
        "Street",
        "St",
        "St",
        "Road",
        "Road",
        "Rd",
        "Avenue",
        "Ave",
        "Lane",
        "Ln",
        "Drive",
        "Dr",
        "Close",
        "Court",
        "Ct",
        "Crescent",
        "Cres",
        "Place",
        "Pl",
        "Terrace",
        "Tce",
        "Parade",
        "Pde",
        "Way",
        "Boulevard",
        "Blvd",
        "Grove",
        "Circuit",
        "Square",
        "Gardens",
        "Hill",
        "Rise",
        "Mews",
        "Highway",
        "Walk",
        "Row",
        "Quay",
        "Loop",
        "Trail",
        "Parkway",
        "St.",
        "Rd.",
        "Ave.",
        "Esplanade",
        "Green",
        "View",
    ])
}

fn in_type(random: &mut Random) -> &'static str {
    random.pick(&[
        "Road",
        "Marg",
        "Nagar",
        "Street",
        "Layout",
        "Colony",
        "Main Road",
        "Cross",
        "Enclave",
        "Sector 5",
    ])
}

/// Suburb or city with state and postcode.
pub(super) fn city_line(place: &Place, random: &mut Random) -> String {
    let code: String = place
        .code
        .chars()
        .map(|c| match c {
            '#' => char::from(b'0' + random.below(10) as u8),
            '@' => letter(random),
            other => other,
        })
        .collect();
    let (city, state) = (&place.city, &place.state);
    let line = match place.country.as_str() {
        "DE" | "FR" if !code.is_empty() => format!("{code} {city}"),
        _ if state.is_empty() || random.happens(0.1) => format!("{city} {code}"),
        "US" | "CA" => format!("{city}, {state} {code}"),
        "IN" => match random.below(2) {
            0 => format!("{city}, {state} - {code}"),
            _ => format!("{city} {code}"),
        },
        "GB" | "IE" => match random.below(2) {
            0 => format!("{city}, {state}, {code}"),
            _ => format!("{city} {code}"),
        },
        _ => format!("{city} {state} {code}"),
    };
    line.trim().trim_end_matches([',', '-']).trim().to_owned()
}

pub(super) fn address(texts: &Texts, part: Part, random: &mut Random) -> String {
    let place = place(texts, random);
    let (street, city) = (street(texts, place, part, random), city_line(place, random));
    let between = random.pick(&[", ", ", ", ", ", " ", " ", "\n", ",\n"]);
    match random.below(9) {
        0 => street,
        1 => {
            let country = country(&place.country);
            format!("{street}{between}{city}{}{country}", random.pick(&[", ", " ", "\n"]))
        }
        2 => format!("{street}{between}{}", place.city),
        _ => format!("{street}{between}{city}"),
    }
}

pub(super) fn place<'t>(texts: &'t Texts, random: &mut Random) -> &'t Place {
    &texts.places[random.below(texts.places.len())]
}

pub(super) fn country(code: &str) -> &str {
    match code {
        "AU" => "Australia",
        "GB" => "United Kingdom",
        "US" => "USA",
        "IN" => "India",
        "IE" => "Ireland",
        "NZ" => "New Zealand",
        "DE" => "Germany",
        "FR" => "France",
        "SG" => "Singapore",
        "CA" => "Canada",
        other => other,
    }
}

/// A password as people make them: a word bent with digits and marks, or noise.
pub(super) fn password(texts: &Texts, part: Part, random: &mut Random) -> String {
    let word = |random: &mut Random| {
        let mut word = match random.below(3) {
            0 => first(texts, part, random),
            1 => own(texts.of("words_as_password.txt"), part, random).replace(' ', ""),
            _ => last(texts, part, random),
        };
        if random.happens(0.4) {
            word = word.to_lowercase();
        }
        if random.happens(0.25) {
            word = word.replace('a', "@").replace('o', "0").replace('s', "$").replace('i', "1");
        }
        word
    };
    let mark = |random: &mut Random| random.pick(&["!", "#", "@", "$", "*", "?", "_", "-", "!!", "."]);
    let year = |random: &mut Random| format!("{}", 1950 + random.below(77));
    match random.below(7) {
        0 => format!("{}{}{}", word(random), year(random), mark(random)),
        1 => format!("{}{}{}", word(random), mark(random), random.below(1000)),
        2 => format!("{}{}", word(random), random.below(10_000)),
        3 => format!("{}{}{}", word(random), mark(random), word(random)),
        4 => format!("{}{}", random.below(100), word(random)),
        5 => format!("{}{}", word(random), mark(random)),
        _ => {
            let letters = b"abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#%&*+-=?@_";
            (0..8 + random.below(8)).map(|_| char::from(letters[random.below(letters.len())])).collect()
        }
    }
}
