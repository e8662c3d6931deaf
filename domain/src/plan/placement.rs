//! Where a job goes: the tightest fit, all of its GPUs or none.

use std::cmp::Reverse;

use super::demand::Demand;
use super::eligibility::Pool;
use super::fit::{Fit, FitIndex, best_cards};
use super::fleet::{Fleet, HostPart};

/// The GPUs for a demand, or nothing when not all of them are free.
pub(super) fn choose(
    fleet: &Fleet<'_>,
    pool: &Pool,
    index: &FitIndex,
    demand: &Demand,
) -> Option<Vec<HostPart>> {
    let shares = on_one_host(fleet, index, demand)
        .or_else(|| if demand.single_host { None } else { on_few_hosts(fleet, index, demand) })?;
    let part = |(host, gpus): (usize, i32)| HostPart {
        host,
        cards: best_cards(&fleet.hosts[host], pool, demand.milli, gpus),
    };
    Some(shares.into_iter().map(part).collect())
}

/// The tightest host that has room for all.
fn on_one_host(fleet: &Fleet<'_>, index: &FitIndex, demand: &Demand) -> Option<Vec<(usize, i32)>> {
    let least = if demand.is_whole() { demand.count } else { demand.milli };
    index
        .with_at_least(least)
        .find(|fit| fleet.hosts[fit.host].gpus_served(demand) >= demand.count)
        .map(|fit| vec![(fit.host, demand.count)])
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
