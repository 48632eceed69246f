//! Moderation by words and phrases, read through the usual disguises ("a$$", "f*ck", "sh1t").
//!
//! An oath in a complaint is flagged and answered. What is refused is contempt, threats and sexual
//! or violent requests. Self-harm is never refused: a person takes over.

use std::sync::LazyLock;

use regex::Regex;

use crate::{Moderation, ModerationCategory as C, self_harm};

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

/// Slurs against groups. They are hate wherever they stand.
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

/// Phrases by category, over lower-case text with the disguises removed.
const PHRASES: &[(C, &str)] = &[
    (
        C::Hate,
        r"\b(?:fuck (?:you|u|off|yourself|your|this bank and you)|screw you|go to hell|piss off|eat shit|suck my|kiss my ass|drop dead(?: you| u|[.!,?]|$)|go die|kys|kill yourself|hope you (?:die|rot|burn|get cancer|choke)|shut the fuck up|stfu)\b",
    ),
    (
        C::Hate,
        r"\b(?:you|u|you're|youre|ur|you are|you all|y'all|you people|you lot) (?:are |is |bunch of |lot of )*(?:a |an |all |just |such a |nothing but |the |some )*(?:\w+ing |stupid |useless |dumb |worthless |bloody |dirty |filthy |absolute |complete |total |god ?damn |piece of )*(?:idiots?|morons?|bitch(?:es)?|cunts?|bastards?|assholes?|arseholes?|imbeciles?|pigs?|scum|whores?|sluts?|dickheads?|pricks?|wankers?|parasites?|vermin|shit|trash|subhuman\w*|dumbass\w*|twats?|retards?)\b",
    ),
    (
        C::Hate,
        r"\b(?:all|these|those|fucking|dirty|filthy|stupid|hate|damn) (?:the )?(?:\w+ )?(?:muslims?|jews?|christians|hindus|sikhs|blacks|whites|asians|indians|pakistanis|chinese|mexicans|arabs|africans|gypsies|immigrants|foreigners|gays?|lesbians|trans(?: people)?|women|men|aboriginals?|disabled)\b[^.!?\n]{0,30}\b(?:should (?:die|be (?:killed|shot|deported|banned|gassed))|are (?:\w+ )?(?:animals|vermin|scum|subhuman|thieves|criminals|inferior|disgusting|parasites|rats|trash|stupid|all the same)|don'?t deserve|out of)\b",
    ),
    (
        C::Hate,
        r"\b(?:i|we) (?:really |fucking )?(?:hate|despise|can'?t stand) (?:all |those |these |the |you )?(?:muslims?|jews?|christians|hindus|blacks|asians|indians|pakistanis|mexicans|arabs|africans|gypsies|immigrants|foreigners|gays|lesbians)\b",
    ),
    (
        C::Threat,
        r"\b(?:i'?ll|i will|i'?m going to|i am going to|im gonna|i'?m gonna|imma|i swear i'?ll|we will|we'?ll|someone will|gonna|i want to|i would|i could|i'd like to) (?:\w+ ){0,2}?(?:kill|murder|shoot|stab|hurt|beat|bash|strangle|punch|smash|burn|bomb|blow up|attack|torture|hunt|destroy|end|rape|slaughter|poison|choke|execute|behead|break) (?:\w+ ){0,2}?(?:you|u|your (?:\w+ )?(?:family|kids|children|wife|husband|staff|house|face|office|branch|bank|legs|neck|head|skull)|ya|everyone|everybody|all of (?:you|them)|him|her|them|the (?:manager|staff|teller|branch|bank|building|people|banker|employees?|ceo)|this (?:bank|branch|place|building)|somebody|someone|people|the place|down your|down the)\b",
    ),
    (
        C::Threat,
        r"\b(?:i know where (?:you|u|your \w+) (?:live|work|lives|works)|watch your back|you(?:'ll| will)? (?:be|are) dead|you(?:'re| are) (?:all )?(?:a )?dead (?:man|meat|woman)?|come (?:down |over )?(?:there |to (?:your|the) (?:branch|office) )?with (?:a |my )(?:gun|knife|bat|rifle|weapon|shotgun)|bring (?:a |my )(?:gun|knife|rifle|weapon|bomb)|(?:put|plant|left|there is|there's) a bomb|bomb (?:in|at|under) (?:your|the|this)|your (?:family|kids|children) (?:will|won't be|are going to)|pay with your (?:life|blood)|make you (?:suffer|bleed|regret being born)|sleep with one eye open|burn (?:it|the (?:branch|bank|place)|this place) (?:all )?down|shoot up)\b",
    ),
    (
        C::Sexual,
        r"\b(?:porn\w*|send (?:me )?nudes?|nude (?:pics?|photos?|pictures?)|blow ?jobs?|hand ?jobs?|horny|dick pics?|cum ?shots?|masturbat\w*|orgasm\w*|erotic\w*|sex (?:with (?:me|you)|story|chat|scene|toys? (?:in|with) you)|have sex|sexting|sexual (?:acts?|fantas\w+|intercourse|favou?rs?)|suck my (?:dick|cock)|my (?:dick|pussy)|your (?:tits|boobs|pussy|ass naked)|show me your (?:tits|boobs|body)|naked (?:pics?|photos?|women|girls|men|boys)|hentai|nsfw|bdsm|fetish|are you (?:sexy|single and)|talk dirty|get you in bed|anal sex|oral sex|gangbang|incest)\b",
    ),
    (
        C::Violence,
        r"\b(?:how (?:to|do i|can i|would i|do you|could i) (?:\w+ ){0,2}?(?:make|build|construct|create|kill|murder|poison|strangle|torture|hide|dispose of|get away with|buy|hurt|stab|assault|kidnap|attack|detonate) (?:\w+ ){0,3}?(?:bombs?|pipe ?bombs?|explosives?|grenades?|molotov|weapons?|guns?|silencer|ricin|nerve gas|someone|somebody|people|a person|a man|a woman|a child|my (?:wife|husband|boss|neighbou?r|ex|mother|father|girlfriend|boyfriend|partner)|a (?:dead )?body|murder|the body|an animal|a dog)|instructions (?:for|to) (?:making|make|build\w*) (?:a )?(?:bomb|weapon|explosive)s?|behead\w*|dismember\w*|massacre|mass shooting|school shooting|genocide (?:is|was) (?:good|right)|gore video|snuff (?:film|video)|bomb[- ]making)\b",
    ),
    // What is said of harming oneself beyond the phrases of `self_harm`.
    (
        C::SelfHarm,
        r"\b(?:cut|cutting) my ?self\b|\b(?:(?:kill|hurt|harm) (?:me and my kids)|end(?:ing)? it life|overdos\w+|(?:no|any) (?:reason|point) (?:to|in) (?:live|living|going on|go on)|can'?t (?:go on|live like this|do this any ?more|take (?:it|this) any ?more)|jump(?:ing)? off (?:a|the) (?:building|roof)|life is(?:n'?t| not) worth|give up on life|slit my wrists?|disappear forever|thinking of ending)\b",
    ),
];

