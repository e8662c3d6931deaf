//! Takes borrowed GPUs back: a job is asked to stop, with its grace, and waits again for its next attempt.

use domain::job::JobStatus;
use domain::plan::Preemption;
use entity::{job, organization};
use sea_orm::EntityTrait;
use sea_orm::sea_query::Expr;

use super::events::status_of;
use super::life::{Again, change, expect_version, lock_job, requeue};
use super::{Scope, Store, Tx};
use crate::fault::Fault;

const ACTOR: &str = "scheduler";

impl Store {
    /// Begins to take a job's GPUs back, as planned. False: what the plan had read has changed, and nothing was done.
    ///
    /// # Errors
    /// Database faults.
    pub async fn preempt(&self, preemption: Preemption) -> Result<bool, Fault> {
        let outcome = self
            .write(move |tx| {
                Box::pin(async move {
                    let row = lock_job(tx, Scope::Fleet, preemption.job).await?;
                    expect_version("job", Some(preemption.job_version), row.version)?;
                    let claimant = lock_job(tx, Scope::Fleet, preemption.claimed_by).await?;
                    if !status_of(&claimant).is_waiting() {
                        return Err(Fault::conflict("the job that claims the GPUs waits no longer"));
                    }
                    let reason = reason(tx, &claimant).await?;
                    give_back(tx, &row, &claimant, reason).await
                })
            })
            .await;
        match outcome {
            Ok(()) => Ok(true),
            Err(Fault::Conflict { .. } | Fault::NotFound(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }
}

/// Told to the job's own organization, which may know that there are others, but not what they run.
async fn reason(tx: &Tx<'_>, claimant: &job::Model) -> Result<String, Fault> {
    let owner = organization::Entity::find_by_id(claimant.organization_id).one(tx.db).await?;
    let owner = owner.ok_or(Fault::NotFound("organization"))?;
    Ok(format!("preempted: its GPUs were borrowed, and {} claims what is guaranteed to it", owner.slug))
}

async fn give_back(
    tx: &Tx<'_>,
    row: &job::Model,
    claimant: &job::Model,
    reason: String,
) -> Result<(), Fault> {
    match status_of(row) {
        // Nothing runs that could be stopped: the GPUs of a loan are back at once, and it waits for others.
        JobStatus::Running if row.command.is_none() => {
            requeue(tx, row, reason, Again::Preempted, ACTOR).await.map(drop)
        }
        JobStatus::Allocated | JobStatus::Running => {
            let changes = vec![
                (job::Column::PreemptedFor, Expr::value(Some(claimant.id))),
                (job::Column::PreemptedAt, Expr::value(Some(tx.now))),
                (job::Column::StatusReason, Expr::value(Some(reason.clone()))),
            ];
            change(tx, row, JobStatus::Stopping, changes, ACTOR, Some(reason)).await.map(drop)
        }
        status => Err(Fault::Conflict {
            message: format!("a job that is {status} has nothing to give back"),
            current_version: Some(row.version),
        }),
    }
}
