//! Changes asked of the server. Each answers with what it changed, as it then is.

use super::fleet::{HostRow, OrganizationRow};
use super::inputs::{
    AllocateGpusInput, CancelJobInput, CreateOrganizationInput, ReleaseJobInput, SubmitJobInput,
    SubmitJobsInput, UpdateHostInput, UpdateJobInput, UpdateOrganizationInput,
};
use super::job::JobRow;
use super::schema;

/// A job, changed.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct JobPayload {
    pub(crate) job: JobRow,
}

/// A job that was given GPUs.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "AllocationsPayload")]
pub(crate) struct AllocationsPayload {
    pub(crate) job: JobRow,
}

/// An organization, changed.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct OrganizationPayload {
    pub(crate) organization: OrganizationRow,
}

/// A host, changed.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct HostPayload {
    pub(crate) host: HostRow,
}

/// See [`SubmitJob`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct SubmitVariables {
    pub(crate) input: SubmitJobInput,
}

/// Hands in a job.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "SubmitVariables")]
pub(crate) struct SubmitJob {
    #[arguments(input: $input)]
    pub(crate) submit_job: JobPayload,
}

/// Jobs, made.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct JobsPayload {
    pub(crate) jobs: Vec<JobRow>,
}

/// See [`SubmitJobs`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct SubmitJobsVariables {
    pub(crate) input: SubmitJobsInput,
}

/// Hands in several jobs.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "SubmitJobsVariables")]
pub(crate) struct SubmitJobs {
    #[arguments(input: $input)]
    pub(crate) submit_jobs: JobsPayload,
}

/// A job of many.
#[derive(cynic::QueryFragment, serde::Serialize, Debug)]
#[cynic(schema = "fleet", graphql_type = "Job")]
pub(crate) struct BulkJob {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) status: super::enums::JobStatus,
}

/// Many jobs, made.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "JobsPayload")]
pub(crate) struct BulkJobs {
    pub(crate) jobs: Vec<BulkJob>,
}

/// Hands in many jobs, and asks no more of them than who they are.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "SubmitJobsVariables")]
pub(crate) struct SubmitBulk {
    #[arguments(input: $input)]
    pub(crate) submit_jobs: BulkJobs,
}

/// See [`CancelJob`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct CancelVariables {
    pub(crate) input: CancelJobInput,
}

/// Ends a job.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "CancelVariables")]
pub(crate) struct CancelJob {
    #[arguments(input: $input)]
    pub(crate) cancel_job: JobPayload,
}

/// See [`UpdateJob`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct UpdateJobVariables {
    pub(crate) input: UpdateJobInput,
}

/// Changes a job under the version that was read.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "UpdateJobVariables")]
pub(crate) struct UpdateJob {
    #[arguments(input: $input)]
    pub(crate) update_job: JobPayload,
}

/// A job to be submitted anew.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct RetryJobInput {
    pub(crate) id: cynic::Id,
}

/// See [`RetryJob`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct RetryVariables {
    pub(crate) input: RetryJobInput,
}

/// Submits a job that has ended anew.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "RetryVariables")]
pub(crate) struct RetryJob {
    #[arguments(input: $input)]
    pub(crate) retry_job: JobPayload,
}

/// See [`AllocateGpus`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct AllocateVariables {
    pub(crate) input: AllocateGpusInput,
}

/// Gives a waiting job certain GPUs.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "AllocateVariables")]
pub(crate) struct AllocateGpus {
    #[arguments(input: $input)]
    pub(crate) allocate_gpus: AllocationsPayload,
}

/// See [`ReleaseJob`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct ReleaseVariables {
    pub(crate) input: ReleaseJobInput,
}

/// Gives back what a job holds.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "ReleaseVariables")]
pub(crate) struct ReleaseJob {
    #[arguments(input: $input)]
    pub(crate) release_job: JobPayload,
}

/// See [`CreateOrganization`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct CreateOrganizationVariables {
    pub(crate) input: CreateOrganizationInput,
}

/// Creates an organization.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "CreateOrganizationVariables")]
pub(crate) struct CreateOrganization {
    #[arguments(input: $input)]
    pub(crate) create_organization: OrganizationPayload,
}

/// See [`UpdateOrganization`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct UpdateOrganizationVariables {
    pub(crate) input: UpdateOrganizationInput,
}

/// Changes an organization under the version that was read.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "UpdateOrganizationVariables")]
pub(crate) struct UpdateOrganization {
    #[arguments(input: $input)]
    pub(crate) update_organization: OrganizationPayload,
}

/// See [`UpdateHost`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct UpdateHostVariables {
    pub(crate) input: UpdateHostInput,
}

/// Changes a host under the version that was read.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "UpdateHostVariables")]
pub(crate) struct UpdateHost {
    #[arguments(input: $input)]
    pub(crate) update_host: HostPayload,
}

/// A host to be taken out of the fleet.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct RemoveHostInput {
    pub(crate) id: cynic::Id,
    pub(crate) expected_version: Option<i32>,
}

/// See [`RemoveHost`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct RemoveHostVariables {
    pub(crate) input: RemoveHostInput,
}

/// A host that was taken out.
#[derive(cynic::QueryFragment, serde::Serialize, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct RemoveHostPayload {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
}

/// Takes a host out of the fleet.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "RemoveHostVariables")]
pub(crate) struct RemoveHost {
    #[arguments(input: $input)]
    pub(crate) remove_host: RemoveHostPayload,
}
