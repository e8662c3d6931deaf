//! The servers: the real store, scheduler and reaper, with the loops around them played. Two servers share one database; which of
//! them schedules is a lease of the database, of which an embedded database knows nothing, so that is played too.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use agent::attempt::AttemptId;
use agent::decide::Action;
use api::fault::Fault;
use api::graphql::assignments::{Assignment, Seen, Watch};
use api::graphql::enums::AssignmentAction;
use api::scheduler::steps::{Judged, Steps};
use api::scheduler::{Decided, LeaseTerms};
use api::store::agents::Admission;
use api::store::{Actor, Event, Store};
use domain::ids::HostId;
use domain::plan::Rules;

use crate::dice::Dice;
use crate::network::{Address, Answer, CallId, Message, Network, Order, Request, StreamId, Told};
use crate::time::{Clocks, Millis, PlayedClock};
use crate::trace::Trace;
use crate::truth::Violation;

/// Those of `scheduler/mod.rs`, `scheduler/reaper.rs`, `graphql/assignments.rs` and `store/dependents.rs`.
const LEASE_HOLDS: Millis = 10_000;
const RENEW: Millis = 3_000;
const ASKS_EVERY: Millis = 1_000;
const REAPS_EVERY: Millis = 1_000;
const LOOKS_EVERY: Millis = 5_000;
const SETTLES_EVERY: Millis = 30_000;

/// What all servers share.
pub(crate) struct Shared {
    /// The database.
    pub(crate) store: Store,
    /// The clock that the store looks at.
    pub(crate) clock: Arc<PlayedClock>,
    /// What they agree with agents.
    pub(crate) terms: LeaseTerms,
    /// How they plan.
    pub(crate) rules: Rules,
    /// Where plans that break a rule are kept.
    pub(crate) breaches: PathBuf,
    /// Who schedules, and until when.
    pub(crate) lease: Option<(usize, Millis)>,
    streams: u64,
    keys: u64,
}

impl Shared {
    /// Over a database.
    #[must_use]
    pub(crate) fn new(
        store: Store,
        clock: Arc<PlayedClock>,
        terms: LeaseTerms,
        rules: Rules,
        breaches: PathBuf,
    ) -> Self {
        Self { store, clock, terms, rules, breaches, lease: None, streams: 0, keys: 0 }
    }
}

/// What a step of a server may touch.
pub(crate) struct Around<'a> {
    /// True time.
    pub(crate) now: Millis,
    /// The dice.
    pub(crate) dice: &'a mut Dice,
    /// What happened.
    pub(crate) trace: &'a mut Trace,
    /// Where answers go.
    pub(crate) network: &'a mut Network,
}

/// A host's stream on a server.
struct Stream {
    to: Address,
    watch: Watch,
    look_at: Millis,
}

/// What a scheduling server has in hand.
struct Leading {
    steps: Steps,
    pass_at: Millis,
    decided: Option<(Decided, Millis)>,
    reap_at: Millis,
    judged: Vec<(Judged, Millis)>,
    renewed: Millis,
}

/// One server.
pub(crate) struct Server {
    /// Its place among all.
    pub(crate) index: usize,
    /// Its clocks.
    pub(crate) clocks: Clocks,
    /// Until when it is down.
    pub(crate) down_until: Millis,
    /// Until when it stands still, with all that it has in hand.
    pub(crate) still_until: Millis,
    leading: Option<Leading>,
    /// Something may have been written since this was last asked.
    wrote: bool,
    asks_at: Millis,
    settles_at: Millis,
    streams: BTreeMap<StreamId, Stream>,
    waiting: Vec<(Address, CallId, Request)>,
}

impl Server {
    /// One that was just started.
    #[must_use]
    pub(crate) fn new(index: usize, clocks: Clocks) -> Self {
        Self {
            index,
            clocks,
            down_until: 0,
            still_until: 0,
            leading: None,
            wrote: false,
            asks_at: 0,
            settles_at: SETTLES_EVERY,
            streams: BTreeMap::new(),
            waiting: Vec::new(),
        }
    }

    /// Whether it does anything.
    #[must_use]
    pub(crate) fn acts(&self, now: Millis) -> bool {
        now >= self.down_until && now >= self.still_until
    }

    /// Dies, and with it all that was only in its memory.
    pub(crate) fn crash(&mut self, until: Millis) {
        self.down_until = until;
        self.leading = None;
        self.streams.clear();
        self.waiting.clear();
    }

    /// Whether it may have written something since this was last asked.
    pub(crate) fn has_written(&mut self) -> bool {
        std::mem::take(&mut self.wrote)
    }

    /// Whether it keeps this stream.
    #[must_use]
    pub(crate) fn keeps(&self, stream: StreamId) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Takes a request; one that stands still answers later.
    pub(crate) fn take(&mut self, from: Address, call: CallId, request: Request, around: &mut Around<'_>) {
        if around.now < self.down_until {
            let answer = Answer::Unreachable;
            around.network.send(Message::Answer { to: from, call, answer }, around.dice, around.now);
        } else {
            self.waiting.push((from, call, request));
        }
    }

