//! The life of one attempt: stands for `jobs::runner` and `jobs::launch`.

use std::time::Duration;

use agent::attempt::{AttemptId, ExitRecord};
use agent::decide::{EndCause, UncleanGpu, Unrecorded, Wish, ending, unrecorded};
use agent::devices::LiveAttempt;

use super::{Agent, Surroundings, What};
use crate::machine::{Body, Dir};
use crate::network::Order;
use crate::shim::{self, Shim, Signal, unseen};
use crate::time::Millis;

/// Those of `jobs::runner`.
const STOP_PATIENCE: Duration = Duration::from_secs(15);
const KILL_PATIENCE: Duration = Duration::from_secs(5);
const START_PATIENCE: Duration = Duration::from_secs(1);
const LONGEST_DYING: Duration = Duration::from_secs(5);
const HAUNT_CHECKS: Duration = Duration::from_secs(1);
/// Those of `jobs::leftovers`.
const TRIES: u32 = 50;
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// Those of `jobs::clean`, and the patience of `devices::watch`.
const CHECKS: u32 = 10;
const BETWEEN_CHECKS: Duration = Duration::from_millis(200);
const NO_ANSWER: Duration = Duration::from_secs(10);
/// That of `jobs::fitness`.
const MOMENT: Duration = Duration::from_secs(2);

#[derive(Debug)]
enum Stage {
    /// `begin`.
    Begins,
    /// Waits for the shim's first word; when its end was wanted first.
    FirstWord { shim: i32, unwanted_since: Option<Duration> },
    /// `rejoin`.
    Rejoins,
    /// `accompany`.
    Accompanies { shim: i32, ours: bool, obeyed: Wish, deadline: Option<Duration>, saying: Option<u64> },
    /// `without_shim`.
    ShimDies { shim: i32, until: Duration },
    /// `lost`.
    Kills { reason: &'static str, cause: EndCause, stopped: bool, tries: u32, next: Duration },
    /// `report_end`, before the server knows that the host is unfit.
    Waits { record: ExitRecord, until: Duration },
    /// `clean::unclean_gpus`.
    Checks { record: ExitRecord, checks: u32, next: Duration, asked: Option<Duration> },
    /// The report is on its way.
    Reports { record: ExitRecord, saying: u64 },
    /// `outlast_survivors`.
    Outlasts { next: Duration },
    /// `clean_up` is due.
    Over,
}

/// One attempt's task.
#[derive(Debug)]
pub(super) struct Runner {
    pub(super) wish: Wish,
    pub(super) live: LiveAttempt,
    pub(super) blame: Option<String>,
    /// A wish was passed on to the shim.
    passed_on: bool,
    /// The server's answers to what was said of it.
    pub(super) verdicts: Vec<(u64, bool)>,
    order: Order,
    stage: Stage,
}

impl Runner {
    fn new(order: Order, stage: Stage) -> Self {
        let live = LiveAttempt {
            container: None,
            id: order.id.clone(),
            gpu_uuids: order.gpus.clone(),
            gpu_milli: order.milli,
            shim_pid: None,
            shim_start_time: 0,
            cgroup: None,
            survivors: None,
            pid: None,
        };
        Self { wish: Wish::Run, live, blame: None, passed_on: false, verdicts: Vec::new(), order, stage }
    }

    pub(super) fn begins(order: Order) -> Self {
        Self::new(order, Stage::Begins)
    }

    pub(super) fn rejoins(order: Order) -> Self {
        Self::new(order, Stage::Rejoins)
    }

    pub(super) fn ended(order: Order, record: ExitRecord, pid: Option<i32>) -> Self {
        let mut runner = Self::new(order, Stage::Over);
        runner.live.pid = pid;
        runner.close(record);
        runner
    }

    pub(super) fn lost(order: Order, reason: &'static str, cause: EndCause) -> Self {
        Self::new(order, kills(reason, cause, false))
    }

    /// `run`, from when the record of the end is known: what is left of it is looked at before anything is told.
    fn close(&mut self, record: ExitRecord) {
        if record.tree_gone {
            self.stops();
        } else {
            self.live.survivors = Some(self.live.pid.into_iter().collect());
        }
        self.stage = Stage::Waits { record, until: Duration::ZERO };
    }

