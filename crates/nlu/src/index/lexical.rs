//! BM25 over the fields of a passage, by an inverted index.

use super::Entry;
use crate::text::{content_stems, is_stop_word, stem};
use std::collections::HashMap;

/// How soon more of the same word stops to matter.
const K1: f64 = 1.2;
/// How much a long field is held against a passage.
const B: f64 = 0.75;

/// Weight of a word in each field, in the order of [`fields`]. Likely questions repeat the words of the
/// passage, which would count twice: they find by their meaning alone.
const WEIGHTS: [f64; 3] = [1.0, 1.0, 1.0];

/// A content word of a question, as the index sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Term {
    /// Number of the stem; `None` when no passage holds it.
    pub stem: Option<u32>,
    /// Its inverse document frequency: near 0 for a stem in every passage, the larger the rarer; a stem
    /// that no passage holds weighs most.
    pub weight: f64,
}

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
    numbers: HashMap<String, u32>,
    weights: Vec<f64>,
    unknown: f64,
    /// For each stem, passages and what the stem adds to their score.
    postings: Vec<Vec<(u32, f32)>>,
    /// For each passage, the stems of title, headings and text, sorted.
    contents: Vec<Vec<u32>>,
}

impl Lexical {
    /// Indexes passages, numbered as they come.
    pub(crate) fn build(entries: &[Entry]) -> Self {
        let mut this = Self::default();
        // For each passage its fields as stem numbers.
        let stems: Vec<[Vec<u32>; 3]> =
            entries.iter().map(|entry| fields(entry).map(|text| this.number_stems(&text))).collect();

        let mut holders = vec![0_u32; this.numbers.len()];
        for fields in &stems {
            for stem in distinct(fields) {
                holders[stem as usize] += 1;
            }
        }
        let weight = |holders: u32| inverse_frequency(entries.len(), holders);
        this.weights = holders.into_iter().map(weight).collect();
        this.unknown = weight(0);

        // A field's usual length, over the passages that have it.
        let usual: [f64; 3] = std::array::from_fn(|field| {
            let lengths = stems.iter().map(|fields| fields[field].len()).filter(|length| *length > 0);
            let (sum, count) = lengths.fold((0, 0), |(sum, count), length| (sum + length, count + 1));
            sum as f64 / f64::from(count.max(1))
        });
        this.postings = vec![Vec::new(); this.numbers.len()];
        for (entry, fields) in stems.iter().enumerate() {
            let mut counts: HashMap<u32, f64> = HashMap::new();
            for ((stems, weight), usual) in fields.iter().zip(WEIGHTS).zip(usual) {
                let shortened = weight / (1.0 - B + B * stems.len() as f64 / usual.max(1.0));
                for stem in stems {
                    *counts.entry(*stem).or_default() += shortened;
                }
            }
            for (stem, count) in counts {
                let adds = this.weights[stem as usize] * count * (K1 + 1.0) / (count + K1);
                this.postings[stem as usize].push((entry as u32, adds as f32));
            }
            this.contents.push(distinct(fields));
        }
        this
    }

    /// The distinct content words of a text, in order.
    pub(crate) fn terms(&self, text: &str) -> Vec<Term> {
        let mut seen = std::collections::HashSet::new();
        content_stems(text)
            .into_iter()
            .filter(|stem| seen.insert(stem.clone()))
            .map(|stem| {
                let number = self.numbers.get(&stem).copied();
                Term {
                    stem: number,
                    weight: number.map_or(self.unknown, |number| self.weights[number as usize]),
                }
            })
            .collect()
    }

    /// Numbers of the stems of a text that the index holds, sorted, each once.
    pub(crate) fn known_stems(&self, text: &str) -> Vec<u32> {
        let mut stems: Vec<u32> = self.terms(text).iter().filter_map(|term| term.stem).collect();
        stems.sort_unstable();
        stems
    }

