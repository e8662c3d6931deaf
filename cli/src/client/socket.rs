//! A WebSocket as the GraphQL client wants it, which also remembers why it ended. Without that memory a subscription that
//! was completed and one whose connection broke look the same: both just stop.

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt, StreamExt};
use graphql_ws_client::{Connection, Error, Message};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::{Client, Failure, unauthenticated};

const SUBPROTOCOL: HeaderValue = HeaderValue::from_static("graphql-transport-ws");

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ending {
    /// The server closed it, with a code and its reason.
    Closed(u16, String),
    /// It broke.
    Broken(String),
}

impl Ending {
    /// The failure that it amounts to.
    pub(super) fn failure(self, server: &str) -> Failure {
        match self {
            // 4401 and 4403 are how a GraphQL server turns away who it does not know.
            Self::Closed(4401 | 4403, _) => unauthenticated(),
            Self::Closed(code, reason) => Failure::Unreachable {
                server: server.to_owned(),
                cause: format!("the server closed the connection ({code} {reason})"),
            },
            Self::Broken(cause) => Failure::Unreachable { server: server.to_owned(), cause },
        }
    }
}

/// Where a connection leaves word of its end.
#[derive(Debug, Clone, Default)]
pub(super) struct EndingNote(Arc<Mutex<Option<Ending>>>);

impl EndingNote {
    fn write(&self, ending: Ending) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The first word counts: what follows an end is only its echo.
        slot.get_or_insert(ending);
    }

    /// How the connection ended; none while it stands.
    pub(super) fn read(&self) -> Option<Ending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// An open connection that speaks graphql-transport-ws.
pub(super) struct Socket {
    inner: WebSocketStream<MaybeTlsStream<TcpStream>>,
    note: EndingNote,
}

impl Socket {
    /// Connects to the client's server.
    pub(super) async fn open(client: &Client) -> Result<(Self, EndingNote), Failure> {
        let mut url = client.endpoint("graphql")?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        url.set_scheme(scheme).map_err(|()| Failure::Usage(format!("no WebSocket under {url}")))?;
        let mut request =
            url.as_str().into_client_request().map_err(|error| Failure::Usage(error.to_string()))?;
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL);
        let connecting = tokio_tungstenite::connect_async(request);
        let opened = tokio::time::timeout(super::CONNECT_TIMEOUT, connecting).await;
        let note = EndingNote::default();
        match opened {
            Ok(Ok((inner, _))) => Ok((Self { inner, note: note.clone() }, note)),
            Ok(Err(error)) => Err(refusal(client, &error)),
            Err(_) => {
                Err(Failure::Unreachable { server: client.server.to_string(), cause: "timed out".to_owned() })
            }
        }
    }
}

fn refusal(client: &Client, error: &tungstenite::Error) -> Failure {
    match error {
        tungstenite::Error::Http(response) if matches!(response.status().as_u16(), 401 | 403) => {
            unauthenticated()
        }
        tungstenite::Error::Http(response) if response.status().is_client_error() => {
            client.not_ours(format!("HTTP {} for the WebSocket", response.status()))
        }
        other => Failure::Unreachable { server: client.server.to_string(), cause: super::root_cause(other) },
    }
}

impl Connection for Socket {
    async fn receive(&mut self) -> Option<Message> {
        loop {
            match self.inner.next().await {
                Some(Ok(Frame::Text(text))) => return Some(Message::Text(text.as_str().to_owned())),
                Some(Ok(Frame::Ping(_))) => return Some(Message::Ping),
                Some(Ok(Frame::Pong(_))) => return Some(Message::Pong),
                Some(Ok(Frame::Close(frame))) => return Some(self.closed(frame)),
                Some(Ok(Frame::Binary(_) | Frame::Frame(_))) => {}
                Some(Err(error)) => {
                    self.note.write(Ending::Broken(super::root_cause(&error)));
                    return None;
                }
                None => {
                    self.note.write(Ending::Broken("the connection ended".to_owned()));
                    return None;
                }
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        if let Message::Close { code: Some(4000..), reason: Some(reason) } = &message {
            // Our own side gives up: an answer that it could not read, or a server that went silent.
            self.note.write(Ending::Broken(reason.clone()));
        }
        let frame = match message {
            Message::Text(text) => Frame::text(text),
            Message::Close { code, reason } => Frame::Close(
                code.zip(reason)
                    .map(|(code, reason)| CloseFrame { code: code.into(), reason: reason.into() }),
            ),
            Message::Ping => Frame::Ping(tungstenite::Bytes::new()),
            Message::Pong => Frame::Pong(tungstenite::Bytes::new()),
        };
        self.inner.send(frame).await.map_err(|error| {
            self.note.write(Ending::Broken(super::root_cause(&error)));
            Error::Send(error.to_string())
        })
    }
}

impl Socket {
    fn closed(&self, frame: Option<CloseFrame>) -> Message {
        let code = frame.as_ref().map_or(1005, |frame| u16::from(frame.code));
        let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
        self.note.write(Ending::Closed(code, reason.clone()));
        Message::Close { code: Some(code), reason: Some(reason) }
    }
}
