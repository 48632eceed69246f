//! The layers around every route, in one order, outermost first:
//!
//! 1. `numbered`: request id, correlation id, trace; log line, access event and metrics at the end;
//!    problem bodies get their request id.
//! 2. panics become a problem; nothing of the panic is shown.
//! 3. security headers.
//! 4. CORS: the bank's own sites may read answers.
//! 5. origin: a browser's request from another site is refused unless its origin is allowed.
//! 6. body limit, in size and in time.
//!
//! Identity and permissions are extractors ([`identity`]), because a layer can be forgotten. There too
//! a request takes its place under the limits; those of questions are taken by the handler that asks,
//! because they need the session.

pub mod access;
pub mod admission;
pub mod damaged;
pub mod guesses;
pub mod identity;
pub(crate) mod key_text;
pub mod keys;
pub mod limits;
pub mod new_key;
pub mod proxies;
pub mod refusal;
pub mod routes;
pub mod seen;
pub mod slow;
pub mod tokens;
pub mod unusual;

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{ConnectInfo, DefaultBodyLimit, MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use contactiq_domain::ids::RequestId;
use contactiq_store::access::{AccessEvent, AccessResult};
use futures_util::StreamExt;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer, set_header::SetResponseHeaderLayer};
use tracing::Instrument;

use self::proxies::From;
use crate::{
    api::{chat, error::ApiError},
    app::App,
};

/// What the server knows of a request before anyone reads it.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Made by the server.
    pub request_id: RequestId,
    /// From `X-Request-Id`, if it was fit to keep.
    pub correlation_id: Option<String>,
    /// Where it came from: behind trusted proxies, what they say.
    pub ip: IpAddr,
    /// The country that a trusted proxy says, as two letters.
    pub country: Option<[u8; 2]>,
    /// What is left of its limits, once it took a place.
    pub limits: Arc<OnceLock<limits::Told>>,
}

/// As many digits are an account's, or a day of birth; shorter ones are codes that a cue would have to explain.
const LONG_NUMBER: usize = 7;

/// So many digits in a row may be somebody's number; one random UUID of twenty has them.
const MANY_DIGITS: usize = 11;

/// A content security policy under which nothing but our own files runs or loads.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                   form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A browser that was here once speaks TLS to this host, and to those below it, for a year.
const HSTS: &str = "max-age=31536000; includeSubDomains";

/// Puts the layers around the routes.
pub fn around(routes: Router<App>, app: &App) -> Router<App> {
    let fixed = |name: &'static str, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    // Never over plain HTTP, where a browser would not believe it (RFC 6797, 7.2).
    let strict = app.config.server.is_https().then(|| HeaderValue::from_static(HSTS));
    routes
        .layer(DefaultBodyLimit::max(app.config.limits.body_bytes))
        .layer(middleware::from_fn_with_state(app.clone(), in_time))
        .layer(middleware::from_fn_with_state(app.clone(), origin))
        .layer(cors(&app.config.server.allowed_origins))
        .layer(fixed("content-security-policy", CSP))
        .layer(fixed("x-content-type-options", "nosniff"))
        // Not `no-referrer`: under it browsers send `Origin: null` with our own forms, which `origin` refuses.
        .layer(fixed("referrer-policy", "same-origin"))
        .layer(fixed("permissions-policy", "camera=(), microphone=(), geolocation=()"))
        .layer(fixed("cross-origin-opener-policy", "same-origin"))
        .layer(fixed("cache-control", "no-store"))
        .layer(SetResponseHeaderLayer::if_not_present(header::STRICT_TRANSPORT_SECURITY, strict))
        .layer(CatchPanicLayer::custom(|_| ApiError::Internal.into_response()))
        .layer(middleware::from_fn_with_state(app.clone(), numbered))
}

