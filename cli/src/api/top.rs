//! What `top` asks for. Of the whole fleet it knows little of each GPU and job; the rest is asked for by id, for what is
//! in sight alone.

use super::enums::{GpuHealth, GpuStatus, GpuUse, HostStatus, JobStatus};
use super::fleet::GpuTelemetry;
use super::job::{Blocker, HostName, OrganizationName};
use super::queries::{JobPageVariablesFields, PageInfo, PageVariablesFields};
use super::{Instant, schema};

/// Where the subscriptions stand.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query")]
pub(crate) struct EventCursor {
    pub(crate) event_cursor: String,
}

/// A host, as each of its GPUs tells it.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq, Eq)]
#[cynic(schema = "fleet", graphql_type = "Host")]
pub(crate) struct HostLine {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) status: HostStatus,
    pub(crate) status_reason: Option<String>,
}

/// A GPU, as far as the whole fleet's are known.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
pub(crate) struct GpuLine {
    pub(crate) id: cynic::Id,
    pub(crate) index: i32,
    pub(crate) gpu_type: String,
    pub(crate) memory_mib: i32,
    pub(crate) simulated: bool,
    pub(crate) status: GpuStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) health: GpuHealth,
    pub(crate) version: i32,
    pub(crate) host: HostLine,
}

/// A page of them.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "PageVariables")]
pub(crate) struct GpuLinePage {
    #[arguments(first: $first, after: $after)]
    pub(crate) gpus: GpuLineConnection,
}

/// See [`GpuLinePage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "GpuConnection")]
pub(crate) struct GpuLineConnection {
    pub(crate) nodes: Vec<GpuLine>,
    pub(crate) page_info: PageInfo,
}

/// A job, as far as the whole queue's are known.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Job")]
pub(crate) struct JobLine {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) organization: OrganizationName,
    pub(crate) status: JobStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) priority: i32,
    pub(crate) requirements: Wanted,
    pub(crate) time_limit_seconds: Option<i32>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) submitted_by: String,
    pub(crate) submitted_at: Instant,
    pub(crate) allocated_at: Option<Instant>,
    pub(crate) started_at: Option<Instant>,
    pub(crate) finished_at: Option<Instant>,
    pub(crate) version: i32,
}

/// How much a job asks for.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "GpuRequirements")]
pub(crate) struct Wanted {
    pub(crate) count: i32,
    pub(crate) milli: i32,
}

/// A page of them.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "JobPageVariables")]
pub(crate) struct JobLinePage {
    #[arguments(filter: $filter, orderBy: $order, first: $first, after: $after)]
    pub(crate) jobs: JobLineConnection,
}

/// See [`JobLinePage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "JobConnection")]
pub(crate) struct JobLineConnection {
    pub(crate) nodes: Vec<JobLine>,
    pub(crate) page_info: PageInfo,
}

/// See [`FollowGpus`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct FollowGpusVariables {
    pub(crate) after: Option<String>,
}

/// Every committed change of the fleet's GPUs.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Subscription", variables = "FollowGpusVariables")]
pub(crate) struct FollowGpus {
    #[arguments(after: $after)]
    pub(crate) gpu_updates: GpuLineUpdate,
}

/// A GPU as a change left it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "GpuUpdate")]
pub(crate) struct GpuLineUpdate {
    pub(crate) cursor: String,
    pub(crate) gpu: GpuLine,
}

/// See [`FollowQueue`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct FollowQueueVariables {
    pub(crate) after: Option<String>,
}

/// Every committed change of the jobs that the caller sees.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Subscription", variables = "FollowQueueVariables")]
pub(crate) struct FollowQueue {
    #[arguments(after: $after)]
    pub(crate) job_updates: JobLineUpdate,
}

/// A job as a change left it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "JobUpdate")]
pub(crate) struct JobLineUpdate {
    pub(crate) cursor: String,
    pub(crate) job: JobLine,
}

/// The fleet in numbers, at once and then whenever they changed.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Subscription")]
pub(crate) struct FollowTotals {
    pub(crate) fleet_updates: FleetTotals,
}

