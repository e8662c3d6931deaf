//! The fleet as `top` knows it: of every GPU what its events tell, of those that were in sight their readings too. Whatever
//! is older than what is known is passed over.

use std::collections::{BTreeMap, HashMap};

use crate::api::{
    GpuHealth, GpuLine, GpuReading, GpuStatus, GpuTelemetry, GpuUse, HolderName, HostLine, HostStatus,
};
use crate::output::describe::card;
use crate::output::style::Tone;

/// What a GPU is doing, in one word: the book's, corrected by what the card says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CardState {
    Failed,
    Quarantined,
    HeldIdle,
    Degraded,
    Unavailable,
    Allocated,
    Working,
    Free,
}

impl CardState {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::HeldIdle => "held idle",
            Self::Degraded => "degraded",
            Self::Unavailable => "unavailable",
            Self::Allocated => "allocated",
            Self::Working => "working",
            Self::Free => "free",
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Failed | Self::Quarantined => Tone::Bad,
            Self::HeldIdle | Self::Degraded => Tone::Wait,
            Self::Unavailable | Self::Free => Tone::Faint,
            Self::Allocated | Self::Working => Tone::Run,
        }
    }

    pub(super) fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Quarantined)
    }
}

/// What was asked of a GPU that is or was in sight.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) telemetry: Option<GpuTelemetry>,
    pub(super) holders: Vec<HolderName>,
    version: i32,
}

/// One GPU.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) line: GpuLine,
    pub(super) in_use: Option<GpuUse>,
    pub(super) reading: Option<Reading>,
}

impl Card {
    fn new(line: GpuLine) -> Self {
        Self { line, in_use: None, reading: None }
    }

    pub(super) fn id(&self) -> &str {
        self.line.id.inner()
    }

    pub(super) fn state(&self) -> CardState {
        match (self.line.status, self.line.health, self.in_use) {
            (_, GpuHealth::Failed, _) => CardState::Failed,
            (GpuStatus::Quarantined, ..) => CardState::Quarantined,
            (GpuStatus::Unavailable, ..) => CardState::Unavailable,
            (GpuStatus::Allocated, _, Some(GpuUse::HeldIdle | GpuUse::HeldEmpty)) => CardState::HeldIdle,
            (GpuStatus::Allocated, _, Some(GpuUse::Working)) => CardState::Working,
            (GpuStatus::Allocated, ..) => CardState::Allocated,
            (GpuStatus::Available, GpuHealth::Degraded, _) => CardState::Degraded,
            (GpuStatus::Available, ..) => CardState::Free,
        }
    }

    /// Its type as short as a table needs it, marked when there is no such card.
    pub(super) fn kind(&self) -> String {
        card(&self.line.gpu_type, self.line.simulated)
    }

    pub(super) fn telemetry(&self) -> Option<&GpuTelemetry> {
        self.reading.as_ref()?.telemetry.as_ref()
    }

    pub(super) fn utilization(&self) -> Option<f64> {
        self.telemetry()?.utilization_percent
    }

    /// Those who have it. What was read before it changed does not count any more.
    pub(super) fn holders(&self) -> &[HolderName] {
        match &self.reading {
            Some(reading) if reading.version >= self.line.version => &reading.holders,
            _ => &[],
        }
    }

    /// Whether it has changed since it was read.
    pub(super) fn is_unread(&self) -> bool {
        self.reading.as_ref().is_none_or(|reading| reading.version < self.line.version)
    }
}

/// A host with its GPUs, by index.
#[derive(Debug, Clone)]
pub(super) struct HostEntry {
    pub(super) line: HostLine,
    cards: BTreeMap<(i32, String), Card>,
}

impl HostEntry {
    pub(super) fn cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    pub(super) fn size(&self) -> usize {
        self.cards.len()
    }

    /// It or one of its cards wants somebody's attention.
    pub(super) fn is_in_trouble(&self) -> bool {
        self.line.status != HostStatus::Ready || self.cards().any(|card| card.state().is_bad())
    }

    /// Its types, each once: `8x sim H100-80GB`.
    pub(super) fn kinds(&self) -> String {
        let mut kinds: Vec<String> = self.cards().map(Card::kind).collect();
        kinds.sort();
        let groups = kinds.chunk_by(|a, b| a == b).map(|group| format!("{}x {}", group.len(), group[0]));
        groups.collect::<Vec<_>>().join(", ")
    }

