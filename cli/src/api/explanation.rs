//! All that can be said of why a job waits.

use serde::Serialize;

use super::job::Blocker;
use super::{Instant, schema};

/// Why a job waits, when it is thought to start, and what would start it now.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "PendingExplanation")]
#[serde(rename_all = "camelCase")]
pub(crate) struct WholeExplanation {
    pub(crate) blockers: Vec<Blocker>,
    pub(crate) position: i32,
    pub(crate) estimated_start_at: Option<Instant>,
    pub(crate) median_start_at: Option<Instant>,
    pub(crate) ninety_percent_start_at: Option<Instant>,
    pub(crate) estimate_quality: Option<EstimateQuality>,
    pub(crate) suggestions: Vec<Suggestion>,
}

/// How good past estimates were.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct EstimateQuality {
    pub(crate) jobs: i32,
    pub(crate) within_median: f64,
    pub(crate) within_ninety_percent: f64,
    pub(crate) median_miss_seconds: f64,
}

/// A change that would start the job now.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Suggestion {
    pub(crate) message: String,
}

/// A job that may wait.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Job")]
pub(crate) struct ExplainedJob {
    pub(crate) pending: Option<WholeExplanation>,
}
