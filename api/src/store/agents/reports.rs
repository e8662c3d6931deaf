//! What agents report of attempts, and what that makes of jobs.

use chrono::{DateTime, TimeDelta, Utc};
use domain::idle::MOST_STOPS;
use domain::ids::HostId;
use domain::job::JobStatus;
use domain::retry::MOST_EXCUSED;
use entity::{host, job, placement};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::fast_failures::note_end;
use super::registration::at_epoch;
use super::words::{Blame, Report, ReportResult, Told};
use crate::fault::Fault;
use crate::store::events::status_of;
use crate::store::jobs::stop;
use crate::store::life::{Again, change, finish_at, lock_job, parts, release, requeue};
use crate::store::{Scope, Store, Tx};

impl Store {
    /// Applies reports in order; those of attempts that are not this host's any more are refused one by one.
    ///
    /// # Errors
    /// [`Fault::Conflict`] for an epoch that has ended.
    pub async fn report_jobs(
        &self,
        host: HostId,
        epoch: i32,
        reports: Vec<Report>,
    ) -> Result<Vec<ReportResult>, Fault> {
        let reports = std::sync::Arc::new(reports);
        self.write(move |tx| {
            let reports = reports.clone();
            Box::pin(async move {
                let row = at_epoch(tx, host, epoch).await?;
                let mut results = Vec::with_capacity(reports.len());
                for report in reports.iter() {
                    let reason = apply(tx, &row, report).await?.err();
                    results.push(ReportResult {
                        job: report.job,
                        attempt: report.attempt,
                        accepted: reason.is_none(),
                        reason,
                    });
                }
                Ok(results)
            })
        })
        .await
    }
}

/// Applies one report; the inner error is why it is refused.
pub(super) async fn apply(
    tx: &Tx<'_>,
    row: &host::Model,
    report: &Report,
) -> Result<Result<(), String>, Fault> {
    let job = match lock_job(tx, Scope::Fleet, report.job).await {
        Ok(job) => job,
        Err(Fault::NotFound(_)) => return Ok(Err("no such job".to_owned())),
        Err(fault) => return Err(fault),
    };
    let part = placement::Entity::find_by_id((report.job.0, report.attempt, row.id)).one(tx.db).await?;
    let Some(part) = part else { return Ok(Err("the attempt was never this host's".to_owned())) };
    if part.state == "EXITED" {
        // Said before: the agent did not hear the answer.
        return Ok(if report.told == Told::Started {
            Err("the attempt has ended".to_owned())
        } else {
            Ok(())
        });
    }
    if job.attempt != report.attempt || part.state == "LOST" || status_of(&job).is_terminal() {
        return Ok(Err("the attempt is over for the fleet".to_owned()));
    }
    let actor = format!("agent:{}", row.name);
    match report.told {
        Told::Exited => exited(tx, row, &job, &part, report, &actor).await?,
        Told::Started if part.state == "ASSIGNED" => {
            started(tx, &job, part, happened(tx, &job, report), &actor).await?;
        }
        Told::Started => {}
        Told::Noted => {
            let status = status_of(&job);
            change(tx, &job, status, Vec::new(), &actor, report.reason.clone()).await?;
        }
    }
    Ok(Ok(()))
}

pub(super) async fn set_part(
    tx: &Tx<'_>,
    part: &placement::Model,
    state: &str,
    report: Option<&Report>,
) -> Result<(), Fault> {
    let mut update = placement::Entity::update_many().col_expr(placement::Column::State, Expr::value(state));
    if let Some(report) = report {
        update = update
            .col_expr(placement::Column::ExitCode, Expr::value(report.exit_code))
            .col_expr(placement::Column::Reason, Expr::value(report.reason.clone()))
            .col_expr(placement::Column::TimedOut, Expr::value(report.timed_out))
            .col_expr(placement::Column::Cause, Expr::value(Some(report.blame.as_str())))
            .col_expr(placement::Column::Asked, Expr::value(report.asked));
    }
    update
        .filter(placement::Column::JobId.eq(part.job_id))
        .filter(placement::Column::Attempt.eq(part.attempt))
        .filter(placement::Column::HostId.eq(part.host_id))
        .exec(tx.db)
        .await?;
    Ok(())
}

