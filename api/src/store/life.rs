//! A job's life in the database: every change of status goes through [`change`], which asks `domain`'s table of
//! transitions, edits under the version, and tells the event.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{HostId, JobId};
use domain::job::JobStatus;
use entity::json::IdleWarning;
use entity::{allocation, gpu, host, job, job_dependency, placement};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::dependents;
use super::events::status_of;
use super::feed::ChangeKind;
use super::versioned::{Edit, edit};
use super::{Scope, Tx};
use crate::fault::Fault;

/// Columns and their new values.
pub(crate) type Changes = Vec<(job::Column, SimpleExpr)>;

/// A job in the scope, locked until the transaction ends.
///
/// # Errors
/// [`Fault::NotFound`].
pub(crate) async fn lock_job(tx: &Tx<'_>, scope: Scope, id: JobId) -> Result<job::Model, Fault> {
    job::Entity::find_by_id(id.0)
        .filter(scope.jobs())
        .lock_exclusive()
        .one(tx.db)
        .await?
        .ok_or(Fault::NotFound("job"))
}

/// Refuses when the caller expects another version.
pub(crate) fn expect_version(what: &str, expected: Option<i32>, current: i32) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != current => Err(Fault::stale(what, expected, current)),
        _ => Ok(()),
    }
}

/// Brings a locked job into a status, with further changes.
pub(crate) async fn change(
    tx: &Tx<'_>,
    row: &job::Model,
    to: JobStatus,
    mut changes: Changes,
    actor: &str,
    message: Option<String>,
) -> Result<job::Model, Fault> {
    let from = status_of(row);
    if from != to && !from.may_become(to) {
        return Err(Fault::Conflict {
            message: format!("a job that is {from} cannot become {to}"),
            current_version: Some(row.version),
        });
    }
    if to != JobStatus::Running && row.idle.is_some() {
        // A warning is about what runs, and is over with it.
        changes.push((job::Column::Idle, Expr::value(None::<IdleWarning>)));
    }
    changes.push((job::Column::Status, Expr::value(to.as_str())));
    changes.push((job::Column::UpdatedAt, Expr::value(tx.now)));
    match edit::<job::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(row) => {
            tx.tell_job(&row, ChangeKind::Updated, actor, message);
            Ok(row)
        }
        // The row was locked by this transaction: only a retry can tell what happened.
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

/// Ends a job: gives back what it still holds, and tells those that depend on it.
pub(crate) async fn finish(
    tx: &Tx<'_>,
    row: &job::Model,
    to: JobStatus,
    exit_code: Option<i32>,
    reason: Option<String>,
    actor: &str,
) -> Result<job::Model, Fault> {
    finish_at(tx, row, to, exit_code, reason, tx.now, actor).await
}

/// The same of a job that ended earlier than now.
pub(crate) async fn finish_at(
    tx: &Tx<'_>,
    row: &job::Model,
    to: JobStatus,
    exit_code: Option<i32>,
    reason: Option<String>,
    at: DateTime<Utc>,
    actor: &str,
) -> Result<job::Model, Fault> {
    release(tx, row, None, &HashMap::new(), actor).await?;
    let changes = vec![
        (job::Column::StatusReason, Expr::value(reason.clone())),
        (job::Column::ExitCode, Expr::value(exit_code)),
        (job::Column::FinishedAt, Expr::value(at)),
    ];
    let ended = change(tx, row, to, changes, actor, reason).await?;
    dependents::settle(tx, &ended, actor).await?;
    Ok(ended)
}

/// Why an attempt is followed by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It has failed.
    Failed,
    /// It ended through no fault of its own: that uses up no retry, so often.
    Excused,
    /// It gave back what it had borrowed, or did not use: that uses up nothing.
    Preempted,
}

impl Again {
    /// How long the job rests first, in seconds. An attempt that did not fail, and the first that failed through no fault of the
    /// job, are followed by the next at once: it goes elsewhere.
    fn pause(self, row: &job::Model) -> i64 {
        let failures = match self {
            Self::Failed => row.attempt - row.excused - row.preempted,
            Self::Excused => row.excused,
            Self::Preempted => 0,
        };
        domain::retry::pause(row.retry_pause_seconds, failures)
    }
}

