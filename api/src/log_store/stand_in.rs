//! A stand-in for an S3-compatible store: objects of one bucket in memory. It checks no signature, and can be away.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::LogStore;

/// The bucket.
#[derive(Clone, Default)]
pub(crate) struct StandIn {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    away: Arc<AtomicBool>,
}

impl StandIn {
    /// Begins to serve, and answers the log store that uses it.
    pub(crate) async fn start() -> (Self, LogStore) {
        let bucket = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(bucket.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = [
            ("AWS_ENDPOINT", format!("http://{address}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        let logs = LogStore::with_settings("s3://bucket/logs", settings).expect("a log store");
        (bucket, logs)
    }

    /// From now on it refuses everything, or does not any more.
    pub(crate) fn is_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// What is in it, by name.
    pub(crate) fn objects(&self) -> BTreeMap<String, Bytes> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn answer(
    State(bucket): State<StandIn>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if bucket.away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let name = uri.path().to_owned();
    let mut objects = bucket.objects.lock().unwrap_or_else(PoisonError::into_inner);
    let described = [(header::ETAG, "\"etag\""), (header::LAST_MODIFIED, "Mon, 01 Jan 2024 00:00:00 GMT")];
    match (method, objects.get(&name)) {
        (Method::PUT, _) => {
            objects.insert(name, body);
            described.into_response()
        }
        (Method::DELETE, _) => {
            objects.remove(&name);
            StatusCode::NO_CONTENT.into_response()
        }
        (_, None) => StatusCode::NOT_FOUND.into_response(),
        (Method::HEAD, Some(object)) => {
            (described, [(header::CONTENT_LENGTH, object.len().to_string())]).into_response()
        }
        (_, Some(object)) => match headers.get(header::RANGE).and_then(|range| range.to_str().ok()) {
            None => (described, object.clone()).into_response(),
            Some(range) => {
                let (first, last) = range.trim_start_matches("bytes=").split_once('-').expect("a range");
                let (first, last): (usize, usize) =
                    (first.parse().expect("a number"), last.parse().expect("a number"));
                let told = format!("bytes {first}-{last}/{}", object.len());
                let part = object.slice(first..=last);
                (StatusCode::PARTIAL_CONTENT, described, [(header::CONTENT_RANGE, told)], part)
                    .into_response()
            }
        },
    }
}
