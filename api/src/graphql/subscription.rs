//! What people hear: every committed change, as it is committed.

use std::sync::Arc;
use std::time::Duration;

use async_graphql::{Context, ID, MergedSubscription, SimpleObject, Subscription};
use domain::ids::{GpuId, JobId};
use futures_util::FutureExt as _;
use futures_util::stream::{self, Stream, StreamExt};

use super::assignments::AgentSubscription;
use super::caller::{permit, store};
use super::enums::ChangeKind;
use super::failure::{Answer, Failure};
use super::fleet::FleetSummary;
use super::gpu::Gpu;
use super::hearing::{Heard, Hearing};
use super::job::{Job, LogLine};
use super::lists::gpus::GpuFilter;
use super::lists::jobs::JobFilter;
use super::loaders::Loaders;
use super::updates::FleetSubscription;
use crate::fault::Fault;
use crate::store::events::JobState;
use crate::store::logs::LogCursor;
use crate::store::{self, Event, EventKind, Scope, Store};

/// A summary is sent at most this often.
const SUMMARY_EVERY: Duration = Duration::from_secs(1);
/// A log is looked at anyway after this long.
const LOG_EVERY: Duration = Duration::from_secs(2);

/// A committed change of a job.
#[derive(SimpleObject)]
pub struct JobUpdate {
    /// Opaque; strictly increasing. Hand it back as `after` to go on without a gap.
    pub cursor: String,
    /// Made, or changed.
    pub kind: ChangeKind,
    /// Its own fields as this change left them, so that every status passes by; the objects that it refers to as they
    /// are now.
    pub job: Job,
}

/// A committed change of a GPU.
#[derive(SimpleObject)]
pub struct GpuUpdate {
    /// Opaque; strictly increasing. Hand it back as `after` to go on without a gap.
    pub cursor: String,
    /// As it is now.
    pub gpu: Gpu,
}

/// Everything that can be followed: by people and by agents.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(PeopleSubscription, FleetSubscription, AgentSubscription);

/// What people hear.
#[derive(Default)]
pub struct PeopleSubscription;

/// An event number's opaque form, of equal length so that texts sort as numbers do.
#[must_use]
pub fn event_cursor(seq: i64) -> String {
    format!("e{seq:016x}")
}

/// The number in an event cursor.
///
/// # Errors
/// [`Fault::Invalid`].
pub fn parse_event_cursor(text: &str) -> Result<i64, Fault> {
    let digits = text.strip_prefix('e').filter(|digits| digits.len() == 16);
    digits
        .and_then(|digits| i64::from_str_radix(digits, 16).ok())
        .filter(|seq| *seq >= 0)
        .ok_or_else(|| Fault::invalid("after", "not a cursor of this subscription"))
}

#[Subscription]
impl PeopleSubscription {
    /// Every committed change of the caller's organization's jobs, in order, none missing and none twice.
    async fn job_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only jobs that, as a change left them, pass it.")] filter: Option<JobFilter>,
        #[graphql(desc = "From there on; null: from now.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Answer<Heard<JobUpdate>>> + use<>, Failure> {
        let scope = permit(ctx)?.scope();
        filter.as_ref().map_or(Ok(()), JobFilter::check)?;
        let after = after.as_deref().map(parse_event_cursor).transpose()?;
        let events = store(ctx).follow(scope, EventKind::Job, after).await?;
        let hearing = ctx.data_unchecked::<Hearing>().clone();
        let loaders = ctx.data_unchecked::<Loaders>().clone();
        let filter = filter.map(Arc::new);
        Ok(events.filter_map(move |event| {
            let (hearing, loaders, filter) = (hearing.clone(), loaders.clone(), filter.clone());
            async move { job_heard(&hearing, &loaders, event, filter.as_deref()).await.transpose() }
        }))
    }

    /// A GPU's status, health or allocation changed.
    async fn gpu_updates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only GPUs that, as they are now, pass it.")] filter: Option<GpuFilter>,
        #[graphql(desc = "From there on; null: from now.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Answer<Heard<GpuUpdate>>> + use<>, Failure> {
        let scope = permit(ctx)?.scope();
        filter.as_ref().map_or(Ok(()), GpuFilter::check)?;
        let after = after.as_deref().map(parse_event_cursor).transpose()?;
        let store = store(ctx).clone();
        let events = store.follow(scope, EventKind::Gpu, after).await?;
        let hearing = ctx.data_unchecked::<Hearing>().clone();
        let loaders = ctx.data_unchecked::<Loaders>().clone();
        let filter = filter.map(Arc::new);
        Ok(events.filter_map(move |event| {
            let (store, hearing, loaders, filter) =
                (store.clone(), hearing.clone(), loaders.clone(), filter.clone());
            async move {
                let heard = gpu_heard(&hearing, &loaders, event).await?;
                let admitted = match (&heard, filter) {
                    (Some(heard), Some(filter)) => filter.admits(&store, scope, &heard.update.gpu.0).await?,
                    _ => true,
                };
                Ok(heard.filter(|_| admitted))
            }
            .map(Result::transpose)
        }))
    }

    /// The log as it is written; completes when the job has ended and all of it was sent.
    async fn job_logs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whose log.")] job_id: ID,
        #[graphql(desc = "Of this attempt alone, from 1; null: of all.")] attempt: Option<i32>,
        #[graphql(desc = "From there on; null: from its start.")] after: Option<String>,
    ) -> Result<impl Stream<Item = Answer<LogLine>> + use<>, Failure> {
        let scope = permit(ctx)?.scope();
        let id: JobId = job_id.parse().map_err(|_| Fault::NotFound("job"))?;
        let after = after.map(|text| text.parse::<LogCursor>()).transpose()?.unwrap_or_default();
        let store = store(ctx).clone();
        store.job(scope, id).await?.ok_or(Fault::NotFound("job"))?;
        Ok(follow_log(store, id, attempt, after))
    }

    /// At once, then whenever it changed, at most once a second.
    async fn fleet_updates(
        &self,
        ctx: &Context<'_>,
    ) -> Result<impl Stream<Item = Answer<FleetSummary>> + use<>, Failure> {
        let scope = permit(ctx)?.scope();
        let store = store(ctx).clone();
        Ok(stream::unfold((store, None), move |(store, told)| async move {
            let next = next_summary(&store, scope, told).await;
            let told = next.as_ref().ok().cloned();
            Some((next.map(FleetSummary).map_err(Failure::from), (store, told)))
        }))
    }
}

