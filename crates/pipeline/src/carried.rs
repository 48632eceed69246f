//! What a message says only together with the question before it: "What is a payment scam?" asks in general, and "I did
//! one yesterday" is a report. So the thing that was asked about takes the place of the word that stands for it, and
//! triggers and intents are read once more.

mod words;

use contactiq_domain::{Category, Mode, Trigger, TriggerHit};
use words::{
    ASKING, BEFELL, ENDINGS, FRAME, HAPPENED, HOW_TO, INFORM, INFORMATION, KIN, OPENINGS, OWN, STAND_INS,
    WITHOUT_I,
};

use crate::{
    certainty::{FIRES, HUMAN_ONLY, LEANS, OWN_DATA},
    classify,
    follow_up::{self, ARTICLES},
    reader::Reader,
    requests,
};

/// Longer messages say themselves what they speak of.
const MOST_WORDS: usize = 16;
/// Without a word that stands for something, so few words lean on the question before.
const FRAGMENT: usize = 4;

/// So sure of an intent of people, a sentence that was put together needs no trigger beside it: "sign me up for it".
const PLAIN: f64 = 0.95;

/// What a message does with the thing before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    /// The person tells of themselves.
    Tells,
    /// The person asks, of themselves.
    Asks,
}

impl Says {
    /// Whether a trigger is raised by it. A question about fraud or hardship stays a question in the first person ("how do
    /// I apply for it?"); one for advice, for one's own record or for a person is what raises those.
    fn raises(self, trigger: Trigger) -> bool {
        match self {
            Says::Tells => true,
            Says::Asks => matches!(
                trigger,
                Trigger::AccountSpecific | Trigger::FinancialAdvice | Trigger::ExplicitHumanRequest
            ),
        }
    }
}

/// The triggers that a message raises with the question before it and that this does not raise alone; beside them how
/// probable each is, none where nothing was read.
pub(crate) fn triggers(
    reader: &Reader,
    mode: Mode,
    (message, before, joined): (&str, &str, Option<&str>),
) -> (Vec<TriggerHit>, Vec<(Trigger, f64)>) {
    let Some((says, resolved)) = resolved(message, before) else { return Default::default() };
    let (alone, _) = reader.triggers_of(before);
    let mut hits: Vec<TriggerHit> = Vec::new();
    let mut leanings: Vec<(Trigger, f64)> = Vec::new();
    let forms = [Some(resolved.as_str()), joined.filter(|_| says == Says::Tells)];
    for form in forms.into_iter().flatten() {
        let (found, probable) = reader.triggers_of(form);
        hits.extend(found);
        match leanings.is_empty() {
            true => leanings = probable,
            false => leanings.iter_mut().zip(probable).for_each(|(most, (_, p))| most.1 = most.1.max(p)),
        }
    }
    hits.extend(by_intent(reader, mode, &resolved, &leanings));
    let mut kept: Vec<TriggerHit> = Vec::new();
    for hit in hits {
        let new = |own: &[TriggerHit]| !own.iter().any(|known| known.trigger == hit.trigger);
        if says.raises(hit.trigger) && new(&alone) && new(&kept) {
            kept.push(hit);
        }
    }
    (kept, leanings)
}

/// The trigger of the intent, where it is a person's or asks for one's own data.
fn by_intent(reader: &Reader, mode: Mode, text: &str, leanings: &[(Trigger, f64)]) -> Option<TriggerHit> {
    let prediction = reader.intent(mode, text, reader.vector(text).as_deref());
    let understood = reader.classify(mode, &prediction, leanings, text);
    let intent = reader.taxonomy.intent(mode, understood.intent.as_str())?;
    let hit = |trigger: Trigger, score: f64| TriggerHit {
        trigger,
        rule: format!("{trigger}/follow-up-{}", intent.name),
        score,
    };
    match intent.category {
        Category::HumanOnly => {
            let together = classify::human_only(&reader.taxonomy, mode, &prediction, leanings);
            // The sentence was put together: an intent that is named after a trigger needs that one to lean to it.
            let own = leanings.iter().find(|(trigger, _)| *trigger == intent.trigger);
            let leans = own.is_none_or(|(_, p)| *p >= LEANS) || together >= PLAIN;
            (leans && together >= HUMAN_ONLY.max(FIRES)).then(|| hit(intent.trigger, together))
        }
        Category::Sensitive => {
            let own = leanings.iter().find(|(trigger, _)| *trigger == Trigger::AccountSpecific);
            own.filter(|(_, p)| *p >= OWN_DATA).map(|(trigger, p)| hit(*trigger, *p))
        }
        Category::Automatable => None,
    }
}

