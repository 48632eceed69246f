//! Which sentences answer: similarity and shared words with the question, the passage's own score,
//! and whether a figure is asked for and given.

use std::collections::BTreeSet;

use contactiq_nlu::{
    index::{Alternative, Sentence, lead_in},
    text,
};

use super::figure::figures;
use crate::{
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
/// At most this many sentences, unless steps or rows are asked for.
const MOST: usize = 6;

/// A numbered list answers "how do I" if its passage scores at least this share of the best sentence.
const ABOUT_AS_WELL: f64 = 0.82;
/// A list of at most so many words is given whole.
const SHORT_LIST: usize = 70;
/// Fewer steps are no procedure.
const FEWEST_STEPS: usize = 2;

/// What the question asks for.
struct Wish {
    steps: bool,
    figure: bool,
    list: bool,
    stems: BTreeSet<String>,
}

impl Wish {
    fn of(question: &str) -> Wish {
        let lower = question.to_lowercase();
        let has = |needles: &[&str]| needles.iter().any(|n| lower.contains(n));
        Wish {
            steps: has(&[
                "how do i",
                "how can i",
                "how to",
                "how would i",
                "how do we",
                "steps",
                "the process",
                "process for",
                "process to",
                "process of",
                "procedure",
                "what do i do",
                "how does one",
                "walk me through",
            ]),
            figure: has(&[
                "how much",
                "cost",
                "fee",
                "charge",
                "price",
                "rate",
                "limit",
                "how long",
                "how many",
                "how soon",
                "when ",
                "what time",
                "maximum",
                "minimum",
                "percent",
                "interest",
                "how old",
                "how often",
                "number",
            ]),
            list: has(&[
                "which",
                "what documents",
                "documents",
                "what do i need",
                "list",
                "compare",
                "difference",
                "versus",
                " vs",
            ]),
            stems: text::content_stems(question).into_iter().collect(),
        }
    }
}

/// The sentences of the answer, the best first; empty when none speaks of the question.
pub(crate) fn sentences(asked: &Asked<'_>, most_words: usize) -> Vec<Chosen> {
    let wish = Wish::of(asked.query);
    let mut ranked = rank(asked, &wish);
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    let Some(best) = ranked.first().cloned().filter(|b| b.score >= FLOOR) else { return Vec::new() };

    let index = &asked.knowledge.index;
    if wish.steps
        && let Some(procedure) = procedure(asked, &ranked, &best)
    {
        return procedure;
    }
    let mut chosen = vec![best.clone()];
    let own = index.sentences(best.passage);
    let mut words = count(&own[best.sentence].text);
    let most = if wish.list { MOST + 4 } else { MOST };
    let document = |c: &Chosen| asked.knowledge.passages[c.passage].0;
    for candidate in ranked.iter().skip(1) {
        if chosen.len() >= most {
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
        if candidate.score < best.score * least {
            continue;
        }
        let sentence = &index.sentences(candidate.passage)[candidate.sentence];
        let length = count(&sentence.text);
        let repeats = chosen.iter().any(|c| {
            let other = &index.sentences(c.passage)[c.sentence];
            say_the_same(saying(other), saying(sentence))
        });
        if words + length > most_words || repeats {
            continue;
        }
        words += length;
        chosen.push(candidate.clone());
    }
    with_lists(asked, chosen)
}

fn rank(asked: &Asked<'_>, wish: &Wish) -> Vec<Chosen> {
    let index = &asked.knowledge.index;
    let weights: Vec<(&String, f64)> = wish.stems.iter().map(|s| (s, index.weight_of(s))).collect();
    let alternatives = index.alternatives(asked.query);
    let total: f64 = weights.iter().map(|(_, w)| w).sum::<f64>().max(1e-9);
    let mut ranked = Vec::new();
    for (number, found) in asked.found.iter().take(PASSAGES).enumerate() {
        let entry = index.entry(found.passage);
        let around: BTreeSet<String> =
            text::content_stems(&format!("{} {}", entry.title, entry.headings.join(" ")))
                .into_iter()
                .collect();
        for (i, sentence) in index.sentences(found.passage).iter().enumerate() {
            let own: BTreeSet<String> = text::content_stems(&sentence.text).into_iter().collect();
            if own.is_empty() {
                continue;
            }
            let in_place = with_synonyms(own.union(&around).cloned().collect(), &alternatives);
            let own = with_synonyms(own, &alternatives);
            let in_sentence: f64 = weights.iter().filter(|(s, _)| own.contains(*s)).map(|(_, w)| w).sum();
            let in_either: f64 = weights.iter().filter(|(s, _)| in_place.contains(*s)).map(|(_, w)| w).sum();
            let lexical = (0.6 * in_sentence + 0.4 * in_either) / total;
            let cosine = match (&sentence.vector, asked.vector) {
                (Some(s), Some(q)) => {
                    Some(s.iter().zip(q).map(|(a, b)| f64::from(a * b)).sum::<f64>().max(0.0))
                }
                _ => None,
            };
            let similarity = cosine.unwrap_or(lexical);
            let has_figure = !figures(&sentence.text).is_empty();
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
                coverage: in_either / total,
                gives_figure: has_figure || !wish.figure,
            });
        }
    }
    ranked
}

/// Words with those of the question that they say in another way.
fn with_synonyms(mut words: BTreeSet<String>, alternatives: &[Alternative]) -> BTreeSet<String> {
    let said = |other: &&Alternative| other.said.iter().all(|word| words.contains(word));
    let typed: Vec<String> = alternatives.iter().filter(said).flat_map(|a| a.typed.clone()).collect();
    words.extend(typed);
    words
}

/// For a question about how to do something: the whole numbered list of the first passage, among
/// those that speak of it about as well as the best sentence, that has one; its best step first.
fn procedure(asked: &Asked<'_>, ranked: &[Chosen], best: &Chosen) -> Option<Vec<Chosen>> {
    let index = &asked.knowledge.index;
    let near = ranked.iter().filter(|c| c.score >= best.score * ABOUT_AS_WELL);
    let found = near
        .clone()
        .find(|c| index.sentences(c.passage).iter().filter(|s| s.is_step).count() >= FEWEST_STEPS)?;
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
    if !said {
        chosen.insert(0, best.clone());
    }
    Some(chosen)
}

/// Adds what a chosen item of a list needs: its lead-in ("the card is faulty" says nothing without
/// "A card is free when:"), and its siblings while the list is short, since one condition of four
/// is half a truth.
fn with_lists(asked: &Asked<'_>, chosen: Vec<Chosen>) -> Vec<Chosen> {
    let mut whole = chosen.clone();
    for c in &chosen {
        let own = asked.knowledge.index.sentences(c.passage);
        let Some(lead) = lead_in(own, c.sentence) else { continue };
        let siblings: Vec<usize> =
            (lead + 1..own.len()).take_while(|i| lead_in(own, *i) == Some(lead)).collect();
        let short = siblings.iter().map(|i| count(&own[*i].text)).sum::<usize>() <= SHORT_LIST;
        let wanted = std::iter::once(lead).chain(siblings.into_iter().filter(|_| short));
        for sentence in wanted {
            if !whole.iter().any(|w| w.passage == c.passage && w.sentence == sentence) {
                whole.push(Chosen { sentence, ..c.clone() });
            }
        }
    }
    whole
}

fn saying(of: &Sentence) -> Saying<'_> {
    Saying { text: &of.text, stems: &of.stems, vector: of.vector.as_deref() }
}

fn count(text: &str) -> usize {
    text.split_whitespace().count()
}
