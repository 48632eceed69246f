//! What the bank published: `/documents` and `/documents/{collection}/{slug}`.

use contactiq_domain::{Collection, ContentType, Document, Passage};
use contactiq_guard::Published;
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
}

/// Whether a document may be used today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// In force.
    Current,
    /// Its last day is past.
    Expired,
    /// Its first day is to come.
    NotYet,
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
}

impl DocumentItem {
    /// From the document, as it stands on this day (UTC).
    #[must_use]
    pub fn of<Text>(document: &Document<Text>, today: Date) -> Self {
        let standing = match (document.valid_from, document.valid_until) {
            (_, Some(until)) if until < today => Standing::Expired,
            (Some(from), _) if today < from => Standing::NotYet,
            _ => Standing::Current,
        };
        Self {
            href: format!("/documents/{}/{}", document.collection, document.slug),
            title: document.title.clone(),
            product: wording::plain(&document.product),
            owner: document.owner.clone(),
            version: document.version,
            validity: validity(document.valid_from, document.valid_until),
            standing,
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
            date!(2026 - 11 - 22),
            Later::None,
        );
        let headings: Vec<_> = view.passages.iter().map(|p| (p.heading.as_deref(), p.depth)).collect();
        assert_eq!(headings, [(None, 1), (Some("Cards"), 1), (None, 1), (Some("Lost"), 2)]);
        let html = askama::Template::render(&view).unwrap();
        assert!(html.contains(r#"id="passage-3""#) && html.contains("Cards › Lost"));
    }
}
