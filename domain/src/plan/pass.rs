//! One pass over the queue: places what fits, keeps GPUs for the first job that does not, and explains the rest.

use chrono::{DateTime, Utc};

use crate::snapshot::{Snapshot, WaitingJob};

use super::demand::Demand;
use super::eligibility::Pools;
use super::fit::FitIndexes;
use super::fleet::{Fleet, HostPart};
use super::order::{Queued, in_order};
use super::quota::Budgets;
use super::reservation::{self, Releases, Reservation};
use super::shape::Shapes;
use super::{PlacedGpu, Placement, Plan, explain, placement};

/// The state of a pass.
pub(super) struct Pass<'a> {
    snapshot: &'a Snapshot,
    now: DateTime<Utc>,
    pub(super) fleet: Fleet<'a>,
    pub(super) pools: Pools<'a>,
    pub(super) shapes: Shapes<'a>,
    pub(super) budgets: Budgets,
    pub(super) reservation: Option<Reservation>,
    fits: FitIndexes,
}

/// A job that stays.
pub(super) struct Waiting<'a> {
    pub(super) queued: Queued<'a>,
    /// It would take GPUs if it could: jobs behind it wait for it.
    pub(super) competes: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, now: DateTime<Utc>) -> Self {
        let fleet = Fleet::new(snapshot);
        Self {
            snapshot,
            now,
            pools: Pools::new(&fleet),
            fleet,
            shapes: Shapes::default(),
            budgets: Budgets::new(snapshot),
            reservation: None,
            fits: FitIndexes::default(),
        }
    }

    pub(super) fn run(&mut self) -> Plan {
        let mut placements = Vec::new();
        let mut waiting = Vec::new();
        let Self { shapes, pools, fleet, .. } = self;
        for queued in in_order(&self.snapshot.waiting, |job| shapes.number(job, pools, fleet)) {
            match self.consider(&queued) {
                Verdict::Placed(placement) => placements.push(placement),
                Verdict::Waits { competes } => waiting.push(Waiting { queued, competes }),
            }
        }
        Plan { placements, waiting: explain::explain(self, &waiting) }
    }

    fn consider(&mut self, queued: &Queued<'_>) -> Verdict {
        let shape = &self.shapes.known[queued.shape];
        let Some(demand) = shape.demand.filter(|_| shape.possible && !queued.held_back) else {
            return Verdict::Waits { competes: false };
        };
        if !self.budgets.of(shape.organization).allows(demand.total_milli()) {
            return Verdict::Waits { competes: false };
        }
        if shape.refused {
            return Verdict::Waits { competes: true };
        }
        match self.choose(shape.pool, &demand) {
            Some(parts) => Verdict::Placed(self.take(queued.job, &demand, &parts)),
            None => {
                self.refuse(queued, &demand);
                Verdict::Waits { competes: true }
            }
        }
    }

    fn choose(&mut self, number: usize, demand: &Demand) -> Option<Vec<HostPart>> {
        let pool = &self.pools.known[number];
        let index = self.fits.of(number, pool, demand.milli, &self.fleet);
        placement::choose(&self.fleet, pool, index, demand)
    }

    fn take(&mut self, job: &WaitingJob, demand: &Demand, parts: &[HostPart]) -> Placement {
        self.fleet.take(parts, demand);
        self.budgets.hold(job.organization, demand.total_milli());
        let placed = |part: &HostPart, card: usize| {
            let host = &self.fleet.hosts[part.host];
            let gpu = host.cards[card].state;
            PlacedGpu { host: host.state.id, gpu: gpu.id, gpu_version: gpu.version, milli: demand.milli }
        };
        let gpus = parts.iter().flat_map(|part| part.cards.iter().map(move |card| placed(part, *card)));
        Placement { job: job.id, job_version: job.version, gpus: gpus.collect() }
    }

    /// Notes that this shape does not fit; the first job to which that happens keeps GPUs for itself.
    fn refuse(&mut self, queued: &Queued<'_>, demand: &Demand) {
        let shape = &mut self.shapes.known[queued.shape];
        shape.refused = true;
        if self.reservation.is_some() {
            return;
        }
        let releases = Releases::new(self.snapshot, self.now);
        let pool = &self.pools.known[shape.pool];
        self.reservation = reservation::choose(queued.id, &self.fleet, pool, demand, &releases);
        if let Some(reservation) = &self.reservation {
            self.fleet.reserve(&reservation.parts, demand);
            self.budgets.reserve(shape.organization, demand.total_milli());
        }
    }
}

/// What a pass makes of a job.
enum Verdict {
    Placed(Placement),
    Waits { competes: bool },
}
