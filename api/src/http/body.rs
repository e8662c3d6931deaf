//! Bodies of requests: read within a bound and a time, or passed over so that their sender hears why.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::StatusCode;
use futures_util::StreamExt as _;

/// What of a refused body is read before the answer, so that a client that is still sending can hear it.
const DISCARDED_BYTES: usize = 1 << 20;
const DISCARD_WITHIN: Duration = Duration::from_secs(5);

/// A body that takes longer is given up.
const WITHIN: Duration = Duration::from_secs(30);

/// The whole of a body that has so many bytes at most; else the status and the reason of the refusal.
pub(super) async fn read(body: Body, most: usize) -> Result<Bytes, (StatusCode, String)> {
    let reading = tokio::time::timeout(WITHIN, to_bytes(body, most)).await;
    reading
        .map_err(|_| (StatusCode::REQUEST_TIMEOUT, "the body did not come in time".to_owned()))?
        .map_err(|_| (StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {most} bytes")))
}

/// Reads what a client is still sending, up to a bound, and keeps nothing of it.
pub(super) async fn discard(body: Body) {
    let reading = async {
        let (mut body, mut read) = (body.into_data_stream(), 0);
        while let Some(Ok(bytes)) = body.next().await {
            read += bytes.len();
            if read > DISCARDED_BYTES {
                return;
            }
        }
    };
    // Who sends too slowly does not hear why.
    let _ = tokio::time::timeout(DISCARD_WITHIN, reading).await;
}
