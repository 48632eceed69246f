//! The HTTP API. Handlers extract, call one function, shape the answer.

pub(crate) mod answering;
pub(crate) mod asking;
pub mod audit;
pub mod chat;
pub mod conversations;
pub(crate) mod costs;
mod described;
pub mod error;
pub mod feedback;
pub mod health;
pub mod holds;
pub mod idempotency;
pub mod interactions;
pub mod json;
pub mod keys;
pub mod knowledge;
pub mod ledger;
pub mod live;
pub(crate) mod message;
mod named;
pub mod persons;
mod pieces;
pub(crate) mod readable;
mod resent;
pub mod review;
pub mod scan;
pub mod sessions;
pub mod shapes;
mod shown_once;
pub mod tickets;
pub mod unmask;

use axum::extract::DefaultBodyLimit;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt},
    routes,
};

use crate::{
    app::App,
    guard::routes::{Api, behind},
};

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
            .description(Some("An API key, made with `contactiq keys create` or `POST /v1/keys`; an access token of the bank's identity provider; or a session of `POST /v1/sessions`."))
            .build();
        openapi.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

/// Every route of the API with its description: one can't be added without the other, nor without saying who may.
#[must_use]
pub fn routes() -> OpenApiRouter<App> {
    let api = Api::new(Described::openapi());
    let api = behind!(api, interactions::create);
    let api = behind!(api, interactions::read);
    let api = behind!(api, interactions::events);
    let api = behind!(api, unmask::show);
    let api = behind!(api, feedback::create);
    let api = behind!(api, conversations::create, conversations::list);
    let api = behind!(api, conversations::read);
    let api = behind!(api, knowledge::list);
    let api = behind!(api, knowledge::conflicts);
    let api = behind!(api, knowledge::passage);
    let api = behind!(api, scan::scan => |route| larger(route, scan::LARGEST_BODY));
    let api = behind!(api, review::list);
    let api = behind!(api, review::decide);
    let api = behind!(api, tickets::list_workers);
    let api = behind!(api, tickets::put_hands);
    let api = behind!(api, costs::read);
    let api = behind!(api, audit::checkpoint);
    let api = behind!(api, audit::export_log);
    let api = behind!(api, ledger::status);
    let api = behind!(api, ledger::list);
    let api = behind!(api, ledger::read, ledger::discard);
    let api = behind!(api, ledger::replay);
    let api = behind!(api, keys::list, keys::create);
    let api = behind!(api, keys::revoke);
    let api = behind!(api, keys::rotate);
    let api = behind!(api, sessions::list, sessions::create);
    let api = behind!(api, sessions::end);
    let api = behind!(api, persons::export);
    let api = behind!(api, persons::erase);
    let api = behind!(api, persons::note_consent);
    let api = behind!(api, holds::list_holds, holds::place_hold);
    let api = behind!(api, holds::lift_hold);
    let api = behind!(api, chat::complete => |route| larger(route, chat::LARGEST_BODY));
    let api = behind!(api, chat::models::list);
    let api = behind!(api, chat::models::read);
    api.public(routes!(health::health)).public(routes!(health::ready)).done()
}

/// A route that reads bodies up to this size.
fn larger(route: UtoipaMethodRouter<App>, bytes: usize) -> UtoipaMethodRouter<App> {
    route.layer(DefaultBodyLimit::max(bytes))
}

/// The routes of a worker, which answers nobody directly.
pub fn health_routes() -> axum::Router<App> {
    OpenApiRouter::new().routes(routes!(health::health)).routes(routes!(health::ready)).into()
}

/// The description as JSON: what stands in `docs/openapi.json`.
#[must_use]
pub fn openapi() -> String {
    let (_, mut described) = routes().split_for_parts();
    described::complete(&mut described);
    let mut text = described.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
