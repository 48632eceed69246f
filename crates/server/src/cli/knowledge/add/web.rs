//! Pages of the bank's web site into the knowledge (P13). What may be asked is decided in [`crate::fetch`].

use std::collections::{HashMap, HashSet, VecDeque, hash_map::Entry};

use contactiq_ingest::{
    Draft, FrontMatter, IngestError, Unreadable,
    web::{Sitemap, SitemapError, slug},
};
use reqwest::Url;

use super::{
    intake::{GivenUp, Intake, Pruning},
    judge, output,
    prune::Prune,
    row::{Row, Skipped},
};
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
    /// Whether many of them may be.
    pub(super) yes: bool,
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

impl Skipped {
    /// Of a page or sitemap that a process could not read.
    fn of_page(why: ReadingError) -> Skipped {
        match why {
            ReadingError::TooSlow { .. } => Refusal::ParseTimeout.into(),
            ReadingError::Document(why) => why.into(),
            other => other.into(),
        }
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
            IngestError::NotUtf8 | IngestError::Unreadable(Unreadable::NotUtf8) => Refusal::NotUtf8.into(),
            other => Skipped { code: other.code(), why: other.to_string() },
        }
    }
}

/// Why no page was taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum WebError {
    /// Nothing was asked for.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// There is more than a run holds.
    #[error(transparent)]
    GivenUp(#[from] GivenUp),
}

/// Fetches the pages one after the other; what is to be pruned then.
///
/// # Errors
/// See [`WebError`].
pub(super) async fn take_all(
    config: &Config,
    reader: &Reader,
    given: &FrontMatter,
    asked: Asked,
    intake: &mut Intake<'_>,
) -> Result<Pruning, WebError> {
    let mut run = Run {
        fetcher: Fetcher::new(&config.knowledge.fetch)?,
        reader,
        given,
        intake,
        kept: HashMap::new(),
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
        match run.page(url).await {
            // The report says why, and nothing is removed.
            Err(GivenUp::Stopped) => {
                run.whole = false;
                break;
            }
            taken => taken?,
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    // A sitemap without a page is a broken one sooner than a bank without a page.
    Ok(match asked.prune {
        false => Pruning::No,
        true if !run.whole || run.kept.is_empty() => Pruning::Refused,
        true => Pruning::Yes(Prune {
            hosts,
            kept: run.kept.into_keys().collect(),
            collection: given.collection,
            yes: asked.yes,
        }),
    })
}

struct Run<'a, 'store> {
    fetcher: Fetcher,
    reader: &'a Reader,
    given: &'a FrontMatter,
    intake: &'a mut Intake<'store>,
    /// Documents whose page is there, with its address.
    kept: HashMap<String, String>,
    /// Whether every sitemap and page could be read. Else what is missing says nothing.
    whole: bool,
}

impl Run<'_, '_> {
    fn skipped(&mut self, what: String, why: Refusal) {
        self.whole &= why != Refusal::Limit;
        self.intake.say(Row::new(what, Err(why.into())));
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
            let found = if read > MOST_SITEMAPS {
                Err(Refusal::SitemapDepth.into())
            } else {
                self.sitemap(&url).await
            };
            match found {
                Ok(Sitemap::Pages(found)) => {
                    hosts.insert(host_and_port(&url));
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
                    self.intake.say(Row::new(shown(&url), Err(why)));
                    if read > MOST_SITEMAPS {
                        break;
                    }
                }
            }
        }
        hosts
    }

    async fn sitemap(&mut self, url: &Url) -> Result<Sitemap, Skipped> {
        let bytes = self.fetcher.get(url, Want::Sitemap).await?.bytes;
        let read =
            self.reader.sitemap(&bytes, self.fetcher.page_timeout()).await.map_err(Skipped::of_page)?;
        read.map_err(|why| match why {
            SitemapError::NotOne | SitemapError::DocumentType => Refusal::Sitemap.into(),
        })
    }

    async fn page(&mut self, url: &Url) -> Result<(), GivenUp> {
        let read = match self.fetcher.get(url, Want::Page).await {
            Ok(fetched) => self.draft(fetched).await,
            Err(why) => Err(why.into()),
        };
        let judged = match read.and_then(|found| self.only_once(found, url)) {
            Ok((draft, own)) => Ok(judge(draft, own).await),
            Err(why) => {
                self.whole &= FINAL.contains(&why.code);
                Err(why)
            }
        };
        self.intake.take(shown(url), judged).await
    }

    /// A page that stands at several addresses is read once.
    fn only_once(&mut self, found: (Draft, String), url: &Url) -> Result<(Draft, String), Skipped> {
        match self.kept.entry(found.0.slug.clone()) {
            Entry::Occupied(first) => Err(Skipped {
                code: "document_name_taken",
                why: format!("it is the same page as {}", first.get()),
            }),
            Entry::Vacant(free) => {
                free.insert(shown(url));
                Ok(found)
            }
        }
    }

    /// The draft of a page, and its own address.
    async fn draft(&self, fetched: Fetched) -> Result<(Draft, String), Skipped> {
        let Fetched { url, kind, bytes } = fetched;
        let given = |url: &Url| FrontMatter {
            url: self.given.url.clone().or_else(|| Some(url.to_string())),
            ..self.given.clone()
        };
        let ending = match kind {
            Kind::Html => {
                let limit = self.fetcher.page_timeout();
                let read = self.reader.page(&bytes, self.fetcher.robot(), limit).await;
                let page = read.map_err(Skipped::of_page)?;
                if page.noindex {
                    return Err(Refusal::NoIndex.into());
                }
                let url = self.own_address(&url, page.canonical.as_deref());
                let own = address(&url);
                return Ok((page.into_draft(&own, given(&url))?, own));
            }
            Kind::Markdown => "md",
            Kind::Pdf => "pdf",
            Kind::Docx => "docx",
            Kind::Text | Kind::Other => "txt",
        };
        let own = address(&url);
        let name = slug(&own);
        let bytes = if matches!(ending, "md" | "txt") { FrontMatter::left_out(bytes) } else { bytes };
        let mut draft =
            self.reader.document(&format!("{name}.{ending}"), bytes, &given(&url)).await.map_err(|why| {
                match why {
                    ReadingError::Document(why) => why.into(),
                    other => Skipped::from(other),
                }
            })?;
        draft.slug = name;
        Ok((draft, own))
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
}

/// Host, port, path and query: what names a page. The same page over http and https is one.
pub(super) fn address(url: &Url) -> String {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{}{query}", host_and_port(url), url.path())
}

/// The host, and its port where that is not the usual one.
pub(super) fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// As the report shows it: without what may be a secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.to_string()
}
