//! The pure half of documents from the web (P13): what a page says of itself, which part of it is its
//! content, what a sitemap lists. The server fetches; nothing here touches the network.

mod content;
mod page;
mod robots;
mod sitemap;

pub use page::{Page, slug};
pub use robots::closes;
pub use sitemap::{MOST_ENTRIES, Sitemap, SitemapError};
