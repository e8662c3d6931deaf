//! What must hold, looked at in what truly runs: the processes on the machines, not what any book says of them. And what the
//! events tell, one after the other.

use std::collections::BTreeMap;

use agent::attempt::AttemptId;
use api::fault::Fault;
use api::store::open::OpenError;
use api::store::{Event, EventKind};
use domain::ids::JobId;
use domain::job::JobStatus;
use domain::limits::JobSpec;

use crate::machine::Machine;
use crate::time::Millis;

/// A promise that was broken.
#[derive(Debug, Clone)]
pub(crate) struct Violation(pub(crate) String);

impl From<Fault> for Violation {
    fn from(fault: Fault) -> Self {
        Self(format!("a server meets what it should not: {fault:?}"))
    }
}

impl From<OpenError> for Violation {
    fn from(error: OpenError) -> Self {
        Self(format!("no database: {error}"))
    }
}

/// Fails where it does not hold.
pub(crate) fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation(otherwise())) }
}

/// A job, as its submitter and its events know it.
#[derive(Debug)]
pub(crate) struct JobFacts {
    /// What was submitted.
    pub(crate) spec: JobSpec,
    /// Of what the behaviour of its commands is drawn.
    pub(crate) seed: u64,
    /// Somebody was told that it is cancelled, in this attempt.
    pub(crate) cancelled_in: Option<i32>,
    /// As the newest event says.
    pub(crate) status: JobStatus,
    /// As the newest event says.
    pub(crate) attempt: i32,
    /// As the newest event says.
    pub(crate) version: i64,
    /// Its commands that were truly started: attempt and machine.
    pub(crate) started: Vec<(i32, usize)>,
}

/// All that is known for certain.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The jobs.
    pub(crate) jobs: BTreeMap<JobId, JobFacts>,
    newest: i64,
}

impl Truth {
    /// The job of an attempt.
    #[must_use]
    pub(crate) fn job_of(&self, id: &AttemptId) -> Option<&JobFacts> {
        self.jobs.get(&id.job_id.parse().ok()?)
    }

    /// Takes in an event: they are dense and in order, and each job goes its way by the table of transitions.
    ///
    /// # Errors
    /// It contradicts what was told before.
    pub(crate) fn hear(&mut self, event: &Event) -> Result<(), Violation> {
        ensure(event.seq == self.newest + 1, || {
            format!("event {} follows event {}", event.seq, self.newest)
        })?;
        self.newest = event.seq;
        if event.kind != EventKind::Job {
            return Ok(());
        }
        let id = JobId(event.subject);
        let field = |name: &str| event.payload.get(name).and_then(|value| value.as_i64()).unwrap_or(-1);
        let status = event.payload.get("status").and_then(|status| status.as_str());
        let status: Option<JobStatus> = status.and_then(|status| status.parse().ok());
        let Some(job) = self.jobs.get_mut(&id) else { return Ok(()) };
        let Some(status) = status else { return Err(Violation(format!("{id} has no status: {event:?}"))) };
        let (attempt, version) = (field("attempt") as i32, field("version"));
        let told = || format!("{id} is told to go from {} to {status}: {event:?}", job.status);
        ensure(version > job.version, told)?;
        if job.version > 0 {
            ensure(status == job.status || job.status.may_become(status), told)?;
            ensure(!job.status.is_terminal(), told)?;
            let again = status == JobStatus::Queued && job.status.holds_gpus();
            ensure(attempt == job.attempt + i32::from(again), told)?;
        }
        if let Some(cancelled) = job.cancelled_in {
            ensure(attempt == cancelled && status != JobStatus::Succeeded, told)?;
        }
        (job.status, job.attempt, job.version) = (status, attempt, version);
        Ok(())
    }

    /// A shim starts an attempt's command: never twice on one machine, and never after a cancel was acknowledged for an
    /// earlier attempt.
    ///
    /// # Errors
    /// It should not.
    pub(crate) fn starts(&mut self, id: &AttemptId, machine: usize) -> Result<(), Violation> {
        let job = id.job_id.parse().ok().and_then(|job: JobId| self.jobs.get_mut(&job));
        let Some(job) = job else { return Err(Violation(format!("{id} is of no job"))) };
        let first = !job.started.contains(&(id.attempt, machine));
        ensure(first, || format!("{id} is started a second time on node-{machine}"))?;
        let wanted = job.cancelled_in.is_none_or(|cancelled| id.attempt <= cancelled);
        ensure(wanted, || format!("{id} is started after its job was cancelled"))?;
        job.started.push((id.attempt, machine));
        Ok(())
    }

    /// What truly runs at this moment: no card has more on it than it can bear, and no job runs in two attempts.
    ///
    /// # Errors
    /// One has, or does.
    pub(crate) fn check_running(&self, machines: &[Machine], now: Millis) -> Result<(), Violation> {
        let mut running: BTreeMap<&str, (&AttemptId, usize)> = BTreeMap::new();
        for machine in machines {
            let mut on_card: BTreeMap<&str, i32> = BTreeMap::new();
            for (id, tree) in machine.body.alive() {
                for gpu in &tree.gpus {
                    let milli = on_card.entry(gpu).or_default();
                    *milli += tree.milli;
                    ensure(*milli <= 1000, || {
                        let all: Vec<_> = machine.body.alive().map(|(id, _)| id.to_string()).collect();
                        format!("{gpu} serves more than it can: {} run on its host", all.join(", "))
                    })?;
                }
                // What hangs in the kernel does nothing any more: its card is taken, but its job may go on elsewhere.
                if tree.only_hangs(now) {
                    continue;
                }
                let here = machine.body.index;
                let (other, there) = *running.entry(&id.job_id).or_insert((id, here));
                ensure(other.attempt == id.attempt, || {
                    format!("{other} on node-{there} and {id} on node-{here} run at the same time")
                })?;
            }
        }
        Ok(())
    }
}
