//! BM25 over the fields of a passage, by an inverted index.

use super::{
    analysis::{Analysis, FIELDS, Phrase, Vocabulary},
    wording::{Otherwise, Term, Wording},
};
use crate::text::{content_stems, is_stop_word, stem};
use std::{collections::BTreeMap, sync::Arc};

/// How soon more of the same word stops to matter.
const K1: f64 = 1.2;
/// How much a long field is held against a passage.
const B: f64 = 0.75;

/// Weight of a word in each field: title, headings, text. Likely questions repeat the words of the
/// passage, which would count twice: they find by their meaning alone.
const WEIGHTS: [f64; FIELDS] = [1.0, 1.0, 1.0];

/// A vocabulary that is not worth beginning anew.
const SMALL_VOCABULARY: usize = 1_000;

/// What a synonym counts, beside the same words when they are typed.
const EXPANDED: f32 = 0.6;

/// What a question says, measured in words that no passage holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Said {
    /// The weight of its content words together, 0 or more.
    pub weight: f64,
    /// The weight of the rarest content word that the passages lack, 0 to 1; 0 where they hold all.
    pub rarest_missing: f64,
}

/// Stems, their weights, and which passage holds them.
#[derive(Debug, Default)]
pub(crate) struct Lexical {
    vocabulary: Arc<Vocabulary>,
    /// Of each stem; that of an unknown one where no passage holds it any more.
    weights: Vec<f64>,
    unknown: f64,
    /// For each stem, passages in order and what the stem adds to their score.
    postings: Vec<Vec<(u32, f32)>>,
    /// The passages as they were read.
    passages: Vec<Arc<Analysis>>,
}

impl Lexical {
    /// Indexes passages, numbered as they come, that were read with this vocabulary.
    pub(crate) fn build(vocabulary: Arc<Vocabulary>, passages: Vec<Arc<Analysis>>) -> Self {
        let mut holders = vec![0_u32; vocabulary.len()];
        for (stem, _) in passages.iter().flat_map(|p| &p.counts) {
            holders[*stem as usize] += 1;
        }
        let weight = |holders: &u32| inverse_frequency(passages.len(), *holders);
        let weights: Vec<f64> = holders.iter().map(weight).collect();

        // A field's usual length, over the passages that have it.
        let usual: [f64; FIELDS] = std::array::from_fn(|field| {
            let lengths = passages.iter().map(|p| p.lengths[field]).filter(|length| *length > 0);
            let (sum, count) = lengths.fold((0, 0), |(sum, count), length| (sum + length, count + 1));
            sum as f64 / f64::from(count.max(1))
        });
        let mut postings: Vec<Vec<(u32, f32)>> =
            holders.iter().map(|holders| Vec::with_capacity(*holders as usize)).collect();
        for (entry, passage) in passages.iter().enumerate() {
            let shortened: [f64; FIELDS] = std::array::from_fn(|field| {
                WEIGHTS[field] / (1.0 - B + B * passage.lengths[field] as f64 / usual[field].max(1.0))
            });
            for (stem, counts) in &passage.counts {
                let count: f64 = counts.iter().zip(shortened).map(|(n, each)| f64::from(*n) * each).sum();
                let adds = weights[*stem as usize] * count * (K1 + 1.0) / (count + K1);
                postings[*stem as usize].push((entry as u32, adds as f32));
            }
        }
        Self { vocabulary, weights, unknown: weight(&0), postings, passages }
    }

    /// The vocabulary that the passages were read with.
    pub(crate) fn vocabulary(&self) -> &Arc<Vocabulary> {
        &self.vocabulary
    }

    /// Whether most of a large vocabulary is of passages that are gone.
    pub(crate) fn is_worn(&self) -> bool {
        let dead = self.postings.iter().filter(|p| p.is_empty()).count();
        self.postings.len() > SMALL_VOCABULARY && dead * 2 > self.postings.len()
    }

    /// A passage as it was read.
    pub(crate) fn passage(&self, entry: usize) -> Option<&Arc<Analysis>> {
        self.passages.get(entry)
    }

    /// The number of a stem that some passage holds.
    pub(crate) fn number(&self, stem: &str) -> Option<u32> {
        self.vocabulary.get(stem).filter(|number| !self.postings[*number as usize].is_empty())
    }

