//! Any page that could not be shown.

use super::layout::Layout;

/// What went wrong and what to do now.
#[derive(Debug, Clone, askama::Template)]
#[template(path = "error.html")]
pub struct ErrorView {
    /// The frame.
    pub layout: Layout,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in words: `Page not found`.
    pub title: String,
    /// What to do now.
    pub advice: String,
    /// The request's id, for whoever looks into it.
    pub request_id: String,
}

impl ErrorView {
    /// Whether signing in may help.
    const fn wants_sign_in(&self) -> bool {
        self.status == 401
    }
}
