//! One GPU host as it truly is: its clocks, its disk, its cards and the processes on them. The agent that runs on it knows of all
//! this only what it looks at.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use agent::attempt::{AttemptId, ExitRecord};
use agent::decide::{Lease, UncleanGpu, judge_card};
use agent::devices::{Condition, GpuProcess, LiveAttempt, Owner, Sample};

use crate::agent::Agent;
use crate::network::Order;
use crate::process::Tree;
use crate::shim::Shim;
use crate::time::{Clocks, Millis, instant};

/// A card.
#[derive(Debug)]
pub(crate) struct Card {
    /// Its UUID.
    pub(crate) uuid: String,
    /// How well it is.
    pub(crate) condition: Condition,
    /// Until when that lasts.
    pub(crate) unwell_until: Millis,
    /// Until when a process is on it that no job started.
    pub(crate) foreign_until: Millis,
}

/// The record of a start, in an attempt's directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Started {
    /// The shim.
    pub(crate) shim: i32,
    /// In which boot.
    pub(crate) boot: u32,
    /// When, since that boot.
    pub(crate) at: Duration,
}

/// An attempt's directory.
#[derive(Debug)]
pub(crate) struct Dir {
    /// The order; none: it could not be written.
    pub(crate) spec: Option<Order>,
    /// The boot in which it was written.
    pub(crate) boot: u32,
    /// The shim that holds the lock.
    pub(crate) lock: Option<i32>,
    /// The lock's file says that the command may have been started.
    pub(crate) marked: bool,
    /// The record of the start.
    pub(crate) started: Option<Started>,
    /// The record of the end.
    pub(crate) exit: Option<ExitRecord>,
}

/// What lasts on a machine's disk.
#[derive(Debug)]
pub(crate) struct Disk {
    /// The agent's random id.
    pub(crate) machine_id: String,
    /// The host's name.
    pub(crate) name: String,
    /// The join token that it was given.
    pub(crate) token: String,
    /// The key that it got for it.
    pub(crate) key: Option<String>,
    /// The lease's file, and the boot that it names.
    pub(crate) lease: Option<(Lease, u32)>,
    /// The attempts' directories.
    pub(crate) attempts: BTreeMap<AttemptId, Dir>,
    /// Until when it is full.
    pub(crate) full_until: Millis,
}

/// A machine, but for its agent.
#[derive(Debug)]
pub(crate) struct Body {
    /// Its place among all.
    pub(crate) index: usize,
    /// Its clocks.
    pub(crate) clocks: Clocks,
    /// Which boot this is.
    pub(crate) boot: u32,
    /// When that was.
    pub(crate) booted_at: Millis,
    /// Until when it is off.
    pub(crate) off_until: Millis,
    /// Its cards.
    pub(crate) cards: Vec<Card>,
    /// Until when its driver answers nothing.
    pub(crate) driver_hangs_until: Millis,
    /// How long a driver takes to take down what a killed process had on the card.
    pub(crate) lingers: Millis,
    /// What lasts.
    pub(crate) disk: Disk,
    /// Shims by PID, also those that have ended and were not waited for.
    pub(crate) shims: BTreeMap<i32, Shim>,
    /// The processes of each attempt that were ever started here.
    pub(crate) trees: BTreeMap<AttemptId, Tree>,
    next_pid: i32,
}

/// A machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// All but its agent.
    pub(crate) body: Body,
    /// Its agent.
    pub(crate) agent: Option<Agent>,
    /// When there is to be one again.
    pub(crate) agent_starts_at: Millis,
    /// Until when its agent is stopped by a signal.
    pub(crate) agent_frozen_until: Millis,
}

impl Body {
    /// A machine that was just switched on.
    #[must_use]
    pub(crate) fn new(index: usize, clocks: Clocks, cards: usize, lingers: Millis) -> Self {
        let card = |place| Card {
            uuid: format!("GPU-{index}-{place}"),
            condition: Condition::Healthy,
            unwell_until: 0,
            foreign_until: 0,
        };
        let disk = Disk {
            machine_id: format!("machine-{index}"),
            name: format!("node-{index}"),
            token: format!("token-{index}"),
            key: None,
            lease: None,
            attempts: BTreeMap::new(),
            full_until: 0,
        };
        Self {
            index,
            clocks,
            boot: 1,
            booted_at: 0,
            off_until: 0,
            cards: (0..cards).map(card).collect(),
            driver_hangs_until: 0,
            lingers,
            disk,
            shims: BTreeMap::new(),
            trees: BTreeMap::new(),
            next_pid: 1000,
        }
    }

    /// Whether it is on.
    #[must_use]
    pub(crate) fn is_on(&self, now: Millis) -> bool {
        now >= self.off_until
    }

    /// The clock that counts since boot.
    #[must_use]
    pub(crate) fn since_boot(&self, now: Millis) -> Duration {
        self.clocks.shown(now.saturating_sub(self.booted_at))
    }

