//! The fleet in numbers.

use async_graphql::Object;

use crate::store::fleet::Counts;

/// Counts of what the caller may see.
pub struct FleetSummary(pub Counts);

/// Counts of what the caller may see.
#[Object]
impl FleetSummary {
    /// Hosts in all.
    async fn hosts(&self) -> i32 {
        self.0.hosts
    }

    /// Hosts that take work.
    async fn hosts_ready(&self) -> i32 {
        self.0.hosts_ready
    }

    /// GPUs in all.
    async fn gpus(&self) -> i32 {
        self.0.gpus
    }

    /// GPUs wholly free and usable.
    async fn gpus_available(&self) -> i32 {
        self.0.gpus_available
    }

    /// GPUs of which something is allocated.
    async fn gpus_allocated(&self) -> i32 {
        self.0.gpus_allocated
    }

    /// GPUs that are neither.
    async fn gpus_unavailable(&self) -> i32 {
        self.0.gpus_unavailable
    }

    /// Mean over GPUs with telemetry, percent.
    async fn utilization_percent(&self) -> Option<f64> {
        self.0.utilization_percent
    }

    /// Jobs that wait.
    async fn jobs_queued(&self) -> i32 {
        self.0.jobs_queued
    }

    /// Jobs that hold GPUs.
    async fn jobs_running(&self) -> i32 {
        self.0.jobs_running
    }
}
