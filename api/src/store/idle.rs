//! Jobs that hold GPUs and do not use them: judged from what their cards told, warned, and dealt with as announced. All that
//! is known of a warning stands in the job's row, so that another server goes on where this one has stopped.

use std::collections::HashMap;

use chrono::{DateTime, SubsecRound, Utc};
use domain::idle::{
    Action, Course, Decision, Figures, MOST_STOPS, Minute, Policy, Warning, Withdrawal, decide, is_exempt,
};
use domain::ids::{GpuId, JobId, OrganizationId};
use domain::job::JobStatus;
use entity::json::IdleWarning;
use entity::{allocation, job, telemetry_hour};
use sea_orm::prelude::Uuid;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::life::{change, finish, lock_job};
use super::organizations::idle_policy;
use super::{Scope, Store, Tx};
use crate::fault::Fault;
use crate::telemetry::minute_of;

const ACTOR: &str = "scheduler";
/// Jobs judged at once.
const JOBS: u64 = 100;
/// GPUs whose hours are in memory at once.
const GPUS: usize = 256;

/// A running job, and what was seen of it.
struct Suspect {
    row: job::Model,
    policy: Policy,
    course: Course,
}

impl Suspect {
    fn warning(&self) -> Option<&Warning> {
        self.row.idle.as_ref().map(|idle| &idle.0)
    }
}

impl Store {
    /// Judges some running jobs, or only those of them that were warned, in the order of their ids, from after one of them: the last one's id, or none where no more
    /// follow. A minute of a card needs so many samples to count as seen.
    ///
    /// # Errors
    /// Database faults. A job that cannot be dealt with keeps no other from being judged.
    pub async fn judge_idle(
        &self,
        (after, only_warned): (Option<JobId>, bool),
        least_samples: u32,
        now: DateTime<Utc>,
    ) -> Result<Option<JobId>, Fault> {
        let now = now.trunc_subsecs(6);
        let mut find = job::Entity::find().filter(job::Column::Status.eq(JobStatus::Running.as_str()));
        if only_warned {
            find = find.filter(job::Column::Idle.is_not_null());
        }
        if let Some(after) = after {
            find = find.filter(job::Column::Id.gt(after.0));
        }
        let rows = find.order_by_asc(job::Column::Id).limit(JOBS).all(self.db()).await?;
        let last = rows.last().filter(|_| rows.len() as u64 == JOBS).map(|row| JobId(row.id));
        let mut suspects = self.suspects(rows, now).await?;
        self.observe(&mut suspects, least_samples).await?;
        for suspect in &suspects {
            let decision = decide(&suspect.policy, &suspect.course, suspect.warning(), now);
            if decision == Decision::Nothing {
                continue;
            }
            if let Err(fault) = self.carry_out(suspect, decision).await {
                tracing::warn!(%fault, job = %JobId(suspect.row.id), "an idle job cannot be dealt with; trying again");
            }
        }
        Ok(last)
    }

    /// Those of the jobs that are to be judged.
    async fn suspects(&self, rows: Vec<job::Model>, now: DateTime<Utc>) -> Result<Vec<Suspect>, Fault> {
        let mut owners: Vec<_> = rows.iter().map(|row| OrganizationId(row.organization_id)).collect();
        owners.sort_unstable();
        owners.dedup();
        let owners = self.organizations_by_id(Scope::Fleet, &owners).await?;
        let suspect = |row: job::Model| {
            let policy = idle_policy(owners.get(&OrganizationId(row.organization_id))?);
            let warning = row.idle.as_ref().map(|idle| &idle.0);
            let course = Course::new(&policy, row.started_at?, warning, now);
            let judged = policy.action != Action::Nothing && !is_exempt(&row.labels.0);
            let wanted = warning.is_some() || (judged && !course.minutes().is_empty());
            wanted.then_some(Suspect { row, policy, course })
        };
        Ok(rows.into_iter().filter_map(suspect).collect())
    }

    /// Adds to each what its GPUs showed in the minutes that are to be judged.
    async fn observe(&self, suspects: &mut [Suspect], least_samples: u32) -> Result<(), Fault> {
        let places: HashMap<Uuid, usize> =
            suspects.iter().enumerate().map(|(place, suspect)| (suspect.row.id, place)).collect();
        let first = suspects.iter().map(|suspect| suspect.course.minutes().start).min();
        let last = suspects.iter().map(|suspect| suspect.course.minutes().end).max();
        let (Some(first), Some(last)) = (first, last) else { return Ok(()) };
        let held: Vec<(Uuid, Uuid)> = allocation::Entity::find()
            .select_only()
            .columns([allocation::Column::JobId, allocation::Column::GpuId])
            .filter(allocation::Column::JobId.is_in(places.keys().copied()))
            .filter(allocation::Column::ReleasedAt.is_null())
            .into_tuple()
            .all(self.db())
            .await?;
        for some in held.chunks(GPUS) {
            let gpus = some.iter().map(|(_, gpu)| *gpu);
            let hours = self.hours(gpus, first, last).await?;
            for (job, gpu) in some {
                let suspect = places.get(job).and_then(|place| suspects.get_mut(*place));
                let Some(suspect) = suspect else { continue };
                suspect.course.add(least_samples, |minute| {
                    let hour = hours.get(&(GpuId(*gpu), minute.div_euclid(60)))?;
                    let told = minute_of(hour, usize::try_from(minute.rem_euclid(60)).ok()?)?;
                    Some(Minute {
                        samples: told.samples.into(),
                        peak_percent: told.peak_percent,
                        power_watts: told.power_watts,
                    })
                });
            }
        }
        Ok(())
    }