/// A browser says where a request comes from. Reading needs no check: CORS keeps answers from others.
async fn origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(origin) = request.headers().get(header::ORIGIN).filter(|_| !reads) {
        let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or("");
        let origin = origin.to_str().unwrap_or("");
        // Where we have TLS, a page that came without it may be anybody's.
        let plain = || origin.strip_prefix("http://").filter(|_| !app.config.server.is_https());
        let own = origin.strip_prefix("https://").or_else(plain) == Some(host)
            || origin == app.config.server.public_url;
        if !own && !app.config.server.allowed_origins.iter().any(|allowed| allowed == origin) {
            return ApiError::Forbidden.into_response();
        }
    }
    next.run(request).await
}

/// What a page of the bank's own site may send and read. Cookies stay out: such a page has a token.
fn cors(allowed: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = allowed.iter().filter_map(|o| o.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("traceparent"),
        ])
        .expose_headers([
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("contactiq-request-id"),
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit"),
            HeaderName::from_static("ratelimit-policy"),
        ])
        .max_age(Duration::from_secs(600))
}

/// A body has a limited time to arrive in whole; a client that drips it is told so.
async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let patience = Duration::from_secs(app.config.server.client_timeout_seconds);
    let until = tokio::time::Instant::now() + patience;
    let request = request.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        let frames = futures_util::stream::unfold(Some(body.into_data_stream()), move |frames| async move {
            let mut frames = frames?;
            match tokio::time::timeout_at(until, frames.next()).await {
                Ok(Some(frame)) => Some((frame, Some(frames))),
                Ok(None) => None,
                Err(_) => {
                    Some((Err(axum::Error::new(std::io::Error::from(std::io::ErrorKind::TimedOut))), None))
                }
            }
        });
        Body::from_stream(frames)
    });
    next.run(request).await
}

async fn numbered(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let since = Instant::now();
    let (given, from) = told(&app, &request);
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let numbered = number(&app, given, from, &route).await;
    let noted = access::Noted::default();
    let method = request.method().clone();
    let trace = request
        .headers()
        .get("traceparent")
        .and_then(|v| v.to_str().ok())
        .and_then(trace_id)
        .unwrap_or_default();
    let span = tracing::info_span!(
        "request",
        request_id = %numbered.request_id,
        correlation_id = numbered.correlation_id.as_deref().unwrap_or(""),
        trace_id = %trace,
    );
    request.extensions_mut().insert(numbered.clone());
    request.extensions_mut().insert(noted.clone());
    let speaks_openai = chat::speaks(&route);
    let mut attempt = Attempt { app, numbered, noted, method, route, since, span, status: None, kept: false };
    // PostgreSQL holds no zero byte, and no address of ours has one.
    let response = if request.uri().path().contains("%00") {
        ApiError::NoRoute.into_response()
    } else if request.uri().query().is_some_and(|query| query.contains("%00")) {
        ApiError::invalid("query_invalid", "the query holds a zero byte (%00): leave it out").into_response()
    } else {
        next.run(request).instrument(attempt.span.clone()).await
    };
    attempt.status = Some(response.status());
    let response =
        if attempt.is_on_record().await { response } else { ApiError::Unavailable.into_response() };
    let response = finish(response, &attempt.numbered, speaks_openai).await;
    attempt.status = Some(response.status());
    response
}

/// Nginx's word for a client that was gone before the answer; nobody is sent it.
const CLIENT_GONE: u16 = 499;

/// One attempt, which leaves its event however it ends: a client that closes the connection drops
/// the future that would have answered it.
struct Attempt {
    app: App,
    numbered: Numbered,
    noted: access::Noted,
    method: Method,
    route: String,
    since: Instant,
    span: tracing::Span,
    status: Option<StatusCode>,
    /// Whether its event is durable.
    kept: bool,
}

