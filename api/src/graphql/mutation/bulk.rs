//! What people change of all jobs that pass a filter.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use domain::limits;

use crate::fault::Fault;
use crate::graphql::caller::{permit, store};
use crate::graphql::failure::Answer;
use crate::graphql::job::Job;
use crate::graphql::lists::jobs::JobFilter;
use crate::store::jobs::bulk::Changed;

/// Jobs changed by one request at most.
const BULK: i32 = 1000;

/// Jobs to cancel.
#[derive(InputObject)]
pub struct CancelJobsInput {
    /// Which: those that pass it and have not ended. At least one condition.
    pub filter: JobFilter,
    /// Why, for their histories.
    pub reason: Option<String>,
    /// At most so many, the oldest, 1 to 1,000.
    #[graphql(default_with = "Some(BULK)")]
    pub first: Option<i32>,
}

/// Jobs to submit anew.
#[derive(InputObject)]
pub struct RetryJobsInput {
    /// Which: those that pass it, have ended otherwise than well and were not submitted anew before. At least one condition.
    pub filter: JobFilter,
    /// At most so many, the oldest, 1 to 1,000.
    #[graphql(default_with = "Some(BULK)")]
    pub first: Option<i32>,
}

/// Jobs, after a change of many. Each was changed for itself: what was refused is left as it was.
#[derive(SimpleObject)]
pub struct ChangedJobsPayload {
    /// As the change left them, the oldest first.
    pub jobs: Vec<Job>,
    /// How many were refused, because they had changed meanwhile or a quota is full.
    pub refused: i32,
    /// Why the first of these was refused.
    pub first_refusal: Option<String>,
    /// True: more pass the filter. Ask again for them.
    pub has_more: bool,
}

impl From<Changed> for ChangedJobsPayload {
    fn from(changed: Changed) -> Self {
        Self {
            refused: i32::try_from(changed.refused.len()).unwrap_or(i32::MAX),
            first_refusal: changed.refused.first().map(ToString::to_string),
            jobs: changed.jobs.into_iter().map(Job).collect(),
            has_more: changed.has_more,
        }
    }
}

/// A filter that lets everything pass is more often a mistake than a wish.
fn check(filter: &JobFilter, first: Option<i32>) -> Result<u64, Fault> {
    filter.check()?;
    if filter.is_empty() {
        return Err(Fault::invalid("filter", "it must have at least one condition"));
    }
    let first = first.unwrap_or(BULK);
    match u64::try_from(first) {
        Ok(wanted) if (1..=BULK).contains(&first) => Ok(wanted),
        _ => Err(Fault::invalid("first", format!("between 1 and {BULK}"))),
    }
}

/// What people change of many jobs at once.
#[derive(Default)]
pub struct BulkMutation;

#[Object]
impl BulkMutation {
    /// Cancels the jobs that pass a filter, each for itself, at most 1,000; asked again, it goes on with the rest.
    async fn cancel_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which jobs, and why.")] input: CancelJobsInput,
    ) -> Answer<ChangedJobsPayload> {
        let permit = permit(ctx)?;
        limits::check_text("reason", input.reason.as_deref(), limits::REASON_CHARS).map_err(Fault::from)?;
        let (store, most) = (store(ctx), check(&input.filter, input.first)?);
        let filter = input.filter.condition(store);
        let changed = store.cancel_jobs(permit.scope(), filter, most, input.reason, &permit.actor()).await?;
        Ok(changed.into())
    }

    /// Submits anew the jobs that pass a filter, each for itself, at most 1,000; asked again, it goes on with the rest.
    async fn retry_jobs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which jobs.")] input: RetryJobsInput,
    ) -> Answer<ChangedJobsPayload> {
        let permit = permit(ctx)?;
        let (store, most) = (store(ctx), check(&input.filter, input.first)?);
        let filter = input.filter.condition(store);
        let changed = store.retry_jobs(permit.scope(), filter, most, &permit.actor()).await?;
        Ok(changed.into())
    }
}
