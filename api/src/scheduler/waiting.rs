//! The waiting jobs, kept in memory and brought up to date by events, so that a pass need not read a long queue anew.
//! It may be behind the database at any time: the versions in it make that harmless.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::ids::JobId;
use domain::snapshot::WaitingJob;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::fault::Fault;
use crate::store::{Event, EventKind, Store};

/// Jobs read at once.
const CHUNK: usize = 500;

pub(super) struct Waiting {
    jobs: HashMap<JobId, WaitingJob>,
    /// Jobs to be read anew before the next pass.
    dirty: HashSet<JobId>,
    /// True: too far behind the events; everything is to be read anew.
    lost: bool,
    /// True: something happened, if only to the fleet, since the last pass.
    fresh: bool,
    events: Receiver<Arc<Event>>,
}

impl Waiting {
    pub(super) async fn load(store: &Store) -> Result<Self, Fault> {
        let events = store.feed().subscribe();
        let mut waiting =
            Self { jobs: HashMap::new(), dirty: HashSet::new(), lost: true, fresh: true, events };
        waiting.refresh(store).await?;
        Ok(waiting)
    }

    /// Waits until something has changed, at most so long, and takes in all that has.
    pub(super) async fn changed(&mut self, at_most: Duration) -> Result<(), Fault> {
        if !self.fresh {
            match tokio::time::timeout(at_most, self.events.recv()).await {
                Err(_) => {}
                Ok(Ok(event)) => self.note(&event),
                Ok(Err(RecvError::Lagged(_))) => self.lost = true,
                Ok(Err(RecvError::Closed)) => return Err(Fault::Unavailable("the feed has ended".into())),
            }
        }
        loop {
            match self.events.try_recv() {
                Ok(event) => self.note(&event),
                Err(TryRecvError::Lagged(_)) => self.lost = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        self.fresh = false;
        Ok(())
    }

    fn note(&mut self, event: &Event) {
        if event.kind != EventKind::Job {
            return;
        }
        let id = JobId(event.subject);
        let status = event.payload.get("status").and_then(|status| status.as_str());
        if matches!(status, Some("QUEUED" | "HELD")) {
            self.dirty.insert(id);
        } else {
            self.dirty.remove(&id);
            self.jobs.remove(&id);
        }
    }

    /// Reads what is known to have changed.
    pub(super) async fn refresh(&mut self, store: &Store) -> Result<(), Fault> {
        if self.lost {
            self.dirty.clear();
            self.jobs = store.waiting_jobs(None).await?.into_iter().map(|job| (job.id, job)).collect();
            self.lost = false;
            return Ok(());
        }
        let dirty: Vec<JobId> = self.dirty.drain().collect();
        for chunk in dirty.chunks(CHUNK) {
            for id in chunk {
                self.jobs.remove(id);
            }
            let read = store.waiting_jobs(Some(chunk)).await?;
            self.jobs.extend(read.into_iter().map(|job| (job.id, job)));
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    pub(super) fn jobs(&self) -> Vec<WaitingJob> {
        self.jobs.values().cloned().collect()
    }

    /// It has its GPUs.
    pub(super) fn placed(&mut self, id: JobId) {
        self.jobs.remove(&id);
    }

    /// What is known of it may be old.
    pub(super) fn suspect(&mut self, id: JobId) {
        self.dirty.insert(id);
    }
}
