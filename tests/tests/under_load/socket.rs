//! A subscription over graphql-transport-ws, as a browser's client speaks it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub(crate) struct Subscription {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Subscription {
    pub(crate) async fn open(url: &str, token: &str, document: &str, variables: Value) -> Self {
        let mut request = format!("{}/graphql", url.replace("http", "ws")).into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
        let (socket, _) = connect_async(request).await.unwrap();
        let mut subscription = Self { socket };
        let bearer = format!("Bearer {token}");
        subscription.send(json!({"type": "connection_init", "payload": {"authorization": bearer}})).await;
        assert_eq!(subscription.receive().await.unwrap()["type"], "connection_ack");
        let payload = json!({"query": document, "variables": variables});
        subscription.send(json!({"type": "subscribe", "id": "1", "payload": payload})).await;
        subscription
    }

    async fn send(&mut self, message: Value) {
        self.socket.send(Message::Text(message.to_string().into())).await.unwrap();
    }

    async fn receive(&mut self) -> Option<Value> {
        loop {
            let next = tokio::time::timeout(Duration::from_secs(30), self.socket.next()).await;
            match next.expect("no message within 30 s") {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap();
                    if message["type"] == "ping" {
                        self.send(json!({"type": "pong"})).await;
                    } else {
                        return Some(message);
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next result's data; `None`: the subscription is complete.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        let mut message = self.receive().await?;
        match message["type"].as_str() {
            Some("next") => {
                assert!(message["payload"].get("errors").is_none(), "{message}");
                Some(message["payload"]["data"].take())
            }
            Some("complete") => None,
            _ => panic!("{message}"),
        }
    }
}
