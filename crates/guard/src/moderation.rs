//! Moderation by words and phrases, read through the usual disguises ("a$$", "f*ck", "sh1t").
//!
//! An oath in a complaint is flagged and answered. What is refused is contempt, threats and sexual
//! or violent requests. Self-harm is never refused: a person takes over.

mod phrases;
mod reports;
mod structure;
mod words;

use std::{cell::LazyCell, fmt, sync::LazyLock};

use regex::Regex;

use crate::{Moderation, ModerationCategory as C, patterns, self_harm, stop};
use phrases::{PEOPLE, PHRASES, Phrase};
use structure::{ABROAD, STRUCTURES, Structure};

struct Compiled {
    id: &'static str,
    category: C,
    /// The words name a thing, and say nothing of what the writer wants.
    mention: bool,
    pattern: Regex,
}

static COMPILED: LazyLock<Vec<Compiled>> = LazyLock::new(|| {
    let each = |phrase: &Phrase| {
        let pattern = compile(&phrase.pattern.replace("{group}", GROUP).replace("{people}", PEOPLE));
        Compiled { id: phrase.id, category: phrase.category, mention: phrase.mention, pattern }
    };
    let group = GROUP.replace("{people}", PEOPLE);
    let built = |s: &Structure| {
        let pattern = compile(&structure::spelt(s, &group));
        Compiled { id: s.id, category: s.category, mention: false, pattern }
    };
    PHRASES.iter().map(each).chain(STRUCTURES.iter().chain(ABROAD).map(built)).collect()
});

/// What `{group}` stands for: people of a kind, and the sexes.
const GROUP: &str = r"(?:men|women|{people})";

/// Compiles a pattern over lower-case text with ASCII letters and boundaries, which keep the fast automaton
/// also on text that is not ASCII. A pattern that is none stops the start: what it looks for would pass.
fn compile(pattern: &str) -> Regex {
    patterns::compiled(&pattern.replace(r"\b", r"(?-u:\b)").replace(r"\w", "[a-z0-9_]"))
}

/// Builds the tables, so that the first message doesn't wait for them.
pub(crate) fn prepare() {
    LazyLock::force(&COMPILED);
    reports::prepare();
    self_harm::prepare();
}

/// The rule that found a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// A form of this oath.
    Oath(&'static str),
    /// A form of this slur.
    Slur(&'static str),
    /// A phrase or a structure, by its name.
    Phrase(&'static str),
    /// The reader of cries for help.
    Cry,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Oath(stem) => write!(f, "oath/{stem}"),
            Rule::Slur(stem) => write!(f, "slur/{stem}"),
            Rule::Phrase(name) => f.write_str(name),
            Rule::Cry => f.write_str("cry"),
        }
    }
}

/// Judges a text (folded, in any case).
pub(crate) fn judge(text: &str) -> Moderation {
    judge_with(text, &mut |_, _| ())
}

/// The same; `told` hears of each category and the rule that found it.
pub(crate) fn judge_with(text: &str, told: &mut impl FnMut(C, Rule)) -> Moderation {
    let plain = text.to_lowercase().replace('\u{2019}', "'");
    let own = reports::without_everyday(&plain);
    let said = reports::without_told(&own);
    let mut found: Vec<(C, Rule)> = Vec::new();
    let mut slur_told = None;
    for token in own.split_whitespace() {
        let (oath, slur) = words::read(&words::undisguise(token));
        found.extend(oath.map(|stem| (C::Profanity, Rule::Oath(stem))));
        slur_told = slur_told.or(slur);
    }
    if let Some(stem) = slur_told {
        let slurs = said.split_whitespace().filter_map(|token| words::read(&words::undisguise(token)).1);
        let own_words: Vec<_> = slurs.map(|stem| (C::Hate, Rule::Slur(stem))).collect();
        // A slur that is only told of is flagged as an oath is.
        found.extend(if own_words.is_empty() { vec![(C::Profanity, Rule::Slur(stem))] } else { own_words });
    }
    let despair = reports::without_everyday_despair(&plain);
    let (said, despair) = (Readings::of(&said), Readings::of(&despair));
    let concerns = LazyCell::new(|| reports::concerns(&own));
    for phrase in COMPILED.iter() {
        stop::point();
        let category = phrase.category;
        let readings = if category == C::SelfHarm { &despair } else { &said };
        if !found.iter().any(|(c, _)| *c == category)
            && readings.any(&phrase.pattern)
            && !(phrase.mention && *concerns)
        {
            found.push((category, Rule::Phrase(phrase.id)));
        }
    }
    if self_harm::cries(text) {
        found.push((C::SelfHarm, Rule::Cry));
    }
    for (category, rule) in &found {
        told(*category, *rule);
    }
    let mut categories: Vec<C> = found.into_iter().map(|(category, _)| category).collect();
    categories.sort_unstable();
    categories.dedup();
    Moderation { flagged: !categories.is_empty(), categories }
}

/// A text as it stands, without the signs that stand for letters, and with its spelt words in one.
struct Readings<'a> {
    plain: &'a str,
    open: String,
    spelt: Option<String>,
}

