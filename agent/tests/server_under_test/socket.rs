//! The subscription's side of the server under test: graphql-transport-ws with one operation.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Server;

pub(super) async fn subscribe(State(server): State<Server>, upgrade: WebSocketUpgrade) -> Response {
    if server.knowledge().down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    upgrade.protocols(["graphql-transport-ws"]).on_upgrade(|socket| async move {
        let _ = serve(server, socket).await;
    })
}

async fn serve(server: Server, mut socket: WebSocket) -> Option<()> {
    let init = receive(&mut socket).await?;
    assert!(init["payload"]["authorization"].as_str().unwrap().starts_with("Bearer "));
    send(&mut socket, json!({ "type": "connection_ack" })).await?;
    let subscribe = receive(&mut socket).await?;
    let id = subscribe["id"].clone();
    let (mut updates, first) = {
        let known = server.knowledge();
        if subscribe["payload"]["variables"]["epoch"] != known.epoch {
            (None, json!([{ "message": "this epoch is over", "extensions": { "code": "CONFLICT" } }]))
        } else {
            (Some(server.updates.subscribe()), json!({ "complete": true, "assignments": known.orders }))
        }
    };
    let Some(updates) = &mut updates else {
        return send(&mut socket, json!({ "type": "error", "id": id, "payload": first })).await;
    };
    send(&mut socket, next(&id, first)).await?;
    loop {
        tokio::select! {
            update = updates.recv() => match update.ok()? {
                Value::Null => return None,
                update => send(&mut socket, next(&id, update)).await?,
            },
            message = receive(&mut socket) => { message?; }
        }
    }
}

fn next(id: &Value, update: Value) -> Value {
    json!({ "type": "next", "id": id, "payload": { "data": { "assignments": update } } })
}

async fn send(socket: &mut WebSocket, message: Value) -> Option<()> {
    socket.send(Message::Text(message.to_string().into())).await.ok()
}

async fn receive(socket: &mut WebSocket) -> Option<Value> {
    loop {
        if let Message::Text(text) = socket.recv().await?.ok()? {
            return serde_json::from_str(&text).ok();
        }
    }
}