    /// Mean utilization of those that tell one, percent.
    pub(super) fn utilization(&self) -> Option<f64> {
        let told: Vec<f64> = self.cards().filter_map(Card::utilization).collect();
        if told.is_empty() { None } else { Some(told.iter().sum::<f64>() / told.len() as f64) }
    }

    /// Memory in use, of how much, MiB; none in use when no card tells.
    pub(super) fn memory_mib(&self) -> (Option<i64>, i64) {
        let used: Vec<i64> =
            self.cards().filter_map(|card| card.telemetry()?.memory_used_mib).map(i64::from).collect();
        let whole = self.cards().map(|card| i64::from(card.line.memory_mib)).sum();
        (if used.is_empty() { None } else { Some(used.iter().sum()) }, whole)
    }

    /// The hottest card's temperature.
    pub(super) fn hottest(&self) -> Option<i32> {
        self.cards().filter_map(|card| card.telemetry()?.temperature_celsius).max()
    }

    /// Power in all.
    pub(super) fn watts(&self) -> Option<f64> {
        let told: Vec<f64> = self.cards().filter_map(|card| card.telemetry()?.power_watts).collect();
        if told.is_empty() { None } else { Some(told.iter().sum()) }
    }

    /// How many jobs are known to be on it.
    pub(super) fn jobs(&self) -> usize {
        let mut ids: Vec<&str> =
            self.cards().flat_map(|card| card.holders()).map(|holder| holder.job.id.inner()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    }

    fn free(&self) -> usize {
        self.cards().filter(|card| card.state() == CardState::Free).count()
    }
}

/// What the pane of GPUs is sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum HostSort {
    #[default]
    TroubleFirst,
    Name,
    MostFree,
}

impl HostSort {
    pub(super) fn next(self) -> Self {
        match self {
            Self::TroubleFirst => Self::Name,
            Self::Name => Self::MostFree,
            Self::MostFree => Self::TroubleFirst,
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::TroubleFirst => "trouble first",
            Self::Name => "by name",
            Self::MostFree => "most free first",
        }
    }
}

/// How many GPUs are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) gpus: usize,
    pub(super) simulated: usize,
    pub(super) busy: usize,
    pub(super) held_idle: usize,
    pub(super) free: usize,
    pub(super) quarantined: usize,
    pub(super) unavailable: usize,
}

/// All hosts.
#[derive(Debug, Clone, Default)]
pub(super) struct Fleet {
    hosts: BTreeMap<String, HostEntry>,
    /// Where each GPU lies: its host's name and its index.
    places: HashMap<String, (String, i32)>,
    /// The last one out of sight whose use was asked for.
    asked_up_to: Option<String>,
}

impl Fleet {
    /// Takes what was told of a GPU, unless more is known already.
    pub(super) fn take(&mut self, line: GpuLine) {
        let id = line.id.inner().to_owned();
        let known = self.remove_if_older(&id, line.version);
        let Ok(known) = known else { return };
        let mut card = Card::new(line);
        if let Some(known) = known {
            (card.in_use, card.reading) = (known.in_use, known.reading);
        }
        if card.line.status != GpuStatus::Allocated {
            card.in_use = None;
        }
        let (host, index) = (card.line.host.clone(), card.line.index);
        self.places.insert(id.clone(), (host.name.clone(), index));
        let fresh = || HostEntry { line: host.clone(), cards: BTreeMap::new() };
        let entry = self.hosts.entry(host.name.clone()).or_insert_with(fresh);
        entry.line = host;
        entry.cards.insert((index, id), card);
    }

    /// Takes a GPU out, to be put back changed; an error when it is as new as what comes.
    fn remove_if_older(&mut self, id: &str, version: i32) -> Result<Option<Card>, ()> {
        match self.card(id) {
            None => Ok(None),
            // The same version again may tell of its host.
            Some(card) if card.line.version > version => Err(()),
            Some(_) => Ok(self.remove(id)),
        }
    }

    fn remove(&mut self, id: &str) -> Option<Card> {
        let (name, index) = self.places.remove(id)?;
        let host = self.hosts.get_mut(&name)?;
        let card = host.cards.remove(&(index, id.to_owned()));
        if host.cards.is_empty() {
            self.hosts.remove(&name);
        }
        card
    }

    /// A GPU that is gone.
    pub(super) fn forget(&mut self, id: &str) {
        self.remove(id);
    }

