//! Hosts that make jobs fail as fast as they come: such a host is drained, since it would swallow the queue. That a batch of jobs is
//! bad says nothing about a host, so failures of different kinds of jobs are asked for.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::job::JobStatus;
use entity::json::Texts;
use entity::{host, job};
use sea_orm::EntityTrait;
use sea_orm::QuerySelect;
use sea_orm::sea_query::Expr;

use super::words::{Blame, Report};
use crate::fault::Fault;
use crate::store::Tx;
use crate::store::events::status_of;
use crate::store::feed::ChangeKind;
use crate::store::versioned::{Edit, edit};

/// A failure so soon after the start is a fast one.
const FAST: TimeDelta = TimeDelta::seconds(10);
/// So many of them in a row, of so many kinds, are the host's doing.
const IN_A_ROW: usize = 5;
const KINDS: usize = 3;

/// Takes in how an attempt has ended on a host.
pub(super) async fn note_end(
    tx: &Tx<'_>,
    row: &host::Model,
    job: &job::Model,
    report: &Report,
    at: DateTime<Utc>,
) -> Result<(), Fault> {
    if report.blame != Blame::Command || status_of(job) == JobStatus::Stopping {
        return Ok(());
    }
    let failed = report.exit_code != Some(0) && !report.timed_out;
    let fast = job.started_at.is_none_or(|started| at - started < FAST);
    let mut kinds = row.fast_failures.0.clone();
    if failed && fast {
        kinds.push(kind_of(job));
        let extra = kinds.len().saturating_sub(IN_A_ROW);
        kinds.drain(..extra);
    } else {
        kinds.clear();
    }
    if kinds == row.fast_failures.0 {
        return Ok(());
    }
    keep(tx, row, kinds).await
}

/// Jobs of one organization that run the same program with the same first argument are of a kind.
fn kind_of(job: &job::Model) -> String {
    let command = job.command.as_ref().map(|command| command.0.as_slice()).unwrap_or_default();
    let words: Vec<_> =
        command.iter().take(2).map(|word| word.chars().take(100).collect::<String>()).collect();
    format!("{} {}", job.organization_id.simple(), words.join(" "))
}

async fn keep(tx: &Tx<'_>, row: &host::Model, kinds: Vec<String>) -> Result<(), Fault> {
    let row = host::Entity::find_by_id(row.id).lock_exclusive().one(tx.db).await?.ok_or(Fault::Retry)?;
    let distinct = kinds.iter().collect::<HashSet<_>>().len();
    let guilty = !row.drain && kinds.len() >= IN_A_ROW && distinct >= KINDS;
    let mut changes = vec![(host::Column::FastFailures, Expr::value(Texts(kinds)))];
    if guilty {
        let reason = format!(
            "drained by the fleet: {IN_A_ROW} jobs in a row, of {distinct} kinds, failed within {} s of their start",
            FAST.num_seconds()
        );
        tracing::warn!(host = row.name, reason, "a host fails jobs fast");
        changes.push((host::Column::Drain, Expr::value(true)));
        changes.push((host::Column::DrainReason, Expr::value(Some(reason))));
        changes.push((host::Column::UpdatedAt, Expr::value(tx.now)));
    }
    match edit::<host::Entity>(tx.db, row.id, row.version, changes).await? {
        Edit::Updated(row) => {
            if guilty {
                tx.tell_host(&row, ChangeKind::Updated, "reaper");
            }
            Ok(())
        }
        Edit::Stale(_) | Edit::Missing => Err(Fault::Retry),
    }
}
