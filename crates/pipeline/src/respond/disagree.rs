//! Sentences among which an answer is chosen, and that give different figures for the very thing that is
//! asked, or of which one affirms what the other denies. The survey of the documents
//! ([`crate::conflict`]) compares statements in nearly the same words; here the question says what both
//! are held to speak of, so that they may use words of their own.
//!
//! Staff read both collections: what customers read and what staff read must agree too, and neither wins.

use std::collections::BTreeSet;

use contactiq_domain::knowledge::ContentType;
use contactiq_nlu::text;

use super::{
    choose::{self, Chosen},
    contested::Dispute,
    figure::{Figure, Unit, figures, in_dispute},
    grounding::{contradicts, topics},
    rows,
    statement::Row,
    thing::{self, Thing},
    wish::{Kind, Wish},
};
use crate::{conflict, turn::Asked};

/// Nearness of two sentences that speak of the same thing, where there is an encoder…
const NEAR: f64 = 0.6;
/// …and the share of their words that is common, where there is none.
const COMMON: f64 = 0.4;
/// Words of one sentence that the other one and the question lack.
const FREE: usize = 2;
/// Words of the question in both sentences where their documents are called by different things…
const APART: usize = 3;
/// …and where one of them is called by something that the other is not.
const ONE_APART: usize = 2;
/// Two sentences of which one denies the other share this part of their words.
const SAME_WORDS: f64 = 0.8;

/// Stems that say nothing of what a statement is of.
const FILLERS: &[&str] = &[
    "age", "amount", "annual", "appli", "bank", "busi", "charg", "cost", "custom", "daili", "day", "fee",
    "follow", "high", "highest", "hour", "limit", "maximum", "minimum", "minut", "month", "monthli", "must",
    "need", "old", "older", "paid", "pay", "per", "price", "rate", "standard", "take", "usual", "week",
    "work", "year",
];
/// What holds under a condition disagrees with nothing.
const CONDITIONS: &[&str] = &["if", "unless", "except", "only", "when", "until", "otherwise", "instead"];
/// Words before a place, a time, a person or a condition.
const RESTRICTIONS: &[&str] = &[
    "above", "after", "at", "before", "between", "by", "during", "for", "from", "in", "inside", "on",
    "outside", "over", "through", "to", "under", "until", "via", "with", "without", "below",
];
const ARTICLES: &[&str] = &["a", "an", "any", "each", "every", "our", "the", "this", "your"];

/// What the question makes of two sentences.
struct Question<'a> {
    asked: &'a Asked<'a>,
    wish: Wish,
    thing: Option<Thing>,
    topics: BTreeSet<String>,
}

/// The sentence that answers, and one that answers about as well and says otherwise.
pub(super) fn among(asked: &Asked<'_>, chosen: &[Chosen]) -> Option<Dispute> {
    // Two figures are asked for: one sentence answers one of them, and another one the other.
    if thing::several(asked.query) {
        return None;
    }
    let lead = chosen.iter().find(|c| c.direct).or(chosen.first())?;
    let question = Question::of(asked);
    let near = choose::beside(asked, lead);
    let illustrates = |c: &Chosen| question.is_illustration(c);
    let other = near
        .iter()
        .filter(|c| !illustrates(c) && !illustrates(lead))
        .find(|other| question.disagree(lead, other))?;
    Some(Dispute { one: (lead.passage, lead.sentence), other: (other.passage, other.sentence) })
}

/// What a sentence says of what.
struct Said {
    /// As an answer shows it.
    shown: String,
    /// What says of what it is: of a row label and columns.
    of: String,
    /// The content stems of that, without figures.
    topics: BTreeSet<String>,
    figures: Vec<Figure>,
}

