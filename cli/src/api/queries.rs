//! Questions to the server.

use serde::Serialize;

use super::explanation::ExplainedJob;
use super::fleet::{GpuRow, HostRow, OrganizationRow};
use super::inputs::{JobFilter, JobOrder};
use super::job::{JobDetail, JobRow, LogLine};
use super::schema;

/// Where a page ends.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub(crate) has_next_page: bool,
    pub(crate) end_cursor: Option<String>,
}

/// One object by its id.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct IdVariables {
    pub(crate) id: cynic::Id,
}

/// A job with all there is to know of it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "IdVariables")]
pub(crate) struct JobById {
    #[arguments(id: $id)]
    pub(crate) job: Option<JobDetail>,
}

/// All that can be said of why a job waits.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "IdVariables")]
pub(crate) struct ExplainJob {
    #[arguments(id: $id)]
    pub(crate) job: Option<ExplainedJob>,
}

/// A job as lists show it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "IdVariables")]
pub(crate) struct JobRowById {
    #[arguments(id: $id)]
    pub(crate) job: Option<JobRow>,
}

/// The end of a job's log.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct LogTailVariables {
    pub(crate) id: cynic::Id,
    pub(crate) lines: i32,
}

/// See [`LogTailVariables`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "LogTailVariables")]
pub(crate) struct JobLogTail {
    #[arguments(id: $id)]
    pub(crate) job: Option<JobWithLog>,
}

/// A job's log, the newest lines of it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Job", variables = "LogTailVariables")]
pub(crate) struct JobWithLog {
    #[arguments(lines: $lines)]
    pub(crate) log_tail: Vec<LogLine>,
}

/// A page of jobs.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct JobPageVariables {
    pub(crate) filter: Option<JobFilter>,
    pub(crate) order: Option<JobOrder>,
    pub(crate) first: i32,
    pub(crate) after: Option<String>,
}

/// See [`JobPageVariables`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "JobPageVariables")]
pub(crate) struct JobPage {
    #[arguments(filter: $filter, orderBy: $order, first: $first, after: $after)]
    pub(crate) jobs: JobConnection,
}

/// See [`JobPage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct JobConnection {
    pub(crate) nodes: Vec<JobRow>,
    pub(crate) page_info: PageInfo,
}

/// A page of jobs' ids.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "JobPageVariables")]
pub(crate) struct JobIdPage {
    #[arguments(filter: $filter, orderBy: $order, first: $first, after: $after)]
    pub(crate) jobs: JobIdConnection,
}

/// See [`JobIdPage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "JobConnection")]
pub(crate) struct JobIdConnection {
    pub(crate) nodes: Vec<JobId>,
    pub(crate) page_info: PageInfo,
}

/// See [`JobIdPage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Job")]
pub(crate) struct JobId {
    pub(crate) id: cynic::Id,
}

/// A page of anything without filters.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct PageVariables {
    pub(crate) first: i32,
    pub(crate) after: Option<String>,
}

/// A page of GPUs.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "PageVariables")]
pub(crate) struct GpuPage {
    #[arguments(first: $first, after: $after)]
    pub(crate) gpus: GpuConnection,
}

/// See [`GpuPage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct GpuConnection {
    pub(crate) nodes: Vec<GpuRow>,
    pub(crate) page_info: PageInfo,
}

/// A page of hosts.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "PageVariables")]
pub(crate) struct HostPage {
    #[arguments(first: $first, after: $after)]
    pub(crate) hosts: HostConnection,
}

/// See [`HostPage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct HostConnection {
    pub(crate) nodes: Vec<HostRow>,
    pub(crate) page_info: PageInfo,
}

/// A page of organizations.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "PageVariables")]
pub(crate) struct OrganizationPage {
    #[arguments(first: $first, after: $after)]
    pub(crate) organizations: OrganizationConnection,
}

/// See [`OrganizationPage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct OrganizationConnection {
    pub(crate) nodes: Vec<OrganizationRow>,
    pub(crate) page_info: PageInfo,
}