    /// The same as an instant, which means something within one boot.
    #[must_use]
    pub(crate) fn instant(&self, now: Millis) -> Instant {
        instant(self.since_boot(now))
    }

    /// Whether nothing can be written to its disk.
    #[must_use]
    pub(crate) fn disk_is_full(&self, now: Millis) -> bool {
        now < self.disk.full_until
    }

    /// The number of a new process.
    pub(crate) fn new_pid(&mut self) -> i32 {
        self.next_pid += 1;
        self.next_pid
    }

    /// What the lease's file says, as `Lease::read` does: that of an earlier boot is over.
    #[must_use]
    pub(crate) fn lease(&self) -> Option<Lease> {
        let (lease, boot) = self.disk.lease?;
        Some(if boot == self.boot { lease } else { Lease::new(Duration::ZERO, Duration::ZERO) })
    }

    /// Power goes, and comes back later. What was not forced to the disk may be lost with it.
    pub(crate) fn lose_power(&mut self, now: Millis, off_for: Millis, keeps: impl Fn(&AttemptId) -> bool) {
        self.off_until = now + off_for;
        self.booted_at = self.off_until;
        self.boot += 1;
        self.shims.clear();
        for tree in self.trees.values_mut() {
            tree.vanish(now);
        }
        for (id, dir) in &mut self.disk.attempts {
            dir.lock = None;
            // Only order and end are forced to the disk.
            if !keeps(id) {
                dir.started = None;
                dir.marked = false;
            }
        }
    }

    /// Lets processes run on.
    pub(crate) fn run(&mut self, now: Millis) {
        for tree in self.trees.values_mut() {
            tree.run(now);
        }
        for card in &mut self.cards {
            if card.condition != Condition::Healthy && now >= card.unwell_until {
                card.condition = Condition::Healthy;
            }
        }
    }

    /// Kills all that is left of an attempt, as `jobs::leftovers` does, and answers whether it is gone.
    pub(crate) fn kill_leftovers(&mut self, id: &AttemptId, now: Millis) -> bool {
        let Some(tree) = self.trees.get_mut(id) else { return true };
        tree.kill(now);
        !tree.is_alive()
    }

    /// What a look at the cards finds, with the attempts that live at the time: as `devices::nvml` and `devices::ownership` do.
    #[must_use]
    pub(crate) fn sample(&self, live: &[LiveAttempt], now: Millis) -> Vec<Sample> {
        self.cards.iter().map(|card| self.sample_of(card, live, now)).collect()
    }

    fn sample_of(&self, card: &Card, live: &[LiveAttempt], now: Millis) -> Sample {
        let on_it = self.trees.iter().filter(|(_, tree)| tree.is_listed(&card.uuid, self.lingers, now));
        let mut processes: Vec<GpuProcess> =
            on_it.map(|(id, tree)| process(tree.pid, owner(id, &card.uuid, live))).collect();
        if now < card.foreign_until {
            processes.push(process(7, Owner::Foreign));
        }
        for attempt in live.iter().filter(|attempt| attempt.gpu_uuids.contains(&card.uuid)) {
            for pid in attempt.survivors.iter().flatten() {
                if !processes.iter().any(|known| known.pid == *pid) {
                    processes.push(process(*pid, Owner::Orphan(attempt.id.job_id.clone())));
                }
            }
        }
        let lost = matches!(card.condition, Condition::Dead(_));
        Sample {
            uuid: card.uuid.clone(),
            condition: card.condition.clone(),
            processes: (!lost).then_some(processes),
            ..Sample::default()
        }
    }

    /// What keeps GPUs from the next job, as `jobs::clean` asks; none: the cards do not answer.
    #[must_use]
    pub(crate) fn unclean(
        &self,
        uuids: &[String],
        live: &[LiveAttempt],
        now: Millis,
    ) -> Option<Vec<UncleanGpu>> {
        if now < self.driver_hangs_until {
            return None;
        }
        let samples = self.sample(live, now);
        let own = samples.iter().filter(|sample| uuids.contains(&sample.uuid));
        Some(own.filter_map(judge_card).collect())
    }

    /// The attempts whose processes are alive, and what they use.
    pub(crate) fn alive(&self) -> impl Iterator<Item = (&AttemptId, &Tree)> {
        self.trees.iter().filter(|(_, tree)| tree.is_alive())
    }
}

fn process(pid: i32, owner: Owner) -> GpuProcess {
    GpuProcess { pid, memory_used_mib: None, command: None, owner }
}

/// Whose a process of an attempt is, as `devices::ownership` says it.
fn owner(id: &AttemptId, uuid: &str, live: &[LiveAttempt]) -> Owner {
    match live.iter().find(|attempt| attempt.id == *id && attempt.is_alive()) {
        Some(attempt) if attempt.gpu_uuids.iter().any(|own| own == uuid) => Owner::Job(id.clone()),
        Some(_) => Owner::Trespasser(id.clone()),
        None => Owner::Orphan(id.job_id.clone()),
    }
}
