//! Following one job to its end: its states and blockers on standard error, its output where it wrote it, Ctrl-C on the
//! way. Two subscriptions tell of every change at once; a slow look at the job itself makes sure that none was missed
//! before they stood, and shows blockers, which change without the job changing.

use std::future::pending;
use std::time::Duration;

use cynic::{MutationBuilder, QueryBuilder};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};

use super::Session;
use super::interrupt::{Interrupts, Wish};
use crate::api::{
    CancelJob, CancelJobInput, CancelVariables, IdVariables, JobFilter, JobRow, JobRowById, JobStatus,
    LogLine,
};
use crate::args::job::JobArgs;
use crate::client::{
    Client, Exit, Failure, Followed, Following, follow_jobs, follow_log, job_by_id, short_id,
};
use crate::output::describe::state;
use crate::output::style::{Tone, job_tone};
use crate::output::{Form, Output};

const LOOK_OFTEN: Duration = Duration::from_secs(2);
const LOOK_SELDOM: Duration = Duration::from_secs(10);

/// How long the end of a log may be silent after its job has ended.
const LOG_GRACE: Duration = Duration::from_secs(10);

/// `gpu-fleet wait`.
pub(super) async fn wait(args: JobArgs) -> Result<u8, Failure> {
    let session = Session::open(&args.connect)?;
    let job = job_by_id(&session.client, &args.id).await?;
    let job = Follow::new(&session, job).until_the_end().await?;
    if session.output.form == Form::Tables {
        session.output.line(&format!("{} {}", job.id.inner(), state(&job)))?;
    }
    Ok(exit_code(&job))
}

/// The job's own exit code; 1 where it has none or where it did not succeed in spite of a 0.
pub(super) fn exit_code(job: &JobRow) -> u8 {
    ending_code(job.status, job.exit_code)
}

fn ending_code(status: JobStatus, code: Option<i32>) -> u8 {
    let failed = Exit::Failed as u8;
    match (status, code) {
        (JobStatus::Succeeded, None | Some(0)) => 0,
        (_, None | Some(0)) => failed,
        (_, Some(code)) => u8::try_from(code).unwrap_or(failed),
    }
}

