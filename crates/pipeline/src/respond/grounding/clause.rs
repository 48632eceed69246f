//! What a sentence asserts, one thing each: the words that assert, the condition under which they hold, and
//! of what they speak. The bank's sentences and a model's are read by the same rules.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;

use super::vocabulary::{content, keys};
use crate::respond::order::leans;

fn pattern(source: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "constant patterns, compiled by every test of this file")]
    Regex::new(source).expect("a constant pattern")
}

/// What opens a condition.
const OPENERS: &str = r"if|when|whenever|unless|provided (?:that|you|the|your|it)|providing (?:that|you)|(?:as|so) long as|in case|in the event|where|wherever|once (?:you|your|the|it|we|this)|except|apart from|until|subject to|only (?:for|with|to|in)|on condition";

static CONDITION: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)\b(?:even )?(?:{OPENERS})\b")));

/// At the end of what introduces a list: its items are conditions.
static OPEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"(?i)\b(?:(?:{OPENERS})(?:\s(?:any|one|all|either|some) of (?:these|the following)(?:\s(?:applies|apply|is true|are true))?)?|(?:in|for|under) (?:any of )?(?:these|the following|such)\s(?:cases|situations|circumstances|conditions|reasons|customers|people))\s*:$"
    ))
});

/// Where an assertion ends and another one begins.
static BORDER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i);\s*|\s[–—-]\s|,?\s+\b(?:but|while|whereas|although|though|however)\b\s*|,\s+so\s+|\.\s+|\s\(|\)\s",
    )
});

/// `and`, `which` and a comma part only two that have a verb each.
static JOINT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i),?\s+(?:and|or|then)\s+|,\s+(?:which|who|then)\s+|,\s+|:\s+"));

const VERBS: &str = r"is|are|was|were|be|been|can|cannot|could|may|might|must|will|would|shall|should|do|does|did|not|\w+n't|has|have|had|costs|cost\s(?:\$|\d|nothing|the|from|up|between|about|more|less)|takes?|applies|apply|applied|pays?|needs?|gets?|allows?|lasts?|arrives?|includes?|accepts?|keeps?|works|stays?|starts|begins?|ends|closes|opens|expires?|gives?|receives?|reaches|holds?|earns?|sends?|stops?|remains?|becomes?|goes|comes|depends?|moves?|covers|replaces|waives|requires?|says?|means|found|sees?|acknowledges?|decides?|announces?|provides?|reverts?|matures?|loses?|belongs?|lets|makes|tells|explains|acts|aims|contains|lowers|raises|renews|runs|suits|activates|destroys|deducts|supports|matters|protects|cancels|adds|passes|(?:charges|offers|asks|answers|refunds|returns|reports|reviews|issues|uses|shows|lists|counts|needs)\s(?:a|an|the|it|its|you|your|them|their|us|our|no|all|every|each|any|one|two|three|for|about|\$?\d[\d,]*)\b";

/// In small letters: "Pay Anyone" is a name.
static VERB: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"\b(?:{VERBS})\b")));

static AND: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i),?\s(?:and|or)\s|,\s"));

static THE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)^\s*(?:the|this|that|these|those|its|their)\b"));

/// A condition that whoever asks makes true.
static WISHED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^(?:if|when|whenever|once) you (?:need|want|wish|prefer|would like|like|order|ask for|choose to)\b",
    )
});

/// "Each further one": what it is, was said before.
static ONE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^(?:the|each|every|this|that|another|a)\s(?:\w+\s){0,2}ones?\b"));

static PREPOSITION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:^|\s)(?:of|for|on|with|at|in|to|from|by|under|over|above|below|after|before|between|during|without|who|that|which)\s",
    )
});

/// A verb at the very beginning: what it speaks of was named before.
static ELLIPTIC: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(
        r"^(?:(?:also|then|usually|normally|it|It|they|They|this|This|these|that|which|who)\s)*(?:{VERBS})\b"
    ))
});

/// What goes on with another figure, without a verb: "$12 in the app and $25 in a branch".
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\s*(?:(?:in|at|on|for|from|to|by|with|within|after|up to|at most|at least|only|another|about|an?|the|each|no)\b|[$£€¥₹]|\d)",
    )
});

/// What somebody is told to do.
static IMPERATIVE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)^\s*(?:please |always |never |then |first |do not |don't )?(?:wait|upload|accept|add|take|note|insert|hand|verify|mention|listen|move|find|look|place|cut|treat|pay|save|forward|delete|hang|stop|change|set|share|tell|deposit|make|let|get|start|try|remember|ensure|switch|apply|download|return|offer|call|phone|ring|contact|visit|report|lock|open|choose|select|check|tell|ask|see|order|log|go|use|bring|write|send|keep|follow|read|tap|complete|fill|sign|enter|confirm|activate)\b",
    )
});

