//! Calls, the session with its stream, and the queue of reports: stands for `uplink::session`, `uplink::link` and
//! `uplink::reporter`.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use agent::decide::EndCause;
use api::store::agents::{Blame, Declaration, Device, Report, Told as ReportTold};

use super::{Agent, Backoff, GivesUp, Saying, Surroundings, What};
use crate::machine::Body;
use crate::network::{Answer, CallId, Request, StreamId, Told};

/// Those of `uplink::api`, `uplink::session` and `uplink::reporter`.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const SILENCE: Duration = Duration::from_secs(10);
const PEACE: Duration = Duration::from_secs(60);
const MOST_AT_ONCE: usize = 200;

/// A call under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    id: CallId,
    until: Duration,
}

/// What became of a call.
pub(super) enum Outcome {
    Waiting,
    Answered(Answer),
    /// Nobody answered in time, or nobody is there.
    Nobody,
}

impl Call {
    pub(super) fn send(request: Request, until: Duration, around: &mut Surroundings<'_>) -> Self {
        *around.next_call += 1;
        let id = *around.next_call;
        around.calls.push((id, request));
        Self { id, until }
    }

    pub(super) fn outcome(&self, answers: &mut BTreeMap<CallId, Answer>, at: Duration) -> Outcome {
        match answers.remove(&self.id) {
            Some(Answer::Unreachable) => Outcome::Nobody,
            Some(answer) => Outcome::Answered(answer),
            None if at >= self.until => Outcome::Nobody,
            None => Outcome::Waiting,
        }
    }
}

#[derive(Debug)]
enum State {
    Registering { call: Option<(Call, Duration)>, retry_at: Duration },
    Connecting { call: Option<Call>, retry_at: Duration },
    Subscribed { stream: StreamId, heard_at: Duration },
    BetweenEpochs { until: Duration },
}

/// `Session::run`.
#[derive(Debug)]
pub(super) struct Session {
    state: State,
    own_epoch: i32,
    begun: Duration,
    has_terms: bool,
    unanswered: bool,
    registering: Backoff,
    connecting: Backoff,
    between: Backoff,
}

impl Session {
    pub(super) fn new(at: Duration) -> Self {
        Self {
            state: State::Registering { call: None, retry_at: at },
            own_epoch: 0,
            begun: at,
            has_terms: false,
            unanswered: false,
            registering: Backoff::default(),
            connecting: Backoff::default(),
            between: Backoff::default(),
        }
    }

    pub(super) fn has_terms(&self) -> bool {
        self.has_terms
    }

    pub(super) fn stream(&self) -> Option<StreamId> {
        match self.state {
            State::Subscribed { stream, .. } => Some(stream),
            _ => None,
        }
    }

    pub(super) fn heard(&mut self, at: Duration) {
        if let State::Subscribed { heard_at, .. } = &mut self.state {
            *heard_at = at;
        }
    }

    pub(super) fn is_unanswered(&mut self) {
        self.unanswered = true;
    }
}

impl Agent {
    /// `Link::refuse_epoch`, for the codes that `Link::call_once` takes for that.
    pub(super) fn refuse_epoch(&mut self, epoch: i32, code: &str) {
        if matches!(code, "CONFLICT" | "UNAUTHENTICATED" | "FORBIDDEN") && self.epoch == Some(epoch) {
            self.epoch = None;
        }
    }

    pub(super) fn keep_session(
        &mut self,
        body: &mut Body,
        at: Duration,
        around: &mut Surroundings<'_>,
    ) -> Result<(), GivesUp> {
        let unanswered = std::mem::take(&mut self.session.unanswered);
        match &self.session.state {
            State::Registering { .. } => return self.register(body, at, around),
            State::BetweenEpochs { until } if at >= *until => {
                self.session.registering = Backoff::default();
                self.session.state = State::Registering { call: None, retry_at: at };
            }
            State::BetweenEpochs { .. } => {}
            // The epoch was refused elsewhere.
            _ if self.epoch != Some(self.session.own_epoch) => return self.epoch_is_over(at, around),
            _ if unanswered => self.lose_stream(at, around),
            State::Connecting { .. } => return self.connect(body, at, around),
            State::Subscribed { stream, heard_at } => {
                let (stream, heard_at) = (*stream, *heard_at);
                self.listen(stream, body, at, around);
                if self.session.stream().is_some() && at >= heard_at + SILENCE {
                    self.lose_stream(at, around);
                }
            }
        }
        Ok(())
    }

