//! The products of the bank, as its documents name them: a question that names one is not answered
//! from the documents of another.

use std::collections::{BTreeSet, HashMap};

use contactiq_domain::Document;
use contactiq_nlu::text;

use crate::Knowledge;

/// What a document says that speaks of no product alone.
const GENERAL: &str = "general";
/// A title of more content words is a sentence, and no name of a product.
const LONGEST_TITLE: usize = 4;

/// Names of the products.
#[derive(Debug, Default)]
pub struct Products {
    /// A name in content stems, and the product.
    names: Vec<(Vec<String>, String)>,
}

impl Products {
    /// From the documents: a product is called as its front matter says, and as the titles that only its
    /// own documents have and that hold a word of that.
    #[must_use]
    pub fn of<'a, Text: 'a>(documents: impl Iterator<Item = &'a Document<Text>>) -> Products {
        let mut names: HashMap<Vec<String>, BTreeSet<&str>> = HashMap::new();
        for document in documents {
            let Some(product) = product(document) else { continue };
            let title = text::content_stems(&document.title);
            let own = text::content_stems(&product.replace(['-', '_'], " "));
            // "Platinum card" is a credit card; "Interest rates" of savings is no name of savings.
            let called =
                title.len() <= LONGEST_TITLE && title.len() > 1 && title.iter().any(|w| own.contains(w));
            for name in [own].into_iter().chain(called.then_some(title)).filter(|name| !name.is_empty()) {
                names.entry(name).or_default().insert(product);
            }
        }
        let only = |(name, of): (Vec<String>, BTreeSet<&str>)| match of.len() {
            1 => of.first().map(|product| (name, (*product).to_owned())),
            _ => None,
        };
        let mut names: Vec<_> = names.into_iter().filter_map(only).collect();
        names.sort_unstable();
        Products { names }
    }

    /// The products that a question names, in its own words or in the bank's synonyms for them.
    #[must_use]
    pub fn named(&self, knowledge: &Knowledge, question: &str) -> BTreeSet<&str> {
        if self.names.is_empty() {
            return BTreeSet::new();
        }
        let mut said = vec![text::content_stems(question)];
        said.extend(knowledge.index.synonyms_in(question));
        let holds = |name: &[String]| said.iter().any(|words| words.windows(name.len()).any(|w| w == name));
        self.names.iter().filter(|(name, _)| holds(name)).map(|(_, product)| product.as_str()).collect()
    }
}

/// The product of a document; none where it speaks of many.
pub(crate) fn product<Text>(document: &Document<Text>) -> Option<&str> {
    let product = document.product.trim();
    (!product.is_empty() && !product.eq_ignore_ascii_case(GENERAL)).then_some(product)
}