impl<'a> Question<'a> {
    fn of(asked: &'a Asked<'a>) -> Question<'a> {
        let (wish, thing) = (Wish::of(asked.query), thing::of(asked.query));
        Question { asked, wish, thing, topics: words(asked.query) }
    }

    fn is_illustration(&self, c: &Chosen) -> bool {
        self.asked.knowledge.document_of(c.passage).content_type == ContentType::Synthetic
    }

    fn said(&self, c: &Chosen) -> Said {
        let sentence = &self.asked.knowledge.index.sentences(c.passage)[c.sentence];
        if !sentence.is_row {
            let (shown, figures) = (sentence.text.clone(), figures(&sentence.text));
            return Said { of: shown.clone(), topics: words(&shown), shown, figures };
        }
        let shown = rows::shown(&sentence.text, self.asked.query);
        let row = Row::of(&shown);
        let values: Vec<&str> = row.cells.iter().map(|(_, value)| *value).collect();
        let columns: Vec<&str> = row.cells.iter().map(|(column, _)| *column).collect();
        let of = format!("{} {}", row.label, columns.join(" "));
        let stated = values.join("\n");
        Said { topics: words(&of), figures: figures(&stated), of, shown }
    }

    fn disagree(&self, a: &Chosen, b: &Chosen) -> bool {
        if !self.documents_speak_of_the_same(a, b) {
            return false;
        }
        let (one, other) = (self.said(a), self.said(b));
        let conditional =
            |said: &Said| text::words(&said.shown).iter().any(|word| CONDITIONS.contains(&word.as_str()));
        if conditional(&one) || conditional(&other) {
            return false;
        }
        self.denies(a, b, &one, &other) || self.figures_differ(a, b, &one, &other)
    }

    /// One affirms in the same words what the other denies.
    fn denies(&self, a: &Chosen, b: &Chosen, one: &Said, other: &Said) -> bool {
        let own = &self.asked.knowledge.index;
        let row = |c: &Chosen| own.sentences(c.passage)[c.sentence].is_row;
        !row(a)
            && !row(b)
            && share(&one.topics, &other.topics) >= SAME_WORDS
            && self.topics.intersection(&one.topics).count() >= ONE_APART
            && one.figures.is_empty()
            && other.figures.is_empty()
            && contradicts(&one.shown, &[&other.shown])
            && contradicts(&other.shown, &[&one.shown])
    }

    /// Both give a figure of the kind that is asked for, no figure is common, and nothing says that they
    /// speak of two things.
    fn figures_differ(&self, a: &Chosen, b: &Chosen, one: &Said, other: &Said) -> bool {
        let document = |c: &Chosen| self.asked.knowledge.passages[c.passage].0;
        let asks = self.wish.figure || !self.wish.kinds.is_empty();
        asks && document(a) != document(b)
            && self.wish.is_given_by(&one.shown)
            && self.wish.is_given_by(&other.shown)
            && self.dispute(&one.figures, &other.figures)
            && !conflict::opposite_bounds(&one.shown, &other.shown)
            && self.both_hold_the_thing(one, other)
            && self.near(a, b, one, other)
            && !self.is_of_fewer(one, other)
            && !self.is_of_fewer(other, one)
    }

    fn dispute(&self, a: &[Figure], b: &[Figure]) -> bool {
        let bare = |all: &[Figure]| -> BTreeSet<String> {
            all.iter().filter(|f| f.unit == Unit::None).map(|f| f.value.clone()).collect()
        };
        let (own, others) = (bare(a), bare(b));
        let ages = self.wish.kinds.contains(&Kind::Age) && own.is_disjoint(&others);
        (ages && !own.is_empty() && !others.is_empty())
            || in_dispute(a, b).iter().any(|dimension| self.wish.takes(dimension))
    }

    fn both_hold_the_thing(&self, one: &Said, other: &Said) -> bool {
        let holds = |said: &Said| {
            let stems: BTreeSet<String> = text::content_stems(&said.of).into_iter().collect();
            self.thing.as_ref().is_none_or(|thing| thing.names(&stems))
        };
        let common = one.topics.intersection(&other.topics).filter(|stem| self.topics.contains(*stem));
        holds(one) && holds(other) && common.count() > 0
    }

    fn near(&self, a: &Chosen, b: &Chosen, one: &Said, other: &Said) -> bool {
        let vector = |c: &Chosen| self.asked.knowledge.index.sentences(c.passage)[c.sentence].vector.as_ref();
        match vector(a).zip(vector(b)) {
            Some((a, b)) => a.iter().zip(b).map(|(x, y)| f64::from(x * y)).sum::<f64>() >= NEAR,
            None => share(&one.topics, &other.topics) >= COMMON,
        }
    }

    /// Whether a statement has words that make it one of fewer things than the other: "an *urgent* card",
    /// "for *students*".
    fn is_of_fewer(&self, one: &Said, other: &Said) -> bool {
        let extra: BTreeSet<&String> = one.topics.difference(&other.topics).collect();
        let free = extra.iter().filter(|stem| !self.topics.contains(**stem)).count();
        let words: Vec<(String, String)> =
            text::words(&one.of).into_iter().map(|word| (text::stem(&word), word)).collect();
        let is = |at: usize, list: &[&str]| words.get(at).is_some_and(|(_, w)| list.contains(&w.as_str()));
        free > FREE
            || words.iter().enumerate().filter(|(_, (stem, _))| extra.contains(stem)).any(
                |(at, (stem, _))| {
                    let before = at.wrapping_sub(1);
                    let introduced = is(before, RESTRICTIONS)
                        || (is(before, ARTICLES) && is(before.wrapping_sub(1), RESTRICTIONS));
                    let names = words.get(at + 1).is_some_and(|(next, _)| other.topics.contains(next));
                    !self.topics.contains(stem) && (introduced || names)
                },
            )
    }

    /// Whether titles and headings leave it open that both speak of the same thing.
    fn documents_speak_of_the_same(&self, a: &Chosen, b: &Chosen) -> bool {
        let knowledge = self.asked.knowledge;
        let product = |c: &Chosen| knowledge.products.of_document(knowledge.passages[c.passage].0);
        if product(a).zip(product(b)).is_some_and(|(a, b)| a != b) {
            return false;
        }
        let place = |c: &Chosen| {
            let entry = knowledge.index.entry(c.passage);
            words(&format!("{}\n{}", entry.title, entry.headings.join("\n")))
        };
        let own = |c: &Chosen| self.said(c).topics;
        let (mut one, mut other) = (place(a), place(b));
        let (said_a, said_b) = (own(a), own(b));
        // A word of the question that only one place holds tells them apart.
        let tells = |place: &BTreeSet<String>,
                     elsewhere: &BTreeSet<String>,
                     own: &BTreeSet<String>,
                     said: &BTreeSet<String>| {
            place.iter().any(|stem| {
                self.topics.contains(stem)
                    && !own.contains(stem)
                    && !elsewhere.contains(stem)
                    && !said.contains(stem)
            })
        };
        if tells(&one, &other, &said_a, &said_b) || tells(&other, &one, &said_b, &said_a) {
            return false;
        }
        one.retain(|stem| !said_b.contains(stem) && !conflict::is_kind_of_page(stem));
        other.retain(|stem| !said_a.contains(stem) && !conflict::is_kind_of_page(stem));
        let apart = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).count() > 0;
        let named = said_a.intersection(&said_b).filter(|stem| self.topics.contains(*stem)).count();
        match (apart(&one, &other), apart(&other, &one)) {
            (true, true) => named >= APART,
            (false, false) => true,
            _ => named >= ONE_APART || self.thing.is_some(),
        }
    }
}

