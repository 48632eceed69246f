//! Asks for one page after another, with everything that holds for each request.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use contactiq_ingest::web::closes;
use reqwest::{Client, Response, StatusCode, Url, header, redirect, retry};
use tokio::time::Instant;

use super::{
    AllowList, Refusal,
    body::{self, Beyond},
    resolver::Resolver,
    robots::{self, Rules},
    transport,
};
use crate::config;

/// How often a page may point elsewhere.
const MOST_REDIRECTS: usize = 5;
/// The largest sitemap, unpacked, as the protocol says.
const SITEMAP_BYTES: usize = 50 * 1024 * 1024;

/// Why nothing can be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    /// No host is allowed.
    #[error(
        "no host may be fetched from: write the bank's own into the configuration, for instance\n  [knowledge.fetch]\n  \
         allow = [\"www.bank.example\"]\nor set CONTACTIQ__KNOWLEDGE__FETCH__ALLOW=www.bank.example"
    )]
    NoHosts,
    /// An entry of the list is wrong; the check of the configuration says it first.
    #[error("knowledge.fetch.allow has an entry that is no host")]
    AllowList,
    /// TLS can't be set up.
    #[error("no HTTP client can be made on this machine: are its TLS roots installed?")]
    Client,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// A page for people.
    Page,
    /// A sitemap, perhaps packed.
    Sitemap,
    /// The host's rules.
    Robots,
}

/// How a page is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// HTML or XHTML.
    Html,
    /// Markdown.
    Markdown,
    /// Plain text.
    Text,
    /// PDF.
    Pdf,
    /// DOCX.
    Docx,
    /// Whatever a sitemap or robots.txt is served as.
    Other,
}

/// What came.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// Where it was, after all redirects.
    pub(crate) url: Url,
    /// How it is written.
    pub(crate) kind: Kind,
    /// Unpacked.
    pub(crate) bytes: Vec<u8>,
}

/// A run: one client, the rules of the hosts that it met, and when each was last asked.
pub(crate) struct Fetcher {
    client: Client,
    allow: AllowList,
    robot: String,
    page_bytes: usize,
    page_timeout: Duration,
    delay: Duration,
    ends: Instant,
    rules: HashMap<String, Rules>,
    asked: HashMap<String, Instant>,
}

impl Fetcher {
    /// A run that begins now.
    ///
    /// # Errors
    /// [`SetupError`].
    pub(crate) fn new(settings: &config::Fetch) -> Result<Fetcher, SetupError> {
        let allow =
            AllowList::new(&settings.allow, settings.allow_private).map_err(|_| SetupError::AllowList)?;
        if allow.is_empty() {
            return Err(SetupError::NoHosts);
        }
        // No cookie is kept, no proxy of the environment obeyed (it would resolve names by itself), no
        // redirect followed that was not looked at.
        let client = Client::builder()
            .user_agent(&settings.user_agent)
            .connect_timeout(Duration::from_secs(settings.page_timeout_seconds.min(10)))
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(retry::never())
            .dns_resolver(Arc::new(Resolver { allow_private: allow.allow_private() }))
            .pool_max_idle_per_host(1)
            .build()
            .map_err(|_| SetupError::Client)?;
        let robot = settings.user_agent.split(['/', ' ']).next().unwrap_or_default().to_ascii_lowercase();
        Ok(Fetcher {
            client,
            allow,
            robot,
            page_bytes: settings.page_bytes,
            page_timeout: Duration::from_secs(settings.page_timeout_seconds),
            delay: Duration::from_millis(settings.delay_milliseconds),
            ends: Instant::now() + Duration::from_secs(settings.run_timeout_seconds),
            rules: HashMap::new(),
            asked: HashMap::new(),
        })
    }

    /// The robot's name, for what a page says to it alone.
    pub(crate) fn robot(&self) -> &str {
        &self.robot
    }

    /// Which hosts may be asked.
    pub(crate) fn allow(&self) -> &AllowList {
        &self.allow
    }

    /// How long one page may take.
    pub(crate) fn page_timeout(&self) -> Duration {
        self.page_timeout
    }

    /// Gets what stands at this URL, redirects followed.
    ///
    /// # Errors
    /// [`Refusal`]; the run can go on.
    pub(crate) async fn get(&mut self, url: &Url, want: Want) -> Result<Fetched, Refusal> {
        let mut url = url.clone();
        let mut seen = HashSet::new();
        let mut left = self.page_timeout;
        loop {
            url.set_fragment(None);
            self.allow.check(&url)?;
            if !seen.insert(url.clone()) {
                return Err(Refusal::RedirectLoop);
            }
            if seen.len() > MOST_REDIRECTS + 1 {
                return Err(Refusal::RedirectLimit);
            }
            if want != Want::Robots {
                self.ask_robots(&url).await?;
            }
            self.rest(&url).await?;
            let begun = Instant::now();
            let most = left.min(self.ends.saturating_duration_since(begun));
            let step = tokio::time::timeout(most, self.step(&url, want)).await;
            let step =
                step.map_err(|_| if most < left { Refusal::RunTimeout } else { Refusal::Timeout })??;
            match step {
                Step::Done(fetched) => return Ok(fetched),
                Step::Elsewhere(next) => url = next,
            }
            left = left.saturating_sub(begun.elapsed());
        }
    }

