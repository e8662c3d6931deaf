//! Which attempts this host has, and which it has finished with.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::attempt::{AttemptDir, AttemptId, Spec, Started};
use crate::decide::Wish;
use crate::devices::LiveAttempt;
use crate::procfs;

/// An order that was under way when an attempt ended must not start it a second time, so ended ones are remembered. Orders
/// under way are few; this many are enough for minutes of the quickest jobs.
const ENDED_REMEMBERED: usize = 20_000;

/// The book behind its lock, which is held for single steps only.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Book>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
pub(super) struct Book {
    entries: HashMap<AttemptId, Entry>,
    ended: HashSet<AttemptId>,
    ended_in_order: VecDeque<AttemptId>,
}

struct Entry {
    wish: watch::Sender<Wish>,
    live: LiveAttempt,
    /// What of this host's has ended it, when something has.
    blame: Option<String>,
}

impl Book {
    pub(super) fn shared() -> Shared {
        Shared(Arc::new(Mutex::new(Self::default())))
    }

    pub(super) fn begin(&mut self, spec: &Spec, dir: &AttemptDir, wish: watch::Sender<Wish>) {
        let live = LiveAttempt {
            id: spec.id(),
            gpu_uuids: spec.gpu_uuids.clone(),
            gpu_milli: spec.gpu_milli,
            shim_pid: None,
            shim_start_time: 0,
            cgroup: spec.cgroup.clone(),
            container: spec.image.is_some().then(|| dir.container()),
            survivors: None,
            pid: None,
        };
        self.entries.insert(spec.id(), Entry { wish, live, blame: None });
    }

    /// Its shim runs, and whatever descends from that is its own.
    pub(super) fn launched(&mut self, id: &AttemptId, shim: i32, cgroup: Option<PathBuf>) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.live.shim_pid = Some(shim);
            entry.live.shim_start_time = procfs::stat(shim).map_or(0, |stat| stat.start_time);
            entry.live.cgroup = cgroup;
        }
    }

    /// Its command runs.
    pub(super) fn started(&mut self, id: &AttemptId, started: &Started) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.live.shim_pid = Some(started.shim_pid);
            entry.live.shim_start_time = started.shim_start_time;
            entry.live.cgroup.clone_from(&started.cgroup);
            entry.live.pid = Some(started.pid);
        }
    }

    /// It has ended, and these processes of it have not.
    pub(super) fn haunted_by(&mut self, id: &AttemptId, survivors: Vec<i32>) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.live.survivors = Some(survivors);
        }
    }

    /// Its processes are gone from its cards, though its end may not have been acknowledged yet.
    pub(super) fn stopped(&mut self, id: &AttemptId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.live.gpu_uuids.clear();
            entry.live.shim_pid = None;
            entry.live.cgroup = None;
            entry.live.container = None;
            entry.live.survivors = None;
            entry.live.pid = None;
        }
    }

    pub(super) fn end(&mut self, id: &AttemptId) {
        self.entries.remove(id);
        if self.ended.insert(id.clone()) {
            self.ended_in_order.push_back(id.clone());
        }
        while self.ended_in_order.len() > ENDED_REMEMBERED {
            if let Some(oldest) = self.ended_in_order.pop_front() {
                self.ended.remove(&oldest);
            }
        }
    }

    pub(super) fn wish(&mut self, id: &AttemptId, wish: Wish) {
        if let Some(entry) = self.entries.get(id) {
            entry.wish.send_if_modified(|present| {
                let stronger = wish > *present;
                *present = wish.max(*present);
                stronger
            });
        }
    }

    /// Notes what of this host's ends an attempt; the first that is known counts, and false says that this was not it.
    pub(super) fn blame(&mut self, id: &AttemptId, what: String) -> bool {
        let Some(entry) = self.entries.get_mut(id) else { return false };
        let first = entry.blame.is_none();
        entry.blame.get_or_insert(what);
        first
    }

    /// What of this host's has ended an attempt, if anything has.
    pub(super) fn blamed_on(&self, id: &AttemptId) -> Option<String> {
        self.entries.get(id)?.blame.clone()
    }

    /// The living attempts that were given a card.
    pub(super) fn on_card(&self, uuid: &str) -> Vec<AttemptId> {
        let given =
            |entry: &&Entry| entry.live.is_alive() && entry.live.gpu_uuids.iter().any(|own| own == uuid);
        self.entries.values().filter(given).map(|entry| entry.live.id.clone()).collect()
    }

    /// Whether it is here or was here.
    pub(super) fn knows(&self, id: &AttemptId) -> bool {
        self.entries.contains_key(id) || self.ended.contains(id)
    }

    pub(super) fn has_finished(&self, id: &AttemptId) -> bool {
        self.ended.contains(id)
    }

    pub(super) fn ids(&self) -> Vec<AttemptId> {
        self.entries.keys().cloned().collect()
    }

    /// Those here that are not among `wanted`.
    pub(super) fn others(&self, wanted: &HashSet<AttemptId>) -> Vec<AttemptId> {
        self.entries.keys().filter(|id| !wanted.contains(id)).cloned().collect()
    }

    pub(super) fn live(&self) -> Vec<LiveAttempt> {
        self.entries
            .values()
            .filter(|entry| !entry.live.gpu_uuids.is_empty() || entry.live.shim_pid.is_some())
            .map(|entry| entry.live.clone())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_attempt_stays_known_until_many_others_have_ended() {
        let id = |attempt| AttemptId { job_id: "job".to_owned(), attempt };
        let mut book = Book::default();
        book.end(&id(0));
        assert!(book.knows(&id(0)) && book.has_finished(&id(0)));
        for attempt in 1..=ENDED_REMEMBERED as i32 {
            book.end(&id(attempt));
        }
        assert!(!book.knows(&id(0)) && book.knows(&id(1)));
    }
}
