//! A GraphQL response as it leaves: every error with a code, the error list bounded, the status after the media type.

use std::collections::BTreeMap;

use async_graphql::{Response, ServerError};
use axum::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::json;

use super::accept::MediaType;
use crate::error::{ErrorCode, ServerErrorExt as _};

/// Errors in one answer at most.
const ERRORS: usize = 20;

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
    // Errors of the executor without a path are its refusals of the document: unknown fields, wrong types, limits.
    let refused = !response.errors.is_empty()
        && response.data == async_graphql::Value::Null
        && response.errors.iter().all(|error| error.path.is_empty());
    let errors = response.errors.into_iter().map(|error| with_some_code(error, refused)).collect::<Vec<_>>();
    let data = (!refused).then_some(response.data);
    (Body { errors, data, extensions: response.extensions.into_iter().collect() }, refused)
}

/// The one place where the executor's own errors, which carry no code, get one.
fn with_some_code(error: ServerError, refused: bool) -> ServerError {
    if error.code().is_some() {
        return error;
    }
    if !refused {
        // A value that a scalar or an input type refused while a resolver's arguments were read.
        return error.with_code(ErrorCode::BadUserInput);
    }
    let complex = ["too complex", "nested too deep", "recursion", "many directives", "many aliases", "limit"];
    let message = error.message.to_ascii_lowercase();
    let code = if complex.iter().any(|word| message.contains(word)) {
        ErrorCode::QueryTooComplex
    } else {
        ErrorCode::ValidationFailed
    };
    error.with_code(code)
}

/// An executed or refused request.
pub(super) fn graphql(response: Response, media: MediaType) -> axum::response::Response {
    let (body, refused) = body(response);
    let status = match (media, refused) {
        (MediaType::GraphqlResponse, true) => StatusCode::BAD_REQUEST,
        _ => StatusCode::OK,
    };
    with_status(status, media, &body)
}

/// A request that did not get as far as GraphQL.
pub(super) fn refusal(status: StatusCode, error: ServerError, media: MediaType) -> axum::response::Response {
    let mut answer = with_status(status, media, &json!({ "errors": [error] }));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    }
    answer
}

fn with_status(status: StatusCode, media: MediaType, body: &impl Serialize) -> axum::response::Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(media.content_type())),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, serde_json::to_vec(body).unwrap_or_default()).into_response()
}
