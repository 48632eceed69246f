//! A page of the web: what it says of itself, and the draft of a document that it becomes.

use contactiq_guard::Published;
use scraper::{Html, Selector};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{content, robots::closes_in_markup};
use crate::{
    Draft, FrontMatter, IngestError, Unreadable,
    block::Block,
    contents::{MAX_TEXT, size},
    draft::{hex, short_title},
    front_matter::MAX_ADDRESS,
    html::{first, is_bomb, is_too_deep, title},
    passages,
};

/// The longest part of a name that comes from the path.
const NAME_LETTERS: usize = 60;

/// What was read of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// `<title>`, else the first heading.
    pub title: Option<String>,
    /// The address that the page gives as its own, as it is written there. Not to be trusted.
    pub canonical: Option<String>,
    /// Whether the page asks not to be taken in.
    pub noindex: bool,
    blocks: Vec<Block>,
}

impl Page {
    /// Reads a page. `robot` is the name of the reader, for a `<meta>` that speaks to it alone.
    ///
    /// # Errors
    /// [`Unreadable::NotUtf8`], [`Unreadable::TooComplex`], [`Unreadable::TooDeep`], [`Unreadable::TooHeavy`].
    pub fn read(bytes: &[u8], robot: &str) -> Result<Page, Unreadable> {
        let source = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)?;
        if is_bomb(source) {
            return Err(Unreadable::TooComplex);
        }
        let html = Html::parse_document(&source.replace('\0', ""));
        if is_too_deep(&html) {
            return Err(Unreadable::TooDeep);
        }
        let blocks = content::blocks(&html);
        if size(&blocks) > MAX_TEXT {
            return Err(Unreadable::TooHeavy);
        }
        let heading = blocks.iter().find_map(|b| match b {
            Block::Heading { level: 1, text } => Some(text.clone()),
            _ => None,
        });
        // In the body it may be a visitor's comment.
        let canonical = first(&html, "head > link[rel~=canonical][href]")
            .and_then(|link| link.value().attr("href"))
            .map(|href| href.trim().to_owned())
            .filter(|href| !href.is_empty() && href.len() <= MAX_ADDRESS);
        Ok(Page { title: title(&html).or(heading), canonical, noindex: noindex(&html, robot), blocks })
    }

    /// The page as a draft. `address` is where it was found, without scheme and fragment, and names the
    /// document; `given` says whose it is, its URL for citations, and what else the caller knows.
    ///
    /// Two pages with the same title and the same content have the same hash, whatever stands around it.
    ///
    /// # Errors
    /// [`IngestError::Empty`], [`IngestError::NoCollection`].
    pub fn into_draft(self, address: &str, given: FrontMatter) -> Result<Draft, IngestError> {
        let collection = given.collection.ok_or(IngestError::NoCollection)?;
        let passages = passages::cut(&self.blocks);
        if passages.is_empty() {
            return Err(IngestError::Empty);
        }
        let slug = slug(address);
        let title = given.title.clone().or(self.title.map(short_title)).unwrap_or_else(|| slug.clone());
        let text = text(&self.blocks);
        let content_hash = hex(&Sha256::digest(format!("{title}\n\n{text}").as_bytes()));
        Ok(Draft {
            slug,
            collection,
            title,
            content_hash,
            text: Published::by_bank(text),
            cut: passages::cut_anywhere(&self.blocks),
            passages,
            matter: given,
        })
    }
}

/// The name of a document from the web: the words of its path, and eight digits that tell two addresses
/// with the same words apart. `address` is host, path and query.
#[must_use]
pub fn slug(address: &str) -> String {
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    let mut name = String::new();
    for c in if path.is_empty() { host } else { path }.to_lowercase().chars() {
        if name.len() >= NAME_LETTERS {
            break;
        }
        if c.is_alphanumeric() {
            name.push(c);
        } else if !name.ends_with('-') && !name.is_empty() {
            name.push('-');
        }
    }
    let digits = hex(&Sha256::digest(address.as_bytes())[..4]);
    format!("{}-{digits}", name.trim_end_matches('-')).trim_start_matches('-').to_owned()
}

/// Headings with their `#`, one block a paragraph.
fn text(blocks: &[Block]) -> String {
    let parts: Vec<String> = blocks
        .iter()
        .map(|block| match block {
            Block::Heading { level, text } => format!("{} {text}", "#".repeat((*level).into())),
            other => other.lines().join("\n"),
        })
        .collect();
    parts.join("\n\n")
}