/// When it happened: the report may have waited for hours, and the host's wall clock is not to be trusted. Never before what
/// must have come before it.
fn happened(tx: &Tx<'_>, job: &job::Model, report: &Report) -> DateTime<Utc> {
    let ago = report.ago.and_then(|ago| TimeDelta::from_std(ago).ok()).unwrap_or_default();
    let at = tx.now.checked_sub_signed(ago).unwrap_or(tx.now);
    let earliest =
        if report.told == Told::Exited { job.started_at.or(job.allocated_at) } else { job.allocated_at };
    earliest.map_or(at, |earliest| at.max(earliest)).min(tx.now)
}

async fn started(
    tx: &Tx<'_>,
    job: &job::Model,
    part: placement::Model,
    at: DateTime<Utc>,
    actor: &str,
) -> Result<(), Fault> {
    set_part(tx, &part, "STARTED", None).await?;
    let all = parts(tx, job).await?.iter().all(|part| part.state == "STARTED");
    if all && status_of(job) == JobStatus::Allocated {
        let changes = vec![(job::Column::StartedAt, Expr::value(Some(at)))];
        change(tx, job, JobStatus::Running, changes, actor, None).await?;
    }
    Ok(())
}

async fn exited(
    tx: &Tx<'_>,
    row: &host::Model,
    job: &job::Model,
    part: &placement::Model,
    report: &Report,
    actor: &str,
) -> Result<(), Fault> {
    set_part(tx, part, "EXITED", Some(report)).await?;
    note_end(tx, row, job, report, happened(tx, job, report)).await?;
    release(tx, job, Some(HostId(row.id)), &report.unclean, actor).await?;
    let parts = parts(tx, job).await?;
    if parts.iter().all(|part| matches!(part.state.as_str(), "EXITED" | "LOST")) {
        return conclude(tx, job, &parts, happened(tx, job, report), actor).await;
    }
    let failed = report.timed_out || report.exit_code != Some(0);
    if failed && status_of(job) != JobStatus::Stopping {
        let outcome = if report.timed_out { JobStatus::TimedOut } else { JobStatus::Failed };
        let reason = format!(
            "its part on {} ended: {}",
            row.name,
            explain(report.exit_code, report.reason.as_deref())
        );
        stop(tx, job, outcome, reason, actor).await?;
    }
    Ok(())
}

pub(super) fn explain(exit_code: Option<i32>, reason: Option<&str>) -> String {
    match (exit_code, reason) {
        (Some(code), Some(reason)) => format!("exit code {code}: {reason}"),
        (Some(code), None) if code > 128 => format!("exit code {code}: killed by signal {}", code - 128),
        (Some(code), None) => format!("exit code {code}"),
        (None, Some(reason)) => reason.to_owned(),
        (None, None) => "its exit code is not known".to_owned(),
    }
}

fn over_time(job: &job::Model) -> String {
    format!("its time limit of {} s has passed", job.time_limit_seconds.unwrap_or_default())
}

/// All parts have ended: what that makes of the job.
pub(super) async fn conclude(
    tx: &Tx<'_>,
    job: &job::Model,
    parts: &[placement::Model],
    at: DateTime<Utc>,
    actor: &str,
) -> Result<(), Fault> {
    let worst =
        parts.iter().find(|part| part.timed_out || part.exit_code != Some(0)).or_else(|| parts.first());
    let exit_code = worst.and_then(|part| part.exit_code);
    let asked_at = job.preempted_at.filter(|_| job.stop_outcome.is_none());
    if let Some(asked_at) = asked_at.filter(|_| status_of(job) == JobStatus::Stopping) {
        if worst.is_some_and(|part| part.timed_out) {
            finish_at(tx, job, JobStatus::TimedOut, exit_code, Some(over_time(job)), at, actor).await?;
        } else if exit_code == Some(0) && was_done(parts, at, asked_at) {
            finish_at(tx, job, JobStatus::Succeeded, exit_code, None, at, actor).await?;
        } else if job.preempted_for.is_none() && job.idle_stops >= MOST_STOPS {
            let reason = job.status_reason.clone();
            finish_at(tx, job, JobStatus::Cancelled, exit_code, reason, at, actor).await?;
        } else {
            // Whatever its exit code: a command that saves its work and exits when it is asked to has not done all of it.
            let reason = job.status_reason.clone().unwrap_or_default();
            requeue(tx, job, reason, Again::Preempted, actor).await?;
        }
    } else if status_of(job) == JobStatus::Stopping {
        let outcome =
            job.stop_outcome.as_deref().and_then(|text| text.parse().ok()).unwrap_or(JobStatus::Cancelled);
        if outcome == JobStatus::Failed {
            // Nobody asked for its end: one of its parts had failed, and so the try has.
            let told = job.status_reason.clone().unwrap_or_default();
            return fail(tx, job, exit_code, told, blame_of(parts), at, actor).await;
        }
        finish_at(tx, job, outcome, exit_code, job.status_reason.clone(), at, actor).await?;
    } else if worst.is_some_and(|part| part.timed_out) {
        let row = running(tx, job, at, actor).await?;
        finish_at(tx, &row, JobStatus::TimedOut, exit_code, Some(over_time(job)), at, actor).await?;
    } else if exit_code == Some(0) {
        let row = running(tx, job, at, actor).await?;
        finish_at(tx, &row, JobStatus::Succeeded, exit_code, None, at, actor).await?;
    } else {
        let told = explain(exit_code, worst.and_then(|part| part.reason.as_deref()));
        fail(tx, job, exit_code, told, blame_of(parts), at, actor).await?;
    }
    Ok(())
}

