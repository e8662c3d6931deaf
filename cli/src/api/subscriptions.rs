//! What the server tells by itself. Both can be resumed from the cursor of the last item.

use super::inputs::JobFilter;
use super::job::{JobRow, LogLine};
use super::schema;

/// See [`FollowJobs`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct FollowJobsVariables {
    pub(crate) filter: Option<JobFilter>,
    pub(crate) after: Option<String>,
}

/// Every committed change of the jobs that the filter lets through.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Subscription", variables = "FollowJobsVariables")]
pub(crate) struct FollowJobs {
    #[arguments(filter: $filter, after: $after)]
    pub(crate) job_updates: JobUpdate,
}

/// A job as a change left it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct JobUpdate {
    pub(crate) cursor: String,
    pub(crate) job: JobRow,
}

/// See [`FollowLog`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct FollowLogVariables {
    pub(crate) job_id: cynic::Id,
    pub(crate) after: Option<String>,
}

/// A job's log as it is written; ends when the job has ended and all of it was sent.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Subscription", variables = "FollowLogVariables")]
pub(crate) struct FollowLog {
    #[arguments(jobId: $job_id, after: $after)]
    pub(crate) job_logs: LogLine,
}
