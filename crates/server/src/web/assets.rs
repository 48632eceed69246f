//! Styles and scripts from inside the binary.

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use rust_embed::RustEmbed;

use crate::api::error::ApiError;

#[derive(RustEmbed)]
#[folder = "assets"]
struct Files;

/// One file. Browsers ask again after five minutes, so that an update shows.
pub(super) async fn file(Path(name): Path<String>) -> Response {
    let Some(found) = Files::get(&name) else { return ApiError::NoRoute.into_response() };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], found.data).into_response()
}
