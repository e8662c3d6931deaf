//! `/graphql` over HTTP, after the GraphQL-over-HTTP specification: POST with JSON, GET for queries, and the upgrade to
//! a socket.

use std::sync::Arc;
use std::time::Instant;

use async_graphql::{Request, ServerError};
use axum::body::{Body, to_bytes};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use super::accept::{MediaType, is_json, negotiate};
use super::document::{OperationKind, read};
use super::gateway::Refusal;
use super::params::Params;
use super::server::Serving;
use super::{answer, origin, socket};
use crate::error::ErrorCode;

/// Why a request is not executed.
type Refused = (StatusCode, ServerError);

/// Every request to `/graphql`.
pub(super) async fn handle(State(serving): State<Arc<Serving>>, request: axum::extract::Request) -> Response {
    let started = Instant::now();
    let (mut parts, body) = request.into_parts();
    if parts.headers.contains_key("upgrade") {
        return match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
            Ok(upgrade) if origin::allowed(&parts.headers, &serving.config) => {
                socket::upgrade(serving, upgrade, &parts.headers)
            }
            Ok(_) => {
                refuse(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "this origin may not open sockets here")
            }
            Err(_) => refuse(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, "not a WebSocket upgrade"),
        };
    }
    let Some(media) = negotiate(&parts.headers) else {
        let message = "answers are application/graphql-response+json or application/json";
        return refuse(StatusCode::NOT_ACCEPTABLE, ErrorCode::BadUserInput, message);
    };
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let outcome = perform(&serving, &parts.method, &parts.headers, &query, body).await;
    let (kind, code, response) = match outcome {
        Ok((kind, response)) => {
            let code = response.errors.first().map_or("OK", |_| "ERROR");
            (kind.as_str(), code, answer::graphql(response, media))
        }
        Err((status, error)) => ("none", "REFUSED", answer::refusal(with_media(status, media), error, media)),
    };
    metrics::counter!("gpu_fleet_requests_total", "operation" => kind, "outcome" => code).increment(1);
    metrics::histogram!("gpu_fleet_request_seconds", "operation" => kind).record(started.elapsed());
    response
}

/// A well-formed request that is refused as GraphQL is answered with 200 under the older media type.
fn with_media(status: StatusCode, media: MediaType) -> StatusCode {
    match (status, media) {
        (StatusCode::UNPROCESSABLE_ENTITY, MediaType::Json) => StatusCode::OK,
        (StatusCode::UNPROCESSABLE_ENTITY, MediaType::GraphqlResponse) => StatusCode::BAD_REQUEST,
        (status, _) => status,
    }
}

fn refuse(status: StatusCode, code: ErrorCode, message: &str) -> Response {
    answer::refusal(status, code.error(message), MediaType::Json)
}

async fn perform(
    serving: &Serving,
    method: &Method,
    headers: &HeaderMap,
    query: &str,
    body: Body,
) -> Result<(OperationKind, async_graphql::Response), Refused> {
    let params = read_params(serving, method, headers, query, body).await?;
    let who = match bearer(headers) {
        Some(token) => serving.gateway.authenticate(token).await.map_err(refused)?,
        None => {
            return Err((
                StatusCode::UNAUTHORIZED,
                ErrorCode::Unauthenticated.error("a bearer token is needed"),
            ));
        }
    };
    let limits = &serving.config.limits;
    let as_graphql = |error: ServerError| (StatusCode::UNPROCESSABLE_ENTITY, error);
    let mut request: Request = params.into_request(limits).map_err(as_graphql)?;
    let kind = read(&mut request, limits).map_err(as_graphql)?;
    match kind {
        OperationKind::Mutation if method == Method::GET => Err((
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::BadUserInput.error("a mutation is sent with POST"),
        )),
        OperationKind::Subscription => {
            Err(as_graphql(ErrorCode::BadUserInput.error("a subscription needs a WebSocket to /graphql")))
        }
        kind => Ok((kind, serving.gateway.execute(request, who).await)),
    }
}

async fn read_params(
    serving: &Serving,
    method: &Method,
    headers: &HeaderMap,
    query: &str,
    body: Body,
) -> Result<Params, Refused> {
    let bad = |error: ServerError| (StatusCode::BAD_REQUEST, error);
    if method == Method::GET {
        return Params::from_query_string(query).map_err(bad);
    }
    if method != Method::POST {
        return Err((
            StatusCode::METHOD_NOT_ALLOWED,
            ErrorCode::BadUserInput.error("POST, or GET for queries"),
        ));
    }
    if !is_json(headers) {
        let error = ErrorCode::BadUserInput.error("the body must be application/json in UTF-8");
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
    }
    let most = serving.config.body_bytes;
    let bytes = to_bytes(body, most).await.map_err(|_| {
        let error = ErrorCode::BadUserInput.error(format!("the body is longer than {most} bytes"));
        (StatusCode::PAYLOAD_TOO_LARGE, error)
    })?;
    Params::from_json(&bytes).map_err(bad)
}

/// The token of the `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    strip_scheme(headers.get(AUTHORIZATION)?.to_str().ok()?)
}

/// What follows `Bearer`.
pub(super) fn strip_scheme(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn refused(refusal: Refusal) -> Refused {
    match refusal {
        Refusal::Unauthenticated(message) => {
            (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated.error(message))
        }
        Refusal::Unavailable(message) => {
            (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable.error(message))
        }
    }
}
