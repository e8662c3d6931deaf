//! Jobs of one organization that ask for the same thing: what holds for one of them holds for all.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use crate::ids::OrganizationId;
use crate::requirements::GpuRequirements;
use crate::snapshot::WaitingJob;

use super::demand::Demand;
use super::eligibility::Pools;
use super::fleet::Fleet;

/// What all jobs of a shape have in common.
pub(super) struct Shape<'a> {
    pub(super) organization: OrganizationId,
    pub(super) requirements: &'a GpuRequirements,
    /// None: numbers that make no sense, which no GPU answers.
    pub(super) demand: Option<Demand>,
    /// The GPUs that answer it, as a number in [`Pools`].
    pub(super) pool: usize,
    /// Whether the fleet could ever serve it, busy GPUs included.
    pub(super) possible: bool,
    /// One of its jobs was refused in this pass, so that all later ones are.
    pub(super) refused: bool,
}

/// The shapes met so far.
#[derive(Default)]
pub(super) struct Shapes<'a> {
    pub(super) known: Vec<Shape<'a>>,
    numbers: HashMap<Key<'a>, usize>,
}

impl<'a> Shapes<'a> {
    /// The number of a job's shape.
    pub(super) fn number(&mut self, job: &'a WaitingJob, pools: &mut Pools<'a>, fleet: &Fleet<'_>) -> usize {
        let key = Key { organization: job.organization, requirements: &job.requirements };
        *self.numbers.entry(key).or_insert_with(|| {
            let pool = pools.number(fleet, job.organization, &job.requirements);
            let demand = Demand::of(&job.requirements);
            let possible = demand.is_some_and(|demand| pools.known[pool].could_ever_serve(&demand, fleet));
            let requirements = &job.requirements;
            let organization = job.organization;
            self.known.push(Shape { organization, requirements, demand, pool, possible, refused: false });
            self.known.len() - 1
        })
    }
}

/// A shape's identity. Numbers compare by their bits, which is equality enough for telling shapes apart.
struct Key<'a> {
    organization: OrganizationId,
    requirements: &'a GpuRequirements,
}

impl Key<'_> {
    fn numbers(&self) -> (i32, i32, bool, [Option<u64>; 3]) {
        let asked = self.requirements;
        let bits = [asked.min_memory_gb, asked.cpus, asked.memory_gb].map(|number| number.map(f64::to_bits));
        (asked.count, asked.milli, asked.single_host, bits)
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.organization == other.organization
            && self.numbers() == other.numbers()
            && self.requirements.gpu_types == other.requirements.gpu_types
            && self.requirements.labels == other.requirements.labels
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.organization.hash(state);
        self.numbers().hash(state);
        self.requirements.gpu_types.hash(state);
        self.requirements.labels.hash(state);
    }
}
