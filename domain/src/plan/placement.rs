//! Where a job goes: all of its GPUs or none.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::demand::{Demand, Spread};
use super::eligibility::Pool;
use super::fit::{Fit, FitIndex, FitIndexes, best_cards, givers};
use super::fleet::{Fleet, HostPart};
use super::moment::At;
use super::packing::{Mix, Packing};
use super::score::gradient;
use super::tally::Tally;

/// A question: where to put this.
pub(super) struct Ask<'q> {
    /// The number of the demand, the same for equal demands on equal pools.
    pub(super) number: usize,
    pub(super) pool_number: usize,
    pub(super) pool: &'q Pool,
    pub(super) demand: &'q Demand,
}

/// How to answer.
pub(super) struct Packer<'q> {
    pub(super) packing: Packing,
    pub(super) mix: &'q Mix,
    /// Until when the job is thought to be there, where that matters.
    pub(super) until: Option<At>,
    /// So many scores of hosts may be kept.
    pub(super) scores: usize,
    /// Draws a number below another.
    pub(super) draw: &'q mut dyn FnMut(usize) -> usize,
}

/// The GPUs for a demand, or nothing when not all of them are free. `accept` may refuse a choice; then the next best is
/// offered, as long as it lies on one host.
pub(super) fn choose(
    fleet: &Fleet<'_>,
    fits: &mut FitIndexes,
    ask: &Ask<'_>,
    packer: &mut Packer<'_>,
    mut accept: impl FnMut(&[HostPart]) -> bool,
) -> Option<Vec<HostPart>> {
    let (pool, demand) = (ask.pool, ask.demand);
    if demand.count == 0 {
        return without_gpus(fleet, fits, ask, packer);
    }
    let by_score = match packer.packing {
        Packing::Fgd => !packer.mix.is_empty() && fits.may_score(ask.number, fleet, packer.scores),
        Packing::BestFit => true,
        Packing::Tightest | Packing::Random => false,
    };
    let one_host = if by_score {
        let (index, fragments) = fits.scored(ask.number, pool, demand, fleet, (packer.packing, packer.mix));
        let cards = |host: usize| match packer.packing {
            Packing::Fgd => {
                let best = gradient(host, fleet, pool, demand, packer.mix, fragments.of(host));
                best.map(|(_, cards)| cards)
            }
            _ => Some(best_cards(&fleet.hosts[host], pool, demand.milli, demand.count)),
        };
        let parts = |fit: &Fit| cards(fit.host).map(|cards| vec![HostPart { host: fit.host, cards }]);
        match packer.until.filter(|_| packer.packing == Packing::Fgd) {
            Some(until) => {
                best_scored(fleet, index, until, &mut |fit| parts(fit).filter(|parts| accept(parts)))
            }
            None => index.best_first().filter_map(parts).find(|parts| accept(parts)),
        }
    } else if packer.packing == Packing::Random {
        at_random(fleet, fits, ask, packer).filter(|parts| accept(parts))
    } else {
        let index = fits.of(ask.pool_number, pool, demand.milli, fleet);
        let cards = |host: usize| best_cards(&fleet.hosts[host], pool, demand.milli, demand.count);
        let parts = |fit: &Fit| vec![HostPart { host: fit.host, cards: cards(fit.host) }];
        match packer.until {
            Some(until) => {
                let hosts = || able(fleet, index, demand);
                aligned(fleet, hosts, until, &mut |fit| Some(parts(fit)).filter(|parts| accept(parts)))
            }
            None => able(fleet, index, demand).map(parts).find(|parts| accept(parts)),
        }
    };
    if one_host.is_some() || demand.single_host() {
        return one_host;
    }
    let index = fits.of(ask.pool_number, pool, demand.milli, fleet);
    let part = |(host, gpus): (usize, i32)| HostPart {
        host,
        cards: best_cards(&fleet.hosts[host], pool, demand.milli, gpus),
    };
    let shares = match Tally::new(demand, pool.largest_host()) {
        tally if tally.spread() == Spread::WholeHosts => whole_hosts(fleet, index, demand, &tally, pool),
        tally if tally.spread() == Spread::Anywhere => on_few_hosts(fleet, index, demand),
        _ => None,
    }?;
    Some(shares.into_iter().map(part).collect::<Vec<_>>()).filter(|parts| accept(parts))
}

/// The hosts that have room for all, tightest first.
fn able<'i>(fleet: &'i Fleet<'_>, index: &'i FitIndex, demand: &'i Demand) -> impl Iterator<Item = &'i Fit> {
    let least = if demand.is_whole() { demand.count } else { demand.milli };
    let served = |fit: &&Fit| fleet.hosts[fit.host].gpus_served(demand) >= demand.count;
    index.with_at_least(least).filter(served)
}

/// The tightest host that is busy for longer anyway; else the one that would be busy for least longer. Hosts whose jobs
/// end together become free as a whole, which is what a gang needs. (Lifetime alignment, as it is done for virtual machines:
/// "LAVA: Lifetime-Aware VM Allocation with Learned Distributions and Adaptation to Mispredictions", MLSys 2025.)
fn aligned<'i, Fits: Iterator<Item = &'i Fit>>(
    fleet: &Fleet<'_>,
    hosts: impl Fn() -> Fits,
    until: At,
    try_on: &mut dyn FnMut(&Fit) -> Option<Vec<HostPart>>,
) -> Option<Vec<HostPart>> {
    let drained = |fit: &Fit| fleet.hosts[fit.host].drained;
    let busy_anyway = hosts().filter(|fit| drained(fit) >= until);
    if let Some(parts) = busy_anyway.map(&mut *try_on).find_map(|parts| parts) {
        return Some(parts);
    }
    let others = hosts().filter(|fit| drained(fit) < until);
    let mut others: BinaryHeap<(At, Reverse<Fit>)> =
        others.map(|fit| (drained(fit), Reverse(*fit))).collect();
    while let Some((_, Reverse(fit))) = others.pop() {
        if let Some(parts) = try_on(&fit) {
            return Some(parts);
        }
    }
    None
}

