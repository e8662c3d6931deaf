//! Takes silent hosts down. An agent stops its jobs by its own monotonic clock after [`LEASE_SECONDS`] without an
//! answer; the server gives their GPUs away only later than that, and never because it was blind itself.

use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::task::JoinHandle;

use crate::store::Store;

/// Without a heartbeat's answer for so long, an agent stops its jobs.
pub const LEASE_SECONDS: i32 = 20;
/// How often an agent is to give a sign of life.
pub const HEARTBEAT_SECONDS: i32 = 3;
/// A host not heard of for so long is down: the lease, the stop's grace, and room for the message's way.
const SILENCE: Duration = Duration::from_secs(30);
const EVERY: Duration = Duration::from_secs(1);
/// Events are history, and cursors point into it, for so long.
const HISTORY_DAYS: i64 = 30;
const PRUNE_EVERY: Duration = Duration::from_secs(600);

pub(super) struct Reaper {
    store: Store,
}

impl Reaper {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    pub(super) fn spawn(self) -> JoinHandle<()> {
        tokio::spawn(async move { self.run().await })
    }

    async fn run(self) {
        // Until this server has itself been listening for so long, silence proves nothing.
        let mut sighted = Instant::now();
        let mut pruned = Instant::now();
        loop {
            tokio::time::sleep(EVERY).await;
            if sighted.elapsed() < SILENCE {
                if self.store.ping().await.is_err() {
                    sighted = Instant::now();
                }
                continue;
            }
            let before = Utc::now() - SILENCE;
            match self.store.take_down_silent_hosts(before).await {
                Ok(0) => {}
                Ok(hosts) => tracing::warn!(hosts, "silent hosts were taken down"),
                Err(fault) => {
                    tracing::warn!(%fault, "hosts cannot be looked after");
                    sighted = Instant::now();
                }
            }
            if pruned.elapsed() > PRUNE_EVERY {
                pruned = Instant::now();
                if let Err(fault) =
                    self.store.prune_events(Utc::now() - chrono::Duration::days(HISTORY_DAYS)).await
                {
                    tracing::warn!(%fault, "old events cannot be pruned");
                }
            }
        }
    }
}
