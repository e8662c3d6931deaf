//! What virtual time asks of the core: an empty fleet, jobs one by one, and what became of them.

use crate::hash::Map;
use crate::ids::JobId;
use crate::snapshot::{Snapshot, WaitingJob};

use super::core::Core;
use super::demand::Demand;
use super::eligibility::{Asked, Pools};
use super::fit::FitIndexes;
use super::fleet::{Fleet, HostPart};
use super::load::lengths;
use super::moment::At;
use super::packing::Mix;
use super::preempt;
use super::rules::Rules;
use super::score;
use super::shape::{Shape, Shapes};

/// The most frequent kinds of jobs that make up this part of all are the mix that a fleet is kept good for.
const COVERED: f64 = 0.95;

impl<'a> Core<'a> {
    /// A fleet with nothing in its queue.
    pub(crate) fn empty(fleet: &'a Snapshot, rules: &Rules) -> Self {
        Self::new(Fleet::new(fleet), &fleet.organizations, *rules, 0)
    }

    /// Takes these for the mix of jobs that this fleet sees.
    pub(crate) fn see(&mut self, jobs: impl IntoIterator<Item = &'a WaitingJob>) {
        self.stay_good_for(jobs.into_iter().map(|job| (Asked::by(job), 1.0)));
    }

    /// Takes these, each as often as it comes, for the mix of jobs that this fleet sees. Their shapes and pools are none of those
    /// of the queue, which every explanation looks through.
    pub(super) fn stay_good_for<'m>(&mut self, asked: impl Iterator<Item = (Asked<'m>, f64)>) {
        let (mut shapes, mut pools) = (Shapes::new(self.rules.whole_hosts), Pools::new(&self.fleet));
        let mut counts: Vec<(f64, Demand, usize)> = Vec::new();
        let mut places: Map<usize, usize> = Map::default();
        for (asked, often) in asked {
            let number = shapes.number(asked, &mut pools, &self.fleet);
            let Shape { demand, pool, possible, ask, .. } = shapes.known[number];
            // What no host could ever serve loses nothing, wherever a job goes.
            let Some(demand) = demand.filter(|_| possible) else { continue };
            let place = *places.entry(ask).or_insert_with(|| {
                counts.push((0.0, demand, pool));
                counts.len() - 1
            });
            counts[place].0 += often;
        }
        self.mix = Mix::of(counts, COVERED, &pools.known);
        self.forget_fits(FitIndexes::default());
    }

    /// Gives a job what it needs at once, past every queue; nothing when there is no room.
    pub(crate) fn place_now(&mut self, job: &'a WaitingJob) -> Option<Vec<(usize, usize)>> {
        let shape = self.shape(Asked::by(job));
        let demand = self.shapes.known[shape].demand?;
        let parts = self.choose(shape, None, |_, _, _| true)?;
        let until = self.now.saturating_add(lengths(job).estimate);
        self.fleet.take(&parts, &demand, until);
        Some(places(&parts))
    }

    /// Starts what can start now, and says which jobs are to give their GPUs back.
    pub(crate) fn advance(&mut self, now: At) -> (Vec<JobId>, Vec<JobId>) {
        let guarantees = self.accounts.known.iter().any(|account| account.guaranteed > 0);
        if self.fleet.free_milli == 0 && !guarantees {
            return (Vec::new(), Vec::new());
        }
        let outcome = self.pass(now);
        let stopped = preempt::preemptions(self, &outcome).into_iter().map(|one| one.job).collect();
        (outcome.started, stopped)
    }

    /// Where a running job's GPUs are: the host's rank, and the card's place on it.
    pub(crate) fn gpus_of(&self, job: JobId) -> Vec<(usize, usize)> {
        self.running.get(&job).map_or_else(Vec::new, |running| places(&running.parts))
    }

    /// Idle thousandths of GPUs that jobs of the mix could not use.
    pub(crate) fn fragmentation(&self) -> f64 {
        let of_host = |rank: usize| score::fragmentation(rank, &self.fleet, &self.mix);
        (0..self.fleet.hosts.len()).map(of_host).sum()
    }
}

fn places(parts: &[HostPart]) -> Vec<(usize, usize)> {
    parts.iter().flat_map(|part| part.cards.iter().map(|card| (part.host, *card))).collect()
}