    /// `Registrar::register` and what `Session::run` makes of it.
    fn register(
        &mut self,
        body: &mut Body,
        at: Duration,
        around: &mut Surroundings<'_>,
    ) -> Result<(), GivesUp> {
        let State::Registering { call, retry_at } = &mut self.session.state else { return Ok(()) };
        let Some((under_way, asked_at)) = *call else {
            if at >= *retry_at {
                let declared = declare(body, &self.newest(body, at));
                let (key, token) = (body.disk.key.clone(), body.disk.token.clone());
                let request = Request::Register { key, token, declared };
                let sent = Call::send(request, at + REQUEST_TIMEOUT, around);
                self.session.state = State::Registering { call: Some((sent, at)), retry_at: at };
            }
            return Ok(());
        };
        match under_way.outcome(&mut self.answers, at) {
            Outcome::Waiting => {}
            Outcome::Answered(Answer::Registered { key, epoch }) => {
                if key.is_some() {
                    body.disk.key = key;
                }
                around.trace.note(around.now, &format!("node-{} has epoch {epoch}", body.index));
                self.epoch = Some(epoch);
                self.rivalry.begins(epoch);
                self.session.own_epoch = epoch;
                self.session.begun = at;
                self.renew(body, asked_at);
                self.session.has_terms = true;
                self.session.connecting = Backoff::default();
                self.session.state = State::Connecting { call: None, retry_at: at };
            }
            Outcome::Answered(Answer::Refused("CONFLICT" | "FORBIDDEN")) => return Err(GivesUp::Refused),
            // The key is not known, and there is a join token: it joins anew.
            Outcome::Answered(Answer::Refused("UNAUTHENTICATED")) if body.disk.key.is_some() => {
                body.disk.key = None;
                self.register_later(at, around);
            }
            Outcome::Answered(_) | Outcome::Nobody => self.register_later(at, around),
        }
        Ok(())
    }

    fn register_later(&mut self, at: Duration, around: &mut Surroundings<'_>) {
        let retry_at = at + self.session.registering.next(around.dice);
        self.session.state = State::Registering { call: None, retry_at };
    }

    fn epoch_is_over(&mut self, at: Duration, around: &mut Surroundings<'_>) -> Result<(), GivesUp> {
        let own = self.session.own_epoch;
        self.refuse_epoch(own, "CONFLICT");
        let peaceful = at - self.session.begun >= PEACE.min(self.terms.lease);
        if self.rivalry.ends(peaceful) {
            return Err(GivesUp::Refused);
        }
        if peaceful {
            self.session.between = Backoff::default();
        }
        let until = at + self.session.between.next(around.dice);
        self.session.state = State::BetweenEpochs { until };
        Ok(())
    }

    fn lose_stream(&mut self, at: Duration, around: &mut Surroundings<'_>) {
        let retry_at = at + self.session.connecting.next(around.dice);
        self.session.state = State::Connecting { call: None, retry_at };
    }

    /// `session::open`.
    fn connect(&mut self, body: &Body, at: Duration, around: &mut Surroundings<'_>) -> Result<(), GivesUp> {
        let State::Connecting { call, retry_at } = &self.session.state else { return Ok(()) };
        let Some(under_way) = *call else {
            if at >= *retry_at
                && let Some(key) = body.disk.key.clone()
            {
                let request = Request::Subscribe { key, epoch: self.session.own_epoch };
                let sent = Call::send(request, at + REQUEST_TIMEOUT, around);
                self.session.state = State::Connecting { call: Some(sent), retry_at: at };
            }
            return Ok(());
        };
        match under_way.outcome(&mut self.answers, at) {
            Outcome::Waiting => {}
            Outcome::Answered(Answer::Subscribed(stream)) => {
                self.told.retain(|(of, _)| *of == stream);
                self.session.state = State::Subscribed { stream, heard_at: at };
            }
            Outcome::Answered(Answer::Refused(_)) => return self.epoch_is_over(at, around),
            Outcome::Answered(_) | Outcome::Nobody => self.lose_stream(at, around),
        }
        Ok(())
    }

    /// `Session::subscribe`, once the stream is open.
    fn listen(&mut self, stream: StreamId, body: &Body, at: Duration, around: &mut Surroundings<'_>) {
        while let Some((of, told)) = self.told.pop_front() {
            if of != stream {
                continue;
            }
            match told {
                Told::Orders { complete, orders } => {
                    self.session.connecting = Backoff::default();
                    self.apply(complete, orders, body, around);
                }
                Told::Closed => return self.lose_stream(at, around),
            }
        }
    }

