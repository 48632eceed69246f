//! Pages of the bank's web site into the knowledge (P13). What may be asked is decided in [`crate::fetch`].

use std::{
    collections::{HashMap, HashSet, VecDeque},
    path::PathBuf,
    time::Duration,
};

use contactiq_ingest::{
    Draft, FrontMatter, IngestError,
    web::{Page, Sitemap, SitemapError, slug},
};
use contactiq_store::{Store, StoreError, documents};
use reqwest::Url;

use super::{Done, Row, Skipped, audit, output, put};
use crate::{
    config::Config,
    fetch::{Fetched, Fetcher, Kind, Refusal, SetupError, Want},
    reading::{Reader, ReadingError},
};

/// The most sitemaps that one run reads, those that an index lists among them.
const MOST_SITEMAPS: usize = 100;

/// Reasons after which a page has no document, now and at the next run. Every other one may pass, and a
/// robots.txt that suddenly forbids all is more often a mistake than a wish: pruning waits then.
const FINAL: &[&str] = &["gone", "noindex", "host_not_allowed", "type_refused", "document_name_taken"];

/// What is asked for.
pub(super) struct Asked {
    /// Pages by their address.
    pub(super) addresses: Vec<String>,
    /// Sitemaps by theirs.
    pub(super) sitemaps: Vec<String>,
    /// Whether documents whose pages are gone are removed.
    pub(super) prune: bool,
}

/// Whether an argument is an address and not a path.
pub(super) fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl From<Refusal> for Skipped {
    fn from(why: Refusal) -> Skipped {
        Skipped { code: why.code(), why: why.to_string() }
    }
}

impl From<IngestError> for Skipped {
    fn from(why: IngestError) -> Skipped {
        match why {
            // A page's front matter comes from the web; its words are not repeated.
            IngestError::FrontMatter { .. } | IngestError::OtherCollection { .. } => {
                Refusal::FrontMatter.into()
            }
            IngestError::Empty => Refusal::Empty.into(),
            IngestError::NotUtf8 => Refusal::NotUtf8.into(),
            other => Skipped { code: other.code(), why: other.to_string() },
        }
    }
}

/// Fetches the pages one after the other and stores each as it comes; a run that is stopped keeps what it
/// has. `names` are those that this run gave already.
///
/// # Errors
/// [`SetupError`]: nothing was asked for then.
pub(super) async fn put_all(
    config: &Config,
    store: &Store,
    reader: &Reader,
    given: &FrontMatter,
    asked: Asked,
    names: &mut HashMap<String, PathBuf>,
) -> Result<Vec<Row>, SetupError> {
    let mut run = Run {
        fetcher: Fetcher::new(&config.knowledge.fetch)?,
        reader,
        given,
        rows: Vec::new(),
        kept: HashSet::new(),
        whole: true,
    };
    let most = config.knowledge.fetch.most_pages;
    let mut pages = Vec::new();
    for text in &asked.addresses {
        match Url::parse(text) {
            Ok(url) => pages.push(url),
            // It may hold a password: it is not repeated.
            Err(_) => run.skipped("(an address)".to_owned(), Refusal::Url),
        }
    }
    let hosts = run.sitemaps(&asked.sitemaps, &mut pages).await;
    let mut seen = HashSet::new();
    pages.retain(|url| seen.insert(address(url)));
    if pages.len() > most {
        run.skipped(format!("{} more pages", pages.len() - most), Refusal::Limit);
        pages.truncate(most);
    }
    let bar = output::bar("fetching pages", pages.len());
    for url in &pages {
        run.page(store, url, names).await;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if asked.prune {
        run.prune(store, &hosts).await;
    }
    Ok(run.rows)
}

struct Run<'a> {
    fetcher: Fetcher,
    reader: &'a Reader,
    given: &'a FrontMatter,
    rows: Vec<Row>,
    /// Documents whose page is there.
    kept: HashSet<String>,
    /// Whether every sitemap and page could be read. Else what is missing says nothing.
    whole: bool,
}

