//! The pages: server-rendered, with small scripts of our own. They speak for whoever signed in, by the bank's identity
//! provider or by the local link of the embedded default, and show what the role may see.

mod access;
mod assets;
mod audit;
mod chat;
mod dashboard;
mod documents;
mod provider;
mod records;
mod review;
pub mod session;
mod sign_in;
mod tickets;
pub mod views;

use askama::Template;
use axum::{
    extract::{FromRequestParts, State},
    http::{Extensions, Method, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Redirect, Response},
};
use contactiq_domain::Permission;

use crate::{
    api::error::ApiError,
    app::App,
    guard::{
        Numbered,
        access::Noted,
        identity::Caller,
        refusal::Refusal,
        routes::{Authority, Pages},
    },
};
use views::{ErrorView, Layout, NavItem};

/// Every page.
#[must_use]
pub fn routes() -> Pages {
    Pages::default()
        .public(Method::GET, "/", || async { Redirect::to("/chat/customer") })
        .public(Method::GET, "/signin", sign_in::form)
        .public(Method::POST, "/signin", sign_in::submit)
        .public(Method::GET, "/signin/provider", provider::begin)
        .public(Method::GET, "/signin/callback", provider::finish)
        .public(Method::POST, "/signin/ended", provider::ended)
        .public(Method::GET, "/assets/{file}", assets::file)
        .post("/signout", sign_in::leave)
        .get("/chat/{mode}", chat::page)
        .post("/chat/{mode}", chat::without_script)
        .get("/dashboard", dashboard::page)
        .get("/tickets", tickets::list)
        .get("/tickets/{id}", tickets::page)
        .post("/tickets/{id}", tickets::change)
        .post("/tickets/{id}/hands", tickets::hands)
        .get("/review", review::list)
        .post("/review/{id}", review::decide)
        .get("/documents", documents::list)
        .get("/documents/{collection}/{slug}", documents::page)
        .get("/interactions/{id}", records::page)
        .post("/interactions/{id}/unmask", records::unmask)
        .get("/audit", audit::list)
        .post("/audit/verify", audit::verify)
        .get("/access", access::page)
        .post("/access/keys", access::make)
        .post("/access/keys/{id}", access::change)
        .post("/access/sessions/{id}", access::end)
}

impl Authority for Visitor {}

/// A caller whom a page is shown to. Whoever is not signed in is sent to the sign-in page.
pub(crate) struct Visitor {
    pub(crate) caller: Caller,
    /// What the access event says of the request.
    pub(crate) noted: Noted,
    path: String,
    request_id: String,
}

/// A page that can't be shown, as a page.
pub(crate) struct PageError {
    error: ApiError,
    layout: Box<Layout>,
    next: Option<String>,
    request_id: String,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        // Whoever has no session, or none any more; a key or a token does not get better by signing in.
        if let (ApiError::Refused(Refusal::Nothing | Refusal::Session), Some(next)) =
            (&self.error, &self.next)
        {
            let query: String = next.bytes().map(escaped).collect();
            return Redirect::to(&format!("/signin?next={query}")).into_response();
        }
        let (title, advice) = words(&self.error);
        let view = ErrorView {
            layout: *self.layout,
            status: self.error.status().as_u16(),
            title: title.to_owned(),
            advice,
            request_id: self.request_id,
        };
        let mut page = show(self.error.status(), &view);
        if let Some(seconds) = self.error.retry_after() {
            page.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        page
    }
}

/// A byte of a path inside a query.
fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_' | b'.') {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

fn words(error: &ApiError) -> (&'static str, String) {
    let title = match error {
        ApiError::NotFound(_) | ApiError::NoRoute => "Page not found",
        ApiError::Forbidden | ApiError::Csrf => "You can\u{2019}t do this",
        ApiError::Refused(why) if why.is_forbidden() => "You can\u{2019}t come in",
        ApiError::Unavailable | ApiError::Unchecked | ApiError::Refused(Refusal::Away) => {
            "The service is not available"
        }
        ApiError::Invalid { .. } | ApiError::Parameter { .. } => "There is a problem",
        ApiError::AtRisk { .. } => "Please read this first",
        _ => "Something went wrong",
    };
    let mut advice = error.to_string();
    if let Some(first) = advice.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    advice.push('.');
    (title, advice)
}

