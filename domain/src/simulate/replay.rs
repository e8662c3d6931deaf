//! A trace replayed: ends, arrivals, one pass, instant by instant.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use crate::estimate::History;
use crate::ids::JobId;
use crate::plan::{Core, Lengths, MIX_OF, NEVER, Packing, SECOND};
use crate::snapshot::Snapshot;

use super::{Estimates, Run, Terms, TraceJob, World};

/// A replay under way.
pub struct Replay<'a> {
    world: &'a World,
    terms: Terms,
    core: Core<'a>,
    numbers: HashMap<JobId, usize>,
    /// When running jobs end, with their attempt.
    ends: BinaryHeap<Reverse<(i64, usize, u32)>>,
    arrived: usize,
    /// When so many have arrived, the mix of jobs is looked at anew.
    mix_due: usize,
    history: History,
    /// What became of each job, once it is known.
    pub runs: Vec<Option<Run>>,
    /// How often each job had to give its GPUs back.
    preempted: Vec<u32>,
    /// Passes so far.
    pub passes: u64,
}

/// The mix of jobs is looked at anew after so many arrivals.
const MIX_EVERY: usize = 500;

impl<'a> Replay<'a> {
    /// Nothing has happened yet. `fleet` is the world's hosts and organizations, as a snapshot.
    #[must_use]
    pub fn new(world: &'a World, fleet: &'a Snapshot, terms: Terms) -> Self {
        let numbers = world.jobs.iter().enumerate().map(|(number, job)| (job.job.id, number)).collect();
        Self {
            core: Core::empty(fleet, &terms.rules),
            numbers,
            ends: BinaryHeap::new(),
            arrived: 0,
            mix_due: 1,
            history: History::default(),
            runs: vec![None; world.jobs.len()],
            preempted: vec![0; world.jobs.len()],
            passes: 0,
            world,
            terms,
        }
    }

    /// Goes on to the next instant at which something happens. None: nothing ever will.
    pub fn step(&mut self) -> Option<i64> {
        let arrival = self.world.jobs.get(self.arrived).map(|job| job.submit_secs);
        let end = self.ends.peek().map(|Reverse((end, _, _))| *end);
        let now = [arrival, end].into_iter().flatten().min()?;
        while let Some(&Reverse((end, number, attempt))) = self.ends.peek()
            && end <= now
        {
            self.ends.pop();
            if attempt == self.preempted[number] {
                self.end(number, now);
            }
        }
        while let Some(job) = self.world.jobs.get(self.arrived)
            && job.submit_secs <= now
        {
            self.core.submit(&job.job, job.submit_secs * SECOND, self.lengths(job));
            self.arrived += 1;
        }
        self.look_at_the_mix();
        self.pass(now);
        Some(now)
    }

    /// How many jobs of the trace have arrived.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.arrived
    }

    /// What arrived lately is what the fleet is kept good for.
    fn look_at_the_mix(&mut self) {
        if self.terms.rules.packing == Packing::Fgd && self.arrived >= self.mix_due {
            self.mix_due = self.arrived + MIX_EVERY;
            let lately = &self.world.jobs[self.arrived.saturating_sub(MIX_OF)..self.arrived];
            self.core.see(lately.iter().map(|job| &job.job));
        }
    }

    fn pass(&mut self, now: i64) {
        loop {
            self.passes += 1;
            let (started, preempted) = self.core.advance(now * SECOND);
            for job in started {
                self.start(job, now);
            }
            if preempted.is_empty() {
                return;
            }
            for job in preempted {
                self.preempt(job, now);
            }
        }
    }

    fn start(&mut self, job: JobId, now: i64) {
        let number = self.numbers[&job];
        let end_secs = now + self.world.jobs[number].run_secs;
        let preempted = self.preempted[number];
        self.ends.push(Reverse((end_secs, number, preempted)));
        self.runs[number] = Some(Run { start_secs: now, end_secs, gpus: self.core.gpus_of(job), preempted });
    }

    fn end(&mut self, number: usize, now: i64) {
        let job = &self.world.jobs[number];
        self.core.end(job.job.id, now * SECOND);
        if self.terms.estimates == Estimates::Learned {
            self.history.learn(job.job.organization, job.series.as_deref(), job.run_secs);
        }
    }

    /// It gives its GPUs back, and starts anew from the queue.
    fn preempt(&mut self, job: JobId, now: i64) {
        let number = self.numbers[&job];
        self.core.end(job, now * SECOND);
        self.preempted[number] += 1;
        self.runs[number] = None;
        let job = &self.world.jobs[number];
        self.core.submit(&job.job, job.submit_secs * SECOND, self.lengths(job));
    }

    fn lengths(&self, job: &TraceJob) -> Lengths {
        let run = job.run_secs.max(1) * SECOND;
        let estimate = match self.terms.estimates {
            Estimates::Exact => Some(job.run_secs),
            Estimates::Trace => job.job.estimate_secs,
            Estimates::Learned => {
                let limit = job.job.estimate_secs;
                self.history.estimate(job.job.organization, job.series.as_deref(), limit)
            }
        };
        Lengths { estimate: estimate.map_or(NEVER, |seconds| seconds.max(1) * SECOND), run }
    }
}
