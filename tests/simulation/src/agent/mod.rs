//! An agent's process: stands for `agent/src`. What that decides by plain functions (`agent::decide`, what a card's use is, when
//! a lease ends) is asked of those same functions; its tasks and waits are played here, each beside the name of what it stands for.

mod heart;
mod runner;
mod uplink;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use agent::attempt::AttemptId;
use agent::decide::{
    EndCause, Ending, Found, Lease, Left, Rivalry, Step, UncleanGpu, Wish, carry_out, found,
};
use agent::devices::{LiveAttempt, UseTracker};

use crate::dice::Dice;
use crate::machine::Body;
use crate::network::{Answer, CallId, Order, Request, StreamId, Told};
use crate::time::{Millis, TICK};
use crate::trace::Trace;
use heart::Heart;
use runner::Runner;
use uplink::{Reporter, Session};

/// A lease before anything was agreed, as `lease::FIRST`.
const FIRST_LEASE: Duration = Duration::from_secs(60);
/// How long a card may do nothing before it counts as idle.
const IDLE_WINDOW: Duration = Duration::from_secs(300);
/// How often an unfit host tries a start, as `jobs::trial`.
const TRIAL_EVERY: Duration = Duration::from_secs(10);
/// Failed starts in a row that are believed, as `jobs::fitness`.
const BELIEVED: u32 = 3;

/// What the agent may touch beside its own machine.
pub(crate) struct Surroundings<'a> {
    /// True time, for the machine's processes alone.
    pub(crate) now: Millis,
    /// The dice.
    pub(crate) dice: &'a mut Dice,
    /// What happened.
    pub(crate) trace: &'a mut Trace,
    /// Calls that leave.
    pub(crate) calls: &'a mut Vec<(CallId, Request)>,
    /// The number of the next call.
    pub(crate) next_call: &'a mut CallId,
}

/// What an agent says of an attempt.
#[derive(Debug, Clone)]
pub(crate) struct Saying {
    /// Its number among all.
    pub(crate) number: u64,
    /// Which attempt.
    pub(crate) id: AttemptId,
    /// When, since boot; none: in another boot.
    pub(crate) at: Option<Duration>,
    /// What.
    pub(crate) what: What,
}

/// What happened to an attempt.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// Its command runs.
    Started,
    /// It is over.
    Exited(Ending, Vec<UncleanGpu>),
}

/// What starts have shown, as `jobs::fitness`.
#[derive(Debug, Default)]
struct Fitness {
    failures: u32,
    unfit: Option<String>,
    known_as: Option<String>,
}

impl Fitness {
    fn failed(&mut self, reason: &str) {
        self.failures += 1;
        if self.failures >= BELIEVED && self.unfit.is_none() {
            self.unfit = Some(format!("its agent cannot start jobs: {reason}"));
        }
    }

    fn went_well(&mut self) {
        (self.failures, self.unfit) = (0, None);
    }
}

/// The process.
#[derive(Debug)]
pub(crate) struct Agent {
    /// Which of all agents it is.
    pub(crate) life: u64,
    /// What has come from the network and was not looked at yet.
    pub(crate) answers: BTreeMap<CallId, Answer>,
    /// What the stream has told.
    pub(crate) told: VecDeque<(StreamId, Told)>,
    runners: BTreeMap<AttemptId, Runner>,
    ended: BTreeSet<AttemptId>,
    lease: (Lease, Duration),
    terms: Terms,
    epoch: Option<i32>,
    session: Session,
    rivalry: Rivalry,
    heart: Heart,
    reporter: Reporter,
    fitness: Fitness,
    uses: UseTracker,
    trial_at: Duration,
    sayings: u64,
}

/// What the servers agree with every agent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// How long a lease is.
    pub(crate) lease: Duration,
    /// How often a sign of life is expected.
    pub(crate) heartbeat: Duration,
}

/// Why an agent's process has ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GivesUp {
    /// Another agent has its key, or its name.
    Refused,
}

impl Agent {
    /// Starts, and takes up what an earlier agent left, as `jobs::adopt` does.
    pub(crate) fn start(life: u64, terms: Terms, body: &mut Body, around: &mut Surroundings<'_>) -> Self {
        let at = body.since_boot(around.now);
        let lease = (body.lease().unwrap_or_else(|| Lease::new(at, FIRST_LEASE)), FIRST_LEASE);
        let mut agent = Self {
            life,
            answers: BTreeMap::new(),
            told: VecDeque::new(),
            runners: BTreeMap::new(),
            ended: BTreeSet::new(),
            lease,
            terms,
            epoch: None,
            session: Session::new(at),
            rivalry: Rivalry::default(),
            heart: Heart::new(at),
            reporter: Reporter::default(),
            fitness: Fitness::default(),
            uses: UseTracker::new(IDLE_WINDOW),
            trial_at: at + TRIAL_EVERY,
            sayings: 0,
        };
        agent.adopt(body, around);
        agent
    }