/// One thing that a sentence asserts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Assertion {
    /// Its words.
    pub(super) said: String,
    /// Under which condition it holds; empty: always.
    pub(super) condition: String,
    /// The words for what it speaks of, those of an earlier assertion where it names nothing itself.
    pub(super) subject: BTreeSet<String>,
    /// Those of them before "of", "for" and the like.
    pub(super) head: BTreeSet<String>,
    /// The things that it speaks of, where "and" or "or" joins them.
    pub(super) each: Vec<BTreeSet<String>>,
    /// Of what its figure is, where it goes on from another one: "with a *comparison rate* of 6%".
    pub(super) measure: BTreeSet<String>,
    /// Whether a pronoun stands for it.
    pub(super) leans: bool,
}

impl Assertion {
    /// Speaks of what another one speaks of.
    pub(super) fn takes_subject_of(&mut self, other: Option<&Assertion>) {
        let Some(other) = other else { return };
        self.subject = other.subject.clone();
        self.head = other.head.clone();
        self.each = other.each.clone();
        self.leans |= other.leans || other.subject.is_empty();
    }

    /// Whether its condition is what the reader wishes, which holds for whoever asks.
    pub(super) fn is_wished(&self) -> bool {
        WISHED.is_match(&self.condition)
    }

    /// Whether it tells somebody what to do.
    pub(super) fn is_imperative(&self) -> bool {
        IMPERATIVE.is_match(&self.said)
    }
}

/// What a sentence asserts, in order.
pub(super) fn assertions(sentence: &str) -> Vec<Assertion> {
    let mut found: Vec<Assertion> = Vec::new();
    for piece in BORDER.split(unmarked(sentence)) {
        let (said, condition) = conditional(piece);
        for said in joint(&said) {
            if said.trim().is_empty() {
                continue;
            }
            let mut asserts = subject(&said);
            asserts.condition.clone_from(&condition);
            asserts.leans |= leans(&said) || ONE.is_match(&said);
            if asserts.subject.is_empty() && LISTED.is_match(&said) && !has_verb(&said) {
                asserts.measure = keys(said.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default());
            }
            if asserts.subject.is_empty() && (ELLIPTIC.is_match(said.trim_start()) || LISTED.is_match(&said))
            {
                asserts.takes_subject_of(found.last());
            }
            found.push(Assertion { said, ..asserts });
        }
    }
    found
}

/// A sentence without the mark of an item of a list.
pub(super) fn unmarked(sentence: &str) -> &str {
    let sentence = sentence.trim();
    for mark in ["- ", "* ", "+ ", "\u{2022} "] {
        if let Some(item) = sentence.strip_prefix(mark) {
            return item.trim_start();
        }
    }
    let digits = sentence.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &sentence[digits..];
    let step =
        (1..=3).contains(&digits).then(|| rest.strip_prefix(". ").or(rest.strip_prefix(") "))).flatten();
    step.map_or(sentence, str::trim_start)
}

/// Whether what introduces a list ends with the beginning of a condition.
pub(super) fn is_open(lead: &str) -> bool {
    OPEN.is_match(lead.trim_end())
}

/// What introduces a list without that beginning.
pub(super) fn without_opening(lead: &str) -> &str {
    OPEN.find(lead.trim_end()).map_or(lead, |open| &lead[..open.start()])
}

/// What a piece asserts, and under which condition.
fn conditional(piece: &str) -> (String, String) {
    let piece = piece.trim();
    // "Not only for a share" is no condition.
    let only = |m: &regex::Match<'_>| {
        m.as_str().starts_with("only") && piece[..m.start()].trim_end().ends_with("not")
    };
    let Some(opener) = CONDITION.find_iter(piece).find(|m| !only(m)) else {
        return (piece.to_owned(), String::new());
    };
    let before = &piece[..opener.start()];
    if !before.contains(char::is_alphanumeric) || is_idle(before) {
        // "If the card was stolen, it is free": up to the comma.
        let rest = &piece[opener.start()..];
        let comma = rest
            .match_indices(", ")
            .map(|(at, _)| at)
            .find(|at| has_verb(&rest[at + 2..]) || is_order(&rest[at + 2..]));
        return match comma {
            Some(at) => {
                let (said, more) = conditional(&rest[at + 2..]);
                (said, format!("{} {more}", &rest[..at]).trim().to_owned())
            }
            None => (rest.to_owned(), String::new()),
        };
    }
    (before.trim_end_matches([' ', ',']).to_owned(), piece[opener.start()..].to_owned())
}

/// "Yes, ", "So ": says nothing.
fn is_idle(before: &str) -> bool {
    content(before).is_empty() && before.split_whitespace().count() <= 2
}

fn has_verb(said: &str) -> bool {
    VERB.is_match(said)
}

fn is_order(said: &str) -> bool {
    IMPERATIVE.is_match(said)
}

