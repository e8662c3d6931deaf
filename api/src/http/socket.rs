//! `/graphql` over a WebSocket: a session of the graphql-transport-ws protocol, with its close codes and with bounds.
//!
//! One task reads and answers; each operation has a task of its own that hands its messages to a bounded queue, so that a
//! busy stream cannot starve its neighbours and a slow reader is cut instead of filling memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::Utc;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval_at, timeout};

use super::answer::body;
use super::call::{Call, RequestId};
use super::document::{OperationKind, Prepared};
use super::gateway::Refusal;
use super::graphql::{bearer, strip_scheme};
use super::params::Params;
use super::server::Serving;
use crate::auth::Principal;

const PROTOCOL: &str = "graphql-transport-ws";
const INIT: Duration = Duration::from_secs(10);
const PING: Duration = Duration::from_secs(20);
const CHECK: Duration = Duration::from_secs(2);
const WRITE: Duration = Duration::from_secs(10);
/// Messages that wait for a slow reader.
const QUEUE: usize = 256;

/// Why the server closes: code and reason.
type Close = (u16, &'static str);

/// Accepts a socket.
pub(super) fn upgrade(
    serving: Arc<Serving>,
    upgrade: WebSocketUpgrade,
    headers: &HeaderMap,
    address: Option<IpAddr>,
) -> Response {
    let token = bearer(headers).map(str::to_owned);
    let most = serving.config.message_bytes;
    upgrade
        .protocols([PROTOCOL])
        .max_message_size(most)
        .max_frame_size(most)
        .read_buffer_size(4 * 1024)
        .write_buffer_size(4 * 1024)
        // Each message is flushed before the next, within a time: what bounds the buffer is the largest answer.
        .max_write_buffer_size(usize::MAX)
        .on_upgrade(move |socket| async move {
            let tracker = serving.sockets.clone();
            tracker.track_future(hold(serving, socket, token, address)).await;
        })
}

async fn hold(serving: Arc<Serving>, mut socket: WebSocket, token: Option<String>, address: Option<IpAddr>) {
    metrics::gauge!("gpu_fleet_open_sockets").increment(1.0);
    let spoken = socket.protocol().is_some_and(|protocol| protocol == PROTOCOL);
    let close = if spoken {
        let (out, queue) = mpsc::channel(QUEUE);
        let session = Session {
            serving,
            token,
            address,
            who: None,
            operations: HashMap::new(),
            begun: 0,
            out,
            missed: 0,
        };
        session.run(&mut socket, queue).await
    } else {
        Some((4406, "Subprotocol not acceptable"))
    };
    if let Some((code, reason)) = close {
        let frame = CloseFrame { code, reason: reason.into() };
        let _ = timeout(WRITE, socket.send(Message::Close(Some(frame)))).await;
    }
    // Reading on sends the answer to the peer's close, or waits for the peer's answer: without either the peer takes the end
    // for a broken connection, and official clients wait before they use another.
    let _ = timeout(Duration::from_secs(1), async { while let Some(Ok(_)) = socket.recv().await {} }).await;
    metrics::gauge!("gpu_fleet_open_sockets").decrement(1.0);
}

#[derive(Deserialize)]
struct Incoming {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    payload: Option<Value>,
}

struct Session {
    serving: Arc<Serving>,
    /// From the upgrade's header; `connection_init` may bring another.
    token: Option<String>,
    address: Option<IpAddr>,
    who: Option<Principal>,
    operations: HashMap<String, Operation>,
    /// Operations begun so far.
    begun: u64,
    out: mpsc::Sender<Outgoing>,
    missed: u8,
}

/// An operation under way. An id may be used again as soon as its operation has ended, so each has a number as well.
struct Operation {
    number: u64,
    task: JoinHandle<()>,
}

/// A message of an operation; what is in it keeps its order.
#[derive(Serialize)]
struct Frame<'a, P> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    payload: &'a P,
}

