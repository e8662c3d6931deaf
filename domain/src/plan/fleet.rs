//! The working copy of the fleet: what the jobs placed so far have left of it.
//!
//! Within a pass GPUs only ever become fewer; the caches of the other files lean on that.

use std::collections::HashMap;

use crate::requirements::{WHOLE_GPU_MILLI, memory_gb};
use crate::snapshot::{GpuState, HostState, Snapshot};

use super::demand::Demand;

/// The fleet, hosts by name.
pub(super) struct Fleet<'a> {
    /// The hosts: a host's place in this list is its rank in every tie.
    pub(super) hosts: Vec<Host<'a>>,
    /// The kinds of cards, by type and memory; [`Card::model`] points here.
    pub(super) models: Vec<(&'a str, i32)>,
    /// The hosts that changed, oldest first, so that an index can catch up.
    pub(super) changes: Vec<usize>,
}

/// A host and what is left of it.
pub(super) struct Host<'a> {
    pub(super) state: &'a HostState,
    /// By index.
    pub(super) cards: Vec<Card<'a>>,
    cpus_free: f64,
    memory_gb_free: f64,
    cpus_reserved: f64,
    memory_gb_reserved: f64,
}

/// A GPU and what is left of it.
pub(super) struct Card<'a> {
    pub(super) state: &'a GpuState,
    pub(super) model: usize,
    /// Thousandths that nobody holds; 0 when it is not usable.
    pub(super) free_milli: i32,
    /// Kept for the first job that does not fit.
    pub(super) reserved: bool,
}

/// GPUs of one host, by their place in [`Host::cards`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPart {
    pub(super) host: usize,
    pub(super) cards: Vec<usize>,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let mut states: Vec<&HostState> = snapshot.hosts.iter().collect();
        states.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        let mut models = Models::default();
        let hosts = states.into_iter().map(|state| Host::new(state, &mut models)).collect();
        Self { hosts, models: models.known, changes: Vec::new() }
    }

    /// Gives a job what was chosen for it.
    pub(super) fn take(&mut self, parts: &[HostPart], demand: &Demand) {
        for part in parts {
            let host = &mut self.hosts[part.host];
            for &card in &part.cards {
                host.cards[card].free_milli -= demand.milli;
            }
            host.cpus_free -= demand.cpus_per_gpu * part.cards.len() as f64;
            host.memory_gb_free -= demand.memory_gb_per_gpu * part.cards.len() as f64;
            self.changes.push(part.host);
        }
    }

    /// Keeps GPUs, busy ones included, and what is free of the cores and memory that go with them.
    pub(super) fn reserve(&mut self, parts: &[HostPart], demand: &Demand) {
        for part in parts {
            let host = &mut self.hosts[part.host];
            for &card in &part.cards {
                host.cards[card].reserved = true;
            }
            let gpus = part.cards.len() as f64;
            host.cpus_reserved = (demand.cpus_per_gpu * gpus).min(host.cpus_free.max(0.0));
            host.memory_gb_reserved = (demand.memory_gb_per_gpu * gpus).min(host.memory_gb_free.max(0.0));
            self.changes.push(part.host);
        }
    }
}

impl<'a> Host<'a> {
    fn new(state: &'a HostState, models: &mut Models<'a>) -> Self {
        let mut cards: Vec<Card<'a>> = state.gpus.iter().map(|gpu| Card::new(gpu, models)).collect();
        cards.sort_unstable_by_key(|card| (card.state.index, card.state.id));
        Self {
            state,
            cards,
            cpus_free: state.cpus - state.cpus_allocated,
            memory_gb_free: memory_gb(state.memory_mib) - state.memory_gb_allocated,
            cpus_reserved: 0.0,
            memory_gb_reserved: 0.0,
        }
    }

    /// For how many GPUs of this demand the cores and the memory would suffice if the host were empty.
    pub(super) fn gpus_served_when_empty(&self, demand: &Demand) -> i32 {
        demand.gpus_served_by(self.state.cpus, memory_gb(self.state.memory_mib))
    }

    /// For how many GPUs of this demand the cores and the memory suffice that are neither held nor reserved.
    pub(super) fn gpus_served(&self, demand: &Demand) -> i32 {
        let cpus = self.cpus_free - self.cpus_reserved;
        demand.gpus_served_by(cpus, self.memory_gb_free - self.memory_gb_reserved)
    }

    /// The same for the one job that the reservation is for.
    pub(super) fn gpus_served_with_reserved(&self, demand: &Demand) -> i32 {
        demand.gpus_served_by(self.cpus_free, self.memory_gb_free)
    }

    /// Whole GPUs that nobody holds or has reserved.
    pub(super) fn free_gpus(&self) -> i32 {
        let free = |card: &&Card<'_>| card.free_milli == WHOLE_GPU_MILLI && !card.reserved;
        self.cards.iter().filter(free).count() as i32
    }
}

impl<'a> Card<'a> {
    fn new(state: &'a GpuState, models: &mut Models<'a>) -> Self {
        let free = if state.usable { WHOLE_GPU_MILLI - state.allocated_milli } else { 0 };
        Self {
            state,
            model: models.number(state),
            free_milli: free.clamp(0, WHOLE_GPU_MILLI),
            reserved: false,
        }
    }

    /// Nobody holds this much of it, or has reserved it.
    pub(super) fn can_give(&self, milli: i32) -> bool {
        !self.reserved && self.free_milli >= milli
    }
}

/// The kinds of cards, numbered as they are met.
#[derive(Default)]
struct Models<'a> {
    known: Vec<(&'a str, i32)>,
    numbers: HashMap<(&'a str, i32), usize>,
}

impl<'a> Models<'a> {
    fn number(&mut self, gpu: &'a GpuState) -> usize {
        let model = (gpu.gpu_type.as_str(), gpu.memory_mib);
        *self.numbers.entry(model).or_insert_with(|| {
            self.known.push(model);
            self.known.len() - 1
        })
    }
}
