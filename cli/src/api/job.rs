//! Jobs as lists and single views show them.

use serde::Serialize;

use super::enums::{BlockerCode, IdleAction, JobStatus, LogStream};
use super::{Instant, schema};

/// An organization where only its short name matters.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone, PartialEq)]
#[cynic(schema = "fleet", graphql_type = "Organization")]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationName {
    pub(crate) slug: String,
}

/// A host where only its name matters.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Host")]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostName {
    pub(crate) name: String,
}

/// A GPU that a job holds.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobGpu {
    pub(crate) id: cynic::Id,
    pub(crate) uuid: String,
    pub(crate) index: i32,
    pub(crate) gpu_type: String,
    pub(crate) simulated: bool,
    pub(crate) host: HostName,
}

/// One thing that must change before the job can start.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone, PartialEq, Eq)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Blocker {
    pub(crate) code: BlockerCode,
    pub(crate) message: String,
}

/// Everything that a waiting job waits for.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone, PartialEq, Eq)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingExplanation {
    pub(crate) blockers: Vec<Blocker>,
    pub(crate) position: i32,
    pub(crate) estimated_start_at: Option<Instant>,
}

/// A label.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Label {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// All that a job asks of the fleet.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct GpuRequirements {
    pub(crate) count: i32,
    pub(crate) milli: i32,
    pub(crate) gpu_types: Vec<String>,
    pub(crate) min_memory_gb: Option<f64>,
    pub(crate) single_host: bool,
    pub(crate) cpus: Option<f64>,
    pub(crate) memory_gb: Option<f64>,
    pub(crate) labels: Vec<Label>,
}

/// A job in a list.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Job")]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobRow {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) organization: OrganizationName,
    pub(crate) status: JobStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) model_type: Option<String>,
    pub(crate) priority: i32,
    pub(crate) attempt: i32,
    pub(crate) requirements: GpuRequirements,
    pub(crate) pending: Option<PendingExplanation>,
    pub(crate) gpus: Vec<JobGpu>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) submitted_by: String,
    pub(crate) submitted_at: Instant,
    pub(crate) allocated_at: Option<Instant>,
    pub(crate) started_at: Option<Instant>,
    pub(crate) finished_at: Option<Instant>,
    pub(crate) updated_at: Instant,
    pub(crate) version: i32,
}

/// A job that another waits for.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Job")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Dependency {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) status: JobStatus,
}

/// What was announced to a job that does not use its GPUs.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdleWarning {
    pub(crate) at: Instant,
    pub(crate) action: IdleAction,
    pub(crate) acts_at: Instant,
}

/// One step of a job's history.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobEvent {
    pub(crate) at: Instant,
    pub(crate) status: JobStatus,
    pub(crate) message: Option<String>,
    pub(crate) actor: String,
    pub(crate) attempt: i32,
}

/// A job's history, the first steps of it.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobEventConnection {
    pub(crate) nodes: Vec<JobEvent>,
}

/// A job with all there is to know of it.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Job")]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobDetail {
    #[cynic(spread)]
    #[serde(flatten)]
    pub(crate) row: JobRow,
    pub(crate) command: Option<Vec<String>>,
    pub(crate) env_names: Vec<String>,
    pub(crate) workdir: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) max_retries: i32,
    pub(crate) time_limit_seconds: Option<i32>,
    pub(crate) idle_since: Option<Instant>,
    pub(crate) idle_warning: Option<IdleWarning>,
    pub(crate) depends_on: Vec<Dependency>,
    pub(crate) labels: Vec<Label>,
    #[arguments(first: 100)]
    pub(crate) events: JobEventConnection,
}

/// One line of a job's output.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogLine {
    pub(crate) cursor: String,
    pub(crate) at: Instant,
    pub(crate) stream: LogStream,
    pub(crate) text: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests stop at the first surprise")]
    use serde_json::json;

    use super::*;

    #[test]
    fn a_job_is_printed_as_the_server_sent_it() {
        let sent = json!({
            "id": "job_01jd3v5m0qf8k9x2c7t4r6w1ya", "name": "a", "organization": { "slug": "lab" }, "status": "TIMED_OUT",
            "statusReason": null, "modelType": "vit", "priority": -1, "attempt": 2,
            "requirements": { "count": 1, "milli": 500, "gpuTypes": ["H100"], "minMemoryGb": 79.5, "singleHost": true,
                "cpus": null, "memoryGb": null, "labels": [{ "key": "a", "value": "b" }] },
            "pending": { "blockers": [{ "code": "NO_MATCHING_GPU", "message": "none" }], "position": 3,
                "estimatedStartAt": "2026-01-01T00:00:00Z" },
            "gpus": [], "exitCode": 143, "submittedBy": "ada", "submittedAt": "2026-01-01T00:00:00Z",
            "allocatedAt": null, "startedAt": null, "finishedAt": null, "updatedAt": "2026-01-01T00:00:00Z",
            "version": 7, "command": ["true"], "envNames": ["A"], "workdir": null, "image": "busybox:1", "maxRetries": 1,
            "timeLimitSeconds": 60, "idleSince": "2026-01-01T00:00:00Z",
            "idleWarning": { "at": "2026-01-01T00:30:00Z", "action": "STOP", "actsAt": "2026-01-01T00:45:00Z" },
            "dependsOn": [], "labels": [],
            "events": { "nodes": [{ "at": "2026-01-01T00:00:00Z", "status": "QUEUED", "message": null,
                "actor": "ada", "attempt": 1 }] }
        });
        let job: JobDetail = serde_json::from_value(sent.clone()).unwrap();
        assert_eq!(serde_json::to_value(job).unwrap(), sent);
    }
}
