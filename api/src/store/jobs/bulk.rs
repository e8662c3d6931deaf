//! Changes of all jobs that pass a filter: one transaction for each job, so that one that is refused holds up no other.

use domain::ids::JobId;
use domain::job::JobStatus;
use entity::job;
use futures_util::stream::{self, StreamExt as _};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::fault::Fault;
use crate::store::{Actor, Scope, Store};

/// Transactions under way at once: enough for the writer to commit many together.
const AT_ONCE: usize = 32;

/// What became of the jobs.
#[derive(Debug, Default)]
pub struct Changed {
    /// As the change left them, the oldest first.
    pub jobs: Vec<job::Model>,
    /// Why others were left as they were.
    pub refused: Vec<Fault>,
    /// More pass the filter.
    pub has_more: bool,
}

impl Store {
    /// Cancels jobs that pass a filter and have not ended, the oldest first, at most so many.
    ///
    /// # Errors
    /// Database faults; what concerns one job alone is told of that job.
    pub async fn cancel_jobs(
        &self,
        scope: Scope,
        filter: Condition,
        most: u64,
        reason: Option<String>,
        actor: &Actor,
    ) -> Result<Changed, Fault> {
        // Those that are being cancelled are as good as cancelled.
        let stays = Condition::any()
            .add(job::Column::StopOutcome.is_null())
            .add(job::Column::StopOutcome.ne(JobStatus::Cancelled.as_str()));
        let filter = filter.add(job::Column::FinishedAt.is_null()).add(stays);
        let (ids, has_more) = self.oldest(scope, filter, most).await?;
        let cancel = |id| self.cancel_job(scope, id, None, reason.clone(), actor);
        gather(ids.into_iter().map(cancel), has_more).await
    }

    /// Submits anew jobs that pass a filter, have ended otherwise than well and were not submitted anew before, the oldest
    /// first, at most so many.
    ///
    /// # Errors
    /// As [`Store::cancel_jobs`].
    pub async fn retry_jobs(
        &self,
        scope: Scope,
        filter: Condition,
        most: u64,
        actor: &Actor,
    ) -> Result<Changed, Fault> {
        let unwell = [JobStatus::Failed, JobStatus::TimedOut, JobStatus::Cancelled].map(JobStatus::as_str);
        let again = Alias::new("again");
        let retried = Query::select()
            .expr(Expr::value(1))
            .from_as(job::Entity, again.clone())
            .and_where(Expr::col((again, job::Column::RetryOf)).equals((job::Entity, job::Column::Id)))
            .to_owned();
        let filter = filter.add(job::Column::Status.is_in(unwell)).add(Expr::exists(retried).not());
        let (ids, has_more) = self.oldest(scope, filter, most).await?;
        gather(ids.into_iter().map(|id| self.retry(scope, id, true, actor)), has_more).await
    }

    async fn oldest(&self, scope: Scope, filter: Condition, most: u64) -> Result<(Vec<JobId>, bool), Fault> {
        let mut ids: Vec<Uuid> = job::Entity::find()
            .select_only()
            .column(job::Column::Id)
            .filter(scope.jobs())
            .filter(filter)
            .order_by_asc(job::Column::SubmittedAt)
            .order_by_asc(job::Column::Id)
            .limit(most + 1)
            .into_tuple()
            .all(self.db())
            .await?;
        let has_more = ids.len() as u64 > most;
        ids.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        Ok((ids.into_iter().map(JobId).collect(), has_more))
    }
}

/// Carries out changes, some at once, and answers in their order.
async fn gather<F>(changes: impl Iterator<Item = F>, has_more: bool) -> Result<Changed, Fault>
where
    F: Future<Output = Result<job::Model, Fault>>,
{
    let mut changed = Changed { has_more, ..Changed::default() };
    let mut results = stream::iter(changes).buffered(AT_ONCE);
    while let Some(result) = results.next().await {
        match result {
            Ok(row) => changed.jobs.push(row),
            Err(
                fault @ (Fault::Conflict { .. } | Fault::NotFound(_) | Fault::Quota(_) | Fault::Invalid(_)),
            ) => {
                changed.refused.push(fault);
            }
            // Those before it are changed: whoever asks again goes on behind them.
            Err(fault) => return Err(fault),
        }
    }
    Ok(changed)
}
