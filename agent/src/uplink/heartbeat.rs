//! Proof of life with the newest telemetry, and what happens when it cannot be given.

use std::pin::pin;
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
use crate::devices::{Devices, UseTracker};
use crate::jobs::Jobs;

/// How often the cards are looked at. A change of health or use is told at once, the rest waits for the next heartbeat.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Before anything was agreed with the server.
const FIRST_LEASE: Duration = Duration::from_secs(60);
/// What jobs are left to say goodbye when the lease ends, unless it is shorter itself.
const GOODBYE: Duration = Duration::from_secs(5);
/// What the last heartbeat may take; in one process with its server, the server may be gone before it.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Samples, sends, and watches the lease.
pub(crate) struct Heart {
    link: Arc<Link>,
    devices: Arc<Devices>,
    jobs: Jobs,
    terms: watch::Receiver<Option<Terms>>,
    uses: UseTracker,
    /// Utilization between two heartbeats is told by its highest value: a short burst is work too.
    unsent: Vec<GpuSampleInput>,
    sent: Vec<GpuSampleInput>,
    sent_at: Option<Instant>,
    lease: Lease,
}

/// How long this host may run jobs without word from the server.
struct Lease {
    length: Duration,
    renewed_at: Duration,
}

/// Where the lease is on its way to its end.
#[derive(Debug, PartialEq, Eq)]
enum LeaseState {
    Held,
    Ending,
    Lost,
}

impl Lease {
    fn state(&self, now: Duration) -> LeaseState {
        let age = now.saturating_sub(self.renewed_at);
        if age >= self.length {
            LeaseState::Lost
        } else if age + GOODBYE.min(self.length / 4) >= self.length {
            LeaseState::Ending
        } else {
            LeaseState::Held
        }
    }
}

impl Heart {
    pub(crate) fn new(
        link: Arc<Link>,
        devices: Arc<Devices>,
        jobs: Jobs,
        terms: watch::Receiver<Option<Terms>>,
        idle_window: Duration,
    ) -> Self {
        let lease = Lease { length: FIRST_LEASE, renewed_at: since_boot() };
        let uses = UseTracker::new(idle_window);
        Self { link, devices, jobs, terms, uses, unsent: Vec::new(), sent: Vec::new(), sent_at: None, lease }
    }

    /// One last heartbeat, if the server is there for it: jobs go on without an agent, and this gives the next one as much
    /// of the lease as there can be.
    pub(crate) async fn say_goodbye(&mut self) {
        if self.link.is_registered() {
            self.look().await;
            let _ = tokio::time::timeout(LAST_WORDS, self.beat()).await;
        }
    }

    /// Works until dropped.
    pub(crate) async fn run(&mut self) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            looks.tick().await;
            self.watch_lease();
            let Some(terms) = self.agreed() else { continue };
            self.look().await;
            if self.is_due(terms.heartbeat) {
                self.beat().await;
            }
        }
    }

    /// A registration grants a lease as a heartbeat does.
    fn agreed(&mut self) -> Option<Terms> {
        let renewed = self.terms.has_changed().unwrap_or(false);
        let terms = *self.terms.borrow_and_update();
        if let Some(terms) = terms.filter(|_| renewed) {
            self.lease = Lease { length: terms.lease, renewed_at: terms.granted_at };
        }
        terms
    }

    fn watch_lease(&self) {
        match self.lease.state(since_boot()) {
            LeaseState::Held => {}
            LeaseState::Ending => self.jobs.lease_is_ending(),
            LeaseState::Lost => self.jobs.lease_is_lost(),
        }
    }

    async fn look(&mut self) {
        let live = self.jobs.live();
        let (devices, for_devices) = (Arc::clone(&self.devices), live.clone());
        let samples =
            tokio::task::spawn_blocking(move || devices.sample(&for_devices)).await.unwrap_or_default();
        let now = Instant::now();
        let mut fresh = Vec::new();
        for sample in &samples {
            let gpu_use = self.uses.judge(sample, &live, now);
            fresh.push(wire::sample(sample, gpu_use));
        }
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
            || self.unsent.iter().any(|sample| self.is_news(sample))
    }

    fn is_news(&self, sample: &GpuSampleInput) -> bool {
        let known = self.sent.iter().find(|known| known.uuid == sample.uuid);
        known.is_none_or(|known| known.health != sample.health || known.gpu_use != sample.gpu_use)
    }

    async fn beat(&mut self) {
        // The lease counts from before the request, since the server may have granted it at any time after.
        let asked_at = since_boot();
        let gpus = std::mem::take(&mut self.unsent);
        let build = |epoch| {
            let input = HeartbeatInput { epoch, gpus: gpus.clone() };
            Heartbeat::build(HeartbeatVariables { input })
        };
        let link = Arc::clone(&self.link);
        let mut call = pin!(link.call_once(build));
        let answer = loop {
            tokio::select! {
                answer = &mut call => break answer,
                // The lease runs on while the server is silent.
                () = tokio::time::sleep(LOOK_EVERY) => self.watch_lease(),
            }
        };
        match answer {
            Ok(answer) => {
                let seconds = u64::try_from(answer.heartbeat.lease_seconds).unwrap_or(1).max(1);
                self.lease = Lease { length: Duration::from_secs(seconds), renewed_at: asked_at };
                self.sent.clone_from(&gpus);
                self.sent_at = Some(Instant::now());
            }
            Err(error) => tracing::warn!(%error, "heartbeat failed"),
        }
    }
}

fn highest(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => other.or(one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_with_a_goodbye_before_it_is_lost() {
        let lease = Lease { length: Duration::from_secs(30), renewed_at: Duration::from_secs(100) };
        let at = |seconds| lease.state(Duration::from_secs(seconds));
        assert_eq!((at(100), at(124)), (LeaseState::Held, LeaseState::Held));
        assert_eq!((at(125), at(129)), (LeaseState::Ending, LeaseState::Ending));
        assert_eq!(at(130), LeaseState::Lost);
    }
}