impl FromRequestParts<App> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let path = parts.uri.path().to_owned();
        let uri: Uri = parts.uri.clone();
        let request_id = request_id(&parts.extensions);
        let noted = parts.extensions.get::<Noted>().cloned().unwrap_or_default();
        match Caller::from_request_parts(parts, app).await {
            Ok(caller) => Ok(Visitor { caller, noted, path, request_id }),
            Err(error) => {
                Err(PageError { error, layout: Box::new(bare(app)), next: Some(uri.to_string()), request_id })
            }
        }
    }
}

impl Visitor {
    /// The frame of a page for this visitor: only what the role allows.
    pub(crate) fn layout(&self, app: &App) -> Layout {
        const ALL: &[(&str, &str, Permission)] = &[
            ("/chat/customer", "Customer chat", Permission::AskAsCustomer),
            ("/chat/banker", "Staff chat", Permission::AskAsBanker),
            ("/dashboard", "Dashboard", Permission::ReadReports),
            ("/tickets", "Tickets", Permission::ReadTickets),
            ("/review", "Review", Permission::ReviewGuard),
            ("/documents", "Documents", Permission::ReadCustomerKnowledge),
            ("/access", "Access", Permission::ManageAccess),
            ("/audit", "Audit", Permission::ReadAudit),
        ];
        let nav = ALL
            .iter()
            .filter(|(_, _, permission)| self.caller.may(*permission))
            .map(|(href, label, _)| NavItem { href, label, current: self.path.starts_with(href) })
            .collect();
        Layout {
            nav,
            signed_in_as: Some(match self.caller.signature() {
                session::LOCAL_ADMIN => format!("Local session ({})", self.caller.role),
                name => format!("{name} ({})", self.caller.role),
            }),
            may_leave: self.caller.csrf.is_some(),
            csrf_token: self.caller.csrf.clone().unwrap_or_default(),
            ..bare(app)
        }
    }

    /// Refuses a page that the role does not allow, as a page.
    pub(crate) fn must(&self, app: &App, permission: Permission) -> Result<(), PageError> {
        self.caller.must(permission).map_err(|error| self.fails(app, error))
    }

    /// A problem inside the visitor's own frame.
    pub(crate) fn fails(&self, app: &App, error: impl Into<ApiError>) -> PageError {
        PageError {
            error: error.into(),
            layout: Box::new(self.layout(app)),
            next: None,
            request_id: self.request_id.clone(),
        }
    }

    /// Whether a form carries the session's own token.
    pub(crate) fn check_form(&self, app: &App, sent: &str) -> Result<(), PageError> {
        let own = self.caller.csrf.as_deref().unwrap_or_default();
        if !own.is_empty() && session::same(sent, own) {
            Ok(())
        } else {
            Err(self.fails(app, ApiError::Csrf))
        }
    }
}

/// The frame for somebody who is not signed in.
pub(crate) fn bare(app: &App) -> Layout {
    let note =
        if app.config.server.demo { "Demonstration: the bank and its documents are fictional." } else { "" };
    Layout {
        bank: app.house.settings.bank.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        note: note.to_owned(),
        ..Layout::default()
    }
}

/// Renders a view. A template that fails is our fault, never the visitor's.
pub(crate) fn show(status: StatusCode, view: &impl Template) -> Response {
    match view.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "a page can't be rendered");
            ApiError::Internal.into_response()
        }
    }
}

/// What is at no address: a page for browsers, a problem for programs.
pub async fn nowhere(State(app): State<App>, request: axum::extract::Request) -> Response {
    let html =
        request.headers().get("accept").is_some_and(|v| v.to_str().is_ok_and(|v| v.contains("text/html")));
    if !html {
        return ApiError::NoRoute.into_response();
    }
    let request_id = request_id(request.extensions());
    PageError { error: ApiError::NoRoute, layout: Box::new(bare(&app)), next: None, request_id }
        .into_response()
}

/// The request's id, which a page tells a person who reports a problem.
fn request_id(extensions: &Extensions) -> String {
    extensions.get::<Numbered>().map(|n| n.request_id.to_string()).unwrap_or_default()
}