    /// Takes a whole snapshot: what is not in it is gone.
    pub(super) fn replace(&mut self, lines: Vec<GpuLine>) {
        let mut old = std::mem::take(self);
        for line in lines {
            let id = line.id.inner().to_owned();
            let known = old.remove(&id);
            self.take(line);
            if let (Some(known), Some(card)) = (known, self.card_mut(&id)) {
                (card.in_use, card.reading) = (known.in_use, known.reading);
            }
        }
    }

    /// Takes what was asked of a GPU in sight.
    pub(super) fn read(&mut self, reading: GpuReading) {
        let Some(card) = self.card_mut(reading.id.inner()) else { return };
        card.in_use = reading.in_use;
        let GpuReading { telemetry, allocations: holders, version, .. } = reading;
        card.reading = Some(Reading { telemetry, holders, version });
        self.take_host(reading.host);
    }

    /// Takes what was told of a host.
    pub(super) fn take_host(&mut self, line: HostLine) {
        if let Some(host) = self.hosts.get_mut(&line.name) {
            host.line = line;
        }
    }

    /// Takes what a card out of sight says of its use.
    pub(super) fn used(&mut self, id: &str, in_use: Option<GpuUse>) {
        if let Some(card) = self.card_mut(id) {
            card.in_use = in_use;
        }
    }

    pub(super) fn card(&self, id: &str) -> Option<&Card> {
        let (name, index) = self.places.get(id)?;
        self.hosts.get(name)?.cards.get(&(*index, id.to_owned()))
    }

    fn card_mut(&mut self, id: &str) -> Option<&mut Card> {
        let (name, index) = self.places.get(id)?;
        self.hosts.get_mut(name)?.cards.get_mut(&(*index, id.to_owned()))
    }

    pub(super) fn host(&self, name: &str) -> Option<&HostEntry> {
        self.hosts.get(name)
    }

    /// Hosts that have the words in their name, a type or a state.
    pub(super) fn hosts(&self, filter: &str, sort: HostSort) -> Vec<&HostEntry> {
        let filter = filter.to_lowercase();
        let mut hosts: Vec<&HostEntry> =
            self.hosts.values().filter(|host| host_matches(host, &filter)).collect();
        // By name they are already, and the sort is stable.
        match sort {
            HostSort::TroubleFirst => hosts.sort_by_key(|host| !host.is_in_trouble()),
            HostSort::Name => {}
            HostSort::MostFree => hosts.sort_by_key(|host| std::cmp::Reverse(host.free())),
        }
        hosts
    }

    pub(super) fn size(&self) -> usize {
        self.places.len()
    }

    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts { gpus: self.size(), ..Counts::default() };
        for card in self.hosts.values().flat_map(HostEntry::cards) {
            counts.simulated += usize::from(card.line.simulated);
            *match card.state() {
                CardState::Working | CardState::Allocated => &mut counts.busy,
                CardState::HeldIdle => &mut counts.held_idle,
                CardState::Free | CardState::Degraded => &mut counts.free,
                CardState::Quarantined | CardState::Failed => &mut counts.quarantined,
                CardState::Unavailable => &mut counts.unavailable,
            } += 1;
        }
        counts
    }

    /// The next allocated GPUs, at most so many, whose use is to be asked for: in turns, all of them.
    pub(super) fn next_allocated(&mut self, most: usize) -> Vec<String> {
        let mut ids: Vec<&String> = self
            .places
            .keys()
            .filter(|id| self.card(id).is_some_and(|card| card.line.status == GpuStatus::Allocated))
            .collect();
        ids.sort_unstable();
        let start = self.asked_up_to.as_ref().map_or(0, |last| ids.partition_point(|id| *id <= last));
        let turn = ids[start..].iter().chain(&ids[..start]).take(most);
        let turn: Vec<String> = turn.map(|id| (*id).clone()).collect();
        self.asked_up_to = turn.last().cloned();
        turn
    }
}

fn host_matches(host: &HostEntry, filter: &str) -> bool {
    filter.is_empty()
        || host.line.name.to_lowercase().contains(filter)
        || host.line.status.as_str().to_lowercase().contains(filter)
        || host.cards().any(|card| {
            card.kind().to_lowercase().contains(filter)
                || card.state().word().contains(filter)
                || card.holders().iter().any(|holder| holder.job.name.to_lowercase().contains(filter))
        })
}
