//! What this client asks of the server and how the answers look: typed fragments, checked against schema.graphql while
//! compiling. The same types are what `--json` prints, with the schema's own field names.

mod access;
mod enums;
mod explanation;
mod fleet;
mod inputs;
mod job;
mod mutations;
mod past;
mod queries;
mod subscriptions;
mod top;

pub(crate) use access::{
    ApiKeyRow, AuditFilter, AuditPage, AuditPageVariables, AuditRow, BreakdownRow, BreakdownVariables,
    CreateApiKey, CreateApiKeyInput, CreateApiKeyVariables, KeysOfOrganization, OrganizationVariables,
    OrganizationWithKeys, RevokeApiKey, RevokeApiKeyInput, RevokeApiKeyVariables, UsageByDimension,
    UsageOfOrganization, UsageRow, UsageVariables, Viewer, WhoAmI,
};
pub(crate) use enums::{
    AuditAction, BlockerCode, GpuHealth, GpuStatus, GpuUse, HostStatus, IdleAction, JobOrderField, JobStatus,
    LogStream, OrderDirection, Role, UsageDimension,
};
pub(crate) use explanation::WholeExplanation;
pub(crate) use fleet::{GpuRow, GpuTelemetry, HostRow, IdlePolicy, OrganizationRow};
pub(crate) use inputs::{
    AllocateGpusInput, CancelJobInput, CreateOrganizationInput, EnvVarInput, GpuChoiceInput,
    GpuRequirementsInput, IdlePolicyInput, JobFilter, JobOrder, LabelInput, QuotaInput, ReleaseJobInput,
    SubmitJobInput, SubmitJobsInput, UpdateHostInput, UpdateJobInput, UpdateOrganizationInput,
};
pub(crate) use job::{
    GpuRequirements, IdleWarning, JobDetail, JobGpu, JobRow, Label, LogLine, PendingExplanation,
};
pub(crate) use mutations::{
    AllocateGpus, AllocateVariables, CancelJob, CancelVariables, CreateOrganization,
    CreateOrganizationVariables, ReleaseJob, ReleaseVariables, RemoveHost, RemoveHostInput,
    RemoveHostVariables, RetryJob, RetryJobInput, RetryVariables, SubmitBulk, SubmitJob, SubmitJobs,
    SubmitJobsVariables, SubmitVariables, UpdateHost, UpdateHostVariables, UpdateJob, UpdateJobVariables,
    UpdateOrganization, UpdateOrganizationVariables,
};
pub(crate) use past::{
    PastJob, PastJobPage, PastJobs, PastJobsVariables, WholeGpu, WholeHost, WholeHosts, WholeHostsVariables,
};
pub(crate) use queries::{
    ExplainJob, GpuPage, HostPage, IdVariables, JobById, JobIdPage, JobLogTail, JobPage, JobPageVariables,
    JobRowById, LogTailVariables, OrganizationPage, PageInfo, PageVariables,
};
pub(crate) use subscriptions::{FollowJobs, FollowJobsVariables, FollowLog, FollowLogVariables};
pub(crate) use top::{
    EventCursor, FleetTotals, FollowGpus, FollowGpusVariables, FollowHosts, FollowHostsVariables,
    FollowQueue, FollowQueueVariables, FollowReadings, FollowReadingsVariables, FollowTotals, GpuInUse,
    GpuLine, GpuLinePage, GpuReading, HolderName, HostLine, JobInSight, JobLine, JobLinePage, NodesInSight,
    NodesVariables, Place, Seen, UseOf, UsesOutOfSight,
};

/// Names from the schema, for the fragments.
#[expect(unreachable_pub, reason = "cynic writes its contents")]
#[cynic::schema("fleet")]
pub(crate) mod schema {}

/// An instant as the schema has it.
pub(crate) type Instant = chrono::DateTime<chrono::Utc>;

cynic::impl_scalar!(Instant, schema::DateTime);
