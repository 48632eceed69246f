//! Oaths and slurs by word, read through the usual disguises ("a$$", "f*ck", "sh1t").

/// Stems of oaths; endings are allowed behind them.
const OATHS: &[&str] = &[
    "fuck",
    "motherfuck",
    "shit",
    "bullshit",
    "bitch",
    "bastard",
    "asshole",
    "arsehole",
    "cunt",
    "dickhead",
    "prick",
    "wanker",
    "bollocks",
    "twat",
    "piss",
    "crap",
    "goddamn",
    "jackass",
    "dumbass",
    "arse",
    "ass",
    "slut",
    "whore",
    "wtf",
    "stfu",
    "gtfo",
    "fck",
    "fuk",
    "douchebag",
    "tosser",
    "bugger",
    "shite",
    "effing",
    "fkn",
    "fcuk",
];

/// Slurs against groups. They are hate wherever they stand, unless they are told of (`reports`).
const SLURS: &[&str] = &[
    "nigger",
    "nigga",
    "faggot",
    "kike",
    "chink",
    "paki",
    "spic",
    "wetback",
    "tranny",
    "raghead",
    "towelhead",
    "gook",
    "coon",
    "retard",
    "dyke",
];

/// What may stand behind an oath.
const ENDINGS: &[&str] = &[
    "", "s", "es", "ed", "er", "ers", "in", "ing", "y", "ty", "ting", "ted", "head", "face", "hole", "holes",
    "wit", "off", "up", "show", "storm", "load", "ish", "ed-up", "n", "a", "as",
];
/// What may stand behind a slur: with the others "spic" would be "spicy".
const PLURAL: &[&str] = &["", "s", "z"];

/// The oath and the slur that a word is a form of. `word` is [`undisguise`]d.
pub(super) fn read(word: &str) -> (Option<&'static str>, Option<&'static str>) {
    let Some(first) = word.chars().next() else { return (None, None) };
    // Nearly every word is told by its first letter.
    if !OATHS.iter().chain(SLURS).any(|stem| stem.starts_with(first)) {
        return (None, None);
    }
    let find = |stems: &'static [&'static str], endings: fn(&str) -> &'static [&'static str]| {
        stems.iter().copied().find(|stem| is_form(word, stem, endings(stem)))
    };
    (find(OATHS, |_| ENDINGS), find(SLURS, slur_endings))
}

fn slur_endings(stem: &str) -> &'static [&'static str] {
    match stem {
        "retard" => &["", "s", "z", "ed"],
        "chink" => &["", "s", "z", "y"],
        _ => PLURAL,
    }
}

/// Letters for the signs that stand for them; `*` and `#` stay as "any letter".
pub(super) fn undisguise(token: &str) -> String {
    let trimmed =
        token.trim_matches(|c: char| matches!(c, '.' | ',' | '!' | '?' | ';' | ':' | '"' | '\'' | '(' | ')'));
    let letters = trimmed.chars().filter(|c| c.is_alphabetic()).count();
    let starred = trimmed.contains(['*', '#']);
    // A word without a letter is a number or an amount.
    if letters == 0 || trimmed.len() > 40 {
        return String::new();
    }
    let mut word = String::with_capacity(trimmed.len());
    for c in trimmed.chars() {
        let c = match c {
            '@' | '4' => 'a',
            '$' | '5' => 's',
            '0' => 'o',
            '1' | '!' | '|' => 'i',
            '3' => 'e',
            '7' => 't',
            'v' if starred => 'v',
            '-' | '_' | '.' | '~' => continue,
            '#' => '*',
            c => c,
        };
        // "fuuuck": no letter stands three times in a row in a word.
        if c != '*'
            && word.ends_with([c])
            && word.len() >= 2
            && word[..word.len() - c.len_utf8()].ends_with([c])
        {
            continue;
        }
        word.push(c);
    }
    word
}

pub(super) fn undisguise_phrase(token: &str) -> String {
    let word = undisguise(token);
    let known = OATHS.iter().find(|stem| word.contains('*') && is_form(&word, stem, ENDINGS));
    known.map_or(word, |stem| (*stem).to_owned())
}

/// The word is the stem, with a usual ending behind it; `*` stands for any letter after the first.
fn is_form(word: &str, stem: &str, endings: &[&str]) -> bool {
    if word.chars().next().is_none_or(|first| !stem.starts_with(first)) {
        return false;
    }
    let squeezed: String = if word.contains('*') { word.to_owned() } else { squeeze(word) };
    let fits = |word: &str| {
        if word.chars().filter(|c| *c == '*').count() * 2 > word.chars().count() {
            return false;
        }
        endings.iter().any(|ending| {
            let full = stem.len() + ending.len();
            // Short stems are everyday beginnings: "ass" is no "assed", "crap" no "crapa".
            let allowed = ending.is_empty()
                || stem.len() >= 4 && !matches!((stem, *ending), ("arse", "n") | ("piss", "a"));
            allowed
                && word.chars().count() == full
                && word.chars().zip(stem.chars().chain(ending.chars())).all(|(w, s)| w == s || w == '*')
        })
    };
    fits(word) || fits(&squeezed)
}

/// Doubled letters once, but not where the stem has them: "shiit" is "shit".
fn squeeze(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        if !out.ends_with(c) || c == 's' {
            out.push(c);
        }
    }
    out
}
