//! `/graphql` over HTTP, after the GraphQL-over-HTTP specification: POST with JSON, GET for queries, events for who accepts
//! them, and the upgrade to a socket.

use std::net::SocketAddr;
use std::sync::Arc;

use async_graphql::ServerError;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{ConnectInfo, FromRequestParts, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

use super::accept::{Accepted, MediaType, is_json, negotiate};
use super::body::{discard, read};
use super::call::{Call, RequestId};
use super::document::{OperationKind, Prepared, Refusals};
use super::gateway::Refusal;
use super::meter::{Exhausted, Standing};
use super::params::Params;
use super::server::Serving;
use super::{answer, origin, socket, sse};
use crate::auth::Principal;
use crate::error::ErrorCode;

/// Bodies up to this long are read any number at a time.
const SMALL_BODY: usize = 256 << 10;

/// Why a request is not executed.
struct Refused {
    status: StatusCode,
    errors: Refusals,
    exhausted: Option<Exhausted>,
}

/// Every request to `/graphql`.
pub(super) async fn handle(State(serving): State<Arc<Serving>>, request: axum::extract::Request) -> Response {
    let (mut parts, body) = request.into_parts();
    if parts.headers.contains_key("upgrade") {
        return upgrade(serving, &mut parts).await;
    }
    let Some(accepted) = negotiate(&parts.headers) else {
        discard(body).await;
        let message = "answers are application/graphql-response+json, application/json or text/event-stream";
        return refuse(StatusCode::NOT_ACCEPTABLE, ErrorCode::BadUserInput, message);
    };
    let response = match prepare(&serving, &parts, body).await {
        Ok(ready) if wants_events(accepted, &ready) => events(&serving, ready),
        Ok(ready) => respond(&serving, ready, accepted.answer).await,
        Err(refused) => answer_refusal(refused, accepted.answer),
    };
    let status = response.status().as_u16().to_string();
    metrics::counter!("gpu_fleet_http_requests_total", "status" => status).increment(1);
    response
}

async fn upgrade(serving: Arc<Serving>, parts: &mut Parts) -> Response {
    let address = address(parts);
    match WebSocketUpgrade::from_request_parts(parts, &()).await {
        Ok(upgrade) if origin::allowed(&parts.headers, &serving.config) => {
            socket::upgrade(serving, upgrade, &parts.headers, address)
        }
        Ok(_) => refuse(StatusCode::FORBIDDEN, ErrorCode::Forbidden, "this origin may not open sockets here"),
        Err(_) => refuse(StatusCode::BAD_REQUEST, ErrorCode::BadUserInput, "not a WebSocket upgrade"),
    }
}

/// An operation that was admitted.
struct Ready {
    prepared: Prepared,
    call: Call,
    standing: Option<Standing>,
}

fn wants_events(accepted: Accepted, ready: &Ready) -> bool {
    let many = ready.prepared.kind == OperationKind::Subscription;
    accepted.answer == MediaType::Events || (many && accepted.events)
}

async fn prepare(serving: &Serving, parts: &Parts, body: Body) -> Result<Ready, Refused> {
    // Nothing is kept of what strangers send.
    let who = match authenticate(serving, &parts.headers).await {
        Ok(who) => who,
        Err(refusal) => {
            discard(body).await;
            return Err(refusal.into());
        }
    };
    let params = read_params(serving, parts, body).await?;
    let prepared = serving.documents.prepare(params).map_err(Refused::as_graphql)?;
    if prepared.kind == OperationKind::Mutation && parts.method == Method::GET {
        return Err(Refused::one(StatusCode::METHOD_NOT_ALLOWED, "a mutation is sent with POST"));
    }
    let standing = serving.admit(&prepared, &who)?;
    Ok(Ready { prepared, call: Call { who, id: RequestId::new(), address: address(parts) }, standing })
}

async fn authenticate(serving: &Serving, headers: &HeaderMap) -> Result<Principal, Refusal> {
    match bearer(headers) {
        Some(token) => serving.gateway.authenticate(token).await,
        None => Err(Refusal::Unauthenticated("a bearer token is needed".into())),
    }
}

async fn respond(serving: &Arc<Serving>, ready: Ready, media: MediaType) -> Response {
    if ready.prepared.kind == OperationKind::Subscription {
        let error = ErrorCode::BadUserInput
            .error("a subscription needs a WebSocket, or a POST that accepts text/event-stream");
        return answer_refusal(Refused::as_graphql(vec![error]), media);
    }
    let id = ready.call.id.clone();
    let mut response = answer::graphql(serving.execute(ready.prepared, ready.call).await, media);
    answer::tell_standing(&mut response, ready.standing);
    answer::tell_request_id(&mut response, &id);
    response
}

fn events(serving: &Arc<Serving>, ready: Ready) -> Response {
    let account = ready.call.who.account().unwrap_or_default();
    match serving.streams.take(&account) {
        Some(slot) => sse::respond(serving, ready.prepared, ready.call, slot),
        None => refuse(
            StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::RateLimited,
            "too many event streams are open for this caller",
        ),
    }
}

async fn read_params(serving: &Serving, parts: &Parts, body: Body) -> Result<Params, Refused> {
    let bad = |error: ServerError| Refused {
        status: StatusCode::BAD_REQUEST,
        errors: vec![error],
        exhausted: None,
    };
    if parts.method == Method::GET {
        return Params::from_query_string(parts.uri.query().unwrap_or_default()).map_err(bad);
    }
    if parts.method != Method::POST {
        discard(body).await;
        return Err(Refused::one(StatusCode::METHOD_NOT_ALLOWED, "POST, or GET for queries"));
    }
    if !is_json(&parts.headers) {
        discard(body).await;
        let message = "the body must be application/json in UTF-8";
        return Err(Refused::one(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let most = serving.config.body_bytes;
    // What is read grows manyfold in memory; a body whose length is not told may be a long one.
    let length =
        parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let _place = match length {
        Some(length) if length <= SMALL_BODY => None,
        _ => serving.large_bodies.acquire().await.ok(),
    };
    let bytes = read(body, most).await.map_err(|(status, reason)| Refused::one(status, &reason))?;
    Params::from_json(&bytes).map_err(bad)
}

/// The other end of the connection.
pub(super) fn address(parts: &Parts) -> Option<std::net::IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
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

impl Refused {
    fn one(status: StatusCode, message: &str) -> Self {
        Self { status, errors: vec![ErrorCode::BadUserInput.error(message)], exhausted: None }
    }

    /// A well-formed request that is refused as GraphQL; its status depends on the media type.
    fn as_graphql(errors: Refusals) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, errors, exhausted: None }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (status, error) = match refusal {
            Refusal::Unauthenticated(message) => {
                (StatusCode::UNAUTHORIZED, ErrorCode::Unauthenticated.error(message))
            }
            Refusal::Unavailable(message) => {
                (StatusCode::SERVICE_UNAVAILABLE, ErrorCode::Unavailable.error(message))
            }
        };
        Self { status, errors: vec![error], exhausted: None }
    }
}

impl From<Exhausted> for Refused {
    fn from(exhausted: Exhausted) -> Self {
        let errors = vec![exhausted.error()];
        if exhausted.retry_after.is_none() {
            return Self::as_graphql(errors);
        }
        Self { status: StatusCode::TOO_MANY_REQUESTS, errors, exhausted: Some(exhausted) }
    }
}

/// A request that is refused before it is read.
pub(super) fn refuse(status: StatusCode, code: ErrorCode, message: &str) -> Response {
    answer::refusal(status, vec![code.error(message)], MediaType::Json)
}

fn answer_refusal(refused: Refused, media: MediaType) -> Response {
    let status = match (refused.status, media) {
        (StatusCode::UNPROCESSABLE_ENTITY, MediaType::Json) => StatusCode::OK,
        (StatusCode::UNPROCESSABLE_ENTITY, _) => StatusCode::BAD_REQUEST,
        (status, _) => status,
    };
    let mut response = answer::refusal(status, refused.errors, media);
    if let Some(exhausted) = refused.exhausted {
        answer::tell_exhausted(&mut response, exhausted);
    }
    response
}
