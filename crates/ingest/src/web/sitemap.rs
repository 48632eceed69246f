//! A sitemap (sitemaps.org 0.9): the addresses that it lists, or the sitemaps that an index lists.

use quick_xml::{Reader, events::Event};
use serde::{Deserialize, Serialize};

/// The most addresses that one sitemap may list, as the protocol says. What follows is not read.
pub const MOST_ENTRIES: usize = 50_000;
/// The longest address, as the protocol says.
const LONGEST: usize = 2_048;
/// Stands for an address that is longer: no address itself.
const TOO_LONG: &str = "http://";

/// What a sitemap lists, as it is written there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sitemap {
    /// Addresses of pages.
    Pages(Vec<String>),
    /// Addresses of further sitemaps.
    Index(Vec<String>),
}

/// Why a file is no sitemap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum SitemapError {
    /// Not the XML of a sitemap.
    #[error("this is no sitemap: <urlset> or <sitemapindex> was expected, well formed and in UTF-8")]
    NotOne,
    /// It declares entities.
    #[error("the sitemap declares a document type: sitemaps have none, so it is not read")]
    DocumentType,
}

impl Sitemap {
    /// Reads a sitemap, unpacked. Extensions (images, videos, languages) are passed over.
    ///
    /// # Errors
    /// See [`SitemapError`].
    pub fn read(bytes: &[u8]) -> Result<Sitemap, SitemapError> {
        let source = std::str::from_utf8(bytes).map_err(|_| SitemapError::NotOne)?;
        let mut reader = Reader::from_str(source.strip_prefix('\u{feff}').unwrap_or(source).trim_start());
        let mut path: Vec<String> = Vec::new();
        let mut index = None;
        let mut found = Vec::new();
        let mut address = String::new();
        while found.len() < MOST_ENTRIES {
            match reader.read_event().map_err(|_| SitemapError::NotOne)? {
                Event::Start(tag) => {
                    let name = tag.local_name().as_ref().to_owned();
                    if path.is_empty() {
                        index = Some(match name.as_str() {
                            "urlset" => false,
                            "sitemapindex" => true,
                            _ => return Err(SitemapError::NotOne),
                        });
                    }
                    // urlset > url > loc. `image:loc` stands a level deeper.
                    path.push(name);
                    address.clear();
                }
                Event::End(_) => {
                    if is_address(&path) {
                        let address = address.trim();
                        // Whoever reads the list must see that there was an address, and that it is none.
                        if address.len() > LONGEST {
                            found.push(TOO_LONG.to_owned());
                        } else if !address.is_empty() {
                            found.push(address.to_owned());
                        }
                    }
                    path.pop();
                }
                Event::Text(text) if is_address(&path) => {
                    address.push_str(&text);
                }
                Event::CData(text) if is_address(&path) => {
                    address.push_str(&text);
                }
                // `&amp;` and `&#38;`; entities of a document type are not known.
                Event::GeneralRef(name) if is_address(&path) => {
                    let text = quick_xml::escape::unescape(&format!("&{};", &*name))
                        .map(|t| t.into_owned())
                        .map_err(|_| SitemapError::NotOne)?;
                    address.push_str(&text);
                }
                Event::DocType(_) => return Err(SitemapError::DocumentType),
                Event::Eof => break,
                _ => {}
            }
        }
        if !path.is_empty() && found.len() < MOST_ENTRIES {
            return Err(SitemapError::NotOne);
        }
        match index {
            Some(true) => Ok(Sitemap::Index(found)),
            Some(false) => Ok(Sitemap::Pages(found)),
            None => Err(SitemapError::NotOne),
        }
    }
}

fn is_address(path: &[String]) -> bool {
    path.len() == 3 && matches!(path[1].as_str(), "url" | "sitemap") && path[2] == "loc"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_extensions_passed_over() {
        let source = "\u{feff}<?xml version='1.0' encoding='UTF-8'?>\n<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' \
            xmlns:image='x'><!-- all --><url><loc> https://a.example/x?a=1&amp;b=&#50; </loc><lastmod>2026</lastmod>\
            <image:image><image:loc>https://a.example/i.png</image:loc></image:image></url>\
            <url><loc><![CDATA[https://a.example/y]]></loc></url><url><loc/></url></urlset>";
        assert_eq!(
            Sitemap::read(source.as_bytes()),
            Ok(Sitemap::Pages(vec!["https://a.example/x?a=1&b=2".into(), "https://a.example/y".into()]))
        );
        let index = "<sitemapindex><sitemap><loc>https://a.example/1.xml.gz</loc></sitemap></sitemapindex>";
        assert_eq!(
            Sitemap::read(index.as_bytes()),
            Ok(Sitemap::Index(vec!["https://a.example/1.xml.gz".into()]))
        );
    }

    #[test]
    fn what_is_no_sitemap_is_refused() {
        for source in
            ["", "{}", "<html><body>", "<urlset><url><loc>x", "<urlset></url>", "<rss></rss>", "\u{0}"]
        {
            assert_eq!(Sitemap::read(source.as_bytes()), Err(SitemapError::NotOne), "{source}");
        }
        let bomb =
            "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><urlset><url><loc>&b;</loc></url></urlset>";
        assert_eq!(Sitemap::read(bomb.as_bytes()), Err(SitemapError::DocumentType));
        let unknown = "<urlset><url><loc>https://a.example/&b;</loc></url></urlset>";
        assert_eq!(Sitemap::read(unknown.as_bytes()), Err(SitemapError::NotOne));
    }
}