    async fn hours(
        &self,
        gpus: impl Iterator<Item = Uuid>,
        first: i64,
        last: i64,
    ) -> Result<HashMap<(GpuId, i64), Vec<u8>>, Fault> {
        let rows = telemetry_hour::Entity::find()
            .filter(telemetry_hour::Column::GpuId.is_in(gpus))
            .filter(telemetry_hour::Column::Hour.between(first.div_euclid(60), last.div_euclid(60)))
            .all(self.db())
            .await?;
        Ok(rows.into_iter().map(|row| ((GpuId(row.gpu_id), row.hour.into()), row.minutes)).collect())
    }

    /// Does what was decided, unless the job has changed since it was read: then it is judged anew.
    async fn carry_out(&self, suspect: &Suspect, decision: Decision) -> Result<(), Fault> {
        let (id, version) = (JobId(suspect.row.id), suspect.row.version);
        self.write(move |tx| {
            Box::pin(async move {
                let row = lock_job(tx, Scope::Fleet, id).await?;
                if row.version != version {
                    return Ok(());
                }
                match decision {
                    Decision::Nothing => Ok(()),
                    Decision::Warn(warning, figures) => warn(tx, &row, warning, &figures).await,
                    Decision::Withdraw(why) => withdraw(tx, &row, why).await,
                    Decision::Act(Action::Stop, figures) => stop(tx, &row, &figures).await,
                    Decision::Act(_, figures) => notify(tx, &row, &figures).await,
                }
            })
        })
        .await
    }
}

async fn warn(tx: &Tx<'_>, row: &job::Model, warning: Warning, figures: &Figures) -> Result<(), Fault> {
    let follows = match (warning.action, row.command.is_some()) {
        (Action::Stop, true) if is_last_stop(row) => "it will be stopped and not wait again",
        (Action::Stop, true) => "it will be stopped and wait again",
        (Action::Stop, false) => "they will be taken back",
        (Action::Notify | Action::Nothing, _) => "it will be told of again, and nothing else,",
    };
    let message = format!(
        "{}: {follows} at {} unless they are used before",
        unused(warning.since, figures),
        clock(warning.acts_at)
    );
    stay(tx, row, Some(warning), message).await
}

async fn withdraw(tx: &Tx<'_>, row: &job::Model, why: Withdrawal) -> Result<(), Fault> {
    let message = match why {
        Withdrawal::Used(at) => {
            format!("the warning is withdrawn: its GPUs were used again at {}", clock(at))
        }
        Withdrawal::PolicyOff => {
            "the warning is withdrawn: its organization does not look for unused GPUs any more".to_owned()
        }
    };
    stay(tx, row, None, message).await
}

async fn notify(tx: &Tx<'_>, row: &job::Model, figures: &Figures) -> Result<(), Fault> {
    let Some(IdleWarning(warning)) = row.idle else { return Ok(()) };
    let message = format!("{}, nor in the grace that it was given", unused(warning.since, figures));
    stay(tx, row, Some(Warning { acted: true, ..warning }), message).await
}

/// It runs on, with this warning or without one.
async fn stay(tx: &Tx<'_>, row: &job::Model, warning: Option<Warning>, message: String) -> Result<(), Fault> {
    let changes = vec![(job::Column::Idle, Expr::value(warning.map(IdleWarning)))];
    change(tx, row, JobStatus::Running, changes, ACTOR, Some(message)).await.map(drop)
}

/// Whether a job that is stopped now has been stopped often enough.
fn is_last_stop(row: &job::Model) -> bool {
    row.idle_stops + 1 >= MOST_STOPS
}

/// A job with a command is asked to stop, with its own grace, and waits again, as one does that gives back what it has
/// borrowed, but not for ever. A loan is over.
async fn stop(tx: &Tx<'_>, row: &job::Model, figures: &Figures) -> Result<(), Fault> {
    let Some(IdleWarning(warning)) = row.idle else { return Ok(()) };
    let unused = unused(warning.since, figures);
    if row.command.is_none() {
        let reason = format!("released: {unused}");
        return finish(tx, row, JobStatus::Succeeded, None, Some(reason), ACTOR).await.map(drop);
    }
    let reason = if is_last_stop(row) {
        format!("stopped, for the last of {MOST_STOPS} times: {unused}")
    } else {
        format!("stopped: {unused}")
    };
    let changes = vec![
        (job::Column::IdleStops, Expr::value(row.idle_stops + 1)),
        (job::Column::PreemptedFor, Expr::value(None::<Uuid>)),
        (job::Column::PreemptedAt, Expr::value(Some(tx.now))),
        (job::Column::StatusReason, Expr::value(Some(reason.clone()))),
    ];
    change(tx, row, JobStatus::Stopping, changes, ACTOR, Some(reason)).await.map(drop)
}

fn unused(since: DateTime<Utc>, figures: &Figures) -> String {
    let watts = figures.watts.map(|watts| format!(" and {watts:.0} W")).unwrap_or_default();
    format!(
        "its GPUs were not used since {}: at most {:.0} % utilization{watts} in {} min",
        clock(since),
        figures.percent,
        figures.minutes
    )
}

fn clock(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests;
