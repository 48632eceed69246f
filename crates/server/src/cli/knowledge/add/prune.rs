//! `knowledge add --prune`: documents of the sitemaps' hosts whose pages are gone are removed, in the
//! transaction of the run.

use std::collections::{BTreeMap, HashSet};

use contactiq_domain::Collection;
use contactiq_ingest::web::slug;
use contactiq_store::{Connection, StoreError, Writer, documents};
use reqwest::Url;

use super::{
    audit,
    row::{Done, Row, Skipped},
    web::{address, host_and_port},
};

/// A pruning that takes more of a host than one document in so many is not done unless it is meant …
const ONE_IN: usize = 5;
/// … where it takes more than so many at all.
const FEW: usize = 3;

/// What is to be pruned.
pub(super) struct Prune {
    /// The hosts that the sitemaps speak for, each with its port.
    pub(super) hosts: HashSet<String>,
    /// Names of documents whose page is there.
    pub(super) kept: HashSet<String>,
    /// Whose documents.
    pub(super) collection: Option<Collection>,
    /// Whether many may go.
    pub(super) yes: bool,
}

/// A document that came from a host.
pub(super) struct FromHost {
    collection: Collection,
    slug: String,
    url: String,
    host: String,
}

impl Prune {
    /// The documents that came from these hosts.
    pub(super) async fn of_hosts(&self, c: &mut Connection) -> Result<Vec<FromHost>, StoreError> {
        let all = documents::list(c, self.collection).await?;
        let from_there = all.into_iter().filter_map(|document| {
            let url = Url::parse(&document.url).ok()?;
            let host = host_and_port(&url);
            // A file that merely cites the page has another name.
            let there = self.hosts.contains(&host) && slug(&address(&url)) == document.slug;
            there.then_some(FromHost {
                collection: document.collection,
                slug: document.slug,
                url: document.url,
                host,
            })
        });
        Ok(from_there.collect())
    }

    /// Removes those of them whose page is gone. `twins` say what a page of this run says: a page that moved
    /// keeps its first name. Gives lines for the report.
    pub(super) async fn remove<'a>(
        &self,
        w: &mut Writer,
        found: &[FromHost],
        twins: impl Iterator<Item = &'a str>,
    ) -> Result<Vec<Row>, StoreError> {
        let twins: HashSet<&str> = twins.collect();
        let goes = |one: &&FromHost| !self.kept.contains(&one.slug) && !twins.contains(one.slug.as_str());
        if let Some(row) = self.too_many(found, &goes) {
            return Ok(vec![row]);
        }
        let mut rows = Vec::new();
        for one in found.iter().filter(goes) {
            let name = format!("{}/{}", one.collection, one.slug);
            if documents::remove(w, one.collection, &one.slug).await? {
                audit::note(w, "knowledge remove", &name).await?;
            }
            rows.push(Row::new(one.url.clone(), Ok(Done::plain("removed", name))));
        }
        Ok(rows)
    }

    /// A sitemap that lost a part of its pages is a mistake sooner than a wish.
    fn too_many(&self, found: &[FromHost], goes: &impl Fn(&&FromHost) -> bool) -> Option<Row> {
        if self.yes {
            return None;
        }
        let mut hosts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for one in found {
            let (gone, all) = hosts.entry(&one.host).or_default();
            *all += 1;
            *gone += usize::from(goes(&one));
        }
        let (host, (gone, all)) =
            hosts.into_iter().find(|(_, (gone, all))| *gone > FEW && gone * ONE_IN > *all)?;
        Some(Row::new(
            "--prune".to_owned(),
            Err(Skipped {
                code: "prune_too_many",
                why: format!(
                    "nothing was removed: {gone} of {all} documents of {host} would go; look at its sitemap, then \
                     run it again with --yes, if that is meant"
                ),
            }),
        ))
    }
}

/// Nothing is removed where not all was read.
pub(super) fn refused() -> Row {
    Row::new(
        "--prune".to_owned(),
        Err(Skipped {
            code: "prune_refused",
            why: "nothing was removed, because not every sitemap and page could be read: see above"
                .to_owned(),
        }),
    )
}
