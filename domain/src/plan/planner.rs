//! A state kept between passes: whoever tells it of every change gets each pass for the price of the change.
//!
//! `plan` makes the same state anew from a snapshot. Here nothing is explained: that is for who asks, and costs by jobs.

use chrono::{DateTime, Utc};

use crate::ids::JobId;
use crate::snapshot::{Snapshot, WaitingJob};

use super::core::Core;
use super::load::{self, lengths};
use super::moment::moment;
use super::preempt;
use super::rules::Rules;
use super::{Placement, Preemption, Promised};

/// The fleet, the queue and the accounts, kept up from change to change.
pub struct Planner<'a> {
    core: Core<'a>,
}

/// What one pass decides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decided {
    /// Jobs to give GPUs to: they count as started.
    pub placements: Vec<Placement>,
    /// Running jobs that are to give back what they borrowed; they hold it until they end.
    pub preemptions: Vec<Preemption>,
    /// What the first jobs that cannot start have been promised.
    pub promises: Vec<Promised>,
}

impl<'a> Planner<'a> {
    /// Everything as a snapshot has it.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, rules: &Rules, now: DateTime<Utc>) -> Self {
        Self { core: load::core(snapshot, rules, moment(now)) }
    }

    /// A job joins the queue. Among equals, those that joined earlier go first. One that is held back is to be told of when
    /// it no longer is.
    pub fn submit(&mut self, job: &'a WaitingJob) {
        self.core.submit(job, moment(job.submitted_at), lengths(job));
    }

    /// A waiting job leaves the queue.
    pub fn withdraw(&mut self, job: JobId) {
        self.core.withdraw(job);
    }

    /// A running job has ended, and gives back what it held.
    pub fn end(&mut self, job: JobId, now: DateTime<Utc>) {
        self.core.end(job, moment(now));
    }

    /// Decides what starts now, and which borrowed GPUs are asked back.
    pub fn pass(&mut self, now: DateTime<Utc>) -> Decided {
        let outcome = self.core.pass(moment(now));
        let placed = outcome.started.iter().filter_map(|job| load::placement(&self.core, *job)).collect();
        let promises = outcome.promises.iter().map(|promise| load::promised(&self.core, promise)).collect();
        let preemptions = preempt::preemptions(&mut self.core, &outcome);
        Decided { placements: placed, preemptions, promises }
    }
}