/// `<meta name="robots">`, or one that names the robot.
fn noindex(page: &Html, robot: &str) -> bool {
    let Ok(selector) = Selector::parse("meta[name][content]") else { return false };
    page.select(&selector).any(|meta| {
        let attr = |name| meta.value().attr(name).unwrap_or_default().trim();
        let to_us = attr("name").eq_ignore_ascii_case("robots") || attr("name").eq_ignore_ascii_case(robot);
        to_us && closes_in_markup(attr("content"))
    })
}

#[cfg(test)]
mod tests {
    use contactiq_domain::Collection;

    use super::*;

    const PAGE: &str = "<html><head><title>Card fees</title><link rel=canonical href=/fees></head><body><nav>Home</nav>\
        <main><h1>Fees</h1><p>A card costs <a href=/x>$10</a>.</p></main></body></html>";

    fn given() -> FrontMatter {
        FrontMatter {
            url: Some("https://bank.example/fees".to_owned()),
            collection: Some(Collection::Customer),
            ..FrontMatter::default()
        }
    }

    fn draft(page: &str, address: &str) -> Draft {
        Page::read(page.as_bytes(), "contactiq").unwrap().into_draft(address, given()).unwrap()
    }

    #[test]
    fn a_page_becomes_a_document() {
        let page = Page::read(PAGE.as_bytes(), "contactiq").unwrap();
        assert_eq!((page.canonical.as_deref(), page.noindex), (Some("/fees"), false));
        let draft = draft(PAGE, "bank.example/help/fees");
        assert_eq!((draft.title.as_str(), draft.text.as_str()), ("Card fees", "# Fees\n\nA card costs $10."));
        assert_eq!(draft.matter.url.as_deref(), Some("https://bank.example/fees"));
        assert!(draft.slug.starts_with("help-fees-"), "{}", draft.slug);
        assert_eq!(Page::read(b"\xff", "x"), Err(Unreadable::NotUtf8));
        let empty = Page::read(b"<main></main>", "x").unwrap();
        assert_eq!(empty.into_draft("a", given()), Err(IngestError::Empty));
    }

    #[test]
    fn a_canonical_address_counts_in_the_head_and_up_to_a_length() {
        let canonical = |page: &str| Page::read(page.as_bytes(), "contactiq").unwrap().canonical;
        let body = "<head><title>x</title></head><body><p>Nice.<link rel=canonical href=/ok></p></body>";
        assert_eq!(canonical(body), None, "a comment takes no other page's place");
        let long = format!("<head><link rel=canonical href='/{}'></head><body>x", "a".repeat(100_000));
        assert_eq!(canonical(&long), None);
        assert_eq!(canonical("<link rel=canonical href=/ok><p>x").as_deref(), Some("/ok"));
    }

    #[test]
    fn what_stands_around_the_content_does_not_make_another_document() {
        let other = PAGE.replace("Home", "Home | News").replace("<main>", "<main data-nonce='7'>");
        assert_eq!(draft(PAGE, "a/1").content_hash, draft(&other, "a/2").content_hash);
        assert_ne!(draft(PAGE, "a/1").content_hash, draft(&PAGE.replace("$10", "$11"), "a/1").content_hash);
        assert_ne!(draft(PAGE, "a/1").slug, draft(PAGE, "a/2").slug);
        assert_ne!(slug("bank.example/a/b"), slug("bank.example/a-b"));
        assert!(slug("bank.example/").starts_with("bank-example-"));
    }

    #[test]
    fn a_page_that_wants_to_be_left_out_says_so() {
        for (meta, out) in [
            ("<meta name=robots content=noindex>", true),
            ("<META NAME=Robots CONTENT='nofollow, NOINDEX'>", true),
            ("<meta name=robots content='noindex;nofollow'>", true),
            ("<meta name=contactiq content=none>", true),
            ("<meta name=googlebot content=noindex>", false),
            ("<meta name=robots content='index, follow'>", false),
        ] {
            let page = Page::read(format!("<head>{meta}</head><body>x").as_bytes(), "contactiq").unwrap();
            assert_eq!(page.noindex, out, "{meta}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let _ = Page::read(&bytes, "contactiq");
            let _ = super::super::Sitemap::read(&bytes);
        }
    }
}
