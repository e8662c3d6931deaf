//! What agents tell: registration, signs of life, reports, logs. The host is always the one of the caller's key.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::JobId;
use domain::limits;
use domain::requirements::Label;

use super::caller::{permit, store};
use super::enums::{AttemptState, EndCause, GpuHealth, GpuProcessOwner, GpuUse, LogStream};
use super::failure::Answer;
use super::host::Host;
use super::label::LabelInput;
use crate::auth::{KeyKind, Secret};
use crate::fault::Fault;
use crate::scheduler::LeaseTerms;
use crate::store::agents::{Admission, Blame, Declaration, Device, Report, Sample, SignOfLifeTold, Told};
use crate::store::logs::{Chunk, Line};
use crate::telemetry::Gathering;

/// Bounds of one message of an agent.
const GPUS: usize = 4096;
const REPORTS: usize = 1000;
const CHUNKS: usize = 256;
const LINES: usize = 10_000;
const PROCESSES: usize = 1000;
const WARNINGS: usize = 32;
const PEERS: usize = 64;

/// A host as its agent declares it.
#[derive(InputObject)]
pub struct RegisterHostInput {
    /// Unique in the fleet; letters, digits, dots and dashes.
    pub name: String,
    /// Random, made once by the agent: tells this machine's agent from another one with the same name.
    pub machine_id: String,
    /// The agent's version.
    pub agent_version: String,
    /// CPU cores.
    pub cpus: f64,
    /// Memory in MiB.
    pub memory_mib: i32,
    /// The host's labels; absent: as they are.
    pub labels: Option<Vec<LabelInput>>,
    /// How the agent holds a job's processes together: cgroup, systemd scope or plain, with what else there is to say of it.
    pub containment: Option<String>,
    /// What runs containers on this host, with its version: podman, apptainer or docker; absent: nothing, and jobs with an
    /// image do not come here.
    pub container_runtime: Option<String>,
    /// What people should know of this host.
    pub warnings: Option<Vec<String>>,
    /// Its GPUs.
    pub gpus: Vec<GpuDeviceInput>,
}

/// A GPU as its agent declares it.
#[derive(InputObject)]
pub struct GpuDeviceInput {
    /// As NVML reports it.
    pub uuid: String,
    /// Its number on the host.
    pub index: i32,
    /// As NVML names it.
    pub gpu_type: String,
    /// Its memory in MiB.
    pub memory_mib: i32,
    /// True: no such card exists; it is played by the agent.
    #[graphql(default = false)]
    pub simulated: bool,
    /// The NUMA node of the host that it hangs on.
    pub numa_node: Option<i32>,
    /// UUIDs of the host's other GPUs that it reaches by NVLink.
    pub nvlink_peers: Option<Vec<String>>,
    /// Its health.
    #[graphql(default_with = "GpuHealth::Healthy")]
    pub health: GpuHealth,
    /// Why, when it is not healthy.
    pub health_reason: Option<String>,
}

/// A registered host.
#[derive(SimpleObject)]
pub struct RegisterHostPayload {
    /// The host.
    pub host: Host,
    /// The agent's own key, shown once, when a host joins with a join token; null when it comes back with its key.
    pub agent_key: Option<String>,
    /// The epoch that begins; every earlier one has ended.
    pub epoch: i32,
    /// Without an answer to a heartbeat for so long, the agent is to stop its jobs.
    pub lease_seconds: i32,
    /// How often a heartbeat is expected.
    pub heartbeat_seconds: i32,
}

/// A sign of life.
#[derive(InputObject)]
pub struct HeartbeatInput {
    /// The agent's epoch.
    pub epoch: i32,
    /// Why this host cannot start jobs: nothing new is placed on it. Null: it can.
    pub unfit_reason: Option<String>,
    /// The newest samples.
    pub gpus: Vec<GpuSampleInput>,
}