    /// Lets it go on for one step.
    ///
    /// # Errors
    /// A promise was broken.
    pub(crate) async fn step(
        &mut self,
        shared: &mut Shared,
        around: &mut Around<'_>,
    ) -> Result<(), Violation> {
        shared.clock.show(self.clocks, around.now);
        for (from, call, request) in std::mem::take(&mut self.waiting) {
            self.wrote = true;
            let answer = self.answer(shared, from, request, around).await?;
            around.network.send(Message::Answer { to: from, call, answer }, around.dice, around.now);
        }
        self.tell_streams(around).await?;
        if around.now >= self.settles_at {
            self.settles_at = around.now + SETTLES_EVERY;
            self.wrote = true;
            shared.store.settle_all().await?;
        }
        if self.leading.is_some() {
            self.lead(shared, around).await
        } else {
            self.ask_to_lead(shared, around).await
        }
    }

    /// What is committed is heard by everybody who follows.
    pub(crate) fn hear(&mut self, event: &Event, dice: &mut Dice, now: Millis) {
        for stream in self.streams.values_mut().filter(|stream| stream.watch.concerns(event)) {
            stream.look_at = stream.look_at.min(now + dice.within(0..=150));
        }
        if let Some(leading) = &mut self.leading {
            leading.pass_at = leading.pass_at.min(now + dice.within(0..=200));
        }
    }

    /// `Scheduler::run`, while another schedules.
    async fn ask_to_lead(&mut self, shared: &mut Shared, around: &mut Around<'_>) -> Result<(), Violation> {
        if around.now < self.asks_at {
            return Ok(());
        }
        self.asks_at = around.now + ASKS_EVERY;
        if !self.hold_lease(shared, around.now) {
            return Ok(());
        }
        around.trace.note(around.now, &format!("server {} schedules", self.index));
        let (store, breaches) = (shared.store.clone(), shared.breaches.clone());
        let steps = Steps::begin(store, shared.terms, shared.rules, breaches).await?;
        self.leading = Some(Leading {
            steps,
            pass_at: around.now,
            decided: None,
            reap_at: around.now + REAPS_EVERY,
            judged: Vec::new(),
            renewed: around.now,
        });
        Ok(())
    }

    /// `store::leases::take`.
    fn hold_lease(&self, shared: &mut Shared, now: Millis) -> bool {
        let free = shared.lease.is_none_or(|(holder, until)| holder == self.index || until < now);
        if free {
            shared.lease = Some((self.index, now + LEASE_HOLDS));
        }
        free
    }

    /// `Scheduler::pass_by_pass` and `Reaper::run`. What is decided is carried out later: meanwhile things happen.
    async fn lead(&mut self, shared: &mut Shared, around: &mut Around<'_>) -> Result<(), Violation> {
        let holds_on = {
            let Some(leading) = &mut self.leading else { return Ok(()) };
            self.wrote |= reap(leading, around).await?;
            self.wrote |= leading.decided.is_some();
            pass(leading, around).await?
        };
        let Some(leading) = &mut self.leading else { return Ok(()) };
        if holds_on && around.now >= leading.renewed + RENEW {
            leading.renewed = around.now;
            if !self.hold_lease(shared, around.now) {
                around.trace.note(around.now, &format!("server {} schedules no more", self.index));
                self.leading = None;
            }
        }
        Ok(())
    }

    async fn tell_streams(&mut self, around: &mut Around<'_>) -> Result<(), Violation> {
        let mut over = Vec::new();
        for (id, stream) in &mut self.streams {
            if around.now < stream.look_at {
                continue;
            }
            stream.look_at = around.now + LOOKS_EVERY;
            let told = match stream.watch.look().await {
                Ok(Seen::Nothing) => continue,
                Ok(Seen::News(update)) => Told::Orders {
                    complete: update.complete,
                    orders: update.assignments.into_iter().map(order).collect(),
                },
                Ok(Seen::Over) => Told::Closed,
                Err(fault) => return Err(fault.into()),
            };
            if matches!(told, Told::Closed) {
                over.push(*id);
            }
            let message = Message::Told { to: stream.to, stream: *id, told };
            around.network.send(message, around.dice, around.now);
        }
        for id in over {
            self.streams.remove(&id);
        }
        Ok(())
    }

    /// `graphql::agent_ops`, and who the caller is, as `identity` knows it by its key.
    async fn answer(
        &mut self,
        shared: &mut Shared,
        from: Address,
        request: Request,
        around: &mut Around<'_>,
    ) -> Result<Answer, Violation> {
        let name = request.name();
        let answer = match self.try_answer(shared, from, request, around.now).await {
            Ok(answer) => answer,
            Err(fault) => Answer::Refused(code(fault)?),
        };
        if matches!(answer, Answer::Refused(_)) {
            let line = format!("server {} to node-{}: {name}: {answer:?}", self.index, from.machine);
            around.trace.note(around.now, &line);
        }
        Ok(answer)
    }

