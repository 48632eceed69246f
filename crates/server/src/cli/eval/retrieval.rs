//! Rows U9 and U10 on another bank: where the right document, and a passage that states an asked fact, stand among
//! ten that are found. The hidden sets of these rows are other banks' pages; this one stands in for them.

use contactiq_domain::Role;
use contactiq_guard::Raw;
use contactiq_pipeline::{Filter, Found, House, Sought, search, searched};

use super::{
    Figure, Share,
    questions::{Question, states},
};
use crate::{
    app,
    cli::{jsonl, opening},
    config::Config,
};

/// How many are looked at.
const DEPTH: usize = 10;

/// Ranks of what was sought, from 1; none where it is not among the ten.
#[derive(Default)]
struct Ranks(Vec<Option<usize>>);

impl Ranks {
    fn within(&self, most: usize) -> Share {
        let hits = self.0.iter().filter(|rank| rank.is_some_and(|r| r <= most)).count();
        Share::new(hits, self.0.len())
    }

    /// The mean of one over the rank.
    fn reciprocal(&self) -> f64 {
        let sum: f64 = self.0.iter().flatten().map(|rank| 1.0 / *rank as f64).sum();
        sum / self.0.len() as f64
    }

    fn rows(&self, id: &'static str, what: &str, (one, five, mean): (f64, f64, f64)) -> Vec<Figure> {
        vec![
            Figure::share_at_least(id, format!("another bank: {what}: R@1"), self.within(1), one),
            Figure::share_at_least(id, format!("another bank: {what}: R@5"), self.within(5), five),
            Figure::number(id, format!("another bank: {what}: MRR@10"), self.reciprocal(), mean),
        ]
    }
}

/// Searches for each question that stands alone and has an answer.
pub(super) fn figures<'a>(
    config: &Config,
    house: &House,
    questions: impl Iterator<Item = &'a Question>,
) -> Result<Vec<Figure>, Box<dyn std::error::Error + Send + Sync>> {
    let (mut documents, mut passages) = (Ranks::default(), Ranks::default());
    let (knowledge, door) = (house.shelf.current(), app::door(config)?);
    for question in questions.filter(|q| q.has_an_answer() && q.conversation().is_none()) {
        let filter = Filter {
            collections: question.mode.collections(),
            role: Role::Admin,
            day: house.today(),
            product: None,
        };
        let masked =
            jsonl::inspected(&door, Raw::new(question.question.clone())).map_err(|(_, why)| why)?.masked;
        let asked = searched(&knowledge, house.dictionary(), &filter, &masked);
        let vector = opening::vector(house.encoder.as_ref(), &knowledge.for_its_vector(&asked));
        let found =
            search(&knowledge, &filter, &Sought { text: &asked, vector: vector.as_deref(), k: DEPTH });
        let name = |document: usize| {
            let document = &knowledge.documents[document];
            format!("{}/{}", document.collection, document.slug)
        };
        let rank = |is_right: &dyn Fn(&Found) -> bool| found.iter().position(is_right).map(|r| r + 1);
        documents.0.push(rank(&|f| question.documents.contains(&name(f.document))));
        let facts = |f: &Found| {
            let text = knowledge.passages[f.passage].1.text.as_str();
            question.documents.contains(&name(f.document))
                && question.facts.iter().any(|fact| states(text, fact))
        };
        passages.0.push(rank(&facts));
    }
    let mut rows = documents.rows("U9", "the right document, by paraphrase", (0.78, 0.93, 0.84));
    rows.extend(passages.rows("U10", "a passage that states what is asked", (0.60, 0.87, 0.70)));
    Ok(rows)
}