impl Attempt {
    /// Nobody is shown data before it is on record that they were, and nobody hears that they were refused (E6). A
    /// question is on record by itself before its answer is shown; who is turned away by a limit is not worth a wait.
    async fn is_on_record(&mut self) -> bool {
        let status = self.status.unwrap_or(StatusCode::OK);
        if self.is_one_of_many() {
            return true;
        }
        let asks = self.method == Method::POST && (asks(&self.route) || self.route == "/chat/{mode}");
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        if is_unlisted(&self.route)
            || (asks && !refused)
            || status == StatusCode::TOO_MANY_REQUESTS
            || status.is_server_error()
        {
            return true;
        }
        self.kept = self.app.access.keep(self.event(status.as_u16())).await;
        if !self.kept {
            tracing::error!(
                critical = true,
                "access to data was not shown, because it could not be put on record"
            );
        }
        // What was changed is changed: whoever did it hears so, and a key that is shown once is shown.
        self.kept || (!refused && !matches!(self.method, Method::GET | Method::HEAD))
    }

    /// Whether nobody who is known asked, as often before in this minute: then it is told with others like it, since
    /// whoever has no key must not make the log grow without end.
    fn is_one_of_many(&self) -> bool {
        let noted = &self.noted;
        let is_new = !noted.is_unheard() && !noted.is_known() && !noted.is_counted();
        if is_new && !is_unlisted(&self.route) {
            noted.set_counted();
            let (now, most) = (self.app.house.clock.now(), self.app.config.limits.failures_per_minute);
            let refused = matches!(self.status, Some(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN));
            if self.app.guesses.is_one_of_many(self.numbered.ip, refused, now, most) {
                self.noted.set_unheard();
            }
        }
        self.noted.is_unheard()
    }

    fn event(&self, status: u16) -> AccessEvent {
        AccessEvent {
            id: access::event_id(&*self.app.house.ids),
            at: self.app.house.clock.now(),
            actor: self.noted.name(),
            from_ip: self.numbered.ip.to_string(),
            method: method_name(&self.method).to_owned(),
            route: self.route.clone(),
            // What was seen or changed ([`seen`]).
            target: self.noted.target(),
            result: result(status),
            status,
            reason: self.noted.reason(),
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let status = self.status.map_or(CLIENT_GONE, |status| status.as_u16());
        let many = self.is_one_of_many();
        self.span.in_scope(|| note(self, status));
        // Health checks and files would drown what an auditor looks for.
        if !self.kept && !is_unlisted(&self.route) && !many {
            self.app.access.note(self.event(status), &self.app.tasks);
        }
    }
}

/// Whether a POST to this route of the API asks a question.
fn asks(route: &str) -> bool {
    matches!(route, "/v1/interactions" | "/v1/chat/completions")
}

fn is_unlisted(route: &str) -> bool {
    is_probe(route) || route == "/assets/{file}"
}

const fn result(status: u16) -> AccessResult {
    match status {
        401 => AccessResult::Unauthenticated,
        403 => AccessResult::Forbidden,
        429 => AccessResult::Limited,
        _ => AccessResult::Allowed,
    }
}

/// What a request calls itself, if that looks like an id, and where it comes from.
fn told(app: &App, request: &Request) -> (Option<String>, From) {
    let header = request.headers().get("x-request-id").and_then(|v| v.to_str().ok());
    let ip = request
        .extensions()
        .get::<ConnectInfo<std::net::SocketAddr>>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |c| c.ip());
    let from = app.proxies.from(ip, request.headers());
    (header.filter(|id| fit(id)).map(str::to_owned), from)
}

/// Anybody may send an id, known or not: what is surely none of a person's is not read, and probes, which nobody
/// looks for by an id, have nothing else kept.
async fn number(app: &App, given: Option<String>, from: From, route: &str) -> Numbered {
    let correlation_id = match given {
        Some(id) if is_random(&id) => Some(id),
        Some(id) if !is_probe(route) && !is_personal(app, &id).await => Some(id),
        _ => None,
    };
    let From { ip, country } = from;
    let request_id = RequestId::new(&*app.house.ids);
    Numbered { request_id, correlation_id, ip, country, limits: Arc::default() }
}

