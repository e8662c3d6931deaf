//! Where jobs go: the ways of packing, as a table, and the mix of jobs that the fleet is to stay good for.

use std::collections::HashMap;

use super::demand::Demand;
use super::eligibility::Pool;

/// A way of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// The host with the fewest free GPUs that match, and on it the fullest card.
    Tightest,
    /// The host with least left of GPUs and cores together, each as a part of the largest host's; on it the fullest card.
    BestFit,
    /// Where it leaves the least fragmentation for the mix of jobs: the gradient of what idle GPUs could not be used for.
    Fgd,
    /// Anywhere that has room.
    Random,
}

/// Every way: its name, and what it does.
pub const PACKINGS: [(Packing, &str, &str); 4] = [
    (
        Packing::Fgd,
        "fgd",
        "least fragmentation for the mix of jobs seen (fragmentation gradient descent); among equals as tightest",
    ),
    (Packing::Tightest, "tightest", "the host with the fewest free GPUs that match, the fullest card"),
    (Packing::BestFit, "bestfit", "the host with least left of GPUs and cores together, the fullest card"),
    (Packing::Random, "random", "any host and card that has room, by the seed"),
];

impl Packing {
    /// The way of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        PACKINGS.into_iter().find(|(_, known, _)| *known == name).map(|(packing, _, _)| packing)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        PACKINGS.into_iter().find(|(packing, _, _)| *packing == self).map_or("", |(_, name, _)| name)
    }
}

/// The kinds of jobs that the fleet sees, by how often; those that want the same cards together.
#[derive(Clone, Default)]
pub(super) struct Mix {
    groups: Vec<Group>,
}

/// Kinds that want as many GPUs, as much of each, of the same pool.
#[derive(Clone)]
struct Group {
    count: i32,
    milli: i32,
    pool: Pool,
    kinds: Vec<MixKind>,
    /// How often any of them comes.
    weight: f64,
}

/// Of the kinds of a group: the cores and the memory that one needs, and how often it comes.
#[derive(Clone, Copy)]
struct MixKind {
    cpus: f64,
    memory_gb: f64,
    weight: f64,
}

/// A host as far as fragmentation goes: its cards' models and free thousandths, and its free cores and memory.
pub(super) struct Leftover<'c> {
    pub(super) rank: usize,
    pub(super) cards: &'c [(usize, i32)],
    pub(super) cpus: f64,
    pub(super) memory_gb: f64,
}

/// Kinds of jobs in a mix at most: what is rarer decides nothing, and would have to be weighed for every host.
const KINDS: usize = 128;

impl Mix {
    /// The most frequent kinds that make up this part of all jobs, or as many as are looked at. Each comes with the number
    /// of its pool.
    pub(super) fn of(mut counted: Vec<(f64, Demand, usize)>, part: f64, pools: &[Pool]) -> Self {
        counted.sort_by(|(weight, demand, pool), (other_weight, other, other_pool)| {
            let by_weight = other_weight.total_cmp(weight);
            let by_demand = || demand.bits().cmp(&other.bits());
            // Pools are numbered as they are met, which must not matter.
            by_weight.then_with(by_demand).then_with(|| pools[*pool].compare(&pools[*other_pool]))
        });
        let all: f64 = counted.iter().map(|(weight, _, _)| weight).sum();
        let mut covered = 0.0;
        let mut places: HashMap<(usize, i32, i32), usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        for (weight, demand, number) in counted.into_iter().take(KINDS) {
            if covered >= part * all {
                break;
            }
            covered += weight;
            let (count, milli) = (demand.count, demand.milli);
            // What asks for no GPU loses none, wherever a job goes.
            if count == 0 {
                continue;
            }
            let place = *places.entry((number, count, milli)).or_insert_with(|| {
                let pool = pools[number].clone();
                groups.push(Group { count, milli, pool, kinds: Vec::new(), weight: 0.0 });
                groups.len() - 1
            });
            let (gpus, weight) = (f64::from(count), weight / all.max(1.0));
            let (cpus, memory_gb) = (demand.cpus_per_gpu * gpus, demand.memory_gb_per_gpu * gpus);
            groups[place].kinds.push(MixKind { cpus, memory_gb, weight });
            groups[place].weight += weight;
        }
        Self { groups }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Thousandths of idle GPUs that jobs of the mix could not use, weighted by how often they come.
    pub(super) fn fragmentation(&self, left: &Leftover<'_>) -> f64 {
        let idle: i32 = left.cards.iter().map(|(_, free)| free).sum();
        if idle == 0 {
            return 0.0;
        }
        self.groups.iter().map(|group| group.fragmentation(left, idle)).sum()
    }
}

/// What division of cores and memory into portions may round off.
const ROUNDING: f64 = 1e-6;

impl Group {
    fn fragmentation(&self, left: &Leftover<'_>, idle: i32) -> f64 {
        let (mut able, mut unusable) = (0, 0);
        if self.pool.has_host(left.rank) {
            for &(model, free) in left.cards {
                if free >= self.milli && self.pool.models[model] {
                    able += 1;
                } else {
                    unusable += free;
                }
            }
        }
        let mut served = 0.0;
        if able >= self.count {
            let (cpus, memory_gb) = (left.cpus + ROUNDING, left.memory_gb + ROUNDING);
            let fits = |kind: &&MixKind| kind.cpus <= cpus && kind.memory_gb <= memory_gb;
            served = self.kinds.iter().filter(fits).map(|kind| kind.weight).sum();
        }
        self.weight * f64::from(idle) - served * f64::from(idle - unusable)
    }
}
