//! Signs of life and the watch over the lease: stands for `uplink::heartbeat` and `devices::watch`.

use std::time::Duration;

use agent::decide::{Lease, LeaseState, Wish};
use agent::devices::{Condition, Sample, Use};
use api::store::agents::{Sample as Told, SignOfLifeTold};

use super::uplink::{Call, Outcome};
use super::{Agent, Surroundings};
use crate::machine::Body;
use crate::network::{Answer, Request};
use crate::time::{Millis, instant};

/// Those of `uplink::heartbeat`, `devices::watch` and the agent's own default.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LONGEST_BEAT: Duration = Duration::from_secs(4);
const SHORTEST_BEAT: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Heart {
    looks_at: Duration,
    /// The newest look at the cards, and when the next one is due.
    look: Option<(Duration, Vec<Sample>)>,
    samples_at: Duration,
    started: Duration,
    unsent: Vec<Told>,
    sent: Vec<Told>,
    sent_unfit: Option<String>,
    sent_at: Option<Duration>,
    beat: Option<Beat>,
}

/// A heartbeat under way.
#[derive(Debug)]
struct Beat {
    asked_at: Duration,
    patience: Duration,
    told: SignOfLifeTold,
    /// None: it waits for an epoch.
    call: Option<(Call, i32)>,
}

impl Heart {
    pub(super) fn new(at: Duration) -> Self {
        Self {
            looks_at: at,
            look: None,
            samples_at: at,
            started: at,
            unsent: Vec::new(),
            sent: Vec::new(),
            sent_unfit: None,
            sent_at: None,
            beat: None,
        }
    }
}

impl Agent {
    /// The thread that looks at the cards.
    pub(super) fn look_at_cards(&mut self, body: &Body, now: Millis) {
        let at = body.since_boot(now);
        if now >= body.driver_hangs_until && at >= self.heart.samples_at {
            self.heart.samples_at = at + LOOK_EVERY;
            self.heart.look = Some((at, body.sample(&self.live(), now)));
        }
    }

    /// `Watcher::newest`.
    pub(super) fn newest(&self, body: &Body, at: Duration) -> Vec<Sample> {
        match &self.heart.look {
            Some((began, samples)) if at - *began < PATIENCE => samples.clone(),
            None if at - self.heart.started < PATIENCE => Vec::new(),
            _ => body.cards.iter().map(|card| silent(&card.uuid)).collect(),
        }
    }

    /// `Heart::run`: while a heartbeat is under way nothing else is done.
    pub(super) fn beat(&mut self, body: &mut Body, at: Duration, around: &mut Surroundings<'_>) {
        if let Some(beat) = self.heart.beat.take() {
            return self.go_on_beating(beat, body, at, around);
        }
        let fitness_changed = self.fitness.unfit != self.heart.sent_unfit;
        if at < self.heart.looks_at && !fitness_changed {
            return;
        }
        self.heart.looks_at = at + LOOK_EVERY;
        match self.lease.0.state(at) {
            LeaseState::Held => {}
            LeaseState::Ending => self.wish_for_all(Wish::LeaseEnding),
            LeaseState::Lost => self.wish_for_all(Wish::LeaseLost),
        }
        if !self.session.has_terms() {
            return;
        }
        self.look(body, at);
        if self.is_due(at) {
            let told = SignOfLifeTold {
                unfit_reason: self.fitness.unfit.clone(),
                samples: std::mem::take(&mut self.heart.unsent),
            };
            let patience = (self.lease.1 / 5).clamp(SHORTEST_BEAT, LONGEST_BEAT);
            let beat = Beat { asked_at: at, patience, told, call: None };
            self.go_on_beating(beat, body, at, around);
        }
    }

