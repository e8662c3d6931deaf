//! The schema's enumerations that this client reads or sends.

use super::schema;

macro_rules! shown_by_name {
    ($($name:ident { $($variant:ident => $text:literal),+ $(,)? })+) => {$(
        impl $name {
            /// As the schema spells it.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    )+};
}

/// Where a job is in its life.
#[derive(cynic::Enum, clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cynic(schema = "fleet")]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum JobStatus {
    Queued,
    Held,
    Allocated,
    Running,
    Stopping,
    Succeeded,
    Failed,
    Cancelled,
    TimedOut,
}

impl JobStatus {
    /// Every state of a job that has not ended.
    pub(crate) const ALIVE: [Self; 5] =
        [Self::Queued, Self::Held, Self::Allocated, Self::Running, Self::Stopping];

    /// Ended, and final.
    pub(crate) fn is_final(self) -> bool {
        !Self::ALIVE.contains(&self)
    }

    /// Has no GPUs yet.
    pub(crate) fn is_waiting(self) -> bool {
        matches!(self, Self::Queued | Self::Held)
    }
}

/// What becomes of a job that holds GPUs and does not use them.
#[derive(cynic::Enum, clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum IdleAction {
    Nothing,
    Notify,
    Stop,
}

/// A host, as the server judges it.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum HostStatus {
    Ready,
    Draining,
    Drained,
    Down,
}

/// Whether a GPU can be given away.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum GpuStatus {
    Available,
    Allocated,
    Quarantined,
    Unavailable,
}

/// The card's condition.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum GpuHealth {
    Healthy,
    Degraded,
    Failed,
}

/// What the card itself says, beside what the book says.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum GpuUse {
    Free,
    Working,
    HeldIdle,
    HeldEmpty,
    Foreign,
    Orphaned,
}

/// Why a job waits.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum BlockerCode {
    GpusBusy,
    NoMatchingGpu,
    NoContainerRuntime,
    OverQuota,
    FairShare,
    HigherPriorityAhead,
    ReservedForEarlierJob,
    Dependency,
    Held,
    RetryPause,
    NotYetEvaluated,
}

/// Which of a job's two outputs a line came from.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum LogStream {
    Stdout,
    Stderr,
}

/// What a list of jobs is sorted by.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum JobOrderField {
    SubmittedAt,
    UpdatedAt,
    Priority,
}

/// Which end of a list comes first.
#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
pub(crate) enum OrderDirection {
    Asc,
    Desc,
}

/// What a caller may do.
#[derive(cynic::Enum, clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
#[value(rename_all = "lower")]
pub(crate) enum Role {
    Viewer,
    Member,
    Admin,
    Operator,
    #[value(skip)]
    Agent,
}

/// What usage is told by.
#[derive(cynic::Enum, clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
#[value(rename_all = "kebab-case")]
pub(crate) enum UsageDimension {
    Day,
    GpuType,
    ModelType,
    Organization,
    User,
}

/// What was done, in the audit trail.
#[derive(cynic::Enum, clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
#[cynic(schema = "fleet")]
#[value(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AuditAction {
    AllocateGpus,
    CancelJob,
    CreateApiKey,
    CreateOrganization,
    JoinHost,
    ReleaseJob,
    RemoveHost,
    RetryJob,
    RevokeApiKey,
    RevokeSigningKey,
    SignIn,
    SubmitJob,
    SubmitJobs,
    UpdateHost,
    UpdateJob,
    UpdateOrganization,
}

shown_by_name! {
    IdleAction { Nothing => "NOTHING", Notify => "NOTIFY", Stop => "STOP" }
    Role {
        Viewer => "VIEWER", Member => "MEMBER", Admin => "ADMIN", Operator => "OPERATOR", Agent => "AGENT",
    }
    AuditAction {
        AllocateGpus => "ALLOCATE_GPUS", CancelJob => "CANCEL_JOB", CreateApiKey => "CREATE_API_KEY",
        CreateOrganization => "CREATE_ORGANIZATION", JoinHost => "JOIN_HOST", ReleaseJob => "RELEASE_JOB",
        RemoveHost => "REMOVE_HOST", RetryJob => "RETRY_JOB", RevokeApiKey => "REVOKE_API_KEY",
        RevokeSigningKey => "REVOKE_SIGNING_KEY", SignIn => "SIGN_IN", SubmitJob => "SUBMIT_JOB",
        SubmitJobs => "SUBMIT_JOBS", UpdateHost => "UPDATE_HOST", UpdateJob => "UPDATE_JOB",
        UpdateOrganization => "UPDATE_ORGANIZATION",
    }
    JobStatus {
        Queued => "QUEUED", Held => "HELD", Allocated => "ALLOCATED", Running => "RUNNING", Stopping => "STOPPING",
        Succeeded => "SUCCEEDED", Failed => "FAILED", Cancelled => "CANCELLED", TimedOut => "TIMED_OUT",
    }
    HostStatus { Ready => "READY", Draining => "DRAINING", Drained => "DRAINED", Down => "DOWN" }
    GpuStatus {
        Available => "AVAILABLE", Allocated => "ALLOCATED", Quarantined => "QUARANTINED", Unavailable => "UNAVAILABLE",
    }
    GpuHealth { Healthy => "HEALTHY", Degraded => "DEGRADED", Failed => "FAILED" }
    GpuUse {
        Free => "FREE", Working => "WORKING", HeldIdle => "HELD_IDLE", HeldEmpty => "HELD_EMPTY",
        Foreign => "FOREIGN", Orphaned => "ORPHANED",
    }
    BlockerCode {
        GpusBusy => "GPUS_BUSY", NoMatchingGpu => "NO_MATCHING_GPU",
        NoContainerRuntime => "NO_CONTAINER_RUNTIME", OverQuota => "OVER_QUOTA",
        FairShare => "FAIR_SHARE", HigherPriorityAhead => "HIGHER_PRIORITY_AHEAD",
        ReservedForEarlierJob => "RESERVED_FOR_EARLIER_JOB", Dependency => "DEPENDENCY", Held => "HELD",
        RetryPause => "RETRY_PAUSE", NotYetEvaluated => "NOT_YET_EVALUATED",
    }
}
