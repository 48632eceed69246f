//! The products of the bank, as its documents name them: a question that names one is not answered
//! from the documents of another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use contactiq_domain::Document;
use contactiq_nlu::text;

use crate::Knowledge;

/// What a document says that speaks of no product alone.
const GENERAL: &str = "general";
/// A title of more content words is a sentence, and no name of a product.
const LONGEST_TITLE: usize = 4;
/// Words that say together what kind of thing a product is: "home loan" of a "Lighthouse home loan".
const TAIL: usize = 2;
/// What the name of a product ends with.
const KINDS: &[&str] = &[
    "account",
    "bond",
    "card",
    "deposit",
    "fund",
    "insurance",
    "loan",
    "mortgage",
    "overdraft",
    "plan",
    "saver",
    "saving",
];

/// Names of the products.
#[derive(Debug, Default)]
pub struct Products {
    /// A name in content stems, and the product.
    names: Vec<(Vec<String>, String)>,
    /// The last words of longer names, and the products.
    tails: Vec<(Vec<String>, BTreeSet<String>)>,
    /// The product of each document, by its number.
    of_documents: Vec<Option<String>>,
}

impl Products {
    /// From the documents: a product is called as its front matter says, and as the titles that only its
    /// own documents have and that hold a word of that. A document without front matter has the product that
    /// its title names.
    #[must_use]
    pub fn of<'a, Text: 'a>(documents: impl Iterator<Item = &'a Document<Text>> + Clone) -> Products {
        let mut names: HashMap<Vec<String>, BTreeSet<&str>> = HashMap::new();
        let of_documents = of_documents(documents.clone());
        for (document, product) in documents.zip(&of_documents) {
            let Some(product) = product.as_deref() else { continue };
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
        let mut tails: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
        for (name, product) in names.iter().filter(|(name, _)| name.len() > TAIL) {
            tails.entry(name[name.len() - TAIL..].to_vec()).or_default().insert(product.clone());
        }
        Products { names, tails: tails.into_iter().collect(), of_documents }
    }

    /// The product of a document, by its number; none where it speaks of many.
    #[must_use]
    pub fn of_document(&self, document: usize) -> Option<&str> {
        self.of_documents.get(document)?.as_deref()
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
        let mut named: BTreeSet<&str> =
            self.names.iter().filter(|(name, _)| holds(name)).map(|(_, product)| product.as_str()).collect();
        // "The home loan" is each of the bank's home loans, unless it is said which.
        for (tail, products) in self.tails.iter().filter(|(tail, _)| holds(tail)) {
            let said = named.iter().any(|product| products.contains(*product));
            let own = self.names.iter().any(|(name, product)| name == tail && !products.contains(product));
            if !said && !own {
                named.extend(products.iter().map(String::as_str));
            }
        }
        named
    }
}

/// The product of each document: as its front matter says, or as its title does. A title that holds the whole
/// name of a product of another document's front matter means that one.
fn of_documents<'a, Text: 'a>(
    documents: impl Iterator<Item = &'a Document<Text>> + Clone,
) -> Vec<Option<String>> {
    let said: BTreeSet<&str> = documents.clone().filter_map(product).collect();
    let said: Vec<(Vec<String>, &str)> = said
        .into_iter()
        .map(|product| (text::content_stems(&product.replace(['-', '_'], " ")), product))
        .filter(|(stems, _)| stems.len() > 1)
        .collect();
    let own = |document: &'a Document<Text>| {
        if let Some(product) = product(document) {
            return Some(product.to_owned());
        }
        // "General" is said, and means none.
        let name = titled(&document.title).filter(|_| document.product.trim().is_empty())?;
        let stems = text::content_stems(name);
        let known = said.iter().find(|(product, _)| stems.windows(product.len()).any(|w| w == product));
        Some(known.map_or_else(|| name.to_lowercase(), |(_, product)| (*product).to_owned()))
    };
    documents.map(own).collect()
}

/// The product that a title names: "Harbour Everyday Account" of "Harbour Everyday Account: fees".
fn titled(title: &str) -> Option<&str> {
    let name = title.split([':', '|', '–', '—', '(']).next()?.trim();
    let stems = text::content_stems(name);
    let words: Vec<&str> = name.split_whitespace().collect();
    let named = words.iter().all(|word| word.starts_with(char::is_uppercase));
    let last = words.last()?.to_lowercase();
    let kind = KINDS.contains(&last.strip_suffix('s').unwrap_or(&last));
    // "Home Loans" is every home loan.
    let one = !last.ends_with('s') || last == "savings";
    (named && kind && one && words.len() > 1 && stems.len() > 1 && stems.len() <= LONGEST_TITLE)
        .then_some(name)
}

/// The product of a document; none where it speaks of many.
pub(crate) fn product<Text>(document: &Document<Text>) -> Option<&str> {
    let product = document.product.trim();
    (!product.is_empty() && !product.eq_ignore_ascii_case(GENERAL)).then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_names_a_product() {
        assert_eq!(titled("Harbour Everyday Account: fees"), Some("Harbour Everyday Account"));
        assert_eq!(titled("Anchor Saver"), Some("Anchor Saver"));
        for other in
            ["Lost card", "Fees And Limits", "Home Loans", "Card", "Dispute a Card", "Pay off your Loan"]
        {
            assert_eq!(titled(other), None, "{other}");
        }
    }
}
