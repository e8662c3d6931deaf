//! A stand-in for an S3-compatible store: objects of one bucket in memory. It checks no signature, and can be away.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
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

    /// Puts something into it behind everybody's back.
    pub(crate) fn put(&self, name: &str, object: &'static [u8]) {
        let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.insert(name.to_owned(), Bytes::from_static(object));
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
    Query(query): Query<HashMap<String, String>>,
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
        (Method::GET, None) if query.contains_key("list-type") => {
            list(&objects, &format!("{}/", name.trim_end_matches('/')), &query).into_response()
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

/// Some of what lies below a prefix, from behind a name on, and where the rest begins.
fn list(objects: &BTreeMap<String, Bytes>, bucket: &str, query: &HashMap<String, String>) -> String {
    const AT_ONCE: usize = 3;
    let asked = |name: &str| query.get(name).map_or("", String::as_str);
    let (prefix, behind) = (asked("prefix"), asked("continuation-token"));
    let names = objects.keys().filter_map(|name| name.strip_prefix(bucket));
    let wanted: Vec<&str> = names.filter(|name| name.starts_with(prefix) && *name > behind).collect();
    let listed = wanted.iter().take(AT_ONCE).map(|name| {
        format!(
            "<Contents><Key>{name}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>"
        )
    });
    let listed: String = listed.collect();
    let last = wanted.get(AT_ONCE - 1).filter(|_| wanted.len() > AT_ONCE);
    let more = last
        .map_or_else(String::new, |last| format!("<NextContinuationToken>{last}</NextContinuationToken>"));
    format!("<ListBucketResult>{listed}{more}</ListBucketResult>")
}