fn is_probe(route: &str) -> bool {
    matches!(route, "/health" | "/ready")
}

/// A card or telephone number looks like an id too; and what can't be read is not kept.
async fn is_personal(app: &App, id: &str) -> bool {
    if has_long_number(id) {
        return true;
    }
    // As words, too: a name is none while its parts are joined.
    let words = id.replace(['-', '_', '.'], " ");
    let raw = |text: &str| contactiq_guard::Raw::new(text);
    let masked = app.house.guard.mask_all(vec![raw(id), raw(&words)]).await;
    masked.map_or(true, |masked| masked.iter().map(contactiq_guard::Masked::as_str).ne([id, words.as_str()]))
}

/// Whether an id carries a number that could be somebody's, whatever letters touch it and marks part it.
fn has_long_number(id: &str) -> bool {
    let digits = |run: &str| run.bytes().filter(u8::is_ascii_digit).count();
    id.split(|c: char| c.is_ascii_alphabetic()).any(|run| digits(run) >= LONG_NUMBER)
}

/// Whether an id is a UUID of RFC 9562, by its version and variant. One with a long run of digits is not taken
/// unread: a card number may stand in it.
fn is_random(id: &str) -> bool {
    let known = |uuid: uuid::Uuid| {
        (1..=8).contains(&uuid.get_version_num()) && uuid.get_variant() == uuid::Variant::RFC4122
    };
    let digits = |run: &str| run.bytes().filter(u8::is_ascii_digit).count();
    id.len() == 36
        && id.split(|c: char| c.is_ascii_alphabetic()).all(|run| digits(run) < MANY_DIGITS)
        && uuid::Uuid::try_parse(id).is_ok_and(known)
}

