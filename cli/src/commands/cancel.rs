//! `gpu-fleet cancel`, `gpu-fleet release` and `gpu-fleet retry`.

use cynic::MutationBuilder;

use super::Session;
use crate::api::{
    CancelJob, CancelJobInput, CancelVariables, JobRow, ReleaseJob, ReleaseJobInput, ReleaseVariables,
    RetryJob, RetryJobInput, RetryVariables,
};
use crate::args::job::{CancelArgs, JobArgs};
use crate::client::{Failure, job_id};
use crate::output::describe::state;
use crate::output::progress::bar;
use crate::output::style::Tone;
use crate::output::{Form, Output};

/// From so many jobs on, a bar tells how far it is.
const MANY: usize = 10;

/// Cancels each job; one that cannot be cancelled does not keep the others from it.
pub(super) async fn cancel(args: CancelArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let mut cancelled = Vec::new();
    let mut failures = Vec::new();
    let many = args.ids.len() >= MANY && session.output.wants_progress();
    let bar = if many {
        bar(args.ids.len() as u64, "{wide_bar} {pos} of {len} jobs, {eta} left")
    } else {
        indicatif::ProgressBar::hidden()
    };
    for text in &args.ids {
        bar.inc(1);
        match cancel_one(&session, text, args.reason.clone()).await {
            Ok(job) => cancelled.push(job),
            Err(failure) => failures.push((text, failure)),
        }
    }
    bar.finish_and_clear();
    print(session.output, &cancelled)?;
    let Some((last, failure)) = failures.pop() else { return Ok(()) };
    for (text, failure) in &failures {
        crate::output::say(&Tone::Bad.paint(&format!("gpu-fleet: {text}: {}", failure.line()), false));
    }
    if args.ids.len() > 1 {
        crate::output::say(&format!("gpu-fleet: {last} is not cancelled:"));
    }
    Err(failure)
}

async fn cancel_one(session: &Session, text: &str, reason: Option<String>) -> Result<JobRow, Failure> {
    let id = job_id(&session.client, text).await?;
    let input = CancelJobInput { id, expected_version: None, reason };
    Ok(session.client.run(CancelJob::build(CancelVariables { input })).await?.cancel_job.job)
}

/// Gives back what a loan holds.
pub(super) async fn release(args: JobArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let job_id = job_id(&session.client, &args.id).await?;
    let variables = ReleaseVariables { input: ReleaseJobInput { job_id } };
    let job = session.client.run(ReleaseJob::build(variables)).await?.release_job.job;
    changed(session.output, &job)
}

/// Submits a job that has ended anew.
pub(super) async fn retry(args: JobArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let id = job_id(&session.client, &args.id).await?;
    let variables = RetryVariables { input: RetryJobInput { id } };
    let job = session.client.run(RetryJob::build(variables)).await?.retry_job.job;
    changed(session.output, &job)
}

fn print(output: Output, jobs: &[JobRow]) -> Result<(), Failure> {
    match output.form {
        Form::Json => output.json(&jobs),
        Form::Ids | Form::Tables => jobs.iter().try_for_each(|job| changed(output, job)),
    }
}

/// One changed job, in a line.
pub(super) fn changed(output: Output, job: &JobRow) -> Result<(), Failure> {
    match output.form {
        Form::Json => output.json(job),
        Form::Ids => output.line(job.id.inner()),
        Form::Tables => {
            output.line(&format!("{} {}", job.id.inner(), crate::output::text::plain(&state(job))))
        }
    }
}