/// Puts a job back into the queue for its next attempt.
pub(crate) async fn requeue(
    tx: &Tx<'_>,
    row: &job::Model,
    reason: String,
    again: Again,
    actor: &str,
) -> Result<job::Model, Fault> {
    release(tx, row, None, &HashMap::new(), actor).await?;
    let pause = again.pause(row);
    let retry_at = (pause > 0).then(|| tx.now + TimeDelta::seconds(pause));
    let reason = if pause > 0 { format!("{reason}; it is tried again after {pause} s") } else { reason };
    let changes = vec![
        (job::Column::RetryAt, Expr::value(retry_at)),
        (job::Column::StatusReason, Expr::value(Some(reason.clone()))),
        (job::Column::Attempt, Expr::value(row.attempt + 1)),
        (job::Column::Excused, Expr::value(row.excused + i32::from(again == Again::Excused))),
        (job::Column::Preempted, Expr::value(row.preempted + i32::from(again == Again::Preempted))),
        (job::Column::StopOutcome, Expr::value(None::<String>)),
        (job::Column::PreemptedFor, Expr::value(None::<sea_orm::prelude::Uuid>)),
        (job::Column::PreemptedAt, Expr::value(None::<DateTime<Utc>>)),
        (job::Column::ExitCode, Expr::value(None::<i32>)),
        (job::Column::AllocatedAt, Expr::value(None::<DateTime<Utc>>)),
        (job::Column::StartedAt, Expr::value(None::<DateTime<Utc>>)),
    ];
    change(tx, row, JobStatus::Queued, changes, actor, Some(reason)).await
}

/// Gives back the live allocations of a job's present attempt, on one host or on all. `unclean` GPUs, by their UUID, are
/// quarantined with the reason: free on paper, not in fact.
pub(crate) async fn release(
    tx: &Tx<'_>,
    row: &job::Model,
    on: Option<HostId>,
    unclean: &HashMap<String, String>,
    actor: &str,
) -> Result<(), Fault> {
    let mut live = allocation::Entity::find()
        .filter(allocation::Column::JobId.eq(row.id))
        .filter(allocation::Column::ReleasedAt.is_null());
    if let Some(host) = on {
        live = live.filter(allocation::Column::HostId.eq(host.0));
    }
    let live = live.order_by_asc(allocation::Column::GpuId).all(tx.db).await?;
    if live.is_empty() {
        return Ok(());
    }
    allocation::Entity::update_many()
        .col_expr(allocation::Column::ReleasedAt, Expr::value(tx.now))
        .filter(allocation::Column::Id.is_in(live.iter().map(|one| one.id)))
        .exec(tx.db)
        .await?;
    for one in &live {
        touch_gpu(tx, one.gpu_id, unclean, actor).await?;
    }
    Ok(())
}

/// Bumps a GPU's version because what is allocated of it changed; quarantines it where it is unclean.
pub(crate) async fn touch_gpu(
    tx: &Tx<'_>,
    id: sea_orm::prelude::Uuid,
    unclean: &HashMap<String, String>,
    actor: &str,
) -> Result<gpu::Model, Fault> {
    let (row, dedicated_to) = lock_gpu(tx, id).await?;
    let mut changes = Vec::new();
    if let Some(reason) = unclean.get(&row.uuid) {
        changes.push((gpu::Column::Quarantined, Expr::value(true)));
        changes.push((gpu::Column::QuarantineReason, Expr::value(Some(reason.clone()))));
    }
    match edit::<gpu::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(row) => {
            tx.tell_gpu(&row, dedicated_to, actor);
            Ok(row)
        }
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

/// A GPU, locked, and the organization that its host is dedicated to.
pub(crate) async fn lock_gpu(
    tx: &Tx<'_>,
    id: sea_orm::prelude::Uuid,
) -> Result<(gpu::Model, Option<sea_orm::prelude::Uuid>), Fault> {
    let row = gpu::Entity::find_by_id(id).lock_exclusive().one(tx.db).await?.ok_or(Fault::NotFound("gpu"))?;
    let dedicated_to: Option<Option<sea_orm::prelude::Uuid>> = host::Entity::find_by_id(row.host_id)
        .select_only()
        .column(host::Column::OrganizationId)
        .into_tuple()
        .one(tx.db)
        .await?;
    Ok((row, dedicated_to.flatten()))
}

/// What a job depends on and has not succeeded.
pub(crate) async fn unfinished_dependencies(
    tx: &Tx<'_>,
    id: sea_orm::prelude::Uuid,
) -> Result<Vec<sea_orm::prelude::Uuid>, Fault> {
    let on: Vec<sea_orm::prelude::Uuid> = job_dependency::Entity::find()
        .select_only()
        .column(job_dependency::Column::DependsOn)
        .filter(job_dependency::Column::JobId.eq(id))
        .into_tuple()
        .all(tx.db)
        .await?;
    if on.is_empty() {
        return Ok(on);
    }
    Ok(job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::Id.is_in(on))
        .filter(job::Column::Status.ne(JobStatus::Succeeded.as_str()))
        .into_tuple()
        .all(tx.db)
        .await?)
}

/// An attempt's parts, one per host, by rank.
pub(crate) async fn parts(tx: &Tx<'_>, row: &job::Model) -> Result<Vec<placement::Model>, Fault> {
    Ok(placement::Entity::find()
        .filter(placement::Column::JobId.eq(row.id))
        .filter(placement::Column::Attempt.eq(row.attempt))
        .order_by_asc(placement::Column::NodeRank)
        .all(tx.db)
        .await?)
}
