//! The working copy of the fleet: what running jobs have left of it, and when they are thought to give it back.
//!
//! Within a pass GPUs only ever become fewer; between passes they come back. Whoever keeps something derived from a host
//! reads the log of changes and catches up.

use std::collections::HashMap;

use crate::requirements::{WHOLE_GPU_MILLI, memory_gb};
use crate::snapshot::{GpuState, HostState, Snapshot};

use super::demand::Demand;
use super::moment::{At, NEVER};
use super::together::{self, Spot};

/// The fleet, hosts by name.
#[derive(Clone)]
pub(super) struct Fleet<'a> {
    /// The hosts: a host's place in this list is its rank in every tie.
    pub(super) hosts: Vec<Host<'a>>,
    /// The kinds of cards, by type and memory; [`Card::model`] points here.
    pub(super) models: Vec<(&'a str, i32)>,
    /// The hosts that changed, oldest first, so that an index can catch up.
    pub(super) changes: Changes,
    /// Thousandths of usable GPUs that nobody holds.
    pub(super) free_milli: i64,
    /// Of the hosts, the most thousandths of GPUs that one has, and the most cores.
    pub(super) largest: (f64, f64),
}

/// A log of hosts that changed. Its oldest part is forgotten from time to time.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    forgotten: usize,
    hosts: Vec<usize>,
}

impl Changes {
    /// A log longer than this is forgotten.
    const LONGEST: usize = 16_384;

    /// How many changes there have ever been.
    pub(super) fn seen(&self) -> usize {
        self.forgotten + self.hosts.len()
    }

    /// What has changed since so many changes; nothing when that is forgotten.
    pub(super) fn since(&self, seen: usize) -> Option<&[usize]> {
        seen.checked_sub(self.forgotten).and_then(|skip| self.hosts.get(skip..))
    }

    fn note(&mut self, host: usize) {
        if self.hosts.len() >= Self::LONGEST {
            self.forgotten += self.hosts.len();
            self.hosts.clear();
        }
        self.hosts.push(host);
    }
}

/// What one job holds of one card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hold {
    /// When it is thought to end; [`NEVER`] when nobody can tell.
    pub(super) until: At,
    pub(super) milli: i32,
    pub(super) cpus: f64,
    pub(super) memory_gb: f64,
}

/// A host and what is left of it.
#[derive(Clone)]
pub(super) struct Host<'a> {
    pub(super) state: &'a HostState,
    /// By index.
    pub(super) cards: Vec<Card<'a>>,
    /// Where the cards hang; none where it makes no difference.
    pub(super) spots: Option<Vec<Spot>>,
    /// When the last of the jobs on it is thought to end; long ago when there is none.
    pub(super) drained: At,
    cpus_free: f64,
    memory_gb_free: f64,
    cpus_reserved: f64,
    memory_gb_reserved: f64,
}

/// A GPU and what is left of it.
#[derive(Clone)]
pub(super) struct Card<'a> {
    pub(super) state: &'a GpuState,
    pub(super) model: usize,
    /// Thousandths that nobody holds; 0 when it is not usable.
    pub(super) free_milli: i32,
    /// Kept for the first job that does not fit.
    pub(super) reserved: bool,
    /// Who holds the rest, as far as known.
    pub(super) holds: Vec<Hold>,
}

/// GPUs of one host, by their place in [`Host::cards`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPart {
    pub(crate) host: usize,
    pub(crate) cards: Vec<usize>,
}

