//! `hold`, `unhold`, `priority` and `time-limit`: changes under the version that was read. When somebody else was faster, the job is read
//! again and the change retried once; a second conflict is the user's to judge.

use cynic::MutationBuilder;

use super::Session;
use super::cancel::changed;
use crate::api::{JobRow, UpdateJob, UpdateJobInput, UpdateJobVariables};
use crate::args::job::{JobArgs, PriorityArgs, TimeLimitArgs};
use crate::client::{Failure, job_by_id};
use crate::output::style::Tone;

/// Keeps a waiting job from starting, or lets it.
pub(super) async fn hold(args: JobArgs, hold: bool) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let job = update(&session, &args.id, |input| input.hold = Some(hold)).await?;
    changed(session.output, &job)
}

/// Changes a job's priority.
pub(super) async fn priority(args: PriorityArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let job = update(&session, &args.id, |input| input.priority = Some(args.priority)).await?;
    changed(session.output, &job)
}

/// Changes a waiting job's time limit.
pub(super) async fn time_limit(args: TimeLimitArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let seconds = i32::try_from(args.limit.as_secs());
    let seconds = seconds.map_err(|_| Failure::Usage("the time limit is too long".to_owned()))?;
    let job = update(&session, &args.id, |input| input.time_limit_seconds = Some(seconds)).await?;
    changed(session.output, &job)
}

async fn update(
    session: &Session,
    text: &str,
    change: impl Fn(&mut UpdateJobInput),
) -> Result<JobRow, Failure> {
    let job = job_by_id(&session.client, text).await?;
    let read = job.version;
    match attempt(session, job, &change).await {
        Err(failure) if failure.is_conflict() => {
            let job = job_by_id(&session.client, text).await?;
            let notice = format!(
                "gpu-fleet: it changed meanwhile (version {read}, now {}); trying again",
                job.version
            );
            session.output.notice(&notice, Tone::Wait);
            attempt(session, job, &change).await
        }
        result => result,
    }
}

async fn attempt(
    session: &Session,
    job: JobRow,
    change: impl Fn(&mut UpdateJobInput),
) -> Result<JobRow, Failure> {
    let mut input = UpdateJobInput {
        id: job.id,
        expected_version: job.version,
        priority: None,
        time_limit_seconds: None,
        hold: None,
    };
    change(&mut input);
    Ok(session.client.run(UpdateJob::build(UpdateJobVariables { input })).await?.update_job.job)
}