    /// `Book::stopped`.
    fn stops(&mut self) {
        self.live.gpu_uuids.clear();
        (self.live.shim_pid, self.live.survivors, self.live.pid) = (None, None, None);
    }

    fn patience(&self, wish: Wish) -> Duration {
        if wish.is_urgent() {
            return KILL_PATIENCE;
        }
        Duration::from_secs(self.order.grace_secs) + STOP_PATIENCE
    }

    fn verdict(&self, saying: u64) -> Option<bool> {
        self.verdicts.iter().find(|(of, _)| *of == saying).map(|(_, accepted)| *accepted)
    }
}

fn kills(reason: &'static str, cause: EndCause, stopped: bool) -> Stage {
    Stage::Kills { reason, cause, stopped, tries: 0, next: Duration::ZERO }
}

impl Agent {
    /// Lets one attempt's task go on until it waits.
    pub(super) fn walk(
        &mut self,
        id: &AttemptId,
        body: &mut Body,
        at: Duration,
        around: &mut Surroundings<'_>,
    ) {
        let Some(mut runner) = self.runners.remove(id) else { return };
        let stage = std::mem::replace(&mut runner.stage, Stage::Over);
        match stage {
            Stage::Begins => self.begin(&mut runner, body, at, around),
            Stage::FirstWord { shim, unwanted_since } => {
                first_word(self, &mut runner, body, shim, unwanted_since, at);
            }
            Stage::Rejoins => rejoin(self, &mut runner, body, at),
            Stage::Accompanies { shim, ours, obeyed, deadline, saying } => {
                let stage = Stage::Accompanies { shim, ours, obeyed, deadline, saying };
                self.accompany(&mut runner, stage, body, at, around.now);
            }
            Stage::ShimDies { shim, until } => {
                let gone = body.shims.get(&shim).is_none_or(|shim| shim.ended.is_some());
                runner.stage = if gone || at >= until {
                    kills("its shim did not answer", EndCause::Command, true)
                } else {
                    Stage::ShimDies { shim, until }
                };
            }
            Stage::Kills { reason, cause, stopped, tries, next } => {
                let gone = body.kill_leftovers(id, around.now);
                if gone || tries >= TRIES {
                    let mut record = unseen(reason, at);
                    (record.tree_gone, record.lost) = (gone, cause == EndCause::Lost);
                    record.stopped = stopped;
                    runner.close(record);
                } else {
                    let due = at >= next;
                    let (tries, next) = if due { (tries + 1, at + BETWEEN_TRIES) } else { (tries, next) };
                    runner.stage = Stage::Kills { reason, cause, stopped, tries, next };
                }
            }
            Stage::Waits { record, until } => self.wait(&mut runner, record, until, at),
            Stage::Checks { record, checks, next, asked } => {
                self.check(&mut runner, body, (record, checks, next, asked), at, around);
            }
            Stage::Reports { record, saying } => {
                if runner.wish == Wish::Forget || runner.verdict(saying).is_some() {
                    closed(&mut runner, &record);
                } else {
                    runner.stage = Stage::Reports { record, saying };
                }
            }
            Stage::Outlasts { next } if at < next => runner.stage = Stage::Outlasts { next },
            Stage::Outlasts { .. } => {
                if body.kill_leftovers(id, around.now) {
                    runner.stops();
                    runner.stage = Stage::Over;
                } else {
                    runner.stage = Stage::Outlasts { next: at + HAUNT_CHECKS };
                }
            }
            Stage::Over => {
                body.disk.attempts.remove(id);
                self.ended.insert(id.clone());
                around.trace.note(around.now, &format!("node-{} is done with {id}", body.index));
                return;
            }
        }
        self.runners.insert(id.clone(), runner);
    }