impl<'a> Fleet<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let mut states: Vec<&HostState> = snapshot.hosts.iter().collect();
        states.sort_unstable_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        let mut models = Models::default();
        let hosts: Vec<Host<'a>> = states.into_iter().map(|state| Host::new(state, &mut models)).collect();
        let free_milli =
            hosts.iter().flat_map(|host| &host.cards).map(|card| i64::from(card.free_milli)).sum();
        let largest = hosts.iter().fold((0.0_f64, 0.0_f64), |(gpus, cores), host| {
            (gpus.max(host.cards.len() as f64 * f64::from(WHOLE_GPU_MILLI)), cores.max(host.state.cpus))
        });
        Self { hosts, models: models.known, changes: Changes::default(), free_milli, largest }
    }

    /// Gives a job what was chosen for it, until so long.
    pub(super) fn take(&mut self, parts: &[HostPart], demand: &Demand, until: At) {
        for part in parts {
            let host = &mut self.hosts[part.host];
            for &card in &part.cards {
                host.cards[card].free_milli -= demand.milli;
                host.cards[card].holds.push(demand.hold(until));
                host.drained = host.drained.max(until);
                self.free_milli -= i64::from(demand.milli);
            }
            host.cpus_free -= demand.cpus_per_gpu * demand.portions(part);
            host.memory_gb_free -= demand.memory_gb_per_gpu * demand.portions(part);
            self.changes.note(part.host);
        }
    }

    /// Takes back what a job was given until so long.
    pub(super) fn give_back(&mut self, parts: &[HostPart], demand: &Demand, until: At) {
        for part in parts {
            let host = &mut self.hosts[part.host];
            for &place in &part.cards {
                let card = &mut host.cards[place];
                if let Some(hold) = card.holds.iter().position(|hold| *hold == demand.hold(until)) {
                    card.holds.swap_remove(hold);
                }
                if card.state.usable {
                    card.free_milli += demand.milli;
                    self.free_milli += i64::from(demand.milli);
                }
            }
            let holds = host.cards.iter().flat_map(|card| &card.holds);
            host.drained = holds.map(|hold| hold.until).max().unwrap_or(At::MIN);
            host.cpus_free += demand.cpus_per_gpu * demand.portions(part);
            host.memory_gb_free += demand.memory_gb_per_gpu * demand.portions(part);
            self.changes.note(part.host);
        }
    }

    /// Learns who holds what of the fleet already, and until when.
    pub(super) fn adopt(&mut self, parts: &[HostPart], demand: &Demand, until: At) {
        for part in parts {
            for &card in &part.cards {
                let host = &mut self.hosts[part.host];
                host.cards[card].holds.push(demand.hold(until));
                host.drained = host.drained.max(until);
            }
        }
    }

    /// Keeps GPUs, busy ones included, and what is free of the cores and memory that go with them.
    pub(super) fn reserve(&mut self, parts: &[HostPart], demand: &Demand) {
        for part in parts {
            let host = &mut self.hosts[part.host];
            for &card in &part.cards {
                host.cards[card].reserved = true;
            }
            host.cpus_reserved = (demand.cpus_per_gpu * demand.portions(part)).min(host.cpus_free.max(0.0));
            host.memory_gb_reserved =
                (demand.memory_gb_per_gpu * demand.portions(part)).min(host.memory_gb_free.max(0.0));
            self.changes.note(part.host);
        }
    }

    /// Keeps them no longer.
    pub(super) fn unreserve(&mut self, parts: &[HostPart]) {
        for part in parts {
            let host = &mut self.hosts[part.host];
            for &card in &part.cards {
                host.cards[card].reserved = false;
            }
            (host.cpus_reserved, host.memory_gb_reserved) = (0.0, 0.0);
            self.changes.note(part.host);
        }
    }
}

impl<'a> Host<'a> {
    fn new(state: &'a HostState, models: &mut Models<'a>) -> Self {
        let mut cards: Vec<Card<'a>> = state.gpus.iter().map(|gpu| Card::new(gpu, models)).collect();
        cards.sort_unstable_by_key(|card| (card.state.index, card.state.id));
        let spots = together::spots(&cards.iter().map(|card| card.state).collect::<Vec<_>>());
        Self {
            state,
            cards,
            spots,
            drained: At::MIN,
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

    /// For how many GPUs of this demand the cores and the memory suffice at a moment to come.
    pub(super) fn gpus_served_at(&self, demand: &Demand, at: At) -> i32 {
        if !demand.takes_room() {
            return i32::MAX;
        }
        let (cpus, memory) = self.room_at(at);
        demand.gpus_served_by(cpus, memory)
    }

    /// CPU cores and decimal gigabytes that nobody holds at a moment to come.
    pub(super) fn room_at(&self, at: At) -> (f64, f64) {
        let back = self.cards.iter().flat_map(|card| &card.holds).filter(|hold| hold.until <= at);
        back.fold((self.cpus_free, self.memory_gb_free), |(cpus, memory), hold| {
            (cpus + hold.cpus, memory + hold.memory_gb)
        })
    }

    /// CPU cores and decimal gigabytes that nobody holds.
    pub(super) fn room(&self) -> (f64, f64) {
        (self.cpus_free, self.memory_gb_free)
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
            holds: Vec::new(),
        }
    }

    /// Thousandths that nobody holds at a moment to come.
    pub(super) fn free_at(&self, at: At) -> i32 {
        let back = self.holds.iter().filter(|hold| hold.until <= at).map(|hold| hold.milli);
        if self.state.usable { self.free_milli + back.sum::<i32>() } else { 0 }
    }

    /// When this much of it is free.
    pub(super) fn ready(&self, milli: i32, now: At) -> At {
        if self.free_milli >= milli {
            return now;
        }
        if let [hold] = self.holds.as_slice() {
            return if self.free_milli + hold.milli >= milli { hold.until.max(now) } else { NEVER };
        }
        let mut holds: Vec<(At, i32)> = self.holds.iter().map(|hold| (hold.until, hold.milli)).collect();
        holds.sort_unstable();
        let mut free = self.free_milli;
        for (until, milli_back) in holds {
            free += milli_back;
            if free >= milli {
                return until.max(now);
            }
        }
        NEVER
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
