//! Has logs of jobs that have ended moved into the log store, and forgets those that are too old: a few at a time.

use std::time::Duration;

use chrono::TimeDelta;
use domain::ids::JobId;
use tokio_util::sync::CancellationToken;

use super::LogStore;
use crate::fault::Fault;
use crate::store::Store;
use crate::store::logs::LogPlace;

const EVERY: Duration = Duration::from_secs(5);
/// Between two rounds of which the first has not looked at all there is.
const PAUSE: Duration = Duration::from_millis(200);
/// Jobs of one round.
const JOBS: u64 = 20;
/// How often it is looked whether a store is there.
const PROBE: Duration = Duration::from_secs(10);

/// Keeps the logs of ended jobs.
#[derive(Clone)]
pub struct Keeper {
    store: Store,
    /// After so long a log is forgotten; none: never.
    retention: Option<TimeDelta>,
}

impl Keeper {
    /// One that forgets logs so long after their jobs' ends; none: never.
    #[must_use]
    pub const fn new(store: Store, retention: Option<TimeDelta>) -> Self {
        Self { store, retention }
    }

    /// Works for as long as this server leads.
    pub async fn run(self) {
        let (mut moved, mut aged) = (None, None);
        loop {
            let outcome = self.round(&mut moved, &mut aged).await;
            if let Err(fault) = &outcome {
                tracing::warn!(%fault, "logs stay where they are for now");
                (moved, aged) = (None, None);
            }
            let more = outcome.is_ok() && (moved.is_some() || aged.is_some());
            tokio::time::sleep(if more { PAUSE } else { EVERY }).await;
        }
    }

    /// Moves some logs and forgets some, from after these jobs on.
    async fn round(&self, moved: &mut Option<LogPlace>, aged: &mut Option<LogPlace>) -> Result<(), Fault> {
        // First of all, so that what cannot be forgotten holds nothing up.
        if self.store.log_store().is_some() {
            let jobs = self.store.logs_to_move(*moved, JOBS).await?;
            *moved = jobs.last().filter(|_| jobs.len() as u64 == JOBS).copied();
            for (_, job) in jobs {
                if passes_on(job, self.store.move_log(job).await)?.unwrap_or(false) {
                    metrics::counter!("gpu_fleet_logs_moved_total").increment(1);
                }
            }
        }
        if let Some(before) =
            self.retention.and_then(|retention| self.store.clock().now().checked_sub_signed(retention))
        {
            let jobs = self.store.logs_older_than(before, *aged, JOBS).await?;
            *aged = jobs.last().filter(|_| jobs.len() as u64 == JOBS).copied();
            for (_, job) in jobs {
                match self.store.forget_log(job).await {
                    Ok(()) => metrics::counter!("gpu_fleet_logs_expired_total").increment(1),
                    // It lies in a store that cannot delete it now, or that this server was not given: others do not.
                    Err(fault @ Fault::LogStoreAway(_)) => {
                        tracing::warn!(%fault, %job, "a log is not forgotten for now");
                    }
                    outcome => drop(passes_on(job, outcome)?),
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with one log keeps no other from being looked after; a store or a database that is away does.
fn passes_on<T>(job: JobId, outcome: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(fault @ (Fault::LogStoreAway(_) | Fault::Unavailable(_) | Fault::LostConnection(_))) => {
            Err(fault)
        }
        Err(fault) => {
            tracing::warn!(%fault, %job, "a log stays where it is for now");
            Ok(None)
        }
    }
}

/// Looks whether the store answers, until shutdown, so that `/readyz` tells before somebody asks for a log.
pub async fn watch(store: LogStore, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        // It notes by itself what it meets.
        let _ = store.probe().await;
        let _ = tokio::time::timeout(PROBE, shutdown.cancelled()).await;
    }
}
