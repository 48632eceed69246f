//! What every page carries: who is signed in, where one can go, the token that protects forms.

/// One link of the header. The handler lists only those that the role may follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// Where it leads, for instance `/chat/customer`.
    pub href: &'static str,
    /// Its words, for instance `Customer chat`.
    pub label: &'static str,
    /// Whether this is the page that is shown.
    pub current: bool,
}

/// The frame of a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    /// The bank's name.
    pub bank: String,
    /// The header's links; empty when nobody is signed in.
    pub nav: Vec<NavItem>,
    /// Who is signed in, for instance `Local session (admin)`.
    pub signed_in_as: Option<String>,
    /// Whether there is a session to end: a program with a key has none.
    pub may_leave: bool,
    /// Sent back by every form as `csrf` and by scripts as `X-CSRF-Token`.
    pub csrf_token: String,
    /// The program's version.
    pub version: String,
    /// A line for the footer, for instance that the bank is fictional. May be empty.
    pub note: String,
}
