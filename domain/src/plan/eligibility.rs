//! Which GPUs answer which jobs, whether busy or free: by organization, labels, type, memory and health.
//!
//! Many jobs are answered by the same GPUs; such a set is worked out once and called a pool. Two jobs compete exactly
//! when their pools overlap.

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::hash::Map;
use crate::ids::OrganizationId;
use crate::requirements::{GpuRequirements, Label};
use crate::snapshot::{SeenJobs, WaitingJob};

use super::demand::Demand;
use super::fleet::{Card, Fleet, Host};
use super::tally::Tally;

/// A set of GPUs: the cards of some models on some hosts.
#[derive(Clone)]
pub(super) struct Pool {
    pub(super) models: Vec<bool>,
    /// The hosts that carry any, by rank, each with how many.
    pub(super) hosts: Vec<(usize, i32)>,
    /// By rank: whether a host carries any.
    ranks: Vec<bool>,
}

impl Pool {
    /// Whether a card of one of this pool's hosts belongs to it.
    pub(super) fn contains(&self, card: &Card<'_>) -> bool {
        card.state.usable && self.models[card.model]
    }

    /// GPUs in it, busy ones included.
    pub(super) fn size(&self) -> i64 {
        self.hosts.iter().map(|(_, gpus)| i64::from(*gpus)).sum()
    }

    /// GPUs of the host that has most of them.
    pub(super) fn largest_host(&self) -> i32 {
        self.hosts.iter().map(|(_, gpus)| *gpus).max().unwrap_or(0)
    }

    /// Whether it has any of this host's GPUs.
    pub(super) fn has_host(&self, rank: usize) -> bool {
        self.ranks.get(rank).copied().unwrap_or(false)
    }

    /// Whether the demand could be met if nothing else ran.
    pub(super) fn could_ever_serve(&self, demand: &Demand, fleet: &Fleet<'_>) -> bool {
        let room = |&(host, gpus): &(usize, i32)| {
            let served = fleet.hosts[host].gpus_served_when_empty(demand);
            if demand.count == 0 { served } else { gpus.min(served) }
        };
        self.meets(demand, self.hosts.iter().map(room))
    }

    /// Whether hosts of this pool with room for so many of a job's GPUs meet its demand.
    pub(super) fn meets(&self, demand: &Demand, rooms: impl Iterator<Item = i32>) -> bool {
        let mut tally = Tally::new(demand, self.largest_host());
        rooms.for_each(|room| tally.add(room));
        tally.enough()
    }

    /// An order of pools that depends on nothing but their GPUs.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.models.cmp(&other.models).then_with(|| self.hosts.cmp(&other.hosts))
    }

    fn overlaps(&self, other: &Self, fleet: &Fleet<'_>) -> bool {
        let theirs: HashSet<usize> = other.hosts.iter().map(|(host, _)| *host).collect();
        let shared = |card: &Card<'_>| self.contains(card) && other.contains(card);
        self.hosts
            .iter()
            .any(|(host, _)| theirs.contains(host) && fleet.hosts[*host].cards.iter().any(shared))
    }
}

/// Who asks, and for what.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) organization: OrganizationId,
    pub(super) requirements: &'a GpuRequirements,
    /// Its hosts must run containers.
    pub(super) needs_container: bool,
}

impl<'a> Asked<'a> {
    /// By a job.
    pub(super) fn by(job: &'a WaitingJob) -> Self {
        let WaitingJob { organization, requirements, needs_container, .. } = job;
        Self { organization: *organization, requirements, needs_container: *needs_container }
    }

    /// By jobs of the past.
    pub(super) fn by_seen(seen: &'a SeenJobs) -> Self {
        let SeenJobs { organization, requirements, needs_container, .. } = seen;
        Self { organization: *organization, requirements, needs_container: *needs_container }
    }
}

/// Whether an organization's jobs may run on a host, as far as tenancy goes.
pub(super) fn may_use(organization: OrganizationId, host: &Host<'_>) -> bool {
    host.state.organization.is_none_or(|owner| owner == organization)
}

