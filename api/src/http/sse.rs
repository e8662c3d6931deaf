//! `/graphql` as server-sent events, after the graphql-sse protocol's distinct-connections mode: one POST, one operation,
//! its results as `next` events and `complete` at the end.
//!
//! It ends with the token, and with the server: the client asks again, with `after`, and goes on without a gap.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Response as Answer;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt as _};
use tokio::time::{Instant, interval_at};

use super::answer::body;
use super::call::Call;
use super::document::Prepared;
use super::server::Serving;
use super::slots::Slot;

/// Proxies cut what is silent for longer.
const KEEP_ALIVE: Duration = Duration::from_secs(12);
const CHECK: Duration = Duration::from_secs(2);

/// Answers with a stream of events.
pub(super) fn respond(serving: &Arc<Serving>, prepared: Prepared, call: Call, slot: Slot) -> Response {
    let end = ended(serving.clone(), call.clone());
    let results = serving.stream(prepared, call).map(next);
    let events = results.chain(stream::once(async { complete() })).take_until(end).map(Ok::<_, Infallible>);
    let tracked = tracked(serving, events, slot);
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE).text("");
    let mut response = Sse::new(tracked).keep_alive(keep_alive).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Some proxies hold back what they do not know to be a stream.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn next(answer: Answer) -> Event {
    let text = serde_json::to_string(&body(answer).0).unwrap_or_default();
    Event::default().event("next").data(text)
}

fn complete() -> Event {
    Event::default().event("complete").data("")
}

/// When the server stops or the caller may not be here any more.
async fn ended(serving: Arc<Serving>, call: Call) {
    let mut check = interval_at(Instant::now() + CHECK, CHECK);
    loop {
        tokio::select! {
            () = serving.shutdown.cancelled() => return,
            _ = check.tick() => if !serving.gateway.still_valid(&call.who).await { return },
        }
    }
}

/// The stream keeps its place and counts as open until it is dropped; a graceful end waits for it.
fn tracked<S: Stream>(serving: &Serving, events: S, slot: Slot) -> impl Stream<Item = S::Item> + use<S> {
    let held = (serving.sockets.token(), slot);
    events.inspect(move |_| {
        let _ = &held;
    })
}
