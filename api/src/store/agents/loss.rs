//! Hosts that fall silent: first nothing new is placed on them; later, when their lease is over, what they ran is requeued or
//! fails.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::ids::{HostId, JobId};
use domain::job::JobStatus;
use entity::{gpu, host, liveness, placement};
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};

use super::reports::{conclude, fail, set_part};
use super::words::Blame;
use crate::fault::Fault;
use crate::store::events::status_of;
use crate::store::feed::ChangeKind;
use crate::store::jobs::stop;
use crate::store::life::{lock_job, parts, release};
use crate::store::versioned::{Edit, edit};
use crate::store::{Scope, Store, Tx};

/// A host's newest sign of life.
#[derive(Debug, Clone, Copy)]
pub struct SignOfLife {
    /// The host.
    pub host: HostId,
    /// When, by the clock of the server that heard it: to be compared with another such time, never with a clock.
    pub at: DateTime<Utc>,
    /// The lease that the answer granted.
    pub lease: Duration,
}

impl Store {
    /// The newest sign of life of every host that has given one.
    ///
    /// # Errors
    /// Database faults.
    pub async fn signs_of_life(&self) -> Result<Vec<SignOfLife>, Fault> {
        let rows = liveness::Entity::find().all(self.db()).await?;
        let sign = |row: liveness::Model| SignOfLife {
            host: HostId(row.host_id),
            at: row.last_heartbeat_at,
            lease: Duration::from_secs(u64::try_from(row.lease_seconds).unwrap_or_default()),
        };
        Ok(rows.into_iter().map(sign).collect())
    }

    /// Marks a host down that has given no sign of life since `heard`. What it runs goes on: its lease does.
    ///
    /// # Errors
    /// Database faults.
    pub async fn suspect_host(
        &self,
        host: HostId,
        heard: DateTime<Utc>,
        silent: Duration,
    ) -> Result<(), Fault> {
        let reason = format!("its agent has not been heard of for {} s", silent.as_secs());
        self.write(move |tx| {
            let reason = reason.clone();
            Box::pin(async move {
                let Some(row) = still_silent(tx, host, heard).await?.filter(|row| !row.down) else {
                    return Ok(());
                };
                tracing::warn!(host = row.name, reason, "a host is down");
                take_down(tx, &row, reason, Vec::new()).await.map(drop)
            })
        })
        .await
    }

    /// Gives up what a host runs that has given no sign of life since `heard`, its `lease` being over: its agent has stopped it
    /// by its own clock. The epoch ends with it, so that an agent which wakes up late is told so at its first word.
    ///
    /// # Errors
    /// Database faults.
    pub async fn lose_host(&self, host: HostId, heard: DateTime<Utc>, lease: Duration) -> Result<(), Fault> {
        let reason = format!("its agent was not heard of for longer than its lease of {} s", lease.as_secs());
        self.write(move |tx| {
            let reason = reason.clone();
            Box::pin(async move {
                let Some(row) = still_silent(tx, host, heard).await? else { return Ok(()) };
                if row.down_reason.as_ref() == Some(&reason) {
                    return Ok(());
                }
                tracing::warn!(host = row.name, reason, "a host is lost");
                let epoch = (host::Column::Epoch, Expr::value(row.epoch + 1));
                let row = take_down(tx, &row, reason, vec![epoch]).await?;
                lose_attempts(tx, &row).await
            })
        })
        .await
    }
}

/// The host, locked, if it has given no sign of life since.
async fn still_silent(tx: &Tx<'_>, id: HostId, heard: DateTime<Utc>) -> Result<Option<host::Model>, Fault> {
    let Some(row) = host::Entity::find_by_id(id.0).lock_exclusive().one(tx.db).await? else {
        return Ok(None);
    };
    let newest = liveness::Entity::find_by_id(id.0).one(tx.db).await?;
    Ok(newest.is_some_and(|newest| newest.last_heartbeat_at == heard).then_some(row))
}

async fn take_down(
    tx: &Tx<'_>,
    row: &host::Model,
    reason: String,
    more: Vec<(host::Column, SimpleExpr)>,
) -> Result<host::Model, Fault> {
    let mut changes = vec![
        (host::Column::Down, Expr::value(true)),
        (host::Column::DownReason, Expr::value(Some(reason))),
        (host::Column::UpdatedAt, Expr::value(tx.now)),
    ];
    changes.extend(more);
    match edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(row) => {
            tx.tell_host(&row, ChangeKind::Updated, "reaper");
            Ok(row)
        }
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

/// A host that is heard of again within its lease goes on where it was.
pub(super) async fn welcome_back(tx: &Tx<'_>, row: &host::Model) -> Result<(), Fault> {
    let row = host::Entity::find_by_id(row.id).lock_exclusive().one(tx.db).await?.ok_or(Fault::Retry)?;
    let changes = vec![
        (host::Column::Down, Expr::value(false)),
        (host::Column::DownReason, Expr::value(None::<String>)),
        (host::Column::UpdatedAt, Expr::value(tx.now)),
    ];
    match edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(row) => {
            tracing::info!(host = row.name, "a host is heard of again");
            tx.tell_host(&row, ChangeKind::Updated, &format!("agent:{}", row.name));
            Ok(())
        }
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}

async fn lose_attempts(tx: &Tx<'_>, row: &host::Model) -> Result<(), Fault> {
    let open = placement::Entity::find()
        .filter(placement::Column::HostId.eq(row.id))
        .filter(placement::Column::State.is_in(["ASSIGNED", "STARTED"]))
        .all(tx.db)
        .await?;
    if open.is_empty() {
        return Ok(());
    }
    let unproved = unproved_gpus(tx, row).await?;
    for part in open {
        let job = lock_job(tx, Scope::Fleet, JobId(part.job_id)).await?;
        set_part(tx, &part, "LOST", None).await?;
        if job.attempt != part.attempt || !status_of(&job).holds_gpus() {
            continue;
        }
        release(tx, &job, Some(HostId(row.id)), &unproved, "reaper").await?;
        let reason = format!("the host {} was lost", row.name);
        let others = parts(tx, &job).await?;
        let all_over = others.iter().all(|part| matches!(part.state.as_str(), "EXITED" | "LOST"));
        match (all_over, status_of(&job) == JobStatus::Stopping) {
            (true, true) => conclude(tx, &job, &others, tx.now, "reaper").await?,
            (true, false) => fail(tx, &job, None, reason, Blame::Loss, tx.now, "reaper").await?,
            (false, true) => {}
            (false, false) => stop(tx, &job, JobStatus::Failed, reason, "reaper").await.map(drop)?,
        }
    }
    Ok(())
}

/// Nobody has seen that its cards are free: the agent says so when it comes back, and until then they are nobody's.
async fn unproved_gpus(tx: &Tx<'_>, row: &host::Model) -> Result<HashMap<String, String>, Fault> {
    let uuids: Vec<String> = gpu::Entity::find()
        .select_only()
        .column(gpu::Column::Uuid)
        .filter(gpu::Column::HostId.eq(row.id))
        .into_tuple()
        .all(tx.db)
        .await?;
    let reason = "its host was lost, and the card has not been seen free since";
    Ok(uuids.into_iter().map(|uuid| (uuid, reason.to_owned())).collect())
}
