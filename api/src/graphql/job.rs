//! Jobs.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ids::{GpuId, JobId, OrganizationId};
use domain::requirements::GpuRequirements as DomainRequirements;
use entity::job;

use super::allocation::Allocation;
use super::caller::store;
use super::enums::{IdleAction, JobStatus, LogStream};
use super::explanation::PendingExplanation;
use super::failure::Answer;
use super::gpu::Gpu;
use super::label::{Label, labels};
use super::lists::at_most;
use super::lists::events::{JobEventConnection, events_page};
use super::lists::log::{LogLineConnection, log_page};
use super::loaders::{AllocationsOf, DependenciesOf, load, load_all};
use super::organization::Organization;
use super::pending::Pending;
use crate::fault::Fault;
use crate::store::events::status_of;
use crate::store::logs::{Line, LogCursor, LogState};

/// Lines of a log's tail at most.
const TAIL: i32 = 1000;

/// A job, through all of its attempts.
pub struct Job(pub job::Model);

/// What a job asks of the fleet.
pub struct GpuRequirements(pub(super) DomainRequirements);

/// What a job asks of the fleet.
#[Object]
impl GpuRequirements {
    /// GPUs in all.
    async fn count(&self) -> i32 {
        self.0.count
    }

    /// Thousandths of one GPU.
    async fn milli(&self) -> i32 {
        self.0.milli
    }

    /// Any of these. One matches when every word of it occurs in the GPU's type, whatever the case. Empty: any.
    async fn gpu_types(&self) -> &[String] {
        &self.0.gpu_types
    }

    /// Least memory of each GPU, decimal gigabytes. Null: any.
    async fn min_memory_gb(&self) -> Option<f64> {
        self.0.min_memory_gb
    }

    /// True: all on one host.
    async fn single_host(&self) -> bool {
        self.0.single_host
    }

    /// CPU cores in all, taken from the hosts in proportion to their GPUs. Null: none reserved.
    async fn cpus(&self) -> Option<f64> {
        self.0.cpus
    }

    /// Host memory in all, decimal gigabytes, taken likewise. Null: none reserved.
    async fn memory_gb(&self) -> Option<f64> {
        self.0.memory_gb
    }

    /// Labels that each host must have.
    async fn labels(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Label>> {
        labels(&self.0.labels, first)
    }
}

/// The warning of a job that holds GPUs and does not use them.
#[derive(SimpleObject, Clone)]
pub struct IdleWarning {
    /// When it was warned. The event of that time has the figures.
    pub at: DateTime<Utc>,
    /// What follows, unless its GPUs are used before.
    pub action: IdleAction,
    /// When.
    pub acts_at: DateTime<Utc>,
}

/// A committed change of a job.
#[derive(SimpleObject, Clone)]
pub struct JobEvent {
    /// Its place in the job's history.
    pub cursor: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The job's status after it.
    pub status: JobStatus,
    /// What happened, for people.
    pub message: Option<String>,
    /// Who did it.
    pub actor: String,
    /// The job's attempt.
    pub attempt: i32,
}

/// A line of a job's log.
#[derive(SimpleObject, Clone)]
pub struct LogLine {
    /// Its place in the log. Hand it back as `after` to go on behind it.
    pub cursor: String,
    /// When it was written, by the host's clock.
    pub at: DateTime<Utc>,
    /// Where it was written.
    pub stream: LogStream,
    /// The line, without its end.
    pub text: String,
}

impl LogLine {
    /// A line and the place behind it.
    #[must_use]
    pub fn of(at: LogCursor, line: Line) -> Self {
        let stream = if line.stderr { LogStream::Stderr } else { LogStream::Stdout };
        Self { cursor: at.to_string(), at: line.at, stream, text: line.text }
    }
}

impl Job {
    fn job_id(&self) -> JobId {
        JobId(self.0.id)
    }
}

/// A job, through all of its attempts.
#[Object]
impl Job {
    /// Its global id.
    pub async fn id(&self) -> ID {
        ID(self.job_id().to_string())
    }