/// See [`FollowTotals`].
#[derive(cynic::QueryFragment, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet", graphql_type = "FleetSummary")]
pub(crate) struct FleetTotals {
    pub(crate) gpus: i32,
    pub(crate) jobs_queued: i32,
    pub(crate) jobs_running: i32,
}

/// Whose a GPU in sight is.
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
#[cynic(schema = "fleet", graphql_type = "Allocation")]
pub(crate) struct HolderName {
    pub(crate) milli: i32,
    pub(crate) job: HoldingJob,
}

/// See [`HolderName`].
#[derive(cynic::QueryFragment, Debug, Clone, PartialEq)]
#[cynic(schema = "fleet", graphql_type = "Job")]
pub(crate) struct HoldingJob {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) organization: OrganizationName,
}

/// What is asked of a GPU in sight.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
pub(crate) struct GpuReading {
    pub(crate) id: cynic::Id,
    pub(crate) version: i32,
    #[cynic(rename = "use")]
    pub(crate) in_use: Option<GpuUse>,
    pub(crate) telemetry: Option<GpuTelemetry>,
    #[arguments(first: 3)]
    pub(crate) allocations: Vec<HolderName>,
    pub(crate) host: HostLine,
}

/// See [`FollowReadings`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct FollowReadingsVariables {
    pub(crate) gpu_ids: Vec<cynic::Id>,
}

/// What these GPUs tell, at once and then whenever there is something newer.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Subscription", variables = "FollowReadingsVariables")]
pub(crate) struct FollowReadings {
    #[arguments(gpuIds: $gpu_ids)]
    pub(crate) telemetry_updates: ReadingsUpdate,
}

/// See [`FollowReadings`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "TelemetryUpdate")]
pub(crate) struct ReadingsUpdate {
    pub(crate) gpus: Vec<GpuReading>,
}

/// See [`FollowHosts`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct FollowHostsVariables {
    pub(crate) after: Option<String>,
}

/// Every committed change of a host.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Subscription", variables = "FollowHostsVariables")]
pub(crate) struct FollowHosts {
    #[arguments(after: $after)]
    pub(crate) host_updates: HostLineUpdate,
}

/// A host as it is now; null: it was removed.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "HostUpdate")]
pub(crate) struct HostLineUpdate {
    pub(crate) cursor: String,
    pub(crate) host: Option<HostLine>,
}

/// What is asked of a job in sight.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Job")]
pub(crate) struct JobInSight {
    pub(crate) id: cynic::Id,
    pub(crate) version: i32,
    pub(crate) pending: Option<FirstReason>,
    #[arguments(first: 16)]
    pub(crate) gpus: Vec<Place>,
}

/// The first of the reasons that a job waits for.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "PendingExplanation")]
pub(crate) struct FirstReason {
    pub(crate) position: i32,
    #[arguments(first: 1)]
    pub(crate) blockers: Vec<Blocker>,
}

/// Where a job runs.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
pub(crate) struct Place {
    pub(crate) index: i32,
    pub(crate) simulated: bool,
    pub(crate) host: HostName,
}

/// Ids, a hundred at most.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct NodesVariables {
    pub(crate) ids: Vec<cynic::Id>,
}

/// The GPUs and jobs in sight; null where one is gone.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "NodesVariables")]
pub(crate) struct NodesInSight {
    #[arguments(ids: $ids)]
    pub(crate) nodes: Vec<Option<Seen>>,
}

/// One of them.
#[derive(cynic::InlineFragments, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Node")]
pub(crate) enum Seen {
    Gpu(GpuReading),
    Job(JobInSight),
    #[cynic(fallback)]
    Other,
}

/// The same ids, asked for their use alone.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "NodesVariables")]
pub(crate) struct UsesOutOfSight {
    #[arguments(ids: $ids)]
    pub(crate) nodes: Vec<Option<UseOf>>,
}

/// One of them.
#[derive(cynic::InlineFragments, Debug)]
#[cynic(schema = "fleet", graphql_type = "Node")]
pub(crate) enum UseOf {
    Gpu(GpuInUse),
    #[cynic(fallback)]
    Other,
}

/// What a card says of its use.
#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
pub(crate) struct GpuInUse {
    pub(crate) id: cynic::Id,
    #[cynic(rename = "use")]
    pub(crate) in_use: Option<GpuUse>,
}
