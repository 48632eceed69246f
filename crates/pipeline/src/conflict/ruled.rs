//! What a ruling does to the knowledge: the sentence that an owner ruled against is not indexed, so that
//! nothing can find, quote or be told it.

use std::collections::{HashMap, HashSet};

use contactiq_domain::{Collection, Document, Passage};
use contactiq_guard::Published;
use contactiq_nlu::text;
use contactiq_store::rulings::{Ruling, Side};

/// The passages without the sentences that rulings in force are against. A ruling is in force while both
/// sentences stand in the documents, word for word, and also when the preferred document was removed: what an
/// owner called wrong does not become right by that.
pub(crate) fn without_overruled(
    documents: &[Document<()>],
    passages: Vec<(usize, Passage<Published>)>,
    rulings: &[Ruling],
) -> Vec<(usize, Passage<Published>)> {
    let overruled = overruled(documents, &passages, rulings);
    if overruled.is_empty() {
        return passages;
    }
    passages
        .into_iter()
        .filter_map(|(document, passage)| match overruled.get(&document) {
            None => Some((document, passage)),
            Some(sentences) => {
                let text =
                    Published::by_bank(without(passage.text.as_str(), |said| sentences.contains(said)));
                // A passage of that sentence alone is gone.
                (!text.as_str().is_empty()).then_some((document, Passage { text, ..passage }))
            }
        })
        .collect()
}

/// The sentences that are ruled against, by their document's number.
fn overruled<'a>(
    documents: &[Document<()>],
    passages: &[(usize, Passage<Published>)],
    rulings: &'a [Ruling],
) -> HashMap<usize, HashSet<&'a str>> {
    let standing = Standing::of(documents, passages, rulings);
    let mut overruled: HashMap<usize, HashSet<&str>> = HashMap::new();
    for ruling in rulings {
        let Some(preferred) = ruling.verdict.preferred() else { continue };
        let (right, wrong) = if ruling.one.document == preferred {
            (&ruling.one, &ruling.other)
        } else {
            (&ruling.other, &ruling.one)
        };
        let holds = standing.place(ruling.collection, right).is_some()
            || !standing.is_there(ruling.collection, &right.document);
        if let Some((loser, _)) = standing.place(ruling.collection, wrong).filter(|_| holds) {
            overruled.entry(loser).or_default().insert(&wrong.sentence);
        }
    }
    overruled
}

/// Rulings whose preferred document was removed while the other sentence stands: an owner must see what is
/// still held back.
pub(super) fn orphaned(
    documents: &[Document<()>],
    passages: &[(usize, Passage<Published>)],
    rulings: &[Ruling],
) -> Vec<Ruling> {
    let standing = Standing::of(documents, passages, rulings);
    let is_one = |ruling: &&Ruling| {
        ruling.verdict.preferred().is_some_and(|preferred| {
            let wrong = if ruling.one.document == preferred { &ruling.other } else { &ruling.one };
            !standing.is_there(ruling.collection, preferred)
                && standing.place(ruling.collection, wrong).is_some()
        })
    };
    rulings.iter().filter(is_one).cloned().collect()
}

/// A document as a ruling names it: of the ruling's collection, unless the name says another.
fn named(collection: Collection, document: &str) -> (Collection, &str) {
    let other = document.split_once('/').and_then(|(of, slug)| Some((of.parse().ok()?, slug)));
    other.unwrap_or((collection, document))
}

/// Where the sentences of rulings stand.
pub(super) struct Standing<'a> {
    numbers: HashMap<(Collection, &'a str), usize>,
    /// Position of the passage by document and sentence.
    sentences: HashMap<(usize, &'a str), u32>,
}

impl<'a> Standing<'a> {
    pub(super) fn of(
        documents: &'a [Document<()>],
        passages: &'a [(usize, Passage<Published>)],
        rulings: &[Ruling],
    ) -> Standing<'a> {
        let wanted_names: HashSet<(Collection, &str)> = rulings
            .iter()
            .flat_map(|r| [&r.one, &r.other].map(|side| named(r.collection, &side.document)))
            .collect();
        let numbers: HashMap<(Collection, &str), usize> = documents
            .iter()
            .enumerate()
            .map(|(number, d)| ((d.collection, d.slug.as_str()), number))
            .filter(|(name, _)| wanted_names.contains(name))
            .collect();
        let wanted: HashSet<usize> = numbers.values().copied().collect();
        let mut sentences = HashMap::new();
        for (document, passage) in passages.iter().filter(|(document, _)| wanted.contains(document)) {
            let whole = passage.text.as_str();
            for span in text::sentences(whole) {
                sentences.entry((*document, span.of(whole))).or_insert(passage.position);
            }
        }
        Standing { numbers, sentences }
    }

    /// Whether there is a document of this name.
    fn is_there(&self, collection: Collection, document: &str) -> bool {
        self.numbers.contains_key(&named(collection, document))
    }

    /// The number of the document and the position of the passage of a side, while it stands.
    pub(super) fn place(&self, collection: Collection, side: &Side) -> Option<(usize, u32)> {
        let document = *self.numbers.get(&named(collection, &side.document))?;
        let position = *self.sentences.get(&(document, side.sentence.as_str()))?;
        Some((document, position))
    }
}

/// A text without some of its sentences; a line that has nothing else goes with them.
pub(crate) fn without(whole: &str, unwanted: impl Fn(&str) -> bool) -> String {
    let mut left = String::with_capacity(whole.len());
    let mut from = 0;
    for span in text::sentences(whole).into_iter().filter(|span| unwanted(span.of(whole))) {
        left.push_str(&whole[from..span.start]);
        from = span.end;
    }
    left.push_str(&whole[from..]);
    let lines: Vec<&str> = left.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}
