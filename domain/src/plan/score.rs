//! What a job would fragment on a host, in full precision: rounded scores would make ties, and ties decide.

use std::cmp::Ordering;

use super::demand::Demand;
use super::eligibility::Pool;
use super::fit::{best_cards, givers};
use super::fleet::Fleet;
use super::packing::{Leftover, Mix};

/// A score; less is better. Ordered, since it is never anything but a number.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Score(f64);

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Score {}

/// How much more the host would be fragmented with the job on its best cards, and which those are.
pub(super) fn gradient(
    rank: usize,
    fleet: &Fleet<'_>,
    pool: &Pool,
    demand: &Demand,
    mix: &Mix,
) -> Option<(Score, Vec<usize>)> {
    let host = &fleet.hosts[rank];
    let mut cards: Vec<(usize, i32)> =
        host.cards.iter().map(|card| (card.model, if card.reserved { 0 } else { card.free_milli })).collect();
    let (cpus, memory_gb) = host.room();
    let before = mix.fragmentation(&Leftover { rank, cards: &cards, cpus, memory_gb });
    let portions = f64::from(demand.count.max(1));
    let (cpus, memory_gb) =
        (cpus - demand.cpus_per_gpu * portions, memory_gb - demand.memory_gb_per_gpu * portions);
    let mut best: Option<(Score, Vec<usize>)> = None;
    for taken in options(rank, fleet, pool, demand) {
        taken.iter().for_each(|card| cards[*card].1 -= demand.milli);
        let after = mix.fragmentation(&Leftover { rank, cards: &cards, cpus, memory_gb });
        taken.iter().for_each(|card| cards[*card].1 += demand.milli);
        // Sums in another order differ in their last bits, which is no reason.
        let score = Score(((after - before) * 1e6).round() / 1e6);
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
