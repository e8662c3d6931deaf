//! How tightly a pool's demands fit each host, kept in order while the fleet fills up.

use std::collections::{BTreeSet, HashMap};

use crate::requirements::WHOLE_GPU_MILLI;

use super::eligibility::Pool;
use super::fleet::{Card, Fleet, Host};

/// How tightly a demand fits a host; the least fit is the best one, and the order of the fields is the order of the
/// reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// Whole GPUs: how many that match are free. A share: what is free of the fullest GPU that has enough left.
    pub(super) available: i32,
    /// Free GPUs at all, matching or not.
    free_gpus: i32,
    /// The memory of the GPU that would be taken first, so that a large card is not wasted on a small job.
    memory_mib: i32,
    /// The host's rank.
    pub(super) host: usize,
}

impl Fit {
    fn of(host: usize, fleet: &Fleet<'_>, pool: &Pool, milli: i32) -> Option<Self> {
        let state = &fleet.hosts[host];
        let (mut count, mut best) = (0, None);
        for card in givers(state, pool, milli).map(|(_, card)| card) {
            count += 1;
            let key = (card.free_milli, card.state.memory_mib);
            best = Some(best.map_or(key, |least: (i32, i32)| least.min(key)));
        }
        best.map(|(free_milli, memory_mib)| Self {
            available: if milli == WHOLE_GPU_MILLI { count } else { free_milli },
            free_gpus: state.free_gpus(),
            memory_mib,
            host,
        })
    }
}

/// The cards of a host that could give this much to a job of the pool, with their places.
fn givers<'h, 'a>(
    host: &'h Host<'a>,
    pool: &'h Pool,
    milli: i32,
) -> impl Iterator<Item = (usize, &'h Card<'a>)> {
    let gives = move |(_, card): &(usize, &Card<'_>)| pool.contains(card) && card.can_give(milli);
    host.cards.iter().enumerate().filter(gives)
}

/// The cards to take first on a host: the fullest, then the smallest, then the lowest index.
pub(super) fn best_cards(host: &Host<'_>, pool: &Pool, milli: i32, count: i32) -> Vec<usize> {
    let mut cards: Vec<(i32, i32, usize)> = givers(host, pool, milli)
        .map(|(place, card)| (card.free_milli, card.state.memory_mib, place))
        .collect();
    cards.sort_unstable();
    cards.into_iter().take(count as usize).map(|(_, _, place)| place).collect()
}

/// The hosts of one pool by fit, for one size of share (or whole GPUs).
pub(super) struct FitIndex {
    milli: i32,
    order: BTreeSet<Fit>,
    by_host: HashMap<usize, Fit>,
    /// Changes of the fleet that this has taken in.
    seen: usize,
}

impl FitIndex {
    fn new(fleet: &Fleet<'_>, pool: &Pool, milli: i32) -> Self {
        let fits = pool.hosts.iter().filter_map(|(host, _)| Fit::of(*host, fleet, pool, milli));
        let by_host: HashMap<usize, Fit> = fits.map(|fit| (fit.host, fit)).collect();
        Self { milli, order: by_host.values().copied().collect(), by_host, seen: fleet.changes.len() }
    }

    fn catch_up(&mut self, fleet: &Fleet<'_>, pool: &Pool) {
        for host in &fleet.changes[self.seen..] {
            // A host that had no room before has none now.
            let Some(old) = self.by_host.get(host).copied() else { continue };
            let new = Fit::of(*host, fleet, pool, self.milli);
            if new == Some(old) {
                continue;
            }
            self.order.remove(&old);
            self.by_host.remove(host);
            if let Some(fit) = new {
                self.order.insert(fit);
                self.by_host.insert(*host, fit);
            }
        }
        self.seen = fleet.changes.len();
    }

    /// The hosts with at least so much available, best fit first.
    pub(super) fn with_at_least(&self, available: i32) -> impl DoubleEndedIterator<Item = &Fit> {
        self.order.range(Fit { available, free_gpus: 0, memory_mib: i32::MIN, host: 0 }..)
    }
}

/// The indexes made so far, by pool and share.
#[derive(Default)]
pub(super) struct FitIndexes {
    known: HashMap<(usize, i32), FitIndex>,
}

impl FitIndexes {
    /// The index of a pool, up to date.
    pub(super) fn of(&mut self, number: usize, pool: &Pool, milli: i32, fleet: &Fleet<'_>) -> &FitIndex {
        let index = self.known.entry((number, milli)).or_insert_with(|| FitIndex::new(fleet, pool, milli));
        index.catch_up(fleet, pool);
        index
    }
}
