//! Which sentences answer: similarity and shared words with the question, the passage's own score,
//! and whether a figure is asked for and given.

use std::collections::{BTreeMap, BTreeSet};

use contactiq_nlu::{
    index::{Sentence, lead_in},
    text,
};

use super::{
    band,
    figure::figures,
    grounding::{self, topics},
    order, orders, rows,
    statement::Row,
    thing,
    wish::Wish,
};
use crate::{
    Knowledge,
    duplicates::{Saying, say_the_same},
    turn::Asked,
};

/// A sentence that speaks of the question.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// Number in `Asked::found`.
    pub(crate) found: usize,
    /// Number of the passage in the knowledge.
    pub(crate) passage: usize,
    /// Number of the sentence in its passage.
    pub(crate) sentence: usize,
    /// How well it answers; not a probability.
    pub(crate) score: f64,
    /// Cosine with the question, or its lexical stand-in.
    pub(crate) similarity: f64,
    /// Idf-weighted share of the question's content words in the sentence, its headings and title.
    pub(crate) coverage: f64,
    /// Whether it has a figure, or none was asked for.
    pub(crate) gives_figure: bool,
    /// Whether it states the very figure that was asked for, and goes first.
    pub(crate) direct: bool,
}

/// Passages whose sentences are looked at.
const PASSAGES: usize = 6;
/// Below this no sentence speaks of the question.
const FLOOR: f64 = 0.34;
/// Further sentences score at least this share of the best, in its passage…
const SAME_PASSAGE: f64 = 0.6;
/// …elsewhere in its document…
const SAME_DOCUMENT: f64 = 0.74;
/// …and in another one.
const OTHER_DOCUMENT: f64 = 0.8;
/// A sentence whose figures stand already, and this share of its words, is left out.
const SAID_ALREADY: f64 = 0.7;
/// Two sentences that share this much say the same of two things.
const ALIKE: f64 = 0.6;
/// At most this many sentences, unless steps or rows are asked for.
const MOST: usize = 6;

/// A numbered list answers "how do I" if its passage scores at least this share of the best sentence.
const ABOUT_AS_WELL: f64 = 0.82;
/// A sentence that states the figure goes before an exception to it from this share on.
const NEARLY_AS_WELL: f64 = 0.9;
/// A procedure whose heading names what is to be done, from this share on.
const UNDER_ITS_HEADING: f64 = 0.3;
/// Words of the question that such a heading has.
const NAMED_BY: usize = 2;
/// A list of at most so many words is given whole.
const SHORT_LIST: usize = 70;
/// Fewer steps are no procedure.
const FEWEST_STEPS: usize = 2;