/// What a text speaks of, without figures and the words that introduce them.
fn words(said: &str) -> BTreeSet<String> {
    topics(said)
        .into_iter()
        .filter(|stem| !stem.bytes().any(|b| b.is_ascii_digit()) && !FILLERS.contains(&stem.as_str()))
        .collect()
}

fn share(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    a.intersection(b).count() as f64 / a.union(b).count().max(1) as f64
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Mode;

    use super::*;
    use crate::{Knowledge, respond::test_bank};

    const FEES: &str = "# Harbour account fees\n\n| Service | Fee | When charged |\n|---|---|---|\n\
        | Paper statement | $3.00 | per statement |\n| Bank cheque | $12.00 | per cheque |\n\n\
        The ATM cash limit is $1,200 a day. A new card arrives in 6 business days.\n";

    fn answered(knowledge: &Knowledge, mode: Mode, question: &str) -> (Vec<String>, bool) {
        let found = test_bank::found(knowledge, mode, question);
        let asked = Asked { knowledge, query: question, vector: None, found: &found };
        let chosen = choose::sentences(&asked, 120);
        let text = |c: &Chosen| knowledge.index.sentences(c.passage)[c.sentence].text.clone();
        (chosen.iter().map(text).collect(), among(&asked, &chosen).is_some())
    }

    #[test]
    fn two_documents_that_answer_with_different_figures_are_no_answer() {
        let guide = "# Harbour account guide\n\nA paper statement costs $2.50.\n\nWe charge $15 for a bank \
            cheque. You can take out up to $1,000 a day from ATMs. New cards arrive within 10 business days.\n";
        let knowledge = test_bank::knowledge_of(&[("fees", "customer", FEES), ("guide", "customer", guide)]);
        for question in ["How long does it take until a new card arrives?", "What is the ATM cash limit?"] {
            let (said, disagree) = answered(&knowledge, Mode::Customer, question);
            assert!(disagree, "{question} {said:?}");
        }
    }

    #[test]
    fn what_speaks_of_something_else_does_not_disagree() {
        let other = "# Business accounts\n\nAn urgent paper statement costs $9. For students a paper statement \
            costs $1. A new card for a company arrives in 9 business days by courier.\n";
        let knowledge = test_bank::knowledge_of(&[("fees", "customer", FEES), ("other", "customer", other)]);
        for question in ["What does a paper statement cost?", "How long does a new card take to arrive?"] {
            let (said, disagree) = answered(&knowledge, Mode::Customer, question);
            assert!(!disagree, "{question} {said:?}");
        }
    }

    #[test]
    fn one_document_that_denies_itself_is_no_answer() {
        let page = "# Transfers\n\nTransfers abroad are not available for students. Transfers abroad are \
            available for students. You can cancel a transfer in the app.\n";
        let knowledge = test_bank::knowledge_of(&[("transfers", "customer", page)]);
        assert!(answered(&knowledge, Mode::Customer, "Are transfers abroad available for students?").1);
        assert!(!answered(&knowledge, Mode::Customer, "How can I cancel a transfer?").1);
    }

    #[test]
    fn staff_are_not_told_one_of_two_figures() {
        let public = "# Home loans\n\nConditional approval is valid for 90 days.\n";
        let policy = "# Lending policy: home loans\n\nConditional approval is valid for 60 days.\n";
        let knowledge =
            test_bank::knowledge_of(&[("loans", "customer", public), ("policy", "banker", policy)]);
        let question = "How long is conditional approval valid?";
        assert!(answered(&knowledge, Mode::Banker, question).1);
        assert!(!answered(&knowledge, Mode::Customer, question).1);
    }
}