async fn job_heard(
    hearing: &Hearing,
    loaders: &Loaders,
    event: Result<Arc<Event>, Fault>,
    filter: Option<&JobFilter>,
) -> Answer<Option<Heard<JobUpdate>>> {
    let event = event?;
    let update = hearing.job(event.seq, job_update(hearing, loaders, &event)).await?;
    let update = update.filter(|update| filter.is_none_or(|filter| filter.matches(&update.job.0)));
    Ok(update.map(|update| Heard { seq: event.seq, update }))
}

async fn job_update(
    hearing: &Hearing,
    loaders: &Loaders,
    event: &Event,
) -> Result<Option<Arc<JobUpdate>>, Fault> {
    let Some(row) = hearing.row(loaders, JobId(event.subject)).await? else { return Ok(None) };
    let state: JobState = serde_json::from_value(event.payload.clone())
        .map_err(|error| Fault::Internal(format!("event {} cannot be read: {error}", event.seq)))?;
    let kind = match event.change {
        store::ChangeKind::Created => ChangeKind::Created,
        store::ChangeKind::Updated => ChangeKind::Updated,
    };
    Ok(Some(Arc::new(JobUpdate {
        cursor: event_cursor(event.seq),
        kind,
        job: Job(state.over((*row).clone())),
    })))
}

async fn gpu_heard(
    hearing: &Hearing,
    loaders: &Loaders,
    event: Result<Arc<Event>, Fault>,
) -> Answer<Option<Heard<GpuUpdate>>> {
    let event = event?;
    let update = hearing.gpu(event.seq, gpu_update(loaders, &event)).await?;
    Ok(update.map(|update| Heard { seq: event.seq, update }))
}

async fn gpu_update(loaders: &Loaders, event: &Event) -> Result<Option<Arc<GpuUpdate>>, Fault> {
    let row = loaders.one(GpuId(event.subject)).await?;
    Ok(row.map(|row| Arc::new(GpuUpdate { cursor: event_cursor(event.seq), gpu: Gpu(row) })))
}

struct LogFollow {
    store: Store,
    id: JobId,
    attempt: Option<i32>,
    at: LogCursor,
    wakes: tokio::sync::broadcast::Receiver<JobId>,
    events: tokio::sync::broadcast::Receiver<Arc<Event>>,
    lines: std::collections::VecDeque<(LogCursor, store::logs::Line)>,
    ended: bool,
}

fn follow_log(
    store: Store,
    id: JobId,
    attempt: Option<i32>,
    at: LogCursor,
) -> impl Stream<Item = Answer<LogLine>> {
    let (wakes, events) = (store.feed().subscribe_logs(), store.feed().subscribe());
    let follow = LogFollow { store, id, attempt, at, wakes, events, lines: Default::default(), ended: false };
    stream::unfold(follow, |mut follow| async move {
        let next = follow.next().await?;
        Some((next, follow))
    })
}

impl LogFollow {
    async fn next(&mut self) -> Option<Answer<LogLine>> {
        loop {
            if let Some((at, line)) = self.lines.pop_front() {
                return Some(Ok(LogLine::of(at, line)));
            }
            if self.ended {
                return None;
            }
            match self.store.log_after(self.id, self.attempt, self.at).await {
                Ok((page, done)) => {
                    let idle = page.lines.is_empty() && !page.has_more;
                    self.lines.extend(page.lines);
                    (self.at, self.ended) = (page.end, done);
                    if idle && !done {
                        self.wait().await;
                    }
                }
                Err(fault) => return Some(Err(fault.into())),
            }
        }
    }

    /// Until something was added to this log or its job has changed.
    async fn wait(&mut self) {
        let deadline = tokio::time::Instant::now() + LOG_EVERY;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => return,
                wake = self.wakes.recv() => if wake.map_or(true, |id| id == self.id) { return },
                event = self.events.recv() => if event.map_or(true, |event| event.subject == self.id.0) { return },
            }
        }
    }
}

/// The first time at once; then when something has happened and the counts differ.
async fn next_summary(
    store: &Store,
    scope: Scope,
    told: Option<store::fleet::Counts>,
) -> Result<store::fleet::Counts, Fault> {
    let Some(told) = told else { return store.counts(scope).await };
    loop {
        tokio::time::sleep(SUMMARY_EVERY).await;
        let now = store.counts(scope).await?;
        if now != told {
            return Ok(now);
        }
    }
}
