//! The waiting jobs, kept in memory and brought up to date by events, so that a pass need not read a long queue anew.
//! It may be behind the database at any time: the versions in it make that harmless.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::estimate::{History, Spread};
use domain::ids::JobId;
use domain::snapshot::WaitingJob;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::fault::Fault;
use crate::store::queue::{Queued, Series};
use crate::store::{Event, EventKind, Store};

/// Everything is read anew this often: events should leave nothing to find, and a job that waits for ever is worse than a
/// query.
const READ_ANEW: Duration = Duration::from_secs(30);
/// Jobs read at once.
const CHUNK: usize = 500;
/// Past runs that tell how long others like them will take.
const RUNS: u64 = 5_000;

pub(super) struct Waiting {
    jobs: HashMap<JobId, Queued>,
    /// How long jobs took.
    history: History,
    /// Jobs by what they wait for.
    waiting_for: HashMap<JobId, Vec<JobId>>,
    /// Jobs to be read anew before the next pass.
    dirty: HashSet<JobId>,
    /// True: too far behind the events; everything is to be read anew.
    lost: bool,
    /// When everything was read anew last.
    read_at: Instant,
    /// True: something happened, if only to the fleet, since the last pass.
    fresh: bool,
    events: Receiver<Arc<Event>>,
}

impl Waiting {
    pub(super) async fn load(store: &Store) -> Result<Self, Fault> {
        let events = store.feed().subscribe();
        let mut waiting = Self {
            jobs: HashMap::new(),
            history: History::default(),
            waiting_for: HashMap::new(),
            dirty: HashSet::new(),
            lost: true,
            read_at: store.clock().instant(),
            fresh: true,
            events,
        };
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
        self.take_in_events();
        Ok(())
    }

    /// Takes in all that has changed so far.
    pub(super) fn take_in_events(&mut self) {
        loop {
            match self.events.try_recv() {
                Ok(event) => self.note(&event),
                Err(TryRecvError::Lagged(_)) => self.lost = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        self.fresh = false;
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
        // What one job waits for has changed with this one, though it has no event of its own.
        self.dirty.extend(self.waiting_for.get(&id).into_iter().flatten());
    }

    /// Reads what is known to have changed.
    pub(super) async fn refresh(&mut self, store: &Store) -> Result<(), Fault> {
        if self.lost || store.clock().instant().duration_since(self.read_at) > READ_ANEW {
            self.history = learned(store).await?;
            let read = store.waiting_jobs(None).await?;
            self.dirty.clear();
            self.jobs.clear();
            self.waiting_for.clear();
            self.take(read);
            (self.lost, self.read_at) = (false, store.clock().instant());
            return Ok(());
        }
        let dirty: Vec<JobId> = self.dirty.drain().collect();
        for chunk in dirty.chunks(CHUNK) {
            for id in chunk {
                self.jobs.remove(id);
            }
            let read = store.waiting_jobs(Some(chunk)).await?;
            self.take(read);
        }
        Ok(())
    }

    fn take(&mut self, read: Vec<Queued>) {
        for mut queued in read {
            let Series { organization, name, limit } = &queued.series;
            queued.job.estimate_secs = self.history.estimate(*organization, Some(name), *limit);
            let id = queued.job.id;
            for on in &queued.job.unfinished_dependencies {
                let waiting = self.waiting_for.entry(*on).or_default();
                if !waiting.contains(&id) {
                    waiting.push(id);
                }
            }
            self.jobs.insert(id, queued);
        }
    }

    /// How long the waiting jobs, and those of the `running` series, may take.
    pub(super) fn spreads(&self, running: &HashMap<JobId, Series>) -> HashMap<JobId, Spread> {
        let waiting = self.jobs.iter().map(|(id, queued)| (id, &queued.series));
        let spread = |(id, Series { organization, name, limit }): (&JobId, &Series)| {
            Some((*id, self.history.spread(*organization, Some(name), *limit)?))
        };
        waiting.chain(running).filter_map(spread).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The jobs as they are now: those that have rested long enough rest no more.
    pub(super) fn jobs(&self, now: DateTime<Utc>) -> Vec<WaitingJob> {
        let present = |queued: &Queued| {
            let rests_until = queued.job.rests_until.filter(|until| *until > now);
            WaitingJob { rests_until, ..queued.job.clone() }
        };
        self.jobs.values().map(present).collect()
    }

    /// How long it takes until the next job has rested, if one rests.
    pub(super) fn next_rested(&self, now: DateTime<Utc>) -> Option<Duration> {
        let resting = self.jobs.values().filter_map(|queued| queued.job.rests_until);
        let next = resting.filter(|until| *until > now).min()?;
        Some((next - now).to_std().unwrap_or_default() + Duration::from_millis(1))
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

async fn learned(store: &Store) -> Result<History, Fault> {
    let mut history = History::default();
    for run in store.past_runs(RUNS).await? {
        history.learn(run.series.organization, Some(&run.series.name), run.secs);
    }
    Ok(history)
}