/// Every pool that the queue has needed so far.
#[derive(Clone)]
pub(super) struct Pools<'a> {
    pub(super) known: Vec<Pool>,
    numbers: Map<(Vec<bool>, usize), usize>,
    /// Sets of hosts, by what was asked of them and by what came of it.
    places: Vec<Vec<usize>>,
    places_by_wish: Map<(&'a [Label], Option<OrganizationId>, bool), usize>,
    places_by_hosts: Map<Vec<usize>, usize>,
    /// Organizations that own hosts; all others see the same ones.
    owners: HashSet<OrganizationId>,
}

impl<'a> Pools<'a> {
    pub(super) fn new(fleet: &Fleet<'_>) -> Self {
        Self {
            known: Vec::new(),
            numbers: Map::default(),
            places: Vec::new(),
            places_by_wish: Map::default(),
            places_by_hosts: Map::default(),
            owners: fleet.hosts.iter().filter_map(|host| host.state.organization).collect(),
        }
    }

    /// The number of the pool that answers these requirements.
    pub(super) fn number(&mut self, fleet: &Fleet<'_>, asked: Asked<'a>) -> usize {
        let place = self.place(fleet, asked);
        let matches = |model: &(&str, i32)| asked.requirements.matches_card(model.0, model.1);
        let models: Vec<bool> = fleet.models.iter().map(matches).collect();
        if let Some(&number) = self.numbers.get(&(models.clone(), place)) {
            return number;
        }
        let pool = gather(fleet, models.clone(), &self.places[place]);
        self.known.push(pool);
        self.numbers.insert((models, place), self.known.len() - 1);
        self.known.len() - 1
    }

    fn place(&mut self, fleet: &Fleet<'_>, asked: Asked<'a>) -> usize {
        let Asked { organization, requirements, needs_container } = asked;
        let owner = self.owners.contains(&organization).then_some(organization);
        let wish = (requirements.labels.as_slice(), owner, needs_container);
        if let Some(&place) = self.places_by_wish.get(&wish) {
            return place;
        }
        let fits = |host: &Host<'_>| {
            let state = host.state;
            let labelled = requirements.matches_labels(&state.labels);
            let runs = state.runs_containers || !needs_container;
            state.schedulable && may_use(organization, host) && labelled && runs
        };
        let hosts: Vec<usize> = (0..fleet.hosts.len()).filter(|&rank| fits(&fleet.hosts[rank])).collect();
        let place = *self.places_by_hosts.entry(hosts).or_insert_with_key(|hosts| {
            self.places.push(hosts.clone());
            self.places.len() - 1
        });
        self.places_by_wish.insert(wish, place);
        place
    }

    /// The pool that would answer these requirements if every host ran containers.
    pub(super) fn without_containers(fleet: &Fleet<'_>, asked: Asked<'_>) -> Pool {
        let anywhere = Asked { needs_container: false, ..asked };
        let mut pools = Pools::new(fleet);
        let number = pools.number(fleet, anywhere);
        pools.known.swap_remove(number)
    }

    /// For each pool, the pools that share a GPU with it, itself included.
    pub(super) fn overlaps(&self, fleet: &Fleet<'_>) -> Vec<Vec<usize>> {
        let all = || 0..self.known.len();
        all().map(|a| all().filter(|&b| self.known[a].overlaps(&self.known[b], fleet)).collect()).collect()
    }
}

fn gather(fleet: &Fleet<'_>, models: Vec<bool>, place: &[usize]) -> Pool {
    let mut pool = Pool { models, hosts: Vec::new(), ranks: vec![false; fleet.hosts.len()] };
    for &host in place {
        let gpus = fleet.hosts[host].cards.iter().filter(|card| pool.contains(card)).count() as i32;
        if gpus > 0 {
            pool.hosts.push((host, gpus));
            pool.ranks[host] = true;
        }
    }
    pool
}