/// A GPU's sample.
#[derive(InputObject)]
pub struct GpuSampleInput {
    /// Which GPU.
    pub uuid: String,
    /// Share of time in which a kernel ran.
    pub utilization_percent: Option<f64>,
    /// Memory in use, MiB.
    pub memory_used_mib: Option<i32>,
    /// Temperature, degrees Celsius.
    pub temperature_celsius: Option<i32>,
    /// Power, watts.
    pub power_watts: Option<f64>,
    /// Clock of the processors, MHz.
    pub clock_mhz: Option<i32>,
    /// Clock of the memory, MHz.
    pub memory_clock_mhz: Option<i32>,
    /// Memory errors that could not be corrected, since the driver was loaded.
    pub uncorrected_errors: Option<i32>,
    /// True: nothing new is to be placed on it, for the reason that healthReason gives.
    #[graphql(default = false)]
    pub quarantine: bool,
    /// Its health.
    #[graphql(default_with = "GpuHealth::Healthy")]
    pub health: GpuHealth,
    /// Why, when it is not healthy.
    pub health_reason: Option<String>,
    /// Whether what several jobs get of it is enforced, by MPS; null: not told.
    pub shares_enforced: Option<bool>,
    /// What the card says of its use; null: the agent cannot tell, and a GPU that nobody was given is quarantined.
    #[graphql(name = "use")]
    pub gpu_use: Option<GpuUse>,
    /// The processes that the card lists; null: it did not say.
    pub processes: Option<Vec<GpuProcessInput>>,
}

/// A process on a GPU.
#[derive(InputObject)]
pub struct GpuProcessInput {
    /// Its number on the host.
    pub pid: i32,
    /// Memory that it holds, MiB.
    pub memory_used_mib: Option<i32>,
    /// Its command line, as far as the agent may read it.
    pub command: Option<String>,
    /// Whose it is.
    pub owner: GpuProcessOwner,
    /// Its job, when it belongs to one.
    pub job_id: Option<ID>,
}

/// The answer to a heartbeat.
#[derive(SimpleObject)]
pub struct HeartbeatPayload {
    /// The present epoch.
    pub epoch: i32,
    /// The lease, which begins anew.
    pub lease_seconds: i32,
}

/// What became of an attempt.
#[derive(InputObject)]
pub struct JobReportInput {
    /// The job.
    pub job_id: ID,
    /// Its attempt.
    pub attempt: i32,
    /// What became of it.
    pub state: AttemptState,
    /// When, by the host's wall clock; for people, nothing is decided by it.
    pub at: DateTime<Utc>,
    /// With EXITED: the exit code, or 128 + N for signal N; null when it never started or was lost.
    pub exit_code: Option<i32>,
    /// With EXITED: why, when the exit code does not say it.
    pub reason: Option<String>,
    /// With EXITED: the agent's own time limit ended it.
    #[graphql(default = false)]
    pub timed_out: bool,
    /// With EXITED: whose doing the end was.
    #[graphql(default_with = "EndCause::Command")]
    pub cause: EndCause,
    /// With EXITED: whether the command had been asked to end, by a signal, before it ended. What was not has ended by itself,
    /// whatever is asked of the job since. Absent: the agent does not say.
    pub asked: Option<bool>,
    /// How many seconds ago it happened, by the host's monotonic clock: what the job's times are made of, since wall clocks
    /// differ. Absent: just now, as far as is known.
    pub seconds_ago: Option<f64>,
    /// GPUs on which the card still lists processes or faults: they are quarantined instead of freed.
    pub unclean_gpus: Option<Vec<UncleanGpuInput>>,
}

/// A GPU that is not clean.
#[derive(InputObject)]
pub struct UncleanGpuInput {
    /// Which GPU.
    pub uuid: String,
    /// What is left on it.
    pub reason: String,
}

/// Reports, in order.
#[derive(InputObject)]
pub struct ReportJobsInput {
    /// The agent's epoch.
    pub epoch: i32,
    /// The reports.
    pub reports: Vec<JobReportInput>,
}