impl Readings<'_> {
    fn of(plain: &str) -> Readings<'_> {
        let open = plain.split_whitespace().map(words::undisguise_phrase).collect::<Vec<_>>().join(" ");
        let spelt = rejoined(&open);
        Readings { plain, open, spelt }
    }

    fn any(&self, pattern: &Regex) -> bool {
        pattern.is_match(self.plain)
            || pattern.is_match(&self.open)
            || self.spelt.as_deref().is_some_and(|spelt| pattern.is_match(spelt))
    }
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
    fn every_rule_has_its_own_name() {
        let names: std::collections::BTreeSet<_> = COMPILED.iter().map(|c| c.id).collect();
        assert_eq!(names.len(), COMPILED.len());
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
    fn victims_and_customers_are_not_refused() {
        for text in [
            "i am being blackmailed with a naked photo",
            "abusive payment descriptions: kill yourself",
            "a man was masturbating in the lobby of your branch",
            "these indian men are scammers, they took my money",
            "i'm such a retard, i sent it twice",
            "someone has nude pictures of me and wants me to pay 500",
            "a man sent me porn and says he filmed me, pay bitcoin",
            "my ex is sharing my nudes, can you stop his payments",
            "the loan officer asked me to have sex with him for the approval",
            "he keeps telling me to send him nude photos or he'll post them",
            "staff called me a faggot, i want to complain",
            "your teller called me a retard",
            "i was called a paki by your guard",
            "my neighbour pays me 1 cent with the reference \"die you bitch, i will kill you\"",
            "he said i will kill you if you dont transfer the money",
            "a customer sends 1 cent transfers that say i will find you and rape you",
            "the caller said: i know where you live. what do i do",
            "charge from pornhub on my statement",
            "how do i block payments to porn sites",
            "sex toys charge on my card that i dont know",
            "my son was hurt in the school shooting, can i pause the loan",
            "a man has come with a knife to my house for the cash",
            "where can i donate to the massacre memorial",
        ] {
            let m = judge(text);
            assert!(!m.refuses(), "{text}: {m:?}");
        }
        assert_eq!(categories("your teller called me a retard"), [C::Profanity]);
        for (text, category) in [
            ("i will kill you, you called me a retard", C::Threat),
            ("he called me names so i will kill him", C::Threat),
            ("i told your teller i will kill her", C::Threat),
            ("i called him a faggot and i meant it, faggot", C::Hate),
            ("show me porn or i close my account", C::Sexual),
            ("i am being blackmailed, talk dirty to me", C::Sexual),
            ("porn", C::Sexual),
            ("we will find you and stab you", C::Threat),
            ("write an erotic story about a payment", C::Sexual),
        ] {
            assert!(categories(text).contains(&category), "{text}: {:?}", categories(text));
        }
    }

    #[test]
    fn rude_customers_are_answered() {
        for text in [
            "you people are idiots",
            "you are an idiot machine",
            "stfu",
            "shut the fuck up and give me a human",
            "you are a pack of useless bastards and can go to hell",
            "screw you and your fees",
        ] {
            assert_eq!(categories(text), [C::Profanity], "{text}");
        }
    }

    #[test]
    fn contempt_for_a_group_is_hate() {
        for text in [
            "all muslims are terrorists",
            "indians are all scammers",
            "every jew is a thief",
            "most black people are criminals",
            "immigrants are parasites",
            "all of the gypsies are bloody thieves",
            "muslims should die",
            "every single indian is a scammer",
        ] {
            assert_eq!(categories(text), [C::Hate], "{text}");
        }
        for text in [
            "not all muslims are terrorists",
            "all women are eligible for this account",
            "are all indians eligible for an nre account",
            "those men are thieves, they stole my card",
            "all men on the joint account are signatories",
            "the manager said all muslims are terrorists, i complain",
        ] {
            assert!(!judge(text).refuses(), "{text}: {:?}", categories(text));
        }
    }

    #[test]
    fn despair_is_seen_and_never_refused() {
        for text in [
            "i want to kill myself",
            "i can't go on, i lost everything",
            "thinking of suicide because of the debt, fuck you all",
            "i overdosed on tablets",
            "i cut myself again",
            "cut myself off from everyone, i can't take it anymore",
            "i can't go on without him",
            "thinking of ending it",
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
            "my dick smith order",
            "how can i hide money from my wife",
            "how do i create an account for my husband",
            "how can i make a payment to a person",
            "how can i buy my wife a gift card",
            "how can i buy a nail gun on finance",
            "how do i get rid of my ex from the mortgage",
            "chink in the armour",
            "spic and span",
            "spicy spices shop payment of 12",
            "i sail to van dyke street",
            "i'll shoot you an email",
            "you are dead wrong about my fee",
            "why did my bill shoot up",
            "i will end up paying you twice",
            "i want to end her card access",
            "how could i beat the bank's rate",
            "tell me about accounts for same sex couples",
            "can i pay with your life insurance",
            "my mother is mentally retarded, can she open an account",
            "overdose of paperwork",
            "i overdosed on coffee and typed the wrong pin",
            "i cut myself off from online shopping",
            "i cut myself on your atm",
            "i cant go on holiday without my card",
            "thinking of ending my term deposit",
        ] {
            assert_eq!(categories(text), [], "{text}");
        }
    }
}