/// The host with the best score; among equals the one that `aligned` prefers.
fn best_scored(
    fleet: &Fleet<'_>,
    index: &FitIndex,
    until: At,
    try_on: &mut dyn FnMut(&Fit) -> Option<Vec<HostPart>>,
) -> Option<Vec<HostPart>> {
    let mut scored = index.best_first().next().map(|fit| fit.score.what);
    while let Some(what) = scored {
        let equals = || index.scored_at_least(what).take_while(|fit| fit.score.what == what);
        if let Some(parts) = aligned(fleet, equals, until, try_on) {
            return Some(parts);
        }
        scored = index.scored_at_least(what.checked_add(1)?).next().map(|fit| fit.score.what);
    }
    None
}

fn at_random(
    fleet: &Fleet<'_>,
    fits: &mut FitIndexes,
    ask: &Ask<'_>,
    packer: &mut Packer<'_>,
) -> Option<Vec<HostPart>> {
    let index = fits.of(ask.pool_number, ask.pool, ask.demand.milli, fleet);
    let mut hosts: Vec<usize> = able(fleet, index, ask.demand).map(|fit| fit.host).collect();
    hosts.sort_unstable();
    let host = *hosts.get((packer.draw)(hosts.len()))?;
    let mut cards: Vec<usize> =
        givers(&fleet.hosts[host], ask.pool, ask.demand.milli).map(|(place, _)| place).collect();
    let mut chosen = Vec::new();
    for _ in 0..ask.demand.count {
        chosen.push(cards.swap_remove((packer.draw)(cards.len())));
    }
    Some(vec![HostPart { host, cards: chosen }])
}

/// A host for cores and memory alone.
fn without_gpus(
    fleet: &Fleet<'_>,
    fits: &mut FitIndexes,
    ask: &Ask<'_>,
    packer: &mut Packer<'_>,
) -> Option<Vec<HostPart>> {
    let (index, _) = fits.scored(ask.number, ask.pool, ask.demand, fleet, (packer.packing, packer.mix));
    let host = if packer.packing == Packing::Random {
        let mut hosts: Vec<usize> = index.best_first().map(|fit| fit.host).collect();
        hosts.sort_unstable();
        *hosts.get((packer.draw)(hosts.len()))?
    } else {
        index.best_first().next()?.host
    };
    Some(vec![HostPart { host, cards: Vec::new() }])
}

/// Whole hosts, and the tightest other one for the remainder.
fn whole_hosts(
    fleet: &Fleet<'_>,
    index: &FitIndex,
    demand: &Demand,
    tally: &Tally,
    pool: &Pool,
) -> Option<Vec<(usize, i32)>> {
    let (hosts, rest) = tally.whole_hosts();
    let served = |fit: &&Fit, gpus: i32| fleet.hosts[fit.host].gpus_served(demand) >= gpus;
    let size = pool.largest_host();
    let whole = index.with_at_least(size).filter(|fit| served(fit, size)).take(hosts as usize);
    let mut shares: Vec<(usize, i32)> = whole.map(|fit| (fit.host, size)).collect();
    if shares.len() < hosts as usize {
        return None;
    }
    if rest > 0 {
        let other = |fit: &&Fit| !shares.iter().any(|(host, _)| *host == fit.host);
        let fit = index.with_at_least(rest).filter(|fit| served(fit, rest)).find(other)?;
        shares.push((fit.host, rest));
    }
    Some(shares)
}

/// As few hosts as possible: the roomiest whole, until one can take the rest; of these, the tightest.
fn on_few_hosts(fleet: &Fleet<'_>, index: &FitIndex, demand: &Demand) -> Option<Vec<(usize, i32)>> {
    let rooms = roomiest_first(fleet, index, demand);
    let (mut parts, mut left, mut next) = (Vec::new(), demand.count, 0);
    while let Some(&(room, fit)) = rooms.get(next) {
        if room >= left {
            let enough = rooms[next..].partition_point(|(room, _)| *room >= left);
            let tightest = rooms[next..next + enough].iter().min()?;
            parts.push((tightest.1.host, left));
            return Some(parts);
        }
        parts.push((fit.host, room));
        left -= room;
        next += 1;
    }
    None
}

/// Hosts by how many of the job's GPUs they could take, most first, and best fit first among equals.
fn roomiest_first(fleet: &Fleet<'_>, index: &FitIndex, demand: &Demand) -> Vec<(i32, Fit)> {
    let mut rooms: Vec<(i32, Fit)> = index
        .with_at_least(1)
        .map(|fit| (fit.available.min(fleet.hosts[fit.host].gpus_served(demand)), *fit))
        .filter(|(room, _)| *room > 0)
        .collect();
    rooms.sort_unstable_by_key(|(room, fit)| (Reverse(*room), *fit));
    rooms
}