/// The sentences of the answer, the best first; empty when none speaks of the question.
pub(crate) fn sentences(asked: &Asked<'_>, most_words: usize) -> Vec<Chosen> {
    let wish = Wish::of(asked.query);
    let ranked = rank(asked, &wish);
    let Some(best) = ranked.first().cloned().filter(|b| b.score >= FLOOR) else { return Vec::new() };

    let index = &asked.knowledge.index;
    let own = |c: &Chosen| (c.passage, c.sentence);
    if wish.steps
        && let Some(procedure) = procedure(asked, &wish, &ranked, &best)
    {
        return procedure;
    }
    // The answer is judged by the best sentence, and begins with the one that states the figure.
    let lead = direct(asked, &wish, &ranked, &best);
    let mut chosen = with_its_own(asked, if own(&lead) == own(&best) { &lead } else { &best });
    if !chosen.iter().any(|c| own(c) == own(&lead)) {
        let mut unit = with_its_own(asked, &lead);
        unit.retain(|u| !chosen.iter().any(|c| own(c) == own(u)));
        chosen.extend(unit);
    }
    for c in chosen.iter_mut().filter(|c| own(c) == own(&lead)) {
        c.direct = lead.direct;
    }
    let most = if wish.list { MOST + 4 } else { MOST };
    let mut taken = 1;
    let document = |c: &Chosen| asked.knowledge.passages[c.passage].0;
    for candidate in ranked.iter().filter(|c| own(c) != own(&best)) {
        if taken >= most {
            break;
        }
        // What stands beside the best sentence says more of the same thing; another document has to
        // answer nearly as well.
        let least = if candidate.passage == best.passage {
            SAME_PASSAGE
        } else if document(candidate) == document(&best) {
            SAME_DOCUMENT
        } else {
            OTHER_DOCUMENT
        };
        if candidate.score < best.score * least || chosen.iter().any(|c| own(c) == own(candidate)) {
            continue;
        }
        let sentence = &index.sentences(candidate.passage)[candidate.sentence];
        let repeats = chosen.iter().any(|c| {
            let other = &index.sentences(c.passage)[c.sentence];
            say_the_same(saying(other), saying(sentence))
        });
        if repeats || says_nothing_new(asked, &chosen, candidate) || rival(asked, &wish, &lead, candidate) {
            continue;
        }
        let mut unit = with_its_own(asked, candidate);
        unit.retain(|u| !chosen.iter().any(|c| own(c) == own(u)));
        if length(asked.knowledge, chosen.iter().chain(&unit)) > most_words {
            continue;
        }
        taken += 1;
        chosen.extend(unit);
    }
    named_rows(asked, &wish, chosen)
}

/// Leaves out of the longest answer what was chosen last, until all of them together are short enough; the
/// best of each stays.
pub(super) fn shortened(knowledge: &Knowledge, groups: &[&[Chosen]], most_words: usize) -> Vec<Vec<Chosen>> {
    let mut kept: Vec<Vec<Chosen>> = groups.iter().map(|group| group.to_vec()).collect();
    while length(knowledge, kept.iter().flatten()) > most_words {
        let own = |group: &Vec<Chosen>| length(knowledge, group.iter());
        match kept.iter_mut().filter(|group| group.len() > 1).max_by_key(|group| own(group)) {
            Some(longest) => longest.pop(),
            None => break,
        };
    }
    kept
}

/// Whether its figures are said already, and so are nearly all of its words.
fn says_nothing_new(asked: &Asked<'_>, chosen: &[Chosen], candidate: &Chosen) -> bool {
    let shown = |c: &Chosen| {
        let sentence = &asked.knowledge.index.sentences(c.passage)[c.sentence];
        if sentence.is_row {
            rows::lines(&[(&sentence.text, 0)], asked.query).join(" ")
        } else {
            sentence.text.clone()
        }
    };
    let own = shown(candidate);
    let said: Vec<String> = chosen.iter().map(shown).collect();
    let said = said.join("\n");
    if figures(&own).is_empty() || !grounding::unsupported(&own, &said).is_empty() {
        return false;
    }
    let (own, said) = (topics(&own), topics(&said));
    own.intersection(&said).count() as f64 >= own.len() as f64 * SAID_ALREADY
}

/// Whether it says of another thing what the sentence that was asked for says of its own: "the Gold
/// card has a fee of …" beside "the Low Rate card has a fee of …".
fn rival(asked: &Asked<'_>, wish: &Wish, best: &Chosen, candidate: &Chosen) -> bool {
    let stems = |c: &Chosen| -> BTreeSet<String> {
        let text = &asked.knowledge.index.sentences(c.passage)[c.sentence].text;
        topics(text).into_iter().filter(|s| !s.bytes().any(|b| b.is_ascii_digit())).collect()
    };
    let (own, other) = (stems(best), stems(candidate));
    let common = own.intersection(&other).count() as f64 / own.union(&other).count().max(1) as f64;
    let lacks = own.difference(&other).any(|s| wish.stems.contains(s));
    let has = other.difference(&own).any(|s| wish.stems.contains(s));
    best.direct && common >= ALIKE && lacks && !has
}

