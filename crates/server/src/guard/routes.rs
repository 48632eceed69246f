//! The only ways to add a route: behind a caller, or among those that are open to everyone, which are listed here.
//!
//! A route behind a caller takes a handler whose second argument, after the state, is an [`Authority`]: one that can't
//! be made without knowing who calls. A handler without it does not compile:
//!
//! ```compile_fail
//! use axum::extract::State;
//! use contactiq_server::{app::App, guard::routes::Pages};
//! async fn open_to_everyone(State(_): State<App>) -> &'static str { "secret" }
//! let pages = Pages::default().get("/secret", open_to_everyone);
//! ```

use axum::{
    Router,
    extract::State,
    handler::Handler,
    http::Method,
    routing::{MethodRouter, get, on, post},
};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    app::App,
    guard::identity::{Caller, May, Needs},
};

/// What is open to everyone, and why.
pub const PUBLIC: &[(&str, &str, &str)] = &[
    ("GET", "/health", "load balancers have no key"),
    ("GET", "/ready", "load balancers have no key"),
    ("GET", "/", "leads on"),
    ("GET", "/signin", "nobody is signed in yet"),
    ("POST", "/signin", "nobody is signed in yet"),
    ("GET", "/signin/provider", "nobody is signed in yet"),
    ("GET", "/signin/callback", "nobody is signed in yet; the code and the browser's own cookie are checked"),
    ("POST", "/signin/ended", "the identity provider sends a signed logout token"),
    ("GET", "/assets/{file}", "the sign-in page needs styles"),
];

/// An argument that a handler gets only once it is known who calls.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say who calls",
    note = "take `Caller`, `May<P>` or `Visitor` after the state, or list the route in `PUBLIC`"
)]
pub trait Authority {}

impl Authority for Caller {}
impl<P: Needs> Authority for May<P> {}

/// The arguments of a handler, of which the second is an [`Authority`].
#[diagnostic::on_unimplemented(
    message = "this handler does not ask who calls",
    note = "its arguments begin with `State<App>` and one of `Caller`, `May<P>` and `Visitor`"
)]
pub trait Guarded {}

macro_rules! guarded {
    ($($($more:ident)*;)+) => {$(
        impl<M, A: Authority, $($more),*> Guarded for (M, State<App>, A, $($more),*) {}
    )+};
}

// axum writes a handler's arguments as a tuple behind a marker of its own.
guarded! {
    ;
    B;
    B C;
    B C D;
    B C D E;
    B C D E F;
}

/// The routes of the API.
pub struct Api(OpenApiRouter<App>);

impl Api {
    /// None yet; the description that theirs is added to.
    #[must_use]
    pub fn new(described: utoipa::openapi::OpenApi) -> Api {
        Api(OpenApiRouter::with_openapi(described))
    }

    /// Adds a handler's route; the macro `behind!` names the handler once.
    #[must_use]
    pub fn behind<H, T>(self, _handler: H, route: UtoipaMethodRouter<App>) -> Api
    where
        H: Handler<T, App>,
        T: Guarded,
    {
        Api(self.0.routes(route))
    }

    /// Adds one of [`PUBLIC`].
    ///
    /// # Panics
    /// When it is not listed there.
    #[must_use]
    pub fn public(self, route: UtoipaMethodRouter<App>) -> Api {
        for (path, item) in &route.1.paths {
            let listed = |method: &str| PUBLIC.iter().any(|(m, p, _)| (*m, *p) == (method, path.as_str()));
            assert!(item.get.is_none() || listed("GET"), "GET {path} is not listed in PUBLIC");
            assert!(item.post.is_none() || listed("POST"), "POST {path} is not listed in PUBLIC");
            assert!(
                item.put.is_none() && item.delete.is_none() && item.patch.is_none(),
                "{path} changes something"
            );
        }
        Api(self.0.routes(route))
    }

    /// The router with its description.
    #[must_use]
    pub fn done(self) -> OpenApiRouter<App> {
        self.0
    }
}

/// Adds routes of the API behind a caller: `behind!(api, conversations::create, conversations::list)` for those of
/// one path, `behind!(api, scan::scan => |route| route.layer(…))` to change one.
macro_rules! behind {
    ($api:expr, $handler:path => $change:expr) => {{
        let change = $change;
        $api.behind($handler, change(utoipa_axum::routes!($handler)))
    }};
    ($api:expr, $($handler:path),+) => {{
        $(crate::guard::routes::demands($handler);)+
        let (first, routes) = ((crate::guard::routes::first!($($handler),+)), utoipa_axum::routes!($($handler),+));
        $api.behind(first, routes)
    }};
}
pub(crate) use behind;

/// The first of some handlers.
macro_rules! first {
    ($first:path $(, $rest:path)*) => {
        $first
    };
}
pub(crate) use first;

/// Nothing but the demand.
pub(crate) fn demands<H, T>(_handler: H)
where
    H: Handler<T, App>,
    T: Guarded,
{
}

/// The pages' routes.
#[derive(Default)]
pub struct Pages {
    router: Router<App>,
    listed: Vec<(Method, &'static str)>,
}

impl Pages {
    /// A page.
    #[must_use]
    pub fn get<H, T>(self, path: &'static str, handler: H) -> Pages
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        self.with(Method::GET, path, get(handler))
    }

    /// What a form of a page sends.
    #[must_use]
    pub fn post<H, T>(self, path: &'static str, handler: H) -> Pages
    where
        H: Handler<T, App>,
        T: Guarded + 'static,
    {
        self.with(Method::POST, path, post(handler))
    }

    /// One of [`PUBLIC`].
    ///
    /// # Panics
    /// When it is not listed there.
    #[must_use]
    pub fn public<H, T>(self, method: Method, path: &'static str, handler: H) -> Pages
    where
        H: Handler<T, App>,
        T: 'static,
    {
        let is_listed = PUBLIC.iter().any(|(m, p, _)| *m == method.as_str() && *p == path);
        assert!(is_listed, "{method} {path} is not listed in PUBLIC");
        let on_method = if method == Method::POST {
            on(axum::routing::MethodFilter::POST, handler)
        } else {
            on(axum::routing::MethodFilter::GET, handler)
        };
        self.with(method, path, on_method)
    }

    fn with(mut self, method: Method, path: &'static str, route: MethodRouter<App>) -> Pages {
        self.router = self.router.route(path, route);
        self.listed.push((method, path));
        self
    }

    /// Each with its method, in the order in which they were added.
    #[must_use]
    pub fn listed(&self) -> &[(Method, &'static str)] {
        &self.listed
    }

    /// The router.
    pub fn done(self) -> Router<App> {
        self.router
    }
}
