//! A shim: stands for `agent/src/shim`, whose course it walks; what it does to processes, files and signals is played.

use std::time::Duration;

use agent::attempt::{AttemptId, ExitRecord};
use agent::decide::{Course, Do, Lease, LeaseState};
use agent::shim::{EXIT_DONE, EXIT_FAILED, EXIT_NO_ROOM, EXIT_TAKEN};
use chrono::{DateTime, Utc};

use crate::machine::{Body, Started};
use crate::network::Order;
use crate::process::{Conduct, End, Tree};
use crate::time::Millis;

/// How long a shim waits for a lease that it cannot read, and how often it looks: those of `agent/src/lease.rs` and of
/// `shim/supervisor.rs`.
const UNREADABLE: Duration = Duration::from_secs(10);
const LEASE_LOOKS: Duration = Duration::from_secs(1);

/// What an agent sends to a shim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// End with grace.
    Stop,
    /// End at once.
    Kill,
}

#[derive(Debug)]
enum Stage {
    /// It is being started, until then.
    Starting(Millis),
    /// It has marked the lock, and starts the command next.
    Marked(Order),
    /// The command runs.
    Supervising { course: Course, lease: Lease, looked_at: Duration },
}

/// A shim's process.
#[derive(Debug)]
pub(crate) struct Shim {
    /// Its attempt.
    pub(crate) id: AttemptId,
    /// How it has ended; the inner code is none after a signal.
    pub(crate) ended: Option<Option<i32>>,
    /// Until when it is stopped by a signal.
    pub(crate) frozen_until: Millis,
    signals: Vec<Signal>,
    stage: Stage,
}

impl Shim {
    /// One that begins at this time.
    #[must_use]
    pub(crate) fn new(id: AttemptId, begins_at: Millis) -> Self {
        Self { id, ended: None, frozen_until: 0, signals: Vec::new(), stage: Stage::Starting(begins_at) }
    }

    /// Hears a signal, also one that was stopped: it is continued.
    pub(crate) fn hear(&mut self, signal: Signal) {
        self.frozen_until = 0;
        self.signals.push(signal);
    }
}

/// What a shim has just done that the truth is to be told.
#[derive(Debug)]
pub(crate) enum Deed {
    /// It starts the command.
    Starts(AttemptId, Order),
}

/// Lets a shim go on.
pub(crate) fn step(
    body: &mut Body,
    pid: i32,
    conduct: impl Fn(&Order) -> Conduct,
    now: Millis,
) -> Option<Deed> {
    let mut shim = body.shims.remove(&pid)?;
    let mut deed = None;
    if shim.ended.is_none() && now >= shim.frozen_until {
        deed = go_on(&mut shim, body, pid, conduct, now);
        if shim.ended.is_some()
            && let Some(dir) = body.disk.attempts.get_mut(&shim.id)
            && dir.lock == Some(pid)
        {
            dir.lock = None;
        }
    }
    body.shims.insert(pid, shim);
    deed
}

/// SIGKILL to a shim.
pub(crate) fn kill(body: &mut Body, pid: i32, now: Millis) {
    let Some(shim) = body.shims.get_mut(&pid).filter(|shim| shim.ended.is_none()) else { return };
    shim.ended = Some(None);
    let id = shim.id.clone();
    if let Some(dir) = body.disk.attempts.get_mut(&id)
        && dir.lock == Some(pid)
    {
        dir.lock = None;
    }
    if let Some(tree) = body.trees.get_mut(&id) {
        tree.lose_shim(now);
    }
}

fn go_on(
    shim: &mut Shim,
    body: &mut Body,
    pid: i32,
    conduct: impl Fn(&Order) -> Conduct,
    now: Millis,
) -> Option<Deed> {
    match &mut shim.stage {
        Stage::Starting(at) if now < *at => None,
        Stage::Starting(_) => {
            match begin(body, &shim.id, pid, now) {
                Ok(order) => shim.stage = Stage::Marked(order),
                Err(code) => shim.ended = Some(Some(code)),
            }
            None
        }
        Stage::Marked(order) => {
            let order = order.clone();
            let tree_pid = body.new_pid();
            let conduct = conduct(&order);
            let tree = Tree::new(tree_pid, order.gpus.clone(), order.milli, conduct, now);
            body.trees.insert(shim.id.clone(), tree);
            let at = body.since_boot(now);
            if let Some(dir) = body.disk.attempts.get_mut(&shim.id) {
                dir.started = Some(Started { shim: pid, boot: body.boot, at });
            }
            let limit = order.limit_secs.map(Duration::from_secs);
            let course = Course::new(Duration::from_secs(order.grace_secs), limit, body.instant(now));
            let lease = Lease::new(at, UNREADABLE);
            shim.stage = Stage::Supervising { course, lease, looked_at: at };
            Some(Deed::Starts(shim.id.clone(), order))
        }
        Stage::Supervising { course, lease, looked_at } => {
            let tree_gone = supervise(course, lease, looked_at, &mut shim.signals, body, &shim.id, now)?;
            let end = body.trees.get(&shim.id).and_then(|tree| tree.end);
            let record = record(course, end, tree_gone, body.since_boot(now));
            if let Some(dir) = body.disk.attempts.get_mut(&shim.id) {
                dir.exit = Some(record);
            }
            shim.ended = Some(Some(EXIT_DONE));
            None
        }
    }
}

