//! The operations that an agent sends, typed against the public schema when this crate compiles.

use chrono::{DateTime, Utc};
use cynic::impl_scalar;

#[cynic::schema("fleet")]
#[allow(unreachable_pub, reason = "what is generated is public within this module")]
mod schema {}

impl_scalar!(DateTime<Utc>, schema::DateTime);

#[derive(cynic::QueryVariables, Debug)]
pub(crate) struct RegisterHostVariables {
    pub(crate) input: RegisterHostInput,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "RegisterHostVariables")]
pub(crate) struct RegisterHost {
    #[arguments(input: $input)]
    pub(crate) register_host: RegisterHostPayload,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct RegisterHostInput {
    pub(crate) name: String,
    pub(crate) machine_id: String,
    pub(crate) agent_version: String,
    pub(crate) cpus: f64,
    pub(crate) memory_mib: i32,
    pub(crate) labels: Option<Vec<LabelInput>>,
    pub(crate) containment: Option<String>,
    pub(crate) container_runtime: Option<String>,
    pub(crate) warnings: Option<Vec<String>>,
    pub(crate) gpus: Vec<GpuDeviceInput>,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct LabelInput {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct GpuDeviceInput {
    pub(crate) uuid: String,
    pub(crate) index: i32,
    pub(crate) gpu_type: String,
    pub(crate) memory_mib: i32,
    pub(crate) simulated: bool,
    pub(crate) numa_node: Option<i32>,
    pub(crate) nvlink_peers: Option<Vec<String>>,
    pub(crate) health: GpuHealth,
    pub(crate) health_reason: Option<String>,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GpuHealth {
    Healthy,
    Degraded,
    Failed,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct RegisterHostPayload {
    pub(crate) agent_key: Option<String>,
    pub(crate) epoch: i32,
    pub(crate) lease_seconds: i32,
    pub(crate) heartbeat_seconds: i32,
}

#[derive(cynic::QueryVariables, Debug)]
pub(crate) struct HeartbeatVariables {
    pub(crate) input: HeartbeatInput,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "HeartbeatVariables")]
pub(crate) struct Heartbeat {
    #[arguments(input: $input)]
    pub(crate) heartbeat: HeartbeatPayload,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct HeartbeatInput {
    pub(crate) epoch: i32,
    pub(crate) unfit_reason: Option<String>,
    pub(crate) gpus: Vec<GpuSampleInput>,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct GpuSampleInput {
    pub(crate) uuid: String,
    pub(crate) utilization_percent: Option<f64>,
    pub(crate) memory_used_mib: Option<i32>,
    pub(crate) temperature_celsius: Option<i32>,
    pub(crate) power_watts: Option<f64>,
    pub(crate) clock_mhz: Option<i32>,
    pub(crate) memory_clock_mhz: Option<i32>,
    pub(crate) uncorrected_errors: Option<i32>,
    pub(crate) quarantine: bool,
    pub(crate) health: GpuHealth,
    pub(crate) health_reason: Option<String>,
    pub(crate) shares_enforced: Option<bool>,
    #[cynic(rename = "use")]
    pub(crate) gpu_use: Option<GpuUse>,
    pub(crate) processes: Option<Vec<GpuProcessInput>>,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GpuUse {
    Free,
    Working,
    HeldIdle,
    HeldEmpty,
    Foreign,
    Orphaned,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct GpuProcessInput {
    pub(crate) pid: i32,
    pub(crate) memory_used_mib: Option<i32>,
    pub(crate) command: Option<String>,
    pub(crate) owner: GpuProcessOwner,
    pub(crate) job_id: Option<cynic::Id>,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GpuProcessOwner {
    Job,
    Orphan,
    Foreign,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct HeartbeatPayload {
    pub(crate) lease_seconds: i32,
}

#[derive(cynic::QueryVariables, Debug)]
pub(crate) struct ReportJobsVariables {
    pub(crate) input: ReportJobsInput,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "ReportJobsVariables")]
pub(crate) struct ReportJobs {
    #[arguments(input: $input)]
    pub(crate) report_jobs: ReportJobsPayload,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct ReportJobsInput {
    pub(crate) epoch: i32,
    pub(crate) reports: Vec<JobReportInput>,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct JobReportInput {
    pub(crate) job_id: cynic::Id,
    pub(crate) attempt: i32,
    pub(crate) state: AttemptState,
    pub(crate) at: DateTime<Utc>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
    pub(crate) timed_out: bool,
    pub(crate) cause: EndCause,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) asked: Option<bool>,
    pub(crate) seconds_ago: Option<f64>,
    pub(crate) unclean_gpus: Option<Vec<UncleanGpuInput>>,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AttemptState {
    Started,
    Noted,
    Exited,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndCause {
    Command,
    NeverStarted,
    ImageRefused,
    Lost,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct UncleanGpuInput {
    pub(crate) uuid: String,
    pub(crate) reason: String,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct ReportJobsPayload {
    pub(crate) results: Vec<JobReportResult>,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct JobReportResult {
    pub(crate) accepted: bool,
    pub(crate) reason: Option<String>,
}

#[derive(cynic::QueryVariables, Debug)]
pub(crate) struct AppendLogsVariables {
    pub(crate) input: AppendLogsInput,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "AppendLogsVariables")]
pub(crate) struct AppendLogs {
    #[arguments(input: $input)]
    pub(crate) append_logs: AppendLogsPayload,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct AppendLogsInput {
    pub(crate) epoch: i32,
    pub(crate) chunks: Vec<LogChunkInput>,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct LogChunkInput {
    pub(crate) job_id: cynic::Id,
    pub(crate) attempt: i32,
    pub(crate) first_line: i32,
    pub(crate) lines: Vec<LogLineInput>,
    pub(crate) last: bool,
}

#[derive(cynic::InputObject, Debug, Clone)]
pub(crate) struct LogLineInput {
    pub(crate) at: DateTime<Utc>,
    pub(crate) stream: LogStream,
    pub(crate) text: String,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogStream {
    Stdout,
    Stderr,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct AppendLogsPayload {
    pub(crate) results: Vec<AppendLogsResult>,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct AppendLogsResult {
    pub(crate) accepted: bool,
    pub(crate) next_line: i32,
}

#[derive(cynic::QueryVariables, Debug)]
pub(crate) struct AssignmentsVariables {
    pub(crate) epoch: i32,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Subscription", variables = "AssignmentsVariables")]
pub(crate) struct Assignments {
    #[arguments(epoch: $epoch)]
    pub(crate) assignments: AssignmentsUpdate,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct AssignmentsUpdate {
    pub(crate) complete: bool,
    pub(crate) assignments: Vec<Assignment>,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct Assignment {
    pub(crate) job_id: cynic::Id,
    pub(crate) attempt: i32,
    pub(crate) action: AssignmentAction,
    pub(crate) job_name: String,
    pub(crate) organization_slug: String,
    pub(crate) command: Vec<String>,
    pub(crate) env: Vec<EnvVar>,
    pub(crate) workdir: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) gpu_uuids: Vec<String>,
    pub(crate) milli: i32,
    pub(crate) time_limit_seconds: Option<i32>,
    pub(crate) grace_seconds: i32,
    pub(crate) node_rank: i32,
    pub(crate) node_count: i32,
    pub(crate) started: bool,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssignmentAction {
    Run,
    Stop,
    Forget,
}

#[derive(cynic::QueryFragment, Debug)]
pub(crate) struct EnvVar {
    pub(crate) name: String,
    pub(crate) value: String,
}
