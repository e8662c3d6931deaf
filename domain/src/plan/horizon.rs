//! When the first job that cannot start will have enough GPUs, by what running jobs are thought to take, and whether
//! another job's start would put that off.
//!
//! Nothing particular is kept: any arrangement that lets the job start by its moment will do, so that as much as
//! possible can run meanwhile.

use super::demand::{Demand, Spread};
use super::eligibility::Pool;
use super::fleet::{Fleet, Host, HostPart};
use super::moment::{At, NEVER};
use super::tally::Tally;

/// A job's moment, and what of the fleet will be there for it.
pub(super) struct Horizon {
    /// The job can start by then.
    pub(super) at: At,
    pool: usize,
    demand: Demand,
    /// By host: for how many of the job's GPUs there will be room.
    rooms: Vec<i32>,
    tally: Tally,
}

impl Horizon {
    /// Nothing when nobody can tell.
    pub(super) fn new(
        number: usize,
        pool: &Pool,
        demand: &Demand,
        fleet: &Fleet<'_>,
        now: At,
    ) -> Option<Self> {
        let tally = Tally::new(demand, pool.largest_host());
        let at = earliest(pool, demand, &tally, fleet, now)?;
        let mut horizon =
            Self { at, pool: number, demand: *demand, rooms: vec![0; fleet.hosts.len()], tally };
        for &(host, _) in &pool.hosts {
            let room = room_at(&fleet.hosts[host], pool, demand, at, &[], 0);
            horizon.rooms[host] = room;
            horizon.tally.add(room);
        }
        Some(horizon)
    }

    /// Whether the job could not start by its moment if these were held beyond it.
    pub(super) fn delayed_by(
        &self,
        parts: &[HostPart],
        demand: &Demand,
        pool: &Pool,
        fleet: &Fleet<'_>,
    ) -> bool {
        let mut tally = self.tally.clone();
        for (host, room) in self.rooms_beside(parts, demand, pool, fleet) {
            tally.replace(self.rooms[host], room);
        }
        !tally.enough()
    }

    /// Notes that these are held beyond the moment. To be told before the fleet gives them.
    pub(super) fn lose(&mut self, parts: &[HostPart], demand: &Demand, pool: &Pool, fleet: &Fleet<'_>) {
        for (host, room) in self.rooms_beside(parts, demand, pool, fleet) {
            self.tally.replace(self.rooms[host], room);
            self.rooms[host] = room;
        }
    }

    /// The pool of the job, as a number.
    pub(super) fn pool(&self) -> usize {
        self.pool
    }

    fn rooms_beside(
        &self,
        parts: &[HostPart],
        demand: &Demand,
        pool: &Pool,
        fleet: &Fleet<'_>,
    ) -> Vec<(usize, i32)> {
        let affected = parts.iter().filter(|part| pool.has_host(part.host));
        affected
            .map(|part| {
                let host = &fleet.hosts[part.host];
                let after = room_at(host, pool, &self.demand, self.at, &part.cards, demand.milli);
                let served = served_beside(host, &self.demand, self.at, demand, demand.portions(part));
                (part.host, after.min(served).min(self.rooms[part.host]))
            })
            .collect()
    }
}

/// For how many GPUs a host has room at a moment, when so much of some cards is taken.
fn room_at(host: &Host<'_>, pool: &Pool, demand: &Demand, at: At, taken: &[usize], milli: i32) -> i32 {
    let able = host.cards.iter().enumerate().filter(|(place, card)| {
        let less = if taken.contains(place) { milli } else { 0 };
        pool.contains(card) && card.free_at(at) - less >= demand.milli
    });
    (able.count() as i32).min(host.gpus_served_at(demand, at))
}

fn served_beside(host: &Host<'_>, head: &Demand, at: At, other: &Demand, portions: f64) -> i32 {
    if !head.takes_room() || !other.takes_room() {
        return i32::MAX;
    }
    let (cpus, memory) = host.room_at(at);
    head.gpus_served_by(cpus - other.cpus_per_gpu * portions, memory - other.memory_gb_per_gpu * portions)
}

/// The first moment at which the job could start if nothing else did.
fn earliest(pool: &Pool, demand: &Demand, tally: &Tally, fleet: &Fleet<'_>, now: At) -> Option<At> {
    let mut ready = Vec::new();
    let kth = |host: usize, count: i32, ready: &mut Vec<At>| {
        ready_for(&fleet.hosts[host], pool, demand, count, now, ready)
    };
    let hosts = pool.hosts.iter().map(|(host, _)| *host);
    let at = match tally.spread() {
        Spread::OneHost => hosts.map(|host| kth(host, demand.count, &mut ready)).min()?,
        Spread::WholeHosts => {
            let (whole, rest) = tally.whole_hosts();
            let size = pool.largest_host();
            let full = hosts.clone().map(|host| kth(host, size, &mut ready)).collect();
            let full = nth(full, whole)?;
            if rest == 0 {
                full
            } else {
                let mut ready = Vec::new();
                full.max(nth(hosts.map(|host| kth(host, rest, &mut ready)).collect(), whole + 1)?)
            }
        }
        Spread::Anywhere => {
            let cards = hosts.flat_map(|host| {
                let host = &fleet.hosts[host];
                let count = host.cards.iter().filter(|card| pool.contains(card)).count() as i32;
                let mut ready = Vec::new();
                (1..=count).map(|k| ready_for(host, pool, demand, k, now, &mut ready)).collect::<Vec<_>>()
            });
            nth(cards.collect(), demand.count)?
        }
    };
    (at != NEVER).then_some(at)
}

/// The n-th smallest, counted from 1.
fn nth(mut times: Vec<At>, n: i32) -> Option<At> {
    let place = (n as usize).checked_sub(1)?;
    if place >= times.len() {
        return None;
    }
    Some(*times.select_nth_unstable(place).1)
}

/// When a host has room for so many GPUs.
fn ready_for(host: &Host<'_>, pool: &Pool, demand: &Demand, count: i32, now: At, ready: &mut Vec<At>) -> At {
    ready.clear();
    ready.extend(
        host.cards.iter().filter(|card| pool.contains(card)).map(|card| card.ready(demand.milli, now)),
    );
    let by_cards = match (count as usize).checked_sub(1) {
        None => now,
        Some(place) if place < ready.len() => *ready.select_nth_unstable(place).1,
        Some(_) => return NEVER,
    };
    if !demand.takes_room() || host.gpus_served_at(demand, by_cards) >= count.max(1) {
        return by_cards;
    }
    let mut ends: Vec<At> = host.cards.iter().flat_map(|card| &card.holds).map(|hold| hold.until).collect();
    ends.sort_unstable();
    let later = ends.into_iter().filter(|end| *end > by_cards);
    later.into_iter().find(|end| host.gpus_served_at(demand, *end) >= count.max(1)).unwrap_or(NEVER)
}
