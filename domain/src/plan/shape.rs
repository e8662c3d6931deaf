//! Jobs of one organization that ask for the same thing: what holds for one of them holds for all.

use std::hash::{Hash, Hasher};

use crate::hash::Map;
use crate::ids::OrganizationId;
use crate::requirements::GpuRequirements;

use super::demand::Demand;
use super::eligibility::{Asked, Pools};
use super::fleet::Fleet;

/// What all jobs of a shape have in common.
#[derive(Clone)]
pub(super) struct Shape<'a> {
    pub(super) organization: OrganizationId,
    pub(super) requirements: &'a GpuRequirements,
    /// Its hosts must run containers.
    pub(super) needs_container: bool,
    /// None: numbers that make no sense, which no GPU answers.
    pub(super) demand: Option<Demand>,
    /// The GPUs that answer it, as a number in [`Pools`].
    pub(super) pool: usize,
    /// Whether the fleet could ever serve it, busy GPUs included.
    pub(super) possible: bool,
    /// The number of its demand: equal for equal demands on equal pools, whoever asks.
    pub(super) ask: usize,
}

impl<'a> Shape<'a> {
    pub(super) fn asked(&self) -> Asked<'a> {
        let Self { organization, requirements, needs_container, .. } = *self;
        Asked { organization, requirements, needs_container }
    }
}

/// The shapes met so far.
#[derive(Clone, Default)]
pub(super) struct Shapes<'a> {
    pub(super) known: Vec<Shape<'a>>,
    numbers: Map<Key<'a>, usize>,
    asks: Map<AskKey, usize>,
    /// Jobs of more GPUs than a host has take whole hosts and a remainder.
    whole_hosts: bool,
}

/// A pool, and a demand by its numbers.
type AskKey = (usize, (i32, i32, bool, u64, u64));

impl<'a> Shapes<'a> {
    pub(super) fn new(whole_hosts: bool) -> Self {
        Self { whole_hosts, ..Self::default() }
    }

    /// The number of the shape that this has.
    pub(super) fn number(&mut self, asked: Asked<'a>, pools: &mut Pools<'a>, fleet: &Fleet<'_>) -> usize {
        *self.numbers.entry(Key(asked)).or_insert_with(|| {
            let pool = pools.number(fleet, asked);
            let demand = Demand::of(asked.requirements, self.whole_hosts);
            let possible = demand.is_some_and(|demand| pools.known[pool].could_ever_serve(&demand, fleet));
            let asks = self.asks.len();
            let ask =
                demand.map_or(usize::MAX, |demand| *self.asks.entry((pool, demand.bits())).or_insert(asks));
            let Asked { organization, requirements, needs_container } = asked;
            self.known.push(Shape {
                organization,
                requirements,
                needs_container,
                demand,
                pool,
                possible,
                ask,
            });
            self.known.len() - 1
        })
    }
}

/// A shape's identity. Numbers compare by their bits, which is equality enough for telling shapes apart.
#[derive(Clone)]
struct Key<'a>(Asked<'a>);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&self.0, &other.0);
        one.organization == other.organization
            && one.needs_container == other.needs_container
            && one.requirements.bits() == other.requirements.bits()
            && one.requirements.gpu_types == other.requirements.gpu_types
            && one.requirements.labels == other.requirements.labels
    }
}

impl Eq for Key<'_> {}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Asked { organization, requirements, needs_container } = self.0;
        organization.hash(state);
        needs_container.hash(state);
        requirements.bits().hash(state);
        requirements.gpu_types.hash(state);
        requirements.labels.hash(state);
    }
}