/// Whether a job whose parts all ended well had done its work before its GPUs were asked for: the word of it came late. It is not
/// for the server to see, which has asked, but for who passed it on, whether the commands still ran by then.
fn was_done(parts: &[placement::Model], at: DateTime<Utc>, asked_at: DateTime<Utc>) -> bool {
    let said = |asked| parts.iter().any(|part| part.asked == asked);
    match (said(Some(true)), said(None)) {
        (true, _) => false,
        (false, false) => true,
        // Older agents, and records of older shims, do not say it. Then times must do.
        (false, true) => at < asked_at,
    }
}

/// Whose doing the end of all parts was. A command that ran on one host has run.
fn blame_of(parts: &[placement::Model]) -> Blame {
    let blame = |part: &placement::Model| match &part.cause {
        _ if part.state == "LOST" => Blame::Loss,
        cause => cause.as_deref().map_or(Blame::Command, Blame::parse),
    };
    if parts.iter().any(|part| blame(part) == Blame::ImageRefused) {
        // There is none, on whichever host.
        Blame::ImageRefused
    } else if parts.iter().all(|part| blame(part) == Blame::NeverStarted) {
        Blame::NeverStarted
    } else if parts.iter().any(|part| blame(part) != Blame::Command) {
        Blame::Loss
    } else {
        Blame::Command
    }
}

/// A short job's end may be told before its start: it passes through RUNNING all the same.
async fn running(tx: &Tx<'_>, job: &job::Model, at: DateTime<Utc>, actor: &str) -> Result<job::Model, Fault> {
    if status_of(job) != JobStatus::Allocated {
        return Ok(job.clone());
    }
    let changes = vec![(job::Column::StartedAt, Expr::value(Some(at)))];
    change(tx, job, JobStatus::Running, changes, actor, None).await
}

/// What becomes of a job whose attempt has failed. A job without retries runs once at most: it is tried again only when its
/// command certainly never ran.
pub(super) async fn fail(
    tx: &Tx<'_>,
    job: &job::Model,
    exit_code: Option<i32>,
    reason: String,
    blame: Blame,
    at: DateTime<Utc>,
    actor: &str,
) -> Result<(), Fault> {
    let excused = job.excused < MOST_EXCUSED
        && match blame {
            Blame::Command | Blame::ImageRefused => false,
            Blame::NeverStarted => true,
            Blame::Loss => job.max_retries > 0,
        };
    let tries = job.attempt - job.excused - job.preempted;
    if excused {
        let reason = format!("attempt {} is not counted: {reason}", job.attempt);
        requeue(tx, job, reason, Again::Excused, actor).await?;
    } else if tries <= job.max_retries && blame != Blame::ImageRefused {
        let reason = format!("try {tries} of {} failed: {reason}", job.max_retries + 1);
        requeue(tx, job, reason, Again::Failed, actor).await?;
    } else {
        finish_at(tx, job, JobStatus::Failed, exit_code, Some(reason), at, actor).await?;
    }
    Ok(())
}
