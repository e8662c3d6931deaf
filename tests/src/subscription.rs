//! One subscription on a connection of its own, in the graphql-transport-ws protocol.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::Refusal;

/// A refusal comes at once; silence is taken for an answer after this.
const MOMENT: Duration = Duration::from_millis(200);
const LONGEST_SILENCE: Duration = Duration::from_secs(60);

/// What a subscription brings, in order.
#[derive(Debug)]
pub struct Subscription {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Subscription {
    pub(crate) async fn open(origin: &str, token: &str, query: &str, variables: Value) -> Self {
        let url = format!("{}/graphql", origin.replacen("http", "ws", 1));
        let mut request = url.into_client_request().expect("an address");
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        headers.insert("authorization", HeaderValue::from_str(&format!("Bearer {token}")).expect("a token"));
        let (socket, _) =
            tokio_tungstenite::connect_async(request).await.expect("the server takes the connection");
        let mut subscription = Self { socket };
        subscription.send(json!({"type": "connection_init"})).await;
        let answer = subscription.receive().await.expect("an answer to the greeting");
        assert_eq!(answer["type"], "connection_ack", "{answer}");
        subscription
            .send(
                json!({"id": "1", "type": "subscribe", "payload": {"query": query, "variables": variables}}),
            )
            .await;
        subscription
    }

    /// The next event's data; none when the subscription is complete. Fails on an error and on long silence.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            let mut message = self.receive().await?;
            match message["type"].as_str() {
                Some("next") => {
                    let payload = message["payload"].take();
                    assert!(payload["errors"].is_null(), "{payload}");
                    return Some(payload["data"].clone());
                }
                Some("complete") => return None,
                Some("ping") => self.send(json!({"type": "pong"})).await,
                Some("pong") => {}
                _ => panic!("unexpected: {message}"),
            }
        }
    }

    /// Why it cannot begin or go on; fails when it brings anything else.
    pub async fn refused(&mut self) -> Refusal {
        let message = self.receive().await.expect("a refusal");
        assert_eq!(message["type"], "error", "{message}");
        Refusal::read(&message["payload"][0])
    }

    /// The code of the error that it begins with, or what it brings first; null: nothing within a moment.
    pub async fn first(&mut self) -> Value {
        let Ok(message) = tokio::time::timeout(MOMENT, self.receive()).await else { return Value::Null };
        let message = message.expect("a message");
        match message["type"].as_str() {
            Some("error") => message["payload"][0]["extensions"]["code"].clone(),
            _ => message["payload"].clone(),
        }
    }

    /// The code with which the server closes the connection, whatever else it still brings.
    pub async fn closed(&mut self) -> u16 {
        loop {
            let next =
                tokio::time::timeout(LONGEST_SILENCE, self.socket.next()).await.expect("a message in time");
            let message = next.expect("a close with a code").expect("an unbroken connection");
            if let Message::Close(frame) = message {
                return frame.expect("a code").code.into();
            }
        }
    }

    async fn send(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("a connection that takes messages");
    }

    async fn receive(&mut self) -> Option<Value> {
        loop {
            let next =
                tokio::time::timeout(LONGEST_SILENCE, self.socket.next()).await.expect("a message in time");
            match next?.expect("an unbroken connection") {
                Message::Text(text) => return Some(serde_json::from_str(&text).expect("JSON")),
                Message::Close(frame) => panic!("the server closed the connection: {frame:?}"),
                _ => {}
            }
        }
    }
}
