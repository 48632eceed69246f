//! Markup: HTML of files, pages of the web, sitemaps. Small text can ask a parser for much memory or time, so
//! a caller reads it in a process of its own too (P13, docs/security.md).

use serde::{Deserialize, Serialize};

use crate::{
    Contents, Unreadable,
    contents::{MAX_TEXT, size},
    html, markdown,
    web::{Page, Sitemap, SitemapError},
};

/// What is wanted of markup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// The contents of an HTML file.
    File,
    /// The contents of Markdown that holds HTML.
    Markdown,
    /// A page of the web, and what it says of itself to this robot.
    Page {
        /// The robot's name.
        robot: String,
    },
    /// The addresses that a sitemap lists.
    Sitemap,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// Of [`Wanted::File`] and [`Wanted::Markdown`].
    File(Contents),
    /// Of [`Wanted::Page`].
    Page(Page),
    /// Of [`Wanted::Sitemap`].
    Sitemap(Result<Sitemap, SitemapError>),
}

impl Markup {
    /// Reads markup. It may ask for much memory, and take long.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn read(wanted: &Wanted, bytes: &[u8]) -> Result<Markup, Unreadable> {
        match wanted {
            Wanted::File => {
                let html = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)?;
                contents(html).map(Markup::File)
            }
            Wanted::Markdown => {
                let source = std::str::from_utf8(bytes).map_err(|_| Unreadable::NotUtf8)?;
                markdown(source).map(Markup::File)
            }
            Wanted::Page { robot } => Page::read(bytes, robot).map(Markup::Page),
            Wanted::Sitemap => Ok(Markup::Sitemap(Sitemap::read(bytes))),
        }
    }
}

/// The contents of Markdown.
pub(crate) fn markdown(source: &str) -> Result<Contents, Unreadable> {
    if html::is_bomb(source) {
        return Err(Unreadable::TooComplex);
    }
    Ok(Contents { title: None, blocks: markdown::read(source).ok_or(Unreadable::TooDeep)? })
}

/// The contents of an HTML file.
pub(crate) fn contents(source: &str) -> Result<Contents, Unreadable> {
    // A parser under limits would find it out too, a second and half a gigabyte later.
    if html::is_bomb(source) {
        return Err(Unreadable::TooComplex);
    }
    let (title, blocks) = html::blocks(source).ok_or(Unreadable::TooDeep)?;
    if size(&blocks) > MAX_TEXT {
        return Err(Unreadable::TooHeavy);
    }
    Ok(Contents { title, blocks })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_through_json() {
        for (wanted, source) in [
            (Wanted::File, "<title>Fees</title><p>A card costs $5."),
            (Wanted::Page { robot: "contactiq".to_owned() }, "<title>Fees</title><main><p>A card costs $5."),
            (Wanted::Sitemap, "<urlset><url><loc>https://a.example/</loc></url></urlset>"),
            (Wanted::Sitemap, "<rss/>"),
        ] {
            let read = Markup::read(&wanted, source.as_bytes()).unwrap();
            let line = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<Markup>(&line).unwrap(), read);
        }
        assert_eq!(Markup::read(&Wanted::File, b"\xff"), Err(Unreadable::NotUtf8));
    }

    #[test]
    fn formatting_without_end_is_refused_before_it_is_parsed() {
        let opened: String = (0..5_000).map(|n| format!("<b id={n}>")).collect();
        let bomb = format!("<main><p>{opened}</p>{}", "<p>x</p>".repeat(6_000));
        assert_eq!(contents(&bomb), Err(Unreadable::TooComplex));
        let page = Wanted::Page { robot: "contactiq".to_owned() };
        assert_eq!(Markup::read(&page, bomb.as_bytes()), Err(Unreadable::TooComplex));
    }
}
