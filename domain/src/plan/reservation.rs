//! What the first job that does not fit keeps for itself where nobody can tell when it will: the GPUs on which it would
//! fit soonest. Where that can be told, a horizon does better (`horizon`).
//!
//! What is free earliest wins; where nobody can tell, the host with the most room already. Either measure only improves from pass to pass while nobody else takes what is kept, so the job's turn comes.

use std::cmp::Reverse;

use crate::ids::JobId;

use super::demand::{Demand, Spread};
use super::eligibility::Pool;
use super::fleet::{Fleet, HostPart};
use super::moment::{At, NEVER};
use super::tally::Tally;

/// GPUs kept for a job.
pub(super) struct Reservation {
    pub(super) job: JobId,
    pub(super) parts: Vec<HostPart>,
}

/// Chooses what to keep for a job that the pool could serve if it were empty.
pub(super) fn choose(
    job: JobId,
    fleet: &Fleet<'_>,
    pool: &Pool,
    demand: &Demand,
    now: At,
) -> Option<Reservation> {
    let cards = readiness(fleet, pool, demand, now);
    let tally = Tally::new(demand, pool.largest_host());
    let chosen = match tally.spread() {
        Spread::OneHost => on_one_host(fleet, demand, cards),
        Spread::WholeHosts => on_whole_hosts(fleet, demand, &tally, pool, cards),
        Spread::Anywhere => anywhere(demand, cards),
    }?;
    Some(Reservation { job, parts: by_host(&chosen) })
}

/// A card that could be kept; the least is the best to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    ready: At,
    /// A card with more left is nearer to being free, when nobody can tell the time.
    free: Reverse<i32>,
    host: usize,
    memory_mib: i32,
    card: usize,
}

impl Candidate {
    fn is_free(&self, demand: &Demand) -> bool {
        self.free.0 >= demand.milli
    }
}

/// The pool's cards, host by host, each host's best first.
fn readiness(fleet: &Fleet<'_>, pool: &Pool, demand: &Demand, now: At) -> Vec<Vec<Candidate>> {
    let of_host = |&(host, _): &(usize, i32)| {
        let cards = fleet.hosts[host].cards.iter().enumerate();
        let mut candidates: Vec<Candidate> = cards
            .filter(|(_, card)| pool.contains(card))
            .map(|(place, card)| Candidate {
                ready: card.ready(demand.milli, now),
                free: Reverse(card.free_milli),
                host,
                memory_mib: card.state.memory_mib,
                card: place,
            })
            .collect();
        candidates.sort_unstable();
        only_as_served(fleet, demand, &mut candidates);
        candidates
    };
    pool.hosts.iter().map(of_host).collect()
}

/// Nobody can tell when cores and memory come back: cards that those free now do not serve have no known time, and
/// cards that not even the whole host would serve are no candidates.
fn only_as_served(fleet: &Fleet<'_>, demand: &Demand, candidates: &mut Vec<Candidate>) {
    let Some(first) = candidates.first() else { return };
    let host = &fleet.hosts[first.host];
    candidates.truncate(host.gpus_served_when_empty(demand).max(0) as usize);
    let served = host.gpus_served(demand).max(0) as usize;
    for candidate in candidates.iter_mut().skip(served) {
        candidate.ready = NEVER;
    }
}

fn on_one_host(fleet: &Fleet<'_>, demand: &Demand, hosts: Vec<Vec<Candidate>>) -> Option<Vec<Candidate>> {
    let count = demand.count as usize;
    let enough = hosts.into_iter().filter(|cards| cards.len() >= count);
    let mut best: Option<(_, Vec<Candidate>)> = None;
    for mut cards in enough {
        cards.truncate(count);
        let rank = rank(fleet, demand, &cards);
        if best.as_ref().is_none_or(|(least, _)| rank < *least) {
            best = Some((rank, cards));
        }
    }
    best.map(|(_, cards)| cards)
}

/// The hosts that are soonest ready as a whole, and one more for the remainder.
fn on_whole_hosts(
    fleet: &Fleet<'_>,
    demand: &Demand,
    tally: &Tally,
    pool: &Pool,
    hosts: Vec<Vec<Candidate>>,
) -> Option<Vec<Candidate>> {
    let (whole, rest) = tally.whole_hosts();
    let size = pool.largest_host() as usize;
    let mut ranked: Vec<_> = hosts
        .into_iter()
        .filter(|cards| cards.len() >= size)
        .map(|cards| (rank(fleet, demand, &cards), cards))
        .collect();
    ranked.sort_unstable_by_key(|(rank, _)| *rank);
    let wanted = whole as usize + usize::from(rest > 0);
    if ranked.len() < wanted {
        return None;
    }
    let cards = ranked.into_iter().take(wanted).flat_map(|(_, cards)| cards);
    Some(cards.take(demand.count as usize).collect())
}

/// How soon a host is ready; then how much it could give now, by cards and cores, then by cards alone.
fn rank(
    fleet: &Fleet<'_>,
    demand: &Demand,
    cards: &[Candidate],
) -> (Option<At>, Reverse<i32>, Reverse<i32>, Option<usize>) {
    let free = cards.iter().filter(|card| card.is_free(demand)).count() as i32;
    let host = cards.first().map(|card| card.host);
    let served = host.map_or(0, |host| fleet.hosts[host].gpus_served(demand));
    let ready = cards.iter().map(|card| card.ready).max();
    (ready, Reverse(free.min(served)), Reverse(free), host)
}

/// Free ones first, wherever they are, so that what is kept only grows.
fn anywhere(demand: &Demand, hosts: Vec<Vec<Candidate>>) -> Option<Vec<Candidate>> {
    let mut cards: Vec<Candidate> = hosts.into_iter().flatten().collect();
    cards.sort_unstable();
    cards.truncate(demand.count as usize);
    (cards.len() == demand.count as usize).then_some(cards)
}

fn by_host(cards: &[Candidate]) -> Vec<HostPart> {
    let mut places: Vec<(usize, usize)> = cards.iter().map(|card| (card.host, card.card)).collect();
    places.sort_unstable();
    places
        .chunk_by(|a, b| a.0 == b.0)
        .map(|chunk| HostPart { host: chunk[0].0, cards: chunk.iter().map(|(_, card)| *card).collect() })
        .collect()
}
