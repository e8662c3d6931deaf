//! Looks for jobs that hold GPUs and do not use them, some jobs at a time: at all of them whenever a minute was written down,
//! and more often at those whose grace may have passed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::idle::newest_minute;

use super::terms::LeaseTerms;
use crate::fault::Fault;
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(10);

/// Looks for as long as this server leads.
pub(super) async fn look(store: Store, terms: LeaseTerms) {
    // Half of the signs of life that a minute should bring make it a minute that was seen.
    let least_samples = u32::try_from(30 / terms.heartbeat_seconds().max(1)).unwrap_or(0).max(1);
    let mut judged = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let now = store.clock().now();
        let only_warned = judged == Some(newest_minute(now));
        match round(&store, only_warned, least_samples, now).await {
            Ok(()) => judged = Some(newest_minute(now)),
            Err(fault) => tracing::warn!(%fault, "idle jobs cannot be looked for; trying again"),
        }
    }
}

async fn round(
    store: &Store,
    only_warned: bool,
    least_samples: u32,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    let mut after = None;
    while let Some(last) = store.judge_idle((after, only_warned), least_samples, now).await? {
        after = Some(last);
    }
    Ok(())
}
