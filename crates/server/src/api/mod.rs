//! The HTTP API. Handlers extract, call one function, shape the answer.

pub(crate) mod answering;
pub(crate) mod asking;
pub mod audit;
pub mod chat;
pub mod conversations;
pub(crate) mod costs;
pub mod error;
pub mod feedback;
pub mod health;
pub mod idempotency;
pub mod interactions;
pub mod json;
pub mod knowledge;
pub mod ledger;
pub mod live;
pub(crate) mod message;
mod named;
mod pieces;
pub(crate) mod readable;
mod resent;
pub mod review;
pub mod scan;
pub mod shapes;

use axum::extract::DefaultBodyLimit;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::app::App;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "ContactIQ",
        description = "Answers a bank's questions from its own documents, with citations, a confidence, and a hand-over to a person where one is needed."
    ),
    modifiers(&BearerKey),
    security(("key" = [])),
    components(schemas(error::Problem))
)]
struct Described;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key, made with `contactiq keys create`."))
            .build();
        openapi.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// Every route of the API with its description: one can't be added without the other.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Described::openapi())
        .routes(routes!(interactions::create))
        .routes(routes!(interactions::read))
        .routes(routes!(interactions::events))
        .routes(routes!(feedback::create))
        .routes(routes!(conversations::create, conversations::list))
        .routes(routes!(conversations::read))
        .routes(routes!(knowledge::list))
        .routes(routes!(knowledge::conflicts))
        .routes(routes!(knowledge::passage))
        .routes(routes!(scan::scan).layer(DefaultBodyLimit::max(scan::LARGEST_BODY)))
        .routes(routes!(review::list))
        .routes(routes!(review::decide))
        .routes(routes!(costs::read))
        .routes(routes!(audit::checkpoint))
        .routes(routes!(audit::export_log))
        .routes(routes!(ledger::status))
        .routes(routes!(ledger::list))
        .routes(routes!(ledger::read, ledger::discard))
        .routes(routes!(ledger::replay))
        .routes(routes!(chat::complete).layer(DefaultBodyLimit::max(chat::LARGEST_BODY)))
        .routes(routes!(chat::models::list))
        .routes(routes!(chat::models::read))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
}

/// The routes of a worker, which answers nobody directly.
pub fn health_routes() -> axum::Router<App> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(health::ready)).into()
}

/// The description as JSON: what stands in `docs/openapi.json`.
#[must_use]
pub fn openapi() -> String {
    let (_, described) = routes().split_for_parts();
    let mut text = described.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
