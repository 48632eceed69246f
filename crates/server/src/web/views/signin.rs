//! Signing in with the code that the program prints at its start: `/signin`.

use super::layout::Layout;

/// The sign-in form.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "signin.html")]
pub struct SignInView {
    /// The frame; nobody is signed in yet.
    pub layout: Layout,
    /// What was wrong with the last try, for instance `That code is not right.`
    pub problem: Option<String>,
    /// Where to go afterwards: a path of this site, sent back as `next`. May be empty.
    pub next: String,
}