/// Where a figure is asked for, the sentence that states it goes before one that only speaks of it, and
/// before one that says when it does not hold.
fn direct(asked: &Asked<'_>, wish: &Wish, ranked: &[Chosen], best: &Chosen) -> Chosen {
    if !wish.figure {
        return best.clone();
    }
    let index = &asked.knowledge.index;
    let text = |c: &Chosen| index.sentences(c.passage)[c.sentence].text.as_str();
    let near = ranked.iter().filter(|c| c.score >= best.score * ABOUT_AS_WELL);
    let mut states: Vec<&Chosen> = near.filter(|c| wish.is_given_by(text(c))).collect();
    // What states it of the thing that is asked for goes before its neighbour.
    if let Some(thing) = thing::of(asked.query) {
        let alternatives = index.alternatives(asked.query);
        let holds = |c: &Chosen| thing::is_held(asked, &thing, &alternatives, c);
        if states.iter().any(|c| holds(c)) {
            states.retain(|c| holds(c));
        }
    }
    let plain =
        states.iter().filter(|c| c.score >= best.score * NEARLY_AS_WELL).find(|c| !is_exception(text(c)));
    let first = if states.first().is_some_and(|c| is_exception(text(c))) { plain } else { states.first() };
    match first.or(states.first()) {
        Some(found) => Chosen { direct: true, ..(*found).clone() },
        None => best.clone(),
    }
}

/// Whether a sentence says when a charge does not apply, rather than what it is.
fn is_exception(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    ["waive", "refund", "does not apply", "do not apply", "not charged", "no longer"]
        .iter()
        .any(|word| lower.contains(word))
}

/// Of the rows of a table those that the question names, where it names some. Where one row is the answer,
/// others stay that are named by the same words.
fn named_rows(asked: &Asked<'_>, wish: &Wish, mut chosen: Vec<Chosen>) -> Vec<Chosen> {
    let index = &asked.knowledge.index;
    let telling = |c: &Chosen| -> Option<BTreeSet<String>> {
        let sentence = &index.sentences(c.passage)[c.sentence];
        let label = || text::content_stems(Row::of(&sentence.text).label).into_iter();
        sentence.is_row.then(|| label().filter(|stem| wish.stems.contains(stem)).collect())
    };
    let lead = chosen.iter().find(|c| c.direct).and_then(telling).filter(|told| !told.is_empty());
    if let Some(lead) = lead.filter(|_| !wish.list) {
        let first = chosen.first().map(|c| (c.passage, c.sentence));
        chosen.retain(|c| {
            Some((c.passage, c.sentence)) == first || telling(c).is_none_or(|own| own.is_superset(&lead))
        });
    }
    let named = |c: &Chosen| {
        let sentence = &index.sentences(c.passage)[c.sentence];
        let label = text::content_stems(Row::of(&sentence.text).label);
        sentence.is_row.then(|| !label.is_empty() && label.iter().all(|s| wish.stems.contains(s)))
    };
    let some = |passage: usize| chosen.iter().any(|c| c.passage == passage && named(c) == Some(true));
    let kept: Vec<Chosen> =
        chosen.iter().filter(|c| named(c) != Some(false) || !some(c.passage)).cloned().collect();
    // What the answer is judged by stays the best sentence.
    if kept.first().map(|c| (c.passage, c.sentence)) == chosen.first().map(|c| (c.passage, c.sentence)) {
        kept
    } else {
        chosen
    }
}

/// A sentence on which the premise of the question is held, measured as any other.
pub(super) fn measured(asked: &Asked<'_>, places: &[(usize, usize)]) -> Vec<Chosen> {
    let wish = Wish::of(asked.query);
    let ranked = look(asked, &wish, asked.found.len());
    let at = |place: &(usize, usize)| ranked.iter().find(|c| (c.found, c.sentence) == *place).cloned();
    let mut chosen: Vec<Chosen> = places.iter().filter_map(at).collect();
    if let Some(first) = chosen.first_mut() {
        first.direct = true;
    }
    chosen
}