    /// `uplink::reporter`.
    pub(super) fn report(&mut self, body: &Body, at: Duration, around: &mut Surroundings<'_>) {
        if let Some((call, epoch)) = self.reporter.call {
            match call.outcome(&mut self.answers, at) {
                Outcome::Waiting => return,
                Outcome::Answered(Answer::Reported(accepted)) => {
                    self.reporter.call = None;
                    self.reporter.backoff = Backoff::default();
                    let batch = std::mem::take(&mut self.reporter.batch);
                    for (saying, accepted) in batch.into_iter().zip(accepted) {
                        self.hear_verdict(saying, accepted);
                    }
                }
                Outcome::Answered(Answer::Refused(code)) => {
                    self.refuse_epoch(epoch, code);
                    self.report_later(at, around);
                }
                Outcome::Answered(_) | Outcome::Nobody => self.report_later(at, around),
            }
        }
        let reporter = &mut self.reporter;
        if reporter.batch.is_empty() {
            let count = reporter.queue.len().min(MOST_AT_ONCE);
            reporter.batch.extend(reporter.queue.drain(..count));
        }
        if reporter.call.is_some() || reporter.batch.is_empty() || at < reporter.retry_at {
            return;
        }
        if let (Some(epoch), Some(key)) = (self.epoch, body.disk.key.clone()) {
            let reports = reporter.batch.iter().map(|saying| wire(saying, at)).collect();
            let request = Request::Report { key, epoch, reports };
            reporter.call = Some((Call::send(request, at + REQUEST_TIMEOUT, around), epoch));
        }
    }

    fn report_later(&mut self, at: Duration, around: &mut Surroundings<'_>) {
        self.reporter.call = None;
        self.reporter.retry_at = at + self.reporter.backoff.next(around.dice);
    }

    fn hear_verdict(&mut self, saying: Saying, accepted: bool) {
        match (self.runners.get_mut(&saying.id), &saying.what) {
            (Some(runner), _) => runner.verdicts.push((saying.number, accepted)),
            // Of an attempt that was never here.
            (None, What::Exited(..)) => drop(self.ended.insert(saying.id)),
            (None, What::Started) => {}
        }
    }
}

/// What is to be reported, in order.
#[derive(Debug, Default)]
pub(super) struct Reporter {
    pub(super) queue: VecDeque<Saying>,
    batch: Vec<Saying>,
    call: Option<(Call, i32)>,
    retry_at: Duration,
    backoff: Backoff,
}

/// As `uplink::registration` and `uplink::wire` say it.
fn declare(body: &Body, newest: &[agent::devices::Sample]) -> Declaration {
    let gpus = body.cards.iter().zip(0..).map(|(card, index)| {
        let sample = newest.iter().find(|sample| sample.uuid == card.uuid);
        let failed = sample.is_some_and(|sample| sample.condition.has_failed());
        let degraded = sample.is_some_and(|sample| sample.condition.reason().is_some());
        Device {
            uuid: card.uuid.clone(),
            index,
            gpu_type: "NVIDIA H100".to_owned(),
            memory_mib: 81_559,
            simulated: false,
            numa_node: None,
            nvlink_peers: Vec::new(),
            health: if failed {
                "FAILED"
            } else if degraded {
                "DEGRADED"
            } else {
                "HEALTHY"
            },
            health_reason: sample.and_then(|sample| sample.condition.reason()).map(str::to_owned),
        }
    });
    Declaration {
        container_runtime: None,
        name: body.disk.name.clone(),
        machine_id: body.disk.machine_id.clone(),
        agent_version: "0".to_owned(),
        cpus: 64.0,
        memory_mib: 500_000,
        labels: None,
        containment: None,
        warnings: Vec::new(),
        gpus: gpus.collect(),
    }
}

/// As `uplink::wire::report` and the server's `agent_ops` say it.
fn wire(saying: &Saying, at: Duration) -> Report {
    let (job, attempt) = (saying.id.job_id.parse(), saying.id.attempt);
    let mut report = Report {
        job: job.expect("jobs are named by their ids"),
        attempt,
        told: ReportTold::Started,
        exit_code: None,
        reason: None,
        timed_out: false,
        blame: Blame::Command,
        asked: None,
        ago: saying.at.map(|then| at.saturating_sub(then)),
        unclean: Default::default(),
    };
    if let What::Exited(end, unclean) = &saying.what {
        report.told = ReportTold::Exited;
        report.exit_code = end.exit_code;
        report.reason.clone_from(&end.reason);
        report.timed_out = end.timed_out;
        report.blame = match end.cause {
            EndCause::Command => Blame::Command,
            EndCause::NeverStarted => Blame::NeverStarted,
            EndCause::ImageRefused => Blame::ImageRefused,
            EndCause::Lost => Blame::Loss,
        };
        report.asked = end.asked;
        report.unclean = unclean.iter().map(|gpu| (gpu.uuid.clone(), gpu.reason.clone())).collect();
    }
    report
}
