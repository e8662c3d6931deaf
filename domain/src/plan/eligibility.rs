//! Which GPUs answer which jobs, whether busy or free: by organization, labels, type, memory and health.
//!
//! Many jobs are answered by the same GPUs; such a set is worked out once and called a pool. Two jobs compete exactly
//! when their pools overlap.

use std::collections::{HashMap, HashSet};

use crate::ids::OrganizationId;
use crate::requirements::{GpuRequirements, Label};

use super::demand::Demand;
use super::fleet::{Card, Fleet, Host};

/// A set of GPUs: the cards of some models on some hosts.
pub(super) struct Pool {
    models: Vec<bool>,
    /// The hosts that carry any, by rank, each with how many.
    pub(super) hosts: Vec<(usize, i32)>,
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

    /// Whether the demand could be met if nothing else ran.
    pub(super) fn could_ever_serve(&self, demand: &Demand, fleet: &Fleet<'_>) -> bool {
        let rooms = self
            .hosts
            .iter()
            .map(|&(host, gpus)| (host, gpus.min(fleet.hosts[host].gpus_served_when_empty(demand))));
        meets(demand, rooms.map(|(_, room)| room))
    }

    fn overlaps(&self, other: &Self, fleet: &Fleet<'_>) -> bool {
        let theirs: HashSet<usize> = other.hosts.iter().map(|(host, _)| *host).collect();
        let shared = |card: &Card<'_>| self.contains(card) && other.contains(card);
        self.hosts
            .iter()
            .any(|(host, _)| theirs.contains(host) && fleet.hosts[*host].cards.iter().any(shared))
    }
}

/// Whether hosts with room for so many of a job's GPUs meet its demand.
pub(super) fn meets(demand: &Demand, mut rooms: impl Iterator<Item = i32>) -> bool {
    if demand.single_host {
        rooms.any(|room| room >= demand.count)
    } else {
        rooms.map(|room| i64::from(room.max(0))).sum::<i64>() >= i64::from(demand.count)
    }
}

/// Whether an organization's jobs may run on a host, as far as tenancy goes.
pub(super) fn may_use(organization: OrganizationId, host: &Host<'_>) -> bool {
    host.state.organization.is_none_or(|owner| owner == organization)
}

/// Every pool that the queue has needed so far.
pub(super) struct Pools<'a> {
    pub(super) known: Vec<Pool>,
    numbers: HashMap<(Vec<bool>, usize), usize>,
    /// Sets of hosts, by what was asked of them and by what came of it.
    places: Vec<Vec<usize>>,
    places_by_wish: HashMap<(&'a [Label], Option<OrganizationId>), usize>,
    places_by_hosts: HashMap<Vec<usize>, usize>,
    /// Organizations that own hosts; all others see the same ones.
    owners: HashSet<OrganizationId>,
}

impl<'a> Pools<'a> {
    pub(super) fn new(fleet: &Fleet<'_>) -> Self {
        Self {
            known: Vec::new(),
            numbers: HashMap::new(),
            places: Vec::new(),
            places_by_wish: HashMap::new(),
            places_by_hosts: HashMap::new(),
            owners: fleet.hosts.iter().filter_map(|host| host.state.organization).collect(),
        }
    }

    /// The number of the pool that answers these requirements.
    pub(super) fn number(
        &mut self,
        fleet: &Fleet<'_>,
        organization: OrganizationId,
        requirements: &'a GpuRequirements,
    ) -> usize {
        let place = self.place(fleet, organization, requirements);
        let matches = |model: &(&str, i32)| requirements.matches_card(model.0, model.1);
        let models: Vec<bool> = fleet.models.iter().map(matches).collect();
        if let Some(&number) = self.numbers.get(&(models.clone(), place)) {
            return number;
        }
        let pool = gather(fleet, models.clone(), &self.places[place]);
        self.known.push(pool);
        self.numbers.insert((models, place), self.known.len() - 1);
        self.known.len() - 1
    }

    fn place(
        &mut self,
        fleet: &Fleet<'_>,
        organization: OrganizationId,
        requirements: &'a GpuRequirements,
    ) -> usize {
        let wish =
            (requirements.labels.as_slice(), self.owners.contains(&organization).then_some(organization));
        if let Some(&place) = self.places_by_wish.get(&wish) {
            return place;
        }
        let fits = |host: &Host<'_>| {
            let state = host.state;
            let labelled = requirements.matches_labels(&state.labels);
            state.schedulable && may_use(organization, host) && labelled
        };
        let hosts: Vec<usize> = (0..fleet.hosts.len()).filter(|&rank| fits(&fleet.hosts[rank])).collect();
        let place = *self.places_by_hosts.entry(hosts).or_insert_with_key(|hosts| {
            self.places.push(hosts.clone());
            self.places.len() - 1
        });
        self.places_by_wish.insert(wish, place);
        place
    }

    /// For each pool, the pools that share a GPU with it, itself included.
    pub(super) fn overlaps(&self, fleet: &Fleet<'_>) -> Vec<Vec<usize>> {
        let all = || 0..self.known.len();
        all().map(|a| all().filter(|&b| self.known[a].overlaps(&self.known[b], fleet)).collect()).collect()
    }
}

fn gather(fleet: &Fleet<'_>, models: Vec<bool>, place: &[usize]) -> Pool {
    let mut pool = Pool { models, hosts: Vec::new() };
    for &host in place {
        let gpus = fleet.hosts[host].cards.iter().filter(|card| pool.contains(card)).count() as i32;
        if gpus > 0 {
            pool.hosts.push((host, gpus));
        }
    }
    pool
}