/// As `shim::run` does before it starts the command: the lock, the order, room for the records, the mark.
fn begin(body: &mut Body, id: &AttemptId, pid: i32, now: Millis) -> Result<Order, i32> {
    let full = body.disk_is_full(now);
    let dir = body.disk.attempts.get_mut(id).ok_or(EXIT_FAILED)?;
    if dir.lock.is_some() || dir.marked {
        return Err(EXIT_TAKEN);
    }
    let order = dir.spec.clone().ok_or(EXIT_FAILED)?;
    if full {
        return Err(EXIT_NO_ROOM);
    }
    dir.lock = Some(pid);
    dir.marked = true;
    Ok(order)
}

/// One round of `Supervisor::run`: whether the tree is gone or will not go, and none while it goes on.
fn supervise(
    course: &mut Course,
    lease: &mut Lease,
    looked_at: &mut Duration,
    signals: &mut Vec<Signal>,
    body: &mut Body,
    id: &AttemptId,
    now: Millis,
) -> Option<bool> {
    let (at, shown, read) = (body.instant(now), body.since_boot(now), body.lease());
    let tree = body.trees.get_mut(id)?;
    course.is_over = tree.end.is_some();
    for signal in signals.drain(..) {
        let due = match signal {
            Signal::Stop => course.stop(at),
            Signal::Kill => course.kill(at),
        };
        perform(due, tree, now);
    }
    if !tree.is_alive() {
        return Some(true);
    }
    if shown.saturating_sub(*looked_at) >= LEASE_LOOKS {
        *looked_at = shown;
        *lease = read.unwrap_or(*lease);
        let state = lease.state(shown);
        let due = course.watch_lease(state, lease.left(shown), at);
        debug_assert!(state != LeaseState::Held || due == Do::Nothing);
        perform(due, tree, now);
    }
    let due = course.advance(tree.end.is_some(), at);
    if due == Do::GiveUp {
        return Some(false);
    }
    perform(due, tree, now);
    None
}

fn perform(due: Do, tree: &mut Tree, now: Millis) {
    match due {
        Do::Nothing | Do::GiveUp => {}
        Do::AskToEnd => tree.ask_to_end(now),
        // No job of a played fleet has an image.
        Do::Kill | Do::KillInside => tree.kill(now),
    }
}

/// As `Supervisor::record` does.
fn record(course: &Course, end: Option<End>, tree_gone: bool, at: Duration) -> ExitRecord {
    let (exit_code, signal) = match end {
        Some(End::Done(code) | End::Asked(code)) => (Some(code), None),
        Some(End::Killed) => (None, Some(9)),
        None => (None, None),
    };
    ExitRecord {
        exit_code,
        signal,
        timed_out: course.timed_out,
        stopped: course.stopped,
        stopped_late: Some(course.stopped_late),
        lease_lost: course.lease_lost,
        tree_gone,
        finished_after_boot: u64::try_from(at.as_millis()).ok(),
        ..unseen("", at)
    }
}

/// As `ExitRecord::unseen` does, by the played clock.
#[must_use]
pub(crate) fn unseen(reason: &str, at: Duration) -> ExitRecord {
    ExitRecord {
        image_refused: false,
        exit_code: None,
        signal: None,
        timed_out: false,
        stopped: false,
        stopped_late: Some(false),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        tree_gone: true,
        finished_at: DateTime::<Utc>::UNIX_EPOCH,
        finished_after_boot: u64::try_from(at.as_millis()).ok(),
        lease_lost: false,
        never_started: false,
        lost: false,
    }
}
