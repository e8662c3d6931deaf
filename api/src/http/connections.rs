//! Takes connections and serves them until shutdown.
//!
//! A peer that never finishes its request's head, or opens connections without end, gets a bounded time and a bounded
//! number: what it cannot do is keep others from being served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::server::Served;

/// Sockets and requests in flight have so long to end.
const DRAIN: Duration = Duration::from_secs(10);
/// A request's head has so long to arrive, an idle connection so long to ask again.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// After the system refuses another connection, too many files being open, say.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until shutdown; requests in flight and sockets then have a bounded time to end.
pub async fn serve(listener: TcpListener, served: Served, shutdown: CancellationToken) {
    let Served { router, sockets, connections: most } = served;
    let connections = TaskTracker::new();
    let room = Arc::new(Semaphore::new(most));
    while let Some((stream, peer, permit)) = next(&listener, &room, &shutdown).await {
        connections.spawn(connection(stream, peer, router.clone(), shutdown.clone(), permit));
    }
    drop(listener);
    connections.close();
    let _ = tokio::time::timeout(DRAIN, connections.wait()).await;
    sockets.close();
    let _ = tokio::time::timeout(DRAIN, sockets.wait()).await;
}

/// The next connection, once there is room for one; none at shutdown.
async fn next(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
    shutdown: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let taken = async {
        let permit = room.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, peer)) => return Some((stream, peer, permit)),
                // The peer was gone before it was taken: no fault of the listener's.
                Err(error) if gone(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "could not take a connection");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        taken = taken => taken,
    }
}

fn gone(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    shutdown: CancellationToken,
    permit: OwnedSemaphorePermit,
) {
    let _permit = permit;
    let _ = stream.set_nodelay(true);
    let service = router.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let outcome = tokio::select! {
        outcome = serving.as_mut() => outcome,
        () = shutdown.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}