fn text(frame: &impl Serialize) -> String {
    serde_json::to_string(frame).unwrap_or_default()
}

/// Text for the peer, in the order of its making.
enum Outgoing {
    Message(String),
    /// The last message of an operation, by its number; its id is free again once it is sent.
    Last {
        message: String,
        id: String,
        number: u64,
    },
}

impl Drop for Session {
    fn drop(&mut self) {
        for (_, operation) in self.operations.drain() {
            operation.task.abort();
        }
    }
}

impl Session {
    /// Until either side ends it. `None`: the peer is gone.
    async fn run(mut self, socket: &mut WebSocket, mut queue: mpsc::Receiver<Outgoing>) -> Option<Close> {
        let begun = Instant::now();
        let mut ping = interval_at(begun + PING, PING);
        let mut check = interval_at(begun + CHECK, CHECK);
        let shutdown = self.serving.shutdown.clone();
        loop {
            let expiry = self.expiry();
            tokio::select! {
                () = shutdown.cancelled() => return Some((1001, "The server is stopping")),
                () = tokio::time::sleep_until(begun + INIT), if self.who.is_none() => {
                    return Some((4408, "Connection initialisation timeout"));
                }
                () = tokio::time::sleep_until(expiry), if self.who.is_some() => {
                    return Some((4403, "The token has expired"));
                }
                _ = check.tick() => if !self.still_valid().await { return Some((4403, "Forbidden")) },
                _ = ping.tick() => if let Some(close) = self.ping(socket).await { return Some(close) },
                Some(next) = queue.recv() => {
                    let message = match next {
                        Outgoing::Message(message) => message,
                        Outgoing::Last { message, id, number } => {
                            if self.operations.get(&id).is_some_and(|operation| operation.number == number) {
                                self.operations.remove(&id);
                            }
                            message
                        }
                    };
                    if let Some(close) = write(socket, Message::Text(message.into())).await {
                        return Some(close);
                    }
                }
                message = socket.recv() => match message {
                    None | Some(Err(_)) => return None,
                    Some(Ok(message)) => match self.take(socket, message).await {
                        Ok(()) => {}
                        Err(close) => return close,
                    },
                },
            }
        }
    }

    /// When the token ends: far away for a key that does not.
    fn expiry(&self) -> Instant {
        let left = self.who.as_ref().and_then(|who| who.expires_at).map(|at| (at - Utc::now()).to_std());
        Instant::now() + left.map_or(Duration::from_secs(86_400), Result::unwrap_or_default)
    }

    async fn still_valid(&self) -> bool {
        match &self.who {
            Some(who) => self.serving.gateway.still_valid(who).await,
            None => true,
        }
    }

    async fn ping(&mut self, socket: &mut WebSocket) -> Option<Close> {
        self.who.as_ref()?;
        self.missed += 1;
        if self.missed > 2 {
            return Some((4499, "No answer to pings"));
        }
        write(socket, Message::Text(json!({"type": "ping"}).to_string().into())).await
    }