    async fn step(&self, url: &Url, want: Want) -> Result<Step, Refusal> {
        let accept = match want {
            Want::Page => {
                "text/html, application/xhtml+xml, application/pdf;q=0.9, text/markdown;q=0.9, text/plain;q=0.8"
            }
            Want::Sitemap => "application/xml, text/xml, application/gzip, */*;q=0.5",
            Want::Robots => "text/plain, */*;q=0.5",
        };
        let request = self
            .client
            .get(url.clone())
            .header(header::ACCEPT, accept)
            .header(header::ACCEPT_ENCODING, "gzip");
        let response = request.send().await.map_err(|e| transport(&e))?;
        let status = response.status();
        if matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            let to = response.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
            return to.and_then(|to| url.join(to).ok()).map(Step::Elsewhere).ok_or(Refusal::RedirectInvalid);
        }
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            return Err(Refusal::Gone(status.as_u16()));
        }
        if status != StatusCode::OK {
            return Err(Refusal::Status(status.as_u16()));
        }
        let kind = if want == Want::Page { kind(&response)? } else { Kind::Other };
        if want == Want::Page && self.is_closed(&response) {
            return Err(Refusal::NoIndex);
        }
        let (most, beyond) = match want {
            Want::Page => (self.page_bytes, Beyond::Refuse),
            Want::Sitemap => (SITEMAP_BYTES, Beyond::Refuse),
            Want::Robots => (robots::MOST_BYTES, Beyond::Cut),
        };
        let bytes = body::read(response, most, beyond).await?;
        let bytes = if want == Want::Sitemap { body::unpacked(bytes, most)? } else { bytes };
        Ok(Step::Done(Fetched { url: url.clone(), kind, bytes }))
    }

    /// `X-Robots-Tag`, for all robots or for this one.
    fn is_closed(&self, response: &Response) -> bool {
        let values = response.headers().get_all("x-robots-tag");
        values.iter().filter_map(|v| v.to_str().ok()).any(|value| closes(value, &self.robot))
    }

    async fn ask_robots(&mut self, url: &Url) -> Result<(), Refusal> {
        let origin = url.origin().ascii_serialization();
        if !self.rules.contains_key(&origin) {
            let at = url.join("/robots.txt").map_err(|_| Refusal::Url)?;
            let answer = Box::pin(self.get(&at, Want::Robots)).await;
            match answer {
                // These say more of the host than "robots.txt can't be read" would.
                Err(why @ (Refusal::RunTimeout | Refusal::Name)) => return Err(why),
                Err(Refusal::Address) => return Err(Refusal::Address),
                _ => {}
            }
            let answer = answer.as_ref().map(|a| a.bytes.as_slice()).map_err(|e| *e);
            self.rules.insert(origin.clone(), Rules::new(answer, &self.robot));
        }
        let path = &url.as_str()[path_and_query(url)];
        self.rules.get(&origin).map_or(Ok(()), |rules| rules.check(path))
    }

    /// Waits until the host may be asked again.
    async fn rest(&mut self, url: &Url) -> Result<(), Refusal> {
        let host = url.host_str().unwrap_or_default().to_owned();
        let wanted = self.rules.get(&url.origin().ascii_serialization()).and_then(Rules::delay);
        let delay = self.delay.max(wanted.unwrap_or_default());
        let now = Instant::now();
        // A host that wants to rest longer than time goes is not asked again in this run.
        let next = asked_next(self.asked.get(&host).copied(), delay, now).ok_or(Refusal::RunTimeout)?;
        if next >= self.ends || now >= self.ends {
            return Err(Refusal::RunTimeout);
        }
        tokio::time::sleep_until(next).await;
        self.asked.insert(host, Instant::now());
        Ok(())
    }
}

enum Step {
    Done(Fetched),
    Elsewhere(Url),
}

/// When a host may be asked again; never, where that is beyond what a clock tells.
fn asked_next(last: Option<Instant>, delay: Duration, now: Instant) -> Option<Instant> {
    last.map_or(Some(now), |last| last.checked_add(delay))
}

/// Where path and query stand.
fn path_and_query(url: &Url) -> std::ops::Range<usize> {
    let end = url.as_str().find('#').unwrap_or(url.as_str().len());
    let query = url.query().map_or(0, |q| q.len() + 1);
    end - query - url.path().len()..end
}

fn kind(response: &Response) -> Result<Kind, Refusal> {
    let value =
        response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    match value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "text/html" | "application/xhtml+xml" => Ok(Kind::Html),
        "text/markdown" => Ok(Kind::Markdown),
        "text/plain" => Ok(Kind::Text),
        "application/pdf" => Ok(Kind::Pdf),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => Ok(Kind::Docx),
        _ => Err(Refusal::Type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_delay_that_never_ends_is_not_none() {
        let now = Instant::now();
        assert_eq!(asked_next(None, Duration::MAX, now), Some(now));
        assert_eq!(asked_next(Some(now), Duration::from_secs(2), now), Some(now + Duration::from_secs(2)));
        assert_eq!(asked_next(Some(now), Duration::from_secs(u64::MAX), now), None);
    }
}
