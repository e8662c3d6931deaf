//! The schema's enums, and how each is written in the book.

use async_graphql::Enum;

macro_rules! spelled {
    ($name:ident { $($variant:ident => $text:literal),* $(,)? }) => {
        impl $name {
            /// As the book spells it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value that the book spells so.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

/// What a token lets its bearer do.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::role::Role")]
pub enum Role {
    /// Reads its organization.
    Viewer,
    /// Also submits, cancels, allocates.
    Member,
    /// Also manages its organization's API keys and quotas it was given to divide.
    Admin,
    /// Runs the fleet: every organization, host and quota.
    Operator,
    /// A host's agent: nothing but the agent mutations and subscription.
    Agent,
}

/// What becomes of a job that holds GPUs and does not use them.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::idle::Action")]
pub enum IdleAction {
    /// Nobody looks.
    Nothing,
    /// Its history tells of it, when it is warned and when its grace has passed. It runs on.
    Notify,
    /// It is stopped and waits again, which uses up no retry; the third such stop of a job cancels it. A loan is released.
    Stop,
}

/// Whether a host takes work.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum HostStatus {
    /// It takes work.
    Ready,
    /// It takes nothing new; what runs on it may end.
    Draining,
    /// It takes nothing new, and nothing runs on it.
    Drained,
    /// Its agent is silent.
    Down,
}

/// Whether a GPU can be had.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum GpuStatus {
    /// Wholly free.
    Available,
    /// Some of it is allocated, or all: allocatedMilli says how much.
    Allocated,
    /// Free on paper, not in fact: leftover or foreign processes, or a health fault. Not scheduled on until proved clean.
    Quarantined,
    /// Its host is down or drained.
    Unavailable,
}

/// How well a GPU is, by its own word.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum GpuHealth {
    /// Nothing is reported.
    Healthy,
    /// It works, with faults that want attention.
    Degraded,
    /// It does not work.
    Failed,
}
spelled!(GpuHealth { Healthy => "HEALTHY", Degraded => "DEGRADED", Failed => "FAILED" });

/// What the card itself says, beside what the book says.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum GpuUse {
    /// Not allocated, nothing runs on it.
    Free,
    /// Allocated, and its job's processes use it.
    Working,
    /// Allocated, its job's processes hold it, and it has been idle for the idle window.
    HeldIdle,
    /// Allocated, and no process of its job has been on it for the idle window.
    HeldEmpty,
    /// A process that belongs to no job of this fleet is on it.
    Foreign,
    /// A process of a job that has ended is still on it.
    Orphaned,
}
spelled!(GpuUse {
    Free => "FREE", Working => "WORKING", HeldIdle => "HELD_IDLE", HeldEmpty => "HELD_EMPTY", Foreign => "FOREIGN",
    Orphaned => "ORPHANED",
});

/// Whose a process on a GPU is.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum GpuProcessOwner {
    /// A job that holds the GPU.
    Job,
    /// A job that has ended.
    Orphan,
    /// Nobody's of this fleet.
    Foreign,
}
spelled!(GpuProcessOwner { Job => "JOB", Orphan => "ORPHAN", Foreign => "FOREIGN" });

/// Where a job is in its life.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::job::JobStatus")]
pub enum JobStatus {
    /// Waits for GPUs.
    Queued,
    /// Waits for its dependencies or a release.
    Held,
    /// Has its GPUs; the host has not started it yet.
    Allocated,
    /// Its processes run, or its GPUs are lent.
    Running,
    /// Asked to stop; its GPUs stay allocated until its processes are gone.
    Stopping,
    /// Ended well.
    Succeeded,
    /// Ended badly.
    Failed,
    /// Ended because somebody asked.
    Cancelled,
    /// Ended by its time limit.
    TimedOut,
}

/// What a waiting job waits for.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::plan::BlockerCode")]
pub enum BlockerCode {
    /// It has failed, and rests before it is tried again.
    RetryPause,
    /// GPUs that match exist, but too few of them are free.
    GpusBusy,
    /// The fleet has not enough GPUs that match, busy ones included.
    NoMatchingGpu,
    /// It has an image, and hosts that would do otherwise cannot run containers.
    NoContainerRuntime,
    /// Its organization's ceiling.
    OverQuota,
    /// Another organization's turn.
    FairShare,
    /// Jobs with more priority, or earlier ones, come first.
    HigherPriorityAhead,
    /// What is free is kept for an earlier job that needs more.
    ReservedForEarlierJob,
    /// A job that it depends on has not ended.
    Dependency,
    /// Somebody holds it back.
    Held,
    /// Too new: the scheduler has not looked at it.
    NotYetEvaluated,
}