    fn adopt(&mut self, body: &mut Body, around: &mut Surroundings<'_>) {
        let ids: Vec<AttemptId> = body.disk.attempts.keys().cloned().collect();
        for id in ids {
            let boot = body.boot;
            let Some(dir) = body.disk.attempts.get_mut(&id) else { continue };
            let left = Left {
                held: dir.lock.is_some(),
                marked: dir.marked,
                started: dir.started.is_some(),
                ended: dir.exit.is_some(),
                of_this_boot: dir.boot == boot,
            };
            let Some(order) = dir.spec.clone() else {
                body.disk.attempts.remove(&id);
                continue;
            };
            let found = found(left);
            around.trace.note(around.now, &format!("node-{} finds {id}: {found:?}", body.index));
            let runner = match found {
                // Marks the lock, so that no shim takes it up any more, and removes it.
                Found::NeverBegan => {
                    body.disk.attempts.remove(&id);
                    continue;
                }
                Found::Alive => Runner::rejoins(order),
                Found::Ended => match dir.exit.clone() {
                    Some(record) => {
                        let tree = body.trees.get(&id).filter(|tree| tree.is_alive());
                        Runner::ended(order, record, tree.map(|tree| tree.pid))
                    }
                    None => continue,
                },
                Found::Lost(reason, cause) => Runner::lost(order, reason, cause),
            };
            self.runners.insert(id, runner);
        }
    }

    /// Whether it listens to this stream.
    #[must_use]
    pub(crate) fn stream(&self) -> Option<StreamId> {
        self.session.stream()
    }

    /// The stream's connection is alive: pings are answered.
    pub(crate) fn hears_stream(&mut self, at: Duration) {
        self.session.heard(at);
    }

    /// Goes on for one step.
    ///
    /// # Errors
    /// It ends by itself.
    pub(crate) fn step(&mut self, body: &mut Body, around: &mut Surroundings<'_>) -> Result<(), GivesUp> {
        let at = body.since_boot(around.now);
        self.look_at_cards(body, around.now);
        self.keep_session(body, at, around)?;
        self.beat(body, at, around);
        self.report(body, at, around);
        let ids: Vec<AttemptId> = self.runners.keys().cloned().collect();
        for id in ids {
            self.walk(&id, body, at, around);
        }
        if at >= self.trial_at {
            self.trial_at = at + TRIAL_EVERY;
            if self.fitness.unfit.is_some() && !body.disk_is_full(around.now) {
                self.fitness.went_well();
            }
        }
        Ok(())
    }

    /// As `Jobs::apply`.
    fn apply(&mut self, complete: bool, orders: Vec<Order>, body: &Body, around: &mut Surroundings<'_>) {
        if complete {
            let wanted: BTreeSet<&AttemptId> = orders.iter().map(|order| &order.id).collect();
            let others: Vec<AttemptId> =
                self.runners.keys().filter(|id| !wanted.contains(id)).cloned().collect();
            for id in others {
                self.wish(&id, Wish::Forget);
            }
        }
        for order in orders {
            let known = self.runners.contains_key(&order.id) || self.ended.contains(&order.id);
            let step = carry_out(order.action, known);
            let line = format!("node-{} is told {:?} of {}: {step:?}", body.index, order.action, order.id);
            around.trace.note(around.now, &line);
            let id = order.id.clone();
            match step {
                Step::Nothing => {}
                Step::Start => drop(self.runners.insert(id, Runner::begins(order))),
                Step::ReportLost => {
                    let lost = Runner::lost(order, "its host lost track of it", EndCause::Lost);
                    self.runners.insert(id, lost);
                }
                Step::Wish(wish) => self.wish(&id, wish),
                Step::ReportUnknown => self.report_unknown(id),
            }
        }
    }

    /// As `Jobs::report_unknown`.
    fn report_unknown(&mut self, id: AttemptId) {
        if self.ended.contains(&id) {
            return;
        }
        let end = Ending {
            exit_code: None,
            reason: Some("it was not running on this host".to_owned()),
            timed_out: false,
            cause: EndCause::Command,
            asked: None,
        };
        self.say(id, None, What::Exited(end, Vec::new()));
    }

    fn say(&mut self, id: AttemptId, at: Option<Duration>, what: What) -> u64 {
        self.sayings += 1;
        self.reporter.queue.push_back(Saying { number: self.sayings, id, at, what });
        self.sayings
    }

    fn wish(&mut self, id: &AttemptId, wish: Wish) {
        if let Some(runner) = self.runners.get_mut(id) {
            runner.wish = runner.wish.max(wish);
        }
    }

    fn wish_for_all(&mut self, wish: Wish) {
        for runner in self.runners.values_mut() {
            runner.wish = runner.wish.max(wish);
        }
    }

    /// As `Book::live`.
    fn live(&self) -> Vec<LiveAttempt> {
        let all = self.runners.values().map(|runner| &runner.live);
        all.filter(|live| !live.gpu_uuids.is_empty() || live.shim_pid.is_some()).cloned().collect()
    }
}

/// As `uplink::retry::Backoff`.
#[derive(Debug, Default)]
struct Backoff {
    failures: u32,
}

impl Backoff {
    fn next(&mut self, dice: &mut Dice) -> Duration {
        let step = (100u64 << self.failures.min(8)).min(15_000);
        self.failures += 1;
        Duration::from_millis(dice.within(step / 2..=step).max(TICK))
    }
}
