//! The order in which chosen sentences are read: the figure that was asked for first, else as the
//! document has them, and no "it" before what it stands for.

use contactiq_nlu::index::{Sentence, lead_in};

use super::choose::Chosen;
use crate::Knowledge;

/// Words at the beginning of a sentence that stand for something in the one before.
const LEANING: &[&str] = &[
    "both",
    "either",
    "he",
    "however",
    "instead",
    "it",
    "its",
    "neither",
    "otherwise",
    "she",
    "such",
    "that",
    "their",
    "these",
    "they",
    "this",
    "those",
];
/// Sentences before one that are looked at.
const FARTHEST: usize = 2;

/// Whether a sentence can't be understood without the one before.
pub(super) fn leans(sentence: &str) -> bool {
    let first: String = sentence.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    LEANING.binary_search(&first.as_str()).is_ok()
}

/// The sentences before this one that say what it speaks of; none where it stands alone, or opens its
/// passage.
pub(super) fn antecedents(own: &[Sentence], at: usize) -> Vec<usize> {
    let prose = |s: &Sentence| !(s.is_row || s.is_step || s.is_item);
    let mut before = Vec::new();
    let mut current = at;
    while before.len() < FARTHEST
        && current > 0
        && own.get(current).is_some_and(|s| prose(s) && leans(&s.text))
        && prose(&own[current - 1])
    {
        current -= 1;
        before.push(current);
    }
    before
}

/// The sentences of one request in the order in which they are read.
pub(super) fn natural(knowledge: &Knowledge, chosen: &[Chosen]) -> Vec<Chosen> {
    let Some(best) = chosen.iter().find(|c| c.direct).or(chosen.first()) else { return Vec::new() };
    let own = knowledge.index.sentences(best.passage);
    let lead = lead_in(own, best.sentence);
    let needed = antecedents(own, best.sentence);
    // The sentence that states the figure, with the list or the sentence that it belongs to.
    let opens = |c: &Chosen| {
        let of_its_list = lead.is_some_and(|l| c.sentence == l || lead_in(own, c.sentence) == Some(l));
        best.direct
            && c.passage == best.passage
            && (c.sentence == best.sentence || of_its_list || needed.contains(&c.sentence))
    };
    let mut ordered: Vec<Chosen> = chosen.to_vec();
    ordered.sort_by_key(|c| (!opens(c), c.passage != best.passage, c.found, c.sentence));
    ordered
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Mode;

    use super::*;
    use crate::{
        respond::{choose, test_bank},
        turn::Asked,
    };

    fn read(question: &str) -> Vec<String> {
        let knowledge = test_bank::knowledge();
        let found = test_bank::found(&knowledge, Mode::Customer, question);
        let asked = Asked { knowledge: &knowledge, query: question, vector: None, found: &found };
        let chosen = choose::sentences(&asked, 120);
        natural(&knowledge, &chosen)
            .iter()
            .map(|c| knowledge.index.sentences(c.passage)[c.sentence].text.clone())
            .collect()
    }

    #[test]
    fn what_stands_for_something_never_comes_without_it() {
        let read = read("When does a replacement card arrive?");
        let it = read.iter().position(|s| s.starts_with("It arrives")).unwrap();
        assert_eq!(read[it - 1], "A replacement card costs $12.", "{read:?}");
    }

    #[test]
    fn the_figure_that_was_asked_for_comes_first() {
        let read = read("What does the recall of an international transfer cost?");
        assert_eq!(read[0], "A recall of an international transfer costs $35.", "{read:?}");
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(LEANING.is_sorted());
        assert!(leans("It costs $5.") && !leans("Items cost $5.") && !leans("A card."));
    }
}
