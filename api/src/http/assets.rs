//! The dashboard's files, embedded in the binary.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde_json::json;

/// The explorer's editor sets styles of its own; scripts stay those of this server.
const EXPLORER_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data:; \
object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist"]
struct Dashboard;

/// A file of the dashboard; a path without a dot in its last part is one of its views.
pub(super) async fn handle(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_view = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let name = match path {
        "graphiql" => "graphiql.html",
        _ if is_view => "index.html",
        file => file,
    };
    match Dashboard::get(name) {
        Some(file) => send(name, &file, &headers),
        None => {
            let body = json!({"errors": [{"message": "there is no such page", "extensions": {"code": "NOT_FOUND"}}]});
            (StatusCode::NOT_FOUND, axum::Json(body)).into_response()
        }
    }
}

fn send(name: &str, file: &EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = file.metadata.sha256_hash();
    // Weak: the same file may be sent packed or not.
    let etag = format!("W/\"{}\"", hash[..16].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    // Hashed names never change what they name.
    let caching =
        if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let unchanged = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let (status, body) = if unchanged {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        (StatusCode::OK, Body::from(file.data.clone()))
    };
    let headers =
        [(CONTENT_TYPE, media_type(name).to_owned()), (CACHE_CONTROL, caching.to_owned()), (ETAG, etag)];
    let mut response = (status, headers, body).into_response();
    if name == "graphiql.html" {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(EXPLORER_POLICY));
    }
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "map" => "application/json",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