impl Run<'_> {
    fn skipped(&mut self, what: String, why: Refusal) {
        self.whole &= why != Refusal::Limit;
        self.rows.push(Row::new(what, Err(why.into())));
    }

    /// Adds the pages of the sitemaps; gives the hosts that the sitemaps speak for.
    async fn sitemaps(&mut self, asked: &[String], pages: &mut Vec<Url>) -> HashSet<String> {
        let mut hosts = HashSet::new();
        let mut left: VecDeque<(String, bool)> = asked.iter().map(|text| (text.clone(), false)).collect();
        let mut read = 0;
        while let Some((text, listed)) = left.pop_front() {
            let Ok(url) = Url::parse(&text) else {
                self.whole = false;
                self.skipped("(a sitemap)".to_owned(), Refusal::Url);
                continue;
            };
            read += 1;
            let found =
                if read > MOST_SITEMAPS { Err(Refusal::SitemapDepth) } else { self.sitemap(&url).await };
            match found {
                Ok(Sitemap::Pages(found)) => {
                    hosts.extend(url.host_str().map(str::to_owned));
                    self.whole &= found.len() < contactiq_ingest::web::MOST_ENTRIES;
                    // An address that can't be read may be that of a page that is there.
                    let read: Vec<Url> = found.iter().filter_map(|text| url.join(text).ok()).collect();
                    if read.len() < found.len() {
                        self.whole = false;
                        self.skipped(shown(&url), Refusal::Url);
                    }
                    pages.extend(read);
                }
                Ok(Sitemap::Index(found)) if !listed => {
                    left.extend(found.into_iter().map(|text| (text, true)));
                }
                Ok(Sitemap::Index(_)) => {
                    self.whole = false;
                    self.skipped(shown(&url), Refusal::SitemapDepth);
                }
                Err(why) => {
                    self.whole = false;
                    self.skipped(shown(&url), why);
                    if read > MOST_SITEMAPS {
                        break;
                    }
                }
            }
        }
        hosts
    }

    async fn sitemap(&mut self, url: &Url) -> Result<Sitemap, Refusal> {
        let bytes = self.fetcher.get(url, Want::Sitemap).await?.bytes;
        let read = within(self.fetcher.page_timeout(), move || Sitemap::read(&bytes)).await?;
        read.map_err(|why| match why {
            SitemapError::NotOne | SitemapError::DocumentType => Refusal::Sitemap,
        })
    }

    async fn page(&mut self, store: &Store, url: &Url, names: &mut HashMap<String, PathBuf>) {
        let draft = match self.fetcher.get(url, Want::Page).await {
            Ok(fetched) => self.draft(fetched).await,
            Err(why) => Err(why.into()),
        };
        let put = match draft {
            Ok(draft) => {
                let name = draft.slug.clone();
                self.kept.insert(name.clone());
                match names.insert(name, PathBuf::from(shown(url))) {
                    Some(first) => Err(Skipped {
                        code: "document_name_taken",
                        why: format!("it is the same page as {}", first.display()),
                    }),
                    None => put(store, draft).await,
                }
            }
            Err(why) => Err(why),
        };
        // The page moved, or stands at two addresses: what it says stays under its first name.
        if let Ok(Done { twin: Some(twin), .. }) = &put {
            self.kept.insert(twin.clone());
        }
        if let Err(why) = &put {
            self.whole &= FINAL.contains(&why.code);
        }
        self.rows.push(Row::new(shown(url), put));
    }

    async fn draft(&self, fetched: Fetched) -> Result<Draft, Skipped> {
        let Fetched { url, kind, bytes } = fetched;
        let given = |url: &Url| FrontMatter {
            url: self.given.url.clone().or_else(|| Some(url.to_string())),
            ..self.given.clone()
        };
        let ending = match kind {
            Kind::Html => {
                let robot = self.fetcher.robot().to_owned();
                let read = within(self.fetcher.page_timeout(), move || Page::read(&bytes, &robot)).await?;
                let page = read?;
                if page.noindex {
                    return Err(Refusal::NoIndex.into());
                }
                let url = self.own_address(&url, page.canonical.as_deref());
                return Ok(page.into_draft(&address(&url), given(&url))?);
            }
            Kind::Markdown => "md",
            Kind::Pdf => "pdf",
            Kind::Docx => "docx",
            Kind::Text | Kind::Other => "txt",
        };
        let name = slug(&address(&url));
        let bytes = if matches!(ending, "md" | "txt") { FrontMatter::left_out(bytes) } else { bytes };
        let mut draft =
            self.reader.document(&format!("{name}.{ending}"), bytes, &given(&url)).await.map_err(|why| {
                match why {
                    ReadingError::Document(why) => why.into(),
                    other => Skipped::from(other),
                }
            })?;
        draft.slug = name;
        Ok(draft)
    }

    /// The address that a page gives as its own, believed only inside its own host: a page can't put itself
    /// in another host's place.
    fn own_address(&self, found: &Url, canonical: Option<&str>) -> Url {
        canonical
            .and_then(|text| found.join(text).ok())
            .filter(|own| own.origin() == found.origin() && self.fetcher.allow().check(own).is_ok())
            .map_or_else(
                || found.clone(),
                |mut own| {
                    own.set_fragment(None);
                    own
                },
            )
    }

    /// Removes documents that came from these hosts and whose page is gone.
    async fn prune(&mut self, store: &Store, hosts: &HashSet<String>) {
        // A sitemap without a page is a broken one sooner than a bank without a page.
        if !self.whole || self.kept.is_empty() {
            self.rows.push(Row::new(
                "--prune".to_owned(),
                Err(Skipped {
                    code: "prune_refused",
                    why: "nothing was removed, because not every sitemap and page could be read: see above"
                        .to_owned(),
                }),
            ));
            return;
        }
        let removed = match self.remove(store, hosts).await {
            Ok(removed) => removed,
            Err(why) => {
                self.rows.push(Row::new(
                    "--prune".to_owned(),
                    Err(Skipped { code: "unavailable", why: why.to_string() }),
                ));
                return;
            }
        };
        self.rows
            .extend(removed.into_iter().map(|(url, name)| Row::new(url, Ok(Done::plain("removed", name)))));
    }

    async fn remove(
        &self,
        store: &Store,
        hosts: &HashSet<String>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut reader = store.read().await?;
        let all = documents::list(&mut reader, self.given.collection).await?;
        drop(reader);
        let mut removed = Vec::new();
        for document in all {
            let from_there = Url::parse(&document.url).is_ok_and(|url| {
                // A file that merely cites the page has another name.
                url.host_str().is_some_and(|host| hosts.contains(host))
                    && slug(&address(&url)) == document.slug
            });
            if !from_there || self.kept.contains(&document.slug) {
                continue;
            }
            let name = format!("{}/{}", document.collection, document.slug);
            let mut w = store.write().await?;
            audit::sign(&mut w, "knowledge add --prune");
            if documents::remove(&mut w, document.collection, &document.slug).await? {
                audit::note(&mut w, "knowledge remove", &name).await?;
            }
            w.save().await?;
            removed.push((document.url, name));
        }
        Ok(removed)
    }
}

/// Reading markup is bounded by its size; the clock is the second fence.
async fn within<T: Send + 'static>(
    limit: Duration,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(read)).await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(_)) | Err(_) => Err(Refusal::ParseTimeout),
    }
}

/// Host, port, path and query: what names a page. The same page over http and https is one.
fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{host}{port}{}{query}", url.path())
}

/// As the report shows it: without what may be a secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
