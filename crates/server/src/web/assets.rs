//! Styles and scripts from inside the binary.

use axum::{
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rust_embed::RustEmbed;

use crate::api::error::ApiError;

#[derive(RustEmbed)]
#[folder = "assets"]
struct Files;

/// One file. Browsers keep it and ask each time whether it changed, so that an update shows at once.
pub(super) async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    let Some(found) = Files::get(&name) else { return ApiError::NoRoute.into_response() };
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(found.metadata.sha256_hash()));
    let kept = has(&headers, &tag);
    let about = [(header::CACHE_CONTROL, "no-cache".to_owned()), (header::ETAG, tag)];
    if kept {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, [(header::CONTENT_TYPE, kind)], found.data).into_response()
}

/// Whether `If-None-Match` names this tag. A proxy that compressed the file may have made it weak.
fn has(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(name: &str, if_none_match: Option<&str>) -> Response {
        let mut headers = HeaderMap::new();
        if let Some(tags) = if_none_match {
            headers.insert(header::IF_NONE_MATCH, tags.parse().unwrap());
        }
        file(Path(name.to_owned()), headers).await
    }

    #[tokio::test]
    async fn a_file_comes_once_and_then_only_when_it_changed() {
        let first = ask("base.css", None).await;
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(first.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"old\", {tag}"), "*".to_owned()] {
            let again = ask("base.css", Some(&known)).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(again.headers()[header::ETAG].to_str().unwrap(), tag);
            assert_eq!(again.headers()[header::CACHE_CONTROL], "no-cache");
            let body = axum::body::to_bytes(again.into_body(), 10_000).await.unwrap();
            assert!(body.is_empty());
        }
        assert_eq!(ask("base.css", Some("\"old\"")).await.status(), StatusCode::OK);
        assert_eq!(ask("chat.css", Some(&tag)).await.status(), StatusCode::OK, "every file has its own tag");
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_found() {
        assert_eq!(ask("../Cargo.toml", None).await.status(), StatusCode::NOT_FOUND);
    }
}
