//! What the first job that does not fit keeps for itself: the GPUs on which it would fit soonest.
//!
//! Where time limits tell when they are free, the earliest wins; where they do not, the host with the most room already.
//! Either measure only improves from pass to pass while nobody else takes what is kept, so the job's turn comes.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::ids::{GpuId, JobId};
use crate::snapshot::{RunningJob, Snapshot};

use super::demand::Demand;
use super::eligibility::Pool;
use super::fleet::{Card, Fleet, HostPart};

/// GPUs kept for a job.
pub(super) struct Reservation {
    pub(super) job: JobId,
    pub(super) parts: Vec<HostPart>,
    /// When it can start at the latest, where time limits tell.
    pub(super) starts_by: Option<DateTime<Utc>>,
}

/// When something is free: now or by a time, or last of all, nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Ready {
    By(DateTime<Utc>),
    Unknown,
}

/// Chooses what to keep for a job that the pool could serve if it were empty.
pub(super) fn choose(
    job: JobId,
    fleet: &Fleet<'_>,
    pool: &Pool,
    demand: &Demand,
    releases: &Releases,
) -> Option<Reservation> {
    let cards = readiness(fleet, pool, demand, releases);
    let chosen =
        if demand.single_host { on_one_host(fleet, demand, cards) } else { anywhere(fleet, demand, cards) }?;
    let ready = chosen.iter().map(|card| card.ready).max()?;
    let starts_by = match ready {
        Ready::By(time) => Some(time),
        Ready::Unknown => None,
    };
    Some(Reservation { job, parts: by_host(&chosen), starts_by })
}

/// A card that could be kept; the least is the best to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    ready: Ready,
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
fn readiness(fleet: &Fleet<'_>, pool: &Pool, demand: &Demand, releases: &Releases) -> Vec<Vec<Candidate>> {
    let of_host = |&(host, _): &(usize, i32)| {
        let cards = fleet.hosts[host].cards.iter().enumerate();
        let mut candidates: Vec<Candidate> = cards
            .filter(|(_, card)| pool.contains(card))
            .map(|(place, card)| Candidate {
                ready: releases.ready(card, demand.milli),
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
        candidate.ready = Ready::Unknown;
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

/// How soon a host is ready; then how much it could give now, by cards and cores, then by cards alone.
fn rank(
    fleet: &Fleet<'_>,
    demand: &Demand,
    cards: &[Candidate],
) -> (Option<Ready>, Reverse<i32>, Reverse<i32>, Option<usize>) {
    let free = cards.iter().filter(|card| card.is_free(demand)).count() as i32;
    let host = cards.first().map(|card| card.host);
    let served = host.map_or(0, |host| fleet.hosts[host].gpus_served(demand));
    let ready = cards.iter().map(|card| card.ready).max();
    (ready, Reverse(free.min(served)), Reverse(free), host)
}

/// Free ones first, wherever they are, so that what is kept only grows.
fn anywhere(_fleet: &Fleet<'_>, demand: &Demand, hosts: Vec<Vec<Candidate>>) -> Option<Vec<Candidate>> {
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

/// When running jobs give back what they hold, GPU by GPU.
pub(super) struct Releases {
    by_gpu: HashMap<GpuId, Vec<(Ready, i32)>>,
    now: DateTime<Utc>,
}

impl Releases {
    pub(super) fn new(snapshot: &Snapshot, now: DateTime<Utc>) -> Self {
        let mut by_gpu: HashMap<GpuId, Vec<(Ready, i32)>> = HashMap::new();
        for job in &snapshot.running {
            for (gpu, milli) in &job.gpus {
                by_gpu.entry(*gpu).or_default().push((ends(job, now), *milli));
            }
        }
        by_gpu.values_mut().for_each(|ends| ends.sort_unstable());
        Self { by_gpu, now }
    }

    /// When this much of a card is free.
    fn ready(&self, card: &Card<'_>, milli: i32) -> Ready {
        let mut free = card.free_milli;
        if free >= milli {
            return Ready::By(self.now);
        }
        for (ready, held) in self.by_gpu.get(&card.state.id).into_iter().flatten() {
            free += held;
            if free >= milli {
                return *ready;
            }
        }
        Ready::Unknown
    }
}

/// A job past its limit is being stopped: it ends any moment.
fn ends(job: &RunningJob, now: DateTime<Utc>) -> Ready {
    job.ends_by.map_or(Ready::Unknown, |end| Ready::By(end.max(now)))
}
