//! Signing in, `/signin`: by the bank's identity provider, or with the code that the program prints at its start.

use super::layout::Layout;

/// The sign-in page.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "signin.html")]
pub struct SignInView {
    /// The frame; nobody is signed in yet.
    pub layout: Layout,
    /// What was wrong with the last try, for instance `That code is not right.`
    pub problem: Option<String>,
    /// Where to go afterwards: a path of this site, sent back as `next`. May be empty.
    pub next: String,
    /// Whether the bank's identity provider signs people in.
    pub by_provider: bool,
    /// Whether the code does.
    pub by_code: bool,
}

impl SignInView {
    fn provider(&self) -> String {
        address("/signin/provider", &self.next)
    }
}

/// A page with the way on behind it.
fn address(page: &str, next: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.');
    let next: String = next
        .bytes()
        .map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect();
    format!("{page}?next={next}")
}

/// Signed in by the provider; the page goes on by itself.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "signedin.html")]
pub struct SignedInView {
    /// The frame; the cookie comes with this page.
    pub layout: Layout,
    /// Where to go: a path of this site.
    pub next: String,
}

/// Signed out here; the page goes on to the provider by itself.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "signedout.html")]
pub struct SignedOutView {
    /// The frame; nobody is signed in any more.
    pub layout: Layout,
    /// The provider's own sign-out.
    pub address: String,
}
