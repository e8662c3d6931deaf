//! `submit` and `run`: the same submission, one left alone and one followed to its end.

use cynic::MutationBuilder;

use super::follow::{Follow, exit_code};
use super::{Session, job_input};
use crate::api::{
    JobRow, SubmitJob, SubmitJobInput, SubmitJobs, SubmitJobsInput, SubmitJobsVariables, SubmitVariables,
};
use crate::args::job::{JobSpecArgs, RunArgs, SubmitArgs};
use crate::client::{Client, Failure, job_id};
use crate::output::Form;

/// Hands a job in, or an array of them, and prints their ids.
pub(super) async fn submit(args: SubmitArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    if let Some(file) = &args.from {
        return super::bulk::submit(&session, file, args.idempotency_key.as_deref()).await;
    }
    let command = if args.loan { None } else { Some(args.command) };
    let mut input = describe(&session.client, args.spec, command).await?;
    input.hold = args.hold.then_some(true);
    input.idempotency_key = args.idempotency_key;
    let Some(times) = args.array else {
        let job = hand_in(&session.client, input).await?;
        return match session.output.form {
            Form::Json => session.output.json(&job),
            Form::Ids | Form::Tables => session.output.line(job.id.inner()),
        };
    };
    let input = SubmitJobsInput { jobs: vec![input], times: Some(times) };
    let jobs = session.client.run(SubmitJobs::build(SubmitJobsVariables { input })).await?.submit_jobs.jobs;
    match session.output.form {
        Form::Json => session.output.json(&jobs),
        Form::Ids | Form::Tables => jobs.iter().try_for_each(|job| session.output.line(job.id.inner())),
    }
}

/// Hands a job in, follows it to its end, and returns its exit code.
pub(super) async fn run(args: RunArgs) -> Result<u8, Failure> {
    let session = Session::open(&args.connect)?;
    let input = describe(&session.client, args.spec, Some(args.command)).await?;
    let job = hand_in(&session.client, input).await?;
    let follow = Follow::new(&session, job).with_log();
    follow.until_the_end().await.map(|job| exit_code(&job))
}

async fn describe(
    client: &Client,
    mut spec: JobSpecArgs,
    command: Option<Vec<String>>,
) -> Result<SubmitJobInput, Failure> {
    if spec.workdir.is_none() && client.is_local() {
        // A fleet on this machine runs its jobs where its user stands, as a shell would.
        spec.workdir = std::env::current_dir().ok().and_then(|dir| dir.into_os_string().into_string().ok());
    }
    let mut after = Vec::new();
    for text in std::mem::take(&mut spec.after) {
        after.push(job_id(client, &text).await?);
    }
    Ok(job_input(spec, command, after))
}

/// One submission.
async fn hand_in(client: &Client, input: SubmitJobInput) -> Result<JobRow, Failure> {
    Ok(client.run(SubmitJob::build(SubmitVariables { input })).await?.submit_job.job)
}