/// What of a job's wishes a suggestion gives up.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "domain::plan::SuggestionCode")]
pub enum SuggestionCode {
    /// Nothing: a person lets it go.
    Release,
    /// It may lie on several hosts.
    SeveralHosts,
    /// It may run what is installed on its host, without its image.
    WithoutImage,
    /// Any type of GPU will do.
    AnyType,
    /// Its hosts need no labels.
    AnyLabels,
    /// Less memory of each GPU will do.
    LessGpuMemory,
    /// Fewer CPU cores will do.
    FewerCores,
    /// Less memory of its hosts will do.
    LessHostMemory,
    /// It is done before a job starts to which the GPUs are promised.
    ShorterRun,
    /// Fewer GPUs will do.
    FewerGpus,
    /// Half of its share of a GPU will do.
    SmallerShare,
}

/// Where a log line was written.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// What a list of jobs is sorted by.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::store::jobs::JobOrder")]
pub enum JobOrderField {
    /// When they were submitted.
    SubmittedAt,
    /// When they were last changed.
    UpdatedAt,
    /// Their priority.
    Priority,
}

/// What usage is told by.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::store::usage::UsageDimension")]
pub enum UsageDimension {
    /// Whose jobs they were.
    Organization,
    /// Who submitted them.
    User,
    /// The kind of model that they named.
    ModelType,
    /// The type of the cards.
    GpuType,
    /// The day, in UTC.
    Day,
}

/// Which way a list is sorted.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum OrderDirection {
    /// Smallest or oldest first.
    Asc,
    /// Largest or newest first.
    Desc,
}

/// What happened to an object.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was made.
    Created,
    /// It was changed.
    Updated,
}

/// What became of an attempt on a host.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// Its process was started.
    Started,
    /// Something happened to it that people should know: reason says what. It becomes a note in the job's history.
    Noted,
    /// Its processes are gone, all of them; the rest of its log may still follow.
    Exited,
}

/// Whose doing an attempt's end was.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum EndCause {
    /// The command ended, by itself or because it was stopped.
    Command,
    /// The host could not start it, and its command certainly never ran: it is tried again, and no retry is used up.
    NeverStarted,
    /// The registry of its image has answered that there is no such image: it has failed, whatever retries are left.
    ImageRefused,
    /// The host lost it, so that it may have run: it is tried again if the job has retries, and none is used up.
    Lost,
}

/// What an agent is to do with an attempt.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum AssignmentAction {
    /// Start it, unless this attempt was started before.
    Run,
    /// SIGTERM, grace, SIGKILL to the whole tree; then report EXITED.
    Stop,
    /// No longer this host's: kill it at once, report nothing.
    Forget,
}

/// What somebody did.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::store::audit::Action")]
pub enum AuditAction {
    /// A job was submitted.
    SubmitJob,
    /// Jobs were submitted in bulk.
    SubmitJobs,
    /// A job that had ended was submitted anew.
    RetryJob,
    /// A job was cancelled.
    CancelJob,
    /// A waiting job was edited.
    UpdateJob,
    /// Chosen GPUs were given to a job.
    AllocateGpus,
    /// A job's GPUs were given back.
    ReleaseJob,
    /// An organization was made.
    CreateOrganization,
    /// An organization was edited.
    UpdateOrganization,
    /// An API key was made.
    CreateApiKey,
    /// An API key was revoked.
    RevokeApiKey,
    /// A server's signing key was taken back, on the command line.
    RevokeSigningKey,
    /// A host has joined the fleet, by a join token: whoever that was made for did it, and the line names the token.
    JoinHost,
    /// A host was edited.
    UpdateHost,
    /// A host was taken out of the fleet.
    RemoveHost,
    /// Somebody signed in with the identity provider.
    SignIn,
}

/// What `extensions.code` of an error can be. CONFLICT carries `currentVersion` where a version was expected,
/// BAD_USER_INPUT carries `field`, the path in the input, and INTERNAL_SERVER_ERROR carries `requestId`. Another
/// organization's object is NOT_FOUND, never FORBIDDEN.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::error::ErrorCode")]
pub enum ErrorCode {
    /// The document is not GraphQL.
    #[graphql(name = "GRAPHQL_PARSE_FAILED")]
    ParseFailed,
    /// The document does not fit the schema.
    #[graphql(name = "GRAPHQL_VALIDATION_FAILED")]
    ValidationFailed,
    /// A value breaks a rule.
    BadUserInput,
    /// No token, or one that does not hold.
    Unauthenticated,
    /// The caller's role does not allow it.
    Forbidden,
    /// No such object, or none that the caller may know of.
    NotFound,
    /// Another change came first, or the object's state forbids this one.
    Conflict,
    /// An organization's ceiling.
    QuotaExceeded,
    /// Too much in too short a time.
    RateLimited,
    /// The document costs more than one may.
    QueryTooComplex,
    /// The events after this cursor are no longer kept.
    CursorExpired,
    /// Not now; the same request may succeed later.
    Unavailable,
    /// A fault of the server.
    #[graphql(name = "INTERNAL_SERVER_ERROR")]
    Internal,
}
