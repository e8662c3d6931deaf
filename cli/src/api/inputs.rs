//! What mutations and filters take. What is absent is left out, so that the schema's defaults apply.

use super::enums::{IdleAction, JobOrderField, JobStatus, OrderDirection};
use super::schema;

/// A label.
#[derive(cynic::InputObject, serde::Deserialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LabelInput {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// A variable of a job's environment.
#[derive(cynic::InputObject, serde::Deserialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct EnvVarInput {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// What a job asks of the fleet.
#[derive(cynic::InputObject, serde::Deserialize, Debug, Clone, Default)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GpuRequirementsInput {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) milli: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) gpu_types: Option<Vec<String>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) min_memory_gb: Option<f64>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) single_host: Option<bool>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) cpus: Option<f64>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_gb: Option<f64>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<Vec<LabelInput>>,
}

/// Several jobs to be.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct SubmitJobsInput {
    pub(crate) jobs: Vec<SubmitJobInput>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<i32>,
}

/// A job to be.
#[derive(cynic::InputObject, serde::Deserialize, Debug, Clone, Default)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SubmitJobInput {
    pub(crate) name: String,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) model_type: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) requirements: Option<GpuRequirementsInput>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) command: Option<Vec<String>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<Vec<EnvVarInput>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) workdir: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) max_retries: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_pause_seconds: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) time_limit_seconds: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) depends_on: Option<Vec<cynic::Id>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) hold: Option<bool>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<Vec<LabelInput>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<String>,
}

/// A job to end.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct CancelJobInput {
    pub(crate) id: cynic::Id,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) expected_version: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// A job to change, as it was when it was read.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct UpdateJobInput {
    pub(crate) id: cynic::Id,
    pub(crate) expected_version: i32,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) time_limit_seconds: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) hold: Option<bool>,
}

/// A GPU that someone picked, as it was when it was read.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct GpuChoiceInput {
    pub(crate) id: cynic::Id,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) expected_version: Option<i32>,
}

/// GPUs for a waiting job.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct AllocateGpusInput {
    pub(crate) job_id: cynic::Id,
    pub(crate) gpus: Vec<GpuChoiceInput>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) expected_job_version: Option<i32>,
}

/// A loan to end.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct ReleaseJobInput {
    pub(crate) job_id: cynic::Id,
}

/// What an organization may hold.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct QuotaInput {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) guaranteed_gpus: Option<f64>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) max_gpus: Option<f64>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) max_queued_jobs: Option<i32>,
}

/// What is to become of jobs that hold GPUs and do not use them.
#[derive(cynic::InputObject, Debug, Clone, Default)]
#[cynic(schema = "fleet")]
pub(crate) struct IdlePolicyInput {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<IdleAction>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) window_minutes: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) grace_minutes: Option<i32>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) utilization_percent: Option<i32>,
}

/// An organization to be.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct CreateOrganizationInput {
    pub(crate) slug: String,
    pub(crate) name: String,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<f64>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) quota: Option<QuotaInput>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) idle_policy: Option<IdlePolicyInput>,
}

/// An organization to change, as it was when it was read; its quota and its policy for idle jobs as a whole.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct UpdateOrganizationInput {
    pub(crate) id: cynic::Id,
    pub(crate) expected_version: i32,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) weight: Option<f64>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) quota: Option<QuotaInput>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) idle_policy: Option<IdlePolicyInput>,
}

/// A host to change, as it was when it was read.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct UpdateHostInput {
    pub(crate) id: cynic::Id,
    pub(crate) expected_version: i32,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) drain: Option<bool>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Which jobs.
#[derive(cynic::InputObject, Debug, Clone, Default)]
#[cynic(schema = "fleet")]
pub(crate) struct JobFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Vec<JobStatus>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) name_contains: Option<String>,
}

/// In which order.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct JobOrder {
    pub(crate) field: JobOrderField,
    pub(crate) direction: OrderDirection,
}