/// The sentences of the best passages, the best first. Of rows by bands ("over $5,000") those in which an
/// amount of the question does not fall are left out.
fn rank(asked: &Asked<'_>, wish: &Wish) -> Vec<Chosen> {
    let amounts = band::amounts(asked.query);
    let mut ranked = look(asked, wish, PASSAGES);
    let mut outside: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    ranked.retain(|c| {
        let rows = outside
            .entry(c.passage)
            .or_insert_with(|| band::outside(asked.knowledge.index.sentences(c.passage), &amounts));
        !rows.contains(&c.sentence)
    });
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}

fn look(asked: &Asked<'_>, wish: &Wish, passages: usize) -> Vec<Chosen> {
    let index = &asked.knowledge.index;
    let typed = Typed::of(asked, wish);
    let mut ranked = Vec::new();
    for (number, found) in asked.found.iter().take(passages).enumerate() {
        let entry = index.entry(found.passage);
        // What orders a model is quoted to nobody, and a document that is named so neither.
        if orders::is_not_quoted(&entry.title) || entry.headings.iter().any(|h| orders::is_not_quoted(h)) {
            continue;
        }
        let around = index.stems_around(found.passage);
        for (i, sentence) in index.sentences(found.passage).iter().enumerate() {
            if sentence.stems.is_empty() || orders::is_not_quoted(&sentence.text) {
                continue;
            }
            let in_sentence = typed.share_in(&sentence.stems, &[]);
            let in_either = typed.share_in(&sentence.stems, &around);
            let lexical = 0.6 * in_sentence + 0.4 * in_either;
            let cosine = match (&sentence.vector, asked.vector) {
                (Some(s), Some(q)) => {
                    Some(s.iter().zip(q).map(|(a, b)| f64::from(a * b)).sum::<f64>().max(0.0))
                }
                _ => None,
            };
            let similarity = cosine.unwrap_or(lexical);
            let has_figure = wish.is_given_by(&sentence.text);
            let figure = if wish.figure && has_figure { 0.08 } else { 0.0 };
            // A lead-in ("You need:") answers nothing alone.
            let opens_list = if sentence.text.trim_end().ends_with(':') { 0.15 } else { 0.0 };
            let score = 0.52 * similarity + 0.26 * lexical + 0.22 * found.score + figure - opens_list;
            ranked.push(Chosen {
                found: number,
                passage: found.passage,
                sentence: i,
                score,
                similarity,
                coverage: in_either,
                gives_figure: has_figure || !wish.figure,
                direct: false,
            });
        }
    }
    ranked
}

/// The content stems of a question by the index's numbers: passages were read into them once, not at each question.
struct Typed {
    /// Number and inverse document frequency of each; no number where no passage ever held it.
    stems: Vec<(Option<u32>, f64)>,
    /// Other wordings: what a passage says, and places of the stems that it says with that.
    otherwise: Vec<(Vec<u32>, Vec<usize>)>,
    total: f64,
}

impl Typed {
    fn of(asked: &Asked<'_>, wish: &Wish) -> Typed {
        let index = &asked.knowledge.index;
        let stems: Vec<_> = wish.stems.iter().map(|s| (index.number_of(s), index.weight_of(s))).collect();
        let place = |typed: &String| wish.stems.iter().position(|s| s == typed);
        let otherwise = index.alternatives(asked.query).into_iter().filter_map(|other| {
            let said: Option<Vec<u32>> = other.said.iter().map(|word| index.number_of(word)).collect();
            Some((said?, other.typed.iter().filter_map(place).collect()))
        });
        let otherwise = otherwise.collect();
        let total = stems.iter().map(|(_, weight)| weight).sum::<f64>().max(1e-9);
        Typed { stems, otherwise, total }
    }

