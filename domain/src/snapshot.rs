//! All that the scheduler may know when it plans: the fleet and the queue at one instant, with the versions read.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{GpuId, HostId, JobId, OrganizationId};
use crate::requirements::{GpuRequirements, Label};

/// The fleet and the queue at one instant.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Snapshot {
    /// Every host, in any order: the plan does not depend on it.
    pub hosts: Vec<HostState>,
    /// Jobs QUEUED or HELD, in any order.
    pub waiting: Vec<WaitingJob>,
    /// Jobs that hold GPUs now, for explanations.
    pub running: Vec<RunningJob>,
    /// Organizations with waiting or running jobs.
    pub organizations: Vec<OrganizationState>,
    /// What jobs asked for lately, whether they wait, run or have ended: the fleet is kept good for such jobs.
    #[serde(default)]
    pub seen: Vec<SeenJobs>,
}

/// Jobs, lately submitted, that asked for the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenJobs {
    /// Whose they were.
    pub organization: OrganizationId,
    /// What they asked.
    pub requirements: GpuRequirements,
    /// They had an image.
    pub needs_container: bool,
    /// How many there were.
    pub jobs: u32,
}

/// A host and its GPUs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HostState {
    /// Its id.
    pub id: HostId,
    /// Its name.
    pub name: String,
    /// Set: only this organization's jobs may use it.
    pub organization: Option<OrganizationId>,
    /// False: down, draining or drained; nothing new is placed on it.
    pub schedulable: bool,
    /// Its labels.
    pub labels: Vec<Label>,
    /// It has what runs containers.
    #[serde(default)]
    pub runs_containers: bool,
    /// CPU cores, in all.
    pub cpus: f64,
    /// Memory in MiB, in all.
    pub memory_mib: i32,
    /// CPU cores promised to live allocations.
    pub cpus_allocated: f64,
    /// Decimal gigabytes promised to live allocations.
    pub memory_gb_allocated: f64,
    /// Its GPUs.
    pub gpus: Vec<GpuState>,
}

/// A GPU and what of it is taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct GpuState {
    /// Its id.
    pub id: GpuId,
    /// The version read: a placement holds only while it is still this.
    pub version: i32,
    /// Its number on the host.
    pub index: i32,
    /// As NVML names it.
    pub gpu_type: String,
    /// Its memory in MiB.
    pub memory_mib: i32,
    /// False: quarantined or failed.
    pub usable: bool,
    /// Thousandths taken by live allocations, 0 to 1000.
    pub allocated_milli: i32,
    /// The NUMA node of its host that it hangs on, where that is known.
    #[serde(default)]
    pub numa_node: Option<i32>,
    /// The other GPUs of its host that it reaches over NVLink.
    #[serde(default)]
    pub nvlink_peers: Vec<GpuId>,
}

/// A job that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WaitingJob {
    /// Its id.
    pub id: JobId,
    /// The version read: a placement holds only while it is still this.
    pub version: i32,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Larger goes first.
    pub priority: i32,
    /// Earlier goes first among equals.
    pub submitted_at: DateTime<Utc>,
    /// What it asks.
    pub requirements: GpuRequirements,
    /// It has an image: its hosts must run containers.
    #[serde(default)]
    pub needs_container: bool,
    /// True: a person holds it back.
    pub held: bool,
    /// Jobs that must end before it, and have not.
    pub unfinished_dependencies: Vec<JobId>,
    /// Set: it has failed, and rests until then before it is tried again.
    #[serde(default)]
    pub rests_until: Option<DateTime<Utc>>,
    /// How long it is thought to run, in seconds: by its time limit, or as learned from runs like it.
    pub estimate_secs: Option<i64>,
}

impl WaitingJob {
    /// Something other than GPUs keeps it from starting.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        self.held || !self.unfinished_dependencies.is_empty() || self.rests_until.is_some()
    }
}

/// A job that holds GPUs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunningJob {
    /// Its id.
    pub id: JobId,
    /// The version read: it is asked to give its GPUs back only while it is still this.
    pub version: i32,
    /// Whose it is.
    pub organization: OrganizationId,
    /// When it ends at the latest, by its time limit.
    pub ends_by: Option<DateTime<Utc>>,
    /// What it holds: GPU and thousandths.
    pub gpus: Vec<(GpuId, i32)>,
    /// CPU cores and decimal gigabytes of its hosts' memory that it holds in all.
    pub cpus: f64,
    /// See `cpus`.
    pub memory_gb: f64,
    /// When its present attempt got its GPUs.
    pub started_at: Option<DateTime<Utc>>,
    /// Larger gives back what it has borrowed later.
    pub priority: i32,
    /// Asked to stop already.
    pub stopping: bool,
}

/// An organization's limits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OrganizationState {
    /// Its id.
    pub id: OrganizationId,
    /// Never more than this many GPUs at once, counted in thousandths of a GPU.
    pub max_gpus_milli: Option<i64>,
    /// Held now, in thousandths of a GPU.
    pub allocated_milli: i64,
    /// Its part of the fleet, beside those of others.
    pub weight: f64,
    /// Its own whenever it wants it, in thousandths of a GPU; what it holds beyond is borrowed.
    pub guaranteed_milli: i64,
    /// Held lately on average, in thousandths of a GPU; what is long ago counts less.
    pub lately_milli: f64,
}