    /// One message of the peer. `Err(None)`: the peer has closed.
    async fn take(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), Option<Close>> {
        self.missed = 0;
        let text = match message {
            Message::Text(text) => text,
            Message::Close(_) => return Err(None),
            Message::Binary(_) => return Err(Some((4400, "Invalid message: text is expected"))),
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
        };
        let Ok(incoming) = serde_json::from_str::<Incoming>(&text) else {
            return Err(Some((4400, "Invalid message")));
        };
        let answer = match (incoming.kind.as_str(), incoming.id) {
            ("connection_init", _) => Some(self.init(incoming.payload).await.map_err(Some)?),
            ("ping", _) => Some(json!({"type": "pong"})),
            ("pong", _) => None,
            ("subscribe", Some(id)) => self.begin(id, incoming.payload).map_err(Some)?,
            ("complete", Some(id)) => {
                if let Some(operation) = self.operations.remove(&id) {
                    operation.task.abort();
                }
                None
            }
            _ => return Err(Some((4400, "Invalid message"))),
        };
        match answer {
            Some(answer) => match write(socket, Message::Text(answer.to_string().into())).await {
                Some(close) => Err(Some(close)),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    async fn init(&mut self, payload: Option<Value>) -> Result<Value, Close> {
        if self.who.is_some() {
            return Err((4429, "Too many initialisation requests"));
        }
        let given = payload.as_ref().and_then(|payload| {
            let named = ["authorization", "Authorization"].into_iter().find_map(|name| payload.get(name));
            named.and_then(Value::as_str).and_then(strip_scheme)
        });
        let token = given.or(self.token.as_deref()).ok_or((4403, "Forbidden: a bearer token is needed"))?;
        match timeout(INIT, self.serving.gateway.authenticate(token)).await {
            Ok(Ok(who)) => self.who = Some(who),
            Ok(Err(Refusal::Unauthenticated(_))) => return Err((4403, "Forbidden: the token does not hold")),
            Ok(Err(Refusal::Unavailable(_))) | Err(_) => return Err((1013, "Try again later")),
        }
        Ok(json!({"type": "connection_ack"}))
    }

    /// Begins an operation; an error before its execution is answered at once.
    fn begin(&mut self, id: String, payload: Option<Value>) -> Result<Option<Value>, Close> {
        let who = self.who.clone().ok_or((4401, "Unauthorized"))?;
        if self.operations.contains_key(&id) {
            return Err((4409, "Subscriber already exists"));
        }
        if id.len() > 256 || self.operations.len() >= self.serving.config.subscriptions {
            return Err((4400, "Too many subscriptions on this socket"));
        }
        let params: Params = serde_json::from_value(payload.unwrap_or_default())
            .map_err(|_| (4400, "Invalid message: the payload is not a GraphQL request"))?;
        let refusal = match self.serving.documents.prepare(params) {
            Ok(prepared) => match self.serving.admit(&prepared, &who) {
                Ok(_) => {
                    let call = Call { who, id: RequestId::new(), address: self.address };
                    self.begun += 1;
                    let name = (id.clone(), self.begun);
                    let operation = operate(self.serving.clone(), self.out.clone(), name, prepared, call);
                    self.operations
                        .insert(id, Operation { number: self.begun, task: tokio::spawn(operation) });
                    return Ok(None);
                }
                Err(exhausted) => vec![exhausted.error()],
            },
            Err(refusals) => refusals,
        };
        Ok(Some(json!({"type": "error", "id": id, "payload": refusal})))
    }
}

/// Runs one operation to its end, or until its task is aborted.
async fn operate(
    serving: Arc<Serving>,
    out: mpsc::Sender<Outgoing>,
    (id, number): (String, u64),
    prepared: Prepared,
    call: Call,
) {
    let kind = prepared.kind;
    let mut results = serving.stream(prepared, call);
    while let Some(response) = results.next().await {
        let failed_stream = kind == OperationKind::Subscription && !response.errors.is_empty();
        let (payload, refused) = body(response);
        // What was refused before its execution, and a stream that could not begin or go on, is an error of the
        // operation, not one of its results.
        if refused || failed_stream {
            let message = text(&Frame { kind: "error", id: &id, payload: &payload.errors });
            let _ = out.send(Outgoing::Last { message, id, number }).await;
            return;
        }
        let message = text(&Frame { kind: "next", id: &id, payload: &payload });
        if out.send(Outgoing::Message(message)).await.is_err() {
            return;
        }
    }
    let message = json!({"type": "complete", "id": id}).to_string();
    let _ = out.send(Outgoing::Last { message, id, number }).await;
}

async fn write(socket: &mut WebSocket, message: Message) -> Option<Close> {
    match timeout(WRITE, socket.send(message)).await {
        Ok(Ok(())) => None,
        Ok(Err(_)) | Err(_) => Some((1013, "Too slow: resume from the last cursor")),
    }
}
