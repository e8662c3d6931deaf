//! Virtual time: a trace of jobs replayed over a fleet by the same core that plans for the server.
//!
//! Nothing here reads a clock or a file. At every instant jobs that end give back what they held, then those that arrive
//! join the queue in the order of the trace, then there is one pass.

mod apart;
mod metrics;
mod replay;
mod saturate;
#[cfg(test)]
mod tests;

use crate::plan::Rules;
use crate::snapshot::{HostState, OrganizationState, WaitingJob};

pub use apart::{Alone, apart};
pub use metrics::{Distribution, Metrics, TenantMetrics};
pub use replay::Replay;
pub use saturate::{Offer, Saturation};

/// A fleet, those who share it, and what they submit.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The hosts, empty.
    pub hosts: Vec<HostState>,
    /// Weights, guarantees and ceilings.
    pub organizations: Vec<OrganizationState>,
    /// The jobs, in the order in which they are submitted.
    pub jobs: Vec<TraceJob>,
}

/// A job of a trace.
#[derive(Debug, Clone)]
pub struct TraceJob {
    /// What is known of it when it is submitted.
    pub job: WaitingJob,
    /// When that is, in seconds.
    pub submit_secs: i64,
    /// How long it runs.
    pub run_secs: i64,
    /// Whom it belongs to, beside its organization: its user and its name, for learning how long such jobs run.
    pub series: Option<String>,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// When its last attempt started, in seconds.
    pub start_secs: i64,
    /// When it ended.
    pub end_secs: i64,
    /// Its GPUs: the host's place in the world, and the card's index on it.
    pub gpus: Vec<(usize, usize)>,
    /// How often it had to give its GPUs back before.
    pub preempted: u32,
}

/// Where estimates of run times come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Estimates {
    /// The trace's own.
    #[default]
    Trace,
    /// The true run times.
    Exact,
    /// From past runs of the same organization, user and name.
    Learned,
}

/// How to replay.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// What the core plans by.
    pub rules: Rules,
    /// Where estimates of run times come from.
    pub estimates: Estimates,
}