    /// `begin` and `launch::launch`.
    fn begin(&mut self, runner: &mut Runner, body: &mut Body, at: Duration, around: &mut Surroundings<'_>) {
        let id = runner.order.id.clone();
        if runner.wish > Wish::Run {
            return runner.close(unseen("it was stopped before it started", at));
        }
        if body.disk.attempts.contains_key(&id) {
            return self.never_started(runner, "its directory is there already", at);
        }
        let full = body.disk_is_full(around.now);
        let spec = (!full).then(|| runner.order.clone());
        let dir = Dir { spec, boot: body.boot, lock: None, marked: false, started: None, exit: None };
        body.disk.attempts.insert(id.clone(), dir);
        if full {
            return self.never_started(runner, "this host could not start it: no space left", at);
        }
        let shim = body.new_pid();
        let begins_at = around.now + around.dice.within(0..=100);
        body.shims.insert(shim, Shim::new(id, begins_at));
        runner.live.shim_pid = Some(shim);
        runner.stage = Stage::FirstWord { shim, unwanted_since: None };
    }

    fn never_started(&mut self, runner: &mut Runner, reason: &str, at: Duration) {
        self.fitness.failed(reason);
        let mut record = unseen(reason, at);
        record.never_started = true;
        runner.close(record);
    }

    /// `accompany`, from its beginning: what the record of the start says is told.
    fn comes_along(&mut self, runner: &mut Runner, body: &Body, shim: i32, ours: bool) {
        let started = body.disk.attempts.get(&runner.order.id).and_then(|dir| dir.started);
        let saying = started.map(|started| {
            self.fitness.went_well();
            runner.live.shim_pid = Some(started.shim);
            runner.live.pid = body.trees.get(&runner.order.id).map(|tree| tree.pid);
            let of_this_boot = started.boot == body.boot;
            self.say(runner.order.id.clone(), of_this_boot.then_some(started.at), What::Started)
        });
        runner.stage = Stage::Accompanies { shim, ours, obeyed: Wish::Run, deadline: None, saying };
    }

    fn accompany(&mut self, runner: &mut Runner, stage: Stage, body: &mut Body, at: Duration, now: Millis) {
        let Stage::Accompanies { shim, ours, mut obeyed, mut deadline, mut saying } = stage else { return };
        if runner.wish > obeyed {
            (obeyed, runner.passed_on) = (runner.wish, true);
            if let Some(process) = body.shims.get_mut(&shim) {
                process.hear(if obeyed.is_urgent() { Signal::Kill } else { Signal::Stop });
            }
            let by = at + runner.patience(obeyed);
            deadline = Some(deadline.map_or(by, |before| before.min(by)));
        }
        if let Some(ended) = body.shims.get(&shim).map_or(Some(None), |process| process.ended) {
            return self.ended_record(runner, body, ended.filter(|_| ours), at);
        }
        if deadline.is_some_and(|deadline| at >= deadline) {
            shim::kill(body, shim, now);
            runner.stage = Stage::ShimDies { shim, until: at + LONGEST_DYING };
            return;
        }
        if let Some(accepted) = saying.and_then(|of| runner.verdict(of)) {
            saying = None;
            if !accepted {
                runner.wish = Wish::Forget;
            }
        }
        runner.stage = Stage::Accompanies { shim, ours, obeyed, deadline, saying };
    }

    /// `ended_record`.
    fn ended_record(&mut self, runner: &mut Runner, body: &Body, code: Option<i32>, at: Duration) {
        let dir = body.disk.attempts.get(&runner.order.id);
        if let Some(record) = dir.and_then(|dir| dir.exit.clone()) {
            return runner.close(record);
        }
        match unrecorded(code, dir.is_some_and(|dir| dir.started.is_some())) {
            Unrecorded::NeverStarted(reason) => self.never_started(runner, reason, at),
            Unrecorded::Lost(reason) => runner.stage = kills(reason, EndCause::Command, false),
        }
    }

    /// `Fitness::is_known`, and `close` where nothing is to be told.
    fn wait(&mut self, runner: &mut Runner, record: ExitRecord, until: Duration, at: Duration) {
        if runner.wish == Wish::Forget {
            return closed(runner, &record);
        }
        let until = if until.is_zero() { at + MOMENT } else { until };
        let known = self.fitness.unfit.is_none() || self.fitness.unfit == self.fitness.known_as;
        runner.stage = if record.never_started && !known && at < until {
            Stage::Waits { record, until }
        } else {
            Stage::Checks { record, checks: 0, next: at, asked: None }
        };
    }

