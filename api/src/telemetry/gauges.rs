//! Gauges of the fleet and of the database, brought up to date when somebody looks.

use std::time::{Duration, Instant};

use metrics::gauge;
use tokio::sync::Mutex;

use crate::store::Store;

/// Whoever looks more often than this sees the same again: what anybody may ask for must stay cheap.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// When it was looked last.
#[derive(Default)]
pub struct Gauges {
    looked: Mutex<Option<Instant>>,
}

/// Statuses of jobs that have not ended: each has a figure, also when there are none.
const LIVING: [&str; 5] = ["QUEUED", "HELD", "ALLOCATED", "RUNNING", "STOPPING"];

impl Gauges {
    /// Brings the gauges up to date.
    pub async fn refresh(&self, store: &Store) {
        let mut looked = self.looked.lock().await;
        if looked.is_some_and(|at| at.elapsed() < AT_MOST_EVERY) {
            return;
        }
        *looked = Some(Instant::now());
        let pool = store.pool();
        let idle = u32::try_from(pool.idle).unwrap_or(u32::MAX);
        gauge!("gpu_fleet_database_connections", "state" => "idle").set(idle);
        gauge!("gpu_fleet_database_connections", "state" => "used").set(pool.open.saturating_sub(idle));
        gauge!("gpu_fleet_writes_waiting").set(u32::try_from(pool.writes_waiting).unwrap_or(u32::MAX));
        let census = match store.census().await {
            Ok(census) => census,
            Err(fault) => return tracing::warn!(%fault, "the fleet cannot be counted"),
        };
        let fleet = census.fleet;
        gauge!("gpu_fleet_hosts", "state" => "ready").set(fleet.hosts_ready);
        gauge!("gpu_fleet_hosts", "state" => "not_ready").set(fleet.hosts - fleet.hosts_ready);
        gauge!("gpu_fleet_gpus", "state" => "available").set(fleet.gpus_available);
        gauge!("gpu_fleet_gpus", "state" => "allocated").set(fleet.gpus_allocated);
        gauge!("gpu_fleet_gpus", "state" => "unavailable").set(fleet.gpus_unavailable);
        for status in LIVING {
            let jobs = census.jobs.iter().find(|(name, _)| name == status).map_or(0, |(_, jobs)| *jobs);
            gauge!("gpu_fleet_jobs", "status" => status).set(jobs as f64);
        }
        gauge!("gpu_fleet_idle_jobs").set(census.idle_jobs as f64);
    }
}
