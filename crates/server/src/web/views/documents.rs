//! What the bank published: `/documents` and `/documents/{collection}/{slug}`.

use contactiq_domain::{Collection, ContentType, Document, Passage, Role, Standing};
use contactiq_guard::Published;
use contactiq_pipeline::{Knowledge, conflict::Place};
use contactiq_store::quarantine::Quarantined;
use time::Date;

use super::{
    layout::Layout,
    prose::{self, Prose, Span},
    wording,
};

/// The list, by collection.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "documents.html")]
pub struct DocumentsView {
    /// The frame.
    pub layout: Layout,
    /// The collections that the role may read, each with its documents.
    pub shelves: Vec<Shelf>,
    /// Version of the knowledge as a whole. May be empty.
    pub knowledge_version: String,
}

/// A collection's documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    /// Whose documents they are.
    pub collection: Collection,
    /// By title.
    pub documents: Vec<DocumentItem>,
    /// Where they contradict each other and nobody has ruled.
    pub conflicts: Vec<ConflictItem>,
    /// Passages that no answer uses, because they read like instructions to a model.
    pub quarantined: Vec<QuarantinedItem>,
}

/// Two sentences that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictItem {
    /// What `contactiq knowledge rule` takes.
    pub id: String,
    /// Both sides.
    pub sides: Vec<Quote>,
}

/// A sentence and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// The passage.
    pub href: String,
    /// The document's title.
    pub title: String,
    /// Word for word.
    pub text: String,
}

/// A passage that is held in quarantine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantinedItem {
    /// The passage.
    pub href: String,
    /// Title of its document.
    pub title: String,
    /// Its position, from 0.
    pub position: u32,
    /// What the guard found.
    pub reasons: String,
}

impl ConflictItem {
    /// Those of a collection that an owner has to rule.
    #[must_use]
    pub fn open(knowledge: &Knowledge, collection: Collection, role: Role, today: Date) -> Vec<ConflictItem> {
        let documents = &knowledge.documents;
        let quote = |place: &Place| {
            let document = &documents[place.document];
            Quote {
                href: passage_href(document.collection, &document.slug, place.position),
                title: document.title.clone(),
                text: place.sentence.clone(),
            }
        };
        knowledge
            .conflicts
            .iter()
            .filter(|c| c.is_open() && c.concerns(documents, today))
            .filter(|c| c.stands_in(documents) == collection)
            .filter(|c| [&c.one, &c.other].into_iter().all(|side| documents[side.document].is_for(role)))
            .map(|c| ConflictItem { id: c.id.clone(), sides: vec![quote(&c.one), quote(&c.other)] })
            .collect()
    }
}

impl QuarantinedItem {
    /// From the store's.
    #[must_use]
    pub fn of(one: &Quarantined) -> QuarantinedItem {
        QuarantinedItem {
            href: passage_href(one.collection, &one.slug, one.suspect.position),
            title: one.title.clone(),
            position: one.suspect.position,
            reasons: one.suspect.reasons.join(", "),
        }
    }
}

fn passage_href(collection: Collection, slug: &str, position: u32) -> String {
    format!("/documents/{collection}/{slug}#passage-{position}")
}

/// A document as both pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentItem {
    /// `/documents/{collection}/{slug}`.
    pub href: String,
    /// Its title.
    pub title: String,
    /// Its product in words; may be empty.
    pub product: String,
    /// The team that answers for it; may be empty.
    pub owner: String,
    /// From 1.
    pub version: u32,
    /// `1 July 2026 to 30 June 2027`, `From 1 July 2026` or `No limit`.
    pub validity: String,
    /// Whether it may be used today.
    pub standing: Standing,
    /// Whether it is an illustrative example.
    pub synthetic: bool,
    /// Its public address; may be empty.
    pub url: String,
}

/// One document with its passages.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "document.html")]
pub struct DocumentView {
    /// The frame.
    pub layout: Layout,
    /// Whose document it is.
    pub collection: Collection,
    /// Title and the rest.
    pub document: DocumentItem,
    /// Its passages in order.
    pub passages: Vec<PassageItem>,
    /// What became of it since.
    pub later: Later,
}

/// What became of a version of a document since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Later {
    /// It is the one in force.
    None,
    /// There is a newer version.
    Version,
    /// The document was taken away.
    Removed,
}

/// A passage; its anchor is `passage-{position}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageItem {
    /// From 0.
    pub position: u32,
    /// Its own heading, unless the passage before it stands under the same one.
    pub heading: Option<String>,
    /// How deep that heading lies, from 1; held at 3.
    pub depth: usize,
    /// The whole heading path, for the passage's name; may be empty.
    pub path: String,
    /// The text.
    pub text: Vec<Prose>,
    /// Whether it is held in quarantine.
    pub held: bool,
}