/// A line of a followed job's JSON stream.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase")]
enum Event<'a> {
    Job { job: &'a JobRow },
    Log { line: &'a LogLine },
}

/// One job being followed.
pub(super) struct Follow {
    client: Client,
    output: Output,
    job: JobRow,
    shown: Option<String>,
    /// Whether Ctrl-C may cancel it: only what this command itself has submitted.
    owned: bool,
    log: Option<Following<LogLine>>,
    next_look: Instant,
    log_deadline: Option<Instant>,
}

impl Follow {
    /// Follows the states only.
    pub(super) fn new(session: &Session, job: JobRow) -> Self {
        Self {
            client: session.client.clone(),
            output: session.output,
            job,
            shown: None,
            owned: false,
            log: None,
            next_look: Instant::now(),
            log_deadline: None,
        }
    }

    /// Also prints its output, and takes Ctrl-C as a wish to cancel it.
    pub(super) fn with_log(mut self) -> Self {
        self.log = Some(follow_log(&self.client, self.job.id.clone()));
        self.owned = true;
        self
    }

    /// Returns once the job has ended and its log is complete.
    pub(super) async fn until_the_end(mut self) -> Result<JobRow, Failure> {
        let filter = JobFilter { name_contains: Some(self.job.name.clone()), ..JobFilter::default() };
        let mut changes = Some(follow_jobs(&self.client, filter));
        let mut interrupts = if self.owned { Some(Interrupts::listen()?) } else { None };
        self.show()?;
        while !self.is_over() {
            tokio::select! {
                news = next(&mut changes) => self.change(news, &mut changes)?,
                news = next(&mut self.log) => self.log_news(news)?,
                () = sleep_until(self.next_look) => self.look().await?,
                wish = wish(&mut interrupts) => self.interrupted(wish).await?,
            }
        }
        Ok(self.job)
    }

    fn is_over(&self) -> bool {
        let log_is_done =
            self.log.is_none() || self.log_deadline.is_some_and(|deadline| deadline <= Instant::now());
        self.job.status.is_final() && log_is_done
    }

    fn change(
        &mut self,
        news: Option<Result<Followed<JobRow>, Failure>>,
        changes: &mut Option<Following<JobRow>>,
    ) -> Result<(), Failure> {
        match news {
            Some(Ok(Followed::Item(job))) if job.id == self.job.id => self.observe(job),
            Some(Ok(Followed::Item(_))) => Ok(()),
            Some(Ok(Followed::Lost(cause))) => {
                self.output
                    .notice(&format!("gpu-fleet: {cause}; the job goes on, connecting again …"), Tone::Wait);
                Ok(())
            }
            Some(Ok(Followed::Resumed | Followed::Restarted)) => {
                self.output.notice("gpu-fleet: connected again", Tone::Faint);
                self.next_look = Instant::now();
                Ok(())
            }
            Some(Err(failure)) => Err(failure),
            None => {
                // Without changes pushed, the slow look is what is left.
                *changes = None;
                Ok(())
            }
        }
    }

    fn log_news(&mut self, news: Option<Result<Followed<LogLine>, Failure>>) -> Result<(), Failure> {
        match news {
            Some(Ok(Followed::Item(line))) => {
                self.log_deadline = self.log_deadline.map(|_| Instant::now() + LOG_GRACE);
                match self.output.form {
                    Form::Json => self.output.json_line(&Event::Log { line: &line }),
                    Form::Ids | Form::Tables => self.output.log(&line),
                }
            }
            Some(Ok(_)) => Ok(()),
            Some(Err(failure)) => Err(failure),
            None => {
                // Complete: the job has ended, and its last state may not have come by yet.
                self.log = None;
                self.next_look = Instant::now();
                Ok(())
            }
        }
    }

    /// Asks for the job itself. That the server is away for a while is told by the subscription.
    async fn look(&mut self) -> Result<(), Failure> {
        let found = self.client.run(JobRowById::build(IdVariables { id: self.job.id.clone() })).await;
        // A log that is complete before its job's end was seen means that the end is near.
        let soon =
            self.job.status.is_waiting() || self.owned && self.log.is_none() || self.log_deadline.is_some();
        self.next_look = Instant::now() + if soon { LOOK_OFTEN } else { LOOK_SELDOM };
        match found {
            Ok(answer) => match answer.job {
                Some(job) => self.observe(job),
                None => Err(Failure::NotFound(format!("the job {} is gone", self.job.id.inner()))),
            },
            Err(failure) if failure.is_passing() => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn observe(&mut self, job: JobRow) -> Result<(), Failure> {
        if job.version < self.job.version {
            return Ok(());
        }
        self.job = job;
        if self.job.status.is_final() && self.log_deadline.is_none() {
            self.log_deadline = Some(Instant::now() + LOG_GRACE);
        }
        self.show()
    }

    /// Prints the job's state, unless that is what was printed last.
    fn show(&mut self) -> Result<(), Failure> {
        let state = state(&self.job);
        let text =
            if self.job.attempt > 1 { format!("attempt {}, {state}", self.job.attempt) } else { state };
        if self.shown.as_ref() == Some(&text) {
            return Ok(());
        }
        match self.output.form {
            Form::Json => self.output.json_line(&Event::Job { job: &self.job })?,
            Form::Ids | Form::Tables => {
                let short = short_id(self.job.id.inner());
                let line =
                    format!("gpu-fleet: {} ({short}) {text}", crate::output::text::plain(&self.job.name));
                self.output.notice(&line, job_tone(self.job.status));
            }
        }
        self.shown = Some(text);
        Ok(())
    }

    async fn interrupted(&mut self, wish: Wish) -> Result<(), Failure> {
        match wish {
            Wish::Ask => self.output.notice("gpu-fleet: cancel the job? press Ctrl-C again", Tone::Wait),
            Wish::Cancel => {
                self.output
                    .notice("gpu-fleet: cancelling; Ctrl-C once more leaves without waiting", Tone::Wait);
                let input = CancelJobInput {
                    id: self.job.id.clone(),
                    expected_version: None,
                    reason: Some("interrupted in the terminal".to_owned()),
                };
                let answer = self.client.run(CancelJob::build(CancelVariables { input })).await?;
                return self.observe(answer.cancel_job.job);
            }
            Wish::Leave => {
                let id = self.job.id.inner();
                return Err(Failure::Other(format!(
                    "left before the job's end; gpu-fleet wait {id} waits for it"
                )));
            }
        }
        Ok(())
    }
}

async fn next<Item>(following: &mut Option<Following<Item>>) -> Option<Result<Followed<Item>, Failure>> {
    match following {
        Some(following) => following.recv().await,
        None => pending().await,
    }
}

async fn wish(interrupts: &mut Option<Interrupts>) -> Wish {
    match interrupts {
        Some(interrupts) => interrupts.next().await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_exit_code_is_passed_on_but_only_success_is_zero() {
        let cases = [
            (JobStatus::Succeeded, Some(0), 0),
            (JobStatus::Succeeded, None, 0),
            (JobStatus::Failed, Some(3), 3),
            (JobStatus::Failed, Some(137), 137),
            (JobStatus::Failed, None, 1),
            (JobStatus::Failed, Some(0), 1),
            (JobStatus::Cancelled, None, 1),
            (JobStatus::Cancelled, Some(143), 143),
            (JobStatus::TimedOut, None, 1),
            (JobStatus::Failed, Some(4096), 1),
        ];
        for (status, code, exit) in cases {
            assert_eq!(ending_code(status, code), exit, "{} {code:?}", status.as_str());
        }
    }
}
