//! How good a host is for a job: what the job would fragment there, or what would be left.

use super::demand::Demand;
use super::eligibility::Pool;
use super::fit::{best_cards, givers};
use super::fleet::{Card, Fleet, Host};
use super::packing::{Leftover, Mix};

/// A score; less is better, the first number before the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Score {
    pub(super) what: i64,
    /// Thousandths of GPUs, and of cores, that the host has left: among equals, the fuller one.
    idle_milli: i64,
    idle_cores_milli: i64,
}

impl Score {
    /// No score with this first number is less.
    pub(super) fn least(what: i64) -> Self {
        Self { what, idle_milli: i64::MIN, idle_cores_milli: i64::MIN }
    }

    fn of(host: &Host<'_>, what: i64) -> Self {
        let idle_milli = host.cards.iter().map(|card| i64::from(card.free_milli)).sum();
        Self { what, idle_milli, idle_cores_milli: (host.room().0 * 1000.0) as i64 }
    }
}

/// Thousandths of a GPU: less fragmentation than this is no reason to prefer a host. Without such steps hardly two hosts
/// are equal, and jobs are spread over hosts that are better by next to nothing; with them they fill the fuller one.
const STEP: f64 = 20.0;

/// The largest host's, and that as a part of which what is left counts.
const PARTS: f64 = 1e6;

/// What is left on a host of GPUs and cores together, each as a part of what the largest host has.
pub(super) fn left(rank: usize, fleet: &Fleet<'_>) -> Score {
    let host = &fleet.hosts[rank];
    let idle: i32 = host.cards.iter().map(|card| card.free_milli).sum();
    let (gpus_milli, cores) = fleet.largest;
    let left = f64::from(idle) / gpus_milli.max(1.0) + host.room().0 / cores.max(1.0);
    Score::of(host, (left * PARTS).round() as i64)
}

/// What of a host the mix of jobs could not use as it is.
pub(super) fn fragmentation(rank: usize, fleet: &Fleet<'_>, mix: &Mix) -> f64 {
    let host = &fleet.hosts[rank];
    let cards: Vec<(usize, i32)> = host.cards.iter().map(left_on).collect();
    let (cpus, memory_gb) = host.room();
    mix.fragmentation(&Leftover { rank, cards: &cards, cpus, memory_gb })
}

fn left_on(card: &Card<'_>) -> (usize, i32) {
    (card.model, if card.reserved { 0 } else { card.free_milli })
}

/// How much more the host would be fragmented than `before` with the job on its best cards, and which those are.
pub(super) fn gradient(
    rank: usize,
    fleet: &Fleet<'_>,
    pool: &Pool,
    demand: &Demand,
    mix: &Mix,
    before: f64,
) -> Option<(Score, Vec<usize>)> {
    let host = &fleet.hosts[rank];
    let mut cards: Vec<(usize, i32)> = host.cards.iter().map(left_on).collect();
    let (cpus, memory_gb) = host.room();
    let portions = f64::from(demand.count.max(1));
    let (cpus, memory_gb) =
        (cpus - demand.cpus_per_gpu * portions, memory_gb - demand.memory_gb_per_gpu * portions);
    let mut best: Option<(Score, Vec<usize>)> = None;
    for taken in options(rank, fleet, pool, demand) {
        taken.iter().for_each(|card| cards[*card].1 -= demand.milli);
        let after = mix.fragmentation(&Leftover { rank, cards: &cards, cpus, memory_gb });
        taken.iter().for_each(|card| cards[*card].1 += demand.milli);
        let score = Score::of(host, ((after - before) / STEP).round() as i64);
        if best.as_ref().is_none_or(|(least, _)| score < *least) {
            best = Some((score, taken));
        }
    }
    best
}

/// The sets of cards worth comparing, in the order of preference among equals.
fn options(rank: usize, fleet: &Fleet<'_>, pool: &Pool, demand: &Demand) -> Vec<Vec<usize>> {
    let host = &fleet.hosts[rank];
    if demand.count == 0 {
        return vec![Vec::new()];
    }
    if demand.is_whole() {
        return vec![best_cards(host, pool, demand.milli, demand.count)];
    }
    let mut distinct: Vec<(i32, i32, usize, usize)> = givers(host, pool, demand.milli)
        .map(|(place, card)| (card.free_milli, card.state.memory_mib, card.model, place))
        .collect();
    distinct.sort_unstable();
    distinct.dedup_by_key(|(free, _, model, _)| (*free, *model));
    distinct.into_iter().map(|(_, _, _, place)| vec![place]).collect()
}
