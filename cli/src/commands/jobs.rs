//! `gpu-fleet jobs`: a list, alive ones unless told otherwise, newest first.

use chrono::Utc;

use super::Session;
use crate::api::{Instant, JobFilter, JobRow, JobStatus};
use crate::args::job::JobsArgs;
use crate::client::{Failure, newest_jobs, short_id};
use crate::output::describe::{gpus_wanted, where_or_why};
use crate::output::style::{Tone, job_tone};
use crate::output::table::{Cell, Column};
use crate::output::time::{ago, between};

const COLUMNS: [Column; 8] = [
    Column::new("JOB"),
    Column::new("NAME").elastic(),
    Column::new("ORGANIZATION").expendable(2),
    Column::new("STATUS"),
    Column::new("GPUS").right().expendable(1),
    Column::new("TIME").right().expendable(3),
    Column::new("SUBMITTED").expendable(4),
    Column::new("WHERE / WHY").elastic_down_to(34),
];

/// Prints the list.
pub(super) async fn list(args: JobsArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let statuses = match (args.all, args.statuses) {
        (true, _) => None,
        (false, statuses) if statuses.is_empty() => Some(JobStatus::ALIVE.to_vec()),
        (false, statuses) => Some(statuses),
    };
    let filter = JobFilter { status: statuses, ..JobFilter::default() };
    let rows = newest_jobs(&session.client, filter, args.limit).await?;
    let now = Utc::now();
    let empty = if args.all {
        "No jobs yet. Submit one: gpu-fleet run -- nvidia-smi"
    } else {
        "No such jobs. gpu-fleet jobs --all also lists those that have ended."
    };
    session.output.list(&rows, |row| row.id.inner(), &COLUMNS, |row| cells(row, now), empty)
}

fn cells(job: &JobRow, now: Instant) -> Vec<Cell> {
    vec![
        short_id(job.id.inner()).into(),
        (&job.name).into(),
        Cell::toned(&job.organization.slug, Tone::Faint),
        Cell::toned(job.status.as_str(), job_tone(job.status)),
        gpus_wanted(&job.requirements).into(),
        time(job, now).into(),
        Cell::toned(ago(job.submitted_at, now), Tone::Faint),
        where_or_why(job).into(),
    ]
}

/// How long it ran or has been running; of a waiting job, how long it has waited.
fn time(job: &JobRow, now: Instant) -> String {
    let from = job.started_at.or(job.allocated_at).unwrap_or(job.submitted_at);
    between(from, job.finished_at, now)
}