    async fn try_answer(
        &mut self,
        shared: &mut Shared,
        from: Address,
        request: Request,
        now: Millis,
    ) -> Result<Answer, Fault> {
        let store = shared.store.clone();
        let lease = shared.terms.lease_seconds();
        match request {
            Request::Register { key, token, declared } => {
                let (admission, new_key) = match key {
                    Some(key) => (Admission::Return(host_of(&store, &key).await?), None),
                    None => {
                        shared.keys += 1;
                        let key = format!("key-{}", shared.keys);
                        let actor = Actor::server();
                        (Admission::Join { jti: token, key_hash: key.clone(), actor }, Some(key))
                    }
                };
                let row = store.register_host(declared, admission, lease).await?;
                Ok(Answer::Registered { key: new_key, epoch: row.epoch })
            }
            Request::Subscribe { key, epoch } => {
                let host = host_of(&store, &key).await?;
                let watch = Watch::begin(store, host, epoch).await?;
                shared.streams += 1;
                let id = shared.streams;
                self.streams.insert(id, Stream { to: from, watch, look_at: now });
                Ok(Answer::Subscribed(id))
            }
            Request::Beat { key, epoch, told } => {
                let host = host_of(&store, &key).await?;
                store.heartbeat(host, epoch, lease, told).await?;
                Ok(Answer::Beaten)
            }
            Request::Report { key, epoch, reports } => {
                let host = host_of(&store, &key).await?;
                let results = store.report_jobs(host, epoch, reports).await?;
                Ok(Answer::Reported(results.iter().map(|result| result.accepted).collect()))
            }
        }
    }
}

async fn host_of(store: &Store, key: &str) -> Result<HostId, Fault> {
    store.host_of_key(key).await?.ok_or(Fault::NotFound(UNKNOWN_KEY))
}

const UNKNOWN_KEY: &str = "key";

/// As `graphql::failure` says it; what should never happen here is a broken promise.
fn code(fault: Fault) -> Result<&'static str, Violation> {
    match fault {
        Fault::NotFound(UNKNOWN_KEY) => Ok("UNAUTHENTICATED"),
        Fault::NotFound(_) => Ok("NOT_FOUND"),
        Fault::Conflict { .. } => Ok("CONFLICT"),
        Fault::Forbidden(_) => Ok("FORBIDDEN"),
        other => Err(other.into()),
    }
}

/// True: a pass has ended.
async fn pass(leading: &mut Leading, around: &mut Around<'_>) -> Result<bool, Violation> {
    if let Some((decided, at)) = leading.decided.take() {
        if around.now < at {
            leading.decided = Some((decided, at));
            return Ok(false);
        }
        for placement in &decided.placements {
            let cards = placement.gpus.len();
            around.trace.note(around.now, &format!("places {} on {cards} GPUs", placement.job));
        }
        for preemption in &decided.preemptions {
            around.trace.note(around.now, &format!("asks {} for its GPUs", preemption.job));
        }
        let stale = leading.steps.carry_out(decided).await;
        leading.pass_at = around.now + if stale { 0 } else { RENEW };
        return Ok(true);
    }
    if around.now < leading.pass_at {
        return Ok(false);
    }
    leading.pass_at = around.now + RENEW;
    let Some(decided) = leading.steps.decide().await? else { return Ok(true) };
    if let Some(breach) = decided.breaches.first() {
        return Err(Violation(format!("a plan breaks a rule: {}", breach.message)));
    }
    let nothing = decided.placements.is_empty() && decided.preemptions.is_empty();
    leading.decided = Some((decided, around.now + around.dice.within(0..=400)));
    Ok(nothing)
}

/// True: something was done.
async fn reap(leading: &mut Leading, around: &mut Around<'_>) -> Result<bool, Violation> {
    let later = leading.judged.extract_if(.., |(_, at)| *at <= around.now).collect::<Vec<_>>();
    let acts = !later.is_empty();
    for (judged, _) in later {
        around.trace.note(around.now, &format!("acts on a silence: {judged:?}"));
        leading.steps.act_on_silence(judged).await?;
    }
    if around.now >= leading.reap_at {
        leading.reap_at = around.now + REAPS_EVERY;
        if leading.judged.is_empty() {
            for judged in leading.steps.judge_silence().await? {
                leading.judged.push((judged, around.now + around.dice.within(0..=300)));
            }
        }
    }
    Ok(acts)
}

/// As the agent's `uplink::wire` understands it.
fn order(assignment: Assignment) -> Order {
    let action = match assignment.action {
        AssignmentAction::Run if assignment.started => Action::GoOn,
        AssignmentAction::Run => Action::Run,
        AssignmentAction::Stop => Action::Stop,
        AssignmentAction::Forget => Action::Forget,
    };
    let seconds = |seconds: i32| u64::try_from(seconds).unwrap_or(0);
    Order {
        id: AttemptId { job_id: assignment.job_id.0, attempt: assignment.attempt },
        action,
        gpus: assignment.gpu_uuids,
        milli: assignment.milli,
        limit_secs: assignment.time_limit_seconds.map(seconds),
        grace_secs: seconds(assignment.grace_seconds),
        rank: assignment.node_rank,
    }
}