/// The message with the thing of the question before in the place of what stands for it, where the person speaks of
/// themselves: "I did an authorised push payment scam yesterday".
fn resolved(message: &str, before: &str) -> Option<(Says, String)> {
    let spoken = one_for_several(message);
    let spoken: Vec<&str> = spoken.iter().map(String::as_str).collect();
    let bare: Vec<String> = spoken.iter().map(|word| bare(word)).collect();
    let opening = bare.iter().take_while(|word| OPENINGS.contains(&word.as_str())).count();
    let first = bare.get(opening)?;
    // "Had one on sunday" leaves out who had it, and "happened at the servo" to whom.
    let befalls = |word: &String| BEFELL.contains(&word.as_str());
    let befell = befalls(first) || (first == "same" && bare.iter().any(befalls));
    // "And mine?" asks for the thing of one's own.
    let of_mine = bare.iter().any(|word| matches!(word.as_str(), "mine" | "mine's" | "mines"));
    let without_i = WITHOUT_I.contains(&first.as_str());
    let of_kin = bare.iter().any(|word| KIN.contains(&word.strip_suffix("'s").unwrap_or(word)));
    let own =
        befell || without_i || of_kin || of_mine || bare.iter().any(|word| OWN.contains(&word.as_str()));
    let happened = bare.iter().any(|word| HAPPENED.contains(&word.as_str()));
    let leans = befell || follow_up::stands_in(message) || of_mine || (bare.len() <= FRAGMENT && happened);
    if !own || !leans || bare.len() > MOST_WORDS {
        return None;
    }
    let to_know = |pair: &[String]| pair[0] == "to" && INFORM.contains(&pair[1].as_str());
    let asks = ASKING.contains(&first.as_str())
        || requests::is_request(message)
        || bare.windows(2).any(to_know)
        || bare.iter().any(|word| INFORMATION.contains(&word.as_str()));
    let says = if asks { Says::Asks } else { Says::Tells };
    let thing = thing(before)?;
    let of_own = of_mine
        && !HOW_TO.contains(&first.as_str())
        && (asks || bare.iter().any(|word| matches!(word.as_str(), "tell" | "show" | "give" | "check")));
    if of_own {
        let bare_thing = thing.split_once(' ').filter(|(article, _)| ARTICLES.contains(article));
        return Some((
            Says::Asks,
            format!("show me my {}", bare_thing.map_or(thing.as_str(), |(_, rest)| rest)),
        ));
    }
    let kind = follow_up::kind_of(before).unwrap_or("account");
    let mut named = false;
    let words = spoken.iter().zip(&bare).map(|(word, bare)| {
        let end = word.trim_start_matches(|c: char| c.is_alphanumeric() || c == '\'' || c == '\u{2019}');
        match bare.as_str() {
            "mine" => format!("my {kind}{end}"),
            "mine's" | "mines" => format!("my {kind} is{end}"),
            stands if STAND_INS.contains(&stands) && !named => {
                named = true;
                // "That's me" is said of it.
                let is = if matches!(stands, "that's" | "thats" | "it's") { " is" } else { "" };
                format!("{thing}{is}{end}")
            }
            _ => (*word).to_owned(),
        }
    });
    let words: Vec<String> = words.collect();
    let said = words.join(" ");
    let said = match (named, without_i && !asks) {
        (true, true) => format!("I {said}"),
        (true, false) => said,
        (false, _) if of_mine => said,
        (false, _) if befell && opening == 0 => {
            let rest = said.strip_prefix("same ").or_else(|| said.strip_prefix("Same ")).unwrap_or(&said);
            let whom = if bare.iter().any(|word| OWN.contains(&word.as_str())) { "" } else { " to me" };
            format!("{thing} {}{whom}", rest.trim_end_matches(['.', '!']))
        }
        (false, _) => format!("{thing} {said}"),
    };
    Some((says, said))
}

