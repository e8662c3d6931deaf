//! What a server remembers of its jobs and has of hosts, as far as a simulation needs it.

use super::enums::{GpuHealth, HostStatus};
use super::job::{GpuRequirements, Label, OrganizationName};
use super::queries::PageInfo;
use super::{Instant, schema};

/// Jobs submitted since an instant, oldest first.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct PastJobsVariables {
    pub(crate) since: Option<Instant>,
    pub(crate) first: i32,
    pub(crate) after: Option<String>,
}

/// See [`PastJobsVariables`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "PastJobsVariables")]
pub(crate) struct PastJobs {
    #[arguments(filter: { submittedAfter: $since }, orderBy: { field: SUBMITTED_AT, direction: ASC }, first: $first, after: $after)]
    pub(crate) jobs: PastJobPage,
}

/// A page of them.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "JobConnection")]
pub(crate) struct PastJobPage {
    pub(crate) nodes: Vec<PastJob>,
    pub(crate) page_info: PageInfo,
    pub(crate) total_count: i32,
}

/// A job, and when it ran.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Job")]
pub(crate) struct PastJob {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) organization: OrganizationName,
    pub(crate) submitted_by: String,
    pub(crate) priority: i32,
    pub(crate) requirements: GpuRequirements,
    pub(crate) image: Option<String>,
    pub(crate) time_limit_seconds: Option<i32>,
    pub(crate) submitted_at: Instant,
    pub(crate) started_at: Option<Instant>,
    pub(crate) finished_at: Option<Instant>,
}

/// A page of hosts with their GPUs.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct WholeHostsVariables {
    pub(crate) first: i32,
    pub(crate) after: Option<String>,
}

/// See [`WholeHostsVariables`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "WholeHostsVariables")]
pub(crate) struct WholeHosts {
    #[arguments(first: $first, after: $after)]
    pub(crate) hosts: WholeHostPage,
}

/// A page of them.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "HostConnection")]
pub(crate) struct WholeHostPage {
    pub(crate) nodes: Vec<WholeHost>,
    pub(crate) page_info: PageInfo,
}

/// A host with what it has.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Host")]
pub(crate) struct WholeHost {
    pub(crate) name: String,
    pub(crate) status: HostStatus,
    pub(crate) organization: Option<OrganizationName>,
    pub(crate) labels: Vec<Label>,
    pub(crate) cpus: f64,
    pub(crate) memory_mib: i32,
    pub(crate) container_runtime: Option<String>,
    pub(crate) gpus: Vec<WholeGpu>,
}

/// A GPU as it is planned with.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
pub(crate) struct WholeGpu {
    pub(crate) index: i32,
    pub(crate) gpu_type: String,
    pub(crate) memory_mib: i32,
    pub(crate) health: GpuHealth,
}