/// A correlation id is kept when it looks like an id: a sentence could carry personal data.
fn fit(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The trace id of a W3C `traceparent` that is valid as a whole. Random ids have letters among their digits (of
/// 200 one has so long a run without): what has few may be a card or telephone number in the place of an id.
fn trace_id(value: &str) -> Option<String> {
    let mut parts = value.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |s: &str, n: usize| {
        s.len() == n && s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let id = |s: &str, n: usize| hex(s, n) && s.bytes().any(|b| b != b'0');
    let valid = hex(version, 2) && version != "ff" && id(trace, 32) && id(parent, 16) && hex(flags, 2);
    // Later versions may have more parts than ours.
    let whole = version != "00" || parts.next().is_none();
    let letters = trace.bytes().filter(u8::is_ascii_alphabetic).count();
    let random = letters >= 4 && trace.split(|c: char| c.is_ascii_alphabetic()).all(|run| run.len() < 15);
    (valid && whole && random).then(|| trace.to_owned())
}

/// Adds the ids to the answer, and the request id to the body of an error, in the shape that the route speaks.
async fn finish(mut response: Response, numbered: &Numbered, speaks_openai: bool) -> Response {
    let request_id = numbered.request_id.to_string();
    if response.extensions().get::<ApiError>().is_none() {
        match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => response = ApiError::Method.into_response(),
            StatusCode::PAYLOAD_TOO_LARGE => response = ApiError::TooLarge.into_response(),
            // What axum's own extractors refuse comes as plain text, which may quote what was sent.
            status if status.is_client_error() && is_plain(&response) => {
                response = ApiError::invalid(
                    "request_unreadable",
                    "the address, its query or the form can't be read: check its fields and their encoding",
                )
                .into_response();
            }
            _ => {}
        }
    }
    if let Some(error) = response.extensions().get::<ApiError>().cloned() {
        let (mut parts, _) = response.into_parts();
        let body = if speaks_openai {
            let shape = chat::ErrorShape::of(&error, &request_id);
            parts.status = chat::ErrorShape::status(&error);
            parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            serde_json::to_vec(&shape)
        } else {
            serde_json::to_vec(&error.problem(&request_id))
        }
        .unwrap_or_default();
        parts.headers.remove(header::CONTENT_LENGTH);
        response = Response::from_parts(parts, Body::from(body));
    }
    let headers = response.headers_mut();
    if let Some(told) = numbered.limits.get() {
        told.put(headers);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert("contactiq-request-id", value.clone());
        let echoed = numbered.correlation_id.as_deref().and_then(|c| HeaderValue::from_str(c).ok());
        headers.insert("x-request-id", echoed.unwrap_or(value));
    }
    response
}

fn is_plain(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/plain"))
}

/// A method as logs and figures call it: clients may send any word as one.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn note(attempt: &Attempt, status: u16) {
    let ms = attempt.since.elapsed().as_secs_f64() * 1000.0;
    let (actor, method, route) = (attempt.noted.name(), method_name(&attempt.method), &attempt.route);
    // A load balancer that asks whether we are ready has no habits.
    if !is_unlisted(route) {
        attempt.app.unusual.note(&actor, &attempt.numbered, route, status, attempt.app.house.clock.now());
    }
    let (result, reason) = (result(status), attempt.noted.reason().unwrap_or_default());
    if !attempt.noted.is_unheard() {
        tracing::info!(user_id = actor.as_str(), from = %attempt.numbered.ip, method, route, status, result = %result, reason, duration_ms = ms, "request answered");
    }
    let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
    metrics::counter!("contactiq_http_requests_total", &labels).increment(1);
    metrics::histogram!("contactiq_http_request_seconds", "route" => route.to_owned()).record(ms / 1000.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_counts() {
        assert!(trace_id("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").is_some());
        for bad in [
            "",
            "00",
            "00-0-0-0",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            // A card number and a letter or two.
            "00-000000000000000a4539148803436467-00f067aa0ba902b7-01",
            "00-abcdef000000000a4539148803436467-00f067aa0ba902b7-01",
        ] {
            assert!(trace_id(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_long_number_is_seen_whatever_touches_it() {
        for id in
            ["c4539148803436467", "id_4539-1488-0343-6467", "s512-33-4567", "n876543210", "x203.0.113.7"]
        {
            assert!(has_long_number(id), "{id}");
        }
        for id in ["trace-12-ab34", "req-000042", "a1b2c3d4e5f6"] {
            assert!(!has_long_number(id), "{id}");
        }
    }

    #[test]
    fn a_uuid_is_taken_unread_and_what_only_looks_like_one_is_not() {
        for uuid in [
            "0192f0c5-7e2b-7c3d-9a4e-5f6a7b8c9d0e",
            "7D444840-9DC0-11D1-B245-5FFDCE74FAD2",
            "9f1c2e3a-4b5d-4e6f-8a7b-0c1d2e3f4a5b",
        ] {
            assert!(is_random(uuid) && fit(uuid), "{uuid}");
        }
        for other in [
            "00000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
            "0192f0c5-7e2b-9c3d-9a4e-5f6a7b8c9d0e",
            "0192f0c5-7e2b-7c3d-1a4e-5f6a7b8c9d0e",
            "0192f0c57e2b7c3d9a4e5f6a7b8c9d0e",
            "0192f0c5-7e2b-7c3d-9a4e-5f6a7b8c9d0",
            "0192f0c5_7e2b_7c3d_9a4e_5f6a7b8c9d0e",
            // A card number.
            "a4111111-1111-4111-811a-bcdefabcdefa",
            "41111111-1111-4111-8111-111111111111",
            "checkout-42",
            "",
        ] {
            assert!(!is_random(other), "{other}");
        }
    }

    #[test]
    fn a_sentence_is_no_correlation_id() {
        assert!(fit("checkout-42.a_b"));
        assert!(!fit("my name is Jo"));
        assert!(!fit(""));
        assert!(!fit(&"a".repeat(65)));
    }
}
