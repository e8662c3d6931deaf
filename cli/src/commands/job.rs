//! `gpu-fleet job` and `gpu-fleet explain`: one job, all of it or only why it waits.

use chrono::Utc;
use cynic::QueryBuilder;

use super::Session;
use crate::api::{
    ExplainJob, IdVariables, Instant, JobById, JobDetail, PendingExplanation, WholeExplanation,
};
use crate::args::job::JobArgs;
use crate::client::{Failure, job_by_id, job_id, no_job};
use crate::output::describe;
use crate::output::facts::facts;
use crate::output::style::{Tone, job_tone};
use crate::output::text::plain;
use crate::output::time::{absolute, between};
use crate::output::{Form, Output};

/// Prints all there is to know of a job.
pub(super) async fn show(args: JobArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let id = job_id(&session.client, &args.id).await?;
    let found = session.client.run(JobById::build(IdVariables { id })).await?.job;
    let job = found.ok_or_else(|| no_job(&args.id))?;
    match session.output.form {
        Form::Json => session.output.json(&job),
        Form::Ids => session.output.line(job.row.id.inner()),
        Form::Tables => sheet(session.output, &job, Utc::now()),
    }
}

/// Prints everything that a job waits for, when it is thought to start, and what would start it now.
pub(super) async fn explain(args: JobArgs) -> Result<(), Failure> {
    let session = Session::open(&args.connect)?;
    let job = job_by_id(&session.client, &args.id).await?;
    let whole = session.client.run(ExplainJob::build(IdVariables { id: job.id.clone() })).await?;
    match (session.output.form, whole.job.and_then(|job| job.pending)) {
        (Form::Json, pending) => session.output.json(&pending),
        (Form::Ids, _) => session.output.line(job.id.inner()),
        (Form::Tables, Some(pending)) => explanation(session.output, pending, Utc::now()),
        (Form::Tables, None) => session.output.line(&format!("It does not wait: {}", describe::state(&job))),
    }
}

fn explanation(output: Output, whole: WholeExplanation, now: Instant) -> Result<(), Failure> {
    let WholeExplanation { blockers, position, estimated_start_at, .. } = whole;
    waiting(output, &PendingExplanation { blockers, position, estimated_start_at }, now)?;
    let when = |at: Instant| format!("{} (in {})", absolute(at), between(now, Some(at), now));
    if let Some(median) = whole.median_start_at {
        output.line(&format!("As likely as not by: {}", when(median)))?;
    }
    if let Some(ninety) = whole.ninety_percent_start_at {
        output.line(&format!("Nine times out of ten by: {}", when(ninety)))?;
    }
    if let Some(quality) = whole.estimate_quality {
        output.line(&format!(
            "Of the last {} such estimates {:.0} % came true by the first time and {:.0} % by the second.",
            quality.jobs,
            quality.within_median * 100.0,
            quality.within_ninety_percent * 100.0
        ))?;
    }
    if !whole.suggestions.is_empty() {
        output.line("It would start:")?;
    }
    for suggestion in &whole.suggestions {
        output.line(&format!("  {}", plain(&suggestion.message)))?;
    }
    Ok(())
}

fn waiting(output: Output, pending: &PendingExplanation, now: Instant) -> Result<(), Failure> {
    output.line(&match pending.position {
        0 => "First in its queue. It waits for:".to_owned(),
        1 => "1 job is ahead of it in its queue. It waits for:".to_owned(),
        ahead => format!("{ahead} jobs are ahead of it in its queue. It waits for:"),
    })?;
    for blocker in &pending.blockers {
        let code = Tone::Wait.paint(blocker.code.as_str(), output.colours);
        output.line(&format!("  {code}  {}", plain(&blocker.message)))?;
    }
    match pending.estimated_start_at {
        Some(at) => {
            output.line(&format!("At the latest: {} (in {})", absolute(at), between(now, Some(at), now)))
        }
        None => Ok(()),
    }
}

fn sheet(output: Output, job: &JobDetail, now: Instant) -> Result<(), Failure> {
    let row = &job.row;
    output.line(&format!("{}  {}", Tone::Strong.paint(&plain(&row.name), output.colours), row.id.inner()))?;
    output.line(&job_tone(row.status).paint(&plain(&describe::state(row)), output.colours))?;
    for (name, value) in facts(job, now) {
        let name = Tone::Faint.paint(&format!("{name:<14}"), output.colours);
        output.line(&format!("  {name} {}", plain(&value)))?;
    }
    if let Some(pending) = &row.pending {
        waiting(output, pending, now)?;
    }
    output.line(&Tone::Faint.paint("History", output.colours))?;
    for event in &job.events.nodes {
        let status = job_tone(event.status).paint(&format!("{:<10}", event.status.as_str()), output.colours);
        let message = event.message.as_deref().unwrap_or_default();
        let line = format!("  {}  {status} {}  {}", absolute(event.at), plain(message), plain(&event.actor));
        output.line(line.trim_end())?;
    }
    Ok(())
}