    /// Whose it is.
    async fn organization(&self, ctx: &Context<'_>) -> Answer<Organization> {
        let row = load(ctx, OrganizationId(self.0.organization_id)).await?;
        Ok(Organization(row.ok_or(Fault::NotFound("organization"))?))
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The kind of model it works on.
    async fn model_type(&self) -> Option<&str> {
        self.0.model_type.as_deref()
    }

    /// Where it is in its life.
    async fn status(&self) -> JobStatus {
        status_of(&self.0).into()
    }

    /// Why it is in that status.
    async fn status_reason(&self) -> Option<&str> {
        self.0.status_reason.as_deref()
    }

    /// Everything that it still waits for; null once it has GPUs.
    async fn pending(&self, ctx: &Context<'_>) -> Answer<Option<PendingExplanation>> {
        if !status_of(&self.0).is_waiting() {
            return Ok(None);
        }
        let explained = ctx.data_unchecked::<Arc<dyn Pending>>().explain(self.job_id()).await?;
        Ok(Some(PendingExplanation::of(self.job_id(), explained)))
    }

    /// Larger goes first.
    async fn priority(&self) -> i32 {
        self.0.priority
    }

    /// What it asks of the fleet.
    async fn requirements(&self) -> GpuRequirements {
        GpuRequirements(self.0.requirements.0.clone())
    }

    /// Program and arguments. Null: a loan, GPUs lent with no command until released; it is RUNNING from its allocation
    /// on, and ends SUCCEEDED when released.
    async fn command(&self) -> Option<&[String]> {
        self.0.command.as_ref().map(|command| command.0.as_slice())
    }

    /// Names of its environment variables; their values are write-only.
    async fn env_names(&self) -> Vec<&str> {
        self.0.env.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Where its command starts.
    async fn workdir(&self) -> Option<&str> {
        self.0.workdir.as_deref()
    }

    /// The container image that its command runs in; null: what is installed on its host.
    async fn image(&self) -> Option<&str> {
        self.0.image.as_deref()
    }

    /// Its attempt, from 1.
    async fn attempt(&self) -> i32 {
        self.0.attempt
    }

    /// Attempts beyond the first.
    async fn max_retries(&self) -> i32 {
        self.0.max_retries
    }

    /// Seconds between a failed attempt and the next one; twice as long after each further one, up to an hour.
    async fn retry_pause_seconds(&self) -> i32 {
        self.0.retry_pause_seconds
    }

    /// Before when it is not tried again; null unless it waits after it has failed.
    async fn retry_at(&self) -> Option<DateTime<Utc>> {
        self.0.retry_at.filter(|_| status_of(&self.0).is_waiting())
    }

    /// Since when its GPUs have not been used, as the warning that stands says; null: it was not warned. A job whose label
    /// `gpu-fleet/idle` is `allowed` is never judged.
    async fn idle_since(&self) -> Option<DateTime<Utc>> {
        self.0.idle.map(|idle| idle.0.since)
    }

    /// The warning that stands because its GPUs are not used.
    async fn idle_warning(&self) -> Option<IdleWarning> {
        let warning = self.0.idle?.0;
        Some(IdleWarning { at: warning.at, action: warning.action.into(), acts_at: warning.acts_at })
    }

    /// Longest run of an attempt.
    async fn time_limit_seconds(&self) -> Option<i32> {
        self.0.time_limit_seconds
    }

    /// Jobs that must succeed first.
    async fn depends_on(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Job>> {
        let first = at_most(first)?;
        let mut ids = load(ctx, DependenciesOf(self.job_id())).await?.unwrap_or_default();
        ids.truncate(first);
        Ok(load_all(ctx, ids).await?.into_iter().map(Job).collect())
    }

    /// The job that this one was submitted for anew; null: it stands for itself.
    async fn retry_of(&self, ctx: &Context<'_>) -> Answer<Option<Job>> {
        match self.0.retry_of {
            Some(id) => Ok(load(ctx, JobId(id)).await?.map(Job)),
            None => Ok(None),
        }
    }

    /// Its labels.
    async fn labels(
        &self,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Label>> {
        labels(&self.0.labels.0, first)
    }

    /// All that it was ever given, oldest first.
    async fn allocations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Allocation>> {
        let first = at_most(first)?;
        let rows = load(ctx, AllocationsOf(self.job_id())).await?.unwrap_or_default();
        Ok(rows.into_iter().take(first).map(Allocation).collect())
    }

    /// The GPUs of its latest attempt that had any.
    async fn gpus(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most so many; null: all.")] first: Option<i32>,
    ) -> Answer<Vec<Gpu>> {
        let first = at_most(first)?;
        let rows = load(ctx, AllocationsOf(self.job_id())).await?.unwrap_or_default();
        let latest = rows.iter().map(|row| row.attempt).max();
        let wanted = rows.into_iter().filter(|row| Some(row.attempt) == latest);
        let waits = status_of(&self.0).is_waiting();
        let cards = wanted.filter(|_| !waits).take(first).map(|row| GpuId(row.gpu_id)).collect();
        Ok(load_all(ctx, cards).await?.into_iter().map(Gpu).collect())
    }

    /// Its exit code, or 128 + N for signal N; null while there is none.
    async fn exit_code(&self) -> Option<i32> {
        self.0.exit_code
    }

    /// Who submitted it.
    async fn submitted_by(&self) -> &str {
        &self.0.submitted_by
    }

    /// When it was submitted.
    async fn submitted_at(&self) -> DateTime<Utc> {
        self.0.submitted_at
    }

    /// When its present attempt got its GPUs.
    async fn allocated_at(&self) -> Option<DateTime<Utc>> {
        self.0.allocated_at
    }

    /// When its present attempt started.
    async fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at
    }

    /// When it ended.
    async fn finished_at(&self) -> Option<DateTime<Utc>> {
        self.0.finished_at
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }

    /// Its version, for optimistic locking.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Its history, oldest first.
    async fn events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
    ) -> Answer<JobEventConnection> {
        events_page(ctx, self.job_id(), first, after).await
    }

    /// Its log as it is now, a page at a time; `jobLogs` follows it. To look for a text, go on from page to page: one page looks
    /// at a bounded part, so it may have fewer lines than asked for, or none, and yet a next page.
    async fn log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many lines, at most 1,000; null: 50.")] first: Option<i32>,
        #[graphql(desc = "Behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Of this attempt alone, from 1; null: of all.")] attempt: Option<i32>,
        #[graphql(desc = "Only lines with this in them, whatever the case.")] contains: Option<String>,
    ) -> Answer<LogLineConnection> {
        log_page(ctx, self.job_id(), (first, after), attempt, contains).await
    }

    /// Whether its log was forgotten because it was older than logs are kept; it is empty then.
    async fn log_expired(&self) -> bool {
        LogState::parse(&self.0.log_state).is_over()
    }

    /// The newest lines kept.
    async fn log_tail(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "So many, at most 1,000.", default = 100)] lines: Option<i32>,
        #[graphql(desc = "The same under the name that lists have for it; it goes before `lines`.")]
        last: Option<i32>,
    ) -> Answer<Vec<LogLine>> {
        let (field, wanted) = last.map_or(("lines", lines.unwrap_or(100)), |last| ("last", last));
        if !(1..=TAIL).contains(&wanted) {
            return Err(Fault::invalid(field, format!("between 1 and {TAIL}")).into());
        }
        let tail = store(ctx).log_tail(self.job_id(), usize::try_from(wanted).unwrap_or(0)).await?;
        Ok(tail.into_iter().map(|(at, line)| LogLine::of(at, line)).collect())
    }
}
