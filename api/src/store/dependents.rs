//! Jobs that wait for others: queued when the last that they waited for went well, else failed, and so on along the chain.
//!
//! Any number of jobs may wait for one, and a transaction must stay short, for it may be the only writer. So an end settles
//! a bounded number of them with itself; what is left is found, and settled part by part, by a task of its own, which also
//! looks after what a server that died has left.

use std::collections::VecDeque;
use std::time::Duration;

use domain::ids::JobId;
use domain::job::JobStatus;
use entity::{job, job_dependency};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query};
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationTrait as _};

use super::events::status_of;
use super::life::{change, lock_job, unfinished_dependencies};
use super::{Scope, Store, Tx};
use crate::fault::Fault;

/// Jobs that one transaction settles at most.
const AT_ONCE: u64 = 200;
/// Looked for anyway after this long.
const EVERY: Duration = Duration::from_secs(30);
/// What a job that was settled by nobody in particular says of who did it.
const ACTOR: &str = "gpu-fleet";

/// Settles what waited for a job that has ended, as far as one transaction should.
pub(crate) async fn settle(tx: &Tx<'_>, ended: &job::Model, actor: &str) -> Result<(), Fault> {
    let mut ends = VecDeque::from([ended.clone()]);
    let mut left = AT_ONCE;
    while let Some(ended) = ends.pop_front() {
        let waiting = waiting_for(tx, &ended, left + 1).await?;
        if waiting.len() as u64 > left {
            tx.leave_unsettled();
        }
        for id in waiting.into_iter().take(left as usize) {
            left -= 1;
            ends.extend(settle_one(tx, JobId(id), Some(&ended), actor).await?);
        }
        if left == 0 && !ends.is_empty() {
            tx.leave_unsettled();
            return Ok(());
        }
    }
    Ok(())
}

async fn waiting_for(tx: &Tx<'_>, ended: &job::Model, most: u64) -> Result<Vec<Uuid>, Fault> {
    let waiting = job_dependency::Entity::find()
        .select_only()
        .column(job_dependency::Column::JobId)
        .join(JoinType::InnerJoin, job_dependency::Relation::Waiting.def())
        .filter(job_dependency::Column::DependsOn.eq(ended.id))
        .filter(job::Column::Status.eq(JobStatus::Held.as_str()))
        .limit(most)
        .into_tuple()
        .all(tx.db);
    Ok(waiting.await?)
}

/// Settles one job; returns it if that has ended it. `ended`: what it waited for, if that is known.
async fn settle_one(
    tx: &Tx<'_>,
    id: JobId,
    ended: Option<&job::Model>,
    actor: &str,
) -> Result<Option<job::Model>, Fault> {
    let dependent = lock_job(tx, Scope::Fleet, id).await?;
    if status_of(&dependent) != JobStatus::Held {
        return Ok(None);
    }
    let broken = match ended.filter(|ended| status_of(ended) != JobStatus::Succeeded) {
        Some(ended) => Some((ended.id, ended.status.clone())),
        None => broken_dependency(tx, dependent.id).await?,
    };
    if let Some((on, status)) = broken {
        let reason = format!("{} ended {status}, and this job depends on it", JobId(on));
        let changes = vec![
            (job::Column::StatusReason, Expr::value(Some(reason.clone()))),
            (job::Column::FinishedAt, Expr::value(tx.now)),
        ];
        return Ok(Some(change(tx, &dependent, JobStatus::Failed, changes, actor, Some(reason)).await?));
    }
    if !dependent.held && unfinished_dependencies(tx, dependent.id).await?.is_empty() {
        change(tx, &dependent, JobStatus::Queued, Vec::new(), actor, None).await?;
    }
    Ok(None)
}

/// A job that it waits for and that has not ended well.
async fn broken_dependency(tx: &Tx<'_>, id: Uuid) -> Result<Option<(Uuid, String)>, Fault> {
    let broken = job_dependency::Entity::find()
        .select_only()
        .column(job_dependency::Column::DependsOn)
        .column(job::Column::Status)
        .join(JoinType::InnerJoin, job_dependency::Relation::DependsOn.def())
        .filter(job_dependency::Column::JobId.eq(id))
        .filter(job::Column::Status.is_in(BROKEN.map(JobStatus::as_str)))
        .into_tuple()
        .one(tx.db);
    Ok(broken.await?)
}

const BROKEN: [JobStatus; 3] = [JobStatus::Failed, JobStatus::Cancelled, JobStatus::TimedOut];

impl Store {
    /// Starts the task that settles what is left; it ends with the process.
    pub(crate) fn start_settling(&self) {
        let store = self.clone();
        tokio::spawn(async move {
            loop {
                if let Err(fault) = store.settle_all().await {
                    tracing::warn!(%fault, "jobs that wait for others cannot be settled; trying again");
                }
                let _ = tokio::time::timeout(EVERY, store.feed().unsettled()).await;
            }
        });
    }

    /// Settles all that what they waited for has decided.
    ///
    /// # Errors
    /// Database faults.
    pub async fn settle_all(&self) -> Result<(), Fault> {
        loop {
            let due = self.due().await?;
            if due.is_empty() {
                return Ok(());
            }
            let due = std::sync::Arc::new(due);
            self.write(move |tx| {
                let due = due.clone();
                Box::pin(async move {
                    for id in due.iter() {
                        settle_one(tx, JobId(*id), None, ACTOR).await?;
                    }
                    Ok(())
                })
            })
            .await?;
        }
    }

    /// Some of the held jobs that what they waited for has decided, in order of their ids.
    async fn due(&self) -> Result<Vec<Uuid>, Fault> {
        let held = || {
            job::Entity::find()
                .select_only()
                .column(job::Column::Id)
                .filter(job::Column::FinishedAt.is_null())
                .filter(job::Column::Status.eq(JobStatus::Held.as_str()))
        };
        let broken = held().filter(
            job::Column::Id.in_subquery(depending_on(|status| status.is_in(BROKEN.map(JobStatus::as_str)))),
        );
        let mut due: Vec<Uuid> = broken.limit(AT_ONCE).into_tuple().all(self.db()).await?;
        if due.is_empty() {
            let open = depending_on(|status| status.ne(JobStatus::Succeeded.as_str()));
            let free =
                held().filter(job::Column::Held.eq(false)).filter(job::Column::Id.not_in_subquery(open));
            due = free.limit(AT_ONCE).into_tuple().all(self.db()).await?;
        }
        due.sort_unstable();
        Ok(due)
    }
}

/// Jobs that depend on one whose status is so.
fn depending_on(such: impl FnOnce(Expr) -> Expr) -> sea_orm::sea_query::SelectStatement {
    let other = Alias::new("other");
    let status = Expr::col((other.clone(), job::Column::Status));
    Query::select()
        .column((job_dependency::Entity, job_dependency::Column::JobId))
        .from(job_dependency::Entity)
        .join_as(
            JoinType::InnerJoin,
            job::Entity,
            other.clone(),
            Expr::col((other, job::Column::Id))
                .equals((job_dependency::Entity, job_dependency::Column::DependsOn)),
        )
        .and_where(such(status))
        .to_owned()
}