    /// The weighted share of them that two sorted lists of stems hold together, in these words or in others: 0 to 1.
    fn share_in(&self, own: &[u32], around: &[u32]) -> f64 {
        let holds = |stem: &u32| own.binary_search(stem).is_ok() || around.binary_search(stem).is_ok();
        let otherwise: Vec<&[usize]> = self
            .otherwise
            .iter()
            .filter(|(said, _)| said.iter().all(&holds))
            .map(|(_, typed)| typed.as_slice())
            .collect();
        let is_said = |(at, (stem, _)): &(usize, &(Option<u32>, f64))| {
            stem.as_ref().is_some_and(&holds) || otherwise.iter().any(|typed| typed.contains(at))
        };
        let said = self.stems.iter().enumerate().filter(is_said).map(|(_, (_, weight))| weight);
        said.sum::<f64>() / self.total
    }
}

/// For a question about how to do something: the whole numbered list of the first passage, among
/// those that speak of it about as well as the best sentence, that has one; its best step first.
fn procedure(asked: &Asked<'_>, wish: &Wish, ranked: &[Chosen], best: &Chosen) -> Option<Vec<Chosen>> {
    let index = &asked.knowledge.index;
    let has_steps =
        |c: &&Chosen| index.sentences(c.passage).iter().filter(|s| s.is_step).count() >= FEWEST_STEPS;
    // Steps under a heading with the verb of the question are what it asks for, also where a sentence says
    // more of the words that a question before it left.
    let headed = |c: &&Chosen| {
        let heading = index.entry(c.passage).headings.last().cloned();
        let heading = text::content_stems(&heading.unwrap_or_else(|| index.entry(c.passage).title.clone()));
        verb(asked.query).is_some_and(|verb| heading.contains(&verb))
            && heading.iter().filter(|stem| wish.stems.contains(*stem)).count() >= NAMED_BY
    };
    let near = |share: f64| ranked.iter().filter(move |c| c.score >= best.score * share);
    let found = near(ABOUT_AS_WELL)
        .find(has_steps)
        .or_else(|| near(UNDER_ITS_HEADING).filter(headed).find(has_steps))?;
    let own = index.sentences(found.passage);
    let mut chosen = vec![found.clone()];
    let wanted = |i: usize| own[i].is_step || (i + 1 < own.len() && lead_in(own, i + 1) == Some(i));
    chosen.extend(
        (0..own.len())
            .filter(|i| *i != found.sentence && wanted(*i))
            .map(|i| Chosen { sentence: i, ..found.clone() }),
    );
    // "To export transactions, choose …" is a procedure in one sentence, and stays beside the steps.
    let said = chosen.iter().any(|c| (c.passage, c.sentence) == (best.passage, best.sentence));
    if !said && found.score >= best.score * ABOUT_AS_WELL {
        chosen.insert(0, best.clone());
    }
    Some(chosen)
}

/// What the asker wants to do: "how do I *change* it".
fn verb(question: &str) -> Option<String> {
    let words = text::words(question);
    let asks = words.iter().rposition(|word| word == "how")?;
    words[asks + 1..].iter().find(|word| !text::is_stop_word(word)).map(|word| text::stem(word))
}

/// A sentence with what it needs to be understood: the one that says what its "it" is, and an item's
/// lead-in ("the card is faulty" says nothing without "A card is free when:") with its siblings while
/// the list is short, since one condition of four is half a truth.
fn with_its_own(asked: &Asked<'_>, c: &Chosen) -> Vec<Chosen> {
    let own = asked.knowledge.index.sentences(c.passage);
    let mut unit = vec![c.clone()];
    let mut add = |sentence: usize| {
        if sentence != c.sentence {
            unit.push(Chosen { sentence, direct: false, ..c.clone() });
        }
    };
    if let Some(lead) = lead_in(own, c.sentence) {
        let siblings: Vec<usize> =
            (lead + 1..own.len()).take_while(|i| lead_in(own, *i) == Some(lead)).collect();
        let short = siblings.iter().map(|i| count(&own[*i].text)).sum::<usize>() <= SHORT_LIST;
        add(lead);
        siblings.into_iter().filter(|_| short).for_each(&mut add);
    }
    order::antecedents(own, c.sentence).into_iter().for_each(&mut add);
    unit
}

