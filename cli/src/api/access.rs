//! API keys, the audit trail and what organizations used: the documents behind `keys`, `audit` and `usage`.

use serde::Serialize;

use super::enums::{AuditAction, Role, UsageDimension};
use super::job::OrganizationName;
use super::queries::PageInfo;
use super::{Instant, schema};

/// A program's key, without its secret.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "ApiKey")]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKeyRow {
    pub(crate) id: cynic::Id,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) role: Role,
    pub(crate) created_at: Instant,
    pub(crate) created_by: String,
    pub(crate) last_used_at: Option<Instant>,
    pub(crate) expires_at: Option<Instant>,
    pub(crate) revoked_at: Option<Instant>,
}

/// An organization by its slug; null: the caller's own.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct OrganizationVariables {
    pub(crate) slug: Option<String>,
}

/// See [`OrganizationVariables`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "OrganizationVariables")]
pub(crate) struct KeysOfOrganization {
    #[arguments(slug: $slug)]
    pub(crate) organization: Option<OrganizationWithKeys>,
}

/// An organization's keys.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Organization")]
pub(crate) struct OrganizationWithKeys {
    pub(crate) id: cynic::Id,
    pub(crate) api_keys: Vec<ApiKeyRow>,
}

/// A key to be made.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct CreateApiKeyInput {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) organization_id: Option<cynic::Id>,
    pub(crate) name: String,
    pub(crate) role: Role,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_at: Option<Instant>,
}

/// See [`CreateApiKey`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct CreateApiKeyVariables {
    pub(crate) input: CreateApiKeyInput,
}

/// Makes a key.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "CreateApiKeyVariables")]
pub(crate) struct CreateApiKey {
    #[arguments(input: $input)]
    pub(crate) create_api_key: CreateApiKeyPayload,
}

/// A key and, this once, its secret.
#[derive(cynic::QueryFragment, Serialize, Debug)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateApiKeyPayload {
    pub(crate) api_key: ApiKeyRow,
    pub(crate) secret: String,
}

/// A key to be taken back.
#[derive(cynic::InputObject, Debug, Clone)]
#[cynic(schema = "fleet")]
pub(crate) struct RevokeApiKeyInput {
    pub(crate) id: cynic::Id,
}

/// See [`RevokeApiKey`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct RevokeApiKeyVariables {
    pub(crate) input: RevokeApiKeyInput,
}

/// Takes a key back.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Mutation", variables = "RevokeApiKeyVariables")]
pub(crate) struct RevokeApiKey {
    #[arguments(input: $input)]
    pub(crate) revoke_api_key: ApiKeyPayload,
}

/// A key, changed.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct ApiKeyPayload {
    pub(crate) api_key: ApiKeyRow,
}

/// Which lines of the audit trail are wanted.
#[derive(cynic::InputObject, Debug, Clone, Default)]
#[cynic(schema = "fleet")]
pub(crate) struct AuditFilter {
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<Vec<AuditAction>>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) actor: Option<String>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) organization_id: Option<cynic::Id>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<cynic::Id>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<Instant>,
    #[cynic(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Instant>,
}

/// See [`AuditPage`].
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct AuditPageVariables {
    pub(crate) filter: Option<AuditFilter>,
    pub(crate) first: i32,
    pub(crate) after: Option<String>,
}

/// A page of the audit trail.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "AuditPageVariables")]
pub(crate) struct AuditPage {
    #[arguments(filter: $filter, first: $first, after: $after)]
    pub(crate) audit_log: AuditEntryConnection,
}

/// See [`AuditPage`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct AuditEntryConnection {
    pub(crate) nodes: Vec<AuditRow>,
    pub(crate) page_info: PageInfo,
}

/// A field that was changed.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet")]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditChange {
    pub(crate) field: String,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// A line of the audit trail.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "AuditEntry")]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditRow {
    pub(crate) id: cynic::Id,
    pub(crate) at: Instant,
    pub(crate) action: Option<AuditAction>,
    pub(crate) actor: String,
    pub(crate) role: Role,
    pub(crate) organization: Option<OrganizationName>,
    pub(crate) subject: Option<cynic::Id>,
    pub(crate) changes: Vec<AuditChange>,
    pub(crate) request_id: String,
    pub(crate) address: Option<String>,
}

/// An interval, and whose.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct UsageVariables {
    pub(crate) slug: Option<String>,
    pub(crate) since: Instant,
    pub(crate) until: Option<Instant>,
}

/// What an organization used.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "UsageVariables")]
pub(crate) struct UsageOfOrganization {
    #[arguments(slug: $slug)]
    pub(crate) organization: Option<UsageRow>,
}

/// An organization and what it used.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "Organization", variables = "UsageVariables")]
#[serde(rename_all = "camelCase")]
pub(crate) struct UsageRow {
    pub(crate) id: cynic::Id,
    pub(crate) slug: String,
    pub(crate) usage: Used,
}

/// See [`UsageRow`].
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "OrganizationUsage", variables = "UsageVariables")]
#[serde(rename_all = "camelCase")]
pub(crate) struct Used {
    pub(crate) allocated_gpus: f64,
    pub(crate) queued_jobs: i32,
    pub(crate) running_jobs: i32,
    #[arguments(since: $since, until: $until)]
    pub(crate) gpu_seconds: f64,
}

/// An interval, and what its usage is told by.
#[derive(cynic::QueryVariables, Debug, Clone)]
pub(crate) struct BreakdownVariables {
    pub(crate) by: Vec<UsageDimension>,
    pub(crate) since: Instant,
    pub(crate) until: Option<Instant>,
}

/// GPU-time that was held and used, by several dimensions.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query", variables = "BreakdownVariables")]
pub(crate) struct UsageByDimension {
    #[arguments(by: $by, since: $since, until: $until)]
    pub(crate) usage_breakdown: Breakdown,
}

/// See [`UsageByDimension`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "UsageBreakdown")]
pub(crate) struct Breakdown {
    #[arguments(first: 1000)]
    pub(crate) rows: Vec<BreakdownRow>,
}

/// One group of it.
#[derive(cynic::QueryFragment, Serialize, Debug, Clone)]
#[cynic(schema = "fleet", graphql_type = "UsageRow")]
#[serde(rename_all = "camelCase")]
pub(crate) struct BreakdownRow {
    pub(crate) day: Option<Instant>,
    pub(crate) organization: Option<OrganizationName>,
    pub(crate) user: Option<String>,
    pub(crate) model_type: Option<String>,
    pub(crate) gpu_type: Option<String>,
    pub(crate) jobs: i32,
    pub(crate) allocated_gpu_seconds: f64,
    pub(crate) observed_gpu_seconds: f64,
    pub(crate) used_gpu_seconds: f64,
}

/// The caller, as the server knows it.
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet", graphql_type = "Query")]
pub(crate) struct WhoAmI {
    pub(crate) viewer: Viewer,
}

/// See [`WhoAmI`].
#[derive(cynic::QueryFragment, Debug)]
#[cynic(schema = "fleet")]
pub(crate) struct Viewer {
    pub(crate) subject: String,
    pub(crate) role: Role,
    pub(crate) organization: Option<OrganizationName>,
    pub(crate) expires_at: Option<Instant>,
}
