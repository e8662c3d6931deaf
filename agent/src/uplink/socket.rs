//! The WebSocket under the subscription: a thin adapter between two libraries' words for the same messages.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use graphql_ws_client::{Connection, Error, Message};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message as Frame, WebSocketConfig};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A complete list of assignments may carry the environments of many jobs.
const LARGEST_MESSAGE: usize = 64 << 20;

pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    pub(super) async fn connect(url: &str) -> Result<Self, String> {
        let mut request = url.into_client_request().map_err(|error| error.to_string())?;
        request
            .headers_mut()
            .insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let config =
            WebSocketConfig::default().max_message_size(Some(LARGEST_MESSAGE)).read_buffer_size(16 << 10);
        // Small messages must not wait for company: each one is a job that could start.
        let connecting = connect_async_with_config(request, Some(config), true);
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(Ok((stream, _))) => Ok(Self(stream)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer to the WebSocket handshake".to_owned()),
        }
    }
}

impl Connection for Socket {
    async fn receive(&mut self) -> Option<Message> {
        loop {
            return match self.0.next().await?.ok()? {
                Frame::Text(text) => Some(Message::Text(text.as_str().to_owned())),
                Frame::Ping(_) => Some(Message::Ping),
                Frame::Pong(_) => Some(Message::Pong),
                Frame::Close(frame) => Some(Message::Close {
                    code: frame.as_ref().map(|frame| frame.code.into()),
                    reason: frame.map(|frame| frame.reason.to_string()),
                }),
                Frame::Binary(_) | Frame::Frame(_) => continue,
            };
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), Error> {
        let frame = match message {
            Message::Text(text) => Frame::Text(text.into()),
            Message::Ping => Frame::Ping(Vec::new().into()),
            Message::Pong => Frame::Pong(Vec::new().into()),
            Message::Close { code, reason } => Frame::Close(
                code.zip(reason)
                    .map(|(code, reason)| CloseFrame { code: code.into(), reason: reason.into() }),
            ),
        };
        self.0.send(frame).await.map_err(|error| Error::Send(error.to_string()))
    }
}
