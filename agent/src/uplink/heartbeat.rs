//! Proof of life with the newest telemetry, and what happens when it cannot be given.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cynic::MutationBuilder;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::link::Link;
use super::operations::{GpuSampleInput, Heartbeat, HeartbeatInput, HeartbeatVariables};
use super::session::Terms;
use super::wire;
use crate::clock::since_boot;
use crate::devices::{Condition, UseTracker, Watcher};
use crate::jobs::Jobs;
use crate::lease::{LeaseKeeper, LeaseState};
use crate::mps::Shares;

/// How often the newest look at the cards is taken in. A change of health or use is told at once, the rest waits for the next
/// heartbeat.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a heartbeat may take at most, and at least: a dead connection must cost a small part of the lease only.
const LONGEST_BEAT: Duration = Duration::from_secs(4);
const SHORTEST_BEAT: Duration = Duration::from_millis(500);
/// What the last heartbeat may take; in one process with its server, the server may be gone before it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Sends signs of life, and watches the lease that their answers renew.
pub(crate) struct Heart {
    link: Arc<Link>,
    devices: Arc<Watcher>,
    jobs: Jobs,
    terms: watch::Receiver<Option<Terms>>,
    uses: UseTracker,
    /// Utilization between two heartbeats is told by its highest value: a short burst is work too.
    unsent: Vec<GpuSampleInput>,
    sent: Vec<GpuSampleInput>,
    sent_unfit: Option<String>,
    sent_at: Option<Instant>,
    lease: Arc<LeaseKeeper>,
    shares: Arc<Shares>,
}

impl Heart {
    /// A heart that has not beaten yet.
    pub(crate) fn new(
        link: Arc<Link>,
        devices: Arc<Watcher>,
        jobs: Jobs,
        terms: watch::Receiver<Option<Terms>>,
        idle_window: Duration,
        lease: Arc<LeaseKeeper>,
        shares: Arc<Shares>,
    ) -> Self {
        Self {
            link,
            devices,
            jobs,
            terms,
            uses: UseTracker::new(idle_window),
            unsent: Vec::new(),
            sent: Vec::new(),
            sent_unfit: None,
            sent_at: None,
            lease,
            shares,
        }
    }

    /// One last heartbeat, if the server is there for it: jobs go on without an agent, and this gives the next one as much
    /// of the lease as there can be.
    pub(crate) async fn say_goodbye(&mut self) {
        if self.link.is_registered() {
            self.look();
            let _ = tokio::time::timeout(LAST_WORDS, self.beat()).await;
        }
    }

    /// Works until dropped.
    pub(crate) async fn run(&mut self) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => {}
                () = self.jobs.fitness_changed() => {}
            }
            self.watch_lease();
            let Some(terms) = *self.terms.borrow_and_update() else { continue };
            self.look();
            if self.is_due(terms.heartbeat) {
                self.beat().await;
            }
        }
    }

    fn watch_lease(&self) {
        match self.lease.state() {
            LeaseState::Held => {}
            LeaseState::Ending => self.jobs.lease_is_ending(),
            LeaseState::Lost => self.jobs.lease_is_lost(),
        }
    }

    fn look(&mut self) {
        let live = self.jobs.live();
        let now = Instant::now();
        let samples = self.devices.newest();
        for sample in &samples {
            if let Condition::Dead(reason) = &sample.condition {
                self.jobs.card_died(&sample.uuid, reason);
            }
        }
        for (uuid, note) in self.devices.take_notes() {
            self.jobs.note_on_card(&uuid, &note);
        }
        let enforced = self.shares.are_enforced();
        let mut fresh: Vec<_> = samples
            .iter()
            .map(|sample| wire::sample(sample, self.uses.judge(sample, &live, now), enforced))
            .collect();
        for sample in &mut fresh {
            let before = self.unsent.iter().find(|before| before.uuid == sample.uuid);
            sample.utilization_percent =
                highest(before.and_then(|before| before.utilization_percent), sample.utilization_percent);
        }
        self.unsent = fresh;
    }

    fn is_due(&self, period: Duration) -> bool {
        // A little early rather than a whole look too late.
        let period = period.saturating_sub(LOOK_EVERY / 2);
        self.sent_at.is_none_or(|at| at.elapsed() >= period)
            || self.jobs.unfit() != self.sent_unfit
            || self.unsent.iter().any(|sample| self.is_news(sample))
    }

    fn is_news(&self, sample: &GpuSampleInput) -> bool {
        let known = self.sent.iter().find(|known| known.uuid == sample.uuid);
        known.is_none_or(|known| {
            known.health != sample.health
                || known.gpu_use != sample.gpu_use
                || known.shares_enforced != sample.shares_enforced
        })
    }

    async fn beat(&mut self) {
        // The lease counts from before the request, since the server may have granted it at any time after.
        let asked_at = since_boot();
        let gpus = std::mem::take(&mut self.unsent);
        let unfit = self.jobs.unfit();
        let build = |epoch| {
            let input = HeartbeatInput { epoch, unfit_reason: unfit.clone(), gpus: gpus.clone() };
            Heartbeat::build(HeartbeatVariables { input })
        };
        let patience = (self.lease.length() / 5).clamp(SHORTEST_BEAT, LONGEST_BEAT);
        let waiting = self.link.call_once(build, Some(patience));
        // There may be no epoch now; the lease is to be watched all the same.
        let answer = tokio::time::timeout(patience * 2, waiting).await;
        match answer {
            Ok(Ok(answer)) => {
                let seconds = u64::try_from(answer.heartbeat.lease_seconds).unwrap_or(1).max(1);
                self.lease.renew(asked_at, Duration::from_secs(seconds));
                self.sent = gpus;
                self.jobs.is_known_as(unfit.clone());
                self.sent_unfit = unfit;
                self.sent_at = Some(Instant::now());
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "heartbeat failed");
                if error.code().is_none() {
                    self.link.is_unanswered();
                }
            }
            Err(_) => tracing::debug!("no epoch for a heartbeat"),
        }
    }
}

fn highest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => other.or(one),
    }
}
