//! Why a page was not taken in: stable codes, and words that say what to do. No word of a page is in them.

/// Why a page was not taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("this is no URL: write https://host/path")]
    Url,
    #[error("only http and https are fetched")]
    Scheme,
    #[error("the URL holds a user or a password: leave them out, pages must be readable without")]
    Credentials,
    #[error("the host is not in knowledge.fetch.allow: add it if its pages are the bank's")]
    Host,
    #[error(
        "the host's address is private, link-local, reserved or a cloud's own: knowledge.fetch.allow_private = true opens \
         private networks"
    )]
    Address,
    #[error("the host's name is not known: check its spelling and the DNS of this machine")]
    Name,
    #[error("the server can't be reached, or broke off: try again later")]
    Unreachable,
    #[error("the page took longer than knowledge.fetch.page_timeout_seconds")]
    Timeout,
    #[error("the run took longer than knowledge.fetch.run_timeout_seconds: run it again, or raise the limit")]
    RunTimeout,
    #[error("the page is larger than knowledge.fetch.page_bytes, unpacked")]
    TooLarge,
    #[error("this kind of content is not read from the web: HTML, Markdown, plain text, PDF and DOCX are")]
    Type,
    #[error("the page is packed in a way that was not asked for: only gzip is unpacked")]
    Encoding,
    #[error("the page ends in the middle of its packing")]
    Broken,
    #[error("the page redirects more than 5 times")]
    RedirectLimit,
    #[error("the page redirects in a circle")]
    RedirectLoop,
    #[error("the page redirects to nowhere that can be read")]
    RedirectInvalid,
    #[error("the server answered with status {0}")]
    Status(u16),
    #[error("the page is gone (status {0})")]
    Gone(u16),
    #[error("robots.txt of the host forbids the page")]
    Robots,
    #[error("robots.txt of the host can't be read, which forbids every page: try again later")]
    RobotsUnreachable,
    #[error("the page asks not to be indexed (noindex)")]
    NoIndex,
    #[error("reading the page took too long: its markup is out of the ordinary")]
    ParseTimeout,
    #[error("the page has no text outside of navigation, or a script makes it")]
    Empty,
    #[error("the page is not UTF-8 text")]
    NotUtf8,
    #[error("the page's front matter is wrong, or names another collection")]
    FrontMatter,
    #[error("this is no sitemap: <urlset> or <sitemapindex> was expected, without a document type, in UTF-8")]
    Sitemap,
    #[error("an index of sitemaps lists another index, or more sitemaps than are read")]
    SitemapDepth,
    #[error("there are more pages than are read in one run")]
    Limit,
}

impl Refusal {
    /// The stable code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Refusal::Url => "url_invalid",
            Refusal::Scheme => "url_scheme",
            Refusal::Credentials => "url_credentials",
            Refusal::Host => "host_not_allowed",
            Refusal::Address => "address_refused",
            Refusal::Name => "name_unknown",
            Refusal::Unreachable => "unreachable",
            Refusal::Timeout => "page_timeout",
            Refusal::RunTimeout => "run_timeout",
            Refusal::TooLarge => "page_too_large",
            Refusal::Type => "type_refused",
            Refusal::Encoding => "encoding_refused",
            Refusal::Broken => "body_broken",
            Refusal::RedirectLimit => "redirect_limit",
            Refusal::RedirectLoop => "redirect_loop",
            Refusal::RedirectInvalid => "redirect_invalid",
            Refusal::Status(_) => "status_refused",
            Refusal::Gone(_) => "gone",
            Refusal::Robots => "robots_disallowed",
            Refusal::RobotsUnreachable => "robots_unreachable",
            Refusal::NoIndex => "noindex",
            Refusal::ParseTimeout => "parse_timeout",
            Refusal::Empty => "page_empty",
            Refusal::NotUtf8 => "page_not_utf8",
            Refusal::FrontMatter => "front_matter",
            Refusal::Sitemap => "sitemap_invalid",
            Refusal::SitemapDepth => "sitemap_depth",
            Refusal::Limit => "limit_reached",
        }
    }
}
