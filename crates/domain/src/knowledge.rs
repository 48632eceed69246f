//! Documents, passages and citations (P6, P7, P13).

use crate::{access::Role, ids::DocumentId};

crate::words! {
    /// A body of documents with one audience.
    Collection as "collection" {
        /// What customers may read.
        Customer => "customer",
        /// What staff may read.
        Banker => "banker",
    }
}

crate::words! {
    /// Whether a document states facts of the bank or was made up to illustrate.
    ContentType as "content_type" {
        /// Published by the bank.
        Public => "public",
        /// Illustrative; an answer that uses it says so (P7).
        Synthetic => "synthetic",
    }
}

crate::words! {
    /// Whether a document may be used on a day.
    Standing as "standing" {
        /// In force.
        Current => "in_force",
        /// Its last day is past.
        Expired => "expired",
        /// Its first day is to come.
        NotYet => "not_yet",
    }
}

/// A document as the bank keeps it. `Text` is the guard's `Published` outside this crate.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Document<Text> {
    /// Made by the server; a new version has a new id.
    pub id: DocumentId,
    /// Stable name inside its collection, for instance `card-fees`: the file's name without ending.
    pub slug: String,
    /// Whose document it is.
    pub collection: Collection,
    /// The title that a citation shows.
    pub title: String,
    /// Where a person can read it. May be empty.
    pub url: String,
    /// Facts or illustration.
    pub content_type: ContentType,
    /// The product it speaks of, for filters. May be empty.
    pub product: String,
    /// The team that answers for it. May be empty.
    pub owner: String,
    /// The least role that may see it; everybody who may read its collection where there is none.
    pub role: Option<Role>,
    /// First day of validity where the bank is, if limited.
    pub valid_from: Option<time::Date>,
    /// Last day of validity where the bank is, if limited.
    pub valid_until: Option<time::Date>,
    /// 1 for the first text under this slug, then 2, 3, …
    pub version: u32,
    /// SHA-256 of the content, hex: the same content twice is one document (P13).
    pub content_hash: String,
    /// The whole text.
    pub text: Text,
}

impl<Text> Document<Text> {
    /// The same with another text, or with none: `()`. Lists and what is held in memory go without.
    #[must_use]
    pub fn with_text<Other>(self, text: Other) -> Document<Other> {
        Document {
            id: self.id,
            slug: self.slug,
            collection: self.collection,
            title: self.title,
            url: self.url,
            content_type: self.content_type,
            product: self.product,
            owner: self.owner,
            role: self.role,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            version: self.version,
            content_hash: self.content_hash,
            text,
        }
    }

    /// Whether a caller of this role may see it, if it may read the collection.
    #[must_use]
    pub fn is_for(&self, role: Role) -> bool {
        self.role.is_none_or(|least| role.may_see(least))
    }

    /// Whether it may be used on this day: both ends inclusive.
    #[must_use]
    pub fn is_valid_on(&self, day: time::Date) -> bool {
        self.standing_on(day) == Standing::Current
    }

    /// How it stands on this day: both ends inclusive.
    #[must_use]
    pub fn standing_on(&self, day: time::Date) -> Standing {
        if self.valid_until.is_some_and(|until| until < day) {
            Standing::Expired
        } else if self.valid_from.is_some_and(|from| day < from) {
            Standing::NotYet
        } else {
            Standing::Current
        }
    }
}

/// A piece of a document that can be found and cited.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Passage<Text> {
    /// Position in its document, from 0. With the document's id it names the passage.
    pub position: u32,
    /// The headings above it, outermost first, the document's title left out.
    pub headings: Vec<String>,
    /// The text, tables and lists whole.
    pub text: Text,
}

/// One numbered source of an answer (contract: `citations`).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Citation {
    /// From 1, in order of first use.
    pub number: u32,
    /// The document's slug with its collection: `customer/card-fees`.
    pub document: String,
    /// The document's title.
    pub title: String,
    /// The document's address.
    pub url: String,
    /// The sentence or row that carries the claim, word for word as published.
    pub quote: String,
    /// Position of the passage in its document.
    pub passage: u32,
    /// Heading path of the passage.
    pub headings: Vec<String>,
    /// Facts or illustration.
    pub content_type: ContentType,
    /// Version of the document.
    pub version: u32,
    /// First day of the document's validity as `YYYY-MM-DD`: its facts are as at this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_at: Option<String>,
    /// Where the passage lies, if that is no document of the ledger's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted: Option<HostedFile>,
}

/// The file of a hosted vector store that a passage is of. The ledger has no copy of it: what was cited is proved by its
/// fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HostedFile {
    /// The store, as its provider calls it.
    pub store: String,
    /// The file, as the provider calls it.
    pub file_id: String,
    /// The file, as the bank called it.
    pub filename: String,
    /// SHA-256 of the chunk's text as the store gave it, hex.
    pub sha256: String,
}