/// Answers to reports.
#[derive(SimpleObject)]
pub struct ReportJobsPayload {
    /// One for each report, in the same order.
    pub results: Vec<JobReportResult>,
}

/// The answer to one report.
#[derive(SimpleObject)]
pub struct JobReportResult {
    /// The job.
    pub job_id: ID,
    /// Its attempt.
    pub attempt: i32,
    /// False: the attempt is not this host's any more, kill what is left of it.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Log lines of several attempts.
#[derive(InputObject)]
pub struct AppendLogsInput {
    /// The agent's epoch.
    pub epoch: i32,
    /// The lines, by attempt.
    pub chunks: Vec<LogChunkInput>,
}

/// Log lines of one attempt.
#[derive(InputObject)]
pub struct LogChunkInput {
    /// The job.
    pub job_id: ID,
    /// Its attempt.
    pub attempt: i32,
    /// The number of the first line in the attempt's log on this host, from 0.
    pub first_line: i32,
    /// The lines.
    pub lines: Vec<LogLineInput>,
    /// True: the attempt is over on this host, and these are the last lines of its log.
    #[graphql(default = false)]
    pub last: bool,
}

/// A log line.
#[derive(InputObject)]
pub struct LogLineInput {
    /// When it was written, by the host's clock.
    pub at: DateTime<Utc>,
    /// Where it was written.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
}

/// Answers to log chunks.
#[derive(SimpleObject)]
pub struct AppendLogsPayload {
    /// One for each chunk, in the same order.
    pub results: Vec<AppendLogsResult>,
}

/// The answer to one chunk.
#[derive(SimpleObject)]
pub struct AppendLogsResult {
    /// The job.
    pub job_id: ID,
    /// Its attempt.
    pub attempt: i32,
    /// False: the attempt is not this host's any more.
    pub accepted: bool,
    /// The line that the server wants next.
    pub next_line: i32,
}

/// What agents tell.
#[derive(Default)]
pub struct AgentMutation;

#[Object]
impl AgentMutation {
    /// Agents only. Joins the fleet, or comes back to it: declares the host's hardware and starts a new epoch, which
    /// fences every earlier one.
    async fn register_host(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The host.")] input: RegisterHostInput,
    ) -> Answer<RegisterHostPayload> {
        let permit = permit(ctx)?;
        let who = permit.principal();
        let declared = declare(input)?;
        let (admission, agent_key) = match (&who.host, &who.join_token) {
            (Some(host), _) => (Admission::Return(*host), None),
            (None, Some(jti)) => {
                let key =
                    Secret::generate(KeyKind::Agent).map_err(|error| Fault::Internal(error.to_string()))?;
                let join = Admission::Join { jti: jti.clone(), key_hash: key.hash, actor: permit.actor() };
                (join, Some(key.secret))
            }
            (None, None) => {
                return Err(Fault::Forbidden("neither a join token nor an agent's key".into()).into());
            }
        };
        let terms = terms(ctx)?;
        let row = store(ctx).register_host(declared, admission, terms.lease_seconds()).await?;
        Ok(RegisterHostPayload {
            agent_key,
            epoch: row.epoch,
            lease_seconds: terms.lease_seconds(),
            heartbeat_seconds: terms.heartbeat_seconds(),
            host: Host(row),
        })
    }

    /// Agents only. Proof of life with the newest telemetry; answers with the lease.
    async fn heartbeat(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sign of life.")] input: HeartbeatInput,
    ) -> Answer<HeartbeatPayload> {
        let host = permit(ctx)?.host()?;
        bound("gpus", input.gpus.len(), GPUS)?;
        let samples = input.gpus.into_iter().map(sample).collect::<Result<Vec<_>, _>>()?;
        let terms = terms(ctx)?;
        let told = SignOfLifeTold { unfit_reason: input.unfit_reason.map(brief), samples: samples.clone() };
        let gpus = store(ctx).heartbeat(host, input.epoch, terms.lease_seconds(), told).await?;
        if let Ok(gathering) = ctx.data::<Arc<Gathering>>() {
            let known = samples.iter().filter_map(|sample| Some((*gpus.get(&sample.uuid)?, sample)));
            gathering.take(store(ctx).clock().now().timestamp(), known);
        }
        Ok(HeartbeatPayload { epoch: input.epoch, lease_seconds: terms.lease_seconds() })
    }