    /// The distinct content words of a text, in order.
    pub(crate) fn terms(&self, text: &str) -> Vec<Term> {
        let mut seen = std::collections::HashSet::new();
        content_stems(text)
            .into_iter()
            .filter(|stem| seen.insert(stem.clone()))
            .map(|stem| {
                let number = self.number(&stem);
                let weight = number.map_or(self.unknown, |number| self.weights[number as usize]);
                Term { stem: number, weight, word: stem }
            })
            .collect()
    }

    /// Weight of one word; 0 for a stop word.
    pub(crate) fn weight_of(&self, word: &str) -> f64 {
        let word = word.to_lowercase();
        if is_stop_word(&word) {
            return 0.0;
        }
        self.number(&stem(&word)).map_or(self.unknown, |number| self.weights[number as usize])
    }

    /// BM25 of every passage. What a passage says in other words counts less than the words themselves,
    /// and never beside them.
    pub(crate) fn scores(&self, wording: &Wording) -> Vec<f32> {
        let mut scores = vec![0.0; self.passages.len()];
        for stem in wording.terms.iter().filter_map(|term| term.stem) {
            for (entry, adds) in &self.postings[stem as usize] {
                scores[*entry as usize] += adds;
            }
        }
        // Of several other wordings the best one counts.
        let mut more: BTreeMap<(&[usize], usize), f32> = BTreeMap::new();
        for other in &wording.otherwise {
            for entry in self.holders(&other.phrase) {
                let said: f32 = other.phrase.content.iter().map(|stem| self.adds(*stem, entry)).sum();
                let typed: f32 =
                    other.of.iter().filter_map(|t| wording.terms[*t].stem).map(|s| self.adds(s, entry)).sum();
                let gain = more.entry((other.of.as_slice(), entry)).or_default();
                *gain = gain.max(said * EXPANDED - typed);
            }
        }
        for ((_, entry), gain) in more {
            scores[entry] += gain;
        }
        scores
    }

    /// The passages that hold a word, in any form.
    pub(crate) fn entries_with(&self, word: &str) -> impl Iterator<Item = usize> + '_ {
        let stem = content_stems(word).into_iter().next();
        let number = stem.and_then(|stem| self.vocabulary.get(&stem));
        let postings = number.map_or(&[][..], |number| self.postings[number as usize].as_slice());
        postings.iter().map(|(entry, _)| *entry as usize)
    }

    /// A phrase in numbers; none where no passage could say it.
    pub(crate) fn phrase(&self, all: &[String], content: &[String]) -> Option<Phrase> {
        let all: Option<Vec<u32>> = all.iter().map(|stem| self.vocabulary.get(stem)).collect();
        let content: Option<Vec<u32>> = content.iter().map(|stem| self.number(stem)).collect();
        Some(Phrase { all: all?, content: content? })
    }

    /// Passages that say a phrase.
    pub(crate) fn holders<'a>(&'a self, phrase: &'a Phrase) -> impl Iterator<Item = usize> + 'a {
        let rarest = phrase.content.iter().map(|stem| &self.postings[*stem as usize]).min_by_key(|p| p.len());
        let entries = rarest.into_iter().flatten().map(|(entry, _)| *entry as usize);
        entries.filter(move |entry| self.passages[*entry].says(phrase))
    }

    /// How much the terms say, and the rarest of them that none of the passages holds.
    pub(crate) fn said(&self, wording: &Wording, entries: &[usize]) -> Said {
        let share = |weight: f64| if self.unknown > 0.0 { weight / self.unknown } else { 0.0 };
        let missing = (0..wording.terms.len())
            .filter(|term| !entries.iter().any(|entry| self.is_held(wording, *term, *entry)))
            .map(|term| wording.terms[term].weight);
        Said {
            weight: share(wording.terms.iter().map(|term| term.weight).sum()),
            rarest_missing: share(missing.fold(0.0, f64::max)).clamp(0.0, 1.0),
        }
    }

    /// Whether the passages hold one of the terms, in these words or in others; none where no passage of all knows any.
    pub(crate) fn holds_any(&self, wording: &Wording, entries: &[usize]) -> Option<bool> {
        let is_known = |term: &usize| {
            wording.terms[*term].stem.is_some()
                || wording.otherwise.iter().any(|other| other.of.contains(term))
        };
        let mut known = (0..wording.terms.len()).filter(is_known).peekable();
        known.peek()?;
        Some(known.any(|term| entries.iter().any(|entry| self.is_held(wording, term, *entry))))
    }

    /// Share of the terms' weight that title, headings and text of a passage hold, in these words or in
    /// others; 0 without terms.
    pub(crate) fn coverage(&self, entry: usize, wording: &Wording) -> f64 {
        let (mut all, mut held) = (0.0, 0.0);
        for (number, term) in wording.terms.iter().enumerate() {
            all += term.weight;
            if self.is_held(wording, number, entry) {
                held += term.weight;
            }
        }
        if all > 0.0 { (held / all).clamp(0.0, 1.0) } else { 0.0 }
    }

    fn is_held(&self, wording: &Wording, term: usize, entry: usize) -> bool {
        let passage = &self.passages[entry];
        let says = |other: &Otherwise| other.of.contains(&term) && passage.says(&other.phrase);
        wording.terms[term].stem.is_some_and(|stem| passage.holds(stem)) || wording.otherwise.iter().any(says)
    }

    fn adds(&self, stem: u32, entry: usize) -> f32 {
        let postings = &self.postings[stem as usize];
        let found = postings.binary_search_by_key(&(entry as u32), |(entry, _)| *entry);
        found.map_or(0.0, |at| postings[at].1)
    }
}