/// Honest sentences that carry the words of a category.
const HONEST: &[(C, &str)] = &[
    (C::SelfHarm, r"\boverdos\w+ (?:on|of) (?:fees|charges|paperwork|emails)\b"),
    (
        C::Threat,
        r"\b(?:i will|i'll|i'm going to) (?:destroy|break|burn|smash|end) (?:the |my |this )?(?:card|account|contract|relationship)\b",
    ),
];

struct Compiled {
    phrases: Vec<(C, Regex)>,
    honest: Vec<(C, Regex)>,
}

static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
    let compile =
        |list: &[(C, &str)]| list.iter().filter_map(|(c, p)| Some((*c, Regex::new(p).ok()?))).collect();
    Compiled { phrases: compile(PHRASES), honest: compile(HONEST) }
});

/// Builds the tables, so that the first message doesn't wait for them.
pub(crate) fn prepare() {
    LazyLock::force(&COMPILED);
    self_harm::prepare();
}

/// The rule that found a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A form of this oath.
    Oath(&'static str),
    /// A form of this slur.
    Slur(&'static str),
    /// A phrase, by its number in the list.
    Phrase(usize),
    /// The reader of cries for help.
    Cry,
}

/// Judges a text (folded, in any case).
pub(crate) fn judge(text: &str) -> Moderation {
    judge_with(text, &mut |_, _| ())
}

/// The same; `told` hears of each category and the rule that found it.
pub(crate) fn judge_with(text: &str, told: &mut impl FnMut(C, Rule)) -> Moderation {
    let plain = text.to_lowercase().replace('\u{2019}', "'");
    let mut categories: Vec<C> = Vec::new();
    for token in plain.split_whitespace() {
        let word = undisguise(token);
        let Some(first) = word.chars().next() else { continue };
        // Nearly every word is told by its first letter.
        if !OATHS.iter().chain(SLURS).any(|stem| stem.starts_with(first)) {
            continue;
        }
        if let Some(stem) = OATHS.iter().find(|stem| is_form(&word, stem)) {
            categories.push(C::Profanity);
            told(C::Profanity, Rule::Oath(stem));
        }
        if let Some(stem) = SLURS.iter().find(|stem| is_form(&word, stem)) {
            categories.push(C::Hate);
            told(C::Hate, Rule::Slur(stem));
        }
    }
    let open: String = plain.split_whitespace().map(undisguise_phrase).collect::<Vec<_>>().join(" ");
    let spelt = rejoined(&open);
    for (number, (category, pattern)) in COMPILED.phrases.iter().enumerate() {
        let found = |text: &str| pattern.is_match(text);
        if !categories.contains(category)
            && (found(&plain) || found(&open) || spelt.as_deref().is_some_and(found))
        {
            let honest = COMPILED.honest.iter().any(|(c, p)| c == category && p.is_match(&plain));
            if !honest {
                categories.push(*category);
                told(*category, Rule::Phrase(number + 1));
            }
        }
    }
    if self_harm::cries(text) {
        categories.push(C::SelfHarm);
        told(C::SelfHarm, Rule::Cry);
    }
    categories.sort_unstable();
    categories.dedup();
    Moderation { flagged: !categories.is_empty(), categories }
}

/// Letters that stand alone become the word that they spell: "i wanna d i e". None when no three
/// stand in a row.
fn rejoined(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split(' ').collect();
    let alone = |word: &&str| word.chars().count() == 1 && word.chars().all(char::is_alphabetic);
    let runs: Vec<&[&str]> = words.chunk_by(|a, b| alone(a) && alone(b)).collect();
    if !runs.iter().any(|run| run.len() >= 3) {
        return None;
    }
    let joined: Vec<String> =
        runs.iter().map(|run| if run.len() >= 3 { run.concat() } else { run.join(" ") }).collect();
    Some(joined.join(" "))
}

/// Letters for the signs that stand for them; `*` and `#` stay as "any letter".
fn undisguise(token: &str) -> String {
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

fn undisguise_phrase(token: &str) -> String {
    let word = undisguise(token);
    let known = OATHS.iter().find(|stem| word.contains('*') && is_form(&word, stem));
    known.map_or(word, |stem| (*stem).to_owned())
}

/// The word is the stem, with a usual ending behind it; `*` stands for any letter after the first.
fn is_form(word: &str, stem: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "", "s", "es", "ed", "er", "ers", "in", "ing", "y", "ty", "ting", "ted", "head", "face", "hole",
        "holes", "wit", "off", "up", "show", "storm", "load", "ish", "ed-up", "n", "a", "as",
    ];
    if word.chars().next().is_none_or(|first| !stem.starts_with(first)) {
        return false;
    }
    let squeezed: String = if word.contains('*') { word.to_owned() } else { squeeze(word) };
    let fits = |word: &str| {
        if word.chars().filter(|c| *c == '*').count() * 2 > word.chars().count() {
            return false;
        }
        ENDINGS.iter().any(|ending| {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn categories(text: &str) -> Vec<C> {
        judge(text).categories
    }

    #[test]
    fn a_cry_that_is_spelt_letter_by_letter_is_read() {
        for text in ["i wanna d i e", "I want to k i l l myself", "k i l l m y s e l f", "s.u.i.c.i.d.e"] {
            assert!(categories(text).contains(&C::SelfHarm), "{text}");
        }
        for text in ["my unit is a b c d", "plan a or b", "i am a u k resident", ""] {
            assert!(categories(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(COMPILED.phrases.len(), PHRASES.len());
        assert_eq!(COMPILED.honest.len(), HONEST.len());
    }

    #[test]
    fn oaths_are_flagged_in_disguise_and_never_refused_alone() {
        for text in [
            "my fucking card was stolen",
            "this is bullsh1t",
            "what the f*ck",
            "sh!t happens",
            "my a$$",
            "fuuuuck this fee",
        ] {
            let m = judge(text);
            assert_eq!(m.categories, [C::Profanity], "{text}");
            assert!(!m.refuses(), "{text}");
        }
    }

    #[test]
    fn contempt_threats_and_requests_refuse() {
        for (text, category) in [
            ("fuck you", C::Hate),
            ("you are a stupid bitch", C::Hate),
            ("i will kill you", C::Threat),
            ("i'm going to burn your branch", C::Threat),
            ("i know where you live", C::Threat),
            ("send me nudes", C::Sexual),
            ("how to make a bomb", C::Violence),
        ] {
            let m = judge(text);
            assert!(m.categories.contains(&category), "{text}: {m:?}");
            assert!(m.refuses(), "{text}");
        }
    }

    #[test]
    fn despair_is_seen_and_never_refused() {
        for text in [
            "i want to kill myself",
            "i can't go on, i lost everything",
            "thinking of suicide because of the debt, fuck you all",
        ] {
            let m = judge(text);
            assert!(m.categories.contains(&C::SelfHarm), "{text}");
            assert!(!m.refuses(), "{text}");
        }
    }

    #[test]
    fn banking_is_clean() {
        for text in [
            "these fees are killing me",
            "i will close my account",
            "can i assign my assets to an associate",
            "the class action passes",
            "my cock-up, i typed the wrong amount",
            "same sex couple joint account",
            "pay Scunthorpe council, Essex",
            "i will break the term deposit",
            "$455 is too much",
            "my husband died and i hate paperwork",
            "shoot me an email",
            "dick smith electronics charged me",
        ] {
            assert_eq!(categories(text), [], "{text}");
        }
    }
}
