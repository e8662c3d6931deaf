//! Where jobs go: the ways of packing, as a table, and the mix of jobs that the fleet is to stay good for.

use super::demand::Demand;
use super::eligibility::Pool;

/// A way of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// The tightest host, and on it the fullest card.
    BestFit,
    /// Where it leaves the least fragmentation for the mix of jobs: the gradient of what idle GPUs could not be used for.
    Fgd,
    /// Anywhere that has room.
    Random,
}

/// Every way, the default first: its name, and what it does.
pub const PACKINGS: [(Packing, &str, &str); 3] = [
    (Packing::BestFit, "bestfit", "the tightest host, the fullest card"),
    (Packing::Fgd, "fgd", "least fragmentation for the mix of jobs seen (fragmentation gradient descent)"),
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

/// The kinds of jobs that the fleet sees, by how often.
#[derive(Clone, Default)]
pub(super) struct Mix {
    kinds: Vec<MixKind>,
}

#[derive(Clone)]
struct MixKind {
    weight: f64,
    demand: Demand,
    pool: Pool,
}

/// A host as far as fragmentation goes: its cards' models and free thousandths, and its free cores and memory.
pub(super) struct Leftover<'c> {
    pub(super) rank: usize,
    pub(super) cards: &'c [(usize, i32)],
    pub(super) cpus: f64,
    pub(super) memory_gb: f64,
}

impl Mix {
    /// The most frequent kinds that make up this part of all jobs.
    pub(super) fn of(mut counted: Vec<(f64, Demand, Pool)>, part: f64) -> Self {
        counted.sort_by(|a, b| b.0.total_cmp(&a.0));
        let all: f64 = counted.iter().map(|(weight, _, _)| weight).sum();
        let mut covered = 0.0;
        let mut kinds = Vec::new();
        for (weight, demand, pool) in counted {
            if covered >= part * all {
                break;
            }
            covered += weight;
            // What asks for no GPU loses none, wherever a job goes.
            if demand.count > 0 {
                kinds.push(MixKind { weight: weight / all.max(1.0), demand, pool });
            }
        }
        Self { kinds }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Thousandths of idle GPUs that jobs of the mix could not use, weighted by how often they come.
    pub(super) fn fragmentation(&self, left: &Leftover<'_>) -> f64 {
        let idle: i32 = left.cards.iter().map(|(_, free)| free).sum();
        if idle == 0 {
            return 0.0;
        }
        self.kinds.iter().map(|kind| kind.weight * f64::from(kind.unusable(left, idle))).sum()
    }
}

impl MixKind {
    fn unusable(&self, left: &Leftover<'_>, idle: i32) -> i32 {
        if !self.pool.has_host(left.rank) {
            return idle;
        }
        let (mut able, mut unusable) = (0, 0);
        for &(model, free) in left.cards {
            if free >= self.demand.milli && self.pool.models[model] {
                able += 1;
            } else {
                unusable += free;
            }
        }
        let served = able >= self.demand.count
            && self.demand.gpus_served_by(left.cpus, left.memory_gb) >= self.demand.count;
        if served { unusable } else { idle }
    }
}