/// The assertions that `and` or a comma joins.
fn joint(said: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut from = 0;
    for joint in JOINT.find_iter(said) {
        let digits = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let inside =
            digits(said[..joint.start()].chars().next_back()) && digits(said[joint.end()..].chars().next());
        let (left, right) = (&said[from..joint.start()], &said[joint.end()..]);
        let asserts = has_verb(left) || is_order(left);
        if !inside
            && (asserts && (begins(right) || right.starts_with("no "))
                || !joint.as_str().contains("or") && goes_on(left, right))
        {
            parts.push(said[from..joint.start()].to_owned());
            from = joint.end();
        }
    }
    parts.push(said[from..].to_owned());
    parts
}

/// Whether what stands here has a verb of its own before another one is joined to it.
fn begins(rest: &str) -> bool {
    let end = JOINT.find(rest).map_or(rest.len(), |next| next.start());
    has_verb(&rest[..end])
}

/// Whether both sides have a figure of their own, and the right one says of what.
fn goes_on(left: &str, right: &str) -> bool {
    let figure = |part: &str| part.contains(|c: char| c.is_ascii_digit());
    let end = JOINT.find(right).map_or(right.len(), |next| next.start());
    let between = left.split_whitespace().rev().take(6).any(|word| word.eq_ignore_ascii_case("between"));
    let right = &right[..end];
    figure(left) && figure(right) && LISTED.is_match(right) && !between && !keys(right).is_empty()
}

/// What stands before the verb.
fn subject(said: &str) -> Assertion {
    let Some(verb) = VERB.find(said).filter(|_| !is_order(said)) else { return Assertion::default() };
    let before = &said[..verb.start()];
    let end = PREPOSITION.find(before).map_or(before.len(), |of| of.start());
    let each = AND.split(before).map(keys).filter(|keys| !keys.is_empty()).collect();
    let subject = keys(before);
    // "The money", "this": of which, was said before.
    let leans = subject.is_empty() && THE.is_match(before);
    Assertion { head: keys(&before[..end]), each, subject, leans, ..Assertion::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sentence: &str) -> Vec<(String, String)> {
        assertions(sentence).into_iter().map(|a| (a.said, a.condition)).collect()
    }

    #[test]
    fn a_condition_is_told_from_what_holds_under_it() {
        for (sentence, said, condition) in [
            ("A card is free if it was stolen.", "A card is free", "if it was stolen."),
            ("If it was stolen, a card is free.", "a card is free.", "If it was stolen"),
            (
                "When it was lost, stolen or damaged, call us.",
                "call us.",
                "When it was lost, stolen or damaged",
            ),
            ("Yes, if it was stolen, it is free.", "it is free.", "if it was stolen"),
            ("The fee applies unless $2,000 is deposited.", "The fee applies", "unless $2,000 is deposited."),
            ("A card costs $10.", "A card costs $10.", ""),
            ("You pay it once a day.", "You pay it once a day.", ""),
        ] {
            assert_eq!(of(sentence), [(said.to_owned(), condition.to_owned())], "{sentence}");
        }
    }

    #[test]
    fn what_has_a_verb_of_its_own_is_asserted_alone() {
        let said = |sentence: &str| of(sentence).into_iter().map(|(said, _)| said).collect::<Vec<_>>();
        assert_eq!(
            said("A letter costs $15 and takes 3 days, while a copy is free."),
            ["A letter costs $15", "takes 3 days", "a copy is free."]
        );
        assert_eq!(
            said("A card, which takes 3 days, costs $15."),
            ["A card, which takes 3 days", "costs $15."]
        );
        assert_eq!(
            said("It costs $12 in the app, and $25 in a branch."),
            ["It costs $12 in the app", "$25 in a branch."]
        );
        for whole in [
            "It costs between $5 and $10 a card.",
            "You must be 18 or over and an Australian resident.",
            "It takes 5 to 7 business days.",
            "Open the app and choose Cards.",
            "Between $5 and $10 are paid.",
        ] {
            assert_eq!(said(whole), [whole], "{whole}");
        }
        assert_eq!(said("1. Open the app."), ["Open the app."]);
        assert_eq!(said("- the card is faulty"), ["the card is faulty"]);
    }

    #[test]
    fn what_names_nothing_speaks_of_what_was_named_before() {
        let subjects: Vec<Vec<String>> =
            assertions("A debit card costs $10 and takes 3 days, but a letter is free.")
                .into_iter()
                .map(|a| a.subject.into_iter().collect())
                .collect();
        assert_eq!(subjects, [vec!["card", "debit"], vec!["card", "debit"], vec!["letter"]]);
        assert!(assertions("You pay $10 for a letter.")[0].subject.is_empty());
    }

    #[test]
    fn a_list_of_conditions_is_known_by_its_lead() {
        for lead in [
            "A card is free when:",
            "It is free if any of the following applies:",
            "It is free in these cases:",
        ] {
            assert!(is_open(lead), "{lead}");
        }
        assert_eq!(without_opening("A card is free when:").trim(), "A card is free");
        for lead in ["You need:", "If a card is lost, follow these steps:", "Open the app:"] {
            assert!(!is_open(lead), "{lead}");
        }
    }
}
