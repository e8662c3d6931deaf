//! Hosts that fell silent: taken down, and what they ran is requeued or fails.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::ids::{HostId, JobId};
use domain::job::JobStatus;
use entity::{host, liveness, placement};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::reports::{conclude, fail, set_part};
use crate::fault::Fault;
use crate::store::events::status_of;
use crate::store::feed::ChangeKind;
use crate::store::jobs::stop;
use crate::store::life::{lock_job, parts, release};
use crate::store::versioned::{Edit, edit};
use crate::store::{Scope, Store, Tx};

impl Store {
    /// Takes hosts down that were not heard of since `before`, and requeues or fails what they ran. Returns how many
    /// hosts were taken down.
    ///
    /// # Errors
    /// Database faults.
    pub async fn take_down_silent_hosts(&self, before: DateTime<Utc>) -> Result<usize, Fault> {
        let silent: Vec<Uuid> = liveness::Entity::find()
            .select_only()
            .column(liveness::Column::HostId)
            .filter(liveness::Column::LastHeartbeatAt.lt(before))
            .into_tuple()
            .all(self.db())
            .await?;
        let mut taken_down = 0;
        for id in silent {
            let down = self
                .write(move |tx| Box::pin(async move { take_down(tx, HostId(id), before).await }))
                .await?;
            taken_down += usize::from(down);
        }
        Ok(taken_down)
    }
}

/// Takes one silent host down. Its agent has stopped the jobs by its own clock, earlier than this.
async fn take_down(tx: &Tx<'_>, id: HostId, before: DateTime<Utc>) -> Result<bool, Fault> {
    let row =
        host::Entity::find_by_id(id.0).lock_exclusive().one(tx.db).await?.ok_or(Fault::NotFound("host"))?;
    let heard = liveness::Entity::find_by_id(id.0).one(tx.db).await?;
    if heard.is_some_and(|heard| heard.last_heartbeat_at >= before) {
        return Ok(false);
    }
    let reason = "its agent was not heard of for longer than its lease".to_owned();
    if !row.down {
        let changes = vec![
            (host::Column::Down, Expr::value(true)),
            (host::Column::DownReason, Expr::value(Some(reason.clone()))),
            (host::Column::UpdatedAt, Expr::value(tx.now)),
        ];
        if let Edit::Updated(row) = edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
            tx.tell_host(&row, ChangeKind::Updated, "reaper");
        }
    }
    lose_attempts(tx, &row).await?;
    Ok(!row.down)
}

async fn lose_attempts(tx: &Tx<'_>, row: &host::Model) -> Result<(), Fault> {
    let open = placement::Entity::find()
        .filter(placement::Column::HostId.eq(row.id))
        .filter(placement::Column::State.is_in(["ASSIGNED", "STARTED"]))
        .all(tx.db)
        .await?;
    for part in open {
        let job = lock_job(tx, Scope::Fleet, JobId(part.job_id)).await?;
        set_part(tx, &part, "LOST", None).await?;
        if job.attempt != part.attempt || !status_of(&job).holds_gpus() {
            continue;
        }
        release(tx, &job, Some(HostId(row.id)), &HashMap::new(), "reaper").await?;
        let others = parts(tx, &job).await?;
        if others.iter().all(|part| matches!(part.state.as_str(), "EXITED" | "LOST")) {
            let reason = format!("the host {} was lost", row.name);
            if status_of(&job) == JobStatus::Stopping {
                conclude(tx, &job, &others, "reaper").await?;
            } else {
                fail(tx, &job, None, reason, "reaper").await?;
            }
        } else if status_of(&job) != JobStatus::Stopping {
            let reason = format!("the host {} was lost", row.name);
            stop(tx, &job, JobStatus::Failed, reason, "reaper").await?;
        }
    }
    Ok(())
}
