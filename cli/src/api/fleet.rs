//! Hosts, GPUs and organizations as lists show them.

use serde::Serialize;

use super::enums::{GpuHealth, GpuStatus, GpuUse, HostStatus, IdleAction};
use super::job::{HostName, Label, OrganizationName};
use super::{Instant, schema};

/// What a card measures.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct GpuTelemetry {
    pub(crate) at: Instant,
    pub(crate) utilization_percent: Option<f64>,
    pub(crate) memory_used_mib: Option<i32>,
    pub(crate) temperature_celsius: Option<i32>,
    pub(crate) power_watts: Option<f64>,
}

/// Which job holds a card.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Job")]
#[serde(rename_all = "camelCase")]
pub(crate) struct HolderJob {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) organization: OrganizationName,
}

/// A live allocation.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Allocation")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Holding {
    pub(crate) milli: i32,
    pub(crate) job: HolderJob,
}

/// A GPU in a list.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
#[serde(rename_all = "camelCase")]
pub(crate) struct GpuRow {
    pub(crate) id: cynic::Id,
    pub(crate) uuid: String,
    pub(crate) index: i32,
    pub(crate) gpu_type: String,
    pub(crate) memory_mib: i32,
    pub(crate) simulated: bool,
    pub(crate) status: GpuStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) health: GpuHealth,
    #[cynic(rename = "use")]
    #[serde(rename = "use")]
    pub(crate) in_use: Option<GpuUse>,
    pub(crate) allocated_milli: i32,
    pub(crate) host: HostName,
    pub(crate) allocations: Vec<Holding>,
    pub(crate) telemetry: Option<GpuTelemetry>,
    pub(crate) version: i32,
}

/// A GPU as far as a list of hosts needs it.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Gpu")]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostGpu {
    pub(crate) gpu_type: String,
    pub(crate) simulated: bool,
    pub(crate) status: GpuStatus,
}

/// A host in a list.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Host")]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostRow {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) status: HostStatus,
    pub(crate) status_reason: Option<String>,
    pub(crate) organization: Option<OrganizationName>,
    pub(crate) labels: Vec<Label>,
    pub(crate) agent_version: Option<String>,
    pub(crate) containment: Option<String>,
    pub(crate) container_runtime: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) last_heartbeat_at: Option<Instant>,
    pub(crate) cpus: f64,
    pub(crate) memory_mib: i32,
    pub(crate) gpus: Vec<HostGpu>,
    pub(crate) version: i32,
}

/// What an organization may hold.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quota {
    pub(crate) guaranteed_gpus: f64,
    pub(crate) max_gpus: Option<f64>,
    pub(crate) max_queued_jobs: Option<i32>,
}

/// What becomes of an organization's jobs that hold GPUs and do not use them.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdlePolicy {
    pub(crate) action: IdleAction,
    pub(crate) window_minutes: i32,
    pub(crate) grace_minutes: i32,
    pub(crate) utilization_percent: i32,
}

/// What an organization holds.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationUsage {
    pub(crate) allocated_gpus: f64,
    pub(crate) queued_jobs: i32,
    pub(crate) running_jobs: i32,
}

/// An organization in a list.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Organization")]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationRow {
    pub(crate) id: cynic::Id,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) weight: f64,
    pub(crate) quota: Quota,
    pub(crate) idle_policy: IdlePolicy,
    pub(crate) usage: OrganizationUsage,
    pub(crate) version: i32,
}