/// Never negative, also for a word in every passage.
fn inverse_frequency(passages: usize, holders: u32) -> f64 {
    let holders = f64::from(holders);
    (1.0 + (passages as f64 - holders + 0.5) / (holders + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Entry;
    use contactiq_domain::Collection;

    fn entry(title: &str, text: &str, questions: &[&str]) -> Entry {
        Entry {
            document: 0,
            collection: Collection::Customer,
            title: title.to_owned(),
            headings: Vec::new(),
            text: text.to_owned(),
            questions: questions.iter().map(|q| (*q).to_owned()).collect(),
        }
    }

    fn lexical(entries: &[Entry]) -> Lexical {
        let mut vocabulary = Vocabulary::default();
        let passages = entries.iter().map(|entry| Arc::new(Analysis::of(entry, &mut vocabulary))).collect();
        Lexical::build(Arc::new(vocabulary), passages)
    }

    impl Lexical {
        fn worded(&self, text: &str) -> Wording {
            Wording { terms: self.terms(text), otherwise: Vec::new() }
        }
    }

    fn index() -> Lexical {
        lexical(&[
            entry("Debit cards", "A replacement card costs $10. The card comes by post.", &[]),
            entry(
                "Travel",
                "Tell us before you travel with your card.",
                &["Which card should I take abroad?"],
            ),
            entry("Loans", "A loan is repaid monthly.", &[]),
        ])
    }

    #[test]
    fn rare_words_weigh_more_and_stop_words_nothing() {
        let index = index();
        assert!(index.weight_of("card") < index.weight_of("LOANS"));
        assert!(index.weight_of("loan") < index.weight_of("zebra"));
        assert_eq!(index.weight_of("The"), 0.0);
    }

    #[test]
    fn the_title_counts_for_more_than_the_text() {
        let index = index();
        let scores = index.scores(&index.worded("travel card"));
        assert!(scores[1] > scores[0] && scores[0] > 0.0);
        assert_eq!(scores[2], 0.0);
        let scores = index.scores(&index.worded("debit"));
        assert!(scores[0] > 0.0);
    }

    #[test]
    fn a_word_is_counted_once_a_question() {
        let index = index();
        assert_eq!(index.scores(&index.worded("card card cards")), index.scores(&index.worded("card")));
    }

    #[test]
    fn coverage_is_the_share_of_weight_and_questions_are_no_evidence() {
        let index = index();
        assert_eq!(index.coverage(0, &index.worded("How much is a replacement card?")), 1.0);
        assert_eq!(index.coverage(1, &index.worded("abroad")), 0.0);
        assert_eq!(index.scores(&index.worded("abroad")), [0.0; 3], "nor found by their words");
        let part = index.coverage(0, &index.worded("replacement zebra"));
        assert!(part > 0.0 && part < 0.5, "{part}");
        assert_eq!(index.coverage(0, &index.worded("what is it?")), 0.0);
    }

    #[test]
    fn an_empty_index_has_weights_too() {
        let index = lexical(&[]);
        assert!(index.weight_of("card") > 0.0);
        assert!(index.scores(&index.worded("card")).is_empty());
    }
}
