//! What agents say, as the store takes it, and what it answers them.

use std::collections::HashMap;
use std::time::Duration;

use domain::ids::{HostId, JobId};
use domain::requirements::Label;
use entity::{job, placement};

use crate::store::Actor;

/// A host as its agent declares it.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its name.
    pub name: String,
    /// Its agent's own random id.
    pub machine_id: String,
    /// The agent's version.
    pub agent_version: String,
    /// CPU cores.
    pub cpus: f64,
    /// Memory in MiB.
    pub memory_mib: i32,
    /// Labels that the agent was started with; none: as they are.
    pub labels: Option<Vec<Label>>,
    /// How it holds a job's processes together.
    pub containment: Option<String>,
    /// What runs containers there; none: nothing does.
    pub container_runtime: Option<String>,
    /// What people should know of it.
    pub warnings: Vec<String>,
    /// Its GPUs.
    pub gpus: Vec<Device>,
}

/// A GPU as its agent declares it.
#[derive(Debug, Clone)]
pub struct Device {
    /// As NVML reports it.
    pub uuid: String,
    /// Its number.
    pub index: i32,
    /// As NVML names it.
    pub gpu_type: String,
    /// Its memory in MiB.
    pub memory_mib: i32,
    /// Played by the agent.
    pub simulated: bool,
    /// The NUMA node that it hangs on.
    pub numa_node: Option<i32>,
    /// UUIDs of the host's other cards that it reaches by NVLink.
    pub nvlink_peers: Vec<String>,
    /// HEALTHY, DEGRADED or FAILED.
    pub health: &'static str,
    /// Why, when not HEALTHY.
    pub health_reason: Option<String>,
}

/// A sign of life.
#[derive(Debug, Clone)]
pub struct SignOfLifeTold {
    /// Why the host cannot start jobs; none: it can.
    pub unfit_reason: Option<String>,
    /// The newest samples.
    pub samples: Vec<Sample>,
}

/// How an agent proves that it may register.
#[derive(Debug, Clone)]
pub enum Admission {
    /// By a join token that was not used before; the hash of the key that it gets.
    Join {
        /// The token's id.
        jti: String,
        /// SHA-256 of the new key, hex.
        key_hash: String,
        /// Whoever the token was made for.
        actor: Actor,
    },
    /// By the key of the host that it has joined.
    Return(HostId),
}

/// A GPU's sample.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Which GPU.
    pub uuid: String,
    /// Its telemetry.
    pub utilization_percent: Option<f64>,
    /// Memory used in MiB.
    pub memory_used_mib: Option<i32>,
    /// Temperature in degrees Celsius.
    pub temperature_celsius: Option<i32>,
    /// Power in watts.
    pub power_watts: Option<f64>,
    /// Clock of the processors in MHz.
    pub clock_mhz: Option<i32>,
    /// Clock of the memory in MHz.
    pub memory_clock_mhz: Option<i32>,
    /// Memory errors that could not be corrected.
    pub uncorrected_errors: Option<i32>,
    /// Nothing new is to be placed on it, for its health's sake.
    pub quarantine: bool,
    /// HEALTHY, DEGRADED or FAILED.
    pub health: &'static str,
    /// Why, when not HEALTHY.
    pub health_reason: Option<String>,
    /// Whether shares of it are enforced; none: not told.
    pub shares_enforced: Option<bool>,
    /// What the card says of its use.
    pub gpu_use: Option<&'static str>,
    /// Its processes, as they go to clients.
    pub processes: serde_json::Value,
}

impl Sample {
    /// A healthy card of which nothing else is told.
    #[must_use]
    pub fn of(uuid: &str) -> Self {
        Self {
            uuid: uuid.to_owned(),
            utilization_percent: None,
            memory_used_mib: None,
            temperature_celsius: None,
            power_watts: None,
            clock_mhz: None,
            memory_clock_mhz: None,
            uncorrected_errors: None,
            quarantine: false,
            health: "HEALTHY",
            health_reason: None,
            shares_enforced: None,
            gpu_use: None,
            processes: serde_json::Value::Array(Vec::new()),
        }
    }
}

/// What is told of an attempt on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// Its process runs.
    Started,
    /// Something happened to it that people should know.
    Noted,
    /// Its processes are gone.
    Exited,
}

/// What became of an attempt on a host.
#[derive(Debug, Clone)]
pub struct Report {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: i32,
    /// What is told.
    pub told: Told,
    /// The exit code.
    pub exit_code: Option<i32>,
    /// Why, when the exit code does not say.
    pub reason: Option<String>,
    /// Ended by its time limit.
    pub timed_out: bool,
    /// Whose doing the end was.
    pub blame: Blame,
    /// The command had been asked to end, by a signal, before it ended; none: the agent does not say.
    pub asked: Option<bool>,
    /// How long ago it happened, by the host's monotonic clock; none: just now, as far as is known.
    pub ago: Option<Duration>,
    /// GPUs that are not clean, with the reason.
    pub unclean: HashMap<String, String>,
}

/// Whose doing an attempt's end was. What was not the job's own uses up none of its retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// The command ended, by itself or because it was stopped.
    Command,
    /// The host could not start it: the command certainly never ran.
    NeverStarted,
    /// There is no such image, as its registry has answered: trying again is of no use.
    ImageRefused,
    /// The host lost it: the command may have run.
    Loss,
}

impl Blame {
    /// As the book spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Command => "COMMAND",
            Self::NeverStarted => "NEVER_STARTED",
            Self::ImageRefused => "IMAGE_REFUSED",
            Self::Loss => "LOST",
        }
    }

    /// What the book says.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "NEVER_STARTED" => Self::NeverStarted,
            "IMAGE_REFUSED" => Self::ImageRefused,
            "LOST" => Self::Loss,
            _ => Self::Command,
        }
    }
}

/// The answer to one report.
#[derive(Debug, Clone)]
pub struct ReportResult {
    /// The job.
    pub job: JobId,
    /// Its attempt.
    pub attempt: i32,
    /// False: not this host's any more.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// One attempt, as far as it concerns one host.
#[derive(Debug, Clone)]
pub struct AssignedAttempt {
    /// The job's row.
    pub job: job::Model,
    /// The attempt's part on this host.
    pub part: placement::Model,
    /// UUIDs of its GPUs on this host, by index.
    pub gpu_uuids: Vec<String>,
    /// Thousandths of the GPU.
    pub milli: i32,
    /// The organization's slug.
    pub organization_slug: String,
}