    /// Agents only. What became of attempts on this host, in order.
    async fn report_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reports.")] input: ReportJobsInput,
    ) -> Answer<ReportJobsPayload> {
        let host = permit(ctx)?.host()?;
        bound("reports", input.reports.len(), REPORTS)?;
        let reports = input.reports.into_iter().map(report).collect::<Result<Vec<_>, _>>()?;
        let results = store(ctx).report_jobs(host, input.epoch, reports).await?;
        let results = results.into_iter().map(|result| JobReportResult {
            job_id: ID(result.job.to_string()),
            attempt: result.attempt,
            accepted: result.accepted,
            reason: result.reason,
        });
        Ok(ReportJobsPayload { results: results.collect() })
    }

    /// Agents only. Log lines; those before nextLine were kept already and are passed over.
    async fn append_logs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The lines.")] input: AppendLogsInput,
    ) -> Answer<AppendLogsPayload> {
        let host = permit(ctx)?.host()?;
        bound("chunks", input.chunks.len(), CHUNKS)?;
        let chunks = input.chunks.into_iter().map(chunk).collect::<Result<Vec<_>, _>>()?;
        let results = store(ctx).append_logs(host, input.epoch, chunks).await?;
        let results = results.into_iter().map(|result| AppendLogsResult {
            job_id: ID(result.job.to_string()),
            attempt: result.attempt,
            accepted: result.accepted,
            next_line: result.next_line,
        });
        Ok(AppendLogsPayload { results: results.collect() })
    }
}

fn terms(ctx: &Context<'_>) -> Result<LeaseTerms, Fault> {
    ctx.data::<LeaseTerms>().copied().map_err(|error| Fault::Internal(error.message))
}

fn bound(field: &str, given: usize, most: usize) -> Result<(), Fault> {
    if given > most {
        return Err(Fault::invalid(field, format!("at most {most}")));
    }
    Ok(())
}

fn job_id(field: &str, id: &ID) -> Result<JobId, Fault> {
    id.parse().map_err(|_| Fault::invalid(field, "not a job's id"))
}

/// Cut, not refused: what an agent says of a fault must never get lost because it is long.
fn brief(text: String) -> String {
    text.chars().filter(|c| *c != '\0').take(1000).collect()
}

fn declare(input: RegisterHostInput) -> Result<Declaration, Fault> {
    limits::check_host_name(&input.name)?;
    bound("gpus", input.gpus.len(), GPUS)?;
    limits::check_text("machineId", Some(&input.machine_id), 100)?;
    if input.machine_id.is_empty() || input.machine_id.len() > 100 {
        return Err(Fault::invalid("machineId", "1 to 100 characters"));
    }
    if !(input.cpus.is_finite() && input.cpus >= 0.0 && input.memory_mib >= 0) {
        return Err(Fault::invalid("cpus", "cores and memory are not negative"));
    }
    let labels: Option<Vec<Label>> = input
        .labels
        .map(|given| given.into_iter().map(|label| Label { key: label.key, value: label.value }).collect());
    if let Some(labels) = &labels {
        limits::check_labels("labels", labels)?;
    }
    let gpus = input.gpus.into_iter().map(device).collect::<Result<Vec<_>, _>>()?;
    Ok(Declaration {
        name: input.name,
        machine_id: input.machine_id,
        agent_version: brief(input.agent_version),
        cpus: input.cpus,
        memory_mib: input.memory_mib,
        labels,
        containment: input.containment.map(brief),
        container_runtime: input.container_runtime.map(brief).filter(|runtime| !runtime.is_empty()),
        warnings: input.warnings.unwrap_or_default().into_iter().take(WARNINGS).map(brief).collect(),
        gpus,
    })
}