    /// Weight of one word; 0 for a stop word.
    pub(crate) fn weight_of(&self, word: &str) -> f64 {
        let word = word.to_lowercase();
        if is_stop_word(&word) {
            return 0.0;
        }
        self.numbers.get(&stem(&word)).map_or(self.unknown, |number| self.weights[*number as usize])
    }

    /// BM25 of every passage.
    pub(crate) fn scores(&self, terms: &[Term]) -> Vec<f32> {
        let mut scores = vec![0.0; self.contents.len()];
        for stem in terms.iter().filter_map(|term| term.stem) {
            for (entry, adds) in &self.postings[stem as usize] {
                scores[*entry as usize] += adds;
            }
        }
        scores
    }

    /// How much the terms say, and the rarest of them that none of the passages holds.
    pub(crate) fn said(&self, terms: &[Term], entries: &[usize]) -> Said {
        let holds = |stem: u32| entries.iter().any(|e| self.contents[*e].binary_search(&stem).is_ok());
        let share = |weight: f64| if self.unknown > 0.0 { weight / self.unknown } else { 0.0 };
        let missing = terms.iter().filter(|term| !term.stem.is_some_and(holds)).map(|term| term.weight);
        Said {
            weight: share(terms.iter().map(|term| term.weight).sum()),
            rarest_missing: share(missing.fold(0.0, f64::max)).clamp(0.0, 1.0),
        }
    }

    /// Share of the terms' weight that title, headings and text of a passage hold; 0 without terms.
    pub(crate) fn coverage(&self, entry: usize, terms: &[Term]) -> f64 {
        let (mut all, mut held) = (0.0, 0.0);
        for term in terms {
            all += term.weight;
            if term.stem.is_some_and(|stem| self.contents[entry].binary_search(&stem).is_ok()) {
                held += term.weight;
            }
        }
        if all > 0.0 { (held / all).clamp(0.0, 1.0) } else { 0.0 }
    }

    fn number_stems(&mut self, text: &str) -> Vec<u32> {
        content_stems(text)
            .into_iter()
            .map(|stem| {
                let next = self.numbers.len() as u32;
                *self.numbers.entry(stem).or_insert(next)
            })
            .collect()
    }
}

fn fields(entry: &Entry) -> [String; 3] {
    [entry.title.clone(), entry.headings.join("\n"), entry.text.clone()]
}

fn distinct(fields: &[Vec<u32>]) -> Vec<u32> {
    let mut stems = fields.concat();
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// Never negative, also for a word in every passage.
fn inverse_frequency(passages: usize, holders: u32) -> f64 {
    let holders = f64::from(holders);
    (1.0 + (passages as f64 - holders + 0.5) / (holders + 0.5)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn index() -> Lexical {
        Lexical::build(&[
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
        let scores = index.scores(&index.terms("travel card"));
        assert!(scores[1] > scores[0] && scores[0] > 0.0);
        assert_eq!(scores[2], 0.0);
        let scores = index.scores(&index.terms("debit"));
        assert!(scores[0] > 0.0);
    }

    #[test]
    fn a_word_is_counted_once_a_question() {
        let index = index();
        assert_eq!(index.scores(&index.terms("card card cards")), index.scores(&index.terms("card")));
    }

    #[test]
    fn coverage_is_the_share_of_weight_and_questions_are_no_evidence() {
        let index = index();
        assert_eq!(index.coverage(0, &index.terms("How much is a replacement card?")), 1.0);
        assert_eq!(index.coverage(1, &index.terms("abroad")), 0.0);
        assert_eq!(index.scores(&index.terms("abroad")), [0.0; 3], "nor found by their words");
        let part = index.coverage(0, &index.terms("replacement zebra"));
        assert!(part > 0.0 && part < 0.5, "{part}");
        assert_eq!(index.coverage(0, &index.terms("what is it?")), 0.0);
    }

    #[test]
    fn an_empty_index_has_weights_too() {
        let index = Lexical::build(&[]);
        assert!(index.weight_of("card") > 0.0);
        assert!(index.scores(&index.terms("card")).is_empty());
    }
}