    fn check(
        &mut self,
        runner: &mut Runner,
        body: &Body,
        (record, checks, next, asked): (ExitRecord, u32, Duration, Option<Duration>),
        at: Duration,
        around: &Surroundings<'_>,
    ) {
        if runner.wish == Wish::Forget {
            return closed(runner, &record);
        }
        if at < next {
            runner.stage = Stage::Checks { record, checks, next, asked };
            return;
        }
        let uuids = runner.order.gpus.clone();
        if !record.tree_gone {
            let unclean = all(&uuids, "processes of the job outlived SIGKILL");
            return self.tell_end(runner, body, record, unclean);
        }
        let asked = asked.unwrap_or(at);
        match body.unclean(&uuids, &self.live_beside(runner), around.now) {
            None if at < asked + NO_ANSWER => {
                runner.stage = Stage::Checks { record, checks, next, asked: Some(asked) };
            }
            None => self.tell_end(runner, body, record, all(&uuids, "NVML does not answer")),
            Some(unclean) if unclean.is_empty() || checks + 1 == CHECKS => {
                self.tell_end(runner, body, record, unclean);
            }
            Some(_) => {
                let next = at + BETWEEN_CHECKS;
                runner.stage = Stage::Checks { record, checks: checks + 1, next, asked: None };
            }
        }
    }

    /// All that live, with the one that is looked after now.
    fn live_beside(&self, runner: &Runner) -> Vec<LiveAttempt> {
        let mut live = self.live();
        live.push(runner.live.clone());
        live
    }

    fn tell_end(&mut self, runner: &mut Runner, body: &Body, record: ExitRecord, unclean: Vec<UncleanGpu>) {
        let end = ending(&record, runner.wish, runner.passed_on, runner.blame.clone());
        let dir = body.disk.attempts.get(&runner.order.id);
        let of_this_boot = dir.is_none_or(|dir| dir.boot == body.boot);
        let at = record.finished_after_boot.filter(|_| of_this_boot).map(Duration::from_millis);
        let saying = self.say(runner.order.id.clone(), at, What::Exited(end, unclean));
        runner.stage = Stage::Reports { record, saying };
    }
}

fn first_word(
    agent: &mut Agent,
    runner: &mut Runner,
    body: &Body,
    shim: i32,
    unwanted_since: Option<Duration>,
    at: Duration,
) {
    let announced = body.disk.attempts.get(&runner.order.id).is_some_and(|dir| dir.started.is_some());
    let ended = body.shims.get(&shim).is_none_or(|shim| shim.ended.is_some());
    let unwanted_since = unwanted_since.or_else(|| (runner.wish > Wish::Run).then_some(at));
    if announced || ended || unwanted_since.is_some_and(|since| at >= since + START_PATIENCE) {
        agent.comes_along(runner, body, shim, true);
    } else {
        runner.stage = Stage::FirstWord { shim, unwanted_since };
    }
}

fn rejoin(agent: &mut Agent, runner: &mut Runner, body: &Body, at: Duration) {
    let Some(dir) = body.disk.attempts.get(&runner.order.id) else {
        return agent.ended_record(runner, body, None, at);
    };
    if let Some(started) = dir.started {
        let same = started.boot == body.boot
            && body.shims.get(&started.shim).is_some_and(|shim| shim.ended.is_none());
        return if same {
            agent.comes_along(runner, body, started.shim, false);
        } else {
            agent.ended_record(runner, body, None, at);
        };
    }
    if dir.exit.is_some() || dir.lock.is_none() {
        return agent.ended_record(runner, body, None, at);
    }
    runner.stage = Stage::Rejoins;
}

fn closed(runner: &mut Runner, record: &ExitRecord) {
    runner.stage = if record.tree_gone { Stage::Over } else { Stage::Outlasts { next: Duration::ZERO } };
}

fn all(uuids: &[String], reason: &str) -> Vec<UncleanGpu> {
    uuids.iter().map(|uuid| UncleanGpu { uuid: uuid.clone(), reason: reason.to_owned() }).collect()
}