/// Words of these sentences as an answer shows them: each with its marker, and the titles of the documents
/// where there are several.
fn length<'a>(knowledge: &Knowledge, chosen: impl Iterator<Item = &'a Chosen> + Clone) -> usize {
    let documents: BTreeSet<usize> = chosen.clone().map(|c| knowledge.passages[c.passage].0).collect();
    // "From" names them also where there is one that the question does not name.
    let titles: usize = if !documents.is_empty() {
        1 + documents.iter().map(|d| count(&knowledge.documents[*d].title) + 1).sum::<usize>()
    } else {
        0
    };
    let said = |c: &Chosen| count(&knowledge.index.sentences(c.passage)[c.sentence].text) + 1;
    titles + chosen.map(said).sum::<usize>()
}

fn saying(of: &Sentence) -> Saying<'_> {
    Saying { text: &of.text, stems: &of.stems, vector: of.vector.as_deref() }
}

fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Mode;

    use super::*;
    use crate::respond::test_bank;

    const BANK: &str = "# Saver\n\n| Balance | Base rate | Bonus rate |\n|---|---|---|\n\
        | Up to $50,000 | 1.10% | 3.15% |\n| $50,000.01 to $250,000 | 1.10% | 2.40% |\n\
        | Over $250,000 | 0.60% | none |\n\n## Daily limits\n\n| Channel | Limit | Highest limit |\n\
        |---|---|---|\n| ATM cash | $1,200 | $2,500 |\n| Transfers in the app | $5,000 | $25,000 |\n\
        | Transfers abroad | $3,000 | $10,000 |\n\n## Change a limit\n\n1. Open the app and choose Profile.\n\
        2. Choose Limits.\n3. Move the slider.\n";

    fn said(question: &str) -> Vec<String> {
        let knowledge = test_bank::knowledge_of(&[("saver", "customer", BANK)]);
        let found = test_bank::found(&knowledge, Mode::Customer, question);
        let asked = Asked { knowledge: &knowledge, query: question, vector: None, found: &found };
        let text = |c: &Chosen| knowledge.index.sentences(c.passage)[c.sentence].text.clone();
        sentences(&asked, 120).iter().map(text).collect()
    }

    #[test]
    fn an_amount_finds_its_band() {
        let read = said("What bonus rate does the saver pay on a balance of $300,000?");
        assert!(read[0].starts_with("Over $250,000"), "{read:?}");
        assert!(!read.iter().any(|s| s.starts_with("Up to") || s.starts_with("$50,000.01")), "{read:?}");
        let read = said("What base rate does the saver pay on a balance of 60000?");
        assert!(read[0].starts_with("$50,000.01"), "{read:?}");
    }

    #[test]
    fn one_row_that_answers_stands_without_its_neighbours() {
        let read = said("What is the daily ATM cash limit?");
        assert!(read[0].starts_with("ATM cash"), "{read:?}");
        assert!(!read.iter().any(|s| s.starts_with("Transfers")), "{read:?}");
        let read = said("What is the limit for transfers?");
        assert_eq!(read.iter().filter(|s| s.starts_with("Transfers")).count(), 2, "{read:?}");
    }

    #[test]
    fn steps_are_asked_for_also_behind_a_question_for_a_figure() {
        let read = said("the daily limit for transfers abroad? How do I change it?");
        assert!(read.iter().any(|s| s.starts_with("1. Open the app")), "{read:?}");
    }
}