/// The words of a message, "one of those" as one.
fn one_for_several(message: &str) -> Vec<String> {
    let mut words: Vec<String> = message.split_whitespace().map(str::to_owned).collect();
    let several = |pair: &[String]| bare(&pair[0]) == "of" && SEVERAL.contains(&bare(&pair[1]).as_str());
    while let Some(at) = words.windows(3).position(|said| bare(&said[0]) == "one" && several(&said[1..])) {
        let end: String = words[at + 2].chars().skip_while(|c| c.is_alphanumeric() || *c == '\'').collect();
        words[at] = format!("one{end}");
        words.drain(at + 1..at + 3);
    }
    words
}

/// What stands behind "one of".
const SEVERAL: &[&str] = &["those", "these", "them", "em"];

/// What a question is about: "an authorised push payment scam", or what it supposes ("what happens if I go bankrupt").
fn thing(question: &str) -> Option<String> {
    let words: Vec<&str> = question.split_whitespace().collect();
    let bare: Vec<String> = words.iter().map(|word| bare(word)).collect();
    let supposed =
        bare.iter().position(|word| matches!(word.as_str(), "if" | "when" | "once")).filter(|at| *at > 0);
    let mut kept: Vec<&str> = match supposed {
        Some(at) => words[at + 1..].to_vec(),
        None => {
            let kept = words.iter().zip(&bare).filter(|(_, bare)| !FRAME.contains(&bare.as_str()));
            kept.map(|(word, _)| *word).collect()
        }
    };
    while kept.len() > 1 && kept.last().is_some_and(|word| ENDINGS.contains(&self::bare(word).as_str())) {
        kept.pop();
    }
    let thing = kept.join(" ");
    let thing = thing.trim_end_matches(|c: char| !c.is_alphanumeric()).to_owned();
    (!thing.is_empty()).then_some(thing)
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().replace('\u{2019}', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thing_takes_the_place_of_what_stands_for_it() {
        for (before, message, says, expected) in [
            (
                "What is a romance scam?",
                "my sister fell for one",
                Says::Tells,
                "my sister fell for a romance scam",
            ),
            ("How does hardship help work?", "I would need it", Says::Tells, "I would need hardship help"),
            ("What happens when I miss a repayment?", "that's me", Says::Tells, "I miss a repayment is me"),
            ("Which payments are held?", "and those on mine?", Says::Asks, "show me my payments held"),
            ("What is a term deposit?", "should I open one?", Says::Asks, "should I open a term deposit?"),
            (
                "What is a romance scam?",
                "tell me more about it",
                Says::Asks,
                "tell me more about a romance scam",
            ),
            (
                "What is a romance scam?",
                "I want to read about it",
                Says::Asks,
                "I want to read about a romance scam",
            ),
            ("What is a lien?", "I only want a summary of it", Says::Asks, "I only want a summary of a lien"),
            ("What is a skimmed card?", "happened to me", Says::Tells, "a skimmed card happened to me"),
            (
                "What is a phishing call?",
                "had one of those, on sunday",
                Says::Tells,
                "I had a phishing call, on sunday",
            ),
            (
                "What is a romance scam?",
                "think mum's in one of them",
                Says::Tells,
                "I think mum's in a romance scam",
            ),
            (
                "How does card skimming work?",
                "happened at the servo",
                Says::Tells,
                "card skimming happened at the servo to me",
            ),
            ("How do I order a card?", "Mine has vanished", Says::Tells, "my card has vanished"),
        ] {
            assert_eq!(resolved(message, before), Some((says, expected.to_owned())), "{message}");
        }
    }

    #[test]
    fn who_does_not_speak_of_themselves_claims_nothing() {
        let before = "What is a romance scam?";
        for message in
            ["and how long does it take?", "tell her about it", "", "?", "and online?", "for my mum"]
        {
            assert_eq!(resolved(message, before), None, "{message}");
        }
        let long = "I opened the account with you in May and have used it for all that I buy since then";
        assert_eq!(resolved(long, before), None);
    }

    #[test]
    fn a_question_in_the_first_person_stays_one() {
        for trigger in [Trigger::SecurityFraud, Trigger::LegalHardship, Trigger::EmotionalDistress] {
            assert!(Says::Tells.raises(trigger) && !Says::Asks.raises(trigger));
        }
        assert!(Says::Asks.raises(Trigger::FinancialAdvice) && Says::Asks.raises(Trigger::AccountSpecific));
    }
}
