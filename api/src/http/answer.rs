//! A GraphQL response as it leaves: every error with a code, the error list bounded, the status after the media type.

use std::collections::BTreeMap;

use async_graphql::{Response, ServerError};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

use super::accept::MediaType;
use super::call::RequestId;
use super::meter::{Exhausted, Standing};
use crate::error::{ErrorCode, ServerErrorExt as _};

/// Errors in one answer at most.
pub(super) const ERRORS: usize = 20;

/// An answer as it is serialized: its data keeps the order in which the document asks for them.
#[derive(Debug, Serialize)]
pub(super) struct Body {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<ServerError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<async_graphql::Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, async_graphql::Value>,
}

/// The body of an answer, and whether the request was refused before it was executed.
pub(super) fn body(mut response: Response) -> (Body, bool) {
    response.errors.truncate(ERRORS);
    // An error without a path, and no data, is a refusal of the request as a whole.
    let refused = !response.errors.is_empty()
        && response.data == async_graphql::Value::Null
        && response.errors.iter().all(|error| error.path.is_empty());
    let errors = response.errors.into_iter().map(with_some_code).collect::<Vec<_>>();
    let data = (!refused).then_some(response.data);
    (Body { errors, data, extensions: response.extensions.into_iter().collect() }, refused)
}

/// The one place where the executor's own errors, which carry no code, get one: a value that a scalar or an input type
/// refused while a resolver's arguments were read.
fn with_some_code(error: ServerError) -> ServerError {
    if error.code().is_some() { error } else { error.with_code(ErrorCode::BadUserInput) }
}

/// An executed or refused request.
pub(super) fn graphql(response: Response, media: MediaType) -> axum::response::Response {
    let (body, refused) = body(response);
    let unavailable = body.errors.iter().any(|error| error.code() == Some(ErrorCode::Unavailable.as_str()));
    let status = match (media, refused) {
        (_, true) if unavailable => StatusCode::SERVICE_UNAVAILABLE,
        (MediaType::GraphqlResponse, true) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    with_status(status, media, &body)
}

/// A request that did not get as far as GraphQL.
pub(super) fn refusal(
    status: StatusCode,
    errors: Vec<ServerError>,
    media: MediaType,
) -> axum::response::Response {
    let mut answer = with_status(status, media, &json!({ "errors": errors }));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    answer
}

/// Tells what the caller may still spend, after the IETF's draft of RateLimit header fields for HTTP.
pub(super) fn tell_standing(response: &mut axum::response::Response, standing: Option<Standing>) {
    let Some(Standing { burst, left, full_in, window }) = standing else { return };
    set(response, "ratelimit-policy", &format!("\"cost\";q={burst};w={window}"));
    set(response, "ratelimit", &format!("\"cost\";r={left};t={full_in}"));
}

/// Tells when to try again.
pub(super) fn tell_exhausted(response: &mut axum::response::Response, exhausted: Exhausted) {
    if let Some(seconds) = exhausted.seconds() {
        set(response, "retry-after", &seconds.to_string());
        set(response, "ratelimit", &format!("\"cost\";r=0;t={seconds}"));
    }
}

/// Tells the request's name.
pub(super) fn tell_request_id(response: &mut axum::response::Response, id: &RequestId) {
    set(response, "x-request-id", id.as_str());
}

fn set(response: &mut axum::response::Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

fn with_status(status: StatusCode, media: MediaType, body: &impl Serialize) -> axum::response::Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media.content_type())),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, serde_json::to_vec(body).unwrap_or_default()).into_response()
}