fn device(input: GpuDeviceInput) -> Result<Device, Fault> {
    limits::check_text("gpus", Some(&input.uuid), 100)?;
    if input.uuid.is_empty() || input.uuid.len() > 100 || input.index < 0 || input.memory_mib < 0 {
        return Err(Fault::invalid(
            "gpus",
            "a GPU has a UUID of at most 100 bytes, an index and a memory of at least 0",
        ));
    }
    Ok(Device {
        uuid: input.uuid,
        index: input.index,
        gpu_type: brief(input.gpu_type),
        memory_mib: input.memory_mib,
        simulated: input.simulated,
        numa_node: input.numa_node,
        nvlink_peers: input.nvlink_peers.unwrap_or_default().into_iter().take(PEERS).map(brief).collect(),
        health: input.health.as_str(),
        health_reason: input.health_reason.map(brief),
    })
}

fn sample(input: GpuSampleInput) -> Result<Sample, Fault> {
    let mut processes = input.processes.unwrap_or_default();
    // Cut, not refused: a sign of life is never turned away because there is much to tell.
    processes.truncate(PROCESSES);
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    let processes = processes.into_iter().map(|process| {
        serde_json::json!({
            "pid": process.pid, "memoryUsedMib": process.memory_used_mib, "command": process.command.map(brief),
            "owner": process.owner.as_str(), "jobId": process.job_id.map(|id| brief(id.0)),
        })
    });
    Ok(Sample {
        uuid: input.uuid,
        utilization_percent: finite(input.utilization_percent),
        memory_used_mib: input.memory_used_mib,
        temperature_celsius: input.temperature_celsius,
        power_watts: finite(input.power_watts),
        clock_mhz: input.clock_mhz,
        memory_clock_mhz: input.memory_clock_mhz,
        uncorrected_errors: input.uncorrected_errors,
        quarantine: input.quarantine,
        health: input.health.as_str(),
        health_reason: input.health_reason.map(brief),
        shares_enforced: input.shares_enforced,
        gpu_use: input.gpu_use.map(GpuUse::as_str),
        processes: processes.collect(),
    })
}

fn report(input: JobReportInput) -> Result<Report, Fault> {
    let unclean = input.unclean_gpus.unwrap_or_default();
    bound("uncleanGpus", unclean.len(), GPUS)?;
    let unclean: HashMap<String, String> =
        unclean.into_iter().map(|gpu| (gpu.uuid, brief(gpu.reason))).collect();
    Ok(Report {
        job: job_id("jobId", &input.job_id)?,
        attempt: input.attempt,
        told: match input.state {
            AttemptState::Started => Told::Started,
            AttemptState::Noted => Told::Noted,
            AttemptState::Exited => Told::Exited,
        },
        exit_code: input.exit_code,
        reason: input.reason.map(brief),
        timed_out: input.timed_out,
        blame: match input.cause {
            EndCause::Command => Blame::Command,
            EndCause::NeverStarted => Blame::NeverStarted,
            EndCause::ImageRefused => Blame::ImageRefused,
            EndCause::Lost => Blame::Loss,
        },
        asked: input.asked,
        ago: input.seconds_ago.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        unclean,
    })
}

fn chunk(input: LogChunkInput) -> Result<Chunk, Fault> {
    bound("lines", input.lines.len(), LINES)?;
    if input.first_line < 0 {
        return Err(Fault::invalid("firstLine", "not negative"));
    }
    let lines = input.lines.into_iter().map(|line| Line {
        at: line.at,
        stderr: line.stream == LogStream::Stderr,
        // PostgreSQL's JSON has no NUL.
        text: line.text.replace('\0', "\u{fffd}"),
    });
    Ok(Chunk {
        job: job_id("jobId", &input.job_id)?,
        attempt: input.attempt,
        first_line: input.first_line,
        lines: lines.collect(),
        last: input.last,
    })
}