    fn look(&mut self, body: &Body, at: Duration) {
        let live = self.live();
        let samples = self.newest(body, at);
        for sample in &samples {
            if let Condition::Dead(reason) = &sample.condition {
                let on_card = self
                    .runners
                    .values_mut()
                    .filter(|runner| runner.live.is_alive() && runner.live.gpu_uuids.contains(&sample.uuid));
                for runner in on_card {
                    runner.blame.get_or_insert_with(|| format!("its GPU is gone: {reason}"));
                    runner.wish = runner.wish.max(Wish::CardDied);
                }
            }
        }
        let told = |sample: &Sample, uses: &mut agent::devices::UseTracker| {
            let gpu_use = uses.judge(sample, &live, instant(at));
            wire(sample, gpu_use)
        };
        self.heart.unsent = samples.iter().map(|sample| told(sample, &mut self.uses)).collect();
    }

    fn is_due(&self, at: Duration) -> bool {
        let period = self.terms.heartbeat.saturating_sub(LOOK_EVERY / 2);
        let heart = &self.heart;
        let is_news = |sample: &Told| {
            let known = heart.sent.iter().find(|known| known.uuid == sample.uuid);
            known.is_none_or(|known| known.health != sample.health || known.gpu_use != sample.gpu_use)
        };
        heart.sent_at.is_none_or(|sent| at - sent >= period)
            || self.fitness.unfit != heart.sent_unfit
            || heart.unsent.iter().any(is_news)
    }

    /// `Heart::beat` and `Link::call_once`.
    fn go_on_beating(
        &mut self,
        mut beat: Beat,
        body: &mut Body,
        at: Duration,
        around: &mut Surroundings<'_>,
    ) {
        let Some((call, epoch)) = &beat.call else {
            if let (Some(epoch), Some(key)) = (self.epoch, &body.disk.key) {
                let request = Request::Beat { key: key.clone(), epoch, told: beat.told.clone() };
                beat.call = Some((Call::send(request, at + beat.patience, around), epoch));
            } else if at >= beat.asked_at + beat.patience * 2 {
                return;
            }
            self.heart.beat = Some(beat);
            return;
        };
        let epoch = *epoch;
        match call.outcome(&mut self.answers, at) {
            Outcome::Waiting => self.heart.beat = Some(beat),
            Outcome::Answered(Answer::Beaten) => {
                self.renew(body, beat.asked_at);
                self.fitness.known_as.clone_from(&beat.told.unfit_reason);
                self.heart.sent_unfit.clone_from(&beat.told.unfit_reason);
                self.heart.sent = beat.told.samples;
                self.heart.sent_at = Some(at);
            }
            Outcome::Answered(Answer::Refused(code)) => self.refuse_epoch(epoch, code),
            Outcome::Answered(_) | Outcome::Nobody => self.session.is_unanswered(),
        }
    }

    /// `LeaseKeeper::renew`.
    pub(super) fn renew(&mut self, body: &mut Body, granted_at: Duration) {
        let length = self.terms.lease;
        self.lease = (Lease::new(granted_at, length), length);
        body.disk.lease = Some((self.lease.0, body.boot));
    }
}

/// As `devices::watch` says it of cards that do not answer.
fn silent(uuid: &str) -> Sample {
    Sample {
        uuid: uuid.to_owned(),
        condition: Condition::Failed("NVML does not answer".to_owned()),
        processes: None,
        ..Sample::default()
    }
}

/// As `uplink::wire` and the server's `agent_ops` say it.
fn wire(sample: &Sample, gpu_use: Option<Use>) -> Told {
    let health = match sample.condition {
        Condition::Healthy => "HEALTHY",
        Condition::Degraded(_) | Condition::Suspect(_) => "DEGRADED",
        Condition::Failed(_) | Condition::Dead(_) => "FAILED",
    };
    Told {
        quarantine: sample.condition.keeps_jobs_off(),
        health,
        health_reason: sample.condition.reason().map(str::to_owned),
        gpu_use: gpu_use.map(|gpu_use| match gpu_use {
            Use::Free => "FREE",
            Use::Working => "WORKING",
            Use::HeldIdle => "HELD_IDLE",
            Use::HeldEmpty => "HELD_EMPTY",
            Use::Foreign => "FOREIGN",
            Use::Orphaned => "ORPHANED",
        }),
        ..Told::of(&sample.uuid)
    }
}
