//! Following against a scripted server: what happens between a break and the next item.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests stop at the first surprise")]

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::*;
use crate::client::parse_server;

/// What the server does with one connection, after it has sent its lines.
#[derive(Clone, Copy)]
enum End {
    Complete,
    Break,
    Close(u16),
    Error(&'static str),
}

type Peer = WebSocketStream<TcpStream>;

/// A server that plays these connections one after the other; tells what each client asked for.
async fn scripted(script: Vec<(Vec<u32>, End)>) -> (Client, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = parse_server(&listener.local_addr().unwrap().to_string()).unwrap();
    let server = tokio::spawn(async move {
        let mut asked = Vec::new();
        for (lines, end) in script {
            let (stream, _) = listener.accept().await.unwrap();
            asked.push(play(stream, lines, end).await);
        }
        asked
    });
    (Client::new(address, Some("secret".to_owned())).unwrap(), server)
}

#[expect(clippy::result_large_err, reason = "the signature is the library's")]
fn speak_graphql(
    _: &Request,
    mut response: Response,
) -> Result<Response, tokio_tungstenite::tungstenite::handshake::server::ErrorResponse> {
    response.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().unwrap());
    Ok(response)
}

async fn play(stream: TcpStream, lines: Vec<u32>, end: End) -> Value {
    let mut peer = tokio_tungstenite::accept_hdr_async(stream, speak_graphql).await.unwrap();
    let init = read(&mut peer).await;
    assert_eq!(init["payload"]["authorization"], "Bearer secret");
    if let End::Close(code) = end {
        let frame = CloseFrame { code: code.into(), reason: "no".into() };
        peer.close(Some(frame)).await.unwrap();
        return init;
    }
    write(&mut peer, json!({ "type": "connection_ack" })).await;
    let subscribe = read(&mut peer).await;
    let id = subscribe["id"].clone();
    for number in lines {
        let line = json!({ "cursor": number.to_string(), "at": "2026-01-01T00:00:00Z", "stream": "STDOUT",
            "text": format!("line {number}") });
        write(&mut peer, json!({ "id": id, "type": "next", "payload": { "data": { "jobLogs": line } } }))
            .await;
    }
    match end {
        End::Complete => write(&mut peer, json!({ "id": id, "type": "complete" })).await,
        End::Error(code) => {
            let errors = json!([{ "message": "no", "extensions": { "code": code } }]);
            write(&mut peer, json!({ "id": id, "type": "error", "payload": errors })).await;
        }
        End::Break | End::Close(_) => return subscribe,
    }
    // The client says goodbye first, as after any completed subscription.
    while let Some(Ok(_)) = peer.next().await {}
    subscribe
}

async fn read(peer: &mut Peer) -> Value {
    loop {
        match peer.next().await.unwrap().unwrap() {
            Message::Text(text) => return serde_json::from_str(&text).unwrap(),
            _ => peer.send(Message::Pong(Bytes::new())).await.unwrap(),
        }
    }
}

async fn write(peer: &mut Peer, value: Value) {
    peer.send(Message::text(value.to_string())).await.unwrap();
}

/// All that a follower of the log hears, in words.
async fn heard(client: &Client) -> Vec<String> {
    let mut following = follow_log(client, cynic::Id::new("job_1"));
    let mut heard = Vec::new();
    while let Some(news) = following.recv().await {
        heard.push(match news {
            Ok(Followed::Item(line)) => line.text,
            Ok(Followed::Lost(_)) => "lost".to_owned(),
            Ok(Followed::Resumed) => "resumed".to_owned(),
            Ok(Followed::Restarted) => "restarted".to_owned(),
            Err(failure) => format!("failed with exit {}", failure.exit() as i32),
        });
    }
    heard
}

#[tokio::test]
async fn a_completed_log_ends() {
    let (client, server) = scripted(vec![(vec![1, 2], End::Complete)]).await;
    assert_eq!(heard(&client).await, ["line 1", "line 2"]);
    assert_eq!(server.await.unwrap()[0]["payload"]["variables"]["after"], Value::Null);
}

#[tokio::test]
async fn after_a_break_it_goes_on_from_the_last_cursor() {
    let (client, server) = scripted(vec![(vec![1, 2], End::Break), (vec![3], End::Complete)]).await;
    assert_eq!(heard(&client).await, ["line 1", "line 2", "lost", "resumed", "line 3"]);
    assert_eq!(server.await.unwrap()[1]["payload"]["variables"]["after"], "2");
}

#[tokio::test]
async fn an_expired_cursor_starts_anew_and_says_so() {
    let script = vec![(vec![1], End::Error("CURSOR_EXPIRED")), (vec![5], End::Complete)];
    let (client, server) = scripted(script).await;
    assert_eq!(heard(&client).await, ["line 1", "restarted", "line 5"]);
    assert_eq!(server.await.unwrap()[1]["payload"]["variables"]["after"], Value::Null);
}

#[tokio::test]
async fn a_refusal_is_final_and_keeps_its_exit_code() {
    let (client, _server) = scripted(vec![(vec![], End::Error("NOT_FOUND"))]).await;
    assert_eq!(heard(&client).await, ["failed with exit 3"]);
    let (client, _server) = scripted(vec![(vec![], End::Close(4403))]).await;
    assert_eq!(heard(&client).await, ["failed with exit 5"]);
}

#[tokio::test]
async fn a_server_that_was_never_there_is_unreachable() {
    let (client, server) = scripted(Vec::new()).await;
    server.await.unwrap();
    assert_eq!(heard(&client).await, ["failed with exit 6"]);
}