impl DocumentItem {
    /// From the document, as it stands on this day.
    #[must_use]
    pub fn of<Text>(document: &Document<Text>, today: Date) -> Self {
        Self {
            href: format!("/documents/{}/{}", document.collection, document.slug),
            title: document.title.clone(),
            product: wording::plain(&document.product),
            owner: document.owner.clone(),
            version: document.version,
            validity: validity(document.valid_from, document.valid_until),
            standing: document.standing_on(today),
            synthetic: document.content_type == ContentType::Synthetic,
            url: document.url.clone(),
        }
    }

    const fn expired(&self) -> bool {
        matches!(self.standing, Standing::Expired)
    }

    const fn not_yet(&self) -> bool {
        matches!(self.standing, Standing::NotYet)
    }
}

fn validity(from: Option<Date>, until: Option<Date>) -> String {
    match (from, until) {
        (None, None) => "No limit".to_owned(),
        (Some(from), None) => format!("From {}", wording::day(from)),
        (None, Some(until)) => format!("Until {}", wording::day(until)),
        (Some(from), Some(until)) => format!("{} to {}", wording::day(from), wording::day(until)),
    }
}

impl Shelf {
    fn title(&self) -> &'static str {
        wording::collection(self.collection)
    }
}

impl DocumentView {
    /// From the document and its passages, as they stand on this day (UTC).
    #[must_use]
    pub fn of<Text>(
        layout: Layout,
        document: &Document<Text>,
        passages: &[Passage<Published>],
        held: &[u32],
        today: Date,
        later: Later,
    ) -> Self {
        let mut above: &[String] = &[];
        let passages = passages
            .iter()
            .map(|passage| {
                let same = passage.headings == above;
                above = &passage.headings;
                PassageItem {
                    position: passage.position,
                    heading: passage.headings.last().filter(|_| !same).cloned(),
                    depth: passage.headings.len().clamp(1, 3),
                    path: passage.headings.join(" › "),
                    text: prose::read(passage.text.as_str(), false),
                    held: held.contains(&passage.position),
                }
            })
            .collect();
        let collection = document.collection;
        Self { layout, collection, document: DocumentItem::of(document, today), passages, later }
    }

    fn collection_title(&self) -> &'static str {
        wording::collection(self.collection)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    fn document(from: Option<Date>, until: Option<Date>) -> Document<()> {
        Document {
            id: contactiq_domain::ids::DocumentId::new(&contactiq_domain::ids::CountingIds::default()),
            slug: "card-fees".into(),
            collection: Collection::Customer,
            title: "Card fees".into(),
            url: String::new(),
            content_type: ContentType::Public,
            product: "debit-card".into(),
            owner: String::new(),
            role: None,
            valid_from: from,
            valid_until: until,
            version: 1,
            content_hash: String::new(),
            text: (),
        }
    }

    #[test]
    fn both_ends_of_validity_count_as_in_force() {
        let today = date!(2026 - 11 - 22);
        let standing = |from, until| DocumentItem::of(&document(from, until), today).standing;
        assert_eq!(standing(None, None), Standing::Current);
        assert_eq!(standing(Some(today), Some(today)), Standing::Current);
        assert_eq!(standing(None, Some(date!(2026 - 11 - 21))), Standing::Expired);
        assert_eq!(standing(Some(date!(2026 - 11 - 23)), None), Standing::NotYet);
    }

    #[test]
    fn a_heading_stands_once_above_the_passages_that_share_it() {
        let passage = |position, headings: &[&str]| Passage {
            position,
            headings: headings.iter().map(|h| (*h).to_owned()).collect(),
            text: Published::by_bank("Text."),
        };
        let passages =
            [passage(0, &[]), passage(1, &["Cards"]), passage(2, &["Cards"]), passage(3, &["Cards", "Lost"])];
        let view = DocumentView::of(
            Layout::default(),
            &document(None, None),
            &passages,
            &[2],
            date!(2026 - 11 - 22),
            Later::None,
        );
        let headings: Vec<_> = view.passages.iter().map(|p| (p.heading.as_deref(), p.depth)).collect();
        assert_eq!(headings, [(None, 1), (Some("Cards"), 1), (None, 1), (Some("Lost"), 2)]);
        let html = askama::Template::render(&view).unwrap();
        assert!(html.contains(r#"id="passage-3""#) && html.contains("Cards › Lost"));
        assert_eq!(html.matches("no answer uses this passage").count(), 1);
    }
}
