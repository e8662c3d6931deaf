//! How well a pool's demands fit each host, kept in order while the fleet changes.

use std::collections::{BTreeSet, HashMap};

use crate::requirements::WHOLE_GPU_MILLI;

use super::demand::Demand;
use super::eligibility::Pool;
use super::fleet::{Card, Fleet, Host};
use super::packing::{Mix, Packing};
use super::score::{Score, fragmentation, gradient, left};
use super::together;

/// How well a demand fits a host; the least fit is the best one, and the order of the fields is the order of the
/// reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fit {
    /// Its score, where the way of packing has one.
    pub(super) score: Score,
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
            score: Score::default(),
            available: if milli == WHOLE_GPU_MILLI { count } else { free_milli },
            free_gpus: state.free_gpus(),
            memory_mib,
            host,
        })
    }
}

/// The cards of a host that could give this much to a job of the pool, with their places.
pub(super) fn givers<'h, 'a>(
    host: &'h Host<'a>,
    pool: &'h Pool,
    milli: i32,
) -> impl Iterator<Item = (usize, &'h Card<'a>)> {
    let gives = move |(_, card): &(usize, &Card<'_>)| pool.contains(card) && card.can_give(milli);
    host.cards.iter().enumerate().filter(gives)
}

/// The cards to take first on a host: the fullest, then the smallest, then those that belong together, then the lowest index.
pub(super) fn best_cards(host: &Host<'_>, pool: &Pool, milli: i32, count: i32) -> Vec<usize> {
    let mut cards: Vec<(i32, i32, usize)> = givers(host, pool, milli)
        .map(|(place, card)| (card.free_milli, card.state.memory_mib, place))
        .collect();
    cards.sort_unstable();
    let count = usize::try_from(count).unwrap_or(0);
    if let (Some(spots), Some(&(free, memory, _)), WHOLE_GPU_MILLI) = (&host.spots, cards.first(), milli) {
        let alike: Vec<usize> = cards
            .iter()
            .take_while(|(other_free, other, _)| (*other_free, *other) == (free, memory))
            .map(|(_, _, place)| *place)
            .collect();
        if alike.len() >= count {
            return together::choose(&alike, spots, count);
        }
    }
    cards.into_iter().take(count).map(|(_, _, place)| place).collect()
}

/// The hosts of one pool by fit: for one size of share (or whole GPUs), or for one demand by what it would fragment.
#[derive(Clone)]
pub(super) struct FitIndex {
    milli: i32,
    order: BTreeSet<Fit>,
    by_host: Vec<Option<Fit>>,
    /// Changes of the fleet that this has taken in; none before it was filled.
    seen: Option<usize>,
}

impl FitIndex {
    fn new(milli: i32) -> Self {
        Self { milli, order: BTreeSet::new(), by_host: Vec::new(), seen: None }
    }

    fn catch_up(&mut self, fleet: &Fleet<'_>, pool: &Pool, fit: impl Fn(usize) -> Option<Fit>) {
        let seen = self.seen.replace(fleet.changes.seen());
        if let Some(changed) = seen.and_then(|seen| fleet.changes.since(seen)) {
            for &host in changed {
                if pool.has_host(host) {
                    self.update(host, fit(host));
                }
            }
            return;
        }
        self.order.clear();
        self.by_host = vec![None; fleet.hosts.len()];
        for &(host, _) in &pool.hosts {
            self.update(host, fit(host));
        }
    }

    fn update(&mut self, host: usize, new: Option<Fit>) {
        let old = self.by_host[host];
        if new == old {
            return;
        }
        if let Some(old) = old {
            self.order.remove(&old);
        }
        if let Some(new) = new {
            self.order.insert(new);
        }
        self.by_host[host] = new;
    }

    /// The hosts with at least so much available, best fit first.
    pub(super) fn with_at_least(&self, available: i32) -> impl DoubleEndedIterator<Item = &Fit> {
        let score = Score::default();
        self.order.range(Fit { score, available, free_gpus: 0, memory_mib: i32::MIN, host: 0 }..)
    }

    /// The hosts whose score is no better than this, best fit first.
    pub(super) fn scored_at_least(&self, what: i64) -> impl Iterator<Item = &Fit> {
        let (score, least) = (Score::least(what), i32::MIN);
        self.order.range(Fit { score, available: least, free_gpus: least, memory_mib: least, host: 0 }..)
    }

    /// All of its hosts, best fit first.
    pub(super) fn best_first(&self) -> impl Iterator<Item = &Fit> {
        self.order.iter()
    }
}

/// The indexes made so far, by pool and share, and by demand.
#[derive(Clone, Default)]
pub(super) struct FitIndexes {
    known: HashMap<(usize, i32), FitIndex>,
    scored: HashMap<usize, FitIndex>,
    fragments: Fragments,
}

/// What the mix of jobs could not use of each host, kept up while the fleet changes.
#[derive(Clone, Default)]
pub(super) struct Fragments {
    of_host: Vec<f64>,
    seen: Option<usize>,
}

impl Fragments {
    fn catch_up(&mut self, fleet: &Fleet<'_>, mix: &Mix) {
        let seen = self.seen.replace(fleet.changes.seen());
        match seen.and_then(|seen| fleet.changes.since(seen)) {
            Some(changed) => {
                changed.iter().for_each(|&host| self.of_host[host] = fragmentation(host, fleet, mix))
            }
            None => {
                self.of_host = (0..fleet.hosts.len()).map(|host| fragmentation(host, fleet, mix)).collect()
            }
        }
    }

    /// Of one host.
    pub(super) fn of(&self, host: usize) -> f64 {
        self.of_host.get(host).copied().unwrap_or(0.0)
    }
}

impl FitIndexes {
    /// The index of a pool, up to date.
    pub(super) fn of(&mut self, number: usize, pool: &Pool, milli: i32, fleet: &Fleet<'_>) -> &FitIndex {
        let index = self.known.entry((number, milli)).or_insert_with(|| FitIndex::new(milli));
        let milli = index.milli;
        index.catch_up(fleet, pool, |host| Fit::of(host, fleet, pool, milli));
        index
    }

    /// Whether the hosts are scored for a demand, or may be without going beyond so many scores in all.
    pub(super) fn may_score(&self, ask: usize, fleet: &Fleet<'_>, at_most: usize) -> bool {
        let with_it = (self.scored.len() + 1).saturating_mul(fleet.hosts.len());
        self.scored.contains_key(&ask) || with_it <= at_most
    }

    /// The hosts that have room for a demand on one host, by their score for it.
    pub(super) fn scored(
        &mut self,
        ask: usize,
        pool: &Pool,
        demand: &Demand,
        fleet: &Fleet<'_>,
        (packing, mix): (Packing, &Mix),
    ) -> (&FitIndex, &Fragments) {
        if packing == Packing::Fgd {
            self.fragments.catch_up(fleet, mix);
        }
        let fragments = &self.fragments;
        let index = self.scored.entry(ask).or_insert_with(|| FitIndex::new(demand.milli));
        index.catch_up(fleet, pool, |host| {
            let state = &fleet.hosts[host];
            if state.gpus_served(demand) < demand.count.max(1) {
                return None;
            }
            let mut fit = if demand.count == 0 {
                Fit::without_gpus(host, fleet)
            } else {
                Fit::of(host, fleet, pool, demand.milli)?
            };
            if demand.is_whole() && fit.available < demand.count {
                return None;
            }
            fit.score = match packing {
                Packing::BestFit => left(host, fleet),
                _ => gradient(host, fleet, pool, demand, mix, fragments.of(host))?.0,
            };
            Some(fit)
        });
        (index, fragments)
    }
}

impl Fit {
    fn without_gpus(host: usize, fleet: &Fleet<'_>) -> Self {
        let free_gpus = fleet.hosts[host].free_gpus();
        Self { score: Score::default(), available: 0, free_gpus, memory_mib: 0, host }
    }
}
