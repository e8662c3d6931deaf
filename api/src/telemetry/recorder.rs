//! Writes minutes that are over, and forgets those that are too old.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;

use super::{DAYS, Gathering};
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(15);
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// Works until shutdown; what was gathered until then is written, the present minute included.
pub async fn record(store: Store, gathering: Arc<Gathering>, shutdown: CancellationToken) {
    let mut pruned: Option<Instant> = None;
    loop {
        let ending = tokio::time::timeout(EVERY, shutdown.cancelled()).await.is_ok();
        let now = store.clock().now();
        let over = gathering.over_before(now.timestamp() + if ending { 60 } else { 0 });
        if let Err(fault) = store.add_minutes(over.clone()).await {
            tracing::warn!(%fault, "telemetry cannot be kept now");
            gathering.put_back(over);
        }
        if ending {
            return;
        }
        if pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY) {
            pruned = Some(Instant::now());
            if let Err(fault) = store.forget_telemetry(now - TimeDelta::days(DAYS)).await {
                tracing::warn!(%fault, "old telemetry cannot be pruned");
            }
        }
    }
}
